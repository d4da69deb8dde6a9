"""What stands where, since when its clocks run, and how it is kept true."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from concierge.accounts.models import Site
from concierge.catalogue.actions.products import set_warranty
from concierge.catalogue.models import Product
from concierge.catalogue.states import ProductKind
from concierge.cli.equipment import equipment
from concierge.equipment import queries
from concierge.equipment.actions import expecting, installing, keeping
from concierge.equipment.actions.expecting import Expecting
from concierge.equipment.models import Asset
from concierge.equipment.states import AssetState
from concierge.identity.models import User
from concierge.identity.permissions import Role
from concierge.platform import clock, undo
from concierge.platform.database import db, unit_of_work
from concierge.platform.errors import Refused
from concierge.projects.actions import notes, proposals, undoing
from concierge.projects.actions.approving import approve_plan
from concierge.projects.actions.creation import create_project
from concierge.projects.models import Project
from tests.makers import accounts, orders, people
from tests.makers.catalogue import add_instrument
from tests.makers.days import at, on
from tests.makers.pages import hidden_in

NOW = at("Mon 2026-03-02 10:00+00:00")
SignIn = Callable[[User], FlaskClient]


def three_sold() -> Project:
    """A project that brings three spectrometers with an option, approved; then the longer warranty was sold too."""
    with unit_of_work():
        product = add_instrument("ms-one", name="Spectrometer One")
        option = Product(
            key="faims", name="FAIMS interface", kind=ProductKind.OPTION, option_of_id=product.id
        )
        longer = Product(key="care", name="Care, one more year", kind=ProductKind.OTHER, warranty_months=12)
        db.session.add_all((option, longer))
        db.session.flush()
        place = orders.site()
        order = orders.order(place, product, option, longer, quantity=3, person=orders.contact(place))
        project = create_project(order.id, actor_id=None, at=orders.RECEIVED)
        return approve_plan(project.id, actor_id=None, at=orders.RECEIVED)


def units(project: Project) -> list[Asset]:
    """The units of a project as the database has them."""
    db.session.rollback()
    db.session.expire_all()
    return list(queries.assets_of_order(project.order_id))


def change(asset: Asset, **values: object) -> None:
    with unit_of_work():
        keeping.change_asset(queries.asset_for_change(asset.id), at=NOW, actor_id=None, **values)


def test_a_plan_brings_one_unit_for_each_that_is_sold_and_a_change_of_the_order_counts_anew(
    app: Flask,
) -> None:
    project = three_sold()

    found = units(project)
    assert [(one.name, one.state, one.serial, one.options) for one in found] == [
        ("Spectrometer One", AssetState.EXPECTED, "", ["FAIMS interface"])
    ] * 3
    change(found[1], serial="SN-7")
    line = found[0].order_line
    assert line is not None
    for quantity, serials in ((1, ["SN-7"]), (2, ["SN-7", ""]), (0, ["SN-7"])):
        with unit_of_work():
            db.session.get_one(type(line), line.id).quantity = quantity  # type: ignore[assignment]  # a whole number
            db.session.flush()
            expecting.expect_units([Expecting(project.order_id, project.site_id)], at=NOW, actor_id=None)
        assert [one.serial for one in units(project)] == serials, quantity
    with unit_of_work():
        proposals.cancel(project.id, reason="Budget cut", actor_id=None, at=NOW)
    (left,) = units(project)
    assert (left.state, left.removal_reason, left.removed_on) == (
        AssetState.REMOVED,
        "Budget cut",
        NOW.date(),
    )


def test_a_serial_number_that_is_read_at_the_site_reaches_the_base_and_stands_once(app: Flask) -> None:
    project = three_sold()
    one, two, _three = units(project)
    with unit_of_work():
        unit = notes.record_unit(
            project.id, order_line_id=one.order_line_id or 0, serial="SN-1", actor_id=None, at=NOW
        )
    assert [each.serial for each in units(project)] == ["SN-1", "", ""]

    with pytest.raises(keeping.StandsElsewhere, match="sn-1 of this product stands at Halden Biologics"):
        change(two, serial="sn-1")
    with unit_of_work():
        notes.remove_unit(db.session.merge(unit), actor_id=None, at=NOW)
    change(two, serial="sn-1")

    assert [each.serial for each in units(project)] == ["", "sn-1", ""]


@pytest.mark.parametrize(
    ("first_on", "months", "last_on"),
    [
        ("Tue 2026-03-17", 12, "Tue 2027-03-16"),
        ("Sat 2026-01-31", 1, "Sat 2026-02-28"),
        ("Thu 2024-02-29", 12, "Fri 2025-02-28"),
        ("Thu 2026-12-31", 2, "Sun 2027-02-28"),
        ("Sun 2026-03-01", 24, "Tue 2028-02-29"),
    ],
)
def test_so_many_months_end_the_day_before(first_on: str, months: int, last_on: str) -> None:
    assert installing.last_day(on(first_on), months=months) == on(last_on)


def test_clocks_start_once_and_as_long_as_was_sold(app: Flask) -> None:
    project = three_sold()
    asset = units(project)[0]
    terms = queries.terms_for(asset)
    assert terms.warranty_months == 24  # the usual twelve, and what was sold besides

    def start(day: date) -> bool:
        with unit_of_work():
            return installing.start_clocks(
                queries.asset_for_change(asset.id),
                installed_on=day,
                warranty_months=terms.warranty_months,
                training_days=terms.training_days,
                project_id=project.id,
                at=NOW,
                actor_id=None,
            )

    assert start(on("Tue 2026-03-17")) is True
    assert start(on("Wed 2026-03-18")) is False
    now = units(project)[0]
    assert (now.state, now.installed_on) == (AssetState.INSTALLED, on("Tue 2026-03-17"))
    assert (now.warranty_from, now.warranty_to) == (on("Tue 2026-03-17"), on("Thu 2028-03-16"))
    assert (now.training_from, now.training_to) == (on("Tue 2026-03-17"), on("Tue 2027-03-16"))


def test_a_unit_moves_within_its_customer_only_and_an_act_can_be_taken_back(app: Flask) -> None:
    project = three_sold()
    asset = units(project)[0]
    with unit_of_work():
        here = db.session.get_one(Site, asset.site_id)
        there = Site(account_id=here.account_id, name="Annex", country="CH", zone="Europe/Zurich")
        db.session.add(there)
        kaze = accounts.account("Kaze Genomics KK")
        stranger = accounts.site(kaze)

    with unit_of_work(), undo.undoable(actor_id=None, at=NOW) as act:
        keeping.move_asset(
            queries.asset_for_change(asset.id),
            site=there,
            place="Room 1",
            reason="Rebuilt",
            at=NOW,
            actor_id=None,
        )
    assert units(project)[0].site.name == "Annex"
    with pytest.raises(Refused, match="another customer"), unit_of_work():
        keeping.move_asset(
            queries.asset_for_change(asset.id), site=stranger, place="", reason="x", at=NOW, actor_id=None
        )
    with unit_of_work():
        undoing.take_back(act.key, actor_id=None, at=NOW)
    assert units(project)[0].site_id == asset.site_id


def test_pages_show_correct_and_end_a_unit(app: Flask, sign_in: SignIn) -> None:
    project = three_sold()
    one, two, _three = units(project)
    with unit_of_work():
        jonas = people.user(name="Jonas Reuter", role=Role.DISPATCHER)
        selin = people.user(name="Selin Aydin", role=Role.TECHNICIAN)
    browser = sign_in(jonas)
    change(two, serial="SN-2")

    page = browser.get(f"/equipment/{one.id}").get_data(as_text=True)
    assert "It is on its way to" in page
    assert "serial number not read yet" in page
    form = hidden_in(browser.get(f"/equipment/{one.id}/edit").get_data(as_text=True), of="version")
    typed = {**form, "name": "MS in the basement", "serial": "SN-2", "software": "Tune = 4.2\nViewer"}
    twice = browser.post(f"/equipment/{one.id}/edit", data=typed)
    assert twice.status_code == 422
    assert "MS in the basement" in twice.get_data(as_text=True)
    assert "already" in twice.get_data(as_text=True)
    assert browser.post(f"/equipment/{one.id}/edit", data={**typed, "serial": "SN-1"}).status_code == 303
    assert units(project)[0].software == [
        {"name": "Tune", "version": "4.2"},
        {"name": "Viewer", "version": ""},
    ]
    stale = browser.post(f"/equipment/{one.id}/edit", data={**typed, "serial": "SN-9"})
    assert stale.status_code == 409
    assert f"/equipment/{one.id}" in browser.get("/find?q=SN-1").get_data(as_text=True)
    account_id = one.site.account_id
    listed = browser.get(f"/accounts/{account_id}/equipment").get_data(as_text=True)
    assert listed.count("<tr>") == 4
    assert "MS in the basement" in browser.get(f"/projects/{project.key}/visits").get_data(as_text=True)
    assert "SN-1" in browser.get("/equipment?q=basement").get_data(as_text=True)
    assert browser.get(f"/equipment/{one.id}/work-orders").status_code == 200

    form = hidden_in(browser.get(f"/equipment/{one.id}/removal").get_data(as_text=True), of="version")
    gone = clock.today("UTC")
    answer = browser.post(
        f"/equipment/{one.id}/removal",
        data={**form, "removed_on": gone.isoformat(), "reason": "Scrapped"},
    )
    assert answer.status_code == 303
    assert "Scrapped" in browser.get(f"/equipment/{one.id}").get_data(as_text=True)
    added = browser.post(
        f"/equipment/new?account={account_id}",
        data={**form, "name": "Old pump", "product": "0", "site": str(one.site_id), "serial": "P-1",
              "installed_on": "2020-02-03", "warranty_to": "2021-02-02"},
    )  # fmt: skip
    assert added.status_code == 303
    assert "Old pump" in browser.get(f"/accounts/{account_id}/equipment").get_data(as_text=True)
    assert sign_in(selin).get(f"/equipment/{one.id}").status_code in {403, 404}


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_who_keeps_the_catalogue_says_how_long_a_warranty_lasts(app: Flask, sign_in: SignIn) -> None:
    project = three_sold()
    asset = units(project)[0]
    with unit_of_work():
        care = db.session.scalars(sa.select(Product.id).where(Product.key == "care")).one()
        jonas, ada = people.user(name="Jonas Reuter", role=Role.DISPATCHER), people.user(name="Ada Lind")
    browser = sign_in(ada)
    form = hidden_in(browser.get("/equipment/warranties").get_data(as_text=True), of="seen")
    page = {f"months_{one.id}": str(one.warranty_months) for one in db.session.scalars(sa.select(Product))}

    for wrong in ("-1", "241", "a year", ""):
        refused = browser.post("/equipment/warranties", data={**form, **page, f"months_{care}": wrong})
        assert refused.status_code == 422, wrong
    with unit_of_work():  # somebody else changes another product meanwhile
        set_warranty(db.session.get_one(Product, care), 6, actor_id=None, at=NOW)
    kept = browser.post("/equipment/warranties", data={**form, **page, f"months_{asset.product_id}": "36"})

    assert kept.status_code == 303
    db.session.rollback()
    assert queries.terms_for(units(project)[0]).warranty_months == 36 + 6
    assert sign_in(jonas).get("/equipment/warranties").status_code in {403, 404}


def test_an_installed_base_is_taken_over_from_a_sheet_row_by_row(app: Flask, tmp_path: Path) -> None:
    project = three_sold()
    change(units(project)[0], serial="SN-1")
    sheet = tmp_path / "base.csv"
    sheet.write_text(
        "customer;site;instrument;serial number;room;installed;warranty until;software\n"
        "Halden Biologics;;Spectrometer One;OLD-1;Room 9;2024-05-13;2026-05-12;Tune = 3.1\n"
        "hb;Nowhere;Spectrometer One;OLD-2;;;;\n"
        "Nobody AG;;Spectrometer One;OLD-3;;;;\n"
        "HB;;Spectroscope Two;OLD-4;;;;\n"
        "HB;;Spectrometer One;SN-1;Room 4;;;\n"
        "HB;;Spectrometer One;OLD-1;;;;\n"
        "HB;;Spectrometer One;OLD-5;;2024-05-13;2023-05-12;\n",
        encoding="utf-8",
    )
    runner = app.test_cli_runner()
    looked = runner.invoke(equipment, ["import", "--dry-run", str(sheet)])
    assert looked.exit_code == 1
    outcomes = [
        line.split()[3] for line in looked.stdout.splitlines() if line.startswith("row") and "  " in line
    ]
    assert outcomes == ["new", "refused", "refused", "refused", "changed", "refused", "refused"]
    for said in ("has no site “Nowhere”", "no customer “Nobody AG”", "Is it one of these: Spectrometer One",
                 "stands on an earlier row", "ends before it was installed"):  # fmt: skip
        assert said in looked.stderr, said
    assert len(units(project)) == 3

    runner.invoke(equipment, ["import", str(sheet)])
    with app.app_context():
        known = {one.serial: one for one in queries.assets_of_account(units(project)[0].site.account_id)}
    old = known["OLD-1"]
    assert (old.place, old.state, old.warranty_to) == ("Room 9", AssetState.INSTALLED, on("Tue 2026-05-12"))
    assert old.software == [{"name": "Tune", "version": "3.1"}]
    assert known["SN-1"].place == "Room 4"
    again = runner.invoke(equipment, ["import", "--json", str(sheet)])
    assert '"outcome": "new"' not in again.stdout
    assert '"outcome": "changed"' not in again.stdout
    assert again.stdout.count('"outcome": "same"') == 2
