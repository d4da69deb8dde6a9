"""The letters of readiness, as values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from babel.lists import format_list
from flask import render_template
from flask_babel import force_locale, ngettext
from flask_babel import gettext as _

from concierge.accounts.models import Contact
from concierge.catalogue.states import ItemType, Responsible
from concierge.identity.models import User
from concierge.platform import settings, speech
from concierge.platform.mail import Attachment, Letter
from concierge.platform.words import localized
from concierge.projects.models import Project
from concierge.readiness import returned_words, scope
from concierge.readiness.actions.chasing import Point, Reader
from concierge.readiness.document.values import Checklist
from concierge.readiness.document.words import Figures, Words
from concierge.readiness.models import (
    CustomerLink,
    CustomerMessage,
    CustomerQuestion,
    ReadinessItem,
    ReturnedDocument,
)
from concierge.readiness.queries import Sender
from concierge.readiness.states import Fate, ItemState

ISSUED = "issued"
MOVED = "moved"
ASKED = "asked"


def checklist_letter(
    document: Checklist,
    contact: Contact,
    *,
    occasion: str,
    attachments: tuple[Attachment, ...],
    calendars: int | None = None,
    page: str = "",
    token: str = "",
) -> Letter:
    """The letter that brings the checklist to the customer: what it asks, by when, and whom to call.

    :param occasion: why it goes out now: `issued`, `moved` or `asked`.
    :param attachments: the PDF first, then the visits as calendar files.
    :param calendars: how many of these there will be, where they are not made yet.
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
            "calendars": len(attachments) - 1 if calendars is None else calendars,
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
            reply_to=back_address(document.project_key),
        )


def back_address(project_key: str) -> str:
    """The project's own mail address, which filled-in checklists and answers are sent to."""
    own = settings.current()
    return scope.project_address(project_key, secret_key=own.secret_key, mailbox=own.project_mailbox)


def language_for(project: Project, languages: tuple[str, ...]) -> str:
    """The language in which a project's customer reads: its contact's when we write it, else one of its site's country.

    :param languages: those that are offered.
    """
    wanted = project.contact.language if project.contact else ""
    found = speech.customer_language(wanted, country=project.site.country)
    return found if found in languages else "en"


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
        return page_letter(
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
        return page_letter(
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
        return page_letter(
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
        return page_letter(
            link,
            project,
            subject=_("An answer to your question about %(project)s", project=project.name),
            paragraphs=(_("you asked: “%(question)s”", question=question.text),),
            quoted=question.answer,
            quoted_from=by,
            address=address,
            secret=token,
        )


def message_letter(
    message: CustomerMessage, link: CustomerLink, project: Project, *, by: str, address: str, token: str
) -> Letter:
    """The letter that brings a customer what one of ours wrote."""
    with force_locale(link.language):
        return page_letter(
            link,
            project,
            subject=_("A message about %(project)s", project=project.name),
            paragraphs=(_("%(name)s writes to you:", name=by) if by else _("we write to you:"),),
            quoted=message.text,
            address=address,
            secret=token,
            small=_("You can answer on your page."),
        )


def page_letter(
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
    opens: str = "",
    attachments: tuple[Attachment, ...] = (),
) -> Letter:
    """A letter to the holder of a link, in the language in force.

    :param opens: what the button says; empty: that it opens their page.
    """
    ours = project.concierge
    signed = (ours.name, ours.phone, ours.email) if ours else ()
    context = {
        "greeting": _("Hello %(name)s,", name=link.name),
        "paragraphs": paragraphs,
        "quoted": quoted,
        "quoted_from": quoted_from,
        "figure": figure,
        "address": address,
        "opens": opens or _("Open your page"),
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
        attachments=attachments,
        language=link.language,
        secret=secret,
    )


# --- reminders

MOST_NAMED = 12
"""Points that a reminder lists; of the others it says how many."""


@dataclass(frozen=True, slots=True)
class Line:
    """One open point as a reminder names it."""

    due: str
    late: str
    """How long it is overdue; empty while it is not."""
    requirement: str
    note: str
    """Why an answer does not do."""
    project: str
    """Empty where all points are of one project."""
    address: str


def reminder_letter(
    reader: Reader,
    projects: Mapping[int, Project],
    *,
    today: date,
    pages: Mapping[int, tuple[str, str]],
    opt_out: tuple[str, str],
    asked_before: Sequence[str] = (),
) -> Letter:
    """The letter that reminds somebody at the customer's of what is open, over all their projects.

    :param projects: those of the points that it names, with site and concierge.
    :param today: the reader's day.
    :param pages: by project the address of the reader's own page, and the secret in it.
    :param opt_out: the address that ends reminders, and the secret in it.
    :param asked_before: who was reminded before and has not answered.
    """
    language, points = speech.customer_language(reader.contact.language), reader.named
    with force_locale(language):
        concerned = [projects[number] for number in dict.fromkeys(point.project_id for point in points)]
        lines = [
            _line(
                point,
                projects[point.project_id],
                pages,
                today=today,
                language=language,
                alone=len(concerned) == 1,
            )
            for point in points
        ]
        first, rest = lines[0], lines[1:]
        where = concerned[0].name if len(concerned) == 1 else concerned[0].account.name
        context = {
            "language": language,
            "direction": speech.direction(language),
            "greeting": _("Hello %(name)s,", name=reader.contact.name),
            "lead": _reminder_lead(concerned, len(points)),
            "asked_before": asked_before,
            "first": first,
            "rest": rest[: MOST_NAMED - 1],
            "more": len(rest[MOST_NAMED - 1 :]),
            "pages": [(one.name, pages[one.id][0]) for one in concerned],
            "whom": _whom_to_ask(concerned),
            "company": settings.current().company,
            "opt_out": opt_out[0],
        }
        subject = ngettext(
            "%(num)s open point for %(project)s, due %(day)s",
            "%(num)s open points for %(project)s, the first due %(day)s",
            len(points),
            project=where,
            day=first.due,
        )
        return Letter(
            to=reader.contact.email,
            to_name=reader.contact.name,
            subject=" ".join(subject.split())[:300],
            text=render_template("readiness/reminder.txt", **context),
            html=render_template("readiness/reminder.html", **context),
            language=language,
            secrets=(*(token for _address, token in pages.values()), opt_out[1]),
            unsubscribe=opt_out[0],
        )


def _line(
    point: Point,
    project: Project,
    pages: Mapping[int, tuple[str, str]],
    *,
    today: date,
    language: str,
    alone: bool,
) -> Line:
    late = (today - point.due_on).days
    note = point.returned_reason
    if point.answered_wrong:
        note = _("Your answer is not what is needed yet: it is out of range, or a file is missing.")
    return Line(
        due=Figures(language=language, country=project.site.country).day(point.due_on),
        late=ngettext("%(num)s day late", "%(num)s days late", late) if late > 0 else "",
        requirement=localized(point.requirement, language),
        note=note,
        project="" if alone else project.name,
        address=f"{pages[project.id][0]}/items/{point.item_id}",
    )


def _reminder_lead(concerned: Sequence[Project], count: int) -> str:
    if len(concerned) == 1:
        project = concerned[0]
        return ngettext(
            "we need %(num)s more thing from you for %(project)s at %(site)s.",
            "we need %(num)s more things from you for %(project)s at %(site)s.",
            count,
            project=project.name,
            site=project.site.name,
        )
    return ngettext(
        "we need %(num)s more thing from you for several installations.",
        "we need %(num)s more things from you for several installations.",
        count,
    )


def _whom_to_ask(concerned: Sequence[Project]) -> tuple[tuple[str, ...], ...]:
    """Who of ours answers questions, each once: name, phone and address."""
    people = {one.concierge.id: one.concierge for one in concerned if one.concierge is not None}
    return tuple(
        tuple(part for part in (person.name, person.phone, person.email) if part)
        for person in people.values()
    )


def returned_letter(
    rows: Sequence[ReturnedDocument],
    items: Mapping[str, ReadinessItem],
    project: Project,
    *,
    to: str,
    sender: Sender,
    page: str,
    token: str,
) -> Letter:
    """The answer to whoever sent filled-in checklists by mail: what was taken, what a person looks at, what is open.

    :param rows: what came in one message, with their files.
    :param items: what the project's checklist asks, by key, in its order.
    :param to: the address that it came from, which is the sender's.
    :param page: the address of the sender's own page; empty: none is named.
    :param token: the secret in it, which the ledger forgets.
    """
    language = speech.customer_language(sender.language)
    with force_locale(language):
        figures = Figures(language=language, country=project.site.country)
        open_items = [
            item
            for item in items.values()
            if item.is_asked
            and item.type is not ItemType.INFO
            and item.state is ItemState.OPEN
            and item.responsible is Responsible.CUSTOMER
            and sender.section in {"", item.section}
        ]
        about = {
            "sender": sender,
            "files": [_returned(row, items) for row in rows],
            "open": [(figures.short_day(item.due_on), localized(item.requirement)) for item in open_items],
            "page": page,
            "language": language,
            "company": settings.current().company,
            "concierge": project.concierge,
            "instruments": format_list(
                list(
                    dict.fromkeys(
                        brought.line.product.name for brought in project.playbooks if brought.line.product
                    )
                ),
                locale=figures.locale,
            ),
        }
        return Letter(
            to=to,
            to_name=sender.name,
            subject=_("Your checklist for %(instrument)s has arrived", instrument=about["instruments"]),
            text=render_template("readiness/returned_letter.txt", **about),
            html=render_template("readiness/returned_letter.html", **about),
            language=language,
            secret=token,
            reply_to=back_address(project.key),
        )


def stranger_letter(to: str, *, language: str) -> Letter:
    """The answer to an address that is nobody's we know: that something came, and nothing else."""
    with force_locale(language):
        return Letter(
            to=to,
            to_name="",
            subject=_("Your file has arrived"),
            text=render_template("readiness/stranger_letter.txt", company=settings.current().company),
            language=language,
        )


@dataclass(frozen=True, slots=True)
class Returned:
    """One file in the letter that answers it."""

    name: str
    told: str
    taken: tuple[tuple[str, str], ...]
    """Requirement and answer."""
    looked_at: tuple[tuple[str, str], ...]
    """Requirement, and what was written."""
    not_asked: tuple[str, ...]


def _returned(row: ReturnedDocument, items: Mapping[str, ReadinessItem]) -> Returned:
    def said(*fates: Fate) -> tuple[tuple[str, str], ...]:
        found = [
            entry
            for entry in row.entries
            if entry["kind"] == "item" and Fate(entry["fate"]) in fates and entry["key"] in items
        ]
        return tuple(
            (
                localized(items[entry["key"]].requirement),
                returned_words.typed(items[entry["key"]], entry["typed"]) or entry["comment"],
            )
            for entry in found
        )

    return Returned(
        name=row.file.name,
        told=returned_words.told_to_sender(row),
        taken=said(Fate.TAKEN, Fate.KNOWN),
        looked_at=said(Fate.CONFLICT, Fate.FOR_A_PERSON),
        not_asked=tuple(requirement for requirement, _value in said(Fate.NOT_ASKED)),
    )
