"""The ledger of dates that customers were shown: what enters it, and how it is counted."""

from datetime import date, datetime, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from concierge.catalogue.states import Audience
from concierge.core.promises import Outcome, Tally, outcomes, tally
from concierge.identity.permissions import Role
from concierge.identity.viewer import Viewer
from concierge.platform import clock
from concierge.platform.database import db, unit_of_work
from concierge.platform.errors import Refused
from concierge.projects import queries
from concierge.projects.actions import approving, promising, proposals
from concierge.projects.actions.promising import ShownDate, note_shown
from concierge.projects.models import DateChange, Milestone, Project, Promise
from concierge.projects.queries import promises
from concierge.projects.reasons import Because
from concierge.projects.states import DateKind, MilestoneState, ProposalKind, ShownOn
from tests.conftest import csrf_token
from tests.makers import orders, people, projects
from tests.makers.days import at, on
from tests.makers.pages import agree

MONDAY = orders.RECEIVED
OPERATOR = Viewer(user_id=0, name="operator", role=Role.ADMINISTRATOR, zone="UTC", language="en")
SECOND_QUARTER = {"from_on": on("Wed 2026-04-01"), "to_on": on("Wed 2026-07-01")}


def shown(project: Project, key: str, day: date, *, when: datetime = MONDAY, **more: object) -> int:
    about = {"shown_on": ShownOn.MAIL, "reference": "", "by_id": None, **more}
    return note_shown(project, [ShownDate(key, day)], at=when, **about)  # type: ignore[arg-type]  # as there


def ledger() -> list[tuple[str, date, ShownOn]]:
    db.session.rollback()
    rows = db.session.scalars(sa.select(Promise).order_by(Promise.id))
    return [(row.milestone_key, row.finish_on, row.shown_on) for row in rows]


def whole(project: Project) -> Project:
    return queries.project_by_key(OPERATOR, project.key)


def test_the_same_date_on_one_channel_is_one_row_and_on_another_one_more(app: Flask) -> None:
    day = on("Tue 2026-04-07")
    with unit_of_work():
        project = projects.live()
        for channel in (ShownOn.MAIL, ShownOn.MAIL, ShownOn.PDF):
            shown(project, "delivery", day, shown_on=channel)
        shown(project, "delivery", day, when=MONDAY + timedelta(days=9), reference="later")

    assert ledger() == [("delivery", day, ShownOn.MAIL), ("delivery", day, ShownOn.PDF)]
    first = db.session.scalars(sa.select(Promise).order_by(Promise.id)).first()
    assert first is not None
    assert (first.reference, first.told_on, first.shown_at) == ("", on("Mon 2026-03-02"), MONDAY)
    assert not first.is_handover


def test_what_the_customer_does_not_see_or_what_is_over_promises_nothing(app: Flask) -> None:
    with unit_of_work():
        project = projects.live()
        internal = next(one for one in project.milestones if one.audience is Audience.INTERNAL)
        left_out = projects.milestone(project, "install")
        left_out.state, left_out.skip_reason = MilestoneState.SKIPPED, "Trained before"
        for key in (internal.key, "order", left_out.key, "nothing-of-the-kind"):
            assert shown(project, key, on("Tue 2026-04-07")) == 0
        assert shown(project, "delivery", on("Sun 2026-03-01")) == 0

    assert ledger() == []


def test_everything_that_is_visible_is_noted_when_nothing_is_named(app: Flask) -> None:
    with unit_of_work():
        project = projects.live()
        count = note_shown(project, shown_on=ShownOn.PAGE, reference="", at=MONDAY, by_id=None)
        visible = {
            one.key
            for one in project.milestones
            if one.audience is Audience.CUSTOMER and one.state is not MilestoneState.DONE
        }

    assert count == len(visible)
    assert {key for key, _, _ in ledger()} == visible
    marked = db.session.scalars(sa.select(Promise.milestone_key).where(Promise.is_handover)).all()
    assert marked == ["handover"]


def test_a_day_counts_at_the_site(app: Flask) -> None:
    with unit_of_work():
        auckland = orders.site(
            account="Tasman", key="TD", country="NZ", subdivision="AUK", zone="Pacific/Auckland"
        )
        sunday_evening = at("Sun 2026-03-01 20:00+00:00")
        project = projects.live(place=auckland, at=sunday_evening, requested_from=None)
        assert shown(project, "delivery", on("Sun 2026-03-01"), when=sunday_evening) == 0
        assert shown(project, "delivery", on("Mon 2026-03-02"), when=sunday_evening) == 1

    assert db.session.scalar(sa.select(Promise.told_on)) == on("Mon 2026-03-02")


def test_an_order_change_agrees_other_dates_and_the_older_ones_are_not_broken(app: Flask) -> None:
    with unit_of_work():
        project = projects.live()
        handover = projects.milestone(project, "handover")
        first = handover.promised_on
        assert first is not None
        shown(project, "handover", first)
        asked = proposals.propose(
            project.id,
            ProposalKind.NEW_DATES,
            requested_from=on("Mon 2026-05-04"),
            note="",
            actor_id=None,
            at=MONDAY,
        )
        proposals.accept(project.id, asked.id, reason="", actor_id=None, at=MONDAY)

    entries = promises.ledger_of(whole(project), at=MONDAY + timedelta(days=180))
    outcome = {(one.promise.milestone_key, one.promise.finish_on): one.outcome for one in entries}
    agreed = [one.promise for one in entries if one.promise.shown_on is ShownOn.AGREEMENT]
    assert outcome["handover", first] is Outcome.AGREED
    assert all(one.is_agreed for one in agreed)
    assert {one.reference for one in agreed} == {"SO-48213"}
    told = promises.promises_kept(OPERATOR, **SECOND_QUARTER, at=MONDAY + timedelta(days=180))
    assert told.agreed == 1


def test_what_is_promised_anew_by_us_alone_is_no_agreement(app: Flask) -> None:
    with unit_of_work():
        project = projects.live()
        approving.promise_anew(project.id, reason="We need longer", actor_id=None, at=MONDAY)

    assert ledger() == []


def test_promising_notes_who_when_and_why_for_what_changed_only(app: Flask) -> None:
    with unit_of_work():
        ada = people.user()
        project = projects.draft()
        approving.approve_plan(project.id, actor_id=ada.id, at=MONDAY)
        later = MONDAY + timedelta(days=1)
        approving.promise_anew(project.id, reason="Nothing moved", actor_id=ada.id, at=later)

    rows = db.session.scalars(sa.select(DateChange).where(DateChange.kind == DateKind.PROMISED)).all()
    handover = projects.milestone(project, "handover")
    assert len(rows) == len({row.milestone_id for row in rows}) == len(project.milestones)
    mine = next(row for row in rows if row.milestone_id == handover.id)
    assert (mine.finish_on, mine.by_id, mine.at, mine.because) == (
        handover.promised_on,
        ada.id,
        MONDAY,
        Because.APPROVED,
    )


def test_a_promise_in_the_past_is_refused_with_a_sentence(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    with unit_of_work():
        project = projects.live()
    much_later = MONDAY + timedelta(days=365)
    monkeypatch.setattr(approving, "follow", lambda project, *, at, **more: ())  # a plan that nobody laid out

    with pytest.raises(Refused, match="which is past"), unit_of_work():
        approving.promise_anew(project.id, reason="As it was", actor_id=None, at=much_later)

    db.session.rollback()
    assert len(queries.baselines_of(project.id)) == 1


def test_a_quarter_counts_each_distinct_date_once_for_its_account(app: Flask) -> None:
    """Delivery: 7 Apr broken, 14 Apr kept on two channels. Install: 20 May kept. Handover: 1 Jul is out."""
    now = at("Mon 2026-08-03 09:00+00:00")
    with unit_of_work():
        project = projects.live()
        for day in (on("Tue 2026-04-07"), on("Tue 2026-04-14")):
            shown(project, "delivery", day)
            shown(project, "delivery", day, shown_on=ShownOn.PDF)
        shown(project, "install", on("Wed 2026-05-20"))
        shown(project, "handover", on("Wed 2026-07-01"))
        _done(projects.milestone(project, "delivery"), on("Fri 2026-04-10"))
        _done(projects.milestone(project, "install"), on("Wed 2026-05-20"))
        other = projects.live(place=orders.site(account="Carver State", key="CS"), number="SO-2")
        shown(other, "delivery", on("Tue 2026-04-07"))

    assert promises.promises_kept(OPERATOR, **SECOND_QUARTER, at=now) == Tally(kept=2, broken=2)
    rows, total = promises.tallies_by_account(OPERATOR, **SECOND_QUARTER, at=now)
    assert total == 2
    assert {row.name: row.tally for row in rows} == {
        "Halden Biologics": Tally(kept=2, broken=1),
        "Carver State": Tally(broken=1),
    }
    dates = promises.due_dates(OPERATOR, project.account_id, **SECOND_QUARTER, at=now)
    assert [(one.milestone_key, one.finish_on, one.outcome, one.channels) for one in dates] == [
        ("delivery", on("Tue 2026-04-07"), Outcome.BROKEN, (ShownOn.MAIL, ShownOn.PDF)),
        ("delivery", on("Tue 2026-04-14"), Outcome.KEPT, (ShownOn.MAIL, ShownOn.PDF)),
        ("install", on("Wed 2026-05-20"), Outcome.KEPT, (ShownOn.MAIL,)),
    ]


def test_what_left_the_plan_in_time_is_withdrawn(app: Flask) -> None:
    now = at("Mon 2026-08-03 09:00+00:00")
    with unit_of_work():
        project = projects.live()
        install = projects.milestone(project, "install")
        shown(project, "install", on("Tue 2026-04-07"))
        shown(project, "install", on("Wed 2026-05-20"))
        install.state, install.skip_reason = MilestoneState.SKIPPED, "Trained elsewhere"
        left_at = at("Thu 2026-05-07 12:00+00:00")
        db.session.add(
            DateChange(project_id=project.id, milestone_id=install.id, kind=DateKind.PLANNED, at=left_at)
        )

    assert promises.promises_kept(OPERATOR, **SECOND_QUARTER, at=now) == Tally(broken=1)


def test_a_cancelled_project_breaks_only_what_was_due_before(app: Flask) -> None:
    now = at("Mon 2026-08-03 09:00+00:00")
    with unit_of_work():
        project = projects.live()
        shown(project, "delivery", on("Tue 2026-04-07"))
        shown(project, "handover", on("Wed 2026-05-20"))
        proposals.cancel(project.id, reason="Budget gone", actor_id=None, at=at("Fri 2026-05-08 12:00+00:00"))

    assert promises.promises_kept(OPERATOR, **SECOND_QUARTER, at=now) == Tally(broken=1)
    entries = promises.ledger_of(whole(project), at=now)
    assert {one.outcome for one in entries} == {Outcome.BROKEN, Outcome.WITHDRAWN}


def test_a_technician_counts_only_the_projects_they_go_to(app: Flask) -> None:
    with unit_of_work():
        project = projects.live()
        shown(project, "delivery", on("Tue 2026-04-07"))
        mallory = people.user(name="Mallory Strang", role=Role.TECHNICIAN)
        stranger = Viewer(mallory.id, mallory.name, mallory.role, mallory.zone, mallory.language)
    now = at("Mon 2026-08-03 09:00+00:00")

    assert promises.promises_kept(stranger, **SECOND_QUARTER, at=now) == Tally()
    assert promises.account_named(stranger, project.account_id) is None


DAYS = st.dates(date(2026, 4, 1), date(2026, 4, 20))
KEYS = st.sampled_from(["delivery", "install", "handover"])
TOLD = st.lists(
    st.tuples(KEYS, DAYS, st.dates(date(2026, 3, 20), date(2026, 4, 20)), st.booleans()),
    max_size=14,
    unique_by=lambda row: (row[0], row[1]),
)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    told=TOLD,
    finished=st.dictionaries(KEYS, DAYS, max_size=3),
    now=st.dates(date(2026, 4, 1), date(2026, 4, 25)),
)
def test_the_database_counts_as_the_rules_do(
    app: Flask, told: list[tuple[str, date, date, bool]], finished: dict[str, date], now: date
) -> None:
    when = datetime.combine(now, MONDAY.timetz()) + timedelta(hours=9)  # the day has begun everywhere
    with unit_of_work():
        project = db.session.scalar(sa.select(Project)) or projects.live()
        project = queries.project_for_change(project.id)
        db.session.execute(sa.delete(Promise))
        for milestone in project.milestones:
            if milestone.key in {"delivery", "install", "handover"}:
                _undone(milestone)
        promising.write(
            [
                {**_row(project, key), "finish_on": due, "told_on": told_on, "is_agreed": is_agreed}
                for key, due, told_on, is_agreed in told
            ],
            session=db.session(),
        )
        for key, day in finished.items():
            _done(projects.milestone(project, key), day)
    period = {"from_on": date(2026, 4, 3), "to_on": date(2026, 4, 18)}

    counted = promises.promises_kept(OPERATOR, **period, at=when)
    listed = promises.due_dates(OPERATOR, project.account_id, **period, at=when)

    again = whole(project)
    rows = db.session.scalars(sa.select(Promise)).all()
    judged = outcomes([promises._told(row) for row in rows], promises.fates_of([again]), today=now)
    assert counted == tally(judged, **period)
    assert {(f"{project.id} {one.milestone_key}", one.finish_on): one.outcome for one in listed} == {
        place: outcome for place, outcome in judged.items() if period["from_on"] <= place[1] < period["to_on"]
    }
    db.session.rollback()


def _row(project: Project, key: str) -> dict[str, object]:
    return {
        "project_id": project.id,
        "account_id": project.account_id,
        "milestone_id": projects.milestone(project, key).id,
        "milestone_key": key,
        "is_handover": False,
        "start_on": None,
        "shown_on": ShownOn.MAIL,
        "shown_at": MONDAY,
        "reference": "",
        "by_id": None,
    }


def _done(milestone: Milestone, day: date) -> None:
    milestone.state, milestone.finished_on = MilestoneState.DONE, day


def _undone(milestone: Milestone) -> None:
    milestone.state, milestone.started_on, milestone.finished_on = MilestoneState.PLANNED, None, None


# ------------------------------------------------------------------ pages


def test_the_pages_show_what_was_promised_and_what_became_of_it(app: Flask, ada: FlaskClient) -> None:
    today = clock.today("Europe/Zurich")
    with unit_of_work():
        project = projects.live(requested_from=None, at=clock.now() - timedelta(days=120))
        shown(
            project,
            "delivery",
            today - timedelta(days=100),
            when=clock.now() - timedelta(days=119),
            reference="yuki@halden.example",
        )
    quarter = f"{(today - timedelta(days=100)).year}-Q{((today - timedelta(days=100)).month + 2) // 3}"

    of_project = ada.get(f"/projects/{project.key}/promises").text
    of_all = ada.get(f"/promises?quarter={quarter}").text
    of_one = ada.get(f"/promises?quarter={quarter}&account={project.account_id}").text
    part = ada.get(f"/accounts/{project.account_id}/promises").text

    assert "yuki@halden.example" in of_project
    assert "Broken" in of_project
    assert "0 of 1 promise kept" in of_all
    assert "Halden Biologics" in of_all
    assert "Delivered" in of_one or "Delivery" in of_one
    assert quarter in part


@pytest.mark.parametrize("quarter", ["2026", "2026-Q7", "x", "9999-Q1"])
def test_a_quarter_that_is_none_is_said(ada: FlaskClient, quarter: str) -> None:
    answer = ada.get(f"/promises?quarter={quarter}")

    assert answer.status_code == 422
    assert "2026-Q4" in answer.text


def test_an_account_that_is_none_is_not_found(ada: FlaskClient) -> None:
    assert ada.get("/promises?account=987654").status_code == 404


def test_promising_asks_whether_the_customer_agreed(app: Flask, ada: FlaskClient) -> None:
    with unit_of_work():
        project = projects.live(requested_from=None, at=clock.now())
    token = csrf_token(ada, f"/projects/{project.key}/promise")

    answer = ada.post(
        f"/projects/{project.key}/promise",
        data={"csrf_token": token, "reason": "Agreed by telephone", "is_agreed": "y"},
    )

    assert ledger() == [], "what it does is shown before it is done"
    assert agree(ada, answer).status_code == 303
    assert {channel for _, _, channel in ledger()} == {ShownOn.AGREEMENT}
