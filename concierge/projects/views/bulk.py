"""Doing the same to many projects: what it would do to each, then what it did to each; and lists as files."""

from datetime import date
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response

from concierge.identity.guard import requires, viewer
from concierge.identity.permissions import Permission
from concierge.platform import clock, jobs
from concierge.platform.database import unit_of_work
from concierge.platform.errors import NotFound, Refused
from concierge.platform.forms import Form
from concierge.platform.jobs import Job
from concierge.platform.once import taken_once
from concierge.platform.words import day, slip
from concierge.projects import chores, forms, queries
from concierge.projects.actions import bulk
from concierge.projects.actions.bulk import Kind, Wish
from concierge.projects.actions.delays import CLAIMED_BY_PEOPLE
from concierge.projects.states import BlockCause, Party
from concierge.projects.verdict import block_words
from concierge.projects.views import showing
from concierge.projects.views.blueprint import bp
from concierge.projects.words import party_words

Page = str | tuple[str, int] | Response

_MOVING = frozenset({Kind.SHIFT, Kind.HOLD, Kind.RESUME, Kind.ADOPT})
"""Acts that move dates."""
SHOWN = 200
"""Rows of one page of a result."""


@bp.post("/projects/bulk")
@requires(Permission.EDIT_PROJECTS)
def act_on_many() -> Page:
    """Ask what an act needs to know, then look at what it would do to each selected project."""
    if request.form.get("act") == "export":
        return export()
    kind = next((kind for kind in Kind if kind.value == request.form.get("act")), None)
    if kind in {None, Kind.ADOPT}:  # versions are offered on the page of their playbook
        raise Refused(_("Choose what is to be done with the selected projects."))
    ids = selected()
    form = _form(kind)
    is_asked = "looking" in request.form or kind in {Kind.REMIND, Kind.RESUME}
    if not is_asked or not form.validate_on_submit():
        page = render_template(
            "projects/bulk_form.html",
            form=form if is_asked else _form(kind, fresh=True),
            kind=kind.value,
            title=_title(kind, len(ids)),
            ids=ids,
            back=_back(),
            kept=request.form.get("filter", ""),
        )
        return page, 422 if is_asked else 200
    wish = _wish(kind, form)
    title = _title(kind, len(ids))
    if len(ids) > bulk.AT_ONCE:
        with unit_of_work(), taken_once(by=viewer().user_id) as outcome:
            job = bulk.ask_to_look(wish, ids, title=title, owner_id=viewer().user_id)
            outcome.led_to = url_for("identity.job", job_id=job.id)
        return redirect(f"/jobs/{job.id}", code=303)
    rows = [chores.look_at(project_id, wish, at=clock.now()) for project_id in ids]
    with unit_of_work():
        args = {"wish": wish.as_args(), "ids": ids}
        job = jobs.keep_done(bulk.LOOK_JOB, title, args, viewer().user_id, {"rows": rows})
    return redirect(url_for("projects.bulk_page", job_id=job.id), code=303)


@bp.get("/projects/bulk/<int:job_id>")
@requires(Permission.EDIT_PROJECTS)
def bulk_page(job_id: int) -> Page:
    """Show what an act would do to each project, or what it did."""
    job = _job(job_id)
    if not job.is_over or not (job.result or {}).get("rows"):
        return redirect(f"/jobs/{job.id}", code=303)
    wish, rows = bulk.wish_from(job.args["wish"]), (job.result or {})["rows"]
    page = max(1, request.args.get("page", 1, type=int))
    last = max(1, -(-len(rows) // SHOWN))
    page = min(page, last)
    can = [row for row in rows if not row.get("refusal")]
    cannot = [row for row in rows if row.get("refusal")]
    shown = [*cannot, *can] if job.kind == bulk.DO_JOB else [*can, *cannot]
    return render_template(
        "projects/bulk.html",
        job=job,
        is_done=job.kind == bulk.DO_JOB,
        wish=wish,
        wished=_wished(wish),
        head=_head(job, len(can), len(cannot)),
        count=len(can),
        left=len(cannot),
        rows=[
            _row(row, wish, is_done=job.kind == bulk.DO_JOB)
            for row in shown[(page - 1) * SHOWN : page * SHOWN]
        ],
        page=page,
        last=last,
        undo=next((row["act"] for row in can if row.get("act")), ""),
        verb=_verb(wish.kind, len(can)),
    )


@bp.post("/projects/bulk/<int:job_id>")
@requires(Permission.EDIT_PROJECTS)
def do_to_many(job_id: int) -> Page:
    """Do what was looked at, to each project by itself."""
    look = _job(job_id)
    if look.kind != bulk.LOOK_JOB or not look.is_over:
        raise Refused(_("Look first at what it will do, then do it."))
    rows = (look.result or {}).get("rows", [])
    if not any(not row.get("refusal") for row in rows):
        raise Refused(_("It can be done to none of these projects. The reasons stand beside each."))
    with unit_of_work(), taken_once(by=viewer().user_id) as outcome:
        if len(rows) > bulk.AT_ONCE:
            job = bulk.ask_to_do(_job(job_id), owner_id=viewer().user_id)
            outcome.led_to = f"/jobs/{job.id}"
        else:
            args = {"wish": look.args["wish"], "look_id": look.id}
            job = jobs.keep_done(bulk.DO_JOB, look.title, args, viewer().user_id, {"rows": []})
            outcome.led_to = url_for("projects.bulk_page", job_id=job.id)
    if len(rows) > bulk.AT_ONCE:
        return redirect(f"/jobs/{job.id}", code=303)
    wish, together = bulk.wish_from(look.args["wish"]), f"bulk{job.id}"
    done = [chores.do_to(row, wish, together=together, actor_id=viewer().user_id) for row in rows]
    with unit_of_work():
        _job(job.id).result = {"rows": done}
    changed = sum(not row.get("refusal") for row in done)
    flash(ngettext("%(num)s project changed.", "%(num)s projects changed.", changed))
    return redirect(url_for("projects.bulk_page", job_id=job.id), code=303)


@bp.get("/projects/export.csv")
@requires(Permission.SEE_PROJECTS)
def export_list() -> Response:
    """Give the listed projects as a file."""
    return _csv(queries.filter_from(request.query_string.decode("utf-8", "replace")), ids=())


def export() -> Response:
    """Give the selected projects as a file."""
    wanted = queries.filter_from(request.form.get("filter", ""))
    return _csv(wanted, ids=() if request.form.get("all") else selected())


def _csv(wanted: Any, *, ids: Any) -> Response:  # Any: a filter, ids
    columns = wanted.shown_columns
    fields = showing.fields_of(columns)
    rows = list(queries.all_rows(viewer(), wanted, ids=ids))
    written = showing.csv_text(rows, columns, fields=fields, today=clock.today(viewer().zone))
    answer = Response("\ufeff" + written, content_type="text/csv; charset=utf-8")
    name = f"projects-{clock.today(viewer().zone).isoformat()}.csv"
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def selected() -> list[int]:
    """The ids of the projects that are selected in the list, and that the viewer may see.

    :raises Refused: when there are none, or too many.
    """
    if request.form.get("all"):
        wanted = queries.filter_from(request.form.get("filter", ""))
        ids = list(queries.ids_of(viewer(), wanted, most=bulk.MOST + 1))
    else:
        given = [
            int(value)
            for value in request.form.getlist("project")
            if value.isascii() and value.isdigit() and len(value) < 10
        ]
        ids = list(queries.seen_ids(viewer(), given[: bulk.MOST + 1]))
    if not ids:
        raise Refused(_("Select at least one project first."))
    if len(ids) > bulk.MOST:
        raise Refused(
            _(
                "More than %(count)s projects match. Narrow the list, then select again.",
                count=f"{bulk.MOST:,}",
            )
        )
    return ids


def _form(kind: Kind, *, fresh: bool = False) -> Form:
    given: dict[str, Any] = {"formdata": None} if fresh else {}  # Any: WTForms' own argument
    match kind:
        case Kind.ASSIGN:
            form = forms.BulkAssign(**given)
            form.concierge.choices = [(person.id, person.name) for person in queries.concierges()]
            return form
        case Kind.SHIFT:
            return forms.BulkShift(**given)
        case Kind.HOLD:
            held = forms.BulkHold(**given)
            words, causes = party_words(), block_words()
            held.party.choices = [(one.value, words[one]) for one in CLAIMED_BY_PEOPLE]
            held.cause.choices = [(one.value, causes[one]) for one in BlockCause]
            return held
    return forms.BulkPlain(**given)


def _wish(kind: Kind, form: Form) -> Wish:
    match form:
        case forms.BulkAssign():
            return Wish(kind, concierge_id=form.concierge.data)
        case forms.BulkShift():
            return Wish(kind, workdays=form.workdays.data or 0, reason=form.reason.data or "")
        case forms.BulkHold():
            return Wish(
                kind,
                cause=form.cause.data,
                party=form.party.data,
                reason=form.reason.data or "",
                expected_on=form.expected_on.data,
            )
    return Wish(kind)


def _job(job_id: int) -> Job:
    job = jobs.job_for(job_id, owner_id=viewer().user_id)
    if job.kind not in {bulk.LOOK_JOB, bulk.DO_JOB}:
        raise NotFound
    return job


def _back() -> str:
    kept = queries.filter_from(request.form.get("filter", "")).address()
    return f"/projects?{kept}" if kept else "/projects"


def _title(kind: Kind, count: int) -> str:
    match kind:
        case Kind.ASSIGN:
            return ngettext("Assign %(num)s project", "Assign %(num)s projects", count)
        case Kind.REMIND:
            return ngettext("Remind %(num)s customer", "Remind %(num)s customers", count)
        case Kind.SHIFT:
            return ngettext("Shift %(num)s project", "Shift %(num)s projects", count)
        case Kind.HOLD:
            return ngettext("Put %(num)s project on hold", "Put %(num)s projects on hold", count)
        case Kind.ADOPT:
            return ngettext(
                "Take the version over in %(num)s project", "Take the version over in %(num)s projects", count
            )
    return ngettext("Let %(num)s project go on", "Let %(num)s projects go on", count)


def _verb(kind: Kind, count: int) -> str:
    return _title(kind, count)


def _head(job: Job, can: int, cannot: int) -> str:
    if job.kind == bulk.DO_JOB:
        if not cannot:
            return ngettext("%(num)s project changed", "%(num)s projects changed", can)
        return _("%(can)s changed, %(cannot)s did not", can=can, cannot=cannot)
    if not can:
        return _("It can be done to none of them")
    if not cannot:
        return _title(bulk.wish_from(job.args["wish"]).kind, can)
    return ngettext(
        "%(act)s; %(num)s stays as it is",
        "%(act)s; %(num)s stay as they are",
        cannot,
        act=_title(bulk.wish_from(job.args["wish"]).kind, can),
    )


def _wished(wish: Wish) -> str:
    """What is done to each, in one sentence."""
    match wish.kind:
        case Kind.ASSIGN:
            name = next((one.name for one in queries.concierges() if one.id == wish.concierge_id), "")
            return _("%(name)s looks after them from now on.", name=name or _("Somebody else"))
        case Kind.REMIND:
            return _("Each customer’s contact gets the checklist with what is still open.")
        case Kind.SHIFT:
            return _(
                "What comes next in each plan moves by %(days)s working days of its site, and what hangs on it"
                " follows. Reason: %(reason)s",
                days=f"{wish.workdays:+d}".replace("-", "−"),
                reason=wish.reason,
            )
        case Kind.HOLD:
            party, cause = party_words()[Party(wish.party)], block_words()[BlockCause(wish.cause)]
            said = {"party": party, "cause": cause, "reason": wish.reason}
            if wish.expected_on is None:
                return _(
                    "They rest from today; nobody knows yet until when (%(party)s, %(cause)s): %(reason)s",
                    **said,
                )
            return _(
                "They rest from today until %(until)s (%(party)s, %(cause)s): %(reason)s",
                until=day(wish.expected_on),
                **said,
            )
        case Kind.ADOPT:
            return _(
                "Version %(number)d of %(name)s is taken over in each: what its project changed itself stays.",
                number=wish.number,
                name=wish.playbook,
            )
    return _("They go on from today; the days of the hold are counted.")


def _row(row: dict[str, Any], wish: Wish, *, is_done: bool) -> dict[str, Any]:  # Any: JSON
    """One project of a result, in words."""
    if row.get("refusal"):
        return {**row, "state": "warn", "icon": "ban", "says": row["refusal"], "handover": "", "slip": ""}
    before, after = _day(row.get("before")), _day(row.get("after"))
    says = []
    if row.get("moved"):
        says.append(ngettext("%(num)s milestone moves", "%(num)s milestones move", row["moved"]))
    if row.get("visits"):
        says.append(ngettext("%(num)s visit is touched", "%(num)s visits are touched", row["visits"]))
    if not says and wish.kind in _MOVING:
        says.append(_("no date moves"))
    handover = day(after) if before == after else f"{day(before)} → {day(after)}"
    return {
        **row,
        "state": "ok" if is_done else "go",
        "icon": "check" if is_done else "circle-dot",
        "says": ", ".join(says),
        "handover": handover if wish.kind in _MOVING else "",
        "slip": slip(int(row.get("workdays") or 0)),
    }


def _day(value: str | None) -> date | None:
    return date.fromisoformat(value) if value else None
