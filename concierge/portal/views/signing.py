"""A name under a part of the list, or under all of it."""

from http import HTTPStatus

from flask import flash, request
from flask_babel import gettext as _

from concierge.identity.guard import public
from concierge.platform import clock
from concierge.platform.errors import NotFound, Refused
from concierge.platform.web import csrf
from concierge.portal import forms
from concierge.portal.forms import SignForm
from concierge.portal.reading import Reader
from concierge.portal.views.access import (
    expect_own_form,
    read_again,
    reader_of,
    rendered,
    see,
    sent_forms,
    sent_once,
    shows_page,
    unknown_links,
)
from concierge.portal.views.answering import answerer
from concierge.portal.views.blueprint import Page, customers
from concierge.readiness import queries
from concierge.readiness.actions import signing
from concierge.readiness.document import filling
from concierge.readiness.models import Checklist
from concierge.readiness.states import Decision


@customers.get("/p/<token>/sections/<section>/signature")
@public
@unknown_links
@shows_page
def sign_section_form(token: str, section: str) -> Page:
    """Show what is signed under a part."""
    reader = reader_of(token)
    checklist = _checklist(reader, section)
    form = forms.SignForm(formdata=None, name=reader.link.name)
    return _page(reader, checklist, section, form)


@customers.post("/p/<token>/sections/<section>/signature")
@csrf.exempt  # type: ignore[untyped-decorator]  # Flask-WTF's has no types
@public
@sent_forms
@shows_page
def sign_section(token: str, section: str) -> Page:
    """Sign a part."""
    expect_own_form(token)
    reader = reader_of(token)
    checklist = _checklist(reader, section)
    form = forms.SignForm()
    if not form.validate():
        return _page(reader, checklist, section, form, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    try:
        with sent_once(reader, "section", section=section):
            signing.sign_section(
                checklist,
                section,
                name=form.name.data or "",
                title=form.title.data or "",
                meaning=signing.meaning_of_section(filling.section_title(section)),
                at=clock.now(),
                by=answerer(reader),
                seen_hash=request.form.get("seen") or None,
            )
    except Refused as problem:
        form.form_errors.append(problem.sentence)
        again = read_again(token)
        return _page(again, _checklist(again, section), section, form, status=HTTPStatus.CONFLICT)
    flash(_("Signed. Thank you."))
    return see("section", token, section=section)


@customers.get("/p/<token>/signature")
@public
@unknown_links
@shows_page
def sign_list_form(token: str) -> Page:
    """Show what is signed under the whole list."""
    reader = reader_of(token)
    form = forms.DecideForm(formdata=None, name=reader.link.name)
    return _page(reader, _checklist(reader, ""), "", form)


@customers.post("/p/<token>/signature")
@csrf.exempt  # type: ignore[untyped-decorator]  # Flask-WTF's has no types
@public
@sent_forms
@shows_page
def sign_list(token: str) -> Page:
    """Sign the whole list."""
    expect_own_form(token)
    reader = reader_of(token)
    checklist = _checklist(reader, "")
    form = forms.DecideForm()
    if not form.validate():
        return _page(reader, checklist, "", form, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    try:
        with sent_once(reader, "page"):
            signing.sign_list(
                checklist,
                name=form.name.data or "",
                title=form.title.data or "",
                decision=Decision(form.decision.data),
                conditions=form.conditions.data or "",
                meaning=signing.meaning_of_list(),
                at=clock.now(),
                by=answerer(reader),
                seen_hash=request.form.get("seen") or None,
            )
    except Refused as problem:
        form.form_errors.append(problem.sentence)
        again = read_again(token)
        return _page(again, _checklist(again, ""), "", form, status=HTTPStatus.CONFLICT)
    flash(_("Signed. Thank you."))
    return see("page", token)


def _checklist(reader: Reader, section: str) -> Checklist:
    """The list that can be signed, or of which a part can.

    :raises NotFound: when there is none, the project has ended, or the reader does not see it.
    """
    is_theirs = (
        any(one.key == section and one.counted for one in reader.sections) if section else reader.sees_all
    )
    if reader.checklist is None or reader.has_ended or not is_theirs:
        raise NotFound
    return reader.checklist


def _page(
    reader: Reader,
    checklist: Checklist,
    section: str,
    form: SignForm,
    *,
    status: HTTPStatus = HTTPStatus.OK,
) -> Page:
    title = filling.section_title(section) if section else ""
    return rendered(
        "portal/sign.html",
        reader,
        status=status,
        form=form,
        is_list=not section,
        title=_("Sign “%(section)s”", section=title) if section else _("Sign off the whole list"),
        meaning=signing.meaning_of_section(title) if section else signing.meaning_of_list(),
        url=reader.url("sign_section", section=section) if section else reader.url("sign_list"),
        back_url=reader.url("section", section=section) if section else reader.url("page"),
        back_text=title or _("Back to the overview"),
        seen=signing.hash_of(checklist, section),
        rows=[task for task in reader.tasks.values() if section in {"", task.section}],
        signed=[
            one
            for one in queries.signatures_on(checklist.id)
            if one.section == section and one.ended_at is None
        ],
    )
