"""Tables of projects: the plan, its dates, lost days, chances, calendar proposals, and how lists are kept."""

from concierge.projects.models.calendars import CalendarProposal, CalendarProposalMove
from concierge.projects.models.chances import Backtest, PastCase
from concierge.projects.models.dates import DateChange, Promise
from concierge.projects.models.delays import Delay, DelayComment, DelayEvidence, Hold
from concierge.projects.models.plan import (
    Baseline,
    BaselineMilestone,
    Gate,
    Milestone,
    MilestoneCrew,
    MilestoneLink,
    Project,
    ProjectCrew,
    ProjectPlaybook,
    Proposal,
)
from concierge.projects.models.portfolio import FieldValue, ProjectNote, SavedView, Unit

__all__ = [
    "Backtest",
    "Baseline",
    "BaselineMilestone",
    "CalendarProposal",
    "CalendarProposalMove",
    "DateChange",
    "Delay",
    "DelayComment",
    "DelayEvidence",
    "FieldValue",
    "Gate",
    "Hold",
    "Milestone",
    "MilestoneCrew",
    "MilestoneLink",
    "PastCase",
    "Project",
    "ProjectCrew",
    "ProjectNote",
    "ProjectPlaybook",
    "Promise",
    "Proposal",
    "SavedView",
    "Unit",
]
