"""Asking to be away, and deciding on it."""

from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from concierge.platform import clock
from concierge.platform.database import db
from concierge.platform.errors import NotFound, Refused
from concierge.platform.events import record
from concierge.platform.words import day
from concierge.workforce import queries
from concierge.workforce.actions.technicians import refuse_disorder, refuse_skipped
from concierge.workforce.calendars import away_span
from concierge.workforce.events import LeaveApproved, LeaveRefused, LeaveRequested, LeaveWithdrawn
from concierge.workforce.models import Absence, LeaveRequest, Technician
from concierge.workforce.states import LEAVE_FOLLOWS, AbsenceKind, LeaveState

LONGEST_DAYS = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """When somebody asks to be away, and why: days inclusive, times where they live as of an absence."""

    kind: AbsenceKind
    first_on: date
    last_on: date
    from_time: time | None = None
    to_time: time | None = None
    note: str = ""


class Overlapping(Refused):
    """The technician is away, or asks to be, on part of these days already."""


class OwnLeave(Refused):
    """Nobody decides on their own leave."""


def ask(technician: Technician, wish: Wish, *, at: datetime, actor_id: int | None) -> LeaveRequest:
    """Ask to be away.

    :param technician: with user loaded.
    :raises Refused: when it ends before it begins or has passed, is too long, falls on no working hours, or names
        a time that the clocks jump over.
    :raises Overlapping: when part of it is asked for already, or they are away then anyhow.
    """
    zone = technician.user.zone
    refuse_disorder(wish.first_on, wish.last_on, wish.from_time, wish.to_time)
    refuse_skipped(wish, zone)
    if wish.last_on < clock.day_at(at, zone):
        raise Refused(_("These days have passed. Ask your dispatcher to enter the absence."))
    if (wish.last_on - wish.first_on).days >= LONGEST_DAYS:
        raise Refused(_("Leave lasts %(count)s days at most. Ask for it in parts.", count=LONGEST_DAYS))
    queries.lock_technician(technician.id)
    _refuse_overlap(technician.id, wish)
    _refuse_idle(technician, wish)
    request = LeaveRequest(
        technician_id=technician.id,
        kind=wish.kind,
        first_on=wish.first_on,
        last_on=wish.last_on,
        from_time=wish.from_time,
        to_time=wish.to_time,
        note=wish.note,
        requested_at=at,
        requested_by_id=actor_id,
    )
    db.session.add(request)
    db.session.flush()
    record(
        LeaveRequested(
            at=at,
            actor_id=actor_id,
            **_about(request, technician),
        )
    )
    return request


def approve(leave_id: int, *, answer: str = "", at: datetime, actor_id: int | None) -> Absence:
    """Let somebody be away as they asked; the absence says so from now on.

    :raises NotFound: when there is no such request.
    :raises OwnLeave: when it is one's own.
    :raises Refused: when it is decided already, or they are away by now on part of these days.
    """
    request = _to_decide(leave_id, LeaveState.APPROVED, actor_id)
    queries.lock_technician(request.technician_id)
    _refuse_overlap(request.technician_id, request, except_id=request.id)
    absence = Absence(
        technician_id=request.technician_id,
        kind=request.kind,
        first_on=request.first_on,
        last_on=request.last_on,
        from_time=request.from_time,
        to_time=request.to_time,
    )
    db.session.add(absence)
    db.session.flush()
    _decide(request, LeaveState.APPROVED, answer, at=at, actor_id=actor_id)
    request.absence_id = absence.id
    db.session.flush()
    record(
        LeaveApproved(
            at=at,
            actor_id=actor_id,
            **_about(request, request.technician),
            absence_id=absence.id,
        )
    )
    return absence


def refuse(leave_id: int, *, reason: str, at: datetime, actor_id: int | None) -> None:
    """Say that somebody cannot be away as they asked, and why.

    :raises NotFound: when there is no such request.
    :raises OwnLeave: when it is one's own.
    :raises Refused: without a reason, or when it is decided already.
    """
    if not reason.strip():
        raise Refused(_("Say why, so that the technician can ask for other days."))
    request = _to_decide(leave_id, LeaveState.REFUSED, actor_id)
    _decide(request, LeaveState.REFUSED, reason.strip(), at=at, actor_id=actor_id)
    db.session.flush()
    record(
        LeaveRefused(
            at=at,
            actor_id=actor_id,
            **_about(request, request.technician),
            reason=request.answer,
        )
    )


def withdraw(leave_id: int, *, reason: str = "", at: datetime, actor_id: int | None) -> None:
    """Take a request back; an absence that came of it goes with it, unless it has passed.

    :raises NotFound: when there is no such request.
    :raises Refused: when it was refused or withdrawn, or the leave is over.
    """
    request = leave_for_change(leave_id)
    _expect(request, LeaveState.WITHDRAWN)
    was_approved = request.state is LeaveState.APPROVED
    if was_approved and request.last_on < clock.day_at(at, request.technician.user.zone):
        raise Refused(_("This leave is over; it stays as it was."))
    absence_id = request.absence_id or 0
    _decide(request, LeaveState.WITHDRAWN, reason.strip(), at=at, actor_id=actor_id)
    request.absence_id = None
    db.session.flush()
    absence = db.session.get(Absence, absence_id) if absence_id else None
    if absence is not None:
        db.session.delete(absence)
        db.session.flush()
    record(
        LeaveWithdrawn(
            at=at,
            actor_id=actor_id,
            **_about(request, request.technician),
            was_approved=was_approved,
            absence_id=absence_id,
            reason=request.answer,
        )
    )


def leave_for_change(leave_id: int) -> LeaveRequest:
    """Find a request with its technician, locked until the end of the unit of work.

    :raises NotFound: when there is none.
    """
    request = db.session.scalar(
        select(LeaveRequest)
        .where(LeaveRequest.id == leave_id)
        .with_for_update(of=LeaveRequest)
        .options(joinedload(LeaveRequest.technician).joinedload(Technician.user))
        .execution_options(populate_existing=True)
    )
    if request is None:
        raise NotFound
    return request


def _to_decide(leave_id: int, to: LeaveState, actor_id: int | None) -> LeaveRequest:
    request = leave_for_change(leave_id)
    _expect(request, to)
    if actor_id is not None and request.technician.user_id == actor_id:
        raise OwnLeave(_("Nobody decides on their own leave. Ask somebody else to do it."))
    return request


def _expect(request: LeaveRequest, to: LeaveState) -> None:
    if to in LEAVE_FOLLOWS[request.state]:
        return
    match request.state:
        case LeaveState.APPROVED:
            raise Refused(_("This leave is approved already. Withdraw it if it is not to be."))
        case LeaveState.REFUSED:
            raise Refused(_("This leave was refused already. Ask for other days instead."))
        case _:
            raise Refused(_("This request was withdrawn. Ask anew if the leave is wanted after all."))


def _about(request: LeaveRequest, technician: Technician) -> dict[str, Any]:  # Any: fields of an event
    """What every event about a request says of it."""
    return {
        "user_id": technician.user_id,
        "leave_id": request.id,
        "kind": request.kind.value,
        "first_on": request.first_on,
        "last_on": request.last_on,
    }


def _decide(
    request: LeaveRequest, state: LeaveState, answer: str, *, at: datetime, actor_id: int | None
) -> None:
    request.state, request.answer = state, answer
    request.decided_at, request.decided_by_id = at, actor_id


def _refuse_overlap(technician_id: int, wish: Wish | LeaveRequest, *, except_id: int = 0) -> None:
    """Compare with what is asked for and with absences, by the wall clock where they live."""
    wanted = away_span(wish, "UTC")
    others = [
        *db.session.scalars(
            select(LeaveRequest).where(
                LeaveRequest.technician_id == technician_id,
                LeaveRequest.id != except_id,
                LeaveRequest.state == LeaveState.REQUESTED,
                LeaveRequest.first_on <= wish.last_on,
                LeaveRequest.last_on >= wish.first_on,
            )
        ),
        *db.session.scalars(
            select(Absence).where(
                Absence.technician_id == technician_id,
                Absence.kind != AbsenceKind.TRAVEL,
                Absence.first_on <= wish.last_on,
                Absence.last_on >= wish.first_on,
            )
        ),
    ]
    for other in others:
        if not wanted.overlaps(away_span(other, "UTC")):
            continue
        days = _days(other.first_on, other.last_on)
        if isinstance(other, LeaveRequest):
            raise Overlapping(
                _(
                    "Leave %(days)s is asked for already. Withdraw that request first, or choose other days.",
                    days=days,
                )
            )
        raise Overlapping(
            _("There is an absence %(days)s already. Choose other days, or have it removed first.", days=days)
        )


def _refuse_idle(technician: Technician, wish: Wish) -> None:
    """Refuse leave in which nobody would have worked: it changes nothing, and is a slip of the pen."""
    place = queries.technician_places([technician.user_id], first_on=wish.first_on, last_on=wish.last_on)[
        technician.user_id
    ]
    if not queries.is_working_time(place, away_span(wish, technician.user.zone)):
        raise Refused(_("You do not work in this time anyhow. Choose days or hours on which you work."))


def _days(first_on: date, last_on: date) -> str:
    if first_on == last_on:
        return _("on %(day)s", day=day(first_on))
    return _("from %(first)s to %(last)s", first=day(first_on), last=day(last_on))
