"""What a site is asked is computed: figures × options × destination; a change touches only the rows concerned."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from concierge.accounts.actions.sites import SiteDetails, change_site
from concierge.accounts.models import Contact, Site
from concierge.accounts.states import ContactRole
from concierge.catalogue import bounds
from concierge.catalogue.actions import playbooks, products
from concierge.catalogue.actions.playbooks import Content
from concierge.catalogue.models import PlaybookItem, Product, ProductFact
from concierge.catalogue.states import (
    ROLES,
    Anchor,
    DueDays,
    GateKind,
    InstrumentClass,
    ItemType,
    ProductKind,
    Responsible,
)
from concierge.core.worktime import add_workdays
from concierge.orders.actions.matching import match_line
from concierge.orders.models import OrderLine
from concierge.platform import speech, undo, worker
from concierge.platform.database import db, unit_of_work
from concierge.platform.errors import Refused
from concierge.platform.events import RecordedEvent
from concierge.platform.previews import foreseen
from concierge.projects.actions import proposals, replanning, rescheduling, undoing
from concierge.projects.actions.approving import approve_plan
from concierge.projects.actions.calendar_changes import CalendarChange, ChangeKind
from concierge.projects.actions.creation import create_project
from concierge.projects.calendars import site_calendars
from concierge.projects.models import Gate, Project
from concierge.projects.states import ProposalKind
from concierge.readiness import mails, plan, queries
from concierge.readiness.actions import answering, attaching, judging
from concierge.readiness.actions.answering import Answerer
from concierge.readiness.models import ItemAnswer, ReadinessItem
from concierge.readiness.states import ItemState, Standing, Verdict
from concierge.workforce.actions import closures
from tests.makers import catalogue, orders, people, readiness
from tests.makers.days import on

AT = orders.RECEIVED
PLUGS = {code: {"en": code} for code in ("schuko", "t23", "nema-5-15", "bs1363", "cee-16", "other")}
GASES = {code: {"en": code} for code in ("he", "h2")}


def fact(
    quantity: str, unit: str, least: float | None, most: float | None, condition: str = ""
) -> ProductFact:
    return ProductFact(
        quantity=quantity,
        unit=unit,
        minimum=least,
        maximum=most,
        printed="",
        condition=condition,
        text={},
        source="Guide of the maker",
        source_rev="rev 7",
        checked_on=on("Mon 2026-01-05"),
    )


FACTS = (
    ("temperature", "°C", 18, 27, ""),
    ("voltage", "V", 108, 132, "mains-120"),
    ("voltage", "V", 220, 240, "mains-230"),
    ("clearance_rear", "cm", 25, None, ""),
    ("clearance_rear", "cm", 14, None, "deflector"),
    ("weight", "kg", 50, 50, ""),
    ("weight", "kg", 57, 57, "detectors"),
    ("weight", "kg", 900, 900, "controller"),
)


def items() -> list[PlaybookItem]:
    measure = {"type": ItemType.MEASURE}
    return [
        _asked("temperature", "The room stays at {range}", unit="°C", fact="temperature", **measure),
        _asked("voltage", "The outlet gives {range}", unit="V", fact="voltage", **measure),
        _asked("rear", "Behind it {range} are free", unit="mm", fact="clearance_rear", **measure),
        _asked("bench", "The bench carries {range}", unit="kg", fact="weight", **measure),
        _asked("plug", "Which plug fits? {plugs}", type=ItemType.CHOICE, choices=PLUGS, fact="mains_plug"),
        _asked("gas", "Which gas?", type=ItemType.CHOICE, choices=GASES),
        _asked("leak-test", "The leak test is passed", condition={"item": "gas", "is": ["h2"]}),
        _asked("nitrogen", "Nitrogen is there", option_key="lcms-faims"),
        _asked("form", "The form for customs is signed", countries=["US"]),
        _asked("crate", "Room for the crate", gate=None),
    ]


def _asked(key: str, words: str, *, gate: GateKind | None = GateKind.SHIP, **columns: Any) -> PlaybookItem:
    row = readiness.wanted(key, words, gate=gate, type=columns.pop("type", ItemType.CONFIRM))
    row.requirement = {"en": words}
    for name, value in columns.items():
        setattr(row, name, value)
    return row


def instrument(asked: Sequence[PlaybookItem] | None = None) -> Product:
    """An instrument with figures and three options; needs a unit of work."""
    content = Content(milestones=catalogue.plain_milestones(), items=items() if asked is None else asked)
    version = playbooks.draft_playbook("lcms", name="LCMS", content=content)
    playbooks.publish(version, actor_id=None, at=AT)
    product = products.add_product(
        key="lcms",
        name="LCMS",
        kind=ProductKind.INSTRUMENT,
        instrument_class=InstrumentClass.FLOOR,
        playbook=version.playbook,
        facts=[fact(*row) for row in FACTS],
        actor_id=None,
        at=AT,
    )
    for option in ("deflector", "detectors", "faims"):
        products.add_product(
            key=f"lcms-{option}",
            name=option,
            kind=ProductKind.OPTION,
            option_of=product,
            actor_id=None,
            at=AT,
        )
    return product


def project(
    asked: Sequence[PlaybookItem] | None = None, *, country: str = "CH", options: Sequence[str] = ()
) -> Project:
    """A live project, delivery asked for on Wed 2026-04-29."""
    with unit_of_work():
        place = orders.site(country=country)
        sold = [instrument(asked), *(option(name) for name in options)]
        person = orders.contact(place)
        order = orders.order(place, *sold, requested_from=on("Wed 2026-04-29"), person=person)
        return approve_plan(create_project(order.id, actor_id=None, at=AT).id, actor_id=None, at=AT)


def option(name: str) -> Product:
    return db.session.scalars(sa.select(Product).where(Product.key == f"lcms-{name}")).one()


def item(of: Project, key: str) -> ReadinessItem:
    return readiness.item(of, key)


def span(of: Project, key: str) -> tuple[float | None, float | None]:
    found = item(of, key)
    return found.minimum, found.maximum


def answer(of: Project, key: str, typed: str) -> Verdict:
    with unit_of_work():
        return answering.answer_item(item(of, key), typed=typed, at=AT, by=Answerer()).verdict


def accept(of: Project, key: str) -> None:
    with unit_of_work():
        judging.accept_item(item(of, key), at=AT, actor_id=None)


def sell(of: Project, name: str) -> int:
    """An order change adds an option; returns the proposal that follows."""
    with unit_of_work():
        db.session.add(
            OrderLine(
                order_id=of.order_id,
                position=9,
                line_id=f"9-{name}",
                name=name,
                quantity=Decimal(1),
                product_id=option(name).id,
                named_at=AT + timedelta(minutes=1),
            )
        )
        db.session.flush()
        return proposals.propose(
            of.id, ProposalKind.NEW_DATES, note="One line more.", actor_id=None, at=AT + timedelta(minutes=1)
        ).id


def move_to(of: Project, country: str, subdivision: str = "") -> None:
    with unit_of_work():
        site = db.session.scalars(sa.select(Site).where(Site.id == of.site_id)).one()
        details = SiteDetails(name=site.name, country=country, subdivision=subdivision, zone=site.zone)
        change_site(site, details=details, actor_id=None, at=AT)


def renewals() -> list[dict[str, Any]]:
    db.session.rollback()
    rows = db.session.scalars(sa.select(RecordedEvent).where(RecordedEvent.name == "ChecklistRenewed"))
    return [row.payload for row in rows]


def versions(of: Project) -> dict[str, int]:
    return {one.key: one.version for one in readiness.checklist(of).items}


def test_bounds_and_words_come_from_figures_for_the_destination(app: Flask) -> None:
    here = project()

    temperature = item(here, "temperature")
    assert span(here, "temperature") == (18, 27)
    assert temperature.requirement["en"] == "The room stays at 18–27\u00a0°C"
    assert (temperature.source, temperature.source_rev) == ("Guide of the maker", "rev 7")
    assert span(here, "voltage") == (220, 240)
    assert span(here, "rear") == (250, None)
    assert span(here, "bench") == (50, None)
    assert list(item(here, "plug").choices) == ["t23", "cee-16", "other"]
    assert {one.key for one in readiness.checklist(here).items}.isdisjoint({"form", "nitrogen"})


def test_the_united_states_have_other_mains_plugs_units_and_forms(app: Flask) -> None:
    there = project(country="US")

    assert span(there, "voltage") == (108, 132)
    assert list(item(there, "plug").choices) == ["nema-5-15", "cee-16", "other"]
    assert item(there, "plug").requirement["en"] == "Which plug fits? A, B"
    assert (
        item(there, "temperature").requirement["en"] == "The room stays at 64.4–80.6\u00a0°F (18–27\u00a0°C)"
    )
    assert item(there, "form").requirement["en"] == "The form for customs is signed"
    assert answer(there, "temperature", "72 F") is Verdict.OK
    assert answer(there, "temperature", "81 F") is Verdict.OUT_OF_RANGE


def test_the_languages_of_the_destination_decide_what_manuals_may_come_in(app: Flask) -> None:
    """Another country judges the same answer anew and touches nothing else; one without ours accepts what we have."""
    spoken = {code: {"en": code} for code in ("en", "de", "fr", "ja")}
    asked = [
        _asked("manuals", "Manuals in {languages}", type=ItemType.CHOICE, choices=spoken, fact="languages"),
        _asked("bench", "Bench"),
    ]
    here = project(asked)
    assert item(here, "manuals").accepted == ["de", "fr"]
    assert item(here, "manuals").requirement["en"] == "Manuals in German, French, or Italian"
    assert answer(here, "manuals", "en") is Verdict.OUT_OF_RANGE
    assert answer(here, "manuals", "de") is Verdict.OK
    accept(here, "manuals")
    before = versions(here)

    move_to(here, "AT")
    assert (item(here, "manuals").state, item(here, "manuals").accepted) == (ItemState.ACCEPTED, ["de"])
    move_to(here, "JP")

    after = item(here, "manuals")
    assert (after.verdict, after.state, after.value) == (Verdict.OUT_OF_RANGE, ItemState.ANSWERED, "de")
    assert versions(here)["bench"] == before["bench"]
    move_to(here, "BR")
    assert item(here, "manuals").accepted == []


def test_a_customer_reads_their_contacts_language_else_one_of_their_country(app: Flask) -> None:
    here = project(country="JP")
    whole = queries.project_of(readiness.checklist(here))

    assert whole.contact is not None
    for said, read in (("de-CH", "de"), ("", "ja"), ("pt", "ja"), ("en", "en")):
        whole.contact.language = said
        assert mails.language_for(whole, speech.CUSTOMERS) == read
    db.session.rollback()


def test_an_option_that_is_sold_brings_its_own_figures(app: Flask) -> None:
    here = project(options=("detectors", "deflector"))

    assert span(here, "bench") == (57, None)
    assert span(here, "rear") == (140, None)


def test_an_accepted_order_change_touches_only_the_rows_concerned(app: Flask) -> None:
    here = project()
    assert answer(here, "bench", "52 kg") is Verdict.OK
    accept(here, "bench")
    assert answer(here, "rear", "30 cm") is Verdict.OK
    accept(here, "rear")
    before = versions(here)
    proposal_id = sell(here, "detectors")
    assert span(here, "bench") == (50, None), "nothing follows before a person accepts it"

    with unit_of_work():
        proposals.accept(here.id, proposal_id, reason="", actor_id=None, at=AT)

    after = versions(here)
    assert {key for key, version in after.items() if before[key] != version} == {"bench"}
    bench = item(here, "bench")
    assert (bench.minimum, bench.value, bench.verdict) == (57, "52 kg", Verdict.OUT_OF_RANGE)
    assert bench.state is ItemState.ANSWERED, "what was accepted does not fit any more"
    current = db.session.scalars(
        sa.select(ItemAnswer).where(ItemAnswer.item_id == bench.id, ItemAnswer.standing == Standing.CURRENT)
    ).one()
    assert current.verdict is Verdict.OUT_OF_RANGE
    assert item(here, "rear").state is ItemState.ACCEPTED
    (told,) = renewals()
    assert {name: told[name] for name in ("why", "added", "removed", "changed", "judged")} == {
        "why": "order",
        "added": 0,
        "removed": 0,
        "changed": 1,
        "judged": 1,
    }


def test_the_preview_of_an_order_change_says_what_is_asked_otherwise(app: Flask) -> None:
    here = project()
    proposal_id = sell(here, "faims")

    with app.test_request_context():
        db.session.rollback()
        seen = foreseen(
            lambda: proposals.accept(here.id, proposal_id, reason="x", actor_id=None, at=AT),
            project_id=here.id,
            at=AT,
        )

    assert [text["en"] for text in seen.checklist.added] == ["Nitrogen is there"]
    assert not seen.checklist.removed
    assert not seen.is_quiet
    assert "nitrogen" not in versions(here), "nothing was done yet"


def test_a_declined_order_change_asks_nothing(app: Flask) -> None:
    here = project()
    proposal_id = sell(here, "faims")

    with unit_of_work():
        proposals.dismiss(here.id, proposal_id, reason="Not for them.", actor_id=None, at=AT)

    assert renewals() == []
    move_to(here, "US", "CA")
    assert "nitrogen" not in versions(here), "nor when something else is followed later"


def test_a_line_of_an_undecided_change_waits_although_it_is_matched_by_hand(app: Flask) -> None:
    here = project()
    proposal_id = sell(here, "faims")
    with unit_of_work():
        line, meant = (
            db.session.scalars(sa.select(OrderLine).where(OrderLine.name == "faims")).one(),
            option("faims"),
        )
        line.product_id = None
    with unit_of_work():
        match_line(db.session.merge(line), db.session.merge(meant), actor_id=None, at=AT)
    assert (renewals(), "nitrogen" in versions(here)) == ([], False)

    with unit_of_work():
        proposals.accept(here.id, proposal_id, reason="", actor_id=None, at=AT)
    assert "nitrogen" in versions(here)


def test_a_site_in_another_country_keeps_answers_and_says_why(app: Flask) -> None:
    here = project()
    answer(here, "plug", "t23")
    accept(here, "plug")
    answer(here, "voltage", "230 V")
    answer(here, "temperature", "20 °C")
    accept(here, "temperature")

    move_to(here, "US", "CA")

    plug, voltage, temperature = (item(here, key) for key in ("plug", "voltage", "temperature"))
    assert (plug.value, plug.verdict, plug.state) == ("t23", Verdict.UNKNOWN, ItemState.ANSWERED)
    assert (voltage.value, voltage.verdict) == ("230 V", Verdict.OUT_OF_RANGE)
    assert (temperature.value, temperature.state) == ("20 °C", ItemState.ACCEPTED)
    assert item(here, "form").state is ItemState.OPEN
    (told,) = renewals()
    assert (told["why"], told["added"]) == ("site", 1)

    move_to(here, "CH")

    assert item(here, "plug").verdict is Verdict.OK, "the plug fits again"
    assert "form" not in versions(here)


def test_an_answer_to_what_is_no_longer_asked_stays_and_holds_nothing(app: Flask) -> None:
    there = project(country="US")
    answer(there, "form", "no")

    move_to(there, "CH")

    form = item(there, "form")
    assert (form.value, form.gate, form.is_asked, form.is_withdrawn) == ("no", None, False, True)

    move_to(there, "US")

    form = item(there, "form")
    assert (form.value, form.gate, form.is_asked, form.is_withdrawn) == ("no", GateKind.SHIP, True, False)


def test_moving_within_a_country_renews_nothing(app: Flask) -> None:
    here = project()
    before = versions(here)

    move_to(here, "CH", "ZH")

    assert renewals() == []
    assert versions(here) == before


def test_what_was_answered_decides_what_is_asked_and_what_holds(app: Flask) -> None:
    here = project()
    leak = item(here, "leak-test")
    assert not leak.is_asked
    held = _held(here)

    answer(here, "gas", "h2")
    assert item(here, "leak-test").is_asked
    assert _held(here) == held, "the gas is answered, its leak test holds instead"

    answer(here, "gas", "he")
    assert not item(here, "leak-test").is_asked
    assert _held(here) == held - 1


def test_an_item_is_asked_again_with_its_answer_when_its_condition_holds_again(app: Flask) -> None:
    here = project()
    answer(here, "gas", "h2")
    answer(here, "leak-test", "yes")
    answer(here, "gas", "he")

    answer(here, "gas", "h2")

    leak = item(here, "leak-test")
    assert (leak.is_asked, leak.value, leak.verdict) == (True, "yes", Verdict.OK)


def _held(of: Project) -> int:
    db.session.expire_all()
    kind = sa.select(Gate.open_items).where(Gate.project_id == of.id, Gate.kind == GateKind.SHIP)
    return db.session.scalars(kind).one()


def test_due_days_count_from_their_anchor_in_their_days(app: Flask) -> None:
    here = project(
        [
            _asked("delivered", "Counted from delivery"),
            _asked("installed", "Counted from installation", anchor=Anchor.INSTALL),
            _asked("ordered", "Counted from the order", anchor=Anchor.ORDER, due_offset=10),
            _asked("worked", "Counted in working days", due_days=DueDays.SITE, due_offset=-5),
            _asked("on-the-day", "On the day", due_days=DueDays.SITE, due_offset=0),
        ]
    )
    checklist = readiness.checklist(here)
    site_days = site_calendars([here.site_id])[here.site_id]

    due = {one.key: one.due_on for one in checklist.items}
    assert checklist.install_on is not None
    assert due["delivered"] == checklist.anchor_on - timedelta(days=14)
    assert due["installed"] == checklist.install_on - timedelta(days=14)
    assert due["ordered"] == here.starts_on + timedelta(days=10)
    assert due["worked"] == add_workdays(site_days, checklist.anchor_on, -5)
    assert due["on-the-day"] == checklist.anchor_on
    assert site_days.is_workday(due["worked"])


def test_a_later_installation_moves_what_counts_from_it_and_nothing_else(app: Flask) -> None:
    here = project(
        [
            _asked("delivered", "Counted from delivery"),
            _asked("installed", "Counted from installation", anchor=Anchor.INSTALL),
            _asked("done", "Answered already", anchor=Anchor.INSTALL),
        ]
    )
    answer(here, "done", "yes")
    before = {one.key: one.due_on for one in readiness.checklist(here).items}

    with unit_of_work():
        milestone = next(one for one in queries.milestones_of(here.id) if one.key == "install")
        rescheduling.move_milestone(
            here.id, milestone.id, to=on("Mon 2026-06-01"), reason="No crew before.", actor_id=None, at=AT
        )

    after = {one.key: one.due_on for one in readiness.checklist(here).items}
    assert after["installed"] == on("Mon 2026-06-01") - timedelta(days=14)
    assert (after["delivered"], after["done"]) == (before["delivered"], before["done"])


def test_a_day_off_at_the_site_pulls_what_is_due_in_its_working_days(app: Flask) -> None:
    here = project(
        [
            _asked("worked", "Counted in working days", due_days=DueDays.SITE, due_offset=-5),
            _asked("counted", "Counted in days"),
        ]
    )
    before = {one.key: one.due_on for one in readiness.checklist(here).items}
    with unit_of_work():
        asked = CalendarChange(
            kind=ChangeKind.SITE_CLOSURE,
            site_id=here.site_id,
            name="Move",
            word="shutdown",
            first_on=before["worked"],
            last_on=before["worked"],
        )
        replanning.propose(
            asked, title="Shut for a move", actor_id=None, at=AT
        )  # moves no milestone: made at once
    worker.drain(app)

    after = {one.key: one.due_on for one in readiness.checklist(here).items}
    assert after["counted"] == before["counted"]
    assert after["worked"] < before["worked"]


def test_a_closure_of_ours_that_moves_no_plan_moves_what_is_counted_over_it(app: Flask) -> None:
    """Before and after the delivery; when it moves on or goes, the days come back; answers keep theirs."""
    here = project(
        [
            _asked("before", "Worked before", due_days=DueDays.SITE, due_offset=-5),
            _asked("after", "Worked after", due_days=DueDays.SITE, due_offset=3),
            _asked("answered", "Answered already", due_days=DueDays.SITE, due_offset=-5),
            _asked("counted", "Counted in days", due_offset=-5),
        ]
    )
    answer(here, "answered", "yes")
    days = due_days(here)
    anchor = readiness.checklist(here).anchor_on
    with unit_of_work():
        first_on, last_on = days["before"], days["after"]
        closed = closures.enter_closure(
            name="Move", first_on=first_on, last_on=first_on, at=AT, actor_id=None
        )
        closures.enter_closure(name="Feast", first_on=last_on, last_on=last_on, at=AT, actor_id=None)
    worker.drain(app)

    moved = due_days(here)
    assert (moved["before"] < days["before"], moved["after"] > days["after"]) == (True, True)
    assert (moved["answered"], moved["counted"]) == (days["answered"], days["counted"])
    assert readiness.checklist(here).anchor_on == anchor
    with unit_of_work():
        closures.remove_closure(closed.id, at=AT, actor_id=None)
    worker.drain(app)
    assert due_days(here)["before"] == days["before"]


def due_days(here: Project) -> dict[str, date]:
    return {one.key: one.due_on for one in readiness.checklist(here).items}


def test_an_item_goes_to_whoever_has_its_role_at_the_site(app: Flask) -> None:
    with unit_of_work():
        place = orders.site()
        yuki = orders.contact(place)
        elsewhere = Contact(account_id=place.account_id, name="Ines", role=ContactRole.IT, zone="UTC")
        omar = orders.contact(place, name="Omar", email="omar@halden.example")
        omar.role = ContactRole.IT
        db.session.add(elsewhere)
        sold = instrument(
            [
                _asked("port", "A port is live", role="it"),
                _asked("lift", "The lift is free", role="facilities"),
                _asked("bench", "The bench is free"),
                _asked("crew", "A crew is booked", responsible=Responsible.ENGINEER, role="it"),
            ]
        )
        order = orders.order(place, sold, person=yuki)
        here = approve_plan(create_project(order.id, actor_id=None, at=AT).id, actor_id=None, at=AT)
        wanted = {"port": omar.id, "lift": yuki.id, "bench": yuki.id, "crew": None}

    assert {one.key: one.contact_id for one in readiness.checklist(here).items} == wanted
    assert set(ROLES) == {role.value for role in ContactRole}


@pytest.mark.parametrize(
    ("type", "choices", "typed", "verdict"),
    [
        (ItemType.MULTI, GASES, "he", Verdict.OK),
        (ItemType.MULTI, GASES, "h2, he", Verdict.OUT_OF_RANGE),
        (ItemType.CHOICE, GASES, "h2", Verdict.OUT_OF_RANGE),
        (ItemType.SIGNATURE, {}, "Yuki Mori", Verdict.OK),
        (ItemType.DATE, {}, "27.11.2026", Verdict.OK),
        (ItemType.DATE, {}, "2026-11-27", Verdict.OK),
    ],
)
def test_every_kind_of_answer_is_judged(
    app: Flask, type: ItemType, choices: dict[str, Any], typed: str, verdict: Verdict
) -> None:
    here = project([_asked("asked", "Asked", type=type, choices=choices, accepted=["he"] if choices else [])])

    assert answer(here, "asked", typed) is verdict


@pytest.mark.parametrize(
    ("type", "typed"),
    [(ItemType.MULTI, "xe"), (ItemType.MULTI, ","), (ItemType.SIGNATURE, "  "), (ItemType.DATE, "soon")],
)
def test_what_is_no_answer_of_that_kind_is_refused_with_a_remedy(
    app: Flask, type: ItemType, typed: str
) -> None:
    here = project([_asked("asked", "Asked", type=type, choices=GASES)])

    with pytest.raises(Refused, match=r"Choose|Write"):
        answer(here, "asked", typed)
    assert item(here, "asked").state is ItemState.OPEN


def test_what_cannot_be_measured_is_no_answer(sqlite_app: Flask) -> None:
    purity, room, load = (
        ReadinessItem(key="asked", type=ItemType.MEASURE, unit=unit, minimum=18.0, maximum=most)
        for unit, most in (("%", None), ("°C", 27.0), ("%", 150.0))
    )

    with sqlite_app.app_context():
        for asked, typed in (
            *((purity, typed) for typed in ("999", "99 – 120 %", "-3", "1200000 ppm")),
            *((room, typed) for typed in ("-300", "≥ −900 °F")),
        ):
            with pytest.raises(ValueError, match="cannot be"):
                plan.answer_of(asked, typed)
        assert plan.answer_of(purity, "100").number == 100
        assert plan.answer_of(load, "120 %").number == 120, "it is asked for more than the whole"


def test_a_measure_may_lie_outside_by_its_tolerance_and_bounds_are_kept_in_their_unit(app: Flask) -> None:
    here = project(
        [_asked("air", "Air", type=ItemType.MEASURE, unit="bar", minimum=5.0, maximum=6.0, tolerance=0.1)]
    )

    assert answer(here, "air", "4.9 bar") is Verdict.OK
    assert item(here, "air").si_value == pytest.approx(490)
    assert answer(here, "air", "71 psi") is Verdict.OUT_OF_RANGE
    assert answer(here, "air", "72 psi") is Verdict.OK
    assert answer(here, "air", "4,89") is Verdict.OUT_OF_RANGE
    assert answer(here, "air", "5–7") is Verdict.OUT_OF_RANGE
    assert answer(here, "air", "≤ 6") is Verdict.UNKNOWN


def test_photos_are_counted_and_a_text_is_none(app: Flask) -> None:
    here = project([_asked("marks", "Marks", type=ItemType.UPLOAD, file_kinds=["photo"], file_count=1)])
    with unit_of_work():
        attaching.attach_file(item(here, "marks"), name="a.txt", data=b"no photo", at=AT, by=Answerer())

    assert plan.verdict_of(item(here, "marks"), "a.txt")[0] is Verdict.UNKNOWN


QUANTITIES = ["temperature", "weight", "voltage"]
OPTIONS = ["deflector", "detectors", "faims"]
ROWS = st.builds(
    lambda quantity, least, reach, condition: fact(
        quantity, "kg", float(least), float(least + reach), condition
    ),
    st.sampled_from(QUANTITIES),
    st.integers(1, 50),
    st.integers(0, 50),
    st.sampled_from(["", "", *OPTIONS, "mains-120", "mains-230", "part"]),
)
ITEMS = st.builds(
    lambda quantity, option, countries: {"fact": quantity, "option_key": option, "countries": countries},
    st.sampled_from(["", *QUANTITIES]),
    st.sampled_from(["", "", *(f"lcms-{name}" for name in OPTIONS)]),
    st.sampled_from([[], [], ["US"], ["CH", "DE"]]),
)
PLACES = st.builds(
    lambda country, sold: bounds.Destination(country=country, sold=frozenset({"lcms", *sold})),
    st.sampled_from(["US", "CH", "JP", ""]),
    st.sets(st.sampled_from([f"lcms-{name}" for name in OPTIONS])),
)


@given(st.lists(ROWS, max_size=8), st.lists(ITEMS, min_size=1, max_size=6), PLACES, PLACES)
def test_a_change_of_options_or_place_changes_only_what_depends_on_it(
    facts: list[ProductFact],
    asked: list[dict[str, Any]],
    before: bounds.Destination,
    after: bounds.Destination,
) -> None:
    rows = [
        _asked(f"item-{number}", f"Item {number}: {{range}}", type=ItemType.MEASURE, unit="kg", **columns)
        for number, columns in enumerate(asked)
    ]
    brought = [plan.Brought(rows, "lcms", facts)]

    one = {wanted.key: wanted for wanted in plan.computed(brought, before)}
    other = {wanted.key: wanted for wanted in plan.computed(brought, after)}

    for row in rows:
        is_alone = not (row.fact or row.option_key or row.countries)
        same_units = (before.country == "US") is (after.country == "US")
        if is_alone and (same_units or row.minimum is None):
            assert one[row.key] == other[row.key]
        for found, place in ((one, before), (other, after)):
            wanted_there = (not row.option_key or row.option_key in place.sold) and (
                not row.countries or not place.country or place.country in row.countries
            )
            assert (row.key in found) is wanted_there
    assert plan.computed(brought, before) == plan.computed(brought, before)


@given(st.lists(ROWS, max_size=10), PLACES)
def test_the_strictest_of_the_most_particular_figures_bounds(
    facts: list[ProductFact], place: bounds.Destination
) -> None:
    row = _asked("weight", "{range}", type=ItemType.MEASURE, unit="kg", fact="weight")

    (wanted,) = plan.computed([plan.Brought([row], "lcms", facts)], place)

    chosen = bounds.facts_for("weight", facts, "lcms", place)
    assert all(one.quantity == "weight" and one.condition != "part" for one in chosen)
    if wanted.minimum is not None:
        assert wanted.minimum == max(one.minimum for one in chosen)
    if len({one.condition for one in chosen}) > 1:
        assert all(one.condition in OPTIONS for one in chosen)


def test_taking_an_order_change_back_puts_requirements_answers_and_gates_back(app: Flask) -> None:
    here = project()
    answer(here, "bench", "52 kg")
    held = _held(here)
    proposal_id = sell(here, "detectors")
    with (
        unit_of_work(),
        undo.undoable(actor_id=None, at=AT) as act,
    ):
        proposals.accept(here.id, proposal_id, reason="", actor_id=None, at=AT)
    assert _held(here) == held + 1

    with unit_of_work():
        undoing.take_back(act.key, actor_id=None, at=AT + timedelta(minutes=1))

    bench = item(here, "bench")
    assert (bench.minimum, bench.verdict) == (50, Verdict.OK)
    assert _held(here) == held
    move_to(here, "US", "CA")
    assert span(here, "bench") == (50, None), "and stays so when something else is followed"


def test_our_people_are_named_where_we_bring_it_about(app: Flask) -> None:
    here = project([_asked("crew", "A crew is booked", responsible=Responsible.ENGINEER)])
    with unit_of_work():
        concierge, tomas = people.user(), people.user(name="Tomas Berg")
        project_ = db.session.get(Project, here.id)
        assert project_ is not None
        project_.concierge_id = concierge.id
        install = next(one for one in queries.milestones_of(here.id) if one.key == "install")
        install.owner_id = tomas.id
        wanted = {
            Responsible.ENGINEER: tomas.id,
            Responsible.VENDOR: concierge.id,
            Responsible.LOGISTICS: concierge.id,
        }

    db.session.rollback()
    ours = queries.people_of_ours(db.session.get_one(Project, here.id))

    assert {party: person.id for party, person in ours.items()} == wanted
