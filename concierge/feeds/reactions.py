"""What feeds do when something happens elsewhere: entries are written again in the same transaction."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from concierge.accounts.events import AccountRenamed, ContactChanged, SiteChanged
from concierge.feeds import queries
from concierge.feeds.actions import addresses, writing
from concierge.feeds.states import Scope, Subject
from concierge.identity.events import (
    AccessDisabled,
    PersonAdded,
    PersonInvited,
    ProfileChanged,
    RoleChanged,
)
from concierge.identity.models import User
from concierge.identity.permissions import Role
from concierge.platform import clock
from concierge.platform.database import db
from concierge.platform.events import together, unseen
from concierge.platform.mail import Attachment
from concierge.projects.events import ActUndone, PlanEvent, ProjectEvent, WorkingDaysPutBack
from concierge.readiness import reactions as in_readiness
from concierge.readiness.events import ChecklistPrinted
from concierge.visits.events import VisitCancelled, VisitEvent, ZoneRulesChanged
from concierge.visits.models import Visit

VISITS_IN_A_LETTER = 8


class AboutPerson(Protocol):
    """An event about somebody's absences, or about what their own calendars say."""

    @property
    def at(self) -> datetime:
        """When it happened."""

    @property
    def user_id(self) -> int:
        """Whose."""


class AboutTurn(Protocol):
    """An event about one on-call turn."""

    @property
    def at(self) -> datetime:
        """When it happened."""

    @property
    def turn_id(self) -> int:
        """Which."""


def write_visits(events: Sequence[VisitEvent]) -> None:
    """Write the entries of many visits at once."""
    writing.write_entries([event.visit_id for event in events], at=max(event.at for event in events))


def write_milestones_of_many(events: Sequence[ProjectEvent]) -> None:
    """Write all milestones of many projects; of those whose milestones left the plan, each project's own."""
    whole = [event for event in events if not getattr(event, "removed_ids", ())]
    ids = {event.project_id for event in whole if event.project_id is not None}
    if ids:
        writing.write_milestones_of_many(ids, at=max(event.at for event in whole))
    for event in events:
        if event not in whole:
            write_milestones(event)


@unseen
@together(write_visits)
def write_visit(event: VisitEvent) -> None:
    """Write the entry of the visit into every calendar that shows it."""
    writing.write_entries((event.visit_id,), at=event.at)


@unseen
def write_turn(event: AboutTurn) -> None:
    """Write the entry of the on-call turn into every calendar that shows it."""
    writing.write(Subject.TURN, (event.turn_id,), at=event.at)


@unseen
def write_moved_milestones(event: PlanEvent) -> None:
    """Write the milestones that moved, and the one that it is about; one question where no calendar shows them."""
    ids = {move.milestone_id for move in event.moves}
    for name in ("milestone_id", "rest_id"):
        if (about := getattr(event, name, None)) is not None:
            ids.add(about)
    if ids:
        writing.write_milestones(event.project_id, at=event.at, milestone_ids=ids)


@unseen
@together(write_milestones_of_many)
def write_milestones(event: ProjectEvent) -> None:
    """Write all milestones of the project, also those that left its plan; one question where none is shown."""
    writing.write_milestones(event.project_id, at=event.at, removed_ids=getattr(event, "removed_ids", ()))


def write_undone(event: ActUndone) -> None:
    """Write the entries of visits and milestones that are as they were before an act."""
    writing.write_entries(event.touched.get("visits", ()), at=event.at)
    if event.project_id is not None and {"milestones", "projects"} & event.touched.keys():
        writing.write_milestones(
            event.project_id, at=event.at, removed_ids=event.touched.get("milestones", ())
        )
    if "absences" in event.touched:
        writing.draw_free_busy(None, at=event.at)


def write_visits_of_account(event: AccountRenamed) -> None:
    """Write the entries, and the names of calendars, that show the account's name."""
    writing.write_entries(queries.visits_at_account(event.account_id), at=event.at)
    projects = queries.projects_at_account(event.account_id)
    for project_id in projects:
        writing.write_milestones(project_id, at=event.at)
    sites = queries.sites_of_account(event.account_id)
    writing.rename_calendars(Scope.PROJECT, map(str, projects), at=event.at)
    writing.rename_calendars(Scope.SITE, map(str, sites), at=event.at)


def write_visits_of_site(event: SiteChanged) -> None:
    """Write the entries that show the site's name, address, town or zone."""
    writing.write_entries(queries.visits_at_site(event.site_id), at=event.at)
    if "zone" in event.changed:
        for project_id in queries.projects_at_site(event.site_id):
            writing.write_milestones(project_id, at=event.at)
    writing.rename_calendars(Scope.SITE, (str(event.site_id),), at=event.at)


def write_calendar_of_person(event: ProfileChanged) -> None:
    """Write a person's calendars with their name, in their language, and their days in their zone."""
    writing.rename_calendars(Scope.PERSON, (str(event.user_id),), at=event.at)
    writing.write(Subject.TURN, queries.turns_of_person(event.user_id), at=event.at)
    writing.draw_free_busy((event.user_id,), at=event.at)
    addresses.follow_language(queries.active_feeds(user_id=event.user_id), at=event.at)


def write_calendar_of_contact(event: ContactChanged) -> None:
    """Write a contact's calendars in the language that they read now."""
    addresses.follow_language(queries.active_feeds(contact_id=event.contact_id), at=event.at)


@unseen
def renew_free_busy(event: AboutPerson) -> None:
    """Give a person's free and busy times a new version; for absences and for their own calendars."""
    writing.draw_free_busy((event.user_id,), at=event.at)


@unseen
def renew_all_free_busy(event: WorkingDaysPutBack) -> None:
    """Give everybody's free and busy times a new version: absences may be as they were."""
    writing.draw_free_busy(None, at=event.at)


@unseen
def write_by_new_rules(event: ZoneRulesChanged) -> None:
    """Write the turns whose instants are others by new rules of time zones; visits tell of themselves."""
    writing.write(Subject.TURN, event.turn_ids, at=event.at)
    writing.draw_free_busy(None, at=event.at)


def give_address(event: PersonInvited | PersonAdded) -> None:
    """Give a new technician a calendar address from the first day."""
    person = db.session.get_one(User, event.user_id)
    if person.role is Role.TECHNICIAN and queries.active_feed_of(person.id) is None:
        addresses.create_address(person, actor_id=event.actor_id, at=event.at)


def end_addresses(event: AccessDisabled) -> None:
    """Withdraw the calendar addresses of somebody who may no longer sign in."""
    addresses.revoke_all(queries.active_feeds(user_id=event.user_id), actor_id=event.actor_id, at=event.at)


def end_addresses_without_right(event: RoleChanged) -> None:
    """Withdraw the addresses of what somebody in another role may not see."""
    lost = queries.feeds_without_right(user_ids=(event.user_id,))
    addresses.revoke_all(lost, actor_id=event.actor_id, at=event.at)


def end_addresses_of_gone(event: VisitEvent) -> None:
    """Withdraw at once the addresses of projects and sites that somebody no longer goes to."""
    gone = set(event.technicians_before) - set(event.technicians_after)
    if isinstance(event, VisitCancelled):
        gone = {*event.technicians_before, *event.technicians_after}
    if gone:
        lost = queries.feeds_without_right(user_ids=gone)
        addresses.revoke_all(lost, actor_id=event.actor_id, at=event.at)


def mail_checklist(event: ChecklistPrinted) -> None:
    """Send a print of the checklist to the customer's contact, with the coming visits as calendar files."""
    if event.project_id is None:
        return
    at = clock.now()
    coming = queries.coming_visits(event.project_id, at=at, at_most=VISITS_IN_A_LETTER)
    calendars = tuple(
        Attachment(
            _file_name(visit), "text/calendar", queries.visit_file(visit.id, language=event.language, at=at)
        )
        for visit in coming
    )
    visits = [(_file_name(visit), shown) for visit, shown in queries.days_of_visits(coming)]
    in_readiness.post_checklist(event, calendars=calendars, visits=visits)


def _file_name(visit: Visit) -> str:
    return f"{visit.kind.value.replace(' ', '-')}-{visit.starts_local:%Y-%m-%d}.ics"
