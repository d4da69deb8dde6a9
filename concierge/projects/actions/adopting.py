"""Taking a newer version of its playbook over into a running project.

What changed between the two versions is done to the plan; what the project changed itself, and what is done,
stays. A milestone that the new version does without is left out of the plan, so that its history is kept.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from flask_babel import gettext as _

from concierge.catalogue.models import PlaybookVersion
from concierge.catalogue.states import DaysOf, LagUnit, LinkKind
from concierge.platform.database import db
from concierge.platform.errors import Refused
from concierge.platform.events import record
from concierge.projects import plan as plans
from concierge.projects import queries
from concierge.projects.actions import saying
from concierge.projects.actions.laying_out import follow
from concierge.projects.actions.milestones import finish_if_done
from concierge.projects.events import PlaybookAdopted
from concierge.projects.models import Milestone, MilestoneLink, Project, ProjectPlaybook
from concierge.projects.queries import playbooks
from concierge.projects.reasons import Because, Reason
from concierge.projects.states import MilestoneState

ATTRIBUTES = ("name", "kind", "team", "audience", "workdays", "days_of", "just_in_time")
"""What a milestone takes from its playbook."""

Waits = Mapping[tuple[str, LinkKind], tuple[int, LagUnit]]
"""What a milestone waits for: key and kind to lag and its unit."""
_FROM_FINISH = frozenset({LinkKind.FINISH_TO_START, LinkKind.FINISH_TO_FINISH})


@dataclass(frozen=True, slots=True)
class ChangedMilestone:
    """A milestone that the new version has otherwise; each value before and after."""

    milestone: Milestone
    values: Mapping[str, tuple[Any, Any]]  # Any: values of the columns
    links: tuple[str, ...] = ()
    """Keys of milestones that it waits for from now on, no longer, or otherwise."""
    kept: tuple[str, ...] = ()
    """Values that the project changed itself, and that stay although the playbook has others now."""


@dataclass(frozen=True, slots=True)
class Adoption:
    """What taking over a version does to a project's milestones."""

    version: PlaybookVersion
    number_before: int
    added: tuple[plans.DraftMilestone, ...] = ()
    restored: tuple[Milestone, ...] = ()
    removed: tuple[Milestone, ...] = ()
    changed: tuple[ChangedMilestone, ...] = ()
    passed: tuple[plans.DraftMilestone, ...] = ()
    """New milestones that would come before what is done already; they are not taken in."""


@dataclass(slots=True)
class _Change:
    """The two networks that the versions give, and the rows between."""

    project: Project
    brought: Sequence[ProjectPlaybook]
    version: PlaybookVersion
    old: dict[str, plans.DraftMilestone] = field(default_factory=dict)
    new: dict[str, plans.DraftMilestone] = field(default_factory=dict)
    rows: dict[str, Milestone] = field(default_factory=dict)


def foresee_adoption(project: Project, version: PlaybookVersion) -> Adoption:
    """What a project's milestones would become; nothing changes.

    :raises Refused: when the project has ended, or does not follow an older version of that playbook.
    """
    return _adoption(_change(project, version))


def adopt(
    project_id: int, playbook_id: int, *, number: int | None = None, actor_id: int | None, at: datetime
) -> Project:
    """Take the newest published version of a playbook over; what it does not touch stays.

    :param number: the version that was seen; None takes whichever is the newest.
    :raises Refused: when the project has ended, follows the newest version already, milestones would wait in a
        circle, or another version has been published since it was seen.
    """
    project = queries.project_for_change(project_id)
    version = playbooks.newest_version(playbook_id)
    if number is not None and version.number != number:
        raise Refused(
            _(
                "Version %(number)s of %(playbook)s was published meanwhile. Look at that one first.",
                number=version.number,
                playbook=version.playbook.name,
            )
        )
    change = _change(project, version)
    adoption = _adoption(change)
    before_id = next(one.version_id for one in change.brought if _is_older(one, version))
    _leave_out(adoption)
    _alter(change, adoption)
    _take_in(change, adoption)
    _link(change)
    for one in change.brought:
        if _is_older(one, version):
            one.version = version
    db.session.flush()
    project = queries.project_for_change(project_id)
    why = Reason(Because.PLAYBOOK_ADOPTED, name=version.playbook.name, number=version.number)
    moves = follow(project, at=at, actor_id=actor_id, why=why)
    record(
        PlaybookAdopted(
            at=at,
            actor_id=actor_id,
            project_id=project.id,
            playbook=version.playbook.name,
            version_id=version.id,
            version_before_id=before_id,
            number=version.number,
            number_before=adoption.number_before,
            added=tuple(
                [one.name.get("en", one.step.key) for one in adoption.added]
                + [one.english_name for one in adoption.restored]
            ),
            removed=tuple(one.english_name for one in adoption.removed),
            changed=tuple(one.milestone.english_name for one in adoption.changed),
            removed_ids=tuple(one.id for one in adoption.removed),
            moves=moves,
        )
    )
    finish_if_done(project, actor_id=actor_id, at=at)
    return project


def _change(project: Project, version: PlaybookVersion) -> _Change:
    if project.has_ended:
        raise Refused(
            _(
                "%(key)s is %(state)s, so nothing in its plan changes any more.",
                key=project.key,
                state=saying.project_is(project.state),
            )
        )
    brought = queries.playbooks_of(project.id, whole=True)
    if not any(_is_older(one, version) for one in brought):
        raise Refused(
            _(
                "%(key)s does not follow an older version of %(playbook)s, so there is nothing to take over.",
                key=project.key,
                playbook=version.playbook.name,
            )
        )
    order = queries.order_whole(project.order_id)
    sold = {
        line.product.kind
        for line in order.lines
        if line.product is not None and not line.cancelled and line.quantity > 0
    }
    lines = [plans.PlannedLine(one.line, one.version, one.line.product, one.quantity) for one in brought]
    renewed = [
        replace(line, version=version) if _is_older(one, version) else line
        for one, line in zip(brought, lines, strict=True)
    ]
    return _Change(
        project,
        brought,
        version,
        old={draft.step.key: draft for draft in plans.merged(lines, sold=sold)},
        new={draft.step.key: draft for draft in plans.merged(renewed, sold=sold)},
        rows={one.key: one for one in project.milestones},
    )


def _is_older(one: ProjectPlaybook, version: PlaybookVersion) -> bool:
    return one.version.playbook_id == version.playbook_id and one.version.number < version.number


def _adoption(change: _Change) -> Adoption:
    fresh = [draft for key, draft in change.new.items() if key not in change.rows]
    passed = [draft for draft in fresh if _is_past(change, draft.step.key, frozenset())]
    removed = [
        row
        for key in change.old
        if key not in change.new
        and (row := change.rows.get(key)) is not None
        and row.started_on is None
        and row.state in {MilestoneState.PLANNED, MilestoneState.BLOCKED}
    ]
    restored = [
        row
        for key in change.new
        if key not in change.old
        and (row := change.rows.get(key)) is not None
        and row.state is MilestoneState.SKIPPED
    ]
    return Adoption(
        version=change.version,
        number_before=min(one.version.number for one in change.brought if _is_older(one, change.version)),
        added=tuple(draft for draft in fresh if draft not in passed),
        restored=tuple(restored),
        removed=tuple(removed),
        changed=tuple(_changed(change)),
        passed=tuple(passed),
    )


def _is_past(change: _Change, key: str, path: frozenset[str]) -> bool:
    """Whether all that would wait for a new milestone is done already."""
    followers = [
        other
        for other, draft in change.new.items()
        if any(link.predecessor == key for link in draft.step.links)
    ]
    if not followers or key in path:
        return False
    for other in followers:
        row = change.rows.get(other)
        is_done = row is not None and row.state is MilestoneState.DONE
        if not is_done and not (row is None and _is_past(change, other, path | {key})):
            return False
    return True


def _changed(change: _Change) -> list[ChangedMilestone]:
    found = []
    for key, new in change.new.items():
        row, old = change.rows.get(key), change.old.get(key)
        if row is None or old is None or row.state is MilestoneState.DONE:
            continue
        before, after = _values(old), _values(new)
        differing = [name for name in ATTRIBUTES if before[name] != after[name]]
        values = {
            name: (getattr(row, name), after[name])
            for name in differing
            if getattr(row, name) == before[name]
        }
        kept = tuple(name for name in differing if name not in values and getattr(row, name) != after[name])
        one, other = _waits(old), _waits(new)
        links = tuple(
            dict.fromkeys(to for (to, kind) in {*one, *other} if one.get((to, kind)) != other.get((to, kind)))
        )
        if values or links or kept:
            found.append(ChangedMilestone(row, values, links, kept))
    return found


def _values(draft: plans.DraftMilestone) -> dict[str, Any]:  # Any: values of the columns
    template = draft.template
    return {
        "name": dict(draft.name),
        "kind": template.kind,
        "team": template.team,
        "audience": template.audience,
        "workdays": draft.step.workdays,
        "days_of": DaysOf(draft.step.calendar),
        "just_in_time": draft.step.just_in_time,
    }


def _waits(draft: plans.DraftMilestone) -> Waits:
    return {
        (link.predecessor, LinkKind(link.kind.value)): (link.lag, LagUnit(link.unit.value))
        for link in draft.step.links
    }


def _leave_out(adoption: Adoption) -> None:
    for row in adoption.removed:
        row.state = MilestoneState.SKIPPED
        row.skip_reason = (
            f"Version {adoption.version.number} of {adoption.version.playbook.name} does without it."
        )
        row.block_cause, row.block_reason, row.blocked_on = None, "", None
    for row in adoption.restored:
        row.state, row.skip_reason = MilestoneState.PLANNED, ""


def _alter(change: _Change, adoption: Adoption) -> None:
    for one in adoption.changed:
        for name, (_before, after) in one.values.items():
            setattr(one.milestone, name, after)
    for key, draft in change.new.items():
        row = change.rows.get(key)
        if row is not None and row.state is not MilestoneState.DONE:
            row.playbook_milestone_id = draft.template.id


def _take_in(change: _Change, adoption: Adoption) -> None:
    """Add the new milestones, each after the one before it in the playbooks' order."""
    order = list(change.project.milestones)
    before: Milestone | None = None
    wanted = {draft.step.key for draft in adoption.added}
    for key, draft in change.new.items():
        if key in wanted:
            row = _row(change.project, draft)
            order.insert(order.index(before) + 1 if before is not None else 0, row)
            change.rows[key] = row
            db.session.add(row)
        before = change.rows.get(key, before)
    for position, row in enumerate(order):
        row.position = position
    db.session.flush()


def _row(project: Project, draft: plans.DraftMilestone) -> Milestone:
    return Milestone(
        project_id=project.id,
        position=0,
        key=draft.step.key,
        **_values(draft),
        playbook_milestone_id=draft.template.id,
        order_line_id=draft.line.line.id if draft.line else None,
        links=[],
    )


def _link(change: _Change) -> None:
    """Do to the links what the new version does to those of the old one; links of the project's own stay."""
    for key, new in change.new.items():
        row = change.rows.get(key)
        if row is None or row.state is MilestoneState.DONE:
            continue
        old = change.old.get(key)
        before: Waits = _waits(old) if old is not None else {}
        after = _waits(new)
        for (to, kind), wait in before.items():
            known = _link_to(change, row, to, kind)
            if known is None or (known.lag, known.lag_unit) != wait:
                continue
            if (to, kind) not in after:
                row.links.remove(known)
                db.session.delete(known)
            elif after[to, kind] != wait:
                known.lag, known.lag_unit = after[to, kind]
        for (to, kind), (lag, unit) in after.items():
            target = _end_of(change, to, kind)
            if (to, kind) in before or target is None or target is row:
                continue
            if not any(one.predecessor_id == target.id and one.kind is kind for one in row.links):
                row.links.append(
                    MilestoneLink(
                        milestone_id=row.id, predecessor_id=target.id, kind=kind, lag=lag, lag_unit=unit
                    )
                )


def _link_to(change: _Change, row: Milestone, to: str, kind: LinkKind) -> MilestoneLink | None:
    ends = {one.id for one in (change.rows.get(to), _end_of(change, to, kind)) if one is not None}
    return next((one for one in row.links if one.predecessor_id in ends and one.kind is kind), None)


def _end_of(change: _Change, key: str, kind: LinkKind) -> Milestone | None:
    """The milestone of a key; where it was split and its end counts, the last of its parts."""
    found = change.rows.get(key)
    while found is not None and kind in _FROM_FINISH:
        rest = next((one for one in change.project.milestones if one.split_from_id == found.id), None)
        if rest is None:
            break
        found = rest
    return found
