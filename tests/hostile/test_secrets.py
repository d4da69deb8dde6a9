"""No secret and no person in logs or error pages, whatever goes wrong (threat I7)."""

import json
from collections.abc import Callable, Iterator

import pytest
import structlog
from flask import Flask

from concierge.platform import deliveries, logs, worker
from concierge.platform.database import unit_of_work
from tests.conftest import csrf_token
from tests.hostile import world as worlds
from tests.hostile.world import World

PASSWORD = "zqsecret four calm words"
BEARER = "zqsecret-bearer-0123456789"
COOKIE = "zqsecret-cookie-0123456789"
TOKEN = "zqsecrettokenabcdefghij"
MAIL = "zqsecret@customer.example"
FORGED = 'x\n{"event": "forged"}\r\nforged line'


@pytest.fixture
def written(capsys: pytest.CaptureFixture[str]) -> Iterator[Callable[[], str]]:
    """What was written to standard output and error since the last look."""
    before = structlog.get_config()
    logs.configure("debug")
    yield lambda: "".join(capsys.readouterr())
    structlog.configure(**before)


def broken(*values: object, **named: object) -> None:
    """What fails in the middle, and repeats in its message everything that it was given."""
    raise RuntimeError(f"{values} {named} {PASSWORD} {BEARER} {COOKIE} {TOKEN} {MAIL} {FORGED}")


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_no_secret_is_written_on_any_way_that_fails(
    app: Flask, world: World, written: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    calendar = worlds.feed_address(world.people["technician"])
    checklist = worlds.checklist_address(world.ours)
    admin, stranger = world.browsers["administrator"], app.test_client()
    token = csrf_token(stranger, "/sign-in")
    mine = csrf_token(admin, "/settings/me")
    sent = {
        "Authorization": f"Bearer {BEARER}",
        "Cookie": f"concierge={COOKIE}; other={COOKIE}",
        "Referer": f"http://localhost/cal/{TOKEN}/x.ics",
    }
    said: list[str] = []

    def tell(answer: object) -> None:
        said.append(answer.get_data(as_text=True))  # type: ignore[attr-defined]  # an answer

    def fail(place: str) -> None:
        monkeypatch.setattr(place, broken)

    written()
    tell(stranger.get(f"/cal/{TOKEN}/x.ics", headers=sent))
    tell(app.test_client().get(f"/reset/{TOKEN}?token={TOKEN}", headers=sent))
    tell(app.test_client().get(f"/today?password={TOKEN}&token={TOKEN}", headers=sent))
    tell(stranger.post("/sign-in", data={"csrf_token": token, "email": MAIL, "password": PASSWORD}))
    tell(stranger.post("/sign-in", data={"csrf_token": TOKEN, "email": MAIL, "password": PASSWORD}))
    tell(stranger.post("/reset", data={"csrf_token": token, "email": MAIL}))
    tell(
        admin.post(
            "/settings/me/password",
            data={"csrf_token": mine, "current": PASSWORD, "password": PASSWORD, "again": TOKEN},
        )
    )
    tell(app.test_client().get(f"/sign-in?x={FORGED}", headers={"User-Agent": TOKEN, "X-Request-Id": TOKEN}))
    fail("concierge.feeds.queries.address_of_token")
    tell(stranger.get(calendar, headers=sent))
    tell(stranger.get(f"/cal/{TOKEN}/x.ics"))
    fail("concierge.readiness.queries.checklist_by_link")
    tell(stranger.get(checklist))
    fail("concierge.identity.queries.link")
    tell(stranger.get(f"/invitation/{TOKEN}"))
    tell(stranger.get(f"/reset/{TOKEN}"))
    fail("concierge.identity.passwords.hashed")
    tell(
        admin.post(
            "/settings/me/password",
            data={"csrf_token": mine, "current": PASSWORD, "password": PASSWORD, "again": PASSWORD},
        )
    )
    fail("concierge.identity.queries.credentials")
    tell(stranger.post("/sign-in", data={"csrf_token": token, "email": MAIL, "password": PASSWORD}))
    deliveries.register("zq.break", broken)
    with unit_of_work():
        deliveries.enqueue("zq.break", {"token": TOKEN, "email": MAIL}, queue="default", max_attempts=1)
    worker.drain(app)
    fail("concierge.identity.signed_in.signed_in")
    tell(admin.get("/today", headers=sent))

    lines = written()
    secrets = (
        PASSWORD,
        BEARER,
        COOKIE,
        TOKEN,
        MAIL,
        calendar.split("/")[2],
        checklist.rsplit("/", 1)[1],
        "zqsecret",
    )
    for secret in secrets:
        assert secret not in lines, secret
    for secret in (PASSWORD, BEARER, COOKIE):
        assert not any(secret in page for page in said), secret
    assert sum('"level": "error"' in line for line in lines.splitlines()) >= 7
    for line in lines.splitlines():
        assert json.loads(line)["event"] != "forged"


def test_the_address_of_a_printed_checklist_is_taken_out_of_a_line() -> None:
    kept = logs.redact(
        None, "", {"event": "x", "path": "/checklist/abcdefghijklmnopqrstuvwxyz/checklist.pdf"}
    )

    assert kept["path"] == "/checklist/[token]/checklist.pdf"
