"""Letters in languages that are written from right to left, and the signs between words of each language."""

import re
from pathlib import Path

import pytest
from flask import Flask, render_template
from flask_babel import force_locale

from concierge.readiness.document.words import direction, in_a_row

TEMPLATES = Path(__file__).resolve().parents[2] / "templates"
LETTERS = sorted(
    path for path in TEMPLATES.rglob("*.html") if re.search(r"^<html ", path.read_text("utf-8"), re.MULTILINE)
)


@pytest.mark.parametrize("path", LETTERS, ids=lambda path: path.name)
def test_whatever_is_a_whole_page_says_its_language_and_its_direction(path: Path) -> None:
    (start,) = re.findall(r"^<html .*$", path.read_text("utf-8"), re.MULTILINE)

    assert "lang=" in start
    assert "dir=" in start


def test_who_writes_and_what_is_asked_keep_their_own_direction_in_a_reminder(sqlite_app: Flask) -> None:
    line = {
        "due": "10 سبتمبر 2026",
        "late": "",
        "requirement": "Supply, 230 / 400 V.",
        "note": "See 4/B.",
        "project": "HB-2041, Halle",
        "address": "https://concierge.example/p/1",
    }
    about = {
        "language": "ar",
        "direction": "rtl",
        "greeting": "مرحبا",
        "lead": "",
        "asked_before": (),
        "first": line,
        "rest": [line],
        "more": 0,
        "pages": [("HB-2041", "https://concierge.example/p/1")],
        "whom": (("Maja Olsen", "+41 44 555 01 20", "maja@concierge.example"),),
        "company": "Concierge",
        "opt_out": "https://concierge.example/o/1",
    }
    with sqlite_app.app_context(), force_locale("ar"):
        page = render_template("readiness/reminder.html", **about)

    apart = re.findall(r"<bdi>(.*?)</bdi>", page)
    assert apart.count(line["requirement"]) == apart.count(line["project"]) == 2
    assert {"+41 44 555 01 20", "maja@concierge.example", "See 4/B."} <= set(apart)


def test_a_signature_s_lines_keep_their_own_direction(sqlite_app: Flask) -> None:
    with sqlite_app.app_context(), force_locale("ar"):
        page = render_template(
            "readiness/page_letter.html", language="ar", direction="rtl", greeting="مرحبا",
            signature=("Maja Olsen", "+41 44 555 01 20"),
        )  # fmt: skip

    assert re.findall(r"<bdi>(.*?)</bdi>", page) == ["Maja Olsen", "+41 44 555 01 20"]


@pytest.mark.parametrize(
    ("language", "told"),
    [
        ("en", "1, 2, 3"),
        ("de", "1, 2, 3"),
        ("fr", "1, 2, 3"),
        ("es", "1, 2, 3"),
        ("ja", "1、2、3"),
        ("ar", "1، 2، 3"),
    ],
)
def test_parts_of_a_line_have_the_commas_of_their_language(
    sqlite_app: Flask, language: str, told: str
) -> None:
    with sqlite_app.app_context(), force_locale(language):
        assert in_a_row(["1", "", "2", "3"]) == told
        assert in_a_row([]) == ""


def test_french_headings_have_a_space_before_their_colon(sqlite_app: Flask) -> None:
    line = dict.fromkeys(("due", "late", "requirement", "note", "project", "address"), "")
    with sqlite_app.app_context(), force_locale("fr"):
        letter = render_template(
            "readiness/reminder.txt",
            first=line,
            rest=[],
            pages=[],
            whom=(),
            opt_out="https://concierge.example/o/1",
        )

    assert re.search(r"\w:", letter.replace("https:", "")) is None
    assert "\N{NARROW NO-BREAK SPACE}: https://concierge.example/o/1" in letter


@pytest.mark.parametrize(
    ("text", "way"),
    [
        ("08:00–15:30", "ltr"),
        ("230 / 400 V", "ltr"),
        ("3 أمبير", "rtl"),
        ("\N{FIRST STRONG ISOLATE}12 شارع\N{POP DIRECTIONAL ISOLATE}", "rtl"),
        ("", "ltr"),
    ],
)
def test_a_text_runs_as_its_first_letter_does(text: str, way: str) -> None:
    assert direction(text) == way
