"""What an act would do to one project, seen before it is done – or did, seen afterwards: the same value.

The act itself is done, in a transaction that is taken back, and its rows are compared: so what is shown cannot
differ from what happens. Only a plan that changes in between can make a difference; `fingerprint` tells.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from hashlib import sha256
from json import dumps
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from concierge.accounts.models import Contact
from concierge.catalogue.models import Product
from concierge.catalogue.states import Audience, MilestoneKind, ProductKind
from concierge.core.worktime import workdays_between
from concierge.enquiries.queries import reserved_for_orders
from concierge.identity.models import User
from concierge.orders.models import OrderLine
from concierge.platform.database import db
from concierge.platform.undo import Act, Difference, Values
from concierge.platform.words import called
from concierge.projects import queries
from concierge.projects.actions import forecasting
from concierge.projects.actions.laying_out import calendar_of, calendars_of
from concierge.projects.calendars import Known
from concierge.projects.models import Milestone, Project, Promise
from concierge.projects.states import MilestoneState, ShownOn
from concierge.readiness import queries as checklists
from concierge.readiness.actions.computing import COPIED
from concierge.visits.models import Visit, VisitTechnician, WorkOrder
from concierge.visits.states import VisitState
from concierge.visits.words import to_decide

SHIPPED = (MilestoneKind.SHIP_RELEASED,)
"""Milestones for which something is taken from stock."""
GOODS = (ProductKind.INSTRUMENT, ProductKind.OPTION, ProductKind.SUPPLY)
"""What lies in stock; training and qualification do not."""


ASKED_OF_WORK = frozenset({"skill", "level", "crew", "minutes", "tools", "needs_customer"})
"""Columns of a work order that say what it asks for."""
ASKED = frozenset(COPIED)
"""Columns of an item that say what is asked."""


@dataclass(frozen=True, slots=True)
class Moved:
    """A milestone whose dates differ; one that comes into the plan has none before, one that leaves none after."""

    key: str
    name: Mapping[str, str]
    start_before: date | None
    start_after: date | None
    finish_before: date | None
    finish_after: date | None
    promised_on: date | None
    """What the customer was promised, None when nothing was."""
    misses_promise: bool
    """Whether the new finish is after the promise, and the old one was not."""
    milestone_id: int = field(compare=False)


class Fate(StrEnum):
    """What becomes of a visit."""

    MOVES = "moves"
    WAITS = "waits for a decision"
    IMPOSSIBLE = "cannot be as planned"
    SETTLED = "waits no longer"
    CANCELLED = "is cancelled"
    PLANNED = "is planned"
    REMOVED = "is removed"
    CHANGES = "changes"


@dataclass(frozen=True, slots=True)
class VisitFate:
    """A visit that is touched, with wall times at its site; `why` is what a person would have to decide."""

    uid: str = field(compare=False)
    title: str
    fate: Fate
    starts_before: datetime | None
    starts_after: datetime | None
    ends_after: datetime | None
    is_certain: bool
    """Whether the customer has been told of it: confirmed, or further."""
    why: str
    visit_id: int = field(compare=False)


@dataclass(frozen=True, slots=True)
class WorkFate:
    """A work order that is opened without a visit, ends, or asks for something else; what it asks for, by column."""

    code: str
    """What people call it, such as ``HB-2041-W1``."""
    title: str
    state: str
    """How it stands afterwards: open, done or cancelled."""
    is_new: bool
    is_ended: bool
    """Whether the act ends it, or opens it again."""
    before: Mapping[str, Any]  # Any: values of columns
    after: Mapping[str, Any]  # Any: values of columns


@dataclass(frozen=True, slots=True)
class CalendarChange:
    """What changes in somebody's calendar: an entry's start before and after; None where there is no entry."""

    title: str
    starts_before: datetime | None
    starts_after: datetime | None


@dataclass(frozen=True, slots=True)
class Colleague:
    """Somebody whose calendar changes."""

    name: str
    initials: str
    changes: tuple[CalendarChange, ...]
    user_id: int = field(compare=False)


@dataclass(frozen=True, slots=True)
class Told:
    """A date that the customer was shown and that no longer holds."""

    name: Mapping[str, str]
    told_on: date
    """The finish that they were shown."""
    shown_on: ShownOn | None
    """Where; None: it was promised with the plan."""
    shown_at: datetime | None
    now_on: date | None


@dataclass(frozen=True, slots=True)
class ToTell:
    """The customer's person who has to hear of it."""

    contact: str
    """Empty when nobody is named at the customer's."""
    account: str
    dates: tuple[Told, ...]
    visits: tuple[VisitFate, ...]


@dataclass(frozen=True, slots=True)
class FromStock:
    """Goods that are needed from stock on another day."""

    quantity: Decimal
    name: str
    before: date | None
    after: date | None
    late: tuple[tuple[str, date], ...] = ()
    """Units that are reserved for it and cannot be shipped by then: what they are called, and from when they can."""


@dataclass(frozen=True, slots=True)
class Clash:
    """Something the plan cannot meet: a milestone, what was wanted and what is possible."""

    kind: str
    name: Mapping[str, str]
    wanted_on: date | None
    possible_on: date | None


@dataclass(frozen=True, slots=True)
class PromisedAnew:
    """A milestone that is promised for another day."""

    key: str
    name: Mapping[str, str]
    before: date | None
    after: date | None


@dataclass(frozen=True, slots=True)
class ChecklistChange:
    """Requirements, by language, that come in, are no longer asked, or are asked otherwise."""

    added: tuple[Mapping[str, str], ...]
    removed: tuple[Mapping[str, str], ...]
    changed: tuple[Mapping[str, str], ...]


@dataclass(frozen=True, slots=True)
class Consequences:
    """Everything that an act does to one project."""

    moved: tuple[Moved, ...] = ()
    visits: tuple[VisitFate, ...] = ()
    work: tuple[WorkFate, ...] = ()
    colleagues: tuple[Colleague, ...] = ()
    to_tell: ToTell | None = None
    stock: tuple[FromStock, ...] = ()
    chance_before: int | None = None
    chance_after: int | None = None
    """The chance to keep the promise, 0–100; None where it is not known."""
    clashes: tuple[Clash, ...] = ()
    """What the plan cannot meet afterwards and could before."""
    handover_before: date | None = None
    handover_after: date | None = None
    handover_workdays: int = 0
    """By how many working days of the site handover moves; negative is sooner."""
    promised_handover_on: date | None = None
    promised: tuple[PromisedAnew, ...] = ()
    """Promises that give way to others."""
    checklist: ChecklistChange | None = None
    """What the site is asked otherwise; None: nothing."""
    ends_as: str = ""
    """How the project stands afterwards, where the act itself ends it or lets it live again."""

    @property
    def is_quiet(self) -> bool:
        """Whether nothing else follows: no other milestone, visit or person is touched."""
        touched = [one for one in self.visits if one.fate is not Fate.CHANGES]
        return len(self.moved) < 2 and not (touched or self.colleagues or self.clashes or self.checklist)

    @property
    def fingerprint(self) -> str:
        """The same for the same consequences: what somebody agreed to.

        Without the chance, which is worked out anew by itself, and without where a date was shown.
        """
        plain = asdict(self)
        del plain["chance_before"], plain["chance_after"]
        for row in plain["moved"]:
            del row["milestone_id"]
        for row in plain["visits"]:
            del row["visit_id"], row["uid"]
        if plain["to_tell"]:
            for row in plain["to_tell"]["visits"]:
                del row["visit_id"], row["uid"]
            for row in plain["to_tell"]["dates"]:
                del row["shown_on"], row["shown_at"]
        return sha256(dumps(plain, default=str, sort_keys=True).encode()).hexdigest()[:24]


NOTHING = Consequences()


def of_act(act: Act, *, project_id: int) -> Consequences:
    """What an act did to a project. Inside the unit of work in which it was done, after `undoable` has ended."""
    project = queries.project_for_change(project_id)
    whole = act.of("projects").get(project_id)
    visits = _visits(act, project_id)
    moved = _moved(act, project)
    before, after = _handover(project, whole)
    known = calendars_of(project)
    return Consequences(
        moved=moved,
        visits=visits,
        work=_work(act, project_id),
        colleagues=_colleagues(act, visits),
        to_tell=_to_tell(project, moved, visits),
        stock=_stock(project, moved),
        chance_before=_was(whole, "chance_percent", project.chance_percent),
        chance_after=_chance(project, known, at=act.at),
        clashes=_clashes(project, whole),
        handover_before=before,
        handover_after=after,
        handover_workdays=workdays_between(calendar_of(project, known=known), before, after)
        if before and after
        else 0,
        promised_handover_on=project.promised_handover_on,
        promised=_promised(act, project),
        checklist=_checklist(act, project_id),
        ends_as=project.state.value if _was(whole, "state", project.state) is not project.state else "",
    )


def _checklist(act: Act, project_id: int) -> ChecklistChange | None:
    differences = act.of("readiness_items")
    checklist = checklists.checklist_of(project_id) if differences else None
    if checklist is None:
        return None
    items = {item.id: item for item in checklist.items}
    added, removed, changed = [], [], []
    for one in differences.values():
        item = items.get(one.id)
        if item is None:
            if one.before and one.before.get("checklist_id") == checklist.id and one.before["is_asked"]:
                removed.append(one.before["requirement"])
            continue
        was_asked = one.before is not None and one.before.get("is_asked", item.is_asked)
        if item.is_asked and not was_asked:
            added.append(item.requirement)
        elif was_asked and not item.is_asked:
            removed.append(item.requirement)
        elif item.is_asked and one.changed & ASKED:
            changed.append(item.requirement)
    if not (added or removed or changed):
        return None
    return ChecklistChange(tuple(added), tuple(removed), tuple(changed))


def _was(one: Difference | None, column: str, now: Any) -> Any:  # Any: what a column holds
    """What a column held before; what it holds now when it was not touched."""
    return one.before.get(column, now) if one is not None and one.before is not None else now


def _handover(project: Project, whole: Difference | None) -> tuple[date | None, date | None]:
    before: date | None = _was(whole, "forecast_handover_on", project.forecast_handover_on)
    return before, project.forecast_handover_on


def _promised(act: Act, project: Project) -> tuple[PromisedAnew, ...]:
    differences = act.of("milestones")
    return tuple(
        PromisedAnew(one.key, one.name, before, one.promised_on)
        for one in project.milestones
        if one.id in differences
        and (before := _was(differences[one.id], "promised_on", one.promised_on)) != one.promised_on
        and differences[one.id].before is not None
    )


def _chance(project: Project, known: Known, *, at: datetime) -> int | None:
    """The chance to keep the promise as the plan is now; None where nothing was forecast yet."""
    if project.chance_percent is None or project.has_ended:
        return None
    return forecasting.chance(project, at=at, known=known).percent


def _moved(act: Act, project: Project) -> tuple[Moved, ...]:
    differences = act.of("milestones")
    found = [
        _moved_from(milestone, differences[milestone.id])
        for milestone in project.milestones
        if milestone.id in differences
    ]
    gone = [
        _gone(one.before)
        for one in differences.values()
        if one.after is None and one.before and one.before["project_id"] == project.id
    ]
    return tuple(one for one in (*found, *gone) if _has_moved(one))


def _moved_from(milestone: Milestone, one: Difference) -> Moved:
    is_out = milestone.state is MilestoneState.SKIPPED
    was_out = _was(one, "state", milestone.state) is MilestoneState.SKIPPED or one.before is None
    before = [
        None
        if was_out
        else _was(one, actual, getattr(milestone, actual)) or _was(one, planned, getattr(milestone, planned))
        for actual, planned in (("started_on", "forecast_start_on"), ("finished_on", "forecast_on"))
    ]
    start_before: date | None = before[0]
    finish_before: date | None = before[1]
    after = None if is_out else milestone.finish_on
    promised = milestone.promised_on
    return Moved(
        key=milestone.key,
        name=milestone.name,
        start_before=start_before,
        start_after=None if is_out else milestone.start_on,
        finish_before=finish_before,
        finish_after=after,
        promised_on=promised,
        misses_promise=bool(
            promised and after and after > promised and not (finish_before and finish_before > promised)
        ),
        milestone_id=milestone.id,
    )


def _gone(row: Values) -> Moved:
    return Moved(
        key=row["key"],
        name=row["name"],
        start_before=row["started_on"] or row["forecast_start_on"],
        start_after=None,
        finish_before=row["finished_on"] or row["forecast_on"],
        finish_after=None,
        promised_on=row["promised_on"],
        misses_promise=False,
        milestone_id=row["id"],
    )


def _has_moved(one: Moved) -> bool:
    return (one.start_before, one.finish_before) != (one.start_after, one.finish_after)


def _visits(act: Act, project_id: int) -> tuple[VisitFate, ...]:
    differences = act.of("visits")
    if not differences:
        return ()
    rows = db.session.scalars(
        sa.select(Visit)
        .where(Visit.id.in_(differences), Visit.project_id == project_id)
        .order_by(Visit.starts_at, Visit.title, Visit.id)
        .execution_options(populate_existing=True)
    ).all()
    found = [_fate(visit, differences[visit.id]) for visit in rows]
    return tuple(one for one in found if one is not None)


def _work(act: Act, project_id: int) -> tuple[WorkFate, ...]:
    """What becomes of work; what is opened with its visit is told by the visit."""
    differences = act.of("work_orders")
    if not differences:
        return ()
    planned = {
        one.after.get("work_order_id")
        for one in act.of("visits").values()
        if one.before is None and one.after
    }
    rows = db.session.scalars(
        sa.select(WorkOrder)
        .where(WorkOrder.id.in_(differences), WorkOrder.project_id == project_id)
        .order_by(WorkOrder.number)
        .execution_options(populate_existing=True)
    ).all()
    found = []
    for row in rows:
        one = differences[row.id]
        asks = sorted(one.changed & ASKED_OF_WORK) if one.before is not None else []
        is_new, is_ended = one.before is None, one.before is not None and "state" in one.changed
        if (is_new and row.id not in planned) or is_ended or asks:
            found.append(
                WorkFate(
                    code=row.code,
                    title=row.title,
                    state=row.state.value,
                    is_new=is_new,
                    is_ended=is_ended,
                    before={name: (one.before or {}).get(name) for name in asks},
                    after={name: getattr(row, name) for name in asks},
                )
            )
    return tuple(found)


def _fate(visit: Visit, one: Difference) -> VisitFate | None:
    changed = one.changed
    starts_before: datetime | None = _was(one, "starts_local", visit.starts_local)
    asked_before = _was(one, "needs_decision", visit.needs_decision)
    if one.before is None:
        fate, starts_before = Fate.PLANNED, None
    elif visit.state is VisitState.CANCELLED and "state" in changed:
        fate = Fate.CANCELLED
    elif "starts_at" in changed or "ends_at" in changed:
        # The plan takes a visit along even to where nobody can be: then somebody has to decide.
        fate = Fate.IMPOSSIBLE if visit.needs_decision else Fate.MOVES
    elif visit.needs_decision and "needs_decision" in changed:
        fate = Fate.WAITS
    elif asked_before and not visit.needs_decision:
        fate = Fate.SETTLED
    elif changed - {"sequence"}:
        fate = Fate.CHANGES
    else:
        return None
    return VisitFate(
        uid=visit.uid,
        title=called(visit),
        fate=fate,
        starts_before=starts_before,
        starts_after=visit.proposed_local if fate is Fate.WAITS else visit.starts_local,
        ends_after=visit.ends_local,
        is_certain=_was(one, "state", visit.state) not in {VisitState.DRAFT, VisitState.TENTATIVE},
        why=to_decide(visit),
        visit_id=visit.id,
    )


def _colleagues(act: Act, visits: Sequence[VisitFate]) -> tuple[Colleague, ...]:
    """Who finds something else in their calendar: other times, and visits that come or go."""
    touched = {*act.of("visits"), *_visits_of_crews(act)}
    if not touched:
        return ()
    rows = {visit.id: visit for visit in db.session.scalars(sa.select(Visit).where(Visit.id.in_(touched)))}
    members = db.session.scalars(sa.select(VisitTechnician).where(VisitTechnician.visit_id.in_(rows)))
    now = {(member.visit_id, member.user_id) for member in members}
    crews = act.of("visit_technicians")
    came = {_seat(one.after) for one in crews.values() if one.before is None and one.after}
    went = {_seat(one.before) for one in crews.values() if one.after is None and one.before}
    before = (now - came) | went
    changes: dict[int, list[tuple[datetime, CalendarChange]]] = {}
    for visit_id, user_id in sorted(now | before):
        visit, one = rows[visit_id], act.of("visits").get(visit_id)
        was = _entry_before(visit, one) if (visit_id, user_id) in before else None
        is_now = _entry(visit.state, visit.starts_local) if (visit_id, user_id) in now else None
        if was != is_now:
            change = CalendarChange(called(visit), was, is_now)
            changes.setdefault(user_id, []).append((visit.starts_at, change))
    if not changes:
        return ()
    people = db.session.scalars(sa.select(User).where(User.id.in_(changes)).order_by(User.name, User.id))
    return tuple(
        Colleague(
            name=person.name,
            initials=person.initials,
            changes=tuple(change for _at, change in sorted(changes[person.id], key=_by_time)),
            user_id=person.id,
        )
        for person in people
    )


def _by_time(one: tuple[datetime, CalendarChange]) -> tuple[datetime, str]:
    return one[0], one[1].title


def _visits_of_crews(act: Act) -> set[int]:
    return {
        _seat(one.after or one.before or {})[0]
        for one in act.of("visit_technicians").values()
        if "visit_id" in (one.after or one.before or {})
    }


def _seat(row: Values) -> tuple[int, int]:
    return row["visit_id"], row["user_id"]


def _entry(state: VisitState, starts_local: datetime) -> datetime | None:
    """When a calendar shows a visit; a draft and a cancelled one stand in none as something to go to."""
    return None if state in {VisitState.DRAFT, VisitState.CANCELLED} else starts_local


def _entry_before(visit: Visit, one: Difference | None) -> datetime | None:
    if one is not None and one.before is None:
        return None
    state: VisitState = _was(one, "state", visit.state)
    starts_local: datetime = _was(one, "starts_local", visit.starts_local)
    return _entry(state, starts_local)


def _to_tell(project: Project, moved: Sequence[Moved], visits: Sequence[VisitFate]) -> ToTell | None:
    """Dates that the customer was shown and that no longer hold, and visits that they count on."""
    shown = _last_shown(project.id, [one.milestone_id for one in moved])
    audience = {one.id: one.audience for one in project.milestones}
    dates = []
    for one in moved:
        promise = shown.get(one.milestone_id)
        told_on = promise.finish_on if promise else one.promised_on
        is_theirs = audience.get(one.milestone_id) is Audience.CUSTOMER
        if told_on is None or not is_theirs or one.finish_after in {told_on, one.finish_before}:
            continue
        dates.append(
            Told(
                name=one.name,
                told_on=told_on,
                shown_on=promise.shown_on if promise else None,
                shown_at=promise.shown_at if promise else None,
                now_on=one.finish_after,
            )
        )
    coming = tuple(
        one for one in visits if one.is_certain and one.fate in {Fate.MOVES, Fate.IMPOSSIBLE, Fate.CANCELLED}
    )
    if not dates and not coming:
        return None
    contact: Contact | None = project.contact
    return ToTell(contact.name if contact else "", project.account.name, tuple(dates), coming)


def _last_shown(project_id: int, milestone_ids: Sequence[int]) -> dict[int, Promise]:
    """The date of each milestone that the customer was shown last."""
    rows = db.session.scalars(
        sa.select(Promise)
        .where(
            Promise.project_id == project_id,
            Promise.milestone_id.in_(milestone_ids),
            Promise.taken_back_at.is_(None),
        )
        .order_by(Promise.shown_at, Promise.id)
    )
    return {row.milestone_id: row for row in rows if row.milestone_id is not None}


def _stock(project: Project, moved: Iterable[Moved]) -> tuple[FromStock, ...]:
    """The goods of milestones that release them for shipping, when they start on another day."""
    by_id = {one.milestone_id: one for one in moved if one.start_before != one.start_after}
    releases = [one for one in project.milestones if one.kind in SHIPPED and one.id in by_id]
    if not releases:
        return ()
    lines = db.session.scalars(
        sa.select(OrderLine)
        .join(OrderLine.product)
        .where(
            OrderLine.order_id == project.order_id,
            OrderLine.cancelled.is_(False),
            Product.kind.in_(GOODS),
        )
        .options(joinedload(OrderLine.product))
        .order_by(OrderLine.position, OrderLine.id)
    ).all()
    kept = reserved_for_orders([project.order_id]).get(project.order_id, ()) if project.order_id else ()
    found = []
    for release in releases:
        one = by_id[release.id]
        own = [line for line in lines if release.order_line_id in {None, line.id}]
        found += [
            FromStock(
                line.quantity,
                line.product.name if line.product else line.name,
                one.start_before,
                one.start_after,
                tuple(
                    (unit.serial or unit.place or unit.product.name, unit.ready_on(project.site.country))
                    for unit in kept
                    if unit.product_id == line.product_id
                    and one.start_after is not None
                    and unit.ready_on(project.site.country) > one.start_after
                ),
            )
            for line in own
        ]
    return tuple(found)


def _clashes(project: Project, whole: Difference | None) -> tuple[Clash, ...]:
    before = _was(whole, "conflicts", project.conflicts) or []
    new = [one for one in project.conflicts or [] if one not in before]
    return tuple(
        Clash(
            kind=str(one.get("kind") or ""),
            name=one.get("milestone") or {},
            wanted_on=_day(one.get("wanted_on")),
            possible_on=_day(one.get("possible_on")),
        )
        for one in new
    )


def _day(value: object) -> date | None:
    return date.fromisoformat(value) if isinstance(value, str) and value else None
