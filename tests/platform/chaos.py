"""Producers and workers as real processes, to be killed: a small application on the platform alone."""

import multiprocessing
import os
import random
import signal
import time
from dataclasses import dataclass, field
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from flask import Flask

from concierge.platform import database, deliveries, procrastination, worker
from concierge.platform.database import db, unit_of_work
from concierge.platform.deliveries import Delivery, DeliveryStatus, Pace
from concierge.platform.settings import Settings

tables = sa.MetaData()
orders = sa.Table("chaos_orders", tables, sa.Column("number", sa.String(40), primary_key=True))
effects = sa.Table(
    "chaos_effects",
    tables,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("number", sa.String(40), nullable=False),
    sa.Column("has_order", sa.Boolean, nullable=False),
)

processes = multiprocessing.get_context("forkserver")
processes.set_forkserver_preload([__name__])


@dataclass(frozen=True)
class Place:
    """Where a run happens: folder, database, engine, and how fast leases end."""

    folder: Path
    database_url: str
    engine: str
    pace: Pace = field(default_factory=lambda: Pace(lease_s=1.0, backoff_s=0.1, backoff_most_s=0.5))

    @property
    def settings(self) -> Settings:
        return Settings(
            instance=self.folder,
            database_url=self.database_url,
            jobs=self.engine,
            synchronous="NORMAL",
            secret_key="x",
        )


made: list[Flask] = []
"""The applications of this process, whose connections want closing."""


def make_app(place: Place) -> Flask:
    app = Flask("chaos")
    made.append(app)
    database.register(app, place.settings)
    procrastination.register(app, place.settings)
    deliveries.register("chaos.effect", _effect)
    deliveries.register("chaos.slow", _slow(place))
    deliveries.register("chaos.poison", _poison(place))
    deliveries.register("chaos.failing", _failing)
    return app


def prepare(place: Place) -> Flask:
    """The application with its tables."""
    app = make_app(place)
    with app.app_context(), db.engine.execution_options(writing=True).begin() as connection:
        db.metadata.create_all(connection, tables=[Delivery.__table__])
        tables.create_all(connection)
    if place.engine == "procrastinate":
        procrastination.prepare(app)
        procrastination.prepare(app)
    return app


def start_producer(place: Place, seed: int) -> BaseProcess:
    return _start(_produce, place, seed)


def start_worker(place: Place) -> BaseProcess:
    return _start(_work, place)


def starts(place: Place) -> int:
    """How often the slow or the poisonous delivery was begun."""
    path = place.folder / "starts"
    return path.read_text().count("\n") if path.exists() else 0


def enqueue(app: Flask, name: str, number: str) -> None:
    with app.app_context(), unit_of_work():
        db.session.execute(orders.insert().values(number=number))
        deliveries.enqueue(name, {"number": number})


def tally(app: Flask) -> dict[str, int]:
    """What the invariants are read from."""
    with app.app_context():
        committed = set(db.session.scalars(sa.select(orders.c.number)))
        done = [(row.number, row.has_order) for row in db.session.execute(sa.select(effects))]
        unfinished = db.session.scalar(
            sa.select(sa.func.count(Delivery.id)).where(
                Delivery.status.in_([DeliveryStatus.READY, DeliveryStatus.LEASED])
            )
        )
        reruns = db.session.scalar(sa.select(sa.func.sum(Delivery.attempts - 1)).where(Delivery.attempts > 1))
    numbers = [number for number, _ in done]
    return {
        "committed": len(committed),
        "lost": len(committed - set(numbers)),
        "ghost": len(set(numbers) - committed) + sum(not has_order for _, has_order in done),
        "double": len(numbers) - len(set(numbers)),
        "unfinished": unfinished or 0,
        "reruns": reruns or 0,
    }


def wait_for(truth: Any, *, most_s: float) -> bool:
    give_up_at = time.monotonic() + most_s
    while time.monotonic() < give_up_at:
        if truth():
            return True
        time.sleep(0.05)
    return bool(truth())


def _start(target: Any, *args: Any) -> BaseProcess:
    process = processes.Process(target=target, args=args, daemon=True)
    process.start()
    return process


class _OnPurpose(Exception):
    pass


def _produce(place: Place, seed: int) -> None:
    app, chance, count = make_app(place), random.Random(seed), 0
    while True:
        count += 1
        number = f"{os.getpid()}-{seed}-{count}"
        try:
            with app.app_context(), unit_of_work():
                db.session.execute(orders.insert().values(number=number))
                deliveries.enqueue("chaos.effect", {"number": number}, unique_key=f"effect:{number}")
                time.sleep(chance.random() * 0.004)
                if chance.random() < 0.3:
                    raise _OnPurpose
        except _OnPurpose:
            pass
        time.sleep(chance.random() * 0.01)


def _work(place: Place) -> None:
    app = make_app(place)
    if place.engine == "procrastinate":
        procrastination.work(app, threads=1, pace=place.pace)
    else:
        worker.work(app, threads=1, pace=place.pace)


def _effect(args: dict[str, Any]) -> None:
    number = args["number"]
    has_order = db.session.scalar(sa.select(orders.c.number).where(orders.c.number == number)) is not None
    time.sleep(random.random() * 0.004)
    db.session.execute(effects.insert().values(number=number, has_order=has_order))


def _slow(place: Place) -> deliveries.Handler:
    @deliveries.outside
    def slow(args: dict[str, Any]) -> Any:
        _note_start(place)
        time.sleep(3 if args["number"] == "three-seconds" else 1.5)
        return lambda: db.session.execute(effects.insert().values(number=args["number"], has_order=True))

    return slow


def _poison(place: Place) -> deliveries.Handler:
    @deliveries.outside
    def poison(args: dict[str, Any]) -> None:
        _note_start(place)
        os.kill(os.getpid(), signal.SIGKILL)

    return poison


def _failing(args: dict[str, Any]) -> None:
    db.session.execute(effects.insert().values(number=args["number"], has_order=True))
    raise RuntimeError("It never works.")


def _note_start(place: Place) -> None:
    handle = os.open(place.folder / "starts", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.write(handle, b"started\n")
    os.close(handle)
