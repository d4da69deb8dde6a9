"""When somebody is taken, and how firmly, without a word of why: as VFREEBUSY and as JSON."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum

from concierge.feeds import calendar_file, vevent
from concierge.feeds.calendar_file import Window
from concierge.feeds.vevent import Status
from concierge.feeds.words import Told

JSON_TYPE = "application/json"


class Taken(IntEnum):
    """How firmly a time is taken; the firmer counts where two overlap (RFC 5545 §3.2.9)."""

    TENTATIVE = 1
    BUSY = 2
    UNAVAILABLE = 3


WORDS = {Taken.TENTATIVE: "BUSY-TENTATIVE", Taken.BUSY: "BUSY", Taken.UNAVAILABLE: "BUSY-UNAVAILABLE"}


@dataclass(frozen=True, slots=True)
class Period:
    """A stretch of time that is taken."""

    starts_at: datetime
    ends_at: datetime
    taken: Taken


def line_of(told: Told) -> bytes:
    """What is kept of a visit in a free/busy calendar; other bytes as soon as time or firmness differ."""
    taken = Taken.TENTATIVE if told.status is Status.TENTATIVE else Taken.BUSY
    return f"{WORDS[taken]}:{_instant(told.start_at)}/{_instant(told.end_at)}".encode()


def period_of(line: bytes) -> Period:
    """The period that a kept line says."""
    word, _, span = line.decode().partition(":")
    starts, ends = (datetime.strptime(part, "%Y%m%dT%H%M%S%z") for part in span.split("/"))
    return Period(starts, ends, next(taken for taken, name in WORDS.items() if name == word))


def merged(periods: Iterable[Period], *, window: Window) -> tuple[Period, ...]:
    """The periods inside a window, none of which touches another of its kind, or overlaps any."""
    changes: list[tuple[datetime, Taken, int]] = []
    for period in periods:
        starts_at, ends_at = max(period.starts_at, window.week_at), min(period.ends_at, window.to_at)
        if starts_at < ends_at:
            changes += [(starts_at, period.taken, 1), (ends_at, period.taken, -1)]
    counts = dict.fromkeys(Taken, 0)
    found: list[Period] = []
    since: datetime | None = None
    strongest: Taken | None = None
    for at, taken, by in sorted(changes):
        if since is not None and strongest is not None and since < at:
            if found and found[-1].ends_at == since and found[-1].taken is strongest:
                found[-1] = Period(found[-1].starts_at, at, strongest)
            else:
                found.append(Period(since, at, strongest))
        counts[taken] += by
        since = at
        strongest = max((kind for kind, count in counts.items() if count), default=None)
    return tuple(found)


def never_free(window: Window) -> tuple[Period, ...]:
    """What an address that was ended says: nobody is to take its silence for free time."""
    return (Period(window.week_at, window.to_at, Taken.UNAVAILABLE),)


def as_calendar(
    periods: Sequence[Period],
    *,
    label: str,
    title: str,
    language: str,
    window: Window,
    changed_at: datetime,
    comment: str = "",
) -> bytes:
    """A calendar of one VFREEBUSY, the same bytes for the same periods.

    :param comment: what there is to say besides, in a word of ours; nothing that somebody typed.
    """
    lines = [
        "BEGIN:VFREEBUSY",
        f"UID:{label}-busy@concierge",
        f"DTSTAMP:{_instant(max(window.week_at, vevent.whole_second(changed_at)))}",
        f"DTSTART:{_instant(window.week_at)}",
        f"DTEND:{_instant(window.to_at)}",
        *(
            f"FREEBUSY;FBTYPE={WORDS[period.taken]}:{_instant(period.starts_at)}/{_instant(period.ends_at)}"
            for period in periods
        ),
        *((f"COMMENT:{vevent.text(comment).to_ical().decode()}",) if comment else ()),
        "END:VFREEBUSY",
        "",
    ]
    head = calendar_file.header(title=title, language=language)
    return calendar_file.joined(head, ("\r\n".join(lines).encode(),))


def as_json(
    periods: Sequence[Period], *, window: Window, changed_at: datetime, is_ended: bool = False
) -> bytes:
    """The same periods for programs of one's own; `"ended": true` when the address is no longer in use."""
    told = {
        **({"ended": True} if is_ended else {}),
        "from": _iso(window.week_at),
        "to": _iso(window.to_at),
        "changed_at": _iso(changed_at),
        "busy": [
            {
                "from": _iso(period.starts_at),
                "to": _iso(period.ends_at),
                "kind": WORDS[period.taken].lower(),
            }
            for period in periods
        ],
    }
    return json.dumps(told, indent=1).encode() + b"\n"


def _instant(at: datetime) -> str:
    return f"{vevent.whole_second(at):%Y%m%dT%H%M%SZ}"


def _iso(at: datetime) -> str:
    return f"{vevent.whole_second(at):%Y-%m-%dT%H:%M:%SZ}"
