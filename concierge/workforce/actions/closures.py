"""Closing the whole company, and saying where its home office is."""

from datetime import date, datetime, time

from flask_babel import gettext as _
from sqlalchemy import select

from concierge.platform.database import db
from concierge.platform.errors import NotFound, Refused
from concierge.platform.events import record
from concierge.workforce.calendars import is_country
from concierge.workforce.events import ClosureChanged, ClosureEntered, ClosureRemoved, HomeOfficeSet
from concierge.workforce.models import Closure, Office


def enter_closure(
    *,
    name: str,
    first_on: date,
    last_on: date,
    from_time: time | None = None,
    to_time: time | None = None,
    at: datetime,
    actor_id: int | None,
) -> Closure:
    """Close the company on these days, both included; plans laid out from now on leave them out.

    :param from_time: with ``to_time`` only these hours of each day; both None: the whole day.
    :raises Refused: when the last day comes before the first, or the hours are upside down.
    """
    refuse_disorder(first_on, last_on, from_time, to_time)
    closure = Closure(name=name, first_on=first_on, last_on=last_on, from_time=from_time, to_time=to_time)
    db.session.add(closure)
    db.session.flush()
    record(ClosureEntered(at=at, actor_id=actor_id, name=closure.name, first_on=first_on, last_on=last_on))
    return closure


def change_closure(
    closure_id: int,
    *,
    name: str,
    first_on: date,
    last_on: date,
    from_time: time | None = None,
    to_time: time | None = None,
    at: datetime,
    actor_id: int | None,
) -> Closure:
    """Put a closure on other days or call it otherwise.

    :raises Refused: when the last day comes before the first, or the hours are upside down.
    :raises NotFound: when it has been removed.
    """
    refuse_disorder(first_on, last_on, from_time, to_time)
    closure = _closure(closure_id)
    first_before, last_before = closure.first_on, closure.last_on
    closure.name, closure.first_on, closure.last_on = name, first_on, last_on
    closure.from_time, closure.to_time = from_time, to_time
    db.session.flush()
    record(
        ClosureChanged(
            at=at,
            actor_id=actor_id,
            name=closure.name,
            first_before=first_before,
            last_before=last_before,
            first_on=first_on,
            last_on=last_on,
        )
    )
    return closure


def remove_closure(closure_id: int, *, at: datetime, actor_id: int | None) -> None:
    """Work on those days after all.

    :raises NotFound: when it has been removed.
    """
    closure = _closure(closure_id)
    db.session.delete(closure)
    db.session.flush()
    record(
        ClosureRemoved(
            at=at,
            actor_id=actor_id,
            name=closure.name,
            first_on=closure.first_on,
            last_on=closure.last_on,
        )
    )


def set_home_office(
    *, name: str, country: str, subdivision: str, zone: str, at: datetime, actor_id: int | None
) -> Office:
    """Say where our own people work; its public holidays are the company's.

    :raises Refused: when there is no such country.
    """
    if not is_country(country):
        raise Refused(_("“%(code)s” is no country. Use its two letters, such as CH or JP.", code=country))
    office = db.session.scalar(select(Office).where(Office.is_home).order_by(Office.id).limit(1))
    if office is None:
        office = Office(is_home=True)
        db.session.add(office)
    office.name, office.zone = name, zone
    office.country, office.subdivision = country.upper(), subdivision.upper()
    db.session.flush()
    record(
        HomeOfficeSet(
            at=at,
            actor_id=actor_id,
            name=office.name,
            country=office.country,
            subdivision=office.subdivision,
        )
    )
    return office


def refuse_disorder(first_on: date, last_on: date, from_time: time | None, to_time: time | None) -> None:
    """Check that a closure ends after it begins, by day and by the clock.

    :raises Refused: when it does not, or only one of its hours is given.
    """
    if last_on < first_on:
        raise Refused(_("The last day of a closure cannot come before its first. Exchange the two."))
    if (from_time is None) != (to_time is None):
        raise Refused(
            _("A half day needs both hours. Enter from when until when, or neither for the whole day.")
        )
    if from_time is not None and to_time is not None and to_time <= from_time:
        raise Refused(_("The closed hours end before they begin. Exchange the two times."))


def _closure(closure_id: int) -> Closure:
    closure = db.session.get(Closure, closure_id)
    if closure is None:
        raise NotFound
    return closure
