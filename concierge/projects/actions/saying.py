"""Days and states in the words of whoever is refused something."""

from datetime import date

from babel.dates import format_date
from flask_babel import get_locale
from flask_babel import gettext as _

from concierge.projects.states import MilestoneState, ProjectState


def long_day(day: date | None) -> str:
    """A day with its year, as it stands in a sentence."""
    if day is None:
        return ""
    locale = get_locale() or "en"
    return format_date(day, "d. MMMM y" if str(locale).startswith("de") else "d MMMM y", locale=locale)


def project_is(state: ProjectState) -> str:
    """What a project is."""
    return {
        ProjectState.DRAFT: _("a draft"),
        ProjectState.LIVE: _("live"),
        ProjectState.DONE: _("done"),
        ProjectState.CANCELLED: _("cancelled"),
    }[state]


def milestone_is(state: MilestoneState) -> str:
    """What a milestone is."""
    return {
        MilestoneState.PLANNED: _("planned"),
        MilestoneState.STARTED: _("started"),
        MilestoneState.BLOCKED: _("blocked"),
        MilestoneState.DONE: _("done"),
        MilestoneState.SKIPPED: _("left out"),
    }[state]
