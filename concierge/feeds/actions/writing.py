"""Writing entries: each visit is rendered once, when it changes, into the calendar of everybody on it."""

import secrets
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import sqlalchemy as sa
import structlog

from concierge.accounts.models import Account, Site
from concierge.feeds import lint, plan, vevent, words
from concierge.feeds.models import FeedEntry, FeedVersion
from concierge.feeds.vevent import Status
from concierge.feeds.words import Appointment
from concierge.identity.models import User
from concierge.platform.database import db, insert
from concierge.projects.models import Project
from concierge.visits.models import Visit, VisitTechnician

CANCELLED_STAYS = timedelta(days=7)
"""How long a cancelled visit is still shown as such; or until its old start, if that is sooner."""
BATCH = 500

log = structlog.get_logger()


def write_entries(visit_ids: Iterable[int], *, at: datetime) -> None:
    """Write the entries of visits as they are now, and give every calendar whose bytes changed a new version.

    An entry whose bytes change gets a LAST-MODIFIED at least a second after its last; one whose bytes stay
    is left alone. Whoever no longer goes loses the entry; a cancelled visit stays as cancelled for a while.
    Belongs into the transaction that changed the visits, so that no calendar can be told of the old state.
    """
    ids = sorted(set(visit_ids))
    for first in range(0, len(ids), BATCH):
        _write(ids[first : first + BATCH], at=vevent.whole_second(at))


def draw_version(owner_id: int, *, at: datetime) -> None:
    """Give a person's calendar a new version, because its header changes or it is new."""
    _draw(_versions_of([owner_id], at=at)[owner_id], at=vevent.whole_second(at))


def owners_of_drifted(visit_ids: Sequence[int]) -> Sequence[tuple[int, int]]:
    """Visit and owner of each entry whose kept bytes are not what its rows say now."""
    appointments = _appointments(visit_ids)
    found = db.session.execute(
        sa.select(FeedEntry, User.language)
        .join(User, User.id == FeedEntry.owner_id)
        .where(FeedEntry.visit_id.in_(visit_ids), FeedEntry.body != b"")
        .order_by(FeedEntry.visit_id, FeedEntry.owner_id)
    )
    return [
        (entry.visit_id, entry.owner_id)
        for entry, language in found
        if entry.visit_id not in appointments
        or entry.body != _as_of_last_change(entry, appointments[entry.visit_id], language=language)
    ]


def _write(visit_ids: Sequence[int], *, at: datetime) -> None:
    crews = _crews(visit_ids)
    entries = {
        (entry.visit_id, entry.owner_id): entry
        for entry in db.session.scalars(sa.select(FeedEntry).where(FeedEntry.visit_id.in_(visit_ids)))
    }
    owners = {owner for crew in crews.values() for owner in crew} | {owner for _, owner in entries}
    if not owners:
        return
    appointments = _appointments(visit_ids)
    versions = _versions_of(sorted(owners), at=at)
    people = db.session.execute(sa.select(User.id, User.language).where(User.id.in_(sorted(owners))))
    languages = {row.id: row.language for row in people}
    changed: set[int] = set()
    for visit_id in visit_ids:
        appointment = appointments.get(visit_id)
        shown_to = crews[visit_id] if appointment else set()
        known_to = {owner for visit, owner in entries if visit == visit_id}
        for owner in sorted(shown_to | known_to):
            entry = entries.get((visit_id, owner))
            if appointment is None or not _belongs(appointment, entry, is_on_it=owner in shown_to, at=at):
                is_changed = _take_out(entry, at=at)
            else:
                is_changed = _put_in(
                    entry, appointment, visit_id=visit_id, owner_id=owner, language=languages[owner], at=at
                )
            if is_changed:
                changed.add(owner)
    db.session.flush()
    for owner in sorted(changed):
        _draw(versions[owner], at=at)


def _appointments(visit_ids: Sequence[int]) -> Mapping[int, Appointment]:
    found = db.session.execute(
        sa.select(Visit, Site, Account.name, Project.key)
        .join(Project, Project.id == Visit.project_id)
        .join(Account, Account.id == Project.account_id)
        .join(Site, Site.id == Visit.site_id)
        .where(Visit.id.in_(visit_ids), Visit.state.in_(list(plan.STATUSES)))
    )
    return {
        visit.id: plan.appointment_of(
            visit, site=site, account_name=account_name, project_key=key, url=plan.page_of(visit.id)
        )
        for visit, site, account_name, key in found
    }


def _crews(visit_ids: Sequence[int]) -> Mapping[int, set[int]]:
    crews: defaultdict[int, set[int]] = defaultdict(set)
    found = sa.select(VisitTechnician.visit_id, VisitTechnician.user_id)
    for visit_id, user_id in db.session.execute(found.where(VisitTechnician.visit_id.in_(visit_ids))):
        crews[visit_id].add(user_id)
    return crews


def _belongs(appointment: Appointment, entry: FeedEntry | None, *, is_on_it: bool, at: datetime) -> bool:
    """Whether the entry stands in a person's calendar: a cancelled one only if it stood there before."""
    is_there = entry is not None and (entry.gone_at is None or entry.gone_at > at)
    if appointment.status is Status.CANCELLED:
        return is_there and _leaves_at(appointment, entry, at=at) > at
    return is_on_it


def _leaves_at(appointment: Appointment, entry: FeedEntry | None, *, at: datetime) -> datetime:
    if entry is not None and entry.gone_at is not None:
        return entry.gone_at
    return min(at + CANCELLED_STAYS, appointment.start_at)


def _take_out(entry: FeedEntry | None, *, at: datetime) -> bool:
    if entry is None:
        return False
    was_there = entry.gone_at is None or entry.gone_at > at
    if was_there:
        entry.gone_at = at
    entry.body = b""
    entry.renderer = plan.stamp()
    return was_there


def _put_in(
    entry: FeedEntry | None,
    appointment: Appointment,
    *,
    visit_id: int,
    owner_id: int,
    language: str,
    at: datetime,
) -> bool:
    gone_at = _leaves_at(appointment, entry, at=at) if appointment.status is Status.CANCELLED else None
    if entry is None:
        entry = FeedEntry(owner_id=owner_id, visit_id=visit_id)
        db.session.add(entry)
        sequence, modified_at = appointment.sequence, at
    else:
        same = _as_of_last_change(entry, appointment, language=language)
        if entry.gone_at == gone_at and entry.body == same:
            entry.renderer = plan.stamp()
            return False
        raised = entry.sequence + (_what_matters(entry.body) != _what_matters(same))
        sequence, modified_at = max(appointment.sequence, raised), vevent.after(entry.modified_at, at=at)
    entry.uid = appointment.uid
    entry.starts_at = appointment.start_at
    entry.ends_at = appointment.end_at
    entry.sequence = sequence
    entry.modified_at = modified_at
    entry.renderer = plan.stamp()
    entry.gone_at = gone_at
    entry.body = _rendered(
        replace(appointment, sequence=sequence), language=language, modified_at=modified_at
    )
    return True


def _as_of_last_change(entry: FeedEntry, appointment: Appointment, *, language: str) -> bytes:
    """The bytes the appointment has if it was last published when the entry was."""
    sequence = max(appointment.sequence, entry.sequence)
    return _rendered(
        replace(appointment, sequence=sequence), language=language, modified_at=entry.modified_at
    )


def _what_matters(body: bytes) -> tuple[bytes, ...]:
    """Time, place and status of an entry: a change of these raises SEQUENCE (RFC 5545 §3.8.7.4)."""
    lines = body.replace(b"\r\n ", b"").split(b"\r\n")
    return tuple(line for line in lines if line.startswith((b"DTSTART", b"DTEND", b"LOCATION", b"STATUS")))


def _rendered(appointment: Appointment, *, language: str, modified_at: datetime) -> bytes:
    """The bytes of an entry; without its texts if they would endanger the calendar they go into."""
    entry = words.entry_of(appointment, language=language, modified_at=modified_at)
    body = vevent.render(entry)
    if problems := lint.problems_in_entry(body):
        log.error("entry refused by the linter", rules=sorted({problem.rule for problem in problems}))
        return vevent.render(words.plainest(entry, language=language))
    return body


def _versions_of(owner_ids: Sequence[int], *, at: datetime) -> Mapping[int, FeedVersion]:
    """The versions of people's calendars, made where missing and locked in one order until the commit."""
    for owner_id in owner_ids:
        fresh = {
            "owner_id": owner_id,
            "scope": secrets.token_hex(12),
            "version": secrets.token_hex(8),
            "changed_at": vevent.whole_second(at),
            "lapses": [],
        }
        db.session.execute(
            insert(FeedVersion).values(fresh).on_conflict_do_nothing(index_elements=["owner_id"])
        )
    found = sa.select(FeedVersion).where(FeedVersion.owner_id.in_(owner_ids)).order_by(FeedVersion.owner_id)
    locked = db.session.scalars(found.with_for_update().execution_options(populate_existing=True))
    return {version.owner_id: version for version in locked}


def _draw(version: FeedVersion, *, at: datetime) -> None:
    leaving = sa.select(FeedEntry.gone_at).where(
        FeedEntry.owner_id == version.owner_id, FeedEntry.gone_at > at
    )
    version.version = secrets.token_hex(8)
    version.changed_at = vevent.after(version.changed_at, at=at)
    version.lapses = sorted(gone_at.isoformat() for gone_at in db.session.scalars(leaving) if gone_at)
    db.session.flush()
