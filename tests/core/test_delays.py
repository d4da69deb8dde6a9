"""Where the days went: every lost working day is booked once, and the bookings add up to the slip."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any, TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from concierge.core import delays
from concierge.core.delays import Cause, Change, Closing, Course, Ledger, Party, Work, ledger
from concierge.core.schedule import Link, Step, lay_out
from concierge.core.worktime import WorkCalendar, workdays_between
from tests.makers.days import on, said

BASEL = WorkCalendar("Basel-Stadt", closed={on("Fri 2026-04-03"): "Karfreitag"})
MONDAY = on("Mon 2026-03-02")
Row = TypeVar("Row")


def work(key: str, workdays: int, *after: str, party: Party = Party.US, team: str = "", **facts: Any) -> Work:
    links = tuple(Link(one) for one in after)
    return Work(Step(key, workdays, "site", links, **facts), party, team)


def course(
    *,
    until: str,
    prep: tuple[str | None, str | None] = (None, None),
    freight: tuple[str | None, str | None] = ("Mon 2026-03-02", "Fri 2026-03-06"),
    install: tuple[str | None, str | None] = (None, None),
    delivered: str | None = None,
    causes: tuple[Cause, ...] = (),
    changes: tuple[Change, ...] = (),
) -> Course:
    """Ten days in the laboratory beside five of freight, then three to install; handover on Tue 17 March."""

    def known(text: str | None) -> date | None:
        return on(text) if text and on(text) <= on(until) else None

    def facts(pair: tuple[str | None, str | None]) -> dict[str, Any]:
        return {"started_on": known(pair[0]), "finished_on": known(pair[1])}

    arrived = known(delivered)
    works = (
        work("accepted", 0, started_on=MONDAY, finished_on=MONDAY),
        work("prep", 10, "accepted", party=Party.CUSTOMER, **facts(prep)),
        work("freight", 5, "accepted", party=Party.CARRIER, **facts(freight)),
        work("delivered", 0, "prep", "freight", party=Party.NONE, started_on=arrived, finished_on=arrived),
        work("install", 3, "delivered", team="service", **facts(install)),
        work("handover", 0, "install", started_on=known(install[1]), finished_on=known(install[1])),
    )
    plain = Course(
        works,
        end="handover",
        calendars={"site": BASEL},
        counted_in=BASEL,
        start_on=MONDAY,
        taken_on=MONDAY,
        baseline_on=on("Tue 2026-03-17"),
        end_on=MONDAY,
        until=on(until),
        causes=causes,
        changes=changes,
    )
    return replace(plain, end_on=end_of(plain))


def installed(began: str, finished: str, *, ready: str) -> Course:
    """A course that is over: the laboratory was ready and the crate came on one day, then it was installed."""
    return course(until=finished, prep=("Mon 2026-03-02", ready), delivered=ready, install=(began, finished))


def end_of(given: Course) -> date:
    """The end as the plan gives it with all facts, changes and holds."""
    changed: dict[str, dict[str, Any]] = {}
    for one in sorted(given.changes, key=lambda one: (one.on, one.number)):
        changed.setdefault(one.step, {}).update(one.values)
    held = {
        hold.first_on + timedelta(days=number): "hold"
        for hold in given.causes
        if hold.is_hold and hold.first_on <= given.until
        for number in range((closed_until(hold, given.until) - hold.first_on).days + 1)
    }
    open_days = {
        name: closed_on(calendar, {**held, **closed_by(given.closings, name)})
        for name, calendar in given.calendars.items()
    }
    steps = [replace(one.step, **changed.get(one.step.key, {})) for one in given.works]
    plan = lay_out(steps, calendars=open_days, start_on=given.start_on, today=given.until)
    return plan.placed[given.end].finish_on


def closed_on(calendar: WorkCalendar, days: Mapping[date, str]) -> WorkCalendar:
    """A calendar with more closed days."""
    return replace(calendar, closed={**days, **calendar.closed})


def closed_by(closings: Sequence[Closing], name: str) -> dict[date, str]:
    """The days that closings take out of a calendar."""
    return {day: "closed" for one in closings for day in one.days.get(name, ())}


def closed_until(hold: Cause, today: date) -> date:
    """The last held day as it is known today: an open hold lasts today, and as long as it is expected to."""
    if hold.last_on is not None and hold.last_on < today:
        return hold.last_on
    return max(today, hold.expected_last_on or today)


def booked(found: Ledger) -> list[tuple[str, str, str | None]]:
    return [(said(one.day), one.party.value, one.step) for one in found.bookings]


def test_a_plan_that_went_as_planned_lost_nothing() -> None:
    found = ledger(installed("Fri 2026-03-13", "Tue 2026-03-17", ready="Fri 2026-03-13"))

    assert found == Ledger(())
    assert found.slip_workdays == 0


def test_days_that_nothing_explains_are_those_of_whoever_is_accountable() -> None:
    found = ledger(installed("Mon 2026-03-16", "Thu 2026-03-19", ready="Mon 2026-03-16"))

    assert booked(found) == [
        ("Wed 2026-03-18", "customer", "prep"),
        ("Thu 2026-03-19", "us", "install"),
    ]
    assert found.by_party() == {(Party.CUSTOMER, ""): 1, (Party.US, "service"): 1}


def test_an_entered_cause_goes_before_whoever_is_accountable() -> None:
    late_goods = Cause(
        Party.SUPPLIER, on("Fri 2026-03-13"), on("Mon 2026-03-16"), "prep", cause="gas", ref="7"
    )
    found = ledger(course(until="Tue 2026-03-17", prep=("Mon 2026-03-02", None), causes=(late_goods,)))

    assert [(one.party, one.cause, one.refs) for one in found.bookings] == [
        (Party.SUPPLIER, "gas", ("7",)),
        (Party.SUPPLIER, "gas", ("7",)),
    ]


def test_a_late_step_with_slack_costs_nothing() -> None:
    damaged = Cause(Party.CARRIER, on("Mon 2026-03-02"), on("Fri 2026-03-13"), "freight")
    found = ledger(
        course(
            until="Fri 2026-03-13",
            prep=("Mon 2026-03-02", None),
            freight=("Mon 2026-03-02", "Thu 2026-03-12"),
            causes=(damaged,),
        )
    )

    assert found.bookings == ()


def test_two_parties_that_hold_the_end_at_once_are_concurrent() -> None:
    found = ledger(
        course(
            until="Fri 2026-03-20",
            prep=("Mon 2026-03-02", "Wed 2026-03-18"),
            freight=("Mon 2026-03-02", "Fri 2026-03-20"),
        )
    )

    # On Fri 13 and the days after both chains end together; from Wed 18 on only the crate is missing.
    assert [one.party for one in found.bookings] == [
        Party.CONCURRENT,
        Party.CONCURRENT,
        Party.CONCURRENT,
        Party.CARRIER,
        Party.CARRIER,
    ]
    assert found.bookings[0].parties == (Party.CARRIER, Party.CUSTOMER)


def test_two_causes_of_two_parties_on_one_step_are_concurrent() -> None:
    causes = (
        Cause(Party.CUSTOMER, on("Fri 2026-03-13"), None, "prep", cause="power"),
        Cause(Party.SUPPLIER, on("Mon 2026-03-16"), on("Mon 2026-03-16"), "prep", cause="gas"),
    )
    found = ledger(course(until="Wed 2026-03-18", prep=("Mon 2026-03-02", None), causes=causes))

    assert [one.party for one in found.bookings] == [Party.CUSTOMER, Party.CONCURRENT, Party.CUSTOMER]


def test_an_agreed_change_is_booked_as_such_and_only_for_what_it_moves() -> None:
    wish = Change("delivered", on("Tue 2026-03-10"), (("not_before", on("Fri 2026-03-20")),), is_agreed=True)
    found = ledger(course(until="Wed 2026-03-11", prep=("Mon 2026-03-02", None), changes=(wish,)))

    assert {one.party for one in found.bookings} == {Party.AGREED}
    assert [said(one.day) for one in found.bookings] == [
        "Wed 2026-03-18",
        "Thu 2026-03-19",
        "Fri 2026-03-20",
        "Mon 2026-03-23",
        "Tue 2026-03-24",
    ]
    assert {one.lost_on for one in found.bookings} == {on("Tue 2026-03-10")}


def test_a_step_that_is_done_just_in_time_is_no_party_to_the_move_of_what_it_serves() -> None:
    wish = Change("delivered", on("Tue 2026-03-10"), (("not_before", on("Fri 2026-03-20")),), is_agreed=True)
    given_course = course(until="Wed 2026-03-11", changes=(wish,))
    works = [
        replace(one, step=replace(one.step, just_in_time=True, workdays=3)) if one.step.key == "prep" else one
        for one in given_course.works
    ]
    later = replace(given_course, works=works, baseline_on=on("Mon 2026-03-16"))
    found = ledger(replace(later, end_on=end_of(later)))

    assert {one.party for one in found.bookings if one.lost_on == on("Tue 2026-03-10")} == {Party.AGREED}


def test_a_move_takes_the_cause_that_lasts_until_its_new_start() -> None:
    moved = Change("install", on("Tue 2026-03-10"), (("not_before", on("Wed 2026-03-18")),))
    ill = Cause(
        Party.US, on("Fri 2026-03-13"), on("Tue 2026-03-17"), "install", team="service", cause="people away"
    )
    found = ledger(
        course(until="Wed 2026-03-11", prep=("Mon 2026-03-02", None), causes=(ill,), changes=(moved,))
    )

    assert [(one.party, one.cause) for one in found.bookings] == [(Party.US, "people away")] * 3


def test_held_days_are_those_of_whoever_asked_for_the_hold() -> None:
    hold = Cause(
        Party.CUSTOMER,
        on("Thu 2026-03-05"),
        on("Mon 2026-03-09"),
        cause="building project late",
        is_hold=True,
    )
    found = ledger(
        course(
            until="Fri 2026-03-20",
            prep=("Mon 2026-03-02", "Wed 2026-03-18"),
            freight=("Mon 2026-03-02", "Wed 2026-03-11"),
            delivered="Wed 2026-03-18",
            install=("Wed 2026-03-18", "Fri 2026-03-20"),
            causes=(hold,),
        )
    )

    assert [(one.party, said(one.lost_on)) for one in found.bookings] == [
        (Party.CUSTOMER, "Thu 2026-03-05"),
        (Party.CUSTOMER, "Fri 2026-03-06"),
        (Party.CUSTOMER, "Mon 2026-03-09"),
    ]


def test_an_open_hold_closes_today_as_well() -> None:
    hold = Cause(Party.CUSTOMER, on("Wed 2026-03-04"), None, cause="order or contract", is_hold=True)
    found = ledger(course(until="Thu 2026-03-05", prep=("Mon 2026-03-02", None), causes=(hold,)))

    assert [said(one.lost_on) for one in found.bookings] == ["Wed 2026-03-04", "Thu 2026-03-05"]


def test_a_hold_costs_at_once_as_long_as_it_is_expected_to_last() -> None:
    hold = Cause(
        Party.CUSTOMER,
        on("Wed 2026-03-04"),
        None,
        cause="building project late",
        is_hold=True,
        expected_last_on=on("Tue 2026-03-10"),
    )
    rests = ledger(course(until="Thu 2026-03-05", prep=("Mon 2026-03-02", None), causes=(hold,)))
    early = replace(hold, last_on=on("Thu 2026-03-05"))
    resumed = ledger(course(until="Fri 2026-03-06", prep=("Mon 2026-03-02", None), causes=(early,)))

    assert [(one.party, said(one.lost_on)) for one in rests.bookings] == [
        (Party.CUSTOMER, "Wed 2026-03-04"),
        (Party.CUSTOMER, "Thu 2026-03-05"),
        (Party.CUSTOMER, "Fri 2026-03-06"),
        (Party.CUSTOMER, "Mon 2026-03-09"),
        (Party.CUSTOMER, "Tue 2026-03-10"),
    ]
    assert [said(one.lost_on) for one in resumed.bookings] == ["Wed 2026-03-04", "Thu 2026-03-05"]
    assert len(resumed.bookings) == 2
    assert resumed.won_back == (delays.WonBack(on("Fri 2026-03-06"), 3),)


def test_a_hold_that_slack_takes_up_at_first_costs_its_last_days() -> None:
    hold = Cause(
        Party.CUSTOMER,
        on("Thu 2026-03-05"),
        on("Wed 2026-03-11"),
        cause="building project late",
        is_hold=True,
        expected_last_on=on("Wed 2026-03-11"),
    )
    rested = course(until="Fri 2026-03-06", prep=("Mon 2026-03-02", None), causes=(hold,))
    found = ledger(replace(rested, baseline_on=on("Thu 2026-03-19")))

    # Two of the five held days only reach the later end that was promised; the weekend was no working day.
    assert [said(one.lost_on) for one in found.bookings] == [
        "Mon 2026-03-09",
        "Tue 2026-03-10",
        "Wed 2026-03-11",
    ]


STOCKTAKING = Closing(
    on("Wed 2026-03-04"),
    {"site": frozenset({on("Mon 2026-03-09"), on("Tue 2026-03-10"), on("Wed 2026-03-11")})},
    Party.US,
    ref="event 7",
)


def closed(given_course: Course, *closings: Closing) -> Course:
    """A course whose calendars were changed on its way; slip is counted in the calendar of today."""
    later = replace(given_course, closings=closings, counted_in=closed_on(BASEL, closed_by(closings, "site")))
    return replace(later, end_on=end_of(later))


def test_days_that_are_closed_later_are_those_of_whoever_closed_them_each_on_its_own_day() -> None:
    found = ledger(closed(course(until="Thu 2026-03-05", prep=("Mon 2026-03-02", None)), STOCKTAKING))

    assert [(one.party, said(one.lost_on), one.refs) for one in found.bookings] == [
        (Party.US, "Mon 2026-03-09", ("event 7",)),
        (Party.US, "Tue 2026-03-10", ("event 7",)),
        (Party.US, "Wed 2026-03-11", ("event 7",)),
    ]
    assert [said(one.day) for one in found.bookings] == [
        "Wed 2026-03-18",
        "Thu 2026-03-19",
        "Fri 2026-03-20",
    ]


def test_days_that_two_close_at_once_are_concurrent() -> None:
    shutdown = Closing(
        on("Wed 2026-03-04"), {"site": frozenset({on("Tue 2026-03-10")})}, Party.CUSTOMER, ref="event 8"
    )
    found = ledger(
        closed(course(until="Thu 2026-03-05", prep=("Mon 2026-03-02", None)), STOCKTAKING, shutdown)
    )

    assert [one.party for one in found.bookings] == [Party.US, Party.CONCURRENT, Party.US]
    assert found.bookings[1].parties == (Party.CUSTOMER, Party.US)
    assert found.bookings[1].refs == ("event 7", "event 8")


def test_days_that_are_closed_on_a_day_on_which_others_are_late_are_told_apart() -> None:
    late = course(until="Thu 2026-03-05")
    plain = replace(late, works=[one for one in late.works if one.step.key != "freight"])
    works = [
        replace(one, step=replace(one.step, links=(Link("prep"),))) if one.step.key == "delivered" else one
        for one in plain.works
    ]
    found = ledger(closed(replace(plain, works=works), replace(STOCKTAKING, on=on("Tue 2026-03-03"))))

    assert [(one.party, said(one.lost_on)) for one in found.bookings] == [
        (Party.CUSTOMER, "Mon 2026-03-02"),
        (Party.US, "Mon 2026-03-09"),
        (Party.US, "Tue 2026-03-10"),
        (Party.US, "Wed 2026-03-11"),
        (Party.CUSTOMER, "Tue 2026-03-03"),
        (Party.CUSTOMER, "Wed 2026-03-04"),
    ]


def test_closed_days_beside_the_chain_cost_nothing() -> None:
    aside = replace(STOCKTAKING, days={"crew": STOCKTAKING.days["site"]})
    found = ledger(closed(course(until="Thu 2026-03-05", prep=("Mon 2026-03-02", None)), aside))

    assert found.bookings == ()


def test_a_step_that_stood_still_in_the_middle_gives_those_days_to_the_cause() -> None:
    no_power = Cause(
        Party.CUSTOMER, on("Wed 2026-03-18"), on("Thu 2026-03-19"), "install", cause="power", ref="3"
    )
    found = ledger(
        course(
            until="Wed 2026-03-25",
            prep=("Mon 2026-03-02", "Mon 2026-03-16"),
            delivered="Mon 2026-03-16",
            install=("Tue 2026-03-17", "Wed 2026-03-25"),
            causes=(no_power,),
        )
    )

    # Prep cost Fri 13, the installers began a day late, then stood for two days and took two more.
    assert [(said(one.lost_on), one.party.value) for one in found.bookings] == [
        ("Fri 2026-03-13", "customer"),
        ("Mon 2026-03-16", "us"),
        ("Thu 2026-03-19", "customer"),
        ("Fri 2026-03-20", "customer"),
        ("Mon 2026-03-23", "us"),
        ("Tue 2026-03-24", "us"),
    ]


def test_days_that_are_won_back_release_what_was_booked_last() -> None:
    found = ledger(installed("Tue 2026-03-17", "Wed 2026-03-18", ready="Tue 2026-03-17"))

    assert booked(found) == [("Wed 2026-03-18", "customer", "prep")]
    assert found.won_back == (delays.WonBack(on("Wed 2026-03-18"), 1),)


def test_coming_early_books_nothing_and_says_by_how_much() -> None:
    found = ledger(installed("Wed 2026-03-11", "Fri 2026-03-13", ready="Tue 2026-03-10"))

    assert found.bookings == ()
    assert found.gained_workdays == 2
    assert found.slip_workdays == -2


def test_the_longer_path_of_a_changed_plan_belongs_to_the_change() -> None:
    longer = Change("install", on("Thu 2026-03-05"), (("workdays", 5),), is_agreed=True, ref="more training")
    found = ledger(course(until="Fri 2026-03-06", prep=("Mon 2026-03-02", None), changes=(longer,)))

    assert [(one.party, one.refs) for one in found.bookings] == [(Party.AGREED, ("more training",))] * 2


def test_what_nothing_in_the_plan_explains_is_nobodys() -> None:
    given_end = course(until="Mon 2026-03-02", prep=("Mon 2026-03-02", None))
    found = ledger(replace(given_end, end_on=on("Thu 2026-03-19")))

    assert [(one.party, one.step) for one in found.bookings] == [(Party.NONE, None)] * 2


def test_a_day_that_nobody_works_is_never_lost() -> None:
    found = ledger(installed("Tue 2026-03-31", "Tue 2026-04-07", ready="Fri 2026-03-13"))

    assert "Fri 2026-04-03" not in [said(one.day) for one in found.bookings]
    assert found.slip_workdays == workdays_between(BASEL, on("Tue 2026-03-17"), on("Tue 2026-04-07"))


def test_a_plan_without_its_end_is_refused_in_words() -> None:
    with pytest.raises(ValueError, match="no step “go-live”"):
        ledger(replace(course(until="Mon 2026-03-02"), end="go-live"))


# ------------------------------------------------------------------ whatever happens

DAYS = st.integers(-2, 60).map(lambda number: MONDAY + timedelta(days=number))
PARTIES = st.sampled_from([Party.CUSTOMER, Party.US, Party.CARRIER, Party.SUPPLIER, Party.AGREED])


@st.composite
def courses(draw: st.DrawFn) -> Course:
    count = draw(st.integers(2, 7))
    keys = [f"s{number}" for number in range(count)]
    until = MONDAY + timedelta(days=draw(st.integers(0, 60)))
    works = []
    for number, key in enumerate(keys):
        before = draw(st.lists(st.sampled_from(keys[:number]), unique=True, max_size=2)) if number else []
        begun = draw(st.none() | DAYS)
        done = draw(st.none() | st.integers(0, 15)) if begun else None
        finished = begun + timedelta(days=done) if begun is not None and done is not None else None
        step = Step(
            key,
            draw(st.integers(0, 6)),
            draw(st.sampled_from(["site", "other"])),
            tuple(Link(one, draw(st.integers(-1, 2))) for one in before),
            started_on=begun if begun and begun <= until else None,
            finished_on=finished if finished and finished <= until else None,
            just_in_time=draw(st.integers(0, 5)) == 0,
        )
        works.append(Work(step, draw(PARTIES | st.just(Party.NONE)), draw(st.sampled_from(["", "service"]))))
    causes = []
    for number in range(draw(st.integers(0, 4))):
        first = draw(DAYS)
        length = draw(st.none() | st.integers(0, 12))
        is_hold = draw(st.integers(0, 4)) == 0
        causes.append(
            Cause(
                draw(PARTIES),
                first,
                None if length is None else first + timedelta(days=length),
                None if is_hold else draw(st.sampled_from([None, *keys])),
                cause=draw(st.sampled_from(["power", "customs"])),
                ref=str(number),
                is_hold=is_hold,
                expected_last_on=first + timedelta(days=draw(st.integers(0, 20))) if is_hold else None,
            )
        )
    changes = [
        Change(
            draw(st.sampled_from(keys)),
            draw(DAYS.filter(lambda one: one >= MONDAY)),
            draw(st.sampled_from(["not_before", "workdays"]).flatmap(_value)),
            draw(st.booleans()),
            number=number,
        )
        for number in range(draw(st.integers(0, 3)))
    ]
    changes = [one for one in changes if one.on <= until]
    closings = tuple(
        Closing(
            draw(DAYS.filter(lambda one: one >= MONDAY)),
            {
                name: frozenset(draw(DAYS) + timedelta(days=more) for more in range(draw(st.integers(1, 9))))
                for name in draw(st.sampled_from([("site",), ("other",), ("site", "other")]))
            },
            draw(PARTIES | st.just(Party.NONE)),
            ref=f"closing {number}",
        )
        for number in range(draw(st.integers(0, 2)))
    )
    closings = tuple(one for one in closings if one.on <= until)
    plain = Course(
        tuple(works),
        end=keys[-1],
        calendars={"site": BASEL, "other": WorkCalendar("other", weekend=frozenset({4, 5}))},
        counted_in=closed_on(BASEL, closed_by(closings, "site")),
        start_on=MONDAY,
        taken_on=MONDAY + timedelta(days=draw(st.integers(0, 10))),
        baseline_on=MONDAY,
        end_on=MONDAY,
        until=until,
        causes=tuple(causes),
        changes=tuple(changes),
        closings=closings,
    )
    fresh = replace(
        plain, works=[_unbegun(one) for one in works], causes=(), changes=(), closings=(), until=MONDAY
    )
    return replace(plain, baseline_on=end_of(fresh), end_on=end_of(plain))


def _value(name: str) -> st.SearchStrategy[tuple[tuple[str, Any], ...]]:
    values: st.SearchStrategy[Any] = st.integers(0, 6) if name == "workdays" else DAYS
    return values.map(lambda one: ((name, one),))


def _unbegun(one: Work) -> Work:
    return replace(one, step=replace(one.step, started_on=None, finished_on=None))


@given(courses())
@settings(max_examples=200, deadline=None)
def test_booked_days_add_up_to_the_slip_and_each_day_stands_once(given_course: Course) -> None:
    found = ledger(given_course)

    after = given_course.baseline_on
    expected = [
        one
        for number in range(1, (given_course.end_on - after).days + 1)
        if given_course.counted_in.is_workday(one := after + timedelta(days=number))
    ]
    assert [one.day for one in found.bookings] == expected
    assert found.slip_workdays == workdays_between(given_course.counted_in, after, given_course.end_on)
    assert sum(found.by_party().values()) == len(found.bookings)


@given(courses(), st.randoms(use_true_random=False))
@settings(max_examples=100, deadline=None)
def test_the_order_of_entry_changes_nothing(given_course: Course, chance: random.Random) -> None:
    def shuffled(rows: Sequence[Row]) -> list[Row]:
        return chance.sample(rows, len(rows))

    found = ledger(
        replace(
            given_course,
            works=shuffled(given_course.works),
            causes=shuffled(given_course.causes),
            changes=shuffled(given_course.changes),
            closings=shuffled(given_course.closings),
        )
    )

    assert found == ledger(given_course)


@given(courses())
@settings(max_examples=100, deadline=None)
def test_leaving_out_quiet_days_changes_nothing(given_course: Course) -> None:
    every_day = pytest.MonkeyPatch()
    every_day.setattr(delays._Windows, "next_window", lambda self, plan, day: day)
    try:
        slow = ledger(given_course)
    finally:
        every_day.undo()

    assert ledger(given_course) == slow


def idle_days(given_course: Course) -> set[date]:
    """The days that holds and closings close."""
    held = {
        one.first_on + timedelta(days=number)
        for one in given_course.causes
        if one.is_hold
        for number in range((closed_until(one, given_course.until) - one.first_on).days + 1)
    }
    return held | {day for one in given_course.closings for days in one.days.values() for day in days}


def test_a_hold_that_ended_early_cost_no_day_after_its_end() -> None:
    """Held on Thursday, expected until Monday, over on Thursday; on Saturday no day to come is its fault."""
    site, other = BASEL, WorkCalendar("other", weekend=frozenset({4, 5}))
    course = Course(
        works=(
            Work(Step("s0", 2, "site", just_in_time=True), Party.NONE),
            Work(Step("s1", 1, "other", (Link("s0"),), just_in_time=True), Party.CUSTOMER),
        ),
        end="s1",
        calendars={"site": site, "other": other},
        counted_in=site,
        start_on=on("Mon 2026-03-02"),
        taken_on=on("Mon 2026-03-02"),
        baseline_on=on("Wed 2026-03-04"),
        end_on=on("Wed 2026-04-29"),
        until=on("Sat 2026-04-25"),
        causes=(
            Cause(
                Party.CUSTOMER,
                on("Thu 2026-04-23"),
                on("Thu 2026-04-23"),
                cause="power",
                ref="0",
                is_hold=True,
                expected_last_on=on("Mon 2026-04-27"),
            ),
        ),
    )
    held = [one.lost_on for one in ledger(course).bookings if one.refs == ("0",)]
    assert held == [on("Thu 2026-04-23")] * 3


@given(courses())
@settings(max_examples=100, deadline=None)
def test_every_booking_says_whose_it_is(given_course: Course) -> None:
    refs = {one.ref for one in given_course.causes} | {one.ref for one in given_course.closings}
    known = max(given_course.until, given_course.taken_on)
    for one in ledger(given_course).bookings:
        assert one.parties
        assert (one.party is Party.CONCURRENT) is (len(one.parties) > 1)
        assert set(one.refs) <= refs
        assert one.lost_on <= known or one.lost_on in idle_days(given_course)


@given(courses())
@settings(max_examples=150, deadline=None)
def test_no_day_is_lost_between_the_windows(given_course: Course) -> None:
    for one in ledger(given_course).bookings:
        assert one.step is not None or one.lost_on == given_course.taken_on
