"""An order becomes a plan; what moves, moves with all that depends on it."""

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from concierge.catalogue.states import GateKind
from concierge.platform.database import db, unit_of_work
from concierge.platform.errors import Refused
from concierge.platform.events import RecordedEvent
from concierge.projects import chores, queries
from concierge.projects.actions import approving, creation, gates, milestones, proposals, rescheduling
from concierge.projects.actions.approving import approve_plan
from concierge.projects.models import Baseline, BaselineMilestone, Milestone, Project
from concierge.projects.states import (
    BlockCause,
    GateState,
    Health,
    MilestoneState,
    ProjectState,
    ProposalKind,
)
from concierge.readiness.models import ReadinessItem
from tests.makers import orders, people, projects
from tests.makers.days import on

MONDAY = orders.RECEIVED


def test_an_order_becomes_a_draft_laid_out_to_the_requested_delivery(app: Flask) -> None:
    with unit_of_work():
        project = projects.draft(requested_from=on("Wed 2026-04-01"))

    assert project.key == "HB-1001"
    assert project.state is ProjectState.DRAFT
    assert project.health is Health.DRAFT
    assert projects.milestone(project, "order").state is MilestoneState.DONE
    assert projects.milestone(project, "delivery").forecast_on == on("Wed 2026-04-01")
    assert projects.milestone(project, "install").forecast_on == on("Tue 2026-04-07")  # Easter is 5 April
    assert all(one.promised_on is None for one in project.milestones)


def test_a_requested_date_in_the_past_is_kept_and_the_plan_starts_today(app: Flask) -> None:
    with unit_of_work():
        project = projects.draft(requested_from=on("Mon 2026-01-05"))

    assert project.requested_from == on("Mon 2026-01-05")
    assert project.starts_on == MONDAY.date()
    assert projects.milestone(project, "delivery").forecast_on > MONDAY.date()


def test_the_same_order_gives_the_same_project(app: Flask) -> None:
    with unit_of_work():
        project = projects.draft()
        again = creation.create_project(project.order_id, actor_id=None, at=MONDAY)

    assert again.id == project.id


def test_approval_promises_the_dates_and_keeps_them(app: Flask) -> None:
    with unit_of_work():
        project = projects.live()

    assert project.state is ProjectState.LIVE
    assert project.health is Health.ON_TRACK
    assert [one.promised_on for one in project.milestones] == [one.finish_on for one in project.milestones]
    assert db.session.scalar(sa.select(sa.func.count(Baseline.id))) == 1
    assert db.session.scalar(sa.select(sa.func.count(BaselineMilestone.id))) == len(project.milestones)


def test_an_approved_plan_cannot_be_approved_again(app: Flask) -> None:
    with unit_of_work():
        project = projects.live()

    with pytest.raises(Refused, match="only a draft"), unit_of_work():
        approve_plan(project.id, actor_id=None, at=MONDAY)


def test_a_move_does_what_its_preview_says_and_keeps_the_promise(app: Flask) -> None:
    with unit_of_work():
        project = projects.live()
        delivery = projects.milestone(project, "delivery")
        promised = {one.key: one.promised_on for one in project.milestones}
        preview = rescheduling.preview_move(project, delivery, to=on("Tue 2026-04-14"), at=MONDAY)

    with unit_of_work():
        moved = rescheduling.move_milestone(
            project.id, delivery.id, to=on("Tue 2026-04-14"), reason="Carrier late", actor_id=None, at=MONDAY
        )

    event = (
        db.session.scalars(sa.select(RecordedEvent).where(RecordedEvent.name == "MilestoneMoved")).one().event
    )
    assert event.moves == preview.moves
    assert projects.milestone(moved, "delivery").forecast_start_on == on("Tue 2026-04-14")
    assert {one.key: one.promised_on for one in moved.milestones} == promised
    assert moved.health is Health.LATE
    assert moved.slip_workdays > 0


def test_moving_forward_and_back_restores_every_date(app: Flask) -> None:
    with unit_of_work():
        project = projects.live()
        delivery = projects.milestone(project, "delivery")
        before = {one.key: (one.forecast_start_on, one.forecast_on) for one in project.milestones}
        for day in (on("Tue 2026-04-21"), on("Wed 2026-04-01")):
            rescheduling.move_milestone(project.id, delivery.id, to=day, reason="", actor_id=None, at=MONDAY)

    assert {one.key: (one.forecast_start_on, one.forecast_on) for one in project.milestones} == before


def test_a_move_onto_a_holiday_says_why_it_starts_later(app: Flask) -> None:
    with unit_of_work():
        project = projects.live()
        preview = rescheduling.preview_move(
            project, projects.milestone(project, "delivery"), to=on("Fri 2026-04-03"), at=MONDAY
        )

    assert preview.starts_on == on("Tue 2026-04-07")
    assert "Karfreitag" in preview.why_not_as_asked


def test_dependants_follow_an_early_and_a_late_finish(app: Flask) -> None:
    with unit_of_work():
        project = projects.live(requested_from=None)
        planned = projects.milestone(project, "site-ready").forecast_start_on
        kick_off = projects.milestone(project, "kick-off")
        at = MONDAY + timedelta(days=7)
        milestones.finish(project.id, kick_off.id, on=on("Mon 2026-03-09"), actor_id=None, at=at)

    assert planned == on("Wed 2026-03-04")
    assert projects.milestone(project, "site-ready").forecast_start_on == on("Tue 2026-03-10")


def test_what_did_not_happen_moves_when_the_day_has_passed(app: Flask) -> None:
    with unit_of_work():
        project = projects.live(requested_from=None)
        handover = project.forecast_handover_on
    with unit_of_work():
        chores.follow_the_day(MONDAY + timedelta(days=10))
    with unit_of_work():
        chores.follow_the_day(MONDAY + timedelta(days=10))

    assert project.forecast_handover_on > handover
    assert project.health is Health.LATE
    names = db.session.scalars(
        sa.select(RecordedEvent.name).where(RecordedEvent.name == "ForecastChanged")
    ).all()
    assert len(names) == 1


def test_a_blocked_milestone_is_the_reason_that_the_project_gives(app: Flask) -> None:
    with unit_of_work():
        project = projects.live()
        lab = projects.milestone(project, "site-ready")
        milestones.block(
            project.id, lab.id, cause=BlockCause.POWER, reason="No electrician", actor_id=None, at=MONDAY
        )

    assert project.health is Health.AT_RISK
    assert project.health_facts["causes"][0]["words"] == "No electrician"


def test_a_held_gate_refuses_shipping_until_a_named_person_overrides_it(app: Flask) -> None:
    with unit_of_work():
        ada = people.user()
        project = projects.live(requested_from=None)
        item = gates.HoldingItem("power", {"en": "Power"}, on("Mon 2026-03-09"))
        gates.report_open_items(project.id, GateKind.SHIP, [item], actor_id=None, at=MONDAY)
        later = MONDAY + timedelta(days=30)
        for key in ("kick-off", "site-ready"):
            step = projects.milestone(project, key)
            milestones.finish(project.id, step.id, on=later.date(), actor_id=None, at=later)
        release = projects.milestone(project, "ship-release")

        with pytest.raises(Refused, match="site readiness"):
            milestones.finish(project.id, release.id, on=later.date(), actor_id=None, at=later)
        gates.override(project.id, GateKind.SHIP, reason="Customer signs for it", actor_id=ada.id, at=later)
        milestones.finish(project.id, release.id, on=later.date(), actor_id=None, at=later)

    assert project.gates[0].state is GateState.OVERRIDDEN
    assert release.state is MilestoneState.DONE


def test_the_last_milestone_finishes_the_project_and_reopening_brings_it_back(app: Flask) -> None:
    with unit_of_work():
        project = projects.live(requested_from=None)
        db.session.execute(sa.update(ReadinessItem).values(is_asked=False))
        db.session.expire_all()
        for kind in GateKind:
            gates.report_open_items(project.id, kind, [], actor_id=None, at=MONDAY)
        later = MONDAY + timedelta(days=40)
        for one in project.milestones:
            if one.state is not MilestoneState.DONE:
                milestones.finish(project.id, one.id, on=later.date(), actor_id=None, at=later)
        assert project.state is ProjectState.DONE
        last = project.milestones[-1]
        milestones.reopen(project.id, last.id, reason="Signature missing", actor_id=None, at=later)

    assert project.state is ProjectState.LIVE
    assert project.finished_on is None


def test_a_milestone_waits_for_its_predecessor_in_words(app: Flask) -> None:
    with unit_of_work():
        project = projects.live()
        handover = projects.milestone(project, "handover")

        with pytest.raises(Refused, match="waits for Install"):
            milestones.finish(project.id, handover.id, on=MONDAY.date(), actor_id=None, at=MONDAY)


def test_a_proposal_acts_only_when_accepted(app: Flask) -> None:
    with unit_of_work():
        project = projects.live()
        delivery = projects.milestone(project, "delivery")
        asked = proposals.propose(
            project.id,
            ProposalKind.NEW_DATES,
            requested_from=on("Mon 2026-04-20"),
            note="Later, please",
            actor_id=None,
            at=MONDAY,
        )
        assert delivery.forecast_start_on == on("Wed 2026-04-01")
        proposals.accept(project.id, asked.id, reason="", actor_id=None, at=MONDAY)

    assert delivery.forecast_start_on == on("Mon 2026-04-20")
    assert project.requested_from == on("Mon 2026-04-20")
    with pytest.raises(Refused, match="decided already"), unit_of_work():
        proposals.accept(project.id, asked.id, reason="", actor_id=None, at=MONDAY)
    with unit_of_work():
        rescheduling.move_milestone(
            project.id, delivery.id, to=on("Mon 2026-04-27"), reason="", actor_id=None, at=MONDAY
        )
        later, latest = [
            proposals.propose(
                project.id,
                ProposalKind.NEW_DATES,
                requested_from=on("Mon 2026-04-20"),
                note="",
                lines={"added": count},
                actor_id=None,
                at=MONDAY,
            )
            for count in (1, 2)
        ]
        proposals.accept(project.id, latest.id, reason="", actor_id=None, at=MONDAY)
    assert not later.asks_dates
    assert latest.lines == {"added": 3}, "what gave way undecided is not forgotten"
    assert delivery.forecast_start_on == on("Mon 2026-04-27"), "dates that were followed are not asked twice"


def test_accepting_other_dates_promises_them_and_keeps_the_first_plan(app: Flask) -> None:
    with unit_of_work():
        project = projects.live()
        asked = proposals.propose(
            project.id,
            ProposalKind.NEW_DATES,
            requested_from=on("Mon 2026-04-20"),
            note="",
            actor_id=None,
            at=MONDAY,
        )
        proposals.accept(project.id, asked.id, reason="", actor_id=None, at=MONDAY)

    assert project.promised_handover_on == project.forecast_handover_on
    assert project.health is Health.ON_TRACK
    first, second = queries.baselines_of(project.id)
    assert first.milestones[-1].finish_on < second.milestones[-1].finish_on


def test_a_move_is_the_cause_that_the_verdict_names(app: Flask) -> None:
    with unit_of_work():
        project = projects.live()
        delivery = projects.milestone(project, "delivery")
        rescheduling.move_milestone(
            project.id, delivery.id, to=on("Tue 2026-04-14"), reason="", actor_id=None, at=MONDAY
        )

    assert [cause["kind"] for cause in project.health_facts["causes"]] == ["moved"]


def test_other_dates_are_promised_with_a_reason_only(app: Flask) -> None:
    with unit_of_work():
        project = projects.live()
        delivery = projects.milestone(project, "delivery")
        rescheduling.move_milestone(
            project.id, delivery.id, to=on("Tue 2026-04-14"), reason="", actor_id=None, at=MONDAY
        )
        promised = project.promised_handover_on
        with pytest.raises(Refused, match="Say in a few words"):
            approving.promise_anew(project.id, reason=" ", actor_id=None, at=MONDAY)
        assert project.promised_handover_on == promised
        approving.promise_anew(project.id, reason="Agreed by phone", actor_id=None, at=MONDAY)

    assert project.promised_handover_on > promised
    assert project.slip_workdays == 0


def test_a_refused_move_leaves_nothing_behind(app: Flask) -> None:
    with unit_of_work():
        project = projects.live()
        order = projects.milestone(project, "order")
    before = db.session.scalar(sa.select(sa.func.count(RecordedEvent.id)))

    with pytest.raises(Refused, match="is done"), unit_of_work():
        rescheduling.move_milestone(
            project.id, order.id, to=on("Tue 2026-04-14"), reason="", actor_id=None, at=MONDAY
        )

    assert db.session.scalar(sa.select(sa.func.count(RecordedEvent.id))) == before
    assert db.session.get_one(Milestone, order.id).not_before_on is None
    assert db.session.get_one(Project, project.id).state is ProjectState.LIVE


def test_days_count_at_the_site_and_not_at_the_server(app: Flask) -> None:
    with unit_of_work():
        auckland = orders.site(
            account="Tasman Dairy",
            key="TD",
            city="Auckland",
            country="NZ",
            subdivision="AUK",
            zone="Pacific/Auckland",
        )
        sunday_evening = datetime(2026, 3, 1, 20, 0, tzinfo=UTC)  # Monday morning there
        project = projects.draft(place=auckland, at=sunday_evening, requested_from=None)

    assert project.starts_on == on("Mon 2026-03-02")
