"""What happened to calendar addresses."""

from dataclasses import dataclass

from concierge.platform.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressCreated(Event):
    """A person got a secret calendar address."""

    feed_id: int
    user_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressRotated(Event):
    """The old address gives a notice only; a new one took its place."""

    feed_id: int
    new_feed_id: int
    user_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressRevoked(Event):
    """The address gives a notice only."""

    feed_id: int
    user_id: int
