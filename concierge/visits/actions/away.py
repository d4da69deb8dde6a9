"""Visits whose technician will be away, and is there after all: a person says who goes."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial

import sqlalchemy as sa
from flask_babel import gettext as _
from sqlalchemy.orm import selectinload

from concierge.core.dispatch import Rule
from concierge.core.spans import Span
from concierge.platform.database import db
from concierge.platform.events import record_many
from concierge.platform.speech import in_each
from concierge.platform.words import day
from concierge.visits.actions import progress
from concierge.visits.events import VisitDecided, VisitNeedsDecision
from concierge.visits.feasibility import Conflict
from concierge.visits.models import Visit, VisitTechnician
from concierge.visits.queries import coming_visits_of
from concierge.visits.states import COMING
from concierge.visits.words import sentence, to_decide


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
    words, events, found = in_each(gone.sentence), [], []
    for visit in coming_visits_of(gone.user_id, span):
        found.append(visit)
        if any(said in visit.needs_decision for said in words.values()):
            continue
        both = {language: f"{to_decide(visit, language)} {said}".strip() for language, said in words.items()}
        fits = all(len(said) <= progress.LONGEST_REASON for said in both.values())
        progress.let_wait(visit, both if fits else words)
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
        progress.let_wait(visit, in_each(partial(_unfit, said[visit.id])))
    db.session.flush()
    record_many([_waits(visit, at=at, actor_id=actor_id) for visit in visits])


def settle(gone: Gone, *, at: datetime, actor_id: int | None) -> None:
    """Let visits that waited because somebody would be away wait no longer: they are there after all."""
    words, events = in_each(gone.sentence), []
    waiting = db.session.scalars(
        sa.select(Visit)
        .where(Visit.needs_decision != "", Visit.state.in_(COMING), _goes(gone.user_id))
        .options(selectinload(Visit.crew_members))
        .order_by(Visit.id)
    )
    for visit in waiting.all():
        if not any(said in visit.needs_decision for said in words.values()):
            continue
        left = {language: _without(to_decide(visit, language), words.values()) for language in words}
        if left["en"]:
            progress.let_wait(visit, left)
            continue
        back = in_each(partial(_there_after_all, gone))
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
                reason=back["en"],
                reasons=back,
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
        reasons=visit.decide_words,
    )


def _unfit(conflict: Conflict) -> str:
    return _("%(conflict)s Send somebody else, or say why they go all the same.", conflict=sentence(conflict))


def _there_after_all(gone: Gone) -> str:
    return _("%(name)s is there after all.", name=gone.name)


def _without(text: str, sentences: Iterable[str]) -> str:
    for one in sentences:
        text = text.replace(one, " ")
    return " ".join(text.split())


def _goes(user_id: int) -> sa.ColumnElement[bool]:
    return Visit.id.in_(sa.select(VisitTechnician.visit_id).where(VisitTechnician.user_id == user_id))
