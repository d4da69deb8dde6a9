"""Taking back what was done, and doing it again."""

from flask import redirect, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response

from concierge.home.views.blueprint import bp
from concierge.identity.guard import requires, viewer
from concierge.identity.permissions import Permission
from concierge.platform import clock, undo
from concierge.platform.database import unit_of_work
from concierge.platform.errors import NotAllowed, NotFound
from concierge.projects import queries
from concierge.projects.actions import undoing

TEAM = frozenset(
    {
        "technicians",
        "technician_hours",
        "other_hours",
        "capacities",
        "skills",
        "territories",
        "territory_parts",
        "served_territories",
    }
)
"""Tables of which an act comes back on the page of the technicians."""


@bp.post("/undo/<act>")
@requires(Permission.SEE_PROJECTS)
def take_back(act: str) -> Response:
    """Take an act back, or do again what was taken back."""
    looking = viewer()
    parts = undo.find(act)
    touched = {part.project_id for part in parts if part.project_id is not None}
    seen = queries.seen_among(looking, touched)
    if len(seen) < len(touched):
        raise NotFound
    if parts and not looking.may(Permission(parts[0].needs or Permission.EDIT_PROJECTS.value)):
        raise NotAllowed(_("Taking this back needs a permission that you do not have."))
    with unit_of_work():
        done = undoing.take_back(act, zone=looking.zone, actor_id=looking.user_id, at=clock.now())
    said = _("Done again.") if done.is_again else _("Taken back.")
    if done.letters:
        said += " " + ngettext(
            "%(num)s letter that went out meanwhile stays sent.",
            "%(num)s letters that went out meanwhile stay sent.",
            done.letters,
        )
    undo.tell(done, said)
    return redirect(_where(done, seen), code=303)


def _where(done: undo.Act, seen: dict[int, str]) -> str:
    """The page that shows what came back: of the visit, when nothing else did, else of the project."""
    if undoing.PLAYBOOKS & {one.table for one in done.differences}:
        playbook = undoing.playbook_of(done.key)
        return url_for("catalogue.playbook", key=playbook) if playbook else url_for("catalogue.playbooks")
    touched = [visit_id for visit_id, one in done.of("visits").items() if one.after is not None]
    if len(touched) == 1 and not done.of("milestones"):
        (visit_id,) = touched
        return url_for("visits.visit", visit_id=visit_id)
    if len(seen) == 1:
        (key,) = seen.values()
        return url_for("home.project", key=key)
    if leave := done.of("leave_requests"):
        return url_for("home.leave_request", leave_id=min(leave))
    if TEAM & {one.table for one in done.differences}:
        return url_for("workforce.team")
    if proposals := done.of("calendar_proposals"):
        return url_for("home.calendar_change", proposal_id=min(proposals))
    return url_for("projects.projects")
