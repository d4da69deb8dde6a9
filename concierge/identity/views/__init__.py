"""The pages of identity: coming in, people, oneself, and what runs in the background."""

from concierge.identity.views import letters, me, operations, people, signing_in
from concierge.identity.views.blueprint import bp

__all__ = ["bp", "letters", "me", "operations", "people", "signing_in"]
