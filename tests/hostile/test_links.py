"""Secret addresses serve their own purpose, in their own time, and say nothing else (threat A7)."""

from datetime import timedelta

import pytest
import time_machine
from flask import Flask

from concierge.feeds import queries as feeds
from concierge.feeds.actions import addresses
from concierge.identity.actions import people as access
from concierge.identity.actions.links import make_link
from concierge.identity.models import User
from concierge.identity.permissions import Role
from concierge.identity.states import AccessState, LinkPurpose
from concierge.platform import clock
from concierge.platform.database import db, unit_of_work
from tests.hostile import world as worlds
from tests.hostile.world import World


def altered(token: str) -> list[str]:
    """The token, changed as somebody might who guesses, cuts, or copies badly."""
    other = "A" if token[0] not in "Aa" else "B"
    return [
        other + token[1:], token[:-1], token + "A", token[1:], token[:-2] + token[-1] + token[-2] + "x", token[::-1],
        token[: len(token) // 2], "", ".", "..", "%00", token + "%00", token + "%20x", token + "/",
        "x" * 5000, "%ff%fe",
        "'%20OR%201=1--", token + "=", "null", "undefined", "0", "-1", "%E2%80%AE" + token,
    ]  # fmt: skip


def test_every_secret_opens_its_own_door_only(app: Flask, world: World) -> None:
    client = app.test_client()
    with unit_of_work():
        eve = access.invite_person(
            email="eve@concierge.example", name="Eve Stern", role=Role.CONCIERGE, zone="UTC", language="en",
            actor_id=None, at=clock.now(),
        )  # fmt: skip
        invitation = make_link(eve, LinkPurpose.INVITATION, at=clock.now())
        reset = make_link(world.people["manager"], LinkPurpose.PASSWORD_RESET, at=clock.now())
    calendar = worlds.feed_address(world.people["technician"]).split("/")[2]
    checklist = worlds.checklist_address(world.ours).rsplit("/", 1)[1]
    doors = {
        "/invitation/{}": invitation, "/reset/{}": reset, "/cal/{}/x.ics": calendar, "/checklist/{}": checklist,
        "/checklist/{}/checklist.pdf": checklist,
    }  # fmt: skip
    for door, key in doors.items():
        right = client.get(door.format(key))
        assert right.status_code == 200, door
        refused = client.get(door.format("unknown-and-well-formed-1234567890")).get_data()
        for other in {*doors.values()} - {key}:
            answer = client.get(door.format(other))
            assert answer.status_code == 404, door
            assert answer.get_data() == refused
        for wrong in altered(key):
            answer = client.get(door.format(wrong))
            if wrong in {"", ".", ".."} or "/" in wrong:
                assert answer.status_code in {303, 308, 401, 404, 405}, (door, wrong[:20])
                continue
            assert answer.status_code == 404, (door, wrong[:20])
            assert answer.get_data() == refused, (door, wrong[:20])


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
@pytest.mark.parametrize("purpose", list(LinkPurpose))
def test_a_used_an_expired_an_older_and_an_unknown_link_look_alike(
    app: Flask, world: World, purpose: LinkPurpose
) -> None:
    client, at = app.test_client(), clock.now()
    door = "/invitation/" if purpose is LinkPurpose.INVITATION else "/reset/"
    unknown = client.get(f"{door}nothing-of-the-kind")
    assert unknown.status_code == 404
    person = world.people["manager"]
    with unit_of_work():
        older = make_link(person, purpose, at=at)
        token = make_link(person, purpose, at=at)
    assert client.get(door + token).status_code == 200
    assert client.get(door + older).get_data() == unknown.get_data()
    with time_machine.travel(at + timedelta(days=7, seconds=1), tick=False):
        assert client.get(door + token).get_data() == unknown.get_data()
    with unit_of_work():
        db.session.get_one(User, person.id).state = AccessState.DISABLED
    assert client.get(door + token).get_data() == unknown.get_data()
    with unit_of_work():
        db.session.get_one(User, person.id).state = AccessState.ACTIVE
        access.choose_password(db.session.get_one(User, person.id), password_hash="!", at=clock.now())
    assert client.get(door + token).get_data() == unknown.get_data()


def test_a_withdrawn_calendar_shows_a_note_and_no_visit(app: Flask, world: World) -> None:
    client = app.test_client()
    worlds.write_feeds()
    path = worlds.feed_address(world.people["technician"])
    assert b"HB Biologics" in client.get(path).data
    with unit_of_work():
        feed = feeds.active_feed_of(world.people["technician"].id)
        assert feed is not None
        addresses.revoke(feed, actor_id=None, at=clock.now())

    answer = client.get(path)

    assert answer.status_code == 200
    assert b"HB Biologics" not in answer.data
    assert client.get(path, headers={"If-None-Match": "*"}).status_code in {200, 304}
    with time_machine.travel(clock.now() + timedelta(days=400), tick=False):
        assert client.get(path).status_code == 410
