"""Several people at the same visit or the same technician at once."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from flask import Flask
from sqlalchemy import func, select

from concierge.platform.database import db, unit_of_work
from concierge.platform.errors import Refused
from concierge.projects.models import Project
from concierge.visits import queries
from concierge.visits.actions import progress
from concierge.visits.models import Visit
from concierge.workforce.models import Technician
from tests.makers import projects, visits, workforce
from tests.makers.days import at

NOW = at("Mon 2026-03-02 10:00+00:00")


def together(app: Flask, act: Callable[[int], None], times: int = 6) -> list[str]:
    """Do an act several times at once, each in its own unit of work; say what became of each."""

    def once(number: int) -> str:
        with app.app_context():
            try:
                with unit_of_work():
                    act(number)
            except Refused as refusal:
                return refusal.sentence
            finally:
                db.session.remove()
        return "done"

    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(once, range(times)))


def test_of_many_who_book_one_technician_at_once_one_succeeds(app: Flask) -> None:
    with unit_of_work():
        project = projects.draft()
        tomas = workforce.technician()

    def book(number: int) -> None:
        visits.visit(
            db.session.get_one(Project, project.id),
            db.session.get_one(Technician, tomas.id),
            title=f"Visit {number}",
        )

    results = together(app, book, times=50)

    assert results.count("done") == 1
    assert all("Tomas Keller is on “Visit" in result for result in results if result != "done")
    db.session.rollback()
    assert db.session.scalar(select(func.count()).select_from(Visit)) == 1


def test_one_form_sent_many_times_at_once_plans_one_visit(app: Flask) -> None:
    with unit_of_work():
        project = projects.draft()

    def send(number: int) -> None:
        visits.visit(db.session.get_one(Project, project.id), uid="form-1", title=f"Copy {number}")

    assert together(app, send) == ["done"] * 6
    db.session.rollback()
    assert db.session.scalar(select(func.count()).select_from(Visit)) == 1


def test_of_many_who_cancel_one_visit_at_once_one_succeeds(app: Flask) -> None:
    with unit_of_work():
        visit = visits.visit(projects.draft(), workforce.technician())
        seen = visit.version

    def cancel(number: int) -> None:
        progress.cancel(
            queries.visit_for_change(visit.id),
            reason=f"Reason {number}",
            version=seen,
            at=NOW,
            actor_id=None,
        )

    results = together(app, cancel)

    assert results.count("done") == 1
    assert visits.again(visit).sequence == 1
