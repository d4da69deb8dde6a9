"""Random histories of a company, after each step compared with what its calendars say (cache conditions C1–C10).

After each step, for each technician: the file holds exactly what the rows say; it is what a fresh rendering
gives; one tag has never named two files; a program that replaces everything and a program that applies only
what was published later both show the truth.
"""

import contextlib
import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from concierge.accounts.events import AccountRenamed
from concierge.accounts.models import Account
from concierge.feeds import calendar_file, chores, lint, queries, vevent, words
from concierge.feeds.actions import addresses, writing
from concierge.feeds.models import FeedEntry
from concierge.identity.events import ProfileChanged
from concierge.identity.models import User
from concierge.platform.database import Base, db, unit_of_work
from concierge.platform.events import record
from concierge.projects.models import Project
from concierge.visits.models import Visit, VisitTechnician
from concierge.visits.states import VisitState
from tests.feeds import readers
from tests.feeds.conftest import SetClock
from tests.makers import calendar

STEPS = 45
OPEN = (VisitState.DRAFT, VisitState.TENTATIVE, VisitState.CONFIRMED, VisitState.ACCEPTED)


@dataclass
class Upserting:
    """A program that applies an entry only if it was published later than its own, as Evolution and ICSx5 do."""

    tag: str = ""
    entries: dict[str, tuple[str, readers.Seen]] = field(default_factory=dict)
    sequences: dict[str, int] = field(default_factory=dict)

    def take(self, tag: str, data: bytes) -> None:
        self.tag = tag
        new = published(data)
        for uid, sequence in sequences(data).items():
            assert sequence >= self.sequences.get(uid, 0), "SEQUENCE fell"
            self.sequences[uid] = sequence
        self.entries = {
            uid: theirs if uid not in self.entries or theirs[0] > self.entries[uid][0] else self.entries[uid]
            for uid, theirs in new.items()
        }


def published(data: bytes) -> dict[str, tuple[str, readers.Seen]]:
    stamps = [
        line.removeprefix("LAST-MODIFIED:")
        for line in data.decode().split("\r\n")
        if line.startswith("LAST-M")
    ]
    seen = sorted(readers.entries_in(data), key=lambda entry: data.index(f"UID:{entry.uid}\r\n".encode()))
    return {entry.uid: (stamp, entry) for stamp, entry in zip(stamps, seen, strict=True)}


def sequences(data: bytes) -> dict[str, int]:
    """UID to SEQUENCE of each entry."""
    return {
        uid.decode(): int(number)
        for uid, number in re.findall(rb"UID:(\S+)\r\n(?:.*\r\n)*?SEQUENCE:(\d+)", data)
    }


class Company:
    """Technicians, visits and the programs that follow them; each method that begins with `do_` is one step."""

    def __init__(self, browser: FlaskClient, it_is: SetClock, chance: random.Random) -> None:
        self.browser, self.it_is, self.chance = browser, it_is, chance
        self.names = count(1)
        self.files: dict[str, bytes] = {}
        self.backup: dict[str, list[dict[str, Any]]] = {}
        with unit_of_work():
            self.people = [
                calendar.technician(name).id for name in ("Tomas Berger", "Ben Okafor", "Aiko Ito")
            ]
            self.projects = [calendar.project(name).id for name in ("Isar Klinik", "Rheinlabor")]
            self.paths = {id_: calendar.path_of(db.session.get_one(User, id_)) for id_ in self.people}
        self.programs = {id_: Upserting() for id_ in self.people}

    def step(self) -> str:
        """Do one thing at random; says which."""
        doings = [name for name in dir(self) if name.startswith("do_")]
        doing = self.chance.choice([*doings, "do_move", "do_reassign", "do_create"])
        if doing not in ("do_restore", "do_change_renderer"):
            self.it_is.at += self.chance.choice(
                [timedelta(0), timedelta(0), timedelta(seconds=1), timedelta(hours=5)]
            )
        db.session.rollback()
        db.session.expire_all()
        getattr(self, doing)()
        return doing

    def do_create(self) -> None:
        with unit_of_work():
            calendar.visit(
                db.session.get_one(Project, self.chance.choice(self.projects)),
                *self.crew(),
                starts=self.it_is.at.replace(microsecond=0)
                + timedelta(hours=self.chance.randint(-2000, 9000)),
                state=self.chance.choice(OPEN),
                at=self.it_is.at,
            )

    def do_retitle(self) -> None:
        self.to_a_visit(lambda visit: calendar.retitle(visit, f"Visit {next(self.names)}", at=self.it_is.at))

    def do_move(self) -> None:
        by = timedelta(hours=self.chance.choice([-30, -1, 1, 24, 500]))
        self.to_a_visit(lambda visit: calendar.move(visit, by=by, at=self.it_is.at))

    def do_reassign(self) -> None:
        self.to_a_visit(lambda visit: calendar.reassign(visit, *self.crew(), at=self.it_is.at))

    def do_set_state(self) -> None:
        self.to_a_visit(lambda visit: calendar.set_state(visit, self.chance.choice(OPEN), at=self.it_is.at))

    def do_cancel(self) -> None:
        self.to_a_visit(lambda visit: calendar.cancel(visit, at=self.it_is.at))

    def do_fail(self) -> None:
        with contextlib.suppress(ZeroDivisionError):
            self.to_a_visit(lambda visit: (calendar.cancel(visit, at=self.it_is.at), 1 / 0))

    def do_rename(self) -> None:
        with unit_of_work():
            project = db.session.get_one(Project, self.chance.choice(self.projects))
            account = db.session.get_one(Account, project.account_id)
            before, account.name = account.name, f"Labor {next(self.names)}"
            db.session.flush()
            record(
                AccountRenamed(
                    at=self.it_is.at,
                    actor_id=None,
                    account_id=account.id,
                    name_before=before,
                    name_after=account.name,
                )
            )

    def do_change_person(self) -> None:
        with unit_of_work():
            person = db.session.get_one(User, self.chance.choice(self.people))
            person.language = self.chance.choice(["en", "de"])
            person.name = f"{person.name.split()[0]} {self.chance.choice(['Berger', 'Ito'])}"
            db.session.flush()
            record(
                ProfileChanged(
                    at=self.it_is.at,
                    actor_id=None,
                    user_id=person.id,
                    name=person.name,
                    zone="UTC",
                    language=person.language,
                )
            )

    def do_rotate(self) -> None:
        with unit_of_work():
            person = db.session.get_one(User, self.chance.choice(self.people))
            feed = queries.active_feed_of(person.id)
            assert feed
            addresses.rotate(feed, person, actor_id=None, at=self.it_is.at)
            self.paths[person.id] = calendar.path_of(person)

    def do_wait(self) -> None:
        self.it_is.at += self.chance.choice([timedelta(hours=7), timedelta(days=3), timedelta(days=9)])

    def do_back_up(self) -> None:
        with unit_of_work():
            self.backup = {
                table.name: [dict(row._mapping) for row in db.session.execute(table.select())]
                for table in Base.metadata.sorted_tables
            }
            self.backed_up_paths = dict(self.paths)

    def do_restore(self) -> None:
        if not self.backup:
            return
        with unit_of_work():
            for table in reversed(Base.metadata.sorted_tables):
                db.session.execute(table.delete())
            for table in Base.metadata.sorted_tables:
                if self.backup[table.name]:
                    db.session.execute(table.insert(), self.backup[table.name])
        db.session.expire_all()
        with unit_of_work():
            chores.renew_old_entries(self.it_is.at)
        self.paths = dict(self.backed_up_paths)
        self.programs = {id_: Upserting() for id_ in self.people}

    def do_change_renderer(self) -> None:
        vevent.RENDERER = f"test-{next(self.names)}"
        words._SENTENCES["en"]["project"] = f"Project {self.chance.randint(1, 3)}: {{key}}"  # type: ignore[index]  # a test
        with unit_of_work():
            chores.renew_old_entries(self.it_is.at)

    def to_a_visit(self, act: Callable[[Visit], object]) -> None:
        open_ones = sa.select(Visit).where(Visit.state != VisitState.CANCELLED).order_by(Visit.id)
        with unit_of_work():
            if visits := db.session.scalars(open_ones).all():
                act(self.chance.choice(visits))

    def crew(self) -> list[User]:
        ids = self.chance.sample(self.people, self.chance.randint(0, 2))
        return [db.session.get_one(User, id_) for id_ in ids]

    def compare(self) -> None:
        """Everything that must be true after each step."""
        db.session.rollback()
        db.session.expire_all()
        self.look()
        for id_ in self.people:
            answer = self.browser.get(self.paths[id_])
            tag, data = answer.headers["ETag"], answer.data
            assert answer.status_code == 200
            assert lint.problems(data) == ()
            assert self.files.setdefault(tag, data) == data, "one tag names two files"
            assert {(seen.uid, seen.start) for seen in readers.entries_in(data)} == self.truth(id_)
            program = self.programs[id_]
            update = self.browser.get(
                self.paths[id_], headers={"If-None-Match": f'"gone", {program.tag or chr(34) * 2}'}
            )
            if update.status_code == 200:
                program.take(update.headers["ETag"], update.data)
            assert {uid: seen for uid, (_, seen) in program.entries.items()} == {
                seen.uid: seen for seen in readers.entries_in(data)
            }, "a program that applies what is later shows something else"
        assert writing.owners_of_drifted([visit.id for visit in self.visits]) == []

    def look(self) -> None:
        """Read the rows that the truth is made of."""
        self.visits = db.session.scalars(sa.select(Visit)).all()
        crew = sa.select(VisitTechnician.visit_id, VisitTechnician.user_id)
        self.crews = {(visit_id, user_id) for visit_id, user_id in db.session.execute(crew)}
        kept = sa.select(FeedEntry.visit_id, FeedEntry.owner_id, FeedEntry.gone_at)
        self.leaving = {(visit_id, owner): gone_at for visit_id, owner, gone_at in db.session.execute(kept)}

    def truth(self, user_id: int) -> set[tuple[str, str]]:
        """What stands in somebody's calendar, from the rows of the visits and the rules in words."""
        at = self.it_is.at
        window = calendar_file.Window.around(at)
        there: set[tuple[str, str]] = set()
        for visit in self.visits:
            if (visit.id, user_id) not in self.crews or visit.state is VisitState.DRAFT:
                continue
            if visit.cancelled_at is not None and not self.still_cancelled(visit, user_id):
                continue
            if visit.starts_at < window.to_at and visit.ends_at > window.from_at:
                there.add((visit.uid, f"{visit.starts_at:%Y-%m-%dT%H:%M:%SZ}"))
        if there:
            return there
        address = queries.address_of_token(self.paths[user_id].split("/")[2])
        assert address
        return {(f"{address.scope}-nothing@concierge", window.week_on.isoformat())}

    def still_cancelled(self, visit: Visit, user_id: int) -> bool:
        """Cancelled visits stay seven days or until their start; those that never stood there do not come."""
        assert visit.cancelled_at
        stays_until = min(visit.cancelled_at.replace(microsecond=0) + timedelta(days=7), visit.starts_at)
        was_there = self.leaving.get((visit.id, user_id)) == stays_until
        return was_there and self.it_is.at < stays_until


@pytest.fixture
def words_restored() -> Iterator[None]:
    renderer, project = vevent.RENDERER, words._SENTENCES["en"]["project"]
    yield
    vevent.RENDERER = renderer
    words._SENTENCES["en"]["project"] = project  # type: ignore[index]  # a test


def live(app: Flask, it_is: SetClock, *, seed: int, steps: int) -> None:
    company = Company(app.test_client(), it_is, random.Random(seed))
    history = []
    for _ in range(steps):
        history.append(company.step())
        try:
            company.compare()
        except AssertionError as fault:
            raise AssertionError(f"{fault} — after {history[-12:]}") from fault


@pytest.mark.usefixtures("words_restored")
@pytest.mark.parametrize("seed", [1, 2])
def test_c1_to_c10_calendars_say_what_the_rows_say_after_any_history(
    app: Flask, it_is: SetClock, seed: int
) -> None:
    live(app, it_is, seed=seed, steps=STEPS)


def no_new_version(version: Any, *, at: object) -> None:
    """The mutant that forgets to draw a version."""


def counted_version(version: Any, *, at: Any) -> None:
    """The mutant that counts."""
    number = int(version.version, 16) + 1 if len(version.version) < 16 else 1
    DRAW(version, at=at)
    version.version = f"{number:x}"
    db.session.flush()


DRAW = writing._draw


@pytest.mark.usefixtures("words_restored")
@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
@pytest.mark.parametrize("mutant", [no_new_version, counted_version])
def test_c1_c4_a_cache_without_versions_or_with_counted_ones_is_caught(
    app: Flask, it_is: SetClock, monkeypatch: pytest.MonkeyPatch, mutant: Callable[..., None]
) -> None:
    monkeypatch.setattr(writing, "_draw", mutant)

    with pytest.raises(AssertionError, match="one tag names two files"):
        live(app, it_is, seed=1, steps=400)
