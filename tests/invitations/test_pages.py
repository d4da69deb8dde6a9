"""The answer page that letters lead to, and what staff see on the visit."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage

import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from concierge.feeds.sentences import SENTENCES
from concierge.identity.models import User
from concierge.identity.permissions import Role
from concierge.invitations import mails
from concierge.invitations.models import Answer, Invitation, TimeProposal
from concierge.invitations.states import Outcome, ProposalState, Reply, Way
from concierge.platform.database import db, unit_of_work
from concierge.projects.models import Project
from concierge.visits.actions import arranging, progress
from concierge.visits.models import Visit
from concierge.visits.states import VisitState
from tests.conftest import csrf_token
from tests.invitations.conftest import Post, calendar_part, data_of, method_of, to
from tests.makers import invitations as make
from tests.makers import people, projects, visits, workforce
from tests.makers.invitations import for_change, later
from tests.makers.visits import wall

YUKI = "yuki@halden.example"
TOMAS = "tomas@concierge.example"


@pytest.fixture
def visit(app: Flask, post: Post) -> Visit:
    """A visit to which Tomas and Yuki are invited; the letters have left."""
    with unit_of_work():
        planned = make.confirmed(projects.live(), workforce.technician())
    post.quiet(make.NOW)
    return planned


def tomas_of(visit: Visit) -> int:
    return db.session.scalars(sa.select(User.id).where(User.role == Role.TECHNICIAN)).one()


def page_of(invitation: Invitation) -> str:
    """The path of an invitation's answer page."""
    return f"/answer/{mails.page_token(invitation)}"


def itip_of(letter: EmailMessage) -> str:
    """The calendar object of a letter, its lines unfolded."""
    return data_of(calendar_part(letter)).replace(b"\r\n ", b"").decode()


def press(browser: FlaskClient, page: str, reply: str, **more: str) -> str:
    """Press one of the buttons as the page has them, and read what comes."""
    sequence = re.search(r'name="sequence"[^>]*value="([0-9]+)"', browser.get(page).get_data(as_text=True))
    assert sequence, "the page has no form"
    data = {"answer": reply, "sequence": sequence[1], **more}
    answer = post_form(browser, page, data, follow_redirects=True)
    assert answer.status_code == 200
    return answer.get_data(as_text=True)


def post_form(browser: FlaskClient, page: str, data: dict[str, str], **more: bool) -> TestResponse:
    """Send a form as the browser that was shown it."""
    return browser.post(page, data={"csrf_token": csrf_token(browser, "/sign-in"), **data}, **more)


def rows() -> list[tuple[Reply, Outcome]]:
    db.session.rollback()
    return [(one.reply, one.outcome) for one in db.session.scalars(sa.select(Answer).order_by(Answer.id))]


@pytest.mark.parametrize(
    ("language", "direction", "button", "news", "day"),
    [("ar", "rtl", "قبول", "دعوة", "الثلاثاء، 17 مارس"), ("ja", "ltr", "承諾する", "ご案内", "3月17日(火)")],
)
def test_i10_i21_a_customer_is_written_to_and_answers_in_their_own_language(
    client: FlaskClient,
    app: Flask,
    post: Post,
    language: str,
    direction: str,
    button: str,
    news: str,
    day: str,
) -> None:
    with unit_of_work():
        project = projects.live()
        assert project.contact is not None
        project.contact.language = language
        planned = make.confirmed(project, workforce.technician())
    letter = to(post.quiet(make.NOW))[YUKI]
    with time_machine.travel(later(60), tick=False):
        invitation = make.of_contact(planned)
        page = client.get(page_of(invitation)).get_data(as_text=True)
        said = press(client, page_of(invitation), "accepted")

    assert str(letter["Subject"]).startswith(news)
    assert day in str(letter["Subject"])
    html = letter.get_body(("html",))
    assert html is not None
    assert f'<html lang="{language}" dir="{direction}">' in html.get_content()
    assert f'lang="{language}"' in page
    assert ('dir="rtl"' in page) is (direction == "rtl")
    assert button in page
    assert day in page
    assert "Accept" not in page
    assert SENTENCES[language]["where"].split("{")[0] in itip_of(letter)
    assert "Thank you" not in said
    assert rows() == [(Reply.ACCEPTED, Outcome.APPLIED)]


def test_i21_the_letter_leads_to_a_page_that_says_the_same(
    client: FlaskClient, post: Post, visit: Visit
) -> None:
    for letter in post.got:
        link = re.search(r"http://\S+(/answer/\S+)", letter.get_body(("plain",)).get_content())  # type: ignore[union-attr]
        assert link
        page = client.get(link[1])
        assert page.status_code == 200
        text = page.get_data(as_text=True)
        assert "09:00–12:00" in text
        assert "Europe/Zurich" in text
        assert letter["To"].addresses[0].addr_spec in text
        assert text.count("<script") == 1, "the one of every page"
        assert page.headers["Referrer-Policy"] == "no-referrer"
        assert "noindex" in page.headers["X-Robots-Tag"]
        assert "no-store" in page.headers["Cache-Control"]


def test_i21_a_customer_reads_their_language_and_nothing_of_ours(client: FlaskClient, visit: Visit) -> None:
    with unit_of_work():
        found = for_change(visit)
        found.title, found.note = "Difficult customer, bring the boss", "They owe us money"

    text = client.get(page_of(make.of_contact(visit))).get_data(as_text=True)

    assert '<html lang="de"' in text
    assert "Ablehnen" in text
    assert "Difficult" not in text
    assert "owe us" not in text
    assert "Tomas" not in text


def test_i21_looking_changes_nothing(client: FlaskClient, visit: Visit) -> None:
    page = page_of(make.of_user(visit, tomas_of(visit)))

    for address in (page, f"{page}?answer=declined", f"{page}?said=noted"):
        assert client.get(address).status_code == 200
        assert client.head(address).status_code == 200

    assert rows() == []
    assert make.of_user(visit, tomas_of(visit)).reply is Reply.NONE
    assert client.get(f"{page}/time").status_code == 405


def test_i21_accepting_accepts_the_visit(client: FlaskClient, visit: Visit) -> None:
    invitation = make.of_user(visit, tomas_of(visit))

    text = press(client, page_of(invitation), "accepted", comment="Bringing the torque key")

    assert "Thank you. Your answer is noted." in text
    assert "You accepted" in text
    invitation = make.of_user(visit, tomas_of(visit))
    assert (invitation.reply, invitation.replied_way) == (Reply.ACCEPTED, Way.PAGE)
    assert invitation.comment == "Bringing the torque key"
    assert visits.again(visit).state is VisitState.ACCEPTED
    assert rows() == [(Reply.ACCEPTED, Outcome.APPLIED)]


def test_i21_another_site_cannot_answer_for_anybody(client: FlaskClient, visit: Visit) -> None:
    invitation = make.of_contact(visit)
    data = {"answer": "tentative", "sequence": str(invitation.sent_sequence)}

    assert client.post(page_of(invitation), data=data).status_code == 400
    assert post_form(client, page_of(invitation), data).status_code == 303
    assert make.of_contact(visit).reply is Reply.TENTATIVE


def proof_on(page: str, browser: FlaskClient) -> str:
    found = re.search(r'name="proof" value="([^"]+)"', browser.get(page).get_data(as_text=True))
    assert found, "the page has no form"
    return found[1]


def test_i21_a_browser_without_cookies_answers_too(app: Flask, visit: Visit) -> None:
    browser = app.test_client(use_cookies=False)
    invitation, other = make.of_contact(visit), make.of_user(visit, tomas_of(visit))
    page, elsewhere = page_of(invitation), page_of(other)
    data = {"answer": "tentative", "sequence": str(invitation.sent_sequence)}
    proof = proof_on(page, browser)
    spoiled = [proof_on(elsewhere, browser), proof.replace("-", "0-", 1), "", "0-" + "a" * 32]

    refused = [browser.post(page, data={**data, "proof": one}).status_code for one in spoiled]
    with time_machine.travel(later(0) + timedelta(days=8), tick=False):
        refused.append(browser.post(page, data={**data, "proof": proof}).status_code)

    assert refused == [400] * 5
    assert make.of_contact(visit).reply is Reply.NONE
    assert browser.post(page, data={**data, "proof": proof}).status_code == 303
    assert make.of_contact(visit).reply is Reply.TENTATIVE
    wish = {"start_on": "2026-03-19", "start_time": "09:00", "sequence": data["sequence"], "proof": proof}
    assert browser.post(f"{page}/time", data=wish).status_code == 303
    db.session.rollback()
    assert len(db.session.scalars(sa.select(TimeProposal)).all()) == 1


def test_i21_unknown_forged_and_ended_look_the_same(client: FlaskClient, visit: Visit) -> None:
    invitation = make.of_contact(visit)
    other = make.of_user(visit, tomas_of(visit))
    token = mails.page_token(invitation)
    forged = token.replace(f"{invitation.id}-", f"{other.id}-")
    spoiled = token[:-1] + ("a" if token[-1] != "a" else "b")
    address = mails.reply_address(invitation).partition("+")[2].partition("@")[0].replace(".", "-")

    answers = [client.get(f"/answer/{one}") for one in (forged, spoiled, "x" * 40, "0", "9" * 400, address)]
    with time_machine.travel(datetime(2026, 4, 30, tzinfo=UTC), tick=False):
        answers.append(client.get(f"/answer/{token}"))
        answers.append(post_form(client, f"/answer/{token}", {"answer": "declined"}))

    assert {one.status_code for one in answers} == {404}
    bodies = {re.sub(r"<time.*?</time>", "", one.get_data(as_text=True)) for one in answers}
    assert len(bodies) == 1
    assert rows() == []


def test_i21_trying_tokens_is_stopped_and_knowing_one_is_not(client: FlaskClient, visit: Visit) -> None:
    page = page_of(make.of_contact(visit))

    statuses = [client.get(f"/answer/{number}-{'a' * 32}").status_code for number in range(25)]

    assert set(statuses[:20]) == {404}
    assert statuses[-1] == 429
    other = {"REMOTE_ADDR": "192.0.2.7"}
    assert {client.get(page, environ_base=other).status_code for _ in range(40)} == {200}


def test_i21_a_spoiled_answer_changes_nothing(client: FlaskClient, visit: Visit) -> None:
    page = page_of(make.of_contact(visit))

    for data in ({}, {"answer": "yes"}, {"answer": "accepted", "comment": "x" * 2001}):
        assert post_form(client, page, {"sequence": "1", **data}).status_code == 422

    text = post_form(client, page, {"answer": "", "comment": "Wir <b>kommen</b>"}).get_data(as_text=True)
    assert "Wir &lt;b&gt;kommen&lt;/b&gt;" in text, "what was typed stays"
    assert rows() == []


def test_i16_an_answer_to_what_was_says_so(client: FlaskClient, post: Post, visit: Visit) -> None:
    invitation = make.of_contact(visit)
    page, old = page_of(invitation), str(invitation.sent_sequence)
    with unit_of_work():
        found = for_change(visit)
        arranging.move_visit(
            found, starts_local=wall("Wed 2026-03-18 09:00"), ends_local=wall("Wed 2026-03-18 12:00"),
            site=found.site, at=later(30), actor_id=None,
        )  # fmt: skip

    between = client.get(page).get_data(as_text=True)
    assert "hat sich gerade geändert" in between
    assert 'name="answer"' not in between
    post_form(client, page, {"answer": "accepted", "sequence": old})
    post.quiet(later(30))
    post_form(client, page, {"answer": "accepted", "sequence": old})

    assert [outcome for _reply, outcome in rows()] == [Outcome.OUTDATED, Outcome.OUTDATED]
    assert make.of_contact(visit).reply is Reply.NONE
    press(client, page, "accepted")
    assert make.of_contact(visit).reply is Reply.ACCEPTED


def test_i16_of_two_answers_the_later_stands_and_the_same_is_one(client: FlaskClient, visit: Visit) -> None:
    page = page_of(make.of_contact(visit))

    for minute, reply in enumerate(("accepted", "accepted", "tentative")):
        with time_machine.travel(later(10 + minute), tick=False):
            press(client, page, reply)

    assert [outcome for _reply, outcome in rows()] == [Outcome.APPLIED, Outcome.REPEATED, Outcome.APPLIED]
    assert make.of_contact(visit).reply is Reply.TENTATIVE


def test_i21_a_cancelled_visit_says_so(client: FlaskClient, post: Post, visit: Visit) -> None:
    page = page_of(make.of_contact(visit))
    with unit_of_work():
        progress.cancel(for_change(visit), reason="Secret reason", at=later(30), actor_id=None)

    text = client.get(page).get_data(as_text=True)

    assert "abgesagt" in text
    assert "Secret reason" not in text
    assert 'name="answer"' not in text


def test_i18_a_technician_who_declines_is_taken_off_and_the_dispatcher_told(
    client: FlaskClient, post: Post, visit: Visit
) -> None:
    with unit_of_work():
        people.user(name="Jonas Dispatch", role=Role.DISPATCHER)
        people.user(name="Gone Dispatch", email="gone@concierge.example", role=Role.DISPATCHER)
        db.session.scalars(sa.select(User).where(User.name.like("Gone%"))).one().name = "Other Dispatch"
    text = press(client, page_of(make.of_user(visit, tomas_of(visit))), "declined", comment="On leave")

    assert "You have declined" in text
    found = visits.again(visit)
    assert found.state is VisitState.TENTATIVE
    assert found.technician_ids == ()
    letters = to(post.quiet(later(5)))
    assert set(letters) == {"jonas@concierge.example", "gone@concierge.example"}, "nobody else is told yet"
    told = letters["jonas@concierge.example"]
    assert "needs a technician" in str(told["Subject"])
    assert "On leave" in told.get_body(("plain",)).get_content()  # type: ignore[union-attr]


def test_i18_the_customer_hears_of_a_decline_only_if_it_changes_something(
    client: FlaskClient, post: Post, visit: Visit
) -> None:
    press(client, page_of(make.of_user(visit, tomas_of(visit))), "declined")
    post.quiet(later(5))
    with unit_of_work():
        selin = workforce.technician(name="Selin Aydin")
        found = for_change(visit)
        arranging.assign_technicians(
            found, technician_ids=[selin.user_id], site=found.site, at=later(60), actor_id=None
        )
        progress.confirm(for_change(visit), at=later(60), actor_id=None)

    letters = to(post.quiet(later(60)))

    assert {address: method_of(letter) for address, letter in letters.items()} == {
        "selin@concierge.example": "REQUEST"
    }
    assert make.of_user(visit, tomas_of_name("Tomas")).withdrawn_at is not None


def test_i18_who_declined_and_is_sent_all_the_same_is_asked_again(
    client: FlaskClient, post: Post, visit: Visit
) -> None:
    tomas = tomas_of(visit)
    press(client, page_of(make.of_user(visit, tomas)), "declined")
    post.quiet(later(5))
    with unit_of_work():
        found = for_change(visit)
        arranging.assign_technicians(
            found, technician_ids=[tomas], site=found.site, at=later(60), actor_id=None
        )
        progress.confirm(for_change(visit), at=later(60), actor_id=None)

    assert {address: method_of(one) for address, one in to(post.quiet(later(60))).items()} == {
        TOMAS: "REQUEST"
    }
    assert make.of_user(visit, tomas).reply is Reply.NONE


def test_i21_all_who_go_have_to_accept(client: FlaskClient, post: Post, app: Flask) -> None:
    with unit_of_work():
        tomas, selin = workforce.technician(), workforce.technician(name="Selin Aydin")
        visit = make.confirmed(projects.live(), tomas, selin)
    post.quiet(make.NOW)

    press(client, page_of(make.of_user(visit, tomas.user_id)), "accepted")
    assert visits.again(visit).state is VisitState.CONFIRMED
    press(client, page_of(make.of_user(visit, selin.user_id)), "accepted")
    assert visits.again(visit).state is VisitState.ACCEPTED
    assert post.quiet(later(30)) == [], "that they accepted is no news to anybody"


def test_a_customer_who_declines_is_a_line_for_the_concierge(
    client: FlaskClient, ada: FlaskClient, post: Post, visit: Visit
) -> None:
    press(client, page_of(make.of_contact(visit)), "declined", comment="Audit week")

    assert visits.again(visit).state is VisitState.CONFIRMED
    today = ada.get("/today").get_data(as_text=True)
    assert "Find another time for Install the spectrometer" in today
    assert "Audit week" in today


def test_i19_another_time_is_a_wish_and_never_a_change(
    client: FlaskClient, ada: FlaskClient, post: Post, visit: Visit
) -> None:
    invitation = make.of_contact(visit)
    wish = {"start_on": "2026-03-19", "start_time": "13:30", "sequence": str(invitation.sent_sequence)}
    page = page_of(invitation)
    answer = post_form(client, f"{page}/time", {**wish, "wish": "Audit week"}, follow_redirects=True)

    assert "Danke. Wir prüfen" in answer.get_data(as_text=True)
    db.session.rollback()
    [proposal] = db.session.scalars(sa.select(TimeProposal))
    assert proposal.starts_at == datetime(2026, 3, 19, 12, 30, tzinfo=UTC), "wall time at the site"
    assert proposal.ends_at - proposal.starts_at == timedelta(hours=3)
    assert visits.again(visit).starts_at == datetime(2026, 3, 17, 8, tzinfo=UTC)
    assert post.quiet(later(30)) == []
    post_form(client, f"{page}/time", wish)
    assert rows()[-1][1] is Outcome.REPEATED
    today = ada.get("/today").get_data(as_text=True)
    assert "Decide on another time for Install the spectrometer" in today
    on_visit = ada.get(f"/visits/{visit.id}/invitations").get_data(as_text=True)
    assert "Yuki Tanaka asks for Thu 19 Mar, 13:30–16:30 instead." in on_visit


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("start_on", "start_time", "sentence"),
    [
        ("2026-03-01", "09:00", "Diese Zeit ist vorbei"),
        ("2026-03-29", "02:30", "gibt es"),
        ("2026-03-17", "09:00", "die schon gilt"),
        ("", "09:00", "Wählen Sie einen Tag"),
        ("9999-12-31", "23:00", "2100"),
    ],
)
def test_i19_a_time_that_cannot_be_is_asked_for_again(
    client: FlaskClient, visit: Visit, start_on: str, start_time: str, sentence: str
) -> None:
    invitation = make.of_contact(visit)
    data = {
        "start_on": start_on,
        "start_time": start_time,
        "wish": "Bitte",
        "sequence": str(invitation.sent_sequence),
    }

    answer = post_form(client, f"{page_of(invitation)}/time", data)

    assert answer.status_code == 422
    text = answer.get_data(as_text=True)
    assert sentence in text
    assert "Bitte</textarea>" in text
    assert db.session.scalars(sa.select(TimeProposal)).all() == []


def wished(client: FlaskClient, visit: Visit) -> TimeProposal:
    """Yuki asks for two days later."""
    invitation = make.of_contact(visit)
    post_form(
        client,
        f"{page_of(invitation)}/time",
        {"start_on": "2026-03-19", "start_time": "09:00", "sequence": str(invitation.sent_sequence)},
    )
    db.session.rollback()
    return db.session.scalars(sa.select(TimeProposal)).one()


def test_i19_taking_a_wish_moves_the_visit_and_writes_to_all(
    client: FlaskClient, sign_in: Callable[[User], FlaskClient], post: Post, visit: Visit
) -> None:
    proposal = wished(client, visit)
    with unit_of_work():
        jonas = people.user(name="Jonas Dispatch", role=Role.DISPATCHER)
    browser = sign_in(jonas)
    page = f"/time-proposals/{proposal.id}"
    assert "Thu 19 Mar, 09:00–12:00" in browser.get(page).get_data(as_text=True)
    data = {"csrf_token": csrf_token(browser, page)}

    seen = browser.post(f"{page}/taking", data=data)
    if seen.status_code == 200:  # what follows is shown before
        agreed = re.search(r'name="agreed" value="([^"]+)"', seen.get_data(as_text=True))
        assert agreed
        seen = browser.post(f"{page}/taking", data={**data, "agreed": agreed[1]})

    assert seen.status_code == 303
    assert visits.again(visit).starts_at == datetime(2026, 3, 19, 8, tzinfo=UTC)
    assert db.session.get_one(TimeProposal, proposal.id, populate_existing=True).state is ProposalState.TAKEN
    assert set(to(post.quiet(later(30)))) == {YUKI, TOMAS}
    assert browser.post(f"{page}/taking", data=data).status_code == 409


def test_i19_declining_a_wish_tells_who_asked(
    client: FlaskClient, ada: FlaskClient, post: Post, visit: Visit
) -> None:
    proposal = wished(client, visit)
    token = csrf_token(ada, f"/time-proposals/{proposal.id}")

    assert ada.post(f"/time-proposals/{proposal.id}/declining", data={"csrf_token": token}).status_code == 303

    assert visits.again(visit).starts_at == datetime(2026, 3, 17, 8, tzinfo=UTC)
    [letter] = post.quiet(later(30))
    assert letter["To"].addresses[0].addr_spec == YUKI
    assert "Dann können wir nicht kommen" in letter.get_body(("plain",)).get_content()  # type: ignore[union-attr]


def test_i22_the_answer_stands_on_the_visit(client: FlaskClient, ada: FlaskClient, visit: Visit) -> None:
    press(client, page_of(make.of_contact(visit)), "tentative", comment="Wahrscheinlich")
    whole = ada.get(f"/visits/{visit.id}").get_data(as_text=True)
    part = ada.get(f"/visits/{visit.id}/invitations", headers={"HX-Request": "true"}).get_data(as_text=True)

    assert f'hx-get="/visits/{visit.id}/invitations"' in whole
    assert "<html" not in part
    for said in ("Yuki Tanaka", "Maybe", "“Wahrscheinlich”", "Tomas Keller", "No answer yet", "Send again"):
        assert said in part
    history = ada.get(f"/projects/{visit_project(visit).key}/history").get_data(as_text=True)
    assert "noted that Yuki Tanaka may come: Wahrscheinlich" in history


def test_staff_send_an_invitation_again(ada: FlaskClient, post: Post, visit: Visit) -> None:
    invitation = make.of_contact(visit)
    token = csrf_token(ada, f"/visits/{visit.id}/invitations")

    assert ada.post(f"/invitations/{invitation.id}/sending", data={"csrf_token": token}).status_code == 303

    assert set(to(post.send(later(5)))) == {YUKI}


def test_accepting_in_concierge_answers_the_invitation(
    sign_in: Callable[[User], FlaskClient], visit: Visit
) -> None:
    tomas = db.session.get_one(User, tomas_of(visit))
    browser = sign_in(tomas)
    page = f"/visits/{visit.id}"
    token = csrf_token(browser, page)

    browser.post(
        f"{page}/acceptance", data={"csrf_token": token, "version": str(visits.again(visit).version)}
    )

    assert make.of_user(visit, tomas.id).reply is Reply.ACCEPTED


def test_technicians_choose_whether_visits_come_by_mail(
    sign_in: Callable[[User], FlaskClient], ada: FlaskClient, visit: Visit
) -> None:
    tomas = db.session.get_one(User, tomas_of(visit))
    browser = sign_in(tomas)
    page = browser.get("/settings/me").get_data(as_text=True)
    assert "Send me each visit by mail" in page
    assert "Send me each visit by mail" not in ada.get("/settings/me").get_data(as_text=True)
    version = re.search(r'name="version" value="([0-9]+)"', page)
    assert version
    filled = {"name": tomas.name, "zone": tomas.zone, "language": "en", "phone": "", "version": version[1]}

    answer = browser.post("/settings/me", data={"csrf_token": csrf_token(browser, "/settings/me"), **filled})

    assert answer.status_code == 303
    db.session.rollback()
    assert db.session.get_one(User, tomas.id, populate_existing=True).invited_by_mail is False


def visit_project(visit: Visit) -> Project:
    return db.session.get_one(Project, visit.project_id)


def tomas_of_name(name: str) -> int:
    return db.session.scalars(sa.select(User.id).where(User.name.like(f"{name}%"))).one()


def test_i19_a_wish_of_several_days_takes_as_many_working_days(
    client: FlaskClient, app: Flask, post: Post
) -> None:
    with unit_of_work():
        tomas = workforce.technician()
        visit = visits.visit(
            projects.live(), tomas, starts="Mon 2026-03-16 08:30", ends="Wed 2026-03-18 16:30",
            state=VisitState.CONFIRMED, at=make.NOW,
        )  # fmt: skip
    post.quiet(make.NOW)
    invitation = make.of_contact(visit)

    post_form(
        client,
        f"{page_of(invitation)}/time",
        {"start_on": "2026-03-19", "start_time": "10:00", "sequence": str(invitation.sent_sequence)},
    )

    db.session.rollback()
    [proposal] = db.session.scalars(sa.select(TimeProposal))
    assert proposal.starts_at == datetime(2026, 3, 19, 9, tzinfo=UTC)
    assert proposal.ends_at == datetime(2026, 3, 23, 15, 30, tzinfo=UTC), "Thursday, Friday, Monday"
