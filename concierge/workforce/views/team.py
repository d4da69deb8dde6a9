"""The technicians: who they are and what they can do, and changing what dispatch knows of them."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from http import HTTPStatus
from typing import Any
from zlib import crc32

from babel.dates import get_day_names
from flask import redirect, render_template, request, url_for
from flask_babel import get_locale
from flask_babel import gettext as _
from wtforms.fields import SelectChoice  # type: ignore[attr-defined]  # newer than its stubs

from concierge.core.hours import Hours
from concierge.core.travel import degrees
from concierge.identity import queries as identity
from concierge.identity.guard import requires, viewer
from concierge.identity.permissions import Permission
from concierge.platform import clock, undo
from concierge.platform.clashes import Met, meet
from concierge.platform.database import unit_of_work
from concierge.platform.errors import NotFound, Refused, Stale
from concierge.platform.once import taken_once
from concierge.platform.web import show_again
from concierge.workforce import forms, queries
from concierge.workforce.actions import hours as in_hours
from concierge.workforce.actions import technicians as actions
from concierge.workforce.calendars import USUAL_SHIFT, is_country, percent_on, place_calendar
from concierge.workforce.models import Skill, Technician
from concierge.workforce.views.blueprint import Page, bp

SOON = timedelta(days=60)
"""So long before a certificate runs out it is said."""


@dataclass(frozen=True, slots=True)
class Certified:
    """A certification with how long it holds: ``ok``, ``warn`` when it runs out soon, ``bad`` when it has."""

    skill: Skill
    state: str
    days_left: int | None


@dataclass(frozen=True, slots=True)
class Member:
    """A technician in the list."""

    technician: Technician
    languages: str
    hours_a_week: int
    percent: int
    worst: Certified | None
    """The certification that runs out first, when that is soon or over."""
    is_away: bool


@dataclass(frozen=True, slots=True)
class DayOfWeek:
    """A weekday and its hours in words; none: free."""

    name: str
    hours: str


@dataclass(frozen=True, slots=True)
class SingleDay:
    """A date with hours of its own."""

    on: date
    hours: str
    reason: str


@bp.get("/technicians")
@requires(Permission.SEE_PEOPLE)
def team() -> Page:
    """List the technicians: where they live, what they can do, how much of them is free."""
    wanted = request.args.get("territory", "")
    found = [one for one in queries.technicians() if not wanted or one.territory == wanted]
    ids, today = [one.user_id for one in found], clock.today(viewer().zone)
    capacities = queries.capacities(ids, first_on=today, last_on=today)
    away = queries.absences(ids, first_on=today, last_on=today)
    minutes = queries.weekly_minutes(ids)
    members = [
        Member(
            technician=one,
            languages=language_names(one.languages),
            hours_a_week=round(minutes.get(one.user_id, _usual_minutes(one)) / 60),
            percent=percent_on(capacities.get(one.user_id, ()), today),
            worst=_worst(one, today),
            is_away=one.user_id in away,
        )
        for one in found
    ]
    return render_template(
        "workforce/team.html",
        members=members,
        territories=sorted(name for name in queries.team_sizes() if name),
        wanted=wanted,
        may_edit=viewer().may(Permission.MANAGE_WORKFORCE),
        waiting=len(queries.not_yet_technicians()),
    )


@bp.get("/technicians/<int:user_id>")
@requires(Permission.SEE_VISITS)
def profile(user_id: int) -> Page:
    """Show a technician: home base, languages, territories, certifications, hours and what differs from them.

    :raises NotFound: when there is no such technician, or the viewer may not see other people.
    """
    if user_id != viewer().user_id and not viewer().may(Permission.SEE_PEOPLE):
        raise NotFound
    technician = queries.profile_of(user_id)
    today = clock.today(technician.user.zone)
    return render_template(
        "workforce/profile.html",
        technician=technician,
        languages=language_names(technician.languages),
        week=_week_words(technician),
        has_own_hours=bool(technician.hours),
        minutes=_minutes(technician),
        days=_single_days(technician, today),
        capacities=queries.capacities_of(technician.id, from_on=today),
        percent=percent_on(queries.capacities_of(technician.id, from_on=today), today),
        skills=[certified(skill, today) for skill in technician.skills],
        may_edit=viewer().may(Permission.MANAGE_WORKFORCE),
        is_me=user_id == viewer().user_id,
        today=today,
    )


@bp.route("/technicians/new", methods=["GET", "POST"])
@requires(Permission.MANAGE_WORKFORCE)
def new_technician() -> Page:
    """Let a person be sent to sites."""
    people = queries.not_yet_technicians()
    form = forms.NewTechnicianForm()
    form.user_id.choices = [SelectChoice(one.id, one.name) for one in people]
    _offer(form)

    def shown() -> Page:
        return _shown("workforce/technician.html", form, technician=None, met=None, is_nobody=not people)

    if not form.validate_on_submit():
        return shown()
    user = next(one for one in people if one.id == form.user_id.data)
    details, at = _profile_in(form), clock.now()
    with unit_of_work(), taken_once(by=viewer().user_id) as outcome:
        outcome.led_to = url_for("workforce.profile", user_id=user.id)
        technician = actions.add_technician(
            identity.person(viewer(), user.id),
            country=details.country,
            subdivision=details.subdivision,
            city=details.city,
            territory=details.territory,
            weekly_hours=details.weekly_hours,
            actor_id=viewer().user_id,
            at=at,
        )
        actions.change_technician(technician, details, actor_id=viewer().user_id, at=at)
    return redirect(outcome.led_to, code=303)


@bp.route("/technicians/<int:user_id>/edit", methods=["GET", "POST"])
@requires(Permission.MANAGE_WORKFORCE)
def edit_technician(user_id: int) -> Page:
    """Change where a technician lives, what they speak, and which territories they serve."""
    technician = queries.profile_of(user_id)
    form = forms.TechnicianForm(data=_as_it_is(technician))
    _offer(form)

    def shown(met: Met | None = None) -> Page:
        return _shown("workforce/technician.html", form, technician=technician, met=met, is_nobody=False)

    if not form.is_submitted():
        form.load(technician.version)
    if not form.validate_on_submit():
        return shown()
    theirs = forms.TechnicianForm(formdata=None, data=_as_it_is(technician))
    _offer(theirs)
    by = identity.last_change("TechnicianChanged", user_id=user_id)
    if met := meet(form, theirs, version=technician.version, by=by, zone=viewer().zone):
        return shown(met)
    with unit_of_work(), _undoable() as act:
        actions.change_technician(
            queries.profile_of(user_id), _profile_in(form), actor_id=viewer().user_id, at=act.at
        )
    return _done(user_id, act)


@bp.route("/technicians/<int:user_id>/hours", methods=["GET", "POST"])
@requires(Permission.MANAGE_WORKFORCE)
def edit_hours(user_id: int) -> Page:
    """Change a technician's weekly hours."""
    technician = queries.profile_of(user_id)
    form = forms.WeekForm(data=_week_data(technician))
    mark = str(crc32(repr(_shifts(technician)).encode()))

    def shown() -> Page:
        return _shown(
            "workforce/hours.html",
            form,
            technician=technician,
            usual=_words([Hours(*USUAL_SHIFT)]),
            has_own_hours=bool(technician.hours),
        )

    if not form.is_submitted():
        form.version.data = mark
    if not form.validate_on_submit():
        return shown()
    try:
        if form.version.data != mark:
            form.version.data = mark
            raise Stale(_("Somebody else changed these hours. Compare them with theirs, then save again."))
        with unit_of_work(), _undoable() as act:
            in_hours.set_hours(
                queries.profile_of(user_id),
                [
                    (weekday, one.from_minute, one.to_minute)
                    for weekday, field in enumerate(form.days)
                    for one in field.hours
                ],
                actor_id=viewer().user_id,
                at=act.at,
            )
    except Refused as refusal:
        return _refused(form, refusal, shown)
    return _done(user_id, act)


@bp.route("/technicians/<int:user_id>/days/new", methods=["GET", "POST"])
@requires(Permission.MANAGE_WORKFORCE)
def new_day(user_id: int) -> Page:
    """Give one date hours of its own."""
    technician = queries.profile_of(user_id)
    form = forms.DayForm()

    def shown() -> Page:
        return _shown("workforce/day.html", form, technician=technician)

    if not form.validate_on_submit():
        return shown()
    with unit_of_work(), _undoable() as act:
        in_hours.set_day(
            queries.profile_of(user_id),
            worked_on=_given(form.worked_on.data),
            hours=form.hours.hours,
            reason=(form.reason.data or "").strip(),
            actor_id=viewer().user_id,
            at=act.at,
        )
    return _done(user_id, act)


@bp.post("/technicians/<int:user_id>/days/<day>/removal")
@requires(Permission.MANAGE_WORKFORCE)
def remove_day(user_id: int, day: str) -> Page:
    """Let a date have the hours of its weekday again."""
    try:
        worked_on = date.fromisoformat(day)
    except ValueError:
        raise NotFound from None
    with unit_of_work(), _undoable() as act:
        in_hours.clear_day(
            queries.profile_of(user_id), worked_on=worked_on, actor_id=viewer().user_id, at=act.at
        )
    return _done(user_id, act)


@bp.route("/technicians/<int:user_id>/capacity/new", methods=["GET", "POST"])
@requires(Permission.MANAGE_WORKFORCE)
def new_capacity(user_id: int) -> Page:
    """Say how much of a technician's hours visits may take for some time."""
    technician = queries.profile_of(user_id)
    form = forms.CapacityForm()

    def shown() -> Page:
        return _shown("workforce/capacity.html", form, technician=technician)

    if not form.validate_on_submit():
        return shown()
    with unit_of_work(), _undoable() as act:
        in_hours.set_capacity(
            queries.profile_of(user_id),
            first_on=_given(form.first_on.data),
            last_on=form.last_on.data,
            percent=form.percent.data or 0,
            reason=(form.reason.data or "").strip(),
            actor_id=viewer().user_id,
            at=act.at,
        )
    return _done(user_id, act)


@bp.post("/technicians/<int:user_id>/capacity/<int:capacity_id>/removal")
@requires(Permission.MANAGE_WORKFORCE)
def remove_capacity(user_id: int, capacity_id: int) -> Page:
    """Let visits take all of a technician's hours again."""
    with unit_of_work(), _undoable() as act:
        in_hours.remove_capacity(
            queries.profile_of(user_id), capacity_id, actor_id=viewer().user_id, at=act.at
        )
    return _done(user_id, act)


@bp.route("/technicians/<int:user_id>/skills/new", methods=["GET", "POST"])
@requires(Permission.MANAGE_WORKFORCE)
def new_skill(user_id: int) -> Page:
    """Note a certification."""
    return _skill_page(user_id, None)


@bp.route("/technicians/<int:user_id>/skills/<int:skill_id>/edit", methods=["GET", "POST"])
@requires(Permission.MANAGE_WORKFORCE)
def edit_skill(user_id: int, skill_id: int) -> Page:
    """Renew a certification, or change what is known of it."""
    skill = next((one for one in queries.profile_of(user_id).skills if one.id == skill_id), None)
    if skill is None:
        raise NotFound
    return _skill_page(user_id, skill)


@bp.post("/technicians/<int:user_id>/skills/<int:skill_id>/removal")
@requires(Permission.MANAGE_WORKFORCE)
def remove_skill(user_id: int, skill_id: int) -> Page:
    """Note that a certification is not held after all."""
    with unit_of_work(), _undoable() as act:
        actions.remove_skill(queries.profile_of(user_id), skill_id, actor_id=viewer().user_id, at=act.at)
    return _done(user_id, act)


def certified(skill: Skill, today: date) -> Certified:
    """How long a certification holds."""
    if skill.expires_on is None:
        return Certified(skill, "ok", None)
    left = (skill.expires_on - today).days
    return Certified(skill, "bad" if left < 0 else "warn" if left <= SOON.days else "ok", left)


def language_names(codes: Sequence[str]) -> str:
    """Languages by their names, in the reader's language."""
    names: Mapping[str, str] = get_locale().languages
    return ", ".join(names.get(code.replace("-", "_"), names.get(code.split("-")[0], code)) for code in codes)


def country_choices() -> list[SelectChoice]:
    """Every country by name, in the reader's language."""
    names = get_locale().territories
    known = [SelectChoice(code, name) for code, name in names.items() if is_country(code)]
    return [SelectChoice("", _("Choose")), *sorted(known, key=lambda one: str(one.label))]


def _skill_page(user_id: int, skill: Skill | None) -> Page:
    technician = queries.profile_of(user_id)
    form = forms.SkillForm(obj=skill)

    def shown() -> Page:
        return _shown(
            "workforce/skill.html", form, technician=technician, skill=skill, codes=queries.skill_codes()
        )

    if not form.validate_on_submit():
        return shown()
    code = " ".join((form.code.data or "").split())
    if skill is None and any(one.code == code for one in technician.skills):
        raise Refused(_("“%(code)s” is held already. Renew that certificate instead.", code=code))
    with unit_of_work(), _undoable() as act:
        held = queries.profile_of(user_id)
        if skill is not None and skill.code != code:
            actions.remove_skill(held, skill.id, actor_id=viewer().user_id, at=act.at)
        actions.grant_skill(
            held,
            code=code,
            level=form.level.data,
            number=(form.number.data or "").strip(),
            issued_on=form.issued_on.data,
            expires_on=form.expires_on.data,
            actor_id=viewer().user_id,
            at=act.at,
        )
    return _done(user_id, act)


def _undoable() -> AbstractContextManager[undo.Act]:
    return undo.undoable(actor_id=viewer().user_id, at=clock.now(), needs=Permission.MANAGE_WORKFORCE.value)


def _done(user_id: int, act: undo.Act) -> Page:
    undo.tell(act, _("Saved."))
    return redirect(url_for("workforce.profile", user_id=user_id), code=303)


def _shown(template: str, form: Any, **context: Any) -> Page:  # Any: a form, and values for its page
    if form.is_submitted() and context.get("met") is None:
        return show_again(template, form, **context)
    page = render_template(template, form=form, **context)
    return (page, HTTPStatus.CONFLICT) if context.get("met") is not None else page


def _refused(form: Any, refusal: Refused, shown: Callable[[], Page]) -> Page:  # Any: a form
    if isinstance(refusal, NotFound):
        raise refusal
    form.form_errors.append(refusal.sentence)
    return shown()


def _offer(form: Any) -> None:  # Any: a form of a technician
    territories = queries.territories()
    form.country.choices = country_choices()
    form.territory.choices = [
        SelectChoice("", _("None")),
        *(SelectChoice(one.name, one.name) for one in territories),
    ]
    form.served.choices = [SelectChoice(one.id, one.name) for one in territories]


def _as_it_is(technician: Technician) -> dict[str, object]:
    return {
        "city": technician.city,
        "country": technician.country,
        "subdivision": technician.subdivision,
        "degrees": technician.degrees,
        "languages": ", ".join(technician.languages),
        "territory": technician.territory,
        "served": [one.territory_id for one in technician.served],
        "weekly_hours": technician.weekly_hours,
    }


def _profile_in(form: forms.TechnicianForm) -> actions.Profile:
    written = (form.degrees.data or "").strip()
    latitude, longitude = degrees(written) if written else (None, None)
    country = form.country.data or ""
    return actions.Profile(
        city=(form.city.data or "").strip(),
        country=country,
        subdivision=(form.subdivision.data or "").strip().upper().removeprefix(f"{country}-"),
        latitude=latitude,
        longitude=longitude,
        territory=form.territory.data or "",
        languages=tuple((form.languages.data or "").replace(",", " ").replace(";", " ").split()),
        weekly_hours=form.weekly_hours.data or 0,
        territory_ids=tuple(form.served.data or ()),
    )


def _worst(technician: Technician, today: date) -> Certified | None:
    ending = [certified(skill, today) for skill in technician.skills]
    ending = [one for one in ending if one.state != "ok"]
    return min(ending, key=lambda one: one.days_left or 0, default=None)


def _shifts(technician: Technician) -> list[tuple[int, int, int]]:
    return [(row.weekday, row.from_minute, row.to_minute) for row in technician.hours]


def _by_weekday(technician: Technician) -> dict[int, list[Hours]]:
    found: dict[int, list[Hours]] = {}
    for weekday, from_minute, to_minute in _shifts(technician):
        found.setdefault(weekday, []).append(Hours(from_minute, to_minute))
    if not found:
        weekend = place_calendar(technician.country, technician.subdivision).weekend
        found = {number: [Hours(*USUAL_SHIFT)] for number in range(7) if number not in weekend}
    return found


def _minutes(technician: Technician) -> int:
    return sum(one.to_minute - one.from_minute for day in _by_weekday(technician).values() for one in day)


def _usual_minutes(technician: Technician) -> int:
    weekend = place_calendar(technician.country, technician.subdivision).weekend
    return (USUAL_SHIFT[1] - USUAL_SHIFT[0]) * (7 - len(weekend))


def _week_words(technician: Technician) -> list[DayOfWeek]:
    names = get_day_names("wide", "stand-alone", locale=get_locale())
    by_day = _by_weekday(technician)
    return [DayOfWeek(names[number], _words(by_day.get(number, ()))) for number in range(7)]


def _week_data(technician: Technician) -> dict[str, str]:
    names = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
    by_day = _by_weekday(technician)
    return {name: _words(by_day.get(number, ())) for number, name in enumerate(names)}


def _single_days(technician: Technician, today: date) -> list[SingleDay]:
    found: dict[date, SingleDay] = {}
    for row in queries.other_hours_of(technician.id, from_on=today):
        hours = (
            str(Hours(row.from_minute, row.to_minute))
            if row.from_minute is not None and row.to_minute
            else ""
        )
        before = found.get(row.worked_on)
        found[row.worked_on] = SingleDay(
            row.worked_on, f"{before.hours}, {hours}" if before else hours, row.reason
        )
    return list(found.values())


def _words(hours: Sequence[Hours]) -> str:
    return ", ".join(map(str, hours))


def _given(day: date | datetime | None) -> date:
    if day is None:
        raise Refused(_("Enter a day, such as 24.12.2026."))
    return day
