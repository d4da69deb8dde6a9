"""Many checklists at once: one ZIP, nothing twice, stopped within one document, and told what could not be made."""

import hashlib
import io
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from pypdf import PdfReader

from concierge.cli import main
from concierge.identity.models import User
from concierge.identity.permissions import Role
from concierge.platform import clock, files, worker
from concierge.platform.database import db, unit_of_work
from concierge.readiness import chores
from concierge.readiness.actions import batching
from concierge.readiness.models import ChecklistDocument, DocumentBatch
from tests.conftest import csrf_token
from tests.makers import orders, people, projects
from tests.makers import readiness as make


class One(NamedTuple):
    """A project by what names it, whatever becomes of its row."""

    id: int
    key: str


@pytest.fixture
def three(app: Flask) -> list[One]:
    """Two projects with a checklist, in English and in German, and one whose plan nobody approved."""
    with unit_of_work():
        rows = [
            make.project(key="HB", number="SO-1"),
            projects.draft(place=orders.site(key="IL", account="Isar Lab"), number="SO-9"),
            make.project(key="NB", number="SO-2", language="de"),
        ]
    return [One(row.id, row.key) for row in rows]


def asked(*of: One, language: str = "", by: User | None = None) -> int:
    with unit_of_work():
        batch = batching.ask_batch(
            [one.id for one in of],
            language=language,
            at=datetime(2026, 3, 2, 10, tzinfo=UTC),
            actor_id=by.id if by else None,
            is_waited_for=True,
        )
        return batch.id


def made(batch_id: int, tell: Callable[[int, int], None] = lambda done, total: None) -> DocumentBatch:
    db.session.rollback()
    finish = chores.make_all(batch_id, tell)
    with unit_of_work():
        finish()
    db.session.rollback()
    return batching.batch_by_id(batch_id)


def unpacked(batch: DocumentBatch) -> dict[str, bytes]:
    assert batch.file is not None
    with zipfile.ZipFile(io.BytesIO(b"".join(files.pieces(batch.file, size=1000)))) as together:
        assert together.testzip() is None
        return {one.filename: together.read(one) for one in together.infolist()}


def documents() -> int:
    return db.session.scalar(sa.select(sa.func.count(ChecklistDocument.id))) or 0


def test_many_come_as_one_zip_and_a_second_time_from_what_is_kept(three: list[One]) -> None:
    heard: list[tuple[int, int]] = []
    keys = [one.key for one in three]
    first = made(asked(*three), lambda done, total: heard.append((done, total)))

    inside = unpacked(first)
    assert list(inside) == [f"{keys[0]}-en.pdf", f"{keys[2]}-de.pdf", "left-out.txt"]
    assert heard == [(1, 3), (2, 3), (3, 3)]
    assert (
        inside["left-out.txt"].decode()
        == f"{keys[1]}: It has no checklist. It is issued when the plan is approved.\n"
    )
    assert PdfReader(io.BytesIO(inside[f"{keys[2]}-de.pdf"])).trailer["/Root"]["/Lang"] == "de"
    assert first.file is not None
    assert first.file.sha256 == hashlib.sha256(b"".join(files.pieces(first.file))).hexdigest()
    assert first.file.size == sum(len(one) for one in files.pieces(first.file))
    before, kept = documents(), list(first.made)

    again = made(asked(*three))

    assert again.made == kept
    assert documents() == before
    assert unpacked(again) == inside


def test_one_language_for_all(three: list[One]) -> None:
    inside = unpacked(made(asked(three[0], three[2], language="de")))
    assert [name.rpartition("-")[2] for name in inside] == ["de.pdf", "de.pdf"]


def test_it_stops_within_one_document_and_has_no_zip(three: list[One]) -> None:
    number = asked(*three)

    def cancel(done: int, total: int) -> None:
        with unit_of_work():
            batching.cancel_batch(batching.batch_by_id(number), at=clock.now())

    stopped = made(number, cancel)

    assert (len(stopped.made), stopped.left_out, stopped.file) == (1, [], None)
    assert stopped.finished_at is not None
    with pytest.raises(batching.Refused), unit_of_work():
        batching.cancel_batch(batching.batch_by_id(number), at=clock.now())


def test_who_goes_on_after_a_crash_makes_nothing_twice(three: list[One]) -> None:
    number = asked(*three)

    class Killed(BaseException):
        """The end of a worker."""

    def die(done: int, total: int) -> None:
        if done == 2:
            raise Killed

    with pytest.raises(Killed):
        made(number, die)
    db.session.rollback()
    half = batching.batch_by_id(number)
    assert (len(half.made), len(half.left_out)) == (1, 1)
    turn = batching.Turn(0, three[0].id, "")
    with pytest.raises(batching.Overtaken), unit_of_work():
        batching.note_made(number, turn, half.made[0])

    whole = made(number)

    assert len(whole.made) == len(set(whole.made)) == documents() == 2
    assert len(unpacked(whole)) == 3


def test_old_zips_go_and_the_documents_stay(three: list[One]) -> None:
    number = asked(three[0])
    made(number)
    with unit_of_work():
        assert batching.forget_old(before=clock.now() + timedelta(days=9999)) == 1
    db.session.rollback()
    assert batching.batch_by_id(number).file is None
    assert documents() == 1


def test_the_list_leads_to_a_page_with_a_bar_and_a_zip(
    app: Flask, three: list[One], sign_in: Callable[[User], FlaskClient]
) -> None:
    with unit_of_work():
        ada, other = people.user(), people.user(name="Otto Berg", role=Role.CONCIERGE)
    browser = sign_in(ada)
    form = {"csrf_token": csrf_token(browser, "/today"), "project": [one.id for one in three]}

    choose = browser.post("/checklists/batches", data=form).get_data(as_text=True)
    assert "3 checklists as PDF" in choose
    assert 'name="language" value="ar"' in choose
    assert browser.post("/checklists/batches", data={**form, "language": "xx"}).status_code == 409
    there = browser.post("/checklists/batches", data={**form, "language": "en"}).headers["Location"]

    page = browser.get(there).get_data(as_text=True)
    assert "Waiting for its turn." in page
    assert "0 / 3" in page
    assert browser.get(f"{there}/checklists.zip").status_code == 404
    worker.drain(app)
    bar = browser.get(there, headers={"HX-Request": "true"})
    assert bar.headers["HX-Refresh"] == "true"
    page = browser.get(there).get_data(as_text=True)
    assert "Could not be made" in page
    answer = browser.get(f"{there}/checklists.zip")
    assert len(zipfile.ZipFile(io.BytesIO(answer.data)).namelist()) == 3
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert sign_in(other).get(there).status_code == 404
    assert sign_in(other).get(f"{there}/checklists.zip").status_code == 404


def test_cancelling_before_it_begins(
    app: Flask, three: list[One], sign_in: Callable[[User], FlaskClient]
) -> None:
    with unit_of_work():
        ada = people.user()
    browser = sign_in(ada)
    form = {"csrf_token": csrf_token(browser, "/today"), "project": [three[0].id], "language": ""}
    there = browser.post("/checklists/batches", data=form).headers["Location"]
    browser.post(f"{there}/cancellation", data=form)
    worker.drain(app)
    assert ": cancelled" in browser.get(there).get_data(as_text=True)
    assert batching.batch_by_id(int(there.rpartition("/")[2])).made == []


def test_the_command_writes_a_zip(app: Flask, three: list[One], tmp_path: Path) -> None:
    target = tmp_path / "all.zip"
    keys = [one.key for one in three]
    done = app.test_cli_runner().invoke(
        main, ["checklists", "batch", *keys, "-o", str(target), "--language", "de"]
    )
    assert done.exit_code == 0, done.output
    assert "2 checklists" in done.output
    assert zipfile.ZipFile(target).namelist()[0] == f"{keys[0]}-de.pdf"
    assert app.test_cli_runner().invoke(main, ["checklists", "batch", "-o", str(target)]).exit_code == 2
    wrong = app.test_cli_runner().invoke(main, ["checklists", "batch", "XX-1", "-o", str(target)])
    assert wrong.exit_code == 1
