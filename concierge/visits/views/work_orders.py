"""Pages of work orders: one with its visits and steps, opening, changing, closing and cancelling one."""

from collections.abc import Callable
from datetime import date
from http import HTTPStatus
from typing import Any

from flask import redirect, render_template, url_for
from flask_babel import gettext as _

from concierge.catalogue.states import VisitKind
from concierge.equipment import queries as equipment
from concierge.identity import queries as people
from concierge.identity.guard import requires, viewer
from concierge.identity.permissions import Permission
from concierge.platform import clock, undo
from concierge.platform.clashes import meet
from concierge.platform.database import unit_of_work
from concierge.platform.once import taken_once
from concierge.platform.previews import carry_out
from concierge.platform.web import show_again
from concierge.platform.words import called, day, localized
from concierge.projects.models import Project
from concierge.visits import forms, queries, work
from concierge.visits.actions import arranging, checks, splitting, working
from concierge.visits.models import WorkOrder
from concierge.visits.states import WorkOrderState
from concierge.visits.views.blueprint import Page, back_to, bp, seen_version
from concierge.workforce import queries as workforce

NEEDS = Permission.SCHEDULE_VISITS


@bp.get("/projects/<key>/work-orders/<int:number>")
@requires(Permission.SEE_VISITS)
def work_order(key: str, number: int) -> Page:
    """Show one work order: what it asks for, its visits, and what is left of it."""
    found = work.work_for(viewer(), key, number)
    planned = work.planned_minutes([found])[found.id]
    may_plan = viewer().may(NEEDS)
    is_open = found.state is WorkOrderState.OPEN
    return render_template(
        "visits/work.html",
        work=found,
        standing=work.standing_of(found),
        planned=planned,
        left=max(0, found.minutes - planned),
        steps=work.steps_of([found.id]).get(found.id, ()),
        may_plan=may_plan,
        may_close=may_plan and is_open and not working.has_more(found.visits),
        may_cancel=may_plan
        and is_open
        and not any(visit.state in working.HELD_BY_VISITS for visit in found.visits),
        may_reopen=may_plan and not is_open and not found.project.has_ended,
    )


@bp.route("/projects/<key>/work-orders/new", methods=["GET", "POST"])
@requires(NEEDS)
def new_work(key: str) -> Page:
    """Open work for which visits are planned later."""
    project = queries.project_to_visit(viewer(), key)
    sites = queries.sites_of_account(project.account_id)
    form = forms.WorkForm()
    _offer(form, project)
    form.site.choices = forms.choices((each.id, each.name) for each in sites)
    back = url_for("visits.of_project", key=project.key)
    page = {"project": project, "work": None, "back": back}
    if not form.is_submitted():
        form.site.data = project.site_id
        return render_template("visits/work_form.html", form=form, **page)
    if not form.validate():
        return show_again("visits/work_form.html", form, **page)
    actor_id, at = viewer().user_id, clock.now()
    with unit_of_work(), taken_once(by=actor_id) as outcome:
        with undo.undoable(actor_id=actor_id, at=at, needs=NEEDS.value) as act:
            made = working.open_work(
                project,
                kind=VisitKind(form.kind.data),
                title=form.title.data or "",
                site=next((each for each in sites if each.id == form.site.data), project.site),
                milestone=next((each for each in project.milestones if each.id == form.milestone.data), None),
                skill=form.skill.data or "",
                level=form.level.data or 1,
                crew=form.crew.data or 0,
                minutes=form.minutes,
                tools=form.tool_list,
                needs_customer=form.needs_customer.data,
                note=form.note.data or "",
                asset_id=form.asset.data or None,
                at=at,
                actor_id=actor_id,
            )
            address = url_for("visits.work_order", key=project.key, number=made.number)
        outcome.led_to = address
    undo.tell(act, _("%(code)s is open. Plan a visit for it.", code=made.code))
    return redirect(address, code=303)


@bp.route("/projects/<key>/work-orders/<int:number>/edit", methods=["GET", "POST"])
@requires(NEEDS)
def edit_work(key: str, number: int) -> Page:
    """Change what work is and what it asks for."""
    found = work.work_for(viewer(), key, number)
    working.expect_open(found)
    project = queries.project_to_visit(viewer(), key)
    form = forms.WorkForm(data=_as_it_is(found))
    _offer(form, project, found)
    del form.site
    page = {"project": project, "work": found, "back": _address(found)}
    if not form.is_submitted():
        form.load(found.version)
        return render_template("visits/work_form.html", form=form, **page)
    if not form.validate():
        return show_again("visits/work_form.html", form, **page)
    theirs = forms.WorkForm(formdata=None, data=_as_it_is(found))
    _offer(theirs, project, found)
    by = people.last_change(project_id=found.project_id, work_order_id=found.id)
    if met := meet(form, theirs, version=found.version, by=by, zone=viewer().zone):
        return render_template("visits/work_form.html", form=form, met=met, **page), HTTPStatus.CONFLICT
    actor_id, at = viewer().user_id, clock.now()
    act = carry_out(
        lambda: working.change_work(
            work.work_for_change(found.id),
            title=form.title.data or "",
            kind=VisitKind(form.kind.data),
            milestone_id=form.milestone.data or None,
            skill=form.skill.data or "",
            level=form.level.data or 1,
            crew=form.crew.data or 0,
            minutes=form.minutes,
            tools=form.tool_list,
            needs_customer=form.needs_customer.data,
            note=form.note.data or "",
            asset_id=form.asset.data or None,
            version=seen_version(form.version.data),
            actor_id=actor_id,
            at=at,
        ),
        project_id=found.project_id,
        actor_id=actor_id,
        at=at,
        needs=NEEDS.value,
        title=_("Change %(code)s", code=found.code),
        verb=_("Save"),
        back=_address(found),
    )
    if not isinstance(act, undo.Act):
        return act
    undo.tell(act, _("%(code)s is changed.", code=found.code))
    return redirect(_address(found), code=303)


@bp.route("/projects/<key>/work-orders/<int:number>/cancellation", methods=["GET", "POST"])
@requires(NEEDS)
def cancel_work(key: str, number: int) -> Page:
    """Say that work will not be done, after seeing which visits are called off."""
    found = work.work_for(viewer(), key, number)
    form = forms.Cancel()
    return _end(
        found,
        form,
        lambda own, at: working.cancel_work(
            own,
            reason=form.reason.data or "",
            version=seen_version(form.version.data),
            actor_id=viewer().user_id,
            at=at,
        ),
        title=_("Cancel the work %(code)s", code=found.code),
        verb=_("Cancel the work"),
        done=_("%(code)s is cancelled.", code=found.code),
        says=_("Its visits to come are called off and leave the calendars."),
    )


@bp.route("/projects/<key>/work-orders/<int:number>/closing", methods=["GET", "POST"])
@requires(NEEDS)
def close_work(key: str, number: int) -> Page:
    """Say that nothing is left to do."""
    found = work.work_for(viewer(), key, number)
    form = forms.CloseWork()
    return _end(
        found,
        form,
        lambda own, at: working.close_work(
            own,
            note=form.note.data or "",
            version=seen_version(form.version.data),
            actor_id=viewer().user_id,
            at=at,
        ),
        title=_("Close the work %(code)s", code=found.code),
        verb=_("Close the work"),
        done=_("%(code)s is done.", code=found.code),
        says=_("Nothing is left to do, though no visit said so."),
    )


@bp.route("/projects/<key>/work-orders/<int:number>/reopening", methods=["GET", "POST"])
@requires(NEEDS)
def reopen_work(key: str, number: int) -> Page:
    """Say that there is something to do again."""
    found = work.work_for(viewer(), key, number)
    form = forms.ReopenWork()
    return _end(
        found,
        form,
        lambda own, at: working.reopen_work(
            own,
            reason=form.reason.data or "",
            version=seen_version(form.version.data),
            actor_id=viewer().user_id,
            at=at,
        ),
        title=_("Open %(code)s again", code=found.code),
        verb=_("Open it again"),
        done=_("%(code)s is open again. Plan a visit for it.", code=found.code),
        says=_("It stands among what has to be planned again."),
    )


@bp.get("/equipment/<int:asset_id>/work-orders")
@requires(Permission.SEE_VISITS)
def at_asset(asset_id: int) -> Page:
    """Show the work at one instrument, as a part of its page."""
    asset = equipment.asset_for(viewer(), asset_id)
    found = work.work_of_asset(viewer(), asset.id)
    planned = work.planned_minutes(found)
    rows = [(each, work.standing_of(each), planned[each.id]) for each in found]
    return render_template("visits/of_asset.html", rows=rows)


@bp.route("/visits/<int:visit_id>/split", methods=["GET", "POST"])
@requires(NEEDS)
def split(visit_id: int) -> Page:
    """Make visits of single days out of one that lasts several."""
    visit = queries.visit_for(viewer(), visit_id)
    checks.expect_state(visit, arranging.MOVABLE)
    project = queries.project_to_visit(viewer(), visit.project.key)
    form = forms.SplitVisit()
    days = splitting.days_of(visit, visit.site)
    form.days.choices = forms.choices((one.day.isoformat(), day(one.day)) for one in days)
    if not form.is_submitted():
        form.days.data = [one.day.isoformat() for one in days]
        form.version.data = str(visit.version)
        return render_template("visits/split.html", form=form, visit=visit)
    if not form.validate():
        return show_again("visits/split.html", form, visit=visit)
    chosen = [date.fromisoformat(each) for each in form.days.data or ()]
    actor_id, at = viewer().user_id, clock.now()

    def do() -> None:
        own = queries.visit_for_change(visit_id)
        splitting.split_by_days(
            own,
            project=project,
            site=own.site,
            days=chosen,
            version=seen_version(form.version.data),
            actor_id=actor_id,
            at=at,
        )

    act = carry_out(
        do,
        project_id=visit.project_id,
        actor_id=actor_id,
        at=at,
        needs=NEEDS.value,
        title=_("Split the visit %(title)s by days", title=called(visit)),
        verb=_("Split it"),
        back=url_for("visits.visit", visit_id=visit_id),
        ask=True,
    )
    if not isinstance(act, undo.Act):
        return act
    undo.tell(act, _("There is a visit for each of the days."))
    return back_to(visit)


def _end(
    found: WorkOrder,
    form: Any,  # Any: a form with a version
    do: Callable[[WorkOrder, Any], None],  # Any: an instant
    *,
    title: str,
    verb: str,
    done: str,
    says: str,
) -> Page:
    page = {"work": found, "heading": title, "verb": verb, "says": says, "back": _address(found)}
    if not form.is_submitted():
        form.version.data = str(found.version)
        return render_template("visits/work_end.html", form=form, **page)
    if not form.validate():
        return show_again("visits/work_end.html", form, **page)
    actor_id, at = viewer().user_id, clock.now()
    act = carry_out(
        lambda: do(work.work_for_change(found.id), at),
        project_id=found.project_id,
        actor_id=actor_id,
        at=at,
        needs=NEEDS.value,
        title=title,
        verb=verb,
        back=_address(found),
    )
    if not isinstance(act, undo.Act):
        return act
    undo.tell(act, done)
    return redirect(_address(found), code=303)


def _address(found: WorkOrder) -> str:
    return url_for("visits.work_order", key=found.project.key, number=found.number)


def _offer(form: forms.WorkForm, project: Project, found: WorkOrder | None = None) -> None:
    """Give the form its choices."""
    form.milestone.choices = forms.choices(
        [(0, _("None")), *((each.id, localized(each.name)) for each in project.planned)]
    )
    codes = dict.fromkeys([*workforce.skill_codes(), *([found.skill] if found and found.skill else [])])
    form.skill.choices = forms.choices([("", _("None")), *((code, code) for code in codes)])
    assets = equipment.assets_of_account(project.account_id)
    form.asset.choices = forms.choices(
        [(0, _("None, or not known yet")), *((each.id, equipment.called(each)) for each in assets)]
    )


def _as_it_is(found: WorkOrder) -> dict[str, object]:
    return {
        "title": found.title,
        "kind": found.kind.value,
        "milestone": found.milestone_id or 0,
        "asset": found.asset_id or 0,
        "hours": round(found.minutes / 60, 2),
        "crew": found.crew,
        "skill": found.skill,
        "level": found.level,
        "tools": "\n".join(found.tools),
        "needs_customer": found.needs_customer,
        "note": found.note,
    }
