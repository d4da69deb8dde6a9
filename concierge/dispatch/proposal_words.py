"""Proposals in plain words: who and when and why, what rules the others out, how good a whole plan is."""

from collections.abc import Mapping, Sequence
from typing import Any

from flask_babel import gettext as _
from flask_babel import ngettext

from concierge.core.dispatch import Rule
from concierge.dispatch.models import PlanningProposal
from concierge.platform.words import listed
from concierge.workforce.queries import Sendable

Facts = Mapping[str, Any]  # Any: JSON
MOST_NAMED = 6
"""So many people are named who cannot go; of the rest it is said how many they are."""


def people_in(facts: Facts) -> frozenset[int]:
    """Whom the words name, by user id."""
    found = [*facts.get("crew", ()), *facts.get("beside", ())]
    return frozenset([*(int(one["id"]) for one in found), *(int(one[0]) for one in facts.get("people", ()))])


def reasons(one: PlanningProposal, people: Mapping[int, Sendable]) -> tuple[str, ...]:
    """Why a proposal is as it is, or why nobody was found, in sentences."""
    facts = one.facts
    match facts["kind"]:
        case "held":
            return (_("The project is on hold, so nobody is sent."),)
        case "left":
            return tuple(_left(facts, people, has_time=one.needs_people))
        case "changed":
            return (_("Somebody chose this time and these people instead of what was found."),)
    skill = facts["asks"][0]
    return (
        *(_member(each, people, skill) for each in facts["crew"]),
        *_time(one, facts),
        *_beside(facts, people),
    )


def deadline(one: PlanningProposal) -> tuple[str, str]:
    """How it lies to its deadline, in words and as a state."""
    late = one.facts.get("late")
    if one.deadline_on is None:
        return _("No deadline"), "idle"
    if late is None:
        return "", "idle"
    if late > 0:
        return ngettext("%(num)s working day late", "%(num)s working days late", late), "bad"
    if late == 0:
        return _("On the last day"), "warn"
    return ngettext("%(num)s working day to spare", "%(num)s working days to spare", -late), "ok"


def quality(result: Facts, planned: int) -> tuple[str, ...]:
    """How good a plan is, measured, with how much better one could be at most."""
    left, late, travel, *_rest = result["measure"]
    bound = result["bound"]
    said = [_work(planned, left)]
    said.append(
        ngettext(
            "Deadlines are missed by %(num)s working day.",
            "Deadlines are missed by %(num)s working days.",
            late,
        )
        if late
        else _("Every deadline is kept.")
    )
    said.append(_("It adds %(hours)s on the way.", hours=hours(travel)))
    said += _gap(left, late, travel, bound)
    return tuple(said)


def compared(result: Facts) -> str:
    """How the plan was found, and what searching brought beside the first, greedy plan."""
    was, now = result["greedy"], result["measure"]
    if not result["was_searched"]:
        return _(
            "Planned step by step, what is due first first. No solver is installed, so nothing better was looked for."
        )
    if was <= now:
        return _("The solver found nothing better than the plan made step by step, which stands.")
    gains = []
    if was[0] > now[0]:
        gains.append(ngettext("%(num)s more visit", "%(num)s more visits", was[0] - now[0]))
    if was[1] > now[1]:
        gains.append(ngettext("%(num)s day less late", "%(num)s days less late", was[1] - now[1]))
    if was[2] > now[2]:
        gains.append(_("%(hours)s less on the way", hours=hours(was[2] - now[2])))
    if not gains:
        gains.append(_("work shared more fairly"))
    return _("Searching brought %(gains)s against the plan made step by step.", gains=listed(gains))


def hours(minutes: int) -> str:
    """A length in hours: "45 min", "2 h", "2 h 30 min"."""
    whole, rest = divmod(abs(minutes), 60)
    if not whole:
        return _("%(num)s min", num=rest)
    return _("%(hours)s h %(num)s min", hours=whole, num=rest) if rest else _("%(num)s h", num=whole)


def ruled_out(rule: Rule) -> str:
    """What keeps somebody, or a time, from being chosen; ends "Jan: …"."""
    return {
        Rule.SITE_CLOSED: _("the site is closed"),
        Rule.SITE_HOURS: _("outside the site’s hours"),
        Rule.ATTENDEE: _("the customer’s people are away"),
        Rule.PREREQUISITE: _("what has to come first is not finished"),
        Rule.GATE: _("held by site readiness"),
        Rule.SKILL_MISSING: _("not certified"),
        Rule.SKILL_LEVEL: _("level too low"),
        Rule.SKILL_EXPIRED: _("certification run out"),
        Rule.DAY_OFF: _("day off"),
        Rule.HOURS: _("outside working hours"),
        Rule.LEAVE: _("away"),
        Rule.VISIT: _("on another visit"),
        Rule.OWN_CALENDAR: _("own calendar taken"),
        Rule.TRAVEL: _("no time to travel"),
        Rule.SAME_DAY: _("another visit that day"),
        Rule.OWN_TENTATIVE: _("own calendar perhaps taken"),
        Rule.OWN_UNREAD: _("own calendar not read"),
    }[rule]


def _work(planned: int, left: int) -> str:
    if not planned:
        return _("Nobody was found for anything.") if left else _("There is nothing to plan.")
    said = ngettext(
        "Somebody was found for %(num)s visit.", "Somebody was found for %(num)s visits.", planned
    )
    if left:
        said += " " + ngettext("%(num)s is left over.", "%(num)s are left over.", left)
    return said


def _gap(left: int, late: int, travel: int, bound: Facts) -> list[str]:
    """How far from the best possible plan it is at most."""
    if (left, late) == (bound["left"], bound["late"]):
        said = [_("No plan leaves less over or is less late: that is proven.")]
    elif left > bound["left"]:
        said = [
            ngettext(
                "Gap: at best %(num)s could be left over.",
                "Gap: at best %(num)s could be left over.",
                bound["left"],
            )
        ]
    else:
        said = [
            ngettext(
                "Gap: at best it is late by %(num)s working day.",
                "Gap: at best it is late by %(num)s working days.",
                bound["late"],
            )
        ]
    if bound["travel"] is not None:
        if bound["travel"] >= travel:
            said.append(
                _("Nor can it be done with less travel.")
                if bound["is_travel_whole"]
                else _("Nor with less travel by the nearest people.")
            )
        else:
            said.append(_("On the way, it needs at least %(hours)s.", hours=hours(bound["travel"])))
    return said


def _member(each: Facts, people: Mapping[int, Sendable], skill: str) -> str:
    known = people.get(int(each["id"]))
    said = []
    if known is not None and skill in known.skills:
        said.append(_("level %(level)s", level=known.skills[skill].level))
    if each["from"]:
        said.append(_("straight from “%(visit)s”", visit=each["from"]))
    if each["travel"] > 0:
        said.append(_("%(hours)s more on the way", hours=hours(each["travel"])))
    elif each["travel"] < 0:
        said.append(_("%(hours)s less on the way", hours=hours(each["travel"])))
    else:
        said.append(_("no detour"))
    said.append(_("%(percent)s %% booked with it", percent=round(each["load"] / 10)))
    return f"{_name(known)}: {', '.join(said)}."


def _time(one: PlanningProposal, facts: Facts) -> list[str]:
    if one.needs_people:
        return [_("The visit has its time; only people are missing.")]
    said = []
    if facts["earlier_days"]:
        rules = listed(ruled_out(Rule(rule)) for rule, _count in facts["earlier"])
        said.append(
            ngettext(
                "On %(num)s day before, not enough people could go (%(rules)s).",
                "On %(num)s days before, not enough people could go (%(rules)s).",
                facts["earlier_days"],
                rules=rules,
            )
            if rules
            else ngettext(
                "On %(num)s day before, not enough people could go.",
                "On %(num)s days before, not enough people could go.",
                facts["earlier_days"],
            )
        )
    if facts["possible"]:
        said.append(_("Earlier it would make others late, or mean more travel or a less fair share."))
    return said


def _beside(facts: Facts, people: Mapping[int, Sendable]) -> list[str]:
    said = []
    for each in facts["beside"]:
        name = _name(people.get(int(each["id"])))
        if each["rule"]:
            said.append(f"{name}: {ruled_out(Rule(each['rule']))}")
        else:
            said.append(
                _(
                    "%(name)s could go too: %(hours)s more on the way, %(percent)s %% booked",
                    name=name,
                    hours=hours(each["travel"]),
                    percent=round(each["load"] / 10),
                )
            )
    if facts["beside_more"]:
        said.append(ngettext("and %(num)s more", "and %(num)s more", facts["beside_more"]))
    return [_("Not chosen – %(others)s.", others="; ".join(said))] if said else []


def _left(facts: Facts, people: Mapping[int, Sendable], *, has_time: bool) -> list[str]:
    if not facts["starts"]:
        rules = listed(ruled_out(Rule(rule)) for rule, _count in facts["time"][:3])
        if rules and has_time:
            return [_("The visit stands against a rule as it is: %(rules)s. Move it first.", rules=rules)]
        if rules:
            return [_("There is no time for it in these days: %(rules)s.", rules=rules)]
        return [_("The site is not open long enough in these days.")]
    named = _named(facts["people"], people)
    if facts["able"] < facts["needed"]:
        said = ngettext(
            "%(num)s technician is needed who is certified",
            "%(num)s technicians are needed who are certified",
            facts["needed"],
        )
        found = ngettext("%(num)s is", "%(num)s are", facts["able"])
        return [f"{said}; {found}.", *named]
    if all(rule == Rule.SKILL_LEVEL.value for _id, rule in facts["people"]) and facts["people"]:
        return [_("Nobody has the level to lead it."), *named]
    if has_time:
        return [_("When the visit is, not enough people can go."), *named]
    return [
        ngettext(
            "At %(num)s time that was looked at, not enough people can go.",
            "At %(num)s times that were looked at, not enough people can go.",
            facts["starts"],
        ),
        *named,
    ]


def _named(told: Sequence[Sequence[Any]], people: Mapping[int, Sendable]) -> list[str]:  # Any: JSON
    if not told:
        return []
    said = [
        f"{_name(people.get(int(user_id)))}: {ruled_out(Rule(rule))}" for user_id, rule in told[:MOST_NAMED]
    ]
    if len(told) > MOST_NAMED:
        said.append(ngettext("and %(num)s more", "and %(num)s more", len(told) - MOST_NAMED))
    return ["; ".join(said) + "."]


def _name(known: Sendable | None) -> str:
    return known.name if known is not None else _("somebody who is no technician any more")
