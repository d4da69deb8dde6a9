"""Pages of dispatch: the board, and what is done on it."""

from concierge.dispatch.views import arranging, board, offering, planning
from concierge.dispatch.views.blueprint import bp

__all__ = ["arranging", "board", "bp", "offering", "planning"]
