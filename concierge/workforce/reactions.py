"""What follows when somebody asks for leave, and when it is decided: letters."""

from collections.abc import Sequence
from typing import Protocol

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from concierge.identity.models import User
from concierge.identity.permissions import MAY, Permission
from concierge.identity.states import AccessState
from concierge.platform import undo
from concierge.platform.database import db
from concierge.platform.mail import Letter, post
from concierge.platform.settings import current
from concierge.workforce import mails
from concierge.workforce.events import LeaveApproved, LeaveEvent, LeaveRefused, LeaveRequested, LeaveWithdrawn
from concierge.workforce.models import LeaveRequest, Technician
from concierge.workforce.states import LeaveState


class TakenBack(Protocol):
    """An event that says that an act was taken back."""

    @property
    def act(self) -> str:
        """Names it."""

    @property
    def actor_id(self) -> int | None:
        """Who took it back."""


def tell_deciders(event: LeaveRequested) -> None:
    """Write to everybody whose work it is to decide on leave; administrators may, but are not asked."""
    request = _request(event.leave_id)
    if request is None or request.state is not LeaveState.REQUESTED:
        return
    for user in _deciders(except_id=request.technician.user_id):
        _post(mails.asked(request, to=user, address=current().address), f"asked:{request.id}", user)


def tell_decided(event: LeaveApproved | LeaveRefused) -> None:
    """Write to the technician how it was decided, unless it is undecided again by now."""
    request = _request(event.leave_id)
    wanted = LeaveState.APPROVED if isinstance(event, LeaveApproved) else LeaveState.REFUSED
    if request is None or request.state is not wanted:
        return
    letter = mails.decided(request, by=_name(event.actor_id), address=current().address)
    _post(letter, _key(event), request.technician.user)


def tell_withdrawn(event: LeaveWithdrawn) -> None:
    """Write to those who counted on it: to the technician when somebody else did it, else to those who decide."""
    request = _request(event.leave_id)
    if request is None or request.state is not LeaveState.WITHDRAWN:
        return
    theirs = request.technician.user
    is_own = event.actor_id == theirs.id
    for user in _deciders(except_id=theirs.id) if is_own else [theirs]:
        letter = mails.withdrawn(request, to=user, by=_name(event.actor_id), address=current().address)
        _post(letter, _key(event), user)


def tell_taken_back(event: TakenBack) -> None:
    """Write to technicians when a decision on their leave was taken back."""
    for leave_id in undo.rows_of(event.act, LeaveRequest.__tablename__):
        request = _request(leave_id)
        if request is not None and request.technician.user_id != event.actor_id:
            letter = mails.undecided(request, by=_name(event.actor_id), address=current().address)
            _post(letter, f"taken back:{leave_id}:{event.act}", request.technician.user)


def _request(leave_id: int) -> LeaveRequest | None:
    return db.session.scalar(
        select(LeaveRequest)
        .where(LeaveRequest.id == leave_id)
        .options(joinedload(LeaveRequest.technician).joinedload(Technician.user))
    )


def _deciders(*, except_id: int) -> Sequence[User]:
    roles = [
        role
        for role, may in MAY.items()
        if Permission.MANAGE_WORKFORCE in may and Permission.OPERATE not in may
    ]
    return db.session.scalars(
        select(User)
        .where(User.role.in_(roles), User.state == AccessState.ACTIVE, User.id != except_id)
        .order_by(User.id)
    ).all()


def _name(user_id: int | None) -> str:
    user = db.session.get(User, user_id) if user_id else None
    return user.name if user else ""


def _key(event: LeaveEvent) -> str:
    return f"{type(event).__name__}:{event.leave_id}:{event.at.isoformat()}"


def _post(letter: Letter, key: str, to: User) -> None:
    if to.state is AccessState.ACTIVE:
        post(letter, key=f"leave:{key}:{to.id}")
