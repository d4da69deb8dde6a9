"""What a project is asked of its site, computed from playbooks, figures, options and destination."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from functools import partial
from typing import Any

from concierge.accounts import queries as accounts
from concierge.accounts.models import Contact
from concierge.catalogue import bounds
from concierge.catalogue.models import PlaybookItem, PlaybookVersion, Product, ProductFact
from concierge.catalogue.states import DueDays, MilestoneKind
from concierge.core.worktime import WorkCalendar
from concierge.platform.database import in_hand
from concierge.projects import queries as projects
from concierge.projects.calendars import site_calendars
from concierge.projects.models import Milestone, Project
from concierge.readiness import plan, queries
from concierge.readiness.models import Checklist, ReadinessItem

COPIED = (
    "section",
    "type",
    "requirement",
    "why",
    "how",
    "quantity",
    "unit",
    "minimum",
    "maximum",
    "choices",
    "accepted",
    "tolerance",
    "sample",
    "file_kinds",
    "file_count",
    "condition",
    "weight",
    "responsible",
    "role",
    "reviewer",
    "anchor",
    "due_days",
    "due_offset",
    "severity",
    "gate",
    "evidence_need",
    "source",
    "source_rev",
    "checked_on",
)
"""What an item takes from what is wanted, by the names of its columns."""


def wanted_by(
    project: Project,
    *,
    sold: Collection[str],
    instead: Mapping[int, Iterable[PlaybookItem]] | None = None,
) -> tuple[plan.Wanted, ...]:
    """What a project is asked.

    :param sold: keys of the products that its options are among.
    :param instead: the items of versions not taken over yet, by playbook.
    """
    asked = _asked([project], {project.id: sold}, instead or {})
    return asked[project.id]


def wanted_by_each(
    of: Sequence[Project], *, sold: Mapping[int, Collection[str]]
) -> dict[int, tuple[plan.Wanted, ...]]:
    """What each of some projects is asked.

    :param sold: by project, the keys of the products that its options are among.
    """
    return _asked(of, sold, {})


def _asked(
    of: Sequence[Project],
    sold: Mapping[int, Collection[str]],
    instead: Mapping[int, Iterable[PlaybookItem]],
) -> dict[int, tuple[plan.Wanted, ...]]:
    brought_to = projects.playbooks_followed([project.id for project in of])
    lines = [one.line for brought in brought_to.values() for one in brought]
    products = {line.product.id: line.product.key for line in lines if line.product is not None}
    facts = queries.facts_of(products)
    countries = queries.countries_of_sites({project.site_id for project in of})
    asked = {}
    for project in of:
        found: dict[tuple[int, str], plan.Brought] = {}
        for one in brought_to[project.id]:
            product_id = one.line.product_id or 0
            items = instead.get(one.version.playbook_id, one.version.items)
            key = products.get(product_id, "")
            found.setdefault((one.version_id, key), plan.Brought(list(items), key, facts.get(product_id, ())))
        country = countries.get(project.site_id, "")
        destination = bounds.Destination(country=country, sold=frozenset(sold[project.id]))
        compute = partial(plan.computed, tuple(found.values()), destination)
        asked[project.id] = (
            compute()
            if instead
            else in_hand(
                ("wanted", tuple(found), destination),
                compute,
                of=(PlaybookItem, PlaybookVersion, ProductFact, Product),
            )
        )
    return asked


def sold_to(project: Project, checklist: Checklist | None) -> tuple[str, ...]:
    """The keys of the products that a checklist was computed for; without one all that was sold and agreed."""
    if checklist is not None and checklist.sold is not None:
        return tuple(checklist.sold)
    return tuple(sorted(projects.products_sold([project])[project.id]))


def contacts_of(project: Project) -> list[Contact]:
    """The customer's people, from whom one is chosen for each item."""
    account_id = project.account_id
    return in_hand(
        ("contacts", account_id), lambda: accounts.contacts_of(account_id), of=(Contact,), are_rows=True
    )


def calendar_for(
    project: Project, items: Iterable[plan.Wanted | ReadinessItem | plan.Dated]
) -> WorkCalendar | None:
    """The site's working days where one of some items is due in them."""
    if all(item.due_days is DueDays.CALENDAR for item in items):
        return None
    return site_calendars([project.site_id])[project.site_id]


def columns(
    wanted: plan.Wanted,
    checklist: Checklist,
    project: Project,
    *,
    contacts: list[Contact],
    calendar: WorkCalendar | None,
) -> dict[str, Any]:  # Any: values of columns
    """An item's columns as they are wanted, without its place and its answer."""
    return {
        "checklist_id": checklist.id,
        "key": wanted.key,
        **{name: wanted.column(name) for name in COPIED},
        "contact_id": plan.contact_for(
            wanted, contacts, site_id=project.site_id, usual_id=project.contact_id
        ),
        "due_on": plan.due_day(wanted, checklist, calendar),
    }


def install_day(milestones: Iterable[Milestone]) -> date | None:
    """The day on which installation begins; `None` while it is not planned."""
    days = [one.start_on for one in milestones if one.kind is MilestoneKind.INSTALLED and one.start_on]
    return min(days, default=None)
