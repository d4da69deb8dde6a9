"""The pages where people find, make, change and end the addresses of their calendars."""

from dataclasses import dataclass
from itertools import groupby

import segno
from flask import flash, make_response, redirect, render_template, request, url_for
from flask_babel import get_locale
from flask_babel import gettext as _

from concierge.feeds import calendar_file, clients, forms, health, queries, sources
from concierge.feeds.actions import addresses
from concierge.feeds.models import Feed
from concierge.feeds.plan import Choice
from concierge.feeds.queries import AddressReport
from concierge.feeds.states import Scope, Shows
from concierge.feeds.views import for_customers
from concierge.feeds.views.blueprint import Page, bp
from concierge.identity.guard import requires, viewer
from concierge.identity.models import User
from concierge.identity.permissions import Permission, Role
from concierge.platform import clock
from concierge.platform.database import unit_of_work
from concierge.platform.errors import NotFound
from concierge.platform.once import taken_once
from concierge.platform.web import show_again

MANY_PROGRAMS = 4
"""So many different programs on one address are more than one person's device has."""
FORM = "feeds/address_form.html"


@dataclass(frozen=True, slots=True)
class Card:
    """One address as its owner sees it."""

    report: AddressReport
    options: list[str]

    @property
    def is_shared(self) -> bool:
        """Whether so many programs fetched it that it may have gone from hand to hand."""
        return self.report.clients >= MANY_PROGRAMS


@bp.get("/calendar")
@requires(Permission.SIGNED_IN)
def my_calendar() -> str:
    """The viewer's coming visits, and the addresses that bring calendars to their devices."""
    at = clock.now()
    agenda = sorted(queries.agenda(viewer(), at=at), key=lambda found: found[0].starts_local)
    days = groupby(agenda, key=lambda found: found[0].starts_local.date())
    return render_template(
        "feeds/my_calendar.html",
        days=[(day, list(visits)) for day, visits in days],
        next=next((visit for visit, is_cancelled in agenda if not is_cancelled), None),
        cards=[_card(report) for report in queries.reports_of(viewer().user_id, at=at)],
        zone=viewer().zone,
        manages=viewer().may(Permission.MANAGE_FEEDS),
    )


@bp.route("/calendar/addresses/new", methods=["GET", "POST"])
@requires(Permission.SIGNED_IN)
def new_address() -> Page:
    """Subscribe to a calendar: name the device, choose what it shows."""
    person = _myself()
    shows, scope, key = (request.args.get(name, "") for name in ("shows", "scope", "key"))
    wanted = forms.choice_of(shows, scope, key or (str(person.id) if scope == Scope.PERSON.value else ""))
    form = forms.AddressForm()
    form.offer(_offered(person, wanted))
    if not form.is_submitted():
        if wanted is not None and queries.may_subscribe(person, wanted):
            form.what.data = forms.key_of(wanted)
        return render_template(FORM, form=form, report=None)
    if not form.validate():
        return show_again(FORM, form, report=None)
    if not queries.may_subscribe(person, form.choice):
        raise NotFound
    with unit_of_work(), taken_once(by=viewer().user_id) as outcome:
        feed = addresses.create_address(
            person, form.choice, device=form.device.data or "", actor_id=viewer().user_id, at=clock.now()
        )
        outcome.led_to = url_for("feeds.address", feed_id=feed.id)
    flash(_("The address is ready. Now tell your calendar program."))
    return redirect(outcome.led_to, code=303)


@bp.get("/calendar/addresses/<int:feed_id>")
@requires(Permission.SIGNED_IN)
def address(feed_id: int) -> Page:
    """One address of the viewer's own, and how each calendar program takes it."""
    report = _own(feed_id)
    links = clients.links_to(report.url, title=report.title) if report.url else None
    programs = health.clients_of(feed_id)
    page = render_template(
        "feeds/address.html",
        card=_card(report),
        report=report,
        links=links,
        programs=programs,
        strangers=[one.client for one in programs if not clients.is_a_calendar(one.client)],
        code=_picture(links.webcal) if links else "",
        is_own_visits=report.choice is not None
        and (report.choice.shows, report.choice.scope) == (Shows.VISITS, Scope.PERSON)
        and not report.choice.is_busy_only,
        zone=viewer().zone,
    )
    answer = make_response(page)
    answer.headers["Referrer-Policy"] = "no-referrer"  # the page holds a secret, and links to others
    return answer


@bp.route("/calendar/addresses/<int:feed_id>/edit", methods=["GET", "POST"])
@requires(Permission.SIGNED_IN)
def edit_address(feed_id: int) -> Page:
    """Call a device otherwise, or let its address show something else."""
    person, report = _myself(), _own(feed_id)
    form = forms.AddressForm()
    form.offer(_offered(person, report.choice, only_free_busy=_is_free_busy(report)))
    if not form.is_submitted():
        if report.choice is not None:
            form.fill(report.choice, report.device)
        return render_template(FORM, form=form, report=report)
    if not form.validate():
        return show_again(FORM, form, report=report)
    if not queries.may_subscribe(person, form.choice):
        raise NotFound
    feed, at = queries.feed_for(viewer(), feed_id), clock.now()
    with unit_of_work():
        addresses.rename(feed, form.device.data or "", actor_id=viewer().user_id, at=at)
        addresses.choose(feed, form.choice, actor_id=viewer().user_id, at=at)
    flash(_("Saved. The device shows it the next time its program looks."))
    return redirect(url_for("feeds.address", feed_id=feed_id), code=303)


@bp.post("/people/<int:user_id>/calendar-address")
@requires(Permission.SIGNED_IN)
def create(user_id: int) -> Page:
    """Make a calendar address of a person's own visits."""
    person = queries.person_for(viewer(), user_id)
    with unit_of_work():
        feed = addresses.create_address(person, actor_id=viewer().user_id, at=clock.now())
        feed_id = feed.id
    if user_id != viewer().user_id:
        flash(_("%(name)s has an address now and finds it under “Calendar”.", name=person.name))
        return redirect(url_for("feeds.all_feeds"), code=303)
    flash(_("The address is ready. Now tell your calendar program."))
    return redirect(url_for("feeds.address", feed_id=feed_id), code=303)


@bp.post("/calendar/addresses/<int:feed_id>/rotation")
@requires(Permission.SIGNED_IN)
def rotate(feed_id: int) -> Page:
    """Replace a calendar address; a customer's contact gets the new one by mail."""
    feed = queries.feed_for(viewer(), feed_id)
    at, is_contacts = clock.now(), feed.contact_id is not None
    with unit_of_work():
        successor = addresses.rotate(feed, actor_id=viewer().user_id, at=at)
        if is_contacts:
            for_customers.send(successor.id, at=at)
        new_id = successor.id
    if is_contacts:
        flash(_("The address was replaced, and the new one is on its way by mail."))
    else:
        flash(
            _("The address was replaced. Programs on the old one show a note; subscribe again with this one.")
        )
    return _back(feed, new_id=new_id)


@bp.post("/calendar/addresses/<int:feed_id>/revocation")
@requires(Permission.SIGNED_IN)
def revoke(feed_id: int) -> Page:
    """Withdraw a calendar address."""
    feed = queries.feed_for(viewer(), feed_id)
    with unit_of_work():
        addresses.revoke(feed, actor_id=viewer().user_id, at=clock.now())
    flash(_("The address was withdrawn. Programs on it show a note and nothing else."))
    return _back(feed)


def _back(feed: Feed, *, new_id: int | None = None) -> Page:
    """Back to where the button was: the project, all addresses, or one's own."""
    if feed.contact_id is not None:
        if (key := queries.project_key_of(feed)) and request.form.get("from") != "health":
            return redirect(url_for("feeds.of_project", key=key), code=303)
    elif feed.user_id == viewer().user_id:
        if new_id is not None:
            return redirect(url_for("feeds.address", feed_id=new_id), code=303)
        return redirect(url_for("feeds.my_calendar"), code=303)
    return redirect(url_for("feeds.all_feeds"), code=303)


def _myself() -> User:
    return queries.person_for(viewer(), viewer().user_id)


def _own(feed_id: int) -> AddressReport:
    """An address in use of the viewer's own: nobody else is shown one, whatever they may do.

    :raises NotFound: when there is none, or it is somebody else's.
    """
    reports = queries.reports_of(viewer().user_id, at=clock.now())
    found = next((report for report in reports if report.feed_id == feed_id), None)
    if found is None:
        raise NotFound
    return found


def _card(report: AddressReport) -> Card:
    return Card(report, forms.options_in_words(report.choice) if report.choice else [])


def _is_free_busy(report: AddressReport) -> bool:
    return report.choice is not None and report.choice.shows is Shows.FREE_BUSY


def _offered(
    person: User, wanted: Choice | None, *, only_free_busy: bool | None = None
) -> list[tuple[Choice, str]]:
    """The calendars that somebody may choose from, each in words, the usual one first.

    :param only_free_busy: whether they have to be free and busy times, or must not be; None for either.
    """
    me = str(person.id)
    mine = {
        Shows.VISITS: _("My visits"),
        Shows.MILESTONES: _("The milestones of my projects"),
        Shows.ON_CALL: _("My turns on call"),
        Shows.FREE_BUSY: _("When I am free or busy, and nothing else"),
    }
    teams = [_team(Shows.VISITS, name) for name in ("", *queries.territories())]
    on_call = [_team(Shows.ON_CALL, "")]
    own = [(Choice(shows=shows, scope=Scope.PERSON, scope_key=me), words) for shows, words in mine.items()]
    if person.role is Role.TECHNICIAN:
        found = [*own, *on_call]
    elif person.role is Role.CONCIERGE:
        found = [own[1], *teams, *on_call]
    else:
        found = [*teams, *on_call, own[1]]
    if wanted is not None:
        wanted = Choice(shows=wanted.shows, scope=wanted.scope, scope_key=wanted.scope_key)
        if wanted not in [choice for choice, _words in found]:
            language = str(get_locale() or "en")[:2]
            name = sources.name_of(wanted.scope, wanted.scope_key) or ""
            words = calendar_file.title_of(wanted.shows, wanted.scope, name, language=language)
            found.insert(0, (wanted, words))
    return [
        (choice, words)
        for choice, words in found
        if queries.may_subscribe(person, choice) and only_free_busy in (None, choice.shows is Shows.FREE_BUSY)
    ]


def _team(shows: Shows, name: str) -> tuple[Choice, str]:
    if shows is Shows.ON_CALL:
        words = _("Who is on call")
    else:
        words = _("The visits of %(team)s", team=name) if name else _("Everybody’s visits")
    return Choice(shows=shows, scope=Scope.TEAM, scope_key=name), words


def _picture(link: str) -> str:
    """The link as a QR code: an SVG picture inside an address."""
    return str(segno.make(link, error="m").svg_data_uri(scale=4, border=2, light="#fff"))
