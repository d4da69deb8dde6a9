"""What dispatch has to say in plain words: who is free and how far away, and every rule that stands against a visit.

A rule is said in two ways: `objection` in a few words after somebody's name, `sentence` wholly.
"""

from datetime import timedelta

from flask_babel import gettext as _

from concierge.core.dispatch import Candidate, Objection, Rule
from concierge.core.travel import By, Way
from concierge.core.worktime import WEEKDAYS
from concierge.platform.words import clock_time, day, instant, localized, span
from concierge.projects.reasons import words_of_json
from concierge.visits.clocks import wall_time
from concierge.visits.feasibility import Conflict
from concierge.visits.models import BrokenRule, Visit, WorkOrder
from concierge.workforce.states import AbsenceKind

MOST = 2
"""So many of the rules that somebody would break are named."""


def cancel_words(cancelled: Visit | WorkOrder) -> str:
    """Why a visit or work order was cancelled; empty when nobody said."""
    return words_of_json(cancelled.cancel_because) or cancelled.cancel_reason


def to_decide(visit: Visit, language: str | None = None) -> str:
    """Why a person has to decide about a visit, in the reader's language; empty when nothing is open."""
    return localized(visit.decide_words, language) or visit.needs_decision


def candidate(one: Candidate, *, zone: str, skill: str = "") -> str:
    """Say what speaks for sending somebody: "free · level 3 · 2 h by train · 24 of 40 h booked"; or against it.

    :param zone: of the site, by whose clock times are said.
    :param skill: the certification that is asked for, empty when none is.
    """
    of_each_rule = {(each.rule, each.key): each for each in reversed(one.against)}
    said = [objection(each, zone=zone) for each in list(of_each_rule.values())[::-1][:MOST]] or [_("free")]
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
    lasts = _lasts(one.minutes)
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
            if one.words in ("", *WEEKDAYS):
                return _("does not work on %(day)s", day=day(starts))
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
        case Rule.OWN_CALENDAR if one.words:
            return _("kept free for “%(what)s”, %(when)s", what=one.words, when=span(starts, ends))
        case Rule.OWN_CALENDAR:
            return _("own calendar taken %(when)s", when=span(starts, ends))
        case Rule.OWN_TENTATIVE:
            return _("perhaps taken %(when)s", when=span(starts, ends))
        case Rule.SAME_DAY:
            return _("also on “%(visit)s”, %(when)s", visit=one.words, when=span(starts, ends))
    return one.words


def rule(one: Rule) -> str:
    """Name a rule, as lists and filters do."""
    return {
        Rule.SITE_CLOSED: _("Site closed"),
        Rule.SITE_HOURS: _("Outside the site’s hours"),
        Rule.ATTENDEE: _("Customer’s people away"),
        Rule.PREREQUISITE: _("Before what has to come first"),
        Rule.GATE: _("Held by site readiness"),
        Rule.SKILL_MISSING: _("Not certified"),
        Rule.SKILL_LEVEL: _("Level too low"),
        Rule.SKILL_EXPIRED: _("Certification run out"),
        Rule.DAY_OFF: _("Day off"),
        Rule.HOURS: _("Outside working hours"),
        Rule.LEAVE: _("Away"),
        Rule.VISIT: _("Two visits at once"),
        Rule.OWN_CALENDAR: _("Own calendar taken"),
        Rule.TRAVEL: _("No time to travel"),
        Rule.SAME_DAY: _("Another visit that day"),
        Rule.OWN_TENTATIVE: _("Own calendar perhaps taken"),
        Rule.OWN_UNREAD: _("Own calendar not read"),
    }[one]


def sentence(one: Conflict, *, with_day: bool = False) -> str:
    """Say a rule that stands against a visit as a whole sentence, in the time of the place it happens.

    :param with_day: whether the day is said also where it lasts a part of one.
    """
    said: str
    about = {"name": one.name, "words": one.words, **_from_to(one, with_day=with_day)}
    match one.rule:
        case Rule.VISIT:
            said = _("%(name)s is on “%(words)s” from %(start)s to %(end)s.", **about)
        case Rule.SAME_DAY:
            said = _("%(name)s is also on “%(words)s” that day, from %(start)s to %(end)s.", **about)
        case Rule.LEAVE:
            about["words"] = _absent().get(one.words, one.words)
            said = _("%(name)s is away (%(words)s) from %(start)s until %(end)s.", **about)
        case Rule.TRAVEL if one.visit_id is not None:
            said = _(
                "%(name)s has no time to travel between this visit and “%(words)s”, %(when)s: the way takes %(lasts)s.",
                when=span(wall_time(one.starts_at, one.zone), wall_time(one.ends_at, one.zone)),
                lasts=_lasts(one.minutes),
                **about,
            )
        case Rule.TRAVEL:
            said = _(
                "%(name)s has no time to travel: something else takes them from %(start)s to %(end)s, "
                "and the way takes %(lasts)s.",
                lasts=_lasts(one.minutes),
                **about,
            )
        case Rule.OWN_CALENDAR if one.words:
            said = _("%(name)s is kept free for “%(words)s” from %(start)s to %(end)s.", **about)
        case Rule.OWN_CALENDAR:
            said = _("%(name)s’s own calendar is taken from %(start)s to %(end)s.", **about) + _stale(one)
        case Rule.OWN_TENTATIVE:
            said = _(
                "%(name)s may be taken from %(start)s to %(end)s: their own calendar holds something tentative.",
                **about,
            ) + _stale(one)
        case Rule.OWN_UNREAD if one.read_at:
            said = _(
                "%(name)s’s own calendar could not be read since %(when)s. They may be taken.",
                name=one.name,
                when=instant(one.read_at, one.zone),
            )
        case Rule.OWN_UNREAD:
            said = _("%(name)s’s own calendar could not be read yet. They may be taken.", name=one.name)
        case Rule.SKILL_MISSING:
            said = _("%(name)s does not hold a valid “%(words)s” certification then.", **about)
        case Rule.SKILL_LEVEL:
            said = _("%(name)s holds “%(words)s” at a lower level than is asked for.", **about)
        case Rule.SKILL_EXPIRED:
            said = _("The certification “%(words)s” of %(name)s will have run out by then.", **about)
        case Rule.DAY_OFF if one.words in ("", *WEEKDAYS):
            said = _("%(name)s does not work on %(day)s.", day=_day_of(one), **about)
        case Rule.DAY_OFF:
            said = _("%(name)s does not work on %(day)s (%(words)s).", day=_day_of(one), **about)
        case Rule.HOURS:
            said = _("%(name)s works %(words)s on %(day)s.", day=_day_of(one), **about)
        case Rule.SITE_CLOSED if one.words in ("", *WEEKDAYS):
            said = _("The site is closed on %(day)s.", day=_day_of(one))
        case Rule.SITE_CLOSED:
            said = _("The site is closed on %(day)s: %(words)s.", day=_day_of(one), **about)
        case Rule.SITE_HOURS:
            said = _("The site lets people in only at %(words)s.", **about)
        case Rule.ATTENDEE:
            said = _("%(words)s of the customer cannot be there from %(start)s to %(end)s.", **about)
        case Rule.PREREQUISITE:
            said = _(
                "“%(words)s” has to be finished first, by the plan on %(day)s.", day=_until(one), **about
            )
        case Rule.GATE:
            said = _("It is held until the site is ready: blocking points of the checklist are open.")
    return said


def _absent() -> dict[str, str]:
    return {
        AbsenceKind.LEAVE.value: _("leave"),
        AbsenceKind.SICK.value: _("sick"),
        AbsenceKind.TRAVEL.value: _("travel"),
        AbsenceKind.TRAINING.value: _("training"),
    }


def broken(one: BrokenRule, *, zone: str) -> str:
    """Say a rule that is kept with a visit; its person has to be loaded.

    :param zone: of the site.
    """
    return sentence(
        Conflict(
            one.rule,
            one.starts_at,
            one.ends_at,
            zone,
            one.user_id,
            one.user.name if one.user else "",
            one.words,
            one.minutes,
            one.other_visit_id,
        ),
        with_day=True,
    )


def arrival(visit: Visit) -> str:
    """Say when somebody arrives, by the clock of the site; empty when at the start."""
    if not visit.arrival_minutes:
        return ""
    latest = visit.starts_local + timedelta(minutes=visit.arrival_minutes)
    times = {"earliest": clock_time(visit.starts_local), "latest": clock_time(latest)}
    return _("We arrive between %(earliest)s and %(latest)s.", **times)


def _lasts(minutes: int) -> str:
    hours, rest = divmod(minutes, 60)
    if not hours:
        return _("%(minutes)s min", minutes=rest)
    if not rest:
        return _("%(hours)s h", hours=hours)
    return _("%(hours)s h %(minutes)s min", hours=hours, minutes=rest)


def _stale(one: Conflict) -> str:
    """Say how old it is, when it cannot be renewed."""
    if one.read_at is None:
        return ""
    when = instant(one.read_at, one.zone)
    return " " + _("That was so on %(when)s; since then it cannot be read.", when=when)


def _day_of(one: Conflict) -> str:
    return day(wall_time(one.starts_at, one.zone))


def _until(one: Conflict) -> str:
    return day(wall_time(one.ends_at, one.zone))


def _from_to(one: Conflict, *, with_day: bool) -> dict[str, str]:
    starts, ends = wall_time(one.starts_at, one.zone), wall_time(one.ends_at, one.zone)
    if starts.date() == ends.date():
        begins = instant(one.starts_at, one.zone) if with_day else clock_time(starts)
        return {"start": begins, "end": clock_time(ends)}
    return {"start": instant(one.starts_at, one.zone), "end": instant(one.ends_at, one.zone)}
