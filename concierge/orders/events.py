"""What happened to orders."""

from dataclasses import dataclass
from datetime import date

from concierge.platform.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderReceived(Event):
    """An order came in for the first time; it becomes a project."""

    order_id: int
    number: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderChanged(Event):
    """A change document updated an order's lines or dates; its project gets a proposal."""

    order_id: int
    number: str
    document_id: int
    requested_from: date | None
    requested_to: date | None
    lines_added: int = 0
    lines_changed: int = 0
    lines_removed: int = 0
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderCancellationReceived(Event):
    """The buyer asks to cancel; its project gets a proposal."""

    order_id: int
    number: str
    document_id: int
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderLineMatched(Event):
    """A line was matched to a product by hand."""

    order_id: int
    line_id: int
    product_id: int
