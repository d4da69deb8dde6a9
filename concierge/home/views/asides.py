"""Putting a line of Today aside: done, or until tomorrow, next week or a day; and bringing it back."""

import re
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from flask import flash, redirect, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from concierge.home.views.blueprint import bp
from concierge.identity.actions import asides
from concierge.identity.guard import requires, viewer
from concierge.identity.permissions import Permission
from concierge.identity.viewer import Viewer
from concierge.platform import clock
from concierge.platform.database import unit_of_work
from concierge.platform.errors import Refused
from concierge.platform.words import day

COMES_BACK = time(6)
"""Wall time of the viewer at which a line comes back: before the day's work."""
FURTHEST_DAYS = 365
KEY = re.compile(r"[a-z]{1,20}:[0-9]{1,12}", re.ASCII)
LEVEL = re.compile(r"[0-9]{1,6}", re.ASCII)


@bp.post("/today/asides")
@requires(Permission.SIGNED_IN)
def put_aside() -> Response:
    """Put a line aside."""
    looking, now = viewer(), clock.now()
    key, level = request.form.get("key", ""), request.form.get("level", "")
    if not KEY.fullmatch(key) or not LEVEL.fullmatch(level):
        raise Refused(_("This line is no longer there. Load the page again."))
    until = _until(request.form.get("until", ""), request.form.get("day", ""), looking, now)
    with unit_of_work():
        aside = asides.put_aside(user_id=looking.user_id, key=key, level=int(level), until=until, at=now)
    text = (
        _("Done. It comes back only if it becomes worse.")
        if until is None
        else _("Put aside until %(day)s.", day=day(until.astimezone(ZoneInfo(looking.zone))))
    )
    flash({"text": text, "undo": url_for("home.bring_back", aside_id=aside.id)})  # type: ignore[arg-type]  # any JSON value will do
    return _back()


@bp.post("/today/asides/<int:aside_id>/return")
@requires(Permission.SIGNED_IN)
def bring_back(aside_id: int) -> Response:
    """Show a line again that was put aside."""
    with unit_of_work():
        asides.bring_back(user_id=viewer().user_id, aside_id=aside_id)
    flash(_("Back on the list."))
    return _back()


def choices(looking: Viewer, now: datetime) -> dict[str, date]:
    """The first and the last day until which something can be put aside."""
    today = now.astimezone(ZoneInfo(looking.zone)).date()
    return {"first": today + timedelta(days=1), "last": today + timedelta(days=FURTHEST_DAYS)}


def _until(word: str, on: str, looking: Viewer, now: datetime) -> datetime | None:
    today = now.astimezone(ZoneInfo(looking.zone)).date()
    match word:
        case "done":
            return None
        case "tomorrow":
            wanted = today + timedelta(days=1)
        case "week":
            wanted = today + timedelta(days=7 - today.weekday())
        case _:
            wanted = _day(on, today)
    return datetime.combine(wanted, COMES_BACK, tzinfo=ZoneInfo(looking.zone))


def _day(on: str, today: date) -> date:
    try:
        wanted = date.fromisoformat(on)
    except ValueError as error:
        raise Refused(_("Choose the day on which it shall come back.")) from error
    if not today < wanted <= today + timedelta(days=FURTHEST_DAYS):
        raise Refused(_("Choose a day from tomorrow on, within a year."))
    return wanted


def _back() -> Response:
    whose = request.args.get("whose", "")
    asked = f"?whose={whose}" if whose in {"mine", "all"} else ""
    return redirect(url_for("home.today") + asked, code=303)
