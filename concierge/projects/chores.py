"""What projects do when a day begins, and the long work of following a changed calendar."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from flask_babel import ngettext

from concierge.platform import clock, jobs
from concierge.platform.database import db, unit_of_work
from concierge.platform.deliveries import outside
from concierge.platform.errors import Refused
from concierge.platform.events import record
from concierge.platform.jobs import Progress, Result
from concierge.projects import queries
from concierge.projects.actions import calendar_changes, forecasting, replanning
from concierge.projects.actions.laying_out import follow
from concierge.projects.events import ForecastChanged
from concierge.projects.queries import replanning as calendars
from concierge.projects.states import CalendarProposalState, ProjectState


def register() -> None:
    """Make the jobs of changed calendars known to the worker."""
    jobs.register(replanning.FORESEE_JOB, foresee_calendar)
    jobs.register(replanning.APPLY_JOB, apply_calendar)


def foresee_calendar(progress: Progress, args: dict[str, Any]) -> Result | Callable[[], Result]:  # Any: JSON
    """Say what a change of a calendar would move in each project that depends on it; run by a job."""
    proposal_id = int(args["proposal_id"])
    proposal = calendars.calendar_proposal(proposal_id)
    if proposal.state is not CalendarProposalState.FORESEEING:
        return _led_to(proposal_id, _("What it would move is worked out already."))
    change, at = calendar_changes.from_json(proposal.change), clock.now()
    seen_on, project_ids = replanning.fingerprint(), replanning.depending(change)
    for done, some in _in_chunks(project_ids):
        progress.tell(done=done, total=len(project_ids), message=_("Laying out plans with the change."))
        rows = replanning.foresee_some(change, some, at=at)
        with unit_of_work():
            replanning.keep_moves(proposal_id, some, rows)
        db.session.expunge_all()

    def finish() -> Result:
        replanning.show(proposal_id, seen_on=seen_on)
        return _led_to(proposal_id, _("It is worked out what would move. Nothing has changed yet."))

    return finish


def apply_calendar(progress: Progress, args: dict[str, Any]) -> Result | Callable[[], Result]:  # Any: JSON
    """Write a change of a calendar and let every plan follow, some hundred a transaction; run by a job.

    Safe to run again from the start: the change is written once, and plans that have followed do not move.
    """
    proposal_id, at, actor_id = int(args["proposal_id"]), clock.now(), progress.owner_id
    if calendars.calendar_proposal(proposal_id).state is not CalendarProposalState.APPLYING:
        return _led_to(proposal_id, _("That change is made already."))
    try:
        with unit_of_work():
            project_ids = replanning.begin_applying(proposal_id, actor_id=actor_id, at=at)
    except Refused:
        with unit_of_work():
            replanning.reopen(proposal_id)
        raise
    surprises: list[str] = []
    for done, some in _in_chunks(project_ids):
        progress.tell(done=done, total=len(project_ids), message=_("Plans follow the change."))
        with unit_of_work():
            proposal = calendars.calendar_proposal(proposal_id)
            surprises += replanning.replan(proposal, some, actor_id=actor_id, at=at).surprises
        db.session.expunge_all()

    def finish() -> Result:
        proposal = calendars.calendar_proposal_for_change(proposal_id)
        replanning.settle(proposal, actor_id=actor_id, at=at)
        said = ngettext("%(num)s project was moved.", "%(num)s projects were moved.", proposal.projects)
        return _led_to(proposal_id, said, surprises)

    return finish


def follow_the_day(at: datetime) -> None:
    """Lay every open plan out for today: what did not happen yesterday moves, and a live plan says so.

    :param at: the instant it was due; a second run for the same instant changes nothing.
    """
    for project_id in queries.open_project_ids():
        project = queries.project_for_change(project_id)
        moves = follow(project, at=at, why="Another day has passed.")
        if moves and project.state is ProjectState.LIVE:
            record(
                ForecastChanged(
                    at=at, actor_id=None, project_id=project.id, cause="Another day has passed.", moves=moves
                )
            )


@outside
def renew_forecasts(at: datetime) -> Callable[[], None]:
    """Compute the chance of every open project anew for today, some hundred a transaction.

    Then ask of every finished one what would have been said when its plan was approved.
    """
    for _done, some in _in_chunks(queries.open_project_ids()):
        with unit_of_work():
            forecasting.renew_all(some, at=at)
        db.session.expunge_all()
    return lambda: _compare(at)


def _compare(at: datetime) -> None:
    forecasting.compare_with_past(at=at)


def _in_chunks(ids: Sequence[int]) -> Iterator[tuple[int, Sequence[int]]]:
    """Some ids at a time, with the number of those before them."""
    for done in range(0, len(ids), replanning.CHUNK):
        yield done, ids[done : done + replanning.CHUNK]


def _led_to(proposal_id: int, summary: str, surprises: Sequence[str] = ()) -> Result:
    """A job's result; projects that somebody changed in between are named."""
    lines = [
        {"text": _("%(key)s had changed in between; it moved otherwise.", key=key), "url": f"/projects/{key}"}
        for key in surprises
    ]
    return {"summary": summary, "lines": lines[:50], "url": f"/calendars/changes/{proposal_id}"}
