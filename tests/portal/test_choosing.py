"""A customer chooses when we come: from the mail to the calendar file, moves it, cancels it, and says what suits."""

import re
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask

from concierge.accounts.models import Contact
from concierge.catalogue.states import VisitKind
from concierge.dispatch import offers
from concierge.dispatch.actions import choosing, offering
from concierge.dispatch.models import SlotOffer
from concierge.dispatch.states import OfferKind, OfferState
from concierge.identity.permissions import Role
from concierge.invitations.actions.sending import QUIET
from concierge.platform import clock as clocks
from concierge.platform.database import db, unit_of_work
from concierge.projects.models import Project
from concierge.readiness.actions import linking
from concierge.readiness.models import CustomerLink
from concierge.visits.actions import working
from concierge.visits.states import VisitState
from concierge.visits.work import work_for_change
from concierge.workforce.models import Technician
from tests.makers import people, visits, workforce
from tests.makers.days import on
from tests.portal.conftest import Customer, letters

ON_SQLITE = pytest.mark.parametrize("app", ["sqlite"], indirect=True)
"""For what is only said: databases cannot differ there."""
HOSTILE = 'We need <b onclick="x">four</b> hours {{ 7*7 }}'


def offered(project: Project, *, times: int = 2, **wish: Any) -> int:  # Any: what a wish says
    """Two held times in two weeks for a training of three hours, or whatever is free; the number of the offer."""
    with unit_of_work():
        own = db.session.get_one(Project, project.id)
        site = visits.site_of(own)
        selin = workforce.technician(name="Selin Aydin", skills=("ms",))
        jonas = people.user(name="Jonas Weber", role=Role.DISPATCHER)
        piece = working.open_work(
            own, kind=VisitKind.TRAINING, title="Train them, quietly", titles={"en": "Training"},
            site=site, skill="ms", minutes=180, needs_customer=True, at=clocks.now(), actor_id=jonas.id,
        )  # fmt: skip
        said = {
            "kind": OfferKind.TIMES if times else OfferKind.OPEN, "minutes": 180, "first_on": on("Mon 2026-03-16"),
            "last_on": on("Fri 2026-03-27"), "answer_on": on("Mon 2026-03-09"), "note": HOSTILE, **wish,
        }  # fmt: skip
        terms = offers.Terms(
            site=site, kind=VisitKind.TRAINING, minutes=180, first_on=said["first_on"], last_on=said["last_on"],
            skill="ms", project_id=own.id,
        )  # fmt: skip
        free = offers.free_times(terms, at=clocks.now(), most=times, per_day=1) if times else ()
        made = offering.offer(
            work_for_change(piece.id), offers.people_of(own)[0], offering.Wish(times=free, **said),
            at=clocks.now(), actor_id=jonas.id,
        )  # fmt: skip
        assert selin.user_id
        return made.id


def state_of(offer_id: int) -> SlotOffer:
    db.session.rollback()
    db.session.expire_all()
    return offers.offer_by_id(offer_id)


@ON_SQLITE
def test_from_the_mail_to_the_calendar_file_and_on(
    app: Flask, project: Project, customer: Customer, clock: time_machine.Traveller
) -> None:
    offer_id = offered(project)
    path = f"/times/{offer_id}"
    (mail,) = [one for one in letters(app, to="yuki@halden.example") if "/times/" in one.text]
    assert f"/p/{customer.token}{path}" not in mail.text, "the ledger forgets the secret"
    assert "• Mon 16 Mar, 08:00–11:00" in mail.text
    assert HOSTILE in mail.text

    page = customer.get(path)
    assert "&lt;b onclick" in page
    assert "Train them" not in page, "what we call it is ours"
    assert "Training" in page
    assert "Mon 16 Mar, 08:00–\u206011:00" in page, "no line ends within it"
    assert state_of(offer_id).opened_at is not None
    assert "Training" in customer.get(), "it is the first thing on their page"

    links = re.findall(r'href="/p/[^/]+(/times/\d+/choices/\d+)"', page)
    assert len(links) == 2
    for _again in range(2):  # sent twice, it is booked once
        assert customer.post(links[0], page=path).status_code == 303
    visit = state_of(offer_id).visit
    assert visit is not None
    assert (visit.state, visit.sequence) == (VisitState.CONFIRMED, 1)
    page = customer.get(path)
    (file,) = set(re.findall(r'href="/p/[^/]+(/visits/\d+\.ics)"', page))
    calendar = customer.get(file)
    assert f"UID:{visit.uid}" in calendar.replace("\r\n ", "")
    assert f"SEQUENCE:{visit.sequence}" in calendar

    assert not [one for one in letters(app, to="yuki@halden.example") if one.is_itip], "it may still change"
    clock.shift(QUIET + timedelta(minutes=1))
    invited = [one for one in letters(app, to="yuki@halden.example") if one.is_itip]
    assert len(invited) == 1, "the invitation follows"

    other = customer.get(f"{path}/others")
    starts = re.search(
        r'name="starts" value="([^"]+)"><input type="hidden" name="ends" value="([^"]+)"', other
    )
    assert starts
    held = customer.post(f"{path}/holds", page=f"{path}/others", starts=starts[1], ends=starts[2])
    confirm = held.headers["Location"].partition(customer.token)[2]
    visit_id, before = visit.id, visit.starts_at
    assert customer.post(confirm, page=confirm).status_code == 303
    found = state_of(offer_id)
    assert found.visit is not None
    assert (found.visit_id, found.moves_made, found.visit.starts_at > before) == (visit_id, 1, True)

    assert customer.post(f"{path}/cancellation", page=f"{path}/cancellation", reason=" ").status_code == 422
    answer = customer.post(f"{path}/cancellation", page=f"{path}/cancellation", reason="<b>Flooded</b>")
    assert answer.status_code == 303
    assert state_of(offer_id).state is OfferState.CALLED_OFF
    assert "You cancelled this visit" in customer.get(path)


@ON_SQLITE
def test_times_are_said_by_the_site_and_beside_it_by_the_reader(
    app: Flask, project: Project, customer: Customer
) -> None:
    """Yuki's laboratory is in Basel; she lives in Osaka and reads Arabic."""
    offer_id = offered(project)
    with unit_of_work():
        link = db.session.get_one(CustomerLink, customer.link_id)
        link.language = "ar"
        offer = offers.offer_for_change(offer_id)
        db.session.get_one(type(offer.contact), offer.contact_id).zone = "Asia/Tokyo"
    page = customer.get(f"/times/{offer_id}")
    assert 'dir="rtl"' in page
    assert page.count("بتوقيتكم") == 2, "both times stand on her clock, too"


def test_a_time_that_went_is_said_with_others_and_the_wrong_people_see_nothing(
    app: Flask, project: Project, customer: Customer
) -> None:
    offer_id = offered(project)
    path = f"/times/{offer_id}"
    choices = state_of(offer_id).choices
    with unit_of_work():
        selin = db.session.scalars(sa.select(Technician)).one()
        workforce.absence(selin, choices[0].starts_at.date())
    page = customer.get(path)
    assert page.count("<s>") == 1
    assert f"{path}/holds" in page, "others are offered beside it"
    near = re.search(r'name="starts" value="([^"]+)"><input type="hidden" name="ends" value="([^"]+)"', page)
    assert near
    held = customer.post(f"{path}/holds", page=path, starts=near[1], ends=near[2])
    assert held.status_code == 303, "close to one that is held for them, too"
    refused = customer.post(f"{path}/choices/{choices[0].id}", page=path)
    assert refused.status_code == 409
    assert "not free any more" in refused.get_data(as_text=True)
    assert customer.post(f"{path}/wish", page=path, wish="").status_code == 422
    assert customer.post(f"{path}/wish", page=path, wish=HOSTILE).status_code == 303
    assert "&lt;b onclick" in customer.get(path)
    assert customer.post(f"{path}/holds", page=path, starts="nonsense", ends="2026").status_code == 404
    far = {"starts": "2026-03-16T03:00:00+00:00", "ends": "2026-03-16T06:00:00+00:00"}
    assert customer.post(f"{path}/holds", page=path, **far).status_code == 409, "the site is closed at night"

    with unit_of_work():
        offer = offers.offer_for_change(offer_id)
        other = colleague(offer)
        stranger = linking.give_link(offer.project, other, is_mailed=False, at=clocks.now(), actor_id=None)
        token = linking.token_of(stranger)
    browser = app.test_client()
    assert browser.get(f"/p/{token}{path}").status_code == 404
    assert browser.get(f"/p/{token}").status_code == 200

    with unit_of_work():
        offering.withdraw(
            offers.offer_for_change(offer_id), reason="Ours alone", at=clocks.now(), actor_id=None
        )
    page = customer.get(path)
    assert "Ours alone" not in page
    assert f"{path}/choices" not in page
    assert customer.post(f"{path}/choices/{choices[1].id}", page="").status_code == 409
    assert state_of(offer_id).visit_id is None

    with unit_of_work():
        link = db.session.get_one(CustomerLink, customer.link_id)
        linking.revoke_link(link, at=clocks.now(), actor_id=None)
    customer.get(path, status=404)


def colleague(offer: SlotOffer) -> Contact:
    one = Contact(
        account_id=offer.project.account_id, name="Mallory Strang", email="mallory@halden.example", language="en",
        zone="Europe/Zurich",
    )  # fmt: skip
    db.session.add(one)
    db.session.flush()
    return one


@ON_SQLITE
def test_open_booking_pages_on_and_a_hold_is_given_back_by_itself(
    app: Flask, project: Project, customer: Customer, clock: time_machine.Traveller
) -> None:
    offer_id = offered(project, times=0)
    path = f"/times/{offer_id}"
    with unit_of_work():
        offer = offers.offer_for_change(offer_id)
        offer.project.contact_id = colleague(offer).id  # whoever chooses is not our contact
    page = customer.get(path)
    found = re.findall(
        r'name="starts" value="([^"]+)"><input type="hidden" name="ends" value="([^"]+)"', page
    )
    assert 6 <= len(found) <= 12
    later = re.search(r'href="/p/[^/]+(/times/\d+\?since=[0-9-]+)"', page)
    assert later
    assert found[-1][0] not in customer.get(later[1])

    held = customer.post(f"{path}/holds", page=path, starts=found[0][0], ends=found[0][1])
    confirm = held.headers["Location"].partition(customer.token)[2]
    clock.shift(choosing.HELD + timedelta(hours=1))
    assert customer.post(confirm, page=path).status_code == 303, "what is free still is booked all the same"
    assert state_of(offer_id).state is OfferState.BOOKED

    def told(name: str) -> list[bool]:
        """Which letters to somebody about the visit are calendar messages, once it is quiet."""
        letters(app)
        clock.shift(QUIET + timedelta(minutes=1))
        return [one.is_itip for one in letters(app, to=f"{name}@halden.example") if path not in one.text]

    assert told("mallory") == [True]
    assert told("yuki") == [True], "the same invitation as everybody's, and no other letter"
    gone = customer.post(f"{path}/cancellation", page=f"{path}/cancellation", reason="Flooded")
    assert gone.status_code == 303
    assert told("yuki") == [True, True], "and its end"
