"""Tables of reminders."""

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from concierge.platform.database import Base, Line


class Reminder(Base):
    """A mail that reminded a contact of what is open, over all projects; at most one on a day of theirs."""

    __tablename__ = "reminders"

    contact_id: Mapped[int] = mapped_column(sa.ForeignKey("contacts.id", ondelete="CASCADE"))
    local_on: Mapped[date]
    """The day in the contact's zone."""
    at: Mapped[datetime]
    mail_key: Mapped[str] = mapped_column(Line(200))
    """Key of the letter."""
    items: Mapped[list[Any]] = mapped_column(sa.JSON, default=list)
    """``{"project": id, "item": id, "is_second": whether for the second contact}`` of each item named."""
    stopped_at: Mapped[datetime | None]
    """When it was taken back before it left."""

    __table_args__ = (sa.UniqueConstraint("contact_id", "local_on"),)
