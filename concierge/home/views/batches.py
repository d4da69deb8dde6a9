"""Many checklists as PDF at once: which, in which language, how far, and the ZIP in the end."""

from dataclasses import dataclass

from flask import Response as Answer
from flask import flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response

from concierge.home.views.blueprint import bp
from concierge.identity.guard import requires, viewer
from concierge.identity.permissions import Permission
from concierge.platform import clock, files, jobs
from concierge.platform.database import unit_of_work
from concierge.platform.errors import NotFound, Refused
from concierge.platform.jobs import JobState
from concierge.platform.once import taken_once
from concierge.projects.views.bulk import selected
from concierge.readiness import chores
from concierge.readiness.actions import batching
from concierge.readiness.document import printing
from concierge.readiness.models import DocumentBatch

Page = str | Response

chores.register()


@dataclass(frozen=True, slots=True)
class Bar:
    """A batch as its bar shows it."""

    title: str
    doing: str
    done: int
    total: int
    finished: bool
    failed: bool
    poll_url: str
    every_s: int = 2


@bp.post("/checklists/batches")
@requires(Permission.SEE_CHECKLISTS)
def ask_batch() -> Page:
    """Ask in which language the selected projects' checklists are to be, then have them made."""
    ids = selected()
    language = request.form.get("language")
    if language is None:
        return render_template(
            "home/ask_batch.html", ids=ids, languages=printing.LANGUAGES, kept=request.form.get("filter", "")
        )
    if language and language not in printing.LANGUAGES:
        raise Refused(_("Choose one of the languages in the list."))
    with unit_of_work(), taken_once(by=viewer().user_id) as outcome:
        batch = batching.ask_batch(ids, language=language, at=clock.now(), actor_id=viewer().user_id)
        outcome.led_to = url_for("home.batch", batch_id=batch.id)
    return redirect(outcome.led_to, code=303)


@bp.get("/checklists/batches/<int:batch_id>")
@requires(Permission.SEE_CHECKLISTS)
def batch(batch_id: int) -> Page:
    """Show how far a batch is, what was left out, and its ZIP; its bar asks this page again."""
    found = _own(batch_id)
    bar = _bar(found)
    if "HX-Request" in request.headers:
        answer = make_response(render_template("platform/_bar.html", bar=bar))
        if bar.finished or bar.failed:
            answer.headers["HX-Refresh"] = "true"
        return answer
    return make_response(
        render_template("home/batch.html", batch=found, bar=bar, days=batching.KEPT.days, zone=viewer().zone)
    )


@bp.post("/checklists/batches/<int:batch_id>/cancellation")
@requires(Permission.SEE_CHECKLISTS)
def cancel_batch(batch_id: int) -> Response:
    """Stop a batch within one document."""
    _own(batch_id)
    with unit_of_work():
        batching.cancel_batch(_own(batch_id), at=clock.now())
    flash(_("It stops after the document in hand. What is made stays with its checklist."))
    return redirect(url_for("home.batch", batch_id=batch_id), code=303)


@bp.get("/checklists/batches/<int:batch_id>/checklists.zip")
@requires(Permission.SEE_CHECKLISTS)
def batch_file(batch_id: int) -> Response:
    """Hand out the ZIP of a batch, piece by piece."""
    found = _own(batch_id)
    if found.file is None:
        raise NotFound(_("There is no ZIP, or no longer. Have the checklists made again."))
    answer = Answer(files.pieces(found.file), content_type="application/zip")
    answer.headers.set("Content-Disposition", "attachment", filename=found.file.name)
    answer.headers["Content-Length"] = str(found.file.size)
    answer.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return answer


def _own(batch_id: int) -> DocumentBatch:
    """A batch that the viewer asked for, or anybody's for who runs the place."""
    found = batching.batch_by_id(batch_id)
    if found.asked_by_id != viewer().user_id and not viewer().may(Permission.OPERATE):
        raise NotFound
    return found


def _bar(found: DocumentBatch) -> Bar:
    total, done = len(found.project_ids), batching.done_of(found)
    failure = _failure(found)
    is_over = found.finished_at is not None or bool(failure)
    return Bar(
        title=ngettext("%(num)s checklist as PDF", "%(num)s checklists as PDF", total),
        doing=failure or _doing(found, done, total),
        done=done,
        total=total,
        finished=is_over and not failure,
        failed=bool(failure),
        poll_url="" if is_over else url_for("home.batch", batch_id=found.id),
    )


def _failure(found: DocumentBatch) -> str:
    if found.job_id is None or found.finished_at is not None:
        return ""
    job = jobs.job_for(found.job_id, owner_id=None)
    return job.message if job.state is JobState.FAILED else ""


def _doing(found: DocumentBatch, done: int, total: int) -> str:
    if found.cancelled_at is not None:
        return _("Cancelled.")
    if found.finished_at is not None:
        return _("Done.")
    if not done:
        return _("Waiting for its turn.")
    return _("Putting them together.") if done == total else _("Making checklists.")
