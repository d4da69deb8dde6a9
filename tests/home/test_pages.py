"""Search, theme, style guide."""

from collections.abc import Callable

from flask import Flask
from flask.testing import FlaskClient

from concierge.identity.models import User
from concierge.identity.permissions import Role
from concierge.platform.database import unit_of_work
from tests.conftest import csrf_token
from tests.makers import orders, people, projects

SignIn = Callable[[User], FlaskClient]


def test_the_search_finds_projects_accounts_people_pages_and_acts(app: Flask, ada: FlaskClient) -> None:
    with unit_of_work():
        project = projects.draft()
        people.user(name="Halina Nowak")

    text = ada.get("/find?q=hal").get_data(as_text=True)

    assert f"/projects/{project.key}" in text
    assert "Halina Nowak" in text
    assert 'href="/accounts/' in text
    assert "/orders/import" in ada.get("/find?q=import").get_data(as_text=True)


def test_the_dialog_gets_options_without_a_page_around(ada: FlaskClient) -> None:
    answer = ada.get("/find?q=tod", headers={"HX-Request": "true"})

    text = answer.get_data(as_text=True)
    assert "<html" not in text
    assert 'role="option"' in text
    assert answer.vary.as_set() >= {"hx-request"}


def test_nothing_is_found_that_one_may_not_see(app: Flask, sign_in: SignIn) -> None:
    with unit_of_work():
        project = projects.draft(place=orders.site())
        mallory = people.user(name="Mallory Kern", role=Role.TECHNICIAN)

    text = sign_in(mallory).get(f"/find?q={project.key}").get_data(as_text=True)

    assert "Nothing found" in text
    assert "Halden" not in text


def test_a_search_for_markup_finds_nothing_and_breaks_nothing(ada: FlaskClient) -> None:
    text = ada.get("/find?q=%3Cscript%3Ealert(1)%3C/script%3E").get_data(as_text=True)

    assert "<script>alert" not in text


def test_the_theme_is_remembered_and_leads_back_to_our_own_pages_only(app: Flask, ada: FlaskClient) -> None:
    token = csrf_token(ada, "/today")

    first = ada.post("/theme", data={"csrf_token": token}, headers={"Referer": "http://localhost/find?q=a"})
    second = ada.post("/theme", data={"csrf_token": token}, headers={"Referer": "https://evil.example/x"})

    assert first.status_code == 303
    assert first.location == "/find?q=a"
    assert "theme=dark" in first.headers["Set-Cookie"]
    assert second.location == "/today"
    assert 'data-theme="light"' in ada.get("/today").get_data(as_text=True)


def test_the_style_guide_shows_every_part_without_inline_style_or_script(ada: FlaskClient) -> None:
    text = ada.get("/styleguide").get_data(as_text=True)

    assert 'class="lines"' in text
    assert " style=" not in text
    assert " on" + "click=" not in text
    assert "<script>" not in text
