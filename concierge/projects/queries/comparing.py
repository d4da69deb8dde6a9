"""Questions about plans side by side: today's, a baseline's, the one of a day that has passed."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from flask_babel import gettext as _
from sqlalchemy.orm import joinedload, selectinload

from concierge.core.compare import Comparison, Dated, compare
from concierge.core.worktime import WorkCalendar
from concierge.platform import clock
from concierge.platform.database import db
from concierge.platform.errors import Refused
from concierge.platform.words import day
from concierge.projects.models import Baseline, DateChange, Milestone, Project
from concierge.projects.states import DateKind, MilestoneState

AGO_DAYS = {"yesterday": 1, "week": 7, "month": 28}
"""Words of the address that stand for a day before today."""


@dataclass(frozen=True, slots=True)
class Compared:
    """Today's plan beside an older one: a baseline, or the plan as it was at the end of a day at the site."""

    wanted: str
    comparison: Comparison
    names: Mapping[str, Mapping[str, str]]
    baseline: Baseline | None = None
    as_of: date | None = None


def compared(project: Project, wanted: str, *, calendar: WorkCalendar, at: datetime) -> Compared:
    """Compare today's plan with the one that an address names.

    :param wanted: ``baseline:2``, ``day:2026-11-01``, ``yesterday``, ``week`` or ``month``.
    :raises Refused: when there is no such plan; the sentence says which there are.
    """
    kind, _, value = wanted.partition(":")
    now = current(project.milestones)
    names: dict[str, Mapping[str, str]] = {one.key: one.name for one in project.milestones}
    if kind == "baseline":
        baseline = baseline_of(project, value)
        for one in baseline.milestones:
            names.setdefault(one.milestone_key, one.name)
        before = of_baseline(baseline)
        return Compared(wanted, compare(before, now, calendar=calendar), names, baseline=baseline)
    as_of = _day(project, kind, value, at=at)
    before = plan_on(project, as_of)
    return Compared(wanted, compare(before, now, calendar=calendar), names, as_of=as_of)


def baseline_of(project: Project, number: str) -> Baseline:
    """One baseline with its milestones and who took it.

    :raises Refused: when the project has none of that number.
    """
    found = None
    if number.isascii() and number.isdecimal() and len(number) < 5:
        found = db.session.scalar(
            sa.select(Baseline)
            .where(Baseline.project_id == project.id, Baseline.number == int(number))
            .options(selectinload(Baseline.milestones), joinedload(Baseline.taken_by))
        )
    if found is None:
        raise Refused(
            _("%(key)s has no baseline %(number)s. Choose one from the list.", key=project.key, number=number)
        )
    return found


def named_baselines(project_id: int) -> Sequence[Baseline]:
    """The baselines of a project with who took them, the newest first; without their milestones."""
    question = sa.select(Baseline).where(Baseline.project_id == project_id).order_by(Baseline.number.desc())
    return db.session.scalars(question.options(joinedload(Baseline.taken_by))).all()


def current(milestones: Iterable[Milestone]) -> tuple[Dated, ...]:
    """The plan as it is: what happened, else what is planned; without what was left out."""
    return tuple(
        Dated(one.key, one.start_on, one.finish_on, one.state is MilestoneState.DONE)
        for one in milestones
        if one.state is not MilestoneState.SKIPPED and one.start_on is not None and one.finish_on is not None
    )


def of_baseline(baseline: Baseline) -> tuple[Dated, ...]:
    """The plan that a baseline kept."""
    return tuple(
        Dated(one.milestone_key, one.start_on, one.finish_on, bool(one.content.get("is_done")))
        for one in baseline.milestones
    )


def plan_on(project: Project, on: date) -> tuple[Dated, ...]:
    """The plan as it was at the end of a day at the site, from the history of dates.

    What was in no plan on that day is left out. Milestones of a draft that was laid out anew since are new ones.
    """
    until = datetime.combine(on + timedelta(days=1), time(), tzinfo=ZoneInfo(project.site.zone))
    kinds = (DateKind.PLANNED, DateKind.ACTUAL)
    rows = db.session.execute(
        sa.select(DateChange.milestone_id, DateChange.kind, DateChange.start_on, DateChange.finish_on)
        .where(DateChange.project_id == project.id, DateChange.kind.in_(kinds), DateChange.at < until)
        .order_by(DateChange.at, DateChange.id)
    )
    latest = {(row.milestone_id, row.kind): (row.start_on, row.finish_on) for row in rows}
    nothing = (None, None)
    plan = []
    for one in project.milestones:
        planned = latest.get((one.id, DateKind.PLANNED), nothing)
        actual = latest.get((one.id, DateKind.ACTUAL), nothing)
        start_on, finish_on = actual[0] or planned[0], actual[1] or planned[1]
        if start_on is None or finish_on is None:
            continue
        plan.append(Dated(one.key, min(start_on, finish_on), finish_on, actual[1] is not None))
    return tuple(plan)


def noted_since(project: Project) -> date | None:
    """The first day at the site from which the plan's dates are known; None when none was noted."""
    first = db.session.scalar(
        sa.select(sa.func.min(DateChange.at)).where(
            DateChange.project_id == project.id, DateChange.kind == DateKind.PLANNED
        )
    )
    return clock.day_at(first, project.site.zone) if first else None


def changes_of(milestone_id: int, *, most: int = 100) -> Sequence[DateChange]:
    """What a milestone's dates were, by whom and why, the latest first."""
    return db.session.scalars(
        sa.select(DateChange)
        .where(DateChange.milestone_id == milestone_id)
        .order_by(DateChange.at.desc(), DateChange.id.desc())
        .limit(most)
        .options(joinedload(DateChange.by))
    ).all()


def _day(project: Project, kind: str, value: str, *, at: datetime) -> date:
    today = clock.day_at(at, project.site.zone)
    if kind in AGO_DAYS and not value:
        wanted = today - timedelta(days=AGO_DAYS[kind])
    elif kind == "day":
        try:
            wanted = date.fromisoformat(value)
        except ValueError:
            raise Refused(_("Write the day as year-month-day, such as 2026-11-27.")) from None
    else:
        raise Refused(_("Choose a baseline or a day to compare with."))
    began_on = clock.day_at(project.created_at, project.site.zone)
    if wanted < began_on:
        raise Refused(
            _(
                "%(key)s began on %(began)s; there was no plan on %(wanted)s. Choose a later day.",
                key=project.key,
                began=day(began_on),
                wanted=day(wanted),
            )
        )
    if wanted > today:
        raise Refused(_("Nobody knows the plan of a day that lies ahead. Choose today or an earlier day."))
    since = noted_since(project)
    if since is None or wanted < since:
        if since is None:
            said = _(
                "The dates of %(key)s are noted from its next change on. Choose a baseline.", key=project.key
            )
        else:
            said = _(
                "The dates of %(key)s are noted from %(since)s on. Choose a later day, or a baseline.",
                key=project.key,
                since=day(since),
            )
        raise Refused(said)
    return wanted
