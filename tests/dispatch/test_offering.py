"""Customers choose when we come: what is offered and held, chosen, moved, called off; and what happens at once."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask
from flask_babel import force_locale

from concierge.catalogue.states import VisitKind
from concierge.core.spans import Span
from concierge.dispatch import chores, offers
from concierge.dispatch.actions import choosing, offering
from concierge.dispatch.models import SlotOffer
from concierge.dispatch.states import OfferKind, OfferState
from concierge.identity.models import User
from concierge.identity.permissions import Role
from concierge.platform import worker
from concierge.platform.database import db, unit_of_work
from concierge.platform.mail import OutgoingMail
from concierge.platform.words import in_words
from concierge.projects.models import Delay, Project, Promise
from concierge.projects.states import Party, ShownOn
from concierge.visits import feasibility
from concierge.visits.actions import arranging, progress, working
from concierge.visits.clocks import wall_time
from concierge.visits.models import Visit, WorkOrder
from concierge.visits.queries import visit_for_change
from concierge.visits.states import VisitState
from concierge.visits.work import work_for_change
from concierge.workforce.actions import holding
from concierge.workforce.models import Technician, TimeHold
from tests.makers import people, projects, visits, workforce
from tests.makers.days import at, on
from tests.makers.visits import site_of
from tests.visits.test_at_once import together

NOW = at("Mon 2026-03-02 10:00+00:00")
ON_SQLITE = pytest.mark.parametrize("app", ["sqlite"], indirect=True)
"""For what databases cannot differ in: which times are found."""


@pytest.fixture
def clock(app: Flask) -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


def work(of: Project, title: str = "Repair", **asks: Any) -> WorkOrder:  # Any: what the act takes
    wanted = {"kind": VisitKind.TRAINING, "minutes": 180, "skill": "ms", **asks}
    return working.open_work(of, title=title, site=site_of(of), at=NOW, actor_id=None, **wanted)


def offered(
    of: WorkOrder, *, by: User, times: int = 2, starting: int = 0, **wish: Any
) -> SlotOffer:  # Any: what a wish says
    """Offer some of the first free times, or with none whatever is free."""
    own = work_for_change(of.id)
    project = db.session.get_one(Project, own.project_id)
    contact = offers.people_of(project)[0]
    said = {
        "kind": OfferKind.TIMES if times else OfferKind.OPEN,
        "minutes": 180,
        "first_on": on("Mon 2026-03-09"),
        "last_on": on("Fri 2026-03-27"),
        "answer_on": on("Fri 2026-03-06"),
        **wish,
    }
    terms = offers.Terms(
        site=own.site, kind=own.kind, minutes=said["minutes"], first_on=said["first_on"],
        last_on=said["last_on"], skill=own.skill, crew=max(1, own.crew), project_id=own.project_id,
        notice_days=said.get("notice_days", 2), buffer_minutes=said.get("buffer_minutes", 0),
    )  # fmt: skip
    free = offers.free_times(terms, at=NOW, most=times + starting, per_day=1) if times else ()
    return offering.offer(own, contact, offering.Wish(times=free[starting:], **said), at=NOW, actor_id=by.id)


def again(offer: SlotOffer) -> SlotOffer:
    db.session.rollback()
    db.session.expire_all()
    return offers.offer_by_id(offer.id)


def choose(offer: SlotOffer, number: int = 0, *, at: datetime) -> Visit:
    own = offers.offer_for_change(offer.id)
    return choosing.choose(own, own.choices[number].id, at=at)


@pytest.fixture
def scene(clock: time_machine.Traveller, app: Flask) -> dict[str, Any]:  # Any: rows
    with unit_of_work():
        project = projects.live()
        selin = workforce.technician(name="Selin Aydin", skills=("ms",))
        jonas = people.user(name="Jonas Weber", role=Role.DISPATCHER)
        piece = work(project)
    return {"project": project, "selin": selin, "jonas": jonas, "work": piece, "clock": clock}


def test_offered_times_are_held_chosen_moved_and_called_off(app: Flask, scene: dict[str, Any]) -> None:
    selin, clock = scene["selin"], scene["clock"]
    with unit_of_work():
        offer = offered(scene["work"], by=scene["jonas"])
    first, second = again(offer).choices
    stay = Span(first.starts_at, first.ends_at)

    assert [one.user_ids for one in (first, second)] == [[selin.user_id]] * 2
    with app.test_request_context():
        held = feasibility.conflicts(
            feasibility.Wanted(site=site_of(scene["project"]), stay=stay, user_ids=(selin.user_id,))
        )
    assert [one.user_id for one in held if one.needs_reason] == [selin.user_id], "nobody else gets her then"

    with unit_of_work():  # twice is once
        booked = {choose(offer, at=NOW).id, choose(offer, at=NOW).id}
    visit = db.session.get_one(Visit, booked.pop())
    assert not booked
    assert (visit.state, visit.starts_at, again(offer).state) == (
        VisitState.CONFIRMED, first.starts_at, OfferState.BOOKED,
    )  # fmt: skip
    assert db.session.scalar(sa.select(sa.func.count(TimeHold.id))) == 0, "the other time is free again"
    agreed = db.session.scalars(sa.select(Promise).where(Promise.shown_on == ShownOn.AGREEMENT)).all()
    assert [one.finish_on for one in agreed] == [], "the work belongs to no milestone"

    with unit_of_work(), app.test_request_context(), force_locale("ja"):  # as the customer reads
        own = offers.offer_for_change(offer.id)
        other = choosing.hold(own, starts_at=second.starts_at, ends_at=second.ends_at, at=NOW)
        moved = choosing.choose(own, other.id, at=NOW)
    assert moved.id == visit.id
    db.session.rollback()
    days = db.session.scalars(sa.select(Delay)).all()
    assert [(one.party, one.first_on, one.last_on) for one in days] == [
        (Party.CUSTOMER, first.starts_at.date(), second.starts_at.date() - timedelta(days=1))
    ]
    with app.test_request_context(), force_locale("de"):
        assert in_words(days[0].reason) == "Der Kunde hat den Besuch auf einen späteren Tag verschoben."

    day_before = second.starts_at - timedelta(days=1)
    clock.move_to(day_before)
    with pytest.raises(choosing.NotChosen, match="too near"), unit_of_work():
        choosing.call_off(offers.offer_for_change(offer.id), reason="The room is flooded", at=day_before)
    clock.move_to(NOW)
    with unit_of_work():
        choosing.call_off(offers.offer_for_change(offer.id), reason="The room is flooded", at=NOW)
    found = again(offer)
    assert found.state is OfferState.CALLED_OFF
    assert found.visit is not None
    assert (found.visit.state, found.visit.cancel_reason) == (VisitState.CANCELLED, "The room is flooded")
    open_ = db.session.scalars(sa.select(Delay).where(Delay.last_on.is_(None))).one()
    assert (open_.id, open_.party) == (found.delay_id, Party.CUSTOMER)

    with unit_of_work():  # somebody plans it by hand: it asks for nothing any more, and costs no more days
        visits.visit(scene["project"], selin, starts="Thu 2026-03-26 09:00")
        piece = work_for_change(scene["work"].id)
        arranging.plan_visit(
            scene["project"], kind=piece.kind, title=piece.title, site=piece.site, work_order=piece,
            starts_local=visits.wall("Wed 2026-03-18 09:00"), ends_local=visits.wall("Wed 2026-03-18 12:00"),
            technician_ids=[selin.user_id], at=NOW, actor_id=None,
        )  # fmt: skip
    assert again(offer).seen_by_us_at is not None
    db.session.refresh(open_)
    assert open_.last_on == on("Tue 2026-03-17")


def test_an_expired_hold_blocks_nobody_although_nobody_tidied_up(app: Flask, scene: dict[str, Any]) -> None:
    with unit_of_work():
        offer = offered(scene["work"], by=scene["jonas"])
        beside = work(scene["project"], "Beside")
    held = again(offer).choices

    with unit_of_work():
        other = offered(beside, by=scene["jonas"])
    taken = {one.starts_at for one in held} & {one.starts_at for one in again(other).choices}
    assert not taken, "what is held for one is not offered to another"

    later = offer.expires_at + timedelta(minutes=1)
    scene["clock"].move_to(later)
    with pytest.raises(choosing.NotChosen, match="run out"), unit_of_work():
        choose(offer, at=later)
    with unit_of_work():
        holding.hold(
            [scene["selin"].user_id], Span(held[0].starts_at, held[0].ends_at),
            until=later + timedelta(days=1), holder="something else", words="", at=later,
        )  # fmt: skip
    chores.end_offers(later)
    assert again(offer).state is OfferState.LAPSED
    assert [one.holder for one in db.session.scalars(sa.select(TimeHold))] == ["something else"]


def test_of_twenty_who_confirm_the_time_of_one_technician_at_once_one_succeeds(
    app: Flask, scene: dict[str, Any]
) -> None:
    """Each held the same time for a while, one after the other, and confirms it after that."""
    clock, now = scene["clock"], NOW
    found = []
    with unit_of_work():
        pieces = [work(scene["project"], f"Piece {number}") for number in range(20)]
        made = [offered(one, by=scene["jonas"], times=0, answer_on=on("Fri 2026-03-06")) for one in pieces]
    starts = at("Tue 2026-03-10 09:00+01:00")
    for one in made:
        now += choosing.HELD + timedelta(minutes=1)
        clock.move_to(now)
        with unit_of_work():
            own = offers.offer_for_change(one.id)
            choice = choosing.hold(own, starts_at=starts, ends_at=starts + timedelta(hours=3), at=now)
            found.append((one.id, choice.id))
    now += timedelta(hours=1)
    clock.move_to(now)

    def confirm(number: int) -> None:
        offer_id, choice_id = found[number]
        choosing.choose(offers.offer_for_change(offer_id), choice_id, at=now)

    results = together(app, confirm, times=20)

    assert results.count("done") == 1
    assert {one for one in results if one != "done"} == {choosing.gone().sentence}
    db.session.rollback()
    states = list(db.session.scalars(sa.select(SlotOffer.state)))
    assert (states.count(OfferState.BOOKED), states.count(OfferState.OPEN)) == (1, 19), (
        "nothing else was lost"
    )
    assert db.session.scalar(sa.select(sa.func.count(Visit.id)).where(Visit.starts_at == starts)) == 1


def test_of_ten_who_hold_one_time_at_once_one_succeeds(app: Flask, scene: dict[str, Any]) -> None:
    with unit_of_work():
        pieces = [work(scene["project"], f"Piece {number}") for number in range(10)]
        ids = [offered(one, by=scene["jonas"], times=0).id for one in pieces]
    starts = at("Tue 2026-03-10 09:00+01:00")

    def hold(number: int) -> None:
        shifted = starts + timedelta(minutes=30 * (number % 3))
        own = offers.offer_for_change(ids[number])
        choosing.hold(own, starts_at=shifted, ends_at=shifted + timedelta(hours=3), at=NOW)

    results = together(app, hold, times=10)

    assert results.count("done") == 1
    assert {one for one in results if one != "done"} == {choosing.gone().sentence}


@ON_SQLITE
def test_what_became_infeasible_is_said_and_somebody_else_goes_where_that_helps(
    app: Flask, scene: dict[str, Any]
) -> None:
    """Leave takes the first away; at the second time somebody else certified is free."""
    with unit_of_work():
        offer = offered(scene["work"], by=scene["jonas"])
    first, second = again(offer).choices
    with unit_of_work():
        selin = db.session.get_one(Technician, scene["selin"].id)
        workforce.absence(selin, first.starts_at.date(), second.starts_at.date())
    assert offers.still_free(again(offer), again(offer).choices, at=NOW) == (False, False)
    assert all(one.starts_at > second.starts_at for one in offers.others(again(offer), at=NOW))
    with pytest.raises(choosing.Gone), unit_of_work():
        choose(offer, at=NOW)
    assert again(offer).state is OfferState.OPEN
    assert db.session.scalar(sa.select(sa.func.count(TimeHold.id))) == 2, "what was held is held still"

    with unit_of_work():
        lena = workforce.technician(name="Lena Roth", skills=("ms",))
        visit_id = choose(offer, 1, at=NOW).id
    db.session.rollback()
    visit = db.session.get_one(Visit, visit_id)
    assert visits.again(visit).technician_ids == (lena.user_id,)


@ON_SQLITE
def test_notice_pause_crew_and_hours_are_kept_and_a_clock_change_moves_nothing(
    app: Flask, scene: dict[str, Any]
) -> None:
    """Sunday 29 March the clocks go forward in Basel; a crew of two with an hour's pause around each visit."""
    project, selin = scene["project"], scene["selin"]
    with unit_of_work():
        workforce.technician(name="Lena Roth", skills=("ms",))
        visits.visit(project, selin, starts="Tue 2026-03-24 09:00", hours=2)
        two = work(project, "Two at once", crew=2)
    terms = offers.Terms(
        site=site_of(project), kind=VisitKind.TRAINING, minutes=180, first_on=on("Mon 2026-03-02"),
        last_on=on("Wed 2026-04-01"), skill="ms", crew=2, notice_days=15, buffer_minutes=60,
    )  # fmt: skip
    free = offers.free_times(terms, at=NOW, most=40, per_day=3)
    zone = site_of(project).zone

    assert min(one.starts_at for one in free) >= at("Mon 2026-03-23 00:00+01:00"), (
        "fifteen working days ahead"
    )
    assert all(len(one.user_ids) == 2 for one in free)
    busy = Span(at("Tue 2026-03-24 08:00+01:00"), at("Tue 2026-03-24 12:00+01:00"))
    assert not [one for one in free if one.span.overlaps(busy)], "an hour lies between"
    local = {
        wall_time(one.starts_at, zone).hour
        for one in free
        if one.starts_at > at("Mon 2026-03-30 00:00+02:00")
    }
    assert local, "the week after the change is offered, by its own clock"
    assert min(local) >= 8

    with pytest.raises(offering.NotOffered, match="two or three"), unit_of_work():
        offered(two, by=scene["jonas"], times=1)
    with pytest.raises(offering.NotOffered, match="too soon"), unit_of_work():
        offering.offer(
            work_for_change(two.id), offers.people_of(project)[0],
            offering.Wish(
                OfferKind.TIMES, 180, on("Mon 2026-03-02"), on("Wed 2026-04-01"), on("Fri 2026-03-06"),
                times=free[:2], notice_days=40,
            ),
            at=NOW, actor_id=scene["jonas"].id,
        )  # fmt: skip


def test_a_planned_visit_gets_the_chosen_time_and_what_is_planned_otherwise_ends_the_offer(
    app: Flask, scene: dict[str, Any]
) -> None:
    project, selin, jonas = scene["project"], scene["selin"], scene["jonas"]
    with unit_of_work():
        visit = visits.visit(
            project, selin, starts="Thu 2026-03-19 09:00", kind=VisitKind.TRAINING, skill="ms"
        )
        tentative = db.session.get_one(WorkOrder, visit.work_order_id)
        offer = offered(tentative, by=jonas)
        another = offered(scene["work"], by=jonas, starting=2)
    with unit_of_work():
        assert choose(offer, at=NOW).id == visit.id
    assert visits.again(visit).state is VisitState.CONFIRMED
    worker.drain(app)
    with unit_of_work():
        progress.confirm(
            visits.visit(project, selin, starts="Mon 2026-03-23 09:00"), at=NOW, actor_id=jonas.id
        )
    with unit_of_work():
        working.cancel_work(work_for_change(scene["work"].id), reason="Not needed", at=NOW, actor_id=jonas.id)
    worker.drain(app)
    db.session.rollback()
    assert again(another).state is OfferState.OVERTAKEN
    keys = db.session.scalars(sa.select(OutgoingMail.key).where(OutgoingMail.key.startswith("offer:"))).all()
    assert f"offer:{another.id}:no longer" in keys, "who was asked hears that they need not choose"

    with unit_of_work():
        progress.cancel(visit_for_change(visit.id), reason="Crate late", at=NOW, actor_id=jonas.id)
    assert again(offer).state is OfferState.OVERTAKEN
    with pytest.raises(choosing.NotChosen), unit_of_work():
        choosing.call_off(offers.offer_for_change(offer.id), reason="Too late", at=NOW)
