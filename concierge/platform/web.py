"""What every page shares: headers, hosts, tokens of forms, and the way back to a form with faults."""

from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, Response, render_template, request
from flask_wtf.csrf import CSRFProtect
from werkzeug.exceptions import SecurityError
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.routing import IntegerConverter, Map

from concierge.platform.forms import LARGEST, Form
from concierge.platform.settings import Settings

csrf = CSRFProtect()

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "manifest-src 'self'",
        "worker-src 'self'",
        "frame-src 'self'",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), geolocation=(), microphone=()",
}
LARGEST_REQUEST = 24 * 1024 * 1024
LARGEST_HEADERS = 32 * 1024
"""In bytes, of a request's head."""


class RowNumber(IntegerConverter):
    """A row's number in an address: larger ones than a table can have name nothing."""

    def __init__(self, map: Map, *args: Any, **options: Any) -> None:  # noqa: A002 # Any and name: as werkzeug declares it
        super().__init__(map, *args, **{"max": LARGEST, **options})


def register(app: Flask, settings: Settings) -> None:
    """Harden the application: who may ask, how large a request may be, which headers every answer carries."""
    secure = settings.address.startswith("https://")
    app.config.update(
        SECRET_KEY=settings.secret_key,
        MAX_CONTENT_LENGTH=LARGEST_REQUEST,
        MAX_FORM_MEMORY_SIZE=2 * 1024 * 1024,
        TRUSTED_HOSTS=_hosts(settings),
        SESSION_COOKIE_NAME="__Host-concierge" if secure else "concierge",
        SESSION_COOKIE_SECURE=secure,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        WTF_CSRF_TIME_LIMIT=12 * 3600,
        SEND_FILE_MAX_AGE_DEFAULT=31536000,
    )
    if settings.proxies:
        n = settings.proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=n, x_proto=n, x_host=n)  # type: ignore[method-assign]  # Flask's way
    app.url_map.converters["int"] = RowNumber
    csrf.init_app(app)
    app.before_request(_one_host)
    app.after_request(_harden(settings))


def show_again(template: str, form: Form, **context: Any) -> tuple[str, int]:  # Any: values for the page
    """The page of a form that has faults, as it was filled, with 422."""
    return render_template(template, form=form, **context), HTTPStatus.UNPROCESSABLE_ENTITY


def wants_json() -> bool:
    """Whether the request asks for JSON rather than a page."""
    return request.accept_mimetypes.best_match(["text/html", "application/json"]) == "application/json"


def _hosts(settings: Settings) -> list[str]:
    hosts = {"localhost", "127.0.0.1", "[::1]", urlsplit(settings.address).hostname or "localhost"}
    hosts.update(host.strip() for host in settings.trusted_hosts.split(",") if host.strip())
    return sorted(hosts)


def _one_host() -> None:
    """Refuse foreign, doubled or missing Host headers and oversized header blocks."""
    host = request.environ.get("HTTP_HOST", "")
    has_two_lengths = request.headers.get("Transfer-Encoding") and request.headers.get("Content-Length")
    size = sum(len(name) + len(value) for name, value in request.headers)
    if "," in host or has_two_lengths or size > LARGEST_HEADERS:
        raise SecurityError("The head cannot be trusted.")  # answered without a page: that needs a host
    _ = request.host  # refuses a host that is not trusted


def headers(settings: Settings) -> dict[str, str]:
    """The headers that every answer carries."""
    secure = {"Strict-Transport-Security": "max-age=31536000; includeSubDomains"}
    return {**HEADERS, **(secure if settings.address.startswith("https://") else {})}


def _harden(settings: Settings) -> Any:  # Any: Flask's after_request function
    every = headers(settings)

    def after(response: Response) -> Response:
        for name, value in every.items():
            response.headers.setdefault(name, value)
        if request.endpoint != "static" and (
            "Cache-Control" not in response.headers or response.cache_control.public
        ):  # send_file calls what it sends public, for a year; only our own assets are
            response.headers["Cache-Control"] = "private, no-store"
        return response

    return after
