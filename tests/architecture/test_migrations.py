"""Migrations: linear, equal to the models, kind to rows that are there, whole or not at all."""

import os
import re
import signal
import sqlite3
import subprocess
import sys
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import flask_migrate
import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Flask

from concierge.app import create_app
from concierge.feeds import calendar_file, vevent
from concierge.feeds import queries as feeds
from concierge.feeds.calendar_file import Window
from concierge.identity.tokens import token_hash
from concierge.platform import paths, schema
from concierge.platform.database import Base, db
from concierge.platform.searching import is_of_the_index
from concierge.platform.settings import load

if TYPE_CHECKING:
    from tests.servers import PostgresServer

ROOT = Path(__file__).resolve().parents[2]
THEN = datetime(2026, 1, 5, 9, tzinfo=UTC)
FOLDER = str(paths.migrations_dir())


@pytest.fixture(params=["sqlite", "postgresql"])
def fresh(request: pytest.FixtureRequest, tmp_path: Path) -> Flask:
    """The application on an empty database of its own."""
    environ = {"CONCIERGE_INSTANCE": str(tmp_path), "CONCIERGE_SECRET_KEY": "tests"}
    if request.param == "postgresql":
        server: PostgresServer = request.getfixturevalue("postgres")
        environ["DATABASE_URL"] = server.create("migrations")
    return create_app(load(environ))


def test_migrations_are_linear_and_the_last_number_stands_in_head() -> None:
    script = ScriptDirectory(FOLDER)
    numbers = [revision.revision for revision in script.walk_revisions()]

    assert len(script.get_heads()) == 1
    assert numbers == sorted(numbers, reverse=True)
    assert (ROOT / "migrations" / "HEAD").read_text("utf-8").strip() == numbers[0]


def test_migrations_up_and_down_give_exactly_the_models(fresh: Flask) -> None:
    with fresh.app_context():
        schema.upgrade()
        with db.engine.connect() as connection:
            context = MigrationContext.configure(
                connection, opts={"compare_type": True, "include_name": _is_compared}
            )
            differences = [
                one for one in compare_metadata(context, Base.metadata) if "procrastinate" not in str(one)
            ]
        assert not differences
        flask_migrate.downgrade(directory=FOLDER, revision="base")
        assert set(sa.inspect(db.engine).get_table_names()) <= {"alembic_version"}
        schema.upgrade()
        db.session.remove()
        db.engine.dispose()


def _is_compared(name: str | None, kind: str, parents: object) -> bool:
    return not is_of_the_index(name)


def test_checks_of_the_models_stand_in_the_database(fresh: Flask) -> None:
    with fresh.app_context():
        schema.upgrade()
        inspector = sa.inspect(db.engine)
        for table in Base.metadata.sorted_tables:
            wanted = {
                str(one.name): _words_of(one.sqltext.compile(compile_kwargs={"literal_binds": True}))
                for one in table.constraints
                if isinstance(one, sa.CheckConstraint)
            }
            found = {
                str(one["name"]): _words_of(one["sqltext"])
                for one in inspector.get_check_constraints(table.name)
            }
            assert wanted == found, table.name
        db.engine.dispose()


def _words_of(check: object) -> frozenset[str]:
    """The words in quotes of a check, which each database writes in its own way otherwise."""
    return frozenset(re.findall(r"'([^']*)'", str(check)))


def test_a_batch_rebuild_keeps_the_rows_that_hang_on_it(tmp_path: Path) -> None:
    app = create_app(load({"CONCIERGE_INSTANCE": str(tmp_path), "CONCIERGE_SECRET_KEY": "tests"}))
    with app.app_context():
        schema.upgrade()
        engine = db.engine.execution_options(writing=True)
        with engine.begin() as connection:
            connection.exec_driver_sql(
                "INSERT INTO users (email, name, role, state, zone, language, phone, created_at, version,"
                " seen_until_event_id, search)"
                " VALUES ('a@b.c', 'Ada', 'concierge', 'invited', 'UTC', 'en', '', '2026-01-01 00:00:00', 1, 0, '')"
            )
            connection.exec_driver_sql(
                "INSERT INTO user_sessions (user_id, token_hash, client, created_at, seen_at, expires_at)"
                " VALUES (1, 'x', '', '2026-01-01 00:00:00', '2026-01-01 00:00:00', '2026-01-01 00:00:00')"
            )
        folder = _with_another_migration(tmp_path, _REBUILD)
        assert schema.current() == schema.wanted(), "as a start asks first, on a connection that only reads"
        schema.upgrade(folder)
        with db.engine.connect() as connection:
            assert connection.exec_driver_sql("SELECT count(*) FROM user_sessions").scalar() == 1
        assert list((tmp_path / "backups").glob("before-9999-*.sqlite3"))
        db.engine.dispose()


def test_plans_made_before_keep_their_dates_and_are_found(fresh: Flask) -> None:
    with fresh.app_context():
        folder = str(paths.migrations_dir())
        flask_migrate.Migrate(fresh, db, directory=folder)
        flask_migrate.upgrade(directory=folder, revision="0001")
        with db.engine.execution_options(writing=True).begin() as connection:
            _add(connection, "accounts", name="Halden", search="halden")
            _add(connection, "sites", account_id=1, country="CH", access_from=time(8), access_to=time(17))
            _add(connection, "orders", account_id=1, site_id=1)
            _add(connection, "order_lines", order_id=1, quantity=3)
            live = {"state": "live", "health": "late", "approved_at": THEN}
            _add(
                connection, "projects", key="HB-1", order_id=1, account_id=1, site_id=1, search="hb 1", **live
            )
            days = {"promised_on": date(2026, 3, 2), "forecast_on": date(2026, 3, 9)}
            _add(connection, "milestones", project_id=1, kind="handover", audience="customer", **days)
            _add(connection, "checklists", project_id=1, sent_at=THEN)
            _add(connection, "playbooks", key="pb")
            _add(connection, "playbook_versions", playbook_id=1, state="draft")
            _add(connection, "project_playbooks", project_id=1, order_line_id=1, version_id=1)

        schema.upgrade()

        with db.engine.connect() as connection:
            noted = connection.execute(
                sa.text("SELECT kind, finish_on FROM date_changes ORDER BY kind")
            ).all()
            assert [(row.kind, str(row.finish_on)) for row in noted] == [
                ("planned", "2026-03-09"),
                ("promised", "2026-03-02"),
            ]
            told = connection.execute(sa.text("SELECT finish_on, told_on FROM promises")).one()
            assert (str(told.finish_on), str(told.told_on)) == ("2026-03-02", "2026-01-05")
            assert connection.scalar(sa.text("SELECT quantity FROM project_playbooks")) == 3
            kinds = set(connection.scalars(sa.text("SELECT kind FROM search_entries")))
            assert {"accounts", "projects", "sites", "orders"} <= kinds
        db.session.remove()
        db.engine.dispose()


def test_calendars_of_earlier_are_carried_over_byte_for_byte(fresh: Flask) -> None:
    """An address from before gives the same tag and the same bytes, so that no device notices."""
    body = b"BEGIN:VEVENT\r\nUID:v1@concierge\r\nSUMMARY:M\xc3\xbcnchen\r\nEND:VEVENT\r\n"
    day = {"starts_at": datetime(2026, 1, 9, 8, tzinfo=UTC), "ends_at": datetime(2026, 1, 9, 12, tzinfo=UTC)}
    with fresh.app_context():
        flask_migrate.Migrate(fresh, db, directory=FOLDER)
        flask_migrate.upgrade(directory=FOLDER, revision="0002")
        with db.engine.execution_options(writing=True).begin() as connection:
            _add(connection, "accounts", name="Halden", search="halden")
            _add(connection, "sites", account_id=1, country="CH", access_from=time(8), access_to=time(17))
            _add(connection, "orders", account_id=1, site_id=1)
            _add(connection, "projects", key="HB-1", order_id=1, account_id=1, site_id=1, search="x", state="live",
                 health="late", approved_at=THEN)  # fmt: skip
            _add(
                connection,
                "visits",
                project_id=1,
                site_id=1,
                uid="v1@concierge",
                state="confirmed",
                zone="UTC",
                **day,
            )
            for number, name in enumerate(("Tomas Berger", "Ben Okafor"), start=1):
                _add(
                    connection,
                    "users",
                    email=f"{number}@x.example",
                    name=name,
                    role="technician",
                    language="de",
                )
                _add(connection, "feed_versions", owner_id=number, scope=f"s{number}", version=f"v{number}",
                     changed_at=THEN, lapses=["2026-01-20T08:00:00Z"])  # fmt: skip
            _add(
                connection,
                "feeds",
                user_id=1,
                token_hash=token_hash("t" * 43),
                name="tomas-berger",
                state="active",
            )
            _add(connection, "feeds", user_id=1, token_hash="older", name="tomas-berger", state="revoked",
                 revoked_at=THEN)  # fmt: skip
            _add(connection, "feed_entries", owner_id=1, visit_id=1, uid="v1@concierge", sequence=3,
                 renderer=vevent.RENDERER, body=body, modified_at=THEN, gone_at=None, **day)  # fmt: skip

        schema.upgrade()

        address = feeds.address_of_token("t" * 43)
        assert address is not None
        assert (address.label, address.version, address.name, address.language) == (
            "s1",
            "v1",
            "Tomas Berger",
            "de",
        )
        assert (address.horizon_days, address.changed_at, address.has_latest) == (400, THEN, False)
        assert address.lapses == (datetime(2026, 1, 20, 8, tzinfo=UTC),)
        assert address.tag(at=THEN, base_url="https://a.example") == calendar_file.tag(
            scope="s1", version="v1", window=Window.around(THEN), lapsed=0, base_url="https://a.example"
        )
        data = feeds.file_of(address, at=THEN)
        assert data.count(b"BEGIN:VEVENT") == 1
        assert body in data
        with db.engine.connect() as connection:
            assert connection.scalar(sa.text("SELECT count(*) FROM calendars")) == 2
            entry = connection.execute(
                sa.text("SELECT subject, subject_id, uid, sequence FROM calendar_entries")
            ).one()
            assert tuple(entry) == ("visit", 1, "v1@concierge", 3)
            calendars = set(connection.scalars(sa.text("SELECT calendar_id FROM feeds")))
            assert calendars == {address.calendar_id}, "the ended address belongs to it, too"
        db.session.remove()
        db.engine.dispose()


def test_rows_of_before_keep_the_rules_of_territories_levels_and_links(fresh: Flask) -> None:
    with fresh.app_context():
        flask_migrate.Migrate(fresh, db, directory=FOLDER)
        flask_migrate.upgrade(directory=FOLDER, revision="0004")
        with db.engine.execution_options(writing=True).begin() as connection:
            _add(connection, "accounts", name="Halden", search="halden")
            _add(connection, "sites", account_id=1, country="CH", access_from=time(8), access_to=time(17))
            _add(connection, "orders", account_id=1, site_id=1)
            live = {"state": "live", "health": "late", "approved_at": THEN}
            _add(connection, "projects", key="HB-1", order_id=1, account_id=1, site_id=1, search="x", **live)
            _add(connection, "contacts", account_id=1, search="x", language="fr")
            for number in (1, 2, 3):
                _add(
                    connection,
                    "customer_links",
                    project_id=1,
                    contact_id=1,
                    section="",
                    token_hash=str(number),
                )
            _add(connection, "users", email="t@x.example", name="Tomas", role="technician", language="de")
            _add(connection, "technicians", user_id=1, country="CH", territory="Alps")
            _add(connection, "skills", technician_id=1, code="lc-ms", level=9)

        schema.upgrade()

        with db.engine.connect() as connection:
            is_open = sa.text("SELECT token_hash FROM customer_links WHERE revoked_at IS NULL")
            assert connection.scalars(is_open).all() == ["3"], (
                "the link that was given last still opens the page"
            )
            assert connection.scalars(sa.text("SELECT level FROM skills")).all() == [5]
            assert connection.scalars(sa.text("SELECT name FROM territories")).all() == ["Alps"]
        db.session.remove()
        db.engine.dispose()


def test_visits_of_before_get_their_work_orders_and_claim_their_time_once(fresh: Flask) -> None:
    def visit(connection: sa.Connection, number: int, *, day: int, hours: int, **more: object) -> None:
        starts = datetime(2026, 1, day, 9)
        spans = {"starts_local": starts, "ends_local": starts + timedelta(hours=hours)}
        instants = {
            "starts_at": spans["starts_local"].replace(tzinfo=UTC),
            "ends_at": spans["ends_local"].replace(tzinfo=UTC),
        }
        named = {"uid": f"v{number}@x", "project_id": 1, "site_id": 1, "zone": "UTC", "needs_decision": ""}
        _add(connection, "visits", **{**named, "cancel_reason": "", **spans, **instants, **more})

    with fresh.app_context():
        flask_migrate.Migrate(fresh, db, directory=FOLDER)
        flask_migrate.upgrade(directory=FOLDER, revision="0005")
        with db.engine.execution_options(writing=True).begin() as connection:
            _add(connection, "accounts", name="Halden", search="halden")
            _add(connection, "sites", account_id=1, country="CH", access_from=time(8), access_to=time(17))
            _add(connection, "orders", account_id=1, site_id=1)
            live = {"state": "live", "health": "late", "approved_at": THEN}
            _add(connection, "projects", key="HB-1", order_id=1, account_id=1, site_id=1, search="x", **live)
            _add(connection, "users", email="t@x.example", name="Tomas", role="technician", language="de")
            visit(connection, 1, day=12, hours=3, state="complete")
            visit(connection, 2, day=13, hours=50, state="confirmed")
            visit(connection, 3, day=14, hours=2, state="tentative")
            visit(connection, 4, day=16, hours=2, state="cancelled", cancelled_at=THEN)
            for number in (1, 2, 3, 4):
                _add(connection, "visit_technicians", visit_id=number, user_id=1, conflict_reason="")

        schema.upgrade()

        with db.engine.execution_options(writing=True).connect() as connection:
            work = connection.execute(
                sa.text(
                    "SELECT w.code, w.state, w.minutes FROM visits v JOIN work_orders w ON w.id = v.work_order_id"
                    " ORDER BY v.id"
                )
            )
            assert [tuple(row) for row in work] == [
                ("HB-1-W1", "done", 180),
                ("HB-1-W2", "open", 3 * 480),
                ("HB-1-W3", "open", 120),
                ("HB-1-W4", "cancelled", 120),
            ]
            claims = connection.execute(sa.text("SELECT member_id, is_firm FROM visit_claims ORDER BY id"))
            assert [(row[0], bool(row[1])) for row in claims] == [(2, True), (3, False)]
            claim = sa.text("UPDATE visit_claims SET is_firm = true WHERE member_id = 3")
            with pytest.raises(sa.exc.IntegrityError, match="ex_visit_claims_no_double_booking"):
                connection.execute(claim)
            connection.rollback()
        db.session.remove()
        db.engine.dispose()


def _add(connection: sa.Connection, of: str, /, **values: object) -> None:
    """Add a row; columns that need a value and are given none get an empty one, or their first allowed word."""
    table = sa.Table(of, sa.MetaData(), autoload_with=connection)
    allowed = {}
    for check in sa.inspect(connection).get_check_constraints(of):
        words = re.findall(r"'([^']*)'", check["sqltext"])
        column = re.match(r"\W*(\w+)\W.*(IN|ANY)\W", check["sqltext"])
        if column and words:
            allowed.setdefault(column[1], words[0])
    for column in table.columns:
        if column.nullable or column.primary_key or column.name in values:
            continue
        values[column.name] = allowed.get(column.name) or _empty_of(column.type)
    connection.execute(table.insert().values(**values))


def _empty_of(kind: object) -> object:
    match kind:
        case sa.DateTime():
            return THEN
        case sa.Date():
            return THEN.date()
        case sa.JSON():
            return {}
        case sa.Boolean():
            return False
        case sa.Numeric() | sa.Integer():
            return 1
    return "x"


def test_a_migration_killed_in_the_middle_leaves_the_database_as_it_was(tmp_path: Path) -> None:
    environ = {"CONCIERGE_INSTANCE": str(tmp_path), "CONCIERGE_SECRET_KEY": "tests"}
    app = create_app(load(environ))
    with app.app_context():
        schema.upgrade()
        db.engine.dispose()
    folder = _with_another_migration(tmp_path, _KILLED)
    code = (
        "from concierge.app import create_app\nfrom concierge.platform import schema\n"
        f"with create_app().app_context(): schema.upgrade({folder!r})"
    )

    ended = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **environ},
        cwd=ROOT,
        capture_output=True,
        check=False,
    )

    assert ended.returncode == -signal.SIGKILL, ended.stderr.decode()
    with sqlite3.connect(tmp_path / "concierge.sqlite3") as connection:
        tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}
        version = connection.execute("SELECT version_num FROM alembic_version").fetchone()[0]
    connection.close()
    assert "half_done" not in tables
    assert version == (ROOT / "migrations" / "HEAD").read_text("utf-8").strip()


def _with_another_migration(tmp_path: Path, body: str) -> str:
    folder = tmp_path / "migrations"
    folder.mkdir()
    for name in ("env.py", "script.py.mako", "alembic.ini"):
        (folder / name).write_text((ROOT / "migrations" / name).read_text("utf-8"))
    (folder / "versions").mkdir()
    for path in (ROOT / "migrations" / "versions").glob("*.py"):
        (folder / "versions" / path.name).write_text(path.read_text("utf-8"))
    last = (ROOT / "migrations" / "HEAD").read_text("utf-8").strip()
    (folder / "versions" / "9999_test.py").write_text(body.format(last=last))
    return str(folder)


_REBUILD = """
import sqlalchemy as sa
from alembic import op
revision, down_revision = "9999", "{last}"
def upgrade():
    with op.batch_alter_table("users") as table:
        table.add_column(sa.Column("nickname", sa.String(20), nullable=False, server_default=""))
        table.create_unique_constraint("uq_users_name_for_test", ["name"])
def downgrade():
    pass
"""
_KILLED = """
import os, signal
import sqlalchemy as sa
from alembic import op
revision, down_revision = "9999", "{last}"
def upgrade():
    op.create_table("half_done", sa.Column("id", sa.Integer, primary_key=True))
    os.kill(os.getpid(), signal.SIGKILL)
def downgrade():
    pass
"""
