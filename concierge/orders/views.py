"""Pages about orders: the list, an order, the import of documents, and the match of a line."""

from contextlib import closing
from decimal import Decimal
from io import SEEK_END, BytesIO

from flask import Blueprint, flash, redirect, render_template, request, send_file, url_for
from flask_babel import format_decimal, ngettext
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from concierge.catalogue import queries as catalogue
from concierge.catalogue.models import Product
from concierge.identity.guard import requires, viewer
from concierge.identity.permissions import Permission
from concierge.orders import chores, forms, queries
from concierge.orders.actions import handing_in, matching
from concierge.orders.actions.handing_in import HandedIn
from concierge.orders.actions.importing import ImportPlan
from concierge.orders.documents import LARGEST_BYTES
from concierge.orders.models import OrderImport
from concierge.orders.spreadsheet import COLUMNS, example_csv
from concierge.orders.states import DocumentKind, OrderState, Outcome
from concierge.platform import clock, files
from concierge.platform.database import unit_of_work
from concierge.platform.errors import Refused
from concierge.platform.once import taken_once
from concierge.platform.web import show_again

LARGEST_HAND_IN = 120_000_000
"""Bytes of all files together; each file has its own limit and its own sentence."""

UNIT_WORDS = {
    **dict.fromkeys(("", "C62", "EA", "H87", "NAR", "NMP", "PCE", "XPP"), ""),
    "KGM": "kg",
    "GRM": "g",
    "LTR": "l",
    "MLT": "ml",
    "MTR": "m",
    "HUR": "h",
    "MTK": "m²",
}
"""UN/ECE Recommendation 20 codes whose sign is the same in every language; others are shown as they are."""

bp = Blueprint("orders", __name__)
chores.register()

Page = str | Response | tuple[str, int]


@bp.url_value_preprocessor
def _let_files_in(endpoint: str | None, _values: dict[str, object] | None) -> None:
    """Let the import page read more than other pages, so that it can name the file that is too large."""
    if endpoint == "orders.hand_in":
        request.max_content_length = LARGEST_HAND_IN


@bp.app_template_filter("quantity")
def quantity(number: Decimal, unit: str) -> str:
    """How many of what: "2", "1.5 kg", "3 DAY"; pieces go without a word."""
    written = str(format_decimal(number))
    word = UNIT_WORDS.get(unit, unit)
    return f"{written} {word}".strip()


@bp.get("/orders")
@requires(Permission.SEE_ORDERS)
def orders() -> Page:
    """List orders."""
    text = request.args.get("q", "")[:200]
    state, open_match = request.args.get("state", "")[:40], request.args.get("match", "")[:10]
    page = request.args.get("page", 1, type=int)
    return render_template(
        "orders/list.html",
        found=queries.orders_listed(viewer(), text=text, state=state, matching=open_match, page=page),
        to_match=queries.count_to_match(viewer()),
        text=text,
        state=state,
        match=open_match,
        states=state_words(),
        zone=viewer().zone,
        may_import=viewer().may(Permission.IMPORT_ORDERS),
    )


@bp.get("/orders/import")
@requires(Permission.IMPORT_ORDERS)
def import_orders() -> Page:
    """Ask for order files."""
    return render_template("orders/import.html", form=forms.HandIn(), columns=COLUMNS)


@bp.post("/orders/import")
@requires(Permission.IMPORT_ORDERS)
def hand_in() -> Page:
    """Check order files; nothing is imported yet."""
    form = forms.HandIn()
    if not form.validate_on_submit():
        return show_again("orders/import.html", form, columns=COLUMNS)
    try:
        with unit_of_work(), taken_once(by=viewer().user_id) as outcome:
            found = handing_in.keep(_handed_in(), owner_id=viewer().user_id, at=clock.now())
            outcome.led_to = url_for("orders.checked", import_id=found.id)
    except Refused as refused:
        form.files.errors = [refused.sentence]
        return show_again("orders/import.html", form, columns=COLUMNS)
    return _to_import(found)


@bp.get("/orders/import/<int:import_id>")
@requires(Permission.IMPORT_ORDERS)
def checked(import_id: int) -> Page:
    """Show what files would do, or did."""
    found = queries.import_for(viewer(), import_id)
    plans = handing_in.plans_of(found)
    return render_template(
        "orders/checked.html",
        found=found,
        plans=plans,
        counts=_counts(plans),
        outcomes=outcome_words(),
        kinds=kind_words(),
        form=forms.Apply(),
        can_apply=not found.applied_at and any(one.does_something for one in plans),
    )


@bp.post("/orders/import/<int:import_id>/application")
@requires(Permission.IMPORT_ORDERS)
def apply(import_id: int) -> Page:
    """Import the files that were checked, each in a transaction of its own."""
    found = queries.import_for(viewer(), import_id)
    if found.applied_at:
        return _to_import(found)
    user_id = viewer().user_id
    if handing_in.is_long(found):
        with unit_of_work():
            handing_in.import_in_job(queries.import_for(viewer(), import_id), owner_id=user_id)
        return _to_import(found)
    done = [chores.import_one(file_id, actor_id=user_id) for file_id in found.file_ids]
    with unit_of_work():
        handing_in.note_applied(queries.import_for(viewer(), import_id), done, at=clock.now())
    flash(_told(done))
    ids = {row.order_id for one in done for row in one.rows if not one.is_refused}
    if len(done) == 1 and len(ids) == 1 and None not in ids:
        return redirect(url_for("orders.order", order_id=ids.pop()), code=303)
    return redirect(url_for("orders.checked", import_id=import_id), code=303)


@bp.get("/orders/example.csv")
@requires(Permission.SEE_ORDERS)
def example() -> Page:
    """Give a sheet with every column and believable rows."""
    data = BytesIO(b"\xef\xbb\xbf" + example_csv().encode())
    return send_file(data, mimetype="text/csv", as_attachment=True, download_name="orders-example.csv")


@bp.get("/orders/<int:order_id>")
@requires(Permission.SEE_ORDERS)
def order(order_id: int) -> Page:
    """Show an order with its lines and documents."""
    found = queries.order_for(viewer(), order_id)
    return render_template(
        "orders/order.html",
        order=found,
        lines=queries.lines_of(viewer(), order_id, page=request.args.get("page", 1, type=int)),
        people=queries.people_named(
            viewer(), [one.received_by_id for one in found.documents if one.received_by_id]
        ),
        today=clock.today(found.site.zone),
        states=state_words(),
        kinds=kind_words(),
        zone=viewer().zone,
        may_match=viewer().may(Permission.EDIT_CATALOGUE),
    )


@bp.get("/orders/<int:order_id>/documents/<int:document_id>")
@requires(Permission.SEE_ORDERS)
def document(order_id: int, document_id: int) -> Page:
    """Give a document as it was received."""
    found = queries.document_for(viewer(), order_id, document_id)
    file = found.file
    if file is None:
        raise Refused(_("The document was taken in without its file, so there is nothing to download."))
    return send_file(
        BytesIO(files.read(file)), mimetype=file.content_type, as_attachment=True, download_name=file.name
    )


@bp.route("/orders/<int:order_id>/lines/<int:line_id>/match", methods=["GET", "POST"])
@requires(Permission.EDIT_CATALOGUE)
def match(order_id: int, line_id: int) -> Page:
    """Say what a line means, for this order and all that call the item the same."""
    line = queries.line_for(viewer(), order_id, line_id)
    form = forms.MatchLine()
    likely = _likely(line.name)
    known = {product.id for product in likely}
    others = [product for product in catalogue.products_for_choice() if product.id not in known]
    form.product.choices = {
        _("Likely"): [("", _("Choose a product")), *((product.id, product.name) for product in likely)],
        _("Everything else in the catalogue"): [(product.id, product.name) for product in others],
    }
    if request.method != "POST":
        form.product.data = line.product_id or 0
        return render_template("orders/match.html", form=form, line=line)
    if not form.validate_on_submit():
        return show_again("orders/match.html", form, line=line)
    with unit_of_work():
        product = catalogue.product_by_id(form.product.data)
        line = queries.line_for(viewer(), order_id, line_id)
        count = matching.match_line(line, product, actor_id=viewer().user_id, at=clock.now())
    flash(
        ngettext(
            "%(num)d line now means %(product)s, and so will all that call it the same.",
            "%(num)d lines now mean %(product)s, and so will all that call it the same.",
            count,
            product=product.name,
        )
    )
    return redirect(url_for("orders.order", order_id=order_id), code=303)


def state_words() -> dict[OrderState, tuple[str, str]]:
    """The look and the word of each state of an order."""
    return {
        OrderState.OPEN: ("ok", _("Open")),
        OrderState.CANCELLATION_ASKED: ("warn", _("Buyer asks to cancel")),
        OrderState.CANCELLED: ("idle", _("Cancelled")),
    }


def kind_words() -> dict[DocumentKind, str]:
    """What each kind of document is called."""
    return {
        DocumentKind.ORDER: _("Order"),
        DocumentKind.CHANGE: _("Order change"),
        DocumentKind.CANCELLATION: _("Cancellation"),
    }


def outcome_words() -> dict[Outcome, tuple[str, str]]:
    """The look and the word of what a document does."""
    return {
        Outcome.CREATE: ("ok", _("New order")),
        Outcome.CHANGE: ("go", _("Changes an order")),
        Outcome.CANCEL: ("warn", _("Asks to cancel")),
        Outcome.UNCHANGED: ("idle", _("Nothing new")),
        Outcome.REFUSE: ("bad", _("Refused")),
    }


def _likely(name: str) -> list[Product]:
    """Products that share a word with a line's name, the likeliest first."""
    words = set(catalogue.as_alias(name).split())
    found = catalogue.candidates_for(name, limit=5)
    return [one for one in found if words & set(catalogue.as_alias(f"{one.maker} {one.name}").split())]


def _handed_in() -> list[HandedIn]:
    """The files of the request; one that is too large is only measured."""
    arrived = []
    for file in request.files.getlist("files"):
        if not file.filename:
            continue
        with closing(file.stream):
            data = file.stream.read(LARGEST_BYTES + 1)
            size = file.stream.seek(0, SEEK_END)
        arrived.append(HandedIn(file.filename, data if size <= LARGEST_BYTES else None, size))
    return arrived


def _to_import(found: OrderImport) -> Response:
    """To what came of it, or to the job that is at it."""
    if found.job_id and not found.applied_at:
        return redirect(f"/jobs/{found.job_id}", code=303)
    return redirect(url_for("orders.checked", import_id=found.id), code=303)


def _counts(plans: list[ImportPlan]) -> dict[str, int]:
    rows = [row for one in plans if not one.is_refused for row in one.rows]
    counts = {outcome.value: sum(row.outcome is outcome for row in rows) for outcome in Outcome}
    return counts | {"refused_files": sum(one.is_refused for one in plans), "files": len(plans)}


def _told(plans: list[ImportPlan]) -> str:
    counts = _counts(plans)
    told = []
    if counts["create"]:
        told.append(ngettext("%(num)d order came in.", "%(num)d orders came in.", counts["create"]))
    if counts["change"]:
        told.append(ngettext("%(num)d order changed.", "%(num)d orders changed.", counts["change"]))
    if counts["cancel"]:
        told.append(
            ngettext(
                "For %(num)d order the buyer asks to cancel.",
                "For %(num)d orders the buyers ask to cancel.",
                counts["cancel"],
            )
        )
    if counts["refused_files"]:
        told.append(
            ngettext("%(num)d file was refused.", "%(num)d files were refused.", counts["refused_files"])
        )
    return " ".join(told) or _("Nothing changed: everything was known already.")
