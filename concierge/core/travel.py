"""How long it takes to get somewhere: an estimate from door to door, good enough to refuse what cannot be done.

Times are minutes by the fastest usual way for the distance. Where a place is not known to the degree, the answer
is an assumption and says so. Nothing here knows timetables: a person may note the true time of a way instead.
"""

import re
from dataclasses import dataclass
from enum import Enum
from math import asin, ceil, cos, radians, sin, sqrt

EARTH_KM = 6371.0
"""Mean radius (IUGG)."""
DETOUR = 1.25
"""Roads and rails are longer than the straight line."""
QUARTER = 15
"""Estimates are rounded up to so many minutes."""


_DEGREES = re.compile(
    r"(?:geo:)?\s*([+-]?\d{1,2}(?:\.\d{1,8})?)\s*[,; ]\s*([+-]?\d{1,3}(?:\.\d{1,8})?)\s*", re.ASCII
)


class By(Enum):
    """The usual way to cover a distance."""

    CAR = "car"
    TRAIN = "train"
    PLANE = "plane"


@dataclass(frozen=True, slots=True)
class Spot:
    """Where something is: city and country for people, decimal degrees (WGS 84) for the estimate.

    :raises ValueError: when only one of the degrees is given, or one lies outside the Earth.
    """

    country: str
    """ISO 3166-1 alpha-2."""
    city: str = ""
    latitude: float | None = None
    longitude: float | None = None
    name: str = ""
    """Which place in the city, so that two without degrees are not taken for one."""

    def __post_init__(self) -> None:
        if (self.latitude is None) != (self.longitude is None):
            raise ValueError("A place needs both degrees or none. Give latitude and longitude.")
        if self.latitude is not None and not -90 <= self.latitude <= 90:
            raise ValueError("A latitude lies between -90 and 90 degrees.")
        if self.longitude is not None and not -180 <= self.longitude <= 180:
            raise ValueError("A longitude lies between -180 and 180 degrees.")


@dataclass(frozen=True, slots=True)
class Way:
    """Minutes from door to door, by what, and whether they are only assumed."""

    minutes: int
    by: By
    is_assumed: bool = False


@dataclass(frozen=True, slots=True)
class Speed:
    """How fast one travels, up to which distance, and what comes on top at both ends."""

    by: By
    up_to_km: float
    km_per_h: float
    extra_minutes: int


SPEEDS = (
    Speed(By.CAR, 120, 70, 10),
    Speed(By.TRAIN, 700, 130, 45),
    Speed(By.PLANE, float("inf"), 750, 210),
)
SAME_CITY, SAME_COUNTRY, ABROAD = Way(30, By.CAR, True), Way(150, By.TRAIN, True), Way(480, By.PLANE, True)
"""What is assumed where degrees are missing."""


def degrees(text: str) -> tuple[float, float]:
    """Read latitude and longitude as maps write them: ``47.5596, 7.5886``, also after ``geo:`` (RFC 5870).

    :raises ValueError: when it is something else, or lies outside the Earth.
    """
    found = _DEGREES.fullmatch(text.strip())
    if found is None:
        raise ValueError("Degrees are written as two numbers with decimal points, such as 47.5596, 7.5886.")
    spot = Spot("", "", float(found[1]), float(found[2]))
    return float(found[1]), float(spot.longitude or 0.0)


def way(here: Spot, there: Spot) -> Way:
    """Estimate the way between two places; the same both ways, none within one place."""
    if here.name == there.name and here == there and (here.name or here.latitude is not None):
        return Way(0, By.CAR)
    km = distance_km(here, there)
    if km is None:
        if here.country != there.country:
            return ABROAD
        return SAME_CITY if here.city and here.city.casefold() == there.city.casefold() else SAME_COUNTRY
    speed = next(speed for speed in SPEEDS if km <= speed.up_to_km)
    hours = km / speed.km_per_h if speed.by is By.PLANE else km * DETOUR / speed.km_per_h
    return Way(ceil((hours * 60 + speed.extra_minutes) / QUARTER) * QUARTER, speed.by)


def distance_km(here: Spot, there: Spot) -> float | None:
    """Return the great-circle distance (haversine formula); `None` when one place is not known to the degree."""
    if here.latitude is None or here.longitude is None or there.latitude is None or there.longitude is None:
        return None
    north, south = radians(here.latitude), radians(there.latitude)
    apart = radians(there.longitude - here.longitude)
    half = sin((south - north) / 2) ** 2 + cos(north) * cos(south) * sin(apart / 2) ** 2
    return 2 * EARTH_KM * asin(min(1.0, sqrt(half)))
