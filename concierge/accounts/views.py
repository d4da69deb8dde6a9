"""Pages about customers: the list, a customer, and the forms of its sites and people."""

from collections.abc import Mapping
from datetime import time
from http import HTTPStatus
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import get_locale
from flask_babel import gettext as _
from werkzeug.wrappers import Response
from wtforms.fields import SelectChoice  # type: ignore[attr-defined]  # newer than its stubs

from concierge.accounts import clocks, forms, queries
from concierge.accounts.actions import accounts as naming
from concierge.accounts.actions import away as absences
from concierge.accounts.actions import contacts as people
from concierge.accounts.actions import sites as places
from concierge.accounts.models import Account, Contact, Site
from concierge.accounts.states import ContactRole
from concierge.core.travel import degrees
from concierge.identity import queries as persons
from concierge.identity.guard import requires, viewer
from concierge.identity.permissions import Permission
from concierge.platform import clock
from concierge.platform.clashes import Edited, Met, meet
from concierge.platform.database import unit_of_work
from concierge.platform.errors import Refused
from concierge.platform.once import taken_once
from concierge.platform.web import show_again

bp = Blueprint("accounts", __name__)

Page = str | Response | tuple[str, int]


@bp.get("/accounts")
@requires(Permission.SEE_ACCOUNTS)
def accounts() -> Page:
    """List customers."""
    text, country = request.args.get("q", "")[:200], request.args.get("country", "")[:2]
    page = request.args.get("page", 1, type=int)
    return render_template(
        "accounts/list.html",
        found=queries.accounts_listed(viewer(), text=text, country=country, page=page),
        countries=queries.countries(viewer()),
        text=text,
        country=country,
    )


@bp.route("/accounts/new", methods=["GET", "POST"])
@requires(Permission.EDIT_ACCOUNTS)
def new() -> Page:
    """Enter a customer."""
    form = forms.AccountForm()
    if request.method != "POST":
        return render_template("accounts/account_form.html", form=form, account=None)
    if not form.validate_on_submit():
        return show_again("accounts/account_form.html", form, account=None)
    with unit_of_work(), taken_once(by=viewer().user_id) as outcome:
        account = naming.add_account(name=form.name.data or "", actor_id=viewer().user_id, at=clock.now())
        outcome.led_to = url_for("accounts.account", account_id=account.id)
    flash(_("%(name)s was entered. Add a site next.", name=account.name))
    return redirect(url_for("accounts.account", account_id=account.id), code=303)


@bp.get("/accounts/<int:account_id>")
@requires(Permission.SEE_ACCOUNTS)
def account(account_id: int) -> Page:
    """Show a customer with sites and people."""
    return render_template(
        "accounts/account.html", account=queries.account_by_id(viewer(), account_id), roles=role_words()
    )


@bp.route("/accounts/<int:account_id>/edit", methods=["GET", "POST"])
@requires(Permission.EDIT_ACCOUNTS)
def edit(account_id: int) -> Page:
    """Rename a customer."""
    account = queries.account_by_id(viewer(), account_id)
    form = forms.AccountForm(obj=account)
    context = {"account": account}
    if request.method != "POST":
        form.load(account.version)
        return render_template("accounts/account_form.html", form=form, **context)
    if not form.validate_on_submit():
        return show_again("accounts/account_form.html", form, **context)
    theirs = forms.AccountForm(formdata=None, obj=account)
    if met := _met(form, theirs, account.version, account_id=account.id):
        return render_template(
            "accounts/account_form.html", form=form, met=met, **context
        ), HTTPStatus.CONFLICT
    with unit_of_work():
        naming.rename_account(
            account,
            name=form.name.data or "",
            version=account.version,
            actor_id=viewer().user_id,
            at=clock.now(),
        )
    flash(_("Saved."))
    return redirect(url_for("accounts.account", account_id=account.id), code=303)


@bp.route("/accounts/<int:account_id>/sites/new", methods=["GET", "POST"])
@requires(Permission.EDIT_ACCOUNTS)
def new_site(account_id: int) -> Page:
    """Enter a site."""
    account = queries.account_by_id(viewer(), account_id)
    form = _site_form()
    context = {"account": account, "site": None}
    if request.method != "POST":
        return render_template("accounts/site_form.html", form=form, **context)
    if not form.validate_on_submit():
        return show_again("accounts/site_form.html", form, **context)
    with unit_of_work(), taken_once(by=viewer().user_id) as outcome:
        outcome.led_to = url_for("accounts.account", account_id=account.id)
        site = places.add_site(
            account, details=_site_details(form), actor_id=viewer().user_id, at=clock.now()
        )
    flash(_("%(name)s was entered.", name=site.name))
    return redirect(url_for("accounts.account", account_id=account.id), code=303)


@bp.route("/accounts/<int:account_id>/sites/<int:site_id>/edit", methods=["GET", "POST"])
@requires(Permission.EDIT_ACCOUNTS)
def edit_site(account_id: int, site_id: int) -> Page:
    """Change a site."""
    site = queries.site_by_id(viewer(), account_id, site_id)
    form = _site_form(site)
    context = {"account": site.account, "site": site}
    if request.method != "POST":
        form.load(site.version)
        return render_template("accounts/site_form.html", form=form, **context)
    if not form.validate_on_submit():
        return show_again("accounts/site_form.html", form, **context)
    if met := _met(form, _site_form(site, fresh=True), site.version, site_id=site.id):
        return render_template("accounts/site_form.html", form=form, met=met, **context), HTTPStatus.CONFLICT
    with unit_of_work():
        places.change_site(
            site,
            details=_site_details(form, site),
            version=site.version,
            actor_id=viewer().user_id,
            at=clock.now(),
        )
    flash(_("%(name)s was saved.", name=site.name))
    return redirect(url_for("accounts.account", account_id=account_id), code=303)


@bp.route("/accounts/<int:account_id>/contacts/new", methods=["GET", "POST"])
@requires(Permission.EDIT_ACCOUNTS)
def new_contact(account_id: int) -> Page:
    """Enter a customer's person."""
    account = queries.account_by_id(viewer(), account_id)
    form = _contact_form(account)
    if request.method != "POST" and account.sites:
        form.zone.data, form.site_id.data = account.sites[0].zone, account.sites[0].id
    context = {"account": account, "contact": None}
    if request.method != "POST":
        return render_template("accounts/contact_form.html", form=form, **context)
    if not form.validate_on_submit():
        return show_again("accounts/contact_form.html", form, **context)
    with unit_of_work(), taken_once(by=viewer().user_id) as outcome:
        outcome.led_to = url_for("accounts.account", account_id=account.id)
        contact = people.add_contact(
            account, details=_contact_details(form), actor_id=viewer().user_id, at=clock.now()
        )
        _want_reminders(form, contact)
    flash(_("%(name)s was entered.", name=contact.name))
    return redirect(url_for("accounts.account", account_id=account.id), code=303)


@bp.route("/accounts/<int:account_id>/contacts/<int:contact_id>/edit", methods=["GET", "POST"])
@requires(Permission.EDIT_ACCOUNTS)
def edit_contact(account_id: int, contact_id: int) -> Page:
    """Change a customer's person."""
    account = queries.account_by_id(viewer(), account_id)
    contact = queries.contact_by_id(viewer(), account_id, contact_id)
    form = _contact_form(account, contact)
    context = {"account": account, "contact": contact, **_away_of(contact)}
    if request.method != "POST":
        form.load(contact.version)
        return render_template("accounts/contact_form.html", form=form, **context)
    if not form.validate_on_submit():
        return show_again("accounts/contact_form.html", form, **context)
    theirs = _contact_form(account, contact, fresh=True)
    if met := _met(form, theirs, contact.version, contact_id=contact.id):
        return render_template(
            "accounts/contact_form.html", form=form, met=met, **context
        ), HTTPStatus.CONFLICT
    with unit_of_work():
        people.change_contact(
            contact,
            details=_contact_details(form),
            version=contact.version,
            actor_id=viewer().user_id,
            at=clock.now(),
        )
        _want_reminders(form, contact)
    flash(_("%(name)s was saved.", name=contact.name))
    return redirect(url_for("accounts.account", account_id=account_id), code=303)


@bp.post("/accounts/<int:account_id>/contacts/<int:contact_id>/away")
@requires(Permission.EDIT_ACCOUNTS)
def enter_contact_away(account_id: int, contact_id: int) -> Page:
    """Note when a customer's person is not there."""
    account = queries.account_by_id(viewer(), account_id)
    contact = queries.contact_by_id(viewer(), account_id, contact_id)
    away = forms.ContactAwayForm()
    form = _contact_form(account, contact, fresh=True)
    form.load(contact.version)
    context = {"form": form, "account": account, "contact": contact}
    if not away.validate_on_submit() or not away.first_on.data or not away.last_on.data:
        return render_template(
            "accounts/contact_form.html", **context, **_away_of(contact, away)
        ), HTTPStatus.UNPROCESSABLE_ENTITY
    try:
        with unit_of_work():
            absences.enter_away(
                contact,
                first_on=away.first_on.data,
                last_on=away.last_on.data,
                from_time=away.from_time.data,
                to_time=away.to_time.data,
                actor_id=viewer().user_id,
                at=clock.now(),
            )
    except Refused as refusal:
        away.last_on.errors = [refusal.sentence]
        return render_template(
            "accounts/contact_form.html", **context, **_away_of(contact, away)
        ), HTTPStatus.UNPROCESSABLE_ENTITY
    flash(_("Noted. Visits at which %(name)s has to be are looked at again.", name=contact.name))
    return _to_contact(account_id, contact_id)


@bp.post("/accounts/<int:account_id>/contacts/<int:contact_id>/away/<int:away_id>/removal")
@requires(Permission.EDIT_ACCOUNTS)
def remove_contact_away(account_id: int, contact_id: int, away_id: int) -> Page:
    """Note that a customer's person is there after all."""
    contact = queries.contact_by_id(viewer(), account_id, contact_id)
    with unit_of_work():
        absences.remove_away(contact, away_id, actor_id=viewer().user_id, at=clock.now())
    flash(_("Removed."))
    return _to_contact(account_id, contact_id)


def _to_contact(account_id: int, contact_id: int) -> Response:
    where = url_for("accounts.edit_contact", account_id=account_id, contact_id=contact_id, _anchor="away")
    return redirect(where, code=303)


def _away_of(contact: Contact, form: forms.ContactAwayForm | None = None) -> dict[str, Any]:
    """What the page of a person shows of when they are not there. Any: what the template is given."""
    return {
        "away": form or forms.ContactAwayForm(formdata=None),
        "aways": queries.aways_of(contact.id, from_at=clock.now()),
    }


def _want_reminders(form: forms.ContactForm, contact: Contact) -> None:
    wanted = form.is_reminded.data == "True"
    people.want_reminders(contact, is_reminded=wanted, actor_id=viewer().user_id, at=clock.now())


def role_words() -> Mapping[ContactRole, str]:
    """What a contact takes care of, in words."""
    return {
        ContactRole.LAB: _("laboratory"),
        ContactRole.FACILITIES: _("building"),
        ContactRole.IT: _("network"),
        ContactRole.SAFETY: _("safety"),
        ContactRole.PURCHASING: _("purchasing"),
        ContactRole.RECEIVING: _("receiving"),
    }


def _met(mine: Edited, theirs: Edited, version: int, **ids: int) -> Met | None:
    """What somebody else changed while the form was open."""
    by = persons.last_change(**ids)
    return meet(mine, theirs, version=version, by=by, zone=viewer().zone)


def _site_form(site: Any = None, *, fresh: bool = False) -> forms.SiteForm:  # Any: what WTForms copies from
    form = forms.SiteForm(formdata=None, obj=site) if fresh else forms.SiteForm(obj=site)
    names = get_locale().territories
    known = sorted(((code, name) for code, name in names.items() if len(code) == 2), key=lambda one: one[1])
    form.country.choices = [SelectChoice("", _("Choose")), *(SelectChoice(*one) for one in known)]
    form.zone.choices = [SelectChoice("", _("The country's")), *_zones()]
    if site is not None:
        # Plans hang on these: they are changed among working days, where one sees what would move.
        del form.country, form.subdivision, form.zone
    return form


def _site_details(form: forms.SiteForm, site: Site | None = None) -> places.SiteDetails:
    written = (form.degrees.data or "").strip()
    latitude, longitude = degrees(written) if written else (None, None)
    return places.SiteDetails(
        name=form.name.data or "",
        street=form.street.data or "",
        postcode=form.postcode.data or "",
        city=form.city.data or "",
        country=site.country if site else form.country.data or "",
        subdivision=site.subdivision if site else form.subdivision.data or "",
        zone=site.zone if site else form.zone.data or "",
        latitude=latitude,
        longitude=longitude,
        access_from=form.access_from.data or time(8),
        access_to=form.access_to.data or time(17),
        dock_notes=form.dock_notes.data or "",
        is_confidential=bool(form.is_confidential.data),
    )


def _contact_form(
    account: Account, contact: Any = None, *, fresh: bool = False
) -> forms.ContactForm:  # Any: what WTForms copies from
    known = {"role": contact.role.value, "site_id": contact.site_id or 0} if contact else {}
    form = (
        forms.ContactForm(formdata=None, obj=contact) if fresh else forms.ContactForm(obj=contact, data=known)
    )
    if contact and (fresh or request.method != "POST"):
        form.role.data, form.site_id.data = contact.role.value, contact.site_id or 0
    form.site_id.choices = [
        SelectChoice(0, _("All sites")),
        *(SelectChoice(site.id, site.name) for site in account.sites),
    ]
    form.zone.choices = _zones()
    return form


def _zones() -> list[SelectChoice]:
    return [SelectChoice(zone, zone) for zone in clocks.zones()]


def _contact_details(form: forms.ContactForm) -> people.ContactDetails:
    return people.ContactDetails(
        name=form.name.data or "",
        title=form.title.data or "",
        role=ContactRole(form.role.data),
        site_id=form.site_id.data or None,
        email=form.email.data or "",
        phone=form.phone.data or "",
        language=form.language.data,
        zone=form.zone.data,
    )
