"""Whether what customers were told came true: cases that were counted by hand, and rules that always hold."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from concierge.core.promises import Fate, Outcome, Tally, Told, outcomes, tally
from tests.makers.days import on

TODAY = on("Fri 2026-11-20")
DUE = on("Mon 2026-11-09")
TOLD_ON = on("Mon 2026-10-05")


def judged(*told: Told, fate: Fate | None = None) -> dict[date, Outcome]:
    found = outcomes(told, {"delivery": fate or Fate()}, today=TODAY)
    return {finish_on: outcome for (_, finish_on), outcome in found.items()}


def told(finish_on: date, told_on: date = TOLD_ON, *, is_agreed: bool = False) -> Told:
    return Told("delivery", finish_on, told_on, is_agreed)


@pytest.mark.parametrize(
    ("fate", "outcome"),
    [
        (Fate(), Outcome.BROKEN),
        (Fate(finished_on=on("Fri 2026-11-06")), Outcome.KEPT),
        (Fate(finished_on=DUE), Outcome.KEPT),
        (Fate(finished_on=on("Tue 2026-11-10")), Outcome.BROKEN),
        (Fate(left_on=on("Fri 2026-10-30")), Outcome.WITHDRAWN),
        (Fate(left_on=DUE), Outcome.WITHDRAWN),
        (Fate(left_on=on("Tue 2026-11-10")), Outcome.BROKEN),
        (Fate(finished_on=on("Fri 2026-11-06"), left_on=on("Fri 2026-11-06")), Outcome.KEPT),
    ],
)
def test_one_date_by_what_happened(fate: Fate, outcome: Outcome) -> None:
    assert judged(told(DUE), fate=fate) == {DUE: outcome}


def test_a_date_ahead_is_open_even_when_it_is_met_already() -> None:
    ahead = on("Mon 2026-11-23")

    assert judged(told(ahead), fate=Fate(finished_on=on("Thu 2026-11-19"))) == {ahead: Outcome.OPEN}


def test_on_its_own_day_a_date_is_open_until_it_is_met() -> None:
    assert judged(told(TODAY)) == {TODAY: Outcome.OPEN}
    assert judged(told(TODAY), fate=Fate(finished_on=TODAY)) == {TODAY: Outcome.KEPT}


def test_a_later_date_that_was_agreed_in_time_replaces_the_older_one() -> None:
    later = on("Mon 2026-11-16")

    found = judged(told(DUE), told(later, DUE, is_agreed=True), fate=Fate(finished_on=on("Fri 2026-11-13")))

    assert found == {DUE: Outcome.AGREED, later: Outcome.KEPT}


@pytest.mark.parametrize(
    "other",
    [
        told(on("Mon 2026-11-16"), on("Tue 2026-11-10"), is_agreed=True),  # a day too late
        told(on("Mon 2026-11-16"), on("Mon 2026-11-02")),  # only announced
        told(on("Fri 2026-11-06"), on("Mon 2026-11-02"), is_agreed=True),  # earlier
        Told("training", on("Mon 2026-11-16"), on("Mon 2026-11-02"), True),  # something else
    ],
)
def test_nothing_else_makes_up_for_a_broken_date(other: Told) -> None:
    assert judged(told(DUE), other)[DUE] is Outcome.BROKEN


def test_one_date_on_three_channels_is_one_promise() -> None:
    found = outcomes(
        [told(DUE), told(DUE, on("Tue 2026-10-06")), told(DUE, on("Wed 2026-10-07"))],
        {"delivery": Fate(finished_on=DUE)},
        today=TODAY,
    )

    assert tally(found, from_on=on("Thu 2026-10-01"), to_on=on("Fri 2027-01-01")) == Tally(kept=1)


def test_a_quarter_by_hand() -> None:
    """Ten dates were told for four milestones; two lie in another quarter, one ahead of today."""
    dates = [
        Told("ready", on("Wed 2026-09-30"), on("Mon 2026-08-03")),  # the quarter before
        Told("ready", on("Thu 2026-10-01"), on("Mon 2026-09-28")),  # kept on its day
        Told("delivery", on("Mon 2026-10-12"), on("Mon 2026-09-28")),  # agreed anew
        Told("delivery", on("Mon 2026-10-19"), on("Fri 2026-10-09"), is_agreed=True),  # broken
        Told("delivery", on("Fri 2026-10-23"), on("Tue 2026-10-20")),  # kept
        Told("training", on("Mon 2026-11-02"), on("Mon 2026-09-28")),  # left the plan in time
        Told("handover", on("Fri 2026-11-13"), on("Mon 2026-09-28")),  # broken, announced only
        Told("handover", on("Thu 2026-11-19"), on("Mon 2026-11-09")),  # broken
        Told("handover", on("Fri 2026-11-27"), on("Mon 2026-11-16")),  # ahead
        Told("handover", on("Fri 2027-01-01"), on("Mon 2026-11-16")),  # the quarter after
    ]
    fates = {
        "ready": Fate(finished_on=on("Thu 2026-10-01")),
        "delivery": Fate(finished_on=on("Fri 2026-10-23")),
        "training": Fate(left_on=on("Fri 2026-10-30")),
    }

    found = tally(
        outcomes(dates, fates, today=TODAY), from_on=on("Thu 2026-10-01"), to_on=on("Fri 2027-01-01")
    )

    assert found == Tally(kept=2, agreed=1, broken=3)
    assert found.due == 5
    assert found.share == pytest.approx(0.4)


def test_nothing_due_has_no_share() -> None:
    assert Tally(agreed=3).share is None


DAYS = st.dates(date(2026, 11, 1), date(2026, 11, 30))
TOLD = st.lists(st.builds(Told, st.sampled_from(["a", "b"]), DAYS, DAYS, st.booleans()), max_size=12)
FATES = st.dictionaries(
    st.sampled_from(["a", "b"]), st.builds(Fate, st.none() | DAYS, st.none() | DAYS), max_size=2
)


@given(TOLD, FATES, DAYS)
def test_every_distinct_date_has_one_outcome_and_order_does_not_matter(
    dates: list[Told], fates: dict[str, Fate], today: date
) -> None:
    found = outcomes(dates, fates, today=today)

    assert found.keys() == {(one.milestone, one.finish_on) for one in dates}
    assert found == outcomes(reversed(dates), fates, today=today)
    for (_, finish_on), outcome in found.items():
        assert (finish_on > today) <= (outcome is Outcome.OPEN)
    whole = tally(found, from_on=date(2026, 11, 1), to_on=date(2026, 12, 1))
    assert whole.kept + whole.agreed + whole.broken <= len(found)


@given(TOLD, FATES, DAYS, DAYS)
def test_a_verdict_never_changes_once_it_is_passed(
    dates: list[Told], fates: dict[str, Fate], one: date, other: date
) -> None:
    """As long as nothing new happens, a later look finds what an earlier one found, but for what was open."""
    early, late = sorted((one, other))
    before, after = outcomes(dates, fates, today=early), outcomes(dates, fates, today=late)

    for place, outcome in before.items():
        assert outcome is Outcome.OPEN or after[place] is outcome
