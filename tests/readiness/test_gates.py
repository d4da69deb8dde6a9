"""A gate holds on every way that leads past it, and lets pass what a named person overrode."""

import csv
import io
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from concierge.catalogue.models import Product, ProductAlias
from concierge.catalogue.queries import as_alias
from concierge.catalogue.states import AliasScheme, GateKind, MilestoneKind, VisitKind
from concierge.cli import main
from concierge.identity.models import User
from concierge.platform import undo
from concierge.platform.database import db, unit_of_work
from concierge.platform.errors import Refused
from concierge.platform.events import RecordedEvent
from concierge.projects.actions import gates, importing, milestones, shaping, sheet, undoing
from concierge.projects.models import Gate, Milestone, Project
from concierge.projects.states import GateState, MilestoneState
from concierge.readiness.actions import answering, attaching, judging, waiving
from concierge.visits.actions import checks, progress
from concierge.visits.models import Visit
from concierge.visits.states import VisitState
from tests.conftest import csrf_token
from tests.makers import orders, people, readiness, visits, workforce
from tests.makers.pages import hidden_in

AT = orders.RECEIVED
DAY = AT.date()


@dataclass
class World:
    """A project whose site is not ready, and who tries to get past that."""

    app: Flask
    project: Project
    ruth_id: int
    browser: FlaskClient
    file: Path

    def milestone(self, key: str) -> Milestone:
        """One milestone as it is now."""
        db.session.rollback()
        return db.session.scalars(
            sa.select(Milestone)
            .where(Milestone.project_id == self.project.id, Milestone.key == key)
            .execution_options(populate_existing=True)
        ).one()


@pytest.fixture
def world(app: Flask, sign_in: Callable[[User], FlaskClient], tmp_path: Path) -> World:
    with unit_of_work():
        project = readiness.project()
        project.external_key = "P-1"
        product = db.session.scalars(sa.select(Product)).one()
        db.session.add(
            ProductAlias(product_id=product.id, scheme=AliasScheme.NAME, value=as_alias("LCMS-HB"))
        )
        ruth = people.user(name="Ruth Weber")
    return World(app, project, ruth.id, sign_in(ruth), tmp_path / "running.csv")


def finish(world: World, *keys: str) -> None:
    for key in keys:
        row = world.milestone(key)
        with unit_of_work():
            milestones.finish(world.project.id, row.id, on=DAY, actor_id=None, at=AT)


# --- the ways: each tries to reach something that a gate holds, and raises what refuses it


def start_release(world: World) -> None:
    finish(world, "lab-prep")
    row = world.milestone("ship-released")
    with unit_of_work():
        milestones.start(world.project.id, row.id, on=DAY, actor_id=None, at=AT)


def finish_release(world: World) -> None:
    finish(world, "lab-prep", "ship-released")


def finish_by_page(world: World) -> None:
    """The form of the milestone's page."""
    finish(world, "lab-prep")
    page = f"/projects/{world.project.key}/milestones/{world.milestone('ship-released').id}"
    answer = world.browser.post(
        f"{page}/finish", data={"csrf_token": csrf_token(world.browser, page), "on": DAY.isoformat()}
    )
    if answer.status_code == 200:
        answer = world.browser.post(f"{page}/finish", data=hidden_in(answer.text, of="agreed"))
    if answer.status_code != 303:
        raise Refused(answer.text)


def deliver_without_release(world: World) -> None:
    """Leave the release out of the plan, and deliver."""
    finish(world, "lab-prep")
    row = world.milestone("ship-released")
    with unit_of_work():
        shaping.skip(world.project.id, row.id, reason="Not needed here.", actor_id=None, at=AT)
    finish(world, "delivery")


def install_without_delivery(world: World) -> None:
    """Leave release and delivery out of the plan, and install."""
    finish(world, "lab-prep")
    for key in ("ship-released", "delivery"):
        row = world.milestone(key)
        with unit_of_work():
            shaping.skip(world.project.id, row.id, reason="Not needed here.", actor_id=None, at=AT)
    row = world.milestone("install")
    with unit_of_work():
        milestones.start(world.project.id, row.id, on=DAY, actor_id=None, at=AT)


def visit_of(world: World, kind: VisitKind) -> Visit:
    with unit_of_work():
        person = workforce.technician()
        return visits.visit(world.project, person, kind=kind, state=VisitState.CONFIRMED)


def begin_delivery_visit(world: World) -> None:
    visit = visit_of(world, VisitKind.DELIVERY)
    with unit_of_work():
        progress.start(visits.again(visit), at=AT, actor_id=None)


def begin_install_visit(world: World) -> None:
    visit = visit_of(world, VisitKind.INSTALL)
    with unit_of_work():
        progress.start(visits.again(visit), at=AT, actor_id=None)


def begin_install_visit_by_page(world: World) -> None:
    visit = visit_of(world, VisitKind.INSTALL)
    page = f"/visits/{visit.id}"
    shown = world.browser.get(page).text
    version = shown[shown.index('name="version" value="') :].split('"')[3]
    answer = world.browser.post(
        f"{page}/start", data={"csrf_token": csrf_token(world.browser, page), "version": version}
    )
    if answer.status_code != 303:
        assert answer.status_code in {409, 422}
        raise Refused(answer.text)


def sheet_with(world: World, **columns: str) -> bytes:
    project = world.project
    row = {
        "external_key": "P-1", "account": "HB Biologics", "site": "Basel lab", "street": "", "postal_code": "",
        "city": "Basel", "country": "CH", "concierge": "", "contact_name": "",
        "contact_email": "", "products": ",".join(orders_names(project)),
        "start": project.starts_on.isoformat(), **columns,
    }  # fmt: skip
    written = io.StringIO()
    writer = csv.DictWriter(written, list(row))
    writer.writeheader()
    writer.writerow(row)
    return written.getvalue().encode()


def orders_names(project: Project) -> list[str]:
    from concierge.orders.models import OrderLine  # only here

    rows = db.session.scalars(sa.select(OrderLine).where(OrderLine.order_id == project.order_id))
    return [row.name for row in rows]


def import_delivered(world: World) -> None:
    """A sheet of another system that says the crate was delivered."""
    rows = sheet.read_sheet(sheet_with(world, delivered_finished=DAY.isoformat()), "running.csv")[0]
    with unit_of_work():
        (planned,) = importing.import_rows(list(rows), twice=(), actor_id=None, at=AT)
    if planned.outcome is not importing.Outcome.CHANGED:
        raise Refused(" ".join(planned.says))


def import_handed_over(world: World) -> None:
    """A sheet that says that something later was finished, which takes delivery along."""
    rows = sheet.read_sheet(sheet_with(world, installed_finished=DAY.isoformat()), "running.csv")[0]
    with unit_of_work():
        (planned,) = importing.import_rows(list(rows), twice=(), actor_id=None, at=AT)
    if planned.outcome is not importing.Outcome.CHANGED:
        raise Refused(" ".join(planned.says))


def import_at_terminal(world: World) -> None:
    with tempfile.NamedTemporaryFile(suffix=".csv") as file:
        file.write(sheet_with(world, delivered_finished=DAY.isoformat()))
        file.flush()
        result = world.app.test_cli_runner().invoke(main, ["projects", "import", file.name, "--json"])
    db.session.rollback()
    if world.milestone("delivery").state is not MilestoneState.DONE:
        raise Refused(result.output)


SHIP, INSTALL = {GateKind.SHIP}, {GateKind.SHIP, GateKind.INSTALL}
WAYS: dict[str, tuple[Callable[[World], None], set[GateKind]]] = {
    "start the release": (start_release, SHIP),
    "finish the release": (finish_release, SHIP),
    "finish the release on its page": (finish_by_page, SHIP),
    "leave the release out and deliver": (deliver_without_release, SHIP),
    "leave delivery out and install": (install_without_delivery, INSTALL),
    "begin the delivery visit": (begin_delivery_visit, SHIP),
    "begin the install visit": (begin_install_visit, INSTALL),
    "begin the install visit on its page": (begin_install_visit_by_page, INSTALL),
    "import that it was delivered": (import_delivered, SHIP),
    "import that it was installed": (import_handed_over, INSTALL),
    "import at the terminal": (import_at_terminal, SHIP),
}


@pytest.mark.parametrize("way", WAYS)
def test_a_held_gate_holds_on_every_way(world: World, way: str) -> None:
    attempt, _kinds = WAYS[way]

    with pytest.raises((Refused, checks.NotNow)) as refused:
        attempt(world)

    assert "3" in str(refused.value), "it says how many points are open"
    for key in ("ship-released", "delivery", "install"):
        assert world.milestone(key).state in {MilestoneState.PLANNED, MilestoneState.SKIPPED}
    assert not db.session.scalars(sa.select(Visit).where(Visit.state == VisitState.IN_PROGRESS)).all()


@pytest.mark.parametrize("way", WAYS)
def test_an_overridden_gate_lets_pass_by_name(world: World, way: str) -> None:
    attempt, kinds = WAYS[way]
    for kind in sorted(kinds, key=lambda one: one is GateKind.INSTALL):
        with unit_of_work():
            gates.override(world.project.id, kind, reason="The crane is paid.", actor_id=world.ruth_id, at=AT)

    attempt(world)

    told = db.session.scalars(sa.select(RecordedEvent).where(RecordedEvent.name == "GateOverridden")).all()
    assert {row.payload["gate"] for row in told} == {kind.value for kind in kinds}
    assert {(row.actor_id, row.payload["reason"]) for row in told} == {(world.ruth_id, "The crane is paid.")}


@pytest.mark.parametrize("way", WAYS)
def test_a_ready_site_lets_everything_pass(world: World, way: str) -> None:
    settle(world)

    WAYS[way][0](world)


@pytest.mark.parametrize("way", [way for way, (_attempt, kinds) in WAYS.items() if kinds == INSTALL])
def test_letting_shipping_pass_opens_no_installation(world: World, way: str) -> None:
    with unit_of_work():
        gates.override(
            world.project.id, GateKind.SHIP, reason="The crane is paid.", actor_id=world.ruth_id, at=AT
        )

    with pytest.raises((Refused, checks.NotNow)):
        WAYS[way][0](world)


@pytest.mark.parametrize("way", WAYS)
def test_a_waiver_lets_ship_and_not_install(world: World, way: str) -> None:
    attempt, kinds = WAYS[way]
    for key in ("circuit", "temperature", "floor-plan"):
        with unit_of_work():
            waiving.waive_item(
                readiness.item(world.project, key), name="Ruth Weber", reason="It comes on Friday.",
                expires_on=DAY + timedelta(days=5), today=DAY, at=AT, actor_id=world.ruth_id,
            )  # fmt: skip

    if kinds == SHIP:
        attempt(world)
    else:
        with pytest.raises((Refused, checks.NotNow)):
            attempt(world)


def settle(world: World) -> None:
    for key, typed in (("circuit", "yes"), ("temperature", "21")):
        with unit_of_work():
            answering.answer_item(
                readiness.item(world.project, key), typed=typed, at=AT, by=answering.Answerer()
            )
    with unit_of_work():
        attaching.attach_file(
            readiness.item(world.project, "floor-plan"), name="a.pdf", data=b"%PDF-1.7", at=AT,
            by=answering.Answerer(),
        )  # fmt: skip


def test_what_was_taken_back_is_not_done_again_while_the_gate_is_held(world: World) -> None:
    settle(world)
    finish(world, "lab-prep")
    row = world.milestone("ship-released")
    with unit_of_work(), undo.undoable(actor_id=world.ruth_id, at=AT) as act:
        milestones.finish(world.project.id, row.id, on=DAY, actor_id=world.ruth_id, at=AT)
    with unit_of_work():
        again = undoing.take_back(act.key, actor_id=world.ruth_id, at=AT)
    assert world.milestone("ship-released").state is MilestoneState.PLANNED
    with unit_of_work():
        judging.return_item(
            readiness.item(world.project, "circuit"), reason="The fuse blew.", at=AT, actor_id=None
        )

    with pytest.raises(Refused, match="site readiness"), unit_of_work():
        undoing.take_back(again.key, actor_id=world.ruth_id, at=AT)
    assert world.milestone("ship-released").state is MilestoneState.PLANNED

    with unit_of_work():
        answering.answer_item(
            readiness.item(world.project, "circuit"), typed="yes", at=AT, by=answering.Answerer()
        )
    with unit_of_work():
        undoing.take_back(again.key, actor_id=world.ruth_id, at=AT)
    assert world.milestone("ship-released").state is MilestoneState.DONE


def test_a_gate_row_is_there_for_each_kind(world: World) -> None:
    rows = db.session.scalars(sa.select(Gate).where(Gate.project_id == world.project.id)).all()

    assert {row.kind for row in rows} == set(GateKind)
    assert {row.state for row in rows if row.kind is GateKind.SHIP} == {GateState.HELD}
    assert set(gates.GATED) == {
        MilestoneKind.SHIP_RELEASED, MilestoneKind.DELIVERED, MilestoneKind.INSTALLED,
    }  # fmt: skip
