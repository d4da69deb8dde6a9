"""Customers, their sites and people: what actions refuse and remember."""

from datetime import UTC, datetime, time

import pytest
import sqlalchemy as sa
from flask import Flask

from concierge.accounts import clocks, queries
from concierge.accounts.actions.accounts import add_account, rename_account
from concierge.accounts.actions.contacts import ContactDetails, add_contact
from concierge.accounts.actions.sites import SiteDetails, add_site, change_site
from concierge.identity.permissions import Role
from concierge.identity.viewer import Viewer
from concierge.platform.database import db, unit_of_work
from concierge.platform.errors import NotFound, Refused, Stale
from tests.makers import accounts as make

AT = datetime(2026, 3, 16, 9, tzinfo=UTC)
ADA = Viewer(1, "Ada Lind", Role.CONCIERGE, "Europe/Zurich", "en")


def test_a_key_is_made_of_the_name_and_stays_unique(app: Flask) -> None:
    with unit_of_work():
        keys = [
            add_account(name=name, actor_id=None, at=AT).key
            for name in ("Halden Biologics", "Hasler Bio AG", "日本")
        ]

    assert keys == ["HB", "HA", "CU"]


def test_keys_do_not_run_out(app: Flask) -> None:
    with unit_of_work():
        keys = {add_account(name="Halden Biologics", actor_id=None, at=AT).key for _ in range(60)}

    assert len(keys) == 60
    assert all(2 <= len(key) <= 4 and key.isupper() for key in keys)


def test_the_same_number_is_one_customer(app: Flask) -> None:
    with unit_of_work():
        make.account("Nishiyama Pharma", party_id="0088:4569951110011")

    with pytest.raises(Refused, match="already"), unit_of_work():
        make.account("Other", party_id="0088:4569951110011")


def test_a_site_takes_its_zone_from_country_and_state(app: Flask) -> None:
    with unit_of_work():
        account = make.account()
        osaka = make.site(account)
        details = SiteDetails(name="", country="us", subdivision="US-CA", city="San Diego")
        san_diego = add_site(account, details=details, actor_id=None, at=AT)

    assert osaka.zone == "Asia/Tokyo"
    assert (san_diego.zone, san_diego.subdivision, san_diego.name) == (
        "America/Los_Angeles",
        "CA",
        "San Diego",
    )


@pytest.mark.parametrize(
    ("details", "sentence"),
    [
        (SiteDetails(name="A", country="Switzerland"), "two letters"),
        (SiteDetails(name="A", country="CH", zone="Mars/Olympus"), "time zone"),
        (SiteDetails(name="A", country="CH", access_from=time(17), access_to=time(8)), "closes before"),
    ],
)
def test_impossible_sites_are_refused(app: Flask, details: SiteDetails, sentence: str) -> None:
    with unit_of_work():
        account = make.account()

    with pytest.raises(Refused, match=sentence), unit_of_work():
        add_site(account, details=details, actor_id=None, at=AT)


def test_a_contact_needs_a_name_and_a_zone(app: Flask) -> None:
    with unit_of_work():
        account = make.account()

    with pytest.raises(Refused, match="name"), unit_of_work():
        add_contact(account, details=ContactDetails(name=" "), actor_id=None, at=AT)
    with pytest.raises(Refused, match="time zone"), unit_of_work():
        add_contact(account, details=ContactDetails(name="Yuki", zone="Mars"), actor_id=None, at=AT)


def test_an_old_version_is_refused(app: Flask) -> None:
    with unit_of_work():
        account = make.account()
        site = make.site(account)

    with pytest.raises(Stale), unit_of_work():
        change_site(
            site, details=SiteDetails(name="B", country="JP"), version=site.version - 1, actor_id=None, at=AT
        )
    with pytest.raises(Stale), unit_of_work():
        rename_account(account, name="B", version=account.version - 1, actor_id=None, at=AT)


def test_only_changed_fields_are_named(app: Flask) -> None:
    with unit_of_work():
        site = make.site(make.account())
    with unit_of_work():
        details = SiteDetails(
            name=site.name,
            country="JP",
            city="Osaka",
            subdivision="27",
            street="1-2 Kita",
            dock_notes="Gate 4",
        )
        changed = change_site(site, details=details, actor_id=None, at=AT)

    assert changed == ("dock_notes",)


def test_the_list_finds_by_name_city_person_and_country(app: Flask) -> None:
    with unit_of_work():
        nishiyama = make.account()
        make.contact(nishiyama, at_site=make.site(nishiyama))
        halden = make.account("Halden Biologics")
        make.site(halden, name="Basel", country="CH", city="Basel", subdivision="BS")

    def found(**filters: str) -> list[str]:
        return [account.name for account in queries.accounts_listed(ADA, **filters).accounts]

    assert found() == ["Halden Biologics", "Nishiyama Pharma"]
    assert found(text="yuki osaka") == ["Nishiyama Pharma"]
    assert found(text="HALDEN") == ["Halden Biologics"]
    assert found(country="CH") == ["Halden Biologics"]
    assert found(text="%") == []


def test_another_customers_site_is_not_found(app: Flask) -> None:
    with unit_of_work():
        site = make.site(make.account())
        other = make.account("Halden Biologics")

    with pytest.raises(NotFound):
        queries.site_by_id(ADA, other.id, site.id)


@pytest.mark.parametrize(
    ("country", "subdivision", "zone"),
    [
        ("CH", "BS", "Europe/Zurich"),
        ("US", "TX", "America/Chicago"),
        ("AU", "", "Australia/Sydney"),
        ("CA", "BC", "America/Vancouver"),
        ("NZ", "", "Pacific/Auckland"),
        ("SG", "", "Asia/Singapore"),
        ("XX", "", "UTC"),
    ],
)
def test_a_country_says_its_usual_zone(country: str, subdivision: str, zone: str) -> None:
    assert clocks.zone_of(country, subdivision) == zone


def test_the_list_asks_no_more_for_more_customers(app: Flask) -> None:
    def statements() -> int:
        asked: list[str] = []

        def note(_c: object, _cursor: object, statement: str, *_rest: object) -> None:
            asked.append(statement)

        db.session.rollback()
        queries.accounts_listed(ADA)  # the connection reads from now on, which is said once
        sa.event.listen(db.engine, "before_cursor_execute", note)
        queries.accounts_listed(ADA)
        sa.event.remove(db.engine, "before_cursor_execute", note)
        return len(asked)

    with unit_of_work():
        make.site(make.account("Halden Biologics"))
    few = statements()
    with unit_of_work():
        for number in range(12):
            make.site(make.account(f"Customer {number}"))

    assert statements() == few
