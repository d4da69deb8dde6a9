"""Stopping letters before they leave, and sending them after all."""

from datetime import datetime

from flask_babel import gettext as _

from concierge.identity.events import LetterLetGo, LetterStopped
from concierge.platform import mail
from concierge.platform.errors import Refused
from concierge.platform.events import record
from concierge.platform.mail import OutgoingMail


class LeftAlready(Refused):
    """The letter cannot be called back."""


def stop_letter(mail_id: int, *, at: datetime, actor_id: int | None) -> OutgoingMail:
    """Keep a letter from leaving.

    :raises NotFound: when there is none.
    :raises LeftAlready: when it left, or is being handed over this moment.
    :raises Refused: when it is an invitation.
    """
    row, _delivery = mail.letter_by_id(mail_id)
    if row.stopped_at is not None:
        return row
    if row.is_itip:
        raise Refused(_("An invitation is taken back at its visit; who got it is told then."))
    if not mail.stop(mail_id, by_id=actor_id, at=at):
        raise LeftAlready(
            _("It has left already. Write to %(name)s yourself if it was wrong.", name=row.to_name or row.to)
        )
    record(
        LetterStopped(
            at=at,
            actor_id=actor_id,
            project_id=row.project_id,
            letter_id=row.id,
            key=row.key,
            subject=row.subject,
            to_name=row.to_name or row.to,
        )
    )
    return row


def send_letter(mail_id: int, *, at: datetime, actor_id: int | None) -> OutgoingMail:
    """Send a letter without waiting, or one that was stopped.

    :raises NotFound: when there is none.
    :raises LeftAlready: when it has left.
    """
    row, _delivery = mail.letter_by_id(mail_id)
    was_stopped = row.stopped_at is not None
    if not mail.let_go(mail_id, at=at):
        raise LeftAlready(_("It has left already."))
    record(
        LetterLetGo(
            at=at,
            actor_id=actor_id,
            project_id=row.project_id,
            letter_id=row.id,
            key=row.key,
            subject=row.subject,
            to_name=row.to_name or row.to,
            was_stopped=was_stopped,
        )
    )
    return row
