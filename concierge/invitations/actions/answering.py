"""Taking an answer, whichever way it came, and deciding on another time that was asked for.

The rules are those of RFC 5546 §2.1.5: an answer to an older invitation changes nothing, of two answers to the same
one the later stands, and the same answer twice is one. Each leaves a row, whatever became of it.
"""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from concierge.invitations import plan, queries
from concierge.invitations.events import AnswerSetAside, InvitationAnswered, TimeProposalDecided, TimeProposed
from concierge.invitations.models import Answer, Invitation, TimeProposal
from concierge.invitations.states import Because, Outcome, ProposalState, Reply, Trust, Way
from concierge.invitations.words import Why, asked_for, because
from concierge.platform.database import db
from concierge.platform.errors import Refused
from concierge.platform.events import record
from concierge.platform.words import keep
from concierge.visits import queries as visits
from concierge.visits.actions import arranging, progress
from concierge.visits.clocks import nearest_stay, wall_time
from concierge.visits.models import Visit
from concierge.visits.states import FOLLOWS, VisitState


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """What is known of the mail that brought an answer."""

    mail_id: int | None = None
    method: str = ""
    sender: str = ""
    attendee: str = ""
    trust: Trust = Trust.ADDRESS


WENT_BEFORE = keep("They went before somebody else declined.", _l("They went before somebody else declined."))
NO_MAIL = Incoming()


@dataclass(frozen=True, slots=True)
class _Aside:
    """Why an answer changes nothing."""

    outcome: Outcome
    why: Why


def answer(
    invitation: Invitation,
    reply: Reply,
    *,
    way: Way,
    comment: str = "",
    sequence: int,
    stamped_at: datetime | None,
    at: datetime,
    incoming: Incoming = NO_MAIL,
) -> Answer:
    """Apply what somebody who is invited answers, or say why it changes nothing.

    :param sequence: of the invitation that is answered; -1 when the answer does not say.
    :param stamped_at: when the answer was made (DTSTAMP); None or the future count as `at`.
    :param incoming: the mail that brought it.
    :return: the row of the answer; its outcome says what became of it.
    """
    invitation = queries.invitation_for_change(invitation.id)
    visit = visits.visit_for_change(invitation.visit_id)
    made_at = at if stamped_at is None else min(stamped_at, at)
    row = _row(invitation, way=way, comment=comment, sequence=sequence, at=at, incoming=incoming)
    row.reply, row.stamped_at = reply, stamped_at
    if sequence < 0:
        sequence = invitation.sent_sequence
    aside = (
        _unbelieved(incoming)
        or _is_nothing(reply)
        or _is_repeated(invitation, row, sequence=sequence, made_at=made_at)
        or _is_outdated(invitation, visit, sequence=sequence, at=at)
        or _was_overtaken(invitation, sequence=sequence, made_at=made_at)
        or _only_for_a_person(invitation, visit, reply)
    )
    if aside is not None:
        return _set_aside(row, invitation, visit, aside, at=at)
    is_new = invitation.reply is not reply or bool(comment and comment != invitation.comment)
    invitation.reply, invitation.replied_at, invitation.replied_sequence = reply, made_at, sequence
    invitation.replied_way = way
    invitation.comment = comment or ("" if is_new else invitation.comment)
    row.outcome = Outcome.APPLIED if is_new else Outcome.REPEATED
    db.session.add(row)
    db.session.flush()
    if not is_new:
        return row
    if invitation.user_id is not None and reply is Reply.ACCEPTED:
        _accept_for_all(visit, invitation.user_id, at=at)
    if invitation.user_id is not None and reply is Reply.DECLINED:
        _step_down(visit, invitation.user_id, at=at)
    record(
        InvitationAnswered(
            at=at,
            actor_id=invitation.user_id,
            project_id=visit.project_id,
            visit_id=visit.id,
            invitation_id=invitation.id,
            name=name_of(invitation),
            reply=reply.value,
            way=way.value,
            comment=invitation.comment,
        )
    )
    return row


def propose(
    invitation: Invitation,
    *,
    starts_at: datetime,
    ends_at: datetime,
    way: Way,
    comment: str = "",
    sequence: int,
    stamped_at: datetime | None,
    at: datetime,
    incoming: Incoming = NO_MAIL,
) -> Answer:
    """Note that somebody who is invited asks for another time; nothing moves before a person decides.

    :return: the row of the answer; its outcome says whether the wish was noted.
    """
    invitation = queries.invitation_for_change(invitation.id)
    visit = visits.visit_for_change(invitation.visit_id)
    row = _row(invitation, way=way, comment=comment, sequence=sequence, at=at, incoming=incoming)
    row.method, row.stamped_at = incoming.method or "COUNTER", stamped_at
    if sequence < 0:
        sequence = invitation.sent_sequence
    known = _open_proposals(invitation)
    aside = (
        _unbelieved(incoming)
        or _asked_before_it_was_told(invitation, visit, starts_at, ends_at, sequence=sequence, at=at)
        or _is_outdated(invitation, visit, sequence=sequence, at=at)
        or _cannot_be(visit, starts_at, ends_at, at=at)
        or _is_asked_already(known, starts_at, ends_at)
    )
    if aside is not None:
        return _set_aside(row, invitation, visit, aside, at=at)
    row.outcome = Outcome.PROPOSED
    db.session.add(row)
    for old in known:
        old.state, old.decided_at = ProposalState.OVERTAKEN, at
    db.session.flush()
    made = TimeProposal(
        invitation_id=invitation.id,
        answer_id=row.id,
        starts_at=starts_at,
        ends_at=ends_at,
        comment=comment,
        made_at=at,
    )
    db.session.add(made)
    db.session.flush()
    record(
        TimeProposed(
            at=at,
            actor_id=invitation.user_id,
            project_id=visit.project_id,
            visit_id=visit.id,
            invitation_id=invitation.id,
            name=name_of(invitation),
            proposal_id=made.id,
        )
    )
    return row


def decide(
    proposal_id: int, *, take: bool, conflict_reason: str = "", at: datetime, actor_id: int | None
) -> TimeProposal:
    """Take another time that was asked for, which moves the visit, or decline it.

    :raises Refused: when it was decided already, or as `move_visit` refuses.
    """
    proposal = queries.proposal_for_change(proposal_id)
    if proposal.state is not ProposalState.OPEN:
        raise Refused(_("Somebody has decided on this time already. Load the page again."))
    visit = visits.visit_for_change(proposal.invitation.visit_id)
    if take:
        when = nearest_stay(
            wall_time(proposal.starts_at, visit.zone),
            wall_time(proposal.ends_at, visit.zone),
            zone=visit.zone,
            fold=proposal.starts_at.astimezone(ZoneInfo(visit.zone)).fold,
        )
        arranging.move_visit(
            visit,
            starts_local=when.starts_local,
            ends_local=when.ends_local,
            fold=when.fold,
            site=visit.site,
            conflict_reason=conflict_reason,
            at=at,
            actor_id=actor_id,
        )
    proposal.state = ProposalState.TAKEN if take else ProposalState.DECLINED
    proposal.decided_at, proposal.decided_by_id = at, actor_id
    db.session.flush()
    record(
        TimeProposalDecided(
            at=at,
            actor_id=actor_id,
            project_id=visit.project_id,
            visit_id=visit.id,
            invitation_id=proposal.invitation_id,
            name=name_of(proposal.invitation),
            proposal_id=proposal.id,
            state=proposal.state.value,
        )
    )
    return proposal


def see(answer_row: Answer, *, at: datetime) -> None:
    """Note that a person has dealt with an answer that needed one."""
    answer_row.seen_at = answer_row.seen_at or at


def name_of(invitation: Invitation) -> str:
    """Who is invited."""
    person = invitation.user or invitation.contact
    return person.name if person else invitation.email


def _row(
    invitation: Invitation, *, way: Way, comment: str, sequence: int, at: datetime, incoming: Incoming
) -> Answer:
    return Answer(
        invitation_id=invitation.id,
        incoming_mail_id=incoming.mail_id,
        way=way,
        method=incoming.method or "REPLY",
        sender=incoming.sender,
        attendee=incoming.attendee or invitation.email,
        sequence=sequence,
        comment=comment,
        trust=incoming.trust,
        received_at=at,
    )


def _set_aside(row: Answer, invitation: Invitation, visit: Visit, aside: _Aside, *, at: datetime) -> Answer:
    row.outcome, row.because, row.about = aside.outcome, aside.why.because, dict(aside.why.about) or None
    if aside.outcome is Outcome.FOR_A_PERSON and row.reply is Reply.DELEGATED:
        invitation.reply, invitation.replied_way = Reply.DELEGATED, row.way
        invitation.replied_at, invitation.replied_sequence = row.stamped_at or at, invitation.sent_sequence
        invitation.comment = row.comment
    db.session.add(row)
    db.session.flush()
    if aside.outcome is not Outcome.REPEATED:
        record(
            AnswerSetAside(
                at=at,
                actor_id=invitation.user_id,
                project_id=visit.project_id,
                visit_id=visit.id,
                invitation_id=invitation.id,
                name=name_of(invitation),
                outcome=aside.outcome.value,
                **aside.why.as_json(),
                answer_id=row.id,
            )
        )
    return row


def _unbelieved(incoming: Incoming) -> _Aside | None:
    if incoming.trust is not Trust.NONE:
        return None
    return _Aside(Outcome.SUGGESTED, because(Because.TO_DECIDE))


def _is_nothing(reply: Reply) -> _Aside | None:
    return _Aside(Outcome.REFUSED, because(Because.NEITHER)) if reply is Reply.NONE else None


def _is_repeated(invitation: Invitation, row: Answer, *, sequence: int, made_at: datetime) -> _Aside | None:
    stands = (invitation.replied_sequence, invitation.replied_at, invitation.reply)
    # one from a clock that is fast counts as made when it comes, so that its second coming would be the later answer
    is_same = stands == (sequence, made_at, row.reply) or queries.was_applied(row)
    return _Aside(Outcome.REPEATED, because(Because.SAME_ANSWER)) if is_same else None


def _is_outdated(invitation: Invitation, visit: Visit, *, sequence: int, at: datetime) -> _Aside | None:
    now = plan.fingerprint(visit, is_customer=invitation.contact_id is not None)
    why: Why | None = None
    if visit.ends_at <= at or visit.state in {
        VisitState.IN_PROGRESS,
        VisitState.COMPLETE,
        VisitState.INCOMPLETE,
    }:
        why = because(Because.BEGUN)
    elif visit.state is VisitState.CANCELLED:
        why = because(Because.CANCELLED)
    elif invitation.withdrawn_at is not None or invitation.sent_at is None:
        why = because(Because.WITHDRAWN)
    elif sequence < invitation.sent_sequence or not plan.is_same_time_and_place(
        invitation.sent_fingerprint, now
    ):
        why = because(Because.OLDER)
    elif visit.state not in plan.INVITED and not queries.has_decliner(visit.id):
        why = because(Because.UNCERTAIN)
    elif invitation.user_id is not None and not (
        invitation.user_id in visit.technician_ids or invitation.reply is Reply.DECLINED
    ):
        why = because(Because.ANOTHER_GOES)
    return _Aside(Outcome.OUTDATED, why) if why else None


def _asked_before_it_was_told(
    invitation: Invitation,
    visit: Visit,
    starts_at: datetime,
    ends_at: datetime,
    *,
    sequence: int,
    at: datetime,
) -> _Aside | None:
    """A wish that met a change nobody has told them of yet: they answered the last word they had from us."""
    if invitation.withdrawn_at is not None or invitation.sent_at is None or visit.ends_at <= at:
        return None
    now = plan.fingerprint(visit, is_customer=invitation.contact_id is not None)
    has_moved = not plan.is_same_time_and_place(invitation.sent_fingerprint, now)
    if sequence < invitation.sent_sequence or visit.state not in plan.INVITED or not has_moved:
        return None
    asked = asked_for(wall_time(starts_at, visit.zone), wall_time(ends_at, visit.zone))
    why = because(Because.ASKED_BEFORE, **asked)
    return _Aside(Outcome.FOR_A_PERSON, why)


def _was_overtaken(invitation: Invitation, *, sequence: int, made_at: datetime) -> _Aside | None:
    stands = invitation.replied_sequence == sequence and invitation.replied_at is not None
    if stands and invitation.replied_at is not None and made_at < invitation.replied_at:
        return _Aside(Outcome.OUTDATED, because(Because.LATER_ANSWER))
    return None


def _only_for_a_person(invitation: Invitation, visit: Visit, reply: Reply) -> _Aside | None:
    if reply is Reply.DELEGATED:
        return _Aside(Outcome.FOR_A_PERSON, because(Because.ANOTHER_COMES))
    if invitation.user_id is None:
        return None
    if invitation.user_id not in visit.technician_ids and reply is not Reply.DECLINED:
        return _Aside(Outcome.FOR_A_PERSON, because(Because.COMES_AFTER_ALL))
    can_leave = visit.state is VisitState.TENTATIVE or VisitState.TENTATIVE in FOLLOWS[visit.state]
    if reply is Reply.DECLINED and not can_leave:
        return _Aside(Outcome.FOR_A_PERSON, because(Because.ON_THE_WAY))
    return None


def _accept_for_all(visit: Visit, user_id: int, *, at: datetime) -> None:
    """Accept the visit once everybody who goes has accepted."""
    if visit.state is not VisitState.CONFIRMED:
        return
    accepted = set(
        db.session.scalars(
            select(Invitation.user_id).where(
                Invitation.visit_id == visit.id,
                Invitation.reply == Reply.ACCEPTED,
                Invitation.withdrawn_at.is_(None),
            )
        )
    )
    if set(visit.technician_ids) <= accepted:
        progress.accept(visit, at=at, actor_id=user_id)


def _step_down(visit: Visit, user_id: int, *, at: datetime) -> None:
    """Take somebody off a visit, which needs a technician then and waits for the dispatcher."""
    if user_id not in visit.technician_ids:
        return
    if visit.state is not VisitState.TENTATIVE:
        progress.release(visit, at=at, actor_id=user_id)
    others = [other for other in visit.technician_ids if other != user_id]
    arranging.assign_technicians(
        visit,
        technician_ids=others,
        site=visit.site,
        # What stands against the others is not for somebody who declines to settle.
        conflict_reason=WENT_BEFORE,
        at=at,
        actor_id=user_id,
    )


def _open_proposals(invitation: Invitation) -> list[TimeProposal]:
    return list(
        db.session.scalars(
            select(TimeProposal).where(
                TimeProposal.invitation_id == invitation.id, TimeProposal.state == ProposalState.OPEN
            )
        )
    )


def _cannot_be(visit: Visit, starts_at: datetime, ends_at: datetime, *, at: datetime) -> _Aside | None:
    why: Why | None = None
    if ends_at <= starts_at:
        why = because(Because.ENDS_FIRST)
    elif starts_at <= at:
        why = because(Because.HAS_PASSED)
    elif ends_at - starts_at > visits.LONGEST_VISIT:
        why = because(Because.TOO_LONG)
    elif (starts_at, ends_at) == (visit.starts_at, visit.ends_at):
        why = because(Because.IS_THE_ONE)
    return _Aside(Outcome.REFUSED, why) if why else None


def _is_asked_already(known: list[TimeProposal], starts_at: datetime, ends_at: datetime) -> _Aside | None:
    is_known = any((one.starts_at, one.ends_at) == (starts_at, ends_at) for one in known)
    return _Aside(Outcome.REPEATED, because(Because.SAME_TIME)) if is_known else None
