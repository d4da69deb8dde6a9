"""The pages of playbooks and instruments, read by everybody on the staff."""

import re
from collections.abc import Callable

from flask import Flask
from flask.testing import FlaskClient

from concierge.catalogue import queries
from concierge.demo.catalogue import fill_catalogue
from concierge.identity.models import User
from concierge.identity.permissions import Role
from concierge.platform import clock
from concierge.platform.database import unit_of_work
from tests.makers import people
from tests.makers.catalogue import add_instrument

SignIn = Callable[[User], FlaskClient]


def test_the_list_groups_playbooks_by_class_and_finds_by_name(app: Flask, sign_in: SignIn) -> None:
    with unit_of_work():
        fill_catalogue(actor_id=None, at=clock.now())
        browser_of = people.user(role=Role.TECHNICIAN)
    browser = sign_in(browser_of)

    everything = browser.get("/playbooks").get_data(as_text=True)
    magnets = browser.get("/playbooks?class=magnet").get_data(as_text=True)
    named = browser.get("/playbooks?q=astral").get_data(as_text=True)
    nothing = browser.get("/playbooks?q=zeppelin").get_data(as_text=True)

    assert "Sequencers" in everything
    assert "GridION" in everything
    assert "BioSpec" in magnets
    assert "GridION" not in magnets
    assert "Orbitrap Astral" in named
    assert "Clear filters" in nothing


def test_every_example_playbook_and_instrument_has_a_page(app: Flask, sign_in: SignIn) -> None:
    with unit_of_work():
        fill_catalogue(actor_id=None, at=clock.now())
        browser_of = people.user()
    browser = sign_in(browser_of)

    for key in queries.playbooks_by_key([product.key for product in queries.products_for_choice()]):
        plan = browser.get(f"/playbooks/{key}")
        figures = browser.get(f"/instruments/{key}")

        assert plan.status_code == figures.status_code == 200
        assert "confirm each figure" in plan.get_data(as_text=True)
        assert "checked" in figures.get_data(as_text=True)


def test_a_sample_order_without_extras_has_no_qualification(app: Flask, sign_in: SignIn) -> None:
    with unit_of_work():
        fill_catalogue(actor_id=None, at=clock.now())
        browser_of = people.user()
    browser = sign_in(browser_of)

    with_extras = browser.get("/playbooks/agilent-8890").get_data(as_text=True)
    plain = browser.get("/playbooks/agilent-8890?order=plain").get_data(as_text=True)

    lines_of = with_extras.split('class="lines"')[1].split("</table>")[0]
    assert "Operational qualification" in lines_of
    assert "Operational qualification" not in plain.split('class="lines"')[1].split("</table>")[0]


def test_what_is_sold_after_the_handover_does_not_make_it_later(app: Flask, sign_in: SignIn) -> None:
    with unit_of_work():
        fill_catalogue(actor_id=None, at=clock.now())
        browser_of = people.user()

    page = sign_in(browser_of).get("/playbooks/gridion").get_data(as_text=True)

    lines_of = page.split('class="lines"')[1].split("</table>")[0]
    told = [int(found) for found in re.findall(r"days? (?:\d+–)?(\d+)\b", lines_of)]
    assert told[-1] < max(told)
    assert f"From order to handover in {told[-1]} days" in page


def test_a_playbook_without_a_published_version_shows_its_draft(app: Flask, sign_in: SignIn) -> None:
    with unit_of_work():
        add_instrument("gas-one", name="Gas One")
        browser_of = people.user()

    page = sign_in(browser_of).get("/playbooks/gas-one?version=1")

    assert page.status_code == 200


def test_a_page_that_is_not_there_says_so(app: Flask, sign_in: SignIn) -> None:
    with unit_of_work():
        browser_of = people.user()
    browser = sign_in(browser_of)

    assert browser.get("/playbooks/none").status_code == 404
    assert browser.get("/instruments/none").status_code == 404


def test_strangers_are_asked_to_sign_in(client: FlaskClient) -> None:
    assert client.get("/playbooks").status_code in {302, 303}
    assert client.get("/playbooks/agilent-8890").status_code in {302, 303}
    assert client.get("/instruments/agilent-8890").status_code in {302, 303}
