"""Find or do: pages and saved views, acts, and everything that has a name, a number or a text."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from flask import make_response, render_template, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from concierge.core.search import normalised
from concierge.home import queries
from concierge.home.views.blueprint import bp
from concierge.home.views.shell import Shell, page_exists
from concierge.identity.guard import requires, viewer
from concierge.identity.permissions import Permission
from concierge.identity.viewer import Viewer
from concierge.platform.searching import Hit as Row
from concierge.platform.words import localized

LONGEST_QUERY = 200
FEW, MANY = 5, 50
"""Rows of one kind among all kinds, and when only that kind is asked for."""
A_PROJECT = re.compile(r"\b[a-z]{1,8}-[0-9]{1,9}\b", re.ASCII | re.IGNORECASE)
ICONS = {
    "projects": "folder-kanban",
    "orders": "receipt",
    "accounts": "building-2",
    "sites": "map-pin",
    "contacts": "user",
    "work_orders": "clipboard-list",
    "assets": "tag",
    "enquiries": "handshake",
    "stock_units": "boxes",
    "units": "tag",
    "project_notes": "pencil",
    "delays": "clock",
    "field_values": "table-2",
    "playbooks": "list-checks",
    "users": "user",
}


@dataclass(frozen=True, slots=True)
class Hit:
    """One thing to go to."""

    icon: str
    name: str
    note: str
    url: str


@dataclass(frozen=True, slots=True)
class Group:
    """Hits of one kind, and where there are more of them."""

    name: str
    hits: tuple[Hit, ...]
    more_url: str = ""


@bp.get("/find")
@requires(Permission.SIGNED_IN)
def find() -> Response:
    """Answer a search: a whole page, or the list for the dialog that asked."""
    looking = viewer()
    text = request.args.get("q", "")[:LONGEST_QUERY].strip()
    kind = request.args.get("kind", "")
    kind = kind if kind in queries.FOUND else ""
    is_part = request.headers.get("HX-Request") == "true"
    template = "home/_found.html" if is_part else "home/find.html"
    groups = _of_kind(looking, text, kind) if kind else _groups(looking, text)
    answer = make_response(
        render_template(
            template,
            text=text,
            groups=groups,
            count=sum(len(group.hits) for group in groups),
            everything=f"/find?{urlencode({'q': text})}" if kind else "",
        )
    )
    answer.headers["Vary"] = "HX-Request"
    return answer


def _groups(looking: Viewer, text: str) -> tuple[Group, ...]:
    shell = Shell(looking)
    places = [
        *(Hit(place.icon, place.name, "", place.url) for place in shell.nav),
        *(Hit("funnel", view.name, _("Saved view"), view.url) for view in shell.views),
    ]
    rows = queries.find(looking, text, most=FEW + 1) if text else []
    by_kind = {kind: [row for row in rows if row.kind == kind] for kind in queries.FOUND}
    if A_PROJECT.fullmatch(text):
        by_kind["work_orders"] = []  # who types a project's key means the project; its work stands there
    called = [kind for kind, found in by_kind.items() if any(row.is_by_key for row in found)]
    others = [kind for kind, found in by_kind.items() if found and kind not in called]
    groups = (
        *(_group(kind, by_kind[kind], text) for kind in called),
        Group(_("Do"), (*_acts_on(looking, text), *_matching(_acts(looking), text))),
        Group(_("Go to"), _matching(places, text)),
        *(_group(kind, by_kind[kind], text) for kind in others),
    )
    if not text:
        groups = (groups[1], groups[0])
    return tuple(group for group in groups if group.hits)


def _of_kind(looking: Viewer, text: str, kind: str) -> tuple[Group, ...]:
    rows = queries.find(looking, text, most=MANY, kind=kind)
    return (Group(_kind_words()[kind], tuple(_hit(row) for row in rows)),) if rows else ()


def _group(kind: str, rows: Sequence[Row], text: str) -> Group:
    more = f"/find?{urlencode({'q': text, 'kind': kind})}" if len(rows) > FEW else ""
    return Group(_kind_words()[kind], tuple(_hit(row) for row in rows[:FEW]), more)


def _hit(row: Row) -> Hit:
    under = row.under_title
    match row.kind:
        case "projects":
            name, note, url = row.title, f"{row.code} · {under}", f"/projects/{row.code}"
        case "orders":
            name, note, url = row.title, under, f"/orders/{row.row_id}"
        case "accounts":
            name, note, url = row.title, row.code, f"/accounts/{row.row_id}"
        case "sites" | "contacts":
            name, note, url = row.title, under, f"/accounts/{row.under_id}"
        case "work_orders":
            name, note = row.title, f"{row.code} · {under}"
            url = f"/projects/{row.under_code}/work-orders/{row.code.rpartition('-W')[2]}"
        case "assets":
            name, note = row.title, " · ".join(part for part in (row.code, under) if part)
            url = f"/equipment/{row.row_id}"
        case "enquiries":
            name, note, url = row.title, row.code, f"/enquiries/{row.code}"
        case "stock_units":
            name, note, url = row.title, "", f"/stock/{row.row_id}"
        case "units":
            name, note = row.title, f"{row.under_code} · {under}"
            url = f"/projects/{row.under_code}/notes#unit-{row.row_id}"
        case "project_notes":
            name, note = _short(row.title), f"{row.under_code} · {under}"
            url = f"/projects/{row.under_code}/notes#note-{row.row_id}"
        case "delays":
            name, note = _short(row.title), f"{row.under_code} · {under}"
            url = f"/projects/{row.under_code}/delays/{row.row_id}"
        case "field_values":
            name, note = _short(row.title), f"{row.under_code} · {under}"
            url = f"/projects/{row.under_code}"
        case "playbooks":
            name, note, url = row.title, "", f"/playbooks/{row.code}"
        case _:
            name, note, url = row.title, "", f"/people/{row.row_id}"
    return Hit(ICONS[row.kind], name, note, url)


def _short(text: str) -> str:
    return text if len(text) <= 90 else text[:89].rstrip() + "…"


def _acts_on(looking: Viewer, text: str) -> tuple[Hit, ...]:
    """What one can do to the project whose key was typed, narrowed by the other words."""
    key = A_PROJECT.search(text)
    if key is None:
        return ()
    project = queries.movable(looking, key[0].upper())
    if project is None:
        return ()
    at = f"/projects/{project.key}"
    acts = [
        *(
            Hit(
                "calendar-clock",
                _("Move %(milestone)s of %(project)s", milestone=localized(name), project=project.key),
                "",
                f"{at}/milestones/{milestone_id}/move",
            )
            for milestone_id, name in project.milestones
            if looking.may(Permission.EDIT_PROJECTS)
        ),
        *(
            Hit(icon, name, "", url)
            for icon, name, url, needed in (
                (
                    "calendar-plus",
                    _("New visit for %(project)s", project=project.key),
                    f"/visits/new?project={project.key}",
                    Permission.SCHEDULE_VISITS,
                ),
                (
                    "pencil",
                    _("Write a note about %(project)s", project=project.key),
                    f"{at}/notes",
                    Permission.SEE_PROJECTS,
                ),
                (
                    "list-checks",
                    _("Open the checklist of %(project)s", project=project.key),
                    f"{at}/readiness",
                    Permission.SEE_CHECKLISTS,
                ),
                (
                    "history",
                    _("Read the history of %(project)s", project=project.key),
                    f"{at}/history",
                    Permission.SEE_PROJECTS,
                ),
            )
            if looking.may(needed)
        ),
    ]
    rest = f"{text[: key.start()]} {text[key.end() :]}"
    return _matching(acts, rest)


def _acts(looking: Viewer) -> tuple[Hit, ...]:
    acts = (
        ("calendar-plus", _("New visit"), "/visits/new", Permission.SCHEDULE_VISITS),
        ("chart-gantt", _("Show the board of four weeks"), "/dispatch?view=month", Permission.SEE_PEOPLE),
        ("users", _("Show work without an engineer"), "/dispatch#board-tray", Permission.SEE_PEOPLE),
        ("handshake", _("New enquiry: how many, where, when?"), "/enquiries/new", Permission.ASK_WHEN),
        ("boxes", _("Show the stock"), "/stock", Permission.ASK_WHEN),
        ("file-up", _("Import orders"), "/orders/import", Permission.IMPORT_ORDERS),
        ("building-2", _("New account"), "/accounts/new", Permission.EDIT_ACCOUNTS),
        ("user-plus", _("Invite somebody"), "/people/invite", Permission.MANAGE_PEOPLE),
        ("calendar-days", _("Subscribe to my calendar"), "/calendar", Permission.SIGNED_IN),
        ("settings", _("Change my time zone, language, keys or password"), "/settings/me", Permission.SIGNED_IN),
    )  # fmt: skip
    return tuple(
        Hit(icon, name, "", url)
        for icon, name, url, needed in acts
        if looking.may(needed) and page_exists(url)
    )


def _matching(hits: Sequence[Hit], text: str) -> tuple[Hit, ...]:
    """Those whose name holds every word, as words are searched for elsewhere."""
    words = normalised(text).split()
    return tuple(hit for hit in hits if all(f" {word}" in f" {normalised(hit.name)}" for word in words))


def _kind_words() -> dict[str, str]:
    return {
        "projects": _("Projects"),
        "orders": _("Orders"),
        "accounts": _("Accounts"),
        "sites": _("Sites"),
        "contacts": _("Contacts"),
        "work_orders": _("Work orders"),
        "assets": _("Installed base"),
        "enquiries": _("Enquiries"),
        "stock_units": _("Stock"),
        "units": _("Serial numbers"),
        "project_notes": _("Notes"),
        "delays": _("Holds, blocks and delays"),
        "field_values": _("Fields"),
        "playbooks": _("Playbooks"),
        "users": _("People"),
    }
