"""A project's calendars for people at the customer: made, sent by mail, and withdrawn by the concierge.

What the address is, only the customer sees; staff see how it is doing.
"""

from datetime import datetime

from flask import flash, redirect, render_template, url_for
from flask_babel import gettext as _
from wtforms.fields import SelectChoice  # type: ignore[attr-defined]  # newer than its stubs

from concierge.feeds import forms, mails, queries
from concierge.feeds.actions import addresses
from concierge.feeds.plan import Choice
from concierge.feeds.states import Scope, Shows
from concierge.feeds.views.blueprint import Page, bp
from concierge.identity.guard import requires, viewer
from concierge.identity.permissions import Permission
from concierge.platform import clock, mail
from concierge.platform.database import unit_of_work
from concierge.platform.errors import NotFound, Refused
from concierge.platform.once import taken_once
from concierge.platform.web import show_again
from concierge.projects.models import Project
from concierge.projects.queries import plans

TEMPLATE = "feeds/of_project.html"


@bp.get("/projects/<key>/calendars")
@requires(Permission.EDIT_PROJECTS)
def of_project(key: str) -> Page:
    """Show who at the customer has a calendar of the project, and how it is doing."""
    project = plans.project_by_key(viewer(), key)
    return render_template(TEMPLATE, form=_form(project), **_context(project))


@bp.post("/projects/<key>/calendars")
@requires(Permission.EDIT_PROJECTS)
def give_calendar(key: str) -> Page:
    """Make an address for somebody at the customer and send it to them."""
    project = plans.project_by_key(viewer(), key)
    form = _form(project)
    if not form.validate_on_submit():
        return show_again(TEMPLATE, form, **_context(project))
    contact = queries.contact_for(viewer(), form.contact_id.data, project_id=project.id)
    at = clock.now()
    choice = Choice(
        shows=Shows(form.shows.data),
        scope=Scope.PROJECT,
        scope_key=str(project.id),
        is_for_customer=True,
    )
    with unit_of_work(), taken_once(by=viewer().user_id) as outcome:
        outcome.led_to = url_for("feeds.of_project", key=key)
        feed = addresses.create_address(
            contact, choice, device=contact.name[:80], actor_id=viewer().user_id, at=at
        )
        send(feed.id, at=at)
    flash(_("%(name)s gets the address by mail.", name=contact.name))
    return redirect(outcome.led_to, code=303)


@bp.post("/calendar/addresses/<int:feed_id>/letter")
@requires(Permission.EDIT_PROJECTS)
def send_address(feed_id: int) -> Page:
    """Send somebody at the customer their address once more."""
    feed = queries.feed_for(viewer(), feed_id)
    key = queries.project_key_of(feed)
    if feed.contact_id is None or not key:
        raise NotFound
    with unit_of_work():
        send(feed_id, at=clock.now())
    flash(_("The address is on its way by mail."))
    return redirect(url_for("feeds.of_project", key=key), code=303)


def send(feed_id: int, *, at: datetime) -> None:
    """Post the letter with a contact's address; twice within a minute is one letter. Needs a unit of work.

    :raises Refused: when the contact has no mail address, or the address cannot be known any more.
    """
    feed, calendar, contact = queries.contacts_feed(feed_id)
    if not contact.email:
        raise Refused(_("%(name)s has no mail address. Enter one at the account first.", name=contact.name))
    url = queries.url_of(feed, shows=calendar.shows)
    if not url:
        raise Refused(_("The secret key of this installation has changed. Replace the address first."))
    letter = mails.address_letter(feed, calendar, contact, url=url)
    mail.post(letter, key=f"calendar address:{feed.id}:{at:%Y%m%dT%H%M}", is_for_customer=True)


def _form(project: Project) -> forms.ContactAddressForm:
    form = forms.ContactAddressForm()
    form.contact_id.choices = [
        SelectChoice(contact.id, f"{contact.name}, {contact.email or _('no mail address')}")
        for contact in queries.contacts_of(project.account_id)
    ]
    if not form.is_submitted() and project.contact_id is not None:
        form.contact_id.data = project.contact_id
    return form


def _context(project: Project) -> dict[str, object]:
    reports = queries.reports_of_calendar(Scope.PROJECT, str(project.id), at=clock.now())
    return {
        "project": project,
        "reports": [report for report in reports if report.contact_id is not None],
        "staff": sum(report.contact_id is None for report in reports),
        "zone": viewer().zone,
    }
