"""What every change of a visit is checked against, and how a conflict is said."""

from collections.abc import Iterable, Sequence

from flask_babel import gettext as _

from concierge.platform.errors import Refused, Stale
from concierge.platform.words import clock_time, day, instant
from concierge.visits.clocks import wall_time
from concierge.visits.models import Visit
from concierge.visits.queries import UNBREAKABLE, Conflict, ConflictKind
from concierge.visits.states import FOLLOWS, VisitState


class Conflicting(Refused):
    """Somebody would be sent who is elsewhere, away or not certified, and no reason is given."""


class NotNow(Refused):
    """The visit is in a state in which this cannot be done."""


def expect_version(visit: Visit, version: int | None) -> None:
    """Make sure that nobody changed the visit since a form was opened; `None` checks nothing.

    :raises Stale: when somebody did.
    """
    if version is not None and version != visit.version:
        raise Stale(
            _(
                "Somebody else changed this visit in the meantime. Load the page again, "
                "look at what is new, then repeat."
            )
        )


def expect_state(visit: Visit, allowed: Iterable[VisitState]) -> None:
    """Make sure that a visit is in one of these states.

    :raises NotNow: when it is not.
    """
    if visit.state not in set(allowed):
        raise NotNow(_("The visit is %(state)s. This can no longer be done.", state=visit.state.value))


def expect_follows(visit: Visit, to: VisitState) -> None:
    """Make sure that a state may follow the one a visit is in.

    :raises NotNow: when it may not.
    """
    if to not in FOLLOWS[visit.state]:
        raise NotNow(
            _(
                "The visit is %(before)s; it cannot become %(after)s from there.",
                before=visit.state.value,
                after=to.value,
            )
        )


def expect_reason(conflicts: Sequence[Conflict], reason: str) -> None:
    """Make sure that a reason is given where somebody is sent in spite of a conflict.

    :raises Conflicting: when none is, or when no reason helps.
    """
    for conflict in conflicts:
        if conflict.kind in UNBREAKABLE:
            raise Conflicting(
                _(
                    "%(conflict)s Renew the certification, or choose somebody else.",
                    conflict=in_words(conflict),
                )
            )
    if conflicts and not reason.strip():
        raise Conflicting(
            _(
                "%(conflict)s Choose somebody else or another time, or say why they go all the same.",
                conflict=in_words(conflicts[0]),
            )
        )


def in_words(conflict: Conflict) -> str:
    """Say a conflict as a whole sentence, in the time of the place it happens."""
    sentence: str
    match conflict.kind:
        case ConflictKind.OVERLAP:
            sentence = _(
                "%(name)s is on “%(visit)s” from %(start)s to %(end)s.",
                name=conflict.name,
                visit=conflict.words,
                **_from_to(conflict),
            )
        case ConflictKind.SAME_DAY:
            sentence = _(
                "%(name)s is also on “%(visit)s” that day, from %(start)s to %(end)s.",
                name=conflict.name,
                visit=conflict.words,
                **_from_to(conflict),
            )
        case ConflictKind.ABSENCE:
            sentence = _(
                "%(name)s is away (%(why)s) from %(start)s until %(end)s.",
                name=conflict.name,
                why=conflict.words,
                **_from_to(conflict),
            )
        case ConflictKind.OWN_CALENDAR:
            sentence = _(
                "%(name)s’s own calendar is taken from %(start)s to %(end)s.",
                name=conflict.name,
                **_from_to(conflict),
            ) + _stale(conflict)
        case ConflictKind.OWN_TENTATIVE:
            sentence = _(
                "%(name)s may be taken from %(start)s to %(end)s: their own calendar holds something tentative.",
                name=conflict.name,
                **_from_to(conflict),
            ) + _stale(conflict)
        case ConflictKind.OWN_UNREAD:
            sentence = (
                _(
                    "%(name)s’s own calendar could not be read since %(when)s. They may be taken.",
                    name=conflict.name,
                    when=instant(conflict.read_at, conflict.zone),
                )
                if conflict.read_at
                else _(
                    "%(name)s’s own calendar could not be read yet. They may be taken.", name=conflict.name
                )
            )
        case ConflictKind.SKILL:
            sentence = _(
                "%(name)s does not hold a valid “%(skill)s” certification then.",
                name=conflict.name,
                skill=conflict.words,
            )
        case ConflictKind.EXPIRED:
            sentence = _(
                "The certification “%(skill)s” of %(name)s will have run out by then.",
                name=conflict.name,
                skill=conflict.words,
            )
        case ConflictKind.CLOSED:
            on = wall_time(conflict.starts_at, conflict.zone) if conflict.starts_at else None
            sentence = _("The site is closed on %(day)s: %(why)s.", day=day(on), why=conflict.words)
        case ConflictKind.ACCESS_HOURS:
            sentence = _("The site lets people in only at %(hours)s.", hours=conflict.words)
    return sentence


def _stale(conflict: Conflict) -> str:
    """Say how old it is, when it cannot be renewed."""
    if conflict.read_at is None:
        return ""
    return " " + _(
        "That was so on %(when)s; since then it cannot be read.",
        when=instant(conflict.read_at, conflict.zone),
    )


def _from_to(conflict: Conflict) -> dict[str, str]:
    if conflict.starts_at is None or conflict.ends_at is None:
        return {"start": "–", "end": "–"}
    starts = wall_time(conflict.starts_at, conflict.zone)
    ends = wall_time(conflict.ends_at, conflict.zone)
    if starts.date() == ends.date():
        return {"start": clock_time(starts), "end": clock_time(ends)}
    return {
        "start": instant(conflict.starts_at, conflict.zone),
        "end": instant(conflict.ends_at, conflict.zone),
    }
