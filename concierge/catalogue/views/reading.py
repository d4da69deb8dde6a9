"""Pages to read playbooks and instruments' figures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby

from flask import Blueprint, render_template, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from concierge.catalogue import plan, queries
from concierge.catalogue.models import PlaybookItem, PlaybookVersion, ProductFact
from concierge.catalogue.states import SECTIONS, InstrumentClass, ProductKind, Responsible, VisitKind
from concierge.catalogue.words import team_words
from concierge.core.axis import DayAxis, Drawing, PlanLine, day_axis, draw_plan
from concierge.core.spans import Span
from concierge.identity.guard import requires, viewer
from concierge.identity.permissions import Permission
from concierge.platform import clock
from concierge.platform.words import localized, workdays

bp = Blueprint("catalogue", __name__)

Page = str | Response

EXTRAS = (ProductKind.QUALIFICATION, ProductKind.TRAINING)


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the sample plan, as the Lines picture takes it."""

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
    """A playbook laid out for an order that starts on a Monday."""

    rows: Sequence[Row]
    axis: DayAxis
    days: int
    starts_on: date
    ends_on: date


@bp.get("/playbooks")
@requires(Permission.SEE_PLAYBOOKS)
def playbooks() -> Page:
    """List playbooks by class of instrument."""
    text, chosen = request.args.get("q", "")[:200], request.args.get("class", "")[:40]
    found = queries.playbooks_listed(viewer(), text=text, instrument_class=chosen)
    groups = [
        (instrument_class, list(group))
        for instrument_class, group in groupby(found, key=lambda one: one.instrument_class)
    ]
    return render_template(
        "catalogue/playbooks.html",
        groups=groups,
        total=len(found),
        text=text,
        chosen=chosen,
        classes=class_words(),
    )


@bp.get("/playbooks/<key>")
@requires(Permission.SEE_PLAYBOOKS)
def playbook(key: str) -> Page:
    """Show a playbook laid out for a sample order, with all it asks for."""
    version = queries.playbook_by_key(viewer(), key, number=request.args.get("version", type=int))
    instruments = queries.instruments_of(viewer(), version.playbook_id)
    extras = [kind for kind in EXTRAS if request.args.get("order") != "plain"]
    return render_template(
        "catalogue/playbook.html",
        version=version,
        versions=queries.versions_of(viewer(), version.playbook_id),
        instruments=instruments,
        courses=queries.courses_of(version.id),
        sample=_sample(version, extras),
        with_extras=bool(extras),
        options={
            option.key: option.name
            for option in queries.options_of(viewer(), (one.id for one in instruments))
        },
        names={milestone.key: localized(milestone.name) for milestone in version.milestones},
        sections=_sections(version),
        section_words=section_words(),
        teams=team_words(),
        visit_kinds=visit_words(),
        responsible=responsible_words(),
        asked=len(version.items),
        blocking=sum(item.gate is not None for item in version.items),
    )


@bp.get("/instruments/<key>")
@requires(Permission.SEE_PLAYBOOKS)
def instrument(key: str) -> Page:
    """Show an instrument's figures, each with the document it was read in."""
    product = queries.instrument_by_key(viewer(), key)
    words = quantity_words()
    return render_template(
        "catalogue/instrument.html",
        product=product,
        options=queries.options_of(viewer(), [product.id]),
        classes=class_words(),
        figures=[
            (words.get(fact.quantity, fact.quantity.replace("_", " ").capitalize()), figure_words(fact), fact)
            for fact in product.facts
        ],
    )


def figure_words(fact: ProductFact) -> str:
    """A figure in words: "18–27 °C", "at least 300 mm", "680 kg"."""
    least, most = (
        None if end is None else f"{end:,.6g}".replace(",", "\u202f") for end in (fact.minimum, fact.maximum)
    )
    unit = f" {fact.unit}" if fact.unit else ""
    match least, most:
        case None, None:
            return localized(fact.text)
        case _, None:
            return str(_("at least %(figure)s", figure=f"{least}{unit}"))
        case None, _:
            return str(_("at most %(figure)s", figure=f"{most}{unit}"))
    return f"{least}{unit}" if least == most else f"{least}–{most}{unit}"


def _sample(version: PlaybookVersion, sold: Sequence[ProductKind]) -> Sample:
    """The version laid out from next Monday; the picture's first day is day 0."""
    today = clock.today(viewer().zone)
    start_on = today + timedelta(days=7 - today.weekday())
    laid_out = plan.sample_plan(version.milestones, start_on=start_on, sold=sold)
    chosen = [milestone for milestone in version.milestones if milestone.key in laid_out.placed]
    axis = day_axis(
        [start_on, laid_out.finish_on, *(place.start_on for place in laid_out.placed.values())],
        today=start_on - timedelta(days=400),
    )
    lines = [
        PlanLine(
            key=milestone.key,
            forecast=Span(place.start_on, place.finish_on + timedelta(days=1)),
            is_point=milestone.workdays == 0,
            after=tuple(link.predecessor_key for link in milestone.links),
        )
        for milestone in chosen
        for place in (laid_out.placed[milestone.key],)
    ]
    teams = team_words()
    rows = [
        Row(
            name=localized(milestone.name),
            meta=teams[milestone.team],
            icon=MILESTONE_ICONS.get(milestone.kind.value, "circle"),
            value=_days(
                laid_out.placed[milestone.key].start_on, laid_out.placed[milestone.key].finish_on, start_on
            ),
            note=workdays(milestone.workdays) if milestone.workdays else _("a moment"),
            drawing=drawing,
        )
        for milestone, drawing in zip(chosen, draw_plan(lines, axis), strict=True)
    ]
    return Sample(rows, axis, (laid_out.finish_on - start_on).days, start_on, laid_out.finish_on)


def _days(first: date, last: date, start_on: date) -> str:
    """Days counted from the order."""
    from_day, to_day = (first - start_on).days, (last - start_on).days
    if from_day == to_day:
        return str(_("day %(day)d", day=from_day))
    return str(_("days %(first)d–%(last)d", first=from_day, last=to_day))


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


def _sections(version: PlaybookVersion) -> list[tuple[str, list[PlaybookItem]]]:
    order = {section: place for place, section in enumerate(SECTIONS)}
    known = sorted({item.section for item in version.items}, key=lambda one: (order.get(one, 99), one))
    return [(section, [item for item in version.items if item.section == section]) for section in known]


def class_words() -> Mapping[InstrumentClass, str]:
    """Classes of instruments in words."""
    return {
        InstrumentClass.BENCH: _("Bench instruments"),
        InstrumentClass.FLOOR: _("Floor-standing instruments"),
        InstrumentClass.SEQUENCER: _("Sequencers"),
        InstrumentClass.CLINICAL_LINE: _("Clinical lines"),
        InstrumentClass.MAGNET: _("Magnets"),
    }


def section_words() -> Mapping[str, str]:
    """Sections of a checklist in words."""
    return {
        "access": _("Access"),
        "space": _("Space"),
        "power": _("Power"),
        "climate": _("Climate"),
        "gas": _("Gas and exhaust"),
        "exhaust": _("Exhaust and ventilation"),
        "water": _("Water"),
        "network": _("Network"),
        "safety": _("Safety"),
        "people": _("People"),
        "supplies": _("Supplies"),
        "delivery": _("Delivery day"),
        "after": _("After delivery"),
    }


def visit_words() -> Mapping[VisitKind, str]:
    """Kinds of visits in words."""
    return {
        VisitKind.SITE_SURVEY: _("Site survey"),
        VisitKind.DELIVERY: _("Delivery"),
        VisitKind.INSTALL: _("Installation"),
        VisitKind.TRAINING: _("Training"),
        VisitKind.REMOTE_CALL: _("Remote call"),
    }


def responsible_words() -> Mapping[Responsible, str]:
    """Who brings an item about, in words."""
    return {
        Responsible.CUSTOMER: _("customer"),
        Responsible.VENDOR: _("we"),
        Responsible.ENGINEER: _("engineer"),
        Responsible.LOGISTICS: _("logistics"),
        Responsible.CARRIER: _("carrier"),
    }


def quantity_words() -> Mapping[str, str]:
    """Quantities whose slug does not say enough."""
    return {
        "clearance_above": _("Free space above"),
        "clearance_front": _("Free space in front"),
        "clearance_sides": _("Free space at each side"),
        "clearance_rear": _("Free space behind"),
        "circuit_current": _("Circuit"),
        "power_apparent": _("Apparent power"),
        "heat_load": _("Heat given off"),
        "altitude": _("Height above the sea"),
        "humidity": _("Relative humidity"),
        "temperature_drift": _("Temperature change in 10 minutes"),
        "magnet_zone_outer": _("Outer safety line"),
        "magnet_zone_inner": _("Inner safety line"),
        "outbound": _("Outbound connections"),
        "outlets": _("Further outlets"),
    }
