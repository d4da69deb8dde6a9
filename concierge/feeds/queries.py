"""The questions that calendars, pages and commands ask of feeds."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import contains_eager

from concierge.accounts.models import Account, Contact, Site
from concierge.catalogue.states import VisitKind
from concierge.feeds import calendar_file, free_busy, plan, secret, vevent, words
from concierge.feeds.calendar_file import Window
from concierge.feeds.free_busy import Period, Taken
from concierge.feeds.models import Calendar, CalendarEntry, Feed, FeedClient
from concierge.feeds.plan import Choice
from concierge.feeds.states import CANCELLED_DAYS, HORIZONS, FeedState, Scope, Shows, Subject
from concierge.feeds.vevent import Status
from concierge.feeds.words import Style
from concierge.identity.models import User
from concierge.identity.permissions import Permission, Role
from concierge.identity.states import AccessState
from concierge.identity.tokens import token_hash
from concierge.identity.viewer import Viewer
from concierge.platform import settings
from concierge.platform.database import AlwaysAsked, db
from concierge.platform.errors import NotFound
from concierge.platform.prepared import rows_by_id
from concierge.projects.actions.promising import ShownDate
from concierge.projects.models import Milestone, Project, ProjectCrew
from concierge.projects.scope import visible_to
from concierge.visits.models import Visit, VisitTechnician
from concierge.workforce.calendars import away_span
from concierge.workforce.models import Absence, BusyTime, OnCallTurn, OwnCalendar, Technician
from concierge.workforce.states import BusyKind

AGENDA_LENGTH = 200
STALE_AFTER = timedelta(hours=48)
"""When a program that fetched once counts as one that no longer does."""


_ADDRESS = (
    sa.select(
        Feed.id.label("feed_id"),
        Calendar.id.label("calendar_id"),
        Calendar.shows,
        Calendar.scope,
        Calendar.scope_key,
        Calendar.is_for_customer,
        Calendar.name,
        Calendar.language,
        Calendar.horizon_days,
        Feed.name.label("file_name"),
        Feed.revoked_at.label("ended_at"),
        Feed.fetched_at,
        Feed.fetched_by,
        Feed.fetched_version,
        Calendar.label,
        Calendar.version,
        Calendar.changed_at,
        Calendar.lapses,
    )
    .join(Calendar, Calendar.id == Feed.calendar_id)
    .where(Feed.token_hash == sa.bindparam("digest"))
)
"""One row that answers every 304; made once, because it is asked thousands of times an hour."""
_VALUES = tuple(_ADDRESS.selected_columns.keys())


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """All that an answer to a calendar program needs besides the entries; one row."""

    feed_id: int
    calendar_id: int
    shows: Shows
    scope: Scope
    scope_key: str
    is_for_customer: bool
    name: str
    language: str
    horizon_days: int
    file_name: str
    ended_at: datetime | None
    fetched_at: datetime | None
    fetched_by: str
    fetched_version: str
    label: str
    version: str
    changed_at: datetime
    lapses: tuple[datetime, ...]

    @property
    def title(self) -> str:
        """What the calendar is called in a program."""
        return calendar_file.title_of(self.shows, self.scope, self.name, language=self.language)

    @property
    def has_latest(self) -> bool:
        """Whether the fetch that was noted last handed out the calendar as it is."""
        return self.fetched_version == self.version

    def window(self, *, at: datetime) -> Window:
        """The stretch of time that the file covers at an instant."""
        return Window.around(at, days=self.horizon_days)

    def tag(self, *, at: datetime, base_url: str = "") -> str:
        """The tag of the file as it is at an instant; `base_url` is asked of the settings unless it is given."""
        if self.ended_at is not None:
            says = ".taken" if self.shows is Shows.FREE_BUSY else ""
            return calendar_file.ended_tag(
                scope=f"{self.label}.{self.feed_id}{says}", ended_at=self.ended_at, language=self.language
            )
        return calendar_file.tag(
            scope=self.label,
            version=self.version,
            window=self.window(at=at),
            lapsed=sum(lapse <= at for lapse in self.lapses),
            base_url=base_url or settings.current().address,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressReport:
    """How a calendar address is doing; `feed_id` is `None` for a person who has none."""

    user_id: int | None
    contact_id: int | None
    name: str
    email: str
    feed_id: int | None
    device: str
    choice: Choice | None
    title: str
    """What it shows, in the language of the calendar."""
    url: str
    created_at: datetime | None
    fetched_at: datetime | None
    fetched_by: str
    clients: int
    """How many different programs have fetched it."""
    changed_at: datetime | None
    entries: int
    is_behind: bool
    """Whether the calendar changed after it was last fetched."""
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


def addresses_always(engine: sa.Engine) -> AlwaysAsked:
    """What `address_of_token` asks, for a process that asks it all the time."""
    return AlwaysAsked(engine, _ADDRESS)


def address_of_token(token: str, *, asked: AlwaysAsked | None = None) -> Address | None:
    """The address that a token opens, whether it still gives data or not; one indexed row.

    :param asked: what `addresses_always` gave; the session is asked without it.
    """
    digest = token_hash(token)
    row = asked.row(digest) if asked else db.session.execute(_ADDRESS, {"digest": digest}).one_or_none()
    if row is None:
        return None
    values = dict(zip(_VALUES, row, strict=True))
    return Address(**{**values, "lapses": plan.instants(values["lapses"])})


def file_of(address: Address, *, at: datetime) -> bytes:
    """The calendar file behind an address at an instant: kept entries joined, or the one notice.

    The address is read before the entries: an old tag over new bytes heals at the next fetch, a new tag over
    old bytes never would.
    """
    if address.ended_at is not None:
        notice = calendar_file.address_ended(
            scope=f"{address.label}.{address.feed_id}",
            ended_at=address.ended_at,
            language=address.language,
            is_for_customer=address.is_for_customer,
        )
        return calendar_file.joined(calendar_file.header(title="–", language=address.language), (notice,))
    window = address.window(at=at)
    bodies = _bodies(address, window, at=at)
    if not bodies:
        bodies = (
            calendar_file.nothing_planned(
                scope=address.label,
                window=window,
                changed_at=address.changed_at,
                language=address.language,
                shows=address.shows,
            ),
        )
    return calendar_file.joined(calendar_file.header(title=address.title, language=address.language), bodies)


def free_busy_of(address: Address, *, at: datetime, as_json: bool) -> bytes:
    """When a person is taken, behind an address that tells nothing else; taken throughout once it was ended."""
    window = address.window(at=address.ended_at or at)  # one tag names one file, also of an ended address
    periods = free_busy.never_free(window)
    changed_at = address.ended_at or address.changed_at
    if address.ended_at is None:
        taken = [free_busy.period_of(line) for line in _bodies(address, window, at=at)]
        taken += _away(int(address.scope_key), window)
        taken += _elsewhere(int(address.scope_key), window)
        periods = free_busy.merged(taken, window=window)
    if as_json:
        return free_busy.as_json(
            periods, window=window, changed_at=changed_at, is_ended=address.ended_at is not None
        )
    return free_busy.as_calendar(
        periods,
        label=address.label,
        title=address.title if address.ended_at is None else "–",
        language=address.language,
        window=window,
        changed_at=changed_at,
        comment="" if address.ended_at is None else words.sentence("revoked", language=address.language),
    )


def agenda(viewer: Viewer, *, at: datetime) -> Sequence[tuple[Visit, bool]]:
    """The viewer's visits from now on exactly as their calendar shows them, cancelled ones marked True.

    A cancelled one is shown while it stands in a calendar of theirs, so one that was only a draft is not; to
    somebody without a calendar, for a week.
    """
    shown = [state for state, status in plan.STATUSES.items() if status is not Status.CANCELLED]
    goes = sa.select(VisitTechnician.visit_id).where(VisitTechnician.user_id == viewer.user_id)
    mine = sa.select(Calendar.id).where(
        Calendar.scope == Scope.PERSON,
        Calendar.scope_key == str(viewer.user_id),
        Calendar.shows == Shows.VISITS,
    )
    stands = sa.select(CalendarEntry.subject_id).where(
        CalendarEntry.calendar_id.in_(mine),
        CalendarEntry.subject == Subject.VISIT,
        CalendarEntry.gone_at > at,
    )
    is_news = sa.and_(
        ~mine.exists(),
        Visit.id.in_(goes),
        Visit.cancelled_at > at - timedelta(days=CANCELLED_DAYS[1]),
        Visit.starts_at > at,
    )
    found = db.session.scalars(
        sa.select(Visit)
        .join(Project, Project.id == Visit.project_id)
        .join(Account, Account.id == Project.account_id)
        .join(Site, Site.id == Visit.site_id)
        .options(
            contains_eager(Visit.project).contains_eager(Project.account),
            contains_eager(Visit.site),
        )
        .where(
            Visit.ends_at > at,
            sa.or_(sa.and_(Visit.id.in_(goes), Visit.state.in_(shown)), Visit.id.in_(stands), is_news),
        )
        .order_by(Visit.starts_at, Visit.uid)
        .limit(AGENDA_LENGTH)
    )
    return [(visit, visit.cancelled_at is not None) for visit in found]


def report_of(user_id: int, *, at: datetime) -> AddressReport:
    """How the newest address of one person's own visits is doing.

    :raises NotFound: when there is no such person.
    """
    person = db.session.get(User, user_id)
    if person is None:
        raise NotFound
    own = sa.and_(
        Feed.user_id == user_id,
        Calendar.shows == Shows.VISITS,
        Calendar.scope == Scope.PERSON,
        Calendar.scope_key == str(user_id),
    )
    reports = _reports(own, at=at)
    return reports[-1] if reports else _without_address(person, at=at)


def reports_of(user_id: int, *, at: datetime) -> Sequence[AddressReport]:
    """How each address of one person is doing, the oldest first."""
    return _reports(Feed.user_id == user_id, at=at)


def reports_of_calendar(scope: Scope, scope_key: str, *, at: datetime) -> Sequence[AddressReport]:
    """How each address that tells of a person, team, project or site is doing, whoever has it."""
    return _reports(sa.and_(Calendar.scope == scope, Calendar.scope_key == scope_key), at=at)


def reports(*, at: datetime) -> Sequence[AddressReport]:
    """Every address there is, and every technician who can sign in and has none, by name."""
    active = sa.select(Feed.user_id).where(Feed.state == FeedState.ACTIVE, Feed.user_id.is_not(None))
    without = db.session.scalars(
        sa.select(User).where(
            User.role == Role.TECHNICIAN, User.state != AccessState.DISABLED, User.id.not_in(active)
        )
    )
    found = [*_reports(sa.true(), at=at), *(_without_address(person, at=at) for person in without)]
    return sorted(found, key=lambda report: (report.name, report.email, report.feed_id or 0))


def active_feed_of(user_id: int) -> Feed | None:
    """The newest address of a person that still gives data."""
    return db.session.scalar(
        sa.select(Feed)
        .where(Feed.user_id == user_id, Feed.state == FeedState.ACTIVE)
        .order_by(Feed.id.desc())
        .limit(1)
    )


def active_feeds(*, user_id: int | None = None, contact_id: int | None = None) -> Sequence[Feed]:
    """The addresses of a person, or of a contact, that still give data."""
    owner = Feed.user_id == user_id if user_id is not None else Feed.contact_id == contact_id
    return db.session.scalars(
        sa.select(Feed).where(owner, Feed.state == FeedState.ACTIVE).order_by(Feed.id)
    ).all()


def feeds_in_another_language() -> Sequence[Feed]:
    """Active addresses that follow their owner's language, whose calendar is not written in it."""
    owners = sa.func.coalesce(User.language, Contact.language)
    return db.session.scalars(
        sa.select(Feed)
        .join(Calendar, Calendar.id == Feed.calendar_id)
        .outerjoin(User, User.id == Feed.user_id)
        .outerjoin(Contact, Contact.id == Feed.contact_id)
        .where(Feed.state == FeedState.ACTIVE, ~Feed.has_own_language, owners != Calendar.language)
        .order_by(Feed.id)
    ).all()


def feed_for(viewer: Viewer, feed_id: int) -> Feed:
    """An address that the viewer may replace or withdraw: their own, or any with the permission.

    Those of a customer's contact are anybody's who may edit the project.
    :raises NotFound: when there is none, or it is somebody else's.
    """
    feed = db.session.get(Feed, feed_id)
    if feed is None:
        raise NotFound
    is_contacts = feed.contact_id is not None and viewer.may(Permission.EDIT_PROJECTS)
    if not (feed.user_id == viewer.user_id or is_contacts or viewer.may(Permission.MANAGE_FEEDS)):
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


def contact_for(viewer: Viewer, contact_id: int, *, project_id: int) -> Contact:
    """A contact of a project's customer, for whom the viewer may make an address of that project.

    :raises NotFound: when there is none, or the viewer may not.
    """
    question = (
        sa.select(Contact)
        .join(Project, Project.account_id == Contact.account_id)
        .where(Contact.id == contact_id, Project.id == project_id)
    )
    contact = db.session.scalar(visible_to(viewer, question))
    if contact is None or not viewer.may(Permission.EDIT_PROJECTS):
        raise NotFound
    return contact


def contacts_of(account_id: int) -> Sequence[Contact]:
    """The people at a customer, by name."""
    found = sa.select(Contact).where(Contact.account_id == account_id)
    return db.session.scalars(found.order_by(Contact.name, Contact.id)).all()


def contacts_feed(feed_id: int) -> tuple[Feed, Calendar, Contact]:
    """An address of somebody at a customer, with its calendar.

    :raises NotFound: when there is none, or it was ended.
    """
    row = db.session.execute(
        sa.select(Feed, Calendar, Contact)
        .join(Calendar, Calendar.id == Feed.calendar_id)
        .join(Contact, Contact.id == Feed.contact_id)
        .where(Feed.id == feed_id, Feed.state == FeedState.ACTIVE)
    ).one_or_none()
    if row is None:
        raise NotFound
    return row.Feed, row.Calendar, row.Contact


def project_key_of(feed: Feed) -> str:
    """The key of the project that an address tells of; empty when it tells of something else."""
    question = (
        sa.select(Project.key)
        .join(Calendar, Calendar.scope_key == sa.cast(Project.id, sa.String))
        .where(Calendar.id == feed.calendar_id, Calendar.scope == Scope.PROJECT)
    )
    return db.session.scalar(question) or ""


def may_subscribe(person: User, choice: Choice) -> bool:
    """Whether a person may have a calendar: its readers see there what they see here.

    Technicians: what is their own, the projects and sites that they go to, and who is on call; no milestones of
    persons. Everybody else sees everything, so they may subscribe to it.
    """
    if person.state is AccessState.DISABLED or choice.is_for_customer:
        return False
    key = choice.scope_key
    if choice.scope is not Scope.TEAM and not (key.isascii() and key.isdecimal() and len(key) <= 9):
        return False
    if person.role is not Role.TECHNICIAN:
        return _is_there(choice)
    match choice.scope:
        case Scope.PERSON:
            return key == str(person.id) and choice.shows is not Shows.MILESTONES
        case Scope.TEAM:
            return choice.shows is Shows.ON_CALL
        case Scope.PROJECT:
            mine = sa.select(ProjectCrew.id).where(
                ProjectCrew.user_id == person.id, ProjectCrew.project_id == int(key)
            )
        case Scope.SITE:
            mine = (
                sa.select(ProjectCrew.id)
                .join(Project, Project.id == ProjectCrew.project_id)
                .where(ProjectCrew.user_id == person.id, Project.site_id == int(key))
            )
    return db.session.scalar(mine.limit(1)) is not None


def feeds_without_right(*, user_ids: Collection[int] | None = None) -> Sequence[Feed]:
    """Addresses of people who may no longer see what they show, because they changed roles or go elsewhere."""
    question = (
        sa.select(Feed, Calendar, User)
        .join(Calendar, Calendar.id == Feed.calendar_id)
        .join(User, User.id == Feed.user_id)
        .where(Feed.state == FeedState.ACTIVE)
        .where(
            sa.or_(
                User.state == AccessState.DISABLED,
                sa.and_(
                    User.role == Role.TECHNICIAN,
                    sa.or_(
                        Calendar.scope != Scope.PERSON,
                        Calendar.scope_key != sa.cast(User.id, sa.String),
                    ),
                ),
            )
        )
        .order_by(Feed.id)
    )
    if user_ids is not None:
        question = question.where(Feed.user_id.in_(user_ids))
    return [
        feed
        for feed, calendar, person in db.session.execute(question)
        if not may_subscribe(
            person, Choice(shows=calendar.shows, scope=calendar.scope, scope_key=calendar.scope_key)
        )
    ]


def territories() -> Sequence[str]:
    """The teams that calendars can be made of."""
    found = sa.select(Technician.territory).where(Technician.territory != "").distinct()
    return db.session.scalars(found.order_by(Technician.territory)).all()


def technician_by_email(email: str) -> User | None:
    """The technician with this mail address."""
    return db.session.scalar(
        sa.select(User).where(User.email == email.strip().lower(), User.role == Role.TECHNICIAN)
    )


def url_of(feed: Feed, *, shows: Shows = Shows.VISITS) -> str:
    """The secret address in full; empty when the secret key is no longer the one it was made with."""
    in_force = settings.current()
    token = secret.token_of(feed.nonce, key=in_force.secret_key)
    if token_hash(token) != feed.token_hash:
        return ""
    ending = "ifb" if shows is Shows.FREE_BUSY else "ics"
    return f"{in_force.address}/cal/{token}/{feed.name}.{ending}"


def visits_at_account(account_id: int) -> Sequence[int]:
    """Ids of the visits whose entries show the account's name."""
    found = sa.select(Visit.id).join(Project, Project.id == Visit.project_id)
    return db.session.scalars(found.where(Project.account_id == account_id).order_by(Visit.id)).all()


def visits_at_site(site_id: int) -> Sequence[int]:
    """Ids of the visits whose entries show the site."""
    return db.session.scalars(sa.select(Visit.id).where(Visit.site_id == site_id).order_by(Visit.id)).all()


def projects_at_account(account_id: int) -> Sequence[int]:
    """Ids of an account's projects."""
    return db.session.scalars(sa.select(Project.id).where(Project.account_id == account_id)).all()


def projects_at_site(site_id: int) -> Sequence[int]:
    """Ids of the projects at a site."""
    return db.session.scalars(sa.select(Project.id).where(Project.site_id == site_id)).all()


def sites_of_account(account_id: int) -> Sequence[int]:
    """Ids of an account's sites."""
    return db.session.scalars(sa.select(Site.id).where(Site.account_id == account_id)).all()


def turns_of_person(user_id: int) -> Sequence[int]:
    """Ids of the on-call turns whose entries show the person's name."""
    found = sa.select(OnCallTurn.id).join(Technician, Technician.id == OnCallTurn.technician_id)
    return db.session.scalars(found.where(Technician.user_id == user_id)).all()


def visits_of_person(user_id: int) -> Sequence[int]:
    """Ids of the visits that a person goes on."""
    found = sa.select(VisitTechnician.visit_id).where(VisitTechnician.user_id == user_id)
    return db.session.scalars(found.order_by(VisitTechnician.visit_id)).all()


def subjects_with_old_entries(*, at_most: int) -> tuple[Subject, Sequence[int]] | None:
    """Some ids of one sort with an entry that another renderer, or one for another public address, wrote."""
    old = CalendarEntry.renderer != plan.stamp()
    subject = db.session.scalar(sa.select(CalendarEntry.subject).where(old).limit(1))
    if subject is None:
        return None
    found = sa.select(CalendarEntry.subject_id).where(old, CalendarEntry.subject == subject).distinct()
    return subject, db.session.scalars(found.order_by(CalendarEntry.subject_id).limit(at_most)).all()


def some_subjects(subject: Subject, *, at_most: int) -> Sequence[int]:
    """Ids of subjects with entries, drawn at random; those that wait to be written by the newest renderer are left."""
    entries = (
        sa.select(CalendarEntry.subject_id)
        .where(CalendarEntry.subject == subject, CalendarEntry.body != b"")
        .group_by(CalendarEntry.subject_id)
        .having(sa.func.min(CalendarEntry.renderer) == plan.stamp())
        .having(sa.func.max(CalendarEntry.renderer) == plan.stamp())
        .subquery()
    )
    return db.session.scalars(sa.select(entries.c.subject_id).order_by(sa.func.random()).limit(at_most)).all()


def visit_file(visit_id: int, *, language: str, at: datetime, for_staff: bool = False) -> bytes:
    """One visit as a calendar file to attach to a letter: one VEVENT, no METHOD, in the reader's language.

    :param at: when the letter is written; becomes DTSTAMP.
    :param for_staff: whether it says what we call the visit and links its page; both are not for customers.
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
    style = Style(language=language, is_for_customer=not for_staff)
    entry = vevent.render(words.entry_of(appointment, style=style, modified_at=at))
    return calendar_file.joined(calendar_file.bare_header(), (entry,))


def days_of_visits(visits: Sequence[Visit]) -> list[tuple[Visit, ShownDate]]:
    """What visits tell a customer of when their milestones are reached; a call only talks about one."""
    work = [(visit, visit.milestone_id) for visit in visits if visit.kind is not VisitKind.REMOTE_CALL]
    milestones = rows_by_id(Milestone, {id_ for _, id_ in work if id_ is not None})
    return [
        (visit, ShownDate(milestones[id_].key, visit.ends_local.date(), visit.starts_local.date()))
        for visit, id_ in work
        if id_ in milestones
    ]


def coming_visits(project_id: int, *, at: datetime, at_most: int | None = None) -> Sequence[Visit]:
    """The next visits of a project that stand in calendars and are not cancelled."""
    shown = [state for state, status in plan.STATUSES.items() if status is not Status.CANCELLED]
    found = sa.select(Visit).where(
        Visit.project_id == project_id, Visit.state.in_(shown), Visit.starts_at > at
    )
    return db.session.scalars(found.order_by(Visit.starts_at, Visit.id).limit(at_most)).all()


def _bodies(address: Address, window: Window, *, at: datetime) -> Sequence[bytes]:
    return db.session.scalars(
        sa.select(CalendarEntry.body)
        .where(
            CalendarEntry.calendar_id == address.calendar_id,
            CalendarEntry.starts_at < window.to_at,
            CalendarEntry.ends_at > window.from_at,
            _stays(at),
        )
        .order_by(CalendarEntry.starts_at, CalendarEntry.uid)
    ).all()


def _away(user_id: int, window: Window) -> list[Period]:
    """When somebody is away, by the clock where they live."""
    found = db.session.execute(
        sa.select(Absence, User.zone)
        .join(Technician, Technician.id == Absence.technician_id)
        .join(User, User.id == Technician.user_id)
        .where(
            User.id == user_id,
            Absence.last_on >= (window.week_at - timedelta(days=1)).date(),
            Absence.first_on <= (window.to_at + timedelta(days=1)).date(),
        )
    )
    spans = (away_span(absence, zone) for absence, zone in found)
    return [Period(span.from_at, span.to_at, Taken.UNAVAILABLE) for span in spans if span.to_at is not None]


def _elsewhere(user_id: int, window: Window) -> list[Period]:
    """What the technician's own calendars say is taken."""
    found = db.session.execute(
        sa.select(BusyTime.starts_at, BusyTime.ends_at, BusyTime.kind)
        .join(OwnCalendar, OwnCalendar.id == BusyTime.own_calendar_id)
        .join(Technician, Technician.id == OwnCalendar.technician_id)
        .where(
            Technician.user_id == user_id,
            BusyTime.starts_at < window.to_at,
            BusyTime.ends_at > window.week_at,
        )
    )
    return [
        Period(starts_at, ends_at, Taken.BUSY if kind is BusyKind.BUSY else Taken.TENTATIVE)
        for starts_at, ends_at, kind in found
    ]


def _is_there(choice: Choice) -> bool:
    """Whether that of which a calendar would tell exists."""
    model = {Scope.PERSON: User, Scope.PROJECT: Project, Scope.SITE: Site}.get(choice.scope)
    if model is not None:
        return db.session.scalar(sa.select(model.id).where(model.id == int(choice.scope_key))) is not None
    return not choice.scope_key or choice.scope_key in territories()


def _reports(which: sa.ColumnElement[bool], *, at: datetime) -> list[AddressReport]:
    """Addresses in use, with what is in their calendars within each one's own window; one question."""
    ends = {days: Window.around(at, days=days) for days in HORIZONS}
    reach = sa.case(
        *((Calendar.horizon_days == days, window.to_at) for days, window in ends.items()),
        else_=Window.around(at).to_at,
    )
    entries = (
        sa.select(sa.func.count(CalendarEntry.id))
        .where(
            CalendarEntry.calendar_id == Calendar.id,
            CalendarEntry.starts_at < sa.type_coerce(reach, CalendarEntry.starts_at.type),
            CalendarEntry.ends_at > Window.around(at).from_at,
            _stays(at),
        )
        .correlate(Calendar)
        .scalar_subquery()
    )
    clients = (
        sa.select(sa.func.count(FeedClient.id))
        .where(FeedClient.feed_id == Feed.id)
        .correlate(Feed)
        .scalar_subquery()
    )
    found = db.session.execute(
        sa.select(Feed, Calendar, User, Contact, entries, clients)
        .join(Calendar, Calendar.id == Feed.calendar_id)
        .outerjoin(User, User.id == Feed.user_id)
        .outerjoin(Contact, Contact.id == Feed.contact_id)
        .where(Feed.state == FeedState.ACTIVE, which)
        .order_by(Feed.id)
    )
    return [
        AddressReport(
            user_id=feed.user_id,
            contact_id=feed.contact_id,
            name=(person or contact).name,
            email=(person or contact).email,
            feed_id=feed.id,
            device=feed.device,
            choice=_choice(calendar, feed),
            title=calendar_file.title_of(
                calendar.shows, calendar.scope, calendar.name, language=calendar.language
            ),
            url=url_of(feed, shows=calendar.shows),
            created_at=feed.created_at,
            fetched_at=feed.fetched_at,
            fetched_by=feed.fetched_by,
            clients=client_count,
            changed_at=calendar.changed_at,
            entries=count,
            is_behind=feed.fetched_at is not None and feed.fetched_version != calendar.version,
            zone=(person or contact).zone,
            looked_at=at,
        )
        for feed, calendar, person, contact, count, client_count in found
    ]


def _choice(calendar: Calendar, feed: Feed) -> Choice:
    return Choice(
        shows=calendar.shows,
        scope=calendar.scope,
        scope_key=calendar.scope_key,
        language=calendar.language if feed.has_own_language else "",
        is_busy_only=calendar.is_busy_only,
        has_alarms=calendar.has_alarms,
        cancelled_days=calendar.cancelled_days,
        horizon_days=calendar.horizon_days,
        is_for_customer=calendar.is_for_customer,
    )


def _without_address(person: User, *, at: datetime) -> AddressReport:
    return AddressReport(
        user_id=person.id,
        contact_id=None,
        name=person.name,
        email=person.email,
        feed_id=None,
        device="",
        choice=None,
        title="",
        url="",
        created_at=None,
        fetched_at=None,
        fetched_by="",
        clients=0,
        changed_at=None,
        entries=0,
        is_behind=False,
        zone=person.zone,
        looked_at=at,
    )


def _stays(at: datetime) -> sa.ColumnElement[bool]:
    return sa.or_(CalendarEntry.gone_at.is_(None), CalendarEntry.gone_at > at)
