"""Every part in every state on one page, with made-up data that never changes."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from types import SimpleNamespace as Sample
from typing import Any
from zoneinfo import ZoneInfo

from flask import render_template
from flask_wtf.file import FileField
from wtforms import BooleanField, DateField, EmailField, RadioField, SelectField, StringField, TextAreaField
from wtforms.fields import SelectChoice  # type: ignore[attr-defined]  # newer than its stubs

from concierge.core import axis
from concierge.core.spans import Span, days
from concierge.home.views.blueprint import bp
from concierge.identity.guard import requires
from concierge.identity.permissions import Permission
from concierge.platform.forms import Form

TODAY = date(2026, 11, 24)
NOW = datetime(2026, 11, 24, 9, 42, tzinfo=UTC)
ZURICH = ZoneInfo("Europe/Zurich")


class SampleForm(Form):
    """One field of each kind."""

    name = StringField("Name", description="As it stands on the door.")
    email = EmailField("E-mail")
    on = DateField("Delivery day")
    site = SelectField("Site", choices=[SelectChoice("basel", "Basel"), SelectChoice("osaka", "Osaka")])
    crane = RadioField(
        "Crane", choices=[SelectChoice("yes", "A crane is booked"), SelectChoice("no", "No crane is needed")]
    )
    reason = TextAreaField("Reason")
    told = BooleanField("Tell the customer by mail")
    document = FileField("Order documents", description="XML or CSV, at most 20 MB each.")


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture of lines with its rows."""

    axis: axis.DayAxis | axis.HourAxis
    rows: list[Sample]


@bp.get("/styleguide")
@requires(Permission.SIGNED_IN)
def styleguide() -> str:
    """Show every part."""
    filled, faulty = SampleForm(prefix="a"), SampleForm(prefix="b")
    faulty.on.errors = ["Choose a date after delivery."]
    faulty.name.errors = ["Enter the name of the site."]
    faulty.crane.errors = ["Say whether a crane is booked."]
    faulty.document.errors = ["Line 14 of order.xml says quantity −2. Ask the seller for a corrected order."]
    return render_template(
        "home/styleguide.html",
        states=("ok", "go", "warn", "bad", "wait", "idle"),
        timeline=_timeline(),
        sites=_sites(),
        portfolio=_portfolio(),
        people=_people(),
        feed=_feed(),
        form_filled=filled,
        form_faulty=faulty,
        jobs=_jobs(),
    )


def _timeline() -> Picture:
    def d(month: int, day: int) -> date:
        return date(2026, month, day)

    plan = [
        axis.PlanLine(
            key="order", promised=days(d(10, 6), d(10, 6)), done=days(d(10, 6), d(10, 6)), is_point=True
        ),
        axis.PlanLine(
            key="prep",
            promised=days(d(10, 9), d(11, 20)),
            done=days(d(10, 12), TODAY),
            forecast=days(TODAY, d(11, 26)),
            state="warn",
            words="Power outlet",
        ),
        axis.PlanLine(
            key="delivery",
            promised=days(d(11, 23), d(11, 24)),
            forecast=days(d(11, 27), d(11, 30)),
            state="warn",
            after=("prep",),
        ),
        axis.PlanLine(
            key="install",
            promised=days(d(11, 25), d(12, 1)),
            forecast=days(d(12, 1), d(12, 7)),
            state="warn",
            after=("delivery",),
        ),
        axis.PlanLine(
            key="training",
            promised=days(d(12, 3), d(12, 4)),
            forecast=days(d(12, 9), d(12, 10)),
            state="warn",
            after=("install",),
        ),
        axis.PlanLine(
            key="handover",
            promised=days(d(12, 7), d(12, 7)),
            forecast=days(d(12, 11), d(12, 11)),
            is_point=True,
            state="warn",
            words="11 Dec",
            after=("training",),
        ),
    ]
    told = [
        ("Order", "confirmed 6 Oct", "ok", "check", "Tue 6 Oct", "", "as promised"),
        ("Lab prep", "waits for power", "warn", "plug", "Thu 26 Nov", "+4 d", "promised 20 Nov"),
        ("Delivery", "Rhein Lab Logistics", "idle", "truck", "Mon 30 Nov", "+4 d", "promised 24 Nov"),
        ("Install", "Aiko Ito", "idle", "wrench", "Mon 7 Dec", "+4 d", "promised 1 Dec"),
        ("Training", "Ben Okafor", "idle", "graduation-cap", "Thu 10 Dec", "+4 d", "promised 4 Dec"),
        ("Handover", "customer signs", "idle", "pen-line", "Fri 11 Dec", "+4 d", "promised 7 Dec"),
    ]
    on = axis.day_axis([d(10, 1), d(12, 16)], today=TODAY)
    rows = [
        Sample(
            name=name,
            meta=meta,
            state=state,
            icon=icon,
            value=value,
            mark=mark,
            note=note,
            tone="warn",
            total=name == "Handover",
            drawing=drawing,
        )
        for (name, meta, state, icon, value, mark, note), drawing in zip(
            told, axis.draw_plan(plan, on), strict=True
        )
    ]
    return Picture(on, rows)


def _sites() -> Picture:
    on = axis.HourAxis(TODAY, ZURICH, NOW)
    told = [
        ("Osaka", "Asia/Tokyo", "Install, day 2 of 3", "ok", "", "Done", (9, 0), (17, 0), ""),
        ("Singapore", "Asia/Singapore", "Training", "ok", "", "Done", (9, 0), (13, 0), ""),
        ("Basel", "Europe/Zurich", "Rigging survey", "go", "", "Now", (10, 0), (12, 30), ""),
        (
            "Boston",
            "America/New_York",
            "Install starts",
            "warn",
            "",
            "At risk",
            (8, 30),
            (16, 30),
            ", crate not scanned",
        ),
        (
            "San Diego",
            "America/Los_Angeles",
            "Readiness call",
            "idle",
            "phone",
            "Planned",
            (9, 0),
            (9, 45),
            "",
        ),
    ]
    rows = []
    for name, zone, visit, state, icon, word, start, end, note in told:
        there = ZoneInfo(zone)
        span = Span(_at(start, there), _at(end, there))
        hours = Span(_at((8, 0), there), _at((17, 0), there))
        (drawing,) = axis.draw_day([axis.DayLine(open=(hours,), present=((span, state),))], on)
        rows.append(
            Sample(
                name=name,
                meta=f"{NOW.astimezone(there):%H:%M} there now",
                state=state,
                icon=icon,
                value=visit,
                mark=word,
                note=f"{span.from_at:%H:%M}–{span.to_at:%H:%M}{note}",
                drawing=drawing,
            )
        )
    return Picture(on, rows)


def _portfolio() -> Picture:
    told = [
        (
            "Carver State: Kestrel NMR 600",
            "Boston",
            "bad",
            date(2026, 9, 1),
            date(2026, 11, 20),
            date(2026, 12, 18),
            20,
        ),
        (
            "Halden Biologics: Helix LC-MS 900",
            "Basel",
            "warn",
            date(2026, 10, 1),
            date(2026, 12, 7),
            date(2026, 12, 11),
            4,
        ),
        (
            "Nishiyama Pharma: Vega Flow 300",
            "Osaka",
            "ok",
            date(2026, 10, 20),
            date(2026, 12, 4),
            date(2026, 12, 4),
            0,
        ),
        (
            "Tasman Dairy Research: Vega Flow 300",
            "Hamilton",
            "ok",
            date(2026, 11, 9),
            date(2027, 1, 29),
            date(2027, 1, 27),
            -2,
        ),
    ]
    on = axis.day_axis([date(2026, 10, 1), date(2027, 1, 29)], today=TODAY)
    plan = [
        axis.PlanLine(
            key=name,
            promised=days(promised, promised),
            forecast=days(forecast, forecast),
            is_point=True,
            state=state,
            track_from=start,
            words=f"{late} days late" if late > 10 else "",
        )
        for name, _, state, start, promised, forecast, late in told
    ]
    rows = [
        Sample(
            name=name,
            meta=city,
            state=state,
            icon="",
            url="#portfolio",
            value=f"{forecast:%a %-d %b}",
            mark=f"{late:+} d".replace("-", "−") if late else "",
            note=f"promised {promised:%-d %b}",
            drawing=drawing,
        )
        for (name, city, state, _, promised, forecast, late), drawing in zip(
            told, axis.draw_plan(plan, on), strict=True
        )
    ]
    return Picture(on, rows)


def _at(clock: tuple[int, int], there: ZoneInfo) -> datetime:
    return datetime.combine(TODAY, time(*clock), tzinfo=there)


def _people() -> list[Sample]:
    return [
        Sample(name="Dr Ines Keller", initials="IK", note="Lab manager · replies in about 3 h", url=""),
        Sample(name="Stefan Brunner", initials="SB", note="Facilities · owns the outlet", url=""),
        Sample(name="Aiko Ito", initials="AI", note="Installs 1–7 Dec · 18:42 there now", url=""),
    ]


def _feed() -> list[Sample]:
    return [
        Sample(
            state="warn",
            icon="triangle-alert",
            who="Forecast moved",
            what="from 8 to 11 Dec: outlet due date passed",
            when="Mon 23 Nov, 06:00",
            url="",
            iso="",
        ),
        Sample(
            state="idle",
            icon="mail",
            who="Stefan Brunner",
            what="booked the electrician for Thu 26 Nov",
            when="Fri 20 Nov, 16:12",
            url="",
            iso="",
        ),
        Sample(
            state="ok",
            icon="check",
            who="Ines Keller",
            what="confirmed floor vibration, with report",
            when="Thu 19 Nov, 09:30",
            url="",
            iso="",
        ),
        Sample(
            state="idle",
            icon="user",
            who="You",
            what="moved install to 1 Dec",
            when="Wed 18 Nov, 14:05",
            url="",
            iso="",
        ),
    ]


def _jobs() -> list[dict[str, Any]]:  # Any: a job as the part takes it
    importing = {"title": "Importing 40 orders", "total": 40, "poll_url": ""}
    sending = {"title": "Sending checklists", "total": 12, "poll_url": ""}
    kept = "The mail server did not answer. Three letters are kept and tried again."
    return [
        {**importing, "doing": "Reading SO-48213.xml.", "done": 12},
        {**importing, "doing": "40 orders read, 38 projects made.", "done": 40, "finished": True},
        {**sending, "doing": kept, "done": 9, "failed": True},
    ]
