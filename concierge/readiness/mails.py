"""The letters of readiness, as values."""

from flask import render_template
from flask_babel import force_locale
from flask_babel import gettext as _

from concierge.accounts.models import Contact
from concierge.identity.models import User
from concierge.platform import settings, speech
from concierge.platform.mail import Attachment, Letter
from concierge.projects.models import Project
from concierge.readiness.document.values import Checklist
from concierge.readiness.document.words import Words
from concierge.readiness.models import CustomerLink, CustomerQuestion

ISSUED = "issued"
MOVED = "moved"
ASKED = "asked"


def checklist_letter(
    document: Checklist,
    contact: Contact,
    *,
    occasion: str,
    attachments: tuple[Attachment, ...],
    page: str = "",
    token: str = "",
) -> Letter:
    """The letter that brings the checklist to the customer: what it asks, by when, and whom to call.

    :param occasion: why it goes out now: `issued`, `moved` or `asked`.
    :param attachments: the PDF first, then the visits as calendar files.
    :param page: the address of the contact's own page; empty: none is named.
    :param token: the secret in it, which the ledger forgets.
    """
    with force_locale(document.language):
        words = Words(document)
        subject = _(
            "Site readiness checklist for %(instrument)s, delivery %(day)s",
            instrument=words.instruments(),
            day=words.day(document.delivery_on),
        )
        if occasion == MOVED:
            subject = _(
                "New dates for %(instrument)s: delivery %(day)s",
                instrument=words.instruments(),
                day=words.day(document.delivery_on),
            )
        about = {
            "document": document,
            "words": words,
            "contact": contact,
            "occasion": occasion,
            "calendars": len(attachments) - 1,
            "page": page,
        }
        return Letter(
            to=contact.email,
            to_name=contact.name,
            subject=subject,
            text=render_template("readiness/letter.txt", **about),
            html=render_template("readiness/letter.html", **about),
            attachments=attachments,
            language=document.language,
            secret=token,
        )


def language_for(project: Project, languages: tuple[str, ...]) -> str:
    """The language in which a project's customer reads: its contact's, when we write it, else English."""
    wanted = project.contact.language.split("-")[0].split("_")[0] if project.contact else "en"
    return wanted if wanted in languages else "en"


# --- the customer's page


def link_letter(link: CustomerLink, project: Project, *, address: str, token: str, is_again: bool) -> Letter:
    """The letter that brings somebody at the customer's the link to their page.

    :param address: of the page.
    :param token: the secret in it, which the ledger forgets.
    :param is_again: whether they asked for it once more.
    """
    with force_locale(link.language):
        first = (
            _("here is your link to %(project)s again, as you asked.", project=project.name)
            if is_again
            else _(
                "this is your page for %(project)s: what we need from you, when we come, and whom to ask.",
                project=project.name,
            )
        )
        subject = _("Your page for %(project)s", project=project.name)
        return _page_letter(
            link,
            project,
            subject=subject,
            paragraphs=(first,),
            address=address,
            secret=token,
            small=_("The link is yours alone and opens without a password. Please do not pass it on."),
        )


def section_letter(
    link: CustomerLink, project: Project, *, section: str, by_name: str, note: str, address: str, token: str
) -> Letter:
    """The letter that brings a colleague the section that was handed to them.

    :param section: its name in words.
    :param note: what the colleague who hands it on wrote; theirs, not ours.
    """
    with force_locale(link.language):
        return _page_letter(
            link,
            project,
            subject=_("%(name)s asks for your help with %(project)s", name=by_name, project=project.name),
            paragraphs=(
                _(
                    "%(name)s asks you to see to “%(section)s” for %(project)s at %(site)s.",
                    name=by_name,
                    section=section,
                    project=project.name,
                    site=project.site.name,
                ),
            ),
            quoted=note,
            quoted_from=by_name,
            address=address,
            secret=token,
            small=_("The link is yours alone and opens without a password. Please do not pass it on."),
        )


def code_letter(link: CustomerLink, project: Project, *, digits: str) -> Letter:
    """The letter with the six digits that a confidential site asks for."""
    with force_locale(link.language):
        return _page_letter(
            link,
            project,
            subject=_("Your code for %(project)s", project=project.name),
            paragraphs=(_("Type this code on the page. It counts for ten minutes, once."),),
            figure=digits,
            secret=digits,
            small=_("You did not ask for a code? Then do nothing; without it nobody gets in."),
        )


def question_letter(
    question: CustomerQuestion, project: Project, reader: User, *, requirement: str, address: str
) -> Letter:
    """The letter that tells one of ours what a customer asked.

    :param address: where it is answered.
    """
    with force_locale(reader.language):
        about = (
            _("%(name)s asks about “%(point)s”:", name=question.name, point=requirement)
            if requirement
            else _("%(name)s asks:", name=question.name)
        )
        context = {
            "greeting": _("Hello %(name)s,", name=reader.name),
            "paragraphs": (about,),
            "quoted": question.text,
            "quoted_from": "",
            "figure": "",
            "address": address,
            "opens": _("Answer it here:"),
            "small": "",
            "signature": (settings.current().company,),
            "language": reader.language,
            "direction": "ltr",
        }
        return Letter(
            to=reader.email,
            to_name=reader.name,
            subject=_("A question about %(project)s", project=project.key),
            text=render_template("readiness/page_letter.txt", **context),
            html=render_template("readiness/page_letter.html", **context),
            language=reader.language,
        )


def answer_letter(
    question: CustomerQuestion, link: CustomerLink, project: Project, *, by: str, address: str, token: str
) -> Letter:
    """The letter that brings a customer the answer to their question."""
    with force_locale(link.language):
        return _page_letter(
            link,
            project,
            subject=_("An answer to your question about %(project)s", project=project.name),
            paragraphs=(_("you asked: “%(question)s”", question=question.text),),
            quoted=question.answer,
            quoted_from=by,
            address=address,
            secret=token,
        )


def _page_letter(
    link: CustomerLink,
    project: Project,
    *,
    subject: str,
    paragraphs: tuple[str, ...],
    quoted: str = "",
    quoted_from: str = "",
    figure: str = "",
    address: str = "",
    secret: str = "",
    small: str = "",
) -> Letter:
    """A letter to the holder of a link, in the language in force."""
    ours = project.concierge
    signed = (ours.name, ours.phone, ours.email) if ours else ()
    context = {
        "greeting": _("Hello %(name)s,", name=link.name),
        "paragraphs": paragraphs,
        "quoted": quoted,
        "quoted_from": quoted_from,
        "figure": figure,
        "address": address,
        "opens": _("Open your page"),
        "small": small,
        "signature": tuple(part for part in (*signed, settings.current().company) if part),
        "language": link.language,
        "direction": speech.direction(link.language),
    }
    return Letter(
        to=link.email,
        to_name=link.name,
        subject=" ".join(subject.split())[:300],
        text=render_template("readiness/page_letter.txt", **context),
        html=render_template("readiness/page_letter.html", **context),
        language=link.language,
        secret=secret,
    )
