"""The letters that bring invitations, changes and withdrawals, as values."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from flask import render_template
from flask_babel import force_locale, ngettext
from flask_babel import gettext as _

from concierge.catalogue.states import VisitKind
from concierge.feeds.vevent import Entry, Status
from concierge.feeds.words import Appointment, Style, entry_of
from concierge.invitations import itip, plan, secret
from concierge.invitations.actions.sending import News, Told
from concierge.invitations.itip import Method, Party
from concierge.invitations.models import Invitation
from concierge.platform import settings
from concierge.platform.mail import Attachment, Letter
from concierge.platform.speech import customer_language, direction
from concierge.platform.words import called, span
from concierge.visits.clocks import wall_time
from concierge.visits.models import Visit
from concierge.visits.words import arrival, cancel_words

MOST_LETTERS = 3
"""Of more changes at once, all go into one letter."""


@dataclass(frozen=True, slots=True)
class Line:
    """One visit in a letter: what is new about it, what it is, when, and where it is answered."""

    news: str
    title: str
    when: str
    before: str
    where: str
    answer_url: str


def letters(told: Sequence[Told]) -> list[tuple[str, Letter]]:
    """What one person is told now: a letter for each change or, of many, one letter; each with its key.

    The same news twice has the same key, and is one letter.
    """
    if len(told) > MOST_LETTERS:
        return [(_key_of_many(told), _letter_of_many(told))]
    return [(_key(one), _letter(one)) for one in told]


def declined_letter(
    invitation: Invitation, visit: Visit, *, to: str, to_name: str, language: str, zone: str
) -> Letter:
    """The letter that tells a dispatcher, or the project's concierge, that somebody will not come."""
    with force_locale(customer_language(language)):
        person = invitation.user or invitation.contact
        name = person.name if person else invitation.email
        when = _when(visit.starts_at, visit.ends_at, visit.zone)
        is_ours = invitation.user_id is not None
        about = {
            "language": customer_language(language),
            "direction": direction(customer_language(language)),
            "to_name": to_name,
            "name": name,
            "visit": visit,
            "when": when,
            "there": _own_time(visit.starts_at, visit.ends_at, visit.zone, zone),
            "comment": invitation.comment,
            "is_ours": is_ours,
            "page": page_of(visit.id),
            "company": settings.current().company,
        }
        subject = (
            _("%(name)s declined: %(title)s needs a technician", name=name, title=called(visit))
            if is_ours
            else _("%(name)s declined: %(title)s", name=name, title=called(visit))
        )
        return Letter(
            to=to,
            to_name=to_name,
            subject=subject[:300],
            text=render_template("invitations/declined.txt", **about),
            html=render_template("invitations/declined.html", **about),
            language=customer_language(language),
        )


def wish_letter(
    invitation: Invitation,
    visit: Visit,
    *,
    asked: tuple[datetime, datetime],
    is_countered: bool,
    language: str,
    at: datetime,
) -> Letter:
    """The letter that tells somebody that the visit cannot be at the time they asked for.

    :param is_countered: their calendar program asked by mail, so that it is told, too.
    """
    with force_locale(customer_language(language)):
        person = invitation.user or invitation.contact
        about = {
            "language": customer_language(language),
            "direction": direction(customer_language(language)),
            "to_name": person.name if person else invitation.email,
            "asked": _when(*asked, visit.zone),
            "when": _when(visit.starts_at, visit.ends_at, visit.zone),
            "answer_url": answer_page(invitation),
            "concierge": visit.project.concierge,
            "company": settings.current().company,
        }
        subject = _("The visit stays on %(when)s", when=about["when"])[:300]
        calendar = None
        if is_countered:
            data = itip.declined_counter(
                uid=visit.uid,
                organizer=Party(reply_address(invitation), settings.current().company),
                comment=subject,
                at=at,
            )
            calendar = Attachment("answer.ics", "text/calendar", data, method=Method.DECLINECOUNTER.value)
        return Letter(
            to=invitation.email,
            to_name=str(about["to_name"]),
            subject=subject,
            calendar=calendar,
            text=render_template("invitations/wish.txt", **about),
            html=render_template("invitations/wish.html", **about),
            language=customer_language(language),
            secret=page_token(invitation),
            reply_to=reply_address(invitation),
        )


def reply_address(invitation: Invitation) -> str:
    """The secret address that answers to an invitation go to."""
    using = settings.current()
    return secret.reply_address(
        invitation.id, invitation.nonce, key=using.secret_key, mailbox=using.reply_mailbox
    )


def page_token(invitation: Invitation) -> str:
    """The token of an invitation's answer page."""
    return secret.page_token(invitation.id, invitation.nonce, key=settings.current().secret_key)


def answer_page(invitation: Invitation) -> str:
    """The public address of an invitation's answer page."""
    return f"{settings.current().address}/answer/{page_token(invitation)}"


def page_of(visit_id: int) -> str:
    """The public address of a visit's page, which asks for a sign-in."""
    return f"{settings.current().address}/visits/{visit_id}"


def itip_bytes(told: Told) -> bytes:
    """The iTIP object of one thing that somebody is told; in their language."""
    invitation = told.invitation
    return itip.message(
        entry_for(told),
        method=told.news.method,
        organizer=Party(reply_address(invitation), settings.current().company),
        attendee=Party(invitation.email, told.person.name),
        answer=invitation.reply,
    )


def entry_for(told: Told) -> Entry:
    """What the calendar object says of a visit; to a customer nothing that people noted among themselves."""
    entry = _request_for(told)
    if told.news.method is Method.REQUEST:
        return entry
    language = customer_language(told.person.language)
    gone = entry_of(
        replace(_appointment(told), status=Status.CANCELLED),
        style=Style(language=language),
        modified_at=entry.modified_at,
    )
    with force_locale(language):
        return replace(gone, description=f"{_why_gone(told)}\n{entry.description}")


def _request_for(told: Told) -> Entry:
    """The same, as if the visit stood."""
    return entry_of(
        _appointment(told),
        style=Style(language=customer_language(told.person.language)),
        modified_at=told.invitation.sent_at or told.visit.created_at,
    )


def _appointment(told: Told) -> Appointment:
    invitation, visit = told.invitation, told.visit
    is_customer = invitation.contact_id is not None
    starts_at, ends_at = _times(told)
    return Appointment(
        uid=visit.uid,
        sequence=invitation.sent_sequence,
        created_at=visit.created_at,
        kind=visit.kind.value,
        status=Status.CONFIRMED,
        start_at=starts_at,
        end_at=ends_at,
        zone=visit.zone,
        account=visit.project.account.name,
        place=visit.site.city,
        address="" if visit.kind is VisitKind.REMOTE_CALL else plan.address_of(visit),
        title=plan.title_of(visit, is_customer=is_customer),
        titles=visit.titles or {},
        project_key=visit.project.key,
        url="" if is_customer else page_of(visit.id),
        arrival_minutes=visit.arrival_minutes,
    )


def _letter(told: Told) -> Letter:
    language = customer_language(told.person.language)
    with force_locale(language):
        line = _line(told)
        about = {
            **_about(told),
            "line": line,
            "sentence": _sentence(told),
            "facts": _facts(told, line),
            "is_asked": told.news.method is Method.REQUEST and told.news is not News.REWORDED,
            "page": "" if told.invitation.contact_id is not None else page_of(told.visit.id),
        }
        return Letter(
            to=told.person.email,
            to_name=told.person.name,
            subject=_("%(news)s: %(title)s, %(when)s", news=line.news, title=line.title, when=line.when)[
                :300
            ],
            text=render_template("invitations/letter.txt", **about),
            html=render_template("invitations/letter.html", **about),
            calendar=Attachment(
                "invite.ics", "text/calendar", itip_bytes(told), method=told.news.method.value
            ),
            language=language,
            secret=page_token(told.invitation),
            reply_to=reply_address(told.invitation),
        )


def _letter_of_many(told: Sequence[Told]) -> Letter:
    """One letter that lists all changes; each visit's own object goes along as a file."""
    first = told[0]
    language = customer_language(first.person.language)
    with force_locale(language):
        about = {**_about(first), "lines": [_line(one) for one in told]}
        count = ngettext("%(num)s visit changed", "%(num)s visits changed", len(told))
        new = ngettext("%(num)s new visit", "%(num)s new visits", len(told))
        is_all_new = all(one.news is News.INVITED for one in told)
        return Letter(
            to=first.person.email,
            to_name=first.person.name,
            subject=_(
                "%(what)s: %(note)s", what=new if is_all_new else count, note=settings.current().company
            )[:300],
            text=render_template("invitations/many.txt", **about),
            html=render_template("invitations/many.html", **about),
            attachments=tuple(
                Attachment(
                    f"{number:02}-{one.visit.kind.value.replace(' ', '-')}-{_wall(one)[0]:%Y-%m-%d}.ics",
                    "text/calendar",
                    itip_bytes(one),
                    method=one.news.method.value,
                )
                for number, one in enumerate(told, start=1)
            ),
            language=language,
            secrets=tuple(page_token(one.invitation) for one in told),
        )


def _about(told: Told) -> dict[str, object]:
    return {
        "language": customer_language(told.person.language),
        "direction": direction(customer_language(told.person.language)),
        "name": told.person.name,
        "concierge": told.visit.project.concierge if told.invitation.contact_id is not None else None,
        "company": settings.current().company,
    }


def _line(told: Told) -> Line:
    visit = told.visit
    is_gone = told.news.method is Method.CANCEL
    entry = entry_for(told)
    has_moved = (told.starts_before, told.ends_before) != (visit.starts_at, visit.ends_at)
    before = (
        _when(told.starts_before, told.ends_before, visit.zone)
        if told.news in {News.MOVED, News.WISH_TAKEN}
        and has_moved
        and told.starts_before
        and told.ends_before
        else ""
    )
    return Line(
        news=_word(told, has_moved=has_moved),
        title=_request_for(told).summary,
        when=_when(*_times_in_words(told), visit.zone),
        before=before,
        where=entry.location,
        answer_url="" if is_gone else answer_page(told.invitation),
    )


def _facts(told: Told, line: Line) -> list[tuple[str, str]]:
    """Name and value of what there is to know, as lines of the letter."""
    visit, is_customer = told.visit, told.invitation.contact_id is not None
    starts_at, ends_at = _times_in_words(told)
    facts = [
        (_("When"), _("%(when)s (time at the site, %(zone)s)", when=line.when, zone=visit.zone)),
        (_("Arrival"), arrival(visit) if told.news.method is Method.REQUEST else ""),
        (_("Your time"), _own_time(starts_at, ends_at, visit.zone, told.person.zone)),
        (_("Before"), line.before),
        (_("Where"), line.where),
        (_("Project"), visit.project.key),
    ]
    if not is_customer and told.news.method is Method.REQUEST:
        others = [m.user.name for m in visit.crew_members if m.user_id != told.invitation.user_id]
        contact = visit.project.contact
        on_site = [contact.name, contact.phone] if contact else []
        facts += [
            (_("What"), called(visit)),
            (_("With"), ", ".join(others)),
            (_("On site"), ", ".join(part for part in on_site if part)),
            (_("Notes"), visit.note),
        ]
    return [(name, value) for name, value in facts if value]


def _word(told: Told, *, has_moved: bool) -> str:
    match told.news:
        case News.INVITED:
            return _("Invitation")
        case News.MOVED:
            return _("New time") if has_moved else _("New place")
        case News.REWORDED:
            return _("Details")
        case News.CANCELLED | News.AGAIN:
            return _("Cancelled")
        case News.UNCERTAIN:
            return _("No longer certain")
        case News.WISH_TAKEN:
            return _("The time you asked for")
        case News.NOT_YOU:
            return _("Not you any more")


def _sentence(told: Told) -> str:
    is_customer = told.invitation.contact_id is not None
    match told.news:
        case News.INVITED if is_customer:
            return _("We are coming to you. Please tell us whether the time suits you.")
        case News.INVITED:
            return _("You are asked to go on this visit. Please say whether you will.")
        case News.MOVED:
            return _("This visit has changed. Please answer again, because the old answer no longer counts.")
        case News.REWORDED:
            return _(
                "The details of this visit are below. Time and place are as you know them; your answer stands."
            )
        case _:
            return _why_gone(told)


def _why_gone(told: Told) -> str:
    is_customer = told.invitation.contact_id is not None
    match told.news:
        case News.UNCERTAIN:
            return _("This visit is no longer certain. Please do not count on it; we write again when it is.")
        case News.WISH_TAKEN:
            return _(
                "We have taken the time you asked for: %(when)s. The visit is being arranged for it, and the old time "
                "no longer stands. A new invitation follows once it is confirmed.",
                when=_when(told.visit.starts_at, told.visit.ends_at, told.visit.zone),
            )
        case News.NOT_YOU if is_customer:
            return _("You do not have to be there for this visit any more.")
        case News.NOT_YOU:
            return _("You no longer go on this visit.")
        case _ if not is_customer and (reason := cancel_words(told.visit)):
            return _("This visit is cancelled: %(reason)s", reason=reason)
        case _:
            return _("This visit is cancelled. Nobody comes.")


def _times(told: Told) -> tuple[datetime, datetime]:
    """When the visit is, or was by what stands in their calendar."""
    invitation, visit = told.invitation, told.visit
    if told.news.method is Method.CANCEL and invitation.sent_starts_at and invitation.sent_ends_at:
        return invitation.sent_starts_at, invitation.sent_ends_at
    return visit.starts_at, visit.ends_at


def _times_in_words(told: Told) -> tuple[datetime, datetime]:
    """When the visit is by the words of the letter; its object takes the time out that stands in their calendar."""
    if told.news is News.WISH_TAKEN:
        return told.visit.starts_at, told.visit.ends_at
    return _times(told)


def _wall(told: Told) -> tuple[datetime, datetime]:
    starts_at, ends_at = _times(told)
    return wall_time(starts_at, told.visit.zone), wall_time(ends_at, told.visit.zone)


def _when(starts_at: datetime, ends_at: datetime, zone: str) -> str:
    return span(wall_time(starts_at, zone), wall_time(ends_at, zone))


def _own_time(starts_at: datetime, ends_at: datetime, zone: str, own_zone: str) -> str:
    """The same stretch on the reader's clock; empty where that shows the same."""
    theirs = _when(starts_at, ends_at, own_zone)
    return "" if theirs == _when(starts_at, ends_at, zone) else f"{theirs} ({own_zone})"


def _key(told: Told) -> str:
    invitation = told.invitation
    to = (
        f"user:{invitation.user_id}" if invitation.user_id is not None else f"contact:{invitation.contact_id}"
    )
    return f"invitation:{told.visit.uid}:{invitation.sent_sequence}:{to}:{invitation.sent_at:%Y%m%dT%H%M%SZ}"


def _key_of_many(told: Sequence[Told]) -> str:
    """Names the first of them: nobody is told of the same visit twice at the same instant."""
    return _key(told[0]) + f":and-{len(told) - 1}-more"
