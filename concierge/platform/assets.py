"""The addresses of bundled styles, behaviours, icons and fonts; file names change with the content."""

import json
from pathlib import Path

from flask import Flask, Response, g, request, url_for

from concierge.platform.paths import static_dir

NOT_SET_UP = "The front end of Concierge has not been bundled yet. Type: ./dev setup   then reload this page."
_WITHOUT_STYLES = ("probes.", "feeds.", "static")


class NotSetUp(Exception):
    """The bundle is missing or does not hold the asset; the sentence says what to type."""


class Assets:
    """What `static/build.mjs` made, as its manifest lists it; read again when it was made anew."""

    def __init__(self, folder: Path) -> None:
        self._manifest = folder / "manifest.json"
        self._made_at_ns = 0
        self._names: dict[str, str] = {}

    @property
    def is_bundled(self) -> bool:
        """Whether there is a bundle at all."""
        return self._manifest.exists()

    def file(self, name: str) -> str:
        """The file of an asset, relative to the bundle's folder.

        :param name: as in the sources: `main.css`, `app.js`, `behaviours/palette.js`, `icons.svg`,
            `inter-latin-wght-normal.woff2`.
        :raises NotSetUp: when set-up has not run, or knows no such asset
        """
        try:
            made_at_ns = self._manifest.stat().st_mtime_ns
            if made_at_ns != self._made_at_ns:
                self._names = json.loads(self._manifest.read_text("utf-8"))
                self._made_at_ns = made_at_ns
        except FileNotFoundError:
            raise NotSetUp(NOT_SET_UP) from None
        if name not in self._names:
            raise NotSetUp(f"The bundle holds no {name}. Type: ./dev setup")
        return self._names[name]


_assets = Assets(static_dir() / "vendor")


def asset(name: str) -> str:
    """The address of a bundled asset, for templates: `asset('main.css')`.

    :raises NotSetUp: when set-up has not run, or knows no such asset
    """
    known: dict[str, str] = g.setdefault("assets", {})
    if name not in known:  # a page names the icons' file once an icon
        known[name] = url_for("static", filename=f"vendor/{_assets.file(name)}")
    return known[name]


def asset_path(name: str) -> Path:
    """The bundled file itself, for documents that are rendered without a web server: fonts, styles.

    :raises NotSetUp: when set-up has not run, or knows no such asset
    """
    return static_dir() / "vendor" / _assets.file(name)


def register(app: Flask) -> None:
    """Give templates `asset(name)`, and answer with one plain sentence while there is no bundle."""
    app.jinja_env.globals["asset"] = asset
    app.before_request(_say_when_not_set_up)


def _say_when_not_set_up() -> Response | None:
    machines_ask = (request.endpoint or "").startswith(_WITHOUT_STYLES)
    if _assets.is_bundled or machines_ask:
        return None
    return Response(NOT_SET_UP + "\n", status=503, content_type="text/plain; charset=utf-8")
