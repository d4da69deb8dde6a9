"""The bytes of invitations: as they are kept beside this file, and read the same by four other programs."""

import re
from email.message import EmailMessage
from pathlib import Path

import pytest
from flask import Flask

from concierge.invitations import itip
from concierge.invitations.itip import Method, Party
from concierge.invitations.states import Reply
from concierge.platform.database import unit_of_work
from concierge.visits.actions import progress
from tests.feeds.readers import READERS, Reader
from tests.invitations.conftest import Post, calendar_part, data_of, to
from tests.makers import invitations as make
from tests.makers import projects, workforce
from tests.makers.invitations import for_change, later

GOLDEN = Path(__file__).parent / "golden"


@pytest.fixture
def letters(app: Flask, post: Post) -> dict[str, EmailMessage]:
    """An invitation and its withdrawal, in English to Tomas and in German to Yuki."""
    with unit_of_work():
        visit = make.confirmed(projects.live(), workforce.technician(), uid="0f8e2f6c-golden")
    found = {f"request-{address}": letter for address, letter in to(post.quiet(make.NOW)).items()}
    with unit_of_work():
        progress.cancel(for_change(visit), reason="No power; the room, floods", at=later(30), actor_id=None)
    return found | {f"cancel-{address}": letter for address, letter in to(post.quiet(later(30))).items()}


def plain(data: bytes) -> str:
    """The lines of an object, unfolded, without what is secret or counted by the database."""
    text = data.replace(b"\r\n ", b"").decode()
    text = re.sub(r"schedule\+[0-9]+\.[a-z2-7]{32}", "schedule+<secret>", text)
    return re.sub(r"/visits/[0-9]+", "/visits/<id>", text).replace("\r\n", "\n")


def test_i01_i02_i06_i09_the_bytes_are_those_that_were_agreed_on(letters: dict[str, EmailMessage]) -> None:
    names = {"tomas@concierge.example": "en", "yuki@halden.example": "de"}
    for name, letter in letters.items():
        kind, _, address = name.partition("-")
        path = GOLDEN / f"{kind}.{names[address]}.ics"
        assert plain(data_of(calendar_part(letter))) == path.read_text("utf-8"), path.name


@pytest.mark.parametrize("read", READERS)
def test_i01_other_programs_see_the_same_visit(letters: dict[str, EmailMessage], read: Reader) -> None:
    for name, letter in letters.items():
        [seen] = read(data_of(calendar_part(letter)))
        assert (seen.uid, seen.start, seen.end) == (
            "0f8e2f6c-golden",
            "2026-03-17T08:00:00Z",
            "2026-03-17T11:00:00Z",
        )
        assert ("CANCELLED" in seen.title or "ABGESAGT" in seen.title) == name.startswith("cancel")


@pytest.mark.parametrize(
    "address", ["a b@x.example", "a@x.example\r\nX:1", "a@x;CN=b", "", "a@", "ä@x.example"]
)
def test_i02_an_address_that_could_end_its_line_is_refused(address: str) -> None:
    assert not itip.is_writable(address)
    with pytest.raises(ValueError, match="cannot stand"):
        itip._address(Party(address, "Somebody"))


@pytest.mark.parametrize(
    "name", ['Quo"te', "Car^et'n", "Semi;colon:comma,", "new\r\nline", "\x00", "Ärger " * 60]
)
def test_i02_a_name_stays_inside_its_quotes(name: str) -> None:
    line = itip._address(Party("a+b%c@x.example", name)).params.to_ical().decode()

    assert line.count('"') in (0, 2)
    assert not set("\r\n\x00^") & set(line)
    assert str(itip._address(Party("a+b%c@x.example", name))) == "mailto:a+b%25c@x.example"


def test_i04_there_are_three_methods_and_an_answer_for_each_reply() -> None:
    assert {method.value for method in Method} == {"REQUEST", "CANCEL", "DECLINECOUNTER"}
    assert set(itip.ANSWERS) == set(Reply)
