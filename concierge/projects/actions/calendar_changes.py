"""One change of somebody's working days: as plain values, on the values that calendars are made of, and in rows."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from datetime import date, datetime, time, timedelta
from enum import Enum
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from cattrs.preconf.json import make_converter
from flask_babel import gettext as _

from concierge.accounts.actions import hours, sites
from concierge.accounts.models import Site, SiteClosure
from concierge.accounts.states import SiteClosureKind
from concierge.catalogue.states import DaysOf
from concierge.core.worktime import refuse_if_never_open
from concierge.platform.database import db
from concierge.platform.errors import NotFound, Refused, Stale
from concierge.projects.calendars import Known, SiteDays
from concierge.projects.queries import replanning as queries
from concierge.workforce import queries as workforce
from concierge.workforce.actions import closures, leave, technicians
from concierge.workforce.calendars import Period, is_country, whole_days_of
from concierge.workforce.models import Absence, Closure, Office
from concierge.workforce.states import AbsenceKind

_converter = make_converter()


class ChangeKind(Enum):
    """Whose working days are changed, and by what."""

    CLOSURE = "closure"
    HOME = "home office"
    ABSENCE = "absence"
    SITE_PLACE = "site place"
    SITE_HOURS = "site hours"
    SITE_CLOSURE = "site closure"


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarChange:
    """What is to be written: a row that is new (`row_id` None), changed, or removed.

    Fields that a kind does not know stay empty. Times are as a clock shows them; both empty: whole days.
    """

    kind: ChangeKind
    row_id: int | None = None
    removes: bool = False
    site_id: int | None = None
    user_id: int | None = None
    word: str = ""
    """Why: the value of a `SiteClosureKind` or an `AbsenceKind`."""
    name: str = ""
    first_on: date | None = None
    last_on: date | None = None
    from_time: str = ""
    to_time: str = ""
    hours: tuple[tuple[int, str, str], ...] = ()
    """Weekday (Monday is 0), opening and closing."""
    country: str = ""
    subdivision: str = ""
    zone: str = ""
    leave_id: int | None = None
    """Of the request for leave that an absence grants, or whose absence is removed; None: nobody asked."""
    answer: str = ""
    """What is said with the decision on it."""
    before: "CalendarChange | None" = None
    """What the row says until then."""

    @property
    def period(self) -> Period | None:
        """The whole days that it closes; `None` when it closes none or only some hours."""
        if self.first_on is None or self.last_on is None or self.removes:
            return None
        if self.kind is ChangeKind.ABSENCE:
            days = whole_days_of(
                _Away(self.first_on, self.last_on, _time(self.from_time), _time(self.to_time))
            )
            return (self.word, *days) if days is not None else None
        return None if self.from_time else (self.name, self.first_on, self.last_on)

    @property
    def touched(self) -> tuple[date, date] | None:
        """The first and the last day that are other days afterwards; `None` when there is no end to them.

        A change that touches no whole day ends before it begins.
        """
        if self.kind in {ChangeKind.HOME, ChangeKind.SITE_PLACE, ChangeKind.SITE_HOURS}:
            return None
        before = self.before.period if self.before is not None else None
        periods = [period for period in (self.period, before) if period is not None]
        if not periods or (self.period is not None and before is not None and self.period[1:] == before[1:]):
            return date.max, date.min
        return min(period[1] for period in periods), max(period[2] for period in periods)


@dataclass(frozen=True, slots=True)
class _Away:
    """The days and times of an absence that is not written."""

    first_on: date
    last_on: date
    from_time: time | None
    to_time: time | None


def as_json(change: CalendarChange) -> dict[str, Any]:  # Any: JSON
    """The change as it is kept in a proposal."""
    plain: dict[str, Any] = _converter.unstructure(change)  # Any: JSON
    return plain


def from_json(kept: dict[str, Any]) -> CalendarChange:  # Any: JSON
    """The change that a proposal keeps."""
    return _converter.structure(kept, CalendarChange)


def closure_as_it_is(row: Closure) -> CalendarChange:
    """What a closure of the company says today."""
    return CalendarChange(
        kind=ChangeKind.CLOSURE,
        row_id=row.id,
        name=row.name,
        first_on=row.first_on,
        last_on=row.last_on,
        from_time=clock_text(row.from_time),
        to_time=clock_text(row.to_time),
    )


def absence_as_it_is(row: Absence, *, user_id: int, name: str) -> CalendarChange:
    """What an absence of a technician says today; `name` is the technician's."""
    return CalendarChange(
        kind=ChangeKind.ABSENCE,
        row_id=row.id,
        user_id=user_id,
        word=row.kind.value,
        name=name,
        first_on=row.first_on,
        last_on=row.last_on,
        from_time=clock_text(row.from_time),
        to_time=clock_text(row.to_time),
        leave_id=workforce.leave_of_absence(row.id),
    )


def site_closure_as_it_is(row: SiteClosure) -> CalendarChange:
    """What a shutdown or frozen period of a site says today."""
    return CalendarChange(
        kind=ChangeKind.SITE_CLOSURE,
        row_id=row.id,
        site_id=row.site_id,
        word=row.kind.value,
        name=row.name,
        first_on=row.first_on,
        last_on=row.last_on,
        from_time=clock_text(row.from_time),
        to_time=clock_text(row.to_time),
    )


def site_place_as_it_is(site: Site) -> CalendarChange:
    """Where a site is today, and on which clock."""
    return CalendarChange(
        kind=ChangeKind.SITE_PLACE,
        site_id=site.id,
        name=site.name,
        country=site.country,
        subdivision=site.subdivision,
        zone=site.zone,
    )


def home_as_it_is(office: Office | None) -> CalendarChange | None:
    """Where our own people work today; None as long as nobody has said."""
    if office is None:
        return None
    return CalendarChange(
        kind=ChangeKind.HOME,
        name=office.name,
        country=office.country,
        subdivision=office.subdivision,
        zone=office.zone,
    )


def site_hours_as_they_are(site: Site) -> CalendarChange:
    """When a site lets us in today; the site is loaded with its hours."""
    rows = sorted(site.hours, key=lambda row: (row.weekday, row.opens))
    return CalendarChange(
        kind=ChangeKind.SITE_HOURS,
        site_id=site.id,
        name=site.name,
        hours=tuple((row.weekday, clock_text(row.opens), clock_text(row.closes)) for row in rows),
    )


def with_before(change: CalendarChange) -> CalendarChange:
    """The change with what is so until then, where it does not say that itself."""
    if change.before is not None:
        return change
    match change.kind:
        case ChangeKind.HOME:
            return replace(change, before=home_as_it_is(queries.home_office()))
        case ChangeKind.SITE_HOURS:
            return replace(change, before=site_hours_as_they_are(queries.site_with_days(_id(change.site_id))))
        case _:
            return change


def back(change: CalendarChange) -> CalendarChange:
    """The change that takes a written one back.

    :raises Refused: when what it wrote is no longer there as it wrote it, or nobody knows what was before.
    """
    until_then = change.before
    match change.kind:
        case ChangeKind.ABSENCE if change.leave_id is not None and change.removes:
            raise Refused(_("This leave was withdrawn. Let the technician ask for it anew."))
        case ChangeKind.CLOSURE | ChangeKind.ABSENCE | ChangeKind.SITE_CLOSURE if change.removes:
            return replace(until_then or change, row_id=None, removes=False, before=None)
        case ChangeKind.CLOSURE | ChangeKind.ABSENCE | ChangeKind.SITE_CLOSURE:
            row_id = change.row_id if change.row_id is not None else _written_as(change)
            now = replace(change, row_id=row_id, before=None)
            if until_then is None:
                return replace(now, removes=True, before=now)
            return replace(until_then, before=now)
        case ChangeKind.HOME | ChangeKind.SITE_PLACE | ChangeKind.SITE_HOURS:
            if until_then is None:
                raise Refused(_("Nothing was known before this, so there is nothing to go back to."))
            return replace(until_then, before=replace(change, before=None))


def _written_as(change: CalendarChange) -> int:
    """The row that a change has entered.

    :raises Refused: when it is gone, or says something else by now.
    """
    days: tuple[sa.ColumnElement[bool], ...]
    match change.kind:
        case ChangeKind.CLOSURE:
            kind: type[Closure | Absence | SiteClosure] = Closure
            days = (Closure.name == change.name, *_same_days(Closure, change))
        case ChangeKind.ABSENCE:
            technician = workforce.technician_of(_id(change.user_id))
            kind = Absence
            days = (
                Absence.technician_id == (technician.id if technician else None),
                Absence.kind == AbsenceKind(change.word),
                *_same_days(Absence, change),
            )
        case _:
            kind = SiteClosure
            days = (
                SiteClosure.site_id == change.site_id,
                SiteClosure.kind == SiteClosureKind(change.word),
                SiteClosure.name == change.name,
                *_same_days(SiteClosure, change),
            )
    found = db.session.scalar(sa.select(kind.id).where(*days).order_by(kind.id.desc()).limit(1))
    if found is None:
        raise Refused(
            _(
                "“%(name)s” was changed or removed since. Change it where it stands; there is nothing to take back.",
                name=change.name,
            )
        )
    return found


def _same_days(
    kind: type[Closure] | type[SiteClosure] | type[Absence], change: CalendarChange
) -> Sequence[Any]:  # Any: clauses
    return (
        kind.first_on == change.first_on,
        kind.last_on == change.last_on,
        kind.from_time.is_(None) if not change.from_time else kind.from_time == _time(change.from_time),
        kind.to_time.is_(None) if not change.to_time else kind.to_time == _time(change.to_time),
    )


def clock_text(moment: time | None) -> str:
    """A time as a clock shows it; empty when there is none."""
    return f"{moment:%H:%M}" if moment is not None else ""


def check(change: CalendarChange, known: Known) -> None:
    """Refuse a change that nobody could work with, before anything is foreseen.

    :param known: what the calendars are made of, the site's or the technician's in question included.
    :raises Refused: when it ends before it begins, names no country, or leaves no working day.
    """
    match change.kind:
        case _ if change.removes:
            pass
        case ChangeKind.ABSENCE:
            first_on, last_on = _days(change)
            technicians.refuse_disorder(first_on, last_on, _time(change.from_time), _time(change.to_time))
        case ChangeKind.CLOSURE:
            first_on, last_on = _days(change)
            closures.refuse_disorder(first_on, last_on, _time(change.from_time), _time(change.to_time))
        case ChangeKind.SITE_CLOSURE:
            hours.refuse_bad_closure(_closure_details(change))
        case ChangeKind.SITE_HOURS:
            hours.refuse_disorder(_open_hours(change))
        case ChangeKind.HOME | ChangeKind.SITE_PLACE:
            if not is_country(change.country):
                raise Refused(
                    _("“%(code)s” is no country. Use its two letters, such as CH or JP.", code=change.country)
                )
    _refuse_never_open(change, known)


def moment_after(change: CalendarChange, at: datetime) -> datetime:
    """The instant at which a clock shows before a change what it shows afterwards at ``at``.

    A site on the other side of the date line has another day, and plans are laid out for the day at the site.
    """
    if change.kind is not ChangeKind.SITE_PLACE or change.before is None:
        return at
    after, before = (at.astimezone(ZoneInfo(zone)).utcoffset() for zone in (change.zone, change.before.zone))
    return at + ((after or timedelta()) - (before or timedelta()))


def tried(known: Known, change: CalendarChange) -> Known:
    """The values that calendars are made of as they will be once the change is written."""
    before = change.before.period if change.before is not None else None
    match change.kind:
        case ChangeKind.CLOSURE:
            return replace(known, closures=_exchanged(known.closures, before, change.period))
        case ChangeKind.HOME:
            return replace(known, home=(change.country.upper(), change.subdivision.upper()))
        case ChangeKind.ABSENCE:
            return _with_absence(known, change, before)
        case ChangeKind.SITE_PLACE | ChangeKind.SITE_HOURS | ChangeKind.SITE_CLOSURE:
            return _with_site(known, change, before)


def write(change: CalendarChange, *, actor_id: int | None, at: datetime) -> None:
    """Write a change into the rows.

    :raises Stale: when somebody else has changed or removed the row since it was looked at.
    :raises Refused: when the change ends before it begins, or names no country.
    """
    refuse_stale(change)
    match change.kind:
        case ChangeKind.CLOSURE:
            _write_closure(change, actor_id=actor_id, at=at)
        case ChangeKind.HOME:
            closures.set_home_office(
                name=change.name,
                country=change.country,
                subdivision=change.subdivision,
                zone=change.zone,
                actor_id=actor_id,
                at=at,
            )
        case ChangeKind.ABSENCE:
            _write_absence(change, actor_id=actor_id, at=at)
        case ChangeKind.SITE_PLACE:
            _write_site_place(change, actor_id=actor_id, at=at)
        case ChangeKind.SITE_HOURS:
            hours.set_hours(_id(change.site_id), hours=_open_hours(change), actor_id=actor_id, at=at)
        case ChangeKind.SITE_CLOSURE:
            _write_site_closure(change, actor_id=actor_id, at=at)


def refuse_stale(change: CalendarChange) -> None:
    """Check that the row a change starts from still says what it said.

    :raises Stale: when somebody else has changed or removed it.
    """
    before = change.before
    if before is None:
        return
    now: CalendarChange | None = None
    match change.kind:
        case ChangeKind.CLOSURE:
            closure = db.session.get(Closure, _id(change.row_id), populate_existing=True)
            now = closure_as_it_is(closure) if closure is not None else None
        case ChangeKind.ABSENCE:
            absence = db.session.get(Absence, _id(change.row_id), populate_existing=True)
            if absence is not None:
                now = absence_as_it_is(absence, user_id=_id(change.user_id), name=before.name)
        case ChangeKind.SITE_PLACE:
            site = db.session.get(Site, _id(change.site_id), populate_existing=True)
            now = site_place_as_it_is(site) if site is not None else None
        case ChangeKind.SITE_CLOSURE:
            shut = db.session.get(SiteClosure, _id(change.row_id), populate_existing=True)
            now = site_closure_as_it_is(shut) if shut is not None else None
        case ChangeKind.HOME:
            now = home_as_it_is(queries.home_office())
        case ChangeKind.SITE_HOURS:
            now = site_hours_as_they_are(queries.site_with_days(_id(change.site_id)))
    if now != before:
        raise Stale(
            _("Somebody else changed or removed “%(name)s” in the meantime. Look again.", name=before.name)
        )


def _refuse_never_open(change: CalendarChange, known: Known) -> None:
    """Check that the place whose week is changed keeps a day on which somebody can work there."""
    after = tried(known, change)
    try:
        for days in after.sites.values():
            refuse_if_never_open(after.of_site(days)[DaysOf.SITE])
            refuse_if_never_open(after.of_site(days)[DaysOf.COMPANY])
    except ValueError as never:
        raise Refused(
            _(
                "With this change there would be no working day at all: the open days of the week exclude each"
                " other. Open at least one weekday that the others share."
            )
        ) from never


def _exchanged(periods: Sequence[Period], old: Period | None, new: Period | None) -> tuple[Period, ...]:
    kept = list(periods)
    if old is not None and old in kept:
        kept.remove(old)
    if new is not None:
        kept.append(new)
    return tuple(sorted(kept, key=lambda period: period[1]))


def _with_absence(known: Known, change: CalendarChange, before: Period | None) -> Known:
    days = known.technicians.get(_id(change.user_id))
    if days is None:
        return known
    changed = replace(days, absences=_exchanged(days.absences, before, change.period))
    return replace(known, technicians={**known.technicians, _id(change.user_id): changed})


def _with_site(known: Known, change: CalendarChange, before: Period | None) -> Known:
    days = known.sites.get(_id(change.site_id))
    if days is None:
        return known
    if change.kind is ChangeKind.SITE_PLACE:
        changed = replace(days, region=(change.country.upper(), change.subdivision.upper()))
    elif change.kind is ChangeKind.SITE_HOURS:
        weekdays = tuple(sorted({weekday for weekday, _opens, _closes in change.hours}))
        changed = replace(days, weekdays=weekdays or None)
    else:
        changed = _with_site_closure(days, change, before)
    return replace(known, sites={**known.sites, _id(change.site_id): changed})


def _with_site_closure(days: SiteDays, change: CalendarChange, before: Period | None) -> SiteDays:
    shutdown = SiteClosureKind.SHUTDOWN.value
    was = change.before.word if change.before is not None else ""
    return replace(
        days,
        shutdowns=_exchanged(
            days.shutdowns,
            before if was == shutdown else None,
            change.period if change.word == shutdown else None,
        ),
        frozen=_exchanged(
            days.frozen,
            before if was and was != shutdown else None,
            change.period if change.word != shutdown else None,
        ),
    )


def _write_closure(change: CalendarChange, *, actor_id: int | None, at: datetime) -> None:
    if change.removes:
        closures.remove_closure(_id(change.row_id), actor_id=actor_id, at=at)
        return
    first_on, last_on = _days(change)
    from_time, to_time = _time(change.from_time), _time(change.to_time)
    if change.row_id is None:
        closures.enter_closure(
            name=change.name,
            first_on=first_on,
            last_on=last_on,
            from_time=from_time,
            to_time=to_time,
            actor_id=actor_id,
            at=at,
        )
        return
    closures.change_closure(
        change.row_id,
        name=change.name,
        first_on=first_on,
        last_on=last_on,
        from_time=from_time,
        to_time=to_time,
        actor_id=actor_id,
        at=at,
    )


def _write_absence(change: CalendarChange, *, actor_id: int | None, at: datetime) -> None:
    if change.removes and change.leave_id is not None:
        leave.withdraw(change.leave_id, reason=change.answer, actor_id=actor_id, at=at)
        return
    if change.removes:
        technicians.remove_absence(_id(change.row_id), actor_id=actor_id, at=at)
        return
    if change.leave_id is not None:
        leave.approve(change.leave_id, answer=change.answer, actor_id=actor_id, at=at)
        return
    technician = workforce.technician_of(_id(change.user_id))
    if technician is None:
        raise NotFound
    first_on, last_on = _days(change)
    technicians.enter_absence(
        technician,
        kind=AbsenceKind(change.word),
        first_on=first_on,
        last_on=last_on,
        from_time=_time(change.from_time),
        to_time=_time(change.to_time),
        actor_id=actor_id,
        at=at,
    )


def _write_site_place(change: CalendarChange, *, actor_id: int | None, at: datetime) -> None:
    site = db.session.get(Site, _id(change.site_id))
    if site is None:
        raise NotFound
    known = {each.name: getattr(site, each.name) for each in fields(sites.SiteDetails)}
    known |= {"country": change.country, "subdivision": change.subdivision, "zone": change.zone}
    sites.change_site(site, details=sites.SiteDetails(**known), actor_id=actor_id, at=at)


def _write_site_closure(change: CalendarChange, *, actor_id: int | None, at: datetime) -> None:
    if change.removes:
        hours.remove_closure(_id(change.row_id), actor_id=actor_id, at=at)
    elif change.row_id is None:
        details = _closure_details(change)
        hours.enter_closure(_id(change.site_id), details=details, actor_id=actor_id, at=at)
    else:
        hours.change_closure(change.row_id, details=_closure_details(change), actor_id=actor_id, at=at)


def _closure_details(change: CalendarChange) -> hours.ClosureDetails:
    first_on, last_on = _days(change)
    return hours.ClosureDetails(
        kind=SiteClosureKind(change.word),
        name=change.name,
        first_on=first_on,
        last_on=last_on,
        from_time=_time(change.from_time),
        to_time=_time(change.to_time),
    )


def _open_hours(change: CalendarChange) -> tuple[hours.OpenHours, ...]:
    return tuple(
        hours.OpenHours(weekday, time.fromisoformat(opens), time.fromisoformat(closes))
        for weekday, opens, closes in change.hours
    )


def _days(change: CalendarChange) -> tuple[date, date]:
    if change.first_on is None or change.last_on is None:
        raise Refused(_("Enter the first and the last day."))
    return change.first_on, change.last_on


def _time(text: str) -> time | None:
    return time.fromisoformat(text) if text else None


def _id(number: int | None) -> int:
    """An id that a change of its kind always carries.

    :raises NotFound: when it does not.
    """
    if number is None:
        raise NotFound
    return number
