"""Files without orphans, and long work with a page that can be left."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from concierge.identity.models import User
from concierge.identity.permissions import Role
from concierge.platform import clock, deliveries, files, jobs, worker
from concierge.platform.database import db, unit_of_work
from concierge.platform.deliveries import Delivery
from concierge.platform.errors import NotFound, Refused
from concierge.platform.jobs import Job, JobState, Progress
from concierge.platform.settings import current
from tests.makers import people as make

SignIn = Callable[[User], FlaskClient]


def stored_paths() -> list[Path]:
    return [path for path in (current().instance / "files").rglob("*") if path.is_file()]


@pytest.fixture(autouse=True)
def empty_store(app: Flask) -> None:
    for path in stored_paths():
        path.unlink()


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("Köln.pdf", "Köln.pdf"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\x\\plan.pdf", "plan.pdf"),
        (".htaccess", "htaccess"),
        ("a\x00b\u202egpj.exe", "abgpj.exe"),
        ("", "file"),
        ("x" * 300 + ".pdf", "x" * 176 + ".pdf"),
    ],
)
def test_a_name_is_never_a_place(given: str, kept: str) -> None:
    assert files.plain_name(given) == kept


def test_a_file_comes_back_as_it_was_and_lies_under_a_random_name(app: Flask) -> None:
    with unit_of_work():
        row = files.store(b"\x00data", name="../plan.pdf", content_type="application/pdf")

    assert files.read(row) == b"\x00data"
    [path] = stored_paths()
    assert "plan" not in str(path)
    assert row.size == 5


def test_what_an_act_left_that_failed_is_swept_after_a_day(app: Flask) -> None:
    with unit_of_work():
        kept = files.store(b"kept", name="kept", content_type="text/plain")
    with pytest.raises(Refused), unit_of_work():
        raise Refused(files.store(b"lost", name="lost", content_type="text/plain").name)

    assert len(stored_paths()) == 2
    assert files.sweep(clock.now()) == 0
    assert files.sweep(clock.now() + timedelta(days=2)) == 1
    assert files.read(kept) == b"kept"


def test_a_damaged_or_lost_file_is_noticed(app: Flask) -> None:
    with unit_of_work():
        row = files.store(b"data", name="a", content_type="text/plain")
    [path] = stored_paths()
    path.write_bytes(b"dada")
    with pytest.raises(files.FileDamaged):
        files.read(row)
    path.unlink()
    with pytest.raises(NotFound):
        files.read(row)


def count_to_three(progress: Progress, args: dict[str, Any]) -> dict[str, Any]:
    for step in range(1, 4):
        progress.tell(done=step, total=3, message=f"Step {step}")
        told.append(db.session.get_one(Job, progress.job_id, populate_existing=True).done)
        db.session.rollback()
    return {"summary": "Three steps.", "lines": [{"text": "HB-2041", "url": "/projects/HB-2041"}]}


def refuse(progress: Progress, args: dict[str, Any]) -> dict[str, Any]:
    raise Refused("The file is empty. Send another.")


def break_down(progress: Progress, args: dict[str, Any]) -> dict[str, Any]:
    raise RuntimeError("disk full")


told: list[int] = []


@pytest.fixture
def ada(app: Flask) -> User:
    told.clear()
    jobs.register("count", count_to_three)
    jobs.register("refuse", refuse)
    jobs.register("break", break_down)
    with unit_of_work():
        return make.user(name="Ada Lind")


def start(kind: str, owner: User) -> int:
    with unit_of_work():
        return jobs.start_job(kind, "Import three orders", {}, owner.id).id


def test_what_somebody_watches_does_not_wait_behind_a_crowd(app: Flask, ada: User) -> None:
    with unit_of_work():
        for number in range(5):
            deliveries.enqueue("nothing.in.a.hurry", {"number": number})
    job_id = start("count", ada)

    claim = deliveries.claim(pace=worker.PACE)

    assert claim is not None
    assert claim.args == {"job_id": job_id}


def test_a_job_shows_how_far_it_is_and_what_came_out(app: Flask, ada: User, sign_in: SignIn) -> None:
    job_id, browser = start("count", ada), sign_in(ada)
    waiting = browser.get(f"/jobs/{job_id}").get_data(as_text=True)
    part = browser.get(f"/jobs/{job_id}", headers={"HX-Request": "true"})
    worker.drain(app)
    page = browser.get(f"/jobs/{job_id}").get_data(as_text=True)
    last = browser.get(f"/jobs/{job_id}", headers={"HX-Request": "true"})

    assert "3 / 3" in page
    assert "Waiting for its turn" in waiting
    assert "every 2s" in waiting
    assert "<html" not in part.get_data(as_text=True)
    assert told == [1, 2, 3]
    assert "Three steps." in page
    assert "/projects/HB-2041" in page
    assert last.headers["HX-Refresh"] == "true"


def test_a_refused_job_says_why_and_is_not_repeated(app: Flask, ada: User, sign_in: SignIn) -> None:
    job_id = start("refuse", ada)
    worker.drain(app)

    page = sign_in(ada).get(f"/jobs/{job_id}").get_data(as_text=True)

    assert "The file is empty. Send another." in page
    db.session.rollback()
    assert db.session.get_one(Job, job_id).state is JobState.FAILED


def test_a_job_that_breaks_is_repeated_and_then_given_up_in_words(app: Flask, ada: User) -> None:
    job_id = start("break", ada)
    for _ in range(3):
        worker.drain(app)
        with unit_of_work():
            db.session.execute(sa.update(Delivery).values(run_at=Delivery.created_at))

    db.session.rollback()
    job = db.session.get_one(Job, job_id, populate_existing=True)
    assert job.state is JobState.FAILED
    assert "given up" in job.message


def test_a_job_belongs_to_who_started_it(app: Flask, ada: User, sign_in: SignIn) -> None:
    job_id = start("count", ada)
    with unit_of_work():
        mallory, ida = make.user(name="Mallory Voss"), make.user(name="Ida Berg", role=Role.ADMINISTRATOR)

    assert sign_in(mallory).get(f"/jobs/{job_id}").status_code == 404
    assert sign_in(ida).get(f"/jobs/{job_id}").status_code == 200
    assert app.test_client().get(f"/jobs/{job_id}").status_code == 303
