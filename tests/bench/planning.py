"""What planning costs: laying out a network, creating a plan, moving a milestone, showing what a move would do."""

import itertools
import statistics
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from functools import partial

import sqlalchemy as sa

from concierge.core.links import Link
from concierge.core.schedule import LagUnit, LinkKind, Step, lay_out
from concierge.core.worktime import WorkCalendar
from concierge.orders.models import Order
from concierge.platform.database import db, unit_of_work
from concierge.platform.previews import foreseen
from concierge.projects.actions import rescheduling
from concierge.projects.actions.creation import create_project
from concierge.projects.models import Milestone, Project
from concierge.projects.states import MilestoneState, ProjectState
from tests.bench.figures import Figure

ROUNDS = 60
MONDAY = date(2026, 3, 2)
GOALS = {
    "milestone moved": "goal 5 ms",
    "project created": "goal 5 ms",
    "move foreseen": "goal 30 ms",
}


def arithmetic() -> Iterator[Figure]:
    """Lay out networks of every kind of link on three calendars, forward and back from a go-live."""
    closed = {MONDAY + timedelta(days=17 * number): "holiday" for number in range(30)}
    calendars = {
        "site": WorkCalendar("site", closed=closed),
        "company": WorkCalendar("company"),
        "every day": WorkCalendar("every day", weekend=frozenset()),
    }
    for size in (20, 200):
        steps = _steps(size)
        place = partial(lay_out, steps, calendars=calendars, start_on=MONDAY, today=MONDAY)
        end = place().finish_on + timedelta(days=60)
        back = partial(place, required_on=end, backward=True)
        yield Figure(f"{size} steps, every kind of link", _fastest(place), "ms")
        yield Figure(f"{size} steps, counted back", _fastest(back), "ms", remark="from a go-live")


def acts(*, rounds: int = ROUNDS) -> Iterator[Figure]:
    """Create plans and move milestones of the company at hand; each measured act is taken back.

    Stands inside an application context whose company has running projects.
    """
    at = datetime.now(UTC)
    found = db.session.scalars(
        sa.select(Milestone)
        .join(Project, Project.id == Milestone.project_id)
        .where(Project.state == ProjectState.LIVE, Milestone.state == MilestoneState.PLANNED)
        .order_by(Milestone.id)
        .limit(rounds)
    ).all()
    assert found, "no project is under way"
    movable = [
        (one.project_id, one.id, (one.forecast_start_on or MONDAY) + timedelta(days=3)) for one in found
    ]
    wanted = list(itertools.islice(itertools.cycle(movable), rounds))
    db.session.rollback()
    yield _figure("milestone moved", [partial(_move, *each, at) for each in wanted])
    yield _figure(
        "move foreseen",
        [partial(foreseen, partial(_move, *each, at), project_id=each[0], at=at) for each in wanted],
        is_taken_back=False,
    )
    orders = db.session.scalars(sa.select(Order.id).order_by(Order.id).limit(rounds)).all()
    db.session.rollback()
    yield _figure("project created", [partial(_create, order_id, at) for order_id in orders])


class _TakenBack(Exception):
    """The measured act is not to stay."""


def _move(project_id: int, milestone_id: int, to: date, at: datetime) -> None:
    rescheduling.move_milestone(project_id, milestone_id, to=to, reason="", actor_id=None, at=at)


def _create(order_id: int, at: datetime) -> None:
    """Plan an order anew, as if it had just come: its project is taken away first, which is not measured."""
    create_project(order_id, actor_id=None, at=at)


def _figure(name: str, acts: list[Callable[[], object]], *, is_taken_back: bool = True) -> Figure:
    took = [_timed(act) if is_taken_back else _timed_alone(act) for act in acts]
    middle = statistics.median(took)
    high = sorted(took)[int(len(took) * 0.95)]
    return Figure(f"{name}, median", middle, "ms", remark=f"{GOALS[name]}; 95 of 100 within {high:.1f} ms")


def _timed(act: Callable[[], object]) -> float:
    took = 0.0
    try:
        with unit_of_work():
            started = time.perf_counter()
            act()
            db.session.flush()
            took = (time.perf_counter() - started) * 1000
            raise _TakenBack
    except _TakenBack:
        db.session.remove()
    return took


def _timed_alone(act: Callable[[], object]) -> float:
    started = time.perf_counter()
    act()
    took = (time.perf_counter() - started) * 1000
    db.session.remove()
    return took


def _fastest(do: Callable[[], object], *, rounds: int = 200) -> float:
    do()
    took = []
    for _ in range(rounds):
        started = time.perf_counter()
        do()
        took.append(time.perf_counter() - started)
    return min(took) * 1000


def _steps(size: int) -> list[Step]:
    kinds, units = tuple(LinkKind), tuple(LagUnit)
    names = ("site", "company", "every day")
    return [
        Step(
            f"s{number}",
            number % 4,
            names[number % 3],
            tuple(
                Link(f"s{other}", other % 3, kinds[(number + other) % 4], units[(number * other) % 3])
                for other in sorted({max(0, number - 1), max(0, number - 4)})
                if other < number
            ),
            just_in_time=number % 9 == 0,
        )
        for number in range(size)
    ]
