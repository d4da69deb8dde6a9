"""Letters to people about their access, as values. The languages are those that staff read."""

from flask_babel import force_locale
from flask_babel import gettext as _

from concierge.identity.models import User
from concierge.platform.mail import Letter


def invitation(user: User, *, address: str, token: str, company: str, inviter: str) -> Letter:
    """The letter with which somebody gets access.

    :param address: public address of the application, without a slash at the end.
    :param inviter: who invites; empty when a machine did.
    """
    with force_locale(user.language):
        first = (
            _(
                "%(inviter)s invites you to Concierge, where %(company)s plans its installations.",
                inviter=inviter,
                company=company,
            )
            if inviter
            else _(
                "You are invited to Concierge, where %(company)s plans its installations.", company=company
            )
        )
        text = "\n\n".join(
            (
                _("Hello %(name)s,", name=user.name),
                first,
                _("Choose your password here. The link works once, for seven days:"),
                f"{address}/invitation/{token}",
                _("You did not expect this letter? Then do nothing; without the link nobody gets in."),
            )
        )
        subject = _("Your access to Concierge")
    return Letter(
        to=user.email, to_name=user.name, subject=subject, text=text, language=user.language, secret=token
    )


def reset(user: User, *, address: str, token: str) -> Letter:
    """The letter with which somebody chooses a new password."""
    with force_locale(user.language):
        text = "\n\n".join(
            (
                _("Hello %(name)s,", name=user.name),
                _("Somebody, probably you, asked for a new password for Concierge."),
                _("Choose it here. The link works once, for two hours:"),
                f"{address}/reset/{token}",
                _("It was not you? Then do nothing; your password stays as it is."),
            )
        )
        subject = _("A new password for Concierge")
    return Letter(
        to=user.email, to_name=user.name, subject=subject, text=text, language=user.language, secret=token
    )
