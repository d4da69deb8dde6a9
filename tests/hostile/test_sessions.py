"""Sign-ins, tries and addresses, seen by somebody who wants in (threats S1, S2, S3, S5)."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from concierge.app import create_app
from concierge.identity.actions import people as access
from concierge.identity.models import User
from concierge.identity.permissions import Role
from concierge.platform import clock
from concierge.platform.database import Base, db, unit_of_work
from concierge.platform.settings import load
from tests.conftest import SETTINGS, csrf_token

PASSWORD = "four unrelated calm words"
HOSTS = (
    "evil.example", "evil.example:80", "localhost.evil.example", "localhost@evil.example", "localhost:80@evil.example",
    "evil.example#localhost", "127.0.0.1.evil.example", "[::1].evil.example", "localhost,evil.example",
    "localhost evil.example",
)  # fmt: skip
ELSEWHERE = (
    "//evil.example", "https://evil.example", "/\\evil.example", "\\evil.example", "///evil.example",
    "http:evil.example",
    "javascript:alert(1)", "/\t/evil.example", "//evil.example%2f..", "https:evil.example", "/%5cevil.example/..//evil",
    "//localhost@evil.example", "http://localhost.evil.example", "data:text/html,x", "/\r\nLocation: //evil.example",
)  # fmt: skip


@pytest.fixture
def ada(app: Flask) -> User:
    """Somebody with a password."""
    return _person("ada@concierge.example", Role.ADMINISTRATOR)


def _person(email: str, role: Role) -> User:
    with unit_of_work():
        return access.add_person(email=email, name="Ada Lind", role=role, password=PASSWORD, at=clock.now())


def enter(
    browser: FlaskClient, email: str, password: str = PASSWORD, target: str = "", **more: str
) -> tuple[int, str]:
    """Try to sign in, and say what came of it."""
    token = csrf_token(browser, "/sign-in")
    data = {"csrf_token": token, "email": email, "password": password, "next": target}
    answer = browser.post("/sign-in", data=data, **more)
    return answer.status_code, answer.headers.get("Location", "")


def test_a_planted_session_is_not_taken_over(app: Flask, ada: User) -> None:
    mallory, victim = app.test_client(), app.test_client()
    mallory.get("/sign-in")
    planted = mallory.get_cookie("concierge")
    assert planted is not None
    victim.set_cookie("concierge", planted.value)

    enter(victim, ada.email)

    assert victim.get("/settings/me").status_code == 200
    assert mallory.get("/settings/me").status_code == 303
    after = victim.get_cookie("concierge")
    assert after is not None
    assert after.value != planted.value


def test_role_and_password_changes_end_what_was_open(app: Flask, ada: User) -> None:
    tomas = _person("tomas@concierge.example", Role.MANAGER)
    at_home, at_work, admin = app.test_client(), app.test_client(), app.test_client()
    for browser, email in ((at_home, tomas.email), (at_work, tomas.email), (admin, ada.email)):
        assert enter(browser, email)[0] == 303
    at_home.post(
        "/settings/me/password",
        data={"csrf_token": csrf_token(at_home, "/settings/me/password"), "current": PASSWORD,
        "password": "five other calm quiet words",
              "again": "five other calm quiet words"},
    )  # fmt: skip

    assert at_home.get("/settings/me").status_code == 200
    assert at_work.get("/settings/me").status_code == 303
    admin.post(
        f"/people/{tomas.id}/role",
        data={"csrf_token": csrf_token(admin, "/settings/me"), "role": "dispatcher"},
    )
    assert at_home.get("/settings/me").status_code == 303
    assert enter(at_work, tomas.email)[0] == 422


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_no_next_address_leaves_the_site_through_the_page(app: Flask, ada: User) -> None:
    browser = app.test_client()
    for target in ELSEWHERE:
        asked = browser.get("/sign-in", query_string={"next": target}).get_data(as_text=True)
        kept = re.search(r'name="next"[^>]*value="([^"]*)"', asked)
        assert kept is None or _stays(kept[1]), target
    for target in ELSEWHERE[:3]:
        status, place = enter(app.test_client(), ada.email, target=target)
        assert (status, place) == (303, "/"), target
    enter(browser, ada.email)
    for target in ELSEWHERE:
        assert _stays(browser.get("/sign-in", query_string={"next": target}).headers["Location"]), target


def _stays(place: str) -> bool:
    return re.match(r"/(?![/\\\s])", place) is not None


def test_no_host_but_ours_gets_a_page_or_into_a_letter(app: Flask, ada: User) -> None:
    from concierge.platform import worker
    from concierge.platform.mail import OutgoingMail

    client = app.test_client()
    token = csrf_token(client, "/reset")
    for host in HOSTS:
        assert client.get("/sign-in", headers={"Host": host}).status_code == 400, host
        asked = client.post("/reset", data={"csrf_token": token, "email": ada.email}, headers={"Host": host})
        assert asked.status_code == 400, host
    for name in (
        "X-Forwarded-Host",
        "X-Host",
        "Forwarded",
        "X-Original-Host",
        "X-Forwarded-Server",
        "X-Forwarded-Proto",
    ):
        page = client.get(
            "/sign-in", headers={name: "host=evil.example" if name == "Forwarded" else "evil.example"}
        )
        assert page.status_code == 200
        assert "evil.example" not in page.get_data(as_text=True) + str(page.headers)
    client.post(
        "/reset", data={"csrf_token": token, "email": ada.email}, headers={"X-Forwarded-Host": "evil.example"}
    )
    worker.drain(app)

    db.session.rollback()
    letters = db.session.query(OutgoingMail).all()
    assert letters
    assert all("evil.example" not in letter.text for letter in letters)
    db.session.rollback()


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_known_and_unknown_people_get_the_same_pages(app: Flask, ada: User) -> None:
    def page(path: str, **data: str) -> tuple[int, str, int]:
        browser = app.test_client()
        data["csrf_token"] = csrf_token(browser, path)
        answer = browser.post(path, data=data)
        body = re.sub(r'value="[^"]*"', "", answer.get_data(as_text=True)).replace(data["email"], "")
        return answer.status_code, body, len(answer.headers)

    for path in ("/sign-in", "/reset"):
        known = page(path, email=ada.email, password="wrong words here")
        assert known == page(path, email="eve@concierge.example", password="wrong words here")


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_made_up_forwarding_addresses_beat_no_limit(app: Flask, ada: User) -> None:
    outcomes = []
    for turn in range(61):
        browser = app.test_client()
        headers = {
            "X-Forwarded-For": f"10.0.0.{turn}",
            "X-Real-Ip": f"10.0.0.{turn}",
            "Forwarded": f"for=10.0.0.{turn}",
        }
        token = csrf_token(browser, "/sign-in")
        data = {"csrf_token": token, "email": f"guess{turn}@concierge.example", "password": ""}
        outcomes.append(browser.post("/sign-in", data=data, headers=headers).status_code)

    assert outcomes == [422] * 60 + [429]


@pytest.fixture
def behind_a_proxy(tmp_path: Path) -> Iterator[Flask]:
    """The application at an https address, with one proxy in front."""
    settings = load(
        {
            **SETTINGS,
            "CONCIERGE_INSTANCE": str(tmp_path),
            "CONCIERGE_BASE_URL": "https://concierge.example",
            "CONCIERGE_PROXIES": "1",
        }
    )
    application = create_app(settings)
    with application.app_context():
        Base.metadata.create_all(db.engine.execution_options(writing=True))
        yield application
        db.session.remove()
        db.engine.dispose()


def test_the_cookie_of_an_https_site_is_for_this_host_alone(behind_a_proxy: Flask) -> None:
    answer = behind_a_proxy.test_client().get("/sign-in", base_url="https://concierge.example")

    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("__Host-concierge=")
    for part in ("Secure", "HttpOnly", "SameSite=Lax", "Path=/"):
        assert part in cookie
    assert "Domain" not in cookie
    assert answer.headers["Strict-Transport-Security"].startswith("max-age=")


def test_a_configured_proxy_says_who_asks_and_nobody_before_it_does(behind_a_proxy: Flask) -> None:
    seen: list[str | None] = []
    behind_a_proxy.before_request_funcs.setdefault(None, []).append(_note(seen))
    client = behind_a_proxy.test_client()
    for chain in ("203.0.113.9", "10.9.9.9, 203.0.113.9", "1.1.1.1, 2.2.2.2, 203.0.113.9"):
        client.get("/sign-in", base_url="https://concierge.example", headers={"X-Forwarded-For": chain})

    assert seen == ["203.0.113.9"] * 3
    foreign = client.get(
        "/sign-in", base_url="https://concierge.example", headers={"X-Forwarded-Host": "evil.example"}
    )
    assert foreign.status_code == 400


def _note(seen: list[str | None]) -> Callable[[], None]:
    from flask import request

    return lambda: seen.append(request.remote_addr)
