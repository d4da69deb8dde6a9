"""Planning a visit and changing it."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any

from flask import render_template, request, url_for
from flask_babel import gettext as _

from concierge.accounts import queries as accounts
from concierge.accounts.models import Contact, Site
from concierge.catalogue.states import VisitKind
from concierge.core.spans import Span
from concierge.core.worktime import DAY, next_workday
from concierge.identity import queries as people
from concierge.identity.guard import requires, viewer
from concierge.identity.permissions import Permission
from concierge.platform import clock, undo
from concierge.platform.clashes import meet
from concierge.platform.database import unit_of_work
from concierge.platform.errors import NotFound, Refused
from concierge.platform.previews import carry_out
from concierge.platform.uids import fresh_uid
from concierge.platform.web import show_again
from concierge.platform.words import called, listed, localized, span
from concierge.projects import calendars
from concierge.projects.models import Project
from concierge.visits import feasibility, forms, queries, words, work
from concierge.visits.actions import arranging, checks
from concierge.visits.clocks import wall_time
from concierge.visits.models import Visit, WorkOrder
from concierge.visits.states import VisitState
from concierge.visits.views.blueprint import Page, back_to, bp
from concierge.workforce import queries as workforce
from concierge.workforce.states import BusyKind

LOOK_AHEAD = timedelta(days=42)
"""How far ahead of the asked time free ones are looked for."""


@bp.get("/visits/new")
@requires(Permission.SCHEDULE_VISITS)
def new() -> Page:
    """Show the form for a visit, or ask first which project it is for."""
    if not request.args.get("project"):
        return render_template("visits/choose.html", form=forms.ChooseProject())
    choose = forms.ChooseProject(request.args)
    try:
        project = queries.project_to_visit(viewer(), choose.project.data or "")
    except NotFound:
        choose.project.errors = [_("There is no project with this key. Look it up under Projects.")]
        return show_again("visits/choose.html", choose)
    found = work.open_work_in(project.id, request.args.get("work", ""))
    milestone = str(found.milestone_id) if found else request.args.get("milestone", "")
    proposed = _proposed(project, milestone) | (_again(found) if found else {})
    form = forms.VisitForm(data=proposed)
    _offer(form, project, queries.sites_of_account(project.account_id))
    _say_who_can(form, project.site)
    return render_template("visits/form.html", form=form, project=project, visit=None, warnings=())


@bp.post("/visits/new")
@requires(Permission.SCHEDULE_VISITS)
def plan() -> Page:
    """Plan a visit."""
    project = queries.project_to_visit(viewer(), request.args.get("project", ""))
    sites = queries.sites_of_account(project.account_id)
    wanted = request.args.get("work", "")
    of_work = work.open_work_in(project.id, wanted)
    if wanted and of_work is None:
        raise Refused(_("That work is not open any more. Look at the project’s visits, then plan anew."))
    form = forms.VisitForm()
    _offer(form, project, sites)
    site = next((each for each in sites if each.id == form.site.data), project.site)
    form.zone = site.zone
    if (looked := _looks(form, site)) is not None:
        return render_template(
            "visits/form.html", form=form, project=project, visit=None, warnings=(), **looked
        )
    _say_who_can(form, site)
    if form.validate_on_submit() and (known := queries.visit_by_uid(viewer(), form.token.data or "")):
        return back_to(known)
    warnings: list[tuple[bool, str]] = []
    if not form.validate_on_submit() or not _is_settled(form, project, site, warnings):
        return show_again("visits/form.html", form, project=project, visit=None, warnings=warnings)
    actor_id, at = viewer().user_id, clock.now()
    needs = Permission.SCHEDULE_VISITS.value
    with unit_of_work(), undo.undoable(actor_id=actor_id, at=at, needs=needs) as act:
        visit = arranging.plan_visit(
            project,
            kind=VisitKind(form.kind.data),
            title=form.title.data or "",
            starts_local=form.starts_local,
            ends_local=form.ends_local,
            site=site,
            milestone=next((each for each in project.milestones if each.id == form.milestone.data), None),
            work_order=of_work,
            fold=form.fold,
            skill=form.skill.data or "",
            crew=form.crew.data or 0,
            level=form.level.data or 1,
            arrival_minutes=form.arrival_minutes.data or 0,
            technician_ids=form.technicians.data or (),
            contact_ids=form.attendees.data or (),
            conflict_reason=form.conflict_reason.data or "",
            note=form.note.data or "",
            state=VisitState(form.certainty.data),
            uid=form.token.data or "",
            actor_id=actor_id,
            at=at,
        )
    undo.tell(act, _("The visit is planned."))
    return back_to(visit)


@bp.route("/visits/<int:visit_id>/edit", methods=["GET", "POST"])
@requires(Permission.SCHEDULE_VISITS)
def edit(visit_id: int) -> Page:
    """Change when a visit is, who goes and what it is for."""
    visit = queries.visit_for(viewer(), visit_id)
    checks.expect_state(visit, arranging.MOVABLE)
    project = queries.project_to_visit(viewer(), visit.project.key)
    form = forms.VisitForm(data=_as_it_is(visit, proposed=bool(request.args.get("proposal"))))
    _offer(form, project, [visit.site], visit)
    _say_who_can(form, visit.site, visit)
    warnings: list[tuple[bool, str]] = []
    page = {"project": project, "visit": visit, "warnings": warnings}
    if form.is_submitted() and (looked := _looks(form, visit.site, visit)) is not None:
        return render_template("visits/form.html", form=form, **page, **looked)
    if not form.is_submitted():
        form.load(visit.version)
        return render_template("visits/form.html", form=form, **page)
    if not form.validate() or not _is_settled(form, project, visit.site, warnings, visit):
        return show_again("visits/form.html", form, **page)
    theirs = forms.VisitForm(formdata=None, data=_as_it_is(visit))
    _offer(theirs, project, [visit.site], visit)
    by = people.last_change(project_id=visit.project_id, visit_id=visit.id)
    if met := meet(form, theirs, version=visit.version, by=by, zone=viewer().zone):
        return render_template("visits/form.html", form=form, met=met, **page), HTTPStatus.CONFLICT
    is_moved = (form.starts_local, form.ends_local) != (visit.starts_local, visit.ends_local)
    actor_id, at = viewer().user_id, clock.now()
    act = carry_out(
        lambda: _rearrange(form, visit, actor_id=actor_id, at=at),
        project_id=visit.project_id,
        actor_id=actor_id,
        at=at,
        needs=Permission.SCHEDULE_VISITS.value,
        title=_("Change the visit %(title)s", title=called(visit)),
        verb=_("Save"),
        back=url_for("visits.visit", visit_id=visit.id),
        ask=None if is_moved else False,
    )
    if not isinstance(act, undo.Act):
        return act
    undo.tell(act, _("The visit is changed."))
    return back_to(visit)


def _rearrange(form: forms.VisitForm, visit: Visit, *, actor_id: int, at: datetime) -> None:
    own = queries.visit_for_change(visit.id)
    arranging.rearrange(
        own,
        site=own.site,
        title=form.title.data or "",
        kind=VisitKind(form.kind.data),
        milestone_id=form.milestone.data or None,
        skill=form.skill.data or "",
        crew=form.crew.data or 0,
        note=form.note.data or "",
        starts_local=form.starts_local,
        ends_local=form.ends_local,
        fold=form.fold if form.asks_for_hour else 0,
        level=form.level.data or 1,
        arrival_minutes=form.arrival_minutes.data or 0,
        technician_ids=form.technicians.data or (),
        contact_ids=form.attendees.data or (),
        conflict_reason=form.conflict_reason.data or "",
        version=visit.version,
        actor_id=actor_id,
        at=at,
    )


def _offer(
    form: forms.VisitForm, project: Project, sites: Sequence[Site], visit: Visit | None = None
) -> None:
    """Give the form its choices."""
    form.milestone.choices = forms.choices(
        [(0, _("None")), *((each.id, localized(each.name)) for each in project.planned)]
    )
    form.site.choices = forms.choices((each.id, each.name) for each in sites)
    people = [(each.user_id, each.user.name, each.city) for each in workforce.technicians()]
    known = {user_id for user_id, *_rest in people}
    gone = [
        (member.user_id, member.user.name, "")
        for member in (visit.crew_members if visit else ())
        if member.user_id not in known
    ]
    form.technicians.choices = forms.choices(
        (user_id, f"{name}, {city}" if city else name) for user_id, name, city in (*people, *gone)
    )
    there = {one.contact_id: one.contact.name for one in visit.attendees} if visit else {}
    contacts = {one.id: _with_title(one) for one in accounts.contacts_of(project.account_id)}
    form.attendees.choices = forms.choices((there | contacts).items())
    codes = dict.fromkeys([*workforce.skill_codes(), *([visit.skill] if visit and visit.skill else [])])
    form.skill.choices = forms.choices([("", _("None")), *((code, code) for code in codes)])
    form.zone = visit.zone if visit else project.site.zone
    if visit:
        del form.site
        del form.certainty


def _with_title(contact: Contact) -> str:
    return f"{contact.name}, {contact.title}" if contact.title else contact.name


def _say_who_can(form: forms.VisitForm, site: Site, visit: Visit | None = None) -> None:
    """Say beside each name whether they can go at the time, how far it is, and else why not; the best first."""
    if not (form.start_on.data and form.start_time.data and form.end_time.data):
        return
    try:
        when = form.when
    except Refused:
        return  # said where the time stands
    stay, skill = Span(when.starts_at, when.ends_at), form.skill.data or ""
    offered: Any = form.technicians.choices or ()  # Any: our own choices, which WTForms' stubs do not know
    names = {choice.value: str(choice.label) for choice in offered}
    perhaps: dict[int, list[str]] = {}
    for time in workforce.taken_times(names.keys(), from_at=when.starts_at, to_at=when.ends_at):
        if time.kind is BusyKind.TENTATIVE:
            taken = span(wall_time(time.starts_at, form.zone), wall_time(time.ends_at, form.zone))
            perhaps.setdefault(time.user_id, []).append(_("perhaps taken %(when)s", when=taken))
    found = feasibility.candidates(
        site,
        stay,
        skill=skill,
        level=form.level.data or 1,
        is_remote=form.kind.data == VisitKind.REMOTE_CALL.value,
        user_ids=names,
        except_visit_id=visit.id if visit else None,
    )
    said = {}
    for one in found:
        user_id = int(one.person.key)
        tells = [words.candidate(one, zone=form.zone, skill=skill), *perhaps.get(user_id, ())[:2]]
        said[user_id] = _("%(name)s: %(words)s", name=names[user_id], words=" · ".join(tells))
    form.technicians.choices = forms.choices(
        (said | {key: names[key] for key in names if key not in said}).items()
    )


def _times_for(form: forms.VisitForm, site: Site, visit: Visit | None = None) -> list[tuple[str, str, str]]:
    """The first times from the asked one on at which enough people can do as much work: value, when, who."""
    try:
        when = form.when
    except Refused:
        return []
    names = {str(each.user_id): each.user.name for each in workforce.technicians()}
    minutes = feasibility.worked_minutes(
        site, Span(when.starts_at, when.ends_at), user_ids=form.technicians.data or ()
    )
    found = feasibility.slots(
        site,
        minutes=minutes,
        within=Span(when.starts_at, when.starts_at + LOOK_AHEAD),
        skill=form.skill.data or "",
        level=form.level.data or 1,
        crew=form.crew.data or 1,
        contact_ids=form.attendees.data or (),
        milestone_id=form.milestone.data or None,
        is_remote=form.kind.data == VisitKind.REMOTE_CALL.value,
        except_visit_id=visit.id if visit else None,
    )
    return [
        (
            f"{slot.stay.from_at.isoformat()}/{_end(slot.stay).isoformat()}/{','.join(slot.crew)}",
            span(wall_time(slot.stay.from_at, form.zone), wall_time(_end(slot.stay), form.zone)),
            listed(names[key] for key in slot.crew),
        )
        for slot in found
    ]


def _take_slot(form: forms.VisitForm, value: str) -> None:
    """Put a free time that was found, and who can go then, into the form; what is no such value changes nothing."""
    try:
        starts, ends, crew = value.split("/")
        starts_local, ends_local = (
            wall_time(datetime.fromisoformat(each), form.zone) for each in (starts, ends)
        )
        people = [int(key) for key in crew.split(",")]
    except (ValueError, OverflowError):
        return
    for field in (form.start_on, form.start_time, form.end_on, form.end_time):
        field.raw_data = None  # what was typed is not shown again
    form.start_on.data, form.start_time.data = starts_local.date(), starts_local.time()
    form.end_on.data = None if starts_local.date() == ends_local.date() else ends_local.date()
    form.end_time.data, form.technicians.data = ends_local.time(), people


def _end(stay: Span[datetime]) -> datetime:
    return stay.to_at or stay.from_at


def _looks(form: forms.VisitForm, site: Site, visit: Visit | None = None) -> dict[str, Any] | None:
    """What somebody sees who asks who can go, or when, before anything is saved; `None` when they save.

    Any: what the template is given.
    """
    asked = request.form.get("look", "")
    if not asked:
        return None
    if asked not in {"who", "when"}:
        _take_slot(form, asked)
        _say_who_can(form, site, visit)
        return {"times": None}
    _say_who_can(form, site, visit)
    form.validate()
    for field in form:
        if field.name not in {"start_on", "start_time", "end_on", "end_time"}:
            field.errors = ()  # only the time matters yet
    return {"times": _times_for(form, site, visit) if asked == "when" and not form.errors else None}


def _is_settled(
    form: forms.VisitForm,
    project: Project,
    site: Site,
    warnings: list[tuple[bool, str]],
    visit: Visit | None = None,
) -> bool:
    """Say whether nothing stands against the booking, or a reason is given; warnings get what does."""
    when = form.when
    found = feasibility.conflicts(
        feasibility.Wanted(
            site=site,
            stay=Span(when.starts_at, when.ends_at),
            user_ids=tuple(form.technicians.data or ()),
            kind=VisitKind(form.kind.data),
            skill=form.skill.data or "",
            level=form.level.data or 1,
            crew=form.crew.data or 1,
            project_id=project.id,
            milestone_id=form.milestone.data or None,
            contact_ids=tuple(form.attendees.data or ()),
            visit_id=visit.id if visit else None,
        )
    )
    unsettled = feasibility.unsettled(found, visit_id=visit.id if visit else None)
    with_day = form.starts_local.date() != form.ends_local.date()
    warnings += [(one.needs_reason, words.sentence(one, with_day=with_day)) for one in found]
    is_needed = any(one.user_id is not None or form.technicians.data for one in unsettled)
    if (form.conflict_reason.data or "").strip() or not is_needed:
        return True
    form.conflict_reason.errors = [
        _("Choose somebody else or another time, or say why they go all the same.")
    ]
    return False


def _proposed(project: Project, milestone_id: str) -> dict[str, object]:
    """Fill an empty form from the milestone the visit is for."""
    milestone = next((each for each in project.milestones if str(each.id) == milestone_id), None)
    return {
        "milestone": milestone.id if milestone else 0,
        "title": localized(milestone.name) if milestone else "",
        "site": project.site_id,
        "start_on": milestone.start_on if milestone else None,
        "start_time": project.site.access_from,
        "end_time": project.site.access_to,
        "token": fresh_uid(at=clock.now()),
    }


def _again(found: WorkOrder) -> dict[str, object]:
    """Fill an empty form from work: what it asks for, on the first open day after its last visit, for what is left."""
    last = max(
        (each.ends_local for each in found.visits if each.state is not VisitState.CANCELLED), default=None
    )
    today = clock.today(found.site.zone)
    days = calendars.site_calendars([found.site_id])[found.site_id]
    filled: dict[str, object] = {
        "title": found.title,
        "kind": found.kind.value,
        "site": found.site_id,
        "skill": found.skill,
        "level": found.level,
        "crew": found.crew,
    }
    if last is not None:
        filled["start_on"] = next_workday(days, max(last.date(), today) + DAY)
    left = found.minutes - work.planned_minutes([found])[found.id]
    opens = datetime.combine(today, found.site.access_from)
    ends = opens + timedelta(minutes=left)
    if left > 0 and ends.date() == today and ends.time() < found.site.access_to:
        filled["end_time"] = ends.time()
    return filled


def times_of(visit: Visit, *, proposed: bool = False) -> dict[str, object]:
    """When a visit is, or would be if it followed the plan, for a form."""
    starts_local, ends_local = visit.starts_local, visit.ends_local
    if visit.proposed_local is not None and proposed:
        calendar = calendars.site_calendars([visit.site_id])[visit.site_id]
        when = arranging.proposed_stay(visit, calendar=calendar)
        starts_local, ends_local = when.starts_local, when.ends_local
    one_day = starts_local.date() == ends_local.date()
    return {
        "start_on": starts_local.date(),
        "start_time": starts_local.time(),
        "end_on": None if one_day else ends_local.date(),
        "end_time": ends_local.time(),
        "later_hour": bool(visit.fold),
    }


def _as_it_is(visit: Visit, *, proposed: bool = False) -> dict[str, object]:
    """Fill the form with a visit, at the time the plan proposes when that is asked for."""
    return {
        **times_of(visit, proposed=proposed),
        "kind": visit.kind.value,
        "title": visit.title,
        "milestone": visit.milestone_id or 0,
        "site": visit.site_id,
        "technicians": [member.user_id for member in visit.crew_members],
        "crew": visit.crew,
        "skill": visit.skill,
        "level": visit.level,
        "arrival_minutes": visit.arrival_minutes,
        "attendees": [one.contact_id for one in visit.attendees],
        "note": visit.note,
    }
