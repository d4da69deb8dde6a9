"""The long work of dispatch: making plans and booking proposals; and what is done with offers whose time is over."""

from collections.abc import Callable, Collection
from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from flask_babel import ngettext

from concierge.core.assignment import Planner
from concierge.dispatch import offers, solver
from concierge.dispatch.actions import offering, planning
from concierge.dispatch.models import PlanningRun
from concierge.dispatch.states import PlanningState
from concierge.identity.models import User
from concierge.identity.permissions import Permission
from concierge.identity.viewer import Viewer
from concierge.platform import clock, jobs, undo
from concierge.platform.database import db, unit_of_work
from concierge.platform.deliveries import outside
from concierge.platform.errors import Refused
from concierge.platform.jobs import Progress, Result
from concierge.workforce.actions import holding


def register() -> None:
    """Make the jobs of dispatch known to the worker."""
    jobs.register(planning.PLAN_JOB, make_plan)
    jobs.register(planning.ACCEPT_JOB, accept_many)


def make_plan(progress: Progress, args: dict[str, Any]) -> Result | Callable[[], Result]:  # Any: JSON
    """Plan the tray, greedily and then better; run by a job, safe to run again from the start.

    Nothing is kept before all of it is, together with the job's end; who cancels it stops it within a second or two.
    """
    run_id, at = int(args["run_id"]), clock.now()
    run = planning.run_by_id(run_id)
    if run.state is not PlanningState.PLANNING:
        return _led_to(run)
    progress.tell(done=0, total=int(solver.SECONDS), message=_("Reading the work and who can go."))
    run = planning.run_by_id(run_id)
    task = planning.read_task(run, viewer=_viewer(run.asked_by_id), at=at)
    db.session.rollback()
    db.session.expunge_all()

    def tell(seconds: float) -> bool:
        if planning.is_cancelled(run_id):
            return False
        done = min(int(seconds), int(solver.SECONDS) - 1)
        progress.tell(done=done, total=int(solver.SECONDS), message=_("Looking for a better plan."))
        return True

    progress.tell(done=1, total=int(solver.SECONDS), message=_("Making a first plan."))
    planner = Planner(task.problem)
    try:
        solved = solver.solved(planner, seconds=solver.SECONDS, tell=tell)
    except solver.Stopped:
        db.session.rollback()
        return lambda: _led_to(planning.run_by_id(run_id))
    why = planner.explain(solved.plan)
    db.session.rollback()
    return lambda: _led_to(planning.keep_plan(run_id, task, solved, why, at=clock.now()))


def accept_many(progress: Progress, args: dict[str, Any]) -> Result:  # Any: JSON
    """Book proposals one by one; run by a job. Run again after a crash, what is booked stays and is told as such."""
    run_id, ids = int(args["run_id"]), [int(one) for one in args["ids"]]
    refused = 0
    for done, proposal_id in enumerate(ids):
        progress.tell(done=done, total=len(ids), message=_("Booking what was accepted."))
        refused += bool(
            accept_one(run_id, proposal_id, _viewer(progress.owner_id), together=args["together"])
        )
        db.session.expunge_all()
    return {
        "summary": booked_words(len(ids) - refused, refused),
        "url": f"/dispatch/proposals/{run_id}",
    }


def accept_one(run_id: int, proposal_id: int, viewer: Viewer, *, together: str) -> str:
    """Book one proposal in a transaction of its own; the answer is why it cannot be, empty when it is booked."""
    at = clock.now()
    try:
        with (
            unit_of_work(),
            undo.undoable(
                actor_id=viewer.user_id, at=at, needs=Permission.SCHEDULE_VISITS.value, together=together
            ),
        ):
            planning.accept(run_id, proposal_id, viewer=viewer, at=at, actor_id=viewer.user_id)
    except Refused as refusal:
        sentence = refusal.sentence
        try:
            with unit_of_work():
                planning.note_refusal(run_id, proposal_id, sentence)
        except Refused:
            db.session.rollback()
        return sentence
    return ""


def accept_all(run_id: int, ids: Collection[int], viewer: Viewer, *, together: str) -> int:
    """Book several proposals at once, each by itself; say how many could not be."""
    return sum(bool(accept_one(run_id, one, viewer, together=together)) for one in ids)


def booked_words(booked: int, refused: int) -> str:
    """How many proposals are booked, and how many no longer fit."""
    said = ngettext("%(num)s visit is booked.", "%(num)s visits are booked.", booked)
    if refused:
        said += " " + ngettext(
            "%(num)s no longer fits; why stands beside it.",
            "%(num)s no longer fit; why stands beside them.",
            refused,
        )
    return said


def _led_to(run: PlanningRun) -> Result:
    said = {
        PlanningState.READY: _("The plan is there. Nothing is booked until you accept it."),
        PlanningState.CANCELLED: _("Cancelled. Nothing was booked."),
        PlanningState.PLANNING: "",
    }
    return {"summary": said[run.state], "url": f"/dispatch/proposals/{run.id}"}


def _viewer(user_id: int | None) -> Viewer:
    """Who asked for the work, with what they may see."""
    user = db.session.get_one(User, user_id)
    return Viewer(user.id, user.name, user.role, user.zone, user.language)


@outside
def end_offers(at: datetime) -> None:
    """End offers that nobody chose from in time, each by itself, and remove what is held no more.

    Nobody waits for this: what has run out may not be chosen and keeps nobody from anything, from that instant on.

    :param at: the instant it was due; it is the clock that counts.
    """
    now = max(at, clock.now())
    waiting = offers.run_out(at=now)
    db.session.rollback()
    for offer_id in waiting:
        with unit_of_work():
            offering.lapse(offers.offer_for_change(offer_id), at=now)
        db.session.expunge_all()
    with unit_of_work():
        holding.forget_expired(at=now)
