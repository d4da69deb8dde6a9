"""Taking over projects that are under way elsewhere: hand in a sheet, see what each row does, then do it."""

from io import SEEK_END, BytesIO
from typing import Any

from flask import flash, redirect, render_template, request, send_file, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response

from concierge.identity.guard import requires, viewer
from concierge.identity.permissions import Permission
from concierge.orders.documents import LARGEST_BYTES, shown_name
from concierge.orders.incoming import BadDocument
from concierge.platform import clock, files, jobs
from concierge.platform.database import unit_of_work
from concierge.platform.errors import NotFound, Refused
from concierge.platform.jobs import Job
from concierge.platform.once import taken_once
from concierge.platform.web import show_again
from concierge.projects import chores, forms, queries
from concierge.projects.actions import importing, sheet
from concierge.projects.actions.importing import Outcome
from concierge.projects.views.blueprint import bp

Page = str | tuple[str, int] | Response

SHOWN = 200
"""Rows of one page of the report."""


@bp.get("/projects/import")
@requires(Permission.APPROVE_PLANS)
def import_projects() -> Page:
    """Ask for a sheet of running projects."""
    return render_template("projects/import.html", form=forms.ImportProjects(), columns=sheet.COLUMNS)


@bp.post("/projects/import")
@requires(Permission.APPROVE_PLANS)
def hand_in_projects() -> Page:
    """Check a sheet; nothing is imported yet."""
    form = forms.ImportProjects()
    if not form.validate_on_submit():
        return show_again("projects/import.html", form, columns=sheet.COLUMNS)
    upload = form.file.data
    name = shown_name(upload.filename or "projects.csv")
    data = upload.stream.read(LARGEST_BYTES + 1)
    upload.stream.seek(0, SEEK_END)
    try:
        if len(data) > LARGEST_BYTES:
            raise Refused(_("The file is too large. Split it, or take away columns that are not needed."))
        rows, remarks = sheet.read_sheet(data, name)
    except BadDocument as refused:
        form.file.errors = list(refused.sentences)
        return show_again("projects/import.html", form, columns=sheet.COLUMNS)
    except Refused as refused:
        form.file.errors = [refused.sentence]
        return show_again("projects/import.html", form, columns=sheet.COLUMNS)
    is_long = len(rows) > importing.CHECKED_AT_ONCE
    plans = () if is_long else importing.plan_rows(rows, at=clock.now())
    title = _("Import of %(file)s", file=name)
    with unit_of_work(), taken_once(by=viewer().user_id) as outcome:
        kept = files.store(data, name=name, content_type="text/csv")
        args = {"file_id": kept.id, "name": name}
        if is_long:
            job = jobs.start_job(importing.CHECK_JOB, title, args, viewer().user_id)
            outcome.led_to = f"/jobs/{job.id}"
        else:
            result = chores.of_sheet(plans, remarks, url="")
            job = jobs.keep_done(importing.CHECK_JOB, title, args, viewer().user_id, result)
            outcome.led_to = url_for("projects.imported", job_id=job.id)
    return redirect(f"/jobs/{job.id}" if is_long else url_for("projects.imported", job_id=job.id), code=303)


@bp.get("/projects/import/<int:job_id>")
@requires(Permission.APPROVE_PLANS)
def imported(job_id: int) -> Page:
    """Show what each row of a sheet would do, or did."""
    job = _job(job_id)
    if not job.is_over or not (job.result or {}).get("rows"):
        return redirect(f"/jobs/{job.id}", code=303)
    rows: list[dict[str, Any]] = (job.result or {})["rows"]  # Any: JSON
    counts = {one.value: sum(row["outcome"] == one.value for row in rows) for one in Outcome}
    chosen = request.args.get("outcome", "")
    shown = [row for row in rows if row["outcome"] == chosen] if chosen in counts else rows
    last = max(1, -(-len(shown) // SHOWN))
    page = min(max(1, request.args.get("page", 1, type=int)), last)
    return render_template(
        "projects/imported.html",
        job=job,
        is_done=job.kind == importing.IMPORT_JOB,
        head=_head(job, counts),
        counts=counts,
        words=outcome_words(done=job.kind == importing.IMPORT_JOB),
        chosen=chosen if chosen in counts else "",
        rows=shown[(page - 1) * SHOWN : page * SHOWN],
        remarks=(job.result or {}).get("remarks", ()),
        does_something=counts["new"] + counts["changed"] > 0,
        page=page,
        last=last,
    )


@bp.post("/projects/import/<int:job_id>")
@requires(Permission.APPROVE_PLANS)
def take_over(job_id: int) -> Page:
    """Do what was checked: each row by itself, so that one that is refused does not stop the others."""
    checked = _job(job_id)
    if checked.kind != importing.CHECK_JOB or not checked.is_over:
        raise Refused(_("The sheet is being checked. Wait until you see what it does."))
    rows = (checked.result or {}).get("rows", [])
    if not any(row["outcome"] in {"new", "changed"} for row in rows):
        raise Refused(
            _("Nothing of this sheet is new. Correct the rows that are refused, then hand it in again.")
        )
    is_long = len(rows) > importing.AT_ONCE
    with unit_of_work(), taken_once(by=viewer().user_id) as outcome:
        owner_id, args = viewer().user_id, dict(checked.args)
        if is_long:
            job = jobs.start_job(importing.IMPORT_JOB, checked.title, args, owner_id)
            outcome.led_to = f"/jobs/{job.id}"
        else:
            job = jobs.keep_done(importing.IMPORT_JOB, checked.title, args, owner_id, {"rows": []})
            outcome.led_to = url_for("projects.imported", job_id=job.id)
    if is_long:
        return redirect(f"/jobs/{job.id}", code=303)
    done_id = job.id
    result = chores.import_kept(args, actor_id=owner_id)
    with unit_of_work():
        _job(done_id).result = result
    new = sum(row["outcome"] == "new" for row in result["rows"])
    flash(ngettext("%(num)s project taken over.", "%(num)s projects taken over.", new))
    return redirect(url_for("projects.imported", job_id=done_id), code=303)


@bp.get("/projects/import/example.csv")
@requires(Permission.SEE_PROJECTS)
def example_sheet() -> Response:
    """Give a sheet with every column and believable rows."""
    data = BytesIO(b"\xef\xbb\xbf" + sheet.example_csv(queries.some_product()).encode())
    return send_file(data, mimetype="text/csv", as_attachment=True, download_name="projects-example.csv")


def outcome_words(*, done: bool) -> dict[str, tuple[str, str, str]]:
    """The look and the word of what a row does, or did."""
    return {
        "new": ("ok", "check" if done else "plus", _("Taken over") if done else _("New")),
        "changed": ("go", "refresh-cw", _("Brought up to date") if done else _("Changes")),
        "same": ("idle", "circle", _("Nothing new")),
        "refused": ("bad", "triangle-alert", _("Refused")),
    }


def _head(job: Job, counts: dict[str, int]) -> str:
    if job.kind == importing.IMPORT_JOB:
        told = ngettext("%(num)s project taken over", "%(num)s projects taken over", counts["new"])
        if counts["changed"]:
            told = _("%(told)s, %(count)s brought up to date", told=told, count=counts["changed"])
    else:
        told = ngettext(
            "%(num)s project would be taken over", "%(num)s projects would be taken over", counts["new"]
        )
        if counts["changed"]:
            told = _("%(told)s, %(count)s would change", told=told, count=counts["changed"])
    return _("%(told)s; %(count)s refused", told=told, count=counts["refused"]) if counts["refused"] else told


def _job(job_id: int) -> Job:
    job = jobs.job_for(job_id, owner_id=viewer().user_id)
    if job.kind not in {importing.CHECK_JOB, importing.IMPORT_JOB}:
        raise NotFound
    return job
