"""Statements that are put together once and asked with other values each time, on both databases."""

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.dialects import postgresql, sqlite

from concierge.identity.models import User
from concierge.platform.database import db, unit_of_work
from concierge.platform.statements import any_of, beside
from concierge.projects.models import Project
from concierge.projects.states import ProjectState
from tests.makers import people
from tests.weighing import unweighed

BY_ID = sa.select(User.name).where(any_of(User.id, "ids")).order_by(User.id)
BY_NAME = sa.select(User.name).where(any_of(User.name, "names", sa.String)).order_by(User.id)


def test_rows_are_found_by_any_of_many_values(app: Flask) -> None:
    with unit_of_work():
        ada, ben, _cora = (people.user(name=name) for name in ("Ada", "Ben", "Cora"))

    assert db.session.scalars(BY_ID, {"ids": {ben.id, ada.id, 999_999}}).all() == ["Ada", "Ben"]
    assert db.session.scalars(BY_ID, {"ids": ()}).all() == []
    assert db.session.scalars(BY_NAME, {"names": ["Cora", "Nobody"]}).all() == ["Cora"]


def test_a_text_that_looks_like_a_list_is_one_value(app: Flask) -> None:
    name = "x\"]}, 'y"
    with unit_of_work():
        people.user(name=name)

    assert db.session.scalars(BY_NAME, {"names": [name]}).all() == [name]
    assert db.session.scalars(BY_NAME, {"names": ["x", "y"]}).all() == []


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_an_index_answers(app: Flask) -> None:
    unweighed()
    text = str(BY_ID.compile(db.engine, compile_kwargs={"render_postcompile": True}))

    plan = db.session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {text}", ("[1, 2]",)).all()

    assert any("SEARCH users USING INTEGER PRIMARY KEY" in step[3] for step in plan)


def test_a_column_beside_is_judged_and_looked_up_by_no_index_of_sqlite() -> None:
    question = sa.select(Project.id).where(beside(Project.state) == ProjectState.LIVE)
    literal = {"literal_binds": True}

    on_sqlite = str(question.compile(dialect=sqlite.dialect(), compile_kwargs=literal))
    on_postgres = str(question.compile(dialect=postgresql.dialect(), compile_kwargs=literal))

    assert "+projects.state = 'live'" in on_sqlite
    assert "projects.state = 'live'" in on_postgres
    assert "+" not in on_postgres
