"""Who has nothing to do with a customer sees not a word of them (threat A3)."""

from flask import Flask

from concierge.platform.database import db
from tests.hostile import pages
from tests.hostile import world as worlds
from tests.hostile.world import World

CANARY = "kanari7731"
SHORT = "kn77"
HALF = "kanari77"
"""Finds the canary and is not it, because pages repeat what was searched for."""
PLAIN = {
    "playbooks",
    "playbook_versions",
    "products",
    "closures",
    "users",
    "technicians",
    "absences",
    "skills",
    "feeds",
}


def test_a_technician_without_a_visit_there_reads_no_word_of_a_customer(app: Flask, world: World) -> None:
    filled = worlds.fill(
        lambda column, number, longest: CANARY if longest >= len(CANARY) else SHORT, world.of_theirs
    )
    worlds.write_feeds()
    assert filled > 100
    assert worlds.everything().count(CANARY) > 100
    theirs = str(world.theirs["key"])
    queries = [
        f"{page}{HALF}"
        for page in ("/find?q=", "/projects?q=", "/projects?text=", "/projects?view=lines&q=",
        "/visits?q=", "/orders?q=",
                     "/accounts?q=", "/people?q=", "/playbooks?q=")
    ]  # fmt: skip
    queries += [f"/projects?account={world.theirs['account_id']}", f"/find?q={theirs[:4]}",
         f"/visits/new?project={theirs}",
                "/visits?week=2026-03-16", "/visits?from=2026-03-16", "/today?mine=no", "/today?all=1"]  # fmt: skip
    queries.append(worlds.feed_address(world.people["technician"]))
    read = 0
    for path, answer in pages.walk(
        app, world.browsers["technician"], (world.ours, world.theirs), more=queries
    ):
        body = answer.get_data(as_text=True).lower()
        assert CANARY not in body, path
        if (
            theirs.lower() not in path.lower()
            and answer.status_code == 200
            and f"q={theirs[:4]}".lower() not in path.lower()
        ):
            assert theirs.lower() not in body, path
        assert CANARY not in str(answer.headers).lower(), path
        read += answer.status_code == 200

    assert read > 25


def test_the_canary_is_seen_by_those_who_may(app: Flask, world: World) -> None:
    worlds.fill(lambda column, number, longest: CANARY if longest >= len(CANARY) else SHORT, world.of_theirs)
    worlds.write_feeds()
    key = world.theirs["key"]
    manager, mallory = world.browsers["manager"], world.browsers["stranger"]

    for path in (f"/projects/{key}", f"/projects/{key}/readiness", "/projects", f"/find?q={HALF}"):
        assert CANARY in manager.get(path).get_data(as_text=True).lower(), path
    assert CANARY in mallory.get(f"/projects/{key}").get_data(as_text=True).lower()
    assert CANARY in app.test_client().get(worlds.feed_address(world.people["stranger"])).get_data(
        as_text=True
    )
    db.session.rollback()
