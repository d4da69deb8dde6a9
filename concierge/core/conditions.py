"""When a requirement is asked, by what others were answered: a small closed grammar of plain JSON values.

A condition is one of::

    {}                                       always
    {"item": "gas", "is": ["h2", "he"]}      one of these codes (yes and no for a confirmation) was answered
    {"item": "gas", "is_not": ["none"]}      something else was answered
    {"item": "gas", "answered": true}        anything was answered; false: nothing yet
    {"item": "flow", "at_least": 5}          a measure of so much, in the unit of that item; also "at_most"
    {"item": "flow", "verdict": ["ok"]}      the answer was judged so
    {"sold": ["lcms-faims"]}                 one of these products was sold
    {"country": ["US", "CA"]}                the site is in one of these countries
    {"all": [...]}, {"any": [...]}, {"not": {...}}

What depends on an item that is not asked itself, or not answered yet, is not asked, save by ``not`` and
``answered: false``. Two items that depend on each other are a circle; none of it is ever asked.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeAlias

Condition: TypeAlias = Mapping[str, Any]  # Any: JSON values

DEEPEST = 6
"""How far conditions may be nested."""
MOST_CODES = 60

_OF_ITEM = frozenset({"is", "is_not", "answered", "at_least", "at_most", "verdict"})
_VERDICTS = frozenset({"ok", "out_of_range", "unknown"})


class Flaw(StrEnum):
    """What is wrong with a condition."""

    NO_CONDITION = "no condition"
    TOO_DEEP = "too deep"
    UNKNOWN_WORD = "unknown word"
    UNKNOWN_ITEM = "unknown item"
    UNKNOWN_CODE = "unknown code"
    ITSELF = "itself"


@dataclass(frozen=True, slots=True)
class Fault:
    """Something wrong with a condition, and the word, item or code that it is about."""

    flaw: Flaw
    about: str = ""
    item: str = ""


@dataclass(frozen=True, slots=True)
class Said:
    """What one item was answered: codes (yes and no too), or a number in the item's unit, and the verdict."""

    codes: frozenset[str] = frozenset()
    number: float | None = None
    verdict: str = "unknown"
    is_answered: bool = True


@dataclass(frozen=True, slots=True)
class Known:
    """What conditions are decided by besides answers."""

    country: str = ""
    sold: frozenset[str] = frozenset()
    choices: Mapping[str, Collection[str]] = field(default_factory=dict)
    """The codes that an item can be answered with, by its key, for finding faults."""


def faults(
    condition: Condition, *, items: Collection[str], own: str = "", known: Known | None = None
) -> tuple[Fault, ...]:
    """Everything wrong with a condition.

    :param items: keys of the items that there are.
    :param own: key of the item that it belongs to.
    :param known: with the choices of items, to find codes that none has.
    """
    return tuple(_faults(condition, items, own, {} if known is None else known.choices, DEEPEST))


def items_in(condition: Condition) -> tuple[str, ...]:
    """The keys of the items that a condition looks at, each once."""
    return tuple(dict.fromkeys(_items(condition, DEEPEST)))


def is_met(condition: Condition, answers: Mapping[str, Said], known: Known | None = None) -> bool:
    """Whether a condition holds; `answers` has no entry for what is not asked. One that nobody can read never does."""
    return _met(condition, answers, known or Known(), DEEPEST)


def asked(
    conditions: Mapping[str, Condition], answers: Mapping[str, Said], known: Known | None = None
) -> frozenset[str]:
    """Which of some items are asked: those whose condition holds, judged by the answers of items that are asked.

    :param conditions: by item key, of every item; empty: always.
    """
    decided: dict[str, bool] = {}
    for key in conditions:
        _decide(key, conditions, answers, known or Known(), decided)
    return frozenset(key for key, is_asked in decided.items() if is_asked)


def circle(conditions: Mapping[str, Condition]) -> tuple[str, ...]:
    """Keys of items that depend on each other, each on the one after it; empty when none do."""
    depends = {
        key: [one for one in items_in(condition) if one in conditions]
        for key, condition in conditions.items()
    }
    done: set[str] = set()
    for start in depends:
        path: list[str] = []
        ways: list[Iterator[str]] = [iter([start])]
        while ways:
            key = next(ways[-1], None)
            if key is None:
                ways.pop()
                if path:
                    done.add(path.pop())
            elif key in path:
                return tuple(path[path.index(key) :])
            elif key not in done:
                path.append(key)
                ways.append(iter(depends[key]))
    return ()


def renamed(condition: Condition, names: Mapping[str, str]) -> dict[str, Any]:  # Any: JSON values
    """The same condition about items that have other keys now."""
    found: dict[str, Any] = {}
    for word, value in condition.items():
        if word == "item" and isinstance(value, str):
            found[word] = names.get(value, value)
        elif word in {"all", "any"} and isinstance(value, list | tuple):
            found[word] = [renamed(one, names) if isinstance(one, Mapping) else one for one in value]
        elif word == "not" and isinstance(value, Mapping):
            found[word] = renamed(value, names)
        else:
            found[word] = list(value) if isinstance(value, tuple) else value
    return found


def settled(condition: Condition, known: Known) -> dict[str, Any] | None:  # Any: JSON values
    """The same without what is known already: country and products; `None` when it can never hold.

    One that nobody can read never holds.
    """
    found = _settled(condition, known, DEEPEST) if condition else True
    if isinstance(found, bool):
        return {} if found else None
    return found


def _settled(
    condition: Any, known: Known, depth: int
) -> dict[str, Any] | bool:  # Any: JSON that may be anything
    word = _shape(condition) if depth else None
    match word:
        case None:
            return False
        case "sold":
            return not known.sold.isdisjoint(condition["sold"])
        case "country":
            return not known.country or known.country in condition["country"]
        case "not":
            inner = _settled(condition["not"], known, depth - 1)
            return not inner if isinstance(inner, bool) else {"not": inner}
        case "all" | "any":
            decides = word == "any"
            parts = [_settled(part, known, depth - 1) for part in condition[word]]
            if decides in [part for part in parts if isinstance(part, bool)]:
                return decides
            left = [part for part in parts if not isinstance(part, bool)]
            if len(left) < 2:
                return left[0] if left else not decides
            return {word: left}
    return {name: list(value) if isinstance(value, tuple) else value for name, value in condition.items()}


def _decide(
    start: str,
    conditions: Mapping[str, Condition],
    answers: Mapping[str, Said],
    known: Known,
    decided: dict[str, bool],
) -> None:
    """Decide an item after those that it depends on; without recursion, for chains may be long."""
    path = [start]
    while path:
        key = path[-1]
        if key in decided:
            path.pop()
            continue
        condition = conditions[key]
        needed = [one for one in items_in(condition) if one in conditions and one not in decided]
        if any(one in path for one in needed):
            for one in path[path.index(next(one for one in needed if one in path)) :]:
                decided[one] = False
            continue
        if needed:
            path.append(needed[0])
            continue
        seen = {one: answers[one] for one in items_in(condition) if decided.get(one) and one in answers}
        decided[key] = is_met(condition, seen, known)
        path.pop()


def _met(condition: Condition, answers: Mapping[str, Said], known: Known, depth: int) -> bool:
    if not condition:
        return True
    if depth == 0 or _shape(condition) is None:
        return False
    match condition:
        case {"all": parts}:
            return all(_met(part, answers, known, depth - 1) for part in parts)
        case {"any": parts}:
            return any(_met(part, answers, known, depth - 1) for part in parts)
        case {"not": part}:
            return not _met(part, answers, known, depth - 1)
        case {"sold": keys}:
            return not known.sold.isdisjoint(keys)
        case {"country": codes}:
            return known.country in codes
    said = answers.get(condition["item"])
    is_answered = said is not None and said.is_answered
    if "answered" in condition:
        return is_answered is bool(condition["answered"])
    if said is None or not is_answered:
        return False
    match condition:
        case {"is": codes}:
            return not said.codes.isdisjoint(codes)
        case {"is_not": codes}:
            return bool(said.codes) and said.codes.isdisjoint(codes)
        case {"verdict": verdicts}:
            return said.verdict in verdicts
        case {"at_least": bound}:
            return said.number is not None and said.number >= bound
        case {"at_most": bound}:
            return said.number is not None and said.number <= bound
    return False


def _shape(condition: Any) -> str | None:  # Any: JSON that may be anything
    """The word that says what kind of condition it is; `None` when it is none."""
    if not isinstance(condition, Mapping):
        return None
    words = set(condition)
    if len(words) == 1:
        word: str = next(iter(words))
        value = condition[word]
        if word in {"all", "any"} and isinstance(value, list | tuple) and value:
            return word if all(isinstance(one, Mapping) for one in value) else None
        if word == "not" and isinstance(value, Mapping) and value:
            return word
        return word if word in {"sold", "country"} and _are_texts(value) else None
    if len(words) != 2 or "item" not in words or not isinstance(condition["item"], str):
        return None
    word = next(iter(words - {"item"}))
    value = condition[word]
    if word in {"is", "is_not", "verdict"}:
        return word if _are_texts(value) and (word != "verdict" or _VERDICTS.issuperset(value)) else None
    if word == "answered":
        return word if isinstance(value, bool) else None
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return word if word in {"at_least", "at_most"} and is_number else None


def _are_texts(value: Any) -> bool:  # Any: JSON that may be anything
    is_list = isinstance(value, list | tuple) and 0 < len(value) <= MOST_CODES
    return is_list and all(isinstance(one, str) and one for one in value)


def _items(condition: Any, depth: int) -> Iterator[str]:  # Any: JSON that may be anything
    if depth == 0 or not isinstance(condition, Mapping):
        return
    if isinstance(condition.get("item"), str):
        yield condition["item"]
    for word in ("all", "any"):
        parts = condition.get(word)
        for part in parts if isinstance(parts, list | tuple) else ():
            yield from _items(part, depth - 1)
    yield from _items(condition.get("not"), depth - 1)


def _faults(
    condition: Any,  # Any: JSON that may be anything
    items: Collection[str],
    own: str,
    choices: Mapping[str, Collection[str]],
    depth: int,
) -> Iterator[Fault]:
    if isinstance(condition, Mapping) and not condition:
        if depth < DEEPEST:
            yield Fault(Flaw.NO_CONDITION)
        return
    if depth == 0:
        yield Fault(Flaw.TOO_DEEP)
        return
    word = _shape(condition)
    if word is None:
        yield _misshapen(condition)
        return
    if word in {"all", "any", "not"}:
        parts = [condition[word]] if word == "not" else condition[word]
        for part in parts:
            yield from _faults(part, items, own, choices, depth - 1)
        return
    if word not in _OF_ITEM:
        return
    key = condition["item"]
    if key == own and own:
        yield Fault(Flaw.ITSELF, key)
    elif key not in items:
        yield Fault(Flaw.UNKNOWN_ITEM, key)
    elif word in {"is", "is_not"} and key in choices:
        for code in condition[word]:
            if code not in choices[key]:
                yield Fault(Flaw.UNKNOWN_CODE, code, key)


def _misshapen(condition: Any) -> Fault:  # Any: JSON that may be anything
    if isinstance(condition, Mapping):
        words = {"item", "all", "any", "not", "sold", "country", *_OF_ITEM}
        unknown = next((str(word) for word in condition if word not in words), "")
        if unknown:
            return Fault(Flaw.UNKNOWN_WORD, unknown[:60])
    return Fault(Flaw.NO_CONDITION)
