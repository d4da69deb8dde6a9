"""Certificates and reports: what was signed becomes a record that never changes, and the clocks of the unit start."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from flask_babel import force_locale
from flask_babel import gettext as _

from concierge.catalogue.states import StepKind, VisitKind
from concierge.equipment import queries as equipment
from concierge.equipment.actions import installing
from concierge.equipment.models import Asset
from concierge.fieldwork import plan, queries
from concierge.fieldwork.events import RecordIssued
from concierge.fieldwork.models import FieldEntry, FieldRecord, FieldSignature, FieldStep
from concierge.fieldwork.protocol import Party, Tap
from concierge.fieldwork.queries import Found
from concierge.fieldwork.states import Fit, RecordKind, Standing, Stray
from concierge.platform import clock
from concierge.platform.database import db
from concierge.platform.errors import Refused
from concierge.platform.events import record
from concierge.platform.words import localized
from concierge.projects.actions import milestones
from concierge.projects.models import Milestone
from concierge.projects.states import MilestoneState
from concierge.visits.models import Visit, WorkOrder
from concierge.visits.states import VisitState

ENDED = frozenset({VisitState.COMPLETE, VisitState.INCOMPLETE})


def issue_if_signed(visit_id: int, *, actor_id: int | None, at: datetime) -> tuple[FieldRecord, ...]:
    """Make the records that a visit's signatures allow by now, each once for the same signatures.

    A report needs the technician's signature and the end of the visit. A certificate is for an installation that is
    complete, and needs both: it closes what the visit is for, and starts the clocks of the unit.
    """
    found = found_of(visit_id)
    ours, theirs = (holding(found, party) for party in (Party.TECHNICIAN, Party.CUSTOMER))
    if ours is None or not has_ended(found):
        return ()
    signed = [one for one in (ours, theirs) if one is not None]
    made = [_issue(found, RecordKind.REPORT, signed, actor_id=actor_id, at=at)]
    if theirs is not None and not lacks(found):
        if queries.last_record(visit_id, RecordKind.CERTIFICATE) is None:
            _hand_over(found, theirs, actor_id=actor_id, at=at)
            found = found_of(visit_id)  # with the clocks that run now
        made.append(_issue(found, RecordKind.CERTIFICATE, signed, actor_id=actor_id, at=at))
    return tuple(one for one in made if one is not None)


def found_of(visit_id: int) -> Found:
    """All that came from the field for one visit, as it is now."""
    visit = queries.visit_whole(visit_id)
    return queries.found_at([visit])[visit.id]


def told_by(visit: Visit) -> Callable[[str], Mapping[str, Any] | None]:
    """What a key stands for at a visit, as signatures are bound to it; None for what is not here."""
    found = queries.found_at([visit])[visit.id]
    steps = {step.id: step for step in found.steps}
    said: dict[str, dict[str, Any]] = {}
    for step_id, entries in found.entries.items():
        for one in entries:
            said[one.change.key] = {
                "kind": steps[step_id].kind.value,
                "step": steps[step_id].key,
                "value": one.value,
                "at": one.change.at.isoformat(),
                "by": one.change.user_id,
            }
    for note in found.notes:
        said[note.change.key] = {"kind": "note", "text": note.text, "at": note.change.at.isoformat()}
    for photo in found.photos:
        said[photo.change.key] = {
            "kind": "photo",
            "caption": photo.caption,
            "sha256": photo.file.sha256,
            "at": photo.change.at.isoformat(),
        }
    return said.get


def holding(found: Found, party: Party) -> FieldSignature | None:
    """The last signature of a party, if what it is bound to is still all that stands at the steps."""
    signed = [one for one in found.signatures if one.party is party]
    return signed[-1] if signed and not changed_since(signed[-1], found) else None


def changed_since(signature: FieldSignature, found: Found) -> Sequence[FieldStep]:
    """The steps at which something else stands now than when it was signed; notes and photos are only added."""
    shown: dict[str, list[str]] = {}
    for said in signature.content.get("shown", {}).values():
        if "step" in said:
            shown.setdefault(said["step"], []).append(said["value"])
    changed = []
    for step in found.steps:
        current = standing_at(found, step)
        values = shown.get(step.key, [])
        if current is None and not values:
            continue
        if current is None or is_contradicted(found, step) or not _says(values, step, current):
            changed.append(step)
    return changed


def standing_at(found: Found, step: FieldStep) -> FieldEntry | None:
    """The entry of a step that counts; None while there is none."""
    entries = found.entries.get(step.id, ()) if step.id is not None else ()
    return next((one for one in entries if one.standing is Standing.CURRENT), None)


def is_contradicted(found: Found, step: FieldStep) -> bool:
    """Whether values stand against each other at a step."""
    entries = found.entries.get(step.id, ()) if step.id is not None else ()
    return any(one.standing is Standing.CONFLICT for one in entries)


def is_answered(found: Found, step: FieldStep) -> bool:
    """Whether a step is done: ticked, or filled with what can be read."""
    if step.kind is StepKind.PHOTO:
        return any(one.step_id == step.id for one in found.photos)
    current = standing_at(found, step)
    if current is None or current.fit is Fit.UNREADABLE:
        return False
    return current.value == "yes" if step.kind is StepKind.TICK else bool(current.value.strip())


def has_ended(found: Found) -> bool:
    """Whether somebody said that the visit is over, whatever the plan made of it."""
    return found.visit.state in ENDED or any(one.to in {Tap.FINISHED, Tap.INCOMPLETE} for one in found.taps)


def lacks(found: Found) -> list[str]:
    """What stands in the way of a certificate besides signatures, as sentences; `[]` when nothing does."""
    said = []
    if found.visit.kind is not VisitKind.INSTALL:
        said.append(_("Only an installation is certified; a service report is made."))
    if found.visit.state is not VisitState.COMPLETE:
        said.append(_("The visit is not finished."))
    for step in found.steps:
        if is_contradicted(found, step):
            said.append(_("Two values stand against each other: %(step)s", step=localized(step.text)))
        elif step.is_required and not is_answered(found, step):
            said.append(_("Still open: %(step)s", step=localized(step.text)))
    if any(one.withdrawn_at is None for one in found.not_ready):
        said.append(_("The site was reported as not ready."))
    return said


def kind_of(visit: Visit) -> RecordKind:
    """What is handed over after a visit of this kind when all goes well."""
    return RecordKind.CERTIFICATE if visit.kind is VisitKind.INSTALL else RecordKind.REPORT


def meaning(visit: Visit, party: Party, *, language: str = "") -> str:
    """The sentence that somebody signs.

    :param language: in which; empty: the reader's.
    """
    if language:
        with force_locale(language):
            return meaning(visit, party)
    is_certificate = kind_of(visit) is RecordKind.CERTIFICATE
    if party is Party.TECHNICIAN:
        if is_certificate:
            return _("I installed the instrument as described and checked that it works.")
        return _("I did the work as described.")
    if is_certificate:
        return _("The instrument was installed as described, and I accept it.")
    return _("The work was done as described.")


def _says(values: Sequence[str], step: FieldStep, current: FieldEntry) -> bool:
    """Whether what was shown at a step is what counts there now."""
    now = plan.Entered("", current.value, current.number, frozenset())
    return bool(values) and all(plan.is_same(_entered(one, step), now) for one in values)


def _entered(value: str, step: FieldStep) -> plan.Entered:
    number = None
    if step.kind is StepKind.READING:
        number = plan.measured(value, unit=step.unit, minimum=None, maximum=None).number
    return plan.Entered("", value, number, frozenset())


def _issue(
    found: Found,
    kind: RecordKind,
    signed: Sequence[FieldSignature],
    *,
    actor_id: int | None,
    at: datetime,
) -> FieldRecord | None:
    """Make the next revision of a record; None when these signatures have one already."""
    visit = found.visit
    signed_hash = plan.digest({one.party.value: [one.content_hash, one.change.key] for one in signed})
    last = queries.last_record(visit.id, kind)
    if last is not None and last.signed_hash == signed_hash:
        return None
    revision = last.revision + 1 if last is not None else 1
    content = content_of(found, kind, revision, signed, at=at)
    made = FieldRecord(
        visit_id=visit.id,
        kind=kind,
        revision=revision,
        content=content,
        content_hash=plan.digest(content),
        signed_hash=signed_hash,
        issued_at=at,
    )
    db.session.add(made)
    db.session.flush()
    theirs = next((one.name for one in signed if one.party is Party.CUSTOMER), "")
    record(
        RecordIssued(
            at=at,
            actor_id=actor_id,
            project_id=visit.project_id,
            visit_id=visit.id,
            title=visit.title,
            record_id=made.id,
            kind=kind.value,
            revision=revision,
            name=theirs,
            sha256=made.content_hash,
        )
    )
    return made


def _hand_over(found: Found, theirs: FieldSignature, *, actor_id: int | None, at: datetime) -> None:
    """Close what the visit is for and start the unit's clocks, each if it can be; else a person has to look."""
    visit, row = found.visit, theirs.change
    when = plan.happened_at(row.at, off=row.clock_off, received_at=row.received_at)
    on = min(clock.day_at(when, visit.zone), clock.day_at(at, visit.zone))
    problems = []
    milestone = db.session.get(Milestone, visit.milestone_id) if visit.milestone_id is not None else None
    if milestone is not None and milestone.state is not MilestoneState.DONE:
        try:
            with db.session.begin_nested():
                milestones.finish(visit.project_id, milestone.id, on=on, actor_id=actor_id, at=at)
        except Refused as refusal:
            problems.append(refusal.sentence)
    units = queries.units_at(visit, for_change=True)
    problems += _start_clocks(units, project_id=visit.project_id, on=on, actor_id=actor_id, at=at)
    if problems and row.stray is None:
        row.stray = Stray.NOT_POSSIBLE
        row.said = _("The certificate is signed, but: %(why)s", why=" ".join(problems))[:500]
        db.session.flush()


def start_clocks_of_work(work_order_id: int, *, actor_id: int | None, at: datetime) -> None:
    """Start the clocks of a unit that a work order names only after its certificate was signed."""
    certificate = queries.first_certificate_of(work_order_id)
    work = db.session.get_one(WorkOrder, work_order_id)
    if certificate is None or work.asset_id is None:
        return
    content = certificate.content
    theirs = next(one for one in content["signatures"] if one["party"] == Party.CUSTOMER.value)
    signed_at = datetime.fromisoformat(theirs["received_at" if theirs["is_odd"] else "at"])
    _start_clocks(
        equipment.units_of(work.asset_id, None, for_change=True),
        project_id=work.project_id,
        on=clock.day_at(signed_at, content["site"]["zone"]),
        actor_id=actor_id,
        at=at,
    )


def _start_clocks(
    units: Sequence[Asset], *, project_id: int, on: date, actor_id: int | None, at: datetime
) -> list[str]:
    """Let the warranty of each unit begin; what stands in the way, as sentences."""
    if not units:
        return [
            _("The work order names no instrument, so no warranty began. Open it again and name it there.")
        ]
    try:
        with db.session.begin_nested():
            for asset in units:
                terms = equipment.terms_for(asset)
                installing.start_clocks(
                    asset,
                    installed_on=on,
                    warranty_months=terms.warranty_months,
                    training_days=terms.training_days,
                    project_id=project_id,
                    at=at,
                    actor_id=actor_id,
                )
    except Refused as refusal:
        return [refusal.sentence]
    return []


def content_of(
    found: Found, kind: RecordKind, revision: int, signed: Sequence[FieldSignature], *, at: datetime
) -> dict[str, Any]:  # Any: JSON
    """All that a record says, in every language, for the print and for machines.

    Of notes and photos it holds those that were signed: what is written afterwards belongs to the next revision.
    """
    visit = found.visit
    project, site, work = visit.project, visit.site, visit.work_order
    covered = covered_by(signed)
    asked_until = max((one.change.at for one in signed), default=at)
    units = queries.units_at(visit)
    asset = units[0] if units else None
    contact = project.contact
    return {
        "kind": kind.value,
        "revision": revision,
        "issued_at": at.isoformat(),
        "project": project.key,
        "number": work.code if work is not None else project.key,
        "account": project.account.name,
        "contact": contact.name if contact is not None else "",
        "site": {
            "name": site.name,
            "lines": [
                one for one in (site.street, f"{site.postcode} {site.city}".strip(), site.country) if one
            ],
            "country": site.country,
            "zone": visit.zone,
        },
        "visit": {
            "uid": visit.uid,
            "kind": visit.kind.value,
            "title": visit.title,
            "titles": dict(visit.titles),
            "starts": visit.starts_local.isoformat(),
            "ends": visit.ends_local.isoformat(),
            "is_complete": visit.state is VisitState.COMPLETE,
        },
        "unit": {
            "name": in_words(units),
            "serial": ", ".join(one.serial for one in units if one.serial),
            "options": [str(one) for one in asset.options] if asset is not None else [],
            "place": asset.place if asset is not None else "",
            "warranty_to": _day(asset.warranty_to if asset is not None else None),
            "training_to": _day(asset.training_to if asset is not None else None),
        },
        "people": [one.user.name for one in visit.crew_members],
        "times": [
            {
                "to": one.to.value,
                "note": one.note,
                **_who_when(one),
            }
            for one in found.taps
        ],
        "steps": [_step(found, step, covered) for step in found.steps],
        "notes": [{"text": one.text, **_who_when(one)} for one in found.notes if one.change.key in covered],
        "photos": [
            {
                "caption": one.caption,
                "step": next((step.key for step in found.steps if step.id == one.step_id), ""),
                **_who_when(one),
                "file": one.file_id,
                "small": one.small_id,
                "sha256": one.file.sha256,
            }
            for one in found.photos
            if one.change.key in covered
        ],
        "not_ready": [
            {
                "cause": one.cause.value,
                "note": one.note,
                **_who_when(one),
            }
            for one in found.not_ready
            if one.withdrawn_at is None and one.change.at <= asked_until
        ],
        "signatures": [
            {
                "party": one.party.value,
                "name": one.name,
                "role": one.role,
                "meaning": one.meaning,
                "at": one.change.at.isoformat(),
                "is_odd": _is_odd(one),
                "received_at": one.change.received_at.isoformat(),
                "strokes": one.strokes,
                "sha256": one.content_hash,
            }
            for one in signed
        ],
    }


def in_words(units: Sequence[Asset]) -> str:
    """What the instruments of a visit are called, with how many there are of each when there are several."""
    names = Counter(one.name for one in units)
    return ", ".join(name if number == 1 else f"{number} × {name}" for name, number in names.items())


def covered_by(signed: Sequence[FieldSignature]) -> set[str]:
    """Keys of what the signed pages showed, also of what was still on its way when the signature came."""
    return {key for one in signed for part in ("shown", "missing") for key in one.content.get(part, ())}


def _step(found: Found, step: FieldStep, covered: set[str]) -> dict[str, Any]:  # Any: JSON
    current = standing_at(found, step)
    return {
        "key": step.key,
        "kind": step.kind.value,
        "text": dict(step.text),
        "unit": step.unit,
        "minimum": step.minimum,
        "maximum": step.maximum,
        "is_required": step.is_required,
        "value": current.value if current is not None else "",
        "number": current.number if current is not None else None,
        "fit": current.fit.value if current is not None and current.fit is not None else "",
        **(_who_when(current) if current is not None else {"at": "", "by": "", "is_odd": False}),
        "is_open": is_contradicted(found, step) or not is_answered(found, step),
        "photos": sum(one.step_id == step.id and one.change.key in covered for one in found.photos),
    }


def _day(on: date | None) -> str:
    return on.isoformat() if on is not None else ""


def _who_when(one: Any) -> dict[str, Any]:  # Any: whatever hangs on a change
    """Who entered it when by the device's clock, and whether that clock cannot have been right."""
    row = one.change
    return {"at": row.at.isoformat(), "by": row.user.name, "is_odd": _is_odd(one)}


def _is_odd(one: Any) -> bool:  # Any: whatever hangs on a change
    row = one.change
    return plan.is_odd(row.at, off=row.clock_off, received_at=row.received_at)
