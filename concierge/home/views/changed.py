"""What changed, in words: one line an event, runs of the same kind told once."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import gettext as _
from flask_babel import ngettext

from concierge.home import queries
from concierge.identity.viewer import Viewer
from concierge.platform import clock
from concierge.platform.events import RecordedEvent
from concierge.platform.words import clock_time, day, instant
from concierge.projects.models import Project

MOST_READ = 200
MOST_SHOWN = 8

Payload = Mapping[str, Any]  # Any: plain values as they were recorded


@dataclass(frozen=True, slots=True)
class Change:
    """One line of the feed."""

    state: str
    icon: str
    who: str
    what: str
    when: str
    iso: str
    url: str


@dataclass(frozen=True, slots=True)
class Feed:
    """The latest changes, and how many there are in all."""

    shown: Sequence[Change]
    total: int
    is_more: bool
    """Whether there are even more than were counted."""


@dataclass(frozen=True, slots=True)
class _Kind:
    state: str
    icon: str
    words: Callable[[Payload, int], str]


def feed(looking: Viewer, *, since: datetime) -> Feed:
    """The latest changes since an instant, latest first."""
    kinds = _kinds()
    rows = queries.changes(looking, since=since, names=tuple(kinds), most=MOST_READ)
    runs = [
        (key, list(run))
        for key, run in groupby(rows, key=lambda row: (row[0].name, row[1].id, row[0].actor_id))
    ]
    shown = [
        _change(kinds[name], run[0][0], run[0][1], run[0][2], len(run), looking)
        for (name, _project, _actor), run in runs[:MOST_SHOWN]
    ]
    return Feed(shown, len(runs), len(rows) == MOST_READ)


def _change(
    kind: _Kind, event: RecordedEvent, project: Project, actor: str | None, count: int, looking: Viewer
) -> Change:
    words = kind.words(event.payload, count)
    by = _("you") if event.actor_id == looking.user_id else actor
    when = _when(event.at, looking.zone)
    return Change(
        state=kind.state,
        icon=kind.icon,
        who=project.account.name,
        what=words,
        when=_("%(when)s · %(who)s", when=when, who=by) if by else when,
        iso=event.at.isoformat(),
        url=f"/projects/{project.key}/history",
    )


def _when(at: datetime, zone: str) -> str:
    there = at.astimezone(ZoneInfo(zone))
    is_today = there.date() == clock.now().astimezone(ZoneInfo(zone)).date()
    return clock_time(there) if is_today else instant(at, zone)


def _kinds() -> dict[str, _Kind]:
    """Every kind of event that is told here. Those a person need not hear of are left out."""
    return {
        "ProjectCreated": _Kind("idle", "folder-kanban", lambda e, n: _("became a project with a plan")),
        "PlanApproved": _Kind("ok", "clipboard-check", lambda e, n: _("got an approved plan, handover %(day)s", day=_day(e.get("handover_on")))),
        "MilestoneMoved": _Kind("warn", "calendar-clock", lambda e, n: _("%(name)s moved%(to)s", name=_text(e), to=_to(e))),
        "ForecastChanged": _Kind("warn", "triangle-alert", lambda e, n: ngettext("forecast of %(num)s milestone changed", "forecast of %(num)s milestones changed", max(1, len(e.get("moves") or ())))),
        "MilestoneStarted": _Kind("go", "play", lambda e, n: _("%(name)s began", name=_text(e))),
        "MilestoneFinished": _Kind("ok", "check", lambda e, n: _also(_("%(name)s is done", name=_text(e)), n)),
        "MilestoneBlocked": _Kind("bad", "octagon-alert", lambda e, n: _("%(name)s is blocked: %(reason)s", name=_text(e), reason=e.get("reason") or e.get("cause", ""))),
        "MilestoneUnblocked": _Kind("ok", "play", lambda e, n: _("%(name)s can go on", name=_text(e))),
        "MilestoneReopened": _Kind("warn", "rotate-ccw", lambda e, n: _("%(name)s is open again", name=_text(e))),
        "ProjectFinished": _Kind("ok", "flag", lambda e, n: _("is handed over")),
        "ProjectCancelled": _Kind("idle", "ban", lambda e, n: _("is cancelled: %(reason)s", reason=e.get("reason", ""))),
        "GateCleared": _Kind("ok", "door-open", lambda e, n: _("nothing holds it any more: may ship") if e.get("gate") == "ship" else _("nothing holds the installation any more")),
        "GateHeld": _Kind("warn", "lock", lambda e, n: _("shipping is held again") if e.get("gate") == "ship" else _("installation is held again")),
        "GateOverridden": _Kind("warn", "shield", lambda e, n: _("may ship although not ready: %(reason)s", reason=e.get("reason", "")) if e.get("gate") == "ship" else _("may be installed although not ready: %(reason)s", reason=e.get("reason", ""))),
        "ProposalMade": _Kind("warn", "file-text", lambda e, n: _("the order changed; somebody has to decide")),
        "ProposalDecided": _Kind("idle", "file-text", lambda e, n: _("the change of the order was taken over") if e.get("accepted") else _("the change of the order was dismissed")),
        "VisitPlanned": _Kind("idle", "calendar-plus", lambda e, n: ngettext("%(title)s was planned", "%(num)s visits were planned", n, title=e.get("title", ""))),
        "VisitMoved": _Kind("warn", "calendar-clock", lambda e, n: ngettext("%(title)s is now on %(day)s", "%(num)s visits moved", n, title=e.get("title", ""), day=_day(e.get("starts_at")))),
        "VisitNeedsDecision": _Kind("warn", "calendar-x", lambda e, n: _("%(title)s no longer fits the plan", title=e.get("title", ""))),
        "VisitConfirmed": _Kind("ok", "calendar-check", lambda e, n: ngettext("%(title)s is confirmed", "%(num)s visits are confirmed", n, title=e.get("title", ""))),
        "VisitStateChanged": _Kind("go", "map-pin", lambda e, n: _("%(title)s: %(state)s", title=e.get("title", ""), state=_state(e.get("state_after", "")))),
        "VisitCancelled": _Kind("idle", "calendar-x", lambda e, n: _("%(title)s is cancelled", title=e.get("title", ""))),
        "TechniciansAssigned": _Kind("idle", "user-plus", lambda e, n: ngettext("other people go on %(title)s", "other people go on %(num)s visits", n, title=e.get("title", ""))),
        "ChecklistSent": _Kind("idle", "send", lambda e, n: _("the site checklist was sent")),
        "ItemAnswered": _Kind("ok", "pen-line", lambda e, n: ngettext("answered: %(requirement)s", "answered %(num)s points of the checklist", n, requirement=_text(e, "requirement"))),
        "ItemAccepted": _Kind("ok", "check", lambda e, n: ngettext("confirmed: %(requirement)s", "%(num)s points of the checklist are confirmed", n, requirement=_text(e, "requirement"))),
        "ItemReopened": _Kind("warn", "rotate-ccw", lambda e, n: ngettext("is asked again: %(requirement)s", "%(num)s points are asked again", n, requirement=_text(e, "requirement"))),
        "EvidenceAttached": _Kind("idle", "paperclip", lambda e, n: ngettext("a file shows: %(requirement)s", "%(num)s files were attached", n, requirement=_text(e, "requirement"))),
    }  # fmt: skip


def _text(payload: Payload, field: str = "name") -> str:
    return str(payload.get(field) or "")


def _also(words: str, count: int) -> str:
    return words if count == 1 else _("%(what)s, and %(count)s more", what=words, count=count - 1)


def _day(value: object) -> str:
    return day(datetime.fromisoformat(value)) if isinstance(value, str) and value else day(None)


def _to(payload: Payload) -> str:
    for move in payload.get("moves") or ():
        if move.get("milestone_id") == payload.get("milestone_id") and move.get("finish_after"):
            return " " + _("to %(day)s", day=_day(move["finish_after"]))
    return ""


def _state(value: str) -> str:
    return {
        "accepted": _("accepted by the technician"),
        "on route": _("on the way"),
        "in progress": _("has begun"),
        "complete": _("done"),
        "incomplete": _("not finished"),
    }.get(value, value)
