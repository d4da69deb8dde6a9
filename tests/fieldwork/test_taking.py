"""Taking what devices send: once, for themselves, and with what they could not know."""

from collections.abc import Iterable
from datetime import date, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import joinedload

from concierge.catalogue.models import PlaybookStep, PlaybookVisit
from concierge.catalogue.states import MilestoneKind, StepKind, VisitKind
from concierge.equipment.models import Asset
from concierge.fieldwork import plan, queries, telling
from concierge.fieldwork.actions import issuing, reporting, settling, taking
from concierge.fieldwork.models import FieldChange, FieldEntry, FieldNote
from concierge.fieldwork.protocol import Kind, Outcome, Result
from concierge.fieldwork.states import Fit, RecordKind, Standing, Stray
from concierge.orders.models import OrderLine
from concierge.platform import files, worker
from concierge.platform.database import db, unit_of_work
from concierge.projects.actions import gates, milestones
from concierge.projects.models import Delay, Gate, Milestone, Project
from concierge.projects.states import MilestoneState, Party
from concierge.visits import work as work_orders
from concierge.visits.actions import arranging, progress, working
from concierge.visits.models import WorkOrder
from concierge.visits.states import VisitState
from concierge.workforce.models import Technician
from tests.makers import fieldwork, projects, visits, workforce
from tests.makers.fieldwork import ARRIVED, change, key, send

DAY = date(2026, 3, 16)
EARLIER = ARRIVED - timedelta(hours=20)


@pytest.fixture
def project(app: Flask) -> Project:
    with unit_of_work():
        return projects.live()


def outcomes(results: Iterable[Result]) -> list[Outcome]:
    return [one.outcome for one in results]


def test_a_whole_visit_arrives_at_once(project: Project) -> None:
    with unit_of_work():
        tomas = workforce.technician()
        visit = fieldwork.visit(project, tomas)

    with unit_of_work():
        results = fieldwork.filled_and_signed(visit, by=tomas.user_id)

    assert outcomes(results) == [Outcome.DONE] * 9, results
    assert visits.again(visit).state is VisitState.COMPLETE
    (report,) = queries.records_of_project(project.id)
    assert (report.kind, report.revision) == (RecordKind.REPORT, 1)
    assert [one["party"] for one in report.content["signatures"]] == ["technician", "customer"]


def test_a_certificate_closes_the_milestone_and_starts_the_clocks(app: Flask) -> None:
    with unit_of_work():
        project = projects.live()
        tomas = workforce.technician()
        step = next(one for one in milestones_in_order(project) if one.kind is MilestoneKind.INSTALLED)
        make_way_for(step, tomas)
        visit = fieldwork.visit(project, tomas, kind=VisitKind.INSTALL, milestone=step)
        work = db.session.get_one(WorkOrder, visit.work_order_id)
        asset = Asset(site_id=visit.site_id, name="Orbitrap", created_at=EARLIER)
        db.session.add(asset)
        db.session.flush()
        work.asset_id = asset.id

    with unit_of_work():
        results = fieldwork.filled_and_signed(visit, by=tomas.user_id)

    assert outcomes(results) == [Outcome.DONE] * 9, results
    certificate, report = sorted(queries.records_of_project(project.id), key=lambda one: one.kind.value)
    assert (certificate.kind, report.kind) == (RecordKind.CERTIFICATE, RecordKind.REPORT)
    assert certificate.content["signatures"][1]["name"] == "Dr. Mei Tan"
    assert visits.milestone(project, step.key).state is MilestoneState.DONE
    assert visits.milestone(project, step.key).finished_on == ARRIVED.date()
    db.session.refresh(asset)
    assert asset.serial == "SN-4711"
    assert (asset.warranty_from, asset.installed_on) == (ARRIVED.date(), ARRIVED.date())
    assert certificate.content["unit"]["warranty_to"] == asset.warranty_to.isoformat()  # type: ignore[union-attr]  # just seen
    db.session.rollback()
    worker.drain(app)
    made = queries.record_by_id(certificate.id)
    assert [one.language for one in made.prints] == ["de"], "the customer’s language"
    assert files.read(made.prints[0].file).startswith(b"%PDF-")


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_one_certificate_is_for_all_that_came_or_for_what_is_named_afterwards(app: Flask) -> None:
    with unit_of_work():
        project = projects.live()
        tomas = workforce.technician()
        line = next(one for one in milestones_in_order(project) if one.kind is MilestoneKind.INSTALLED)
        make_way_for(line, tomas)
        order_line = db.session.scalars(
            sa.select(OrderLine).where(OrderLine.order_id == project.order_id)
        ).first()
        assert order_line is not None
        line.order_line_id = order_line.id
        several = fieldwork.visit(project, tomas, kind=VisitKind.INSTALL, milestone=line)
        loose = fieldwork.visit(project, tomas, kind=VisitKind.INSTALL, starts="Thu 2026-03-19 09:00")
        units = [
            Asset(
                site_id=several.site_id, name="Pump", serial=serial, created_at=EARLIER, order_line_id=line_id
            )
            for serial, line_id in (("P-1", order_line.id), ("P-2", order_line.id), ("P-3", None))
        ]
        db.session.add_all(units)
        for asset in db.session.scalars(sa.select(Asset).where(Asset.name != "Pump")):
            db.session.delete(asset)
    with unit_of_work():
        fieldwork.filled_and_signed(several, by=tomas.user_id)
    with unit_of_work():
        fieldwork.filled_and_signed(loose, by=tomas.user_id)

    certificate, named = (queries.last_record(one.id, RecordKind.CERTIFICATE) for one in (several, loose))
    assert certificate is not None
    assert certificate.content["unit"]["name"] == "2 × Pump"
    assert certificate.content["unit"]["serial"] == "P-1, P-2"
    assert certificate.content["unit"]["warranty_to"]
    assert named is not None
    assert "names no instrument" in queries.strays_at(loose.id)[-1].said
    with unit_of_work():
        work = work_orders.work_for_change(loose.work_order_id)
        working.reopen_work(work, reason="The instrument is not named", at=ARRIVED, actor_id=None)
    with unit_of_work():
        work = work_orders.work_for_change(loose.work_order_id)
        asked = (
            "title",
            "kind",
            "milestone_id",
            "skill",
            "level",
            "crew",
            "minutes",
            "tools",
            "needs_customer",
            "note",
        )
        values = {name: getattr(work, name) for name in asked} | {"asset_id": units[2].id}
        working.change_work(work, **values, at=ARRIVED + timedelta(days=3), actor_id=None)
    db.session.rollback()
    clocks = db.session.execute(sa.select(Asset.warranty_from).order_by(Asset.serial)).scalars().all()
    assert clocks == [ARRIVED.date()] * 3


def test_what_changes_after_signing_asks_for_another_revision_and_the_old_one_stays(project: Project) -> None:
    with unit_of_work():
        tomas = workforce.technician()
        visit = fieldwork.visit(project, tomas)
        fieldwork.filled_and_signed(visit, by=tomas.user_id)
    (first,) = queries.records_of_project(project.id)
    before = first.content_hash
    with unit_of_work():
        seen = tuple(
            db.session.scalars(
                sa.select(FieldChange.key).join(FieldEntry, FieldEntry.change_id == FieldChange.id)
            )
        )
        send(
            change(visit, Kind.READING, "22.5", by=tomas.user_id, step="temperature", seen=seen, name=key(1)),
            by=tomas.user_id,
        )
    (signature, _theirs) = issuing.found_of(visit.id).signatures
    assert [step.key for step in issuing.changed_since(signature, issuing.found_of(visit.id))] == [
        "temperature"
    ]
    assert len(queries.records_of_project(project.id)) == 1, "nobody has signed the change"

    with unit_of_work():
        found = issuing.found_of(visit.id)
        send(change(visit, Kind.NOTE, "On second thoughts", by=tomas.user_id), by=tomas.user_id)
        shown = [one for one, how in found.changes.items() if one not in seen or one == key(1)]
        shown += [
            one.change.key
            for step in found.entries.values()
            for one in step
            if one.standing is Standing.CURRENT
        ]
        value = {
            "party": "technician",
            "name": "Tomas",
            "meaning": "",
            "shown": sorted(set(shown)),
            "strokes": [],
        }
        later = ARRIVED + timedelta(days=1)
        send(change(visit, Kind.SIGNATURE, value, by=tomas.user_id, at=later), by=tomas.user_id)

    second, old = queries.records_of_project(project.id)
    assert (second.revision, old.revision) == (2, 1)
    assert old.content_hash == before
    assert [one["party"] for one in second.content["signatures"]] == ["technician"]
    assert [one["text"] for one in second.content["notes"]] == ["The door is narrow."], "only what was signed"


def test_a_visit_that_was_cancelled_or_given_away_loses_nothing(project: Project) -> None:
    with unit_of_work():
        tomas, mara = workforce.technician(), workforce.technician(name="Mara Keller")
        cancelled = fieldwork.visit(project, tomas)
        given = fieldwork.visit(project, tomas, starts="Thu 2026-03-19 09:00")
        entries = [
            change(one, kind, value, by=tomas.user_id, step=step, at=one.starts_at)
            for one in (cancelled, given)
            for kind, value, step in (
                (Kind.READING, "21", "temperature"),
                (Kind.NOTE, "Half done", ""),
                (Kind.STATE, {"to": "arrived"}, ""),
            )
        ]
        progress.cancel(cancelled, reason="No power", at=ARRIVED, actor_id=None)
        arranging.assign_technicians(
            given, technician_ids=[mara.user_id], site=visits.site_of(project), at=ARRIVED, actor_id=None
        )

    with unit_of_work():
        results = send(*entries, by=tomas.user_id)

    assert outcomes(results) == [Outcome.CONFLICT] * 6, results
    assert "dispatcher" in results[0].sentence
    assert [one.stray for one in db.session.scalars(sa.select(FieldChange).order_by(FieldChange.id))] == (
        [Stray.CANCELLED] * 3 + [Stray.TAKEN_AWAY] * 3
    )
    assert visits.again(given).state is VisitState.CONFIRMED, "who goes is for the office to say"
    assert len(queries.strays_at(given.id)) == 3
    with unit_of_work():
        settling.note_strays_seen(given.id, actor_id=mara.user_id, at=ARRIVED)
    assert not queries.strays_at(given.id)


def test_two_values_stand_side_by_side_until_somebody_chooses(project: Project) -> None:
    with unit_of_work():
        tomas, mara = workforce.technician(), workforce.technician(name="Mara Keller")
        visit = fieldwork.visit(project, tomas, mara, crew=2)
        send(
            change(visit, Kind.READING, "21 °C", by=tomas.user_id, step="temperature", name=key(1)),
            by=tomas.user_id,
        )
        same = change(visit, Kind.READING, "69.8 °F", by=mara.user_id, step="temperature", name=key(2))
        other = change(visit, Kind.READING, "30", by=mara.user_id, step="temperature", name=key(3))
        results = send(same, other, by=mara.user_id)

    assert outcomes(results) == [Outcome.DONE, Outcome.CONFLICT], "the same in another unit is no conflict"
    with unit_of_work():
        settling.choose(visit.id, key(3), actor_id=tomas.user_id, at=ARRIVED)

    (_step, temperature, *_rest) = issuing.found_of(visit.id).steps
    entries = queries.entries_of_step(temperature.id)
    assert [one.standing for one in entries] == [Standing.SUPERSEDED] * 3 + [Standing.CURRENT]
    assert (entries[-1].value, entries[-1].fit) == ("30", Fit.OUT)


def test_a_clock_that_is_wrong_is_kept_and_marked(project: Project) -> None:
    with unit_of_work():
        tomas = workforce.technician()
        visit = fieldwork.visit(project, tomas)
        ahead = change(visit, Kind.NOTE, "ahead", by=tomas.user_id, at=ARRIVED + timedelta(days=3))
        old = change(visit, Kind.NOTE, "old", by=tomas.user_id, at=ARRIVED - timedelta(days=9 * 365))
        results = taking.take_changes([ahead, old], user_id=tomas.user_id, at=ARRIVED)
        fast = change(
            visit, Kind.STATE, {"to": "on route"}, by=tomas.user_id, at=ARRIVED + timedelta(hours=1)
        )
        results += taking.take_changes(
            [fast], user_id=tomas.user_id, sent_at=ARRIVED + timedelta(hours=1), at=ARRIVED
        )

    assert outcomes(results) == [Outcome.DONE] * 3
    question = sa.select(FieldChange).options(joinedload(FieldChange.user)).order_by(FieldChange.id)
    rows = db.session.scalars(question).all()
    assert [one.at for one in rows] == [ahead.at, old.at, fast.at]
    assert [plan.is_odd(one.at, off=one.clock_off, received_at=one.received_at) for one in rows] == [True] * 3
    assert rows[2].clock_off == 3600
    rows[2].clock_off = 14 * 24 * 3600 + 40
    assert telling.mark(rows[2]).startswith("The device’s clock was 2 weeks fast.")
    rows[2].clock_off = -90 * 60
    assert telling.mark(rows[2]).startswith("The device’s clock was 90 minutes slow.")
    assert plan.happened_at(rows[2].at, off=3600, received_at=ARRIVED) == ARRIVED


def test_a_site_that_is_not_ready_blocks_its_milestone_from_the_day_it_was_found(project: Project) -> None:
    with unit_of_work():
        tomas = workforce.technician()
        step = visits.any_milestone(project)
        visit = fieldwork.visit(project, tomas, milestone=step)
        photo = fieldwork.uploaded(tomas.user_id)
        value = {"cause": "power", "note": "No current", "file": photo}
        report = change(visit, Kind.NOT_READY, value, by=tomas.user_id)
        (result,) = send(report, by=tomas.user_id, later=timedelta(days=6))

    assert result.outcome is Outcome.DONE, result
    assert visits.milestone(project, step.key).state is MilestoneState.BLOCKED
    delay = db.session.scalars(sa.select(Delay)).one()
    assert (delay.first_on, delay.last_on, delay.party) == (ARRIVED.date(), None, Party.CUSTOMER)
    found = issuing.found_of(visit.id).not_ready[0]
    assert found.photo_id is not None
    with unit_of_work():
        reporting.withdraw_not_ready(found.id, actor_id=tomas.user_id, at=ARRIVED + timedelta(days=7))
    assert visits.milestone(project, step.key).state is not MilestoneState.BLOCKED
    db.session.refresh(delay)
    assert delay.last_on is not None


def test_steps_come_from_the_playbook_once_and_stay(app: Flask) -> None:
    with unit_of_work():
        project = projects.live()
        step = next(one for one in milestones_in_order(project) if one.playbook_milestone_id is not None)
        asked = PlaybookStep(position=0, key="leak", kind=StepKind.TICK, text={"en": "No leak"})
        serial = PlaybookStep(
            position=1, key="serial", kind=StepKind.SERIAL, text={"en": "Serial", "de": "Nummer"}
        )
        software = PlaybookStep(position=2, key="software", kind=StepKind.TEXT, text={"en": "Software"})
        db.session.add(
            PlaybookVisit(
                milestone_id=step.playbook_milestone_id, kind=VisitKind.TRAINING, title={"en": "T"}, minutes=60,
                technicians=1, skill="", steps=[asked, serial, software],
            )
        )  # fmt: skip
        line_id = db.session.scalars(
            sa.select(OrderLine.id).where(OrderLine.order_id == project.order_id)
        ).first()
        db.session.execute(sa.delete(Asset))
        step.order_line_id = line_id
        tomas = workforce.technician()
        visit = visits.visit(
            project, tomas, milestone=step, kind=VisitKind.TRAINING, state=VisitState.CONFIRMED
        )
        pumps = [
            Asset(site_id=visit.site_id, name="Pump", created_at=EARLIER, order_line_id=line_id,
                  software=[{"name": "Acquisition", "version": "4.1"}, {"name": "Drivers", "version": "7"}])
            for _unit in range(2)
        ]  # fmt: skip
        db.session.add_all(pumps)
    shown = queries.steps_of([visit])[visit.id]
    assert [(one.key, one.text["en"]) for one in shown] == [
        ("leak", "No leak"), ("serial", "Serial (1/2)"), ("serial--2", "Serial (2/2)"),
        ("software", "Software (1/2)"), ("software--2", "Software (2/2)"),
    ], "what is read off a unit stands once for each"  # fmt: skip
    with unit_of_work():
        about = {"by": tomas.user_id}
        (_first, _second, said, twice) = send(
            change(visit, Kind.SERIAL, "P-1", step="serial", **about),
            change(visit, Kind.SERIAL, "P-2", step="serial--2", **about),
            change(visit, Kind.TEXT, "acquisition v4.2.1; Firmware: 2.118", step="software--2", **about),
            change(visit, Kind.SERIAL, "P-1", step="serial--2", **about),
            **about,
        )
    db.session.rollback()
    assert [(one.serial, one.software) for one in db.session.scalars(sa.select(Asset).order_by(Asset.id))] == [
        ("P-1", [{"name": "Acquisition", "version": "4.1"}, {"name": "Drivers", "version": "7"}]),
        ("P-2", [{"name": "Acquisition", "version": "4.2.1"}, {"name": "Drivers", "version": "7"},
                 {"name": "Firmware", "version": "2.118"}]),
    ]  # fmt: skip
    assert said.outcome is Outcome.DONE
    assert twice.outcome is Outcome.CONFLICT, "two cannot have one number; both values are kept"

    with unit_of_work():
        send(change(visit, Kind.TICK, True, by=tomas.user_id, step="leak"), by=tomas.user_id)
        asked = db.session.scalars(sa.select(PlaybookStep).where(PlaybookStep.key == "leak")).one()
        asked.text = {"en": "Something else"}
        gone = change(visit, Kind.TICK, True, by=tomas.user_id, step="no-such-step")
        (kept,) = send(gone, by=tomas.user_id)

    assert queries.steps_of([visit])[visit.id][0].text["en"] == "No leak"
    assert kept.outcome is Outcome.CONFLICT
    assert [one.text for one in db.session.scalars(sa.select(FieldNote))] == ["no-such-step: yes"]


def make_way_for(step: Milestone, somebody: Technician) -> None:
    """Finish what comes before, and open the gates."""
    for gate in db.session.scalars(sa.select(Gate).where(Gate.project_id == step.project_id)).all():
        gates.override(
            step.project_id, gate.kind, reason="Seen by phone", actor_id=somebody.user_id, at=EARLIER
        )
    for before in milestones_in_order(step.project):
        if before.position < step.position and before.state is not MilestoneState.DONE:
            milestones.finish(step.project_id, before.id, on=DAY, actor_id=None, at=EARLIER)


def milestones_in_order(project: Project) -> list[Milestone]:
    question = sa.select(Milestone).where(Milestone.project_id == project.id).order_by(Milestone.position)
    return list(db.session.scalars(question))
