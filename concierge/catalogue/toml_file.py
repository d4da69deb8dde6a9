"""A playbook as one readable file (TOML 1.0): written in a stable order, read with a place for every fault.

What a file leaves out has its usual value; what is usual is left out when writing. Reading what was written
gives the same contents, and writing what was read gives the same file.
"""

import math
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass
from datetime import date, datetime
from enum import Enum
from types import NoneType, UnionType
from typing import Any, get_args, get_origin, get_type_hints

import sqlalchemy as sa
from flask_babel import gettext as _

from concierge.catalogue.contents import COLLECTIONS, ROWS, Contents
from concierge.catalogue.models import Playbook, PlaybookVersion
from concierge.core import conditions
from concierge.platform.database import Line, Prose, clean

FORMAT = 1
LARGEST = 1024 * 1024
"""Characters that a file may have."""
MOST_FAULTS = 30
LANGUAGES = ("en", "de")
LONGEST_TEXT = 4000
DEEPEST = 2 * conditions.DEEPEST
"""How far a condition may be nested in a file, tables and lists counted."""
SMALLEST, GREATEST = -100_000, 100_000
"""What a whole number may be: days, minutes, people."""

HEAD = """\
# A playbook of Concierge. Change it, then: concierge playbooks import FILE --dry-run
# Texts are given by language: en, de. What is left out has its usual value.
"""
ABOUT: Mapping[str, str] = {
    "milestones": """\
# --- Milestones, in the order of the plan.
# workdays: length; 0 is a moment. days_of: whose days it counts (site, customer, company, crew, every day).
# links: what it waits for. lag: time between, in lag_unit (workdays, days, hours); may be negative.
# visits: who comes. minutes: length on one day. technicians: how many. level: how well they know the skill, 1 to 5.
# tools: what they bring. needs_customer: whether somebody of the customer has to be there. steps: what they do there;
# kind: tick, reading (in unit, minimum and maximum included), serial, photo, text.
""",
    "items": """\
# --- Site requirements.
# type: confirm, measure, choice, multi, text, date, upload, signature, info.
# minimum, maximum: in unit, both included; of a date only maximum, the last day that will do, in days from the anchor
# (-14: two weeks before). tolerance: how far outside will do. sample: what is measured, "24 h log".
# fact: quantity of the instrument's figures that bounds it, or mains_voltage, mains_frequency, mains_plug,
# languages of the destination. Texts may name {range}, {mains}, {plugs} and {languages}.
# accepted: codes of the choices that fit. countries: only asked there (US, CH …).
# condition: only asked by other answers: { item = "gas", is = ["h2"] }; also is_not, answered, at_least, at_most,
# verdict, sold, country, all, any, not.
# due_offset: days from the anchor (delivery, install, order), negative before, in due_days (calendar days, working
# days of the site). role: whom it is for (lab, facilities, it, safety, purchasing, receiving). reviewer: who of ours
# looks at it (engineer, concierge). weight: what it counts for.
# severity: blocking (names its gate: ship or install), advisory, info. file_kinds: photo, log, certificate, drawing.
# option_key: only asked when this product is sold.
""",
    "messages": """\
# --- Letters to the customer.
# offset_workdays: working days of the site from the milestone's start; negative is before.
# text may name {customer}, {contact}, {milestone}, {date}, {project}.
""",
    "fields": """\
# --- Fields of our own on projects of this playbook.
# kind: text, number (in unit), date, choice, yes or no.
""",
    "courses": "# --- Courses. half_days: length in half days. capacity: people who can be taught hands-on at once.\n",
}


@dataclass(frozen=True, slots=True)
class Fault:
    """Something in a file that cannot be taken, where it stands, and what to do."""

    line: int
    """Line of the file, counted from 1; 0 when it is nowhere in particular."""
    place: str
    sentence: str

    def __str__(self) -> str:
        where = ", ".join(part for part in (f"line {self.line}" if self.line else "", self.place) if part)
        return f"{where}: {self.sentence}" if where else self.sentence


class UnreadableFile(Exception):
    """A file that is no playbook; `faults` say where and why, in the file's order."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__("\n".join(str(fault) for fault in faults))
        self.faults = faults


def written(contents: Contents) -> str:
    """The contents as a file."""
    parts = [HEAD, f"format = {FORMAT}\n"]
    parts += [f"{name} = {_text(getattr(contents, name))}\n" for name in ("key", "name", "note")]
    for collection in COLLECTIONS:
        rows = contents.parts(collection)
        if rows:
            parts.append("\n" + ABOUT[collection])
        for row in rows:
            parts.append(f"\n[[{collection}]]\n" + "".join(_pairs(row)))
    return "".join(parts)


def read(text: str) -> Contents:
    """The contents that a file holds.

    :raises UnreadableFile: with every fault that was found, when there is one.
    """
    if len(text) > LARGEST:
        raise UnreadableFile(
            [Fault(0, "", _("The file is too large for a playbook. Check that it is the right one."))]
        )
    try:
        found = tomllib.loads(text.removeprefix("\ufeff"))
    except (tomllib.TOMLDecodeError, RecursionError) as problem:
        raise UnreadableFile([_syntax(problem)]) from problem
    reader = _Reader(text)
    values = reader.table(found, Contents, "", PlaybookVersion, extra={"format"})
    if found.get("format", FORMAT) != FORMAT:
        reader.fault("format", _("This file is of another format. Export it from a Concierge of this age."))
    for collection in COLLECTIONS:
        _refuse_twice(reader, collection, values.get(collection, ()))
    for number, milestone in enumerate(values.get("milestones", ())):
        for come, visit in enumerate(milestone.visits):
            _refuse_twice(reader, f"milestones[{number}].visits[{come}].steps", visit.steps)
    if reader.faults:
        raise UnreadableFile(sorted(reader.faults, key=lambda fault: fault.line)[:MOST_FAULTS])
    return Contents(**values)


def _refuse_twice(reader: "_Reader", collection: str, rows: tuple[Any, ...]) -> None:  # Any: parts
    seen: set[str] = set()
    for number, row in enumerate(rows):
        if row.key in seen:
            reader.fault(
                f"{collection}[{number}].{'code' if collection == 'courses' else 'key'}",
                _("“%(key)s” stands twice. Give one of them another key.", key=row.key),
            )
        seen.add(row.key)


def _syntax(problem: Exception) -> Fault:
    place = re.search(r"\(at line (\d+), column (\d+)\)", str(problem))
    said = re.sub(r"\s*\(at .*\)$", "", str(problem)).rstrip(".")
    return Fault(
        int(place[1]) if place else 0,
        _("column %(column)s", column=place[2]) if place else "",
        _("This is not TOML: %(said)s. Correct that place.", said=said[:200]),
    )


# --- writing


def _pairs(part: Any) -> Iterator[str]:  # Any: a dataclass
    for one in fields(part):
        value = getattr(part, one.name)
        if value == _usual(one):
            continue
        if isinstance(value, tuple) and value and all(isinstance(inner, str) for inner in value):
            yield f"{one.name} = {_value(value)}\n"
        elif isinstance(value, tuple) and value:
            rows = "".join(f"  {_value(inner, deep=2)},\n" for inner in value)
            yield f"{one.name} = [\n{rows}]\n"
        elif isinstance(value, Mapping) and one.name not in _JSON:
            yield from _lines_of_texts(one.name, value)
        else:
            yield f"{one.name} = {_value(value)}\n"


_JSON = frozenset({"condition"})
"""Values that are plain JSON, written on one line."""


def _lines_of_texts(name: str, value: Mapping[str, Any]) -> Iterator[str]:  # Any: text or texts
    for key in _ordered(value):
        yield f"{name}.{_key(key)} = {_value(value[key])}\n"
    if not value:
        yield f"{name} = {{}}\n"


def _value(value: Any, *, deep: int = 0) -> str:  # Any: what a part holds
    """One value on a line; parts in a part, where `deep` says how far it is in, stand on lines of their own."""
    if isinstance(value, Enum):
        return _text(value.value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_value(inner) for inner in value) + "]"
    if isinstance(value, Mapping):
        inner = ", ".join(f"{_key(key)} = {_value(value[key])}" for key in _ordered(value))
        return "{ " + inner + " }" if inner else "{}"
    if is_dataclass(value):
        pairs = ((one.name, getattr(value, one.name), _usual(one)) for one in fields(value))
        inner = ", ".join(
            f"{name} = {_nested(there, deep)}" for name, there, usual in pairs if there != usual
        )
        return "{ " + inner + " }"
    return repr(value + 0).removesuffix(".0")  # a zero has no sign


def _nested(value: Any, deep: int) -> str:  # Any: see _value
    if isinstance(value, tuple) and value and is_dataclass(value[0]):
        rows = "".join(f"{' ' * 2 * deep}{_value(inner, deep=deep + 1)},\n" for inner in value)
        return f"[\n{rows}{' ' * 2 * (deep - 1)}]"
    return _value(value)


def _text(text: str) -> str:
    """A TOML string: on several lines where the text has several."""
    body = "".join(_escaped(character) for character in text)
    return f'"""\n{body}"""' if "\n" in text else f'"{body}"'


def _escaped(character: str) -> str:
    if character in {"\\", '"'}:
        return "\\" + character
    is_control = ord(character) < 0x20 and character not in "\n\t"
    return f"\\u{ord(character):04x}" if is_control or ord(character) == 0x7F else character


def _key(key: str) -> str:
    return key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else _text(key.replace("\n", " "))


def _ordered(value: Mapping[str, Any]) -> list[str]:  # Any: text or texts
    """Languages in the order of ours; the codes of a choice as they are offered."""
    if all(isinstance(inner, str) for inner in value.values()):
        return sorted(
            value, key=lambda key: (LANGUAGES.index(key) if key in LANGUAGES else len(LANGUAGES), key)
        )
    return list(value)


def _usual(one: "Field[Any]") -> Any:  # Any: a default
    if one.default is not MISSING:
        return one.default
    return one.default_factory() if one.default_factory is not MISSING else MISSING


# --- reading


class _Reader:
    """Turns tables into parts and notes every fault on the way."""

    def __init__(self, source: str) -> None:
        self.source = source.splitlines()
        self.faults: list[Fault] = []

    def fault(self, place: str, sentence: str) -> None:
        self.faults.append(Fault(self._line(place), place, sentence))

    def table(
        self, found: Any, kind: type, place: str, rows: type, extra: frozenset[str] | set[str] = frozenset()
    ) -> dict[str, Any]:  # Any: plain TOML in, values of the dataclass out
        """The values for a dataclass; faults are noted, and their values left out."""
        if not isinstance(found, dict):
            self.fault(
                place, _("A table with names and values stands here. Write it as in an exported file.")
            )
            return {}
        known = {one.name: one for one in fields(kind)}
        hints = get_type_hints(kind)
        for name in found:
            if name not in known and name not in extra:
                self.fault(
                    f"{place}.{name}".lstrip("."),
                    _(
                        "There is no “%(name)s” here. Use one of: %(known)s.",
                        name=name[:60],
                        known=", ".join(known),
                    ),
                )
        values: dict[str, Any] = {}
        for name, one in known.items():
            here = f"{place}.{name}".lstrip(".")
            if name in found:
                before = len(self.faults)
                value = self._read(found[name], hints[name], here, _column(rows, name))
                if len(self.faults) == before or isinstance(value, tuple):
                    values[name] = value
            elif _usual(one) is MISSING:
                self.fault(here, _("“%(name)s” is missing. Add it.", name=name))
        return values

    def _read(self, found: Any, hint: Any, place: str, column: Any) -> Any:  # Any: TOML, type, column, value
        options = (
            [one for one in get_args(hint) if one is not NoneType] if isinstance(hint, UnionType) else [hint]
        )
        kind = options[0]
        if get_origin(kind) is tuple:
            return self._rows(found, get_args(kind)[0], place)
        if isinstance(kind, type) and issubclass(kind, Enum):
            return self._choice(found, kind, place)
        if kind is bool:
            return self._of(found, bool, place, _("Write true or false."))
        if kind is int:
            return self._whole(found, place)
        if kind is float:
            return self._number(found, place)
        if kind is date:
            if isinstance(found, datetime) or not isinstance(found, date):
                self.fault(place, _("Write a day as 2026-11-27, without quotation marks."))
            return found
        if kind is str:
            return self._line_of_text(found, place, column)
        if get_args(kind)[1] is Any:
            return self._json(found, place)
        return self._texts(found, place, deep=get_args(kind)[1] is not str)

    def _json(self, found: Any, place: str) -> dict[str, Any]:  # Any: see _read
        """A table of plain values; what it means is checked with the playbook."""
        if not isinstance(found, dict) or not is_plain(found):
            self.fault(place, _('Write a condition such as { item = "gas", is = ["h2"] }.'))
            return {}
        return found

    def _rows(self, found: Any, kind: Any, place: str) -> tuple[Any, ...]:  # Any: see _read
        if not isinstance(found, list):
            self.fault(
                place, _("A list stands here. Write it in square brackets, or as [[%(name)s]].", name=place)
            )
            return ()
        rows = []
        for number, one in enumerate(found):
            here = f"{place}[{number}]"
            before = len(self.faults)
            if kind is str:
                rows.append(self._line_of_text(one, here, Line(60)))
            elif kind in ROWS:
                values = self.table(one, kind, here, ROWS[kind])
                self._refuse_range(values, here)
                if len(self.faults) == before:
                    rows.append(kind(**values))
            else:
                rows.append(self._texts(one, here, deep=False))
        return tuple(rows)

    def _refuse_range(self, values: Mapping[str, Any], place: str) -> None:  # Any: see _read
        least, most = values.get("minimum"), values.get("maximum")
        if least is not None and most is not None and least > most:
            self.fault(
                f"{place}.minimum",
                _("The minimum is more than the maximum. Exchange the two, or correct one."),
            )
        level = values.get("level")
        if isinstance(level, int) and not 1 <= level <= 5:
            self.fault(f"{place}.level", _("Write a level from 1 to 5."))

    def _choice(self, found: Any, kind: type[Enum], place: str) -> Any:  # Any: see _read
        known = {member.value: member for member in kind}
        if isinstance(found, str) and found in known:
            return known[found]
        self.fault(
            place, _("“%(value)s” is none of: %(known)s.", value=str(found)[:60], known=", ".join(known))
        )
        return None

    def _of(self, found: Any, kind: type, place: str, sentence: str) -> Any:  # Any: see _read
        if not isinstance(found, kind):
            self.fault(place, sentence)
        return found

    def _whole(self, found: Any, place: str) -> Any:  # Any: see _read
        if isinstance(found, bool) or not isinstance(found, int):
            self.fault(place, _("Write a whole number without quotation marks, such as 5."))
        elif not SMALLEST <= found <= GREATEST:
            self.fault(place, _("%(value)s is beyond anything that can be planned.", value=str(found)[:20]))
        return found

    def _number(self, found: Any, place: str) -> Any:  # Any: see _read
        if isinstance(found, bool) or not isinstance(found, int | float) or not math.isfinite(found):
            self.fault(place, _("Write a number without quotation marks, such as 22.5."))
            return None
        return float(found)

    def _line_of_text(self, found: Any, place: str, column: Any) -> Any:  # Any: see _read
        if not isinstance(found, str):
            self.fault(place, _("Write a text in quotation marks."))
            return ""
        text = clean(found, lines=isinstance(column, Prose))
        length = column.length if isinstance(column, Line | Prose) else LONGEST_TEXT
        if len(text) > length:
            self.fault(place, _("Say it in at most %(length)d characters.", length=length))
        return text

    def _texts(self, found: Any, place: str, *, deep: bool) -> dict[str, Any]:  # Any: see _read
        if not isinstance(found, dict):
            self.fault(place, _('Give the text by language, such as en = "Install", de = "Installation".'))
            return {}
        texts: dict[str, Any] = {}
        for key, value in found.items():
            if deep:
                texts[clean(key, lines=False)[:60]] = self._texts(value, f"{place}.{key}", deep=False)
            elif not isinstance(value, str) or not re.fullmatch(r"[a-z]{2,3}", key):
                self.fault(f"{place}.{key}", _("Give a text in quotation marks by language: en or de."))
            elif len(text := clean(value, lines=True)) > LONGEST_TEXT:
                self.fault(
                    f"{place}.{key}", _("Say it in at most %(length)d characters.", length=LONGEST_TEXT)
                )
            else:
                texts[key] = text
        return texts

    def _line(self, place: str) -> int:
        """The line that a place stands on: the heading of its table, then the name under it."""
        match = re.match(r"(\w+)\[(\d+)\](?:\.(\w+)(?:\[(\d+)\](?:\.\w+\[(\d+)\])?)?)?", place)
        if match is None:
            return (
                self._first(rf"\s*{re.escape(place.split('.')[0])}\s*[=.]", 0, self._table_after(0))
                if place
                else 0
            )
        heads = [n for n, line in enumerate(self.source) if re.match(rf"\s*\[\[\s*{match[1]}\s*\]\]", line)]
        if int(match[2]) >= len(heads):
            return 0
        start = heads[int(match[2])]
        if match[3] is None:
            return start + 1
        line = self._first(rf"\s*{match[3]}\s*[=.]", start + 1, self._table_after(start + 1)) or start + 1
        for number, indent in (
            (match[4], "  "),
            (match[5], "    "),
        ):  # as exported: each on a line of its own
            rows = [
                n + 1
                for n in range(line, self._table_after(line))
                if re.match(rf"{indent}\{{", self.source[n])
            ]
            if number is not None and int(number) < len(rows):
                line = rows[int(number)]
        return line

    def _table_after(self, start: int) -> int:
        after = (n for n in range(start, len(self.source)) if self.source[n].lstrip().startswith("[["))
        return next(after, len(self.source))

    def _first(self, pattern: str, start: int, end: int) -> int:
        return next((n + 1 for n in range(start, end) if re.match(pattern, self.source[n])), 0)


def is_plain(value: Any, depth: int = DEEPEST) -> bool:  # Any: TOML or JSON
    """Whether a value is what a condition can hold: not nested too deeply, with short texts free of unseen marks."""
    if isinstance(value, str):
        return len(value) <= 60 and clean(value, lines=False) == value
    if isinstance(value, dict):
        return depth > 0 and all(is_plain(key, 1) and is_plain(one, depth - 1) for key, one in value.items())
    if isinstance(value, list):
        return depth > 0 and all(is_plain(one, depth - 1) for one in value)
    return isinstance(value, bool | int) or (isinstance(value, float) and math.isfinite(value))


def _column(rows: type, name: str) -> sa.types.TypeEngine[Any] | None:  # Any: whatever the column holds
    """What a row keeps under a name; the key and name of a playbook are kept beside its versions."""
    table: Any = rows.__table__  # type: ignore[attr-defined]  # a model; Any: its table
    if name in table.c:
        return table.c[name].type  # type: ignore[no-any-return]  # see above
    beside: Any = Playbook.__table__
    return beside.c[name].type if name in beside.c else None
