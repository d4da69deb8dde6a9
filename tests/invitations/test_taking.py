"""Answers that come by mail: whose they are, how far they are believed, what becomes of them (rules I12–I20, I22)."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask
from flask_babel import force_locale

from concierge.invitations.actions import taking
from concierge.invitations.models import Answer, Invitation, TimeProposal
from concierge.invitations.reading import Reading
from concierge.invitations.states import Outcome, ProposalState, Reply, Trust
from concierge.invitations.words import words_of
from concierge.platform import incoming, mailbox, vouching, worker
from concierge.platform.database import db, unit_of_work
from concierge.platform.incoming import IncomingMail
from concierge.platform.settings import current
from concierge.visits.actions import arranging, progress
from concierge.visits.models import Visit
from concierge.visits.states import VisitState
from tests.invitations import replies
from tests.invitations.conftest import Post, event_in, method_of, to
from tests.invitations.replies import Asked, asked, with_head
from tests.makers import invitations as make
from tests.makers import projects, visits, workforce
from tests.makers.invitations import for_change, later
from tests.makers.visits import site_of, wall

YUKI = "yuki@halden.example"
TOMAS = "tomas@concierge.example"
STRANGER = "mallory@evil.example"
AT = later(30)


class Arranged:
    """A visit that Tomas and Yuki are invited to, and a mailbox that their answers come to."""

    def __init__(self, app: Flask, post: Post, folder: Path) -> None:
        self.app, self.post, self.folder = app, post, folder
        with unit_of_work():
            technician = workforce.technician()
            self.visit = make.confirmed(projects.live(), technician)
            self.tomas_id = technician.user_id
        self.letters = to(post.quiet(make.NOW))
        self.tomas, self.yuki = asked(self.letters[TOMAS]), asked(self.letters[YUKI])
        self._number = 0

    def comes(self, message: bytes, *, at: datetime = AT) -> Answer | None:
        """A message comes into the mailbox, which is read; the row of its answer."""
        self._number += 1
        (self.folder / "new").mkdir(parents=True, exist_ok=True)
        (self.folder / "new" / f"{self._number:04}").write_bytes(message)
        with time_machine.travel(at, tick=False), self.app.app_context():
            mailbox.read_now()
        self.post.note(at)
        return self.answers()[-1] if self.answers() else None

    def answers(self) -> list[Answer]:
        """All answers there are."""
        db.session.rollback()
        return list(db.session.scalars(sa.select(Answer).order_by(Answer.id)))

    def of_tomas(self) -> Invitation:
        """His invitation as it is now."""
        return make.of_user(self.visit, self.tomas_id)

    def of_yuki(self) -> Invitation:
        """Hers."""
        return make.of_contact(self.visit)

    def visit_now(self) -> Visit:
        """The visit as it is now."""
        return visits.again(self.visit)

    def proposals(self) -> list[TimeProposal]:
        """Other times that were asked for."""
        db.session.rollback()
        return list(db.session.scalars(sa.select(TimeProposal)))

    def is_untouched(self) -> bool:
        """Whether neither the visit nor any answer has changed."""
        visit = self.visit_now()
        return (
            self.of_tomas().reply is Reply.NONE
            and self.of_yuki().reply is Reply.NONE
            and (visit.state, visit.starts_at, visit.technician_ids)
            == (VisitState.CONFIRMED, self.tomas.starts_at, (self.tomas_id,))
            and self.proposals() == []
            and db.session.scalar(sa.select(sa.func.count(Invitation.id))) == 2
        )


@pytest.fixture
def arranged(app: Flask, post: Post, tmp_path: Path) -> Iterator[Arranged]:
    folder = tmp_path / "mailbox"
    app.extensions["concierge.mailbox"] = folder
    yield Arranged(app, post, folder)
    mailbox.register(app, current())


@pytest.fixture
def our_server(app: Flask) -> Iterator[None]:
    """Our mail server checks signatures and says so under its name."""
    before = app.extensions["concierge.settings"]
    app.extensions["concierge.settings"] = replace(before, authserv="mx.concierge.example")
    yield
    app.extensions["concierge.settings"] = before


def signed(domain: str, *, by: str = "mx.concierge.example") -> str:
    return f"Authentication-Results: {by}; spf=fail smtp.mailfrom=x.example; dkim=pass header.d={domain} header.s=s1"


def without_secret(message: bytes, who: Asked) -> bytes:
    """The same answer to an address that proves nothing."""
    return message.replace(who.organizer.encode(), b"schedule@localhost.localdomain")


Program = Callable[..., bytes]
PROGRAMS: dict[str, Program] = {
    "Outlook": replies.outlook,
    "Outlook.com": lambda *args, **kwargs: replies.outlook(*args, **kwargs, organizer=False),
    "Google": replies.google,
    "Apple": replies.apple,
    "Thunderbird": replies.thunderbird,
}


# ---------------------------------------------------------------- real programs


@pytest.mark.parametrize("program", PROGRAMS)
def test_i14_i17_every_program_is_understood(arranged: Arranged, program: str) -> None:
    for number, partstat in enumerate(("ACCEPTED", "TENTATIVE", "DECLINED")):
        at = AT + timedelta(minutes=number)

        answer = arranged.comes(PROGRAMS[program](arranged.yuki, partstat, at=at, comment="See you"), at=at)

        assert answer is not None
        assert (answer.outcome, answer.trust) == (Outcome.APPLIED, Trust.ADDRESS)
        assert arranged.of_yuki().reply.name == partstat
        assert arranged.of_yuki().replied_at == at
        assert arranged.of_yuki().comment == "See you"
    assert arranged.of_tomas().reply is Reply.NONE


def test_i17_i18_a_technician_accepts_for_the_visit(arranged: Arranged) -> None:
    arranged.comes(replies.outlook(arranged.tomas, "ACCEPTED", at=AT))

    assert arranged.visit_now().state is VisitState.ACCEPTED


def test_i18_a_decline_puts_the_visit_back_to_needs_a_technician(arranged: Arranged) -> None:
    arranged.comes(replies.google(arranged.tomas, "DECLINED", at=AT, comment="Ill"))

    visit = arranged.visit_now()
    assert (visit.state, visit.technician_ids, visit.crew) == (VisitState.TENTATIVE, (), 1)
    assert arranged.of_tomas().comment == "Ill"


def test_i14_an_answer_without_organizer_counts(arranged: Arranged) -> None:
    message = replies.outlook(arranged.yuki, "ACCEPTED", at=AT, organizer=False)

    answer = arranged.comes(message)

    assert answer is not None
    assert answer.outcome is Outcome.APPLIED


def test_i19_a_counter_from_outlook_is_a_wish_and_moves_nothing(arranged: Arranged) -> None:
    answer = arranged.comes(
        replies.outlook(
            arranged.yuki, "TENTATIVE", at=AT, method="COUNTER", comment="Later, please",
            starts_local="20260318T130000", ends_local="20260318T160000",
        )
    )  # fmt: skip

    (wish,) = arranged.proposals()
    assert answer is not None
    assert (answer.outcome, wish.state, wish.answer_id) == (Outcome.PROPOSED, ProposalState.OPEN, answer.id)
    assert wish.starts_at == datetime(2026, 3, 18, 12, tzinfo=UTC)
    assert wish.ends_at == datetime(2026, 3, 18, 15, tzinfo=UTC)
    assert wish.comment == "Later, please"
    assert arranged.visit_now().starts_at == arranged.yuki.starts_at
    assert arranged.visit_now().sequence == arranged.yuki.sequence


def test_i19_a_counter_in_summer_knows_the_summer_time_of_outlooks_zone(arranged: Arranged) -> None:
    arranged.comes(
        replies.outlook(
            arranged.yuki, "TENTATIVE", at=AT, method="COUNTER",
            starts_local="20260701T090000", ends_local="20260701T120000",
        )
    )  # fmt: skip

    (wish,) = arranged.proposals()
    assert wish.starts_at == datetime(2026, 7, 1, 7, tzinfo=UTC)


def test_i19_a_counter_that_names_no_place_for_its_time_is_for_a_person(arranged: Arranged) -> None:
    message = replies.thunderbird(
        arranged.yuki, "TENTATIVE", at=AT, method="COUNTER", starts_at=AT, ends_at=AT
    )
    day = message.replace(f"DTSTART:{replies.utc(AT)}".encode(), b"DTSTART;VALUE=DATE:20260318")
    outer = (
        day[: day.index(b"--Boundary_(ID_A1B2)\r\nContent-type: application/ics")]
        + b"--Boundary_(ID_A1B2)--\r\n"
    )

    answer = arranged.comes(outer)

    assert answer is not None
    assert answer.outcome is Outcome.FOR_A_PERSON
    assert arranged.is_untouched()


def test_i17_a_delegation_is_for_a_person_and_invites_nobody(arranged: Arranged) -> None:
    message = replies.thunderbird(arranged.yuki, "DELEGATED", at=AT, delegate="ken@halden.example")

    answer = arranged.comes(message)

    assert answer is not None
    assert (answer.outcome, answer.reply) == (Outcome.FOR_A_PERSON, Reply.DELEGATED)
    assert "ken@halden.example" in answer.comment
    assert db.session.scalar(sa.select(sa.func.count(Invitation.id))) == 2


def test_i14_a_room_that_names_nobody_counts_only_when_signed(arranged: Arranged, our_server: None) -> None:
    message = replies.room(arranged.yuki, "Accepted", at=AT)

    unsigned = arranged.comes(message)
    assert unsigned is not None
    assert (unsigned.outcome, unsigned.trust) == (Outcome.SUGGESTED, Trust.NONE)
    assert arranged.of_yuki().reply is Reply.NONE

    answer = arranged.comes(with_head(message, signed("halden.example")))
    assert answer is not None
    assert (answer.outcome, answer.attendee) == (Outcome.APPLIED, YUKI)
    assert arranged.of_yuki().reply is Reply.ACCEPTED


def test_i14_a_room_of_somebody_else_counts_for_nobody(arranged: Arranged, our_server: None) -> None:
    message = replies.room(arranged.yuki, "Accepted", at=AT, sender="room@evil.example")

    answer = arranged.comes(with_head(message, signed("evil.example")))

    assert answer is not None
    assert answer.outcome is Outcome.SUGGESTED
    assert arranged.of_yuki().reply is Reply.NONE


# ---------------------------------------------------------------- I12: what is an answer


def test_i12_a_calendar_in_any_of_its_two_kinds_of_part_is_found(arranged: Arranged) -> None:
    message = replies.apple(arranged.yuki, "ACCEPTED", at=AT).replace(b"text/calendar;", b"application/ics;")

    answer = arranged.comes(message)

    assert answer is not None
    assert answer.outcome is Outcome.APPLIED


def test_i12_tnef_is_no_calendar(arranged: Arranged) -> None:
    message = replies.apple(arranged.yuki, "ACCEPTED", at=AT).replace(
        b"text/calendar;", b"application/ms-tnef;"
    )

    answer = arranged.comes(message)

    assert answer is not None
    assert (answer.outcome, answer.reply) == (Outcome.FOR_A_PERSON, Reply.NONE)
    assert arranged.is_untouched()


def test_i12_a_calendar_that_is_too_large_is_not_read(arranged: Arranged) -> None:
    message = replies.apple(arranged.yuki, "ACCEPTED", at=AT)
    large = message.replace(
        b"X-APPLE-NEEDS-REPLY", b"X-LONG:" + b"x\r\n " * 70_000 + b"\r\nX-APPLE-NEEDS-REPLY"
    )

    answer = arranged.comes(large)

    assert answer is not None
    assert (answer.outcome, answer.why) == (Outcome.FOR_A_PERSON, "Its calendar is larger than 256 KB.")
    assert arranged.is_untouched()


def test_i12_two_calendars_in_one_part_are_none(arranged: Arranged) -> None:
    message = replies.apple(arranged.yuki, "ACCEPTED", at=AT)
    start, end = message.index(b"BEGIN:VCALENDAR"), message.index(b"END:VCALENDAR") + 13
    twice = message[:end] + b"\r\n" + message[start:end] + message[end:]

    answer = arranged.comes(twice)

    assert answer is not None
    assert answer.outcome is Outcome.FOR_A_PERSON
    assert arranged.is_untouched()


def test_i12_parts_that_say_different_things_are_none(arranged: Arranged) -> None:
    message = replies.google(arranged.yuki, "ACCEPTED", at=AT).replace(
        b"PARTSTAT=ACCEPTED", b"PARTSTAT=DECLINED"
    )

    answer = arranged.comes(message)

    assert answer is not None
    assert (answer.outcome, answer.why) == (Outcome.FOR_A_PERSON, "Its calendars say different things.")
    assert arranged.is_untouched()


def test_i12_a_machine_that_answers_without_a_calendar_is_passed_over(arranged: Arranged) -> None:
    answer = arranged.comes(replies.away(arranged.yuki))

    assert answer is not None
    assert (answer.outcome, answer.seen_at) == (Outcome.REFUSED, None)
    assert arranged.is_untouched()


def test_i12_mail_that_has_nothing_to_do_with_invitations_leaves_no_answer(arranged: Arranged) -> None:
    assert arranged.comes(replies.away(arranged.yuki, to_address="sales@concierge.example")) is None

    mail = db.session.scalars(sa.select(IncomingMail)).one()
    assert mail.read_at == AT


def test_i12_a_person_who_writes_in_words_is_shown_to_a_person(arranged: Arranged) -> None:
    answer = arranged.comes(replies.words(arranged.yuki, "Can we talk first? – Yuki"))

    assert answer is not None
    assert (answer.outcome, answer.invitation_id) == (Outcome.FOR_A_PERSON, arranged.of_yuki().id)
    mail = db.session.get_one(IncomingMail, answer.incoming_mail_id)
    assert mail.text == "Can we talk first? – Yuki"


def test_i12_an_answer_inside_a_message_that_is_passed_on_is_not_theirs(arranged: Arranged) -> None:
    inner = replies.apple(arranged.yuki, "ACCEPTED", at=AT)
    outer = replies.mail(
        f"From: Mallory <{STRANGER}>",
        f"To: {arranged.yuki.organizer}",
        "Subject: Fwd",
        "Content-Type: message/rfc822",
        body=inner.decode(),
    )

    answer = arranged.comes(outer)

    assert answer is not None
    assert answer.outcome is Outcome.FOR_A_PERSON
    assert arranged.is_untouched()


@pytest.mark.parametrize("with_secret", [True, False])
def test_i12_a_letter_that_comes_back_marks_the_invitation(arranged: Arranged, with_secret: bool) -> None:
    answer = arranged.comes(replies.report(arranged.yuki, with_head=with_secret))

    assert arranged.of_yuki().undeliverable_at == AT
    assert arranged.of_tomas().undeliverable_at is None
    assert answer is not None
    assert (answer.method, answer.outcome) == (taking.REPORT, Outcome.APPLIED)
    assert "550 5.1.1" in answer.why


def test_i12_a_letter_that_is_only_late_has_not_come_back(arranged: Arranged) -> None:
    for action in ("delayed", "relayed", "delivered", "expanded"):
        assert arranged.comes(replies.report(arranged.yuki, action=action)) is None

    assert arranged.of_yuki().undeliverable_at is None


def test_i12_a_report_about_somebody_elses_letter_marks_nothing(arranged: Arranged) -> None:
    about = replace(arranged.yuki, organizer="news@evil.example", message_id="<unknown@evil.example>")

    assert arranged.comes(replies.report(about)) is None

    assert arranged.of_yuki().undeliverable_at is None


def test_i12_a_report_about_a_copy_that_was_passed_on_is_for_a_person(arranged: Arranged) -> None:
    answer = arranged.comes(replies.report(arranged.yuki, recipient="colleague@elsewhere.example"))

    assert answer is not None
    assert answer.outcome is Outcome.FOR_A_PERSON
    assert arranged.of_yuki().undeliverable_at is None


# ---------------------------------------------------------------- I13: what may come from outside


def test_i13_no_other_method_changes_anything(arranged: Arranged) -> None:
    for method in ("REQUEST", "CANCEL", "ADD", "PUBLISH", "DECLINECOUNTER", "X-REPLY", ""):
        message = replies.apple(arranged.tomas, "DECLINED", at=AT).replace(b"; method=REPLY", b"")
        message = message.replace(b"METHOD:REPLY", b"METHOD:" + method.encode())

        answer = arranged.comes(message)

        assert answer is not None
        assert (answer.outcome, answer.method) == (Outcome.REFUSED, method)
    assert len(arranged.answers()) == 7
    assert arranged.is_untouched()


def test_i13_a_refresh_sends_the_invitation_again_but_not_all_the_time(arranged: Arranged) -> None:
    message = replies.apple(arranged.yuki, "NEEDS-ACTION", at=AT).replace(b"REPLY", b"REFRESH")
    at = later(120)

    answer = arranged.comes(message, at=at)
    assert answer is not None
    assert answer.outcome is Outcome.APPLIED
    (letter,) = arranged.post.send(at + timedelta(minutes=1))
    assert (method_of(letter), letter["To"].addresses[0].addr_spec) == ("REQUEST", YUKI)
    assert event_in(letter)["UID"] == arranged.yuki.uid

    again = arranged.comes(with_head(message, "X-Again: yes"), at=at + timedelta(minutes=5))
    assert again is not None
    assert again.outcome is Outcome.REPEATED
    assert arranged.post.send(at + timedelta(minutes=6)) == []


# ---------------------------------------------------------------- I14, I15: whose it is


def test_i14_letters_case_and_what_follows_a_plus_sign_do_not_count(arranged: Arranged) -> None:
    who = replace(
        arranged.yuki, attendee="Yuki+calendar@HALDEN.example", organizer=arranged.yuki.organizer.upper()
    )

    answer = arranged.comes(replies.apple(who, "ACCEPTED", at=AT))

    assert answer is not None
    assert answer.outcome is Outcome.APPLIED


def test_i14_an_address_that_the_person_had_since_counts(arranged: Arranged) -> None:
    with unit_of_work():
        invitation = make.of_user(arranged.visit, arranged.tomas_id)
    with unit_of_work():
        db.session.execute(
            sa.update(Invitation).where(Invitation.id == invitation.id).values(email="old@concierge.example")
        )

    answer = arranged.comes(replies.apple(arranged.tomas, "ACCEPTED", at=AT))

    assert answer is not None
    assert answer.outcome is Outcome.APPLIED


def test_i14_a_secret_address_counts_for_its_own_visit_only(arranged: Arranged) -> None:
    answer = arranged.comes(replies.apple(replace(arranged.yuki, uid="another"), "ACCEPTED", at=AT))

    assert answer is not None
    assert answer.outcome is Outcome.REFUSED
    assert arranged.is_untouched()


def test_i14_a_forged_secret_proves_nothing(arranged: Arranged) -> None:
    local, _, domain = arranged.yuki.organizer.partition("@")
    forged = f"{local[:-1]}{'b' if local[-1] == 'a' else 'a'}@{domain}"

    answer = arranged.comes(replies.apple(replace(arranged.yuki, organizer=forged), "ACCEPTED", at=AT))

    assert answer is not None
    assert (answer.outcome, answer.trust) == (Outcome.SUGGESTED, Trust.NONE)
    assert arranged.is_untouched()


def test_i14_the_secret_of_one_does_not_answer_for_another(arranged: Arranged) -> None:
    mixed = replace(arranged.tomas, organizer=arranged.yuki.organizer)

    answer = arranged.comes(replies.apple(mixed, "DECLINED", at=AT))

    assert answer is not None
    assert (answer.outcome, answer.trust) == (Outcome.SUGGESTED, Trust.NONE)
    assert arranged.is_untouched()


def test_i14_an_answer_for_two_people_is_for_a_person(arranged: Arranged) -> None:
    other = f"ATTENDEE;PARTSTAT=DECLINED:mailto:{TOMAS}\r\nX-APPLE-NEEDS-REPLY".encode()
    message = replies.apple(arranged.yuki, "ACCEPTED", at=AT).replace(
        b"X-APPLE-NEEDS-REPLY", other.replace(b"=", b"=3D")
    )

    answer = arranged.comes(message)

    assert answer is not None
    assert answer.outcome is Outcome.FOR_A_PERSON
    assert arranged.is_untouched()


def test_i14_somebody_named_twice_has_answered_nothing(arranged: Arranged) -> None:
    again = f"ATTENDEE;PARTSTAT=DECLINED:mailto:{YUKI}\r\nX-APPLE-NEEDS-REPLY".encode().replace(b"=", b"=3D")
    message = replies.apple(arranged.yuki, "ACCEPTED", at=AT).replace(b"X-APPLE-NEEDS-REPLY", again)

    for method in (b"REPLY", b"COUNTER"):
        answer = arranged.comes(message.replace(b"METHOD:REPLY", b"METHOD:" + method))

        assert answer is not None
        assert answer.outcome in {Outcome.FOR_A_PERSON, Outcome.REPEATED}
        assert words_of(answer) == "It names the same person twice."
    assert arranged.is_untouched()


@pytest.mark.parametrize("with_secret", [True, False])
def test_i15_a_stranger_is_never_added(arranged: Arranged, with_secret: bool) -> None:
    message = replies.apple(replace(arranged.yuki, attendee=STRANGER, name="Mallory"), "ACCEPTED", at=AT)

    answer = arranged.comes(message if with_secret else without_secret(message, arranged.yuki))

    assert answer is not None
    assert (answer.outcome, answer.attendee) == (Outcome.STRANGER, STRANGER)
    assert (answer.invitation_id is not None) is with_secret
    assert arranged.is_untouched()


# ---------------------------------------------------------------- I16: which answer stands


def test_i16_an_answer_to_an_older_invitation_is_noted_and_not_applied(arranged: Arranged) -> None:
    with unit_of_work():
        visit = for_change(arranged.visit)
        arranging.move_visit(
            visit, starts_local=wall("Wed 2026-03-18 09:00"), ends_local=wall("Wed 2026-03-18 12:00"),
            site=site_of(projects.now(visit.project)), at=later(10), actor_id=None,
        )  # fmt: skip
    newer = asked(to(arranged.post.quiet(later(10)))[TOMAS])
    assert newer.sequence > arranged.tomas.sequence

    stale = arranged.comes(replies.outlook(arranged.tomas, "DECLINED", at=AT))
    assert stale is not None
    assert stale.outcome is Outcome.OUTDATED
    assert arranged.of_tomas().reply is Reply.NONE

    fresh = arranged.comes(replies.outlook(newer, "ACCEPTED", at=AT))
    assert fresh is not None
    assert fresh.outcome is Outcome.APPLIED


def test_i16_of_two_answers_the_later_stands_in_whichever_order_they_come(arranged: Arranged) -> None:
    arranged.comes(replies.apple(arranged.yuki, "DECLINED", at=later(20)))

    early = arranged.comes(replies.apple(arranged.yuki, "ACCEPTED", at=later(10)))

    assert early is not None
    assert early.outcome is Outcome.OUTDATED
    assert arranged.of_yuki().reply is Reply.DECLINED


def test_i16_the_same_answer_twice_is_one(arranged: Arranged) -> None:
    message = replies.apple(arranged.yuki, "ACCEPTED", at=AT)
    arranged.comes(message)

    assert len(arranged.answers()) == 1
    arranged.comes(message)
    assert len(arranged.answers()) == 1  # the same bytes are the same mail
    again = arranged.comes(with_head(message, "Delivered-To: robot@concierge.example"))

    assert again is not None
    assert again.outcome is Outcome.REPEATED
    assert arranged.of_yuki().reply is Reply.ACCEPTED


def test_i16_a_sequence_from_the_future_is_the_one_that_was_sent(arranged: Arranged) -> None:
    future = replace(arranged.yuki, sequence=2_000_000)
    arranged.comes(replies.apple(future, "ACCEPTED", at=later(20)))

    earlier = arranged.comes(replies.apple(arranged.yuki, "TENTATIVE", at=later(10)))
    assert earlier is not None
    assert earlier.outcome is Outcome.OUTDATED
    later_one = arranged.comes(replies.apple(arranged.yuki, "DECLINED", at=AT))
    assert later_one is not None
    assert later_one.outcome is Outcome.APPLIED
    assert arranged.of_yuki().reply is Reply.DECLINED


def test_i16_a_clock_that_is_a_year_fast_does_not_lock_later_answers_out(arranged: Arranged) -> None:
    arranged.comes(replies.apple(arranged.yuki, "ACCEPTED", at=AT + timedelta(days=365)), at=later(20))

    answer = arranged.comes(replies.apple(arranged.yuki, "DECLINED", at=AT))

    assert answer is not None
    assert answer.outcome is Outcome.APPLIED


def test_i16_an_answer_from_a_fast_clock_that_comes_again_takes_no_later_one_back(arranged: Arranged) -> None:
    fast = replies.apple(arranged.yuki, "ACCEPTED", at=AT + timedelta(hours=5))
    arranged.comes(fast, at=later(20))
    arranged.comes(replies.apple(arranged.yuki, "DECLINED", at=later(25)), at=later(25))

    again = arranged.comes(with_head(fast, "Delivered-To: robot@concierge.example"))

    assert again is not None
    assert again.outcome is Outcome.REPEATED
    assert arranged.of_yuki().reply is Reply.DECLINED


# ---------------------------------------------------------------- I17: words


def test_i17_comment_and_status_are_kept_as_text(arranged: Arranged) -> None:
    evil = "<script>alert(1)</script>\\nEND:VEVENT"
    message = replies.apple(arranged.yuki, "ACCEPTED", at=AT, comment=evil)
    message = message.replace(
        b"X-APPLE-NEEDS", b"REQUEST-STATUS:3.1;Invalid property value;DTSTART\r\nX-APPLE-NEEDS"
    )

    answer = arranged.comes(message)

    assert answer is not None
    assert answer.comment.startswith("<script>alert(1)</script>\nEND:VEVENT")
    assert "3.1;Invalid property value" in answer.comment


def test_i17_anything_else_is_no_answer(arranged: Arranged) -> None:
    for partstat in ("NEEDS-ACTION", "IN-PROCESS", "X-MAYBE", ""):
        answer = arranged.comes(replies.apple(arranged.yuki, partstat, at=AT))

        assert answer is not None
        assert answer.outcome is Outcome.REFUSED
    assert arranged.is_untouched()


# ---------------------------------------------------------------- I18: what was withdrawn


def test_i18_who_accepts_what_was_withdrawn_is_told_again(arranged: Arranged) -> None:
    with unit_of_work():
        progress.cancel(for_change(arranged.visit), reason="Not ready", at=later(10), actor_id=None)
    withdrawn = to(arranged.post.quiet(later(10)))
    assert method_of(withdrawn[TOMAS]) == "CANCEL"

    answer = arranged.comes(replies.outlook(arranged.tomas, "ACCEPTED", at=AT))
    assert answer is not None
    assert answer.outcome is Outcome.OUTDATED
    again = to(arranged.post.send(AT + timedelta(minutes=1)))

    assert set(again) == {TOMAS}
    assert method_of(again[TOMAS]) == "CANCEL"
    assert event_in(again[TOMAS])["STATUS"] == "CANCELLED"


def test_i18_nobody_else_makes_us_write_to_them(arranged: Arranged) -> None:
    with unit_of_work():
        progress.cancel(for_change(arranged.visit), reason="Not ready", at=later(10), actor_id=None)
    arranged.post.quiet(later(10))

    arranged.comes(without_secret(replies.outlook(arranged.tomas, "ACCEPTED", at=AT), arranged.tomas))

    assert arranged.post.send(AT + timedelta(minutes=1)) == []


# ---------------------------------------------------------------- I20: how far it is believed


def test_i20_without_proof_an_answer_is_only_a_suggestion(arranged: Arranged, our_server: None) -> None:
    answer = arranged.comes(without_secret(replies.outlook(arranged.yuki, "ACCEPTED", at=AT), arranged.yuki))

    assert answer is not None
    assert (answer.outcome, answer.trust, answer.reply) == (Outcome.SUGGESTED, Trust.NONE, Reply.ACCEPTED)
    assert arranged.is_untouched()


def test_i20_a_signature_of_the_senders_own_domain_is_proof(arranged: Arranged, our_server: None) -> None:
    plain = without_secret(replies.apple(arranged.yuki, "ACCEPTED", at=AT), arranged.yuki)

    answer = arranged.comes(with_head(plain, signed("halden.example")))

    assert answer is not None
    assert (answer.outcome, answer.trust) == (Outcome.APPLIED, Trust.SIGNED)


def test_i20_google_signs_for_whom_it_names_in_reply_to(arranged: Arranged, our_server: None) -> None:
    plain = without_secret(replies.google(arranged.yuki, "ACCEPTED", at=AT), arranged.yuki)

    answer = arranged.comes(with_head(plain, signed("google.com")))

    assert answer is not None
    assert (answer.outcome, answer.trust) == (Outcome.APPLIED, Trust.SIGNED)


def test_i20_nobody_elses_word_is_believed(arranged: Arranged, our_server: None) -> None:
    plain = without_secret(replies.apple(arranged.yuki, "ACCEPTED", at=AT), arranged.yuki)
    right = signed("halden.example")

    for fields in (
        (signed("halden.example", by="mx.evil.example"),),
        (signed("evil.example"),),
        (signed("example"),),
        (signed("alden.example"),),
        (signed("www.halden.example"),),
        (right.replace("dkim=pass", "dkim=fail"),),
        (right.replace("dkim=pass", "dkim=none (dkim=pass"),),
        (right.replace("dkim=pass", 'x="; dkim=pass header.d=halden.example"'),),
        # ours stands above what the sender wrote under our name
        ("Authentication-Results: mx.concierge.example; dkim=none", right),
        ("X-Number: last",),
    ):
        unlike = plain.replace(b"Message-Id: <", b"Message-Id: <" + str(len(arranged.answers())).encode())
        answer = arranged.comes(with_head(unlike, *fields))

        assert answer is not None
        assert (answer.outcome, answer.trust) == (Outcome.SUGGESTED, Trust.NONE), fields
    assert len(arranged.answers()) == 10
    assert arranged.is_untouched()


def test_i20_no_header_is_believed_when_no_server_is_named(arranged: Arranged) -> None:
    plain = without_secret(replies.apple(arranged.yuki, "ACCEPTED", at=AT), arranged.yuki)

    answer = arranged.comes(with_head(plain, signed("halden.example")))

    assert answer is not None
    assert answer.outcome is Outcome.SUGGESTED


@pytest.mark.parametrize(
    "fields",
    [
        {"sender": STRANGER, "reply_to": YUKI},  # anybody can write any Reply-To
        {"sender": "", "reply_to": YUKI},
    ],
)
def test_i20_a_reply_to_is_no_proof(fields: dict[str, str]) -> None:
    reading = Reading(**fields, authentication_results="mx; dkim=pass header.d=evil.example")  # type: ignore[arg-type]

    assert YUKI not in taking.vouched_for(reading, authserv="mx")


@pytest.mark.parametrize(
    ("header", "domains"),
    [
        ("mx 1; dkim=pass header.d=a.example", {"a.example"}),
        ("MX; dkim=pass (2048-bit key; unprotected) header.d=A.example header.i=@b.example", {"a.example"}),
        (
            'mx; dkim=pass reason="good (really)" header.d=a.example; dkim=fail header.d=b.example',
            {"a.example"},
        ),
        ("mx (comment (nested) x); dkim=pass header.d=a.example", {"a.example"}),
        ("mx; dkim=pass header.d=a.example; dkim=pass header.d=b.example", {"a.example", "b.example"}),
        ("mx; dkim=passed header.d=a.example", set()),
        ("mx; dkim=pass xheader.d=a.example", set()),
        ("mx; dkim=pass", set()),
        ("mx; none", set()),
        ("", set()),
        ("(((((", set()),
    ],
)
def test_i20_results_are_read_as_their_standard_says(header: str, domains: set[str]) -> None:
    assert vouching.signing_domains(header, "mx") == domains


def test_i20_a_person_can_make_sure_of_a_suggestion(arranged: Arranged) -> None:
    message = without_secret(replies.apple(arranged.tomas, "DECLINED", at=AT), arranged.tomas)
    suggested = arranged.comes(message)
    assert suggested is not None
    said = reading_of(suggested)

    with unit_of_work():
        made = taking.believe(suggested.id, said, name="Jonas", at=later(40))

    assert (made.outcome, made.trust) == (Outcome.APPLIED, Trust.PERSON)
    assert words_of(made) == "Jonas made sure of it."
    with force_locale("de"):
        assert words_of(made) == "Jonas hat sich vergewissert.", "whoever reads it, in their language"
    assert arranged.of_tomas().reply is Reply.DECLINED
    with pytest.raises(taking.Refused), unit_of_work():
        taking.believe(suggested.id, said, name="Jonas", at=later(41))


# ---------------------------------------------------------------- I22: what is kept of it


def test_i22_each_answer_has_one_row_with_its_mail_within_one_poll(arranged: Arranged, app: Flask) -> None:
    message = replies.google(arranged.yuki, "ACCEPTED", at=AT)
    (arranged.folder / "new").mkdir(parents=True, exist_ok=True)
    (arranged.folder / "new" / "1").write_bytes(message)

    with time_machine.travel(AT, tick=False):
        worker.put_up(app)
        for queue in ("chores", "mail", "default"):
            while worker.work_once(app, queues=(queue,)):
                pass

    (answer,) = arranged.answers()
    mail = db.session.get_one(IncomingMail, answer.incoming_mail_id)
    assert incoming.bytes_of(mail) == message
    assert (answer.sender, answer.attendee) == ("calendar-notification@google.com", YUKI)
    assert (answer.received_at, answer.stamped_at, mail.read_at) == (AT, AT, AT)
    assert arranged.of_yuki().reply is Reply.ACCEPTED


def test_i22_taking_a_mail_twice_changes_nothing(arranged: Arranged, app: Flask) -> None:
    from concierge.invitations.reactions import take_mail

    arranged.comes(replies.google(arranged.yuki, "ACCEPTED", at=AT))
    (mail,) = db.session.scalars(sa.select(IncomingMail))

    again: Any = take_mail(incoming.MailReceived(mail_id=mail.id, at=AT, actor_id=None))

    assert again is None
    assert len(arranged.answers()) == 1


def reading_of(answer: Answer) -> Reading:
    from concierge.invitations import reading

    mail = db.session.get_one(IncomingMail, answer.incoming_mail_id)
    data = incoming.bytes_of(mail)
    db.session.rollback()
    return reading.read(data)
