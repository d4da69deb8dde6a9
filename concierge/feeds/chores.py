"""What feeds do when a time comes."""

from datetime import datetime

import structlog

from concierge.feeds import queries
from concierge.feeds.actions import writing

BATCH = 500

log = structlog.get_logger()


def renew_old_entries(due_at: datetime) -> None:
    """Write again what an older renderer, or one for another public address, wrote."""
    while visit_ids := queries.visits_with_old_entries(at_most=BATCH):
        writing.write_entries(visit_ids, at=due_at)
        if queries.visits_with_old_entries(at_most=1) == visit_ids[:1]:
            log.error("entries stay old", visit_id=visit_ids[0])
            return


def compare_a_sample(due_at: datetime) -> None:
    """Render some entries from their rows and compare; a difference is a fault of ours, told and mended."""
    visit_ids = queries.some_visits_with_entries(at_most=BATCH)
    if drifted := writing.owners_of_drifted(visit_ids):
        log.error("entries drifted", visits_and_owners=drifted[:20], count=len(drifted))
        writing.write_entries({visit_id for visit_id, _ in drifted}, at=due_at)
