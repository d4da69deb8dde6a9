"""Letters about calendars: an address for somebody at the customer, and a change that no calendar has fetched."""

from flask import render_template
from flask_babel import force_locale
from flask_babel import gettext as _

from concierge.accounts.models import Contact
from concierge.feeds import calendar_file, clients, plan
from concierge.feeds.models import Calendar, Feed
from concierge.identity.models import User
from concierge.platform import settings
from concierge.platform.mail import Letter
from concierge.platform.speech import STAFF, customer_language, direction
from concierge.platform.words import called, span
from concierge.visits.clocks import wall_time
from concierge.visits.models import Visit
from concierge.visits.states import VisitState


def address_letter(feed: Feed, calendar: Calendar, contact: Contact, *, url: str) -> Letter:
    """The letter that brings somebody at the customer the address of their project's calendar."""
    language = customer_language(contact.language)
    with force_locale(language):
        title = calendar_file.title_of(
            calendar.shows, calendar.scope, calendar.name, language=calendar.language
        )
        about = {
            "language": language,
            "direction": direction(language),
            "to_name": contact.name,
            "title": title,
            "links": clients.links_to(url, title=title),
            "company": settings.current().company,
        }
        return Letter(
            to=contact.email,
            to_name=contact.name,
            subject=_("Your calendar: %(title)s", title=title)[:300],
            text=render_template("feeds/address_letter.txt", **about),
            html=render_template("feeds/address_letter.html", **about),
            language=language,
            secret=url.partition("/cal/")[2].partition("/")[0],
        )


def changed_letter(visit: Visit, person: User) -> Letter:
    """The letter that tells a technician of a change that none of their calendar programs has fetched.

    The visit's project, account, site and people have to be loaded.
    """
    language = person.language if person.language in STAFF else STAFF[0]
    with force_locale(language):
        when = _("%(when)s, %(zone)s time", when=span(visit.starts_local, visit.ends_local), zone=visit.zone)
        own = span(wall_time(visit.starts_at, person.zone), wall_time(visit.ends_at, person.zone))
        goes = person.id in visit.technician_ids
        is_off = visit.state is VisitState.CANCELLED
        about = {
            "language": language,
            "to_name": person.name,
            "visit": visit,
            "when": when,
            "own": "" if person.zone == visit.zone else _("On your clock: %(when)s.", when=own),
            "is_off": is_off,
            "goes": goes,
            "page": plan.page_of(visit.id),
            "company": settings.current().company,
        }
        if is_off:
            subject = _("Cancelled, do not travel: %(title)s", title=called(visit))
        elif not goes:
            subject = _("Somebody else goes: %(title)s", title=called(visit))
        else:
            subject = _("Changed: %(title)s", title=called(visit))
        return Letter(
            to=person.email,
            to_name=person.name,
            subject=subject[:300],
            text=render_template("feeds/changed_letter.txt", **about),
            html=render_template("feeds/changed_letter.html", **about),
            language=language,
        )
