"""Random histories of a company, after each step compared with what its calendars say (cache conditions C1–C10).

After each step, for each device: the file holds exactly what the rows say; it is what a fresh rendering gives;
one tag has never named two files; a program that replaces everything and a program that applies only what was
published later both show the truth, also when the address was switched to another calendar in between (F15).
"""

import contextlib
import gzip
import json
import random
import re
import shutil
import zoneinfo
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from concierge.accounts.events import AccountRenamed
from concierge.accounts.models import Account
from concierge.catalogue.states import Audience
from concierge.feeds import calendar_file, chores, lint, plan, queries, sentences, shelf, vevent
from concierge.feeds.actions import addresses, writing
from concierge.feeds.models import Calendar, CalendarEntry, Feed
from concierge.feeds.plan import Choice
from concierge.feeds.states import CANCELLED_DAYS, HORIZONS, Scope, Shows, Subject
from concierge.identity.events import ProfileChanged
from concierge.identity.models import User
from concierge.identity.permissions import Role
from concierge.platform.database import Base, db, unit_of_work
from concierge.platform.events import record
from concierge.platform.prepared import Rows
from concierge.projects.events import DateMove, ForecastChanged, MilestoneSkipped, ProjectReassigned
from concierge.projects.models import Milestone, Project
from concierge.projects.states import MilestoneState
from concierge.visits.actions import zones
from concierge.visits.models import Visit, VisitTechnician
from concierge.visits.states import VisitState
from concierge.workforce.events import AbsenceEntered, AbsenceRemoved
from concierge.workforce.models import Absence, OnCallTurn, Technician
from concierge.workforce.states import AbsenceKind
from tests.feeds import readers
from tests.feeds.conftest import SetClock
from tests.makers import calendar, people

STEPS = 30
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


@dataclass
class Device:
    """A program on somebody's device, and the address it knows."""

    feed_id: int
    path: str
    program: Upserting = field(default_factory=Upserting)


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

    def __init__(self, browser: FlaskClient, it_is: SetClock, chance: random.Random, rules: Path) -> None:
        self.browser, self.it_is, self.chance, self.rules = browser, it_is, chance, rules
        self.ways = random.Random(chance.random())
        self.names = count(1)
        self.files: dict[str, bytes] = {}
        self.backup: dict[str, list[dict[str, Any]]] = {}
        self.edition = "rules-0"
        with unit_of_work():
            self.people = [
                calendar.technician(name).id for name in ("Tomas Berger", "Ben Okafor", "Aiko Ito")
            ]
            for id_, territory in zip(self.people, ("North", "South", ""), strict=True):
                db.session.add(Technician(user_id=id_, country="DE", territory=territory))
            self.office = [
                people.user(name=name, role=Role.CONCIERGE).id for name in ("Ada Lind", "Maja Roth")
            ]
            projects = [calendar.live(name) for name in ("Isar Klinik", "Rheinlabor")]
            self.projects = [project.id for project in projects]
            self.sites = [project.site_id for project in projects]
            self.contact = calendar.contact(projects[0]).id
            for project in projects:
                project.concierge_id = self.office[0]
                calendar.milestones(project)
            zones.follow_rules(at=it_is.at, version=self.edition)
            self.devices = [self.device(self.people[n], plan.own_visits(self.people[n])) for n in range(3)]
            tomas, ada = self.people[0], self.office[0]
            self.devices += [
                self.device(tomas, replace(plan.own_visits(tomas), is_busy_only=True, cancelled_days=0)),
                self.device(tomas, self.choice(Shows.ON_CALL, Scope.PERSON, tomas)),
                self.device(ada, self.choice(Shows.VISITS, Scope.TEAM, "North", cancelled_days=30)),
                self.device(ada, self.choice(Shows.VISITS, Scope.TEAM, "", horizon_days=60)),
                self.device(ada, self.choice(Shows.VISITS, Scope.SITE, self.sites[1], has_alarms=True)),
                self.device(ada, self.choice(Shows.MILESTONES, Scope.PERSON, ada)),
                self.device(ada, self.choice(Shows.MILESTONES, Scope.SITE, self.sites[0], cancelled_days=0)),
                self.device(ada, self.choice(Shows.ON_CALL, Scope.TEAM, "")),
            ]
            of_project = self.choice(Shows.VISITS, Scope.PROJECT, self.projects[0], is_for_customer=True)
            self.customers = [
                self.device(None, of_project),
                self.device(None, replace(of_project, shows=Shows.MILESTONES)),
            ]
            self.busy = self.device(tomas, self.choice(Shows.FREE_BUSY, Scope.PERSON, tomas))

    @staticmethod
    def choice(shows: Shows, scope: Scope, key: int | str, **rest: Any) -> Choice:
        return Choice(shows=shows, scope=scope, scope_key=str(key), **rest)

    def device(self, user_id: int | None, choice: Choice) -> Device:
        owner = calendar.contact_again(self.contact) if user_id is None else db.session.get_one(User, user_id)
        feed = addresses.create_address(
            owner, choice, device=f"device {next(self.names)}", actor_id=None, at=self.it_is.at
        )
        return Device(feed.id, self.path(feed, choice.shows))

    @staticmethod
    def path(feed: Feed, shows: Shows) -> str:
        return "/cal/" + queries.url_of(feed, shows=shows).partition("/cal/")[2]

    def step(self, doings: Sequence[str] = ()) -> str:
        """Do one thing at random; says which."""
        everything = [name for name in dir(self) if name.startswith("do_")]
        often = ["do_move", "do_reassign", "do_create", "do_choose"]
        doing = self.chance.choice(doings or [*everything, *often])
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

    def do_reinstate(self) -> None:
        """Take a cancellation back."""
        with unit_of_work():
            gone = sa.select(Visit).where(Visit.state == VisitState.CANCELLED).order_by(Visit.id)
            if visits := db.session.scalars(gone).all():
                visit = self.chance.choice(visits)
                visit.cancelled_at = None
                calendar.set_state(visit, VisitState.CONFIRMED, at=self.it_is.at)

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
            person = db.session.get_one(User, self.chance.choice([*self.people, *self.office]))
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

    def do_move_milestones(self) -> None:
        with unit_of_work():
            project_id = self.chance.choice(self.projects)
            moves = []
            for milestone in self.milestones(project_id):
                if milestone.state is not MilestoneState.PLANNED or self.chance.random() < 0.5:
                    continue
                before = milestone.forecast_start_on, milestone.forecast_on
                assert before[0]
                assert before[1]
                by = timedelta(days=self.chance.choice([-3, 1, 1, 40]))
                milestone.forecast_start_on, milestone.forecast_on = before[0] + by, before[1] + by
                moves.append(
                    DateMove(
                        milestone_id=milestone.id,
                        name=milestone.key,
                        start_before=before[0],
                        start_after=before[0] + by,
                        finish_before=before[1],
                        finish_after=before[1] + by,
                    )
                )
            db.session.flush()
            record(
                ForecastChanged(
                    at=self.it_is.at,
                    actor_id=None,
                    project_id=project_id,
                    cause="a day passed",
                    moves=tuple(moves),
                )
            )

    def do_skip_or_restore(self) -> None:
        with unit_of_work():
            milestone = self.chance.choice(self.milestones(self.chance.choice(self.projects)))
            is_skipped = milestone.state is MilestoneState.SKIPPED
            milestone.state = MilestoneState.PLANNED if is_skipped else MilestoneState.SKIPPED
            milestone.skip_reason = "" if is_skipped else "not wanted"
            db.session.flush()
            record(
                MilestoneSkipped(
                    at=self.it_is.at,
                    actor_id=None,
                    project_id=milestone.project_id,
                    milestone_id=milestone.id,
                    name=milestone.key,
                    reason="not wanted",
                )
            )

    def do_reassign_project(self) -> None:
        with unit_of_work():
            project = db.session.get_one(Project, self.chance.choice(self.projects))
            project.concierge_id = self.chance.choice(self.office)
            db.session.flush()
            record(
                ProjectReassigned(
                    at=self.it_is.at, actor_id=None, project_id=project.id, concierge_id=project.concierge_id
                )
            )

    def do_turn(self) -> None:
        with unit_of_work():
            turns = db.session.scalars(sa.select(OnCallTurn).where(OnCallTurn.cancelled_at.is_(None))).all()
            doing = self.chance.choice(["make", "move", "cancel"]) if turns else "make"
            if doing == "make":
                technicians = db.session.scalars(sa.select(Technician.id).order_by(Technician.id)).all()
                starts = self.it_is.at.replace(microsecond=0) + timedelta(days=self.chance.randint(-80, 90))
                turn = calendar.turn(self.chance.choice(technicians), starts=starts, at=self.it_is.at)
            else:
                turn = self.chance.choice(turns)
                turn.sequence += 1
                if doing == "cancel":
                    turn.cancelled_at = self.it_is.at
                else:
                    calendar.move_turn(turn, by=timedelta(days=self.chance.choice([-1, 2, 30])))
                db.session.flush()
            writing.write(Subject.TURN, (turn.id,), at=self.it_is.at)

    def do_go_away(self) -> None:
        with unit_of_work():
            technician = db.session.scalars(
                sa.select(Technician).where(Technician.user_id == self.people[0])
            ).one()
            absences = db.session.scalars(sa.select(Absence)).all()
            said = {"at": self.it_is.at, "actor_id": None, "user_id": self.people[0], "kind": "leave"}
            if absences and self.chance.random() < 0.5:
                gone = self.chance.choice(absences)
                db.session.delete(gone)
                db.session.flush()
                record(AbsenceRemoved(**said, first_on=gone.first_on, last_on=gone.last_on))
                return
            first_on = self.it_is.at.date() + timedelta(days=self.chance.randint(-20, 200))
            away = Absence(
                technician_id=technician.id,
                kind=AbsenceKind.LEAVE,
                first_on=first_on,
                last_on=first_on + timedelta(days=self.chance.randint(0, 9)),
            )
            db.session.add(away)
            db.session.flush()
            record(AbsenceEntered(**said, first_on=away.first_on, last_on=away.last_on))

    def do_rotate(self) -> None:
        with unit_of_work():
            device = self.chance.choice(self.devices)
            feed = db.session.get_one(Feed, device.feed_id)
            successor = addresses.rotate(feed, actor_id=None, at=self.it_is.at)
            device.feed_id, device.path = successor.id, self.path(successor, Shows.VISITS)
            device.program = Upserting()

    def do_choose(self) -> None:
        with unit_of_work():
            device = self.chance.choice(self.devices)
            feed = db.session.get_one(Feed, device.feed_id)
            calendar_before = db.session.get_one(Calendar, feed.calendar_id)
            now = addresses.choice_of(calendar_before)
            if self.chance.random() < 0.3:
                shows, scope, key = self.chance.choice(
                    [
                        (Shows.VISITS, Scope.PERSON, str(self.people[0])),
                        (Shows.VISITS, Scope.TEAM, "South"),
                        (Shows.VISITS, Scope.PROJECT, str(self.projects[0])),
                        (Shows.MILESTONES, Scope.PROJECT, str(self.projects[1])),
                        (Shows.ON_CALL, Scope.TEAM, "North"),
                    ]
                )
                now = replace(now, shows=shows, scope=scope, scope_key=key)
            wanted = replace(
                now,
                language=self.chance.choice(["en", "de", ""]),
                is_busy_only=self.chance.random() < 0.3,
                has_alarms=self.chance.random() < 0.3,
                cancelled_days=self.chance.choice(CANCELLED_DAYS),
                horizon_days=self.chance.choice(HORIZONS),
            )
            addresses.choose(feed, wanted, actor_id=None, at=self.it_is.at)

    def do_change_zone_rules(self) -> None:
        """A country changes its clocks: Berlin's become those of another place."""
        (self.rules / "Europe").mkdir(exist_ok=True)
        place = self.chance.choice(["Europe/Berlin", "Europe/Athens", "Africa/Lagos"])
        shutil.copy(Path("/usr/share/zoneinfo") / place, self.rules / "Europe" / "Berlin")
        ZoneInfo.clear_cache()
        self.edition = f"rules-{next(self.names)}"
        with unit_of_work():
            zones.follow_rules(at=self.it_is.at, version=self.edition)

    def do_wait(self) -> None:
        self.it_is.at += self.chance.choice([timedelta(hours=7), timedelta(days=3), timedelta(days=9)])

    def do_wait_for_an_edge(self) -> None:
        """To the second at which a week begins or a cancelled entry leaves, to the one before or after it."""
        week = calendar_file.Window.around(self.it_is.at).week_at + timedelta(days=7)
        leaving = db.session.scalars(
            sa.select(CalendarEntry.gone_at).where(CalendarEntry.gone_at > self.it_is.at)
        )
        edge = self.chance.choice([week, *sorted(at for at in set(leaving) if at)][:4])
        self.it_is.at = max(self.it_is.at, edge + timedelta(seconds=self.chance.choice([-1, 0, 1])))

    def do_back_up(self) -> None:
        with unit_of_work():
            self.backup = {
                table.name: [dict(row._mapping) for row in db.session.execute(table.select())]
                for table in Base.metadata.sorted_tables
            }
            self.backed_up_devices = [Device(device.feed_id, device.path) for device in self.devices]

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
            zones.follow_rules(at=self.it_is.at, version=self.edition)
            chores.renew_old_entries(self.it_is.at)
        self.devices = [Device(device.feed_id, device.path) for device in self.backed_up_devices]
        self.customers = [Device(device.feed_id, device.path) for device in self.customers]

    def do_change_renderer(self) -> None:
        vevent.RENDERER = f"test-{next(self.names)}"
        sentences.SENTENCES["en"]["project"] = f"Project {self.chance.randint(1, 3)}: {{key}}"  # type: ignore[index]  # a test
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

    @staticmethod
    def milestones(project_id: int) -> Sequence[Milestone]:
        return db.session.scalars(
            sa.select(Milestone).where(Milestone.project_id == project_id).order_by(Milestone.id)
        ).all()

    def compare(self) -> None:
        """Everything that must be true after each step."""
        db.session.rollback()
        db.session.expire_all()
        self.look()
        for device in (*self.devices, *self.customers):
            program = device.program
            answer = self.browser.get(
                device.path, headers={"If-None-Match": f'"gone", {program.tag or chr(34) * 2}'}
            )
            tag, data = answer.headers["ETag"], answer.data
            if answer.status_code == 304:
                data = self.files[tag]
                if self.chance.random() < 0.2:
                    data = self.browser.get(device.path).data
            assert self.files.setdefault(tag, data) == data, "one tag names two files"
            if answer.status_code == 200:
                assert lint.problems(data) == ()
                program.take(tag, data)
            if self.ways.random() < 0.25:
                self.compare_codings(device.path, tag, data)
            seen = readers.entries_in(data)
            assert {(each.uid, each.start) for each in seen} == self.truth(device), "not what the rows say"
            assert {uid: each for uid, (_, each) in program.entries.items()} == {
                each.uid: each for each in seen
            }, "a program that applies what is later shows something else"
        self.compare_busy()
        if self.chance.random() < 0.7:
            return
        for subject, model in (
            (Subject.VISIT, Visit),
            (Subject.MILESTONE, Milestone),
            (Subject.TURN, OnCallTurn),
        ):
            ids = db.session.scalars(sa.select(model.id)).all()
            assert writing.drifted(subject, ids, at=self.it_is.at) == [], "drifted"

    def compare_codings(self, path: str, tag: str, data: bytes) -> None:
        """The page and the doorway, plain and compressed, from the shelf and built anew, say the same."""
        if self.ways.random() < 0.3:
            shelf.clear()
        for known in ("", tag):
            for coding in self.ways.sample(["gzip", "identity"], 2):
                headers = {"Accept-Encoding": coding} | ({"If-None-Match": known} if known else {})
                answer = self.browser.get(path, headers=headers)
                if known:
                    assert (answer.status_code, answer.data) == (304, b""), "the tag is not known again"
                    continue
                theirs = answer.headers["ETag"]
                assert self.files.setdefault(theirs, answer.data) == answer.data, "one tag names two files"
                plain = gzip.decompress(answer.data) if coding == "gzip" else answer.data
                assert plain == data, "not what the rows say: built anew it is another file"

    def compare_busy(self) -> None:
        """Each instant of the free and busy times is what visits and absences say."""
        answer = self.browser.get(self.busy.path)
        assert self.files.setdefault(answer.headers["ETag"], answer.data) == answer.data, (
            "one tag names two files"
        )
        assert lint.problems(answer.data) == ()
        told = json.loads(self.browser.get(self.busy.path.replace(".ifb", ".json")).data)
        lines = re.findall(rb"FREEBUSY;FBTYPE=([A-Z-]+):(\w+)/(\w+)\r\n", answer.data)
        said = [
            (kind.decode().lower(), *(datetime.strptime(each.decode(), "%Y%m%dT%H%M%S%z") for each in span))
            for kind, *span in lines
        ]
        assert [
            (each["kind"], datetime.fromisoformat(each["from"]), datetime.fromisoformat(each["to"]))
            for each in told["busy"]
        ] == said
        assert said == sorted(said, key=lambda each: each[1])
        tomas = self.people[0]
        true = [
            (visit.starts_at, visit.ends_at, 1 if visit.state is VisitState.TENTATIVE else 2)
            for visit in self.visits
            if (visit.id, tomas) in self.crews and visit.state not in (VisitState.DRAFT, VisitState.CANCELLED)
        ]
        zone = ZoneInfo(db.session.get_one(User, tomas).zone)
        for absence in db.session.scalars(sa.select(Absence)):
            from_at, to_at = (
                datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)
                for day in (absence.first_on, absence.last_on + timedelta(days=1))
            )
            true.append((from_at, to_at, 3))
        week_at = calendar_file.Window.around(self.it_is.at).week_at
        for edge in {instant for each in true for instant in each[:2]}:
            for at in (edge, edge - timedelta(seconds=1)):
                if not week_at <= at < week_at + timedelta(days=407):
                    continue
                expected = max((kind for start, end, kind in true if start <= at < end), default=0)
                names = {"busy-tentative": 1, "busy": 2, "busy-unavailable": 3}
                found = [names[kind] for kind, start, end in said if start <= at < end]
                assert found == ([expected] if expected else []), at

    def look(self) -> None:
        """Read the rows that the truth is made of."""
        self.visits = db.session.scalars(sa.select(Visit)).all()
        crew = sa.select(VisitTechnician.visit_id, VisitTechnician.user_id)
        self.crews = {(visit_id, user_id) for visit_id, user_id in db.session.execute(crew)}
        kept = sa.select(CalendarEntry)
        self.leaving = {
            (entry.subject, entry.subject_id, entry.calendar_id): entry.gone_at
            for entry in db.session.scalars(kept)
        }
        technicians = db.session.scalars(sa.select(Technician)).all()
        self.territories = {one.user_id: one.territory for one in technicians}
        self.users_of = {one.id: one.user_id for one in technicians}

    def truth(self, device: Device) -> set[tuple[str, str]]:
        """What stands in a device's calendar, from the rows and the rules in words."""
        feed = db.session.get_one(Feed, device.feed_id)
        shown = db.session.get_one(Calendar, feed.calendar_id)
        window = calendar_file.Window.around(self.it_is.at, days=shown.horizon_days)
        there: set[tuple[str, str]] = set()
        for uid, start, starts_at, ends_at in self.candidates(shown):
            if starts_at < window.to_at and ends_at > window.from_at:
                there.add((uid, start))
        return there or {(f"{shown.label}-nothing@concierge", window.week_on.isoformat())}

    def candidates(self, shown: Calendar) -> Iterator[tuple[str, str, datetime, datetime]]:
        match shown.shows:
            case Shows.VISITS:
                for visit in self.visits:
                    stays = self.stays(shown, Subject.VISIT, visit.id, visit.cancelled_at, visit.starts_at)
                    is_off = visit.cancelled_at is not None
                    if visit.state is not VisitState.DRAFT and stays and (is_off or self.is_of(shown, visit)):
                        yield visit.uid, _utc(visit.starts_at), visit.starts_at, visit.ends_at
            case Shows.MILESTONES:
                yield from self.dated(shown)
            case _:
                for turn in db.session.scalars(sa.select(OnCallTurn)):
                    user_id = self.users_of[turn.technician_id]
                    stays = self.stays(shown, Subject.TURN, turn.id, turn.cancelled_at, turn.starts_at)
                    if stays and self.is_on(shown, {user_id}):
                        yield turn.uid, _utc(turn.starts_at), turn.starts_at, turn.ends_at

    def dated(self, shown: Calendar) -> Iterator[tuple[str, str, datetime, datetime]]:
        for project in db.session.scalars(sa.select(Project)):
            keys = {
                Scope.PERSON: project.concierge_id,
                Scope.PROJECT: project.id,
                Scope.SITE: project.site_id,
            }
            is_ours = str(keys[shown.scope]) == shown.scope_key
            for milestone in self.milestones(project.id):
                first, last = milestone.start_on, milestone.finish_on
                assert first
                assert last
                if shown.is_for_customer and milestone.audience is Audience.INTERNAL:
                    continue
                gone_at = self.leaving.get((Subject.MILESTONE, milestone.id, shown.id))
                if milestone.state is MilestoneState.SKIPPED:
                    if gone_at is None or gone_at <= self.it_is.at:
                        continue
                    assert gone_at <= min(_day(first), self.it_is.at + timedelta(days=shown.cancelled_days))
                elif not is_ours:
                    continue
                uid = plan.milestone_uid(milestone, project=project)
                yield uid, first.isoformat(), _day(first), _day(last) + timedelta(days=1)

    def is_of(self, shown: Calendar, visit: Visit) -> bool:
        match shown.scope:
            case Scope.PROJECT:
                return str(visit.project_id) == shown.scope_key
            case Scope.SITE:
                return str(visit.site_id) == shown.scope_key
            case _:
                going = {user_id for visit_id, user_id in self.crews if visit_id == visit.id}
                return (shown.scope, shown.scope_key) == (Scope.TEAM, "") or self.is_on(shown, going)

    def is_on(self, shown: Calendar, going: set[int]) -> bool:
        if shown.scope is Scope.PERSON:
            return int(shown.scope_key) in going
        return not shown.scope_key or shown.scope_key in {self.territories[id_] for id_ in going}

    def stays(
        self, shown: Calendar, subject: Subject, id_: int, cancelled_at: datetime | None, starts_at: datetime
    ) -> bool:
        """Cancelled ones stay some days or until their start; those that never stood there do not come."""
        if cancelled_at is None:
            return True
        until = min(cancelled_at.replace(microsecond=0) + timedelta(days=shown.cancelled_days), starts_at)
        was_there = self.leaving.get((subject, id_, shown.id)) == until
        return was_there and self.it_is.at < until


def _utc(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"


def _day(on: date) -> datetime:
    return datetime(on.year, on.month, on.day, tzinfo=UTC)


@pytest.fixture
def rules(tmp_path: Path) -> Iterator[Path]:
    """A folder of time-zone rules that come before the machine's; and words as they were, afterwards."""
    renderer, project = vevent.RENDERER, sentences.SENTENCES["en"]["project"]
    before = zoneinfo.TZPATH
    zoneinfo.reset_tzpath(to=[str(tmp_path), *before])
    yield tmp_path
    zoneinfo.reset_tzpath(to=before)
    ZoneInfo.clear_cache()
    vevent.RENDERER = renderer
    sentences.SENTENCES["en"]["project"] = project  # type: ignore[index]  # a test


def live(
    app: Flask, it_is: SetClock, rules: Path, *, seed: int, steps: int, doings: Sequence[str] = ()
) -> None:
    company = Company(app.test_client(), it_is, random.Random(seed), rules)
    history = []
    for _ in range(steps):
        history.append(company.step(doings))
        try:
            company.compare()
        except AssertionError as fault:
            raise AssertionError(f"{fault} — after {history[-12:]}") from fault


@pytest.mark.parametrize("seed", [1, 2])
def test_c1_to_c10_calendars_say_what_the_rows_say_after_any_history(
    app: Flask, it_is: SetClock, rules: Path, seed: int
) -> None:
    live(app, it_is, rules, seed=seed, steps=STEPS)


DRAW = writing._draw


def no_new_version(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forget to draw a version."""
    monkeypatch.setattr(writing, "_draw", lambda calendars, *, at: None)


def counted_version(monkeypatch: pytest.MonkeyPatch) -> None:
    """Count."""

    def counting(calendars: Sequence[Calendar], *, at: datetime) -> None:
        numbers = [int(one.version, 16) + 1 if len(one.version) < 16 else 1 for one in calendars]
        DRAW(calendars, at=at)
        for one, number in zip(calendars, numbers, strict=True):
            one.version = f"{number:x}"
        db.session.flush()

    monkeypatch.setattr(writing, "_draw", counting)


def old_technician_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forget the calendars that a visit was in."""
    nowhere = sa.select(CalendarEntry.calendar_id).where(sa.false())
    forgetful = {
        subject: Rows(writing._showing(subject, nowhere).with_for_update(), anew=True) for subject in Subject
    }
    monkeypatch.setattr(writing, "_LOCKED", forgetful)


def renames_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forget that entries show the customer's name."""
    monkeypatch.setattr(queries, "visits_at_account", lambda account_id: ())


def switched_in_place(monkeypatch: pytest.MonkeyPatch) -> None:
    """Switch an address to another calendar as that is."""
    monkeypatch.setattr(writing, "carry_over", lambda old, new, *, at: None)


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("mutant", "doings", "fault"),
    [
        (no_new_version, ("move",), "not what the rows say|one tag names two files"),
        (
            counted_version,
            ("move", "back_up", "restore"),
            "not what the rows say|one tag names two files",
        ),
        (old_technician_kept, ("reassign",), "not what the rows say"),
        (renames_forgotten, ("rename",), "drifted"),
        (switched_in_place, ("choose", "move"), "shows something else|SEQUENCE fell"),
    ],
)
def test_c1_c2_c4_f15_a_cache_with_one_of_the_usual_faults_is_caught(
    app: Flask,
    it_is: SetClock,
    rules: Path,
    monkeypatch: pytest.MonkeyPatch,
    mutant: Callable[[pytest.MonkeyPatch], None],
    doings: Sequence[str],
    fault: str,
) -> None:
    mutant(monkeypatch)

    with pytest.raises(AssertionError, match=fault):
        live(app, it_is, rules, seed=1, steps=200, doings=[f"do_{name}" for name in ("create", *doings)])
