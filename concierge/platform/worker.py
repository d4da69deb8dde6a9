"""The worker: claims deliveries and does them, and puts up what the timetable asks for.

It ends politely: told to stop (SIGTERM, SIGINT) it finishes what it holds and takes nothing new.
"""

import signal
import threading
from collections.abc import Sequence
from types import FrameType

import sqlalchemy as sa
import structlog
from flask import Flask

from concierge.platform import clock, deliveries, timetables
from concierge.platform.database import db
from concierge.platform.deliveries import Pace

log = structlog.get_logger()

PACE = Pace()
POLL_S = 0.2
"""Seconds between two looks while there is work; without work they grow to five times that."""


def work(
    app: Flask,
    *,
    threads: int = 2,
    queues: Sequence[str] = (),
    pace: Pace = PACE,
    stop: threading.Event | None = None,
) -> None:
    """Do deliveries until told to stop."""
    stop = stop or threading.Event()
    _stop_on_signals(stop)
    hands = [
        threading.Thread(target=_loop, args=(app, queues, pace, stop), name=f"worker-{number}")
        for number in range(threads)
    ]
    for hand in hands:
        hand.start()
    log.info("worker started", threads=threads)
    watch_the_clock(app, stop=stop)
    for hand in hands:
        hand.join()
    log.info("worker stopped")


def drain(app: Flask, *, pace: Pace = PACE, most: int = 10_000) -> int:
    """Do all deliveries that are due, and those that they cause, then return how many were done."""
    done = 0
    for _ in range(most):
        if not work_once(app, pace=pace):
            break
        done += 1
    return done


def work_once(app: Flask, *, queues: Sequence[str] = (), pace: Pace = PACE) -> bool:
    """Do one delivery if one is due."""
    with app.app_context():
        if not deliveries.is_due(queues=queues):
            return False
        claim = deliveries.claim(pace=pace, queues=queues)
        if claim is None:
            return False
        deliveries.deliver(claim, pace=pace)
        return True


def put_up(app: Flask) -> int:
    """Put up what the timetable asks for by now."""
    with app.app_context():
        return timetables.put_up(at=clock.now())


def watch_the_clock(app: Flask, *, stop: threading.Event, every_s: float = 1.0) -> None:
    """Put up the hours as they come, until told to stop."""
    while not stop.wait(every_s):
        try:
            put_up(app)
        except sa.exc.OperationalError as error:
            log.warning("database not reachable", error=type(error).__name__)
        except Exception as error:  # the clock goes on; what failed is for the people who write code
            log.error("timetable failed", exc_info=error)


def _loop(app: Flask, queues: Sequence[str], pace: Pace, stop: threading.Event) -> None:
    idle_s = POLL_S
    while not stop.is_set():
        try:
            idle_s = POLL_S if work_once(app, queues=queues, pace=pace) else min(1.0, idle_s * 1.5)
        except sa.exc.OperationalError as error:
            log.warning("database not reachable", error=type(error).__name__)
            idle_s = 1.0
            with app.app_context():
                db.engine.dispose()
        except (
            Exception
        ) as error:  # a worker goes on; what it could not even claim is for the people who write code
            log.error("worker failed", exc_info=error)
            idle_s = 1.0
        if idle_s > POLL_S:
            stop.wait(idle_s)


def _stop_on_signals(stop: threading.Event) -> None:
    if threading.current_thread() is not threading.main_thread():
        return

    def ask(number: int, frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, ask)
    signal.signal(signal.SIGINT, ask)
