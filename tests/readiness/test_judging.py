"""A site is judged, waived, signed and frozen; what changes afterwards is said with what and by whom."""

from collections.abc import Callable
from datetime import date, datetime, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from concierge.catalogue.states import DueDays, Evidence, GateKind, Reviewer
from concierge.identity.models import User
from concierge.platform.database import db, unit_of_work
from concierge.platform.events import RecordedEvent
from concierge.projects.actions import gates, milestones, rescheduling
from concierge.projects.models import Gate, Project
from concierge.projects.states import GateState
from concierge.readiness import queries
from concierge.readiness.actions import answering, assessing, attaching, chasing, judging, signing, waiving
from concierge.readiness.actions.answering import Answerer, WrongMoment
from concierge.readiness.document import filling
from concierge.readiness.models import (
    Assessment,
    Checklist,
    CustomerLink,
    ReadinessItem,
    ReadinessSignature,
    Waiver,
)
from concierge.readiness.states import (
    Channel,
    Decision,
    DocumentKind,
    Freeze,
    ItemState,
    Occasion,
    Standing,
    Verdict,
)
from tests.makers import orders, people, projects, readiness
from tests.makers.days import on
from tests.makers.pages import hidden_in

AT = orders.RECEIVED
LATER = AT + timedelta(minutes=5)
TODAY = AT.date()
OURS = Answerer()
MEANING = "I confirm that this is true."


@pytest.fixture
def project(app: Flask) -> Project:
    with unit_of_work():
        return readiness.project()


@pytest.fixture
def yuki(project: Project) -> Answerer:
    with unit_of_work():
        made = CustomerLink(
            project_id=project.id, name="Yuki Tanaka", email="yuki@halden.example", nonce="0" * 32, created_at=AT,
            token_hash="0" * 64, expires_at=AT,
        )  # fmt: skip
        db.session.add(made)
    return Answerer(link_id=made.id, name="Yuki Tanaka", channel=Channel.WEB)


def answer(project: Project, key: str, typed: str, by: Answerer = OURS, at: datetime = AT) -> None:
    with unit_of_work():
        answering.answer_item(readiness.item(project, key), typed=typed, at=at, by=by)


def attach(project: Project, key: str = "floor-plan", by: Answerer = OURS, data: bytes = b"%PDF-1.7") -> None:
    with unit_of_work():
        attaching.attach_file(readiness.item(project, key), name="a", data=data, at=AT, by=by)


def settle(project: Project, by: Answerer = OURS) -> None:
    """Answer everything that holds delivery."""
    answer(project, "circuit", "yes", by)
    answer(project, "temperature", "21", by)
    attach(project, by=by)


def gate(project: Project, kind: GateKind = GateKind.SHIP) -> Gate:
    db.session.rollback()
    return db.session.scalars(
        sa.select(Gate)
        .where(Gate.project_id == project.id, Gate.kind == kind)
        .execution_options(populate_existing=True)
    ).one()


def told(name: str) -> list[RecordedEvent]:
    db.session.rollback()
    return list(
        db.session.scalars(
            sa.select(RecordedEvent).where(RecordedEvent.name == name).order_by(RecordedEvent.id)
        )
    )


def assess(project: Project, **more: object) -> Assessment:
    with unit_of_work():
        return assessing.assess(
            readiness.checklist(project),
            **{
                "occasion": Occasion.BY_HAND,
                "gate": GateKind.SHIP,
                "on": TODAY,
                "at": AT,
                "actor_id": None,
                **more,
            },  # type: ignore[arg-type]
        )


def waive(project: Project, key: str = "circuit", **more: object) -> Waiver:
    known: dict[str, object] = {
        "name": "Ruth Weber", "reason": "The electrician comes on Friday.", "expires_on": TODAY + timedelta(days=7),
        "today": TODAY, "at": AT, "actor_id": None,
    }  # fmt: skip
    with unit_of_work():
        return waiving.waive_item(readiness.item(project, key), **{**known, **more})  # type: ignore[arg-type]


# --- review


def test_an_answer_that_needs_review_counts_only_when_accepted(app: Flask) -> None:
    asked = readiness.wanted("circuit")
    asked.reviewer = Reviewer.ENGINEER
    with unit_of_work():
        project = readiness.project(readiness.instrument(items=[asked]))
    answer(project, "circuit", "yes")
    assert readiness.item(project, "circuit").needs_review
    assert gate(project).state is GateState.HELD

    with unit_of_work():
        selin = people.user(name="Selin")
        judging.accept_item(
            readiness.item(project, "circuit"), note="Seen on the photo", at=AT, actor_id=selin.id
        )

    item = readiness.item(project, "circuit")
    assert (item.reviewed_by_id, item.review_note, item.comment) == (selin.id, "Seen on the photo", "")
    assert gate(project).state is GateState.CLEAR


def test_two_files_that_are_needed_are_two(app: Flask) -> None:
    asked = readiness.four_items()[2]
    asked.file_count = 2
    with unit_of_work():
        project = readiness.project(readiness.instrument(items=[asked]))
    attach(project)
    attach(project)  # the same file again
    assert not readiness.item(project, "floor-plan").is_cleared
    attach(project, data=b"%PDF-1.7 page 2")
    assert readiness.item(project, "floor-plan").is_cleared


def test_a_file_of_another_kind_proves_nothing_until_somebody_says_why_it_will_do(app: Flask) -> None:
    """Neither an upload nor a measure with evidence opens a gate by a text where a photo or certificate is asked."""
    asked = readiness.four_items()
    for one in asked[:3]:
        one.evidence, one.file_kinds = Evidence.REQUIRED, ["photo", "certificate"]
    with unit_of_work():
        project = readiness.project(readiness.instrument(items=asked))
    settle(project)
    attach(project, "circuit", data=b"It is there.")
    attach(project, "temperature", data=b"21.4")
    assert gate(project).open_items == 2
    assert readiness.item(project, "temperature").verdict is Verdict.OK
    assert chased_keys(project) >= {"circuit", "temperature"}

    with unit_of_work(), pytest.raises(WrongMoment, match="another kind of file"):
        judging.accept_item(readiness.item(project, "circuit"), at=AT, actor_id=None)
    with unit_of_work():
        judging.accept_item(readiness.item(project, "circuit"), note="Seen on site", at=AT, actor_id=None)
    attach(project, "temperature", data=b"\xff\xd8\xff photo")

    assert gate(project).state is GateState.CLEAR
    assert not chased_keys(project) & {"circuit", "temperature"}


def test_a_contradiction_holds_the_gate_until_somebody_chooses(project: Project, yuki: Answerer) -> None:
    """Also under an answer that was accepted, and after the site was said to be ready."""
    settle(project)
    with unit_of_work():
        judging.accept_item(readiness.item(project, "circuit"), at=AT, actor_id=None)
    declare(project, yuki)
    assert gate(project).state is GateState.CLEAR

    for choose in (True, False):
        with unit_of_work():
            circuit = readiness.item(project, "circuit")
            answering.answer_item(circuit, typed="no", comment=str(choose), at=AT, by=yuki, seen=0)
        held = gate(project)
        assert (held.state, [one["key"] for one in held.holding]) == (GateState.HELD, ["circuit"])
        assert readiness.checklist(project).ready_lost_at is not None
        with unit_of_work(), pytest.raises(WrongMoment, match="Choose which one counts"):
            judging.accept_item(readiness.item(project, "circuit"), at=AT, actor_id=None)
        rows = queries.history_of(readiness.item(project, "circuit").id)
        with unit_of_work():
            circuit = readiness.item(project, "circuit")
            if choose:
                counts = next(row for row in rows if row.standing is Standing.CURRENT)
                answering.choose_answer(circuit, counts.id, at=AT, actor_id=None)
            else:
                other = next(row for row in rows if row.standing is Standing.CONFLICT)
                answering.dismiss_answer(circuit, other.id, at=AT, actor_id=None)
        assert gate(project).state is GateState.CLEAR
        assert readiness.checklist(project).ready_lost_at is None


def chased_keys(project: Project) -> set[str]:
    """Keys of what the customer owes."""
    db.session.rollback()
    return set(
        db.session.scalars(
            sa.select(ReadinessItem.key)
            .join(ReadinessItem.checklist)
            .where(Checklist.project_id == project.id, *chasing._owing(TODAY))
        )
    )


# --- waivers


def test_a_waiver_opens_the_ship_gate_and_holds_installation(project: Project) -> None:
    answer(project, "temperature", "21")
    attach(project)
    assert gate(project).open_items == 1

    waive(project)

    assert gate(project).state is GateState.CLEAR
    install = gate(project, GateKind.INSTALL)
    assert (install.state, [one["key"] for one in install.holding]) == (GateState.HELD, ["circuit"])


def test_a_waiver_runs_out_by_itself_at_the_sites_day(project: Project) -> None:
    answer(project, "temperature", "21")
    attach(project)
    waive(project, expires_on=TODAY + timedelta(days=2))

    run_chore(project, TODAY + timedelta(days=2))
    assert gate(project).state is GateState.CLEAR, "it holds until the end of its last day"
    run_chore(project, TODAY + timedelta(days=3))

    assert gate(project).state is GateState.HELD
    waiver = db.session.scalars(sa.select(Waiver)).one()
    assert (waiver.ended_at is not None, waiver.ended_why) == (True, waiving.EXPIRED)
    assert readiness.item(project, "circuit").waived_until is None


def run_chore(project: Project, day: date) -> None:
    db.session.rollback()
    with unit_of_work():
        at = datetime.combine(day, AT.timetz())
        assessing.judge_if_due(readiness.checklist(project).id, at=at)


def test_waivers_end_when_installation_begins(project: Project) -> None:
    answer(project, "temperature", "21")
    attach(project)
    waive(project, expires_on=TODAY + timedelta(days=50))
    with unit_of_work():
        readiness.checklist(project).install_on = TODAY + timedelta(days=3)

    run_chore(project, TODAY + timedelta(days=3))

    assert db.session.scalars(sa.select(Waiver)).one().ended_why == waiving.INSTALLING
    assert gate(project, GateKind.INSTALL).state is GateState.HELD or gate(project).state is GateState.HELD


def test_an_answer_settles_a_waiver(project: Project) -> None:
    waive(project)
    answer(project, "circuit", "yes")

    assert db.session.scalars(sa.select(Waiver)).one().ended_why == waiving.SETTLED
    assert readiness.item(project, "circuit").waived_until is None


REFUSED = {
    "yesterday": ({"expires_on": TODAY - timedelta(days=1)}, waiving.NotWaivable, "passed"),
    "next year": ({"expires_on": TODAY + timedelta(days=300)}, waiving.NotWaivable, "may hold until"),
    "no reason": ({"reason": "  ok "}, waiving.NotWaivable, "reason"),
    "nobody": ({"name": " "}, waiving.NotWaivable, "by name"),
    "advice": ({"key": "storage"}, answering.WrongMoment, "holds delivery"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_waiver_is_refused(project: Project, case: str) -> None:
    more, kind, said = REFUSED[case]
    with pytest.raises(kind, match=said):
        waive(project, **more)  # type: ignore[arg-type]
    assert list(db.session.scalars(sa.select(Waiver))) == []


def test_a_waiver_does_not_reach_into_installation(project: Project) -> None:
    with unit_of_work():
        readiness.checklist(project).install_on = TODAY + timedelta(days=5)

    with pytest.raises(waiving.NotWaivable):
        waive(project, expires_on=TODAY + timedelta(days=5))
    waive(project, expires_on=TODAY + timedelta(days=4))
    with unit_of_work():
        readiness.checklist(project).install_on = TODAY
    with pytest.raises(answering.WrongMoment, match="Installation begins"):
        waive(project, expires_on=TODAY)


def test_a_later_waiver_replaces_the_one_before(project: Project) -> None:
    waive(project)
    waive(project, name="Ada Lind", expires_on=TODAY + timedelta(days=9))

    rows = db.session.scalars(sa.select(Waiver).order_by(Waiver.id)).all()
    assert [(row.name, row.ended_at is None) for row in rows] == [("Ruth Weber", False), ("Ada Lind", True)]


def test_what_was_let_pass_for_shipping_holds_installation(project: Project) -> None:
    with unit_of_work():
        ruth = people.user(name="Ruth Weber")
        gates.override(project.id, GateKind.SHIP, reason="The crane is paid.", actor_id=ruth.id, at=AT)

    assert gate(project).state is GateState.OVERRIDDEN
    install = gate(project, GateKind.INSTALL)
    assert (install.state, install.open_items) == (GateState.HELD, 3)


# --- assessments


def test_an_assessment_keeps_how_everything_stood(project: Project) -> None:
    answer(project, "circuit", "yes")
    made = assess(project, signed_name="Maja Brunner", meaning=MEANING)

    assert (made.is_ready, made.percent, made.critical_open) == (False, 25, 2)
    stood = {one["key"]: (one["value"], one["is_done"]) for one in made.standing}
    assert stood == {
        "circuit": ("yes", True),
        "temperature": ("", False),
        "floor-plan": ("", False),
        "storage": ("", False),
    }
    answer(project, "circuit", "no")
    db.session.rollback()
    again = db.session.get(Assessment, made.id, populate_existing=True)
    assert again is not None
    assert again.content_hash == made.content_hash
    assert {one["key"]: one["value"] for one in again.standing}["circuit"] == "yes"


def test_what_was_judged_never_changes(project: Project) -> None:
    made = assess(project)

    def spoil() -> None:
        with unit_of_work():
            again(made).percent = 100

    def sign_as(name: str) -> None:
        with unit_of_work():
            person = people.user(name=name)
            assessing.sign_assessment(
                again(made), project_id=project.id, name=name, meaning=MEANING, at=AT, actor_id=person.id
            )

    with pytest.raises(AssertionError, match="never changes"):
        spoil()
    sign_as("Ada Lind")
    with pytest.raises(assessing.NotAssessable, match="already"):
        sign_as("Bob")


def again(made: Assessment) -> Assessment:
    row = db.session.get(Assessment, made.id, populate_existing=True)
    assert row is not None
    return row


def occasions(project: Project) -> list[tuple[str, date]]:
    rows = queries.assessments_of(readiness.checklist(project).id)
    return [(row.occasion.value, row.on) for row in reversed(rows)]


def test_a_site_is_judged_14_and_7_days_before_and_on_the_day(project: Project) -> None:
    delivery = readiness.checklist(project).anchor_on
    assert delivery == on("Wed 2026-04-29")
    install = readiness.checklist(project).install_on
    assert install is not None
    for number in range(30):
        for _twice in range(2):
            run_chore(project, delivery + timedelta(days=number - 20))

    assert occasions(project) == [
        ("14 days before", on("Wed 2026-04-15")),
        ("7 days before", on("Wed 2026-04-22")),
        ("on the day", install),
    ]
    assert queries.assessments_of(readiness.checklist(project).id)[0].gate is GateKind.INSTALL


def test_a_missed_day_is_made_up_and_other_dates_are_judged_again(project: Project) -> None:
    delivery = readiness.checklist(project).anchor_on
    run_chore(project, delivery - timedelta(days=11))
    assert occasions(project) == [("14 days before", delivery - timedelta(days=11))]

    with unit_of_work():
        row = projects.milestone(project, "delivery")
        rescheduling.move_milestone(
            project.id, row.id, to=delivery + timedelta(days=21), reason="Late.", actor_id=None, at=AT
        )
    moved = readiness.checklist(project).anchor_on
    run_chore(project, moved - timedelta(days=14))

    assert [name for name, _on in occasions(project)] == ["14 days before", "14 days before"]


def test_the_day_is_the_one_at_the_site(app: Flask) -> None:
    with unit_of_work():
        project = readiness.project(country="JP")
    from concierge.projects.queries import project_for_change  # only here

    with unit_of_work():
        found = project_for_change(project.id)
        found.site.zone = "Asia/Tokyo"
    delivery = readiness.checklist(project).anchor_on
    just_after = datetime.fromisoformat(f"{delivery - timedelta(days=15)}T15:30:00+00:00")  # 00:30 in Tokyo
    with unit_of_work():
        assessing.judge_if_due(readiness.checklist(project).id, at=just_after)

    assert occasions(project) == [("14 days before", delivery - timedelta(days=14))]


def test_a_list_issued_too_late_is_not_judged_for_a_day_before_it(project: Project) -> None:
    with unit_of_work():
        checklist = readiness.checklist(project)
        checklist.issued_at = datetime.combine(checklist.anchor_on - timedelta(days=9), AT.timetz())
    delivery = readiness.checklist(project).anchor_on
    run_chore(project, delivery - timedelta(days=9))
    run_chore(project, delivery - timedelta(days=7))

    assert [name for name, _on in occasions(project)] == ["7 days before"]


# --- was ready, but changed


def test_a_site_that_was_ready_and_changed_is_told_with_what_and_by_whom(
    project: Project, yuki: Answerer
) -> None:
    settle(project)
    assess(project, signed_name="Maja Brunner", meaning=MEANING)
    assert readiness.checklist(project).ready_lost_at is None

    answer(project, "temperature", "31", yuki)

    lost = readiness.checklist(project)
    assert lost.ready_lost_at == AT
    assert lost.ready_lost["name"] == "Maja Brunner"
    assert [(one["key"], one["before"], one["after"], one["by"]) for one in lost.ready_lost["changes"]] == [
        ("temperature", "21", "31", "Yuki Tanaka")
    ]
    event = told("ReadinessLost")[0]
    assert (event.payload["said_by"], event.payload["by_name"]) == ("Maja Brunner", "Yuki Tanaka")

    answer(project, "temperature", "22", yuki)
    again = readiness.checklist(project)
    assert (again.ready_lost_at, again.ready_lost) == (None, {})
    assert len(told("ReadinessRegained")) == 1


def test_a_second_change_keeps_who_made_the_first(project: Project, yuki: Answerer) -> None:
    settle(project)
    assess(project)
    answer(project, "temperature", "31", yuki)
    with unit_of_work():
        ada = people.user(name="Ada Lind")
    answer(project, "circuit", "no", Answerer(user_id=ada.id))

    changes = readiness.checklist(project).ready_lost["changes"]
    assert {one["key"]: one["by"] for one in changes} == {"temperature": "Yuki Tanaka", "circuit": "Ada Lind"}
    assert len(told("ReadinessLost")) == 1


def test_a_waiver_that_runs_out_loses_readiness_by_nobody(project: Project) -> None:
    answer(project, "temperature", "21")
    attach(project)
    waive(project, expires_on=TODAY + timedelta(days=2))
    assert assess(project).is_ready

    run_chore(project, TODAY + timedelta(days=3))

    (change,) = readiness.checklist(project).ready_lost["changes"]
    assert (change["key"], change["what"], change["by"]) == ("circuit", "waiver", "")


def test_a_site_that_was_never_ready_loses_nothing(project: Project) -> None:
    assess(project)
    answer(project, "temperature", "31")

    assert told("ReadinessLost") == []


def test_a_judgement_made_by_itself_does_not_hide_what_was_lost(project: Project) -> None:
    settle(project)
    assess(project, signed_name="Maja Brunner", meaning=MEANING)
    answer(project, "temperature", "31")
    run_chore(project, readiness.checklist(project).anchor_on - timedelta(days=7))

    assert occasions(project)[-1][0] == "7 days before"
    assert readiness.checklist(project).ready_lost_at is not None


def reach(project: Project, *keys: str) -> None:
    """Finish milestones, one after the other."""
    for key in keys:
        with unit_of_work():
            row = projects.milestone(project, key)
            milestones.finish(project.id, row.id, on=TODAY, actor_id=None, at=AT)


UNTIL_RELEASE = ("lab-prep", "ship-released")


def test_what_installation_asks_is_not_lost_by_delivery(project: Project) -> None:
    settle(project)
    assess(project)
    reach(project, *UNTIL_RELEASE, "delivery")
    answer(project, "temperature", "31")

    assert readiness.checklist(project).ready_lost_at is None
    install = gate(project, GateKind.INSTALL)
    assert (install.state, [one["key"] for one in install.holding]) == (GateState.HELD, ["temperature"])


# --- signatures


def sign(project: Project, yuki: Answerer, section: str = "power", **more: object) -> ReadinessSignature:
    with unit_of_work():
        return signing.sign_section(
            readiness.checklist(project),
            section,
            name="Yuki Tanaka",
            meaning=MEANING,
            at=AT,
            by=yuki,
            **more,  # type: ignore[arg-type]
        )


def declare(
    project: Project, yuki: Answerer, decision: Decision = Decision.READY, conditions: str = ""
) -> ReadinessSignature:
    with unit_of_work():
        return signing.sign_list(
            readiness.checklist(project), name="Yuki Tanaka", decision=decision, conditions=conditions,
            meaning=MEANING, at=AT, by=yuki,
        )  # fmt: skip


def signatures(project: Project) -> list[ReadinessSignature]:
    return list(reversed(queries.signatures_on(readiness.checklist(project).id)))


def test_a_section_is_signed_once_everything_in_it_is_answered(project: Project, yuki: Answerer) -> None:
    with pytest.raises(signing.NotSignable, match="Dedicated circuit is live"):
        sign(project, yuki)
    answer(project, "circuit", "yes", yuki)
    with pytest.raises(signing.NotSignable, match="Type your name"), unit_of_work():
        signing.sign_section(readiness.checklist(project), "power", name=" ", meaning=MEANING, at=AT, by=yuki)
    with pytest.raises(signing.NotSignable, match="nothing to sign"):
        sign(project, yuki, "water")

    first = sign(project, yuki)
    assert sign(project, yuki).id == first.id, "signing twice is signing once"
    assert [one["key"] for one in first.content] == ["circuit"]


def test_a_signature_ends_when_what_was_signed_changes_and_says_why(project: Project, yuki: Answerer) -> None:
    settle(project, yuki)
    with unit_of_work():
        readiness.item(project, "temperature").requirement = {"en": "Temperature", "de": "Temperatur"}
    sign(project, yuki)
    sign(project, yuki, "climate")

    answer(project, "temperature", "24", yuki)

    power, climate = signatures(project)
    assert power.ended_at is None, "another section says what it said"
    assert climate.ended_at == AT
    assert climate.ended_why == "Temperature: 21 → 24"
    assert [(one["key"], one["by"]) for one in climate.changes] == [("temperature", "Yuki Tanaka")]
    assert _ended_in_german(project, "climate") == ["Temperatur: 21 °C → 24 °C"]
    with unit_of_work():
        signing.sign_section(
            readiness.checklist(project), "power", name="Kenji", meaning=MEANING, at=LATER, by=yuki
        )
    assert _ended_in_german(project, "power") == ["neu unterschrieben von Kenji"]


def _ended_in_german(project: Project, section: str) -> list[str]:
    """What a record in German says of the signatures under a section that count no more."""
    found = readiness.checklist(project)
    told = filling.filled(found, queries.project_of(found), language="de", kind=DocumentKind.RECORD)
    (part,) = [one for one in told.sections if one.key == section]
    return [one.ended.replace("\xa0", " ") for one in part.signatures if one.ended]


def test_accepting_an_answer_ends_no_signature(project: Project, yuki: Answerer) -> None:
    answer(project, "circuit", "yes", yuki)
    sign(project, yuki)
    with unit_of_work():
        judging.accept_item(readiness.item(project, "circuit"), at=AT, actor_id=None)

    assert signatures(project)[0].ended_at is None


def test_a_further_file_and_a_return_end_it(project: Project, yuki: Answerer) -> None:
    attach(project, by=yuki)
    answer(project, "storage", "yes", yuki)
    sign(project, yuki, "access")
    attach(project, by=yuki)
    assert signatures(project)[0].changes[0]["what"] == "files"

    sign(project, yuki, "access")
    with unit_of_work():
        judging.return_item(readiness.item(project, "storage"), reason="Which room?", at=AT, actor_id=None)
    assert [one.ended_at is None for one in signatures(project)] == [False, False]


def test_who_signs_what_changed_meanwhile_is_told(project: Project, yuki: Answerer) -> None:
    answer(project, "circuit", "yes", yuki)
    seen = signing.hash_of(readiness.checklist(project), "power")
    answer(project, "circuit", "no")

    with pytest.raises(signing.ChangedMeanwhile):
        sign(project, yuki, seen_hash=seen)
    assert signatures(project) == []


def test_a_site_is_not_declared_ready_while_something_critical_is_open(
    project: Project, yuki: Answerer
) -> None:
    answer(project, "circuit", "yes", yuki)
    with pytest.raises(signing.NotSignable, match="2 points still hold delivery"):
        declare(project, yuki)
    with pytest.raises(signing.NotSignable, match="conditions"):
        declare(project, yuki, Decision.WITH_CONDITIONS)

    declare(project, yuki, Decision.WITH_CONDITIONS, "The log comes on Friday.")
    assert told("ReadinessLost") == [], "what was open then is no news"
    answer(project, "circuit", "no", yuki)
    assert len(told("ReadinessLost")) == 1


# --- frozen


def test_after_the_sign_off_a_change_is_reported_and_looked_at(project: Project, yuki: Answerer) -> None:
    settle(project, yuki)
    declare(project, yuki)
    assert readiness.checklist(project).frozen_why is Freeze.SIGNED_OFF

    answer(project, "temperature", "22", yuki)

    item = readiness.item(project, "temperature")
    assert (item.reported_at, item.needs_review, item.is_cleared) == (AT, True, False)
    assert gate(project).state is GateState.HELD
    assert signatures(project)[0].ended_why == "Temperature: 21 → 22"
    assert told("ItemAnswered")[-1].payload["is_reported"] is True
    with unit_of_work():
        judging.accept_item(readiness.item(project, "temperature"), at=AT, actor_id=None)
    assert readiness.item(project, "temperature").reported_at is None
    assert gate(project).state is GateState.CLEAR


def test_answering_what_was_open_reports_nothing(project: Project, yuki: Answerer) -> None:
    settle(project, yuki)
    declare(project, yuki)

    answer(project, "storage", "yes", yuki)

    assert readiness.item(project, "storage").reported_at is None
    assert readiness.item(project, "storage").state is ItemState.ANSWERED


def test_a_frozen_list_is_thawed_by_name_and_reason(project: Project, yuki: Answerer) -> None:
    settle(project, yuki)
    declare(project, yuki)
    with pytest.raises(signing.NotSignable, match="reason"), unit_of_work():
        signing.thaw(readiness.checklist(project), reason=" ", at=AT, actor_id=None)
    with unit_of_work():
        signing.thaw(readiness.checklist(project), reason="The room changes.", at=AT, actor_id=None)

    answer(project, "temperature", "22", yuki)
    assert readiness.item(project, "temperature").is_cleared
    assert told("ChecklistThawed")[0].payload["reason"] == "The room changes."


def test_not_ready_takes_the_freeze_back(project: Project, yuki: Answerer) -> None:
    settle(project, yuki)
    declare(project, yuki)
    declare(project, yuki, Decision.NOT_READY)

    assert readiness.checklist(project).frozen_at is None


def test_releasing_shipping_freezes_and_reopening_it_thaws(project: Project, yuki: Answerer) -> None:
    settle(project, yuki)
    reach(project, *UNTIL_RELEASE)
    assert readiness.checklist(project).frozen_why is Freeze.SHIP_RELEASED
    reopen(project, "ship-released")
    assert readiness.checklist(project).frozen_at is None

    declare(project, yuki)
    reach(project, "ship-released")
    reopen(project, "ship-released")
    assert readiness.checklist(project).frozen_why is Freeze.SIGNED_OFF


def reopen(project: Project, key: str) -> None:
    with unit_of_work():
        row = projects.milestone(project, key)
        milestones.reopen(project.id, row.id, reason="Not yet.", actor_id=None, at=AT)


def test_delivery_that_moves_dates_open_items_only(project: Project) -> None:
    answer(project, "circuit", "yes")
    before = {item.key: item.due_on for item in readiness.checklist(project).items}
    with unit_of_work():
        row = projects.milestone(project, "delivery")
        rescheduling.move_milestone(
            project.id, row.id, to=on("Wed 2026-05-13"), reason="Late.", actor_id=None, at=AT
        )

    after = {item.key: item.due_on for item in readiness.checklist(project).items}
    assert after["circuit"] == before["circuit"]
    assert after["temperature"] == before["temperature"] + timedelta(days=14)


def move(project: Project, reason: str) -> None:
    with unit_of_work():
        row = projects.milestone(project, "delivery")
        rescheduling.move_milestone(
            project.id, row.id, to=on("Wed 2026-05-13"), reason=reason, actor_id=None, at=AT
        )


def test_settled_dates_move_for_a_reason_only(project: Project, yuki: Answerer) -> None:
    settle(project, yuki)
    declare(project, yuki)

    with pytest.raises(gates.ReasonNeeded, match="are settled since 2 March 2026"):
        move(project, " ")
    assert readiness.checklist(project).anchor_on == on("Wed 2026-04-29")
    move(project, "The lift is late.")
    assert readiness.checklist(project).anchor_on == on("Wed 2026-05-13")


def test_dates_are_free_again_after_a_thaw(project: Project, yuki: Answerer) -> None:
    settle(project, yuki)
    declare(project, yuki)
    with unit_of_work():
        signing.thaw(readiness.checklist(project), reason="The room changes.", at=AT, actor_id=None)

    move(project, "")


def test_the_page_that_moves_a_settled_date_asks_why(
    project: Project, yuki: Answerer, sign_in: Callable[[User], FlaskClient]
) -> None:
    settle(project, yuki)
    declare(project, yuki)
    with unit_of_work():
        person = people.user(name="Ada Lind")
    browser = sign_in(person)
    page = f"/projects/{project.key}/milestones/{projects.milestone(project, 'delivery').id}/move"
    loaded = hidden_in(browser.get(page).text, of="loaded")

    refused = browser.post(page, data={**loaded, "to": "2026-05-13", "reason": "", "act": "save"})

    assert refused.status_code == 422
    assert "Say in a few words why they move all the same" in refused.text
    assert readiness.checklist(project).anchor_on == on("Wed 2026-04-29")


def test_what_is_asked_again_is_due_in_the_sites_working_days(app: Flask) -> None:
    asked = readiness.wanted("circuit", due_offset=-10)
    asked.due_days = DueDays.SITE
    with unit_of_work():
        project = readiness.project(readiness.instrument(items=[asked]))
    before = readiness.item(project, "circuit").due_on
    answer(project, "circuit", "yes")
    with unit_of_work():
        judging.return_item(readiness.item(project, "circuit"), reason="Which one?", at=AT, actor_id=None)

    assert readiness.item(project, "circuit").due_on == before
    assert before < on("Sun 2026-04-19"), "ten working days are more than ten days"


def test_only_what_is_not_judged_yet_is_looked_at(project: Project) -> None:
    delivery = readiness.checklist(project).anchor_on
    checklist_id = readiness.checklist(project).id
    db.session.rollback()
    assert queries.checklists_to_judge(delivery - timedelta(days=20)) == []
    assert queries.checklists_to_judge(delivery - timedelta(days=14)) == [checklist_id]
    run_chore(project, delivery - timedelta(days=14))
    assert queries.checklists_to_judge(delivery - timedelta(days=13)) == []
    assert queries.checklists_to_judge(delivery - timedelta(days=7)) == [checklist_id]
    run_chore(project, delivery - timedelta(days=7))
    assert queries.checklists_to_judge(delivery - timedelta(days=6)) == []

    waive(project, expires_on=TODAY + timedelta(days=7))
    assert queries.checklists_to_judge(TODAY + timedelta(days=6)) == []
    assert queries.checklists_to_judge(TODAY + timedelta(days=8)) == [checklist_id]
