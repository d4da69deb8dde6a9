"""Arithmetic of an import: what an order says now, what a document makes of it, and the verdict in words."""

import hashlib
from dataclasses import dataclass, replace
from datetime import date, time
from decimal import Decimal

from flask_babel import gettext as _
from flask_babel import ngettext

from concierge.orders.incoming import IncomingLine, IncomingOrder, LineStatus, PeriodKind
from concierge.orders.states import DocumentKind, OrderState, Outcome
from concierge.platform.database import clean
from concierge.platform.words import day


@dataclass(frozen=True, slots=True)
class LineFacts:
    """What a line says."""

    line_id: str
    name: str
    quantity: Decimal
    unit: str
    description: str = ""
    seller_item_id: str = ""
    standard_item_id: str = ""
    buyer_item_id: str = ""
    amount_minor: int | None = None
    requested_from: date | None = None
    requested_to: date | None = None
    cancelled: bool = False


@dataclass(frozen=True, slots=True)
class OrderFacts:
    """What an order says, and which documents made it say so."""

    requested_from: date | None
    requested_to: date | None
    requested_from_time: time | None
    requested_to_time: time | None
    currency: str
    total_minor: int | None
    buyer_reference: str
    seller_number: str
    note: str
    lines: tuple[LineFacts, ...]
    state: OrderState = OrderState.OPEN
    digests: frozenset[str] = frozenset()
    latest_change: int = 0
    latest_issued_on: date | None = None
    has_changes: bool = False
    order_id: int | None = None


@dataclass(frozen=True, slots=True)
class Difference:
    """What a document changes: the order after it, and the ids of the lines concerned."""

    after: OrderFacts
    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    moved: bool = False
    other: bool = False

    def __bool__(self) -> bool:
        return bool(self.added or self.changed or self.removed or self.moved or self.other)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What importing would do and why, in a sentence; `difference` for a new, changed or cancelled order."""

    outcome: Outcome
    sentence: str
    difference: Difference | None = None


def digest_of(order: IncomingOrder, file_digest: str) -> str:
    """The SHA-256 that stands for a document; of a sheet, only of the rows of this order."""
    if order.syntax != "csv":
        return file_digest
    lines = tuple(replace(line, line=None) for line in order.lines)
    said = (order.source, order.number, order.buyer.called, order.buyer.ids, order.issued_on, lines)
    wanted = tuple(replace(period, line=None) for period in order.periods)
    place = replace(order.delivery_address, line=None)
    content = (said, wanted, place, order.buyer.people, order.delivery_place, order.currency)
    return hashlib.sha256(repr(content).encode()).hexdigest()


def verdict(known: OrderFacts | None, order: IncomingOrder, digest: str) -> Verdict:
    """What a document would do to the order as it is known; None = not known."""
    if known is None:
        return _on_unknown(order)
    if digest in known.digests:
        return Verdict(Outcome.UNCHANGED, _("This document has been imported before; nothing changes."))
    if order.kind is DocumentKind.CANCELLATION:
        return _cancellation(known)
    if known.state is not OrderState.OPEN:
        return Verdict(
            Outcome.REFUSE,
            _(
                "The order is cancelled, or is asked to be. Settle the cancellation, or have it ordered"
                " under a new number."
            ),
        )
    if too_old := _too_old(known, order):
        return Verdict(Outcome.REFUSE, too_old)
    return _change(known, order)


def facts_of(order: IncomingOrder) -> OrderFacts:
    """What a new order says."""
    requested = order.requested
    lines = tuple(_line(line) for line in order.lines if line.status is not LineStatus.CANCELLED)
    return OrderFacts(
        requested_from=requested.from_on if requested else None,
        requested_to=requested.to_on if requested else None,
        requested_from_time=requested.from_time if requested else None,
        requested_to_time=requested.to_time if requested else None,
        currency=order.currency,
        total_minor=_total(order.total_minor, lines),
        buyer_reference=(order.customer_reference or order.contract_reference)[:120],
        seller_number=order.seller_number[:80] if order.seller_number != order.number else "",
        note=clean(order.note, lines=True)[:4000],
        lines=lines,
        latest_issued_on=order.issued_on,
    )


def learn(known: OrderFacts, order: IncomingOrder, digest: str) -> OrderFacts:
    """The facts after a document was taken in, with the document itself remembered."""
    is_change = order.kind is DocumentKind.CHANGE
    days = [one for one in (known.latest_issued_on, order.issued_on) if one]
    return replace(
        known,
        state=OrderState.CANCELLATION_ASKED if order.kind is DocumentKind.CANCELLATION else known.state,
        digests=known.digests | {digest},
        latest_change=max(known.latest_change, order.sequence or 0) if is_change else known.latest_change,
        latest_issued_on=max(days, default=None),
        has_changes=known.has_changes or is_change,
    )


def difference(known: OrderFacts, order: IncomingOrder) -> Difference:
    """What an order sent again, or an order change, changes.

    An order says everything: a line that it leaves out is cancelled. A change says only what changes.
    """
    before = {line.line_id: line for line in known.lines}
    whole = order.kind is DocumentKind.ORDER
    after = dict(before)
    for incoming in order.lines:
        if incoming.status is LineStatus.UNTOUCHED and incoming.number in before:
            continue
        after[incoming.number] = _next_line(before.get(incoming.number), incoming, whole=whole)
    if whole:
        said = {line.number for line in order.lines}
        after |= {key: replace(line, cancelled=True) for key, line in before.items() if key not in said}
    new = facts_of(order)
    lines = tuple(line for key, line in after.items() if key in before or not line.cancelled)
    asked = _asked(known, order, new, lines, whole=whole)
    result = replace(
        known,
        requested_from=asked.requested_from,
        requested_to=asked.requested_to,
        requested_from_time=asked.requested_from_time,
        requested_to_time=asked.requested_to_time,
        currency=order.currency or known.currency,
        total_minor=_total(order.total_minor, lines) or known.total_minor,
        buyer_reference=new.buyer_reference or known.buyer_reference,
        seller_number=new.seller_number or known.seller_number,
        note=(new.note or known.note) if whole else known.note,
        lines=lines,
    )
    return Difference(
        after=result,
        added=tuple(key for key, line in after.items() if key not in before and not line.cancelled),
        changed=tuple(
            key for key, line in after.items() if key in before and line != before[key] and not line.cancelled
        ),
        removed=tuple(
            key
            for key, line in after.items()
            if key in before and line.cancelled and not before[key].cancelled
        ),
        moved=_period(result) != _period(known),
        other=_header(result) != _header(known),
    )


def told(change: Difference) -> str:
    """What a change does, in sentences."""
    sentences = []
    if change.added:
        sentences.append(ngettext("%(num)d line is new.", "%(num)d lines are new.", len(change.added)))
    if change.changed:
        sentences.append(ngettext("%(num)d line changes.", "%(num)d lines change.", len(change.changed)))
    if change.removed:
        sentences.append(
            ngettext("%(num)d line is cancelled.", "%(num)d lines are cancelled.", len(change.removed))
        )
    if change.moved:
        sentences.append(_("Delivery is now asked for %(period)s.", period=period_words(change.after)))
    return " ".join(sentences) or _("The details of the order change.")


def period_words(facts: OrderFacts) -> str:
    """When delivery is asked for: "from Mon 15 Feb to Fri 26 Feb"."""
    match facts.requested_from, facts.requested_to:
        case None, None:
            return _("on no day in particular")
        case None, to_on:
            return _("by %(day)s", day=day(to_on))
        case from_on, None:
            return _("from %(day)s", day=day(from_on))
        case from_on, to_on if from_on == to_on:
            return _("on %(day)s", day=day(from_on))
        case from_on, to_on:
            return _("from %(first)s to %(last)s", first=day(from_on), last=day(to_on))


def _on_unknown(order: IncomingOrder) -> Verdict:
    if order.kind is DocumentKind.ORDER:
        count = len(order.lines)
        sentence = ngettext("New order with %(num)d line.", "New order with %(num)d lines.", count)
        return Verdict(Outcome.CREATE, sentence, Difference(after=facts_of(order)))
    return Verdict(
        Outcome.REFUSE,
        _(
            "There is no order %(number)s of this buyer and seller. Import the order first.",
            number=order.number,
        ),
    )


def _cancellation(known: OrderFacts) -> Verdict:
    if known.state is OrderState.OPEN:
        sentence = _("The buyer asks to cancel. The order stays until a person agrees.")
        return Verdict(Outcome.CANCEL, sentence, Difference(after=known))
    return Verdict(Outcome.UNCHANGED, _("Cancelling has been asked for before; nothing changes."))


def _too_old(known: OrderFacts, order: IncomingOrder) -> str:
    is_change = order.kind is DocumentKind.CHANGE
    if is_change and order.sequence is not None and order.sequence <= known.latest_change:
        return _(
            "Change number %(number)d came after change number %(latest)d. Ask the buyer for a change with"
            " a higher number.",
            number=order.sequence,
            latest=known.latest_change,
        )
    is_numbered = is_change and order.sequence is not None
    if not known.has_changes or is_numbered or not order.issued_on or not known.latest_issued_on:
        return ""
    if order.issued_on < known.latest_issued_on:
        return _(
            "It was issued on %(day)s, before the latest change of %(latest)s, and would undo that. Ask for"
            " a newer one.",
            day=day(order.issued_on),
            latest=day(known.latest_issued_on),
        )
    return ""


def _change(known: OrderFacts, order: IncomingOrder) -> Verdict:
    known_ids = {line.line_id for line in known.lines}
    for line in order.lines:
        if not line.name and line.number not in known_ids and line.status is not LineStatus.CANCELLED:
            return Verdict(
                Outcome.REFUSE,
                _(
                    "Line %(number)s is new but does not say what is ordered. Fill its item name.",
                    number=line.number,
                ),
            )
    change = difference(known, order)
    if not change:
        return Verdict(Outcome.UNCHANGED, _("It says what the order says already; nothing changes."))
    return Verdict(Outcome.CHANGE, told(change), change)


def _next_line(before: LineFacts | None, incoming: IncomingLine, *, whole: bool) -> LineFacts:
    new = _line(incoming)
    is_cancelled = incoming.status is LineStatus.CANCELLED or (not whole and incoming.quantity == 0)
    if before is None:
        return replace(new, cancelled=is_cancelled)
    if is_cancelled:
        return replace(before, cancelled=True)
    if whole:
        return new
    return replace(
        new,
        name=new.name or before.name,
        description=new.description or before.description,
        seller_item_id=new.seller_item_id or before.seller_item_id,
        standard_item_id=new.standard_item_id or before.standard_item_id,
        buyer_item_id=new.buyer_item_id or before.buyer_item_id,
        amount_minor=before.amount_minor if new.amount_minor is None else new.amount_minor,
        requested_from=new.requested_from if incoming.requested else before.requested_from,
        requested_to=new.requested_to if incoming.requested else before.requested_to,
    )


def _line(line: IncomingLine) -> LineFacts:
    requested = line.requested
    return LineFacts(
        line_id=line.number,
        name=clean(line.name, lines=False)[:300],
        quantity=line.quantity,
        unit=line.unit[:12],
        description=clean("\n".join(filter(None, (line.description, line.note))), lines=True)[:4000],
        seller_item_id=line.seller_item_id[:100],
        standard_item_id=line.standard_item_id[:100],
        buyer_item_id=line.buyer_item_id[:100],
        amount_minor=line.amount_minor,
        requested_from=requested.from_on if requested else None,
        requested_to=requested.to_on if requested else None,
    )


def _asked(
    known: OrderFacts, order: IncomingOrder, new: OrderFacts, lines: tuple[LineFacts, ...], *, whole: bool
) -> OrderFacts:
    """The facts whose delivery period holds after a document.

    A change that dates only some lines moves the order when the order's period was that of its earliest line.
    """
    of_header = any(period.kind is PeriodKind.REQUESTED for period in order.periods)
    if of_header or (whole and order.requested):
        return new
    before, after = _earliest(known.lines), _earliest(lines)
    if order.requested and after and before == (known.requested_from, known.requested_to):
        return replace(new, requested_from=after[0], requested_to=after[1])
    return known


def _earliest(lines: tuple[LineFacts, ...]) -> tuple[date | None, date | None] | None:
    periods = [(line.requested_from, line.requested_to) for line in lines if not line.cancelled]
    dated = [one for one in periods if one != (None, None)]
    return min(dated, key=lambda one: one[0] or one[1] or date.max, default=None)


def _total(said: int | None, lines: tuple[LineFacts, ...]) -> int | None:
    amounts = [line.amount_minor for line in lines if not line.cancelled]
    return sum(filter(None, amounts)) if said is None and None not in amounts and amounts else said


def _period(facts: OrderFacts) -> tuple[object, ...]:
    return (facts.requested_from, facts.requested_to, facts.requested_from_time, facts.requested_to_time)


def _header(facts: OrderFacts) -> tuple[object, ...]:
    return (facts.currency, facts.total_minor, facts.buyer_reference, facts.seller_number, facts.note)
