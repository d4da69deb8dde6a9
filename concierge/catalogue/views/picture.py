"""A playbook as Lines on a day axis, laid out for a sample order."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from flask import request
from flask_babel import gettext as _
from flask_babel import ngettext

from concierge.catalogue import checking, plan
from concierge.catalogue.contents import Contents, MilestonePart
from concierge.catalogue.states import DaysOf, MilestoneKind, ProductKind
from concierge.catalogue.words import team_words
from concierge.core.axis import DayAxis, Drawing, PlanLine, day_axis, draw_plan
from concierge.core.schedule import Plan
from concierge.core.spans import Span
from concierge.core.worktime import WorkCalendar
from concierge.platform.words import day, localized, workdays

EXTRAS = (ProductKind.QUALIFICATION, ProductKind.TRAINING)
MOST_UNITS = 20

MILESTONE_ICONS: Mapping[str, str] = {
    "order accepted": "handshake",
    "kick-off": "phone",
    "site survey": "scan-line",
    "site ready": "flask-conical",
    "ship released": "package-check",
    "delivered": "truck",
    "installed": "wrench",
    "iq": "clipboard-check",
    "oq": "gauge",
    "pq": "gauge",
    "training": "graduation-cap",
    "handover": "signature",
    "other": "boxes",
}


@dataclass(frozen=True, slots=True)
class SampleOrder:
    """The order that a playbook is drawn for: how many units, and what is sold beside."""

    units: int = 1
    is_plain: bool = False
    """Whether nothing but the instrument is sold."""
    only: tuple[ProductKind, ...] = ()
    """The kinds of things that are sold, where not all of them are."""

    @property
    def sold(self) -> tuple[ProductKind, ...]:
        """The kinds of things on it that decide about milestones."""
        return self.only or (() if self.is_plain else tuple(ProductKind))

    @property
    def address(self) -> dict[str, Any]:  # Any: values of the address
        """Its part of the address; nothing for the usual one."""
        said = {"units": str(self.units)} if self.units > 1 else {}
        return said | ({"order": "plain"} if self.is_plain else {})


def order_from_address() -> SampleOrder:
    """The sample order that the address asks for."""
    units = request.args.get("units", 1, type=int)
    return SampleOrder(max(1, min(MOST_UNITS, units)), request.args.get("order") == "plain")


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the picture."""

    key: str
    name: str
    meta: str
    icon: str
    value: str
    note: str
    drawing: Drawing
    state: str = "idle"
    mark: str = ""
    tone: str = ""
    url: str = ""
    total: bool = False


@dataclass(frozen=True, slots=True)
class Sample:
    """A playbook laid out for a sample order; without rows and with a sentence where it cannot be."""

    rows: Sequence[Row] = ()
    axis: DayAxis | None = None
    days: int = 0
    """From the order to the handover."""
    starts_on: date | None = None
    handed_over_on: date | None = None
    """The day of the handover, or of the last milestone where none is one."""
    ends_on: date | None = None
    """The last day of the picture; what is sold beside may come after the handover."""
    sentence: str = ""
    """Why there is no picture."""
    placed: Plan | None = None


def drawn(
    contents: Contents,
    order: SampleOrder,
    *,
    start_on: date,
    address_of: Callable[[str], str] | None = None,
    open_key: str = "",
    calendars: Mapping[str, WorkCalendar] | None = None,
    with_dates: bool = False,
) -> Sample:
    """The playbook laid out from a day on; the picture's first day is day 0.

    :param address_of: where the row of a milestone leads; None: nowhere.
    :param open_key: the milestone that is being edited, which stands out.
    :param with_dates: say dates rather than days counted from the order.
    """
    circle = checking.circle_of(contents.milestones)
    if circle:
        return Sample(sentence=checking.circle_sentence(contents, circle))
    try:
        laid_out = plan.sample_plan(
            contents.milestones, start_on=start_on, sold=order.sold, quantity=order.units, calendars=calendars
        )
    except ValueError as problem:
        return Sample(sentence=str(problem))
    if not laid_out.placed:
        return Sample(sentence=_("There is no milestone for this order. Add the first one."))
    return _picture(contents, laid_out, start_on, address_of, open_key, with_dates=with_dates)


def next_monday(today: date) -> date:
    """The day on which sample orders begin."""
    return today + timedelta(days=7 - today.weekday())


def _picture(
    contents: Contents,
    laid_out: Plan,
    start_on: date,
    address_of: Callable[[str], str] | None,
    open_key: str,
    *,
    with_dates: bool,
) -> Sample:
    chosen = [one for one in contents.milestones if one.key in laid_out.placed]
    axis = day_axis(
        [start_on, laid_out.finish_on, *(place.start_on for place in laid_out.placed.values())],
        today=start_on - timedelta(days=400),
    )
    lines = [
        PlanLine(
            key=one.key,
            forecast=Span(place.start_on, place.finish_on + timedelta(days=1)),
            is_point=one.workdays == 0,
            state="go" if one.key == open_key else "idle",
            words=localized(one.name) if one.key == open_key else "",
            after=tuple(link.predecessor_key for link in one.links),
        )
        for one in chosen
        for place in (laid_out.placed[one.key],)
    ]
    rows = [
        _row(
            one,
            laid_out,
            start_on,
            drawing,
            address_of(one.key) if address_of else "",
            one.key == open_key,
            with_dates=with_dates,
        )
        for one, drawing in zip(chosen, draw_plan(lines, axis), strict=True)
    ]
    handovers = [laid_out.placed[one.key].finish_on for one in chosen if one.kind is MilestoneKind.HANDOVER]
    handed_over_on = max(handovers, default=laid_out.finish_on)
    return Sample(
        rows,
        axis,
        (handed_over_on - start_on).days,
        start_on,
        handed_over_on,
        laid_out.finish_on,
        placed=laid_out,
    )


def _row(
    one: MilestonePart,
    laid_out: Plan,
    start_on: date,
    drawing: Drawing,
    url: str,
    is_open: bool,
    *,
    with_dates: bool,
) -> Row:
    place = laid_out.placed[one.key]
    said = _dates if with_dates else _days
    return Row(
        key=one.key,
        name=localized(one.name) or one.key,
        meta=team_words()[one.team],
        icon=MILESTONE_ICONS.get(one.kind.value, "circle"),
        value=said(place.start_on, place.finish_on, start_on),
        note=_length(one) + (", " + _spare(place.slack_workdays) if place.slack_workdays else ""),
        drawing=drawing,
        state="go" if is_open else "idle",
        url=url,
    )


def _length(one: MilestonePart) -> str:
    if not one.workdays:
        return str(_("a moment"))
    if one.days_of is DaysOf.EVERY_DAY:
        return str(_("%(days)d days", days=one.workdays))
    return workdays(one.workdays)


def _spare(count: int) -> str:
    return str(ngettext("%(num)s day spare", "%(num)s days spare", count))


def _days(first: date, last: date, start_on: date) -> str:
    """Days counted from the order."""
    from_day, to_day = (first - start_on).days, (last - start_on).days
    if from_day == to_day:
        return str(_("day %(day)d", day=from_day))
    return str(_("days %(first)d–%(last)d", first=from_day, last=to_day))


def _dates(first: date, last: date, start_on: date) -> str:
    return day(first) if first == last else f"{day(first)} – {day(last)}"
