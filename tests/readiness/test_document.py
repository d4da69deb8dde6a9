"""The checklist on paper: PDF/UA in six languages and on both papers, inert, and named by its content."""

import io
import json
import re
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import page as page_validation
import pikepdf
import pypdfium2
import pytest
from babel import Locale
from flask import Flask
from flask_babel import force_locale
from outloud import check
from pypdf import PdfReader

from concierge.catalogue.states import ItemType
from concierge.platform.pdf import Limits, Press, Printed
from concierge.readiness.document import filling, printing
from concierge.readiness.document.values import Answered, Checklist, Deed
from concierge.readiness.document.words import Words
from concierge.readiness.models import ReadinessItem
from tests import programs
from tests.makers.documents import DELIVERY, document


@pytest.fixture(scope="module")
def printer() -> Iterator[Press]:
    made = Press(Limits(seconds=120), children=1)  # other tests may keep the machine busy
    yield made
    made.close()


@pytest.fixture
def speaking(sqlite_app: Flask) -> Iterator[Flask]:
    """The application's templates and texts, without its tables."""
    with sqlite_app.app_context():
        yield sqlite_app


PROFILES = page_validation.ValidationProfile
PAPERS = ("DE", "US")
LANGUAGES = printing.LANGUAGES
Prints = Callable[[str, str, bool], Printed]
"""Gives the document of a language and a country, as working copy or as record."""


@pytest.fixture(scope="module")
def kept() -> dict[tuple[str, str, bool], Printed]:
    """What was printed for one question and is looked at for the next."""
    return {}


@pytest.fixture
def prints(speaking: Flask, printer: Press, kept: dict[tuple[str, str, bool], Printed]) -> Prints:
    """Prints each document once."""

    def once(language: str, country: str, is_record: bool) -> Printed:
        key = language, country, is_record
        if key not in kept:
            kept[key] = printing.printed(document(language, country, is_record=is_record), on=printer)
        return kept[key]

    return once


def failures(data: bytes, *profiles: page_validation.ValidationProfile) -> list[str]:
    """The rules that a file breaks."""
    return [
        failure.rule_id
        for profile in profiles
        for failure in page_validation.validate_pdf_bytes(data, profile=profile).failures
    ]


def text_of(printed: Printed) -> str:
    return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(printed.data)).pages)


@pytest.mark.parametrize("country", PAPERS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_working_copy_is_pdf_ua(prints: Prints, language: str, country: str) -> None:
    printed = prints(language, country, False)

    assert failures(printed.data, PROFILES.PDF_UA_1) == []
    assert printed.notes == ()
    assert printed.pages == 3
    assert len(printed.data) <= (800 if language == "ja" else 200) * 1024
    with pikepdf.open(io.BytesIO(printed.data)) as pdf:
        assert pdf.check_pdf_syntax() == []
        _, _, width, height = (float(edge) for edge in pdf.pages[0].MediaBox)
        assert (round(width), round(height)) == ((612, 792) if country == "US" else (595, 842))
        assert pdf.Root.Lang == language
        assert fonts_not_inside(pdf) == []
        assert "/NeedAppearances" not in pdf.Root.AcroForm
        assert (pdf.Root.ViewerPreferences.get("/Direction") == "/R2L") == (language == "ar")


@pytest.mark.parametrize("country", PAPERS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_record_is_pdf_a_and_pdf_ua(prints: Prints, language: str, country: str) -> None:
    printed = prints(language, country, True)

    assert failures(printed.data, PROFILES.PDF_A_3A, PROFILES.PDF_UA_1) == []
    assert printed.notes == ()
    with pikepdf.open(io.BytesIO(printed.data)) as pdf:
        assert pdf.check_pdf_syntax() == []
        assert "/AcroForm" not in pdf.Root, "nothing is filled in"
        assert fonts_not_inside(pdf) == []
        inner = pdf.attachments["answers.json"]
        assert inner.relationship == "/Data"
        assert json.loads(inner.get_file().read_bytes()) == {"items": []}


def fonts_not_inside(pdf: pikepdf.Pdf) -> list[str]:
    """The fonts whose program is not in the file."""
    found = []
    for one in pdf.objects:
        if isinstance(one, pikepdf.Dictionary) and one.get("/Type") == "/Font" and "/Encoding" in one:
            below = one.DescendantFonts[0] if "/DescendantFonts" in one else one
            descriptor = below.get("/FontDescriptor", pikepdf.Dictionary())
            if "/FontFile2" not in descriptor and "/FontFile3" not in descriptor:
                found.append(str(one.get("/BaseFont")))
    return found


@pytest.mark.parametrize("is_record", [False, True], ids=["working copy", "record"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_second_opinion_finds_nothing(
    prints: Prints, language: str, is_record: bool, tmp_path: Path
) -> None:
    file = tmp_path / "checklist.pdf"
    file.write_bytes(prints(language, "DE", is_record).data)

    found = check(str(file))

    # It warns of glyphs that are parts of Arabic letters (their words are spelt out besides), and of what fields show
    # (which is read from their values).
    wrong = {"error", "warning"} if is_record and language != "ar" else {"error"}
    assert found.error is None
    assert found.stats["elements"] > 100, "it has read the document"
    assert [one for one in found.findings if one.severity in wrong] == []


NAMES = "山田太郎 ليلى حدّاد Łukasz Müller Ωμέγα Дмитрий Nguyễn ≥ → Ω 서울대학교 מכון ויצמן ศิริราช 清华大学"


@pytest.mark.parametrize("language", LANGUAGES)
def test_names_of_every_script_are_printed_in_every_language(
    speaking: Flask, printer: Press, language: str
) -> None:
    made = document(language)
    first = made.sections[1]
    items = tuple(replace(item, typed=NAMES) if item.kind == "text" else item for item in first.items)
    value = replace(made, account=NAMES, sections=(made.sections[0], replace(first, items=items)))

    printed = printing.printed(value, on=printer)

    assert printed.notes == (), "every letter has its glyph"
    assert failures(printed.data, PROFILES.PDF_UA_1) == []
    text = text_of(printed)
    for name in ("山田太郎", "Łukasz", "Müller", "Ωμέγα", "Дмитрий", "Nguyễn", "≥", "서울대학교", "清华大学"):
        assert name in text


@pytest.mark.parametrize(("language", "said"), [("en", "Tue 25 May 2027"), ("de", "Di., 25. Mai 2027")])
def test_a_day_that_was_answered_is_told_as_people_write_it(
    speaking: Flask, language: str, said: str
) -> None:
    item = ReadinessItem(type=ItemType.DATE, value="2027-05-25")
    with force_locale(language):
        assert filling.answer_in_words(item) == said
        assert filling.value_in_words(item, "in May") == "in May", "what is no day stands as it was given"


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("21.5", "21,5\N{NO-BREAK SPACE}°C"),
        ("21,5 °C", "21,5 °C"),
        ("70.25 °F", "70,25 °F"),
        ("−3.5", "−3,5\N{NO-BREAK SPACE}°C"),
        ("22.125 °C", "22,125 °C"),
        ("0.125", "0,125\N{NO-BREAK SPACE}°C"),
        ("1.500 kg", "1.500 kg"),
        ("1,234.5", "1,234.5\N{NO-BREAK SPACE}°C"),
        ("20", "20\N{NO-BREAK SPACE}°C"),
        ("rev. 2.1", "rev. 2.1\N{NO-BREAK SPACE}°C"),
    ],
)
def test_a_measure_is_told_with_the_marks_of_the_readers_country(
    speaking: Flask, typed: str, said: str
) -> None:
    item = ReadinessItem(key="room", type=ItemType.MEASURE, value=typed, unit="°C")
    with force_locale("de"):
        assert filling.answer_in_words(item) == said
        assert filling.value_in_words(item, "21.5", locale=Locale.parse("de_CH")).startswith("21.5")


UNPRINTABLE = "𓀀𓁐 Ltd 🙂"


@pytest.mark.parametrize("is_record", [False, True], ids=["working copy", "record"])
def test_a_letter_that_no_font_holds_is_no_empty_box(
    speaking: Flask, printer: Press, *, is_record: bool
) -> None:
    made = document(is_record=is_record)
    first = made.sections[1]
    items = tuple(replace(item, typed=UNPRINTABLE) if item.kind == "text" else item for item in first.items)
    value = replace(made, account=UNPRINTABLE, sections=(made.sections[0], replace(first, items=items)))

    printed = printing.printed(value, on=printer)

    profiles = [PROFILES.PDF_UA_1, *([PROFILES.PDF_A_3A] if is_record else [])]
    assert [failures(printed.data, profile) for profile in profiles] == [[]] * len(profiles)
    assert printed.notes[0].startswith("No font here holds U+13000")
    assert "‹a001\xa0b001› Ltd ‹slightly\xa0smiling\xa0face›" in shown_of(printed), "it is named, and said so"
    with pikepdf.open(io.BytesIO(printed.data)) as pdf:
        spoken = [str(found) for page in pdf.pages for found in _spoken(page)]
        assert str(pdf.docinfo.Title).endswith(UNPRINTABLE), "programs that list files can show it"
        if not is_record:
            values = {str(field.get("/V", "")) for field in pdf.Root.AcroForm.Fields}
            assert UNPRINTABLE in values, "the field holds what was typed"
    assert UNPRINTABLE in " ".join(spoken), "what is copied and read aloud is what was written"


def _spoken(page: pikepdf.Page) -> Iterator[pikepdf.Object]:
    for operands, operator in pikepdf.parse_content_stream(page):
        if str(operator) == "BDC" and "/ActualText" in operands[1]:
            yield operands[1]["/ActualText"]


def shown_of(printed: Printed) -> str:
    """The letters that are drawn, whatever they are said to mean."""
    pdf = pypdfium2.PdfDocument(printed.data)
    return " ".join(" ".join(page.get_textpage().get_text_bounded().split(" ")) for page in pdf)


def test_a_record_says_all_that_was_said(speaking: Flask, printer: Press) -> None:
    """A working copy shows the beginning: its field holds the rest."""
    note = f"{'We have measured it twice. ' * 72}And at night."
    made = document(is_record=True)
    first = made.sections[1]
    items = tuple(replace(item, comment=note) if item.kind == "text" else item for item in first.items)

    printed = printing.printed(
        replace(made, sections=(made.sections[0], replace(first, items=items))), on=printer
    )

    assert failures(printed.data, PROFILES.PDF_A_3A) == failures(printed.data, PROFILES.PDF_UA_1) == []
    said = " ".join(text_of(printed).split())
    assert said.count("twice.") == 72
    assert "And at night." in said


def test_german_documents_are_german_throughout(speaking: Flask, printer: Press) -> None:
    text = " ".join(text_of(printing.printed(document("de"), on=printer)).split())

    assert "Den Standort vorbereiten für" in text
    assert "Fr., 27. Nov. 2026" in text
    assert "14 Tage vor der Lieferung" in text
    assert "Seite 1 von" in text
    for english in ("Accepted", "Blocks", "Evidence", "before delivery", "Signature", "Page"):
        assert english not in text


def test_dates_and_units_are_the_country_s(speaking: Flask) -> None:
    british, american = Words(document()), Words(document(country="US"))
    temperature = document().sections[0].items[3]

    assert british.day(DELIVERY) == "Fri 11 Dec 2026"
    assert american.day(DELIVERY) == "Fri, Dec 11, 2026"
    assert Words(document("ja")).day(DELIVERY) == "2026年12月11日(金)"
    assert british.accepted(temperature) == "18–27\N{NO-BREAK SPACE}°C"
    assert american.accepted(temperature) == "64.4–80.6\N{NO-BREAK SPACE}°F (18–27\N{NO-BREAK SPACE}°C)"
    assert (british.unit(temperature), american.unit(temperature)) == ("°C", "°F")


def test_every_page_says_which_it_is_and_what_it_prints(speaking: Flask, printer: Press) -> None:
    value = document(rows=40)
    printed = printing.printed(value, on=printer)

    assert printed.pages >= 4
    for number, page in enumerate(PdfReader(io.BytesIO(printed.data)).pages, 1):
        text = page.extract_text()
        assert f"Page {number} of {printed.pages}" in text
        assert f"Code {value.code}" in text
        assert "Revision 3 of 21 Nov 2026" in text


def test_running_heads_are_not_read_aloud(speaking: Flask, printer: Press) -> None:
    printed = printing.printed(document(rows=40), on=printer)

    with pikepdf.open(io.BytesIO(printed.data)) as pdf:
        for page in pdf.pages:
            assert b"/Pagination" in page.Contents.read_bytes()


@pytest.mark.parametrize("language", ["en", "ja", "ar"])
def test_equal_content_gives_equal_bytes(speaking: Flask, printer: Press, language: str) -> None:
    again = Press(children=1)
    try:
        for value in (document(language), document(language, is_record=True)):
            assert printing.printed(value, on=printer).data == printing.printed(value, on=again).data
    finally:
        again.close()


def test_the_hash_names_the_content_and_not_the_print() -> None:
    value = document()

    again = replace(value, revision=9, revised_on=date(2030, 1, 1), code="0000-0000")
    assert value.content_hash == again.content_hash
    assert value.content_hash != replace(value, contact="Mallory").content_hash
    assert value.content_hash != document(rows=8).content_hash
    assert value.content_hash != replace(value, is_record=True).content_hash


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
    value = hostile(text)

    printed = printing.printed(value, on=printer)

    assert printed.pages >= 2
    edges = re.findall(r"(?:data-head=|data-part=)(.*)", printing.html(value))
    assert edges
    assert all(len(edge) < 300 for edge in edges), "each page lays its edge out anew"
    shown = text.translate(dict.fromkeys([0x202E, 0x2066]))
    assert shown.split()[0][:20] in html_text(printing.html(value))
    assert failures(printed.data, PROFILES.PDF_UA_1) == []
    with pikepdf.open(io.BytesIO(printed.data)) as pdf:
        assert list(pdf.attachments) == ["concierge.json"]
        for page in pdf.pages:
            for annotation in page.get("/Annots", []):
                assert "/AA" not in annotation
                if "/A" in annotation:
                    assert str(annotation.A.get("/URI", "#")).startswith(("mailto:", "tel:", "https://", "#"))


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_texts_are_recorded_as_text(speaking: Flask, printer: Press, text: str) -> None:
    printed = printing.printed(replace(hostile(text), is_record=True, data="{}"), on=printer)

    assert failures(printed.data, PROFILES.PDF_A_3A, PROFILES.PDF_UA_1) == []


def hostile(text: str) -> Checklist:
    """A checklist that says the same everywhere."""
    made = document()
    said = {"requirement": text, "why": text, "answer": text, "typed": text, "comment": text, "source": text}
    sections = tuple(
        replace(
            one,
            title=text,
            responsible=text,
            items=tuple(
                replace(
                    item,
                    **said,
                    sample=text,
                    choices=tuple(text for _ in item.choices),
                    files=(text,),
                    audit=(Deed(text, text, text, text, text),),
                )
                for item in one.items
            ),
        )
        for one in made.sections
    )
    signature = replace(made.sections[1].signatures[0], name=text, meaning=text, title=text, conditions=text)
    return replace(
        made,
        account=text,
        site=text,
        contact=text,
        instruments=(text,),
        address=(text,),
        concierge=text,
        sections=sections,
        signatures=(signature,),
    )


def html_text(html: str) -> str:
    import html5lib

    return "".join(html5lib.parse(html, namespaceHTMLElements=False).itertext())


def test_the_qr_code_reads_from_a_coarse_picture(speaking: Flask, printer: Press, tmp_path: Path) -> None:
    programs.need_picture_readers()
    (tmp_path / "c.pdf").write_bytes(printing.printed(document(), on=printer).data)

    subprocess.run(["pdftoppm", "-r", "72", "-l", "1", "-png", "c.pdf", "c"], cwd=tmp_path, check=True)
    picture = next(tmp_path.glob("c*.png"))
    read = subprocess.run(["zbarimg", "-q", "--raw", picture], check=True, capture_output=True, text=True)

    token = document().link.rpartition("/")[2]
    assert read.stdout.strip() == f"https://concierge.example/d/7K3M-Q0ZD?t={token}"


def test_the_document_holds_only_what_customers_may_know(speaking: Flask) -> None:
    """Every value of the document is printed from its own fields; an unknown field would have to be added."""
    printed = json.loads(json.dumps(html_text(printing.html(document()))))

    for secret in ("None", "Severity.", "Answered.", "datetime", "{{", "undefined"):
        assert secret not in printed


def lines_as_they_look(printed: Printed) -> list[str]:
    """What stands on the pages and in the fields, line by line and letter by letter from left to right."""
    document = pypdfium2.PdfDocument(printed.data)
    document.init_forms()
    found = []
    for number in range(len(document)):
        if document.formenv:
            document[number].flatten()
        text = document[number].get_textpage()
        lines: dict[int, list[tuple[float, str]]] = {}
        for place in range(text.count_chars()):
            letter = text.get_text_range(place, 1)
            left, bottom, _right, top = text.get_charbox(place, loose=True)
            if letter.strip():
                lines.setdefault(round((bottom + top) / 4), []).append((left, letter))
        found += ["".join(letter for _left, letter in sorted(line)) for line in lines.values()]
    document.close()
    return found


@pytest.mark.parametrize("is_record", [False, True])
def test_figures_and_foreign_words_keep_their_order_in_arabic(
    speaking: Flask, printer: Press, is_record: bool
) -> None:
    made = document("ar", is_record=is_record)
    voltages = ("230 / 400 V", "15/16 A", "1/N/PE")
    told = {
        "requirement": "Deliveries from 07:30–16:45, Monday to Friday, with a forklift of 3.5 t at hand.",
        "why": "See 4.2/B.",
        "answer": "08:00–15:30",
        "typed": "08:00–15:30",
        "comment": "Gate 3/B, ring twice.",
        "sample": "12 / 34 kV",
        "source": "PS001797",
        "source_revision": "specifications 2023",
        "answered": Answered.CONFIRMED,
    }
    deed = Deed("تمت الإجابة", "Jana Weber 2", "10 سبتمبر 2026")
    first, second = made.sections
    text = replace(second.items[1], **told, audit=(deed,))
    choice = replace(second.items[0], choices=voltages, codes=("a", "b", "c"), typed="b", answer=voltages[1])
    value = replace(made, sections=(first, replace(second, items=(choice, text))))

    printed = printing.printed(value, on=printer)

    lines = "\n".join(lines_as_they_look(printed))
    wanted = [
        "07:30–16:45",
        "hand.",
        "See4.2/B.",
        "08:00–15:30",
        "Gate3/B,ringtwice.",
        "12/34kV",
        "15/16A",
        "PS001797,specifications",
    ]
    wanted += ["JanaWeber2"] if is_record else ["230/400V", "1/N/PE"]
    assert [one for one in wanted if one not in lines] == []
    if not is_record:
        with pikepdf.open(io.BytesIO(printed.data)) as pdf:
            fields = {str(one.T): str(one.get("/V", "")) for one in pdf.Root.AcroForm.Fields}
        assert fields["receiver-val"] == "08:00–15:30", "no mark goes into what is read again"
        assert fields["receiver-note"] == "Gate 3/B, ring twice."


def test_arabic_days_name_their_month(speaking: Flask) -> None:
    with force_locale("ar"):
        told = Words(document("ar")).short_day(date(2026, 9, 10))

    assert "سبتمبر" in told
    assert "/" not in told
