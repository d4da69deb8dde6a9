"""A better plan than the greedy one, searched by OR-Tools CP-SAT in a child process (`cp_solver.py`) with a time limit.

The extra `solver` brings it; without it, or when it fails or finds nothing better, the greedy plan stands. Whatever it
says is measured and checked here before it is believed, so a plan is never worse than greedy and breaks no rule.
"""

import json
import os
import selectors
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from concierge.core.assignment import Measure, Model, Plan, Planner, breaks

SECONDS = 10.0
"""How long it may search."""
WORKERS = 2
FIRST_SHARE = 0.35
"""How much of the time may be spent on lateness."""
MOST_TIMES, MOST_WAYS = 15_000, 4_000
"""So many options are looked at for lateness, and for travel, where each pair of visits counts."""
GRACE = 3.0
"""Seconds on top in which it may end by itself; then it is ended, and what it has said so far counts."""
LARGEST_LINE = 4 * 1024 * 1024

_CHILD = Path(__file__).with_name("cp_solver.py")
_KEPT = ("PATH", "SYSTEMROOT", "LD_LIBRARY_PATH")

Heard = dict[str, Any]  # Any: what JSON holds


@dataclass(frozen=True, slots=True)
class Bound:
    """What no plan can be better than; `None` where it is not known."""

    left: int
    late: int | None = None
    """With as few left over as in the plan."""
    travel: int | None = None
    """With no more left over and late than in the plan."""
    is_travel_whole: bool = False
    """Whether that holds for all plans, or among the nearest people and first times that were looked at."""


@dataclass(frozen=True, slots=True)
class Solved:
    """The plan that stands, and how it came to be."""

    plan: Plan
    measure: Measure
    greedy: Measure
    bound: Bound
    was_searched: bool
    """Whether a solver searched; not, where none is installed or it failed."""
    seconds: float

    @property
    def is_better(self) -> bool:
        """Whether the search found a better plan than the greedy one."""
        return self.measure < self.greedy


class Stopped(Exception):
    """Somebody cancelled the search."""


def is_installed() -> bool:
    """Say whether there is a solver to search with."""
    return find_spec("ortools") is not None


def solved(
    planner: Planner,
    *,
    seconds: float = SECONDS,
    tell: Callable[[float], bool] | None = None,
    search: bool = True,
) -> Solved:
    """Plan greedily, then search for something better.

    :param seconds: how long to search.
    :param tell: asked about each second with the seconds that have passed; `False` ends the search.
    :param search: whether to search at all.
    :raises Stopped: when `tell` said so.
    """
    begun = time.monotonic()
    tell = tell or (lambda _seconds: True)
    greedy = planner.greedy()
    first = planner.measure(greedy)
    best = _better(planner, greedy, first, planner.improved(greedy))
    left, late = planner.bound()
    near: dict[str, Any] = {}  # Any: fields of the bound
    was_searched = False
    if search and planner.problem.pieces and is_installed():
        if (best[1].left, best[1].late) > (left, late):
            model = planner.model(best[0], most=MOST_TIMES, with_ways=False)
            heard = _searched(model, best[1], (0,), seconds * FIRST_SHARE, tell)
            was_searched = bool(heard)
            best = _best_of(planner, model, heard, best)
            left, late = max((left, late), _timely(model, heard))
        left_seconds = seconds - (time.monotonic() - begun)
        if left_seconds > 1:
            model = planner.model(best[0], most=MOST_WAYS)
            heard = _searched(model, best[1], (1, 2), left_seconds, tell)
            was_searched |= bool(heard)
            best = _best_of(planner, model, heard, best)
            near = _near(model, heard, best[1])
    # with more of the work done than in the plan, nothing is known of how late it would be
    bound = Bound(left, late if left == best[1].left else None, **near)
    return Solved(*best, first, bound, was_searched, time.monotonic() - begun)


def _better(planner: Planner, plan: Plan, measure: Measure, other: Plan) -> tuple[Plan, Measure]:
    """The better of two plans; the other one only when it breaks no rule."""
    found = planner.measure(other)
    return (other, found) if found < measure and not breaks(planner.problem, other) else (plan, measure)


def _best_of(
    planner: Planner, model: Model, heard: list[Heard], best: tuple[Plan, Measure]
) -> tuple[Plan, Measure]:
    """The best of a plan and of what a search found, each made whole and looked through once more."""
    plans = [planner.chosen(model.options[number] for number in one["chosen"] or ()) for one in heard]
    for plan in plans:
        best = _better(planner, *best, planner.improved(plan))
    return best


def _searched(
    model: Model, known: Measure, stages: tuple[int, ...], seconds: float, tell: Callable[[float], bool]
) -> list[Heard]:
    """What the child said: for each stage its last answer."""
    env = {name: os.environ[name] for name in _KEPT if name in os.environ}
    child = subprocess.Popen(  # noqa: S603 # this very Python on a file of ours
        [sys.executable, "-P", str(_CHILD), str(seconds), str(WORKERS), *map(str, stages)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=env
        | {"LANG": "C.UTF-8", "PYTHONUTF8": "1", "PYTHONDONTWRITEBYTECODE": "1", "PYTHONWARNINGS": "ignore"},
        start_new_session=True,
    )
    heard: dict[int, Heard] = {}
    try:
        assert child.stdin is not None and child.stdout is not None  # noqa: S101, PT018 # pipes, as asked for
        try:
            child.stdin.write(_written(model, known, stages))
            child.stdin.close()
        except BrokenPipeError:
            return []
        _listen(child.stdout, heard, seconds + GRACE, tell)
    finally:
        child.kill()
        child.wait()
        for pipe in (child.stdin, child.stdout):
            if pipe is not None:
                pipe.close()
    return [heard[stage] for stage in sorted(heard)]


def _listen(
    said: Any, heard: dict[int, Heard], limit: float, tell: Callable[[float], bool]
) -> None:  # Any: a pipe
    """Take what the child says until it ends, its time is over, or somebody stops it."""
    begun, rest, told = time.monotonic(), b"", 0.0
    with selectors.DefaultSelector() as waiting:
        waiting.register(said, selectors.EVENT_READ)
        while (passed := time.monotonic() - begun) < limit:
            if passed - told >= 1:
                told = passed
                if not tell(passed):
                    raise Stopped
            if not waiting.select(timeout=0.5):
                continue
            data = os.read(said.fileno(), 1 << 16)
            if not data:
                return
            *lines, rest = (rest + data).split(b"\n")
            for line in lines:
                _take(line, heard)
            if len(rest) > LARGEST_LINE:
                return


def _take(line: bytes, heard: dict[int, Heard]) -> None:
    try:
        one = json.loads(line)
        stage, chosen = int(one["stage"]), one["chosen"]
    except (ValueError, TypeError, KeyError):
        return
    before = heard.get(stage, {})
    if chosen is None and before:  # how it ended, without a better answer
        one["chosen"], one["value"] = before["chosen"], before["value"]
    heard[stage] = one


def _written(model: Model, known: Measure, stages: tuple[int, ...]) -> bytes:
    reached = [_timeliness(model) * known.left + known.late] if stages[0] > 0 else []
    return json.dumps(
        {
            "crews": model.crews,
            "stays": model.stays,
            "options": [(one.piece, one.stay, one.person) for one in model.options],
            "travel": model.travel,
            "minutes": model.minutes,
            "cliques": model.cliques,
            "savings": model.savings,
            "loads": model.loads,
            "leads": model.leads,
            "hint": model.hint,
            "reached": reached,
        }
    ).encode()


def _timeliness(model: Model) -> int:
    """How many days late count as much as one piece that is left over."""
    return 1 + sum(max((late for late, _until in stays), default=0) for stays in model.stays)


def _timely(model: Model, heard: list[Heard]) -> tuple[int, int]:
    """How much is left over and late at least, as far as a search that looked at everything says."""
    if not heard or not model.is_whole:
        return 0, 0
    left, late = divmod(max(0, int(heard[0]["bound"])), _timeliness(model))
    return left, late


def _near(model: Model, heard: list[Heard], measure: Measure) -> dict[str, Any]:  # Any: fields of a bound
    """How little travel is possible at least, where the search can tell."""
    for one in heard:
        if one["stage"] == 1 and (least := int(one["bound"]) + model.saved_anyhow) > 0:
            return {"travel": min(least, measure.travel), "is_travel_whole": model.is_whole}
    return {}
