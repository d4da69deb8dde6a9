"""Tables of invitations, of the answers to them, and of other times that were asked for."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from concierge.accounts.models import Contact
from concierge.identity.models import User
from concierge.invitations.states import Because, Outcome, ProposalState, Reply, Trust, Way
from concierge.platform.database import Base, Line, Prose, text_enum
from concierge.visits.models import Visit


class Invitation(Base):
    """One person is invited to one visit: a technician of ours, or a customer's contact."""

    __tablename__ = "invitations"

    visit_id: Mapped[int] = mapped_column(sa.ForeignKey("visits.id", ondelete="CASCADE"), index=True)
    user_id: Mapped[int | None] = mapped_column(sa.ForeignKey("users.id"), index=True)
    contact_id: Mapped[int | None] = mapped_column(sa.ForeignKey("contacts.id"), index=True)
    email: Mapped[str] = mapped_column(Line(254))
    """Where it was sent; an answer's ATTENDEE is compared with it."""
    nonce: Mapped[str] = mapped_column(sa.String(64), unique=True)
    """The secret reply address and the answer page follow from it and the secret key."""
    created_at: Mapped[datetime]

    # what was last sent; all None until the first letter
    sent_at: Mapped[datetime | None]
    """DTSTAMP of the last letter."""
    sent_sequence: Mapped[int] = mapped_column(default=-1)
    sent_fingerprint: Mapped[str] = mapped_column(sa.String(64), default="")
    """Of all that the last letter said: an invitation that says the same is not sent again."""
    sent_starts_at: Mapped[datetime | None]
    sent_ends_at: Mapped[datetime | None]
    """When the visit was by the last letter, which is what stands in their calendar."""
    withdrawn_at: Mapped[datetime | None]
    """When a CANCEL was sent."""
    undeliverable_at: Mapped[datetime | None]
    """When a mail server said that the letter cannot be delivered."""

    # what was answered
    reply: Mapped[Reply] = mapped_column(text_enum(Reply), default=Reply.NONE)
    replied_at: Mapped[datetime | None]
    """DTSTAMP of the answer that stands."""
    replied_sequence: Mapped[int] = mapped_column(default=-1)
    replied_way: Mapped[Way | None] = mapped_column(text_enum(Way))
    comment: Mapped[str] = mapped_column(Prose(2000), default="")

    visit: Mapped[Visit] = relationship(lazy="raise_on_sql")
    user: Mapped[User | None] = relationship(lazy="raise_on_sql")
    contact: Mapped[Contact | None] = relationship(lazy="raise_on_sql")

    __table_args__ = (
        sa.CheckConstraint("(user_id IS NULL) <> (contact_id IS NULL)", name="one_invited"),
        sa.Index(
            "ix_invitations_returned",
            "undeliverable_at",
            sqlite_where=sa.text("undeliverable_at IS NOT NULL"),
            postgresql_where=sa.text("undeliverable_at IS NOT NULL"),
        ),
        sa.Index(
            "uq_invitations_visit_user",
            "visit_id",
            "user_id",
            unique=True,
            sqlite_where=sa.text("user_id IS NOT NULL"),
            postgresql_where=sa.text("user_id IS NOT NULL"),
        ),
        sa.Index(
            "uq_invitations_visit_contact",
            "visit_id",
            "contact_id",
            unique=True,
            sqlite_where=sa.text("contact_id IS NOT NULL"),
            postgresql_where=sa.text("contact_id IS NOT NULL"),
        ),
        sa.Index(
            "ix_invitations_declined",
            "visit_id",
            sqlite_where=sa.text("reply = 'declined'"),
            postgresql_where=sa.text("reply = 'declined'"),
        ),
    )


class Telling(Base):
    """Somebody has to be told what changed, once it has been quiet for a while. The row goes when they are told."""

    __tablename__ = "invitation_tellings"

    recipient: Mapped[str] = mapped_column(sa.String(40), unique=True)
    """``user:3`` or ``contact:9``."""
    since: Mapped[datetime]
    last_at: Mapped[datetime]
    """When the first and the last of the changes was made that they have not been told of."""
    round: Mapped[str] = mapped_column(sa.String(16))
    number: Mapped[int] = mapped_column(default=0)
    """Which delivery sees to it: the round's n-th."""


class Answer(Base):
    """One answer as it came, whatever became of it: the audit of §7 I22."""

    __tablename__ = "invitation_answers"

    invitation_id: Mapped[int | None] = mapped_column(
        sa.ForeignKey("invitations.id", ondelete="SET NULL"), index=True
    )
    """None: it could not be matched."""
    incoming_mail_id: Mapped[int | None] = mapped_column(sa.ForeignKey("incoming_mails.id"), index=True)
    way: Mapped[Way] = mapped_column(text_enum(Way))
    method: Mapped[str] = mapped_column(Line(20), default="")
    reply: Mapped[Reply] = mapped_column(text_enum(Reply), default=Reply.NONE)
    sender: Mapped[str] = mapped_column(Line(254), default="")
    attendee: Mapped[str] = mapped_column(Line(254), default="")
    sequence: Mapped[int] = mapped_column(default=-1)
    stamped_at: Mapped[datetime | None]
    comment: Mapped[str] = mapped_column(Prose(2000), default="")
    trust: Mapped[Trust] = mapped_column(text_enum(Trust), default=Trust.NONE)
    outcome: Mapped[Outcome] = mapped_column(text_enum(Outcome))
    because: Mapped[Because | None] = mapped_column(text_enum(Because))
    about: Mapped[dict[str, str] | None] = mapped_column(sa.JSON)
    """Why it came to that, and the values that its sentence names; `words.words_of` says it."""
    why: Mapped[str] = mapped_column(Line(300), default="")
    """What a machine said, or a release that kept the sentence."""
    received_at: Mapped[datetime]
    seen_at: Mapped[datetime | None]
    """When a person dealt with an answer that needed one."""

    __table_args__ = (
        sa.Index(
            "ix_invitation_answers_to_settle",
            "id",
            sqlite_where=sa.text("seen_at IS NULL AND outcome IN ('stranger', 'suggested', 'for a person')"),
            postgresql_where=sa.text(
                "seen_at IS NULL AND outcome IN ('stranger', 'suggested', 'for a person')"
            ),
        ),
    )


class TimeProposal(Base):
    """Another time that somebody who is invited asks for (COUNTER); a person decides, nothing moves by itself."""

    __tablename__ = "time_proposals"

    invitation_id: Mapped[int] = mapped_column(
        sa.ForeignKey("invitations.id", ondelete="CASCADE"), index=True
    )
    answer_id: Mapped[int | None] = mapped_column(sa.ForeignKey("invitation_answers.id"))
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    comment: Mapped[str] = mapped_column(Prose(2000), default="")
    state: Mapped[ProposalState] = mapped_column(text_enum(ProposalState), default=ProposalState.OPEN)
    made_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]
    decided_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("users.id"))

    invitation: Mapped[Invitation] = relationship(lazy="raise_on_sql")

    __table_args__ = (
        sa.CheckConstraint("starts_at < ends_at", name="ends_after_start"),
        sa.Index(
            "ix_time_proposals_open",
            "made_at",
            sqlite_where=sa.text("state = 'open'"),
            postgresql_where=sa.text("state = 'open'"),
        ),
    )
