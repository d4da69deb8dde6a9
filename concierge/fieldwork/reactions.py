"""What the field does when something happened: records become PDFs."""

from collections.abc import Callable
from typing import Any

from concierge.fieldwork import queries
from concierge.fieldwork.actions import issuing, settling
from concierge.fieldwork.document import printing
from concierge.fieldwork.events import RecordIssued, RecordPrinted
from concierge.fieldwork.models import FieldPrint
from concierge.platform import clock, deliveries, files
from concierge.platform.database import db
from concierge.platform.deliveries import Hopeless, outside
from concierge.platform.errors import NotFound
from concierge.platform.events import record
from concierge.platform.pdf import Unprintable
from concierge.platform.signing import NotSigned
from concierge.visits.events import WorkChanged


@outside
def print_record(event: RecordIssued) -> Callable[[], None] | None:
    """Make the PDF of a record in the customer's language, unless it is there; a second or so.

    :raises Hopeless: when it cannot be laid out.
    """
    return print_in(event.record_id, "")


def start_clocks_of_named_unit(event: WorkChanged) -> None:
    """A unit that is named after its certificate was signed is under warranty from the day of the signature."""
    if "asset_id" in event.changed:
        issuing.start_clocks_of_work(event.work_order_id, actor_id=event.actor_id, at=event.at)


def print_in(record_id: int, language: str) -> Callable[[], None] | None:
    """Make the PDF of a record outside of any transaction; what is returned writes it down.

    :param language: empty: the customer's.
    :raises Hopeless: when it is gone, cannot be laid out, or the company's certificate cannot be used.
    """
    try:
        found = queries.record_by_id(record_id)
    except NotFound as gone:
        raise Hopeless("The record is gone.") from gone
    wanted = printing.language_of(language or queries.customers_language(found.visit.project))
    if any(one.language == wanted for one in found.prints):
        return None
    small = [one["small"] for one in found.content["photos"][: printing.MOST_PHOTOS]]
    photos = {one.id: files.read(one) for one in queries.stored_pieces(small)}
    try:
        made = printing.printed(found, language=wanted, photos=photos)
    except (Unprintable, NotSigned) as problem:
        raise Hopeless(problem.sentence) from problem
    name = printing.file_name(found, wanted)

    def keep() -> None:
        again = queries.record_by_id(record_id)
        if any(one.language == wanted for one in again.prints):
            return
        stored = files.store(made.data, name=name, content_type="application/pdf")
        at = clock.now()
        db.session.add(FieldPrint(record_id=record_id, language=wanted, file_id=stored.id, made_at=at))
        db.session.flush()
        record(
            RecordPrinted(
                at=at,
                actor_id=None,
                project_id=again.visit.project_id,
                visit_id=again.visit_id,
                title=again.visit.title,
                record_id=record_id,
                kind=again.kind.value,
                revision=again.revision,
                language=wanted,
            )
        )

    return keep


@outside
def print_ordered(args: dict[str, Any]) -> Callable[[], None] | None:  # Any: JSON values
    """Make the PDF of a record in a language that somebody asked for.

    :raises Hopeless: when it is gone, cannot be laid out, or the company's certificate cannot be used.
    """
    return print_in(int(args["record_id"]), str(args["language"]))


deliveries.register(settling.PRINT, print_ordered)
