"""What usually becomes of a plan: learning from what was reached, percentiles, and the chance of a promise."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from hashlib import sha256
from typing import Any

import sqlalchemy as sa

from concierge.core import forecast as core
from concierge.core.schedule import Plan, Step
from concierge.platform import clock
from concierge.platform.database import db
from concierge.platform.errors import NotFound
from concierge.projects.actions.judging import handover_of
from concierge.projects.calendars import Known, known_of
from concierge.projects.models import Backtest, Baseline, Milestone, PastCase, Project
from concierge.projects.queries import chances, plans
from concierge.projects.queries.networks import (
    Network,
    accountable_party,
    network_of,
    step_then,
    with_calendars,
)
from concierge.projects.states import MilestoneState, ProjectState

KEPT_NIGHTS = 400
"""So many nights of comparisons are kept."""
SHORT_DIGITS = 3


@dataclass(frozen=True, slots=True)
class Chance:
    """The chance in whole percent to keep the promise, and the days of handover in 50, 80, 90 of 100 cases.

    Everything is None without enough past cases to say anything; `percent` also without a promise. `basis`
    says in plain values which groups of cases it was taken from.
    """

    percent: int | None
    p50: date | None
    p80: date | None
    p90: date | None
    basis: Mapping[str, Any]  # Any: plain values


NOTHING = Chance(None, None, None, None, {})
MADE_OF = "of"
"""Where the basis of a forecast keeps what it was worked out for."""


def shown(project: Project, *, at: datetime) -> Chance:
    """The chance as a page shows it: as it was worked out last, or anew where the plan is another one by now.

    Acts leave it to a job to write it, so that they stay fast; until then it is worked out for who looks, in
    the same way as previews do. The project is loaded whole; nothing changes.
    """
    basis = project.forecast_basis or {}
    if "samples" in basis and basis.get(MADE_OF) != made_of(project):
        return chance(project, at=at)
    return Chance(
        project.chance_percent,
        project.handover_p50_on,
        project.handover_p80_on,
        project.handover_p90_on,
        basis,
    )


def made_of(project: Project) -> str:
    """All of a plan that its forecast depends on, in short: the same for the same plan and promise."""
    about = (
        project.state.value,
        project.starts_on,
        project.promised_handover_on,
        project.required_on,
        project.counting.value,
        project.held_on,
    )
    rows = [
        (
            one.key,
            one.kind.value,
            one.team.value,
            one.state.value,
            one.workdays,
            one.days_of.value,
            one.just_in_time,
            (one.not_before_on, one.not_after_on, one.exactly_on),
            (one.forecast_start_on, one.forecast_on, one.started_on, one.finished_on),
            [(link.predecessor_id, link.kind.value, link.lag, link.lag_unit.value) for link in one.links],
        )
        for one in project.milestones
    ]
    return sha256(repr((about, rows)).encode()).hexdigest()[:16]


def chance(
    project: Project,
    *,
    at: datetime,
    not_before: Mapping[int, date] | None = None,
    plan: Plan | None = None,
    known: Known | None = None,
    promised_on: date | None = None,
) -> Chance:
    """What the chance would be; nothing changes. The project is loaded whole.

    :param not_before: wishes that replace those of the rows, by milestone id, as a preview tries them.
    :param plan: the plan laid out with them, where it is known already.
    :param known: what the project's calendars are made of, where it was read already.
    :param promised_on: the promise to measure by; None: the project's own.
    """
    if project.state in {ProjectState.DRAFT, ProjectState.CANCELLED}:
        promised_on = None
    else:
        promised_on = promised_on or project.promised_handover_on
    basis = project.forecast_basis or {}
    if "samples" in basis:
        samples = {key: _sample(told) for key, told in basis["samples"].items()}
    else:
        samples = _samples(project, chances.history(), _model(project))
    network = _network(project, at=at, known=known, not_before=not_before)
    found = _forecast(project, network, samples, at=at, promised_on=promised_on, plan=plan)
    return _chance_of(project, found, samples)


def renew(
    project_id: int,
    *,
    at: datetime,
    history: core.History | None = None,
    known: Known | None = None,
    model: str | None = None,
) -> Chance:
    """Compute a project's percentiles and its chance anew, and write them beside its dates.

    Nobody's act depends on these columns, so they are written past the rows' versions: a person who is
    editing the project meanwhile is not told that somebody changed it.

    :param history: past cases, where they were read already.
    :param known: what its calendars are made of, where it was read already.
    :param model: its instrument model, where it was looked up already.
    """
    project = _whole(project_id)
    if project is None:
        return NOTHING
    if project.state is ProjectState.CANCELLED:
        _write(project, NOTHING, {}, {})
        return NOTHING
    history = history or chances.history()
    samples = _samples(project, history, _model(project) if model is None else model)
    network = _network(project, at=at, known=known)
    promised_on = None if project.state is ProjectState.DRAFT else project.promised_handover_on
    found = _forecast(project, network, samples, at=at, promised_on=promised_on)
    said = _chance_of(project, found, samples)
    steps = found.steps if found is not None and said is not NOTHING else {}
    kept = {key: _plain(one) for key, one in samples.items()}
    _write(project, said, steps, {"samples": kept, MADE_OF: made_of(project), **said.basis})
    return said


def renew_all(project_ids: Sequence[int], *, at: datetime) -> None:
    """Compute the forecasts of several projects anew, reading the past once."""
    history = chances.history()
    models = chances.instruments_of(project_ids)
    known = known_of(chances.whole_projects(project_ids))
    for project_id in project_ids:
        renew(project_id, at=at, history=history, known=known, model=models.get(project_id, ""))


def learn(project_id: int, *, at: datetime) -> int:
    """Keep what a project's milestones took as past cases, and forget those that are not reached any more.

    A second run changes nothing.

    :return: how many cases came or went.
    """
    project = _whole(project_id)
    if project is None:
        return 0
    cases = chances.cases_of(project_id)
    wanted = {one.id: one for one in chances.done_milestones(project)}
    gone = [case for milestone_id, case in cases.items() if milestone_id not in wanted]
    fresh = [
        one for one in wanted.values() if one.id not in cases or cases[one.id].finished_on != one.finished_on
    ]
    if not gone and not fresh:
        return 0
    model = _model(project)
    network = _network(project, at=at)
    for case in gone:
        db.session.delete(case)
    for one in fresh:
        old = cases.get(one.id)
        if old is not None:
            db.session.delete(old)
    db.session.flush()
    db.session.add_all(_case(project, one, network, model) for one in fresh)
    db.session.flush()
    return len(gone) + len(fresh)


def compare_with_past(*, at: datetime) -> int:
    """Ask for every finished project what the forecast would have said when its plan was approved.

    Only cases that were finished before that day are used, as it would have been. The comparison is kept by
    kind of party and for all; it may run again for the same instant and then changes nothing.

    :return: how many projects could be compared.
    """
    if db.session.scalar(sa.select(Backtest.id).where(Backtest.ran_at == at).limit(1)) is not None:
        return 0
    known_cases = chances.known_cases()
    ids = chances.finished_projects()
    models = chances.instruments_of(ids)
    baselines = chances.first_baselines(ids)
    tally = _Tally()
    for project in chances.whole_projects(ids):
        _replay(project, baselines.get(project.id), known_cases, models.get(project.id, ""), tally)
    db.session.add_all(tally.rows(at, without=len(ids) - tally.projects))
    _forget_old_nights()
    db.session.flush()
    return tally.projects


def _replay(
    project: Project,
    baseline: Baseline | None,
    cases: Sequence[chances.KnownCase],
    model: str,
    tally: "_Tally",
) -> None:
    """One finished project as it stood on the day of its approval, against what became of it."""
    if project.approved_at is None or baseline is None:
        return
    then = clock.day_at(project.approved_at, project.site.zone)
    past = core.History(one.case for one in cases if one.finished_on < then and one.project_id != project.id)
    samples = _samples(project, past, model)
    network = _network(project, at=project.approved_at)
    steps = _steps_then(project, baseline, network, then)
    end = _end(project)
    if all(step.key != end.key for step in steps):
        return
    learnt = [step.key for step in steps if step.finished_on is None and samples[step.key].values]
    if not learnt or end.finished_on is None:
        return
    found = core.forecast(
        core.Outlook(
            steps=steps,
            calendars=with_calendars(network, steps),
            start_on=network.start_on,
            today=then,
            end=end.key,
            samples=samples,
            options=network.options,
        )
    )
    tally.projects += 1
    tally.count("", found.steps[end.key], end.finished_on)
    for milestone in project.milestones:
        if milestone.key in learnt and milestone.finished_on is not None:
            party = accountable_party(milestone.kind, milestone.team)
            group = f"{milestone.kind.value} · {party.value}"
            tally.count(
                group, found.steps[milestone.key], milestone.finished_on, sample=samples[milestone.key]
            )


def _steps_then(project: Project, baseline: Baseline, network: Network, then: date) -> list[Step]:
    """The plan as it was approved, with what had happened by the evening of that day."""
    now = {step.key: step for step in network.steps}
    keys = {one.milestone_key for one in baseline.milestones}
    found = []
    for one in project.milestones:
        step = step_then(one, baseline, now.get(one.key), keys=keys)
        if step is not None:
            started_on = one.started_on if one.started_on and one.started_on <= then else None
            finished_on = one.finished_on if one.finished_on and one.finished_on <= then else None
            found.append(replace(step, started_on=started_on, finished_on=finished_on))
    return found


class _Tally:
    """How many ends came within each percentile, by group."""

    def __init__(self) -> None:
        self.projects = 0
        self.counts: dict[str, list[int]] = {}
        self.levels: dict[str, dict[str, int]] = {}

    def count(
        self, group: str, said: core.Percentiles, on: date, *, sample: core.Sample | None = None
    ) -> None:
        counts = self.counts.setdefault(group, [0, 0, 0, 0])
        counts[0] += 1
        for number, limit in enumerate((said.p50, said.p80, said.p90), start=1):
            counts[number] += on <= limit
        if sample is not None:
            levels = self.levels.setdefault(group, {})
            levels[sample.level.value] = levels.get(sample.level.value, 0) + 1

    def rows(self, at: datetime, *, without: int) -> list[Backtest]:
        counts = {"": [0, 0, 0, 0], **self.counts}
        return [
            Backtest(
                ran_at=at,
                group=group,
                cases=cases,
                within_p50=p50,
                within_p80=p80,
                within_p90=p90,
                detail={"levels": self.levels.get(group, {})} if group else {"without_past": without},
            )
            for group, (cases, p50, p80, p90) in counts.items()
        ]


def _forget_old_nights() -> None:
    nights = db.session.scalars(
        sa.select(Backtest.ran_at).where(Backtest.group == "").order_by(Backtest.ran_at.desc())
    ).all()
    if len(nights) > KEPT_NIGHTS:
        db.session.execute(sa.delete(Backtest).where(Backtest.ran_at < nights[KEPT_NIGHTS - 1]))


def _whole(project_id: int) -> Project | None:
    try:
        return plans.project_for_change(project_id)
    except NotFound:
        return None


def _model(project: Project) -> str:
    return chances.instruments_of([project.id]).get(project.id, "")


def _network(
    project: Project,
    *,
    at: datetime,
    known: Known | None = None,
    not_before: Mapping[int, date] | None = None,
) -> Network:
    today = clock.day_at(at, project.site.zone)
    return network_of(project, today=today, known=known, not_before=not_before)


def _samples(project: Project, history: core.History, model: str) -> dict[str, core.Sample]:
    """The group that each milestone draws from, by its key."""
    return {
        one.key: history.sample(
            core.Likeness(
                one.kind.value,
                model,
                project.site.country,
                accountable_party(one.kind, one.team).value,
            ),
            is_moment=one.workdays == 0,
        )
        for one in project.milestones
    }


def _forecast(
    project: Project,
    network: Network,
    samples: Mapping[str, core.Sample],
    *,
    at: datetime,
    promised_on: date | None,
    plan: Plan | None = None,
) -> core.Forecast | None:
    if not network.steps:
        return None
    return core.forecast(
        core.Outlook(
            steps=network.steps,
            calendars=network.calendars,
            start_on=network.start_on,
            today=clock.day_at(at, project.site.zone),
            end=_end(project).key,
            samples=samples,
            promised_on=promised_on,
            options=network.options,
        ),
        plan=plan,
    )


def _chance_of(project: Project, found: core.Forecast | None, samples: Mapping[str, core.Sample]) -> Chance:
    """What a forecast says of the handover; nothing where no open milestone had cases to draw from."""
    if found is None:
        return NOTHING
    end = _end(project)
    still = [
        one.key
        for one in project.milestones
        if one.finished_on is None and one.key in found.steps and one.state is not MilestoneState.SKIPPED
    ]
    learnt = [key for key in still if samples.get(key, core.NO_SAMPLE).values]
    basis = {
        "milestones": len(still),
        "without_cases": len(still) - len(learnt),
        "levels": _levels([samples[key] for key in learnt]),
        "fewest": min((samples[key].count for key in learnt), default=0),
    }
    if still and not learnt:
        return Chance(None, None, None, None, basis)
    days = found.steps[end.key]
    return Chance(found.chance_percent, days.p50, days.p80, days.p90, basis)


def _end(project: Project) -> Milestone:
    return handover_of(project.planned)


def _levels(samples: Sequence[core.Sample]) -> dict[str, int]:
    levels: dict[str, int] = {}
    for sample in samples:
        levels[sample.level.value] = levels.get(sample.level.value, 0) + 1
    return levels


def _write(
    project: Project,
    said: Chance,
    steps: Mapping[str, core.Percentiles],
    basis: Mapping[str, Any],  # Any: plain values
) -> None:
    table = Project.__table__
    db.session.execute(
        sa.update(table)  # type: ignore[arg-type]  # the table itself: a mapped update would raise the version
        .where(table.c.id == project.id)
        .values(
            chance_percent=said.percent,
            handover_p50_on=said.p50,
            handover_p80_on=said.p80,
            handover_p90_on=said.p90,
            forecast_basis=basis,
        )
    )
    rows = Milestone.__table__
    for one in project.milestones:
        days = steps.get(one.key)
        wanted = (days.p50, days.p80, days.p90) if days else (None, None, None)
        if wanted == (one.p50_on, one.p80_on, one.p90_on):
            continue
        db.session.execute(
            sa.update(rows)  # type: ignore[arg-type]  # as above
            .where(rows.c.id == one.id)
            .values(p50_on=wanted[0], p80_on=wanted[1], p90_on=wanted[2])
        )
        db.session.expire(one, ["p50_on", "p80_on", "p90_on"])
    db.session.expire(
        project,
        ["chance_percent", "handover_p50_on", "handover_p80_on", "handover_p90_on", "forecast_basis"],
    )


def _case(project: Project, one: Milestone, network: Network, model: str) -> PastCase:
    finished_on = one.finished_on or project.starts_on
    due_on = core.due_start(
        network.steps,
        one.key,
        calendars=network.calendars,
        start_on=network.start_on,
        options=network.options,
    )
    taken = core.workdays_taken(network.calendar_of(one.key), min(due_on, finished_on), finished_on)
    return PastCase(
        milestone_id=one.id,
        project_id=project.id,
        kind=one.kind,
        product_key=model,
        region=project.site.country,
        party=accountable_party(one.kind, one.team),
        planned_workdays=one.workdays,
        actual_workdays=taken,
        finished_on=finished_on,
    )


def _plain(sample: core.Sample) -> dict[str, Any]:  # Any: JSON values
    return {
        "level": sample.level.value,
        "count": sample.count,
        "narrow": sample.narrow_count,
        "values": [round(value, SHORT_DIGITS) for value in sample.values],
    }


def _sample(told: Mapping[str, Any]) -> core.Sample:  # Any: JSON values
    return core.Sample(core.Level(told["level"]), told["count"], told["narrow"], tuple(told["values"]))
