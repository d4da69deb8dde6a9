"""Taking documents in: first what each would do, row by row, then all of a document or nothing of it."""

import hashlib
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy.exc import IntegrityError

from concierge.accounts.models import Account
from concierge.catalogue.queries import LineNames, as_alias, products_for
from concierge.orders import plan, queries
from concierge.orders.actions.customers import Customer, customer_of, is_at, settle_customer
from concierge.orders.documents import read_orders, shown_name
from concierge.orders.events import OrderCancellationReceived, OrderChanged, OrderReceived
from concierge.orders.incoming import BadDocument, IncomingOrder
from concierge.orders.models import Order, OrderDocument, OrderLine
from concierge.orders.plan import Difference, LineFacts, OrderFacts, Verdict
from concierge.orders.states import DocumentKind, OrderState, Outcome
from concierge.platform.database import db
from concierge.platform.errors import Refused
from concierge.platform.events import record
from concierge.platform.files import StoredFile

MATCHED_AT_ONCE = 500
UNMATCHED_NAMED = 20
_IMPORTS = 73190412
"""The advisory lock that lets one import write at a time on PostgreSQL; SQLite's gate does the same."""


@dataclass(frozen=True, slots=True)
class PlannedRow:
    """What a document does to one order, and why."""

    outcome: Outcome
    kind: DocumentKind
    number: str
    document_number: str
    sentence: str
    customer: str = ""
    place: str = ""
    requested_from: date | None = None
    requested_to: date | None = None
    currency: str = ""
    total_minor: int | None = None
    lines: int = 0
    unmatched_count: int = 0
    unmatched: tuple[str, ...] = ()
    """The names of the first lines that are not in the catalogue."""
    remarks: tuple[str, ...] = ()
    order_id: int | None = None


@dataclass(frozen=True, slots=True)
class ImportPlan:
    """What importing a file does: its rows, or why it cannot be read. Refused: nothing of it is done."""

    name: str
    rows: tuple[PlannedRow, ...] = ()
    refusals: tuple[str, ...] = ()

    @property
    def is_refused(self) -> bool:
        """Whether nothing of the file is imported."""
        return bool(self.refusals) or any(row.outcome is Outcome.REFUSE for row in self.rows)

    @property
    def does_something(self) -> bool:
        """Whether applying it would change anything."""
        return not self.is_refused and any(row.outcome is not Outcome.UNCHANGED for row in self.rows)

    @property
    def sentences(self) -> tuple[str, ...]:
        """Why it is refused."""
        refused = (row for row in self.rows if row.outcome is Outcome.REFUSE)
        return self.refusals or tuple(
            _(
                "%(file)s, order %(number)s: %(sentence)s",
                file=self.name,
                number=row.number,
                sentence=row.sentence,
            )
            for row in refused
        )


class ImportRefused(Refused):
    """A document that can be read but not taken in; its plan says why."""

    def __init__(self, plan_: ImportPlan) -> None:
        super().__init__(" ".join(plan_.sentences))
        self.plan = plan_


@dataclass(slots=True)
class Planner:
    """Says what files would do at an instant, one after the other, as if those before had been imported."""

    at: datetime
    foreseen: dict[tuple[str, str], OrderFacts] = field(default_factory=dict)

    def plan_file(self, data: bytes, name: str) -> ImportPlan:
        """What one file would do. Changes nothing."""
        try:
            orders = read_orders(data, name)
        except BadDocument as refused:
            return ImportPlan(shown_name(name), refusals=refused.sentences)
        return self.plan_orders(orders, shown_name(name), hashlib.sha256(data).hexdigest())

    def plan_orders(self, orders: Iterable[IncomingOrder], name: str, file_digest: str) -> ImportPlan:
        """What the orders of one file would do. Changes nothing."""
        before = dict(self.foreseen)
        found = ImportPlan(name, tuple(self._row(order, file_digest) for order in orders))
        if found.is_refused:
            self.foreseen = before
        return found

    def _row(self, order: IncomingOrder, file_digest: str) -> PlannedRow:
        known, row = self._known(order)
        digest = plan.digest_of(order, file_digest)
        found = plan.verdict(known, order, digest)
        remarks = order.remarks + _past(order, found, self.at) + _elsewhere(order, found, row)
        if found.outcome is Outcome.CREATE:
            try:
                remarks += customer_of(order).remarks
            except Refused as refused:
                found = Verdict(Outcome.REFUSE, refused.sentence)
        if found.difference is not None:
            key = next((key for key in _keys(order) if key in self.foreseen), _keys(order)[0])
            self.foreseen[key] = plan.learn(found.difference.after, order, digest)
        return _planned(order, found, known, remarks)

    def _known(self, order: IncomingOrder) -> tuple[OrderFacts | None, Order | None]:
        for key in _keys(order):
            if key in self.foreseen:
                return self.foreseen[key], None
        return _known(order)


def import_file(
    data: bytes, name: str, *, file: StoredFile | None, actor_id: int | None, at: datetime
) -> ImportPlan:
    """Take in everything that a file says, or nothing; what is known already changes nothing.

    :param file: the file as it is kept; None when its bytes are not kept.
    :raises BadDocument: when it cannot be read.
    :raises ImportRefused: when one of its orders cannot be taken in.
    """
    orders = read_orders(data, name)
    return import_orders(
        orders, shown_name(name), hashlib.sha256(data).hexdigest(), file=file, actor_id=actor_id, at=at
    )


def import_orders(
    orders: tuple[IncomingOrder, ...],
    name: str,
    file_digest: str,
    *,
    file: StoredFile | None,
    actor_id: int | None,
    at: datetime,
) -> ImportPlan:
    """Take in the orders of one file that has been read, in the caller's transaction.

    :raises ImportRefused: when one of them cannot be taken in; nothing is then to be kept.
    """
    _one_import_at_a_time()
    if len(orders) > 1:  # all of them are looked at before the first is taken in
        whole = Planner(at).plan_orders(orders, name, file_digest)
        if whole.is_refused:
            raise ImportRefused(whole)
    source = _Source(name, file_digest, file, actor_id, at)
    try:
        rows = tuple(_take_in(order, source) for order in orders)
    except IntegrityError as error:
        raise Refused(
            _("%(file)s was being imported by somebody else at the same moment. Import it again.", file=name)
        ) from error
    return ImportPlan(name, rows)


def from_result(kept: dict[str, Any]) -> ImportPlan:
    """A plan that was kept as JSON."""
    return ImportPlan(
        name=kept["name"],
        rows=tuple(_row_from(row) for row in kept["rows"]),
        refusals=tuple(kept["refusals"]),
    )


def as_result(found: ImportPlan) -> dict[str, Any]:
    """A plan as JSON, to keep with an import and to show again."""
    rows = [
        {
            key: value.isoformat() if isinstance(value, date) else getattr(value, "value", value)
            for key, value in asdict(row).items()
        }
        for row in found.rows
    ]
    return {"name": found.name, "refusals": list(found.refusals), "rows": rows}


def _row_from(row: dict[str, Any]) -> PlannedRow:
    days = {name: row[name] and date.fromisoformat(row[name]) for name in ("requested_from", "requested_to")}
    lists = {name: tuple(row[name]) for name in ("unmatched", "remarks")}
    return PlannedRow(
        **{**row, **days, **lists, "outcome": Outcome(row["outcome"]), "kind": DocumentKind(row["kind"])}
    )


@dataclass(frozen=True, slots=True)
class _Source:
    """The file that orders come from, who brings it and when."""

    name: str
    digest: str
    file: StoredFile | None
    actor_id: int | None
    at: datetime


def _one_import_at_a_time() -> None:
    if db.session.get_bind().dialect.name == "postgresql":
        db.session.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": _IMPORTS})


def _keys(order: IncomingOrder) -> list[tuple[str, str]]:
    return [(source, order.number) for source in order.sources]


def _known(order: IncomingOrder) -> tuple[OrderFacts | None, Order | None]:
    """The order that a document is about, as it stands in the tables."""
    found = queries.orders_numbered(order.number)
    matching = [one for one in found if one.system in order.sources]
    if not matching and order.kind is not DocumentKind.ORDER:
        matching = [one for one in found if _is_buyer(one.account, order)]
    if len(matching) != 1:
        return None, None
    return _facts(matching[0]), matching[0]


def _is_buyer(account: Account, order: IncomingOrder) -> bool:
    names = {as_alias(order.buyer.name), as_alias(order.buyer.legal_name)} - {""}
    return account.party_id in order.buyer.keys or as_alias(account.name) in names


def _facts(order: Order) -> OrderFacts:
    changes = [one for one in order.documents if one.kind is DocumentKind.CHANGE]
    return OrderFacts(
        requested_from=order.requested_from,
        requested_to=order.requested_to,
        requested_from_time=order.requested_from_time,
        requested_to_time=order.requested_to_time,
        currency=order.currency,
        total_minor=order.total_minor,
        buyer_reference=order.buyer_reference,
        seller_number=order.seller_number,
        note=order.note,
        lines=tuple(_line_facts(line) for line in order.lines),
        state=order.state,
        digests=frozenset(one.digest for one in order.documents),
        latest_change=max((one.sequence for one in changes), default=0),
        latest_issued_on=max((one.issued_on for one in order.documents), default=None),
        has_changes=bool(changes),
        order_id=order.id,
    )


def _line_facts(line: OrderLine) -> LineFacts:
    return LineFacts(
        line_id=line.line_id,
        name=line.name,
        quantity=line.quantity,
        unit=line.unit,
        description=line.description,
        seller_item_id=line.seller_item_id,
        standard_item_id=line.standard_item_id,
        buyer_item_id=line.buyer_item_id,
        amount_minor=line.amount_minor,
        requested_from=line.requested_from,
        requested_to=line.requested_to,
        cancelled=line.cancelled,
    )


def _planned(
    order: IncomingOrder, found: Verdict, known: OrderFacts | None, remarks: tuple[str, ...]
) -> PlannedRow:
    after = found.difference.after if found.difference is not None else known or plan.facts_of(order)
    open_lines = [line for line in after.lines if not line.cancelled]
    matched = _products(open_lines) if found.outcome in {Outcome.CREATE, Outcome.CHANGE} else None
    unmatched = [line.name for line in open_lines if matched is not None and not matched[line.line_id]]
    address = order.site_address
    return PlannedRow(
        outcome=found.outcome,
        kind=order.kind,
        number=order.number,
        document_number=order.document_number,
        sentence=found.sentence,
        customer=(order.buyer.called or order.delivery_party.called)[:160],
        place=", ".join(filter(None, (address.city[:100], address.country))),
        requested_from=after.requested_from,
        requested_to=after.requested_to,
        currency=after.currency,
        total_minor=after.total_minor,
        lines=len(open_lines),
        unmatched_count=len(unmatched),
        unmatched=tuple(unmatched[:UNMATCHED_NAMED]),
        remarks=remarks,
        order_id=after.order_id,
    )


def _past(order: IncomingOrder, found: Verdict, at: datetime) -> tuple[str, ...]:
    """A remark when delivery was asked for on days that are over."""
    asked = plan.facts_of(order)
    last = asked.requested_to or asked.requested_from
    if found.outcome not in {Outcome.CREATE, Outcome.CHANGE} or last is None or last >= at.date():
        return ()
    return (
        _(
            "Delivery was asked for %(period)s, which is over; the plan starts today.",
            period=plan.period_words(asked),
        ),
    )


def _elsewhere(order: IncomingOrder, found: Verdict, row: Order | None) -> tuple[str, ...]:
    """A remark when a change names another place than the order's: a place has a calendar, so a person moves it."""
    if found.outcome is not Outcome.CHANGE or row is None or not order.delivery_address.lines:
        return ()
    if is_at(row.site, order.delivery_address):
        return ()
    place = ", ".join(filter(None, (order.delivery_address.lines[0], order.delivery_address.city)))[:160]
    return (
        _(
            "It names another place of delivery, %(place)s. The order stays at %(site)s until a person moves it.",
            place=place,
            site=row.site.name,
        ),
    )


def _products(lines: list[LineFacts]) -> dict[str, int | None]:
    """The product that each line means, by line id."""
    found: dict[str, int | None] = {}
    for first in range(0, len(lines), MATCHED_AT_ONCE):
        some = lines[first : first + MATCHED_AT_ONCE]
        names = [LineNames(line.seller_item_id, line.standard_item_id, line.name) for line in some]
        products = products_for(names)
        found |= {line.line_id: one.id if one else None for line, one in zip(some, products, strict=True)}
    return found


def _take_in(order: IncomingOrder, source: _Source) -> PlannedRow:
    known, row = _known(order)
    digest = plan.digest_of(order, source.digest)
    found = plan.verdict(known, order, digest)
    customer = None
    if found.outcome is Outcome.CREATE:
        try:
            customer = customer_of(order)
        except Refused as refused:
            found = Verdict(Outcome.REFUSE, refused.sentence)
    remarks = order.remarks + _past(order, found, source.at) + _elsewhere(order, found, row)
    remarks += customer.remarks if customer else ()
    planned = _planned(order, found, known, remarks)
    if found.outcome is Outcome.REFUSE:
        raise ImportRefused(ImportPlan(source.name, (planned,)))
    match found.outcome, found.difference, row:
        case Outcome.CREATE, Difference() as change, _ if customer:
            row = _create(order, change.after, customer, digest, source)
        case Outcome.CHANGE, Difference() as change, Order():
            _change(row, order, change, digest, source, remarks=_elsewhere(order, found, row))
        case Outcome.CANCEL, _, Order():
            _ask_to_cancel(row, order, digest, source)
        case _:
            return planned
    return replace(planned, order_id=row.id)


def _create(
    order: IncomingOrder, facts: OrderFacts, customer: Customer, digest: str, source: _Source
) -> Order:
    account, site, contact = settle_customer(order, customer, actor_id=source.actor_id, at=source.at)
    row = Order(
        system=order.source,
        number=order.number,
        account_id=account.id,
        site_id=site.id,
        contact_id=contact.id if contact else None,
        state=OrderState.OPEN,
        issued_on=order.issued_on or source.at.date(),
        received_at=source.at,
        lines=[],
        documents=[],
    )
    db.session.add(row)
    _write_header(row, facts)
    db.session.flush()
    _write_lines(row, facts.lines, at=source.at)
    _keep_document(row, order, digest, source, summary=_received(len(facts.lines)))
    db.session.flush()
    record(OrderReceived(at=source.at, actor_id=source.actor_id, order_id=row.id, number=row.number))
    return row


def _received(lines: int) -> str:
    return ngettext("The order came in with %(num)d line.", "The order came in with %(num)d lines.", lines)


def _change(
    row: Order,
    order: IncomingOrder,
    change: Difference,
    digest: str,
    source: _Source,
    *,
    remarks: tuple[str, ...] = (),
) -> None:
    _write_header(row, change.after)
    _write_lines(row, change.after.lines, at=source.at)
    summary = " ".join((plan.told(change), *remarks))
    document = _keep_document(row, order, digest, source, summary=summary)
    db.session.flush()
    record(
        OrderChanged(
            at=source.at,
            actor_id=source.actor_id,
            order_id=row.id,
            number=row.number,
            document_id=document.id,
            requested_from=row.requested_from,
            requested_to=row.requested_to,
            lines_added=len(change.added),
            lines_changed=len(change.changed),
            lines_removed=len(change.removed),
            note=order.note[:1000],
        )
    )


def _ask_to_cancel(row: Order, order: IncomingOrder, digest: str, source: _Source) -> None:
    row.state = OrderState.CANCELLATION_ASKED
    document = _keep_document(
        row, order, digest, source, summary=order.note or _("The buyer asks to cancel.")
    )
    db.session.flush()
    record(
        OrderCancellationReceived(
            at=source.at,
            actor_id=source.actor_id,
            order_id=row.id,
            number=row.number,
            document_id=document.id,
            note=order.note[:1000],
        )
    )


def _write_header(row: Order, facts: OrderFacts) -> None:
    row.requested_from, row.requested_to = facts.requested_from, facts.requested_to
    row.requested_from_time, row.requested_to_time = facts.requested_from_time, facts.requested_to_time
    row.currency, row.total_minor = facts.currency, facts.total_minor
    row.buyer_reference, row.seller_number = facts.buyer_reference, facts.seller_number
    row.note = facts.note


def _write_lines(row: Order, lines: tuple[LineFacts, ...], *, at: datetime) -> None:
    """Write lines that are new or say something else; one that calls its item otherwise is matched again."""
    known = {line.line_id: line for line in row.lines}
    before = {line_id: _line_facts(line) for line_id, line in known.items()}
    fresh = [facts for facts in lines if before.get(facts.line_id) != facts]
    products = _products(fresh)
    last = max((line.position for line in row.lines), default=0)
    for facts in fresh:
        line = known.get(facts.line_id)
        if line is None:
            last += 1
            line = OrderLine(order_id=row.id, line_id=facts.line_id, position=last, product_id=None)
            row.lines.append(line)
        renamed = (line.name, line.seller_item_id, line.standard_item_id) != (
            facts.name,
            facts.seller_item_id,
            facts.standard_item_id,
        )
        for name in LineFacts.__dataclass_fields__:
            setattr(line, name, getattr(facts, name))
        if renamed or line.product_id is None:
            meant, line.product_id = line.product_id, products[facts.line_id]
            if facts.line_id not in before or line.product_id != meant:
                line.named_at = at


def _keep_document(
    row: Order, order: IncomingOrder, digest: str, source: _Source, *, summary: str
) -> OrderDocument:
    document = OrderDocument(
        order_id=row.id,
        kind=order.kind,
        name=source.name,
        number=order.document_number,
        sequence=order.sequence or 0,
        digest=digest,
        issued_on=order.issued_on or source.at.date(),
        summary=summary,
        received_at=source.at,
        received_by_id=source.actor_id,
        file_id=source.file.id if source.file else None,
    )
    row.documents.append(document)
    return document
