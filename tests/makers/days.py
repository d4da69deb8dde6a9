"""Days written with their weekday, so that a reader sees what a test is about."""

from datetime import date, datetime


def on(text: str) -> date:
    """Read a day such as `Tue 2026-03-17`, and refuse one whose weekday is wrong."""
    weekday, _, day = text.partition(" ")
    parsed = date.fromisoformat(day)
    assert parsed.strftime("%a") == weekday, f"{day} is a {parsed:%a}, not a {weekday}"
    return parsed


def at(text: str) -> datetime:
    """Read an instant with its offset, such as `Tue 2026-03-17 09:00+00:00`."""
    weekday, _, instant = text.partition(" ")
    parsed = datetime.fromisoformat(instant)
    assert parsed.tzinfo is not None, f"{text} needs an offset"
    assert parsed.strftime("%a") == weekday, f"{instant} is a {parsed:%a}, not a {weekday}"
    return parsed


def said(day: date) -> str:
    """Write a day the way `on` reads it."""
    return f"{day:%a %Y-%m-%d}"
