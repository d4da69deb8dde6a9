"""The pages where people find, make and end the addresses of their calendars."""

from itertools import groupby

import segno
from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as Answer

from concierge.feeds import clients, queries
from concierge.feeds.actions import addresses
from concierge.feeds.views.blueprint import bp
from concierge.identity.guard import requires, viewer
from concierge.identity.permissions import Permission
from concierge.platform import clock
from concierge.platform.database import unit_of_work


@bp.get("/calendar")
@requires(Permission.SIGNED_IN)
def my_calendar() -> str:
    """The viewer's coming visits, and the addresses to subscribe to them."""
    at = clock.now()
    report = queries.report_of(viewer().user_id, at=at)
    agenda = sorted(queries.agenda(viewer(), at=at), key=lambda found: found[0].starts_local)
    days = groupby(agenda, key=lambda found: found[0].starts_local.date())
    links = clients.links_to(report.url, title=_("My visits")) if report.url else None
    others = [one for one in queries.reports_of(viewer().user_id, at=at) if one.feed_id != report.feed_id]
    return render_template(
        "feeds/my_calendar.html",
        days=[(day, list(visits)) for day, visits in days],
        next=next((visit for visit, is_cancelled in agenda if not is_cancelled), None),
        report=report,
        others=others,
        links=links,
        manages=viewer().may(Permission.MANAGE_FEEDS),
        code=_picture(links.webcal) if links else "",
    )


@bp.get("/settings/feeds")
@requires(Permission.MANAGE_FEEDS)
def all_feeds() -> str:
    """Every calendar address: how it is doing, not what it is."""
    return render_template("feeds/all_feeds.html", reports=queries.reports(at=clock.now()))


@bp.post("/people/<int:user_id>/calendar-address")
@requires(Permission.SIGNED_IN)
def create(user_id: int) -> Answer:
    """Make a calendar address of a person's own visits, for a device."""
    person = queries.person_for(viewer(), user_id)
    with unit_of_work():
        addresses.create_address(
            person,
            device=request.form.get("device", "")[:200],
            actor_id=viewer().user_id,
            at=clock.now(),
        )
    flash(_("The calendar address is ready."))
    return _back(user_id)


@bp.post("/calendar/addresses/<int:feed_id>/rotation")
@requires(Permission.SIGNED_IN)
def rotate(feed_id: int) -> Answer:
    """Replace a calendar address."""
    feed = queries.feed_for(viewer(), feed_id)
    with unit_of_work():
        addresses.rotate(feed, actor_id=viewer().user_id, at=clock.now())
    flash(_("The address was replaced. Programs on the old one show a note instead of visits."))
    return _back(feed.user_id)


@bp.post("/calendar/addresses/<int:feed_id>/revocation")
@requires(Permission.SIGNED_IN)
def revoke(feed_id: int) -> Answer:
    """Withdraw a calendar address."""
    feed = queries.feed_for(viewer(), feed_id)
    with unit_of_work():
        addresses.revoke(feed, actor_id=viewer().user_id, at=clock.now())
    flash(_("The address was withdrawn. Programs on it show a note instead of visits."))
    return _back(feed.user_id)


def _back(user_id: int | None) -> Answer:
    own = user_id == viewer().user_id
    return redirect(url_for("feeds.my_calendar" if own else "feeds.all_feeds"), code=303)


def _picture(link: str) -> str:
    """The link as a QR code: an SVG picture inside an address."""
    return str(segno.make(link, error="m").svg_data_uri(scale=4, border=2, light="#fff"))
