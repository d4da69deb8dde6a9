"""Who is on call: the turns week by week, and entering, changing and cancelling them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from wtforms.fields import SelectChoice  # type: ignore[attr-defined]  # newer than its stubs

from concierge.identity.guard import requires, viewer
from concierge.identity.permissions import Permission
from concierge.platform import clock
from concierge.platform.database import unit_of_work
from concierge.platform.errors import Refused, Stale
from concierge.platform.once import taken_once
from concierge.platform.web import show_again
from concierge.workforce import forms, queries
from concierge.workforce.actions import on_call as actions
from concierge.workforce.clocks import EndsTooEarly, NoSuchTime
from concierge.workforce.mails import when
from concierge.workforce.models import OnCallTurn, Technician
from concierge.workforce.views.blueprint import Page, bp

WEEKS = 6
FORM = "workforce/turn.html"


@dataclass(frozen=True, slots=True)
class Week:
    """A week and the turns that begin in it; the first shows as well what began before."""

    monday: date
    turns: Sequence[OnCallTurn]


@bp.get("/on-call")
@requires(Permission.SEE_VISITS)
def on_call() -> Page:
    """Show who is on call, week by week."""
    home, now = ZoneInfo(viewer().zone), clock.now()
    monday = _monday(request.args.get("week", ""), clock.today(viewer().zone))
    from_at = datetime.combine(monday, time(), home)
    turns = queries.turns_between(
        from_at=from_at, to_at=datetime.combine(monday + timedelta(weeks=WEEKS), time(), home)
    )
    mondays = [monday + timedelta(weeks=number) for number in range(WEEKS)]
    return render_template(
        "workforce/on_call.html",
        weeks=[
            Week(each, [turn for turn in turns if _week_of(turn, home, monday) == each]) for each in mondays
        ],
        now_on_call=queries.turns_between(from_at=now, to_at=now + timedelta(microseconds=1)),
        is_any=bool(turns),
        away={turn_id: when(absence) for turn_id, absence in queries.away_on_call(turns).items()},
        earlier=(monday - timedelta(weeks=WEEKS)).isoformat(),
        later=(monday + timedelta(weeks=WEEKS)).isoformat(),
        zone=viewer().zone,
        may_edit=viewer().may(Permission.SCHEDULE_VISITS),
    )


@bp.route("/on-call/new", methods=["GET", "POST"])
@requires(Permission.SCHEDULE_VISITS)
def new_turn() -> Page:
    """Put a technician on call."""
    technicians = queries.technicians()
    form = forms.TurnForm()
    form.technician.choices = _choices(technicians)
    if not form.is_submitted():
        monday = _monday(request.args.get("week", ""), clock.today(viewer().zone) + timedelta(days=7))
        form.start_on.data, form.end_on.data = monday, monday + timedelta(days=7)
        form.start_time.data = form.end_time.data = time(8)
        return render_template(FORM, form=form, turn=None)
    if not form.validate():
        return show_again(FORM, form, turn=None)
    try:
        with unit_of_work(), taken_once(by=viewer().user_id) as outcome:
            outcome.led_to = url_for("workforce.on_call")
            actions.enter(
                _chosen(technicians, form),
                starts_local=form.starts_local,
                ends_local=form.ends_local,
                note=form.note.data or "",
                actor_id=viewer().user_id,
                at=clock.now(),
            )
    except Refused as refusal:
        return _shown_again(form, refusal, None)
    flash(_("The turn is entered."))
    return redirect(_list_of(form.starts_local), code=303)


@bp.route("/on-call/<int:turn_id>/edit", methods=["GET", "POST"])
@requires(Permission.SCHEDULE_VISITS)
def edit_turn(turn_id: int) -> Page:
    """Give a turn another time, another technician or another note."""
    turn = queries.turn(turn_id)
    technicians = queries.technicians()
    if all(technician.id != turn.technician_id for technician in technicians):
        technicians = (turn.technician, *technicians)
    form = forms.TurnForm(data=_as_it_is(turn))
    form.technician.choices = _choices(technicians)
    if not form.is_submitted():
        return render_template(FORM, form=form, turn=turn)
    if not form.validate():
        return show_again(FORM, form, turn=turn)
    try:
        with unit_of_work():
            locked = actions.turn_for_change(turn_id)
            if str(locked.sequence) != form.version.data:
                raise Stale(
                    _("Somebody else changed this turn in the meantime. Load the page again, then repeat.")
                )
            actions.change(
                locked,
                technician=_chosen(technicians, form),
                starts_local=form.starts_local,
                ends_local=form.ends_local,
                note=form.note.data or "",
                actor_id=viewer().user_id,
                at=clock.now(),
            )
    except Refused as refusal:
        return _shown_again(form, refusal, turn)
    flash(_("Saved."))
    return redirect(_list_of(form.starts_local), code=303)


@bp.post("/on-call/<int:turn_id>/cancellation")
@requires(Permission.SCHEDULE_VISITS)
def cancel_turn(turn_id: int) -> Page:
    """Call a turn off."""
    with unit_of_work():
        turn = actions.turn_for_change(turn_id)
        actions.cancel(turn, actor_id=viewer().user_id, at=clock.now())
    flash(_("The turn is cancelled."))
    return redirect(_list_of(turn.starts_local), code=303)


def _shown_again(form: forms.TurnForm, refusal: Refused, turn: OnCallTurn | None) -> Page:
    name = {NoSuchTime: "start_time", EndsTooEarly: "end_time"}.get(type(refusal), "technician")
    form[name].errors = [*form[name].errors, refusal.sentence]
    return show_again(FORM, form, turn=turn)


def _choices(technicians: Sequence[Technician]) -> list[SelectChoice]:
    return [
        SelectChoice(technician.id, f"{technician.user.name}, {technician.city}".removesuffix(", "))
        for technician in technicians
    ]


def _chosen(technicians: Sequence[Technician], form: forms.TurnForm) -> Technician:
    return next(technician for technician in technicians if technician.id == form.technician.data)


def _as_it_is(turn: OnCallTurn) -> dict[str, object]:
    return {
        "technician": turn.technician_id,
        "start_on": turn.starts_local.date(),
        "start_time": turn.starts_local.time(),
        "end_on": turn.ends_local.date(),
        "end_time": turn.ends_local.time(),
        "note": turn.note,
        "version": str(turn.sequence),
    }


def _list_of(wall: datetime) -> str:
    """The list from the present week on, or from the week of an earlier or far later turn."""
    this = _monday("", clock.today(viewer().zone))
    monday = wall.date() - timedelta(days=wall.weekday())
    is_near = this <= monday < this + timedelta(weeks=WEEKS)
    return url_for("workforce.on_call", week=None if is_near else monday.isoformat())


def _week_of(turn: OnCallTurn, home: ZoneInfo, first: date) -> date:
    day = turn.starts_at.astimezone(home).date()
    return max(first, day - timedelta(days=day.weekday()))


def _monday(text: str, today: date) -> date:
    try:
        day = date.fromisoformat(text[:10]) if text else today
    except ValueError:
        day = today
    day = day if 2000 <= day.year < 2100 else today
    return day - timedelta(days=day.weekday())
