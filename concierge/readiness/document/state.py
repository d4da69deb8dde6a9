"""What a checklist's document is made of, as the rows lie in the database: far cheaper to read than the document.

Equal rows give an equal document, so whoever asks whether a print is still the newest need not put it together. Each
row is taken whole, where not all of it is printed: a new column counts by itself, and a table that is forgotten here
fails `tests/readiness/test_document_state.py`.
"""

import hashlib
import threading
from collections import OrderedDict
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.sql.selectable import FromClause

from concierge.accounts.models import Account, Contact, Site
from concierge.catalogue.models import PlaybookField, Product
from concierge.identity.models import User
from concierge.identity.viewer import Viewer
from concierge.orders.models import Order, OrderLine
from concierge.platform import settings
from concierge.platform.database import db
from concierge.platform.errors import NotFound
from concierge.platform.files import StoredFile
from concierge.projects.models import FieldValue, Gate, Milestone, Project, ProjectPlaybook
from concierge.projects.scope import visible_to
from concierge.readiness import queries
from concierge.readiness.document import filling
from concierge.readiness.models import (
    Checklist,
    ItemAnswer,
    ItemEvidence,
    ReadinessItem,
    ReadinessSignature,
    Waiver,
)
from concierge.readiness.states import DocumentKind, Standing

MOST_KNOWN = 10_000
"""Hashes that a process remembers, some 300 bytes each."""

_CHECKLIST = sa.bindparam("checklist_id", type_=sa.Integer)
_PROJECT = sa.bindparam("project_id", type_=sa.Integer)


Rows = sa.Select[Any]  # Any: of as many columns as the tables have


def _rows(*models: type, of: FromClause | None = None) -> Rows:
    """All columns as the driver gives them, unread: what matters is only whether they differ."""
    tables: list[sa.Table] = [sa.inspect(model).local_table for model in models]
    columns = [sa.type_coerce(column, sa.types.NullType()) for table in tables for column in table.c]
    question = cast("Rows", sa.select(*(column.label(f"c{place}") for place, column in enumerate(columns))))
    return question.select_from(of) if of is not None else question


_ITEM_IDS = sa.select(ReadinessItem.id).where(ReadinessItem.checklist_id == _CHECKLIST).scalar_subquery()
_SIGNED = sa.select(ReadinessSignature.by_id).where(ReadinessSignature.checklist_id == _CHECKLIST)
_WITNESSED = sa.select(ReadinessSignature.witness_id).where(ReadinessSignature.checklist_id == _CHECKLIST)
_ANSWERED = sa.select(ReadinessItem.answered_by_id).where(ReadinessItem.checklist_id == _CHECKLIST)
_REVIEWED = sa.select(ReadinessItem.reviewed_by_id).where(ReadinessItem.checklist_id == _CHECKLIST)
_WAIVED = sa.select(Waiver.given_by_id).where(Waiver.item_id.in_(_ITEM_IDS))
_LEADS = sa.select(Project.concierge_id).where(Project.id == _PROJECT)
_PEOPLE = sa.union_all(_SIGNED, _WITNESSED, _ANSWERED, _REVIEWED, _WAIVED, _LEADS).subquery()
_AROUND = (
    sa.join(Project, Account, Account.id == Project.account_id)
    .join(Site, Site.id == Project.site_id)
    .join(Order, Order.id == Project.order_id)
    .outerjoin(Contact, Contact.id == Project.contact_id)
)
_LINES = (
    sa.join(ProjectPlaybook, OrderLine, OrderLine.id == ProjectPlaybook.order_line_id)
    .outerjoin(Product, Product.id == OrderLine.product_id)
)  # fmt: skip

QUESTIONS: tuple[Rows, ...] = (
    _rows(Checklist).where(Checklist.id == _CHECKLIST),
    _rows(ReadinessItem)
    .where(ReadinessItem.checklist_id == _CHECKLIST)
    .order_by(ReadinessItem.position, ReadinessItem.id),
    _rows(
        ItemEvidence, StoredFile, of=sa.join(ItemEvidence, StoredFile, StoredFile.id == ItemEvidence.file_id)
    )
    .where(ItemEvidence.item_id.in_(_ITEM_IDS))
    .order_by(ItemEvidence.id),
    _rows(ItemAnswer)
    .where(ItemAnswer.item_id.in_(_ITEM_IDS), ItemAnswer.standing == Standing.CURRENT)
    .order_by(ItemAnswer.id),
    _rows(Waiver).where(Waiver.item_id.in_(_ITEM_IDS)).order_by(Waiver.id),
    _rows(ReadinessSignature)
    .where(ReadinessSignature.checklist_id == _CHECKLIST)
    .order_by(ReadinessSignature.id),
    _rows(Project, Account, Site, Order, Contact, of=_AROUND).where(Project.id == _PROJECT),
    _rows(Milestone).where(Milestone.project_id == _PROJECT).order_by(Milestone.position, Milestone.id),
    _rows(Gate).where(Gate.project_id == _PROJECT).order_by(Gate.id),
    _rows(ProjectPlaybook, OrderLine, Product, of=_LINES)
    .where(ProjectPlaybook.project_id == _PROJECT)
    .order_by(ProjectPlaybook.id),
    _rows(FieldValue).where(FieldValue.project_id == _PROJECT).order_by(FieldValue.id),
    _rows(PlaybookField)
    .where(
        PlaybookField.version_id.in_(
            sa.select(ProjectPlaybook.version_id).where(ProjectPlaybook.project_id == _PROJECT)
        )
    )
    .order_by(PlaybookField.id),
    # Of people only what is printed: when they were last seen changes with every page they open.
    cast("Rows", sa.select(User.id, User.name, User.email, User.phone))
    .where(User.id.in_(sa.select(_PEOPLE)))
    .order_by(User.id),
)


def checklist_for(viewer: Viewer, key: str) -> tuple[int, int | None]:
    """The ids of a project and of its checklist; None while none is issued.

    :raises NotFound: when the viewer knows of no such project.
    """
    question = sa.select(Project.id, Checklist.id).outerjoin(Checklist, Checklist.project_id == Project.id)
    row = db.session.execute(visible_to(viewer, question.where(Project.key == key.upper()))).first()
    if row is None:
        raise NotFound
    return row[0], row[1]


def state_of(checklist_id: int, project_id: int) -> bytes:
    """32 bytes over everything that a checklist's document may show, whatever its language and kind."""
    given = {"checklist_id": checklist_id, "project_id": project_id}
    digest = hashlib.sha256()
    for question in QUESTIONS:
        for row in db.session.execute(question, given):
            digest.update(repr(tuple(row)).encode())
        digest.update(b"\0")
    return digest.digest()


def content_hash(
    checklist_id: int, project_id: int, *, language: str, kind: DocumentKind = DocumentKind.WORKING
) -> str:
    """The hash of the document as it would be made now: 64 hexadecimal digits, as `values.Checklist.content_hash`.

    :raises NotFound: when there is no such checklist.
    """
    state = state_of(checklist_id, project_id)
    asked = (state, language, kind, settings.current())
    known = _known.get(asked)
    if known is None:
        checklist = queries.checklist_by_id(checklist_id)
        known = filling.filled(
            checklist, queries.project_of(checklist), language=language, kind=kind
        ).content_hash
        if state_of(checklist_id, project_id) == state:  # nobody wrote meanwhile
            _known.put(asked, known)
    return known


_Asked = tuple[bytes, str, DocumentKind, settings.Settings]


class _Known:
    """The hashes of documents that were put together, the least used forgotten first; safe between threads."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._kept: OrderedDict[_Asked, str] = OrderedDict()

    def get(self, asked: _Asked) -> str | None:
        """What is known of it."""
        with self._lock:
            if asked in self._kept:
                self._kept.move_to_end(asked)
            return self._kept.get(asked)

    def put(self, asked: _Asked, content: str) -> None:
        """Remember it."""
        with self._lock:
            self._kept[asked] = content
            if len(self._kept) > self._most:
                self._kept.popitem(last=False)


_known = _Known(MOST_KNOWN)
