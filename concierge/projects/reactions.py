"""What projects do when something happens to orders, and what orders learn of it."""

from collections.abc import Sequence
from datetime import datetime

from concierge.accounts.events import AccountRenamed
from concierge.catalogue.states import MilestoneKind
from concierge.equipment.actions import expecting
from concierge.equipment.actions.expecting import Expecting
from concierge.orders.actions.cancelling import settle_cancellation
from concierge.orders.events import OrderCancellationReceived, OrderChanged, OrderLineMatched, OrderReceived
from concierge.platform.database import db
from concierge.platform.events import together
from concierge.platform.searching import renew
from concierge.projects import queries
from concierge.projects.actions import creation, delays, forecasting, proposals
from concierge.projects.events import (
    MilestoneBlocked,
    MilestoneFinished,
    MilestoneReopened,
    MilestoneSkipped,
    MilestoneUnblocked,
    PlanApproved,
    ProjectCancelled,
    ProjectEvent,
    ProjectHeld,
    ProjectResumed,
    ProjectTakenOver,
    ProposalDecided,
    UnitRecorded,
    UnitRemoved,
)
from concierge.projects.models import Milestone, Project
from concierge.projects.reasons import Because, Reason
from concierge.projects.states import ProjectState, ProposalKind


def found_by_new_name(event: AccountRenamed) -> None:
    """Let an account's projects be found by its new name; their own names and keys stay."""
    for project in queries.found_with_account(event.account_id):
        renew(project)


def orders_become_projects(events: Sequence[OrderReceived]) -> None:
    """Plan the projects of many new orders at once."""
    acts: dict[tuple[datetime, int | None], list[int]] = {}
    for event in events:
        acts.setdefault((event.at, event.actor_id), []).append(event.order_id)
    for (at, actor_id), order_ids in acts.items():
        creation.create_projects(order_ids, actor_id=actor_id, at=at)


@together(orders_become_projects)
def order_becomes_project(event: OrderReceived) -> None:
    """Plan the project of a new order."""
    creation.create_project(event.order_id, actor_id=event.actor_id, at=event.at)


def project_hears_of_change(event: OrderChanged) -> None:
    """Plan a draft anew; propose the change to an approved plan."""
    project = queries.project_of_order(event.order_id)
    if project is None or project.has_ended:
        return
    if project.state is ProjectState.DRAFT:
        reason = Reason(Because.ORDER_CHANGED, name=event.number)
        creation.renew_plan(project.id, reason=reason, actor_id=event.actor_id, at=event.at)
        return
    proposals.propose(
        project.id,
        ProposalKind.NEW_DATES,
        requested_from=event.requested_from,
        requested_to=event.requested_to,
        note=event.note,
        lines={
            what: count
            for what, count in (
                ("added", event.lines_added),
                ("changed", event.lines_changed),
                ("removed", event.lines_removed),
            )
            if count
        },
        actor_id=event.actor_id,
        at=event.at,
    )


def project_hears_of_cancellation(event: OrderCancellationReceived) -> None:
    """Propose to cancel the project, whatever its state; a person decides."""
    project = queries.project_of_order(event.order_id)
    if project is None or project.has_ended:
        return
    proposals.propose(project.id, ProposalKind.CANCEL, note=event.note, actor_id=event.actor_id, at=event.at)


def matched_line_joins_plan(event: OrderLineMatched) -> None:
    """Plan a draft anew now that a line's meaning is known; an approved plan stays as it is."""
    project = queries.project_of_order(event.order_id)
    if project is not None and project.state is ProjectState.DRAFT:
        reason = Reason(Because.LINE_MATCHED)
        creation.renew_plan(project.id, reason=reason, actor_id=event.actor_id, at=event.at)


def expect_equipment_of_many(events: Sequence[PlanApproved | ProjectTakenOver | ProposalDecided]) -> None:
    """Let the installed base hold the units that many projects bring."""
    acts: dict[tuple[datetime, int | None], list[Project]] = {}
    for event in events:
        if not isinstance(event, ProposalDecided) or event.accepted:
            project = queries.project_for_change(event.project_id)
            acts.setdefault((event.at, event.actor_id), []).append(project)
    for (at, actor_id), projects in acts.items():
        _expect_units(projects, actor_id=actor_id, at=at)


@together(expect_equipment_of_many)
def expect_equipment(event: PlanApproved | ProjectTakenOver | ProposalDecided) -> None:
    """Let the installed base hold the units that the project brings, after a change of the order too."""
    expect_equipment_of_many((event,))


def expect_matched(event: OrderLineMatched) -> None:
    """Let the installed base hold the units of a line whose meaning is known now, where the plan is agreed."""
    project = queries.project_of_order(event.order_id)
    if project is not None and project.state is ProjectState.LIVE:
        whole = queries.project_for_change(project.id)
        _expect_units([whole], actor_id=event.actor_id, at=event.at)


def expect_no_equipment(event: ProjectCancelled) -> None:
    """Take out of the installed base what no longer comes."""
    project = queries.project_for_change(event.project_id)
    expecting.expect_nothing(
        project.order_id,
        reason=event.reason,
        on=event.at.date(),
        project_id=project.id,
        actor_id=event.actor_id,
        at=event.at,
    )


def note_installed(event: MilestoneFinished | MilestoneReopened) -> None:
    """Tell the installed base that units stand at the site, or do not yet after all."""
    milestone = db.session.get(Milestone, event.milestone_id)
    if milestone is not None and milestone.kind is MilestoneKind.INSTALLED:
        _note_installed(queries.project_for_change(event.project_id), milestone)


def know_serial(event: UnitRecorded) -> None:
    """Tell the installed base the serial number that was read on a unit."""
    expecting.know_serial(event.order_line_id, event.serial)


def forget_serial(event: UnitRemoved) -> None:
    """Take a serial number back from the installed base that was noted by mistake."""
    expecting.forget_serial(event.order_line_id, event.serial)


def _expect_units(projects: Sequence[Project], *, actor_id: int | None, at: datetime) -> None:
    wanted = [one for one in projects if one.state not in {ProjectState.DRAFT, ProjectState.CANCELLED}]
    agreed_until = queries.agreed_until(wanted)
    expecting.expect_units(
        [Expecting(one.order_id, one.site_id, one.id, agreed_until[one.id]) for one in wanted],
        actor_id=actor_id,
        at=at,
    )
    for project in wanted:
        for milestone in project.milestones:
            if milestone.kind is MilestoneKind.INSTALLED and milestone.finished_on is not None:
                _note_installed(project, milestone)


def _note_installed(project: Project, milestone: Milestone) -> None:
    line_id = milestone.order_line_id
    if milestone.finished_on is not None:
        expecting.note_installed(project.order_id, order_line_id=line_id, on=milestone.finished_on)
    else:
        expecting.note_not_installed(project.order_id, order_line_id=line_id)


def forecast_many_anew(events: Sequence[ProjectEvent]) -> None:
    """Do for many projects what `forecast_anew` does for one; the past is read once."""
    at = {event.project_id: event.at for event in events if event.project_id is not None}
    for project_id, instant in at.items():
        forecasting.learn(project_id, at=instant)
    if at:
        forecasting.renew_all(list(at), at=max(at.values()))


@together(forecast_many_anew)
def forecast_anew(event: ProjectEvent) -> None:
    """Learn from what was reached, or is not any more, and compute the chance of the promise anew."""
    if event.project_id is not None:
        forecasting.learn(event.project_id, at=event.at)
        forecasting.renew(event.project_id, at=event.at)


def block_costs_days(event: MilestoneBlocked) -> None:
    """Enter a block among what costs the project days."""
    delays.open_from_block(
        event.project_id,
        event.milestone_id,
        cause=event.cause,
        reason=event.reason,
        actor_id=event.actor_id,
        at=event.at,
    )


def block_cost_days(event: MilestoneUnblocked | MilestoneSkipped) -> None:
    """End what a block cost with the day on which it was lifted, or its milestone left the plan."""
    delays.close_from_block(event.project_id, event.milestone_id, actor_id=event.actor_id, at=event.at)


def hold_costs_days(event: ProjectHeld) -> None:
    """Enter a hold among what costs the project days."""
    hold = queries.open_hold(event.project_id)
    if hold is not None:
        delays.open_from_hold(hold, at=event.at)


def hold_cost_days(event: ProjectResumed) -> None:
    """End what a hold cost with its last day."""
    for hold in queries.holds_of(event.project_id):
        if hold.id == event.hold_id:
            delays.close_from_hold(hold, actor_id=event.actor_id, at=event.at)


def order_is_cancelled(event: ProjectCancelled) -> None:
    """The buyer's wish to cancel, if there is one, is settled with the project."""
    settle_cancellation(queries.project_for_change(event.project_id).order_id, cancelled=True)


def order_stands(event: ProposalDecided) -> None:
    """When cancelling was declined, the order is open again and may change."""
    if event.kind == ProposalKind.CANCEL.value and not event.accepted:
        settle_cancellation(queries.project_for_change(event.project_id).order_id, cancelled=False)
