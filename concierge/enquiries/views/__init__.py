"""Pages of stock and enquiries."""

from concierge.enquiries.views import answering, asking, stock
from concierge.enquiries.views.blueprint import bp

__all__ = ["answering", "asking", "bp", "stock"]
