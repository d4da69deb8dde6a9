"""Visits whose technician will be away, and is there after all: a person says who goes."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa
from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy.orm import selectinload

from concierge.core.dispatch import Rule
from concierge.core.spans import Span
from concierge.platform.database import db
from concierge.platform.events import record_many
from concierge.platform.speech import STAFF
from concierge.platform.words import day
from concierge.visits.actions import progress
from concierge.visits.events import VisitDecided, VisitNeedsDecision
from concierge.visits.feasibility import Conflict
from concierge.visits.models import Visit, VisitTechnician
from concierge.visits.queries import coming_visits_of
from concierge.visits.states import COMING
from concierge.visits.words import sentence

LONGEST_REASON = 500


@dataclass(frozen=True, slots=True)
class Gone:
    """Who is away on which days, both inclusive, as the sentence at a visit says it."""

    user_id: int
    name: str
    first_on: date
    last_on: date

    def sentence(self) -> str:
        """Why a person has to decide, in the present language."""
        if self.first_on == self.last_on:
            return _(
                "%(name)s is away on %(day)s. Send somebody else.", name=self.name, day=day(self.first_on)
            )
        return _(
            "%(name)s is away from %(first)s to %(last)s. Send somebody else.",
            name=self.name,
            first=day(self.first_on),
            last=day(self.last_on),
        )


def question(gone: Gone, span: Span[datetime], *, at: datetime, actor_id: int | None) -> Sequence[Visit]:
    """Let the coming visits of somebody who will be away wait for a person; return them.

    :param span: when they are away. A visit that waits already gets this reason too; what it says twice it says once.
    """
    sentence, events, found = gone.sentence(), [], []
    for visit in coming_visits_of(gone.user_id, span):
        found.append(visit)
        if any(said in visit.needs_decision for said in _sentences(gone)):
            continue
        said = f"{visit.needs_decision} {sentence}".strip()
        visit.needs_decision = said if len(said) <= LONGEST_REASON else sentence[:LONGEST_REASON]
        events.append(_waits(visit, at=at, actor_id=actor_id))
    db.session.flush()
    record_many(events)
    return found


UNFIT = frozenset(
    {Rule.SKILL_MISSING, Rule.SKILL_LEVEL, Rule.SKILL_EXPIRED, Rule.DAY_OFF, Rule.HOURS, Rule.TRAVEL}
)
"""Rules that somebody breaks because their hours, certificates or home are others; leave says so itself."""


def question_unfit(
    user_id: int, found: Mapping[int, Sequence[Conflict]], *, at: datetime, actor_id: int | None
) -> None:
    """Let visits wait for a person on which somebody goes who breaks a rule now that they did not before.

    :param found: what visits break that they did not before, by visit id.
    """
    said = {
        visit_id: first
        for visit_id, conflicts in found.items()
        if (first := next((one for one in conflicts if one.user_id == user_id and one.rule in UNFIT), None))
    }
    if not said:
        return
    visits = db.session.scalars(
        sa.select(Visit)
        .where(Visit.id.in_(said), Visit.state.in_(COMING), Visit.needs_decision == "")
        .options(selectinload(Visit.crew_members))
        .order_by(Visit.id)
    ).all()
    for visit in visits:
        visit.needs_decision = _(
            "%(conflict)s Send somebody else, or say why they go all the same.",
            conflict=sentence(said[visit.id]),
        )[:LONGEST_REASON]
    db.session.flush()
    record_many([_waits(visit, at=at, actor_id=actor_id) for visit in visits])


def settle(gone: Gone, *, at: datetime, actor_id: int | None) -> None:
    """Let visits that waited because somebody would be away wait no longer: they are there after all."""
    sentences, events = _sentences(gone), []
    waiting = db.session.scalars(
        sa.select(Visit)
        .where(Visit.needs_decision != "", Visit.state.in_(COMING), _goes(gone.user_id))
        .options(selectinload(Visit.crew_members))
        .order_by(Visit.id)
    )
    for visit in waiting.all():
        said = next((each for each in sentences if each in visit.needs_decision), None)
        if said is None:
            continue
        left = " ".join(visit.needs_decision.replace(said, " ").split())
        if left:
            visit.needs_decision = left
            continue
        progress.settle(visit)
        events.append(
            VisitDecided(
                at=at,
                actor_id=actor_id,
                project_id=visit.project_id,
                visit_id=visit.id,
                title=visit.title,
                technicians_before=visit.technician_ids,
                technicians_after=visit.technician_ids,
                reason=_("%(name)s is there after all.", name=gone.name),
            )
        )
    db.session.flush()
    record_many(events)


def _waits(visit: Visit, *, at: datetime, actor_id: int | None) -> VisitNeedsDecision:
    return VisitNeedsDecision(
        at=at,
        actor_id=actor_id,
        project_id=visit.project_id,
        visit_id=visit.id,
        title=visit.title,
        technicians_before=visit.technician_ids,
        technicians_after=visit.technician_ids,
        reason=visit.needs_decision,
    )


def _goes(user_id: int) -> sa.ColumnElement[bool]:
    return Visit.id.in_(sa.select(VisitTechnician.visit_id).where(VisitTechnician.user_id == user_id))


def _sentences(gone: Gone) -> tuple[str, ...]:
    """The reason in every language in which somebody may have given it."""
    return tuple(_each_language(gone))


def _each_language(gone: Gone) -> Iterator[str]:
    for language in STAFF:
        with force_locale(language):
            yield gone.sentence()
