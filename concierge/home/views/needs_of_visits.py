"""What visits wait for, in words."""

from datetime import date

from flask_babel import gettext as _
from flask_babel import ngettext

from concierge.dispatch.states import OfferState
from concierge.home.agenda import Row
from concierge.home.views.need import Need, place, until, waited
from concierge.platform.words import ago, called, day, instant, localized, span
from concierge.visits.clocks import wall_time


def to_decide(row: Row, today: date) -> Need:
    return Need(
        state="warn",
        icon="calendar-clock",
        title=_("Keep or move %(title)s", title=called(row)),
        url=f"/visits/{row.id}",
        why=_(
            "%(place)s. %(reason)s",
            place=place(row),
            reason=localized(row.decide_words) or row.needs_decision,
        ),
        when=day(row.starts_local),
        note=until(row.starts_local.date(), today),
        action=_("Decide"),
    )


def from_field(row: Row, today: date) -> Need:
    return Need(
        state="warn",
        icon="pen-line",
        title=_("Look at what came in from %(title)s", title=called(row)),
        url=f"/visits/{row.id}#field",
        why=_(
            "%(place)s. Values stand against each other, or the visit was changed before they arrived.",
            place=place(row),
        ),
        when=day(row.starts_local),
        note=until(row.starts_local.date(), today),
        action=_("Look"),
    )


def declined(row: Row, today: date) -> Need:
    is_ours = row.user_id is not None
    said = _("%(who)s declined", who=row.who) + (f": {row.comment}" if row.comment else "")
    return Need(
        state="warn",
        icon="user-plus" if is_ours else "calendar-x",
        title=_("Find a technician for %(title)s", title=called(row))
        if is_ours
        else _("Find another time for %(title)s", title=called(row)),
        url=f"/visits/{row.visit_id}",
        why=_("%(place)s. %(reason)s", place=place(row), reason=said),
        when=day(row.starts_local),
        note=until(row.starts_local.date(), today),
        action=_("Look"),
    )


def answers(row: Row, today: date) -> Need:
    returned = (
        ngettext("%(num)s invitation came back", "%(num)s invitations came back", row.returned)
        if row.returned
        else ""
    )
    since = min(since for since in (row.since, row.returned_since) if since)
    return Need(
        state="warn",
        icon="mail",
        title=ngettext(
            "Look at %(num)s answer to an invitation", "Look at %(num)s answers to invitations", row.answers
        )
        if row.answers
        else _("Correct where invitations go"),
        url="/answers",
        why=returned or _("Nobody vouches for the sender, or something has to be arranged."),
        when=waited((today - since.date()).days),
        note=_("the oldest"),
        action=_("Look"),
    )


def wish(row: Row, today: date) -> Need:
    wanted = _("%(who)s asks for %(when)s", who=row.who, when=instant(row.starts_at, row.zone))
    return Need(
        state="warn",
        icon="calendar-clock",
        title=_("Decide on another time for %(title)s", title=called(row)),
        url=f"/time-proposals/{row.id}",
        why=_("%(place)s. %(reason)s", place=place(row), reason=wanted),
        when=day(row.starts_local),
        note=until(row.starts_local.date(), today),
        action=_("Decide"),
    )


def offer(row: Row, today: date) -> Need:
    if row.state is OfferState.CALLED_OFF:
        said = _("%(who)s cancelled: %(reason)s", who=row.who, reason=row.reason)
    elif row.wish:
        said = _("None of the times suits %(who)s: %(wish)s", who=row.who, wish=row.wish)
    else:
        said = _("%(who)s chose none of the times.", who=row.who)
    return Need(
        state="warn",
        icon="calendar-clock",
        title=_("Find a time with the customer: %(title)s", title=called(row)),
        url=f"/dispatch/offers/{row.id}",
        why=_("%(place)s. %(reason)s", place=place(row), reason=said),
        when=day(row.first_on),
        note=until(row.first_on, today),
        action=_("Look"),
    )


def unassigned(row: Row, today: date) -> Need:
    return Need(
        state="warn",
        icon="user-plus",
        title=ngettext(
            "Find a technician for %(title)s",
            "Find %(num)s technicians for %(title)s",
            row.missing,
            title=called(row),
        ),
        url=f"/visits/{row.id}",
        why=_("%(place)s. The customer expects us; too few go.", place=place(row)),
        when=day(row.starts_local),
        note=until(row.starts_local.date(), today),
        action=_("Assign"),
        is_to_assign=True,
    )


def again(row: Row, today: date) -> Need:
    return Need(
        state="warn",
        icon="rotate-ccw",
        title=_("Plan another visit for %(title)s", title=called(row)),
        url=f"/projects/{row.project_key}/work-orders/{row.number}",
        why=_(
            "%(place)s. %(code)s was not finished; nobody comes again yet.", place=place(row), code=row.code
        ),
        when=waited((today - row.ends_local.date()).days),
        note=_("since the last visit"),
        action=_("Plan"),
    )


def unfetched(row: Row, today: date) -> Need:
    return Need(
        state="warn",
        icon="history",
        title=_("Make sure that %(who)s knows of %(title)s", who=row.who, title=called(row)),
        url=f"/visits/{row.id}#devices",
        why=_(
            "%(place)s. Changed %(ago)s, not fetched by their calendar since.",
            place=place(row),
            ago=ago(row.changed_at),
        ),
        when=day(row.starts_local),
        note=until(row.starts_local.date(), today),
        action=_("See"),
    )


def taken(row: Row, today: date) -> Need:
    starts, ends = wall_time(row.taken_from, row.zone), wall_time(row.taken_to, row.zone)
    taken = (
        span(starts, ends)
        if row.times == 1
        else _("%(num)s times, first on %(when)s", num=row.times, when=instant(row.taken_from, row.zone))
    )
    return Need(
        state="warn",
        icon="calendar-x",
        title=_("Ask whether %(who)s can go: %(title)s", who=row.who, title=called(row)),
        url=f"/visits/{row.id}",
        why=_(
            "%(place)s. Their own calendar says taken, %(taken)s, time at the site.",
            place=place(row),
            taken=taken,
        ),
        when=day(row.starts_local),
        note=until(row.starts_local.date(), today),
        action=_("Look"),
    )


def unread(row: Row, today: date) -> Need:
    return Need(
        state="warn",
        icon="history",
        title=_("Ask %(who)s whether their own calendar has moved", who=row.who),
        url=f"/visits/{row.visit_id}",
        why=ngettext(
            "It was last read %(ago)s; they go on %(num)s visit in the next two weeks.",
            "It was last read %(ago)s; they go on %(num)s visits in the next two weeks.",
            row.visits,
            ago=ago(row.since),
        ),
        when=day(row.starts_local),
        note=until(row.starts_local.date(), today),
        action=_("See"),
    )
