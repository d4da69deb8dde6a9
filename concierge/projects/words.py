"""The closed lists of lost days and forecasts in the reader's words."""

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _
from flask_babel import ngettext

from concierge.core.forecast import ENOUGH_CASES, Level
from concierge.platform import clock
from concierge.platform.words import day, instant
from concierge.projects.models import Baseline, Project, Proposal
from concierge.projects.reasons import Because, Reason, words
from concierge.projects.states import Party, ProjectState, ProposalState

EVEN_CHANCE = 50
"""Below so many per cent a promise is missed more often than kept, whatever the plan says."""


def party_words() -> Mapping[Party, str]:
    """To whom a lost day is booked."""
    return {
        Party.CUSTOMER: _("Customer"),
        Party.US: _("Us"),
        Party.CARRIER: _("Carrier or customs"),
        Party.SUPPLIER: _("Supplier"),
        Party.AGREED: _("Agreed change"),
        Party.CONCURRENT: _("Several at once"),
        Party.NONE: _("Nobody named"),
    }


def level_words() -> Mapping[Level, str]:
    """What the cases of a group have in common."""
    return {
        Level.MODEL_REGION_PARTY: _("same milestone, instrument, country and party"),
        Level.MODEL_PARTY: _("same milestone, instrument and party"),
        Level.KIND_PARTY: _("same milestone and party, any instrument"),
        Level.KIND: _("same milestone, any party"),
        Level.ALL: _("all milestones"),
        Level.NONE: _("too few cases of any kind"),
    }


def baseline_name(baseline: Baseline, zone: str) -> str:
    """What a baseline is called: as the person did who took it, or by what it was taken for by itself.

    :param zone: of the site, whose days name it.
    """
    match baseline.because:
        case Because.APPROVED:
            return _("First plan")
        case Because.AGREED | Because.ORDER_ASKS:
            return _("Agreed on %(day)s", day=day(clock.day_at(baseline.taken_at, zone)))
        case Because.PROMISED:
            return _("Promised on %(day)s", day=day(clock.day_at(baseline.taken_at, zone)))
        case Because.TAKEN_OVER:
            return _("As taken over")
        case Because.SHEET_SAYS:
            return _("Import of %(when)s", when=instant(baseline.taken_at, zone))
    return baseline.name


def baseline_note(baseline: Baseline) -> str:
    """Why a baseline was taken."""
    return words(Reason(baseline.because, said=baseline.note))


def change_title(title: str, is_back: bool) -> str:
    """What a change of working days is called; when it takes an earlier one back, after that."""
    return _("%(change)s, taken back", change=title) if is_back else title


def lines_words(lines: Mapping[str, int]) -> str:
    """What a change of an order does to lines, which an approved plan does not follow by itself.

    :param lines: how many are ``added``, ``changed`` and ``removed``; empty: none.
    """
    said = {
        "added": _("%(num)s new", num=lines.get("added")),
        "changed": _("%(num)s changed", num=lines.get("changed")),
        "removed": _("%(num)s cancelled", num=lines.get("removed")),
    }
    counts = ", ".join(words for what, words in said.items() if lines.get(what))
    if not counts:
        return ""
    return _(
        "Lines of the order: %(counts)s. The plan's milestones stay as they are; check that they fit.",
        counts=counts,
    )


def decision_words(proposal: Proposal) -> str:
    """What became of what an order document asks, and why; empty while nobody has decided."""
    match proposal.state:
        case ProposalState.ACCEPTED:
            said = _("This was accepted.")
        case ProposalState.DISMISSED if not proposal.reason:  # a person gives a reason
            said = _("A newer document asks for something else.")
        case ProposalState.DISMISSED:
            said = _("The plan was left as it is.")
        case _:
            return ""
    return f"{said} {proposal.reason}".strip()


def chance_words(project: Project, percent: int | None) -> str:
    """The chance of the promise in one sentence; empty where nothing is promised or forecast."""
    if percent is None or project.state is not ProjectState.LIVE:
        return ""
    if percent == 0:
        return _("In none of the cases that were tried is the promise kept.")
    said = ngettext(
        "In %(num)s of 100 cases the promise is kept.",
        "In %(num)s of 100 cases the promise is kept.",
        percent,
    )
    if percent < EVEN_CHANCE and project.slip_workdays <= 0:
        return said + " " + _("The plan holds it as long as nothing takes longer than planned.")
    return said


def basis_words(basis: Mapping[str, Any]) -> str:  # Any: plain values
    """What the chance was taken from, honest about what was too little."""
    milestones = int(basis.get("milestones") or 0)
    if not milestones:
        return ""
    levels = basis.get("levels") or {}
    near = sum(levels.get(level.value, 0) for level in (Level.MODEL_REGION_PARTY, Level.MODEL_PARTY))
    like = levels.get(Level.KIND_PARTY.value, 0) + levels.get(Level.KIND.value, 0)
    wide = levels.get(Level.ALL.value, 0)
    said = []
    if near:
        said.append(
            ngettext(
                "%(num)s open milestone is judged by cases of the same instrument.",
                "%(num)s open milestones are judged by cases of the same instrument.",
                near,
            )
        )
    if like:
        said.append(
            ngettext(
                "%(num)s open milestone is judged by cases of the same kind with any instrument.",
                "%(num)s open milestones are judged by cases of the same kind with any instrument.",
                like,
            )
        )
    if wide:
        said.append(
            ngettext(
                "%(num)s has fewer than %(enough)s like cases, so all milestones stand for it.",
                "%(num)s have fewer than %(enough)s like cases, so all milestones stand for them.",
                wide,
                enough=ENOUGH_CASES,
            )
        )
    left = int(basis.get("without_cases") or 0)
    if left:
        said.append(
            ngettext(
                "%(num)s has no past cases at all and is taken to go as planned.",
                "%(num)s have no past cases at all and are taken to go as planned.",
                left,
            )
        )
    return " ".join(said)
