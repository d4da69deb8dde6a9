"""What is asked, as jobs that the core answers: each unit by itself, or all of a place together."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TypeAlias

from concierge.catalogue.models import PlaybookMilestone, PlaybookVersion
from concierge.catalogue.plan import template_steps
from concierge.catalogue.states import MilestoneKind, VisitKind
from concierge.core.forecast import Likeness
from concierge.core.hours import Place
from concierge.core.merge import MergedStep, Sold, merge
from concierge.core.promise import Call, Job, Unit
from concierge.core.schedule import Step
from concierge.core.travel import Spot
from concierge.core.worktime import WorkCalendar
from concierge.enquiries.states import Pace
from concierge.projects.queries.networks import accountable_party

PlaceKey: TypeAlias = tuple[int | None, str, str, str]
"""Site id, else country, subdivision and city."""


@dataclass(frozen=True, slots=True)
class Where:
    """A place that units go to, with all days and hours that count there."""

    key: PlaceKey
    name: str
    place: Place
    spot: Spot
    country: str
    calendars: Mapping[str, WorkCalendar]
    """By whose days a length counts."""
    zone: str
    has_holidays: bool = True


@dataclass(frozen=True, slots=True)
class Asked:
    """One line of an enquiry: what, how many, where, and all that its playbook says."""

    line_id: int
    position: int
    product: str
    """Key of the instrument."""
    name: str
    quantity: int
    where: Where
    version: PlaybookVersion | None
    """None: no playbook of it is published."""
    kinds: frozenset[str] = frozenset()
    """Of what is sold with it: values of `ProductKind`."""
    built_in: frozenset[str] = frozenset()
    """Keys of the options that have to be in the unit."""

    def unit_key(self, number: int) -> str:
        """By which one of its units is known in an answer; numbers count from 1."""
        return f"{self.line_id}.{number}"


@dataclass(frozen=True, slots=True)
class Laid:
    """A job with what its steps are."""

    job: Job
    lines: tuple[Asked, ...]
    milestones: Mapping[str, PlaybookMilestone]
    """By step key."""
    likenesses: Mapping[str, Likeness]
    titles: Mapping[tuple[str, int], Mapping[str, str]]
    """What a call is called by language, by step and its number within the step."""


def laid_jobs(lines: Sequence[Asked], *, pace: Pace, start_on: date) -> tuple[Laid, ...]:
    """The jobs of lines whose playbooks are known, in the order in which they are served.

    :raises CycleFound: when milestones of a playbook wait for each other.
    """
    known = [one for one in lines if one.version is not None]
    if pace is Pace.EACH:
        return tuple(
            _laid([line], [line.unit_key(number)], start_on=start_on, is_single=True)
            for line in known
            for number in range(1, line.quantity + 1)
        )
    places: dict[PlaceKey, list[Asked]] = {}
    for line in known:
        places.setdefault(line.where.key, []).append(line)
    return tuple(
        _laid(
            each,
            [line.unit_key(number) for line in each for number in range(1, line.quantity + 1)],
            start_on=start_on,
            is_single=False,
        )
        for each in places.values()
    )


def _laid(lines: Sequence[Asked], unit_keys: Sequence[str], *, start_on: date, is_single: bool) -> Laid:
    where = lines[0].where
    by_name = {f"l{line.position}": line for line in lines}
    merged = merge(
        [
            Sold(
                name, template_steps(_version(line).milestones), 1 if is_single else line.quantity, line.kinds
            )
            for name, line in by_name.items()
        ]
    )
    rows = {step.key: _template(step, by_name) for step in merged}
    kinds = {key: row.kind for key, row in rows.items()}
    by_unit = {line.unit_key(number): line for line in lines for number in range(1, line.quantity + 1)}
    calls, titles = _calls(merged, rows)
    stock_step = _first_of(
        merged, kinds, MilestoneKind.SHIP_RELEASED, MilestoneKind.DELIVERED, MilestoneKind.INSTALLED
    )
    installs = tuple(key for key, kind in kinds.items() if kind is MilestoneKind.INSTALLED)
    job = Job(
        key=unit_keys[0],
        units=tuple(Unit(key, by_unit[key].product, by_unit[key].built_in) for key in unit_keys),
        steps=tuple(
            Step(one.key, one.workdays, one.calendar, one.links, just_in_time=one.just_in_time)
            for one in merged
        ),
        calendars=where.calendars,
        site=where.place,
        spot=where.spot,
        country=where.country,
        start_on=start_on,
        calls=calls,
        needs_stock=stock_step,
        installs=installs,
        hands_over=_first_of(merged, kinds, MilestoneKind.HANDOVER),
        group=f"{where.key}|{_version(lines[0]).id}" if is_single else "",
        shared=_before(merged, stock_step or (installs[0] if installs else "")) if is_single else frozenset(),
    )
    likenesses = {
        step.key: Likeness(
            rows[step.key].kind.value,
            by_name[step.sources[0].sold].product,
            where.country,
            accountable_party(rows[step.key].kind, rows[step.key].team).value,
        )
        for step in merged
    }
    return Laid(job, tuple(lines), rows, likenesses, titles)


def _version(line: Asked) -> PlaybookVersion:
    assert line.version is not None  # noqa: S101 # `laid_jobs` has left the others out
    return line.version


def _template(step: MergedStep, by_name: Mapping[str, Asked]) -> PlaybookMilestone:
    source = step.sources[0]
    rows = _version(by_name[source.sold]).milestones
    return next(row for row in rows if row.key == source.template_key)


def _calls(
    merged: Iterable[MergedStep], rows: Mapping[str, PlaybookMilestone]
) -> tuple[tuple[Call, ...], dict[tuple[str, int], Mapping[str, str]]]:
    """Who of ours is needed; nobody goes along with a carrier."""
    calls: list[Call] = []
    titles: dict[tuple[str, int], Mapping[str, str]] = {}
    for step in merged:
        number = 0
        for visit in rows[step.key].visits:
            if visit.technicians < 1 or visit.kind is VisitKind.DELIVERY:
                continue
            calls.append(
                Call(
                    step.key,
                    visit.skill,
                    visit.level,
                    visit.technicians,
                    visit.minutes,
                    visit.kind is VisitKind.REMOTE_CALL,
                )
            )
            titles[step.key, number] = visit.title
            number += 1
    return tuple(calls), titles


def _first_of(
    merged: Iterable[MergedStep], kinds: Mapping[str, MilestoneKind], *wanted: MilestoneKind
) -> str:
    """The first step of the first of these kinds that there is."""
    steps = list(merged)
    for kind in wanted:
        for step in steps:
            if kinds[step.key] is kind:
                return step.key
    return ""


def _before(merged: Collection[MergedStep], key: str) -> frozenset[str]:
    """All that a step waits for."""
    links = {step.key: [link.predecessor for link in step.links] for step in merged}
    found: set[str] = set()
    todo = list(links.get(key, ()))
    while todo:
        one = todo.pop()
        if one not in found:
            found.add(one)
            todo.extend(links.get(one, ()))
    return frozenset(found)
