"""Answers that wait for a person: strangers, suggestions, delegations, wishes, letters that came back."""

from collections.abc import Sequence
from dataclasses import dataclass

from flask import flash, redirect, render_template, url_for
from flask_babel import gettext as _

from concierge.identity.guard import requires, viewer
from concierge.identity.permissions import Permission
from concierge.invitations import forms, queries, reading
from concierge.invitations.actions import answering, taking
from concierge.invitations.models import Answer, Invitation, TimeProposal
from concierge.invitations.queries import ForPeople
from concierge.invitations.states import Outcome, Reply, Trust
from concierge.invitations.views.blueprint import Page, bp
from concierge.invitations.words import words_of
from concierge.platform import clock, incoming
from concierge.platform.database import db, unit_of_work
from concierge.platform.errors import Refused
from concierge.platform.words import ago, called, instant, span
from concierge.visits.clocks import wall_time
from concierge.visits.models import Visit


@dataclass(frozen=True, slots=True)
class Row:
    """One thing that waits, as a line of the list."""

    state: str
    icon: str
    title: str
    url: str
    why: str
    when: str
    note: str
    action: str


@bp.get("/answers")
@requires(Permission.SCHEDULE_VISITS)
def answers() -> Page:
    """List what waits for a person, the newest first."""
    found = queries.answers_for_people(viewer())
    return render_template(
        "invitations/answers.html",
        answers=[_row(one) for one in found],
        wishes=[_wish(one) for one in queries.wishes(viewer())],
        returned=_returned(queries.undeliverable(viewer(), at=clock.now())),
    )


@bp.get("/answers/<int:answer_id>")
@requires(Permission.SCHEDULE_VISITS)
def one_answer(answer_id: int) -> Page:
    """Show one answer: what it says, how far it is believed, and the mail that brought it."""
    found = queries.answer_for(viewer(), answer_id)
    row, visit = found.answer, found.invitation.visit if found.invitation else None
    is_open = row.seen_at is None and row.outcome in queries.FOR_PEOPLE
    return render_template(
        "invitations/answer_by_mail.html",
        answer=row,
        why=words_of(row),
        title=_title(found),
        visit=visit,
        facts=_facts(found),
        mail=found.mail,
        is_open=is_open,
        may_apply=is_open and row.outcome is Outcome.SUGGESTED and found.invitation is not None,
        applying=_applying(row, _name(found)),
        received=instant(row.received_at, viewer().zone),
    )


@bp.post("/answers/<int:answer_id>/application")
@requires(Permission.SCHEDULE_VISITS)
def apply_answer(answer_id: int) -> Page:
    """Apply an answer of which a person has made sure that it is theirs."""
    found = queries.answer_for(viewer(), answer_id)
    _pressed()
    name = viewer().name
    if found.mail is None:
        raise Refused(_("The mail of this answer is gone. Ask the person, then answer for them."))
    data = incoming.bytes_of(found.mail)
    db.session.rollback()  # nobody waits for the reader
    said = reading.read(data)
    with unit_of_work():
        made = taking.believe(answer_id, said, name=name, at=clock.now())
        outcome, why, made_id = made.outcome, words_of(made), made.id
    if outcome in {Outcome.APPLIED, Outcome.PROPOSED}:
        flash(_("The answer is applied."))
        return redirect(url_for("invitations.answers"), code=303)
    flash(_("It changes nothing: %(why)s", why=why))
    return redirect(url_for("invitations.one_answer", answer_id=made_id), code=303)


@bp.post("/answers/<int:answer_id>/dismissal")
@requires(Permission.SCHEDULE_VISITS)
def dismiss_answer(answer_id: int) -> Page:
    """Note that a person has dealt with an answer."""
    found = queries.answer_for(viewer(), answer_id)
    _pressed()
    with unit_of_work():
        answering.see(queries.answer_for_change(found.answer.id), at=clock.now())
    flash(_("The answer is dealt with."))
    return redirect(url_for("invitations.answers"), code=303)


def _pressed() -> None:
    if not forms.Press().validate_on_submit():
        raise Refused(_("This form has expired. Load the page again and repeat."))


def _row(found: ForPeople) -> Row:
    answer = found.answer
    about = _about(found.invitation.visit) if found.invitation else words_of(answer)
    said = f"“{_short(answer.comment)}”" if answer.comment else _short(found.mail.text if found.mail else "")
    return Row(
        state="bad" if answer.reply is Reply.DECLINED else "warn",
        icon=_icon(answer),
        title=_title(found),
        url=url_for("invitations.one_answer", answer_id=answer.id),
        why=" · ".join(part for part in (about, said) if part),
        when=ago(answer.received_at),
        note="",
        action=_("Look"),
    )


def _wish(found: TimeProposal) -> Row:
    visit = found.invitation.visit
    asked = span(wall_time(found.starts_at, visit.zone), wall_time(found.ends_at, visit.zone))
    return Row(
        state="warn",
        icon="calendar-clock",
        title=_("%(name)s asks for %(asked)s", name=answering.name_of(found.invitation), asked=asked),
        url=url_for("invitations.proposal", proposal_id=found.id),
        why=" · ".join(
            part for part in (_about(visit), f"“{_short(found.comment)}”" if found.comment else "") if part
        ),
        when=ago(found.made_at),
        note="",
        action=_("Decide"),
    )


def _returned(found: Sequence[Invitation]) -> list[Row]:
    return [
        Row(
            state="bad",
            icon="mail",
            title=_("The invitation of %(name)s came back", name=answering.name_of(one)),
            url=url_for("visits.visit", visit_id=one.visit_id, _anchor="invitations"),
            why=_(
                "%(email)s cannot be reached. Correct the address; the invitation goes out again. %(visit)s",
                email=one.email,
                visit=_about(one.visit),
            ),
            when=ago(one.undeliverable_at),
            note="",
            action=_("Look"),
        )
        for one in found
    ]


def _title(found: ForPeople) -> str:
    answer, name = found.answer, _name(found)
    if answer.outcome is Outcome.STRANGER:
        who = answer.attendee or answer.sender or _("Somebody")
        return _("%(who)s is not invited and says: %(reply)s", who=who, reply=_reply(answer))
    if answer.outcome is Outcome.SUGGESTED:
        return _("Is it %(name)s who says: %(reply)s?", name=name, reply=_reply(answer))
    if answer.reply is Reply.DELEGATED:
        return _("%(name)s sends somebody else", name=name)
    if answer.reply is not Reply.NONE:
        return _("%(name)s says: %(reply)s", name=name, reply=_reply(answer))
    return _("%(name)s wrote", name=name)


def _name(found: ForPeople) -> str:
    return answering.name_of(found.invitation) if found.invitation else found.answer.sender or _("Somebody")


def _reply(answer: Answer) -> str:
    if answer.method == "COUNTER":
        return _("another time, please")
    return {
        Reply.NONE: _("nothing that can be read"),
        Reply.ACCEPTED: _("yes"),
        Reply.TENTATIVE: _("maybe"),
        Reply.DECLINED: _("no"),
        Reply.DELEGATED: _("somebody else comes"),
    }[answer.reply]


def _icon(answer: Answer) -> str:
    if answer.method == "COUNTER":
        return "calendar-clock"
    return {Reply.ACCEPTED: "check", Reply.DECLINED: "x", Reply.DELEGATED: "users", Reply.NONE: "mail"}.get(
        answer.reply, "circle-dot"
    )


def _facts(found: ForPeople) -> list[tuple[str, str]]:
    answer = found.answer
    trust = {
        Trust.ADDRESS: _("It came to the secret address that only they were sent."),
        Trust.SIGNED: _("Our mail server vouches that it comes from them."),
        Trust.PERSON: _("Somebody of ours made sure of it."),
        Trust.NONE: _("Nobody vouches for the sender: anybody could have written it."),
    }[answer.trust]
    if answer.outcome is Outcome.STRANGER and answer.trust is Trust.ADDRESS:
        trust = _(
            "Not: it came to the secret address of somebody else who is invited, as if it was passed on."
        )
    facts = [
        (_("From"), answer.sender or _("nobody is named")),
        (_("Answers for"), answer.attendee),
        (_("Says"), _reply(answer) if answer.reply is not Reply.NONE or answer.method else ""),
        (_("Comment"), answer.comment),
        (_("Believed"), trust),
    ]
    return [(name, value) for name, value in facts if value]


def _applying(answer: Answer, name: str) -> str:
    """What happens when the answer is applied, before it is."""
    if answer.method == "COUNTER":
        return _("The wish of %(name)s is noted and waits for a decision. Nothing moves.", name=name)
    if answer.reply is Reply.DECLINED:
        return _("%(name)s is taken off the visit, if they go there; dispatchers are told.", name=name)
    return _("The answer stands for %(name)s.", name=name)


def _about(visit: Visit) -> str:
    return _("%(visit)s, %(when)s", visit=called(visit), when=span(visit.starts_local, visit.ends_local))


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 140 else f"{line[:139]}…"
