"""What it costs to say who can go to a visit among many technicians, and when a crew has time (SQLite)."""

import random
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from flask import Flask

from concierge.accounts.models import Site
from concierge.core.spans import Span
from concierge.identity.models import User
from concierge.identity.permissions import Role
from concierge.identity.states import AccessState
from concierge.platform import clock
from concierge.platform.database import db, insert_rows, unit_of_work
from concierge.visits import feasibility
from concierge.visits.models import Claim, Visit, VisitTechnician
from concierge.workforce.models import Absence, Skill, Technician, TechnicianHours
from concierge.workforce.states import AbsenceKind
from tests.bench.figures import Figure

TECHNICIANS = 500
SKILL = "bench"
PLACES = (
    ("CH", "BS", "Europe/Zurich", 47.56, 7.59),
    ("DE", "BE", "Europe/Berlin", 52.52, 13.4),
    ("FR", "", "Europe/Paris", 48.86, 2.35),
    ("US", "MA", "America/New_York", 42.36, -71.06),
    ("JP", "27", "Asia/Tokyo", 34.69, 135.5),
)


def measure(_app: Flask, *, seconds: float) -> Iterator[Figure]:
    """Rank everybody for one visit, and find the first three times for a customer. Inside an application context."""
    hire(TECHNICIANS)
    db.session.rollback()
    site = db.session.scalars(sa.select(Site).order_by(Site.id).limit(1)).one()
    monday = clock.now() + timedelta(days=7 - clock.now().weekday())
    starts = monday.replace(hour=8, minute=0, second=0, microsecond=0)
    stay = Span(starts, starts + timedelta(hours=6))
    found = feasibility.candidates(site, stay, skill=SKILL)
    assert len(found) >= TECHNICIANS, "everybody is ranked"
    free = sum(one.is_free for one in found)
    yield Figure(
        f"candidates for a visit among {len(found)} technicians",
        _cheapest(lambda: feasibility.candidates(site, stay, skill=SKILL), seconds),
        "CPU ms",
        remark=f"{free} are free; goal 50",
    )
    within = Span(starts, starts + timedelta(days=42))

    def slots() -> object:
        return feasibility.slots(site, minutes=300, within=within, skill=SKILL, crew=2)

    assert slots(), "somebody has time"
    yield Figure(
        f"three times for a crew of two of {TECHNICIANS}",
        _cheapest(slots, seconds),
        "CPU ms",
        remark="goal 100",
    )


def hire(count: int) -> None:
    """Enter technicians who have hours, certificates, leave, and visits in the weeks to come."""
    drawn = random.Random(6)
    now = clock.now()
    with unit_of_work():
        user_ids = insert_rows(
            User,
            [
                {
                    "email": f"bench{number}@demo.example",
                    "name": f"Bench {number:03d}",
                    "role": Role.TECHNICIAN,
                    "state": AccessState.ACTIVE,
                    "zone": PLACES[number % len(PLACES)][2],
                    "password_hash": "-",
                    "created_at": now,
                }
                for number in range(count)
            ],
        )
        ids = insert_rows(
            Technician,
            [
                {
                    "user_id": user_id,
                    "city": "",
                    "country": country,
                    "subdivision": subdivision,
                    "latitude": latitude + drawn.random(),
                    "longitude": longitude + drawn.random(),
                    "languages": ["en"],
                }
                for number, user_id in enumerate(user_ids)
                for country, subdivision, _zone, latitude, longitude in [PLACES[number % len(PLACES)]]
            ],
        )
        insert_rows(
            Skill, [{"technician_id": one, "code": SKILL, "level": drawn.randint(1, 5)} for one in ids]
        )
        insert_rows(
            TechnicianHours,
            [
                {"technician_id": one, "weekday": day, "from_minute": first, "to_minute": last}
                for one in ids
                for day in range(5)
                for first, last in ((480, 720), (765, 1020))
            ],
        )
        insert_rows(
            Absence,
            [
                {
                    "technician_id": one,
                    "kind": AbsenceKind.LEAVE,
                    "first_on": (now + timedelta(days=drawn.randint(0, 60))).date(),
                    "last_on": (now + timedelta(days=drawn.randint(61, 66))).date(),
                }
                for one in ids[::4]
            ],
        )
        _book(user_ids, drawn, now)


def _book(user_ids: list[int], drawn: random.Random, now: datetime) -> None:
    """Give each six visits in the weeks to come, at the sites there are."""
    sites = db.session.scalars(sa.select(Site).order_by(Site.id)).all()
    pattern = db.session.scalars(sa.select(Visit).order_by(Visit.id).limit(1)).one()
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    rows = []
    for number, _user_id in enumerate(user_ids):
        for week in range(6):
            starts = midnight + timedelta(days=week * 7 + drawn.randint(0, 6), hours=drawn.randint(7, 11))
            rows.append(
                {
                    "uid": f"bench-{number}-{week}",
                    "project_id": pattern.project_id,
                    "site_id": drawn.choice(sites).id,
                    "kind": pattern.kind,
                    "title": f"Visit {number}",
                    "starts_local": starts.replace(tzinfo=None),
                    "ends_local": starts.replace(tzinfo=None) + timedelta(hours=4),
                    "zone": "UTC",
                    "starts_at": starts.astimezone(UTC),
                    "ends_at": starts.astimezone(UTC) + timedelta(hours=4),
                    "created_at": now,
                }
            )
    visit_ids = insert_rows(Visit, rows)
    going = [user_id for user_id in user_ids for _week in range(6)]
    members = insert_rows(
        VisitTechnician,
        [{"visit_id": visit, "user_id": user} for visit, user in zip(visit_ids, going, strict=True)],
    )
    insert_rows(
        Claim,
        [
            {"member_id": member, "user_id": user, "from_at": row["starts_at"], "to_at": row["ends_at"]}
            for member, user, row in zip(members, going, rows, strict=True)
        ],
    )


def _cheapest(ask: Callable[[], object], seconds: float) -> float:
    """The least processor time of an answer, in milliseconds."""
    least, until = float("inf"), time.perf_counter() + max(seconds, 1)
    while time.perf_counter() < until:
        db.session.rollback()
        began = time.process_time()
        ask()
        least = min(least, time.process_time() - began)
    return least * 1000
