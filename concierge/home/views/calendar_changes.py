"""A proposed change of working days: every date that it would move, then apply or discard."""

from http import HTTPStatus

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response

from concierge.home import queries as home
from concierge.home.views.blueprint import bp
from concierge.home.views.calendars import away_words, day_names, site_closure_words
from concierge.identity.guard import requires, viewer
from concierge.identity.permissions import Permission
from concierge.platform import clock, undo
from concierge.platform.database import unit_of_work
from concierge.platform.errors import NotAllowed, Stale
from concierge.platform.words import country, day
from concierge.projects import chores
from concierge.projects.actions import calendar_changes as changes
from concierge.projects.actions import replanning
from concierge.projects.actions.calendar_changes import CalendarChange, ChangeKind
from concierge.projects.models import CalendarProposal
from concierge.projects.queries import replanning as queries
from concierge.projects.states import CalendarProposalState

NEEDED = {
    ChangeKind.CLOSURE: Permission.EDIT_PROJECTS,
    ChangeKind.HOME: Permission.EDIT_PROJECTS,
    ChangeKind.ABSENCE: Permission.SCHEDULE_VISITS,
    ChangeKind.SITE_PLACE: Permission.EDIT_ACCOUNTS,
    ChangeKind.SITE_HOURS: Permission.EDIT_ACCOUNTS,
    ChangeKind.SITE_CLOSURE: Permission.EDIT_ACCOUNTS,
}
"""Who may make a change of a kind may decide on it."""

chores.register()

Page = str | Response | tuple[str, int]


@bp.get("/calendars/changes/<int:proposal_id>")
@requires(Permission.SCHEDULE_VISITS)
def calendar_change(proposal_id: int) -> Page:
    """Show what a change of working days would move, or has moved."""
    return _page(queries.calendar_proposal(proposal_id))


@bp.post("/calendars/changes/<int:proposal_id>/application")
@requires(Permission.SCHEDULE_VISITS)
def apply_calendar_change(proposal_id: int) -> Page:
    """Make the change and let every plan follow; when something has changed since, show it again instead."""
    needed = _refuse_others(proposal_id)
    try:
        at = clock.now()
        with unit_of_work(), undo.undoable(actor_id=viewer().user_id, at=at, needs=needed.value) as act:
            proposal = replanning.apply(
                proposal_id, note=request.form.get("note", "")[:1000], actor_id=viewer().user_id, at=at
            )
    except Stale as stale:
        return _foreseen_again(proposal_id, stale)
    if proposal.state is CalendarProposalState.APPLYING:
        return redirect(f"/jobs/{proposal.job_id}", code=303)
    undo.tell(
        act,
        ngettext(
            "Working days are changed; %(num)s project followed.",
            "Working days are changed; %(num)s projects followed.",
            proposal.projects,
        ),
    )
    return redirect(url_for("home.calendar_change", proposal_id=proposal_id), code=303)


@bp.post("/calendars/changes/<int:proposal_id>/taking-back")
@requires(Permission.SCHEDULE_VISITS)
def take_calendar_change_back(proposal_id: int) -> Page:
    """Propose the opposite of a change that was made; every date that it would move is listed first."""
    _refuse_others(proposal_id)
    with unit_of_work():
        proposal = replanning.propose_back(proposal_id, actor_id=viewer().user_id, at=clock.now())
    if proposal.state is CalendarProposalState.APPLIED:
        flash(_("Taken back. No plan depends on it, so nothing moved."))
    return _on(proposal)


@bp.post("/calendars/changes/<int:proposal_id>/dismissal")
@requires(Permission.SCHEDULE_VISITS)
def discard_calendar_change(proposal_id: int) -> Page:
    """Leave working days as they are."""
    _refuse_others(proposal_id)
    with unit_of_work():
        replanning.discard(proposal_id, actor_id=viewer().user_id, at=clock.now())
    flash(_("Discarded. Nothing has changed."))
    return redirect(url_for("home.calendars_page"), code=303)


@bp.post("/calendars/changes/<int:proposal_id>/foresight")
@requires(Permission.SCHEDULE_VISITS)
def foresee_calendar_change(proposal_id: int) -> Page:
    """Work out anew what the change would move."""
    _refuse_others(proposal_id)
    with unit_of_work():
        proposal = replanning.foresee_again(proposal_id, actor_id=viewer().user_id, at=clock.now())
    return _on(proposal)


def change_words(change: CalendarChange) -> str:
    """A change as one sentence: whose days, which, and what becomes of them."""
    days = _days(change)
    match change.kind:
        case ChangeKind.CLOSURE if change.removes:
            return _("The company works %(days)s: “%(name)s” is removed", days=days, name=change.name)
        case ChangeKind.CLOSURE if change.before is not None:
            return _(
                "“%(name)s” closes the company %(days)s instead of %(before)s",
                name=change.name,
                days=days,
                before=_days(change.before),
            )
        case ChangeKind.CLOSURE:
            return _("“%(name)s” closes the company %(days)s", name=change.name, days=days)
        case ChangeKind.SITE_PLACE:
            return _(
                "%(name)s is in %(where)s, on the clock of %(zone)s",
                name=change.name,
                where=_where(change),
                zone=change.zone,
            )
        case ChangeKind.HOME:
            return _(
                "Our own days are those of %(name)s: public holidays of %(where)s",
                name=change.name,
                where=_where(change),
            )
        case ChangeKind.ABSENCE if change.removes:
            return _("%(name)s is not away %(days)s after all", name=change.name, days=days)
        case ChangeKind.ABSENCE:
            word = away_words().get(change.word, change.word)
            return _("%(name)s is away %(days)s: %(word)s", name=change.name, days=days, word=word)
        case ChangeKind.SITE_HOURS:
            return _("%(name)s lets us in %(hours)s", name=change.name, hours=_week(change))
        case ChangeKind.SITE_CLOSURE if change.removes:
            return _("“%(name)s” at the site is removed: %(days)s", name=change.name, days=days)
        case ChangeKind.SITE_CLOSURE:
            word = site_closure_words().get(change.word, change.word)
            return _("%(word)s at the site %(days)s: “%(name)s”", word=word, days=days, name=change.name)


def _where(change: CalendarChange) -> str:
    return country(change.country) + (f", {change.subdivision}" if change.subdivision else "")


def _days(change: CalendarChange) -> str:
    if change.first_on is None or change.last_on is None:
        return ""
    first, last = day(change.first_on), day(change.last_on)
    if change.kind is ChangeKind.ABSENCE and (change.from_time or change.to_time):
        return _(
            "from %(first)s, %(start)s, to %(last)s, %(end)s",
            first=first,
            start=change.from_time or "00:00",
            last=last,
            end=change.to_time or "24:00",
        )
    said = (
        _("on %(day)s", day=first)
        if change.first_on == change.last_on
        else _("from %(first)s to %(last)s", first=first, last=last)
    )
    return f"{said}, {change.from_time}–{change.to_time}" if change.from_time else said


def _week(change: CalendarChange) -> str:
    if not change.hours:
        return _("on the working days of its country")
    names = day_names()
    return ", ".join(f"{names[weekday]} {opens}–{closes}" for weekday, opens, closes in change.hours)


def _page(proposal: CalendarProposal, *, stale: str = "", status: HTTPStatus = HTTPStatus.OK) -> Page:
    change = changes.from_json(proposal.change)
    promised_only = request.args.get("promised") == "1"
    shown = queries.moves_page(
        viewer(), proposal.id, page=request.args.get("page", 1, type=int), promised_only=promised_only
    )
    page = render_template(
        "home/calendar_change.html",
        proposal=proposal,
        words=change_words(change),
        found=shown,
        visits=home.visits_put_in_question(proposal.id),
        stale=stale,
        promised_only=promised_only,
        may_decide=viewer().may(_needed(change)),
        back=_back(change),
        taken_back=queries.taking_back(proposal.id),
        left=replanning.left_over(proposal),
    )
    return page, status


def _back(change: CalendarChange) -> str:
    if change.leave_id is not None:
        return url_for("home.leave_request", leave_id=change.leave_id)
    if change.site_id is not None:
        return url_for("home.site_days", site_id=change.site_id)
    return url_for("home.calendars_page")


def _foreseen_again(proposal_id: int, stale: Stale) -> Page:
    """What it would move now, with the sentence that says why it was not made."""
    with unit_of_work():
        proposal = replanning.foresee_again(proposal_id, actor_id=viewer().user_id, at=clock.now())
    if proposal.state is not CalendarProposalState.OPEN:
        flash(stale.sentence)
        return _on(proposal)
    return _page(queries.calendar_proposal(proposal_id), stale=stale.sentence, status=HTTPStatus.CONFLICT)


def _on(proposal: CalendarProposal) -> Page:
    if proposal.state is CalendarProposalState.FORESEEING:
        return redirect(f"/jobs/{proposal.job_id}", code=303)
    return redirect(url_for("home.calendar_change", proposal_id=proposal.id), code=303)


def _needed(change: CalendarChange) -> Permission:
    """The permission that deciding takes; leave that somebody asked for takes its own."""
    return Permission.MANAGE_WORKFORCE if change.leave_id is not None else NEEDED[change.kind]


def _refuse_others(proposal_id: int) -> Permission:
    """Check that the viewer may make a change of this kind; return the permission that it takes.

    :raises NotAllowed: when their role may not.
    """
    change = changes.from_json(queries.calendar_proposal(proposal_id).change)
    needed = _needed(change)
    if not viewer().may(needed):
        raise NotAllowed(
            f"Your role, {viewer().role.value}, may not {needed.value}. "
            "An administrator can change your role under People."
        )
    return needed
