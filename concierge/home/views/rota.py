"""The rota of one to four weeks: people and days."""

from datetime import date, timedelta

from flask import render_template, request, url_for

from concierge.home import rota as rotas
from concierge.home.views.blueprint import bp
from concierge.home.views.calendars import away_words, day_names
from concierge.identity.guard import requires, viewer
from concierge.identity.permissions import Permission
from concierge.platform import clock
from concierge.workforce import queries as workforce

MOST_WEEKS = 4


@bp.get("/rota")
@requires(Permission.SEE_VISITS)
def rota() -> str:
    """Show who works, is away, is on call and is booked on which day."""
    looking, today = viewer(), clock.today(viewer().zone)
    weeks = min(max(request.args.get("weeks", 1, type=int), 1), MOST_WEEKS)
    monday = _monday(request.args.get("week", ""), today)
    territory = request.args.get("territory", "")
    everybody = workforce.technicians()
    shown = [one for one in everybody if not territory or one.territory == territory]
    if looking.may(Permission.SEE_PEOPLE):
        mine = shown
    else:  # technicians see their own row first, then who else is there
        mine = sorted(shown, key=lambda one: one.user_id != looking.user_id)
    found = rotas.rota(
        looking,
        mine,
        monday=monday,
        weeks=weeks,
        today=today,
        may_see_requests=looking.may(Permission.MANAGE_WORKFORCE),
    )

    def address(**wanted: object) -> str:
        values = {"week": monday.isoformat(), "weeks": weeks, "territory": territory or None}
        return url_for("home.rota", **{**values, **wanted})  # type: ignore[arg-type]  # values of an address

    return render_template(
        "home/rota.html",
        rota=found,
        monday=monday,
        weeks=weeks,
        choices=range(1, MOST_WEEKS + 1),
        territory=territory,
        territories=sorted({one.territory for one in everybody if one.territory}),
        weekdays=day_names(),
        away_words=away_words(),
        address=address,
        earlier=(monday - timedelta(weeks=weeks)).isoformat(),
        later=(monday + timedelta(weeks=weeks)).isoformat(),
        is_now=monday <= today < monday + timedelta(weeks=weeks),
        today=today,
        me=looking.user_id,
        may_edit=looking.may(Permission.MANAGE_WORKFORCE),
    )


def _monday(text: str, today: date) -> date:
    try:
        day = date.fromisoformat(text[:10]) if text else today
    except ValueError:
        day = today
    day = day if 2000 <= day.year < 2100 else today
    return day - timedelta(days=day.weekday())
