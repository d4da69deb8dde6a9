"""The pages of invitations: the one that letters lead to, and what staff see of invitations and answers."""

from concierge.invitations.views import answering, answers, on_visit
from concierge.invitations.views.blueprint import bp

__all__ = ["answering", "answers", "bp", "on_visit"]
