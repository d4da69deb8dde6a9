"""Rules that visits break are kept, marked and listed; nobody is booked twice at once, whoever writes."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, time, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.exc import IntegrityError

from concierge.accounts.actions import away as aways
from concierge.accounts.actions.contacts import ContactDetails, add_contact
from concierge.accounts.models import Account
from concierge.catalogue.states import VisitKind
from concierge.core.dispatch import Rule
from concierge.core.spans import Span
from concierge.identity.models import User
from concierge.identity.permissions import Role
from concierge.identity.viewer import Viewer
from concierge.platform import undo, worker
from concierge.platform.database import db, unit_of_work
from concierge.projects.actions import undoing
from concierge.projects.models import Project
from concierge.visits import feasibility, queries, work
from concierge.visits.actions import arranging, checks, judging, progress, zones
from concierge.visits.models import BrokenRule, Claim, Visit
from concierge.visits.states import FOLLOWS, OVER, VisitState
from concierge.workforce.actions import hours, technicians
from concierge.workforce.models import Skill, Technician
from tests.conftest import csrf_token
from tests.makers import people, projects, visits, workforce
from tests.makers.days import at, on
from tests.makers.visits import site_of, wall

NOW = at("Mon 2026-03-02 10:00+00:00")
SignIn = Callable[[User], FlaskClient]


@pytest.fixture
def project(app: Flask) -> Project:
    with unit_of_work():
        return projects.draft()


@pytest.fixture
def tomas(app: Flask) -> Technician:
    with unit_of_work():
        return workforce.technician()


@pytest.fixture
def lea(app: Flask) -> Technician:
    with unit_of_work():
        return workforce.technician(name="Lea Roth")


def claims() -> list[tuple[int, str, str, bool]]:
    """Who is taken from when to when, and whether the database defends it."""
    db.session.rollback()
    rows = db.session.scalars(
        sa.select(Claim).order_by(Claim.from_at, Claim.user_id).execution_options(populate_existing=True)
    )
    return [(row.user_id, f"{row.from_at:%a %H:%M}", f"{row.to_at:%a %H:%M}", row.is_firm) for row in rows]


def broken() -> list[tuple[Rule, str]]:
    """Which rules are broken now, with the reason."""
    db.session.rollback()
    rows = db.session.scalars(
        sa.select(BrokenRule)
        .where(BrokenRule.gone_at.is_(None))
        .order_by(BrokenRule.id)
        .execution_options(populate_existing=True)
    )
    return [(row.rule, row.reason) for row in rows]


def move(visit: Visit, starts: str, hours_: float = 3, reason: str = "", actor_id: int | None = None) -> None:
    with unit_of_work():
        own = queries.visit_for_change(visit.id)
        arranging.move_visit(
            own,
            starts_local=wall(starts),
            ends_local=wall(starts) + timedelta(hours=hours_),
            site=own.site,
            conflict_reason=reason,
            at=NOW,
            actor_id=actor_id,
        )


# ---------------------------------------------------------------- the database refuses


def test_raw_statements_cannot_book_somebody_twice(project: Project, tomas: Technician) -> None:
    with unit_of_work():
        visit = visits.visit(project, tomas, starts="Tue 2026-03-17 09:00")
        other = visits.visit(project, tomas, starts="Wed 2026-03-18 09:00")
    claim, next_one = db.session.scalars(sa.select(Claim).order_by(Claim.from_at)).all()
    overlapping = {
        "member_id": visit.crew_members[0].id,
        "user_id": tomas.user_id,
        "from_at": claim.to_at - timedelta(minutes=1),
        "to_at": claim.to_at + timedelta(hours=1),
        "is_firm": True,
    }

    for statement in (
        sa.insert(Claim).values(overlapping),
        sa.update(Claim).where(Claim.id == next_one.id).values(from_at=claim.from_at),
    ):
        with (
            pytest.raises(IntegrityError, match="ex_visit_claims_no_double_booking"),
            db.engine.execution_options(writing=True).begin() as connection,
        ):
            connection.execute(statement)
    with db.engine.execution_options(writing=True).begin() as connection:
        connection.execute(sa.insert(Claim).values(overlapping | {"from_at": claim.to_at}))  # they only touch
        connection.execute(sa.insert(Claim).values(overlapping | {"is_firm": False}))  # kept for a reason
    assert len(claims()) == 4
    assert other.id != visit.id


def test_of_fifty_connections_that_claim_one_person_at_once_one_succeeds(
    app: Flask, project: Project, tomas: Technician
) -> None:
    with unit_of_work():
        member_id = visits.visit(project, tomas, starts="Mon 2026-04-13 09:00").crew_members[0].id
    starts = at("Tue 2026-03-17 09:00+00:00")

    def claim(number: int) -> bool:
        with app.app_context():
            try:
                with db.engine.execution_options(writing=True).begin() as connection:
                    connection.execute(
                        sa.insert(Claim).values(
                            member_id=member_id,
                            user_id=tomas.user_id,
                            from_at=starts + timedelta(minutes=number),
                            to_at=starts + timedelta(hours=3),
                            is_firm=True,
                        )
                    )
            except IntegrityError:
                return False
            return True

    with ThreadPoolExecutor(50) as pool:
        assert list(pool.map(claim, range(50))).count(True) == 1


def test_two_who_book_past_each_other_get_the_usual_sentence(
    project: Project, tomas: Technician, monkeypatch: pytest.MonkeyPatch
) -> None:
    with unit_of_work():
        visits.visit(project, tomas, starts="Tue 2026-03-17 09:00")
    monkeypatch.setattr(
        feasibility, "grave_conflicts", lambda _visits: {}
    )  # what the other has not committed yet

    with pytest.raises(checks.Conflicting, match="in the same moment"), unit_of_work():
        visits.visit(project, tomas, starts="Tue 2026-03-17 11:00")

    assert len(claims()) == 1


def test_a_claim_goes_with_the_visit_and_comes_back_with_it(project: Project, tomas: Technician) -> None:
    with unit_of_work():
        visit = visits.visit(project, tomas, starts="Tue 2026-03-17 09:00")
    assert claims() == [(tomas.user_id, "Tue 08:00", "Tue 11:00", True)]
    move(visit, "Wed 2026-03-18 10:00")
    assert claims() == [(tomas.user_id, "Wed 09:00", "Wed 12:00", True)]
    with unit_of_work(), undo.undoable(actor_id=None, at=NOW) as act:
        progress.cancel(queries.visit_for_change(visit.id), reason="No power", at=NOW, actor_id=None)
    assert claims() == []

    with unit_of_work():
        undoing.take_back(act.key, actor_id=None, at=NOW)

    assert claims() == [(tomas.user_id, "Wed 09:00", "Wed 12:00", True)]


def test_what_would_book_somebody_twice_cannot_be_taken_back(project: Project, tomas: Technician) -> None:
    with unit_of_work():
        visit = visits.visit(project, tomas, starts="Tue 2026-03-17 09:00")
    with unit_of_work(), undo.undoable(actor_id=None, at=NOW) as act:
        progress.cancel(queries.visit_for_change(visit.id), reason="No power", at=NOW, actor_id=None)
    with unit_of_work():
        visits.visit(project, tomas, starts="Tue 2026-03-17 10:00")

    with pytest.raises(checks.Conflicting, match="was booked for that time"), unit_of_work():
        undoing.take_back(act.key, actor_id=None, at=NOW)

    assert visits.again(visit).state is VisitState.CANCELLED


def test_two_visits_swap_their_people_in_one_act_and_back(
    project: Project, tomas: Technician, lea: Technician
) -> None:
    with unit_of_work():
        first = visits.visit(project, tomas, starts="Tue 2026-03-17 09:00")
        second = visits.visit(project, lea, starts="Tue 2026-03-17 10:00")

    with unit_of_work(), undo.undoable(actor_id=None, at=NOW) as act:
        mine, theirs = (queries.visit_for_change(one.id) for one in (first, second))
        arranging.assign_together({mine: [lea.user_id], theirs: [tomas.user_id]}, at=NOW, actor_id=None)
    assert [row[0] for row in claims()] == [lea.user_id, tomas.user_id]
    with unit_of_work():
        undoing.take_back(act.key, actor_id=None, at=NOW)
    assert [row[0] for row in claims()] == [tomas.user_id, lea.user_id]


def test_a_weekend_in_a_long_visit_leaves_people_free(project: Project, tomas: Technician) -> None:
    with unit_of_work():
        long = visits.visit(project, tomas, starts="Thu 2026-03-19 09:00", ends="Mon 2026-03-23 12:00")
    assert [row[1:3] for row in claims()] == [("Thu 08:00", "Fri 16:00"), ("Mon 07:00", "Mon 11:00")]

    with unit_of_work():  # the same site: no way to go
        visits.visit(project, tomas, starts="Sat 2026-03-21 09:00", reason="They asked for a weekend.")
    with pytest.raises(checks.Conflicting, match="is on “Install"), unit_of_work():
        visits.visit(project, tomas, starts="Fri 2026-03-20 10:00", reason="")

    assert Rule.VISIT not in {rule for rule, _reason in broken()}
    assert long.id


def test_long_work_needs_no_reason_where_the_site_is_open_longer(project: Project, tomas: Technician) -> None:
    with unit_of_work():
        site_of(project).access_from, site_of(project).access_to = time(7), time(19)
    within = Span(at("Mon 2026-03-16 00:00+00:00"), at("Fri 2026-04-10 00:00+00:00"))

    def first() -> Span[datetime]:
        db.session.rollback()
        (found,) = feasibility.slots(site_of(project), minutes=27 * 60, within=within, most=1)
        assert found.crew == (str(tomas.user_id),)
        return found.stay

    assert first() == Span(at("Mon 2026-03-16 07:00+00:00"), at("Wed 2026-03-18 16:00+00:00"))
    with unit_of_work():
        visits.visit(project, tomas, starts="Mon 2026-03-16 08:00", ends="Wed 2026-03-18 17:00")
    assert broken() == []
    everybody = Viewer(user_id=0, name="", role=Role.ADMINISTRATOR, zone="UTC", language="en")
    (order,) = work.work_of_project(everybody, project.id)
    assert (order.minutes, work.planned_minutes([order])) == (27 * 60, {order.id: 27 * 60})

    with unit_of_work():  # until the clocks have changed he is meant for no visits
        none = hours.set_capacity(
            tomas,
            first_on=on("Mon 2026-03-16"),
            last_on=on("Fri 2026-03-27"),
            percent=0,
            at=NOW,
            actor_id=None,
        )
    assert first() == Span(at("Mon 2026-03-30 06:00+00:00"), at("Wed 2026-04-01 15:00+00:00"))
    with unit_of_work():
        hours.remove_capacity(tomas, none.id, at=NOW, actor_id=None)
    assert first().from_at == at("Thu 2026-03-19 07:00+00:00")


def test_new_rules_of_time_zones_move_claims_along(project: Project, tomas: Technician) -> None:
    with unit_of_work():
        visit = visits.visit(project, tomas, starts="Tue 2026-03-17 09:00")
        visit.starts_at -= timedelta(hours=1)  # as older rules had it
        visit.ends_at -= timedelta(hours=1)
    with unit_of_work():
        judging.look_again([visit.id], at=NOW)
    assert [row[1] for row in claims()] == ["Tue 07:00"]

    with unit_of_work():
        zones.follow_rules(at=NOW, version="2026z")

    assert [row[1] for row in claims()] == ["Tue 08:00"]


# ---------------------------------------------------------------- a broken rule is kept


def test_a_reason_is_kept_with_every_rule_and_goes_with_the_breach(
    project: Project, tomas: Technician, sign_in: SignIn
) -> None:
    with unit_of_work():
        ada = people.user()
    with pytest.raises(checks.Conflicting, match="lets people in only at 08:00–17:00"), unit_of_work():
        arranging.plan_visit(
            project,
            kind=VisitKind.INSTALL,
            title="Late",
            starts_local=wall("Tue 2026-03-17 16:00"),
            ends_local=wall("Tue 2026-03-17 19:00"),
            site=site_of(project),
            technician_ids=[tomas.user_id],
            at=NOW,
            actor_id=ada.id,
        )
    with unit_of_work():
        visit = visits.visit(project, tomas, starts="Tue 2026-03-17 09:00", title="Late")
    move(visit, "Tue 2026-03-17 16:00", reason="The lab is empty then.", actor_id=ada.id)
    reason = "The lab is empty then."
    assert broken() == [(Rule.SITE_HOURS, reason), (Rule.HOURS, reason)]
    assert visits.again(visit).crew_members[0].conflict_reason == reason

    browser = sign_in(ada)
    page = browser.get("/visits/broken-rules").get_data(as_text=True)
    assert "2 rules are broken" in page, re.findall(r"<h1>.*?</h1>", page)
    assert "Tomas Keller works 08:00–17:00 on Tue 17 Mar." in page
    assert f'{reason}<span class="meta">{ada.name}' in page
    only = browser.get("/visits/broken-rules?rule=hours&country=CH").get_data(as_text=True)
    assert "lets people in only" not in only
    assert "Nobody has said why" not in browser.get(f"/visits/{visit.id}").get_data(as_text=True)
    assert "The site lets people in only at 08:00–17:00." in browser.get(
        f"/projects/{project.key}/visits"
    ).get_data(as_text=True)

    move(visit, "Tue 2026-03-17 16:00", hours_=2.5, actor_id=ada.id)  # said already
    move(visit, "Wed 2026-03-18 09:00", actor_id=ada.id)
    assert broken() == []
    assert "No visit to come breaks a rule" in browser.get("/visits/broken-rules").get_data(as_text=True)


def test_technicians_do_not_see_the_list(tomas: Technician, sign_in: SignIn) -> None:
    answer = sign_in(db.session.get_one(User, tomas.user_id)).get("/visits/broken-rules")
    assert answer.status_code in {403, 404}


def test_the_other_of_two_visits_is_judged_too_and_freed_again(project: Project, tomas: Technician) -> None:
    with unit_of_work():
        first = visits.visit(project, tomas, starts="Tue 2026-03-17 09:00")
        second = visits.visit(project, tomas, starts="Tue 2026-03-17 11:00", reason="Next door.")
    assert broken() == [(Rule.VISIT, "Next door."), (Rule.VISIT, "")]
    assert [row[3] for row in claims()] == [True, False]

    move(first, "Thu 2026-03-19 09:00")

    assert broken() == []
    assert [row[3] for row in claims()] == [True, True]
    assert second.id


def test_what_changes_around_a_visit_is_found_and_gone_by_itself(
    app: Flask, project: Project, tomas: Technician
) -> None:
    with unit_of_work():
        technicians.grant_skill(tomas, code="orbitrap", expires_on=None, at=NOW, actor_id=None)
        visit = visits.visit(project, tomas, starts="Tue 2026-03-17 09:00", skill="orbitrap")
    worker.drain(app)
    with unit_of_work():
        hours.set_hours(
            db.session.get_one(Technician, tomas.id), [(1, 13 * 60, 17 * 60)], at=NOW, actor_id=None
        )
    worker.drain(app)
    assert broken() == [(Rule.HOURS, "")]
    assert "works 13:00–17:00" in visits.again(visit).needs_decision
    with unit_of_work():
        db.session.scalars(sa.select(Skill)).one().expires_on = on("Mon 2026-03-16")
        hours.set_hours(db.session.get_one(Technician, tomas.id), [], at=NOW, actor_id=None)
    worker.drain(app)
    assert broken() == [(Rule.SKILL_EXPIRED, "")]


def test_who_keeps_a_visit_says_why_for_every_rule(project: Project, tomas: Technician) -> None:
    with unit_of_work():
        visit = visits.visit(project, tomas, starts="Tue 2026-03-17 09:00", state=VisitState.CONFIRMED)
        workforce.absence(tomas, on("Tue 2026-03-17"))
    assert "is away" in visits.again(visit).needs_decision

    with unit_of_work():
        own = queries.visit_for_change(visit.id)
        arranging.keep_visit(own, reason="He comes all the same.", at=NOW, actor_id=None)

    assert visits.again(visit).needs_decision == ""
    assert broken() == [(Rule.LEAVE, "He comes all the same.")]
    move(visit, "Tue 2026-03-17 10:00")  # said already


def test_who_leads_a_crew_has_the_level_and_the_others_the_certification(
    project: Project, tomas: Technician, lea: Technician
) -> None:
    with unit_of_work():
        for person, level in ((tomas, 3), (lea, 1)):
            technicians.grant_skill(
                person, code="orbitrap", level=level, expires_on=None, at=NOW, actor_id=None
            )
        visit = visits.visit(project, tomas, lea, skill="orbitrap", crew=2)
        arranging.change_details(
            visit, title=visit.title, kind=visit.kind, milestone_id=None, skill="orbitrap", level=3, crew=2,
            note="", at=NOW, actor_id=None,
        )  # fmt: skip
    assert feasibility.leaders([visit]) == {visit.id: tomas.user_id}

    with (
        pytest.raises(checks.Conflicting, match="Lea Roth holds “orbitrap” at a lower level"),
        unit_of_work(),
    ):
        arranging.assign_technicians(
            queries.visit_for_change(visit.id),
            technician_ids=[lea.user_id],
            site=site_of(project),
            at=NOW,
            actor_id=None,
        )


def test_customers_people_have_to_be_there(
    app: Flask, project: Project, tomas: Technician, sign_in: SignIn
) -> None:
    with unit_of_work():
        ada = people.user()
        account = db.session.get_one(Account, project.account_id)
        ito = add_contact(
            account, details=ContactDetails(name="Dr Ito", zone="Europe/Zurich"), actor_id=None, at=NOW
        )
        visit = visits.visit(project, tomas, starts="Tue 2026-03-17 09:00")
        arranging.change_details(
            visit, title=visit.title, kind=visit.kind, milestone_id=None, skill="", crew=1, note="",
            contact_ids=[ito.id], arrival_minutes=120, at=NOW, actor_id=None,
        )  # fmt: skip
    with unit_of_work():
        aways.enter_away(
            ito, first_on=on("Tue 2026-03-17"), last_on=on("Tue 2026-03-17"), actor_id=None, at=NOW
        )
    worker.drain(app)
    assert broken() == [(Rule.ATTENDEE, "")]
    browser = sign_in(ada)
    page = browser.get(f"/visits/{visit.id}").get_data(as_text=True)
    assert "We arrive between 09:00 and 11:00." in page
    assert "Dr Ito of the customer cannot be there" in page
    where = f"/accounts/{project.account_id}/contacts/{ito.id}"
    token = csrf_token(browser, f"{where}/edit")
    bad = {"csrf_token": token, "first_on": "2026-03-20", "last_on": "2026-03-20", "from_time": "12:00",
           "to_time": "09:00"}  # fmt: skip
    refused = browser.post(f"{where}/away", data=bad)
    assert refused.status_code == 422
    assert "has to end after it begins" in refused.get_data(as_text=True)
    shown = browser.get(f"{where}/edit").get_data(as_text=True)
    assert "When they are not there" in shown

    move(visit, "Wed 2026-03-18 09:00")

    assert broken() == []


def test_confirming_asks_for_the_reason_that_nobody_has_given(
    project: Project, tomas: Technician, sign_in: SignIn
) -> None:
    with unit_of_work():
        ada = people.user()
        visit = visits.visit(project, tomas, starts="Sat 2026-03-21 09:00", reason="x")
        visit.crew_members[0].conflict_reason = ""
        db.session.execute(sa.update(BrokenRule).values(reason="", given_at=None, given_by_id=None))
    browser = sign_in(ada)
    page = f"/visits/{visit.id}"
    token = {"csrf_token": csrf_token(browser, page), "version": visits.again(visit).version}

    refused = browser.post(f"{page}/confirmation", data=token)
    assert refused.status_code == 422
    assert "The site is closed on Sat 21 Mar." in refused.get_data(as_text=True)
    assert visits.again(visit).state is VisitState.TENTATIVE
    done = browser.post(f"{page}/confirmation", data={**token, "conflict_reason": "Agreed by phone"})
    assert done.status_code == 303
    assert visits.again(visit).state is VisitState.CONFIRMED
    assert {reason for _rule, reason in broken()} == {"Agreed by phone"}


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"start_on": "2026-03-29", "start_time": "02:30", "end_time": "05:00"}, "does not exist there"),
        ({"start_time": "12:00", "end_time": "09:00"}, "has to end after it starts"),
        ({"level": "9"}, "Choose one of those"),
        ({"attendees": "999999"}, "Choose from those"),
    ],
)
def test_bad_input_is_a_sentence_and_what_was_typed_stays(
    project: Project, tomas: Technician, sign_in: SignIn, change: dict[str, str], sentence: str
) -> None:
    with unit_of_work():
        ada = people.user()
    browser = sign_in(ada)
    page = f"/visits/new?project={project.key}"
    form = {
        "csrf_token": csrf_token(browser, page), "title": "Install it", "kind": "install", "milestone": "0",
        "site": str(project.site_id), "start_on": "2026-03-17", "start_time": "09:00", "end_time": "12:00",
        "crew": "1", "skill": "", "level": "1", "arrival_minutes": "0", "certainty": "tentative",
        "technicians": str(tomas.user_id),
    }  # fmt: skip

    answer = browser.post(page, data={**form, **change})

    assert answer.status_code == 422
    summary = re.search(r'<div class="summary.*?</div>', answer.get_data(as_text=True), re.DOTALL)
    assert summary, answer.get_data(as_text=True)
    assert sentence in summary[0]
    assert "Install it" in answer.get_data(as_text=True)
    assert db.session.scalar(sa.select(sa.func.count(Visit.id))) == 0


@pytest.mark.parametrize("before", list(VisitState))
def test_the_table_of_states_says_what_may_follow(before: VisitState) -> None:
    assert before not in FOLLOWS[before]
    assert (before in OVER) == (not FOLLOWS[before])
    if before not in OVER and before is not VisitState.IN_PROGRESS:
        assert FOLLOWS[before] & {VisitState.CANCELLED, VisitState.INCOMPLETE}


def test_a_wrong_tap_is_taken_back(project: Project, tomas: Technician) -> None:
    with unit_of_work():
        visit = visits.visit(project, tomas, state=VisitState.CONFIRMED)
        progress.set_out(visit, at=NOW, actor_id=None)
        progress.start(visit, at=NOW, actor_id=None)
    with unit_of_work(), undo.undoable(actor_id=None, at=NOW) as act:
        progress.finish(queries.visit_for_change(visit.id), is_complete=True, at=NOW, actor_id=None)
    assert claims() == []

    with unit_of_work():
        undoing.take_back(act.key, actor_id=None, at=NOW)

    assert visits.again(visit).state is VisitState.IN_PROGRESS
    assert len(claims()) == 1
