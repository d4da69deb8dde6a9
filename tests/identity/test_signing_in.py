"""Coming in and going out: who gets in, who does not, and what a stranger can learn."""

import re
import statistics
import time
from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient

from concierge.identity import passwords
from concierge.identity.actions import people as access
from concierge.identity.models import User, UserSession
from concierge.identity.permissions import Role
from concierge.identity.states import AccessState
from concierge.identity.views.signing_in import local_path
from concierge.platform import clock
from concierge.platform.database import db, unit_of_work
from tests.conftest import csrf_token
from tests.makers import people as make

PASSWORD = "four unrelated calm words"

SignIn = Callable[[User], FlaskClient]


@pytest.fixture
def ada(app: Flask) -> User:
    with unit_of_work():
        return access.add_person(
            email="Ada@Concierge.example",
            name="Ada Lind",
            role=Role.CONCIERGE,
            password=PASSWORD,
            at=clock.now(),
        )


def try_to_enter(client: FlaskClient, email: str, password: str, target: str = "") -> tuple[int, str]:
    token = csrf_token(client, "/sign-in")
    answer = client.post(
        "/sign-in", data={"csrf_token": token, "email": email, "password": password, "next": target}
    )
    return answer.status_code, answer.headers.get("Location", "")


def test_a_person_comes_in_with_address_and_password(client: FlaskClient, ada: User) -> None:
    assert try_to_enter(client, " ADA@concierge.example ", PASSWORD, "/settings/me") == (303, "/settings/me")

    page = client.get("/settings/me")
    assert page.status_code == 200
    assert "You are Ada Lind" in page.get_data(as_text=True)


def test_a_wrong_password_and_an_unknown_address_get_the_same_answer(client: FlaskClient, ada: User) -> None:
    def answer(email: str) -> str:
        token = csrf_token(client, "/sign-in")
        page = client.post(
            "/sign-in", data={"csrf_token": token, "email": email, "password": "not the right one"}
        )
        assert page.status_code == 422
        return re.sub(r'value="[^"]*"', "", page.get_data(as_text=True))

    assert answer("ada@concierge.example") == answer("eve@concierge.example")


def test_a_form_without_password_is_shown_again(client: FlaskClient, ada: User) -> None:
    assert try_to_enter(client, "ada@concierge.example", "")[0] == 422


def test_the_summary_says_the_whole_sentence(client: FlaskClient, ada: User) -> None:
    page = client.post(
        "/sign-in",
        data={"csrf_token": csrf_token(client, "/sign-in"), "email": "", "password": PASSWORD, "next": "/"},
    )

    assert page.status_code == 422
    linked = re.findall(r'<li><a href="#email">([^<]*)</a>', page.text)
    assert len("".join(linked)) > 10


@pytest.mark.parametrize("address", ["/sign-in", "/reset"])
def test_asking_only_for_the_head_of_a_form_is_no_fault(client: FlaskClient, address: str) -> None:
    assert client.head(address).status_code == 200


def test_who_was_disabled_or_only_invited_does_not_come_in(client: FlaskClient, ada: User) -> None:
    with unit_of_work():
        ada = db.session.get_one(User, ada.id)
        ada.state = AccessState.DISABLED

    assert try_to_enter(client, ada.email, PASSWORD)[0] == 422


def test_an_unknown_address_takes_as_long_as_a_wrong_password(app: Flask, ada: User) -> None:
    from concierge.identity.actions.signing_in import WrongPassword, check

    def median_s(email: str) -> float:
        taken = []
        for _ in range(12):
            began = time.thread_time()
            with pytest.raises(WrongPassword):
                check(email, "not the right one")
            taken.append(time.thread_time() - began)
        return statistics.median(taken)

    median_s(ada.email)
    known, unknown = median_s(ada.email), median_s("eve@concierge.example")

    assert abs(known - unknown) < 0.5 * max(known, unknown)


def test_the_tenth_wrong_try_of_an_account_is_the_last_for_a_while(client: FlaskClient, ada: User) -> None:
    outcomes = [try_to_enter(client, ada.email, f"wrong guess number {n}")[0] for n in range(11)]

    assert outcomes == [422] * 10 + [429]
    assert try_to_enter(client, ada.email, PASSWORD)[0] == 429
    assert try_to_enter(client, "tomas@concierge.example", "another account")[0] == 422


def test_right_passwords_are_not_counted(client: FlaskClient, ada: User) -> None:
    for _ in range(12):
        browser = client.application.test_client()
        assert try_to_enter(browser, ada.email, PASSWORD)[0] == 303


def test_guessing_every_day_of_a_year_is_hopeless() -> None:
    per_day = 10 * 4 * 24
    possible = 8**passwords.LEAST

    assert per_day / possible < 1e-6


def test_the_token_changes_when_somebody_comes_in(client: FlaskClient, ada: User) -> None:
    client.get("/sign-in")
    with client.session_transaction() as before:
        before["planted"] = "by a stranger"

    try_to_enter(client, ada.email, PASSWORD)

    with client.session_transaction() as after:
        assert "planted" not in after
        first = after["_user_id"]
    client.post("/sign-out", data={"csrf_token": csrf_token(client, "/settings/me")})
    try_to_enter(client, ada.email, PASSWORD)
    with client.session_transaction() as again:
        assert again["_user_id"] != first


def test_the_cookie_is_for_this_site_alone(client: FlaskClient, ada: User) -> None:
    answer = client.get("/sign-in")

    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie


def test_going_out_ends_the_session_for_good(client: FlaskClient, ada: User) -> None:
    try_to_enter(client, ada.email, PASSWORD)
    with client.session_transaction() as kept:
        stolen = dict(kept)

    answer = client.post("/sign-out", data={"csrf_token": csrf_token(client, "/settings/me")})

    assert answer.status_code == 303
    with client.session_transaction() as session:
        session.update(stolen)
    assert client.get("/settings/me").status_code == 303


def test_a_session_ends_unused_and_after_its_days(app: Flask, client: FlaskClient, ada: User) -> None:
    start = clock.now()
    try_to_enter(client, ada.email, PASSWORD)

    with time_machine.travel(start + timedelta(hours=11), tick=False):
        assert client.get("/settings/me").status_code == 200
    with time_machine.travel(start + timedelta(hours=22), tick=False):
        assert client.get("/settings/me").status_code == 200
    with time_machine.travel(start + timedelta(hours=35), tick=False):
        assert client.get("/settings/me").status_code == 303
    db.session.rollback()
    with unit_of_work():
        for session in db.session.query(UserSession):
            session.seen_at = start + timedelta(days=14)
    with time_machine.travel(start + timedelta(days=14, hours=1), tick=False):
        assert client.get("/settings/me").status_code == 303


@pytest.mark.parametrize(
    "target",
    [
        "//evil.example", "///evil.example", "////evil.example", "/\\evil.example", "\\\\evil.example",
        "/\\/evil.example", "https://evil.example", "http:evil.example", "http:///evil.example", "HTTPS://evil.example",
        "javascript:alert(1)", "data:text/html,x", "evil.example", "@evil.example", "/\t/evil.example",
        "/\n/evil.example", "/\r\n/evil.example", "\t//evil.example", " //evil.example", "/ /evil.example",
        "/%0d%0aLocation:x\r\n", "/\x00/evil", "ftp://evil.example", "//evil.example/today", "/\x85evil", "?next=//x",
        "#//evil.example", "..//evil.example", "./today", "today", "", "mailto:x@evil.example",
        "//%65vil.example", "/\\\\evil.example", "\\/evil.example", "http://localhost@evil.example", "///", "//",
        "/sign-out", "/sign-in?next=//evil.example",
    ],
)  # fmt: skip
def test_no_next_address_leads_elsewhere(target: str) -> None:
    assert local_path(target) == "/"


def test_a_next_address_on_this_site_is_kept() -> None:
    assert local_path("/projects/HB-2041?view=lines") == "/projects/HB-2041?view=lines"


def test_a_foreign_host_gets_no_page(client: FlaskClient) -> None:
    assert client.get("/sign-in", headers={"Host": "evil.example"}).status_code == 400


def test_a_post_without_token_is_refused(client: FlaskClient, ada: User) -> None:
    answer = client.post("/sign-in", data={"email": ada.email, "password": PASSWORD})

    assert answer.status_code == 400


def test_an_old_hash_is_renewed_at_sign_in(client: FlaskClient, ada: User) -> None:
    from argon2 import PasswordHasher

    with unit_of_work():
        db.session.get_one(User, ada.id).password_hash = PasswordHasher(
            time_cost=1, memory_cost=8 * 1024, parallelism=1
        ).hash(PASSWORD)

    assert try_to_enter(client, ada.email, PASSWORD)[0] == 303

    db.session.rollback()
    kept = db.session.get_one(User, ada.id, populate_existing=True).password_hash
    assert kept is not None
    assert not passwords.wants_rehash(kept)
    assert "m=47104,t=1,p=1" in kept


def test_a_made_person_with_an_unusable_hash_cannot_sign_in(client: FlaskClient, app: Flask) -> None:
    with unit_of_work():
        tomas = make.user(name="Tomas Berg")

    assert try_to_enter(client, tomas.email, "!")[0] == 422
