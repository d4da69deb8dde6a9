"""What the platform does when a time comes: forget what nobody needs any more."""

from datetime import datetime, timedelta

from concierge.platform import database, deliveries, files, limits, mailbox, once, undo
from concierge.platform.deliveries import outside

KEPT = timedelta(days=30)
"""How long a delivery that was done can be looked up."""


def forget_deliveries(due_at: datetime) -> None:
    """Remove deliveries that were done a month ago."""
    deliveries.forget(before=due_at - KEPT)


def read_mailbox(due_at: datetime) -> None:
    """Have the mailbox read that answers come to."""
    mailbox.put_up(at=due_at)


def forget_limits(due_at: datetime) -> None:
    """Remove counts of tries whose time is over."""
    limits.forget(before=due_at)


def forget_forms(due_at: datetime) -> None:
    """Remove the tokens of forms that were taken two days ago; a form itself lives for twelve hours."""
    once.forget(before=due_at - timedelta(days=2))


def forget_acts(due_at: datetime) -> None:
    """Remove acts that can no longer be taken back."""
    undo.forget(before=due_at - undo.KEPT)


def weigh_tables(due_at: datetime) -> None:
    """Let SQLite look how many rows there are, so that it asks the smaller table first; PostgreSQL does it itself."""
    database.weigh_tables()


@outside
def sweep_files(due_at: datetime) -> None:
    """Remove bytes in the file store that no row knows."""
    files.sweep(due_at)
