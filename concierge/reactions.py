"""What follows from every event: ``now`` in the same transaction and in this order, ``later`` as deliveries."""

from concierge.accounts import events as accounts
from concierge.catalogue import events as catalogue
from concierge.feeds import events as feeds
from concierge.identity import events as identity
from concierge.orders import events as orders
from concierge.platform.events import Reaction, Reactions
from concierge.projects import events as projects
from concierge.readiness import events as readiness
from concierge.visits import events as visits

NOTHING = Reaction()

REACTIONS: Reactions = {
    # --- identity
    identity.PersonInvited: NOTHING,
    identity.PersonAdded: NOTHING,
    identity.PasswordResetAsked: NOTHING,
    identity.PasswordChosen: NOTHING,
    identity.RoleChanged: NOTHING,
    identity.AccessDisabled: NOTHING,
    identity.AccessRestored: NOTHING,
    identity.ProfileChanged: NOTHING,
    identity.SignedIn: NOTHING,
    identity.SessionsRevoked: NOTHING,
    # --- accounts
    accounts.AccountAdded: NOTHING,
    accounts.AccountRenamed: NOTHING,
    accounts.SiteAdded: NOTHING,
    accounts.SiteChanged: NOTHING,
    accounts.ContactAdded: NOTHING,
    accounts.ContactChanged: NOTHING,
    # --- catalogue
    catalogue.ProductAdded: NOTHING,
    catalogue.AliasAdded: NOTHING,
    catalogue.PlaybookPublished: NOTHING,
    # --- orders
    orders.OrderReceived: NOTHING,
    orders.OrderChanged: NOTHING,
    orders.OrderCancellationReceived: NOTHING,
    orders.OrderLineMatched: NOTHING,
    # --- projects
    projects.ProjectCreated: NOTHING,
    projects.PlanRenewed: NOTHING,
    projects.PlanApproved: NOTHING,
    projects.MilestoneMoved: NOTHING,
    projects.ForecastChanged: NOTHING,
    projects.MilestoneStarted: NOTHING,
    projects.MilestoneFinished: NOTHING,
    projects.MilestoneBlocked: NOTHING,
    projects.MilestoneUnblocked: NOTHING,
    projects.MilestoneReopened: NOTHING,
    projects.MilestoneReassigned: NOTHING,
    projects.ProjectReassigned: NOTHING,
    projects.ProjectFinished: NOTHING,
    projects.ProjectReopened: NOTHING,
    projects.ProjectCancelled: NOTHING,
    projects.GateCleared: NOTHING,
    projects.GateHeld: NOTHING,
    projects.GateOverridden: NOTHING,
    projects.ProposalMade: NOTHING,
    projects.ProposalDecided: NOTHING,
    # --- visits
    visits.VisitPlanned: NOTHING,
    visits.VisitMoved: NOTHING,
    visits.VisitNeedsDecision: NOTHING,
    visits.VisitDecided: NOTHING,
    visits.VisitChanged: NOTHING,
    visits.TechniciansAssigned: NOTHING,
    visits.VisitConfirmed: NOTHING,
    visits.VisitStateChanged: NOTHING,
    visits.VisitCancelled: NOTHING,
    # --- readiness
    readiness.ChecklistIssued: NOTHING,
    readiness.ChecklistRedated: NOTHING,
    readiness.ItemAnswered: NOTHING,
    readiness.ItemAccepted: NOTHING,
    readiness.ItemReopened: NOTHING,
    readiness.EvidenceAttached: NOTHING,
    readiness.ChecklistSent: NOTHING,
    # --- feeds
    feeds.AddressCreated: NOTHING,
    feeds.AddressRotated: NOTHING,
    feeds.AddressRevoked: NOTHING,
}
