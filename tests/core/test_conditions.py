"""When a requirement is asked, by what others were answered."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from concierge.core.conditions import (
    DEEPEST,
    Fault,
    Flaw,
    Known,
    Said,
    asked,
    circle,
    faults,
    is_met,
    items_in,
    renamed,
    settled,
)

H2 = {"item": "gas", "is": ["h2"]}
ANSWERS = {
    "gas": Said(frozenset({"h2"})),
    "hazards": Said(frozenset({"laser", "magnet"})),
    "flow": Said(number=12.5, verdict="ok"),
    "bench": Said(frozenset({"no"}), verdict="out_of_range"),
}
AT_SITE = Known(country="US", sold=frozenset({"lcms-faims"}))


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ({}, True),
        (H2, True),
        ({"item": "gas", "is": ["he", "n2"]}, False),
        ({"item": "gas", "is_not": ["he"]}, True),
        ({"item": "gas", "is_not": ["h2", "he"]}, False),
        ({"item": "hazards", "is": ["magnet"]}, True),
        ({"item": "hazards", "is": ["cryogens"]}, False),
        ({"item": "bench", "is": ["no"]}, True),
        ({"item": "flow", "at_least": 12.5}, True),
        ({"item": "flow", "at_least": 13}, False),
        ({"item": "flow", "at_most": 12.5}, True),
        ({"item": "gas", "at_most": 5}, False),
        ({"item": "flow", "verdict": ["ok"]}, True),
        ({"item": "bench", "verdict": ["ok", "unknown"]}, False),
        ({"item": "gas", "answered": True}, True),
        ({"item": "storage", "answered": True}, False),
        ({"item": "storage", "answered": False}, True),
        ({"item": "storage", "is": ["yes"]}, False),
        ({"item": "storage", "is_not": ["yes"]}, False),
        ({"not": {"item": "storage", "is": ["yes"]}}, True),
        ({"sold": ["lcms-faims", "other"]}, True),
        ({"sold": ["other"]}, False),
        ({"country": ["US", "CA"]}, True),
        ({"country": ["JP"]}, False),
        ({"all": [H2, {"country": ["US"]}]}, True),
        ({"all": [H2, {"country": ["JP"]}]}, False),
        ({"any": [{"country": ["JP"]}, H2]}, True),
        ({"any": [{"country": ["JP"]}, {"item": "gas", "is": ["he"]}]}, False),
        ({"all": [{"any": [H2, {"sold": ["x"]}]}, {"not": {"item": "bench", "is": ["yes"]}}]}, True),
    ],
)
def test_what_was_answered_decides(condition: dict[str, Any], holds: bool) -> None:
    assert is_met(condition, ANSWERS, AT_SITE) is holds


@pytest.mark.parametrize(
    "nonsense",
    [
        {"item": "gas"},
        {"item": "gas", "is": "h2"},
        {"item": "gas", "is": []},
        {"item": "gas", "is": ["h2"], "is_not": ["he"]},
        {"item": 7, "is": ["h2"]},
        {"item": "flow", "at_least": True},
        {"item": "flow", "verdict": ["splendid"]},
        {"all": []},
        {"all": H2},
        {"any": ["gas"]},
        {"not": {}},
        {"never": True},
        {"sold": []},
    ],
)
def test_what_nobody_can_read_never_holds_and_is_a_fault(nonsense: dict[str, Any]) -> None:
    assert not is_met(nonsense, ANSWERS, AT_SITE)
    assert settled(nonsense, AT_SITE) is None
    assert faults(nonsense, items=ANSWERS)


@pytest.mark.parametrize(
    ("condition", "fault"),
    [
        ({"item": "gsa", "is": ["h2"]}, Fault(Flaw.UNKNOWN_ITEM, "gsa")),
        ({"any": [H2, {"item": "gsa", "answered": True}]}, Fault(Flaw.UNKNOWN_ITEM, "gsa")),
        ({"item": "gas", "is": ["h3"]}, Fault(Flaw.UNKNOWN_CODE, "h3", "gas")),
        ({"item": "own", "is": ["yes"]}, Fault(Flaw.ITSELF, "own")),
        ({"itme": "gas", "is": ["h2"]}, Fault(Flaw.UNKNOWN_WORD, "itme")),
    ],
)
def test_faults_name_what_they_are_about(condition: dict[str, Any], fault: Fault) -> None:
    known = Known(choices={"gas": {"h2", "he"}})

    assert faults(condition, items={"gas", "own"}, own="own", known=known) == (fault,)


def test_what_is_nested_too_deeply_is_a_fault_and_never_holds() -> None:
    deep: dict[str, Any] = H2
    for _number in range(DEEPEST):
        deep = {"all": [deep]}

    assert faults(deep, items={"gas"}) == (Fault(Flaw.TOO_DEEP),)
    assert not is_met(deep, ANSWERS)


def test_an_answer_to_what_is_not_asked_asks_nothing() -> None:
    held = {
        "gas": {},
        "leak-test": H2,
        "report": {"item": "leak-test", "is": ["no"]},
    }
    answers = {"gas": Said(frozenset({"he"})), "leak-test": Said(frozenset({"no"}))}

    assert asked(held, answers) == {"gas"}
    assert asked(held, {**answers, "gas": Said(frozenset({"h2"}))}) == {"gas", "leak-test", "report"}


def test_circles_are_found_and_never_asked() -> None:
    held = {
        "one": {"item": "two", "is": ["yes"]},
        "two": {"item": "three", "is": ["yes"]},
        "three": {"item": "one", "is": ["yes"]},
        "apart": {},
    }
    answers = dict.fromkeys(held, Said(frozenset({"yes"})))

    assert set(circle(held)) == {"one", "two", "three"}
    assert circle({"one": {}, "two": {"item": "one", "is": ["yes"]}}) == ()
    assert asked(held, answers) == {"apart"}


def test_a_long_chain_is_decided_without_recursion() -> None:
    held: dict[str, dict[str, Any]] = {"0": {}}
    held |= {str(number): {"item": str(number - 1), "is": ["yes"]} for number in range(1, 3000)}
    answers = dict.fromkeys(held, Said(frozenset({"yes"})))

    assert len(asked(dict(reversed(held.items())), answers)) == 3000


def test_keys_that_changed_are_followed() -> None:
    condition = {"any": [H2, {"not": {"item": "flow", "at_least": 5}}]}

    assert items_in(renamed(condition, {"gas": "gas-2"})) == ("gas-2", "flow")


KEYS = st.sampled_from(["a", "b", "c", "d"])
LEAVES = st.one_of(
    st.builds(
        lambda key, codes: {"item": key, "is": codes}, KEYS, st.lists(st.sampled_from("xyz"), min_size=1)
    ),
    st.builds(
        lambda key, codes: {"item": key, "is_not": codes}, KEYS, st.lists(st.sampled_from("xyz"), min_size=1)
    ),
    st.builds(lambda key, given: {"item": key, "answered": given}, KEYS, st.booleans()),
    st.builds(lambda codes: {"country": codes}, st.lists(st.sampled_from(["US", "JP"]), min_size=1)),
    st.builds(lambda keys: {"sold": keys}, st.lists(st.sampled_from(["p", "q"]), min_size=1)),
)
CONDITIONS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.builds(lambda parts: {"all": parts}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda parts: {"any": parts}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda part: {"not": part}, inner),
    ),
    max_leaves=6,
)
SAID = st.dictionaries(
    KEYS, st.builds(lambda codes: Said(frozenset(codes)), st.lists(st.sampled_from("xyz")))
)
KNOWN = st.builds(
    Known,
    country=st.sampled_from(["US", "JP", "CH"]),
    sold=st.frozensets(st.sampled_from(["p", "q"])),
)


def depth(condition: Any) -> int:
    parts = [*condition.get("all", ()), *condition.get("any", ())]
    parts += [condition["not"]] if "not" in condition else []
    return 1 + max((depth(part) for part in parts), default=0)


@given(CONDITIONS.filter(lambda one: depth(one) <= DEEPEST), SAID, KNOWN)
def test_settling_what_is_known_changes_nothing_of_what_holds(
    condition: dict[str, Any], answers: dict[str, Said], known: Known
) -> None:
    left = settled(condition, known)

    assert (left is not None and is_met(left, answers)) is is_met(condition, answers, known)
    assert left is None or not {"country", "sold"} & set(str(left).replace("'", " ").split())


@given(CONDITIONS.filter(lambda one: depth(one) < DEEPEST), SAID, KNOWN)
def test_not_turns_every_condition_round(
    condition: dict[str, Any], answers: dict[str, Said], known: Known
) -> None:
    assert is_met({"not": condition}, answers, known) is not is_met(condition, answers, known)


@given(st.dictionaries(KEYS, CONDITIONS, min_size=2), SAID, KNOWN)
def test_asking_again_asks_the_same_and_only_what_holds(
    held: dict[str, Any], answers: dict[str, Said], known: Known
) -> None:
    found = asked(held, answers, known)

    seen = {key: said for key, said in answers.items() if key in found}
    assert all(is_met(held[key], seen, known) for key in found)
    assert asked(dict(reversed(held.items())), answers, known) == found or circle(held)


WORDS = st.sampled_from(["item", "is", "all", "not", "any", "x"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner) | st.dictionaries(WORDS, inner),
    max_leaves=8,
)


@given(st.dictionaries(WORDS, JSON))
def test_any_json_is_answered_and_never_breaks(value: Any) -> None:
    readable = not faults(value, items={"a"})

    assert is_met(value, {}) in {True, False}
    assert readable or not is_met(value, {"a": Said(frozenset({"x"}))})
