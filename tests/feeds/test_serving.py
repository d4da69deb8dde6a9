"""Calendars over HTTP, on both databases (feed checklist F13–F31, cache conditions C1–C12)."""

import contextlib
import gzip
import json
import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from threading import Event, Thread
from urllib.parse import parse_qs, quote, urlsplit

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from concierge.accounts.events import AccountRenamed, SiteChanged
from concierge.accounts.models import Account, Site
from concierge.catalogue.states import VisitKind
from concierge.feeds import chores, clients, lint, queries, reach, reactions, sentences, shelf, vevent
from concierge.feeds.actions import addresses, writing
from concierge.feeds.models import Calendar, CalendarEntry, Feed
from concierge.feeds.states import Subject
from concierge.identity.events import AccessDisabled, PersonAdded, ProfileChanged
from concierge.identity.models import User
from concierge.identity.permissions import Role
from concierge.platform.database import db, unit_of_work
from concierge.platform.events import record
from concierge.platform.mail import Attachment
from concierge.projects.models import Project
from concierge.readiness.events import ChecklistPrinted
from concierge.visits.models import Visit
from concierge.visits.states import VisitState
from tests.feeds import readers
from tests.feeds.conftest import Selects, SetClock
from tests.makers import calendar, people
from tests.makers.calendar import AT

pytestmark = pytest.mark.usefixtures("it_is")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
OLD_CLIENT = {"User-Agent": "Thunderbird/153.7.0"}


@pytest.fixture
def tomas(app: Flask) -> User:
    with unit_of_work():
        return calendar.technician()


@pytest.fixture
def path(tomas: User) -> str:
    with unit_of_work():
        return calendar.path_of(tomas)


def titles(answer: TestResponse) -> dict[str, str]:
    assert answer.status_code == 200
    assert lint.problems(answer.data) == ()
    return {seen.title: seen.start for seen in readers.entries_in(answer.data)}


def line(answer: TestResponse, name: str) -> str:
    (value,) = [row.partition(":")[2] for row in unfolded(answer) if row.startswith(f"{name}:")]
    return value


def unfolded(answer: TestResponse) -> list[str]:
    return answer.data.replace(b"\r\n ", b"").decode().split("\r\n")


def test_a_visit_stands_in_the_calendar_of_who_goes(client: FlaskClient, tomas: User, path: str) -> None:
    with unit_of_work():
        other = calendar.technician("Ben Okafor")
        calendar.visit(calendar.project(), tomas)

    seen = titles(client.get(path))
    with unit_of_work():
        path_of_other = calendar.path_of(other)

    assert seen == {"Installation: Isar Klinik, München": "2026-11-25T09:00:00Z"}
    assert titles(client.get(path_of_other)) == {"No visits are planned": "2026-11-16"}


def test_f21_f26_f28_the_headers_are_those_that_programs_expect(
    client: FlaskClient, tomas: User, path: str
) -> None:
    answer = client.get(path)

    assert answer.headers["Content-Type"] == "text/calendar; charset=utf-8"
    assert answer.headers["Content-Disposition"] == 'inline; filename="tomas-berger.ics"'
    assert answer.headers["Content-Length"] == str(len(answer.data))
    assert answer.headers["Cache-Control"] == "private, no-cache"
    assert answer.headers["X-Robots-Tag"] == "noindex"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert "Accept-Encoding" in answer.vary
    assert answer.headers["ETag"].startswith('"')
    assert "Set-Cookie" not in answer.headers
    assert "Content-Encoding" not in answer.headers
    assert len(path) < 150


def test_f22_each_form_of_the_current_tag_is_answered_with_304(client: FlaskClient, path: str) -> None:
    first = client.get(path)
    tag = first.headers["ETag"]

    for known in (tag, f"W/{tag}", f'"other", {tag}', "*", f'{tag[:-1]}.gz"'):
        answer = client.get(
            path, headers={"If-None-Match": known, "If-Modified-Since": "Thu, 01 Jan 1970 00:00:00 GMT"}
        )
        assert (answer.status_code, answer.data) == (304, b""), known
        assert answer.headers["ETag"] in {tag, f'{tag[:-1]}.gz"'}
        assert answer.headers["Cache-Control"] == "private, no-cache"
        assert "Accept-Encoding" in answer.vary
    for unknown in ('"other"', 'W/"other"', "nonsense", '"'):
        assert client.get(path, headers={"If-None-Match": unknown}).status_code == 200
    assert client.get(path, headers={"If-Modified-Since": "Fri, 01 Jan 2100 00:00:00 GMT"}).status_code == 200


def test_f23_head_answers_like_get_without_a_body(client: FlaskClient, path: str) -> None:
    got, headed = client.get(path), client.head(path)

    assert headed.data == b""
    for name in ("Content-Type", "Content-Length", "ETag", "Cache-Control", "Content-Disposition"):
        assert headed.headers[name] == got.headers[name]
    assert "Accept-Encoding" in headed.vary
    assert client.head(path, headers={"If-None-Match": got.headers["ETag"]}).status_code == 304


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    "method", ["PUT", "POST", "PATCH", "DELETE", "PROPFIND", "REPORT", "OPTIONS", "MKCALENDAR"]
)
def test_f24_every_other_method_is_refused_with_the_allowed_ones(
    client: FlaskClient, path: str, method: str
) -> None:
    answer = client.open(path, method=method, data=b"BEGIN:VCALENDAR")

    assert answer.status_code == 405
    assert set(answer.headers["Allow"].replace(" ", "").split(",")) == {"GET", "HEAD"}
    assert "WWW-Authenticate" not in answer.headers
    assert path.split("/")[2] not in answer.get_data(as_text=True)


def test_f25_nothing_depends_on_what_a_program_sends_along(client: FlaskClient, path: str) -> None:
    plain = client.get(path)

    for headers in (
        {"Accept": "text/html"},
        {"Accept": "application/json"},
        {"User-Agent": ""},
        {"Cookie": "concierge=x"},
    ):
        assert client.get(path, headers=headers).data == plain.data
    assert client.get(path.replace("tomas-berger", "anything")).data == plain.data


def test_f27_compressed_bytes_have_a_tag_of_their_own(client: FlaskClient, tomas: User, path: str) -> None:
    plain = client.get(path)
    packed = client.get(path, headers={"Accept-Encoding": "gzip, deflate"})

    assert packed.headers["Content-Encoding"] == "gzip"
    assert packed.headers["Content-Length"] == str(len(packed.data))
    assert gzip.decompress(packed.data) == plain.data
    assert packed.headers["ETag"] != plain.headers["ETag"]
    for tag in (packed.headers["ETag"], plain.headers["ETag"]):
        again = client.get(path, headers={"Accept-Encoding": "gzip", "If-None-Match": tag})
        assert (again.status_code, again.headers["ETag"]) == (304, tag)
    assert (
        "Content-Encoding" not in client.get(path, headers={"Accept-Encoding": "gzip;q=0, identity"}).headers
    )


def test_f28_the_token_is_stored_only_as_its_hash_and_can_be_shown_again(
    app: Flask, tomas: User, path: str
) -> None:
    token = path.split("/")[2]
    (feed,) = db.session.scalars(sa.select(Feed)).all()

    assert len(token) == 43
    assert token not in {str(value) for value in vars(feed).values()}
    assert queries.url_of(feed).endswith(path)


def test_f28_no_token_is_logged(
    client: FlaskClient, path: str, logged: StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = path.split("/")[2]
    client.get(path)
    client.get(path.replace(token, token[::-1]))
    client.open(path, method="PUT")
    monkeypatch.setattr(queries, "address_of_token", _broken)
    client.get(path)

    lines = logged.getvalue()
    assert "calendar failed" in lines
    assert token not in lines
    assert token[::-1] not in lines


def test_f29_an_unknown_token_is_404_and_an_ended_one_a_notice_then_410(
    client: FlaskClient, tomas: User, path: str, it_is: SetClock
) -> None:
    with unit_of_work():
        calendar.visit(calendar.project(), tomas)
    before = client.get(path)
    with unit_of_work():
        feed = queries.active_feed_of(tomas.id)
        assert feed
        addresses.rotate(feed, actor_id=tomas.id, at=AT)
        new_path = calendar.path_of(tomas)

    notice = client.get(path, headers={"If-None-Match": before.headers["ETag"]})

    assert client.get("/cal/" + "x" * 43 + "/y.ics").status_code == 404
    assert titles(notice) == {"This calendar address is no longer in use": "2026-11-18"}
    assert b"Isar" not in notice.data
    assert b"Tomas" not in notice.data
    assert client.get(path, headers={"If-None-Match": notice.headers["ETag"]}).status_code == 304
    assert titles(client.get(new_path)) == titles(before)
    assert client.get(new_path).headers["ETag"] != notice.headers["ETag"]
    it_is.at = AT + 30 * DAY
    assert client.get(path).status_code == 410
    assert client.get(new_path).status_code == 200


def test_f29_somebody_who_may_not_sign_in_any_more_has_no_calendar(
    client: FlaskClient, tomas: User, path: str
) -> None:
    with unit_of_work():
        calendar.visit(calendar.project(), tomas)
        record(AccessDisabled(at=AT, actor_id=None, user_id=tomas.id))

    assert list(titles(client.get(path))) == ["This calendar address is no longer in use"]


def _broken(*_: object, **__: object) -> object:
    raise RuntimeError("the database is gone")


def test_f30_a_failure_gives_the_last_good_bytes_or_304(
    client: FlaskClient, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = client.get(path)
    monkeypatch.setattr(queries, "address_of_token", _broken)

    served = client.get(path)
    known = client.get(path, headers={"If-None-Match": good.headers["ETag"]})
    packed = client.get(path, headers={"Accept-Encoding": "gzip"})

    assert (served.status_code, served.data, served.headers["ETag"]) == (200, good.data, good.headers["ETag"])
    assert served.headers["Content-Length"] == str(len(good.data))
    assert (known.status_code, known.data) == (304, b"")
    assert gzip.decompress(packed.data) == good.data


def test_f30_a_failure_before_the_first_fetch_is_never_an_error(
    client: FlaskClient, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "address_of_token", _broken)

    answer = client.get(path, headers={"If-None-Match": '"what-it-has"'})

    assert (answer.status_code, answer.headers["ETag"]) == (304, '"what-it-has"')
    assert client.get(path).status_code == 404


def test_f30_a_failure_while_joining_gives_the_last_good_bytes(
    client: FlaskClient, tomas: User, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = client.get(path)
    with unit_of_work():
        calendar.visit(calendar.project(), tomas)
    monkeypatch.setattr(queries, "file_of", _broken)

    answer = client.get(path)

    assert (answer.status_code, answer.data) == (200, good.data)


def test_f30_a_database_that_cannot_be_written_still_serves(
    client: FlaskClient, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(addresses, "note_fetch", _broken)

    assert client.get(path).status_code == 200


def test_f31_304_reads_one_row_however_many_entries_there_are(
    client: FlaskClient, tomas: User, path: str, selects: Selects
) -> None:
    with unit_of_work():
        project = calendar.project()
        for n in range(30):
            calendar.visit(project, tomas, starts=AT + n * DAY)
    tag = client.get(path, headers=OLD_CLIENT).headers["ETag"]

    with selects() as asked:
        answer = client.get(path, headers={**OLD_CLIENT, "If-None-Match": tag})

    assert answer.status_code == 304
    assert len(asked) == 1
    assert "calendar_entries" not in asked[0]
    with selects() as asked:
        assert client.get(path, headers=OLD_CLIENT).status_code == 200
    assert len(asked) == 1, "the file is in hand"
    shelf.clear()
    with selects() as asked:
        assert client.get(path, headers=OLD_CLIENT).status_code == 200
    assert len(asked) == 4, (
        "the doorway's row, the page's row, the entries, and whether the row is still the same"
    )


def test_who_fetched_last_is_noted_once_in_a_while(
    client: FlaskClient, tomas: User, path: str, it_is: SetClock
) -> None:
    def noted() -> tuple[datetime | None, str]:
        db.session.rollback()
        report = queries.report_of(tomas.id, at=AT)
        return report.fetched_at, report.fetched_by

    client.head(path, headers=OLD_CLIENT)
    assert noted() == (None, "")  # nothing was handed out
    client.get(path, headers=OLD_CLIENT)
    assert noted() == (AT, "Thunderbird")
    it_is.at = AT + timedelta(minutes=9)
    client.get(path, headers=OLD_CLIENT)
    assert noted() == (AT, "Thunderbird")
    client.get(path, headers={"User-Agent": "Google-Calendar-Importer"})
    assert noted() == (AT + timedelta(minutes=9), "Google Calendar")


UNFURLING = [
    "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",
    "Twitterbot/1.0",
    "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
    "LinkedInBot/1.0 (compatible; Mozilla/5.0; Apache-HttpClient +http://www.linkedin.com)",
    "WhatsApp/2.23.20.0",
    "TelegramBot (like TwitterBot)",
    "Mozilla/5.0 (compatible; Discordbot/2.0; +https://discordapp.com)",
    "Mozilla/5.0 (Windows NT 6.1; WOW64) SkypeUriPreview Preview/0.5 skype-url-preview@microsoft.com",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) MS Teams link preview",
    "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    "curl/8.5.0",
]


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
@pytest.mark.parametrize("user_agent", UNFURLING)
def test_a_preview_of_the_link_or_a_browser_is_listed_and_reaches_nobody(
    client: FlaskClient, tomas: User, path: str, user_agent: str, sign_in: Callable[[User], FlaskClient]
) -> None:
    assert client.get(path, headers={"User-Agent": user_agent}).status_code == 200

    db.session.rollback()
    report = queries.report_of(tomas.id, at=AT)
    assert (report.fetched_at, report.health, report.clients) == (None, "never fetched", 1)
    assert not reach.knows(tomas.id, since=AT - timedelta(minutes=1))
    shown = sign_in(tomas).get(f"/calendar/addresses/{report.feed_id}").get_data(as_text=True)
    assert f"by no calendar: {clients.client_named(user_agent)}." in shown

    client.get(path, headers=OLD_CLIENT)

    db.session.rollback()
    assert queries.report_of(tomas.id, at=AT).fetched_by == "Thunderbird"
    assert reach.knows(tomas.id, since=AT - timedelta(minutes=1))


def test_f15_f16_a_moved_and_a_cancelled_visit_are_published_later_each_time(
    client: FlaskClient, tomas: User, path: str, it_is: SetClock
) -> None:
    with unit_of_work():
        visit = calendar.visit(calendar.project(), tomas, starts=AT + 20 * DAY)
    first = client.get(path)
    with unit_of_work():
        calendar.move(visit, by=DAY, at=AT)
    moved = client.get(path)
    with unit_of_work():
        calendar.cancel(visit, at=AT)
    cancelled = client.get(path)

    stamps = [line(answer, "LAST-MODIFIED") for answer in (first, moved, cancelled)]
    assert stamps == ["20261118T090000Z", "20261118T090001Z", "20261118T090002Z"]
    assert [line(answer, "DTSTAMP") for answer in (first, moved, cancelled)] == stamps
    assert [line(answer, "SEQUENCE") for answer in (first, moved, cancelled)] == ["0", "1", "2"]
    assert titles(moved) == {"Installation: Isar Klinik, München": "2026-12-09T09:00:00Z"}
    assert titles(cancelled) == {"CANCELLED: Installation: Isar Klinik, München": "2026-12-09T09:00:00Z"}
    assert line(cancelled, "TRANSP") == "TRANSPARENT"
    assert len({answer.headers["ETag"] for answer in (first, moved, cancelled)}) == 3
    it_is.at = AT + 7 * DAY - timedelta(seconds=1)
    assert len(titles(client.get(path))) == 1
    assert b"CANCELLED" in client.get(path).data
    it_is.at = AT + 7 * DAY
    gone = client.get(path, headers={"If-None-Match": cancelled.headers["ETag"]})
    assert list(titles(gone)) == ["No visits are planned"]


def test_f16_a_cancelled_visit_leaves_at_its_old_start_if_that_is_sooner(
    client: FlaskClient, tomas: User, path: str, it_is: SetClock
) -> None:
    with unit_of_work():
        visit = calendar.visit(calendar.project(), tomas, starts=AT + 5 * HOUR)
        calendar.cancel(visit, at=AT)
    shown = client.get(path)
    it_is.at = AT + 5 * HOUR

    gone = client.get(path, headers={"If-None-Match": shown.headers["ETag"]})

    assert b"CANCELLED" in shown.data
    assert gone.status_code == 200
    assert b"CANCELLED" not in gone.data


def test_c2_a_reassigned_visit_leaves_the_old_calendar_and_enters_the_new_one(
    client: FlaskClient, tomas: User, path: str
) -> None:
    with unit_of_work():
        ben = calendar.technician("Ben Okafor")
        path_of_ben = calendar.path_of(ben)
        visit = calendar.visit(calendar.project(), tomas)
    old, new = client.get(path), client.get(path_of_ben)
    with unit_of_work():
        calendar.reassign(visit, ben, at=AT)

    assert list(titles(client.get(path, headers={"If-None-Match": old.headers["ETag"]}))) == [
        "No visits are planned"
    ]
    assert list(titles(client.get(path_of_ben, headers={"If-None-Match": new.headers["ETag"]}))) == [
        "Installation: Isar Klinik, München"
    ]
    with unit_of_work():
        calendar.reassign(visit, tomas, at=AT)
    back = client.get(path)
    assert line(back, "LAST-MODIFIED") > line(old, "LAST-MODIFIED")


def test_a_draft_stands_in_no_calendar_and_a_tentative_visit_says_so(
    client: FlaskClient, tomas: User, path: str
) -> None:
    with unit_of_work():
        visit = calendar.visit(calendar.project(), tomas, state=VisitState.DRAFT)
    assert list(titles(client.get(path))) == ["No visits are planned"]
    with unit_of_work():
        calendar.set_state(visit, VisitState.TENTATIVE, at=AT)
    assert list(titles(client.get(path))) == ["Tentative: Installation: Isar Klinik, München"]
    assert "STATUS:TENTATIVE" in unfolded(client.get(path))


def test_a_remote_call_sends_nobody_to_an_address(client: FlaskClient, tomas: User, path: str) -> None:
    with unit_of_work():
        calendar.visit(calendar.project(), tomas, kind=VisitKind.REMOTE_CALL, title="Remote call")

    rows = unfolded(client.get(path))

    assert "SUMMARY:Remote call: Isar Klinik\\, München" in rows
    assert not [row for row in rows if row.startswith("LOCATION") or "Where:" in row or "What:" in row]


def test_c2_a_renamed_account_and_a_changed_site_are_written_again(
    client: FlaskClient, tomas: User, path: str
) -> None:
    with unit_of_work():
        project = calendar.project()
        calendar.visit(project, tomas)
    before = client.get(path)
    with unit_of_work():
        account = db.session.get_one(Account, project.account_id)
        account.name = "Alpen Klinik"
        db.session.flush()
        record(
            AccountRenamed(
                at=AT,
                actor_id=None,
                account_id=account.id,
                name_before="Isar Klinik",
                name_after="Alpen Klinik",
            )
        )
        site = db.session.get_one(Site, project.site_id)
        site.city = "Garmisch"
        db.session.flush()
        record(
            SiteChanged(
                at=AT,
                actor_id=None,
                account_id=account.id,
                site_id=site.id,
                name=site.name,
                changed=("city",),
            )
        )

    after = client.get(path, headers={"If-None-Match": before.headers["ETag"]})

    assert list(titles(after)) == ["Installation: Alpen Klinik, Garmisch"]
    assert line(after, "LAST-MODIFIED") == "20261118T090002Z"
    assert (line(before, "SEQUENCE"), line(after, "SEQUENCE")) == ("0", "1")  # it is somewhere else


def test_c2_another_name_or_language_writes_the_whole_calendar_again(
    client: FlaskClient, tomas: User, path: str
) -> None:
    with unit_of_work():
        calendar.visit(calendar.project(), tomas)
    before = client.get(path)
    with unit_of_work():
        tomas.name, tomas.language = "Tomáš Berger", "de"
        db.session.flush()
        record(
            ProfileChanged(
                at=AT, actor_id=tomas.id, user_id=tomas.id, name=tomas.name, zone=tomas.zone, language="de"
            )
        )

    after = client.get(path, headers={"If-None-Match": before.headers["ETag"]})

    assert "X-WR-CALNAME:Besuche von Tomáš Berger" in unfolded(after)
    assert "Ortszeit am Standort" in after.get_data(as_text=True).replace("\r\n ", "")
    assert line(after, "LAST-MODIFIED") > line(before, "LAST-MODIFIED")


def test_an_event_that_changes_nothing_shown_changes_no_tag(
    client: FlaskClient, tomas: User, path: str
) -> None:
    with unit_of_work():
        visit = calendar.visit(calendar.project(), tomas)
    tag = client.get(path).headers["ETag"]
    with unit_of_work():
        writing.write_entries((visit.id,), at=AT + HOUR)

    assert client.get(path, headers={"If-None-Match": tag}).status_code == 304


def test_c1_a_failed_act_leaves_calendar_and_tag_as_they_were(
    client: FlaskClient, tomas: User, path: str
) -> None:
    with unit_of_work():
        visit = calendar.visit(calendar.project(), tomas)
    before = client.get(path)
    with contextlib.suppress(ZeroDivisionError), unit_of_work():
        calendar.move(visit, by=DAY, at=AT)
        _ = 1 / 0

    after = client.get(path)

    assert (after.data, after.headers["ETag"]) == (before.data, before.headers["ETag"])


def test_c6_the_window_moves_with_the_week_and_visits_leave_without_a_write(
    client: FlaskClient, tomas: User, path: str, it_is: SetClock
) -> None:
    with unit_of_work():
        calendar.visit(calendar.project(), tomas, starts=AT - 61 * DAY)
        calendar.visit(calendar.project("Rheinlabor"), tomas, starts=AT + 401 * DAY)
    now = client.get(path)
    it_is.at = AT + 7 * DAY
    later = client.get(path, headers={"If-None-Match": now.headers["ETag"]})

    assert len(titles(now)) == 2
    assert list(titles(later)) == ["Installation: Rheinlabor, München"]


def test_f17_entries_stand_in_the_order_of_their_start(client: FlaskClient, tomas: User, path: str) -> None:
    with unit_of_work():
        project = calendar.project()
        for n in (5, 1, 9, 1, 3):
            calendar.visit(project, tomas, starts=AT + n * DAY)

    starts = [row for row in unfolded(client.get(path)) if row.startswith("DTSTART")]

    assert starts == sorted(starts)
    assert len(starts) == 5


def test_c5_another_renderer_publishes_only_what_it_changes_and_later(
    client: FlaskClient, tomas: User, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with unit_of_work():
        visit = calendar.visit(calendar.project(), tomas)
        calendar.visit(calendar.project("Rheinlabor"), tomas, starts=AT + 9 * DAY, state=VisitState.TENTATIVE)
    before = client.get(path)
    monkeypatch.setattr(vevent, "RENDERER", "next")
    monkeypatch.setitem(sentences.SENTENCES["en"], "tentative", "Maybe: {title}")
    with unit_of_work():
        chores.renew_old_entries(AT + HOUR)
    after = client.get(path, headers={"If-None-Match": before.headers["ETag"]})
    entries = {entry.subject_id: entry for entry in db.session.scalars(sa.select(CalendarEntry))}

    assert "Maybe: Installation: Rheinlabor, München" in titles(after)
    assert entries[visit.id].modified_at == AT
    assert [entry.modified_at for id_, entry in entries.items() if id_ != visit.id] == [AT + HOUR]
    assert queries.subjects_with_old_entries(at_most=5) is None


def test_c12_what_the_linter_refuses_is_published_without_its_texts(
    client: FlaskClient, tomas: User, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vevent, "one_line", lambda text, at_most: text[:at_most])
    with unit_of_work():
        project = calendar.project()
        db.session.get_one(Account, project.account_id).name = "Isar"
        db.session.execute(sa.update(Site).values(city="bad"))
        monkeypatch.setattr(vevent, "_clean", lambda text: text + "\x00")
        calendar.visit(project, tomas)
        monkeypatch.undo()
    (entry,) = db.session.scalars(sa.select(CalendarEntry)).all()

    assert b"Isar" not in entry.body


def test_c15_a_drifted_entry_is_found_told_and_mended(
    client: FlaskClient, tomas: User, path: str, logged: StringIO
) -> None:
    with unit_of_work():
        calendar.visit(calendar.project(), tomas)
    good = client.get(path)
    with unit_of_work():
        db.session.execute(sa.update(CalendarEntry).values(body=b"BEGIN:VEVENT\r\nEND:VEVENT\r\n"))
    with unit_of_work():
        db.session.expire_all()
        chores.compare_a_sample(AT + HOUR)

    assert "entries drifted" in logged.getvalue()
    assert titles(client.get(path)) == titles(good)
    assert line(client.get(path), "LAST-MODIFIED") > line(good, "LAST-MODIFIED")


@pytest.mark.parametrize("read", readers.READERS)
def test_f20_independent_readers_see_what_the_database_says(
    client: FlaskClient, tomas: User, path: str, read: readers.Reader
) -> None:
    with unit_of_work():
        made = [
            calendar.visit(calendar.project("Labor\r\nEND:VEVENT; 100,5 \\N 🧪"), tomas, starts=AT + 3 * DAY),
            calendar.visit(
                calendar.project("Nishiyama 製薬", zone="Asia/Tokyo", city="大阪"), tomas,
                starts=AT + 4 * DAY,
                state=VisitState.TENTATIVE,
            ),
            # the second 02:30 of the night in which Berlin's clocks go back
            calendar.visit(calendar.project(), tomas, starts=datetime(2027, 10, 31, 1, 30, tzinfo=UTC)),
        ]  # fmt: skip
        calendar.cancel(made[0], at=AT)
    expected = {
        readers.Seen(
            visit.uid,
            f"{visit.starts_at:%Y-%m-%dT%H:%M:%SZ}",
            f"{visit.ends_at:%Y-%m-%dT%H:%M:%SZ}",
            readers.shown_by(read, title),
        )
        for visit, title in zip(
            made,
            [
                "CANCELLED: Installation: Labor END:VEVENT; 100,5 \\N 🧪, München",
                "Tentative: Installation: Nishiyama 製薬, 大阪",
                "Installation: Isar Klinik, München",
            ],
            strict=True,
        )
    }

    assert read(client.get(path).data) == expected


def test_a_visit_as_a_file_for_a_letter_is_one_entry_without_a_method(app: Flask, tomas: User) -> None:
    with unit_of_work():
        visit = calendar.visit(calendar.project(), tomas)

    data = queries.visit_file(visit.id, language="de", at=AT)

    assert lint.problems(data) == ()
    assert data.count(b"BEGIN:VEVENT") == 1
    assert b"METHOD" not in data
    assert b"URL" not in data
    assert {seen.title for seen in readers.entries_in(data)} == {"Installation: Isar Klinik, München"}


def test_a_new_technician_has_an_address_from_the_first_day(app: Flask) -> None:
    with unit_of_work():
        tomas, ada = calendar.technician(), people.user(role=Role.CONCIERGE)
        for person in (tomas, ada):
            record(PersonAdded(at=AT, actor_id=None, user_id=person.id, role=person.role.value))

    assert queries.report_of(tomas.id, at=AT).url.endswith("/tomas-berger.ics")
    assert queries.report_of(ada.id, at=AT).url == ""


def test_f32_each_program_gets_its_own_form_of_the_address() -> None:
    url = "https://concierge.example/cal/abc/tomas.ics"
    links = clients.links_to(url, title="Visits & more")

    assert links.webcal == "webcal://concierge.example/cal/abc/tomas.ics"
    assert parse_qs(urlsplit(links.google).query) == {"cid": [links.webcal]}
    assert quote(links.webcal, safe="") in links.google
    assert parse_qs(urlsplit(links.outlook_work).query) == {"url": [url], "name": ["Visits & more"]}
    assert links.is_reachable_from_outside
    assert not clients.links_to("http://127.0.0.1:8000/cal/a/b.ics", title="").is_reachable_from_outside


@pytest.mark.parametrize(
    ("user_agent", "name"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Thunderbird/153.7.0", "Thunderbird"),
        ("Google-Calendar-Importer", "Google Calendar"),
        ("Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0.17328; Pro)", "Outlook"),
        ("macOS/15.1 (24B83) dataaccessd/1.0", "Apple Calendar (iPhone or iPad)"),
        ("Mozilla/4.0 (compatible; ms-office; MSOffice 16)", "Outlook"),
        ("ICSx5/2.3 (bitfire)", "ICSx5"),
        ("strange <b>thing\x01", "strange"),
        ("", "an unnamed program"),
    ],
)
def test_f28_the_program_that_fetched_has_a_name(user_agent: str, name: str) -> None:
    assert clients.client_named(user_agent) == name


def test_the_command_prints_a_technicians_address_and_makes_it_once(
    app: Flask, client: FlaskClient, tomas: User
) -> None:
    run = app.test_cli_runner()
    from concierge.cli.feeds import feeds

    first = run.invoke(feeds, ["url", "--user", tomas.email])
    again = run.invoke(feeds, ["url", "--user", tomas.email.upper(), "--json"])
    listed = run.invoke(feeds, ["list", "--json"])

    assert first.exit_code == again.exit_code == listed.exit_code == 0
    url = first.output.strip()
    assert json.loads(again.output)[0]["url"] == url
    assert [(row["user"], row["state"], row["health"]) for row in json.loads(listed.output)] == [
        (tomas.email, "active", "never fetched")
    ]
    assert client.get(urlsplit(url).path).status_code == 200


def test_a_checklist_goes_out_with_the_coming_visits_as_files(
    app: Flask, tomas: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    with unit_of_work():
        project = calendar.project()
        calendar.visit(project, tomas, kind=VisitKind.DELIVERY)
        calendar.visit(project, starts=AT + 8 * DAY, kind=VisitKind.REMOTE_CALL, state=VisitState.TENTATIVE)
        calendar.visit(project, tomas, starts=AT - DAY)
        calendar.visit(project, tomas, state=VisitState.DRAFT)
        calendar.cancel(calendar.visit(project, tomas), at=AT)
        calendar.visit(calendar.project(), tomas)
    sent: list[Attachment] = []
    monkeypatch.setattr(
        reactions.in_readiness, "post_checklist", lambda event, *, calendars, visits: sent.extend(calendars)
    )

    reactions.mail_checklist(
        ChecklistPrinted(
            at=AT,
            actor_id=None,
            project_id=project.id,
            checklist_id=1,
            document_id=1,
            language="de",
            occasion="issued",
        )
    )

    assert [file.name for file in sent] == ["delivery-2026-11-25.ics", "remote-call-2026-11-26.ics"]
    assert {file.content_type for file in sent} == {"text/calendar"}
    assert [lint.problems(file.data) for file in sent] == [(), ()]
    assert "Vorläufig: Online-Termin" in sent[1].data.decode()


def test_what_the_doorway_says_is_what_the_page_says(client: FlaskClient, path: str) -> None:
    """The first fetch is noted and so answered by the page; what follows comes from the doorway."""
    for coding in ("identity", "gzip"):
        asked = {"Accept-Encoding": coding}
        shelf.clear()
        by_page, by_doorway = client.get(path, headers=asked), client.get(path, headers=asked)
        assert "X-Request-Id" in by_page.headers, "the page answered"
        assert "X-Request-Id" not in by_doorway.headers, "the doorway answered"
        assert by_doorway.data == by_page.data
        for name in ("X-Request-Id", "Vary", "Date"):
            by_page.headers.pop(name, None)
            by_doorway.headers.pop(name, None)
        assert dict(by_doorway.headers) == dict(by_page.headers)


def test_the_shelf_holds_no_more_than_it_has_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    shelf.clear()
    monkeypatch.setattr(shelf, "ROOM", 1000)
    for number in range(5):
        shelf.put(str(number), bytes(300))
        shelf.found("0")

    assert [shelf.found(str(number)) is not None for number in range(5)] == [True, False, False, True, True]
    shelf.clear()


def test_f30_each_address_of_a_calendar_has_its_last_good_bytes(
    client: FlaskClient, tomas: User, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also one whose file another one had brought to the shelf, and one that only asks for compressed files."""
    with unit_of_work():
        again = addresses.create_address(tomas, device="Laptop", actor_id=None, at=AT)
        third = addresses.create_address(tomas, device="Phone", actor_id=None, at=AT)
        calendar.visit(calendar.project(), tomas)
        others = ["/cal/" + queries.url_of(feed).partition("/cal/")[2] for feed in (again, third)]
    packed = {"Accept-Encoding": "gzip"}
    good = client.get(path)
    assert [client.get(others[0]).data, gzip.decompress(client.get(others[1], headers=packed).data)] == [
        good.data
    ] * 2
    shelf.clear()
    monkeypatch.setattr(queries, "address_of_token", _broken)

    for each in (path, *others):
        assert (client.get(each).data, client.get(each).headers["ETag"]) == (good.data, good.headers["ETag"])
        assert gzip.decompress(client.get(each, headers=packed).data) == good.data


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
@pytest.mark.parametrize("coding", ["gzip;q=many", "gzip;q=", ";;,gzip", "gzip;q=0.5;q=0", "\xff"])
def test_f27_an_accept_encoding_that_nobody_understands_is_no_error(
    client: FlaskClient, path: str, coding: str
) -> None:
    plain = client.get(path).data

    for _ in range(2):  # the page, then the doorway
        answer = client.get(path, headers={"Accept-Encoding": coding})
        assert answer.status_code == 200
        assert plain in (answer.data, gzip.decompress(answer.data) if answer.data[:1] == b"\x1f" else b"")


@pytest.mark.parametrize("app", ["sqlite", "postgresql"], indirect=True)
def test_c3_what_is_written_between_tag_and_entries_reaches_the_program_next_time(
    app: Flask, client: FlaskClient, tomas: User, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with unit_of_work():
        visit_id = calendar.visit(calendar.project(), tomas, starts=AT + 20 * DAY).id
    joined = queries.file_of

    def as_another_writes(address: queries.Address, *, at: datetime) -> bytes:
        monkeypatch.setattr(queries, "file_of", joined)
        Thread(target=move).start()
        moved.wait(20)
        return joined(address, at=at)

    def move() -> None:
        with app.app_context():
            with unit_of_work():
                calendar.move(db.session.get_one(Visit, visit_id), by=DAY, at=AT)
            db.session.remove()
        moved.set()

    moved = Event()
    monkeypatch.setattr(queries, "file_of", as_another_writes)
    between = client.get(path)
    tag = between.headers["ETag"]

    assert moved.is_set()
    after = client.get(path, headers={"If-None-Match": tag})
    assert after.status_code == 200, "the program is told the newer file"
    assert list(titles(after).values()) == ["2026-12-09T09:00:00Z"]
    assert after.headers["ETag"] != tag
    if (kept := shelf.found(tag.strip('"'))) is not None:  # a snapshot: both are as before
        assert list(titles(between).values()) == ["2026-12-08T09:00:00Z"]
        assert kept == between.data


def test_c10_tags_that_a_proxy_changed_cost_a_fetch_and_never_an_old_copy(
    client: FlaskClient, tomas: User, path: str
) -> None:
    """What nginx (weak) and Apache (a suffix within or after the quotes) make of a tag when they compress."""
    old = client.get(path).headers["ETag"]
    with unit_of_work():
        calendar.visit(calendar.project(), tomas)
    new = client.get(path).headers["ETag"]

    for form in ('W/"{}"', '"{}-gzip"', '"{}"-gzip', '"{};gzip"', 'W/"{}.gz"', '"{}-df"'):
        stale, fresh = (form.format(tag.strip('"')) for tag in (old, new))
        answer = client.get(path, headers={"If-None-Match": stale})
        assert (answer.status_code, "Installation: Isar Klinik, München" in titles(answer)) == (200, True), (
            stale
        )
        assert client.get(path, headers={"If-None-Match": fresh}).status_code in (200, 304), fresh
    for coding in ("identity", "gzip"):
        answer = client.get(path, headers={"Accept-Encoding": coding})
        assert "Accept-Encoding" in answer.vary
        assert answer.headers["ETag"].endswith('.gz"') == (coding == "gzip")


def test_c11_the_hour_of_the_last_change_never_answers_304(
    client: FlaskClient, tomas: User, path: str
) -> None:
    """Two changes in one second have one Last-Modified; a program that trusted it would miss the second."""
    with unit_of_work():
        visit = calendar.visit(calendar.project(), tomas, starts=AT + 20 * DAY)
    first = client.get(path)
    with unit_of_work():
        calendar.move(visit, by=DAY, at=AT)

    for since in ("Fri, 01 Jan 2100 00:00:00 GMT", "Wed, 18 Nov 2026 09:00:00 GMT", "nonsense"):
        for headers in (OLD_CLIENT, {"Accept-Encoding": "gzip"}):
            asked = {**headers, "If-Modified-Since": since}
            assert client.get(path, headers=asked).status_code == 200
            stale = {**asked, "If-None-Match": first.headers["ETag"]}
            assert client.get(path, headers=stale).status_code == 200
            now = client.get(path, headers=headers).headers["ETag"]
            assert client.get(path, headers={**asked, "If-None-Match": now}).status_code == 304


def test_c13_an_act_that_is_cancelled_is_deleted_nowhere_before_it_has_lapsed(
    client: FlaskClient, tomas: User, path: str, it_is: SetClock
) -> None:
    """The row stays for the programs, and no code of ours deletes a visit, a turn or a milestone by hand."""
    with unit_of_work():
        visit = calendar.visit(calendar.project(), tomas, starts=AT + 20 * DAY)
        calendar.cancel(visit, at=AT)
    client.get(path)
    it_is.at = AT + 8 * DAY
    assert list(titles(client.get(path))) == ["No visits are planned"]
    assert db.session.scalar(sa.select(sa.func.count(Visit.id))) == 1

    deleting = re.compile(
        r"(?:sa\.)?delete\((?:Visit|OnCallTurn|Milestone)\)|session\.delete\((?:visit|turn|milestone)\)"
    )
    found = [
        source.name
        for source in sorted((Path(queries.__file__).parents[1]).rglob("*.py"))
        if deleting.search(source.read_text("utf-8"))
    ]
    assert found == []


def test_c14_many_visits_at_once_draw_one_version_a_calendar(
    client: FlaskClient, tomas: User, path: str, selects: Selects
) -> None:
    with unit_of_work():
        ben = calendar.technician("Ben Okafor")
        other = calendar.path_of(ben)
        project_id = calendar.project().id
    before = [client.get(each).headers["ETag"] for each in (path, other)]
    drawn: list[int] = []
    draw = writing._draw

    def counted(calendars: Sequence[Calendar], *, at: datetime) -> None:
        drawn.extend(one.id for one in calendars)
        draw(calendars, at=at)

    with pytest.MonkeyPatch.context() as watched:
        watched.setattr(writing, "_draw", counted)
        with unit_of_work():
            ids = [
                calendar.visit(db.session.get_one(Project, project_id), *crew, starts=AT + n * DAY).id
                for n in range(20)
                for crew in ((tomas, ben), ())
            ]
            drawn.clear()
            db.session.execute(sa.update(Site).values(city="Garmisch"))
            db.session.expire_all()
            with selects() as asked:
                writing.write(Subject.VISIT, ids, at=AT + HOUR)

    assert len(drawn) == len(set(drawn)) == 2, "one version for each of the two calendars"
    assert len(asked) < 20, "in batches, not visit by visit"
    after = [client.get(each) for each in (path, other)]
    assert all(tag != answer.headers["ETag"] for tag, answer in zip(before, after, strict=True))
    assert [answer.data.count(b"SUMMARY:Installation: Isar Klinik\\, Garmisch") for answer in after] == [
        20,
        20,
    ]
