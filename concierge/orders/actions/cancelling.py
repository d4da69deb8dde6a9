"""What becomes of an order when people decide on a cancellation that the buyer asked for."""

from concierge.orders import queries
from concierge.orders.states import OrderState


def settle_cancellation(order_id: int, *, cancelled: bool) -> None:
    """The order is cancelled, or open again. Recorded by the project's decision, which brings this about.

    An order that nobody asked to cancel stays as it is.
    """
    order = queries.order_with_all(order_id)
    if order.state is OrderState.CANCELLATION_ASKED:
        order.state = OrderState.CANCELLED if cancelled else OrderState.OPEN
