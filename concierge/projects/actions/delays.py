"""Entering what costs days, whose it is, and what shows it. The ledger itself is computed and never typed."""

from datetime import date, datetime, timedelta

from flask_babel import gettext as _

from concierge.catalogue.states import Team
from concierge.platform import file_kinds, files
from concierge.platform.database import db
from concierge.platform.errors import Refused, Stale
from concierge.platform.events import RecordedEvent, record
from concierge.platform.words import localized
from concierge.projects import queries
from concierge.projects.actions import saying
from concierge.projects.actions.laying_out import today_at
from concierge.projects.events import (
    DelayAmended,
    DelayClosed,
    DelayCommented,
    DelayEntered,
    DelayEvidenceLinked,
    DelayWithdrawn,
)
from concierge.projects.models import Delay, DelayComment, DelayEvidence, Hold, Milestone, Project
from concierge.projects.queries import lost_days
from concierge.projects.queries.networks import accountable_party
from concierge.projects.states import BlockCause, MilestoneState, Party, ProjectState

MOST_EVIDENCE = 30
"""Pieces of evidence of one delay."""
AHEAD = timedelta(days=400)
"""How far ahead a delay may begin or end; further is a slip of the hand."""

CLAIMED_BY_PEOPLE = (Party.CUSTOMER, Party.US, Party.CARRIER, Party.SUPPLIER, Party.AGREED)
"""The parties that a person can name; what is concurrent, and what is nobody's, the ledger finds itself."""


def enter(
    project_id: int,
    *,
    milestone_id: int | None,
    party: Party,
    team: Team | None,
    cause: BlockCause,
    first_on: date,
    last_on: date | None,
    reason: str,
    actor_id: int | None,
    at: datetime,
) -> Delay:
    """Say that something costs days: what, whose it is, from when to when.

    :param milestone_id: what it holds up; None: the whole project.
    :param team: which of our teams, when it is ours.
    :param last_on: the last day of it; None while it lasts.
    :raises Refused: when the plan is a draft, the days cannot be, or party and team do not fit.
    """
    project = queries.project_for_change(project_id)
    if project.state is ProjectState.DRAFT:
        raise Refused(
            _(
                "The plan of %(key)s is a draft, so no day of it can be lost yet. Approve it first.",
                key=project.key,
            )
        )
    milestone = _milestone(project, milestone_id)
    _refuse_days(project, first_on, last_on, at)
    team = _team(party, team)
    delay = Delay(
        project_id=project.id,
        milestone_id=milestone.id if milestone else None,
        cause=cause,
        party=party,
        team=team,
        first_on=first_on,
        last_on=last_on,
        reason=_reason(reason),
        entered_at=at,
        entered_by_id=actor_id,
    )
    _keep(project, delay, milestone, actor_id=actor_id, at=at)
    return delay


def amend(
    delay_id: int,
    *,
    version: int | None = None,
    milestone_id: int | None,
    party: Party,
    team: Team | None,
    cause: BlockCause,
    first_on: date,
    last_on: date | None,
    reason: str,
    actor_id: int | None,
    at: datetime,
) -> Delay:
    """Correct what is said about a delay; the days of a hold are the hold's own and stay.

    :param version: the version that the person saw; None does not compare.
    :raises Stale: when somebody else has changed it since.
    :raises Refused: when the days cannot be, or party and team do not fit.
    """
    delay = lost_days.delay_for_change(delay_id)
    project = queries.project_for_change(delay.project_id)
    _refuse_stale(delay, version)
    if delay.hold_id is not None:
        milestone_id, first_on, last_on = None, delay.first_on, delay.last_on
    elif delay.is_from_block and delay.last_on is None and last_on is not None:
        raise Refused(_("The milestone is still blocked. Unblock it, and the delay ends with that day."))
    milestone = _milestone(project, milestone_id, known_id=delay.milestone_id)
    if delay.hold_id is None:
        _refuse_days(project, first_on, last_on, at)
    before = _facts(delay)
    delay.milestone_id = milestone.id if milestone else None
    delay.party, delay.team, delay.cause = party, _team(party, team), cause
    delay.first_on, delay.last_on = first_on, last_on
    delay.reason = _reason(reason)
    if before == _facts(delay):
        return delay
    db.session.flush()
    record(
        DelayAmended(
            at=at,
            actor_id=actor_id,
            project_id=project.id,
            delay_id=delay.id,
            milestone_id=delay.milestone_id,
            name=milestone.english_name if milestone else "",
            party=party.value,
            team=delay.team.value if delay.team else "",
            cause=cause.value,
            first_on=delay.first_on,
            last_on=delay.last_on,
            reason=delay.reason,
            before=before,
        )
    )
    return delay


def close(delay_id: int, *, last_on: date, actor_id: int | None, at: datetime) -> Delay:
    """Say on which day a delay ended.

    :raises Refused: when it has ended already, that day cannot be, or a block or hold ends it.
    """
    delay = lost_days.delay_for_change(delay_id)
    project = queries.project_for_change(delay.project_id)
    if delay.last_on is not None:
        raise Refused(
            _(
                "This delay ended on %(day)s already. Correct it if that is wrong.",
                day=saying.long_day(delay.last_on),
            )
        )
    if delay.hold_id is not None:
        raise Refused(_("This delay is a hold. Resume the project, and it ends with that."))
    if delay.is_from_block:
        raise Refused(_("The milestone is still blocked. Unblock it, and the delay ends with that day."))
    _refuse_days(project, delay.first_on, last_on, at)
    _end(delay, last_on, actor_id=actor_id, at=at)
    return delay


def withdraw(delay_id: int, *, reason: str, actor_id: int | None, at: datetime) -> None:
    """Take back a delay that was entered by mistake; the history keeps what it said.

    :raises Refused: when a block or a hold wrote it, or no reason is given.
    """
    delay = lost_days.delay_for_change(delay_id)
    if delay.hold_id is not None or (delay.is_from_block and delay.last_on is None):
        raise Refused(
            _("A hold or a block wrote this delay and ends it. Correct whose it is, or take the block back.")
        )
    said = _reason(reason)
    facts = _facts(delay)
    project_id = delay.project_id
    for row in (*delay.evidence, *delay.comments):
        db.session.delete(row)
    db.session.flush()
    db.session.delete(delay)
    db.session.flush()
    record(
        DelayWithdrawn(
            at=at, actor_id=actor_id, project_id=project_id, delay_id=delay_id, reason=said, before=facts
        )
    )


def attach_file(
    delay_id: int, *, name: str, data: bytes, note: str = "", actor_id: int | None, at: datetime
) -> DelayEvidence:
    """Keep a file that shows that a delay was as it is said.

    :raises NotKept: when it is empty, too large, or of a kind that is not kept.
    :raises Refused: when it is one too many.
    """
    delay = lost_days.delay_for_change(delay_id)
    file_kinds.refuse_size(data)
    _refuse_more(delay)
    content_type, ending = file_kinds.kind_of(data)
    stored = files.store(data, name=file_kinds.named(name, ending), content_type=content_type)
    return _link(
        delay,
        DelayEvidence(delay_id=delay.id, file_id=stored.id, note=note, linked_at=at, linked_by_id=actor_id),
        stored.name,
        actor_id=actor_id,
        at=at,
    )


def link_event(
    delay_id: int, *, event_id: int, note: str = "", actor_id: int | None, at: datetime
) -> DelayEvidence:
    """Let an event of the project's history stand as evidence.

    :raises Refused: when it is no event of this project, or linked already.
    """
    delay = lost_days.delay_for_change(delay_id)
    _refuse_more(delay)
    row = db.session.get(RecordedEvent, event_id)
    if row is None or row.project_id != delay.project_id:
        raise Refused(_("That is not in the history of this project. Choose an event from the list."))
    if any(one.event_id == event_id for one in delay.evidence):
        raise Refused(_("That event is linked to this delay already."))
    return _link(
        delay,
        DelayEvidence(delay_id=delay.id, event_id=event_id, note=note, linked_at=at, linked_by_id=actor_id),
        row.name,
        actor_id=actor_id,
        at=at,
    )


def link_address(
    delay_id: int, *, url: str, note: str = "", actor_id: int | None, at: datetime
) -> DelayEvidence:
    """Let a page elsewhere stand as evidence: a tracking page, a document in another system.

    :raises Refused: when it is no web address, or linked already.
    """
    delay = lost_days.delay_for_change(delay_id)
    _refuse_more(delay)
    url = url.strip()
    if not url.lower().startswith(("https://", "http://")) or any(letter.isspace() for letter in url):
        raise Refused(_("Give the whole address of the page, beginning with https://."))
    if any(one.url == url for one in delay.evidence):
        raise Refused(_("That address is linked to this delay already."))
    return _link(
        delay,
        DelayEvidence(delay_id=delay.id, url=url, note=note, linked_at=at, linked_by_id=actor_id),
        url,
        actor_id=actor_id,
        at=at,
    )


def comment(
    delay_id: int, *, party: Party, name: str, text: str, actor_id: int | None, at: datetime
) -> DelayComment:
    """Note what a party says to a delay; it is never changed.

    :param name: who says it, as they are called.
    :raises Refused: when nobody or nothing is said, or the party cannot speak.
    """
    delay = lost_days.delay_for_change(delay_id)
    if party not in {Party.CUSTOMER, Party.US, Party.CARRIER, Party.SUPPLIER}:
        raise Refused(_("Say which party this comes from: the customer, us, the carrier or the supplier."))
    if not name.strip():
        raise Refused(_("Say who said it, by name."))
    if not text.strip():
        raise Refused(_("Write down what was said."))
    said = DelayComment(
        delay_id=delay.id, party=party, name=name.strip(), text=text.strip(), at=at, by_id=actor_id
    )
    db.session.add(said)
    db.session.flush()
    record(
        DelayCommented(
            at=at,
            actor_id=actor_id,
            project_id=delay.project_id,
            delay_id=delay.id,
            party=party.value,
            name=said.name,
            text=said.text[:300],
        )
    )
    return said


def open_from_block(
    project_id: int, milestone_id: int, *, cause: str, reason: str, actor_id: int | None, at: datetime
) -> None:
    """Let a block of a milestone stand as a delay of whoever is accountable for it, until it is lifted."""
    if lost_days.open_delays(project_id, milestone_id=milestone_id):
        return
    project = queries.project_for_change(project_id)
    milestone = next((one for one in project.milestones if one.id == milestone_id), None)
    if milestone is None:
        return
    party, team = party_of_block(BlockCause(cause), milestone)
    delay = Delay(
        project_id=project.id,
        milestone_id=milestone.id,
        cause=BlockCause(cause),
        party=party,
        team=team,
        first_on=milestone.blocked_on or today_at(project, at),
        last_on=None,
        reason=reason,
        is_from_block=True,
        entered_at=at,
        entered_by_id=actor_id,
    )
    _keep(project, delay, milestone, actor_id=actor_id, at=at)


def close_from_block(project_id: int, milestone_id: int, *, actor_id: int | None, at: datetime) -> None:
    """End the delays that a block of a milestone wrote with today, the day on which it was lifted."""
    for delay in lost_days.open_delays(project_id, milestone_id=milestone_id):
        project = queries.project_for_change(project_id)
        _end(delay, max(delay.first_on, today_at(project, at)), actor_id=actor_id, at=at)


def open_from_hold(hold: Hold, *, at: datetime) -> None:
    """Let a hold stand as a delay of the party that asked for it, for the whole project."""
    if lost_days.open_delays(hold.project_id, hold_id=hold.id):
        return
    project = queries.project_for_change(hold.project_id)
    delay = Delay(
        project_id=project.id,
        hold_id=hold.id,
        cause=hold.cause,
        party=hold.party,
        first_on=hold.first_on,
        last_on=None,
        reason=hold.reason,
        entered_at=at,
        entered_by_id=hold.held_by_id,
    )
    _keep(project, delay, None, actor_id=hold.held_by_id, at=at)


def close_from_hold(hold: Hold, *, actor_id: int | None, at: datetime) -> None:
    """End the delay of a hold with the last held day; one that was lifted at once cost its first."""
    for delay in lost_days.open_delays(hold.project_id, hold_id=hold.id):
        resumed_on = hold.resumed_on or delay.first_on
        _end(delay, max(delay.first_on, resumed_on - timedelta(days=1)), actor_id=actor_id, at=at)


def party_of_block(cause: BlockCause, milestone: Milestone) -> tuple[Party, Team | None]:
    """Whose a block is, going by its cause where that says so, else by who is accountable; people correct it."""
    by_cause = {
        BlockCause.FREIGHT: Party.CARRIER,
        BlockCause.CUSTOMS: Party.CARRIER,
        BlockCause.CAPACITY: Party.US,
        BlockCause.STOCK: Party.US,
        **dict.fromkeys(_OF_THE_SITE, Party.CUSTOMER),
    }
    party = by_cause.get(cause) or accountable_party(milestone.kind, milestone.team)
    if party is not Party.US:
        return party, None
    return party, milestone.team if milestone.team is not Team.CUSTOMER else Team.OPERATIONS


_OF_THE_SITE = (
    BlockCause.POWER,
    BlockCause.HVAC,
    BlockCause.GAS,
    BlockCause.EXHAUST,
    BlockCause.WATER,
    BlockCause.ROUTE,
    BlockCause.BENCH,
    BlockCause.NETWORK,
    BlockCause.PERMIT,
    BlockCause.BUILDING,
    BlockCause.DECONTAMINATION,
)
"""A site late by the agreed date is the customer's responsibility."""


def _keep(
    project: Project, delay: Delay, milestone: Milestone | None, *, actor_id: int | None, at: datetime
) -> None:
    db.session.add(delay)
    db.session.flush()
    record(
        DelayEntered(
            at=at,
            actor_id=actor_id,
            project_id=project.id,
            delay_id=delay.id,
            milestone_id=milestone.id if milestone else None,
            name=milestone.english_name if milestone else "",
            party=delay.party.value,
            team=delay.team.value if delay.team else "",
            cause=delay.cause.value,
            first_on=delay.first_on,
            last_on=delay.last_on,
            reason=delay.reason,
        )
    )


def _end(delay: Delay, last_on: date, *, actor_id: int | None, at: datetime) -> None:
    delay.last_on = last_on
    db.session.flush()
    record(
        DelayClosed(
            at=at,
            actor_id=actor_id,
            project_id=delay.project_id,
            delay_id=delay.id,
            milestone_id=delay.milestone_id,
            cause=delay.cause.value,
            first_on=delay.first_on,
            last_on=last_on,
        )
    )


def _link(
    delay: Delay, evidence: DelayEvidence, what: str, *, actor_id: int | None, at: datetime
) -> DelayEvidence:
    db.session.add(evidence)
    db.session.flush()
    record(
        DelayEvidenceLinked(
            at=at,
            actor_id=actor_id,
            project_id=delay.project_id,
            delay_id=delay.id,
            evidence_id=evidence.id,
            name=what[:200],
        )
    )
    return evidence


def _milestone(
    project: Project, milestone_id: int | None, *, known_id: int | None = None
) -> Milestone | None:
    if milestone_id is None:
        return None
    found = next((one for one in project.milestones if one.id == milestone_id), None)
    if found is None:
        raise Refused(_("That milestone is no longer in the plan. Choose another, or the whole project."))
    if found.state is MilestoneState.SKIPPED and found.id != known_id:
        raise Refused(
            _("%(name)s is left out of this plan, so nothing can hold it up.", name=localized(found.name))
        )
    return found


def _refuse_days(project: Project, first_on: date, last_on: date | None, at: datetime) -> None:
    if last_on is not None and last_on < first_on:
        raise Refused(
            _(
                "The delay would end on %(day)s, before it begins. Choose a last day from %(day2)s on, or"
                " leave it empty while it lasts.",
                day=saying.long_day(last_on),
                day2=saying.long_day(first_on),
            )
        )
    if first_on < project.starts_on:
        raise Refused(
            _(
                "%(key)s began on %(day)s. Choose a first day from then on.",
                key=project.key,
                day=saying.long_day(project.starts_on),
            )
        )
    if max(first_on, last_on or first_on) > today_at(project, at) + AHEAD:
        raise Refused(_("That lies more than a year ahead. Check the year."))


def _team(party: Party, team: Team | None) -> Team | None:
    if party not in CLAIMED_BY_PEOPLE:
        raise Refused(
            _(
                "Choose the customer, us, the carrier, the supplier or an agreed change. That two parties"
                " cost a day at once, or nobody, is found from what is entered."
            )
        )
    if party is not Party.US:
        return None
    if team is None or team is Team.CUSTOMER:
        raise Refused(_("Say which of our teams this delay belongs to."))
    return team


def _reason(reason: str) -> str:
    if len(reason.strip()) < 3:
        raise Refused(_("Say in a few words what happened."))
    return reason.strip()


def _refuse_stale(delay: Delay, version: int | None) -> None:
    if version is not None and version != delay.version:
        raise Stale(
            _(
                "Somebody else has changed this delay while you had it open. Load the page again, look at"
                " what it says now, then correct it."
            )
        )


def _refuse_more(delay: Delay) -> None:
    if len(delay.evidence) >= MOST_EVIDENCE:
        raise Refused(
            _("This delay has %(most)s pieces of evidence, and more help nobody.", most=MOST_EVIDENCE)
        )


def _facts(delay: Delay) -> dict[str, str]:
    """What a delay says, as plain values."""
    return {
        "milestone_id": str(delay.milestone_id or ""),
        "party": delay.party.value,
        "team": delay.team.value if delay.team else "",
        "cause": delay.cause.value,
        "first_on": delay.first_on.isoformat(),
        "last_on": delay.last_on.isoformat() if delay.last_on else "",
        "reason": delay.reason,
    }
