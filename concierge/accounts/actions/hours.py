"""When a site lets us in: its week, its shutdowns and its frozen periods."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from itertools import pairwise

import sqlalchemy as sa
from flask_babel import gettext as _

from concierge.accounts.events import (
    SiteClosureChanged,
    SiteClosureEntered,
    SiteClosureRemoved,
    SiteHoursSet,
)
from concierge.accounts.models import Site, SiteClosure, SiteHours
from concierge.accounts.states import SiteClosureKind
from concierge.platform.database import db
from concierge.platform.errors import NotFound, Refused
from concierge.platform.events import record


@dataclass(frozen=True, slots=True, order=True)
class OpenHours:
    """A stretch of a weekday (Monday is 0) during which a site lets us in, wall time."""

    weekday: int
    opens: time
    closes: time


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosureDetails:
    """When and why a site is shut or frozen; both days included, both times None: whole days."""

    kind: SiteClosureKind
    name: str
    first_on: date
    last_on: date
    from_time: time | None = None
    to_time: time | None = None


def set_hours(site_id: int, *, hours: Sequence[OpenHours], actor_id: int | None, at: datetime) -> Site:
    """Say at which hours of the week a site lets us in; without any its country's week counts again.

    :raises Refused: when hours end before they begin, or overlap.
    :raises NotFound: when there is no such site.
    """
    site = _site(site_id)
    refuse_disorder(hours)
    db.session.execute(sa.delete(SiteHours).where(SiteHours.site_id == site.id))
    db.session.add_all(
        SiteHours(site_id=site.id, weekday=each.weekday, opens=each.opens, closes=each.closes)
        for each in sorted(hours)
    )
    db.session.flush()
    record(
        SiteHoursSet(
            at=at,
            actor_id=actor_id,
            account_id=site.account_id,
            site_id=site.id,
            name=site.name,
            hours=tuple(
                (each.weekday, f"{each.opens:%H:%M}", f"{each.closes:%H:%M}") for each in sorted(hours)
            ),
        )
    )
    return site


def enter_closure(
    site_id: int, *, details: ClosureDetails, actor_id: int | None, at: datetime
) -> SiteClosure:
    """Note a shutdown or a frozen period of a site.

    :raises Refused: when it ends before it begins, or has no name.
    :raises NotFound: when there is no such site.
    """
    refuse_bad_closure(details)
    site = _site(site_id)
    closure = SiteClosure(site_id=site.id)
    _write(closure, details)
    db.session.add(closure)
    db.session.flush()
    record(
        SiteClosureEntered(
            at=at,
            actor_id=actor_id,
            account_id=site.account_id,
            site_id=site.id,
            kind=closure.kind.value,
            name=closure.name,
            first_on=closure.first_on,
            last_on=closure.last_on,
        )
    )
    return closure


def change_closure(
    closure_id: int, *, details: ClosureDetails, actor_id: int | None, at: datetime
) -> SiteClosure:
    """Put a shutdown or frozen period on other days, or call it otherwise.

    :raises Refused: when it ends before it begins, or has no name.
    :raises NotFound: when it has been removed.
    """
    refuse_bad_closure(details)
    closure, site = _closure(closure_id)
    _write(closure, details)
    db.session.flush()
    record(
        SiteClosureChanged(
            at=at,
            actor_id=actor_id,
            account_id=site.account_id,
            site_id=site.id,
            kind=closure.kind.value,
            name=closure.name,
            first_on=closure.first_on,
            last_on=closure.last_on,
        )
    )
    return closure


def remove_closure(closure_id: int, *, actor_id: int | None, at: datetime) -> None:
    """Let work go on at a site on those days after all.

    :raises NotFound: when it has been removed.
    """
    closure, site = _closure(closure_id)
    db.session.delete(closure)
    db.session.flush()
    record(
        SiteClosureRemoved(
            at=at,
            actor_id=actor_id,
            account_id=site.account_id,
            site_id=site.id,
            kind=closure.kind.value,
            name=closure.name,
            first_on=closure.first_on,
            last_on=closure.last_on,
        )
    )


def refuse_disorder(hours: Sequence[OpenHours]) -> None:
    """Check the hours of a week.

    :raises Refused: when some end before they begin, or two overlap.
    """
    for each in hours:
        if each.closes <= each.opens:
            raise Refused(_("The site closes before it opens. Exchange the two access hours."))
    for before, after in pairwise(sorted(hours)):
        if before.weekday == after.weekday and after.opens < before.closes:
            raise Refused(_("Two stretches of one day overlap. Let the second begin after the first ends."))


def refuse_bad_closure(details: ClosureDetails) -> None:
    """Check a shutdown or frozen period.

    :raises Refused: when it ends before it begins, by day or by the clock, or has no name.
    """
    if not details.name.strip():
        raise Refused(_("Say what the closure is called, such as “Summer shutdown”."))
    if details.last_on < details.first_on:
        raise Refused(_("The last day of a closure cannot come before its first. Exchange the two."))
    if (details.from_time is None) != (details.to_time is None):
        raise Refused(
            _("A half day needs both hours. Enter from when until when, or neither for the whole day.")
        )
    if details.from_time is not None and details.to_time is not None and details.to_time <= details.from_time:
        raise Refused(_("The closed hours end before they begin. Exchange the two times."))


def _write(closure: SiteClosure, details: ClosureDetails) -> None:
    closure.kind, closure.name = details.kind, details.name
    closure.first_on, closure.last_on = details.first_on, details.last_on
    closure.from_time, closure.to_time = details.from_time, details.to_time


def _site(site_id: int) -> Site:
    site = db.session.get(Site, site_id)
    if site is None:
        raise NotFound
    return site


def _closure(closure_id: int) -> tuple[SiteClosure, Site]:
    closure = db.session.get(SiteClosure, closure_id)
    if closure is None:
        raise NotFound
    return closure, _site(closure.site_id)
