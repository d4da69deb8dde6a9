"""Wall times stay when a country changes its clocks: instants are computed anew by newer rules of time zones."""

import zoneinfo
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import selectinload

from concierge.platform.database import db
from concierge.platform.events import RecordedEvent, record
from concierge.visits.actions import judging
from concierge.visits.clocks import nearest_stay
from concierge.visits.events import VisitMoved, ZoneRulesChanged
from concierge.visits.models import Visit
from concierge.visits.states import OVER
from concierge.workforce.models import OnCallTurn

CAUSE = "zone rules"
"""What is said to have moved a visit whose wall time stayed."""
UNKNOWN = "unknown"


def rules_version() -> str:
    """Which edition of the time-zone rules is in use, such as ``2026a``."""
    for folder in zoneinfo.TZPATH:
        for name, prefix in (("tzdata.zi", "# version "), ("+VERSION", "")):
            try:
                with (Path(folder) / name).open(encoding="ascii") as file:
                    first = file.readline().strip()
            except (OSError, UnicodeDecodeError):
                continue
            if first.startswith(prefix) and first != prefix.strip():
                return first.removeprefix(prefix)[:40]
        if (Path(folder) / "Europe").is_dir():
            return UNKNOWN  # rules without a name: nobody can say which
    try:
        return f"python-{metadata.version('tzdata')}"
    except metadata.PackageNotFoundError:
        return UNKNOWN


def follow_rules(*, at: datetime, version: str | None = None) -> ZoneRulesChanged | None:
    """Compute the instants of what is to come anew, if the rules are of another edition than the last time.

    Only what is at another instant is changed; its wall time stays. A wall time that the clocks now jump over
    moves on as they do.

    :param version: the edition in use; asked of the machine when left out.
    :return: what was recorded; `None` when the edition is the one that is known.
    """
    now_in_use = rules_version() if version is None else version
    before = _known_version()
    if before == now_in_use and now_in_use != UNKNOWN:
        return None
    ZoneInfo.clear_cache()
    moved = [visit.id for visit in _coming_visits(at) if _follow(visit, at=at)]
    turns = [turn.id for turn in _coming_turns(at) if _follow_turn(turn)]
    if before == now_in_use and not moved and not turns:
        return None
    db.session.flush()
    judging.look_again(moved, at=at)
    event = ZoneRulesChanged(
        at=at,
        actor_id=None,
        version_before=before,
        version_after=now_in_use,
        visit_ids=tuple(moved),
        turn_ids=tuple(turns),
    )
    record(event)
    return event


def _known_version() -> str:
    """The edition of the last time; empty when there was none."""
    last = db.session.scalar(
        sa.select(RecordedEvent)
        .where(RecordedEvent.name == ZoneRulesChanged.__name__)
        .order_by(RecordedEvent.id.desc())
        .limit(1)
    )
    return str(last.payload["version_after"]) if last else ""


def _coming_visits(at: datetime) -> Sequence[Visit]:
    return db.session.scalars(
        sa.select(Visit)
        .where(Visit.ends_at > at, Visit.state.not_in(OVER))
        .options(selectinload(Visit.crew_members))
        .order_by(Visit.id)
        .with_for_update(of=Visit)
        .execution_options(populate_existing=True)
    ).all()


def _coming_turns(at: datetime) -> Sequence[OnCallTurn]:
    return db.session.scalars(
        sa.select(OnCallTurn)
        .where(OnCallTurn.ends_at > at, OnCallTurn.cancelled_at.is_(None))
        .order_by(OnCallTurn.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()


def _follow(visit: Visit, *, at: datetime) -> bool:
    when = nearest_stay(visit.starts_local, visit.ends_local, zone=visit.zone, fold=visit.fold)
    if (when.starts_at, when.ends_at) == (visit.starts_at, visit.ends_at):
        return False
    before = visit.starts_at
    visit.starts_local, visit.ends_local, visit.fold = when.starts_local, when.ends_local, when.fold
    visit.starts_at, visit.ends_at = when.starts_at, when.ends_at
    visit.sequence += 1
    db.session.flush()
    going = visit.technician_ids
    record(
        VisitMoved(
            at=at,
            actor_id=None,
            project_id=visit.project_id,
            visit_id=visit.id,
            title=visit.title,
            technicians_before=going,
            technicians_after=going,
            starts_before=before,
            starts_at=visit.starts_at,
            ends_at=visit.ends_at,
            cause=CAUSE,
        )
    )
    return True


def _follow_turn(turn: OnCallTurn) -> bool:
    zone = ZoneInfo(turn.zone)
    starts_at = turn.starts_local.replace(tzinfo=zone).astimezone(UTC)
    ends_at = turn.ends_local.replace(tzinfo=zone).astimezone(UTC)
    if (starts_at, ends_at) == (turn.starts_at, turn.ends_at) or starts_at >= ends_at:
        return False
    turn.starts_at, turn.ends_at = starts_at, ends_at
    turn.sequence += 1
    return True
