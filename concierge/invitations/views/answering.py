"""The page that a letter leads to: whoever was sent it answers without signing in. Looking changes nothing."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus

from flask import Response, g, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import refresh
from werkzeug.wrappers import Response as Redirect

from concierge.feeds.words import kind_word, sentence
from concierge.identity.guard import public
from concierge.invitations import forms, plan, queries, secret
from concierge.invitations.actions import answering
from concierge.invitations.models import Answer, Invitation
from concierge.invitations.states import Outcome, Reply, Way
from concierge.invitations.views.blueprint import bp
from concierge.invitations.words import words_of
from concierge.platform import clock, settings
from concierge.platform.database import unit_of_work
from concierge.platform.errors import NotFound
from concierge.platform.limits import limiter
from concierge.platform.speech import customer_language
from concierge.platform.web import csrf
from concierge.platform.words import localized, span
from concierge.projects import calendars
from concierge.visits.clocks import wall_time
from concierge.visits.states import VisitState

KEPT = timedelta(days=30)
"""So long after a visit its answer page still says what was."""
LONGEST_NUMBER = 9
"""Digits that no SEQUENCE of ours has."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What the page says: in the reader's language, and nothing that people noted among themselves."""

    title: str
    what: str
    when: str
    zone: str
    own_time: str
    own_zone: str
    where: str
    name: str
    email: str
    is_open: bool
    why_closed: str
    reply: str
    comment: str
    replied_at: datetime | None
    with_others: tuple[str, ...]


def is_unknown(answer: Response) -> bool:
    """Whether a token was none: only those count, so that nobody finds one by trying."""
    return answer.status_code == HTTPStatus.NOT_FOUND


@bp.get("/answer/<token>")
@public
@limiter.limit("20 per 15 minutes", deduct_when=is_unknown)
def answer(token: str) -> Response:
    """Show the visit and what can be answered."""
    invitation = _found(token)
    said = request.args.get("said", "")
    return _page(invitation, token, said=said)


@bp.post("/answer/<token>")
@csrf.exempt  # type: ignore[untyped-decorator]  # Flask-WTF's has no types
@public
@limiter.limit("30 per 15 minutes")
def take_answer(token: str) -> Response | Redirect:
    """Take an answer."""
    _expect_own_form(token)
    invitation = _found(token)
    form = forms.AnswerInvitation()
    if not form.validate():
        return _page(invitation, token, form=form)
    with unit_of_work():
        row = answering.answer(
            invitation,
            Reply(form.answer.data),
            way=Way.PAGE,
            comment=form.comment.data or "",
            sequence=_sequence(form.sequence.data),
            stamped_at=None,
            at=clock.now(),
        )
        outcome = row.outcome
    return redirect(url_for("invitations.answer", token=token, said=_said(outcome)), code=303)


@bp.post("/answer/<token>/time")
@csrf.exempt  # type: ignore[untyped-decorator]  # Flask-WTF's has no types
@public
@limiter.limit("30 per 15 minutes")
def take_time(token: str) -> Response | Redirect:
    """Take a wish for another time."""
    _expect_own_form(token)
    invitation = _found(token)
    visit, at = invitation.visit, clock.now()
    form = forms.AnotherTime()
    form.visit, form.now = visit, at
    form.calendar = calendars.site_calendars([visit.site_id])[visit.site_id]
    if not form.validate():
        return _page(invitation, token, time_form=form)
    when = form.when
    with unit_of_work():
        row: Answer = answering.propose(
            invitation,
            starts_at=when.starts_at,
            ends_at=when.ends_at,
            way=Way.PAGE,
            comment=form.wish.data or "",
            sequence=_sequence(form.sequence.data),
            stamped_at=None,
            at=at,
        )
        outcome, why = row.outcome, words_of(row)
    if outcome is Outcome.REFUSED:
        form.start_on.errors = [*form.start_on.errors, why]
        return _page(_found(token), token, time_form=form)
    return redirect(url_for("invitations.answer", token=token, said=_said(outcome)), code=303)


def _expect_own_form(token: str) -> None:
    """Refuse a form that does not come from the answer page; a browser need not keep cookies for it.

    :raises CSRFError: when neither the page's own proof nor the session's token comes along.
    """
    given = request.form.get("proof", "")
    if secret.is_form_proof(given, token, key=settings.current().secret_key, at=clock.now()):
        g.csrf_valid = True  # as `protect` notes it, for the forms
    else:
        csrf.protect()


def _found(token: str) -> Invitation:
    """The invitation of a token; one that was over long ago is as unknown as one that never was.

    :raises NotFound: when there is none.
    """
    invitation = queries.by_token(token)
    if invitation.visit.ends_at + KEPT < clock.now():
        raise NotFound
    g.spoken = customer_language(_language(invitation))
    refresh()
    return invitation


def _page(
    invitation: Invitation,
    token: str,
    *,
    said: str = "",
    form: forms.AnswerInvitation | None = None,
    time_form: forms.AnotherTime | None = None,
) -> Response:
    visit = invitation.visit
    failed = form is not None or time_form is not None
    if form is None:
        form = forms.AnswerInvitation(formdata=None, sequence=str(invitation.sent_sequence))
        form.comment.data = invitation.comment
    if time_form is None:
        time_form = forms.AnotherTime(
            formdata=None,
            sequence=str(invitation.sent_sequence),
            start_on=visit.starts_local.date(),
            start_time=visit.starts_local.time(),
        )
    page = render_template(
        "invitations/answer.html",
        asked=_asked(invitation),
        form=form,
        time_form=time_form,
        token=token,
        proof=secret.form_proof(token, key=settings.current().secret_key, at=clock.now()),
        said=said,
        concierge=visit.project.concierge if invitation.contact_id is not None else None,
        company=settings.current().company,
        proposals=[one for one in queries.open_proposals(visit.id) if one.invitation_id == invitation.id],
        zone=visit.zone,
    )
    answer = make_response(page, HTTPStatus.UNPROCESSABLE_ENTITY if failed else HTTPStatus.OK)
    answer.headers["Referrer-Policy"] = "no-referrer"
    answer.headers["X-Robots-Tag"] = "noindex, nofollow"
    return answer


def _asked(invitation: Invitation) -> Asked:
    visit = invitation.visit
    is_customer = invitation.contact_id is not None
    person = invitation.user or invitation.contact
    own_zone = person.zone if person else visit.zone
    when = span(visit.starts_local, visit.ends_local)
    theirs = span(wall_time(visit.starts_at, own_zone), wall_time(visit.ends_at, own_zone))
    why = _why_closed(invitation)
    kind = kind_word(visit.kind.value, language=g.spoken)
    what = localized(visit.titles) or plan.title_of(visit, is_customer=is_customer)
    return Asked(
        title=sentence(
            "title_without_place", language=g.spoken, kind=kind, account=visit.project.account.name
        ),
        what=what if what != kind else "",
        when=when,
        zone=visit.zone,
        own_time="" if theirs == when else theirs,
        own_zone=own_zone,
        where=plan.address_of(visit),
        name=answering.name_of(invitation),
        email=invitation.email,
        is_open=not why,
        why_closed=why,
        reply=invitation.reply.value,
        comment=invitation.comment,
        replied_at=invitation.replied_at,
        with_others=()
        if is_customer
        else tuple(m.user.name for m in visit.crew_members if m.user_id != invitation.user_id),
    )


def _why_closed(invitation: Invitation) -> str:
    """Why nothing can be answered now; empty when it can."""
    visit = invitation.visit
    if visit.ends_at <= clock.now() or visit.state in {
        VisitState.IN_PROGRESS,
        VisitState.COMPLETE,
        VisitState.INCOMPLETE,
    }:
        return _("This visit has begun or is over.")
    if visit.state is VisitState.CANCELLED:
        return _("This visit is cancelled. Nobody comes.")
    if invitation.user_id is not None and invitation.user_id not in visit.technician_ids:
        return (
            _("You have declined. Somebody else is being found.")
            if invitation.reply is Reply.DECLINED
            else _("You no longer go on this visit.")
        )
    now = plan.fingerprint(visit, is_customer=invitation.contact_id is not None)
    if invitation.withdrawn_at is None and not plan.is_same_time_and_place(invitation.sent_fingerprint, now):
        return _("This visit has just changed. A new letter is on its way; please answer that one.")
    if invitation.withdrawn_at is not None or (
        visit.state not in plan.INVITED and not queries.has_decliner(visit.id)
    ):
        return _("This visit is no longer certain. We write again when it is.")
    return ""


def _language(invitation: Invitation) -> str:
    person = invitation.user or invitation.contact
    return person.language if person else "en"


def _sequence(text: str | None) -> int:
    """The invitation that the page showed; a spoiled number is older than all."""
    known = text and text.isascii() and text.isdigit() and len(text) <= LONGEST_NUMBER
    return int(text or "0") if known else 0


def _said(outcome: Outcome) -> str:
    """What the page says after an act, as a word of its address."""
    return {
        Outcome.APPLIED: "noted",
        Outcome.REPEATED: "noted",
        Outcome.PROPOSED: "asked",
        Outcome.FOR_A_PERSON: "person",
    }.get(outcome, "late")
