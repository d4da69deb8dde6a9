"""Certificates and reports: valid in every language, hostile texts as text, one revision for each signature."""

import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import page as page_validation
import pikepdf
import pytest
from flask import Flask
from pyhanko.sign.validation.status import SignatureCoverageLevel

from concierge.fieldwork.document import printing
from concierge.fieldwork.models import FieldRecord
from concierge.fieldwork.states import RecordKind
from concierge.platform import settings
from concierge.platform.pdf import Limits, Press
from tests.makers import certificates, fieldwork

PROFILES = (page_validation.ValidationProfile.PDF_A_3A, page_validation.ValidationProfile.PDF_UA_1)


@pytest.fixture(scope="module")
def printer() -> Iterator[Press]:
    own = Press(Limits(seconds=120), children=1)  # other tests may keep the machine busy
    yield own
    own.close()


def record_of(kind: RecordKind, *, text: str = "", country: str = "CH") -> FieldRecord:
    """A record with one of everything it can hold; `text` stands wherever people may write, as long as it may be."""
    long, text = text, text[:120]
    when = datetime(2026, 3, 17, 8, 5, tzinfo=UTC).isoformat()
    said = {"at": when, "by": text or "Tomas Keller", "is_odd": False}
    steps = [
        {
            "key": step["key"],
            "kind": step["kind"].value,
            "text": {"en": text} if text else step["text"],
            "unit": step.get("unit", ""),
            "minimum": step.get("minimum"),
            "maximum": step.get("maximum"),
            "is_required": step.get("is_required", True),
            "value": {"tick": "yes", "reading": "80.6 °F", "photo": ""}.get(
                step["kind"].value, text or "SN-4711"
            ),
            "number": 27.0 if step["kind"].value == "reading" else None,
            "fit": "out of range" if step["kind"].value == "reading" else "",
            "is_open": step["key"] == "label",
            "photos": 0,
            **said,
        }
        for step in fieldwork.STEPS
    ]
    photo = {"caption": text or "Label", "step": "label", "file": 1, "small": 2, "sha256": "ab" * 32, **said}
    content: dict[str, Any] = {
        "kind": kind.value,
        "revision": 2,
        "issued_at": when,
        "project": "HB-2041",
        "number": "HB-2041-W1",
        "account": text or "Hôpital Cantonal",
        "contact": text or "Dr. Mei Tan",
        "site": {
            "name": text or "Labor 3", "lines": [text or "Spitalstrasse 1"],
            "country": country, "zone": "Europe/Zurich",
        },
        "visit": {
            "uid": "x", "kind": "install", "title": text or "Install", "titles": {}, "starts": "2026-03-17T09:00:00",
            "ends": "2026-03-17T17:00:00", "is_complete": True,
        },
        "unit": {
            "name": text or "Orbitrap", "serial": text or "SN-4711", "options": [text or "Autosampler"], "place": "",
        },
        "people": [text or "Tomas Keller", "ليلى حداد"],
        "times": [
            {"to": to, "note": text, **said, "is_odd": to == "arrived"} for to in ("on route", "arrived", "incomplete")
        ],
        "steps": steps,
        "notes": [{"text": long or "The door is narrow.", **said}],
        "photos": [photo, {**photo, "caption": ""}],
        "not_ready": [{"cause": "power", "note": long[:2000] or "No current", **said}],
        "signatures": [
            {
                "party": party, "name": text or "山田太郎", "role": text or "Lab manager",
                "meaning": text or "I accept it.",
                "at": when, "is_odd": party == "customer", "received_at": when, "sha256": "cd" * 32,
                "strokes": [[[10, 20.5], [30, 40]], [[5, 5]]] if party == "customer" else [],
            }
            for party in ("technician", "customer")
        ],
    }  # fmt: skip
    return FieldRecord(
        id=1, kind=kind, revision=2, content=content, content_hash="ef" * 32, signed_hash="01" * 32,
        issued_at=datetime(2026, 3, 17, tzinfo=UTC), visit_id=1,
    )  # fmt: skip


def failures(data: bytes) -> list[str]:
    found = [page_validation.validate_pdf_bytes(data, profile=profile) for profile in PROFILES]
    return [f"{one.rule_id}" for each in found for one in each.failures]


@pytest.mark.parametrize("language", printing.LANGUAGES)
@pytest.mark.parametrize("kind", list(RecordKind))
def test_every_record_is_pdf_a_and_pdf_ua(
    sqlite_app: Flask, printer: Press, kind: RecordKind, language: str
) -> None:
    country = "US" if language == "en" else "CH"
    with sqlite_app.test_request_context():
        made = printing.printed(
            record_of(kind, country=country),
            language=language,
            photos={2: fieldwork.photo((480, 360))},
            on=printer,
        )

    assert failures(made.data) == []
    with pikepdf.open(io.BytesIO(made.data)) as pdf:
        inside = json.loads(pdf.attachments[printing.RECORD_FILE].get_file().read_bytes())
    assert inside["sha256"] == "ef" * 32
    assert inside["record"]["signatures"][1]["sha256"] == "cd" * 32
    assert "small" not in inside["record"]["photos"][0], "where photos lie is ours"


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>&amp;{{7*7}}",
        "W" * 4000,
        "\N{RIGHT-TO-LEFT OVERRIDE}evil\N{LEFT-TO-RIGHT ISOLATE}",
        "ﷺ ليلى 山田 Ω Å 🧪 %(name)s",
    ],
)
@pytest.mark.parametrize("language", ["en", "ar"])
def test_hostile_texts_are_printed_as_text(
    sqlite_app: Flask, printer: Press, language: str, text: str
) -> None:
    with sqlite_app.test_request_context():
        record = record_of(RecordKind.CERTIFICATE, text=text)
        made = printing.printed(record, language=language, photos={}, on=printer)
        page = printing.html(record, language=language)

    assert failures(made.data) == []
    assert "<script>" not in page


def test_a_record_carries_the_company_s_signature(
    sqlite_app: Flask, printer: Press, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = certificates.certificate(tmp_path)
    with sqlite_app.test_request_context():
        monkeypatch.setitem(sqlite_app.extensions, "concierge.settings", settings.current())
        certificates.with_certificate(sqlite_app, folder)
        made = printing.printed(record_of(RecordKind.CERTIFICATE), language="ar", photos={}, on=printer)

    status = certificates.status_of(made.data, folder)
    assert status.bottom_line
    assert status.coverage is SignatureCoverageLevel.ENTIRE_FILE
    assert failures(made.data) == []
