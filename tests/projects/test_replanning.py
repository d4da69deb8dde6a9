"""A change of working days is seen before it is made, and does what was seen."""

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from concierge.accounts.states import SiteClosureKind
from concierge.catalogue.states import DaysOf
from concierge.platform.database import db, unit_of_work
from concierge.platform.errors import Refused, Stale
from concierge.platform.events import RecordedEvent
from concierge.platform.jobs import Progress
from concierge.projects import calendars, chores
from concierge.projects import queries as project_queries
from concierge.projects.actions import calendar_changes, replanning
from concierge.projects.actions.calendar_changes import CalendarChange, ChangeKind
from concierge.projects.calendars import known_of
from concierge.projects.models import (
    CalendarProposal,
    CalendarProposalMove,
    Milestone,
    MilestoneCrew,
    Project,
)
from concierge.projects.queries import replanning as queries
from concierge.projects.states import CalendarProposalState, Health
from concierge.workforce.actions import hours as technician_hours
from concierge.workforce.models import Closure
from tests.makers import orders, projects, workforce
from tests.makers.days import on

MONDAY = orders.RECEIVED

Dates = dict[str, tuple[date | None, date | None]]


def a_closure(first: str = "Tue 2026-04-07", last: str = "Thu 2026-04-09", **wanted: str) -> CalendarChange:
    return CalendarChange(
        kind=ChangeKind.CLOSURE,
        name=wanted.pop("name", "Moving house"),
        first_on=on(first),
        last_on=on(last),
        **wanted,  # type: ignore[arg-type]  # times as text
    )


def propose(change: CalendarChange, *, at: datetime = MONDAY) -> CalendarProposal:
    with unit_of_work():
        return replanning.propose(change, title="Moving house", actor_id=None, at=at)


def apply(proposal: CalendarProposal, *, at: datetime = MONDAY) -> CalendarProposal:
    with unit_of_work():
        return replanning.apply(number_of(proposal), actor_id=None, at=at)


def number_of(proposal: CalendarProposal) -> int:
    """Its id, even when the session has forgotten it."""
    identity = sa.inspect(proposal).identity
    assert identity is not None
    return int(identity[0])


def dates_of(project: Project) -> Dates:
    db.session.rollback()
    again = db.session.scalars(
        db.select(Milestone)
        .where(Milestone.project_id == project.id)
        .execution_options(populate_existing=True)
    )
    return {one.key: (one.forecast_start_on, one.forecast_on) for one in again}


def as_it_is(project: Project) -> Project:
    """The project as its rows are now."""
    return queries.projects_to_lay_out([project.id], for_change=False)[0]


def foreseen(proposal: CalendarProposal) -> dict[int, tuple[date | None, date | None]]:
    rows = db.session.scalars(
        db.select(CalendarProposalMove).where(CalendarProposalMove.proposal_id == number_of(proposal))
    )
    return {row.milestone_id: (row.start_after, row.finish_after) for row in rows}


def kinds() -> Sequence[str]:
    return db.session.scalars(db.select(RecordedEvent.name).order_by(RecordedEvent.id)).all()


def test_a_closure_is_seen_before_it_is_made_and_does_what_was_seen(app: Flask) -> None:
    with unit_of_work():
        project = projects.live()
    before = dates_of(project)

    proposal = propose(a_closure())
    unchanged, expected = dates_of(project), foreseen(proposal)
    apply(proposal)

    after = dates_of(project)
    ids = {one.key: one.id for one in db.session.scalars(db.select(Milestone))}
    assert proposal.state is CalendarProposalState.APPLIED
    assert unchanged == before
    assert after != before
    assert {ids[key]: days for key, days in after.items() if days != before[key]} == expected
    assert after["install"][0] == on("Fri 2026-04-10")  # it stood on Tue 7 April
    assert db.session.scalar(db.select(Closure.name)) == "Moving house"
    assert kinds().count("PlanReplanned") == 1


def test_promises_stay_and_the_project_says_so(app: Flask) -> None:
    with unit_of_work():
        project = projects.live()
    promised = {one.key: one.promised_on for one in project.milestones}

    proposal = propose(a_closure("Tue 2026-04-07", "Fri 2026-05-29"))
    apply(proposal)

    db.session.rollback()
    again = as_it_is(project)
    assert proposal.promises > 0
    assert {one.key: one.promised_on for one in again.milestones} == promised
    assert again.health is Health.LATE
    assert again.slip_workdays > 0


def test_a_change_on_which_nothing_depends_is_made_at_once(app: Flask) -> None:
    with unit_of_work():
        projects.live()

    proposal = propose(a_closure("Mon 2028-01-03", "Mon 2028-01-03"))

    assert proposal.state is CalendarProposalState.APPLIED
    assert db.session.scalar(db.select(Closure.first_on)) == on("Mon 2028-01-03")
    assert "PlanReplanned" not in kinds()


def test_half_a_day_moves_no_day(app: Flask) -> None:
    with unit_of_work():
        projects.live()

    proposal = propose(a_closure(from_time="12:00", to_time="17:00"))

    assert proposal.state is CalendarProposalState.APPLIED


def test_a_closure_that_is_changed_and_removed_leads_back_to_the_same_dates(app: Flask) -> None:
    with unit_of_work():
        project = projects.live()
    before = dates_of(project)
    apply(propose(a_closure()))
    with_closure = dates_of(project)
    row = calendar_changes.closure_as_it_is(db.session.scalars(db.select(Closure)).one())

    later = CalendarChange(
        kind=ChangeKind.CLOSURE,
        row_id=row.row_id,
        name="Moving house",
        first_on=on("Tue 2026-04-07"),
        last_on=on("Wed 2026-04-08"),
        before=row,
    )
    apply(propose(later))
    with_later = dates_of(project)
    row = calendar_changes.closure_as_it_is(db.session.scalars(db.select(Closure)).one())
    apply(propose(CalendarChange(kind=ChangeKind.CLOSURE, row_id=row.row_id, removes=True, before=row)))

    assert with_closure != with_later
    assert with_later != before
    assert dates_of(project) == before
    assert db.session.scalar(db.select(Closure.id)) is None


def test_a_plan_that_changed_since_is_shown_again_before_it_moves(app: Flask) -> None:
    with unit_of_work():
        project = projects.live()
    proposal = propose(a_closure())
    with unit_of_work():
        delivery = projects.milestone(project_queries.project_for_change(project.id), "delivery")
        delivery.not_before_on = on("Mon 2026-04-06") + timedelta(days=30)
        db.session.flush()

    with pytest.raises(Stale, match="Plans have changed since: HB-1001"):
        apply(proposal)

    db.session.rollback()
    assert db.session.scalar(db.select(Closure.id)) is None
    with unit_of_work():
        replanning.foresee_again(proposal.id, actor_id=None, at=MONDAY)
    assert apply(proposal).state is CalendarProposalState.APPLIED


def test_a_calendar_that_changed_since_refuses(app: Flask) -> None:
    with unit_of_work():
        projects.live()
    proposal = propose(a_closure())
    with unit_of_work():
        workforce.closure("Carnival", on("Mon 2026-02-23"))

    with pytest.raises(Stale, match="Working days have changed since"):
        apply(proposal)


def test_a_row_that_somebody_else_changed_refuses(app: Flask) -> None:
    with unit_of_work():
        projects.live()
    apply(propose(a_closure()))
    row = calendar_changes.closure_as_it_is(db.session.scalars(db.select(Closure)).one())
    proposal = propose(CalendarChange(kind=ChangeKind.CLOSURE, row_id=row.row_id, removes=True, before=row))
    with unit_of_work():
        db.session.scalars(db.select(Closure)).one().name = "Moving again"

    with pytest.raises(Stale), unit_of_work():
        replanning.foresee_again(proposal.id, actor_id=None, at=MONDAY)


def test_a_discarded_change_leaves_nothing_behind(app: Flask) -> None:
    with unit_of_work():
        project = projects.live()
    before, proposal = dates_of(project), propose(a_closure())

    with unit_of_work():
        replanning.discard(proposal.id, actor_id=None, at=MONDAY)

    assert dates_of(project) == before
    assert not foreseen(proposal)
    with pytest.raises(Refused, match="was discarded"):
        apply(proposal)


def test_a_site_that_is_frozen_moves_its_own_projects_only(app: Flask) -> None:
    with unit_of_work():
        project = projects.live()
        other_place = orders.site(
            account="Isar Klinik", key="IK", city="Munich", country="DE", subdivision="BY"
        )
        other = projects.live(place=other_place, number="SO-2")

    frozen = CalendarChange(
        kind=ChangeKind.SITE_CLOSURE,
        site_id=project.site_id,
        word=SiteClosureKind.FROZEN.value,
        name="Audit",
        first_on=on("Tue 2026-04-07"),
        last_on=on("Wed 2026-04-08"),
    )
    before = dates_of(other)
    proposal = propose(frozen)
    moved = set(foreseen(proposal))
    apply(proposal)

    db.session.rollback()
    days = known_of([project]).calendars(as_it_is(project), today=MONDAY.date())
    assert moved <= {one.id for one in project.milestones}
    assert dates_of(other) == before
    assert days[DaysOf.SITE].explained(on("Tue 2026-04-07")) == (("frozen", "Audit"),)
    assert days[DaysOf.CUSTOMER].is_workday(on("Tue 2026-04-07"))
    assert days[DaysOf.COMPANY].is_workday(on("Tue 2026-04-07"))
    assert days[DaysOf.EVERY_DAY].is_workday(on("Sun 2026-04-05"))


def test_a_site_that_lets_us_in_on_two_weekdays_only_takes_longer(app: Flask) -> None:
    with unit_of_work():
        project = projects.live()
    week = CalendarChange(
        kind=ChangeKind.SITE_HOURS,
        site_id=project.site_id,
        hours=((1, "08:00", "12:00"), (1, "13:00", "17:00"), (3, "08:00", "17:00")),
    )

    apply(propose(week))

    assert {days[1].weekday() for key, days in dates_of(project).items() if days[1] and key != "order"} <= {
        1,
        3,
    }
    site = queries.site_with_days(project.site_id)
    assert [(row.weekday, f"{row.opens:%H:%M}") for row in site.hours] == [
        (1, "08:00"),
        (1, "13:00"),
        (3, "08:00"),
    ]


def test_the_days_of_a_crew_follow_its_absences(app: Flask) -> None:
    with unit_of_work():
        project = projects.live()
        tomas = workforce.technician()
        install = projects.milestone(project, "install")
        install.days_of = DaysOf.CREW
        db.session.add(MilestoneCrew(milestone_id=install.id, user_id=tomas.user_id))
    away = CalendarChange(
        kind=ChangeKind.ABSENCE,
        user_id=tomas.user_id,
        word="leave",
        name="Tomas Keller",
        first_on=on("Tue 2026-04-07"),
        last_on=on("Fri 2026-04-10"),
    )

    proposal = propose(away)
    assert proposal.state is CalendarProposalState.OPEN
    apply(proposal)

    assert dates_of(project)["install"][0] == on("Mon 2026-04-13")
    with unit_of_work():  # and their own week
        technician_hours.set_hours(tomas, [(0, 480, 1020), (1, 480, 1020)], at=MONDAY, actor_id=None)
    theirs = calendars.known_of_technician(tomas.user_id).of_technician(tomas.user_id)
    assert [theirs.is_workday(on(day)) for day in ("Mon 2026-04-13", "Wed 2026-04-15")] == [True, False]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (a_closure("Thu 2026-04-09", "Tue 2026-04-07"), "cannot come before its first. Exchange the two"),
        (a_closure(from_time="17:00", to_time="12:00"), "end before they begin. Exchange the two times"),
        (a_closure(from_time="17:00"), "needs both hours"),
        (CalendarChange(kind=ChangeKind.HOME, name="Nowhere", country="QQ"), "“QQ” is no country"),
    ],
)
def test_a_change_that_cannot_be_is_refused_in_words(
    app: Flask, change: CalendarChange, sentence: str
) -> None:
    with pytest.raises(Refused, match=sentence):
        propose(change)

    db.session.rollback()
    assert db.session.scalar(db.select(CalendarProposal.id)) is None


def test_access_hours_upside_down_are_refused(app: Flask) -> None:
    with unit_of_work():
        place = orders.site()

    for hours, sentence in (
        (((0, "17:00", "08:00"),), "closes before it opens"),
        (((0, "08:00", "12:00"), (0, "11:00", "17:00")), "overlap"),
    ):
        with pytest.raises(Refused, match=sentence):
            propose(CalendarChange(kind=ChangeKind.SITE_HOURS, site_id=place.id, hours=hours))


def test_a_place_closed_for_years_is_refused_and_nothing_is_kept(app: Flask) -> None:
    with unit_of_work():
        projects.live()

    with pytest.raises(Refused, match="shorten its closures"):
        propose(a_closure("Tue 2026-04-07", "Sun 2028-12-31"))

    db.session.rollback()
    assert db.session.scalar(db.select(CalendarProposal.id)) is None


class TestManyProjects:
    """What many projects depend on is foreseen and applied by jobs."""

    @pytest.fixture(autouse=True)
    def _few(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(replanning, "FEW", 1)
        monkeypatch.setattr(replanning, "CHUNK", 2)

    def some(self) -> list[Project]:
        with unit_of_work():
            place = orders.site()
            return [projects.live(place=place, number=f"SO-{number}") for number in range(5)]

    def run(self, work: Callable[[Progress, dict[str, Any]], Any], proposal: CalendarProposal) -> None:
        """Do what the worker does: the work, then its end in a transaction."""
        db.session.rollback()
        again = queries.calendar_proposal(number_of(proposal))
        assert again.job_id is not None
        result = work(Progress(job_id=again.job_id, owner_id=None), {"proposal_id": again.id})
        if callable(result):
            with unit_of_work():
                result()

    def test_they_move_as_foreseen(self, app: Flask) -> None:
        some = self.some()
        proposal = propose(a_closure())
        assert proposal.state is CalendarProposalState.FORESEEING
        with pytest.raises(Refused, match="still being worked out"):
            apply(proposal)
        self.run(chores.foresee_calendar, proposal)
        db.session.rollback()
        expected = foreseen(proposal)

        assert apply(proposal).state is CalendarProposalState.APPLYING
        self.run(chores.apply_calendar, proposal)

        db.session.rollback()
        assert queries.calendar_proposal(number_of(proposal)).state is CalendarProposalState.APPLIED
        after = {
            one.id: (one.forecast_start_on, one.forecast_on)
            for one in db.session.scalars(db.select(Milestone).execution_options(populate_existing=True))
        }
        assert {id_: after[id_] for id_ in expected} == expected
        assert queries.calendar_proposal(number_of(proposal)).projects == len(some)
        assert kinds().count("PlanReplannedAmongMany") == len(some)

    def test_a_job_that_was_killed_goes_on_where_it_stopped(
        self, app: Flask, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        some = self.some()
        proposal = propose(a_closure())
        self.run(chores.foresee_calendar, proposal)
        apply(proposal)
        real, calls = replanning.replan, []

        def killed(*args: object, **kwargs: object) -> object:
            calls.append(1)
            if len(calls) == 2:
                raise KeyboardInterrupt
            return real(*args, **kwargs)  # type: ignore[arg-type]  # passed through

        monkeypatch.setattr(replanning, "replan", killed)
        with pytest.raises(KeyboardInterrupt):
            self.run(chores.apply_calendar, proposal)
        self.run(chores.apply_calendar, proposal)

        db.session.rollback()
        assert db.session.scalars(db.select(Closure.name)).all() == ["Moving house"]
        assert kinds().count("PlanReplannedAmongMany") == len(some)
        assert kinds().count("ClosureEntered") == 1

    def test_a_calendar_that_changed_before_the_job_began_refuses(self, app: Flask) -> None:
        self.some()
        proposal = propose(a_closure())
        self.run(chores.foresee_calendar, proposal)
        apply(proposal)
        with unit_of_work():
            workforce.closure("Carnival", on("Mon 2026-02-23"))

        with pytest.raises(Stale):
            self.run(chores.apply_calendar, proposal)

        db.session.rollback()
        assert queries.calendar_proposal(number_of(proposal)).state is CalendarProposalState.OPEN
        assert db.session.scalars(db.select(Closure.name)).all() == ["Carnival"]
