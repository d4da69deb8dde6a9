"""The closed lists of the catalogue in the reader's words, for every page that shows them."""

from collections.abc import Mapping
from typing import Protocol

from flask_babel import gettext as _

from concierge.catalogue.states import (
    Anchor,
    Audience,
    DaysOf,
    DueDays,
    Evidence,
    FieldKind,
    FileKind,
    GateKind,
    InstrumentClass,
    ItemType,
    LagUnit,
    LinkKind,
    MilestoneKind,
    ProductKind,
    Responsible,
    Reviewer,
    Scope,
    Severity,
    StepKind,
    Team,
    VisitKind,
)
from concierge.platform.words import localized


def team_words() -> Mapping[Team, str]:
    """Teams in words."""
    return {
        Team.CONCIERGE: _("Concierge"),
        Team.OPERATIONS: _("Operations"),
        Team.SALES: _("Sales"),
        Team.SERVICE: _("Service"),
        Team.LOGISTICS: _("Logistics"),
        Team.DISTRIBUTION: _("Distribution"),
        Team.CUSTOMER_SERVICE: _("Customer service"),
        Team.CUSTOMER: _("Customer"),
    }


def milestone_words() -> Mapping[MilestoneKind, str]:
    """What milestones achieve, in words."""
    return {
        MilestoneKind.ORDER_ACCEPTED: _("Order accepted"),
        MilestoneKind.KICK_OFF: _("Kick-off"),
        MilestoneKind.SITE_SURVEY: _("Site survey"),
        MilestoneKind.SITE_READY: _("Site ready"),
        MilestoneKind.SHIP_RELEASED: _("Released for shipping"),
        MilestoneKind.DELIVERED: _("Delivered"),
        MilestoneKind.INSTALLED: _("Installed"),
        MilestoneKind.IQ: _("Installation qualification"),
        MilestoneKind.OQ: _("Operational qualification"),
        MilestoneKind.PQ: _("Performance qualification"),
        MilestoneKind.TRAINING: _("Training"),
        MilestoneKind.HANDOVER: _("Handover"),
        MilestoneKind.OTHER: _("Something else"),
    }


def audience_words() -> Mapping[Audience, str]:
    """Who sees a milestone or a field."""
    return {Audience.CUSTOMER: _("The customer too"), Audience.INTERNAL: _("Only we")}


def scope_words() -> Mapping[Scope, str]:
    """How often a milestone happens."""
    return {
        Scope.PROJECT: _("Once a project"),
        Scope.INSTRUMENT: _("Once for each instrument of the order"),
    }


def days_of_words() -> Mapping[DaysOf, str]:
    """Whose days a length counts."""
    return {
        DaysOf.SITE: _("working days at the site"),
        DaysOf.CUSTOMER: _("the customer’s working days"),
        DaysOf.COMPANY: _("our working days"),
        DaysOf.CREW: _("working days of the technicians who go"),
        DaysOf.EVERY_DAY: _("every day of the week"),
    }


def link_words() -> Mapping[LinkKind, str]:
    """Which end waits for which."""
    return {
        LinkKind.FINISH_TO_START: _("starts after it is finished"),
        LinkKind.START_TO_START: _("starts after it has started"),
        LinkKind.FINISH_TO_FINISH: _("finishes after it is finished"),
        LinkKind.START_TO_FINISH: _("finishes after it has started"),
    }


def lag_words() -> Mapping[LagUnit, str]:
    """What the time between is counted in."""
    return {
        LagUnit.WORKDAYS: _("working days"),
        LagUnit.DAYS: _("days of the calendar"),
        LagUnit.HOURS: _("hours"),
    }


def sold_words() -> Mapping[ProductKind, str]:
    """What has to be sold for a milestone to be in the plan."""
    return {
        ProductKind.QUALIFICATION: _("a qualification is sold"),
        ProductKind.TRAINING: _("a training is sold"),
        ProductKind.OPTION: _("an option is sold"),
        ProductKind.SUPPLY: _("supplies are sold"),
        ProductKind.INSTRUMENT: _("an instrument is sold"),
        ProductKind.OTHER: _("something else is sold"),
    }


def answer_words() -> Mapping[ItemType, str]:
    """How a requirement is answered."""
    return {
        ItemType.CONFIRM: _("Yes or not yet"),
        ItemType.MEASURE: _("A measured value"),
        ItemType.CHOICE: _("One of several answers"),
        ItemType.MULTI: _("Several answers of a list"),
        ItemType.TEXT: _("A text"),
        ItemType.DATE: _("A day"),
        ItemType.UPLOAD: _("A file"),
        ItemType.SIGNATURE: _("A signature"),
        ItemType.INFO: _("Nothing, it only informs"),
    }


def severity_words() -> Mapping[Severity, str]:
    """How heavy a requirement weighs."""
    return {
        Severity.BLOCKING: _("Holds up work"),
        Severity.ADVISORY: _("Advice"),
        Severity.INFO: _("Information"),
    }


def gate_words() -> Mapping[GateKind, str]:
    """What a requirement holds."""
    return {GateKind.SHIP: _("shipping"), GateKind.INSTALL: _("installation")}


def evidence_words() -> Mapping[Evidence, str]:
    """Whether a file has to show it."""
    return {
        Evidence.NONE: _("No file needed"),
        Evidence.OPTIONAL: _("A file helps"),
        Evidence.REQUIRED: _("A file is needed"),
    }


def anchor_words() -> Mapping[Anchor, str]:
    """Which day a due day counts from."""
    return {
        Anchor.DELIVERY: _("delivery"),
        Anchor.INSTALL: _("the start of installation"),
        Anchor.ORDER: _("the order"),
    }


def due_days_words() -> Mapping[DueDays, str]:
    """Which days a due day is counted in."""
    return {DueDays.CALENDAR: _("days of the calendar"), DueDays.SITE: _("working days at the site")}


def reviewer_words() -> Mapping[Reviewer, str]:
    """Who of ours looks at an answer before it counts."""
    return {Reviewer.ENGINEER: _("an engineer"), Reviewer.CONCIERGE: _("the concierge")}


def file_kind_words() -> Mapping[FileKind, str]:
    """Kinds of files that prove something."""
    return {
        FileKind.PHOTO: _("photo"),
        FileKind.LOG: _("log of measurements"),
        FileKind.CERTIFICATE: _("certificate or report"),
        FileKind.DRAWING: _("drawing"),
    }


def role_words() -> Mapping[str, str]:
    """Whom of the customer's people an item is for."""
    return {
        "lab": _("laboratory"),
        "facilities": _("facilities"),
        "it": _("IT"),
        "safety": _("safety"),
        "purchasing": _("purchasing"),
        "receiving": _("receiving"),
    }


def place_words() -> Mapping[str, str]:
    """What is known of the destination, as an item can be bounded by it."""
    return {
        "mains_voltage": _("Mains voltage of the country"),
        "mains_frequency": _("Mains frequency of the country"),
        "mains_plug": _("Plugs of the country"),
        "languages": _("Languages of the country"),
    }


def step_words() -> Mapping[StepKind, str]:
    """How a step of a visit is answered."""
    return {
        StepKind.TICK: _("A tick"),
        StepKind.READING: _("A reading"),
        StepKind.SERIAL: _("A serial number"),
        StepKind.PHOTO: _("A photo"),
        StepKind.TEXT: _("A text"),
    }


class _Step(Protocol):
    """A step of a playbook, as a value or as a row."""

    @property
    def kind(self) -> StepKind: ...
    @property
    def text(self) -> Mapping[str, str]: ...
    @property
    def unit(self) -> str: ...
    @property
    def minimum(self) -> float | None: ...
    @property
    def maximum(self) -> float | None: ...
    @property
    def is_required(self) -> bool: ...


def step_in_words(step: _Step) -> str:
    """A step with how it is answered: "Base pressure: a reading, at most 0.01 mbar"."""
    said = [step_words()[step.kind]]
    if range_words := range_in_words(step.minimum, step.maximum, step.unit):
        said.append(range_words)
    if not step.is_required:
        said.append(str(_("may be left out")))
    return str(_("%(what)s: %(how)s", what=localized(step.text), how=", ".join(said)))


def range_in_words(minimum: float | None, maximum: float | None, unit: str) -> str:
    """The range of a reading with its unit; empty when any number will do and it has no unit."""
    least, most = ("" if end is None else _number(end) for end in (minimum, maximum))
    if least and most:
        return f"{least}–{most} {unit}".strip()
    if least:
        return str(_("at least %(bound)s", bound=f"{least} {unit}".strip()))
    if most:
        return str(_("at most %(bound)s", bound=f"{most} {unit}".strip()))
    return str(_("in %(unit)s", unit=unit)) if unit else ""


def _number(value: float) -> str:
    """A number as people write it: 0.5, 2 × 10⁻⁵."""
    digits, _e, exponent = f"{value:.6g}".partition("e")
    if not exponent:
        return digits
    return f"{digits} × 10{str(int(exponent)).translate(_RAISED)}"


_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def field_words() -> Mapping[FieldKind, str]:
    """What a field of our own holds."""
    return {
        FieldKind.TEXT: _("A text"),
        FieldKind.NUMBER: _("A number"),
        FieldKind.DATE: _("A day"),
        FieldKind.CHOICE: _("One of several answers"),
        FieldKind.YES_NO: _("Yes or no"),
    }


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
        "width": _("Width"),
        "depth": _("Depth"),
        "height": _("Height"),
        "weight": _("Weight"),
        "shipping_weight": _("Weight of the crate"),
        "crate_width": _("Width of the crate"),
        "bench_load": _("Load on the bench"),
        "temperature": _("Room temperature"),
        "noise": _("Sound level"),
        "power": _("Power"),
        "voltage": _("Voltage"),
        "current": _("Current"),
    }
