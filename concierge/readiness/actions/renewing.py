"""Renewing a running project's checklist when its playbook has a newer version; answers are kept."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from concierge.catalogue.models import PlaybookItem
from concierge.catalogue.states import ItemType, Responsible, Severity
from concierge.core import readiness
from concierge.platform.database import db
from concierge.platform.events import record
from concierge.projects import queries as projects
from concierge.projects.models import Project
from concierge.readiness import plan, queries
from concierge.readiness.events import ChecklistRenewed
from concierge.readiness.models import Checklist, ReadinessItem
from concierge.readiness.states import ItemState, Verdict

ASKED = (
    "section",
    "type",
    "requirement",
    "why",
    "how",
    "quantity",
    "unit",
    "choices",
    "responsible",
    "source",
    "source_rev",
    "checked_on",
)
"""What an item takes from its playbook as it stands."""
JUDGED = frozenset({"type", "unit", "choices", "minimum", "maximum"})
"""A change of these judges an answer anew."""

_VERDICTS = {
    readiness.Verdict.OK: Verdict.OK,
    readiness.Verdict.OUT_OF_RANGE: Verdict.OUT_OF_RANGE,
    readiness.Verdict.UNKNOWN: Verdict.UNKNOWN,
}


@dataclass(frozen=True, slots=True)
class Renewal:
    """What becomes of a checklist's items."""

    added: tuple[plan.Wanted, ...] = ()
    changed: tuple[tuple[ReadinessItem, plan.Wanted], ...] = ()
    removed: tuple[ReadinessItem, ...] = ()
    """Open ones that are no longer asked."""
    kept: tuple[ReadinessItem, ...] = ()
    """Answered ones that are no longer asked: they stay with their answer and hold nothing."""
    wanted: tuple[plan.Wanted, ...] = ()


def foresee_renewal(project: Project, *, items: Iterable[PlaybookItem], playbook_id: int) -> Renewal:
    """What taking over a version with these items would do to a project's checklist; nothing changes."""
    checklist = queries.checklist_of(project.id)
    if checklist is None:
        return Renewal()
    brought = projects.playbooks_of(project.id)
    older = {
        item.key for one in brought if one.version.playbook_id == playbook_id for item in one.version.items
    }
    versions = {
        one.version_id: list(items if one.version.playbook_id == playbook_id else one.version.items)
        for one in brought
    }
    return _renewal(checklist, _asked(project, versions.values()), older)


def renew_checklist(project: Project, *, version_before_id: int, at: datetime, actor_id: int | None) -> None:
    """Merge the items of the project's playbook versions of now into its checklist by key.

    Open items follow the playbooks, new ones are asked, answers stay and are judged anew where the bounds are
    others. A project without a checklist stays without.
    """
    checklist = queries.checklist_of(project.id)
    if checklist is None:
        return
    versions = {one.version_id: one.version.items for one in projects.playbooks_of(project.id)}
    renewal = _renewal(
        checklist, _asked(project, versions.values()), queries.playbook_item_keys(version_before_id)
    )
    if not (renewal.added or renewal.changed or renewal.removed or renewal.kept):
        return
    for item, wanted in renewal.changed:
        _alter(checklist, item, wanted)
    for item in renewal.removed:
        checklist.items.remove(item)
        db.session.delete(item)
    for item in renewal.kept:
        item.severity, item.gate = Severity.ADVISORY, None
    for wanted in renewal.added:
        checklist.items.append(_item(checklist, wanted, contact_id=project.contact_id))
    _number(checklist, renewal.wanted)
    db.session.flush()
    record(
        ChecklistRenewed(
            at=at,
            actor_id=actor_id,
            project_id=project.id,
            checklist_id=checklist.id,
            added=len(renewal.added),
            removed=len(renewal.removed) + len(renewal.kept),
            changed=len(renewal.changed),
        )
    )


def _asked(project: Project, versions: Iterable[Sequence[PlaybookItem]]) -> tuple[plan.Wanted, ...]:
    sold = projects.products_sold(project.order_id)
    return plan.merged([[item for item in items if item.option_key in {"", *sold}] for items in versions])


def _renewal(checklist: Checklist, wanted: tuple[plan.Wanted, ...], older: Collection[str]) -> Renewal:
    there = {item.key: item for item in checklist.items}
    asked = {one.key for one in wanted}
    gone = [
        item
        for item in checklist.items
        if item.key not in asked and (item.key in older or item.key.rsplit("-", 1)[0] in older)
    ]
    return Renewal(
        added=tuple(one for one in wanted if one.key not in there),
        changed=tuple(
            (there[one.key], one) for one in wanted if one.key in there and _differing(there[one.key], one)
        ),
        removed=tuple(item for item in gone if item.state is ItemState.OPEN and not item.evidence),
        kept=tuple(item for item in gone if item.state is not ItemState.OPEN or item.evidence),
        wanted=wanted,
    )


def _differing(item: ReadinessItem, wanted: plan.Wanted) -> frozenset[str]:
    """The names of what is asked otherwise."""
    found = {name for name in ASKED if getattr(item, name) != getattr(wanted.item, name)}
    found |= {
        name
        for name in ("minimum", "maximum", "severity", "gate", "due_offset")
        if getattr(item, name) != getattr(wanted, name)
    }
    return frozenset(found | ({"evidence_need"} if item.evidence_need is not wanted.evidence else set()))


def _alter(checklist: Checklist, item: ReadinessItem, wanted: plan.Wanted) -> None:
    differing = _differing(item, wanted)
    for name in ASKED:
        setattr(item, name, getattr(wanted.item, name))
    item.minimum, item.maximum = wanted.minimum, wanted.maximum
    item.severity, item.gate, item.evidence_need = wanted.severity, wanted.gate, wanted.evidence
    item.due_offset = wanted.due_offset
    if item.state is ItemState.OPEN:
        item.due_on = plan.due_on(checklist.anchor_on, wanted.due_offset)
    elif differing & JUDGED:
        item.state, item.verdict = ItemState.ANSWERED, _judged(item)


def _judged(item: ReadinessItem) -> Verdict:
    if item.type is ItemType.INFO:
        return Verdict.OK
    try:
        answer = plan.answer_of(item, item.value, files=len(item.evidence))
        item.si_value = None if answer.number is None else float(answer.number)
        return _VERDICTS[readiness.verdict(plan.requirement_of(item), answer)]
    except ValueError:  # what was answered is no answer to what is asked now
        item.si_value = None
        return Verdict.UNKNOWN


def _item(checklist: Checklist, wanted: plan.Wanted, *, contact_id: int | None) -> ReadinessItem:
    is_theirs = wanted.item.responsible is Responsible.CUSTOMER
    return ReadinessItem(
        checklist_id=checklist.id,
        position=0,
        key=wanted.key,
        **{name: getattr(wanted.item, name) for name in ASKED},
        minimum=wanted.minimum,
        maximum=wanted.maximum,
        contact_id=contact_id if is_theirs else None,
        due_offset=wanted.due_offset,
        due_on=plan.due_on(checklist.anchor_on, wanted.due_offset),
        severity=wanted.severity,
        gate=wanted.gate,
        evidence_need=wanted.evidence,
        evidence=[],
    )


def _number(checklist: Checklist, wanted: tuple[plan.Wanted, ...]) -> None:
    """Put the items into the playbooks' order; those that are no longer asked come last."""
    place = {one.key: number for number, one in enumerate(wanted, 1)}
    rest = len(wanted) + 1
    for item in checklist.items:
        item.position = place.get(item.key, rest)
        rest += item.key not in place
