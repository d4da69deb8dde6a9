"""The page that answers an enquiry, and what can be done with the answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext

from concierge.core.axis import DayAxis, Drawing, PlanLine, day_axis, draw_plan
from concierge.core.spans import Span
from concierge.enquiries import forms, queries, words
from concierge.enquiries.actions import holding, ordering
from concierge.enquiries.models import Enquiry, HeldUnit, StockHold
from concierge.enquiries.plan import Asked
from concierge.enquiries.queries import Material, Promise, Reply
from concierge.enquiries.states import EnquiryState, Pace
from concierge.enquiries.views.blueprint import Page, bp
from concierge.identity.guard import requires, viewer
from concierge.identity.permissions import Permission
from concierge.platform import clock, settings
from concierge.platform.database import unit_of_work
from concierge.platform.errors import Refused
from concierge.platform.once import taken_once
from concierge.platform.web import show_again
from concierge.platform.words import day, instant, localized

FEW = 12
"""Up to so many units it is also said what would bring them earlier; more take too long for one page."""


@dataclass(frozen=True, slots=True)
class Row:
    """One unit in the picture."""

    name: str
    meta: str
    value: str
    note: str
    drawing: Drawing
    state: str = "go"
    icon: str = ""
    mark: str = ""
    tone: str = ""
    url: str = ""
    total: bool = False


@dataclass(frozen=True, slots=True)
class Told:
    """What is said of one unit: its days, its stock, who comes, what decides it, and how likely it holds."""

    name: str
    where: str
    window: str
    handover: str
    stock: str
    people: tuple[str, ...]
    reasons: tuple[str, ...]
    chance: str
    has_day: bool


@dataclass(frozen=True, slots=True)
class Picture:
    """The answer as it is shown."""

    rows: Sequence[Row]
    axis: DayAxis | None
    told: Sequence[Told]


@bp.get("/enquiries/<code>")
@requires(Permission.ASK_WHEN)
def answer(code: str) -> Page:
    """Answer an enquiry: the earliest days of each unit, what decides them, and what is held."""
    return _shown(queries.enquiry_by_code(viewer(), code), _pace(request.args.get("pace", "")))


@bp.post("/enquiries/<code>/hold")
@requires(Permission.ASK_WHEN)
def hold(code: str) -> Page:
    """Hold the answer that was read."""
    found = queries.enquiry_by_code(viewer(), code)
    form = forms.HoldForm()
    pace = _pace(form.pace.data or "") or found.pace
    try:
        with unit_of_work(), taken_once(by=viewer().user_id):
            row = holding.hold(
                queries.enquiry_for_change(found.id),
                pace=pace,
                seen=form.seen.data or "",
                workdays=settings.current().hold_workdays,
                at=clock.now(),
                actor_id=viewer().user_id,
            )
            until = row.expires_at
    except holding.TakenMeanwhile as meanwhile:
        again = queries.enquiry_by_code(viewer(), code)
        return _shown(again, pace, said=meanwhile.sentence), 409
    flash(_("Held until %(until)s.", until=instant(until, viewer().zone)))
    return redirect(url_for("enquiries.answer", code=code), code=303)


@bp.post("/enquiries/<code>/release")
@requires(Permission.ASK_WHEN)
def release(code: str) -> Page:
    """Give up what is held."""
    found = queries.enquiry_by_code(viewer(), code)
    with unit_of_work():
        holding.release(queries.enquiry_for_change(found.id), at=clock.now(), actor_id=viewer().user_id)
    flash(_("Released: units and people are free for others."))
    return redirect(url_for("enquiries.answer", code=code), code=303)


@bp.route("/enquiries/<code>/extension", methods=["GET", "POST"])
@requires(Permission.ASK_WHEN)
def extend(code: str) -> Page:
    """Hold for longer, once."""
    found = queries.enquiry_by_code(viewer(), code)
    form = forms.ReasonForm()
    workdays = settings.current().hold_workdays
    until, _last_on = queries.expiry(clock.now(), workdays=workdays)
    shown = {
        "enquiry": found,
        "title": _("Hold for longer"),
        "lead": _("Until %(until)s. A hold is extended once.", until=instant(until, viewer().zone)),
        "verb": _("Hold for longer"),
    }
    if not form.is_submitted():
        return render_template("enquiries/reason.html", form=form, **shown)
    if not form.validate():
        return show_again("enquiries/reason.html", form, **shown)
    with unit_of_work():
        holding.extend(
            queries.enquiry_for_change(found.id),
            reason=form.reason.data or "",
            workdays=workdays,
            at=clock.now(),
            actor_id=viewer().user_id,
        )
    flash(_("Held until %(until)s.", until=instant(until, viewer().zone)))
    return redirect(url_for("enquiries.answer", code=code), code=303)


@bp.post("/enquiries/<code>/orders")
@requires(Permission.ASK_WHEN)
def make_orders(code: str) -> Page:
    """Make orders of what is held; each becomes a project with the held days as those asked for."""
    found = queries.enquiry_by_code(viewer(), code)
    if not viewer().may(Permission.IMPORT_ORDERS):
        raise Refused(_("Orders are entered by those who import them. Ask one of them."))
    with unit_of_work(), taken_once(by=viewer().user_id) as outcome:
        made = ordering.make_orders(
            queries.enquiry_for_change(found.id),
            system=settings.current().system,
            today=clock.today(viewer().zone),
            at=clock.now(),
            actor_id=viewer().user_id,
        )
        address = url_for("projects.of_order", order_id=made[0].id)
        if len(made) > 1:
            address = url_for("enquiries.answer", code=code)
        outcome.led_to = address
    flash(
        ngettext(
            "%(num)s order was made of it; its plan waits for approval.",
            "%(num)s orders were made of it; their plans wait for approval.",
            len(made),
        )
    )
    return redirect(address, code=303)


def _pace(text: str) -> Pace | None:
    return next((one for one in Pace if one.value == text), None)


def _shown(enquiry: Enquiry, pace: Pace | None, *, said: str = "") -> str:
    now = clock.now()
    today = clock.day_at(now, viewer().zone)
    row = queries.last_hold(enquiry)
    is_held = queries.holds_now(row, now)
    chosen = pace or enquiry.pace
    reply = known = None
    if enquiry.state is EnquiryState.OPEN and not is_held:
        known = queries.material(enquiry, at=now, hold_workdays=settings.current().hold_workdays)
        reply = queries.replied(known, pace=chosen)
        picture = _of_reply(reply, known.lines, enquiry, today)
    else:
        picture = _of_hold(enquiry, row, today)
    return render_template(
        "enquiries/answer.html",
        enquiry=enquiry,
        as_of=clock.now(),
        hold=row,
        is_held=is_held,
        has_run_out=row is not None and not is_held and row.ended_at is None,
        reply=reply,
        lead=_lead(reply, enquiry) if reply is not None else "",
        picture=picture,
        pace=chosen,
        advice=_advice(known, reply, enquiry) if known is not None and reply is not None else (),
        notes=_notes(known) if known is not None else (),
        said=said,
        states=words.state_words(),
        place_words=words.place_words,
        zone=viewer().zone,
        may_order=viewer().may(Permission.IMPORT_ORDERS),
        orders=_orders(row),
        form=forms.HoldForm(),
    )


def _lead(reply: Reply, enquiry: Enquiry) -> str:
    """The answer in one sentence."""
    if not reply.is_whole:
        known = sum(len(one.laid.job.units) for one in reply.promises if one.answer.plan is not None)
        units = sum(line.quantity for line in enquiry.lines)
        return _(
            "%(known)d of %(units)d units have a day; see what stands against the others.",
            known=known,
            units=units,
        )
    ends_on = reply.ends_on
    if ends_on is None:
        return ""
    found = _(
        "All units work by %(day)s, if it is ordered by %(order)s.",
        day=day(ends_on),
        order=day(reply.order_by),
    )
    if enquiry.wanted_on is None:
        return found
    late = (ends_on - enquiry.wanted_on).days
    if late <= 0:
        return found + " " + _("That is in time for %(day)s.", day=day(enquiry.wanted_on))
    return (
        found
        + " "
        + ngettext(
            "That is %(num)s day after %(day)s.",
            "That is %(num)s days after %(day)s.",
            late,
            day=day(enquiry.wanted_on),
        )
    )


def _of_reply(reply: Reply, lines: Sequence[Asked], enquiry: Enquiry, today: date) -> Picture:
    named = {
        line.unit_key(number): (line, number) for line in lines for number in range(1, line.quantity + 1)
    }
    by_product = {line.product: line.name for line in lines}
    stock = _stock_names(reply)
    drawn: list[tuple[PlanLine, Row]] = []
    told: list[Told] = []
    blank = Drawing(shapes=(), label=None)
    for one in reply.promises:
        window, handover_on = one.answer.window, one.answer.handover_on
        reasons = words.drivers(one, by_product)
        people = _people(one, reply)
        for unit in one.laid.job.units:
            line, number = named[unit.key]
            name = f"{line.name} {number}/{line.quantity}" if line.quantity > 1 else line.name
            is_late = (
                enquiry.wanted_on is not None and handover_on is not None and handover_on > enquiry.wanted_on
            )
            state = "bad" if window is None else "warn" if is_late else "ok"
            drawn.append(
                (
                    PlanLine(
                        key=unit.key,
                        forecast=window,
                        track_from=reply.order_by if window else None,
                        state=state,
                    ),
                    Row(
                        name,
                        line.where.name,
                        words.window_words(one, today),
                        _("works by %(day)s", day=day(handover_on)) if handover_on else "",
                        blank,
                        state,
                    ),
                )
            )
            told.append(
                Told(
                    name,
                    line.where.name,
                    words.window_words(one, today),
                    day(handover_on) if handover_on else "",
                    words.stock_of(one, unit.key, stock),
                    people,
                    reasons,
                    words.chance_words(one.chance) if window is not None else "",
                    window is not None,
                )
            )
    for line in reply.unplanned:
        for number in range(1, line.quantity + 1):
            name = f"{line.name} {number}/{line.quantity}" if line.quantity > 1 else line.name
            sentence = _("No playbook of it is published. Publish one, then ask again.")
            drawn.append(
                (
                    PlanLine(key=line.unit_key(number), state="bad"),
                    Row(name, line.where.name, _("no day yet"), "", blank, "bad"),
                )
            )
            told.append(Told(name, line.where.name, _("no day yet"), "", "", (), (sentence,), "", False))
    return _drawn(drawn, told, today)


def _of_hold(enquiry: Enquiry, row: StockHold | None, today: date) -> Picture:
    """What is held, or was ordered: the days that were promised then."""
    if row is None:
        return Picture((), None, ())
    held = queries.times_held([unit.holder for unit in row.units])
    names = queries.names_of({time.user_id for each in held.values() for time in each})
    lines = {line.id: line for line in enquiry.lines}
    blank = Drawing(shapes=(), label=None)
    drawn: list[tuple[PlanLine, Row]] = []
    told: list[Told] = []
    for unit in holding.units_of(row):
        line = lines[unit.line_id]
        name = (
            f"{line.product.name} {unit.number}/{line.quantity}" if line.quantity > 1 else line.product.name
        )
        where = words.place_words(line.site.name if line.site else "", line.city, line.country)
        is_late = enquiry.wanted_on is not None and unit.handover_on > enquiry.wanted_on
        state = "warn" if is_late else "ok"
        span = Span(unit.window_from_on, unit.window_to_on + timedelta(days=1))
        value = words.held_window(unit.window_from_on, unit.window_to_on, today)
        drawn.append(
            (
                PlanLine(key=str(unit.id), promised=None, forecast=span, state=state),
                Row(name, where, value, _("works by %(day)s", day=day(unit.handover_on)), blank, state),
            )
        )
        told.append(
            Told(
                name,
                where,
                value,
                day(unit.handover_on),
                _stock_of_held(unit),
                tuple(
                    f"{names.get(time.user_id, '')}: {day(time.from_at.astimezone(ZoneInfo(queries.zone_of(line))))}"
                    for time in held.get(unit.holder, ())
                ),
                (),
                "",
                True,
            )
        )
    return _drawn(drawn, told, today)


def _drawn(drawn: Sequence[tuple[PlanLine, Row]], told: Sequence[Told], today: date) -> Picture:
    days = [
        each
        for line, _row in drawn
        if line.forecast is not None and line.forecast.to_at is not None
        for each in (line.forecast.from_at, line.forecast.to_at)
    ]
    if not days:
        axis = day_axis([today, today + timedelta(days=28)], today=today)
    else:
        axis = day_axis([today, *days], today=today)
    drawings = draw_plan([line for line, _row in drawn], axis)
    return Picture(
        [replace(row, drawing=drawing) for (_line, row), drawing in zip(drawn, drawings, strict=True)],
        axis,
        told,
    )


def _people(one: Promise, reply: Reply) -> tuple[str, ...]:
    """Who would come when; far ahead only what is needed, as nobody knows who it will be."""
    found = []
    for booked in sorted(one.answer.booked, key=lambda each: each.stay.from_at):
        milestone = one.laid.milestones[booked.call.step]
        starts: datetime = booked.stay.from_at.astimezone(one.laid.job.site.zone)
        names = ", ".join(reply.people.get(key, "") for key in booked.crew)
        title = localized(milestone.name)
        found.append(f"{title}: {names}, {day(starts)}")
    return tuple(found)


def _stock_names(reply: Reply) -> Mapping[int, tuple[str, str]]:
    return queries.stock_names(
        [given.goods.key for one in reply.promises for given in one.answer.given if given.goods is not None]
    )


def _stock_of_held(unit: HeldUnit) -> str:
    for kept in unit.reservations:
        called = " · ".join(part for part in (kept.unit.serial, kept.unit.place) if part)
        return called or _("unit %(number)d", number=kept.unit.id)
    return _("to be made")


def _advice(known: Material, reply: Reply, enquiry: Enquiry) -> tuple[str, ...]:
    """What else could be promised: the other pace, and what would bring the last unit earlier."""
    units = sum(line.quantity for line in enquiry.lines)
    if units > FEW:
        return ()
    found: list[str] = []
    other = Pace.TOGETHER if reply.pace is Pace.EACH else Pace.EACH
    if units > 1:
        found += _of_other_pace(queries.replied(known, pace=other, with_chances=False), reply, other)
    ends_on = reply.ends_on
    sooner = queries.replied(known, pace=reply.pace, supply=queries.all_there(known), with_chances=False)
    if sooner.ends_on is not None and (ends_on is None or sooner.ends_on < ends_on):
        found.append(
            _("With all units in the warehouse today: by %(day)s.", day=day(sooner.ends_on))
            if ends_on is None
            else ngettext(
                "With all units in the warehouse today: %(num)s day earlier.",
                "With all units in the warehouse today: %(num)s days earlier.",
                (ends_on - sooner.ends_on).days,
            )
        )
    freer = queries.replied(known, pace=reply.pace, with_people=False, with_chances=False)
    if freer.ends_on is not None and (ends_on is None or freer.ends_on < ends_on):
        found.append(
            _("If the right people were free: by %(day)s.", day=day(freer.ends_on))
            if ends_on is None
            else ngettext(
                "If the right people were free on every day: %(num)s day earlier.",
                "If the right people were free on every day: %(num)s days earlier.",
                (ends_on - freer.ends_on).days,
            )
        )
    return tuple(found)


def _of_other_pace(other: Reply, reply: Reply, pace: Pace) -> list[str]:
    if other.ends_on is None or not other.is_whole:
        return []
    firsts = [one.answer.handover_on for one in reply.promises if one.answer.handover_on is not None]
    if pace is Pace.TOGETHER:
        return [_("All units of a site together: by %(day)s.", day=day(other.ends_on))]
    first = min((one.answer.handover_on for one in other.promises if one.answer.handover_on), default=None)
    if first is None or not firsts:
        return []
    return [
        _(
            "Each as early as it can: the first by %(first)s, the last by %(last)s.",
            first=day(first),
            last=day(other.ends_on),
        )
    ]


def _notes(known: Material) -> tuple[str, ...]:
    """What is good to know about the places."""
    return tuple(
        dict.fromkeys(
            _(
                "No public holidays are known for %(place)s: only its weekends are left out.",
                place=line.where.name,
            )
            for line in known.lines
            if not line.where.has_holidays
        )
    )


def _orders(row: StockHold | None) -> list[tuple[str, int]]:
    """The orders that came of a hold, by number."""
    found = {
        unit.order.number: unit.order.id for unit in (row.units if row else ()) if unit.order is not None
    }
    return sorted(found.items())
