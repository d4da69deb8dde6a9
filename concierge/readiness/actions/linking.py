"""Links to a customer's page: giving, sending, replacing and ending them, handing a section on, codes by mail."""

import hmac
import secrets
from datetime import datetime, timedelta

import sqlalchemy as sa
from flask_babel import gettext as _
from sqlalchemy.exc import IntegrityError

from concierge.accounts.models import Contact
from concierge.catalogue.states import ItemType
from concierge.platform import settings, speech
from concierge.platform.database import db
from concierge.platform.errors import Refused
from concierge.platform.events import record
from concierge.projects.models import Project
from concierge.readiness import queries, scope
from concierge.readiness.events import LinkGiven, LinkRevoked, LinkRotated, LinkSent, SectionHandedOn
from concierge.readiness.models import CustomerLink, LinkCode

DAYS_AFTER_HANDOVER = 120
DAYS_WITHOUT_HANDOVER = 180
FEWEST_DAYS = 30
MOST_HANDED_ON = 25
"""Links to sections that a project may have open at once."""
CODE_LASTS = timedelta(minutes=10)
MOST_TRIES = 5
MOST_CODES, MOST_CODES_A_DAY = 5, 12
"""Codes of one link within an hour and a day: who holds the link already guesses one with 1 : 16,000 a day."""


class NotGiven(Refused):
    """Nobody can be reached by this link."""


def ends_at(project: Project, *, at: datetime) -> datetime:
    """When a link that is given now ends: some months after the handover, or half a year from now."""
    handover = project.finished_on or project.promised_handover_on or project.forecast_handover_on
    if handover is None:
        return at + timedelta(days=DAYS_WITHOUT_HANDOVER)
    left = (handover - at.date()).days + DAYS_AFTER_HANDOVER
    return at + timedelta(days=max(FEWEST_DAYS, left))


def token_of(link: CustomerLink) -> str:
    """The secret part of a link's address."""
    return scope.customer_token(link.nonce, key=settings.current().secret_key)


def address_of(link: CustomerLink) -> str:
    """The address that is mailed."""
    return f"{settings.current().address}/p/{token_of(link)}"


def give_link(
    project: Project, contact: Contact, *, is_mailed: bool = True, at: datetime, actor_id: int | None
) -> CustomerLink:
    """Give one of the customer's people a link to the project; who has one keeps it, for longer.

    :param is_mailed: whether a letter brings it.
    :raises NotGiven: when the person has no mail address, or belongs to somebody else.
    """
    if not contact.email:
        raise NotGiven(_("%(name)s has no mail address. Enter one at the account first.", name=contact.name))
    if contact.account_id != project.account_id:
        raise NotGiven(_("%(name)s does not belong to this customer.", name=contact.name))
    link = queries.link_of_contact(project.id, contact.id)
    if link is not None and link.email.casefold() == contact.email.casefold():
        link.expires_at = max(link.expires_at, ends_at(project, at=at))
        if is_mailed:
            send_link(link, at=at, actor_id=actor_id)
        return link
    if link is not None:  # the person has another address now: what went to the old one opens nothing
        revoke_link(link, at=at, actor_id=actor_id)
        db.session.flush()
    made = _made(
        project.id,
        contact_id=contact.id,
        name=contact.name,
        email=contact.email,
        language=speech.customer_language(contact.language, country=queries.country_of_site(project.site_id)),
        expires_at=ends_at(project, at=at),
        at=at,
    )
    link = _only_one(made, contact)
    if link is not made:
        return link
    link.sent_at = at if is_mailed else None
    record(
        LinkGiven(
            at=at,
            actor_id=actor_id,
            project_id=project.id,
            link_id=link.id,
            name=link.name,
            is_mailed=is_mailed,
        )
    )
    return link


def send_link(link: CustomerLink, *, is_asked_for: bool = False, at: datetime, actor_id: int | None) -> None:
    """Mail a link once more.

    :raises NotGiven: when it was revoked.
    """
    if link.revoked_at is not None:
        raise NotGiven(_("This link was ended. Give %(name)s a new one.", name=link.name))
    link.sent_at = at
    record(
        LinkSent(
            at=at,
            actor_id=actor_id,
            project_id=link.project_id,
            link_id=link.id,
            name=link.name,
            is_asked_for=is_asked_for,
        )
    )


def send_again(email: str, *, at: datetime) -> int:
    """Mail somebody the links that they hold, because they asked for them; return how many.

    Only links that were given to this very address and not ended go out. One that has run out is replaced:
    what opened nothing any more opens nothing again.
    """
    sent = 0
    for link in queries.links_to(email):
        if link.expires_at <= at:
            if link.project.cancelled_at is not None:
                continue
            renew_if_ended(link, at=at)
        send_link(link, is_asked_for=True, at=at, actor_id=None)
        sent += 1
    return sent


def renew_if_ended(link: CustomerLink, *, at: datetime) -> None:
    """Replace a link that has run out: what opened nothing any more opens nothing again."""
    if link.expires_at <= at and link.revoked_at is None:
        _renew(link)
        link.expires_at = ends_at(link.project, at=at)


def revoke_link(
    link: CustomerLink, *, by: CustomerLink | None = None, at: datetime, actor_id: int | None
) -> int:
    """End a link, and with it those that its holder handed on; return how many ended.

    :param by: the link of the customer's person who takes it back; None: one of ours does.
    """
    ended = 0
    for one in (link, *queries.links_given_by(link.id)):
        if one.revoked_at is None:
            one.revoked_at = at
            ended += 1
            record(
                LinkRevoked(
                    at=at,
                    actor_id=actor_id,
                    project_id=one.project_id,
                    link_id=one.id,
                    name=one.name,
                    by_name=by.name if by else "",
                )
            )
    return ended


def rotate_link(link: CustomerLink, *, at: datetime, actor_id: int | None) -> None:
    """Replace a link that went astray: the same person gets another one, and the old one opens nothing.

    :raises NotGiven: when it was revoked.
    """
    if link.revoked_at is not None:
        raise NotGiven(_("This link was ended. Give %(name)s a new one.", name=link.name))
    _renew(link)
    link.expires_at = ends_at(link.project, at=at)
    link.sent_at = at
    record(LinkRotated(at=at, actor_id=actor_id, project_id=link.project_id, link_id=link.id, name=link.name))


def hand_on(
    link: CustomerLink, *, section: str, name: str, email: str, note: str = "", at: datetime
) -> CustomerLink:
    """Hand a section to a colleague, who gets a link that shows nothing else.

    :param link: that of the customer's person who hands it on.
    :raises NotGiven: when the link shows only a section itself, the section is empty, the colleague has it
        already, or too many have something.
    """
    if link.section:
        raise NotGiven(_("Only who sees the whole page can hand a section on."))
    _lock_handing_on(link.project_id)
    checklist = queries.checklist_of(link.project_id)
    known = (
        {item.section for item in checklist.items if item.type is not ItemType.INFO} if checklist else set()
    )
    if section not in known:
        raise NotGiven(_("This section has nothing that could be handed on."))
    others = [one for one in queries.sections_handed_on(link.project_id) if one.is_open(at=at)]
    if any(one.section == section and one.email.casefold() == email.casefold() for one in others):
        raise NotGiven(_("%(email)s has this section already.", email=email))
    if len(others) >= MOST_HANDED_ON:
        raise NotGiven(_("Many sections are handed on already. Take one back first."))
    made = _made(
        link.project_id, name=name, email=email, language=link.language, expires_at=link.expires_at, at=at
    )
    made.section, made.given_by_id, made.sent_at = section, link.id, at
    db.session.add(made)
    db.session.flush()
    record(
        SectionHandedOn(
            at=at,
            actor_id=None,
            project_id=link.project_id,
            link_id=made.id,
            section=section,
            name=name,
            by_name=link.name,
            note=note,
        )
    )
    return made


def take_back(link: CustomerLink, *, by: CustomerLink, at: datetime) -> None:
    """Take a section back from the colleague that it was handed to.

    :raises NotGiven: when it is not one that the customer's own people handed on.
    """
    if by.section or link.project_id != by.project_id or link.given_by_id is None:
        raise NotGiven(_("This cannot be taken back from here. Ask us."))
    revoke_link(link, by=by, at=at, actor_id=None)


def speak(link: CustomerLink, language: str) -> None:
    """Write and show everything in another language to who holds the link."""
    link.language = speech.customer_language(language)


def new_code(link: CustomerLink, *, at: datetime) -> str:
    """Six digits that go to the holder of a link by mail; those from before count no more.

    :raises NotGiven: when too many were sent within an hour.
    """
    recent = queries.codes_since(link.id, at - timedelta(days=1))
    if sum(one.sent_at > at - timedelta(hours=1) for one in recent) >= MOST_CODES:
        raise NotGiven(_("Many codes were sent already. Wait an hour, then ask for another one."))
    if len(recent) >= MOST_CODES_A_DAY:
        raise NotGiven(_("Many codes were sent already today. Ask for another one tomorrow, or call us."))
    for one in recent:
        one.used_at = one.used_at or at
    digits = f"{secrets.randbelow(10**scope.CODE_DIGITS):0{scope.CODE_DIGITS}}"
    db.session.add(
        LinkCode(
            link_id=link.id,
            code_hash=scope.code_hash(digits, link.nonce, key=settings.current().secret_key),
            sent_at=at,
            expires_at=at + CODE_LASTS,
        )
    )
    db.session.flush()
    return digits


def check_code(link: CustomerLink, typed: str, *, at: datetime) -> bool:
    """Whether these are the digits that were mailed last; a right guess is used up, a wrong one is counted."""
    code = queries.code_for_change(link.id)
    if code is None or code.used_at is not None or code.expires_at <= at or code.tries >= MOST_TRIES:
        return False
    code.tries += 1
    digits = "".join(letter for letter in typed if letter.isdigit() and letter.isascii())
    own = scope.code_hash(digits, link.nonce, key=settings.current().secret_key)
    if not hmac.compare_digest(own, code.code_hash):
        return False
    code.used_at = at
    return True


def forget_codes(*, before: datetime) -> None:
    """Remove codes that were sent long ago."""
    db.session.execute(sa.delete(LinkCode).where(LinkCode.sent_at < before))


def _lock_handing_on(project_id: int) -> None:
    """Keep others from handing sections of a project on until this act is saved; they see it then."""
    wanted = sa.select(Project.id).where(Project.id == project_id)
    db.session.execute(
        wanted.with_for_update(key_share=True)
    )  # what only refers to the project need not wait


def _only_one(made: CustomerLink, contact: Contact) -> CustomerLink:
    """Keep a link of a contact; somebody who gave them one at this very moment was first, and theirs is it."""
    try:
        with db.session.begin_nested():
            db.session.add(made)
    except IntegrityError:
        found = queries.link_of_contact(made.project_id, contact.id)
        if found is None:
            raise
        return found
    return made


def _made(
    project_id: int,
    *,
    name: str,
    email: str,
    language: str,
    expires_at: datetime,
    at: datetime,
    contact_id: int | None = None,
) -> CustomerLink:
    link = CustomerLink(
        project_id=project_id,
        contact_id=contact_id,
        name=name.strip(),
        email=email.strip(),
        language=language,
        created_at=at,
        expires_at=expires_at,
    )
    _renew(link)
    return link


def _renew(link: CustomerLink) -> None:
    link.nonce = secrets.token_hex(16)
    link.token_hash = scope.link_hash(token_of(link))
