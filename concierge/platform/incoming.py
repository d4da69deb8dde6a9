"""Mail that comes in: each message kept once, whole, before anybody reads it."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from concierge.platform.database import Base, Line


class IncomingMail(Base):
    """One message as it came; its bytes are a stored file, so that nothing is lost whatever its reader makes of it."""

    __tablename__ = "incoming_mails"

    digest: Mapped[str] = mapped_column(sa.String(64), unique=True)
    """SHA-256 of the bytes: the same message fetched twice is one row."""
    message_id: Mapped[str] = mapped_column(Line(300), default="", index=True)
    sender: Mapped[str] = mapped_column(Line(254), default="")
    recipients: Mapped[str] = mapped_column(Line(1000), default="")
    """All addresses it was delivered to or sent to, lower case, separated by blanks."""
    subject: Mapped[str] = mapped_column(Line(300), default="")
    file_id: Mapped[int] = mapped_column(sa.ForeignKey("stored_files.id"))
    received_at: Mapped[datetime]
    read_at: Mapped[datetime | None]
    """When its readers had dealt with it."""


class Mailbox(Base):
    """How far a mailbox has been read: IMAP's UIDVALIDITY and the last UID (RFC 9051 §2.3.1)."""

    __tablename__ = "mailboxes"

    name: Mapped[str] = mapped_column(Line(200), unique=True)
    """Host and folder, without password."""
    uid_validity: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    last_uid: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    read_at: Mapped[datetime | None]
    problem: Mapped[str] = mapped_column(Line(300), default="")
