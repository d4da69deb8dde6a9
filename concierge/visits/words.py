"""Candidates and free times in plain words: who is free, how far away, and otherwise why not."""

from flask_babel import gettext as _

from concierge.core.dispatch import Candidate, Objection, Rule
from concierge.core.travel import By, Way
from concierge.platform.words import clock_time, day, span
from concierge.projects.reasons import words_of_json
from concierge.visits.clocks import wall_time
from concierge.visits.models import Visit, WorkOrder

MOST = 2
"""So many of the rules that somebody would break are named."""


def cancel_words(cancelled: Visit | WorkOrder) -> str:
    """Why a visit or work order was cancelled; empty when nobody said."""
    return words_of_json(cancelled.cancel_because) or cancelled.cancel_reason


def candidate(one: Candidate, *, zone: str, skill: str = "") -> str:
    """Say what speaks for sending somebody: "free · level 3 · 2 h by train · 24 of 40 h booked"; or against it.

    :param zone: of the site, by whose clock times are said.
    :param skill: the certification that is asked for, empty when none is.
    """
    said = [objection(each, zone=zone) for each in one.against[:MOST]] or [_("free")]
    held = one.person.skills.get(skill) if skill else None
    if held is not None and one.is_free:
        said.append(_("level %(level)s", level=held.level))
    if one.ways.there.minutes:
        said.append(way(one.ways.there))
    if one.ways.comes_from:
        said.append(_("coming from “%(visit)s”", visit=one.ways.comes_from))
    if one.person.capacity_minutes:
        hours = {
            "booked": round(one.person.booked_minutes / 60),
            "hours": round(one.person.capacity_minutes / 60),
        }
        said.append(_("%(booked)s of %(hours)s h booked", **hours))
    return " · ".join(said)


def way(one: Way) -> str:
    """Say how far it is: "2 h 30 min by train", with "about" where it is only assumed."""
    hours, minutes = divmod(one.minutes, 60)
    if not hours:
        lasts = _("%(minutes)s min", minutes=minutes)
    elif minutes:
        lasts = _("%(hours)s h %(minutes)s min", hours=hours, minutes=minutes)
    else:
        lasts = _("%(hours)s h", hours=hours)
    match one.by:
        case By.CAR:
            said = _("%(time)s by car", time=lasts)
        case By.TRAIN:
            said = _("%(time)s by train", time=lasts)
        case By.PLANE:
            said = _("%(time)s by plane", time=lasts)
    return _("about %(way)s", way=said) if one.is_assumed else said


def objection(one: Objection, *, zone: str) -> str:
    """Say one rule that stands against somebody, in a few words."""
    starts = wall_time(one.span.from_at, zone)
    ends = wall_time(one.span.to_at or one.span.from_at, zone)
    match one.rule:
        case Rule.SKILL_MISSING:
            return _("not certified for “%(skill)s”", skill=one.words)
        case Rule.SKILL_LEVEL:
            return _("level too low for “%(skill)s”", skill=one.words)
        case Rule.SKILL_EXPIRED:
            return _("certification “%(skill)s” has run out", skill=one.words)
        case Rule.DAY_OFF:
            return _("does not work on %(day)s (%(why)s)", day=day(starts), why=one.words)
        case Rule.HOURS:
            return _("works %(hours)s on %(day)s", day=day(starts), hours=one.words)
        case Rule.LEAVE:
            return _("away until %(time)s", time=f"{day(ends)} {clock_time(ends)}")
        case Rule.VISIT:
            return _("on “%(visit)s”, %(when)s", visit=one.words, when=span(starts, ends))
        case Rule.TRAVEL if one.words:
            return _("no time to travel: “%(visit)s”, %(when)s", visit=one.words, when=span(starts, ends))
        case Rule.TRAVEL:
            return _("no time to travel: own calendar taken %(when)s", when=span(starts, ends))
        case Rule.OWN_CALENDAR:
            return _("own calendar taken %(when)s", when=span(starts, ends))
    return one.words
