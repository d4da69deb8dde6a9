"""The line over every page that says who may open it."""

from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import ParamSpec, TypeVar

from flask import Response, g, redirect, request, url_for
from flask_login import current_user

from concierge.identity.permissions import Permission
from concierge.identity.viewer import Viewer
from concierge.platform import deliveries
from concierge.platform.errors import NotAllowed
from concierge.platform.web import wants_json

P = ParamSpec("P")
R = TypeVar("R")


def requires(permission: Permission) -> Callable[[Callable[P, R]], Callable[P, R | Response]]:
    """Only people with this permission may open the page; others are asked to sign in, or refused.

    :raises NotAllowed: from the page, when the viewer's role lacks the permission.
    """

    def over(page: Callable[P, R]) -> Callable[P, R | Response]:
        @wraps(page)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> R | Response:
            if not current_user.is_authenticated:
                return _ask_to_sign_in()
            if not viewer().may(permission):
                raise NotAllowed(
                    f"Your role, {viewer().role.value}, may not {permission.value}. "
                    "An administrator can change your role under People."
                )
            if request.method not in {"GET", "HEAD", "OPTIONS"}:
                deliveries.act_for(viewer().user_id)
            return page(*args, **kwargs)

        guarded.access = permission  # type: ignore[attr-defined]  # read by the architecture tests
        return guarded

    return over


def public(page: Callable[P, R]) -> Callable[P, R]:
    """Anybody may open the page."""
    page.access = None  # type: ignore[attr-defined]  # read by the architecture tests
    return page


def viewer() -> Viewer:
    """Who is looking at this page. Only for pages under ``@requires``."""
    if "viewer" not in g:
        g.viewer = current_user.viewer
    looking: Viewer = g.viewer
    return looking


def _ask_to_sign_in() -> Response:
    if wants_json() or request.method not in {"GET", "HEAD"}:
        return Response(
            "Sign in first.", status=HTTPStatus.UNAUTHORIZED, content_type="text/plain; charset=utf-8"
        )
    target = request.full_path.rstrip("?")
    return redirect(url_for("identity.sign_in", next=target), code=HTTPStatus.SEE_OTHER)  # type: ignore[return-value]  # werkzeug's class
