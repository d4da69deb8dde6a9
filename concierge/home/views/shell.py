"""What stands around every page of the staff: where one can go, who is here, what time it is."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from flask import current_app, request
from flask_login import current_user

from concierge.core.names import initials
from concierge.home import queries
from concierge.home.views.blueprint import bp
from concierge.identity.permissions import Permission, Role
from concierge.identity.viewer import Viewer
from concierge.platform import clock
from concierge.platform.speech import gettext as _
from concierge.projects import queries as projects


@dataclass(frozen=True, slots=True)
class Place:
    """A place one can go to from every page."""

    name: str
    url: str
    icon: str
    key: str = ""
    """The letter after G."""
    short: bool = False
    """Whether it stands in the bottom bar of small screens."""
    count: str = ""
    current: str = ""
    """`page` when one is there, `true` when one is somewhere below."""


@dataclass(frozen=True, slots=True)
class View:
    """A saved view: a list with its filters, and how much is in it."""

    name: str
    url: str
    state: str
    count: str
    current: bool = False


class Shell:
    """The frame as one viewer sees it; asks nothing before a template does."""

    def __init__(self, viewer: Viewer) -> None:
        self._viewer = viewer

    @property
    def name(self) -> str:
        """Who is signed in."""
        return self._viewer.name

    @property
    def keys(self) -> bool:
        """Whether single keys act."""
        return not self._viewer.keys_off

    @property
    def initials(self) -> str:
        """The letters on their badge."""
        return initials(self._viewer.name)

    @property
    def place(self) -> str:
        """The city their zone is named after."""
        return queries.city_of(self._viewer.zone)

    @property
    def clock(self) -> str:
        """What time it is where they are."""
        return f"{self._now:%H:%M}"

    @property
    def settings_url(self) -> str:
        """Where they change themselves."""
        return "/settings/me"

    @cached_property
    def nav(self) -> tuple[Place, ...]:
        """Where they may go, in the order of a day's work."""
        counts = self._counts
        goes = self._viewer.role is Role.TECHNICIAN
        mine = ((_("My day"), "/day", "smartphone", "y", True, None, Permission.WORK_VISITS),) if goes else ()
        return tuple(
            _place(name, url, icon, key=key, short=short, count=count)
            for name, url, icon, key, short, count, permission in (
                *mine,
                (_("Today"), "/today", "sun", "t", True, None, Permission.SIGNED_IN),
                (
                    _("Projects"),
                    "/projects",
                    "folder-kanban",
                    "p",
                    True,
                    counts.live,
                    Permission.SEE_PROJECTS,
                ),
                (_("Orders"), "/orders", "receipt-text", "o", True, counts.orders, Permission.SEE_ORDERS),
                (_("Enquiries"), "/enquiries", "handshake", "q", False, None, Permission.ASK_WHEN),
                (_("Visits"), "/visits", "calendar-check", "v", False, None, Permission.SEE_VISITS),
                (_("Dispatch"), "/dispatch", "chart-gantt", "d", False, None, Permission.SEE_PEOPLE),
                (_("Rota"), "/rota", "table-2", "", False, None, Permission.SEE_VISITS),
                (_("Calendar"), "/calendar", "calendar-days", "c", True, None, Permission.SIGNED_IN),
                (_("Accounts"), "/accounts", "building-2", "a", False, None, Permission.SEE_ACCOUNTS),
                (
                    _("Working days"),
                    "/calendars",
                    "calendar-range",
                    "w",
                    False,
                    None,
                    Permission.SEE_PROJECTS,
                ),
                (_("Letters"), "/letters", "send", "l", False, None, Permission.SEE_ACCOUNTS),
                (_("Playbooks"), "/playbooks", "list-checks", "b", False, None, Permission.SEE_PLAYBOOKS),
                (_("People"), "/people", "users", "e", False, None, Permission.SEE_PEOPLE),
                (_("Mail"), "/mail", "mail", "m", False, None, Permission.OPERATE),
            )
            if self._viewer.may(permission) and page_exists(url)
        )

    @cached_property
    def views(self) -> tuple[View, ...]:
        """Lists that are asked for every day; empty ones are left out."""
        if not self._viewer.may(Permission.SEE_PROJECTS) or not page_exists("/projects"):
            return ()
        counts = self._counts
        usual = (
            (_("Late"), "/projects?health=late", "bad", counts.late),
            (_("At risk"), "/projects?health=at+risk", "warn", counts.at_risk),
            (_("Waiting for approval"), "/projects?health=draft", "idle", counts.drafts),
        )
        here = request.full_path.replace("%20", "+").rstrip("?")
        shown = [
            View(name, url, state, _said(count), url == here) for name, url, state, count in usual if count
        ]
        for view, wanted, count in projects.views_with_counts(self._viewer):
            url, state = f"/projects?{view.query}".rstrip("?"), _state(wanted.health)
            shown.append(View(view.name, url, state, _said(count), url == here))
        return tuple(shown)

    @cached_property
    def _counts(self) -> queries.Counts:
        return queries.counts(self._viewer)

    @cached_property
    def _now(self) -> datetime:
        return clock.now().astimezone(ZoneInfo(self._viewer.zone))


@bp.app_context_processor
def _around() -> dict[str, Any]:  # Any: values for templates
    """Give every template the shell of whoever is signed in."""
    if not (request and current_user and current_user.is_authenticated):
        return {}
    return {"shell": Shell(current_user.viewer)}


def _place(name: str, url: str, icon: str, *, key: str, short: bool, count: int | None) -> Place:
    current = "page" if request.path == url else ("true" if request.path.startswith(url + "/") else "")
    return Place(name, url, icon, key, short, _said(count) if count is not None else "", current)


def _said(count: int) -> str:
    """A count as far as anybody reads."""
    most = projects.MOST_COUNTED
    return str(count) if count <= most else _("%(count)s+", count=f"{most:,}")


def _state(healths: Sequence[str]) -> str:
    """The colour of a view that shows one state of health."""
    return {"late": "bad", "at risk": "warn", "on track": "ok"}.get(healths[0], "idle") if healths else "idle"


def page_exists(path: str) -> bool:
    """Whether the application has a page there, so that no link leads nowhere."""
    known: frozenset[str] | None = current_app.extensions.get("concierge.home.pages")
    if known is None:
        known = frozenset(rule.rule for rule in current_app.url_map.iter_rules())
        current_app.extensions["concierge.home.pages"] = known
    return path in known
