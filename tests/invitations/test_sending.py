"""Who is told what by mail, when, and what is not told twice; tests for the lines I1–I11."""

import re
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage

import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask
from icalendar import Calendar

from concierge.accounts.models import Account, Contact, Site
from concierge.identity.models import User
from concierge.invitations import mails, reactions
from concierge.invitations.actions import sending
from concierge.invitations.models import Invitation, Telling
from concierge.platform import deliveries, mail, worker
from concierge.platform.database import db, unit_of_work
from concierge.platform.deliveries import Delivery, DeliveryStatus
from concierge.projects.models import Project, Promise
from concierge.projects.states import ShownOn
from concierge.visits.actions import arranging, progress, zones
from concierge.visits.models import Visit
from concierge.workforce.models import Technician
from tests.invitations.conftest import (
    Post,
    calendar_part,
    calendar_parts,
    check_object,
    data_of,
    event_in,
    method_of,
    to,
)
from tests.makers import invitations as make
from tests.makers import projects, workforce
from tests.makers.accounts import contact as make_contact
from tests.makers.invitations import for_change, later
from tests.makers.visits import site_of, wall

YUKI = "yuki@halden.example"
TOMAS = "tomas@concierge.example"
SELIN = "selin@concierge.example"


def invited(*technicians: Technician, **wanted: object) -> tuple[Project, Visit]:
    """A confirmed visit of a live project; needs a unit of work."""
    project = projects.live()
    return project, make.confirmed(project, *technicians, **wanted)  # type: ignore[arg-type]  # the maker's own


def move(visit: Visit, starts: str, *, at: datetime) -> None:
    """Put a visit at another time."""
    with time_machine.travel(at, tick=False), unit_of_work():
        found = for_change(visit)
        begins = wall(starts)
        length = found.ends_local - found.starts_local
        arranging.move_visit(
            found, starts_local=begins, ends_local=begins + length, site=found.site, at=at, actor_id=None
        )


def assign(visit: Visit, *technicians: Technician, at: datetime) -> None:
    """Send these people and nobody else."""
    with time_machine.travel(at, tick=False), unit_of_work():
        found = for_change(visit)
        ids = [one.user_id for one in technicians]
        arranging.assign_technicians(found, technician_ids=ids, site=found.site, at=at, actor_id=None)


def retitle(visit: Visit, title: str, *, at: datetime) -> None:
    """Call a visit something else."""
    with time_machine.travel(at, tick=False), unit_of_work():
        found = for_change(visit)
        arranging.change_details(
            found, title=title, kind=found.kind, milestone_id=found.milestone_id, skill=found.skill,
            crew=found.crew, note=found.note, at=at, actor_id=None,
        )  # fmt: skip


def test_i01_a_confirmed_visit_invites_who_goes_and_the_customer(app: Flask, post: Post) -> None:
    with unit_of_work():
        _project, visit = invited(workforce.technician())

    letters = to(post.quiet(make.NOW))

    assert set(letters) == {YUKI, TOMAS}
    for letter in letters.values():
        calendar = Calendar.from_ical(data_of(calendar_part(letter)))
        assert calendar["METHOD"] == "REQUEST"
        assert [part.name for part in calendar.subcomponents] == ["VEVENT"]
        assert event_in(letter)["UID"] == visit.uid


def test_i01_a_tentative_visit_invites_nobody(app: Flask, post: Post) -> None:
    with unit_of_work():
        _project, visit = invited(workforce.technician())
        progress.release(for_change(visit), at=make.NOW, actor_id=None)

    assert post.quiet(make.NOW) == []


def test_i02_a_request_names_one_attendee_with_all_that_programs_need(app: Flask, post: Post) -> None:
    with unit_of_work():
        _project, visit = invited(workforce.technician(), workforce.technician(name="Selin Aydin"))

    for address, letter in to(post.quiet(make.NOW)).items():
        event = event_in(letter)
        attendee = event["ATTENDEE"]
        assert str(attendee) == f"mailto:{address}"
        assert {name: str(attendee.params[name]) for name in ("ROLE", "PARTSTAT", "RSVP", "CUTYPE")} == {
            "ROLE": "REQ-PARTICIPANT",
            "PARTSTAT": "NEEDS-ACTION",
            "RSVP": "TRUE",
            "CUTYPE": "INDIVIDUAL",
        }
        assert attendee.params["CN"] == letter["To"].addresses[0].display_name
        assert (event["STATUS"], event["SEQUENCE"]) == ("CONFIRMED", visit.sequence)
        assert event.subcomponents == []
        others = {YUKI, TOMAS, SELIN} - {address}
        assert not [other for other in others if other.encode() in data_of(calendar_part(letter))]


def test_i02_a_cancelled_visit_is_withdrawn_from_those_who_were_invited(app: Flask, post: Post) -> None:
    with unit_of_work():
        _project, visit = invited(workforce.technician())
    first = to(post.quiet(make.NOW))
    with unit_of_work():
        progress.cancel(for_change(visit), reason="No power at the site", at=later(30), actor_id=None)

    letters = to(post.quiet(later(30)))

    assert set(letters) == {YUKI, TOMAS}
    for address, letter in letters.items():
        assert method_of(letter) == "CANCEL"
        event, before = event_in(letter), event_in(first[address])
        assert event["STATUS"] == "CANCELLED"
        assert event["SEQUENCE"] == before["SEQUENCE"] + 1
        assert event["ORGANIZER"] == before["ORGANIZER"]
        assert event["SUMMARY"].startswith(("CANCELLED", "ABGESAGT"))
    assert "No power" in str(letters[TOMAS].get_body(("plain",)))
    assert "No power" not in letters[YUKI].as_string()


def test_i02_a_visit_that_is_uncertain_again_is_withdrawn_and_comes_back(app: Flask, post: Post) -> None:
    with unit_of_work():
        _project, visit = invited(workforce.technician())
    sequences = [event_in(to(post.quiet(make.NOW))[YUKI])["SEQUENCE"]]
    with unit_of_work():
        progress.release(for_change(visit), at=later(30), actor_id=None)
    gone = to(post.quiet(later(30)))[YUKI]
    with unit_of_work():
        progress.confirm(for_change(visit), at=later(60), actor_id=None)
    back = to(post.quiet(later(60)))[YUKI]

    assert (method_of(gone), method_of(back)) == ("CANCEL", "REQUEST")
    sequences += [event_in(gone)["SEQUENCE"], event_in(back)["SEQUENCE"]]
    assert sequences == sorted(set(sequences))


def test_i03_the_calendar_is_the_last_alternative_and_a_file_besides(app: Flask, post: Post) -> None:
    with unit_of_work():
        invited(workforce.technician())

    letter = to(post.quiet(make.NOW))[YUKI]

    assert letter.get_content_type() == "multipart/mixed"
    body, file = letter.iter_parts()
    assert body.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in body.iter_parts()] == [
        "text/plain",
        "text/html",
        "text/calendar",
    ]
    part = calendar_part(letter)
    assert part["Content-Disposition"] is None
    assert part["Content-Transfer-Encoding"] == "base64"
    assert {name: part.get_param(name) for name in ("charset", "method", "component")} == {
        "charset": "utf-8",
        "method": "REQUEST",
        "component": "VEVENT",
    }
    assert (file.get_content_type(), file.get_filename()) == ("application/ics", "invite.ics")
    assert data_of(file) == data_of(part)  # type: ignore[arg-type]  # a part is a message
    plain = letter.get_body(("plain",))
    assert plain is not None
    for fact in ("17. März, 09:00–12:00", "Europe/Zurich", "Basel lab", "HB-"):
        assert fact in plain.get_content()


def test_i04_the_method_of_the_part_is_that_of_the_object(app: Flask, post: Post) -> None:
    with unit_of_work():
        _project, visit = invited(workforce.technician())
    letters = post.quiet(make.NOW)
    with unit_of_work():
        progress.cancel(for_change(visit), reason="No power", at=later(30), actor_id=None)
    letters += post.quiet(later(30))

    said = {
        (method_of(one), str(Calendar.from_ical(data_of(calendar_part(one)))["METHOD"])) for one in letters
    }

    assert said == {("REQUEST", "REQUEST"), ("CANCEL", "CANCEL")}


def test_i05_answers_go_to_a_secret_address_of_ours(app: Flask, post: Post) -> None:
    with unit_of_work():
        _project, visit = invited(workforce.technician())

    letters = to(post.quiet(make.NOW))

    organizers = {address: str(event_in(letter)["ORGANIZER"]) for address, letter in letters.items()}
    assert len(set(organizers.values())) == 2
    for address, letter in letters.items():
        reply_to = letter["Reply-To"].addresses[0]
        assert organizers[address] == f"mailto:{reply_to.addr_spec}"
        assert re.fullmatch(r"schedule\+[0-9]+\.[a-z2-7]{32}", reply_to.username)
        assert reply_to.domain == letter["From"].addresses[0].domain
    invitation = make.of_contact(visit)
    assert organizers[YUKI] == f"mailto:{mails.reply_address(invitation)}"
    assert invitation.nonce not in letters[YUKI].as_string()


def test_i06_the_sequence_rises_with_time_and_not_with_words(app: Flask, post: Post) -> None:
    with unit_of_work():
        _project, visit = invited(workforce.technician())
    first = event_in(to(post.quiet(make.NOW))[TOMAS])
    retitle(visit, "Install and align", at=later(20))
    reworded = to(post.quiet(later(20)))
    move(visit, "Wed 2026-03-18 09:00", at=later(40))
    moved = to(post.quiet(later(40)))

    assert set(reworded) == {TOMAS}, "what staff call a visit is not the customer's business"
    event = event_in(reworded[TOMAS])
    assert (event["UID"], event["SEQUENCE"]) == (first["UID"], first["SEQUENCE"])
    assert event["DTSTAMP"].dt > first["DTSTAMP"].dt
    assert "Install and align" in event["DESCRIPTION"]
    assert set(moved) == {TOMAS, YUKI}
    assert event_in(moved[TOMAS])["SEQUENCE"] > first["SEQUENCE"]
    assert event_in(moved[TOMAS])["DTSTART"].dt == datetime(2026, 3, 18, 8, tzinfo=UTC)


def test_i06_another_place_raises_the_sequence(app: Flask, post: Post) -> None:
    with unit_of_work():
        project, _visit = invited(workforce.technician())
    first = event_in(to(post.quiet(make.NOW))[YUKI])
    with unit_of_work():
        site = db.session.get_one(Site, project.site_id)
        site.street = "Nebenweg 9"
        reactions.mark_people_of_site(_site_changed(site, at=later(20)))

    letter = to(post.quiet(later(20)))[YUKI]

    assert event_in(letter)["SEQUENCE"] > first["SEQUENCE"]
    assert "Nebenweg 9" in event_in(letter)["LOCATION"]
    assert str(letter["Subject"]).startswith("Neuer Ort")


def test_i06_who_is_invited_hears_when_a_country_changes_its_clocks(app: Flask, post: Post) -> None:
    with unit_of_work():
        visit = make.confirmed(projects.live(), workforce.technician())
        by_old_rules = visit.starts_at + timedelta(hours=1), visit.ends_at + timedelta(hours=1)
        right = visit.starts_at, visit.ends_at
        visit.starts_at, visit.ends_at = by_old_rules
    first = event_in(to(post.quiet(make.NOW))[TOMAS])
    assert first["DTSTART"].dt == by_old_rules[0]

    with time_machine.travel(later(30), tick=False), unit_of_work():
        changed = zones.follow_rules(at=later(30), version="2026z")

    assert changed is not None
    assert changed.visit_ids == (visit.id,)
    letters = to(post.quiet(later(30)))
    assert set(letters) == {YUKI, TOMAS}
    for letter in letters.values():
        event = event_in(letter)
        assert (event["DTSTART"].dt, event["DTEND"].dt) == right
        assert event["SEQUENCE"] > first["SEQUENCE"]


def test_i07_the_stamp_is_the_time_of_sending(app: Flask, post: Post) -> None:
    with unit_of_work():
        invited(workforce.technician())

    [event] = [
        event_in(letter) for letter in post.quiet(make.NOW) if letter["To"].addresses[0].addr_spec == YUKI
    ]

    assert event["DTSTAMP"].dt == make.NOW + sending.QUIET + timedelta(seconds=1)
    assert event["LAST-MODIFIED"].dt == event["DTSTAMP"].dt


def test_i08_another_technician_withdraws_from_one_and_invites_the_other(app: Flask, post: Post) -> None:
    with unit_of_work():
        tomas, selin = workforce.technician(), workforce.technician(name="Selin Aydin")
        _project, visit = invited(tomas)
    post.quiet(make.NOW)
    assign(visit, selin, at=later(30))

    post.note(later(30))
    waiting = set(db.session.scalars(sa.select(Telling.recipient)))
    letters = to(post.send(later(33)))

    assert {f"user:{tomas.user_id}", f"user:{selin.user_id}"} <= waiting, "noted together or not at all"
    assert {address: method_of(letter) for address, letter in letters.items()} == {
        TOMAS: "CANCEL",
        SELIN: "REQUEST",
    }
    assert event_in(letters[TOMAS])["UID"] == event_in(letters[SELIN])["UID"]
    assert "You no longer go" in event_in(letters[TOMAS])["DESCRIPTION"]


def test_i08_whoever_has_to_be_there_is_told_like_the_contact_until_they_need_not(
    app: Flask, post: Post
) -> None:
    noemi = "noemi@customer.example"
    with unit_of_work():
        project, visit = invited(workforce.technician())
        there = make_contact(db.session.get_one(Account, project.account_id), name="Noemi Frey")

    def attend(*contacts: int, at: datetime) -> dict[str, EmailMessage]:
        with time_machine.travel(at, tick=False), unit_of_work():
            own = for_change(visit)
            arranging.change_details(
                own, title=own.title, kind=own.kind, milestone_id=own.milestone_id, skill=own.skill,
                crew=own.crew, note=own.note, contact_ids=contacts, at=at, actor_id=None,
            )  # fmt: skip
        return to(post.quiet(at))

    post.quiet(make.NOW)
    told = attend(there.id, at=later(30))
    assert {address: method_of(letter) for address, letter in told.items()} == {noemi: "REQUEST"}
    assert noemi in event_in(told[noemi])["ATTENDEE"]
    move(visit, "Wed 2026-03-18 09:00", at=later(60))
    moved = to(post.quiet(later(60)))
    assert set(moved) == {YUKI, TOMAS, noemi}
    assert event_in(moved[noemi])["SEQUENCE"] == event_in(told[noemi])["SEQUENCE"] + 1
    gone = attend(at=later(90))
    assert {address: method_of(letter) for address, letter in gone.items()} == {noemi: "CANCEL"}
    assert "do not have to be there" in event_in(gone[noemi])["DESCRIPTION"]


def test_days_that_the_customers_people_are_invited_to_enter_the_ledger(app: Flask, post: Post) -> None:
    def ledger() -> list[tuple[str, str, str]]:
        db.session.rollback()
        told = sa.select(Promise).where(Promise.shown_on == ShownOn.MAIL).order_by(Promise.id)
        return [(one.milestone_key, f"{one.finish_on}", one.reference) for one in db.session.scalars(told)]

    with unit_of_work():
        project, visit = invited(workforce.technician())
        for_change(visit).milestone_id = projects.milestone(project, "install").id
    post.quiet(make.NOW)
    expected = [("install", "2026-03-17", YUKI)]
    assert ledger() == expected
    retitle(visit, "Install both spectrometers", at=later(30))
    post.quiet(later(30))
    assert ledger() == expected, "the same day"
    move(visit, "Wed 2026-03-18 09:00", at=later(60))
    post.quiet(later(60))
    assert ledger() == [*expected, ("install", "2026-03-18", YUKI)]


def test_i08_a_worker_that_is_killed_sends_nothing_twice(app: Flask, post: Post) -> None:
    with unit_of_work():
        invited(workforce.technician())
    post.note(make.NOW)
    for _killed in range(2):  # it takes what there is to do, and dies
        with time_machine.travel(later(3), tick=False):
            post.let_be_due(later(3))
            assert deliveries.claim(pace=deliveries.Pace(), queues=("mail",)) is not None
    _let_leases_end()

    sent = post.send(later(10))
    again = post.send(later(20))

    assert set(to(sent)) == {YUKI, TOMAS}
    assert again == []


def test_i08_a_letter_that_has_to_be_handed_over_again_keeps_its_id(app: Flask, post: Post) -> None:
    with unit_of_work():
        _project, visit = invited(workforce.technician())
    post.answers = ["451 busy", "451 busy"]
    assert post.quiet(make.NOW) == []
    with unit_of_work():  # on PostgreSQL it waits by the server's clock, which this test does not move
        db.session.execute(
            sa.update(Delivery).where(Delivery.status == DeliveryStatus.READY).values(run_at=make.NOW)
        )

    sent = post.send(later(10))

    assert set(to(sent)) == {YUKI, TOMAS}
    keys = set(db.session.scalars(sa.select(mail.OutgoingMail.key)))
    invitation = make.of_contact(visit)
    expected = (
        f"invitation:{visit.uid}:{invitation.sent_sequence}:contact:{invitation.contact_id}:20260302T090201Z"
    )
    assert expected in keys
    ids = set(db.session.scalars(sa.select(mail.OutgoingMail.message_id)))
    assert {str(letter["Message-ID"]) for letter in sent} == ids


def test_i09_times_are_utc_and_the_words_are_the_sites(app: Flask, post: Post) -> None:
    with unit_of_work():
        tomas = workforce.technician(zone="America/New_York")
        invited(tomas)

    letter = to(post.quiet(make.NOW))[TOMAS]

    data = data_of(calendar_part(letter))
    assert b"DTSTART:20260317T080000Z\r\n" in data
    assert b"TZID" not in data
    assert "09:00–12:00" in event_in(letter)["DESCRIPTION"]
    assert "Europe/Zurich" in event_in(letter)["DESCRIPTION"]
    plain = letter.get_body(("plain",))
    assert plain is not None
    assert "Tue 17 Mar, 09:00–12:00 (time at the site, Europe/Zurich)" in plain.get_content()
    assert "Tue 17 Mar, 04:00–07:00 (America/New_York)" in plain.get_content()


def test_i10_a_customer_reads_their_own_language(app: Flask, post: Post) -> None:
    with unit_of_work():
        project, _visit = invited(workforce.technician())
        contact = db.session.get_one(Contact, project.contact_id)
        contact.name = "Jörg Müller-Łukasz"

    letter = to(post.quiet(make.NOW))[YUKI]

    assert letter["To"].addresses[0].display_name == "Jörg Müller-Łukasz"
    assert letter["Content-Language"] == "de"
    assert str(letter["Subject"]).startswith("Einladung: ")
    assert "März" in event_in(letter)["DESCRIPTION"]
    assert event_in(letter)["ATTENDEE"].params["CN"] == "Jörg Müller-Łukasz"
    plain = letter.get_body(("plain",))
    assert plain is not None
    assert "Guten Tag" in plain.get_content()


def test_i11_letters_say_that_a_program_wrote_them(app: Flask, post: Post) -> None:
    with unit_of_work():
        invited(workforce.technician())

    assert {letter["Auto-Submitted"] for letter in post.quiet(make.NOW)} == {"auto-generated"}


def test_i11_what_changes_again_and_again_is_one_letter(app: Flask, post: Post) -> None:
    with unit_of_work():
        _project, visit = invited(workforce.technician())
    post.note(make.NOW)
    for minute, day in ((1, "Wed 2026-03-18"), (2, "Thu 2026-03-19")):
        assert post.send(later(minute)) == []
        move(visit, f"{day} 10:00", at=later(minute))
        post.note(later(minute))

    assert post.send(later(3.5)) == []
    letters = to(post.send(later(4.5)))

    assert set(letters) == {YUKI, TOMAS}
    assert event_in(letters[YUKI])["DTSTART"].dt == datetime(2026, 3, 19, 9, tzinfo=UTC)


def test_i11_nobody_waits_longer_than_ten_minutes(app: Flask, post: Post) -> None:
    with unit_of_work():
        _project, visit = invited(workforce.technician())
    post.note(make.NOW)
    sent: list[EmailMessage] = []
    for minute in range(1, 12):
        sent += post.send(later(minute))
        if sent:
            break
        move(visit, f"Wed 2026-03-18 {8 + minute % 2:02}:00", at=later(minute))
        post.note(later(minute))

    assert set(to(sent)) == {YUKI, TOMAS}
    assert minute == 10


def test_i11_there_and_back_is_no_letter(app: Flask, post: Post) -> None:
    with unit_of_work():
        _project, visit = invited(workforce.technician())
    post.quiet(make.NOW)

    move(visit, "Wed 2026-03-18 09:00", at=later(30))
    post.note(later(30))
    move(visit, "Tue 2026-03-17 09:00", at=later(31))

    assert post.quiet(later(31)) == []


def test_i11_many_changes_are_one_letter_with_an_object_for_each(app: Flask, post: Post) -> None:
    with unit_of_work():
        tomas = workforce.technician()
        project = projects.live()
        visits = [
            make.confirmed(project, tomas, starts=f"{day} 09:00")
            for day in ("Mon 2026-03-16", "Tue 2026-03-17", "Wed 2026-03-18", "Thu 2026-03-19")
        ]

    letters = to(post.quiet(make.NOW))

    assert set(letters) == {YUKI, TOMAS}
    for address, letter in letters.items():
        parts = calendar_parts(letter)
        assert len(parts) == 4
        uids = set()
        for part in parts:
            check_object(data_of(part))
            assert part.get_param("method") == "REQUEST"
            assert part.get_content_disposition() == "attachment"
            [event] = Calendar.from_ical(data_of(part)).walk("VEVENT")
            assert str(event["ATTENDEE"]) == f"mailto:{address}"
            uids.add(str(event["UID"]))
        assert uids == {visit.uid for visit in visits}
        html = letter.get_body(("html",))
        assert html is not None
        assert html.get_content().count("/answer/") == 4
    assert "Mon 16 Mar, 09:00–12:00" in letters[TOMAS].get_body(("plain",)).get_content()  # type: ignore[union-attr]
    db.session.rollback()
    kept = db.session.scalars(sa.select(mail.OutgoingMail)).all()
    tokens = [mails.page_token(one) for one in db.session.scalars(sa.select(Invitation))]
    assert len(tokens) == 8
    assert not [token for token in tokens for one in kept if token in one.text + one.html + repr(one.secrets)]
    assert all(one.text.count("/answer/[…]") == 4 for one in kept)
    with unit_of_work():
        for visit in visits[:2]:
            progress.cancel(for_change(visit), reason="No power", at=later(30), actor_id=None)
    assert len([one for one in post.quiet(later(30)) if method_of(one) == "CANCEL"]) == 4


def test_what_is_over_is_never_written_about(app: Flask, post: Post) -> None:
    with unit_of_work():
        _project, visit = invited(workforce.technician(), starts="Mon 2026-03-02 08:00")

    assert post.quiet(later(24 * 60)) == []
    retitle(visit, "Install and align", at=later(24 * 60))
    assert post.quiet(later(24 * 60)) == []


def test_an_address_that_takes_no_mail_is_left_alone_until_it_changes(app: Flask, post: Post) -> None:
    with unit_of_work():
        project, visit = invited(workforce.technician())
    post.quiet(make.NOW)
    with unit_of_work():
        make_row = db.session.scalars(sa.select(Invitation).where(Invitation.contact_id.is_not(None))).one()
        make_row.undeliverable_at = later(10)
    move(visit, "Wed 2026-03-18 09:00", at=later(20))

    assert set(to(post.quiet(later(20)))) == {TOMAS}
    with unit_of_work():
        db.session.get_one(Contact, project.contact_id).email = "yuki.tanaka@halden.example"
    retitle(visit, "Install and align", at=later(40))
    letters = to(post.quiet(later(40)))
    assert set(letters) == {TOMAS, "yuki.tanaka@halden.example"}
    assert event_in(letters["yuki.tanaka@halden.example"])["DTSTART"].dt == datetime(
        2026, 3, 18, 8, tzinfo=UTC
    )


def test_who_reads_a_calendar_hears_only_what_is_urgent(app: Flask, post: Post) -> None:
    with unit_of_work():
        tomas = workforce.technician()
        db.session.get_one(User, tomas.user_id).invited_by_mail = False
        _project, visit = invited(tomas)
    assert set(to(post.quiet(make.NOW))) == {YUKI}
    assert sending.urgent_news(visit.id, tomas.user_id, at=later(60)) is sending.News.INVITED

    with time_machine.travel(later(60), tick=False), unit_of_work():
        assert reactions.tell_now(visit_id=visit.id, user_id=tomas.user_id)
    assert set(to(post.send(later(61)))) == {TOMAS}
    db.session.rollback()
    assert sending.urgent_news(visit.id, tomas.user_id, at=later(61)) is None
    with time_machine.travel(later(62), tick=False), unit_of_work():
        assert not reactions.tell_now(visit_id=visit.id, user_id=tomas.user_id)


def test_an_invitation_is_sent_again_when_somebody_asks(app: Flask, post: Post) -> None:
    with unit_of_work():
        _project, visit = invited(workforce.technician())
    first = to(post.quiet(make.NOW))[YUKI]
    with time_machine.travel(later(30), tick=False), unit_of_work():
        assert reactions.send_again(make_id(visit))

    [again] = post.send(later(31))

    assert event_in(again)["SEQUENCE"] == event_in(first)["SEQUENCE"]
    assert event_in(again)["DTSTAMP"].dt > event_in(first)["DTSTAMP"].dt
    assert again["Message-ID"] != first["Message-ID"]


HOSTILE = (
    "Evil\r\nEND:VEVENT\r\nEND:VCALENDAR",
    'x" ;ROLE=CHAIR:mailto:evil@example.org',
    "nul\x00 bell\x07 esc\x1b",
    "\u202eltr\u2066 \U0001f600 \u2028line",
    "Subject: x\r\nBcc: evil@example.org",
    "a" * 10_000,
    "<script>alert(1)</script> {{ 7*7 }} %(name)s",
)


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_texts_break_no_letter(app: Flask, post: Post, text: str) -> None:
    with unit_of_work():
        tomas = workforce.technician(name=text[:100])
        db.session.get_one(User, tomas.user_id).email = TOMAS
        project = projects.live()
        site = site_of(project)
        site.name = site.street = site.city = text
        contact = db.session.get_one(Contact, project.contact_id)
        contact.name = contact.phone = text
        db.session.flush()
        visit = make.confirmed(project, tomas, title=text)
        visit.titles = {"en": text, "de": text}
        visit.note = text

    letters = to(post.quiet(make.NOW))
    with unit_of_work():
        progress.cancel(for_change(visit), reason=text, at=later(30), actor_id=None)
    gone = to(post.quiet(later(30)))

    assert set(letters) == set(gone) == {YUKI, TOMAS}
    for letter in [*letters.values(), *gone.values()]:
        assert "evil@example.org" not in str(letter["Bcc"])
        assert [str(one.addr_spec) for one in letter["To"].addresses] in ([YUKI], [TOMAS])
        data = data_of(calendar_part(letter))
        assert data.count(b"\r\nEND:VEVENT\r\n") == data.count(b"\r\nEND:VCALENDAR\r\n") == 1
        event = event_in(letter)
        assert str(event["ATTENDEE"]) in {f"mailto:{YUKI}", f"mailto:{TOMAS}"}
        assert str(event["ATTENDEE"].params["ROLE"]) == "REQ-PARTICIPANT"
        html = letter.get_body(("html",))
        assert html is not None
        assert "<script>" not in html.get_content()


def test_an_address_that_cannot_be_written_is_nobodys(app: Flask, post: Post) -> None:
    with unit_of_work():
        project, _visit = invited(workforce.technician())
        db.session.get_one(Contact, project.contact_id).email = 'x"\r\nBcc: evil@example.org,y@halden.example'

    assert set(to(post.quiet(make.NOW))) == {TOMAS}
    statuses = set(db.session.scalars(sa.select(Delivery.status)))
    assert DeliveryStatus.DEAD not in statuses


def test_a_delivery_that_is_given_up_does_not_silence_anybody(app: Flask, post: Post) -> None:
    with unit_of_work():
        tomas = workforce.technician()
        invited(tomas)
    post.note(make.NOW)
    with unit_of_work():
        reactions._give_up({"recipient": f"user:{tomas.user_id}", "round": ""})

    with unit_of_work():
        sending.mark([sending.Recipient(user_id=tomas.user_id)], at=later(20))
    assert TOMAS in to(post.send(later(30)))


def test_only_one_clock_says_when_it_is_time(app: Flask, post: Post) -> None:
    with unit_of_work():
        tomas = workforce.technician()
        invited(tomas)
    post.note(make.NOW)
    to_tell = sa.select(Delivery).where(Delivery.name == sending.TELL).order_by(Delivery.id.desc())
    with unit_of_work():
        row = db.session.scalars(to_tell).first()
        assert row is not None
        assert abs(row.run_at - row.created_at - sending.QUIET) < timedelta(seconds=1)
        db.session.execute(sa.update(Delivery).values(run_at=make.NOW - timedelta(minutes=1)))
    known = db.session.scalar(sa.select(sa.func.count(Delivery.id)))

    looks = 0  # our own clock has not reached the instant, which is the queue's to know
    while worker.work_once(app, queues=("mail",)):
        looks += 1
        assert looks < 20, "it is asked for ever whether it is time"

    assert TOMAS in to(post.got)
    db.session.rollback()
    assert (
        db.session.scalar(sa.select(sa.func.count(Delivery.id)).where(Delivery.name == sending.TELL)) or 0
    ) <= (known or 0)
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Telling)) == 0


def make_id(visit: Visit) -> int:
    """The number of the customer's invitation."""
    return db.session.scalars(
        sa.select(Invitation.id).where(Invitation.visit_id == visit.id, Invitation.contact_id.is_not(None))
    ).one()


def _site_changed(site: Site, *, at: datetime) -> reactions.SiteChanged:
    return reactions.SiteChanged(
        at=at, actor_id=None, account_id=site.account_id, site_id=site.id, name=site.name, changed=("street",)
    )


def _let_leases_end() -> None:
    with unit_of_work():
        db.session.execute(
            sa.update(Delivery)
            .where(Delivery.status == DeliveryStatus.LEASED)
            .values(lease_until=make.NOW - timedelta(days=1))
        )
