"""Holding what an enquiry was answered: its units of stock, and the people who would come.

What is held is held until an instant that stands in the rows themselves, so that a hold that is over keeps nothing
from anybody, whether or not anything has run since. Two holds of the same unit or person the database refuses.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

import sqlalchemy as sa
from flask_babel import gettext as _
from sqlalchemy.exc import IntegrityError

from concierge.catalogue.states import MilestoneKind
from concierge.core.promise import Goods, Supply
from concierge.enquiries import queries
from concierge.enquiries.events import HoldExtended, HoldReleased, UnitsHeld
from concierge.enquiries.models import Enquiry, HeldUnit, StockHold, StockReservation
from concierge.enquiries.queries import Promise
from concierge.enquiries.states import EnquiryState, HoldEnd, Pace
from concierge.platform.database import db
from concierge.platform.errors import Refused
from concierge.platform.events import record
from concierge.workforce.actions import holding as people


class TakenMeanwhile(Refused):
    """Somebody else took a unit or a person since the answer was read."""


def hold(
    enquiry: Enquiry, *, pace: Pace, seen: str = "", workdays: int, at: datetime, actor_id: int
) -> StockHold:
    """Keep the units and the people of an answer for so many working days of ours.

    :param enquiry: whole and locked.
    :param seen: the `Reply.fingerprint` that somebody read; another answer than that is not held. Empty: any.
    :raises TakenMeanwhile: when the answer is another one by now, or somebody takes part of it in the same moment.
        After that nothing more can be done in the transaction.
    :raises Refused: when the enquiry is over, holds already, or has no answer for every unit.
    """
    _expect_open(enquiry)
    if queries.holds_now(queries.last_hold(enquiry), at):
        raise Refused(_("This enquiry holds units already. Release them first."))
    known = queries.material(enquiry, at=at, hold_workdays=workdays)
    people.lock([int(person.key) for person in known.team.people])
    known = queries.material(enquiry, at=at, hold_workdays=workdays)
    reply = queries.replied(known, pace=pace, with_chances=False)
    if seen and reply.fingerprint != seen:
        raise TakenMeanwhile(
            _("Stock or people have changed since you looked. Nothing is held; this is the answer now.")
        )
    if not reply.is_whole:
        raise Refused(
            _("Not every unit has a day yet, so there is nothing to hold. See what stands against it.")
        )
    expires_at, _last_on = queries.expiry(at, workdays=workdays)
    row = StockHold(
        enquiry_id=enquiry.id,
        held_by_id=actor_id,
        held_at=at,
        expires_at=expires_at,
        pace=pace,
        units=[],
    )
    db.session.add(row)
    db.session.flush()
    try:
        for one in reply.promises:
            _keep(row, one, enquiry, at=at, actor_id=actor_id)
        db.session.flush()
    except (IntegrityError, people.HeldAlready) as error:
        raise TakenMeanwhile(
            _(
                "Somebody else held part of this in the same moment. Nothing is held; this is the next answer, "
                "without what is taken."
            )
        ) from error
    record(
        UnitsHeld(
            at=at,
            actor_id=actor_id,
            enquiry_id=enquiry.id,
            code=enquiry.code,
            customer=enquiry.customer,
            hold_id=row.id,
            units=sum(len(one.laid.job.units) for one in reply.promises),
            expires_at=expires_at,
        )
    )
    return row


def _keep(row: StockHold, one: Promise, enquiry: Enquiry, *, at: datetime, actor_id: int) -> None:
    """Write what a job gets: a row for each unit, its stock, and once the times of its people."""
    answer = one.answer
    window, handover_on, plan = answer.window, answer.handover_on, answer.plan
    assert window is not None  # noqa: S101 # the reply is whole
    assert window.to_at is not None and handover_on is not None and plan is not None  # noqa: S101, PT018 # as above
    given = {each.unit: each.goods for each in answer.given}
    first: HeldUnit | None = None
    for unit in one.laid.job.units:
        line_id, _point, number = unit.key.partition(".")
        held = HeldUnit(
            hold_id=row.id,
            line_id=int(line_id),
            number=int(number),
            delivery_on=delivery_on(one),
            window_from_on=window.from_at,
            window_to_on=window.to_at - timedelta(days=1),
            handover_on=handover_on,
        )
        db.session.add(held)
        db.session.flush()
        first = first or held
        goods = given[unit.key]
        if goods is not None:
            db.session.execute(
                sa.insert(StockReservation).values(
                    unit_id=goods.key,
                    held_unit_id=held.id,
                    from_at=at,
                    until_at=row.expires_at,
                    made_by_id=actor_id,
                )
            )
    assert first is not None  # noqa: S101 # a job has units
    for booked in answer.booked:
        for span in booked.binds:
            people.hold(
                [int(key) for key in booked.crew],
                span,
                until=row.expires_at,
                holder=first.holder,
                words=f"{enquiry.code} {enquiry.customer}"[:200],
                at=at,
            )


def delivery_on(one: Promise) -> date | None:
    """The day on which the units of a promise arrive; None where the playbook has no delivery."""
    plan = one.answer.plan
    if plan is None:
        return None
    days = [
        plan.placed[key].finish_on
        for key, milestone in one.laid.milestones.items()
        if milestone.kind is MilestoneKind.DELIVERED and key in plan.placed
    ]
    return max(days, default=None)


def extend(enquiry: Enquiry, *, reason: str, workdays: int, at: datetime, actor_id: int) -> StockHold:
    """Keep for longer what is held, once: so many working days of ours from now.

    :raises Refused: when nothing is held, it was extended already, no reason is given, or a site could no longer be
        ready in time if the order came as late as that.
    """
    row = _holding(enquiry, at)
    if row.extended_at is not None:
        raise Refused(
            _("This hold was extended once already. Release it and hold anew, if there is still enough.")
        )
    if not reason.strip():
        raise Refused(_("Say in a few words why it is held for longer."))
    expires_at, _last_on = queries.expiry(at, workdays=workdays)
    if expires_at <= row.expires_at:
        raise Refused(_("It is held for as long as that already."))
    _refuse_too_late(enquiry, row, at=at, workdays=workdays)
    row.expires_at, row.extended_at, row.extension_reason = expires_at, at, reason
    try:
        db.session.flush()
        db.session.execute(
            sa.update(StockReservation)
            .where(StockReservation.held_unit_id.in_([unit.id for unit in row.units]))
            .values(until_at=expires_at)
            .execution_options(synchronize_session=False)
        )
        for unit in row.units:
            people.prolong(unit.holder, until=expires_at)
    except IntegrityError as error:
        raise TakenMeanwhile(_("Part of this is promised to somebody else from then on.")) from error
    record(
        HoldExtended(
            at=at,
            actor_id=actor_id,
            enquiry_id=enquiry.id,
            code=enquiry.code,
            customer=enquiry.customer,
            hold_id=row.id,
            expires_at=expires_at,
            reason=row.extension_reason,
        )
    )
    return row


def _refuse_too_late(enquiry: Enquiry, row: StockHold, *, at: datetime, workdays: int) -> None:
    """What is held was answered for an order by the end of the hold: with a later one the site may be late."""
    known = queries.material(enquiry, at=at, hold_workdays=workdays)
    ready = Supply(
        tuple(
            Goods(number, line.product, known.today, line.where.country, 0, line.built_in)
            for number, line in enumerate(line for line in known.lines for _each in range(line.quantity))
        )
    )
    reply = queries.replied(known, pace=row.pace, supply=ready, with_people=False, with_chances=False)
    held = {f"{unit.line_id}.{unit.number}": unit.window_from_on for unit in row.units}
    for one in reply.promises:
        window = one.answer.window
        for unit in one.laid.job.units:
            if window is None or unit.key not in held or window.from_at > held[unit.key]:
                raise Refused(
                    _(
                        "If the order came as late as that, the site could not be ready for the days that are held. "
                        "Release them and hold the days of the new answer."
                    )
                )


def release(enquiry: Enquiry, *, at: datetime, actor_id: int) -> None:
    """Give up what is held.

    :raises Refused: when nothing is held.
    """
    _holding(enquiry, at)
    let_go_of(enquiry, at=at, actor_id=actor_id)


def let_go_of(enquiry: Enquiry, *, at: datetime, actor_id: int | None) -> None:
    """As `release`; nothing happens when nothing is held."""
    row = queries.last_hold(enquiry)
    if row is None or not queries.holds_now(row, at):
        return
    end(row, HoldEnd.RELEASED, at=at, actor_id=actor_id)
    record(
        HoldReleased(
            at=at,
            actor_id=actor_id,
            enquiry_id=enquiry.id,
            code=enquiry.code,
            customer=enquiry.customer,
            hold_id=row.id,
        )
    )


def end(row: StockHold, how: HoldEnd, *, at: datetime, actor_id: int | None) -> None:
    """Let a hold keep nothing from now on; its units are loaded."""
    row.ended_at, row.ended_how, row.ended_by_id = at, how, actor_id
    db.session.flush()
    db.session.execute(
        sa.update(StockReservation)
        .where(
            StockReservation.held_unit_id.in_([unit.id for unit in row.units]), StockReservation.until_at > at
        )
        .values(until_at=at)
        .execution_options(synchronize_session=False)
    )
    for unit in row.units:
        people.let_go(unit.holder)


def _holding(enquiry: Enquiry, at: datetime) -> StockHold:
    _expect_open(enquiry)
    row = queries.last_hold(enquiry)
    if row is None or not queries.holds_now(row, at):
        raise Refused(_("Nothing is held any more. Hold it anew, if there is still enough."))
    return row


def _expect_open(enquiry: Enquiry) -> None:
    if enquiry.state is not EnquiryState.OPEN:
        raise Refused(_("This enquiry is over already."))


def units_of(row: StockHold) -> Sequence[HeldUnit]:
    """What a hold holds, line by line."""
    return sorted(row.units, key=lambda unit: (unit.line.position, unit.number))
