"""Orders as documents: UBL and CSV written for the tests, never taken from anywhere."""

from collections.abc import Iterable

UBL = "urn:oasis:names:specification:ubl:schema:xsd:"


def ubl_item(
    name: str = "Helix 200 flow cytometer",
    *,
    number: str = "1",
    quantity: str = "1",
    unit: str = "C62",
    price: str = "184500.00",
    currency: str = "EUR",
    item_id: str = "HX-200",
    standard_id: str = "",
    status: str = "",
    extra: str = "",
    of_item: str = "",
) -> str:
    """One `cac:OrderLine`."""
    seller = (
        f"<c:SellersItemIdentification><b:ID>{item_id}</b:ID></c:SellersItemIdentification>"
        if item_id
        else ""
    )
    standard = (
        f'<c:StandardItemIdentification><b:ID schemeID="0160">{standard_id}</b:ID>'
        "</c:StandardItemIdentification>"
        if standard_id
        else ""
    )
    state = f"<b:LineStatusCode>{status}</b:LineStatusCode>" if status else ""
    money = (
        f'<c:Price><b:PriceAmount currencyID="{currency}">{price}</b:PriceAmount></c:Price>' if price else ""
    )
    return (
        f"\n<c:OrderLine><c:LineItem><b:ID>{number}</b:ID>{state}"
        f'\n<b:Quantity unitCode="{unit}">{quantity}</b:Quantity>{extra}{money}'
        f"\n<c:Item><b:Name>{name}</b:Name>{seller}{standard}{of_item}</c:Item></c:LineItem></c:OrderLine>"
    )


def ubl_party(
    name: str, *, number: str = "", scheme: str = "0088", country: str = "", city: str = "", contact: str = ""
) -> str:
    """A `cac:Party`."""
    identity = f'<c:PartyIdentification><b:ID schemeID="{scheme}">{number}</b:ID></c:PartyIdentification>'
    place = f"<c:PostalAddress>{ubl_place(city=city, country=country)}</c:PostalAddress>" if country else ""
    named = f"<c:PartyName><b:Name>{name}</b:Name></c:PartyName>"
    return f"<c:Party>{identity if number else ''}{named}{place}{contact}</c:Party>"


def ubl_place(
    *, street: str = "Sensengasse 8", city: str = "Wien", post: str = "1090", country: str = "AT"
) -> str:
    """What stands in an address."""
    land = f"<c:Country><b:IdentificationCode>{country}</b:IdentificationCode></c:Country>" if country else ""
    town = f"<b:CityName>{city}</b:CityName><b:PostalZone>{post}</b:PostalZone>"
    return f"<b:StreetName>{street}</b:StreetName>{town}{land}"


def ubl_period(
    start: str = "", end: str = "", *, tag: str = "RequestedDeliveryPeriod", times: str = ""
) -> str:
    """A delivery period."""
    first = f"<b:StartDate>{start}</b:StartDate>" if start else ""
    last = f"<b:EndDate>{end}</b:EndDate>" if end else ""
    return f"<c:{tag}>{first}{times}{last}</c:{tag}>"


def ubl_order(
    number: str = "PO-7001",
    *,
    kind: str = "Order",
    lines: Iterable[str] = (),
    buyer: str = "",
    seller: str = "",
    delivery: str = "",
    country: str = "AT",
    requested: tuple[str, str] = ("2027-02-15", "2027-02-26"),
    reference: str = "",
    currency: str = "EUR",
    head: str = "",
    contact: str = "yuki.brandt@example.org",
    encoding: str = "utf-8",
) -> bytes:
    """A whole document; `delivery` replaces what stands in `cac:Delivery`."""
    place = f"<c:DeliveryLocation><c:Address>{ubl_place(country=country)}</c:Address></c:DeliveryLocation>"
    person = (
        "<c:DeliveryParty><c:Contact><b:Name>Yuki Brandt</b:Name>"
        f"<b:ElectronicMail>{contact}</b:ElectronicMail></c:Contact></c:DeliveryParty>"
    )
    inside = delivery or f"{place}{ubl_period(*requested)}{person}"
    referred = f"<c:OrderReference><b:ID>{reference}</b:ID></c:OrderReference>" if reference else ""
    items = "".join(lines or ([] if kind == "OrderCancellation" else [ubl_item()]))
    who_buys = buyer or ubl_party("Institute of Blood Research", number="9110000000017", country="AT")
    who_sells = seller or ubl_party("Helix Instruments", number="9110000000024", country="CH")
    wanted = "" if kind == "OrderCancellation" else f"<c:Delivery>{inside}</c:Delivery>"
    return (
        f'<?xml version="1.0" encoding="{encoding}"?>'
        f'\n<o:{kind} xmlns:o="{UBL}{kind}-2" xmlns:c="{UBL}CommonAggregateComponents-2"'
        f' xmlns:b="{UBL}CommonBasicComponents-2">'
        f"\n<b:ID>{number}</b:ID>"
        f"\n<b:IssueDate>2026-11-02</b:IssueDate>{head}"
        f"\n<b:DocumentCurrencyCode>{currency}</b:DocumentCurrencyCode>{referred}"
        f"\n<c:BuyerCustomerParty>{who_buys}</c:BuyerCustomerParty>"
        f"\n<c:SellerSupplierParty>{who_sells}</c:SellerSupplierParty>"
        f"\n{wanted}{items}"
        f"\n</o:{kind}>\n"
    ).encode(encoding)


def sheet(*rows: dict[str, str], delimiter: str = ",", encoding: str = "utf-8") -> bytes:
    """A CSV with the columns that the rows name."""
    columns = list(dict.fromkeys(name for row in rows for name in row))
    table = [
        delimiter.join(columns),
        *(delimiter.join(row.get(name, "") for name in columns) for row in rows),
    ]
    return ("\r\n".join(table) + "\r\n").encode(encoding)


def sheet_row(**cells: str) -> dict[str, str]:
    """A row that can be read, with the cells given laid over it."""
    return {
        "order_number": "SO-1",
        "customer": "Institute of Blood Research",
        "country": "AT",
        "city": "Wien",
        "item_name": "Helix 200 flow cytometer",
        "item_id": "HX-200",
        "quantity": "1",
    } | cells
