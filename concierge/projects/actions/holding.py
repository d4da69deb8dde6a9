"""Letting a project rest, for a reason and with counted days, and letting it go on."""

from datetime import date, datetime, timedelta

from flask_babel import gettext as _

from concierge.core.worktime import workdays_between
from concierge.platform.database import db
from concierge.platform.errors import Refused
from concierge.platform.events import record
from concierge.projects import queries
from concierge.projects.actions import saying
from concierge.projects.actions.laying_out import calendar_of, follow, today_at
from concierge.projects.events import ProjectHeld, ProjectResumed, ResumeExpected
from concierge.projects.models import Hold, Project
from concierge.projects.reasons import Because, Reason
from concierge.projects.states import BlockCause, Party, ProjectState

DAY = timedelta(days=1)


def hold(
    project_id: int,
    *,
    cause: BlockCause,
    party: Party,
    reason: str,
    first_on: date,
    expected_on: date | None,
    actor_id: int | None,
    at: datetime,
) -> Project:
    """Let a project rest from a day on: none of its days is a working day until it goes on.

    :param first_on: the first day, a day at the site; today, or one that has passed.
    :param expected_on: the first day on which work is expected to go on; None: nobody knows.
    :raises Refused: when it is not under way or rests already, no reason is given, it would end before it
        begins, begins ahead or before the plan, or overlaps an earlier hold.
    """
    project = queries.project_for_change(project_id)
    if project.state is ProjectState.DRAFT:
        raise Refused(
            _("The plan of %(key)s is a draft, so nothing rests yet. Approve it first.", key=project.key)
        )
    if project.has_ended:
        raise Refused(
            _(
                "%(key)s is %(state)s; there is no work that could rest.",
                key=project.key,
                state=saying.project_is(project.state),
            )
        )
    if project.held_on is not None:
        raise Refused(
            _(
                "%(key)s is on hold since %(day)s. Let it go on first.",
                key=project.key,
                day=saying.long_day(project.held_on),
            )
        )
    if not reason.strip():
        raise Refused(_("Say in a few words why the project rests; it stays in the history."))
    today = today_at(project, at)
    if first_on > today:
        raise Refused(
            _(
                "The hold would begin on %(day)s, which lies ahead. Choose today or a day before; days"
                " ahead on which the site is shut belong into the site’s calendar.",
                day=saying.long_day(first_on),
            )
        )
    if first_on < project.starts_on:
        raise Refused(
            _(
                "The plan began on %(day)s. Choose that day or a later one for the hold.",
                day=saying.long_day(project.starts_on),
            )
        )
    _refuse_early_end(first_on, expected_on, today)
    _refuse_overlap(project, first_on)
    row = Hold(
        project_id=project.id,
        first_on=first_on,
        expected_on=expected_on,
        cause=cause,
        party=party,
        reason=reason.strip(),
        held_at=at,
        held_by_id=actor_id,
    )
    db.session.add(row)
    db.session.flush()
    project.held_on = first_on
    moves = follow(project, at=at, actor_id=actor_id, why=Reason(Because.HELD, said=row.reason))
    record(
        ProjectHeld(
            at=at,
            actor_id=actor_id,
            project_id=project.id,
            hold_id=row.id,
            cause=cause.value,
            party=party.value,
            reason=row.reason,
            first_on=first_on,
            expected_on=expected_on,
            moves=moves,
        )
    )
    return project


def expect(project_id: int, *, expected_on: date | None, actor_id: int | None, at: datetime) -> Project:
    """Say on which day a project that rests is expected to go on now; None: nobody knows.

    :raises Refused: when it does not rest, that day is not ahead, or it is the one that is expected.
    """
    project, row = _resting(project_id)
    _refuse_early_end(row.first_on, expected_on, today_at(project, at))
    if row.expected_on == expected_on:
        raise Refused(_("That day is expected already."))
    row.expected_on = expected_on
    db.session.flush()
    why = Reason(Because.RESUME_EXPECTED if expected_on else Because.RESUME_UNKNOWN, on=expected_on)
    moves = follow(project, at=at, actor_id=actor_id, why=why)
    record(
        ResumeExpected(
            at=at,
            actor_id=actor_id,
            project_id=project.id,
            hold_id=row.id,
            expected_on=expected_on,
            moves=moves,
        )
    )
    return project


def resume(project_id: int, *, on: date, actor_id: int | None, at: datetime) -> Project:
    """Let a project go on from a day on, and count the working days that it rested.

    :param on: the first day of work, a day at the site; today, or one that has passed.
    :raises Refused: when it does not rest, or that day lies ahead or before the hold.
    """
    project, row = _resting(project_id)
    if on > today_at(project, at):
        raise Refused(
            _(
                "%(day)s lies ahead. Choose today or a day before, or change the day that is expected.",
                day=saying.long_day(on),
            )
        )
    if on < row.first_on:
        raise Refused(
            _(
                "The hold began on %(day)s, so it cannot end on %(day2)s. Choose a later day.",
                day=saying.long_day(row.first_on),
                day2=saying.long_day(on),
            )
        )
    row.resumed_on, row.resumed_at, row.resumed_by_id = on, at, actor_id
    row.workdays = rested_workdays(project, row, until=on)
    project.held_on = None
    db.session.flush()
    moves = follow(project, at=at, actor_id=actor_id, why=Reason(Because.RESUMED))
    record(
        ProjectResumed(
            at=at,
            actor_id=actor_id,
            project_id=project.id,
            hold_id=row.id,
            on=on,
            workdays=row.workdays,
            moves=moves,
        )
    )
    return project


def rested_workdays(project: Project, row: Hold, *, until: date) -> int:
    """Working days of the site that a hold takes up to, but without, a day."""
    if until <= row.first_on:
        return 0
    return workdays_between(calendar_of(project), row.first_on - DAY, until - DAY)


def _resting(project_id: int) -> tuple[Project, Hold]:
    project = queries.project_for_change(project_id)
    row = queries.open_hold(project.id)
    if row is None or project.held_on is None:
        raise Refused(_("%(key)s is not on hold. Load the project again.", key=project.key))
    return project, row


def _refuse_early_end(first_on: date, expected_on: date | None, today: date) -> None:
    if expected_on is None:
        return
    if expected_on <= first_on:
        raise Refused(
            _(
                "The hold would end on %(day)s, before or on the day it begins, %(day2)s. Choose a later"
                " day, or leave it open.",
                day=saying.long_day(expected_on),
                day2=saying.long_day(first_on),
            )
        )
    if expected_on <= today:
        raise Refused(
            _(
                "%(day)s is no longer ahead. Choose a day after today, or leave it open.",
                day=saying.long_day(expected_on),
            )
        )


def _refuse_overlap(project: Project, first_on: date) -> None:
    for earlier in queries.holds_of(project.id):
        if earlier.resumed_on is not None and earlier.first_on < earlier.resumed_on > first_on:
            raise Refused(
                _(
                    "%(key)s was on hold from %(day)s until %(day2)s. Begin this hold on that day or"
                    " after it.",
                    key=project.key,
                    day=saying.long_day(earlier.first_on),
                    day2=saying.long_day(earlier.resumed_on),
                )
            )
