"""Addresses that end by themselves, and calendars that nobody has an address of any more."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask
from flask.testing import FlaskClient

from concierge.feeds import chores, queries
from concierge.feeds.actions import addresses
from concierge.feeds.models import Calendar, CalendarEntry, Feed, FeedClient
from concierge.feeds.plan import Choice, own_visits
from concierge.feeds.states import FeedState, Scope, Shows
from concierge.identity.models import User
from concierge.platform.database import db, unit_of_work
from concierge.visits.actions import arranging, progress
from concierge.visits.models import Visit
from concierge.workforce.models import Technician
from tests.makers import invitations as make
from tests.makers import projects, workforce
from tests.makers.invitations import NOW, for_change, later

DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def monday() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def planned(app: Flask) -> tuple[Technician, Visit]:
    """Tomas goes to Halden, and has a calendar of the project and one of the site."""
    with unit_of_work():
        tomas = workforce.technician()
        project = projects.live()
        visit = make.confirmed(project, tomas)
    with unit_of_work():
        user = db.session.get_one(User, tomas.user_id)
        for scope, key in ((Scope.PROJECT, project.id), (Scope.SITE, project.site_id)):
            choice = Choice(shows=Shows.VISITS, scope=scope, scope_key=str(key))
            assert queries.may_subscribe(user, choice)
            addresses.create_address(user, choice, actor_id=None, at=NOW)
        addresses.create_address(user, own_visits(user.id), device="Phone", actor_id=None, at=NOW)
    return tomas, visit


def in_use() -> set[Scope]:
    """What the addresses show that still give data."""
    db.session.rollback()
    found = sa.select(Calendar.scope).join(Feed, Feed.calendar_id == Calendar.id)
    return set(db.session.scalars(found.where(Feed.state == FeedState.ACTIVE)))


def test_who_goes_no_more_loses_the_projects_calendar_at_once(planned: tuple[Technician, Visit]) -> None:
    _tomas, visit = planned
    assert in_use() == {Scope.PROJECT, Scope.SITE, Scope.PERSON}
    with unit_of_work():
        selin = workforce.technician(name="Selin Aydin")
    with unit_of_work():
        found = for_change(visit)
        arranging.assign_technicians(
            found, technician_ids=[selin.user_id], site=found.site, at=later(1), actor_id=None
        )

    assert in_use() == {Scope.PERSON}


def test_who_would_have_gone_on_a_cancelled_visit_loses_it_too(planned: tuple[Technician, Visit]) -> None:
    _tomas, visit = planned
    with unit_of_work():
        progress.cancel(for_change(visit), reason="No power", at=later(1), actor_id=None)

    assert in_use() == {Scope.PERSON}


def test_a_calendar_that_no_address_shows_is_removed_only_long_after_its_notice(
    planned: tuple[Technician, Visit], client: FlaskClient
) -> None:
    feeds = db.session.scalars(sa.select(Feed).order_by(Feed.id)).all()
    with unit_of_work():
        for feed in db.session.scalars(sa.select(Feed).order_by(Feed.id).limit(2)):
            addresses.revoke(feed, actor_id=None, at=NOW)
            db.session.add(FeedClient(feed_id=feed.id, client="Thunderbird", first_at=NOW, last_at=NOW))
    kept, last_id = feeds[2].calendar_id, feeds[2].id
    paths = ["/cal/" + queries.url_of(feed).partition("/cal/")[2] for feed in feeds]

    answers = {}
    for days in (29, 89, 91):
        with time_machine.travel(NOW + days * DAY, tick=False):
            with unit_of_work():
                chores.remove_unused_calendars(NOW + days * DAY)
            answers[days] = [client.get(path).status_code for path in paths]

    assert answers == {29: [200, 200, 200], 89: [410, 410, 200], 91: [404, 404, 200]}
    db.session.rollback()
    assert db.session.scalars(sa.select(Calendar.id)).all() == [kept]
    assert set(db.session.scalars(sa.select(CalendarEntry.calendar_id))) == {kept}
    assert set(db.session.scalars(sa.select(FeedClient.feed_id))) == {last_id}
