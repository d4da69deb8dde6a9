"""What feeds do when a time comes."""

from datetime import datetime

import structlog

from concierge.feeds import queries
from concierge.feeds.actions import addresses, writing
from concierge.feeds.states import Subject
from concierge.platform import clock
from concierge.visits.actions import zones

BATCH = 500

log = structlog.get_logger()


def renew_old_entries(due_at: datetime) -> None:
    """Write again what an older renderer, or one for another public address, wrote.

    Whoever reads a language that calendars have learned since gets theirs in it.
    """
    addresses.follow_language(queries.feeds_in_another_language(), at=due_at)
    while (old := queries.subjects_with_old_entries(at_most=BATCH)) is not None:
        subject, ids = old
        writing.write(subject, ids, at=due_at)
        again = queries.subjects_with_old_entries(at_most=1)
        if again is not None and (again[0], again[1][0]) == (subject, ids[0]):
            log.error("entries stay old", subject=subject.value, subject_id=ids[0])
            return


def compare_a_sample(due_at: datetime) -> None:
    """Render some entries from their rows and compare; a difference is a fault of ours, told and mended.

    Compared is what stands now: who comes late would take what went since then for a fault.
    """
    at = clock.now()
    for subject in Subject:
        ids = queries.some_subjects(subject, at_most=BATCH)
        if drifted := writing.drifted(subject, ids, at=at):
            log.error(
                "entries drifted", subject=subject.value, ids_and_calendars=drifted[:20], count=len(drifted)
            )
            writing.write(subject, {subject_id for subject_id, _ in drifted}, at=at)


def end_addresses_without_right(due_at: datetime) -> None:
    """Withdraw addresses of projects and sites to which a technician no longer goes."""
    addresses.revoke_all(queries.feeds_without_right(), actor_id=None, at=due_at)


def remove_unused_calendars(due_at: datetime) -> None:
    """Remove calendars that no address shows any more, so that they are not written for nobody."""
    addresses.remove_unused(at=due_at)


def follow_zone_rules(due_at: datetime) -> None:
    """Compute the instants of coming visits and turns anew when the rules of time zones are others."""
    zones.follow_rules(at=due_at)
