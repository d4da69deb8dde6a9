"""What feeds do when something happens elsewhere: entries are written again in the same transaction."""

from collections.abc import Sequence
from datetime import datetime

from concierge.accounts.events import AccountRenamed, SiteChanged
from concierge.catalogue.states import VisitKind
from concierge.feeds import queries
from concierge.feeds.actions import addresses, writing
from concierge.identity.events import AccessDisabled, PersonAdded, PersonInvited, ProfileChanged
from concierge.identity.models import User
from concierge.identity.permissions import Role
from concierge.platform import clock
from concierge.platform.database import db
from concierge.platform.events import unseen
from concierge.platform.mail import Attachment
from concierge.projects.actions import promising
from concierge.projects.events import ActUndone
from concierge.projects.models import Project
from concierge.projects.states import ShownOn
from concierge.readiness import reactions as in_readiness
from concierge.readiness.events import ChecklistPrinted
from concierge.visits.events import VisitEvent
from concierge.visits.models import Visit

VISITS_IN_A_LETTER = 8


@unseen
def write_visit(event: VisitEvent) -> None:
    """Write the entry of the visit for everybody on it."""
    writing.write_entries((event.visit_id,), at=event.at)


def write_undone(event: ActUndone) -> None:
    """Write the entries of visits that are as they were before an act."""
    writing.write_entries(event.touched.get("visits", ()), at=event.at)


def write_visits_of_account(event: AccountRenamed) -> None:
    """Write the entries that show the account's name."""
    writing.write_entries(queries.visits_at_account(event.account_id), at=event.at)


def write_visits_of_site(event: SiteChanged) -> None:
    """Write the entries that show the site's name, address or town."""
    writing.write_entries(queries.visits_at_site(event.site_id), at=event.at)


def write_calendar_of_person(event: ProfileChanged) -> None:
    """Write a person's whole calendar in their language, with their name."""
    if queries.active_feed_of(event.user_id) is not None or queries.visits_of_owner(event.user_id):
        writing.write_entries(queries.visits_of_owner(event.user_id), at=event.at)
        writing.draw_version(event.user_id, at=event.at)


def give_address(event: PersonInvited | PersonAdded) -> None:
    """Give a new technician a calendar address from the first day."""
    person = db.session.get_one(User, event.user_id)
    if person.role is Role.TECHNICIAN and queries.active_feed_of(person.id) is None:
        addresses.create_address(person, actor_id=event.actor_id, at=event.at)


def end_addresses(event: AccessDisabled) -> None:
    """Withdraw the calendar addresses of somebody who may no longer sign in."""
    while (feed := queries.active_feed_of(event.user_id)) is not None:
        addresses.revoke(feed, actor_id=event.actor_id, at=event.at)


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
    project = in_readiness.post_checklist(event, calendars=calendars)
    if project is not None:
        _note_shown(project, coming, at=at)


def _file_name(visit: Visit) -> str:
    return f"{visit.kind.value.replace(' ', '-')}-{visit.starts_local:%Y-%m-%d}.ics"


def _note_shown(project: Project, coming: Sequence[Visit], *, at: datetime) -> None:
    """A visit's file tells the customer when its milestone will be reached; a call only talks about it."""
    keys = {milestone.id: milestone.key for milestone in project.milestones}
    for visit in coming:
        key = keys.get(visit.milestone_id or 0)
        if key is None or visit.kind is VisitKind.REMOTE_CALL:
            continue
        shown = promising.ShownDate(key, visit.ends_local.date(), visit.starts_local.date())
        promising.note_shown(
            project, (shown,), shown_on=ShownOn.FEED, reference=_file_name(visit), at=at, by_id=None
        )
