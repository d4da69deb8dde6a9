"""Two devices without network, again and again: every entry is there or visibly in conflict, and nothing counts twice.

A plain model of a device stands here: an outbox in order, sent in parts; answers get lost, batches arrive twice or not
at all, the other device sends in between. What must hold at the end is asked of the database, not of the model.
"""

import random
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from concierge.catalogue.states import StepKind
from concierge.fieldwork import plan
from concierge.fieldwork.actions import taking
from concierge.fieldwork.models import FieldChange, FieldEntry, FieldNote, FieldSignature, FieldStep, FieldTap
from concierge.fieldwork.plan import Entered
from concierge.fieldwork.protocol import Change, Kind, Outcome
from concierge.fieldwork.states import Standing
from concierge.platform.database import db, unit_of_work
from concierge.visits.models import Visit
from tests.makers import fieldwork, projects, workforce
from tests.makers.fieldwork import ARRIVED, STEPS, key

STORIES = [("sqlite", range(first, first + 400)) for first in range(0, 2000, 400)] + [
    ("postgresql", range(40))
]
"""On which database which stories are told; in several tests, so that both processes of a run have some."""
VALUES = {
    StepKind.TICK: [True, False],
    StepKind.READING: ["21", "21.0", "70 °F", "9", "warm", ""],
    StepKind.SERIAL: ["SN-1", "SN-2"],
    StepKind.TEXT: ["well", "Well ", "not well"],
}
KINDS = {step: kind for kind, step in taking.AT_STEP.items()}


@dataclass
class Server:
    """The verbs, as one device after the other reaches them."""

    visit: Visit
    at: datetime = ARRIVED
    sent: list[Change] = field(default_factory=list)
    """Everything that ever arrived, the first time it did."""

    def take(self, changes: list[Change], user_id: int) -> dict[str, Outcome]:
        self.at += timedelta(minutes=3)
        known = {one.key for one in self.sent}
        results = taking.take_changes(changes, user_id=user_id, at=self.at)
        assert [one.key for one in results] == [one.key for one in changes]
        for change, result in zip(changes, results, strict=True):
            if change.key in known:
                assert result.outcome is Outcome.KNOWN, (change, result)
            else:
                assert result.outcome in {Outcome.DONE, Outcome.CONFLICT}, (change, result)
                self.sent.append(change)
                known.add(change.key)
        return {one.key: one.outcome for one in results}

    def shown(self) -> dict[str, list[str]]:
        """What a device reads: the keys that stand at each step."""
        rows = db.session.execute(
            sa.select(FieldStep.key, FieldChange.key)
            .join(FieldEntry, FieldEntry.step_id == FieldStep.id)
            .join(FieldChange, FieldChange.id == FieldEntry.change_id)
            .where(FieldEntry.standing != Standing.SUPERSEDED)
        )
        found = defaultdict(list)
        for step, name in rows:
            found[step].append(name)
        return found


@dataclass
class Device:
    """A phone: what it shows, what it has not sent yet, and whose it is."""

    server: Server
    user_id: int
    rolled: random.Random
    outbox: list[Change] = field(default_factory=list)
    before_eyes: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    clock: datetime = ARRIVED
    made: int = 0

    def enter(self, number: int) -> None:
        """Somebody enters something, with what the screen shows before their eyes."""
        self.clock += timedelta(seconds=self.rolled.randrange(1, 500))
        self.made += 1
        name = key(number * 1000 + self.user_id % 7 * 100 + self.made)
        about: dict[str, Any] = {"by": self.user_id, "name": name, "at": self.clock}
        visit, roll = self.server.visit, self.rolled.random()
        if roll < 0.12:
            self.outbox.append(fieldwork.change(visit, Kind.NOTE, f"Note {self.made}", **about))
        elif roll < 0.2:
            to = self.rolled.choice(["on route", "arrived"])
            self.outbox.append(fieldwork.change(visit, Kind.STATE, {"to": to}, **about))
        elif roll < 0.26:
            shown = [one for several in self.before_eyes.values() for one in several]
            value = {
                "party": "technician",
                "name": "Tomas",
                "meaning": "Done.",
                "shown": shown,
                "strokes": [],
            }
            self.outbox.append(fieldwork.change(visit, Kind.SIGNATURE, value, **about))
        else:
            step = self.rolled.choice([one for one in STEPS if one["kind"] in VALUES])
            kind = step["kind"]
            seen = tuple(self.before_eyes[step["key"]])
            value = self.rolled.choice(VALUES[kind])
            entered = fieldwork.change(visit, KINDS[kind], value, step=step["key"], seen=seen, **about)
            self.outbox.append(entered)
            self.before_eyes[step["key"]] = [name]

    def sync(self) -> None:
        """The network comes for a moment: some of the outbox goes, and what comes back may get lost."""
        part = self.outbox[: self.rolled.randrange(1, 5)]
        fate = self.rolled.random()
        if fate < 0.15 or not part:  # nothing left the device
            return
        told = self.server.take(part, self.user_id)
        if fate < 0.4:  # it arrived, but the answer got lost: all of it is sent again
            return
        if fate < 0.5:  # the network repeated it
            self.server.take(part, self.user_id)
        self.outbox = [one for one in self.outbox if one.key not in told]
        standing = self.server.shown()
        for step in STEPS:
            unsent = [one.key for one in self.outbox if one.step == step["key"]]
            self.before_eyes[step["key"]] = unsent[-1:] or standing[step["key"]]


def run(server: Server, people: list[int], number: int) -> None:
    """One story of two devices, told by the number."""
    rolled = random.Random(number)
    devices = [Device(server, user_id, random.Random(number * 2 + n)) for n, user_id in enumerate(people)]
    for _ in range(rolled.randrange(3, 8)):
        device = rolled.choice(devices)
        if rolled.random() < 0.65:
            device.enter(number)
        else:
            device.sync()
    while any(one.outbox for one in devices):
        rolled.choice(devices).sync()
    again = [one for one in server.sent if rolled.random() < 0.5]
    for device in devices:
        mine = [
            one
            for one in again
            if one.key in {each.key for each in server.sent} and owner(one) == device.user_id
        ]
        server.take(mine, device.user_id)
    held(server, number)


def owner(change: Change) -> int:
    return db.session.scalars(sa.select(FieldChange.user_id).where(FieldChange.key == change.key)).one()


def held(server: Server, number: int) -> None:
    """What must be true of the database, whatever happened on the way."""
    rows = {one.key: one for one in db.session.scalars(sa.select(FieldChange))}
    assert set(rows) == {one.key for one in server.sent}, f"run {number}: something is lost or made up"
    for change in server.sent:
        assert rows[change.key].at == change.at, "when something was is the device's"
    for table, kind in ((FieldNote, Kind.NOTE), (FieldTap, Kind.STATE), (FieldSignature, Kind.SIGNATURE)):
        count = db.session.scalar(sa.select(sa.func.count(table.id)))
        assert count == sum(one.kind is kind for one in server.sent), f"run {number}: {kind} counts twice"
    entries: dict[str, list[FieldEntry]] = defaultdict(list)
    names = dict(db.session.execute(sa.select(FieldStep.id, FieldStep.key)).all())
    by_id = {row.id: row.key for row in rows.values()}
    for entry in db.session.scalars(sa.select(FieldEntry).order_by(FieldEntry.change_id)):
        entries[names[entry.step_id]].append(entry)
    asked = [one for one in server.sent if one.step]
    assert sum(map(len, entries.values())) == len(asked)
    for step, several in entries.items():
        seen = {name for one in asked if one.step == step for name in one.seen}
        left = [one for one in several if one.standing is not Standing.SUPERSEDED]
        assert {by_id[one.change_id] for one in left} == {
            one.key for one in asked if one.step == step and one.key not in seen
        }, f"run {number}: at {step} something that nobody saw is hidden, or the other way round"
        (current,) = [one for one in left if one.standing is Standing.CURRENT]
        for one in left:
            same = plan.is_same(
                Entered("", one.value, one.number, frozenset()),
                Entered("", current.value, current.number, frozenset()),
            )
            expected = Standing.CONFLICT if not same else (Standing.AGREED, Standing.CURRENT)[one is current]
            assert one.standing is expected, f"run {number}: {one.value!r} beside {current.value!r} at {step}"


@pytest.mark.parametrize(("app", "stories"), STORIES, indirect=["app"])
def test_two_devices_lose_nothing(app: Flask, stories: range) -> None:
    with unit_of_work():
        tomas, mara = workforce.technician(), workforce.technician(name="Mara Keller")
        visit = fieldwork.visit(projects.live(), tomas, mara, crew=2)
        people = [tomas.user_id, mara.user_id]
    conflicts = 0
    with unit_of_work():
        for number in stories:
            story = db.session.begin_nested()
            run(Server(visit), people, number)
            conflicts += db.session.scalar(
                sa.select(sa.func.count(FieldEntry.id)).where(FieldEntry.standing == Standing.CONFLICT)
            )
            story.rollback()
            db.session.expire_all()
        assert db.session.scalar(sa.select(sa.func.count(FieldChange.id))) == 0

    assert conflicts > len(stories) / 10, "the stories have to clash"


def test_the_order_of_arrival_changes_neither_what_is_left_nor_what_conflicts() -> None:
    for number in range(500):
        rolled = random.Random(number)
        made: list[Entered] = []
        for place in range(rolled.randrange(1, 9)):
            seen = frozenset(one.key for one in made if rolled.random() < 0.4)
            made.append(Entered(str(place), rolled.choice("ab"), None, seen))
        found = []
        for _ in range(3):
            order = list(made)
            rolled.shuffle(order)
            standing = plan.standings(order)
            left = {one for one, how in standing.items() if how is not Standing.SUPERSEDED}
            found.append((left, {one.value for one in made if one.key in left}))
            assert sum(how is Standing.CURRENT for how in standing.values()) == 1
        assert found[0] == found[1] == found[2]


@pytest.mark.parametrize("size", [2, 3, 5])
def test_a_circle_that_no_honest_device_makes_still_leaves_one(size: int) -> None:
    circle = [Entered(str(n), str(n), None, frozenset({str((n + 1) % size)})) for n in range(size)]

    standing = plan.standings(circle)

    assert sum(how is Standing.CURRENT for how in standing.values()) == 1
