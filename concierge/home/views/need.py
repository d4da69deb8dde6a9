"""One row of what needs somebody, and the words that its rows share."""

from dataclasses import dataclass
from datetime import date

from flask_babel import gettext as _
from flask_babel import ngettext

from concierge.home.agenda import Row
from concierge.identity.queries import Aside
from concierge.platform.words import day


@dataclass(frozen=True, slots=True)
class Need:
    """One row: what to do, why, by when, and where."""

    state: str
    icon: str
    title: str
    url: str
    why: str
    when: str
    note: str
    action: str
    """The word on the button; it leads to `url`."""
    key: str = ""
    level: int = 0
    """By which it is put aside; no key: it cannot be."""
    aside: Aside | None = None
    is_to_assign: bool = False


def need_by(
    on: date, today: date, *, state: str, icon: str, title: str, url: str, why: str, action: str
) -> Need:
    """A row about something that is due on a day."""
    return Need(state, icon, title, url, why, when=day(on), note=until(on, today), action=action)


def place(row: Row) -> str:
    return _("%(account)s, %(city)s", account=row.account, city=row.city or row.site)


def slips(row: Row) -> str:
    if row.slip_workdays <= 0:
        return _("The handover still holds.")
    return ngettext(
        "The handover slips by %(num)s working day.",
        "The handover slips by %(num)s working days.",
        row.slip_workdays,
    )


def until(day_on: date, today: date) -> str:
    days = (day_on - today).days
    if days < 0:
        return ngettext("%(num)s day ago", "%(num)s days ago", -days)
    if days == 0:
        return _("today")
    if days == 1:
        return _("tomorrow")
    return ngettext("in %(num)s day", "in %(num)s days", days)


def for_days(since: date | None, today: date) -> str:
    days = (today - since).days if since else 0
    return _("since today") if days <= 0 else ngettext("for %(num)s day", "for %(num)s days", days)


def waited(days: int) -> str:
    return _("today") if days <= 0 else ngettext("%(num)s day", "%(num)s days", days)
