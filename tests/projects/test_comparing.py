"""Plans that are kept and compared: named, immutable, and read back as of any day."""

from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from flask_babel import force_locale

from concierge.core.compare import Change
from concierge.identity.models import User
from concierge.identity.permissions import Role
from concierge.identity.viewer import Viewer
from concierge.platform import clock
from concierge.platform.database import db, unit_of_work
from concierge.platform.errors import Refused
from concierge.platform.events import RecordedEvent
from concierge.projects import queries
from concierge.projects.actions import approving, rescheduling
from concierge.projects.actions.laying_out import calendar_of
from concierge.projects.actions.noting import note_dates
from concierge.projects.models import Baseline, BaselineMilestone, DateChange, Project
from concierge.projects.models.plan import KeptForEver
from concierge.projects.queries import comparing
from concierge.projects.reasons import Because, Reason, words
from concierge.projects.states import DateKind, MilestoneState
from tests.conftest import csrf_token
from tests.makers import orders, people, projects
from tests.makers.days import on

pytestmark = pytest.mark.usefixtures("wednesday")

MONDAY = orders.RECEIVED
OPERATOR = Viewer(user_id=0, name="operator", role=Role.ADMINISTRATOR, zone="UTC", language="en")
Browser = Callable[[User], FlaskClient]


def compared(project: Project, wanted: str, *, days: int = 0) -> comparing.Compared:
    db.session.rollback()
    found = queries.project_by_key(OPERATOR, project.key)
    return comparing.compared(found, wanted, calendar=calendar_of(found), at=MONDAY + timedelta(days=days))


def moved(project: Project, *, days: int = 1) -> None:
    delivery = projects.milestone(project, "delivery")
    assert delivery.start_on is not None
    rescheduling.move_milestone(
        project.id,
        delivery.id,
        to=delivery.start_on + timedelta(days=14),
        reason="Truck broke down",
        actor_id=None,
        at=MONDAY + timedelta(days=days),
    )


def test_approval_keeps_all_that_lays_the_plan_out_again(app: Flask) -> None:
    with unit_of_work():
        project = projects.live()

    (baseline,) = queries.baselines_of(project.id)
    rows = {row.milestone_key: row for row in baseline.milestones}
    install = projects.milestone(project, "install")
    content = rows["install"].content
    assert rows.keys() == {one.key for one in project.milestones}
    assert (content["workdays"], content["team"], content["days_of"]) == (
        install.workdays,
        install.team.value,
        install.days_of.value,
    )
    assert {link["after"] for link in content["links"]} == {
        next(one.key for one in project.milestones if one.id == link.predecessor_id) for link in install.links
    }
    assert rows["order"].content["is_done"]
    assert not content["is_done"]


def test_what_is_left_out_hands_its_links_on(app: Flask) -> None:
    with unit_of_work():
        project = projects.live()
        install = projects.milestone(project, "install")
        waited_for = {link.predecessor_id for link in install.links}
        followers = {
            one.key
            for one in project.milestones
            if any(link.predecessor_id == install.id for link in one.links)
        }
        install.state, install.skip_reason = MilestoneState.SKIPPED, "Moved in running"
        _project, kept = approving.keep_plan(project.id, name="Without", actor_id=None, at=MONDAY)
        number = kept.number

    rows = {row.milestone_key: row for row in comparing.baseline_of(project, str(number)).milestones}
    before = {one.key for one in project.milestones if one.id in waited_for}
    assert "install" not in rows
    assert followers
    for key in followers:
        assert before <= {link["after"] for link in rows[key].content["links"]}


def test_a_baseline_is_taken_by_hand_and_changes_nothing_else(app: Flask) -> None:
    with unit_of_work():
        ada = people.user()
        project = projects.live()
        promised = project.promised_handover_on
        _project, kept = approving.keep_plan(
            project.id, name="  Before   the summer ", note="Board asked", actor_id=ada.id, at=MONDAY
        )
        assert (kept.number, kept.name, kept.note) == (2, "Before the summer", "Board asked")

    assert project.promised_handover_on == promised
    last = db.session.scalars(sa.select(RecordedEvent).order_by(RecordedEvent.id.desc())).first()
    assert last is not None
    assert (last.name, last.payload["number"]) == ("BaselineTaken", 2)


@pytest.mark.parametrize(
    ("name", "why"), [("", "Give the baseline a name"), (" \t ", "Give the"), ("first PLAN", "already")]
)
def test_a_baseline_needs_a_name_of_its_own(app: Flask, name: str, why: str) -> None:
    with unit_of_work():
        project = projects.live()

    with pytest.raises(Refused, match=why), unit_of_work():
        approving.keep_plan(project.id, name=name, actor_id=None, at=MONDAY)

    assert len(queries.baselines_of(project.id)) == 1


def test_a_project_that_has_ended_takes_no_baseline(app: Flask) -> None:
    with unit_of_work():
        project = projects.live()
        project.state = project.state.__class__("cancelled")
        project.cancelled_at = MONDAY

    with pytest.raises(Refused, match="no longer changes"), unit_of_work():
        approving.keep_plan(project.id, name="Too late", actor_id=None, at=MONDAY)


@pytest.mark.parametrize("what", ["name", "date", "delete", "delete milestone"])
def test_nothing_changes_a_baseline(app: Flask, what: str) -> None:
    with unit_of_work():
        project = projects.live()

    def spoil() -> None:
        baseline = db.session.scalars(sa.select(Baseline)).one()
        milestone = db.session.scalars(sa.select(BaselineMilestone)).first()
        assert milestone is not None
        match what:
            case "name":
                baseline.name = "Another plan"
            case "date":
                milestone.finish_on += timedelta(days=1)
            case "delete":
                db.session.delete(baseline)
            case _:
                db.session.delete(milestone)

    with pytest.raises(KeptForEver, match="kept as it was taken"), unit_of_work():
        spoil()

    db.session.rollback()
    (kept,) = queries.baselines_of(project.id)
    assert kept.name == "First plan"
    assert len(kept.milestones) == len(project.milestones)


def test_a_move_shows_beside_the_first_plan_in_days_of_the_site(app: Flask) -> None:
    with unit_of_work():
        project = projects.live()
        moved(project)

    found = compared(project, "baseline:1")
    rows = {row.key: row for row in found.comparison.rows}
    assert rows["order"].change is Change.SAME
    assert rows["delivery"].change is Change.MOVED
    assert rows["delivery"].finish_workdays == rows["handover"].finish_workdays > 0
    assert found.comparison.later == found.comparison.count(Change.MOVED)


def test_what_came_and_went_since_is_told_with_its_name(app: Flask) -> None:
    with unit_of_work():
        project = projects.live()
        install = projects.milestone(project, "install")
        install.state, install.skip_reason = MilestoneState.SKIPPED, "Trained before"
        handover = projects.milestone(project, "handover")
        handover.key = "handover-anew"

    found = compared(project, "baseline:1")
    changes = {row.key: row.change for row in found.comparison.rows}
    assert changes["install"] is changes["handover"] is Change.REMOVED
    assert changes["handover-anew"] is Change.ADDED
    assert found.names["handover"]["en"]


def test_the_plan_of_a_day_is_read_from_the_history(app: Flask) -> None:
    with unit_of_work():
        project = projects.live()
        _begin_history(project)
        delivery = projects.milestone(project, "delivery")
        first = delivery.finish_on
        assert first is not None
        later = first + timedelta(days=14)
        delivery.forecast_start_on = delivery.forecast_on = later
        note_dates(project.id, delivery.id, DateKind.PLANNED, later, later, None, MONDAY + timedelta(days=9))

    before = compared(project, "day:2026-03-10", days=20)
    after = compared(project, "day:2026-03-11", days=20)
    assert before.as_of == on("Tue 2026-03-10")
    assert [row.key for row in before.comparison.rows if row.change is Change.MOVED] == ["delivery"]
    assert after.comparison.is_same
    assert compared(project, "week", days=15).comparison.count(Change.MOVED) == 1
    assert compared(project, "week", days=16).comparison.is_same


def test_what_was_done_on_a_day_counts_as_it_happened_and_when_it_was_taken_back(app: Flask) -> None:
    with unit_of_work():
        project = projects.live()
        _begin_history(project)
        ready = next(one for one in project.milestones if one.state is MilestoneState.PLANNED)
        happened = on("Tue 2026-03-03")
        for days, ends in ((1, (happened, happened)), (4, (None, None))):
            note_dates(project.id, ready.id, DateKind.ACTUAL, *ends, None, MONDAY + timedelta(days=days))

    def on_day(day: str) -> bool:
        plan = comparing.plan_on(queries.project_by_key(OPERATOR, project.key), on(day))
        return next(one for one in plan if one.key == ready.key).is_done

    assert [on_day("Mon 2026-03-02"), on_day("Tue 2026-03-03"), on_day("Sat 2026-03-07")] == [
        False,
        True,
        False,
    ]


@pytest.mark.parametrize(
    ("wanted", "why"),
    [
        ("baseline:9", "no baseline 9"),
        ("baseline:x", "no baseline x"),
        ("baseline:", "no baseline"),
        ("day:2026-02-27", r"began on Mon 2 Mar( 2026)?; there was no plan on Fri 27 Feb"),
        ("day:2027-01-01", "lies ahead"),
        ("day:soon", "year-month-day"),
        ("month", "began on"),
        ("week:3", "Choose a baseline or a day"),
        ("nonsense", "Choose a baseline or a day"),
    ],
)
def test_a_plan_that_was_not_there_is_said(app: Flask, wanted: str, why: str) -> None:
    with unit_of_work():
        project = projects.live()
        _begin_history(project)

    with pytest.raises(Refused, match=why):
        compared(project, wanted, days=10)


def test_days_before_the_history_begins_lead_to_baselines(app: Flask) -> None:
    with unit_of_work():
        project = projects.live()
        db.session.execute(sa.delete(DateChange))
        _begin_history(project, days=5)

    with pytest.raises(Refused, match=r"noted from Sat 7 Mar( 2026)? on"):
        compared(project, "day:2026-03-04", days=10)


def _begin_history(project: Project, *, days: int = 0) -> None:
    """What laying a plan out notes; only where it has not done so itself."""
    db.session.flush()
    if db.session.scalar(sa.select(sa.func.count(DateChange.id)).where(DateChange.kind == DateKind.PLANNED)):
        return
    for one in project.milestones:
        note_dates(
            project.id,
            one.id,
            DateKind.PLANNED,
            one.forecast_start_on,
            one.forecast_on,
            None,
            MONDAY + timedelta(days=days),
            Reason(said="Laid out"),
        )


# ------------------------------------------------------------------ pages


@pytest.fixture
def ada(app: Flask, sign_in: Browser) -> FlaskClient:
    """Ada, who coordinates, in her browser."""
    with unit_of_work():
        person = people.user()
    return sign_in(person)


def test_the_comparison_is_an_address(app: Flask, ada: FlaskClient) -> None:
    with unit_of_work():
        project = projects.live(at=clock.now(), requested_from=None)
        _begin_history(project)

    first = ada.get(f"/projects/{project.key}/compare")
    today = clock.today(project.site.zone).isoformat()
    by_day = ada.get(f"/projects/{project.key}/compare?on={today}")

    assert first.status_code == 200
    assert "What changed since “First plan”" in first.text
    assert "Nothing: every milestone has the same days." in first.text
    assert by_day.status_code == 303
    assert by_day.location.endswith(f"with=day%3A{today}")


def test_the_handover_is_a_diamond_in_the_picture_even_where_it_takes_a_day(
    app: Flask, ada: FlaskClient
) -> None:
    with unit_of_work():
        project = projects.live(at=clock.now(), requested_from=None)
        _begin_history(project)
        projects.milestone(project, "handover").workdays = 1

    page = ada.get(f"/projects/{project.key}/compare").text
    handover = page.split('<tr role="row" class="total">')[1].split("</tr>")[0]

    assert "g-solid" in handover
    assert "g-forecast" not in handover


def test_a_draft_of_yesterday_is_compared_with_its_first_day(app: Flask, ada: FlaskClient) -> None:
    with unit_of_work():
        project = projects.draft(at=clock.now() - timedelta(days=1), requested_from=None)

    assert ada.get(f"/projects/{project.key}/compare").status_code == 200


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
@pytest.mark.parametrize("wanted", ["baseline:77", "day:1999-01-01", "<script>", "day:", "week"])
def test_a_plan_that_is_not_there_leaves_the_page_with_a_sentence(
    app: Flask, ada: FlaskClient, wanted: str
) -> None:
    with unit_of_work():
        project = projects.live(at=clock.now(), requested_from=None)

    answer = ada.get(f"/projects/{project.key}/compare", query_string={"with": wanted})

    assert answer.status_code == 422
    assert "notice bad" in answer.text
    assert "<script>" not in answer.text.partition("<main")[2].partition("</main>")[0]


def test_a_plan_is_kept_on_its_page_and_read_there(app: Flask, ada: FlaskClient) -> None:
    with unit_of_work():
        project = projects.live(at=clock.now(), requested_from=None)
    base = f"/projects/{project.key}/baselines"
    token = csrf_token(ada, base)

    nameless = ada.post(base, data={"csrf_token": token, "name": " "})
    taken = ada.post(base, data={"csrf_token": token, "name": "First plan"})
    kept = ada.post(base, data={"csrf_token": token, "name": "<b>Summer</b>", "note": "Board asked"})
    page = ada.get(kept.location).text

    assert (nameless.status_code, taken.status_code, kept.status_code) == (422, 422, 303)
    assert "Give the baseline a name" in nameless.text
    assert "already" in taken.text
    assert "&lt;b&gt;Summer&lt;/b&gt;" in page
    assert "Board asked" in page
    assert ada.get(f"{base}/99").status_code == 404


def test_a_milestone_shows_four_dates_with_who_and_why(app: Flask, ada: FlaskClient) -> None:
    with unit_of_work():
        maja = people.user(name="Maja Keller")
        project = projects.draft(at=clock.now(), requested_from=None)
        approving.approve_plan(project.id, actor_id=maja.id, at=clock.now())
        handover = projects.milestone(project, "handover")

    page = ada.get(f"/projects/{project.key}/milestones/{handover.id}").text

    for told in ("Derived", "Planned", "Promised", "Actual", "Maja Keller", "The plan was approved."):
        assert told in page


def test_why_dates_changed_is_told_in_the_readers_language(app: Flask, sign_in: Browser) -> None:
    with unit_of_work():
        maja = people.user(name="Maja Keller", role=Role.CONCIERGE)
        jens = people.user(name="Jens Ohm", role=Role.CONCIERGE, language="de")
        project = projects.draft(at=clock.now(), requested_from=None)
        approving.approve_plan(project.id, actor_id=maja.id, at=clock.now())
        delivery, handover = projects.milestone(project, "delivery"), projects.milestone(project, "handover")
        assert delivery.start_on is not None
        rescheduling.move_milestone(
            project.id,
            delivery.id,
            to=delivery.start_on + timedelta(days=14),
            reason="Truck broke down",
            actor_id=maja.id,
            at=clock.now(),
        )
        old = DateChange(
            project_id=project.id,
            milestone_id=handover.id,
            kind=DateKind.PROMISED,
            at=clock.now() - timedelta(days=1),
            why="The plan was set free.",
        )
        db.session.add(old)

    address = f"/projects/{project.key}/milestones/{handover.id}"
    german, english = sign_in(jens).get(address).text, sign_in(maja).get(address).text

    name, its = delivery.name["de"], "Truck broke down"
    for told in (
        "Der Plan wurde freigegeben.",
        f"{name} wurde verschoben. {its}",
        "The plan was set free.",
    ):
        assert told in german
    assert f"{delivery.english_name} was moved. {its}" in english
    assert f"hat den Beginn von {name} auf" in sign_in(jens).get(f"/projects/{project.key}/history").text
    assert f"moved {delivery.english_name}" in sign_in(maja).get(f"/projects/{project.key}/history").text
    kept = sign_in(jens).get(f"/projects/{project.key}/baselines").text
    assert "Erster Plan" in kept
    assert "Der Plan wurde freigegeben." in kept


def test_every_reason_is_a_sentence_in_both_languages(app: Flask) -> None:
    of_people = {Because.PROMISED, Because.AGREED}
    for because in Because:
        reason = Reason(because, {"en": "Fit", "de": "Einbau"}, on("Tue 2026-03-03"), "<b>", 2)
        with app.test_request_context(), force_locale("de"):
            german = words(reason)
        with app.test_request_context(), force_locale("en"):
            english = words(reason)
        assert (english == german == "") if because in of_people else (english != german), because
