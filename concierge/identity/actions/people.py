"""Giving people access, and changing what they are and may."""

from datetime import datetime

import sqlalchemy as sa
from flask_babel import gettext as _

from concierge.identity import passwords
from concierge.identity.actions.links import end_links, use_link
from concierge.identity.actions.sessions import revoke_sessions
from concierge.identity.events import (
    AccessDisabled,
    AccessRestored,
    PasswordChosen,
    PersonAdded,
    PersonInvited,
    ProfileChanged,
    RoleChanged,
)
from concierge.identity.models import SecretLink, User
from concierge.identity.permissions import Role
from concierge.identity.states import AccessState
from concierge.platform.database import db
from concierge.platform.errors import Refused, Stale
from concierge.platform.events import record


class AlreadyThere(Refused):
    """Somebody has this mail address."""


class LastAdministrator(Refused):
    """Nobody would be left who can manage people."""


def invite_person(
    *, email: str, name: str, role: Role, zone: str, language: str, actor_id: int | None, at: datetime
) -> User:
    """Give somebody access; they get a letter with a link and choose their own password.

    :param zone: IANA name of the time zone they live in.
    :raises AlreadyThere: when somebody has the mail address.
    """
    user = _new(email=email, name=name, role=role, zone=zone, language=language, at=at)
    record(PersonInvited(at=at, actor_id=actor_id, user_id=user.id, role=role.value))
    return user


def invite_again(user: User, *, actor_id: int, at: datetime) -> None:
    """Send the invitation again; the link of the letter before stops working.

    :raises Refused: when they have come in already, or may not.
    """
    if user.state is not AccessState.INVITED:
        raise Refused(
            _(
                "%(name)s needs no invitation. They can ask for a new password on the sign-in page.",
                name=user.name,
            )
        )
    record(PersonInvited(at=at, actor_id=actor_id, user_id=user.id, role=user.role.value))


def add_person(
    *,
    email: str,
    name: str,
    role: Role,
    password: str,
    zone: str = "UTC",
    language: str = "en",
    actor_id: int | None = None,
    at: datetime,
) -> User:
    """Give somebody access with a password, without a letter.

    :raises AlreadyThere: when somebody has the mail address.
    :raises Refused: when the password is too short.
    """
    if len(password) < passwords.LEAST:
        raise Refused(
            _("The password is too short. Use at least %(least)s characters.", least=passwords.LEAST)
        )
    user = _new(email=email, name=name, role=role, zone=zone, language=language, at=at)
    user.password_hash, user.state = passwords.hashed(password), AccessState.ACTIVE
    db.session.flush()
    record(PersonAdded(at=at, actor_id=actor_id, user_id=user.id, role=role.value))
    return user


def choose_password(
    user: User, *, password_hash: str, at: datetime, link: SecretLink | None = None, keep: int | None = None
) -> None:
    """Set a person's password, let them in if they were invited, and end their other sign-ins.

    :param password_hash: made by ``passwords.hashed`` before the transaction, because it takes long.
    :param link: the link in a letter that led here; it is used up.
    :param keep: id of the session that stays.
    :raises Refused: when the person may not sign in.
    """
    if user.state is AccessState.DISABLED:
        raise Refused(_("This access was ended. An administrator can restore it under People."))
    if link is not None:
        use_link(link, at=at)
    user.password_hash, user.state = password_hash, AccessState.ACTIVE
    end_links(user, at=at)
    revoke_sessions(user, at=at, actor_id=user.id, keep=keep)
    record(PasswordChosen(at=at, actor_id=user.id, user_id=user.id))


def change_role(user: User, *, role: Role, actor_id: int, at: datetime) -> None:
    """Let a person work in another role; their sign-ins end, so that nothing of the old role stays.

    :raises LastAdministrator: when nobody would be left who can manage people.
    """
    if user.role is role:
        return
    _keep_an_administrator(user)
    before, user.role = user.role, role
    revoke_sessions(user, at=at, actor_id=actor_id)
    record(
        RoleChanged(
            at=at, actor_id=actor_id, user_id=user.id, role_before=before.value, role_after=role.value
        )
    )


def disable(user: User, *, actor_id: int, at: datetime) -> None:
    """End a person's access, at once and on every device.

    :raises Refused: when they are the one who asks, or have no access.
    :raises LastAdministrator: when nobody would be left who can manage people.
    """
    if user.id == actor_id:
        raise Refused(_("You cannot end your own access. Ask another administrator to do it."))
    if user.state is AccessState.DISABLED:
        raise Refused(_("%(name)s has no access already.", name=user.name))
    _keep_an_administrator(user)
    user.state = AccessState.DISABLED
    end_links(user, at=at)
    revoke_sessions(user, at=at, actor_id=actor_id)
    record(AccessDisabled(at=at, actor_id=actor_id, user_id=user.id))


def restore(user: User, *, actor_id: int, at: datetime) -> None:
    """Give a person access again, with the password they had; without one they are invited.

    :raises Refused: when they have access.
    """
    if user.state is not AccessState.DISABLED:
        raise Refused(_("%(name)s has access already.", name=user.name))
    user.state = AccessState.ACTIVE if user.password_hash else AccessState.INVITED
    record(AccessRestored(at=at, actor_id=actor_id, user_id=user.id))
    if user.state is AccessState.INVITED:
        record(PersonInvited(at=at, actor_id=actor_id, user_id=user.id, role=user.role.value))


def change_profile(
    user: User,
    *,
    name: str,
    zone: str,
    language: str,
    phone: str,
    version: str,
    actor_id: int,
    at: datetime,
    keys_off: bool = False,
    invited_by_mail: bool | None = None,
) -> None:
    """Change what a person is called, where they live, what they read, and whether single keys act.

    :param invited_by_mail: whether each visit comes by mail too; None leaves it.
    :param version: the one the form was filled from.
    :raises Stale: when somebody changed it in the meantime.
    """
    if version != str(user.version):
        raise Stale(_("Somebody else changed this person in the meantime. Load the page again and repeat."))
    user.name, user.zone, user.language, user.phone = name, zone, language, phone
    user.keys_off = keys_off
    if invited_by_mail is not None:
        user.invited_by_mail = invited_by_mail
    record(
        ProfileChanged(
            at=at, actor_id=actor_id, user_id=user.id, name=user.name, zone=zone, language=language
        )
    )


def _new(*, email: str, name: str, role: Role, zone: str, language: str, at: datetime) -> User:
    address = email.strip().lower()
    if db.session.scalar(sa.select(User.id).where(User.email == address)) is not None:
        raise AlreadyThere(f"Somebody with the address {address} is there already. Look under People.")
    user = User(
        email=address,
        name=name,
        role=role,
        state=AccessState.INVITED,
        zone=zone,
        language=language,
        created_at=at,
    )
    db.session.add(user)
    db.session.flush()
    return user


def _keep_an_administrator(leaving: User) -> None:
    """Refuse to lose the last administrator; both of two who demote each other at once cannot succeed."""
    if leaving.role is not Role.ADMINISTRATOR or leaving.state is not AccessState.ACTIVE:
        return
    active = (
        sa.select(User.id)
        .where(User.role == Role.ADMINISTRATOR, User.state == AccessState.ACTIVE)
        .order_by(User.id)
        .with_for_update()
    )
    if list(db.session.scalars(active)) == [leaving.id]:
        raise LastAdministrator(
            f"{leaving.name} is the only administrator. Make somebody else administrator first."
        )
