"""Letting a customer choose: offering times and holding them, withdrawing, sending again, and what runs out."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from flask_babel import gettext as _

from concierge.accounts.models import Contact
from concierge.core.spans import gaps
from concierge.core.worktime import DAY
from concierge.dispatch import offers
from concierge.dispatch.events import (
    OfferLapsed,
    OfferNoted,
    OfferOvertaken,
    OfferSent,
    OfferWithdrawn,
    TimesOffered,
)
from concierge.dispatch.models import SlotChoice, SlotOffer
from concierge.dispatch.offers import Time
from concierge.dispatch.states import OfferKind, OfferState
from concierge.platform.database import db
from concierge.platform.errors import Refused
from concierge.platform.events import record
from concierge.platform.words import span
from concierge.projects.states import ProjectState
from concierge.readiness.actions import linking
from concierge.visits.actions import working
from concierge.visits.clocks import wall_time
from concierge.visits.models import Visit, WorkOrder
from concierge.visits.states import VisitState
from concierge.visits.words import sentence
from concierge.workforce.actions import holding

FEWEST, MOST = 2, 3
"""Times that a customer is let choose from."""


class NotOffered(Refused):
    """It cannot be offered so."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody of ours wants to offer."""

    kind: OfferKind
    minutes: int
    first_on: date
    last_on: date
    """The days at the site, both included."""
    answer_on: date
    """The last day, at the site, on which may be chosen."""
    times: tuple[Time, ...] = ()
    user_ids: tuple[int, ...] = ()
    """Only these of ours; empty: everybody who can."""
    notice_days: int = 2
    buffer_minutes: int = 0
    moves_allowed: int = 2
    note: str = ""


def offer(work: WorkOrder, contact: Contact, wish: Wish, *, at: datetime, actor_id: int | None) -> SlotOffer:
    """Let one of the customer's people choose when we come; what is offered is held for them.

    Whoever has no link to the customer's page gets one. What was offered for the same work before ends.

    :param work: open, with project, site and milestone, locked so that two offer one after the other.
    :raises NotOffered: when nothing is to be planned, the days cannot be, or a time is not free.
    :raises HeldAlready: when somebody is kept free for something else at one of the times.
    :raises NotGiven: when the person has no mail address, or belongs to somebody else.
    """
    working.expect_open(work)
    project = work.project
    if project.state is not ProjectState.LIVE or project.held_on is not None:
        raise NotOffered(
            _("%(key)s is no running project just now, so nobody can come. Resume or approve it first.",
              key=project.key)
        )  # fmt: skip
    if work.crew < 1:
        raise NotOffered(_("This work needs nobody of ours."))
    if wish.first_on > wish.last_on:
        raise NotOffered(_("The last day lies before the first. Choose a later one."))
    expires_at = datetime.combine(wish.answer_on + DAY, time(), ZoneInfo(work.site.zone))
    if expires_at <= at:
        raise NotOffered(_("That day has passed. Choose a later one by which the customer is to choose."))
    visit = _visit_of(work)
    _end_earlier(work.id, at=at, actor_id=actor_id)
    link = linking.give_link(project, contact, is_mailed=False, at=at, actor_id=actor_id)
    made = SlotOffer(
        project_id=project.id,
        work_order_id=work.id,
        visit_id=visit.id if visit else None,
        link_id=link.id,
        contact_id=contact.id,
        kind=wish.kind,
        minutes=wish.minutes,
        first_on=wish.first_on,
        last_on=wish.last_on,
        user_ids=sorted(set(wish.user_ids)),
        buffer_minutes=wish.buffer_minutes,
        notice_days=wish.notice_days,
        moves_allowed=wish.moves_allowed,
        note=wish.note,
        offered_at=at,
        offered_by_id=actor_id,
        sent_at=at,
        expires_at=expires_at,
        choices=[],
    )
    made.project, made.work_order, made.visit, made.link, made.contact = project, work, visit, link, contact
    times = tuple(sorted(set(wish.times), key=lambda one: one.starts_at))
    if wish.kind is OfferKind.TIMES:
        _expect_free(made, times, at=at)
    elif not offers.free_times(offers.terms_of(made), at=at, most=1):
        raise NotOffered(
            _("Nobody has time for it on those days. Choose more days, other people or a shorter notice.")
        )
    db.session.add(made)
    db.session.flush()
    if wish.kind is OfferKind.TIMES:
        _keep(made, times, at=at)
    record(
        TimesOffered(
            at=at,
            actor_id=actor_id,
            project_id=project.id,
            offer_id=made.id,
            work_order_id=work.id,
            title=work.title,
            name=contact.name,
            count=len(made.choices),
            expires_at=expires_at,
        )
    )
    return made


def withdraw(offer: SlotOffer, *, reason: str, at: datetime, actor_id: int | None) -> None:
    """Take back what was offered; a visit that was booked stays.

    :raises NotOffered: when there is nothing open any more.
    """
    if offer.state is not OfferState.OPEN:
        raise NotOffered(said_of(offer))
    offered_at = offer.sent_at
    _end(offer, OfferState.WITHDRAWN, at=at)
    offer.reason = reason.strip()
    db.session.flush()
    record(
        OfferWithdrawn(
            at=at,
            actor_id=actor_id,
            **about(offer, offer.contact.name),
            reason=offer.reason,
            offered_at=offered_at,
        )
    )


def send_again(offer: SlotOffer, *, at: datetime, actor_id: int | None) -> None:
    """Mail what is offered once more; a link that has run out or was ended is replaced.

    :raises NotOffered: when there is nothing open any more.
    """
    if not offer.is_open(at=at):
        raise NotOffered(said_of(offer))
    link = linking.give_link(offer.project, offer.contact, is_mailed=False, at=at, actor_id=actor_id)
    offer.link_id, offer.link, offer.sent_at = link.id, link, at
    db.session.flush()
    record(
        OfferSent(
            at=at,
            actor_id=actor_id,
            **about(offer, offer.contact.name),
        )
    )


def note(offer: SlotOffer, *, at: datetime, actor_id: int | None) -> None:
    """Take note of what became of an offer, so that nobody is asked about it any more; twice is once."""
    if offer.seen_by_us_at is not None:
        return
    offer.seen_by_us_at = at
    db.session.flush()
    record(
        OfferNoted(
            at=at,
            actor_id=actor_id,
            **about(offer, offer.contact.name),
        )
    )


def lapse(offer: SlotOffer, *, at: datetime) -> bool:
    """End an offer from which nobody chose in time; whether that was so."""
    if offer.state is not OfferState.OPEN or offer.expires_at > at:
        return False
    _end(offer, OfferState.LAPSED, at=at)
    db.session.flush()
    record(
        OfferLapsed(
            at=at,
            actor_id=None,
            **about(offer, offer.contact.name),
        )
    )
    return True


def overtake(found: Iterable[SlotOffer], *, at: datetime, actor_id: int | None) -> None:
    """End offers for work that got its time, or its end, otherwise; what was held is free again."""
    for one in found:
        _overtake(one, is_replaced=False, at=at, actor_id=actor_id)


def settle(work_order_ids: Collection[int], *, at: datetime) -> None:
    """Ask nobody any more about offers for work that has a time again, or needs none."""
    left = sa.update(SlotOffer).where(
        SlotOffer.work_order_id.in_(work_order_ids),
        SlotOffer.state.not_in([OfferState.OPEN, OfferState.BOOKED]),
        SlotOffer.seen_by_us_at.is_(None),
    )
    db.session.execute(left.values(seen_by_us_at=at).execution_options(synchronize_session=False))


def said_of(offer: SlotOffer) -> str:
    """Why nothing can be done with an offer any more, for one of ours."""
    return {
        OfferState.BOOKED: _(
            "%(name)s has chosen already. Move the visit itself instead.", name=offer.contact.name
        ),
        OfferState.WITHDRAWN: _("This offer was withdrawn already."),
        OfferState.LAPSED: _("The time to choose has run out. Offer times anew."),
        OfferState.CALLED_OFF: _("%(name)s called the visit off. Offer times anew.", name=offer.contact.name),
        OfferState.OVERTAKEN: _("It was planned otherwise meanwhile. Nothing is offered any more."),
        OfferState.OPEN: _("The time to choose has run out. Offer times anew."),
    }[offer.state]


def about(offer: SlotOffer, name: str) -> dict[str, Any]:  # Any: values of an event
    """What every event says about an offer.

    :param name: who of the customer's it is about.
    """
    return {
        "project_id": offer.project_id,
        "offer_id": offer.id,
        "work_order_id": offer.work_order_id,
        "title": offer.work_order.title,
        "name": name,
    }


# ---------------------------------------------------------------- inside


def _visit_of(work: WorkOrder) -> Visit | None:
    """The visit that gets the time; nobody may be on the way or at work.

    :raises NotOffered: when somebody is.
    """
    under_way = db.session.scalar(
        sa.select(Visit.id).where(
            Visit.work_order_id == work.id,
            Visit.state.in_([VisitState.ON_ROUTE, VisitState.IN_PROGRESS]),
        )
    )
    if under_way is not None:
        raise NotOffered(_("Somebody is on the way or at work for it. Offer times when that visit is over."))
    return offers.visit_to_book(work)


def _end_earlier(work_order_id: int, *, at: datetime, actor_id: int | None) -> None:
    for one in offers.of_work_in([work_order_id], [OfferState.OPEN, OfferState.BOOKED]):
        _overtake(one, is_replaced=True, at=at, actor_id=actor_id)
    settle([work_order_id], at=at)
    db.session.flush()


def _expect_free(offer: SlotOffer, times: tuple[Time, ...], *, at: datetime) -> None:
    """Make sure that all times may be chosen.

    :raises NotOffered: when one may not, by its first reason.
    """
    if not FEWEST <= len(times) <= MOST:
        raise NotOffered(_("Choose two or three times, or let the customer choose from all that are free."))
    holding.lock({user_id for one in times for user_id in one.user_ids})
    terms, zone = offers.terms_of(offer), offer.work_order.site.zone
    begins = offers.earliest(terms, at=at)
    for one, against in zip(times, offers.judged(terms, times), strict=True):
        when = span(wall_time(one.starts_at, zone), wall_time(one.ends_at, zone))
        if not one.user_ids or len(one.user_ids) < terms.crew:
            raise NotOffered(_("%(when)s: too few people for it. Find times again.", when=when))
        if against:
            said = sentence(against[0])
            raise NotOffered(_("%(when)s is not free any more. %(reason)s", when=when, reason=said))
        if one.starts_at < begins:
            raise NotOffered(
                _("%(when)s comes too soon for the notice that you ask for. Choose a later one.", when=when)
            )
    if offer.expires_at > times[-1].starts_at:
        raise NotOffered(_("The customer could choose after we would have come. Let them choose earlier."))


def _keep(offer: SlotOffer, times: tuple[Time, ...], *, at: datetime) -> None:
    for one in times:
        offer.choices.append(
            SlotChoice(
                starts_at=one.starts_at,
                ends_at=one.ends_at,
                user_ids=list(one.user_ids),
                held_until=offer.expires_at,
                is_ours=True,
            )
        )
    db.session.flush()
    keep_free(offer, times, until=offer.expires_at, at=at)


def keep_free(
    offer: SlotOffer,
    times: tuple[Time, ...],
    *,
    besides: tuple[Time, ...] = (),
    until: datetime,
    at: datetime,
) -> None:
    """Hold people for times of an offer, with their ways, until an instant.

    :param besides: times of the same offer that are held already; what they hold is not held twice.
    :raises HeldAlready: when one of them is held for something else then.
    """
    account = offer.project.account.name
    words = f"{account}: {offer.work_order.title}"[:200]
    terms = offers.terms_of(offer)
    there = offers.kept_free(terms, besides)
    for user_id, spans in offers.kept_free(terms, times).items():
        for one in spans:
            for part in gaps(there.get(user_id, ()), within=one):
                holding.hold([user_id], part, until=until, holder=offer.holder, words=words, at=at)


def _overtake(offer: SlotOffer, *, is_replaced: bool, at: datetime, actor_id: int | None) -> None:
    was_open = offer.state is OfferState.OPEN
    _end(offer, OfferState.OVERTAKEN, at=at)
    offer.seen_by_us_at = offer.seen_by_us_at or at
    db.session.flush()
    if was_open:
        record(
            OfferOvertaken(
                at=at,
                actor_id=actor_id,
                **about(offer, offer.contact.name),
                is_replaced=is_replaced,
                offered_at=offer.sent_at,
            )
        )


def _end(offer: SlotOffer, state: OfferState, *, at: datetime) -> None:
    offer.state, offer.ended_at = state, at
    holding.let_go(offer.holder)
