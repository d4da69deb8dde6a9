"""How calendar addresses are doing: the figures of the page that shows all of them, at any number."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from concierge.accounts.models import Contact
from concierge.feeds import calendar_file
from concierge.feeds.calendar_file import Window
from concierge.feeds.models import Calendar, CalendarEntry, Feed, FeedClient
from concierge.feeds.queries import STALE_AFTER
from concierge.feeds.states import HORIZONS, FeedState
from concierge.identity.models import User
from concierge.identity.permissions import Role
from concierge.identity.states import AccessState
from concierge.platform.database import db
from concierge.platform.events import RecordedEvent
from concierge.visits.events import ZoneRulesChanged

PAGE_LENGTH = 50
STATES = ("behind", "stale", "never", "fresh", "ended", "none")
SORTS = ("name", "fetched", "changed", "made")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One address as the page shows it, or a technician who has none."""

    feed_id: int | None
    user_id: int | None
    contact_id: int | None
    name: str
    email: str
    device: str = ""
    title: str = ""
    state: str = "none"
    fetched_at: datetime | None = None
    fetched_by: str = ""
    clients: int = 0
    entries: int = 0
    size: int = 0
    """Bytes of its entries; a file has a few hundred more."""
    changed_at: datetime | None = None
    ended_at: datetime | None = None
    is_behind: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page of addresses, and how many there are of each state and of each program."""

    lines: Sequence[Line]
    total: int
    """Lines on all pages."""
    states: Mapping[str, int]
    programs: Sequence[str]

    @property
    def last(self) -> int:
        """The number of the last page."""
        return max(1, -(-self.total // PAGE_LENGTH))

    @property
    def in_use(self) -> int:
        """How many addresses give data."""
        return sum(count for state, count in self.states.items() if state not in {"ended", "none"})


def page(
    *, state: str = "", program: str = "", text: str = "", sort: str = "name", number: int = 1, at: datetime
) -> Page:
    """One page of addresses in an order; the same few questions for ten and for twenty thousand.

    :param state: one of `STATES`; empty for all that are in use.
    """
    counts, programs = _facets(at=at)
    if state == "none":
        lines, total = _without(text, number)
    else:
        lines, total = _with(state, program, text, sort, number, at=at)
    return Page(lines=lines, total=total, states=counts, programs=programs)


def clients_of(feed_id: int) -> Sequence[FeedClient]:
    """The programs that have fetched an address, the latest first."""
    found = sa.select(FeedClient).where(FeedClient.feed_id == feed_id)
    return db.session.scalars(found.order_by(FeedClient.last_at.desc(), FeedClient.id)).all()


def last_rules() -> ZoneRulesChanged | None:
    """When the rules of time zones were last found to be others, and what was published again for it."""
    found = sa.select(RecordedEvent).where(RecordedEvent.name == ZoneRulesChanged.__name__)
    row = db.session.scalar(found.order_by(RecordedEvent.id.desc()).limit(1))
    event = None if row is None else row.event
    return event if isinstance(event, ZoneRulesChanged) else None


def _facets(*, at: datetime) -> tuple[Mapping[str, int], Sequence[str]]:
    counts: Counter[str] = Counter()
    programs: set[str] = set()
    state = _state(at)
    rows = db.session.execute(
        sa.select(state, Feed.fetched_by, sa.func.count(Feed.id))
        .join(Calendar, Calendar.id == Feed.calendar_id)
        .group_by(state, Feed.fetched_by)
        .union_all(sa.select(sa.literal("none"), sa.literal(""), sa.func.count(User.id)).where(_has_none()))
    )
    for name, program, count in rows:
        counts[name] += count
        if program and name != "ended":
            programs.add(program)
    return counts, sorted(programs, key=str.casefold)


def _with(
    state: str, program: str, text: str, sort: str, number: int, *, at: datetime
) -> tuple[Sequence[Line], int]:
    name = sa.func.coalesce(User.name, Contact.name)
    shown = _state(at)
    conditions: list[sa.ColumnElement[bool]] = [
        shown == state if state else Feed.state == FeedState.ACTIVE,
    ]
    if program:
        conditions.append(Feed.fetched_by == program)
    if text:
        columns = (name, sa.func.coalesce(User.email, Contact.email), Feed.device, Calendar.name)
        conditions.append(sa.or_(*(column.icontains(text, autoescape=True) for column in columns)))
    order: dict[str, tuple[Any, ...]] = {  # Any: columns of several types
        "name": (sa.func.lower(name), Feed.id),
        "fetched": (Feed.fetched_at.is_not(None), Feed.fetched_at, Feed.id),
        "changed": (Calendar.changed_at.desc(), Feed.id),
        "made": (Feed.id.desc(),),
    }
    chosen = (
        sa.select(
            Feed.id.label("feed_id"),
            shown.label("state"),
            sa.func.count().over().label("total"),
            sa.func.row_number().over(order_by=order[sort]).label("place"),
        )
        .join(Calendar, Calendar.id == Feed.calendar_id)
        .outerjoin(User, User.id == Feed.user_id)
        .outerjoin(Contact, Contact.id == Feed.contact_id)
        .where(*conditions)
        .order_by(*order[sort])
        .limit(PAGE_LENGTH)
        .offset((number - 1) * PAGE_LENGTH)
        .subquery()
    )
    entries, size = _inside(at)
    rows = db.session.execute(
        sa.select(Feed, Calendar, User, Contact, chosen.c.state, chosen.c.total, entries, size, _programs())
        .join(chosen, chosen.c.feed_id == Feed.id)
        .join(Calendar, Calendar.id == Feed.calendar_id)
        .outerjoin(User, User.id == Feed.user_id)
        .outerjoin(Contact, Contact.id == Feed.contact_id)
        .order_by(chosen.c.place)
    ).all()
    lines = [
        Line(
            feed_id=feed.id,
            user_id=feed.user_id,
            contact_id=feed.contact_id,
            name=(person or contact).name,
            email=(person or contact).email,
            device=feed.device,
            title=calendar_file.title_of(
                calendar.shows, calendar.scope, calendar.name, language=calendar.language
            ),
            state=found,
            fetched_at=feed.fetched_at,
            fetched_by=feed.fetched_by,
            clients=clients,
            entries=count,
            size=bytes_ or 0,
            changed_at=calendar.changed_at,
            ended_at=feed.revoked_at,
            is_behind=feed.fetched_at is not None and feed.fetched_version != calendar.version,
        )
        for feed, calendar, person, contact, found, _total, count, bytes_, clients in rows
    ]
    return lines, rows[0].total if rows else 0


def _without(text: str, number: int) -> tuple[Sequence[Line], int]:
    question = sa.select(User, sa.func.count().over().label("total")).where(_has_none())
    if text:
        columns = (User.name, User.email)
        question = question.where(sa.or_(*(column.icontains(text, autoescape=True) for column in columns)))
    rows = db.session.execute(
        question.order_by(User.name, User.id).limit(PAGE_LENGTH).offset((number - 1) * PAGE_LENGTH)
    ).all()
    lines = [
        Line(feed_id=None, user_id=person.id, contact_id=None, name=person.name, email=person.email)
        for person, _total in rows
    ]
    return lines, rows[0].total if rows else 0


def _state(at: datetime) -> sa.ColumnElement[str]:
    return sa.case(
        (Feed.state == FeedState.REVOKED, "ended"),
        (Feed.fetched_at.is_(None), "never"),
        (Feed.fetched_at <= at - STALE_AFTER, "stale"),
        (Feed.fetched_version != Calendar.version, "behind"),
        else_="fresh",
    )


def _has_none() -> sa.ColumnElement[bool]:
    active = sa.select(Feed.id).where(Feed.user_id == User.id, Feed.state == FeedState.ACTIVE)
    return sa.and_(User.role == Role.TECHNICIAN, User.state != AccessState.DISABLED, ~active.exists())


def _inside(at: datetime) -> tuple[sa.ScalarSelect[int], sa.ScalarSelect[int]]:
    ends = {days: Window.around(at, days=days).to_at for days in HORIZONS}
    reach = sa.case(
        *((Calendar.horizon_days == days, end) for days, end in ends.items()), else_=Window.around(at).to_at
    )
    shown = (
        CalendarEntry.calendar_id == Calendar.id,
        CalendarEntry.starts_at < sa.type_coerce(reach, CalendarEntry.starts_at.type),
        CalendarEntry.ends_at > Window.around(at).from_at,
        sa.or_(CalendarEntry.gone_at.is_(None), CalendarEntry.gone_at > at),
    )

    def of(figure: sa.ColumnElement[int]) -> sa.ScalarSelect[int]:
        return sa.select(figure).where(*shown).correlate(Calendar).scalar_subquery()

    return of(sa.func.count(CalendarEntry.id)), of(sa.func.sum(sa.func.length(CalendarEntry.body)))


def _programs() -> sa.ScalarSelect[int]:
    return (
        sa.select(sa.func.count(FeedClient.id))
        .where(FeedClient.feed_id == Feed.id)
        .correlate(Feed)
        .scalar_subquery()
    )
