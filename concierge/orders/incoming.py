"""What a document says about an order, as plain values, and how a document that cannot be read is refused."""

import itertools
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date, time
from decimal import Decimal
from enum import StrEnum
from http import HTTPStatus

from flask_babel import gettext as _

from concierge.orders.states import DocumentKind
from concierge.platform.database import clean
from concierge.platform.errors import Refused

FAULTS_TOLD = 50
NUMBER_LENGTH = 80
SOURCE_LENGTH = 200


class PeriodKind(StrEnum):
    """Who stands behind a delivery period: the buyer asks, the seller promises or guesses."""

    REQUESTED = "requested"
    PROMISED = "promised"
    ESTIMATED = "estimated"


class LineStatus(StrEnum):
    """What an order change says about a line; UNKNOWN when it says nothing."""

    UNKNOWN = ""
    ADDED = "added"
    CHANGED = "changed"
    CANCELLED = "cancelled"
    UNTOUCHED = "untouched"


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong in a document. `line` is the file's line or the sheet's row; None = the whole file."""

    sentence: str
    line: int | None = None


class BadDocument(Refused):
    """A document that cannot be read; nothing of it is imported."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY

    def __init__(self, name: str, faults: Iterable[Fault], *, in_rows: bool = False) -> None:
        self.name = name
        self.in_rows = in_rows
        self.faults = tuple(sorted(faults, key=lambda fault: fault.line or 0))
        self.sentences = tuple(self._placed(fault) for fault in self.faults[:FAULTS_TOLD]) + self._more()
        super().__init__(" ".join(self.sentences))

    @property
    def line(self) -> int | None:
        """The first faulty line or row."""
        return self.faults[0].line

    def _placed(self, fault: Fault) -> str:
        if fault.line is None:
            return _("%(file)s: %(sentence)s", file=self.name, sentence=fault.sentence)
        if self.in_rows:
            return _(
                "%(file)s, row %(row)d: %(sentence)s", file=self.name, row=fault.line, sentence=fault.sentence
            )
        return _(
            "%(file)s, line %(line)d: %(sentence)s", file=self.name, line=fault.line, sentence=fault.sentence
        )

    def _more(self) -> tuple[str, ...]:
        left = len(self.faults) - FAULTS_TOLD
        return (_("%(file)s: %(count)d more faults follow.", file=self.name, count=left),) if left > 0 else ()


@dataclass(frozen=True, slots=True)
class PartyId:
    """A number by which a company is known. `scheme` is the issuing register ("0088" = GLN)."""

    value: str
    scheme: str = ""

    def __str__(self) -> str:
        return f"{self.scheme}:{self.value}" if self.scheme else self.value


@dataclass(frozen=True, slots=True)
class Address:
    """A postal address. `country` is ISO 3166-1 alpha-2, "" when none is named; `subdivision` as written."""

    lines: tuple[str, ...] = ()
    city: str = ""
    postal_code: str = ""
    subdivision: str = ""
    country: str = ""
    gln: str = ""
    line: int | None = None

    def __bool__(self) -> bool:
        return bool(self.lines or self.city or self.postal_code or self.country)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody to talk to."""

    name: str = ""
    email: str = ""
    phone: str = ""
    job: str = ""

    def __bool__(self) -> bool:
        return bool(self.name or self.email or self.phone)


@dataclass(frozen=True, slots=True)
class Party:
    """A company in an order, its numbers (the ones that last first), place and person."""

    name: str = ""
    legal_name: str = ""
    ids: tuple[PartyId, ...] = ()
    address: Address = field(default_factory=Address)
    legal_address: Address = field(default_factory=Address)
    people: tuple[Person, ...] = ()
    line: int | None = None

    def __bool__(self) -> bool:
        return bool(self.name or self.legal_name or self.ids)

    @property
    def called(self) -> str:
        """The name to show."""
        return self.name or self.legal_name or (str(self.ids[0]) if self.ids else "")

    @property
    def keys(self) -> tuple[str, ...]:
        """What names this company in keys: its numbers, the first one first; else its name."""
        return tuple(map(str, self.ids)) or (" ".join((self.name or self.legal_name).casefold().split()),)


@dataclass(frozen=True, slots=True)
class DeliveryPeriod:
    """Days and times at the site for a delivery asked for or promised; None = open, `to_on` is included."""

    kind: PeriodKind
    from_on: date | None = None
    to_on: date | None = None
    from_time: time | None = None
    to_time: time | None = None
    line: int | None = None

    @property
    def starts_on(self) -> date:
        """The first day that fits."""
        return self.from_on or self.to_on or date.max


@dataclass(frozen=True, slots=True)
class IncomingLine:
    """A line as sent. `number` is the sender's; `price` is for one `unit`, in `currency`; None = not said."""

    number: str
    name: str
    quantity: Decimal = Decimal(1)
    unit: str = "C62"
    description: str = ""
    seller_item_id: str = ""
    standard_item_id: str = ""
    standard_item_scheme: str = ""
    buyer_item_id: str = ""
    manufacturer_item_id: str = ""
    price: Decimal | None = None
    currency: str = ""
    amount_minor: int | None = None
    periods: tuple[DeliveryPeriod, ...] = ()
    address: Address = field(default_factory=Address)
    note: str = ""
    status: LineStatus = LineStatus.UNKNOWN
    parent: str = ""
    properties: tuple[tuple[str, str], ...] = ()
    line: int | None = None

    @property
    def requested(self) -> DeliveryPeriod | None:
        """The period asked for on this line."""
        return _earliest(self.periods, PeriodKind.REQUESTED)


@dataclass(frozen=True, slots=True)
class IncomingOrder:
    """One order, change or cancellation as sent.

    `number` is the order's own number, also on a change or cancellation; `document_number` is the paper's.
    `system` is set when the sender names the system that counts its orders (a CSV column); see `source`.
    """

    kind: DocumentKind
    number: str
    document_number: str
    syntax: str
    buyer: Party = field(default_factory=Party)
    seller: Party = field(default_factory=Party)
    originator: Party = field(default_factory=Party)
    delivery_party: Party = field(default_factory=Party)
    delivery_address: Address = field(default_factory=Address)
    delivery_place: str = ""
    periods: tuple[DeliveryPeriod, ...] = ()
    lines: tuple[IncomingLine, ...] = ()
    system: str = ""
    seller_number: str = ""
    sequence: int | None = None
    issued_on: date | None = None
    issued_time: time | None = None
    currency: str = ""
    total_minor: int | None = None
    note: str = ""
    customer_reference: str = ""
    contract_reference: str = ""
    quotation_reference: str = ""
    remarks: tuple[str, ...] = ()
    line: int | None = None

    @property
    def source(self) -> str:
        """The system within which the number is unique: named by the sender, else who orders from whom."""
        return self.sources[0]

    @property
    def sources(self) -> tuple[str, ...]:
        """Every name of that system: papers on one order may name a company by different numbers."""
        if self.system:
            return (clean(self.system, lines=False)[:SOURCE_LENGTH],)
        pairs = itertools.product(self.seller.keys, self.buyer.keys)
        return tuple(clean(f"{seller} < {buyer}", lines=False)[:SOURCE_LENGTH] for seller, buyer in pairs)

    @property
    def requested(self) -> DeliveryPeriod | None:
        """The period asked for: the header's earliest, else the earliest of the lines."""
        of_lines = (period for line in self.lines for period in line.periods)
        return _earliest(self.periods, PeriodKind.REQUESTED) or _earliest(of_lines, PeriodKind.REQUESTED)

    @property
    def promised(self) -> DeliveryPeriod | None:
        """The period promised by the seller: the header's earliest, else the earliest of the lines."""
        of_lines = (period for line in self.lines for period in line.periods)
        return _earliest(self.periods, PeriodKind.PROMISED) or _earliest(of_lines, PeriodKind.PROMISED)

    @property
    def site_address(self) -> Address:
        """Where it is to be delivered: the delivery's address, else the delivery party's, else the buyer's.

        A place without a country takes the country of the next one.
        """
        places = (
            self.delivery_address,
            self.delivery_party.address,
            *(line.address for line in self.lines if line.address),
            self.buyer.address,
            self.buyer.legal_address,
            self.delivery_party.legal_address,
        )
        place = next((place for place in places if place.lines or place.city), None) or next(
            filter(None, places), Address()
        )
        country = place.country or next((other.country for other in places if other.country), "")
        return replace(place, country=country)

    @property
    def people(self) -> tuple[Person, ...]:
        """Everybody named on the customer's side, those at the place of delivery first, each once."""
        everybody = self.delivery_party.people + self.originator.people + self.buyer.people
        return tuple(
            {(one.email or one.name or one.phone).casefold(): one for one in reversed(everybody)}.values()
        )[::-1]


def _earliest(periods: Iterable[DeliveryPeriod], kind: PeriodKind) -> DeliveryPeriod | None:
    return min((one for one in periods if one.kind is kind), key=lambda one: one.starts_on, default=None)
