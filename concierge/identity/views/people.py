"""Pages about people: who works here, who may do what."""

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from concierge.identity import forms, queries
from concierge.identity.actions import people as access
from concierge.identity.actions.sessions import revoke_sessions
from concierge.identity.guard import requires, viewer
from concierge.identity.permissions import Permission, Role
from concierge.identity.views.blueprint import bp
from concierge.identity.views.signing_in import Page
from concierge.platform import clock
from concierge.platform.database import unit_of_work
from concierge.platform.errors import Refused
from concierge.platform.once import taken_once
from concierge.platform.web import show_again


@bp.get("/people")
@requires(Permission.SEE_PEOPLE)
def people() -> Page:
    """List people."""
    text, role = request.args.get("q", "")[:100], request.args.get("role", "")
    found = queries.people_listed(
        viewer(),
        text=text,
        role=Role(role) if role in {each.value for each in Role} else None,
        page=request.args.get("page", 1, type=int),
    )
    return render_template(
        "identity/people.html",
        found=found,
        text=text,
        role=role,
        roles=forms.ROLES,
        may_manage=viewer().may(Permission.MANAGE_PEOPLE),
    )


@bp.route("/people/invite", methods=["GET", "POST"])
@requires(Permission.MANAGE_PEOPLE)
def invite() -> Page:
    """Invite somebody."""
    form = forms.Invitation()
    if request.method != "POST":
        form.zone.data, form.language.data = viewer().zone, viewer().language
        return render_template("identity/invite.html", form=form)
    if not form.validate_on_submit():
        return show_again("identity/invite.html", form)
    try:
        with unit_of_work(), taken_once(by=viewer().user_id) as outcome:
            user = access.invite_person(
                email=form.email.data or "",
                name=form.name.data or "",
                role=Role(form.role.data),
                zone=form.zone.data,
                language=form.language.data,
                actor_id=viewer().user_id,
                at=clock.now(),
            )
            outcome.led_to = url_for("identity.person", user_id=user.id)
    except access.AlreadyThere as refusal:
        form.email.errors = [refusal.sentence]
        return show_again("identity/invite.html", form)
    flash(_("%(name)s gets a letter with a link.", name=user.name))
    return redirect(url_for("identity.person", user_id=user.id), code=303)


@bp.get("/people/<int:user_id>")
@requires(Permission.SEE_PEOPLE)
def person(user_id: int) -> Page:
    """Show a person."""
    user = queries.person(viewer(), user_id)
    form = forms.ChangeRole(data={"role": user.role.value})
    return _shown(user_id, form)


@bp.post("/people/<int:user_id>/role")
@requires(Permission.MANAGE_PEOPLE)
def change_role(user_id: int) -> Page:
    """Let a person work in another role."""
    form = forms.ChangeRole()
    if not form.validate_on_submit():
        return _shown(user_id, form), 422
    with unit_of_work():
        user = queries.person(viewer(), user_id)
        access.change_role(user, role=Role(form.role.data), actor_id=viewer().user_id, at=clock.now())
    flash(
        _(
            "%(name)s works as %(role)s now and has to sign in again.",
            name=user.name,
            role=forms.ROLES[user.role],
        )
    )
    return _back(user_id)


@bp.post("/people/<int:user_id>/invitation")
@requires(Permission.MANAGE_PEOPLE)
def invite_again(user_id: int) -> Page:
    """Send an invitation again."""
    _pressed()
    with unit_of_work():
        user = queries.person(viewer(), user_id)
        access.invite_again(user, actor_id=viewer().user_id, at=clock.now())
    flash(_("%(name)s gets another letter; the link of the one before stops working.", name=user.name))
    return _back(user_id)


@bp.post("/people/<int:user_id>/end")
@requires(Permission.MANAGE_PEOPLE)
def end(user_id: int) -> Page:
    """End a person's access."""
    _pressed()
    with unit_of_work():
        user = queries.person(viewer(), user_id)
        access.disable(user, actor_id=viewer().user_id, at=clock.now())
    flash(_("%(name)s can no longer sign in.", name=user.name))
    return _back(user_id)


@bp.post("/people/<int:user_id>/restore")
@requires(Permission.MANAGE_PEOPLE)
def restore(user_id: int) -> Page:
    """Give a person access again."""
    _pressed()
    with unit_of_work():
        user = queries.person(viewer(), user_id)
        access.restore(user, actor_id=viewer().user_id, at=clock.now())
    flash(_("%(name)s can sign in again.", name=user.name))
    return _back(user_id)


@bp.post("/people/<int:user_id>/sessions/end")
@requires(Permission.MANAGE_PEOPLE)
def end_sessions(user_id: int) -> Page:
    """Sign a person out everywhere."""
    _pressed()
    with unit_of_work():
        user = queries.person(viewer(), user_id)
        revoke_sessions(user, at=clock.now(), actor_id=viewer().user_id)
    flash(_("%(name)s was signed out everywhere.", name=user.name))
    return _back(user_id)


def _pressed() -> None:
    if not forms.Nothing().validate_on_submit():
        raise Refused(_("This form has expired. Load the page again and repeat."))


def _shown(user_id: int, form: forms.ChangeRole) -> str:
    user = queries.person(viewer(), user_id)
    may_manage = viewer().may(Permission.MANAGE_PEOPLE)
    return render_template(
        "identity/person.html",
        person=user,
        form=form,
        may_manage=may_manage,
        is_me=user.id == viewer().user_id,
        sessions=queries.sessions_of(user.id, at=clock.now()) if may_manage else [],
        role_word=forms.ROLES[user.role],
        language_word=forms.LANGUAGES.get(user.language, user.language),
        zone=viewer().zone,
    )


def _back(user_id: int) -> Page:
    return redirect(url_for("identity.person", user_id=user_id), code=303)
