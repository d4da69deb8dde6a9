"""What is true of a project, as one sentence made from the facts that were judged."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from flask_babel import gettext as _
from flask_babel import ngettext
from markupsafe import Markup, escape

from concierge.catalogue.states import LagUnit, LinkKind
from concierge.catalogue.words import link_words
from concierge.core.recovery import Remedy, RemedyKind
from concierge.platform.words import day, localized, workdays
from concierge.projects.models import Milestone, MilestoneLink, Project
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
            return _bold(_("Cancelled: %(why)s"), why=project.cancel_reason)
        case "on_hold":
            return hold_sentence(reason)
        case "slipped":
            return _bold(
                _("Handover is forecast for %(forecast)s, %(days)s after the %(promised)s we promised."),
                forecast=day(forecast),
                days=workdays(days),
                promised=_short(promised),
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
        return [_bold(_("The one cause: %(cause)s."), cause=cause_words(causes[0]))]
    return [
        _bold(
            _("The main cause: %(cause)s; %(others)s more below."),
            cause=cause_words(causes[0]),
            others=str(len(causes) - 1),
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
    """What would bring the most days back; empty when nothing a person can do would."""
    if not found:
        return Markup("")
    remedy = found[0]
    name = next((localized(one.name) for one in project.milestones if one.key == remedy.key), remedy.key)
    days = workdays(remedy.workdays)
    match remedy.kind:
        case RemedyKind.FINISH_NOW:
            return _bold(
                _("%(days)s would come back with %(milestone)s done by %(on)s."),
                days=days,
                milestone=name,
                on=_short(remedy.by_on),
            )
        case RemedyKind.DROP_WISH:
            return _bold(
                _("%(days)s would come back without the later start wished for %(milestone)s."),
                days=days,
                milestone=name,
            )
        case RemedyKind.WAIT_LESS:
            return _bold(
                _("%(days)s would come back with a day less of waiting before %(milestone)s."),
                days=days,
                milestone=name,
            )
    return _bold(_("%(days)s would come back with a day less for %(milestone)s."), days=days, milestone=name)


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
    return milestone or item


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


def _short(value: date | None) -> str:
    return day(value, weekday=False)


def _bold(message: str, **values: str) -> Markup:
    """A sentence whose first value, the answer, stands out."""
    first, *_rest = values
    shown = {name: escape(value) for name, value in values.items()}
    shown[first] = Markup("<b>%s</b>") % shown[first]
    return Markup(escape(message)) % shown  # noqa: S704 # the catalogue's own text, escaped just before
