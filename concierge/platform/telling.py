"""Events in words, on whichever page: what happened spans slices, so the top one says it."""

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from flask import Flask, current_app

from concierge.platform.events import RecordedEvent

Tell: TypeAlias = Callable[[str, Mapping[str, Any]], str]  # Any: plain values as they were recorded


def register(app: Flask, tell: Tell) -> None:
    """Hand the function that puts an event into words to the application."""
    app.extensions["concierge.tell"] = tell


def told(row: RecordedEvent) -> str:
    """What happened, to stand after the name of who did it: "finished Delivery on 3 Mar"."""
    tell: Tell = current_app.extensions["concierge.tell"]
    return tell(row.name, row.payload)
