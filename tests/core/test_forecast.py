"""What usually becomes of such a plan: groups of past cases, percentiles, and the chance to keep a promise."""

import time
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from concierge.core.forecast import (
    ENOUGH_CASES,
    Forecast,
    History,
    Level,
    Likeness,
    Outlook,
    PastCase,
    Percentiles,
    Sample,
    due_start,
    forecast,
    workdays_taken,
)
from concierge.core.schedule import LagUnit, Link, LinkKind, Step, lay_out
from concierge.core.worktime import WorkCalendar, add_workdays
from tests.makers.days import on, said

BASEL = WorkCalendar("Basel-Stadt", closed={on("Fri 2026-04-03"): "Karfreitag"})
EVERY_DAY = WorkCalendar("every day", weekend=frozenset())
CALENDARS = {"site": BASEL, "every": EVERY_DAY}
MONDAY = on("Mon 2026-03-02")


def cases(count: int, taken: int, *, planned: int = 10, **like: str) -> list[PastCase]:
    return [PastCase(Likeness(**{"kind": "site ready", **like}), planned, taken) for _ in range(count)]


def sample(*values: float) -> Sample:
    return Sample(Level.KIND, len(values), len(values), tuple(sorted(values)))


def outlook(*steps: Step, samples: dict[str, Sample] | None = None, **more: Any) -> Outlook:
    wanted = {"start_on": MONDAY, "today": MONDAY, "end": steps[-1].key, "calendars": CALENDARS, **more}
    return Outlook(steps, samples=samples or {}, **wanted)


def days(found: Forecast, key: str) -> tuple[str, str, str]:
    one = found.steps[key]
    return said(one.p50), said(one.p80), said(one.p90)


# ------------------------------------------------------------------ groups

SWISS = Likeness("site ready", "astral", "CH", "customer")


@pytest.mark.parametrize(
    ("here", "level", "count"),
    [
        (
            cases(15, 12, model="astral", region="CH", party="customer"),
            Level.MODEL_REGION_PARTY,
            15,
        ),
        (
            cases(14, 12, model="astral", region="CH", party="customer")
            + cases(1, 12, model="astral", region="FR", party="customer"),
            Level.MODEL_PARTY,
            15,
        ),
        (
            cases(14, 12, model="astral", region="CH", party="customer")
            + cases(20, 12, model="orbit", region="FR", party="customer"),
            Level.KIND_PARTY,
            34,
        ),
        (
            cases(14, 12, model="astral", region="CH", party="customer")
            + cases(3, 12, model="astral", region="CH", party="us"),
            Level.KIND,
            17,
        ),
        (
            cases(14, 12, model="astral", region="CH", party="customer") + cases(9, 12, kind="training"),
            Level.ALL,
            23,
        ),
    ],
)
def test_the_narrowest_group_with_enough_cases_is_taken_and_named(
    here: list[PastCase], level: Level, count: int
) -> None:
    found = History(here).sample(SWISS, is_moment=False)

    assert (found.level, found.count) == (level, count)
    assert found.narrow_count == min(15, sum(one.likeness == SWISS for one in here))


def test_too_few_cases_of_any_kind_give_no_group() -> None:
    found = History(cases(ENOUGH_CASES - 1, 12)).sample(SWISS, is_moment=False)

    assert (found.level, found.count, found.values) == (Level.NONE, 14, ())


def test_moments_learn_from_moments_only() -> None:
    here = History(cases(40, 12) + cases(15, 4, planned=0))

    assert here.sample(Likeness("site ready"), is_moment=True).values == (3.0,) * 15
    assert here.sample(Likeness("site ready"), is_moment=False).values == (1.2,) * 40


def test_a_large_group_is_stood_for_by_evenly_spread_values() -> None:
    taken = [one for days in range(1, 1001) for one in cases(1, days, planned=1)]
    values = History(taken).sample(Likeness("site ready"), is_moment=False).values

    assert len(values) == 61
    assert values[30] == 501
    assert values[0] < 10 < 990 < values[-1]


# ------------------------------------------------------------------ percentiles


def test_a_step_takes_what_such_steps_took() -> None:
    prep = Step("prep", 10, "site")
    found = forecast(outlook(prep, samples={"prep": sample(*[1.0] * 5, *[1.2] * 3, *[2.0] * 2)}))

    # Half of the cases took 10 days, eight of ten took 12 at most, the rest took 20.
    assert days(found, "prep") == ("Fri 2026-03-13", "Tue 2026-03-17", "Fri 2026-03-27")


def test_what_waits_follows_in_every_draw() -> None:
    prep = Step("prep", 10, "site")
    install = Step("install", 2, "site", (Link("prep"),))
    found = forecast(outlook(prep, install, samples={"prep": sample(1.0, 1.0, 1.0, 1.5, 1.5)}))

    assert days(found, "install") == ("Tue 2026-03-17", "Tue 2026-03-24", "Tue 2026-03-24")


def test_a_step_under_way_draws_only_from_cases_that_ran_longer() -> None:
    prep = Step("prep", 10, "site", started_on=MONDAY)
    samples = {"prep": sample(*[1.0] * 8, *[2.0] * 2)}

    fresh = forecast(outlook(prep, samples=samples, promised_on=on("Fri 2026-03-13")))
    late = forecast(
        outlook(prep, samples=samples, promised_on=on("Fri 2026-03-13"), today=on("Mon 2026-03-16"))
    )

    assert (fresh.chance_percent, late.chance_percent) == (80, 0)
    assert days(late, "prep") == ("Fri 2026-03-27",) * 3


def test_a_step_that_could_have_begun_counts_from_then() -> None:
    prep = Step("prep", 0, "site")
    found = forecast(outlook(prep, samples={"prep": sample(0, 0, 0, 5)}, today=on("Wed 2026-03-04")))

    # It waits since Monday; those that waited less are no guide, so it comes after five days.
    assert days(found, "prep") == ("Mon 2026-03-09",) * 3


def test_a_step_that_outran_every_case_is_never_finished_before_today() -> None:
    prep = Step("prep", 2, "site", started_on=MONDAY)
    found = forecast(outlook(prep, samples={"prep": sample(1.0, 1.5, 2.0)}, today=on("Wed 2026-04-01")))

    assert found.steps["prep"].p50 >= on("Wed 2026-04-01")


def test_without_cases_the_plan_is_taken_as_it_is() -> None:
    steps = (Step("prep", 10, "site"), Step("install", 2, "site", (Link("prep"),)))
    found = forecast(outlook(*steps))

    assert days(found, "install") == ("Tue 2026-03-17",) * 3
    assert found.chance_percent is None


@pytest.mark.parametrize(
    "link",
    [
        Link("prep", 2, LinkKind.START_TO_START),
        Link("prep", 3, LinkKind.FINISH_TO_FINISH),
        Link("prep", 1, LinkKind.START_TO_FINISH),
        Link("prep", 30, LinkKind.FINISH_TO_START, LagUnit.HOURS),
        Link("prep", -2),
        Link("prep", 4, LinkKind.FINISH_TO_START, LagUnit.DAYS),
    ],
)
def test_cases_that_went_as_planned_give_the_plan_by_every_link(link: Link) -> None:
    steps = (
        Step("prep", 4, "site"),
        Step("ship", 3, "every", (link,)),
        Step("end", 0, "site", (Link("ship"),)),
    )
    given_outlook = outlook(
        *steps, samples={key: sample(1.0, 1.0) for key in ("prep", "ship")} | {"end": sample(0.0, 0.0)}
    )
    plan = lay_out(steps, calendars=CALENDARS, start_on=MONDAY, today=MONDAY)

    found = forecast(given_outlook)

    assert {key: one.p90 for key, one in found.steps.items()} == {
        key: place.finish_on for key, place in plan.placed.items()
    }


def test_a_just_in_time_step_is_not_done_sooner_than_planned() -> None:
    steps = (
        Step("release", 1, "site", just_in_time=True),
        Step("deliver", 0, "site", (Link("release"),), not_before=on("Fri 2026-03-20")),
    )
    found = forecast(outlook(*steps, samples={"release": sample(*[1.0] * 5, *[3.0] * 5)}))

    assert days(found, "deliver") == ("Fri 2026-03-20", "Tue 2026-03-24", "Tue 2026-03-24")


def test_a_finished_plan_is_certain() -> None:
    done = Step("prep", 10, "site", started_on=MONDAY, finished_on=on("Tue 2026-03-17"))
    samples = {"prep": sample(1.0, 9.0)}

    kept = forecast(
        outlook(done, samples=samples, promised_on=on("Tue 2026-03-17"), today=on("Thu 2026-04-02"))
    )
    missed = forecast(outlook(done, samples=samples, promised_on=on("Mon 2026-03-16")))

    assert kept.steps["prep"] == Percentiles(*(on("Tue 2026-03-17"),) * 3)
    assert (kept.chance_percent, missed.chance_percent) == (100, 0)


def test_what_has_not_happened_is_never_certain() -> None:
    prep = Step("prep", 10, "site")
    found = forecast(outlook(prep, samples={"prep": sample(1.0, 1.1)}, promised_on=on("Fri 2026-05-29")))

    assert found.chance_percent == 99


def test_a_plan_without_its_end_is_refused_in_words() -> None:
    with pytest.raises(ValueError, match="no step “go-live”"):
        forecast(outlook(Step("prep", 1, "site"), end="go-live"))


# ------------------------------------------------------------------ what is learnt


def test_a_past_case_counts_from_the_day_it_could_begin() -> None:
    steps = (
        Step("prep", 5, "site", started_on=MONDAY, finished_on=on("Mon 2026-03-09")),
        Step(
            "install",
            2,
            "site",
            (Link("prep"),),
            started_on=on("Thu 2026-03-12"),
            finished_on=on("Fri 2026-03-13"),
        ),
    )
    due_on = due_start(steps, "install", calendars=CALENDARS, start_on=MONDAY)

    assert said(due_on) == "Tue 2026-03-10"
    assert workdays_taken(BASEL, due_on, on("Fri 2026-03-13")) == 4
    assert workdays_taken(BASEL, due_on, on("Sat 2026-03-07")) == 1


def test_a_past_just_in_time_step_was_due_when_its_followers_needed_it() -> None:
    steps = (
        Step(
            "release",
            2,
            "site",
            just_in_time=True,
            started_on=on("Thu 2026-03-19"),
            finished_on=on("Fri 2026-03-20"),
        ),
        Step(
            "deliver",
            1,
            "site",
            (Link("release"),),
            not_before=on("Mon 2026-03-23"),
            started_on=on("Mon 2026-03-23"),
            finished_on=on("Mon 2026-03-23"),
        ),
    )

    assert due_start(steps, "release", calendars=CALENDARS, start_on=MONDAY) == on("Thu 2026-03-19")


# ------------------------------------------------------------------ whatever happens


@st.composite
def outlooks(draw: st.DrawFn) -> Outlook:
    count = draw(st.integers(1, 7))
    keys = [f"s{number}" for number in range(count)]
    today = MONDAY + timedelta(days=draw(st.integers(0, 40)))
    steps, samples = [], {}
    for number, key in enumerate(keys):
        before = draw(st.lists(st.sampled_from(keys[:number]), unique=True, max_size=2)) if number else []
        links = tuple(
            Link(
                one, draw(st.integers(-2, 4)), draw(st.sampled_from(LinkKind)), draw(st.sampled_from(LagUnit))
            )
            for one in before
        )
        begun = draw(st.none() | st.integers(-3, 40))
        done = draw(st.none() | st.integers(0, 20))
        started_on = None if begun is None else min(today, MONDAY + timedelta(days=begun))
        is_done = started_on is not None and done is not None and started_on + timedelta(days=done) <= today
        steps.append(
            Step(
                key,
                draw(st.integers(0, 8)),
                draw(st.sampled_from(["site", "every"])),
                links,
                draw(st.none() | st.integers(0, 50).map(lambda number: MONDAY + timedelta(days=number))),
                started_on,
                started_on + timedelta(days=done) if is_done and started_on and done is not None else None,
                draw(st.integers(0, 4)) == 0,
            )
        )
        values = draw(st.lists(st.floats(0.1, 6), max_size=20))
        if values:
            samples[key] = sample(*values)
    return outlook(
        *steps,
        samples=samples,
        today=today,
        promised_on=draw(st.integers(-5, 90).map(lambda number: MONDAY + timedelta(days=number))),
    )


@given(outlooks())
@settings(max_examples=150, deadline=None)
def test_percentiles_are_in_order_and_never_before_today(given_outlook: Outlook) -> None:
    found = forecast(given_outlook, draws=60)

    for step in given_outlook.steps:
        one = found.steps[step.key]
        assert one.p50 <= one.p80 <= one.p90
        if step.finished_on is None:
            assert one.p50 >= given_outlook.today
        else:
            assert (one.p50, one.p90) == (step.finished_on, step.finished_on)
    assert found.chance_percent is not None
    assert 0 <= found.chance_percent <= 100


@given(outlooks())
@settings(max_examples=50, deadline=None)
def test_the_same_plan_has_the_same_forecast(given_outlook: Outlook) -> None:
    assert forecast(given_outlook, draws=60) == forecast(given_outlook, draws=60)


@given(outlooks(), st.integers(0, 6), st.integers(1, 30))
@settings(max_examples=150, deadline=None)
def test_a_later_wish_never_raises_the_chance(given_outlook: Outlook, which: int, later: int) -> None:
    # What could have begun already is judged by how long it waits; what is still to come can be moved.
    given_outlook = replace(given_outlook, today=MONDAY)
    steps = [
        replace(one, started_on=None, finished_on=None, just_in_time=False) for one in given_outlook.steps
    ]
    number = which % len(steps)
    wished = max(steps[number].not_before or MONDAY, given_outlook.today) + timedelta(days=later)
    moved = [*steps[:number], replace(steps[number], not_before=wished), *steps[number + 1 :]]

    before = forecast(replace(given_outlook, steps=steps), draws=60).chance_percent
    after = forecast(replace(given_outlook, steps=moved), draws=60).chance_percent

    assert before is not None
    assert after is not None
    assert after <= before


@given(st.lists(st.floats(0.1, 6), min_size=1, max_size=30), st.integers(0, 12), st.integers(0, 60))
@settings(max_examples=150, deadline=None)
def test_another_day_without_a_finish_never_raises_the_chance(
    values: list[float], workdays: int, promised: int
) -> None:
    steps = (
        Step("prep", workdays, "site", started_on=MONDAY),
        Step("install", 3, "site", (Link("prep"),)),
    )
    samples = {"prep": sample(*values), "install": sample(1.0, 1.5, 2.5)}
    chances = []
    for passed in range(30):
        found = forecast(
            outlook(
                *steps,
                samples=samples,
                promised_on=MONDAY + timedelta(days=promised),
                today=MONDAY + timedelta(days=passed),
            ),
            draws=60,
        )
        chances.append(found.chance_percent or 0)

    assert chances == sorted(chances, reverse=True)


def test_five_hundred_draws_of_twenty_steps_are_fast() -> None:
    steps = [Step("s0", 5, "site")]
    for number in range(1, 20):
        links = (Link(f"s{number - 1}"), *([Link(f"s{number // 2}", 2)] if number > 2 else []))
        steps.append(Step(f"s{number}", number % 6, "site", links))
    samples = {step.key: sample(*[0.8 + number / 20 for number in range(60)]) for step in steps}
    given_outlook = outlook(*steps, samples=samples, promised_on=add_workdays(BASEL, MONDAY, 90))
    forecast(given_outlook)

    took = []
    for _ in range(5):
        before = time.process_time()
        forecast(given_outlook)
        took.append(time.process_time() - before)

    assert min(took) < 0.06  # 30 ms is the goal; the other half is for a busy machine
