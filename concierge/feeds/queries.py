"""The questions that calendars, pages and commands ask of feeds."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import contains_eager

from concierge.accounts.models import Account, Site
from concierge.feeds import calendar_file, plan, secret, vevent, words
from concierge.feeds.calendar_file import Window
from concierge.feeds.models import Feed, FeedEntry, FeedVersion
from concierge.feeds.states import FeedState
from concierge.feeds.vevent import Status
from concierge.identity.models import User
from concierge.identity.permissions import Permission, Role
from concierge.identity.states import AccessState
from concierge.identity.tokens import token_hash
from concierge.identity.viewer import Viewer
from concierge.platform import settings
from concierge.platform.database import db
from concierge.platform.errors import NotFound
from concierge.projects.models import Project
from concierge.visits.models import Visit

AGENDA_LENGTH = 200
STALE_AFTER = timedelta(hours=48)
"""When a program that fetched once counts as one that no longer does."""


_ADDRESS = (
    sa.select(
        Feed.id,
        Feed.user_id,
        User.name,
        User.language,
        Feed.name.label("file_name"),
        Feed.revoked_at,
        Feed.fetched_at,
        Feed.fetched_by,
        FeedVersion.scope,
        FeedVersion.version,
        FeedVersion.changed_at,
        FeedVersion.lapses,
    )
    .join(User, User.id == Feed.user_id)
    .join(FeedVersion, FeedVersion.owner_id == Feed.user_id)
    .where(Feed.token_hash == sa.bindparam("digest"))
)
"""One row that answers every 304; made once, because it is asked thousands of times an hour."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """All that an answer to a calendar program needs besides the entries; one row."""

    feed_id: int
    owner_id: int
    owner_name: str
    language: str
    file_name: str
    ended_at: datetime | None
    fetched_at: datetime | None
    fetched_by: str
    scope: str
    version: str
    changed_at: datetime
    lapses: tuple[datetime, ...]

    def tag(self, *, at: datetime) -> str:
        """The tag of the file as it is at an instant."""
        if self.ended_at is not None:
            return calendar_file.ended_tag(
                scope=f"{self.scope}.{self.feed_id}", ended_at=self.ended_at, language=self.language
            )
        return calendar_file.tag(
            scope=self.scope,
            version=self.version,
            window=Window.around(at),
            lapsed=sum(lapse <= at for lapse in self.lapses),
            base_url=settings.current().address,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressReport:
    """How a person's calendar address is doing; `feed_id` is `None` when they have none."""

    user_id: int
    name: str
    email: str
    feed_id: int | None
    url: str
    created_at: datetime | None
    fetched_at: datetime | None
    fetched_by: str
    changed_at: datetime | None
    entries: int
    zone: str
    looked_at: datetime

    @property
    def state(self) -> str:
        """Whether they have an address: active or none."""
        return "none" if self.feed_id is None else "active"

    @property
    def health(self) -> str:
        """In a word: none, never fetched, stale, or fetched."""
        if self.feed_id is None:
            return "none"
        if self.fetched_at is None:
            return "never fetched"
        return "stale" if self.looked_at - self.fetched_at >= STALE_AFTER else "fetched"

    @property
    def is_behind(self) -> bool:
        """Whether the calendar changed after it was last fetched."""
        fetched, changed = self.fetched_at, self.changed_at
        return fetched is not None and changed is not None and changed > fetched


def address_of_token(token: str) -> Address | None:
    """The address that a token opens, whether it still gives data or not; one indexed row."""
    row = db.session.execute(_ADDRESS, {"digest": token_hash(token)}).one_or_none()
    if row is None:
        return None
    return Address(
        feed_id=row.id,
        owner_id=row.user_id,
        owner_name=row.name,
        language=row.language,
        file_name=row.file_name,
        ended_at=row.revoked_at,
        fetched_at=row.fetched_at,
        fetched_by=row.fetched_by,
        scope=row.scope,
        version=row.version,
        changed_at=row.changed_at,
        lapses=tuple(datetime.fromisoformat(lapse) for lapse in row.lapses),
    )


def file_of(address: Address, *, at: datetime) -> bytes:
    """The calendar file behind an address at an instant: kept entries joined, or the one notice.

    The address is read before the entries: an old tag over new bytes heals at the next fetch, a new tag over
    old bytes never would.
    """
    if address.ended_at is not None:
        notice = calendar_file.address_ended(
            scope=f"{address.scope}.{address.feed_id}", ended_at=address.ended_at, language=address.language
        )
        return calendar_file.joined(calendar_file.header(name="", language=address.language), (notice,))
    window = Window.around(at)
    bodies: Sequence[bytes] = db.session.scalars(
        sa.select(FeedEntry.body)
        .where(
            FeedEntry.owner_id == address.owner_id,
            FeedEntry.starts_at < window.to_at,
            FeedEntry.ends_at > window.from_at,
            _stays(at),
        )
        .order_by(FeedEntry.starts_at, FeedEntry.uid)
    ).all()
    if not bodies:
        bodies = (
            calendar_file.nothing_planned(
                scope=address.scope, window=window, changed_at=address.changed_at, language=address.language
            ),
        )
    return calendar_file.joined(
        calendar_file.header(name=address.owner_name, language=address.language), bodies
    )


def agenda(viewer: Viewer, *, at: datetime) -> Sequence[tuple[Visit, bool]]:
    """The viewer's visits from now on exactly as their calendar shows them, cancelled ones marked True."""
    found = db.session.execute(
        sa.select(Visit, FeedEntry.gone_at)
        .join(FeedEntry, FeedEntry.visit_id == Visit.id)
        .join(Project, Project.id == Visit.project_id)
        .join(Account, Account.id == Project.account_id)
        .join(Site, Site.id == Visit.site_id)
        .options(
            contains_eager(Visit.project).contains_eager(Project.account),
            contains_eager(Visit.site),
        )
        .where(FeedEntry.owner_id == viewer.user_id, FeedEntry.ends_at > at, _stays(at))
        .order_by(FeedEntry.starts_at, FeedEntry.uid)
        .limit(AGENDA_LENGTH)
    )
    return [(visit, gone_at is not None) for visit, gone_at in found]


def report_of(user_id: int, *, at: datetime) -> AddressReport:
    """How the address of one person is doing.

    :raises NotFound: when there is no such person.
    """
    (report,) = _reports(User.id == user_id, at=at) or (None,)
    if report is None:
        raise NotFound
    return report


def reports(*, at: datetime) -> Sequence[AddressReport]:
    """Every technician who can sign in, and everybody else who has an address, by name."""
    works_outside = sa.and_(User.role == Role.TECHNICIAN, User.state != AccessState.DISABLED)
    return _reports(sa.or_(works_outside, Feed.id.is_not(None)), at=at)


def active_feed_of(user_id: int) -> Feed | None:
    """The newest address of a person that still gives data."""
    return db.session.scalar(
        sa.select(Feed)
        .where(Feed.user_id == user_id, Feed.state == FeedState.ACTIVE)
        .order_by(Feed.id.desc())
        .limit(1)
    )


def feed_for(viewer: Viewer, feed_id: int) -> Feed:
    """An address that the viewer may replace or withdraw: their own, or any with the permission.

    :raises NotFound: when there is none, or it is somebody else's.
    """
    feed = db.session.get(Feed, feed_id)
    if feed is None or not (feed.user_id == viewer.user_id or viewer.may(Permission.MANAGE_FEEDS)):
        raise NotFound
    return feed


def person_for(viewer: Viewer, user_id: int) -> User:
    """A person for whom the viewer may make an address: themselves, or anybody with the permission.

    :raises NotFound: when there is none, or the viewer may not.
    """
    person = db.session.get(User, user_id)
    if person is None or not (person.id == viewer.user_id or viewer.may(Permission.MANAGE_FEEDS)):
        raise NotFound
    return person


def technician_by_email(email: str) -> User | None:
    """The technician with this mail address."""
    return db.session.scalar(
        sa.select(User).where(User.email == email.strip().lower(), User.role == Role.TECHNICIAN)
    )


def url_of(feed: Feed) -> str:
    """The secret address in full; empty when the secret key is no longer the one it was made with."""
    in_force = settings.current()
    token = secret.token_of(feed.nonce, key=in_force.secret_key)
    if token_hash(token) != feed.token_hash:
        return ""
    return f"{in_force.address}/cal/{token}/{feed.name}.ics"


def visits_at_account(account_id: int) -> Sequence[int]:
    """Ids of the visits whose entries show the account's name."""
    found = sa.select(Visit.id).join(Project, Project.id == Visit.project_id)
    return db.session.scalars(found.where(Project.account_id == account_id).order_by(Visit.id)).all()


def visits_at_site(site_id: int) -> Sequence[int]:
    """Ids of the visits whose entries show the site."""
    return db.session.scalars(sa.select(Visit.id).where(Visit.site_id == site_id).order_by(Visit.id)).all()


def visits_of_owner(user_id: int) -> Sequence[int]:
    """Ids of the visits that were ever written into a person's calendar."""
    found = sa.select(FeedEntry.visit_id).where(FeedEntry.owner_id == user_id)
    return db.session.scalars(found.order_by(FeedEntry.visit_id)).all()


def visits_with_old_entries(*, at_most: int) -> Sequence[int]:
    """Ids of visits with an entry that another renderer, or one for another public address, wrote."""
    found = sa.select(FeedEntry.visit_id).where(FeedEntry.renderer != plan.stamp()).distinct()
    return db.session.scalars(found.order_by(FeedEntry.visit_id).limit(at_most)).all()


def some_visits_with_entries(*, at_most: int) -> Sequence[int]:
    """Ids of visits with entries, drawn at random."""
    visits = sa.select(FeedEntry.visit_id).where(FeedEntry.body != b"").distinct().subquery()
    return db.session.scalars(sa.select(visits.c.visit_id).order_by(sa.func.random()).limit(at_most)).all()


def visit_file(visit_id: int, *, language: str, at: datetime, for_staff: bool = False) -> bytes:
    """One visit as a calendar file to attach to a letter: one VEVENT, no METHOD, in the reader's language.

    :param at: when the letter is written; becomes DTSTAMP.
    :param for_staff: whether it links the visit's page, which customers cannot open.
    :raises NotFound: when there is no such visit, or it is only a draft.
    """
    row = db.session.execute(
        sa.select(Visit, Site, Account.name, Project.key)
        .join(Project, Project.id == Visit.project_id)
        .join(Account, Account.id == Project.account_id)
        .join(Site, Site.id == Visit.site_id)
        .where(Visit.id == visit_id, Visit.state.in_(list(plan.STATUSES)))
    ).one_or_none()
    if row is None:
        raise NotFound
    visit, site, account_name, key = row
    appointment = plan.appointment_of(
        visit,
        site=site,
        account_name=account_name,
        project_key=key,
        url=plan.page_of(visit.id) if for_staff else "",
    )
    entry = vevent.render(words.entry_of(appointment, language=language, modified_at=at))
    return calendar_file.joined(calendar_file.bare_header(), (entry,))


def coming_visits(project_id: int, *, at: datetime, at_most: int) -> Sequence[Visit]:
    """The next visits of a project that stand in calendars and are not cancelled."""
    shown = [state for state, status in plan.STATUSES.items() if status is not Status.CANCELLED]
    found = sa.select(Visit).where(
        Visit.project_id == project_id, Visit.state.in_(shown), Visit.starts_at > at
    )
    return db.session.scalars(found.order_by(Visit.starts_at, Visit.id).limit(at_most)).all()


def _reports(which: sa.ColumnElement[bool], *, at: datetime) -> Sequence[AddressReport]:
    window = Window.around(at)
    newest = (
        sa.select(Feed.user_id, sa.func.max(Feed.id).label("feed_id"))
        .where(Feed.state == FeedState.ACTIVE)
        .group_by(Feed.user_id)
        .subquery()
    )
    entries = (
        sa.select(FeedEntry.owner_id, sa.func.count().label("entries"))
        .where(FeedEntry.starts_at < window.to_at, FeedEntry.ends_at > window.from_at, _stays(at))
        .group_by(FeedEntry.owner_id)
        .subquery()
    )
    found = db.session.execute(
        sa.select(User, Feed, FeedVersion.changed_at, entries.c.entries)
        .outerjoin(newest, newest.c.user_id == User.id)
        .outerjoin(Feed, Feed.id == newest.c.feed_id)
        .outerjoin(FeedVersion, FeedVersion.owner_id == User.id)
        .outerjoin(entries, entries.c.owner_id == User.id)
        .where(which)
        .order_by(User.name, User.id)
    )
    return [
        AddressReport(
            user_id=user.id,
            name=user.name,
            email=user.email,
            feed_id=feed.id if feed else None,
            url=url_of(feed) if feed else "",
            created_at=feed.created_at if feed else None,
            fetched_at=feed.fetched_at if feed else None,
            fetched_by=feed.fetched_by if feed else "",
            changed_at=changed_at,
            entries=count or 0,
            zone=user.zone,
            looked_at=at,
        )
        for user, feed, changed_at, count in found
    ]


def _stays(at: datetime) -> sa.ColumnElement[bool]:
    return sa.or_(FeedEntry.gone_at.is_(None), FeedEntry.gone_at > at)
