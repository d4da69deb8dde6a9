"""The child process behind `solver.py`: takes a model as JSON, gives better and better answers, one JSON line each.

It is run by path and imports nothing of Concierge. What counts first is settled first: a stage for what is left over
and late, one for travel, one for fairness; each may use what time the others left it and keeps what they reached. An
answer is written as soon as it is found, so that whoever ends this process early has the best one so far.
"""

import json
import sys
import time
from collections.abc import Sequence
from math import ceil
from typing import Any

from ortools.sat.python import cp_model

try:
    import resource
except ImportError:  # a system without them: the parent's clock is the only limit there
    resource = None  # type: ignore[assignment]  # the name stays, its absence is asked for below

MEMORY_BYTES = 4 * 1024**3
FIRST_SHARE = 0.7
"""How much of the time that is left a stage may use, unless it is the last."""

Model = dict[str, Any]  # Any: what JSON holds


class _Telling(cp_model.CpSolverSolutionCallback):
    """Writes each answer when it is found."""

    def __init__(self, stage: int, options: list[Any], begun: float) -> None:  # Any: the library's variables
        super().__init__()
        self._stage, self._options, self._begun = stage, options, begun

    def on_solution_callback(self) -> None:
        """Write which options are chosen."""
        chosen = [number for number, option in enumerate(self._options) if self.boolean_value(option)]
        _say(
            stage=self._stage,
            value=round(self.objective_value),
            bound=round(self.best_objective_bound),
            chosen=chosen,
            seconds=round(time.monotonic() - self._begun, 2),
        )


def _say(**what: Any) -> None:  # Any: what JSON holds
    print(json.dumps(what), flush=True)  # noqa: T201 # this is how it answers


def solve(model: Model, *, seconds: float, workers: int, stages: Sequence[int]) -> None:
    """Search some stages one after the other within so many seconds."""
    begun = time.monotonic()
    chosen, reached = set(model["hint"]), list(model["reached"])
    for number, stage in enumerate(stages):
        left = seconds - (time.monotonic() - begun)
        if left < 0.2:
            return
        share = 1 if number == len(stages) - 1 else FIRST_SHARE
        cp, options, goals = _built(model, stage, chosen)
        for goal, value in zip(goals, reached, strict=False):
            cp.add(goal <= value)
        cp.minimize(goals[-1])
        solver = cp_model.CpSolver()
        solver.parameters.max_time_in_seconds = left * share
        solver.parameters.num_workers = workers
        solver.parameters.symmetry_level = 0
        solver.parameters.cp_model_probing_level = 0
        solver.parameters.max_presolve_iterations = 1
        status = solver.solve(cp, _Telling(stage, options, begun))
        if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
            _say(stage=stage, value=None, bound=ceil(solver.best_objective_bound), chosen=None)
            return
        chosen = {number for number, option in enumerate(options) if solver.boolean_value(option)}
        reached.append(round(solver.objective_value))
        _say(
            stage=stage,
            value=reached[-1],
            bound=ceil(solver.best_objective_bound),
            chosen=sorted(chosen),
            seconds=round(time.monotonic() - begun, 2),
            is_proven=status == cp_model.OPTIMAL,
        )


def _built(
    model: Model, stage: int, known: set[int]
) -> tuple[cp_model.CpModel, list[Any], list[Any]]:  # Any: the library's variables and expressions
    """Options and rules, and what each stage up to this one minimises; begins with the options that are known."""
    cp = cp_model.CpModel()
    options = [cp.new_bool_var("") for _option in model["options"]]
    for number, option in enumerate(options):
        cp.add_hint(option, number in known)
    by_time: dict[tuple[int, int], list[int]] = {}
    for number, (piece, stay, _person) in enumerate(model["options"]):
        by_time.setdefault((piece, stay), []).append(number)
    left, late, waiting = [], [], []
    ways: dict[int, list[Any]] = {}
    is_done = set()
    for (piece, stay), numbers in by_time.items():
        crew, (days_late, days_until) = model["crews"][piece], model["stays"][piece][stay]
        happens = [options[number] for number in numbers]
        if known.intersection(numbers):
            is_done.add(piece)
        if crew > 1:
            together = cp.new_bool_var("")
            cp.add_hint(together, bool(known.intersection(numbers)))
            cp.add(cp_model.LinearExpr.sum(happens) == crew * together)
            for option in happens:
                cp.add_implication(option, together)
            leaders = [options[number] for number in numbers if model["leads"][number]]
            if len(leaders) < len(numbers):
                cp.add_bool_or([~together, *leaders])
            happens = [together]
        ways.setdefault(piece, []).extend(happens)
        if days_late:
            late += [days_late * one for one in happens]
        if days_until:
            waiting += [days_until * one for one in happens]
    for piece in range(len(model["crews"])):
        nobody = cp.new_bool_var("")
        cp.add_hint(nobody, piece not in is_done)
        cp.add_exactly_one([nobody, *ways.get(piece, ())])
        left.append(nobody)
    for clique in model["cliques"]:
        cp.add_at_most_one([options[number] for number in clique])
    most_late = 1 + sum(max((one[0] for one in stays), default=0) for stays in model["stays"])
    most_waiting = 1 + sum(max((one[1] for one in stays), default=0) for stays in model["stays"])
    total = cp_model.LinearExpr.sum
    goals = [total([*(most_late * one for one in left), *late])]
    if stage > 0:
        travel = [minutes * option for minutes, option in zip(model["travel"], options, strict=True)]
        goals.append(total([*travel, *_savings(cp, model, options, known)]))
    if stage > 1:
        above = [most_waiting * one for one in _above(cp, model, options, known)]
        goals.append(total([*above, *waiting]))
    return cp, options, goals


def _savings(cp: Any, model: Model, options: list[Any], known: set[int]) -> list[Any]:  # Any: as above
    """What going straight on saves, below 0: each visit has at most one before it and one after it."""
    before: dict[int, list[Any]] = {}
    after: dict[int, list[Any]] = {}
    saved, left, come = [], set[int](), set[int]()
    for here, there, minutes in model["savings"]:
        straight = cp.new_bool_var("")
        # Pairs come in order of time, so the first one known is what follows.
        follows = (
            all(node < 0 or node in known for node in (here, there))
            and here not in left
            and there not in come
        )
        if follows:
            left.add(here)
            come.add(there)
        cp.add_hint(straight, follows)
        after.setdefault(here, []).append(straight)
        before.setdefault(there, []).append(straight)
        saved.append(-minutes * straight)
    for side in (before, after):
        for node, several in side.items():
            if node >= 0:
                cp.add(cp_model.LinearExpr.sum(several) <= options[node])
            else:
                cp.add_at_most_one(several)
    return saved


def _above(cp: Any, model: Model, options: list[Any], known: set[int]) -> list[Any]:  # Any: as above
    """Minutes that each person has above their share."""
    mine: dict[int, list[Any]] = {}
    given = dict[int, int]()
    for number, (piece, _stay, person) in enumerate(model["options"]):
        minutes = model["minutes"][piece]
        mine.setdefault(person, []).append(minutes * options[number])
        given[person] = given.get(person, 0) + (minutes if number in known else 0)
    found = []
    for person, work in mine.items():
        load, share = model["loads"][person]
        above = cp.new_int_var(0, load + sum(model["minutes"]), "")
        cp.add(cp_model.LinearExpr.sum([above, *(-1 * one for one in work)]) >= load - share)
        cp.add_hint(above, max(0, load + given[person] - share))
        found.append(above)
    return found


def main() -> None:
    """Read the model from standard input; arguments are seconds, workers, and the stages."""
    if resource is not None:
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    _path, seconds, workers, *stages = sys.argv
    solve(
        json.load(sys.stdin),
        seconds=float(seconds),
        workers=int(workers),
        stages=[int(one) for one in stages],
    )


if __name__ == "__main__":
    main()
