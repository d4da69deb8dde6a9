"""What people do to a plan, at random: for tests that must hold whatever they do."""

import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from concierge.catalogue.states import Audience, DaysOf, GateKind, LagUnit, LinkKind, Team
from concierge.platform.clock import day_at
from concierge.platform.database import db
from concierge.platform.undo import tracked
from concierge.projects import queries
from concierge.projects.actions import gates, holding, milestones, rescheduling, shaping
from concierge.projects.models import Milestone, Project
from concierge.projects.states import BlockCause, Counting, Party
from concierge.visits import queries as visit_queries
from concierge.visits.actions import arranging, progress
from concierge.workforce.models import Technician

Rows = dict[str, list[dict[str, object]]]


@dataclass(frozen=True)
class Done:
    """An act that somebody may try; it raises Refused where it makes no sense."""

    words: str
    do: Callable[[], object]


def any_act(
    rng: random.Random, project: Project, people: list[Technician], *, at: datetime, actor_id: int | None
) -> Done:
    """One act, chosen by chance, on a project as the database has it."""
    by: dict[str, Any] = {"actor_id": actor_id, "at": at}  # Any: who and when
    today = day_at(at, project.site.zone)
    one = rng.choice(project.milestones)
    day = today + timedelta(days=rng.randint(-6, 60))
    team = rng.choice(list(Team))
    past = today - timedelta(days=rng.randint(0, 4))
    key = project.id, one.id
    who = rng.sample([person.user_id for person in people], k=rng.randint(0, len(people)))
    planned = [
        visit
        for of in visit_queries.visits_of_milestones([m.id for m in project.milestones]).values()
        for visit in of
    ]
    acts = [
        Done(
            f"move {one.key} to {day}",
            lambda: rescheduling.move_milestone(*key, to=day, reason="Why not", **by),
        ),
        Done(f"move {one.key} to {day}", lambda: rescheduling.move_milestone(*key, to=day, reason="", **by)),
        Done(f"start {one.key}", lambda: milestones.start(*key, on=past, **by)),
        Done(f"finish {one.key}", lambda: milestones.finish(*key, on=past, **by)),
        Done(
            f"block {one.key}",
            lambda: milestones.block(*key, cause=BlockCause.POWER, reason="No circuit", **by),
        ),
        Done(f"unblock {one.key}", lambda: milestones.unblock(*key, **by)),
        Done(f"reopen {one.key}", lambda: milestones.reopen(*key, reason="Not so", **by)),
        Done(
            f"reassign {one.key}",
            lambda: milestones.reassign(*key, team=team, owner_id=None, **by),
        ),
        *_shaping(rng, project, one, by),
        *_holding(rng, project, past, day, by),
        Done("override", lambda: gates.override(project.id, GateKind.SHIP, reason="I know better", **by)),
    ]
    if planned:
        visit_id = rng.choice(planned).id
        wall = datetime.combine(day, datetime.min.time()) + timedelta(hours=rng.randint(8, 14))

        def on(act: Callable[..., object], *, here: bool = False, **rest: object) -> Callable[[], object]:
            def do() -> object:
                visit = visit_queries.visit_for_change(visit_id)
                extra = {"site": visit.site} if here else {}
                return act(visit, **extra, **rest, **by)

            return do

        acts += [
            Done(
                f"move visit {visit_id}",
                on(
                    arranging.move_visit,
                    here=True,
                    starts_local=wall,
                    ends_local=wall + timedelta(hours=3),
                    conflict_reason="Must be",
                ),
            ),
            Done(
                f"send {who}",
                on(arranging.assign_technicians, here=True, technician_ids=who, conflict_reason="Must be"),
            ),
            Done(f"confirm visit {visit_id}", on(progress.confirm)),
            Done(f"release visit {visit_id}", on(progress.release)),
            Done(f"cancel visit {visit_id}", on(progress.cancel, reason="Nobody comes")),
        ]
    return rng.choice(acts)


def _shaping(rng: random.Random, project: Project, one: Milestone, by: dict[str, Any]) -> list[Done]:
    key = project.id, one.id
    other = rng.choice(project.milestones)
    length = rng.randint(0, 12)
    kind, unit, lag = rng.choice(list(LinkKind)), rng.choice(list(LagUnit)), rng.randint(-2, 9)
    wanted = replace(shaping.Shape.of(one), workdays=length, days_of=rng.choice(list(DaysOf)))
    acts = [
        Done(f"shape {one.key}", lambda: shaping.shape(*key, wanted, reason="", **by)),
        Done(f"skip {one.key}", lambda: shaping.skip(*key, reason="Not needed", **by)),
        Done(f"restore {one.key}", lambda: shaping.restore(*key, **by)),
        Done(
            f"split {one.key}",
            lambda: shaping.split(*key, first_workdays=length, name={"en": "Rest"}, **by),
        ),
        Done(
            f"link {one.key} to {other.key}",
            lambda: shaping.link(
                *key, predecessor_id=other.id, kind=kind, lag=lag, unit=unit, reason="", **by
            ),
        ),
        Done(
            f"add before {one.key}",
            lambda: shaping.add(
                project.id,
                name={"en": "Extra"},
                workdays=length,
                days_of=DaysOf.SITE,
                team=Team.SERVICE,
                audience=Audience.CUSTOMER,
                after_id=None,
                before_id=one.id,
                **by,
            ),
        ),
    ]
    if one.links:
        link_id = rng.choice(one.links).id
        acts.append(Done(f"unlink {one.key}", lambda: shaping.unlink(*key, link_id=link_id, reason="", **by)))
    return acts


def _holding(rng: random.Random, project: Project, past: date, day: date, by: dict[str, Any]) -> list[Done]:
    counting = rng.choice(list(Counting))
    return [
        Done(
            f"hold from {past}",
            lambda: holding.hold(
                project.id,
                cause=BlockCause.BUILDING,
                party=Party.CUSTOMER,
                reason="No building",
                first_on=past,
                expected_on=None,
                **by,
            ),
        ),
        Done(f"expect {day}", lambda: holding.expect(project.id, expected_on=day, **by)),
        Done(f"resume {past}", lambda: holding.resume(project.id, on=past, **by)),
        Done(
            f"require {day}",
            lambda: shaping.require_go_live(project.id, required_on=day, counting=counting, **by),
        ),
    ]


def whole(project_id: int) -> Project:
    """A project as the database has it, loaded anew."""
    db.session.expire_all()
    return queries.project_for_change(project_id)


def dump() -> Rows:
    """Every row of every tracked table, without versions and counters; and who may see which project."""
    db.session.rollback()
    found: Rows = {}
    for name, of in tracked().items():
        columns = [c for c in of.table.c if c.name != "version" and c.name not in of.counters]
        rows = db.session.execute(of.table.select().with_only_columns(*columns).order_by(of.table.c.id))
        found[name] = [dict(row) for row in rows.mappings()]
    return found
