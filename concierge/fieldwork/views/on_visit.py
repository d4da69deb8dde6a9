"""What staff see of a visit's fieldwork, and what they decide about it."""

from flask import Response, flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as AnyResponse

from concierge.fieldwork import protocol, queries, telling
from concierge.fieldwork.actions import reporting, settling
from concierge.fieldwork.document import printing
from concierge.fieldwork.models import FieldChange, FieldRecord, NotReady
from concierge.fieldwork.states import Stray
from concierge.fieldwork.views.blueprint import Page, bp
from concierge.identity.guard import requires, viewer
from concierge.identity.permissions import Permission
from concierge.platform import clock, files
from concierge.platform.database import unit_of_work
from concierge.platform.errors import NotFound
from concierge.platform.once import taken_once
from concierge.visits import queries as visits
from concierge.visits.models import Visit

NAMES = {"en": "English", "de": "Deutsch", "fr": "Français", "es": "Español", "ja": "日本語", "ar": "العربية"}
"""Languages of records, each in its own words."""


@bp.get("/visits/<int:visit_id>/field")
@requires(Permission.SEE_VISITS)
def of_visit(visit_id: int) -> Page:
    """What came from the field for a visit; as a part of its page, or as a page."""
    found = visits.visit_for(viewer(), visit_id)
    told, _causes = telling.visit(viewer(), found.uid, at=clock.now())
    is_part = request.headers.get("HX-Request") == "true"
    may_schedule = viewer().may(Permission.SCHEDULE_VISITS)
    page = render_template(
        "fieldwork/_of_visit.html" if is_part else "fieldwork/of_visit.html",
        visit=found,
        told=told,
        reports=_reports(found),
        strays=[(one, _why(one), telling.mark(one)) for one in queries.strays_at(found.id)],
        records=queries.records_at(found.id),
        paper_name=telling.paper_name,
        languages=NAMES,
        may_schedule=may_schedule,
        has_any=_has_any(told),
        level=3 if is_part else 2,
    )
    answer = make_response(page)
    answer.headers["Vary"] = "HX-Request"
    return answer


@bp.post("/visits/<int:visit_id>/field/choice")
@requires(Permission.SCHEDULE_VISITS)
def choose(visit_id: int) -> Page:
    """Let one of several values at a step count."""
    found = visits.visit_for(viewer(), visit_id)
    with unit_of_work(), taken_once(by=viewer().user_id) as outcome:
        outcome.led_to = _home(found)
        settling.choose(found.id, request.form.get("key", "")[:36], actor_id=viewer().user_id, at=clock.now())
    flash(_("This value counts now; the other one stays in the history."))
    return redirect(_home(found), code=303)


@bp.post("/visits/<int:visit_id>/field/look")
@requires(Permission.SCHEDULE_VISITS)
def look(visit_id: int) -> Page:
    """Note that somebody looked at what came in after the visit was changed."""
    found = visits.visit_for(viewer(), visit_id)
    with unit_of_work():
        settling.note_strays_seen(found.id, actor_id=viewer().user_id, at=clock.now())
    return redirect(_home(found), code=303)


@bp.post("/visits/<int:visit_id>/field/not-ready/<int:report_id>/withdrawal")
@requires(Permission.SCHEDULE_VISITS)
def withdraw(visit_id: int, report_id: int) -> Page:
    """Take back that the site is not ready."""
    found = visits.visit_for(viewer(), visit_id)
    if report_id not in {one.id for one in _reports(found)}:
        raise NotFound
    with unit_of_work():
        reporting.withdraw_not_ready(report_id, actor_id=viewer().user_id, at=clock.now())
    flash(_("Taken back. What the visit is for can go on."))
    return redirect(_home(found), code=303)


@bp.get("/visits/papers/<int:record_id>/<language>.pdf")
@requires(Permission.SEE_VISITS)
def paper(record_id: int, language: str) -> AnyResponse:
    """Show a certificate or report in a language."""
    made = _record(record_id)
    kept = next((one for one in made.prints if one.language == language), None)
    if kept is None:
        raise NotFound
    answer = Response(files.read(kept.file), content_type="application/pdf")
    answer.headers.set("Content-Disposition", "inline", filename=kept.file.name)
    answer.set_etag(kept.file.sha256[:32])
    return answer.make_conditional(request)


@bp.post("/visits/papers/<int:record_id>/prints")
@requires(Permission.SEE_VISITS)
def make_paper(record_id: int) -> Page:
    """Have a certificate or report printed in another language."""
    made = _record(record_id)
    language = printing.language_of(request.form.get("language", "")[:16])
    with unit_of_work():
        settling.order_print(made, language)
    flash(_("The PDF is being made; it is there in a moment."))
    return redirect(_home(made.visit), code=303)


@bp.get("/projects/<key>/papers")
@requires(Permission.SEE_VISITS)
def of_project(key: str) -> Page:
    """Certificates and reports of a project; as a part of a page, or as a page."""
    project = visits.project_to_visit(viewer(), key)
    is_part = request.headers.get("HX-Request") == "true"
    page = render_template(
        "fieldwork/_of_project.html" if is_part else "fieldwork/of_project.html",
        project=project,
        records=queries.records_of_project(project.id),
        paper_name=telling.paper_name,
        languages=NAMES,
    )
    answer = make_response(page)
    answer.headers["Vary"] = "HX-Request"
    return answer


def _record(record_id: int) -> FieldRecord:
    made = queries.record_by_id(record_id)
    visits.visit_for(viewer(), made.visit_id)
    return made


def _reports(found: Visit) -> list[NotReady]:
    return list(queries.found_at([found])[found.id].not_ready)


def _has_any(told: protocol.VisitData) -> bool:
    parts = (told["notes"], told["photos"], told["signatures"], told["taps"], told["not_ready"])
    return any(parts) or any(step["entries"] for step in told["steps"])


def _why(one: FieldChange) -> str:
    """Why somebody of the office has to look at a change."""
    match one.stray:
        case Stray.CANCELLED:
            return _("Entered at a visit that was cancelled.")
        case Stray.TAKEN_AWAY:
            return _("Entered by somebody who does not go any more.")
        case Stray.MOVED:
            return _("Worked long before the visit’s time: it was moved meanwhile.")
    return one.said


def _home(found: Visit) -> str:
    return url_for("visits.visit", visit_id=found.id, _anchor="field")
