"""What happened to the catalogue."""

from dataclasses import dataclass
from typing import Any

from concierge.platform.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductAdded(Event):
    """Something new can be sold."""

    product_id: int
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WarrantySet(Event):
    """From now on units of a product are under warranty so many months; of what is no instrument: so many more."""

    product_id: int
    name: str
    months_before: int
    months: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AliasAdded(Event):
    """From now on order lines that use this name mean this product."""

    product_id: int
    scheme: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaybookPublished(Event):
    """A version of a playbook was frozen and is used for new projects."""

    playbook_id: int
    version_id: int
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaybookDrafted(Event):
    """The next version of a playbook was begun."""

    playbook_id: int
    version_id: int
    number: int
    source: str
    """What it began as: ``version 2``, ``file`` or ``nothing``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaybookEdited(Event):
    """Something in a draft was added, changed, moved or removed."""

    playbook_id: int
    version_id: int
    collection: str
    """``milestones``, ``items``, ``messages``, ``fields`` or ``courses``; ``about`` for name and note."""
    key: str
    act: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaybookPutBack(Event):
    """What a person did to a draft was taken back, or done again: it is as it was."""

    act: str
    undone: str
    """Name of the event that told of it, and in ``told`` what it said."""
    told: dict[str, Any]
    is_again: bool = False
    """Whether the taking back was taken back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaybookDiscarded(Event):
    """A draft was thrown away; the published versions stay."""

    playbook_id: int
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaybookChosen(Event):
    """From now on orders of an instrument are planned by another playbook."""

    product_id: int
    playbook_id: int
    playbook_before_id: int | None
