"""Sheets are read row by row, and a faulty row is named by its number."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from concierge.orders import fields
from concierge.orders.documents import read_orders
from concierge.orders.incoming import BadDocument
from concierge.orders.spreadsheet import COLUMNS, example_csv
from tests.makers.order_documents import sheet, sheet_row


def refusal(data: bytes) -> BadDocument:
    with pytest.raises(BadDocument) as refused:
        read_orders(data, "orders.csv")
    return refused.value


def test_the_example_can_be_imported_as_it_is() -> None:
    vienna, osaka = read_orders(example_csv().encode(), "example.csv")

    assert [line.number for line in vienna.lines] == ["10", "20"]
    assert (vienna.total_minor, vienna.currency) == (19_070_000, "EUR")
    assert (osaka.total_minor, osaka.currency) == (18_900_000, "JPY")
    assert osaka.site_address.subdivision == "Osaka"
    assert vienna.delivery_place == "Building 4, cell lab"


def test_every_column_says_what_it_means() -> None:
    assert all(str(column.meaning).endswith((".", "?")) for column in COLUMNS)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_separator_is_found(delimiter: str) -> None:
    (order,) = read_orders(sheet(sheet_row(), delimiter=delimiter), "o.csv")

    assert order.lines[0].seller_item_id == "HX-200"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_the_encoding_is_found(encoding: str) -> None:
    (order,) = read_orders(sheet(sheet_row(customer="Universität Zürich"), encoding=encoding), "o.csv")

    assert order.buyer.name == "Universität Zürich"
    assert bool(order.remarks) == (encoding == "cp1252")


def test_rows_of_one_order_number_are_one_order() -> None:
    (order,) = read_orders(
        sheet(sheet_row(line_number="10"), sheet_row(line_number="20", customer="", country="", city="")),
        "o.csv",
    )

    assert [line.number for line in order.lines] == ["10", "20"]


def test_the_same_number_in_two_systems_is_two_orders() -> None:
    orders = read_orders(sheet(sheet_row(system="SAP"), sheet_row(system="Navision")), "o.csv")

    assert [order.source for order in orders] == ["SAP", "Navision"]


def test_a_sheet_of_too_many_orders_is_refused() -> None:
    refused = refusal(sheet(*(sheet_row(order_number=f"SO-{n}") for n in range(501))))

    assert "501 orders; at most 500" in refused.sentence


def test_unknown_columns_are_named_and_left() -> None:
    (order,) = read_orders(sheet(sheet_row(colour="blue")), "o.csv")

    assert "colour" in order.remarks[0]


@pytest.mark.parametrize(
    ("rows", "row", "words"),
    [
        ([sheet_row(quantity="-2")], 2, "quantity: The quantity -2 is negative"),
        ([sheet_row(), sheet_row(order_number="")], 3, "order number is missing"),
        ([sheet_row(country="Atlantis")], 2, "country: “Atlantis” is not a country"),
        ([sheet_row(country="")], 2, "country is missing"),
        ([sheet_row(delivery_from="2026-02-30")], 2, "no day “2026-02-30”"),
        ([sheet_row(delivery_from="03/04/2026")], 2, "two different days"),
        ([sheet_row(delivery_from="2026-04-02", delivery_to="2026-04-01")], 2, "ends before it starts"),
        ([sheet_row(unit_price="12.50")], 2, "price has no currency"),
        ([sheet_row(unit_price="1.250", currency="EUR")], 2, "can mean two numbers"),
        ([sheet_row(item_name="")], 2, "item's name is missing"),
        ([sheet_row(line_number="1"), sheet_row(line_number="1")], 3, "used twice"),
        ([sheet_row(), sheet_row(customer="Other Ltd")], 3, "two values for customer"),
    ],
)
def test_a_faulty_row_is_named(rows: list[dict[str, str]], row: int, words: str) -> None:
    refused = refusal(sheet(*rows))

    assert refused.line == row
    assert words in refused.sentence
    assert f"orders.csv, row {row}: " in refused.sentence


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"order_number,customer,item_name\r\nA,B,C\r\n", "country is missing"),
        (b"order_nummer,customer,item_name,country\r\nA,B,C,AT\r\n", "Is it “order_nummer”"),
        (b"order_number,order no,customer,country,item_name\r\n", "stands twice"),
        (b"order_number,customer,country,item_name\r\n", "no order"),
        (b"order_number," * 1000, "more than 200 columns"),
        (b"order_number,customer,country,item_name\r\nA,B,AT,C,D\r\n", "more cells than columns"),
        (b'order_number,customer,country,item_name\r\nA,"B,AT,C\r\n', "quotation mark"),
        (b"order_number,customer,country,item_name\r\nA,B\x00,AT,C\r\n", "no text"),
        (b"order_number,customer,country,item_name\r\nA,B\x81\xff,AT,C\r\n", "neither UTF-8"),
    ],
)
def test_a_sheet_that_cannot_be_read_is_refused(data: bytes, words: str) -> None:
    assert words in refusal(data).sentence


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("1250.50", "1250.50"),
        ("1250,50", "1250.50"),
        ("1.250,50", "1250.50"),
        ("1,250.50", "1250.50"),
        ("1 250,5", "1250.5"),
        ("12'500.00", "12500.00"),
        ("1,250,000.0", "1250000.0"),
        ("0.125", "0.125"),
        ("0,5", "0.5"),
        ("7", "7"),
        ("-3,5", "-3.5"),
    ],
)
def test_numbers_are_read_as_people_write_them(written: str, number: str) -> None:
    assert fields.as_written_decimal(written) == Decimal(number)


@pytest.mark.parametrize(
    "written", ["1,250", "1.250", "12.34.56", "1,2.3,4", "abc", "1e5", "١٢", "1,250,000", "--1"]
)
def test_numbers_that_can_mean_two_things_are_refused(written: str) -> None:
    with pytest.raises(fields.Unreadable):
        fields.as_written_decimal(written)


@given(
    st.integers(0, 10**9),
    st.sampled_from([("", "."), ("", ","), (".", ","), (",", "."), (" ", ","), ("'", ".")]),
)
def test_cents_survive_every_way_of_writing(cents: int, signs: tuple[str, str]) -> None:
    thousands, decimal = signs
    written = f"{cents // 100:,}".replace(",", thousands) + f"{decimal}{cents % 100:02d}"

    assert fields.as_minor(fields.as_written_decimal(written), "EUR") == cents


def test_a_dotted_date_is_day_first() -> None:
    assert fields.as_written_date("5.2.2027") == date(2027, 2, 5)


def test_every_country_can_be_written_by_name() -> None:
    assert fields.as_country("germany") == "DE"
    assert len(fields.country_codes()) == 250


@given(st.binary(max_size=300))
def test_no_bytes_break_the_reader(noise: bytes) -> None:
    for data in (noise, b"order_number,customer,country,item_name\r\n" + noise):
        try:
            read_orders(data, "noise.csv")
        except BadDocument as refused:
            assert refused.sentence  # noqa: PT017 either answer is right
