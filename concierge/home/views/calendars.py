"""Working days on pages: who is closed when, and the year or month of a place, a site or a technician."""

from calendar import Calendar
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime

from babel.dates import get_day_names, get_month_names
from flask import redirect, render_template, request, url_for
from flask_babel import get_locale
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from concierge.catalogue.states import DaysOf
from concierge.core.hours import Hours, Place
from concierge.core.worktime import WEEKDAYS, WorkCalendar
from concierge.home.views.blueprint import bp
from concierge.identity.guard import requires, viewer
from concierge.identity.permissions import Permission
from concierge.platform import clock
from concierge.platform.errors import NotFound
from concierge.projects import calendars
from concierge.projects.calendars import FROZEN, HOLD, SHUTDOWN
from concierge.projects.queries import replanning as queries
from concierge.workforce import queries as workforce
from concierge.workforce.calendars import (
    AWAY,
    COMPANY,
    YEARS,
    has_holidays,
    is_country,
    place_calendar,
    subdivisions,
    with_absences,
)
from concierge.workforce.models import Technician
from concierge.workforce.states import AbsenceKind, OwnCalendarState

WEEK = Calendar()

Page = str | Response | tuple[str, int]


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a day, or some hours of it, is no working time: in words, and of which kind."""

    kind: str
    """`rest` the weekend, `holiday`, `company`, `shutdown`, `frozen`, `away`, or `half` for some hours."""
    words: str


@dataclass(frozen=True, slots=True)
class Day:
    """One day of a grid."""

    on: date
    reasons: tuple[Reason, ...] = ()
    is_open: bool = True
    hours: tuple[Hours, ...] = ()
    is_today: bool = False

    @property
    def kind(self) -> str:
        """What it looks like: its first reason beside the weekend's, else the weekend's; empty when worked."""
        kinds = [reason.kind for reason in self.reasons]
        return next((kind for kind in kinds if kind != "rest"), kinds[0] if kinds else "")

    @property
    def is_named(self) -> bool:
        """Whether there is more to say than that it is a weekend."""
        return any(reason.kind != "rest" for reason in self.reasons)


@dataclass(frozen=True, slots=True)
class Why:
    """Days of a month that are closed for the same reasons: the first, the last, their look, the reasons."""

    first: int
    last: int
    kind: str
    words: str


@dataclass(frozen=True, slots=True)
class Month:
    """One month of a grid: whole weeks, Monday first, `None` where another month's days would be."""

    number: int
    name: str
    weeks: tuple[tuple[Day | None, ...], ...]

    @property
    def days(self) -> tuple[Day, ...]:
        """The days of the month, in order."""
        return tuple(day for week in self.weeks for day in week if day is not None)

    @property
    def whys(self) -> tuple["Why", ...]:
        """What closes its days beside the weekends, in order; days on end with the same reasons are one entry."""
        found: list[Why] = []
        for day in self.days:
            if not day.is_named:
                continue
            words = "; ".join(reason.words for reason in day.reasons)
            if found and found[-1].words == words and found[-1].last == day.on.day - 1:
                found[-1] = replace(found[-1], last=day.on.day)
            else:
                found.append(Why(day.on.day, day.on.day, day.kind, words))
        return tuple(found)

    @property
    def workdays(self) -> int:
        """How many of them are worked."""
        return sum(day.is_open for day in self.days)


@bp.get("/calendars")
@requires(Permission.SEE_PROJECTS)
def calendars_page() -> Page:
    """Who is closed when: the company, its technicians, and the way to every other calendar."""
    today = clock.today(viewer().zone)
    may_see_people = viewer().may(Permission.SEE_PEOPLE)
    technicians = workforce.technicians() if may_see_people else ()
    return render_template(
        "home/calendars.html",
        closures=queries.all_closures(),
        home=queries.home_office(),
        absences=queries.absences_from(today) if may_see_people else (),
        technicians=technicians,
        unread=_unread_calendars(technicians),
        my_zone=viewer().zone,
        proposals=queries.undecided_calendar_proposals() if viewer().may(Permission.SCHEDULE_VISITS) else (),
        away_words=away_words(),
        countries=country_choices(),
        today=today,
        year=today.year,
    )


@bp.get("/calendars/company")
@requires(Permission.SEE_PROJECTS)
def company_days() -> Page:
    """The year of the company: the public holidays of its home office, and its closures."""
    home = queries.home_office()
    region = (home.country, home.subdivision) if home else None
    known = calendars.Known(closures=calendars.company_closures(), home=region)
    days = known.of_site(calendars.SiteDays(region or ("", "")))[DaysOf.COMPANY]
    return _year_page(
        _("The company, %(name)s", name=home.name) if home else _("The company"),
        days,
        zone=home.zone if home else viewer().zone,
        note=""
        if home
        else _("Nobody has said where the home office is, so Monday to Friday count and no public holidays."),
    )


@bp.get("/calendars/places")
@requires(Permission.SEE_PROJECTS)
def place_days() -> Page:
    """The year of a country or a part of it."""
    country = request.args.get("country", "")[:2].upper()
    subdivision = request.args.get("subdivision", "")[:10].upper().removeprefix(f"{country}-")
    if not is_country(country):
        return redirect(url_for("home.calendars_page"), code=303)
    name = str(get_locale().territories.get(country, country))
    notes = []
    if not has_holidays(country):
        notes.append(
            _("The public holidays of %(name)s are not known here. Enter them as closures.", name=name)
        )
    elif subdivision and subdivision not in subdivisions(country):
        notes.append(
            _(
                "%(code)s has no holidays of its own; these are those of the whole country. Known are: %(known)s.",
                code=subdivision,
                known=", ".join(subdivisions(country)) or _("none"),
            )
        )
    days = place_calendar(country, subdivision)
    return _year_page(
        f"{name}, {days.name}" if subdivision and not notes else name,
        days,
        zone=viewer().zone,
        note=" ".join(notes),
        country=country,
        subdivision=subdivision or None,
    )


@bp.get("/calendars/sites")
@requires(Permission.SEE_ACCOUNTS)
def sites() -> Page:
    """Find the site whose days somebody wants to see."""
    text = request.args.get("q", "").strip()[:100]
    return render_template("home/calendar_sites.html", sites=queries.sites_found(text), text=text)


@bp.get("/calendars/sites/<int:site_id>")
@requires(Permission.SEE_ACCOUNTS)
def site_days(site_id: int) -> Page:
    """The week of a site, its shutdowns and frozen periods, and its year with all that closes it."""
    site = queries.site_with_days(site_id)
    place = calendars.site_place(site)
    weekdays = day_names()
    week = [
        (weekdays[number], place.week.get(number, ()), number in {row.weekday for row in site.hours})
        for number in range(7)
    ]
    return _year_page(
        site.name,
        place.days or place_calendar(*site.region),
        zone=site.zone,
        place=place,
        template="home/calendar_site.html",
        site=site,
        week=week,
        closure_words=site_closure_words(),
    )


@bp.get("/calendars/technicians/<int:user_id>")
@requires(Permission.SEE_VISITS)
def technician_days(user_id: int) -> Page:
    """The year of a technician: their hours, holidays where they live, the company's closures, and their absences.

    :raises NotFound: when there is no such technician, or the viewer may not see other people.
    """
    if user_id != viewer().user_id and not viewer().may(Permission.SEE_PEOPLE):
        raise NotFound
    technician = workforce.technician_of(user_id)
    if technician is None:
        raise NotFound
    first_on, last_on = date(YEARS.start, 1, 1), date(YEARS.stop - 1, 12, 31)
    place = workforce.technician_places([user_id], first_on=first_on, last_on=last_on)[user_id]
    away = workforce.absences([user_id], first_on=first_on, last_on=last_on).get(user_id, ())
    return _year_page(
        technician.user.name,
        with_absences(place.days or place_calendar(technician.country, technician.subdivision), away),
        zone=technician.user.zone,
        place=place,
        user_id=user_id,
        own_calendars=workforce.own_calendars_shown([user_id]),
        is_me=user_id == viewer().user_id,
        my_zone=viewer().zone,
    )


def away_words() -> Mapping[str, str]:
    """Why somebody is away, in words, by the value of the kind."""
    return {
        AbsenceKind.LEAVE.value: _("Leave"),
        AbsenceKind.SICK.value: _("Sick"),
        AbsenceKind.TRAVEL.value: _("Travel"),
        AbsenceKind.TRAINING.value: _("Training"),
    }


def site_closure_words() -> Mapping[str, str]:
    """What a closure of a site is, in words, by the value of the kind."""
    return {SHUTDOWN: _("Shutdown"), FROZEN: _("Frozen period")}


def day_names() -> list[str]:
    """The names of the weekdays, Monday first."""
    names = get_day_names("wide", "stand-alone", locale=get_locale())
    return [names[number] for number in range(7)]


def country_choices() -> list[tuple[str, str]]:
    """Every country by name, in the reader's language."""
    names = get_locale().territories
    known = [(code, name) for code, name in names.items() if is_country(code)]
    return sorted(known, key=lambda one: one[1])


def reasons_of(days: WorkCalendar, day: date, *, place: Place | None = None) -> tuple[Reason, ...]:
    """Every reason why a day, or part of it, is not worked, in words."""
    found = [_reason(calendar, words, day) for calendar, words in days.explained(day)]
    if not found and place is not None:
        found = [
            Reason(
                "half",
                _(
                    "%(name)s, closed %(hours)s",
                    name=away_words().get(shut.reason, shut.reason),
                    hours=str(shut.hours),
                ),
            )
            for shut in place.shut.get(day, ())
        ]
        single = place.exceptions.get(day)
        if single is not None:
            found.append(Reason("half", single.reason))
    return tuple(dict.fromkeys(found))


def _unread_calendars(technicians: Collection[Technician]) -> Mapping[int, datetime | None]:
    """Since when a calendar of a technician's own could not be read, by user; `None` for never."""
    shown = workforce.own_calendars_shown([technician.user_id for technician in technicians])
    return {one.user_id: one.fetched_at for one in shown if one.state is OwnCalendarState.STALE}


def _reason(calendar: str, words: str, day: date) -> Reason:
    if words == WEEKDAYS[day.weekday()]:
        return Reason("rest", day_names()[day.weekday()])
    if calendar == COMPANY:
        return Reason("company", _("%(name)s, company closed", name=words))
    if calendar == SHUTDOWN:
        return Reason("shutdown", _("%(name)s, site shut", name=words))
    if calendar == FROZEN:
        return Reason("frozen", _("%(name)s, frozen period", name=words))
    if calendar == AWAY:
        return Reason("away", ", ".join(away_words().get(word, word) for word in words.split("; ")))
    if calendar == HOLD:
        return Reason("away", words)
    return Reason("holiday", words)


def _year_page(
    title: str,
    days: WorkCalendar,
    *,
    zone: str,
    place: Place | None = None,
    note: str = "",
    template: str = "home/calendar_days.html",
    **context: object,
) -> str:
    today = clock.today(zone)
    year = request.args.get("year", today.year, type=int)
    year = min(max(year, YEARS.start), YEARS.stop - 1)
    month = request.args.get("month", type=int)
    numbers = [month] if month is not None and 1 <= month <= 12 else range(1, 13)
    months = [_month(days, year, number, today=today, place=place) for number in numbers]
    here = {key: value for key, value in request.args.items() if key not in {"year", "month"}}
    here |= {key: str(value) for key, value in (request.view_args or {}).items()}
    return render_template(
        template,
        title=title,
        months=months,
        year=year,
        month=numbers[0] if len(months) == 1 else None,
        years=(YEARS.start, YEARS.stop - 1),
        today=today,
        zone=zone,
        note=note,
        weekdays=day_names(),
        address=lambda **wanted: url_for(request.endpoint or "", **{**here, **wanted}),
        **context,
    )


def _month(days: WorkCalendar, year: int, number: int, *, today: date, place: Place | None) -> Month:
    names = get_month_names("wide", "stand-alone", locale=get_locale())
    weeks = tuple(
        tuple(
            Day(
                on,
                reasons_of(days, on, place=place),
                days.is_workday(on) if place is None else bool(place.hours_on(on)),
                place.hours_on(on) if place is not None else (),
                on == today,
            )
            if on.month == number
            else None
            for on in week
        )
        for week in WEEK.monthdatescalendar(year, number)
    )
    return Month(number, names[number], weeks)
