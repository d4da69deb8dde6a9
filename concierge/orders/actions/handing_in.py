"""Files that a person hands in together: kept, checked, then imported one by one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from flask_babel import gettext as _

from concierge.orders import queries
from concierge.orders.actions.importing import ImportPlan, Planner, as_result, from_result
from concierge.orders.documents import LARGEST_BYTES, TURN_BYTES, shown_name, too_large, turn
from concierge.orders.models import OrderImport
from concierge.platform import files, jobs
from concierge.platform.database import db
from concierge.platform.errors import Refused

AT_ONCE_BYTES = 400_000
AT_ONCE_FILES = 20
AT_ONCE_ORDERS = 25
MOST_FILES = 200
"""What one request does itself; more becomes a job with a page of its own."""

CHECK_JOB = "orders.check"
IMPORT_JOB = "orders.import"


@dataclass(frozen=True, slots=True)
class HandedIn:
    """A file as it arrived; `data` is None when it was larger than may be read."""

    name: str
    data: bytes | None
    size: int


def keep(handed_in: Sequence[HandedIn], *, owner_id: int, at: datetime) -> OrderImport:
    """Keep the files, and check them at once or, when they are many or large, in a job.

    :raises Refused: when there are no files or too many, or all of them are too large.
    """
    if not handed_in:
        raise Refused(_("No file was chosen. Choose at least one."))
    if len(handed_in) > MOST_FILES:
        raise Refused(_("At most %(count)d files can be imported at once. Choose fewer.", count=MOST_FILES))
    fitting = [one for one in handed_in if one.data is not None]
    fitting.sort(key=lambda one: turn((one.data or b"")[:TURN_BYTES]))
    refused = [_too_large(one) for one in handed_in if one.data is None]
    if not fitting:
        raise Refused(" ".join(sentence for one in refused for sentence in one.refusals))
    rows = [
        files.store(one.data or b"", name=shown_name(one.name), content_type=_kind(one)) for one in fitting
    ]
    found = OrderImport(
        owner_id=owner_id,
        created_at=at,
        applied_at=None,
        job_id=None,
        file_ids=[row.id for row in rows],
        results=[as_result(one) for one in refused],
    )
    db.session.add(found)
    db.session.flush()
    if is_long(found):
        found.job_id = jobs.start_job(CHECK_JOB, _title(len(rows)), {"import_id": found.id}, owner_id).id
    else:
        planner = Planner(at)
        plans = [planner.plan_file(one.data or b"", one.name) for one in fitting]
        write_results(found, plans)
    return found


def is_long(found: OrderImport) -> bool:
    """Whether checking or importing takes longer than a request should."""
    rows = queries.files_of(found)
    orders = sum(len(one.rows) for one in plans_of(found) if one.does_something)
    too_much = sum(row.size for row in rows) > AT_ONCE_BYTES
    return too_much or len(rows) > AT_ONCE_FILES or orders > AT_ONCE_ORDERS


def import_in_job(found: OrderImport, *, owner_id: int) -> jobs.Job:
    """Note the job that imports the files."""
    job = jobs.start_job(IMPORT_JOB, _title(len(found.file_ids)), {"import_id": found.id}, owner_id)
    found.job_id = job.id
    return job


def write_results(
    found: OrderImport, plans: Sequence[ImportPlan], *, applied_at: datetime | None = None
) -> None:
    """Keep what the files would do, or did."""
    kept = [one for one in plans_of(found) if one.refusals and not one.rows] if not found.applied_at else []
    names = {one.name for one in plans}
    found.results = [as_result(one) for one in (*plans, *(one for one in kept if one.name not in names))]
    found.applied_at = applied_at


def note_applied(found: OrderImport, plans: Sequence[ImportPlan], *, at: datetime) -> None:
    """Keep what the files did; of copies of one request only the one that did something is kept."""
    db.session.refresh(found, with_for_update=True)
    if found.applied_at is None or any(one.does_something for one in plans):
        write_results(found, plans, applied_at=at)


def plans_of(found: OrderImport) -> list[ImportPlan]:
    """What the files would do, or did."""
    return [from_result(one) for one in found.results]


def _title(count: int) -> str:
    return _("Import %(count)d order files", count=count) if count > 1 else _("Import an order file")


def _too_large(one: HandedIn) -> ImportPlan:
    refusal = too_large(one.name, max(one.size, LARGEST_BYTES))
    return ImportPlan(shown_name(one.name), refusals=refusal.sentences)


def _kind(one: HandedIn) -> str:
    return "application/xml" if (one.data or b"").lstrip()[:1] == b"<" else "text/csv"
