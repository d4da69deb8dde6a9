"""The board in plain words: bars, grey stretches, what unassigned work needs, and how many things clash."""

from collections.abc import Mapping
from datetime import date, datetime
from zoneinfo import ZoneInfo

from flask_babel import gettext as _
from flask_babel import ngettext

from concierge.catalogue.states import VisitKind
from concierge.dispatch.plan import Bar, Booked, clock_changes
from concierge.dispatch.queries import Unassigned
from concierge.platform.words import clock_time, day, in_words, listed, localized
from concierge.visits import words

HALF_DAY = 4 * 60
DAY = 8 * 60


def kinds() -> Mapping[VisitKind, str]:
    """What somebody comes for, in a word."""
    return {
        VisitKind.SITE_SURVEY: _("Site survey"),
        VisitKind.DELIVERY: _("Delivery"),
        VisitKind.INSTALL: _("Installation"),
        VisitKind.TRAINING: _("Training"),
        VisitKind.REMOTE_CALL: _("Remote call"),
    }


def looks() -> Mapping[str, str]:
    """The state of a visit in a word, by how it looks on the board."""
    return {
        "draft": _("draft"),
        "planned": _("tentative"),
        "sure": _("confirmed"),
        "accepted": _("accepted"),
        "under": _("under way"),
        "done": _("complete"),
        "short": _("not finished"),
        "asks": _("waits for a decision"),
    }


def gaps() -> Mapping[str, str]:
    """What takes somebody, in a word, by the kind of the grey stretch."""
    return {
        "leave": _("Leave"),
        "sick": _("Sick"),
        "travel": _("Travel"),
        "training": _("Training"),
        "own": _("Own calendar"),
        "held": _("Held for a customer"),
        "call": _("On call"),
        "way": _("On the way"),
    }


class Telling:
    """Says a board's bars to one reader; what is the same in many of them is put into words once."""

    def __init__(self, zone: str) -> None:
        self._zone, self._here = zone, ZoneInfo(zone)
        self._kinds, self._looks = kinds(), looks()
        self._days: dict[date, str] = {}
        self._clocks: dict[tuple[int, int], str] = {}
        self._lengths: dict[int, str] = {}
        self._yours = _("%(span)s your time")

    def lines(self, bar: Bar) -> tuple[str, str]:
        """What stands in a bar: whose visit it is, and what for."""
        kind = self._kinds[bar.booked.kind]
        if bar.days == 1:
            return bar.booked.account, kind
        length = self._lengths.get(bar.days)
        if length is None:
            length = self._lengths[bar.days] = ngettext("%(num)s day", "%(num)s days", bar.days)
        return bar.booked.account, f"{kind}, {length}"

    def about(self, bar: Bar) -> str:
        """Whose visit it is and what it is called."""
        return f"{bar.booked.account}: {bar.booked.title}"

    def against(self, bar: Bar, *others: Bar) -> str:
        """What stands against it, and why it is done all the same; empty when nothing does.

        :param others: the same visit in the rows of others who go.
        """
        rules = dict.fromkeys(each for one in (bar, *others) for each in one.against)
        said = [words.broken(each, zone=bar.booked.zone) for each in rules]
        if reasons := dict.fromkeys(each.reason for each in rules if each.reason):
            said.append(_("They go all the same: %(reason)s", reason=" ".join(map(in_words, reasons))))
        return " ".join(said)

    def state(self, bar: Bar) -> str:
        """How certain it is, and what somebody has to decide."""
        decide = bar.booked.needs_decision.rstrip(".")
        return f"{self._looks[bar.look]}. {decide}" if decide else self._looks[bar.look]

    def when(self, one: Booked) -> str:
        """When it is by the clock of the site, and of the reader where that shows another time."""
        there = self.span(one.starts_local, one.ends_local)
        said = f"{there}, {one.city}" if one.city else there
        if one.zone == self._zone:
            return said
        starts = one.starts_at.astimezone(self._here).replace(tzinfo=None)
        if starts == one.starts_local:
            return said
        ends = one.ends_at.astimezone(self._here).replace(tzinfo=None)
        return f"{said} ({self._yours % {'span': self.span(starts, ends, besides=one.starts_local.date())}})"

    def span(self, starts: datetime, ends: datetime, besides: date | None = None) -> str:
        """From when to when, without a day that has been said."""
        first, last = starts.date(), ends.date()
        if first == last:
            clocks = f"{self._clock(starts)}–{self._clock(ends)}"
            return clocks if first == besides else f"{self._day(first)}, {clocks}"
        return f"{self._day(first)} {self._clock(starts)} – {self._day(last)} {self._clock(ends)}"

    def _day(self, on: date) -> str:
        found = self._days.get(on)
        if found is None:
            found = self._days[on] = day(on)
        return found

    def _clock(self, wall: datetime) -> str:
        key = wall.hour, wall.minute
        found = self._clocks.get(key)
        if found is None:
            found = self._clocks[key] = clock_time(wall)
        return found


def heading(clashes: int, unassigned: int) -> str:
    """What is wrong, counted: "One clash, two visits without an engineer"."""
    said = []
    if clashes:
        said.append(ngettext("One clash", "%(count)s clashes", clashes, count=_number(clashes)))
    if unassigned:
        said.append(
            ngettext(
                "one visit without an engineer",
                "%(count)s visits without an engineer",
                unassigned,
                count=_number(unassigned),
            )
        )
    found = ", ".join(said) if said else _("No clash, and somebody for every visit")
    return found[:1].upper() + found[1:]


def _number(count: int) -> str:
    small = (_("no"), _("one"), _("two"), _("three"), _("four"), _("five"), _("six"), _("seven"), _("eight"))
    return (*small, _("nine"))[count] if count < 10 else str(count)


def lasts(minutes: int) -> str:
    """How long work takes: "½ day", "2 days", "2½ days", in days of eight hours; less in hours."""
    halves = -(-minutes // HALF_DAY)
    if minutes < HALF_DAY:
        return ngettext("%(num)s hour", "%(num)s hours", -(-minutes // 60))
    if halves == 1:
        return _("½ day")
    if halves % 2:
        return _("%(count)s½ days", count=halves // 2)
    return ngettext("%(num)s day", "%(num)s days", halves // 2)


def work(one: Unassigned) -> str:
    """What is to be done and for how long: "Install the spectrometer, 2 days"."""
    title = localized(one.titles) or one.title
    if one.starts_local is not None and one.ends_local is not None:
        days = (one.ends_local.date() - one.starts_local.date()).days + 1
        minutes = int((one.ends_local - one.starts_local).total_seconds()) // 60
        return f"{title}, {lasts(days * DAY if days > 1 else minutes)}"
    return f"{title}, {lasts(one.minutes or DAY)}"


def needs(one: Unassigned) -> str:
    """What somebody has to bring who does it: "2 people certified for “ms”, level 3"."""
    said = []
    if one.missing > 1:
        said.append(ngettext("%(num)s person", "%(num)s people", one.missing))
    elif one.user_ids:
        said.append(_("one more"))
    if one.skill:
        said.append(
            _("“%(skill)s”, level %(level)s", skill=one.skill, level=one.level)
            if one.level > 1
            else _("“%(skill)s”", skill=one.skill)
        )
    if one.needs_customer:
        said.append(_("the customer’s people"))
    return _("Needs %(what)s", what=listed(said)) if said else ""


def due(one: Unassigned, today: date) -> tuple[str, str]:
    """By when it should be done, in words and as a state."""
    if one.is_held:
        return _("The project is on hold"), "idle"
    if one.deadline_on is None:
        return _("No deadline"), "idle"
    words_of = _("Promised for %(day)s") if one.is_promised else _("Planned for %(day)s")
    left = (one.deadline_on - today).days
    state = "bad" if left < 0 else "warn" if left < 14 else "idle"
    return words_of % {"day": day(one.deadline_on)}, state


def when_planned(one: Unassigned) -> str:
    """When the visit is that needs somebody more; empty for work that has none."""
    if one.starts_local is None or one.ends_local is None:
        return ""
    return Telling(one.zone).span(one.starts_local, one.ends_local)


def clock_notes(zones: frozenset[str], first: date, last: date) -> tuple[str, ...]:
    """Where clocks change on the days shown: "On Sun 25 Oct clocks in Zurich and London go back by an hour."."""
    found: dict[tuple[date, int], list[str]] = {}
    for zone, on, minutes in clock_changes(zones, first, last):
        found.setdefault((on, minutes), []).append(zone.rpartition("/")[2].replace("_", " "))
    return tuple(
        _("On %(day)s clocks go forward by %(length)s in %(places)s.", **about)
        if minutes > 0
        else _("On %(day)s clocks go back by %(length)s in %(places)s.", **about)
        for (on, minutes), places in sorted(found.items())
        for about in [{"day": day(on), "length": _length(abs(minutes)), "places": listed(places)}]
    )


def _length(minutes: int) -> str:
    return _("an hour") if minutes == 60 else ngettext("%(num)s minute", "%(num)s minutes", minutes)
