"""What changed, in words: one line an event, runs of the same kind told once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import get_locale, ngettext
from flask_babel import gettext as _

from concierge.fieldwork import words as field_words
from concierge.home import queries
from concierge.identity.viewer import Viewer
from concierge.platform import clock
from concierge.platform.words import clock_time, in_words, instant, localized, told_day
from concierge.projects.reasons import words_of_json
from concierge.projects.verdict import block_words

EVENTS_IN = "en"
"""The language in which events name what they tell of."""
MOST_READ = 50
MOST_SHOWN = 8

LOOKS = {
    "ProjectCreated": ("idle", "folder-kanban"),
    "ProjectTakenOver": ("idle", "folder-kanban"),
    "ProjectReminded": ("idle", "send"),
    "PlanApproved": ("ok", "clipboard-check"),
    "DatesPromised": ("idle", "clipboard-check"),
    "ForecastChanged": ("warn", "triangle-alert"),
    "ProjectFinished": ("ok", "flag"),
    "ProjectCancelled": ("idle", "ban"),
    "NoteWritten": ("idle", "pencil"),
    "ProposalMade": ("warn", "file-text"),
    "ProposalDecided": ("idle", "file-text"),
    "PlaybookAdopted": ("warn", "list-checks"),
    "MessageSent": ("idle", "send"),
    "MilestoneMoved": ("warn", "calendar-clock"),
    "MilestoneStarted": ("go", "play"),
    "MilestoneFinished": ("ok", "check"),
    "MilestoneBlocked": ("bad", "octagon-alert"),
    "MilestoneUnblocked": ("ok", "play"),
    "MilestoneReopened": ("warn", "rotate-ccw"),
    "DelayEntered": ("warn", "hourglass"),
    "DelayCommented": ("idle", "pen-line"),
    "MilestoneAdded": ("idle", "plus"),
    "MilestoneSplit": ("idle", "scissors"),
    "MilestoneSkipped": ("warn", "skip-forward"),
    "MilestoneRestored": ("idle", "rotate-ccw"),
    "MilestoneShaped": ("idle", "pencil"),
    "GoLiveRequired": ("warn", "flag"),
    "ProjectHeld": ("warn", "pause"),
    "ProjectResumed": ("ok", "play"),
    "GateCleared": ("ok", "door-open"),
    "GateHeld": ("warn", "lock"),
    "GateOverridden": ("warn", "shield"),
    "VisitPlanned": ("idle", "calendar-plus"),
    "ProposalRejected": ("idle", "x"),
    "ProposalChanged": ("idle", "pencil"),
    "VisitMoved": ("warn", "calendar-clock"),
    "VisitNeedsDecision": ("warn", "calendar-x"),
    "VisitConfirmed": ("ok", "calendar-check"),
    "VisitStateChanged": ("go", "map-pin"),
    "VisitCancelled": ("idle", "calendar-x"),
    "TechniciansAssigned": ("idle", "user-plus"),
    "TimeChosen": ("ok", "calendar-check"),
    "TimeChanged": ("warn", "calendar-clock"),
    "CalledOff": ("warn", "calendar-x"),
    "NoTimeSuits": ("warn", "calendar-clock"),
    "WorkOpened": ("idle", "wrench"),
    "WorkDone": ("ok", "check"),
    "WorkReopened": ("warn", "rotate-ccw"),
    "WorkCancelled": ("idle", "ban"),
    "InvitationAnswered": ("idle", "mail"),
    "TimeProposed": ("warn", "calendar-clock"),
    "InvitationUndeliverable": ("warn", "mail"),
    "ItemAnswered": ("ok", "pen-line"),
    "AnswersDiffer": ("warn", "triangle-alert"),
    "ReadinessLost": ("bad", "triangle-alert"),
    "ReadinessRegained": ("ok", "check"),
    "ListSigned": ("ok", "pen-line"),
    "SignatureEnded": ("warn", "pen-line"),
    "ItemWaived": ("warn", "shield"),
    "SiteAssessed": ("idle", "clipboard-check"),
    "ItemAccepted": ("ok", "check"),
    "ItemReopened": ("warn", "rotate-ccw"),
    "EvidenceAttached": ("idle", "paperclip"),
    "ChecklistSent": ("idle", "send"),
    "ReturnsRead": ("idle", "file-text"),
    "CustomerReminded": ("idle", "send"),
    "QuestionAsked": ("warn", "message-circle"),
    "FieldworkReported": ("go", "pen-line"),
    "SiteNotReady": ("bad", "octagon-alert"),
    "RecordIssued": ("ok", "clipboard-check"),
    "ActUndone": ("idle", "undo-2"),
}
"""The events that are told here, each with the state and the icon of its line; others need not be heard of."""

Payload = Mapping[str, Any]  # Any: plain values as they were recorded
OF_CUSTOMER = frozenset(
    {
        "ProjectCreated",
        "ProjectTakenOver",
        "ProjectReminded",
        "PlanApproved",
        "PlaybookAdopted",
        "MessageSent",
        "ProjectFinished",
        "GoLiveRequired",
        "ProjectHeld",
        "ProjectResumed",
        "ProjectCancelled",
        "NoteWritten",
        "GateCleared",
        "GateOverridden",
        "QuestionAsked",
        "ItemAnswered",
    }
)
"""Events whose words go on after the customer's name as after a subject; all others are sentences of their own."""
Texts = Mapping[tuple[str, int], Mapping[str, str]]
"""What things are called by language: by the field of an event that refers to one, and its id."""


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
    undo: str = ""
    """Where to post to take it back; empty where that cannot be done."""


@dataclass(frozen=True, slots=True)
class Feed:
    """The latest changes, and how many there are in all."""

    shown: Sequence[Change]
    total: int
    is_more: bool
    """Whether there are even more than were counted."""


def feed(looking: Viewer, *, since: datetime) -> Feed:
    """The latest changes since an instant, latest first."""
    rows = queries.changes(looking, since=since, names=tuple(LOOKS), most=MOST_READ)
    runs = [
        (key, list(run))
        for key, run in groupby(rows, key=lambda row: (row[0].name, row[1].id, row[0].actor_id))
    ]
    recorded = (run[0][0].payload for _same, run in runs[:MOST_SHOWN])
    texts = {} if str(get_locale()) == EVENTS_IN else queries.texts_of(recorded)
    shown = [_change(*run[0], len(run), looking, texts) for _same, run in runs[:MOST_SHOWN]]
    return Feed(shown, len(runs), len(rows) == MOST_READ)


def _change(
    event: queries.Happened,
    project: queries.Of,
    actor: str | None,
    count: int,
    looking: Viewer,
    texts: Texts,
) -> Change:
    state, icon = LOOKS[event.name]
    by = _("you") if event.actor_id == looking.user_id else actor
    when = _when(event.at, looking.zone)
    return Change(
        state=state,
        icon=icon,
        who=project.account.name if event.name in OF_CUSTOMER else _("%(who)s:", who=project.account.name),
        what=_words(event.name, in_their_words(event.payload, texts), count),
        when=_("%(when)s · %(who)s", when=when, who=by) if by else when,
        iso=event.at.isoformat(),
        url=f"/projects/{project.key}/history",
    )


def undone(told: Payload) -> Payload:
    """What an act of taking back tells of the event that it takes back."""
    return told.get("told") or {} if isinstance(told.get("told"), Mapping) else {}


def in_their_words(told: Payload, texts: Texts) -> Payload:
    """An event with what it tells of called as the reader does; it was recorded in English.

    What has another English name by now keeps the one that it had then.
    """
    said: dict[str, Any] = {}  # Any: plain values
    for field, word in (
        ("milestone_id", "name"),
        ("work_order_id", "title"),
        ("visit_id", "title"),
        ("item_id", "requirement"),
    ):
        names = texts.get((field, told.get(field) or 0)) or {}
        if word in told and names.get("en") == told[word]:
            said[word] = localized(names)
    if isinstance(told.get("reason"), str):
        said["reason"] = in_words(told["reason"])
    if before := undone(told):
        said["told"] = in_their_words(before, texts)
    return {**told, **said}


def _when(at: datetime, zone: str) -> str:
    there = at.astimezone(ZoneInfo(zone))
    is_today = there.date() == clock.today(zone)
    return clock_time(there) if is_today else instant(at, zone)


def _words(name: str, payload: Payload, count: int) -> str:
    """What happened, after the customer's name; a run of the same kind is told with its number."""
    match name:
        case "QuestionAsked":
            return ngettext("asked a question", "asked %(num)s questions", count)
        case (
            "ItemAnswered"
            | "AnswersDiffer"
            | "ReadinessLost"
            | "ReadinessRegained"
            | "ListSigned"
            | "SignatureEnded"
            | "ItemWaived"
            | "SiteAssessed"
            | "ItemAccepted"
            | "ItemReopened"
            | "EvidenceAttached"
            | "ChecklistSent"
            | "ReturnsRead"
            | "CustomerReminded"
        ):
            return _readiness_words(name, _text(payload, "requirement"), count)
        case _ if name.startswith(("Visit", "Technicians")):
            return _visit_words(name, payload, count)
        case "TimeChosen" | "TimeChanged" | "CalledOff" | "NoTimeSuits":
            return _offer_words(name, payload)
        case "FieldworkReported" | "SiteNotReady" | "RecordIssued":
            return field_words.changed(name, payload)
        case "WorkOpened" | "WorkDone" | "WorkReopened" | "WorkCancelled":
            return _work_words(name, _text(payload, "code"), count)
        case "InvitationAnswered" | "TimeProposed" | "InvitationUndeliverable":
            return _invitation_words(name, payload)
        case _ if name.startswith("Gate"):
            return _gate_words(name, payload)
        case _ if name.startswith("Milestone"):
            return _milestone_words(name, payload, count)
        case _:
            return _project_words(name, payload)


def _project_words(name: str, payload: Payload) -> str:
    match name:
        case "ProjectCreated":
            return _("became a project with a plan")
        case "ProjectTakenOver":
            return _("goes on here, handover %(day)s", day=told_day(payload.get("handover_on")))
        case "ProjectReminded":
            return _("is reminded of what is open")
        case "PlanApproved":
            return _("got an approved plan, handover %(day)s", day=told_day(payload.get("handover_on")))
        case "ForecastChanged":
            moved = max(1, len(payload.get("moves") or ()))
            return ngettext(
                "forecast of %(num)s milestone changed", "forecast of %(num)s milestones changed", moved
            )
        case "PlaybookAdopted":
            return _("follows version %(number)d of its playbook now", number=payload.get("number", 0))
        case "MessageSent":
            return _("got the letter “%(subject)s”", subject=_text(payload, "subject"))
        case "ProjectFinished":
            return _("is handed over")
        case "GoLiveRequired":
            return (
                _("needs to go live by %(day)s", day=told_day(payload["required_on"]))
                if payload.get("required_on")
                else _("requires no go-live any more")
            )
        case "ProjectHeld":
            return _("is on hold: %(reason)s", reason=_text(payload, "reason"))
        case "ProjectResumed":
            rested = int(payload.get("workdays") or 0)
            return ngettext(
                "goes on after %(num)s working day on hold",
                "goes on after %(num)s working days on hold",
                rested,
            )
        case "ProjectCancelled":
            reason = words_of_json(payload.get("because")) or _text(payload, "reason")
            return _("is cancelled: %(reason)s", reason=reason)
        case "NoteWritten":
            return _("has a new note: %(text)s", text=_text(payload, "text")[:120])
        case "ActUndone" if payload.get("is_again"):
            return _("something that was taken back was done again")
        case "ActUndone":
            return _("something was taken back")
        case "ProposalMade":
            return _("the order changed; somebody has to decide")
        case "ProposalDecided" if payload.get("accepted"):
            return _("the change of the order was taken over")
        case _:
            return _("the change of the order was dismissed")


def _offer_words(name: str, payload: Payload) -> str:
    about = {"name": _text(payload, "name"), "title": _text(payload, "title")}
    match name:
        case "TimeChosen":
            return _("%(name)s chose %(on)s for %(title)s", on=told_day(payload.get("starts_at")), **about)
        case "TimeChanged":
            on = told_day(payload.get("starts_at"))
            return _("%(name)s moved %(title)s to %(on)s", on=on, **about)
        case "CalledOff":
            return _("%(name)s cancelled %(title)s", **about)
    return _("no time suits %(name)s for %(title)s", **about)


def _milestone_words(name: str, payload: Payload, count: int) -> str:
    milestone = _text(payload, "name")
    match name:
        case "MilestoneMoved":
            to = _moved_to(payload)
            return (
                _("%(name)s moved to %(day)s", name=milestone, day=to)
                if to
                else _("%(name)s moved", name=milestone)
            )
        case "MilestoneStarted":
            return _("%(name)s began", name=milestone)
        case "MilestoneFinished" if count > 1:
            return ngettext(
                "%(name)s is done, and %(num)s more step",
                "%(name)s is done, and %(num)s more steps",
                count - 1,
                name=milestone,
            )
        case "MilestoneFinished":
            return _("%(name)s is done", name=milestone)
        case "MilestoneBlocked":
            cause = {one.value: word for one, word in block_words().items()}.get(_text(payload, "cause"), "")
            reason = _text(payload, "reason") or cause
            return _("%(name)s is blocked: %(reason)s", name=milestone, reason=reason)
        case "MilestoneUnblocked":
            return _("%(name)s can go on", name=milestone)
        case "MilestoneAdded":
            return _("%(name)s joined the plan", name=milestone)
        case "MilestoneSplit":
            return _(
                "%(name)s was split; %(rest)s follows it", name=milestone, rest=_text(payload, "rest_name")
            )
        case "MilestoneSkipped":
            return _("%(name)s is left out: %(reason)s", name=milestone, reason=_text(payload, "reason"))
        case "MilestoneRestored":
            return _("%(name)s is in the plan again", name=milestone)
        case "MilestoneShaped":
            return _("%(name)s is planned differently", name=milestone)
        case _:
            return _("%(name)s is open again", name=milestone)


def _gate_words(name: str, payload: Payload) -> str:
    is_shipping, reason = payload.get("gate") == "ship", _text(payload, "reason")
    match name:
        case "GateCleared":
            return _("may ship now") if is_shipping else _("may be installed now")
        case "GateHeld":
            return _("shipping is held again") if is_shipping else _("installation is held again")
        case _ if is_shipping:
            return _("may ship although not ready: %(reason)s", reason=reason)
        case _:
            return _("may be installed although not ready: %(reason)s", reason=reason)


def _visit_words(name: str, payload: Payload, count: int) -> str:
    title = _text(payload, "title")
    match name:
        case "VisitPlanned":
            return ngettext("%(title)s was planned", "%(num)s visits were planned", count, title=title)
        case "VisitMoved":
            day_on = told_day(payload.get("starts_at"))
            return ngettext(
                "%(title)s is now on %(day)s", "%(num)s visits moved", count, title=title, day=day_on
            )
        case "VisitNeedsDecision":
            return _("%(title)s no longer fits the plan", title=title)
        case "VisitConfirmed":
            return ngettext("%(title)s is confirmed", "%(num)s visits are confirmed", count, title=title)
        case "VisitStateChanged":
            return _("%(title)s: %(state)s", title=title, state=visit_state(_text(payload, "state_after")))
        case "VisitCancelled":
            return ngettext("%(title)s is cancelled", "%(num)s visits are cancelled", count, title=title)
        case _:
            return ngettext(
                "other people go on %(title)s", "other people go on %(num)s visits", count, title=title
            )


def _work_words(name: str, code: str, count: int) -> str:
    match name:
        case "WorkOpened":
            return ngettext("work %(code)s is to do", "%(num)s work orders are to do", count, code=code)
        case "WorkDone":
            return ngettext("work %(code)s is done", "%(num)s work orders are done", count, code=code)
        case "WorkReopened":
            return ngettext(
                "work %(code)s is open again", "%(num)s work orders are open again", count, code=code
            )
        case _:
            return ngettext(
                "work %(code)s is cancelled", "%(num)s work orders are cancelled", count, code=code
            )


def _invitation_words(name: str, payload: Payload) -> str:
    who = _text(payload, "name")
    match name, _text(payload, "reply"):
        case "TimeProposed", _reply:
            return _("%(name)s asks for another time", name=who)
        case "InvitationUndeliverable", _reply:
            return _("an invitation cannot reach %(name)s", name=who)
        case _name, "accepted":
            return _("%(name)s accepted a visit", name=who)
        case _name, "declined":
            return _("%(name)s declined a visit", name=who)
        case _:
            return _("%(name)s answered maybe to a visit", name=who)


def _readiness_words(name: str, requirement: str, count: int) -> str:
    match name:
        case "ItemAnswered":
            return ngettext(
                "answered: %(what)s", "answered %(num)s points of the checklist", count, what=requirement
            )
        case "ReadinessLost":
            return ngettext(
                "the site was ready and is not any more: %(what)s",
                "%(num)s times a site that was ready was changed",
                count,
                what=requirement,
            )
        case "ReadinessRegained":
            return _("the site is ready again")
        case "ListSigned":
            return _("the site was signed off")
        case "SignatureEnded":
            return ngettext(
                "a signature ended: something changed",
                "%(num)s signatures ended: something changed",
                count,
            )
        case "ItemWaived":
            return ngettext(
                "delivery does not wait for: %(what)s",
                "delivery does not wait for %(num)s points",
                count,
                what=requirement,
            )
        case "SiteAssessed":
            return _("the site was judged")
        case "AnswersDiffer":
            return ngettext(
                "two answers differ: %(what)s", "%(num)s answers contradict others", count, what=requirement
            )
        case "ItemAccepted":
            return ngettext(
                "confirmed: %(what)s",
                "%(num)s points of the checklist are confirmed",
                count,
                what=requirement,
            )
        case "ItemReopened":
            return ngettext(
                "is asked again: %(what)s", "%(num)s points are asked again", count, what=requirement
            )
        case "EvidenceAttached":
            return ngettext("a file shows: %(what)s", "%(num)s files were attached", count, what=requirement)
        case "ReturnsRead":
            return ngettext("a filled-in checklist came back", "%(num)s times something came back", count)
        case "CustomerReminded":
            return ngettext(
                "somebody was reminded of open points", "%(num)s reminders went to the customer", count
            )
        case _:
            return _("the site checklist was sent")


def _text(payload: Payload, field: str) -> str:
    return str(payload.get(field) or "")


def _moved_to(payload: Payload) -> str:
    """The new day of the milestone that a person moved; empty when the event does not say."""
    for move in payload.get("moves") or ():
        if move.get("milestone_id") == payload.get("milestone_id") and move.get("finish_after"):
            return told_day(move["finish_after"])
    return ""


def visit_state(value: str) -> str:
    """How far a visit is, as an event carries it."""
    return {
        "draft": _("planned"),
        "tentative": _("tentative"),
        "confirmed": _("confirmed"),
        "accepted": _("accepted by the technician"),
        "on route": _("on the way"),
        "in progress": _("has begun"),
        "complete": _("done"),
        "incomplete": _("not finished"),
    }.get(value, value)
