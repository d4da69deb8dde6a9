"""Why dates came to be what they are, kept so that each reader is told in their own language."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import Enum
from typing import Any, Protocol

from flask_babel import lazy_gettext as _l

from concierge.platform.words import localized, told_day

LONGEST_SAID = 500


class Because(Enum):
    """What let dates change; words that somebody said about it are kept beside it."""

    ORDER_PLANNED = "order planned"
    ORDER_CHANGED = "order changed"
    LINE_MATCHED = "line matched"
    ORDER_ASKS = "order asks"
    ORDER_CANCELLED = "order cancelled"
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
    PLAYBOOK_WITHOUT = "playbook without"
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
    WORKING_DAYS_BACK = "working days back"
    UNDONE = "undone"
    AFTER_UNDOING = "after undoing"
    DAY_PASSED = "day passed"


_KNOWN = {one.value: one for one in Because}


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
        """As an event or another slice's row carries it; ``words_of_json`` reads it."""
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
    return _words(_KNOWN.get(str(told.get("because"))), told.get("about") or {}, str(told.get("said") or ""))


def reason_of(said: str | Reason) -> Reason:
    """A reason as it is, or what a person said as one."""
    return said if isinstance(said, Reason) else Reason(said=said)


def reason_of_json(told: Mapping[str, Any], said: str) -> Reason:
    """A reason that an event carries; of one that carries none, what was said."""
    about = told.get("about") or {}
    on = about.get("on")
    return Reason(
        _KNOWN.get(str(told.get("because"))),
        about.get("milestone"),
        date.fromisoformat(on) if on else None,
        name=str(about.get("name") or ""),
        number=about.get("number"),
        said=str(told.get("said") or said),
    )


def words(reason: Reason) -> str:
    """A reason in the reader's language."""
    return _words(reason.because, reason.about or {}, reason.said)


def _words(because: Because | None, about: Mapping[str, Any], said: str) -> str:
    sentence = ""
    if because in _SENTENCES:
        sentence = str(_SENTENCES[because]) % {
            "milestone": localized(about.get("milestone")),
            "name": about.get("name") or "",
            "number": about.get("number"),
            "on": told_day(about.get("on")),
        }
    return f"{sentence} {said}".strip()


_SENTENCES = {
    Because.ORDER_PLANNED: _l("The order was planned."),
    Because.ORDER_CHANGED: _l("The order was changed by document %(name)s."),
    Because.LINE_MATCHED: _l("A line of the order was matched to the catalogue."),
    Because.ORDER_ASKS: _l("The order asks for these dates."),
    Because.ORDER_CANCELLED: _l("The buyer cancelled the order."),
    Because.APPROVED: _l("The plan was approved."),
    Because.MOVED: _l("%(milestone)s was moved."),
    Because.SPLIT: _l("%(milestone)s was split in two."),
    Because.JOINED: _l("%(milestone)s joined the plan."),
    Because.LEFT_OUT: _l("%(milestone)s was left out."),
    Because.TAKEN_IN_AGAIN: _l("%(milestone)s was taken in again."),
    Because.SHAPED: _l("The plan of %(milestone)s was changed."),
    Because.GO_LIVE_REQUIRED: _l("Go-live is required by %(on)s."),
    Because.GO_LIVE_FREE: _l("No go-live is required any more."),
    Because.PLAYBOOK_ADOPTED: _l("Version %(number)s of the playbook %(name)s was taken over."),
    Because.PLAYBOOK_WITHOUT: _l("Version %(number)s of the playbook %(name)s does without it."),
    Because.TAKEN_OVER: _l("Taken over from another system."),
    Because.SHEET_SAYS: _l("The other system says something new."),
    Because.SHEET_FINISHED: _l("Finished, as the other system says."),
    Because.HELD: _l("The project was put on hold."),
    Because.RESUME_EXPECTED: _l("Work is expected to go on on %(on)s."),
    Because.RESUME_UNKNOWN: _l("Nobody knows when work goes on."),
    Because.RESUMED: _l("The project goes on after its hold."),
    Because.BLOCKED: _l("%(milestone)s was blocked."),
    Because.UNBLOCKED: _l("What blocked %(milestone)s is gone."),
    Because.STARTED: _l("%(milestone)s was started."),
    Because.FINISHED: _l("%(milestone)s was finished."),
    Because.REOPENED: _l("%(milestone)s was reopened."),
    Because.WORKING_DAYS: _l("Working days were changed: %(name)s."),
    Because.WORKING_DAYS_BACK: _l("A change of working days was taken back: %(name)s."),
    Because.UNDONE: _l("An act was taken back."),
    Because.AFTER_UNDOING: _l("The plan went on while an act was taken back."),
    Because.DAY_PASSED: _l("Another day has passed."),
}
"""Those that only say that somebody set a day are not among them: what they said stands alone."""
