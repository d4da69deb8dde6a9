"""A technician's own calendars: which count, how each is doing. Only their owner sees these pages."""

from dataclasses import dataclass
from datetime import datetime

from flask import flash, redirect, render_template, url_for
from flask_babel import gettext as _

from concierge.identity.guard import requires, viewer
from concierge.identity.permissions import Permission
from concierge.platform import clock, fetching
from concierge.platform.database import unit_of_work
from concierge.platform.errors import NotFound, Refused
from concierge.platform.once import taken_once
from concierge.platform.web import show_again
from concierge.workforce import forms, queries
from concierge.workforce.actions import own_calendars as actions
from concierge.workforce.models import OwnCalendar, Technician
from concierge.workforce.states import OwnCalendarState
from concierge.workforce.views.blueprint import Page, bp

LIST = "workforce/own_calendars.html"
EDIT = "workforce/own_calendar.html"


@dataclass(frozen=True, slots=True)
class Shown:
    """One calendar as its owner sees it."""

    calendar_id: int
    name: str
    server: str
    """Of its address only who holds it; all of it is on the page where it is changed."""
    state: OwnCalendarState
    problem: str
    fetched_at: datetime | None
    due_at: datetime
    count: int
    """Times still to come at which it says its owner is taken."""


@bp.get("/settings/calendars")
@requires(Permission.WORK_VISITS)
def own_calendars() -> Page:
    """Show which calendars of one's own count, and how each is doing."""
    return render_template(LIST, form=forms.OwnCalendarForm(), **_context())


@bp.post("/settings/calendars")
@requires(Permission.WORK_VISITS)
def add_own_calendar() -> Page:
    """Let a calendar count."""
    technician = _myself()
    form = forms.OwnCalendarForm()
    if not form.validate_on_submit():
        return show_again(LIST, form, **_context())
    try:
        with unit_of_work(), taken_once(by=viewer().user_id) as outcome:
            outcome.led_to = url_for("workforce.own_calendars")
            actions.add(
                technician,
                name=form.name.data or "",
                address=form.address.data or "",
                actor_id=viewer().user_id,
                at=clock.now(),
            )
    except Refused as refusal:
        form.address.errors = [*form.address.errors, refusal.sentence]
        return show_again(LIST, form, **_context())
    flash(_("The calendar counts. It is read within a minute."))
    return redirect(url_for("workforce.own_calendars"), code=303)


@bp.route("/settings/calendars/<int:own_calendar_id>/edit", methods=["GET", "POST"])
@requires(Permission.WORK_VISITS)
def edit_own_calendar(own_calendar_id: int) -> Page:
    """Call a calendar otherwise, or give it another address."""
    calendar = queries.own_calendar_of(viewer().user_id, own_calendar_id)
    form = forms.OwnCalendarForm(obj=calendar)
    if not form.is_submitted():
        return render_template(EDIT, form=form, name=calendar.name)
    if not form.validate():
        return show_again(EDIT, form, name=calendar.name)
    try:
        with unit_of_work():
            actions.change(
                actions.owned(own_calendar_id, user_id=viewer().user_id),
                name=form.name.data or "",
                address=form.address.data or "",
                actor_id=viewer().user_id,
                at=clock.now(),
            )
    except fetching.Unfetched as refusal:
        form.address.errors = [*form.address.errors, refusal.sentence]
        return show_again(EDIT, form, name=calendar.name)
    flash(_("Saved."))
    return redirect(url_for("workforce.own_calendars"), code=303)


@bp.post("/settings/calendars/<int:own_calendar_id>/reading")
@requires(Permission.WORK_VISITS)
def read_own_calendar(own_calendar_id: int) -> Page:
    """Have a calendar read as soon as possible."""
    with unit_of_work():
        calendar = actions.owned(own_calendar_id, user_id=viewer().user_id)
        actions.read_now(calendar, at=clock.now())
    flash(_("The calendar is read within a minute."))
    return redirect(url_for("workforce.own_calendars"), code=303)


@bp.post("/settings/calendars/<int:own_calendar_id>/removal")
@requires(Permission.WORK_VISITS)
def remove_own_calendar(own_calendar_id: int) -> Page:
    """Let a calendar count no longer."""
    with unit_of_work():
        calendar = actions.owned(own_calendar_id, user_id=viewer().user_id)
        actions.remove(calendar, actor_id=viewer().user_id, at=clock.now())
    flash(_("The calendar counts no longer; its times are forgotten."))
    return redirect(url_for("workforce.own_calendars"), code=303)


def _myself() -> Technician:
    """The technician who looks.

    :raises NotFound: when the viewer is none.
    """
    technician = queries.technician_of(viewer().user_id)
    if technician is None:
        raise NotFound
    return technician


def _context() -> dict[str, object]:
    user_id = viewer().user_id
    calendars = queries.own_calendars_of(user_id)
    counts = queries.busy_counts([calendar.id for calendar in calendars], from_at=clock.now())
    return {
        "is_technician": queries.technician_of(user_id) is not None,
        "calendars": [_shown(calendar, counts.get(calendar.id, 0)) for calendar in calendars],
        "most": actions.MOST,
        "zone": viewer().zone,
    }


def _shown(calendar: OwnCalendar, count: int) -> Shown:
    return Shown(
        calendar_id=calendar.id,
        name=calendar.name,
        server=calendar.address.split("/")[2],
        state=calendar.state,
        problem=calendar.problem,
        fetched_at=calendar.fetched_at,
        due_at=calendar.due_at,
        count=count,
    )
