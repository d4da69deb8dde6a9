"""What is true of a project, as one sentence made from the facts that were judged."""

import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from babel import Locale
from babel.dates import format_interval
from flask_babel import get_locale
from markupsafe import Markup, escape

from concierge.catalogue.states import LagUnit, LinkKind
from concierge.catalogue.words import link_words
from concierge.core.recovery import Remedy, RemedyKind
from concierge.platform import clock
from concierge.platform.speech import gettext as _
from concierge.platform.speech import ngettext
from concierge.platform.words import day, localized, workdays
from concierge.projects.models import Milestone, MilestoneLink, Project
from concierge.projects.reasons import Because, Reason, words
from concierge.projects.states import BlockCause, Health, MilestoneState, ProjectState

Facts = Mapping[str, Any]  # Any: plain values from JSON

LOOKS = {
    Health.DRAFT: ("idle", "pencil"),
    Health.ON_TRACK: ("ok", "check"),
    Health.AT_RISK: ("warn", "triangle-alert"),
    Health.LATE: ("bad", "clock"),
    Health.ON_HOLD: ("idle", "pause"),
    Health.DONE: ("ok", "flag"),
    Health.CANCELLED: ("idle", "ban"),
}
"""State and icon of each health."""

MOST_CAUSES = 1
"""So many causes are named beside the main one."""


def pill_words(project: Project) -> str:
    """The health in two words, with the slip in working days where there is one: "Late, 4 days"."""
    name = health_words(project.health)
    days = project.slip_workdays
    if project.health in {Health.LATE, Health.AT_RISK} and days > 0:
        return ngettext("%(health)s, %(num)s day", "%(health)s, %(num)s days", days, health=name)
    return name


def health_words(health: Health) -> str:
    """One health in words."""
    return {
        Health.DRAFT: _("Waiting for approval"),
        Health.ON_TRACK: _("On track"),
        Health.AT_RISK: _("At risk"),
        Health.LATE: _("Late"),
        Health.ON_HOLD: _("On hold"),
        Health.DONE: _("Handed over"),
        Health.CANCELLED: _("Cancelled"),
    }[health]


def sentence(project: Project) -> Markup:
    """The verdict: what will be, against what was promised, and the cause."""
    facts = project.health_facts or {}
    reason: Facts = facts.get("reason") or {}
    causes: list[Facts] = facts.get("causes") or []
    main = _main(project, reason)
    said = [main, *_about_causes(causes), *_about_request(project)]
    return Markup(" ").join(said)


def _main(project: Project, reason: Facts) -> Markup:
    forecast = project.forecast_handover_on
    promised = project.promised_handover_on
    days = abs(int(reason.get("workdays") or 0))
    match reason.get("kind"):
        case "no_promise" if project.state is ProjectState.DRAFT:
            return _bold(
                _("The plan leads to handover on %(forecast)s. Nothing is promised until it is approved."),
                forecast=day(forecast),
            )
        case "kept" if promised and project.finished_on and project.slip_workdays < 0:
            return _bold(
                _("Handed over on %(on)s, %(days)s before the %(promised)s we promised."),
                on=day(project.finished_on),
                days=workdays(project.slip_workdays),
                promised=_short(promised),
            )
        case "kept":
            return _bold(_("Handed over on %(on)s, as promised."), on=day(project.finished_on))
        case "missed":
            return _bold(
                _("Handed over on %(on)s, %(days)s after the %(promised)s we promised."),
                on=day(project.finished_on),
                days=workdays(project.slip_workdays),
                promised=_short(promised),
            )
        case "cancelled":
            return _bold(
                _("Cancelled: %(why)s"), why=project.cancel_reason or words(Reason(Because.ORDER_CANCELLED))
            )
        case "on_hold":
            said = hold_sentence(reason)
            then = _after_hold(project, has_end=bool(reason.get("forecast_on")))
            return Markup(" ").join([said, then]) if then else said
        case "no_promise":
            return _bold(
                _("Handover is forecast for %(forecast)s. Nothing is promised yet."), forecast=day(forecast)
            )
        case "slipped" if not days:
            return _bold(
                _("Handover is forecast for %(forecast)s, after the %(promised)s we promised."),
                forecast=day(forecast),
                promised=_short(promised),
            )
        case "slipped":
            return _bold(
                _("Handover is forecast for %(forecast)s, %(days)s after the %(promised)s we promised."),
                forecast=day(forecast),
                days=workdays(days),
                promised=_short(promised),
            )
        case "promise_passed" if project.slip_workdays > 0:
            return _bold(
                _(
                    "Handover was promised for %(promised)s and is now forecast for %(forecast)s, %(days)s later."
                ),
                forecast=day(forecast),
                promised=_short(promised),
                days=workdays(project.slip_workdays),
            )
        case "promise_passed":
            return _bold(
                _("Handover was promised for %(promised)s and is now forecast for %(forecast)s."),
                forecast=day(forecast),
                promised=_short(promised),
            )
        case "in_time" if days:
            return _bold(
                _("Handover is forecast for %(forecast)s, %(days)s before the %(promised)s we promised."),
                forecast=day(forecast),
                days=workdays(days),
                promised=_short(promised),
            )
    return _bold(_("Handover is forecast for %(forecast)s, as promised."), forecast=day(forecast))


def hold_sentence(reason: Facts) -> Markup:
    """Since when a project rests, why, for how many working days so far, and when it is expected to go on."""
    since = date.fromisoformat(reason["on"]) if reason.get("on") else None
    expected = date.fromisoformat(reason["forecast_on"]) if reason.get("forecast_on") else None
    said = _bold(
        _("On hold since %(since)s, %(days)s so far: %(why)s."),
        since=day(since),
        days=workdays(int(reason.get("workdays") or 0)),
        why=str(reason.get("words") or "").rstrip(". "),
    )
    if expected is None:
        return said
    return Markup(" ").join([said, _bold(_("It is expected to go on on %(on)s."), on=day(expected))])


def _after_hold(project: Project, *, has_end: bool) -> Markup:
    """Where handover is once a project that rests goes on: when it is expected to, else tomorrow."""
    forecast, promised, slip = (
        project.forecast_handover_on,
        project.promised_handover_on,
        project.slip_workdays,
    )
    if forecast is None or promised is None:
        return Markup("")
    if slip <= 0:
        words = (
            _("Handover is then forecast for %(forecast)s, in time.")
            if has_end
            else _("If it goes on tomorrow, handover is on %(forecast)s, in time.")
        )
        return _bold(words, forecast=day(forecast))
    words = (
        _("Handover is then forecast for %(forecast)s, %(days)s after the %(promised)s we promised.")
        if has_end
        else _(
            "If it goes on tomorrow, handover is on %(forecast)s, %(days)s after the %(promised)s we promised."
        )
    )
    return _bold(words, forecast=day(forecast), days=workdays(slip), promised=_short(promised))


def conflict_words(conflict: Facts) -> str:
    """What a plan cannot meet: the day wanted, the day possible, and what stands between."""
    milestone = localized(conflict.get("milestone"))
    wanted, possible = (date.fromisoformat(conflict[name]) for name in ("wanted_on", "possible_on"))
    match conflict.get("kind"):
        case "required":
            said = _(
                "Go-live is required by %(wanted)s; the plan gives %(possible)s, %(days)s later.",
                wanted=day(wanted),
                possible=day(possible),
                days=workdays(int(conflict.get("workdays") or 0)),
            )
        case "exactly on":
            said = _(
                "%(milestone)s is to start exactly on %(wanted)s; it can start on %(possible)s.",
                milestone=milestone,
                wanted=day(wanted),
                possible=day(possible),
            )
        case _:
            said = _(
                "%(milestone)s is to be finished by %(wanted)s; it can be on %(possible)s.",
                milestone=milestone,
                wanted=day(wanted),
                possible=day(possible),
            )
    because = _because(conflict)
    return f"{said} {because}" if because else said


def _because(conflict: Facts) -> str:
    if conflict.get("driven_by"):
        return _("It waits for %(milestone)s.", milestone=localized(conflict["driven_by"]))
    return {
        "today": _("Earlier days have passed."),
        "closed": _("Nobody works on the day wanted."),
        "not_before": _("Somebody wished it not to start earlier."),
    }.get(str(conflict.get("driver")), "")


def wait_words(link: MilestoneLink) -> str:
    """Which end waits for which and how long; empty for a plain start after a finish."""
    apart = _apart(link)
    if link.kind is LinkKind.FINISH_TO_START:
        return apart
    return ", ".join(part for part in (link_words()[link.kind], apart) if part)


def _apart(link: MilestoneLink) -> str:
    """How much later, or earlier, than the end that is waited for; empty when at once."""
    count = abs(link.lag)
    if not count:
        return ""
    is_later = link.lag > 0
    match link.lag_unit:
        case LagUnit.WORKDAYS:
            later = ngettext("%(num)s working day later", "%(num)s working days later", count)
            earlier = ngettext("%(num)s working day earlier", "%(num)s working days earlier", count)
        case LagUnit.DAYS:
            later = ngettext("%(num)s day of the calendar later", "%(num)s days of the calendar later", count)
            earlier = ngettext(
                "%(num)s day of the calendar earlier", "%(num)s days of the calendar earlier", count
            )
        case LagUnit.HOURS:
            later = ngettext("%(num)s hour later", "%(num)s hours later", count)
            earlier = ngettext("%(num)s hour earlier", "%(num)s hours earlier", count)
    return later if is_later else earlier


def _about_causes(causes: list[Facts]) -> list[Markup]:
    if not causes:
        return []
    if len(causes) == 1:
        return [_bold(_("The one cause: %(cause)s."), cause=cause_words(causes[0]).rstrip("."))]
    others = [cause_words(one) for one in causes[1 : 1 + MOST_CAUSES]]
    left = len(causes) - 1 - len(others)
    if left:
        others.append(ngettext("%(num)s more", "%(num)s more", left))
    return [
        _bold(
            _("The main cause: %(cause)s. Besides: %(others)s."),
            cause=cause_words(causes[0]).rstrip("."),
            others="; ".join(others).rstrip("."),
        )
    ]


def _about_request(project: Project) -> list[Markup]:
    wanted = project.requested_to or project.requested_from
    if wanted is None or project.has_ended:
        return []
    if wanted < project.starts_on:
        words = _("Delivery was asked for by %(wanted)s, before the plan began on %(starts)s.")
        return [_bold(words, wanted=_short(wanted), starts=_short(project.starts_on))]
    return []


def remedy_sentence(project: Project, found: Sequence[Remedy]) -> Markup:
    """What would bring the most days back, or that nothing would; empty when none is missing."""
    if not found:
        return _no_remedy(project)
    remedy = found[0]
    name = next((localized(one.name) for one in project.milestones if one.key == remedy.key), remedy.key)
    count, days = remedy.workdays, workdays(remedy.workdays)
    match remedy.kind:
        case RemedyKind.FINISH_NOW:
            words = ngettext(
                "%(days)s would come back with %(milestone)s done by %(on)s.",
                "%(days)s would come back with %(milestone)s done by %(on)s.",
                count,
                **_KEPT,
            )
        case RemedyKind.DROP_WISH:
            words = ngettext(
                "%(days)s would come back without the later start wished for %(milestone)s.",
                "%(days)s would come back without the later start wished for %(milestone)s.",
                count,
                **_KEPT,
            )
        case RemedyKind.WAIT_LESS:
            words = ngettext(
                "%(days)s would come back with a day less of waiting before %(milestone)s.",
                "%(days)s would come back with a day less of waiting before %(milestone)s.",
                count,
                **_KEPT,
            )
        case RemedyKind.OPEN_DAY:
            words = ngettext(
                "%(days)s would come back with work on %(on)s, a closed day.",
                "%(days)s would come back with work on %(on)s, a closed day.",
                count,
                **_KEPT,
            )
        case RemedyKind.GO_ON:
            words = ngettext(
                "%(days)s would come back if it went on on %(on)s.",
                "%(days)s would come back if it went on on %(on)s.",
                count,
                **_KEPT,
            )
        case RemedyKind.SHORTEN:
            words = ngettext(
                "%(days)s would come back with a day less for %(milestone)s.",
                "%(days)s would come back with a day less for %(milestone)s.",
                count,
                **_KEPT,
            )
    return _bold(words, days=days, milestone=name, on=day(remedy.by_on))


def _no_remedy(project: Project) -> Markup:
    if project.health is Health.ON_HOLD and project.slip_workdays > 0:
        return escape(_("Each working day that it goes on sooner brings one back."))
    is_missed = any(one.get("kind") == "required" for one in project.conflicts or ())
    if project.health is Health.LATE or (project.health is Health.AT_RISK and is_missed):
        return escape(_("No single step of this plan would bring a day back."))
    return Markup("")


def cause_words(cause: Facts) -> str:
    """One cause in a few words."""
    milestone, item = localized(cause.get("milestone")), localized(cause.get("item"))
    on = date.fromisoformat(cause["on"]) if cause.get("on") else None
    days = workdays(int(cause.get("workdays") or 0))
    match cause.get("kind"):
        case "blocked":
            return _(
                "%(milestone)s is blocked: %(why)s",
                milestone=milestone,
                why=str(cause.get("words", "")).rstrip(". "),
            )
        case "item_overdue":
            return _("%(item)s, due %(on)s", item=item.rstrip("."), on=_short(on))
        case "item_open":
            return _(
                "%(item)s is open, %(days)s before it gates %(milestone)s",
                item=item.rstrip("."),
                days=days,
                milestone=milestone,
            )
        case "moved":
            return _("%(milestone)s was moved to %(on)s", milestone=milestone, on=_short(on))
        case "cannot_meet" if cause.get("words") == "required" and cause.get("workdays"):
            return _("the go-live required by %(on)s is missed by %(days)s", on=_short(on), days=days)
        case "cannot_meet" if cause.get("words") == "required":
            return _("the go-live required by %(on)s cannot be met", on=_short(on))
        case "cannot_meet" if cause.get("words") == "not after":
            return _("%(milestone)s cannot be done by %(on)s", milestone=milestone, on=_short(on))
        case "cannot_meet":
            return _("%(milestone)s cannot be on %(on)s", milestone=milestone, on=_short(on))
        case "overdue":
            return _("%(milestone)s was due %(on)s", milestone=milestone, on=_short(on))
        case "no_slack":
            return _("%(milestone)s has no slack left", milestone=milestone)
    return _slip_words(cause, milestone, on, days) or milestone or item


def _slip_words(cause: Facts, milestone: str, on: date | None, days: str) -> str:
    """What days of a slip were lost to; empty for any other cause."""
    match cause.get("kind"):
        case "finished_late":
            return _(
                "%(milestone)s was finished on %(on)s, %(days)s late",
                milestone=milestone,
                on=_short(on),
                days=days,
            )
        case "not_begun":
            return _(
                "%(milestone)s was to begin on %(on)s and has not begun", milestone=milestone, on=_short(on)
            )
        case "began_late":
            return _(
                "%(milestone)s began on %(on)s, %(days)s late", milestone=milestone, on=_short(on), days=days
            )
        case "closed":
            return _(
                "%(closed)s, %(days)s lost for %(milestone)s",
                closed=_closed_words(cause, on),
                days=days,
                milestone=milestone,
            )
        case "longer":
            return ngettext(
                "%(milestone)s takes %(num)s day longer than promised",
                "%(milestone)s takes %(num)s days longer than promised",
                int(cause.get("days") or 0),
                milestone=milestone,
            )
        case "waits":
            other = localized(cause.get("other"))
            return _(
                "%(milestone)s waits for %(other)s, otherwise than promised", milestone=milestone, other=other
            )
        case "added":
            return _("%(milestone)s came into the plan", milestone=milestone)
        case "later":
            return _(
                "%(milestone)s is only on %(on)s, %(days)s late",
                milestone=milestone,
                on=_short(on),
                days=days,
            )
    return ""


def _closed_words(cause: Facts, first_on: date | None) -> str:
    """Who is closed when, and why: "company closed 14–16 Dec (stocktaking)"."""
    last_on = date.fromisoformat(cause["until"]) if cause.get("until") else first_on
    when = _period(first_on, last_on) if first_on and last_on else ""
    why = str(cause.get("words") or "")
    match cause.get("place"):
        case "company":
            return _("company closed %(when)s (%(why)s)", when=when, why=why)
        case "shutdown":
            return _("site shut %(when)s (%(why)s)", when=when, why=why)
        case "frozen":
            return _("dates frozen %(when)s (%(why)s)", when=when, why=why)
        case "away":
            return _("crew away %(when)s", when=when)
        case "on hold":
            return _("on hold %(when)s (%(why)s)", when=when, why=why.removeprefix("on hold: ").rstrip(". "))
    return _("closed %(when)s (%(why)s)", when=when, why=why)


def milestone_look(milestone: Milestone, *, today: date) -> tuple[str, str]:
    """State and icon of a milestone as it stands on a day."""
    if milestone.state is MilestoneState.DONE:
        return "ok", "check"
    if milestone.state is MilestoneState.BLOCKED:
        return "bad", "octagon-alert"
    if milestone.state is MilestoneState.STARTED:
        return "go", "circle-dot"
    if milestone.promised_on and milestone.forecast_on and milestone.forecast_on > milestone.promised_on:
        return "warn", ICONS.get(milestone.kind.value, "circle")
    return "idle", ICONS.get(milestone.kind.value, "circle")


def block_words() -> dict[BlockCause, str]:
    """The causes of lost days in words."""
    return {
        BlockCause.POWER: _("Power"),
        BlockCause.HVAC: _("Heating, ventilation, cooling"),
        BlockCause.GAS: _("Gas"),
        BlockCause.EXHAUST: _("Exhaust"),
        BlockCause.WATER: _("Water"),
        BlockCause.ROUTE: _("Floor or route"),
        BlockCause.BENCH: _("Bench"),
        BlockCause.NETWORK: _("Network"),
        BlockCause.PERMIT: _("Permit or safety"),
        BlockCause.PEOPLE: _("People away"),
        BlockCause.FREIGHT: _("Freight damage"),
        BlockCause.CUSTOMS: _("Customs"),
        BlockCause.STOCK: _("Stock or allocation"),
        BlockCause.CAPACITY: _("No technician free"),
        BlockCause.CONTRACT: _("Order or contract"),
        BlockCause.DECONTAMINATION: _("Decontamination"),
        BlockCause.BUILDING: _("Building project late"),
        BlockCause.OTHER: _("Something else"),
    }


ICONS = {
    "order accepted": "check",
    "kick-off": "users",
    "site survey": "ruler",
    "site ready": "plug",
    "ship released": "package-check",
    "delivered": "truck",
    "installed": "wrench",
    "iq": "clipboard-check",
    "oq": "clipboard-check",
    "pq": "clipboard-check",
    "training": "graduation-cap",
    "handover": "pen-line",
}
"""Icon of each kind of milestone."""


_KEPT = {name: f"%({name})s" for name in ("days", "milestone", "on")}
"""Values that are filled in afterwards, so that the answer among them stands out."""

_FULL_STOPS = re.compile(r"\.(</b>)?\.$")
"""A day that ends on a full stop of its own, such as "22. Apr.", at the end of a sentence."""


def _short(value: date | None) -> str:
    return day(value, weekday=False)


def _period(first_on: date, last_on: date) -> str:
    """From one day to another, both counted: "14–16 Dec"."""
    if first_on == last_on:
        return _short(first_on)
    locale = get_locale() or Locale("en")
    with_year = last_on.year != clock.now().year
    written = format_interval(
        first_on,
        last_on,
        "yMMMd" if with_year else "MMMd",
        locale="en_GB" if locale.language == "en" else locale,
    )
    return str(written).replace("\u2009", " ")


def _bold(message: str, **values: str) -> Markup:
    """A sentence whose first value, the answer, stands out."""
    first, *_rest = values
    shown = {name: escape(value) for name, value in values.items()}
    shown[first] = Markup("<b>%s</b>") % shown[first]
    said = Markup(escape(message)) % shown  # noqa: S704 # the catalogue's own text, escaped just before
    return Markup(_FULL_STOPS.sub(r".\1", said))  # noqa: S704 # as it was, less a full stop
