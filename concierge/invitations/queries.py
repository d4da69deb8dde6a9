"""Questions about invitations: to whom, of which visit, with which secret."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import joinedload
from sqlalchemy.orm.interfaces import ORMOption

from concierge.identity.models import User
from concierge.identity.permissions import Role
from concierge.identity.states import AccessState
from concierge.invitations import secret
from concierge.invitations.models import Invitation, TimeProposal
from concierge.invitations.secret import Claimed
from concierge.invitations.states import ProposalState, Reply
from concierge.platform import settings
from concierge.platform.database import db
from concierge.platform.errors import NotFound
from concierge.projects.models import Project
from concierge.visits.models import Visit, VisitTechnician


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


def dispatchers() -> Sequence[User]:
    """Who sends technicians, and is told when one declines."""
    return db.session.scalars(
        select(User).where(User.role == Role.DISPATCHER, User.state == AccessState.ACTIVE).order_by(User.id)
    ).all()


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
