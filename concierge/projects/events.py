"""What happened to projects."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from concierge.platform.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class DateMove:
    """The dates of one milestone before and after; None where there were none."""

    milestone_id: int
    name: str
    start_before: date | None
    start_after: date | None
    finish_before: date | None
    finish_after: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectEvent(Event):
    """Something that happened to one project."""

    project_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanEvent(ProjectEvent):
    """Something that may move dates; carries every date that moved with it."""

    moves: tuple[DateMove, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectCreated(ProjectEvent):
    """An order became a project with a laid-out plan."""

    order_id: int
    key: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanRenewed(ProjectEvent):
    """A draft's plan was laid out again from its order and playbooks."""

    reason: str
    because: dict[str, Any] = field(default_factory=dict)
    """What it happened for when nobody gave a reason of their own, as ``reasons.Reason.as_json``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanApproved(ProjectEvent):
    """The plan was approved: its dates are promised and kept as a baseline."""

    baseline_id: int
    handover_on: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DatesPromised(ProjectEvent):
    """Other dates are promised from now on, as agreed; the older ones stay in the baselines."""

    baseline_id: int
    handover_before: date | None
    handover_on: date | None
    reason: str
    is_agreed: bool = False
    """Whether the customer asked for these dates or agreed to them."""
    because: dict[str, Any] = field(default_factory=dict)
    """What it happened for when nobody gave a reason of their own, as ``reasons.Reason.as_json``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BaselineTaken(ProjectEvent):
    """A person kept the plan as it was at that moment under a name; no date changed."""

    baseline_id: int
    number: int
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MilestoneMoved(PlanEvent):
    """A person moved a milestone to start on another day."""

    milestone_id: int
    name: str
    to: date
    reason: str
    because: dict[str, Any] = field(default_factory=dict)
    """What it happened for when nobody gave a reason of their own, as ``reasons.Reason.as_json``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ForecastChanged(PlanEvent):
    """Dates followed what happened or the passing of days, without a person moving them."""

    cause: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanReplanned(PlanEvent):
    """A working calendar that the plan counts in was changed, and its dates with it; promises stay."""

    proposal_id: int
    change: str
    is_back: bool = False
    """Whether an earlier change was taken back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanReplannedAmongMany(PlanEvent):
    """The same in one of so many projects that visits and checklists follow each on its own, a little later."""

    proposal_id: int
    change: str
    is_back: bool = False
    """Whether an earlier change was taken back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MilestoneStarted(PlanEvent):
    """Work on a milestone began."""

    milestone_id: int
    name: str
    on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class MilestoneFinished(PlanEvent):
    """A milestone was reached."""

    milestone_id: int
    name: str
    on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class MilestoneBlocked(PlanEvent):
    """A milestone cannot go on."""

    milestone_id: int
    name: str
    cause: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MilestoneUnblocked(PlanEvent):
    """A milestone can go on again."""

    milestone_id: int
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MilestoneReopened(PlanEvent):
    """A milestone that was started or done is not."""

    milestone_id: int
    name: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MilestoneAdded(PlanEvent):
    """A milestone that no playbook knows joined one project's plan."""

    milestone_id: int
    name: str
    visit: str = ""
    """Kind of the visit that it asks for; empty: none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MilestoneSplit(PlanEvent):
    """A milestone became two that follow each other."""

    milestone_id: int
    name: str
    rest_id: int
    rest_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MilestoneSkipped(PlanEvent):
    """A milestone was left out of one project's plan; what waited for it waits for what it waited for."""

    milestone_id: int
    name: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MilestoneRestored(PlanEvent):
    """A milestone that was left out is in the plan again."""

    milestone_id: int
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MilestoneShaped(PlanEvent):
    """How long a milestone takes, in whose days, between which days, or what it waits for was changed."""

    milestone_id: int
    name: str
    changed: dict[str, tuple[str, str]]
    """Before and after as plain values, by what changed; what it waits for under ``link <key> <kind>``."""
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GoLiveRequired(PlanEvent):
    """The customer requires a go-live, or none any more; the plan may be counted back from it."""

    required_on: date | None
    counting: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectHeld(PlanEvent):
    """A project rests, for a reason that somebody gave."""

    hold_id: int
    cause: str
    party: str
    reason: str
    first_on: date
    expected_on: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ResumeExpected(PlanEvent):
    """A project that rests is expected to go on on another day."""

    hold_id: int
    expected_on: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectResumed(PlanEvent):
    """Work on a project went on; the working days it rested are counted."""

    hold_id: int
    on: date
    workdays: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MilestoneReassigned(ProjectEvent):
    """Another person or team is accountable."""

    milestone_id: int
    name: str
    team: str
    owner_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectReassigned(ProjectEvent):
    """Another concierge looks after the project."""

    concierge_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectFinished(ProjectEvent):
    """Every milestone is reached."""

    on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectReopened(ProjectEvent):
    """A finished project has open milestones again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectCancelled(ProjectEvent):
    """The project ends without handover; coming visits are cancelled."""

    reason: str
    because: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class GateCleared(ProjectEvent):
    """Nothing holds shipping or installation any more."""

    gate: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GateHeld(ProjectEvent):
    """Something holds shipping or installation again."""

    gate: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GateOverridden(ProjectEvent):
    """A named person lets something pass although it is not ready."""

    gate: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteWritten(ProjectEvent):
    """Somebody of the staff wrote something down."""

    note_id: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteChanged(ProjectEvent):
    """A note says something else now."""

    note_id: int
    text_before: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteRemoved(ProjectEvent):
    """A note was taken away; its text stays here."""

    note_id: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitRecorded(ProjectEvent):
    """The serial number on an instrument or part was noted."""

    unit_id: int
    order_line_id: int
    serial: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitRemoved(ProjectEvent):
    """A serial number was taken away."""

    unit_id: int
    order_line_id: int
    serial: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposalMade(ProjectEvent):
    """An order document asks for something that a person has to decide."""

    proposal_id: int
    kind: str
    note: str
    """What the buyer said."""
    lines: Mapping[str, int] = field(default_factory=dict)
    """How many lines of the order are ``added``, ``changed`` and ``removed``."""
    asks_dates: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposalDecided(ProjectEvent):
    """A person accepted or dismissed a proposal."""

    proposal_id: int
    kind: str
    accepted: bool
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkingDaysPutBack(Event):
    """A change of working days was taken back, or made again; plans say so for themselves."""

    act: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ActUndone(PlanEvent):
    """What a person did was taken back, or done again: its rows are as they were."""

    act: str
    undone: str
    """Name of the event that told of it, and in ``told`` what it said."""
    told: dict[str, Any]
    is_again: bool = False
    """Whether the taking back was taken back."""
    is_behind: bool = False
    """Whether the world went on meanwhile, so that what is computed has to be computed anew."""
    done_at: datetime | None = None
    """When the act was done that was taken back."""
    letters: int = 0
    """How many letters to the customer went out since then; they stay sent."""
    touched: dict[str, tuple[int, ...]] = field(default_factory=dict)
    """Ids of the rows that were put back, by table; what follows is for the slices that own them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DelayEntered(ProjectEvent):
    """Something costs days; `last_on` is None while it lasts, `milestone_id` None for the whole project."""

    delay_id: int
    milestone_id: int | None
    name: str
    party: str
    team: str
    cause: str
    first_on: date
    last_on: date | None
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DelayAmended(DelayEntered):
    """What is said about a delay was corrected; ``before`` is what was said."""

    before: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class DelayClosed(ProjectEvent):
    """A delay ended."""

    delay_id: int
    milestone_id: int | None
    cause: str
    first_on: date
    last_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class DelayWithdrawn(ProjectEvent):
    """A delay was entered by mistake; ``before`` is what it said."""

    delay_id: int
    reason: str
    before: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class DelayEvidenceLinked(ProjectEvent):
    """Something shows that a delay was as it is said."""

    delay_id: int
    evidence_id: int
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DelayCommented(ProjectEvent):
    """A party said something to a delay."""

    delay_id: int
    party: str
    name: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaybookAdopted(PlanEvent):
    """A running project took over a newer version of its playbook; its own changes and what is done stayed."""

    playbook: str
    version_id: int
    version_before_id: int
    number: int
    number_before: int
    added: tuple[str, ...] = ()
    """English names of milestones that joined the plan."""
    removed: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed_ids: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldsChanged(ProjectEvent):
    """Fields of the company's own were filled in or changed; each as name, value before and after."""

    changes: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageSent(ProjectEvent):
    """A letter that the playbook asks for went to the customer, and said a date."""

    key: str
    subject: str
    milestone_id: int
    name: str
    on: date | None
    language: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectReminded(ProjectEvent):
    """The customer is to be reminded of what is open before shipping or installation."""

    open_items: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectTakenOver(ProjectEvent):
    """A project that was under way elsewhere goes on here, with its promises and what was done."""

    external_key: str
    baseline_id: int
    handover_on: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectBroughtUpToDate(PlanEvent):
    """The system that a project was imported from says something new of it."""

    external_key: str
    changed: tuple[Mapping[str, str], ...]
    """What changed; `projects.actions.sheet.change_words` puts each into words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewSaved(Event):
    """Somebody keeps a list of projects under a name."""

    view_id: int
    name: str
    is_shared: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewChanged(Event):
    """A kept list has another name, or is shared with everybody, or no longer."""

    view_id: int
    name: str
    is_shared: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewDeleted(Event):
    """A kept list is forgotten."""

    view_id: int
    name: str
