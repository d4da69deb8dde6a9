"""Pages that show visits."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from flask import render_template, request

from concierge.catalogue.states import GateKind, VisitKind
from concierge.core.dispatch import Rule
from concierge.equipment import queries as equipment
from concierge.identity.guard import requires, viewer
from concierge.identity.permissions import Permission
from concierge.identity.viewer import Viewer
from concierge.platform import clock
from concierge.projects import calendars
from concierge.projects.states import GateState
from concierge.visits import feasibility, forms, queries, work
from concierge.visits.actions import arranging
from concierge.visits.clocks import Stay, is_repeated, wall_time
from concierge.visits.models import Visit
from concierge.visits.states import COMING, FOLLOWS, OVER, VisitState, WorkOrderState
from concierge.visits.views.blueprint import Page, bp
from concierge.visits.views.rules import marks
from concierge.visits.words import arrival, sentence

WEEK = timedelta(days=7)
NEAR = timedelta(hours=12)
"""So long before its start, starting a visit becomes the first thing to do with it."""


@dataclass(frozen=True, slots=True)
class Offers:
    """What the viewer can do with a visit now."""

    edit: bool
    confirm: bool
    release: bool
    cancel: bool
    decide: bool
    accept: bool
    set_out: bool
    start: bool
    start_first: bool
    finish: bool
    work: bool


@bp.get("/visits/<int:visit_id>")
@requires(Permission.SEE_VISITS)
def visit(visit_id: int) -> Page:
    """Show one visit: when, where, who, and what to do with it."""
    found = queries.visit_for(viewer(), visit_id)
    return render_template("visits/visit.html", **page_of(found, viewer()))


@bp.get("/projects/<key>/visits")
@requires(Permission.SEE_VISITS)
def of_project(key: str) -> Page:
    """Show a project's visits and work: what needs a decision, what comes, what is to do, what is over."""
    project = queries.project_to_visit(viewer(), key)
    visits = queries.visits_of_project(viewer(), project.id)
    orders = work.work_of_project(viewer(), project.id)
    planned = work.planned_minutes(orders)
    rows = [(each, work.standing_of(each), planned[each.id]) for each in orders]
    return render_template(
        "visits/of_project.html",
        project=project,
        work_open=[row for row in rows if row[0].state is WorkOrderState.OPEN],
        work_closed=[row for row in rows if row[0].state is not WorkOrderState.OPEN],
        units=equipment.assets_of_order(project.order_id),
        deciding=[each for each in visits if each.needs_decision and each.state in COMING],
        coming=[
            each
            for each in visits
            if each.state not in OVER and not (each.needs_decision and each.state in COMING)
        ],
        over=[each for each in visits if each.state in OVER],
        may_plan=viewer().may(Permission.SCHEDULE_VISITS),
        broken=marks(visits),
        now=clock.now(),
    )


@bp.get("/visits")
@requires(Permission.SEE_VISITS)
def week() -> Page:
    """Show a week of visits, in the viewer's own days."""
    looking = viewer()
    monday = _monday(request.args.get("week", ""), clock.today(looking.zone))
    home = ZoneInfo(looking.zone)
    from_at = monday.replace(tzinfo=home)
    mine = request.args.get("mine") == "1"
    visits = queries.visits_between(
        looking,
        from_at=from_at,
        to_at=(monday + WEEK).replace(tzinfo=home),
        user_id=looking.user_id if mine else None,
    )
    days = [(monday + timedelta(days=number)).date() for number in range(7)]
    by_day = {day: [each for each in visits if max(_day_of(each, looking), days[0]) == day] for day in days}
    return render_template(
        "visits/week.html",
        by_day=by_day,
        count=len(visits),
        monday=monday.date(),
        earlier=(monday - WEEK).date().isoformat(),
        later=(monday + WEEK).date().isoformat(),
        mine=mine,
        zone=looking.zone,
        may_plan=looking.may(Permission.SCHEDULE_VISITS),
        broken=marks(visits),
    )


def page_of(found: Visit, looking: Viewer) -> dict[str, object]:
    """Collect what the page of a visit shows."""
    conflicts = _conflicts(found)
    proposal = _proposal(found)
    return {
        "visit": found,
        "of_work": work.named(found.work_order_id),
        "lasts_days": (found.ends_local.date() - found.starts_local.date()).days > 0,
        "held": _held(found),
        "offers": offers_for(found, looking),
        "warnings": [
            (one.needs_reason, sentence(one, with_day=found.starts_local.date() != found.ends_local.date()))
            for one in conflicts
            if one.rule is not Rule.GATE
        ],
        "arrival": arrival(found),
        "leader": feasibility.leaders([found]).get(found.id) if found.crew > 1 else None,
        "proposal": proposal,
        "there": _elsewhere(found, looking.zone),
        "is_repeated": is_repeated(found.starts_local, found.zone),
        "keep": forms.Keep(version=found.version),
    }


def offers_for(found: Visit, looking: Viewer) -> Offers:
    """Say what a viewer can do with a visit now."""
    may_schedule = looking.may(Permission.SCHEDULE_VISITS)
    goes = any(member.user_id == looking.user_id for member in found.crew_members)
    may_work = looking.may(Permission.WORK_VISITS) and (goes or may_schedule)
    following = FOLLOWS[found.state]
    may_start = may_work and VisitState.IN_PROGRESS in following and not _held(found)
    is_near = found.starts_at - clock.now() < NEAR
    return Offers(
        edit=may_schedule and found.state in arranging.MOVABLE,
        confirm=may_schedule
        and found.state in {VisitState.DRAFT, VisitState.TENTATIVE}
        and VisitState.CONFIRMED in following,
        release=may_schedule and found.state in {VisitState.CONFIRMED, VisitState.ACCEPTED},
        cancel=may_schedule and VisitState.CANCELLED in following,
        decide=may_schedule and bool(found.needs_decision) and found.state in arranging.MOVABLE,
        accept=goes and found.state is VisitState.CONFIRMED,
        set_out=may_work and VisitState.ON_ROUTE in following,
        start=may_start,
        start_first=may_start and is_near and not found.needs_decision,
        finish=may_work and VisitState.COMPLETE in following,
        work=may_work and found.state not in {VisitState.DRAFT, VisitState.CANCELLED},
    )


def _held(found: Visit) -> int:
    """Count the blocking points that hold a delivery or an installation; 0 when nothing does."""
    if found.state in OVER:
        return 0
    kinds = {VisitKind.INSTALL: {GateKind.INSTALL}, VisitKind.DELIVERY: {GateKind.SHIP}}.get(
        found.kind, set()
    )
    return sum(
        gate.open_items for gate in found.project.gates if gate.kind in kinds and gate.state is GateState.HELD
    )


def _conflicts(found: Visit) -> tuple[feasibility.Conflict, ...]:
    return () if found.state in OVER else feasibility.conflicts(feasibility.wanted_of(found))


def _proposal(found: Visit) -> Stay | None:
    if found.proposed_local is None:
        return None
    calendar = calendars.site_calendars([found.site_id])[found.site_id]
    return arranging.proposed_stay(found, calendar=calendar)


def _elsewhere(found: Visit, zone: str) -> tuple[datetime, datetime] | None:
    """Return the visit's times on the viewer's clock, `None` when it shows the same."""
    starts, ends = wall_time(found.starts_at, zone), wall_time(found.ends_at, zone)
    return None if (starts, ends) == (found.starts_local, found.ends_local) else (starts, ends)


def _monday(text: str, today: date) -> datetime:
    try:
        day = datetime.fromisoformat(text[:10]) if text else None
    except ValueError:
        day = None
    if day is None or not 2000 <= day.year < 2100:
        day = datetime.combine(today, time())
    return day.replace(hour=0, minute=0, tzinfo=None) - timedelta(days=day.weekday())


def _day_of(found: Visit, looking: Viewer) -> date:
    return wall_time(found.starts_at, looking.zone).date()
