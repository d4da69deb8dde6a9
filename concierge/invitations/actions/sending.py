"""Telling people what they are invited to: who waits to be told, and what each has to be told then.

What somebody is told is read from the state of things when they are told, and compared with what they were told last.
So whatever happened in between, in whichever order and however often, they get what is so, once, or nothing.
"""

import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from sqlalchemy import delete, select, update

from concierge.invitations import itip, plan, queries, secret
from concierge.invitations.events import InvitationSent
from concierge.invitations.itip import Method
from concierge.invitations.models import Invitation, Telling, TimeProposal
from concierge.invitations.queries import Person, Recipient
from concierge.invitations.states import ProposalState, Reply
from concierge.platform import deliveries
from concierge.platform.database import db, insert
from concierge.platform.events import record
from concierge.visits.models import Visit
from concierge.visits.states import VisitState

TELL = "invitations.tell"
"""The name of the delivery that tells one person."""
TELL_UNFETCHED = "invitations.tell_unfetched"
"""The name of the delivery that tells one person of a change that no calendar program of theirs has fetched."""

QUIET = timedelta(minutes=2)
"""So long nothing has to have changed before somebody is told."""
LONGEST = timedelta(minutes=10)
"""So long a change waits at most for others that go into the same letter."""

UNDER_WAY = frozenset({VisitState.IN_PROGRESS, VisitState.COMPLETE, VisitState.INCOMPLETE})


class News(Enum):
    """What somebody is told of a visit."""

    INVITED = "invited"
    MOVED = "moved"
    """Another time or place, so that they have to answer again."""
    REWORDED = "reworded"
    """Only words are new; their answer stands."""
    CANCELLED = "cancelled"
    UNCERTAIN = "uncertain"
    """It is not confirmed any more."""
    WISH_TAKEN = "wish taken"
    """It is now when they asked for, and is not confirmed yet."""
    NOT_YOU = "not you"
    """Somebody else goes, or of the customer's they need not be there."""
    AGAIN = "again"
    """They accepted what was withdrawn before."""

    @property
    def method(self) -> Method:
        """The iTIP method that says it."""
        return Method.REQUEST if self in _ASKING else Method.CANCEL


_ASKING = frozenset({News.INVITED, News.MOVED, News.REWORDED})


@dataclass(frozen=True, slots=True)
class Told:
    """One thing that somebody is told now; the invitation says so already."""

    invitation: Invitation
    visit: Visit
    person: Person
    news: News
    starts_before: datetime | None
    ends_before: datetime | None
    """When the visit was by the letter before."""


def mark(recipients: Collection[Recipient], *, at: datetime) -> None:
    """Note that people may have to be told something; they are once it has been quiet for a while.

    In the order of their keys, so that two who note the same people wait for each other and never for ever.
    """
    for key in sorted({recipient.key for recipient in recipients}):
        row = insert(Telling).values(
            recipient=key, since=at, last_at=at, round=secrets.token_hex(8), number=0
        )
        upsert = row.on_conflict_do_update(
            index_elements=["recipient"], set_={"last_at": row.excluded.last_at}
        ).returning(Telling.round, Telling.number)
        round_, number = db.session.execute(upsert).one()
        _deliver(key, round_, number, due_at=at + QUIET, after=QUIET)


def is_time(recipient: Recipient, *, round_: str, due_at: datetime) -> bool:
    """Whether somebody is to be told now. Otherwise a later delivery sees to it, or one has already.

    Whoever is told now waits no longer. That the instant has come is for whoever delivers to say, by their clock; here
    it is only asked whether changes came since, which put it off.

    :param due_at: when they were to be told by the changes that were known when the delivery was ordered.
    """
    row = db.session.scalar(
        select(Telling)
        .where(Telling.recipient == recipient.key, Telling.round == round_)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if row is None:
        return False
    put_off = min(row.last_at + QUIET, row.since + LONGEST)
    if put_off > due_at:
        row.number += 1
        db.session.flush()
        _deliver(recipient.key, row.round, row.number, due_at=put_off, after=put_off - due_at)
        return False
    db.session.delete(row)
    db.session.flush()
    return True


def stop_waiting(recipient: Recipient) -> None:
    """Forget that somebody waits to be told: the delivery was given up, and the next change begins anew."""
    db.session.execute(delete(Telling).where(Telling.recipient == recipient.key))


def settle(
    recipient: Recipient, *, at: datetime, only_visit_id: int | None = None, is_urgent: bool = False
) -> list[Told]:
    """Bring what somebody was told up to date; what comes out has to leave by mail in the same unit of work.

    :param only_visit_id: only about this visit.
    :param is_urgent: also somebody who does not want each visit by mail.
    """
    person = queries.person(recipient)
    if person is None or not itip.is_writable(person.email):
        return []
    is_told = person.is_invited_by_mail or is_urgent
    known = queries.invitations_for_change(recipient)
    told = []
    for visit in queries.coming_visits(recipient, at=at):
        if only_visit_id not in (None, visit.id):
            continue
        invitation = known.get(visit.id)
        news = _news(visit, invitation, recipient, person, at=at)
        if news is not None and is_told:
            told.append(_tell(visit, invitation, recipient, person, news, at=at))
        elif invitation is not None and _has_stepped_down(invitation, visit):
            invitation.withdrawn_at = at  # they declined: nobody tells them what they know
    db.session.flush()
    return told


def urgent_news(visit_id: int, user_id: int, *, at: datetime) -> News | None:
    """What a technician would have to be told of a visit now, compared with the last letter; None: nothing."""
    recipient = Recipient(user_id=user_id)
    person = queries.person(recipient)
    if person is None or not itip.is_writable(person.email):
        return None
    invitation = db.session.scalar(
        select(Invitation).where(Invitation.visit_id == visit_id, Invitation.user_id == user_id)
    )
    visits = [visit for visit in queries.coming_visits(recipient, at=at) if visit.id == visit_id]
    return _news(visits[0], invitation, recipient, person, at=at) if visits else None


def withdraw_again(invitation: Invitation, *, at: datetime) -> Told | None:
    """Withdraw an invitation once more, because somebody accepts what was withdrawn; None when it was not."""
    if invitation.withdrawn_at is None or invitation.undeliverable_at is not None:
        return None
    recipient = Recipient(user_id=invitation.user_id, contact_id=invitation.contact_id)
    person = queries.person(recipient)
    visit = queries.visit_to_tell_of(invitation.visit_id)
    if person is None or not itip.is_writable(person.email) or (invitation.sent_ends_at or at) <= at:
        return None
    return _tell(visit, invitation, recipient, person, News.AGAIN, at=at)


def resend(invitation: Invitation, *, at: datetime) -> Told | None:
    """Send an invitation that stands once more, to the address that is known now; None when it does not stand."""
    recipient = Recipient(user_id=invitation.user_id, contact_id=invitation.contact_id)
    person = queries.person(recipient)
    visit = queries.visit_to_tell_of(invitation.visit_id)
    if person is None or not itip.is_writable(person.email):
        return None
    if not _is_invited(visit, recipient, at=at):
        return None
    invitation.undeliverable_at = None
    news = _news(visit, invitation, recipient, person, at=at)
    return _tell(visit, invitation, recipient, person, news or News.REWORDED, at=at)


def _news(
    visit: Visit, invitation: Invitation | None, recipient: Recipient, person: Person, *, at: datetime
) -> News | None:
    """What somebody has to be told of a visit."""
    is_invited = _is_invited(visit, recipient, at=at)
    if invitation is None or invitation.sent_at is None or invitation.withdrawn_at is not None:
        return News.INVITED if is_invited else None
    is_new_address = invitation.email.lower() != person.email.lower()
    if invitation.undeliverable_at is not None and not is_new_address:
        return None
    if is_invited:
        if is_new_address or (recipient.user_id is not None and invitation.reply is Reply.DECLINED):
            return News.INVITED
        now = plan.fingerprint(visit, is_customer=recipient.contact_id is not None)
        if now == invitation.sent_fingerprint:
            return None
        is_same = plan.is_same_time_and_place(invitation.sent_fingerprint, now)
        return News.REWORDED if is_same else News.MOVED
    if (invitation.sent_ends_at or at) <= at or visit.state in UNDER_WAY:
        return None
    if _has_stepped_down(invitation, visit) or _waits_for_a_technician(visit, invitation):
        return None
    if visit.state is VisitState.CANCELLED:
        return News.CANCELLED
    if not _takes_part(visit, recipient):
        return News.NOT_YOU
    return News.WISH_TAKEN if queries.has_their_time(visit, invitation) else News.UNCERTAIN


def _is_invited(visit: Visit, recipient: Recipient, *, at: datetime) -> bool:
    if visit.state not in plan.INVITED or visit.ends_at <= at:
        return False
    return _takes_part(visit, recipient)


def _takes_part(visit: Visit, recipient: Recipient) -> bool:
    """Whether somebody goes; of the customer's, whether they are our contact or have to be there."""
    if recipient.user_id is not None:
        return recipient.user_id in visit.technician_ids
    there = {one.contact_id for one in visit.attendees}
    return recipient.contact_id in {visit.project.contact_id, *there}


def _has_stepped_down(invitation: Invitation, visit: Visit) -> bool:
    return (
        invitation.user_id is not None
        and invitation.reply is Reply.DECLINED
        and invitation.withdrawn_at is None
        and invitation.user_id not in visit.technician_ids
        and not _is_open(visit)
    )


def _is_open(visit: Visit) -> bool:
    """Whether the dispatcher still has to say what becomes of a visit that somebody declined."""
    return visit.state is VisitState.TENTATIVE


def _waits_for_a_technician(visit: Visit, invitation: Invitation) -> bool:
    """Whether a visit is uncertain only because a technician declined: the others hear what becomes of it."""
    if not _is_open(visit) or not queries.has_decliner(visit.id):
        return False
    if invitation.user_id is not None and invitation.user_id not in visit.technician_ids:
        return invitation.reply is Reply.DECLINED
    now = plan.fingerprint(visit, is_customer=invitation.contact_id is not None)
    return plan.is_same_time_and_place(invitation.sent_fingerprint, now)


def _tell(
    visit: Visit,
    invitation: Invitation | None,
    recipient: Recipient,
    person: Person,
    news: News,
    *,
    at: datetime,
) -> Told:
    """Write down what somebody is told."""
    if invitation is None:
        invitation = Invitation(
            visit_id=visit.id,
            user_id=recipient.user_id,
            contact_id=recipient.contact_id,
            email=person.email,
            nonce=secret.fresh_nonce(),
            created_at=at,
            sent_sequence=-1,
            sent_fingerprint="",
            reply=Reply.NONE,
            replied_sequence=-1,
            comment="",
        )
        db.session.add(invitation)
    before = invitation.sent_starts_at, invitation.sent_ends_at
    invitation.email = person.email
    invitation.undeliverable_at = None
    if news is not News.REWORDED:
        invitation.sent_sequence = max(visit.sequence, invitation.sent_sequence + 1)
    invitation.sent_at = itip.stamp_after(invitation.sent_at, at=at)
    if news.method is Method.REQUEST:
        invitation.withdrawn_at = None
        invitation.sent_starts_at, invitation.sent_ends_at = visit.starts_at, visit.ends_at
        invitation.sent_fingerprint = plan.fingerprint(visit, is_customer=recipient.contact_id is not None)
    else:
        invitation.withdrawn_at = at
    if news in {News.INVITED, News.MOVED}:
        invitation.reply, invitation.replied_at, invitation.replied_way = Reply.NONE, None, None
        invitation.replied_sequence, invitation.comment = -1, ""
    db.session.flush()
    if news is not News.REWORDED:
        db.session.execute(
            update(TimeProposal)
            .where(TimeProposal.invitation_id == invitation.id, TimeProposal.state == ProposalState.OPEN)
            .values(state=ProposalState.OVERTAKEN, decided_at=at)
        )
    record(
        InvitationSent(
            at=at,
            actor_id=None,
            project_id=visit.project_id,
            visit_id=visit.id,
            invitation_id=invitation.id,
            name=person.name,
            method=news.method.value,
            sequence=invitation.sent_sequence,
        )
    )
    return Told(invitation, visit, person, news, *before)


def _deliver(key: str, round_: str, number: int, *, due_at: datetime, after: timedelta) -> None:
    deliveries.enqueue(
        TELL,
        {"recipient": key, "round": round_, "due_at": due_at.isoformat()},
        unique_key=f"{TELL}:{key}:{round_}:{number}",
        after=after,
        queue="mail",
    )
