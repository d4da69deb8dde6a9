"""What needs somebody, in words: a verb and its object, what hangs on it, by when, and one action."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from flask_babel import gettext as _
from flask_babel import ngettext

from concierge.catalogue.states import GateKind, Responsible, VisitKind
from concierge.core.urgency import Band, Kind, Matter, band, in_order, is_aside
from concierge.home import agenda, queries
from concierge.home.agenda import Looking, Row
from concierge.identity import queries as identity
from concierge.identity.permissions import Role
from concierge.identity.queries import Aside
from concierge.identity.viewer import Viewer
from concierge.platform import clock
from concierge.platform.words import ago, clock_time, day, instant, localized, span, told_day
from concierge.projects.states import ProposalKind
from concierge.readiness.standing import Change
from concierge.readiness.states import Outcome
from concierge.visits.clocks import wall_time
from concierge.visits.models import Visit
from concierge.visits.states import OVER

ICONS = {
    VisitKind.SITE_SURVEY: "ruler",
    VisitKind.DELIVERY: "truck",
    VisitKind.INSTALL: "wrench",
    VisitKind.TRAINING: "graduation-cap",
    VisitKind.REMOTE_CALL: "phone",
}
MOST_SHOWN = 20
"""Lines of one urgency on the page; of the others only the number is said."""


@dataclass(frozen=True, slots=True)
class Need:
    """One row: what to do, why, by when, and where."""

    state: str
    icon: str
    title: str
    url: str
    why: str
    when: str
    note: str
    action: str
    """The word on the button; it leads to `url`."""
    key: str = ""
    level: int = 0
    """By which it is put aside; no key: it cannot be."""
    aside: Aside | None = None
    is_to_assign: bool = False


@dataclass(frozen=True, slots=True)
class Listed:
    """Needs of one urgency: the first of them in words, and how many there are."""

    needs: Sequence[Need] = ()
    count: int = 0
    is_more: bool = False
    """Whether there are more than were read."""


@dataclass(frozen=True, slots=True)
class Agenda:
    """All that needs the viewer: to act on now, to do soon, to wait for from others, and what they put aside."""

    act: Listed
    soon: Listed
    waiting: Listed
    aside: Listed


def of_viewer(looking: Viewer, *, now: datetime, mine: bool) -> Agenda:
    """What needs the viewer, the most urgent first."""
    asides = identity.asides_of(looking.user_id, at=now)
    asked, found = _asked(looking, asides, now=now, mine=mine)
    told = {row.project_id for kind in (Kind.BLOCKED, Kind.OVERDUE) for _matter, row in found[kind].matters}
    ranked = in_order(
        (matter, (kind, row))
        for kind, of_kind in found.items()
        for matter, row in of_kind.matters
        if kind is not Kind.LATE or row.project_id not in told
    )
    levels = {key: aside.level for key, aside in asides.items()}
    put_aside = [one for one in ranked if is_aside(one[0], levels)]
    shown = [one for one in ranked if not is_aside(one[0], levels)]
    more = {band(matter) for of_kind in found.values() if of_kind.is_more for matter, _row in of_kind.matters}

    def listed(one: Band) -> Listed:
        of_band = [pair for pair in shown if band(pair[0]) is one]
        needs = tuple(_need(matter, *told, asked.today) for matter, told in of_band[:MOST_SHOWN])
        return Listed(needs, len(of_band), one in more)

    aside = tuple(
        replace(_need(matter, *told, asked.today), aside=asides[matter.key])
        for matter, told in put_aside[:MOST_SHOWN]
    )
    return Agenda(listed(Band.NOW), listed(Band.SOON), listed(Band.OTHERS), Listed(aside, len(put_aside)))


def level_of(looking: Viewer, key: str, *, now: datetime, mine: bool) -> int | None:
    """How bad the line with a key is just now; None when the viewer's Today has no such line."""
    if looking.role is Role.TECHNICIAN:
        lines = own_visits(visits_of(looking, now=now), looking, now=now)
        return next((line.level for line in lines if line.key == key), None)
    _of, found = _asked(looking, identity.asides_of(looking.user_id, at=now), now=now, mine=mine)
    every = (matter for of_kind in found.values() for matter, _row in of_kind.matters)
    return next((matter.level for matter in every if matter.key == key), None)


def visits_of(looking: Viewer, *, now: datetime) -> Sequence[Visit]:
    """The visits that a technician's Today is about: those just over, of the day, and of two weeks."""
    return queries.visits_between(looking, now - timedelta(hours=12), now + timedelta(days=14), own=True)


def own_visits(visits: Sequence[Visit], looking: Viewer, *, now: datetime) -> list[Need]:
    """A technician's visits as rows: what, where, when on the site's clock.

    One that was put aside is shown again when it changes for who goes there, and when it is to be reported on.
    """
    asides = identity.asides_of(looking.user_id, at=now)
    rows = []
    for visit in visits:
        is_due = visit.ends_at <= now and visit.state not in OVER
        place = ", ".join(part for part in (visit.project.account.name, visit.site.address_line) if part)
        key, level = f"visit:{visit.id}", 2 * visit.sequence + is_due
        aside = asides.get(key)
        rows.append(
            Need(
                state="warn" if is_due else ("go" if visit.starts_at <= now < visit.ends_at else "idle"),
                icon=ICONS[visit.kind],
                title=visit.title,
                url=f"/visits/{visit.id}",
                why=place,
                when=span(visit.starts_local, visit.ends_local),
                note=_("%(clock)s your time", clock=clock_time(visit.starts_at, looking.zone))
                if _clock_differs(visit, looking)
                else "",
                action=_("Report") if is_due else _("Open"),
                key=key,
                level=level,
                aside=aside if aside is not None and level <= aside.level else None,
            )
        )
    return rows


def _asked(
    looking: Viewer, asides: Mapping[str, Aside], *, now: datetime, mine: bool
) -> tuple[Looking, dict[Kind, agenda.Found]]:
    """What waits for the viewer, with as many more of a kind as they put aside."""
    most = agenda.MOST + min(len(asides), agenda.MOST)
    asked = Looking(looking, clock.day_at(now, looking.zone), now, mine, most)
    return asked, agenda.all_matters(asked)


Words = Callable[[Row, date], Need]


def _need(matter: Matter, kind: Kind, row: Row, today: date) -> Need:
    return replace(_WORDS[kind](row, today), key=matter.key, level=matter.level)


def _blocked(row: Row, today: date) -> Need:
    reason = (row.block_reason or _("no reason given")).rstrip(".")
    return Need(
        state="bad" if row.slip_workdays > 0 else "warn",
        icon="octagon-alert",
        title=_("Clear the way for %(milestone)s", milestone=localized(row.name)),
        url=f"/projects/{row.project_key}",
        why=_(
            "%(place)s. Blocked: %(reason)s. %(handover)s",
            place=_place(row),
            reason=reason,
            handover=_slips(row),
        ),
        when=_for_days(row.blocked_on, today),
        note=_("blocked"),
        action=_("Open plan"),
    )


def _overdue(row: Row, today: date) -> Need:
    late = (today - row.promised_on).days
    return Need(
        state="bad" if row.slip_workdays > 0 else "warn",
        icon="clock",
        title=_("Finish %(milestone)s, or move it", milestone=localized(row.name)),
        url=f"/projects/{row.project_key}",
        why=_(
            "%(place)s. Nobody has said that it is done. %(handover)s",
            place=_place(row),
            handover=_slips(row),
        ),
        when=ngettext("%(num)s day late", "%(num)s days late", late),
        note=_("promised %(on)s", on=day(row.promised_on, weekday=False)),
        action=_("Open plan"),
    )


def _late(row: Row, today: date) -> Need:
    return Need(
        state="bad",
        icon="clock",
        title=_("Agree a new handover with %(account)s", account=row.account),
        url=f"/projects/{row.project_key}",
        why=ngettext(
            "%(project)s: %(expected)s, %(num)s working day after the %(promised)s we promised.",
            "%(project)s: %(expected)s, %(num)s working days after the %(promised)s we promised.",
            row.slip_workdays,
            project=row.project_name,
            expected=day(row.forecast_handover_on),
            promised=day(row.promised_handover_on, weekday=False),
        ),
        when=_until(row.promised_handover_on, today),
        note=_("to the promise") if row.promised_handover_on >= today else _("the promise passed"),
        action=_("Open plan"),
    )


def _conflict(row: Row, today: date) -> Need:
    first = row.conflicts[0] if row.conflicts else {}
    return Need(
        state="bad",
        icon="triangle-alert",
        title=_("Give %(project)s a day that its plan can meet", project=row.project_key),
        url=f"/projects/{row.project_key}",
        why=_(
            "%(place)s. %(milestone)s was wanted for %(wanted)s; the plan gives %(possible)s.",
            place=_place(row),
            milestone=localized(first.get("milestone") or {}) or row.project_name,
            wanted=told_day(first.get("wanted_on")),
            possible=told_day(first.get("possible_on")),
        ),
        when=ngettext("%(num)s conflict", "%(num)s conflicts", row.conflict_count),
        note=_("in the plan"),
        action=_("Open plan"),
    )


def _hold_over(row: Row, today: date) -> Need:
    return Need(
        state="warn",
        icon="pause",
        title=_("Let %(project)s go on, or say how long it rests", project=row.project_key),
        url=f"/projects/{row.project_key}",
        why=_(
            "%(place)s. On hold: %(reason)s. Work was to resume on %(day)s.",
            place=_place(row),
            reason=row.reason.rstrip("."),
            day=day(row.expected_on),
        ),
        when=_for_days(row.first_on, today),
        note=_("on hold"),
        action=_("Open plan"),
    )


def _gate(row: Row, today: date) -> Need:
    first = localized((row.holding[0] if row.holding else {}).get("requirement") or {}).rstrip(".")
    title = (
        ngettext("Get %(num)s item ready, or move “%(milestone)s”", "Get %(num)s items ready, or move “%(milestone)s”",
                 row.open_items, milestone=localized(row.name))
    )  # fmt: skip
    ships = row.kind is GateKind.SHIP
    if first:
        why = (
            _("%(place)s. Shipping is held; first: %(requirement)s.", place=_place(row), requirement=first)
            if ships
            else _(
                "%(place)s. Installation is held; first: %(requirement)s.",
                place=_place(row),
                requirement=first,
            )
        )
    else:
        why = (
            _("%(place)s. Shipping is held.", place=_place(row))
            if ships
            else _("%(place)s. Installation is held.", place=_place(row))
        )
    return Need(
        state="bad" if row.forecast_start_on <= today else "warn",
        icon="lock",
        title=title,
        url=f"/projects/{row.project_key}/readiness",
        why=why,
        when=day(row.forecast_start_on),
        note=_until(row.forecast_start_on, today),
        action=_("Open checklist"),
    )


def _to_decide(row: Row, today: date) -> Need:
    return Need(
        state="warn",
        icon="calendar-clock",
        title=_("Keep or move %(title)s", title=row.title),
        url=f"/visits/{row.id}",
        why=_("%(place)s. %(reason)s", place=_place(row), reason=row.needs_decision),
        when=day(row.starts_local),
        note=_until(row.starts_local.date(), today),
        action=_("Decide"),
    )


def _declined(row: Row, today: date) -> Need:
    is_ours = row.user_id is not None
    said = _("%(who)s declined", who=row.who) + (f": {row.comment}" if row.comment else "")
    return Need(
        state="warn",
        icon="user-plus" if is_ours else "calendar-x",
        title=_("Find a technician for %(title)s", title=row.title)
        if is_ours
        else _("Find another time for %(title)s", title=row.title),
        url=f"/visits/{row.visit_id}",
        why=_("%(place)s. %(reason)s", place=_place(row), reason=said),
        when=day(row.starts_local),
        note=_until(row.starts_local.date(), today),
        action=_("Open"),
    )


def _answers(row: Row, today: date) -> Need:
    returned = (
        ngettext("%(num)s invitation came back", "%(num)s invitations came back", row.returned)
        if row.returned
        else ""
    )
    since = min(since for since in (row.since, row.returned_since) if since)
    return Need(
        state="warn",
        icon="mail",
        title=ngettext(
            "Look at %(num)s answer to an invitation", "Look at %(num)s answers to invitations", row.answers
        )
        if row.answers
        else _("Correct where invitations go"),
        url="/answers",
        why=returned or _("Nobody vouches for the sender, or something has to be arranged."),
        when=_waited((today - since.date()).days),
        note=_("the oldest"),
        action=_("Look"),
    )


def _wish(row: Row, today: date) -> Need:
    wanted = _("%(who)s asks for %(when)s", who=row.who, when=instant(row.starts_at, row.zone))
    return Need(
        state="warn",
        icon="calendar-clock",
        title=_("Decide on another time for %(title)s", title=row.title),
        url=f"/time-proposals/{row.id}",
        why=_("%(place)s. %(reason)s", place=_place(row), reason=wanted),
        when=day(row.starts_local),
        note=_until(row.starts_local.date(), today),
        action=_("Decide"),
    )


def _question(row: Row, today: date) -> Need:
    return Need(
        state="warn",
        icon="message-circle",
        title=_("Answer %(who)s", who=row.who),
        url=f"/projects/{row.project_key}/customer#question-{row.id}",
        why=_("%(place)s. “%(question)s”", place=_place(row), question=_shortened(row.text)),
        when=_waited((today - row.asked_at.date()).days),
        note=_("since the question came"),
        action=_("Answer"),
    )


def _came_back(row: Row, today: date) -> Need:
    why = {
        Outcome.CONFLICTS: _("Some answers in it differ from newer ones."),
        Outcome.FLAT: _("It is a scan or a photo; somebody types in what it says."),
        Outcome.PARTLY: _("Some of it could not be taken by itself."),
    }.get(row.outcome, _("It could not be taken by itself."))
    return Need(
        state="warn",
        icon="file-text",
        title=_("Look at the checklist that came back for %(key)s", key=row.project_key),
        url=f"/projects/{row.project_key}/readiness/returned/{row.id}",
        why=_("%(place)s. %(what)s", place=_place(row), what=why),
        when=_waited((today - row.received_at.date()).days),
        note=_("since it came"),
        action=_("Look"),
    )


def _shortened(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 120 else line[:119].rstrip() + "…"


def _unfetched(row: Row, today: date) -> Need:
    return Need(
        state="warn",
        icon="history",
        title=_("Make sure that %(who)s knows of %(title)s", who=row.who, title=row.title),
        url=f"/visits/{row.id}#devices",
        why=_(
            "%(place)s. Changed %(ago)s, not fetched by their calendar since.",
            place=_place(row),
            ago=ago(row.changed_at),
        ),
        when=day(row.starts_local),
        note=_until(row.starts_local.date(), today),
        action=_("See"),
    )


def _taken(row: Row, today: date) -> Need:
    starts, ends = wall_time(row.taken_from, row.zone), wall_time(row.taken_to, row.zone)
    taken = (
        span(starts, ends)
        if row.times == 1
        else _("%(num)s times, first on %(when)s", num=row.times, when=instant(row.taken_from, row.zone))
    )
    return Need(
        state="warn",
        icon="calendar-x",
        title=_("Ask whether %(who)s can go: %(title)s", who=row.who, title=row.title),
        url=f"/visits/{row.id}",
        why=_(
            "%(place)s. Their own calendar says taken, %(taken)s, time at the site.",
            place=_place(row),
            taken=taken,
        ),
        when=day(row.starts_local),
        note=_until(row.starts_local.date(), today),
        action=_("Open"),
    )


def _unread(row: Row, today: date) -> Need:
    return Need(
        state="warn",
        icon="history",
        title=_("Ask %(who)s whether their own calendar has moved", who=row.who),
        url=f"/visits/{row.visit_id}",
        why=ngettext(
            "It was last read %(ago)s; they go on %(num)s visit in the next two weeks.",
            "It was last read %(ago)s; they go on %(num)s visits in the next two weeks.",
            row.visits,
            ago=ago(row.since),
        ),
        when=day(row.starts_local),
        note=_until(row.starts_local.date(), today),
        action=_("See"),
    )


def _unassigned(row: Row, today: date) -> Need:
    return Need(
        state="warn",
        icon="user-plus",
        title=ngettext(
            "Find a technician for %(title)s",
            "Find %(num)s technicians for %(title)s",
            row.missing,
            title=row.title,
        ),
        url=f"/visits/{row.id}",
        why=_("%(place)s. The customer expects us; too few go.", place=_place(row)),
        when=day(row.starts_local),
        note=_until(row.starts_local.date(), today),
        action=_("Assign"),
        is_to_assign=True,
    )


def _unanswered(row: Row, today: date) -> Need:
    requirement = localized(row.requirement).rstrip(".")
    if not row.overdue:
        title = ngettext(
            "%(who)s owes %(num)s answer about the site",
            "%(who)s owes %(num)s answers about the site",
            row.due,
            who=row.contact or row.account,
        )
        why = _("%(place)s. First: %(requirement)s.", place=_place(row), requirement=requirement)
        when, note = day(row.due_on), _until(row.due_on, today)
    else:
        title = _(
            "Chase the site checklist, %(answered)s of %(total)s answered",
            answered=row.answered,
            total=row.total,
        )
        why = _("%(place)s. Still waiting for: %(requirement)s.", place=_place(row), requirement=requirement)
        when = ngettext("%(num)s overdue", "%(num)s overdue", row.overdue)
        note = _("since %(day)s", day=day(row.due_on))
    return Need(
        state="wait",
        icon="hourglass",
        title=title,
        url=f"/projects/{row.project_key}/readiness",
        why=why,
        when=when,
        note=note,
        action=_("Open checklist"),
    )


def _unreached(row: Row, today: date) -> Need:
    if not row.email:
        why = _("%(place)s. %(who)s has no mail address.", place=_place(row), who=row.who)
    elif not row.is_reminded:
        why = _("%(place)s. %(who)s does not want reminders.", place=_place(row), who=row.who)
    else:
        why = _("%(place)s. Letters to %(who)s come back.", place=_place(row), who=row.who)
    return Need(
        state="warn",
        icon="mail",
        title=_("Ask %(who)s yourself, or somebody else", who=row.who),
        url=f"/projects/{row.project_key}/readiness/reminders",
        why=why,
        when=day(row.due_on),
        note=_until(row.due_on, today),
        action=_("Open reminders"),
    )


def _ours(row: Row, today: date) -> Need:
    who = {
        Responsible.ENGINEER: _("our engineer"),
        Responsible.LOGISTICS: _("our logistics"),
        Responsible.CARRIER: _("the carrier"),
    }.get(row.responsible, _("us"))
    return Need(
        state="bad" if row.due_on < today else "warn",
        icon="list-checks",
        title=_("See to it: %(requirement)s", requirement=localized(row.requirement).rstrip(".")),
        url=f"/projects/{row.project_key}/readiness/{row.id}",
        why=_("%(place)s. A point of the site’s checklist for %(who)s.", place=_place(row), who=who),
        when=day(row.due_on),
        note=_until(row.due_on, today),
        action=_("Open point"),
    )


def _proposed(row: Row, today: date) -> Need:
    if row.kind is ProposalKind.CANCEL:
        title = _("Decide whether %(project)s is cancelled", project=row.project_key)
        why = _("%(place)s. The order asks to cancel; the plan runs on until you decide.", place=_place(row))
    else:
        title = _("Decide on new dates for %(project)s", project=row.project_key)
        why = _(
            "%(place)s. The order now asks for delivery from %(day)s.",
            place=_place(row),
            day=day(row.requested_from),
        )
    return Need(
        state="warn",
        icon="file-text",
        title=title,
        url=f"/projects/{row.project_key}/proposals/{row.id}",
        why=why,
        when=_waited((today - row.made_at.date()).days),
        note=_("since it was asked"),
        action=_("Decide"),
    )


def _calendar(row: Row, today: date) -> Need:
    moved = ngettext("It moves %(num)s project", "It moves %(num)s projects", row.projects)
    missed = (
        ngettext("%(num)s promise would be missed", "%(num)s promises would be missed", row.promises)
        if row.promises
        else _("no promise would be missed")
    )
    return Need(
        state="bad" if row.promises else "warn",
        icon="calendar-range",
        title=_("Apply or dismiss “%(title)s”", title=row.title),
        url=f"/calendars/changes/{row.id}",
        why=_("%(moved)s; %(missed)s.", moved=moved, missed=missed),
        when=_waited((today - row.made_at.date()).days),
        note=_("since it was proposed"),
        action=_("Review"),
    )


def _to_approve(row: Row, today: date) -> Need:
    return Need(
        state="idle",
        icon="clipboard-check",
        title=_("Approve the plan of %(project)s", project=row.project_name),
        url=f"/projects/{row.project_key}",
        why=_(
            "%(place)s. Handover would be promised for %(day)s.",
            place=_place(row),
            day=day(row.forecast_handover_on),
        ),
        when=_waited((today - row.created_at.date()).days),
        note=_("since the order came"),
        action=_("Review"),
    )


def _lost(row: Row, today: date) -> Need:
    changes = (row.ready_lost or {}).get("changes") or ()
    first = Change.from_json(changes[0]) if changes else None
    who = first.by if first else ""
    what = localized(first.requirement).rstrip(".") if first else ""
    why = (
        _("%(place)s. Changed by %(who)s: %(what)s.", place=_place(row), who=who, what=what)
        if who
        else _("%(place)s. First: %(what)s.", place=_place(row), what=what)
        if what
        else _("%(place)s.", place=_place(row))
    )
    return Need(
        state="bad",
        icon="triangle-alert",
        title=_("Site of %(project)s was ready, but changed", project=row.project_name),
        url=f"/projects/{row.project_key}/readiness/assessments",
        why=why,
        when=day(row.anchor_on),
        note=_until(row.anchor_on, today),
        action=_("See what changed"),
    )


def _contradicted(row: Row, today: date) -> Need:
    return Need(
        state="warn",
        icon="triangle-alert",
        title=_("Choose which answer counts: %(what)s", what=localized(row.requirement)),
        url=f"/projects/{row.project_key}/readiness/{row.id}",
        why=_("%(place)s. Two answers contradict each other.", place=_place(row)),
        when=day(row.due_on),
        note=_until(row.due_on, today),
        action=_("Choose"),
    )


def _to_review(row: Row, today: date) -> Need:
    why = (
        _("%(place)s. The customer changed it after the site was signed off.", place=_place(row))
        if row.reported_at is not None
        else _("%(place)s. The answer counts when you have looked at it.", place=_place(row))
    )
    return Need(
        state="bad" if row.reported_at is not None else "warn",
        icon="clipboard-check",
        title=_("Review the answer: %(what)s", what=localized(row.requirement)),
        url=f"/projects/{row.project_key}/readiness/{row.id}",
        why=why,
        when=day(row.due_on),
        note=_until(row.due_on, today),
        action=_("Review"),
    )


def _to_match(row: Row, today: date) -> Need:
    return Need(
        state="idle",
        icon="link",
        title=ngettext(
            "Match %(num)s line of order %(number)s",
            "Match %(num)s lines of order %(number)s",
            row.lines,
            number=row.number,
        ),
        url=f"/orders/{row.id}",
        why=_(
            "%(account)s calls it “%(name)s”. Once is enough for all later orders.",
            account=row.account,
            name=row.first,
        ),
        when=_waited((today - row.received_at.date()).days),
        note=_("since the order came"),
        action=_("Match"),
    )


_WORDS: dict[Kind, Words] = {
    Kind.BLOCKED: _blocked,
    Kind.HOLD_OVER: _hold_over,
    Kind.CONFLICT: _conflict,
    Kind.LATE: _late,
    Kind.OVERDUE: _overdue,
    Kind.GATE: _gate,
    Kind.LOST: _lost,
    Kind.CONTRADICTED: _contradicted,
    Kind.REVIEW: _to_review,
    Kind.DECISION: _to_decide,
    Kind.DECLINED: _declined,
    Kind.WISH: _wish,
    Kind.QUESTION: _question,
    Kind.UNFETCHED: _unfetched,
    Kind.ANSWERS: _answers,
    Kind.CAME_BACK: _came_back,
    Kind.PROPOSAL: _proposed,
    Kind.CALENDAR: _calendar,
    Kind.TAKEN: _taken,
    Kind.UNREAD: _unread,
    Kind.UNASSIGNED: _unassigned,
    Kind.UNANSWERED: _unanswered,
    Kind.UNREACHED: _unreached,
    Kind.OURS: _ours,
    Kind.DRAFT: _to_approve,
    Kind.UNMATCHED: _to_match,
}


def _place(row: Row) -> str:
    return _("%(account)s, %(city)s", account=row.account, city=row.city or row.site)


def _slips(row: Row) -> str:
    if row.slip_workdays <= 0:
        return _("The handover still holds.")
    return ngettext(
        "The handover slips by %(num)s working day.",
        "The handover slips by %(num)s working days.",
        row.slip_workdays,
    )


def _until(day_on: date, today: date) -> str:
    days = (day_on - today).days
    if days < 0:
        return ngettext("%(num)s day ago", "%(num)s days ago", -days)
    if days == 0:
        return _("today")
    if days == 1:
        return _("tomorrow")
    return ngettext("in %(num)s day", "in %(num)s days", days)


def _for_days(since: date | None, today: date) -> str:
    days = (today - since).days if since else 0
    return _("since today") if days <= 0 else ngettext("for %(num)s day", "for %(num)s days", days)


def _waited(days: int) -> str:
    return _("today") if days <= 0 else ngettext("%(num)s day", "%(num)s days", days)


def _clock_differs(visit: Visit, looking: Viewer) -> bool:
    at = visit.starts_at
    return (
        at.astimezone(ZoneInfo(visit.zone)).utcoffset() != at.astimezone(ZoneInfo(looking.zone)).utcoffset()
    )
