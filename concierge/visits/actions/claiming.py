"""The time for which visits take people: written here alone, and defended by the database.

Whoever changes a visit's time, people or state lets its claims go first, has everything written and judged, then
claims anew, so that two visits can swap their people in one act.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import TypedDict

import sqlalchemy as sa
from flask_babel import gettext as _
from sqlalchemy.exc import IntegrityError

from concierge.accounts.models import Site
from concierge.core.dispatch import bound
from concierge.core.spans import Span
from concierge.platform.database import UtcInstant, db
from concierge.platform.prepared import Question, rows_by_id
from concierge.platform.said import Writing
from concierge.platform.statements import any_of
from concierge.projects import calendars
from concierge.visits.actions.checks import Conflicting
from concierge.visits.models import Claim, Visit, VisitTechnician
from concierge.visits.states import OVER


class _Claimed(TypedDict):
    member_id: int
    user_id: int
    from_at: datetime
    to_at: datetime


def let_go(visit_ids: Collection[int]) -> None:
    """Take back what visits claim; until they claim again, whole stays count as taken."""
    db.session.flush()
    db.session.connection().execute(_LETTING_GO, {"visit_ids": sorted(visit_ids)})


def claim(visits: Sequence[Visit], *, insists: bool = True) -> None:
    """Claim the people of visits for as long as these bind them; one that is over claims nobody.

    Where a reason stands at the person or the visit waits for a decision, what overlaps is kept and not defended.

    :param insists: whether any other overlap is refused; else it is kept as well.
    :raises Conflicting: when somebody else has booked a person for that time in the meantime.
    """
    rows: list[_Claimed] = [
        {"member_id": member.id, "user_id": member.user_id, "from_at": span.from_at, "to_at": span.to_at}
        for visit in visits
        if visit.state not in OVER and visit.crew_members
        for span in _bound(visit)
        for member in visit.crew_members
        if span.to_at is not None
    ]
    if not rows:
        return
    excused = {
        member.id
        for visit in visits
        for member in visit.crew_members
        if member.conflict_reason or visit.needs_decision
    }
    firm = _firm(rows)
    claims = []
    for row in rows:
        span = Span(row["from_at"], row["to_at"])
        there = firm.setdefault(row["user_id"], [])
        may_overlap = not insists or row["member_id"] in excused
        is_firm = not may_overlap or not any(span.overlaps(one) for one in there)
        if is_firm:
            there.append(span)
        claims.append({**row, "is_firm": is_firm})
    try:
        _CLAIMING.done(db.session.connection(), claims)
    except IntegrityError as error:
        raise Conflicting(
            _("Somebody was booked for that time in the same moment. Choose somebody else or another time.")
        ) from error


def renew(visits: Sequence[Visit], *, insists: bool = True) -> None:
    """Let go what visits claim and claim it anew, as they are now.

    :raises Conflicting: as `claim` does.
    """
    if visits:
        let_go([visit.id for visit in visits])
        claim(visits, insists=insists)


def _bound(visit: Visit) -> tuple[Span[datetime], ...]:
    stay = Span(visit.starts_at, visit.ends_at)
    if (visit.ends_local.date() - visit.starts_local.date()).days < 2:
        return (stay,)  # no whole day lies in it
    site = rows_by_id(Site, [visit.site_id])[visit.site_id]
    return bound(stay, calendars.site_place(site))


def _firm(rows: Sequence[_Claimed]) -> dict[int, list[Span[datetime]]]:
    """What is claimed firmly already of people in the time of some rows."""
    asked = {
        "user_ids": sorted({row["user_id"] for row in rows}),
        "from_at": min(row["from_at"] for row in rows),
        "to_at": max(row["to_at"] for row in rows),
    }
    found: dict[int, list[Span[datetime]]] = {}
    for user_id, from_at, to_at in _FIRM.all(**asked):
        found.setdefault(user_id, []).append(Span(from_at, to_at))
    return found


_LETTING_GO = sa.delete(Claim).where(
    Claim.member_id.in_(sa.select(VisitTechnician.id).where(any_of(VisitTechnician.visit_id, "visit_ids")))
)
_CLAIMING = Writing(sa.insert(Claim))
_FIRM = Question(
    sa.select(Claim.user_id, Claim.from_at, Claim.to_at).where(
        any_of(Claim.user_id, "user_ids"),
        Claim.is_firm,
        Claim.from_at < sa.bindparam("to_at", type_=UtcInstant),
        Claim.to_at > sa.bindparam("from_at", type_=UtcInstant),
    )
)
