"""One project's plan takes another shape than its playbook: split, add, skip, lengthen, link, bound, count back."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask_babel import force_locale

from concierge.catalogue.states import Audience, DaysOf, LagUnit, LinkKind, Team, VisitKind
from concierge.platform.database import db, unit_of_work
from concierge.platform.errors import Refused
from concierge.platform.events import RecordedEvent
from concierge.projects.actions import milestones, rescheduling, shaping
from concierge.projects.models import DateChange, Milestone, Project
from concierge.projects.reasons import Because, words_of_json, words_of_row
from concierge.projects.states import Counting, DateKind, MilestoneState, ProjectState
from concierge.readiness.models import ReadinessItem
from concierge.visits.models import Visit, WorkOrder
from concierge.visits.states import VisitState, WorkOrderState
from concierge.visits.words import cancel_words
from tests.makers import orders, projects
from tests.makers.days import on, said
from tests.makers.projects import now

MONDAY = orders.RECEIVED
BY: dict[str, Any] = {"actor_id": None, "at": MONDAY}  # Any: of several types, as verbs take them
ADDED: dict[str, Any] = {  # Any: the same
    "days_of": DaysOf.SITE,
    "team": Team.SERVICE,
    "audience": Audience.CUSTOMER,
    "visit": None,
}


def live() -> Project:
    return projects.live(requested_from=None)


def starts(milestone: Milestone) -> date:
    """Its first day, which every milestone in a plan has."""
    assert milestone.forecast_start_on is not None
    return milestone.forecast_start_on


def ends(milestone: Milestone) -> date:
    """Its last day."""
    assert milestone.forecast_on is not None
    return milestone.forecast_on


def days_of(project: Project) -> dict[str, tuple[date, date]]:
    return {one.key: (starts(one), ends(one)) for one in now(project).milestones}


def event(name: str) -> RecordedEvent:
    return db.session.scalars(sa.select(RecordedEvent).where(RecordedEvent.name == name)).one()


def shape_of(milestone: Milestone, **changed: Any) -> shaping.Shape:  # Any: fields of a shape
    return replace(shaping.Shape.of(milestone), **changed)


def test_a_milestone_is_split_and_what_waited_for_its_end_waits_for_the_second(app: Flask) -> None:
    with unit_of_work():
        project = live()
        prepare = projects.milestone(project, "site-ready")
        was, promised = prepare.forecast_on, prepare.promised_on
        shaping.split(project.id, prepare.id, first_workdays=4, name={"en": "Power", "de": "Strom"}, **BY)

    rows = {one.key: one for one in now(project).milestones}
    first, second = rows["site-ready"], rows["site-ready-rest"]
    assert (first.workdays, second.workdays) == (4, 6)
    assert second.position == first.position + 1
    assert second.forecast_on == was
    assert second.promised_on == promised
    assert rows["delivery"].forecast_on == rows["delivery"].promised_on
    assert event("MilestoneSplit").payload["rest_name"] == "Power"


def test_every_other_date_stays_when_a_milestone_is_split(app: Flask) -> None:
    with unit_of_work():
        project = live()
    before = days_of(project)

    with unit_of_work():
        prepare = projects.milestone(project, "site-ready")
        shaping.split(project.id, prepare.id, first_workdays=7, name={"en": "Rest"}, **BY)

    after = days_of(project)
    assert {key: after[key] for key in before if key != "site-ready"} == {
        key: dates for key, dates in before.items() if key != "site-ready"
    }


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("key", "first", "name", "sentence"),
    [
        ("handover", 1, "Rest", "nothing to split"),
        ("site-ready", 10, "Rest", "between 1 and 9 days"),
        ("site-ready", 0, "Rest", "between 1 and 9 days"),
        ("site-ready", 4, "  ", "Give it an English name"),
        ("order", 1, "Rest", "is done"),
    ],
)
def test_a_split_that_makes_no_sense_is_refused_in_words(
    app: Flask, key: str, first: int, name: str, sentence: str
) -> None:
    with unit_of_work():
        project = live()
        one = projects.milestone(project, key)

    with pytest.raises(Refused, match=sentence), unit_of_work():
        shaping.split(project.id, one.id, first_workdays=first, name={"en": name}, **BY)

    assert len(now(project).milestones) == len(project.milestones)


def test_a_milestone_of_ones_own_joins_between_two_others(app: Flask) -> None:
    with unit_of_work():
        project = live()
        delivery, install = (projects.milestone(project, key) for key in ("delivery", "install"))
        was = starts(install)
        shaping.add(
            project.id,
            name={"en": "Acclimatise crate", "de": ""},
            workdays=4,
            after_id=delivery.id,
            before_id=install.id,
            **(ADDED | {"days_of": DaysOf.EVERY_DAY, "visit": VisitKind.DELIVERY}),
            **BY,
        )

    rows = {one.key: one for one in now(project).milestones}
    added = rows["own-acclimatise-crate"]
    assert added.name == {"en": "Acclimatise crate"}
    assert starts(added) == ends(rows["delivery"]) + timedelta(days=1)
    assert ends(added) == starts(added) + timedelta(days=3)
    assert starts(rows["install"]) > was
    assert [one.position for one in now(project).milestones] == list(range(len(rows)))
    planned = db.session.scalars(sa.select(Visit).where(Visit.milestone_id == added.id)).all()
    assert [one.kind for one in planned] == [VisitKind.DELIVERY]


def test_a_milestone_that_closes_a_circle_is_refused_by_name_and_leaves_nothing(app: Flask) -> None:
    with unit_of_work():
        project = live()
        delivery, install = (projects.milestone(project, key) for key in ("delivery", "install"))

    with (
        pytest.raises(Refused, match="in a circle"),
        unit_of_work(),
    ):
        shaping.add(
            project.id,
            name={"en": "Extra"},
            workdays=1,
            after_id=install.id,
            before_id=delivery.id,
            **ADDED,
            **BY,
        )

    assert "own-extra" not in {one.key for one in now(project).milestones}


def test_what_waited_for_a_skipped_milestone_waits_for_what_it_waited_for(app: Flask) -> None:
    with unit_of_work():
        project = live()
        prepare = projects.milestone(project, "site-ready")
        before = starts(projects.milestone(project, "delivery"))
        shaping.skip(project.id, prepare.id, reason="The lab is new and ready.", **BY)

    rows = {one.key: one for one in now(project).milestones}
    skipped = rows["site-ready"]
    assert skipped.state is MilestoneState.SKIPPED
    assert (skipped.forecast_start_on, skipped.forecast_on) == (None, None)
    assert starts(rows["delivery"]) < before
    assert rows["delivery"].forecast_start_on == on("Fri 2026-03-06")
    left = db.session.scalars(
        sa.select(DateChange).where(DateChange.milestone_id == skipped.id).order_by(DateChange.id.desc())
    ).first()
    assert left is not None
    assert (left.start_on, left.because, left.why) == (None, Because.LEFT_OUT, "The lab is new and ready.")
    assert words_of_row(left) == "Lab prep was left out. The lab is new and ready."


def test_a_skipped_milestone_comes_back_with_its_dates(app: Flask) -> None:
    with unit_of_work():
        project = live()
    before = days_of(project)

    with unit_of_work():
        prepare = projects.milestone(project, "site-ready")
        shaping.skip(project.id, prepare.id, reason="Ready already", **BY)
        shaping.restore(project.id, prepare.id, **BY)

    assert days_of(project) == before


def test_the_visits_of_a_skipped_milestone_are_called_off_with_the_reason(app: Flask) -> None:
    with unit_of_work():
        project = live()
        install = projects.milestone(project, "install")
        shaping.skip(project.id, install.id, reason="The customer installs it.", **BY)

    db.session.rollback()
    (visit,) = db.session.scalars(sa.select(Visit).where(Visit.milestone_id == install.id))
    work = db.session.get_one(WorkOrder, visit.work_order_id)
    assert (visit.state, work.state) == (VisitState.CANCELLED, WorkOrderState.CANCELLED)
    called = install.name["en"], install.name.get("de", install.name["en"])
    assert cancel_words(visit) == f"{called[0]} was left out. The customer installs it."
    with force_locale("de"):
        assert cancel_words(work) == f"{called[1]} wurde ausgelassen. The customer installs it."
        told = words_of_json(event("VisitCancelled").payload["because"])
        assert told == cancel_words(visit)


def test_a_project_whose_last_open_milestone_is_skipped_is_finished(app: Flask) -> None:
    at = MONDAY + timedelta(days=60)
    with unit_of_work():
        project = live()
        db.session.execute(sa.update(ReadinessItem).values(is_asked=False))
        for gate in project.gates:
            gate.state = type(gate.state).CLEAR
        for one in list(project.milestones):
            if one.key not in {"order", "handover"}:
                milestones.finish(project.id, one.id, on=at.date(), actor_id=None, at=at)
        last = projects.milestone(project, "handover")
        shaping.skip(project.id, last.id, reason="Handed over on the phone", actor_id=None, at=at)

    assert now(project).state is ProjectState.DONE


def test_a_begun_milestone_cannot_be_skipped(app: Flask) -> None:
    with unit_of_work():
        project = live()
        one = projects.milestone(project, "kick-off")
        milestones.start(project.id, one.id, on=MONDAY.date(), **BY)

    with pytest.raises(Refused, match="is started, so you cannot skip it"), unit_of_work():
        shaping.skip(project.id, one.id, reason="No time", **BY)


def test_a_longer_milestone_moves_what_waits_and_a_shorter_one_moves_it_back(app: Flask) -> None:
    """GanttProject #2002, in a project: successors come back when the predecessor shrinks."""
    with unit_of_work():
        project = live()
        prepare = projects.milestone(project, "site-ready")
    before = days_of(project)

    with unit_of_work():
        shaping.shape(project.id, prepare.id, shape_of(prepare, workdays=14), reason="More power", **BY)
    longer = days_of(project)
    with unit_of_work():
        prepare = projects.milestone(now(project), "site-ready")
        shaping.shape(project.id, prepare.id, shape_of(prepare, workdays=10), reason="", **BY)

    assert longer["delivery"] > before["delivery"]
    assert days_of(project) == before


def test_an_exact_day_that_cannot_be_is_told_with_what_holds_it(app: Flask) -> None:
    with unit_of_work():
        project = live()
        install = projects.milestone(project, "install")
        wanted = shape_of(install, exactly_on=on("Mon 2026-03-09"))
        shaping.shape(project.id, install.id, wanted, reason="", **BY)

    told = now(project).conflicts
    assert [(one["kind"], one["key"], one["wanted_on"]) for one in told] == [
        ("exactly on", "install", "2026-03-09")
    ]
    assert told[0]["driven_by"]["en"] == "Delivery"


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        (
            {"not_before_on": on("Tue 2026-04-14"), "not_after_on": on("Mon 2026-04-13")},
            "leaves no day",
        ),
        (
            {"exactly_on": on("Tue 2026-04-14"), "not_after_on": on("Mon 2026-04-13")},
            "lies outside",
        ),
        ({"workdays": -1}, "0 to 1000 days"),
        ({}, "already"),
    ],
)
def test_bounds_that_leave_no_day_are_refused(app: Flask, changed: dict[str, object], sentence: str) -> None:
    with unit_of_work():
        project = live()
        install = projects.milestone(project, "install")

    with pytest.raises(Refused, match=sentence), unit_of_work():
        shaping.shape(project.id, install.id, shape_of(install, **changed), reason="", **BY)


def test_derived_dates_are_those_without_wishes(app: Flask) -> None:
    with unit_of_work():
        project = live()
        delivery = projects.milestone(project, "delivery")
        derived = delivery.forecast_on
        rescheduling.move_milestone(project.id, delivery.id, to=on("Tue 2026-05-12"), reason="Crane", **BY)

    row = projects.milestone(now(project), "delivery")
    assert (row.derived_on, row.forecast_on) == (derived, on("Tue 2026-05-12"))
    assert row.move_reason == "Crane"


def test_a_link_of_another_kind_lets_two_milestones_run_together(app: Flask) -> None:
    with unit_of_work():
        project = live()
        prepare, kick_off = (projects.milestone(project, key) for key in ("site-ready", "kick-off"))
        for old in list(prepare.links):
            shaping.unlink(project.id, prepare.id, link_id=old.id, reason="", **BY)
        shaping.link(
            project.id,
            prepare.id,
            predecessor_id=kick_off.id,
            kind=LinkKind.START_TO_START,
            lag=24,
            unit=LagUnit.HOURS,
            reason="",
            **BY,
        )

    rows = {one.key: one for one in now(project).milestones}
    assert said(starts(rows["kick-off"])) == "Tue 2026-03-03"
    assert said(starts(rows["site-ready"])) == "Wed 2026-03-04"


def test_a_link_that_closes_a_circle_is_refused_with_every_milestone_on_it(app: Flask) -> None:
    with unit_of_work():
        project = live()
        kick_off, install = (projects.milestone(project, key) for key in ("kick-off", "install"))

    with pytest.raises(Refused, match=r"Kick-off → Lab prep → .*Install → Kick-off"), unit_of_work():
        shaping.link(
            project.id,
            kick_off.id,
            predecessor_id=install.id,
            kind=LinkKind.FINISH_TO_START,
            lag=0,
            unit=LagUnit.WORKDAYS,
            reason="",
            **BY,
        )


def test_a_plan_counted_back_ends_on_the_go_live(app: Flask) -> None:
    """YetiForce #2666, in a project: counted back from the end."""
    with unit_of_work():
        project = live()
        shaping.require_go_live(
            project.id, required_on=on("Fri 2026-05-29"), counting=Counting.BACKWARD, **BY
        )

    rows = {one.key: one for one in now(project).milestones}
    assert now(project).forecast_handover_on == on("Fri 2026-05-29")
    assert rows["order"].forecast_on == MONDAY.date()
    assert starts(rows["kick-off"]) > on("Mon 2026-04-27")
    assert now(project).conflicts == []


def test_a_move_pins_a_milestone_of_a_plan_that_is_counted_back(app: Flask) -> None:
    with unit_of_work():
        project = live()
        shaping.require_go_live(
            project.id, required_on=on("Fri 2026-05-29"), counting=Counting.BACKWARD, **BY
        )
        kick_off = projects.milestone(project, "kick-off")
        preview = rescheduling.preview_move(project, kick_off, to=on("Tue 2026-03-10"), at=MONDAY)
        rescheduling.move_milestone(project.id, kick_off.id, to=on("Tue 2026-03-10"), reason="", **BY)

    row = projects.milestone(now(project), "kick-off")
    assert preview.starts_on == row.forecast_start_on == on("Tue 2026-03-10")
    assert row.exactly_on == on("Tue 2026-03-10")


def test_a_go_live_that_is_too_soon_is_told_and_the_plan_is_counted_forward(app: Flask) -> None:
    with unit_of_work():
        project = live()
        handover = project.forecast_handover_on
        shaping.require_go_live(
            project.id, required_on=on("Fri 2026-03-13"), counting=Counting.BACKWARD, **BY
        )

    row = now(project)
    assert row.forecast_handover_on == handover
    assert [(one["kind"], one["possible_on"], one["workdays"]) for one in row.conflicts] == [
        ("required", handover.isoformat() if handover else "", 7)
    ]


@pytest.mark.parametrize(
    ("required_on", "counting", "sentence"),
    [
        (None, Counting.BACKWARD, "Choose the go-live"),
        (on("Fri 2026-02-27"), Counting.FORWARD, "is past"),
        (None, Counting.FORWARD, "planned like that already"),
    ],
)
def test_a_go_live_that_cannot_be_is_refused(
    app: Flask, required_on: date | None, counting: Counting, sentence: str
) -> None:
    with unit_of_work():
        project = live()

    with pytest.raises(Refused, match=sentence), unit_of_work():
        shaping.require_go_live(project.id, required_on=required_on, counting=counting, **BY)


def test_dates_are_noted_only_when_they_differ(app: Flask) -> None:
    with unit_of_work():
        project = live()
    count = sa.select(sa.func.count(DateChange.id)).where(
        DateChange.project_id == project.id, DateChange.kind == DateKind.PLANNED
    )
    before = db.session.scalar(count)

    with unit_of_work():
        kick_off = projects.milestone(project, "kick-off")
        milestones.finish(
            project.id,
            kick_off.id,
            on=kick_off.forecast_on or MONDAY.date(),
            actor_id=None,
            at=MONDAY + timedelta(days=1),
        )

    db.session.rollback()
    assert before == len(project.milestones)
    assert db.session.scalar(count) == before
    actual = db.session.scalars(
        sa.select(DateChange).where(DateChange.kind == DateKind.ACTUAL, DateChange.project_id == project.id)
    ).all()
    assert [(one.finish_on, one.because, words_of_row(one)) for one in actual] == [
        (on("Tue 2026-03-03"), Because.FINISHED, "Kick-off was finished.")
    ]


def test_finishing_waits_as_the_link_says(app: Flask) -> None:
    at = MONDAY + timedelta(days=2)
    with unit_of_work():
        project = live()
        prepare, kick_off = (projects.milestone(project, key) for key in ("site-ready", "kick-off"))
        for old in list(prepare.links):
            shaping.unlink(project.id, prepare.id, link_id=old.id, reason="", **BY)
        shaping.link(
            project.id,
            prepare.id,
            predecessor_id=kick_off.id,
            kind=LinkKind.START_TO_START,
            lag=0,
            unit=LagUnit.WORKDAYS,
            reason="",
            **BY,
        )

    with pytest.raises(Refused, match="waits until Kick-off begins"), unit_of_work():
        milestones.finish(project.id, prepare.id, on=at.date(), actor_id=None, at=at)
    with unit_of_work():
        milestones.start(project.id, kick_off.id, on=at.date(), actor_id=None, at=at)
        milestones.finish(project.id, prepare.id, on=at.date(), actor_id=None, at=at)

    assert projects.milestone(now(project), "site-ready").state is MilestoneState.DONE
