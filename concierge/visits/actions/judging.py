"""Which rules visits break: refused without a reason, kept with one, gone when they are no longer broken.

A row of `broken_rules` is found, and found to be gone, by the same question that refuses a booking. Verbs ask it of
the visits they change, and of those whose way they cross or no longer cross; what else changes (hours, leave,
certificates, sites) asks `look_again` of the visits it concerns, and a nightly chore of all that are to come.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import joinedload, selectinload

from concierge.platform import clock, deliveries
from concierge.platform.database import db
from concierge.platform.prepared import Rows
from concierge.platform.statements import any_of
from concierge.visits import feasibility, queries
from concierge.visits.actions import checks, claiming
from concierge.visits.feasibility import Conflict
from concierge.visits.models import BrokenRule, Visit
from concierge.visits.states import OVER
from concierge.workforce.models import Technician

TOGETHER = 100
"""So many visits are looked at in one transaction."""
LOOK = "visits.actions.judging.look_at_ordered"


def settle(
    visits: Sequence[Visit], *, reason: str = "", at: datetime, actor_id: int | None
) -> Mapping[int, tuple[Conflict, ...]]:
    """Make sure that visits may be as they are now, all together; keep the rules they break, and claim their people.

    Rules about the time alone are broken without a reason only where nobody is there to give one: nobody goes yet,
    or no person acts. Site, people and attendees are written.

    :return: what they break, by visit id.
    :raises Conflicting: when a rule is newly broken and no reason is given or none helps, or when the same moment
        brought another booking. Nothing of the rules and claims is written then.
    """
    rows = _prepare(visits)
    found = feasibility.grave_conflicts(visits)
    new: dict[int, set[str]] = {}
    unsettled: list[Conflict] = []
    for visit in visits:
        accepted = {row.about for row in rows.get(visit.id, ()) if row.reason and row.gone_at is None}
        open_ = [one for one in found.get(visit.id, ()) if not one.is_breakable or one.about not in accepted]
        new[visit.id] = {one.about for one in open_}
        asked = actor_id is not None and bool(visit.crew_members)
        unsettled += [one for one in open_ if asked or one.user_id is not None]
    checks.expect_reason(unsettled, reason)
    claiming.let_go([visit.id for visit in visits])
    for visit in visits:
        against = found.get(visit.id, ())
        _excuse(visit, against, new[visit.id], reason)
        given = {one.about: reason for one in against if one.about in new[visit.id]}
        _keep(visit, rows.get(visit.id, ()), against, given, at=at, actor_id=actor_id)
    db.session.flush()
    claiming.claim(visits)
    _look_beside(visits, rows, found, at=at)
    return found


def note(visits: Sequence[Visit], *, at: datetime) -> Mapping[int, tuple[Conflict, ...]]:
    """Keep which rules visits break that nobody moved by hand; return what a person has to decide, by visit id.

    That is what nobody has given a reason for, but for what was so before about the time alone. Whoever lets the
    visits wait then claims their people.
    """
    rows = _prepare(visits)
    found = feasibility.grave_conflicts(visits)
    claiming.let_go([visit.id for visit in visits])
    to_decide = {}
    for visit in visits:
        standing = [row for row in rows.get(visit.id, ()) if row.gone_at is None]
        accepted = {row.about for row in standing if row.reason or row.user_id is None}
        against = found.get(visit.id, ())
        open_ = tuple(one for one in against if not one.is_breakable or one.about not in accepted)
        if open_:
            to_decide[visit.id] = open_
        _keep(visit, rows.get(visit.id, ()), against, {}, at=at, actor_id=None)
    _look_beside(visits, rows, found, at=at)
    return to_decide


def look_again(
    visit_ids: Collection[int], *, insists: bool = False, at: datetime
) -> Mapping[int, tuple[Conflict, ...]]:
    """Keep which rules visits break now, whatever changed around them; what is over breaks none any more.

    :param insists: whether two bookings at once that nobody gave a reason for are refused; else they are kept.
    :return: what they break that they did not before, by visit id.
    :raises Conflicting: when they are refused.
    """
    visits = db.session.scalars(
        sa.select(Visit)
        .where(Visit.id.in_(visit_ids))
        .options(joinedload(Visit.site), selectinload(Visit.crew_members))
        .order_by(Visit.id)
        .with_for_update(of=Visit)
        .execution_options(populate_existing=True)
    ).all()
    if not visits:
        return {}
    claiming.renew(visits, insists=insists)
    rows = _rows(visits)
    found = feasibility.grave_conflicts([visit for visit in visits if visit.state not in OVER])
    new = {}
    for visit in visits:
        known = rows.get(visit.id, ())
        against = found.get(visit.id, ())
        # What was accepted before rules were kept one by one stays accepted.
        reasons = {member.user_id: member.conflict_reason for member in visit.crew_members}
        given = {one.about: reasons.get(one.user_id or 0, "") for one in against} if not known else {}
        standing = {row.about for row in known if row.gone_at is None}
        if fresh := tuple(one for one in against if one.about not in standing):
            new[visit.id] = fresh
        _keep(visit, known, against, given, at=at, actor_id=None)
    db.session.flush()
    return new


def order_all(*, at: datetime) -> None:
    """Order all visits to come to be looked at again, some at a time."""
    ids = queries.coming_visit_ids(at=at)
    parts = [list(ids[start : start + TOGETHER]) for start in range(0, len(ids), TOGETHER)]
    deliveries.enqueue_many(
        [(LOOK, {"visit_ids": part}, f"{LOOK}:{part[0]}:{at.isoformat()}") for part in parts], queue="chores"
    )


def look_at_ordered(args: dict[str, Any]) -> None:  # Any: JSON
    """Look again at the visits of one order."""
    look_again(args["visit_ids"], at=clock.now())


deliveries.register(LOOK, look_at_ordered)


def forget(visit: Visit, *, at: datetime) -> None:
    """Note that a visit that is over takes nobody's time and breaks no rule."""
    rows = _prepare([visit])
    claiming.let_go([visit.id])
    _keep(visit, rows.get(visit.id, ()), (), {}, at=at, actor_id=None)
    db.session.flush()
    _look_beside([visit], rows, {}, at=at)


def _look_beside(
    visits: Sequence[Visit],
    rows: Mapping[int, Sequence[BrokenRule]],
    found: Mapping[int, Sequence[Conflict]],
    *,
    at: datetime,
) -> None:
    """Judge anew the visits in whose way these lay or lie now; nearly always there are none."""
    ids = {visit.id for visit in visits}
    beside = {row.visit_id for known in rows.values() for row in known}
    beside |= {one.visit_id for against in found.values() for one in against if one.visit_id is not None}
    if beside - ids:
        look_again(beside - ids, at=at)


def _prepare(visits: Sequence[Visit]) -> Mapping[int, Sequence[BrokenRule]]:
    """Let nobody else send these people until the commit, and read what is known."""
    db.session.flush()
    user_ids = {user_id for visit in visits for user_id in visit.technician_ids}
    if user_ids and db.engine.dialect.name == "postgresql":  # SQLite has one writer anyhow
        of_people = sa.select(Technician.id).where(Technician.user_id.in_(user_ids)).order_by(Technician.id)
        db.session.execute(of_people.with_for_update())
    return _rows(visits)


def _rows(visits: Sequence[Visit]) -> Mapping[int, Sequence[BrokenRule]]:
    found: dict[int, list[BrokenRule]] = {}
    for row in _KNOWN.all(visit_ids=sorted(visit.id for visit in visits)):
        found.setdefault(row.visit_id, []).append(row)
    return found


def _excuse(visit: Visit, against: Sequence[Conflict], new: Collection[str], reason: str) -> None:
    """Write beside each person why they go although something stands against it."""
    for member in visit.crew_members:
        theirs = [one for one in against if one.user_id == member.user_id]
        is_new = any(one.about in new for one in theirs)
        member.conflict_reason = ((is_new and reason) or member.conflict_reason or "") if theirs else ""


def _keep(
    visit: Visit,
    known: Sequence[BrokenRule],
    against: Sequence[Conflict],
    given: Mapping[str, str],
    *,
    at: datetime,
    actor_id: int | None,
) -> None:
    """Write what a visit breaks now; what it no longer breaks is marked so where a reason stands, else removed."""
    rows = {row.about: row for row in known}
    for one in against:
        row = rows.pop(one.about, None)
        if row is None:
            row = BrokenRule(
                visit_id=visit.id, rule=one.rule, about=one.about, user_id=one.user_id, found_at=at
            )
            row.reason, row.given_at = "", None
            db.session.add(row)
        row.starts_at, row.ends_at = one.starts_at, max(one.ends_at, one.starts_at)
        row.words, row.minutes, row.other_visit_id = one.words, one.minutes, one.visit_id
        row.gone_at = None
        if reason := given.get(one.about, "").strip():
            row.reason, row.given_at, row.given_by_id = reason, at, actor_id
    for row in rows.values():
        if row.reason:
            row.gone_at = row.gone_at or at
        else:
            db.session.delete(row)


_KNOWN = Rows(
    sa.select(BrokenRule)
    .where(sa.or_(any_of(BrokenRule.visit_id, "visit_ids"), any_of(BrokenRule.other_visit_id, "visit_ids")))
    .order_by(BrokenRule.id),
    anew=True,
)
