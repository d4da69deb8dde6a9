"""What follows here when something happens elsewhere."""

from collections.abc import Sequence

from concierge.enquiries.actions import ordering
from concierge.orders.events import OrderReceived
from concierge.platform.events import together
from concierge.projects.events import PlanApproved, ProjectCancelled


def take_held_units_of_many(events: Sequence[OrderReceived]) -> None:
    """Many orders take what was held for them; nearly always nothing was."""
    asking = ordering.may_be_for([event.order_id for event in events])
    for event in events:
        if event.order_id in asking:
            take_held_units(event)


@together(take_held_units_of_many)
def take_held_units(event: OrderReceived) -> None:
    """An order takes what was held for it."""
    ordering.take_for_order(event.order_id, at=event.at, actor_id=event.actor_id)


def let_people_go(event: PlanApproved) -> None:
    """Whoever was held for an order is planned by now, or free."""
    ordering.let_people_go(event.project_id)


def give_units_back(event: ProjectCancelled) -> None:
    """What was kept for a project that is cancelled is free."""
    ordering.give_back(event.project_id, at=event.at)
