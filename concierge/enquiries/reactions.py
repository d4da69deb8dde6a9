"""What follows here when something happens elsewhere."""

from concierge.enquiries.actions import ordering
from concierge.orders.events import OrderReceived
from concierge.projects.events import PlanApproved, ProjectCancelled


def take_held_units(event: OrderReceived) -> None:
    """An order takes what was held for it."""
    ordering.take_for_order(event.order_id, at=event.at, actor_id=event.actor_id)


def let_people_go(event: PlanApproved) -> None:
    """Whoever was held for an order is planned by now, or free."""
    ordering.let_people_go(event.project_id)


def give_units_back(event: ProjectCancelled) -> None:
    """What was kept for a project that is cancelled is free."""
    ordering.give_back(event.project_id, at=event.at)
