"""What needs somebody, in words: a verb and its object, what hangs on it, by when, and one action."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from flask_babel import gettext as _
from flask_babel import ngettext

from concierge.catalogue.states import VisitKind
from concierge.core.worktime import WorkCalendar, workdays_between
from concierge.home import queries
from concierge.identity.permissions import Permission
from concierge.identity.viewer import Viewer
from concierge.platform import clock
from concierge.platform.words import clock_time, day, localized, span
from concierge.projects.models import Milestone, Project, Proposal
from concierge.projects.states import MilestoneState, ProposalKind
from concierge.visits.models import Visit
from concierge.visits.states import OVER
from concierge.workforce import queries as workforce

ICONS = {
    VisitKind.SITE_SURVEY: "ruler",
    VisitKind.DELIVERY: "truck",
    VisitKind.INSTALL: "wrench",
    VisitKind.TRAINING: "graduation-cap",
    VisitKind.REMOTE_CALL: "phone",
}
SOON_DAYS = 14
NOW_DAYS = 3


@dataclass(frozen=True, slots=True)
class Need:
    """One row: what to do, why, by when, and where."""

    state: str
    icon: str
    title: str
    url: str
    why: str
    when: str
    note: str
    action: str
    """The word on the button; it leads to `url`."""
    weight: tuple[int, int]
    """Smaller stands first: urgency, then the day."""


def agenda(looking: Viewer, *, now: datetime, mine: bool) -> tuple[list[Need], list[Need], list[Need]]:
    """All that needs the viewer: to act on now, to do soon, and to wait for from others."""
    today = clock.day_at(now, looking.zone)
    soon: list[Need] = []
    waiting: list[Need] = []
    stuck = queries.stuck_milestones(looking, today=today, mine=mine)
    calendars = workforce.working_calendars(milestone.project.site.region for milestone in stuck)
    act = [_stuck(milestone, today, calendars[milestone.project.site.region]) for milestone in stuck]
    for visit in queries.visits_to_decide(looking, mine=mine):
        is_near = visit.starts_local.date() <= today + timedelta(days=SOON_DAYS)
        (act if is_near else soon).append(_to_decide(visit, today))
    for visit in queries.visits_without_people(looking, now=now, days=SOON_DAYS, mine=mine):
        is_near = visit.starts_local.date() <= today + timedelta(days=NOW_DAYS)
        (act if is_near else soon).append(_without_people(visit, today))
    for answers in queries.open_answers(looking, today=today, days=7, mine=mine):
        if answers.overdue:
            act.append(_overdue(answers, today))
        else:
            waiting.append(_expected(answers, today))
    if looking.may(Permission.APPROVE_PLANS):
        soon += [_proposed(proposal, today) for proposal in queries.proposals(looking, mine=mine)]
        soon += [_to_approve(project, today) for project in queries.drafts(looking, mine=mine)]
    if looking.may(Permission.EDIT_CATALOGUE):
        soon += [_to_match(found, today) for found in queries.unmatched(looking)]
    for needs in (act, soon, waiting):
        needs.sort(key=lambda need: need.weight)
    return act, soon, waiting


def own_visits(visits: Sequence[Visit], looking: Viewer, *, now: datetime) -> list[Need]:
    """A technician's visits as rows: what, where, when on the site's clock."""
    rows = []
    for visit in visits:
        is_due = visit.ends_at <= now and visit.state not in OVER
        place = ", ".join(part for part in (visit.project.account.name, visit.site.address_line) if part)
        rows.append(
            Need(
                state="warn" if is_due else ("go" if visit.starts_at <= now < visit.ends_at else "idle"),
                icon=ICONS[visit.kind],
                title=visit.title,
                url=f"/visits/{visit.id}",
                why=place,
                when=span(visit.starts_local, visit.ends_local),
                note=_("%(clock)s your time", clock=clock_time(visit.starts_at, looking.zone))
                if _clock_differs(visit, looking)
                else "",
                action=_("Report") if is_due else _("Open"),
                weight=(0, visit.starts_local.toordinal()),
            )
        )
    return rows


def _stuck(milestone: Milestone, today: date, calendar: WorkCalendar) -> Need:
    project = milestone.project
    name, promised = localized(milestone.name), milestone.promised_on
    late_days = workdays_between(calendar, promised, today) if promised and promised < today else 0
    if milestone.state is MilestoneState.BLOCKED:
        title = _("Clear the way for %(milestone)s", milestone=name)
        reason = milestone.block_reason or _("no reason given")
        why = _("%(place)s. Blocked: %(reason)s", place=_place(project), reason=reason)
    elif milestone.forecast_on is None or milestone.forecast_on < today:
        title = _("Finish %(milestone)s, or move it", milestone=name)
        why = _("%(place)s. Nobody has said that it is done.", place=_place(project))
    else:
        title = _("Finish %(milestone)s, or move it", milestone=name)
        why = _("%(place)s. Now expected on %(day)s.", place=_place(project), day=day(milestone.forecast_on))
    slip = project.slip_workdays
    return Need(
        state="bad" if late_days or slip > 0 else "warn",
        icon="octagon-alert" if milestone.state is MilestoneState.BLOCKED else "clock",
        title=title,
        url=f"/projects/{project.key}",
        why=why,
        when=ngettext("%(num)s day late", "%(num)s days late", late_days)
        if late_days
        else day(milestone.forecast_on),
        note=_("handover +%(days)s d", days=slip) if slip > 0 else _("handover still holds"),
        action=_("Open plan"),
        weight=(-slip, (promised or today).toordinal()),
    )


def _to_decide(visit: Visit, today: date) -> Need:
    return Need(
        state="warn",
        icon="calendar-clock",
        title=_("Keep or move %(title)s", title=visit.title),
        url=f"/visits/{visit.id}",
        why=_("%(place)s. %(reason)s", place=_place(visit.project), reason=visit.needs_decision),
        when=day(visit.starts_local),
        note=_until(visit.starts_local.date(), today),
        action=_("Decide"),
        weight=(0, visit.starts_local.toordinal()),
    )


def _without_people(visit: Visit, today: date) -> Need:
    missing = visit.crew - len(visit.crew_members)
    return Need(
        state="warn",
        icon="user-plus",
        title=ngettext(
            "Find a technician for %(title)s",
            "Find %(num)s technicians for %(title)s",
            missing,
            title=visit.title,
        ),
        url=f"/visits/{visit.id}",
        why=_place(visit.project),
        when=day(visit.starts_local),
        note=_until(visit.starts_local.date(), today),
        action=_("Assign"),
        weight=(1, visit.starts_local.toordinal()),
    )


def _overdue(answers: queries.OpenAnswers, today: date) -> Need:
    project = answers.project
    return Need(
        state="wait",
        icon="hourglass",
        title=_(
            "Chase the site checklist, %(answered)s of %(total)s answered",
            answered=answers.answered,
            total=answers.total,
        ),
        url=f"/projects/{project.key}/readiness",
        why=_(
            "%(place)s. Still waiting for: %(requirement)s.",
            place=_place(project),
            requirement=localized(answers.requirement).rstrip("."),
        ),
        when=ngettext("%(num)s overdue", "%(num)s overdue", answers.overdue),
        note=_("since %(day)s", day=day(answers.first_due_on)),
        action=_("Open checklist"),
        weight=(2, answers.first_due_on.toordinal()),
    )


def _expected(answers: queries.OpenAnswers, today: date) -> Need:
    project = answers.project
    return Need(
        state="wait",
        icon="hourglass",
        title=ngettext(
            "%(who)s owes %(num)s answer about the site",
            "%(who)s owes %(num)s answers about the site",
            answers.open,
            who=answers.contact.name if answers.contact else project.account.name,
        ),
        url=f"/projects/{project.key}/readiness",
        why=_(
            "%(place)s. First: %(requirement)s.",
            place=_place(project),
            requirement=localized(answers.requirement).rstrip("."),
        ),
        when=day(answers.first_due_on),
        note=_until(answers.first_due_on, today),
        action=_("Open checklist"),
        weight=(0, answers.first_due_on.toordinal()),
    )


def _proposed(proposal: Proposal, today: date) -> Need:
    project = proposal.project
    if proposal.kind is ProposalKind.CANCEL:
        title = _("Decide whether %(project)s is cancelled", project=project.key)
        why = _("%(place)s. The order asks to cancel.", place=_place(project))
    else:
        title = _("Decide on new dates for %(project)s", project=project.key)
        why = _(
            "%(place)s. The order now asks for delivery from %(day)s.",
            place=_place(project),
            day=day(proposal.requested_from),
        )
    return Need(
        state="warn",
        icon="file-text",
        title=title,
        url=f"/projects/{project.key}",
        why=why,
        when=day(proposal.made_at),
        note=_("asked"),
        action=_("Decide"),
        weight=(0, proposal.made_at.toordinal()),
    )


def _to_approve(project: Project, today: date) -> Need:
    return Need(
        state="idle",
        icon="clipboard-check",
        title=_("Approve the plan of %(project)s", project=project.name),
        url=f"/projects/{project.key}",
        why=_(
            "%(place)s. Handover would be promised for %(day)s.",
            place=_place(project),
            day=day(project.forecast_handover_on),
        ),
        when=_waited((today - project.created_at.date()).days),
        note=_("since the order came"),
        action=_("Review"),
        weight=(2, project.created_at.toordinal()),
    )


def _to_match(found: queries.Unmatched, today: date) -> Need:
    order = found.order
    return Need(
        state="idle",
        icon="link",
        title=ngettext(
            "Match %(num)s line of order %(number)s",
            "Match %(num)s lines of order %(number)s",
            found.lines,
            number=order.number,
        ),
        url=f"/orders/{order.id}",
        why=_(
            "%(account)s calls it “%(name)s”. Once is enough for all later orders.",
            account=order.account.name,
            name=found.first,
        ),
        when=_waited((today - order.received_at.date()).days),
        note=_("since the order came"),
        action=_("Match"),
        weight=(1, order.received_at.toordinal()),
    )


def _place(project: Project) -> str:
    city = project.site.city or project.site.name
    return _("%(account)s, %(city)s", account=project.account.name, city=city)


def _until(day_on: date, today: date) -> str:
    days = (day_on - today).days
    if days < 0:
        return ngettext("%(num)s day ago", "%(num)s days ago", -days)
    if days == 0:
        return _("today")
    if days == 1:
        return _("tomorrow")
    return ngettext("in %(num)s day", "in %(num)s days", days)


def _waited(days: int) -> str:
    return _("today") if days <= 0 else ngettext("%(num)s day", "%(num)s days", days)


def _clock_differs(visit: Visit, looking: Viewer) -> bool:
    at = visit.starts_at
    return (
        at.astimezone(ZoneInfo(visit.zone)).utcoffset() != at.astimezone(ZoneInfo(looking.zone)).utcoffset()
    )
