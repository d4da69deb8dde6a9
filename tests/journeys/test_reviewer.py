"""A reviewer at a desk: the gate refuses, answers are judged, some waived, the gate opens; with and without script."""

import io
import os
import re
import subprocess
import sys
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import expect
from pypdf import PdfReader

from tests.browser import Screen, Site
from tests.journeys.test_customer import asked, give, looks_right
from tests.readiness import filling

pytestmark = pytest.mark.browser

WIDE = {"width": 1440, "height": 1000}
HOLDING = """
    select i.id, i.state, i.reviewer, i.type from readiness_items i join checklists c on c.id = i.checklist_id
    where c.project_id = ? and i.gate = 'ship' and i.is_asked and i.type <> 'info' and i.waived_until is null
    and not (i.state = 'accepted' or (i.state = 'answered' and i.reviewer is null and i.verdict = 'ok'
             and i.reported_at is null))
    order by i.due_on
"""
FREE = """
    select i.id from readiness_items i join checklists c on c.id = i.checklist_id
    where c.project_id = ? and i.type = 'confirm' and i.state = 'open' and i.is_asked and i.gate is null
    and i.evidence_need = 'none' and i.responsible = 'customer'
"""


@pytest.fixture(scope="module")
def projects(site: Site) -> list[tuple[object, ...]]:
    """Number and key of live projects, not released yet, where one answer waits for review and few points are open."""
    return asked(
        site,
        "select p.id, p.key from projects p join gates g on g.project_id = p.id and g.kind = 'ship' "
        "join contacts k on k.id = p.contact_id join checklists c on c.project_id = p.id "
        "where p.state = 'live' and p.held_on is null and g.state = 'held' and g.open_items between 2 and 5 "
        "and k.email <> '' and exists (select 1 from readiness_items i where i.checklist_id = c.id "
        "and i.gate = 'ship' and i.state = 'answered' and i.reviewer is not null and i.verdict = 'ok') "
        "order by p.id desc limit 2",
    )


def test_a_reviewer_judges_a_site_and_the_gate_opens(
    screens: Callable[..., Screen], site: Site, projects: list[tuple[object, ...]]
) -> None:
    number, key = projects[0]
    home = f"/projects/{key}/readiness"
    screen = screens(**WIDE)
    screen.sign_in_as("manager")
    release = asked(
        site, "select id from milestones where project_id = ? and kind = 'ship released'", number
    )[0][0]

    page = screen.open(home)
    expect(page.locator("h1")).to_contain_text("Delivery waits for")
    looks_right(screen)
    assert "waits for site readiness" in _refusal(screen, key, release)

    review = next(row for row in asked(site, HOLDING, number) if row[1] == "answered" and row[2])
    page = screen.open(f"{home}/{review[0]}")
    looks_right(screen)
    page.get_by_role("button", name="Give it back").click()
    expect(page.locator(".summary")).to_contain_text("Say what has to be done again")
    looks_right(screen)
    page.get_by_label("Reason").last.fill("The photo shows another room.")
    page.get_by_role("button", name="Give it back").click()
    expect(page.locator("main")).to_contain_text("The photo shows another room.")
    page.get_by_role("button", name="Undo").click()
    page = screen.open(f"{home}/{review[0]}")
    page.get_by_role("button", name="Accept", exact=True).click()
    page.wait_for_url(re.compile("/readiness#"))

    until = date.today() + timedelta(days=3)
    for row in asked(site, HOLDING, number):
        page = screen.open(f"{home}/{row[0]}")
        page.get_by_text("Let delivery not wait for it").click()
        page.get_by_label("Who answers for it").fill("Ruth Weber")
        page.locator("#waiver").get_by_label("Reason").fill("The electrician comes tomorrow.")
        page.get_by_label("Last day").fill(until.isoformat())
        looks_right(screen)
        page.get_by_role("button", name="Waive the point").click()
        expect(page.locator("#waiver")).to_contain_text("Ruth Weber answers for it until")
    page = screen.open(home)
    expect(page.locator("h1")).to_contain_text(re.compile("Installation waits for|Nothing holds"))
    looks_right(screen)
    assert "readiness" not in _refusal(screen, key, release), "only what comes before it in the plan"

    page = screen.open(f"{home}/assessments")
    looks_right(screen)
    page.get_by_label("Your name").last.fill("Ruth Weber")
    page.get_by_role("button", name="Judge and sign").click()
    expect(page.locator("main")).to_contain_text("Everything stands as it was judged.")
    looks_right(screen)


def test_two_answers_are_told_apart_and_a_section_is_signed_on_the_phone(
    screens: Callable[..., Screen], site: Site, projects: list[tuple[object, ...]]
) -> None:
    """The customer answers what one of ours answered since they opened the page; staff choose, then both sign."""
    number, key = projects[1]
    home, path = f"/projects/{key}/readiness", give(screens, site, projects[1])
    point = asked(site, FREE, number)[0][0]
    customer = screens(width=390, height=844)
    theirs = customer.open(f"{path}/items/{point}")
    plain, scripted = screens(**WIDE, scripts=False), screens(**WIDE)
    for screen in (plain, scripted):
        screen.sign_in_as("concierge")
    page = plain.open(f"{home}/{point}")
    page.get_by_label("Not yet").check()
    page.get_by_role("button", name="Save answer").click()
    theirs.locator("input[value=yes]").check()
    theirs.get_by_role("button", name="Save and go on").click()
    theirs.wait_for_load_state()

    page = plain.open(f"{home}/{point}")
    expect(page.locator("#contradiction .card")).to_have_count(2)
    scripted.open(f"{home}/{point}")
    looks_right(scripted)
    page.get_by_role("button", name=re.compile("Let “Yes” count")).click()
    expect(page.locator("#contradiction")).to_have_count(0)

    part = _signable(site)
    for address in (part, f"{home}/signature"):
        scripted.open(address)
        looks_right(scripted)
    page = plain.open(part)
    page.get_by_label("The customer, on the phone with me").check()
    page.get_by_label("Name of who signs").fill("Yuki Tanaka")
    page.get_by_role("button", name="Sign", exact=True).click()
    expect(page.locator("main")).to_contain_text("Yuki Tanaka signed on")
    page = plain.open(f"{home}/signature")
    page.get_by_label("The customer, beside me at this screen").check()
    page.get_by_label("It is ready, with conditions").check()
    page.get_by_label("Name of who signs").fill("Yuki Tanaka")
    page.get_by_role("button", name="Sign", exact=True).click()
    expect(page.locator(".summary")).to_contain_text("Write the conditions.")


@pytest.mark.parametrize("dark", [False, True])
def test_the_pages_of_what_came_back_fit_and_are_accessible(
    screens: Callable[..., Screen], projects: list[tuple[object, ...]], dark: bool
) -> None:
    screen, phone = screens(**WIDE, dark=dark), screens(width=390, height=844, dark=dark)
    for each in (screen, phone):
        each.sign_in_as("concierge")
        for path in ("/returned", f"/projects/{projects[0][1]}/readiness/returned", "/projects", "/today"):
            each.open(path)
            looks_right(each)


def test_entries_of_a_file_that_came_back_are_decided(
    screens: Callable[..., Screen], site: Site, projects: list[tuple[object, ...]], tmp_path: Path
) -> None:
    """A working copy is filled in elsewhere, brought in, and what cannot be read waits beside what counts."""
    key = str(projects[0][1])
    printed = tmp_path / "checklist.pdf"
    subprocess.run(
        [
            Path(sys.executable).with_name("concierge"),
            "checklists",
            "pdf",
            key,
            "-o",
            printed,
            "--language",
            "en",
        ],
        env={**os.environ, "CONCIERGE_INSTANCE": str(site.instance)},
        check=True,
        timeout=300,
    )
    data = printed.read_bytes()
    fields = PdfReader(io.BytesIO(data)).get_fields() or {}
    texts = [name for name, one in fields.items() if name.endswith("-val") and one.get("/FT") == "/Tx"]
    radio = next(name for name, one in fields.items() if name.endswith("-val") and one.get("/FT") == "/Btn")
    typed = {radio: "yes", **dict.fromkeys(texts[:3], "about <b>seven</b>, I think")}
    printed.write_bytes(filling.with_pypdf(data, typed))

    screen, phone = screens(**WIDE), screens(width=390, height=844)
    for each in (screen, phone):
        each.sign_in_as("concierge")
    page = screen.open(f"/projects/{key}/readiness/returned")
    page.locator("input[type=file]").set_input_files(printed)
    page.get_by_role("button", name="Bring in").click()
    page.wait_for_url(re.compile(r"/returned/\d+"))
    expect(page.locator("main")).not_to_contain_text("Is being read", timeout=180_000)
    expect(page.locator("main")).to_contain_text("about <b>seven</b>, I think")
    looks_right(screen)
    phone.open(page.url.removeprefix(site.address))
    looks_right(phone)
    screen.open("/today")
    looks_right(screen)


def _refusal(screen: Screen, key: object, milestone: object) -> str:
    """What is said when shipping is released today; empty when it may be. Nothing stays released."""
    page = screen.open(f"/projects/{key}/milestones/{milestone}")
    with page.expect_response(re.compile("/finish")) as answered:
        page.get_by_role("button", name="Done on this day").click()
    page.wait_for_load_state()
    if answered.value.status >= 400:
        return page.locator(".summary").inner_text()
    page.get_by_role("button", name="Undo").click()
    page.wait_for_load_state()
    return ""


def _signable(site: Site) -> str:
    """Where a section is signed of which no point of the customer's is open."""
    key, section = asked(
        site,
        "select p.key, i.section from readiness_items i join checklists c on c.id = i.checklist_id "
        "join projects p on p.id = c.project_id where p.state = 'live' and i.is_asked and i.type <> 'info' "
        "group by p.key, i.section having sum(i.state = 'open' and i.responsible = 'customer') = 0 "
        "order by p.id desc limit 1",
    )[0]
    return f"/projects/{key}/readiness/sections/{section}/signature"
