"""What every change of a visit is checked against."""

from collections.abc import Iterable, Sequence

from flask_babel import gettext as _

from concierge.platform.errors import Refused, Stale
from concierge.visits.feasibility import Conflict
from concierge.visits.models import Visit
from concierge.visits.states import FOLLOWS, VisitState
from concierge.visits.words import sentence


class Conflicting(Refused):
    """A rule would be broken, and no reason is given or none helps."""


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
    """Make sure that a reason is given where a visit breaks a rule.

    :raises Conflicting: when none is, or when no reason helps.
    """
    for conflict in conflicts:
        if not conflict.is_breakable:
            raise Conflicting(
                _(
                    "%(conflict)s Renew the certification, or choose somebody else.",
                    conflict=sentence(conflict),
                )
            )
    if conflicts and not reason.strip():
        raise Conflicting(
            _(
                "%(conflict)s Choose somebody else or another time, or say why they go all the same.",
                conflict=sentence(conflicts[0]),
            )
        )
