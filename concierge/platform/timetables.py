"""Times at which things happen, and the deliveries they become: one for every hour, whoever notices first.

The table itself is ``concierge/timetable.py``; the application hands it in at its start.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

import sqlalchemy as sa
from flask import Flask, current_app

from concierge.platform import deliveries
from concierge.platform.database import db, unit_of_work
from concierge.platform.deliveries import Delivery


@dataclass(frozen=True, slots=True)
class Every:
    """Again and again, at whole multiples of a number of minutes since midnight UTC, 1970-01-01."""

    minutes: float

    def slot(self, at: datetime) -> datetime:
        """The last such instant at or before another."""
        length_s = self.minutes * 60
        return datetime.fromtimestamp(at.timestamp() // length_s * length_s, at.tzinfo)


@dataclass(frozen=True, slots=True)
class Daily:
    """Every day at a time of day, UTC."""

    at: time

    def slot(self, at: datetime) -> datetime:
        """The last such instant at or before another."""
        today = datetime.combine(at.date(), self.at, at.tzinfo)
        return today if today <= at else today - timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Chore:
    """One row of the timetable: when, and what. The function takes the instant it was due.

    It may run twice for the same instant and then changes nothing the second time.
    """

    when: Every | Daily
    what: Callable[[datetime], Any]  # Any: an outside handler returns the function that writes

    @property
    def name(self) -> str:
        """The name that the chore's deliveries carry, e.g. ``readiness.chores.remind``."""
        return f"{self.what.__module__.removeprefix('concierge.')}.{self.what.__name__}"


def register(app: Flask, timetable: Sequence[Chore]) -> None:
    """Hand the timetable to the application and make its functions deliverable."""
    app.extensions["concierge.timetable"] = tuple(timetable)
    for chore in timetable:
        deliveries.register(chore.name, _due_at(chore.what))


def put_up(*, at: datetime) -> int:
    """Write the deliveries of all hours that have come and were not written yet.

    Any number of workers may do this at once, with clocks apart: the key of the hour is unique.

    :return: how many this call wrote.
    """
    timetable: tuple[Chore, ...] = current_app.extensions.get("concierge.timetable", ())
    wanted = {f"{chore.name}:{chore.when.slot(at).isoformat()}": chore for chore in timetable}
    known = db.session.scalars(sa.select(Delivery.unique_key).where(Delivery.unique_key.in_(wanted)))
    missing = wanted.keys() - set(known)
    if not missing:
        return 0
    with unit_of_work():
        written = [
            deliveries.enqueue(
                wanted[key].name,
                {"at": wanted[key].when.slot(at).isoformat()},
                unique_key=key,
                queue="chores",
            )
            for key in sorted(missing)
        ]
    return sum(delivery_id is not None for delivery_id in written)


def _due_at(what: Callable[[datetime], Any]) -> deliveries.Handler:
    def run(args: dict[str, Any]) -> Any:
        return what(datetime.fromisoformat(args["at"]))

    run.outside = getattr(what, "outside", False)  # type: ignore[attr-defined]  # a mark that deliver() reads
    return run
