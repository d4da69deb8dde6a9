"""What staff see of a visit's invitations: who is invited, what they answered, which other times are asked for."""

from dataclasses import dataclass

from flask import flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from concierge.identity.guard import requires, viewer
from concierge.identity.permissions import Permission
from concierge.invitations import forms, queries, reactions
from concierge.invitations.actions import answering
from concierge.invitations.models import Invitation, TimeProposal
from concierge.invitations.states import ProposalState, Reply
from concierge.invitations.views.blueprint import Page, bp
from concierge.platform import clock, undo
from concierge.platform.database import unit_of_work
from concierge.platform.errors import Refused
from concierge.platform.previews import carry_out
from concierge.platform.web import show_again
from concierge.platform.words import called, instant, span
from concierge.visits import feasibility
from concierge.visits import queries as visits
from concierge.visits.actions import checks
from concierge.visits.clocks import wall_time
from concierge.visits.models import Visit
from concierge.visits.words import sentence


@dataclass(frozen=True, slots=True)
class Row:
    """One person who is invited, as the page shows them."""

    id: int
    name: str
    initials: str
    note: str
    state: str
    icon: str
    answer: str
    when: str
    comment: str
    can_resend: bool


@bp.get("/visits/<int:visit_id>/invitations")
@requires(Permission.SEE_VISITS)
def of_visit(visit_id: int) -> Page:
    """Who is invited to a visit and what they answered; as a part of its page, or as a page."""
    visit = visits.visit_for(viewer(), visit_id)
    is_part = request.headers.get("HX-Request") == "true"
    template = "invitations/_of_visit.html" if is_part else "invitations/of_visit.html"
    may_schedule = viewer().may(Permission.SCHEDULE_VISITS)
    page = render_template(
        template,
        visit=visit,
        rows=[_row(one, may_schedule=may_schedule) for one in queries.invitations_of(visit_id)],
        proposals=[_wish(one, visit) for one in queries.open_proposals(visit_id)],
        may_schedule=may_schedule,
    )
    answer = make_response(page)
    answer.headers["Vary"] = "HX-Request"
    return answer


@bp.post("/invitations/<int:invitation_id>/sending")
@requires(Permission.SCHEDULE_VISITS)
def send_again(invitation_id: int) -> Page:
    """Send an invitation once more."""
    invitation = queries.invitation_seen_by(viewer(), invitation_id)
    _pressed()
    with unit_of_work():
        is_sent = reactions.send_again(invitation_id)
    flash(
        _("The invitation is on its way again.")
        if is_sent
        else _("There is nothing to send: they are no longer invited, or have no mail address.")
    )
    return _back(invitation.visit_id)


@bp.get("/time-proposals/<int:proposal_id>")
@requires(Permission.SCHEDULE_VISITS)
def proposal(proposal_id: int) -> Page:
    """Another time that is asked for, beside the one it has, and what stands against it."""
    found = queries.proposal_seen_by(viewer(), proposal_id)
    return render_template("invitations/proposal.html", form=forms.TakeTime(), **_proposal_page(found))


@bp.post("/time-proposals/<int:proposal_id>/taking")
@requires(Permission.SCHEDULE_VISITS)
def take(proposal_id: int) -> Page:
    """Move the visit to the time that is asked for, after showing what follows."""
    found = queries.proposal_seen_by(viewer(), proposal_id)
    visit = visits.visit_for(viewer(), found.invitation.visit_id)
    form = forms.TakeTime()
    if not form.validate_on_submit():
        return show_again("invitations/proposal.html", form, **_proposal_page(found))
    actor_id, at = viewer().user_id, clock.now()
    try:
        act = carry_out(
            lambda: answering.decide(
                proposal_id,
                take=True,
                conflict_reason=form.conflict_reason.data or "",
                at=at,
                actor_id=actor_id,
            ),
            project_id=visit.project_id,
            actor_id=actor_id,
            at=at,
            needs=Permission.SCHEDULE_VISITS.value,
            title=_("Move the visit %(title)s", title=called(visit)),
            verb=_("Move it"),
            back=url_for("visits.visit", visit_id=visit.id),
        )
    except checks.Conflicting as refusal:
        form.conflict_reason.errors = [refusal.sentence]
        found = queries.proposal_seen_by(viewer(), proposal_id)
        return show_again("invitations/proposal.html", form, **_proposal_page(found))
    if not isinstance(act, undo.Act):
        return act
    undo.tell(act, _("The visit has moved. Everybody who is invited is written to."))
    return _back(visit.id)


@bp.post("/time-proposals/<int:proposal_id>/declining")
@requires(Permission.SCHEDULE_VISITS)
def decline(proposal_id: int) -> Page:
    """Leave the visit where it is; whoever asked is told."""
    found = queries.proposal_seen_by(viewer(), proposal_id)
    _pressed()
    with unit_of_work():
        answering.decide(proposal_id, take=False, at=clock.now(), actor_id=viewer().user_id)
    flash(_("The visit stays where it is; %(name)s is told.", name=answering.name_of(found.invitation)))
    return _back(found.invitation.visit_id)


def _pressed() -> None:
    if not forms.Press().validate_on_submit():
        raise Refused(_("This form has expired. Load the page again and repeat."))


def _back(visit_id: int) -> Response:
    return redirect(url_for("visits.visit", visit_id=visit_id, _anchor="invitations"), code=303)


def _row(invitation: Invitation, *, may_schedule: bool) -> Row:
    person = invitation.user or invitation.contact
    zone = viewer().zone
    state, icon, words = _look(invitation)
    answered = invitation.replied_at if invitation.reply is not Reply.NONE else None
    shown_at = invitation.undeliverable_at or invitation.withdrawn_at or answered
    return Row(
        id=invitation.id,
        name=person.name if person else invitation.email,
        initials=person.initials if person else "",
        note=invitation.email,
        state=state,
        icon=icon,
        answer=words,
        when=instant(shown_at, zone)
        if shown_at
        else _("sent %(when)s", when=instant(invitation.sent_at, zone))
        if invitation.sent_at
        else "",
        comment=invitation.comment,
        can_resend=may_schedule and invitation.withdrawn_at is None,
    )


def _look(invitation: Invitation) -> tuple[str, str, str]:
    if invitation.undeliverable_at is not None:
        return "bad", "triangle-alert", _("Cannot be delivered")
    if invitation.withdrawn_at is not None and invitation.reply is not Reply.DECLINED:
        return "idle", "ban", _("Invitation withdrawn")
    return {
        Reply.NONE: ("wait", "hourglass", _("No answer yet")),
        Reply.ACCEPTED: ("ok", "check", _("Said yes")),
        Reply.TENTATIVE: ("wait", "circle-dot", _("Maybe")),
        Reply.DECLINED: ("bad", "x", _("Declined")),
        Reply.DELEGATED: ("warn", "users", _("Sends somebody else")),
    }[invitation.reply]


@dataclass(frozen=True, slots=True)
class Wish:
    """Another time that is asked for, in words."""

    id: int
    name: str
    asked: str
    now: str
    comment: str


def _wish(found: TimeProposal, visit: Visit) -> Wish:
    zone = visit.zone
    return Wish(
        id=found.id,
        name=answering.name_of(found.invitation),
        asked=span(wall_time(found.starts_at, zone), wall_time(found.ends_at, zone)),
        now=span(visit.starts_local, visit.ends_local),
        comment=found.comment,
    )


def _proposal_page(found: TimeProposal) -> dict[str, object]:
    visit = visits.visit_for(viewer(), found.invitation.visit_id)
    against = feasibility.conflicts(
        feasibility.wanted_of(visit, starts_at=found.starts_at, ends_at=found.ends_at)
    )
    unsettled = set(feasibility.unsettled(against, visit_id=visit.id))
    return {
        "visit": visit,
        "wish": _wish(found, visit),
        "is_open": found.state is ProposalState.OPEN,
        "state": found.state.value,
        "warnings": [(one in unsettled, sentence(one)) for one in against],
        "needs_reason": bool(unsettled),
    }
