"""The closed lists that playbooks and products are written in."""

from enum import Enum


class ProductKind(Enum):
    """What sort of thing is sold."""

    INSTRUMENT = "instrument"
    OPTION = "option"
    QUALIFICATION = "qualification"
    TRAINING = "training"
    SUPPLY = "supply"
    OTHER = "other"


class InstrumentClass(Enum):
    """How much it takes to bring an instrument into use."""

    BENCH = "bench"
    FLOOR = "floor"
    SEQUENCER = "sequencer"
    CLINICAL_LINE = "clinical line"
    MAGNET = "magnet"


class AliasScheme(Enum):
    """By which of its names an order line calls a product."""

    SELLER_ITEM_ID = "seller item id"
    STANDARD_ITEM_ID = "standard item id"
    NAME = "name"


class PlaybookState(Enum):
    """A draft may be edited; a published version never changes."""

    DRAFT = "draft"
    PUBLISHED = "published"


class MilestoneKind(Enum):
    """What a milestone achieves."""

    ORDER_ACCEPTED = "order accepted"
    KICK_OFF = "kick-off"
    SITE_SURVEY = "site survey"
    SITE_READY = "site ready"
    SHIP_RELEASED = "ship released"
    DELIVERED = "delivered"
    INSTALLED = "installed"
    IQ = "iq"
    OQ = "oq"
    PQ = "pq"
    TRAINING = "training"
    HANDOVER = "handover"
    OTHER = "other"


class Team(Enum):
    """Who is accountable for a milestone."""

    CONCIERGE = "concierge"
    OPERATIONS = "operations"
    SALES = "sales"
    SERVICE = "service"
    LOGISTICS = "logistics"
    DISTRIBUTION = "distribution"
    CUSTOMER_SERVICE = "customer service"
    CUSTOMER = "customer"


class Audience(Enum):
    """Who may see a milestone: the customer too, or only us."""

    CUSTOMER = "customer"
    INTERNAL = "internal"


class Scope(Enum):
    """Whether a milestone happens once a project or once an instrument."""

    PROJECT = "project"
    INSTRUMENT = "instrument"


class ItemType(Enum):
    """How a readiness item is answered."""

    CONFIRM = "confirm"
    MEASURE = "measure"
    CHOICE = "choice"
    TEXT = "text"
    DATE = "date"
    UPLOAD = "upload"
    SIGNATURE = "signature"
    MULTI = "multi"
    INFO = "info"


SECTIONS = (
    "access",
    "space",
    "power",
    "climate",
    "gas",
    "exhaust",
    "water",
    "network",
    "safety",
    "people",
    "supplies",
    "delivery",
    "after",
)
"""The usual sections of a checklist in the order in which a site is prepared; others follow in the playbook's order."""


ROLES = ("lab", "facilities", "it", "safety", "purchasing", "receiving")
"""Whom of the customer's people an item can be for: the values of ``ContactRole``, which another slice keeps."""

MAINS_FACTS = ("mains_voltage", "mains_frequency", "mains_plug")
"""What an item's ``fact`` may name besides figures of instruments: the supply of the destination."""
LANGUAGES_FACT = "languages"
"""Likewise: the languages of the destination, which bound a choice by codes of ISO 639."""
PLACE_FACTS = (*MAINS_FACTS, LANGUAGES_FACT)
"""All that is known of a destination."""


class Severity(Enum):
    """Whether an open item holds a gate."""

    BLOCKING = "blocking"
    ADVISORY = "advisory"
    INFO = "info"


class GateKind(Enum):
    """What a blocking item holds."""

    SHIP = "ship"
    INSTALL = "install"


class Responsible(Enum):
    """Which party brings an item about."""

    CUSTOMER = "customer"
    VENDOR = "vendor"
    ENGINEER = "engineer"
    LOGISTICS = "logistics"
    CARRIER = "carrier"


class Evidence(Enum):
    """Whether an answer needs a photo, log or certificate."""

    NONE = "none"
    OPTIONAL = "optional"
    REQUIRED = "required"


class VisitKind(Enum):
    """What somebody comes for."""

    SITE_SURVEY = "site survey"
    DELIVERY = "delivery"
    INSTALL = "install"
    TRAINING = "training"
    REMOTE_CALL = "remote call"


class DaysOf(Enum):
    """Whose days a duration counts."""

    SITE = "site"
    CUSTOMER = "customer"
    COMPANY = "company"
    CREW = "crew"
    EVERY_DAY = "every day"


class LinkKind(Enum):
    """Which end of a milestone waits for which end of the one before it."""

    FINISH_TO_START = "finish to start"
    START_TO_START = "start to start"
    FINISH_TO_FINISH = "finish to finish"
    START_TO_FINISH = "start to finish"


class LagUnit(Enum):
    """What the time between two milestones is counted in."""

    WORKDAYS = "workdays"
    DAYS = "days"
    HOURS = "hours"


class FieldKind(Enum):
    """What a field that a playbook defines holds."""

    TEXT = "text"
    NUMBER = "number"
    DATE = "date"
    CHOICE = "choice"
    YES_NO = "yes or no"


class Anchor(Enum):
    """Which day a due day counts from."""

    DELIVERY = "delivery"
    INSTALL = "install"
    ORDER = "order"


class DueDays(Enum):
    """Which days a due day is counted in."""

    CALENDAR = "calendar days"
    SITE = "working days of the site"


class Reviewer(Enum):
    """Who of ours looks at an answer before it counts."""

    ENGINEER = "engineer"
    CONCIERGE = "concierge"


class FileKind(Enum):
    """What kind of file proves something."""

    PHOTO = "photo"
    LOG = "log"
    CERTIFICATE = "certificate"
    DRAWING = "drawing"


class StepKind(Enum):
    """How a step of a visit is answered."""

    TICK = "tick"
    READING = "reading"
    SERIAL = "serial"
    PHOTO = "photo"
    TEXT = "text"
