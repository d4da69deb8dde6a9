"""Questions about people, their sign-ins and their links."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from concierge.identity.models import PutAside, SecretLink, User, UserSession
from concierge.identity.permissions import Role
from concierge.identity.states import AccessState, LinkPurpose
from concierge.identity.tokens import token_hash
from concierge.identity.viewer import Viewer
from concierge.platform import events
from concierge.platform.clashes import Change
from concierge.platform.database import db
from concierge.platform.errors import NotFound
from concierge.platform.searching import matches

PER_PAGE = 50


class LinkOver(NotFound):
    """A link in a letter is unknown, used, expired, or for something else: the same answer for all."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a sign-in is checked against."""

    user_id: int
    password_hash: str | None
    may_sign_in: bool


@dataclass(frozen=True, slots=True)
class PeopleListed:
    """One page of people."""

    people: tuple[User, ...]
    total: int
    page: int
    last: int


@dataclass(frozen=True, slots=True)
class Aside:
    """Something that a person put aside: since which level of it, and until when; None: done with."""

    id: int
    level: int
    until: datetime | None


def asides_of(user_id: int, *, at: datetime) -> dict[str, Aside]:
    """What a person has aside just now, by what it is."""
    rows = db.session.execute(
        sa.select(PutAside.id, PutAside.key, PutAside.until).where(
            PutAside.user_id == user_id, sa.or_(PutAside.until.is_(None), PutAside.until > at)
        )
    )
    asides = {}
    for row in rows:
        key, _, level = row.key.rpartition("#")
        asides[key] = Aside(row.id, int(level), row.until)
    return asides


def credentials(email: str) -> Credentials | None:
    """What the sign-in of a mail address is checked against; None when nobody has it."""
    row = db.session.execute(
        sa.select(User.id, User.password_hash, User.state).where(User.email == email.strip().lower())
    ).one_or_none()
    if row is None:
        return None
    return Credentials(row.id, row.password_hash, row.state is AccessState.ACTIVE)


def person_by_email(email: str) -> User | None:
    """Who has a mail address; None when nobody."""
    return db.session.scalar(sa.select(User).where(User.email == email.strip().lower()))


def person(viewer: Viewer, user_id: int) -> User:
    """A person.

    :raises NotFound: when there is none.
    """
    found = db.session.get(User, user_id)
    if found is None:
        raise NotFound
    return found


def myself(viewer: Viewer) -> User:
    """The person who looks."""
    return db.session.get_one(User, viewer.user_id)


def people_listed(viewer: Viewer, *, text: str = "", role: Role | None = None, page: int = 1) -> PeopleListed:
    """People by name; those whose access ended come last."""
    wanted = list(matches(text, User))
    if role is not None:
        wanted.append(User.role == role)
    total = db.session.scalar(sa.select(sa.func.count(User.id)).where(*wanted)) or 0
    last = max(1, -(-total // PER_PAGE))
    page = min(max(1, page), last)
    rows = (
        sa.select(User)
        .where(*wanted)
        .order_by(User.state == AccessState.DISABLED, User.name, User.id)
        .limit(PER_PAGE)
        .offset((page - 1) * PER_PAGE)
    )
    return PeopleListed(tuple(db.session.scalars(rows)), total, page, last)


def sessions_of(user_id: int, *, at: datetime) -> list[UserSession]:
    """The sign-ins of a person that still hold, the last used first."""
    return list(
        db.session.scalars(
            sa.select(UserSession)
            .where(
                UserSession.user_id == user_id, UserSession.revoked_at.is_(None), UserSession.expires_at > at
            )
            .order_by(UserSession.seen_at.desc(), UserSession.id.desc())
        )
    )


def link(token: str, purpose: LinkPurpose, *, at: datetime) -> SecretLink:
    """The link in a letter that a token belongs to, with its person.

    :raises LinkOver: when it is unknown, used, expired, or for another purpose.
    """
    found = db.session.scalar(
        sa.select(SecretLink)
        .options(joinedload(SecretLink.user))
        .where(
            SecretLink.token_hash == token_hash(token),
            SecretLink.purpose == purpose,
            SecretLink.used_at.is_(None),
            SecretLink.expires_at > at,
        )
    )
    if found is None or found.user.state is AccessState.DISABLED:
        raise LinkOver(
            "This link was used already or has expired. Ask for a new one on the sign-in page, "
            "or ask whoever invited you to send it again."
        )
    return found


def let_go() -> None:
    """End what was read so far, so that no lock is held while something slow happens."""
    db.session.rollback()


def last_change(*names: str, project_id: int | None = None, **facts: int | str) -> Change:
    """Who changed something last and when, as ``last_change(project_id=4, milestone_id=17)``.

    :param names: of the events that count; none: all.
    """
    row = events.last_about(*names, project_id=project_id, **facts)  # type: ignore[arg-type]  # none is called after_id
    if row is None:
        return Change()
    person = db.session.get(User, row.actor_id) if row.actor_id is not None else None
    return Change(person.name if person else "Concierge", row.at)
