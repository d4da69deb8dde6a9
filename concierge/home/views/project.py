"""The project page: everything that is true of one project, from all slices, with one picture."""

from collections.abc import Sequence
from datetime import date
from types import SimpleNamespace as Shown
from typing import Any

from flask import render_template, url_for
from flask_babel import gettext as _
from flask_babel import ngettext

from concierge.catalogue.states import ItemType, MilestoneKind
from concierge.catalogue.words import team_words
from concierge.core import axis
from concierge.core.readiness import Gate
from concierge.core.spans import days
from concierge.core.worktime import WorkCalendar, workdays_between
from concierge.home.views import story
from concierge.home.views.blueprint import bp
from concierge.identity.guard import requires, viewer
from concierge.identity.permissions import Permission
from concierge.platform import clock
from concierge.platform.words import called, clock_time, day, localized, slip, there_now
from concierge.projects import calendars, queries
from concierge.projects.actions import forecasting
from concierge.projects.models import Milestone, Project
from concierge.projects.queries import fields as own
from concierge.projects.queries import notes as noted
from concierge.projects.queries import playbooks
from concierge.projects.states import MilestoneState
from concierge.projects.verdict import milestone_look
from concierge.projects.views.heads import remedy_of
from concierge.projects.views.letters import letters_of
from concierge.readiness import queries as readiness
from concierge.readiness import standing
from concierge.readiness.views import judged
from concierge.visits import queries as visits
from concierge.visits.models import Visit
from concierge.visits.states import VisitState

SHOWN_ITEMS = 3
SHOWN_NOTES = 2
LATEST = 5

VISIT_LOOKS = {
    VisitState.DRAFT: ("idle", "calendar"),
    VisitState.TENTATIVE: ("idle", "calendar"),
    VisitState.CONFIRMED: ("ok", "calendar-check"),
    VisitState.ACCEPTED: ("ok", "calendar-check"),
    VisitState.ON_ROUTE: ("go", "map-pin"),
    VisitState.IN_PROGRESS: ("go", "map-pin"),
}


@bp.get("/projects/<key>")
@requires(Permission.SEE_PROJECTS)
def project(key: str) -> str:
    """Show one project."""
    looking = viewer()
    found = queries.project_by_key(looking, key)
    calendar = calendars.site_calendars([found.site_id])[found.site_id]
    today = clock.today(found.site.zone)
    _found, checklist = readiness.checklist_for(looking, key)
    of_project = [
        one for one in visits.visits_of_project(looking, found.id) if one.state is not VisitState.CANCELLED
    ]
    next_visit = visits.next_visit_of_project(looking, found.id, at=clock.now())
    baselines = queries.baselines_of(found.id)
    return render_template(
        "home/project.html",
        project=found,
        picture=_picture(found, calendar, today, of_project),
        baseline_on=baselines[0].taken_at if baselines else None,
        readiness=_readiness(checklist, today),
        lost=judged.lost(found, checklist)
        if checklist and checklist.ready_lost_at and not found.has_ended
        else "",
        open_items=_open_items(found, checklist, today),
        gates=[_gate(gate) for gate in found.gates if checklist],
        visit=next_visit,
        visits=len(of_project) or None,
        visit_here=_in_my_time(next_visit),
        visit_people=[_crew(member) for member in next_visit.crew_members] if next_visit else [],
        visit_look=_visit_look(next_visit),
        persons=_persons(found, of_project),
        latest=story.of_project(looking, found, most=LATEST),
        proposals=queries.open_proposals(looking, project_id=found.id),
        next_milestone=_to_reschedule(found),
        notes=[(note, False, note.version > 1) for note in noted.notes_of(found, most=SHOWN_NOTES)],
        count_notes=noted.count_notes(found),
        zone=looking.zone,
        filled=own.filled_fields(found.id),
        letters=letters_of(found, calendar=calendar, today=today),
        newer=playbooks.newer_versions(found.id) if not found.has_ended else (),
        remedy=remedy_of(found),
        likely=forecasting.shown(found, at=clock.now()),
    )


@bp.get("/projects/<key>/history")
@requires(Permission.SEE_PROJECTS)
def history(key: str) -> str:
    """Show what happened to a project."""
    found = queries.project_by_key(viewer(), key)
    return render_template(
        "home/history.html",
        project=found,
        remedy=remedy_of(found),
        changes=story.of_project(viewer(), found, most=500),
    )


def _picture(found: Project, calendar: WorkCalendar, today: date, planned: Sequence[Visit]) -> Shown:
    keys = {one.id: one.key for one in found.milestones}
    going = {
        visit.milestone_id: ", ".join(member.user.name for member in visit.crew_members)
        for visit in reversed(planned)
        if visit.crew_members
    }
    drawn = [_line(one, keys, calendar, today, is_last=one is found.planned[-1]) for one in found.planned]
    dates = [
        on
        for one in found.planned
        for on in (one.promised_start_on, one.promised_on, one.start_on, one.finish_on)
        if on
    ]
    scale = axis.day_axis(dates, today=today, is_off=lambda on: not calendar.is_workday(on))
    rows = [
        _row(found, one, going.get(one.id, ""), calendar, today, drawing)
        for one, drawing in zip(found.planned, axis.draw_plan(drawn, scale), strict=True)
    ]
    states = {one.state for one in drawn if one.forecast}
    expected = "blocked" if "bad" in states else "moved" if "warn" in states else "forecast"
    return Shown(
        axis=scale,
        rows=rows,
        caption=_(
            "Milestones with promised and forecast days; today is %(day)s at the site.", day=day(today)
        ),
        legend=("promise", "done", expected),
        note=_driver_note(found),
    )


def _line(
    one: Milestone, keys: dict[int, str], calendar: WorkCalendar, today: date, *, is_last: bool
) -> axis.PlanLine:
    moved = _moved(one, calendar)
    is_done = one.state is MilestoneState.DONE
    state = "bad" if one.state is MilestoneState.BLOCKED else axis.state_of_slip(moved, is_done=is_done)
    start, finish = one.start_on, one.finish_on
    words = ""
    if one.state is MilestoneState.BLOCKED:
        words = one.block_reason[:28]
    elif is_last and finish:
        words = day(finish, weekday=False)
    begun = one.started_on
    return axis.PlanLine(
        key=one.key,
        promised=days(one.promised_start_on, one.promised_on)
        if one.promised_on and one.promised_start_on
        else None,
        done=days(start, finish)
        if is_done and start and finish
        else days(begun, max(begun, today))
        if begun
        else None,
        forecast=days(start, finish) if not is_done and start and finish else None,
        is_point=one.workdays == 0 or one.kind is MilestoneKind.HANDOVER,
        state=state,
        words=words,
        after=tuple(keys[link.predecessor_id] for link in one.links),
    )


def _moved(one: Milestone, calendar: WorkCalendar) -> int:
    if one.promised_on is None or one.finish_on is None:
        return 0
    return workdays_between(calendar, one.promised_on, one.finish_on)


def _row(
    found: Project, one: Milestone, going: str, calendar: WorkCalendar, today: date, drawing: axis.Drawing
) -> Shown:
    state, icon = milestone_look(one, today=today)
    moved = _moved(one, calendar)
    if one.promised_on is None:
        note = _("not promised yet")
    elif moved:
        note = _("promised %(on)s", on=day(one.promised_on, weekday=False))
    else:
        note = _("as promised")
    meta = one.block_reason or going or _team(one)
    return Shown(
        name=localized(one.name),
        meta=meta,
        state=state,
        icon=icon,
        url=url_for("projects.milestone", key=found.key, milestone_id=one.id),
        value=day(one.finish_on),
        mark=slip(moved),
        tone="ok" if moved < 0 else "warn" if state != "bad" else "bad",
        note=note,
        total=one is found.planned[-1],
        drawing=drawing,
    )


def _team(one: Milestone) -> str:
    return one.owner.name if one.owner else team_words()[one.team]


def _driver_note(found: Project) -> str:
    """What sets the handover just now, in one sentence."""
    driving = (
        one for one in found.planned if one.slack_workdays == 0 and one.state is not MilestoneState.DONE
    )
    first = next(driving, None)
    if first is None:
        return ""
    return _(
        "%(name)s sets the handover: a day lost there is a day lost in the end.", name=localized(first.name)
    )


def _readiness(checklist: Any, today: date) -> Shown | None:  # Any: Checklist or None
    if checklist is None:
        return None
    items = _asked(checklist)
    score = standing.score(items, Gate.INSTALL, today=today)
    waived = len(score.waived)
    blocking = len(score.critical) - waived
    advisory = score.asked - score.done - blocking - waived
    left = max(0, score.asked - score.done - SHOWN_ITEMS)
    return Shown(
        counts=_("%(cleared)s of %(total)s", cleared=score.done, total=score.asked),
        words=_(
            "%(cleared)s of %(total)s confirmed · %(percent)s %%",
            cleared=score.done,
            total=score.asked,
            percent=score.percent,
        ),
        segments=[
            ("ok", score.done, _("%(n)s confirmed", n=score.done)),
            ("warn", waived, _("%(n)s waived", n=waived)),
            ("wait", blocking, _("%(n)s blocking open", n=blocking)),
            ("idle", advisory, _("%(n)s advisory open", n=advisory)),
        ],
        more=ngettext("%(num)s more open item", "%(num)s more open items", left) if left else "",
    )


def _asked(checklist: Any) -> list[Any]:  # Any: Checklist, ReadinessItem
    """What somebody has to do something about; neither information nor what is not asked is."""
    return [item for item in checklist.items if item.is_asked and item.type is not ItemType.INFO]


def _open_items(found: Project, checklist: Any, today: date) -> list[Shown]:  # Any: Checklist or None
    if checklist is None:
        return []
    still = [item for item in _asked(checklist) if not item.is_cleared]
    still.sort(key=lambda item: (item.gate is None, item.due_on, item.position))
    return [_item(found, item, today) for item in still[:SHOWN_ITEMS]]


def _item(found: Project, item: Any, today: date) -> Shown:  # Any: ReadinessItem
    late = 0 if found.has_ended else max(0, (today - item.due_on).days)
    is_held = bool(late and item.gate)
    gates = {"ship": _("Gates delivery."), "install": _("Gates installation.")}
    return Shown(
        title=localized(item.requirement),
        why=gates[item.gate.value] if item.gate else _("Advisory."),
        state="bad" if is_held else "wait",
        icon="triangle-alert" if is_held else "hourglass",
        due=ngettext("%(num)s day late", "%(num)s days late", late) if late else day(item.due_on),
        person=found.contact if item.responsible.value == "customer" else None,
        url=url_for("readiness.checklist", key=found.key) + f"#item-{item.key}",
    )


def _gate(gate: Any) -> Shown:  # Any: Gate
    held = {
        "ship": ngettext(
            "Shipping waits for %(num)s item", "Shipping waits for %(num)s items", gate.open_items
        ),
        "install": ngettext(
            "Installation waits for %(num)s item", "Installation waits for %(num)s items", gate.open_items
        ),
    }
    passed = {"ship": _("Shipping is overridden"), "install": _("Installation is overridden")}
    words = held if gate.state.value == "held" else passed
    return Shown(kind=gate.kind, state=gate.state, reason=gate.reason, words=words[gate.kind.value])


def _persons(found: Project, planned: Sequence[Visit]) -> list[Shown]:
    persons = []
    if found.contact:
        note = found.contact.title or _("customer")
        persons.append(
            Shown(
                name=found.contact.name,
                initials=found.contact.initials,
                note=_("%(role)s · %(clock)s there now", role=note, clock=there_now(found.contact.zone)),
                url="",
            )
        )
    if found.concierge:
        is_me = found.concierge.id == viewer().user_id
        persons.append(
            Shown(
                name=_("You") if is_me else found.concierge.name,
                initials=found.concierge.initials,
                note=_("concierge"),
                url="",
            )
        )
    seen: set[int] = set()
    for visit in planned:
        for member in visit.crew_members:
            if member.user_id not in seen:
                seen.add(member.user_id)
                persons.append(_crew(member, visit))
    return persons[:8]


def _crew(member: Any, visit: Visit | None = None) -> Shown:  # Any: VisitTechnician
    note = _("%(what)s, %(on)s", what=called(visit), on=day(visit.starts_local)) if visit else _("goes there")
    return Shown(name=member.user.name, initials=member.user.initials, note=note, url="")


def _in_my_time(visit: Visit | None) -> str:
    if visit is None:
        return ""
    mine = clock_time(visit.starts_at, viewer().zone)
    if mine == clock_time(visit.starts_local):
        return ""
    return _("%(clock)s your time", clock=mine)


def _visit_look(visit: Visit | None) -> tuple[str, str, str]:
    if visit is None:
        return "idle", "", "calendar"
    if visit.needs_decision:
        return "warn", _("Needs a decision"), "triangle-alert"
    state, icon = VISIT_LOOKS.get(visit.state, ("idle", "calendar"))
    words = {
        VisitState.DRAFT: _("Draft"),
        VisitState.TENTATIVE: _("Tentative"),
        VisitState.CONFIRMED: _("Confirmed"),
        VisitState.ACCEPTED: _("Accepted"),
        VisitState.ON_ROUTE: _("On the way"),
        VisitState.IN_PROGRESS: _("In progress"),
    }
    return state, words.get(visit.state, visit.state.value), icon


def _to_reschedule(found: Project) -> Milestone | None:
    """What people mean by rescheduling: delivery, else installation, else the next thing that can move."""
    movable = [one for one in found.planned if _can_move(one)]
    wanted = (MilestoneKind.DELIVERED, MilestoneKind.INSTALLED)
    named = [one for kind in wanted for one in movable if one.kind is kind]
    return next(iter((*named, *movable)), None)


def _can_move(one: Milestone) -> bool:
    return one.state is not MilestoneState.DONE and one.started_on is None
