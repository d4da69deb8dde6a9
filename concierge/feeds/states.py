"""The words of calendars that are subscribed to: what they show, of whom, and whether an address still gives data."""

from enum import Enum


class FeedState(Enum):
    """Whether an address still gives data."""

    ACTIVE = "active"
    REVOKED = "revoked"


class Shows(Enum):
    """What a calendar is made of."""

    VISITS = "visits"
    MILESTONES = "milestones"
    ON_CALL = "on call"
    FREE_BUSY = "free/busy"


class Scope(Enum):
    """Of whom or what a calendar tells; the key beside it is an id, or a team's name (empty: all teams)."""

    PERSON = "person"
    TEAM = "team"
    PROJECT = "project"
    SITE = "site"


class Subject(Enum):
    """What one entry tells of."""

    VISIT = "visit"
    MILESTONE = "milestone"
    TURN = "turn"


OFFERED: dict[Shows, frozenset[Scope]] = {
    Shows.VISITS: frozenset(Scope),
    Shows.MILESTONES: frozenset({Scope.PERSON, Scope.PROJECT, Scope.SITE}),
    Shows.ON_CALL: frozenset({Scope.PERSON, Scope.TEAM}),
    Shows.FREE_BUSY: frozenset({Scope.PERSON}),
}
"""Which calendars there are. A person's milestones are those of the projects that are theirs."""

CANCELLED_DAYS = (0, 7, 30)
"""How long cancelled entries may stay, in days."""
HORIZONS = (60, 180, 400)
"""How far ahead a calendar may reach, in days."""
