"""What runs in the background, seen and mended by those who operate."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient

from concierge.identity.models import User
from concierge.identity.permissions import Role
from concierge.platform import deliveries, mail, worker
from concierge.platform.database import db, unit_of_work
from concierge.platform.deliveries import Delivery, DeliveryStatus
from concierge.platform.mail import Letter
from concierge.platform.settings import current
from tests.conftest import csrf_token
from tests.makers import people as make

SignIn = Callable[[User], FlaskClient]


@pytest.fixture
def ida(app: Flask, sign_in: SignIn) -> FlaskClient:
    with unit_of_work():
        person = make.user(name="Ida Berg", role=Role.ADMINISTRATOR)
    return sign_in(person)


@pytest.fixture
def mallory(app: Flask, sign_in: SignIn) -> FlaskClient:
    with unit_of_work():
        person = make.user(name="Mallory Voss", role=Role.MANAGER)
    return sign_in(person)


def dead_delivery(app: Flask) -> int:
    with unit_of_work():
        delivery_id = deliveries.enqueue("test.nobody_does_this", {})
    worker.drain(app)
    assert delivery_id is not None
    return delivery_id


def test_a_dead_delivery_is_shown_and_tried_again(app: Flask, ida: FlaskClient) -> None:
    delivery_id = dead_delivery(app)
    deliveries.register("test.nobody_does_this", lambda args: None)
    page = ida.get("/settings/deliveries?status=dead").get_data(as_text=True)

    answer = ida.post(
        f"/settings/deliveries/{delivery_id}/retry",
        data={"csrf_token": csrf_token(ida, "/settings/deliveries")},
    )
    worker.drain(app)
    deliveries._handlers.pop("test.nobody_does_this")

    assert "1 delivery was given up" in page
    assert "No function does deliveries of the name" in page
    assert answer.status_code == 303
    db.session.rollback()
    assert db.session.get_one(Delivery, delivery_id, populate_existing=True).status is DeliveryStatus.DONE


def test_a_delivery_that_is_not_dead_is_not_tried_again(app: Flask, ida: FlaskClient) -> None:
    delivery_id = dead_delivery(app)
    token = csrf_token(ida, "/settings/deliveries")
    retry = f"/settings/deliveries/{delivery_id}/retry"

    assert ida.post(retry, data={"csrf_token": token}).status_code == 303
    assert ida.post(retry, data={"csrf_token": token}).status_code == 409
    assert ida.post("/settings/deliveries/4711/retry", data={"csrf_token": token}).status_code == 404


def test_who_does_not_operate_sees_and_changes_nothing(app: Flask, mallory: FlaskClient) -> None:
    delivery_id = dead_delivery(app)
    token = csrf_token(mallory, "/settings/me")

    assert mallory.get("/settings/deliveries").status_code == 403
    assert (
        mallory.post(f"/settings/deliveries/{delivery_id}/retry", data={"csrf_token": token}).status_code
        == 403
    )
    assert db.session.get_one(Delivery, delivery_id).status is DeliveryStatus.DEAD


@pytest.mark.parametrize("address", ["?status=nonsense&page=-3", "?page=999", "?page=x", "?status=done"])
def test_odd_addresses_of_the_list_are_answered(ida: FlaskClient, address: str) -> None:
    assert ida.get(f"/settings/deliveries{address}").status_code == 200


def test_with_a_mail_server_the_ledger_is_shown_without_texts(app: Flask, ida: FlaskClient) -> None:
    with unit_of_work():
        mail.post(
            Letter("yuki@customer.example", "Yuki Mori", "Delivery moved", "Hello secret text"), key="a"
        )
    mail.register(app, replace(current(), mail="smtp://127.0.0.1:1"))

    page = ida.get("/mail").get_data(as_text=True)
    one = ida.get("/mail/a.eml").status_code
    mail.register(app, current())

    assert "Delivery moved" in page
    assert "secret text" not in page
    assert "waiting" in page
    assert one == 404
