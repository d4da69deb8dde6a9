"""Judging answers, counting readiness, holding gates."""

from decimal import Decimal

import pytest

from concierge.core.readiness import (
    Answer,
    AnswerKind,
    Gate,
    Item,
    Requirement,
    Verdict,
    counts,
    due_on,
    gate_state,
    verdict,
)
from concierge.core.worktime import WorkCalendar
from tests.makers.days import on, said

CONFIRM = Requirement(AnswerKind.CONFIRM)
ROOM = Requirement(AnswerKind.MEASURE, minimum=Decimal(18), maximum=Decimal(27))
BENCH = Requirement(AnswerKind.MEASURE, minimum=Decimal(1670))
PLUG = Requirement(AnswerKind.CHOICE, accepted=frozenset({"IEC 60309 32 A", "hard-wired"}))
TEXT = Requirement(AnswerKind.TEXT)
DAY = Requirement(AnswerKind.DATE, latest_on=on("Fri 2026-03-20"))
UPLOAD = Requirement(AnswerKind.UPLOAD)


@pytest.mark.parametrize(
    ("requirement", "answer", "expected"),
    [
        (CONFIRM, None, Verdict.UNKNOWN),
        (CONFIRM, Answer(), Verdict.UNKNOWN),
        (CONFIRM, Answer(confirmed=True), Verdict.OK),
        (CONFIRM, Answer(confirmed=False), Verdict.OUT_OF_RANGE),
        (ROOM, Answer(number=Decimal("18.0")), Verdict.OK),
        (ROOM, Answer(number=Decimal(27)), Verdict.OK),
        (ROOM, Answer(number=Decimal("17.9")), Verdict.OUT_OF_RANGE),
        (ROOM, Answer(number=Decimal("27.1")), Verdict.OUT_OF_RANGE),
        (ROOM, Answer(number=Decimal("NaN")), Verdict.OUT_OF_RANGE),
        (ROOM, Answer(text="warm"), Verdict.UNKNOWN),
        (BENCH, Answer(number=Decimal(99999)), Verdict.OK),
        (PLUG, Answer(text=" hard-wired "), Verdict.OK),
        (PLUG, Answer(text="Schuko"), Verdict.OUT_OF_RANGE),
        (PLUG, Answer(text="  "), Verdict.UNKNOWN),
        (TEXT, Answer(text="Dock 3"), Verdict.OK),
        (TEXT, Answer(text=" "), Verdict.UNKNOWN),
        (DAY, Answer(day=on("Fri 2026-03-20")), Verdict.OK),
        (DAY, Answer(day=on("Mon 2026-03-23")), Verdict.OUT_OF_RANGE),
        (DAY, Answer(), Verdict.UNKNOWN),
        (UPLOAD, Answer(files=1), Verdict.OK),
        (UPLOAD, Answer(), Verdict.UNKNOWN),
        (Requirement(AnswerKind.INFO), None, Verdict.OK),
    ],
)
def test_verdicts(requirement: Requirement, answer: Answer | None, expected: Verdict) -> None:
    assert verdict(requirement, answer) is expected


def test_bounds_the_wrong_way_round_are_refused() -> None:
    with pytest.raises(ValueError, match="Exchange the two bounds"):
        Requirement(AnswerKind.MEASURE, minimum=Decimal(2), maximum=Decimal(1))


ITEMS = (
    Item("outlet", Gate.SHIP, is_done=False, due_on=on("Fri 2026-03-13")),
    Item("bench", Gate.SHIP, is_done=True),
    Item("gas", Gate.SHIP, is_done=False, is_waived=True),
    Item("crane", Gate.SHIP, is_done=False, due_on=on("Mon 2026-03-09")),
    Item("users", Gate.INSTALL, is_done=False, due_on=on("Mon 2026-04-06")),
    Item("photos", None, is_done=False, due_on=on("Mon 2026-03-02")),
    Item("parking", None, is_done=True),
)


def test_counts_keep_blocking_and_advisory_apart() -> None:
    counted = counts(ITEMS, today=on("Tue 2026-03-10"))

    assert (counted.blocking_done, counted.blocking_total) == (2, 5)
    assert (counted.advisory_done, counted.advisory_total) == (1, 2)
    assert (counted.waived, counted.overdue) == (1, 2)


def test_a_gate_names_what_holds_it_soonest_first() -> None:
    assert gate_state(ITEMS, Gate.SHIP).held_by == ("crane", "outlet")
    assert gate_state(ITEMS, Gate.INSTALL).held_by == ("crane", "outlet", "users")
    assert gate_state([ITEMS[1], ITEMS[2]], Gate.SHIP).is_open


def test_due_days_count_from_their_anchor_and_avoid_closed_days() -> None:
    basel = WorkCalendar("Basel-Stadt", closed={on("Fri 2026-05-01"): "Tag der Arbeit"})

    assert said(due_on(on("Fri 2026-05-15"), offset_days=-14)) == "Fri 2026-05-01"
    assert said(due_on(on("Fri 2026-05-15"), offset_days=-14, calendar=basel)) == "Thu 2026-04-30"
    assert said(due_on(on("Fri 2026-05-15"), offset_days=2, calendar=basel)) == "Fri 2026-05-15"
