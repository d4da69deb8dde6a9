"""From an order document to a technician's calendar and a customer's checklist, as people do it on the pages."""

import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeVar

import icalendar
import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from lxml import html
from werkzeug.datastructures import MultiDict
from werkzeug.test import TestResponse

from concierge.identity.models import User
from concierge.identity.permissions import Role
from concierge.orders.models import Order, OrderDocument
from concierge.platform import worker
from concierge.platform.database import db, unit_of_work
from concierge.platform.files import StoredFile
from concierge.platform.mail import OutgoingMail
from concierge.projects.models import Milestone, Project, Proposal
from concierge.projects.states import ProjectState
from concierge.readiness.models import Checklist, ReadinessItem
from concierge.readiness.states import ItemState
from concierge.visits.models import Visit
from concierge.visits.states import VisitState
from tests.makers import catalogue, people, workforce
from tests.makers.order_documents import sheet, sheet_row, ubl_item, ubl_order, ubl_period, ubl_place
from tests.makers.pages import agree, hidden_in

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)  # a Friday
Row = TypeVar("Row")
SignIn = Callable[[User], FlaskClient]

MINIMAL = (
    b'<Order xmlns="urn:oasis:names:specification:ubl:schema:xsd:Order-2"'
    b' xmlns:cac="urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"'
    b' xmlns:cbc="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2">'
    b"<cbc:UBLVersionID>2.0</cbc:UBLVersionID><cbc:ID>PO-20</cbc:ID><cbc:IssueDate>2026-11-02</cbc:IssueDate>"
    b"<cac:BuyerCustomerParty><cac:Party><cac:PartyName><cbc:Name>Carver State</cbc:Name></cac:PartyName>"
    b"<cac:PostalAddress><cbc:CityName>Graz</cbc:CityName><cac:Country><cbc:IdentificationCode>AT"
    b"</cbc:IdentificationCode></cac:Country></cac:PostalAddress></cac:Party></cac:BuyerCustomerParty>"
    b"<cac:SellerSupplierParty><cac:Party><cac:PartyName><cbc:Name>Helix</cbc:Name></cac:PartyName>"
    b"</cac:Party></cac:SellerSupplierParty><cac:OrderLine><cac:LineItem><cbc:ID>1</cbc:ID>"
    b"<cbc:Quantity>1</cbc:Quantity><cac:Item><cbc:Name>Centrifuge</cbc:Name></cac:Item></cac:LineItem>"
    b"</cac:OrderLine></Order>"
)
PERIODS = ubl_order(
    "PO-30",
    lines=[
        ubl_item(number="1", item_id="", name="Sequencer"),
        ubl_item(number="2", item_id="", name="Spare parts"),
    ],
    delivery=(
        f"<c:DeliveryLocation><c:Address>{ubl_place()}</c:Address></c:DeliveryLocation>"
        + ubl_period("2027-04-05", "2027-04-09")
        + "</c:Delivery><c:Delivery>"
        + ubl_period("2027-03-08", "2027-03-12")
    ),
)
SHAPES = {
    "UBL 2.1": (ubl_order(), "order.xml", date(2027, 2, 15)),
    "minimal UBL 2.0": (MINIMAL, "minimal.xml", None),
    "several periods": (PERIODS, "periods.xml", date(2027, 3, 8)),
    "a known and an unknown line": (
        ubl_order("PO-40", lines=[ubl_item(), ubl_item(number="2", item_id="", name="Mystery box")]),
        "unknown.xml",
        date(2027, 2, 15),
    ),
    "CSV": (
        sheet(sheet_row(order_number="SO-50", delivery_from="2027-02-22", delivery_to="2027-02-26")),
        "orders.csv",
        date(2027, 2, 22),
    ),
}
"""A document of each shape, its name, and the day on which delivery is asked for."""


@dataclass
class Office:
    """People at work: Ada coordinates, Dora dispatches, Tomas installs; and the clock on the wall."""

    app: Flask
    ada: FlaskClient
    dora: FlaskClient
    tomas: User
    wall_clock: Any  # time_machine's own traveller

    def later(self, **time: float) -> None:
        """Let time pass."""
        self.wall_clock.shift(timedelta(**time))


@pytest.fixture
def office(app: Flask, sign_in: SignIn) -> Iterator[Office]:
    """The office on Fri 2026-11-20, 09:00 UTC."""
    with time_machine.travel(NOW, tick=False) as wall_clock:
        with unit_of_work():
            ada = people.user(role=Role.MANAGER)
            dora = people.user(name="Dora Weiss", role=Role.DISPATCHER)
            tomas = people.user(name="Tomas Keller", role=Role.TECHNICIAN, zone="Europe/Vienna")
            workforce.technician(user=tomas, country="AT", subdivision="9", city="Wien")
        yield Office(app, sign_in(ada), sign_in(dora), tomas, wall_clock)


def page(browser: FlaskClient, address: str) -> html.HtmlElement:
    """A page as it is shown."""
    answer = browser.get(address)
    assert answer.status_code == 200, (address, answer.status_code)
    return html.fromstring(answer.get_data(as_text=True))


def words(browser: FlaskClient, address: str) -> str:
    """What can be read on a page."""
    main = page(browser, address).xpath("//main")
    return " ".join(main[0].text_content().split())


def press(browser: FlaskClient, address: str, action: str = "", /, **values: object) -> TestResponse:
    """Fill in the form on a page that goes to an address (without one: to the page itself) and send it."""
    shown = page(browser, address)
    form = next(
        one
        for one in shown.forms
        if one.get("method") == "post"
        and ((one.get("action") or "") == action or one.xpath(f".//button[@formaction='{action}']"))
    )
    fields = MultiDict(form.form_values())
    for name, value in values.items():
        fields.setlist(name, value if isinstance(value, list) else [value])
    answer = agree(browser, browser.post(action or address, data=fields))
    assert answer.status_code in {200, 303}, (
        action or address,
        answer.status_code,
        answer.get_data(as_text=True),
    )
    return answer


def hand_in(browser: FlaskClient, data: bytes, name: str) -> str:
    """Upload a file; where its dry run is shown."""
    return press(browser, "/orders/import", "/orders/import", files=(io.BytesIO(data), name)).location


def take_in(browser: FlaskClient, data: bytes, name: str) -> None:
    """Upload a file and import it."""
    checked = hand_in(browser, data, name)
    press(browser, checked, f"{checked}/application")


def approve(office: Office) -> str:
    """Approve the plan of the only project on its page; its address."""
    address = f"/projects/{only(Project).key}"
    press(office.ada, address, f"{address}/approval")
    return address


def only(table: type[Row]) -> Row:
    """The only row of a table, as it is now."""
    (row,) = rows(table)
    return row


def rows(table: type[Row]) -> list[Row]:
    """The rows of a table, as they are now."""
    db.session.rollback()
    question = sa.select(table).order_by(table.id)  # type: ignore[attr-defined]  # every table has one
    return list(db.session.scalars(question.execution_options(populate_existing=True)))


def visit_of(kind: str) -> Visit:
    """The only visit of a kind."""
    (found,) = (one for one in rows(Visit) if one.kind.value == kind)
    return found


def plan() -> dict[str, tuple[date | None, date | None]]:
    """The first and last day of each milestone."""
    return {one.key: (one.start_on, one.finish_on) for one in rows(Milestone)}


def due_days() -> dict[str, tuple[ItemState, date | None]]:
    """The state and due day of each item of the checklist."""
    return {one.key: (one.state, one.due_on) for one in rows(ReadinessItem)}


def attached(letter: OutgoingMail) -> list[str]:
    """The content types of what hangs on a letter."""
    files = {row.id: row for row in rows(StoredFile)}
    return [files[kept["file_id"]].content_type for kept in letter.attachments]


@pytest.mark.parametrize("shape", SHAPES)
def test_an_order_of_each_shape_becomes_a_plan_visits_and_a_checklist(office: Office, shape: str) -> None:
    data, name, asked_for = SHAPES[shape]

    checked = hand_in(office.ada, data, name)
    assert "Nothing is saved yet" in words(office.ada, checked)
    assert "1 new order" in words(office.ada, checked)
    assert rows(Order) == []

    press(office.ada, checked, f"{checked}/application")
    project = only(Project)
    assert project.state is ProjectState.DRAFT
    assert project.requested_from == asked_for
    assert rows(Visit) == []
    assert words(office.ada, "/projects").count(project.key) >= 1

    address = approve(office)
    assert only(Project).state is ProjectState.LIVE
    delivery = plan()["delivery"][0]
    assert delivery is not None
    if asked_for:
        assert delivery == asked_for
    assert visit_of("delivery").starts_local.date() == delivery
    assert visit_of("install").state is VisitState.TENTATIVE
    assert len(rows(Checklist)) == 1
    assert all(due is None or due <= delivery for _state, due in due_days().values())
    for more in ("", "/visits", "/readiness", "/history"):
        assert words(office.ada, f"{address}{more}")

    again = hand_in(office.ada, data, f"again-{name}")
    assert "Nothing new" in words(office.ada, again)
    assert len(rows(Order)) == len(rows(OrderDocument)) == len(rows(Project)) == 1


def test_an_order_of_a_known_instrument_follows_its_playbook(office: Office) -> None:
    with unit_of_work():
        catalogue.add_instrument("hx-200", name="Helix 200 flow cytometer", item_id="HX-200")

    take_in(office.ada, ubl_order(), "order.xml")
    approve(office)

    assert [one.key.split("~")[0] for one in rows(Milestone)] == [key for key, *_ in catalogue.STEPS]
    assert plan()["delivery"][0] == date(2027, 2, 15)


def bring_away(office: Office) -> None:
    """Do what is due now. On PostgreSQL the server's own clock judges that, by which people wait for quiet no more:
    each who is not told yet is looked at once.
    """
    while worker.work_once(office.app, queues=("default", "documents")):
        pass
    for _ in range(20):
        worker.work_once(office.app, queues=("mail",))


def test_from_the_order_to_the_calendar_and_the_customers_mailbox(office: Office) -> None:
    take_in(office.ada, ubl_order(), "order.xml")
    address = approve(office)
    bring_away(office)
    (letter,) = rows(OutgoingMail)
    assert letter.to == "yuki.brandt@example.org"
    assert attached(letter)[0] == "application/pdf"
    assert set(attached(letter)[1:]) == {"text/calendar"}
    assert letter.sent_at is not None

    feed = feed_of(office)
    empty = fetch(office, feed)
    send(office, "delivery")
    send(office, "install")
    press(office.dora, at(visit_of("install")), f"{at(visit_of('install'))}/confirmation")
    shown = fetch(office, feed)
    assert shown.etag != empty.etag
    before = {kind: visit_of(kind) for kind in ("delivery", "install")}
    for kind, starts in (("delivery", "2027-02-15 07:00"), ("install", "2027-02-17 07:00")):
        entry = shown.entries[before[kind].uid]
        assert entry["DTSTART"].dt == datetime.fromisoformat(f"{starts}+00:00"), "08:00 in Vienna"
        assert entry["DTEND"].dt == before[kind].ends_at
    assert fetch(office, feed, etag=shown.etag).status == 304

    office.later(hours=2)
    items, planned = due_days(), plan()
    move_delivery(office, address, "2027-03-01", planned)
    assert plan()["delivery"][0] == date(2027, 3, 1)
    assert plan()["order"] == planned["order"]

    follows, waits = visit_of("delivery"), visit_of("install")
    assert follows.starts_local == datetime(2027, 3, 1, 8)
    assert not follows.needs_decision
    assert waits.starts_at == before["install"].starts_at
    assert waits.needs_decision
    assert "Keep it or move it?" in words(office.dora, at(waits))
    assert "1 visit needs a decision" in words(office.dora, f"{address}/visits")

    moved = timedelta(days=14)
    for key, (state, due) in due_days().items():
        was_state, was_due = items[key]
        assert state is was_state
        if was_due is not None:
            assert due is not None
            assert due - was_due == moved, key

    changed = fetch(office, feed)
    assert changed.etag != shown.etag
    old, new = shown.entries[follows.uid], changed.entries[follows.uid]
    assert new["DTSTART"].dt == datetime(2027, 3, 1, 7, tzinfo=UTC)
    assert new["SEQUENCE"] > old["SEQUENCE"]
    assert new["LAST-MODIFIED"].dt > old["LAST-MODIFIED"].dt
    still = changed.entries[waits.uid]
    assert still["DTSTART"].dt == shown.entries[waits.uid]["DTSTART"].dt

    bring_away(office)
    first, second = rows(OutgoingMail)
    assert first.subject != second.subject
    assert second.subject == "Neue Termine für Helix 200 flow cytometer: Lieferung Mo., 1. März 2027"
    assert attached(second)[0] == "application/pdf"

    press(office.dora, at(waits), f"{at(waits)}/proposal")
    settled = visit_of("install")
    assert not settled.needs_decision
    assert settled.starts_local == datetime(2027, 3, 3, 8)
    assert fetch(office, feed).entries[settled.uid]["DTSTART"].dt == datetime(2027, 3, 3, 7, tzinfo=UTC)


def test_a_change_and_a_cancellation_propose_and_act_only_when_accepted(office: Office) -> None:
    take_in(office.ada, ubl_order(), "order.xml")
    address = approve(office)
    planned, letters = plan(), len(rows(OutgoingMail))
    change = ubl_order(
        "CH-1", kind="OrderChange", reference="PO-7001", requested=("2027-04-12", "2027-04-16")
    )

    take_in(office.ada, change, "change.xml")
    (asked,) = rows(Proposal)
    assert plan() == planned
    assert "The order asks for other dates" in words(office.ada, address)
    proposal = f"{address}/proposals/{asked.id}"
    assert "Nothing has changed yet" in words(office.ada, proposal)

    press(office.ada, proposal, f"{proposal}/acceptance", reason="")
    assert plan()["delivery"][0] == date(2027, 4, 12)
    assert visit_of("delivery").starts_local.date() == date(2027, 4, 12)
    assert max(due for _state, due in due_days().values() if due) <= date(2027, 4, 12)
    assert max(due for _state, due in due_days().values() if due) > planned["delivery"][0]
    assert "Nothing new" in words(office.ada, hand_in(office.ada, change, "again.xml"))
    assert len(rows(Proposal)) == 1

    office.later(hours=1)
    cancellation = ubl_order("CA-1", kind="OrderCancellation", reference="PO-7001")
    take_in(office.ada, cancellation, "cancellation.xml")
    project, visits = only(Project), rows(Visit)
    assert project.state is ProjectState.LIVE
    assert all(one.state is VisitState.TENTATIVE for one in visits)
    assert "The buyer asks to cancel the order" in words(office.ada, address)

    proposal = f"{address}/proposals/{rows(Proposal)[-1].id}"
    press(office.ada, proposal, f"{proposal}/acceptance", reason="The grant was refused")
    assert only(Project).state is ProjectState.CANCELLED
    assert all(one.state is VisitState.CANCELLED for one in rows(Visit))
    assert "Cancelled" in words(office.ada, "/orders")
    assert len(rows(OutgoingMail)) == letters, "letters are written by the worker, not by the page"


def test_a_draft_is_planned_anew_by_a_change(office: Office) -> None:
    take_in(office.ada, ubl_order(), "order.xml")
    change = ubl_order(
        "CH-1", kind="OrderChange", reference="PO-7001", requested=("2027-04-12", "2027-04-16")
    )

    take_in(office.ada, change, "change.xml")

    assert only(Project).state is ProjectState.DRAFT
    assert plan()["delivery"][0] == date(2027, 4, 12)
    assert rows(Proposal) == []


@dataclass(frozen=True)
class Fetched:
    """A calendar as a program got it."""

    status: int
    etag: str
    entries: dict[str, Any]  # Any: icalendar's own components


def fetch(office: Office, address: str, *, etag: str = "") -> Fetched:
    """Fetch a calendar like a program that is not signed in."""
    answer = office.app.test_client().get(address, headers={"If-None-Match": etag} if etag else {})
    if answer.status_code == 304:
        return Fetched(304, answer.headers["ETag"], {})
    assert answer.status_code == 200
    read = icalendar.Calendar.from_ical(answer.get_data())
    return Fetched(200, answer.headers["ETag"], {str(one["UID"]): one for one in read.walk("VEVENT")})


def feed_of(office: Office) -> str:
    """The path of Tomas' calendar address, as the command prints it."""
    from concierge.cli.feeds import feeds

    printed = office.app.test_cli_runner().invoke(feeds, ["url", "--user", office.tomas.email])
    assert printed.exit_code == 0, printed.output
    found = re.search(r"/cal/\S+\.ics", printed.output)
    assert found
    return found[0]


def send(office: Office, kind: str) -> None:
    """Send Tomas on the only visit of a kind."""
    visit = visit_of(kind)
    press(office.dora, f"{at(visit)}/edit", technicians=[str(office.tomas.id)])


def at(visit: Visit) -> str:
    """The page of a visit."""
    return f"/visits/{visit.id}"


def move_delivery(
    office: Office, address: str, day: str, planned: dict[str, tuple[date | None, date | None]]
) -> None:
    """Move delivery to a day after looking at what moves; what moves then is what was shown."""
    delivery = next(one for one in rows(Milestone) if one.key == "delivery")
    move = f"{address}/milestones/{delivery.id}/move"
    page = send_move(office, move, day, act="preview").get_data(as_text=True)
    shown = html.fromstring(page)
    told = {row.xpath("./th")[0].text_content(): days_in(row) for row in shown.xpath("//main//tbody/tr")}
    assert plan() == planned, "looking changes nothing"

    said = {"to": day, "reason": "The lab is not ready", "act": "save"}
    assert office.ada.post(move, data={**hidden_in(page, of="agreed"), **said}).status_code == 303
    assert told == {
        one.name["en"]: (spoken(one.start_on), spoken(one.finish_on))
        for one in rows(Milestone)
        if planned[one.key] != (one.start_on, one.finish_on)
    }


def send_move(office: Office, page_of_move: str, day: str, *, act: str) -> TestResponse:
    """Send the form that moves a milestone."""
    return press(office.ada, page_of_move, page_of_move, to=day, reason="The lab is not ready", act=act)


def days_in(row: html.HtmlElement) -> tuple[str, ...]:
    """The days in a row of what moves, without those that are struck through."""
    return tuple("".join(cell.xpath("./span/text()")).strip() for cell in row.xpath("./td")[:2])


def spoken(day: date | None) -> str:
    """A day of another year in words."""
    assert day is not None
    return f"{day:%a} {day.day} {day:%b %Y}"
