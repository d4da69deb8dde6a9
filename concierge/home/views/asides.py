"""Putting a line of Today aside: done, or until tomorrow, next week or a day; and bringing it back."""

import re
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from concierge.core.urgency import Kind
from concierge.home.views import needs
from concierge.home.views.blueprint import bp
from concierge.home.views.today import wants_own
from concierge.identity.actions import asides
from concierge.identity.guard import requires, viewer
from concierge.identity.permissions import Permission
from concierge.identity.viewer import Viewer
from concierge.platform import clock
from concierge.platform.database import unit_of_work
from concierge.platform.errors import NotFound, Refused
from concierge.platform.words import day

COMES_BACK = time(6)
"""Wall time of the viewer at which a line comes back: before the day's work."""
FURTHEST_DAYS = 365
KINDS = "|".join((*(kind.value for kind in Kind), "visit"))
PUT = re.compile(
    rf"(done|tomorrow|week|day) ((?:{KINDS})(?::[1-9][0-9]{{0,11}}){{0,3}})#(0|[1-9][0-9]{{0,5}})", re.ASCII
)
"""What the button of a line sends: until when, what, and how bad it is."""


@bp.post("/today/asides")
@requires(Permission.SIGNED_IN)
def put_aside() -> Response:
    """Put a line aside."""
    looking, now = viewer(), clock.now()
    put = PUT.fullmatch(request.form.get("put", ""))
    if put is None:
        raise Refused(_("This line is no longer there. Load the page again."))
    word, key, seen = put.groups()
    until = _until(word, request.form.get("day", ""), looking, now)
    level = needs.level_of(looking, key, now=now, mine=wants_own(looking))
    if level is None:
        raise Refused(_("This line is no longer there. Load the page again."))
    with unit_of_work():
        # what became worse since the page was loaded comes back at once
        aside = asides.put_aside(
            user_id=looking.user_id, key=key, level=min(int(seen), level), until=until, at=now
        )
    text = (
        _("Done. It comes back only if it becomes worse.")
        if until is None
        else _("Put aside until %(day)s.", day=day(until.astimezone(ZoneInfo(looking.zone))))
    )
    flash({"text": text, "undo": url_for("home.bring_back", aside_id=aside.id)})  # type: ignore[arg-type]  # any JSON value will do
    return _back()


@bp.get("/today/asides/new")
@requires(Permission.SIGNED_IN)
def choose_day() -> str:
    """Ask until which day a line shall be put aside."""
    put = PUT.fullmatch("day " + request.args.get("line", ""))
    if put is None:
        raise NotFound
    first, last = _choices(viewer(), clock.now())
    return render_template("home/aside.html", put=put[0], first=first, last=last, whose=_whose())


@bp.post("/today/asides/<int:aside_id>/return")
@requires(Permission.SIGNED_IN)
def bring_back(aside_id: int) -> Response:
    """Show a line again that was put aside."""
    with unit_of_work():
        asides.bring_back(user_id=viewer().user_id, aside_id=aside_id)
    flash(_("Back on the list."))
    return _back()


def _choices(looking: Viewer, now: datetime) -> tuple[date, date]:
    """The first and the last day until which something can be put aside."""
    today = clock.day_at(now, looking.zone)
    return today + timedelta(days=1), today + timedelta(days=FURTHEST_DAYS)


def _until(word: str, on: str, looking: Viewer, now: datetime) -> datetime | None:
    today = clock.day_at(now, looking.zone)
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
    return redirect(url_for("home.today") + _whose(), code=303)


def _whose() -> str:
    whose = request.args.get("whose", "")
    return f"?whose={whose}" if whose in {"mine", "all"} else ""
