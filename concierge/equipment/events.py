"""What happened to units of the installed base."""

from dataclasses import dataclass
from datetime import date

from concierge.platform.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetEvent(Event):
    """Something that happened to one unit; ``name`` and ``serial`` are those it has afterwards."""

    asset_id: int
    account_id: int
    name: str
    serial: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class EquipmentExpected(Event):
    """Units of an order are on their way, or no longer: how many more stand in the base, how many were taken out."""

    order_id: int
    added: int = 0
    taken_out: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetAdded(AssetEvent):
    """A unit that stood there already was entered or imported."""

    site_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetChanged(AssetEvent):
    """What is known of a unit changed; ``changed`` names the fields, with the serial number before."""

    changed: tuple[str, ...]
    serial_before: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetMoved(AssetEvent):
    """A unit stands at another site of its owner."""

    site_before_id: int
    site_id: int
    site_before: str
    site: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetRemoved(AssetEvent):
    """A unit is gone."""

    removed_on: date
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClocksStarted(AssetEvent):
    """A unit runs: its warranty and the days for its introduction count from now on."""

    installed_on: date
    warranty_to: date
    training_to: date
