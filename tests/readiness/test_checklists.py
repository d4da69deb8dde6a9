"""A checklist is issued with the plan, dated with delivery, answered, and holds its gates."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from concierge.catalogue.states import Evidence, GateKind, ItemType, Severity
from concierge.platform import file_kinds, worker
from concierge.platform.database import db, unit_of_work
from concierge.platform.events import RecordedEvent
from concierge.platform.mail import OutgoingMail
from concierge.projects.actions import rescheduling
from concierge.projects.models import Gate, Project
from concierge.projects.states import GateState
from concierge.readiness import plan, queries
from concierge.readiness.actions import answering, attaching, issuing, judging
from concierge.readiness.document import filling, printing
from concierge.readiness.models import ItemEvidence, ReadinessItem
from concierge.readiness.states import Channel, ItemState, Verdict
from tests.makers import orders, people, projects, readiness, visits
from tests.makers.days import on

AT = orders.RECEIVED
PDF = b"%PDF-1.7 floor plan"


def gate(project: Project, kind: GateKind = GateKind.SHIP) -> Gate:
    db.session.expire_all()
    return db.session.scalars(sa.select(Gate).where(Gate.project_id == project.id, Gate.kind == kind)).one()


def answer(project: Project, key: str, typed: str, **more: str) -> Verdict:
    with unit_of_work():
        by = answering.Answerer()
        return answering.answer_item(readiness.item(project, key), typed=typed, at=AT, by=by, **more).verdict


def attach(project: Project, key: str, data: bytes = PDF, name: str = "plan.pdf") -> ItemEvidence:
    with unit_of_work():
        by = answering.Answerer()
        return attaching.attach_file(readiness.item(project, key), name=name, data=data, at=AT, by=by)


def events(name: str) -> list[RecordedEvent]:
    return list(db.session.scalars(sa.select(RecordedEvent).where(RecordedEvent.name == name)))


def test_approval_issues_the_checklist_due_relative_to_delivery(app: Flask) -> None:
    with unit_of_work():
        project = readiness.project()

    found = readiness.checklist(project)
    assert found.anchor_on == on("Wed 2026-04-29")
    assert [(item.key, item.due_on) for item in found.items] == [
        ("floor-plan", on("Wed 2026-04-15")),
        ("storage", on("Wed 2026-04-22")),
        ("circuit", on("Wed 2026-04-08")),
        ("temperature", on("Wed 2026-04-15")),
    ]
    assert len(events("ChecklistIssued")) == 1
    assert gate(project).state is GateState.HELD
    assert gate(project).open_items == 3


def test_a_list_is_read_again_whole_in_the_unit_of_work_that_made_it(app: Flask) -> None:
    """Its rows were added, never read, so that SQLAlchemy itself knows nothing of how they are read."""
    with unit_of_work():
        project = readiness.project()
        made = queries.checklist_of(project.id)
        assert made is not None
        for row in (made, made.items[0], project, project.milestones[0]):
            db.session.refresh(row)
            db.session.expire(row)
        again = queries.checklist_of(project.id)

        assert again is made
        assert again.project is project
        assert [(one.checklist is made, list(one.evidence)) for one in again.items] == [(True, [])] * 4


def test_a_second_checklist_is_refused(app: Flask) -> None:
    with unit_of_work():
        project = readiness.project()

    with pytest.raises(issuing.AlreadyIssued), unit_of_work():
        issuing.issue_checklist(project, at=AT, actor_id=None)


def test_playbooks_that_ask_nothing_hold_nothing(app: Flask) -> None:
    with unit_of_work():
        project = readiness.project(readiness.instrument(items=[]))

    assert gate(project).state is GateState.CLEAR
    assert gate(project, GateKind.INSTALL).state is GateState.CLEAR


def test_two_instruments_ask_the_same_once_at_its_strictest(app: Flask) -> None:
    with unit_of_work():
        one = readiness.instrument("one")
        other = readiness.instrument(
            "other",
            items=[
                readiness.wanted(
                    "temperature",
                    section="climate",
                    type=ItemType.MEASURE,
                    unit="°C",
                    minimum=20,
                    maximum=30,
                    evidence=Evidence.REQUIRED,
                    due_offset=-21,
                ),
                readiness.wanted("circuit", "Dedicated circuit is live", gate=GateKind.INSTALL),
                readiness.wanted("water", section="water", gate=None),
            ],
        )
        project = readiness.project(one, other)

    found = {item.key: item for item in readiness.checklist(project).items}
    assert sorted(found) == ["circuit", "floor-plan", "storage", "temperature", "water"]
    climate = found["temperature"]
    assert (climate.minimum, climate.maximum) == (20, 27)
    assert climate.evidence_need is Evidence.REQUIRED
    assert climate.due_offset == -21
    assert found["circuit"].gate is GateKind.SHIP


def test_ranges_that_exclude_each_other_both_stay() -> None:
    cold = readiness.wanted("temperature", type=ItemType.MEASURE, unit="°C", minimum=2, maximum=8)
    warm = readiness.wanted("temperature", type=ItemType.MEASURE, unit="°C", minimum=18, maximum=27)

    merged = plan.merged([[cold], [warm], [warm]])

    assert [(one.key, one.minimum, one.maximum) for one in merged] == [
        ("temperature", 2, 8),
        ("temperature-2", 18, 27),
    ]


def test_different_words_under_one_key_both_stay() -> None:
    merged = plan.merged(
        [[readiness.wanted("plug", "A plug of type J")], [readiness.wanted("plug", "A CEE plug")]]
    )

    assert [one.key for one in merged] == ["plug", "plug-2"]
    assert all(one.severity is Severity.BLOCKING for one in merged)


def test_moving_delivery_dates_open_items_only(app: Flask) -> None:
    with unit_of_work():
        project = readiness.project()
    answer(project, "circuit", "yes")

    with unit_of_work():
        delivery = projects.milestone(project, "delivery")
        rescheduling.move_milestone(
            project.id, delivery.id, to=on("Wed 2026-05-13"), reason="The lift is late.", actor_id=None, at=AT
        )

    assert readiness.checklist(project).anchor_on == on("Wed 2026-05-13")
    assert readiness.item(project, "circuit").due_on == on("Wed 2026-04-08")
    assert readiness.item(project, "temperature").due_on == on("Wed 2026-04-29")
    assert len(events("ChecklistRedated")) == 1


def test_a_measure_is_read_in_other_units_and_judged(app: Flask) -> None:
    with unit_of_work():
        project = readiness.project()

    assert answer(project, "temperature", "71 °F") is Verdict.OK
    item = readiness.item(project, "temperature")
    assert item.value == "71 °F"
    assert item.si_value == pytest.approx(21.6667, abs=1e-3)
    assert answer(project, "temperature", "30,5") is Verdict.OUT_OF_RANGE
    assert not readiness.item(project, "temperature").is_cleared


def test_a_drift_in_fahrenheit_is_no_temperature(app: Flask) -> None:
    drift = readiness.wanted("temperature-drift", type=ItemType.MEASURE, unit="°C", minimum=0, maximum=0.5)
    with unit_of_work():
        project = readiness.project(readiness.instrument(items=[drift]))

    assert answer(project, "temperature-drift", "0.9 °F") is Verdict.OK
    assert readiness.item(project, "temperature-drift").si_value == pytest.approx(0.5)
    assert answer(project, "temperature-drift", "0.6") is Verdict.OUT_OF_RANGE


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
@pytest.mark.parametrize("typed", ["warm", "", "21 kg", "1e400", "²"])
def test_what_is_no_measure_is_refused_with_a_remedy(app: Flask, typed: str) -> None:
    with unit_of_work():
        project = readiness.project()

    with pytest.raises(answering.UnreadableAnswer, match=r"Write|unit"):
        answer(project, "temperature", typed)

    assert readiness.item(project, "temperature").state is ItemState.OPEN


def test_the_gate_clears_with_the_last_blocking_item_and_holds_again(app: Flask) -> None:
    with unit_of_work():
        project = readiness.project()
    answer(project, "circuit", "yes")
    answer(project, "temperature", "21")
    assert gate(project).state is GateState.HELD

    attach(project, "floor-plan")
    assert gate(project).state is GateState.CLEAR
    assert len(events("GateCleared")) >= 1

    with unit_of_work():
        judging.return_item(
            readiness.item(project, "circuit"), reason="The fuse was changed.", at=AT, actor_id=None
        )

    assert gate(project).state is GateState.HELD
    assert gate(project).holding[0]["key"] == "circuit"
    reopened = readiness.item(project, "circuit")
    assert (reopened.state, reopened.value, reopened.returned_reason) == (
        ItemState.OPEN,
        "",
        "The fuse was changed.",
    )


def test_the_customer_reads_why_a_point_is_asked_again_and_no_other_comment(app: Flask) -> None:
    with unit_of_work():
        project = readiness.project()
    answer(project, "circuit", "yes", comment="Yuki was not sure.")
    answer(project, "temperature", "21", comment="Our own note.")
    with unit_of_work():
        judging.return_item(
            readiness.item(project, "circuit"), reason="Please send the report.", at=AT, actor_id=None
        )

    found = readiness.checklist(project)
    page = printing.html(filling.filled(found, queries.project_of(found), language="en"))

    assert "Please send the report." in page
    assert "Our own note." not in page
    assert "Yuki was not sure." not in page


def test_needed_evidence_keeps_an_item_open(app: Flask) -> None:
    with unit_of_work():
        needs = [readiness.wanted("purity", evidence=Evidence.REQUIRED)]
        project = readiness.project(readiness.instrument(items=needs))

    answer(project, "purity", "yes")
    assert readiness.item(project, "purity").lacks_evidence
    assert gate(project).state is GateState.HELD

    attach(project, "purity")
    assert gate(project).state is GateState.CLEAR


def test_an_answer_out_of_range_is_accepted_only_with_a_reason(app: Flask) -> None:
    with unit_of_work():
        project = readiness.project()
    answer(project, "temperature", "28")

    with pytest.raises(answering.WrongMoment, match="why it will do"), unit_of_work():
        judging.accept_item(readiness.item(project, "temperature"), at=AT, actor_id=None)
    with unit_of_work():
        judging.accept_item(
            readiness.item(project, "temperature"), note="Cooled on run days.", at=AT, actor_id=None
        )

    assert readiness.item(project, "temperature").is_cleared


def test_an_accepted_answer_is_not_overwritten(app: Flask) -> None:
    with unit_of_work():
        project = readiness.project()
    answer(project, "circuit", "yes")
    with unit_of_work():
        judging.accept_item(readiness.item(project, "circuit"), at=AT, actor_id=None)

    with pytest.raises(answering.WrongMoment, match="Reopen"):
        answer(project, "circuit", "no")


def test_who_answered_and_how_is_kept(app: Flask) -> None:
    with unit_of_work():
        project = readiness.project()
        ada = people.user(name="Ada Lind")
        answering.answer_item(
            readiness.item(project, "circuit"),
            typed="yes",
            comment="Said on the phone.",
            at=AT,
            by=answering.Answerer(user_id=ada.id),
        )

    item = readiness.item(project, "circuit")
    assert (item.answered_by_id, item.channel, item.comment) == (ada.id, Channel.STAFF, "Said on the phone.")
    assert events("ItemAnswered")[0].payload["verdict"] == "ok"


KINDS = {
    b"%PDF-1.4 x": "application/pdf",
    b"\x89PNG\r\n\x1a\n123": "image/png",
    b"\xff\xd8\xff\xe0abc": "image/jpeg",
    b"RIFF1234WEBPVP8 ": "image/webp",
    b"time,temperature\r\n08:00,21.5\r\n": "text/plain",
}


@pytest.mark.parametrize("data", KINDS)
def test_a_file_is_what_it_holds(data: bytes) -> None:
    assert file_kinds.kind_of(data)[0] == KINDS[data]


REFUSED = {
    "empty": b"",
    "page": b"<html><script>alert(1)</script>",
    "svg": b"<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg'/>",
    "script": b"#!/bin/sh\nrm -rf /",
    "postscript": b"%!PS-Adobe",
    "program": b"\x7fELF\x02\x01",
    "zip": b"PK\x03\x04 something",
    "nul": b"text\x00text",
    "large": b"%PDF-" + b"x" * (20 * 1024 * 1024),
}


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
@pytest.mark.parametrize("kind", REFUSED)
def test_what_is_no_evidence_is_refused(app: Flask, kind: str) -> None:
    with unit_of_work():
        project = readiness.project()

    with pytest.raises(file_kinds.NotKept):
        attach(project, "floor-plan", REFUSED[kind])

    assert readiness.item(project, "floor-plan").evidence == []


def test_a_file_never_keeps_a_name_that_lies(app: Flask) -> None:
    with unit_of_work():
        project = readiness.project()

    name = attach(project, "floor-plan", name="../../evil.html").file.name

    assert name == "evil.html.pdf"
    assert readiness.item(project, "floor-plan").state is ItemState.ANSWERED


def test_the_customer_gets_the_checklist_by_mail_once(app: Flask) -> None:
    with unit_of_work():
        project = readiness.project(language="de")

    worker.drain(app)

    found = readiness.checklist(project)
    assert found.sent_at is not None
    assert len(events("ChecklistSent")) == 1
    assert len(events("ChecklistPrinted")) == 1
    letter = sent_letters()[-1]
    assert letter.to == "yuki@halden.example"
    assert letter.language == "de"
    assert letter.subject.startswith("Checkliste zur Standortvorbereitung")
    assert "HB" in letter.text


def test_moving_delivery_sends_one_letter_with_the_new_dates(app: Flask) -> None:
    with unit_of_work():
        project = readiness.project()
    worker.drain(app)
    db.session.expire_all()
    with unit_of_work():
        delivery = visits.milestone(project, "delivery")
        rescheduling.move_milestone(
            project.id, delivery.id, to=on("Wed 2026-05-13"), reason="The lift is late.", actor_id=None, at=AT
        )

    worker.drain(app)

    subjects = [letter.subject for letter in sent_letters() if letter.to == "yuki@halden.example"]
    assert len([subject for subject in subjects if subject.startswith("New dates")]) == 1
    assert "13 May 2026" in subjects[-1]


def sent_letters() -> list[OutgoingMail]:
    return list(db.session.scalars(sa.select(OutgoingMail).order_by(OutgoingMail.id)))


def test_items_keep_their_place_when_time_passes(app: Flask) -> None:
    with unit_of_work():
        project = readiness.project()
    rows = db.session.scalars(sa.select(ReadinessItem).order_by(ReadinessItem.position)).all()

    assert [row.position for row in rows] == [1, 2, 3, 4]
    assert all(row.due_on <= project.requested_from + timedelta(days=30) for row in rows)
