# ruff: noqa: E501 - a table of defects, one a line
"""The linter finds each seeded defect that calendar programs stumble over."""

import pytest

from concierge.feeds import lint
from tests.feeds.test_entries_as_bytes import file_of, samples

GOOD = file_of(*samples("en"))
ENTRY = samples("en")[0]

SEEDED = {
    "LF only": (lambda d: d.replace(b"\r\n", b"\n"), "F1"),
    "no end of line at the end": (lambda d: d[:-2], "F1"),
    "byte order mark": (lambda d: b"\xef\xbb\xbf" + d, "F1"),
    "truncated": (lambda d: d[: d.rindex(b"STATUS")], "F1"),
    "empty": (lambda d: b"", "F1"),
    "long line": (lambda d: d.replace(b"STATUS:", b"X-LONG:" + b"x" * 3000 + b"\r\nSTATUS:"), "F2"),
    "character cut by a fold": (lambda d: d.replace("ü".encode(), b"\xc3\r\n \xbc", 1), "F2"),
    "invalid UTF-8": (lambda d: d.replace(b"SUMMARY:", b"SUMMARY:\xff"), "F2"),
    "NUL": (lambda d: d.replace(b"SUMMARY:", b"SUMMARY:\x00"), "F3"),
    "line separator": (lambda d: d.replace(b"SUMMARY:", b"SUMMARY:\xe2\x80\xa8"), "F3"),
    "lost fold": (lambda d: d.replace(b"\r\n ", b"\r\n", 1), "F4"),
    "raw comma": (lambda d: d.replace(b"SUMMARY:", b"SUMMARY:a,b"), "F4"),
    "bad escape": (lambda d: d.replace(b"SUMMARY:", b"SUMMARY:a\\x"), "F4"),
    "address with a space": (lambda d: d.replace(b"URL:https://", b"URL:https:// "), "F4"),
    "METHOD": (lambda d: d.replace(b"CALSCALE", b"METHOD:PUBLISH\r\nCALSCALE"), "F5"),
    "calendar UID": (lambda d: d.replace(b"CALSCALE", b"UID:1\r\nCALSCALE"), "F5"),
    "two versions": (lambda d: d.replace(b"CALSCALE", b"VERSION:2.0\r\nCALSCALE"), "F5"),
    "no PRODID": (lambda d: d.replace(b"PRODID", b"X-PRODID"), "F5"),
    "no entry": (lambda d: file_of(), "F6"),
    "REFRESH-INTERVAL without VALUE": (lambda d: d.replace(b";VALUE=DURATION", b""), "F7"),
    "too frequent": (lambda d: d.replace(b"PT1H", b"PT5M"), "F7"),
    "different TTL": (lambda d: d.replace(b"TTL:PT1H", b"TTL:PT2H"), "F7"),
    "colour code": (lambda d: d.replace(b"CALSCALE", b"COLOR:#1f77b4\r\nCALSCALE"), "F7"),
    "no UID": (lambda d: d.replace(b"UID:b@", b"X-UID:b@"), "F8"),
    "empty summary": (lambda d: d.replace(b"SUMMARY:", b"SUMMARY:\r\nX-SUMMARY:"), "F8"),
    "unknown status": (lambda d: d.replace(b"STATUS:CONFIRMED", b"STATUS:FOO"), "F8"),
    "two summaries": (lambda d: d.replace(b"SUMMARY:", b"SUMMARY:x\r\nSUMMARY:", 1), "F8"),
    "duplicate UID": (lambda d: file_of(ENTRY, ENTRY), "F9"),
    "end before start": (lambda d: d.replace(b"DTEND:2026", b"DTEND:2020"), "F10"),
    "floating time": (lambda d: d.replace(b"DTSTART:20261214T080000Z", b"DTSTART:20261214T080000"), "F10"),
    "TZID": (lambda d: d.replace(b"DTSTART:20261214T080000Z", b"DTSTART;TZID=Europe/Berlin:20261214T090000"), "F10"),
    "date and instant": (lambda d: d.replace(b"DTSTART:20261214T080000Z", b"DTSTART;VALUE=DATE:20261214"), "F10"),
    "impossible date": (lambda d: d.replace(b"DTSTART:20261214T080000Z", b"DTSTART;VALUE=DATE:20261314"), "F11"),
    "impossible instant": (lambda d: d.replace(b"DTSTART:20261214T08", b"DTSTART:20261214T28"), "F10"),
    "stamp is not the change": (lambda d: d.replace(b"DTSTAMP:2026", b"DTSTAMP:2027"), "F13"),
    "cancelled but busy": (lambda d: d.replace(b"TRANSP:TRANSPARENT", b"TRANSP:OPAQUE"), "F16"),
    "wrong order": (lambda d: file_of(*reversed(samples("en"))), "F17"),
    "attendee": (lambda d: d.replace(b"STATUS:", b"ATTENDEE:mailto:a@b.example\r\nSTATUS:"), "F19"),
    "alarm without description": (
        lambda d: d.replace(b"END:VEVENT", b"BEGIN:VALARM\r\nACTION:DISPLAY\r\nTRIGGER:-PT1H\r\nEND:VALARM\r\nEND:VEVENT"),
        "F19",
    ),
}  # fmt: skip


def test_a_good_file_has_no_problems() -> None:
    assert lint.problems(GOOD) == ()
    assert lint.problems_in_entry(ENTRY) == ()


@pytest.mark.parametrize("defect", SEEDED)
def test_the_linter_names_the_rule_of_each_seeded_defect(defect: str) -> None:
    spoil, rule = SEEDED[defect]

    spoilt = spoil(GOOD)

    assert spoilt != GOOD
    assert rule in {problem.rule for problem in lint.problems(spoilt)}


def test_a_problem_names_its_line() -> None:
    (problem,) = lint.problems(GOOD.replace(b"STATUS:CONFIRMED", b"STATUS:FOO"))

    lines = GOOD.split(b"\r\n")
    assert lines[problem.line - 1] == b"STATUS:CONFIRMED"
    assert str(problem).startswith(f"line {problem.line}: STATUS is one of")
