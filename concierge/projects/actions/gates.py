"""Whether shipping and installation may begin: cleared by readiness, overridden by a named person."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Protocol

from flask_babel import gettext as _
from flask_babel import ngettext

from concierge.catalogue.states import GateKind, MilestoneKind
from concierge.platform import clock
from concierge.platform.errors import Refused
from concierge.platform.events import record, record_many
from concierge.platform.words import localized
from concierge.projects import queries
from concierge.projects.actions import saying
from concierge.projects.actions.laying_out import follow, judge_again
from concierge.projects.events import GateCleared, GateHeld, GateOverridden
from concierge.projects.models import Gate, Milestone, Project
from concierge.projects.states import GateState, ProjectState

GATED = {
    MilestoneKind.SHIP_RELEASED: (GateKind.SHIP,),
    MilestoneKind.DELIVERED: (GateKind.SHIP,),
    MilestoneKind.INSTALLED: (GateKind.INSTALL, GateKind.SHIP),
}
"""Milestones that nobody may start or finish while a gate is held. Installing also waits for what holds shipping, so
that leaving delivery out of a plan opens nothing."""

SHOWN = 8
"""How many of the items that hold a gate are kept beside it."""


class ReasonNeeded(Refused):
    """The dates are settled; whoever moves one says why."""


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
    report_all_open_items(project_id, {kind: items}, actor_id=actor_id, at=at)


def report_all_open_items(
    project_id: int,
    items_of: Mapping[GateKind, Sequence[HoldingItem]],
    *,
    percent: int | None = None,
    actor_id: int | None,
    at: datetime,
) -> None:
    """Say of several gates which blocking items hold each; the plan is judged once, after all of them.

    :param percent: weighted share of all that is asked of the site that is done, 0–100; `None`: nothing is asked.
    """
    said = queries.gates_of(project_id)
    for gate in said.values():
        if gate.percent != percent:
            gate.percent = percent
    _report(project_id, items_of, said, follow, actor_id=actor_id, at=at)


def report_due_days(
    project_id: int, items_of: Mapping[GateKind, Sequence[HoldingItem]], *, actor_id: int | None, at: datetime
) -> None:
    """Say by when what holds gates is due now. The plan has just been laid out, and is judged again.

    What is done stays as it was reported last.
    """
    _report(project_id, items_of, queries.gates_of(project_id), judge_again, actor_id=actor_id, at=at)


class _Afterwards(Protocol):
    def __call__(self, project: Project, *, at: datetime) -> object: ...


def _report(
    project_id: int,
    items_of: Mapping[GateKind, Sequence[HoldingItem]],
    said: Mapping[GateKind, Gate],
    afterwards: _Afterwards,
    *,
    actor_id: int | None,
    at: datetime,
) -> None:
    otherwise = {
        kind: (len(items), holding)
        for kind, items in items_of.items()
        for holding in (_holding(items),)
        if not _says(said.get(kind), len(items), holding)
    }
    if not otherwise:
        return
    project = queries.plan_for_change(project_id)
    events = []
    for kind, (open_items, holding) in otherwise.items():
        gate = _gate(project, kind)
        before = gate.state
        gate.open_items, gate.holding = open_items, holding
        if not open_items:
            gate.state = GateState.CLEAR
        elif before is not GateState.OVERRIDDEN:
            gate.state = GateState.HELD
        if gate.state is not before:
            event = GateCleared if gate.state is GateState.CLEAR else GateHeld
            events.append(event(at=at, actor_id=actor_id, project_id=project.id, gate=kind.value))
    afterwards(project, at=at)
    record_many(events)


def _holding(items: Sequence[HoldingItem]) -> list[dict[str, Any]]:  # Any: JSON values
    soonest = sorted(items, key=lambda item: (item.due_on, item.key))
    return [
        {"key": item.key, "requirement": item.requirement, "due_on": item.due_on.isoformat()}
        for item in soonest[:SHOWN]
    ]


def _says(gate: Gate | None, open_items: int, holding: list[dict[str, Any]]) -> bool:  # Any: JSON values
    """Whether a gate says exactly this already, so that nothing has to be judged again."""
    if gate is None or (gate.open_items, gate.holding) != (open_items, holding):
        return False
    return (gate.state is GateState.CLEAR) is (open_items == 0)


def note_percent(project_id: int, percent: int) -> None:
    """Say how much of what is asked of a site is done, where that was not reported with its gates yet."""
    for gate in queries.gates_of(project_id).values():
        gate.percent = percent


def held_for(gates: Iterable[Gate], kind: MilestoneKind) -> Gate | None:
    """The gate that keeps a milestone of a kind from starting; `None` when none does."""
    held = {gate.kind: gate for gate in gates if gate.state is GateState.HELD}
    return next((held[one] for one in GATED.get(kind, ()) if one in held), None)


def why_held(gate: Gate, milestone: Milestone) -> str:
    """That a milestone waits for site readiness, and what to do about it."""
    return ngettext(
        "%(name)s waits for site readiness: %(num)s blocking item is open. Close it, or override"
        " the gate"
        " with your name and a reason.",
        "%(name)s waits for site readiness: %(num)s blocking items are open. Close them, or"
        " override the"
        " gate with your name and a reason.",
        gate.open_items,
        name=localized(milestone.name),
    )


def settle_dates(project_id: int, *, at: datetime | None) -> None:
    """Say since when the dates of a project are settled, or with `None` that they are free again.

    Called by the slice that knows whether the site was signed off.
    """
    queries.gates_of(project_id)[GateKind.SHIP].settled_at = at


def settled_since(gates: Iterable[Gate]) -> datetime | None:
    """Since when the dates of a project are settled; `None` while they are free."""
    return next((gate.settled_at for gate in gates if gate.settled_at is not None), None)


def refuse_without_reason(project: Project, reason: str) -> None:
    """Refuse to move a settled date unless somebody says why.

    :raises ReasonNeeded: when the dates are settled and no reason is given.
    """
    since = settled_since(project.gates)
    if since is not None and len(reason.strip()) < 5:
        raise ReasonNeeded(
            _(
                "The dates of %(key)s are settled since %(day)s, when its site was signed off or shipping released."
                " Say in a few words why they move all the same; it stays in the history with your name.",
                key=project.key,
                day=saying.long_day(clock.day_at(since, project.site.zone)),
            )
        )


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
