"""Leave: asking for it, seeing who else is there and which visits it touches, and deciding."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from http import HTTPStatus

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from concierge.home.views.blueprint import bp
from concierge.home.views.calendars import away_words
from concierge.identity.guard import requires, viewer
from concierge.identity.permissions import Permission
from concierge.platform import clock, undo
from concierge.platform.database import unit_of_work
from concierge.platform.errors import NotFound, Stale
from concierge.platform.once import taken_once
from concierge.platform.web import show_again
from concierge.projects.actions import calendar_changes as changes
from concierge.projects.actions import replanning
from concierge.projects.actions.calendar_changes import CalendarChange, ChangeKind
from concierge.projects.models import CalendarProposal
from concierge.projects.states import CalendarProposalState
from concierge.visits import queries as visits
from concierge.visits.models import Visit
from concierge.workforce import forms, mails
from concierge.workforce import queries as workforce
from concierge.workforce.actions import leave as actions
from concierge.workforce.calendars import away_span
from concierge.workforce.events import LeaveApproved, LeaveRefused, LeaveRequested, LeaveWithdrawn
from concierge.workforce.models import LeaveRequest, OnCallTurn
from concierge.workforce.states import AbsenceKind, LeaveState

Page = str | Response | tuple[str, int]
PAST_DAYS = 90
"""Decided requests that ended longer ago are not listed."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A request in a list, with its days in words."""

    request: LeaveRequest
    when: str


@dataclass(frozen=True, slots=True)
class Told:
    """One thing that happened to a request: when, by whom, what, and why."""

    at: datetime
    who: str
    what: str
    why: str


@bp.get("/leave")
@requires(Permission.SEE_VISITS)
def leave() -> Page:
    """List requests for leave: those to decide, and what became of others; technicians see their own."""
    looking = viewer()
    may_decide = looking.may(Permission.MANAGE_WORKFORCE)
    only = request.args.get("technician", type=int) if may_decide else looking.user_id
    since = clock.today(looking.zone) - timedelta(days=PAST_DAYS)
    waiting = workforce.leave_requests(states=[LeaveState.REQUESTED], user_id=only)
    decided = workforce.leave_requests(
        states=[state for state in LeaveState if state is not LeaveState.REQUESTED],
        from_on=since,
        user_id=only,
    )
    return render_template(
        "home/leave.html",
        waiting=_listed(waiting),
        decided=_listed(decided[::-1]),
        words=away_words(),
        may_decide=may_decide,
        is_technician=workforce.technician_of(looking.user_id) is not None,
        only=next((one.technician.user.name for one in (*waiting, *decided)), "")
        if only and may_decide
        else "",
        me=looking.user_id,
    )


@bp.route("/leave/new", methods=["GET", "POST"])
@requires(Permission.WORK_VISITS)
def ask_for_leave() -> Page:
    """Ask to be away.

    :raises NotFound: when the viewer is no technician.
    """
    technician = workforce.technician_of(viewer().user_id)
    if technician is None:
        raise NotFound
    form = forms.LeaveForm()
    if not form.is_submitted():
        return render_template("home/leave_new.html", form=form)
    if not form.validate():
        return show_again("home/leave_new.html", form)
    wish = actions.Wish(
        kind=AbsenceKind(form.word.data),
        first_on=form.first_on.data,  # type: ignore[arg-type]  # the form asks for it
        last_on=form.last_on.data,  # type: ignore[arg-type]  # the form asks for it
        from_time=form.from_time.data,
        to_time=form.to_time.data,
        note=(form.note.data or "").strip(),
    )
    at = clock.now()
    with unit_of_work(), taken_once(by=viewer().user_id) as outcome:
        asked = actions.ask(technician, wish, actor_id=viewer().user_id, at=at)
        outcome.led_to = url_for("home.leave_request", leave_id=asked.id)
    flash(_("You have asked for it. You get a letter once it is decided."))
    return redirect(outcome.led_to, code=303)


@bp.get("/leave/<int:leave_id>")
@requires(Permission.SEE_VISITS)
def leave_request(leave_id: int) -> Page:
    """Show a request for leave; to those who decide with who else is there and which visits it touches."""
    return _page(leave_id)


@bp.post("/leave/<int:leave_id>/approval")
@requires(Permission.MANAGE_WORKFORCE)
def approve_leave(leave_id: int) -> Page:
    """Approve a request; where plans count the technician's days, what would move is shown first."""
    form = forms.ApprovalForm()
    found = workforce.leave_request(leave_id)
    if not form.validate_on_submit():
        return _page(leave_id, approval=form, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    _refuse_stale(found)
    if found.technician.user_id == viewer().user_id:
        raise actions.OwnLeave(_("Nobody decides on their own leave. Ask somebody else to do it."))
    change = replace(_as_change(found), answer=(form.answer.data or "").strip())
    return _propose(change, found, said=_("The leave is approved."))


@bp.post("/leave/<int:leave_id>/refusal")
@requires(Permission.MANAGE_WORKFORCE)
def refuse_leave(leave_id: int) -> Page:
    """Refuse a request, with the reason."""
    form = forms.RefusalForm()
    found = workforce.leave_request(leave_id)
    if not form.validate_on_submit():
        return _page(leave_id, refusal=form, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    _refuse_stale(found)
    with unit_of_work(), _undoable() as act:
        actions.refuse(leave_id, reason=form.reason.data or "", actor_id=viewer().user_id, at=act.at)
    undo.tell(act, _("The leave is refused. The technician gets a letter with the reason."))
    return _back(leave_id)


@bp.post("/leave/<int:leave_id>/withdrawal")
@requires(Permission.WORK_VISITS)
def withdraw_leave(leave_id: int) -> Page:
    """Take a request back, or approved leave that is not over."""
    found = _found(leave_id)
    reason = request.form.get("reason", "")[:1000].strip()
    if (
        found.state is LeaveState.APPROVED
        and found.absence_id is not None
        and viewer().may(Permission.SCHEDULE_VISITS)
    ):
        before = replace(_as_change(found), row_id=found.absence_id)
        change = replace(before, removes=True, answer=reason, before=before)
        return _propose(change, found, said=_("The leave is withdrawn."))
    with unit_of_work(), _undoable() as act:
        actions.withdraw(leave_id, reason=reason, actor_id=viewer().user_id, at=act.at)
    if viewer().may(Permission.MANAGE_WORKFORCE):
        undo.tell(act, _("The leave is withdrawn."))
    else:
        flash(_("The leave is withdrawn."))
    return _back(leave_id)


def _as_change(found: LeaveRequest) -> CalendarChange:
    """The absence that a request asks for, as a change of working days."""
    return CalendarChange(
        kind=ChangeKind.ABSENCE,
        user_id=found.technician.user_id,
        word=found.kind.value,
        name=found.technician.user.name,
        first_on=found.first_on,
        last_on=found.last_on,
        from_time=changes.clock_text(found.from_time),
        to_time=changes.clock_text(found.to_time),
        leave_id=found.id,
    )


def _found(leave_id: int) -> LeaveRequest:
    """A request that the viewer may see: one's own, or anybody's for those who decide.

    :raises NotFound: when there is none, or it is somebody else's.
    """
    may_decide = viewer().may(Permission.MANAGE_WORKFORCE)
    return workforce.leave_request(leave_id, user_id=None if may_decide else viewer().user_id)


def _page(
    leave_id: int,
    *,
    approval: forms.ApprovalForm | None = None,
    refusal: forms.RefusalForm | None = None,
    status: HTTPStatus = HTTPStatus.OK,
) -> Page:
    found = _found(leave_id)
    looking = viewer()
    is_mine = found.technician.user_id == looking.user_id
    may_decide = looking.may(Permission.MANAGE_WORKFORCE) and not is_mine
    is_open = found.state is LeaveState.REQUESTED
    zone = found.technician.user.zone
    page = render_template(
        "home/leave_request.html",
        leave=found,
        when=mails.when(found),
        word=away_words()[found.kind.value],
        is_mine=is_mine,
        may_decide=may_decide and is_open,
        may_withdraw=(is_mine or not is_open) and _may_withdraw(found),
        booked=_booked(found) if found.state in {LeaveState.REQUESTED, LeaveState.APPROVED} else (),
        turns=_turns(found) if found.state in {LeaveState.REQUESTED, LeaveState.APPROVED} else (),
        history=_history(found),
        cover=workforce.cover_of(found) if may_decide and is_open else None,
        approval=approval or forms.ApprovalForm(formdata=None),
        refusal=refusal or forms.RefusalForm(formdata=None),
        zone=looking.zone,
        their_zone=zone,
    )
    return page, status


def _may_withdraw(found: LeaveRequest) -> bool:
    if found.state is LeaveState.REQUESTED:
        return True
    is_over = found.last_on < clock.today(found.technician.user.zone)
    return found.state is LeaveState.APPROVED and not is_over


def _booked(found: LeaveRequest) -> Sequence[Visit]:
    """The visits to come on which they go in that time."""
    return visits.coming_visits_of(found.technician.user_id, away_span(found, found.technician.user.zone))


def _turns(found: LeaveRequest) -> Sequence[OnCallTurn]:
    """Their turns on call in that time."""
    away = away_span(found, found.technician.user.zone)
    assert away.to_at is not None  # noqa: S101 # leave ends
    return workforce.turns_between(from_at=away.from_at, to_at=away.to_at, user_id=found.technician.user_id)


def _history(found: LeaveRequest) -> Sequence[Told]:
    """What happened to a request, the latest first."""
    words = {
        LeaveRequested: _("asked for"),
        LeaveApproved: _("approved"),
        LeaveRefused: _("refused"),
        LeaveWithdrawn: _("withdrawn"),
    }
    return [
        Told(event.at, who, words[type(event)], getattr(event, "reason", ""))
        for event, who in workforce.leave_history(found.id)
    ]


def _listed(requests: Sequence[LeaveRequest]) -> list[Shown]:
    return [Shown(one, mails.when(one)) for one in requests]


def _refuse_stale(found: LeaveRequest) -> None:
    """Check that the page on which it was decided still says what is true.

    :raises Stale: when it does not.
    """
    if request.form.get("version", str(found.version)) != str(found.version):
        raise Stale(_("Somebody else has dealt with this request meanwhile. Load the page again to see how."))


def _propose(change: CalendarChange, found: LeaveRequest, *, said: str) -> Page:
    """Make the change, or show first what it would move; either way it can be taken back."""
    with unit_of_work(), taken_once(by=viewer().user_id) as outcome, _undoable() as act:
        proposal = replanning.propose(
            change, title=f"Leave of {change.name}", actor_id=viewer().user_id, at=act.at
        )
        outcome.led_to = _way(proposal, found.id)
    if proposal.state is CalendarProposalState.APPLIED:
        undo.tell(act, said)
    return redirect(outcome.led_to, code=303)


def _way(proposal: CalendarProposal, leave_id: int) -> str:
    if proposal.state is CalendarProposalState.APPLIED:
        return url_for("home.leave_request", leave_id=leave_id)
    if proposal.state is CalendarProposalState.FORESEEING and proposal.job_id is not None:
        return f"/jobs/{proposal.job_id}"
    return url_for("home.calendar_change", proposal_id=proposal.id)


def _undoable() -> AbstractContextManager[undo.Act]:
    return undo.undoable(actor_id=viewer().user_id, at=clock.now(), needs=Permission.MANAGE_WORKFORCE.value)


def _back(leave_id: int) -> Page:
    return redirect(url_for("home.leave_request", leave_id=leave_id), code=303)
