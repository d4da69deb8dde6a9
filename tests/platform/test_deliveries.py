"""What follows from an act: written with it, done once, retried, given up, tried again."""

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from concierge.platform import clock, deliveries, worker
from concierge.platform.database import db, unit_of_work
from concierge.platform.deliveries import Delivery, DeliveryStatus, Hopeless, Pace
from concierge.platform.errors import NotFound, Refused

PACE = Pace(lease_s=60, backoff_s=10)
done: list[Any] = []


@pytest.fixture(autouse=True)
def handlers() -> None:
    def failing(args: dict[str, Any]) -> None:
        raise RuntimeError("the other side is away")

    def hopeless(args: dict[str, Any]) -> None:
        raise Hopeless("the address does not exist")

    @deliveries.outside
    def slow(args: dict[str, Any]) -> Any:
        return lambda: done.append(("written", args["n"]))

    deliveries.register("test.note", lambda args: done.append(args["n"]))
    deliveries.register("test.failing", failing)
    deliveries.register("test.hopeless", hopeless)
    deliveries.register("test.slow", slow)
    done.clear()


def enqueue(name: str, **more: Any) -> int | None:
    with unit_of_work():
        return deliveries.enqueue(name, {"n": more.pop("n", 1)}, **more)


def row(delivery_id: int | None) -> Delivery:
    db.session.rollback()
    return db.session.get_one(Delivery, delivery_id, populate_existing=True)


def test_what_was_rolled_back_is_not_delivered(app: Flask) -> None:
    with pytest.raises(Refused), unit_of_work():
        raise Refused(f"Changed my mind about {deliveries.enqueue('test.note', {'n': 1})}.")

    assert worker.drain(app) == 0
    assert done == []


def test_the_same_key_twice_is_one_delivery(app: Flask) -> None:
    assert enqueue("test.note", unique_key="letter:7") is not None
    assert enqueue("test.note", unique_key="letter:7") is None

    worker.drain(app)

    assert done == [1]


def test_higher_priority_goes_first_and_later_waits(app: Flask) -> None:
    enqueue("test.note", n="tomorrow", run_at=clock.now() + timedelta(days=1))
    enqueue("test.note", n="ordinary")
    enqueue("test.note", n="urgent", priority=9)

    worker.drain(app)

    assert done == ["urgent", "ordinary"]


def test_a_worker_may_keep_to_some_queues(app: Flask) -> None:
    enqueue("test.note", n="letter", queue="mail")
    enqueue("test.note", n="document", queue="print")

    while worker.work_once(app, queues=("mail",)):
        pass

    assert done == ["letter"]


def test_a_failure_waits_longer_each_time_and_is_given_up(app: Flask) -> None:
    delivery_id = enqueue("test.failing", max_attempts=3)
    waits = []
    for _ in range(3):
        with unit_of_work():
            db.session.get_one(Delivery, delivery_id).run_at = clock.now() - timedelta(seconds=1)
        assert worker.drain(app, pace=PACE) == 1
        kept = row(delivery_id)
        waits.append(round((kept.run_at - clock.now()).total_seconds() / 10))

    assert waits[:2] == [1, 4]
    assert kept.status is DeliveryStatus.DEAD
    assert kept.last_error == "RuntimeError: the other side is away"
    assert deliveries.counts()["dead"] == 1


def test_a_hopeless_failure_is_given_up_at_once(app: Flask) -> None:
    delivery_id = enqueue("test.hopeless")

    worker.drain(app)

    assert row(delivery_id).status is DeliveryStatus.DEAD


def test_a_delivery_nobody_does_is_given_up(app: Flask) -> None:
    delivery_id = enqueue("test.unknown")

    worker.drain(app)

    assert "No function does" in row(delivery_id).last_error


def test_a_dead_delivery_is_tried_again_by_a_person_only(app: Flask) -> None:
    dead, alive = enqueue("test.hopeless"), enqueue("test.note")
    worker.drain(app)
    deliveries.register("test.hopeless", lambda args: done.append("mended"))

    with unit_of_work():
        deliveries.try_again(dead or 0)
    with pytest.raises(Refused), unit_of_work():
        deliveries.try_again(alive or 0)
    with pytest.raises(NotFound), unit_of_work():
        deliveries.try_again(4711)
    worker.drain(app)

    assert done == [1, "mended"]
    assert row(dead).status is DeliveryStatus.DONE


def test_an_outside_handler_cannot_write_but_what_it_returns_does(app: Flask) -> None:
    enqueue("test.slow", n=5)

    worker.drain(app)

    assert done == [("written", 5)]


def test_who_lost_the_lease_saves_nothing(app: Flask) -> None:
    delivery_id = enqueue("test.note")
    first = deliveries.claim(pace=Pace(lease_s=-1))
    second = deliveries.claim(pace=PACE)
    assert first is not None
    assert second is not None

    assert deliveries.deliver(first, pace=PACE) is False
    assert deliveries.deliver(second, pace=PACE) is True

    assert row(delivery_id).status is DeliveryStatus.DONE
    assert row(delivery_id).attempts == 2


def test_what_is_leased_is_not_claimed_again(app: Flask) -> None:
    enqueue("test.note")

    assert deliveries.claim(pace=PACE) is not None
    assert deliveries.claim(pace=PACE) is None


def test_what_was_done_long_ago_is_forgotten_and_what_is_dead_stays(app: Flask) -> None:
    kept, gone = enqueue("test.hopeless"), enqueue("test.note")
    worker.drain(app)

    with unit_of_work():
        assert deliveries.forget(before=clock.now() + timedelta(seconds=5)) == 1

    db.session.rollback()
    assert db.session.get(Delivery, gone, populate_existing=True) is None
    assert row(kept).status is DeliveryStatus.DEAD
