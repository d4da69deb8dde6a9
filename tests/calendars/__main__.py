"""`./dev calendars`: subscribe real programs to a running Concierge, change things, compare what they show.

The truth of each step is read from the rows of the visits, not from the file that was served. A program gets
two of its own polls to follow: Thunderbird looks every minute, Evolution when asked.
"""

import contextlib
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import sqlalchemy as sa
from flask import Flask

from concierge.accounts.events import AccountRenamed
from concierge.accounts.models import Account, Site
from concierge.app import create_app
from concierge.catalogue.states import VisitKind
from concierge.identity.models import User
from concierge.platform import clock
from concierge.platform.database import db, unit_of_work
from concierge.platform.events import record
from concierge.platform.settings import Settings
from concierge.projects.models import Project
from concierge.visits.models import Visit, VisitTechnician
from concierge.visits.states import VisitState
from tests.browser import served
from tests.calendars import programs
from tests.calendars.programs import Held, Program
from tests.makers import calendar
from tests.processes import free_port

WITHIN_S = 150
"""Thunderbird's minute twice, and its start."""


class Company:
    """A technician, a colleague, a project, and the acts of the check on them; the rows tell the truth."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        with app.app_context(), unit_of_work():
            self.technician = calendar.technician("Jörg 'Ω' Weiß; the \"long\", one").id
            self.colleague = calendar.technician("Somebody Else").id
            self.project = calendar.project("Klinik – Süd, Haus 4; Labor").id
            soon = (clock.now() + timedelta(days=7)).replace(hour=8, minute=0, second=0, microsecond=0)
            self.soon = soon
            for number in range(6):
                self._plan(number)

    def path(self) -> str:
        """The path of the technician's calendar."""
        with self.app.app_context(), unit_of_work():
            return calendar.path_of(db.session.get_one(User, self.technician), at=clock.now())

    def truth(self) -> frozenset[Held]:
        """What the technician's calendar has to show, by the rows of the visits."""
        with self.app.app_context():
            rows = db.session.execute(
                sa.select(Visit, Account.name, Site.city)
                .join(VisitTechnician, VisitTechnician.visit_id == Visit.id)
                .join(Project, Project.id == Visit.project_id)
                .join(Account, Account.id == Project.account_id)
                .join(Site, Site.id == Visit.site_id)
                .where(VisitTechnician.user_id == self.technician, Visit.state != VisitState.DRAFT)
            )
            return frozenset(
                Held(
                    uid=visit.uid,
                    title=f"{'CANCELLED: ' if visit.state is VisitState.CANCELLED else ''}"
                    f"Installation: {name}, {city}",
                    start=_text(visit.starts_at),
                    end=_text(visit.ends_at),
                    status="CANCELLED" if visit.state is VisitState.CANCELLED else "CONFIRMED",
                )
                for visit, name, city in rows
            )

    def move(self) -> None:
        """Move one visit into another day, and another by five minutes."""
        with self._visits() as visits:
            calendar.move(visits[0], by=timedelta(days=3), at=clock.now())
            calendar.move(visits[1], by=timedelta(minutes=5), at=clock.now())

    def rename(self) -> None:
        """Give the customer a name that would break a careless file."""
        with self._visits() as visits:
            project = db.session.get_one(Project, visits[0].project_id)
            account = db.session.get_one(Account, project.account_id)
            before, account.name = account.name, "One END:VEVENT; a, b \\n ü 漢字 😀 " + "long " * 15 + "name"
            record(
                AccountRenamed(
                    at=clock.now(),
                    actor_id=None,
                    account_id=account.id,
                    name_before=before,
                    name_after=account.name,
                )
            )

    def cancel(self) -> None:
        """Call a visit off."""
        with self._visits() as visits:
            calendar.cancel(visits[3], at=clock.now())

    def reassign(self) -> None:
        """Send the colleague instead."""
        with self._visits() as visits:
            calendar.reassign(visits[4], db.session.get_one(User, self.colleague), at=clock.now())

    def plan_and_bring_back(self) -> None:
        """Plan one more, and send the technician again where the colleague went."""
        with self._visits() as visits:
            calendar.reassign(visits[4], db.session.get_one(User, self.technician), at=clock.now())
            self._plan(6)

    def remove_all(self) -> None:
        """Send the colleague everywhere."""
        with self._visits() as visits:
            for visit in visits:
                calendar.reassign(visit, db.session.get_one(User, self.colleague), at=clock.now())

    def _plan(self, number: int) -> None:
        project = db.session.get_one(Project, self.project)
        calendar.visit(
            project,
            db.session.get_one(User, self.technician),
            starts=self.soon + timedelta(days=number),
            title=f"Visit {number}",
            kind=VisitKind.INSTALL,
            at=clock.now(),
        )

    @contextlib.contextmanager
    def _visits(self):  # type: ignore[no-untyped-def]
        with self.app.app_context(), unit_of_work():
            yield db.session.scalars(sa.select(Visit).order_by(Visit.id)).all()


def main() -> int:
    """Run the check; the number of differences is the exit status."""
    if absent := programs.missing():
        print(f"Missing: {', '.join(absent)}. Type: sudo apt-get install -y {programs.PACKAGES}")
        return 2
    faults = 0
    with contextlib.ExitStack() as stack:
        work = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="concierge-calendars-")))
        instance = work / "instance"
        port = free_port()
        stack.enter_context(served(instance, port=port, CONCIERGE_DEMO="no", CONCIERGE_WORKERS="1"))
        company = Company(create_app(Settings(instance=instance, port=port, secret_key=_secret(instance))))
        address = f"http://127.0.0.1:{port}{company.path()}"
        running: list[Program] = [
            stack.enter_context(programs.evolution(address, work)),
            stack.enter_context(programs.thunderbird(address, work)),
        ]
        steps: list[Callable[[], None]] = [
            company.move,
            company.rename,
            company.cancel,
            company.reassign,
            company.plan_and_bring_back,
        ]
        faults += _compare("first look", running, company.truth())
        for step in steps:
            step()
            faults += _compare((step.__doc__ or "").strip().rstrip("."), running, company.truth())
        company.remove_all()
        faults += _compare_titles("nothing is left but a note", running)
    print("Everything was shown as it is." if not faults else f"{faults} differences.")
    return min(faults, 1)


def _compare(step: str, running: list[Program], truth: frozenset[Held]) -> int:
    faults = 0
    for program in running:
        started = time.monotonic()
        held = programs.holds(program, truth, within_s=WITHIN_S)
        took = time.monotonic() - started
        if held == truth:
            print(
                f"  {program.name}: {step} – {len(truth)} entries as they are, after {took:.0f} s", flush=True
            )
            continue
        faults += 1
        print(f"  {program.name}: {step} – DIFFERENT", flush=True)
        for entry in sorted(truth - (held or frozenset())):
            print(f"    not shown: {entry}")
        for entry in sorted((held or frozenset()) - truth):
            print(f"    shown:     {entry}")
    return faults


def _compare_titles(step: str, running: list[Program]) -> int:
    faults = 0
    for program in running:
        give_up_at = time.monotonic() + WITHIN_S
        held: frozenset[Held] | None = None
        while time.monotonic() < give_up_at:
            held = program.look()
            if (
                held is not None
                and len(held) == 1
                and not any("Installation" in entry.title for entry in held)
            ):
                break
            time.sleep(2)
        is_right = held is not None and len(held) == 1
        faults += not is_right
        print(f"  {program.name}: {step} – {'right' if is_right else f'DIFFERENT: {held}'}", flush=True)
    return faults


def _text(instant: datetime) -> str:
    return f"{instant.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _secret(instance: Path) -> str:
    return (instance / "secret_key").read_text().strip()


if __name__ == "__main__":
    sys.exit(main())
