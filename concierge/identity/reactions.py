"""What identity does when something happened: letters with secret links."""

from typing import Any

from concierge.identity import mails, queries
from concierge.identity.actions.links import make_link
from concierge.identity.events import PasswordResetAsked, PersonInvited
from concierge.identity.models import User
from concierge.identity.states import AccessState, LinkPurpose
from concierge.platform import clock, deliveries
from concierge.platform.database import db
from concierge.platform.events import record
from concierge.platform.mail import post
from concierge.platform.settings import current

ASKED = "identity.reset_asked"


def register() -> None:
    """Make the answer to a wish for a new password deliverable."""
    deliveries.register(ASKED, answer_wish)


def answer_wish(args: dict[str, Any]) -> None:
    """Look up who asked for a new password. It happens here, so that the page takes the same time for a stranger."""
    user = queries.person_by_email(str(args["email"]))
    if user is not None and user.state is not AccessState.DISABLED:
        record(PasswordResetAsked(at=clock.now(), actor_id=None, user_id=user.id))


def mail_invitation(event: PersonInvited) -> None:
    """Write the letter with the link of an invitation."""
    user = db.session.get_one(User, event.user_id)
    if user.state is not AccessState.INVITED:
        return
    inviter = db.session.get(User, event.actor_id) if event.actor_id else None
    token = make_link(user, LinkPurpose.INVITATION, at=clock.now())
    letter = mails.invitation(
        user,
        address=current().address,
        token=token,
        company=current().company,
        inviter=inviter.name if inviter else "",
    )
    post(letter, key=f"invitation:{user.id}:{event.at.isoformat()}")


def mail_reset(event: PasswordResetAsked) -> None:
    """Write the letter with the link to a new password; who was only invited so far is invited again."""
    user = db.session.get_one(User, event.user_id)
    if user.state is AccessState.DISABLED:
        return
    address = current().address
    if user.state is AccessState.INVITED:
        token = make_link(user, LinkPurpose.INVITATION, at=clock.now())
        letter = mails.invitation(user, address=address, token=token, company=current().company, inviter="")
    else:
        token = make_link(user, LinkPurpose.PASSWORD_RESET, at=clock.now())
        letter = mails.reset(user, address=address, token=token)
    post(letter, key=f"reset:{user.id}:{event.at.isoformat()}")
