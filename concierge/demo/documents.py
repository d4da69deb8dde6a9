"""Purchase orders as UBL 2.1 documents, as the customers' systems would send them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from xml.sax.saxutils import escape, quoteattr

from concierge.demo.customers import Customer, Place, Somebody
from concierge.demo.staff import COMPANY, GLN

_UBL = "urn:oasis:names:specification:ubl:schema:xsd:"


@dataclass(frozen=True, slots=True)
class Line:
    """One order line; `price` is for one, in the customer's currency."""

    name: str
    item_id: str = ""
    standard_id: str = ""
    quantity: int = 1
    price: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Paper:
    """What a document says. `asked` is the first and last day of the delivery asked for."""

    number: str
    customer: Customer
    place: Place
    contact: Somebody
    issued_on: date
    lines: tuple[Line, ...] = ()
    asked: tuple[date, date] | None = None
    note: str = ""
    about: str = ""
    """For a change or a cancellation: the number of the order."""


def mail_of(customer: Customer, person: Somebody) -> str:
    """A person's mail address at the customer."""
    words = [word for word in person.name.split() if word not in {"Dr", "Prof"}]
    plain = ".".join(words).casefold()
    for letter, instead in zip(
        "äöüéèëïåøœÉ", ("ae", "oe", "ue", "e", "e", "e", "i", "a", "o", "oe", "e"), strict=True
    ):
        plain = plain.replace(letter, instead)
    return f"{plain.encode('ascii', 'ignore').decode()}@{customer.domain}"


def order_xml(paper: Paper) -> bytes:
    """An `Order`."""
    total = sum((line.price * line.quantity for line in paper.lines), Decimal(0))
    return _document(
        "Order",
        paper,
        head="<cbc:OrderTypeCode>220</cbc:OrderTypeCode>",
        body=(
            f"{_delivery(paper)}<cac:AnticipatedMonetaryTotal>{_amount('PayableAmount', total, paper)}"
            f"</cac:AnticipatedMonetaryTotal>{_lines(paper)}"
        ),
    )


def change_xml(paper: Paper, *, sequence: int) -> bytes:
    """An `OrderChange` of the order `paper.about`."""
    return _document(
        "OrderChange",
        paper,
        head=f"<cbc:SequenceNumberID>{sequence}</cbc:SequenceNumberID>",
        body=f"{_delivery(paper)}{_lines(paper)}",
    )


def cancellation_xml(paper: Paper) -> bytes:
    """An `OrderCancellation` of the order `paper.about`."""
    return _document("OrderCancellation", paper, head="", body="")


def _document(kind: str, paper: Paper, *, head: str, body: str) -> bytes:
    note = ""
    if paper.note:
        tag = "CancellationNote" if kind == "OrderCancellation" else "Note"
        note = f"<cbc:{tag}>{escape(paper.note)}</cbc:{tag}>"
    currency = paper.customer.currency
    said = (
        ""
        if kind == "OrderCancellation"
        else f"<cbc:DocumentCurrencyCode>{currency}</cbc:DocumentCurrencyCode>"
    )
    about = (
        f"<cac:OrderReference><cbc:ID>{escape(paper.about)}</cbc:ID></cac:OrderReference>"
        if paper.about
        else ""
    )
    text = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<{kind} xmlns="{_UBL}{kind}-2"\n'
        f'  xmlns:cac="{_UBL}CommonAggregateComponents-2"\n'
        f'  xmlns:cbc="{_UBL}CommonBasicComponents-2">\n'
        f"<cbc:ID>{escape(paper.number)}</cbc:ID><cbc:IssueDate>{paper.issued_on}</cbc:IssueDate>"
        f"{head}{note}{said}\n{about}\n{_buyer(paper)}\n{_seller()}\n{body}</{kind}>\n"
    )
    return text.encode()


def _buyer(paper: Paper) -> str:
    customer = paper.customer
    home = customer.places[0]
    return (
        "<cac:BuyerCustomerParty><cac:Party>"
        f'<cac:PartyIdentification><cbc:ID schemeID="0088">{customer.gln}</cbc:ID></cac:PartyIdentification>'
        f"<cac:PartyName><cbc:Name>{escape(customer.name)}</cbc:Name></cac:PartyName>"
        f"<cac:PostalAddress>{_address(home)}</cac:PostalAddress>"
        f"<cac:Contact><cbc:Name>{escape(paper.contact.name)}</cbc:Name>"
        f"<cbc:ElectronicMail>{mail_of(customer, paper.contact)}</cbc:ElectronicMail></cac:Contact>"
        "</cac:Party></cac:BuyerCustomerParty>"
    )


def _seller() -> str:
    return (
        "<cac:SellerSupplierParty><cac:Party>"
        f'<cac:PartyIdentification><cbc:ID schemeID="0088">{GLN}</cbc:ID></cac:PartyIdentification>'
        f"<cac:PartyName><cbc:Name>{escape(COMPANY)}</cbc:Name></cac:PartyName>"
        "</cac:Party></cac:SellerSupplierParty>"
    )


def _delivery(paper: Paper) -> str:
    period = ""
    if paper.asked:
        first, last = paper.asked
        period = (
            f"<cac:RequestedDeliveryPeriod><cbc:StartDate>{first}</cbc:StartDate>"
            f"<cbc:EndDate>{last}</cbc:EndDate></cac:RequestedDeliveryPeriod>"
        )
    return (
        f"<cac:Delivery><cac:DeliveryLocation><cbc:Name>{escape(paper.place.name)}</cbc:Name>"
        f"<cac:Address>{_address(paper.place)}</cac:Address></cac:DeliveryLocation>{period}</cac:Delivery>"
    )


def _address(place: Place) -> str:
    region = (
        f"<cbc:CountrySubentityCode>{place.subdivision}</cbc:CountrySubentityCode>"
        if place.subdivision
        else ""
    )
    return (
        f"<cbc:StreetName>{escape(place.street)}</cbc:StreetName><cbc:CityName>{escape(place.city)}</cbc:CityName>"
        f"<cbc:PostalZone>{escape(place.postcode)}</cbc:PostalZone>{region}"
        f"<cac:Country><cbc:IdentificationCode>{place.country}</cbc:IdentificationCode></cac:Country>"
    )


def _lines(paper: Paper) -> str:
    return "".join(_line(number, line, paper) for number, line in enumerate(paper.lines, 1))


def _line(number: int, line: Line, paper: Paper) -> str:
    seller = (
        f"<cac:SellersItemIdentification><cbc:ID>{escape(line.item_id)}</cbc:ID></cac:SellersItemIdentification>"
        if line.item_id
        else ""
    )
    standard = (
        '<cac:StandardItemIdentification><cbc:ID schemeID="0160">'
        f"{line.standard_id}</cbc:ID></cac:StandardItemIdentification>"
        if line.standard_id
        else ""
    )
    return (
        f'\n<cac:OrderLine><cac:LineItem><cbc:ID>{number}</cbc:ID><cbc:Quantity unitCode="EA">{line.quantity}'
        f"</cbc:Quantity>{_amount('LineExtensionAmount', line.price * line.quantity, paper)}"
        f"<cac:Price>{_amount('PriceAmount', line.price, paper)}</cac:Price>"
        f"<cac:Item><cbc:Name>{escape(line.name)}</cbc:Name>{seller}{standard}</cac:Item>"
        "</cac:LineItem></cac:OrderLine>"
    )


def _amount(tag: str, amount: Decimal, paper: Paper) -> str:
    return f"<cbc:{tag} currencyID={quoteattr(paper.customer.currency)}>{amount}</cbc:{tag}>"
