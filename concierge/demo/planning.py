"""What makes the demo company's plans true to life: opening hours, closures, a hold, go-lives, plans kept by hand."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

import sqlalchemy as sa

from concierge.accounts.actions import hours as site_hours
from concierge.accounts.models import Account, Site
from concierge.accounts.states import SiteClosureKind
from concierge.catalogue.states import Audience, DaysOf, MilestoneKind, Team
from concierge.demo.customers import CUSTOMERS
from concierge.platform.database import db
from concierge.projects import queries
from concierge.projects.actions import approving, delays, holding, notes, shaping
from concierge.projects.models import Delay, Project
from concierge.projects.states import BlockCause, Counting, Party, ProjectState
from concierge.workforce.actions.closures import set_home_office

NAMES = {customer.key: customer.name for customer in CUSTOMERS}
MORNING_AND_AFTERNOON = ((time(9), time(12)), (time(13), time(17)))


def settle_calendars(*, at: datetime, today: date, actor_id: int) -> None:
    """Say where we work, and when some customers let nobody in; before any plan is laid out."""
    set_home_office(
        name="Basel", country="CH", subdivision="BS", zone="Europe/Zurich", at=at, actor_id=actor_id
    )
    site_hours.set_hours(
        _site("kitamura").id,
        hours=[
            site_hours.OpenHours(weekday, opens, closes)
            for weekday in range(5)
            for opens, closes in MORNING_AND_AFTERNOON
        ],
        actor_id=actor_id,
        at=at,
    )
    site_hours.set_hours(
        _site("garonne").id,
        hours=[site_hours.OpenHours(weekday, time(8), time(17)) for weekday in range(4)],
        actor_id=actor_id,
        at=at,
    )
    closures = (
        ("strathcairn", SiteClosureKind.SHUTDOWN, "Winter shutdown", 31, 45),
        ("straits", SiteClosureKind.FROZEN, "Change freeze at the end of the year", 24, 40),
        ("harrow", SiteClosureKind.SHUTDOWN, "Electrical safety week", 47, 51),
    )
    for customer, kind, name, first, last in closures:
        site_hours.enter_closure(
            _site(customer).id,
            details=site_hours.ClosureDetails(
                kind=kind,
                name=name,
                first_on=today + timedelta(days=first),
                last_on=today + timedelta(days=last),
            ),
            actor_id=actor_id,
            at=at,
        )


def shape_plans(*, at: datetime, today: date, concierge_id: int, manager_id: int) -> None:
    """Bring some plans into the states that a plan can be in, after everything else has happened."""
    _rest(at=at, today=today, actor_id=concierge_id)
    _require_go_lives(at=at, actor_id=concierge_id)
    _keep_and_shape(at=at, actor_id=concierge_id)
    _speak(at=at, concierge_id=concierge_id, manager_id=manager_id)


def _rest(*, at: datetime, today: date, actor_id: int) -> None:
    holding.hold(
        _project("ostermoor").id,
        cause=BlockCause.BUILDING,
        party=Party.CUSTOMER,
        reason="The new laboratory wing is handed over three weeks late.",
        first_on=today - timedelta(days=6),
        expected_on=today + timedelta(days=15),
        actor_id=actor_id,
        at=at,
    )


def _require_go_lives(*, at: datetime, actor_id: int) -> None:
    """One plan cannot meet its go-live and says so; a draft is counted back from its own."""
    tight, draft = _project("saint-aubert"), _project("tanjong", ProjectState.DRAFT)
    for project, days, counting in ((tight, -4, Counting.FORWARD), (draft, 28, Counting.BACKWARD)):
        end_on = project.forecast_handover_on or project.starts_on
        shaping.require_go_live(
            project.id,
            required_on=end_on + timedelta(days=days),
            counting=counting,
            actor_id=actor_id,
            at=at,
        )


def _keep_and_shape(*, at: datetime, actor_id: int) -> None:
    project = _project("harrow")
    approving.keep_plan(
        project.id,
        name="Before the old instrument was known of",
        note="As agreed in the kick-off call.",
        actor_id=actor_id,
        at=at,
    )
    ready = next(one for one in project.milestones if one.kind is MilestoneKind.SITE_READY)
    shaping.add(
        project.id,
        name={"en": "Old instrument moved out", "de": "Altes Gerät abgebaut"},
        workdays=3,
        days_of=DaysOf.CUSTOMER,
        team=Team.CUSTOMER,
        audience=Audience.CUSTOMER,
        after_id=None,
        before_id=ready.id,
        actor_id=actor_id,
        at=at,
    )
    magnet = _project("strathcairn")
    install = next(one for one in magnet.milestones if one.kind is MilestoneKind.INSTALLED)
    if install.workdays > 1:
        shaping.split(
            magnet.id,
            install.id,
            first_workdays=install.workdays // 2,
            name={"en": "Energising the magnet", "de": "Aufladen des Magneten"},
            actor_id=actor_id,
            at=at,
        )
    taught = next((one for one in magnet.milestones if one.key.startswith("advanced-training")), None)
    if taught is not None:
        shaping.skip(
            magnet.id,
            taught.id,
            reason="The university’s own spectroscopists teach the advanced course.",
            actor_id=actor_id,
            at=at,
        )


def _speak(*, at: datetime, concierge_id: int, manager_id: int) -> None:
    halden = _project("halden")
    late = db.session.scalar(
        sa.select(Delay).where(Delay.project_id == halden.id).order_by(Delay.id).limit(1)
    )
    if late is not None:
        delays.comment(
            late.id,
            party=Party.CUSTOMER,
            name="Site services, by telephone",
            text="The electrician was booked for the 12th; the supplier sent the wrong socket.",
            actor_id=concierge_id,
            at=at,
        )
    notes.write_note(
        halden.id,
        text="Ask for the photo of the outlet before the crate leaves. The lift is shared with the kitchen until ten.",
        actor_id=manager_id,
        at=at,
    )
    notes.write_note(
        _project("nishiyama").id,
        text="Nitrogen: the ring main gives 12 L/min in the afternoon, enough only with the booster running.",
        actor_id=concierge_id,
        at=at,
    )


def _site(customer: str) -> Site:
    found = db.session.scalars(
        sa.select(Site).join(Account).where(Account.name == NAMES[customer]).order_by(Site.id).limit(1)
    )
    return found.one()


def _project(customer: str, state: ProjectState = ProjectState.LIVE) -> Project:
    """The customer's project in a state that is handed over last."""
    question = (
        sa.select(Project.id)
        .join(Account)
        .where(Account.name == NAMES[customer], Project.state == state)
        .order_by(Project.forecast_handover_on.desc(), Project.id)
        .limit(1)
    )
    return queries.project_for_change(db.session.scalars(question).one())
