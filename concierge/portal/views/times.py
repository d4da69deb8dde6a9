"""Choosing when we come: the times that are offered, holding one, confirming, moving, cancelling, and wishing."""

from datetime import UTC, date, datetime, timedelta
from http import HTTPStatus

import structlog
from flask import request
from flask_babel import gettext as _
from flask_login import current_user

from concierge.dispatch import offers
from concierge.dispatch.actions import choosing
from concierge.dispatch.models import SlotChoice, SlotOffer
from concierge.dispatch.states import OfferKind, OfferState
from concierge.identity.guard import public
from concierge.platform import clock
from concierge.platform.database import db, unit_of_work, write_aside
from concierge.platform.errors import NotFound, Refused
from concierge.platform.limits import limiter
from concierge.platform.web import csrf
from concierge.portal import forms
from concierge.portal.reading import Reader
from concierge.portal.views.access import (
    expect_own_form,
    note_seen,
    read_again,
    reader_of,
    rendered,
    see,
    sent_forms,
    sent_once,
    shows_page,
    unknown_links,
)
from concierge.portal.views.blueprint import Page, customers

log = structlog.get_logger()

MOST_LISTED = 12
"""Free times on one page; later ones are a page further."""
FEW = 6
"""Other times that are shown beside those that one of ours picked."""


@customers.get("/p/<token>/times/<int:offer_id>")
@public
@unknown_links
@shows_page
def times(token: str, offer_id: int) -> Page:
    """Show the times that may be chosen, or what was chosen and what can still be done about it."""
    reader = reader_of(token)
    shown = _times(reader, _offer(reader, offer_id))
    note_seen(reader)
    _note_opened(reader, offer_id)
    return shown


@customers.get("/p/<token>/times/<int:offer_id>/others")
@public
@unknown_links
@shows_page
def other_times(token: str, offer_id: int) -> Page:
    """Show free times to which a visit may be moved."""
    reader = reader_of(token)
    offer = _offer(reader, offer_id)
    if offer.state is not OfferState.BOOKED:
        return see("times", token, offer_id=offer_id)
    return _others(reader, offer)


@customers.post("/p/<token>/times/<int:offer_id>/holds")
@csrf.exempt  # type: ignore[untyped-decorator]  # Flask-WTF's has no types
@public
@limiter.limit("60 per hour")
@shows_page
def hold_time(token: str, offer_id: int) -> Page:
    """Hold a free time while its reader makes up their mind."""
    expect_own_form(token)
    reader = reader_of(token)
    _offer(reader, offer_id)
    starts_at, ends_at = _instant("starts"), _instant("ends")
    if starts_at is None or ends_at is None:
        raise NotFound
    try:
        with unit_of_work():
            offer = offers.offer_for_change(offer_id, link_id=reader.link.id)
            choice = choosing.hold(offer, starts_at=starts_at, ends_at=ends_at, at=clock.now())
            choice_id = choice.id
    except Refused as problem:
        return _again(token, offer_id, problem)
    return see("chosen_time", token, offer_id=offer_id, choice_id=choice_id)


@customers.get("/p/<token>/times/<int:offer_id>/choices/<int:choice_id>")
@public
@unknown_links
@shows_page
def chosen_time(token: str, offer_id: int, choice_id: int) -> Page:
    """Show one time once more before it is booked."""
    reader = reader_of(token)
    offer = _offer(reader, offer_id)
    choice = next((one for one in offer.choices if one.id == choice_id), None)
    if choice is None or reader.is_chosen(offer, choice):
        return see("times", token, offer_id=offer_id)
    try:
        choosing.expect_choosable(offer, at=reader.at)
        if not offers.still_free(offer, [choice], at=reader.at)[0]:
            raise choosing.gone()
    except Refused as problem:
        return _times(reader, offer, problem=problem.sentence)
    return _confirm(reader, offer, choice)


@customers.post("/p/<token>/times/<int:offer_id>/choices/<int:choice_id>")
@csrf.exempt  # type: ignore[untyped-decorator]  # Flask-WTF's has no types
@public
@sent_forms
@shows_page
def choose_time(token: str, offer_id: int, choice_id: int) -> Page:
    """Book a time, or move the visit to it."""
    expect_own_form(token)
    reader = reader_of(token)
    _offer(reader, offer_id)
    try:
        with sent_once(reader, "times", offer_id=offer_id):
            offer = offers.offer_for_change(offer_id, link_id=reader.link.id)
            choosing.choose(offer, choice_id, at=clock.now())
    except Refused as problem:
        return _again(token, offer_id, problem)
    return see("times", token, offer_id=offer_id)


@customers.get("/p/<token>/times/<int:offer_id>/cancellation")
@public
@unknown_links
@shows_page
def cancel_form(token: str, offer_id: int) -> Page:
    """Ask why nobody shall come."""
    reader = reader_of(token)
    offer = _offer(reader, offer_id)
    if not choosing.may_call_off(offer, at=reader.at):
        return see("times", token, offer_id=offer_id)
    return _cancel(reader, offer, forms.CallOffForm(formdata=None))


@customers.post("/p/<token>/times/<int:offer_id>/cancellation")
@csrf.exempt  # type: ignore[untyped-decorator]  # Flask-WTF's has no types
@public
@sent_forms
@shows_page
def cancel(token: str, offer_id: int) -> Page:
    """Cancel what was chosen."""
    expect_own_form(token)
    reader = reader_of(token)
    offer = _offer(reader, offer_id)
    form = forms.CallOffForm()
    if not form.validate():
        return _cancel(reader, offer, form, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    try:
        with sent_once(reader, "times", offer_id=offer_id):
            own = offers.offer_for_change(offer_id, link_id=reader.link.id)
            choosing.call_off(own, reason=form.reason.data or "", at=clock.now())
    except Refused as problem:
        return _again(token, offer_id, problem)
    return see("times", token, offer_id=offer_id)


@customers.post("/p/<token>/times/<int:offer_id>/wish")
@csrf.exempt  # type: ignore[untyped-decorator]  # Flask-WTF's has no types
@public
@limiter.limit("30 per hour")
@shows_page
def wish_time(token: str, offer_id: int) -> Page:
    """Take down that none of the times suits, and what would."""
    expect_own_form(token)
    reader = reader_of(token)
    offer = _offer(reader, offer_id)
    form = forms.WishForm()
    if not form.validate():
        return _times(reader, offer, form=form, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    try:
        with sent_once(reader, "times", offer_id=offer_id):
            own = offers.offer_for_change(offer_id, link_id=reader.link.id)
            choosing.wish(own, text=form.wish.data or "", at=clock.now())
    except Refused as problem:
        return _again(token, offer_id, problem)
    return see("times", token, offer_id=offer_id)


# ---------------------------------------------------------------- pages


def _offer(reader: Reader, offer_id: int) -> SlotOffer:
    """An offer to the reader; one to somebody else is not there.

    :raises NotFound: when it is none of theirs.
    """
    offer = offers.offer_by_id(offer_id, project_id=reader.project.id)
    if offer.link_id != reader.link.id or not reader.sees_all:
        raise NotFound
    return offer


def _times(
    reader: Reader,
    offer: SlotOffer,
    *,
    form: forms.WishForm | None = None,
    problem: str = "",
    status: HTTPStatus = HTTPStatus.OK,
) -> Page:
    """What is offered, or what became of it."""
    if offer.state is OfferState.BOOKED and problem:
        return _others(reader, offer, problem=problem, status=status)
    is_open = offer.is_open(at=reader.at) and not _rests(reader)
    ours = [one for one in offer.choices if one.is_ours]
    free = offers.still_free(offer, ours, at=reader.at) if is_open and ours else ()
    since = _since()
    found: tuple[offers.Time, ...] = ()
    if is_open and offer.kind is OfferKind.OPEN:
        found = offers.others(offer, at=reader.at, most=MOST_LISTED + 1, since=since)
    elif is_open and not all(free):
        found = offers.others(offer, at=reader.at, most=FEW)
    later = None
    if len(found) > MOST_LISTED:
        later = clock.day_at(found[MOST_LISTED].starts_at, offer.work_order.site.zone)
        found = (
            tuple(
                one
                for one in found[:MOST_LISTED]
                if clock.day_at(one.starts_at, offer.work_order.site.zone) < later
            )
            or found[:MOST_LISTED]
        )
    return rendered(
        "portal/times.html",
        reader,
        status=status,
        offer=reader.offered(offer),
        problem=problem or ("" if is_open or offer.state is OfferState.BOOKED else _why_not(reader, offer)),
        is_open=is_open,
        picked=[
            reader.slot(offer, one.starts_at, one.ends_at, choice_id=one.id, is_free=is_free)
            for one, is_free in zip(ours, free, strict=False)
        ],
        others=[reader.slot(offer, one.starts_at, one.ends_at) for one in found],
        later=reader.url("times", offer_id=offer.id, since=later.isoformat()) if later else "",
        first=reader.url("times", offer_id=offer.id) if since else "",
        form=form or forms.WishForm(formdata=None, wish=offer.wish),
        meeting=reader.meeting_of(offer),
        may_move=choosing.may_move(offer, at=reader.at) == "",
        why_not_moved=choosing.may_move(offer, at=reader.at) if offer.state is OfferState.BOOKED else "",
        may_cancel=choosing.may_call_off(offer, at=reader.at),
    )


def _others(
    reader: Reader, offer: SlotOffer, *, problem: str = "", status: HTTPStatus = HTTPStatus.OK
) -> Page:
    why = choosing.may_move(offer, at=reader.at)
    since = _since()
    found = offers.others(offer, at=reader.at, most=MOST_LISTED, since=since) if not why else ()
    return rendered(
        "portal/other_times.html",
        reader,
        status=status,
        offer=reader.offered(offer),
        problem=problem or why,
        meeting=reader.meeting_of(offer),
        others=[reader.slot(offer, one.starts_at, one.ends_at) for one in found],
    )


def _confirm(reader: Reader, offer: SlotOffer, choice: SlotChoice) -> Page:
    zone = offer.work_order.site.zone
    is_held = not choice.is_ours and choice.held_until > reader.at
    return rendered(
        "portal/confirm_time.html",
        reader,
        offer=reader.offered(offer),
        slot=reader.slot(offer, choice.starts_at, choice.ends_at, choice_id=choice.id),
        held_until=reader.tongue.time(choice.held_until.astimezone(reader.clock_of(zone))) if is_held else "",
        meeting=reader.meeting_of(offer),
    )


def _cancel(
    reader: Reader, offer: SlotOffer, form: forms.CallOffForm, *, status: HTTPStatus = HTTPStatus.OK
) -> Page:
    return rendered(
        "portal/cancel_time.html",
        reader,
        status=status,
        offer=reader.offered(offer),
        form=form,
        meeting=reader.meeting_of(offer),
    )


def _again(token: str, offer_id: int, problem: Refused) -> Page:
    """The times as they are now, with why what was asked for was not done."""
    reader = read_again(token)
    return _times(reader, _offer(reader, offer_id), problem=problem.sentence, status=HTTPStatus.CONFLICT)


def _rests(reader: Reader) -> bool:
    """Whether the project is on hold or over, so that nothing can be chosen."""
    return reader.has_ended or reader.project.held_on is not None


def _why_not(reader: Reader, offer: SlotOffer) -> str:
    if offer.is_open(at=reader.at):
        return _("The project rests just now, so no time can be chosen. You hear from us.")
    return choosing.said_to_customer(offer)


def _instant(name: str) -> datetime | None:
    """An instant that a form of ours names; `None` for anything else."""
    try:
        found = datetime.fromisoformat(request.form.get(name, "")[:40])
        return found.astimezone(UTC) if found.tzinfo is not None else None
    except (ValueError, OverflowError):
        return None


def _since() -> date | None:
    try:
        found = date.fromisoformat(request.args.get("since", "")[:10])
    except ValueError:
        return None
    return found if abs(found - clock.today("UTC")) < timedelta(days=800) else None


def _note_opened(reader: Reader, offer_id: int) -> None:
    """Note that the customer looked, once; as `note_seen` writes."""
    if reader.is_preview or current_user.is_authenticated:
        return
    offer = offers.offer_by_id(offer_id)
    if offer.opened_at is not None or offer.state is not OfferState.OPEN:
        return
    at = reader.at
    db.session.rollback()  # gives the connection back before a second one is taken
    try:
        with write_aside() as beside:
            own = beside.get(SlotOffer, offer_id)
            if own is not None and own.opened_at is None:
                own.opened_at = at
    except Exception as error:  # a database that cannot be written keeps nobody from choosing
        log.warning("opened offer not noted", offer_id=offer_id, exc_info=error)
