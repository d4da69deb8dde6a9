"""What happened to the catalogue."""

from dataclasses import dataclass

from concierge.platform.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductAdded(Event):
    """Something new can be sold."""

    product_id: int
    name: str


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
