"""Visits know when their site lets somebody in: its week, half days, shutdowns and frozen periods."""

from datetime import time

import pytest
from flask import Flask
from sqlalchemy import select

from concierge.accounts.actions import hours
from concierge.accounts.states import SiteClosureKind
from concierge.core.dispatch import Rule
from concierge.core.spans import Span
from concierge.platform.database import db, unit_of_work
from concierge.projects.actions import replanning
from concierge.projects.actions.calendar_changes import CalendarChange, ChangeKind
from concierge.projects.models import Project
from concierge.visits import feasibility
from concierge.visits.feasibility import Wanted
from concierge.visits.models import Visit
from tests.makers import orders, projects, visits, workforce
from tests.makers.days import at, on
from tests.makers.visits import site_of

NOW = at("Mon 2026-03-02 10:00+00:00")


@pytest.fixture
def project(app: Flask) -> Project:
    """A project under way at a site with a half day, a shutdown, and a break at noon on Fridays."""
    with unit_of_work():
        place = orders.site()
        hours.set_hours(
            place.id,
            hours=[
                *(hours.OpenHours(number, time(8), time(17)) for number in range(4)),
                hours.OpenHours(4, time(8), time(12)),
                hours.OpenHours(4, time(13), time(16)),
            ],
            actor_id=None,
            at=NOW,
        )
        for kind, name, first, half in (
            (SiteClosureKind.SHUTDOWN, "Power test", "Tue 2026-05-05", True),
            (SiteClosureKind.FROZEN, "Audit", "Wed 2026-05-06", False),
        ):
            details = hours.ClosureDetails(
                kind=kind,
                name=name,
                first_on=on(first),
                last_on=on(first),
                from_time=time(12) if half else None,
                to_time=time(17) if half else None,
            )
            hours.enter_closure(place.id, details=details, actor_id=None, at=NOW)
        return projects.live(place=place)


@pytest.mark.parametrize(
    ("starts", "ends", "rule", "words"),
    [
        ("Mon 2026-05-04 09:00+02:00", "Mon 2026-05-04 12:00+02:00", None, ""),
        ("Tue 2026-05-05 09:00+02:00", "Tue 2026-05-05 12:00+02:00", None, ""),
        (
            "Tue 2026-05-05 09:00+02:00",
            "Tue 2026-05-05 15:00+02:00",
            Rule.SITE_CLOSED,
            "Power test",
        ),
        ("Wed 2026-05-06 09:00+02:00", "Wed 2026-05-06 12:00+02:00", Rule.SITE_CLOSED, "Audit"),
        ("Fri 2026-05-08 13:00+02:00", "Fri 2026-05-08 16:00+02:00", None, ""),
        (
            "Fri 2026-05-08 13:00+02:00",
            "Fri 2026-05-08 17:00+02:00",
            Rule.SITE_HOURS,
            "08:00–12:00, 13:00–16:00",
        ),
    ],
)
def test_what_stands_against_a_time_names_half_days_and_closures(
    project: Project, starts: str, ends: str, rule: Rule | None, words: str
) -> None:
    found = feasibility.conflicts(Wanted(site_of(project), Span(at(starts), at(ends))))

    assert [(one.rule, one.words) for one in found] == ([(rule, words)] if rule else [])


def test_a_visit_does_not_follow_onto_a_day_on_which_its_site_is_shut(project: Project) -> None:
    with unit_of_work():
        workforce.technician()
        install = projects.milestone(project, "install")
        start = install.forecast_start_on
        assert start is not None
        visits.visit(project, milestone=install, starts=f"{start:%a %Y-%m-%d} 09:00")
    change = CalendarChange(
        kind=ChangeKind.SITE_CLOSURE,
        site_id=project.site_id,
        word=SiteClosureKind.SHUTDOWN.value,
        name="Spring break",
        first_on=start,
        last_on=start,
    )

    with unit_of_work():
        proposal = replanning.propose(change, title="Spring break", actor_id=None, at=NOW)
    with unit_of_work():
        replanning.apply(proposal.id, actor_id=None, at=NOW)

    db.session.rollback()
    moved = db.session.scalars(
        select(Visit)
        .where(Visit.milestone_id == install.id)
        .order_by(Visit.id.desc())
        .execution_options(populate_existing=True)
    ).first()
    assert moved is not None
    assert moved.starts_local.date() > start
    assert not feasibility.conflicts(Wanted(site_of(project), Span(moved.starts_at, moved.ends_at)))
