"""What is done first, as a person who runs installations would say it."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from concierge.core.urgency import WEIGHTS, Band, Kind, Matter, band, cost, in_order, is_aside, rank


@pytest.mark.parametrize(
    ("matter", "when"),
    [
        (Matter("a", Kind.BLOCKED), Band.NOW),
        (Matter("a", Kind.LATE, slip_workdays=1), Band.NOW),
        (Matter("a", Kind.OVERDUE, days_left=-1), Band.NOW),
        (Matter("a", Kind.HOLD_OVER, days_left=-30), Band.NOW),
        (Matter("a", Kind.CONFLICT), Band.NOW),
        (Matter("a", Kind.GATE, days_left=3), Band.NOW),
        (Matter("a", Kind.GATE, days_left=4), Band.SOON),
        (Matter("a", Kind.DECISION, days_left=14), Band.NOW),
        (Matter("a", Kind.DECISION, days_left=15), Band.SOON),
        (Matter("a", Kind.UNASSIGNED, days_left=0), Band.NOW),
        (Matter("a", Kind.UNASSIGNED, days_left=10), Band.SOON),
        (Matter("a", Kind.UNANSWERED, days_left=-2), Band.NOW),
        (Matter("a", Kind.UNANSWERED, days_left=-2, is_for_others=True), Band.OTHERS),
        (Matter("a", Kind.PROPOSAL, days_left=-9), Band.SOON),
        (Matter("a", Kind.DRAFT, days_left=-9), Band.SOON),
        (Matter("a", Kind.UNMATCHED), Band.SOON),
    ],
)
def test_what_is_done_now_and_what_can_wait(matter: Matter, when: Band) -> None:
    assert band(matter) is when


@pytest.mark.parametrize(
    ("first", "second"),
    [
        # four days late weighs more than one day late
        (Matter("z", Kind.LATE, slip_workdays=4), Matter("a", Kind.LATE, slip_workdays=1)),
        # of two with the same slip, the one that stands still
        (Matter("z", Kind.BLOCKED, slip_workdays=4), Matter("a", Kind.LATE, slip_workdays=4)),
        # a long slip is dearer than a block that still holds its promise
        (Matter("z", Kind.LATE, slip_workdays=9), Matter("a", Kind.BLOCKED)),
        # at the same cost, what is due first
        (Matter("z", Kind.UNASSIGNED, days_left=1), Matter("a", Kind.UNASSIGNED, days_left=2)),
        # of two that cost the same, what is overdue for longer
        (Matter("z", Kind.OVERDUE, days_left=-9), Matter("a", Kind.OVERDUE, days_left=-2)),
        # what was blocked today before answers that are long overdue
        (Matter("z", Kind.BLOCKED, days_left=0), Matter("a", Kind.UNANSWERED, days_left=-20)),
        # a delivery tomorrow behind a held gate before answers that are one day overdue
        (Matter("z", Kind.GATE, days_left=1), Matter("a", Kind.UNANSWERED, days_left=-1)),
        # a draft of last year does not hide a visit of tomorrow
        (Matter("z", Kind.UNASSIGNED, days_left=1), Matter("a", Kind.DRAFT, days_left=-400)),
        # what others have to do stands last
        (Matter("z", Kind.UNMATCHED), Matter("a", Kind.UNANSWERED, slip_workdays=50, is_for_others=True)),
    ],
)
def test_of_two_the_dearer_one_stands_first(first: Matter, second: Matter) -> None:
    assert rank(first) < rank(second)
    assert [matter for matter, _ in in_order([(second, None), (first, None)])] == [first, second]


def test_every_kind_has_a_weight() -> None:
    assert set(WEIGHTS) == set(Kind)
    assert all(weight > 0 for weight in WEIGHTS.values())


def test_what_is_put_aside_comes_back_when_it_becomes_worse() -> None:
    matter = Matter("late:7", Kind.LATE, slip_workdays=4, level=4)

    assert is_aside(matter, {"late:7": 4})
    assert is_aside(matter, {"late:7": 5})
    assert not is_aside(matter, {"late:7": 3})
    assert not is_aside(matter, {"late:8": 9})


matters = st.builds(
    Matter,
    key=st.text("abc", min_size=1, max_size=4),
    kind=st.sampled_from(Kind),
    slip_workdays=st.integers(-20, 400),
    days_left=st.none() | st.integers(-500, 500),
    is_for_others=st.booleans(),
)


@given(matters, st.integers(1, 50))
def test_a_longer_slip_never_stands_later(matter: Matter, more: int) -> None:
    worse = Matter(
        matter.key,
        matter.kind,
        matter.slip_workdays + more,
        matter.days_left,
        matter.level,
        matter.is_for_others,
    )

    assert cost(worse) >= cost(matter)
    assert rank(worse) <= rank(matter)


@given(st.lists(matters, unique_by=lambda one: one.key), st.randoms())
def test_the_order_does_not_depend_on_the_order_of_entry(some: list[Matter], chance: random.Random) -> None:
    mixed = some[:]
    chance.shuffle(mixed)

    assert in_order((one, None) for one in mixed) == in_order((one, None) for one in some)
