"""Getting in: a link sent again, the code of a confidential site, and a section handed to a colleague."""

import hashlib
from http import HTTPStatus

from flask import flash, render_template, request, session
from flask_babel import gettext as _
from flask_limiter.util import get_remote_address

from concierge.identity.guard import public
from concierge.platform import clock, deliveries, settings, speech
from concierge.platform.database import db, unit_of_work
from concierge.platform.errors import NotFound, Refused
from concierge.platform.limits import limiter
from concierge.platform.mail import post
from concierge.platform.web import csrf
from concierge.portal import forms
from concierge.portal.reading import Section
from concierge.portal.views.access import (
    ask_again,
    expect_own_form,
    has_shown_code,
    keep_shown_code,
    read_again,
    reader_of,
    rendered,
    sealed,
    see,
    sent_once,
    shows_page,
    speak,
    unknown_links,
)
from concierge.portal.views.blueprint import Page, customers
from concierge.readiness import mails, queries
from concierge.readiness.actions import linking
from concierge.readiness.reactions import LINKS_ASKED


def asked_address() -> str:
    """What a wish for a link is counted by: the mail address that it is for."""
    given = request.form.get("email", "").strip().casefold()
    return (
        "link:" + hashlib.sha256(given.encode(errors="replace")).hexdigest()
        if given
        else get_remote_address()
    )


@customers.get("/p")
@public
def lost_link() -> Page:
    """Ask for one's link once more."""
    speak(request.accept_languages.best_match(speech.CUSTOMERS) or "en")
    return ask_again(HTTPStatus.OK)


@customers.post("/p")
@public
@limiter.limit("10 per hour")
@limiter.limit("4 per hour", key_func=asked_address)
def send_link() -> Page:
    """Send somebody the links that they hold; says the same whether there are any, and takes as long."""
    speak(request.accept_languages.best_match(speech.CUSTOMERS) or "en")
    form = forms.ResendForm()
    if not form.validate():
        return ask_again(HTTPStatus.UNPROCESSABLE_ENTITY, form)
    with unit_of_work():
        deliveries.enqueue(LINKS_ASKED, {"email": (form.email.data or "").strip()}, queue="mail", priority=5)
    email = (form.email.data or "").strip()
    return sealed(render_template("portal/link_sent.html", email=email, company=settings.current().company))


@customers.get("/p/<token>/code")
@public
@unknown_links
@shows_page
def code(token: str) -> Page:
    """Ask for the code of a confidential site."""
    reader = reader_of(token, with_code=False)
    if not reader.project.site.is_confidential or has_shown_code(reader.link, at=reader.at):
        return see("page", token)
    return rendered(
        "portal/code.html",
        reader,
        form=forms.CodeForm(formdata=None),
        hidden_mail=_hidden(reader.link.email),
        is_sent="said" in request.args,
    )


@customers.post("/p/<token>/code/letter")
@csrf.exempt  # type: ignore[untyped-decorator]  # Flask-WTF's has no types
@public
@limiter.limit("10 per hour")
@shows_page
def send_code(token: str) -> Page:
    """Mail the code. A person asks for it, so that programs that open links of mails send none."""
    expect_own_form(token)
    reader = reader_of(token, with_code=False)
    at = clock.now()
    try:
        with unit_of_work():
            link = queries.link_for_change(reader.link.id)
            digits = linking.new_code(link, at=at)
            project = queries.projects_printed([link.project_id])[0]
            letter = mails.code_letter(link, project, digits=digits)
            post(letter, key=f"code:{link.id}:{at.isoformat()}")
    except linking.NotGiven as problem:
        form = forms.CodeForm(formdata=None)
        form.form_errors.append(problem.sentence)
        return _code_again(token, form)
    return see("code", token, said="sent")


@customers.post("/p/<token>/code")
@csrf.exempt  # type: ignore[untyped-decorator]  # Flask-WTF's has no types
@public
@limiter.limit("30 per hour")
@shows_page
def check_code(token: str) -> Page:
    """Let in who has the code."""
    expect_own_form(token)
    reader = reader_of(token, with_code=False)
    form = forms.CodeForm()
    if not form.validate():
        return _code_again(token, form)
    with unit_of_work():
        is_right = linking.check_code(reader.link, form.code.data or "", at=clock.now())
    if not is_right:
        form.code.errors = [
            _("This is not the code, or it no longer counts. Check it, or have a new one sent.")
        ]
        return _code_again(token, form)
    session.permanent = False
    keep_shown_code(reader.link, at=clock.now())
    return see("page", token)


@customers.get("/p/<token>/sections/<section>/hand-on")
@public
@unknown_links
@shows_page
def hand_on_form(token: str, section: str) -> Page:
    """Name the colleague who sees to a section."""
    reader = reader_of(token)
    found = _section(reader.sections if reader.sees_all and not reader.has_ended else (), section)
    return rendered("portal/hand_on.html", reader, section=found, form=forms.HandOnForm(formdata=None))


@customers.post("/p/<token>/sections/<section>/hand-on")
@csrf.exempt  # type: ignore[untyped-decorator]  # Flask-WTF's has no types
@public
@limiter.limit("20 per hour")
@shows_page
def hand_on(token: str, section: str) -> Page:
    """Hand a section to a colleague."""
    expect_own_form(token)
    reader = reader_of(token)
    found = _section(reader.sections if reader.sees_all and not reader.has_ended else (), section)
    form = forms.HandOnForm()
    context = {"section": found, "form": form}
    if not form.validate():
        return rendered("portal/hand_on.html", reader, status=HTTPStatus.UNPROCESSABLE_ENTITY, **context)
    try:
        with sent_once(reader, "section", section=section):
            link = linking.hand_on(
                queries.link_for_change(reader.link.id),
                section=section,
                name=form.name.data or "",
                email=(form.email.data or "").strip(),
                note=(form.note.data or "").strip(),
                at=clock.now(),
            )
            name = link.name
    except Refused as problem:
        form.form_errors.append(problem.sentence)
        return rendered("portal/hand_on.html", read_again(token), status=HTTPStatus.CONFLICT, **context)
    flash(_("%(name)s gets a mail with their own link.", name=name))
    return see("section", token, section=section)


def _section(sections: tuple[Section, ...], key: str) -> Section:
    found = next((one for one in sections if one.key == key and one.counted), None)
    if found is None:
        raise NotFound
    return found


def _code_again(token: str, form: forms.CodeForm) -> Page:
    db.session.rollback()
    db.session.expunge_all()  # what a refused act had locked was read without what a page shows
    reader = reader_of(token, with_code=False)
    return rendered(
        "portal/code.html",
        reader,
        status=HTTPStatus.UNPROCESSABLE_ENTITY,
        form=form,
        hidden_mail=_hidden(reader.link.email),
        is_sent=True,
    )


def _hidden(email: str) -> str:
    """A mail address of which only its owner recognises the rest."""
    local, _at, domain = email.rpartition("@")
    return f"{local[:1]}…@{domain}"
