"""Roles and what each may do."""

from enum import Enum


class Role(Enum):
    """What a person does in the company."""

    CONCIERGE = "concierge"
    DISPATCHER = "dispatcher"
    TECHNICIAN = "technician"
    MANAGER = "manager"
    ADMINISTRATOR = "administrator"


class Permission(Enum):
    """One thing that a page may ask for."""

    SIGNED_IN = "signed in"
    SEE_PROJECTS = "see projects"
    EDIT_PROJECTS = "edit projects"
    APPROVE_PLANS = "approve plans"
    OVERRIDE_GATES = "override gates"
    SEE_ORDERS = "see orders"
    IMPORT_ORDERS = "import orders"
    SEE_VISITS = "see visits"
    SCHEDULE_VISITS = "schedule visits"
    WORK_VISITS = "work on own visits"
    MANAGE_WORKFORCE = "manage technicians and their leave"
    SEE_CHECKLISTS = "see checklists"
    ANSWER_CHECKLISTS = "answer checklists"
    SEE_ACCOUNTS = "see accounts"
    EDIT_ACCOUNTS = "edit accounts"
    ASK_WHEN = "ask when"
    SEE_PLAYBOOKS = "see playbooks"
    EDIT_CATALOGUE = "match and edit the catalogue"
    SEE_PEOPLE = "see people"
    MANAGE_PEOPLE = "manage people"
    MANAGE_FEEDS = "manage calendar addresses of others"
    OPERATE = "see mail, deliveries and jobs of everybody"


_EVERYBODY = {Permission.SIGNED_IN}
_TECHNICIAN = _EVERYBODY | {
    Permission.SEE_PROJECTS,
    Permission.SEE_VISITS,
    Permission.WORK_VISITS,
    Permission.SEE_CHECKLISTS,
    Permission.ANSWER_CHECKLISTS,
    Permission.SEE_PLAYBOOKS,
}
_OFFICE = _TECHNICIAN | {
    Permission.SEE_ORDERS,
    Permission.SEE_ACCOUNTS,
    Permission.SEE_PEOPLE,
    Permission.SCHEDULE_VISITS,
}
_CONCIERGE = _OFFICE | {
    Permission.EDIT_PROJECTS,
    Permission.APPROVE_PLANS,
    Permission.IMPORT_ORDERS,
    Permission.EDIT_ACCOUNTS,
    Permission.ASK_WHEN,
    Permission.EDIT_CATALOGUE,
}
_MANAGER = _CONCIERGE | {
    Permission.OVERRIDE_GATES,
    Permission.MANAGE_FEEDS,
    Permission.MANAGE_WORKFORCE,
}

MAY: dict[Role, frozenset[Permission]] = {
    Role.TECHNICIAN: frozenset(_TECHNICIAN),
    Role.DISPATCHER: frozenset(_OFFICE | {Permission.MANAGE_FEEDS, Permission.MANAGE_WORKFORCE}),
    Role.CONCIERGE: frozenset(_CONCIERGE | {Permission.OVERRIDE_GATES}),
    Role.MANAGER: frozenset(_MANAGER),
    Role.ADMINISTRATOR: frozenset(Permission),
}
"""Every permission of every role; the route matrix in the tests is read against this table."""
