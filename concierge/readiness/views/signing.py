"""Signing at our screen: the customer on the phone or side by side with one of ours, or our own person."""

from dataclasses import dataclass
from http import HTTPStatus

from flask import flash, redirect, render_template, request, url_for
from flask_babel import force_locale
from flask_babel import gettext as _

from concierge.catalogue.states import ItemType, Responsible
from concierge.identity.guard import requires, viewer
from concierge.identity.permissions import Permission
from concierge.platform import clock
from concierge.platform.database import db, unit_of_work
from concierge.platform.errors import NotFound, Refused
from concierge.platform.once import taken_once
from concierge.platform.web import show_again
from concierge.platform.words import localized
from concierge.projects.models import Project
from concierge.readiness import forms, mails, queries
from concierge.readiness.actions import signing
from concierge.readiness.actions.answering import Answerer
from concierge.readiness.document import filling, printing
from concierge.readiness.models import Checklist, ReadinessItem
from concierge.readiness.states import Channel, Decision, ItemState, Verdict
from concierge.readiness.views import judged
from concierge.readiness.views.blueprint import Page, anchor_of, bp


@dataclass(frozen=True, slots=True)
class Line:
    """One point as it is signed."""

    title: str
    theirs: str
    """The same in the language of the customer's contact; empty when that is the reader's."""
    answer: str
    comment: str
    files: tuple[str, ...]
    state: str
    icon: str
    url: str


@bp.route("/projects/<key>/readiness/sections/<section>/signature", methods=["GET", "POST"])
@requires(Permission.ANSWER_CHECKLISTS)
def sign_section(key: str, section: str) -> Page:
    """Sign a section with the customer, or as one of ours."""
    project, found = _signable(key, section)
    form = forms.sign_here_form(is_list=False, ours=viewer().name, is_sent=request.method == "POST")
    if request.method == "GET":
        return render_template(
            "readiness/sign.html", form=None, sign_form=form, **_shown(project, found, section)
        )
    if not form.validate():
        return show_again("readiness/sign.html", form, sign_form=form, **_shown(project, found, section))
    title = filling.section_title(section)
    is_ours = form.who.data == forms.OURS
    try:
        with unit_of_work(), taken_once(by=viewer().user_id) as outcome:
            outcome.led_to = url_for("readiness.checklist", key=key, _anchor=anchor_of(section))
            signing.sign_section(
                found,
                section,
                name=form.signer.data or "",
                title=form.title.data or "",
                meaning=_our_meaning(title) if is_ours else _their_meaning(project, section),
                at=clock.now(),
                by=_signer(form.who.data),
                is_witnessed=not is_ours,
                seen_hash=request.form.get("seen", ""),
            )
    except Refused as problem:
        return _refused(key, section, form, problem)
    flash(_("“%(section)s” is signed by %(name)s.", section=title, name=(form.signer.data or "").strip()))
    return redirect(url_for("readiness.checklist", key=key, _anchor=anchor_of(section)), code=303)


@bp.route("/projects/<key>/readiness/signature", methods=["GET", "POST"])
@requires(Permission.ANSWER_CHECKLISTS)
def sign_list(key: str) -> Page:
    """Declare the whole site ready, or not, with the customer."""
    project, found = _signable(key, "")
    form = forms.sign_here_form(is_list=True, ours=viewer().name, is_sent=request.method == "POST")
    if request.method == "GET":
        return render_template("readiness/sign.html", form=None, sign_form=form, **_shown(project, found, ""))
    if not form.validate():
        return show_again("readiness/sign.html", form, sign_form=form, **_shown(project, found, ""))
    try:
        with unit_of_work(), taken_once(by=viewer().user_id) as outcome:
            outcome.led_to = url_for("readiness.checklist", key=key)
            signing.sign_list(
                found,
                name=form.signer.data or "",
                title=form.title.data or "",
                decision=Decision(form.decision.data),
                conditions=form.conditions.data or "",
                meaning=_their_meaning(project, ""),
                at=clock.now(),
                by=_signer(form.who.data),
                is_witnessed=True,
                seen_hash=request.form.get("seen", ""),
            )
    except Refused as problem:
        return _refused(key, "", form, problem)
    flash(_("The list is signed by %(name)s.", name=(form.signer.data or "").strip()))
    return redirect(url_for("readiness.checklist", key=key), code=303)


def _signer(who: str) -> Answerer:
    channel = Channel.FIELD if who == forms.BESIDE else Channel.STAFF
    return Answerer(user_id=viewer().user_id, channel=channel)


def _refused(key: str, section: str, form: forms.SignHereForm, problem: Refused) -> Page:
    """The page as it is now, with what was typed and why it was not signed."""
    db.session.rollback()
    db.session.expunge_all()  # what was locked within the act was read without what a page shows
    form.form_errors.append(problem.sentence)
    page = _shown(*_signable(key, section), section)
    return render_template("readiness/sign.html", form=form, sign_form=form, **page), HTTPStatus.CONFLICT


def _signable(key: str, section: str) -> tuple[Project, Checklist]:
    """A project whose list can be signed, or this section of it.

    :raises NotFound: when there is none, or nothing is asked in it.
    """
    project, found = queries.checklist_for(viewer(), key)
    if found is None or not any(one.is_counted and section in {"", one.section} for one in found.items):
        raise NotFound
    return project, found


def _shown(project: Project, found: Checklist, section: str) -> dict[str, object]:
    title = filling.section_title(section) if section else ""
    language = mails.language_for(project, printing.LANGUAGES)
    asked = [one for one in found.items if one.is_counted and section in {"", one.section}]
    lines = [_line(project, one, language) for one in asked]
    theirs = [one for one in asked if one.responsible is Responsible.CUSTOMER]
    return {
        "project": project,
        "title": title,
        "heading": _("Sign “%(section)s”", section=title) if section else _("Sign off the whole list"),
        "lines": lines,
        "language": language,
        "still_open": sum(one.state is ItemState.OPEN for one in theirs),
        "their_meaning": _their_meaning(project, section),
        "our_meaning": _our_meaning(title) if section else "",
        "seen": signing.hash_of(found, section),
        "signed": judged.signatures(project, found, section),
        "url": url_for("readiness.sign_section", key=project.key, section=section)
        if section
        else url_for("readiness.sign_list", key=project.key),
        "people": [one.name for one in queries.contacts_of_account(project.account_id)],
    }


def _line(project: Project, item: ReadinessItem, language: str) -> Line:
    title, theirs = localized(item.requirement), localized(item.requirement, language)
    state, icon = "idle", "circle"
    if item.state is not ItemState.OPEN:
        state, icon = ("ok", "check") if item.verdict is Verdict.OK else ("bad", "triangle-alert")
    return Line(
        title=title,
        theirs=theirs if theirs != title else "",
        answer=filling.answer_in_words(item) if item.type is not ItemType.UPLOAD else "",
        comment=item.comment,
        files=tuple(one.file.name for one in item.evidence),
        state=state,
        icon=icon,
        url=url_for("readiness.item", key=project.key, item_id=item.id),
    )


def _their_meaning(project: Project, section: str) -> str:
    """The sentence that the customer signs, in the language of their contact."""
    with force_locale(mails.language_for(project, printing.LANGUAGES)):
        if not section:
            return signing.meaning_of_list()
        return signing.meaning_of_section(filling.section_title(section))


def _our_meaning(title: str) -> str:
    return _("I looked at what stands here under “%(section)s”, and it is as it says.", section=title)
