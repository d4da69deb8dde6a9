"""The pages of orders: what they show, whom they refuse, what they do."""

import re
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from concierge.identity.models import User
from concierge.identity.permissions import Role
from concierge.orders import queries
from concierge.orders.actions.importing import import_file
from concierge.orders.models import Order, OrderImport
from concierge.platform import worker
from concierge.platform.database import db, unit_of_work
from concierge.platform.files import StoredFile
from tests.makers import catalogue, orders, people
from tests.makers.order_documents import sheet, sheet_row, ubl_item, ubl_order, ubl_party

AT = datetime(2026, 11, 20, 9, tzinfo=UTC)
SignIn = Callable[[User], FlaskClient]


@pytest.fixture
def tomas(app: Flask, sign_in: SignIn) -> FlaskClient:
    """Tomas, who installs."""
    with unit_of_work():
        person = people.user(name="Tomas Reyes", role=Role.TECHNICIAN)
    return sign_in(person)


def take(data: bytes, name: str = "order.xml") -> Order:
    with unit_of_work():
        done = import_file(data, name, file=None, actor_id=None, at=AT)
    order_id = done.rows[0].order_id
    assert order_id is not None
    return queries.order_with_all(order_id)


def token(page: str) -> str:
    found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
    assert found
    return found[1]


def hand_in(browser: FlaskClient, *files: tuple[bytes, str]) -> TestResponse:
    csrf = token(browser.get("/orders/import").get_data(as_text=True))
    parts = [("csrf_token", "", csrf.encode()), *(("files", name, data) for data, name in files)]
    body = b"".join(
        f'--edge\r\nContent-Disposition: form-data; name="{field}"'.encode()
        + (f'; filename="{name}"'.encode() if name else b"")
        + b"\r\n\r\n"
        + content
        + b"\r\n"
        for field, name, content in parts
    )
    return browser.post(
        "/orders/import", data=body + b"--edge--\r\n", content_type="multipart/form-data; boundary=edge"
    )


def apply(browser: FlaskClient, address: str) -> TestResponse:
    csrf = token(browser.get(address).get_data(as_text=True))
    return browser.post(f"{address}/application", data={"csrf_token": csrf})


def orders_in_tables() -> int:
    db.session.rollback()
    return db.session.scalar(sa.select(sa.func.count(Order.id))) or 0


def test_an_order_is_checked_first_and_imported_after(ada: FlaskClient) -> None:
    answer = hand_in(ada, (ubl_order(), "order.xml"))

    assert answer.status_code == 303
    page = ada.get(answer.location).get_data(as_text=True)
    assert "1 new order" in page
    assert "Nothing is saved yet" in page
    assert "1 line is not in the catalogue: Helix 200 flow cytometer." in page
    assert orders_in_tables() == 0

    done = apply(ada, answer.location)

    assert done.status_code == 303
    page = ada.get(done.location).get_data(as_text=True)
    assert orders_in_tables() == 1
    assert "1 order came in." in page
    assert "PO-7001" in page
    assert "Institute of Blood Research" in page
    assert "order.xml" in page


def test_importing_twice_changes_nothing(ada: FlaskClient) -> None:
    apply(ada, hand_in(ada, (ubl_order(), "order.xml")).location)

    page = ada.get(hand_in(ada, (ubl_order(), "again.xml")).location).get_data(as_text=True)

    assert "Nothing new: everything is known already" in page
    assert "/application" not in page
    assert orders_in_tables() == 1


def test_several_files_are_shown_one_by_one_and_bad_ones_stay_out(ada: FlaskClient) -> None:
    bad = ubl_order("PO-9", requested=("2026-02-30", ""), lines=[ubl_item(quantity="-1")])

    answer = hand_in(ada, (ubl_order(), "good.xml"), (bad, "bad.xml"), (sheet(sheet_row()), "s.csv"))

    page = ada.get(answer.location).get_data(as_text=True)
    assert "2 new orders and 1 refused file" in page
    assert "bad.xml, line 8" in page
    assert "bad.xml, line 10" in page
    apply(ada, answer.location)
    assert orders_in_tables() == 2
    page = ada.get(answer.location).get_data(as_text=True)
    assert "2 orders came in and 1 file was refused" in page


def test_a_file_of_fifty_megabytes_is_refused_by_name(ada: FlaskClient) -> None:
    answer = hand_in(ada, (b"<" + b" " * 50_000_000, "huge.xml"))

    assert answer.status_code == 422
    assert "huge.xml: The file has 50 MB; at most 20 MB are read." in answer.get_data(as_text=True)


def test_no_file_is_asked_for_again(ada: FlaskClient) -> None:
    csrf = token(ada.get("/orders/import").get_data(as_text=True))

    answer = ada.post("/orders/import", data={"csrf_token": csrf})

    assert answer.status_code == 422
    assert "Choose at least one file." in answer.get_data(as_text=True)


def test_a_large_import_is_a_job_that_can_be_left(app: Flask, ada: FlaskClient) -> None:
    with unit_of_work():
        catalogue.add_instrument("helix-200", item_id="HX-200")
    rows = [
        sheet_row(order_number=f"SO-{n // 400}", line_number=str(n % 400), note="x" * 300)
        for n in range(1600)
    ]

    answer = hand_in(ada, (sheet(*rows), "many.csv"))

    assert answer.location.startswith("/jobs/")
    _work(app)
    found = db.session.scalars(sa.select(OrderImport)).one()
    page = ada.get(f"/orders/import/{found.id}").get_data(as_text=True)
    assert "4 new orders" in page
    assert orders_in_tables() == 0
    assert apply(ada, f"/orders/import/{found.id}").location.startswith("/jobs/")
    _work(app)
    assert orders_in_tables() == 4
    assert "4 orders came in" in ada.get(f"/orders/import/{found.id}").get_data(as_text=True)


def _work(app: Flask) -> None:
    db.session.remove()
    worker.drain(app)
    db.session.remove()


def test_many_small_orders_are_imported_by_a_job(app: Flask, ada: FlaskClient) -> None:
    rows = [sheet_row(order_number=f"SO-{n}") for n in range(26)]

    address = hand_in(ada, (sheet(*rows), "many.csv")).location

    assert address.startswith("/orders/import/")
    assert apply(ada, address).location.startswith("/jobs/")


def test_the_document_is_kept_as_it_came(ada: FlaskClient) -> None:
    apply(ada, hand_in(ada, (ubl_order(), "order.xml")).location)
    (order,) = queries.orders_numbered("PO-7001")

    answer = ada.get(f"/orders/{order.id}/documents/{order.documents[0].id}")

    assert answer.data == ubl_order()
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert db.session.scalar(sa.select(sa.func.count(StoredFile.id))) == 1


def test_a_document_of_another_order_is_not_given(ada: FlaskClient) -> None:
    apply(ada, hand_in(ada, (ubl_order(), "order.xml")).location)
    (order,) = queries.orders_numbered("PO-7001")
    other = take(ubl_order("PO-2"))

    assert ada.get(f"/orders/{other.id}/documents/{order.documents[0].id}").status_code == 404


def test_an_import_of_somebody_else_is_not_shown(app: Flask, ada: FlaskClient, sign_in: SignIn) -> None:
    address = hand_in(ada, (ubl_order(), "order.xml")).location
    with unit_of_work():
        other = people.user(name="Mallory Quist")

    assert sign_in(other).get(address).status_code == 404


def test_the_list_finds_orders_and_says_what_is_unmatched(ada: FlaskClient) -> None:
    take(ubl_order("PO-1"))
    take(ubl_order("PO-2", buyer=ubl_party("Zelllabor Nord", number="55", country="DE")))

    assert "2 orders have a line that is not in the catalogue" in ada.get("/orders").get_data(as_text=True)
    page = ada.get("/orders?q=zelllabor&match=open&state=open").get_data(as_text=True)
    assert "PO-2" in page
    assert "PO-1" not in page
    assert "No order matches these filters" in ada.get("/orders?q=%25_'").get_data(as_text=True)


def test_the_list_is_paged_and_its_questions_do_not_grow(ada: FlaskClient) -> None:
    with unit_of_work():
        place = orders.site()
        for number in range(60):
            orders.order(place, number=f"SO-{number}")

    with _statements() as of_many:
        page = ada.get("/orders").get_data(as_text=True)

    assert "Page 1 of 2" in page
    assert len(of_many) <= 12
    assert "SO-0</a>" in ada.get("/orders?page=2").get_data(as_text=True)
    assert ada.get("/orders?page=999").status_code == 200


def test_a_line_is_matched_by_hand_and_remembered(ada: FlaskClient) -> None:
    with unit_of_work():
        helix = catalogue.add_instrument("helix-200", name="Helix")
    order = take(ubl_order())
    address = f"/orders/{order.id}/lines/{order.lines[0].id}/match"

    page = ada.get(address).get_data(as_text=True)
    answer = ada.post(address, data={"csrf_token": token(page), "product": helix.id})

    assert answer.status_code == 303
    assert "1 line now means Helix" in ada.get(answer.location).get_data(as_text=True)
    db.session.rollback()
    assert take(ubl_order("PO-2")).lines[0].product_id == helix.id


def test_a_match_with_nothing_chosen_is_asked_for_again(ada: FlaskClient) -> None:
    with unit_of_work():
        catalogue.add_instrument("helix-200")
    order = take(ubl_order())
    address = f"/orders/{order.id}/lines/{order.lines[0].id}/match"

    answer = ada.post(
        address, data={"csrf_token": token(ada.get(address).get_data(as_text=True)), "product": "99999"}
    )

    assert answer.status_code == 422


def test_a_day_in_the_past_is_shown_as_kept(ada: FlaskClient) -> None:
    order = take(ubl_order(requested=("2010-02-10", "2010-02-25")))

    page = ada.get(f"/orders/{order.id}").get_data(as_text=True)

    assert "25 Feb 2010, is over. It is kept as asked" in page


def test_an_order_leads_to_its_project(ada: FlaskClient, tomas: FlaskClient) -> None:
    order = take(ubl_order())

    assert f"/orders/{order.id}/project" in ada.get(f"/orders/{order.id}").get_data(as_text=True)
    answer = ada.get(f"/orders/{order.id}/project")
    assert answer.status_code == 303
    assert ada.get(answer.location).status_code == 200
    assert tomas.get(f"/orders/{order.id}/project").status_code == 404
    assert ada.get("/orders/999/project").status_code == 404


def test_a_wish_to_cancel_is_shown(ada: FlaskClient) -> None:
    order = take(ubl_order())
    take(ubl_order("X-1", kind="OrderCancellation", reference="PO-7001"))

    page = ada.get(f"/orders/{order.id}").get_data(as_text=True)

    assert "asks to cancel order PO-7001" in page


def test_hostile_text_is_only_text(ada: FlaskClient) -> None:
    evil = "&lt;img src=x onerror=alert(1)&gt;{{ 7*7 }}"
    order = take(
        ubl_order("&lt;b&gt;", lines=[ubl_item(evil)], buyer=ubl_party(evil, number="5", country="AT"))
    )

    for address in ("/orders", f"/orders/{order.id}", f"/orders/{order.id}/lines/{order.lines[0].id}/match"):
        page = ada.get(address).get_data(as_text=True)
        assert "<img src=x" not in page
        assert "49" not in re.sub(r"<[^>]*>", "", page.split("<main", 1)[1].split("</main", 1)[0]).replace(
            "184", ""
        )


def test_the_example_can_be_handed_in(ada: FlaskClient) -> None:
    example = ada.get("/orders/example.csv")

    page = ada.get(hand_in(ada, (example.data, "orders-example.csv")).location).get_data(as_text=True)

    assert "2 new orders" in page


@pytest.mark.parametrize("address", ["/orders", "/orders/import", "/orders/example.csv", "/orders/1"])
def test_technicians_and_strangers_are_refused(tomas: FlaskClient, client: FlaskClient, address: str) -> None:
    assert tomas.get(address).status_code == 403
    assert client.get(address).status_code in {302, 303}


@pytest.mark.parametrize("address", ["/orders/999", "/orders/999/lines/1/match", "/orders/import/999"])
def test_what_is_not_there_is_not_found(ada: FlaskClient, address: str) -> None:
    assert ada.get(address).status_code == 404


class _statements(list[str]):  # noqa: N801 used as a word
    """The statements that a block of a test sends."""

    def __enter__(self) -> "_statements":
        sa.event.listen(db.engine, "before_cursor_execute", self._note)
        return self

    def __exit__(self, *_: object) -> None:
        sa.event.remove(db.engine, "before_cursor_execute", self._note)

    def _note(self, _connection: object, _cursor: object, statement: str, *_: object) -> None:
        if not statement.startswith(("PRAGMA", "BEGIN")):
            self.append(statement)
