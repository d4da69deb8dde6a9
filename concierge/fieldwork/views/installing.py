"""What makes the technician's day a program on a phone: its worker, its manifest, and a page for no network."""

import json

from flask import Response, render_template, url_for
from flask_babel import get_locale
from flask_babel import gettext as _

from concierge.fieldwork.views.blueprint import Page, bp
from concierge.identity.guard import public
from concierge.platform.assets import asset, asset_path
from concierge.platform.settings import current

SCOPE = "/day"
"""Addresses that the worker answers for."""
THEMES = {"light": "#ffffff", "dark": "#101216"}
FRESH = "no-cache"


@bp.get("/day/worker.js")
@public
def worker() -> Response:
    """The service worker, with the files that the day needs without network; new whenever one of them is."""
    shell = [
        *(url_for("static", filename=f"vendor/{name}") for name in json.loads(_read("day-shell.json"))),
        asset("main.css"),
        asset("day.css"),
        asset("icons.svg"),
        asset("inter-latin-wght-normal.woff2"),
        url_for("static", filename="favicon.svg"),
        url_for("fieldwork.without_network"),
    ]
    text = f"self.SHELL={json.dumps(shell)};\n{_read('day-worker.js')}"
    answer = Response(text, content_type="text/javascript; charset=utf-8")
    answer.headers["Service-Worker-Allowed"] = SCOPE
    answer.headers["Cache-Control"] = FRESH
    return answer


@bp.get("/day/app.webmanifest")
@public
def manifest() -> Response:
    """What a phone shows when the day is put on its home screen."""
    locale = get_locale()
    told = {
        "id": SCOPE,
        "name": _("My day · %(company)s", company=current().company),
        "short_name": _("My day"),
        "description": _("Visits, steps, readings and signatures, with or without network."),
        "lang": locale.language if locale else "en",
        "start_url": SCOPE,
        "scope": "/",
        "display": "standalone",
        "background_color": THEMES["light"],
        "theme_color": THEMES["light"],
        "icons": [
            _icon("icon-192.png", "192x192", "any"),
            _icon("icon-512.png", "512x512", "any"),
            _icon("icon-maskable-512.png", "512x512", "maskable"),
        ],
    }
    answer = Response(json.dumps(told), content_type="application/manifest+json")
    answer.headers["Cache-Control"] = FRESH
    answer.headers["Vary"] = "Accept-Language, Cookie"
    return answer


@bp.get("/day/offline")
@public
def without_network() -> Page:
    """Says that a page is not on the device; shown by the worker when there is no network."""
    return render_template("fieldwork/offline.html")


def _read(name: str) -> str:
    return asset_path(name).read_text("utf-8")


def _icon(name: str, sizes: str, purpose: str) -> dict[str, str]:
    source = url_for("static", filename=f"app/{name}")
    return {"src": source, "sizes": sizes, "type": "image/png", "purpose": purpose}
