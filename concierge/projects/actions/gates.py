"""Whether shipping and installation may begin: cleared by readiness, overridden by a named person."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from flask_babel import gettext as _

from concierge.catalogue.states import GateKind
from concierge.platform.errors import Refused
from concierge.platform.events import record
from concierge.projects import queries
from concierge.projects.actions import saying
from concierge.projects.actions.laying_out import follow
from concierge.projects.events import GateCleared, GateHeld, GateOverridden
from concierge.projects.models import Gate, Project
from concierge.projects.states import GateState, ProjectState

SHOWN = 8
"""How many of the items that hold a gate are kept beside it."""


@dataclass(frozen=True, slots=True)
class HoldingItem:
    """A blocking item that is not done; ``requirement`` is language to text."""

    key: str
    requirement: dict[str, str]
    due_on: date


def report_open_items(
    project_id: int, kind: GateKind, items: Sequence[HoldingItem], *, actor_id: int | None, at: datetime
) -> None:
    """Say which blocking items hold a gate; none clears it. An override stays until items change.

    Called by the slice that owns the items, every time one of them changes.
    """
    soonest = sorted(items, key=lambda item: (item.due_on, item.key))
    holding = [
        {"key": item.key, "requirement": item.requirement, "due_on": item.due_on.isoformat()}
        for item in soonest[:SHOWN]
    ]
    if queries.gate_says(project_id, kind, open_items=len(items), holding=holding):
        return
    project = queries.project_for_change(project_id)
    gate = _gate(project, kind)
    before = gate.state
    gate.open_items, gate.holding = len(items), holding
    if not items:
        gate.state = GateState.CLEAR
    elif before is not GateState.OVERRIDDEN:
        gate.state = GateState.HELD
    follow(project, at=at)
    if gate.state is not before:
        event = GateCleared if gate.state is GateState.CLEAR else GateHeld
        record(event(at=at, actor_id=actor_id, project_id=project.id, gate=kind.value))


def override(project_id: int, kind: GateKind, *, reason: str, actor_id: int, at: datetime) -> Project:
    """Let something pass although blocking items are open; name and reason stay with it.

    :raises Refused: when nothing holds the gate, no reason is given, or the project is not under way.
    """
    project = queries.project_for_change(project_id)
    gate = _gate(project, kind)
    if project.state is not ProjectState.LIVE:
        raise Refused(
            _(
                "%(key)s is %(state)s; there is no gate to override.",
                key=project.key,
                state=saying.project_is(project.state),
            )
        )
    if gate.state is not GateState.HELD:
        raise Refused(_("Nothing holds this gate, so there is nothing to override."))
    if len(reason.strip()) < 5:
        raise Refused(_("Give the reason in a few words; it stays in the history with your name."))
    gate.state, gate.reason = GateState.OVERRIDDEN, reason
    gate.decided_by_id, gate.decided_at = actor_id, at
    follow(project, at=at)
    record(GateOverridden(at=at, actor_id=actor_id, project_id=project.id, gate=kind.value, reason=reason))
    return project


def _gate(project: Project, kind: GateKind) -> Gate:
    return next(gate for gate in project.gates if gate.kind is kind)
