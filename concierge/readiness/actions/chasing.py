"""Reminding customers of what they owe: who is written to next, when and of what; leaving out, turning off.

``core/chasing.py`` says when. Here it is read who owes what, and nothing is remembered but the letters that were
written: what is open, on hold, answered or not wanted any more counts at the moment of asking.
"""

import base64
import hmac
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from flask_babel import gettext as _
from sqlalchemy.orm import InstrumentedAttribute

from concierge.accounts.models import Contact
from concierge.accounts.states import ContactRole
from concierge.catalogue.states import Evidence, FileKind, GateKind, ItemType, Responsible
from concierge.core import chasing, readiness
from concierge.core.chasing import Next, Owed
from concierge.core.worktime import WorkCalendar
from concierge.platform import clock, mail, settings
from concierge.platform.database import db, insert
from concierge.platform.errors import Refused
from concierge.platform.events import record
from concierge.platform.files import StoredFile
from concierge.projects.calendars import customer_calendars
from concierge.projects.models import Project
from concierge.projects.states import ProjectState
from concierge.readiness.events import ChasingTurned, CustomerReminded, ReminderLeftOut
from concierge.readiness.models import Checklist, ItemEvidence, ReadinessItem, Reminder, Waiver
from concierge.readiness.states import ItemState, Verdict

LOOKED_AHEAD = timedelta(days=28)
"""Points due later are in no letter: the first step, the days that a letter names besides, and long holidays."""
LOOKED_BACK = timedelta(days=60)
"""Reminders older than this are no longer counted."""

LETTER = "reminder:"
"""How the keys of reminders begin."""

_WEIGHTS = {GateKind.SHIP: 2, GateKind.INSTALL: 1}
_TOKEN = re.compile(r"(?P<contact>[1-9][0-9]{0,11})-(?P<proof>[a-z2-7]{26})", re.ASCII)


class NothingToLeaveOut(Refused):
    """No reminder is coming."""


@dataclass(frozen=True, slots=True)
class Point:
    """One open point of a checklist, and who at the customer's brings it about."""

    item_id: int
    checklist_id: int
    project_id: int
    requirement: Mapping[str, str]
    due_on: date
    gate: GateKind | None
    answered_wrong: bool
    """Whether they answered and it does not hold: out of range, or without the file that proves it."""
    returned_reason: str
    since_on: date
    site_id: int
    account_id: int
    first_id: int | None
    second_id: int | None


@dataclass(frozen=True, slots=True)
class Reader:
    """One of the customer's people, with all that they are to be reminded of."""

    contact: Contact
    points: tuple[Point, ...]
    second_for: frozenset[int]
    """Ids of the items of which they are reminded because somebody else did not bring them about."""
    next: Next | None
    hindrance: str
    """Why they get no letter: ``opted out``, ``returned`` or ``no address``; empty: nothing hinders."""
    others: tuple[Contact, ...] = ()
    """Who else could be asked when they cannot."""

    @property
    def named(self) -> tuple[Point, ...]:
        """What the next letter names, the most urgent first."""
        by_id = {point.item_id: point for point in self.points}
        return tuple(by_id[key] for key in self.next.keys) if self.next else ()  # type: ignore[index]  # ids


@dataclass(slots=True)
class _Gathered:
    points: list[Point] = field(default_factory=list)
    owed: list[Owed] = field(default_factory=list)
    second_for: set[int] = field(default_factory=set)


def outlook(
    *,
    now: datetime,
    project_ids: Collection[int] | None = None,
    contact_ids: Collection[int] | None = None,
    only_now: bool = False,
) -> list[Reader]:
    """Whom reminders would go to, as everything stands now: each reader once, over all projects; the next first.

    :param project_ids: only readers who owe something to one of these projects.
    :param contact_ids: only these readers.
    :param only_now: leave out who cannot get a letter at this instant: it is night there, or they had one today.
    """
    accounts = _accounts(project_ids, contact_ids)
    points, contacts = _points(now, accounts)
    awake = _in_daytime(contacts, now) if only_now else contacts.keys()
    if only_now:  # who sleeps may still be the one whose silence makes a second person come in
        accounts_awake = {contacts[one].account_id for one in awake}
        contacts = {number: one for number, one in contacts.items() if one.account_id in accounts_awake}
    history = _history({*contacts}, now)
    gathered = _by_reader(points, contacts, history, now)
    calendars = customer_calendars({_site_of(contacts[one], each.points) for one, each in gathered.items()})
    bad = mail.returned_addresses(contacts[one].email for one in gathered)
    readers = [
        _reader(contacts[one], each, history.get(one, ()), calendars, contacts, bad, now)
        for one, each in gathered.items()
        if one in awake and (contact_ids is None or one in contact_ids)
    ]
    if project_ids is not None:
        readers = [one for one in readers if any(point.project_id in project_ids for point in one.points)]
    return sorted(readers, key=lambda one: (_at(one), one.contact.name, one.contact.id))


def take_turn(contact_id: int, *, at: datetime) -> tuple[Reader, str] | None:
    """Take a reader's reminder of today, if one is due and nobody else took it; returns them and the letter's key.

    In a unit of work that posts the letter. Whoever comes second, however late, finds the day taken.
    """
    reader = next(iter(outlook(now=at, contact_ids=[contact_id])), None)
    if reader is None or reader.next is None or reader.hindrance or not reader.next.is_due:
        return None
    key = f"{LETTER}{contact_id}:{reader.next.local_on.isoformat()}"
    if not _note(reader, reader.next.local_on, key=key, at=at):
        return None
    for project_id, points in _by_project(reader.named).items():
        record(
            CustomerReminded(
                at=at,
                actor_id=None,
                project_id=project_id,
                contact_id=contact_id,
                name=reader.contact.name,
                items=len(points),
                is_second=any(point.item_id in reader.second_for for point in points),
            )
        )
    return reader, key


def leave_out(contact_id: int, *, at: datetime, actor_id: int | None) -> date:
    """Leave out the next reminder of a reader, of whatever projects; returns the reader's day it was for.

    :raises NothingToLeaveOut: when none is coming.
    """
    reader = next(iter(outlook(now=at, contact_ids=[contact_id])), None)
    if reader is None or reader.next is None or reader.hindrance:
        raise NothingToLeaveOut(_("No reminder is coming, so there is none to leave out."))
    on = reader.next.local_on
    if _note(reader, on, key="", at=at, stopped_at=at):
        for project_id in _by_project(reader.named):
            record(
                ReminderLeftOut(
                    at=at,
                    actor_id=actor_id,
                    project_id=project_id,
                    contact_id=contact_id,
                    name=reader.contact.name,
                    on=on,
                )
            )
    return on


def turn(checklist: Checklist, *, is_chased: bool, at: datetime, actor_id: int | None) -> None:
    """Say whether the customer is reminded of a checklist's open points.

    Turned on again, the rhythm goes on from today: nothing is caught up on.
    """
    if checklist.is_chased == is_chased:
        return
    checklist.is_chased = is_chased
    if is_chased:
        checklist.chased_after = at.date()
    record(
        ChasingTurned(
            at=at,
            actor_id=actor_id,
            project_id=checklist.project_id,
            checklist_id=checklist.id,
            is_chased=is_chased,
        )
    )


def note_stopped(mail_key: str, *, at: datetime | None) -> None:
    """Note that the letter of a reminder was stopped before it left; None: that it leaves after all."""
    if mail_key.startswith(LETTER):
        db.session.execute(sa.update(Reminder).where(Reminder.mail_key == mail_key).values(stopped_at=at))


def is_wanted(mail_key: str) -> bool:
    """Whether the letter of a reminder still asks for anything: some of what it names is owed, and they wish for it."""
    reminder = db.session.scalar(sa.select(Reminder).where(Reminder.mail_key == mail_key))
    if reminder is None:
        return True
    owed = (
        sa.select(ReadinessItem.id)
        .join(Checklist, Checklist.id == ReadinessItem.checklist_id)
        .join(Project, Project.id == Checklist.project_id)
        .join(Contact, Contact.id == reminder.contact_id)
        .where(ReadinessItem.id.in_([one["item"] for one in reminder.items]), Contact.is_reminded.is_(True))
        .where(*_owing(clock.now().date()), *chased())
    )
    return db.session.scalar(owed.limit(1)) is not None


def reminders_of(project_id: int, *, most: int = 20) -> list[tuple[Reminder, Contact, int]]:
    """The reminders that named items of a project, newest first, with their reader and how many items."""
    account_id = sa.select(Project.account_id).where(Project.id == project_id).scalar_subquery()
    rows = db.session.execute(
        sa.select(Reminder, Contact)
        .join(Contact, Contact.id == Reminder.contact_id)
        .where(Contact.account_id == account_id)
        .order_by(Reminder.at.desc(), Reminder.id.desc())
        .limit(most * 5)
    )
    counted = [
        (reminder, contact, sum(item["project"] == project_id for item in reminder.items))
        for reminder, contact in rows
    ]
    return [row for row in counted if row[2]][:most]


def names_of(contact_ids: Iterable[int]) -> list[str]:
    """What people at customers are called, by id."""
    found = sa.select(Contact.name).where(Contact.id.in_(set(contact_ids))).order_by(Contact.id)
    return list(db.session.scalars(found))


def leaves_by(reader: Reader) -> datetime | None:
    """Until when the next letter to a reader may leave: the end of their day; then it is written anew another day."""
    if reader.next is None:
        return None
    ends = datetime.combine(reader.next.local_on, chasing.RHYTHM.closes, tzinfo=_zone(reader.contact))
    return ends.astimezone(UTC)


def opt_out_token(contact: Contact) -> str:
    """The secret part of the address by which a reader ends reminders; another mail address, another token."""
    proof = f"reminders of {contact.id} {contact.email.lower()}".encode()
    digest = hmac.digest(settings.current().secret_key.encode(), proof, "sha256")
    return f"{contact.id}-{base64.b32encode(digest).decode().lower()[:26]}"


def contact_of_token(token: str) -> Contact | None:
    """Who ends reminders by this token; None when it is none of ours."""
    found = _TOKEN.fullmatch(token)
    contact = db.session.get(Contact, int(found["contact"])) if found else None
    if contact is None or not hmac.compare_digest(opt_out_token(contact), token):
        return None
    return contact


# ------------------------------------------------------------ who owes what


def _owing(today: date) -> tuple[sa.ColumnElement[bool], ...]:
    """That a point is open, the customer's, asked, and not let pass; what we have to look at is ours."""
    item = ReadinessItem
    files = (
        sa.select(sa.func.count(sa.distinct(StoredFile.sha256)))
        .select_from(ItemEvidence)
        .join(ItemEvidence.file)
        .where(ItemEvidence.item_id == item.id, _proves(item.file_kinds))
        .correlate(item)
        .scalar_subquery()
    )
    lacks = sa.and_(
        sa.or_(item.evidence_need == Evidence.REQUIRED, item.type == ItemType.UPLOAD),
        files < sa.case((item.file_count > 1, item.file_count), else_=1),
    )
    is_wrong = sa.and_(item.verdict == Verdict.OUT_OF_RANGE, item.reviewer.is_(None))
    waived = (
        sa.select(Waiver.id)
        .where(Waiver.item_id == item.id, Waiver.ended_at.is_(None), Waiver.expires_on >= today)
        .correlate(item)
        .exists()
    )
    return (
        item.responsible == Responsible.CUSTOMER,
        item.type != ItemType.INFO,
        item.is_asked.is_(True),
        sa.or_(
            item.state == ItemState.OPEN,
            sa.and_(
                item.state == ItemState.ANSWERED, item.is_contradicted.is_(False), sa.or_(lacks, is_wrong)
            ),
        ),
        ~waived,
    )


def _proves(kinds: InstrumentedAttribute[list[Any]]) -> sa.ColumnElement[bool]:
    """That a file can be of a kind that is asked for; as `core.readiness.proving` counts."""
    written = sa.cast(kinds, sa.Text)  # a list of codes as JSON: short words without quotation marks
    seen = readiness.MEDIA_TYPES
    others = (kind.value for kind in FileKind if kind.value not in seen)
    return sa.or_(
        written == "[]",
        *(written.contains(f'"{kind}"') for kind in others),
        *(
            sa.and_(written.contains(f'"{kind}"'), StoredFile.content_type.in_(sorted(types)))
            for kind, types in seen.items()
        ),
    )


def chased() -> tuple[sa.ColumnElement[bool], ...]:
    """That a project's customer is reminded: under way, not resting, wished for, and the checklist reached them."""
    return (
        Project.state == ProjectState.LIVE,
        Project.held_on.is_(None),
        Checklist.is_chased.is_(True),
        Checklist.sent_at.is_not(None),
    )


def _accounts(
    project_ids: Collection[int] | None, contact_ids: Collection[int] | None
) -> sa.ColumnElement[bool] | None:
    """Which accounts have to be read: letters go over all projects of an account."""
    if project_ids is not None:
        return Project.account_id.in_(sa.select(Project.account_id).where(Project.id.in_(project_ids)))
    if contact_ids is not None:
        return Project.account_id.in_(sa.select(Contact.account_id).where(Contact.id.in_(contact_ids)))
    return None


def _points(now: datetime, accounts: sa.ColumnElement[bool] | None) -> tuple[list[Point], dict[int, Contact]]:
    today, item = now.date(), ReadinessItem
    question = (
        sa.select(
            item.id,
            item.checklist_id,
            item.requirement,
            item.due_on,
            item.gate,
            item.state,
            item.returned_reason,
            item.contact_id,
            item.role,
            Checklist.project_id,
            Checklist.sent_at,
            Checklist.chased_after,
            Project.site_id,
            Project.account_id,
            Project.contact_id.label("project_contact_id"),
        )
        .join(Checklist, Checklist.id == item.checklist_id)
        .join(Project, Project.id == Checklist.project_id)
        .where(*_owing(today), *chased(), item.due_on <= today + LOOKED_AHEAD)
        .order_by(item.due_on, item.id)
    )
    rows = db.session.execute(question if accounts is None else question.where(accounts)).all()
    people = _people({row.account_id for row in rows})
    contacts = {one.id: one for each in people.values() for one in each}
    points = []
    for row in rows:
        first = _first(row, contacts, people.get(row.account_id, ()))
        second = _second(row, first, people.get(row.account_id, ()))
        sent_on = clock.day_at(row.sent_at, _zone(first).key)
        points.append(
            Point(
                item_id=row.id,
                checklist_id=row.checklist_id,
                project_id=row.project_id,
                requirement=row.requirement,
                due_on=row.due_on,
                gate=row.gate,
                answered_wrong=row.state is ItemState.ANSWERED,
                returned_reason=row.returned_reason,
                since_on=max(sent_on, row.chased_after or date.min),
                site_id=row.site_id,
                account_id=row.account_id,
                first_id=first.id if first else None,
                second_id=second.id if second else None,
            )
        )
    return points, contacts


def _people(account_ids: Collection[int]) -> dict[int, list[Contact]]:
    found: dict[int, list[Contact]] = {}
    ids = sorted(account_ids)
    for begin in range(0, len(ids), 500):
        some = sa.select(Contact).where(Contact.account_id.in_(ids[begin : begin + 500]))
        for one in db.session.scalars(some.order_by(Contact.id)):
            found.setdefault(one.account_id, []).append(one)
    return found


def _first(row: Any, contacts: Mapping[int, Contact], people: Sequence[Contact]) -> Contact | None:
    """Who brings a point about: who is named, who has the part, else the project's own contact."""
    named = contacts.get(row.contact_id or 0)
    if named is not None and (row.contact_id != row.project_contact_id or row.role is None):
        return named
    with_part = [one for one in _at_site(people, row.site_id) if one.role is row.role and one.email]
    own = contacts.get(row.project_contact_id or 0) or named
    if row.role is None or not with_part or own in with_part:
        return own
    return with_part[0]


def _second(row: Any, first: Contact | None, people: Sequence[Contact]) -> Contact | None:
    """Who is asked when the first one does not answer: with the same part, the project's, at the site, whoever."""
    others = [one for one in _at_site(people, row.site_id) if one is not first and one.email]
    wanted = row.role or (first.role if first else ContactRole.LAB)
    return min(
        (one for one in others if one.is_reminded),
        key=lambda one: (
            one.role is not wanted,
            one.id != row.project_contact_id,
            one.site_id is None,
            one.id,
        ),
        default=None,
    )


def _at_site(people: Iterable[Contact], site_id: int) -> list[Contact]:
    return [one for one in people if one.site_id in {None, site_id}]


def _in_daytime(contacts: Mapping[int, Contact], now: datetime) -> set[int]:
    """Those whose clock shows an hour in which letters leave."""
    rhythm = chasing.RHYTHM
    clocks: dict[str, bool] = {}
    for one in contacts.values():
        if one.zone not in clocks:
            local = now.astimezone(_zone(one)).time()
            clocks[one.zone] = rhythm.opens <= local < rhythm.closes
    return {number for number, one in contacts.items() if clocks[one.zone]}


def _zone(contact: Contact | None) -> ZoneInfo:
    return ZoneInfo(contact.zone if contact else "UTC")


def _history(contact_ids: Collection[int], now: datetime) -> dict[int, list[Reminder]]:
    found: dict[int, list[Reminder]] = {}
    ids = sorted(contact_ids)
    for begin in range(0, len(ids), 500):
        rows = db.session.scalars(
            sa.select(Reminder)
            .where(
                Reminder.contact_id.in_(ids[begin : begin + 500]),
                Reminder.local_on >= (now - LOOKED_BACK).date(),
            )
            .order_by(Reminder.local_on)
        )
        for one in rows:
            found.setdefault(one.contact_id, []).append(one)
    return found


def _by_reader(
    points: Iterable[Point],
    contacts: Mapping[int, Contact],
    history: Mapping[int, Sequence[Reminder]],
    now: datetime,
) -> dict[int, _Gathered]:
    """What each reader is to be reminded of, first persons and second ones."""
    named = {contact_id: _named(each) for contact_id, each in history.items()}
    reached = {contact_id: _named(each, only_sent=True) for contact_id, each in history.items()}
    found: dict[int, _Gathered] = {}
    for point in points:
        first, second = contacts.get(point.first_id or 0), contacts.get(point.second_id or 0)
        weight = _WEIGHTS.get(point.gate, 0) if point.gate else 0
        if first is not None:
            days = named.get(first.id, {}).get(point.item_id, ())
            _add(
                found, first.id, point, Owed(point.item_id, point.due_on, point.since_on, weight, tuple(days))
            )
        if first is None or second is None:
            continue
        today = clock.day_at(now, first.zone)
        since = chasing.second_since(reached.get(first.id, {}).get(point.item_id, ()), today=today)
        if since is not None:
            days, since_on = named.get(second.id, {}).get(point.item_id, ()), max(since, point.since_on)
            _add(found, second.id, point, Owed(point.item_id, point.due_on, since_on, weight, tuple(days)))
            found[second.id].second_for.add(point.item_id)
    return found


def _add(found: dict[int, _Gathered], contact_id: int, point: Point, owed: Owed) -> None:
    each = found.setdefault(contact_id, _Gathered())
    each.points.append(point)
    each.owed.append(owed)


def _named(reminders: Iterable[Reminder], *, only_sent: bool = False) -> dict[int, list[date]]:
    """On which days each item was named."""
    found: dict[int, list[date]] = {}
    for one in reminders:
        if not (only_sent and one.stopped_at):
            for item in one.items:
                found.setdefault(item["item"], []).append(one.local_on)
    return found


def _site_of(contact: Contact, points: Sequence[Point]) -> int:
    """The site whose working days are a reader's."""
    return contact.site_id or min(point.site_id for point in points)


def _reader(
    contact: Contact,
    gathered: _Gathered,
    history: Sequence[Reminder],
    calendars: Mapping[int, WorkCalendar],
    contacts: Mapping[int, Contact],
    bad: Mapping[str, datetime],
    now: datetime,
) -> Reader:
    hindrance = ""
    if not contact.email:
        hindrance = "no address"
    elif not contact.is_reminded:
        hindrance = "opted out"
    elif contact.email.lower() in bad:
        hindrance = "returned"
    coming = chasing.next_letter(
        gathered.owed,
        calendar=calendars[_site_of(contact, gathered.points)],
        zone=_zone(contact),
        now=now,
        taken={one.local_on for one in history},
    )
    others = () if not hindrance else _others(contact, gathered, contacts)
    return Reader(contact, tuple(gathered.points), frozenset(gathered.second_for), coming, hindrance, others)


def _others(contact: Contact, gathered: _Gathered, contacts: Mapping[int, Contact]) -> tuple[Contact, ...]:
    sites = {point.site_id for point in gathered.points}
    return tuple(
        one
        for one in contacts.values()
        if one.account_id == contact.account_id
        and one is not contact
        and one.email
        and one.is_reminded
        and (one.site_id is None or one.site_id in sites)
    )


def _note(reader: Reader, on: date, *, key: str, at: datetime, stopped_at: datetime | None = None) -> bool:
    """Take a reader's day; whether nobody had."""
    items = [
        {
            "project": point.project_id,
            "item": point.item_id,
            "is_second": point.item_id in reader.second_for,
        }
        for point in reader.named
    ]
    row = insert(Reminder).values(
        contact_id=reader.contact.id, local_on=on, at=at, mail_key=key, items=items, stopped_at=stopped_at
    )
    taken = row.on_conflict_do_nothing(index_elements=["contact_id", "local_on"]).returning(Reminder.id)
    return db.session.scalar(taken) is not None


def _by_project(points: Iterable[Point]) -> dict[int, list[Point]]:
    found: dict[int, list[Point]] = {}
    for point in points:
        found.setdefault(point.project_id, []).append(point)
    return found


def _at(reader: Reader) -> tuple[bool, datetime]:
    """Where a reader stands in a list: who gets a letter first, then who gets none."""
    never = datetime.max.replace(tzinfo=UTC)
    return bool(reader.hindrance), reader.next.at if reader.next else never
