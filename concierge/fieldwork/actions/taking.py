"""Taking what devices send: each change once, whatever the order, and nothing lost."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from flask_babel import gettext as _

from concierge.catalogue.states import StepKind
from concierge.fieldwork import plan, queries, scope
from concierge.fieldwork.actions import issuing, reporting
from concierge.fieldwork.events import FieldworkReported
from concierge.fieldwork.models import (
    FieldChange,
    FieldEntry,
    FieldNote,
    FieldPhoto,
    FieldSignature,
    FieldStep,
    FieldTap,
    PhotoUpload,
)
from concierge.fieldwork.protocol import (
    LONGEST_NAME,
    LONGEST_NOTE,
    LONGEST_TEXT,
    MOST_POINTS,
    Change,
    Kind,
    Outcome,
    Party,
    Result,
    Tap,
)
from concierge.fieldwork.states import Fit, Standing, Stray
from concierge.identity.permissions import MAY, Permission
from concierge.identity.states import AccessState
from concierge.platform import settings
from concierge.platform.database import db, insert
from concierge.platform.errors import OUT_OF_RANGE, NotFound, Refused, Stale, reference_of
from concierge.platform.events import record
from concierge.projects.states import BlockCause
from concierge.readiness.plan import problem_in_words
from concierge.visits.actions import progress
from concierge.visits.models import Visit
from concierge.visits.states import COMING, OVER, VisitState

LONGEST_SERIAL, LONGEST_MEANING, MOST_SHOWN = 80, 500, 2000
AT_STEP = {
    Kind.TICK: StepKind.TICK,
    Kind.READING: StepKind.READING,
    Kind.SERIAL: StepKind.SERIAL,
    Kind.TEXT: StepKind.TEXT,
}
"""Kinds of changes that a step takes, and which kind of step takes them."""


class _Later(Exception):
    """The change has to come again, after something else."""


@dataclass(slots=True)
class _Came:
    """What arrived for one visit, to be told in one event."""

    visit: Visit
    counts: dict[str, int] = field(default_factory=dict)

    def count(self, what: str) -> None:
        self.counts[what] = self.counts.get(what, 0) + 1


@dataclass(slots=True)
class _Batch:
    """What is sent at once: the visits it is about, locked, with their steps and the keys that are known there."""

    changes: Sequence[Change]
    user_id: int
    off: int
    at: datetime
    came: dict[int, _Came] = field(default_factory=dict)
    visits: dict[str, Visit] = field(default_factory=dict)
    steps: dict[int, Sequence[FieldStep]] = field(default_factory=dict)

    def visit(self, uid: str) -> Visit:
        """A visit, locked: two devices at the same one wait for each other here.

        :raises NotFound: when there is none.
        """
        known = self.visits.get(uid)
        if known is None or sa.inspect(known).unloaded & {"crew_members", "state", "version"}:
            found = queries.visit_for_change(uid)
            if found is None:
                raise NotFound
            self.visits[uid] = found
        return self.visits[uid]

    def steps_of(self, visit: Visit) -> Sequence[FieldStep]:
        """The steps of a visit, kept from now on."""
        if visit.id not in self.steps:
            self.steps[visit.id] = kept_steps(visit)
        return self.steps[visit.id]

    def forget(self) -> None:
        """A change was undone: what was loaded meanwhile is read again."""
        self.visits.clear()
        self.steps.clear()


@dataclass(slots=True)
class _Taken:
    """One change that is being kept: its row, and what is to be said about it."""

    change: Change
    row: FieldChange
    visit: Visit
    at: datetime
    """The server's instant."""
    happened_at: datetime
    """The device's, by a right clock."""
    is_theirs: bool
    """Whether the person may still work on the visit."""
    came: _Came
    batch: _Batch

    def step(self) -> FieldStep | None:
        """The step that the change names; None when there is none with this key."""
        key = self.change.step
        return next((one for one in self.batch.steps_of(self.visit) if one.key == key), None) if key else None

    def stray(self, why: Stray, sentence: str) -> None:
        """Let a person of the office look at it; the first reason stays."""
        if self.row.stray is None:
            self.row.stray, self.row.said = why, sentence


def take_changes(
    changes: Sequence[Change], *, user_id: int, sent_at: datetime | None = None, at: datetime
) -> list[Result]:
    """Keep changes as a device sent them, each for itself; one that cannot be kept holds up no other.

    :param user_id: who entered them: who is signed in, or somebody whose access was ended, for whom another person
        hands in what their device holds; of theirs nothing drives the visit.
    :param sent_at: what the device's clock showed when it sent; tells how far it is off.
    :param at: when it arrived.
    :return: what became of each, in order.
    """
    batch = _Batch(changes, user_id, plan.clock_off(sent_at, at), at)
    results = []
    for change in changes:
        result = _take(change, batch)
        if result.outcome in {Outcome.REFUSED, Outcome.LATER}:
            batch.forget()
        results.append(result)
    for one in batch.came.values():
        _conclude(one, user_id=user_id, at=at)
    return results


def _take(change: Change, batch: _Batch) -> Result:
    """Keep one change in a savepoint of its own."""
    try:
        with db.session.begin_nested():
            return _kept(change, batch)
    except _Later:
        return Result(change.key, Outcome.LATER, _("The photo is not here yet. It is sent again."))
    except plan.Malformed as problem:
        return Result(change.key, Outcome.REFUSED, problem.sentence)
    except NotFound:
        return Result(change.key, Outcome.REFUSED, _("There is no such visit, or it is not yours."))
    except Stale:
        return Result(
            change.key, Outcome.LATER, _("Somebody changes the same at this moment. It is sent again.")
        )
    except Refused as problem:
        return Result(change.key, Outcome.REFUSED, problem.sentence)
    except sa.exc.IntegrityError as error:
        return _known(change, user_id=batch.user_id) or _failed(change, error)
    except OUT_OF_RANGE:
        return Result(change.key, Outcome.REFUSED, _("The value of this change cannot be read."))
    except sa.exc.OperationalError:
        raise
    except Exception as error:  # one change that fails must not hold up two weeks of others
        return _failed(change, error)


def _failed(change: Change, error: Exception) -> Result:
    sentence = _(
        "Something went wrong on our side. It stays on your device and is sent again. Reference: %(reference)s.",
        reference=reference_of(error),
    )
    return Result(change.key, Outcome.LATER, sentence)


def _known(change: Change, *, user_id: int) -> Result | None:
    """What is said of a key that was here before; None when it was not."""
    row = queries.change_with(change.key)
    if row is None:
        return None
    if row.user_id != user_id or row.digest != plan.digest_of(change):
        said = _("Something else was sent under this key before. Enter it again.")
        return Result(change.key, Outcome.REFUSED, said)
    return Result(change.key, Outcome.KNOWN, row.said)


def _kept(change: Change, batch: _Batch) -> Result:
    digest, user_id = plan.digest_of(change), batch.user_id
    visit, user = batch.visit(change.visit), queries.role_of(user_id)
    if user is None:
        raise NotFound
    goes = user_id in visit.technician_ids
    may_schedule = Permission.SCHEDULE_VISITS in MAY[user.role]
    key, has_left = settings.current().secret_key, user.state is AccessState.DISABLED
    is_theirs = (goes or may_schedule) and not has_left
    if not (is_theirs or scope.is_ticket(change.ticket, user_id, visit.uid, key=key)):
        raise NotFound
    if known := _known(change, user_id=user_id):
        return known
    row = FieldChange(
        key=change.key,
        digest=digest,
        user_id=user_id,
        visit_id=visit.id,
        kind=change.kind,
        at=change.at,
        clock_off=batch.off,
        received_at=batch.at,
        said="",
    )
    db.session.add(row)
    db.session.flush()
    story = _Came(visit)
    taken = _Taken(
        change=change,
        row=row,
        visit=visit,
        at=batch.at,
        happened_at=plan.happened_at(change.at, off=batch.off, received_at=batch.at),
        is_theirs=is_theirs,
        came=story,
        batch=batch,
    )
    if has_left:
        said = _(
            "%(name)s has no access any more. What they entered is kept, and the dispatcher sees it.",
            name=user.name,
        )
        taken.stray(Stray.TAKEN_AWAY, said)
    _look_at_visit(taken)
    sentence = _BY_KIND[change.kind](taken)
    db.session.flush()
    if row.stray is not None:
        story.count("strays")
    told = batch.came.setdefault(visit.id, _Came(visit))  # only what is kept counts
    for what, number in story.counts.items():
        told.counts[what] = told.counts.get(what, 0) + number
    if row.stray is not None:
        return Result(change.key, Outcome.CONFLICT, row.said)
    if story.counts.get("conflicts"):
        return Result(change.key, Outcome.CONFLICT, sentence)
    return Result(change.key, Outcome.DONE, sentence)


def _look_at_visit(taken: _Taken) -> None:
    """See whether the visit is still what the device took it for."""
    visit = taken.visit
    if visit.state is VisitState.CANCELLED:
        said = _("The visit was cancelled meanwhile. What you entered is kept, and the dispatcher sees it.")
        taken.stray(Stray.CANCELLED, said)
    elif not taken.is_theirs:
        said = _("Somebody else goes by now. What you entered is kept, and the dispatcher sees it.")
        taken.stray(Stray.TAKEN_AWAY, said)


def _conclude(one: _Came, *, user_id: int, at: datetime) -> None:
    """Tell what arrived for a visit, and issue what is signed by now."""
    visit = one.visit
    counted = {
        name: one.counts.get(name, 0)
        for name in ("entries", "notes", "photos", "signatures", "conflicts", "strays")
    }
    if any(counted.values()):
        record(
            FieldworkReported(
                at=at,
                actor_id=user_id,
                project_id=visit.project_id,
                visit_id=visit.id,
                title=visit.title,
                **counted,
            )
        )
    if queries.is_signed(visit.id):
        issuing.issue_if_signed(visit.id, actor_id=user_id, at=at)


# --- what each kind of change does; each returns what is said, mostly nothing


def _tap(taken: _Taken) -> str:
    value = _object(taken)
    try:
        to = Tap(value.get("to"))
    except (ValueError, TypeError):
        raise plan.Malformed(taken.change.key, _("This step of the day is not known here.")) from None
    note = _said(taken, value.get("note", ""), most=LONGEST_NOTE)
    if to is Tap.INCOMPLETE and not note.strip():
        raise Refused(_("Say what is left to do, so that the next visit can be planned."))
    db.session.add(FieldTap(change_id=taken.row.id, to=to, note=note))
    if taken.row.stray is not None:  # the office decides who goes where, and whether at all
        return ""
    visit, is_early = taken.visit, taken.happened_at < taken.visit.starts_at - reporting.EARLY
    try:
        with db.session.begin_nested():
            _drive(taken, to, note)
    except Refused as problem:
        queries.visit_for_change(visit.uid)  # as it was before
        taken.stray(Stray.NOT_POSSIBLE, problem.sentence)
        return ""
    if is_early and visit.state not in COMING:
        said = _(
            "The visit was moved to a later time meanwhile. What you entered is kept, and the dispatcher sees it."
        )
        taken.stray(Stray.MOVED, said)
    return ""


def _drive(taken: _Taken, to: Tap, note: str) -> None:
    """Take the visit on; what another person of the crew did already is done.

    :raises Refused: when the state of the visit, or a gate, stands against it.
    """
    visit = taken.visit
    about: dict[str, Any] = {"at": taken.at, "actor_id": taken.row.user_id}  # Any: an instant and an id
    match to:
        case Tap.ON_ROUTE:
            if visit.state not in OVER | {VisitState.ON_ROUTE, VisitState.IN_PROGRESS}:
                progress.set_out(visit, **about)
        case Tap.ARRIVED:
            if visit.state not in OVER | {VisitState.IN_PROGRESS}:
                progress.start(visit, **about)
        case Tap.FINISHED | Tap.INCOMPLETE:
            ends = VisitState.COMPLETE if to is Tap.FINISHED else VisitState.INCOMPLETE
            if visit.state is ends:
                return
            if visit.state in COMING:
                progress.start(visit, **about)
            progress.finish(visit, is_complete=to is Tap.FINISHED, note=note, **about)


def _entry(taken: _Taken) -> str:
    change = taken.change
    value = _entered(taken)
    step = taken.step()
    if step is None or step.kind is not AT_STEP[change.kind]:
        # The list was another one when this was entered: better a note than nothing.
        text = f"{change.step}: {value}" if change.step else value
        db.session.add(FieldNote(change_id=taken.row.id, text=text))
        taken.came.count("notes")
        said = _("This step is not in the list any more. What you entered is kept as a note.")
        taken.stray(Stray.NOT_POSSIBLE, said)
        return ""
    measured = plan.Measured(None, None)
    if step.kind is StepKind.READING:
        measured = plan.measured(value, unit=step.unit, minimum=step.minimum, maximum=step.maximum)
    entry = FieldEntry(
        change_id=taken.row.id,
        step_id=step.id,
        value=value,
        number=measured.number,
        fit=measured.fit,
        standing=Standing.CURRENT,
        seen=list(change.seen),
    )
    db.session.add(entry)
    db.session.flush()
    stand(step.id)
    taken.came.count("entries")
    if queries.is_of_unit(step) and entry.standing is Standing.CURRENT and taken.row.stray is None:
        problem = reporting.note_of_unit(taken.visit, step, value, actor_id=taken.row.user_id, at=taken.at)
        if problem:
            taken.stray(Stray.NOT_POSSIBLE, problem)
    if entry.standing is Standing.CONFLICT:
        taken.came.count("conflicts")
        return _("Somebody else entered another value. Both are kept; choose one of them.")
    if measured.fit is Fit.UNREADABLE and measured.problem is not None:
        return problem_in_words(measured.problem)
    return ""


def _entered(taken: _Taken) -> str:
    """What was entered at a step, as it is kept."""
    value = taken.change.value
    if taken.change.kind is Kind.TICK:
        if not isinstance(value, bool):
            raise plan.Malformed(taken.change.key, _("A tick is true or false."))
        return "yes" if value else "no"
    if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
        value = f"{value}"
    most = LONGEST_SERIAL if taken.change.kind is Kind.SERIAL else LONGEST_TEXT
    return _said(taken, value, most=most)


def _note(taken: _Taken) -> str:
    text = _said(taken, taken.change.value, most=LONGEST_NOTE)
    if not text.strip():
        raise Refused(_("The note is empty."))
    db.session.add(FieldNote(change_id=taken.row.id, text=text))
    taken.came.count("notes")
    return ""


def _photo(taken: _Taken) -> str:
    value = _object(taken)
    caption = _said(taken, value.get("caption", ""), most=LONGEST_TEXT)
    upload = _upload(taken, value.get("file"))
    step = taken.step()
    photo = FieldPhoto(
        change_id=taken.row.id,
        step_id=step.id if step else None,
        caption=caption,
        file_id=upload.file_id,
        small_id=upload.small_id,
    )
    db.session.add(photo)
    db.session.delete(upload)
    taken.came.count("photos")
    return ""


def _signature(taken: _Taken) -> str:
    value = _object(taken)
    try:
        party = Party(value.get("party"))
    except (ValueError, TypeError):
        raise plan.Malformed(taken.change.key, _("Say for whom it is signed.")) from None
    name = _said(taken, value.get("name"), most=LONGEST_NAME)
    if not name.strip():
        raise Refused(_("A signature needs the name of whoever signs."))
    shown = value.get("shown", [])
    if not isinstance(shown, list) or len(shown) > MOST_SHOWN or not all(map(plan.is_uuid, shown)):
        raise plan.Malformed(taken.change.key, _("What was signed cannot be read."))
    signed = plan.content(taken.visit.uid, shown, issuing.told_by(taken.visit))
    meaning = _said(taken, value.get("meaning", ""), most=LONGEST_MEANING).strip()
    db.session.add(
        FieldSignature(
            change_id=taken.row.id,
            party=party,
            name=name,
            role=_said(taken, value.get("role", ""), most=LONGEST_NAME),
            meaning=meaning or issuing.meaning(taken.visit, party),
            strokes=_strokes(taken, value.get("strokes", [])),
            content=signed,
            content_hash=plan.digest(signed),
        )
    )
    taken.came.count("signatures")
    return ""


def _not_ready(taken: _Taken) -> str:
    value = _object(taken)
    try:
        cause = BlockCause(value.get("cause"))
    except (ValueError, TypeError):
        raise plan.Malformed(taken.change.key, _("Choose what is not ready from the list.")) from None
    note = _said(taken, value.get("note", ""), most=LONGEST_TEXT)
    if not note.strip():
        raise Refused(_("Say in a few words what stands in the way."))
    upload = _upload(taken, value.get("file")) if value.get("file") else None
    problem = reporting.report_not_ready(
        taken.visit,
        taken.row,
        cause=cause,
        note=note,
        upload=upload,
        happened_at=taken.happened_at,
        at=taken.at,
    )
    if problem:
        taken.stray(Stray.NOT_POSSIBLE, problem)
    return ""


_BY_KIND: dict[Kind, Callable[[_Taken], str]] = {
    Kind.STATE: _tap,
    Kind.TICK: _entry,
    Kind.READING: _entry,
    Kind.SERIAL: _entry,
    Kind.TEXT: _entry,
    Kind.NOTE: _note,
    Kind.PHOTO: _photo,
    Kind.SIGNATURE: _signature,
    Kind.NOT_READY: _not_ready,
}


# --- steps and how entries stand


def kept_steps(visit: Visit) -> Sequence[FieldStep]:
    """The steps of a visit as rows; those of the playbook are copied when there are none yet."""
    steps = queries.steps_of([visit])[visit.id]
    if not steps or steps[0].id is not None:
        return steps
    owner = {"work_order_id": visit.work_order_id} if visit.work_order_id else {"visit_id": visit.id}
    names = [
        column.name
        for column in FieldStep.__table__.columns
        if column.name not in {"id", "work_order_id", "visit_id"}
    ]
    for step in steps:
        row = insert(FieldStep).values(**owner, **{name: getattr(step, name) for name in names})
        db.session.execute(row.on_conflict_do_nothing())  # another visit of the same work may be first
    return queries.steps_of([visit])[visit.id]


def stand(step_id: int) -> None:
    """Say anew how the entries of a step stand beside each other."""
    entries = queries.entries_of_step(step_id)
    found = plan.standings(
        [plan.Entered(one.change.key, one.value, one.number, frozenset(one.seen)) for one in entries]
    )
    for one in entries:
        one.standing = found[one.change.key]


def _upload(taken: _Taken, uuid: object) -> PhotoUpload:
    """The photo that a change names.

    :raises _Later: when it is not here, or not whole.
    """
    if not isinstance(uuid, str) or not plan.is_uuid(uuid):
        raise plan.Malformed(taken.change.key, _("Which photo is meant cannot be read."))
    upload = queries.upload_for_change(uuid)
    if upload is None or upload.user_id != taken.row.user_id or not upload.is_whole:
        raise _Later
    return upload


# --- values


def _object(taken: _Taken) -> Mapping[str, Any]:  # Any: JSON
    value = taken.change.value
    if not isinstance(value, dict):
        raise plan.Malformed(taken.change.key, _("The value of this change cannot be read."))
    return value


def _said(taken: _Taken, value: object, *, most: int) -> str:
    """A text that is not longer than is kept."""
    if not isinstance(value, str):
        raise plan.Malformed(taken.change.key, _("The value of this change cannot be read."))
    if len(value) > most:
        raise Refused(_("This is longer than %(most)s letters. Shorten it, then enter it again.", most=most))
    return value


def _strokes(taken: _Taken, value: object) -> list[list[list[float]]]:
    """A drawing: strokes of points within the field, to a tenth."""
    problem = plan.Malformed(taken.change.key, _("The drawn signature cannot be read. Sign again."))
    if not isinstance(value, list):
        raise problem
    found: list[list[list[float]]] = []
    points = 0
    for stroke in value:
        if not isinstance(stroke, list):
            raise problem
        points += len(stroke)
        if points > MOST_POINTS:
            raise problem
        line = []
        for point in stroke:
            if not isinstance(point, list) or len(point) < 2 or not all(map(_is_number, point[:2])):
                raise problem
            line.append([round(min(max(float(end), -100.0), 2000.0), 1) for end in point[:2]])
        if line:
            found.append(line)
    return found


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e6
