"""Questions about the field: what was entered at a visit, what a person has before them today, what waits."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy import select
from sqlalchemy.orm import contains_eager, joinedload, selectinload

from concierge.accounts.models import Contact
from concierge.catalogue.models import PlaybookMilestone, PlaybookStep, PlaybookVisit
from concierge.catalogue.states import StepKind
from concierge.equipment import queries as equipment
from concierge.equipment.models import Asset
from concierge.equipment.states import AssetState
from concierge.fieldwork.models import (
    FieldChange,
    FieldEntry,
    FieldNote,
    FieldPhoto,
    FieldPrint,
    FieldRecord,
    FieldSignature,
    FieldStep,
    FieldTap,
    NotReady,
    PhotoUpload,
)
from concierge.fieldwork.protocol import Party
from concierge.fieldwork.states import RecordKind, Standing
from concierge.identity.models import User
from concierge.identity.states import AccessState
from concierge.identity.viewer import Viewer
from concierge.platform.database import db
from concierge.platform.errors import NotFound
from concierge.platform.files import StoredFile
from concierge.projects.models import Milestone, Project
from concierge.visits import queries as visits
from concierge.visits.models import Visit, VisitTechnician, WorkOrder
from concierge.visits.states import OVER, VisitState

SOFTWARE = frozenset({"software", "version", "versions", "release", "and", "its", "installed"})
"""Words that the key of a step consists of which asks for the software of a unit."""
STILL_SHOWN = (VisitState.CONFIRMED, VisitState.ACCEPTED, VisitState.ON_ROUTE, VisitState.IN_PROGRESS)
"""States in which a visit whose time is over stays on the day until somebody says how it ended."""


@dataclass(frozen=True, slots=True)
class Found:
    """All that came from the field for one visit, each in the order of arrival; steps by their place."""

    visit: Visit
    steps: Sequence[FieldStep]
    entries: Mapping[int, Sequence[FieldEntry]]
    """By step id; those of other visits of the same work order, too."""
    notes: Sequence[FieldNote]
    photos: Sequence[FieldPhoto]
    signatures: Sequence[FieldSignature]
    taps: Sequence[FieldTap]
    not_ready: Sequence[NotReady]
    records: Sequence[FieldRecord]
    changes: Mapping[str, FieldChange]
    """By key."""


def visits_of_day(user_id: int, *, from_at: datetime, to_at: datetime) -> Sequence[Visit]:
    """The visits on which somebody goes between two instants, and earlier ones of which nobody said how they ended.

    Those that are over or cancelled are told as long as they lie between.
    """
    mine = select(VisitTechnician.visit_id).where(VisitTechnician.user_id == user_id)
    question = (
        select(Visit)
        .where(
            Visit.id.in_(mine),
            Visit.state != VisitState.DRAFT,
            Visit.starts_at < to_at,
            sa.or_(Visit.ends_at > from_at, Visit.state.in_(STILL_SHOWN)),
        )
        .order_by(Visit.starts_at, Visit.id)
        .options(*whole())
    )
    return db.session.scalars(question).all()


def whole() -> tuple[Any, ...]:  # Any: loader options
    """What is loaded with a visit for the day."""
    return (
        joinedload(Visit.project).options(joinedload(Project.account), joinedload(Project.contact)),
        joinedload(Visit.project).selectinload(Project.gates),
        joinedload(Visit.site),
        joinedload(Visit.work_order).joinedload(WorkOrder.asset),
        joinedload(Visit.milestone),
        selectinload(Visit.crew_members).joinedload(VisitTechnician.user),
    )


def visit_for_change(uid: str) -> Visit | None:
    """The visit with a uid and who goes, locked until the end of the unit of work, whoever asks."""
    question = (
        select(Visit)
        .where(Visit.uid == uid)
        .with_for_update()
        .options(selectinload(Visit.crew_members))
        .execution_options(populate_existing=True)
    )
    return db.session.scalar(question) if uid else None


def visit_for(viewer: Viewer, uid: str) -> Visit:
    """A visit that the viewer may see, with all that the day shows.

    :raises NotFound: when there is none, or it is not shared with them.
    """
    found = db.session.scalar(visits.seen_by(viewer, select(Visit).where(Visit.uid == uid)).options(*whole()))
    if found is None:
        raise NotFound
    return found


def visit_whole(visit_id: int) -> Visit:
    """One visit with all that the day shows, whoever asks, as it is now."""
    question = select(Visit).where(Visit.id == visit_id).options(*whole())
    return db.session.scalars(question.execution_options(populate_existing=True)).one()


def found_at(these: Sequence[Visit]) -> dict[int, Found]:
    """All that came from the field for visits, by visit id; steps that are not copied yet come from the playbook."""
    ids = [one.id for one in these]
    steps = steps_of(these)
    step_ids = {step.id for several in steps.values() for step in several if step.id is not None}
    entries = _entries(step_ids)
    notes = _of_visits(FieldNote, ids)
    photos = _of_visits(FieldPhoto, ids, FieldPhoto.file)
    signatures = _of_visits(FieldSignature, ids)
    taps = _of_visits(FieldTap, ids)
    reports = _of_visits(NotReady, ids)
    records = _records(ids)
    found = {}
    for visit in these:
        of_step = {step.id: entries.get(step.id, ()) for step in steps[visit.id] if step.id is not None}
        parts = [*notes.get(visit.id, ()), *photos.get(visit.id, ())]
        changes = {one.change.key: one.change for several in of_step.values() for one in several}
        changes |= {one.change.key: one.change for one in parts}
        found[visit.id] = Found(
            visit=visit,
            steps=steps[visit.id],
            entries=of_step,
            notes=notes.get(visit.id, ()),
            photos=photos.get(visit.id, ()),
            signatures=signatures.get(visit.id, ()),
            taps=taps.get(visit.id, ()),
            not_ready=reports.get(visit.id, ()),
            records=records.get(visit.id, ()),
            changes=changes,
        )
    return found


def steps_of(these: Sequence[Visit]) -> dict[int, Sequence[FieldStep]]:
    """The steps of visits, by visit id; what is not copied yet as rows without id that nobody keeps."""
    works = {one.work_order_id for one in these if one.work_order_id is not None}
    alone = {one.id for one in these if one.work_order_id is None}
    kept: dict[tuple[str, int], list[FieldStep]] = {}
    question = select(FieldStep).where(
        sa.or_(FieldStep.work_order_id.in_(works), FieldStep.visit_id.in_(alone))
    )
    for step in db.session.scalars(question.order_by(FieldStep.position, FieldStep.id)):
        kept.setdefault(_owner(step), []).append(step)
    missing = [one for one in these if _owner_of(one) not in kept]
    asked = _asked_by_playbooks(missing)
    units = unit_ids_of([one for one in missing if any(map(is_of_unit, asked.get(one.id, ())))])
    return {
        one.id: kept.get(_owner_of(one)) or copied(asked.get(one.id, ()), units.get(one.id, ()))
        for one in these
    }


def copied(steps: Iterable[PlaybookStep], unit_ids: Sequence[int]) -> list[FieldStep]:
    """Steps as a playbook has them, not kept yet: where work is about several units, what is read off each of them
    stands once for each, the first under its own key.

    :param unit_ids: of the units that the work is about.
    """
    found: list[FieldStep] = []
    for step in steps:
        each: Sequence[int | None] = unit_ids if len(unit_ids) > 1 and is_of_unit(step) else (None,)
        for number, unit_id in enumerate(each, start=1):
            one = _copied(step, position=len(found))
            if unit_id is not None:
                one.asset_id = unit_id
                one.key = step.key if number == 1 else f"{step.key[:50]}--{number}"
                one.text = {code: f"{text} ({number}/{len(each)})" for code, text in step.text.items()}
            found.append(one)
    return found


def is_of_unit(step: PlaybookStep | FieldStep) -> bool:
    """Whether what is recorded at a step is written to the unit: its serial number, or its software."""
    return step.kind is StepKind.SERIAL or is_software(step)


def is_software(step: PlaybookStep | FieldStep) -> bool:
    """Whether a step asks for the software of a unit: a text whose key says so."""
    words = re.sub(r"--[0-9]+$", "", step.key).split("-")
    return step.kind is StepKind.TEXT and words[0] == "software" and SOFTWARE.issuperset(words)


def unit_ids_of(these: Collection[Visit]) -> dict[int, Sequence[int]]:
    """Ids of the units that visits are about, by visit id, as `units_at` has them; visits need nothing loaded."""
    works = {one.work_order_id for one in these if one.work_order_id is not None}
    named = select(WorkOrder.id, WorkOrder.asset_id).where(
        WorkOrder.id.in_(works), WorkOrder.asset_id.is_not(None)
    )
    by_work: dict[int | None, list[int]] = {
        row.id: [row.asset_id] for row in (db.session.execute(named) if works else ())
    }
    milestone_ids = {one.milestone_id for one in these if one.work_order_id not in by_work}
    brought = (
        select(Milestone.id, Asset.id)
        .join(Asset, Asset.order_line_id == Milestone.order_line_id)
        .where(Milestone.id.in_(milestone_ids - {None}), Asset.state != AssetState.REMOVED)
        .order_by(Asset.id)
    )
    by_milestone: dict[int | None, list[int]] = {}
    for milestone_id, asset_id in db.session.execute(brought) if milestone_ids - {None} else ():
        by_milestone.setdefault(milestone_id, []).append(asset_id)
    return {one.id: by_work.get(one.work_order_id) or by_milestone.get(one.milestone_id, []) for one in these}


def _copied(step: PlaybookStep, *, position: int) -> FieldStep:
    return FieldStep(
        position=position,
        key=step.key,
        kind=step.kind,
        text=dict(step.text),
        unit=step.unit,
        minimum=step.minimum,
        maximum=step.maximum,
        is_required=step.is_required,
    )


def entries_of_step(step_id: int) -> Sequence[FieldEntry]:
    """What was entered at a step, in the order of arrival."""
    return _entries({step_id}).get(step_id, ())


def change_with(key: str) -> FieldChange | None:
    """The change with a key, whosever it is."""
    question = select(FieldChange).where(FieldChange.key == key)
    return db.session.scalar(question.execution_options(populate_existing=True))


def upload_for_change(uuid: str) -> PhotoUpload | None:
    """The photo that a device calls so, locked until the end of the unit of work."""
    question = select(PhotoUpload).where(PhotoUpload.uuid == uuid).with_for_update()
    return db.session.scalar(question.execution_options(populate_existing=True))


def count_uploads(user_id: int) -> int:
    """How many photos of a person are not whole, or wait for their change."""
    return db.session.scalar(select(sa.func.count(PhotoUpload.id)).where(PhotoUpload.user_id == user_id)) or 0


def uploads_before(before: datetime) -> Sequence[PhotoUpload]:
    """Photos that were begun before an instant and have no change yet."""
    return db.session.scalars(select(PhotoUpload).where(PhotoUpload.begun_at < before)).all()


def stored_pieces(ids: Collection[int]) -> list[StoredFile]:
    """Stored files in the order of their ids as given."""
    found = {one.id: one for one in db.session.scalars(select(StoredFile).where(StoredFile.id.in_(ids)))}
    return [found[number] for number in ids if number in found]


def photo_for(viewer: Viewer, photo_id: int) -> FieldPhoto:
    """A photo of a visit that the viewer may see.

    :raises NotFound: when there is none, or it is not shared with them.
    """
    question = (
        select(FieldPhoto)
        .where(FieldPhoto.id == photo_id)
        .options(joinedload(FieldPhoto.change), joinedload(FieldPhoto.file), joinedload(FieldPhoto.small))
    )
    found = db.session.scalar(question)
    if found is None:
        raise NotFound
    visits.visit_for(viewer, found.change.visit_id)
    return found


def report_for_change(report_id: int) -> NotReady:
    """A report that a site is not ready, locked until the end of the unit of work.

    :raises NotFound: when there is none.
    """
    question = (
        select(NotReady)
        .where(NotReady.id == report_id)
        .options(joinedload(NotReady.change), joinedload(NotReady.photo), joinedload(NotReady.small))
        .with_for_update(of=NotReady)
    )
    found = db.session.scalar(question.execution_options(populate_existing=True))
    if found is None:
        raise NotFound
    return found


def strays_at(visit_id: int) -> Sequence[FieldChange]:
    """Changes of a visit that nobody of the office has looked at, though somebody has to."""
    question = (
        select(FieldChange)
        .where(
            FieldChange.visit_id == visit_id,
            FieldChange.stray.is_not(None),
            FieldChange.looked_at.is_(None),
        )
        .order_by(FieldChange.id)
        .options(joinedload(FieldChange.user))
    )
    return db.session.scalars(question).all()


def is_signed(visit_id: int) -> bool:
    """Whether anybody has signed at a visit."""
    question = (
        select(FieldSignature.id).join(FieldSignature.change).where(FieldChange.visit_id == visit_id).limit(1)
    )
    return db.session.scalar(question) is not None


def work_of(visit: Visit) -> WorkOrder | None:
    """The work that a visit is for, as it is now."""
    return db.session.get(WorkOrder, visit.work_order_id) if visit.work_order_id is not None else None


def units_at(visit: Visit, *, for_change: bool = False) -> Sequence[Asset]:
    """The instruments that a visit is about: the one its work order names, else those that its milestone brings."""
    asset_id = visit.work_order.asset_id if visit.work_order is not None else None
    line_id = visit.milestone.order_line_id if visit.milestone is not None else None
    if (
        asset_id is not None
        and not for_change
        and visit.work_order is not None
        and visit.work_order.asset is not None
    ):
        return (visit.work_order.asset,)
    return equipment.units_of(asset_id, line_id, for_change=for_change)


def record_by_id(record_id: int) -> FieldRecord:
    """A record with its visit and prints.

    :raises NotFound: when there is none.
    """
    question = (
        select(FieldRecord)
        .where(FieldRecord.id == record_id)
        .options(
            joinedload(FieldRecord.visit).options(*whole()),
            selectinload(FieldRecord.prints).joinedload(FieldPrint.file),
        )
    )
    found = db.session.scalar(question.execution_options(populate_existing=True))
    if found is None:
        raise NotFound
    return found


def records_of_project(project_id: int) -> Sequence[FieldRecord]:
    """Certificates and reports of a project, the newest first, with their prints."""
    question = (
        select(FieldRecord)
        .join(FieldRecord.visit)
        .where(Visit.project_id == project_id)
        .options(
            contains_eager(FieldRecord.visit), selectinload(FieldRecord.prints).joinedload(FieldPrint.file)
        )
        .order_by(FieldRecord.issued_at.desc(), FieldRecord.id.desc())
    )
    return db.session.scalars(question).all()


def records_signed_by_customer(project_id: int) -> Sequence[FieldRecord]:
    """Certificates and reports of a project that somebody of the customer signed, the newest first."""
    return [
        one
        for one in records_of_project(project_id)
        if any(signature["party"] == Party.CUSTOMER.value for signature in one.content["signatures"])
    ]


def records_at(visit_id: int) -> Sequence[FieldRecord]:
    """Certificates and reports of a visit, the newest first, with their prints."""
    return _records([visit_id]).get(visit_id, [])[::-1]


def last_record(visit_id: int, kind: RecordKind) -> FieldRecord | None:
    """The newest revision of a visit's certificate or report."""
    question = select(FieldRecord).where(FieldRecord.visit_id == visit_id, FieldRecord.kind == kind)
    return db.session.scalar(question.order_by(FieldRecord.revision.desc()).limit(1))


def first_certificate_of(work_order_id: int) -> FieldRecord | None:
    """The certificate that was signed first for some work; None while there is none."""
    question = (
        select(FieldRecord)
        .join(FieldRecord.visit)
        .where(Visit.work_order_id == work_order_id, FieldRecord.kind == RecordKind.CERTIFICATE)
        .order_by(FieldRecord.id)
        .limit(1)
    )
    return db.session.scalar(question)


def role_of(user_id: int) -> User | None:
    """A person of ours by id."""
    return db.session.get(User, user_id)


def has_left(user_id: int) -> bool:
    """Whether a person's access was ended, so that they cannot send what their device holds themselves."""
    person = role_of(user_id)
    return person is not None and person.state is AccessState.DISABLED


def customers_language(project: Project) -> str:
    """The language in which the customer of a project is written to."""
    if project.contact_id is None:
        return "en"
    found = db.session.scalar(select(Contact.language).where(Contact.id == project.contact_id))
    return (found or "en").partition("-")[0]


def is_left_open(visit: Visit) -> bool:
    """Whether nobody has said yet how a visit ended."""
    return visit.state not in OVER


def _owner(step: FieldStep) -> tuple[str, int]:
    return ("visit", step.visit_id) if step.visit_id is not None else ("work", step.work_order_id or 0)


def _owner_of(visit: Visit) -> tuple[str, int]:
    return ("visit", visit.id) if visit.work_order_id is None else ("work", visit.work_order_id)


def _asked_by_playbooks(these: Sequence[Visit]) -> dict[int, Sequence[PlaybookStep]]:
    """The steps that playbooks name for visits, by visit id: of the milestone's presence of the same kind."""
    if not these:
        return {}
    question = (
        select(Milestone.id, PlaybookVisit)
        .join(PlaybookMilestone, PlaybookMilestone.id == Milestone.playbook_milestone_id)
        .join(PlaybookVisit, PlaybookVisit.milestone_id == PlaybookMilestone.id)
        .where(Milestone.id.in_({one.milestone_id for one in these if one.milestone_id is not None}))
        .options(selectinload(PlaybookVisit.steps))
        .order_by(PlaybookVisit.id)
    )
    known: dict[tuple[int, object], PlaybookVisit] = {}
    for milestone_id, presence in db.session.execute(question):
        known.setdefault((milestone_id, presence.kind), presence)
    asked = {one.id: known.get((one.milestone_id or 0, one.kind)) for one in these}
    return {visit_id: presence.steps for visit_id, presence in asked.items() if presence is not None}


def _entries(step_ids: Collection[int]) -> dict[int, list[FieldEntry]]:
    found: dict[int, list[FieldEntry]] = {}
    if not step_ids:
        return found
    question = (
        select(FieldEntry)
        .join(FieldEntry.change)
        .where(FieldEntry.step_id.in_(step_ids))
        .options(contains_eager(FieldEntry.change).joinedload(FieldChange.user))
        .order_by(FieldEntry.change_id)
    )
    for entry in db.session.scalars(question):
        found.setdefault(entry.step_id, []).append(entry)
    return found


Part = TypeVar("Part", FieldNote, FieldPhoto, FieldSignature, FieldTap, NotReady)


def _of_visits(
    table: type[Part], ids: Collection[int], *also: Any
) -> dict[int, list[Part]]:  # Any: relationships
    """Rows of a table by the visit of their change, in the order of arrival."""
    found: dict[int, list[Part]] = {}
    question = (
        select(table)
        .join(table.change)
        .where(FieldChange.visit_id.in_(ids))
        .options(
            contains_eager(table.change).joinedload(FieldChange.user), *(joinedload(one) for one in also)
        )
        .order_by(table.change_id)
    )
    for one in db.session.scalars(question):
        found.setdefault(one.change.visit_id, []).append(one)
    return found


def _records(ids: Collection[int]) -> dict[int, list[FieldRecord]]:
    found: dict[int, list[FieldRecord]] = {}
    question = (
        select(FieldRecord)
        .where(FieldRecord.visit_id.in_(ids))
        .options(selectinload(FieldRecord.prints).joinedload(FieldPrint.file))
        .order_by(FieldRecord.id)
    )
    for one in db.session.scalars(question):
        found.setdefault(one.visit_id, []).append(one)
    return found


def conflicts_open(these: Found) -> int:
    """How many steps hold values that stand against each other."""
    return sum(
        any(one.standing is Standing.CONFLICT for one in several) for several in these.entries.values()
    )
