"""Questions about invitations: to whom, of which visit, with which secret."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import select
from sqlalchemy.orm import joinedload, selectinload
from sqlalchemy.orm.interfaces import ORMOption

from concierge.accounts.models import Contact
from concierge.identity.models import User
from concierge.identity.permissions import Role
from concierge.identity.states import AccessState
from concierge.identity.viewer import Viewer
from concierge.invitations import plan, secret
from concierge.invitations.models import Answer, Invitation, TimeProposal
from concierge.invitations.secret import Claimed
from concierge.invitations.states import Outcome, ProposalState, Reply
from concierge.platform import settings
from concierge.platform.database import db
from concierge.platform.errors import NotFound
from concierge.platform.incoming import IncomingMail
from concierge.platform.mail import OutgoingMail
from concierge.projects.models import Project
from concierge.visits.models import Visit, VisitAttendee, VisitTechnician
from concierge.visits.queries import seen_by
from concierge.visits.states import OVER


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """Somebody who is told of visits: a technician of ours, or a customer's contact."""

    user_id: int | None = None
    contact_id: int | None = None

    @property
    def key(self) -> str:
        """The same for the same person: ``user:3`` or ``contact:9``."""
        return f"user:{self.user_id}" if self.user_id is not None else f"contact:{self.contact_id}"

    @classmethod
    def of(cls, key: str) -> "Recipient":
        """The recipient that a key stands for."""
        kind, _colon, number = key.partition(":")
        return cls(user_id=int(number)) if kind == "user" else cls(contact_id=int(number))


@dataclass(frozen=True, slots=True)
class Person:
    """How somebody is written to."""

    name: str
    email: str
    language: str
    zone: str
    is_invited_by_mail: bool
    """Otherwise they read a calendar, and hear by mail only of what it has not fetched in time."""


def by_token(token: str) -> Invitation:
    """The invitation whose answer page a token opens, with its visit.

    :raises NotFound: when the token is no invitation's.
    """
    claimed = secret.token_id_and_proof(token)
    found = _claimed(claimed)
    key = settings.current().secret_key
    if claimed is None or found is None or not secret.is_token_of(claimed, found.nonce, key=key):
        raise NotFound
    return found


def by_reply_address(address: str) -> Invitation | None:
    """The invitation that a secret reply address belongs to, with its visit; None when it is no invitation's."""
    claimed = secret.invitation_id_and_proof(address)
    found = _claimed(claimed)
    key = settings.current().secret_key
    if claimed is None or found is None or not secret.is_address_of(claimed, found.nonce, key=key):
        return None
    return found


def invitation_for_change(invitation_id: int) -> Invitation:
    """One invitation, locked until the end of the unit of work, with who is invited.

    :raises NotFound: when there is none.
    """
    found = db.session.scalar(
        select(Invitation)
        .where(Invitation.id == invitation_id)
        .options(joinedload(Invitation.user), joinedload(Invitation.contact))
        .with_for_update(of=Invitation)
        .execution_options(populate_existing=True)
    )
    if found is None:
        raise NotFound
    return found


def invitations_of(visit_id: int) -> Sequence[Invitation]:
    """Everybody who was ever invited to a visit, technicians first."""
    return db.session.scalars(
        select(Invitation)
        .where(Invitation.visit_id == visit_id)
        .options(joinedload(Invitation.user), joinedload(Invitation.contact))
        .order_by(Invitation.user_id.is_(None), Invitation.id)
    ).all()


def sent_to_contact(contact_id: int, *, project_id: int) -> dict[int, Invitation]:
    """What somebody at the customer was sent for the visits of a project and still holds, by visit."""
    found = db.session.scalars(
        select(Invitation)
        .join(Visit, Visit.id == Invitation.visit_id)
        .where(
            Visit.project_id == project_id,
            Invitation.contact_id == contact_id,
            Invitation.sent_at.is_not(None),
            Invitation.withdrawn_at.is_(None),
        )
        .order_by(Invitation.id.desc())
    )
    return {one.visit_id: one for one in found}


def open_proposals(visit_id: int) -> Sequence[TimeProposal]:
    """Other times that were asked for and that nobody has decided on, the oldest first."""
    return db.session.scalars(
        select(TimeProposal)
        .join(Invitation, Invitation.id == TimeProposal.invitation_id)
        .where(Invitation.visit_id == visit_id, TimeProposal.state == ProposalState.OPEN)
        .options(
            joinedload(TimeProposal.invitation).joinedload(Invitation.user),
            joinedload(TimeProposal.invitation).joinedload(Invitation.contact),
        )
        .order_by(TimeProposal.id)
    ).all()


def invitation_seen_by(viewer: Viewer, invitation_id: int) -> Invitation:
    """One invitation to a visit that a viewer may see.

    :raises NotFound: when there is none, or they may not see it.
    """
    question = seen_by(viewer, select(Visit)).with_only_columns(Visit.id)
    found = db.session.scalar(
        select(Invitation).where(Invitation.id == invitation_id, Invitation.visit_id.in_(question))
    )
    if found is None:
        raise NotFound
    return found


def proposal_seen_by(viewer: Viewer, proposal_id: int) -> TimeProposal:
    """One time that was asked for, of a visit that a viewer may see.

    :raises NotFound: when there is none, or they may not see it.
    """
    question = seen_by(viewer, select(Visit)).with_only_columns(Visit.id)
    found = db.session.scalar(
        select(TimeProposal)
        .join(Invitation, Invitation.id == TimeProposal.invitation_id)
        .where(TimeProposal.id == proposal_id, Invitation.visit_id.in_(question))
        .options(
            joinedload(TimeProposal.invitation).joinedload(Invitation.user),
            joinedload(TimeProposal.invitation).joinedload(Invitation.contact),
        )
    )
    if found is None:
        raise NotFound
    return found


def proposal_for_change(proposal_id: int) -> TimeProposal:
    """One time that was asked for, locked until the end of the unit of work.

    :raises NotFound: when there is none.
    """
    found = db.session.scalar(
        select(TimeProposal)
        .where(TimeProposal.id == proposal_id)
        .options(
            joinedload(TimeProposal.invitation).joinedload(Invitation.user),
            joinedload(TimeProposal.invitation).joinedload(Invitation.contact),
        )
        .with_for_update(of=TimeProposal)
        .execution_options(populate_existing=True)
    )
    if found is None:
        raise NotFound
    return found


def was_applied(answer: Answer) -> bool:
    """Whether an answer like this, made at the same second by the clock of whoever answers, counted once already."""
    if answer.stamped_at is None:
        return False
    same = select(Answer.id).where(
        Answer.invitation_id == answer.invitation_id,
        Answer.reply == answer.reply,
        Answer.sequence == answer.sequence,
        Answer.stamped_at == answer.stamped_at,
        Answer.outcome == Outcome.APPLIED,
    )
    return db.session.scalar(same.limit(1)) is not None


def has_decliner(visit_id: int) -> bool:
    """Whether a technician of ours declined and nobody has settled yet what becomes of the visit."""
    return (
        db.session.scalar(
            select(Invitation.id)
            .where(
                Invitation.visit_id == visit_id,
                Invitation.user_id.is_not(None),
                Invitation.reply == Reply.DECLINED,
                Invitation.withdrawn_at.is_(None),
            )
            .limit(1)
        )
        is not None
    )


def has_their_time(visit: Visit, invitation: Invitation) -> bool:
    """Whether a visit is when somebody asked for, which they have not been told yet."""
    found = select(TimeProposal.id).where(
        TimeProposal.invitation_id == invitation.id,
        TimeProposal.state == ProposalState.TAKEN,
        TimeProposal.starts_at == visit.starts_at,
        TimeProposal.ends_at == visit.ends_at,
        TimeProposal.decided_at >= invitation.sent_at,
    )
    return db.session.scalar(found.limit(1)) is not None


def dispatchers() -> Sequence[User]:
    """Who sends technicians, and is told when one declines."""
    return db.session.scalars(
        select(User).where(User.role == Role.DISPATCHER, User.state == AccessState.ACTIVE).order_by(User.id)
    ).all()


def person(recipient: Recipient) -> Person | None:
    """Who a recipient is and how they are written to; None when there is nobody to write to."""
    if recipient.user_id is not None:
        user = db.session.get(User, recipient.user_id)
        if user is None or user.state is AccessState.DISABLED:
            return None
        return Person(user.name, user.email, user.language, user.zone, user.invited_by_mail)
    contact = db.session.get(Contact, recipient.contact_id)
    if contact is None or not contact.email:
        return None
    return Person(contact.name, contact.email, contact.language, contact.zone, is_invited_by_mail=True)


def is_about_invitations(visit_id: int) -> bool:
    """Whether people are invited to a visit, or were; of one that only follows the plan nobody is told."""
    was_sent = select(Invitation.id).where(Invitation.visit_id == visit_id).exists()
    question = select(Visit.id).where(Visit.id == visit_id, sa.or_(Visit.state.in_(plan.INVITED), was_sent))
    return db.session.scalar(question) is not None


def recipients_of(visit_id: int) -> set[Recipient]:
    """Everybody who may have to be told of a visit: who goes, who of the customer's is there, who was ever invited."""
    going = db.session.scalars(select(VisitTechnician.user_id).where(VisitTechnician.visit_id == visit_id))
    found = {Recipient(user_id=user_id) for user_id in going}
    there = db.session.scalars(select(VisitAttendee.contact_id).where(VisitAttendee.visit_id == visit_id))
    found |= {Recipient(contact_id=attending_id) for attending_id in there}
    contact_id = db.session.scalar(
        select(Project.contact_id).join(Visit, Visit.project_id == Project.id).where(Visit.id == visit_id)
    )
    if contact_id is not None:
        found.add(Recipient(contact_id=contact_id))
    invited = db.session.execute(
        select(Invitation.user_id, Invitation.contact_id).where(Invitation.visit_id == visit_id)
    )
    return found | {Recipient(user_id=row.user_id, contact_id=row.contact_id) for row in invited}


def coming_visits(recipient: Recipient, *, at: datetime) -> Sequence[Visit]:
    """The visits that a recipient is invited to, or was, and that are not over in their calendar or in ours."""
    goes = (
        select(VisitTechnician.visit_id).where(VisitTechnician.user_id == recipient.user_id)
        if recipient.user_id is not None
        else _meets(recipient.contact_id)
    )
    told = select(Invitation.visit_id).where(
        _is_for(recipient), Invitation.sent_ends_at > at, Invitation.withdrawn_at.is_(None)
    )
    return db.session.scalars(
        select(Visit)
        .where(
            sa.or_(
                sa.and_(Visit.id.in_(goes), Visit.ends_at > at, Visit.state.in_(plan.INVITED)),
                Visit.id.in_(told),
            )
        )
        .options(*_to_tell())
        .order_by(Visit.starts_at, Visit.id)
        .execution_options(populate_existing=True)
    ).all()


def coming_of_account(account_id: int, *, at: datetime) -> Sequence[int]:
    """Ids of a customer's visits that are not over."""
    return _coming(Visit.project_id.in_(select(Project.id).where(Project.account_id == account_id)), at=at)


def coming_at_site(site_id: int, *, at: datetime) -> Sequence[int]:
    """Ids of the visits to a site that are not over."""
    return _coming(Visit.site_id == site_id, at=at)


def _coming(condition: sa.ColumnElement[bool], *, at: datetime) -> Sequence[int]:
    question = select(Visit.id).where(condition, Visit.ends_at > at, Visit.state.not_in(OVER))
    return db.session.scalars(question.order_by(Visit.id)).all()


def was_invited(recipient: Recipient) -> bool:
    """Whether somebody was ever sent an invitation."""
    return db.session.scalar(select(Invitation.id).where(_is_for(recipient)).limit(1)) is not None


def is_contact_of_coming(contact_id: int, *, at: datetime) -> bool:
    """Whether somebody is invited to visits to come, as our contact or because they have to be there."""
    coming = select(Visit.id).where(
        Visit.id.in_(_meets(contact_id)), Visit.ends_at > at, Visit.state.in_(plan.INVITED)
    )
    return db.session.scalar(coming.limit(1)) is not None


def _meets(contact_id: int | None) -> sa.CompoundSelect[Any]:  # Any: ids
    """Ids of the visits at which somebody of the customer's meets us, whenever they are."""
    as_contact = select(Visit.id).join(Project, Project.id == Visit.project_id)
    return sa.union_all(
        as_contact.where(Project.contact_id == contact_id),
        select(VisitAttendee.visit_id).where(VisitAttendee.contact_id == contact_id),
    )


def invitation_with_visit(invitation_id: int) -> Invitation | None:
    """One invitation with all that is told of its visit."""
    return db.session.scalar(select(Invitation).where(Invitation.id == invitation_id).options(*with_visit()))


def visit_to_tell_of(visit_id: int) -> Visit:
    """One visit with all that a letter tells of it.

    :raises NotFound: when there is none.
    """
    question = select(Visit).where(Visit.id == visit_id).options(*_to_tell())
    visit = db.session.scalar(question.execution_options(populate_existing=True))
    if visit is None:
        raise NotFound
    return visit


def _to_tell() -> tuple[ORMOption, ...]:
    return (
        joinedload(Visit.site),
        joinedload(Visit.project).joinedload(Project.account),
        joinedload(Visit.project).joinedload(Project.contact),
        joinedload(Visit.project).joinedload(Project.concierge),
        selectinload(Visit.crew_members).joinedload(VisitTechnician.user),
        selectinload(Visit.attendees),
    )


def invitations_for_change(recipient: Recipient) -> dict[int, Invitation]:
    """What a recipient was sent so far, by visit, locked until the end of the unit of work."""
    rows = db.session.scalars(
        select(Invitation)
        .where(_is_for(recipient))
        .order_by(Invitation.id)
        .with_for_update(of=Invitation)
        .execution_options(populate_existing=True)
    )
    return {row.visit_id: row for row in rows}


def _is_for(recipient: Recipient) -> sa.ColumnElement[bool]:
    if recipient.user_id is not None:
        return Invitation.user_id == recipient.user_id
    return Invitation.contact_id == recipient.contact_id


FOR_PEOPLE = (Outcome.STRANGER, Outcome.SUGGESTED, Outcome.FOR_A_PERSON)
"""What becomes of answers that only a person can settle; other times that are asked for stand beside them."""
TO_SETTLE = sa.text(
    "invitation_answers.seen_at IS NULL AND invitation_answers.outcome IN ('stranger', 'suggested', 'for a person')"
)
"""The condition of a partial index, in its own words: SQLite uses such an index for no others."""
MOST_LISTED = 200


@dataclass(frozen=True, slots=True)
class ForPeople:
    """An answer that waits for a person: who gave it, and the mail that brought it."""

    answer: Answer
    invitation: Invitation | None
    mail: IncomingMail | None


def answers_for_people(viewer: Viewer) -> Sequence[ForPeople]:
    """Answers that wait for a person, the newest first."""
    return _for_people(viewer, TO_SETTLE)


def answer_for(viewer: Viewer, answer_id: int) -> ForPeople:
    """One answer with its mail.

    :raises NotFound: when there is none that the viewer may see.
    """
    found = _for_people(viewer, Answer.id == answer_id)
    if not found:
        raise NotFound
    return found[0]


def answer_for_change(answer_id: int) -> Answer:
    """One answer, locked until the end of the unit of work.

    :raises NotFound: when there is none.
    """
    found = db.session.get(Answer, answer_id, with_for_update=True, populate_existing=True)
    if found is None:
        raise NotFound
    return found


def wishes(viewer: Viewer) -> Sequence[TimeProposal]:
    """Other times that were asked for and that nobody has decided on, the oldest first."""
    if not viewer.sees_all_projects:
        return ()
    return db.session.scalars(
        select(TimeProposal)
        .where(TimeProposal.state == ProposalState.OPEN)
        .options(
            joinedload(TimeProposal.invitation).joinedload(Invitation.user),
            joinedload(TimeProposal.invitation).joinedload(Invitation.contact),
            joinedload(TimeProposal.invitation).joinedload(Invitation.visit).joinedload(Visit.project),
        )
        .order_by(TimeProposal.id)
        .limit(MOST_LISTED)
    ).all()


def undeliverable(viewer: Viewer, *, at: datetime) -> Sequence[Invitation]:
    """Invitations to coming visits that a mail server could not deliver, the soonest first."""
    if not viewer.sees_all_projects:
        return ()
    return db.session.scalars(
        select(Invitation)
        .join(Visit, Visit.id == Invitation.visit_id)
        .where(
            Invitation.undeliverable_at.is_not(None),
            Invitation.withdrawn_at.is_(None),
            Visit.ends_at > at,
            Visit.state.not_in(OVER),
        )
        .options(*with_visit())
        .order_by(Visit.starts_at, Invitation.id)
        .limit(MOST_LISTED)
    ).all()


def invitations_by_uid(uid: str) -> Sequence[Invitation]:
    """Everybody who was ever invited to the visit that calendars know by a UID."""
    if not uid:
        return ()
    return db.session.scalars(
        select(Invitation)
        .join(Visit, Visit.id == Invitation.visit_id)
        .where(Visit.uid == uid)
        .options(*with_visit())
        .order_by(Invitation.id)
    ).all()


def was_taken(message_id: str, outcome: Outcome) -> bool:
    """Whether a mail with this Message-ID brought an answer of which the same became."""
    if not message_id:
        return False
    question = (
        select(Answer.id)
        .join(IncomingMail, IncomingMail.id == Answer.incoming_mail_id)
        .where(IncomingMail.message_id == message_id, Answer.outcome == outcome)
    )
    return db.session.scalar(question.limit(1)) is not None


def sent_to(message_ids: Sequence[str]) -> tuple[str, str] | None:
    """Key and address of a letter of ours by one of these Message-IDs; None when it is none of ours."""
    if not message_ids:
        return None
    question = select(OutgoingMail.key, OutgoingMail.to).where(OutgoingMail.message_id.in_(message_ids))
    row = db.session.execute(question.order_by(OutgoingMail.id).limit(1)).first()
    return (row.key, row.to) if row else None


def standing_invitations(recipient: Recipient, email: str) -> Sequence[Invitation]:
    """What somebody is invited to at an address, locked until the end of the unit of work."""
    return db.session.scalars(
        select(Invitation)
        .where(
            _is_for(recipient),
            sa.func.lower(Invitation.email) == email.lower(),
            Invitation.withdrawn_at.is_(None),
        )
        .options(joinedload(Invitation.user), joinedload(Invitation.contact), joinedload(Invitation.visit))
        .order_by(Invitation.id)
        .with_for_update(of=Invitation)
        .execution_options(populate_existing=True)
    ).all()


def _for_people(viewer: Viewer, condition: sa.ColumnElement[bool] | sa.TextClause) -> list[ForPeople]:
    if not viewer.sees_all_projects:
        return []
    rows = db.session.execute(
        select(Answer, Invitation, IncomingMail)
        .outerjoin(Invitation, Invitation.id == Answer.invitation_id)
        .outerjoin(IncomingMail, IncomingMail.id == Answer.incoming_mail_id)
        .where(condition)
        .options(*with_visit())
        .order_by(Answer.id.desc())
        .limit(MOST_LISTED)
    )
    return [ForPeople(answer, invitation, mail) for answer, invitation, mail in rows]


def with_visit() -> tuple[ORMOption, ...]:
    """What an invitation is shown and judged with."""
    return (
        joinedload(Invitation.user),
        joinedload(Invitation.contact),
        joinedload(Invitation.visit).joinedload(Visit.site),
        joinedload(Invitation.visit).joinedload(Visit.project).joinedload(Project.account),
        joinedload(Invitation.visit).joinedload(Visit.project).joinedload(Project.concierge),
        joinedload(Invitation.visit).selectinload(Visit.crew_members).joinedload(VisitTechnician.user),
    )


def _claimed(claimed: Claimed | None) -> Invitation | None:
    question = select(Invitation).where(Invitation.id == (claimed.invitation_id if claimed else 0))
    return db.session.scalar(question.options(*with_visit()))
