"""Tables of people, their sign-ins and their secret links."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from concierge.core.names import initials
from concierge.identity.permissions import Role
from concierge.identity.states import AccessState, LinkPurpose
from concierge.platform.database import Base, Line, Versioned, text_enum
from concierge.platform.searching import Searchable


class User(Searchable, Versioned, Base):
    """A member of staff."""

    __tablename__ = "users"
    searched = ("name", "email")

    email: Mapped[str] = mapped_column(Line(254), unique=True)
    """Lower case; compared exactly."""
    name: Mapped[str] = mapped_column(Line(120))
    role: Mapped[Role] = mapped_column(text_enum(Role))
    state: Mapped[AccessState] = mapped_column(text_enum(AccessState), default=AccessState.INVITED)
    zone: Mapped[str] = mapped_column(Line(64), default="UTC")
    """IANA name of the time zone they live in."""
    language: Mapped[str] = mapped_column(Line(16), default="en")
    phone: Mapped[str] = mapped_column(Line(40), default="")
    keys_off: Mapped[bool] = mapped_column(default=False)
    """Whether single letters do nothing on a page (WCAG 2.1.4)."""
    invited_by_mail: Mapped[bool] = mapped_column(default=True, server_default=sa.true())
    """Whether each visit comes by mail too; otherwise only what their calendar has not fetched in time."""
    password_hash: Mapped[str | None] = mapped_column(sa.String(200))
    created_at: Mapped[datetime]
    seen_until_event_id: Mapped[int] = mapped_column(default=0)
    """The last recorded event that was shown to them on Today."""

    __table_args__ = (
        sa.CheckConstraint("state <> 'active' OR password_hash IS NOT NULL", name="active_has_password"),
    )

    @property
    def initials(self) -> str:
        """At most two letters for the round badge."""
        return initials(self.name)


class UserSession(Base):
    """One sign-in on one device; the cookie carries a token of which only the SHA-256 is kept."""

    __tablename__ = "user_sessions"

    user_id: Mapped[int] = mapped_column(sa.ForeignKey("users.id", ondelete="CASCADE"), index=True)
    token_hash: Mapped[str] = mapped_column(sa.String(64), unique=True)
    client: Mapped[str] = mapped_column(Line(200), default="")
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]

    user: Mapped[User] = relationship(lazy="raise_on_sql")


class SecretLink(Base):
    """A link in a letter: random, for one purpose, once, until it expires. Only its SHA-256 is kept."""

    __tablename__ = "secret_links"

    user_id: Mapped[int] = mapped_column(sa.ForeignKey("users.id", ondelete="CASCADE"), index=True)
    purpose: Mapped[LinkPurpose] = mapped_column(text_enum(LinkPurpose))
    token_hash: Mapped[str] = mapped_column(sa.String(64), unique=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]

    user: Mapped[User] = relationship(lazy="raise_on_sql")


class PutAside(Base):
    """Something on a person's Today that they have done with, or do not want to see until later."""

    __tablename__ = "put_aside"

    user_id: Mapped[int] = mapped_column(sa.ForeignKey("users.id", ondelete="CASCADE"))
    key: Mapped[str] = mapped_column(Line(120))
    """What it is and how bad it was, e.g. ``late:2041#4``; at a higher level it is shown again."""
    until: Mapped[datetime | None]
    """Not before this instant again; None: done with."""
    at: Mapped[datetime]

    __table_args__ = (sa.UniqueConstraint("user_id", "key"),)
