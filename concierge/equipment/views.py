"""Pages of the installed base: what stands where, one unit, and keeping it true."""

from collections.abc import Sequence
from contextlib import AbstractContextManager

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response
from wtforms.fields import SelectChoice  # type: ignore[attr-defined]  # newer than its stubs

from concierge.accounts import queries as accounts
from concierge.accounts.models import Account, Site
from concierge.catalogue import queries as catalogue
from concierge.catalogue.actions.products import set_warranty
from concierge.catalogue.models import Product
from concierge.catalogue.states import ProductKind
from concierge.equipment import forms, queries
from concierge.equipment.actions import keeping
from concierge.equipment.models import Asset
from concierge.equipment.states import AssetState
from concierge.identity.guard import requires, viewer
from concierge.identity.permissions import Permission
from concierge.platform import clock, undo
from concierge.platform.database import unit_of_work
from concierge.platform.errors import Refused
from concierge.platform.once import taken_once
from concierge.platform.web import show_again

bp = Blueprint("equipment", __name__)

Page = str | Response | tuple[str, int]

KEEP = Permission.SCHEDULE_VISITS
"""Who sends people to instruments keeps what is known of them true."""


@bp.get("/equipment")
@requires(Permission.SEE_ACCOUNTS)
def base() -> Page:
    """List the installed base."""
    wanted = queries.Filter(
        text=request.args.get("q", "")[:200],
        state=request.args.get("state", "")[:20],
        page=request.args.get("page", 1, type=int),
    )
    return render_template(
        "equipment/list.html",
        found=queries.assets_listed(viewer(), wanted),
        wanted=wanted,
    )


@bp.get("/accounts/<int:account_id>/equipment")
@requires(Permission.SEE_ACCOUNTS)
def of_account(account_id: int) -> Page:
    """Show what stands at a customer's sites, as a part of the customer's page."""
    account = accounts.account_by_id(viewer(), account_id)
    return render_template(
        "equipment/of_account.html", account=account, assets=queries.assets_of_account(account.id)
    )


@bp.get("/equipment/<int:asset_id>")
@requires(Permission.SEE_ACCOUNTS)
def asset(asset_id: int) -> Page:
    """Show one unit: where it stands, what it has, and how long its clocks run."""
    found = queries.asset_for(viewer(), asset_id)
    return render_template(
        "equipment/unit.html",
        unit=found,
        today=clock.today(found.site.zone),
        may_keep=viewer().may(KEEP),
        may_move=viewer().may(KEEP)
        and found.state is not AssetState.REMOVED
        and len(accounts.sites_of(found.site.account_id)) > 1,
    )


@bp.route("/equipment/new", methods=["GET", "POST"])
@requires(KEEP)
def new() -> Page:
    """Enter a unit that a customer has already."""
    account = accounts.account_by_id(viewer(), request.args.get("account", 0, type=int))
    form = forms.AssetForm()
    del form.warranty_from
    products = _offer(form, account)
    if not account.sites:
        raise Refused(_("The customer has no site yet. Add one, then its instruments."))
    if not form.is_submitted():
        form.site.data = request.args.get("site", account.sites[0].id, type=int)
        return render_template("equipment/form.html", form=form, unit=None, account=account)
    if not form.validate():
        return show_again("equipment/form.html", form, unit=None, account=account)
    try:
        with unit_of_work(), taken_once(by=viewer().user_id) as outcome, _undoable() as act:
            made = keeping.add_asset(
                site=_site(account.sites, form.site.data),
                product=next((one for one in products if one.id == form.product.data), None),
                name=form.name.data or "",
                serial=form.serial.data or "",
                place=form.place.data or "",
                options=form.option_list,
                software=form.software_list,
                installed_on=form.installed_on.data,
                warranty_to=form.warranty_to.data,
                note=form.note.data or "",
                at=act.at,
                actor_id=viewer().user_id,
            )
            address = url_for("equipment.asset", asset_id=made.id)
            outcome.led_to = address
    except keeping.StandsElsewhere as refusal:
        form.serial.errors = [refusal.sentence]
        return show_again("equipment/form.html", form, unit=None, account=account)
    undo.tell(act, _("%(name)s stands in the installed base.", name=form.name.data))
    return redirect(address, code=303)


@bp.route("/equipment/warranties", methods=["GET", "POST"])
@requires(Permission.EDIT_CATALOGUE)
def warranties() -> Page:
    """Say how long what we sell is under warranty; clocks that run go on."""
    products = catalogue.products_for_choice()
    form = forms.warranty_form(products)
    context = {
        "instruments": [one.id for one in products if one.kind is ProductKind.INSTRUMENT],
        "products": products,
    }
    if not form.is_submitted():
        form.seen.data = " ".join(f"{one.id}:{one.warranty_months}" for one in products)
        return render_template(
            "equipment/warranties.html", form=form, usual=queries.USUAL_WARRANTY_MONTHS, **context
        )
    if not form.validate():
        return show_again("equipment/warranties.html", form, usual=queries.USUAL_WARRANTY_MONTHS, **context)
    seen = dict(pair.partition(":")[::2] for pair in (form.seen.data or "").split())
    changed = 0
    with unit_of_work():
        for one in products:
            typed = form[f"months_{one.id}"].data
            if str(typed) != seen.get(
                str(one.id)
            ):  # somebody else's change stays where this person made none
                changed += set_warranty(one, typed, actor_id=viewer().user_id, at=clock.now())
    flash(ngettext("%(num)s product changed.", "%(num)s products changed.", changed))
    return redirect(url_for("equipment.warranties"), code=303)


@bp.route("/equipment/<int:asset_id>/edit", methods=["GET", "POST"])
@requires(KEEP)
def edit(asset_id: int) -> Page:
    """Correct what is known of a unit, its serial number first of all."""
    found = queries.asset_for(viewer(), asset_id)
    form = forms.AssetForm(data=_as_it_is(found))
    del form.product, form.site
    if not form.is_submitted():
        form.version.data = str(found.version)
        return render_template("equipment/form.html", form=form, unit=found, account=found.site.account)
    if not form.validate():
        return show_again("equipment/form.html", form, unit=found, account=found.site.account)
    try:
        with unit_of_work(), _undoable() as act:
            keeping.change_asset(
                queries.asset_for_change(asset_id),
                name=form.name.data or "",
                serial=form.serial.data or "",
                place=form.place.data or "",
                options=form.option_list,
                software=form.software_list,
                installed_on=form.installed_on.data,
                warranty_from=form.warranty_from.data,
                warranty_to=form.warranty_to.data,
                note=form.note.data or "",
                version=_seen(form.version.data),
                at=act.at,
                actor_id=viewer().user_id,
            )
    except keeping.StandsElsewhere as refusal:
        form.serial.errors = [refusal.sentence]
        return show_again("equipment/form.html", form, unit=found, account=found.site.account)
    undo.tell(act, _("Saved."))
    return redirect(url_for("equipment.asset", asset_id=asset_id), code=303)


@bp.route("/equipment/<int:asset_id>/move", methods=["GET", "POST"])
@requires(KEEP)
def move(asset_id: int) -> Page:
    """Let a unit stand at another site of its owner."""
    found = queries.asset_for(viewer(), asset_id)
    sites = [site for site in accounts.sites_of(found.site.account_id) if site.id != found.site_id]
    form = forms.MoveAsset()
    form.site.choices = [SelectChoice(site.id, site.name) for site in sites]
    if not sites:
        raise Refused(_("The customer has no other site. Add one first."))
    if not form.is_submitted():
        form.version.data = str(found.version)
        return render_template("equipment/move.html", form=form, unit=found)
    if not form.validate():
        return show_again("equipment/move.html", form, unit=found)
    with unit_of_work(), _undoable() as act:
        keeping.move_asset(
            queries.asset_for_change(asset_id),
            site=_site(accounts.sites_of(found.site.account_id), form.site.data),
            place=form.place.data or "",
            reason=form.reason.data or "",
            version=_seen(form.version.data),
            at=act.at,
            actor_id=viewer().user_id,
        )
    undo.tell(act, _("It stands at the other site now."))
    return redirect(url_for("equipment.asset", asset_id=asset_id), code=303)


@bp.route("/equipment/<int:asset_id>/removal", methods=["GET", "POST"])
@requires(KEEP)
def remove(asset_id: int) -> Page:
    """Say that a unit is gone."""
    found = queries.asset_for(viewer(), asset_id)
    form = forms.RemoveAsset()
    if not form.is_submitted():
        form.version.data, form.removed_on.data = str(found.version), clock.today(found.site.zone)
        return render_template("equipment/remove.html", form=form, unit=found)
    if not form.validate():
        return show_again("equipment/remove.html", form, unit=found)
    with unit_of_work(), _undoable() as act:
        keeping.remove_asset(
            queries.asset_for_change(asset_id),
            on=form.removed_on.data or clock.today(found.site.zone),
            reason=form.reason.data or "",
            version=_seen(form.version.data),
            at=act.at,
            actor_id=viewer().user_id,
        )
    undo.tell(act, _("It is gone from the installed base; what is known of it stays."))
    return redirect(url_for("equipment.asset", asset_id=asset_id), code=303)


def _undoable() -> AbstractContextManager[undo.Act]:
    return undo.undoable(actor_id=viewer().user_id, at=clock.now(), needs=KEEP.value)


def _offer(form: forms.AssetForm, account: Account) -> Sequence[Product]:
    """Give the form its choices, and return the products that can be chosen."""
    products = [one for one in catalogue.products_for_choice() if one.kind is ProductKind.INSTRUMENT]
    form.product.choices = [
        SelectChoice(0, _("None of ours")),
        *(SelectChoice(one.id, one.name) for one in products),
    ]
    form.site.choices = [SelectChoice(site.id, site.name) for site in account.sites]
    return products


def _site(sites: Sequence[Site], site_id: int | None) -> Site:
    return next((site for site in sites if site.id == site_id), sites[0])


def _as_it_is(found: Asset) -> dict[str, object]:
    return {
        "name": found.name,
        "serial": found.serial,
        "place": found.place,
        "installed_on": found.installed_on,
        "warranty_from": found.warranty_from,
        "warranty_to": found.warranty_to,
        "options": "\n".join(found.options),
        "software": "\n".join(_software(one) for one in found.software),
        "note": found.note,
    }


def _software(one: dict[str, str]) -> str:
    name, version = one.get("name", ""), one.get("version", "")
    return f"{name} = {version}" if version else name


def _seen(text: str | None) -> int:
    """The version that a form carries; a missing or spoiled one is older than all."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 19 else 0
