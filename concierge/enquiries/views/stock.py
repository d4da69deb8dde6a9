"""Pages of the stock: what is there or announced, for whom it is kept, and keeping it true."""

from collections.abc import Sequence
from http import HTTPStatus
from io import BytesIO
from typing import Any

from flask import flash, redirect, render_template, request, send_file, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from wtforms.fields import SelectChoice  # type: ignore[attr-defined]  # newer than its stubs

from concierge.catalogue.models import Product
from concierge.catalogue.queries import as_alias
from concierge.enquiries import forms, queries, words
from concierge.enquiries.actions import sheet, stocking
from concierge.enquiries.states import StockState
from concierge.enquiries.views.blueprint import Page, bp, country_choices, seen
from concierge.identity.guard import requires, viewer
from concierge.identity.permissions import Permission
from concierge.orders.documents import LARGEST_BYTES, shown_name, too_large
from concierge.platform import clock, files, jobs
from concierge.platform.database import db, dry_run, unit_of_work
from concierge.platform.errors import NotFound, Refused
from concierge.platform.files import StoredFile
from concierge.platform.jobs import Job
from concierge.platform.once import taken_once
from concierge.platform.web import show_again

LOOKED_AT = "stock.import.check"
"""The kind of the note that keeps a sheet until what it does is agreed to."""
SHOWN = 300
"""Rows that are shown; what they do is counted for all."""


@bp.get("/stock")
@requires(Permission.ASK_WHEN)
def stock() -> Page:
    """List the stock, and how long the factory takes for more."""
    wanted = queries.StockFilter(
        text=request.args.get("q", "")[:200],
        product_id=request.args.get("product", 0, type=int),
        kept=request.args.get("kept", "")[:10],
        page=request.args.get("page", 1, type=int),
    )
    now = clock.now()
    return render_template(
        "enquiries/stock.html",
        found=queries.stock_listed(viewer(), wanted, at=now),
        wanted=wanted,
        products=queries.instruments(),
        states=words.stock_words(),
        supply=sorted(queries.supply_times().values(), key=lambda one: one.product.name),
        zone=viewer().zone,
    )


@bp.route("/stock/new", methods=["GET", "POST"])
@requires(Permission.ASK_WHEN)
def new_stock() -> Page:
    """Enter units that are with us or announced."""
    form = forms.StockForm()
    products = _offer(form)
    if not form.is_submitted():
        form.available_on.data = clock.today(viewer().zone)
        form.product.data = request.args.get("product", 0, type=int)
        return render_template("enquiries/stock_form.html", form=form, unit=None, options=_options())
    if not form.validate():
        return show_again("enquiries/stock_form.html", form, unit=None, options=_options())
    built_in = _built_in(form)
    if built_in is None:
        return show_again("enquiries/stock_form.html", form, unit=None, options=_options())
    with unit_of_work(), taken_once(by=viewer().user_id) as outcome:
        made = stocking.add_units(
            next(one for one in products if one.id == form.product.data),
            count=form.count.data or 1,
            serial=form.serial.data or "",
            options=built_in,
            place=form.place.data or "",
            country=form.country.data or "",
            export_days=form.export_days.data or 0,
            available_on=form.available_on.data or clock.today(viewer().zone),
            state=StockState(form.state.data),
            note=form.note.data or "",
            at=clock.now(),
            actor_id=viewer().user_id,
        )
        outcome.led_to = url_for("enquiries.stock")
    flash(ngettext("%(num)s unit is in the stock.", "%(num)s units are in the stock.", len(made)))
    return redirect(url_for("enquiries.stock"), code=303)


@bp.route("/stock/<int:unit_id>", methods=["GET", "POST"])
@requires(Permission.ASK_WHEN)
def stock_unit(unit_id: int) -> Page:
    """Show one unit, and correct what is known of it."""
    found = queries.stock_unit(viewer(), unit_id)
    names = {one.key: one.name for one in queries.built_in_options()}
    form = forms.StockForm(
        data={
            "serial": found.serial,
            "state": found.state.value,
            "available_on": found.available_on,
            "place": found.place,
            "country": found.country,
            "export_days": found.export_days,
            "options": "; ".join(names.get(key, key) for key in found.options),
            "note": found.note,
        }
    )
    del form.product, form.count
    form.country.choices = country_choices()
    kept = queries.kept_now([unit_id], at=clock.now()).get(unit_id)
    shown = {"unit": found, "options": _options(), "kept": kept, "zone": viewer().zone}
    if not form.is_submitted():
        form.version.data = str(found.version)
        return render_template("enquiries/stock_form.html", form=form, **shown)
    if not form.validate():
        return show_again("enquiries/stock_form.html", form, **shown)
    built_in = _built_in(form)
    if built_in is None:
        return show_again("enquiries/stock_form.html", form, **shown)
    with unit_of_work():
        stocking.change_unit(
            queries.stock_unit_for_change(unit_id),
            version=seen(form.version.data),
            serial=form.serial.data or "",
            options=sorted(built_in),
            place=form.place.data or "",
            country=form.country.data or "",
            export_days=form.export_days.data or 0,
            available_on=form.available_on.data,
            state=StockState(form.state.data),
            note=form.note.data or "",
            at=clock.now(),
            actor_id=viewer().user_id,
        )
    flash(_("Saved."))
    return redirect(url_for("enquiries.stock"), code=303)


@bp.route("/stock/<int:unit_id>/gone", methods=["GET", "POST"])
@requires(Permission.ASK_WHEN)
def stock_gone(unit_id: int) -> Page:
    """Say that a unit is no longer in stock."""
    found = queries.stock_unit(viewer(), unit_id)
    form = forms.ReasonForm()
    shown = {
        "enquiry": None,
        "title": _("Take %(name)s out of the stock", name=found.serial or found.product.name),
        "lead": _("It was shipped, sold elsewhere or scrapped. For whom it was kept stays readable."),
        "verb": _("Take it out"),
    }
    if not form.is_submitted():
        form.version.data = str(found.version)
        return render_template("enquiries/reason.html", form=form, **shown)
    if not form.validate():
        return show_again("enquiries/reason.html", form, **shown)
    with unit_of_work():
        stocking.take_out(
            queries.stock_unit_for_change(unit_id),
            reason=form.reason.data or "",
            version=seen(form.version.data),
            on=clock.today(viewer().zone),
            at=clock.now(),
            actor_id=viewer().user_id,
        )
    flash(_("It is no longer in the stock."))
    return redirect(url_for("enquiries.stock"), code=303)


@bp.route("/stock/<int:unit_id>/reservation", methods=["GET", "POST"])
@requires(Permission.ASK_WHEN)
def reserve_stock(unit_id: int) -> Page:
    """Keep a unit for an order or a project."""
    found = queries.stock_unit(viewer(), unit_id)
    form = forms.ReserveForm()
    if not form.is_submitted():
        return render_template("enquiries/reserve.html", form=form, unit=found)
    if not form.validate():
        return show_again("enquiries/reserve.html", form, unit=found)
    order, project = queries.order_or_project(viewer(), form.whom.data or "")
    if order is None and project is None:
        form.whom.errors = [_("There is no such order and no such project. Check the number or the key.")]
        return show_again("enquiries/reserve.html", form, unit=found)
    with unit_of_work():
        stocking.reserve(
            queries.stock_unit_for_change(unit_id),
            order=order,
            project=project,
            at=clock.now(),
            actor_id=viewer().user_id,
        )
    flash(_("It is kept for %(whom)s.", whom=form.whom.data))
    return redirect(url_for("enquiries.stock"), code=303)


@bp.post("/stock/<int:unit_id>/release")
@requires(Permission.ASK_WHEN)
def release_stock(unit_id: int) -> Page:
    """Keep a unit for no order and no project any longer."""
    with unit_of_work():
        stocking.reserve(queries.stock_unit_for_change(unit_id), at=clock.now(), actor_id=viewer().user_id)
    flash(_("It is free."))
    return redirect(url_for("enquiries.stock_unit", unit_id=unit_id), code=303)


@bp.route("/stock/supply", methods=["GET", "POST"])
@requires(Permission.ASK_WHEN)
def supply() -> Page:
    """Say how long the factory takes for one more unit of a product."""
    form = forms.SupplyForm()
    products = queries.instruments()
    form.product.choices = [SelectChoice(one.id, one.name) for one in products]
    if not form.is_submitted():
        form.product.data = request.args.get("product", 0, type=int)
        row = queries.supply_times().get(form.product.data)
        form.days.data = row.days if row is not None else None
        return render_template("enquiries/supply.html", form=form)
    if not form.validate():
        return show_again("enquiries/supply.html", form)
    with unit_of_work():
        stocking.set_supply_time(
            next(one for one in products if one.id == form.product.data),
            days=form.days.data or 0,
            at=clock.now(),
            actor_id=viewer().user_id,
        )
    flash(_("Saved."))
    return redirect(url_for("enquiries.stock"), code=303)


@bp.route("/stock/import", methods=["GET", "POST"])
@requires(Permission.ASK_WHEN)
def import_stock() -> Page:
    """Ask for a sheet of stock and look what it would do; nothing is saved yet."""
    form = forms.StockSheet()
    if not form.is_submitted():
        return render_template("enquiries/stock_import.html", form=form, columns=sheet.COLUMNS)
    if not form.validate():
        return show_again("enquiries/stock_import.html", form, columns=sheet.COLUMNS)
    handed_in = form.data_of()
    if handed_in is None:
        return show_again("enquiries/stock_import.html", form, columns=sheet.COLUMNS)
    data, name = handed_in[0], shown_name(handed_in[1])
    try:
        if len(data) > LARGEST_BYTES:
            raise too_large(name, len(data))
        with dry_run():
            would = _taken(data, name)
    except Refused as refused:
        form.file.errors = list(getattr(refused, "sentences", (refused.sentence,)))
        return show_again("enquiries/stock_import.html", form, columns=sheet.COLUMNS)
    title = _("Import of %(file)s", file=name)
    with unit_of_work(), taken_once(by=viewer().user_id) as outcome:
        kept = files.store(data, name=name, content_type="text/csv")
        args = {"file_id": kept.id, "name": name}
        job = jobs.keep_done(LOOKED_AT, title, args, viewer().user_id, _as_json(would))
        outcome.led_to = url_for("enquiries.checked_stock", job_id=job.id)
    return redirect(url_for("enquiries.checked_stock", job_id=job.id), code=303)


@bp.get("/stock/import/<int:job_id>")
@requires(Permission.ASK_WHEN)
def checked_stock(job_id: int) -> Page:
    """Show what each row of a sheet would do."""
    return _show_checked(_checked(job_id))


@bp.post("/stock/import/<int:job_id>")
@requires(Permission.ASK_WHEN)
def take_stock(job_id: int) -> Page:
    """Take in a sheet exactly as it was shown, all of it or nothing; shown anew where it would do something else."""
    job = _checked(job_id)
    args, shown = dict(job.args), job.result
    data = files.read(db.session.get_one(StoredFile, args["file_id"]))
    try:
        with unit_of_work(), taken_once(by=viewer().user_id) as outcome:
            done = _taken(data, args["name"])
            if _as_json(done) != shown:
                raise _Otherwise
            outcome.led_to = url_for("enquiries.stock")
    except _Otherwise:
        with unit_of_work():
            job = _checked(job_id)
            job.result = _as_json(done)
        return _show_checked(_checked(job_id), is_new=True), HTTPStatus.CONFLICT
    flash(
        _(
            "%(added)d new, %(changed)d corrected, %(same)d known already.",
            added=done.count("added"),
            changed=done.count("changed"),
            same=done.count("same"),
        )
    )
    return redirect(url_for("enquiries.stock"), code=303)


@bp.get("/stock/example.csv")
@requires(Permission.ASK_WHEN)
def stock_example() -> Page:
    """Give a sheet with every column and a believable row."""
    known = queries.instruments()
    text = sheet.example_csv(known[0].name if known else "")
    data = BytesIO(b"\xef\xbb\xbf" + text.encode())
    return send_file(data, mimetype="text/csv", as_attachment=True, download_name="stock-example.csv")


def _offer(form: forms.StockForm) -> Sequence[Product]:
    products = queries.instruments()
    form.product.choices = [SelectChoice(one.id, one.name) for one in products]
    form.country.choices = country_choices()
    return products


def _options() -> Sequence[Product]:
    return queries.built_in_options()[:400]


def _built_in(form: forms.StockForm) -> list[str] | None:
    """Keys of the options that are named; None when one is unknown, which the field says."""
    by_name = {as_alias(text): one.key for one in queries.built_in_options() for text in (one.name, one.key)}
    found = []
    for text in filter(None, (part.strip() for part in (form.options.data or "").split(";"))):
        key = by_name.get(as_alias(text))
        if key is None:
            form.options.errors = [_("“%(name)s” is no option of the catalogue. Correct it.", name=text[:80])]
            return None
        found.append(key)
    return found


class _Otherwise(Exception):
    """The sheet would do something else than what was shown."""


def _taken(data: bytes, name: str) -> sheet.Taken:
    today = clock.today(viewer().zone)
    return sheet.import_sheet(data, name, today=today, at=clock.now(), actor_id=viewer().user_id)


def _as_json(taken: sheet.Taken) -> dict[str, Any]:  # Any: JSON
    return {"rows": [row.as_json() for row in taken.rows], "remarks": list(taken.remarks)}


def _checked(job_id: int) -> Job:
    """A sheet of the viewer's own that was looked at.

    :raises NotFound: when there is none.
    """
    job = jobs.job_for(job_id, owner_id=viewer().user_id)
    if job.kind != LOOKED_AT or not job.result:
        raise NotFound
    return job


def _show_checked(job: Job, *, is_new: bool = False) -> str:
    rows = (job.result or {})["rows"]
    return render_template(
        "enquiries/stock_checked.html",
        job=job,
        rows=rows[:SHOWN],
        left_out=max(0, len(rows) - SHOWN),
        counts={name: sum(row["outcome"] == name for row in rows) for name in ("added", "changed", "same")},
        remarks=(job.result or {})["remarks"],
        is_new=is_new,
    )
