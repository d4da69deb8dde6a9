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
    deciding,
    due_on,
    gate_state,
    proving,
    score,
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
TWO_FILES = Requirement(AnswerKind.UPLOAD, files=2)
GASES = Requirement(AnswerKind.MULTI, accepted=frozenset({"he", "n2"}))
SIGNED = Requirement(AnswerKind.SIGNATURE)
NEARLY = Requirement(AnswerKind.MEASURE, minimum=Decimal(18), maximum=Decimal(27), tolerance=Decimal("0.2"))


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
        (TWO_FILES, Answer(files=1), Verdict.UNKNOWN),
        (TWO_FILES, Answer(files=2), Verdict.OK),
        (GASES, Answer(codes=("he",)), Verdict.OK),
        (GASES, Answer(codes=("he", "h2")), Verdict.OUT_OF_RANGE),
        (GASES, Answer(), Verdict.UNKNOWN),
        (Requirement(AnswerKind.MULTI), Answer(codes=("anything",)), Verdict.OK),
        (SIGNED, Answer(text="Yuki Mori"), Verdict.OK),
        (SIGNED, Answer(text="  "), Verdict.UNKNOWN),
        (NEARLY, Answer(number=Decimal("17.8")), Verdict.OK),
        (NEARLY, Answer(number=Decimal("27.2")), Verdict.OK),
        (NEARLY, Answer(number=Decimal("17.79")), Verdict.OUT_OF_RANGE),
        (NEARLY, Answer(number=Decimal("27.21")), Verdict.OUT_OF_RANGE),
        (ROOM, Answer(number=Decimal(19), ends=(Decimal(19), Decimal(26))), Verdict.OK),
        (ROOM, Answer(number=Decimal(19), ends=(Decimal(17), Decimal(26))), Verdict.OUT_OF_RANGE),
        (ROOM, Answer(number=Decimal(26), ends=(None, Decimal(26))), Verdict.UNKNOWN),
        (ROOM, Answer(number=Decimal(17), ends=(None, Decimal(17))), Verdict.OUT_OF_RANGE),
        (ROOM, Answer(number=Decimal(28), ends=(Decimal(28), None)), Verdict.OUT_OF_RANGE),
        (BENCH, Answer(number=Decimal(1670), ends=(Decimal(1670), None)), Verdict.OK),
        (BENCH, Answer(number=Decimal(1000), ends=(Decimal(1000), None)), Verdict.UNKNOWN),
        (BENCH, Answer(number=Decimal(1000), ends=(None, Decimal(1000))), Verdict.OUT_OF_RANGE),
        (Requirement(AnswerKind.INFO), None, Verdict.OK),
    ],
)
def test_verdicts(requirement: Requirement, answer: Answer | None, expected: Verdict) -> None:
    assert verdict(requirement, answer) is expected


@pytest.mark.parametrize(
    ("least", "most", "decides"),
    [(17, 20, 17), (25, 28, 28), (19, 20, 19), (25, 26, 26), (17, 30, 30), (None, 26, 26), (20, None, 20)],
)
def test_the_end_of_a_range_that_is_nearest_to_its_bound_decides(
    least: int | None, most: int | None, decides: int
) -> None:
    ends = (None if end is None else Decimal(end) for end in (least, most))

    assert deciding(ROOM, *ends) == decides


def test_a_tolerance_below_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="minus sign"):
        Requirement(AnswerKind.MEASURE, tolerance=Decimal(-1))


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


def test_a_score_tells_what_is_critical_waived_and_overdue_apart() -> None:
    found = score(ITEMS, Gate.SHIP, today=on("Tue 2026-03-10"))

    assert (found.done, found.asked, found.percent) == (2, 7, 28)
    assert found.critical == ("crane", "outlet")
    assert (found.waived, found.overdue, found.is_ready) == (("gas",), 2, False)


def test_what_was_waived_for_shipping_is_critical_at_installation() -> None:
    assert "gas" in score(ITEMS, Gate.INSTALL, today=on("Tue 2026-03-10")).critical


ITEM_SETS = {
    "nothing is asked": ([], 100, True),
    "all is done": ([Item("a", Gate.SHIP, is_done=True, weight=3), Item("b", None, is_done=True)], 100, True),
    "advice is open": ([Item("a", Gate.SHIP, is_done=True, weight=3), Item("b", None, is_done=False)], 75, True),
    "almost all, and one critical": (
        [Item("a", None, is_done=True, weight=999), Item("b", Gate.SHIP, is_done=False)], 99, False,
    ),
    "critical ones weigh what they weigh": (
        [Item("a", Gate.SHIP, is_done=False, weight=5), Item("b", None, is_done=True, weight=5)], 50, False,
    ),
    "a waived one lets ship and is not done": (
        [Item("a", Gate.SHIP, is_done=False, is_waived=True), Item("b", None, is_done=True)], 50, True,
    ),
    "installation does not hold shipping": ([Item("a", Gate.INSTALL, is_done=False)], 0, True),
    "what weighs nothing still holds": ([Item("a", Gate.SHIP, is_done=False, weight=0)], 100, False),
    "never rounded up": ([Item("a", None, is_done=True, weight=2), Item("b", None, is_done=False)], 66, True),
}  # fmt: skip


@pytest.mark.parametrize("case", ITEM_SETS)
def test_weighted_readiness(case: str) -> None:
    items, percent, is_ready = ITEM_SETS[case]

    found = score(items, Gate.SHIP, today=on("Tue 2026-03-10"))

    assert (found.percent, found.is_ready) == (percent, is_ready)


def test_a_gate_names_what_holds_it_soonest_first() -> None:
    assert gate_state(ITEMS, Gate.SHIP).held_by == ("crane", "outlet")
    assert gate_state(ITEMS, Gate.INSTALL).held_by == ("crane", "outlet", "users", "gas")
    assert gate_state([ITEMS[1], ITEMS[2]], Gate.SHIP).is_open


def test_due_days_count_from_their_anchor_and_avoid_closed_days() -> None:
    basel = WorkCalendar("Basel-Stadt", closed={on("Fri 2026-05-01"): "Tag der Arbeit"})

    assert said(due_on(on("Fri 2026-05-15"), offset_days=-14)) == "Fri 2026-05-01"
    assert said(due_on(on("Fri 2026-05-15"), offset_days=-14, calendar=basel)) == "Thu 2026-04-30"
    assert said(due_on(on("Fri 2026-05-15"), offset_days=2, calendar=basel)) == "Fri 2026-05-15"


@pytest.mark.parametrize(
    ("files", "kinds", "expected"),
    [
        ([("a", "image/jpeg"), ("a", "image/jpeg")], [], 1),
        ([("a", "image/jpeg"), ("b", "text/plain")], [], 2),
        ([("a", "image/heic"), ("b", "application/pdf")], ["photo"], 1),
        ([("a", "text/plain"), ("b", "application/pdf"), ("c", "image/png")], ["certificate"], 2),
        ([("a", "text/plain"), ("b", "image/png")], ["log"], 2),
        ([("a", "text/plain"), ("b", "image/png")], ["photo", "log"], 2),
        ([("a", "text/plain")], ["drawing", "photo"], 0),
    ],
)
def test_files_prove_by_what_they_can_be_and_once_each(
    files: list[tuple[str, str]], kinds: list[str], expected: int
) -> None:
    assert proving(files, kinds) == expected
