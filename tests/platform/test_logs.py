"""Log lines: one a line, with ids, without people and secrets."""

import json
from collections.abc import Callable, Iterator

import pytest
import structlog
from flask import Flask
from flask.testing import FlaskClient

from concierge.identity.models import User
from concierge.platform import logs
from concierge.platform.database import unit_of_work
from tests.makers import people as make

TOKEN = "kq0_Zr4mB7xY2wVt9sLp1nGd8hJf3cAe5uOiTyRbNmE"


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str]) -> Iterator[Callable[[], list[dict[str, object]]]]:
    before = structlog.get_config()
    logs.configure("info")
    yield lambda: [json.loads(line) for line in capsys.readouterr().err.splitlines() if line.startswith("{")]
    structlog.configure(**before)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("password", "four calm words"),
        ("reset_token", "x"),
        ("Authorization", "Bearer x"),
        ("cookie", "concierge=x"),
        ("email", "yuki@customer.example"),
        ("note", "letter to yuki@customer.example failed"),
        ("url", f"/cal/{TOKEN}/tomas.ics"),
        ("url", "/invitation/short"),
        ("database", "postgresql://ada:secret@db/concierge"),
        ("what", {"deep": {"token": "x"}, "list": ["yuki@customer.example"]}),
    ],
)
def test_secrets_and_people_are_taken_out(field: str, value: object) -> None:
    written = json.dumps(logs.redact(None, "", {"event": "x", field: value}))

    for secret in ("four calm", "Bearer", "concierge=x", "yuki@", TOKEN, "short", ":secret@"):
        assert secret not in written


def test_a_request_is_one_line_with_its_route_and_an_id(
    app: Flask, client: FlaskClient, lines: Callable[[], list[dict[str, object]]]
) -> None:
    answer = client.get(f"/invitation/{TOKEN}")

    [line] = [line for line in lines() if line["event"] == "request"]
    assert line["route"] == "/invitation/<token>"
    assert line["request_id"] == answer.headers["X-Request-Id"]
    assert line["status"] == 404
    assert TOKEN not in json.dumps(line)


def test_a_failed_request_names_the_error_and_its_places_but_not_its_words(
    app: Flask,
    sign_in: Callable[[User], FlaskClient],
    lines: Callable[[], list[dict[str, object]]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise KeyError("yuki@customer.example\ninjected line")

    with unit_of_work():
        ada = make.user(name="Ada Lind")
    browser = sign_in(ada)
    monkeypatch.setattr("concierge.identity.queries.sessions_of", fail)

    page = browser.get("/settings/me")

    [line] = [line for line in lines() if line["event"] == "request failed"]
    assert page.status_code == 500
    assert "yuki" not in page.get_data(as_text=True)
    assert line["error"] == "KeyError"
    assert "yuki" not in json.dumps(line)
    assert any("identity/views/me.py" in place for place in line["places"])  # type: ignore[attr-defined]  # a list
