"""Taking what came by mail: whose answer it is, how far it is believed, and what becomes of it (rules I12–I20, I22).

A message is a claim. It is believed when it came to the secret address that only the invited person was sent, or when
our own mail server vouches that it comes from them. Nothing that comes from outside adds anybody, moves anything or
calls anything off; whatever is not a plain answer waits for a person.
"""

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask_babel import gettext as _

from concierge.invitations import queries
from concierge.invitations.actions import answering
from concierge.invitations.actions.answering import Incoming, name_of
from concierge.invitations.events import AnswerSetAside, InvitationUndeliverable
from concierge.invitations.models import Answer, Invitation
from concierge.invitations.queries import Recipient
from concierge.invitations.reading import Attendee, Bounce, CalendarPart, Reading
from concierge.invitations.states import Because, Outcome, Reply, Trust, Way
from concierge.invitations.words import Why, because
from concierge.platform import mail as outgoing
from concierge.platform import settings, vouching
from concierge.platform.database import db
from concierge.platform.errors import Refused
from concierge.platform.events import record
from concierge.platform.incoming import IncomingMail

REFRESH = "REFRESH"
REPORT = "DSN"
"""The method under which a mail server's report is noted."""
ANSWERS = frozenset({"REPLY", "COUNTER", REFRESH})
"""Methods that may come from outside; all others change nothing (RFC 5546 §1.4)."""
REFRESH_PAUSE = timedelta(hours=1)
GOOGLE = "calendar-notification@google.com"
"""Sends the answers of Google's users; they stand in Reply-To."""
MOST_SECRETS = 10

REPLIES = {
    "ACCEPTED": Reply.ACCEPTED,
    "TENTATIVE": Reply.TENTATIVE,
    "DECLINED": Reply.DECLINED,
    "DELEGATED": Reply.DELEGATED,
}
"""Each PARTSTAT that is an answer (RFC 5545 §3.2.12)."""

SUBJECTS = {
    "accepted": Reply.ACCEPTED,
    "angenommen": Reply.ACCEPTED,
    "zugesagt": Reply.ACCEPTED,
    "accepté": Reply.ACCEPTED,
    "aceptado": Reply.ACCEPTED,
    "accettato": Reply.ACCEPTED,
    "tentative": Reply.TENTATIVE,
    "tentatively accepted": Reply.TENTATIVE,
    "mit vorbehalt": Reply.TENTATIVE,
    "vorläufig": Reply.TENTATIVE,
    "declined": Reply.DECLINED,
    "abgelehnt": Reply.DECLINED,
    "refusé": Reply.DECLINED,
    "rechazado": Reply.DECLINED,
    "rifiutato": Reply.DECLINED,
}
"""How mail servers begin the subject of an answer; asked only where the calendar names nobody."""


@dataclass(frozen=True, slots=True)
class _Match:
    """Whose answer it is: the invitation, the one who answers, and how far that is believed."""

    invitation: Invitation
    attendee: Attendee
    trust: Trust
    is_alone: bool
    """Whether the calendar answers for nobody else."""
    is_once: bool
    """Whether they are named once; who is named twice may have said two things."""


@dataclass(frozen=True, slots=True)
class _Taken:
    """A message and all that is known of it by now."""

    mail: IncomingMail
    reading: Reading
    addressed: Sequence[Invitation]
    """Whose secret addresses it came to."""
    vouched: Collection[str]
    """Addresses that our own mail server vouches for."""
    at: datetime


def take(mail: IncomingMail, reading: Reading, *, at: datetime) -> Answer | None:
    """Take a message: what it says is applied, or noted with why not.

    :return: the row of the answer; None when the message is no business of invitations.
    """
    mail.read_at, mail.text = at, reading.text
    recipients = reading.recipients or tuple(mail.recipients.split())
    vouched = vouched_for(reading, authserv=settings.current().authserv)
    taken = _Taken(mail, reading, _addressed(recipients), vouched, at)
    if reading.bounce is not None:
        return _take_report(taken, reading.bounce)
    if reading.calendar is None:
        return _take_words(taken)
    return _take_calendar(taken, reading.calendar)


def believe(answer_id: int, reading: Reading, *, name: str, at: datetime) -> Answer:
    """Apply an answer that nobody vouched for, because a person made sure of it.

    :param name: who made sure.
    :return: the row of the answer as it was applied now.
    :raises Refused: when it is no such answer, or was dealt with meanwhile.
    """
    row = queries.answer_for_change(answer_id)
    calendar = reading.calendar
    if row.outcome is not Outcome.SUGGESTED or row.seen_at is not None:
        raise Refused(_("Somebody has dealt with this answer already. Load the page again."))
    if row.invitation_id is None or calendar is None:
        raise Refused(_("This answer cannot be applied by itself. Ask the person, then answer for them."))
    row.seen_at = at
    invitation = queries.invitation_for_change(row.invitation_id)
    incoming = Incoming(
        mail_id=row.incoming_mail_id,
        method=row.method,
        sender=row.sender,
        attendee=row.attendee,
        trust=Trust.PERSON,
    )
    made = _apply(invitation, calendar, row.reply, comment=row.comment, incoming=incoming, at=at)
    if made.outcome in {Outcome.APPLIED, Outcome.PROPOSED}:
        made.because, made.about = Because.MADE_SURE, {"name": name}
    return made


def vouched_for(reading: Reading, *, authserv: str) -> frozenset[str]:
    """The sender's addresses that our own mail server vouches for: signed (DKIM) by the domain they belong to.

    :param authserv: the name that our server signs its results with; empty: nobody is vouched for.
    """
    signed = vouching.signing_domains(reading.authentication_results, authserv) if authserv else frozenset()
    if not reading.sender or not vouching.is_of(reading.sender, signed):
        return frozenset()
    found = {reading.sender}
    if reading.reply_to and (reading.sender == GOOGLE or vouching.is_of(reading.reply_to, signed)):
        found.add(reading.reply_to)
    return frozenset(found)


def is_same_mailbox(one: str, other: str) -> bool:
    """Whether two addresses lead to the same person: letters' case and what follows a plus sign do not count."""
    return bool(one) and _plain(one) == _plain(other)


# ---------------------------------------------------------------- whose it is


def _addressed(recipients: Iterable[str]) -> list[Invitation]:
    secrets = [address for address in recipients if "+" in address][:MOST_SECRETS]
    found = [queries.by_reply_address(address) for address in secrets]
    return list({one.id: one for one in found if one is not None}.values())


def _matched(taken: _Taken, calendar: CalendarPart) -> _Match | None:
    """The invitation that is answered: of its UID, and to somebody who answers."""
    secret = [one for one in taken.addressed if one.visit.uid == calendar.uid]
    known = queries.invitations_by_uid(calendar.uid)
    for invitation in [*secret, *(one for one in known if one.id not in {own.id for own in secret})]:
        is_secret = invitation in secret
        ours = [one for one in calendar.attendees if _is_invited(invitation, one.address)]
        if not calendar.attendees:
            ours = _unnamed(taken, calendar, invitation, is_secret=is_secret)
        if ours:
            by_mail = Trust.SIGNED if _is_any(invitation, taken.vouched) else Trust.NONE
            trust = Trust.ADDRESS if is_secret else by_mail
            if not calendar.attendees and by_mail is Trust.NONE:
                trust = Trust.NONE  # the address alone does not say who answers
            is_alone = all(other is ours[0] for other in calendar.attendees)
            return _Match(invitation, ours[0], trust, is_alone, is_once=len(ours) == 1)
    return None


def _unnamed(
    taken: _Taken, calendar: CalendarPart, invitation: Invitation, *, is_secret: bool
) -> list[Attendee]:
    """Who answers when the calendar does not say, as of some rooms: the sender, if that is who was invited."""
    senders = {taken.reading.sender, taken.reading.reply_to}
    if not is_secret and not _is_any(invitation, senders):
        return []
    word = taken.reading.subject.partition(":")[0].strip().lower()
    partstat = SUBJECTS.get(word, Reply.NONE).value.upper()
    return [Attendee(address=invitation.email.lower(), partstat=partstat)]


def _is_invited(invitation: Invitation, address: str) -> bool:
    person = invitation.user or invitation.contact
    known = {invitation.email, person.email if person else ""}
    return any(is_same_mailbox(address, one) for one in known)


def _is_any(invitation: Invitation, addresses: Iterable[str]) -> bool:
    return any(_is_invited(invitation, address) for address in addresses)


def _plain(address: str) -> tuple[str, str]:
    local, _at, domain = address.strip().casefold().removeprefix("mailto:").rpartition("@")
    local = local.partition("+")[0]
    if domain in {"gmail.com", "googlemail.com"}:
        return local.replace(".", ""), "gmail.com"
    try:
        return local, domain.rstrip(".").encode("idna").decode()
    except UnicodeError:
        return local, domain


# ---------------------------------------------------------------- what becomes of it


def _take_calendar(taken: _Taken, calendar: CalendarPart) -> Answer:
    first = taken.addressed[0] if taken.addressed else None
    if calendar.method not in ANSWERS:
        why = because(Because.NO_ANSWER, method=calendar.method)
        return _note(taken, first, Outcome.REFUSED, why)
    match = _matched(taken, calendar)
    if match is None:
        return _take_unmatched(taken, calendar, first)
    reply = REPLIES.get(match.attendee.partstat, Reply.NONE)
    if not match.is_once:
        why = because(Because.NAMED_TWICE)
        return _note(taken, match.invitation, Outcome.FOR_A_PERSON, why, match=match)
    if calendar.method == REFRESH:
        return _take_refresh(taken, match)
    if not match.is_alone and calendar.method == "REPLY" and reply is not Reply.DELEGATED:
        return _note(
            taken,
            match.invitation,
            Outcome.FOR_A_PERSON,
            because(Because.FOR_SEVERAL),
            match=match,
        )
    if calendar.method == "COUNTER" and (calendar.starts_at is None or calendar.ends_at is None):
        why = because(Because.TIME_UNREADABLE)
        return _note(taken, match.invitation, Outcome.FOR_A_PERSON, why, match=match)
    if calendar.method == "REPLY" and reply is Reply.NONE and not calendar.attendees:
        return _note(
            taken,
            match.invitation,
            Outcome.FOR_A_PERSON,
            because(Because.SAYS_NOTHING),
            match=match,
        )
    try:
        with db.session.begin_nested():
            return _apply(
                match.invitation,
                calendar,
                reply,
                comment=_comment(calendar, match.attendee),
                incoming=_incoming(taken, match),
                at=taken.at,
            )
    except Refused as refused:
        again = queries.invitation_with_visit(match.invitation.id)
        return _note(taken, again, Outcome.FOR_A_PERSON, Why(said=refused.sentence), match=match)


def _apply(
    invitation: Invitation,
    calendar: CalendarPart,
    reply: Reply,
    *,
    comment: str,
    incoming: Incoming,
    at: datetime,
) -> Answer:
    # nobody answers an invitation that was not sent yet: what comes later must not look older
    sequence = min(calendar.sequence, max(invitation.sent_sequence, 0))
    if calendar.method == "COUNTER":
        if calendar.starts_at is None or calendar.ends_at is None:
            raise Refused(
                _("Another time is asked for, but it does not say which in a way that can be read.")
            )
        return answering.propose(
            invitation,
            starts_at=calendar.starts_at,
            ends_at=calendar.ends_at,
            way=Way.MAIL,
            comment=comment,
            sequence=sequence,
            stamped_at=calendar.stamped_at,
            incoming=incoming,
            at=at,
        )
    return answering.answer(
        invitation,
        reply,
        way=Way.MAIL,
        comment=comment,
        sequence=sequence,
        stamped_at=calendar.stamped_at,
        incoming=incoming,
        at=at,
    )


def _take_unmatched(taken: _Taken, calendar: CalendarPart, first: Invitation | None) -> Answer:
    known = [one for one in taken.addressed if one.visit.uid == calendar.uid]
    others = queries.invitations_by_uid(calendar.uid)
    if known or others:
        title = (known or others)[0].visit.title
        why = because(Because.NOT_INVITED, visit=title, **_who(taken))
        return _note(taken, known[0] if known else None, Outcome.STRANGER, why)
    if first is not None:
        return _note(taken, first, Outcome.REFUSED, because(Because.ANOTHER_APPOINTMENT))
    return _note(taken, None, Outcome.REFUSED, because(Because.NO_INVITATION))


def _take_refresh(taken: _Taken, match: _Match) -> Answer:
    """Somebody asks for the invitation again; who calls this sends it."""
    sent_at = match.invitation.sent_at
    if match.trust is Trust.NONE:
        return _note(taken, match.invitation, Outcome.REFUSED, because(Because.UNVOUCHED), match=match)
    if sent_at is not None and taken.at - sent_at < REFRESH_PAUSE:
        return _note(taken, match.invitation, Outcome.REPEATED, because(Because.SENT_JUST_NOW), match=match)
    return _note(taken, match.invitation, Outcome.APPLIED, because(Because.SENT_AGAIN), match=match)


def _take_words(taken: _Taken) -> Answer | None:
    """Take a message without a calendar that can be read: a person's words, or a machine's."""
    reading = taken.reading
    if not taken.addressed:
        return _note(taken, None, Outcome.REFUSED, Why(said=reading.problem)) if reading.problem else None
    invitation = taken.addressed[0]
    if reading.is_automatic:
        return _note(taken, invitation, Outcome.REFUSED, because(Because.A_MACHINE))
    why = Why(said=reading.problem) if reading.problem else because(Because.IN_WORDS)
    return _note(taken, invitation, Outcome.FOR_A_PERSON, why)


def _take_report(taken: _Taken, bounce: Bounce) -> Answer | None:
    """Take a mail server's report (RFC 3464) on an invitation: by our Message-ID or the secret address in it."""
    if not bounce.failed:
        return None
    outgoing.note_returned(bounce.message_ids, bounce.recipients, why=bounce.why, at=taken.at)
    ours = _addressed(bounce.addresses) or taken.addressed
    recipient, email = (_recipient(ours[0]), ours[0].email) if ours else _reported(bounce.message_ids)
    if recipient is None:
        return None
    if bounce.recipients and not any(is_same_mailbox(one, email) for one in bounce.recipients):
        why = because(Because.COPY_FAILED)
        return _note(taken, ours[0] if ours else None, Outcome.FOR_A_PERSON, why)
    found = queries.standing_invitations(recipient, email)
    for invitation in found:
        if invitation.undeliverable_at is None:
            invitation.undeliverable_at = taken.at
            record(
                InvitationUndeliverable(
                    at=taken.at,
                    actor_id=None,
                    project_id=invitation.visit.project_id,
                    visit_id=invitation.visit_id,
                    invitation_id=invitation.id,
                    name=name_of(invitation),
                )
            )
    marked = next((one for one in found if ours and one.id == ours[0].id), found[0] if found else None)
    outcome = Outcome.APPLIED if found else Outcome.OUTDATED
    return _note(taken, marked or (ours[0] if ours else None), outcome, Why(said=bounce.why), method=REPORT)


def _reported(message_ids: Sequence[str]) -> tuple[Recipient | None, str]:
    """Whom a letter of ours was sent to, by its key in the ledger: ``invitation:<uid>:<sequence>:user:7:<instant>``."""
    found = queries.sent_to(message_ids)
    named = re.match(r"invitation:[^:]*:\d+:(user|contact):(\d+):", found[0]) if found else None
    if found is None or named is None:
        return None, ""
    number = int(named[2])
    return Recipient(user_id=number) if named[1] == "user" else Recipient(contact_id=number), found[1]


def _recipient(invitation: Invitation) -> Recipient:
    return Recipient(user_id=invitation.user_id, contact_id=invitation.contact_id)


def _note(
    taken: _Taken,
    invitation: Invitation | None,
    outcome: Outcome,
    why: Why,
    *,
    match: _Match | None = None,
    method: str = "",
) -> Answer:
    """Note what became of a message that is not simply applied."""
    calendar = taken.reading.calendar
    if outcome in queries.FOR_PEOPLE and queries.was_taken(taken.mail.message_id, outcome):
        outcome = Outcome.REPEATED
    attendee = match.attendee if match else _first_attendee(calendar)
    is_secret = invitation is not None and any(one.id == invitation.id for one in taken.addressed)
    row = Answer(
        invitation_id=invitation.id if invitation else None,
        incoming_mail_id=taken.mail.id,
        way=Way.MAIL,
        method=method or (calendar.method if calendar else ""),
        reply=REPLIES.get(attendee.partstat, Reply.NONE),
        sender=taken.reading.sender or taken.mail.sender,
        attendee=attendee.address,
        sequence=calendar.sequence if calendar else -1,
        stamped_at=calendar.stamped_at if calendar else None,
        comment=_comment(calendar, attendee) if calendar else "",
        trust=match.trust if match else Trust.ADDRESS if is_secret else Trust.NONE,
        outcome=outcome,
        because=why.because,
        about=dict(why.about) or None,
        why=why.said,
        received_at=taken.at,
    )
    db.session.add(row)
    db.session.flush()
    if invitation is not None and outcome in queries.FOR_PEOPLE:
        record(
            AnswerSetAside(
                at=taken.at,
                actor_id=None,
                project_id=invitation.visit.project_id,
                visit_id=invitation.visit_id,
                invitation_id=invitation.id,
                name=name_of(invitation),
                outcome=outcome.value,
                **why.as_json(),
                answer_id=row.id,
            )
        )
    return row


def _incoming(taken: _Taken, match: _Match) -> Incoming:
    return Incoming(
        mail_id=taken.mail.id,
        method=taken.reading.calendar.method if taken.reading.calendar else "",
        sender=taken.reading.sender or taken.mail.sender,
        attendee=match.attendee.address,
        trust=match.trust,
    )


def _first_attendee(calendar: CalendarPart | None) -> Attendee:
    return calendar.attendees[0] if calendar and calendar.attendees else Attendee(address="")


def _who(taken: _Taken) -> dict[str, str]:
    known = _first_attendee(taken.reading.calendar).address or taken.reading.sender
    return {"who": known} if known else {}


def _comment(calendar: CalendarPart, attendee: Attendee) -> str:
    """What they wrote, who is to come instead, and what their program could not do (REQUEST-STATUS but success)."""
    status = calendar.request_status
    parts = [
        calendar.comment,
        _("Instead: %(who)s", who=", ".join(attendee.delegated_to)) if attendee.delegated_to else "",
        "" if status.startswith("2") else status,
    ]
    return "\n".join(part for part in parts if part)
