"""A newer version of a playbook comes to running projects: what it changes follows, what is theirs stays."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from flask import Flask

from concierge.catalogue import contents
from concierge.catalogue import queries as catalogue
from concierge.catalogue.actions import drafting, playbooks
from concierge.catalogue.contents import Contents, ItemPart, LinkPart, MilestonePart
from concierge.catalogue.models import Playbook
from concierge.catalogue.states import (
    Audience,
    DaysOf,
    ItemType,
    LinkKind,
    MilestoneKind,
    Severity,
    Team,
)
from concierge.platform.database import db, unit_of_work
from concierge.platform.errors import Refused
from concierge.projects import queries
from concierge.projects.actions import adopting, milestones, shaping
from concierge.projects.models import Project
from concierge.projects.queries import playbooks as followed
from concierge.projects.states import MilestoneState
from concierge.readiness import queries as readiness
from concierge.readiness.actions import answering
from concierge.visits.models import Visit
from tests.makers import orders, projects

AT = orders.RECEIVED + timedelta(days=1)


def live() -> int:
    """A project under way on version 1 of the standard playbook."""
    with unit_of_work():
        project = projects.live()
    return project.id


def publish(change: object = None, **parts: object) -> Playbook:
    """Publish version 2 of the standard playbook with other parts."""
    with unit_of_work():
        whole = catalogue.contents_of("standard")
        version = drafting.import_draft(replace(whole, **parts), actor_id=None, at=AT)  # type: ignore[arg-type]  # parts of a playbook
        playbooks.publish(catalogue.version_for_change(version.id), actor_id=None, at=AT)
        return version.playbook


def standard() -> Contents:
    found = catalogue.contents_of("standard")
    db.session.rollback()
    return found


def with_other(whole: Contents, key: str, **values: object) -> tuple[MilestonePart, ...]:
    return tuple(replace(one, **values) if one.key == key else one for one in whole.milestones)  # type: ignore[arg-type]  # its values


def adopt(project_id: int, playbook: Playbook) -> Project:
    with unit_of_work():
        adopting.adopt(project_id, playbook.id, actor_id=None, at=AT)
    return load(project_id)


def load(project_id: int) -> Project:
    db.session.rollback()
    db.session.expunge_all()
    with unit_of_work():
        return queries.project_for_change(project_id)


def names_of(project: Project, key: str) -> set[str]:
    by_id = {one.id: one.key for one in project.milestones}
    return {by_id[link.predecessor_id] for link in projects.milestone(project, key).links}


CALL = MilestonePart(
    key="call",
    name={"en": "Call before delivery", "de": "Anruf vor der Lieferung"},
    kind=MilestoneKind.OTHER,
    team=Team.CONCIERGE,
    workdays=2,
    links=(LinkPart(predecessor_key="ship-release"),),
)


def test_what_changed_between_versions_is_done_to_the_plan(app: Flask) -> None:
    project_id = live()
    whole = standard()
    before = projects.milestone(load(project_id), "handover").forecast_on
    longer = with_other(whole, "install", workdays=4)
    rest = with_other(
        replace(whole, milestones=longer), "delivery", links=(LinkPart(predecessor_key="call", lag=3),)
    )
    playbook = publish(milestones=(*rest, CALL))

    project = adopt(project_id, playbook)

    assert projects.milestone(project, "install").workdays == 4
    assert names_of(project, "delivery") == {"call"}
    assert names_of(project, "call") == {"ship-release"}
    assert projects.milestone(project, "handover").forecast_on > before  # type: ignore[operator]  # dates
    assert [one.position for one in project.milestones] == list(range(len(project.milestones)))
    assert [one.version.number for one in queries.playbooks_of(project_id, whole=True)] == [2]
    with pytest.raises(Refused, match="nothing to take over"), unit_of_work():
        adopting.adopt(project_id, playbook.id, actor_id=None, at=AT)


def test_what_the_project_changed_itself_stays(app: Flask) -> None:
    project_id = live()
    whole = standard()
    project = load(project_id)
    install, delivery = projects.milestone(project, "install"), projects.milestone(project, "delivery")
    with unit_of_work():
        wanted = replace(shaping.Shape.of(install), workdays=6)
        shaping.shape(project_id, install.id, wanted, reason="", actor_id=None, at=AT)
        _project, own = shaping.add(
            project_id, name={"en": "Crane"}, workdays=1, days_of=DaysOf.SITE, team=Team.LOGISTICS,
            audience=Audience.INTERNAL, after_id=delivery.id, before_id=install.id, actor_id=None, at=AT,
        )  # fmt: skip
        own_id = own.id
    playbook = publish(milestones=with_other(whole, "install", workdays=3, team=Team.OPERATIONS))
    seen = adopting.foresee_adoption(load(project_id), followed.newest_version(playbook.id))
    db.session.rollback()

    project = adopt(project_id, playbook)

    install = projects.milestone(project, "install")
    assert (install.workdays, install.team) == (6, Team.OPERATIONS)
    assert seen.changed[0].kept == ("workdays",)
    assert next(one for one in project.milestones if one.id == own_id).state is MilestoneState.PLANNED
    assert "own-crane" in names_of(project, "install")


def test_what_is_done_stays_and_what_comes_before_it_is_not_taken_in(app: Flask) -> None:
    project_id = live()
    whole = standard()
    project = load(project_id)
    with unit_of_work():
        kick_off = projects.milestone(project, "kick-off")
        milestones.finish(project_id, kick_off.id, on=date(2026, 3, 3), actor_id=None, at=AT)
    early = replace(CALL, key="early", links=(LinkPart(predecessor_key="order"),))
    others = with_other(whole, "kick-off", workdays=9, links=(LinkPart(predecessor_key="early"),))
    playbook = publish(milestones=(*others, early))

    project = adopt(project_id, playbook)

    kick_off = projects.milestone(project, "kick-off")
    assert (kick_off.workdays, kick_off.state, kick_off.finished_on) == (
        1,
        MilestoneState.DONE,
        date(2026, 3, 3),
    )
    assert not [one for one in project.milestones if one.key == "early"]


def test_a_milestone_that_is_gone_is_left_out_with_its_visits_and_comes_back(app: Flask) -> None:
    project_id = live()
    whole = standard()
    fewer = tuple(one for one in whole.milestones if one.key != "delivery")
    bridged = tuple(
        replace(one, links=(LinkPart(predecessor_key="ship-release", lag=4),))
        if one.key == "install"
        else one
        for one in fewer
    )
    playbook = publish(milestones=bridged)

    project = adopt(project_id, playbook)

    delivery = projects.milestone(project, "delivery")
    visit = db.session.query(Visit).filter(Visit.milestone_id == delivery.id).one()
    assert delivery.state is MilestoneState.SKIPPED
    assert delivery.forecast_on is None
    assert delivery.promised_on is not None, "what was promised is not forgotten"
    assert visit.state.value == "cancelled"
    assert names_of(project, "install") == {"ship-release"}
    db.session.rollback()
    playbook = publish(milestones=whole.milestones)
    project = adopt(project_id, playbook)
    assert projects.milestone(project, "delivery").state is MilestoneState.PLANNED
    assert names_of(project, "install") == {"delivery"}


def test_answers_to_the_checklist_are_kept(app: Flask) -> None:
    project_id = live()
    whole = standard()
    with unit_of_work():
        found = readiness.checklist_of(project_id)
        assert found is not None
        items = {item.key: item for item in found.items}
        answering.answer_item(items["receiving"], typed="Yuki, 7 to 15", at=AT, by=answering.Answerer())
        answering.answer_item(items["power"], typed="yes", at=AT, by=answering.Answerer())
    door = ItemPart(
        key="door", section="access", type=ItemType.CONFIRM, requirement={"en": "The door is open"}, due_offset=-3,
        severity=Severity.ADVISORY,
    )  # fmt: skip
    kept = [one for one in whole.items if one.key not in {"receiving", "network"}]
    kept[0] = replace(kept[0], due_offset=-20)
    playbook = publish(items=(*kept, door))

    adopt(project_id, playbook)

    found = readiness.checklist_of(project_id)
    assert found is not None
    items = {item.key: item for item in found.items}
    assert "door" in items
    assert "network" not in items, "nobody had answered it"
    assert items["receiving"].value == "Yuki, 7 to 15"
    assert items["receiving"].gate is None, "what is no longer asked holds nothing"
    assert items["power"].value == "yes"
    assert items[kept[0].key].due_on == found.anchor_on - timedelta(days=20)
    gate = next(one for one in load(project_id).gates if one.kind.value == "ship")
    assert "receiving" not in [one["key"] for one in gate.holding]


def test_a_link_that_was_changed_by_hand_stays_and_a_new_kind_of_link_comes(app: Flask) -> None:
    project_id = live()
    whole = standard()
    training_links = (LinkPart(predecessor_key="delivery", kind=LinkKind.START_TO_START, lag=1),)
    playbook = publish(milestones=with_other(whole, "handover", links=training_links))

    project = adopt(project_id, playbook)

    (link,) = projects.milestone(project, "handover").links
    assert (link.kind, link.lag) == (LinkKind.START_TO_START, 1)
    assert contents.fingerprint(whole) != contents.fingerprint(standard())


def test_an_ended_project_takes_nothing_over(app: Flask) -> None:
    project_id = live()
    with unit_of_work():
        project = queries.project_for_change(project_id)
        project.cancel_reason, project.cancelled_at = "Not wanted", datetime(2026, 3, 9, tzinfo=UTC)
        project.state = type(project.state).CANCELLED
    playbook = publish(note="Another note")

    with pytest.raises(Refused, match="nothing in its plan changes"), unit_of_work():
        adopting.adopt(project_id, playbook.id, actor_id=None, at=AT)
