"""The verdict's sentences: date, slip, cause and what would bring a day back, in English and German."""

from datetime import timedelta

from flask import Flask
from flask_babel import force_locale

from concierge.platform.database import unit_of_work
from concierge.projects.actions import recovering, rescheduling
from concierge.projects.models import Project
from concierge.projects.states import Health
from concierge.projects.verdict import remedy_sentence, sentence
from tests.makers import orders, projects

LATER = orders.RECEIVED + timedelta(days=1)


def moved_late(app: Flask) -> Project:
    """A project whose delivery somebody moved five days on."""
    with unit_of_work():
        project = projects.live()
        delivery = projects.milestone(project, "delivery")
        assert delivery.forecast_start_on is not None
        rescheduling.move_milestone(
            project.id,
            delivery.id,
            to=delivery.forecast_start_on + timedelta(days=7),
            reason="The carrier has no lorry.",
            actor_id=None,
            at=LATER,
        )
    return project


def said(project: Project, language: str) -> str:
    found = recovering.remedies_of(project, at=LATER)
    with force_locale(language):
        return f"{sentence(project)} {remedy_sentence(project, found)}"


def test_a_late_project_says_date_slip_cause_and_what_brings_days_back(app: Flask) -> None:
    project = moved_late(app)

    assert project.health is Health.LATE
    words = said(project, "en")
    assert "after the" in words
    assert "Delivery was moved to" in words
    assert f"<b>{project.slip_workdays} working days</b> would come back without the later start" in words


def test_the_sentence_is_german_for_a_german_reader(app: Flask) -> None:
    words = said(moved_late(app), "de")

    assert "would come back" not in words
    assert "Arbeitstage</b>" in words


def test_what_is_said_to_come_back_does_come_back(app: Flask) -> None:
    project = moved_late(app)
    best = recovering.remedies_of(project, at=LATER)[0]
    delivery = projects.milestone(project, "delivery")

    with unit_of_work():
        rescheduling.move_milestone(
            project.id, delivery.id, to=project.starts_on, reason="", actor_id=None, at=LATER
        )

    assert project.forecast_handover_on == best.end_on
    assert project.slip_workdays <= 0


def test_a_project_in_time_is_told_nothing(app: Flask) -> None:
    with unit_of_work():
        project = projects.live()

    assert recovering.remedies_of(project, at=LATER) == ()
