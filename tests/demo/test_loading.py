"""The demo company: in every state, by the same actions, once."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from flask import Flask

from concierge.accounts.models import Site
from concierge.app import create_app
from concierge.cli.demo import demo
from concierge.core.dispatch import Rule
from concierge.demo.load import demo_sign_ins, is_empty, load_demo
from concierge.demo.staff import PASSWORD
from concierge.equipment.models import Asset
from concierge.fieldwork import queries as fieldwork
from concierge.fieldwork.models import FieldRecord
from concierge.identity import passwords
from concierge.identity.models import User
from concierge.identity.permissions import Role
from concierge.invitations.models import Invitation, Telling, TimeProposal
from concierge.invitations.states import ProposalState as WishState
from concierge.invitations.states import Reply
from concierge.orders.models import OrderLine
from concierge.platform.database import Base, db
from concierge.platform.deliveries import Delivery, DeliveryStatus
from concierge.platform.events import RecordedEvent
from concierge.platform.mail import OutgoingMail
from concierge.platform.settings import load
from concierge.projects.models import Gate, Milestone, Project, Proposal
from concierge.projects.queries import chances, lost_days
from concierge.projects.states import GateState, Health, MilestoneState, ProjectState, ProposalState
from concierge.readiness.models import ReadinessItem
from concierge.readiness.states import Verdict
from concierge.visits.models import BrokenRule, Visit, VisitTechnician
from concierge.visits.states import VisitState

NOW = datetime(2026, 3, 18, 13, 20, tzinfo=UTC)  # a Wednesday


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """The demo company, loaded once for all tests here."""
    instance: Path = tmp_path_factory.mktemp("demo")
    settings = load({"CONCIERGE_INSTANCE": str(instance), "CONCIERGE_SECRET_KEY": "k" * 40})
    app = create_app(settings)
    with app.app_context():
        Base.metadata.create_all(db.engine.execution_options(writing=True))
        assert is_empty()
        load_demo(at=NOW)
        yield app
        db.session.remove()
        db.engine.dispose()


def _count(question: sa.Select[tuple[int]]) -> int:
    return db.session.scalar(question) or 0


def test_some_fifty_projects_stand_in_nine_countries(company: Flask) -> None:
    projects = _count(sa.select(sa.func.count(Project.id)))
    countries = db.session.scalars(
        sa.select(Site.country).join(Project, Project.site_id == Site.id).distinct()
    )

    assert 50 <= projects <= 62
    assert len(set(countries)) == 9


def test_the_forecast_has_learnt_and_says_how_good_it_was(company: Flask) -> None:
    groups = {(one.kind.value, one.party.value): one.cases for one in chances.groups()}
    whole = chances.latest_backtest()[0]
    live = sa.select(sa.func.count(Project.id)).where(Project.state == ProjectState.LIVE)

    assert groups["site ready", "customer"] >= 15
    assert whole.group == ""
    assert whole.cases >= 10
    assert whole.within_p50 <= whole.within_p80 <= whole.within_p90 <= whole.cases
    assert _count(live.where(Project.chance_percent.is_(None))) == 0
    assert len(set(db.session.scalars(sa.select(Project.chance_percent)))) > 8


def test_every_lost_day_of_the_company_is_booked_once(company: Flask) -> None:
    ids = db.session.scalars(sa.select(Project.id).where(Project.approved_at.is_not(None))).all()
    parties = set()
    for project in chances.whole_projects(ids):
        found = lost_days.lost_days(project, at=NOW)
        assert found is not None
        assert len({one.day for one in found.ledger.bookings}) == len(found.ledger.bookings)
        parties |= {one.party.value for one in found.ledger.bookings}

    assert {"customer", "us", "carrier or customs", "supplier"} <= parties


def test_every_state_and_health_is_there(company: Flask) -> None:
    states = set(db.session.scalars(sa.select(Project.state)))
    healths = set(db.session.scalars(sa.select(Project.health)))
    milestones = set(db.session.scalars(sa.select(Milestone.state)))
    gates = set(db.session.scalars(sa.select(Gate.state)))

    assert states == set(ProjectState)
    assert healths == set(Health)
    assert milestones == set(MilestoneState)
    assert gates == set(GateState)


def test_visits_are_in_every_state_that_lasts_and_today_in_several_zones(company: Flask) -> None:
    states = set(db.session.scalars(sa.select(Visit.state)))
    today = db.session.scalars(
        sa.select(Visit.zone).where(
            Visit.starts_at < NOW.replace(hour=23),
            Visit.ends_at > NOW.replace(hour=0),
            Visit.state != VisitState.CANCELLED,
        )
    )

    lasting = {
        VisitState.TENTATIVE,
        VisitState.CONFIRMED,
        VisitState.ACCEPTED,
        VisitState.COMPLETE,
        VisitState.CANCELLED,
    }
    assert states >= lasting
    assert len(set(today)) >= 4


def test_nobody_is_sent_to_two_places_at_once(company: Flask) -> None:
    one, other = sa.orm.aliased(Visit), sa.orm.aliased(Visit)
    goes, goes_too = sa.orm.aliased(VisitTechnician), sa.orm.aliased(VisitTechnician)
    over = {VisitState.CANCELLED}

    clashes = _count(
        sa.select(sa.func.count())
        .select_from(one)
        .join(goes, goes.visit_id == one.id)
        .join(goes_too, goes_too.user_id == goes.user_id)
        .join(other, other.id == goes_too.visit_id)
        .where(
            one.id < other.id,
            one.starts_at < other.ends_at,
            other.starts_at < one.ends_at,
            one.state.not_in(over),
            other.state.not_in(over),
            goes.conflict_reason == "",
            goes_too.conflict_reason == "",
            one.needs_decision == "",
            other.needs_decision == "",
        )
    )

    assert clashes == 0


def test_a_few_rules_are_broken_for_a_reason_and_nobody_is_needed_twice(company: Flask) -> None:
    rows = db.session.execute(
        sa.select(BrokenRule.visit_id, BrokenRule.rule, BrokenRule.reason).where(BrokenRule.gone_at.is_(None))
    ).all()

    assert 1 <= len({row.visit_id for row in rows}) <= 5
    assert {row.rule for row in rows}.isdisjoint({Rule.VISIT, Rule.LEAVE, Rule.TRAVEL, Rule.SKILL_EXPIRED})
    unseen = {Rule.OWN_CALENDAR, Rule.PREREQUISITE}  # what came later than the visit, and waits for a word
    assert all(row.reason for row in rows if row.rule not in unseen)


def test_people_have_something_to_decide(company: Flask) -> None:
    proposals = list(db.session.scalars(sa.select(Proposal.kind).where(Proposal.state == ProposalState.OPEN)))
    unmatched = _count(sa.select(sa.func.count(OrderLine.id)).where(OrderLine.product_id.is_(None)))
    wrong = _count(
        sa.select(sa.func.count(ReadinessItem.id)).where(ReadinessItem.verdict == Verdict.OUT_OF_RANGE)
    )

    assert len(set(proposals)) == 2
    assert unmatched >= 1
    assert wrong >= 1


def test_what_happened_is_recorded_in_the_order_in_which_it_happened(company: Flask) -> None:
    instants = list(
        db.session.scalars(
            sa.select(RecordedEvent.at)
            .where(RecordedEvent.project_id.is_not(None))
            .order_by(RecordedEvent.id)
        )
    )

    assert instants == sorted(instants)
    assert instants[-1] <= NOW


def test_each_role_can_sign_in_with_the_password_that_is_said(company: Flask) -> None:
    sign_ins = demo_sign_ins()

    assert {role for role, _, _ in sign_ins} == {role.value for role in Role}
    for _role, email, password in sign_ins:
        kept = db.session.scalar(sa.select(User.password_hash).where(User.email == email))
        assert password == PASSWORD
        assert passwords.is_right(password, kept=kept)


def test_a_second_time_changes_nothing(company: Flask) -> None:
    before = _count(sa.select(sa.func.count(RecordedEvent.id)))

    loaded = load_demo(at=NOW)

    assert loaded.projects == 0
    assert _count(sa.select(sa.func.count(RecordedEvent.id))) == before


def test_people_are_invited_and_some_have_answered(company: Flask) -> None:
    replies = set(db.session.scalars(sa.select(Invitation.reply)))
    letters = _count(sa.select(sa.func.count(OutgoingMail.id)))

    assert replies == {Reply.NONE, Reply.ACCEPTED, Reply.TENTATIVE, Reply.DECLINED}
    assert _count(sa.select(sa.func.count(TimeProposal.id)).where(TimeProposal.state == WishState.OPEN)) == 1
    assert 2 <= letters <= 8
    assert db.session.scalars(sa.select(Telling)).all() == []


def test_the_worker_is_soon_free(company: Flask) -> None:
    waiting = _count(sa.select(sa.func.count(Delivery.id)).where(Delivery.status == DeliveryStatus.READY))

    assert waiting <= 30


def test_the_command_says_who_may_sign_in(company: Flask) -> None:
    answer = company.test_cli_runner().invoke(demo, ["load", "--json"])

    assert answer.exit_code == 0, answer.output
    assert {one["role"] for one in json.loads(answer.output)} == {role.value for role in Role}


def test_a_technician_sees_a_day_worth_seeing_and_instruments_of_many_ages(company: Flask) -> None:
    selin = db.session.scalars(sa.select(User).where(User.email == "selin@demo.example")).one()
    home = datetime(2026, 3, 18, tzinfo=ZoneInfo(selin.zone))
    day = fieldwork.visits_of_day(selin.id, from_at=home, to_at=home + timedelta(days=2))
    steps = fieldwork.steps_of(day)
    signed = db.session.scalars(sa.select(FieldRecord.content).order_by(FieldRecord.id)).all()
    today = NOW.date()
    warranties = db.session.scalars(
        sa.select(Asset.warranty_to).where(Asset.serial != "", Asset.warranty_to.is_not(None))
    ).all()

    assert any(one.work_order.tools and len(steps[one.id]) > 4 for one in day if one.work_order)
    assert {one["kind"] for one in signed} == {"certificate", "report"}
    certificates = [one for one in signed if one["kind"] == "certificate"]
    assert all(len(one["signatures"]) == 2 and one["notes"] and one["photos"] for one in certificates)
    assert not [
        one for each in certificates for one in each["steps"] if one["is_open"] and one["is_required"]
    ]
    assert len(warranties) > 20
    assert min(warranties) < today - timedelta(days=365) < today + timedelta(days=300) < max(warranties)
    assert any(today < one < today + timedelta(days=40) for one in warranties)
    assert _count(sa.select(sa.func.count(Asset.id)).where(Asset.training_to.is_not(None))) > 10
