"""The checklist on paper: PDF/UA in both languages and on both papers, inert, and named by its content."""

import io
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import page as page_validation
import pikepdf
import pytest
from flask import Flask
from pypdf import PdfReader

from concierge.platform.pdf import Press, Printed
from concierge.readiness.document import printing
from concierge.readiness.document.values import (
    Answered,
    Checklist,
    Evidence,
    Item,
    Reached,
    Section,
    Severity,
    Step,
)
from concierge.readiness.document.words import Words
from tests import programs
from tests.makers.days import on

DELIVERY = on("Fri 2026-12-11")


@pytest.fixture(scope="module")
def printer() -> Iterator[Press]:
    made = Press()
    yield made
    made.close()


@pytest.fixture
def speaking(sqlite_app: Flask) -> Iterator[Flask]:
    """The application's templates and texts, without its tables."""
    with sqlite_app.app_context():
        yield sqlite_app


def point(number: str, requirement: str, offset: int = -14, **more: object) -> Item:
    return Item(
        number,
        requirement,
        due_on=DELIVERY + timedelta(days=offset),
        offset_days=offset,
        **more,  # type: ignore[arg-type]  # any of its fields
    )


def checklist(language: str = "en", country: str = "CH", *, rows: int = 9) -> Checklist:
    power = Section(
        1,
        "Power",
        "Your team",
        (
            point("1.1", "Dedicated 20 A circuit", -21, severity=Severity.SHIP, evidence=Evidence.REQUIRED),
            point("1.2", "Mains voltage", kind="measure", least=207, most=253, unit="V", severity=Severity.SHIP,
                  answered=Answered.OUT_OF_RANGE, answer="198 V", answered_on=on("Wed 2026-11-18")),
            point("1.3", "Unloading", kind="choice", choices=("Dock", "Tail lift"), severity=Severity.INSTALL),
            point("1.4", "Lift", answered=Answered.CONFIRMED, answer="Yes", answered_by="Ada Lind",
                  answered_on=on("Tue 2026-11-10"), source="Site guide", source_revision="rev 2",
                  checked_on=on("Mon 2026-01-05")),
        ),
    )  # fmt: skip
    climate = Section(
        2,
        "Climate",
        "Your team",
        tuple(
            point(f"2.{n}", f"Temperature {n}", kind="measure", least=18, most=27, unit="°C")
            for n in range(1, rows)
        ),
    )
    return Checklist(
        company="Helix Instruments",
        project_key="HB-2041",
        order_number="SO-48213",
        account="Halden Biologics AG",
        site="Basel research",
        address=("Mattenstrasse 22", "4058 Basel"),
        country=country,
        instruments=("Helix LC-MS 900",),
        sections=(power, climate),
        steps=(
            Step("Order", on("Tue 2026-10-06"), Reached.DONE),
            Step("Preparation", on("Thu 2026-11-26"), Reached.NOW),
            Step("Delivery", DELIVERY, Reached.NEXT),
            Step("Handover", None, Reached.NEXT),
        ),
        language=language,
        contact="Yuki Mori",
        concierge="Ada Lind",
        concierge_phone="+41 61 555 01 20",
        concierge_mail="ada@concierge.example",
        delivery_on=DELIVERY,
        sign_off_on=on("Fri 2026-11-27"),
        link="https://concierge.example/checklist/mfrggzdfmztwq2lknnwg23tpoa",
        code="7K3M-Q0ZD",
        revision=3,
        revised_on=on("Sat 2026-11-21"),
    )


def failures(printed: Printed) -> list[str]:
    report = page_validation.validate_pdf_bytes(
        printed.data, profile=page_validation.ValidationProfile.PDF_UA_1
    )
    return [failure.rule_id for failure in report.failures]


def text_of(printed: Printed) -> str:
    return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(printed.data)).pages)


@pytest.mark.parametrize("country", ["CH", "US"])
@pytest.mark.parametrize("language", ["en", "de"])
def test_every_document_is_pdf_ua(speaking: Flask, printer: Press, language: str, country: str) -> None:
    printed = printing.printed(checklist(language, country), on=printer)

    assert failures(printed) == []
    assert printed.notes == ()
    with pikepdf.open(io.BytesIO(printed.data)) as pdf:
        _, _, width, height = (float(edge) for edge in pdf.pages[0].MediaBox)
        assert (round(width), round(height)) == ((612, 792) if country == "US" else (595, 842))
        assert pdf.Root.Lang == language
        for page in pdf.pages:
            for font in page.Resources.Font.values():
                descriptor = font.DescendantFonts[0].FontDescriptor
                assert "/FontFile2" in descriptor or "/FontFile3" in descriptor, "every font is embedded"


@pytest.mark.parametrize("language", ["en", "de"])
def test_a_second_opinion_finds_nothing(
    speaking: Flask, printer: Press, language: str, tmp_path: Path
) -> None:
    (tmp_path / "checklist.pdf").write_bytes(printing.printed(checklist(language), on=printer).data)

    program = Path(sys.executable).with_name("outloud")
    subprocess.run(
        [program, "checklist.pdf", "--json", "found.json", "--fail-on", "error"],
        cwd=tmp_path, check=True, capture_output=True, timeout=60,
    )  # fmt: skip

    assert '"severity": "error"' not in (tmp_path / "found.json").read_text()


def test_german_documents_are_german_throughout(speaking: Flask, printer: Press) -> None:
    text = text_of(printing.printed(checklist("de"), on=printer))

    assert "Den Standort vorbereiten für" in text
    assert "Fr., 27. Nov. 2026" in text
    assert "14 Tage vor der Lieferung" in text
    assert "Seite 1 von" in text
    for english in ("Accepted", "Blocks", "Evidence", "before delivery", "Signature", "Page"):
        assert english not in text


def test_dates_and_units_are_the_country_s(speaking: Flask) -> None:
    swiss, american = Words(checklist()), Words(checklist(country="US"))
    celsius = checklist().sections[1].items[0]

    assert swiss.day(DELIVERY) == "Fri 11 Dec 2026"
    assert american.day(DELIVERY) == "Fri, Dec 11, 2026"
    assert swiss.accepted(celsius) == "18–27\N{NO-BREAK SPACE}°C"
    assert "64.4–80.6\N{NO-BREAK SPACE}°F" in american.accepted(celsius)


def test_every_page_says_which_it_is_and_what_it_prints(speaking: Flask, printer: Press) -> None:
    value = checklist(rows=40)
    printed = printing.printed(value, on=printer)

    assert printed.pages >= 4
    for number, page in enumerate(PdfReader(io.BytesIO(printed.data)).pages, 1):
        text = page.extract_text()
        assert f"Page {number} of {printed.pages}" in text
        assert f"Code {value.code}" in text
        assert "Revision 3 of 21 Nov 2026" in text


def test_running_heads_are_not_read_aloud(speaking: Flask, printer: Press) -> None:
    printed = printing.printed(checklist(rows=40), on=printer)

    with pikepdf.open(io.BytesIO(printed.data)) as pdf:
        for page in pdf.pages:
            assert b"/Pagination" in page.Contents.read_bytes()


def test_equal_content_gives_equal_bytes(speaking: Flask, printer: Press) -> None:
    again = Press()
    try:
        assert printing.printed(checklist(), on=printer).data == printing.printed(checklist(), on=again).data
    finally:
        again.close()


def test_the_hash_names_the_content_and_not_the_print() -> None:
    value = checklist()

    again = replace(value, revision=9, revised_on=date(2030, 1, 1), code="0000-0000")
    assert value.content_hash == again.content_hash
    assert value.content_hash != replace(value, contact="Mallory").content_hash
    assert value.content_hash != checklist(rows=8).content_hash


HOSTILE = (
    "<script>alert(1)</script>",
    "<img src=http://127.0.0.1:9/x>",
    "</title></style><h1>owned",
    '"><a href=file:///etc/passwd rel=attachment>x',
    "{{ 7 * 7 }} {% raw %}",
    "\u202egnp.exe\u2066",
    "&amp;lt; ]]> <!-- ",
    "W" * 3000,
)


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_texts_are_printed_as_text(speaking: Flask, printer: Press, text: str) -> None:
    first = checklist().sections[0]
    items = tuple(replace(item, requirement=text, why=text, answer=text, source=text) for item in first.items)
    value = replace(
        checklist(),
        account=text,
        site=text,
        contact=text,
        instruments=(text,),
        address=(text,),
        concierge=text,
        sections=(replace(first, title=text, responsible=text, items=items),),
    )

    printed = printing.printed(value, on=printer)

    assert printed.pages >= 2
    assert text.split()[0][:20] in html_text(printing.html(value))
    with pikepdf.open(io.BytesIO(printed.data)) as pdf:
        assert not pdf.attachments
        for page in pdf.pages:
            for annotation in page.get("/Annots", []):
                if "/A" in annotation:
                    assert str(annotation.A.get("/URI", "#")).startswith(("mailto:", "tel:", "https://", "#"))


def html_text(html: str) -> str:
    import html5lib

    return "".join(html5lib.parse(html, namespaceHTMLElements=False).itertext())


def test_the_qr_code_reads_from_a_coarse_picture(speaking: Flask, printer: Press, tmp_path: Path) -> None:
    programs.need_picture_readers()
    (tmp_path / "c.pdf").write_bytes(printing.printed(checklist(), on=printer).data)

    subprocess.run(["pdftoppm", "-r", "96", "-l", "1", "-png", "c.pdf", "c"], cwd=tmp_path, check=True)
    picture = next(tmp_path.glob("c*.png"))
    read = subprocess.run(["zbarimg", "-q", "--raw", picture], check=True, capture_output=True, text=True)

    token = checklist().link.rpartition("/")[2]
    assert read.stdout.strip() == f"https://concierge.example/d/7K3M-Q0ZD?t={token}"


def test_the_document_holds_only_what_customers_may_know(speaking: Flask) -> None:
    """Every value of the document is printed from its own fields; an unknown field would have to be added."""
    printed = json.loads(json.dumps(html_text(printing.html(checklist()))))

    for secret in ("None", "Severity.", "Answered.", "datetime", "{{", "undefined"):
        assert secret not in printed
