"""What happened to calendar addresses."""

from dataclasses import dataclass

from concierge.platform.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressEvent(Event):
    """Something that happened to one address: a person's, or that of a customer's contact."""

    feed_id: int
    user_id: int | None
    contact_id: int | None = None
    device: str = ""
    """What its owner calls it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressCreated(AddressEvent):
    """Somebody got a secret calendar address."""

    calendar: str = ""
    """What it shows, in English words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressRotated(AddressEvent):
    """The old address gives a notice only; a new one took its place."""

    new_feed_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressRevoked(AddressEvent):
    """The address gives a notice only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressRenamed(AddressEvent):
    """The device that uses an address is called otherwise."""

    device_before: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressChosen(AddressEvent):
    """The same address shows something else, or shows it otherwise, from now on; in English words."""

    before: str
    after: str
