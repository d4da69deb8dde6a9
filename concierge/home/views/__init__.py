"""The pages of home, and what the shell around every page shows."""

from concierge.home.views import (
    adopting,
    asides,
    batches,
    calendar_changes,
    calendar_edits,
    calendars,
    finding,
    letters,
    moving,
    project,
    reminding,
    shell,
    styleguide,
    theme,
    today,
    undoing,
)
from concierge.home.views.blueprint import bp

__all__ = [
    "adopting",
    "asides",
    "batches",
    "bp",
    "calendar_changes",
    "calendar_edits",
    "calendars",
    "finding",
    "letters",
    "moving",
    "project",
    "reminding",
    "shell",
    "styleguide",
    "theme",
    "today",
    "undoing",
]
