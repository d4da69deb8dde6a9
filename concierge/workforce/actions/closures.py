"""Closing the whole company."""

from datetime import date, datetime

from concierge.platform.database import db
from concierge.platform.errors import Refused
from concierge.platform.events import record
from concierge.workforce.events import ClosureEntered
from concierge.workforce.models import Closure


def enter_closure(*, name: str, first_on: date, last_on: date, at: datetime, actor_id: int | None) -> Closure:
    """Close the company on these days, both included; plans laid out from now on leave them out.

    :raises Refused: when the last day comes before the first.
    """
    if last_on < first_on:
        raise Refused("The last day of a closure cannot come before its first. Exchange the two.")
    closure = Closure(name=name, first_on=first_on, last_on=last_on)
    db.session.add(closure)
    db.session.flush()
    record(ClosureEntered(at=at, actor_id=actor_id, name=closure.name, first_on=first_on, last_on=last_on))
    return closure
