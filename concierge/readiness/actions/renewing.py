"""Computing a running project's checklist anew when its playbook, order or site changed; answers are kept.

Only the rows concerned change: what is asked otherwise, what is asked besides, and what is not asked any more.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from concierge.catalogue.models import PlaybookItem
from concierge.catalogue.states import Severity
from concierge.platform.database import db
from concierge.platform.events import record
from concierge.platform.prepared import Rows
from concierge.platform.statements import any_of
from concierge.projects import queries as projects
from concierge.projects.models import Project
from concierge.readiness import plan, queries
from concierge.readiness.actions import computing
from concierge.readiness.events import ChecklistRenewed
from concierge.readiness.models import Checklist, ItemAnswer, ReadinessItem
from concierge.readiness.states import ItemState, Standing, Verdict

PLAYBOOK, ORDER, SITE = "playbook", "order", "site"
"""Why a checklist was computed anew, as its event keeps it."""

JUDGED = frozenset(
    {"type", "unit", "choices", "minimum", "maximum", "accepted", "tolerance", "file_count", "file_kinds"}
)
"""A change of these judges an answer anew."""
MEANING = frozenset({"type", "unit", "quantity"})
"""A change of these asks for something else, so that somebody has to look at what was accepted."""


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

    @property
    def is_nothing(self) -> bool:
        """Whether no row is concerned."""
        return not (self.added or self.changed or self.removed or self.kept)


def foresee_renewal(project: Project, *, items: Iterable[PlaybookItem], playbook_id: int) -> Renewal:
    """What taking over a version with these items would do to a project's checklist; nothing changes."""
    checklist = queries.checklist_of(project.id)
    if checklist is None:
        return Renewal()
    items = list(items)
    older = _keys_of(project) | {item.key for item in items}
    sold = computing.sold_to(project, checklist)
    return _renewal(checklist, computing.wanted_by(project, sold=sold, instead={playbook_id: items}), older)


def renew_checklist(
    project: Project,
    *,
    version_before_id: int | None = None,
    why: str = PLAYBOOK,
    at: datetime,
    actor_id: int | None,
) -> Renewal:
    """Let a checklist follow what the project is asked by its playbooks, options and destination of now.

    Open items follow, new ones are asked, answers stay and are judged anew where the bounds are others. Options are
    those that were sold when the order was last followed, not what an undecided or declined change says. A project
    without a checklist stays without; one of which nothing differs records nothing.

    :param version_before_id: the version that a newer one replaced.
    :param why: what changed: the playbook, the order or the site.
    """
    checklist = queries.checklist_of(project.id)
    if checklist is None:
        return Renewal()
    older = _keys_of(project)
    if version_before_id is not None:
        older |= queries.playbook_item_keys(version_before_id)
    sold = computing.sold_to(project, None if why == ORDER else checklist)
    renewal = _renewal(checklist, computing.wanted_by(project, sold=sold), older)
    if checklist.sold != list(sold):
        checklist.sold = list(sold)
    if renewal.is_nothing:
        return renewal
    contacts = computing.contacts_of(project)
    calendar = computing.calendar_for(project, renewal.wanted)
    judged = 0
    for item, wanted in renewal.changed:
        judged += _alter(
            item, wanted, computing.columns(wanted, checklist, project, contacts=contacts, calendar=calendar)
        )
    for item in renewal.removed:
        checklist.items.remove(item)
        db.session.delete(item)
    for item in renewal.kept:
        item.severity, item.gate, item.is_withdrawn, item.is_asked = Severity.ADVISORY, None, True, False
    for wanted in renewal.added:
        values = computing.columns(wanted, checklist, project, contacts=contacts, calendar=calendar)
        row = ReadinessItem(**values, position=_place(checklist, wanted, renewal.wanted), evidence=[])
        row.is_withdrawn, row.is_asked, row.state = False, True, ItemState.OPEN
        checklist.items.append(row)
    db.session.flush()
    checklist.items.sort(key=lambda item: (item.position, item.id))
    ask_by_answers(checklist)
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
            judged=judged,
            why=why,
        )
    )
    return renewal


def ask_by_answers(checklist: Checklist) -> tuple[ReadinessItem, ...]:
    """Let each item be asked exactly when what was answered says so; returns those of which that changed."""
    if all(item.is_asked is not item.is_withdrawn and not item.condition for item in checklist.items):
        return ()
    asked = plan.asked_now(checklist.items)
    changed = tuple(item for item in checklist.items if item.is_asked is not (item.key in asked))
    for item in changed:
        item.is_asked = item.key in asked
    return changed


def judge_again(items: Iterable[ReadinessItem]) -> frozenset[str]:
    """Judge what was answered by what is asked now; the answers stay. Returns the keys of those judged otherwise."""
    otherwise, renewed = set(), {}
    for item in items:
        before = item.verdict, item.si_value
        item.verdict, item.si_value = plan.verdict_of(item, item.value)
        if (item.verdict, item.si_value) != before:
            renewed[item.id] = item
        if item.verdict is not before[0]:
            otherwise.add(item.key)
    for answer in _COUNTING.all(item_ids=sorted(renewed)) if renewed else ():
        answer.verdict, answer.si_value = renewed[answer.item_id].verdict, renewed[answer.item_id].si_value
    return frozenset(otherwise)


_COUNTING = Rows(
    sa.select(ItemAnswer)
    .where(any_of(ItemAnswer.item_id, "item_ids"), ItemAnswer.standing == Standing.CURRENT)
    .order_by(ItemAnswer.id)
)
"""The answers that count of some items: they say what these say."""


def _keys_of(project: Project) -> frozenset[str]:
    """The keys of all that the project's playbooks can ask, whether it is asked here or not."""
    return frozenset(item.key for one in projects.playbooks_of(project.id) for item in one.version.items)


def _renewal(checklist: Checklist, wanted: tuple[plan.Wanted, ...], older: Collection[str]) -> Renewal:
    there = {item.key: item for item in checklist.items}
    asked = {one.key for one in wanted}
    gone = [
        item
        for item in checklist.items
        if item.key not in asked
        and not item.is_withdrawn
        and (item.key in older or item.key.rsplit("-", 1)[0] in older)
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
    found = {name for name in computing.COPIED if getattr(item, name) != wanted.column(name)}
    return frozenset(found | ({"is_withdrawn"} if item.is_withdrawn else set()))


def _alter(
    item: ReadinessItem,
    wanted: plan.Wanted,
    values: dict[str, Any],  # Any: values of columns
) -> bool:
    """Let an item ask what is wanted; says whether its answer was judged anew."""
    differing = _differing(item, wanted)
    for name in differing & set(computing.COPIED):
        setattr(item, name, values[name])
    item.is_withdrawn = False
    if differing & {"role", "responsible"}:
        item.contact_id = values["contact_id"]
    if item.state is ItemState.OPEN:
        item.due_on = values["due_on"]
        return False
    if not differing & JUDGED:
        return False
    was = item.state
    judge_again([item])
    if was is ItemState.ACCEPTED and (differing & MEANING or item.verdict is not Verdict.OK):
        item.state = ItemState.ANSWERED
    return True


def _place(checklist: Checklist, wanted: plan.Wanted, order: tuple[plan.Wanted, ...]) -> int:
    """The position of a new item: that of the nearest one before it that is there, so that no other row moves."""
    there = {item.key: item.position for item in checklist.items}
    keys = [one.key for one in order]
    before = next((there[key] for key in reversed(keys[: keys.index(wanted.key)]) if key in there), None)
    return min(there.values(), default=1) - 1 if before is None else before
