"""A customer with a link in their hands, an hour after the plan was approved."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from concierge.catalogue.states import Evidence, ItemType
from concierge.platform import worker
from concierge.platform.database import db, unit_of_work
from concierge.platform.deliveries import Delivery
from concierge.platform.mail import OutgoingMail
from concierge.projects.models import Project
from concierge.readiness import queries
from concierge.readiness.actions import linking
from concierge.readiness.models import CustomerLink
from tests.makers import orders, people, readiness

SOON = orders.RECEIVED + timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Customer:
    """Somebody at the customer's, with a browser that is not signed in, and the link that they were given."""

    app: Flask
    browser: FlaskClient
    token: str
    link_id: int

    def get(self, path: str = "", *, status: int = 200) -> str:
        """A page behind the link, as text."""
        answer = self.browser.get(f"/p/{self.token}{path}")
        assert answer.status_code == status, (path, answer.status_code)
        return answer.get_data(as_text=True)

    def post(self, path: str, *, page: str = "", **fields: object) -> TestResponse:
        """Send a form as its page does, with the page's proof."""
        proof = re.search(r'name="proof" value="([^"]+)"', self.get(page))
        assert proof
        return self.browser.post(f"/p/{self.token}{path}", data={"proof": proof[1], **fields})


@pytest.fixture
def clock(app: Flask) -> Iterator[time_machine.Traveller]:
    """It is an hour after the order came, and time goes on."""
    with time_machine.travel(SOON, tick=True) as traveller:
        yield traveller


def eight_items() -> list[object]:
    """One of each kind that customers answer."""
    wanted = readiness.wanted
    return [
        wanted("circuit", "Dedicated circuit is live", due_offset=-21),
        wanted("temperature", section="climate", type=ItemType.MEASURE, unit="°C", minimum=18, maximum=27),
        wanted("floor-plan", section="access", type=ItemType.UPLOAD, evidence=Evidence.REQUIRED),
        wanted(
            "plug",
            type=ItemType.CHOICE,
            gate=None,
            choices={"cee": {"en": "CEE 32 A"}, "t23": {"en": "Type 23"}},
        ),
        wanted("gases", section="gas", type=ItemType.MULTI, gate=None,
               choices={"he": {"en": "Helium"}, "n2": {"en": "Nitrogen"}}),
        wanted("person", section="people", type=ItemType.TEXT, gate=None),
        wanted("ready-on", section="people", type=ItemType.DATE, gate=None, maximum=-7),
        wanted("signed", section="people", type=ItemType.SIGNATURE, gate=None),
    ]  # fmt: skip


@pytest.fixture
def project(clock: time_machine.Traveller, app: Flask) -> Project:
    """A project with a checklist of eight points, whose contact has a link."""
    with unit_of_work():
        concierge = people.user(name="Maja Lindqvist", email="maja@example.com")
        made = readiness.project(readiness.instrument("lcms-hb", items=eight_items()))
        made.concierge_id = concierge.id
        contact = made.contact
        assert contact is not None
        linking.give_link(made, contact, is_mailed=False, at=SOON, actor_id=None)
        db.session.execute(
            sa.delete(Delivery)
        )  # the print of the checklist takes a second, and is no matter here
    db.session.rollback()
    db.session.expire_all()
    return made


@pytest.fixture
def customer(project: Project, app: Flask, client: FlaskClient) -> Customer:
    """The project's contact with their link."""
    return holder(app, client, project)


def holder(app: Flask, browser: FlaskClient, project: Project) -> Customer:
    """Whoever holds the link of the project's contact."""
    link = link_of(project)
    return Customer(app, browser, linking.token_of(link), link.id)


def link_of(project: Project) -> CustomerLink:
    """The link of the project's contact."""
    db.session.rollback()
    assert project.contact_id is not None
    link = queries.link_of_contact(project.id, project.contact_id)
    assert link is not None
    return link


def letters(app: Flask, *, to: str = "") -> list[OutgoingMail]:
    """Every letter that was written so far, to an address; deliveries that wait are made first."""
    worker.drain(app)
    db.session.rollback()
    found = db.session.query(OutgoingMail).order_by(OutgoingMail.id).all()
    return [one for one in found if to in {"", one.to}]
