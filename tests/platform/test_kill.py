"""Producers and workers killed at random: nothing is lost, nothing comes from nowhere, nothing happens twice.

``KILL_TEST_SECONDS`` lengthens the random runs (3 s each by default).
"""

import os
import random
import signal
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from concierge.platform.database import db
from concierge.platform.deliveries import Delivery, DeliveryStatus, Pace
from tests.platform import chaos
from tests.platform.chaos import Place

pytestmark = pytest.mark.kill

SECONDS = float(os.environ.get("KILL_TEST_SECONDS", "3"))


@pytest.fixture(params=["embedded-sqlite", "embedded-postgresql", "procrastinate-postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    engine, _, kind = request.param.partition("-")
    if kind == "sqlite":
        yield Place(folder=tmp_path, database_url="", engine=engine)
        return
    server: Any = request.getfixturevalue("postgres")
    name = f"kill_{engine}"
    yield Place(folder=tmp_path, database_url=server.create(name), engine=engine)
    server.drop(name)


@pytest.fixture
def started() -> Iterator[list[Any]]:
    """Processes to be ended when the test is over."""
    running: list[Any] = []
    yield running
    for process in running:
        process.kill()
        process.join()
    for app in chaos.made:
        with app.app_context():
            db.engine.dispose()
    chaos.made.clear()


def test_random_kills_lose_nothing_and_repeat_nothing(place: Place, started: list[Any]) -> None:
    app, chance = chaos.prepare(place), random.Random(20261121)
    producers = [chaos.start_producer(place, seed) for seed in range(2)]
    workers = [chaos.start_worker(place) for _ in range(4)]
    started += producers + workers
    assert chaos.wait_for(lambda: chaos.tally(app)["committed"] > 20, most_s=60)
    seed, kills, end_at, committed_before = 100, 0, time.monotonic() + SECONDS, 0

    while True:
        committed = chaos.tally(app)["committed"]
        # on a machine with much else to do it takes longer until something can be lost
        if time.monotonic() > end_at + (0 if committed >= 60 else 60):
            break
        time.sleep(chance.uniform(0.15, 0.45))
        crew = producers if chance.random() < 0.25 and committed > committed_before + 8 else workers
        if crew is producers:
            committed_before = committed
        victim = chance.randrange(len(crew))
        crew[victim].kill()
        crew[victim].join()
        kills, seed = kills + 1, seed + 1
        crew[victim] = chaos.start_producer(place, seed) if crew is producers else chaos.start_worker(place)
        started.append(crew[victim])
    for producer in producers:
        producer.kill()
        producer.join()

    assert chaos.wait_for(lambda: chaos.tally(app)["unfinished"] == 0, most_s=60), chaos.tally(app)
    found = chaos.tally(app)
    print(f"\n{place.engine} {place.database_url[:10] or 'sqlite'}: {kills} kills, {found}")
    assert found["committed"] >= 60
    assert (found["lost"], found["ghost"], found["double"]) == (0, 0, 0), found


def test_a_job_whose_worker_was_killed_is_done_by_the_next(place: Place, started: list[Any]) -> None:
    app = chaos.prepare(place)
    chaos.enqueue(app, "chaos.slow", "three-seconds")
    first = chaos.start_worker(place)
    started.append(first)
    assert chaos.wait_for(lambda: chaos.starts(place) == 1, most_s=40)

    time.sleep(1)
    first.kill()
    started.append(chaos.start_worker(place))

    assert chaos.wait_for(lambda: chaos.tally(app)["unfinished"] == 0, most_s=60)
    assert chaos.starts(place) == 2
    assert chaos.tally(app)["lost"] == chaos.tally(app)["double"] == 0


def test_a_worker_that_slept_past_its_lease_changes_nothing(place: Place, started: list[Any]) -> None:
    app = chaos.prepare(place)
    chaos.enqueue(app, "chaos.slow", "stopped")
    sleeper = chaos.start_worker(place)
    started.append(sleeper)
    assert chaos.wait_for(lambda: chaos.starts(place) == 1, most_s=40)

    os.kill(sleeper.pid, signal.SIGSTOP)
    started.append(chaos.start_worker(place))
    chaos.wait_for(lambda: chaos.tally(app)["unfinished"] == 0, most_s=40)
    os.kill(sleeper.pid, signal.SIGCONT)
    time.sleep(2)

    assert chaos.starts(place) == 2
    assert chaos.tally(app) == {
        "committed": 1, "lost": 0, "ghost": 0, "double": 0, "unfinished": 0, "reruns": 1,
    }  # fmt: skip


def test_a_job_that_kills_its_worker_is_dead_after_eight_attempts(place: Place, started: list[Any]) -> None:
    place = replace(place, pace=Pace(lease_s=0.3, backoff_s=0.05, backoff_most_s=0.1))
    app = chaos.prepare(place)
    chaos.enqueue(app, "chaos.poison", "poison")

    def is_dead() -> bool:
        with app.app_context():
            return db.session.scalar(sa.select(Delivery.status)) is DeliveryStatus.DEAD

    give_up_at = time.monotonic() + 90
    while not is_dead() and time.monotonic() < give_up_at:
        poisoned = chaos.start_worker(place)
        started.append(poisoned)
        chaos.wait_for(lambda poisoned=poisoned: not poisoned.is_alive() or is_dead(), most_s=8)

    assert is_dead()
    assert chaos.starts(place) == 8


def test_a_worker_told_to_stop_finishes_what_it_holds(place: Place, started: list[Any]) -> None:
    app = chaos.prepare(place)
    chaos.enqueue(app, "chaos.slow", "polite")
    worker = chaos.start_worker(place)
    started.append(worker)
    assert chaos.wait_for(lambda: chaos.starts(place) == 1, most_s=40)

    worker.terminate()
    worker.join(30)

    assert worker.exitcode == 0
    found = chaos.tally(app)
    assert (found["lost"], found["double"], found["unfinished"], found["reruns"]) == (0, 0, 0, 0)
