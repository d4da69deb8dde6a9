"""Waiving an open item by name: shipping does not wait for it until a day; installing always does."""

from datetime import date, datetime, timedelta

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from concierge.catalogue.states import GateKind
from concierge.platform.database import db
from concierge.platform.errors import Refused
from concierge.platform.events import record
from concierge.projects.actions.saying import long_day
from concierge.readiness import queries
from concierge.readiness.actions import answering
from concierge.readiness.actions.answering import WrongMoment
from concierge.readiness.events import ItemWaived, WaiverEnded
from concierge.readiness.models import Checklist, ReadinessItem, Waiver

LONGEST = timedelta(days=60)
"""How far ahead a waiver may end."""
EXPIRED = "Its last day has passed."
INSTALLING = "Installation begins."
SETTLED = "The point was settled."
TAKEN_BACK = "Taken back."
_ENDS = {
    EXPIRED: _l("Its last day has passed."),
    INSTALLING: _l("Installation begins."),
    SETTLED: _l("The point was settled."),
    TAKEN_BACK: _l("Taken back."),
}


def end_words(why: str) -> str:
    """Why a waiver ended, in the reader's language; what a person said about it stays as they said it."""
    return str(_ENDS.get(why, why))


class NotWaivable(Refused):
    """The waiver is not complete, or goes further than it may."""


def latest_day(checklist: Checklist, *, today: date) -> date:
    """The last day on which a waiver given on a day may hold: the day before installation, at most two months on."""
    furthest = today + LONGEST
    if checklist.install_on is not None and checklist.install_on > today:
        return min(furthest, checklist.install_on - timedelta(days=1))
    return furthest


def waive_item(
    item: ReadinessItem,
    *,
    name: str,
    reason: str,
    expires_on: date,
    today: date,
    at: datetime,
    actor_id: int | None,
) -> Waiver:
    """Let shipping not wait for an open item; a waiver it has already is replaced.

    :param name: who answers for it.
    :param expires_on: the last day on which it holds, at the site.
    :param today: the day at the site.
    :raises WrongMoment: when the item does not hold shipping, or installation has begun.
    :raises NotWaivable: when name or reason is missing, or the day has passed or lies too far ahead.
    """
    answering.lock(item)
    checklist = item.checklist
    if item.gate is not GateKind.SHIP or not item.is_counted:
        raise WrongMoment(
            _("Only a point that holds delivery can be waived. Installation can be let pass by its gate.")
        )
    if item.is_cleared:
        raise WrongMoment(_("This point is settled; there is nothing to waive."))
    if checklist.install_on is not None and checklist.install_on <= today:
        raise WrongMoment(
            _(
                "Installation begins on %(day)s; nothing is waived any more.",
                day=long_day(checklist.install_on),
            )
        )
    if len(name.strip()) < 2:
        raise NotWaivable(_("Say who answers for it, by name."))
    if len(reason.strip()) < 5:
        raise NotWaivable(_("Give the reason in a few words; it stays in the history with your name."))
    if expires_on < today:
        raise NotWaivable(_("That day has passed. Choose today or a later day."))
    latest = latest_day(checklist, today=today)
    if expires_on > latest:
        raise NotWaivable(
            _(
                "A waiver may hold until %(day)s here. Choose that day or an earlier one.",
                day=long_day(latest),
            )
        )
    _end(item, at=at, why=f"Replaced by a waiver of {name.strip()}.")
    waiver = Waiver(
        item_id=item.id,
        name=name,
        reason=reason,
        given_at=at,
        given_by_id=actor_id,
        expires_on=expires_on,
        ended_why="",
    )
    db.session.add(waiver)
    item.waived_until = expires_on
    db.session.flush()
    record(
        ItemWaived(
            at=at,
            actor_id=actor_id,
            project_id=checklist.project_id,
            checklist_id=checklist.id,
            item_id=item.id,
            requirement=item.requirement.get("en", ""),
            name=waiver.name,
            reason=waiver.reason,
            until=expires_on,
        )
    )
    return waiver


def end_waiver(item: ReadinessItem, *, why: str, at: datetime, actor_id: int | None) -> bool:
    """Let an item hold shipping again, if it is still open; whether it was waived.

    :param why: one of the constants of this module, or what a person said; `end_words` tells it.
    """
    answering.lock(item)
    if item.waived_until is None:
        return False
    name = _end(item, at=at, why=why)
    item.waived_until = None
    record(
        WaiverEnded(
            at=at,
            actor_id=actor_id,
            project_id=item.checklist.project_id,
            checklist_id=item.checklist_id,
            item_id=item.id,
            requirement=item.requirement.get("en", ""),
            name=name,
            why=why,
        )
    )
    return True


def end_all(checklist: Checklist, *, why: str, at: datetime, actor_id: int | None) -> int:
    """Let every waived item hold again, as when installation begins; how many there were."""
    return sum(end_waiver(item, why=why, at=at, actor_id=actor_id) for item in checklist.items)


def end_what_is_over(checklist: Checklist, *, today: date, at: datetime) -> int:
    """End waivers whose last day has passed, and all of them when installation begins; how many ended."""
    if checklist.install_on is not None and checklist.install_on <= today:
        return end_all(checklist, why=INSTALLING, at=at, actor_id=None)
    return sum(
        end_waiver(item, why=EXPIRED, at=at, actor_id=None)
        for item in checklist.items
        if item.waived_until is not None and item.waived_until < today
    )


def _end(item: ReadinessItem, *, at: datetime, why: str) -> str:
    """End the waivers of an item that still hold; who answered for it."""
    name = ""
    for waiver in queries.waivers_on([item.id]).get(item.id, ()):
        waiver.ended_at, waiver.ended_why, name = at, why, waiver.name
    return name
