"""The same words find the same rows on both databases, whatever is typed (rule R12)."""

from collections.abc import Callable

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from concierge.accounts import queries as accounts
from concierge.accounts.actions.accounts import rename_account
from concierge.accounts.models import Account
from concierge.home import queries as home
from concierge.identity import queries as identity
from concierge.identity.models import User
from concierge.identity.permissions import Role
from concierge.identity.viewer import Viewer
from concierge.orders import queries as orders_found
from concierge.orders.models import Order
from concierge.platform import searching
from concierge.platform.database import db, unit_of_work, weigh_tables
from concierge.projects import queries as projects_found
from concierge.projects.models import Project
from concierge.projects.queries import Filter
from tests.makers import orders, people, projects
from tests.weighing import unweighed

NOW = orders.RECEIVED

NAMES = (
    ("Universität Zürich", "UZ", "Zürich", "PO/2024-17"),
    ("Straßenlabor GmbH", "SL", "Köln", "SO-50%"),
    ("東京研究所", "TK", "東京", "注文-7"),
    ("Sacré-Cœur Œuvre", "SC", "Montréal", "A_1"),
    ('O’Brien & Sons "Near" AND Co', "OB", "Cork", "C++ 9"),
    ("Łódź Ørsted", "LO", "Łódź", "7"),
    ("İstanbul Üniversitesi", "IU", "İstanbul", "Ⅷ-8"),
)
"""Account, key, town and order number."""

FOUND = {
    "zurich": "UZ",
    "Zürich": "UZ",
    "ZÜRICH": "UZ",
    "Zu\u0308rich": "UZ",
    "zürich universitat": "UZ",
    "UZ-1001": "UZ",
    "uz 1001": "UZ",
    "PO/2024-17": "UZ",
    "po 2024": "UZ",
    "strasse": "SL",
    "STRASSE": "SL",
    "Straße": "SL",
    "STRAẞE": "SL",
    "SO-50%": "SL",
    "so-50": "SL",
    "研究所": "TK",
    "研究": "TK",
    "究": "TK",
    "東京 研究所": "TK",
    "究研": "",
    "注文": "TK",
    "coeur": "SC",
    "cœur": "SC",
    "ŒUVRE": "SC",
    "œ": "SC",
    "sacre coeur": "SC",
    "A_1": "SC",
    "O'Brien": "OB",
    "o’brien": "OB",
    '"near"': "OB",
    "AND": "OB",
    "NEAR(": "OB",
    "C++ 9": "OB",
    "lodz": "LO",
    "ørsted orsted": "LO",
    "istanbul": "IU",
    "İSTANBUL": "IU",
    "viii": "IU",
    "*": "",
    "%": "",
    "_": "",
    "\\": "",
    "'": "",
    '"': "",
    "zurich nowhere": "",
    "U_Z": "",
    "z%h": "",
    "'; DROP TABLE accounts; --": "",
    "\u200b": "",
    "🙂": "",
    "x" * 300: "",
}
"""What is typed, and the key of the one account that it leads to."""


@pytest.fixture
def ada(app: Flask) -> User:
    with unit_of_work():
        for name, key, city, number in NAMES:
            place = orders.site(account=name, key=key, city=city)
            orders.contact(place)
            order = orders.order(place, number=number)
            project = Project(
                key=f"{key}-1001",
                name="Flow cytometer",
                order_id=order.id,
                account_id=place.account_id,
                site_id=place.id,
                created_at=NOW,
                starts_on=NOW.date(),
            )
            db.session.add(project)
        return people.user(name="Ada Lind", role=Role.ADMINISTRATOR)


@pytest.fixture
def viewer(ada: User) -> Viewer:
    db.session.rollback()
    return Viewer(user_id=ada.id, name=ada.name, role=ada.role, zone=ada.zone, language=ada.language)


def test_each_query_leads_to_the_same_project_everywhere(viewer: Viewer) -> None:
    found = {text: _keys(projects_found.found_by(viewer, text)) for text in FOUND}

    assert found == {text: [key] if key else [] for text, key in FOUND.items()}


def test_no_query_breaks_a_list_or_the_palette(
    ada: User, viewer: Viewer, sign_in: Callable[[User], FlaskClient]
) -> None:
    browser = sign_in(ada)
    for text in FOUND:
        home.find(viewer, text)
        accounts.accounts_listed(viewer, text=text)
        identity.people_listed(viewer, text=text)
        orders_found.orders_listed(viewer, text=text)
        projects_found.projects_page(viewer, Filter(text=text))
    for page in ("/find", "/accounts", "/orders", "/people", "/projects", "/playbooks"):
        for text in ('"Zür%_\\', "研究所 AND *", "NEAR(", "\x00\ud7ff"):
            assert browser.get(page, query_string={"q": text}).status_code == 200, (page, text)


def test_lists_find_by_all_their_words(viewer: Viewer) -> None:
    assert [one.key for one in accounts.accounts_listed(viewer, text="koln strassenlabor").accounts] == ["SL"]
    assert [one.key for one in accounts.accounts_listed(viewer, text="yuki lodz").accounts] == ["LO"]
    assert [one.number for one in orders_found.orders_listed(viewer, text="mystery 東京").orders] == [
        "注文-7"
    ]
    assert [one.name for one in identity.people_listed(viewer, text="ADA@concierge").people] == ["Ada Lind"]
    assert accounts.accounts_listed(viewer, text="  ").total == len(NAMES)


def test_a_renamed_account_takes_its_projects_along(viewer: Viewer) -> None:
    with unit_of_work():
        account = db.session.scalars(sa.select(Account).where(Account.key == "SL")).one()
        before = db.session.scalars(sa.select(Project).where(Project.account_id == account.id)).one().version
        rename_account(account, name="Büro für Wägung", actor_id=None, at=NOW)
    db.session.expire_all()

    assert _keys(projects_found.found_by(viewer, "buro wagung")) == ["SL"]
    row = db.session.scalars(sa.select(Project).where(Project.account_id == account.id)).one()
    assert row.version == before, "nobody's open form is stale because of a name"


def test_text_follows_its_words_and_nothing_else(app: Flask) -> None:
    with unit_of_work():
        place = orders.site(city="Bâle")
        order = orders.order(place, number="SO-1")
    assert place.search == "bale lab bale"

    with unit_of_work():
        place.city = "Genève"
        order.note = "Übermorgen"
    assert place.search == "bale lab geneve"
    assert order.search == "so 1"
    assert db.session.scalar(sa.select(Order.search)) == "so 1"


def _keys(found: object) -> list[str]:
    return [project.key.partition("-")[0] for project in found]  # type: ignore[attr-defined]  # projects


def test_what_belongs_to_a_project_is_gathered_from_the_project_also_in_tables_nobody_has_weighed(
    sqlite_app: Flask,
) -> None:
    with sqlite_app.app_context():
        with unit_of_work():
            weigh_tables()
        unweighed()
        asked = searching._gathered("projects").params(ids=[1, 2])
        text = str(asked.compile(db.engine, compile_kwargs={"literal_binds": True}))
        steps = [row[3] for row in db.session.connection().exec_driver_sql("EXPLAIN QUERY PLAN " + text)]
        db.session.remove()

    assert any("(kind=? AND row_id=?)" in step for step in steps)
    assert not [step for step in steps if step.startswith("SCAN search_entries") or "(kind=?)" in step]


@pytest.mark.parametrize("app", ["postgresql"], indirect=True)
def test_the_newest_with_a_word_can_be_read_without_reading_all(app: Flask) -> None:
    """What the planner chooses depends on how common a word is; here it may not sort all that have it."""
    with unit_of_work():
        connection = db.session.connection()
        connection.exec_driver_sql(
            "INSERT INTO search_entries (kind, row_id, under_kind, code, title, key, words)"
            " SELECT CASE WHEN n > 400 THEN 'visits' ELSE 'projects' END, n, '', '', '', '', 'spectrometer'"
            " FROM generate_series(1, 1200) n"
        )
        connection.exec_driver_sql("ANALYZE search_entries")
        connection.exec_driver_sql("SET LOCAL enable_sort = off")
        asked = searching._words_statement(("projects",), True, 0, True).compile(db.engine)
        values = asked.construct_params({"most": 5, "query_projects": "'_projects' & 'spectro':*"})
        steps = "\n".join(row[0] for row in connection.exec_driver_sql(f"EXPLAIN {asked}", values))
        db.session.rollback()

    assert "Index Scan Backward using ix_search_entries_kind_id" in steps
    assert "Sort" not in steps


def test_all_words_are_found_that_begin_as_a_long_word_does(viewer: Viewer) -> None:
    """SQLite asks few such words one by one, many as one beginning."""
    many = searching.MOST_BEGUN + 5
    with unit_of_work():
        for number in range(many):
            orders.site(account=f"Fluorescens{number:02} GmbH", key=f"F{number}")

    def count(text: str) -> int:
        return len(home.find(viewer, text, most=2 * many, kind="accounts"))

    assert (count("fluores"), count("Fluorescens0"), count("fluorescens07")) == (many, 10, 1)
    assert (count("fluorescent"), count("fluorescens07 gm"), count('"fluorescens07 gmbh"')) == (0, 1, 1)


def test_the_database_learns_how_large_its_tables_are(app: Flask) -> None:
    with unit_of_work():
        projects.live()
    with unit_of_work():
        weigh_tables()

    if db.engine.dialect.name == "sqlite":
        (weighed,) = (
            db.session.connection()
            .exec_driver_sql("SELECT count(*) FROM sqlite_stat1 WHERE tbl = 'milestones'")
            .one()
        )
        assert weighed > 0
