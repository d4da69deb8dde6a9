"""The readiness checklist as a document: frozen values that carry everything printed, and look nothing up.

`content_hash` says whether the print on somebody's desk is still the newest.
"""

import hashlib
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from functools import cache

from babel import Locale, UnknownLocaleError

# Raised when the template or its styles change what is printed, so that kept prints are made again.
TEMPLATE_VERSION = 6

RIGHT_TO_LEFT = frozenset({"ar", "fa", "he", "ur"})

LINK = "/checklist/"
"""The path before the token of the link that opens the newest version."""

# Unicode CLDR, supplemental data, paper size US-Letter.
LETTER_COUNTRIES = frozenset(
    {"BZ", "CA", "CL", "CO", "CR", "GT", "MX", "NI", "PA", "PH", "PR", "SV", "US", "VE"}
)

# English abroad is British in its dates; these write the month first.
MONTH_FIRST = frozenset({"US", "PH", "PR"})


class Severity(StrEnum):
    """What an open item holds up."""

    SHIP = "ship"
    INSTALL = "install"
    ADVISORY = "advisory"
    INFO = "info"


class Evidence(StrEnum):
    """Whether an answer needs something to show for it."""

    NONE = "none"
    OPTIONAL = "optional"
    REQUIRED = "required"


class Answered(StrEnum):
    """How far one item is."""

    OPEN = "open"
    CONFIRMED = "confirmed"
    OUT_OF_RANGE = "out_of_range"
    UNPROVEN = "unproven"
    WAIVED = "waived"


class Reached(StrEnum):
    """Where one step of the way stands."""

    DONE = "done"
    NOW = "now"
    NEXT = "next"


@dataclass(frozen=True, slots=True)
class Deed:
    """Something that was done to an item, each part in words; empty for what is not known."""

    what: str
    who: str = ""
    at: str = ""
    """The day and the time at the site, with its zone."""
    how: str = ""
    """How it came."""
    more: str = ""


@dataclass(frozen=True, slots=True)
class Item:
    """One row: what the site must offer, and what has been said about it.

    `least` and `most` are in `unit`, an open end is `None`; `accepted` stands in their place where nothing
    is measured. `quantity` says what is measured, for the units of the country. A difference, such as a drift, is not
    converted as a reading is. `offset_days` counts from delivery, negative before it. `codes` go with `choices`.
    """

    number: str
    requirement: str
    key: str = ""
    """Without one it has no field."""
    why: str = ""
    kind: str = "confirm"
    least: float | None = None
    most: float | None = None
    unit: str = ""
    quantity: str = ""
    is_difference: bool = False
    accepted: str = ""
    sample: str = ""
    choices: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    severity: Severity = Severity.ADVISORY
    responsible: str = ""
    evidence: Evidence = Evidence.NONE
    due_on: date | None = None
    offset_days: int | None = None
    answered: Answered = Answered.OPEN
    answer: str = ""
    typed: str = ""
    """The answer as it was typed; of several codes, each, in alphabetical order with blanks between."""
    comment: str = ""
    """The customer's, with the answer."""
    seen: int = 0
    """Id of the answer that counts; 0: none."""
    is_settled: bool = False
    """Whether it was accepted, so that nothing is filled in any more."""
    audit: tuple[Deed, ...] = ()
    """Who did what to it, when and how: answer, review, waiver."""
    files: tuple[str, ...] = ()
    """Names of the files that prove it."""
    answered_by: str = ""
    answered_on: date | None = None
    source: str = ""
    source_revision: str = ""
    checked_on: date | None = None

    @property
    def is_open(self) -> bool:
        """Whether something is still to be done about it."""
        return self.answered in {Answered.OPEN, Answered.OUT_OF_RANGE, Answered.UNPROVEN}


@dataclass(frozen=True, slots=True)
class Signature:
    """Somebody signed; `hash` is over what they signed, 64 hexadecimal digits."""

    name: str
    meaning: str
    signed_at: str
    """The day and the time at the site, with its zone, and how it came."""
    hash: str
    title: str = ""
    decision: str = ""
    conditions: str = ""
    ended: str = ""
    """What changed since, so that it counts no more."""


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the checklist that one party answers for."""

    number: int
    title: str
    responsible: str
    items: tuple[Item, ...]
    key: str = ""
    signatures: tuple[Signature, ...] = ()

    @property
    def signed(self) -> Signature | None:
        """The signature that counts."""
        return next((one for one in self.signatures if not one.ended), None)

    @property
    def counted(self) -> tuple[Item, ...]:
        """The items that somebody has to do something about; information is not among them."""
        return tuple(item for item in self.items if item.kind != "info")

    @property
    def confirmed(self) -> int:
        """How many of them need nothing more."""
        return sum(not item.is_open for item in self.counted)


@dataclass(frozen=True, slots=True)
class Step:
    """One station of the way from order to handover; `on` is `None` while it is not planned."""

    name: str
    on: date | None
    reached: Reached


@dataclass(frozen=True, slots=True)
class OwnField:
    """A field of the company's own and what it says."""

    name: str
    said: str


@dataclass(frozen=True, slots=True)
class Checklist:
    """The whole document. `revision`, `revised_on` and `code` name the print and are no part of its content."""

    company: str
    project_key: str
    order_number: str
    account: str
    site: str
    address: tuple[str, ...]
    country: str
    instruments: tuple[str, ...]
    sections: tuple[Section, ...]
    steps: tuple[Step, ...]
    language: str
    contact: str = ""
    concierge: str = ""
    concierge_phone: str = ""
    concierge_mail: str = ""
    serials: tuple[str, ...] = ()
    own: tuple[OwnField, ...] = ()
    """Fields of the company's own that the customer sees."""
    delivery_on: date | None = None
    sign_off_on: date | None = None
    signatures: tuple[Signature, ...] = ()
    """Of the whole list."""
    return_address: str = ""
    """Where the filled-in copy is sent by mail."""
    link: str = ""
    code: str = ""
    revision: int = 1
    revised_on: date | None = None
    is_record: bool = False
    """Whether it is the flat record copy, else the working copy that is filled in."""
    is_sealed: bool = False
    """For a record: whether it is signed with the company's certificate."""
    data: str = ""
    """For a record: everything in it as JSON, for machines."""

    @property
    def signed(self) -> Signature | None:
        """The signature of the whole list that counts."""
        return next((one for one in self.signatures if not one.ended), None)

    @property
    def is_mirrored(self) -> bool:
        """Whether the language is written from right to left."""
        return self.language in RIGHT_TO_LEFT

    @property
    def items(self) -> tuple[Item, ...]:
        """All rows in their order."""
        return tuple(item for section in self.sections for item in section.items)

    @property
    def counted(self) -> tuple[Item, ...]:
        """All rows that somebody has to do something about."""
        return tuple(item for section in self.sections for item in section.counted)

    @property
    def paper(self) -> str:
        """A4, or Letter where the country prints on it."""
        return "Letter" if self.country in LETTER_COUNTRIES else "A4"

    @property
    def locale(self) -> Locale:
        """The language of the words with the country's way to write dates and numbers."""
        return locale_of(self.language, self.country)

    @property
    def content_hash(self) -> str:
        """64 hexadecimal digits over everything printed but the revision, its day and its code."""
        content = replace(self, revision=0, revised_on=None, code="")
        text = f"{TEMPLATE_VERSION} {content!r}"  # many times faster than the same as JSON, and as exact
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def scanned(self) -> str:
        """What the printed QR code opens: whether this very print is current, and from there the newest one."""
        address, is_link, token = self.link.rpartition(LINK)
        return f"{address}/d/{self.code}?t={token}" if self.code and is_link else self.link

    @property
    def open_before_shipping(self) -> tuple[Item, ...]:
        """Open items that hold the shipment."""
        return tuple(item for item in self.items if item.is_open and item.severity is Severity.SHIP)


@cache
def locale_of(language: str, country: str) -> Locale:
    """The locale of a language in a country; English outside month-first countries is British."""
    if language == "en" and country not in MONTH_FIRST:
        tags = [f"en_{country}"] if country in {"GB", "IE", "AU", "NZ", "CA", "ZA", "IN", "SG"} else []
        tags.append("en_GB")
    else:
        tags = [f"{language}_{country}", language]
    for tag in tags:
        try:
            return Locale.parse(tag)
        except (UnknownLocaleError, ValueError):
            continue
    return Locale.parse("en_GB")
