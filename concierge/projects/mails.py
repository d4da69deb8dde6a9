"""The letters that playbooks send to customers, as values."""

import re

from flask_babel import force_locale

from concierge.platform import settings
from concierge.platform.mail import Letter
from concierge.platform.speech import customer_language
from concierge.platform.words import day, localized
from concierge.projects.models import Project
from concierge.projects.queries.messages import Planned

_NAMED = re.compile(r"\{(customer|contact|milestone|date|project)\}")


def language_of(project: Project, letter: Planned) -> str:
    """The language of a letter: the contact's, else the site's country's, where the playbook has it; else English."""
    wanted = customer_language(
        project.contact.language if project.contact else "", country=project.site.country
    )
    return wanted if letter.message.text.get(wanted) else "en"


def playbook_letter(project: Project, letter: Planned, *, language: str) -> Letter:
    """A letter around a milestone, filled in; the project has a contact.

    :param project: with account, contact and concierge.
    """
    contact, concierge = project.contact, project.concierge
    if contact is None:
        raise ValueError("A letter needs somebody to read it.")
    with force_locale(language):
        values = {
            "customer": project.account.name,
            "contact": contact.name,
            "milestone": localized(letter.milestone.name, language),
            "date": day(letter.milestone.start_on),
            "project": project.key,
        }
        subject = _filled(localized(letter.message.subject, language), values)
        text = _filled(localized(letter.message.text, language), values)
    company = settings.current().company
    signed = [concierge.name, concierge.phone, concierge.email] if concierge else []
    signature = "\n".join(part for part in (*signed, company) if part)
    return Letter(
        to=contact.email,
        to_name=contact.name,
        subject=" ".join(subject.split())[:300],
        text=f"{text}\n\n{signature}\n",
        language=language,
    )


def _filled(text: str, values: dict[str, str]) -> str:
    """A text with what it names; any other brace stays as it is."""
    return _NAMED.sub(lambda found: values[found[1]], text)
