"""What a plan for unassigned work costs, and how near to the best possible one it comes."""

from collections.abc import Iterator

from concierge.core.assignment import Planner, breaks
from concierge.dispatch import solver
from tests.bench.figures import Figure
from tests.makers.assignment import drawn_problem

GOAL = "goal 20 s on two cores; everything, search and reasons included"


def plans() -> Iterator[Figure]:
    """Plan 100 unassigned work orders among 50 technicians over four weeks; work and people are the same each time.

    :raises RuntimeError: when the plan breaks a rule, or no solver is installed.
    """
    problem = drawn_problem(1, pieces=100, people=50)
    planner = Planner(problem)
    found = solver.solved(planner)
    planner.explain(found.plan)
    if breaks(problem, found.plan) or not found.was_searched:
        raise RuntimeError("A plan was made that breaks a rule, or nothing searched for it.")
    was, now, bound = found.greedy, found.measure, found.bound
    gap = f"left {now.left} (bound {bound.left}), late {now.late} (bound {'–' if bound.late is None else bound.late})"
    told = f"{gap}; greedy: left {was.left}, late {was.late}, travel {was.travel / 60:.0f} h"
    yield Figure("100 pieces of work, 50 people: planned", found.seconds, "s", remark=GOAL)
    yield Figure("… working days late", now.late, "days", remark=told)
    yield Figure("… hours added on the way", now.travel / 60, "h")
