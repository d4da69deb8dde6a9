"""What it costs to answer when units can be there (SQLite)."""

import time
from collections.abc import Callable, Iterator
from datetime import timedelta

import sqlalchemy as sa
from flask import Flask

from concierge.accounts.models import Site
from concierge.core import promise
from concierge.core.schedule import lay_out
from concierge.enquiries import queries
from concierge.enquiries.actions import asking, stocking
from concierge.enquiries.actions.asking import WantedLine
from concierge.enquiries.models import Enquiry
from concierge.enquiries.states import Pace, StockState
from concierge.identity.models import User
from concierge.platform import clock
from concierge.platform.database import db, unit_of_work
from tests.bench.figures import Figure


def measure(_app: Flask, *, seconds: float) -> Iterator[Figure]:
    """Three units at two sites, then as many as an enquiry takes; the yardstick lays their plans out once."""
    small, large = _ask(2, 1), _ask(20, 20)
    for enquiry in (small, large):
        known = _known(enquiry)
        jobs = queries.replied(known, pace=Pace.EACH, with_chances=False).promises
        plain = _cheapest(
            lambda jobs=jobs, known=known: [
                lay_out(
                    one.laid.job.steps,
                    calendars=one.laid.job.calendars,
                    start_on=known.order_by,
                    today=known.today,
                )
                for one in jobs
            ],
            seconds / 4,
        )
        cost = _cheapest(lambda enquiry=enquiry: queries.replied(_known(enquiry), pace=Pace.EACH), seconds)
        yield Figure(
            f"{len(jobs)} units at two sites, when? ({len(known.team.people)} technicians)",
            cost,
            "CPU ms",
            ratio=cost / plain,
            yardstick="their plans laid out once",
            remark="goal 1,000" if enquiry is small else f"within {promise.HORIZON.days} days",
        )


def _ask(*quantities: int) -> Enquiry:
    now = clock.now()
    with unit_of_work():
        person = db.session.scalars(sa.select(User).order_by(User.id).limit(1)).one()
        product = queries.instruments()[0]
        sites = db.session.scalars(sa.select(Site).order_by(Site.id).limit(len(quantities))).all()
        stocking.set_supply_time(product, days=40, at=now, actor_id=person.id)
        for number in range(sum(quantities) // 2):
            stocking.add_units(
                product, country="CH", available_on=now.date() + timedelta(days=number),
                state=StockState.EXPECTED, at=now, actor_id=person.id,
            )  # fmt: skip
        return asking.ask(
            account=None,
            customer="Bench",
            lines=[WantedLine(product, count, site) for count, site in zip(quantities, sites, strict=True)],
            at=now,
            actor_id=person.id,
        )


def _known(enquiry: Enquiry) -> queries.Material:
    db.session.rollback()
    with db.session.no_autoflush:
        found = queries.enquiry_whole(enquiry.id)
    return queries.material(found, at=clock.now(), hold_workdays=5)


def _cheapest(act: Callable[[], object], seconds: float) -> float:
    """The least CPU time that an act takes, in milliseconds; tried for some seconds."""
    best, ends = float("inf"), time.perf_counter() + seconds
    while time.perf_counter() < ends or best == float("inf"):
        began = time.process_time()
        act()
        best = min(best, (time.process_time() - began) * 1000)
    return best
