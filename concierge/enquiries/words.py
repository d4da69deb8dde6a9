"""Stock, enquiries and their answers in words."""

from collections.abc import Mapping
from datetime import date
from typing import Any, TypeAlias

from flask_babel import gettext as _
from flask_babel import ngettext

from concierge.core.dispatch import Rule
from concierge.core.promise import NEAR, Call, Reason, Why
from concierge.core.schedule import NOT_BEFORE
from concierge.enquiries.plan import Laid
from concierge.enquiries.queries import Chance, Promise
from concierge.enquiries.states import EnquiryState, StockState
from concierge.platform.words import country, day, listed, localized, told_day

Payload: TypeAlias = Mapping[str, Any]  # Any: plain values as they were recorded


def stock_words() -> Mapping[StockState, tuple[str, str]]:
    """The look and the name of each state of a unit."""
    return {
        StockState.EXPECTED: ("wait", _("Expected")),
        StockState.ON_HAND: ("ok", _("On hand")),
        StockState.GONE: ("idle", _("Gone")),
    }


def state_words() -> Mapping[EnquiryState, tuple[str, str]]:
    """The look and the name of each state of an enquiry."""
    return {
        EnquiryState.OPEN: ("go", _("Open")),
        EnquiryState.ORDERED: ("ok", _("Ordered")),
        EnquiryState.CLOSED: ("idle", _("Closed")),
    }


def place_words(site: str, city: str, code: str) -> str:
    """Where a line goes: the site, else town and country."""
    if site:
        return site
    return ", ".join(part for part in (city, country(code)) if part)


def window_words(one: Promise, today: date) -> str:
    """The days of installation; later than people's calendars reach, the week in which they lie."""
    window = one.answer.window
    if window is None or window.to_at is None:
        return _("no day yet")
    return held_window(window.from_at, date.fromordinal(window.to_at.toordinal() - 1), today)


def held_window(first: date, last: date, today: date) -> str:
    """As `window_words`, of days that are kept; both included."""
    if first - today > NEAR:
        return _("week of %(day)s", day=day(date.fromordinal(first.toordinal() - first.weekday())))
    return day(first) if first == last else _("%(first)s – %(last)s", first=day(first), last=day(last))


def drivers(one: Promise, names: Mapping[str, str]) -> tuple[str, ...]:
    """What decides the day, the last of it first: stock, people, or how long the site needs."""
    found = [reason_words(reason, one.laid, names) for reason in reversed(one.answer.reasons)]
    longest = _longest_before(one)
    if longest and one.answer.plan is not None:
        found.append(longest)
    return tuple(text for text in found if text)


def reason_words(reason: Reason, laid: Laid, names: Mapping[str, str]) -> str:
    """One thing that moved a step, or that stands against any answer, as a sentence with what to do about it."""
    milestone = laid.milestones.get(reason.step)
    name = localized(milestone.name) if milestone is not None else ""
    match reason.why:
        case Why.STOCK:
            return _(
                "Stock: the unit can be shipped from %(day)s; the site could take it from %(before)s.",
                day=day(reason.to_on),
                before=day(reason.from_on),
            )
        case Why.PEOPLE:
            said = _(
                "People: %(who)s is free for “%(step)s” from %(day)s, not from %(before)s.",
                who=call_words(reason.call),
                step=name,
                day=day(reason.to_on),
                before=day(reason.from_on),
            )
            if reason.against:
                told = listed(f"{who} ({rule_words(rule)})" for who, rule in reason.against[:3])
                said += " " + _("On that day: %(told)s.", told=told)
            return said
        case Why.NO_STOCK:
            return _(
                "No further %(product)s is on hand or announced, and nobody has said how long the factory takes. "
                "Enter units or a supply time on the stock page.",
                product=names.get(_product_of(laid, reason.unit), _product_of(laid, reason.unit)),
            )
        case Why.NO_SKILL:
            return _(
                "Nobody can do “%(step)s”: it needs %(who)s on %(day)s. Certify somebody, or change the playbook.",
                step=name,
                who=call_words(reason.call),
                day=day(reason.from_on),
            )
        case Why.NO_PEOPLE:
            return _(
                "%(who)s is not free for “%(step)s” within a year and a half. Free somebody's time, or ask for fewer "
                "units.",
                who=call_words(reason.call),
                step=name,
            )
        case Why.NO_PLAN:
            return _("The playbook cannot be laid out: %(why)s", why=reason.words)


def call_words(call: Call | None) -> str:
    """Whom a step needs."""
    if call is None:
        return _("somebody")
    if not call.skill:
        return ngettext("a technician", "%(num)s technicians", call.crew)
    return ngettext(
        "a technician with “%(skill)s” of level %(level)d",
        "a crew of %(num)s with “%(skill)s”, led at level %(level)d,",
        call.crew,
        skill=call.skill,
        level=call.level,
    )


def rule_words(rule: Rule) -> str:
    """Why somebody cannot go, in two words."""
    return {
        Rule.VISIT: _("other work"),
        Rule.LEAVE: _("away"),
        Rule.OWN_CALENDAR: _("own calendar"),
        Rule.TRAVEL: _("on the way"),
        Rule.HOURS: _("week is full"),
        Rule.DAY_OFF: _("day off"),
        Rule.SKILL_LEVEL: _("level too low"),
        Rule.SKILL_EXPIRED: _("certificate ends"),
    }.get(rule, _("not free"))


def chance_words(chance: Chance) -> str:
    """How likely the day holds, honestly."""
    if chance.percent is None:
        return _("No past case to judge by yet.")
    return _(
        "%(percent)d of 100 like cases kept such a day; in 80 of 100 it was done by %(day)s.",
        percent=chance.percent,
        day=day(chance.p80),
    )


def stock_of(one: Promise, unit_key: str, stock: Mapping[int, tuple[str, str]]) -> str:
    """Which unit of stock a unit gets."""
    given = next((each for each in one.answer.given if each.unit == unit_key), None)
    if given is None:
        return ""
    if given.goods is None:
        return _("to be made: can be shipped from %(day)s", day=day(given.ready_on))
    serial, place = stock.get(given.goods.key, ("", ""))
    called = " · ".join(part for part in (serial, place) if part) or _(
        "unit %(number)d", number=given.goods.key
    )
    return _("%(unit)s, from %(day)s", unit=called, day=day(given.ready_on))


def story(name: str, told: Payload) -> str:
    """One event, to stand after the name of who did it; empty when it is none of these."""
    unit = ", ".join(filter(None, (str(told.get("product") or ""), str(told.get("serial") or ""))))
    code = f"{told.get('code', '')}, {told.get('customer', '')}"
    reason = str(told.get("reason") or "")
    match name:
        case "StockAdded":
            return _("entered %(unit)s into the stock", unit=unit)
        case "StockChanged":
            return _("corrected what is known of %(unit)s in stock", unit=unit)
        case "StockGone":
            return _("took %(unit)s out of the stock: %(reason)s", unit=unit, reason=reason)
        case "StockReserved" if told.get("order_id") or told.get("project_id"):
            return _("reserved %(unit)s", unit=unit)
        case "StockReserved":
            return _("let %(unit)s be free", unit=unit)
        case "SupplyTimeSet":
            return _("said how long the factory takes for %(product)s", product=told.get("product", ""))
        case "EnquiryAsked":
            return _("asked when units can be there: %(code)s", code=code)
        case "EnquiryClosed":
            return _("closed the enquiry %(code)s: %(reason)s", code=code, reason=reason)
        case "EnquiryReopened":
            return _("opened the enquiry %(code)s again", code=code)
        case "UnitsHeld":
            return _("held units for %(code)s until %(on)s", code=code, on=told_day(told.get("expires_at")))
        case "HoldExtended":
            return _("extended the hold for %(code)s: %(reason)s", code=code, reason=reason)
        case "HoldReleased":
            return _("released what was held for %(code)s", code=code)
        case "EnquiryOrdered":
            return _("gave what was held for %(code)s to its order", code=code)
    return ""


def _product_of(laid: Laid, unit_key: str) -> str:
    return next((unit.product for unit in laid.job.units if unit.key == unit_key), "")


def _longest_before(one: Promise) -> str:
    """The step that takes longest on the way that decides the day, in the words of the playbook."""
    plan = one.answer.plan
    if plan is None:
        return ""
    installs = [key for key in one.laid.job.installs if key in plan.placed]
    key = installs[0] if installs else one.answer.ends_with
    chain = []
    while key in plan.placed and key not in chain:
        chain.append(key)
        key = plan.placed[key].driver
    if key == NOT_BEFORE:
        return ""
    steps = {step.key: step for step in one.answer.steps}
    longest = max(chain, key=lambda each: steps[each].workdays)
    length = steps[longest].workdays
    if length < 3:
        return ""
    return ngettext(
        "The site: “%(step)s” takes %(num)s working day, until %(day)s.",
        "The site: “%(step)s” takes %(num)s working days, until %(day)s.",
        length,
        step=localized(one.laid.milestones[longest].name),
        day=day(plan.placed[longest].finish_on),
    )
