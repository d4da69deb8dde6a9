"""Taking over projects that are under way elsewhere: first what each row would do, then each row by itself."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from flask_babel import gettext as _
from sqlalchemy.orm import joinedload, selectinload

from concierge.accounts.models import Site
from concierge.catalogue.queries import LineNames, as_alias, candidates_for, products_for
from concierge.catalogue.states import MilestoneKind
from concierge.identity.models import User
from concierge.identity.states import AccessState
from concierge.orders.actions import importing as orders
from concierge.orders.incoming import Address, IncomingLine, IncomingOrder, Party, Person
from concierge.orders.models import Order, OrderLine
from concierge.orders.states import DocumentKind
from concierge.platform import clock
from concierge.platform.database import db
from concierge.platform.errors import Refused
from concierge.platform.events import gathered, record, record_many
from concierge.projects import queries
from concierge.projects.actions import sheet
from concierge.projects.actions.approving import take_baseline, take_baselines
from concierge.projects.actions.gates import held_for, why_held
from concierge.projects.actions.judging import handover_of
from concierge.projects.actions.laying_out import follow, follow_all, today_at
from concierge.projects.actions.milestones import finish_if_done
from concierge.projects.actions.noting import Noted, keep_noted, note_dates
from concierge.projects.actions.sheet import FINISHED, PROMISED, STAGES, SheetRow
from concierge.projects.events import ProjectBroughtUpToDate, ProjectTakenOver
from concierge.projects.models import Milestone, Project
from concierge.projects.reasons import Because, Reason
from concierge.projects.states import DateKind, MilestoneState, ProjectState

CHECK_JOB = "projects.import.check"
IMPORT_JOB = "projects.import.do"
SYSTEM = "import"
"""The system that the orders of taken-over projects are numbered by."""
AT_ONCE = 10
"""Rows that one request imports itself; more become a job with a page of its own."""
CHECKED_AT_ONCE = 300
"""Rows that one request checks itself."""
TOGETHER = 50
"""Rows of one transaction."""
LOOKED_UP = 500
_NAMES = {kind: name for name, kind in STAGES.items()}


class Outcome(StrEnum):
    """What a row does."""

    NEW = "new"
    CHANGED = "changed"
    SAME = "same"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class RowPlan:
    """What one row does, and why; for a refused one, what to do about it."""

    number: int
    external_key: str
    account: str
    outcome: Outcome
    says: tuple[str, ...] = ()
    key: str = ""
    """The project here."""

    def as_json(self) -> dict[str, Any]:
        """As plain values, to keep with a job."""
        return {
            "row": self.number,
            "external_key": self.external_key,
            "account": self.account,
            "outcome": self.outcome.value,
            "says": list(self.says),
            "key": self.key,
        }


def repeated(rows: Iterable[SheetRow]) -> frozenset[int]:
    """The numbers of the rows whose key stands on an earlier row."""
    seen: set[str] = set()
    found = set()
    for row in rows:
        if row.external_key in seen:
            found.add(row.number)
        seen.add(row.external_key)
    return frozenset(found)


def plan_rows(
    rows: Sequence[SheetRow], *, at: datetime, twice: Collection[int] | None = None
) -> tuple[RowPlan, ...]:
    """What each row would do. Changes nothing, and asks a few questions however many rows there are.

    :param twice: the numbers of rows whose key an earlier one has; None: these rows are the whole sheet.
    """
    twice = repeated(rows) if twice is None else twice
    known = _known(row.external_key for row in rows)
    people = _people(row.concierge for row in rows)
    products = _products(name for row in rows for name in row.products)
    plans = []
    for row in rows:
        faults = list(row.faults)
        if row.number in twice:
            faults.append(
                _("The key %(key)s stands on an earlier row already. Keep one.", key=row.external_key)
            )
        faults += _faults(row, people, products, at=at)
        faults += _promises_nobody_makes(row, known.get(row.external_key), at=at)
        plans.append(_plan(row, faults, known.get(row.external_key), people))
    return tuple(plans)


def import_rows(
    rows: Sequence[SheetRow], *, twice: Collection[int], actor_id: int | None, at: datetime
) -> tuple[RowPlan, ...]:
    """Take the projects of some rows over, or bring them up to date; what is known already changes nothing.

    :param twice: the numbers of rows whose key an earlier row of the sheet has.
    :raises Refused: when one of them cannot be done; then nothing of them is to be kept.
    """
    plans = plan_rows(rows, at=at, twice=twice)
    new = [row for row, planned in zip(rows, plans, strict=True) if planned.outcome is Outcome.NEW]
    people = _people(row.concierge for row in rows)
    with gathered() as follow_now:
        orders_of = _take_orders_in(new, actor_id=actor_id, at=at)
        follow_now()  # they are drafts from here on
        projects = _take_over(new, orders_of, people, actor_id=actor_id, at=at)
        for row, planned in zip(rows, plans, strict=True):
            if planned.outcome is Outcome.CHANGED:
                _bring_up_to_date(row, people, actor_id=actor_id, at=at)
    for project in projects:
        finish_if_done(project, actor_id=actor_id, at=at)
    keys = {row.number: project.key for row, project in zip(new, projects, strict=True)}
    return tuple(replace(planned, key=keys.get(planned.number, planned.key)) for planned in plans)


def _plan(row: SheetRow, faults: Sequence[str], known: Project | None, people: Mapping[str, int]) -> RowPlan:
    def planned(outcome: Outcome, says: Iterable[str] = ()) -> RowPlan:
        key = known.key if known else ""
        return RowPlan(row.number, row.external_key, row.account, outcome, tuple(says), key)

    if faults:
        return planned(Outcome.REFUSED, faults)
    if known is None:
        return planned(Outcome.NEW)
    if known.imported_digest == row.digest:
        return planned(Outcome.SAME)
    refusals = [*_other_project(row, known), *_held_up(row, known)]
    if refusals:
        return planned(Outcome.REFUSED, refusals)
    changes = [sheet.change_words(change) for change, _do in _changes(row, known, people)]
    if not changes:
        return planned(Outcome.SAME)
    if known.has_ended:
        says = _("It has ended here, so nothing of it changes. Take the row out of the sheet.")
        return planned(Outcome.REFUSED, [says])
    return planned(Outcome.CHANGED, changes)


def _faults(
    row: SheetRow, people: Mapping[str, int], products: Mapping[str, int | None], *, at: datetime
) -> Iterable[str]:
    """What is wrong with a row in this company, each with what to do."""
    if row.concierge and row.concierge not in people:
        yield _(
            "Nobody here has the address %(email)s. Invite them under People, or leave the cell empty.",
            email=row.concierge,
        )
    for name in row.products:
        if products.get(name) is None:
            yield _unknown_product(name)
    latest = clock.day_at(at, row.zone or "UTC")
    for kind, on in row.finished.items():
        if on > latest:
            yield _(
                "%(column)s lies ahead. What is finished was finished by today; leave it empty, or correct it.",
                column=_NAMES[kind] + FINISHED,
            )


def _promises_nobody_makes(row: SheetRow, known: Project | None, *, at: datetime) -> Iterable[str]:
    """Promises of days on which nothing can be kept any more, each with what to do.

    What was promised elsewhere may have passed, and then the project is late; what is promised from now on may not.
    """
    today = clock.day_at(at, row.zone or "UTC")
    for kind, on in row.promised.items():
        if known is not None and on < today and kind not in row.finished:
            of_kind = [one for one in known.milestones if one.kind is kind and one.finished_on is None]
            if any(one.promised_on != on for one in of_kind if one.state is not MilestoneState.SKIPPED):
                yield _(
                    "%(column)s is another promise than before, for a day that has passed. Write a day that lies"
                    " ahead, or the one that was promised.",
                    column=_NAMES[kind] + PROMISED,
                )


def _unknown_product(name: str) -> str:
    words = set(as_alias(name).split())
    near = next(
        (
            one
            for one in candidates_for(name, limit=1)
            if words & set(as_alias(f"{one.maker} {one.name}").split())
        ),
        None,
    )
    if near is not None:
        return _(
            "Nothing in the catalogue is called “%(name)s”. Is it “%(near)s”?", name=name, near=near.name
        )
    return _(
        "Nothing in the catalogue is called “%(name)s”. Write it as your orders call it, or enter it first.",
        name=name,
    )


def _other_project(row: SheetRow, known: Project) -> list[str]:
    """Why a row cannot be about the project that has its key."""
    says = []
    if as_alias(row.account) != as_alias(known.account.name):
        says.append(
            _(
                "%(key)s belongs to %(account)s here, and a project does not change its customer. Correct the row.",
                key=known.key,
                account=known.account.name,
            )
        )
    names = sorted(as_alias(line.name) for line in known.order.lines if not line.cancelled)
    if sorted(map(as_alias, row.products)) != names:
        says.append(
            _("What is sold is changed with the order, not with this sheet. Write the products as before.")
        )
    return says


def _held_up(row: SheetRow, known: Project) -> list[str]:
    """What a row says is finished although the site's gate is held here; another system opens no gate."""
    by_id = {one.id: one for one in known.milestones}
    found = []
    for milestone_id in _finished_days(known, row):
        milestone = by_id[milestone_id]
        gate = held_for(known.gates, milestone.kind)
        if gate is not None and milestone.state is not MilestoneState.DONE:
            found.append(why_held(gate, milestone))
    return found


Change = tuple[dict[str, str], Any]  # Any: a function that makes it


def _changes(row: SheetRow, known: Project, people: Mapping[str, int]) -> Iterable[Change]:
    """What a row says that the project does not, each with what makes it so; `sheet.change_words` tells it."""
    if row.concierge and people[row.concierge] != known.concierge_id:
        concierge_id = people[row.concierge]
        yield {"what": "concierge"}, lambda project: setattr(project, "concierge_id", concierge_id)
    if row.required and row.required != known.required_on:
        yield (
            {"what": "required", "on": row.required.isoformat()},
            lambda project: setattr(project, "required_on", row.required),
        )
    for kind in _NAMES:
        of_kind = [
            one for one in known.milestones if one.kind is kind and one.state is not MilestoneState.SKIPPED
        ]
        finished, promised = row.finished.get(kind), row.promised.get(kind)
        if finished and any(one.finished_on != finished for one in of_kind):
            yield {"what": "finished", "stage": _NAMES[kind], "on": finished.isoformat()}, None
        if promised and any(one.promised_on != promised for one in of_kind):
            yield {"what": "promised", "stage": _NAMES[kind], "on": promised.isoformat()}, None


def _take_orders_in(rows: Sequence[SheetRow], *, actor_id: int | None, at: datetime) -> list[int]:
    """Take in the order of each row; sites that are new here go by the row's clock. The orders' numbers."""
    found = []
    for row in rows:
        last_site = db.session.scalar(sa.select(sa.func.max(Site.id))) or 0
        done = orders.import_orders(
            (_order(row),), _("Import of running projects"), row.digest, file=None, actor_id=actor_id, at=at
        )
        order = db.session.get(Order, done.rows[0].order_id or 0)
        if order is None:
            raise _taken_already()
        if row.zone and order.site_id > last_site:
            db.session.get_one(Site, order.site_id).zone = row.zone
        found.append(order.id)
    return found


def _take_over(
    rows: Sequence[SheetRow],
    orders_of: Sequence[int],
    people: Mapping[str, int],
    *,
    actor_id: int | None,
    at: datetime,
) -> list[Project]:
    """Let the drafts of new orders go on where the rows say that they are; all of them in one act."""
    if not rows:
        return []
    made = queries.projects_of_orders(orders_of)
    if len(made) != len(rows):
        raise _taken_already()
    of_rows = [made[order_id] for order_id in orders_of]
    for row, project in zip(rows, of_rows, strict=True):
        if project.external_key is not None or project.state is not ProjectState.DRAFT:
            raise _taken_already()
        project.external_key, project.imported_digest = row.external_key, row.digest
        project.starts_on = row.start or project.starts_on
        project.required_on = row.required
        project.concierge_id = people[row.concierge] if row.concierge else None
        project.state, project.approved_at = ProjectState.LIVE, at
    db.session.flush()
    unnamed = [project for row, project in zip(rows, of_rows, strict=True) if not row.concierge]
    least = queries.concierges_with_least(len(unnamed))  # those that the rows name are counted by now
    for project, concierge_id in zip(unnamed, least, strict=True):
        project.concierge_id = concierge_id
    db.session.flush()
    whole = {project.id: project for project in queries.projects_for_change([one.id for one in of_rows])}
    projects = [whole[one.id] for one in of_rows]
    noted: Noted = []
    why = Reason(Because.TAKEN_OVER)
    for row, project in zip(rows, projects, strict=True):
        for milestone in project.milestones:
            if milestone.kind is MilestoneKind.ORDER_ACCEPTED:
                milestone.started_on = milestone.finished_on = project.starts_on
        _write_finished(project, row, actor_id=actor_id, at=at, noted=noted)
    follow_all(projects, at=at, actor_id=actor_id, why=why, noted=noted)
    for row, project in zip(rows, projects, strict=True):
        for milestone in project.milestones:
            on = row.promised.get(milestone.kind) or milestone.finish_on
            _promise(project, milestone, on, why=why, actor_id=actor_id, at=at, noted=noted)
        project.promised_handover_on = handover_of(project.milestones).promised_on
    baselines = take_baselines(
        projects, name="As taken over", because=Because.TAKEN_OVER, actor_id=actor_id, at=at
    )
    follow_all(projects, at=at, actor_id=actor_id, why=why, noted=noted)
    keep_noted(noted)
    record_many(
        [
            ProjectTakenOver(
                at=at,
                actor_id=actor_id,
                project_id=project.id,
                external_key=row.external_key,
                baseline_id=baseline.id,
                handover_on=project.promised_handover_on,
            )
            for row, project, baseline in zip(rows, projects, baselines, strict=True)
        ]
    )
    return projects


def _taken_already() -> Refused:
    return Refused(_("An order with this key is here already. Give the project another key."))


def _bring_up_to_date(
    row: SheetRow, people: Mapping[str, int], *, actor_id: int | None, at: datetime
) -> None:
    known = _known([row.external_key])[row.external_key]
    project = queries.project_for_change(known.id)
    changes = list(_changes(row, known, people))
    for _change, make in changes:
        if make is not None:
            make(project)
    _write_finished(project, row, actor_id=actor_id, at=at)
    why = Reason(Because.SHEET_SAYS)
    is_promised = False
    for milestone in project.milestones:
        on = row.promised.get(milestone.kind)
        if on and milestone.promised_on != on and milestone.state is not MilestoneState.SKIPPED:
            _promise(project, milestone, on, why=why, actor_id=actor_id, at=at)
            is_promised = True
    project.imported_digest = row.digest
    project.promised_handover_on = handover_of(project.milestones).promised_on
    db.session.flush()
    moves = follow(project, at=at, actor_id=actor_id, why=why)
    if is_promised:
        take_baseline(
            project,
            name=f"Import of {at:%Y-%m-%d %H:%M}",
            because=Because.SHEET_SAYS,
            actor_id=actor_id,
            at=at,
        )
    record(
        ProjectBroughtUpToDate(
            at=at,
            actor_id=actor_id,
            project_id=project.id,
            external_key=row.external_key,
            changed=tuple(change for change, _make in changes),
            moves=moves,
        )
    )
    finish_if_done(project, actor_id=actor_id, at=at)


def _order(row: SheetRow) -> IncomingOrder:
    person = Person(row.contact_name, row.contact_email)
    return IncomingOrder(
        kind=DocumentKind.ORDER,
        number=row.external_key,
        document_number=row.external_key,
        syntax="csv",
        system=SYSTEM,
        buyer=Party(name=row.account, people=(person,) if person else ()),
        delivery_address=Address(
            lines=(row.street,) if row.street else (),
            city=row.city,
            postal_code=row.postal_code,
            subdivision=row.subdivision,
            country=row.country,
        ),
        delivery_place=row.site,
        lines=tuple(
            IncomingLine(number=str(number), name=name, seller_item_id=name, quantity=Decimal(row.quantity))
            for number, name in enumerate(row.products, 1)
        ),
        issued_on=row.start,
    )


def _write_finished(
    project: Project, row: SheetRow, *, actor_id: int | None, at: datetime, noted: Noted | None = None
) -> None:
    """Write what is finished; what it waited for was finished by then, if the sheet does not say when."""
    by_id = {milestone.id: milestone for milestone in project.milestones}
    days = _finished_days(project, row)
    today = today_at(project, at)
    for milestone_id, day in days.items():
        milestone, on = by_id[milestone_id], min(day, today)
        if milestone.finished_on == on and milestone.state is MilestoneState.DONE:
            continue
        milestone.state, milestone.finished_on = MilestoneState.DONE, on
        milestone.started_on = min(milestone.started_on or on, on)
        milestone.block_cause, milestone.block_reason, milestone.blocked_on = None, "", None
        why = Reason(Because.SHEET_FINISHED)
        dates = (milestone.started_on, on)
        note_dates(project.id, milestone.id, DateKind.ACTUAL, *dates, actor_id, at, why, noted)


def _finished_days(project: Project, row: SheetRow) -> dict[int, date]:
    """When what is finished was finished, by milestone; what it waited for was by then, if the sheet does not say."""
    by_id = {milestone.id: milestone for milestone in project.milestones}
    days: dict[int, date] = {
        milestone.id: row.finished[milestone.kind]
        for milestone in project.milestones
        if milestone.kind in row.finished and milestone.state is not MilestoneState.SKIPPED
    }
    waiting = list(days)
    while waiting:
        milestone = by_id[waiting.pop()]
        for link in milestone.links:
            before, day = by_id[link.predecessor_id], days[milestone.id]
            if before.finished_on is not None or before.kind in row.finished:
                continue
            if before.state is not MilestoneState.SKIPPED and days.get(before.id, date.max) > day:
                days[before.id] = day
                waiting.append(before.id)
    return days


def _promise(
    project: Project,
    milestone: Milestone,
    on: date | None,
    *,
    why: Reason,
    actor_id: int | None,
    at: datetime,
    noted: Noted | None = None,
) -> None:
    if on is None or milestone.state is MilestoneState.SKIPPED:
        return
    start = milestone.start_on
    milestone.promised_start_on = min(start, on) if start else on
    milestone.promised_on = on
    dates = (milestone.promised_start_on, on)
    note_dates(project.id, milestone.id, DateKind.PROMISED, *dates, actor_id, at, why, noted)


def _known(external_keys: Iterable[str]) -> dict[str, Project]:
    """The projects that have these keys, with all that a row is compared with."""
    wanted = sorted({key for key in external_keys if key})
    found: dict[str, Project] = {}
    for first in range(0, len(wanted), LOOKED_UP):
        question = (
            sa.select(Project)
            .where(Project.external_key.in_(wanted[first : first + LOOKED_UP]))
            .options(
                joinedload(Project.account),
                joinedload(Project.order)
                .selectinload(Order.lines)
                .load_only(OrderLine.name, OrderLine.cancelled),
                selectinload(Project.milestones)
                .load_only(
                    Milestone.kind,
                    Milestone.name,
                    Milestone.state,
                    Milestone.finished_on,
                    Milestone.promised_on,
                )
                .selectinload(Milestone.links),
                selectinload(Project.gates),
            )
        )
        found |= {row.external_key: row for row in db.session.scalars(question) if row.external_key}
    return found


def _people(emails: Iterable[str]) -> dict[str, int]:
    wanted = sorted({email for email in emails if email})
    found: dict[str, int] = {}
    for first in range(0, len(wanted), LOOKED_UP):
        question = sa.select(sa.func.lower(User.email), User.id).where(
            sa.func.lower(User.email).in_(wanted[first : first + LOOKED_UP]), User.state == AccessState.ACTIVE
        )
        found |= {row[0]: row[1] for row in db.session.execute(question)}
    return found


def _products(names: Iterable[str]) -> dict[str, int | None]:
    wanted = sorted(set(names))
    found: dict[str, int | None] = {}
    for first in range(0, len(wanted), LOOKED_UP):
        some = wanted[first : first + LOOKED_UP]
        products = products_for([LineNames(seller_item_id=name, name=name) for name in some])
        found |= {name: one.id if one else None for name, one in zip(some, products, strict=True)}
    return found
