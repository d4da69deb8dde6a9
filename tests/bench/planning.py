"""What planning costs: laying out a network, creating a plan, moving a milestone, showing what a move would do."""

import itertools
import statistics
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from functools import partial

import sqlalchemy as sa

from concierge.catalogue.states import Audience, DaysOf, Team
from concierge.core.links import Link
from concierge.core.schedule import LagUnit, LinkKind, Step, lay_out
from concierge.core.worktime import WorkCalendar
from concierge.orders.models import Order, OrderLine
from concierge.platform.database import db, unit_of_work
from concierge.platform.previews import foreseen
from concierge.projects import queries
from concierge.projects.actions import rescheduling, shaping
from concierge.projects.actions.creation import create_project
from concierge.projects.actions.laying_out import follow
from concierge.projects.models import Milestone, Project
from concierge.projects.states import MilestoneState, ProjectState
from tests.bench.figures import Figure

ROUNDS = 60
MONDAY = date(2026, 3, 2)
GOALS = {
    "plan followed": "loaded, laid out, written",
    "milestone moved": "goal 5 ms; the act with all that follows at once: visits, feeds, checklist, gates",
    "milestone created": "goal 5 ms; taken into a running plan after another, with all that follows at once",
    "project created": "its plan merged, laid out and written",
    "move foreseen": "goal 30 ms; with everything that follows",
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
    yield _figure("plan followed", [partial(_follow, each[0], at) for each in wanted])
    yield _figure("milestone moved", [partial(_move, *each, at) for each in wanted])
    yield _figure("milestone created", [partial(_add, *each[:2], at) for each in wanted])
    yield _figure(
        "move foreseen",
        [partial(foreseen, partial(_move, *each, at), project_id=each[0], at=at) for each in wanted],
        is_taken_back=False,
    )
    orders = db.session.scalars(sa.select(Order.id).order_by(Order.id).limit(rounds)).all()
    db.session.rollback()
    yield _figure("project created", [_Creation(order_id, at) for order_id in orders])


class _TakenBack(Exception):
    """The measured act is not to stay."""


def _follow(project_id: int, at: datetime) -> None:
    follow(queries.project_for_change(project_id), at=at)


def _move(project_id: int, milestone_id: int, to: date, at: datetime) -> None:
    rescheduling.move_milestone(
        project_id, milestone_id, to=to, reason="The bench moves it", actor_id=None, at=at
    )


def _add(project_id: int, after_id: int, at: datetime) -> None:
    shaping.add(
        project_id,
        name={"en": "Vibration log"},
        workdays=1,
        days_of=DaysOf.SITE,
        team=Team.SERVICE,
        audience=Audience.CUSTOMER,
        after_id=after_id,
        before_id=None,
        actor_id=None,
        at=at,
    )


class _Creation:
    """A copy of an order becomes a project; copying is not measured."""

    def __init__(self, order_id: int, at: datetime) -> None:
        self.order_id = order_id
        self.at = at
        self.copy_id = 0

    def prepare(self) -> None:
        """Copy the order and its lines."""
        whole = {Order.__table__: Order.id, OrderLine.__table__: OrderLine.order_id}
        for table, column in whole.items():
            assert isinstance(table, sa.Table)
            for row in db.session.execute(sa.select(table).where(column == self.order_id)).mappings().all():
                values = {name: value for name, value in row.items() if name != "id"}
                values |= {"number": f"{row['number']}-copy"} if table is Order.__table__ else {}
                values |= {"order_id": self.copy_id} if table is OrderLine.__table__ else {}
                made = db.session.execute(sa.insert(table).values(values).returning(table.c.id)).scalar_one()
                self.copy_id = self.copy_id or made

    def __call__(self) -> None:
        """Plan it."""
        create_project(self.copy_id, actor_id=None, at=self.at)


def _figure(name: str, acts: list[Callable[[], object]], *, is_taken_back: bool = True) -> Figure:
    took = [_timed(act) if is_taken_back else _timed_alone(act) for act in acts]
    middle = statistics.median(took)
    high = sorted(took)[int(len(took) * 0.95)]
    return Figure(
        f"{name}, median", middle, "CPU ms", remark=f"{GOALS[name]}; 95 of 100 within {high:.1f} ms"
    )


def _timed(act: Callable[[], object]) -> float:
    took = 0.0
    try:
        with unit_of_work():
            if isinstance(act, _Creation):
                act.prepare()
            started = time.process_time()
            act()
            db.session.flush()
            took = (time.process_time() - started) * 1000
            raise _TakenBack
    except _TakenBack:
        db.session.remove()
    return took


def _timed_alone(act: Callable[[], object]) -> float:
    started = time.process_time()
    act()
    took = (time.process_time() - started) * 1000
    db.session.remove()
    return took


def _fastest(do: Callable[[], object], *, rounds: int = 200) -> float:
    do()
    took = []
    for _ in range(rounds):
        started = time.process_time()
        do()
        took.append(time.process_time() - started)
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
