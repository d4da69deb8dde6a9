"""Hours become deliveries: one each, whoever notices first."""

import threading
from datetime import UTC, datetime, time, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from concierge.platform import timetables, worker
from concierge.platform.database import db
from concierge.platform.deliveries import Delivery
from concierge.platform.timetables import Chore, Daily, Every


def at(text: str) -> datetime:
    return datetime.strptime(text, "%a %Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("when", "now", "slot"),
    [
        (Every(60), "Tue 2026-03-17 10:59:59", "Tue 2026-03-17 10:00:00"),
        (Every(5), "Tue 2026-03-17 10:05:00", "Tue 2026-03-17 10:05:00"),
        (Daily(time(6)), "Tue 2026-03-17 06:00:00", "Tue 2026-03-17 06:00:00"),
        (Daily(time(6)), "Tue 2026-03-17 05:59:59", "Mon 2026-03-16 06:00:00"),
        (Daily(time(2, 30)), "Sun 2026-03-29 02:31:00", "Sun 2026-03-29 02:30:00"),
        (Daily(time(23)), "Fri 2027-01-01 00:10:00", "Thu 2026-12-31 23:00:00"),
    ],
)
def test_the_last_hour_that_came(when: Every | Daily, now: str, slot: str) -> None:
    assert when.slot(at(now)) == at(slot)


def seen(due_at: datetime) -> None:
    noticed.append(due_at)


noticed: list[datetime] = []


def test_eight_schedulers_with_clocks_apart_write_each_hour_once(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.extensions, "concierge.timetable", ())
    timetables.register(app, (Chore(Every(minutes=1 / 60), seen),))
    start, noticed[:] = at("Tue 2026-03-17 10:00:00"), []
    apart = [timedelta(seconds=s) for s in (0, 0, 0, 0, 0, 0, 5, -5)]
    failures: list[BaseException] = []

    def schedule(skew: timedelta) -> None:
        try:
            for tick in range(18):
                with app.app_context():
                    timetables.put_up(at=start + timedelta(seconds=tick) + skew)
        except BaseException as failure:  # shown below
            failures.append(failure)

    schedulers = [threading.Thread(target=schedule, args=(skew,)) for skew in apart]
    for scheduler in schedulers:
        scheduler.start()
    for scheduler in schedulers:
        scheduler.join()

    assert failures == []
    keys = list(db.session.scalars(sa.select(Delivery.unique_key)))
    assert len(keys) == len(set(keys)) == 28
    db.session.rollback()
    worker.drain(app)
    assert sorted(noticed) == [start + timedelta(seconds=s) for s in range(-5, 23)]
