"""What the search finds, in which order, for whom; on both databases alike."""

from collections.abc import Callable

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from concierge.catalogue.models import Playbook, PlaybookField
from concierge.catalogue.states import FieldKind
from concierge.home import queries
from concierge.identity.models import User
from concierge.identity.permissions import Role
from concierge.identity.viewer import Viewer
from concierge.orders.models import OrderLine
from concierge.platform import searching
from concierge.platform.database import db, unit_of_work
from concierge.platform.searching import SearchEntry
from concierge.projects import queries as projects_found
from concierge.projects.actions import holding, milestones, notes
from concierge.projects.models import FieldValue, Milestone, Project, ProjectNote, ProjectPlaybook, Unit
from concierge.projects.states import BlockCause, MilestoneState, Party
from tests.makers import catalogue, orders, people, projects, visits, workforce
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
    assert [kind for kind, _ in found(viewer, own.key) if kind != "work_orders"] == ["projects"]
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

    assert count == len([one for one in before if one[0] != "whole_projects"]) > 7
    assert [one for one in entries() if one[0] != searching.MADE] == before
    assert searching.is_current(db.session.connection())
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

    assert statements() <= few <= 6, "with the two that begin a transaction on SQLite"


def test_people_who_may_not_see_orders_find_none(project: Project) -> None:
    with unit_of_work():
        tomas = people.user(name="Tomas Berg", role=Role.TECHNICIAN)

    assert found(seen_by(tomas), "so-48213") == []


@pytest.fixture
def helix(app: Flask) -> Project:
    """A project whose words stand in many tables: product, site, contact, note, serial number, delay, field."""
    with unit_of_work():
        place = orders.site(account="Halden", key="HB", city="Basel")
        orders.contact(place)
        one = projects.live(place=place)
        other = projects.live(place=orders.site(account="Nishiyama", key="NP", city="Osaka"), number="SO-2")
        line = db.session.scalars(sa.select(OrderLine).where(OrderLine.order_id == one.order_id)).first()
        assert line
        line.product_id = catalogue.add_instrument("orbitrap", name="Orbitrap Astral").id
        notes.write_note(one.id, text="Badge at the desk", actor_id=None, at=RECEIVED)
        notes.write_note(other.id, text="Badge at the gate", actor_id=None, at=RECEIVED)
    return one


def titles(viewer: Viewer, text: str) -> list[str]:
    return [hit.code for hit in queries.find(viewer, text, kind="projects")]


def test_words_that_stand_in_several_tables_lead_to_their_project(helix: Project, ada: User) -> None:
    viewer = seen_by(ada)

    for text in (
        "orbitrap basel",
        "basel orbitrap",
        "badge basel",
        "tanaka orbit desk",
        "orbitrap",
        "basel badge desk",
    ):
        assert titles(viewer, text) == [helix.key], text
    for text in ("orbitrap osaka", "badge desk gate", "basel nishiyama"):
        assert titles(viewer, text) == [], text
    assert titles(viewer, "badge") == ["NP-1001", "HB-1001"]
    assert {kind for kind, _title in found(viewer, "badge")} == {"project_notes"}, (
        "the notes lead to their projects"
    )
    assert [row.key for row in projects_found.found_by(viewer, "orbitrap basel")] == [helix.key]


def test_what_a_project_gathers_follows_every_change(helix: Project, ada: User) -> None:
    from concierge.accounts.models import Contact, Site
    from concierge.catalogue.models import Product

    viewer, key = seen_by(ada), helix.key

    with unit_of_work():
        db.session.get_one(Site, helix.site_id).city = "Genève"
    assert titles(viewer, "orbitrap geneve") == [key]
    assert titles(viewer, "orbitrap zurich") == []

    with unit_of_work():
        product = db.session.scalars(sa.select(Product).where(Product.key == "orbitrap")).one()
        product.name = "Exploris"
    assert titles(viewer, "exploris geneve") == [key]

    with unit_of_work():
        contact = Contact(
            account_id=helix.account_id,
            name="Nadia Roth",
            email="nadia@halden.example",
            language="en",
            zone="UTC",
        )
        db.session.add(contact)
        db.session.flush()
        db.session.get_one(Project, helix.id).contact_id = contact.id
    assert titles(viewer, "nadia geneve") == [key]
    assert titles(viewer, "tanaka geneve") == []

    with unit_of_work():
        line = db.session.scalars(sa.select(OrderLine).where(OrderLine.product_id.is_not(None))).one()
        line.product_id = None
    assert titles(viewer, "exploris geneve") == []

    with unit_of_work():
        note = db.session.scalars(sa.select(ProjectNote).where(ProjectNote.project_id == helix.id)).one()
        notes.remove_note(note, actor_id=None, at=RECEIVED)
    assert titles(viewer, "badge geneve") == []


def test_who_sees_few_projects_gathers_words_of_those_only(helix: Project) -> None:
    with unit_of_work():
        tomas = workforce.technician()
        mallory = workforce.technician(name="Mallory Strang")
        visits.visit(helix, tomas, title="Install", starts="Tue 2026-03-17 13:00")
        own, foreign = (db.session.get_one(User, one.user_id) for one in (tomas, mallory))

    assert titles(seen_by(own), "orbitrap basel") == [helix.key]
    assert titles(seen_by(own), "badge osaka") == []
    assert titles(seen_by(foreign), "orbitrap basel") == []
    assert {kind for kind, _title in found(seen_by(foreign), "orbitrap")} <= {"playbooks"}


def test_reasons_of_blocks_and_holds_are_found(project: Project, ada: User, sign_in: SignIn) -> None:
    with unit_of_work():
        open_one = sa.select(Milestone.id).where(
            Milestone.project_id == project.id, Milestone.state == MilestoneState.PLANNED
        )
        first_id = db.session.scalars(open_one.order_by(Milestone.position)).first()
        assert first_id
        milestones.block(
            project.id,
            first_id,
            cause=BlockCause.POWER,
            reason="The transformer hums",
            actor_id=ada.id,
            at=RECEIVED,
        )
    with unit_of_work():
        holding.hold(
            project.id, first_on=RECEIVED.date(), expected_on=None, cause=BlockCause.BUILDING, party=Party.CUSTOMER,
            reason="Asbestos in the ceiling", actor_id=ada.id, at=RECEIVED,
        )  # fmt: skip
    viewer = seen_by(ada)

    assert found(viewer, "transformer") == [("delays", "The transformer hums")]
    assert found(viewer, "asbestos") == [("delays", "Asbestos in the ceiling")]
    assert titles(viewer, "transformer basel") == [project.key]
    browser = sign_in(ada)
    (hit,) = queries.find(viewer, "asbestos")
    assert f"/projects/{project.key}/delays/{hit.row_id}" in page(browser, "q=asbestos")
    assert browser.get(f"/projects/{project.key}/delays/{hit.row_id}").status_code == 200


def test_what_stands_in_a_field_is_found_and_shown_with_its_name(project: Project, ada: User) -> None:
    with unit_of_work():
        version_id = db.session.scalars(
            sa.select(ProjectPlaybook.version_id).where(ProjectPlaybook.project_id == project.id)
        ).first()
        gas = PlaybookField(
            version_id=version_id, position=1, key="gas", name={"en": "Carrier gas", "de": "Trägergas"},
            kind=FieldKind.CHOICE, choices={"n2": {"en": "Nitrogen", "de": "Stickstoff"}},
        )  # fmt: skip
        power = PlaybookField(
            version_id=version_id,
            position=2,
            key="kw",
            name={"en": "Power"},
            kind=FieldKind.NUMBER,
            unit="kW",
        )
        db.session.add_all((gas, power))
        db.session.flush()
        for key, text in (("gas", "n2"), ("kw", "7.5")):
            db.session.add(FieldValue(project_id=project.id, key=key, text=text, changed_at=RECEIVED))
    viewer = seen_by(ada)

    assert found(viewer, "nitrogen") == [("field_values", "Carrier gas: Nitrogen")]
    assert found(viewer, "stickstoff") == [("field_values", "Carrier gas: Nitrogen")]
    assert found(viewer, "tragergas") == [("field_values", "Carrier gas: Nitrogen")]
    assert found(viewer, "7.5") == [("field_values", "Power: 7.5\N{NO-BREAK SPACE}kW")]


def test_an_act_taken_back_takes_its_words_along(project: Project, ada: User) -> None:
    with unit_of_work():
        row = FieldValue(project_id=project.id, key="po", text="Cost centre", changed_at=RECEIVED)
        db.session.add(row)
        db.session.flush()
        searching.forget(db.session.connection(), FieldValue, row.id)
    viewer = seen_by(ada)

    assert found(viewer, "cost centre") == []
    assert titles(viewer, "cost basel") == []


def test_an_index_that_was_made_otherwise_is_made_anew(project: Project, ada: User) -> None:
    from concierge.platform import schema

    with unit_of_work():
        db.session.execute(sa.delete(SearchEntry))
    schema.let_old_rows_be_found()
    assert titles(seen_by(ada), "basel halden") == [project.key]

    with unit_of_work():
        db.session.execute(sa.update(SearchEntry).where(SearchEntry.kind != searching.MADE).values(words="x"))
    schema.let_old_rows_be_found()
    assert titles(seen_by(ada), "basel halden") == []

    with unit_of_work():
        db.session.execute(
            sa.update(SearchEntry).where(SearchEntry.kind == searching.MADE).values(words="old")
        )
    db.session.rollback()
    schema.let_old_rows_be_found()
    assert titles(seen_by(ada), "basel halden") == [project.key]


def test_notes_without_end_still_fit_the_index(project: Project, ada: User) -> None:
    with unit_of_work():
        for number in range(40):
            text = " ".join(f"w{number}x{each}" for each in range(900))
            notes.write_note(project.id, text=text[:7990], actor_id=None, at=RECEIVED)
    viewer = seen_by(ada)

    assert titles(viewer, "w39x1 basel") == [project.key], "what is said last is kept"
    kept = sa.select(sa.func.length(SearchEntry.words)).where(SearchEntry.kind == "whole_projects")
    assert (db.session.scalar(kept) or 0) <= searching.MOST_OF_WHOLE
