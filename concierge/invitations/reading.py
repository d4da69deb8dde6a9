"""What an answer by mail says, read in a child process (`mail_reader.py`) that can hurt nobody.

Everything here is what the message claims; `actions/taking.py` says what of it is believed.
"""

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

MIB = 1024 * 1024
SECONDS = 10
"""Seconds, by the clock and of the processor, that one message may take."""
MEMORY_BYTES = 512 * MIB
LARGEST_ANSWER = MIB
UNREADABLE = "It could not be read within its time and memory."

_READER = Path(__file__).with_name("mail_reader.py")
_KEPT = ("PATH", "SYSTEMROOT")


@dataclass(frozen=True, slots=True, kw_only=True)
class Attendee:
    """Somebody that a calendar names; addresses are lower case, without ``mailto:``."""

    address: str
    partstat: str = ""
    name: str = ""
    sent_by: str = ""
    delegated_to: tuple[str, ...] = ()
    delegated_from: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarPart:
    """The one appointment that a message is about."""

    method: str
    uid: str
    sequence: int = 0
    stamped_at: datetime | None = None
    organizer: str = ""
    attendees: tuple[Attendee, ...] = ()
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    comment: str = ""
    request_status: str = ""
    summary: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounce:
    """A mail server's report on a letter (RFC 3464)."""

    failed: bool
    """Whether it gave up; not, when it only tells of a delay."""
    why: str = ""
    recipients: tuple[str, ...] = ()
    message_ids: tuple[str, ...] = ()
    """Of the letter that came back."""
    addresses: tuple[str, ...] = ()
    """Whose letter it was: the sender's addresses in it, one of which is secret."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """All that is asked of a message."""

    sender: str = ""
    """The one address in From; empty when there is none or several."""
    reply_to: str = ""
    recipients: tuple[str, ...] = ()
    subject: str = ""
    auto_submitted: str = ""
    authentication_results: str = ""
    """The topmost header of that name, as it is."""
    text: str = ""
    calendar: CalendarPart | None = None
    problem: str = ""
    """Why there is a calendar and none could be read."""
    bounce: Bounce | None = None

    @property
    def is_automatic(self) -> bool:
        """Whether a machine answered by itself (RFC 3834)."""
        return self.auto_submitted not in {"", "no"}


def read(data: bytes) -> Reading:
    """Read a message; one that cannot be read is a reading with a problem."""
    with tempfile.TemporaryDirectory(prefix="concierge-mail-", ignore_cleanup_errors=True) as folder:
        child = subprocess.Popen(  # noqa: S603 - this very Python on a file of ours
            [sys.executable, "-P", str(_READER), str(MEMORY_BYTES), str(SECONDS)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={name: os.environ[name] for name in _KEPT if name in os.environ}
            | {"HOME": folder, "TMPDIR": folder, "LANG": "C.UTF-8", "PYTHONUTF8": "1", "TZ": "UTC"}
            | {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONWARNINGS": "ignore"},
            cwd=folder,
            start_new_session=True,
        )
        try:
            said, _ = child.communicate(data, timeout=SECONDS)
        except subprocess.TimeoutExpired:
            return Reading(problem=UNREADABLE)
        finally:
            child.kill()
            child.communicate()
    try:
        return _reading(json.loads(said[:LARGEST_ANSWER]))
    except (ValueError, TypeError, KeyError, AttributeError):
        return Reading(problem=UNREADABLE)


def _reading(told: dict[str, Any]) -> Reading:  # Any: what JSON holds
    calendar, bounce = told.pop("calendar"), told.pop("bounce")
    recipients = tuple(told.pop("recipients"))
    return Reading(
        **told,
        recipients=recipients,
        calendar=_calendar(calendar) if calendar else None,
        bounce=Bounce(**{name: _frozen(value) for name, value in bounce.items()}) if bounce else None,
    )


def _calendar(told: dict[str, Any]) -> CalendarPart:  # Any: as above
    people = told.pop("attendees")
    stamped_at, starts_at, ends_at = (
        _instant(told.pop(name)) for name in ("stamped_at", "starts_at", "ends_at")
    )
    return CalendarPart(
        **told,
        stamped_at=stamped_at,
        starts_at=starts_at,
        ends_at=ends_at,
        attendees=tuple(Attendee(**{name: _frozen(value) for name, value in one.items()}) for one in people),
    )


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _frozen(value: Any) -> Any:  # Any: as above
    return tuple(value) if isinstance(value, list) else value
