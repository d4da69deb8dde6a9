"""What the search finds, in which order, for whom; on both databases alike."""

from collections.abc import Callable

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from concierge.catalogue.models import Playbook
from concierge.home import queries
from concierge.identity.models import User
from concierge.identity.permissions import Role
from concierge.identity.viewer import Viewer
from concierge.orders.models import OrderLine
from concierge.platform import searching
from concierge.platform.database import db, unit_of_work
from concierge.platform.searching import SearchEntry
from concierge.projects.actions import notes
from concierge.projects.models import FieldValue, Project, ProjectNote, Unit
from tests.makers import orders, people, projects, workforce
from tests.makers.orders import RECEIVED

SignIn = Callable[[User], FlaskClient]


def seen_by(user: User) -> Viewer:
    db.session.rollback()
    return Viewer(user_id=user.id, name=user.name, role=user.role, zone=user.zone, language="en")


def found(viewer: Viewer, text: str, **wishes: object) -> list[tuple[str, str]]:
    return [(hit.kind, hit.title) for hit in queries.find(viewer, text, **wishes)]  # type: ignore[arg-type]  # its own


@pytest.fixture
def project(app: Flask) -> Project:
    with unit_of_work():
        return projects.live()


@pytest.fixture
def ada(app: Flask) -> User:
    with unit_of_work():
        return people.user()


def bare_project(key: str, name: str, place: object, *, number: str) -> Project:
    """A project without a plan: enough to be found."""
    order = orders.order(place, number=number)  # type: ignore[arg-type]  # a site
    row = Project(
        key=key, name=name, order_id=order.id, account_id=order.account_id, site_id=order.site_id,
        created_at=RECEIVED, starts_on=RECEIVED.date(),
    )  # fmt: skip
    db.session.add(row)
    db.session.flush()
    return row


def test_every_kind_of_thing_is_found_by_its_own_words(project: Project, ada: User) -> None:
    with unit_of_work():
        line = db.session.scalars(sa.select(OrderLine).where(OrderLine.order_id == project.order_id)).first()
        assert line
        notes.write_note(project.id, text="Ask the Pförtner for badges", actor_id=ada.id, at=RECEIVED)
        db.session.add(
            Unit(project_id=project.id, order_line_id=line.id, serial="HX-90-0042", recorded_at=RECEIVED)
        )
        db.session.add(
            FieldValue(project_id=project.id, key="po", text="Cost centre 7711", changed_at=RECEIVED)
        )
    viewer = seen_by(ada)

    assert ("projects", project.name) in found(viewer, project.key)
    assert ("orders", "SO-48213") in found(viewer, "so-482")
    assert ("accounts", "Halden Biologics") in found(viewer, "halden")
    assert ("sites", "Basel lab") in found(viewer, "basel")
    assert ("contacts", "Yuki Tanaka") in found(viewer, "tanaka")
    assert ("users", "Ada Lind") in found(viewer, "ada lind")
    assert found(viewer, "pfortner badges") == [("project_notes", "Ask the Pförtner for badges")]
    assert found(viewer, "hx-90") == [("units", "HX-90-0042")]
    assert found(viewer, "7711") == [("field_values", "Cost centre 7711")]
    playbook = db.session.scalars(sa.select(Playbook)).first()
    assert playbook
    assert ("playbooks", playbook.name) in found(viewer, playbook.name)


def test_keys_stand_before_words_whole_words_before_beginnings_and_the_newest_first(
    app: Flask, ada: User
) -> None:
    with unit_of_work():
        place = orders.site()
        bare_project("AA-7", "Helixor", place, number="1")
        bare_project("AA-8", "Second Helix", place, number="2")
        bare_project("AA-9", "First helix", place, number="3")
        bare_project("HELIX-12", "Cytometer", place, number="4")
        bare_project("HELIX-1", "Cytometer", place, number="5")

    hits = [hit.code for hit in queries.find(seen_by(ada), "Helix", kind="projects", most=50)]
    exact = [hit.code for hit in queries.find(seen_by(ada), "helix-1", kind="projects", most=50)]

    assert hits == ["HELIX-1", "HELIX-12", "AA-9", "AA-8", "AA-7"]
    assert exact == ["HELIX-1", "HELIX-12"]


def test_a_list_of_one_kind_is_full_without_doubles(app: Flask, ada: User) -> None:
    with unit_of_work():
        place = orders.site()
        for number in range(12):
            bare_project(f"HB-{number}", f"Spectrometer HB {number}", place, number=str(number))

    hits = queries.find(seen_by(ada), "hb", kind="projects", most=10)

    assert len(hits) == 10
    assert len({hit.row_id for hit in hits}) == 10


def test_words_follow_what_is_changed_and_what_is_removed(project: Project, ada: User) -> None:
    with unit_of_work():
        note = notes.write_note(project.id, text="Gate 3", actor_id=None, at=RECEIVED)
    viewer = seen_by(ada)
    assert found(viewer, "gate 3") == [("project_notes", "Gate 3")]

    with unit_of_work():
        row = db.session.get_one(ProjectNote, note.id)
        notes.change_note(row, text="Door 4", version=row.version, actor_id=None, at=RECEIVED)
    assert found(viewer, "gate") == []
    assert found(viewer, "door") == [("project_notes", "Door 4")]

    with unit_of_work():
        notes.remove_note(db.session.get_one(ProjectNote, note.id), actor_id=None, at=RECEIVED)
    assert found(viewer, "door") == []


def test_what_is_taken_back_is_not_found(project: Project, ada: User) -> None:
    def broken_off() -> None:
        with unit_of_work():
            notes.write_note(project.id, text="Never said", actor_id=None, at=RECEIVED)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        broken_off()

    assert found(seen_by(ada), "never") == []


def test_a_technician_finds_what_belongs_to_own_projects_only(app: Flask, sign_in: SignIn) -> None:
    from tests.makers import visits

    with unit_of_work():
        own = projects.live()
        other = projects.live(place=orders.site(account="Nishiyama Pharma", key="NP"), number="SO-2")
        tomas = workforce.technician()
        visits.visit(own, tomas, title="Install", starts="Tue 2026-03-17 13:00")
        for one, text in ((own, "Badge at the gate"), (other, "Badge at the desk")):
            notes.write_note(one.id, text=text, actor_id=None, at=RECEIVED)
        person = db.session.get_one(User, tomas.user_id)
    viewer = seen_by(person)

    assert found(viewer, "badge") == [("project_notes", "Badge at the gate")]
    assert found(viewer, other.key) == []
    assert [kind for kind, _ in found(viewer, own.key)] == ["projects"]
    assert found(viewer, "halden") == [("projects", own.name)], "no account, no site, no contact"
    assert found(viewer, "nishiyama") == []
    text = sign_in(person).get(f"/find?q=move+{other.key}").get_data(as_text=True)
    assert "Nothing found" in text


HOSTILE = (
    '"', "'", "\\", "*", "(", ")", ":", "-", "^", "%", "_", "\x00", "a\x00b", "\ud800", "'; DROP TABLE projects; --",
    'words:"x" OR kind:users', "NEAR(a b)", "a AND b OR NOT c", "a & b | !c", "'a':*", "a <-> b", "''::tsquery",
    "{{7*7}}", "<b>", "\u202ehb", "é" * 500, "x" * 10_000, "x " * 5_000, "研" * 10_000, "1e5 0x1F 10.5 -3",
    "http://a.b/c?d=e", "a@b.example", "\u0e01\u0e33 \u0939\u093f\u0928", "🙂" * 300, " \t\n",
)  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_whatever_is_typed_is_answered(project: Project, ada: User, sign_in: SignIn, text: str) -> None:
    with unit_of_work():
        notes.write_note(project.id, text="x" + text, actor_id=None, at=RECEIVED)

    found(seen_by(ada), text)
    browser = sign_in(ada)
    shown = text.encode("utf-8", "replace").decode()
    assert browser.get("/find", query_string={"q": shown[:3000]}).status_code == 200
    part = browser.get("/find", query_string={"q": shown[:3000]}, headers={"HX-Request": "true"})
    assert part.status_code == 200


def test_signs_without_spaces_are_found_by_any_of_them(app: Flask, ada: User) -> None:
    with unit_of_work():
        bare_project("TK-1", "東京研究所", orders.site(account="X", key="TK", city="Z"), number="1")

    viewer = seen_by(ada)

    for text in ("東", "京研", "究所", "所", "東京 研究所"):
        assert ("projects", "東京研究所") in found(viewer, text), text
    assert found(viewer, "所究") == []


def test_the_index_can_be_made_anew_from_the_rows(project: Project, ada: User) -> None:
    def entries() -> list[tuple[object, ...]]:
        db.session.rollback()
        e = SearchEntry
        columns = (e.kind, e.row_id, e.project_id, e.under_kind, e.under_id, e.code, e.title, e.key, e.words)
        return sorted((tuple(row) for row in db.session.execute(sa.select(*columns))), key=repr)

    before = entries()
    with unit_of_work():
        count = searching.rebuild(db.session.connection())

    assert count == len(before) > 7
    assert entries() == before
    assert ("accounts", "Halden Biologics") in found(seen_by(ada), "halden")


def test_a_renamed_account_is_named_under_all_that_belongs_to_it(project: Project, ada: User) -> None:
    from concierge.accounts.actions.accounts import rename_account
    from concierge.accounts.models import Account

    with unit_of_work():
        rename_account(
            db.session.get_one(Account, project.account_id), name="Zeta Labs", actor_id=None, at=RECEIVED
        )
    viewer = seen_by(ada)

    assert [hit.under_title for hit in queries.find(viewer, "so-48213")][:1] == ["Zeta Labs"]
    assert ("projects", project.name) in found(viewer, "zeta")


def page(browser: FlaskClient, query: str) -> str:
    answer = browser.get(f"/find?{query}")
    assert answer.status_code == 200
    return answer.get_data(as_text=True)


def test_a_key_offers_what_can_be_done_to_its_project(project: Project, ada: User, sign_in: SignIn) -> None:
    browser = sign_in(ada)

    text = page(browser, f"q={project.key}")
    moves = page(browser, f"q=move+{project.key.lower()}")

    assert f"New visit for {project.key}" in text
    assert f"/visits/new?project={project.key}" in text
    assert f"Write a note about {project.key}" in text
    assert f"of {project.key}</span>" in moves
    assert "/move" in moves
    assert "Write a note" not in moves
    assert page(browser, "q=move+ZZ-9").count("/move") == 0


def test_a_full_kind_leads_to_the_whole_list(app: Flask, ada: User, sign_in: SignIn) -> None:
    with unit_of_work():
        place = orders.site()
        for number in range(9):
            bare_project(f"HB-{number}", f"Cytometer {number}", place, number=str(number))
    browser = sign_in(ada)

    few, many = page(browser, "q=cytometer"), page(browser, "q=cytometer&kind=projects")

    assert few.count('href="/projects/HB-') == 5
    assert "kind=projects" in few
    assert many.count('href="/projects/HB-') == 9
    assert "9 results for “cytometer”" in many
    assert page(browser, "q=cytometer&kind=recorded_events").count('href="/projects/HB-') == 5


def test_a_search_asks_few_questions_however_much_there_is(app: Flask, ada: User) -> None:
    viewer = seen_by(ada)

    def statements() -> int:
        asked: list[str] = []

        def count(*args: object) -> None:
            asked.append(str(args[2]))

        db.session.rollback()
        sa.event.listen(db.engine, "before_cursor_execute", count)
        queries.find(viewer, "cytometer")
        sa.event.remove(db.engine, "before_cursor_execute", count)
        return len(asked)

    few = statements()
    with unit_of_work():
        place = orders.site()
        for number in range(30):
            bare_project(f"HB-{number}", f"Cytometer {number}", place, number=str(number))

    assert statements() <= few <= 5, "with the two that begin a transaction on SQLite"


def test_people_who_may_not_see_orders_find_none(project: Project) -> None:
    with unit_of_work():
        tomas = people.user(name="Tomas Berg", role=Role.TECHNICIAN)

    assert found(seen_by(tomas), "so-48213") == []
