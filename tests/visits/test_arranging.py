"""Planning visits, moving them, sending people."""

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from concierge.core.dispatch import Rule
from concierge.core.spans import Span
from concierge.identity.models import User
from concierge.identity.viewer import Viewer
from concierge.platform.database import db, unit_of_work
from concierge.platform.errors import NotFound, Refused, Stale
from concierge.platform.events import RecordedEvent
from concierge.projects.models import ProjectCrew
from concierge.visits import feasibility, queries
from concierge.visits.actions import arranging, checks, progress
from concierge.visits.feasibility import Wanted
from concierge.visits.models import Visit
from concierge.visits.states import VisitState
from concierge.visits.words import sentence
from concierge.workforce.models import Skill
from tests.makers import orders, people, projects, visits, workforce
from tests.makers.days import at, on
from tests.makers.visits import site_of, wall

NOW = at("Mon 2026-03-02 10:00+00:00")


def viewer_of(user: User) -> Viewer:
    """What this person sees with."""
    return Viewer(user_id=user.id, name=user.name, role=user.role, zone=user.zone, language=user.language)


def events_of(visit: Visit) -> list[str]:
    """The names of what was recorded about a visit, in order."""
    rows = db.session.scalars(select(RecordedEvent).order_by(RecordedEvent.id))
    return [row.name for row in rows if row.payload.get("visit_id") == visit.id]


def test_a_planned_visit_keeps_wall_time_and_derives_instants(app: Flask) -> None:
    with unit_of_work():
        project = projects.draft()
        tomas = workforce.technician()
        visit = visits.visit(project, tomas, starts="Mon 2026-03-30 09:00", hours=3)

    assert (visit.starts_local, visit.zone) == (wall("Mon 2026-03-30 09:00"), "Europe/Zurich")
    assert visit.starts_at == at("Mon 2026-03-30 07:00+00:00")
    assert visit.state is VisitState.TENTATIVE
    assert visit.sequence == 0
    assert events_of(visit) == ["VisitPlanned"]


def test_the_same_form_twice_plans_one_visit(app: Flask) -> None:
    with unit_of_work():
        project = projects.draft()
        first = visits.visit(project, uid="form-1")
    with unit_of_work():
        second = visits.visit(project, uid="form-1")

    assert first.id == second.id
    assert len(db.session.scalars(select(Visit)).all()) == 1


def test_a_person_in_two_places_at_once_needs_a_reason(app: Flask) -> None:
    with unit_of_work():
        project = projects.draft()
        tomas = workforce.technician()
        visits.visit(project, tomas, starts="Tue 2026-03-17 09:00", hours=3, title="Survey")

    with (
        pytest.raises(checks.Conflicting, match="Tomas Keller is on “Survey” from 09:00 to 12:00"),
        unit_of_work(),
    ):
        visits.visit(project, tomas, starts="Tue 2026-03-17 11:00", hours=3)
    with unit_of_work():
        visit = visits.visit(
            project, tomas, starts="Tue 2026-03-17 11:00", hours=3, reason="The survey ends early."
        )

    assert [member.conflict_reason for member in visit.crew_members] == ["The survey ends early."]
    assert len(db.session.scalars(select(Visit)).all()) == 2


def test_an_absence_that_begins_during_the_visit_counts(app: Flask) -> None:
    with unit_of_work():
        project = projects.draft()
        tomas = workforce.technician()
        workforce.absence(tomas, on("Wed 2026-03-18"))

    with pytest.raises(checks.Conflicting, match=r"away \(leave\)"), unit_of_work():
        visits.visit(project, tomas, starts="Tue 2026-03-17 09:00", ends="Wed 2026-03-18 12:00")
    with unit_of_work():
        visits.visit(project, tomas, starts="Tue 2026-03-17 09:00", ends="Tue 2026-03-17 17:00")


def test_an_absence_counts_in_the_zone_where_the_technician_lives(app: Flask) -> None:
    with unit_of_work():
        osaka = orders.site(
            account="Nishiyama", key="NP", city="Osaka", country="JP", subdivision="27", zone="Asia/Tokyo"
        )
        project = projects.draft(place=osaka)
        tomas = workforce.technician()
        workforce.absence(tomas, on("Mon 2026-03-16"))

    def clashes(starts_at: str) -> list[Rule]:
        stay = Span(at(starts_at), at(starts_at) + timedelta(hours=1))
        found = feasibility.conflicts(Wanted(site_of(project), stay, (tomas.user_id,)))
        return [conflict.rule for conflict in found]

    # his Monday at home ends at 08:00 in Osaka; the flight there would lie in it
    assert Rule.LEAVE in clashes("Tue 2026-03-17 07:30+09:00")
    assert Rule.LEAVE not in clashes("Tue 2026-03-17 08:30+09:00")
    assert Rule.TRAVEL in clashes("Tue 2026-03-17 08:30+09:00")
    assert Rule.LEAVE not in clashes("Mon 2026-03-16 07:00+09:00")


def test_every_rule_that_stands_against_a_time_is_said(app: Flask) -> None:
    with unit_of_work():
        project = projects.draft()
        tomas = workforce.technician(skills=("orbitrap",), skill_expires_on=on("Thu 2026-04-30"))

    stay = Span(at("Fri 2026-05-01 07:00+02:00"), at("Fri 2026-05-01 09:00+02:00"))
    found = feasibility.conflicts(Wanted(site_of(project), stay, (tomas.user_id,), skill="orbitrap"))

    assert [(one.rule, one.needs_reason, one.is_breakable) for one in found] == [
        (Rule.SITE_CLOSED, True, True),
        (Rule.SKILL_EXPIRED, True, False),
        (Rule.DAY_OFF, True, True),
    ]
    assert [sentence(conflict) for conflict in found] == [
        "The site is closed on Fri 1 May: Tag der Arbeit, Basel-Stadt.",
        "The certification “orbitrap” of Tomas Keller will have run out by then.",
        "Tomas Keller does not work on Fri 1 May (Tag der Arbeit, Basel-Stadt).",
    ]


def test_no_reason_sends_somebody_whose_certification_has_run_out(app: Flask) -> None:
    with unit_of_work():
        project = projects.draft()
        tomas = workforce.technician(skills=("orbitrap",), skill_expires_on=on("Wed 2026-04-29"))
        visit = visits.visit(project, tomas, starts="Tue 2026-04-28 09:00", hours=3, skill="orbitrap")

    visit_id = visit.id

    def move() -> None:
        own = queries.visit_for_change(visit_id)
        arranging.move_visit(
            own,
            starts_local=wall("Thu 2026-04-30 09:00"),
            ends_local=wall("Thu 2026-04-30 12:00"),
            site=own.site,
            conflict_reason="They know it best",
            at=NOW,
            actor_id=None,
        )

    with pytest.raises(checks.Conflicting, match="Renew the certification"), unit_of_work():
        move()
    with unit_of_work():
        db.session.scalars(select(Skill)).one().expires_on = on("Thu 2026-04-30")
        move()
    db.session.rollback()
    assert db.session.get_one(Visit, visit_id).starts_local == wall("Thu 2026-04-30 09:00")


def test_another_visit_the_same_day_is_good_to_know(app: Flask) -> None:
    with unit_of_work():
        project = projects.draft()
        tomas = workforce.technician()
        visits.visit(project, tomas, starts="Tue 2026-03-17 09:00", hours=1, title="Survey")
        visits.visit(project, starts="Tue 2026-03-17 09:00", title="Somebody else")
        cancelled = visits.visit(project, tomas, starts="Tue 2026-03-17 13:00")
        progress.cancel(cancelled, reason="No power", at=NOW, actor_id=None)

    stay = Span(at("Tue 2026-03-17 13:00+01:00"), at("Tue 2026-03-17 15:00+01:00"))
    found = feasibility.conflicts(Wanted(site_of(project), stay, (tomas.user_id,)))

    assert [(one.rule, one.needs_reason, one.words) for one in found] == [(Rule.SAME_DAY, False, "Survey")]


def test_moving_raises_the_sequence_and_records_from_where(app: Flask) -> None:
    with unit_of_work():
        project = projects.draft()
        visit = visits.visit(project, workforce.technician())
    with unit_of_work():
        arranging.move_visit(
            visit,
            starts_local=wall("Wed 2026-03-18 10:00"),
            ends_local=wall("Wed 2026-03-18 12:00"),
            site=site_of(project),
            at=NOW,
            actor_id=None,
        )

    event = db.session.scalars(select(RecordedEvent).order_by(RecordedEvent.id.desc())).first()
    assert visit.sequence == 1
    assert visit.starts_at == at("Wed 2026-03-18 09:00+00:00")
    assert event is not None
    assert event.name == "VisitMoved"
    assert event.payload["cause"] == "person"
    assert event.project_id == project.id


def test_a_stale_form_is_refused_and_leaves_nothing_behind(app: Flask) -> None:
    with unit_of_work():
        project = projects.draft()
        visit = visits.visit(project, workforce.technician())
        seen = visit.version
    with unit_of_work():
        progress.confirm(visit, version=seen, at=NOW, actor_id=None)

    with pytest.raises(Stale, match="Somebody else changed"), unit_of_work():
        progress.cancel(visit, reason="No power", version=seen, at=NOW, actor_id=None)

    assert db.session.get_one(Visit, visit.id).state is VisitState.CONFIRMED


def test_people_see_the_project_only_while_they_go_there(app: Flask) -> None:
    with unit_of_work():
        project = projects.draft()
        tomas, lea = workforce.technician(), workforce.technician(name="Lea Roth")
        visit = visits.visit(project, tomas)

    def crew() -> set[int]:
        return set(db.session.scalars(select(ProjectCrew.user_id)))

    assert crew() == {tomas.user_id}
    with unit_of_work():
        visit = queries.visit_for_change(visit.id)
        arranging.assign_technicians(
            visit, technician_ids=[lea.user_id], site=site_of(project), at=NOW, actor_id=None
        )
    assert crew() == {lea.user_id}
    assert visit.sequence == 1
    with unit_of_work():
        visit = queries.visit_for_change(visit.id)
        progress.cancel(visit, reason="No power", at=NOW, actor_id=None)
    assert crew() == set()


def test_only_technicians_are_sent(app: Flask) -> None:
    with unit_of_work():
        project = projects.draft()
        ada = people.user()
        visit = visits.visit(project)

    with pytest.raises(Refused, match="Only technicians"), unit_of_work():
        arranging.assign_technicians(
            visit, technician_ids=[ada.id], site=site_of(project), at=NOW, actor_id=None
        )


def test_time_and_people_changed_together_are_checked_together(app: Flask) -> None:
    with unit_of_work():
        project = projects.draft()
        tomas, lea = workforce.technician(), workforce.technician(name="Lea Roth")
        workforce.absence(tomas, on("Wed 2026-03-18"))
        visits.visit(project, lea, starts="Tue 2026-03-17 09:00", title="Survey")
        visit = visits.visit(project, tomas, starts="Tue 2026-03-17 09:00")
    with unit_of_work():
        arranging.rearrange(
            visit,
            site=site_of(project),
            title="Install the other one",
            kind=visit.kind,
            milestone_id=None,
            skill="",
            crew=1,
            note="",
            starts_local=wall("Wed 2026-03-18 09:00"),
            ends_local=wall("Wed 2026-03-18 12:00"),
            fold=0,
            technician_ids=[lea.user_id],
            conflict_reason="",
            version=visit.version,
            at=NOW,
            actor_id=None,
        )

    assert [member.user_id for member in visit.crew_members] == [lea.user_id]
    assert events_of(visit) == ["VisitPlanned", "VisitChanged", "VisitMoved"]
    event = db.session.scalars(select(RecordedEvent).order_by(RecordedEvent.id.desc())).first()
    assert event is not None
    assert (event.payload["technicians_before"], event.payload["technicians_after"]) == (
        [tomas.user_id],
        [lea.user_id],
    )


def test_nothing_changed_records_nothing(app: Flask) -> None:
    with unit_of_work():
        project = projects.draft()
        visit = visits.visit(project, workforce.technician())
    with unit_of_work():
        arranging.rearrange(
            visit,
            site=site_of(project),
            title=visit.title,
            kind=visit.kind,
            milestone_id=None,
            skill="",
            crew=1,
            note="",
            starts_local=visit.starts_local,
            ends_local=visit.ends_local,
            fold=0,
            technician_ids=[member.user_id for member in visit.crew_members],
            conflict_reason="",
            version=visit.version,
            at=NOW,
            actor_id=None,
        )

    assert events_of(visit) == ["VisitPlanned"]
    assert visit.sequence == 0


def test_technicians_see_their_own_visits_only(app: Flask) -> None:
    with unit_of_work():
        project = projects.draft()
        tomas, lea = workforce.technician(), workforce.technician(name="Lea Roth")
        mine = visits.visit(project, tomas)
        other = visits.visit(project, lea, starts="Wed 2026-03-18 09:00")
        ada = people.user()

    seen_by_tomas = viewer_of(tomas.user)
    assert queries.visit_for(seen_by_tomas, mine.id).id == mine.id
    with pytest.raises(NotFound):
        queries.visit_for(seen_by_tomas, other.id)
    assert [visit.id for visit in queries.visits_of_project(seen_by_tomas, project.id)] == [mine.id]
    assert [visit.id for visit in queries.visits_of_project(viewer_of(ada), project.id)] == [
        mine.id,
        other.id,
    ]
    assert queries.next_visit_of_project(viewer_of(ada), project.id, at=NOW) is mine


def test_visits_between_two_instants_leave_out_what_only_touches(app: Flask) -> None:
    with unit_of_work():
        project = projects.draft()
        ada = people.user()
        visits.visit(project, starts="Mon 2026-03-16 08:00", ends="Tue 2026-03-17 00:00")
        inside = visits.visit(project, starts="Mon 2026-03-16 08:00", ends="Wed 2026-03-18 12:00")
        visits.visit(project, starts="Wed 2026-03-18 00:00")

    found = queries.visits_between(
        viewer_of(ada),
        from_at=at("Tue 2026-03-17 00:00+01:00"),
        to_at=at("Wed 2026-03-18 00:00+01:00"),
    )

    assert [visit.id for visit in found] == [inside.id]


def test_a_reason_covers_what_it_was_given_for_and_nothing_new(app: Flask) -> None:
    with unit_of_work():
        project = projects.draft()
        lea = workforce.technician(name="Lea Roth")
        workforce.absence(lea, on("Thu 2026-03-19"))
        visit = visits.visit(project, lea, skill="orbitrap", reason="She is being certified.")

    def move(day: str, reason: str = "") -> None:
        with unit_of_work():
            arranging.move_visit(
                queries.visit_for_change(visit.id),
                starts_local=wall(f"{day} 09:00"),
                ends_local=wall(f"{day} 12:00"),
                site=site_of(project),
                conflict_reason=reason,
                at=NOW,
                actor_id=None,
            )

    move("Wed 2026-03-18")
    assert visits.again(visit).crew_members[0].conflict_reason == "She is being certified."
    with pytest.raises(checks.Conflicting, match="Lea Roth is away"):
        move("Thu 2026-03-19")
    move("Thu 2026-03-19", "She offered to come.")
    assert visits.again(visit).crew_members[0].conflict_reason == "She offered to come."
