"""The prints of a checklist, and sending them."""

from flask import Response, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as AnyResponse

from concierge.identity.guard import requires, viewer
from concierge.identity.permissions import Permission
from concierge.platform import clock, files, mail
from concierge.platform.database import unit_of_work
from concierge.platform.deliveries import DeliveryStatus
from concierge.platform.errors import NotFound
from concierge.platform.files import StoredFile
from concierge.platform.once import taken_once
from concierge.readiness import queries
from concierge.readiness.actions import sending
from concierge.readiness.document import printing, state
from concierge.readiness.states import DocumentKind
from concierge.readiness.views.blueprint import Page, bp


@bp.get("/projects/<key>/readiness.pdf")
@requires(Permission.SEE_CHECKLISTS)
def pdf(key: str) -> Page:
    """Show the newest print of the checklist, or its record, or say that it is being made."""
    project_id, checklist_id = state.checklist_for(viewer(), key)
    if checklist_id is None:
        raise NotFound(_("This project has no checklist yet. It is issued when the plan is approved."))
    language, kind = _language(), _kind()
    content = state.content_hash(checklist_id, project_id, language=language, kind=kind)
    kept = queries.document_with(checklist_id, language=language, content_hash=content)
    if kept is not None:
        return served(kept.file, inline=True)
    project, _found = queries.checklist_for(viewer(), key)
    status = queries.print_status(checklist_id, language=language, content_hash=content)
    is_coming = status in {DeliveryStatus.READY, DeliveryStatus.LEASED}
    page = render_template(
        "readiness/printing.html",
        project=project,
        language=language,
        kind=kind.name.lower(),
        is_coming=is_coming,
        has_failed=status is DeliveryStatus.DEAD,
        latest=next(
            (d for d in queries.documents_of(checklist_id, kind=kind) if d.language == language), None
        ),
    )
    again = {"Refresh": "2"} if is_coming else {}
    return Response(page, status=202, headers=again, content_type="text/html; charset=utf-8")


@bp.get("/projects/<key>/readiness/versions/<int:document_id>.pdf")
@requires(Permission.SEE_CHECKLISTS)
def version(key: str, document_id: int) -> AnyResponse:
    """Show an earlier print."""
    _project, found = queries.checklist_for(viewer(), key)
    kept = queries.document_by_id(document_id)
    if found is None or kept.checklist_id != found.id:
        raise NotFound
    return served(kept.file, inline=True)


@bp.post("/projects/<key>/readiness/prints")
@requires(Permission.SEE_CHECKLISTS)
def make_print(key: str) -> AnyResponse:
    """Show the newest print, having it made if the checklist has changed since the last one."""
    project_id, checklist_id = state.checklist_for(viewer(), key)
    if checklist_id is None:
        raise NotFound
    language, kind = _language(), _kind()
    with unit_of_work():
        content = state.content_hash(checklist_id, project_id, language=language, kind=kind)
        if queries.document_with(checklist_id, language=language, content_hash=content) is None:
            sending.order_print(checklist_id, language=language, content_hash=content, kind=kind)
    which = "record" if kind is DocumentKind.RECORD else None
    return redirect(url_for("readiness.pdf", key=key, language=language, kind=which), code=303)


@bp.post("/projects/<key>/readiness/letter")
@requires(Permission.EDIT_PROJECTS)
def send(key: str) -> AnyResponse:
    """Send the checklist to the customer's contact."""
    project, found = queries.checklist_for(viewer(), key)
    if found is None:
        raise NotFound
    with unit_of_work(), taken_once(by=viewer().user_id) as outcome:
        outcome.led_to = url_for("readiness.checklist", key=key)
        letter_key = sending.ask_to_send(found, project, at=clock.now(), actor_id=viewer().user_id)
        name = project.contact.name if project.contact else ""
    flash(mail.told(_("The checklist is on its way to %(name)s.", name=name), letter_key))  # type: ignore[arg-type]  # any JSON value will do
    return redirect(url_for("readiness.checklist", key=key), code=303)


def _language() -> str:
    wanted = request.values.get("language", viewer().language)
    return wanted if wanted in printing.LANGUAGES else printing.LANGUAGES[0]


def _kind() -> DocumentKind:
    return DocumentKind.RECORD if request.values.get("kind") == "record" else DocumentKind.WORKING


def served(stored: StoredFile, *, inline: bool) -> AnyResponse:
    answer = Response(files.read(stored), content_type=stored.content_type)
    answer.headers.set("Content-Disposition", "inline" if inline else "attachment", filename=stored.name)
    if not inline:
        answer.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    answer.set_etag(stored.sha256[:32])
    return answer.make_conditional(request)
