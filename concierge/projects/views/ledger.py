"""The ledger of lost days in the reader's words."""

from collections.abc import Mapping, Sequence
from types import SimpleNamespace as Shown

from flask import url_for
from flask_babel import gettext as _
from flask_babel import ngettext

from concierge.catalogue.words import team_words
from concierge.core.delays import Booking
from concierge.core.delays import Party as CoreParty
from concierge.platform import clock
from concierge.platform.events import RecordedEvent
from concierge.platform.words import day, in_words, listed, localized, workdays
from concierge.projects import reasons
from concierge.projects.models import Delay, Project
from concierge.projects.queries import lost_days
from concierge.projects.states import Party
from concierge.projects.verdict import block_words
from concierge.projects.words import change_title, party_words

LOOKS = {
    Party.CUSTOMER: "wait",
    Party.US: "bad",
    Party.CARRIER: "warn",
    Party.SUPPLIER: "go",
    Party.AGREED: "ok",
    Party.CONCURRENT: "warn",
    Party.NONE: "idle",
}
"""State of each party's days in the picture; the words beside it say the same."""


def sentence(found: lost_days.LostDays) -> str:
    """How many days were lost between which two days, and to whom: the lead of the page."""
    lost = len(found.ledger.bookings)
    ends = {
        "promised": day(found.baseline_on),
        "end": day(found.end_on),
        "milestone": localized(found.end_name),
    }
    if not lost and found.ledger.gained_workdays:
        early = workdays(found.ledger.gained_workdays)
        if found.is_over:
            return _("%(milestone)s came on %(end)s, %(early)s early. No day was lost.", early=early, **ends)
        return _(
            "%(milestone)s is forecast for %(end)s, %(early)s early. No day is lost.", early=early, **ends
        )
    if not lost:
        return _("No working day is lost: %(milestone)s stands on %(end)s, as in the first plan.", **ends)
    parts = listed(
        f"{party_said(party, team)} {number}" for (party, team), number in found.ledger.by_party().items()
    )
    if found.is_over:
        return ngettext(
            "%(num)s working day was lost between the %(promised)s of the first plan and the %(end)s on which "
            "it was over: %(parts)s.",
            "%(num)s working days were lost between the %(promised)s of the first plan and the %(end)s on "
            "which it was over: %(parts)s.",
            lost,
            parts=parts,
            **ends,
        )
    return ngettext(
        "%(num)s working day is lost between the %(promised)s of the first plan and the %(end)s of "
        "today’s forecast: %(parts)s.",
        "%(num)s working days are lost between the %(promised)s of the first plan and the %(end)s of "
        "today’s forecast: %(parts)s.",
        lost,
        parts=parts,
        **ends,
    )


def notes(found: lost_days.LostDays) -> list[str]:
    """What else the ledger says: days that were won back on the way."""
    return [
        ngettext(
            "%(num)s working day was won back on %(on)s, so the last one booked was released.",
            "%(num)s working days were won back on %(on)s, so the last ones booked were released.",
            one.workdays,
            on=day(one.on),
        )
        for one in found.ledger.won_back
    ]


def rows(
    project: Project,
    found: lost_days.LostDays,
    entered: Sequence[Delay],
    names: Mapping[str, str],
) -> list[Shown]:
    """Each lost day as a row: which, whose, where, why, and what shows it."""
    by_id = {one.id: one for one in entered}
    events = lost_days.events_by_id(
        (number for one in found.ledger.bookings for kind, number in _refs(one) if kind == "event"),
        project_id=project.id,
    )
    return [_row(project, one, by_id, events, names, found) for one in found.ledger.bookings]


def parties(found: lost_days.LostDays, names: Mapping[str, str]) -> list[Shown]:
    """Each party with the days booked to it and the milestones that they were lost at."""
    said = []
    for (party, team), number in found.ledger.by_party().items():
        held = dict.fromkeys(
            names.get(one.step or "", "")
            for one in found.ledger.bookings
            if (one.party, one.team) == (party, team)
        )
        said.append(
            Shown(
                state=LOOKS[Party(party.value)],
                words=party_said(party, team),
                days=number,
                said=ngettext("%(num)s day", "%(num)s days", number),
                milestones=listed(name for name in held if name),
            )
        )
    return said


def party_said(party: CoreParty, team: str) -> str:
    """A party in words, with the team where one is named."""
    name = party_words()[Party(party.value)]
    of_team = next((said for one, said in team_words().items() if one.value == team), "")
    return _("%(party)s (%(team)s)", party=name, team=of_team) if of_team else name


def entered(one: Delay, booked_rows: Sequence[Shown], project: Project) -> Shown:
    """What people entered about a delay, and how many of the days in the rows are booked to it."""
    booked = sum(one.id in {delay.id for delay in row.delays} for row in booked_rows)
    names = {milestone.id: localized(milestone.name) for milestone in project.milestones}
    return Shown(
        url=url_for("projects.delay", key=project.key, delay_id=one.id),
        cause=block_words()[one.cause],
        reason=in_words(one.reason),
        party=party_said(CoreParty(one.party.value), one.team.value if one.team else ""),
        where=names.get(one.milestone_id or 0, _("the whole project")),
        first_on=one.first_on,
        last_on=one.last_on,
        booked=booked,
        evidence=len(one.evidence),
        comments=len(one.comments),
    )


def _row(
    project: Project,
    one: Booking,
    entered: Mapping[int, Delay],
    events: Mapping[int, RecordedEvent],
    names: Mapping[str, str],
    found: lost_days.LostDays,
) -> Shown:
    said = [entered[number] for kind, number in _refs(one) if kind == "delay" and number in entered]
    told = [events[number] for kind, number in _refs(one) if kind == "event" and number in events]
    causes = block_words()
    why = [f"{causes[delay.cause]}: {in_words(delay.reason)}" for delay in said]
    why += [_told(row) for row in told]
    return Shown(
        day=one.day,
        lost_on=one.lost_on,
        is_ahead=not found.is_over and one.lost_on > clock.today(project.site.zone),
        state=LOOKS[Party(one.party.value)],
        party=party_said(one.party, one.team),
        parties=listed(party_said(party, "") for party in one.parties) if len(one.parties) > 1 else "",
        milestone=names.get(one.step or "", _("the plan itself")),
        why=[reason for reason in why if reason] or [_unexplained(one, found)],
        delays=[
            Shown(
                url=url_for("projects.delay", key=project.key, delay_id=delay.id),
                evidence=len(delay.evidence),
                id=delay.id,
            )
            for delay in said
        ],
    )


def _told(row: RecordedEvent) -> str:
    """Why something was done, as its event says."""
    if row.name in lost_days.REPLANNED:
        return _("Working days were changed: %(changes)s", changes=row.payload.get("change") or "")
    return reasons.words_of_json(row.payload.get("because")) or str(row.payload.get("reason") or "")


def _unexplained(one: Booking, found: lost_days.LostDays) -> str:
    if one.step is None and found.replanned:
        return _(
            "Working days were changed: %(changes)s",
            changes=listed(change_title(*one) for one in found.replanned),
        )
    if one.step is None:
        return _("The plan was changed since, or its working days.")
    return _("No cause is entered; it counts for whoever is accountable.")


def _refs(one: Booking) -> list[tuple[str, int]]:
    parted = [ref.partition(" ") for ref in one.refs]
    return [(kind, int(number)) for kind, _space, number in parted]
