"""Changing working days: closures, the home office, absences, the hours and closures of a site.

Every change becomes a proposal; where plans depend on it a page shows what would move before anything is written.
"""

import json
from collections.abc import Iterable
from dataclasses import replace
from datetime import time
from http import HTTPStatus
from typing import Any
from zlib import crc32

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response
from wtforms.fields import SelectChoice  # type: ignore[attr-defined]  # newer than its stubs

from concierge.accounts import clocks
from concierge.accounts import forms as site_forms
from concierge.accounts.models import Site
from concierge.core.worktime import WEEKDAYS
from concierge.home.views.blueprint import bp
from concierge.home.views.calendars import country_choices, day_names
from concierge.identity import queries as people
from concierge.identity.guard import requires, viewer
from concierge.identity.permissions import Permission
from concierge.platform import clock
from concierge.platform.clashes import (
    Change,
    ChangedMeanwhile,
    Edited,
    Met,
    changed_facts,
    kept_facts,
    meet,
)
from concierge.platform.database import unit_of_work
from concierge.platform.errors import NotFound, Refused
from concierge.platform.forms import Form
from concierge.platform.once import taken_once
from concierge.platform.web import show_again
from concierge.projects.actions import calendar_changes as changes
from concierge.projects.actions import replanning
from concierge.projects.actions.calendar_changes import CalendarChange, ChangeKind
from concierge.projects.queries import replanning as queries
from concierge.projects.states import CalendarProposalState
from concierge.workforce import forms
from concierge.workforce import queries as workforce
from concierge.workforce.calendars import place_calendar

Page = str | Response | tuple[str, int]


@bp.route("/calendars/closures/new", methods=["GET", "POST"])
@requires(Permission.EDIT_PROJECTS)
def new_closure() -> Page:
    """Close the company on some days."""
    form = forms.ClosureForm()
    if not form.validate_on_submit():
        return _closure_page(form)
    change = _with_days(CalendarChange(kind=ChangeKind.CLOSURE), form)
    return _propose(
        change, title=change.name, form=form, shown=_closure_page, back=url_for("home.calendars_page")
    )


@bp.route("/calendars/closures/<int:closure_id>/edit", methods=["GET", "POST"])
@requires(Permission.EDIT_PROJECTS)
def edit_closure(closure_id: int) -> Page:
    """Put a closure of the company on other days, or call it otherwise."""
    row = queries.closure_by_id(closure_id)
    before = changes.closure_as_it_is(row)
    form = forms.ClosureForm(obj=row)

    def shown(form: Form, met: Met | None = None) -> Page:
        return _closure_page(form, closure=row, met=met)

    if not form.validate_on_submit():
        return _first_seen(form, before, shown)
    by = people.last_change(
        "ClosureEntered", "ClosureChanged", name=row.name, first_on=row.first_on.isoformat()
    )
    if met := _met(form, forms.ClosureForm(formdata=None, obj=row), before, by):
        return shown(form, met)
    change = _with_days(replace(before, before=before), form)
    return _propose(change, title=change.name, form=form, shown=shown, back=url_for("home.calendars_page"))


@bp.post("/calendars/closures/<int:closure_id>/removal")
@requires(Permission.EDIT_PROJECTS)
def remove_closure(closure_id: int) -> Page:
    """Let the company work on those days after all."""
    before = changes.closure_as_it_is(queries.closure_by_id(closure_id))
    change = replace(before, removes=True, before=before)
    return _propose(change, title=before.name, back=url_for("home.calendars_page"))


@bp.route("/calendars/home", methods=["GET", "POST"])
@requires(Permission.EDIT_PROJECTS)
def home_office() -> Page:
    """Say where our own people work."""
    office = queries.home_office()
    form = forms.HomeForm(obj=office)
    _offer_places(form)
    before = changes.home_as_it_is(office) or CalendarChange(kind=ChangeKind.HOME)

    def shown(form: Form, met: Met | None = None) -> Page:
        return _form_page("home/calendar_home.html", form, office=office, met=met)

    if not form.validate_on_submit():
        return _first_seen(form, before, shown)
    theirs = forms.HomeForm(formdata=None, obj=office)
    _offer_places(theirs)
    if met := _met(form, theirs, before, people.last_change("HomeOfficeSet")):
        return shown(form, met)
    country, subdivision = form.country.data or "", (form.subdivision.data or "").upper()
    change = CalendarChange(
        kind=ChangeKind.HOME,
        name=form.name.data or "",
        country=country,
        subdivision=subdivision.removeprefix(f"{country}-"),
        zone=form.zone.data or clocks.zone_of(country, subdivision),
    )
    return _propose(change, title=change.name, form=form, shown=shown, back=url_for("home.calendars_page"))


@bp.route("/calendars/absences/new", methods=["GET", "POST"])
@requires(Permission.SCHEDULE_VISITS)
def new_absence() -> Page:
    """Note that a technician is away."""
    technicians = workforce.technicians()
    form = forms.AbsenceForm()
    form.user_id.choices = [
        SelectChoice(technician.user_id, technician.user.name) for technician in technicians
    ]
    if not form.is_submitted() and (chosen := request.args.get("technician", type=int)):
        form.user_id.data = chosen

    def shown(form: Form) -> Page:
        return _form_page("home/calendar_absence.html", form)

    if not form.validate_on_submit():
        return shown(form)
    name = next(one.user.name for one in technicians if one.user_id == form.user_id.data)
    change = CalendarChange(
        kind=ChangeKind.ABSENCE,
        user_id=form.user_id.data,
        word=form.word.data,
        name=name,
        first_on=form.first_on.data,
        last_on=form.last_on.data,
        from_time=changes.clock_text(form.from_time.data),
        to_time=changes.clock_text(form.to_time.data),
    )
    return _propose(change, title=name, form=form, shown=shown, back=url_for("home.calendars_page"))


@bp.post("/calendars/absences/<int:absence_id>/removal")
@requires(Permission.SCHEDULE_VISITS)
def remove_absence(absence_id: int) -> Page:
    """Note that a technician is not away after all."""
    absence, technician = queries.absence_by_id(absence_id)
    before = changes.absence_as_it_is(absence, user_id=technician.user_id, name=technician.user.name)
    change = replace(before, removes=True, before=before)
    return _propose(change, title=before.name, back=url_for("home.calendars_page"))


@bp.route("/calendars/sites/<int:site_id>/place", methods=["GET", "POST"])
@requires(Permission.EDIT_ACCOUNTS)
def site_place(site_id: int) -> Page:
    """Say where a site is; its public holidays and its clock follow."""
    site = queries.site_with_days(site_id)
    before = changes.site_place_as_it_is(site)
    form = site_forms.SitePlaceForm(obj=site)
    _offer_places(form)

    def shown(form: Form, met: Met | None = None) -> Page:
        return _form_page("home/calendar_place.html", form, site=site, met=met)

    if not form.validate_on_submit():
        return _first_seen(form, before, shown)
    theirs = site_forms.SitePlaceForm(formdata=None, obj=site)
    _offer_places(theirs)
    if met := _met(form, theirs, before, people.last_change("SiteChanged", site_id=site.id)):
        return shown(form, met)
    country, subdivision = form.country.data or "", (form.subdivision.data or "").upper()
    change = replace(
        before,
        before=before,
        country=country,
        subdivision=subdivision.removeprefix(f"{country}-"),
        zone=form.zone.data or clocks.zone_of(country, subdivision),
    )
    back = url_for("home.site_days", site_id=site.id)
    return _propose(change, title=site.name, form=form, shown=shown, back=back)


@bp.route("/calendars/sites/<int:site_id>/hours", methods=["GET", "POST"])
@requires(Permission.EDIT_ACCOUNTS)
def site_hours(site_id: int) -> Page:
    """Say at which hours of the week a site lets us in."""
    site = queries.site_with_days(site_id)
    form = site_forms.SiteHoursForm(data=_week_of(_hours_of(site)))

    facts = _hours_facts(changes.site_hours_as_they_are(site))

    def shown(form: Form) -> Page:
        loaded = kept_facts(facts)
        return _form_page("home/calendar_hours.html", form, site=site, weekdays=day_names(), loaded=loaded)

    if not form.validate_on_submit():
        return shown(form)
    if changed := changed_facts(request.form.get("loaded"), facts):
        by = people.last_change("SiteHoursSet", site_id=site.id)
        raise ChangedMeanwhile(changed, by.words(viewer().zone))
    change = CalendarChange(
        kind=ChangeKind.SITE_HOURS, site_id=site.id, name=site.name, hours=_hours_in(form)
    )
    back = url_for("home.site_days", site_id=site.id)
    return _propose(change, title=site.name, form=form, shown=shown, back=back)


@bp.route("/calendars/sites/<int:site_id>/closures/new", methods=["GET", "POST"])
@requires(Permission.EDIT_ACCOUNTS)
def new_site_closure(site_id: int) -> Page:
    """Note a shutdown or a frozen period of a site."""
    site = queries.site_with_days(site_id)
    form = site_forms.SiteClosureForm()

    def shown(form: Form) -> Page:
        return _form_page("home/calendar_site_closure.html", form, site=site, closure=None, met=None)

    if not form.validate_on_submit():
        return shown(form)
    change = _with_days(
        CalendarChange(kind=ChangeKind.SITE_CLOSURE, site_id=site.id, word=form.kind.data), form
    )
    back = url_for("home.site_days", site_id=site.id)
    return _propose(change, title=f"{change.name}, {site.name}", form=form, shown=shown, back=back)


@bp.route("/calendars/sites/<int:site_id>/closures/<int:closure_id>/edit", methods=["GET", "POST"])
@requires(Permission.EDIT_ACCOUNTS)
def edit_site_closure(site_id: int, closure_id: int) -> Page:
    """Put a shutdown or frozen period of a site on other days, or call it otherwise."""
    site = queries.site_with_days(site_id)
    row = next((one for one in site.closures if one.id == closure_id), None)
    if row is None:
        raise NotFound
    before = changes.site_closure_as_it_is(row)
    form = site_forms.SiteClosureForm(obj=row)
    if not form.is_submitted():
        form.kind.data = row.kind.value

    def shown(form: Form, met: Met | None = None) -> Page:
        return _form_page("home/calendar_site_closure.html", form, site=site, closure=row, met=met)

    if not form.validate_on_submit():
        return _first_seen(form, before, shown)
    theirs = site_forms.SiteClosureForm(formdata=None, obj=row)
    theirs.kind.data = row.kind.value
    by = people.last_change(
        "SiteClosureEntered", "SiteClosureChanged", site_id=site.id, first_on=row.first_on.isoformat()
    )
    if met := _met(form, theirs, before, by):
        return shown(form, met)
    change = _with_days(replace(before, before=before, word=form.kind.data), form)
    back = url_for("home.site_days", site_id=site.id)
    return _propose(change, title=f"{change.name}, {site.name}", form=form, shown=shown, back=back)


@bp.post("/calendars/sites/<int:site_id>/closures/<int:closure_id>/removal")
@requires(Permission.EDIT_ACCOUNTS)
def remove_site_closure(site_id: int, closure_id: int) -> Page:
    """Let work go on at a site on those days after all."""
    site = queries.site_with_days(site_id)
    row = next((one for one in site.closures if one.id == closure_id), None)
    if row is None:
        raise NotFound
    before = changes.site_closure_as_it_is(row)
    change = replace(before, removes=True, before=before)
    back = url_for("home.site_days", site_id=site.id)
    return _propose(change, title=f"{before.name}, {site.name}", back=back)


def _propose(
    change: CalendarChange, *, title: str, back: str, form: Form | None = None, shown: Any = None
) -> Page:  # Any: the function that shows the form again
    """Propose a change and go where it leads: done, to a decision, or to a job that works out what would move."""
    try:
        with unit_of_work(), taken_once(by=viewer().user_id) as outcome:
            proposal = replanning.propose(change, title=title, actor_id=viewer().user_id, at=clock.now())
            outcome.led_to = _way(proposal.state, proposal.id, proposal.job_id, back)
    except Refused as refused:
        if form is None or shown is None:
            raise
        form.form_errors.append(refused.sentence)
        page = shown(form)
        return (page if isinstance(page, str) else page[0]), HTTPStatus.UNPROCESSABLE_ENTITY
    if proposal.state is CalendarProposalState.APPLIED:
        flash(_("Saved. No plan depends on it, so nothing moved."))
    return redirect(outcome.led_to or back, code=303)


def _way(state: CalendarProposalState, proposal_id: int, job_id: int | None, back: str) -> str:
    if state is CalendarProposalState.APPLIED:
        return back
    if state is CalendarProposalState.FORESEEING and job_id is not None:
        return f"/jobs/{job_id}"
    return url_for("home.calendar_change", proposal_id=proposal_id)


def _form_page(
    template: str, form: Form, *, met: Met | None = None, **context: Any
) -> Page:  # Any: values for the page
    if met is not None:
        return render_template(template, form=form, met=met, **context), HTTPStatus.CONFLICT
    if form.is_submitted():
        return show_again(template, form, met=met, **context)
    return render_template(template, form=form, met=met, **context)


def _closure_page(form: Form, *, closure: Any = None, met: Met | None = None) -> Page:  # Any: its row
    return _form_page("home/calendar_closure.html", form, closure=closure, met=met)


def _first_seen(form: Edited, before: CalendarChange, shown: Any) -> Page:  # Any: what shows the form
    """The form as it is first shown, with a mark of the row it was filled from."""
    if not form.is_submitted():
        form.load(_mark(before))
    page: Page = shown(form)
    return page


def _met(mine: Edited, theirs: Edited, before: CalendarChange, by: Change) -> Met | None:
    """What somebody else changed since the form was loaded; None when it can be saved."""
    return meet(mine, theirs, version=_mark(before), by=by, zone=viewer().zone)


def _mark(change: CalendarChange) -> int:
    """A number that tells one state of a row from another."""
    return crc32(json.dumps(changes.as_json(change), sort_keys=True).encode())


def _with_days(change: CalendarChange, form: Any) -> CalendarChange:  # Any: one of the forms of closures
    return replace(
        change,
        name=" ".join((form["name"].data or "").split()),
        first_on=form["first_on"].data,
        last_on=form["last_on"].data,
        from_time=changes.clock_text(form["from_time"].data),
        to_time=changes.clock_text(form["to_time"].data),
    )


def _offer_places(form: Any) -> None:  # Any: a form with a country and a zone
    form.country.choices = [
        SelectChoice("", _("Choose")),
        *(SelectChoice(*one) for one in country_choices()),
    ]
    form.zone.choices = [
        SelectChoice("", _("The country's")),
        *(SelectChoice(one, one) for one in clocks.zones()),
    ]


def _hours_of(site: Site) -> list[tuple[int, time, time]]:
    """The hours of a site as its form begins: its own, else its access hours on the week of its country."""
    if site.hours:
        return [(row.weekday, row.opens, row.closes) for row in site.hours]
    weekend = place_calendar(*site.region).weekend
    return [(number, site.access_from, site.access_to) for number in range(7) if number not in weekend]


def _hours_facts(hours: CalendarChange) -> dict[str, str]:
    """The hours of a site in words, a weekday each: for a form to carry, so that nobody overwrites them unseen."""
    return {
        name: ", ".join(f"{opens}–{closes}" for weekday, opens, closes in hours.hours if weekday == number)
        or _("nothing")
        for number, name in enumerate(day_names())
    }


def _week_of(hours: Iterable[tuple[int, time, time]]) -> dict[str, dict[str, time]]:
    """What the form of a week is filled with, from stretches in their order."""
    week: dict[str, dict[str, time]] = {name.lower(): {} for name in WEEKDAYS}
    for weekday, opens, closes in hours:
        row = week[WEEKDAYS[weekday].lower()]
        again = "_again" if row else ""
        row |= {f"opens{again}": opens, f"closes{again}": closes}
    return week


def _hours_in(form: site_forms.SiteHoursForm) -> tuple[tuple[int, str, str], ...]:
    return tuple(
        (weekday, changes.clock_text(opens.data), changes.clock_text(closes.data))
        for weekday, row in enumerate(form.week)
        for opens, closes in ((row.opens, row.closes), (row.opens_again, row.closes_again))
        if opens.data is not None and closes.data is not None
    )
