"""Who answers calls when: entering, changing and cancelling turns."""

from datetime import datetime, timedelta

from flask_babel import gettext as _
from sqlalchemy import select

from concierge.identity.models import User
from concierge.platform.database import db
from concierge.platform.errors import NotFound, Refused
from concierge.platform.events import record
from concierge.platform.uids import fresh_uid
from concierge.platform.words import instant
from concierge.workforce.clocks import instants
from concierge.workforce.events import TurnCancelled, TurnChanged, TurnEntered
from concierge.workforce.models import OnCallTurn, Technician

LONGEST_TURN = timedelta(days=35)


class Overlapping(Refused):
    """The technician is on call already for part of the time."""


def enter(
    technician: Technician,
    *,
    starts_local: datetime,
    ends_local: datetime,
    note: str = "",
    at: datetime,
    actor_id: int | None,
) -> OnCallTurn:
    """Put a technician on call.

    :param starts_local: wall time where they live, naive, as `ends_local`.
    :raises NoSuchTime: when the clocks there jump over the time.
    :raises EndsTooEarly: when the end does not come after the start.
    :raises Overlapping: when they are on call already for part of it.
    :raises Refused: when the turn is longer than five weeks.
    """
    turn = OnCallTurn(uid=fresh_uid(at=at), created_at=at, note=note)
    _put(turn, technician, starts_local, ends_local)
    db.session.add(turn)
    db.session.flush()
    record(
        TurnEntered(
            at=at,
            actor_id=actor_id,
            user_id=technician.user_id,
            turn_id=turn.id,
            starts_at=turn.starts_at,
            ends_at=turn.ends_at,
        )
    )
    return turn


def change(
    turn: OnCallTurn,
    *,
    technician: Technician,
    starts_local: datetime,
    ends_local: datetime,
    note: str = "",
    at: datetime,
    actor_id: int | None,
) -> None:
    """Give a turn another time, another technician or another note; nothing changed records nothing.

    :raises Refused: as `enter` does, or when the turn has been cancelled.
    """
    _expect_standing(turn)
    user_before, starts_before, ends_before = _user_id(turn), turn.starts_at, turn.ends_at
    before = (turn.technician_id, turn.starts_at, turn.ends_at, turn.note)
    _put(turn, technician, starts_local, ends_local)
    turn.note = note
    if (turn.technician_id, turn.starts_at, turn.ends_at, turn.note) == before:
        return
    turn.sequence += 1
    db.session.flush()
    record(
        TurnChanged(
            at=at,
            actor_id=actor_id,
            user_id=technician.user_id,
            turn_id=turn.id,
            user_before=user_before,
            starts_before=starts_before,
            ends_before=ends_before,
            starts_at=turn.starts_at,
            ends_at=turn.ends_at,
        )
    )


def cancel(turn: OnCallTurn, *, at: datetime, actor_id: int | None) -> None:
    """Call a turn off.

    :raises Refused: when it has been cancelled before.
    """
    _expect_standing(turn)
    turn.cancelled_at = at
    turn.sequence += 1
    db.session.flush()
    record(
        TurnCancelled(
            at=at,
            actor_id=actor_id,
            user_id=_user_id(turn),
            turn_id=turn.id,
            starts_at=turn.starts_at,
            ends_at=turn.ends_at,
        )
    )


def turn_for_change(turn_id: int) -> OnCallTurn:
    """Find a turn, locked until the end of the unit of work.

    :raises NotFound: when there is none.
    """
    turn = db.session.scalar(
        select(OnCallTurn)
        .where(OnCallTurn.id == turn_id)
        .with_for_update(of=OnCallTurn)
        .execution_options(populate_existing=True)
    )
    if turn is None:
        raise NotFound
    return turn


def _put(turn: OnCallTurn, technician: Technician, starts_local: datetime, ends_local: datetime) -> None:
    zone = db.session.get_one(User, technician.user_id).zone
    starts_at, ends_at = instants(starts_local, ends_local, zone=zone)
    if ends_at - starts_at > LONGEST_TURN:
        raise Refused(_("A turn lasts five weeks at most. Enter several turns instead."))
    # Two who enter turns for one technician wait for each other here.
    db.session.execute(select(Technician.id).where(Technician.id == technician.id).with_for_update())
    other = db.session.execute(
        select(OnCallTurn.starts_at, OnCallTurn.ends_at, User.name)
        .join(Technician, Technician.id == OnCallTurn.technician_id)
        .join(User, User.id == Technician.user_id)
        .where(
            OnCallTurn.technician_id == technician.id,
            OnCallTurn.id != (turn.id or 0),
            OnCallTurn.cancelled_at.is_(None),
            OnCallTurn.starts_at < ends_at,
            OnCallTurn.ends_at > starts_at,
        )
        .order_by(OnCallTurn.starts_at)
        .limit(1)
    ).first()
    if other is not None:
        raise Overlapping(
            _(
                "%(name)s is on call already from %(start)s to %(end)s. Change that turn, or choose another time.",
                name=other.name,
                start=instant(other.starts_at, zone),
                end=instant(other.ends_at, zone),
            )
        )
    turn.technician_id, turn.zone = technician.id, zone
    turn.starts_local, turn.ends_local = starts_local, ends_local
    turn.starts_at, turn.ends_at = starts_at, ends_at


def _user_id(turn: OnCallTurn) -> int:
    return db.session.get_one(Technician, turn.technician_id).user_id


def _expect_standing(turn: OnCallTurn) -> None:
    if turn.cancelled_at is not None:
        raise Refused(_("This turn has been cancelled. Enter a new one instead."))
