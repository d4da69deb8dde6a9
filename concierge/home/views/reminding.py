"""Reminders before they leave: today's and tomorrow's, those of one checklist; and the page that ends them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus

from flask import flash, redirect, render_template, request, url_for
from flask_babel import force_locale
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from concierge.accounts import queries as accounts
from concierge.accounts.actions import contacts
from concierge.accounts.models import Contact
from concierge.home.views.blueprint import bp
from concierge.identity.guard import public, requires, viewer
from concierge.identity.permissions import Permission
from concierge.platform import clock, mail, settings, speech
from concierge.platform.database import unit_of_work
from concierge.platform.errors import NotFound, Refused
from concierge.platform.mail import Letter
from concierge.platform.once import taken_once
from concierge.platform.web import csrf
from concierge.platform.words import clock_time, day, instant
from concierge.projects import queries as projects
from concierge.projects.models import Project
from concierge.projects.states import ProjectState
from concierge.readiness import chores
from concierge.readiness import queries as readiness
from concierge.readiness.actions import chasing
from concierge.readiness.actions.chasing import Reader
from concierge.readiness.models import Checklist

Page = str | tuple[str, int] | Response


@dataclass(frozen=True, slots=True)
class Coming:
    """A reminder that is coming, or what keeps it from coming."""

    reader: Reader
    when: str
    """The reader's day and time."""
    here: str
    """The same on the viewer's clock."""
    letter: Letter
    why_not: str
    is_tomorrow: bool


@bp.get("/letters/reminders")
@requires(Permission.SEE_ACCOUNTS)
def reminders_coming() -> Page:
    """Show the reminders of today and tomorrow as they would be written now."""
    now = clock.now()
    near = [one for one in chasing.outlook(now=now) if _is_near(one)]
    shown = [_coming(one) for one in near[:MOST]]
    return render_template(
        "home/reminders.html",
        today=[one for one in shown if not one.is_tomorrow and not one.why_not],
        tomorrow=[one for one in shown if one.is_tomorrow and not one.why_not],
        hindered=[one for one in shown if one.why_not],
        left=len(near) - len(shown),
        count=sum(not one.hindrance for one in near),
        may_decide=viewer().may(Permission.EDIT_PROJECTS),
    )


@bp.post("/letters/reminders/<int:contact_id>/omission")
@requires(Permission.EDIT_PROJECTS)
def leave_reminder_out(contact_id: int) -> Response:
    """Leave out the next reminder of somebody at a customer's."""
    contact = _contact(contact_id)
    with unit_of_work():
        on = chasing.leave_out(contact.id, at=clock.now(), actor_id=viewer().user_id)
    flash(_("%(name)s gets no reminder on %(day)s.", name=contact.name, day=day(on)))
    return redirect(_back(), code=303)


@bp.post("/letters/reminders/<int:contact_id>/trust")
@requires(Permission.EDIT_PROJECTS)
def trust_address(contact_id: int) -> Response:
    """Write again to an address from which letters came back."""
    contact = _contact(contact_id)
    with unit_of_work():
        mail.trust(contact.email)
    flash(_("%(address)s is written to again.", address=contact.email))
    return redirect(_back(), code=303)


@bp.get("/projects/<key>/readiness/reminders")
@requires(Permission.SEE_CHECKLISTS)
def reminders_of(key: str) -> Page:
    """Show whether and when the customer is reminded of one checklist, and what was sent."""
    project, checklist = readiness.checklist_for(viewer(), key)
    if checklist is None:
        raise NotFound
    readers = chasing.outlook(now=clock.now(), project_ids=[project.id])
    coming = [_coming(one) for one in readers if one.next is not None or one.hindrance]
    template = "home/_reminders_of.html" if "HX-Request" in request.headers else "home/reminders_of.html"
    return render_template(
        template,
        project=project,
        checklist=checklist,
        coming=coming,
        sent=chasing.reminders_of(project.id, most=8),
        why_not=_why_not(project, checklist, readers),
        may_decide=viewer().may(Permission.EDIT_PROJECTS),
        zone=viewer().zone,
    )


@bp.post("/projects/<key>/readiness/chasing")
@requires(Permission.EDIT_PROJECTS)
def turn_chasing(key: str) -> Response:
    """Turn reminders of a checklist on or off."""
    _project, checklist = readiness.checklist_for(viewer(), key)
    wanted = request.form.get("chased", "")
    if checklist is None:
        raise NotFound
    if wanted not in {"yes", "no"}:
        raise Refused(_("Choose whether the customer is reminded."))
    with unit_of_work(), taken_once(by=viewer().user_id) as outcome:
        outcome.led_to = url_for("readiness.checklist", key=key)
        chasing.turn(
            readiness.checklist_by_id(checklist.id),
            is_chased=wanted == "yes",
            at=clock.now(),
            actor_id=viewer().user_id,
        )
    flash(
        _("The customer is reminded again, from today on.")
        if wanted == "yes"
        else _("The customer is not reminded of this checklist any more.")
    )
    return redirect(url_for("readiness.checklist", key=key), code=303)


@bp.get("/reminders/<token>")
@public
def end_reminders(token: str) -> Page:
    """Ask somebody who follows the link of a reminder whether they want no more of them."""
    contact = _by_token(token)
    with force_locale(speech.customer_language(contact.language)):
        return _ending(contact, token)


@bp.post("/reminders/<token>")
@csrf.exempt  # type: ignore[untyped-decorator]  # Flask-WTF's has no types
@public
def choose_reminders(token: str) -> Page:
    """End reminders, at a button or at the single POST of a mail program (RFC 8058); or begin them again.

    Whoever has the token may: it stands in the letter alone, and nothing but reminders hangs on it.
    """
    is_one_click = request.form.get("List-Unsubscribe") == "One-Click"
    said = "no" if is_one_click else request.form.get("reminders", "")
    contact = _by_token(token)
    if said not in {"yes", "no"}:
        with force_locale(speech.customer_language(contact.language)):
            wrong = _("This form is incomplete. Open the link of the letter again.")
            return _ending(contact, token, wrong=wrong), HTTPStatus.BAD_REQUEST
    wanted = said == "yes"
    with unit_of_work():
        contacts.want_reminders(_by_token(token), is_reminded=wanted, actor_id=None, at=clock.now())
    if is_one_click:  # asked by a mail program; nobody reads the answer
        return Response("", status=200, content_type="text/plain; charset=utf-8")
    with force_locale(speech.customer_language(contact.language)):
        return _ending(_by_token(token), token, is_said=True)


MOST = 60
"""Reminders that the page writes out; of the others it says how many."""


def _ending(contact: Contact, token: str, *, is_said: bool = False, wrong: str = "") -> str:
    language = speech.customer_language(contact.language)
    return render_template(
        "home/end_reminders.html",
        contact=contact,
        token=token,
        is_said=is_said,
        wrong=wrong,
        company=settings.current().company,
        language=language,
        direction=speech.direction(language),
    )


def _by_token(token: str) -> Contact:
    contact = chasing.contact_of_token(token[:60])
    if contact is None:
        raise NotFound
    return contact


def _contact(contact_id: int) -> Contact:
    return accounts.contact_seen(viewer(), contact_id)


def _back() -> str:
    key = request.form.get("project", "")
    if key:
        return url_for("readiness.checklist", key=projects.project_by_key(viewer(), key).key)
    return url_for("home.reminders_coming")


def _is_near(reader: Reader) -> bool:
    """Whether a reminder falls on the reader's today or tomorrow, or would if nothing hindered it."""
    if reader.next is None:
        return False
    return reader.next.local_on <= clock.today(reader.contact.zone) + timedelta(days=1)


def _coming(reader: Reader) -> Coming:
    at, contact = reader.next.at if reader.next else clock.now(), reader.contact
    here = clock_time(at, viewer().zone)
    return Coming(
        reader=reader,
        when=instant(at, contact.zone),
        here=_("%(time)s your time", time=here) if here != clock_time(at, contact.zone) else "",
        letter=chores.foreseen(reader),
        why_not=_hindrance(reader),
        is_tomorrow=reader.next is not None and reader.next.local_on > clock.today(contact.zone),
    )


def _hindrance(reader: Reader) -> str:
    match reader.hindrance:
        case "opted out":
            return _("%(name)s does not want reminders.", name=reader.contact.name)
        case "returned":
            return _(
                "Letters to %(name)s at %(address)s come back.",
                name=reader.contact.name,
                address=reader.contact.email,
            )
        case "no address":
            return _("%(name)s has no mail address.", name=reader.contact.name)
    return ""


def _why_not(project: Project, checklist: Checklist, readers: Sequence[Reader]) -> str:
    """Why nobody is reminded of a checklist at all; empty when somebody is, or would be."""
    if not checklist.is_chased:
        return _("Reminders are off for this checklist.")
    if project.state is not ProjectState.LIVE:
        return _("The project is not under way, so nobody is reminded.")
    if project.held_on is not None:
        return _("The project is on hold; nobody is reminded until it goes on.")
    if checklist.sent_at is None:
        return _("The checklist was not sent yet. Reminders begin once the customer has it.")
    if not readers:
        return _("The customer owes nothing that is due within four weeks.")
    return ""
