"""The rules that visits break now: a list of all of them, and the marks wherever a visit is shown."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from flask import render_template, request, url_for
from flask_babel import get_locale
from flask_babel import gettext as _

from concierge.core.dispatch import Rule
from concierge.identity.guard import requires, viewer
from concierge.identity.permissions import Permission
from concierge.visits import feasibility, queries, words
from concierge.visits.models import BrokenRule, Visit
from concierge.visits.views.blueprint import Page, bp

SIZE = 50


@dataclass(frozen=True, slots=True)
class Breach:
    """One broken rule as the list shows it."""

    row: BrokenRule
    name: str
    sentence: str


@bp.get("/visits/broken-rules")
@requires(Permission.SCHEDULE_VISITS)
def broken_rules() -> Page:
    """List the rules that visits to come break, by rule, person and country."""
    rule = next((one for one in Rule if one.value == request.args.get("rule")), None)
    user_id = request.args.get("person", 0, type=int)
    country = request.args.get("country", "")[:2]
    unexplained = request.args.get("reason") == "none"
    page = max(1, min(request.args.get("page", 1, type=int), 10_000))
    found = queries.breaches(
        rule=rule, user_id=user_id or None, country=country, unexplained=unexplained, page=page, size=SIZE
    )
    kept: dict[str, Any] = {  # Any: what stands in an address
        "rule": rule.value if rule else None,
        "person": user_id or None,
        "country": country or None,
        "reason": "none" if unexplained else None,
    }
    territories = get_locale().territories
    return render_template(
        "visits/broken_rules.html",
        breaches=_now(found.rows),
        count=found.count,
        page=page,
        last=max(1, -(-found.count // SIZE)),
        address=_paged(url_for("visits.broken_rules", **kept)),
        is_narrowed=any(kept.values()),
        selects=[
            (
                "rule",
                _("Rule"),
                [("", _("Every rule")), *((one.value, words.rule(one)) for one in found.rules)],
                kept["rule"],
            ),
            ("person", _("Person"), [("", _("Everybody")), *found.people], kept["person"]),
            (
                "country",
                _("Country"),
                [("", _("Every country")), *((one, territories.get(one, one)) for one in found.regions)],
                kept["country"],
            ),
            (
                "reason",
                _("Reason"),
                [("", _("With and without a reason")), ("none", _("Nobody has said why"))],
                kept["reason"],
            ),
        ],
        me=viewer().user_id,
    )


def marks(visits: Iterable[Visit]) -> Mapping[int, tuple[str, ...]]:
    """Say which rules visits break, by visit id, as whole sentences; those that break none are left out."""
    zones = {visit.id: visit.zone for visit in visits}
    return {
        visit_id: tuple(words.broken(row, zone=zones[visit_id]) for row in rows)
        for visit_id, rows in queries.broken_rules(zones).items()
    }


def _now(rows: Iterable[BrokenRule]) -> list[Breach]:
    """What of a page of the list is still so: what changed a moment ago may not have been looked at yet."""
    listed = list(rows)
    visits = {row.visit_id: row.visit for row in listed}
    standing = {
        (visit_id, one.about)
        for visit_id, against in feasibility.grave_conflicts(list(visits.values())).items()
        for one in against
    }
    return [
        Breach(row, words.rule(row.rule), words.broken(row, zone=row.visit.zone))
        for row in listed
        if (row.visit_id, row.about) in standing
    ]


def _paged(address: str) -> str:
    return f"{address}{'&' if '?' in address else '?'}page={{page}}"
