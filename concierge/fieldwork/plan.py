"""What follows from what came from the field, without a database: how changes are read, how entries stand beside
each other, what a signature is bound to.
"""

import hashlib
import json
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from flask_babel import gettext as _

from concierge.core import units
from concierge.fieldwork.protocol import Change, Kind
from concierge.fieldwork.states import Fit, Standing

RIGHT = timedelta(minutes=5)
"""A device's clock that is off by less is right."""
LONG_AGO = timedelta(days=60)
"""What was entered longer before it arrived bears a clock that is wrong; two weeks without network are usual."""
EARLIEST, LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2199, 12, 31, tzinfo=UTC)
LONGEST_UID, LONGEST_KEY, MOST_SEEN = 64, 60, 60
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.ASCII)


class Malformed(ValueError):
    """A change that cannot be read; the sentence says what is wrong with it."""

    def __init__(self, key: str, sentence: str) -> None:
        super().__init__(sentence)
        self.key = key
        self.sentence = sentence


def read_change(raw: object) -> Change:
    """Read one change as a device sent it; its value is checked later, by kind.

    :raises Malformed: when it has no key, or a part that is no such thing.
    """
    if not isinstance(raw, Mapping):
        raise Malformed("", _("A change is an object with key, visit, kind, value and at."))
    key = raw.get("key")
    if not is_uuid(key):
        raise Malformed(_brief(key), _("A change needs a key: a uuid in lower case."))
    assert isinstance(key, str)  # noqa: S101 # `is_uuid` has seen it
    try:
        kind = Kind(raw.get("kind"))
    except (ValueError, TypeError):
        raise Malformed(key, _("This kind of change is not known here. Load the page again.")) from None
    return Change(
        key=key,
        visit=_text(raw, "visit", key, LONGEST_UID),
        ticket=_text(raw, "ticket", key, LONGEST_UID, is_needed=False),
        kind=kind,
        step=_text(raw, "step", key, LONGEST_KEY, is_needed=False),
        value=raw.get("value"),
        at=_instant(raw.get("at"), key),
        seen=_keys(raw.get("seen", []), key),
    )


def is_uuid(value: object) -> bool:
    """Whether a value is a uuid as devices write them."""
    return isinstance(value, str) and _UUID.fullmatch(value) is not None


def read_instant(value: object) -> datetime:
    """Read an instant as a device writes it, into what a table can hold.

    :raises ValueError: when it is none, or has no offset.
    """
    if not isinstance(value, str) or len(value) > 60:
        raise ValueError("no instant")
    found = datetime.fromisoformat(value)
    if found.tzinfo is None:
        raise ValueError("no offset")
    try:
        return min(max(found.astimezone(UTC), EARLIEST), LATEST)
    except OverflowError:
        return EARLIEST if found.year < EARLIEST.year else LATEST


def digest_of(change: Change) -> str:
    """SHA-256 over what a change says; equal for the same change sent again.

    :raises Malformed: when its value holds what JSON cannot, such as a number that is none.
    """
    said = [change.visit, change.kind.value, change.step, change.value, change.at.isoformat()]
    try:
        return _hash(said)
    except (ValueError, RecursionError):
        raise Malformed(change.key, _("The value of this change cannot be read.")) from None


def clock_off(sent_at: datetime | None, at: datetime) -> int:
    """Seconds by which a device's clock is fast, 0 when it is right or not told.

    :param sent_at: what its clock showed when it sent.
    :param at: when that arrived.
    """
    if sent_at is None or abs(sent_at - at) < RIGHT:
        return 0
    return int((sent_at - at).total_seconds())


def happened_at(at: datetime, *, off: int, received_at: datetime) -> datetime:
    """When something most likely was: the device's instant by a right clock, never after it arrived."""
    found = at - timedelta(seconds=off)
    return found if received_at - LONG_AGO <= found <= received_at else received_at


def is_odd(at: datetime, *, off: int, received_at: datetime) -> bool:
    """Whether an instant cannot be right: it lies ahead of when it arrived, or very long before."""
    return bool(off) or at > received_at + RIGHT or at < received_at - LONG_AGO


@dataclass(frozen=True, slots=True)
class Entered:
    """An entry of a step, in the order of arrival: its key, what it says, and what it has seen."""

    key: str
    value: str
    number: float | None
    seen: frozenset[str]


def standings(entries: Sequence[Entered]) -> dict[str, Standing]:
    """How the entries of one step stand beside each other, by key.

    What somebody saw and wrote over is superseded. Of the others one counts – whose first predecessor arrived
    first – and the rest agree with it or are in conflict. Whatever the order in which entries arrive, the same ones
    are superseded and the same values are left.
    """
    order = {one.key: place for place, one in enumerate(entries)}
    heads = _heads(entries, _seen_by_any(entries, order))
    if (
        entries and not heads
    ):  # a circle, which no honest device makes: only what was there before counts as seen
        earlier = {
            seen
            for place, one in enumerate(entries)
            for seen in one.seen
            if order.get(seen, len(order)) < place
        }
        heads = _heads(entries, earlier)
    if not heads:
        return {}
    first = _first_of(entries, order)
    current = min(heads, key=lambda one: (first[one.key], order[one.key]))
    found = dict.fromkeys(order, Standing.SUPERSEDED)
    for one in heads:
        found[one.key] = Standing.AGREED if is_same(one, current) else Standing.CONFLICT
    found[current.key] = Standing.CURRENT
    return found


def is_same(one: Entered, other: Entered) -> bool:
    """Whether two entries say the same: readings by their figures, texts but for white space and case."""
    if one.number is not None and other.number is not None:
        return abs(one.number - other.number) <= 1e-9 * max(1.0, abs(one.number))
    return " ".join(one.value.split()).casefold() == " ".join(other.value.split()).casefold()


def _seen_by_any(entries: Sequence[Entered], order: Mapping[str, int]) -> set[str]:
    return {seen for one in entries for seen in one.seen if seen in order and seen != one.key}


def _heads(entries: Sequence[Entered], seen: Collection[str]) -> list[Entered]:
    return [one for one in entries if one.key not in seen]


def _first_of(entries: Sequence[Entered], order: Mapping[str, int]) -> dict[str, int]:
    """For each entry the place of the earliest arrival among itself and all that it stands on."""
    seen = {one.key: one.seen for one in entries}
    found: dict[str, int] = {}
    for one in entries:
        reached, todo = set[str](), [one.key]
        while todo:
            key = todo.pop()
            if key in reached or key not in order:
                continue
            reached.add(key)
            todo += seen[key]
        found[one.key] = min(order[key] for key in reached)
    return found


@dataclass(frozen=True, slots=True)
class Measured:
    """What a reading says: a figure in the step's unit, None for a range or what cannot be read, and how it fits."""

    number: float | None
    fit: Fit | None
    problem: units.Unreadable | None = None


def measured(typed: str, *, unit: str, minimum: float | None, maximum: float | None) -> Measured:
    """Judge a reading as it was typed; without unit it is in the step's."""
    if not typed.strip():
        return Measured(None, None)
    try:
        reading = units.read_reading(typed, unit=unit)
        least, most = (_in_unit(end, unit) for end in (reading.least, reading.most))
    except units.Unreadable as problem:
        return Measured(None, Fit.UNREADABLE, problem)
    low, high = (None if end is None else Decimal(str(end)) for end in (minimum, maximum))
    is_out = (low is not None and (least is None or least < low)) or (
        high is not None and (most is None or most > high)
    )
    number = float(least) if least is not None and reading.figure is not None else None
    return Measured(number, Fit.OUT if is_out else Fit.OK)


def _in_unit(stored: Decimal | None, unit: str) -> Decimal | None:
    if stored is None or not units.is_known(unit):
        return stored
    return units.rounded(units.from_stored(stored, unit), digits=9)


def content(
    uid: str, shown: Collection[str], told: Callable[[str], Mapping[str, Any] | None]
) -> dict[str, Any]:  # Any: JSON
    """What somebody signs: every entry, note and photo that the page showed, by key; equal for equal pages.

    :param shown: keys of changes.
    :param told: what a key stands for; None when nothing of the sort is here.
    """
    found: dict[str, Any] = {"visit": uid, "shown": {}, "missing": []}
    for key in sorted(set(shown)):
        said = told(key)
        if said is None:
            found["missing"].append(key)
        else:
            found["shown"][key] = dict(said)
    return found


def digest(signed: Mapping[str, Any]) -> str:
    """SHA-256 over what was signed: hexadecimal, over JSON with sorted keys and no white space."""
    return _hash(signed)


def _hash(value: object) -> str:
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _text(raw: Mapping[str, Any], name: str, key: str, most: int, *, is_needed: bool = True) -> str:
    value = raw.get(name, "")
    if (
        not isinstance(value, str)
        or len(value) > most
        or not value.isprintable()
        or (is_needed and not value)
    ):
        raise Malformed(key, _("The part “%(name)s” of this change cannot be read.", name=name))
    return value


def _keys(value: object, key: str) -> tuple[str, ...]:
    if not isinstance(value, list) or len(value) > MOST_SEEN or not all(is_uuid(one) for one in value):
        raise Malformed(key, _("The part “%(name)s” of this change cannot be read.", name="seen"))
    return tuple(dict.fromkeys(value))


def _instant(value: object, key: str) -> datetime:
    try:
        return read_instant(value)
    except ValueError:
        raise Malformed(
            key, _("When this was entered cannot be read. It is written such as 2026-03-17T09:30:00+01:00.")
        ) from None


def _brief(key: object) -> str:
    return key[:36] if isinstance(key, str) else ""


_VERSIONED = re.compile(r"(?P<name>.*?)[\s=:]+[vV]?(?P<version>\d[\w.+-]*)")


def software_after(known: Sequence[Mapping[str, str]], said: str) -> list[dict[str, str]]:
    """The software of a unit after somebody wrote what runs on it: what they name has that version, the rest stays.

    :param known: objects ``{"name": …, "version": …}``.
    :param said: as typed: "Acquisition 4.2.1, firmware = 2.118"; a bare version is that of the only one known.
    """
    found = {one["name"].casefold(): dict(one) for one in known}
    for part in filter(None, (" ".join(part.split()) for part in re.split(r"[,;\n、،؛]", said))):
        match = _VERSIONED.fullmatch(part)
        name, version = (match["name"], match["version"]) if match else (part, "")
        if not match and part[:1].isdigit() and len(found) == 1:
            (only,) = found.values()
            name, version = only["name"], part
        name, version = name[:80].strip(" =:"), version[:80]
        before = found.get(name.casefold(), {"name": name, "version": ""})
        found[name.casefold()] = {"name": before["name"], "version": version or before["version"]}
    return list(found.values())[:40]
