"""What an invitation says, and whether it still says what is so."""

from hashlib import sha256

from concierge.platform.database import clean
from concierge.visits.models import Visit
from concierge.visits.states import VisitState

INVITED = frozenset({VisitState.CONFIRMED, VisitState.ACCEPTED, VisitState.ON_ROUTE})
"""To visits in these states people are invited; who was invited to one that is called off hears of it."""

_HALF = 32


def address_of(visit: Visit) -> str:
    """Where a visit is, in one line; the visit has its site."""
    site = visit.site
    return ", ".join(part for part in (site.name, site.address_line, site.country) if part)


def title_of(visit: Visit, *, is_customer: bool) -> str:
    """What a visit is called by a person; what we note among ourselves is not for customers."""
    return "" if is_customer else visit.title


def fingerprint(visit: Visit, *, is_customer: bool) -> str:
    """What an invitation to a visit tells, as two digests: time and place, and all other words.

    It is made from facts and not from sentences, so that nobody is written to because we found better words.
    """
    where_and_when = (visit.starts_at.isoformat(), visit.ends_at.isoformat(), address_of(visit))
    words = (
        visit.kind.value,
        title_of(visit, is_customer=is_customer),
        sorted((visit.titles or {}).items()),
        visit.project.account.name,
        visit.zone,
    )
    return _digest(where_and_when) + _digest(words)


def is_same_time_and_place(told: str, now: str) -> bool:
    """Whether two fingerprints agree on time and place."""
    return told[:_HALF] == now[:_HALF]


def _digest(facts: tuple[object, ...]) -> str:
    return sha256(clean(repr(facts), lines=False).encode()).hexdigest()[:_HALF]
