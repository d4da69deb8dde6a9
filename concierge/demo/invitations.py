"""Who is invited to the coming visits of the demo company, and what some have answered."""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa

from concierge.invitations import mails
from concierge.invitations import queries as invitations
from concierge.invitations.actions import answering, sending
from concierge.invitations.models import Invitation
from concierge.invitations.states import Reply, Way
from concierge.platform import mail
from concierge.platform.database import db
from concierge.visits.models import Visit
from concierge.visits.states import VisitState

SENT_AGO, ANSWERED_AGO = timedelta(days=2, hours=3), timedelta(hours=4)
SAID = (
    (Reply.ACCEPTED, ""),
    (Reply.DECLINED, "The laboratory moves to another floor that week. Please suggest another day."),
    (Reply.TENTATIVE, "The loading dock is not confirmed yet."),
    (Reply.ACCEPTED, "We will meet you at the gate."),
)
"""What one customer after another answers; the next asks for another time."""
WISH = "Our clean room is audited that morning. Would the day after suit you?"


def invite(*, at: datetime) -> None:
    """Invite everybody who is to be, as the worker would have, and let some answer.

    The letters to one customer and one technician lie ready; all others got theirs before the demo begins.
    """
    coming = db.session.scalars(
        sa.select(Visit.id).where(Visit.ends_at > at, Visit.state != VisitState.CANCELLED).order_by(Visit.id)
    ).all()
    people = {one for visit_id in coming for one in invitations.recipients_of(visit_id)}
    told = [sending.settle(one, at=at) for one in sorted(people, key=lambda one: one.key)]
    customers = [one for one in told if one and one[0].invitation.contact_id is not None]
    ours = [one for one in told if one and one[0].invitation.user_id is not None]
    on_its_way = customers[-1:] + ours[:1]
    for letters in on_its_way:
        for key, letter in mails.letters(letters):
            mail.post(letter, key=key)
    _accept_what_was_accepted(at=at)
    _answer(
        [
            letters[0].invitation
            for letters in customers[:-1]
            if letters[0].visit.starts_at > at + timedelta(days=1)
        ],
        at=at,
    )
    new = {one.invitation.id for letters in on_its_way for one in letters}
    for invitation in db.session.scalars(sa.select(Invitation).where(Invitation.id.not_in(new))):
        invitation.created_at = invitation.sent_at = at - SENT_AGO
    db.session.flush()


def _accept_what_was_accepted(*, at: datetime) -> None:
    """A technician who accepted the visit in Concierge has answered."""
    question = (
        sa.select(Invitation)
        .join(Visit, Visit.id == Invitation.visit_id)
        .where(Invitation.user_id.is_not(None), Visit.state.in_((VisitState.ACCEPTED, VisitState.ON_ROUTE)))
    )
    for invitation in db.session.scalars(question):
        invitation.reply, invitation.replied_way = Reply.ACCEPTED, Way.PAGE
        invitation.replied_at = at - ANSWERED_AGO
        invitation.replied_sequence = invitation.sent_sequence


def _answer(waiting: list[Invitation], *, at: datetime) -> None:
    """Let one customer after another answer on the page, and one more ask for the same time a day later."""
    for invitation, (reply, comment) in zip(waiting, SAID, strict=False):
        answering.answer(
            invitation,
            reply,
            way=Way.PAGE,
            comment=comment,
            sequence=invitation.sent_sequence,
            stamped_at=None,
            at=at,
        )
        invitation.replied_at = at - ANSWERED_AGO
    for invitation in waiting[len(SAID) : len(SAID) + 1]:
        visit = invitations.visit_to_tell_of(invitation.visit_id)
        answering.propose(
            invitation,
            starts_at=visit.starts_at + timedelta(days=1),
            ends_at=visit.ends_at + timedelta(days=1),
            way=Way.PAGE,
            comment=WISH,
            sequence=invitation.sent_sequence,
            stamped_at=None,
            at=at,
        )
