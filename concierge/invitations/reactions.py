"""What invitations do when something happens: note who may have to be told, tell them once it is quiet."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, cast

import sqlalchemy as sa

from concierge.accounts.events import AccountRenamed, ContactChanged, SiteChanged
from concierge.feeds import mails as feed_mails
from concierge.feeds import reach
from concierge.feeds.queries import days_of_visits
from concierge.identity.events import ProfileChanged
from concierge.identity.models import User
from concierge.identity.states import AccessState
from concierge.invitations import itip, mails, queries, reading
from concierge.invitations.actions import sending, taking
from concierge.invitations.actions.sending import Told
from concierge.invitations.events import AnswerSetAside, InvitationAnswered, TimeProposalDecided
from concierge.invitations.itip import Method
from concierge.invitations.models import Answer, Invitation, TimeProposal
from concierge.invitations.queries import Recipient
from concierge.invitations.states import Outcome, ProposalState, Reply, Trust, Way
from concierge.platform import clock, deliveries, incoming, mail
from concierge.platform.database import db
from concierge.platform.incoming import IncomingMail, MailReceived
from concierge.projects.actions import promising
from concierge.projects.events import ActUndone
from concierge.projects.states import ShownOn
from concierge.readiness import queries as checklists
from concierge.visits.events import VisitEvent, VisitStateChanged
from concierge.visits.states import VisitState


def mark_people(event: VisitEvent) -> None:
    """Note whom a change of a visit may concern: who goes, who went, and the customer's contact."""
    if queries.is_about_invitations(event.visit_id):
        before = {Recipient(user_id=user_id) for user_id in event.technicians_before}
        sending.mark(queries.recipients_of(event.visit_id) | before, at=clock.now())


def mark_people_of_undone(event: ActUndone) -> None:
    """Note whom it may concern that visits are as they were before an act."""
    _mark(event.touched.get("visits", ()))


def mark_people_of_account(event: AccountRenamed) -> None:
    """Note who reads the account's name in an invitation."""
    _mark(queries.coming_of_account(event.account_id, at=clock.now()))


def mark_people_of_site(event: SiteChanged) -> None:
    """Note who reads the site's name or address in an invitation."""
    _mark(queries.coming_at_site(event.site_id, at=clock.now()))


def mark_person(event: ProfileChanged) -> None:
    """Note that a technician may be reached elsewhere by now."""
    recipient = Recipient(user_id=event.user_id)
    if queries.was_invited(recipient):
        sending.mark([recipient], at=clock.now())


def mark_contact(event: ContactChanged) -> None:
    """Note that a contact may be reached elsewhere by now."""
    recipient = Recipient(contact_id=event.contact_id)
    if queries.was_invited(recipient) or queries.is_contact_of_coming(event.contact_id, at=clock.now()):
        sending.mark([recipient], at=clock.now())


def tell(args: dict[str, Any]) -> None:
    """Tell somebody what is new, if it has been quiet; what they are told and its letters are saved together."""
    recipient = Recipient.of(args["recipient"])
    at = clock.now()
    due_at = datetime.fromisoformat(args["due_at"]) if "due_at" in args else at  # ordered before 0.4.0
    if sending.is_time(recipient, round_=args["round"], due_at=due_at):
        _post(sending.settle(recipient, at=at))


def tell_now(*, visit_id: int, user_id: int) -> bool:
    """Tell a technician at once what is new about a visit, whatever they chose; whether there was anything to tell.

    Stands in the unit of work of somebody who found that their calendar has not fetched it.
    """
    told = sending.settle(Recipient(user_id=user_id), at=clock.now(), only_visit_id=visit_id, is_urgent=True)
    _post(told)
    return bool(told)


def tell_unfetched(args: dict[str, Any]) -> None:
    """Write to somebody about a change, unless they know by now: by their calendar or by an invitation.

    An invitation says it where there is one to send. A visit that is not certain, or one that somebody was never
    invited to and is cancelled, is told of in a plain letter.
    """
    visit_id, user_id = args["visit_id"], args["user_id"]
    if reach.knows(user_id, since=datetime.fromisoformat(args["changed_at"])):
        return
    if tell_now(visit_id=visit_id, user_id=user_id):
        return
    was_invited = sa.select(Invitation.id).where(
        Invitation.visit_id == visit_id, Invitation.user_id == user_id, Invitation.sent_at.is_not(None)
    )
    if db.session.scalar(was_invited) is not None:
        return  # the last letter says how it is
    visit, person = queries.visit_to_tell_of(visit_id), db.session.get(User, user_id)
    if person is None or person.state is AccessState.DISABLED or not itip.is_writable(person.email):
        return
    if visit.state is not VisitState.DRAFT and visit.ends_at > clock.now():
        letter = feed_mails.changed_letter(visit, person)
        mail.post(letter, key=f"not fetched:{visit_id}:{user_id}:{args['changed_at']}")


def send_again(invitation_id: int) -> bool:
    """Send an invitation once more; False when it no longer stands. Stands in a unit of work."""
    told = sending.resend(queries.invitation_for_change(invitation_id), at=clock.now())
    if told is not None:
        _post([told])
    return told is not None


@deliveries.outside
def take_mail(event: MailReceived) -> Any:  # Any: nothing, or a function that writes
    """Read a message in a process of its own, then take what it says; once, however often this runs."""
    kept = db.session.get_one(IncomingMail, event.mail_id)
    if kept.read_at is not None:
        return None
    data = incoming.bytes_of(kept)
    db.session.rollback()
    said = reading.read(data)

    def write() -> None:
        mail_now = db.session.get_one(
            IncomingMail, event.mail_id, with_for_update=True, populate_existing=True
        )
        if mail_now.read_at is not None:
            return
        answer = taking.take(mail_now, said, at=clock.now())
        if answer is not None and (answer.method, answer.outcome) == (taking.REFRESH, Outcome.APPLIED):
            send_again(cast("int", answer.invitation_id))

    return write


def note_acceptance(event: VisitStateChanged) -> None:
    """Somebody who accepts the visit in Concierge has answered their invitation."""
    if event.state_after != VisitState.ACCEPTED.value or event.actor_id is None:
        return
    invitation = db.session.scalar(
        sa.select(Invitation).where(
            Invitation.visit_id == event.visit_id,
            Invitation.user_id == event.actor_id,
            Invitation.withdrawn_at.is_(None),
            Invitation.reply != Reply.ACCEPTED,
        )
    )
    if invitation is not None:
        invitation.reply, invitation.replied_way = Reply.ACCEPTED, Way.PAGE
        invitation.replied_at, invitation.replied_sequence = event.at, invitation.sent_sequence
        invitation.comment = ""
        db.session.flush()


def pass_decline_on(event: InvitationAnswered) -> None:
    """Tell those by letter who have to do something now that somebody declined: dispatchers, or the concierge."""
    if event.reply != Reply.DECLINED.value:
        return
    invitation = queries.invitation_with_visit(event.invitation_id)
    if invitation is None or invitation.reply is not Reply.DECLINED:
        return
    concierge = invitation.visit.project.concierge
    readers: list[User] = list(queries.dispatchers()) if invitation.user_id is not None else []
    if concierge is not None and (invitation.user_id is None or not readers):
        readers.append(concierge)
    for reader in readers:
        letter = mails.declined_letter(
            invitation,
            invitation.visit,
            to=reader.email,
            to_name=reader.name,
            language=reader.language,
            zone=reader.zone,
        )
        key = f"declined:{invitation.id}:{event.at:%Y%m%dT%H%M%S%f}:{reader.id}"
        mail.post(letter, key=key)


def withdraw_again(event: AnswerSetAside) -> None:
    """Withdraw an invitation once more when somebody accepts what was withdrawn (calendar rule I18)."""
    answer = db.session.get(Answer, event.answer_id)
    if answer is None or answer.reply not in {Reply.ACCEPTED, Reply.TENTATIVE}:
        return
    if answer.trust is Trust.NONE:  # nobody makes us write letters in another's name
        return
    invitation = queries.invitation_for_change(event.invitation_id)
    if invitation.sent_at is not None and invitation.sent_at > answer.received_at:
        return  # it was withdrawn again since
    told = sending.withdraw_again(invitation, at=clock.now())
    if told is not None:
        _post([told])


def tell_wish_declined(event: TimeProposalDecided) -> None:
    """Tell somebody that the visit cannot be at the time they asked for."""
    proposal = db.session.get(TimeProposal, event.proposal_id)
    invitation = queries.invitation_with_visit(event.invitation_id)
    if proposal is None or invitation is None or proposal.state is not ProposalState.DECLINED:
        return
    if invitation.withdrawn_at is not None or invitation.undeliverable_at is not None:
        return
    person = queries.person(Recipient(user_id=invitation.user_id, contact_id=invitation.contact_id))
    if person is not None:
        answer = db.session.get(Answer, proposal.answer_id) if proposal.answer_id is not None else None
        letter = mails.wish_letter(
            invitation,
            invitation.visit,
            asked=(proposal.starts_at, proposal.ends_at),
            is_countered=answer is not None and answer.way is Way.MAIL,
            language=person.language,
            at=clock.now(),
        )
        mail.post(letter, key=f"wish declined:{proposal.id}")


def _post(told: list[Told]) -> None:
    for key, letter in mails.letters(told):
        mail.post(letter, key=key)
    for one in told:
        if one.invitation.contact_id is not None and one.news.method is Method.REQUEST:
            _note_promise(one)


def _note_promise(told: Told) -> None:
    """Note the days of a visit that one of the customer's people is invited to."""
    visit = told.visit
    promising.note_shown(
        checklists.projects_printed([visit.project_id])[0],
        [shown for _, shown in days_of_visits([visit])],
        shown_on=ShownOn.MAIL,
        reference=told.person.email,
        at=clock.now(),
        by_id=None,
    )


def _give_up(args: dict[str, Any]) -> None:
    sending.stop_waiting(Recipient.of(args["recipient"]))


def _mark(visit_ids: Iterable[int]) -> None:
    found: set[Recipient] = set()
    for visit_id in visit_ids:
        found |= queries.recipients_of(visit_id)
    sending.mark(found, at=clock.now())


deliveries.register(sending.TELL, tell, buried=_give_up)
deliveries.register(sending.TELL_UNFETCHED, tell_unfetched)
