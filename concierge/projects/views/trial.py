"""Trying a playbook with a sample order, or with a real one from the past: dates, letters and what would be asked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from flask import render_template, request
from werkzeug.wrappers import Response

from concierge.catalogue import bounds, contents, words
from concierge.catalogue import queries as catalogue
from concierge.catalogue.contents import Contents, ItemPart
from concierge.catalogue.states import DaysOf, ItemType, MilestoneKind, ProductKind
from concierge.catalogue.views import picture, telling
from concierge.core.schedule import Placed
from concierge.core.worktime import WorkCalendar, add_workdays
from concierge.identity.guard import requires, viewer
from concierge.identity.permissions import Permission
from concierge.platform import clock
from concierge.platform.words import country, day, localized
from concierge.projects.calendars import EVERY_DAY, MONDAY_TO_FRIDAY
from concierge.projects.queries import trials
from concierge.projects.views.blueprint import bp
from concierge.workforce import queries as workforce

Page = str | Response

MOST_UNITS = 20


@dataclass(frozen=True, slots=True)
class Trial:
    """The order that a playbook is tried with."""

    units: int
    options: frozenset[str]
    extras: tuple[ProductKind, ...]
    starts_on: date
    region: tuple[str, str]
    number: str = ""
    """Of a real order; empty: a sample."""
    place: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """A requirement that would be asked, and by when."""

    requirement: str
    section: str
    holds: str
    due_on: date | None


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter that would go out, and when."""

    subject: str
    milestone: str
    on: date


@bp.get("/playbooks/<key>/trial")
@requires(Permission.SEE_PLAYBOOKS)
def try_playbook(key: str) -> Page:
    """Lay a playbook out for an order on the working days of its country, with all it would ask and send."""
    version = catalogue.playbook_by_key(viewer(), key, number=request.args.get("version", type=int))
    whole = contents.of_version(version, catalogue.courses_of(version.id))
    instruments = catalogue.instruments_of(viewer(), version.playbook_id)
    options = catalogue.options_of(viewer(), (one.id for one in instruments))
    orders = trials.past_orders(viewer(), version.playbook_id) if viewer().may(Permission.SEE_ORDERS) else []
    trial, real = _trial({one.key for one in options}, orders)
    calendars = _calendars(trial.region)
    sold = trial.extras or (ProductKind.INSTRUMENT,)
    sample = picture.drawn(
        whole,
        picture.SampleOrder(trial.units, is_plain=not trial.extras, only=sold),
        start_on=trial.starts_on,
        calendars=calendars,
        with_dates=True,
    )
    return render_template(
        "projects/trial.html",
        version=version,
        whole=whole,
        trial=trial,
        real=real,
        sample=sample,
        options=options,
        orders=orders,
        asked=_asked(whole, trial, sample),
        letters=_letters(whole, sample, calendars[DaysOf.SITE.value]),
        countries=_countries(trial.region[0]),
        place=trial.place or country(trial.region[0]),
        kinds=[(kind.value, words.sold_words()[kind]) for kind in picture.EXTRAS],
    )


def _trial(options: set[str], orders: Sequence[trials.PastOrder]) -> tuple[Trial, trials.PastOrder | None]:
    asked = request.args
    real = next((one for one in orders if str(one.order_id) == asked.get("order")), None)
    if real is not None:
        trial = Trial(
            units=max(1, min(MOST_UNITS, real.units)),
            options=real.products,
            extras=tuple(kind for kind in picture.EXTRAS if kind in real.kinds),
            starts_on=real.received_on,
            region=real.region,
            number=real.number,
            place=real.place,
        )
        return trial, real
    is_first = not asked or set(asked) <= {"version"}
    kinds = {kind.value: kind for kind in picture.EXTRAS}
    chosen = tuple(kinds[value] for value in asked.getlist("kind") if value in kinds)
    trial = Trial(
        units=max(1, min(MOST_UNITS, asked.get("units", 1, type=int))),
        options=frozenset(key for key in asked.getlist("option") if key in options),
        extras=picture.EXTRAS if is_first else chosen,
        starts_on=_day(asked.get("start", "")) or picture.next_monday(clock.today(viewer().zone)),
        region=(_country(asked.get("country", "")), asked.get("subdivision", "")[:6].upper()),
    )
    return trial, None


def _day(text: str) -> date | None:
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return None
    return found if date(2016, 1, 1) <= found <= date(2040, 12, 31) else None


def _country(text: str) -> str:
    code = text[:2].upper()
    return code if len(code) == 2 and code.isalpha() and code.isascii() else "CH"


def _countries(chosen: str) -> list[tuple[str, str]]:
    known = dict.fromkeys([chosen, *trials.countries(), "CH", "DE", "AT", "GB", "US", "JP"])
    return sorted(((code, country(code)) for code in known), key=lambda pair: pair[1])


def _calendars(region: tuple[str, str]) -> Mapping[str, WorkCalendar]:
    """By whose days a length counts, the calendars of a place; nobody is away and nothing is closed there."""
    place = workforce.working_calendar(*region)
    return {whose.value: place for whose in DaysOf} | {
        DaysOf.EVERY_DAY.value: EVERY_DAY,
        DaysOf.COMPANY.value: MONDAY_TO_FRIDAY,
    }


def _asked(whole: Contents, trial: Trial, sample: picture.Sample) -> list[Asked]:
    anchor = _delivery(whole, sample)
    sections, gates = words.section_words(), words.gate_words()
    return [
        Asked(
            bounds.asked_in_words(
                item,
                localized(item.requirement),
                language=telling.reader(),
                destination=bounds.Destination(country=trial.region[0], sold=frozenset(trial.options)),
            ),
            sections.get(item.section, item.section),
            gates[item.gate] if item.gate else "",
            anchor + timedelta(days=item.due_offset) if anchor else None,
        )
        for item in whole.items
        if _is_asked(item, trial)
    ]


def _is_asked(item: ItemPart, trial: Trial) -> bool:
    is_there = not item.countries or trial.region[0] in item.countries
    return item.type is not ItemType.INFO and is_there and item.option_key in {"", *trial.options}


def _delivery(whole: Contents, sample: picture.Sample) -> date | None:
    """The day that due days count from: delivery, else the start of installation."""
    placed: Mapping[str, Placed] = sample.placed.placed if sample.placed else {}
    for kind in (MilestoneKind.DELIVERED, MilestoneKind.INSTALLED):
        days = [
            placed[one.key].start_on for one in whole.milestones if one.kind is kind and one.key in placed
        ]
        if days:
            return min(days)
    return None


def _letters(whole: Contents, sample: picture.Sample, calendar: WorkCalendar) -> list[Letter]:
    placed: Mapping[str, Placed] = sample.placed.placed if sample.placed else {}
    names = {one.key: localized(one.name) for one in whole.milestones}
    found = []
    for message in whole.messages:
        place = placed.get(message.milestone_key)
        if place is not None:
            on = place.start_on
            if message.offset_workdays:
                on = add_workdays(calendar, on, message.offset_workdays)
            subject = localized(message.subject).replace("{date}", day(place.start_on))
            found.append(Letter(subject, names[message.milestone_key], on))
    return sorted(found, key=lambda letter: letter.on)
