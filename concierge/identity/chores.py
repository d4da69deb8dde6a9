"""What identity does when a time comes."""

from datetime import datetime

from concierge.identity.actions import tidying


def forget_ended_access(due_at: datetime) -> None:
    """Remove sign-ins and links that ended long ago."""
    tidying.forget_ended(at=due_at)
