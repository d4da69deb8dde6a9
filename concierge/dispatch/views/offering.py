"""Letting customers choose: what can be offered for some work, what is offered to whom, and what became of it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from http import HTTPStatus
from typing import NamedTuple

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from wtforms.fields import SelectChoice  # type: ignore[attr-defined]  # newer than its stubs

from concierge.core.worktime import DAY, add_workdays
from concierge.dispatch import forms, offers, queries, words
from concierge.dispatch.actions import offering
from concierge.dispatch.models import SlotOffer
from concierge.dispatch.offers import Terms, Time
from concierge.dispatch.reactions import letter_key
from concierge.dispatch.states import OfferKind, OfferState
from concierge.dispatch.views.blueprint import Page, bp
from concierge.identity.guard import requires, viewer
from concierge.identity.permissions import Permission
from concierge.platform import clock, mail, settings
from concierge.platform.database import db, unit_of_work
from concierge.platform.errors import Refused
from concierge.platform.once import taken_once
from concierge.platform.words import day, instant, listed, span
from concierge.projects import calendars
from concierge.visits.clocks import wall_time
from concierge.visits.models import Visit, WorkOrder
from concierge.visits.work import work_for_change
from concierge.workforce import calendars as working
from concierge.workforce import queries as workforce

MOST_LISTED = 12
"""Free times that are listed at once."""
AHEAD = timedelta(days=27)
"""So many days after the first the last one is, unless somebody says otherwise."""
ANSWER_DAYS = 3
"""Working days within which a customer is asked to choose, unless somebody says otherwise."""


class Row(NamedTuple):
    """An offer as a list shows it."""

    offer: SlotOffer
    state: str
    """A state of the design system."""
    word: str
    said: str
    """What was said, or what is to do."""
    until: str
    url: str


@bp.route("/dispatch/work-orders/<int:work_order_id>/offers", methods=["GET", "POST"])
@requires(Permission.SCHEDULE_VISITS)
def offer_times(work_order_id: int) -> Page:
    """Let a customer choose when the work is done: of some times, or of whatever is free."""
    work = queries.work_for(viewer(), work_order_id)
    form = forms.OfferTimes(data=_usual(work))
    form.contact_id.choices = [
        SelectChoice(one.id, f"{one.name}, {one.email}") for one in offers.people_of(work.project)
    ]
    able = workforce.holders(work.skill, on=clock.today(work.site.zone))
    form.technicians.choices = [SelectChoice(key, one.name) for key, one in able.items()]
    if not form.is_submitted() or request.form.get("look"):
        return _form_page(form, work, status=HTTPStatus.OK)
    if not form.validate():
        return _form_page(form, work, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    at, actor_id = clock.now(), viewer().user_id
    contact = next(one for one in offers.people_of(work.project) if one.id == form.contact_id.data)
    try:
        with unit_of_work(), taken_once(by=actor_id) as outcome:
            own = work_for_change(work.id)
            made = offering.offer(own, contact, _wish(form), at=at, actor_id=actor_id)
            outcome.led_to = url_for("dispatch.offer", offer_id=made.id)
            key, name = letter_key(made), contact.name
    except Refused as no:
        db.session.rollback()
        db.session.expire_all()
        form.form_errors.append(no.sentence)
        return _form_page(form, queries.work_for(viewer(), work_order_id), status=HTTPStatus.CONFLICT)
    flash(mail.told(_("%(name)s gets the times by mail.", name=name), key))  # type: ignore[arg-type]  # any JSON value
    return redirect(outcome.led_to, code=303)


@bp.get("/dispatch/offers")
@requires(Permission.SCHEDULE_VISITS)
def offers_open() -> Page:
    """List the offers that wait for a customer, and those that wait for one of ours."""
    at = clock.now()
    lines = [_row(one, at=at) for one in offers.alive(viewer(), at=at)]
    return render_template("dispatch/offers.html", lines=lines)


@bp.get("/dispatch/offers/<int:offer_id>")
@requires(Permission.SCHEDULE_VISITS)
def offer(offer_id: int) -> Page:
    """Show what is offered to whom, by which rules, and what became of it."""
    return _offer_page(offers.offer_for(viewer(), offer_id), forms.Withdraw(formdata=None))


@bp.post("/dispatch/offers/<int:offer_id>/withdrawal")
@requires(Permission.SCHEDULE_VISITS)
def withdraw_offer(offer_id: int) -> Page:
    """Take back what was offered."""
    form = forms.Withdraw()
    if not form.validate_on_submit():
        return _offer_page(offers.offer_for(viewer(), offer_id), form, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    with _one(offer_id) as (found, at):
        offering.withdraw(found, reason=form.reason.data or "", at=at, actor_id=viewer().user_id)
    flash(_("The times are not offered any more."))
    return redirect(url_for("dispatch.offer", offer_id=offer_id), code=303)


@bp.post("/dispatch/offers/<int:offer_id>/letter")
@requires(Permission.SCHEDULE_VISITS)
def send_offer_again(offer_id: int) -> Page:
    """Mail what is offered once more."""
    with _one(offer_id) as (found, at):
        offering.send_again(found, at=at, actor_id=viewer().user_id)
        said, key = _("%(name)s gets the times by mail.", name=found.contact.name), letter_key(found)
    flash(mail.told(said, key))  # type: ignore[arg-type]  # any JSON value will do
    return redirect(url_for("dispatch.offer", offer_id=offer_id), code=303)


@bp.post("/dispatch/offers/<int:offer_id>/note")
@requires(Permission.SCHEDULE_VISITS)
def note_offer(offer_id: int) -> Page:
    """Take note of what became of an offer."""
    with _one(offer_id) as (found, at):
        offering.note(found, at=at, actor_id=viewer().user_id)
    flash(_("Nobody is asked about it any more."))
    return redirect(url_for("dispatch.offer", offer_id=offer_id), code=303)


# ---------------------------------------------------------------- pages


def _form_page(form: forms.OfferTimes, work: WorkOrder, *, status: HTTPStatus) -> Page:
    visit = offers.visit_to_book(work)
    times, is_none = _listed(form, work, visit)
    form.times.choices = [
        SelectChoice(value, _("%(when)s with %(who)s", when=when, who=who)) for value, when, who in times
    ]
    known = {value for value, _when, _who in times}
    one = next(iter(queries.tray(viewer(), at=clock.now(), keys={f"w{work.id}"})), None)
    page = render_template(
        "dispatch/offer_times.html",
        form=form,
        work=work,
        visit=visit,
        earlier=[_row(each, at=clock.now()) for each in offers.offers_of_work(work.id)],
        is_some_gone=any(value not in known for value in form.times.data or ()),
        is_none=is_none,
        lasts=words.lasts(work.minutes),
        needs=words.needs(one) if one else "",
        due=words.due(one, clock.today(viewer().zone)) if one else ("", "idle"),
        back=url_for("dispatch.board"),
        action=url_for("dispatch.offer_times", work_order_id=work.id),
    )
    return page, status


def _offer_page(found: SlotOffer, form: forms.Withdraw, *, status: HTTPStatus = HTTPStatus.OK) -> Page:
    at, zone = clock.now(), found.work_order.site.zone
    mine = [one for one in found.choices if one.is_ours or one.held_until > at]
    names = workforce.sendable({user_id for one in mine for user_id in map(int, one.user_ids)})
    is_open = found.is_open(at=at)
    free = offers.still_free(found, mine, at=at) if is_open and mine else (True,) * len(mine)
    page = render_template(
        "dispatch/offer.html",
        offer=found,
        form=form,
        row=_row(found, at=at),
        is_open=is_open,
        times=[
            (
                span(wall_time(one.starts_at, zone), wall_time(one.ends_at, zone)),
                listed(names[int(user_id)].name for user_id in one.user_ids if int(user_id) in names),
                is_free,
                one.is_ours,
            )
            for one, is_free in zip(mine, free, strict=True)
        ],
        offered=instant(found.offered_at, viewer().zone),
        opened=instant(found.opened_at, viewer().zone) if found.opened_at else "",
        until=day(found.answer_on),
        is_link_open=found.link.is_open(at=at),
        asks=_asks(found, at=at),
        lasts=words.lasts(found.minutes),
        who=listed(one.name for one in workforce.sendable(list(map(int, found.user_ids))).values())
        if found.user_ids
        else "",
    )
    return page, status


def _row(found: SlotOffer, *, at: datetime) -> Row:
    state, word, said = "idle", "", found.reason
    match found.state:
        case OfferState.OPEN if found.expires_at <= at:
            state, word = "warn", _("Nobody chose in time")
        case OfferState.OPEN if found.wish:
            state, word, said = "warn", _("None of the times suits"), found.wish
        case OfferState.OPEN:
            state = "go"
            word = _("Waits for %(name)s", name=found.contact.name)
            said = _("Opened, not chosen yet") if found.opened_at else _("Not opened yet")
        case OfferState.BOOKED:
            state, word = "ok", _("Chosen")
            if found.visit is not None:
                said = span(found.visit.starts_local, found.visit.ends_local)
        case OfferState.WITHDRAWN:
            word = _("Withdrawn")
        case OfferState.LAPSED:
            state, word = "warn", _("Nobody chose in time")
        case OfferState.CALLED_OFF:
            state, word = "warn", _("Called off by the customer")
        case OfferState.OVERTAKEN:
            word = _("Planned otherwise")
    return Row(
        found,
        state,
        word,
        said,
        day(found.answer_on),
        url_for("dispatch.offer", offer_id=found.id),
    )


def _asks(found: SlotOffer, *, at: datetime) -> bool:
    """Whether it asks something of one of ours."""
    return found.seen_by_us_at is None and (
        found.state in {OfferState.LAPSED, OfferState.CALLED_OFF}
        or (found.state is OfferState.OPEN and (bool(found.wish) or found.expires_at <= at))
    )


# ---------------------------------------------------------------- the form


def _usual(work: WorkOrder) -> dict[str, object]:
    """What is offered unless somebody says otherwise."""
    own, zone = settings.current(), work.site.zone
    today = clock.today(zone)
    days = calendars.site_calendars([work.site_id])[work.site_id]
    try:
        answer_on = add_workdays(days, today, ANSWER_DAYS)
        earliest = add_workdays(days, answer_on, own.booking_notice)
    except ValueError:  # a site that never opens again
        answer_on, earliest = today + DAY, today + DAY
    planned = work.milestone.start_on if work.milestone else None
    first_on = max(planned or earliest, earliest)
    return {
        "contact_id": work.project.contact_id,
        "minutes": work.minutes,
        "first_on": first_on,
        "last_on": first_on + AHEAD,
        "answer_on": answer_on,
        "notice_days": own.booking_notice,
        "buffer_minutes": own.booking_pause,
        "moves_allowed": own.booking_moves,
    }


def _listed(
    form: forms.OfferTimes, work: WorkOrder, visit: Visit | None
) -> tuple[Sequence[tuple[str, str, str]], bool]:
    """The free times that the form asks for: value, when, and who would go; whether there are none."""
    first, last, minutes = form.first_on.data, form.last_on.data, form.minutes.data
    if not (first and last and minutes) or first > last or last - first > timedelta(days=366):
        return (), False
    if minutes > 60 * 24 * 20 or form.errors.get("minutes") or last.year > max(working.YEARS):
        return (), False
    names = workforce.holders("", on=clock.today(work.site.zone))
    found = offers.free_times(
        _terms(form, work, visit, first, last, minutes), at=clock.now(), most=MOST_LISTED
    )
    zone = work.site.zone
    return [
        (
            f"{one.starts_at.isoformat()}/{one.ends_at.isoformat()}/{','.join(map(str, one.user_ids))}",
            span(wall_time(one.starts_at, zone), wall_time(one.ends_at, zone)),
            listed(names[key].name for key in one.user_ids if key in names),
        )
        for one in found
    ], not found


def _terms(
    form: forms.OfferTimes, work: WorkOrder, visit: Visit | None, first: date, last: date, minutes: int
) -> Terms:
    there = {one.contact_id for one in visit.attendees} if visit else set()
    if form.contact_id.data:
        there.add(form.contact_id.data)
    return Terms(
        site=work.site,
        kind=visit.kind if visit else work.kind,
        minutes=minutes,
        first_on=first,
        last_on=last,
        skill=visit.skill if visit else work.skill,
        level=visit.level if visit else work.level,
        crew=max(1, visit.crew if visit else work.crew),
        project_id=work.project_id,
        milestone_id=visit.milestone_id if visit else work.milestone_id,
        contact_ids=tuple(sorted(there)),
        user_ids=tuple(form.technicians.data or ()),
        notice_days=max(0, form.notice_days.data or 0),
        buffer_minutes=max(0, form.buffer_minutes.data or 0),
        visit_id=visit.id if visit else None,
    )


def _wish(form: forms.OfferTimes) -> offering.Wish:
    assert form.first_on.data and form.last_on.data and form.answer_on.data  # noqa: S101, PT018 # as the form requires
    kind = OfferKind(form.kind.data)
    return offering.Wish(
        kind=kind,
        minutes=form.minutes.data or 0,
        first_on=form.first_on.data,
        last_on=form.last_on.data,
        answer_on=form.answer_on.data,
        times=_times(form.times.data or ()) if kind is OfferKind.TIMES else (),
        user_ids=tuple(form.technicians.data or ()),
        notice_days=form.notice_days.data or 0,
        buffer_minutes=form.buffer_minutes.data or 0,
        moves_allowed=form.moves_allowed.data or 0,
        note=(form.note.data or "").strip(),
    )


def _times(values: Sequence[str]) -> tuple[Time, ...]:
    """The times that were ticked.

    :raises Refused: when one is none.
    """
    found = []
    for value in values:
        try:
            starts, ends, who = value.split("/")
            first, last = datetime.fromisoformat(starts), datetime.fromisoformat(ends)
            ids = tuple(sorted({int(key) for key in who.split(",")}))
            if not first.tzinfo or not last.tzinfo or first >= last or max(ids) > 2**31 - 1:
                raise ValueError(value)
            found.append(Time(first.astimezone(UTC), last.astimezone(UTC), ids))
        except (ValueError, OverflowError) as error:
            raise Refused(_("That is no time that can be offered. Find times again.")) from error
    return tuple(found)


@contextmanager
def _one(offer_id: int) -> Iterator[tuple[SlotOffer, datetime]]:
    """One offer, locked for an act that is done once however often it is sent; and when that is.

    :raises NotFound: when the viewer does not see it.
    """
    offers.offer_for(viewer(), offer_id)
    with unit_of_work(), taken_once(by=viewer().user_id) as outcome:
        outcome.led_to = url_for("dispatch.offer", offer_id=offer_id)
        yield offers.offer_for_change(offer_id), clock.now()
