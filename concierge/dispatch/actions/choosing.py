"""What the customer does with times: holding one, choosing it, moving within the rules, calling off, and wishing.

Every verb takes the offer locked, by the link of who comes. What the database refuses in the same moment, and what
is no longer free, is the same to the customer: a sentence, and other times; nothing of it is kept.
"""

from collections.abc import Collection
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from concierge.dispatch import offers
from concierge.dispatch.actions import offering
from concierge.dispatch.events import CalledOff, NoTimeSuits, TimeChanged, TimeChosen
from concierge.dispatch.models import SlotChoice, SlotOffer
from concierge.dispatch.offers import Time
from concierge.dispatch.states import OfferState
from concierge.platform.database import db
from concierge.platform.errors import NotFound, Refused
from concierge.platform.events import record
from concierge.platform.words import keep
from concierge.projects.actions import delays, promising
from concierge.projects.actions.promising import ShownDate
from concierge.projects.models import Delay, Milestone, Project
from concierge.projects.queries import lost_days
from concierge.projects.states import BlockCause, MilestoneState, Party, ProjectState, ShownOn
from concierge.readiness import queries as readiness
from concierge.visits import queries as visits
from concierge.visits.actions import arranging, checks, progress
from concierge.visits.clocks import wall_time
from concierge.visits.models import Visit
from concierge.visits.states import FOLLOWING_THE_PLAN, VisitState
from concierge.workforce import queries as workforce
from concierge.workforce.actions import holding

MOVED_LATER = keep(
    "The customer moved the visit to a later day.", _l("The customer moved the visit to a later day.")
)
NO_LATER = keep("Somebody comes no later than before.", _l("Somebody comes no later than before."))
HELD = timedelta(minutes=15)
"""So long a time is held for a customer who looks at it before they confirm."""


class NotChosen(Refused):
    """It cannot be chosen now."""


class Gone(NotChosen):
    """The time is not free any more; others may be."""


def hold(offer: SlotOffer, *, starts_at: datetime, ends_at: datetime, at: datetime) -> SlotChoice:
    """Hold a free time for a customer while they make up their mind; one that they held before is let go.

    :raises Gone: when it is not free any more.
    :raises NotChosen: when nothing may be chosen, or moved, any more.
    """
    expect_choosable(offer, at=at)
    ours = next((one for one in offer.choices if one.is_ours and one.starts_at == starts_at), None)
    if ours is not None:
        return ours
    _let_go_of_theirs(offer)
    with workforce.without_holds_of(offer.holder):
        found = offers.time_between(offers.terms_of(offer), starts_at, ends_at, at=at)
    if found is None:
        raise gone()
    until = at + HELD if offer.state is OfferState.BOOKED else min(offer.expires_at, at + HELD)
    made = SlotChoice(
        starts_at=found.starts_at,
        ends_at=found.ends_at,
        user_ids=list(found.user_ids),
        held_until=until,
        is_ours=False,
    )
    offer.choices.append(made)
    db.session.flush()
    _hold(offer, found, until=until, at=at)
    return made


def choose(offer: SlotOffer, choice_id: int, *, at: datetime) -> Visit:
    """Book a time, or move the booked visit to it; chosen twice, it is booked once.

    What was held too long ago is taken all the same while it is free.

    :raises Gone: when it is not free any more, or somebody else took it in the same moment.
    :raises NotChosen: when nothing may be chosen, or moved, any more.
    :raises NotFound: when the offer has no such time.
    """
    choice = next((one for one in offer.choices if one.id == choice_id), None)
    if choice is None:
        if offer.state is OfferState.BOOKED and offer.visit is not None:
            return offer.visit  # a page from before; what is booked stands on the next one
        raise NotFound
    if _is_booked(offer, choice) and offer.visit is not None:
        return offer.visit
    expect_choosable(offer, at=at)
    terms, time = offers.terms_of(offer), offers.time_of(choice)
    if time.starts_at < offers.earliest(terms, at=at):
        raise gone()
    holding.let_go(offer.holder)
    holding.lock(time.user_ids)
    if offers.judged(terms, [time])[0]:
        # Who was picked cannot go any more; at the same time perhaps somebody else can.
        other = offers.time_between(terms, time.starts_at, time.ends_at, at=at)
        if other is None:
            raise gone()
        time = other
    is_moved, goes = offer.state is OfferState.BOOKED, offers.visit_that_goes(offer)
    before = goes.starts_at if goes is not None else None
    offer.state, offer.booked_at = OfferState.BOOKED, at  # what follows from the booking finds nothing open
    offer.wish, offer.wished_at, offer.seen_by_us_at = "", None, None
    offer.moves_made += is_moved
    choice.user_ids = list(time.user_ids)
    db.session.flush()
    try:
        visit = _move(goes.id, offer, time, at=at) if goes is not None else _plan(offer, time, at=at)
    except checks.Conflicting as error:
        raise gone() from error
    offer.visit_id, offer.visit = visit.id, visit
    db.session.flush()
    _keep_delays(offer, visit, before if is_moved else None, at=at)
    _note_promise(offer, visit, at=at)
    about = {
        "at": at,
        "actor_id": None,
        "project_id": offer.project_id,
        "offer_id": offer.id,
        "work_order_id": offer.work_order_id,
        "title": offer.work_order.title,
        "name": offer.link.name,
        "visit_id": visit.id,
        "starts_at": visit.starts_at,
    }
    if is_moved and before is not None:
        record(TimeChanged(**about, starts_before=before))  # type: ignore[arg-type]  # as the fields are
    else:
        record(TimeChosen(**about))  # type: ignore[arg-type]  # as the fields are
    return visit


def call_off(offer: SlotOffer, *, reason: str, at: datetime) -> None:
    """Cancel what the customer chose: the work waits for a time again, and the days from then on are theirs.

    :raises NotChosen: when nothing is booked, it is too late for it, or no reason is given.
    """
    visit = offer.visit
    if offer.state is OfferState.CALLED_OFF:
        return
    if offer.state is not OfferState.BOOKED or visit is None or visit.state not in offers.TO_BOOK:
        raise NotChosen(_("There is nothing to cancel here any more."))
    if len(reason.strip()) < 3:
        raise NotChosen(_("Say in a few words why, so that we can find a better time."))
    expect_early_enough(offer, at=at)
    own = visits.visit_for_change(visit.id)
    offer.state, offer.ended_at, offer.reason = OfferState.CALLED_OFF, at, reason.strip()
    offer.seen_by_us_at = None
    db.session.flush()
    progress.cancel(own, reason=reason.strip(), at=at, actor_id=None)
    holding.let_go(offer.holder)
    offer.delay_id = _delay_from(offer, own.starts_local.date(), None, reason=reason.strip(), at=at)
    db.session.flush()
    record(
        CalledOff(
            at=at,
            actor_id=None,
            **offering.about(offer, offer.link.name),
            visit_id=own.id,
            reason=reason.strip(),
        )
    )


def wish(offer: SlotOffer, *, text: str, at: datetime) -> None:
    """Take down that none of the times suits, and what would; what is offered stays open.

    :raises NotChosen: when nothing is open any more, or nothing is said.
    """
    if not offer.is_open(at=at):
        raise NotChosen(said_to_customer(offer))
    if not text.strip():
        raise NotChosen(_("Write which days or times suit you."))
    if offer.wish == text.strip():
        return
    offer.wish, offer.wished_at, offer.seen_by_us_at = text.strip(), at, None
    db.session.flush()
    record(
        NoTimeSuits(
            at=at,
            actor_id=None,
            **offering.about(offer, offer.link.name),
            wish=offer.wish[:300],
        )
    )


# ---------------------------------------------------------------- the rules


def expect_choosable(offer: SlotOffer, *, at: datetime) -> None:
    """Make sure that a time may be chosen, or the booked visit moved.

    :raises NotChosen: when it may not, by why.
    """
    project = offer.project
    if project.state is not ProjectState.LIVE or project.held_on is not None:
        raise NotChosen(_("The project rests just now, so no time can be chosen. You hear from us."))
    if offer.state is OfferState.BOOKED:
        expect_movable(offer, at=at)
    elif not offer.is_open(at=at):
        raise NotChosen(said_to_customer(offer))


def expect_movable(offer: SlotOffer, *, at: datetime) -> None:
    """Make sure that the customer may move the visit.

    :raises NotChosen: when it is over or under way, too near, or was moved often enough.
    """
    visit = offer.visit
    if offer.state is not OfferState.BOOKED or visit is None or visit.state not in offers.TO_BOOK:
        raise NotChosen(_("This visit cannot be moved here any more. Call or write to us."))
    expect_early_enough(offer, at=at)
    if offer.moves_made >= offer.moves_allowed:
        raise NotChosen(_("This visit was moved as often as it can be here. Call or write to us."))


def expect_early_enough(offer: SlotOffer, *, at: datetime) -> None:
    """Make sure that the notice is kept before the booked visit.

    :raises NotChosen: when it is not.
    """
    visit = offer.visit
    if visit is not None and visit.starts_at < offers.earliest_at(
        offer.work_order.site, offer.notice_days, at=at
    ):
        raise NotChosen(_("The visit is too near to be changed here. Call us, and we find a way."))


def may_move(offer: SlotOffer, *, at: datetime) -> str:
    """Why the customer may not move the booked visit; empty when they may."""
    try:
        expect_movable(offer, at=at)
    except NotChosen as no:
        return no.sentence
    return ""


def may_call_off(offer: SlotOffer, *, at: datetime) -> bool:
    """Whether the customer may still cancel."""
    if offer.state is not OfferState.BOOKED or offer.visit is None or offer.visit.state not in offers.TO_BOOK:
        return False
    try:
        expect_early_enough(offer, at=at)
    except NotChosen:
        return False
    return True


def gone() -> Gone:
    """What is said of a time that somebody else has."""
    return Gone(_("This time is not free any more. Nothing was lost: choose one of the others."))


def said_to_customer(offer: SlotOffer) -> str:
    """Why nothing can be chosen any more, for the customer."""
    return {
        OfferState.BOOKED: _("A time is chosen already."),
        OfferState.WITHDRAWN: _("We had to take these times back. You hear from us about new ones."),
        OfferState.LAPSED: _("The time to choose has run out. Write to us, and we offer you new times."),
        OfferState.OPEN: _("The time to choose has run out. Write to us, and we offer you new times."),
        OfferState.CALLED_OFF: _("You cancelled this visit. You hear from us about new times."),
        OfferState.OVERTAKEN: _("This visit was arranged otherwise in the meantime."),
    }[offer.state]


# ---------------------------------------------------------------- inside


def _let_go_of_theirs(offer: SlotOffer) -> None:
    """Forget what the customer held; what one of ours picked stays held, and so does what is booked."""
    for one in [one for one in offer.choices if not one.is_ours and not _is_booked(offer, one)]:
        offer.choices.remove(one)
        db.session.delete(one)
    holding.let_go(offer.holder)
    db.session.flush()


def _hold(offer: SlotOffer, time: Time, *, until: datetime, at: datetime) -> None:
    """Hold what one of ours picked as before, and the customer's time besides.

    :raises Gone: when somebody else holds it since this moment.
    """
    ours: tuple[Time, ...] = ()
    if offer.state is OfferState.OPEN:
        ours = tuple(offers.time_of(one) for one in offer.choices if one.is_ours and one.held_until > at)
    try:
        offering.keep_free(offer, ours, until=offer.expires_at, at=at)
        offering.keep_free(offer, (time,), besides=ours, until=until, at=at)
    except holding.HeldAlready as error:
        raise gone() from error


def _is_booked(offer: SlotOffer, choice: SlotChoice) -> bool:
    visit = offer.visit
    return (
        offer.state is OfferState.BOOKED
        and visit is not None
        and visit.state is not VisitState.CANCELLED
        and (visit.starts_at, visit.ends_at) == (choice.starts_at, choice.ends_at)
    )


def _plan(offer: SlotOffer, time: Time, *, at: datetime) -> Visit:
    work = offer.work_order
    zone = work.site.zone
    return arranging.plan_visit(
        db.session.get_one(Project, offer.project_id),
        kind=work.kind,
        title=work.title,
        titles=work.titles,
        starts_local=wall_time(time.starts_at, zone),
        ends_local=wall_time(time.ends_at, zone),
        fold=time.starts_at.astimezone(ZoneInfo(zone)).fold,
        site=work.site,
        milestone=work.milestone,
        work_order=work,
        skill=work.skill,
        level=work.level,
        crew=work.crew,
        technician_ids=time.user_ids,
        contact_ids=offers.terms_of(offer).contact_ids,
        note=work.note,
        state=VisitState.CONFIRMED,
        at=at,
        actor_id=None,
    )


def _move(visit_id: int, offer: SlotOffer, time: Time, *, at: datetime) -> Visit:
    visit = visits.visit_for_change(visit_id)
    if visit.state not in offers.TO_BOOK:
        raise NotChosen(_("This visit cannot be moved here any more. Call or write to us."))
    zone = visit.site.zone
    arranging.rearrange(
        visit,
        site=visit.site,
        title=visit.title,
        kind=visit.kind,
        milestone_id=visit.milestone_id,
        skill=visit.skill,
        crew=visit.crew,
        note=visit.note,
        starts_local=wall_time(time.starts_at, zone),
        ends_local=wall_time(time.ends_at, zone),
        fold=time.starts_at.astimezone(ZoneInfo(zone)).fold,
        technician_ids=time.user_ids,
        conflict_reason="",
        contact_ids=offers.terms_of(offer).contact_ids,
        version=None,
        at=at,
        actor_id=None,
    )
    if visit.state in FOLLOWING_THE_PLAN:
        progress.confirm(visit, at=at, actor_id=None)
    return visit


def end_delays(work_order_ids: Collection[int], *, at_visit: int, at: datetime, actor_id: int | None) -> None:
    """End what stands as the customer's delay of some work: there is a time for it again, and what is not later
    than before costs nothing.

    :param at_visit: the visit with which somebody comes now.
    """
    for delay_id in db.session.scalars(
        sa.select(Delay.id)
        .join(SlotOffer, SlotOffer.delay_id == Delay.id)
        .where(SlotOffer.work_order_id.in_(work_order_ids), Delay.last_on.is_(None))
        .order_by(Delay.id)
    ).all():
        on = db.session.get_one(Visit, at_visit).starts_local.date()
        delay = lost_days.delay_for_change(delay_id)
        if on > delay.first_on:
            delays.close(delay_id, last_on=on - timedelta(days=1), actor_id=actor_id, at=at)
        else:
            delays.withdraw(delay_id, reason=NO_LATER, actor_id=actor_id, at=at)


def _delay_from(
    offer: SlotOffer, first_on: date, last_on: date | None, *, reason: str, at: datetime
) -> int | None:
    """Let days stand as the customer's: those from a visit on that they called off, or by which they moved it."""
    project = db.session.get_one(Project, offer.project_id)
    if project.state is ProjectState.DRAFT or first_on < project.starts_on:
        return None
    milestone = _milestone_of(offer)
    is_there = milestone is not None and milestone.state is not MilestoneState.SKIPPED
    entered = delays.enter(
        offer.project_id,
        milestone_id=milestone.id if milestone is not None and is_there else None,
        party=Party.CUSTOMER,
        team=None,
        cause=BlockCause.PEOPLE,
        first_on=first_on,
        last_on=last_on,
        reason=reason,
        actor_id=None,
        at=at,
    )
    return entered.id


def _keep_delays(offer: SlotOffer, visit: Visit, before: datetime | None, *, at: datetime) -> None:
    """End the delay of a visit that was called off; one that the customer moved to a later day cost those between."""
    is_on = visit.starts_local.date()
    end_delays([offer.work_order_id], at_visit=visit.id, at=at, actor_id=None)
    if before is None:
        return
    was_on = wall_time(before, visit.zone).date()
    if is_on > was_on:
        _delay_from(offer, was_on, is_on - timedelta(days=1), reason=MOVED_LATER, at=at)


def _note_promise(offer: SlotOffer, visit: Visit, *, at: datetime) -> None:
    """Note the day on which all of the work is done, as the customer agreed to it."""
    milestone = _milestone_of(offer)
    if milestone is None or offer.minutes < offer.work_order.minutes:
        return
    shown = ShownDate(milestone.key, visit.ends_local.date(), visit.starts_local.date())
    promising.note_shown(
        readiness.projects_printed([offer.project_id])[0],
        [shown],
        shown_on=ShownOn.AGREEMENT,
        reference=offer.link.name,
        at=at,
        by_id=None,
        is_agreed=True,
    )


def _milestone_of(offer: SlotOffer) -> Milestone | None:
    milestone_id = offer.work_order.milestone_id
    return db.session.get(Milestone, milestone_id) if milestone_id is not None else None
