"""A worker whose clock is wrong takes nothing away from another (rule R7).

SQLite has no clock of its own, and all its workers run on one machine.
"""

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask

from concierge.platform import clock, deliveries
from concierge.platform.database import db, unit_of_work
from concierge.platform.deliveries import Delivery, Pace

PACE = Pace(lease_s=60, backoff_s=10)


@pytest.fixture
def noted(app: Flask) -> Delivery:
    """A delivery that is due."""
    deliveries.register("test.note", _nothing)
    with unit_of_work():
        delivery_id = deliveries.enqueue("test.note", {})
    db.session.rollback()
    return db.session.get_one(Delivery, delivery_id)


def _nothing(_args: dict[str, Any]) -> None:
    pass


@pytest.mark.parametrize("app", ["postgresql"], indirect=True)
@pytest.mark.parametrize("fast_s", [10, 3600, -3600])
def test_a_lease_is_counted_by_the_clock_of_the_database(app: Flask, noted: Delivery, fast_s: int) -> None:
    true_now = deliveries.database_now()
    with time_machine.travel(clock.now() + timedelta(seconds=fast_s), tick=False):
        taken = deliveries.claim(pace=PACE)

    assert taken is not None, "due by the database's clock, whatever the worker's says"
    db.session.rollback()
    row = db.session.get_one(Delivery, noted.id, populate_existing=True)
    assert row.lease_until is not None
    assert timedelta(seconds=60) <= row.lease_until - true_now < timedelta(seconds=75)


@pytest.mark.parametrize("app", ["postgresql"], indirect=True)
def test_a_fast_clock_takes_no_lease_from_its_owner(app: Flask, noted: Delivery) -> None:
    assert deliveries.claim(pace=PACE) is not None

    with time_machine.travel(clock.now() + timedelta(hours=1), tick=False):
        assert not deliveries.is_due()
        assert deliveries.claim(pace=PACE) is None

    db.session.rollback()
    assert db.session.scalar(sa.select(Delivery.attempts)) == 1
