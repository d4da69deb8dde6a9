"""A person's visits as their pages show them: phases, hours on both clocks, and the line of each day."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from flask_babel import gettext as _
from flask_babel import ngettext

from concierge.fieldwork.protocol import StepData, VisitData
from concierge.platform.words import clock_time, span
from concierge.platform.words import day as day_in_words
from concierge.visits.states import OVER, VisitState

HALF_HOUR = timedelta(minutes=30)
SHORTEST_STAY, LONGEST_STAY = 4, 12
LONGEST_WAY, LONGEST_GAP = 4, 3
"""In steps of the line; half an hour each, and longer ones are cut, so that a day fits on a phone."""
_PHASES = {VisitState.ON_ROUTE: "on route", VisitState.IN_PROGRESS: "in progress"}
_TONES = {"coming": "idle", "on route": "go", "in progress": "go", "over": "ok", "cancelled": "idle"}


@dataclass(frozen=True, slots=True)
class Stop:
    """One visit on somebody's way."""

    visit: VisitData
    starts: datetime
    ends: datetime
    """Aware, in the person's own zone."""
    phase: str
    """``coming``, ``on route``, ``in progress``, ``over`` or ``cancelled``."""
    own: str
    """The same hours on the person's own clock, in words; empty where it shows the same as the site's."""

    @property
    def tone(self) -> str:
        """The colour of its phase."""
        return "warn" if self.visit["state"] == VisitState.INCOMPLETE.value else _TONES[self.phase]

    @property
    def steps_said(self) -> str:
        """How many of its steps are done."""
        steps = self.visit["steps"]
        done = sum(_is_done(step, self.visit) for step in steps)
        return ngettext("%(done)s of %(num)s step", "%(done)s of %(num)s steps", len(steps), done=done)

    @property
    def open_said(self) -> str:
        """What is still to do before one can call it done; empty when nothing is."""
        lacking = [
            step for step in self.visit["steps"] if step["required"] and not _is_done(step, self.visit)
        ]
        if not lacking:
            return ""
        return ngettext("1 step is still open.", "%(num)s steps are still open.", len(lacking))


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a day's line, from top to bottom."""

    kind: str
    """``stay``, ``way`` or ``free``."""
    starts: datetime
    ends: datetime
    length: int
    """Steps that it takes in the picture, at least 1."""
    now: int | None = None
    """Tenths of it that are over, while it is now."""
    words: str = ""
    stop: Stop | None = None


@dataclass(frozen=True, slots=True)
class Day:
    """One day by the person's own clock."""

    on: date
    stops: Sequence[Stop]
    pieces: Sequence[Piece]

    @property
    def iso(self) -> str:
        """Its date, such as 2026-11-22."""
        return self.on.isoformat()

    @property
    def name(self) -> str:
        """Its date in words."""
        return day_in_words(self.on)

    @property
    def sentence(self) -> str:
        """What it holds, as a sentence that stays true while the hours pass."""
        going = [stop for stop in self.stops if stop.phase != "cancelled"]
        if not going:
            return _("No visit today")
        first = going[0]
        if len(going) == 1:
            return _(
                "One visit today: %(site)s, %(time)s",
                site=first.visit["site"]["name"],
                time=first.visit["starts_local"][11:16],
            )
        return ngettext("%(num)s visit today", "%(num)s visits today", len(going))


def stop_of(visit: VisitData, zone: str) -> Stop:
    """Read a visit for somebody who lives in a zone."""
    home = ZoneInfo(zone)
    starts, ends = _instant(visit["starts_at"], home), _instant(visit["ends_at"], home)
    is_same = starts.replace(tzinfo=None).isoformat()[:16] == visit["starts_local"][:16]
    own = "" if is_same else _("%(span)s where you live", span=span(starts, ends))
    return Stop(visit, starts, ends, phase_of(VisitState(visit["state"])), own)


def phase_of(state: VisitState) -> str:
    """How far a visit is for whoever goes."""
    if state is VisitState.CANCELLED:
        return "cancelled"
    return "over" if state in OVER else _PHASES.get(state, "coming")


def days_of(stops: Sequence[Stop], days: Sequence[date], zone: str, *, now: datetime) -> list[Day]:
    """Lay visits out on the days of somebody's own clock; one that lasts several days is on each of them."""
    home = ZoneInfo(zone)
    laid = []
    for on in days:
        from_at = datetime.combine(on, time(), home)
        to_at = datetime.combine(on + timedelta(days=1), time(), home)
        here = [stop for stop in stops if stop.starts < to_at and stop.ends > from_at]
        laid.append(Day(on, here, _pieces(here, from_at, to_at, now=now)))
    return laid


def next_of(stops: Sequence[Stop], *, now: datetime) -> str:
    """The uid of the visit that matters now: under way, else the next that is not over; empty when there is none."""
    for phase in ("in progress", "on route"):
        for stop in stops:
            if stop.phase == phase:
                return stop.visit["uid"]
    return next((stop.visit["uid"] for stop in stops if stop.phase == "coming" and stop.ends > now), "")


def _pieces(stops: Sequence[Stop], from_at: datetime, to_at: datetime, *, now: datetime) -> list[Piece]:
    if not stops:
        return []
    pieces, at = [], from_at
    for stop in stops:
        starts, ends = max(stop.starts, from_at), min(stop.ends, to_at)
        way = stop.visit["way"]
        if way and way["minutes"] and starts == stop.starts and starts > at:
            leaves = max(at, starts - timedelta(minutes=way["minutes"]))
            pieces += _gap(at, leaves, now=now)
            words = _("%(way)s, leave at %(time)s", way=way["words"], time=clock_time(leaves))
            pieces.append(_piece("way", leaves, starts, now=now, most=LONGEST_WAY, least=2, words=words))
        else:
            pieces += _gap(at, starts, now=now)
        pieces.append(
            _piece("stay", starts, ends, now=now, most=LONGEST_STAY, least=SHORTEST_STAY, stop=stop)
        )
        at = max(at, ends)
    return [*pieces, *_gap(at, to_at, now=now)]


def _gap(starts: datetime, ends: datetime, *, now: datetime) -> list[Piece]:
    return [_piece("free", starts, ends, now=now, most=LONGEST_GAP)] if starts < ends else []


def _piece(
    kind: str,
    starts: datetime,
    ends: datetime,
    *,
    now: datetime,
    most: int,
    least: int = 1,
    words: str = "",
    stop: Stop | None = None,
) -> Piece:
    length = min(most, max(least, round((ends - starts) / HALF_HOUR)))
    over = int(10 * (now - starts) / (ends - starts)) if starts <= now < ends else None
    return Piece(kind, starts, ends, length, over, words, stop)


def _is_done(step: StepData, visit: VisitData) -> bool:
    if step["kind"] == "photo":
        return any(photo["step"] == step["key"] for photo in visit["photos"])
    return bool(step["entries"]) and step["entries"][0]["value"] is not False


def _instant(text: str, home: ZoneInfo) -> datetime:
    return datetime.fromisoformat(text).astimezone(home)
