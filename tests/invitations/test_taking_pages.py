"""The page of answers that need a person: who sees it, what it shows, what its buttons do."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask
from flask.testing import FlaskClient

from concierge.identity.models import User
from concierge.identity.permissions import Role
from concierge.invitations.actions import answering
from concierge.invitations.models import Answer
from concierge.invitations.states import Outcome, ProposalState, Reply, Trust
from concierge.platform import mailbox
from concierge.platform.database import db, unit_of_work
from concierge.platform.settings import current
from concierge.visits.actions import arranging, progress
from tests.conftest import csrf_token
from tests.invitations import replies
from tests.invitations.conftest import Post, event_in, method_of, to
from tests.invitations.test_taking import AT, Arranged, without_secret
from tests.makers import people, projects
from tests.makers.invitations import for_change, later
from tests.makers.visits import site_of, wall

YUKI = "yuki@halden.example"

pytestmark = pytest.mark.usefixtures("app")


@pytest.fixture
def arranged(app: Flask, post: Post, tmp_path: Path) -> Arranged:
    app.extensions["concierge.mailbox"] = tmp_path / "mailbox"
    return Arranged(app, post, tmp_path / "mailbox")


@pytest.fixture
def jonas(app: Flask, sign_in: Callable[[User], FlaskClient]) -> FlaskClient:
    """Jonas, who sends technicians, in his browser."""
    with unit_of_work():
        person = people.user(name="Jonas Weber", role=Role.DISPATCHER)
    yield sign_in(person)
    mailbox.register(app, current())


def text_of(browser: FlaskClient, path: str) -> str:
    answer = browser.get(path)
    assert answer.status_code == 200, path
    return answer.get_data(as_text=True)


def press(browser: FlaskClient, page: str, path: str) -> int:
    return browser.post(path, data={"csrf_token": csrf_token(browser, page)}).status_code


def suggestion(arranged: Arranged) -> Answer:
    answer = arranged.comes(without_secret(replies.apple(arranged.tomas, "DECLINED", at=AT), arranged.tomas))
    assert answer is not None
    assert answer.outcome is Outcome.SUGGESTED
    return answer


def test_i20_a_suggestion_waits_until_a_person_applies_it(arranged: Arranged, jonas: FlaskClient) -> None:
    answer = suggestion(arranged)
    page = f"/answers/{answer.id}"
    assert "Is it Tomas Keller who says: no?" in text_of(jonas, "/answers")
    assert "anybody could have written it" in text_of(jonas, page)
    assert "Look at 1 answer to an invitation" in text_of(jonas, "/today")

    assert press(jonas, page, f"{page}/application") == 303

    assert arranged.of_tomas().reply is Reply.DECLINED
    assert "Is it Tomas" not in text_of(jonas, "/answers")
    assert "Apply it" not in text_of(jonas, page)
    assert "Look at 1 answer" not in text_of(jonas, "/today")


def test_i20_a_suggestion_is_applied_once(arranged: Arranged, jonas: FlaskClient) -> None:
    answer = suggestion(arranged)
    page = f"/answers/{answer.id}"
    token = csrf_token(jonas, page)

    first = jonas.post(f"{page}/application", data={"csrf_token": token}).status_code
    second = jonas.post(f"{page}/application", data={"csrf_token": token})

    assert (first, second.status_code) == (303, 409)
    assert "Somebody has dealt with this answer already" in second.get_data(as_text=True)


def test_i20_a_suggestion_that_is_not_theirs_is_put_away(arranged: Arranged, jonas: FlaskClient) -> None:
    answer = suggestion(arranged)
    page = f"/answers/{answer.id}"

    assert press(jonas, page, f"{page}/dismissal") == 303

    assert arranged.is_untouched()
    assert "No answer waits for a person" in text_of(jonas, "/answers")


def test_i19_a_wish_that_nobody_vouches_for_becomes_a_proposal_only_then(
    arranged: Arranged, jonas: FlaskClient
) -> None:
    counter = replies.outlook(
        arranged.yuki, "TENTATIVE", at=AT, method="COUNTER",
        starts_local="20260318T130000", ends_local="20260318T160000",
    )  # fmt: skip
    answer = arranged.comes(without_secret(counter, arranged.yuki))
    assert answer is not None
    assert arranged.proposals() == []

    assert press(jonas, f"/answers/{answer.id}", f"/answers/{answer.id}/application") == 303

    (wish,) = arranged.proposals()
    assert f"/time-proposals/{wish.id}" in text_of(jonas, "/answers")
    assert arranged.visit_now().starts_at == arranged.yuki.starts_at


def counter(arranged: Arranged) -> int:
    """Yuki's calendar program asks for another time; which wish that is."""
    arranged.comes(
        replies.outlook(
            arranged.yuki, "TENTATIVE", at=AT, method="COUNTER",
            starts_local="20260318T130000", ends_local="20260318T160000",
        )
    )  # fmt: skip
    (wish,) = arranged.proposals()
    return wish.id


def test_i19_a_program_that_asked_for_another_time_is_told_no(
    arranged: Arranged, jonas: FlaskClient, post: Post
) -> None:
    wish_id = counter(arranged)
    post.send(AT)

    assert press(jonas, f"/time-proposals/{wish_id}", f"/time-proposals/{wish_id}/declining") == 303

    [letter] = post.quiet(AT)
    event = event_in(letter)
    assert method_of(letter) == "DECLINECOUNTER"
    assert str(event["UID"]) == arranged.visit.uid
    assert str(event["ORGANIZER"]) == f"mailto:{letter['Reply-To'].addresses[0].addr_spec}"
    assert not {"DTSTART", "SUMMARY", "ATTENDEE", "STATUS", "SEQUENCE"} & event.keys()


def test_i19_a_program_whose_time_is_taken_gets_a_newer_request(
    arranged: Arranged, jonas: FlaskClient, post: Post
) -> None:
    wish_id = counter(arranged)
    page = f"/time-proposals/{wish_id}"
    data = {"csrf_token": csrf_token(jonas, page)}
    shown = jonas.post(f"{page}/taking", data=data)
    agreed = re.search(r'name="agreed" value="([^"]+)"', shown.get_data(as_text=True))
    if agreed:  # what follows is shown before
        shown = jonas.post(f"{page}/taking", data={**data, "agreed": agreed[1]})
    assert shown.status_code == 303

    letter = to(post.quiet(AT))[YUKI]

    event = event_in(letter)
    assert method_of(letter) == "REQUEST"
    assert event["SEQUENCE"] > arranged.yuki.sequence
    assert event["DTSTART"].dt == datetime(2026, 3, 18, 12, tzinfo=UTC)


def test_i19_a_time_that_is_taken_while_nobody_goes_is_told_as_taken(arranged: Arranged, post: Post) -> None:
    arranged.comes(replies.outlook(arranged.tomas, "DECLINED", at=AT))
    wish_id = counter(arranged)
    post.quiet(AT)
    with time_machine.travel(later(20), tick=False), unit_of_work():
        answering.decide(wish_id, take=True, at=later(20), actor_id=None)

    letter = to(post.quiet(later(20)))[YUKI]

    body = letter.get_body(("plain",))
    assert body
    words = " ".join(body.get_content().split())
    assert method_of(letter) == "CANCEL"
    assert event_in(letter)["DTSTART"].dt == arranged.yuki.starts_at  # what stands in her calendar goes
    assert str(letter["Subject"]).startswith("Die Zeit, um die Sie gebeten haben")
    assert "13:00" in str(letter["Subject"])
    assert "Wir haben die Zeit übernommen, um die Sie gebeten haben" in words
    assert "Nicht mehr sicher" not in str(letter["Subject"]) + words

    with time_machine.travel(later(40), tick=False), unit_of_work():
        visit = for_change(arranged.visit)
        arranging.assign_technicians(
            visit, technician_ids=[arranged.tomas_id], site=visit.site, at=later(40), actor_id=None
        )
        progress.confirm(visit, at=later(40), actor_id=None)

    again = to(post.quiet(later(40)))[YUKI]

    assert method_of(again) == "REQUEST"
    assert event_in(again)["DTSTART"].dt == datetime(2026, 3, 18, 12, tzinfo=UTC)
    assert event_in(again)["SEQUENCE"] > event_in(letter)["SEQUENCE"]


def test_i19_taking_the_move_back_opens_the_wish_again(
    arranged: Arranged, jonas: FlaskClient, post: Post
) -> None:
    wish_id = counter(arranged)
    page = f"/time-proposals/{wish_id}"
    data = {"csrf_token": csrf_token(jonas, page)}
    shown = jonas.post(f"{page}/taking", data=data)
    agreed = re.search(r'name="agreed" value="([^"]+)"', shown.get_data(as_text=True))
    if agreed:
        jonas.post(f"{page}/taking", data={**data, "agreed": agreed[1]})
    undo = re.search(r'action="(/undo/[^"]+)"', text_of(jonas, "/today"))
    assert undo

    assert jonas.post(undo[1], data=data).status_code == 303

    assert arranged.visit_now().starts_at == arranged.yuki.starts_at
    (wish,) = arranged.proposals()
    assert (wish.state, wish.decided_at, wish.decided_by_id) == (ProposalState.OPEN, None, None)
    assert f"/time-proposals/{wish_id}" in text_of(jonas, "/answers")


def test_i15_a_stranger_is_named_and_can_only_be_put_away(arranged: Arranged, jonas: FlaskClient) -> None:
    message = replies.apple(arranged.yuki, "ACCEPTED", at=AT).replace(b"yuki@", b"mallory@")
    answer = arranged.comes(message)
    assert answer is not None
    page = f"/answers/{answer.id}"

    shown = text_of(jonas, page)

    assert "mallory@halden.example is not invited and says: yes" in shown
    assert "Apply it" not in shown
    assert press(jonas, page, f"{page}/application") == 409
    assert press(jonas, page, f"{page}/dismissal") == 303
    assert arranged.is_untouched()


def test_i15_it_is_not_said_that_a_stranger_was_sent_the_secret_address(
    arranged: Arranged, jonas: FlaskClient
) -> None:
    stranger = arranged.comes(replies.apple(arranged.yuki, "ACCEPTED", at=AT).replace(b"yuki@", b"mallory@"))
    assert stranger is not None
    assert stranger.trust is Trust.ADDRESS

    shown = text_of(jonas, f"/answers/{stranger.id}")

    assert "only they were sent" not in shown
    assert "it came to the secret address of somebody else who is invited" in shown


def test_i19_a_wish_between_a_move_and_the_letter_about_it_is_for_a_person(
    arranged: Arranged, jonas: FlaskClient, post: Post
) -> None:
    with unit_of_work():
        visit = for_change(arranged.visit)
        arranging.move_visit(
            visit, starts_local=wall("Thu 2026-03-19 09:00"), ends_local=wall("Thu 2026-03-19 12:00"),
            site=site_of(projects.now(visit.project)), at=AT, actor_id=None,
        )  # fmt: skip
    answer = arranged.comes(
        replies.outlook(
            arranged.yuki, "TENTATIVE", at=AT, method="COUNTER",
            starts_local="20260318T130000", ends_local="20260318T160000",
        )
    )  # fmt: skip

    assert answer is not None
    assert answer.outcome is Outcome.FOR_A_PERSON
    assert arranged.proposals() == []
    assert f"/answers/{answer.id}" in text_of(jonas, "/answers")
    shown = text_of(jonas, f"/answers/{answer.id}")
    assert "13:00" in shown
    assert "before they could know that the visit has changed" in shown


def test_i12_what_came_back_is_listed_with_what_to_do(arranged: Arranged, jonas: FlaskClient) -> None:
    arranged.comes(replies.report(arranged.yuki))

    shown = text_of(jonas, "/answers")

    assert f"The invitation of {arranged.yuki.name} came back" in shown
    assert f"/visits/{arranged.visit.id}#invitations" in shown
    assert "Correct where invitations go" in text_of(jonas, "/today")


@pytest.mark.parametrize(
    "evil",
    [
        "<script>alert(1)</script>",
        '"><img src=x onerror=alert(1)>',
        "{{ 7 * 7 }}{% raw %}",
        "javascript:alert(1) \u202e\u0000 &lt;b&gt;",
    ],
)
def test_i17_words_from_outside_are_only_words(arranged: Arranged, jonas: FlaskClient, evil: str) -> None:
    message = replies.words(arranged.yuki, evil).replace(b"Subject: Re:", f"Subject: {evil}".encode())
    answer = arranged.comes(message)
    assert answer is not None

    for page in ("/answers", f"/answers/{answer.id}", "/today"):
        shown = text_of(jonas, page)
        assert "<script>alert" not in shown
        assert "<img src=x" not in shown
        assert "\x00" not in shown
        assert ">49<" not in shown
    assert "yuki@halden.example" in text_of(jonas, f"/answers/{answer.id}")


def test_a_technician_and_a_stranger_see_none_of_it(
    arranged: Arranged,
    app: Flask,
    client: FlaskClient,
    sign_in: Callable[[User], FlaskClient],
    jonas: FlaskClient,
) -> None:
    answer = suggestion(arranged)
    with unit_of_work():
        selin = people.user(name="Selin Aydin", role=Role.TECHNICIAN)
    technician = sign_in(selin)

    for path in ("/answers", f"/answers/{answer.id}"):
        assert technician.get(path).status_code == 403
        assert client.get(path).status_code == 303
    for act in ("application", "dismissal"):
        token = csrf_token(technician, "/settings/me")
        assert technician.post(f"/answers/{answer.id}/{act}", data={"csrf_token": token}).status_code == 403
        assert jonas.post(f"/answers/{answer.id}/{act}").status_code in {400, 409}
    assert arranged.is_untouched()
    assert arranged.answers()[0].seen_at is None


def test_an_answer_that_is_not_there_is_not_found(jonas: FlaskClient) -> None:
    assert jonas.get("/answers/4711").status_code == 404


def test_the_list_asks_the_database_no_more_for_more_answers(arranged: Arranged, jonas: FlaskClient) -> None:
    def asked() -> int:
        statements: list[str] = []

        def note(connection: object, cursor: object, statement: str, *_: object) -> None:
            statements.append(statement)

        sa.event.listen(db.engine, "before_cursor_execute", note)
        text_of(jonas, "/answers")
        sa.event.remove(db.engine, "before_cursor_execute", note)
        return len(statements)

    arranged.comes(replies.words(arranged.yuki, "First"))
    text_of(jonas, "/answers")  # the connection reads from now on, which is said once
    few = asked()
    for number in range(3):
        message = replies.words(arranged.yuki, "More").replace(b"<words@", f"<words{number}@".encode())
        arranged.comes(message)

    assert len([one for one in arranged.answers() if one.outcome is Outcome.FOR_A_PERSON]) == 4
    text_of(jonas, "/answers")
    assert asked() == few
