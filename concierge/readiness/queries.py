"""Questions about checklists."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import InstrumentedAttribute, joinedload, selectinload
from sqlalchemy.orm.attributes import set_committed_value

from concierge.accounts.models import Contact, Site
from concierge.catalogue.models import PlaybookItem, ProductFact
from concierge.catalogue.states import Anchor, DueDays, GateKind, ItemType, MilestoneKind, Responsible
from concierge.core.readiness import proving
from concierge.identity.models import User
from concierge.identity.viewer import Viewer
from concierge.orders.models import OrderLine
from concierge.platform.database import db, in_hand, read_again_with
from concierge.platform.deliveries import Delivery, DeliveryStatus
from concierge.platform.errors import NotFound
from concierge.platform.files import StoredFile
from concierge.platform.incoming import IncomingMail
from concierge.platform.prepared import Question, Rows, rows_by_id
from concierge.platform.statements import any_of
from concierge.projects import queries as projects
from concierge.projects.models import Gate, Milestone, Project, ProjectPlaybook
from concierge.projects.scope import visible_to
from concierge.projects.states import GateState, ProjectState
from concierge.readiness import plan, scope
from concierge.readiness.models import (
    Assessment,
    BlockingItem,
    Checklist,
    ChecklistDocument,
    CustomerLink,
    CustomerMessage,
    CustomerQuestion,
    ItemAnswer,
    ItemEvidence,
    LinkCode,
    ReadinessItem,
    ReadinessSignature,
    ReturnedDocument,
    UploadUnderWay,
    Waiver,
)
from concierge.readiness.models.checklists import needs_evidence
from concierge.readiness.states import DocumentKind, ItemState, Occasion, Outcome, Standing


def checklist_for(viewer: Viewer, key: str) -> tuple[Project, Checklist | None]:
    """A project and its checklist with items and evidence; `None` while none is issued.

    :raises NotFound: when the viewer knows of no such project.
    """
    project = projects.project_by_key(viewer, key)
    return project, checklist_of(project.id)


def item_for(viewer: Viewer, key: str, item_id: int) -> tuple[Project, ReadinessItem]:
    """An item of a project's checklist, with its evidence.

    :raises NotFound: when the viewer knows of no such project, or the item is another project's.
    """
    project = projects.project_by_key(viewer, key)
    item = db.session.scalar(
        sa.select(ReadinessItem)
        .join(ReadinessItem.checklist)
        .where(ReadinessItem.id == item_id, Checklist.project_id == project.id)
        .options(
            joinedload(ReadinessItem.checklist),
            selectinload(ReadinessItem.evidence).joinedload(ItemEvidence.file),
        )
    )
    if item is None:
        raise NotFound
    return project, item


def evidence_for(viewer: Viewer, key: str, evidence_id: int) -> ItemEvidence:
    """A file of a project's checklist.

    :raises NotFound: when the viewer knows of no such project, or the file is another project's.
    """
    project = projects.project_by_key(viewer, key)
    evidence = db.session.scalar(
        sa.select(ItemEvidence)
        .join(ReadinessItem, ReadinessItem.id == ItemEvidence.item_id)
        .join(Checklist, Checklist.id == ReadinessItem.checklist_id)
        .where(ItemEvidence.id == evidence_id, Checklist.project_id == project.id)
        .options(joinedload(ItemEvidence.file))
    )
    if evidence is None:
        raise NotFound
    return evidence


def checklist_of(project_id: int) -> Checklist | None:
    """A project's checklist with items and evidence."""
    checklist = checklist_alone(project_id)
    return None if checklist is None else checklist_by_id(checklist.id)


def checklist_alone(project_id: int) -> Checklist | None:
    """A project's checklist without its items."""
    return _ALONE.first(project_id=project_id)


def dates_of(checklist_id: int) -> list[plan.Dated]:
    """What the days follow from that open items of a checklist are due, and that answered ones may be too late for."""
    return [plan.Dated(*row) for row in _DATES.all(checklist_id=checklist_id)]


def answered_days(checklist: Checklist) -> list[ReadinessItem]:
    """The answered items that ask for a day and say which one is too late; without their evidence."""
    items = _ANSWERED_DAYS.all(checklist_id=checklist.id)
    for item in items:
        set_committed_value(item, "checklist", checklist)
        read_again_with(item, *_OF_ITEM)
    return items


def blocking_items(checklist_id: int) -> list[BlockingItem]:
    """What may hold a gate: blocking items that are asked and were not accepted, in their order."""
    rows = _BLOCKING.all(checklist_id=checklist_id)
    items = [BlockingItem._make((*row[:-2], True)) for row in rows]
    proved = [item.id for item in items if item.state is ItemState.ANSWERED and needs_evidence(item)]
    if not proved:
        return [item._replace(lacks_evidence=False) for item in items]
    files: dict[int, list[tuple[str, str]]] = {}
    for item_id, sha256, content_type in _PROOFS.all(item_ids=proved):
        files.setdefault(item_id, []).append((sha256, content_type))
    return [
        item._replace(
            lacks_evidence=needs_evidence(item)
            and proving(files.get(item.id, ()), kinds or ()) < max(1, file_count)
        )
        for item, (*_, file_count, kinds) in zip(items, rows, strict=True)
    ]


def counts_workdays(project_id: int) -> bool:
    """Whether an open item of a project is due in working days of its site."""
    return db.session.scalar(_IN_WORKDAYS, {"project_id": project_id}) is not None


def checklist_by_id(checklist_id: int) -> Checklist:
    """One checklist with items and evidence.

    :raises NotFound: when it is gone.
    """
    checklist = in_hand(("checklist", checklist_id), lambda: _read(checklist_id), of=_ITS_ROWS, are_rows=True)
    if checklist is not None and not _is_whole(checklist):
        checklist = _read(checklist_id)
    if checklist is None:
        raise NotFound
    return checklist


def checklists_by_id(checklist_ids: Collection[int]) -> dict[int, Checklist]:
    """Some checklists with items and evidence, by their numbers."""
    found = {checklist.id: checklist for checklist in _read_all(checklist_ids)}
    for checklist in found.values():
        _hold(checklist)
    return found


def _hold(checklist: Checklist) -> None:
    in_hand(("checklist", checklist.id), lambda: checklist, of=_ITS_ROWS, are_rows=True)


_ITS_ROWS = (Checklist, ReadinessItem, ItemEvidence)
# Statements that are put together once: that costs several times what asking them does.
_CHECKLIST_ID = sa.bindparam("checklist_id", type_=sa.Integer)
_PROJECT_ID = sa.bindparam("project_id", type_=sa.Integer)
_ALONE = Rows(sa.select(Checklist).where(Checklist.project_id == _PROJECT_ID))
_DATES = Question(
    sa.select(
        ReadinessItem.id,
        ReadinessItem.version,
        ReadinessItem.anchor,
        ReadinessItem.due_days,
        ReadinessItem.due_offset,
        ReadinessItem.due_on,
        (ReadinessItem.state == ItemState.OPEN).label("is_open"),
    ).where(
        ReadinessItem.checklist_id == _CHECKLIST_ID,
        sa.or_(
            ReadinessItem.state == ItemState.OPEN,
            sa.and_(ReadinessItem.type == ItemType.DATE, ReadinessItem.maximum.is_not(None)),
        ),
    )
)
_IN_WORKDAYS = (
    sa.select(ReadinessItem.id)
    .join(Checklist, Checklist.id == ReadinessItem.checklist_id)
    .where(
        Checklist.project_id == _PROJECT_ID,
        ReadinessItem.due_days == DueDays.SITE,
        ReadinessItem.state == ItemState.OPEN,
    )
    .limit(1)
)
_ITEMS = Rows(
    sa.select(ReadinessItem)
    .where(any_of(ReadinessItem.checklist_id, "checklist_ids"))
    .order_by(ReadinessItem.position, ReadinessItem.id)
)
_ANSWERED_DAYS = Rows(
    sa.select(ReadinessItem)
    .where(
        ReadinessItem.checklist_id == _CHECKLIST_ID,
        ReadinessItem.type == ItemType.DATE,
        ReadinessItem.maximum.is_not(None),
        ReadinessItem.state != ItemState.OPEN,
    )
    .order_by(ReadinessItem.position, ReadinessItem.id)
)
_BLOCKING = Question(
    sa.select(
        ReadinessItem.id,
        ReadinessItem.key,
        ReadinessItem.gate,
        ReadinessItem.due_on,
        ReadinessItem.requirement,
        ReadinessItem.type,
        ReadinessItem.state,
        ReadinessItem.verdict,
        ReadinessItem.reviewer,
        ReadinessItem.reported_at,
        ReadinessItem.is_contradicted,
        ReadinessItem.waived_until,
        ReadinessItem.evidence_need,
        ReadinessItem.file_count,
        ReadinessItem.file_kinds,
    )
    .where(
        ReadinessItem.checklist_id == _CHECKLIST_ID,
        ReadinessItem.gate.is_not(None),
        ReadinessItem.is_asked,
        ReadinessItem.type != ItemType.INFO,
        sa.or_(ReadinessItem.state != ItemState.ACCEPTED, ReadinessItem.is_contradicted),
    )
    .order_by(ReadinessItem.position, ReadinessItem.id)
)
_PROOFS = Question(
    sa.select(ItemEvidence.item_id, StoredFile.sha256, StoredFile.content_type)
    .join(StoredFile, StoredFile.id == ItemEvidence.file_id)
    .where(any_of(ItemEvidence.item_id, "item_ids"))
)
_EVIDENCE = Rows(
    sa.select(ItemEvidence)
    .join(ReadinessItem, ReadinessItem.id == ItemEvidence.item_id)
    .where(any_of(ReadinessItem.checklist_id, "checklist_ids"))
    .order_by(ItemEvidence.id)
)


_OF_ITEM = (
    joinedload(ReadinessItem.checklist),
    selectinload(ReadinessItem.evidence).joinedload(ItemEvidence.file),
)
_WITH_ALL = (selectinload(Checklist.items).options(*_OF_ITEM), joinedload(Checklist.project))


def _read(checklist_id: int) -> Checklist | None:
    return next(iter(_read_all([checklist_id])), None)


def _read_all(checklist_ids: Collection[int]) -> list[Checklist]:
    found = list(rows_by_id(Checklist, checklist_ids).values())
    asked = [checklist.id for checklist in found]
    if not asked:
        return []
    projects = rows_by_id(Project, {checklist.project_id for checklist in found})
    proofs = _EVIDENCE.all(checklist_ids=asked)
    files = rows_by_id(StoredFile, {one.file_id for one in proofs})
    evidence: dict[int, list[ItemEvidence]] = {}
    for one in proofs:
        set_committed_value(one, "file", files[one.file_id])
        evidence.setdefault(one.item_id, []).append(one)
    by_id = {checklist.id: checklist for checklist in found}
    items: dict[int, list[ReadinessItem]] = {checklist_id: [] for checklist_id in asked}
    for item in _ITEMS.all(checklist_ids=asked):
        set_committed_value(item, "checklist", by_id[item.checklist_id])
        set_committed_value(item, "evidence", evidence.get(item.id, []))
        read_again_with(item, *_OF_ITEM)
        items[item.checklist_id].append(item)
    for checklist in found:
        set_committed_value(checklist, "project", projects.get(checklist.project_id))
        set_committed_value(checklist, "items", items[checklist.id])
        read_again_with(checklist, *_WITH_ALL)
    return found


def _is_whole(checklist: Checklist) -> bool:
    """Whether nothing of it was put away since, to be read again."""
    state = sa.inspect(checklist)
    if state.detached or state.expired_attributes or not {"items", "project"} <= state.dict.keys():
        return False
    return all(
        {"evidence", "checklist"} <= one.dict.keys() and not one.expired_attributes
        for one in map(sa.inspect, checklist.items)
    )


def checklist_of_key(key: str) -> Checklist | None:
    """The checklist of a project by its key, for the operator's command line; `None` while none is issued.

    :raises NotFound: when there is no such project.
    """
    project_id = db.session.scalar(sa.select(Project.id).where(Project.key == key.upper()))
    if project_id is None:
        raise NotFound(f"There is no project {key}. See: concierge projects list")
    return checklist_of(project_id)


def checklist_by_link(link_hash: str) -> Checklist:
    """The checklist that a printed link leads to.

    :raises NotFound: when the link is unknown or was replaced.
    """
    checklist_id = db.session.scalar(sa.select(Checklist.id).where(Checklist.link_hash == link_hash))
    if checklist_id is None:
        raise NotFound
    return checklist_by_id(checklist_id)


def project_of(checklist: Checklist) -> Project:
    """A checklist's project with everything that its document prints."""
    return projects_printed([checklist.project_id])[0]


def projects_printed(project_ids: Iterable[int]) -> list[Project]:
    """Projects with account, site, people, order, milestones and instruments, by id."""
    return list(
        db.session.scalars(
            sa.select(Project)
            .where(Project.id.in_(set(project_ids)))
            .order_by(Project.id)
            .options(
                joinedload(Project.account),
                joinedload(Project.site),
                joinedload(Project.contact),
                joinedload(Project.concierge),
                joinedload(Project.order),
                selectinload(Project.milestones),
                selectinload(Project.gates),
                selectinload(Project.playbooks)
                .joinedload(ProjectPlaybook.line)
                .joinedload(OrderLine.product),
            )
        )
    )


def milestones_of(project_id: int) -> list[Milestone]:
    """A project's milestones in their order."""
    return list(
        db.session.scalars(
            sa.select(Milestone).where(Milestone.project_id == project_id).order_by(Milestone.position)
        )
    )


def documents_of(checklist_id: int, *, kind: DocumentKind = DocumentKind.WORKING) -> list[ChecklistDocument]:
    """Every PDF of a kind that was made of a checklist, the newest first."""
    return list(
        db.session.scalars(
            sa.select(ChecklistDocument)
            .where(ChecklistDocument.checklist_id == checklist_id, ChecklistDocument.kind == kind)
            .order_by(ChecklistDocument.id.desc())
            .options(joinedload(ChecklistDocument.file))
        )
    )


def document_with(checklist_id: int, *, language: str, content_hash: str) -> ChecklistDocument | None:
    """The PDF of a checklist with exactly this content; `None` when it has to be made."""
    return db.session.scalar(
        sa.select(ChecklistDocument)
        .where(
            ChecklistDocument.checklist_id == checklist_id,
            ChecklistDocument.language == language,
            ChecklistDocument.content_hash == content_hash,
        )
        .options(joinedload(ChecklistDocument.file))
    )


def document_by_id(document_id: int) -> ChecklistDocument:
    """One PDF.

    :raises NotFound: when it is gone.
    """
    document = db.session.scalar(
        sa.select(ChecklistDocument)
        .where(ChecklistDocument.id == document_id)
        .options(joinedload(ChecklistDocument.file))
    )
    if document is None:
        raise NotFound
    return document


def document_by_code(code: str) -> tuple[ChecklistDocument, Checklist, ChecklistDocument]:
    """The PDF that carries a code, its checklist, and the newest PDF of it in the same language.

    :raises NotFound: when no PDF carries it.
    """
    document = db.session.scalar(sa.select(ChecklistDocument).where(ChecklistDocument.code == code))
    if document is None:
        raise NotFound
    newest = db.session.scalars(
        sa.select(ChecklistDocument)
        .where(
            ChecklistDocument.checklist_id == document.checklist_id,
            ChecklistDocument.language == document.language,
            ChecklistDocument.kind == document.kind,
        )
        .order_by(ChecklistDocument.id.desc())
        .limit(1)
    ).one()
    return document, checklist_by_id(document.checklist_id), newest


def print_key(checklist_id: int, *, language: str, content_hash: str) -> str:
    """The key of the delivery that makes the print of one content."""
    return f"readiness.print:{checklist_id}:{language}:{content_hash[:32]}"


def print_status(checklist_id: int, *, language: str, content_hash: str) -> DeliveryStatus | None:
    """How far the print of one content is; `None` when nobody asked for it."""
    key = print_key(checklist_id, language=language, content_hash=content_hash)
    return db.session.scalar(sa.select(Delivery.status).where(Delivery.unique_key == key))


def failed_print(key: str) -> int | None:
    """The delivery of a print that was given up; `None` when it was not."""
    return db.session.scalar(
        sa.select(Delivery.id).where(Delivery.unique_key == key, Delivery.status == DeliveryStatus.DEAD)
    )


def next_revision(checklist_id: int, *, language: str, kind: DocumentKind = DocumentKind.WORKING) -> int:
    """The number that the next PDF of a kind in a language carries, from 1."""
    newest = db.session.scalar(
        sa.select(sa.func.max(ChecklistDocument.revision)).where(
            ChecklistDocument.checklist_id == checklist_id,
            ChecklistDocument.language == language,
            ChecklistDocument.kind == kind,
        )
    )
    return (newest or 0) + 1


def answerers_of(items: Iterable[ReadinessItem]) -> dict[int, User]:
    """The people who answered items, by id."""
    wanted = {item.answered_by_id for item in items if item.answered_by_id is not None}
    if not wanted:
        return {}
    return {user.id: user for user in db.session.scalars(sa.select(User).where(User.id.in_(wanted)))}


def contacts_of(items: Iterable[ReadinessItem]) -> dict[int, Contact]:
    """The customer's people who bring items about, by id."""
    wanted = {item.contact_id for item in items if item.contact_id is not None}
    if not wanted:
        return {}
    return {
        person.id: person for person in db.session.scalars(sa.select(Contact).where(Contact.id.in_(wanted)))
    }


def playbook_item_keys(version_id: int) -> frozenset[str]:
    """The keys of the items of a playbook version."""
    return frozenset(
        db.session.scalars(sa.select(PlaybookItem.key).where(PlaybookItem.version_id == version_id))
    )


# --- the customer's page


def link_by_token(token: str, *, at: datetime) -> CustomerLink:
    """The link that an address opens, with its contact.

    :raises NotFound: when it is unknown, has run out or was ended: the same for all of them.
    """
    link = db.session.scalar(
        sa.select(CustomerLink)
        .where(CustomerLink.token_hash == scope.link_hash(token))
        .options(joinedload(CustomerLink.contact))
    )
    if link is None or not link.is_open(at=at):
        raise NotFound
    return link


def link_for_change(link_id: int, *, project_id: int | None = None) -> CustomerLink:
    """One link, locked until the end of the unit of work, with its project.

    :param project_id: the project that it has to belong to; None: any.
    :raises NotFound: when there is none.
    """
    wanted = sa.select(CustomerLink).where(CustomerLink.id == link_id)
    if project_id is not None:
        wanted = wanted.where(CustomerLink.project_id == project_id)
    link = db.session.scalar(
        wanted.options(joinedload(CustomerLink.project), joinedload(CustomerLink.contact))
        .with_for_update(of=CustomerLink)
        .execution_options(populate_existing=True)
    )
    if link is None:
        raise NotFound
    return link


def links_of(project_id: int) -> list[CustomerLink]:
    """Every link of a project that was not ended, the oldest first, with its contact."""
    return list(
        db.session.scalars(
            sa.select(CustomerLink)
            .where(CustomerLink.project_id == project_id, CustomerLink.revoked_at.is_(None))
            .options(joinedload(CustomerLink.contact))
            .order_by(CustomerLink.section != "", CustomerLink.id)
        )
    )


def link_of_contact(project_id: int, contact_id: int) -> CustomerLink | None:
    """The link that one of the customer's people holds to a project; None: they have none."""
    return db.session.scalar(
        sa.select(CustomerLink)
        .where(
            CustomerLink.project_id == project_id,
            CustomerLink.contact_id == contact_id,
            CustomerLink.section == "",
            CustomerLink.revoked_at.is_(None),
        )
        .order_by(CustomerLink.id.desc())
        .limit(1)
    )


def links_to(email: str) -> list[CustomerLink]:
    """Every link that was given to a mail address and not ended, with its project."""
    return list(
        db.session.scalars(
            sa.select(CustomerLink)
            .where(
                sa.func.lower(CustomerLink.email) == email.strip().lower(), CustomerLink.revoked_at.is_(None)
            )
            .options(joinedload(CustomerLink.project))
            .order_by(CustomerLink.id)
            .limit(20)
        )
    )


def links_given_by(link_id: int) -> list[CustomerLink]:
    """The links that the holder of one handed on."""
    return list(db.session.scalars(sa.select(CustomerLink).where(CustomerLink.given_by_id == link_id)))


def sections_handed_on(project_id: int) -> list[CustomerLink]:
    """The links to sections of a project that were not ended."""
    return [link for link in links_of(project_id) if link.section]


def codes_since(link_id: int, since: datetime) -> list[LinkCode]:
    """The codes that went out for a link since an instant."""
    return list(
        db.session.scalars(
            sa.select(LinkCode)
            .where(LinkCode.link_id == link_id, LinkCode.sent_at > since)
            .order_by(LinkCode.id)
        )
    )


def code_for_change(link_id: int) -> LinkCode | None:
    """The code that went out last for a link, locked until the end of the unit of work."""
    return db.session.scalar(
        sa.select(LinkCode)
        .where(LinkCode.link_id == link_id)
        .order_by(LinkCode.id.desc())
        .limit(1)
        .with_for_update()
        .execution_options(populate_existing=True)
    )


def questions_of(project_id: int, *, link_id: int | None = None) -> list[CustomerQuestion]:
    """What was asked about a project, the newest first.

    :param link_id: only what was asked by this link; None: everything.
    """
    wanted = sa.select(CustomerQuestion).where(CustomerQuestion.project_id == project_id)
    if link_id is not None:
        wanted = wanted.where(CustomerQuestion.link_id == link_id)
    return list(db.session.scalars(wanted.order_by(CustomerQuestion.id.desc()).limit(200)))


def question_for(viewer: Viewer, key: str, question_id: int) -> tuple[Project, CustomerQuestion]:
    """What was asked about a project.

    :raises NotFound: when the viewer knows of no such project, or it was asked about another one.
    """
    project = projects.project_by_key(viewer, key)
    question = db.session.scalar(
        sa.select(CustomerQuestion).where(
            CustomerQuestion.id == question_id, CustomerQuestion.project_id == project.id
        )
    )
    if question is None:
        raise NotFound
    return project, question


def question_by_id(question_id: int) -> CustomerQuestion:
    """One question.

    :raises NotFound: when it is gone.
    """
    question = db.session.get(CustomerQuestion, question_id)
    if question is None:
        raise NotFound
    return question


def messages_to(
    project_id: int, *, link_id: int | None = None, with_stopped: bool = False
) -> list[CustomerMessage]:
    """What we wrote to the customer of a project of our own accord, the newest first.

    :param link_id: only what went to this link by name; None: everything.
    :param with_stopped: also what was stopped before it left, which the customer does not see.
    """
    wanted = sa.select(CustomerMessage).where(CustomerMessage.project_id == project_id)
    if not with_stopped:
        wanted = wanted.where(CustomerMessage.stopped_at.is_(None))
    if link_id is not None:
        wanted = wanted.where(CustomerMessage.link_id == link_id)
    return list(db.session.scalars(wanted.order_by(CustomerMessage.id.desc()).limit(200)))


def message_by_id(message_id: int) -> CustomerMessage:
    """One message of ours.

    :raises NotFound: when it is gone.
    """
    message = db.session.get(CustomerMessage, message_id)
    if message is None:
        raise NotFound
    return message


def links_to_write_to(project_id: int, *, at: datetime) -> list[CustomerLink]:
    """The open links whose holders see a whole project."""
    return [link for link in links_of(project_id) if not link.section and link.is_open(at=at)]


def waiting_questions(link_id: int) -> int:
    """How many questions that were asked by a link wait for an answer."""
    return (
        db.session.scalar(
            sa.select(sa.func.count(CustomerQuestion.id)).where(
                CustomerQuestion.link_id == link_id, CustomerQuestion.answered_at.is_(None)
            )
        )
        or 0
    )


def requirements_named(item_ids: Iterable[int | None]) -> dict[int, dict[str, str]]:
    """What items ask, by their number, in every language."""
    wanted = {one for one in item_ids if one is not None}
    if not wanted:
        return {}
    asked = sa.select(ReadinessItem.id, ReadinessItem.requirement).where(ReadinessItem.id.in_(wanted))
    return {row.id: row.requirement for row in db.session.execute(asked)}


def people_named(user_ids: Iterable[int | None]) -> dict[int, User]:
    """People of ours, by id."""
    wanted = {one for one in user_ids if one is not None}
    if not wanted:
        return {}
    return {user.id: user for user in db.session.scalars(sa.select(User).where(User.id.in_(wanted)))}


def contacts_of_account(account_id: int) -> list[Contact]:
    """A customer's people, by name."""
    return list(
        db.session.scalars(
            sa.select(Contact).where(Contact.account_id == account_id).order_by(Contact.name, Contact.id)
        )
    )


def answers_that_count(item_ids: Iterable[int]) -> dict[int, ItemAnswer]:
    """Of each item the answer that counts now, where there is one."""
    wanted = list(item_ids)
    found = db.session.scalars(
        sa.select(ItemAnswer)
        .where(ItemAnswer.item_id.in_(wanted), ItemAnswer.standing == Standing.CURRENT)
        .order_by(ItemAnswer.id)
    )
    return {one.item_id: one for one in found}


def checklists_not_counted(*, most: int) -> list[int]:
    """Checklists of which nobody has reported yet how much is done, from before that was kept; oldest first."""
    return list(
        db.session.scalars(
            sa.select(Checklist.id)
            .join(Gate, Gate.project_id == Checklist.project_id)
            .where(
                Gate.kind == GateKind.SHIP,
                Gate.percent.is_(None),
                sa.exists().where(
                    ReadinessItem.checklist_id == Checklist.id,
                    ReadinessItem.type != ItemType.INFO,
                    ReadinessItem.is_asked.is_(True),
                ),
            )
            .order_by(Checklist.id)
            .limit(most)
        )
    )


def answers_in_conflict(item_ids: Iterable[int]) -> dict[int, list[ItemAnswer]]:
    """Of each item the answers that were given without having seen the one that counts, and wait for a choice."""
    found: dict[int, list[ItemAnswer]] = {}
    for one in db.session.scalars(
        sa.select(ItemAnswer)
        .where(ItemAnswer.item_id.in_(list(item_ids)), ItemAnswer.standing == Standing.CONFLICT)
        .order_by(ItemAnswer.id)
    ):
        found.setdefault(one.item_id, []).append(one)
    return found


def upload_by_token(token: str, *, link_id: int) -> UploadUnderWay:
    """An upload of a link's holder.

    :raises NotFound: when there is none.
    """
    found = db.session.scalar(
        sa.select(UploadUnderWay).where(UploadUnderWay.token == token, UploadUnderWay.link_id == link_id)
    )
    if found is None:
        raise NotFound
    return found


def upload_for_change(token: str, *, link_id: int) -> UploadUnderWay | None:
    """An upload of a link's holder, locked until the end of the unit of work; None when there is none."""
    return db.session.scalar(
        sa.select(UploadUnderWay)
        .where(UploadUnderWay.token == token, UploadUnderWay.link_id == link_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )


def uploads_of(link_id: int) -> list[UploadUnderWay]:
    """The uploads of a link's holder that are under way."""
    return list(db.session.scalars(sa.select(UploadUnderWay).where(UploadUnderWay.link_id == link_id)))


def uploads_before(at: datetime) -> list[UploadUnderWay]:
    """Uploads that began before an instant and never ended."""
    return list(db.session.scalars(sa.select(UploadUnderWay).where(UploadUnderWay.begun_at < at).limit(200)))


def stored_pieces(file_ids: Sequence[int]) -> list[StoredFile]:
    """The stored pieces of an upload, in the order of their ids."""
    found = {
        one.id: one for one in db.session.scalars(sa.select(StoredFile).where(StoredFile.id.in_(file_ids)))
    }
    return [found[one] for one in file_ids if one in found]


# ---------------------------------------------------------------- what comes back


@dataclass(frozen=True, slots=True)
class Sender:
    """Who answers by a file that came back: one of ours, or one of the customer's people."""

    name: str
    """As shown; empty for ours."""
    user_id: int | None = None
    link_id: int | None = None
    email: str = ""
    language: str = "en"
    section: str = ""
    """The only section that they were asked about; empty: all."""


def sender_named(address: str, project: Project, *, at: datetime) -> Sender | None:
    """Who of a project's customer has a mail address: holders of open links first, then contacts; None: nobody."""
    wanted = plain_address(address)
    if not wanted:
        return None
    links = [
        link for link in links_of(project.id) if link.is_open(at=at) and plain_address(link.email) == wanted
    ]
    for link in links:
        return _holder(link)
    for contact in contacts_of_account(project.account_id):
        if plain_address(contact.email) == wanted:
            return Sender(name=contact.name, email=contact.email, language=contact.language)
    return None


def holder_of(link_id: int) -> Sender | None:
    """Who holds a link; None when there is none."""
    link = db.session.get(CustomerLink, link_id)
    return None if link is None else _holder(link)


def _holder(link: CustomerLink) -> Sender:
    return Sender(
        name=link.name, link_id=link.id, email=link.email, language=link.language, section=link.section
    )


def plain_address(address: str) -> str:
    """A mail address as it leads to a person: without the case of letters and what follows a plus sign."""
    local, at, domain = address.strip().casefold().rpartition("@")
    return f"{local.partition('+')[0]}@{domain.rstrip('.')}" if at and local else ""


def returned_with(project_id: int, *, digest: str) -> ReturnedDocument | None:
    """The file with exactly these bytes that came back for a project before; None: there is none."""
    return db.session.scalar(
        sa.select(ReturnedDocument)
        .where(ReturnedDocument.project_id == project_id, ReturnedDocument.digest == digest)
        .options(joinedload(ReturnedDocument.file))
    )


def returned_by_ids(ids: Collection[int], *, is_for_change: bool = False) -> list[ReturnedDocument]:
    """Files that came back, by id, with the files themselves; locked when they are about to change."""
    wanted = sa.select(ReturnedDocument).where(ReturnedDocument.id.in_(ids)).order_by(ReturnedDocument.id)
    if is_for_change:
        wanted = wanted.with_for_update(of=ReturnedDocument).execution_options(populate_existing=True)
    return list(db.session.scalars(wanted.options(joinedload(ReturnedDocument.file))))


def returned_of(project_id: int) -> list[ReturnedDocument]:
    """Everything that came back for a project, the newest first."""
    return list(
        db.session.scalars(
            sa.select(ReturnedDocument)
            .where(ReturnedDocument.project_id == project_id)
            .order_by(ReturnedDocument.id.desc())
            .options(joinedload(ReturnedDocument.file))
            .limit(200)
        )
    )


def returned_for(viewer: Viewer, key: str, returned_id: int) -> tuple[Project, ReturnedDocument]:
    """One file that came back for a project.

    :raises NotFound: when the viewer knows of no such project, or the file is another project's.
    """
    project = projects.project_by_key(viewer, key)
    row = db.session.scalar(
        sa.select(ReturnedDocument)
        .where(ReturnedDocument.id == returned_id, ReturnedDocument.project_id == project.id)
        .options(joinedload(ReturnedDocument.file))
    )
    if row is None:
        raise NotFound
    return project, row


def returned_from(address: str, since: datetime) -> int:
    """How many files have come from a mail address since an instant."""
    wanted = sa.select(sa.func.count(ReturnedDocument.id)).where(
        ReturnedDocument.sender == address, ReturnedDocument.received_at >= since
    )
    return db.session.scalar(wanted) or 0


def pictures_of(row: ReturnedDocument) -> list[StoredFile]:
    """The pictures of a returned file's pages, in their order."""
    found = {
        one.id: one
        for one in db.session.scalars(sa.select(StoredFile).where(StoredFile.id.in_(row.pictures)))
    }
    return [found[one] for one in row.pictures if one in found]


def is_answer_of(answer_id: int, *, returned_id: int) -> bool:
    """Whether an answer was read from a file that came back."""
    return (
        db.session.scalar(sa.select(ItemAnswer.returned_id).where(ItemAnswer.id == answer_id)) == returned_id
    )


def document_with_code(code: str) -> ChecklistDocument | None:
    """The print that carries a code; None: there is none."""
    return db.session.scalar(sa.select(ChecklistDocument).where(ChecklistDocument.code == code))


def newest_revision(project_id: int, *, language: str) -> int:
    """The number of a project's newest print in a language; 0: there is none."""
    newest = sa.select(sa.func.max(ChecklistDocument.revision)).join(
        Checklist, Checklist.id == ChecklistDocument.checklist_id
    )
    return (
        db.session.scalar(
            newest.where(
                Checklist.project_id == project_id,
                ChecklistDocument.language == language,
                ChecklistDocument.kind == DocumentKind.WORKING,
            )
        )
        or 0
    )


def has_taken_mail(mail_id: int) -> bool:
    """Whether what a message brought was kept before."""
    return (
        db.session.scalar(sa.select(ReturnedDocument.id).where(ReturnedDocument.mail_id == mail_id).limit(1))
        is not None
    )


def project_ids_of(keys: Collection[str]) -> dict[str, int]:
    """The ids of projects by their keys, of those that there are."""
    found = db.session.execute(sa.select(Project.key, Project.id).where(Project.key.in_(keys)))
    return {row.key: row.id for row in found}


def asked_of(project_id: int) -> tuple[str, frozenset[str]]:
    """A project's key, and the keys of what its checklist asks."""
    key = db.session.scalars(sa.select(Project.key).where(Project.id == project_id)).one()
    items = (
        sa.select(ReadinessItem.key).join(ReadinessItem.checklist).where(Checklist.project_id == project_id)
    )
    return key, frozenset(db.session.scalars(items))


def link_named(link_id: int | None) -> CustomerLink | None:
    """A link by its number; None when there is none."""
    return None if link_id is None else db.session.get(CustomerLink, link_id)


# --- what requirements are computed from


def facts_of(product_ids: Iterable[int]) -> dict[int, list[ProductFact]]:
    """The figures of instruments, by product."""
    found: dict[int, list[ProductFact]] = {}
    ids = set(product_ids)
    if ids:
        for fact in db.session.scalars(
            sa.select(ProductFact).where(ProductFact.product_id.in_(ids)).order_by(ProductFact.id)
        ):
            found.setdefault(fact.product_id, []).append(fact)
    return found


def site_of(project_id: int) -> int:
    """The id of a project's site."""
    return db.session.scalars(sa.select(Project.site_id).where(Project.id == project_id)).one()


def country_of_site(site_id: int) -> str:
    """The country of a site, ISO 3166-1 alpha-2."""
    return countries_of_sites([site_id]).get(site_id, "")


def countries_of_sites(site_ids: Collection[int]) -> dict[int, str]:
    """The countries of sites, ISO 3166-1 alpha-2, by site."""
    rows = db.session.execute(sa.select(Site.id, Site.country).where(Site.id.in_(site_ids)))
    return {row[0]: row[1] for row in rows}


def projects_with_checklist(site_id: int) -> list[int]:
    """The projects at a site that have a checklist and have not ended, by id."""
    return list(
        db.session.scalars(
            sa.select(Project.id)
            .join(Checklist, Checklist.project_id == Project.id)
            .where(Project.site_id == site_id, Project.state == ProjectState.LIVE)
            .order_by(Project.id)
        )
    )


def projects_counting_over(periods: Iterable[tuple[date, date]]) -> list[int]:
    """The projects under way with an open item that is due in working days counted over days of these periods, by id.

    :param periods: first and last day of each.
    """
    item = ReadinessItem
    anchor = sa.case(
        (item.anchor == Anchor.INSTALL, sa.func.coalesce(Checklist.install_on, Checklist.anchor_on)),
        (item.anchor == Anchor.ORDER, sa.func.coalesce(Checklist.ordered_on, Checklist.anchor_on)),
        else_=Checklist.anchor_on,
    )
    return list(
        db.session.scalars(
            sa.select(Project.id)
            .join(Checklist, Checklist.project_id == Project.id)
            .join(item, item.checklist_id == Checklist.id)
            .where(
                Project.state == ProjectState.LIVE,
                item.due_days == DueDays.SITE,
                item.state == ItemState.OPEN,
                sa.or_(
                    *(
                        sa.or_(
                            sa.and_(item.due_on <= last_on, anchor >= first_on),
                            sa.and_(anchor <= last_on, item.due_on >= first_on),
                        )
                        for first_on, last_on in periods
                    )
                ),
            )
            .distinct()
            .order_by(Project.id)
        )
    )


def people_of_ours(project: Project) -> dict[Responsible, User]:
    """Who of ours brings items about, by party: the owner of the milestone that they belong to, else the concierge.

    Parties for which nobody is named are left out; carriers have nobody of ours.
    """
    kinds = [kind for each in _OWNED.values() for kind in each]
    owners = db.session.execute(
        sa.select(Milestone.kind, Milestone.owner_id)
        .where(Milestone.project_id == project.id, Milestone.kind.in_(kinds), Milestone.owner_id.is_not(None))
        .order_by(Milestone.position.desc())
    )
    owner_of = {row.kind: row.owner_id for row in owners}
    named: dict[Responsible, int | None] = {Responsible.VENDOR: project.concierge_id}
    for party, belongs in _OWNED.items():
        known = (owner_of[kind] for kind in belongs if kind in owner_of)
        named[party] = next(known, project.concierge_id)
    people = people_named(named.values())
    return {party: people[user_id] for party, user_id in named.items() if user_id in people}


_OWNED = {
    Responsible.ENGINEER: (MilestoneKind.INSTALLED, MilestoneKind.SITE_SURVEY),
    Responsible.LOGISTICS: (MilestoneKind.SHIP_RELEASED, MilestoneKind.DELIVERED),
}


# ------------------------------------------------------------ what a document shows


def signatures_on(checklist_id: int) -> list[ReadinessSignature]:
    """Every signature on a checklist, the newest first, those that ended among them."""
    return list(
        db.session.scalars(
            sa.select(ReadinessSignature)
            .where(ReadinessSignature.checklist_id == checklist_id)
            .order_by(ReadinessSignature.id.desc())
        )
    )


def waivers_on(item_ids: Iterable[int]) -> dict[int, list[Waiver]]:
    """Of each item the waivers that have not ended."""
    found: dict[int, list[Waiver]] = {}
    rows = sa.select(Waiver).where(Waiver.item_id.in_(list(item_ids)), Waiver.ended_at.is_(None))
    for one in db.session.scalars(rows.order_by(Waiver.id)):
        found.setdefault(one.item_id, []).append(one)
    return found


def project_printed_for(viewer: Viewer, row: ReturnedDocument) -> Project | None:
    """The other project that a returned file was printed for; None: there is none that the viewer knows."""
    if row.document_id is None:
        return None
    key = db.session.scalar(
        sa.select(Project.key)
        .join(Checklist, Checklist.project_id == Project.id)
        .join(ChecklistDocument, ChecklistDocument.checklist_id == Checklist.id)
        .where(ChecklistDocument.id == row.document_id, Project.id != row.project_id)
    )
    if key is None:
        return None
    try:
        return projects.project_by_key(viewer, key)
    except NotFound:
        return None


def returned_waiting(viewer: Viewer, outcomes: Collection[Outcome]) -> list[tuple[ReturnedDocument, Project]]:
    """Files that came back for projects that a viewer may see and wait for a person, the oldest first."""
    wanted = visible_to(
        viewer,
        sa.select(ReturnedDocument, Project)
        .join(Project, Project.id == ReturnedDocument.project_id)
        .where(ReturnedDocument.settled_at.is_(None), ReturnedDocument.outcome.in_(outcomes))
        .options(joinedload(ReturnedDocument.file))
        .order_by(ReturnedDocument.received_at, ReturnedDocument.id)
        .limit(200),
    )
    return [(found.ReturnedDocument, found.Project) for found in db.session.execute(wanted)]


def answers_by_ids(ids: Collection[int]) -> dict[int, ItemAnswer]:
    """Answers as they were given, by id."""
    found = db.session.scalars(sa.select(ItemAnswer).where(ItemAnswer.id.in_(ids)))
    return {one.id: one for one in found}


def mail_of(row: ReturnedDocument) -> IncomingMail | None:
    """The message that brought a file; None: it came otherwise."""
    return None if row.mail_id is None else db.session.get(IncomingMail, row.mail_id)


# ------------------------------------------------------------ judgement


@dataclass(frozen=True, slots=True)
class Moment:
    """Where a project stands, as far as a judgement of its site asks: the zone there, and what has happened."""

    zone: str
    is_delivered: bool
    is_let_pass: bool
    """Whether a named person let shipping pass although something held it."""
    is_live: bool


def moment_of(project_id: int) -> Moment:
    """Where a project stands now."""
    row = _MOMENT.first(project_id=project_id)
    assert row is not None  # noqa: S101 # projects are never removed
    zone, is_delivered, is_let_pass, state = row
    return Moment(zone, bool(is_delivered), bool(is_let_pass), state is ProjectState.LIVE)


_MOMENT = Question(
    sa.select(
        Site.zone,
        sa.exists()
        .where(
            Milestone.project_id == Project.id,
            Milestone.kind == MilestoneKind.DELIVERED,
            Milestone.finished_on.is_not(None),
        )
        .label("is_delivered"),
        sa.exists()
        .where(Gate.project_id == Project.id, Gate.kind == GateKind.SHIP, Gate.state == GateState.OVERRIDDEN)
        .label("is_let_pass"),
        Project.state,
    )
    .join_from(Project, Site, Site.id == Project.site_id)
    .where(Project.id == _PROJECT_ID)
)


def history_of(item_id: int) -> list[ItemAnswer]:
    """Every answer that was given to an item, the newest first."""
    rows = sa.select(ItemAnswer).where(ItemAnswer.item_id == item_id).order_by(ItemAnswer.id.desc())
    return list(db.session.scalars(rows))


def all_waivers_of(item_id: int) -> list[Waiver]:
    """Every waiver of an item, the newest first, those that ended among them."""
    rows = sa.select(Waiver).where(Waiver.item_id == item_id).order_by(Waiver.id.desc())
    return list(db.session.scalars(rows))


def assessments_of(checklist_id: int) -> list[Assessment]:
    """Every judgement of a site, the newest first."""
    rows = sa.select(Assessment).where(Assessment.checklist_id == checklist_id).order_by(Assessment.id.desc())
    return list(db.session.scalars(rows))


def newest_assessment(checklist_id: int) -> Assessment | None:
    """The newest judgement of a site that says ready or was signed; `None` while there is none."""
    rows = sa.select(Assessment).where(
        Assessment.checklist_id == checklist_id,
        sa.or_(Assessment.is_ready.is_(True), Assessment.signed_name != ""),
    )
    return db.session.scalar(rows.order_by(Assessment.id.desc()).limit(1))


def newest_sign_off(checklist_id: int) -> ReadinessSignature | None:
    """The newest signature under the whole list by the customer, also one that ended because something changed."""
    rows = sa.select(ReadinessSignature).where(
        ReadinessSignature.checklist_id == checklist_id, ReadinessSignature.section == ""
    )
    return db.session.scalar(rows.order_by(ReadinessSignature.id.desc()).limit(1))


def assessment_for(viewer: Viewer, key: str, assessment_id: int) -> tuple[Project, Checklist, Assessment]:
    """One judgement of a project's site, with the project and its checklist.

    :raises NotFound: when the viewer knows of no such project, or the judgement is another project's.
    """
    project, checklist = checklist_for(viewer, key)
    found = db.session.get(Assessment, assessment_id)
    if checklist is None or found is None or found.checklist_id != checklist.id:
        raise NotFound
    return project, checklist, found


def _not_judged(
    occasion: Occasion,
    counted_from: InstrumentedAttribute[Any],  # Any: a day or none
    day: date,
    *,
    first: int,
    last: int,
) -> sa.ColumnElement[bool]:
    """That a day lies so many days from another, and its judgement was not made for it."""
    made = sa.exists().where(
        Assessment.checklist_id == Checklist.id,
        Assessment.occasion == occasion,
        Assessment.counted_from == counted_from,
    )
    return sa.and_(counted_from.between(day + timedelta(days=first), day + timedelta(days=last)), ~made)


def checklists_to_judge(day: date) -> list[int]:
    """Checklists of running projects for which something may be due on a day anywhere: a judgement, a waiver's end."""
    near = sa.or_(
        _not_judged(Occasion.FOURTEEN_DAYS, Checklist.anchor_on, day, first=6, last=15),
        _not_judged(Occasion.SEVEN_DAYS, Checklist.anchor_on, day, first=-1, last=8),
        _not_judged(Occasion.ON_THE_DAY, Checklist.install_on, day, first=-1, last=1),
        sa.exists().where(
            ReadinessItem.checklist_id == Checklist.id,
            ReadinessItem.waived_until.is_not(None),
            sa.or_(ReadinessItem.waived_until <= day, Checklist.install_on <= day + timedelta(days=1)),
        ),
    )
    rows = (
        sa.select(Checklist.id)
        .join(Project, Project.id == Checklist.project_id)
        .where(Project.state == ProjectState.LIVE, near)
        .order_by(Checklist.id)
    )
    return list(db.session.scalars(rows))


def returned_unsettled(project_id: int) -> list[ReturnedDocument]:
    """Files that came back for a project and are not dealt with, locked."""
    return list(
        db.session.scalars(
            sa.select(ReturnedDocument)
            .where(ReturnedDocument.project_id == project_id, ReturnedDocument.settled_at.is_(None))
            .order_by(ReturnedDocument.id)
            .with_for_update(of=ReturnedDocument)
        )
    )


def country_of(project_id: int) -> str:
    """The country of a project's site, two letters; empty when there is no such project."""
    wanted = sa.select(Site.country).join(Project, Project.site_id == Site.id).where(Project.id == project_id)
    return db.session.scalar(wanted) or ""
