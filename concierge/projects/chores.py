"""What projects do when a day begins, and the long work of following a changed calendar."""

import gc
from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from flask_babel import ngettext

from concierge.identity.permissions import Permission
from concierge.platform import clock, deliveries, files, jobs, mail, previews, undo
from concierge.platform.database import db, unit_of_work
from concierge.platform.deliveries import outside
from concierge.platform.errors import Refused
from concierge.platform.events import record
from concierge.platform.files import StoredFile
from concierge.platform.jobs import Progress, Result
from concierge.platform.mail import post
from concierge.projects import mails, queries
from concierge.projects.actions import (
    bulk,
    calendar_changes,
    forecasting,
    importing,
    replanning,
    sheet,
)
from concierge.projects.actions import messages as writing
from concierge.projects.actions.laying_out import follow
from concierge.projects.events import ForecastChanged
from concierge.projects.queries import messages
from concierge.projects.queries import replanning as calendars
from concierge.projects.reasons import Because, Reason
from concierge.projects.states import CalendarProposalState, ProjectState

LETTER_LEFT = "projects.letter left"


def register() -> None:
    """Make the jobs of changed calendars known to the worker."""
    jobs.register(replanning.FORESEE_JOB, foresee_calendar)
    jobs.register(replanning.APPLY_JOB, apply_calendar)
    jobs.register(bulk.LOOK_JOB, look_at_many)
    jobs.register(bulk.DO_JOB, act_on_many)
    jobs.register(importing.CHECK_JOB, check_sheet)
    jobs.register(importing.IMPORT_JOB, import_sheet)


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
            done_now = replanning.replan(proposal, some, is_among_many=True, actor_id=actor_id, at=at)
            surprises += done_now.surprises
        db.session.expunge_all()

    def finish() -> Result:
        proposal = calendars.calendar_proposal_for_change(proposal_id)
        replanning.settle(proposal, actor_id=actor_id, at=at)
        said = ngettext("%(num)s project was moved.", "%(num)s projects were moved.", proposal.projects)
        return _led_to(proposal_id, said, surprises, replanning.left_over(proposal))

    return finish


def look_at_many(progress: Progress, args: dict[str, Any]) -> Result:  # Any: JSON
    """See what an act would do to each of many projects; run by a job."""
    wish, ids, rows = bulk.wish_from(args["wish"]), args["ids"], []
    for done, project_id in enumerate(ids):
        progress.tell(done=done, total=len(ids), message=_("Looking at each project."))
        rows.append(look_at(project_id, wish, at=clock.now()))
    return _of_many(rows, progress.job_id)


def act_on_many(progress: Progress, args: dict[str, Any]) -> Result:  # Any: JSON
    """Do to each of many projects what somebody has looked at; run by a job.

    Run again after a crash, what was done is told as changed since.
    """
    looked = jobs.job_for(int(args["look_id"]), owner_id=None)
    wish, seen = bulk.wish_from(args["wish"]), list((looked.result or {}).get("rows", []))
    rows = []
    for done, row in enumerate(seen):
        progress.tell(done=done, total=len(seen), message=_("Changing each project."))
        rows.append(do_to(row, wish, together=f"bulk{progress.job_id}", actor_id=progress.owner_id))
    return _of_many(rows, progress.job_id)


def look_at(project_id: int, wish: bulk.Wish, *, at: datetime) -> dict[str, Any]:  # Any: JSON
    """What an act would do to one project, or why it cannot be done; nothing changes."""
    row = _named(project_id)
    try:
        seen = previews.foreseen(
            lambda: bulk.act_on(project_id, wish, actor_id=None, at=at), project_id=project_id, at=at
        )
    except Refused as refused:
        return {**row, "refusal": refused.sentence}
    return {**row, **_effects(seen)}


def do_to(
    row: dict[str, Any], wish: bulk.Wish, *, together: str, actor_id: int | None
) -> dict[str, Any]:  # Any: JSON
    """Do to one project what was seen, or say why not; if it would be something else by now, nothing is done."""
    if row.get("refusal"):
        return row
    project_id, at = int(row["id"]), clock.now()
    try:
        with unit_of_work():
            with undo.undoable(
                actor_id=actor_id, at=at, needs=Permission.EDIT_PROJECTS.value, together=together
            ) as act:
                bulk.act_on(project_id, wish, actor_id=actor_id, at=at)
            done = _effects(previews.described(act, project_id))
            if done["fingerprint"] != row["fingerprint"]:
                raise Refused(_("It has changed since you looked. Look again."))
    except Refused as refused:
        return {**row, "refusal": refused.sentence}
    return {**row, **done, "act": act.key}


def _named(project_id: int) -> dict[str, Any]:  # Any: JSON
    key, name = queries.key_and_name(project_id)
    return {"id": project_id, "key": key, "name": name}


def _effects(seen: Any) -> dict[str, Any]:  # Any: the home slice's value, and JSON
    """What an act does to one project, in plain values that a page puts into words."""
    return {
        "fingerprint": seen.fingerprint,
        "before": seen.handover_before.isoformat() if seen.handover_before else None,
        "after": seen.handover_after.isoformat() if seen.handover_after else None,
        "workdays": seen.handover_workdays,
        "moved": len(seen.moved),
        "visits": len(seen.visits),
    }


def _of_many(rows: Sequence[dict[str, Any]], job_id: int) -> Result:
    return {
        "summary": ngettext("%(num)s project was looked at.", "%(num)s projects were looked at.", len(rows)),
        "rows": list(rows),
        "url": f"/projects/bulk/{job_id}",
    }


def check_sheet(progress: Progress, args: dict[str, Any]) -> Result:  # Any: JSON
    """Say what each row of a sheet of running projects would do; run by a job."""
    rows, remarks = _rows_of(args)
    progress.tell(done=0, total=len(rows), message=_("Checking each row."))
    plans = importing.plan_rows(rows, at=clock.now())
    return of_sheet(plans, remarks, url=f"/projects/import/{progress.job_id}")


def import_sheet(progress: Progress, args: dict[str, Any]) -> Result:  # Any: JSON
    """Take the projects of a sheet over, some rows a transaction; run by a job, safe to run again."""
    rows, remarks = _rows_of(args)
    twice = importing.repeated(rows)
    plans: list[importing.RowPlan] = []
    for first in range(0, len(rows), importing.TOGETHER):
        progress.tell(done=first, total=len(rows), message=_("Taking projects over."))
        some = rows[first : first + importing.TOGETHER]
        plans += import_rows(some, twice=twice, actor_id=progress.owner_id)
    return of_sheet(plans, remarks, url=f"/projects/import/{progress.job_id}")


def import_kept(args: dict[str, Any], *, actor_id: int | None) -> Result:  # Any: JSON
    """Take the projects of a short sheet over at once."""
    rows, remarks = _rows_of(args)
    return of_sheet(import_rows(rows, twice=importing.repeated(rows), actor_id=actor_id), remarks, url="")


def _rows_of(args: dict[str, Any]) -> tuple[tuple[sheet.SheetRow, ...], tuple[str, ...]]:  # Any: JSON
    return sheet.read_sheet(files.read(db.session.get_one(StoredFile, args["file_id"])), args["name"])


def import_rows(
    rows: Sequence[sheet.SheetRow], *, twice: Collection[int], actor_id: int | None
) -> Sequence[importing.RowPlan]:
    """Take the projects of some rows over in one transaction; where something stands in the way, each by itself.

    What stands in the way of a row becomes its report, and does not stop the others.

    :param twice: the numbers of rows whose key an earlier row of the sheet has.
    """
    try:
        with unit_of_work():
            return importing.import_rows(rows, twice=twice, actor_id=actor_id, at=clock.now())
    except Refused as refused:
        if len(rows) == 1:
            (row,) = rows
            outcome = importing.Outcome.REFUSED
            return [
                importing.RowPlan(row.number, row.external_key, row.account, outcome, (refused.sentence,))
            ]
    finally:
        db.session.expunge_all()
    return [one for row in rows for one in import_rows([row], twice=twice, actor_id=actor_id)]


def of_sheet(plans: Sequence[importing.RowPlan], remarks: Sequence[str], *, url: str) -> Result:
    """What the rows of a sheet do, as a job's result."""
    return {
        "summary": ngettext("%(num)s row was read.", "%(num)s rows were read.", len(plans)),
        "rows": [one.as_json() for one in plans],
        "remarks": list(remarks),
        "url": url,
    }


def follow_the_day(at: datetime) -> None:
    """Lay every open plan out for today: what did not happen yesterday moves, and a live plan says so.

    :param at: the instant it was due; a second run for the same instant changes nothing.
    """
    for project_id in queries.open_project_ids():
        project = queries.project_for_change(project_id)
        moves = follow(project, at=at, why=Reason(Because.DAY_PASSED))
        if moves and project.state is ProjectState.LIVE:
            record(
                ForecastChanged(
                    at=at, actor_id=None, project_id=project.id, cause=Because.DAY_PASSED.value, moves=moves
                )
            )


def send_letters(at: datetime) -> None:
    """Send the letters of playbooks whose day has come, each once, to customers of projects under way.

    Each can be read and stopped for a moment, as a reminder can; what it says is noted once it has left.

    :param at: the instant it was due; a second run changes nothing.
    """
    for letter in messages.candidates(today=at.date()):
        project = queries.project_for_change(letter.milestone.project_id)
        if not writing.is_due(project, letter, at=at):
            continue
        language = mails.language_of(project, letter)
        written = mails.playbook_letter(project, letter, language=language)
        told = writing.as_told(project, letter, subject=written.subject, language=language)
        post(
            written,
            key=letter.key,
            project_id=project.id,
            hold=mail.held_for(),
            afterwards=(LETTER_LEFT, told),
        )


def note_letter(told: dict[str, Any]) -> None:  # Any: JSON values
    """Note a letter that has left; one that somebody stopped is in no history and no ledger."""
    writing.note_sent(told, at=clock.now())


deliveries.register(LETTER_LEFT, note_letter)


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
    """Some ids at a time, with the number of those before them.

    Rows point at each other in circles, for which Python looks again and again while more are loaded: nearly a
    third of the work. So it looks once after each piece, among the new ones only.
    """
    was_looking = gc.isenabled()
    gc.disable()
    try:
        for done in range(0, len(ids), replanning.CHUNK):
            yield done, ids[done : done + replanning.CHUNK]
            gc.collect(0)
    finally:
        if was_looking:
            gc.enable()


def _led_to(
    proposal_id: int,
    summary: str,
    surprises: Sequence[str] = (),
    left: Sequence[tuple[str, int]] = (),
) -> Result:
    """A job's result; projects that somebody changed in between are named, and what did not come back."""
    lines = [
        {"text": _("%(key)s had changed in between; it moved otherwise.", key=key), "url": f"/projects/{key}"}
        for key in surprises
    ]
    lines += [
        {
            "text": ngettext(
                "%(key)s changed since: %(num)s date is not as it was.",
                "%(key)s changed since: %(num)s dates are not as they were.",
                count,
                key=key,
            ),
            "url": f"/projects/{key}",
        }
        for key, count in left
        if key not in surprises
    ]
    return {"summary": summary, "lines": lines[:50], "url": f"/calendars/changes/{proposal_id}"}
