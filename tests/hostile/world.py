"""A small world with a row in every table that holds text, and the texts of it, found from the models."""

import json
import re
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from flask.testing import FlaskClient

from concierge.accounts.actions import away
from concierge.accounts.models import Contact, SiteClosure
from concierge.accounts.states import SiteClosureKind
from concierge.catalogue.models import (
    Course,
    PlaybookField,
    PlaybookMessage,
    PlaybookMilestone,
    PlaybookStep,
    PlaybookVersion,
    PlaybookVisit,
    Product,
    ProductFact,
)
from concierge.catalogue.states import FieldKind, GateKind, StepKind, VisitKind
from concierge.core import codes
from concierge.core.search import normalised
from concierge.core.spans import Span
from concierge.dispatch.models import PlanningProposal, PlanningRun, SlotChoice, SlotOffer
from concierge.dispatch.states import OfferKind, PlanningState, ProposalState
from concierge.enquiries.models import Enquiry, EnquiryLine, HeldUnit, StockHold, StockReservation, StockUnit
from concierge.enquiries.states import EnquiryState, Pace, StockState
from concierge.feeds.actions import addresses
from concierge.fieldwork.models import (
    FieldChange,
    FieldEntry,
    FieldNote,
    FieldPhoto,
    FieldSignature,
    FieldStep,
    FieldTap,
    NotReady,
)
from concierge.fieldwork.protocol import Kind, Tap
from concierge.fieldwork.protocol import Party as Signer
from concierge.fieldwork.states import Fit, Standing, Stray
from concierge.identity.models import User
from concierge.identity.permissions import Role
from concierge.invitations.models import Answer, Invitation, TimeProposal
from concierge.invitations.states import Because as Unclear
from concierge.invitations.states import Outcome, Reply, Way
from concierge.orders.models import OrderDocument, OrderImport, OrderLine
from concierge.orders.states import DocumentKind
from concierge.platform import clock, mail
from concierge.platform.database import Base, Line, Prose, db, unit_of_work
from concierge.platform.files import store
from concierge.platform.incoming import IncomingMail, Mailbox
from concierge.platform.jobs import start_job
from concierge.platform.searching import SearchEntry
from concierge.projects.actions import approving, gates, milestones, promising, proposals
from concierge.projects.actions.calendar_changes import CalendarChange, ChangeKind, as_json
from concierge.projects.models import (
    CalendarProposal,
    DateChange,
    Delay,
    DelayComment,
    DelayEvidence,
    FieldValue,
    Hold,
    Milestone,
    Project,
    ProjectNote,
    SavedView,
    Unit,
)
from concierge.projects.reasons import Because
from concierge.projects.states import (
    BlockCause,
    CalendarProposalState,
    MilestoneState,
    Party,
    ProposalKind,
    ShownOn,
)
from concierge.readiness import queries as readiness_queries
from concierge.readiness import standing
from concierge.readiness.actions import answering, asking, assessing, attaching, linking, sending, uploading
from concierge.readiness.models import (
    Checklist,
    DocumentBatch,
    ReadinessItem,
    ReadinessSignature,
    Reminder,
    ReturnedDocument,
    Waiver,
)
from concierge.readiness.states import Channel, Occasion
from concierge.readiness.states import Outcome as Returned
from concierge.visits.actions import arranging, progress
from concierge.visits.models import Visit, VisitAttendee, WorkOrder
from concierge.visits.states import WorkOrderState
from concierge.workforce.actions import holding
from concierge.workforce.models import (
    Capacity,
    LeaveRequest,
    Office,
    OnCallTurn,
    OtherHours,
    OwnCalendar,
    Technician,
    Territory,
    TerritoryPart,
)
from concierge.workforce.states import AbsenceKind, LeaveState
from tests.makers import fieldwork, orders, people, readiness, visits, workforce

CODES = {
    "accounts.key", "playbooks.key", "playbook_milestones.key", "playbook_links.predecessor_key",
    "playbook_items.key", "playbook_items.option_key", "playbook_steps.key", "field_steps.key",
    "enquiries.code", "time_holds.holder",
    "field_prints.language", "products.key", "projects.key", "milestones.key",
    "milestones.driver", "baseline_milestones.milestone_key", "readiness_items.key", "users.language",
    "contacts.language", "users.zone", "contacts.zone", "sites.zone", "visits.zone", "recorded_events.name",
    "contact_aways.zone", "broken_rules.about",
    "jobs.kind", "deliveries.name", "deliveries.queue", "deliveries.token", "deliveries.unique_key",
    "outgoing_mails.key", "outgoing_mails.message_id", "outgoing_mails.to", "outgoing_mails.language",
    "outgoing_mails.secret", "outgoing_mails.html", "stored_files.content_type", "users.email",
    "checklist_documents.language", "promises.milestone_key", "product_aliases.value", "skills.code", "feeds.name",
    "calendars.scope_key", "calendars.language",
    "undos.needs", "backtests.group", "offices.zone", "offices.subdivision", "calendar_proposals.fingerprint",
    "playbook_fields.key", "field_values.key", "playbook_messages.key", "playbook_messages.milestone_key",
    "past_cases.product_key", "past_cases.region", "put_aside.key", "search_entries.kind",
    "search_entries.under_kind", "customer_links.language", "customer_links.section", "on_call_turns.zone",
    "own_calendars.read_zone", "invitation_answers.method", "territory_parts.subdivision",
}  # fmt: skip
"""Text columns that people cannot write: made by the program, or chosen from a list. Reviewed by people."""

LISTS = {"uploads_under_way.pieces", "returned_documents.pictures", "order_imports.file_ids",
         "outgoing_mails.attachments", "calendars.lapses", "deliveries.args",
         "jobs.args", "outgoing_mails.secrets", "undos.differences", "baseline_milestones.content",
         "backtests.detail", "photo_uploads.pieces", "field_entries.seen", "field_signatures.strokes",
         "field_signatures.content", "field_records.content", "planning_runs.keys", "planning_runs.result",
         "planning_proposals.user_ids", "planning_proposals.facts", "slot_offers.user_ids", "slot_choices.user_ids",
         "stock_units.options",
         "enquiry_lines.options"}  # fmt: skip
"""Structures of the program's own, without words of people."""

EMPTY_OR_TOLD = {"milestones.skip_reason"}
"""Columns that hold words only where something happened; filled only where there are some."""

MADE_UP = {"feeds.fetched_by", "feed_clients.client"}
"""Columns that stay empty in the small world and are filled all the same."""

Filler = Callable[[str, int, int], str]
"""Column, number of the row, longest text: what to put there."""


@dataclass(frozen=True, slots=True)
class World:
    """Two customers, the people, and the rows that came with the second customer."""

    ours: Mapping[str, object]
    theirs: Mapping[str, object]
    people: Mapping[str, User]
    browsers: Mapping[str, FlaskClient]
    of_theirs: Mapping[str, frozenset[int]]


def build(sign_in: Callable[[User], FlaskClient]) -> World:
    """Fill the tables; Tomas goes to Halden only, Mallory to Carver only."""
    with unit_of_work():
        staff = {
            role.value: people.user(name=f"{role.value.capitalize()} Lind", role=role)
            for role in Role
            if role is not Role.TECHNICIAN
        }
        tomas = workforce.technician(name="Tomas Berg", skills=("lcms",))
        mallory = workforce.technician(name="Mallory Strang")
        for technician in (tomas, mallory):
            addresses.create_address(
                db.session.get_one(User, technician.user_id), actor_id=None, at=orders.RECEIVED
            )
        workforce.absence(tomas, date(2026, 3, 20))
        workforce.closure("Works outing", date(2026, 3, 6))
        instrument = readiness.instrument()
        _in_the_catalogue(instrument)
        _of_the_company(staff["concierge"])
    with unit_of_work():
        ours = _customer("HB", "SO-1", instrument, tomas, staff["concierge"])
    before = _rows()
    with unit_of_work():
        theirs = _customer("CS", "SO-2", instrument, mallory, staff["manager"])
    after = _rows()
    db.session.rollback()
    persons = {**staff, "technician": tomas.user, "stranger": mallory.user}
    return World(
        ours,
        theirs,
        persons,
        {name: sign_in(person) for name, person in persons.items()},
        {name: frozenset(ids - before[name]) for name, ids in after.items()},
    )


def _in_the_catalogue(instrument: Product) -> None:
    version_id = db.session.scalar(sa.select(PlaybookVersion.id))
    training = db.session.scalar(sa.select(PlaybookMilestone.id).where(PlaybookMilestone.key == "training"))
    assert version_id is not None
    db.session.add_all(
        (
            Course(version_id=version_id, code="LC-1", title={"en": "First steps"}, level="basic", half_days=2,
                   capacity=4, curriculum=[{"en": "Start it"}]),
            ProductFact(product_id=instrument.id, quantity="weight", minimum=1.0, maximum=2.0, unit="kg",
                        printed="2 kg", text={"en": "Heavy"}, source="Guide", source_rev="1",
                        checked_on=date(2026, 1, 5)),
            PlaybookVisit(milestone_id=training, kind=VisitKind.TRAINING, title={"en": "Training"}, skill="lcms",
                          minutes=240, tools=["Leak detector"],
                          steps=[PlaybookStep(position=0, key="ran", kind=StepKind.READING, text={"en": "It ran"},
                                              unit="kPa", minimum=1.0, maximum=2.0)]),
            PlaybookField(version_id=version_id, position=1, key="room", name={"en": "Room"}, kind=FieldKind.TEXT),
            PlaybookField(version_id=version_id, position=2, key="power", name={"en": "Power"},
                          kind=FieldKind.NUMBER, unit="kW"),
            PlaybookField(version_id=version_id, position=3, key="floor", name={"en": "Floor"},
                          kind=FieldKind.CHOICE, choices={"low": {"en": "Ground floor"}}),
            PlaybookMessage(version_id=version_id, position=1, key="soon", milestone_key="training",
                            offset_workdays=-5, subject={"en": "Soon"}, text={"en": "We come soon"}),
            Office(name="Head office", country="CH", is_home=True),
        )
    )  # fmt: skip


def _of_the_company(owner: User) -> None:
    """What belongs to no customer and is everybody's: a shared list, and a change of the company's days."""
    at, day = orders.RECEIVED, orders.RECEIVED.date()
    change = CalendarChange(kind=ChangeKind.CLOSURE, name="Works outing", first_on=day, last_on=day)
    db.session.add_all(
        (
            CalendarProposal(title="Works outing", change=as_json(change), state=CalendarProposalState.OPEN,
                             made_at=at, made_by_id=owner.id, note="Asked by the board"),
            Mailbox(name="imaps://mail.example/INBOX", problem="It did not answer", read_at=at),
            SavedView(owner_id=owner.id, name="Old ones", query="q=old", is_shared=True, made_at=at),
        )
    )  # fmt: skip


def _customer(
    key: str, number: str, instrument: Product, technician: Technician, owner: User
) -> dict[str, object]:
    project = readiness.project(instrument, number=number, key=key, language="en")
    at, actor = orders.RECEIVED, owner.id
    line = db.session.scalars(sa.select(OrderLine).where(OrderLine.order_id == project.order_id)).first()
    assert line is not None
    db.session.add(
        OrderLine(order_id=project.order_id, position=9, line_id="9", name="Mystery box", quantity=1)
    )
    stored = store(b"<Order/>", name="order.xml", content_type="application/xml")
    db.session.add(
        OrderDocument(order_id=project.order_id, kind=DocumentKind.ORDER, name="order.xml", number=number,
                      digest=key * 20, issued_on=at.date(), summary="One line", received_at=at, file_id=stored.id)
    )  # fmt: skip
    project.concierge_id = owner.id
    project.account.party_id = f"0088:{key}"
    steps = db.session.scalars(
        sa.select(Milestone).where(Milestone.project_id == project.id).order_by(Milestone.position)
    ).all()
    install = next(step for step in steps if step.key.endswith("install"))
    waiting = next(step for step in steps if step.state is MilestoneState.PLANNED)
    milestones.block(
        project.id, waiting.id, cause=BlockCause.POWER, reason="Power is missing", actor_id=actor, at=at
    )
    gates.override(project.id, GateKind.SHIP, reason="Manager agreed", actor_id=actor, at=at)
    soon = clock.now() + timedelta(days=7)
    visit = visits.visit(
        project, technician, milestone=install, starts=f"{soon:%a %Y-%m-%d} 05:00", reason="They open early"
    )
    assert project.contact_id is not None
    db.session.add(VisitAttendee(visit_id=visit.id, contact_id=project.contact_id))
    contact = db.session.get_one(Contact, project.contact_id)
    away.enter_away(contact, first_on=soon.date(), last_on=soon.date(), actor_id=actor, at=at)
    later = soon + timedelta(days=1)
    late = visits.visit(project, technician, starts=f"{later:%a %Y-%m-%d} 09:00", reason="Agreed by phone")
    visit.skill = "lcms"
    arranging.change_details(
        visit, title="Install it", note="Ring twice", **_details(visit), at=at, actor_id=actor
    )
    progress.cancel(late, reason="No power", at=at, actor_id=actor)
    proposal = proposals.propose(
        project.id,
        ProposalKind.NEW_DATES,
        requested_from=date(2026, 5, 4),
        note="Later",
        actor_id=None,
        at=at,
    )
    job = start_job("orders.import", "Import", {}, owner.id)
    job.message = "Reading"
    job.result = {
        "summary": "Two orders",
        "lines": [{"text": "One order", "url": "/orders"}],
        "url": "/orders",
    }
    imported = OrderImport(owner_id=owner.id, created_at=clock.now(), file_ids=[], results=[])
    db.session.add(imported)
    checklist = readiness_queries.checklist_of(project.id)
    assert checklist is not None
    items = {item.key: item for item in checklist.items}
    by = answering.Answerer(user_id=actor)
    answering.answer_item(items["circuit"], typed="no", comment="Not yet", at=at, by=by)
    kept = attaching.attach_file(items["floor-plan"], name="plan.pdf", data=b"%PDF-1.7 plan", at=at, by=by)
    for language in ("en", "de"):
        sending.keep_print(
            checklist, language=language, content_hash="0" * 64, revision=1, name="checklist.pdf", data=b"%PDF-1.7",
            code=codes.drawn(), shown=(), occasion="", at=at,
        )  # fmt: skip
    planned, baseline = approving.keep_plan(
        project.id, name="Before the move", note="The board asked", actor_id=actor, at=at
    )
    _planning(project, line, owner)
    _dispatched(project, visit, owner)
    enquiry = _asked_when(project, owner, key)
    _of_the_day(visit, technician, key)
    _invited(project, visit, technician, key)
    _at_the_customers(project, items["circuit"], owner)
    offer = _offered(project, visit, owner)
    _judged(checklist, items["circuit"], owner)
    promising.note_shown(planned, shown_on=ShownOn.MAIL, reference="yuki@halden.example", at=at, by_id=actor)
    mail.post(
        mail.Letter("yuki@halden.example", "Yuki", "Hello", "Hello", html="<p>Hello"), key=f"hello:{key}"
    )
    db.session.flush()
    return {
        "key": project.key,
        "project_id": project.id,
        "milestone_id": install.id,
        "proposal_id": proposal.id,
        "code": enquiry.code,
        "offer_id": offer.id,
        "choice_id": offer.choices[0].id,
        "work_order_id": offer.work_order_id,
        "gate": "install",
        "visit_id": visit.id,
        "item_id": items["circuit"].id,
        "evidence_id": kept.id,
        "number": baseline.number,
        "checklist_id": checklist.id,
        "account_id": project.account_id,
        "site_id": project.site_id,
        "contact_id": project.contact_id,
        "order_id": project.order_id,
        "line_id": line.id,
        "job_id": job.id,
        "import_id": imported.id,
        "user_id": technician.user_id,
        "name": "x",
    }


def _at_the_customers(project: Project, item: ReadinessItem, owner: User) -> None:
    """Who holds a link to their page, what they asked, and what they are sending."""
    at = orders.RECEIVED
    contact = db.session.get_one(Contact, project.contact_id)
    link = linking.give_link(project, contact, is_mailed=False, at=at, actor_id=owner.id)
    asked = asking.ask(link, "Is it enough?", item=item, at=at)
    asking.answer_question(asked, "It is", at=at, actor_id=owner.id)
    asking.write(project.id, "We come at eight", to=link, at=at, actor_id=owner.id)
    uploading.begin_upload(link, item, name="half.jpg", size=5_000_000, changed="", at=at)


def _offered(project: Project, visit: Visit, owner: User) -> SlotOffer:
    """Times that the customer may choose from, what we said to them, and what they said."""
    at, later = orders.RECEIVED, clock.now() + timedelta(days=20)
    assert visit.work_order_id is not None
    assert project.contact_id is not None
    link = readiness_queries.link_of_contact(project.id, project.contact_id)
    assert link is not None
    offer = SlotOffer(
        project_id=project.id, work_order_id=visit.work_order_id, link_id=link.id, contact_id=project.contact_id,
        kind=OfferKind.TIMES, minutes=180, first_on=later.date(), last_on=later.date() + timedelta(days=9),
        note="Keep the bench free", wish="Rather in May", wished_at=at, reason="The crate is late",
        offered_at=at, sent_at=at, offered_by_id=owner.id, expires_at=later - timedelta(days=2),
        choices=[SlotChoice(starts_at=later, ends_at=later + timedelta(hours=3), user_ids=[],
                            held_until=later - timedelta(days=2))],
    )  # fmt: skip
    db.session.add(offer)
    db.session.flush()
    held = Span(later, later + timedelta(hours=3))
    holding.hold([owner.id], held, until=later, holder=offer.holder, words="Halden: Install it", at=at)
    return offer


def _judged(checklist: Checklist, item: ReadinessItem, owner: User) -> None:
    """What was judged, waived and signed, what came back, and what reminds and is printed for many."""
    at, day = orders.RECEIVED, orders.RECEIVED.date()
    assessing.assess(checklist, occasion=Occasion.BY_HAND, gate=GateKind.SHIP, on=day, at=at, actor_id=owner.id,
                     signed_name="Rut Lind", meaning="I have seen the room", note="The door is narrow")  # fmt: skip
    stored = store(b"%PDF-1.7 back", name="back.pdf", content_type="application/pdf")
    db.session.flush()
    contact_id = checklist.project.contact_id
    assert contact_id is not None
    changed = standing.Change(item.key, item.requirement, "answer", after="no", by="Yuki")
    db.session.add_all(
        (
            Waiver(item_id=item.id, name="Rut Lind", reason="The electrician comes", given_at=at, expires_on=day,
                   ended_at=at, ended_why="It is over"),
            ReadinessSignature(checklist_id=checklist.id, section=item.section, name="Yuki", title="Head of lab",
                               meaning="It is so", conditions="Until May", signed_at=at, channel=Channel.WEB,
                               content=standing.content(checklist.items), content_hash="0" * 64, ended_at=at,
                               ended_why="The outlet changed", critical=["Outlet of 16 A"],
                               changes=[changed.as_json()]),
            ReturnedDocument(file_id=stored.id, digest="1" * 64, project_id=checklist.project_id,
                             channel=Channel.PDF, sender="yuki@halden.example", received_at=at,
                             outcome=Returned.PARTLY, detail="One value is not clear",
                             entries=[{"kind": "item", "key": item.key, "typed": "About seven", "comment": "So it is",
                                       "was": "", "seen": 0, "fate": "for a person", "why": "unreadable",
                                       "said": "It is no number", "answer": None}]),
            DocumentBatch(asked_by_id=owner.id, asked_at=at, language="en", project_ids=[checklist.project_id],
                          left_out=[{"project": checklist.project.key, "why": "It has no checklist"}]),
            Reminder(contact_id=contact_id, local_on=day, at=at, mail_key="reminder:1"),
        )
    )  # fmt: skip


def _invited(project: Project, visit: Visit, technician: Technician, key: str) -> None:
    """What came of inviting the customer's contact, and what a technician says of their own time."""
    at, later = orders.RECEIVED, orders.RECEIVED + timedelta(hours=2)
    stored = store(f"Subject: {key}".encode(), name="message.eml", content_type="message/rfc822")
    sender = f"yuki@{key.lower()}.example"
    told = IncomingMail(digest=key * 20, message_id=f"<1@{key}>", sender=sender, recipients="schedule@us.example",
                        subject="Accepted: Install", text="We are ready", file_id=stored.id, received_at=at,
                        note="The rest was too large")  # fmt: skip
    invited = Invitation(visit_id=visit.id, contact_id=project.contact_id, email=sender, nonce=key,
                         created_at=at, sent_at=at, sent_sequence=0, comment="Gate 4",
                         reply=Reply.TENTATIVE)  # fmt: skip
    db.session.add_all((told, invited))
    db.session.flush()
    db.session.add_all(
        (
            Answer(invitation_id=invited.id, incoming_mail_id=told.id, way=Way.MAIL, method="REPLY", sender=sender,
                   attendee=sender, comment="Gate 4", why="No address of ours", outcome=Outcome.FOR_A_PERSON,
                   because=Unclear.NOT_INVITED, about={"who": "Somebody Else"}, received_at=at),
            TimeProposal(invitation_id=invited.id, starts_at=at, ends_at=later, comment="Rather then", made_at=at),
            OwnCalendar(technician_id=technician.id, name="Private", address=f"https://calendar.example/{key}",
                        created_at=at, due_at=at, problem="It could not be read", entity_tag=f'"{key}"',
                        last_modified="Mon, 02 Mar 2026"),
            LeaveRequest(technician_id=technician.id, kind=AbsenceKind.LEAVE, first_on=at.date(), last_on=at.date(),
                         note="My sister marries", state=LeaveState.REFUSED, requested_at=at, decided_at=at,
                         answer="Nobody else is there"),
            OtherHours(technician_id=technician.id, worked_on=at.date(), from_minute=480, to_minute=720,
                       reason="School starts"),
            Capacity(technician_id=technician.id, first_on=at.date(), percent=50, reason="Half the week"),
            Territory(name=f"Alps {key}", parts=[TerritoryPart(country="CH", subdivision="BS")]),
            OnCallTurn(uid=f"turn-{key}", technician_id=technician.id, starts_local=at.replace(tzinfo=None),
                       ends_local=later.replace(tzinfo=None), zone="Europe/Zurich", starts_at=at, ends_at=later,
                       note="Ring twice", created_at=at),
        )
    )  # fmt: skip


def _dispatched(project: Project, visit: Visit, owner: User) -> None:
    """A plan for unassigned work with a proposal that was refused, and work that was called off."""
    at, day = orders.RECEIVED, orders.RECEIVED.date()
    because = {"because": Because.FINISHED.value, "about": {"milestone": {"en": "Delivered"}}, "said": ""}
    work = WorkOrder(project_id=project.id, number=90, code=f"{project.key}-W90", site_id=project.site_id,
                     kind=VisitKind.INSTALL, title="Repair it", titles={"en": "Repair it"}, tools=["Torque wrench"],
                     note="Ring twice", state=WorkOrderState.CANCELLED, opened_at=at, closed_at=at,
                     cancel_reason="No power", cancel_because=because)  # fmt: skip
    run = PlanningRun(asked_by_id=owner.id, asked_at=at, first_on=day, last_on=day, territory="Alps",
                      skill="lcms", state=PlanningState.READY, ended_at=at, people=1,
                      result={"measure": [0, 0, 0, 0, 0], "greedy": [0, 0, 0, 0, 0], "was_searched": True,
                              "bound": {"left": 0, "late": 0, "travel": 0, "is_travel_whole": True},
                              "seconds": 0.1, "too_many": 0})  # fmt: skip
    db.session.add_all((work, run))
    db.session.flush()
    asks = ["lcms", 1, 1, 480, project.site_id, [], None, None]
    db.session.add(
        PlanningProposal(run_id=run.id, position=0, project_id=project.id, site_id=project.site_id,
                         work_order_id=visit.work_order_id, visit_id=visit.id, seen_version=1,
                         state=ProposalState.LEFT, refusal="Somebody is there already",
                         facts={"kind": "left", "starts": 0, "time": [], "able": 0, "needed": 1, "people": [],
                                "asks": asks})
    )  # fmt: skip


def _asked_when(project: Project, owner: User, key: str) -> Enquiry:
    """An enquiry whose hold was extended and is over, the unit it held, and another that was closed."""
    at, day = orders.RECEIVED, orders.RECEIVED.date()
    line = db.session.scalars(
        sa.select(OrderLine).where(OrderLine.order_id == project.order_id, OrderLine.product_id.is_not(None))
    ).first()
    assert line is not None
    product_id = line.product_id
    unit = StockUnit(
        product_id=product_id,
        serial=f"ST-{key}",
        place="Hall 2",
        country="CH",
        available_on=day,
        state=StockState.ON_HAND,
        note="The crate is open",
        created_at=at,
    )
    gone = StockUnit(
        product_id=product_id,
        serial="",
        country="CH",
        available_on=day,
        state=StockState.GONE,
        gone_on=day,
        gone_reason="Lent to a fair",
        created_at=at,
    )
    asked = [
        Enquiry(
            code=f"Q-{key}{number}",
            account_id=project.account_id,
            customer="Somebody new",
            reference="OFF-7",
            note="They build until May",
            asked_by_id=owner.id,
            asked_at=at,
            lines=[
                EnquiryLine(
                    position=1,
                    product_id=product_id,
                    quantity=1,
                    country="DE",
                    subdivision="BY",
                    city="Passau",
                )
            ],
        )
        for number in (1, 2)
    ]
    asked[1].state, asked[1].closed_at, asked[1].close_reason = (
        EnquiryState.CLOSED,
        at,
        "They bought elsewhere",
    )
    db.session.add_all((unit, gone, *asked))
    db.session.flush()
    hold = StockHold(
        enquiry_id=asked[0].id,
        held_by_id=owner.id,
        held_at=at,
        expires_at=at + timedelta(days=9),
        extended_at=at,
        extension_reason="Their board meets",
        pace=Pace.EACH,
    )
    db.session.add(hold)
    db.session.flush()
    held = HeldUnit(
        hold_id=hold.id,
        line_id=asked[0].lines[0].id,
        number=1,
        window_from_on=day,
        window_to_on=day,
        handover_on=day,
    )
    db.session.add(held)
    db.session.flush()
    db.session.add(
        StockReservation(unit_id=unit.id, held_unit_id=held.id, from_at=at, until_at=at + timedelta(days=9))
    )
    return asked[0]


def _of_the_day(visit: Visit, technician: Technician, key: str) -> None:
    """What a technician entered at a visit, of every kind; one thing came after the visit had moved."""
    at = orders.RECEIVED
    step = FieldStep(visit_id=visit.id, position=0, key="ran", kind=StepKind.READING, text={"en": "It ran"},
                     unit="kPa", minimum=1.0, maximum=2.0)  # fmt: skip
    rows = {
        kind: FieldChange(key=f"{key.lower()}-{kind.value}", digest="2" * 64, user_id=technician.user_id,
                          visit_id=visit.id, kind=kind, at=at, received_at=at)
        for kind in (Kind.READING, Kind.NOTE, Kind.PHOTO, Kind.SIGNATURE, Kind.STATE, Kind.NOT_READY)
    }  # fmt: skip
    rows[Kind.NOTE].stray, rows[Kind.NOTE].said = Stray.MOVED, "The visit was moved meanwhile"
    picture = store(fieldwork.photo(), name="photo.jpg", content_type="image/jpeg")
    db.session.add_all((step, *rows.values()))
    db.session.flush()
    of = {kind: row.id for kind, row in rows.items()}
    db.session.add_all(
        (
            FieldEntry(change_id=of[Kind.READING], step_id=step.id, value="About seven", fit=Fit.UNREADABLE,
                       standing=Standing.CURRENT),
            FieldNote(change_id=of[Kind.NOTE], text="The door is narrow"),
            FieldPhoto(change_id=of[Kind.PHOTO], step_id=step.id, caption="The door", file_id=picture.id,
                       small_id=picture.id),
            FieldSignature(change_id=of[Kind.SIGNATURE], party=Signer.CUSTOMER, name="Yuki", role="Head of lab",
                           meaning="It was done", content={"visit": visit.uid, "shown": {}, "missing": []},
                           content_hash="3" * 64),
            FieldTap(change_id=of[Kind.STATE], to=Tap.ON_ROUTE, note="The train is late"),
            NotReady(change_id=of[Kind.NOT_READY], cause=BlockCause.POWER, note="No power at all",
                     photo_id=picture.id, small_id=picture.id),
        )
    )  # fmt: skip


def _planning(project: Project, line: OrderLine, owner: User) -> None:
    """What people write about one plan: notes, holds, delays, working days and lists of their own."""
    at, day = orders.RECEIVED, orders.RECEIVED.date()
    project.external_key = f"Old {project.key}"
    delay = db.session.scalars(sa.select(Delay).where(Delay.project_id == project.id)).first()
    assert delay is not None
    of_project = sa.select(Milestone.id).where(Milestone.project_id == project.id)
    changed = db.session.scalars(sa.select(DateChange).where(DateChange.milestone_id.in_(of_project))).first()
    assert changed is not None
    changed.because = Because.FINISHED
    changed.about = {"milestone": {"en": "Delivered", "de": "Geliefert"}, "name": "Stocktaking"}
    db.session.add_all(
        (
            Hold(project_id=project.id, first_on=day, resumed_on=day, cause=BlockCause.POWER,
                 party=Party.CUSTOMER, reason="Money is short", held_at=at, resumed_at=at),
            DelayComment(delay_id=delay.id, party=Party.CUSTOMER, name="Yuki Mori", text="Not ours", at=at),
            DelayEvidence(delay_id=delay.id, url="https://carrier.example/1", note="Tracking", linked_at=at),
            ProjectNote(project_id=project.id, text="Ring the janitor", written_at=at, written_by_id=owner.id),
            Unit(project_id=project.id, order_line_id=line.id, serial=f"SN {project.key}", recorded_at=at),
            FieldValue(project_id=project.id, key="room", text="Cellar", changed_at=at),
            SiteClosure(site_id=project.site_id, kind=SiteClosureKind.SHUTDOWN, name="Summer break",
                        first_on=day, last_on=day),
        )
    )  # fmt: skip


def _details(visit: Any) -> dict[str, Any]:  # Any: what change_details takes
    return {"kind": visit.kind, "skill": visit.skill, "crew": visit.crew, "milestone_id": visit.milestone_id}


def _rows() -> dict[str, set[int]]:
    with db.engine.connect() as connection:
        return {
            table.name: set(connection.scalars(sa.select(table.c.id)))
            for table in Base.metadata.sorted_tables
        }


def text_columns() -> Iterator[tuple[sa.Table, sa.Column[Any]]]:
    """Every column that holds words of people: lines, prose, and texts inside JSON."""
    for table in Base.metadata.sorted_tables:
        for column in table.columns:
            name = f"{table.name}.{column.name}"
            if name in CODES | LISTS:
                continue
            if isinstance(column.type, (Line, Prose, sa.JSON)):
                yield table, column


def fill(filler: Filler, rows: Mapping[str, frozenset[int]] | None = None) -> int:
    """Put texts into every text column of the rows (of all, when not told) and return how many it were.

    Which text a row gets follows from its column and its place in the table, and from nothing that was in the
    database before or is in other tables, so that a test puts the same texts in each time.
    """
    count = 0
    unique = {f"{t.name}.{c.name}" for t in Base.metadata.sorted_tables for c in _unique(t)}
    with db.engine.execution_options(writing=True).begin() as connection:
        for table, column in text_columns():
            name = f"{table.name}.{column.name}"
            found = connection.execute(sa.select(table.c.id, column).order_by(table.c.id)).all()
            first = zlib.crc32(name.encode())
            for place, (row_id, before) in enumerate(found):
                if (
                    (before is None and name not in MADE_UP)
                    or (before == "" and name in EMPTY_OR_TOLD)
                    or (rows is not None and row_id not in rows[table.name])
                ):
                    continue
                count += 1
                number = first + place
                if isinstance(column.type, sa.JSON):
                    value: Any = _filled(before, lambda n=name, i=number: filler(n, i, 300))
                else:
                    longest = getattr(column.type, "length", None) or 300
                    value = filler(name, number, longest)
                    if name in unique:
                        value = f"{value[: longest - 4]} {row_id}"
                connection.execute(sa.update(table).where(table.c.id == row_id).values({column.name: value}))
        for table in Base.metadata.sorted_tables:
            if "search" in table.c:
                for (row_id,) in connection.execute(sa.select(table.c.id)).all():
                    if rows is None or row_id in rows[table.name]:
                        text = normalised(filler(f"{table.name}.search", row_id, 300))
                        connection.execute(sa.update(table).where(table.c.id == row_id).values(search=text))
        for (row_id,) in connection.execute(sa.select(SearchEntry.id)).all():
            if rows is None or row_id in rows[SearchEntry.__tablename__]:
                text = normalised(filler(f"{SearchEntry.__tablename__}.words", row_id, 300))
                connection.execute(sa.update(SearchEntry).where(SearchEntry.id == row_id).values(words=text))
    db.session.rollback()
    return count


_PLAIN = re.compile(r"[\d-]+|[\d:T.+Z -]+|[a-z_-]+|[A-Z]{2,3}|[A-Z]{2}-\d+|.*Keller|")


def _filled(value: Any, text: Callable[[], str], key: str = "") -> Any:  # Any: JSON
    """The same structure with other words; codes, dates and numbers stay."""
    match value:
        case dict():
            if value and set(value) <= {"en", "de"}:
                return {language: text() for language in value}
            return {name: _filled(part, text, name) for name, part in value.items()}
        case list():
            return [_filled(part, text, key) for part in value]
        case str() if key in {"fate", "because"}:  # one of a closed list
            return value
        case str() if key in {"reason", "note", "comment", "words", "text", "summary"} and value:
            return text()
        case str() if not _PLAIN.fullmatch(value):
            return text()
    return value


def _unique(table: sa.Table) -> Iterator[sa.Column[Any]]:
    yield from (column for column in table.columns if column.unique)
    for constraint in table.constraints:
        if isinstance(constraint, sa.UniqueConstraint):
            yield from constraint.columns
    for index in table.indexes:
        if index.unique:
            yield from index.columns


def write_feeds() -> None:
    """Render every visit's entry again with the texts of now, as a change of the visit would."""
    from concierge.feeds.actions import writing
    from concierge.visits.models import Visit

    with unit_of_work():
        writing.write_entries(
            db.session.scalars(sa.select(Visit.id)).all(), at=datetime(2026, 3, 3, tzinfo=UTC)
        )


def feed_address(user: User) -> str:
    """The path of a person's calendar."""
    from concierge.feeds import queries

    feed = queries.active_feed_of(user.id)
    assert feed is not None
    path = "/cal/" + queries.url_of(feed).partition("/cal/")[2]
    db.session.rollback()
    return path


def checklist_address(place: Mapping[str, object]) -> str:
    """The path behind a printed checklist's code."""
    from concierge.platform import settings
    from concierge.readiness.models import Checklist
    from concierge.readiness.scope import link_token

    nonce = db.session.get_one(Checklist, place["checklist_id"]).link_nonce
    db.session.rollback()
    return f"/checklist/{link_token(nonce, key=settings.current().secret_key)}"


def everything() -> str:
    """Every value of every row as text, to look for something in."""
    with db.engine.connect() as connection:
        return json.dumps(
            [
                [list(row) for row in connection.execute(sa.select(table))]
                for table in Base.metadata.sorted_tables
            ],
            default=str,
        )
