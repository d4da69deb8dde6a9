"""A company with two technicians whose visits lie around now, in an instance folder that a server can serve."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from concierge.accounts.models import Contact, Site
from concierge.app import create_app
from concierge.identity.actions import people as access
from concierge.identity.models import User
from concierge.identity.passwords import hashed
from concierge.identity.permissions import Role
from concierge.platform import clock
from concierge.platform.database import Base, db, unit_of_work
from concierge.platform.schema import wanted
from concierge.platform.settings import load
from concierge.projects.models import Project
from concierge.visits import queries as visits
from concierge.visits.actions import arranging
from concierge.visits.models import Visit
from tests.makers import fieldwork, people, projects, workforce

PASSWORD = "two hands and a torch"
ZONE = "Europe/Zurich"


@dataclass(frozen=True, slots=True)
class Crew:
    """Two technicians, and their visits by uid: crews have nothing in common but the project."""

    number: int = 0

    @property
    def tomas(self) -> str:
        """Where one signs in."""
        return f"tomas-{self.number}@concierge.example"

    @property
    def ines(self) -> str:
        """Where the other signs in."""
        return f"ines-{self.number}@concierge.example"

    @property
    def now(self) -> str:
        """Tomas goes alone; it has begun."""
        return f"visit-now-{self.number}"

    @property
    def both(self) -> str:
        """They go together, the day after tomorrow: tomorrow may begin while a test runs."""
        return f"visit-both-{self.number}"


@contextmanager
def application(instance: Path) -> Iterator[None]:
    """The application on an instance folder, beside a server that runs on it."""
    app = create_app(load({"CONCIERGE_INSTANCE": str(instance), "CONCIERGE_DEMO": "no"}))
    with app.app_context():
        yield
        db.session.remove()
        db.engine.dispose()


def build(instance: Path, *, crews: int = 1) -> None:
    """Make the tables and a company with so many crews."""
    with application(instance):
        with db.engine.execution_options(writing=True).begin() as tables:
            Base.metadata.create_all(tables)
            tables.execute(sa.text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)"))
            tables.execute(sa.text("INSERT INTO alembic_version VALUES (:wanted)"), {"wanted": wanted()})
        password = hashed(PASSWORD)
        with unit_of_work():
            project = projects.live(at=clock.now())
            db.session.get_one(Contact, project.contact_id).phone = "+41 61 555 01 01"
            db.session.get_one(Site, project.site_id).dock_notes = "Gate B, badge at reception; park behind."
            for number in range(crews):
                _crew(project, Crew(number), password)


def _crew(project: Project, crew: Crew, password: str) -> None:
    goers = []
    for name, mail in (("Tomas Keller", crew.tomas), ("Ines Roth", crew.ines)):
        person = people.user(name=name, email=mail, role=Role.TECHNICIAN)
        person.password_hash = password
        goers.append(workforce.technician(user=person))
    begun = clock.now() - timedelta(hours=1)
    for uid, days, going in ((crew.now, 0, goers[:1]), (crew.both, 2, goers)):
        visit = fieldwork.visit(
            project,
            *going,
            crew=len(going),
            starts=f"{(begun + timedelta(days=days)).astimezone(ZoneInfo(ZONE)):%a %Y-%m-%d %H:00}",
            hours=4,
            uid=uid,
            reason="The customer asked for it.",
            at=clock.now(),
        )
        visit.note = "Ring twice. The lift is out of order."


def end_access(email: str) -> None:
    """Let the administrator end somebody's access; stands inside `application`."""
    with unit_of_work():
        admin = people.user(name="Petra Novak", email=f"petra-{email}", role=Role.ADMINISTRATOR)
        user = db.session.scalars(sa.select(User).where(User.email == email)).one()
        access.disable(user, actor_id=admin.id, at=clock.now())


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
