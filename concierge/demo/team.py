"""When the demo company's technicians work, where they belong, what their certificates say, and who asks for leave."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from concierge.core.spans import Span
from concierge.demo.staff import FIELD, REGIONS, Field
from concierge.visits import queries as visits
from concierge.workforce import queries as workforce
from concierge.workforce.actions import hours, leave, technicians, territories
from concierge.workforce.actions.leave import Wish
from concierge.workforce.calendars import Shift, away_span, place_calendar
from concierge.workforce.models import Technician
from concierge.workforce.states import AbsenceKind

VALID_DAYS = 730
LOOKED_AHEAD_DAYS = 120


def settle_team(*, at: datetime, today: date, manager_id: int) -> None:
    """Give everybody hours, a place on the map, languages, territories and certificates; let some ask for leave."""
    known = {region.name: region for region in REGIONS}
    for territory in workforce.territories():
        region = known[territory.name]
        territories.change(
            territory, name=region.name, parts=region.parts, least=region.least, at=at, actor_id=manager_id
        )
    ids = {territory.name: territory.id for territory in workforce.territories()}
    by_name = {technician.user.name: technician for technician in workforce.technicians()}
    for number, field in enumerate(FIELD):
        technician = workforce.profile_of(by_name[field.person.name].user_id)
        _settle(technician, field, ids, at=at, today=today, manager_id=manager_id)
        _number_certificates(technician, number, at=at, manager_id=manager_id)
    _let_run_out(by_name, at=at, today=today, manager_id=manager_id)
    _ask_for_leave(by_name, at=at, today=today, manager_id=manager_id)


def shifts_of(field: Field) -> list[Shift]:
    """When somebody works in the week; of whom nothing is told, from seven on, as most sites let people in."""
    told = [
        (weekday, one.from_minute, one.to_minute)
        for weekday, text in enumerate(field.week)
        for one in hours.hours_in(text)
    ]
    weekend = place_calendar(field.country, field.subdivision).weekend
    return told or [(weekday, 7 * 60, 17 * 60) for weekday in range(7) if weekday not in weekend]


def _settle(
    technician: Technician, field: Field, ids: dict[str, int], *, at: datetime, today: date, manager_id: int
) -> None:
    latitude, longitude = field.degrees or (None, None)
    profile = technicians.Profile(
        city=field.city,
        country=field.country,
        subdivision=field.subdivision,
        latitude=latitude,
        longitude=longitude,
        territory=field.territory,
        languages=field.languages,
        weekly_hours=field.contract,
        territory_ids=[ids[name] for name in field.serves],
    )
    technicians.change_technician(technician, profile, at=at, actor_id=manager_id)
    if field.percent < 100:
        hours.set_capacity(
            technician,
            first_on=today - timedelta(days=60),
            last_on=None,
            percent=field.percent,
            reason="Looks after the workshop on the side",
            at=at,
            actor_id=manager_id,
        )


def _number_certificates(technician: Technician, number: int, *, at: datetime, manager_id: int) -> None:
    for count, skill in enumerate(technician.skills):
        expires_on = skill.expires_on
        technicians.grant_skill(
            technician,
            code=skill.code,
            level=3 if count % 3 == 0 else 2,
            number=f"CI-{2400 + 17 * number + count:04d}",
            issued_on=expires_on - timedelta(days=VALID_DAYS) if expires_on else None,
            expires_on=expires_on,
            at=at,
            actor_id=manager_id,
        )


def _let_run_out(by_name: dict[str, Technician], *, at: datetime, today: date, manager_id: int) -> None:
    """One certificate that has run out, and one that does within two months."""
    for name, code, days in (("Diego Salas", "chromatography", -12), ("Liam Parata", "magnets", 45)):
        technicians.grant_skill(
            by_name[name],
            code=code,
            level=2,
            number=f"CI-19{abs(days):02d}",
            issued_on=today + timedelta(days=days - VALID_DAYS),
            expires_on=today + timedelta(days=days),
            at=at,
            actor_id=manager_id,
        )


def _ask_for_leave(by_name: dict[str, Technician], *, at: datetime, today: date, manager_id: int) -> None:
    """Requests in every state: one over a booked visit, one refused, one approved, one for half a day."""
    asked_at = at - timedelta(days=2)
    booked = _first_booked(by_name, at=at, today=today)
    if booked is not None:
        technician, day = booked
        _ask(technician, day, day, "My sister marries.", at=asked_at)
    monday = today + timedelta(days=28 - today.weekday())
    _ask(
        by_name["Marc Aubry"], monday, monday + timedelta(days=4), "Ski week with the children.", at=asked_at
    )
    refused = _ask(by_name["Ben Okafor"], monday, monday + timedelta(days=1), "", at=asked_at)
    if refused:
        reason = "Nobody else in Britain is there in that week. The week after would do."
        leave.refuse(refused, reason=reason, at=asked_at + timedelta(hours=20), actor_id=manager_id)
    granted = _ask(
        by_name["Aiko Ito"], monday - timedelta(days=14), monday - timedelta(days=13), "", at=asked_at
    )
    if granted:
        leave.approve(granted, answer="Enjoy it.", at=asked_at + timedelta(hours=20), actor_id=manager_id)
    half = _free_from(by_name["Rosa Delgado"], today + timedelta(days=3))
    technicians.enter_absence(
        by_name["Rosa Delgado"],
        kind=AbsenceKind.TRAINING,
        first_on=half,
        last_on=half,
        from_time=time(13),
        at=asked_at,
        actor_id=manager_id,
    )
    ways = _free_from(by_name["Grace Coleman"], today + timedelta(days=4))
    technicians.enter_absence(
        by_name["Grace Coleman"],
        kind=AbsenceKind.TRAVEL,
        first_on=ways,
        last_on=ways,
        from_time=time(12),
        to_time=time(17, 30),
        at=asked_at,
        actor_id=manager_id,
    )


def _first_booked(
    by_name: dict[str, Technician], *, at: datetime, today: date
) -> tuple[Technician, date] | None:
    """Somebody who goes on a visit in some weeks, and its day; nobody when nobody does."""
    for name in ("Emil Wagner", "Lea Brandt", "Selin Aksoy", "Ben Okafor", "Rosa Delgado"):
        technician = by_name[name]
        span = Span(at + timedelta(days=9), at + timedelta(days=LOOKED_AHEAD_DAYS))
        for visit in visits.coming_visits_of(technician.user_id, span):
            day = visit.starts_local.date()
            if (
                visit.starts_at > span.from_at
                and not visit.needs_decision
                and _works(technician, day)
                and not workforce.absences([technician.user_id], first_on=day, last_on=day)
            ):
                return technician, day
    return None


def _ask(technician: Technician, first_on: date, last_on: date, note: str, *, at: datetime) -> int:
    wish = Wish(kind=AbsenceKind.LEAVE, first_on=first_on, last_on=last_on, note=note)
    return leave.ask(technician, wish, at=at, actor_id=technician.user_id).id


def _works(technician: Technician, day: date) -> bool:
    place = workforce.technician_places([technician.user_id], first_on=day, last_on=day)[technician.user_id]
    return bool(place.hours_on(day))


def _worked_monday(technician: Technician, day: date) -> date:
    """The first Monday from a day on that is worked."""
    mondays = (day + timedelta(days=7 * number - day.weekday()) for number in range(1, 30))
    return next(monday for monday in mondays if _works(technician, monday))


def _free_from(technician: Technician, day: date) -> date:
    """The first working day from a day on on which nothing is booked."""
    for number in range(60):
        wanted = day + timedelta(days=number)
        wish = Wish(kind=AbsenceKind.TRAVEL, first_on=wanted, last_on=wanted)
        if _works(technician, wanted) and not visits.coming_visits_of(
            technician.user_id, away_span(wish, technician.user.zone)
        ):
            return wanted
    return day
