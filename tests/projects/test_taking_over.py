"""Taking over projects that are under way elsewhere, from a sheet."""

import csv
import io
import json
import re
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from concierge.catalogue.actions.aliases import add_alias
from concierge.catalogue.models import PlaybookMilestone, PlaybookVersion, PlaybookVisit
from concierge.catalogue.states import AliasScheme, MilestoneKind, VisitKind
from concierge.cli import main
from concierge.identity.models import User
from concierge.identity.permissions import Role
from concierge.platform import clock, files, jobs, worker
from concierge.platform.database import db, unit_of_work
from concierge.platform.deliveries import Delivery
from concierge.platform.events import RecordedEvent
from concierge.platform.mail import OutgoingMail
from concierge.projects import chores
from concierge.projects.actions import importing, sheet
from concierge.projects.models import Baseline, Milestone, Project
from concierge.projects.states import MilestoneState, ProjectState
from tests.conftest import csrf_token
from tests.makers import catalogue, people, readiness

pytestmark = pytest.mark.usefixtures("wednesday")

Browser = Callable[[User], FlaskClient]


@pytest.fixture
def ada(app: Flask, sign_in: Browser) -> FlaskClient:
    """Ada, who coordinates, in her browser; the catalogue knows a cytometer."""
    with unit_of_work():
        person = people.user()
        catalogue.add_instrument("cytometer", name="Flow cytometer", item_id="CF-3000")
    return sign_in(person)


def day(ago: int) -> str:
    return (clock.now().date() - timedelta(days=ago)).isoformat()


def row(**changed: str) -> dict[str, str]:
    return {
        "external_key": "P-1",
        "account": "Halden Biologics",
        "site": "Basel lab",
        "street": "Hauptstrasse 1",
        "postal_code": "4051",
        "city": "Basel",
        "country": "CH",
        "products": "CF-3000",
        "concierge": "ada@concierge.example",
        "contact_name": "Yuki Tanaka",
        "contact_email": "yuki@halden.example",
        "start": day(40),
        "site_ready_finished": day(10),
        "handover_promised": day(-30),
        **changed,
    }


def sheet_of(*rows: dict[str, str], delimiter: str = ",", encoding: str = "utf-8") -> bytes:
    names = list(dict.fromkeys(name for one in rows for name in one))
    written = io.StringIO()
    writer = csv.DictWriter(written, names, delimiter=delimiter)
    writer.writeheader()
    writer.writerows(rows)
    return written.getvalue().encode(encoding)


def hand_in(browser: FlaskClient, data: bytes) -> tuple[int, str]:
    answer = browser.post(
        "/projects/import",
        data={
            "csrf_token": csrf_token(browser, "/projects/import"),
            "file": (io.BytesIO(data), "running.csv"),
        },
    )
    return answer.status_code, answer.location if answer.status_code == 303 else answer.get_data(as_text=True)


def take_over(browser: FlaskClient, data: bytes) -> str:
    """Hand a sheet in and do it; the page that tells what came of it."""
    _status, where = hand_in(browser, data)
    answer = browser.post(where, data={"csrf_token": csrf_token(browser, "/settings/me")})
    assert answer.status_code == 303, answer.get_data(as_text=True)
    return browser.get(answer.location).get_data(as_text=True)


def imported(key: str = "P-1") -> Project:
    db.session.rollback()
    question = sa.select(Project).where(Project.external_key == key)
    return db.session.scalars(question.execution_options(populate_existing=True)).one()


def milestones(project: Project) -> dict[str, Milestone]:
    rows = db.session.scalars(sa.select(Milestone).where(Milestone.project_id == project.id))
    return {one.kind.value: one for one in rows}


def count(table: type) -> int:
    db.session.rollback()
    return db.session.scalar(sa.select(sa.func.count()).select_from(table)) or 0


def test_nothing_happens_before_it_is_seen(app: Flask, ada: FlaskClient) -> None:
    status, where = hand_in(ada, sheet_of(row(), row(external_key="P-2", country="Nowhere")))

    page = ada.get(where).get_data(as_text=True)

    assert status == 303
    assert "1 project would be taken over; 1 refused" in page
    assert "Nowhere" in page
    assert count(Project) == 0


def test_a_project_goes_on_with_its_promise_and_what_is_done(app: Flask, ada: FlaskClient) -> None:
    page = take_over(ada, sheet_of(row()))

    project = imported()
    plan = milestones(project)
    assert "1 project taken over" in page
    assert f"/projects/{project.key}" in page
    assert project.state is ProjectState.LIVE
    assert project.starts_on.isoformat() == day(40)
    assert project.promised_handover_on.isoformat() == day(-30)
    assert plan["site ready"].finished_on.isoformat() == day(10)
    assert plan["delivered"].state is MilestoneState.PLANNED
    assert plan["delivered"].promised_on == plan["delivered"].forecast_on
    assert count(Baseline) == 1


def test_what_a_finished_milestone_waited_for_is_finished_too(app: Flask, ada: FlaskClient) -> None:
    take_over(ada, sheet_of(row(delivered_finished=day(5))))

    plan = milestones(imported())

    assert plan["ship released"].state is MilestoneState.DONE
    assert plan["ship released"].finished_on.isoformat() == day(5)
    assert plan["installed"].state is MilestoneState.PLANNED


def test_no_customer_is_written_to(app: Flask, ada: FlaskClient) -> None:
    take_over(ada, sheet_of(row()))

    worker.drain(app)

    assert count(OutgoingMail) == 0


def test_the_same_sheet_again_changes_nothing(app: Flask, ada: FlaskClient) -> None:
    data = sheet_of(row(), row(external_key="P-2"))
    take_over(ada, data)
    events = count(RecordedEvent)

    page = ada.get(hand_in(ada, data)[1]).get_data(as_text=True)

    assert "0 projects would be taken over" in page
    assert page.count("Nothing new") >= 2
    assert count(RecordedEvent) == events
    assert count(Project) == 2


def test_a_row_that_says_something_new_brings_the_project_up_to_date(
    app: Flask, ada: FlaskClient, sign_in: Browser
) -> None:
    take_over(ada, sheet_of(row()))

    page = take_over(ada, sheet_of(row(delivered_finished=day(2), handover_promised=day(-60))))

    project = imported()
    assert "1 brought up to date" in page
    assert milestones(project)["delivered"].finished_on.isoformat() == day(2)
    assert project.promised_handover_on.isoformat() == day(-60)
    assert count(Baseline) == 2
    assert count(Project) == 1
    with unit_of_work():
        uwe = people.user(name="Uwe Kern", language="de")
    history = sign_in(uwe).get(f"/projects/{project.key}/history").get_data(as_text=True)
    assert re.search(r"neuesten Stand gebracht: [^<]*: fertig am [^<]*: zugesagt zum ", history)
    assert "promised for" not in history


def test_what_people_did_since_is_not_undone_by_the_same_row(app: Flask, ada: FlaskClient) -> None:
    take_over(ada, sheet_of(row()))
    with unit_of_work():
        bruno = people.user(name="Bruno Roth", email="bruno@concierge.example")
        db.session.execute(sa.update(Project).values(concierge_id=bruno.id))

    hand_in(ada, sheet_of(row()))

    assert imported().concierge_id == bruno.id


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"external_key": ""}, "external_key is empty"),
        ({"country": "Atlantis"}, "Atlantis"),
        ({"products": "Perpetual motion"}, "Nothing in the catalogue"),
        ({"concierge": "nobody@concierge.example"}, "Nobody here has the address"),
        ({"start": "03/04/2026"}, "two different days"),
        ({"required": "2001-01-01"}, "not after the start"),
        ({"delivered_finished": "2199-01-01"}, "lies ahead"),
        ({"handover_promised": "1999-01-01"}, "before the start"),
        ({"zone": "Mars/Base"}, "no time zone"),
        ({"quantity": "1.5"}, "whole number"),
    ],
)
def test_a_row_that_cannot_be_says_why_and_what_to_do(
    app: Flask, ada: FlaskClient, changed: dict[str, str], says: str
) -> None:
    (read,), _remarks = sheet.read_sheet(sheet_of(row(**changed)), "running.csv")

    (planned,) = importing.plan_rows([read], at=clock.now())

    assert planned.outcome is importing.Outcome.REFUSED
    assert says in " ".join(planned.says)


def test_one_key_on_two_rows_is_refused_once(app: Flask, ada: FlaskClient) -> None:
    page = take_over(ada, sheet_of(row(), row()))

    assert "1 project taken over" in page
    assert count(Project) == 1


def test_a_project_does_not_change_its_customer(app: Flask, ada: FlaskClient) -> None:
    take_over(ada, sheet_of(row()))

    page = ada.get(hand_in(ada, sheet_of(row(account="Carver State")))[1]).get_data(as_text=True)

    assert "does not change its customer" in page


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "external_key is missing"),
        (b"external_key;account\nP-1;A\n", "The column city is missing"),
        (sheet_of(dict.fromkeys(row(), "")), "no project"),
        (b"\x00\x01\x02", ""),
    ],
)
def test_a_file_that_is_no_sheet_is_shown_again(app: Flask, ada: FlaskClient, data: bytes, says: str) -> None:
    status, page = hand_in(ada, data)

    assert status == 422
    assert says in page


@pytest.mark.parametrize(("delimiter", "encoding"), [(";", "utf-8-sig"), ("\t", "utf-16"), (",", "cp1252")])
def test_sheets_are_read_as_spreadsheets_write_them(delimiter: str, encoding: str) -> None:
    data = sheet_of(row(account="Müller & Söhne"), delimiter=delimiter, encoding=encoding)

    (read,), _remarks = sheet.read_sheet(data, "running.csv")

    assert read.account == "Müller & Söhne"
    assert not read.faults


def test_the_example_can_be_taken_over_as_it_is(app: Flask, ada: FlaskClient) -> None:
    data = ada.get("/projects/import/example.csv").data

    page = ada.get(hand_in(ada, data)[1]).get_data(as_text=True)

    assert "2 projects would be taken over" in page
    assert "refused" not in page.split("<main")[1].split("</h1>")[0]


def test_a_long_sheet_becomes_a_job(app: Flask, ada: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "AT_ONCE", 1)
    monkeypatch.setattr(importing, "CHECKED_AT_ONCE", 1)
    data = sheet_of(*(row(external_key=f"P-{number}") for number in range(3)))

    _status, job = hand_in(ada, data)
    worker.drain(app)
    checked = job.replace("/jobs/", "/projects/import/")
    assert "3 projects would be taken over" in ada.get(checked).get_data(as_text=True)
    answer = ada.post(checked, data={"csrf_token": csrf_token(ada, "/settings/me")})
    worker.drain(app)

    assert "3 projects taken over" in ada.get(
        answer.location.replace("/jobs/", "/projects/import/")
    ).get_data(as_text=True)
    assert count(Project) == 3


def test_five_thousand_rows_are_checked_with_a_few_questions(app: Flask, ada: FlaskClient) -> None:
    rows, _remarks = sheet.read_sheet(
        sheet_of(*(row(external_key=f"P-{n}") for n in range(5000))), "running.csv"
    )
    seen: list[str] = []

    def note(*told: object) -> None:
        seen.append(str(told[2]))

    sa.event.listen(db.engine, "before_cursor_execute", note)
    try:
        plans = importing.plan_rows(rows, at=clock.now())
    finally:
        sa.event.remove(db.engine, "before_cursor_execute", note)

    assert len(plans) == 5000
    assert {plan.outcome for plan in plans} == {importing.Outcome.NEW}
    assert len(seen) < 40


def test_a_sheet_of_too_many_is_refused() -> None:
    with pytest.raises(Exception, match="Split it"):
        sheet.read_sheet(sheet_of(*(row(external_key=f"P-{n}") for n in range(5001))), "running.csv")


def test_the_command_tries_and_takes_over(app: Flask, ada: FlaskClient, tmp_path: Path) -> None:
    path = tmp_path / "running.csv"
    path.write_bytes(sheet_of(row(), row(external_key="P-2", country="Atlantis")))

    tried = app.test_cli_runner().invoke(main, ["projects", "import", "--dry-run", "--json", str(path)])
    assert [one["outcome"] for one in json.loads(tried.stdout)] == ["new", "refused"]
    assert count(Project) == 0

    done = app.test_cli_runner().invoke(main, ["projects", "import", str(path)])
    assert done.exit_code == 1
    assert "row 3" in done.stderr
    assert imported().state is ProjectState.LIVE


def test_a_dispatcher_takes_nothing_over(app: Flask, sign_in: Browser) -> None:
    with unit_of_work():
        dora = people.user(name="Dora Weiss", role=Role.DISPATCHER)

    assert sign_in(dora).get("/projects/import").status_code == 403


def many(number: int) -> bytes:
    """A sheet of so many projects, of some customers, one row of which cannot be read."""
    return sheet_of(
        *(
            row(
                external_key=f"P-{key}",
                account=f"Customer {key % 7}",
                contact_email=f"yuki{key}@halden.example",
                **({"handover_promised": "soon"} if key == 5 else {}),
            )
            for key in range(number)
        )
    )


def test_a_job_that_is_killed_goes_on_without_doubles(
    app: Flask, ada: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed between two transactions, as a worker is; the next one takes only over what is missing."""
    monkeypatch.setattr(importing, "TOGETHER", 20)
    data, actor_id = many(60), db.session.scalar(sa.select(User.id))
    rows, _remarks = sheet.read_sheet(data, "running.csv")
    whole = importing.import_rows

    def killed(some: list[sheet.SheetRow], **rest: object) -> object:
        if some[0].external_key == f"P-{2 * importing.TOGETHER}":
            raise KeyboardInterrupt
        return whole(some, **rest)  # type: ignore[arg-type]  # what chores hands on

    with unit_of_work():
        kept = files.store(data, name="running.csv", content_type="text/csv")
        args = {"file_id": kept.id, "name": "running.csv"}
        job = jobs.start_job(importing.IMPORT_JOB, "Import", args, actor_id)
    told = jobs.Progress(job_id=job.id, owner_id=actor_id)
    monkeypatch.setattr(importing, "import_rows", killed)
    with pytest.raises(KeyboardInterrupt):
        chores.import_sheet(told, args)
    assert count(Project) == 2 * importing.TOGETHER - 1
    monkeypatch.setattr(importing, "import_rows", whole)
    result = chores.import_sheet(told, args)

    assert count(Project) == len(rows) - 1
    assert [one["outcome"] for one in result["rows"]].count("new") == len(rows) - 2 * importing.TOGETHER
    assert [one["outcome"] for one in result["rows"]].count("refused") == 1
    assert len(set(db.session.scalars(sa.select(Project.external_key)))) == len(rows) - 1
    before = count(RecordedEvent)
    again = chores.import_sheet(told, args)
    assert {one["outcome"] for one in again["rows"]} == {"same", "refused"}
    assert count(RecordedEvent) == before


def test_forecasts_of_imported_projects_are_one_delivery_for_many(app: Flask, ada: FlaskClient) -> None:
    take_over(ada, sheet_of(*(row(external_key=f"P-{key}") for key in range(8))))

    db.session.rollback()
    asked = sa.select(Delivery).where(Delivery.name == "projects.reactions.forecast_anew")
    forecasts = db.session.scalars(asked).all()
    assert len(forecasts) == 1
    assert len(forecasts[0].args["event_ids"]) == 16
    worker.drain(app)
    db.session.rollback()
    assert all("of" in (one.forecast_basis or {}) for one in db.session.scalars(sa.select(Project)))


@pytest.fixture
def asking(ada: FlaskClient) -> None:
    """An instrument whose playbook asks for visits and something of the site."""
    with unit_of_work():
        product = readiness.instrument("lcms")
        add_alias(product, scheme=AliasScheme.NAME, value="LCMS", actor_id=None, at=clock.now())
        installed = db.session.scalars(
            sa.select(PlaybookMilestone)
            .join(PlaybookVersion, PlaybookVersion.id == PlaybookMilestone.version_id)
            .where(
                PlaybookVersion.playbook_id == product.playbook_id,
                PlaybookMilestone.kind == MilestoneKind.INSTALLED,
            )
        ).one()
        for kind, minutes in ((VisitKind.INSTALL, 480), (VisitKind.REMOTE_CALL, 45)):
            asked = {"title": {"en": f"{kind}"}, "minutes": minutes, "technicians": 1}
            db.session.add(PlaybookVisit(milestone_id=installed.id, kind=kind, **asked))
    db.session.expunge_all()  # or the milestone goes on without visits


def under_way(key: str, number: int) -> dict[str, str]:
    """One of several projects that stand at different places, some at the same new site."""
    finished = [{}, {"delivered_finished": day(5)}, {"kick_off_finished": day(30), "required": day(-200)}]
    place = {"account": f"Institute {key}", "city": f"Town {number % 2}", "zone": "Asia/Tokyo"}
    return row(external_key=f"{key}-{number}", products="LCMS", **place, **finished[number % 3])


TOLD_TOGETHER = (
    "work_orders",
    "visits",
    "checklists",
    "readiness_items",
    "baselines",
    "date_changes",
)
"""Tables that grow with every project that is taken over."""


def asked_of(rows: list[dict[str, str]]) -> Counter[str]:
    """Take rows over in one transaction; how often each table that grows with a project was asked or written."""
    read, _remarks = sheet.read_sheet(sheet_of(*rows), "running.csv")
    said: list[str] = []

    def note(*told: object) -> None:
        said.append(str(told[2]))

    sa.event.listen(db.engine, "before_cursor_execute", note)
    try:
        done = chores.import_rows(read, twice=(), actor_id=None)
    finally:
        sa.event.remove(db.engine, "before_cursor_execute", note)
    assert [one.outcome.value for one in done] == ["new"] * len(rows)
    return Counter(
        table for one in said for table in TOLD_TOGETHER if re.search(rf"(FROM|INTO|UPDATE) {table}\b", one)
    )


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
@pytest.mark.usefixtures("asking")
def test_many_rows_ask_hardly_more_than_two(app: Flask) -> None:
    two = asked_of([under_way("A", number) for number in range(2)])
    many_ = asked_of([under_way("B", number) for number in range(12)])

    assert {*TOLD_TOGETHER} <= two.keys(), "nothing of them was made"
    assert {table: many_[table] for table in many_ if many_[table] > two[table] + 3} == {}


def told_of(key: str) -> list[object]:
    """What there is of projects after they were taken over, without their numbers."""
    db.session.rollback()
    found: list[object] = []
    projects = (
        sa.select(Project).where(Project.external_key.startswith(f"{key}-")).order_by(Project.external_key)
    )
    for one in db.session.scalars(projects):
        of_it = {"project_id": one.id}
        found.append(
            [one.state, one.starts_on, one.required_on, one.promised_handover_on, one.health, one.stage]
        )
        found.append([one.concierge_id, one.health_facts, one.slip_workdays, one.forecast_handover_on])
        for text in (
            "SELECT name FROM recorded_events WHERE project_id = :project_id ORDER BY id",
            (
                "SELECT key, state, started_on, finished_on, promised_on, forecast_start_on, forecast_on, derived_on"
                " FROM milestones WHERE project_id = :project_id ORDER BY position"
            ),
            (
                "SELECT m.key, d.kind, d.start_on, d.finish_on, d.because FROM date_changes d"
                " JOIN milestones m ON m.id = d.milestone_id WHERE d.project_id = :project_id ORDER BY d.id"
            ),
            (
                "SELECT number, kind, title, minutes, asset_id IS NULL FROM work_orders"
                " WHERE project_id = :project_id ORDER BY number"
            ),
            "SELECT kind, starts_at, ends_at, zone, state FROM visits WHERE project_id = :project_id ORDER BY id",
            "SELECT kind, state, open_items, percent FROM gates WHERE project_id = :project_id ORDER BY kind",
            (
                "SELECT i.key, i.due_on, i.is_asked, i.contact_id IS NULL FROM readiness_items i"
                " JOIN checklists c ON c.id = i.checklist_id WHERE c.project_id = :project_id ORDER BY i.position"
            ),
            (
                "SELECT kind, title FROM search_entries WHERE project_id = :project_id"
                " AND kind NOT LIKE '%project%' ORDER BY kind, title"
            ),
        ):
            found += [tuple(told) for told in db.session.execute(sa.text(text), of_it)]
    return found


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
@pytest.mark.usefixtures("asking")
def test_what_is_done_together_is_what_each_would_be_alone(app: Flask) -> None:
    together, _remarks = sheet.read_sheet(sheet_of(*(under_way("A", n) for n in range(6))), "a.csv")
    alone, _remarks = sheet.read_sheet(sheet_of(*(under_way("B", n) for n in range(6))), "b.csv")
    chores.import_rows(together, twice=(), actor_id=None)
    for one in alone:
        chores.import_rows([one], twice=(), actor_id=None)

    said = told_of("A")
    assert {"install", "remote call"} <= {str(one[0]) for one in said if isinstance(one, tuple)}
    assert said == told_of("B")


def test_of_rows_done_together_one_that_is_refused_stops_no_other(app: Flask, ada: FlaskClient) -> None:
    """An order with the key of the second row came in by itself in the meantime."""
    data = sheet_of(row(), row(external_key="P-2"), row(external_key="P-3"))
    rows, _remarks = sheet.read_sheet(data, "running.csv")
    with unit_of_work():
        importing.import_rows(rows[1:2], twice=(), actor_id=None, at=clock.now())
        taken = db.session.scalars(sa.select(Project)).one()
        taken.external_key = None

    done = chores.import_rows(rows, twice=(), actor_id=None)

    assert [one.outcome.value for one in done] == ["new", "refused", "new"]
    assert "An order with this key is here already" in done[1].says[0]
    assert count(Project) == 3
    assert imported("P-3").state is ProjectState.LIVE


def test_a_promise_before_the_start_is_refused_with_what_to_do(app: Flask, ada: FlaskClient) -> None:
    _status, where = hand_in(ada, sheet_of(row(handover_promised=day(41))))

    assert "handover_promised lies before the start" in ada.get(where).get_data(as_text=True)
    assert count(Project) == 0


def test_a_promise_that_has_passed_is_taken_over_but_not_made(app: Flask, ada: FlaskClient) -> None:
    """A project that is late elsewhere is late here; nobody promises yesterday from now on."""
    take_over(ada, sheet_of(row(handover_promised=day(3))))
    _status, where = hand_in(ada, sheet_of(row(handover_promised=day(2))))

    assert "for a day that has passed. Write a day that lies ahead" in ada.get(where).get_data(as_text=True)
    promised = imported().promised_handover_on
    assert promised is not None
    assert promised.isoformat() == day(3)
