"""What waits for somebody: of each kind the gravest few, each read by an index, so that it costs the same everywhere.

Every question takes its rows in an order that an index has and stops after some; what is left out is only known to be
more. ``core/urgency.py`` says which of them is done first.
"""

from concierge.core.urgency import Kind
from concierge.home.agenda import of_people, of_plans, of_sites, of_visits
from concierge.home.agenda.asking import MOST, Found, Looking, Row
from concierge.identity.permissions import Permission

__all__ = ["MOST", "Found", "Looking", "Row", "all_matters"]


def all_matters(looking: Looking) -> dict[Kind, Found]:
    """Everything that waits for the viewer, by kind."""
    may = looking.viewer.may
    found = {
        Kind.BLOCKED: of_plans.blocked(looking),
        Kind.HOLD_OVER: of_plans.holds_over(looking),
        Kind.CONFLICT: of_plans.conflicts(looking),
        Kind.LATE: of_plans.late(looking),
        Kind.OVERDUE: of_plans.overdue(looking),
        Kind.GATE: of_plans.gates(looking),
        Kind.LOST: of_sites.lost(looking),
        Kind.CONTRADICTED: of_sites.contradicted(looking),
        Kind.REVIEW: of_sites.to_review(looking),
        Kind.DECISION: of_visits.to_decide(looking),
        Kind.UNASSIGNED: of_visits.unassigned(looking),
        Kind.UNANSWERED: of_sites.unanswered(looking),
        Kind.UNREACHED: of_sites.unreached(looking),
        Kind.OURS: of_sites.ours(looking),
    }
    if may(Permission.APPROVE_PLANS):
        found[Kind.PROPOSAL] = of_plans.proposals(looking)
        found[Kind.DRAFT] = of_plans.drafts(looking)
    if may(Permission.SCHEDULE_VISITS):
        found[Kind.CALENDAR] = of_plans.calendar_proposals(looking)
        found[Kind.FIELD] = of_visits.from_field(looking)
        found[Kind.AGAIN] = of_visits.again(looking)
        found[Kind.DECLINED] = of_visits.declined(looking)
        found[Kind.WISH] = of_visits.wishes(looking)
        found[Kind.OFFER] = of_visits.offers(looking)
        found[Kind.ANSWERS] = of_visits.answers(looking)
        found[Kind.UNFETCHED] = of_visits.unfetched(looking)
        found[Kind.TAKEN] = of_visits.taken(looking)
        found[Kind.UNREAD] = of_visits.unread(looking)
    if may(Permission.MANAGE_WORKFORCE):
        found[Kind.LEAVE] = of_people.leave(looking)
        found[Kind.EXPIRING] = of_people.expiring(looking)
    if may(Permission.EDIT_PROJECTS):
        found[Kind.QUESTION] = of_sites.questions(looking)
    if may(Permission.ASK_WHEN):
        found[Kind.HELD_UNITS] = of_plans.held_units(looking)
    if may(Permission.ANSWER_CHECKLISTS):
        found[Kind.CAME_BACK] = of_sites.came_back(looking)
    if may(Permission.EDIT_CATALOGUE):
        found[Kind.UNMATCHED] = of_plans.unmatched(looking)
    return found
