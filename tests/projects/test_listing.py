"""The portfolio as list, lines and board, its filters in the address, and lists kept under a name."""

import csv
import io
import re
from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from concierge.catalogue.states import MilestoneKind
from concierge.identity.models import User
from concierge.identity.permissions import Role
from concierge.identity.viewer import Viewer
from concierge.platform import clock
from concierge.platform.database import db, unit_of_work
from concierge.projects import queries
from concierge.projects.actions import rescheduling
from concierge.projects.models import FieldValue, PastCase, Project, SavedView
from concierge.projects.queries.filtering import COLUMNS, GROUPS, SORTS, Filter, filter_from
from concierge.projects.states import Health, Party, ProjectState
from concierge.projects.views.showing import inert
from tests.conftest import csrf_token
from tests.makers import orders, people, projects
from tests.makers.days import on

pytestmark = pytest.mark.usefixtures("wednesday")

Browser = Callable[[User], FlaskClient]

EVERYTHING = Viewer(user_id=0, name="", role=Role.MANAGER, zone="UTC", language="en")


@pytest.fixture
def ada(app: Flask, sign_in: Browser) -> FlaskClient:
    """Ada, who coordinates, in her browser."""
    with unit_of_work():
        person = people.user()
    return sign_in(person)


def several(count: int, *, live: bool = True, country: str = "CH") -> list[Project]:
    made = []
    with unit_of_work():
        for number in range(count):
            place = orders.site(
                account=f"Account {country} {number}", key=f"{country}{number}", country=country
            )
            make = projects.live if live else projects.draft
            made.append(
                make(place=place, number=f"SO-{country}-{number}", requested_from=None, at=clock.now())
            )
    return made


def page(browser: FlaskClient, address: str) -> str:
    answer = browser.get(address)
    assert answer.status_code == 200, address
    return answer.get_data(as_text=True)


def post(browser: FlaskClient, path: str, **fields: object) -> tuple[int, str]:
    answer = browser.post(path, data={"csrf_token": csrf_token(browser, "/settings/me"), **fields})
    return answer.status_code, answer.get_data(as_text=True) if answer.status_code != 303 else answer.location


def change(project: Project, **values: object) -> None:
    with unit_of_work():
        db.session.execute(sa.update(Project).where(Project.id == project.id).values(values))


def test_list_lines_and_board_show_the_same_projects(app: Flask, ada: FlaskClient) -> None:
    made = several(3)

    for view in ("list", "lines", "board"):
        shown = page(ada, f"/projects?view={view}")
        assert all(f"/projects/{project.key}" in shown for project in made), view


def test_a_filter_survives_its_address() -> None:
    wanted = Filter(
        health=("late", "at risk"),
        stage="delivered",
        concierge="me",
        country="CH",
        account_id=7,
        product_id=8,
        held="no",
        below=60,
        field="room",
        value="ä & b",
        sort="chance",
        group="country",
        view="lines",
        columns=("health", "field:room"),
        page=3,
    )

    again = filter_from(wanted.address())

    assert set(again.health) == set(wanted.health)
    assert again.address() == filter_from(again.address()).address()
    assert (again.stage, again.value, again.below, again.page, again.columns) == (
        wanted.stage, wanted.value, 60, 3, wanted.columns,
    )  # fmt: skip


@pytest.mark.parametrize(
    "address",
    [
        "page=x&below=ten&from=31.3.&to=&account=-1&product=99999999999",
        "health=nonsense&stage=up&sort=;drop",
        "columns=x" * 300,
    ],
)
def test_an_address_that_makes_no_sense_narrows_nothing(app: Flask, ada: FlaskClient, address: str) -> None:
    (project,) = several(1)

    assert project.key in page(ada, f"/projects?{address}")


def test_every_order_group_and_column_works_on_both_databases(app: Flask, ada: FlaskClient) -> None:
    made = several(2)
    columns = "&".join(f"columns={name}" for name in COLUMNS)

    for sort in SORTS:
        assert made[0].key in page(ada, f"/projects?sort={sort}&{columns}")
    for group in GROUPS:
        shown = page(ada, f"/projects?group={group}&more=1")
        assert 'class="grouping"' in shown
        assert made[1].key in shown


def test_filters_leave_out_what_they_should(app: Flask, ada: FlaskClient) -> None:
    basel, lyon = several(1)[0], several(1, country="FR")[0]
    change(basel, chance_percent=30, health=Health.LATE, slip_workdays=4)
    change(lyon, chance_percent=90, health=Health.ON_TRACK)
    day = basel.forecast_handover_on
    for address, sees_basel, sees_lyon in (
        ("country=CH", True, False),
        ("below=50", True, False),
        ("health=late", True, False),
        ("health=on+track", False, True),
        (f"account={lyon.account_id}", False, True),
        (f"from={day}&to={day}&country=CH", True, False),
        (f"to={day - timedelta(days=1)}&country=CH", False, False),
        ("held=yes", False, False),
        ("q=account+fr", False, True),
        ("concierge=nobody", False, False),
        ("stage=handover", False, False),
    ):
        shown = page(ada, f"/projects?{address}")
        assert (f"/projects/{basel.key}" in shown) is sees_basel, address
        assert (f"/projects/{lyon.key}" in shown) is sees_lyon, address


def test_projects_that_have_ended_are_shown_only_when_asked_for(app: Flask, ada: FlaskClient) -> None:
    (project,) = several(1)
    change(project, health=Health.CANCELLED, state=ProjectState.CANCELLED, cancelled_at=clock.now())

    assert project.key not in page(ada, "/projects")
    assert project.key in page(ada, "/projects?health=all")
    assert project.key in page(ada, "/projects?health=cancelled")


def test_a_column_of_ones_own_shows_what_projects_say(app: Flask, ada: FlaskClient) -> None:
    one, other = several(2)
    with unit_of_work():
        db.session.add(FieldValue(project_id=one.id, key="room", text="<b>B 4</b>", changed_at=clock.now()))

    shown = page(ada, "/projects?field=room&value=b+4")

    assert one.key in shown
    assert f"/projects/{other.key}" not in shown


def test_pages_show_every_project_once(app: Flask, ada: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("concierge.projects.queries.listing.PAGE", 2)
    made = several(5)

    shown = [page(ada, f"/projects?page={number}") for number in (1, 2, 3)]

    counts = [sum(f'href="/projects/{project.key}"' in text for text in shown) for project in made]
    assert counts == [1, 1, 1, 1, 1]
    assert 'rel="next"' in shown[0]
    assert 'rel="next"' not in shown[2]
    assert "Page 3 of 3" in shown[2]


def test_counts_stop_where_nobody_reads_on(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("concierge.projects.queries.listing.MOST_COUNTED", 2)
    several(4)
    wanted = Filter(only_open=True, country="CH", value="fresh statement")

    assert queries.count_of(EVERYTHING, wanted) == 3
    assert queries.projects_page(EVERYTHING, wanted).pages is None


def test_the_board_counts_each_stage_and_tints_one_over_its_usual_age(
    app: Flask, ada: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("concierge.projects.queries.listing.CARDS", 2)
    made = several(5)
    since = clock.now().date() - timedelta(days=60)
    with unit_of_work():
        stage = made[0].stage
        db.session.execute(sa.update(Project).values(stage_since_on=since))
        milestone = projects.milestone(made[0], "handover")
        for number, one in enumerate(made):
            db.session.add(
                PastCase(
                    milestone_id=projects.milestone(one, "handover").id,
                    project_id=one.id,
                    kind=stage,
                    region="CH",
                    party=Party.US,
                    planned_workdays=5,
                    actual_workdays=5 + number,
                    finished_on=since,
                )
            )
        assert milestone is not None

    shown = page(ada, "/projects?view=board&q=account")

    assert 'class="lane over warn"' in shown
    assert "median 60 days" in shown
    assert "usually 10 days" in shown
    assert "and 3 more" in shown
    assert len(re.findall(r'class="piece"', shown)) == 2


def test_a_technician_sees_only_the_projects_of_his_visits(app: Flask, sign_in: Browser) -> None:
    (project,) = several(1)
    with unit_of_work():
        tomas = people.user(name="Tomas Berg", role=Role.TECHNICIAN)
    browser = sign_in(tomas)

    for view in ("list", "lines", "board"):
        assert project.key not in page(browser, f"/projects?view={view}")
    assert project.key not in browser.get("/projects/export.csv").get_data(as_text=True)


def test_an_export_says_what_the_list_says_and_nothing_in_it_is_a_formula(
    app: Flask, ada: FlaskClient
) -> None:
    made = several(2)
    change(made[0], name='=HYPERLINK("http://evil.example")')

    text = ada.get("/projects/export.csv?columns=forecast&columns=slip&sort=name").get_data(as_text=True)

    rows = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))
    assert rows[0] == ["Key", "Project", "Forecast", "Slip"]
    assert {row[0] for row in rows[1:]} == {project.key for project in made}
    assert not [cell for row in rows for cell in row if cell.startswith(("=", "+", "@"))]
    assert [row[2] for row in rows[1:] if row[0] == made[1].key] == [made[1].forecast_handover_on.isoformat()]


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("=1+1", "'=1+1"),
        ("@x", "'@x"),
        ("-4", "-4"),
        ("+4.5", "+4.5"),
        ("-x", "'-x"),
        ("\t=1", "'\t=1"),
        ("a=b", "a=b"),
    ],
)
def test_a_cell_that_would_begin_a_formula_is_quoted(text: str, written: str) -> None:
    assert inert(text) == written


# ------------------------------------------------------------ kept views


def view_of(name: str) -> SavedView:
    db.session.rollback()
    return db.session.scalars(sa.select(SavedView).where(SavedView.name == name)).one()


def test_a_list_is_kept_and_stands_in_the_sidebar_with_its_count(app: Flask, ada: FlaskClient) -> None:
    several(2)
    several(1, country="FR")

    status, _ = post(ada, "/projects/views", name="France", address="country=FR&page=4")

    assert status == 303
    assert view_of("France").query == "country=FR"
    sidebar = page(ada, "/settings/me").split('class="views"')[1].split("</ul>")[0]
    assert re.search(r'href="/projects\?country=FR"[^>]*>.*France</span><span class="n">1</span>', sidebar)


def test_who_sees_only_some_projects_sees_no_shared_view(
    app: Flask, ada: FlaskClient, sign_in: Browser
) -> None:
    from tests.makers import workforce

    with unit_of_work():
        tomas = workforce.technician()
        technician = db.session.get_one(User, tomas.user_id)
        jonas = people.user(name="Jonas Holt", role=Role.DISPATCHER)
    assert post(ada, "/projects/views", name="Halden is unhappy", address="q=halden", is_shared="y")[0] == 303

    browser = sign_in(technician)
    for path in ("/projects", "/projects/views", "/today", "/find?q=halden"):
        assert "Halden is unhappy" not in browser.get(path).get_data(as_text=True), path
    assert post(browser, "/projects/views", name="My own", address="q=basel")[0] == 303
    assert "My own" in browser.get("/projects/views").get_data(as_text=True)
    assert "Halden is unhappy" in sign_in(jonas).get("/projects/views").get_data(as_text=True)


def test_views_are_private_until_they_are_shared(app: Flask, ada: FlaskClient, sign_in: Browser) -> None:
    with unit_of_work():
        bruno = people.user(name="Bruno Roth")
    other = sign_in(bruno)
    post(ada, "/projects/views", name="Mine alone", address="country=CH")
    kept = view_of("Mine alone")

    assert "Mine alone" not in page(other, "/projects/views")
    assert other.get(f"/projects/views/{kept.id}").status_code == 404
    assert post(other, f"/projects/views/{kept.id}", name="Taken")[0] == 404
    assert post(other, f"/projects/views/{kept.id}/deletion")[0] == 404

    assert post(ada, f"/projects/views/{kept.id}", name="For all", is_shared="y")[0] == 303
    assert "For all" in page(other, "/projects/views")


def test_two_views_of_one_person_have_two_names(app: Flask, ada: FlaskClient) -> None:
    post(ada, "/projects/views", name="Late ones", address="health=late")

    status, text = post(ada, "/projects/views", name="Late ones", address="")

    assert status == 422
    assert "already" in text
    assert post(ada, "/projects/views", name="  ", address="")[0] == 422


def test_a_deleted_view_leaves_the_sidebar(app: Flask, ada: FlaskClient) -> None:
    post(ada, "/projects/views", name="Late ones", address="health=late")

    assert post(ada, f"/projects/views/{view_of('Late ones').id}/deletion")[0] == 303
    assert "Late ones" not in page(ada, "/projects/views")


def test_a_delivery_wished_for_late_leaves_a_project_in_the_stage_it_is_in(app: Flask) -> None:
    with unit_of_work():
        project = projects.live()
        delivery = projects.milestone(project, "delivery")
    assert project.stage is MilestoneKind.KICK_OFF

    with unit_of_work():
        rescheduling.move_milestone(
            project.id,
            delivery.id,
            to=on("Mon 2026-06-29"),
            reason="",
            actor_id=None,
            at=orders.RECEIVED,
        )

    assert project.stage is MilestoneKind.KICK_OFF


def test_the_portfolio_leads_to_promises_and_to_the_forecast(app: Flask, ada: FlaskClient) -> None:
    shown = ada.get("/projects").text

    assert 'href="/promises"' in shown
    assert 'href="/forecast"' in shown
