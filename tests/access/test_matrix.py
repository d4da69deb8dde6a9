"""Every route, for every role, on what is one's own, somebody else's and nobody's (threats A1, A2, C1, S6)."""

import tomllib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule

from concierge.identity.models import User
from concierge.identity.permissions import MAY, Permission, Role
from concierge.platform.web import HEADERS
from tests.access import world as worlds
from tests.access.world import MISSING, World, digest
from tests.conftest import csrf_token

TABLE: Mapping[str, str] = tomllib.loads((Path(__file__).parent / "routes.toml").read_text("utf-8"))["routes"]
OPEN = "anybody"
STAFF = [role.value for role in Role]
OF_SOMEBODY = {
    "key": "XX-1",
    "visit_id": MISSING,
    "feed_id": MISSING,
    "session_id": MISSING,
    "job_id": MISSING,
    "own_calendar_id": MISSING,
    "leave_id": MISSING,
    "uid": "no-such-visit",
    "asset_id": MISSING,
}
PAGES_FOR_FORMS = "/settings/me"


ON_SQLITE = pytest.mark.parametrize("app", ["sqlite"], indirect=True)
"""For what is refused before any row is asked for: databases cannot differ there."""
ROLES = [("sqlite", role) for role in STAFF] + [("postgresql", "administrator"), ("postgresql", "technician")]
"""Roles differ by a table: one database does. On the other, who opens every page, and who sees a part of them."""


@pytest.fixture
def world(app: Flask, sign_in: Callable[[User], FlaskClient]) -> World:
    return worlds.build(sign_in)


def rules(app: Flask) -> list[Rule]:
    return sorted(app.url_map.iter_rules(), key=lambda rule: (str(rule), rule.endpoint))


def asked(app: Flask, *methods: str) -> Iterator[tuple[Rule, str, str]]:
    """Every guarded route with a method and the permission it takes."""
    for rule in rules(app):
        for method in methods:
            access = TABLE.get(f"{method} {rule}", OPEN)
            if access != OPEN and method in (rule.methods or ()):
                yield rule, method, access


def address(rule: Rule, values: Mapping[str, object], **others: object) -> str:
    """The address of a route; parts that a customer does not have are missing ones."""
    parts = {name: others.get(name, values.get(name, MISSING)) for name in rule.arguments}
    if "playbooks" in str(rule) or "instruments" in str(rule):
        parts["key"] = "standard"
    _endpoint, path = str(rule), str(rule)
    for name, value in parts.items():
        for kind in (f"<int:{name}>", f"<path:{name}>", f"<{name}>"):
            path = path.replace(kind, str(value))
    return path


BEHIND_LINKS = ("/cal/", "/checklist/", "/invitation/", "/reset/", "/p/", "/reminders/")
"""Addresses that are secrets; nothing learns them by a referrer."""


def holders(access: str) -> set[str]:
    return {role.value for role in Role if Permission(access) in MAY[role]}


def send(browser: FlaskClient, method: str, path: str, token: str = "") -> tuple[int, str]:
    if method == "GET":
        answer = browser.get(path)
    else:
        answer = browser.post(path, data={"csrf_token": token} if token else {})
    return answer.status_code, answer.get_data(as_text=True) if answer.mimetype == "text/html" else ""


def test_the_reviewed_table_names_every_route_with_who_may_open_it(sqlite_app: Flask) -> None:
    found = {}
    for rule in rules(sqlite_app):
        access = getattr(sqlite_app.view_functions[rule.endpoint], "access", "?")
        for method in (rule.methods or set()) & {"GET", "POST"}:
            found[f"{method} {rule}"] = access.value if isinstance(access, Permission) else OPEN

    assert found == dict(TABLE)


@ON_SQLITE
def test_nobody_who_is_not_signed_in_sees_or_does_anything(
    app: Flask, world: World, client: FlaskClient
) -> None:
    before = digest()
    for rule, _method, _access in asked(app, "GET"):
        status, _page = send(client, "GET", address(rule, world.ours))
        assert status == 303, rule
    token = csrf_token(client, "/sign-in")
    for rule, _method, _access in asked(app, "POST"):
        assert send(client, "POST", address(rule, world.ours), token)[0] == 401, rule

    assert digest() == before


@pytest.mark.parametrize(("app", "role"), ROLES, indirect=["app"])
def test_a_role_gets_exactly_what_it_holds(app: Flask, world: World, role: str) -> None:
    browser = world.browsers[role]
    before = digest()
    token = csrf_token(browser, PAGES_FOR_FORMS)
    for rule, method, access in asked(app, "GET", "POST"):
        may = role in holders(access)
        if may and method == "POST":
            continue  # what a permitted act does is tested with its page
        for values in (world.ours, {}):
            status, _page = send(browser, method, address(rule, values), token)
            if may:
                assert status in {200, 202, 303, 404, 409}, (rule, status)
            else:
                assert status == 403, (rule, method, status)

    assert digest() == before, "a GET, or a refused POST, has written something"


def test_what_belongs_to_others_looks_like_what_is_not_there(app: Flask, world: World) -> None:
    stranger = world.browsers["stranger"]
    before = digest()
    token = csrf_token(stranger, PAGES_FOR_FORMS)
    tried = 0
    for rule, method, access in asked(app, "GET", "POST"):
        if (
            Role.TECHNICIAN.value not in holders(access)
            or not rule.arguments & OF_SOMEBODY.keys()
            or "playbook" in str(rule)
            or "instrument" in str(rule)
        ):
            continue
        theirs = send(stranger, method, address(rule, world.ours), token)
        nothing = send(stranger, method, address(rule, {**world.ours, **OF_SOMEBODY}), token)
        assert theirs == nothing, (rule, method)
        assert theirs[0] == 404, (rule, method)
        tried += 1

    assert tried > 10
    assert digest() == before


def test_an_id_of_somebody_else_is_not_accepted_beside_ones_own(app: Flask, world: World) -> None:
    browser = world.browsers["administrator"]
    before = digest()
    token = csrf_token(browser, PAGES_FOR_FORMS)
    swapped = 0
    for rule, method, _access in asked(app, "GET", "POST"):
        ids = rule.arguments - {"gate", "number", "name"}
        for name in sorted(ids) if len(ids) > 1 else ():
            status, _page = send(
                browser, method, address(rule, world.ours, **{name: world.theirs.get(name, MISSING)}), token
            )
            assert status == 404, (rule, method, name)
            swapped += 1

    assert swapped > 20
    assert digest() == before


@ON_SQLITE
def test_a_disabled_person_is_out_with_the_next_request(app: Flask, world: World) -> None:
    admin, dispatcher = world.browsers["administrator"], world.browsers["dispatcher"]
    token = csrf_token(admin, PAGES_FOR_FORMS)
    assert dispatcher.get("/today").status_code == 200

    admin.post(f"/people/{world.people['dispatcher'].id}/end", data={"csrf_token": token})

    for rule, _method, _access in asked(app, "GET"):
        assert send(dispatcher, "GET", address(rule, world.ours))[0] == 303, rule


@ON_SQLITE
def test_no_form_is_taken_without_its_token(app: Flask, world: World) -> None:
    browser, other = world.browsers["administrator"], world.browsers["manager"]
    before = digest()
    foreign = csrf_token(other, PAGES_FOR_FORMS)
    for rule in rules(app):
        if "POST" not in (rule.methods or ()) or rule.endpoint.startswith("feeds.calendar_file"):
            continue
        path = address(rule, world.ours)
        if path.startswith("/cal/"):
            continue  # takes no POST, which it says with 405
        if path.startswith(
            "/reminders/"
        ):  # mail programs post there without a form (RFC 8058): the address is the key
            assert send(browser, "POST", path)[0] == 404, rule
            continue
        for token in ("", "wrong", foreign):
            assert send(browser, "POST", path, token)[0] == 400, (rule, token)
        as_text = browser.post(path, data='{"csrf_token": "x"}', content_type="text/plain")
        assert as_text.status_code == 400, rule

    assert digest() == before


@ON_SQLITE
def test_every_answer_carries_the_headers(app: Flask, world: World, client: FlaskClient) -> None:
    admin = world.browsers["administrator"]
    answers = [admin.get(address(rule, world.ours)) for rule in rules(app) if "GET" in (rule.methods or ())]
    answers += [
        client.get("/nothing/here"),
        client.post("/sign-in"),
        client.delete("/today"),
        client.get("/static/favicon.svg"),
    ]
    answers += [client.get("/today", headers={"Host": "evil.example"})]
    for answer in answers:
        for name, value in HEADERS.items():
            place = f"{answer.request.path}/"
            if name == "Referrer-Policy" and place.startswith(BEHIND_LINKS):
                assert answer.headers[name] in {"no-referrer", "same-origin"}
                continue
            if (
                name in {"Content-Security-Policy", "X-Frame-Options"}
                and answer.mimetype == "application/pdf"
            ):
                assert answer.headers[name]
                continue
            assert answer.headers.get(name) == value, (answer.request.path, name)
        assert "unsafe-inline" not in answer.headers["Content-Security-Policy"]
        answer.close()
