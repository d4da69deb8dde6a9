"""The letters of readiness, as values."""

from flask import render_template
from flask_babel import force_locale
from flask_babel import gettext as _

from concierge.accounts.models import Contact
from concierge.platform.mail import Attachment, Letter
from concierge.projects.models import Project
from concierge.readiness.document.values import Checklist
from concierge.readiness.document.words import Words

ISSUED = "issued"
MOVED = "moved"
ASKED = "asked"


def checklist_letter(
    document: Checklist,
    contact: Contact,
    *,
    occasion: str,
    attachments: tuple[Attachment, ...],
) -> Letter:
    """The letter that brings the checklist to the customer: what it asks, by when, and whom to call.

    :param occasion: why it goes out now: `issued`, `moved` or `asked`.
    :param attachments: the PDF first, then the visits as calendar files.
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
        }
        return Letter(
            to=contact.email,
            to_name=contact.name,
            subject=subject,
            text=render_template("readiness/letter.txt", **about),
            html=render_template("readiness/letter.html", **about),
            attachments=attachments,
            language=document.language,
        )


def language_for(project: Project, languages: tuple[str, ...]) -> str:
    """The language in which a project's customer reads: its contact's, when we write it, else English."""
    wanted = project.contact.language.split("-")[0].split("_")[0] if project.contact else "en"
    return wanted if wanted in languages else "en"
