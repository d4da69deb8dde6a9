"""Giving one project's plan another shape than its playbook: split, add, skip, lengthen, link, bound by days."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from flask_babel import gettext as _
from sqlalchemy.orm.attributes import set_committed_value

from concierge.catalogue.states import (
    Audience,
    DaysOf,
    LagUnit,
    LinkKind,
    MilestoneKind,
    Team,
    VisitKind,
)
from concierge.platform.database import db
from concierge.platform.errors import Refused
from concierge.platform.events import record
from concierge.platform.words import localized
from concierge.projects import queries
from concierge.projects.actions import saying
from concierge.projects.actions.laying_out import follow, today_at
from concierge.projects.actions.milestones import finish_if_done
from concierge.projects.actions.rescheduling import milestone_in
from concierge.projects.events import (
    DateMove,
    GoLiveRequired,
    MilestoneAdded,
    MilestoneRestored,
    MilestoneShaped,
    MilestoneSkipped,
    MilestoneSplit,
)
from concierge.projects.models import Milestone, MilestoneLink, Project
from concierge.projects.reasons import Because, Reason
from concierge.projects.states import NEXT, Counting, MilestoneAct, MilestoneState

LONGEST_WORKDAYS = 1000
LONGEST_LAG = {LagUnit.WORKDAYS: 500, LagUnit.DAYS: 730, LagUnit.HOURS: 2000}
"""A lag beyond this, forwards or back, is a typing error."""


@dataclass(frozen=True, slots=True)
class Shape:
    """How long a milestone takes, in whose days, and between which days."""

    workdays: int
    days_of: DaysOf
    not_before_on: date | None
    not_after_on: date | None
    exactly_on: date | None

    @classmethod
    def of(cls, milestone: Milestone) -> "Shape":
        """The shape that a milestone has."""
        return cls(
            milestone.workdays,
            milestone.days_of,
            milestone.not_before_on,
            milestone.not_after_on,
            milestone.exactly_on,
        )


def shape(
    project_id: int, milestone_id: int, wanted: Shape, *, reason: str, actor_id: int | None, at: datetime
) -> Project:
    """Give a milestone another length or other bounds; what waits for it follows.

    :raises Refused: when it is done or not in the plan, nothing would change, or the bounds leave no day.
    """
    project, milestone = _for_shaping(project_id, milestone_id)
    before = Shape.of(milestone)
    if wanted == before:
        raise Refused(_("%(name)s has that length and those bounds already.", name=localized(milestone.name)))
    _refuse_impossible(wanted, is_begun=milestone.started_on is not None, before=before)
    milestone.workdays, milestone.days_of = wanted.workdays, wanted.days_of
    milestone.not_before_on, milestone.not_after_on = wanted.not_before_on, wanted.not_after_on
    milestone.exactly_on = wanted.exactly_on
    if (before.not_before_on, before.exactly_on) != (wanted.not_before_on, wanted.exactly_on):
        milestone.moved_at, milestone.moved_by_id, milestone.move_reason = at, actor_id, reason
    changed = {
        name: (_plain(getattr(before, name)), _plain(getattr(wanted, name)))
        for name in Shape.__slots__
        if getattr(before, name) != getattr(wanted, name)
    }
    return _shaped(project, milestone, changed, reason=reason, actor_id=actor_id, at=at)


def link(
    project_id: int,
    milestone_id: int,
    *,
    predecessor_id: int,
    kind: LinkKind,
    lag: int,
    unit: LagUnit,
    reason: str,
    actor_id: int | None,
    at: datetime,
) -> Project:
    """Let a milestone wait for another one, or change how long after; one link of a kind between two.

    :raises Refused: when it waits so already, would wait for itself or in a circle, or cannot change any more.
    """
    project, milestone = _for_shaping(project_id, milestone_id)
    predecessor = milestone_in(project, predecessor_id)
    if predecessor is milestone:
        raise Refused(_("A milestone cannot wait for itself. Choose another one."))
    if predecessor.state is MilestoneState.SKIPPED:
        raise Refused(
            _(
                "%(name)s is left out of this plan. Choose one that is in it.",
                name=localized(predecessor.name),
            )
        )
    if abs(lag) > LONGEST_LAG[unit]:
        raise Refused(
            _(
                "%(lag)s %(unit)s between two milestones is too long. Check the number.",
                lag=lag,
                unit=unit.value,
            )
        )
    known = _link_between(milestone, predecessor_id, kind)
    before = _link_words(known)
    if known is None:
        known = MilestoneLink(milestone_id=milestone.id, predecessor_id=predecessor_id, kind=kind)
        milestone.links.append(known)
    known.lag, known.lag_unit = lag, unit
    after = _link_words(known)
    if before == after:
        raise Refused(
            _(
                "%(name)s waits for %(name2)s like that already.",
                name=localized(milestone.name),
                name2=localized(predecessor.name),
            )
        )
    db.session.flush()
    changed = {f"link {predecessor.key} {kind.value}": (before, after)}
    return _shaped(project, milestone, changed, reason=reason, actor_id=actor_id, at=at)


def unlink(
    project_id: int,
    milestone_id: int,
    *,
    link_id: int,
    reason: str,
    actor_id: int | None,
    at: datetime,
) -> Project:
    """Let a milestone no longer wait for another one.

    :raises Refused: when that link is gone already, or the milestone cannot change any more.
    """
    project, milestone = _for_shaping(project_id, milestone_id)
    known = next((one for one in milestone.links if one.id == link_id), None)
    if known is None:
        raise Refused(_("That link is gone already. Load the milestone again."))
    predecessor = milestone_in(project, known.predecessor_id)
    changed = {f"link {predecessor.key} {known.kind.value}": (_link_words(known), "")}
    milestone.links.remove(known)
    db.session.delete(known)
    db.session.flush()
    return _shaped(project, milestone, changed, reason=reason, actor_id=actor_id, at=at)


def split(
    project_id: int,
    milestone_id: int,
    *,
    first_workdays: int,
    name: dict[str, str],
    actor_id: int | None,
    at: datetime,
) -> Project:
    """Make two milestones of one; the second takes the rest of its days, and what waited for its end.

    Visits and the promise of the start stay with the first; the promised end is the second's too.

    :param name: of the second, language to text.
    :raises Refused: when either would have no day, the second no name, or it is blocked, done or skipped.
    """
    project, milestone = _for_shaping(project_id, milestone_id)
    if milestone.state is MilestoneState.BLOCKED:
        raise Refused(_("%(name)s is blocked. Unblock it, then split it.", name=localized(milestone.name)))
    if milestone.workdays < 2:
        raise Refused(
            _(
                "%(name)s takes less than two days, so there is nothing to split.",
                name=localized(milestone.name),
            )
        )
    if not 1 <= first_workdays < milestone.workdays:
        raise Refused(
            _("Choose between 1 and %(most)s days for the first part.", most=milestone.workdays - 1)
        )
    name = _refuse_nameless(name)
    _make_room(project, after=milestone.position)
    rest = Milestone(
        project_id=project.id,
        position=milestone.position + 1,
        key=_free_key(project, f"{milestone.key[:70]}-rest"),
        name=name,
        kind=milestone.kind,
        team=milestone.team,
        owner_id=milestone.owner_id,
        audience=milestone.audience,
        workdays=milestone.workdays - first_workdays,
        days_of=milestone.days_of,
        order_line_id=milestone.order_line_id,
        not_after_on=milestone.not_after_on,
        promised_start_on=milestone.promised_start_on,
        promised_on=milestone.promised_on,
        split_from_id=milestone.id,
        links=[],
    )
    milestone.workdays, milestone.not_after_on = first_workdays, None
    _insert(project, rest)
    for other in project.milestones:
        for one in other.links:
            if one.predecessor_id == milestone.id and one.kind in _FROM_FINISH:
                one.predecessor_id = rest.id
    rest.links.append(MilestoneLink(milestone_id=rest.id, predecessor_id=milestone.id))
    db.session.flush()
    moves = follow(project, at=at, actor_id=actor_id, why=Reason(Because.SPLIT, milestone.name))
    record(
        MilestoneSplit(
            at=at,
            actor_id=actor_id,
            project_id=project.id,
            milestone_id=milestone.id,
            name=milestone.english_name,
            rest_id=rest.id,
            rest_name=rest.english_name,
            moves=moves,
        )
    )
    return project


def add(
    project_id: int,
    *,
    name: dict[str, str],
    workdays: int,
    days_of: DaysOf,
    team: Team,
    audience: Audience,
    after_id: int | None,
    before_id: int | None,
    visit: VisitKind | None = None,
    actor_id: int | None,
    at: datetime,
) -> tuple[Project, Milestone]:
    """Take a milestone into one project's plan that its playbook does not know.

    :param name: language to text.
    :param after_id: the milestone that it waits for; None: it may begin with the plan.
    :param before_id: a milestone that waits for it; None: nothing does.
    :param visit: kind of a visit that is to be planned for it.
    :raises Refused: when it has no name, its length is impossible, or milestones would wait in a circle.
    """
    project = queries.plan_for_change(project_id)
    _refuse_if_ended(project)
    name = _refuse_nameless(name)
    if not 0 <= workdays <= LONGEST_WORKDAYS:
        raise Refused(_("Give a length of 0 to %(most)s days; 0 is a moment.", most=LONGEST_WORKDAYS))
    after = milestone_in(project, after_id) if after_id is not None else None
    before = milestone_in(project, before_id) if before_id is not None else None
    for one in (after, before):
        if one is not None and one.state is MilestoneState.SKIPPED:
            raise Refused(
                _("%(name)s is left out of this plan. Choose one that is in it.", name=localized(one.name))
            )
    if before is not None and before.state is MilestoneState.DONE:
        raise Refused(_("%(name)s is done, so nothing new can come before it.", name=localized(before.name)))
    place = after or (before and _before(project, before))
    position = place.position if place else -1
    _make_room(project, after=position)
    milestone = Milestone(
        project_id=project.id,
        position=position + 1,
        key=_free_key(project, _slug(name["en"])),
        name=name,
        kind=MilestoneKind.OTHER,
        team=team,
        audience=audience,
        workdays=workdays,
        days_of=days_of,
        links=[MilestoneLink(predecessor_id=after.id)] if after is not None else [],
    )
    _insert(project, milestone)
    if before is not None:
        before.links.append(MilestoneLink(milestone_id=before.id, predecessor_id=milestone.id))
        db.session.flush()
    queries.keep_in_hand(project)
    moves = follow(project, at=at, actor_id=actor_id, why=Reason(Because.JOINED, milestone.name))
    record(
        MilestoneAdded(
            at=at,
            actor_id=actor_id,
            project_id=project.id,
            milestone_id=milestone.id,
            name=milestone.english_name,
            visit=visit.value if visit else "",
            moves=moves,
        )
    )
    return project, milestone


def skip(project_id: int, milestone_id: int, *, reason: str, actor_id: int | None, at: datetime) -> Project:
    """Leave a milestone out of one project's plan; what waited for it waits for what it waited for.

    Its coming visits are called off. A project with nothing else open is finished.

    :raises Refused: when work on it has begun, it is left out already, no reason is given, or nothing remains.
    """
    project, milestone = _for_act(project_id, milestone_id, MilestoneAct.SKIP)
    if not reason.strip():
        raise Refused(_("Say in a few words why it is left out of this plan."))
    if milestone.started_on is not None:
        raise Refused(_("%(name)s has begun. Reopen it first, or finish it.", name=localized(milestone.name)))
    if len(project.planned) == 1:
        raise Refused(_("This is the last milestone of the plan. Cancel the project instead."))
    milestone.state, milestone.skip_reason = MilestoneState.SKIPPED, reason.strip()
    milestone.block_cause, milestone.block_reason, milestone.blocked_on = None, "", None
    why = Reason(Because.LEFT_OUT, milestone.name, said=reason)
    moves = follow(project, at=at, actor_id=actor_id, why=why)
    record(
        MilestoneSkipped(
            at=at,
            actor_id=actor_id,
            project_id=project.id,
            milestone_id=milestone.id,
            name=milestone.english_name,
            reason=reason.strip(),
            moves=moves,
        )
    )
    finish_if_done(project, actor_id=actor_id, at=at)
    return project


def restore(project_id: int, milestone_id: int, *, actor_id: int | None, at: datetime) -> Project:
    """Take a milestone that was left out into the plan again, where it was; its visits are planned anew by hand.

    :raises Refused: when it is in the plan, or something that would wait for it is done.
    """
    project, milestone = _for_act(project_id, milestone_id, MilestoneAct.RESTORE)
    done = [
        other
        for other in project.milestones
        if other.state is MilestoneState.DONE
        and any(one.predecessor_id == milestone.id and one.kind in _FROM_FINISH for one in other.links)
    ]
    if done:
        raise Refused(
            _(
                "%(name)s is done and would wait for %(name2)s. Reopen that one first.",
                name=localized(done[0].name),
                name2=localized(milestone.name),
            )
        )
    milestone.state, milestone.skip_reason = MilestoneState.PLANNED, ""
    moves = follow(project, at=at, actor_id=actor_id, why=Reason(Because.TAKEN_IN_AGAIN, milestone.name))
    record(
        MilestoneRestored(
            at=at,
            actor_id=actor_id,
            project_id=project.id,
            milestone_id=milestone.id,
            name=milestone.english_name,
            moves=moves,
        )
    )
    return project


def require_go_live(
    project_id: int,
    *,
    required_on: date | None,
    counting: Counting,
    actor_id: int | None,
    at: datetime,
) -> Project:
    """Say by which day the customer needs to go live, and whether the plan is counted back from it.

    A plan that does not fit is counted forward and says by how much; nothing is hidden.

    :raises Refused: when the day is past, is missing while counting back, or nothing would change.
    """
    project = queries.project_for_change(project_id)
    _refuse_if_ended(project)
    if required_on is None and counting is Counting.BACKWARD:
        raise Refused(_("A plan that is counted back needs the day it is counted from. Choose the go-live."))
    if (required_on, counting) == (project.required_on, project.counting):
        raise Refused(_("%(key)s is planned like that already.", key=project.key))
    if required_on is not None and required_on < today_at(project, at):
        raise Refused(_("That go-live is past. Choose today or a day that lies ahead."))
    project.required_on, project.counting = required_on, counting
    why = Reason(Because.GO_LIVE_REQUIRED if required_on else Because.GO_LIVE_FREE, on=required_on)
    moves = follow(project, at=at, actor_id=actor_id, why=why)
    record(
        GoLiveRequired(
            at=at,
            actor_id=actor_id,
            project_id=project.id,
            required_on=required_on,
            counting=counting.value,
            moves=moves,
        )
    )
    return project


_FROM_FINISH = frozenset({LinkKind.FINISH_TO_START, LinkKind.FINISH_TO_FINISH})


def _for_shaping(project_id: int, milestone_id: int) -> tuple[Project, Milestone]:
    project = queries.project_for_change(project_id)
    _refuse_if_ended(project)
    milestone = milestone_in(project, milestone_id)
    if milestone.state is MilestoneState.DONE:
        raise Refused(
            _("%(name)s is done; how it was planned stays as it was.", name=localized(milestone.name))
        )
    if milestone.state is MilestoneState.SKIPPED:
        raise Refused(
            _("%(name)s is left out of this plan. Take it in again first.", name=localized(milestone.name))
        )
    return project, milestone


def _for_act(project_id: int, milestone_id: int, act: MilestoneAct) -> tuple[Project, Milestone]:
    project = queries.project_for_change(project_id)
    _refuse_if_ended(project)
    milestone = milestone_in(project, milestone_id)
    if (milestone.state, act) not in NEXT:
        raise Refused(
            _(
                "%(name)s is %(state)s, so you cannot %(act)s it.",
                name=localized(milestone.name),
                state=saying.milestone_is(milestone.state),
                act=act.value,
            )
        )
    return project, milestone


def _refuse_if_ended(project: Project) -> None:
    if project.has_ended:
        raise Refused(
            _(
                "%(key)s is %(state)s, so nothing in its plan changes any more.",
                key=project.key,
                state=saying.project_is(project.state),
            )
        )


def _refuse_impossible(wanted: Shape, *, is_begun: bool, before: Shape) -> None:
    first, last, exact = wanted.not_before_on, wanted.not_after_on, wanted.exactly_on
    if not 0 <= wanted.workdays <= LONGEST_WORKDAYS:
        raise Refused(_("Give a length of 0 to %(most)s days; 0 is a moment.", most=LONGEST_WORKDAYS))
    if first and last and first > last:
        raise Refused(_("“Not before” lies after “not after”, which leaves no day. Change one of them."))
    if exact and ((first and first > exact) or (last and last < exact)):
        raise Refused(_("“Exactly on” lies outside “not before” and “not after”. Change one of them."))
    if is_begun and (first, exact) != (before.not_before_on, before.exactly_on):
        raise Refused(
            _("Work on it has begun, so when it starts is no longer a wish. Change only its length.")
        )


def _refuse_nameless(name: dict[str, str]) -> dict[str, str]:
    texts = {language: " ".join(text.split()) for language, text in name.items()}
    texts = {language: text for language, text in texts.items() if text}
    if not texts.get("en"):
        raise Refused(_("Give it an English name; staff and histories use that one."))
    return texts


def _shaped(
    project: Project,
    milestone: Milestone,
    changed: dict[str, tuple[str, str]],
    *,
    reason: str,
    actor_id: int | None,
    at: datetime,
) -> Project:
    why = Reason(Because.SHAPED, milestone.name, said=reason)
    moves: Sequence[DateMove] = follow(project, at=at, actor_id=actor_id, why=why)
    record(
        MilestoneShaped(
            at=at,
            actor_id=actor_id,
            project_id=project.id,
            milestone_id=milestone.id,
            name=milestone.english_name,
            changed=changed,
            reason=reason,
            moves=tuple(moves),
        )
    )
    return project


def _link_between(milestone: Milestone, predecessor_id: int, kind: LinkKind) -> MilestoneLink | None:
    return next(
        (one for one in milestone.links if one.predecessor_id == predecessor_id and one.kind is kind), None
    )


def _link_words(known: MilestoneLink | None) -> str:
    return f"{known.lag} {known.lag_unit.value}" if known is not None else ""


def _plain(value: object) -> str:
    if isinstance(value, date):
        return value.isoformat()
    return value.value if isinstance(value, DaysOf) else "" if value is None else str(value)


def _before(project: Project, milestone: Milestone) -> Milestone | None:
    earlier = [one for one in project.milestones if one.position < milestone.position]
    return max(earlier, key=lambda one: one.position, default=None)


def _make_room(project: Project, *, after: int) -> None:
    for one in project.milestones:
        if one.position > after:
            one.position += 1


def _insert(project: Project, milestone: Milestone) -> None:
    db.session.flush()  # those that make room are written together, which they are not beside a new one
    db.session.add(milestone)
    db.session.flush()
    among = sorted([*project.milestones, milestone], key=lambda one: one.position)
    set_committed_value(project, "milestones", among)


def _free_key(project: Project, wanted: str) -> str:
    taken = {one.key for one in project.milestones}
    candidates = (wanted if number == 1 else f"{wanted}-{number}" for number in range(1, len(taken) + 3))
    return next(key for key in candidates if key not in taken)


def _slug(name: str) -> str:
    """A key of a name; never a word that the schedule keeps for itself."""
    words = re.findall(r"[a-z0-9]+", name.lower())
    return f"own-{'-'.join(words)[:60].strip('-')}".rstrip("-")
