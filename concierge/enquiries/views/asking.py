"""Pages that list enquiries and ask new ones."""

from collections.abc import Mapping, Sequence

from flask import redirect, render_template, request, url_for
from flask_babel import gettext as _
from wtforms.fields import SelectChoice  # type: ignore[attr-defined]  # newer than its stubs

from concierge.accounts.models import Account, Site
from concierge.catalogue.models import Product
from concierge.catalogue.queries import as_alias
from concierge.enquiries import forms, queries, words
from concierge.enquiries.actions import asking
from concierge.enquiries.actions.asking import WantedLine
from concierge.enquiries.states import Pace
from concierge.enquiries.views.blueprint import Page, bp, country_choices, seen
from concierge.identity.guard import requires, viewer
from concierge.identity.permissions import Permission
from concierge.platform import clock
from concierge.platform.database import unit_of_work
from concierge.platform.once import taken_once
from concierge.platform.web import show_again


@bp.get("/enquiries")
@requires(Permission.ASK_WHEN)
def enquiries() -> Page:
    """List enquiries."""
    text, state = request.args.get("q", "")[:200], request.args.get("state", "open")[:20]
    now = clock.now()
    return render_template(
        "enquiries/list.html",
        found=queries.enquiries_listed(
            viewer(), at=now, text=text, state=state, page=request.args.get("page", 1, type=int)
        ),
        text=text,
        state=state,
        states=words.state_words(),
        place_words=words.place_words,
        zone=viewer().zone,
    )


@bp.route("/enquiries/new", methods=["GET", "POST"])
@requires(Permission.ASK_WHEN)
def new() -> Page:
    """Ask how many, where, when."""
    form = forms.AskForm()
    accounts = queries.accounts_for_choice()
    if not form.is_submitted():
        account_id = request.args.get("account", 0, type=int)
        form.customer.data = next((one.name for one in accounts if one.id == account_id), "")
    account = _account(accounts, form.customer.data or "")
    products = queries.instruments()
    extras = queries.extras()
    _offer(form, account, products)
    shown = {"account": account, "accounts": accounts[:400], "extras": extras[:400]}
    if not form.is_submitted():
        return render_template("enquiries/new.html", form=form, **shown)
    if "more" in request.form or "load" in request.form:
        if "more" in request.form and len(form.lines) < forms.MOST_LINES:
            form.lines.append_entry()
            _offer(form, account, products)
        return render_template("enquiries/new.html", form=form, **shown)
    if not form.validate():
        return show_again("enquiries/new.html", form, **shown)
    if form.wanted_on.data is not None and form.wanted_on.data < clock.today(viewer().zone):
        form.wanted_on.errors = [_("The wanted day is over. Choose a day to come, or leave it empty.")]
        return show_again("enquiries/new.html", form, **shown)
    lines = _lines(form, account.sites if account else (), products, extras)
    if lines is None:
        return show_again("enquiries/new.html", form, **shown)
    with unit_of_work(), taken_once(by=viewer().user_id) as outcome:
        made = asking.ask(
            account=account,
            customer=form.customer.data or "",
            lines=lines,
            wanted_on=form.wanted_on.data,
            reference=form.reference.data or "",
            pace=Pace(form.pace.data),
            note=form.note.data or "",
            zone=viewer().zone,
            at=clock.now(),
            actor_id=viewer().user_id,
        )
        outcome.led_to = url_for("enquiries.answer", code=made.code)
    return redirect(outcome.led_to, code=303)


@bp.route("/enquiries/<code>/closing", methods=["GET", "POST"])
@requires(Permission.ASK_WHEN)
def close(code: str) -> Page:
    """Say that nothing comes of an enquiry."""
    found = queries.enquiry_by_code(viewer(), code)
    form = forms.ReasonForm()
    title = _("Close %(code)s", code=found.code)
    shown = {
        "enquiry": found,
        "title": title,
        "lead": _("What it holds is free for others at once. It can be opened again."),
        "verb": _("Close it"),
    }
    if not form.is_submitted():
        form.version.data = str(found.version)
        return render_template("enquiries/reason.html", form=form, **shown)
    if not form.validate():
        return show_again("enquiries/reason.html", form, **shown)
    with unit_of_work():
        asking.close(
            queries.enquiry_for_change(found.id),
            reason=form.reason.data or "",
            version=seen(form.version.data),
            at=clock.now(),
            actor_id=viewer().user_id,
        )
    return redirect(url_for("enquiries.answer", code=found.code), code=303)


@bp.post("/enquiries/<code>/reopening")
@requires(Permission.ASK_WHEN)
def reopen(code: str) -> Page:
    """Ask again what was closed."""
    found = queries.enquiry_by_code(viewer(), code)
    with unit_of_work():
        asking.reopen(queries.enquiry_for_change(found.id), at=clock.now(), actor_id=viewer().user_id)
    return redirect(url_for("enquiries.answer", code=found.code), code=303)


def _account(accounts: Sequence[Account], name: str) -> Account | None:
    wanted = " ".join(name.casefold().split())
    return next((one for one in accounts if one.name.casefold() == wanted), None)


def _offer(form: forms.AskForm, account: Account | None, products: Sequence[Product]) -> None:
    """Give every line its choices."""
    offered = [SelectChoice(0, _("None")), *(SelectChoice(one.id, one.name) for one in products)]
    sites = [
        SelectChoice(0, _("Elsewhere, see beside")),
        *(SelectChoice(one.id, one.name) for one in (account.sites if account else ())),
    ]
    countries = country_choices()
    for line in form.lines:
        line.form.product.choices = offered
        line.form.site.choices = sites
        line.form.country.choices = countries


def _lines(
    form: forms.AskForm, sites: Sequence[Site], products: Sequence[Product], extras: Sequence[Product]
) -> list[WantedLine] | None:
    """What is asked for, line by line; None when a line cannot be read, which its fields say."""
    by_id = {one.id: one for one in products}
    by_site = {one.id: one for one in sites}
    by_name = _by_name(extras)
    found, is_whole = [], True
    for entry in form.lines:
        line = entry.form
        product = by_id.get(line.product.data or 0)
        if product is None:
            if (line.options.data or "").strip() or (line.city.data or "").strip():
                line.product.errors = [_("Choose a product, or empty the line.")]
                is_whole = False
            continue
        options = []
        for text in filter(None, (part.strip() for part in (line.options.data or "").split(";"))):
            extra = by_name.get(as_alias(text))
            if extra is None or extra.option_of_id not in {None, product.id}:
                line.options.errors = [
                    _("“%(name)s” cannot be sold with it. Correct the name, or leave it out.", name=text[:80])
                ]
                is_whole = False
            else:
                options.append(extra.key)
        site = by_site.get(line.site.data or 0)
        if site is None and not line.country.data:
            line.country.errors = [_("Say where they go: a site, or at least a country.")]
            is_whole = False
        found.append(
            WantedLine(
                product,
                1 if line.quantity.data is None else line.quantity.data,
                site,
                line.country.data or "",
                (line.subdivision.data or "").strip().upper(),
                (line.city.data or "").strip(),
                options,
            )
        )
    if not found and is_whole:
        form.lines[0].form.product.errors = [_("Choose what is asked for.")]
        return None
    return found if is_whole else None


def _by_name(products: Sequence[Product]) -> Mapping[str, Product]:
    return {as_alias(text): one for one in products for text in (one.name, one.key)}
