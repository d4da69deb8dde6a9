"""Light or dark, remembered by the browser."""

from urllib.parse import urlsplit

from flask import redirect, request
from werkzeug.wrappers import Response

from concierge.home.views.blueprint import bp
from concierge.identity.guard import public

A_YEAR_S = 365 * 24 * 3600


@bp.post("/theme")
@public
def switch_theme() -> Response:
    """Switch to the other theme and go back to where one was; scripts do the same without a new page."""
    theme = "light" if request.cookies.get("theme") == "dark" else "dark"
    answer = redirect(_came_from(), code=303)
    answer.set_cookie("theme", theme, max_age=A_YEAR_S, samesite="Lax", secure=request.is_secure)
    return answer


def _came_from() -> str:
    """The page before, if it is one of ours."""
    before = urlsplit(request.referrer or "")
    if before.netloc != request.host or not before.path.startswith("/") or before.path.startswith("//"):
        return "/today"
    return before.path + (f"?{before.query}" if before.query else "")
