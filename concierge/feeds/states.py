"""The states of a calendar address."""

from enum import Enum


class FeedState(Enum):
    """Whether an address still gives data."""

    ACTIVE = "active"
    REVOKED = "revoked"
