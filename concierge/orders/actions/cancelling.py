"""What a person decides about a cancellation that the buyer asked for."""

from flask_babel import gettext as _

from concierge.orders.models import Order
from concierge.orders.states import OrderState
from concierge.platform.errors import Refused


def settle_cancellation(order: Order, *, cancelled: bool) -> None:
    """The order is cancelled, or stays as it is. Recorded by the project's decision, which calls this.

    :raises Refused: when nobody asked to cancel.
    """
    if order.state is not OrderState.CANCELLATION_ASKED:
        raise Refused(_("Nobody asked to cancel this order. Import the buyer's cancellation first."))
    order.state = OrderState.CANCELLED if cancelled else OrderState.OPEN
