"""Working copies are filled in and read back the same by three programs; records carry the company's signature."""

import io
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import page as page_validation
import pikepdf
import pytest
from flask import Flask
from pyhanko.sign.validation.status import SignatureCoverageLevel

from concierge.platform import settings, signing
from concierge.platform.pdf import Press
from concierge.readiness import fields, returning
from concierge.readiness.document import printing
from concierge.readiness.document.values import TEMPLATE_VERSION
from tests.makers import certificates
from tests.makers.documents import document
from tests.readiness import filling

PROFILES = page_validation.ValidationProfile
TYPED = {"en": "Grace Hopper", "de": "Jürgen Groß", "ja": "山田花子", "ar": "ليلى حداد"}


@pytest.fixture(scope="module")
def printer() -> Iterator[Press]:
    made = Press(children=1)
    yield made
    made.close()


@pytest.fixture
def speaking(sqlite_app: Flask) -> Iterator[Flask]:
    """The application's templates and texts, without its tables."""
    with sqlite_app.app_context():
        yield sqlite_app


def filled_in(name: str) -> dict[str, str]:
    """One value for every kind of field, what was filled in changed among them."""
    return {
        "circuit-val": "yes",
        "mains-voltage-val": "231,5 V",
        "bench-val-power": "",
        "bench-val-n2": "n2",
        "unload-val": "dock",
        "receiver-val": name,
        "ready-from-val": "2026-12-01",
        "climate-log-note": f"{name}: 1\n2",
        "circuit-note": name,
        "final-decision": "ready-with-conditions",
        "final-conditions": f"{name} (§ 3 \\ 4)",
        "final-sign-name": name,
        "section-power-sign-date": "2026-11-30",
    }


@pytest.mark.filterwarnings("ignore:Text string")
@pytest.mark.parametrize("engine", filling.ENGINES)
@pytest.mark.parametrize("language", TYPED)
def test_what_is_filled_in_is_read_back(speaking: Flask, printer: Press, language: str, engine: str) -> None:
    data = printing.printed(document(language), on=printer).data
    typed = filled_in(TYPED[language])

    back = returning.read_form(filling.ENGINES[engine](data, typed))

    assert {name: back.values[name].text for name in typed} == typed
    assert back.values["bench-val-network"].text == "network", "what nobody touched stays"
    assert back.active == ()
    note = fields.read(back.note, secret_key=settings.current().secret_key)
    assert note is not None
    assert note.is_genuine


@pytest.mark.parametrize("language", printing.LANGUAGES)
def test_an_untouched_copy_says_what_its_note_says(speaking: Flask, printer: Press, language: str) -> None:
    made = document(language)
    data = printing.printed(made, on=printer).data
    form = returning.read_form(data)

    read = fields.read(form.note, secret_key=settings.current().secret_key)
    assert read is not None
    assert read.is_genuine
    note = read.note
    assert (note.document, note.project, note.template) == ("7K3MQ0ZD", "HB-2041", TEMPLATE_VERSION)
    assert (note.language, note.revision) == (language, 3)
    items = {item.key: item for item in made.items}
    assert set(note.fields) == set(items) - {"lift", "truck"}, "neither what is settled nor what only informs"
    for key, printed in note.fields.items():
        item = items[key]
        codes = item.codes if item.kind == "multi" else ()
        boxes = [form.values[fields.choice_of(key, code)].text for code in codes]
        value = (
            " ".join(sorted(filter(None, boxes)))
            if item.kind == "multi"
            else form.values[fields.value_of(key)].text
        )
        assert (printed.seen, printed.value, printed.comment) == (item.seen, value, item.comment)
        assert form.values[fields.comment_of(key)].text == item.comment
    known = fields.known({key: items[key].codes for key in note.fields}, sections=("power", "access"))
    assert set(form.values) - {"safety-sig"} <= set(known)


def test_every_field_says_what_it_asks_and_shows_what_it_holds(speaking: Flask, printer: Press) -> None:
    made = document()
    with pikepdf.open(io.BytesIO(printing.printed(made, on=printer).data)) as pdf:
        widgets = {}
        for page in pdf.pages:
            content = page.Contents.read_bytes()
            for annotation in page.Annots:
                if annotation.Subtype == "/Widget":
                    assert annotation.F == 4, "it is printed"
                    assert "/StructParent" in annotation
                    assert str(annotation.TU)
                    widgets[str(annotation.get("/T", annotation.get("/Parent", {}).get("/T")))] = annotation
            assert b"/Tx BMC" not in content
        form = pdf.Root.AcroForm
        assert {str(name) for name in form.DR.Font} == {"/CoF"}
        assert form.SigFlags == 1
        assert {name for name, one in widgets.items() if one.get("/FT") == "/Sig"} == {
            "section-power-sign-sig", "final-sign-sig", "safety-sig",
        }  # fmt: skip
        required = {name for name, one in widgets.items() if int(one.get("/Ff", 0)) & 2}
        assert required == {"mains-voltage-val", "temperature-val", "unload-val", "ready-from-val"}
        assert int(widgets["circuit-val"].Parent.Ff) & 2
        assert "TJ" in widgets["mains-voltage-val"].AP.N.read_bytes().decode("latin-1")
        assert "TJ" in widgets["unload-val"].AP.N.read_bytes().decode("latin-1"), (
            "the label of what was chosen"
        )
        assert widgets["ready-from-val"].AP.N.read_bytes() == b""
        assert "207–253" in str(widgets["mains-voltage-val"].TU)
        for name, one in widgets.items():
            if one.get("/FT") == "/Btn" or "/Parent" in one:
                assert "/Off" in one.AP.N, name


def test_a_signed_section_is_not_signed_again(speaking: Flask) -> None:
    made = document()

    assert "5e5e5e5e" in printing.html(made)
    assert "5e5e5e5e" not in printing.html(
        replace(made, sections=tuple(replace(one, signatures=()) for one in made.sections))
    )


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A folder with a company's certificate."""
    return certificates.certificate(tmp_path)


@pytest.mark.parametrize("language", ["en", "ar"])
def test_a_record_carries_the_company_s_signature(
    speaking: Flask, printer: Press, certificate: Path, monkeypatch: pytest.MonkeyPatch, language: str
) -> None:
    monkeypatch.setitem(speaking.extensions, "concierge.settings", settings.current())
    certificates.with_certificate(speaking, certificate)
    assert signing.is_asked_for()

    data = printing.printed(replace(document(language, is_record=True), is_sealed=True), on=printer).data

    status = certificates.status_of(data, certificate)
    assert status.bottom_line
    assert status.coverage is SignatureCoverageLevel.ENTIRE_FILE
    found = [
        failure.rule_id
        for profile in (PROFILES.PDF_A_3A, PROFILES.PDF_UA_1)
        for failure in page_validation.validate_pdf_bytes(data, profile=profile).failures
    ]
    assert found == []
    changed = data.replace(b"\xf0\x9f\x96\xa4", b"\xf0\x9f\x96\xa5", 1)  # of the comment in the second line
    assert changed != data
    assert not certificates.status_of(changed, certificate).bottom_line


def test_a_certificate_with_another_password_is_a_sentence(
    speaking: Flask, printer: Press, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(speaking.extensions, "concierge.settings", settings.current())
    certificates.with_certificate(speaking, certificate)
    (certificate / "password").write_text("another")

    with pytest.raises(signing.NotSigned, match="cannot be read"):
        printing.printed(replace(document(is_record=True), is_sealed=True), on=printer)


def test_a_setting_that_names_no_file_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(settings.BadSetting, match="CONCIERGE_SIGNING_KEY names a file that is not there"):
        settings.load({"CONCIERGE_INSTANCE": str(tmp_path), "CONCIERGE_SIGNING_KEY": str(tmp_path / "x.p12")})
