"""What happened to stock, enquiries and holds."""

from dataclasses import dataclass
from datetime import date, datetime

from concierge.platform.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class StockEvent(Event):
    """Something that happened to one unit of stock."""

    unit_id: int
    product: str
    serial: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StockAdded(StockEvent):
    """A unit is in stock, or announced."""

    available_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class StockChanged(StockEvent):
    """What is known of a unit changed; ``changed`` names the fields."""

    changed: tuple[str, ...]
    available_before: date | None = None
    available_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StockGone(StockEvent):
    """A unit is no longer in stock."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StockReserved(StockEvent):
    """A unit is kept for an order or a project; both 0: for nobody any longer."""

    order_id: int = 0
    project_id: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SupplyTimeSet(Event):
    """How long the factory takes for a product; 0: nobody says."""

    product_id: int
    product: str
    days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EnquiryEvent(Event):
    """Something that happened to an enquiry."""

    enquiry_id: int
    code: str
    customer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EnquiryAsked(EnquiryEvent):
    """Sales asks when units can be there."""

    units: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EnquiryClosed(EnquiryEvent):
    """Nothing comes of it."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EnquiryReopened(EnquiryEvent):
    """It is asked again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitsHeld(EnquiryEvent):
    """Stock and people are kept for it until an instant."""

    hold_id: int
    units: int
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldExtended(EnquiryEvent):
    """What is held is kept for longer."""

    hold_id: int
    expires_at: datetime
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldReleased(EnquiryEvent):
    """What was held is free again."""

    hold_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EnquiryOrdered(EnquiryEvent):
    """An order came of it; what was held belongs to the order."""

    order_ids: tuple[int, ...]
    units: int
