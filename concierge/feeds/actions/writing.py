"""Writing entries: each visit, milestone and turn is rendered when it changes, into every calendar that shows it."""

import secrets
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
import structlog

from concierge.feeds import free_busy, lint, plan, sources, vevent, words
from concierge.feeds.calendar_file import Window
from concierge.feeds.models import Calendar, CalendarEntry
from concierge.feeds.plan import Choice
from concierge.feeds.sources import Found
from concierge.feeds.states import Scope, Shows, Subject
from concierge.feeds.vevent import Status
from concierge.feeds.words import Style, Told
from concierge.platform.database import UtcInstant, db, insert, insert_rows
from concierge.platform.prepared import Question, Rows
from concierge.platform.statements import any_of
from concierge.projects.models import Milestone, Project

BATCH = 500
FROM_NOTHING = datetime.fromisoformat("2000-01-01T00:00:00+00:00")

WRITERS = 7_302_001
"""Key of the lock between those who fill calendars and those who write into them."""

_SHOWN_BY = (
    (Scope.PERSON, Project.concierge_id),
    (Scope.PROJECT, Project.id),
    (Scope.SITE, Project.site_id),
)
"""By what a calendar of milestones shows a project."""

# Statements that are put together once: that costs several times what asking them does.
_PROJECT_ID = sa.bindparam("project_id", type_=sa.Integer)
_OF_PROJECT = sa.select(Milestone.id).where(Milestone.project_id == _PROJECT_ID)
_IS_SHOWN = Question(
    sa.union_all(
        sa.select(CalendarEntry.calendar_id).where(
            CalendarEntry.subject == Subject.MILESTONE,
            sa.or_(
                CalendarEntry.subject_id.in_(_OF_PROJECT),
                any_of(CalendarEntry.subject_id, "removed"),
            ),
        ),
        *(
            sa.select(Calendar.id)
            .join(Project, sa.cast(key, sa.String) == Calendar.scope_key)
            .where(Project.id == _PROJECT_ID, Calendar.scope == scope, Calendar.shows == Shows.MILESTONES)
            for scope, key in _SHOWN_BY
        ),
    ).limit(1)
)
_HOLDING = {
    subject: sa.select(CalendarEntry.calendar_id).where(
        CalendarEntry.subject == subject, any_of(CalendarEntry.subject_id, "ids")
    )
    for subject in Subject
}
"""The calendars that hold, or held, entries of some subjects: they lose what leaves them."""


def _showing(subject: Subject, holding: sa.Select[int]) -> sa.Select[Calendar]:
    """The calendars that may show some subjects, or did once: those are holding them."""
    shown = (
        sa.select(Calendar.id).where(
            Calendar.scope == scope,
            any_of(Calendar.scope_key, scope.value, sa.String),
            Calendar.shows.in_(sources.SHOWN_IN[subject]),
        )
        for scope in Scope
    )
    which = Calendar.id.in_(sa.union_all(holding, *shown))
    return sa.select(Calendar).where(which).order_by(Calendar.id)


_CALENDARS = {subject: Rows(_showing(subject, holding)) for subject, holding in _HOLDING.items()}
_LOCKED = {
    subject: Rows(_showing(subject, holding).with_for_update(), anew=True)
    for subject, holding in _HOLDING.items()
}
"""The same, held until the commit and read anew."""
_ENTRIES = {
    subject: Rows(
        sa.select(CalendarEntry).where(
            CalendarEntry.subject == subject, any_of(CalendarEntry.subject_id, "ids")
        )
    )
    for subject in Subject
}

log = structlog.get_logger()


def write_entries(visit_ids: Iterable[int], *, at: datetime) -> None:
    """Write visits into their calendars; see `write`."""
    write(Subject.VISIT, visit_ids, at=at)


def write(subject: Subject, ids: Iterable[int], *, at: datetime) -> None:
    """Write the entries of some visits, milestones or turns as they are now, in every calendar there is.

    A calendar whose bytes change gets a new version. An entry whose bytes change gets a LAST-MODIFIED at least
    a second after its last; one whose bytes stay is left alone. What no longer belongs into a calendar leaves
    it; what is cancelled stays as such for as long as the calendar says. Belongs into the transaction that
    changed the rows, so that no calendar can be told of the old state.
    """
    wanted = sorted(set(ids))
    for first in range(0, len(wanted), BATCH):
        _write(subject, wanted[first : first + BATCH], at=vevent.whole_second(at))


def write_milestones(
    project_id: int,
    *,
    at: datetime,
    milestone_ids: Collection[int] | None = None,
    removed_ids: Collection[int] = (),
) -> None:
    """Write some of a project's milestones, or all; one question where no calendar shows any of them.

    :param removed_ids: milestones that were in its plan and may be no more.
    """
    if _IS_SHOWN.first(project_id=project_id, removed=sorted(set(removed_ids))) is None:
        return
    if milestone_ids is None:
        milestone_ids = db.session.scalars(_OF_PROJECT, {"project_id": project_id}).all()
    write(Subject.MILESTONE, (*milestone_ids, *removed_ids), at=at)


def write_milestones_of_many(project_ids: Collection[int], *, at: datetime) -> None:
    """Write all milestones of many projects into the calendars that show any of them, asking once."""
    kept = (
        sa.select(Milestone.project_id)
        .join(CalendarEntry, CalendarEntry.subject_id == Milestone.id)
        .where(CalendarEntry.subject == Subject.MILESTONE, Milestone.project_id.in_(project_ids))
    )
    shown = [
        sa.select(Project.id)
        .join(Calendar, sa.cast(key, sa.String) == Calendar.scope_key)
        .where(Project.id.in_(project_ids), Calendar.scope == scope, Calendar.shows == Shows.MILESTONES)
        for scope, key in _SHOWN_BY
    ]
    wanted = db.session.scalars(sa.union(kept, *shown)).all()
    if wanted:
        of_projects = sa.select(Milestone.id).where(Milestone.project_id.in_(wanted))
        write(Subject.MILESTONE, db.session.scalars(of_projects).all(), at=at)


def calendar_of(choice: Choice, *, language: str, at: datetime) -> Calendar:
    """The calendar that a choice asks for; made, and filled from the rows, when nobody wanted it before."""
    what = {
        "shows": choice.shows,
        "scope": choice.scope,
        "scope_key": choice.scope_key,
        "is_for_customer": choice.is_for_customer,
        "language": choice.language or language,
        "is_busy_only": choice.is_busy_only,
        "has_alarms": choice.has_alarms,
        "cancelled_days": choice.cancelled_days,
        "horizon_days": choice.horizon_days,
    }
    fresh = {
        **what,
        "name": sources.name_of(choice.scope, choice.scope_key) or "",
        "label": secrets.token_hex(12),
        "version": secrets.token_hex(8),
        "changed_at": vevent.whole_second(at),
        "lapses": [],
    }
    _hold_writers(alone=True)
    made = db.session.execute(
        insert(Calendar)
        .values(fresh)
        .on_conflict_do_nothing(index_elements=list(what))
        .returning(Calendar.id)
    ).scalar()
    conditions = [getattr(Calendar, name) == value for name, value in what.items()]
    calendar = db.session.scalars(sa.select(Calendar).where(*conditions).with_for_update()).one()
    if made is not None:
        _fill(calendar, at=vevent.whole_second(at))
    return calendar


def carry_over(old: Calendar, new: Calendar, *, at: datetime) -> None:
    """Publish whatever a device knows from one calendar once more in another, later than the old one ever did.

    A program that comes from the old calendar applies an entry only if its LAST-MODIFIED is later (F15), and
    no SEQUENCE may fall. What stands only in the old one is noted as gone from the new one, so that a return
    is later too.
    """
    at = vevent.whole_second(at)
    known = _entries_of(new)
    is_changed = False
    for key, theirs in _entries_of(old).items():
        ours = known.get(key)
        if ours is None:
            db.session.add(_tombstone(theirs, calendar=new, at=at))
            continue
        sequence = max(ours.sequence, theirs.sequence)
        if sequence == ours.sequence and (
            ours.modified_at > theirs.modified_at or (ours.body and ours.body == theirs.body)
        ):
            continue
        later = max(ours.modified_at, theirs.modified_at)
        ours.sequence, ours.modified_at = sequence, vevent.after(later, at=at)
        if ours.body:
            ours.body = vevent.restamped(ours.body, sequence=sequence, modified_at=ours.modified_at)
            is_changed = True
    db.session.flush()
    if is_changed:
        _draw([new], at=at)


def rename_calendars(scope: Scope, keys: Iterable[str], *, at: datetime) -> None:
    """Give calendars of some people, projects or sites the names that these have now."""
    wanted = sorted(set(keys))
    for first in range(0, len(wanted), BATCH):
        found = db.session.scalars(
            sa.select(Calendar)
            .where(Calendar.scope == scope, Calendar.scope_key.in_(wanted[first : first + BATCH]))
            .order_by(Calendar.id)
            .with_for_update()
            .execution_options(populate_existing=True)
        ).all()
        renamed = []
        for calendar in found:
            name = sources.name_of(scope, calendar.scope_key)
            if name is not None and name != calendar.name:
                calendar.name = name
                renamed.append(calendar)
        if renamed:
            _draw(renamed, at=vevent.whole_second(at))


def draw_free_busy(user_ids: Collection[int] | None, *, at: datetime) -> None:
    """Give free/busy calendars a new version, because absences or busy times that they are made of changed.

    :param user_ids: whose; `None` for everybody's.
    """
    question = sa.select(Calendar).where(Calendar.shows == Shows.FREE_BUSY, Calendar.scope == Scope.PERSON)
    if user_ids is not None:
        question = question.where(Calendar.scope_key.in_([str(user_id) for user_id in user_ids]))
    found = db.session.scalars(
        question.order_by(Calendar.id).with_for_update().execution_options(populate_existing=True)
    ).all()
    if found:
        _draw(found, at=vevent.whole_second(at))


def drifted(subject: Subject, ids: Collection[int], *, at: datetime) -> Sequence[tuple[int, int]]:
    """Subject and calendar of each entry that is missing, too many, or not what its rows say now."""
    rendered, at = _Rendered(), vevent.whole_second(at)
    return [
        (task.subject_id, task.calendar.id)
        for task in _tasks(subject, sorted(ids), locked=False)
        if task.is_changed(rendered, at=at)
    ]


@dataclass(slots=True)
class _Rendered:
    """Bytes by what they tell and for whom: calendars of one style share them."""

    bodies: dict[tuple[int, Style], bytes] = field(default_factory=dict)

    def body(self, subject_id: int, told: Told, calendar: Calendar) -> bytes:
        style = Style(
            language=calendar.language,
            shows=calendar.shows,
            is_busy_only=calendar.is_busy_only,
            has_alarms=calendar.has_alarms,
            is_for_customer=calendar.is_for_customer,
        )
        known = self.bodies.get((subject_id, style))
        if known is None:
            known = self.bodies[subject_id, style] = _rendered(told, style)
        return known


@dataclass(slots=True)
class _Task:
    """One subject in one calendar: what is kept of it there, and what there is to tell."""

    calendar: Calendar
    subject: Subject
    subject_id: int
    entry: CalendarEntry | None
    found: Found | None

    @property
    def gone_at(self) -> datetime | None:
        """When it leaves, or left, the calendar."""
        return self.entry.gone_at if self.entry is not None else None

    def belongs(self, *, at: datetime) -> bool:
        """Whether the entry stands in the calendar: a cancelled one only if it stood there before."""
        if self.found is None:
            return False
        entry, told = self.entry, self.found.told
        is_there = entry is not None and (entry.gone_at is None or entry.gone_at > at)
        if told.status is Status.CANCELLED:
            return (
                is_there and self.calendar.shows is not Shows.FREE_BUSY and self._leaves_at(told, at=at) > at
            )
        if entry is None and told.end_at <= Window.around(at).from_at:
            return False  # it would never be shown
        return self.found.stands_in(self.calendar)

    def is_changed(self, rendered: _Rendered, *, at: datetime) -> bool:
        """Whether writing would change what is shown."""
        if self.found is None or not self.belongs(at=at):
            return self.entry is not None and (self.entry.gone_at is None or self.entry.gone_at > at)
        return self.entry is None or not self._is_same(
            self.entry, rendered.body(self.subject_id, self.found.told, self.calendar), at=at
        )

    def write(self, rendered: _Rendered, *, at: datetime) -> bool:
        """Write the entry; says whether the calendar's bytes changed."""
        if self.found is None or not self.belongs(at=at):
            return _take_out(self.entry, at=at)
        return self._put_in(rendered.body(self.subject_id, self.found.told, self.calendar), at=at)

    def _put_in(self, template: bytes, *, at: datetime) -> bool:
        assert self.found is not None  # noqa: S101 # what `write` has seen
        told, entry = self.found.told, self.entry
        gone_at = self._gone_at(told, at=at)
        if entry is None:
            db.session.add(CalendarEntry(**self.first_row(template, at=at)))
            return True
        if self._is_same(entry, template, at=at):
            entry.renderer = plan.stamp()
            return False
        raised = entry.sequence + (_what_matters(entry.body) != _what_matters(template))
        sequence, modified_at = max(told.sequence, raised), vevent.after(entry.modified_at, at=at)
        entry.uid = told.uid
        entry.starts_at, entry.ends_at = told.start_at, told.end_at
        entry.sequence, entry.modified_at = sequence, modified_at
        entry.renderer = plan.stamp()
        entry.gone_at = gone_at
        entry.body = vevent.restamped(template, sequence=sequence, modified_at=modified_at)
        return True

    def first_row(self, template: bytes, *, at: datetime) -> dict[str, Any]:  # Any: values of columns
        """The row of an entry that never stood in the calendar."""
        assert self.found is not None  # noqa: S101 # what the caller has seen
        told = self.found.told
        return {
            "calendar_id": self.calendar.id,
            "subject": self.subject,
            "subject_id": self.subject_id,
            "uid": told.uid,
            "starts_at": told.start_at,
            "ends_at": told.end_at,
            "sequence": told.sequence,
            "modified_at": at,
            "renderer": plan.stamp(),
            "gone_at": self._gone_at(told, at=at),
            "body": vevent.restamped(template, sequence=told.sequence, modified_at=at),
        }

    def _is_same(self, entry: CalendarEntry, template: bytes, *, at: datetime) -> bool:
        """Whether the kept bytes are those it has if it was last published when the entry was."""
        assert self.found is not None  # noqa: S101 # what `write` has seen
        sequence = max(self.found.told.sequence, entry.sequence)
        same = vevent.restamped(template, sequence=sequence, modified_at=entry.modified_at)
        return entry.gone_at == self._gone_at(self.found.told, at=at) and entry.body == same

    def _gone_at(self, told: Told, *, at: datetime) -> datetime | None:
        return self._leaves_at(told, at=at) if told.status is Status.CANCELLED else None

    def _leaves_at(self, told: Told, *, at: datetime) -> datetime:
        if self.entry is not None and self.entry.gone_at is not None:
            return self.entry.gone_at
        return min(at + timedelta(days=self.calendar.cancelled_days), told.start_at)


def _write(subject: Subject, ids: Sequence[int], *, at: datetime) -> None:
    rendered = _Rendered()
    changed: dict[int, Calendar] = {}
    leaving: dict[int, Calendar] = {}
    for task in _tasks(subject, ids, locked=True):
        before = task.gone_at
        if task.write(rendered, at=at):
            changed[task.calendar.id] = task.calendar
        if task.gone_at != before:
            leaving[task.calendar.id] = task.calendar
    if leaving:
        db.session.flush()
        _note_lapses([leaving[id_] for id_ in sorted(leaving)], at=at)
    if changed:
        _draw([changed[id_] for id_ in sorted(changed)], at=at)
    db.session.flush()


def _tasks(subject: Subject, ids: Sequence[int], *, locked: bool) -> Iterator[_Task]:
    """Each subject with each calendar that shows it, or showed it once."""
    if locked:
        _hold_writers(alone=False)
    found = sources.read(subject, ids)
    calendars = _calendars(subject, ids, found, locked=locked)
    if not calendars:
        return
    entries = {(entry.subject_id, entry.calendar_id): entry for entry in _ENTRIES[subject].all(ids=ids)}
    by_place: defaultdict[sources.Place, list[Calendar]] = defaultdict(list)
    for calendar in calendars:
        by_place[calendar.scope, calendar.scope_key].append(calendar)
    by_id = {calendar.id: calendar for calendar in calendars}
    holding: defaultdict[int, set[int]] = defaultdict(set)
    for subject_id, calendar_id in entries:
        holding[subject_id].add(calendar_id)
    for subject_id in ids:
        one = found.get(subject_id)
        standing = {calendar.id for place in (one.places if one else ()) for calendar in by_place[place]}
        for calendar_id in sorted(standing | (holding[subject_id] & by_id.keys())):
            yield _Task(by_id[calendar_id], subject, subject_id, entries.get((subject_id, calendar_id)), one)


def _calendars(
    subject: Subject, ids: Sequence[int], found: Mapping[int, Found], *, locked: bool
) -> Sequence[Calendar]:
    """The calendars that may show some of these, or did once; locked in one order until the commit."""
    keys: dict[Scope, set[str]] = {scope: set() for scope in Scope}
    for one in found.values():
        for scope, key in one.places:
            keys[scope].add(key)
    question = (_LOCKED if locked else _CALENDARS)[subject]
    asked = {scope.value: sorted(some) for scope, some in keys.items()}
    return question.all(ids=ids, **asked)


def _hold_writers(*, alone: bool) -> None:
    """Whoever fills a new calendar waits for all who write entries, and they for it, until the commit.

    Otherwise a visit that changes meanwhile would be read as it was, and its change never reach the calendar.
    SQLite has one writer anyhow.
    """
    if db.engine.dialect.name == "postgresql":
        lock = sa.func.pg_advisory_xact_lock if alone else sa.func.pg_advisory_xact_lock_shared
        db.session.execute(sa.select(lock(WRITERS)))


def _fill(calendar: Calendar, *, at: datetime) -> None:
    """Write everything into a calendar that is new."""
    (subject,) = (subject for subject, shows in sources.SHOWN_IN.items() if calendar.shows in shows)
    rendered = _Rendered()
    ids = sources.ids_for(calendar, since=Window.around(at).from_at)
    for first in range(0, len(ids), BATCH):
        batch = ids[first : first + BATCH]
        tasks = [
            _Task(calendar, subject, id_, None, one) for id_, one in sources.read(subject, batch).items()
        ]
        insert_rows(
            CalendarEntry,
            [
                task.first_row(rendered.body(task.subject_id, task.found.told, calendar), at=at)
                for task in tasks
                if task.found is not None and task.belongs(at=at)
            ],
        )


def _take_out(entry: CalendarEntry | None, *, at: datetime) -> bool:
    if entry is None:
        return False
    was_there = entry.gone_at is None or entry.gone_at > at
    if was_there:
        entry.gone_at = at
    entry.body = b""
    entry.renderer = plan.stamp()
    return was_there


def _tombstone(theirs: CalendarEntry, *, calendar: Calendar, at: datetime) -> CalendarEntry:
    return CalendarEntry(
        calendar_id=calendar.id,
        subject=theirs.subject,
        subject_id=theirs.subject_id,
        starts_at=theirs.starts_at,
        ends_at=theirs.ends_at,
        uid=theirs.uid,
        sequence=theirs.sequence,
        modified_at=theirs.modified_at,
        renderer=plan.stamp(),
        gone_at=at,
        body=b"",
    )


def _entries_of(calendar: Calendar) -> Mapping[tuple[Subject, int], CalendarEntry]:
    found = (
        sa.select(CalendarEntry).where(CalendarEntry.calendar_id == calendar.id).order_by(CalendarEntry.id)
    )
    return {(entry.subject, entry.subject_id): entry for entry in db.session.scalars(found)}


def _what_matters(body: bytes) -> tuple[bytes, ...]:
    """Time, place and status of an entry: a change of these raises SEQUENCE (RFC 5545 §3.8.7.4)."""
    lines = body.replace(b"\r\n ", b"").split(b"\r\n")
    return tuple(line for line in lines if line.startswith((b"DTSTART", b"DTEND", b"LOCATION", b"STATUS")))


def _rendered(told: Told, style: Style) -> bytes:
    """The bytes of an entry, to be stamped; without its texts if they would endanger the calendar they go into."""
    if style.shows is Shows.FREE_BUSY:
        return free_busy.line_of(told)
    entry = words.entry_of(told, style=style, modified_at=FROM_NOTHING)
    body = vevent.render(entry)
    if problems := lint.problems_in_entry(body):
        log.error("entry refused by the linter", rules=sorted({problem.rule for problem in problems}))
        return vevent.render(words.plainest(entry, language=style.language))
    return body


def _note_lapses(calendars: Sequence[Calendar], *, at: datetime) -> None:
    """Note when cancelled entries leave calendars, because others do than before."""
    found: defaultdict[int, list[str]] = defaultdict(list)
    asked = {"ids": [calendar.id for calendar in calendars], "at": at}
    for calendar_id, gone_at in db.session.execute(_LEAVING, asked):
        if gone_at is not None:
            found[calendar_id].append(gone_at.isoformat())
    for calendar in calendars:
        calendar.lapses = sorted(found[calendar.id])


_LEAVING = sa.select(CalendarEntry.calendar_id, CalendarEntry.gone_at).where(
    any_of(CalendarEntry.calendar_id, "ids"), CalendarEntry.gone_at > sa.bindparam("at", type_=UtcInstant)
)


def _draw(calendars: Sequence[Calendar], *, at: datetime) -> None:
    """Give calendars new versions; what left them before needs no note any more."""
    for calendar in calendars:
        calendar.version = secrets.token_hex(8)
        calendar.changed_at = vevent.after(calendar.changed_at, at=at)
        if calendar.lapses:
            calendar.lapses = [lapse for lapse in calendar.lapses if datetime.fromisoformat(lapse) > at]
    db.session.flush()
