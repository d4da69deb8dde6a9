"""Taking a visit on: confirming, accepting, setting out, starting, finishing, cancelling."""

from collections.abc import Mapping
from datetime import datetime

from flask_babel import gettext as _
from sqlalchemy import select

from concierge.catalogue.states import MilestoneKind, VisitKind
from concierge.platform.database import db
from concierge.platform.events import record
from concierge.projects.actions.gates import held_for
from concierge.projects.models import Gate
from concierge.projects.reasons import Reason, reason_of
from concierge.visits.actions import checks, judging, sharing
from concierge.visits.events import VisitCancelled, VisitConfirmed, VisitStateChanged
from concierge.visits.models import Visit
from concierge.visits.states import OVER, VisitState

LONGEST_REASON = 500
"""Characters of what a visit waits for."""


def confirm(
    visit: Visit,
    *,
    conflict_reason: str = "",
    version: int | None = None,
    at: datetime,
    actor_id: int | None,
) -> None:
    """Make a visit certain; from now on it no longer follows the plan by itself.

    :raises Stale: when somebody changed it since `version`.
    :raises NotNow: when it is certain already, over or cancelled, or when nobody goes yet.
    :raises Conflicting: when a rule stands against it for which nobody has given a reason yet.
    """
    checks.expect_version(visit, version)
    checks.expect_follows(visit, VisitState.CONFIRMED)
    going = visit.technician_ids
    if visit.crew and not going:
        raise checks.NotNow(_("Nobody goes yet. Name at least one technician, then confirm the visit."))
    judging.settle([visit], reason=conflict_reason, at=at, actor_id=actor_id)
    visit.state = VisitState.CONFIRMED
    settle(visit)
    visit.sequence += 1
    db.session.flush()
    record(
        VisitConfirmed(
            at=at,
            actor_id=actor_id,
            project_id=visit.project_id,
            visit_id=visit.id,
            title=visit.title,
            technicians_before=going,
            technicians_after=going,
        )
    )


def release(visit: Visit, *, version: int | None = None, at: datetime, actor_id: int | None) -> None:
    """Make a certain visit tentative again, so that it follows the plan.

    :raises NotNow: when it is not certain, or under way.
    """
    _change(visit, VisitState.TENTATIVE, version=version, at=at, actor_id=actor_id)


def accept(visit: Visit, *, version: int | None = None, at: datetime, actor_id: int | None) -> None:
    """Note that the technician has taken note and will come.

    :raises NotNow: when the visit is not confirmed.
    """
    _change(visit, VisitState.ACCEPTED, version=version, at=at, actor_id=actor_id)


def set_out(visit: Visit, *, version: int | None = None, at: datetime, actor_id: int | None) -> None:
    """Note that the technician is on the way.

    :raises NotNow: when the visit is not confirmed.
    """
    _change(visit, VisitState.ON_ROUTE, version=version, at=at, actor_id=actor_id)


def start(visit: Visit, *, version: int | None = None, at: datetime, actor_id: int | None) -> None:
    """Note that work at the site has begun.

    :raises NotNow: when the visit is not confirmed, or when it is a delivery or installation that the site holds up.
    """
    checks.expect_follows(visit, VisitState.IN_PROGRESS)
    if gate := _held_gate(visit):
        held = (
            _(
                "Installation is held: %(count)s blocking points of the checklist are open. "
                "Clear them, or have the gate overridden by name on the project's readiness page.",
                count=gate.open_items,
            )
            if visit.kind is VisitKind.INSTALL
            else _(
                "Delivery is held: %(count)s blocking points of the checklist are open. "
                "Clear them, or have the gate overridden by name on the project's readiness page.",
                count=gate.open_items,
            )
        )
        raise checks.NotNow(held)
    _change(visit, VisitState.IN_PROGRESS, version=version, at=at, actor_id=actor_id)


def finish(
    visit: Visit,
    *,
    is_complete: bool,
    note: str = "",
    version: int | None = None,
    at: datetime,
    actor_id: int | None,
) -> None:
    """Note that work at the site has ended: done, or somebody has to come again.

    :raises NotNow: when it has not begun, or when it is not complete and nobody says why.
    """
    if not is_complete and not note.strip():
        raise checks.NotNow(_("Say what is left to do, so that the next visit can be planned."))
    to = VisitState.COMPLETE if is_complete else VisitState.INCOMPLETE
    if note.strip():
        visit.note = "\n\n".join(part for part in (visit.note, note.strip()) if part)
    _change(visit, to, note=note, version=version, at=at, actor_id=actor_id)


def cancel(
    visit: Visit, *, reason: str | Reason, version: int | None = None, at: datetime, actor_id: int | None
) -> None:
    """Call a visit off; it stays as a tombstone in calendars for a while.

    :param reason: what a person said, or what happened to the plan.

    :raises Stale: when somebody changed it since `version`.
    :raises NotNow: when it is under way, over or cancelled.
    """
    checks.expect_version(visit, version)
    checks.expect_follows(visit, VisitState.CANCELLED)
    visit.state = VisitState.CANCELLED
    visit.cancelled_at = at
    why = reason_of(reason)
    visit.cancel_reason, visit.cancel_because = why.said, why.as_json() if why.because else None
    settle(visit)
    visit.sequence += 1
    db.session.flush()
    judging.forget(visit, at=at)
    sharing.share_project(visit.project_id)
    going = visit.technician_ids
    record(
        VisitCancelled(
            at=at,
            actor_id=actor_id,
            project_id=visit.project_id,
            visit_id=visit.id,
            title=visit.title,
            technicians_before=going,
            technicians_after=going,
            reason=why.said,
            because=visit.cancel_because or {},
        )
    )


def let_wait(visit: Visit, words: Mapping[str, str]) -> None:
    """Let a visit wait for a person, for what `speech.in_each` has said."""
    visit.decide_words = {language: said[:LONGEST_REASON] for language, said in words.items()}
    visit.needs_decision = visit.decide_words["en"]


def settle(visit: Visit) -> None:
    """Nothing about a visit waits for a person any more."""
    visit.needs_decision, visit.decide_words = "", {}
    visit.proposed_local = None


def _change(
    visit: Visit,
    to: VisitState,
    *,
    note: str = "",
    version: int | None,
    at: datetime,
    actor_id: int | None,
) -> None:
    checks.expect_version(visit, version)
    checks.expect_follows(visit, to)
    before = visit.state
    visit.state = to
    visit.sequence += 1
    db.session.flush()
    if to in OVER:
        judging.forget(visit, at=at)
    going = visit.technician_ids
    record(
        VisitStateChanged(
            at=at,
            actor_id=actor_id,
            project_id=visit.project_id,
            visit_id=visit.id,
            title=visit.title,
            technicians_before=going,
            technicians_after=going,
            state_before=before.value,
            state_after=to.value,
            note=note,
        )
    )


_GATED = {VisitKind.DELIVERY: MilestoneKind.DELIVERED, VisitKind.INSTALL: MilestoneKind.INSTALLED}
"""What a visit brings about that a gate may hold."""


def _held_gate(visit: Visit) -> Gate | None:
    kind = _GATED.get(visit.kind)
    if kind is None:
        return None
    gates = db.session.scalars(
        select(Gate).where(Gate.project_id == visit.project_id, Gate.open_items > 0).order_by(Gate.id)
    )
    return held_for(gates, kind)
