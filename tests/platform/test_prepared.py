"""Questions that are put into words once: their rows are those of the session, on both databases."""

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import DBAPIError, IntegrityError, PendingRollbackError
from sqlalchemy.orm import Session

from concierge.platform.database import Base, UtcInstant, db, unit_of_work
from concierge.platform.deliveries import Delivery, DeliveryStatus
from concierge.platform.prepared import Question, Rows, row_of, rows_by_id
from concierge.platform.said import Writing, reader, writer
from concierge.projects.models import Milestone, Project
from concierge.projects.states import MilestoneState
from tests.makers import projects, readiness

OF_PROJECT = (
    sa.select(Milestone)
    .where(
        Milestone.project_id == sa.bindparam("project_id", type_=sa.Integer),
        Milestone.state.in_([MilestoneState.PLANNED, MilestoneState.STARTED]),
    )
    .order_by(Milestone.position)
)


def test_rows_hold_what_the_session_reads(app: Flask) -> None:
    with unit_of_work():
        readiness.project()
    tables = {mapper.class_ for mapper in Base.registry.mappers}
    some = 0
    for table in sorted(tables, key=lambda one: str(one.__name__)):
        statement = sa.select(table).order_by(table.id)
        usual = [_columns(row) for row in db.session.scalars(statement)]
        db.session.expunge_all()
        ours = [_columns(row) for row in Rows(statement).all()]
        db.session.expunge_all()
        assert repr(ours) == repr(usual), table.__name__
        some += bool(usual)
    assert some > 15, "there was something to compare"


def test_a_row_is_there_once_and_stays_as_it_was_read_unless_it_is_read_anew(app: Flask) -> None:
    with unit_of_work():
        project = projects.live()
    [first, *_] = rows = Rows(OF_PROJECT).all(project_id=project.id)
    assert rows == list(db.session.scalars(OF_PROJECT, {"project_id": project.id}))
    before, project_of = first.workdays, row_of(Project, project.id)
    assert project_of is project
    sa.orm.attributes.set_committed_value(first, "owner", None)
    db.session.commit()

    with Session(db.engine.execution_options(writing=True)) as other, other.begin():
        other.execute(sa.update(Milestone).values(workdays=Milestone.workdays + 3))

    assert Rows(OF_PROJECT).first(project_id=project.id) is first
    assert first.workdays == before
    assert Rows(OF_PROJECT, anew=True).first(project_id=project.id) is first
    assert first.workdays == before + 3
    assert "owner" not in vars(first), "what it refers to may be another by now"
    assert not sa.inspect(first).modified


def test_what_was_put_away_is_read_again_and_what_is_left_for_later_can_be_read(app: Flask) -> None:
    with unit_of_work():
        project_id = projects.live().id
    db.session.expunge_all()
    project = row_of(Project, project_id)
    assert project is not None
    name, basis = project.name, project.forecast_basis
    db.session.rollback()
    assert sa.inspect(project).expired_attributes

    assert rows_by_id(Project, {project_id, 999_999}) == {project_id: project}
    assert not {"name", "key"} & sa.inspect(project).expired_attributes
    assert (project.name, project.forecast_basis) == (name, basis)
    assert row_of(Project, None) is None


def test_what_waits_is_written_first_and_what_is_changed_is_written(app: Flask) -> None:
    with unit_of_work():
        project_id = projects.live().id
    db.session.expunge_all()
    names = Question(sa.select(Project.name, Project.state).where(Project.id == sa.bindparam("id_")))
    with unit_of_work():
        project = row_of(Project, project_id)
        assert project is not None
        project.name = "Another name"
        state = project.state
        assert names.first(id_=project_id) == ("Another name", state)
    assert names.all(id_=project_id) == [("Another name", state)]
    assert names.first(id_=999_999) is None


def test_rows_are_written_as_the_session_writes_them(app: Flask) -> None:
    table = Delivery.__table__
    assert isinstance(table, sa.Table)
    adding, telling = Writing(sa.insert(table)), Writing(sa.insert(table).returning(table.c.id))
    changing = Writing(sa.update(table).where(table.c.id == sa.bindparam("known_id")))
    at = datetime(2026, 3, 29, 3, 30, tzinfo=ZoneInfo("Europe/Berlin"))
    said = {"name": "a", "args": {"words": ["ä", None]}, "run_at": at, "created_at": at}
    with unit_of_work():
        usual = Delivery(**said)
        db.session.add(usual)
        db.session.flush()
        connection = db.session.connection()
        (first,) = telling.told(connection, said) or ()
        assert adding.done(connection, [said | {"name": name} for name in ("b", "c")]) == 2
        late = {"status": DeliveryStatus.DEAD, "run_at": at + timedelta(hours=1)}
        many = [late | {"known_id": row_id} for row_id in (first, 999_999)]
        assert changing.done(connection, many) == 1, "only one of them is there"
        with pytest.raises(LookupError):
            changing.done(connection, [{"status": "nonsense", "known_id": first}])
    rows = {row.name: row for row in db.session.scalars(sa.select(Delivery).where(Delivery.id > first))}
    columns = {"args", "run_at", "created_at", "queue", "priority", "status", "attempts", "max_attempts"}
    for name in ("b", "c"):
        assert {one: getattr(rows[name], one) for one in columns} == {
            one: getattr(usual, one) for one in columns
        }
    changed = db.session.get_one(Delivery, first)
    assert (changed.status, changed.run_at) == (DeliveryStatus.DEAD, at + timedelta(hours=1))
    with unit_of_work(), pytest.raises(IntegrityError):
        telling.told(db.session.connection(), said | {"run_at": None})


def test_errors_are_those_of_the_session(app: Flask) -> None:
    wrong = Question(sa.select(sa.literal_column("nothing", sa.Integer)).select_from(Project))
    with pytest.raises(DBAPIError, match="nothing"):
        wrong.all()
    db.session.rollback()


def test_a_question_keeps_to_the_transaction_of_its_session(app: Flask) -> None:
    with unit_of_work():
        project_id, name = (project := projects.live()).id, project.name
    named = Question(
        sa.select(Project.name).where(Project.id == sa.bindparam("project_id", type_=sa.Integer))
    )

    with unit_of_work():
        row = named.first(project_id=project_id)
        part = db.session.begin_nested()
        assert named.first(project_id=project_id) == row == (name,)
        db.session.get_one(Project, project_id).name = "Another"
        assert named.first(project_id=project_id) == ("Another",)
        part.rollback()
        assert named.first(project_id=project_id) == (name,)
    with pytest.raises(PendingRollbackError):
        _ask_after_a_fault(named, project_id)


def _ask_after_a_fault(named: Question, project_id: int) -> None:
    with unit_of_work():
        db.session.add(Delivery(name="x", args={}, queue="x", status=DeliveryStatus.READY, attempts=-1))
        with pytest.raises(IntegrityError):
            db.session.flush()
        with pytest.raises(PendingRollbackError):
            named.first(project_id=project_id)


def test_sqlite_keeps_values_as_by_the_rules_for_every_database() -> None:
    dialect, day = sqlite.dialect(), date(987, 6, 5)
    at = datetime(2026, 7, 2, 3, 4, 5, 6, tzinfo=ZoneInfo("Asia/Tokyo"))
    some: dict[type, list[Any]] = {  # Any: what columns hold
        UtcInstant: [at, at.replace(microsecond=0), at.replace(tzinfo=None)],
        sa.Date: [day, at],
        sa.JSON: [{"a": [1, None, "ü\n"]}, [], "", 3, True],
    }
    kinds = {column.type.dialect_impl(dialect) for table in Base.metadata.sorted_tables for column in table.c}
    for kind in kinds:
        values = next((given for of, given in some.items() if isinstance(kind, of)), [])
        if isinstance(kind, sa.Enum) and kind.enum_class is not None:
            values = [*kind.enum_class, "of no kind"]
        usual, read_as_usual = kind.bind_processor(dialect), kind.result_processor(dialect, None)
        for value in values and [None, *values]:
            kept = _tried(usual, value)
            assert _tried(writer(kind, dialect), value) == kept
            if isinstance(kept, str | int):
                assert _tried(reader(kind, dialect, None), kept) == _tried(read_as_usual, kept)
    alone = 2.5  # a number that is all of a JSON value comes back as one
    assert _tried(reader(sa.JSON().dialect_impl(dialect), dialect, None), alone) == alone


def _tried(function: Any, value: object) -> object:  # Any: a processor of any kind, or none
    try:
        return function(value) if function else value
    except (TypeError, ValueError, LookupError, sa.exc.StatementError) as error:
        return type(error)


def _columns(row: Base) -> dict[str, object]:
    return {name: value for name, value in sorted(vars(row).items()) if name != "_sa_instance_state"}
