"""The page where people change themselves and see where they are signed in."""

from flask import flash, redirect, render_template, url_for
from flask_babel import gettext as _
from flask_login import current_user

from concierge.identity import forms, passwords, queries
from concierge.identity.actions import people, signing_in
from concierge.identity.actions.sessions import revoke_sessions
from concierge.identity.guard import requires, viewer
from concierge.identity.permissions import Permission, Role
from concierge.identity.views.blueprint import bp
from concierge.identity.views.signing_in import Page, is_wrong
from concierge.platform import clock, mail
from concierge.platform.database import unit_of_work
from concierge.platform.errors import NotFound, Refused
from concierge.platform.limits import limiter
from concierge.platform.web import show_again


def me_tried() -> str:
    """The account whose password a request tries, as far as it is signed in."""
    return f"user-{current_user.viewer.user_id}" if current_user.is_authenticated else "nobody"


@bp.get("/settings/me")
@requires(Permission.SIGNED_IN)
def me() -> Page:
    """Show who one is and where one is signed in."""
    user = queries.myself(viewer())
    return render_template("identity/me.html", form=forms.Profile(obj=user), **_context())


@bp.post("/settings/me")
@requires(Permission.SIGNED_IN)
def change_me() -> Page:
    """Change one's name, time zone, language and phone."""
    form = forms.Profile()
    if not form.validate_on_submit():
        return show_again("identity/me.html", form, **_context())
    with unit_of_work():
        people.change_profile(
            queries.myself(viewer()),
            name=form.name.data or "",
            zone=form.zone.data,
            language=form.language.data,
            phone=form.phone.data or "",
            keys_off=form.keys_off.data,
            invited_by_mail=form.invited_by_mail.data if _is_invited() else None,
            version=form.version.data or "",
            actor_id=viewer().user_id,
            at=clock.now(),
        )
    flash(_("Saved."))
    return redirect(url_for("identity.me"), code=303)


@bp.get("/settings/me/password")
@requires(Permission.SIGNED_IN)
def password() -> Page:
    """Ask for a new password."""
    return render_template("identity/change_password.html", form=forms.ChangePassword())


@bp.post("/settings/me/password")
@requires(Permission.SIGNED_IN)
@limiter.limit("10 per 15 minutes", key_func=me_tried, deduct_when=is_wrong)
def change_password() -> Page:
    """Change one's password; every other sign-in ends."""
    form = forms.ChangePassword()
    user = queries.myself(viewer())
    form.about = (user.name, user.email)
    if not form.validate_on_submit():
        return show_again("identity/change_password.html", form)
    try:
        signing_in.check(user.email, form.current.data or "")
    except signing_in.WrongPassword:
        form.current.errors = [_("This is not your current password.")]
        return show_again("identity/change_password.html", form)
    fresh = passwords.hashed(form.password.data or "")
    with unit_of_work():
        people.choose_password(
            queries.myself(viewer()), password_hash=fresh, keep=viewer().session_id, at=clock.now()
        )
    flash(_("Your password was changed. You are signed out everywhere else."))
    return redirect(url_for("identity.me"), code=303)


@bp.post("/settings/me/sessions/<int:session_id>/end")
@requires(Permission.SIGNED_IN)
def end_session(session_id: int) -> Page:
    """End one of one's own sign-ins."""
    _pressed()
    with unit_of_work():
        ended = revoke_sessions(
            queries.myself(viewer()), at=clock.now(), actor_id=viewer().user_id, only=session_id
        )
        if not ended:
            raise NotFound
    flash(_("That sign-in has ended."))
    return redirect(url_for("identity.me"), code=303)


@bp.post("/settings/me/sessions/end")
@requires(Permission.SIGNED_IN)
def end_other_sessions() -> Page:
    """End all of one's sign-ins but this one."""
    _pressed()
    with unit_of_work():
        revoke_sessions(
            queries.myself(viewer()), at=clock.now(), actor_id=viewer().user_id, keep=viewer().session_id
        )
    flash(_("You are signed out everywhere else."))
    return redirect(url_for("identity.me"), code=303)


def _pressed() -> None:
    if not forms.Nothing().validate_on_submit():
        raise Refused(_("This form has expired. Load the page again and repeat."))


def _is_invited() -> bool:
    """Whether one is sent to sites, and therefore invited to visits."""
    return viewer().role is Role.TECHNICIAN


def _context() -> dict[str, object]:
    return {
        "person": queries.myself(viewer()),
        "sessions": queries.sessions_of(viewer().user_id, at=clock.now()),
        "session_id": viewer().session_id,
        "zone": viewer().zone,
        "may_operate": viewer().may(Permission.OPERATE),
        "has_mail": mail.has_folder(),
        "is_invited": _is_invited(),
    }
