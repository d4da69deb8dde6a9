"""What would bring a day back: the days named are the days the plan really gains."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from concierge.core.recovery import RemedyKind, remedies
from concierge.core.schedule import Link, Plan, Step, lay_out
from concierge.core.worktime import WorkCalendar, workdays_between
from tests.makers.days import on

BASEL = WorkCalendar("Basel-Stadt", closed={on("Mon 2026-11-02"): "Allerseelen"})
CALENDARS = {"site": BASEL}
BEGUN = on("Mon 2026-11-09")
TODAY = on("Mon 2026-11-23")

READY = Step("ready", 3, "site", started_on=on("Mon 2026-11-16"))
SHIP = Step("ship", 5, "site", (Link("ready", 2),))
INSTALL = Step("install", 2, "site", (Link("ship"),))
HANDOVER = Step("handover", 0, "site", (Link("install"),))
PLAN = (READY, SHIP, INSTALL, HANDOVER)


def laying(today: date = TODAY):  # type: ignore[no-untyped-def]
    def lay(steps: Sequence[Step]) -> Plan:
        return lay_out(steps, calendars={"site": BASEL}, start_on=BEGUN, today=today)

    return lay


def tried(steps: Sequence[Step], today: date = TODAY) -> list[tuple[str, str, int]]:
    found = remedies(
        steps, lay=laying(today), last_key="handover", calendar=BASEL, calendars=CALENDARS, today=today
    )
    return [(remedy.kind.value, remedy.key, remedy.workdays) for remedy in found]


def test_each_length_and_each_wait_on_the_chain_brings_a_day() -> None:
    assert tried(PLAN) == [("shorten", "ship", 1), ("wait_less", "ship", 1), ("shorten", "install", 1)]


def test_what_today_waits_for_brings_nothing_when_done_today_since_it_was_expected_today() -> None:
    assert ("finish_now", "ready", 1) not in tried(PLAN)


def test_a_step_under_way_that_still_needs_days_brings_them_back_when_done_today() -> None:
    steps = (replace(READY, workdays=8), SHIP, INSTALL, HANDOVER)

    assert ("finish_now", "ready", 2) in tried(steps), "it was to last until Wed 2026-11-25"


def test_a_wish_for_a_later_day_brings_back_all_that_it_cost() -> None:
    steps = (READY, replace(SHIP, not_before=on("Thu 2026-12-03")), INSTALL, HANDOVER)

    assert tried(steps)[0] == ("drop_wish", "ship", 5)


def test_a_step_beside_the_chain_is_not_named() -> None:
    survey = Step("survey", 2, "site", (Link("ready"),))

    assert all(key != "survey" for _kind, key, _days in tried((*PLAN, survey)))


def test_a_plan_that_is_done_has_nothing_to_bring_back() -> None:
    done = [replace(step, started_on=TODAY, finished_on=TODAY) for step in PLAN]

    assert tried(done) == []


@given(
    lengths=st.lists(st.integers(0, 6), min_size=3, max_size=7),
    lags=st.lists(st.integers(0, 4), min_size=7, max_size=7),
    days_on=st.integers(0, 20),
)
def test_the_gain_is_what_laying_out_again_gives(lengths: list[int], lags: list[int], days_on: int) -> None:
    steps = [Step("s0", lengths[0], "site")]
    steps += [
        Step(f"s{number}", length, "site", (Link(f"s{number - 1}", lags[number]),))
        for number, length in enumerate(lengths[1:], 1)
    ]
    lay = laying(today=date.fromordinal(TODAY.toordinal() + days_on))
    last = steps[-1].key
    before = lay(steps).placed[last].finish_on
    today = date.fromordinal(TODAY.toordinal() + days_on)

    for remedy in remedies(steps, lay=lay, last_key=last, calendar=BASEL, calendars=CALENDARS, today=today):
        assert remedy.workdays == workdays_between(BASEL, remedy.end_on, before) > 0
        if remedy.kind is RemedyKind.SHORTEN:
            shorter = [
                replace(step, workdays=step.workdays - 1) if step.key == remedy.key else step
                for step in steps
            ]
            assert lay(shorter).placed[last].finish_on == remedy.end_on


def test_what_is_to_be_done_at_once_is_named_for_a_day_on_which_somebody_works() -> None:
    """On a Sunday, and on the day before a holiday's Monday, the first day that counts for the step is meant."""
    steps = (replace(READY, workdays=12), SHIP, INSTALL, HANDOVER)
    sunday = on("Sun 2026-11-22")

    found = remedies(
        steps, lay=laying(sunday), last_key="handover", calendar=BASEL, calendars=CALENDARS, today=sunday
    )

    (now,) = [one for one in found if one.kind is RemedyKind.FINISH_NOW]
    assert now.by_on == on("Mon 2026-11-23")
    assert all(one.by_on is None or BASEL.is_workday(one.by_on) for one in found)


def test_work_on_a_closed_day_brings_it_back() -> None:
    closed = replace(BASEL, closed={**BASEL.closed, on("Wed 2026-12-02"): "Stocktaking"})

    def laid(calendar: WorkCalendar) -> Plan:
        return lay_out(PLAN, calendars={"site": calendar}, start_on=BEGUN, today=TODAY)

    found = remedies(
        PLAN,
        lay=lambda steps: lay_out(steps, calendars={"site": closed}, start_on=BEGUN, today=TODAY),
        last_key="handover",
        calendar=BASEL,
        calendars={"site": closed},
        today=TODAY,
        lay_open=lambda _day: laid(BASEL),
        closed=[("ship", on("Wed 2026-12-02")), ("ready", on("Mon 2026-11-02"))],
    )

    opened = [one for one in found if one.kind is RemedyKind.OPEN_DAY]
    assert [(one.key, one.workdays, one.by_on) for one in opened] == [("ship", 1, on("Wed 2026-12-02"))]
    assert opened[0].end_on == laid(BASEL).placed["handover"].finish_on
