"""Questions that are put into words once: their rows are those of the session, on both databases."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session

from concierge.platform.database import Base, db, unit_of_work
from concierge.platform.deliveries import Delivery, DeliveryStatus
from concierge.platform.prepared import Question, Rows, row_of, rows_by_id
from concierge.platform.said import Writing
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


def _columns(row: Base) -> dict[str, object]:
    return {name: value for name, value in sorted(vars(row).items()) if name != "_sa_instance_state"}
