"""What is said of an installed unit."""

from enum import Enum


class AssetState(Enum):
    """Whether a unit is on its way, runs, or is gone."""

    EXPECTED = "expected"
    INSTALLED = "installed"
    REMOVED = "removed"
