"""Which time zone a place is in, when only its country and subdivision are known."""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from zoneinfo import ZoneInfo

USUAL_ZONE: Mapping[str, str] = {
    "BR": "America/Sao_Paulo",
    "CA": "America/Toronto",
    "CD": "Africa/Kinshasa",
    "AU": "Australia/Sydney",
    "KZ": "Asia/Almaty",
    "MN": "Asia/Ulaanbaatar",
    "PF": "Pacific/Tahiti",
    "RU": "Europe/Moscow",
    "UA": "Europe/Kyiv",
    "US": "America/New_York",
}
"""The zone of most people, for countries where the table does not begin with it."""

_BY_ZONE: Mapping[str, str] = {
    "America/Chicago": "US AL AR IA IL KS LA MN MO MS ND NE OK SD TN TX WI",
    "America/Denver": "US CO ID MT NM UT WY",
    "America/Phoenix": "US AZ",
    "America/Los_Angeles": "US CA NV OR WA",
    "America/Anchorage": "US AK",
    "Pacific/Honolulu": "US HI",
    "America/Detroit": "US MI",
    "America/Indiana/Indianapolis": "US IN",
    "America/Halifax": "CA NB NS PE",
    "America/St_Johns": "CA NL",
    "America/Winnipeg": "CA MB",
    "America/Regina": "CA SK",
    "America/Edmonton": "CA AB NT",
    "America/Vancouver": "CA BC",
    "America/Whitehorse": "CA YT",
    "Australia/Melbourne": "AU VIC",
    "Australia/Brisbane": "AU QLD",
    "Australia/Adelaide": "AU SA",
    "Australia/Perth": "AU WA",
    "Australia/Hobart": "AU TAS",
    "Australia/Darwin": "AU NT",
    "Atlantic/Canary": "ES CN TF GC",
    "Atlantic/Azores": "PT 20",
    "Atlantic/Madeira": "PT 30",
}
ZONE_OF_SUBDIVISION: Mapping[tuple[str, str], str] = {
    (line.split()[0], part): zone for zone, line in _BY_ZONE.items() for part in line.split()[1:]
}


def zone_of(country: str, subdivision: str = "") -> str:
    """The IANA zone of a place; where a country has several, the one where most people live.

    :param country: ISO 3166-1 alpha-2.
    :param subdivision: ISO 3166-2 without the country; empty when unknown.
    """
    country, subdivision = country.upper(), subdivision.upper().removeprefix(f"{country.upper()}-")
    known = ZONE_OF_SUBDIVISION.get((country, subdivision)) or USUAL_ZONE.get(country)
    return known or next((zone for place, zone in _table() if place == country), "UTC")


def zones() -> tuple[str, ...]:
    """Every zone where people live, by name, for a list to choose from."""
    return tuple(sorted({zone for _, zone in _table()} | {"UTC"}))


def is_zone(name: str) -> bool:
    """Whether this is the name of a time zone."""
    try:
        ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        return False
    return True


@cache
def _table() -> tuple[tuple[str, str], ...]:
    text = files("tzdata").joinpath("zoneinfo/zone.tab").read_text(encoding="utf-8")
    rows = (line.split("\t") for line in text.splitlines() if line and not line.startswith("#"))
    return tuple((row[0], row[2]) for row in rows)
