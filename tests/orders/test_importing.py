"""Documents are taken in whole or not at all, once, and never behind anybody's back."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from threading import Barrier, Thread

import pytest
import sqlalchemy as sa
from flask import Flask

from concierge.accounts.models import Account, Contact, Site
from concierge.catalogue.models import ProductAlias
from concierge.orders import queries
from concierge.orders.actions.importing import ImportPlan, ImportRefused, Planner, import_file
from concierge.orders.actions.matching import match_line
from concierge.orders.incoming import BadDocument
from concierge.orders.models import Order, OrderDocument, OrderLine
from concierge.orders.states import DocumentKind, OrderState, Outcome
from concierge.platform.database import Base, db, unit_of_work
from concierge.platform.errors import Refused
from concierge.platform.events import RecordedEvent
from concierge.projects.actions import proposals
from concierge.projects.queries import project_of_order, proposals_of
from tests.makers import catalogue
from tests.makers.order_documents import (
    sheet,
    sheet_row,
    ubl_item,
    ubl_order,
    ubl_party,
    ubl_period,
    ubl_place,
)

AT = datetime(2026, 11, 20, 9, tzinfo=UTC)  # a Friday
pytestmark = pytest.mark.usefixtures("app")


def take(data: bytes, name: str = "order.xml") -> ImportPlan:
    with unit_of_work():
        return import_file(data, name, file=None, actor_id=None, at=AT)


def the_order(number: str = "PO-7001") -> Order:
    (order,) = queries.orders_numbered(number)
    return order


def count(table: type[Base]) -> int:
    return db.session.scalar(sa.select(sa.func.count()).select_from(table)) or 0


def happened() -> list[str]:
    return list(db.session.scalars(sa.select(RecordedEvent.name).order_by(RecordedEvent.id)))


@contextmanager
def nothing_changes() -> Iterator[None]:
    def snapshot() -> dict[str, list[object]]:
        db.session.rollback()
        return {
            table.name: [tuple(row) for row in db.session.execute(sa.select(table).order_by(table.c.id))]
            for table in Base.metadata.sorted_tables
            if "id" in table.c
        }

    before = snapshot()
    yield
    assert snapshot() == before


def test_a_new_order_brings_customer_place_person_lines_and_document() -> None:
    done = take(ubl_order(lines=[ubl_item(), ubl_item("Rotor", number="2", item_id="RO-1")]))

    (row,) = done.rows
    order = the_order()
    assert (row.outcome, row.order_id, row.lines) == (Outcome.CREATE, order.id, 2)
    assert (order.requested_from, order.requested_to) == (date(2027, 2, 15), date(2027, 2, 26))
    assert order.account.name == "Institute of Blood Research"
    assert order.account.party_id == "0088:9110000000017"
    assert [line.name for line in order.lines] == ["Helix 200 flow cytometer", "Rotor"]
    assert [document.kind for document in order.documents] == [DocumentKind.ORDER]
    place = db.session.get_one(Site, order.site_id)
    assert (place.city, place.country, place.zone) == ("Wien", "AT", "Europe/Vienna")
    person = db.session.get_one(Contact, order.contact_id)
    assert (person.email, person.language, person.zone) == ("yuki.brandt@example.org", "de", "Europe/Vienna")
    assert "OrderReceived" in happened()


def test_an_amount_that_is_not_said_is_price_times_quantity() -> None:
    take(ubl_order(lines=[ubl_item(quantity="3", price="12.345")]))

    assert (the_order().lines[0].amount_minor, the_order().total_minor) == (3704, 3704)


def test_a_dry_run_says_the_same_and_changes_nothing() -> None:
    data = ubl_order()

    with nothing_changes():
        planned = Planner(AT).plan_file(data, "order.xml")

    done = take(data)
    assert planned.does_something
    assert planned.rows[0].sentence == done.rows[0].sentence
    assert planned.rows[0].unmatched == done.rows[0].unmatched == ("Helix 200 flow cytometer",)


def test_the_same_file_twice_changes_nothing() -> None:
    take(ubl_order())

    with nothing_changes():
        again = take(ubl_order())

    assert again.rows[0].outcome is Outcome.UNCHANGED
    assert again.rows[0].order_id == the_order().id


def test_the_same_order_written_otherwise_changes_nothing() -> None:
    take(ubl_order())

    with nothing_changes():
        again = take(ubl_order().replace(b"\n<b:ID>", b"\n\n\n<b:ID>"))

    assert again.rows[0].outcome is Outcome.UNCHANGED


def test_the_same_sheet_with_a_new_row_takes_in_only_that() -> None:
    take(sheet(sheet_row()), "o.csv")

    done = take(sheet(sheet_row(), sheet_row(order_number="SO-2")), "o.csv")

    assert [row.outcome for row in done.rows] == [Outcome.UNCHANGED, Outcome.CREATE]


def test_two_buyers_may_use_the_same_number() -> None:
    take(ubl_order("1"))

    done = take(ubl_order("1", buyer=ubl_party("Zelllabor", number="9110000000031", country="DE")))

    assert done.rows[0].outcome is Outcome.CREATE
    assert count(Order) == 2


def test_an_order_sent_again_with_other_content_changes_the_order() -> None:
    take(ubl_order(lines=[ubl_item(), ubl_item("Rotor", number="2")]))

    done = take(
        ubl_order(requested=("2027-03-01", ""), lines=[ubl_item(quantity="2"), ubl_item("Lamp", number="3")])
    )

    order = the_order()
    assert done.rows[0].outcome is Outcome.CHANGE
    assert {line.line_id: line.cancelled for line in order.lines} == {"1": False, "2": True, "3": False}
    assert (order.requested_from, order.requested_to) == (date(2027, 3, 1), None)
    assert len(order.documents) == 2


def test_a_change_updates_only_what_it_says() -> None:
    take(ubl_order(lines=[ubl_item(), ubl_item("Rotor", number="2"), ubl_item("Lamp", number="3")]))
    change = ubl_order(
        "CH-1",
        kind="OrderChange",
        reference="PO-7001",
        requested=("2027-04-12", "2027-04-16"),
        lines=[
            ubl_item(status="3", quantity="2"),
            ubl_item(number="2", status="2"),
            ubl_item("Desk", number="4"),
        ],
    )

    done = take(change, "change.xml")

    order = the_order()
    lines = {line.line_id: line for line in order.lines}
    assert done.rows[0].outcome is Outcome.CHANGE
    assert "1 line is new. 1 line changes. 1 line is cancelled." in done.rows[0].sentence
    assert lines["1"].quantity == 2
    assert (lines["2"].cancelled, lines["3"].cancelled, lines["4"].name) == (True, False, "Desk")
    assert order.requested_from == date(2027, 4, 12)
    assert happened().count("OrderChanged") == 1


def test_a_change_of_one_lines_date_moves_the_order_that_had_its_date() -> None:
    def dated(number: str, start: str) -> str:
        return ubl_item(number=number, extra=f"<c:Delivery>{ubl_period(start)}</c:Delivery>")

    place = f"<c:DeliveryLocation><c:Address>{ubl_place()}</c:Address></c:DeliveryLocation>"
    take(ubl_order(delivery=place, lines=[dated("1", "2027-03-01"), dated("2", "2027-05-03")]))

    take(
        ubl_order(
            "CH-1", kind="OrderChange", reference="PO-7001", delivery=place, lines=[dated("1", "2027-06-01")]
        )
    )

    assert the_order().requested_from == date(2027, 5, 3)


def test_a_change_that_names_another_place_says_so_and_moves_nothing() -> None:
    take(ubl_order())
    graz = f"<c:DeliveryLocation><c:Address>{ubl_place(street='Ring 1', city='Graz', post='8010')}"

    done = take(
        ubl_order(
            "CH-1",
            kind="OrderChange",
            reference="PO-7001",
            delivery=f"{graz}</c:Address></c:DeliveryLocation>",
            lines=[ubl_item(quantity="2")],
        )
    )

    assert "another place of delivery, Ring 1, Graz" in done.rows[0].remarks[0]
    assert "Ring 1, Graz" in the_order().documents[-1].summary
    assert count(Site) == 1


def test_an_older_change_after_a_newer_one_is_refused() -> None:
    def change(sequence: int, quantity: str) -> bytes:
        return ubl_order(
            f"CH-{sequence}",
            kind="OrderChange",
            reference="PO-7001",
            head=f"<b:SequenceNumberID>{sequence}</b:SequenceNumberID>",
            lines=[ubl_item(quantity=quantity)],
        )

    take(ubl_order())
    take(change(2, "2"))

    with nothing_changes(), pytest.raises(ImportRefused, match="Change number 1 came after change number 2"):
        take(change(1, "5"))


def test_an_old_order_does_not_undo_a_newer_change() -> None:
    take(ubl_order())
    later = ubl_order("CH-1", kind="OrderChange", reference="PO-7001", lines=[ubl_item(quantity="2")])
    take(later.replace(b"2026-11-02", b"2026-11-10"))

    with nothing_changes(), pytest.raises(ImportRefused, match="would undo that"):
        take(ubl_order(lines=[ubl_item(quantity="3")]))


def test_a_change_of_an_unknown_order_is_refused() -> None:
    with nothing_changes(), pytest.raises(ImportRefused, match="Import the order first"):
        take(ubl_order("CH-1", kind="OrderChange", reference="PO-9"))


def test_files_handed_in_together_are_planned_one_after_the_other() -> None:
    planner = Planner(AT)
    change = ubl_order("CH-1", kind="OrderChange", reference="PO-7001", lines=[ubl_item(quantity="2")])
    cancellation = ubl_order("X-1", kind="OrderCancellation", reference="PO-7001")

    rows = [planner.plan_file(data, "x.xml").rows[0] for data in (ubl_order(), change, cancellation, change)]

    assert [row.outcome for row in rows] == [
        Outcome.CREATE,
        Outcome.CHANGE,
        Outcome.CANCEL,
        Outcome.UNCHANGED,
    ]


def test_a_cancellation_asks_and_cancels_nothing() -> None:
    take(ubl_order())
    cancellation = ubl_order(
        "X-1",
        kind="OrderCancellation",
        reference="PO-7001",
        head="<b:CancellationNote>Budget</b:CancellationNote>",
    )

    done = take(cancellation)

    order = the_order()
    assert done.rows[0].outcome is Outcome.CANCEL
    assert order.state is OrderState.CANCELLATION_ASKED
    assert not any(line.cancelled for line in order.lines)
    assert order.documents[-1].summary == "Budget"
    assert "OrderCancellationReceived" in happened()
    with nothing_changes():
        assert take(cancellation).rows[0].outcome is Outcome.UNCHANGED
    with pytest.raises(ImportRefused, match="Settle the cancellation"):
        take(ubl_order("CH-1", kind="OrderChange", reference="PO-7001", lines=[ubl_item(quantity="7")]))


@pytest.mark.parametrize("accepted", [True, False])
def test_a_wish_to_cancel_is_settled_by_a_person(accepted: bool) -> None:
    take(ubl_order())
    take(ubl_order("X-1", kind="OrderCancellation", reference="PO-7001"))
    project = project_of_order(the_order().id)
    assert project is not None
    (proposal,) = proposals_of(project.id)

    with unit_of_work():
        decide = proposals.accept if accepted else proposals.dismiss
        decide(project.id, proposal.id, reason="Agreed by telephone", actor_id=None, at=AT)

    assert the_order().state is (OrderState.CANCELLED if accepted else OrderState.OPEN)


def test_one_bad_order_keeps_the_whole_sheet_out() -> None:
    data = sheet(sheet_row(), sheet_row(order_number="SO-2", country="QQ"))

    with nothing_changes(), pytest.raises(BadDocument):
        take(data, "o.csv")


def test_one_order_that_cannot_be_taken_keeps_the_paper_out() -> None:
    take(ubl_order("PO-1"))
    both = ubl_order("X-1", kind="OrderCancellation", reference="PO-1").replace(
        b"<c:BuyerCustomerParty>",
        b"<c:OrderReference><b:ID>PO-2</b:ID></c:OrderReference><c:BuyerCustomerParty>",
    )

    with nothing_changes(), pytest.raises(ImportRefused, match=r"x\.xml, order PO-2"):
        take(both, "x.xml")


def test_an_order_without_a_country_is_refused_unless_the_customer_has_one_place() -> None:
    nowhere = ubl_order(
        "PO-2", country="", buyer=ubl_party("Institute of Blood Research", number="9110000000017")
    )
    with nothing_changes(), pytest.raises(ImportRefused, match="country"):
        take(nowhere)
    take(ubl_order())

    take(nowhere)

    assert the_order("PO-2").site_id == the_order().site_id


def test_customers_places_and_people_are_found_again() -> None:
    take(ubl_order())

    take(ubl_order("PO-2"))
    take(ubl_order("PO-3", buyer=ubl_party("INSTITUTE OF BLOOD RESEARCH", country="AT")))

    assert (count(Account), count(Site), count(Contact)) == (1, 1, 1)


def test_another_place_of_the_same_customer_is_entered() -> None:
    take(ubl_order())
    graz = ubl_place(street="Ring 1", city="Graz", post="8010")
    place = f"<c:DeliveryLocation><c:Address>{graz}</c:Address></c:DeliveryLocation>"

    take(ubl_order("PO-2", delivery=place))

    assert (count(Account), count(Site)) == (1, 2)


def test_namesakes_with_other_numbers_stay_apart() -> None:
    take(ubl_order(buyer=ubl_party("City Hospital", number="1", country="AT")))

    take(ubl_order("PO-2", country="SE", buyer=ubl_party("City Hospital", number="2", country="SE")))

    assert count(Account) == 2


def test_a_number_used_by_two_companies_does_not_mix_them_up() -> None:
    take(ubl_order(country="NO", buyer=ubl_party("Fjordhelse", number="1", country="NO")))

    take(ubl_order("PO-2", country="SE", buyer=ubl_party("City Hospital", number="1", country="SE")))
    take(ubl_order("PO-3", country="SE", buyer=ubl_party("City Hospital", number="1", country="SE")))

    assert the_order("PO-2").account.name == the_order("PO-3").account.name == "City Hospital"
    assert count(Account) == 2


def test_a_company_that_changed_its_name_is_known_by_its_number() -> None:
    take(ubl_order())

    take(ubl_order("PO-2", buyer=ubl_party("Vienna Haematology", number="9110000000017", country="AT")))

    assert count(Account) == 1


def test_a_bad_mail_address_is_left_out_and_said() -> None:
    done = take(ubl_order(contact="not an address"))

    assert "not an e-mail address" in done.rows[0].remarks[0]
    assert db.session.scalars(sa.select(Contact)).one().email == ""


def test_hostile_text_is_kept_as_text_and_cleaned_of_controls() -> None:
    evil = "&lt;script&gt;alert(1)&lt;/script&gt;\u202e\u0085=cmd"

    take(ubl_order(lines=[ubl_item(evil)], buyer=ubl_party(evil, number="5", country="AT")))

    assert the_order().lines[0].name.startswith("<script>alert(1)</script>")
    assert "\x85" not in the_order().lines[0].name


def test_lines_are_matched_by_number_then_standard_number_then_name() -> None:
    with unit_of_work():
        helix = catalogue.add_instrument("helix-200", name="Helix 200", item_id="HX-200")

    done = take(
        ubl_order(
            lines=[
                ubl_item("anything", item_id="hx 200"),
                ubl_item("HELIX  200", number="2", item_id="other"),
                ubl_item("Rotor", number="3", item_id="RO-1"),
            ]
        )
    )

    assert [line.product_id for line in the_order().lines] == [helix.id, helix.id, None]
    assert done.rows[0].unmatched == ("Rotor",)


def test_a_match_by_hand_holds_for_all_later_and_open_orders() -> None:
    with unit_of_work():
        helix = catalogue.add_instrument("helix-200")
    take(ubl_order("PO-1"))
    take(ubl_order("PO-2", lines=[ubl_item(item_id="hx-200"), ubl_item("Rotor", number="2", item_id="RO-1")]))

    with unit_of_work():
        matched = match_line(the_order("PO-1").lines[0], helix, actor_id=None, at=AT)
    take(ubl_order("PO-3", lines=[ubl_item("Cytometer", item_id="HX 200")]))

    assert matched == 2
    assert the_order("PO-2").lines[0].product_id == helix.id
    assert the_order("PO-2").lines[1].product_id is None
    assert the_order("PO-3").lines[0].product_id == helix.id
    assert happened().count("OrderLineMatched") == 2


def test_a_name_that_means_another_product_is_not_taken_over() -> None:
    with unit_of_work():
        catalogue.add_instrument("helix-200", item_id="HX-200")
        other = catalogue.add_instrument("other")
    take(ubl_order())
    with unit_of_work():
        db.session.execute(sa.update(OrderLine).values(product_id=None))

    with pytest.raises(Refused, match="already means another product"), unit_of_work():
        match_line(the_order().lines[0], other, actor_id=None, at=AT)

    assert db.session.scalar(sa.select(sa.func.count()).where(ProductAlias.product_id == other.id)) == 1


def test_the_same_file_imported_at_once_is_one_order(app: Flask) -> None:
    gate = Barrier(6)
    outcomes: list[Outcome | str] = []

    def import_it() -> None:
        with app.app_context():
            gate.wait()
            try:
                outcomes.append(take(ubl_order()).rows[0].outcome)
            except Refused as refused:
                outcomes.append(refused.sentence)

    people = [Thread(target=import_it) for _ in range(6)]
    for person in people:
        person.start()
    for person in people:
        person.join()

    assert sorted(str(one) for one in outcomes) == ["Outcome.CREATE"] + ["Outcome.UNCHANGED"] * 5
    assert (count(Order), count(OrderDocument), count(Account)) == (1, 1, 1)


def test_ten_thousand_lines_are_taken_in() -> None:
    done = take(ubl_order(lines=[ubl_item(number=str(n), item_id=f"I-{n}") for n in range(10_000)]))

    assert done.rows[0].lines == 10_000
    assert len(the_order().lines) == 10_000
