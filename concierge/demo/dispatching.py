"""The demo's dispatcher looks the coming weeks through: who is needed twice hands a visit on, and little stays bent."""

from contextlib import suppress
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import joinedload, selectinload

from concierge.catalogue.states import VisitKind
from concierge.core.dispatch import Rule
from concierge.core.spans import Span
from concierge.platform.database import db
from concierge.platform.errors import Refused
from concierge.visits import feasibility
from concierge.visits.actions import arranging, progress
from concierge.visits.models import BrokenRule, Visit
from concierge.visits.states import COMING, FOLLOWING_THE_PLAN

SAID = "Agreed with everybody by phone."
TOLD = frozenset({Rule.HOURS})
"""What somebody has agreed to now and then; the first of such visits stay as they are."""
MOST_TOLD = 2


def dispatch(*, at: datetime, dispatcher_id: int) -> None:
    """Find others for coming visits whose people have something else then; nobody free: they wait in the tray.

    Who stands in the way of most others hands on first, so that few have to.
    """
    visits = _bent(at)
    against = {visit.id: len(_broken(visit)) for visit in visits}
    told = 0
    for visit in sorted(visits, key=lambda one: (-against[one.id], one.starts_at, one.id)):
        broken = _broken(visit)
        rules = {one.rule for one in broken}
        if not rules:  # somebody else has handed theirs on meanwhile
            continue
        if rules <= TOLD and told < MOST_TOLD:
            told += 1
            continue
        unfit = {one.user_id for one in broken}
        staying = [user_id for user_id in visit.technician_ids if user_id not in unfit]
        hand_on(visit, staying, at=at, dispatcher_id=dispatcher_id)


def _bent(at: datetime) -> list[Visit]:
    is_bent = (
        sa.select(BrokenRule.id)
        .where(BrokenRule.visit_id == Visit.id, BrokenRule.user_id.is_not(None), BrokenRule.gone_at.is_(None))
        .exists()
    )
    question = (
        sa.select(Visit)
        .where(Visit.state.in_(COMING), Visit.ends_at > at, is_bent)
        .options(joinedload(Visit.site), selectinload(Visit.crew_members))
        .order_by(Visit.starts_at, Visit.id)
    )
    return list(db.session.scalars(question.execution_options(populate_existing=True)))


def _broken(visit: Visit) -> list[feasibility.Conflict]:
    """What stands against who goes now, a reason or not."""
    return [one for one in feasibility.grave_conflicts([visit]).get(visit.id, ()) if one.user_id is not None]


def hand_on(visit: Visit, staying: list[int], *, at: datetime, dispatcher_id: int) -> None:
    """Find others beside those who still go to a visit; fewer go when nobody is free.

    :param visit: with site and people.
    """
    was_sure = visit.state not in FOLLOWING_THE_PLAN
    if was_sure:
        progress.release(visit, at=at, actor_id=dispatcher_id)
    found = feasibility.candidates(
        visit.site,
        Span(visit.starts_at, visit.ends_at),
        skill=visit.skill,
        level=visit.level,
        is_remote=visit.kind is VisitKind.REMOTE_CALL,
        except_visit_id=visit.id,
    )
    free = [int(one.person.key) for one in found if one.is_free]
    ids = [*staying, *(user_id for user_id in free if user_id not in staying)][: visit.crew]
    arranging.assign_technicians(
        visit, technician_ids=ids, site=visit.site, conflict_reason=SAID, at=at, actor_id=dispatcher_id
    )
    db.session.refresh(visit, ["crew_members"])
    if was_sure and len(ids) == visit.crew:
        with suppress(Refused):
            progress.confirm(visit, conflict_reason=SAID, at=at, actor_id=dispatcher_id)
