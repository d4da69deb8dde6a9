"""What holds for calendars of every kind, whatever people write into the fields they show (F1–F10, F18, F20)."""

import json
import re
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from concierge.accounts.models import Contact
from concierge.feeds import lint, queries
from concierge.feeds.actions import addresses
from concierge.feeds.models import Feed
from concierge.feeds.plan import Choice, own_visits
from concierge.feeds.states import Scope, Shows
from concierge.identity.models import User
from concierge.identity.permissions import Role
from concierge.platform.database import Base, db, unit_of_work
from concierge.visits.models import Visit
from concierge.visits.states import VisitState
from concierge.workforce.models import Technician
from tests.feeds import readers
from tests.feeds.test_entries_as_bytes import HOSTILE
from tests.makers import calendar, people
from tests.makers.calendar import AT

pytestmark = pytest.mark.usefixtures("it_is")
DAY = timedelta(days=1)
ENTRIES = {
    "visits": 4, "with alarms": 4, "only busy": 4, "a notice": 1, "a team": 4, "everybody": 4, "a site": 4,
    "a project": 4, "milestones": 3, "my milestones": 3, "on call": 2, "on call together": 2, "a customer": 4,
    "a customer's milestones": 2, "ended": 1,
}  # fmt: skip
"""How many entries a calendar of each kind has here."""
SHOWN = (
    "users",
    "technicians",
    "accounts",
    "contacts",
    "sites",
    "orders",
    "order_lines",
    "projects",
    "milestones",
    "visits",
)
"""The tables whose words calendars show."""
NOT_WRITTEN_BY_PEOPLE = re.compile(
    r"(uid|.*key|.*zone|country|language|email|.*hash|phone|system|number|territory|skip_reason)|search"
)


def paths(hostile: str = "") -> dict[str, str]:
    """Addresses of calendars of every kind, over visits, milestones and turns whose every word is hostile."""
    with unit_of_work():
        tomas, ben = calendar.technician(), calendar.technician("Ben Okafor")
        ada = people.user(name="Ada Lind", role=Role.CONCIERGE)
        crew = [Technician(user_id=each.id, country="DE", territory="North") for each in (tomas, ben)]
        db.session.add_all(crew)
        project = calendar.live()
        project.concierge_id = ada.id
        customer = calendar.contact(project)
        calendar.milestones(project)
        db.session.flush()
        for days, state in enumerate(
            (VisitState.CONFIRMED, VisitState.TENTATIVE, VisitState.ACCEPTED), start=3
        ):
            calendar.visit(project, tomas, starts=AT + days * DAY, state=state)
        called_off = calendar.visit(project, tomas, starts=AT + 9 * DAY)
        for days in (5, 12):
            calendar.turn(crew[0].id, starts=AT + days * DAY)
        if hostile:
            _write_everywhere(hostile)
        mine = own_visits(tomas.id)
        of_project = Choice(shows=Shows.VISITS, scope=Scope.PROJECT, scope_key=str(project.id))
        wanted: list[tuple[str, User | Contact, Choice]] = [
            ("visits", tomas, mine),
            ("with alarms", tomas, replace(mine, has_alarms=True, language="de")),
            ("only busy", tomas, replace(mine, is_busy_only=True)),
            ("a notice", ben, own_visits(ben.id)),
            ("a team", ada, replace(mine, scope=Scope.TEAM, scope_key="North")),
            ("everybody", ada, replace(mine, scope=Scope.TEAM, scope_key="")),
            ("a site", ada, replace(mine, scope=Scope.SITE, scope_key=str(project.site_id))),
            ("a project", ada, of_project),
            ("milestones", ada, replace(of_project, shows=Shows.MILESTONES)),
            ("my milestones", ada, replace(mine, shows=Shows.MILESTONES, scope_key=str(ada.id))),
            ("on call", tomas, replace(mine, shows=Shows.ON_CALL)),
            ("on call together", ada, replace(mine, shows=Shows.ON_CALL, scope=Scope.TEAM, scope_key="")),
            ("a customer", customer, replace(of_project, is_for_customer=True)),
            (
                "a customer's milestones",
                customer,
                replace(of_project, is_for_customer=True, shows=Shows.MILESTONES, language="de"),
            ),
        ]
        found = {name: _address(owner, choice, name) for name, owner, choice in wanted}
        ended = _address(tomas, mine, "ended")
        db.session.expire_all()
        calendar.cancel(db.session.get_one(Visit, called_off.id), at=AT)
    with unit_of_work():
        address = queries.address_of_token(ended.split("/")[2])
        assert address
        addresses.revoke(db.session.get_one(Feed, address.feed_id), actor_id=None, at=AT)
    return found | {"ended": ended}


def _address(owner: User | Contact, choice: Choice, device: str) -> str:
    feed = addresses.create_address(owner, choice, device=device, actor_id=None, at=AT)
    return "/cal/" + queries.url_of(feed, shows=choice.shows).partition("/cal/")[2]


def _write_everywhere(text: str) -> None:
    """Past every form and every type of column, as a fault of ours or an import would."""
    for name in SHOWN:
        table = Base.metadata.tables[name]
        for column in table.columns:
            if NOT_WRITTEN_BY_PEOPLE.fullmatch(column.name) or isinstance(column.type, sa.Enum):
                continue
            if isinstance(column.type, sa.JSON) and column.name in ("name", "titles"):
                value = json.dumps({"en": text, "de": text})
            elif isinstance(column.type, sa.String | sa.types.TypeDecorator) and not column.foreign_keys:
                if not isinstance(getattr(column.type, "impl", column.type), sa.String):
                    continue
                value = text
            else:
                continue
            db.session.execute(sa.text(f"UPDATE {name} SET {column.name} = :value"), {"value": value})
    db.session.expire_all()


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    "number", [n for n, text in enumerate(HOSTILE) if text.isprintable() or "\ud800" not in text]
)
def test_f4_hostile_words_in_every_field_break_no_calendar_of_any_kind(
    app: Flask, client: FlaskClient, number: int
) -> None:
    hostile = {name: client.get(path) for name, path in paths(HOSTILE[number]).items()}

    for name, answer in hostile.items():
        assert answer.status_code == 200, name
        assert lint.problems(answer.data) == (), name
        assert len(_uids(answer.data)) == ENTRIES[name], name
        assert max(map(len, answer.data.split(b"\r\n"))) <= 75, name
    if HOSTILE[number].isalnum():
        assert b"xxxxxxxxxx" in hostile["visits"].data, "the words do come that far"


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_f7_f9_every_kind_says_when_to_come_again_and_names_each_entry_once(
    app: Flask, client: FlaskClient
) -> None:
    found = {name: client.get(path).data for name, path in paths().items()}

    uids: dict[str, set[tuple[str, str]]] = {}
    for name, data in found.items():
        assert data.count(b"REFRESH-INTERVAL;VALUE=DURATION:PT1H\r\n") == 1, name
        assert data.count(b"X-PUBLISHED-TTL:PT1H\r\n") == 1, name
        assert not re.search(rb"^(COLOR|CONFERENCE|IMAGE)[:;]", data, re.MULTILINE), name
        assert len(_uids(data)) == len(set(_uids(data))) == ENTRIES[name], name
        for seen in readers.entries_in(data):
            assert not re.search("isar|klinik|tomas|berger|münchen", seen.uid, re.IGNORECASE), name
            uids.setdefault(seen.uid, set()).add((seen.start, seen.end))
    assert {uid for uid, times in uids.items() if len(times) > 1} == set(), (
        "one UID names one thing everywhere"
    )


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
@pytest.mark.parametrize("read", readers.READERS)
def test_f20_every_program_sees_the_same_in_every_kind(
    app: Flask, client: FlaskClient, read: readers.Reader
) -> None:
    for name, path in paths(HOSTILE[0].replace("\r\n", "\r\n \\n; ,🧪")).items():
        data = client.get(path).data
        expected = {
            replace(seen, title=readers.shown_by(read, seen.title)) for seen in readers.entries_in(data)
        }
        assert read(data) == expected, name
        assert expected, name


def _uids(data: bytes) -> list[str]:
    return re.findall(r"^UID:(.*)\r$", data.replace(b"\r\n ", b"").decode(), re.MULTILINE)
