"""Delays are entered, shown and amended; the ledger books each lost day once and adds up to the slip."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from concierge.catalogue.states import Team
from concierge.core.delays import Party as CoreParty
from concierge.platform.clock import day_at
from concierge.platform.database import db, unit_of_work
from concierge.platform.errors import Refused, Stale
from concierge.platform.events import RecordedEvent
from concierge.platform.file_kinds import NotKept
from concierge.projects import chores, queries
from concierge.projects.actions import (
    approving,
    delays,
    holding,
    milestones,
    replanning,
    rescheduling,
    shaping,
)
from concierge.projects.actions.calendar_changes import CalendarChange, ChangeKind
from concierge.projects.models import Delay, Project
from concierge.projects.queries import chances, lost_days
from concierge.projects.states import BlockCause, Counting, Party
from tests.makers import orders, projects
from tests.makers.days import on
from tests.makers.days import said as named

MONDAY = orders.RECEIVED
PDF = b"%PDF-1.7\n%%EOF\n"


def after(days: float) -> datetime:
    return MONDAY + timedelta(days=days)


def enter(project: Project, **wanted: object) -> Delay:
    """A delay of the whole project by the customer, from the day of the plan on."""
    facts = {
        "milestone_id": None,
        "party": Party.CUSTOMER,
        "team": None,
        "cause": BlockCause.POWER,
        "first_on": on("Mon 2026-03-02"),
        "last_on": None,
        "reason": "The outlet is missing.",
        "actor_id": None,
        "at": MONDAY,
        **wanted,
    }
    return delays.enter(project.id, **facts)  # type: ignore[arg-type]  # as in the action


def ledger(project: Project, at: datetime) -> lost_days.LostDays:
    db.session.rollback()
    found = lost_days.lost_days(seen(project), at=at)
    assert found is not None
    return found


def seen(project: Project) -> Project:
    (found,) = chances.whole_projects([project.id])
    return found


def slip(project: Project) -> int:
    """The slip against the plan that was approved, as the project itself says it while nothing else is promised."""
    db.session.rollback()
    return seen(project).slip_workdays


def test_a_draft_has_no_ledger_and_takes_no_delay(app: Flask) -> None:
    with unit_of_work():
        project = projects.draft()

    assert lost_days.lost_days(project, at=MONDAY) is None
    with pytest.raises(Refused, match="draft"), unit_of_work():
        enter(project)


def test_days_that_pass_are_booked_to_who_is_accountable(app: Flask) -> None:
    with unit_of_work():
        project = projects.live(requested_from=None)
    with unit_of_work():
        chores.follow_the_day(after(30))

    found = ledger(project, after(30))

    assert found.ledger.slip_workdays == slip(project) > 0
    assert {one.party for one in found.ledger.bookings} <= {CoreParty.US, CoreParty.CUSTOMER}
    assert sum(found.ledger.by_party().values()) == found.ledger.slip_workdays


def test_a_block_enters_itself_and_explains_the_days_until_it_is_lifted(app: Flask) -> None:
    with unit_of_work():
        project = projects.live(requested_from=None)
        first = next(one for one in project.milestones if one.started_on is None)
        milestones.block(
            project.id,
            first.id,
            cause=BlockCause.CUSTOMS,
            reason="Held at the border.",
            actor_id=None,
            at=MONDAY,
        )
    with unit_of_work():
        chores.follow_the_day(after(7))
        milestones.unblock(project.id, first.id, actor_id=None, at=after(7))

    found = ledger(project, after(7))
    (delay,) = lost_days.delays_of(project.id)

    assert (delay.party, delay.cause, delay.is_from_block) == (Party.CARRIER, BlockCause.CUSTOMS, True)
    assert (delay.first_on, delay.last_on) == (
        day_at(MONDAY, "Europe/Zurich"),
        day_at(after(7), "Europe/Zurich"),
    )
    assert found.ledger.slip_workdays == slip(project) > 0
    assert {one.party for one in found.ledger.bookings} <= {CoreParty.CARRIER}


def test_a_hold_enters_itself_and_its_days_are_the_customers(app: Flask) -> None:
    with unit_of_work():
        project = projects.live(requested_from=None)
    with unit_of_work():
        holding.hold(
            project.id,
            cause=BlockCause.BUILDING,
            party=Party.CUSTOMER,
            reason="The building is late.",
            first_on=on("Tue 2026-03-03"),
            expected_on=None,
            actor_id=None,
            at=after(1),
        )
    with unit_of_work():
        chores.follow_the_day(after(8))
        holding.resume(project.id, on=on("Tue 2026-03-10"), actor_id=None, at=after(8))

    found = ledger(project, after(8))
    (delay,) = lost_days.delays_of(project.id)

    assert (delay.first_on, delay.last_on) == (on("Tue 2026-03-03"), on("Mon 2026-03-09"))
    assert found.ledger.slip_workdays == slip(project)
    held = [one for one in found.ledger.bookings if f"delay {delay.id}" in one.refs]
    assert held
    assert {one.party for one in held} == {CoreParty.CUSTOMER}


def test_a_hold_that_is_expected_to_last_costs_its_days_at_once(app: Flask) -> None:
    with unit_of_work():
        project = projects.live(requested_from=None)
    with unit_of_work():
        holding.hold(
            project.id,
            cause=BlockCause.BUILDING,
            party=Party.CUSTOMER,
            reason="The building is late.",
            first_on=on("Tue 2026-03-03"),
            expected_on=on("Tue 2026-03-24"),
            actor_id=None,
            at=after(1),
        )

    found = ledger(project, after(1))

    assert found.ledger.slip_workdays == slip(project) == 15
    assert found.ledger.by_party() == {(CoreParty.CUSTOMER, ""): 15}


def test_an_agreed_move_is_an_agreed_change(app: Flask) -> None:
    with unit_of_work():
        project = projects.live()
        delivery = projects.milestone(project, "delivery")
        rescheduling.move_milestone(
            project.id,
            delivery.id,
            to=on("Wed 2026-04-15"),
            reason="The dock is closed.",
            actor_id=None,
            at=after(2),
        )
        approving.promise_anew(
            project.id, reason="Agreed by phone.", is_agreed=True, actor_id=None, at=after(2)
        )

    found = ledger(project, after(2))

    assert {one.party for one in found.ledger.bookings} == {CoreParty.AGREED}
    assert found.ledger.slip_workdays == len(found.ledger.bookings) > 5


def test_a_move_that_nobody_agreed_to_is_explained_by_the_cause_that_is_entered(app: Flask) -> None:
    with unit_of_work():
        project = projects.live()
        delivery = projects.milestone(project, "delivery")
        rescheduling.move_milestone(
            project.id, delivery.id, to=on("Wed 2026-04-08"), reason="", actor_id=None, at=after(2)
        )
    before = ledger(project, after(2))
    with unit_of_work():
        enter(
            project,
            milestone_id=delivery.id,
            party=Party.SUPPLIER,
            cause=BlockCause.STOCK,
            first_on=on("Wed 2026-03-04"),
            last_on=on("Tue 2026-04-07"),
        )
    found = ledger(project, after(2))

    assert {one.party for one in before.ledger.bookings} == {CoreParty.CARRIER}
    assert {one.party for one in found.ledger.bookings} == {CoreParty.SUPPLIER}
    assert found.ledger.slip_workdays == before.ledger.slip_workdays == slip(project)


def test_a_plan_that_was_shaped_since_still_adds_up(app: Flask) -> None:
    with unit_of_work():
        project = projects.live(requested_from=None)
    project_id = project.id
    with unit_of_work():
        project = queries.project_for_change(project_id)
        install = projects.milestone(project, "install")
        install.workdays += 4
        chores.follow_the_day(after(3))

    found = ledger(project, after(3))

    assert found.ledger.slip_workdays == slip(project) >= 4


def test_the_ledger_adds_up_when_a_project_is_handed_over_late(app: Flask) -> None:
    with unit_of_work():
        project = projects.live(requested_from=None)
    at = MONDAY
    for one in list(project.milestones):
        with unit_of_work():
            project = queries.project_for_change(project.id)
            if projects.milestone(project, one.key).finished_on is None:
                at += timedelta(days=9)
                for gate in project.gates:
                    gate.state, gate.open_items = gate.state.__class__.CLEAR, 0
                milestones.finish(project.id, one.id, on=day_at(at, project.site.zone), actor_id=None, at=at)

    found = ledger(project, at + timedelta(days=40))

    assert found.is_over
    assert found.ledger.slip_workdays == slip(project) > 0
    assert len({one.day for one in found.ledger.bookings}) == len(found.ledger.bookings)


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ({"last_on": on("Sun 2026-03-01")}, "before it begins"),
        ({"first_on": on("Sun 2026-03-01")}, "began on"),
        ({"first_on": on("Wed 2037-03-04")}, "more than a year ahead"),
        ({"party": Party.CONCURRENT}, "is found from what is entered"),
        ({"party": Party.US}, "which of our teams"),
        ({"party": Party.US, "team": Team.CUSTOMER}, "which of our teams"),
        ({"reason": " "}, "what happened"),
        ({"milestone_id": 10**9}, "no longer in the plan"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_stays(
    app: Flask, wanted: dict[str, object], said: str
) -> None:
    with unit_of_work():
        project = projects.live()

    with pytest.raises(Refused, match=said), unit_of_work():
        enter(project, **wanted)

    db.session.rollback()
    assert db.session.scalar(sa.select(sa.func.count(Delay.id))) == 0
    assert "DelayEntered" not in set(db.session.scalars(sa.select(RecordedEvent.name)))


def test_a_delay_is_corrected_once_and_a_stale_correction_is_told(app: Flask) -> None:
    with unit_of_work():
        project = projects.live()
        delay = enter(project)
    facts = {
        "milestone_id": None,
        "party": Party.SUPPLIER,
        "team": None,
        "cause": BlockCause.GAS,
        "first_on": delay.first_on,
        "last_on": None,
        "reason": "The gas line was mislabelled.",
        "actor_id": None,
        "at": after(1),
    }
    with unit_of_work():
        delays.amend(delay.id, version=1, **facts)  # type: ignore[arg-type]  # as in the action

    with pytest.raises(Stale), unit_of_work():
        delays.amend(delay.id, version=1, **facts)  # type: ignore[arg-type]  # as in the action
    db.session.rollback()
    rows = db.session.scalars(sa.select(RecordedEvent).where(RecordedEvent.name == "DelayAmended")).all()
    assert [row.payload["before"]["party"] for row in rows] == ["customer"]


def test_an_end_is_said_once_and_not_for_what_ends_itself(app: Flask) -> None:
    with unit_of_work():
        project = projects.live()
        delay = enter(project)
        first = next(one for one in project.milestones if one.started_on is None)
        milestones.block(
            project.id, first.id, cause=BlockCause.POWER, reason="No power.", actor_id=None, at=MONDAY
        )
        (blocked,) = lost_days.open_delays(project.id, milestone_id=first.id)
        delays.close(delay.id, last_on=on("Wed 2026-03-04"), actor_id=None, at=after(2))

    with pytest.raises(Refused, match="ended on 4 March 2026 already"), unit_of_work():
        delays.close(delay.id, last_on=on("Thu 2026-03-05"), actor_id=None, at=after(3))
    with pytest.raises(Refused, match="Unblock it"), unit_of_work():
        delays.close(blocked.id, last_on=on("Thu 2026-03-05"), actor_id=None, at=after(3))
    with pytest.raises(Refused, match="wrote this delay"), unit_of_work():
        delays.withdraw(blocked.id, reason="Never happened.", actor_id=None, at=after(3))


def test_evidence_is_a_file_an_event_or_an_address(app: Flask) -> None:
    with unit_of_work():
        project = projects.live()
        other = projects.live(place=orders.site(account="Other", key="OT"), number="SO-2")
        delay = enter(project)
    own = db.session.scalars(
        sa.select(RecordedEvent.id).where(RecordedEvent.project_id == project.id)
    ).first()
    foreign = db.session.scalars(
        sa.select(RecordedEvent.id).where(RecordedEvent.project_id == other.id)
    ).first()
    assert own is not None
    assert foreign is not None
    by = {"actor_id": None, "at": MONDAY}
    with unit_of_work():
        delays.attach_file(delay.id, name="letter.pdf", data=PDF, note="Signed.", **by)  # type: ignore[arg-type]
        delays.link_event(delay.id, event_id=own, **by)  # type: ignore[arg-type]
        delays.link_address(delay.id, url="https://track.example/1", **by)  # type: ignore[arg-type]

    wrongs: list[tuple[Callable[[], object], str]] = [
        (lambda: delays.link_event(delay.id, event_id=foreign, **by), "not in the history"),  # type: ignore[arg-type]
        (lambda: delays.link_event(delay.id, event_id=own, **by), "already"),  # type: ignore[arg-type]
        (lambda: delays.link_address(delay.id, url="javascript:alert(1)", **by), "https://"),  # type: ignore[arg-type]
    ]
    for wrong, said in wrongs:
        with pytest.raises(Refused, match=said), unit_of_work():
            wrong()
    with pytest.raises(NotKept), unit_of_work():
        delays.attach_file(delay.id, name="x.exe", data=b"MZ\x90\x00", **by)  # type: ignore[arg-type]
    db.session.rollback()
    (kept,) = lost_days.delays_of(project.id)
    assert [(one.file.name if one.file else None, one.event_id, one.url) for one in kept.evidence] == [
        ("letter.pdf", None, ""),
        (None, own, ""),
        (None, None, "https://track.example/1"),
    ]


def test_a_comment_needs_a_speaker_and_stays(app: Flask) -> None:
    with unit_of_work():
        project = projects.live()
        delay = enter(project)
        delays.comment(
            delay.id,
            party=Party.CUSTOMER,
            name="Yuki Tanaka",
            text="The electrician was ill.",
            actor_id=None,
            at=MONDAY,
        )

    for facts, said in (
        ({"party": Party.AGREED}, "which party"),
        ({"name": " "}, "by name"),
        ({"text": ""}, "what was said"),
    ):
        with pytest.raises(Refused, match=said), unit_of_work():
            delays.comment(
                delay.id,
                **{
                    "party": Party.US,
                    "name": "Ada",
                    "text": "So it was.",
                    "actor_id": None,
                    "at": MONDAY,
                    **facts,
                },  # type: ignore[arg-type]
            )
    db.session.rollback()
    (kept,) = lost_days.delays_of(project.id)
    assert [(one.name, one.text) for one in kept.comments] == [("Yuki Tanaka", "The electrician was ill.")]


def test_a_delay_that_is_taken_back_leaves_its_words_in_the_history(app: Flask) -> None:
    with unit_of_work():
        project = projects.live()
        delay = enter(project)
        delays.attach_file(delay.id, name="a.pdf", data=PDF, actor_id=None, at=MONDAY)
    with unit_of_work():
        delays.withdraw(delay.id, reason="It was another project.", actor_id=None, at=after(1))

    assert lost_days.delays_of(project.id) == []
    row = db.session.scalars(sa.select(RecordedEvent).where(RecordedEvent.name == "DelayWithdrawn")).one()
    assert row.payload["before"]["reason"] == "The outlet is missing."


def test_a_required_go_live_is_an_agreed_change(app: Flask) -> None:
    with unit_of_work():
        project = projects.live(requested_from=None)
    with unit_of_work():
        shaping.require_go_live(
            project.id,
            required_on=on("Thu 2026-06-18"),
            counting=Counting.BACKWARD,
            actor_id=None,
            at=after(0.1),
        )

    found = ledger(project, after(0.1))

    assert found.ledger.slip_workdays == slip(project) > 20
    assert found.ledger.by_party() == {(CoreParty.AGREED, ""): slip(project)}


def test_a_plan_that_was_shaped_by_its_people_still_adds_up(app: Flask) -> None:
    with unit_of_work():
        project = projects.live(requested_from=None)
        install = projects.milestone(project, "install")
        shaping.split(
            project.id,
            projects.milestone(project, "site-ready").id,
            first_workdays=4,
            name={"en": "Gas lines"},
            actor_id=None,
            at=after(1),
        )
        shaping.add(
            project.id,
            name={"en": "Acceptance test"},
            workdays=6,
            days_of=install.days_of,
            team=Team.SERVICE,
            audience=install.audience,
            after_id=install.id,
            before_id=projects.milestone(project, "handover").id,
            actor_id=None,
            at=after(2),
        )
    with unit_of_work():
        shaping.skip(
            project.id,
            projects.milestone(project, "kick-off").id,
            reason="Done by phone.",
            actor_id=None,
            at=after(3),
        )

    found = ledger(project, after(3))

    assert found.ledger.slip_workdays == slip(project) > 0
    assert {one.step for one in found.ledger.bookings} != {None}


@pytest.mark.parametrize(
    ("change", "party", "days"),
    [
        (
            {"kind": ChangeKind.CLOSURE, "name": "Stocktaking"},
            CoreParty.US,
            ["Mon 2026-03-09", "Tue 2026-03-10", "Wed 2026-03-11"],
        ),
        (
            {"kind": ChangeKind.SITE_CLOSURE, "name": "Maintenance", "word": "shutdown"},
            CoreParty.CUSTOMER,
            ["Mon 2026-03-09", "Tue 2026-03-10", "Wed 2026-03-11"],
        ),
    ],
)
def test_days_that_are_closed_later_are_booked_to_whoever_closed_them(
    app: Flask, change: dict[str, Any], party: CoreParty, days: list[str]
) -> None:
    with unit_of_work():
        project = projects.live(requested_from=None)
        place = project.site_id if change["kind"] is ChangeKind.SITE_CLOSURE else None
        wanted = CalendarChange(
            **change, site_id=place, first_on=on("Sat 2026-03-07"), last_on=on("Wed 2026-03-11")
        )
    with unit_of_work():
        number = replanning.propose(wanted, title="Closed in March", actor_id=None, at=after(1)).id
    with unit_of_work():
        replanning.apply(number, actor_id=None, at=after(1))

    found = ledger(project, after(1))
    later = ledger(project, after(1.2))

    assert found.ledger.slip_workdays == slip(project) == 3
    assert [(one.party, named(one.lost_on)) for one in found.ledger.bookings] == [
        (party, day) for day in days
    ]
    assert {one.team for one in found.ledger.bookings} == {""}, "a team of the customer is none of ours"
    assert all(ref.startswith("event ") for one in found.ledger.bookings for ref in one.refs)
    assert list(later.ledger.bookings[:3]) == list(found.ledger.bookings)
    assert later.ledger.slip_workdays == 3


def test_each_day_of_a_hold_is_lost_on_a_day_of_its_own(app: Flask) -> None:
    with unit_of_work():
        project = projects.live(requested_from=None)
    with unit_of_work():
        holding.hold(
            project.id,
            cause=BlockCause.BUILDING,
            party=Party.CUSTOMER,
            reason="The building is late.",
            first_on=on("Tue 2026-03-03"),
            expected_on=on("Tue 2026-03-10"),
            actor_id=None,
            at=after(1),
        )

    found = ledger(project, after(1))

    assert [named(one.lost_on) for one in found.ledger.bookings] == [
        "Tue 2026-03-03",
        "Wed 2026-03-04",
        "Thu 2026-03-05",
        "Fri 2026-03-06",
        "Mon 2026-03-09",
    ]
    assert len(found.ledger.bookings) == slip(project)
