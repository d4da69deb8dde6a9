"""What happened: facts that are stored once, read for ever, and set off what follows.

The table of what follows is ``concierge/reactions.py``; the application hands it in at its start.
Recorded events are the audit trail, the project's history and the outbox. Fields are added, never renamed.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any, ClassVar, TypeAlias, TypeVar

import sqlalchemy as sa
from cattrs.preconf.json import make_converter
from flask import Flask, current_app, g
from sqlalchemy.orm import Mapped, mapped_column

from concierge.platform import deliveries
from concierge.platform.database import Base, Line, db, insert_rows
from concierge.platform.said import Writing

_converter = make_converter()
_React = TypeVar("_React", bound=Callable[..., None])


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A fact with ids and plain values only: what happened, when, by whom, to which project."""

    known: ClassVar[dict[str, type["Event"]]] = {}

    at: datetime
    actor_id: int | None
    project_id: int | None = None

    def __init_subclass__(cls) -> None:
        Event.known[cls.__name__] = cls


@dataclass(frozen=True, slots=True)
class Reaction:
    """What follows: ``now`` in the same transaction, in this order; ``later`` each as a delivery of its own.

    Every function takes the event. A ``later`` one may run twice and then changes nothing the second time; one that
    works outside the transaction (``deliveries.outside``) returns what is to be written in it.
    """

    now: tuple[Callable[[Any], None], ...] = ()  # Any: each takes its own event
    later: tuple[Callable[[Any], Callable[[], None] | None], ...] = ()


@dataclass(slots=True)
class _Gathered:
    """What follows from many acts and is put off to their end."""

    now: dict[Callable[[Any], None], list[Event]] = field(default_factory=dict)
    later: dict[Callable[[Any], Callable[[], None] | None], list[int]] = field(default_factory=dict)
    is_following: bool = False
    """Whether what was put off follows right now; what follows at once from that is not put off again."""


_Wanted: TypeAlias = list[tuple[str, dict[str, Any], str]]  # Any: JSON
"""Deliveries to note: name, arguments, key."""
Reactions: TypeAlias = Mapping[type[Event], Reaction]


class RecordedEvent(Base):
    """One event as it was recorded. Rows are only ever added."""

    __tablename__ = "recorded_events"

    name: Mapped[str] = mapped_column(Line(60), index=True)
    at: Mapped[datetime] = mapped_column(index=True)
    actor_id: Mapped[int | None]
    project_id: Mapped[int | None]
    payload: Mapped[dict[str, Any]]

    __table_args__ = (sa.Index("ix_recorded_events_project_id_id", "project_id", "id"),)

    @property
    def event(self) -> Event:
        """The fact itself, with its own type."""
        kind = Event.known[self.name]
        return _converter.structure(self.payload, kind)


def register(app: Flask, reactions: Reactions) -> None:
    """Hand the table of reactions to the application and make its ``later`` functions deliverable."""
    app.extensions["concierge.reactions"] = reactions
    for reaction in reactions.values():
        for handler in reaction.later:
            deliveries.register(delivery_name(handler), _from_event(handler))


def record(event: Event) -> None:
    """Store what happened, do at once what follows now, and note what follows later. Last line of an action."""
    record_many((event,))


def record_many(events: Sequence[Event]) -> None:
    """Store what happened to many things at once, with few statements; as ``record`` for each, in order.

    What follows at once from all of them together does so after the last; see `together`.
    """
    if not events:
        return
    db.session.flush()
    ids = _store(events)
    known: _Wanted | None = g.get("later")
    later = g.later = [] if known is None else known
    try:
        _follow(events, ids, later)
    finally:
        g.later = known
    if (
        known is None
    ):  # the outermost: what follows later from it, and from what followed now, is noted at once
        deliveries.enqueue_many(later)


def _follow(events: Sequence[Event], ids: Sequence[int], later: _Wanted) -> None:
    reactions: Reactions = current_app.extensions["concierge.reactions"]
    is_looking = g.get("looking", False)
    gathered: _Gathered | None = g.get("gathered")
    is_put_off = gathered is not None and not gathered.is_following
    held = gathered if is_put_off else _Gathered() if len(events) > 1 else None
    for event, row_id in zip(events, ids, strict=True):
        reaction = reactions[type(event)]
        for react in reaction.now:
            if is_looking and getattr(react, "is_unseen", False):
                continue
            if held is not None and hasattr(react, "of_many"):
                held.now.setdefault(react, []).append(event)
            else:
                react(event)
        for handler in () if is_looking else reaction.later:
            if gathered is not None:
                gathered.later.setdefault(handler, []).append(row_id)
            else:
                name = delivery_name(handler)
                later.append((name, {"event_id": row_id}, f"event:{row_id}:{name}"))
    if held is not None and not is_put_off:
        _follow_together(held)


@contextmanager
def gathered() -> Iterator[Callable[[], None]]:
    """Do many acts in one unit of work: what can follow from all of them at once does so at the end.

    A reaction that is marked with `together` takes all its events then, in their order; one of those that come
    later becomes one delivery. What the acts do in between must not need what is put off, unless they call what
    this gives: then it follows already.
    """
    if g.get("gathered") is not None:
        raise RuntimeError("Acts are being gathered already.")
    held = g.gathered = _Gathered()

    def follow() -> None:
        held.is_following = True
        try:
            _follow_together(held)
        finally:
            held.is_following = False

    try:
        yield follow
        follow()
    finally:
        g.gathered = None
    wanted: _Wanted = []
    for handler, ids in held.later.items():
        name = delivery_name(handler)
        if hasattr(handler, "of_many"):
            wanted.append((name, {"event_ids": ids}, f"events:{ids[0]}-{ids[-1]}:{name}"))
        else:
            wanted += [(name, {"event_id": row_id}, f"event:{row_id}:{name}") for row_id in ids]
    deliveries.enqueue_many(wanted)


def _follow_together(held: _Gathered) -> None:
    put_off, held.now = held.now, {}
    for react, events in put_off.items():
        react.of_many(events)  # type: ignore[attr-defined]  # `together` put it there


def together(of_many: Callable[[Sequence[Any]], None]) -> Callable[[_React], _React]:
    """Say of a reaction how it follows from many events at once; see `gathered`."""

    def mark(handler: _React) -> _React:
        handler.of_many = of_many  # type: ignore[attr-defined]  # a mark that gathered() reads
        return handler

    return mark


def last_about(
    *names: str, project_id: int | None = None, after_id: int = 0, **facts: int | str
) -> RecordedEvent | None:
    """The last event about something, as ``last_about(project_id=4, milestone_id=17)``; None when there is none.

    :param names: of the events that count; none: all.
    """
    question = sa.select(RecordedEvent).where(RecordedEvent.id > after_id)
    if names:
        question = question.where(RecordedEvent.name.in_(names))
    if project_id is not None:
        question = question.where(RecordedEvent.project_id == project_id)
    for name, value in facts.items():
        said = RecordedEvent.payload[name]
        question = question.where(
            said.as_string() == value if isinstance(value, str) else said.as_integer() == value
        )
    return db.session.scalar(question.order_by(RecordedEvent.id.desc()).limit(1))


def _store(events: Sequence[Event]) -> list[int]:
    """Write events as rows; returns their ids. An act that is watched is told of them."""
    if not events:
        return []
    rows = [
        {
            "name": type(event).__name__,
            "at": event.at,
            "actor_id": event.actor_id,
            "project_id": event.project_id,
            "payload": _payload(event),
        }
        for event in events
    ]
    session = db.session()
    if len(rows) == 1:
        (row_id,) = _STORING.told(session.connection(), rows[0]) or ()
        ids = [row_id]
    else:
        ids = insert_rows(RecordedEvent, rows)
    noted: list[RecordedEvent] | None = session.info.get("recorded")
    if noted is not None:
        noted += [RecordedEvent(id=row_id, **row) for row_id, row in zip(ids, rows, strict=True)]
    return ids


_TABLE = RecordedEvent.__table__
assert isinstance(_TABLE, sa.Table)  # noqa: S101 # every model maps one table
_STORING = Writing(sa.insert(_TABLE).returning(_TABLE.c.id))


def _payload(event: Event) -> dict[str, Any]:  # Any: JSON values
    payload = _converter.unstructure(event)
    return {f.name: payload[f.name] for f in fields(event)}


def unseen(handler: Callable[[Any], None]) -> Callable[[Any], None]:  # Any: takes its own event
    """Mark a reaction that changes nothing of what is shown before an act: a dry run goes without it."""
    handler.is_unseen = True  # type: ignore[attr-defined]  # a mark that record() reads
    return handler


def delivery_name(handler: Callable[..., object]) -> str:
    """The name that a later reaction has in the table of deliveries, e.g. ``readiness.reactions.make_pdf``."""
    return f"{handler.__module__.removeprefix('concierge.')}.{handler.__name__}"


def _from_event(handler: Callable[[Any], Any]) -> deliveries.Handler:
    def run(args: dict[str, Any]) -> Any:  # Any: an outside handler returns the function that writes
        if "event_ids" in args:
            of_these = sa.select(RecordedEvent).where(RecordedEvent.id.in_(args["event_ids"]))
            rows = db.session.scalars(of_these.order_by(RecordedEvent.id)).all()
            return handler.of_many([row.event for row in rows])  # type: ignore[attr-defined]  # see `together`
        row = db.session.get_one(RecordedEvent, args["event_id"])
        return handler(row.event)

    run.outside = getattr(handler, "outside", False)  # type: ignore[attr-defined]  # a mark that deliver() reads
    return run
