"""Who may come in: a mail address and a password against what is kept."""

from datetime import datetime

from concierge.identity import passwords, queries
from concierge.identity.actions.sessions import open_session
from concierge.identity.models import User
from concierge.platform.database import db
from concierge.platform.errors import Refused


class WrongPassword(Refused):
    """The address and the password do not belong together; which of them is wrong is not said."""


def check(email: str, password: str) -> int:
    """Whose address and password these are.

    Takes as long for an unknown address as for a wrong password, and holds no lock while it takes.

    :return: the id of the person.
    :raises WrongPassword: when nobody has both, or they may not sign in.
    """
    found = queries.credentials(email)
    db.session.rollback()
    is_right = passwords.is_right(password, kept=found.password_hash if found else None)
    if found is None or not is_right or not found.may_sign_in:
        raise WrongPassword(
            "The address and the password do not match. Check both, or ask for a new password below."
        )
    return found.user_id


def fresh_hash(user_id: int, password: str) -> str | None:
    """A new hash of a right password when the kept one was made with other costs; None when it need not change."""
    kept = db.session.get_one(User, user_id).password_hash
    db.session.rollback()
    return passwords.hashed(password) if kept and passwords.wants_rehash(kept) else None


def sign_in(user_id: int, *, client: str, days: int, password_hash: str | None, at: datetime) -> str:
    """Open a session and return its token.

    :param days: after which the sign-in ends.
    :param password_hash: a fresh one to keep; None keeps what is there.
    """
    user = db.session.get_one(User, user_id)
    if password_hash:
        user.password_hash = password_hash
    return open_session(user, client=client, days=days, at=at)
