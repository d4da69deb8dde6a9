"""The pages on which a customer chooses a time, in every state that they can have, as a browser shows them."""

import re
from datetime import timedelta
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask
from playwright.sync_api import Browser, Route

from concierge.dispatch import offers
from concierge.dispatch.actions import offering
from concierge.dispatch.models import SlotOffer
from concierge.dispatch.states import OfferKind
from concierge.platform import clock as clocks
from concierge.platform.database import db, unit_of_work
from concierge.projects.models import Project
from concierge.readiness.models import CustomerLink
from concierge.visits.work import work_for_change
from concierge.workforce.models import Absence, Technician
from tests.browser import Site, opened
from tests.makers import workforce
from tests.portal.conftest import Customer
from tests.portal.test_choosing import HOSTILE, offered, state_of

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("app", ["sqlite"], indirect=True)]

LOOKS = {"ar": {"width": 390, "dark": True}, "ja": {"width": 1440, "dark": False}}
TIME = re.compile(r'name="starts" value="([^"]+)"><input type="hidden" name="ends" value="([^"]+)"')


class Walk:
    """What a customer is shown on their way, in two languages."""

    def __init__(self, customer: Customer, offer_id: int) -> None:
        """Look at nothing yet."""
        self.customer, self.path = customer, f"/times/{offer_id}"
        self.pages: dict[str, tuple[str, str]] = {}

    def see(self, name: str, path: str = "", *, wrong: str = "", **fields: object) -> None:
        """Look at a page of the offer, in turn in each language; with `wrong` at what becomes of a form sent there."""
        language = list(LOOKS)[len(self.pages) % len(LOOKS)]
        with unit_of_work():
            db.session.get_one(CustomerLink, self.customer.link_id).language = language
        if wrong:
            answer = self.customer.post(self.path + wrong, page=self.path + path, **fields)
            assert answer.status_code in {409, 422}, (name, answer.status_code)
            self.pages[name] = language, answer.get_data(as_text=True)
        else:
            self.pages[name] = language, self.customer.get(self.path + path)

    def post(self, path: str, *, page: str = "", **fields: object) -> str:
        """Send a form of theirs; where it leads, from the offer on."""
        answer = self.customer.post(self.path + path, page=self.path + page, **fields)
        assert answer.status_code == 303, answer.status_code
        return answer.headers["Location"].partition(self.path)[2]

    def hold(self, page: str = "") -> str:
        """Hold the first time that a page offers; where it is confirmed."""
        found = TIME.search(self.customer.get(self.path + page))
        assert found
        return self.post("/holds", page=page, starts=found[1], ends=found[2])

    def answer(self, route: Route) -> None:
        """Give a browser the pages by their name, and what they are made with as the application gives it."""
        path = unquote(urlsplit(route.request.url).path)
        shown = self.pages.get(path.removeprefix("/"))
        if shown is not None:
            route.fulfill(content_type="text/html; charset=utf-8", body=shown[1])
            return
        own = self.customer.browser.get(path)
        route.fulfill(status=own.status_code, headers=dict(own.headers), body=own.data)
        own.close()


def test_every_state_is_accessible_and_fits_in_both_directions(
    app: Flask, project: Project, customer: Customer, clock: time_machine.Traveller, browser: Browser,
    tmp_path: Path,
) -> None:  # fmt: skip
    offer_id = offered(project)
    walk = Walk(customer, offer_id)
    _until_called_off(walk, state_of(offer_id))
    clock.shift(timedelta(hours=1))
    _until_run_out(walk, state_of(offer_id), clock)

    shown = {name: page.partition("<main")[2] for name, (_language, page) in walk.pages.items()}
    often = {"ar": "غُيّر", "ja": "ここで変更できる回数"}[walk.pages["moved too often"][0]]
    assert shown["moved too often"].count(often) == 1, "said once"
    assert "/questions" in shown["moved too often"]
    assert shown["wished"].count("&lt;b onclick") == 2, "our note and their wish, each once"
    none = {"ar": "لا يناسبكم", "ja": "ご都合の合う"}[walk.pages["nothing free"][0]]
    assert none not in shown["nothing free"], "there are none that could"
    problems = []
    site = Site("http://concierge.example", tmp_path, 0)
    for language, look in LOOKS.items():
        with opened(browser, site, **look) as screen:  # type: ignore[arg-type]  # as opened
            screen.page.route("**/*", walk.answer)
            for name in [name for name, (own, _page) in walk.pages.items() if own == language]:
                screen.open(f"/{name}")
                for check in (screen.assert_accessible, screen.assert_no_sideways_scroll):
                    try:
                        check()
                    except AssertionError as problem:
                        problems.append(str(problem))
            screen.assert_quiet()
    assert not problems, "\n\n".join(problems)


def _until_called_off(walk: Walk, offer: SlotOffer) -> None:
    """Offered, wished otherwise, gone, held, confirmed, moved as often as may be, and called off."""
    with unit_of_work():
        offers.offer_for_change(offer.id).contact.zone = "America/Los_Angeles"
    walk.see("offered")
    walk.see("says nothing", wrong="/wish", wish="")
    walk.post("/wish", wish=HOSTILE)
    walk.see("wished")
    with unit_of_work():
        workforce.absence(_technician(), offer.choices[0].starts_at.date())
    walk.see("one is gone")
    walk.see("gone meanwhile", wrong=f"/choices/{offer.choices[0].id}")
    held = walk.hold()
    walk.see("held", held)
    walk.post(held, page=held)
    walk.see("confirmed")
    walk.see("others", "/others")
    for name in ("moved", "moved too often"):
        held = walk.hold("/others")
        walk.see("held instead", held)
        walk.post(held, page=held)
        walk.see(name)
    walk.see("calls off", "/cancellation")
    walk.see("calls off without reason", "/cancellation", wrong="/cancellation", reason="")
    walk.post("/cancellation", page="/cancellation", reason="The room is flooded.")
    walk.see("called off")
    with unit_of_work():
        db.session.execute(sa.delete(Absence))


def _until_run_out(walk: Walk, before: SlotOffer, clock: time_machine.Traveller) -> None:
    """All that is free, further on, nothing, withdrawn; offered again, and too late."""
    walk.path = _offered_again(before)
    walk.see("open")
    later = re.search(r"\?since=[0-9-]+", walk.customer.get(walk.path))
    assert later
    walk.see("later", later[0])
    with unit_of_work():
        workforce.absence(_technician(), before.first_on, before.last_on)
    walk.see("nothing free")
    with unit_of_work():
        db.session.execute(sa.delete(Absence))
        own = offers.offer_for_change(int(walk.path.rpartition("/")[2]))
        offering.withdraw(own, reason="Ours alone", at=clocks.now(), actor_id=None)
    walk.see("withdrawn")
    walk.path = _offered_again(before)
    clock.shift(before.expires_at - clocks.now() + timedelta(hours=1))
    walk.see("expired")


def _offered_again(before: SlotOffer) -> str:
    """All free times for the same work; the path of it."""
    wish = offering.Wish(OfferKind.OPEN, 180, before.first_on, before.last_on, before.answer_on)
    with unit_of_work():
        work = work_for_change(before.work_order_id)
        made = offering.offer(
            work, offers.offer_by_id(before.id).contact, wish, at=clocks.now(), actor_id=None
        )
        return f"/times/{made.id}"


def _technician() -> Technician:
    return db.session.scalars(sa.select(Technician)).one()
