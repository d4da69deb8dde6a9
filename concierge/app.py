"""The application: settings in, a WSGI program out. Every slice with pages has a blueprint ``bp`` in its views."""

from importlib import import_module
from importlib.util import find_spec

from flask import Flask, g, redirect, request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from concierge import reactions, tables, timetable
from concierge.feeds import doorway
from concierge.home import consequences
from concierge.home.views import story
from concierge.identity import signed_in
from concierge.identity.guard import public, viewer
from concierge.identity.permissions import Permission, Role
from concierge.platform import (
    assets,
    database,
    errors,
    events,
    files,
    limits,
    logs,
    mail,
    mailbox,
    once,
    paths,
    previews,
    probes,
    procrastination,
    speech,
    telling,
    templates,
    timetables,
    undo,
    web,
    words,
)
from concierge.platform.settings import Settings, load

SLICES = (
    "identity",
    "accounts",
    "catalogue",
    "workforce",
    "orders",
    "equipment",
    "projects",
    "visits",
    "readiness",
    "feeds",
    "invitations",
    "enquiries",
    "dispatch",
    "fieldwork",
    "portal",
    "home",
)


def create_app(settings: Settings | None = None) -> Flask:
    """Build the application.

    :param settings: those in force; None reads them from the environment.
    :raises BadSetting: when a setting is unknown or malformed.
    """
    settings = settings or load()
    logs.configure(settings.log_level)
    app = Flask(
        "concierge", template_folder=str(paths.templates_dir()), static_folder=str(paths.static_dir())
    )
    templates.register(app)
    app.extensions["concierge.settings"] = settings
    app.extensions["concierge.tables"] = tables.ALL
    doorway.register(app, settings)
    web.register(app, settings)
    logs.register(app)
    database.register(app, settings)
    errors.register(app)
    events.register(app, reactions.REACTIONS)
    timetables.register(app, timetable.TIMETABLE)
    undo.register(app, tables.TRACKED, going_along=tables.GOING_ALONG)
    previews.register(app, consequences.of_act)
    telling.register(app, story.words)
    procrastination.register(app, settings)
    files.register(app, settings)
    mail.register(app, settings)
    mailbox.register(app, settings)
    limits.register(app)
    once.register(app)
    assets.register(app)
    words.register(app)
    signed_in.register(app, settings)
    _speak(app)
    app.register_blueprint(probes.bp)
    for slice_name in SLICES:
        if find_spec(f"concierge.{slice_name}.views"):
            app.register_blueprint(import_module(f"concierge.{slice_name}.views").bp)
    app.add_url_rule("/", "root", public(_root))
    public(app.view_functions["static"])
    return app


def _root() -> Response:
    """The first page of the day."""
    is_technician = current_user.is_authenticated and viewer().role is Role.TECHNICIAN
    return redirect(url_for("fieldwork.day" if is_technician else "home.today"), code=303)


def _speak(app: Flask) -> None:
    app.jinja_env.trim_blocks = False
    speech.register(app, directories=str(paths.translations_dir()), language=_language)
    app.context_processor(_reader)


def _reader() -> dict[str, object]:
    """What every template knows of who reads it."""
    language = _language()
    return {"language": language, "direction": speech.direction(language), "may": _may}


def _may(permission: str) -> bool:
    """Whether the viewer may do something; for templates, by the permission's words."""
    return bool(current_user.is_authenticated) and viewer().may(Permission(permission))


def _language() -> str:
    """The language of the interface: the viewer's, else what the browser prefers."""
    if "spoken" in g:
        return str(g.spoken)
    if request and current_user and current_user.is_authenticated:
        return str(current_user.viewer.language)
    return (request.accept_languages.best_match(speech.STAFF) if request else None) or "en"
