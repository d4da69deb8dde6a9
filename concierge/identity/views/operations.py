"""Pages about what runs in the background: long work, deliveries, letters of development."""

from dataclasses import dataclass
from datetime import timedelta
from io import BytesIO

from flask import flash, make_response, redirect, render_template, request, send_file, url_for
from flask_babel import gettext as _

from concierge.identity import forms
from concierge.identity.guard import requires, viewer
from concierge.identity.permissions import Permission
from concierge.identity.views.blueprint import bp
from concierge.identity.views.signing_in import Page
from concierge.platform import clock, deliveries, incoming, jobs, mail
from concierge.platform.database import unit_of_work
from concierge.platform.deliveries import DeliveryStatus
from concierge.platform.errors import NotFound, Refused
from concierge.platform.files import plain_name
from concierge.platform.jobs import Job, JobState


@dataclass(frozen=True, slots=True)
class Bar:
    """A piece of long work as its bar shows it."""

    title: str
    doing: str
    done: int
    total: int | None
    finished: bool
    failed: bool
    poll_url: str
    every_s: int


@bp.get("/jobs/<int:job_id>")
@requires(Permission.SIGNED_IN)
def job(job_id: int) -> Page:
    """Show how far a piece of long work is; its bar asks this page again."""
    found = jobs.job_for(job_id, owner_id=None if viewer().may(Permission.OPERATE) else viewer().user_id)
    if "HX-Request" not in request.headers:
        return render_template("platform/job.html", job=found, bar=_bar(found), zone=viewer().zone)
    answer = make_response(render_template("platform/_bar.html", bar=_bar(found)))
    if found.is_over:
        answer.headers["HX-Refresh"] = "true"
    return answer


@bp.get("/settings/deliveries")
@requires(Permission.OPERATE)
def list_deliveries() -> Page:
    """List deliveries, those that were given up first in mind."""
    wanted = request.args.get("status", "")
    status = DeliveryStatus(wanted) if wanted in {each.value for each in DeliveryStatus} else None
    page = max(1, request.args.get("page", 1, type=int))
    rows, total = deliveries.listed(status=status, page=page)
    return render_template(
        "platform/deliveries.html",
        rows=rows,
        counts=deliveries.counts(),
        mailboxes=incoming.problems(),
        status=wanted,
        words=_status_words(),
        page=page,
        last=max(1, -(-total // 50)),
        zone=viewer().zone,
    )


@bp.post("/settings/deliveries/<int:delivery_id>/retry")
@requires(Permission.OPERATE)
def retry_delivery(delivery_id: int) -> Page:
    """Try a delivery again that was given up."""
    if not forms.Nothing().validate_on_submit():
        raise Refused(_("This form has expired. Load the page again and repeat."))
    with unit_of_work():
        deliveries.try_again(delivery_id)
    flash(_("The delivery is tried again now."))
    return redirect(url_for("identity.list_deliveries"), code=303)


@bp.get("/mail")
@requires(Permission.OPERATE)
def letters() -> Page:
    """List letters: those of development with their text, those that left through a server without it."""
    if mail.has_folder():
        return render_template("platform/letters.html", letters=mail.folder_letters(), zone=viewer().zone)
    page = max(1, request.args.get("page", 1, type=int))
    rows, total = mail.ledger(page=page)
    return render_template(
        "platform/ledger.html",
        rows=rows,
        total=total,
        words=_status_words(),
        page=page,
        last=max(1, -(-total // 50)),
        zone=viewer().zone,
    )


@bp.get("/mail/<name>")
@requires(Permission.OPERATE)
def letter(name: str) -> Page:
    """Show a letter of development: its text, its HTML as source, its attachments."""
    _only_in_development()
    return render_template("platform/letter.html", letter=mail.folder_letter(name), zone=viewer().zone)


@bp.get("/mail/<name>/attachments/<int:number>")
@requires(Permission.OPERATE)
def attachment(name: str, number: int) -> Page:
    """Download an attachment of a letter of development."""
    _only_in_development()
    attachments = mail.folder_letter(name).attachments
    if number >= len(attachments):
        raise NotFound
    found = attachments[number]
    answer = send_file(
        BytesIO(found.data),
        mimetype=found.content_type,
        as_attachment=True,
        download_name=plain_name(found.name),
        max_age=0,
    )
    answer.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return answer


def _only_in_development() -> None:
    if not mail.has_folder():
        raise NotFound(_("Letters leave through a mail server here, so there is nothing to look at."))


def _bar(job: Job) -> Bar:
    is_young = clock.now() - job.created_at < timedelta(minutes=1)
    return Bar(
        title=job.title,
        doing=_doing(job),
        done=job.done,
        total=job.total,
        finished=job.state is JobState.DONE,
        failed=job.state is JobState.FAILED,
        poll_url=url_for("identity.job", job_id=job.id),
        every_s=2 if is_young else 10,
    )


def _doing(job: Job) -> str:
    match job.state:
        case JobState.WAITING:
            return str(_("Waiting for its turn."))
        case JobState.RUNNING:
            return f"{job.message.rstrip('.')}." if job.message else str(_("At work."))
        case JobState.DONE:
            return str((job.result or {}).get("summary") or "") or str(_("Done."))
        case JobState.FAILED:
            return job.message


def _status_words() -> dict[str, tuple[str, str]]:
    return {
        "ready": ("idle", _("waiting")),
        "leased": ("go", _("at work")),
        "done": ("ok", _("done")),
        "dead": ("bad", _("given up")),
    }
