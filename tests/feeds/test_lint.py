# ruff: noqa: E501 - a table of defects, one a line
"""The linter finds each seeded defect that calendar programs stumble over."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from concierge.cli import main
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
    "raw line break": (lambda d: d.replace(b"SUMMARY:", b"SUMMARY:from\r\n09:00 on ", 1), "F4"),
    "unknown property": (lambda d: d.replace(b"SUMMARY:", b"SUMMARY:from\nWHERE: here\r\nX-S:", 1), "F4"),
    "no DTSTAMP": (lambda d: d.replace(b"DTSTAMP", b"X-DTSTAMP"), "F8"),
    "conference without VALUE": (lambda d: d.replace(b"STATUS:", b"CONFERENCE:https://a.example\r\nSTATUS:", 1), "F7"),
    "UTF-16": (lambda d: d.decode().encode("utf-16"), "F1"),
    "compressed": (lambda d: b"\x1f\x8b" + d, "F1"),
    "web page": (lambda d: b"<!doctype html><title>Sign in</title>", "F1"),
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


def test_every_problem_has_a_remedy() -> None:
    for spoil, _ in SEEDED.values():
        for problem in lint.problems(spoil(GOOD)):
            assert problem.remedy.endswith(".")
            assert problem.sentence.endswith(".")


def test_lines_with_other_ends_are_one_problem_and_hide_no_other() -> None:
    found = lint.problems(GOOD.replace(b"\r\n", b"\n").replace(b"STATUS:CONFIRMED", b"STATUS:FOO"))

    assert [problem.rule for problem in found] == ["F1", "F8"]


def message(method: str, *lines: str, begin: str = "VEVENT") -> bytes:
    rows = [
        "BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//A//B//EN", f"METHOD:{method}", f"BEGIN:{begin}", "UID:a@b.example",
        "DTSTAMP:20261118T090000Z", "DTSTART:20261125T090000Z", "DTEND:20261125T100000Z", *lines,
        f"END:{begin}", "END:VCALENDAR", "",
    ]  # fmt: skip
    return "\r\n".join(rows).encode()


WHO = ("ORGANIZER:mailto:a@b.example", "SEQUENCE:1")
ATTENDEE = "ATTENDEE;PARTSTAT={}:mailto:c@d.example"


@pytest.mark.parametrize(
    "good",
    [
        message("REQUEST", *WHO, "SUMMARY:x", ATTENDEE.format("NEEDS-ACTION")),
        message("CANCEL", *WHO, "STATUS:CANCELLED", ATTENDEE.format("NEEDS-ACTION")),
        message("REPLY", *WHO, ATTENDEE.format("ACCEPTED")),
        message("COUNTER", *WHO, "SUMMARY:x", ATTENDEE.format("TENTATIVE")),
        message("REFRESH", *WHO, ATTENDEE.format("ACCEPTED")),
        message("PUBLISH", WHO[0], "FREEBUSY:20261125T090000Z/PT1H,20261126T090000Z/20261126T100000Z", begin="VFREEBUSY"),
    ],
)  # fmt: skip
def test_i1_a_message_as_its_standard_asks_has_no_problems(good: bytes) -> None:
    assert lint.problems(good) == ()


@pytest.mark.parametrize(
    ("bad", "rule"),
    [
        (message("INVITE", *WHO), "I4"),
        (message("REQUEST", "SUMMARY:x", ATTENDEE.format("NEEDS-ACTION")), "I2"),
        (message("REQUEST", *WHO, "SUMMARY:x"), "I2"),
        (message("REQUEST", *WHO, ATTENDEE.format("NEEDS-ACTION")), "I2"),
        (message("PUBLISH", *WHO, "SUMMARY:x", ATTENDEE.format("NEEDS-ACTION")), "I2"),
        (message("CANCEL", "ORGANIZER:mailto:a@b.example"), "I2"),
        (message("CANCEL", *WHO, "STATUS:CONFIRMED"), "I2"),
        (message("REPLY", *WHO, ATTENDEE.format("ACCEPTED"), "ATTENDEE;PARTSTAT=DECLINED:mailto:e@f.example"), "I2"),
        (message("REPLY", *WHO, ATTENDEE.format("MAYBE")), "I17"),
        (message("REPLY", *WHO, "ATTENDEE;PARTSTAT=ACCEPTED:c@d.example"), "I2"),
        (message("REPLY", *WHO, ATTENDEE.format("ACCEPTED")).replace(b"METHOD", b"METHOD:REPLY\r\nMETHOD"), "I1"),
        (message("REPLY", *WHO, ATTENDEE.format("ACCEPTED"), "END:VEVENT", "BEGIN:VEVENT", "UID:z", "DTSTAMP:20261118T090000Z",
                 *WHO, ATTENDEE.format("ACCEPTED")), "I1"),
        (message("REPLY", *WHO, ATTENDEE.format("ACCEPTED")).replace(b"DTSTART:", b"DTSTART;TZID=Berlin:"), "I9"),
        (message("REPLY", *WHO, ATTENDEE.format("ACCEPTED")).replace(b"DTEND:2026", b"DTEND:2020"), "F10"),
        (message("PUBLISH", *WHO, "FREEBUSY:20261125T090000Z/20261124T090000Z", begin="VFREEBUSY"), "F10"),
        (message("PUBLISH", *WHO, "FREEBUSY;FBTYPE=OUT:20261125T090000Z/PT1H", begin="VFREEBUSY"), "F8"),
        (message("PUBLISH", *WHO, "SUMMARY:secret", begin="VFREEBUSY"), "F18"),
    ],
)  # fmt: skip
def test_i2_the_linter_names_what_a_message_lacks(bad: bytes, rule: str) -> None:
    assert rule in {problem.rule for problem in lint.problems(bad)}


def run(*arguments: str, given: bytes = b"") -> tuple[int, str]:
    done = CliRunner().invoke(main, ["feeds", "lint", *arguments], input=given)
    return done.exit_code, done.output


def test_the_command_tells_problems_with_line_rule_and_remedy(tmp_path: Path) -> None:
    good, bad = tmp_path / "good.ics", tmp_path / "bad.ics"
    good.write_bytes(GOOD)
    bad.write_bytes(GOOD.replace(b"STATUS:CONFIRMED", b"STATUS:FOO"))
    line = GOOD.split(b"\r\n").index(b"STATUS:CONFIRMED") + 1

    assert run(str(good))[0] == run("-", given=GOOD)[0] == 0
    assert run(str(good), "--json") == (0, "[]\n")
    code, said = run(str(bad))
    assert (code, f"line {line}: STATUS is one of" in said, "Write each of these properties" in said) == (
        1,
        True,
        True,
    )
    code, told = run("--json", "-", given=bad.read_bytes())
    [problem] = json.loads(told)
    assert (code, problem["line"], problem["rule"]) == (1, line, "F8")
    assert problem.keys() == {"line", "rule", "problem", "remedy"}


@pytest.mark.parametrize(
    "source",
    [
        "/there/is/no.ics", "/", "http://10.1.2.3/a.ics", "http://example.com/a.ics", "https://127.0.0.1/a.ics",
        "https://localhost/a.ics", "http://127.0.0.1:1/a.ics", "http://[::1/a.ics", "http://127.0.0.1:x/", "",
        "http://127.0.0.1@example.com/", "file:///etc/passwd", "ftp://example.com/a.ics", "a\0b",
    ],
)  # fmt: skip
def test_what_cannot_be_had_ends_with_two(source: str) -> None:
    code, said = run(source)

    assert code == 2
    assert "Traceback" not in said
    assert "root:" not in said


PIECES = [
    b"\r\n", b"\r\n ", b"\n", b"\r", b"\t", b" ", b"", b"\\", b"\\n", b"\\\\", b";", b",", b":", b'"', b"\x00", b"\x7f",
    b"\xc2\xa0", b"\xe2\x80\xa8", b"\xe3\x80\x80", b"\xff", b"\xc3", "ü".encode(), b"x" * 80, b"0", b"9", "٣".encode(),
    b"SUMMARY:", b"SUMMARY:x\r\n", b"X-A:b\r\n", b"DTEND:20200101T000000Z\r\n", b"RRULE:FREQ=DAILY\r\n", b"TZID=a",
    b"STATUS:CANCELLED\r\n", b"CANCELLED", b"OPAQUE", b";VALUE=DATE", b"BEGIN:VALARM\r\n", b"END:VEVENT\r\n",
]  # fmt: skip
USUAL = [each for language in ("en", "de") for each in samples(language)]


@settings(max_examples=600, deadline=None)
@given(st.sampled_from(USUAL), st.data())
def test_f1_f19_an_entry_seen_as_usual_has_no_problem_when_it_is_read_line_by_line(
    entry: bytes, data: st.DataObject
) -> None:
    for _ in range(data.draw(st.integers(0, 3))):
        start = data.draw(st.integers(0, len(entry)))
        end = start + data.draw(st.sampled_from([0, 0, 1, 2, 5, 30]))
        entry = entry[:start] + data.draw(st.sampled_from(PIECES)) + entry[end:]

    assert lint.problems_in_entry(entry) == lint._problems_in_any_entry(entry)


@pytest.mark.parametrize(
    ("plain", "spoilt"),
    [(b"\r\nSEQUENCE", b"\r\r\n \nSEQUENCE"), (b"END:VEVENT\r\n", b"END:VEVENT\r\n\r\n ")],
    ids=["CR and LF apart", "a fold at the end"],
)
def test_f1_a_fold_hides_no_line_end(plain: bytes, spoilt: bytes) -> None:
    data = USUAL[0].replace(plain, spoilt)

    assert lint.problems_in_entry(data) == lint._problems_in_any_entry(data) != ()


@pytest.mark.parametrize("defect", SEEDED)
def test_an_entry_with_a_seeded_defect_is_read_line_by_line(defect: str) -> None:
    spoil, _ = SEEDED[defect]

    for entry in USUAL:
        spoilt = spoil(entry)
        assert lint.problems_in_entry(spoilt) == lint._problems_in_any_entry(spoilt)


def test_what_is_written_all_the_time_is_seen_at_one_look() -> None:
    assert sum(map(lint._is_usual, USUAL)) >= len(USUAL) - 2, "only alarms are read line by line"
