"""Find or do: pages, acts, projects, accounts and people by their names."""

from dataclasses import dataclass

from flask import make_response, render_template, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from concierge.home import queries
from concierge.home.views.blueprint import bp
from concierge.home.views.shell import Shell, page_exists
from concierge.identity.guard import requires, viewer
from concierge.identity.permissions import Permission
from concierge.identity.viewer import Viewer

LONGEST_QUERY = 100


@dataclass(frozen=True, slots=True)
class Hit:
    """One thing to go to."""

    icon: str
    name: str
    note: str
    url: str


@dataclass(frozen=True, slots=True)
class Group:
    """Hits of one kind."""

    name: str
    hits: tuple[Hit, ...]


@bp.get("/find")
@requires(Permission.SIGNED_IN)
def find() -> Response:
    """Answer a search: a whole page, or the list for the dialog that asked."""
    looking = viewer()
    text = request.args.get("q", "")[:LONGEST_QUERY].strip()
    is_part = request.headers.get("HX-Request") == "true"
    template = "home/_found.html" if is_part else "home/find.html"
    answer = make_response(render_template(template, text=text, groups=_groups(looking, text)))
    answer.headers["Vary"] = "HX-Request"
    return answer


def _groups(looking: Viewer, text: str) -> tuple[Group, ...]:
    found = queries.find(looking, text)
    pages = tuple(Hit(place.icon, place.name, "", place.url) for place in Shell(looking).nav)
    groups = (
        Group(_("Go to"), _matching(pages, text)),
        Group(_("Do"), _matching(_acts(looking), text)),
        Group(
            _("Projects"),
            tuple(Hit("folder-kanban", p.name, p.key, f"/projects/{p.key}") for p in found.projects),
        ),
        Group(
            _("Accounts"),
            tuple(Hit("building-2", a.name, a.key, f"/accounts/{a.id}") for a in found.accounts),
        ),
        Group(_("People"), tuple(Hit("user", u.name, u.role.value, "/people") for u in found.people)),
    )
    return tuple(group for group in groups if group.hits)


def _acts(looking: Viewer) -> tuple[Hit, ...]:
    acts = (
        ("file-up", _("Import orders"), "/orders/import", Permission.IMPORT_ORDERS),
        ("calendar-plus", _("Plan a visit"), "/visits/new", Permission.SCHEDULE_VISITS),
        ("user-plus", _("Invite somebody"), "/people/invite", Permission.MANAGE_PEOPLE),
        ("settings", _("Change my time zone, language or password"), "/settings/me", Permission.SIGNED_IN),
    )
    return tuple(
        Hit(icon, name, "", url)
        for icon, name, url, needed in acts
        if looking.may(needed) and page_exists(url)
    )


def _matching(hits: tuple[Hit, ...], text: str) -> tuple[Hit, ...]:
    words = text.casefold().split()
    return tuple(hit for hit in hits if all(word in hit.name.casefold() for word in words))
