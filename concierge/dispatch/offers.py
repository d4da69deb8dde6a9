"""Times that customers may choose from: which are free, which still are, and the offers that stand.

Free times come from `visits/feasibility.py` alone; here stands only what an offer asks besides: its days, how many
working days ahead, and the pause around it.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import joinedload, selectinload

from concierge.accounts.models import Contact, Site
from concierge.catalogue.states import VisitKind
from concierge.core.dispatch import Rule
from concierge.core.spans import Span
from concierge.core.travel import way
from concierge.core.worktime import DAY, add_workdays
from concierge.dispatch.models import SlotChoice, SlotOffer
from concierge.dispatch.states import OfferState
from concierge.identity.viewer import Viewer
from concierge.platform import clock
from concierge.platform.database import db
from concierge.platform.errors import NotFound
from concierge.projects import calendars
from concierge.projects.models import Project
from concierge.projects.scope import visible_to
from concierge.visits import feasibility
from concierge.visits.feasibility import Conflict, Wanted
from concierge.visits.models import Visit, VisitAttendee, WorkOrder
from concierge.visits.states import VisitState
from concierge.workforce import queries as workforce

LOOKED_AT = 4
"""So many times it is looked for more, when a pause or the company's own rules leave too few."""
BESIDE = frozenset({Rule.VISIT, Rule.OWN_CALENDAR, Rule.TRAVEL})
"""What must not lie in the pause around a visit."""
TO_BOOK = frozenset({VisitState.DRAFT, VisitState.TENTATIVE, VisitState.CONFIRMED, VisitState.ACCEPTED})
"""A visit in these states can get the time that a customer chooses."""


@dataclass(frozen=True, slots=True)
class Time:
    """From when to when, and who of ours would go, by user id."""

    starts_at: datetime
    ends_at: datetime
    user_ids: tuple[int, ...]

    @property
    def span(self) -> Span[datetime]:
        """From when to when."""
        return Span(self.starts_at, self.ends_at)


@dataclass(frozen=True, slots=True)
class Terms:
    """What is to be done where, and under which rules a time for it may be chosen."""

    site: Site
    kind: VisitKind
    minutes: int
    first_on: date
    last_on: date
    """The days at the site, both included."""
    skill: str = ""
    level: int = 1
    crew: int = 1
    project_id: int | None = None
    milestone_id: int | None = None
    contact_ids: tuple[int, ...] = ()
    """Who of the customer has to be there."""
    user_ids: tuple[int, ...] = ()
    """Only these of ours; empty: everybody who can."""
    notice_days: int = 0
    """How many working days of the site ahead it has to be."""
    buffer_minutes: int = 0
    """So long before and after it those who go have nothing else."""
    visit_id: int | None = None
    """The visit that gets the time; it is not in its own way."""

    def wanted(self, one: Time, *, wider: int = 0) -> Wanted:
        """The presence that a time would be, with a pause of so many minutes around it."""
        pause = timedelta(minutes=wider)
        return Wanted(
            site=self.site,
            stay=Span(one.starts_at - pause, one.ends_at + pause),
            user_ids=one.user_ids,
            kind=self.kind,
            skill=self.skill,
            level=self.level,
            crew=self.crew,
            project_id=self.project_id,
            milestone_id=self.milestone_id,
            contact_ids=self.contact_ids,
            visit_id=self.visit_id,
        )


def terms_of(offer: SlotOffer) -> Terms:
    """What an offer asks for; its work with site, and its visit with attendees, are loaded. Who chooses is there."""
    work, visit = offer.work_order, visit_that_goes(offer)
    there = {one.contact_id for one in visit.attendees} if visit is not None else set()
    return Terms(
        site=work.site,
        kind=visit.kind if visit else work.kind,
        minutes=offer.minutes,
        first_on=offer.first_on,
        last_on=offer.last_on,
        skill=visit.skill if visit else work.skill,
        level=visit.level if visit else work.level,
        crew=max(1, visit.crew if visit else work.crew),
        project_id=offer.project_id,
        milestone_id=visit.milestone_id if visit else work.milestone_id,
        contact_ids=tuple(sorted(there | {offer.contact_id})),
        user_ids=tuple(map(int, offer.user_ids)),
        notice_days=offer.notice_days,
        buffer_minutes=offer.buffer_minutes,
        visit_id=visit.id if visit else None,
    )


def visit_that_goes(offer: SlotOffer) -> Visit | None:
    """The visit that gets the time, as long as it can; `None`: a new one is planned."""
    visit = offer.visit
    return visit if visit is not None and visit.state in TO_BOOK else None


def earliest(terms: Terms, *, at: datetime) -> datetime:
    """From which instant on a time may be chosen, by the notice alone."""
    return earliest_at(terms.site, terms.notice_days, at=at)


def earliest_at(site: Site, notice_days: int, *, at: datetime) -> datetime:
    """The instant so many working days of a site ahead: the beginning of that day; without any, right now."""
    if not notice_days:
        return at
    today = clock.day_at(at, site.zone)
    try:
        day = add_workdays(calendars.site_calendars([site.id])[site.id], today, notice_days)
    except ValueError:  # a site that never opens again
        return datetime.max.replace(tzinfo=UTC)
    return max(at, _midnight(day, site.zone))


def free_times(
    terms: Terms, *, at: datetime, most: int, per_day: int = 2, since: date | None = None
) -> tuple[Time, ...]:
    """List the first times that may be chosen, with the people who would go best; all rules hold.

    :param since: the first day that is looked at; `None`: as the terms say.
    """
    begins = max(
        earliest(terms, at=at), _midnight(max(terms.first_on, since or terms.first_on), terms.site.zone)
    )
    ends = _midnight(terms.last_on + DAY, terms.site.zone)
    if terms.milestone_id is not None:
        for day, _name in feasibility.waiting([terms.milestone_id]).values():
            begins = max(begins, _midnight(day, terms.site.zone))
    found: list[Time] = []
    for _again in range(LOOKED_AT):
        if begins >= ends or len(found) >= most:
            break
        times = _free(terms, Span(begins, ends), most=most, per_day=per_day)
        found += [one for one, against in zip(times, judged(terms, times), strict=True) if not against]
        if len(times) < most:
            break
        begins = _midnight(clock.day_at(times[-1].starts_at, terms.site.zone) + DAY, terms.site.zone)
    return tuple(found[:most])


def time_between(terms: Terms, starts_at: datetime, ends_at: datetime, *, at: datetime) -> Time | None:
    """Who would go best at one time, all rules kept; `None` when it may not be chosen, or nobody can."""
    first, last = (clock.day_at(each, terms.site.zone) for each in (starts_at, ends_at))
    if not (terms.first_on <= first and last <= terms.last_on) or starts_at >= ends_at:
        return None
    if (last - first).days > feasibility.LONGEST_VISIT.days:
        return None
    inside = replace(terms, first_on=first, last_on=last)
    begins = max(earliest(terms, at=at), starts_at)
    if begins > starts_at:
        return None
    times = _free(terms, Span(starts_at, ends_at), most=1, per_day=1)
    exact = [one for one in times if (one.starts_at, one.ends_at) == (starts_at, ends_at)]
    return exact[0] if exact and not judged(inside, exact)[0] else None


def judged(terms: Terms, times: Sequence[Time]) -> tuple[tuple[Conflict, ...], ...]:
    """Say of each time which rules stand against it, the pause around it included; who chooses has no reasons."""
    found = list(feasibility.judged([terms.wanted(one) for one in times]))
    if not terms.buffer_minutes:
        return tuple(found)
    wider = feasibility.judged([terms.wanted(one, wider=terms.buffer_minutes) for one in times])
    return tuple(
        against or tuple(one for one in around if one.user_id is not None and one.rule in BESIDE)
        for against, around in zip(found, wider, strict=True)
    )


def still_free(offer: SlotOffer, choices: Sequence[SlotChoice], *, at: datetime) -> tuple[bool, ...]:
    """Say of times of an offer whether each may still be chosen; what is held for them is not in their way."""
    terms = terms_of(offer)
    begins = earliest(terms, at=at)
    with workforce.without_holds_of(offer.holder):
        against = judged(terms, [time_of(one) for one in choices])
    return tuple(one.starts_at >= begins and not each for one, each in zip(choices, against, strict=True))


def others(offer: SlotOffer, *, at: datetime, most: int = 6, since: date | None = None) -> tuple[Time, ...]:
    """List times that are free besides those that one of ours picked."""
    known = {one.starts_at for one in offer.choices if one.is_ours}
    if offer.visit is not None and offer.state is OfferState.BOOKED:
        known.add(offer.visit.starts_at)
    with workforce.without_holds_of(offer.holder):
        found = free_times(terms_of(offer), at=at, most=most + len(known), since=since)
    return tuple(one for one in found if one.starts_at not in known)[:most]


def time_of(choice: SlotChoice) -> Time:
    """The time of a choice, and who would go."""
    return Time(choice.starts_at, choice.ends_at, tuple(sorted(map(int, choice.user_ids))))


def kept_free(terms: Terms, times: Collection[Time]) -> dict[int, list[Span[datetime]]]:
    """For how long people are held for times, the ways from home and back included, by user id."""
    known = workforce.sendable({user_id for one in times for user_id in one.user_ids})
    found: dict[int, list[Span[datetime]]] = {}
    for one in sorted(times, key=lambda each: each.starts_at):
        for user_id in one.user_ids:
            minutes = 0
            if terms.kind is not VisitKind.REMOTE_CALL and user_id in known:
                minutes = way(known[user_id].spot, terms.site.spot).minutes
            there = timedelta(minutes=minutes)
            span = Span(one.starts_at - there, one.ends_at + there)
            mine = found.setdefault(user_id, [])
            if mine and _end(mine[-1]) >= span.from_at:
                mine[-1] = Span(mine[-1].from_at, max(_end(mine[-1]), _end(span)))
            else:
                mine.append(span)
    return found


# ---------------------------------------------------------------- which offers there are


def offer_by_id(offer_id: int, *, project_id: int | None = None) -> SlotOffer:
    """An offer with all that its pages show.

    :param project_id: the project that it has to belong to; None: any.
    :raises NotFound: when there is none.
    """
    return _one(sa.select(SlotOffer).where(SlotOffer.id == offer_id), project_id)


def offer_for_change(offer_id: int, *, link_id: int | None = None) -> SlotOffer:
    """An offer with all that acts ask of it, locked until the end of the unit of work.

    :param link_id: the link by which somebody comes; None: one of ours.
    :raises NotFound: when there is none, or it is for somebody else.
    """
    question = sa.select(SlotOffer).where(SlotOffer.id == offer_id)
    if link_id is not None:
        question = question.where(SlotOffer.link_id == link_id)
    found = _locked(question)
    if not found:
        raise NotFound
    (offer,) = found
    db.session.refresh(offer.project, ["state", "held_on"])
    if offer.visit is not None:
        db.session.refresh(offer.visit, ["state", "starts_at", "ends_at", "starts_local", "ends_local"])
    return offer


def offer_for(viewer: Viewer, offer_id: int) -> SlotOffer:
    """An offer that the viewer may see.

    :raises NotFound: when there is none for them.
    """
    question = sa.select(SlotOffer).join(Project, Project.id == SlotOffer.project_id)
    return _one(visible_to(viewer, question.where(SlotOffer.id == offer_id)), None)


def offers_of_work(work_order_id: int) -> Sequence[SlotOffer]:
    """Every offer that was ever made for some work, the latest first."""
    question = sa.select(SlotOffer).where(SlotOffer.work_order_id == work_order_id)
    return db.session.scalars(
        question.options(*_SHOWN).order_by(SlotOffer.offered_at.desc(), SlotOffer.id.desc())
    ).all()


def alive(viewer: Viewer, *, at: datetime) -> Sequence[SlotOffer]:
    """Offers that wait for a customer or for one of ours, those that run out first at the front."""
    question = (
        sa.select(SlotOffer)
        .join(Project, Project.id == SlotOffer.project_id)
        .where(sa.or_(SlotOffer.state == OfferState.OPEN, asks_for_us(at)))
        .options(*_SHOWN)
        .order_by(SlotOffer.expires_at, SlotOffer.id)
        .limit(200)
    )
    return db.session.scalars(visible_to(viewer, question)).all()


def asks_for_us(at: datetime) -> sa.ColumnElement[bool]:
    """What of offers asks for one of ours: nobody chose, none of the times suits, or it was called off."""
    return sa.and_(
        SlotOffer.seen_by_us_at.is_(None),
        sa.or_(
            SlotOffer.state.in_([OfferState.LAPSED, OfferState.CALLED_OFF]),
            sa.and_(
                SlotOffer.state == OfferState.OPEN,
                sa.or_(SlotOffer.expires_at <= at, SlotOffer.wished_at.is_not(None)),
            ),
        ),
    )


def of_link(link_id: int, *, since: datetime) -> Sequence[SlotOffer]:
    """Offers that the holder of a link chooses from, or has chosen from, the latest first."""
    question = (
        sa.select(SlotOffer)
        .where(
            SlotOffer.link_id == link_id,
            sa.or_(SlotOffer.state.in_([OfferState.OPEN, OfferState.BOOKED]), SlotOffer.offered_at > since),
        )
        .options(*_SHOWN)
        .order_by(SlotOffer.offered_at.desc(), SlotOffer.id.desc())
        .limit(20)
    )
    return db.session.scalars(question).all()


def run_out(*, at: datetime) -> Sequence[int]:
    """Offers that nobody chose from in time, by id."""
    return db.session.scalars(
        sa.select(SlotOffer.id)
        .where(SlotOffer.state == OfferState.OPEN, SlotOffer.expires_at <= at)
        .order_by(SlotOffer.id)
    ).all()


def of_work_in(work_order_ids: Collection[int], states: Collection[OfferState]) -> Sequence[SlotOffer]:
    """Offers for some work that are in one of these states, locked, with what acts ask of them."""
    if not work_order_ids:
        return ()
    return _locked(
        sa.select(SlotOffer).where(SlotOffer.work_order_id.in_(work_order_ids), SlotOffer.state.in_(states))
    )


def of_visit(visit_id: int, states: Collection[OfferState]) -> Sequence[SlotOffer]:
    """Offers that are about a visit, or about the work that it does, in one of these states, locked."""
    works = sa.select(Visit.work_order_id).where(Visit.id == visit_id, Visit.work_order_id.is_not(None))
    return _locked(
        sa.select(SlotOffer).where(
            SlotOffer.state.in_(states),
            sa.or_(SlotOffer.visit_id == visit_id, SlotOffer.work_order_id.in_(works)),
        )
    )


def offered_among(visit_ids: Collection[int]) -> set[int]:
    """Those of some visits that, or whose work, anything was ever offered for."""
    is_offered = sa.or_(
        sa.exists().where(SlotOffer.visit_id == Visit.id),
        sa.exists().where(SlotOffer.work_order_id == Visit.work_order_id),
    )
    return set(db.session.scalars(sa.select(Visit.id).where(Visit.id.in_(visit_ids), is_offered)))


def open_of_link(link_id: int) -> Sequence[SlotOffer]:
    """Offers that wait for the holder of a link, locked."""
    return _locked(
        sa.select(SlotOffer).where(SlotOffer.link_id == link_id, SlotOffer.state == OfferState.OPEN)
    )


def people_of(project: Project) -> Sequence[Contact]:
    """Who of the customer's could choose: everybody with a mail address, the project's contact first."""
    return db.session.scalars(
        sa.select(Contact)
        .where(Contact.account_id == project.account_id, Contact.email != "")
        .order_by(Contact.id != (project.contact_id or 0), Contact.name, Contact.id)
    ).all()


def visit_to_book(work: WorkOrder) -> Visit | None:
    """The visit of some work that gets the time: the earliest to come that can; `None`: a new one is planned."""
    question = (
        sa.select(Visit)
        .where(Visit.work_order_id == work.id, Visit.state.in_(TO_BOOK))
        .options(selectinload(Visit.attendees), selectinload(Visit.crew_members), joinedload(Visit.site))
        .order_by(Visit.starts_at, Visit.id)
        .limit(1)
    )
    return db.session.scalar(question)


def _one(question: sa.Select[SlotOffer], project_id: int | None) -> SlotOffer:
    if project_id is not None:
        question = question.where(SlotOffer.project_id == project_id)
    found = db.session.scalar(question.options(*_WHOLE))
    if found is None:
        raise NotFound
    return found


def _locked(question: sa.Select[SlotOffer]) -> Sequence[SlotOffer]:
    """Offers as they are now, locked, with what acts ask of them.

    Only they are read anew: this stands in the middle of other acts, which go on with the rows that they loaded.
    """
    ids = [
        one.id
        for one in db.session.scalars(
            question.order_by(SlotOffer.id)
            .with_for_update(of=SlotOffer)
            .execution_options(populate_existing=True)
        )
    ]
    if not ids:
        return ()
    whole = sa.select(SlotOffer).where(SlotOffer.id.in_(ids)).options(*_WHOLE).order_by(SlotOffer.id)
    return db.session.scalars(whole).all()


_SHOWN = (
    joinedload(SlotOffer.project).joinedload(Project.account),
    joinedload(SlotOffer.work_order).joinedload(WorkOrder.site),
    joinedload(SlotOffer.visit),
    joinedload(SlotOffer.contact),
    joinedload(SlotOffer.link),
    joinedload(SlotOffer.offered_by),
    selectinload(SlotOffer.choices),
)
_WHOLE = (
    joinedload(SlotOffer.project).joinedload(Project.account),
    joinedload(SlotOffer.work_order).joinedload(WorkOrder.site),
    joinedload(SlotOffer.work_order).joinedload(WorkOrder.milestone),
    joinedload(SlotOffer.visit).selectinload(Visit.attendees).joinedload(VisitAttendee.contact),
    joinedload(SlotOffer.visit).selectinload(Visit.crew_members),
    joinedload(SlotOffer.visit).joinedload(Visit.site),
    joinedload(SlotOffer.contact),
    joinedload(SlotOffer.link),
    joinedload(SlotOffer.offered_by),
    selectinload(SlotOffer.choices),
)


def _midnight(day: date, zone: str) -> datetime:
    return datetime.combine(day, time(), ZoneInfo(zone)).astimezone(UTC)


def _free(terms: Terms, within: Span[datetime], *, most: int, per_day: int) -> list[Time]:
    """The first times at which enough people can go."""
    slots = feasibility.slots(
        terms.site,
        minutes=terms.minutes,
        within=within,
        skill=terms.skill,
        level=terms.level,
        crew=terms.crew,
        contact_ids=terms.contact_ids,
        is_remote=terms.kind is VisitKind.REMOTE_CALL,
        user_ids=terms.user_ids or None,
        most=most,
        per_day=per_day,
        except_visit_id=terms.visit_id,
    )
    return [Time(one.stay.from_at, _end(one.stay), tuple(sorted(map(int, one.crew)))) for one in slots]


def _end(stay: Span[datetime]) -> datetime:
    return stay.to_at or stay.from_at
