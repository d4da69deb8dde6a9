"""Which calendars there are, what stands in each, and who may have it (feed checklist F11, F15, F16, F18, F19, F28)."""

import json
import re
import shutil
import zoneinfo
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from concierge.accounts.models import Contact
from concierge.catalogue.states import VisitKind
from concierge.feeds import free_busy, lint, queries
from concierge.feeds.actions import addresses, writing
from concierge.feeds.calendar_file import Window
from concierge.feeds.free_busy import Period, Taken
from concierge.feeds.models import Calendar, CalendarEntry, Feed, FeedClient
from concierge.feeds.plan import Choice, own_visits
from concierge.feeds.states import Scope, Shows, Subject
from concierge.identity.events import RoleChanged
from concierge.identity.models import User
from concierge.identity.permissions import Role
from concierge.platform.database import db, unit_of_work
from concierge.platform.errors import Refused
from concierge.platform.events import RecordedEvent, record
from concierge.projects.events import DateMove, ForecastChanged, MilestoneFinished, MilestoneSkipped
from concierge.projects.models import Project, ProjectCrew, Promise
from concierge.projects.states import MilestoneState
from concierge.visits.actions import zones
from concierge.visits.events import ZoneRulesChanged
from concierge.visits.models import Visit
from concierge.visits.states import VisitState
from concierge.workforce.events import AbsenceEntered
from concierge.workforce.models import Absence, BusyTime, OwnCalendar, Technician
from concierge.workforce.states import AbsenceKind, BusyKind
from tests.feeds import readers
from tests.feeds.conftest import Selects, SetClock
from tests.makers import calendar, people
from tests.makers.calendar import AT

pytestmark = pytest.mark.usefixtures("it_is")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def tomas(app: Flask) -> User:
    with unit_of_work():
        person = calendar.technician()
        db.session.add(Technician(user_id=person.id, country="DE", territory="North"))
        return person


@pytest.fixture
def ada(app: Flask) -> User:
    with unit_of_work():
        return people.user(name="Ada Lind", role=Role.CONCIERGE)


def path_of(owner: User | Contact, choice: Choice, *, device: str = "") -> str:
    with unit_of_work():
        feed = addresses.create_address(owner, choice, device=device, actor_id=None, at=AT)
        return "/cal/" + queries.url_of(feed, shows=choice.shows).partition("/cal/")[2]


def choice(shows: Shows, scope: Scope, key: object, **rest: object) -> Choice:
    return Choice(shows=shows, scope=scope, scope_key=str(key), **rest)  # type: ignore[arg-type]  # of a test


def feed_at(path: str) -> Feed:
    address = queries.address_of_token(path.split("/")[2])
    assert address
    return db.session.get_one(Feed, address.feed_id)


def titles(answer: TestResponse) -> dict[str, tuple[str, str]]:
    assert answer.status_code == 200
    assert lint.problems(answer.data) == ()
    return {seen.title: (seen.start, seen.end) for seen in readers.entries_in(answer.data)}


def text(answer: TestResponse) -> str:
    return answer.data.replace(b"\r\n ", b"").decode()


def stamp(answer: TestResponse) -> str:
    (value,) = re.findall(r"LAST-MODIFIED:(\w+)", text(answer))
    return str(value)


def test_team_site_and_project_show_what_belongs_to_them(client: FlaskClient, tomas: User, ada: User) -> None:
    with unit_of_work():
        ben = calendar.technician("Ben Okafor")
        db.session.add(Technician(user_id=ben.id, country="DE", territory="South"))
        isar, rhein = calendar.project(), calendar.project("Rheinlabor")
        calendar.visit(isar, tomas)
        calendar.visit(rhein, ben)
        calendar.visit(rhein, starts=AT + 9 * DAY, state=VisitState.TENTATIVE)
    ours, theirs = "Installation: Isar Klinik, München", "Installation: Rheinlabor, München"
    nobodys = f"Tentative: {theirs}"

    for shown, expected in (
        (choice(Shows.VISITS, Scope.TEAM, "North"), {ours}),
        (choice(Shows.VISITS, Scope.TEAM, ""), {ours, theirs, nobodys}),
        (choice(Shows.VISITS, Scope.SITE, rhein.site_id), {theirs, nobodys}),
        (choice(Shows.VISITS, Scope.PROJECT, isar.id), {ours}),
        (choice(Shows.VISITS, Scope.PERSON, ben.id), {theirs}),
    ):
        assert titles(client.get(path_of(ada, shown))).keys() == expected


def test_addresses_that_want_the_same_share_one_calendar(client: FlaskClient, tomas: User) -> None:
    phone = path_of(tomas, own_visits(tomas.id), device="Phone")
    laptop = path_of(tomas, own_visits(tomas.id), device="Laptop")

    assert phone != laptop
    assert client.get(phone).headers["ETag"] == client.get(laptop).headers["ETag"]
    assert db.session.scalar(sa.select(sa.func.count(Calendar.id))) == 1
    with pytest.raises(Refused), unit_of_work():
        addresses.create_address(tomas, device="Phone", actor_id=None, at=AT)


def test_f18_a_busy_calendar_says_busy_and_nothing_else(client: FlaskClient, tomas: User) -> None:
    path = path_of(tomas, replace(own_visits(tomas.id), is_busy_only=True, has_alarms=True, language="de"))
    with unit_of_work():
        calendar.visit(calendar.project(), tomas)

    said = text(client.get(path))

    assert titles(client.get(path)) == {"Belegt": ("2026-11-25T09:00:00Z", "2026-11-25T13:00:00Z")}
    entry = said[said.index("BEGIN:VEVENT") :]
    for word in ("Isar", "München", "LOCATION", "CATEGORIES", "URL", "spectrometer"):
        assert word not in entry


@pytest.mark.parametrize("read", readers.READERS)
def test_f19_alarms_come_only_where_they_were_asked_for(
    client: FlaskClient, tomas: User, read: readers.Reader
) -> None:
    plain = path_of(tomas, own_visits(tomas.id))
    ringing = path_of(tomas, replace(own_visits(tomas.id), has_alarms=True))
    with unit_of_work():
        made = calendar.visit(calendar.project(), tomas)

    said = text(client.get(ringing))

    assert "VALARM" not in text(client.get(plain))
    assert re.findall(r"TRIGGER:(\S+)", said) == ["-P1D", "-PT1H"]
    assert said.count("ACTION:DISPLAY\r\n") == said.count("BEGIN:VALARM") == 2
    assert read(client.get(ringing).data) == readers.entries_in(client.get(plain).data)
    with unit_of_work():
        calendar.cancel(db.session.get_one(Visit, made.id), at=AT)
    assert "VALARM" not in text(client.get(ringing))


@pytest.mark.parametrize(("days", "is_there"), [(0, False), (7, False), (30, True)])
def test_f16_cancelled_entries_stay_as_long_as_was_chosen(
    client: FlaskClient, tomas: User, it_is: SetClock, days: int, is_there: bool
) -> None:
    path = path_of(tomas, replace(own_visits(tomas.id), cancelled_days=days))
    with unit_of_work():
        made = calendar.visit(calendar.project(), tomas, starts=AT + 90 * DAY)
        calendar.cancel(made, at=AT)

    assert (b"CANCELLED" in client.get(path).data) == (days > 0)
    it_is.at = AT + 8 * DAY
    assert (b"CANCELLED" in client.get(path).data) == is_there


def test_f17_a_calendar_reaches_as_far_as_was_chosen(client: FlaskClient, tomas: User) -> None:
    near = path_of(tomas, replace(own_visits(tomas.id), horizon_days=60))
    far = path_of(tomas, own_visits(tomas.id))
    with unit_of_work():
        calendar.visit(calendar.project(), tomas, starts=AT + 100 * DAY)

    assert "No visits are planned" in titles(client.get(near))
    assert "No visits are planned" not in titles(client.get(far))


@pytest.mark.parametrize("read", readers.READERS)
def test_f11_milestones_are_whole_days_at_the_site(
    client: FlaskClient, ada: User, read: readers.Reader
) -> None:
    with unit_of_work():
        project = calendar.live(zone="Pacific/Auckland")
        project.concierge_id = ada.id
        calendar.milestones(project)
    expected = {
        "Survey: Isar Klinik": ("2026-11-28", "2026-11-29"),
        "Release: Isar Klinik": ("2026-12-08", "2026-12-09"),
        "Install: Isar Klinik": ("2026-12-18", "2026-12-21"),
    }
    for scope, key in ((Scope.PERSON, ada.id), (Scope.PROJECT, project.id), (Scope.SITE, project.site_id)):
        answer = client.get(path_of(ada, choice(Shows.MILESTONES, scope, key)))
        assert titles(answer) == expected
        assert {seen.title: (seen.start, seen.end) for seen in read(answer.data)} == expected
    assert "DTSTART;VALUE=DATE:20261218\r\n" in text(answer)
    assert "X-WR-CALNAME:Milestones: Isar Klinik" in text(answer)


def test_f15_f16_milestones_that_move_are_done_or_skipped_are_published_later_with_a_higher_sequence(
    client: FlaskClient, ada: User, it_is: SetClock
) -> None:
    with unit_of_work():
        project = calendar.live()
        survey, release, _install = calendar.milestones(project)
        release.state, release.skip_reason = MilestoneState.SKIPPED, "not ours"
        db.session.delete(_install)
    path = path_of(ada, choice(Shows.MILESTONES, Scope.PROJECT, project.id))
    before = client.get(path)
    start = survey.forecast_start_on
    assert start
    said = {"at": AT, "actor_id": None, "project_id": project.id}
    with unit_of_work():
        survey.forecast_start_on = survey.forecast_on = start + DAY
        db.session.merge(survey)
        move = DateMove(
            milestone_id=survey.id,
            name="Survey",
            start_before=start,
            start_after=start + DAY,
            finish_before=start,
            finish_after=start + DAY,
        )
        record(ForecastChanged(**said, cause="a day passed", moves=(move,)))  # type: ignore[arg-type]  # plain values
    moved = client.get(path, headers={"If-None-Match": before.headers["ETag"]})
    with unit_of_work():
        again = db.session.merge(survey)
        again.state, again.finished_on = MilestoneState.DONE, start
        db.session.flush()
        record(MilestoneFinished(**said, milestone_id=survey.id, name="Survey", on=start))  # type: ignore[arg-type]
    done = client.get(path)
    with unit_of_work():
        again = db.session.merge(survey)
        again.state, again.finished_on, again.skip_reason = MilestoneState.SKIPPED, None, "not wanted"
        db.session.flush()
        record(MilestoneSkipped(**said, milestone_id=survey.id, name="Survey", reason="not wanted"))  # type: ignore[arg-type]
    skipped = client.get(path)

    assert titles(moved) == {"Survey: Isar Klinik": ("2026-11-29", "2026-11-30")}
    assert titles(done) == {"Survey: Isar Klinik": ("2026-11-28", "2026-11-29")}
    assert titles(skipped).keys() == {"CANCELLED: Survey: Isar Klinik"}
    answers = (before, moved, done, skipped)
    sequences = [re.findall(r"SEQUENCE:(\d+)", text(answer)) for answer in answers]
    assert sequences == [["0"], ["1"], ["2"], ["3"]]
    assert sorted({stamp(answer) for answer in answers}) == [stamp(answer) for answer in answers]


def test_milestones_cost_one_question_where_no_calendar_shows_them(
    app: Flask, ada: User, selects: Selects
) -> None:
    with unit_of_work():
        project = calendar.live()
        calendar.milestones(project)
    with unit_of_work(), selects() as asked:
        writing.write_milestones(project.id, at=AT)

    assert len(asked) == 1


def test_f18_a_customers_calendar_holds_nothing_internal(client: FlaskClient, tomas: User) -> None:
    with unit_of_work():
        project = calendar.live()
        calendar.milestones(project)
        calendar.visit(project, tomas, title="Difficult customer, bring a lawyer")
        contact = calendar.contact(project, language="de")
    wanted = choice(Shows.VISITS, Scope.PROJECT, project.id, is_for_customer=True)
    visits = client.get(path_of(contact, wanted))
    milestones = client.get(path_of(contact, replace(wanted, shows=Shows.MILESTONES)))

    assert list(titles(visits)) == ["Installation: Isar Klinik, München"]
    assert titles(milestones).keys() == {"Begehung", "Installation"}
    for answer in (visits, milestones):
        for word in ("lawyer", "Tomas", "URL:", "/visits/", "/projects/", "Freigabe"):
            assert word not in text(answer)
    for other in (
        choice(Shows.VISITS, Scope.SITE, project.site_id, is_for_customer=True),
        choice(Shows.VISITS, Scope.PROJECT, project.id),
        choice(Shows.FREE_BUSY, Scope.PERSON, tomas.id, is_for_customer=True),
    ):
        with pytest.raises(Refused), unit_of_work():
            addresses.create_address(contact, other, actor_id=None, at=AT)
    with unit_of_work():
        addresses.revoke_all(queries.active_feeds(contact_id=contact.id), actor_id=None, at=AT)
    notice = text(client.get("/cal/" + visits.request.path.partition("/cal/")[2]))
    assert "Diese Kalenderadresse gilt nicht mehr" in notice
    assert "Isar" not in notice


def test_days_that_a_customers_program_fetches_enter_the_ledger(
    client: FlaskClient, tomas: User, ada: User
) -> None:
    def ledger() -> list[tuple[str, date, str]]:
        db.session.rollback()
        found = db.session.scalars(sa.select(Promise).order_by(Promise.id))
        return [(one.milestone_key, one.finish_on, one.shown_on.value) for one in found]

    with unit_of_work():
        project = calendar.live()
        survey, _release, install = calendar.milestones(project)
        visit = calendar.visit(project, tomas, starts=AT + 30 * DAY)
        call = calendar.visit(project, tomas, starts=AT + 3 * DAY, kind=VisitKind.REMOTE_CALL)
        visit.milestone_id, call.milestone_id = install.id, survey.id
        contact = calendar.contact(project)
    wanted = choice(Shows.VISITS, Scope.PROJECT, project.id, is_for_customer=True)
    visits, milestones = (
        path_of(contact, wanted),
        path_of(contact, replace(wanted, shows=Shows.MILESTONES)),
    )
    ours = path_of(ada, choice(Shows.MILESTONES, Scope.PROJECT, project.id))
    program, browser = {"User-Agent": "Thunderbird/153.7.0"}, {"User-Agent": "Mozilla/5.0 Firefox/151.0"}
    expected = [("install", (AT + 30 * DAY).date(), "feed")]

    client.get(ours, headers=program)
    client.get(visits, headers=browser)
    assert ledger() == []
    for _ in range(2):
        client.get(visits, headers=program)
        assert ledger() == expected
    client.get(milestones, headers=program)
    expected += [(one.key, one.forecast_on, "feed") for one in (survey, install)]
    assert ledger() == expected
    with unit_of_work():
        again = db.session.merge(survey)
        again.forecast_start_on = again.forecast_on = AT.date() + 15 * DAY
        db.session.flush()
        writing.write_milestones(project.id, at=AT)
    client.get(milestones, headers=program)
    assert ledger() == [*expected, ("survey", AT.date() + 15 * DAY, "feed")]


def test_on_call_turns_of_a_person_and_a_team(client: FlaskClient, tomas: User, ada: User) -> None:
    own = path_of(tomas, choice(Shows.ON_CALL, Scope.PERSON, tomas.id))
    team = path_of(ada, choice(Shows.ON_CALL, Scope.TEAM, "North"))
    other = path_of(ada, choice(Shows.ON_CALL, Scope.TEAM, ""))
    with unit_of_work():
        technician = db.session.scalars(sa.select(Technician)).one()
        turn = calendar.turn(technician.id, starts=AT + DAY)
        writing.write(Subject.TURN, (turn.id,), at=AT)
    for path in (own, team, other):
        assert titles(client.get(path)) == {
            "On call: Tomas Berger": ("2026-11-19T09:00:00Z", "2026-11-19T21:00:00Z")
        }
    with unit_of_work():
        turn.cancelled_at, turn.sequence = AT, 1
        db.session.merge(turn)
        db.session.flush()
        writing.write(Subject.TURN, (turn.id,), at=AT)
    assert list(titles(client.get(own))) == ["CANCELLED: On call: Tomas Berger"]


def test_f15_an_address_that_shows_something_else_is_believed_by_its_device(
    client: FlaskClient, tomas: User, it_is: SetClock
) -> None:
    path = path_of(tomas, own_visits(tomas.id))
    with unit_of_work():
        made = calendar.visit(calendar.project(), tomas)
        for _n in range(4):  # each within the same second, so LAST-MODIFIED runs ahead of the clock
            calendar.move(made, by=HOUR, at=AT)
    before = client.get(path)
    with unit_of_work():
        feed = feed_at(path)
        addresses.choose(feed, replace(own_visits(tomas.id), is_busy_only=True), actor_id=None, at=AT)
    busy = client.get(path, headers={"If-None-Match": before.headers["ETag"]})
    with unit_of_work():
        addresses.choose(feed_at(path), own_visits(tomas.id), actor_id=None, at=AT)
    back = client.get(path, headers={"If-None-Match": busy.headers["ETag"]})

    assert list(titles(busy)) == ["Busy"]
    assert stamp(before) < stamp(busy) < stamp(back)
    assert titles(back) == titles(before)
    names = sa.select(RecordedEvent.name).where(RecordedEvent.name == "AddressChosen")
    assert len(db.session.scalars(names).all()) == 2
    with pytest.raises(Refused), unit_of_work():
        addresses.choose(feed_at(path), choice(Shows.FREE_BUSY, Scope.PERSON, tomas.id), actor_id=None, at=AT)


def test_an_address_is_renamed_and_rotated_with_its_choice(client: FlaskClient, tomas: User) -> None:
    path = path_of(tomas, replace(own_visits(tomas.id), is_busy_only=True), device="Phone")
    with unit_of_work():
        addresses.rename(feed_at(path), "Old phone", actor_id=None, at=AT)
        successor = addresses.rotate(feed_at(path), actor_id=None, at=AT)

    assert successor.device == "Old phone"
    (report,) = queries.reports_of(tomas.id, at=AT)
    assert report.choice == replace(own_visits(tomas.id), is_busy_only=True)
    assert (report.device, report.health) == ("Old phone", "never fetched")


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    "wrong",
    [
        choice(Shows.MILESTONES, Scope.TEAM, ""),
        choice(Shows.FREE_BUSY, Scope.PROJECT, 1),
        choice(Shows.VISITS, Scope.PERSON, 1, cancelled_days=8),
        choice(Shows.VISITS, Scope.PERSON, 1, horizon_days=9000),
        choice(Shows.VISITS, Scope.PERSON, 1, language="tlh"),
        choice(Shows.VISITS, Scope.PROJECT, 1, is_for_customer=True),
    ],
)
def test_what_is_not_offered_is_refused(app: Flask, tomas: User, wrong: Choice) -> None:
    with pytest.raises(Refused), unit_of_work():
        addresses.create_address(tomas, wrong, actor_id=None, at=AT)

    assert db.session.scalar(sa.select(sa.func.count(Feed.id))) == 0


def test_who_may_subscribe_to_what(app: Flask, tomas: User, ada: User) -> None:
    with unit_of_work():
        ben = calendar.technician("Ben Okafor")
        mine, others = calendar.project(), calendar.project("Rheinlabor")
        db.session.add(ProjectCrew(project_id=mine.id, user_id=tomas.id))
    his = [
        own_visits(tomas.id),
        choice(Shows.FREE_BUSY, Scope.PERSON, tomas.id),
        choice(Shows.ON_CALL, Scope.PERSON, tomas.id),
        choice(Shows.ON_CALL, Scope.TEAM, ""),
        choice(Shows.VISITS, Scope.PROJECT, mine.id),
        choice(Shows.MILESTONES, Scope.SITE, mine.site_id),
    ]
    not_his = [
        own_visits(ben.id),
        choice(Shows.FREE_BUSY, Scope.PERSON, ada.id),
        choice(Shows.VISITS, Scope.TEAM, "North"),
        choice(Shows.VISITS, Scope.PROJECT, others.id),
        choice(Shows.VISITS, Scope.SITE, others.site_id),
    ]
    nobodys = [
        own_visits(987654),
        choice(Shows.VISITS, Scope.PROJECT, "987654"),
        choice(Shows.VISITS, Scope.PROJECT, "1 OR 1=1"),
        choice(Shows.VISITS, Scope.TEAM, "Atlantis"),
        choice(Shows.VISITS, Scope.PROJECT, mine.id, is_for_customer=True),
    ]

    assert [queries.may_subscribe(tomas, one) for one in his] == [True] * len(his)
    assert [queries.may_subscribe(tomas, one) for one in not_his] == [False] * len(not_his)
    assert [queries.may_subscribe(ada, one) for one in his + not_his] == [True] * (len(his) + len(not_his))
    for person in (tomas, ada):
        assert [queries.may_subscribe(person, one) for one in nobodys] == [False] * len(nobodys)


def test_who_may_no_longer_see_a_project_loses_its_calendar(
    client: FlaskClient, tomas: User, ada: User
) -> None:
    with unit_of_work():
        project = calendar.project()
        db.session.add(ProjectCrew(project_id=project.id, user_id=tomas.id))
    path = path_of(tomas, choice(Shows.VISITS, Scope.PROJECT, project.id))
    own, hers = path_of(tomas, own_visits(tomas.id)), path_of(ada, choice(Shows.VISITS, Scope.TEAM, ""))
    assert queries.feeds_without_right() == []
    with unit_of_work():
        db.session.execute(sa.delete(ProjectCrew))
        addresses.revoke_all(queries.feeds_without_right(), actor_id=None, at=AT)
    assert list(titles(client.get(path))) == ["This calendar address is no longer in use"]
    assert list(titles(client.get(own))) == ["No visits are planned"]
    with unit_of_work():
        db.session.get_one(User, ada.id).role = Role.TECHNICIAN
        db.session.flush()
        record(
            RoleChanged(
                at=AT, actor_id=None, user_id=ada.id, role_before="concierge", role_after="technician"
            )
        )
    assert list(titles(client.get(hers))) == ["This calendar address is no longer in use"]


def test_f28_who_fetched_what_is_noted_whenever_it_changed(
    client: FlaskClient, tomas: User, it_is: SetClock
) -> None:
    path = path_of(tomas, own_visits(tomas.id))

    def report() -> queries.AddressReport:
        db.session.rollback()
        return queries.report_of(tomas.id, at=it_is.at)

    client.get(path, headers={"User-Agent": "Evolution/3.46.4"})
    assert not report().is_behind
    it_is.at = AT + timedelta(seconds=10)
    with unit_of_work():
        calendar.visit(calendar.project(), tomas, at=it_is.at)
    assert report().is_behind
    it_is.at = AT + timedelta(seconds=20)  # the same program within the ten minutes in which nothing is noted
    client.get(path, headers={"User-Agent": "Evolution/3.46.4"})
    assert not report().is_behind
    it_is.at = AT + timedelta(hours=1)
    client.get(path, headers={"User-Agent": "Google-Calendar-Importer"})
    assert report().clients == 2
    seen = db.session.scalars(sa.select(FeedClient).order_by(FeedClient.id)).all()
    assert [(one.client, one.last_at) for one in seen] == [
        ("Evolution", AT + timedelta(seconds=20)),
        ("Google Calendar", AT + timedelta(hours=1)),
    ]


def test_free_and_busy_times_tell_no_titles(client: FlaskClient, tomas: User, ada: User) -> None:
    path = path_of(ada, choice(Shows.FREE_BUSY, Scope.PERSON, tomas.id))
    with unit_of_work():
        technician = db.session.scalars(sa.select(Technician)).one()
        project = calendar.project()
        calendar.visit(project, tomas, starts=AT, hours=4)
        calendar.visit(project, tomas, starts=AT + 3 * HOUR, hours=4, state=VisitState.TENTATIVE)
        calendar.cancel(calendar.visit(project, tomas, starts=AT + DAY), at=AT)
        calendar.visit(project, tomas, starts=AT + DAY, state=VisitState.DRAFT)
        db.session.add(
            Absence(
                technician_id=technician.id,
                kind=AbsenceKind.SICK,
                first_on=date(2026, 11, 20),
                last_on=date(2026, 11, 20),
            )
        )
        own = OwnCalendar(
            technician_id=technician.id,
            name="Private",
            address="https://x.example/",
            created_at=AT,
            due_at=AT,
        )
        db.session.add(own)
        db.session.flush()
        for kind, starts in ((BusyKind.BUSY, 5), (BusyKind.TENTATIVE, 30)):
            db.session.add(
                BusyTime(
                    own_calendar_id=own.id,
                    kind=kind,
                    starts_at=AT + starts * HOUR,
                    ends_at=AT + (starts + 3) * HOUR,
                )
            )
        writing.draw_free_busy((tomas.id,), at=AT)

    answer = client.get(path)

    assert path.endswith(".ifb")
    assert answer.headers["Content-Type"] == "text/calendar; charset=utf-8"
    assert lint.problems(answer.data) == ()
    assert [line for line in text(answer).split("\r\n") if line.startswith("FREEBUSY")] == [
        "FREEBUSY;FBTYPE=BUSY:20261118T090000Z/20261118T130000Z",
        "FREEBUSY;FBTYPE=BUSY-TENTATIVE:20261118T130000Z/20261118T140000Z",
        "FREEBUSY;FBTYPE=BUSY:20261118T140000Z/20261118T170000Z",
        "FREEBUSY;FBTYPE=BUSY-TENTATIVE:20261119T150000Z/20261119T180000Z",
        "FREEBUSY;FBTYPE=BUSY-UNAVAILABLE:20261119T230000Z/20261120T230000Z",
    ]
    for word in ("Isar", "spectrometer", "sick", "Private", "VEVENT", "x.example"):
        assert word not in text(answer)
    told = client.get(path.replace(".ifb", ".json"))
    assert told.headers["Content-Type"] == "application/json"
    assert told.headers["ETag"] != answer.headers["ETag"]
    assert json.loads(told.data)["busy"][1] == {
        "from": "2026-11-18T13:00:00Z",
        "to": "2026-11-18T14:00:00Z",
        "kind": "busy-tentative",
    }
    for form in (".ifb", ".json"):
        here = path.replace(".ifb", form)
        tag = client.get(here).headers["ETag"]
        assert client.get(here, headers={"If-None-Match": tag}).status_code == 304


def test_free_and_busy_times_follow_absences_and_only_their_own_addresses_give_them(
    client: FlaskClient, tomas: User
) -> None:
    visits = path_of(tomas, own_visits(tomas.id))
    path = path_of(tomas, choice(Shows.FREE_BUSY, Scope.PERSON, tomas.id))
    tag = client.get(path).headers["ETag"]
    with unit_of_work():
        technician = db.session.scalars(sa.select(Technician)).one()
        first_on = date(2026, 11, 20)
        away = Absence(
            technician_id=technician.id, kind=AbsenceKind.LEAVE, first_on=first_on, last_on=first_on
        )
        db.session.add(away)
        db.session.flush()
        record(
            AbsenceEntered(
                at=AT, actor_id=None, user_id=tomas.id, kind="leave", first_on=first_on, last_on=first_on
            )
        )

    changed = client.get(path, headers={"If-None-Match": tag})

    assert changed.status_code == 200
    assert "BUSY-UNAVAILABLE" in text(changed)
    for form in (".ifb", ".json"):
        assert client.get(visits.replace(".ics", form)).status_code == 404
    with unit_of_work():
        addresses.revoke(feed_at(path), actor_id=None, at=AT)


def test_an_ended_free_and_busy_address_says_never_free_and_why(client: FlaskClient, tomas: User) -> None:
    path = path_of(tomas, choice(Shows.FREE_BUSY, Scope.PERSON, tomas.id))
    assert "ended" not in json.loads(client.get(path.replace(".ifb", ".json")).data)
    tag = client.get(path).headers["ETag"]
    with unit_of_work():
        addresses.revoke(feed_at(path), actor_id=None, at=AT)

    answer = client.get(path, headers={"If-None-Match": tag})
    told = json.loads(client.get(path.replace(".ifb", ".json")).data)

    window = Window.around(AT)
    taken = f"{window.week_at:%Y%m%dT%H%M%SZ}/{window.to_at:%Y%m%dT%H%M%SZ}"
    lines = text(answer).split("\r\n")
    assert [line for line in lines if line.startswith("FREEBUSY")] == [
        f"FREEBUSY;FBTYPE=BUSY-UNAVAILABLE:{taken}"
    ]
    assert [line for line in lines if line.startswith("COMMENT")] == [
        "COMMENT:This calendar address is no longer in use"
    ]
    assert lint.problems(answer.data) == ()
    assert told["ended"] is True
    assert [period["kind"] for period in told["busy"]] == ["busy-unavailable"]
    assert (told["busy"][0]["from"], told["busy"][0]["to"]) == (told["from"], told["to"])


@pytest.mark.parametrize(
    ("periods", "expected"),
    [
        ([(0, 2, 2), (2, 4, 2)], [(0, 4, 2)]),
        ([(0, 4, 1), (1, 2, 2)], [(0, 1, 1), (1, 2, 2), (2, 4, 1)]),
        ([(0, 4, 3), (1, 2, 2)], [(0, 4, 3)]),
        ([(0, 3, 2), (1, 5, 2), (5, 6, 1)], [(0, 5, 2), (5, 6, 1)]),
        ([(-9000, -8999, 2)], []),
    ],
)
def test_periods_are_merged_and_the_firmer_counts(
    periods: list[tuple[int, int, int]], expected: list[tuple[int, int, int]]
) -> None:
    made = [Period(AT + start * HOUR, AT + end * HOUR, Taken(kind)) for start, end, kind in periods]

    merged = free_busy.merged(made, window=Window.around(AT))

    assert [
        ((one.starts_at - AT) // HOUR, (one.ends_at - AT) // HOUR, one.taken.value) for one in merged
    ] == expected


@pytest.fixture
def berlin_as(tmp_path: Path) -> Iterator[Path]:
    """A folder of rules that come before the machine's: what is put there as Europe/Berlin counts."""
    before = zoneinfo.TZPATH
    (tmp_path / "Europe").mkdir()
    zoneinfo.reset_tzpath(to=[str(tmp_path), *before])
    yield tmp_path / "Europe" / "Berlin"
    zoneinfo.reset_tzpath(to=before)
    ZoneInfo.clear_cache()


def test_c8_newer_rules_of_time_zones_publish_only_what_moved_and_say_so(
    client: FlaskClient, tomas: User, berlin_as: Path
) -> None:
    path = path_of(tomas, own_visits(tomas.id))
    with unit_of_work():
        zones.follow_rules(at=AT, version="2026a")
        past = calendar.visit(calendar.project(), tomas, starts=AT - DAY)
        moved = calendar.visit(calendar.project("Rheinlabor"), tomas)
        other = calendar.visit(calendar.project("Tokyo", zone="Asia/Tokyo"), tomas)
    before = client.get(path)
    shutil.copy("/usr/share/zoneinfo/Europe/Athens", berlin_as)
    with unit_of_work():
        said = zones.follow_rules(at=AT + HOUR, version="2026b")
    after = client.get(path, headers={"If-None-Match": before.headers["ETag"]})
    with unit_of_work():
        assert zones.follow_rules(at=AT + HOUR, version="2026b") is None

    assert said
    assert (said.version_before, said.version_after, said.visit_ids) == ("2026a", "2026b", (moved.id,))
    again = db.session.get_one(Visit, moved.id, populate_existing=True)
    assert again.starts_local == datetime(2026, 11, 25, 10, 0)
    assert again.starts_at == datetime(2026, 11, 25, 8, 0, tzinfo=UTC)
    entries = {entry.subject_id: entry for entry in db.session.scalars(sa.select(CalendarEntry))}
    assert entries[moved.id].modified_at == AT + HOUR
    assert {entries[one.id].modified_at for one in (past, other)} == {AT}
    assert (entries[moved.id].sequence, entries[other.id].sequence) == (1, 0)
    assert "2026-11-25T08:00:00Z" in {start for start, _ in titles(after).values()}
    names = sa.select(RecordedEvent.name).where(RecordedEvent.name == ZoneRulesChanged.__name__)
    assert len(db.session.scalars(names).all()) == 2


def test_the_edition_of_the_time_zone_rules_is_known() -> None:
    assert re.fullmatch(r"20\d\d[a-z]+|python-20\d\d\.\d+|unknown", zones.rules_version())


def test_a_calendar_is_called_what_it_tells_of(app: Flask) -> None:
    with unit_of_work():
        project = calendar.project()
        ada = people.user(name="Ada Lind", role=Role.CONCIERGE)
        addresses.create_address(ada, choice(Shows.VISITS, Scope.PROJECT, project.id), actor_id=None, at=AT)

    found = db.session.scalars(sa.select(Calendar)).one()

    assert found.name == f"{db.session.get_one(Project, project.id).key} Isar Klinik"
