"""Whether a print is the newest is asked of rows: whatever changes the document must change what is read of them."""

import contextlib
import enum
import re
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal

import pytest
import sqlalchemy as sa
from flask import Flask

from concierge.catalogue.models import PlaybookField
from concierge.catalogue.states import Audience, FieldKind
from concierge.platform import clock
from concierge.platform.database import db, unit_of_work
from concierge.platform.files import StoredFile
from concierge.projects.models import FieldValue, Project, ProjectPlaybook
from concierge.readiness import queries
from concierge.readiness.actions import answering
from concierge.readiness.actions.answering import Answerer
from concierge.readiness.document import filling, state
from concierge.readiness.models import ItemEvidence, ReadinessItem, ReadinessSignature, Waiver
from concierge.readiness.states import Channel, DocumentKind
from tests.makers import people, readiness
from tests.makers.days import on

KINDS = (DocumentKind.WORKING, DocumentKind.RECORD)


@pytest.fixture
def project(app: Flask) -> Project:
    """A project whose checklist has an answer, a file, a waiver, a signature, and a field of the company's own."""
    with unit_of_work():
        made = readiness.project()
        person = people.user(name="Ada Lind")
        at = clock.now()
        for typed, key, by in (
            ("yes", "circuit", Answerer(name="山田太郎", channel=Channel.WEB)),
            ("22", "temperature", Answerer(user_id=person.id)),
        ):
            answering.answer_item(
                readiness.item(made, key), typed=typed, comment="Fuse 7", at=at, by=by, seen=0
            )
        plan = readiness.item(made, "floor-plan")
        file = StoredFile(
            name="plan.pdf", content_type="application/pdf", size=3, sha256="0" * 64, place="x", created_at=at
        )
        version_id = db.session.scalars(sa.select(ProjectPlaybook.version_id)).one()
        field = PlaybookField(
            version_id=version_id, position=1, key="dock", name={"en": "Dock"}, kind=FieldKind.TEXT,
            audience=Audience.CUSTOMER,
        )  # fmt: skip
        db.session.add_all(
            [file, field, FieldValue(project_id=made.id, key="dock", text="Gate 4", changed_at=at)]
        )
        db.session.flush()
        db.session.add_all(
            [
                ItemEvidence(item_id=plan.id, file_id=file.id, attached_at=at),
                Waiver(
                    item_id=plan.id, name="Ada", reason="Known", given_at=at, given_by_id=person.id,
                    expires_on=on("Mon 2026-06-01"),
                ),
                ReadinessSignature(
                    checklist_id=plan.checklist_id, name="山田太郎", meaning="True.", signed_at=at,
                    channel=Channel.WEB, content_hash="ab" * 32, by_id=person.id,
                ),
            ]
        )  # fmt: skip
    return made


def hashes(project: Project) -> tuple[str, ...]:
    """Of both documents as they are put together now."""
    found = readiness.checklist(project)
    project = queries.project_of(found)
    return tuple(filling.filled(found, project, language="en", kind=kind).content_hash for kind in KINDS)


def test_every_table_that_a_document_reads_is_looked_at(app: Flask, project: Project) -> None:
    read: set[str] = set()

    def note(_conn: object, _cursor: object, statement: str, *_: object) -> None:
        read.update(re.findall(r"(?:FROM|JOIN) \(?(\w+)", statement))

    sa.event.listen(db.engine, "before_cursor_execute", note)
    try:
        with app.test_request_context():
            hashes(project)
    finally:
        sa.event.remove(db.engine, "before_cursor_execute", note)

    looked_at = {table.name for question in state.QUESTIONS for table in _tables(question)}
    assert len(read) > 8
    beside = {"milestone_links", "json_each"}  # come along with milestones and are not printed; a function
    assert read - beside <= looked_at


def _tables(question: state.Rows) -> set[sa.Table]:
    return {one for one in sa.sql.visitors.iterate(question) if isinstance(one, sa.Table)}


def test_whatever_changes_the_document_changes_its_state(app: Flask, project: Project) -> None:
    """Every value of every row, one by one."""
    checklist_id, project_id = readiness.checklist(project).id, project.id
    tables = {one for question in state.QUESTIONS for one in _tables(question)}
    changed: set[str] = set()
    with app.test_request_context():
        before, was = hashes(project), state.state_of(checklist_id, project_id)
        rows = [(table, row) for table in tables for row in db.session.execute(sa.select(table)).mappings()]
        db.session.rollback()
        for table, row in rows:
            for column in table.c:
                if column.primary_key or column.foreign_keys:
                    continue
                other = sa.update(table).where(table.c.id == row["id"])
                with contextlib.suppress(_Forbidden, _Back), unit_of_work():
                    with _refused():
                        db.session.execute(other.values({column.name: _other(row[column.name], column)}))
                    if state.state_of(checklist_id, project_id) != was:
                        changed.add(table.name)
                        raise _Back
                    found = queries.checklist_by_id(checklist_id)
                    owner = queries.project_of(found)
                    now = [
                        filling.filled(found, owner, language="en", kind=kind).content_hash for kind in KINDS
                    ]
                    assert tuple(now) == before, f"{table.name}.{column.name} changes the document unseen"
                    raise _Back
    assert changed >= {
        "readiness_items", "item_answers", "stored_files", "waivers", "readiness_signatures", "field_values", "sites",
        "accounts", "contacts", "orders", "milestones", "users", "products", "project_playbooks",
    }  # fmt: skip


class _Back(Exception):
    """What was tried is not kept."""


class _Forbidden(Exception):
    """The table holds no such value."""


@contextlib.contextmanager
def _refused() -> Iterator[None]:
    try:
        yield
    except sa.exc.DBAPIError as problem:
        raise _Forbidden from problem


def _other(value: object, column: sa.Column[object]) -> object:
    """Another value of its kind."""
    match value:
        case bool():
            return not value
        case enum.Enum():
            members = list(type(value))
            return members[(members.index(value) + 1) % len(members)]
        case int() | float() | Decimal():
            return value + 1
        case str():
            return value[:-1] + "x" if len(value) == getattr(column.type, "length", 0) else f"{value}x"
        case datetime() | date():
            return value + timedelta(days=1)
        case dict():
            return {**value, "en": "Another"}
        case list():
            return [*value, "another"]
    kind = getattr(column.type, "impl_instance", column.type).python_type
    if issubclass(kind, enum.Enum):
        return next(iter(kind))
    moment = clock.now()
    others: dict[type, object] = {
        datetime: moment,
        time: moment.time(),
        date: moment.date(),
        int: 1,
        float: 1.5,
    }
    return {**others, dict: {}, list: []}.get(kind, "x")


def test_a_known_hash_is_the_document_s_own(app: Flask, project: Project) -> None:
    """Also after an answer, and after it is taken back."""
    checklist_id = readiness.checklist(project).id

    def agree() -> str:
        for kind, expected in zip(KINDS, hashes(project), strict=True):
            for _ in range(2):  # the second time it is known
                assert state.content_hash(checklist_id, project.id, language="en", kind=kind) == expected
        return state.content_hash(checklist_id, project.id, language="en")

    with app.test_request_context():
        first = agree()
        with unit_of_work():
            db.session.execute(
                sa.update(ReadinessItem).where(ReadinessItem.key == "circuit").values(value="no")
            )
        second = agree()
        with unit_of_work():
            db.session.execute(
                sa.update(ReadinessItem).where(ReadinessItem.key == "circuit").values(value="yes")
            )
        assert first == agree() != second
        german = state.content_hash(checklist_id, project.id, language="de")
    assert german != first
