"""The letters around times that customers choose from, as values."""

from datetime import datetime

from flask_babel import force_locale
from flask_babel import gettext as _

from concierge.catalogue.states import VisitKind
from concierge.dispatch.models import SlotOffer
from concierge.dispatch.states import OfferKind
from concierge.platform.mail import Letter
from concierge.platform.words import day, span
from concierge.projects.models import Project
from concierge.readiness import mails
from concierge.visits.clocks import wall_time


def offer_letter(offer: SlotOffer, project: Project, *, address: str, token: str) -> Letter:
    """The letter that lets a customer choose: the times, until when, and where.

    :param project: as it is printed.
    :param address: of the page on which they choose.
    :param token: the secret in it, which the ledger forgets.
    """
    with force_locale(offer.link.language):
        what, site = _what(offer), offer.work_order.site
        until = day(offer.answer_on)
        if offer.kind is OfferKind.TIMES:
            first = _("when may we come? For “%(what)s”, these times are kept free for you:", what=what)
            times = tuple(
                "• " + _both(one.starts_at, one.ends_at, site.zone, offer.contact.zone)
                for one in offer.choices
                if one.is_ours
            )
            last = _(
                "They are kept until %(when)s. Choose one on your page; that takes a minute.", when=until
            )
        else:
            first = _("when may we come? For “%(what)s” you choose the time yourself.", what=what)
            times = ()
            last = _("Your page shows all times that are free. Please choose until %(when)s.", when=until)
        return mails.page_letter(
            offer.link,
            project,
            subject=_("Choose a time: %(what)s", what=what),
            paragraphs=(first, *times, _("Times are those at %(site)s.", site=site.name), last),
            quoted=offer.note,
            address=address,
            secret=token,
            opens=_("Choose a time"),
            small=_("The link is yours alone and opens without a password. Please do not pass it on."),
        )


def no_longer_letter(offer: SlotOffer, project: Project, *, address: str, token: str) -> Letter:
    """The letter that says that times are not offered any more."""
    with force_locale(offer.link.language):
        what = _what(offer)
        return mails.page_letter(
            offer.link,
            project,
            subject=_("No need to choose a time any more: %(what)s", what=what),
            paragraphs=(
                _("we had offered you times for “%(what)s”. They can no longer be chosen.", what=what),
                _("You hear from us how it goes on. We are sorry for the trouble."),
            ),
            address=address,
            secret=token,
        )


def _what(offer: SlotOffer) -> str:
    """What it is for: its title where a playbook gives one in the reader's language, else its kind."""
    kinds = {
        VisitKind.SITE_SURVEY: _("Site survey"),
        VisitKind.DELIVERY: _("Delivery"),
        VisitKind.INSTALL: _("Installation"),
        VisitKind.TRAINING: _("Training"),
        VisitKind.REMOTE_CALL: _("Call"),
    }
    work = offer.work_order
    return work.titles.get(offer.link.language) or kinds[work.kind]


def _both(starts_at: datetime, ends_at: datetime, zone: str, own_zone: str) -> str:
    """A time at the site, and on the reader's clock where that shows another one."""
    there = span(wall_time(starts_at, zone), wall_time(ends_at, zone))
    here = span(wall_time(starts_at, own_zone), wall_time(ends_at, own_zone)) if own_zone != "UTC" else there
    return there if here == there else _("%(when)s (on your clock: %(own)s)", when=there, own=here)
