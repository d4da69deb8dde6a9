"""What happened to customers' records."""

from dataclasses import dataclass
from datetime import date

from concierge.platform.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountAdded(Event):
    """A customer was entered."""

    account_id: int
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountRenamed(Event):
    """A customer is called otherwise from now on; calendars that show the name are written again."""

    account_id: int
    name_before: str
    name_after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteAdded(Event):
    """A place of installation was entered."""

    account_id: int
    site_id: int
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteChanged(Event):
    """A site's address, zone, hours or dock notes changed; ``changed`` names the fields."""

    account_id: int
    site_id: int
    name: str
    changed: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactAdded(Event):
    """A customer's person was entered."""

    account_id: int
    contact_id: int
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactChanged(Event):
    """A customer's person changed; ``changed`` names the fields."""

    account_id: int
    contact_id: int
    name: str
    changed: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactAwayEntered(Event):
    """A customer's person is not there on these days, both inclusive."""

    account_id: int
    contact_id: int
    name: str
    first_on: date
    last_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactAwayRemoved(Event):
    """A customer's person is there after all."""

    account_id: int
    contact_id: int
    name: str
    first_on: date
    last_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteHoursSet(Event):
    """We are let into a site at these hours: weekday (Monday is 0), opening and closing as the clock shows them.

    None at all: every day of its country's week, during the site's general access hours.
    """

    account_id: int
    site_id: int
    name: str
    hours: tuple[tuple[int, str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteClosureEntered(Event):
    """A site is shut, or frozen, on these days, both inclusive."""

    account_id: int
    site_id: int
    kind: str
    name: str
    first_on: date
    last_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteClosureChanged(Event):
    """A shutdown or frozen period is called otherwise or lies on other days."""

    account_id: int
    site_id: int
    kind: str
    name: str
    first_on: date
    last_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteClosureRemoved(Event):
    """A shutdown or frozen period does not take place."""

    account_id: int
    site_id: int
    kind: str
    name: str
    first_on: date
    last_on: date
