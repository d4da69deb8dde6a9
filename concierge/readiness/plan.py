"""Playbook items computed for a project and merged into one checklist, and its rows as values of the core."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from flask_babel import gettext as _

from concierge.accounts.models import Contact
from concierge.accounts.states import ContactRole
from concierge.catalogue import bounds
from concierge.catalogue.models import PlaybookItem, ProductFact
from concierge.catalogue.states import (
    SECTIONS,
    Anchor,
    DueDays,
    Evidence,
    GateKind,
    ItemType,
    Responsible,
    Reviewer,
    Severity,
)
from concierge.core import conditions, mains, readiness, units
from concierge.core.units import Problem, Quantity
from concierge.core.worktime import WorkCalendar, add_workdays, previous_workday
from concierge.platform.speech import languages_of
from concierge.projects.actions.fields import read_day
from concierge.projects.actions.promising import ShownDate
from concierge.readiness.models import Checklist, ChecklistDocument, ReadinessItem
from concierge.readiness.states import ItemState, Verdict

_EVIDENCE = (Evidence.NONE, Evidence.OPTIONAL, Evidence.REQUIRED)


@dataclass(frozen=True, slots=True)
class Brought:
    """The items of one playbook version, and the figures of the instrument that brings it."""

    items: Sequence[PlaybookItem]
    instrument: str = ""
    """Key of the product; empty when the order's line means none."""
    facts: Sequence[ProductFact] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """One item of the checklist to be: a playbook's, computed for the project, with what the others made stricter.

    The names are those of `ReadinessItem`'s columns, so that a row is compared and written by name.
    """

    key: str
    section: str
    type: ItemType
    requirement: Mapping[str, str]
    why: Mapping[str, str]
    how: Mapping[str, str]
    quantity: str
    unit: str
    minimum: float | None
    maximum: float | None
    choices: Mapping[str, Mapping[str, str]]
    accepted: tuple[str, ...]
    tolerance: float | None
    sample: str
    file_kinds: tuple[str, ...]
    file_count: int
    condition: Mapping[str, Any] = field(default_factory=dict)  # Any: JSON values
    weight: int
    responsible: Responsible
    role: ContactRole | None
    reviewer: Reviewer | None
    anchor: Anchor
    due_days: DueDays
    due_offset: int
    severity: Severity
    gate: GateKind | None
    evidence_need: Evidence
    source: str
    source_rev: str
    checked_on: date | None

    def column(self, name: str) -> Any:  # Any: the value of a column
        """A value as its column keeps it."""
        value = getattr(self, name)
        if isinstance(value, tuple):
            return list(value)
        return dict(value) if isinstance(value, Mapping) else value


def computed(brought: Sequence[Brought], destination: bounds.Destination) -> tuple[Wanted, ...]:
    """What a project is asked: the items of its playbooks by figures, options and destination, merged.

    A figure that an instrument has for an option that is sold, or for the mains of the destination, goes before
    the one for every case; of several that hold the strictest counts.
    """
    wanted = merged(
        [
            [one for item in each.items if (one := _computed(item, each, destination)) is not None]
            for each in brought
        ]
    )
    return tuple(_told(one, destination) for one in wanted)


def merged(versions: Sequence[Iterable[Wanted | PlaybookItem]]) -> tuple[Wanted, ...]:
    """The items of several playbooks as one list: the same condition once, at its strictest.

    Two measures of one thing become the range that both accept; where there is none, or the words differ,
    both stay and the second gets a key of its own. Sorted by section, then as the playbooks have them.
    """
    kept: dict[str, Wanted] = {}
    for items in versions:
        names: dict[str, str] = {}
        for item in items:
            new = item if isinstance(item, Wanted) else _as_it_stands(item)
            key = new.key
            number = 1
            while key in kept:
                both = _both(kept[key], new)
                if both is not None:
                    new = both
                    break
                number += 1
                key = f"{new.key}-{number}"
            if key != new.key:
                names[new.key] = key
            kept[key] = replace(new, key=key)
        if names:
            mine = {*names.values()}
            for key in mine:
                kept[key] = replace(kept[key], condition=conditions.renamed(kept[key].condition, names))
    known = {section: place for place, section in enumerate(SECTIONS)}
    return tuple(sorted(kept.values(), key=lambda wanted: known.get(wanted.section, len(SECTIONS))))


def _as_it_stands(item: PlaybookItem) -> Wanted:
    roles = {role.value: role for role in ContactRole}
    return Wanted(
        key=item.key,
        section=item.section,
        type=item.type,
        requirement=item.requirement,
        why=item.why,
        how=item.how,
        quantity=item.quantity or "",
        unit=item.unit or "",
        choices=item.choices or {},
        responsible=item.responsible,
        sample=item.sample or "",
        source=item.source or "",
        source_rev=item.source_rev or "",
        checked_on=item.checked_on,
        minimum=item.minimum,
        maximum=item.maximum,
        accepted=tuple(item.accepted or ()),
        tolerance=item.tolerance,
        file_kinds=tuple(item.file_kinds or ()),
        file_count=item.file_count or 1,
        condition=item.condition or {},
        weight=1 if item.weight is None else item.weight,
        role=roles.get(item.role or ""),
        reviewer=item.reviewer,
        anchor=item.anchor or Anchor.DELIVERY,
        due_days=item.due_days or DueDays.CALENDAR,
        due_offset=item.due_offset,
        severity=item.severity,
        gate=item.gate,
        evidence_need=item.evidence or Evidence.NONE,
    )


def _computed(item: PlaybookItem, brought: Brought, destination: bounds.Destination) -> Wanted | None:
    """One item for a project; `None` when it is not asked there."""
    if item.option_key and item.option_key not in destination.sold:
        return None
    if item.countries and destination.country and destination.country not in item.countries:
        return None
    condition = conditions.settled(
        item.condition or {}, conditions.Known(country=destination.country, sold=destination.sold)
    )
    if condition is None:
        return None
    wanted = replace(_as_it_stands(item), condition=condition)
    match item.fact:
        case None | "":
            return wanted
        case "mains_plug":
            offered = mains.plugs_for(tuple(wanted.choices), destination.country)
            accepted = tuple(code for code in wanted.accepted if code in offered)
            if (
                wanted.accepted and not accepted
            ):  # none of ours fits there: say so rather than let anything pass
                accepted = wanted.accepted
            return replace(
                wanted, choices={code: wanted.choices[code] for code in offered}, accepted=accepted
            )
        case "languages":
            theirs = languages_of(destination.country)
            fitting = tuple(code for code in wanted.choices if code in theirs)
            return replace(wanted, accepted=fitting or wanted.accepted)
        case "mains_voltage" | "mains_frequency":
            return _on_mains(wanted, item.fact, destination)
    return _by_facts(wanted, bounds.facts_for(item.fact, brought.facts, brought.instrument, destination))


def _on_mains(wanted: Wanted, fact: str, destination: bounds.Destination) -> Wanted:
    supply = mains.mains_of(destination.country)
    if supply is None:
        return wanted
    if fact == bounds.MAINS_FREQUENCY:
        least, most = float(min(supply.frequencies)), float(max(supply.frequencies))
    else:
        usual = [
            volts
            for volts in supply.voltages
            if (wanted.minimum is None or volts >= wanted.minimum * (1 - mains.TOLERANCE))
            and (wanted.maximum is None or volts <= wanted.maximum * (1 + mains.TOLERANCE))
        ] or [supply.voltage]
        least, most = usual[0] * (1 - mains.TOLERANCE), usual[0] * (1 + mains.TOLERANCE)
        if wanted.minimum is not None:
            least = max(least, wanted.minimum)
        if wanted.maximum is not None:
            most = min(most, wanted.maximum)
        if least > most:
            return wanted
    return replace(wanted, minimum=round(least, 3), maximum=round(most, 3))


def _by_facts(wanted: Wanted, facts: Sequence[ProductFact]) -> Wanted:
    least: float | None = None
    most: float | None = None
    for fact in facts:
        low, high = bounds.ends_of(fact, wanted.unit)
        least = low if least is None else least if low is None else max(least, low)
        most = high if most is None else most if high is None else min(most, high)
    if (least is None and most is None) or (least is not None and most is not None and least > most):
        return wanted
    if least is None and wanted.minimum is not None and (most is None or wanted.minimum <= most):
        least = wanted.minimum
    if most is None and wanted.maximum is not None and (least is None or wanted.maximum >= least):
        most = wanted.maximum
    first = facts[0]
    return replace(
        wanted,
        minimum=least,
        maximum=most,
        source=first.source,
        source_rev=first.source_rev,
        checked_on=first.checked_on,
    )


def _told(wanted: Wanted, destination: bounds.Destination) -> Wanted:
    """The same with its figures where its texts name them: {range}, {mains}, {plugs}."""

    def filled(texts: Mapping[str, str]) -> Mapping[str, str]:
        return {
            language: bounds.said(text, wanted, language=language, country=destination.country)
            for language, text in texts.items()
        }

    return replace(
        wanted, requirement=filled(wanted.requirement), why=filled(wanted.why), how=filled(wanted.how)
    )


def _both(first: Wanted, second: Wanted) -> Wanted | None:
    """What satisfies two items at once; `None` when they ask for different things."""
    if (first.type, first.unit, first.quantity, first.choices) != (
        second.type,
        second.unit,
        second.quantity,
        second.choices,
    ):
        return None
    if first.type is not ItemType.MEASURE and first.requirement != second.requirement:
        return None
    minimum = max((bound for bound in (first.minimum, second.minimum) if bound is not None), default=None)
    maximum = min((bound for bound in (first.maximum, second.maximum) if bound is not None), default=None)
    if minimum is not None and maximum is not None and minimum > maximum:
        return None
    accepted = _common(first.accepted, second.accepted)
    file_kinds = _common(first.file_kinds, second.file_kinds)
    if accepted is None or file_kinds is None:
        return None
    gates = {first.gate, second.gate}
    gate = GateKind.SHIP if GateKind.SHIP in gates else first.gate or second.gate
    severity = next(
        (
            kind
            for kind in (Severity.BLOCKING, Severity.ADVISORY)
            if kind in {first.severity, second.severity}
        ),
        Severity.INFO,
    )
    same_count = (first.anchor, first.due_days) == (second.anchor, second.due_days)
    return replace(
        first,
        minimum=minimum,
        maximum=maximum,
        accepted=accepted,
        tolerance=min(first.tolerance or 0, second.tolerance or 0) or None,
        sample=first.sample or second.sample,
        file_kinds=file_kinds,
        file_count=max(first.file_count, second.file_count),
        condition=_either(first.condition, second.condition),
        weight=max(first.weight, second.weight),
        role=first.role or second.role,
        reviewer=first.reviewer or second.reviewer,
        severity=severity,
        gate=gate,
        evidence_need=max(first.evidence_need, second.evidence_need, key=_EVIDENCE.index),
        due_offset=min(first.due_offset, second.due_offset) if same_count else first.due_offset,
    )


def _common(one: tuple[str, ...], other: tuple[str, ...]) -> tuple[str, ...] | None:
    """What two closed lists both let pass, an empty one anything; `None` when that is nothing."""
    if not one or not other:
        return one or other
    return tuple(code for code in one if code in other) or None


def _either(one: Mapping[str, Any], other: Mapping[str, Any]) -> Mapping[str, Any]:  # Any: JSON values
    if not one or not other or one == other:
        return one if one == other else {}
    return {"any": [dict(one), dict(other)]}


def shown_by(document: ChecklistDocument) -> tuple[ShownDate, ...]:
    """The days of milestones that a print shows."""
    return tuple(ShownDate(one["milestone"], date.fromisoformat(one["on"])) for one in document.shown or ())


def due_on(anchor_on: date, offset: int) -> date:
    """The day `offset` calendar days from another."""
    return anchor_on + timedelta(days=offset)


class Dated(NamedTuple):
    """What an item's due day follows from, the day itself, and whether the item is open."""

    id: int
    version: int
    anchor: Anchor
    due_days: DueDays
    due_offset: int
    due_on: date
    is_open: bool


def due_day(
    wanted: Wanted | ReadinessItem | Dated, checklist: Checklist, calendar: WorkCalendar | None = None
) -> date:
    """The day an item is due, counted from its anchor.

    In working days of the site a due day is one; the anchor itself, when the site is closed then, gives the
    working day before it.

    :param calendar: the site's working days; needed where an item is due in them, else days of the calendar count.
    """
    anchor_on = anchor_day(wanted, checklist)
    if wanted.due_days is DueDays.CALENDAR or calendar is None:
        return due_on(anchor_on, wanted.due_offset)
    try:
        if wanted.due_offset == 0:
            return previous_workday(calendar, anchor_on)
        return add_workdays(calendar, anchor_on, wanted.due_offset)
    except ValueError:  # a site that is never open
        return due_on(anchor_on, wanted.due_offset)


def anchor_day(wanted: Wanted | ReadinessItem | Dated, checklist: Checklist) -> date:
    """The day that an item counts from."""
    match wanted.anchor:
        case Anchor.DELIVERY:
            return checklist.anchor_on
        case Anchor.INSTALL:
            return checklist.install_on or checklist.anchor_on
        case Anchor.ORDER:
            return checklist.ordered_on or checklist.anchor_on


def latest_on(item: ReadinessItem) -> date | None:
    """The last day that will do as an answer; `None` for any, or when no day is asked for. Its checklist is loaded."""
    if item.type is not ItemType.DATE or item.maximum is None:
        return None
    return due_on(anchor_day(item, item.checklist), int(item.maximum))


def contact_for(
    wanted: Wanted | ReadinessItem, contacts: Sequence[Contact], *, site_id: int, usual_id: int | None
) -> int | None:
    """Who of the customer's people an item is for: whoever has its role at the site, else at the account.

    :param contacts: the account's people.
    :param usual_id: the project's contact, who stands in where nobody has the role.
    """
    if wanted.responsible is not Responsible.CUSTOMER:
        return None
    if wanted.role is None:
        return usual_id
    fitting = [one for one in contacts if one.role is wanted.role and one.site_id in {site_id, None}]
    fitting.sort(key=lambda one: (one.id != usual_id, one.site_id is None, one.id))
    return fitting[0].id if fitting else usual_id


def requirement_of(item: ReadinessItem) -> readiness.Requirement:
    """What an item asks, as the core judges it: a measure's bounds and tolerance in the stored unit.

    The checklist of one that asks for a day is loaded.
    """
    if item.type is ItemType.DATE:
        return readiness.Requirement(kind=readiness.AnswerKind.DATE, latest_on=latest_on(item))
    is_moved = is_difference(item)

    def stored(bound: float | None, *, is_difference: bool = is_moved) -> Decimal | None:
        if bound is None:
            return None
        value = Decimal(str(bound))
        if not units.is_known(item.unit):
            return value
        return units.to_stored(value, item.unit, is_difference=is_difference)

    return readiness.Requirement(
        kind=readiness.AnswerKind(item.type.value),
        minimum=stored(item.minimum),
        maximum=stored(item.maximum),
        tolerance=stored(item.tolerance, is_difference=True) or Decimal(0),
        accepted=frozenset(item.accepted or ()),
        files=item.file_count or 1,
    )


def answer_of(item: ReadinessItem, typed: str) -> readiness.Answer:
    """What was typed for an item, in the kind it asks for; where files are, those that are there.

    :raises ValueError: when it cannot be read as that kind; the sentence says how to write it.
    """
    typed = typed.strip()
    match item.type:
        case ItemType.CONFIRM:
            if typed not in {"yes", "no"}:
                raise ValueError(_("Choose yes or not yet."))
            return readiness.Answer(confirmed=typed == "yes")
        case ItemType.MEASURE:
            return _measured(item, typed)
        case ItemType.CHOICE:
            if typed not in item.choices:
                raise ValueError(_("Choose one of the answers in the list."))
            return readiness.Answer(text=typed)
        case ItemType.MULTI:
            return readiness.Answer(codes=codes_of(item, typed))
        case ItemType.DATE:
            try:
                return readiness.Answer(day=read_day(units.simplified(typed)))
            except ValueError:
                raise ValueError(
                    _("Write the day as year-month-day, such as %(example)s.", example="2026-11-27")
                ) from None
        case ItemType.UPLOAD:
            return readiness.Answer(files=item.proofs)
        case ItemType.SIGNATURE:
            if not typed:
                raise ValueError(_("Write your name to sign."))
            return readiness.Answer(text=typed)
    if not typed:
        raise ValueError(_("Write an answer."))
    return readiness.Answer(text=typed)


def codes_of(item: ReadinessItem, typed: str) -> tuple[str, ...]:
    """The codes of a choice of several, typed with commas between, each once and in the offered order.

    :raises ValueError: when there is none, or one that is not offered.
    """
    given = [part for part in typed.replace(";", ",").replace("\n", ",").split(",") if part.strip()]
    codes = {part.strip() for part in given}
    if not codes or not codes <= set(item.choices):
        raise ValueError(_("Choose one or more of the answers in the list."))
    return tuple(code for code in item.choices if code in codes)


def verdict_of(item: ReadinessItem, typed: str) -> tuple[Verdict, float | None]:
    """What an answer says about the requirement as it stands now, and its figure in the stored unit.

    What is no answer to what is asked now is unknown.
    """
    if item.type is ItemType.INFO:
        return Verdict.OK, None
    try:
        answer = answer_of(item, typed)
    except ValueError:
        return Verdict.UNKNOWN, None
    figure = None if answer.number is None else float(answer.number)
    return _VERDICTS[readiness.verdict(requirement_of(item), answer)], figure


_VERDICTS = {
    readiness.Verdict.OK: Verdict.OK,
    readiness.Verdict.OUT_OF_RANGE: Verdict.OUT_OF_RANGE,
    readiness.Verdict.UNKNOWN: Verdict.UNKNOWN,
}


def answers_said(items: Iterable[ReadinessItem]) -> dict[str, conditions.Said]:
    """What was answered, as conditions look at it, by item key; what is open is not there."""
    return {
        item.key: _said(item) for item in items if item.state is not ItemState.OPEN and not item.is_withdrawn
    }


def asked_now(items: Sequence[ReadinessItem]) -> frozenset[str]:
    """The keys of the items that are asked by what is answered now."""
    held = {item.key: item.condition or {} for item in items if not item.is_withdrawn}
    return conditions.asked(held, answers_said(items))


def is_same_value(item: ReadinessItem, one: str, other: str) -> bool:
    """Whether two answers to an item say the same, however they were typed: 71.6 °F and 22 °C do."""
    if one == other:
        return True
    if item.type is ItemType.UPLOAD:
        return False
    try:
        return answer_of(item, one) == answer_of(item, other)
    except ValueError:  # one of them is no answer to what is asked now
        return False


def is_difference(item: ReadinessItem) -> bool:
    """Whether a measure is how far a value moves, such as a drift, and not the value itself."""
    return "drift" in (item.quantity or "") or "drift" in item.key


def unit_for(item: ReadinessItem, *, country: str) -> str:
    """The unit in which people of a country are asked for a measure; they may type any other."""
    return units.preferred(item.unit, country=country, quantity=item.quantity or "")


def parted(value: str) -> tuple[str, str]:
    """A measure as it was typed, in its number and the symbol of its unit; empty when none was typed."""
    found = _MEASURED.fullmatch(value.strip())
    if found is None:
        return value, ""
    unit = (found["unit"] or "").strip()
    return found["number"].strip(), units.unit_of(unit).symbol if units.is_known(unit) else unit


def with_unit(typed: str, unit: str) -> str:
    """What was typed beside the name of a unit, with that unit; one that was typed besides goes before it."""
    number = typed.strip().rstrip("°º").rstrip()
    return f"{number} {unit}".strip() if number.rstrip(".,")[-1:].isnumeric() else typed.strip()


_MEASURED = re.compile(r"(?P<number>.*\d)\s*(?P<unit>[^\d\s].*)?", re.DOTALL)


def problem_in_words(problem: units.Unreadable) -> str:
    """Why a typed measure cannot be read, and how to write it, in the reader's language."""
    about = problem.about
    match problem.problem:
        case Problem.NO_NUMBER:
            return _("“%(typed)s” is not a number. Write digits, such as %(example)s.", **about)
        case Problem.TOO_MANY_DIGITS:
            return _("“%(typed)s” has too many digits. Write it in a larger unit.", **about)
        case Problem.TWO_MARKS:
            return _(
                "“%(typed)s” has two decimal marks. Write it such as %(example)s.", **about, example="1234.5"
            )
        case Problem.TWO_READINGS:
            return _("“%(typed)s” can be read in two ways. Write %(whole)s or %(broken)s.", **about)
        case Problem.TWO_NUMBERS:
            return _(
                "“%(typed)s” holds two numbers. Write one, or both ends of a range, such as 18–27.", **about
            )
        case Problem.UNKNOWN_UNIT:
            return _("“%(typed)s” is not a unit we know. Use one such as %(known)s.", **about)
        case Problem.OTHER_QUANTITY:
            return _("“%(typed)s” is in a unit of something else. Write it in %(unit)s.", **about)
        case Problem.LESS_THAN_NOTHING:
            return _("“%(typed)s” is less than nothing. Write it without the minus sign.", **about)
        case Problem.RANGE:
            return _("“%(typed)s” is a range. Write one figure.", **about)


def _measured(item: ReadinessItem, typed: str) -> readiness.Answer:
    try:
        reading = units.read_reading(typed, unit=item.unit, is_difference=is_difference(item))
    except units.Unreadable as problem:
        raise ValueError(problem_in_words(problem)) from problem
    _refuse_impossible(item, typed, reading)
    if reading.figure is not None:
        return readiness.Answer(number=reading.figure)
    number = readiness.deciding(requirement_of(item), reading.least, reading.most)
    return readiness.Answer(number=number, ends=(reading.least, reading.most))


def _refuse_impossible(item: ReadinessItem, typed: str, reading: units.Reading) -> None:
    """Refuse what cannot be measured, such as a gas of 999 %: a bound on one side alone would let it pass."""
    quantity = units.unit_of(item.unit).quantity if units.is_known(item.unit) else None
    if quantity is None or quantity not in _POSSIBLE or is_difference(item):
        return
    least, most = _POSSIBLE[quantity]
    if item.maximum is not None and most is not None and item.maximum > most:
        return  # it is asked for more than the whole, so it is a share of something else
    ends = [end for end in (reading.least, reading.most) if end is not None]
    if all(least <= end and (most is None or end <= most) for end in ends):
        return
    if quantity is Quantity.SHARE:
        raise ValueError(_("“%(typed)s” cannot be. Write a share between 0 and 100 %%.", typed=typed[:60]))
    raise ValueError(_("“%(typed)s” cannot be: nothing is colder than −273.15 °C.", typed=typed[:60]))


_POSSIBLE: Mapping[Quantity, tuple[Decimal, Decimal | None]] = {
    Quantity.TEMPERATURE: (Decimal("-273.15"), None),
    Quantity.SHARE: (Decimal(0), Decimal(100)),
}
"""Between what a measure lies, in the stored unit."""


def _said(item: ReadinessItem) -> conditions.Said:
    codes: Collection[str] = ()
    match item.type:
        case ItemType.CONFIRM | ItemType.CHOICE:
            codes = (item.value,)
        case ItemType.MULTI:
            codes = [part.strip() for part in item.value.replace(";", ",").split(",")]
    number = item.si_value
    if number is not None and units.is_known(item.unit):
        number = float(units.from_stored(Decimal(str(number)), item.unit, is_difference=is_difference(item)))
    verdict = item.verdict.value.replace(" ", "_")
    return conditions.Said(codes=frozenset(codes), number=number, verdict=verdict)
