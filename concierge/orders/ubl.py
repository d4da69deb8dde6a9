"""UBL 2.x Order, OrderChange and OrderCancellation (OASIS UBL 2.1, Peppol BIS Ordering 3) read into values.

Only the namespaces count, never the prefix; everything the schema leaves open may be missing. A document is
parsed without DTD, entities and network, and refused when it brings a DOCTYPE.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import TypeVar

from flask_babel import gettext as _
from lxml import etree

from concierge.orders import fields
from concierge.orders.incoming import (
    NUMBER_LENGTH,
    Address,
    BadDocument,
    DeliveryPeriod,
    Fault,
    IncomingLine,
    IncomingOrder,
    LineStatus,
    Party,
    PartyId,
    PeriodKind,
    Person,
)
from concierge.orders.states import DocumentKind
from concierge.platform.database import clean

_UBL = "urn:oasis:names:specification:ubl:schema:xsd:"
_CAC = f"{{{_UBL}CommonAggregateComponents-2}}"
_CBC = f"{{{_UBL}CommonBasicComponents-2}}"
_ENVELOPE = "{http://www.unece.org/cefact/namespaces/StandardBusinessDocumentHeader}StandardBusinessDocument"
_ROOTS = {
    f"{{{_UBL}Order-2}}Order": DocumentKind.ORDER,
    f"{{{_UBL}OrderChange-2}}OrderChange": DocumentKind.CHANGE,
    f"{{{_UBL}OrderCancellation-2}}OrderCancellation": DocumentKind.CANCELLATION,
}
_PERIODS = {
    "RequestedDeliveryPeriod": PeriodKind.REQUESTED,
    "PromisedDeliveryPeriod": PeriodKind.PROMISED,
    "EstimatedDeliveryPeriod": PeriodKind.ESTIMATED,
}
# UN/EDIFACT 1229 as Peppol uses it, and UBL's own list LineStatusCode-2.0.
_STATUSES = {
    "1": LineStatus.ADDED,
    "2": LineStatus.CANCELLED,
    "3": LineStatus.CHANGED,
    "4": LineStatus.UNTOUCHED,
    "5": LineStatus.UNTOUCHED,
    "11": LineStatus.UNTOUCHED,
    "added": LineStatus.ADDED,
    "cancelled": LineStatus.CANCELLED,
    "revised": LineStatus.CHANGED,
    "nostatus": LineStatus.UNKNOWN,
}
_DAYS = {"DAY": 1, "WEE": 7}
_PROLOG_END = re.compile(rb"<[A-Za-z_]")

T = TypeVar("T")


def read_ubl(data: bytes, name: str) -> tuple[IncomingOrder, ...]:
    """The orders that an XML document speaks of; `name` is the file's, for the sentences.

    :raises BadDocument: when it is no XML, no order, or says something impossible; with every fault found.
    """
    root = _root_of(data, name)
    kind = _ROOTS.get(str(root.tag))
    if kind is None:
        raise BadDocument(name, [Fault(_wrong_root(root), _line_of(root))])
    reader = _Reader(kind)
    orders = reader.read(root)
    if reader.faults:
        raise BadDocument(name, reader.faults)
    return orders


def _root_of(data: bytes, name: str) -> etree._Element:
    first_tag = _PROLOG_END.search(data)
    prolog = data[: first_tag.start()] if first_tag else data
    if b"<!DOCTYPE" in prolog:
        raise BadDocument(name, [Fault(_doctype(), prolog[: prolog.index(b"<!DOCTYPE")].count(b"\n") + 1)])
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        attribute_defaults=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        raise BadDocument(name, [Fault(_not_xml(error.msg or ""), error.lineno or 1)]) from error
    except (ValueError, LookupError) as error:
        raise BadDocument(name, [Fault(_not_xml(str(error)), 1)]) from error
    if str(getattr(root.getroottree().docinfo, "doctype", "")):
        raise BadDocument(name, [Fault(_doctype(), 1)])
    if root.tag == _ENVELOPE:
        inside = [child for child in root if not str(child.tag).endswith("}StandardBusinessDocumentHeader")]
        return inside[0] if inside else root
    return root


def _doctype() -> str:
    return _("The document declares a DOCTYPE, which an order never needs. Export it again without one.")


def _not_xml(message: str) -> str:
    told = message.lower()
    if "encod" in told or "utf-8" in told or "utf8" in told or "invalid bytes" in told:
        return _(
            "The bytes do not fit the encoding that the file declares. Save it as UTF-8 and send it again."
        )
    if "premature end" in told or "end of data" in told or "end of file" in told or "unterminated" in told:
        return _("The file ends in the middle. Send it again, whole.")
    if (
        "excessive depth" in told
        or "huge" in told
        or "too long" in told
        or "too big" in told
        or "limit" in told
    ):
        return _("It is nested too deeply or holds one text that is too large. Send it without attachments.")
    return _(
        "This is not well-formed XML (%(reason)s). Export the order again.",
        reason=message.split(", line ")[0][:200],
    )


def _wrong_root(root: etree._Element) -> str:
    qualified = etree.QName(root)
    if qualified.namespace and qualified.namespace.startswith(_UBL):
        return _(
            "This is a UBL document of the kind %(kind)s, not an order. Send an Order, OrderChange or"
            " OrderCancellation of UBL 2.0 or later.",
            kind=qualified.localname[:60],
        )
    if qualified.localname in {"Order", "OrderChange", "OrderCancellation"}:
        return _(
            "This %(kind)s is not in the namespace of UBL 2. Export it as UBL 2.1, or send the order as CSV.",
            kind=qualified.localname[:60],
        )
    return _(
        "This XML starts with %(kind)s, not with an order. Send a UBL Order, OrderChange, OrderCancellation,"
        " or a CSV.",
        kind=qualified.localname[:60],
    )


@dataclass(slots=True)
class _Reader:
    """Walks one document and gathers what is wrong with it."""

    kind: DocumentKind
    faults: list[Fault] = field(default_factory=list)
    currency: str = ""

    def read(self, root: etree._Element) -> tuple[IncomingOrder, ...]:
        self.currency = self._currency(root)
        document_number = _text(root, "ID")
        lines = tuple(self._lines(root))
        self._refuse_twins(lines)
        base = IncomingOrder(
            kind=self.kind,
            number=document_number,
            document_number=document_number,
            syntax="ubl",
            buyer=self._customer(root, "BuyerCustomerParty"),
            seller=self._customer(root, "SellerSupplierParty"),
            originator=self._customer(root, "OriginatorCustomerParty"),
            delivery_party=self._delivery_party(root),
            delivery_address=self._delivery_address(root),
            delivery_place=_text(root, "Delivery", "DeliveryLocation", "Name"),
            periods=tuple(self._periods(root)),
            lines=lines,
            seller_number=_text(root, "SalesOrderID"),
            sequence=self._sequence(root),
            issued_on=self._one(_child(root, "IssueDate"), fields.as_date),
            issued_time=self._one(_child(root, "IssueTime"), fields.as_time),
            currency=self.currency or next((line.currency for line in lines if line.currency), ""),
            total_minor=self._money(
                _child(root, "AnticipatedMonetaryTotal", "PayableAmount")
                if _child(root, "AnticipatedMonetaryTotal", "PayableAmount") is not None
                else _child(root, "AnticipatedMonetaryTotal", "LineExtensionAmount")
            ),
            note=_texts(root, "Note") or _texts(root, "CancellationNote"),
            customer_reference=_text(root, "CustomerReference"),
            contract_reference=_text(root, "Contract", "ID"),
            quotation_reference=_text(root, "QuotationDocumentReference", "ID"),
            line=_line_of(root),
        )
        self._refuse_missing(root, base)
        if self.kind is DocumentKind.ORDER:
            return (base,)
        return tuple(self._on_orders(root, base))

    def _on_orders(self, root: etree._Element, base: IncomingOrder) -> Iterator[IncomingOrder]:
        """The same paper once for each order that it refers to."""
        references = [one for one in root.findall(f"{_CAC}OrderReference") if _text(one, "ID")]
        if not references:
            self._fault(
                root,
                _("It does not say which order is meant. Add cac:OrderReference/cbc:ID with its number."),
            )
        for reference in references:
            seller_number = base.seller_number or _text(reference, "SalesOrderID")
            yield replace(base, number=_text(reference, "ID"), seller_number=seller_number)

    def _refuse_missing(self, root: etree._Element, order: IncomingOrder) -> None:
        if len(order.document_number) > NUMBER_LENGTH:
            self._fault(
                root, _("Its number is longer than %(count)d characters. Shorten it.", count=NUMBER_LENGTH)
            )
        if not order.document_number:
            self._fault(root, _("It has no number. Fill cbc:ID with the number of the document."))
        if not order.buyer and not order.delivery_party:
            self._fault(
                root, _("It does not say who buys. Fill cac:BuyerCustomerParty with a name or a number.")
            )
        if self.kind is DocumentKind.ORDER and not order.lines:
            self._fault(root, _("It has no order line. Add at least one cac:OrderLine."))

    def _refuse_twins(self, lines: tuple[IncomingLine, ...]) -> None:
        seen: set[str] = set()
        for line in lines:
            if len(line.number) > NUMBER_LENGTH:
                sentence = _(
                    "A line's number is longer than %(count)d characters. Shorten it.", count=NUMBER_LENGTH
                )
                self.faults.append(Fault(sentence, line.line))
            if line.number in seen:
                self.faults.append(
                    Fault(
                        _(
                            "Line number %(number)s is used twice. Give each line its own.",
                            number=line.number,
                        ),
                        line.line,
                    )
                )
            seen.add(line.number)

    # Lines

    def _lines(self, root: etree._Element) -> Iterator[IncomingLine]:
        for count, order_line in enumerate(root.iterfind(f"{_CAC}OrderLine"), start=1):
            item = order_line.find(f"{_CAC}LineItem")
            if item is None:
                self._fault(
                    order_line, _("The order line is empty. Add its cac:LineItem, or leave the line out.")
                )
                continue
            yield from self._line(item, str(count), note=_texts(order_line, "Note"))

    def _line(
        self, element: etree._Element, fallback: str, *, note: str = "", parent: str = ""
    ) -> Iterator[IncomingLine]:
        own_number = _text(element, "ID") or fallback
        number = f"{parent}/{own_number}" if parent else own_number
        item = element.find(f"{_CAC}Item")
        quantity = _child(element, "Quantity")
        standard = _child(item, "StandardItemIdentification", "ID")
        price, currency = self._price(element)
        quantity_ordered = self._quantity(quantity)
        line = IncomingLine(
            number=number,
            name=self._item_name(element, item, number),
            quantity=quantity_ordered,
            unit=(quantity.get("unitCode") or "C62") if quantity is not None else "C62",
            description=_texts(item, "Description"),
            seller_item_id=_text(item, "SellersItemIdentification", "ID"),
            standard_item_id=_words(standard),
            standard_item_scheme=(standard.get("schemeID") or "") if standard is not None else "",
            buyer_item_id=_text(item, "BuyersItemIdentification", "ID"),
            manufacturer_item_id=_text(item, "ManufacturersItemIdentification", "ID"),
            price=price,
            currency=currency,
            amount_minor=self._amount(element, price, quantity_ordered, currency),
            periods=tuple(self._periods(element)),
            address=self._delivery_address(element),
            note=note or _texts(element, "Note"),
            status=_STATUSES.get(_text(element, "LineStatusCode").casefold(), LineStatus.UNKNOWN),
            parent=parent,
            properties=tuple(
                (_text(one, "Name"), _text(one, "Value"))
                for one in ([] if item is None else item.findall(f"{_CAC}AdditionalItemProperty"))
                if _text(one, "Name")
            ),
            line=_line_of(element),
        )
        yield line
        for count, part in enumerate(element.iterfind(f"{_CAC}SubLineItem"), start=1):
            yield from self._line(part, str(count), parent=number)

    def _item_name(self, element: etree._Element, item: etree._Element | None, number: str) -> str:
        description = _text(item, "Description")
        name = (
            _text(item, "Name")
            or (description.splitlines() or [""])[0]
            or _text(item, "ModelName")
            or _text(item, "SellersItemIdentification", "ID")
            or _text(item, "StandardItemIdentification", "ID")
            or _text(item, "BuyersItemIdentification", "ID")
        )
        if not name and self.kind is DocumentKind.ORDER:
            self._fault(
                element,
                _("Line %(number)s does not say what is ordered. Fill cac:Item/cbc:Name.", number=number),
            )
        return name

    def _quantity(self, element: etree._Element | None) -> Decimal:
        found = self._one(element, lambda text: fields.as_quantity(fields.as_decimal(text)))
        return Decimal(1) if found is None else found

    def _price(self, element: etree._Element) -> tuple[Decimal | None, str]:
        """The price of one unit and its currency; UBL prices a base quantity of units."""
        amount = _child(element, "Price", "PriceAmount")
        price = self._one(amount, fields.as_decimal)
        if price is None or amount is None:
            return None, self.currency
        base = self._one(_child(element, "Price", "BaseQuantity"), fields.as_decimal)
        currency = self._one(amount, fields.as_currency, attribute="currencyID") or self.currency
        return (price / base if base else price), currency

    def _amount(
        self, element: etree._Element, price: Decimal | None, quantity: Decimal, currency: str
    ) -> int | None:
        """The line's amount as said, else price times quantity."""
        said = _child(element, "LineExtensionAmount")
        if said is not None and _words(said):
            return self._money(said)
        if price is None or not currency:
            return None
        return self._one(
            _child(element, "Price", "PriceAmount"), lambda _t: fields.as_minor(price * quantity, currency)
        )

    # Parties

    def _customer(self, root: etree._Element, tag: str) -> Party:
        customer = root.find(f"{_CAC}{tag}")
        if customer is None:
            return Party()
        party = customer.find(f"{_CAC}Party")
        direct = tuple(
            person
            for contact in ("DeliveryContact", "BuyerContact", "OrderContact")
            if (person := _person(customer.find(f"{_CAC}{contact}")))
        )
        return self._party(party if party is not None else customer, people=direct)

    def _party(self, element: etree._Element | None, *, people: tuple[Person, ...] = ()) -> Party:
        if element is None:
            return Party()
        legal = element.find(f"{_CAC}PartyLegalEntity")
        tax = element.find(f"{_CAC}PartyTaxScheme")
        numbers = (
            *(_child(one, "ID") for one in element.findall(f"{_CAC}PartyIdentification")),
            _child(element, "EndpointID"),
            _child(legal, "CompanyID"),
            _child(tax, "CompanyID"),
        )
        ids = [
            PartyId(_words(one), one.get("schemeID") or "")
            for one in numbers
            if one is not None and _words(one)
        ]
        named = [person for one in element.findall(f"{_CAC}Person") if (person := _human(one))]
        contact = _person(element.find(f"{_CAC}Contact"))
        if contact and not contact.name and named:
            contact = Person(named[0].name, contact.email, contact.phone, named[0].job)
            named = named[1:]
        found = (contact, *named) if contact else tuple(named)
        return Party(
            name=_text(element, "PartyName", "Name"),
            legal_name=_text(legal, "RegistrationName") or _text(tax, "RegistrationName"),
            ids=tuple(dict.fromkeys(ids)),
            address=self._address(element.find(f"{_CAC}PostalAddress")),
            legal_address=self._address(_child(legal, "RegistrationAddress")),
            people=people + found,
            line=_line_of(element),
        )

    def _delivery_party(self, root: etree._Element) -> Party:
        parties = (self._party(one.find(f"{_CAC}DeliveryParty")) for one in root.iterfind(f"{_CAC}Delivery"))
        return next((party for party in parties if party or party.people or party.address), Party())

    # Places and times

    def _delivery_address(self, element: etree._Element) -> Address:
        for delivery in element.iterfind(f"{_CAC}Delivery"):
            for path in (
                ("DeliveryLocation", "Address"),
                ("DeliveryAddress",),
                ("AlternativeDeliveryLocation", "Address"),
            ):
                if place := self._address(_child(delivery, *path)):
                    return place
        return Address()

    def _address(self, element: etree._Element | None) -> Address:
        if element is None:
            return Address()
        street = " ".join(filter(None, (_text(element, "StreetName"), _text(element, "BuildingNumber"))))
        parts = (
            street,
            *(
                _text(element, tag)
                for tag in ("AdditionalStreetName", "BuildingName", "BlockName", "Floor", "Room")
            ),
            *(_text(element, tag) for tag in ("Department", "MarkAttention", "PlotIdentification")),
            *(_text(one, "Line") for one in element.findall(f"{_CAC}AddressLine")),
        )
        box = _text(element, "Postbox")
        if not any(parts) and box:
            parts = (box,)
        country = _child(element, "Country", "IdentificationCode")
        if country is None or not _words(country):
            country = _child(element, "Country", "Name")
        return Address(
            lines=tuple(dict.fromkeys(filter(None, parts))),
            city=_text(element, "CityName") or _text(element, "CitySubdivisionName"),
            postal_code=_text(element, "PostalZone"),
            subdivision=_text(element, "CountrySubentityCode") or _text(element, "CountrySubentity"),
            country=self._one(country, fields.as_country) or "",
            gln=_text(element, "ID"),
            line=_line_of(element),
        )

    def _periods(self, element: etree._Element) -> Iterator[DeliveryPeriod]:
        for delivery in element.iterfind(f"{_CAC}Delivery"):
            for tag, kind in _PERIODS.items():
                for period in delivery.iterfind(f"{_CAC}{tag}"):
                    if found := self._period(period, kind):
                        yield found
            latest = _child(delivery, "LatestDeliveryDate")
            if latest is not None and delivery.find(f"{_CAC}RequestedDeliveryPeriod") is None:
                to_on = self._one(latest, fields.as_date)
                to_time = self._one(_child(delivery, "LatestDeliveryTime"), fields.as_time)
                if to_on:
                    yield DeliveryPeriod(
                        PeriodKind.REQUESTED, to_on=to_on, to_time=to_time, line=_line_of(latest)
                    )

    def _period(self, element: etree._Element, kind: PeriodKind) -> DeliveryPeriod | None:
        from_on = self._one(_child(element, "StartDate"), fields.as_date)
        to_on = self._one(_child(element, "EndDate"), fields.as_date)
        from_time = self._one(_child(element, "StartTime"), fields.as_time)
        to_time = self._one(_child(element, "EndTime"), fields.as_time)
        if from_on and not to_on:
            to_on = self._after(element, from_on)
        if not from_on and not to_on:
            return None
        begins_late = from_on and to_on and from_on > to_on
        runs_back = from_on and from_on == to_on and from_time and to_time and from_time > to_time
        if begins_late or runs_back:
            self._fault(
                element, _("The delivery period ends before it starts. Correct its StartDate and EndDate.")
            )
        return DeliveryPeriod(kind, from_on, to_on, from_time, to_time, _line_of(element))

    def _after(self, element: etree._Element, start: date) -> date | None:
        """The last day of a period that is given as start and length in days or weeks."""
        measure = _child(element, "DurationMeasure")
        days = _DAYS.get(measure.get("unitCode") or "") if measure is not None else None
        length = self._one(measure, fields.as_decimal) if days else None
        if not days or not length or not 1 <= length <= 1000:
            return None
        return start + timedelta(days=int(length * days) - 1)

    # Single values

    def _currency(self, root: etree._Element) -> str:
        for tag in ("DocumentCurrencyCode", "PricingCurrencyCode"):
            found = self._one(_child(root, tag), fields.as_currency)
            if found:
                return found
        return ""

    def _money(self, element: etree._Element | None) -> int | None:
        amount = self._one(element, fields.as_decimal)
        if amount is None or element is None:
            return None
        currency = self._one(element, fields.as_currency, attribute="currencyID") or self.currency
        if not currency:
            self._fault(element, _("The amount has no currency. Fill cbc:DocumentCurrencyCode, as in EUR."))
            return None
        return self._one(element, lambda _text: fields.as_minor(amount, currency))

    def _sequence(self, root: etree._Element) -> int | None:
        text = _text(root, "SequenceNumberID") or _text(root, "SequenceNumber")
        return int(text) if re.fullmatch(r"\d{1,9}", text, re.ASCII) else None

    def _one(
        self, element: etree._Element | None, read: Callable[[str], T], *, attribute: str = ""
    ) -> T | None:
        """One value, None when absent or blank; a word that cannot be read becomes a fault."""
        if element is None:
            return None
        text = (element.get(attribute) or "").strip() if attribute else _words(element)
        if not text:
            return None
        try:
            return read(text)
        except fields.Unreadable as error:
            self._fault(element, str(error))
            return None

    def _fault(self, element: etree._Element, sentence: str) -> None:
        self.faults.append(Fault(sentence, _line_of(element)))


def _human(element: etree._Element) -> Person:
    names = (_text(element, tag) for tag in ("FirstName", "MiddleName", "FamilyName"))
    contact = _person(element.find(f"{_CAC}Contact"))
    return Person(" ".join(filter(None, names)), contact.email, contact.phone, _text(element, "JobTitle"))


def _person(element: etree._Element | None) -> Person:
    return Person(
        name=_text(element, "Name"), email=_text(element, "ElectronicMail"), phone=_text(element, "Telephone")
    )


def _child(element: etree._Element | None, *path: str) -> etree._Element | None:
    """The first element down a path of local names; the last may be a basic or an aggregate component."""
    for step in path[:-1]:
        if element is None:
            return None
        element = element.find(f"{_CAC}{step}")
    if element is None:
        return None
    basic = element.find(f"{_CBC}{path[-1]}")
    return basic if basic is not None else element.find(f"{_CAC}{path[-1]}")


def _text(element: etree._Element | None, *path: str) -> str:
    return _words(_child(element, *path))


def _texts(element: etree._Element | None, tag: str) -> str:
    """All texts of one name, each on its own line, none twice."""
    if element is None:
        return ""
    return "\n".join(
        dict.fromkeys(
            filter(None, (clean(one.text or "", lines=True) for one in element.findall(f"{_CBC}{tag}")))
        )
    )


def _line_of(element: etree._Element) -> int | None:
    line = element.sourceline
    return line if isinstance(line, int) else None


def _words(element: etree._Element | None) -> str:
    return clean(element.text or "", lines=False) if element is not None else ""
