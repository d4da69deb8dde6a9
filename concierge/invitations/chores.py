"""What invitations do when a time comes: who has not heard of a change close to a visit is to be written to."""

from datetime import datetime

from concierge.feeds import reach
from concierge.invitations.actions.sending import TELL_UNFETCHED
from concierge.platform import deliveries


def tell_unfetched_changes(due_at: datetime) -> None:
    """Order a letter for each change within 48 hours of its visit that nobody's program has fetched in an hour.

    One for each change and person, however often this runs: the key says which.
    """
    for change in reach.changes_not_fetched(at=due_at):
        changed_at = change.at.isoformat()
        deliveries.enqueue(
            TELL_UNFETCHED,
            {"visit_id": change.visit_id, "user_id": change.user_id, "changed_at": changed_at},
            unique_key=f"{TELL_UNFETCHED}:{change.visit_id}:{change.user_id}:{changed_at}",
            queue="mail",
        )
