"""Taking back what a person did to projects and visits, and doing it again."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from flask_babel import gettext as _

from concierge.catalogue.events import PlaybookPutBack
from concierge.catalogue.models import Playbook
from concierge.identity.models import User
from concierge.platform import events, undo
from concierge.platform.database import db
from concierge.platform.errors import Refused
from concierge.platform.events import RecordedEvent, record
from concierge.platform.undo import Act, ChangedSince, Difference, Restored
from concierge.platform.words import instant, localized
from concierge.projects import queries
from concierge.projects.actions import promising
from concierge.projects.actions.gates import held_for, why_held
from concierge.projects.actions.laying_out import follow, today_at
from concierge.projects.actions.noting import note_dates
from concierge.projects.events import ActUndone, DateMove, ForecastChanged, WorkingDaysPutBack
from concierge.projects.models import Milestone, Project
from concierge.projects.reasons import Because, Reason
from concierge.projects.states import DateKind, MilestoneState, ProjectState


def take_back(act: str, *, zone: str = "UTC", actor_id: int | None, at: datetime) -> Act:
    """Put everything that an act changed back as it was; itself an act that can be taken back.

    Where the world has gone on meanwhile, the plan is laid out anew with what was put back.

    :param zone: of the person who reads a refusal.
    :raises Refused: when it cannot be taken back any more; the sentence says what changed, by whom and when.
    """
    parts = undo.find(act)
    if not parts:
        raise Refused(_("This was taken back already, or is too long ago; acts are kept for a month."))
    project_ids = sorted({part.project_id for part in parts if part.project_id is not None})
    for project_id in project_ids:
        queries.project_for_change(project_id)
    told = db.session.get_one(RecordedEvent, parts[0].first_event_id)
    with undo.undoable(actor_id=actor_id, at=at, needs=parts[0].needs) as again:
        try:
            restored = undo.restore(act, at=at)
        except ChangedSince as refusal:
            raise Refused(_changed_since(refusal, zone=zone)) from refusal
        for project_id in project_ids:
            project = queries.project_for_change(project_id)
            _refuse_if_held(project, restored.differences[project_id], told)
            is_behind = restored.is_behind or today_at(project, at) != today_at(project, parts[0].at)
            _tell(project, restored, told, is_behind=is_behind, actor_id=actor_id, at=at)
            if is_behind:
                _catch_up(project, at=at)
        is_again = told.name in _BACK and not told.payload["is_again"]
        of_none = {one.table for one in restored.differences.get(None, ())}
        if of_none & PLAYBOOKS:
            first: dict[str, Any] = (
                told.payload if told.name in _BACK else {"undone": told.name, "told": told.payload}
            )
            record(
                PlaybookPutBack(
                    at=at,
                    actor_id=actor_id,
                    act=act,
                    undone=first["undone"],
                    told=first["told"],
                    is_again=is_again,
                )
            )
        elif of_none:
            record(WorkingDaysPutBack(at=at, actor_id=actor_id, act=act))
    again.is_again = is_again
    again.letters = sum(_letters_since(project_id, parts[0].first_event_id) for project_id in project_ids)
    return again


def _refuse_if_held(project: Project, differences: Iterable[Difference], told: RecordedEvent) -> None:
    """Refuse to do again what a gate holds by now: what was taken back is not done while it is held."""
    if told.name != ActUndone.__name__:
        return
    changed = {one.id for one in differences if one.table == "milestones" and "state" in one.changed}
    for milestone in project.milestones:
        if milestone.id in changed and milestone.state in {MilestoneState.STARTED, MilestoneState.DONE}:
            gate = held_for(project.gates, milestone.kind)
            if gate is not None:
                raise Refused(why_held(gate, milestone))


def playbook_of(act: str) -> str:
    """The key of the playbook whose draft an act has changed; empty when it changed none, or that is gone."""
    parts = undo.find(act)
    if not parts:
        return ""
    row = db.session.get_one(RecordedEvent, parts[0].first_event_id)
    told = row.payload["told"] if row.name == PlaybookPutBack.__name__ else row.payload
    playbook = db.session.get(Playbook, told.get("playbook_id") or 0) if row.name in _OF_DRAFTS else None
    return playbook.key if playbook is not None else ""


def _letters_since(project_id: int, event_id: int) -> int:
    """How many letters the customer of a project was sent after an event."""
    return (
        db.session.scalar(
            sa.select(sa.func.count(RecordedEvent.id)).where(
                RecordedEvent.project_id == project_id,
                RecordedEvent.id > event_id,
                RecordedEvent.name.in_(_LETTERS),
            )
        )
        or 0
    )


def _tell(
    project: Project,
    restored: Restored,
    told: RecordedEvent,
    *,
    is_behind: bool,
    actor_id: int | None,
    at: datetime,
) -> None:
    differences = restored.differences[project.id]
    is_again = told.name == ActUndone.__name__
    first: dict[str, Any] = told.payload if is_again else {"undone": told.name, "told": told.payload}
    before = told.event
    done_at = (before.done_at or told.at) if isinstance(before, ActUndone) else told.at
    touched: dict[str, tuple[int, ...]] = {}
    for one in differences:
        touched[one.table] = (*touched.get(one.table, ()), one.id)
    if first["undone"] in _AGREEING:
        promising.take_back(
            project.id,
            agreed_at=done_at,
            is_again=is_again and not told.payload["is_again"],
            actor_id=actor_id,
            at=at,
        )
    moves = _moves(project, differences)
    _note_dates(project, differences, moves, actor_id=actor_id, at=at)
    record(
        ActUndone(
            at=at,
            actor_id=actor_id,
            project_id=project.id,
            act=restored.act,
            undone=first["undone"],
            told=first["told"],
            is_again=is_again and not told.payload["is_again"],
            is_behind=is_behind,
            done_at=done_at,
            letters=_letters_since(project.id, told.id),
            touched=touched,
            moves=moves,
        )
    )


def _moves(project: Project, differences: Iterable[Difference]) -> tuple[DateMove, ...]:
    """The dates that came back, in the order of the plan."""
    rows = {one.id: one for one in differences if one.table == Milestone.__tablename__}
    moves = []
    for milestone in project.milestones:
        one = rows.get(milestone.id)
        if one is None or not {"forecast_start_on", "forecast_on"} & one.changed:
            continue
        start, finish = milestone.forecast_start_on, milestone.forecast_on
        moves.append(
            DateMove(
                milestone_id=milestone.id,
                name=milestone.english_name,
                start_before=one.after.get("forecast_start_on", start) if one.after else None,
                start_after=start,
                finish_before=one.after.get("forecast_on", finish) if one.after else None,
                finish_after=finish,
            )
        )
    return tuple(moves)


def _note_dates(
    project: Project,
    differences: Iterable[Difference],
    moves: Iterable[DateMove],
    *,
    actor_id: int | None,
    at: datetime,
) -> None:
    """Let the history of dates say that they are as they were."""
    why = Reason(Because.UNDONE)
    for move in moves:
        start, finish = move.start_after, move.finish_after
        note_dates(project.id, move.milestone_id, DateKind.PLANNED, start, finish, actor_id, at, why)
    rows = {milestone.id: milestone for milestone in project.milestones}
    for one in differences:
        row = rows.get(one.id) if one.table == Milestone.__tablename__ else None
        if row is not None and {"promised_start_on", "promised_on"} & one.changed:
            start, finish = row.promised_start_on, row.promised_on
            note_dates(project.id, row.id, DateKind.PROMISED, start, finish, actor_id, at, why)
        if row is not None and {"started_on", "finished_on"} & one.changed:
            start, finish = row.started_on, row.finished_on
            note_dates(project.id, row.id, DateKind.ACTUAL, start, finish, actor_id, at, why)


def _catch_up(project: Project, *, at: datetime) -> None:
    """Lay the plan out with what happened in the meantime."""
    if project.has_ended:
        return
    moves = follow(project, at=at, why=Reason(Because.AFTER_UNDOING))
    if moves and project.state is ProjectState.LIVE:
        record(
            ForecastChanged(
                at=at,
                actor_id=None,
                project_id=project.id,
                cause=Because.AFTER_UNDOING.value,
                moves=moves,
            )
        )


def _changed_since(refusal: ChangedSince, *, zone: str) -> str:
    """What was changed since, by whom and when, in a sentence."""
    one = refusal.found[0]
    row = events.last_about(
        project_id=refusal.undo.project_id,
        after_id=refusal.undo.last_event_id,
        **({_ID_OF[one.table]: one.id} if one.table in _ID_OF else {}),
    ) or events.last_about(project_id=refusal.undo.project_id, after_id=refusal.undo.last_event_id)
    name = _name_of(one)
    if row is None:
        return _("“%(what)s” has been changed since, so this cannot be taken back any more.", what=name)
    person = db.session.get(User, row.actor_id) if row.actor_id else None
    return _(
        "%(who)s changed “%(what)s” on %(when)s, after this. Take that back first, or put it right by hand.",
        who=person.name if person else "Concierge",
        what=name,
        when=instant(row.at, zone),
    )


PLAYBOOKS = frozenset(
    {
        "playbooks",
        "playbook_versions",
        "playbook_milestones",
        "playbook_links",
        "playbook_visits",
        "playbook_items",
        "playbook_messages",
        "playbook_fields",
        "courses",
        "products",
    }
)
"""Tables of what is edited in drafts of playbooks."""
_OF_DRAFTS = frozenset(
    {"PlaybookEdited", "PlaybookDiscarded", "PlaybookChosen", "PlaybookDrafted", PlaybookPutBack.__name__}
)
_BACK = frozenset({ActUndone.__name__, PlaybookPutBack.__name__})
_AGREEING = frozenset({"DatesPromised", "ProposalDecided"})
"""Events of acts by which dates are agreed with a customer."""
_LETTERS = frozenset({"ChecklistSent", "MessageSent", "InvitationSent"})
_ID_OF = {"milestones": "milestone_id", "visits": "visit_id", "readiness_items": "item_id"}


def _name_of(one: Difference) -> str:
    """What people call the row."""
    row = undo.row_of(one.table, one.id) or one.before or {}
    for column in ("name", "title", "requirement", "key", "kind"):
        value = row.get(column)
        if isinstance(value, dict):
            return localized(value)
        if value:
            return str(getattr(value, "value", value))
    return {"visit_technicians": _("who goes"), "milestone_links": _("what waits for what")}.get(
        one.table, _("the plan")
    )
