"""Signing a section or the whole list; a signature ends when what was signed says something else."""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from flask_babel import gettext as _
from flask_babel import ngettext

from concierge.catalogue.states import Responsible
from concierge.core.readiness import Gate
from concierge.platform.database import db
from concierge.platform.errors import Refused
from concierge.platform.events import record
from concierge.platform.words import localized
from concierge.projects.actions import gates
from concierge.readiness import queries
from concierge.readiness.actions.answering import Answerer
from concierge.readiness.events import ChecklistThawed, ListSigned, SectionSigned, SignatureEnded
from concierge.readiness.models import Checklist, ReadinessItem, ReadinessSignature
from concierge.readiness.standing import Change, changes, content, core_item, digest
from concierge.readiness.states import Decision, Freeze, ItemState

SHOWN = 3
"""How many open points a refusal names."""


class NotSignable(Refused):
    """What is to be signed is not complete, or the signature is not."""


class ChangedMeanwhile(Refused):
    """What is to be signed says something else than what the signer had before their eyes."""


def sign_section(
    checklist: Checklist,
    section: str,
    *,
    name: str,
    title: str = "",
    meaning: str,
    at: datetime,
    by: Answerer,
    is_witnessed: bool = False,
    seen_hash: str | None = None,
) -> ReadinessSignature:
    """Sign one section as it is answered now; signing again what is signed changes nothing.

    :param checklist: with items and evidence; all of it is locked until the act is saved.
    :param name: as the signer typed it.
    :param meaning: the sentence that was signed, in the signer's language.
    :param is_witnessed: the customer signs, on the phone with one of ours or side by side; `by` is whom they sign with.
    :param seen_hash: `hash_of` what the signer had before their eyes; `None`: what is there now.
    :raises NotSignable: when the section is not asked, the name is missing, or a point of the customer's is open.
    :raises ChangedMeanwhile: when the section says something else by now.
    """
    _lock(checklist)
    theirs = [item for item in checklist.items if item.is_counted and item.section == section]
    if not section or not theirs:
        raise NotSignable(_("There is nothing to sign in this section."))
    _refuse_open([item for item in theirs if item.responsible is Responsible.CUSTOMER])
    signed, is_new = _sign(
        checklist,
        section,
        name=name,
        title=title,
        meaning=meaning,
        at=at,
        by=by,
        is_witnessed=is_witnessed,
        seen_hash=seen_hash,
    )
    if is_new:
        record(
            SectionSigned(
                at=at,
                actor_id=by.user_id,
                project_id=checklist.project_id,
                checklist_id=checklist.id,
                signature_id=signed.id,
                section=section,
                name=signed.name,
                channel=by.channel.value,
                is_witnessed=is_witnessed,
            )
        )
    return signed


def sign_list(
    checklist: Checklist,
    *,
    name: str,
    title: str = "",
    decision: Decision,
    conditions: str = "",
    meaning: str,
    at: datetime,
    by: Answerer,
    is_witnessed: bool = False,
    seen_hash: str | None = None,
) -> ReadinessSignature:
    """Declare the whole site ready, ready with conditions, or not ready; ready freezes the checklist.

    :param conditions: needed for ready with conditions.
    :raises NotSignable: when the name or the conditions are missing, or it is declared ready while something holds
        delivery that nobody answers for.
    :raises ChangedMeanwhile: when the list says something else by now.
    """
    _lock(checklist)
    if decision is Decision.WITH_CONDITIONS and not conditions.strip():
        raise NotSignable(_("Write the conditions on which the site is ready."))
    holding = [item for item in checklist.items if item.is_counted and core_item(item).holds(Gate.SHIP)]
    if decision is Decision.READY and holding:
        raise NotSignable(
            ngettext(
                "%(num)s point still holds delivery: %(points)s. Settle it, or declare the site ready with"
                " conditions or not ready.",
                "%(num)s points still hold delivery: %(points)s. Settle them, or declare the site ready with"
                " conditions or not ready.",
                len(holding),
                points=_named(holding),
            )
        )
    signed, is_new = _sign(
        checklist,
        "",
        name=name,
        title=title,
        meaning=meaning,
        at=at,
        by=by,
        is_witnessed=is_witnessed,
        seen_hash=seen_hash,
        decision=decision,
        conditions=conditions,
    )
    if not is_new:
        return signed
    if decision is not Decision.NOT_READY:
        freeze(checklist, Freeze.SIGNED_OFF, at=at)
    elif checklist.frozen_why is Freeze.SIGNED_OFF:
        _let_go(checklist)
    record(
        ListSigned(
            at=at,
            actor_id=by.user_id,
            project_id=checklist.project_id,
            checklist_id=checklist.id,
            signature_id=signed.id,
            name=signed.name,
            decision=decision.value,
            conditions=signed.conditions,
            channel=by.channel.value,
            is_witnessed=is_witnessed,
        )
    )
    return signed


def meaning_of_section(title: str) -> str:
    """The sentence that the customer signs under a section."""
    return _("I confirm that what stands here under “%(section)s” is right.", section=title)


def meaning_of_list() -> str:
    """The sentence that the customer signs under the whole list."""
    return _("I confirm that what stands on this list is right, and that the site is as it says.")


def hash_of(checklist: Checklist, section: str = "") -> str:
    """What a signature of now would be bound to; a page that offers to sign sends it along."""
    return digest(content(checklist.items, section))


def end_changed(checklist: Checklist, *, by_name: str, at: datetime, actor_id: int | None) -> None:
    """End each signature whose section or list says something else than what was signed, and say what.

    :param by_name: who made the change, as shown.
    """
    for one in queries.signatures_on(checklist.id):
        now = content(checklist.items, one.section)
        if one.ended_at is not None or digest(now) == one.content_hash:
            continue
        found = [Change(**{**change.as_json(), "by": by_name}) for change in changes(one.content or [], now)]
        _end(one, found, at=at)
        record(
            SignatureEnded(
                at=at,
                actor_id=actor_id,
                project_id=checklist.project_id,
                checklist_id=checklist.id,
                signature_id=one.id,
                section=one.section,
                name=one.name,
                why=one.ended_why,
                changes=one.changes,
                by_name=by_name,
            )
        )


def freeze(checklist: Checklist, why: Freeze, *, at: datetime) -> None:
    """Count answers and dates as settled from now on: what changes is looked at before it counts, or has a reason."""
    if checklist.frozen_at is None:
        checklist.frozen_at, checklist.frozen_why = at, why
        gates.settle_dates(checklist.project_id, at=at)
    elif why is Freeze.SHIP_RELEASED:
        checklist.frozen_why = why


def thaw(checklist: Checklist, *, reason: str, at: datetime, actor_id: int | None) -> None:
    """Let answers change freely again; what was reported meanwhile still has to be looked at.

    :raises NotSignable: when it is not frozen, or no reason is given.
    """
    if checklist.frozen_at is None:
        raise NotSignable(_("This checklist is not frozen."))
    if len(reason.strip()) < 5:
        raise NotSignable(_("Give the reason in a few words; it stays in the history with your name."))
    _let_go(checklist)
    record(
        ChecklistThawed(
            at=at,
            actor_id=actor_id,
            project_id=checklist.project_id,
            checklist_id=checklist.id,
            reason=reason.strip(),
        )
    )


def _let_go(checklist: Checklist) -> None:
    checklist.frozen_at = checklist.frozen_why = None
    gates.settle_dates(checklist.project_id, at=None)


def thaw_after_release(checklist: Checklist) -> None:
    """Take back that shipping was released: answers are free again, unless the customer signed the site off."""
    if checklist.frozen_why is not Freeze.SHIP_RELEASED:
        return
    signed = queries.newest_sign_off(checklist.id)
    if signed is not None and signed.ended_at is None and signed.decision is not Decision.NOT_READY:
        checklist.frozen_why = Freeze.SIGNED_OFF
    else:
        _let_go(checklist)


def _sign(
    checklist: Checklist,
    section: str,
    *,
    name: str,
    title: str,
    meaning: str,
    at: datetime,
    by: Answerer,
    is_witnessed: bool,
    seen_hash: str | None,
    decision: Decision | None = None,
    conditions: str = "",
) -> tuple[ReadinessSignature, bool]:
    """The signature, and whether it is new."""
    if len(name.strip()) < 2:
        raise NotSignable(_("Type your name to sign."))
    kept = content(checklist.items, section)
    said = digest(kept)
    if seen_hash is not None and seen_hash != said:
        raise ChangedMeanwhile(
            _("Something was changed since you opened this page. Look at what is new, then sign.")
        )
    made = ReadinessSignature(
        checklist_id=checklist.id,
        section=section,
        name=name,
        title=title,
        meaning=meaning,
        decision=decision,
        conditions=conditions,
        signed_at=at,
        channel=by.channel,
        by_id=None if is_witnessed else by.user_id,
        witness_id=by.user_id if is_witnessed else None,
        link_id=by.link_id,
        content_hash=said,
        content=kept,
        critical=[
            item.key for item in checklist.items if item.is_counted and core_item(item).holds(Gate.SHIP)
        ],
    )
    is_ours = by.is_ours and not is_witnessed
    for one in queries.signatures_on(checklist.id):
        if one.ended_at is not None or one.section != section or is_ours is not (one.by_id is not None):
            continue
        if (one.name, one.title, one.decision, one.conditions, one.content_hash) == (
            made.name,
            made.title,
            made.decision,
            made.conditions,
            said,
        ):
            return one, False
        one.ended_at, one.ended_why = at, f"Signed anew by {made.name}."
    db.session.add(made)
    db.session.flush()
    return made, True


def _end(one: ReadinessSignature, found: Sequence[Change], *, at: datetime) -> None:
    one.ended_at = at
    one.changes = [change.as_json() for change in found]
    told = [
        f"{change.requirement.get('en', change.key)}: {change.before or '–'} → {change.after or '–'}"
        for change in found
    ]
    one.ended_why = "; ".join(told)[:300]


def _refuse_open(items: Sequence[ReadinessItem]) -> None:
    still = [item for item in items if item.state is ItemState.OPEN]
    if still:
        raise NotSignable(
            ngettext(
                "%(num)s point of this section has no answer yet: %(points)s. Answer it, then sign.",
                "%(num)s points of this section have no answer yet: %(points)s. Answer them, then sign.",
                len(still),
                points=_named(still),
            )
        )


def _named(items: Sequence[ReadinessItem]) -> str:
    named = [_("“%(point)s”", point=localized(item.requirement)) for item in items[:SHOWN]]
    return ", ".join(named) + (" …" if len(items) > SHOWN else "")


def _lock(checklist: Checklist) -> None:
    """Keep answers from changing until the signature is saved.

    :raises ChangedMeanwhile: when one changed after it was read.
    """
    db.session.flush()
    found = db.session.execute(
        sa.select(ReadinessItem.id, ReadinessItem.version)
        .where(ReadinessItem.checklist_id == checklist.id)
        .order_by(ReadinessItem.id)
        .with_for_update(of=ReadinessItem)
    )
    if {row.id: row.version for row in found} != {item.id: item.version for item in checklist.items}:
        raise ChangedMeanwhile(
            _("Something was changed since you opened this page. Look at what is new, then sign.")
        )
