"""`concierge user add`."""

import json

import pytest
from click.testing import CliRunner, Result
from flask import Flask
from flask.cli import ScriptInfo

from concierge.cli import main
from concierge.identity.models import User
from concierge.identity.passwords import is_right
from concierge.platform.database import db


def run(app: Flask, *args: str, typed: str | None = None) -> Result:
    return CliRunner().invoke(
        main, ["user", "add", *args], obj=ScriptInfo(create_app=lambda: app), input=typed
    )


@pytest.fixture
def ada() -> tuple[str, ...]:
    return ("ada@concierge.example", "--name", "Ada Lind", "--role", "concierge")


def test_a_person_is_added_with_a_password_that_is_told_once(app: Flask, ada: tuple[str, ...]) -> None:
    done = run(app, *ada, "--zone", "Europe/Zurich", "--json")

    [told] = json.loads(done.stdout)
    kept = db.session.query(User).one()
    assert (told["email"], told["state"], told["zone"]) == (kept.email, "active", "Europe/Zurich")
    assert is_right(told["password"], kept=kept.password_hash)


def test_a_password_is_read_from_standard_input(app: Flask, ada: tuple[str, ...]) -> None:
    done = run(app, *ada, "--password-stdin", typed="four unrelated calm words\n")

    assert done.exit_code == 0
    assert is_right("four unrelated calm words", kept=db.session.query(User).one().password_hash)


def test_the_same_address_twice_is_refused_with_a_sentence(app: Flask, ada: tuple[str, ...]) -> None:
    run(app, *ada)
    again = run(app, *ada)

    assert again.exit_code == 1
    assert "is there already" in again.stderr


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    "args",
    [
        ("ada@concierge.example", "--name", "Ada", "--role", "king"),
        ("nobody", "--name", "Ada", "--role", "concierge"),
        ("ada@concierge.example", "--name", "Ada", "--role", "concierge", "--zone", "Mars/Olympus"),
        ("ada@concierge.example", "--name", "Ada", "--role", "concierge", "--invite", "--password-stdin"),
    ],
)
def test_wrong_use_ends_with_two(app: Flask, args: tuple[str, ...]) -> None:
    assert run(app, *args).exit_code == 2


def test_a_short_password_is_refused(app: Flask, ada: tuple[str, ...]) -> None:
    assert run(app, *ada, "--password-stdin", typed="short\n").exit_code == 1
