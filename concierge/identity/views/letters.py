"""Pages that links in letters lead to, and the page that asks for such a letter."""

from flask import flash, redirect, render_template, request
from flask_babel import gettext as _

from concierge.identity import forms, passwords, queries, reactions
from concierge.identity.actions import people
from concierge.identity.guard import public
from concierge.identity.states import LinkPurpose
from concierge.identity.views.blueprint import bp
from concierge.identity.views.signing_in import Page, account_tried, enter
from concierge.platform import clock, deliveries
from concierge.platform.database import unit_of_work
from concierge.platform.limits import limiter
from concierge.platform.web import show_again


@bp.route("/reset", methods=["GET", "POST"])
@public
@limiter.limit("5 per hour", key_func=account_tried, methods=["POST"])
@limiter.limit("30 per hour", methods=["POST"])
def ask_for_password() -> Page:
    """Ask for a letter with a link to a new password; the answer is the same for everybody."""
    form = forms.AskForPassword()
    if request.method != "POST":
        return render_template("identity/ask_for_password.html", form=form, is_asked=False)
    if not form.validate_on_submit():
        return show_again("identity/ask_for_password.html", form, is_asked=False)
    with unit_of_work():
        deliveries.enqueue(reactions.ASKED, {"email": (form.email.data or "").strip().lower()}, queue="mail")
    return render_template("identity/ask_for_password.html", form=form, is_asked=True)


@bp.route("/reset/<token>", methods=["GET", "POST"])
@public
@limiter.limit("30 per 15 minutes", methods=["POST"])
def reset(token: str) -> Page:
    """Let somebody with a link choose a new password."""
    return _choose(token, LinkPurpose.PASSWORD_RESET)


@bp.route("/invitation/<token>", methods=["GET", "POST"])
@public
@limiter.limit("30 per 15 minutes", methods=["POST"])
def invitation(token: str) -> Page:
    """Let somebody who was invited choose a password and come in."""
    return _choose(token, LinkPurpose.INVITATION)


def _choose(token: str, purpose: LinkPurpose) -> Page:
    found = queries.link(token, purpose, at=clock.now())
    form = forms.ChoosePassword()
    form.about = (found.user.name, found.user.email)
    context = {"person": found.user, "is_invitation": purpose is LinkPurpose.INVITATION}
    if request.method != "POST":
        return render_template("identity/choose_password.html", form=form, **context)
    if not form.validate_on_submit():
        return show_again("identity/choose_password.html", form, **context)
    queries.let_go()
    fresh = passwords.hashed(form.password.data or "")
    with unit_of_work():
        link = queries.link(token, purpose, at=clock.now())
        people.choose_password(link.user, password_hash=fresh, link=link, at=clock.now())
    enter(found.user_id)
    flash(
        _("Welcome, %(name)s.", name=found.user.name)
        if context["is_invitation"]
        else _("Your password was changed.")
    )
    return redirect("/", code=303)
