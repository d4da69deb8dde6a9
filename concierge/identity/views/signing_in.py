"""Coming in and going out."""

import hashlib
import re
from datetime import timedelta
from urllib.parse import urlsplit

from flask import redirect, render_template, request, session, url_for
from flask_babel import gettext as _
from flask_login import current_user, login_user, logout_user
from werkzeug.wrappers import Response

from concierge.identity import forms, queries
from concierge.identity.actions import signing_in
from concierge.identity.actions.sessions import revoke_sessions
from concierge.identity.guard import public, requires, viewer
from concierge.identity.permissions import Permission
from concierge.identity.signed_in import signed_in
from concierge.identity.views.blueprint import bp
from concierge.platform import clock
from concierge.platform.database import unit_of_work
from concierge.platform.limits import limiter
from concierge.platform.settings import current
from concierge.platform.web import show_again

Page = str | Response | tuple[str, int]

TRIES_PER_ACCOUNT = "10 per 15 minutes"
TRIES_PER_ADDRESS = "60 per 15 minutes"


def is_wrong(response: Response) -> bool:
    """Whether a try failed; only those count."""
    return response.status_code == 422


def account_tried() -> str:
    """The account that a request tries, as a digest."""
    return hashlib.sha256(request.form.get("email", "").strip().lower().encode()).hexdigest()


@bp.route("/sign-in", methods=["GET", "POST"])
@public
@limiter.limit(TRIES_PER_ACCOUNT, key_func=account_tried, methods=["POST"], deduct_when=is_wrong)
@limiter.limit(TRIES_PER_ADDRESS, methods=["POST"], deduct_when=is_wrong)
def sign_in() -> Page:
    """Ask for an address and a password, and let the person in."""
    form = forms.SignIn()
    if request.method != "POST":
        target = local_path(request.args.get("next", ""))
        if current_user.is_authenticated:
            return redirect(target, code=303)
        form.next.data = target
        return render_template("identity/sign_in.html", form=form)
    if not form.validate_on_submit():
        return show_again("identity/sign_in.html", form)
    try:
        user_id = signing_in.check(form.email.data or "", form.password.data or "")
    except signing_in.WrongPassword as wrong:
        form.form_errors.append(_(wrong.sentence))
        return show_again("identity/sign_in.html", form)
    enter(user_id, password=form.password.data or "")
    return redirect(local_path(form.next.data or ""), code=303)


@bp.post("/sign-out")
@requires(Permission.SIGNED_IN)
def sign_out() -> Page:
    """End this sign-in."""
    with unit_of_work():
        revoke_sessions(
            queries.myself(viewer()), at=clock.now(), actor_id=viewer().user_id, only=viewer().session_id
        )
    logout_user()
    session.clear()
    return redirect(url_for("identity.sign_in"), code=303)


def enter(user_id: int, *, password: str = "") -> None:
    """Open a session under a new token, and forget whatever the browser carried before."""
    kept = current()
    fresh = signing_in.fresh_hash(user_id, password) if password else None
    with unit_of_work():
        token = signing_in.sign_in(
            user_id, client=client_name(), days=kept.session_days, password_hash=fresh, at=clock.now()
        )
    session.clear()
    login_user(signed_in(token, idle=timedelta(hours=kept.session_idle_hours)))


def local_path(target: str) -> str:
    """A path on this site, or the start page for anything that could lead elsewhere."""
    is_local = re.fullmatch(r"/(?![/\\])[^\\\x00-\x20\x7f-\x9f]*", target) is not None
    if not is_local or urlsplit(target).netloc or target.startswith("/sign-"):
        return "/"
    return target


def client_name() -> str:
    """What the person uses, in two words, e.g. "Firefox on Linux"."""
    agent = request.user_agent.string
    browsers = (
        ("Edg/", "Edge"),
        ("OPR/", "Opera"),
        ("Firefox/", "Firefox"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
    )
    systems = (
        ("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"), ("Windows", "Windows"),
        ("Mac OS X", "Mac"), ("Linux", "Linux"),
    )  # fmt: skip
    browser = next((name for mark, name in browsers if mark in agent), agent.split("/")[0][:40] or "Unknown")
    system = next((name for mark, name in systems if mark in agent), "")
    return f"{browser} on {system}" if system else browser
