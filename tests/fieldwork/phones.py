"""A company with two technicians whose visits lie around now, in an instance folder that a server can serve."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from concierge.accounts.models import Contact, Site
from concierge.app import create_app
from concierge.identity.passwords import hashed
from concierge.identity.permissions import Role
from concierge.platform import clock
from concierge.platform.database import Base, db, unit_of_work
from concierge.platform.schema import wanted
from concierge.platform.settings import load
from concierge.visits import queries as visits
from concierge.visits.actions import arranging
from concierge.visits.models import Visit
from tests.makers import fieldwork, people, projects, workforce

PASSWORD = "two hands and a torch"
ZONE = "Europe/Zurich"


@dataclass(frozen=True, slots=True)
class Company:
    """Who goes where; visits by uid."""

    tomas: str = "tomas@concierge.example"
    ines: str = "ines@concierge.example"
    jonas: str = "jonas@concierge.example"
    now: str = "visit-now"
    both: str = "visit-tomorrow"
    """Tomas and Ines go together."""
    later: str = "visit-later"


@contextmanager
def application(instance: Path) -> Iterator[None]:
    """The application on an instance folder, beside a server that runs on it."""
    app = create_app(load({"CONCIERGE_INSTANCE": str(instance), "CONCIERGE_DEMO": "no"}))
    with app.app_context():
        yield
        db.session.remove()
        db.engine.dispose()


def build(instance: Path) -> Company:
    """Make the tables and the company; visits: one that goes on now, one tomorrow, one the day after."""
    made = Company()
    with application(instance):
        with db.engine.execution_options(writing=True).begin() as tables:
            Base.metadata.create_all(tables)
            tables.execute(sa.text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)"))
            tables.execute(sa.text("INSERT INTO alembic_version VALUES (:wanted)"), {"wanted": wanted()})
        start = clock.now().astimezone(ZoneInfo(ZONE)).replace(minute=0, second=0, microsecond=0)
        with unit_of_work():
            staff = [
                people.user(name=name, email=mail, role=role)
                for name, mail, role in (
                    ("Tomas Keller", made.tomas, Role.TECHNICIAN),
                    ("Ines Roth", made.ines, Role.TECHNICIAN),
                    ("Jonas Weber", made.jonas, Role.DISPATCHER),
                )
            ]
            for person in staff:
                person.password_hash = hashed(PASSWORD)
            tomas, ines = (workforce.technician(user=person) for person in staff[:2])
            project = projects.live(at=clock.now())
            db.session.get_one(Contact, project.contact_id).phone = "+41 61 555 01 01"
            db.session.get_one(Site, project.site_id).dock_notes = "Gate B, badge at reception; park behind."
            for uid, days, crew in (
                (made.now, 0, [tomas]),
                (made.both, 1, [tomas, ines]),
                (made.later, 2, [tomas]),
            ):
                starts = start + timedelta(days=days, hours=-1)
                visit = fieldwork.visit(
                    project,
                    *crew,
                    crew=len(crew),
                    starts=_wall(starts),
                    hours=4,
                    uid=uid,
                    reason="The customer asked for it.",
                    at=clock.now(),
                )
                visit.note = "Ring twice. The lift is out of order."
    return made


def move(uid: str, *, minutes: int) -> None:
    """Let the dispatcher move a visit; stands inside `application`."""
    with unit_of_work():
        visit = visits.visit_for_change(db.session.scalars(sa.select(Visit.id).where(Visit.uid == uid)).one())
        arranging.move_visit(
            visit,
            starts_local=visit.starts_local + timedelta(minutes=minutes),
            ends_local=visit.ends_local + timedelta(minutes=minutes),
            site=visit.site,
            conflict_reason="The customer asked for it.",
            actor_id=None,
            at=clock.now(),
        )


def _wall(at: datetime) -> str:
    return f"{at:%a %Y-%m-%d %H:%M}"
