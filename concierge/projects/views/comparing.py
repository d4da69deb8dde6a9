"""Plans that were kept, and today's plan beside any of them or beside the one of a day that has passed."""

from collections.abc import Mapping, Sequence
from datetime import date
from types import SimpleNamespace as Shown
from typing import Any
from urllib.parse import urlencode

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext

from concierge.catalogue.states import MilestoneKind
from concierge.core import axis
from concierge.core.compare import Change, Comparison, Dated, Row
from concierge.core.spans import Span, days
from concierge.core.worktime import WorkCalendar, workdays_between
from concierge.identity.guard import requires, viewer
from concierge.identity.permissions import Permission
from concierge.platform import clock
from concierge.platform.database import unit_of_work
from concierge.platform.errors import NotFound, Refused
from concierge.platform.web import show_again
from concierge.platform.words import day, localized, slip, workdays
from concierge.projects import forms, queries
from concierge.projects.actions import approving
from concierge.projects.actions.judging import handover_of
from concierge.projects.actions.laying_out import calendar_of
from concierge.projects.models import Baseline, Milestone, Project
from concierge.projects.queries import comparing
from concierge.projects.queries.comparing import Compared
from concierge.projects.verdict import milestone_look
from concierge.projects.views.acts import Page
from concierge.projects.views.blueprint import bp
from concierge.projects.words import baseline_name


@bp.get("/projects/<key>/compare")
@requires(Permission.SEE_PROJECTS)
def compare(key: str) -> Page:
    """Show what moved, came in and left since a baseline or a day; the address holds the choice."""
    project = queries.project_by_key(viewer(), key)
    if request.args.get("on"):
        wanted = f"day:{request.args['on'][:10]}"
        address = url_for("projects.compare", key=project.key)
        return redirect(f"{address}?{urlencode({'with': wanted})}", code=303)
    baselines = comparing.named_baselines(project.id)
    began_on = clock.day_at(project.created_at, project.site.zone)
    wanted = request.args.get("with", "")[:40] or _usual(baselines, began_on)
    calendar = calendar_of(project)
    page: dict[str, Any] = {  # Any: values for the page
        "project": project,
        "wanted": wanted,
        "choices": _choices(baselines, project.site.zone),
        "today": clock.today(project.site.zone),
        "began_on": began_on,
        "only": request.args.get("only") == "changed",
    }
    try:
        found = comparing.compared(project, wanted, calendar=calendar, at=clock.now())
    except Refused as refusal:
        return render_template("projects/compare.html", found=None, refusal=refusal.sentence, **page), 422
    shown = [row for row in found.comparison.rows if not page["only"] or row.change is not Change.SAME]
    return render_template(
        "projects/compare.html",
        found=found,
        title=_title(found, project.site.zone),
        lead=_lead(project, found.comparison, calendar),
        counts=_counts(found.comparison),
        rows=[_told(row, found.names) for row in found.comparison.rows if row.change is not Change.SAME],
        picture=_picture(project, shown, found.names, calendar, page["today"]) if shown else None,
        **page,
    )


@bp.get("/projects/<key>/baselines")
@requires(Permission.SEE_PROJECTS)
def baselines(key: str) -> Page:
    """List the plans that were kept."""
    project = queries.project_by_key(viewer(), key)
    return render_template("projects/baselines.html", form=forms.KeepPlan(formdata=None), **_kept(project))


@bp.post("/projects/<key>/baselines")
@requires(Permission.EDIT_PROJECTS)
def keep_plan(key: str) -> Page:
    """Keep the plan as it is now under a name."""
    project = queries.project_by_key(viewer(), key)
    form = forms.KeepPlan()
    if not form.validate_on_submit():
        return show_again("projects/baselines.html", form, **_kept(project))
    try:
        with unit_of_work():
            _project, kept = approving.keep_plan(
                project.id,
                name=form.name.data or "",
                note=form.note.data or "",
                actor_id=viewer().user_id,
                at=clock.now(),
            )
            number = kept.number
    except Refused as refusal:
        project = queries.project_by_key(viewer(), key)
        form.name.errors = [refusal.sentence]
        return show_again("projects/baselines.html", form, **_kept(project))
    flash(_("The baseline is taken. Nobody can change it from now on."))
    return redirect(url_for("projects.baseline", key=project.key, number=number), code=303)


@bp.get("/projects/<key>/baselines/<int:number>")
@requires(Permission.SEE_PROJECTS)
def baseline(key: str, number: int) -> Page:
    """Show one plan that was kept, as it was."""
    project = queries.project_by_key(viewer(), key)
    try:
        kept = comparing.baseline_of(project, str(number))
    except Refused as refusal:
        raise NotFound from refusal
    ids = {one.key: one.id for one in project.milestones}
    return render_template("projects/baseline.html", project=project, baseline=kept, ids=ids)


def _kept(project: Project) -> dict[str, Any]:  # Any: values for the page
    return {"project": project, "baselines": comparing.named_baselines(project.id)}


def _usual(baselines: Sequence[Baseline], began_on: date) -> str:
    """What is compared with when the address does not say: the first plan, else that of the first day."""
    return f"baseline:{baselines[-1].number}" if baselines else f"day:{began_on}"


def _choices(baselines: Sequence[Baseline], zone: str) -> list[tuple[str, str]]:
    kept = [
        (
            f"baseline:{one.number}",
            _(
                "%(number)s · %(name)s, %(day)s",
                number=one.number,
                name=baseline_name(one, zone),
                day=day(clock.day_at(one.taken_at, zone)),
            ),
        )
        for one in baselines
    ]
    return [
        *kept,
        ("yesterday", _("Yesterday’s plan")),
        ("week", _("Last week’s plan")),
        ("month", _("The plan of four weeks ago")),
    ]


def _title(found: Compared, zone: str) -> str:
    if found.baseline is not None:
        return _("What changed since “%(name)s”", name=baseline_name(found.baseline, zone))
    return _("What changed since %(day)s", day=day(found.as_of))


def _counts(comparison: Comparison) -> list[tuple[str, int, str]]:
    """State, number and words of each kind of change."""
    later, earlier = comparison.later, comparison.earlier
    added, removed = comparison.count(Change.ADDED), comparison.count(Change.REMOVED)
    within = comparison.count(Change.MOVED) - later - earlier
    return [
        ("warn", later, ngettext("%(num)s finishes later", "%(num)s finish later", later)),
        ("ok", earlier, ngettext("%(num)s finishes earlier", "%(num)s finish earlier", earlier)),
        (
            "idle",
            within,
            ngettext("%(num)s only starts on another day", "%(num)s only start on another day", within),
        ),
        ("go", added, ngettext("%(num)s was added", "%(num)s were added", added)),
        ("idle", removed, ngettext("%(num)s was removed", "%(num)s were removed", removed)),
    ]


def _lead(project: Project, comparison: Comparison, calendar: WorkCalendar) -> str:
    last = handover_of(project.milestones)
    row = next((one for one in comparison.rows if one.key == last.key), None)
    if comparison.is_same:
        return _("Nothing: every milestone has the same days.")
    if row is None or row.before is None or row.after is None:
        return _("The plan had another end then.")
    moved = workdays_between(calendar, row.before.finish_on, row.after.finish_on)
    words = {"before": day(row.before.finish_on), "after": day(row.after.finish_on)}
    if row.before.finish_on == row.after.finish_on:
        return _("Handover stays on %(after)s.", **words)
    if moved > 0:
        return _(
            "Handover moved from %(before)s to %(after)s, %(days)s later.", days=workdays(moved), **words
        )
    if moved < 0:
        return _(
            "Handover moved from %(before)s to %(after)s, %(days)s earlier.", days=workdays(moved), **words
        )
    return _("Handover moved from %(before)s to %(after)s, no working day apart.", **words)


def _told(row: Row, names: Mapping[str, Mapping[str, str]]) -> Shown:
    words = {
        Change.MOVED: _("moved"),
        Change.ADDED: _("added"),
        Change.REMOVED: _("removed"),
        Change.SAME: _("unchanged"),
    }
    return Shown(
        name=localized(names.get(row.key)) or row.key,
        change=row.change.value,
        words=words[row.change],
        before=row.before,
        after=row.after,
        start_moved=row.start_workdays,
        finish_moved=row.finish_workdays,
        state=_state(row),
    )


def _state(row: Row) -> str:
    if row.change is Change.MOVED:
        return "warn" if row.finish_workdays > 0 else "ok" if row.finish_workdays < 0 else "idle"
    return "go" if row.change is Change.ADDED else "idle"


def _picture(
    project: Project,
    shown: list[Row],
    names: Mapping[str, Mapping[str, str]],
    calendar: WorkCalendar,
    today: date,
) -> Shown:
    milestones = {one.key: one for one in project.milestones}
    drawn = [_line(row, milestones.get(row.key)) for row in shown]
    ends = [end for row in shown for end in (row.before, row.after) if end is not None]
    dates = [on for end in ends for on in (end.start_on, end.finish_on)]
    scale = axis.day_axis(dates, today=today, is_off=lambda on: not calendar.is_workday(on))
    rows = [
        _row(project, row, milestones.get(row.key), names, today, drawing)
        for row, drawing in zip(shown, axis.draw_plan(drawn, scale), strict=True)
    ]
    expected = "moved" if any(line.state == "warn" for line in drawn) else "forecast"
    return Shown(axis=scale, rows=rows, legend=("before", "done", expected))


def _line(row: Row, milestone: Milestone | None) -> axis.PlanLine:
    is_done = row.after is not None and row.after.is_done
    return axis.PlanLine(
        key=row.key,
        before=_span(row.before),
        done=_span(row.after) if is_done else None,
        forecast=None if is_done else _span(row.after),
        is_point=milestone is not None
        and (milestone.workdays == 0 or milestone.kind is MilestoneKind.HANDOVER),
        state="ok" if is_done else "warn" if row.finish_workdays > 0 else "idle",
    )


def _span(end: Dated | None) -> Span[date] | None:
    return days(end.start_on, end.finish_on) if end is not None else None


def _row(
    project: Project,
    row: Row,
    milestone: Milestone | None,
    names: Mapping[str, Mapping[str, str]],
    today: date,
    drawing: axis.Drawing,
) -> Shown:
    state, icon = milestone_look(milestone, today=today) if milestone else ("idle", "circle")
    notes = {
        Change.SAME: _("unchanged"),
        Change.ADDED: _("added"),
        Change.REMOVED: _("was %(on)s", on=day(row.before.finish_on if row.before else None)),
        Change.MOVED: _("was %(on)s", on=day(row.before.finish_on if row.before else None)),
    }
    is_shown = milestone is not None and row.change is not Change.REMOVED
    return Shown(
        name=localized(names.get(row.key)) or row.key,
        meta="",
        state=state,
        icon=icon,
        url=url_for("projects.milestone", key=project.key, milestone_id=milestone.id) if milestone else "",
        value=day(row.after.finish_on) if is_shown and row.after else _("removed"),
        mark=slip(row.finish_workdays),
        tone="warn" if row.finish_workdays > 0 else "ok",
        note=notes[row.change],
        total=milestone is not None and milestone.key == handover_of(project.milestones).key,
        drawing=drawing,
    )
