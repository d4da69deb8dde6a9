"""What the dispatch board costs: two hundred technicians over four weeks, with visits, leave and clashes (SQLite)."""

import random
from collections.abc import Sequence
from datetime import date, datetime, timedelta

import sqlalchemy as sa

from concierge.accounts.models import Site
from concierge.core.dispatch import Rule
from concierge.platform import clock
from concierge.platform.database import db, insert_rows, unit_of_work
from concierge.visits.models import BrokenRule, Visit, VisitTechnician
from concierge.visits.states import VisitState
from tests.bench.feasible import hire

TECHNICIANS = 200
WEEKS = 4
STATES = (VisitState.TENTATIVE, VisitState.CONFIRMED, VisitState.CONFIRMED, VisitState.ACCEPTED)


def fill() -> str:
    """Enter technicians who have a visit of a few hours and one of some days each week; returns the board's address.

    Inside an application context of the demo company. Every twentieth visit breaks a rule.
    """
    hire(TECHNICIANS)
    drawn = random.Random(6)
    today = clock.today("UTC")
    monday = today + timedelta(days=7 - today.weekday())
    with unit_of_work():
        sites = db.session.scalars(sa.select(Site).order_by(Site.id)).all()
        pattern = db.session.scalars(sa.select(Visit).order_by(Visit.id).limit(1)).one()
        people = db.session.scalars(
            sa.select(VisitTechnician.user_id).distinct().order_by(VisitTechnician.user_id)
        ).all()
        going = [user_id for user_id in people[-TECHNICIANS:] for _week in range(WEEKS)]
        rows = [
            _row(number, monday + timedelta(days=7 * (number % WEEKS)), sites, pattern, drawn)
            for number, _user_id in enumerate(going)
        ]
        ids = insert_rows(Visit, rows)
        insert_rows(
            VisitTechnician,
            [{"visit_id": visit, "user_id": user} for visit, user in zip(ids, going, strict=True)],
        )
        insert_rows(
            BrokenRule,
            [
                {
                    "visit_id": visit,
                    "user_id": user,
                    "rule": Rule.VISIT,
                    "about": f"visit/{user}/other",
                    "starts_at": row["starts_at"],
                    "ends_at": row["ends_at"],
                    "words": "Something else",
                    "found_at": clock.now(),
                }
                for visit, user, row in list(zip(ids, going, rows, strict=True))[::20]
            ],
        )
    return f"/dispatch?view=month&on={monday}"


def _row(
    number: int, monday: date, sites: Sequence[Site], pattern: Visit, drawn: random.Random
) -> dict[str, object]:
    site = drawn.choice(sites)
    on = monday + timedelta(days=drawn.randint(0, 2))
    starts = datetime(on.year, on.month, on.day, 9, tzinfo=clock.now().tzinfo)
    ends = starts + timedelta(days=drawn.randint(1, 3), hours=8)
    return {
        "uid": f"board-{number}",
        "project_id": pattern.project_id,
        "site_id": site.id,
        "kind": pattern.kind,
        "title": f"Longer visit {number}",
        "state": drawn.choice(STATES),
        "starts_local": starts.replace(tzinfo=None),
        "ends_local": ends.replace(tzinfo=None),
        "zone": site.zone,
        "starts_at": starts,
        "ends_at": ends,
        "created_at": clock.now(),
    }
