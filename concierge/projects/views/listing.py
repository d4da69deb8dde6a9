"""The list of projects, as rows or as lines on one axis."""

from collections.abc import Sequence
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

from flask import Response, render_template, request, url_for
from flask_babel import gettext as _

from concierge.core import axis
from concierge.core.spans import days
from concierge.identity.guard import requires, viewer
from concierge.identity.permissions import Permission
from concierge.platform import clock
from concierge.platform.words import day, slip
from concierge.projects import queries
from concierge.projects.models import Project
from concierge.projects.states import Health
from concierge.projects.verdict import LOOKS, health_words, pill_words
from concierge.projects.views.blueprint import bp

OPEN = (Health.LATE, Health.AT_RISK, Health.DRAFT, Health.ON_TRACK)


@bp.get("/projects")
@requires(Permission.SEE_PROJECTS)
def projects() -> str | Response:
    """List the projects that the viewer may see."""
    wanted = _filter()
    page = queries.projects_page(viewer(), wanted)
    counts = queries.counts_by_health(viewer())
    view = "lines" if request.args.get("view") == "lines" else "list"
    return render_template(
        "projects/list.html",
        page=page,
        wanted=wanted,
        view=view,
        picture=_picture(page.projects) if view == "lines" and page.projects else None,
        late=counts.get(Health.LATE, 0),
        risky=counts.get(Health.AT_RISK, 0),
        parts=_parts(counts),
        hidden={"view": "lines"} if view == "lines" else {},
        page_url=_address(page="{page}").replace("%7Bpage%7D", "{page}"),
        open_count=sum(counts.get(health, 0) for health in OPEN),
        healths=[("all", _("All projects")), *((health.value, health_words(health)) for health in Health)],
        health=request.args.get("health", ""),
        address=_address,
        chips=_chips(wanted),
    )


@bp.get("/accounts/<int:account_id>/projects")
@requires(Permission.SEE_ACCOUNTS)
def of_account(account_id: int) -> str:
    """The projects of one account, as a part of its page."""
    rows = queries.projects_of_account(viewer(), account_id)
    return render_template("projects/_of_account.html", projects=rows)


def _filter() -> queries.Filter:
    asked = request.args
    return queries.Filter(
        text=asked.get("q", "")[:100],
        health=_healths(),
        country=asked.get("country", "")[:2],
        account_id=asked.get("account", type=int),
        mine=asked.get("mine") == "1",
        sort=asked.get("sort", "slip"),
        page=max(1, asked.get("page", 1, type=int)),
    )


def _healths() -> tuple[str, ...]:
    """The states asked for; projects that have ended are shown only when they are."""
    wanted = tuple(value for value in request.args.getlist("health") if value)
    if "all" in wanted or (not wanted and request.args.get("q")):
        return ()
    return wanted or tuple(health.value for health in OPEN)


def _address(**changes: Any) -> str:  # Any: values of the address
    """This page's address with some of its parts changed; None takes a part out."""
    parts: dict[str, Any] = {name: request.args.getlist(name) for name in request.args}
    parts.update(changes)
    return url_for(
        "projects.projects", **{name: value for name, value in parts.items() if value not in (None, [], "")}
    )


def _parts(counts: dict[Health, int]) -> list[tuple[str, int, str, str]]:
    return [
        (
            LOOKS[health][0],
            counts[health],
            f"{counts[health]} {health_words(health).lower()}",
            _address(health=health.value, page=None),
        )
        for health in (Health.ON_TRACK, Health.DRAFT, Health.AT_RISK, Health.LATE)
        if counts.get(health)
    ]


def _chips(wanted: queries.Filter) -> list[tuple[str, str]]:
    known = {health.value: health_words(health) for health in Health}
    chips = []
    if wanted.text:
        chips.append((f"“{wanted.text}”", _address(q=None, page=None)))
    chosen = [value for value in request.args.getlist("health") if value in known]
    for value in chosen:
        rest = [other for other in chosen if other != value]
        chips.append((known.get(value, value), _address(health=rest, page=None)))
    if wanted.country:
        chips.append((wanted.country.upper(), _address(country=None, page=None)))
    if wanted.account_id is not None:
        chips.append((_("One account"), _address(account=None, page=None)))
    if wanted.mine:
        chips.append((_("Mine"), _address(mine=None, page=None)))
    return chips


def _picture(projects: Sequence[Project]) -> SimpleNamespace:
    today = clock.today("UTC")
    shown = [_line(project) for project in projects]
    dates = [
        on
        for project in projects
        for on in (project.promised_handover_on, project.forecast_handover_on, project.starts_on)
        if on and abs((on - today).days) < 500
    ]
    scale = axis.day_axis(dates or [today, today + timedelta(days=30)], today=today)
    rows = [
        SimpleNamespace(
            name=project.account.name,
            meta=f"{project.key} · {project.name.partition(': ')[2] or project.name}",
            state=LOOKS[project.health][0],
            icon=LOOKS[project.health][1],
            url=url_for("home.project", key=project.key),
            value=day(project.forecast_handover_on),
            mark=slip(project.slip_workdays) if project.promised_handover_on else "",
            tone="bad" if project.slip_workdays > 0 else "ok",
            note=_("promised %(on)s", on=day(project.promised_handover_on, weekday=False))
            if project.promised_handover_on
            else pill_words(project),
            total=False,
            drawing=drawing,
        )
        for project, drawing in zip(projects, axis.draw_plan(shown, scale), strict=True)
    ]
    return SimpleNamespace(axis=scale, rows=rows)


def _line(project: Project) -> axis.PlanLine:
    promised, forecast = project.promised_handover_on, project.forecast_handover_on
    is_done = project.health is Health.DONE
    return axis.PlanLine(
        key=project.key,
        promised=days(promised, promised) if promised else None,
        done=days(forecast, forecast) if is_done and forecast else None,
        forecast=days(forecast, forecast) if forecast and not is_done else None,
        is_point=True,
        state=LOOKS[project.health][0],
        track_from=project.starts_on,
    )
