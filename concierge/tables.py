"""Every table there is: importing this module makes the metadata whole."""

from concierge.accounts import models as accounts
from concierge.catalogue import models as catalogue
from concierge.dispatch import models as dispatch
from concierge.enquiries import models as enquiries
from concierge.equipment import models as equipment
from concierge.feeds import models as feeds
from concierge.fieldwork import models as fieldwork
from concierge.identity import models as identity
from concierge.invitations import models as invitations
from concierge.orders import models as orders
from concierge.platform import deliveries, events, files, incoming, jobs, limits, mail, once, searching, undo
from concierge.projects import models as projects
from concierge.readiness import models as readiness
from concierge.visits import models as visits
from concierge.workforce import models as workforce

ALL = (
    identity,
    accounts,
    catalogue,
    workforce,
    orders,
    equipment,
    projects,
    visits,
    readiness,
    feeds,
    invitations,
    dispatch,
    fieldwork,
    enquiries,
    deliveries,
    events,
    files,
    incoming,
    jobs,
    limits,
    mail,
    once,
    searching,
    undo,
)

TRACKED = (
    undo.Tracked(
        projects.Project,
        computed=frozenset(
            {
                "health",
                "health_facts",
                "forecast_handover_on",
                "slip_workdays",
                "stage",
                "stage_since_on",
                "chance_percent",
                "handover_p50_on",
                "handover_p80_on",
                "handover_p90_on",
                "forecast_basis",
                "conflicts",
                "conflict_count",
                "search",
            }
        ),
    ),
    undo.Tracked(
        projects.Milestone,
        computed=frozenset(
            {
                "derived_start_on",
                "derived_on",
                "forecast_start_on",
                "forecast_on",
                "p50_on",
                "p80_on",
                "p90_on",
                "driver",
                "slack_workdays",
                "free_workdays",
            }
        ),
    ),
    undo.Tracked(projects.MilestoneLink),
    undo.Tracked(projects.ProjectPlaybook),
    undo.Tracked(projects.FieldValue),
    undo.Tracked(projects.Gate, computed=frozenset({"open_items", "holding", "percent"})),
    undo.Tracked(projects.Hold),
    undo.Tracked(projects.Delay),
    undo.Tracked(projects.Proposal),
    undo.Tracked(projects.CalendarProposal),
    undo.Tracked(orders.Order, computed=frozenset({"search"})),
    undo.Tracked(accounts.SiteClosure),
    undo.Tracked(accounts.SiteHours),
    undo.Tracked(equipment.Asset),
    undo.Tracked(visits.WorkOrder),
    undo.Tracked(visits.Visit, counters=frozenset({"sequence"})),
    undo.Tracked(visits.VisitTechnician),
    undo.Tracked(visits.VisitAttendee),
    undo.Tracked(invitations.TimeProposal),
    undo.Tracked(dispatch.PlanningProposal, computed=frozenset({"refusal"})),
    undo.Tracked(
        readiness.Checklist,
        computed=frozenset({"anchor_on", "install_on", "ready_lost_at", "ready_lost"}),
    ),
    undo.Tracked(readiness.ReadinessItem, computed=frozenset({"due_on"})),
    undo.Tracked(readiness.ItemAnswer),
    undo.Tracked(readiness.Waiver),
    undo.Tracked(readiness.ReadinessSignature),
    undo.Tracked(catalogue.Playbook, computed=frozenset({"search"})),
    undo.Tracked(catalogue.PlaybookVersion),
    undo.Tracked(catalogue.PlaybookMilestone),
    undo.Tracked(catalogue.PlaybookLink),
    undo.Tracked(catalogue.PlaybookVisit),
    undo.Tracked(catalogue.PlaybookStep),
    undo.Tracked(catalogue.PlaybookItem),
    undo.Tracked(catalogue.PlaybookMessage),
    undo.Tracked(catalogue.PlaybookField),
    undo.Tracked(catalogue.Course),
    undo.Tracked(catalogue.Product, computed=frozenset({"search"})),
    undo.Tracked(workforce.Closure),
    undo.Tracked(workforce.Absence),
    undo.Tracked(workforce.LeaveRequest),
    undo.Tracked(workforce.Technician),
    undo.Tracked(workforce.TechnicianHours),
    undo.Tracked(workforce.OtherHours),
    undo.Tracked(workforce.Capacity),
    undo.Tracked(workforce.Skill),
    undo.Tracked(workforce.Territory),
    undo.Tracked(workforce.TerritoryPart),
    undo.Tracked(workforce.ServedTerritory),
    undo.Tracked(workforce.Office),
)
"""What can be taken back: see ``platform/undo.py``. Who may see a project follows from who goes there."""
GOING_ALONG = (
    projects.DateChange,
    projects.PastCase,
    projects.CalendarProposalMove,
    projects.MilestoneCrew,
    visits.Claim,
    visits.BrokenRule,
    dispatch.PlanningProposal,
)
"""What is noted of a row and may go with it when the act that made it is taken back."""
