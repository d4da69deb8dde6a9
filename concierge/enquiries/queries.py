"""Questions about stock, enquiries and holds, and the answer to "when?" put together from all that is known."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import joinedload, selectinload
from sqlalchemy.orm.interfaces import ORMOption

from concierge.accounts import clocks
from concierge.accounts.models import Account, Site
from concierge.catalogue import queries as catalogue
from concierge.catalogue.models import Product
from concierge.catalogue.states import DaysOf, ProductKind
from concierge.core import forecast, promise
from concierge.core.dispatch import Rule, Taken
from concierge.core.hours import Hours, Place
from concierge.core.promise import Answer, Goods, Percent, Supply, Team
from concierge.core.spans import Span
from concierge.core.travel import Spot
from concierge.core.worktime import WorkCalendar, add_workdays
from concierge.enquiries.models import (
    Enquiry,
    EnquiryLine,
    HeldUnit,
    StockHold,
    StockReservation,
    StockUnit,
    SupplyTime,
)
from concierge.enquiries.plan import Asked, Laid, Where, laid_jobs
from concierge.enquiries.states import EnquiryState, Pace, StockState
from concierge.identity.models import User
from concierge.identity.permissions import Permission
from concierge.identity.viewer import Viewer
from concierge.orders.models import Order
from concierge.platform import clock
from concierge.platform.database import db
from concierge.platform.errors import NotFound
from concierge.projects import calendars
from concierge.projects.models import Project
from concierge.projects.queries import chances
from concierge.projects.scope import visible_to
from concierge.visits import feasibility
from concierge.workforce import calendars as working
from concierge.workforce import queries as workforce
from concierge.workforce.models import TimeHold

PAGE = 50
OFFICE_HOURS = (Hours(8 * 60, 17 * 60),)
"""When we are let in at a place of which nothing is known but where it is."""


# ------------------------------------------------------------ stock


@dataclass(frozen=True, slots=True)
class Kept:
    """For whom a unit is kept now, and until when (None: for good)."""

    until_at: datetime | None
    enquiry: str = ""
    """Code of the enquiry whose hold it is; empty: of no hold."""
    order_id: int | None = None
    order: str = ""
    project: str = ""


@dataclass(frozen=True, slots=True)
class Shelf:
    """A unit of stock as the list shows it."""

    unit: StockUnit
    kept: Kept | None
    is_late: bool
    """Whether it was announced for a day that is over."""


@dataclass(frozen=True, slots=True)
class StockFilter:
    """What of the stock is listed; empty values leave nothing out."""

    text: str = ""
    product_id: int = 0
    kept: str = ""
    """``free`` or ``kept``."""
    page: int = 1


@dataclass(frozen=True, slots=True)
class StockListed:
    """A page of the stock."""

    rows: Sequence[Shelf]
    total: int
    page: int
    last: int


def stock_listed(viewer: Viewer, wanted: StockFilter, *, at: datetime) -> StockListed:
    """List the stock that is not gone, by product and the day from which it can leave."""
    if not viewer.may(Permission.ASK_WHEN):
        return StockListed((), 0, 1, 1)
    question = sa.select(StockUnit).join(StockUnit.product).where(StockUnit.state != StockState.GONE)
    if wanted.product_id:
        question = question.where(StockUnit.product_id == wanted.product_id)
    for word in wanted.text.casefold().split()[:6]:
        columns = (StockUnit.serial, StockUnit.place, Product.name)
        question = question.where(sa.or_(*(each.icontains(word, autoescape=True) for each in columns)))
    if wanted.kept in {"free", "kept"}:
        there = sa.exists().where(StockReservation.unit_id == StockUnit.id, _counts(at))
        question = question.where(there if wanted.kept == "kept" else ~there)
    total = db.session.scalar(sa.select(sa.func.count()).select_from(question.subquery())) or 0
    last = max(1, -(-total // PAGE))
    page = min(max(1, wanted.page), last)
    units = db.session.scalars(
        question.options(joinedload(StockUnit.product))
        .order_by(Product.name, StockUnit.available_on, StockUnit.id)
        .limit(PAGE)
        .offset((page - 1) * PAGE)
    ).all()
    kept = kept_now([unit.id for unit in units], at=at)
    today = clock.day_at(at, viewer.zone)
    return StockListed(
        [
            Shelf(
                unit,
                kept.get(unit.id),
                unit.state is StockState.EXPECTED and unit.available_on < today,
            )
            for unit in units
        ],
        total,
        page,
        last,
    )


def kept_now(unit_ids: Collection[int], *, at: datetime) -> Mapping[int, Kept]:
    """For whom units are kept at an instant, by unit; holds that are over keep nothing."""
    if not unit_ids:
        return {}
    rows = db.session.scalars(
        sa.select(StockReservation)
        .where(StockReservation.unit_id.in_(unit_ids), _counts(at))
        .options(
            joinedload(StockReservation.held_unit).joinedload(HeldUnit.hold).joinedload(StockHold.enquiry),
            joinedload(StockReservation.order),
            joinedload(StockReservation.project),
        )
    )
    return {
        row.unit_id: Kept(
            row.until_at,
            row.held_unit.hold.enquiry.code if row.held_unit else "",
            row.order_id,
            row.order.number if row.order else "",
            row.project.key if row.project else "",
        )
        for row in rows
    }


def _counts(at: datetime) -> sa.ColumnElement[bool]:
    return sa.and_(
        StockReservation.from_at <= at,
        sa.or_(StockReservation.until_at.is_(None), StockReservation.until_at > at),
    )


def stock_unit(viewer: Viewer, unit_id: int) -> StockUnit:
    """Find one unit of stock with its product.

    :raises NotFound: when there is none, or the viewer may not see it.
    """
    question = sa.select(StockUnit).where(StockUnit.id == unit_id).options(joinedload(StockUnit.product))
    found = db.session.scalar(question) if viewer.may(Permission.ASK_WHEN) else None
    if found is None:
        raise NotFound
    return found


def stock_unit_for_change(unit_id: int) -> StockUnit:
    """Find one unit of stock, locked until the end of the unit of work.

    :raises NotFound: when there is none.
    """
    found = db.session.scalar(
        sa.select(StockUnit)
        .where(StockUnit.id == unit_id)
        .with_for_update(of=StockUnit)
        .options(joinedload(StockUnit.product))
        .execution_options(populate_existing=True)
    )
    if found is None:
        raise NotFound
    return found


def order_or_project(viewer: Viewer, text: str) -> tuple[Order | None, Project | None]:
    """The order of a number, or else the project of a key, as somebody typed it."""
    name = text.strip()
    if viewer.may(Permission.SEE_ORDERS):
        order = db.session.scalars(
            sa.select(Order).where(Order.number == name).order_by(Order.id.desc()).limit(1)
        ).first()
        if order is not None:
            return order, None
    question = sa.select(Project).where(sa.func.upper(Project.key) == name.upper())
    return None, db.session.scalars(visible_to(viewer, question)).first()


def supply_times() -> Mapping[int, SupplyTime]:
    """How long the factory takes for one more unit, by product id."""
    rows = db.session.scalars(sa.select(SupplyTime).options(joinedload(SupplyTime.product)))
    return {row.product_id: row for row in rows}


def instruments() -> Sequence[Product]:
    """What stock is kept of, by name."""
    return [one for one in catalogue.products_for_choice() if one.kind is ProductKind.INSTRUMENT]


def built_in_options() -> Sequence[Product]:
    """What can be built into units, by name."""
    return [one for one in catalogue.products_for_choice() if one.kind is ProductKind.OPTION]


def extras() -> Sequence[Product]:
    """What can be sold with a unit: options, qualifications, trainings."""
    kinds = (ProductKind.OPTION, ProductKind.QUALIFICATION, ProductKind.TRAINING)
    return sorted(
        (one for one in catalogue.products_for_choice() if one.kind in kinds),
        key=lambda one: (kinds.index(one.kind), one.name, one.id),
    )


# ------------------------------------------------------------ enquiries


@dataclass(frozen=True, slots=True)
class EnquiryListed:
    """An enquiry as the list shows it."""

    enquiry: Enquiry
    units: int
    hold: StockHold | None
    """The one that counts, or the last one that ran out."""
    is_held: bool


@dataclass(frozen=True, slots=True)
class EnquiryPage:
    """A page of enquiries."""

    rows: Sequence[EnquiryListed]
    total: int
    page: int
    last: int


def enquiries_listed(
    viewer: Viewer, *, at: datetime, text: str = "", state: str = "open", page: int = 1
) -> EnquiryPage:
    """List enquiries, the latest first.

    :param state: ``open``, ``ordered``, ``closed``, ``held`` or ``all``.
    """
    if not viewer.may(Permission.ASK_WHEN):
        return EnquiryPage((), 0, 1, 1)
    question = sa.select(Enquiry)
    states = {one.value: one for one in EnquiryState}
    if state == "held":
        question = question.where(
            sa.exists().where(
                StockHold.enquiry_id == Enquiry.id, StockHold.ended_at.is_(None), StockHold.expires_at > at
            )
        )
    elif state in states:
        question = question.where(Enquiry.state == states[state])
    for word in text.casefold().split()[:6]:
        columns = (Enquiry.code, Enquiry.customer, Enquiry.reference)
        question = question.where(sa.or_(*(each.icontains(word, autoescape=True) for each in columns)))
    total = db.session.scalar(sa.select(sa.func.count()).select_from(question.subquery())) or 0
    last = max(1, -(-total // PAGE))
    page = min(max(1, page), last)
    rows = db.session.scalars(
        question.options(
            joinedload(Enquiry.asked_by),
            selectinload(Enquiry.lines).options(
                joinedload(EnquiryLine.product), joinedload(EnquiryLine.site)
            ),
            selectinload(Enquiry.holds),
        )
        .order_by(Enquiry.id.desc())
        .limit(PAGE)
        .offset((page - 1) * PAGE)
    ).all()
    return EnquiryPage(
        [
            EnquiryListed(
                one, sum(line.quantity for line in one.lines), last_hold(one), holds_now(last_hold(one), at)
            )
            for one in rows
        ],
        total,
        page,
        last,
    )


def last_hold(enquiry: Enquiry) -> StockHold | None:
    """The hold that was made last, whether or not it counts. Holds have to be loaded."""
    return enquiry.holds[-1] if enquiry.holds else None


def holds_now(hold: StockHold | None, at: datetime) -> bool:
    """Say whether a hold keeps anything at an instant."""
    return hold is not None and hold.ended_at is None and hold.expires_at > at


def enquiry_by_code(viewer: Viewer, code: str) -> Enquiry:
    """Find one enquiry, whole.

    :raises NotFound: when there is none, or the viewer may not see it.
    """
    question = sa.select(Enquiry).where(Enquiry.code == code).options(*_whole())
    found = db.session.scalar(question) if viewer.may(Permission.ASK_WHEN) else None
    if found is None:
        raise NotFound
    return found


def enquiry_whole(enquiry_id: int) -> Enquiry:
    """One enquiry, whole, whoever asks."""
    return db.session.scalars(sa.select(Enquiry).where(Enquiry.id == enquiry_id).options(*_whole())).one()


def enquiry_for_change(enquiry_id: int) -> Enquiry:
    """Find one enquiry, whole and locked until the end of the unit of work.

    :raises NotFound: when there is none.
    """
    found = db.session.scalar(
        sa.select(Enquiry)
        .where(Enquiry.id == enquiry_id)
        .with_for_update(of=Enquiry)
        .options(*_whole())
        .execution_options(populate_existing=True)
    )
    if found is None:
        raise NotFound
    return found


def _whole() -> tuple[ORMOption, ...]:
    units = selectinload(Enquiry.holds).selectinload(StockHold.units)
    return (
        joinedload(Enquiry.account),
        joinedload(Enquiry.asked_by),
        selectinload(Enquiry.lines).options(
            joinedload(EnquiryLine.product),
            joinedload(EnquiryLine.site).joinedload(Site.account),
        ),
        selectinload(Enquiry.holds).options(joinedload(StockHold.held_by)),
        units.selectinload(HeldUnit.reservations).joinedload(StockReservation.unit),
        units.joinedload(HeldUnit.line),
        units.joinedload(HeldUnit.order),
    )


def accounts_for_choice() -> Sequence[Account]:
    """Every customer with their sites, by name."""
    return db.session.scalars(
        sa.select(Account).options(selectinload(Account.sites)).order_by(Account.name, Account.id)
    ).all()


def times_held(holders: Collection[str]) -> Mapping[str, Sequence[TimeHold]]:
    """The times of people that are kept, by what for, in order."""
    found: dict[str, list[TimeHold]] = {}
    rows = db.session.scalars(
        sa.select(TimeHold)
        .where(TimeHold.holder.in_(list(holders)))
        .order_by(TimeHold.from_at, TimeHold.user_id, TimeHold.id)
    )
    for row in rows:
        found.setdefault(row.holder, []).append(row)
    return found


def names_of(user_ids: Collection[int]) -> Mapping[int, str]:
    """What people are called, by user id."""
    rows = db.session.execute(sa.select(User.id, User.name).where(User.id.in_(list(user_ids))))
    return {row[0]: row[1] for row in rows}


def stock_names(unit_ids: Collection[int]) -> Mapping[int, tuple[str, str]]:
    """Serial number and place of units of stock, by id."""
    rows = db.session.execute(
        sa.select(StockUnit.id, StockUnit.serial, StockUnit.place).where(StockUnit.id.in_(list(unit_ids)))
    )
    return {unit_id: (serial, place) for unit_id, serial, place in rows}


def zone_of(line: EnquiryLine) -> str:
    """By whose clock a line's days are told; its site is loaded."""
    return line.site.zone if line.site is not None else clocks.zone_of(line.country, line.subdivision)


def reserved_for_orders(order_ids: Collection[int]) -> Mapping[int, Sequence[StockUnit]]:
    """The units of stock that are kept for orders for good, by order; products are loaded."""
    found: dict[int, list[StockUnit]] = {}
    rows = db.session.scalars(
        sa.select(StockReservation)
        .where(StockReservation.order_id.in_(list(order_ids)), StockReservation.until_at.is_(None))
        .options(joinedload(StockReservation.unit).joinedload(StockUnit.product))
        .order_by(StockReservation.id)
    )
    for row in rows:
        if row.order_id is not None and row.unit.state is not StockState.GONE:
            found.setdefault(row.order_id, []).append(row.unit)
    return found


# ------------------------------------------------------------ the answer


@dataclass(frozen=True, slots=True)
class Chance:
    """What usually becomes of such a plan: all None without past cases to draw from."""

    percent: int | None = None
    p50: date | None = None
    p80: date | None = None
    cases: int = 0
    """Of the step with the fewest."""


@dataclass(frozen=True, slots=True)
class Promise:
    """What can be promised for one job, with its chance."""

    laid: Laid
    answer: Answer
    chance: Chance = Chance()  # never changed


@dataclass(frozen=True, slots=True)
class Reply:
    """The whole answer to an enquiry.

    `unplanned` are lines whose playbook is not published. `order_by` is the day by which it has to be ordered.
    """

    promises: tuple[Promise, ...]
    unplanned: tuple[Asked, ...]
    order_by: date
    people: Mapping[str, str]
    """Names by user id, as text."""
    pace: Pace

    @property
    def is_whole(self) -> bool:
        """Say whether there is an answer for every unit."""
        return not self.unplanned and all(one.answer.plan is not None for one in self.promises)

    @property
    def ends_on(self) -> date | None:
        """The day on which the last unit is handed over; None as long as one has no answer."""
        days = [one.answer.handover_on for one in self.promises]
        return max((day for day in days if day), default=None) if self.is_whole else None

    @property
    def fingerprint(self) -> str:
        """All days of it in one line: what somebody had before their eyes."""
        return ";".join(
            f"{one.laid.job.key}:{one.answer.window.from_at if one.answer.window else '-'}"
            for one in self.promises
        )


@dataclass(frozen=True, slots=True)
class Material:
    """All that answers are made of, read once."""

    lines: tuple[Asked, ...]
    supply: Supply
    team: Team
    now: datetime
    today: date
    order_by: date


def expiry(at: datetime, *, workdays: int) -> tuple[datetime, date]:
    """When a hold that is made now ends, and the last day on which it counts: so many working days of ours later."""
    home = calendars.home_region()
    zone = ZoneInfo(clocks.zone_of(*home)) if home else UTC
    days = working.joined(
        working.place_calendar(*home) if home else calendars.MONDAY_TO_FRIDAY,
        working.closed_calendar(working.COMPANY, calendars.company_closures()),
    )
    last_on = add_workdays(days, at.astimezone(zone).date(), workdays)
    return datetime.combine(last_on + timedelta(days=1), time(), zone).astimezone(UTC), last_on


def material(enquiry: Enquiry, *, at: datetime, hold_workdays: int) -> Material:
    """Read all that an enquiry's answer is made of; the enquiry is loaded whole."""
    lines = tuple(_asked(enquiry.lines))
    versions = {one.version.id: one.version for one in lines if one.version is not None}
    skills = {
        visit.skill
        for version in versions.values()
        for milestone in version.milestones
        for visit in milestone.visits
        if visit.technicians > 0
    }
    return Material(
        lines,
        _supply({line.product_id for line in enquiry.lines}, at=at),
        _team(skills, at=at),
        at,
        at.date(),
        expiry(at, workdays=hold_workdays)[1],
    )


def replied(
    known: Material,
    *,
    pace: Pace,
    supply: Supply | None = None,
    with_people: bool = True,
    with_chances: bool = True,
) -> Reply:
    """Answer an enquiry.

    :param supply: in place of what there is: to see what would bring it earlier.
    :param with_people: whether anybody has to go.
    """
    jobs = laid_jobs(known.lines, pace=pace, start_on=known.order_by)
    asked = [one.job if with_people else replace(one.job, calls=()) for one in jobs]
    answers = promise.answer(asked, supply or known.supply, known.team, today=known.today, now=known.now)
    history = chances.history() if with_chances and any(one.plan for one in answers) else None
    return Reply(
        tuple(
            Promise(laid, one, _chance(laid, one, history) if history is not None else Chance())
            for laid, one in zip(jobs, answers, strict=True)
        ),
        tuple(line for line in known.lines if line.version is None),
        known.order_by,
        {person.key: person.name for person in known.team.people},
        pace,
    )


def all_there(known: Material) -> Supply:
    """As if everything that is asked for stood in the warehouse today."""
    return Supply((), {line.product: 0 for line in known.lines})


def _asked(lines: Sequence[EnquiryLine]) -> list[Asked]:
    versions = catalogue.published_versions({line.product_id for line in lines})
    keys = {key for line in lines for key in line.options}
    sold = {
        product.key: product
        for product in db.session.scalars(sa.select(Product).where(Product.key.in_(keys)))
    }
    places = _places(lines)
    found = []
    for line in lines:
        extra = [sold[key] for key in line.options if key in sold]
        found.append(
            Asked(
                line_id=line.id,
                position=line.position,
                product=line.product.key,
                name=line.product.name,
                quantity=line.quantity,
                where=places[line.id],
                version=versions.get(line.product_id),
                kinds=frozenset({ProductKind.INSTRUMENT.value, *(one.kind.value for one in extra)}),
                built_in=frozenset(one.key for one in extra if one.kind is ProductKind.OPTION),
            )
        )
    return found


def _places(lines: Sequence[EnquiryLine]) -> Mapping[int, Where]:
    """Where lines go, by line; of a place that is no site yet its country's days and the usual hours."""
    sites = {line.site.id: line.site for line in lines if line.site is not None}
    hours = calendars.site_places(sites.values())
    common = calendars.Known(closures=calendars.company_closures(), home=calendars.home_region())
    found: dict[int, Where] = {}
    for line in lines:
        if line.site is not None:
            site = line.site
            known = calendars.known_of_site(site.id)
            days = known.of_site(known.sites[site.id])
            found[line.id] = Where(
                key=(site.id, "", "", ""),
                name=site.name,
                place=hours[site.id],
                spot=site.spot,
                country=site.country,
                calendars=_by_name(days),
                zone=site.zone,
                has_holidays=working.has_holidays(site.country),
            )
            continue
        days = common.of_site(calendars.SiteDays((line.country, line.subdivision)))
        zone = clocks.zone_of(line.country, line.subdivision)
        by_name = _by_name(days)
        at_site = by_name["site"]
        found[line.id] = Where(
            key=(None, line.country, line.subdivision, line.city.casefold()),
            name=line.city or line.country,
            place=Place(
                line.city or line.country,
                ZoneInfo(zone),
                {number: OFFICE_HOURS for number in range(7) if number not in at_site.weekend},
                at_site,
            ),
            spot=Spot(line.country, line.city, name=f"{line.country} {line.city}"),
            country=line.country,
            calendars=by_name,
            zone=zone,
            has_holidays=working.has_holidays(line.country),
        )
    return found


def _by_name(days: Mapping[DaysOf, WorkCalendar]) -> Mapping[str, WorkCalendar]:
    return {whose.value: calendar for whose, calendar in days.items()}


def _supply(product_ids: Collection[int], *, at: datetime) -> Supply:
    """What nobody has, and how long the factory takes for more."""
    rows = db.session.execute(
        sa.select(StockUnit, Product.key)
        .join(StockUnit.product)
        .where(
            StockUnit.product_id.in_(list(product_ids)),
            StockUnit.state != StockState.GONE,
            ~sa.exists().where(StockReservation.unit_id == StockUnit.id, _still_counts(at)),
        )
        .order_by(StockUnit.id)
    )
    stock = [
        Goods(
            unit.id, key, unit.available_on, unit.country, unit.export_days, frozenset(map(str, unit.options))
        )
        for unit, key in rows
    ]
    days = {
        row.product.key: row.days for product_id, row in supply_times().items() if product_id in product_ids
    }
    return Supply(stock, days)


def _still_counts(at: datetime) -> sa.ColumnElement[bool]:
    """Reservations that count now or later."""
    return sa.or_(StockReservation.until_at.is_(None), StockReservation.until_at > at)


def _team(skills: Collection[str], *, at: datetime) -> Team:
    """Who may be needed, with all that they have until the horizon: visits, leave, own calendars, held times."""
    ids = sorted({user_id for skill in skills for user_id in workforce.holders(skill, on=at.date())})
    if not ids:
        return Team()
    until = at + promise.HORIZON + timedelta(days=30)
    people = feasibility.people(Span(at, until), user_ids=ids)
    held: dict[str, list[Taken]] = {}
    for user_id, from_at, to_at, words in db.session.execute(
        sa.select(TimeHold.user_id, TimeHold.from_at, TimeHold.to_at, TimeHold.words).where(
            TimeHold.user_id.in_(ids), TimeHold.held_until > at, TimeHold.to_at > at
        )
    ):
        held.setdefault(str(user_id), []).append(Taken(Span(from_at, to_at), Rule.VISIT, words, key="held"))
    percents = workforce.capacities(ids, first_on=at.date(), last_on=until.date())
    return Team(
        [
            replace(
                person,
                taken=tuple(
                    sorted((*person.taken, *held[person.key]), key=lambda one: (one.span.from_at, one.key))
                ),
            )
            if person.key in held
            else person
            for person in people
        ],
        {
            str(user_id): tuple(Percent(one.first_on, one.last_on, one.percent) for one in each)
            for user_id, each in percents.items()
        },
    )


def _chance(laid: Laid, found: Answer, history: forecast.History) -> Chance:
    """How likely the handover holds, by what became of like milestones; nothing without cases."""
    if found.plan is None or found.handover_on is None:
        return Chance()
    samples = {
        step.key: history.sample(laid.likenesses[step.key], is_moment=step.workdays == 0)
        for step in found.steps
    }
    learnt = [one for one in samples.values() if one.values]
    if not learnt:
        return Chance()
    told = forecast.forecast(
        forecast.Outlook(
            steps=found.steps,
            calendars=laid.job.calendars,
            start_on=laid.job.start_on,
            today=laid.job.start_on,
            end=found.ends_with,
            samples=samples,
            promised_on=found.handover_on,
        )
    )
    days = told.steps[found.ends_with]
    return Chance(told.chance_percent, days.p50, days.p80, min(one.count for one in learnt))
