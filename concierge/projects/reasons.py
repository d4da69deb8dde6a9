"""Why dates came to be what they are, kept so that each reader is told in their own language."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import Enum
from typing import Any, Protocol

from flask_babel import gettext as _

from concierge.platform.words import localized, told_day

LONGEST_SAID = 500


class Because(Enum):
    """What let dates change; words that somebody said about it are kept beside it."""

    ORDER_PLANNED = "order planned"
    ORDER_CHANGED = "order changed"
    LINE_MATCHED = "line matched"
    ORDER_ASKS = "order asks"
    APPROVED = "approved"
    PROMISED = "promised"
    AGREED = "agreed"
    MOVED = "moved"
    SPLIT = "split"
    JOINED = "joined"
    LEFT_OUT = "left out"
    TAKEN_IN_AGAIN = "taken in again"
    SHAPED = "shaped"
    GO_LIVE_REQUIRED = "go-live required"
    GO_LIVE_FREE = "go-live free"
    PLAYBOOK_ADOPTED = "playbook adopted"
    TAKEN_OVER = "taken over"
    SHEET_SAYS = "sheet says"
    SHEET_FINISHED = "sheet finished"
    HELD = "held"
    RESUME_EXPECTED = "resume expected"
    RESUME_UNKNOWN = "resume unknown"
    RESUMED = "resumed"
    BLOCKED = "blocked"
    UNBLOCKED = "unblocked"
    STARTED = "started"
    FINISHED = "finished"
    REOPENED = "reopened"
    WORKING_DAYS = "working days"
    UNDONE = "undone"
    AFTER_UNDOING = "after undoing"
    DAY_PASSED = "day passed"


@dataclass(frozen=True, slots=True)
class Reason:
    """What let dates change, about which milestone, day or thing, and what a person said to it.

    ``because`` None: there are only the words, those of a person or of a release that kept English sentences.
    """

    because: Because | None = None
    milestone: Mapping[str, str] | None = None
    """Its name by language."""
    on: date | None = None
    name: str = ""
    """Of a document, a playbook or a calendar."""
    number: int | None = None
    said: str = ""

    @property
    def about(self) -> dict[str, Any] | None:  # Any: JSON values
        """The values besides the words, as plain ones; None: there are none."""
        values: dict[str, Any] = {}
        if self.milestone:
            values["milestone"] = dict(self.milestone)
        if self.on:
            values["on"] = self.on.isoformat()
        if self.name:
            values["name"] = self.name
        if self.number is not None:
            values["number"] = self.number
        return values or None

    @property
    def columns(self) -> dict[str, Any]:
        """Its columns in the history of dates."""
        return {"why": self.said[:LONGEST_SAID], "because": self.because, "about": self.about}

    def as_json(self) -> dict[str, Any]:
        """As an event carries it; ``words_of_json`` reads it."""
        because = self.because.value if self.because else ""
        return {"because": because, "about": self.about or {}, "said": self.said}


class Kept(Protocol):
    """A row of the history of dates."""

    why: Any
    because: Any
    about: Any


def words_of_row(row: Kept) -> str:
    """Why a row of the history of dates was written, in the reader's language; empty: it followed the plan."""
    return _words(row.because, row.about or {}, row.why)


def words_of_json(told: Mapping[str, Any] | None) -> str:
    """A reason that an event carries, in the reader's language; empty: it carries none."""
    told = told or {}
    known = {one.value: one for one in Because}
    return _words(known.get(str(told.get("because"))), told.get("about") or {}, str(told.get("said") or ""))


def words(reason: Reason) -> str:
    """A reason in the reader's language."""
    return _words(reason.because, reason.about or {}, reason.said)


def _words(because: Because | None, about: Mapping[str, Any], said: str) -> str:
    sentence = _sentence(because, about) if because else ""
    return f"{sentence} {said}".strip()


def _sentence(because: Because, about: Mapping[str, Any]) -> str:
    milestone, name = localized(about.get("milestone")), str(about.get("name") or "")
    on, number = told_day(about.get("on")), about.get("number")
    match because:
        case Because.ORDER_PLANNED:
            return _("The order was planned.")
        case Because.ORDER_CHANGED:
            return _("The order was changed by document %(number)s.", number=name)
        case Because.LINE_MATCHED:
            return _("A line of the order was matched to the catalogue.")
        case Because.ORDER_ASKS:
            return _("The order asks for these dates.")
        case Because.APPROVED:
            return _("The plan was approved.")
        case Because.GO_LIVE_REQUIRED:
            return _("Go-live is required by %(on)s.", on=on)
        case Because.GO_LIVE_FREE:
            return _("No go-live is required any more.")
        case Because.PLAYBOOK_ADOPTED:
            return _("Version %(number)s of the playbook %(name)s was taken over.", number=number, name=name)
        case Because.TAKEN_OVER:
            return _("Taken over from another system.")
        case Because.SHEET_SAYS:
            return _("The other system says something new.")
        case Because.SHEET_FINISHED:
            return _("Finished, as the other system says.")
        case Because.WORKING_DAYS:
            return _("Working days were changed: %(change)s.", change=name)
        case Because.UNDONE:
            return _("An act was taken back.")
        case Because.AFTER_UNDOING:
            return _("The plan went on while an act was taken back.")
        case Because.DAY_PASSED:
            return _("Another day has passed.")
    return _of_hold(because, on) or _of_milestone(because, milestone)


def _of_hold(because: Because, on: str) -> str:
    match because:
        case Because.HELD:
            return _("The project was put on hold.")
        case Because.RESUME_EXPECTED:
            return _("Work is expected to go on on %(on)s.", on=on)
        case Because.RESUME_UNKNOWN:
            return _("Nobody knows when work goes on.")
        case Because.RESUMED:
            return _("The project goes on after its hold.")
    return ""


def _of_milestone(because: Because, milestone: str) -> str:
    match because:
        case Because.MOVED:
            return _("%(milestone)s was moved.", milestone=milestone)
        case Because.SPLIT:
            return _("%(milestone)s was split in two.", milestone=milestone)
        case Because.JOINED:
            return _("%(milestone)s joined the plan.", milestone=milestone)
        case Because.LEFT_OUT:
            return _("%(milestone)s was left out.", milestone=milestone)
        case Because.TAKEN_IN_AGAIN:
            return _("%(milestone)s was taken in again.", milestone=milestone)
        case Because.SHAPED:
            return _("The plan of %(milestone)s was changed.", milestone=milestone)
        case Because.BLOCKED:
            return _("%(milestone)s was blocked.", milestone=milestone)
        case Because.UNBLOCKED:
            return _("What blocked %(milestone)s is gone.", milestone=milestone)
        case Because.STARTED:
            return _("%(milestone)s was started.", milestone=milestone)
        case Because.FINISHED:
            return _("%(milestone)s was finished.", milestone=milestone)
        case Because.REOPENED:
            return _("%(milestone)s was reopened.", milestone=milestone)
    return ""
