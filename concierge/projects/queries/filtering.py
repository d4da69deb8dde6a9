"""What a list of projects is narrowed to: an address, as values, and as conditions."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, TypeVar
from urllib.parse import parse_qs, urlencode

import sqlalchemy as sa
from sqlalchemy.sql.selectable import Select

from concierge.accounts.models import Account, Site
from concierge.catalogue.models import Product
from concierge.catalogue.states import MilestoneKind, ProductKind
from concierge.identity.models import User
from concierge.identity.viewer import Viewer
from concierge.orders.models import OrderLine
from concierge.platform.searching import matches
from concierge.projects.models import FieldValue, Project
from concierge.projects.models.plan import IS_OPEN
from concierge.projects.scope import visible_to
from concierge.projects.states import Health

Narrowed = TypeVar("Narrowed", bound=Select[*tuple[Any, ...]])  # Any: whatever is asked for

ME, NOBODY, ALL = "me", "nobody", "all"
"""Words of the address beside numbers and values."""

VIEWS = ("list", "lines", "board")
SORTS = ("slip", "handover", "name", "newest", "chance", "stage")
GROUPS = ("health", "stage", "concierge", "account", "country", "product")
COLUMNS = (
    "health",
    "stage",
    "promised",
    "forecast",
    "slip",
    "chance",
    "ready",
    "account",
    "site",
    "concierge",
    "start",
    "required",
)
SHOWN = ("health", "promised", "forecast", "slip", "ready", "site", "concierge")
"""The columns of a list whose address names none."""
FIELD = "field:"
"""Before the key of a column that a playbook defines."""
LONGEST_ADDRESS = 1000


@dataclass(frozen=True, slots=True)
class Filter:
    """What a list of projects is narrowed to and how it is shown; empty fields do not narrow."""

    text: str = ""
    health: tuple[str, ...] = ()
    only_open: bool = False
    """Whether those that have ended are left out; the address says so by naming no health and no text."""
    stage: str = ""
    concierge: str = ""
    """Id of a person, ``me`` or ``nobody``."""
    country: str = ""
    account_id: int | None = None
    product_id: int | None = None
    held: str = ""
    """``yes`` or ``no``."""
    below: int | None = None
    """Only those whose chance to keep the promise, in percent, is below this."""
    from_on: date | None = None
    to_on: date | None = None
    """Forecast handover in these days, both inclusive."""
    field: str = ""
    value: str = ""
    """Key of a field that a playbook defines, and what its value holds; no value: any."""
    sort: str = "slip"
    group: str = ""
    view: str = "list"
    columns: tuple[str, ...] = ()
    page: int = 1

    @property
    def shown_columns(self) -> tuple[str, ...]:
        """The columns of the list, in their order."""
        return self.columns or SHOWN

    def pairs(self) -> tuple[tuple[str, str], ...]:
        """Names and values of the address, without the page; in a normal order."""
        said: list[tuple[str, object]] = [("q", self.text)]
        said += [("health", one) for one in self.health]
        if not self.health and not self.only_open and not self.text:
            said.append(("health", ALL))
        said += [
            ("stage", self.stage),
            ("concierge", self.concierge),
            ("country", self.country),
            ("account", self.account_id),
            ("product", self.product_id),
            ("held", self.held),
            ("below", self.below),
            ("from", self.from_on),
            ("to", self.to_on),
            ("field", self.field),
            ("value", self.value if self.field else ""),
            ("sort", self.sort if self.sort != "slip" else ""),
            ("group", self.group),
            ("view", self.view if self.view != "list" else ""),
        ]
        said += [("columns", one) for one in self.columns]
        return tuple((name, str(value)) for name, value in said if value not in (None, ""))

    def address(self, **changes: Any) -> str:  # Any: fields of a filter
        """The part of the address after the question mark, with some fields changed."""
        other = replace(self, **changes) if changes else self
        pairs = other.pairs() + ((("page", str(other.page)),) if other.page > 1 else ())
        return urlencode(pairs)

    @property
    def narrows(self) -> bool:
        """Whether it leaves anything out beside what has ended."""
        plain = Filter(only_open=True)
        kept = {name: getattr(plain, name) for name in ("sort", "group", "view", "columns", "page")}
        return replace(self, **kept) != plain


def filter_of(asked: Mapping[str, Sequence[str]]) -> Filter:
    """Read a filter from the names and values of an address; what cannot be read does not narrow."""
    # PostgreSQL takes no NUL in a text.
    asked = {name: [value.replace("\0", "") for value in values] for name, values in asked.items()}

    def one(name: str, length: int = 100) -> str:
        return next((value for value in asked.get(name, ()) if value), "")[:length]

    healths = _known(asked.get("health", ()), [health.value for health in Health])
    text, is_all = one("q"), ALL in asked.get("health", ())
    concierge = ME if one("mine") == "1" else one("concierge")
    return Filter(
        text=text,
        health=() if is_all else healths,
        only_open=not healths and not is_all and not text.strip(),
        stage=_among(one("stage"), [kind.value for kind in MilestoneKind]),
        concierge=concierge if concierge in {ME, NOBODY} or _number(concierge) is not None else "",
        country=one("country", 2).upper() if one("country").isascii() else "",
        account_id=_number(one("account")),
        product_id=_number(one("product")),
        held=_among(one("held"), ("yes", "no")),
        below=_number(one("below", 3)),
        from_on=_day(one("from")),
        to_on=_day(one("to")),
        field=one("field", 60),
        value=one("value") if one("field") else "",
        sort=_among(one("sort"), SORTS) or "slip",
        group=_among(one("group"), GROUPS),
        view=_among(one("view"), VIEWS) or "list",
        columns=_columns(asked.get("columns", ())),
        page=max(1, _number(one("page", 6)) or 1),
    )


def filter_from(address: str) -> Filter:
    """Read a filter from the part of an address after the question mark."""
    return filter_of(parse_qs(address[: 4 * LONGEST_ADDRESS], max_num_fields=200))


def narrowed(question: Narrowed, viewer: Viewer, wanted: Filter) -> Narrowed:
    """Narrow a question that has ``Project`` in it to what the viewer may see and wants to see."""
    return visible_to(viewer, question).where(*conditions(viewer, wanted))


def conditions(viewer: Viewer, wanted: Filter) -> Iterable[sa.ColumnElement[bool]]:
    """What a filter asks of a project, apart from the viewer's right to see it."""
    if wanted.only_open:
        yield sa.text(f"projects.{IS_OPEN}")  # type: ignore[misc]  # words that the indexes are made with
    if wanted.health:
        known = {health.value: health for health in Health}
        chosen = [known[value] for value in wanted.health if value in known]
        yield Project.health == chosen[0] if len(chosen) == 1 else Project.health.in_(chosen)
    if wanted.stage:
        yield Project.stage == MilestoneKind(wanted.stage)
    if wanted.concierge:
        yield _is_concierge(viewer, wanted.concierge)
    if wanted.country:
        yield Project.site_id.in_(sa.select(Site.id).where(Site.country == wanted.country))
    if wanted.account_id is not None:
        yield Project.account_id == wanted.account_id
    if wanted.product_id is not None:
        lines = sa.select(OrderLine.order_id).where(
            OrderLine.product_id == wanted.product_id, OrderLine.cancelled.is_(False)
        )
        yield Project.order_id.in_(lines)
    if wanted.held:
        yield Project.held_on.is_not(None) if wanted.held == "yes" else Project.held_on.is_(None)
    if wanted.below is not None:
        yield Project.chance_percent < wanted.below
    if wanted.from_on is not None:
        yield Project.forecast_handover_on >= wanted.from_on
    if wanted.to_on is not None:
        yield Project.forecast_handover_on <= wanted.to_on
    if wanted.field:
        values = sa.select(FieldValue.project_id).where(FieldValue.key == wanted.field)
        if wanted.value:
            values = values.where(FieldValue.text.icontains(wanted.value, autoescape=True))
        yield Project.id.in_(values.where(FieldValue.text != ""))
    yield from matches(wanted.text, Project)


def order_of(wanted: Filter) -> tuple[sa.ColumnElement[Any], ...]:  # Any: a column of any type
    """What a list is ordered by: its groups, then what it is sorted by, then something unique."""
    return (*_group_order(wanted.group), *_sort_order(wanted.sort))


def _sort_order(sort: str) -> tuple[sa.ColumnElement[Any], ...]:
    match sort:
        case "handover":
            return (Project.forecast_handover_on.asc(), Project.id.asc())
        case "name":
            return (Project.name.asc(), Project.id.asc())
        case "newest":
            return (Project.id.desc(),)
        case "chance":
            return (sa.func.coalesce(Project.chance_percent, 101).asc(), Project.id.asc())
        case "stage":
            return (Project.stage_since_on.asc(), Project.id.asc())
    return (Project.slip_workdays.desc(), Project.id.desc())


def _group_order(group: str) -> tuple[sa.ColumnElement[Any], ...]:
    match group:
        case "health":
            graver = [Health.LATE, Health.AT_RISK, Health.ON_HOLD, Health.DRAFT, Health.ON_TRACK]
            return (_placed(Project.health, graver),)
        case "stage":
            return (_placed(Project.stage, list(MilestoneKind)),)
        case "concierge":
            return (sa.func.coalesce(User.name, "").asc(), Project.concierge_id.asc())
        case "account":
            return (Account.name.asc(), Project.account_id.asc())
        case "country":
            return (Site.country.asc(),)
        case "product":
            return (product_of().asc(),)
    return ()


def product_of() -> sa.ColumnElement[Any]:
    """The name of the first instrument on a project's order; empty where nothing is matched."""
    named = (
        sa.select(sa.func.min(Product.name))
        .join(OrderLine, OrderLine.product_id == Product.id)
        .where(
            OrderLine.order_id == Project.order_id,
            OrderLine.cancelled.is_(False),
            Product.kind == ProductKind.INSTRUMENT,
        )
        .correlate(Project)
        .scalar_subquery()
    )
    return sa.func.coalesce(named, "")


def _placed(column: Any, values: Sequence[Any]) -> sa.ColumnElement[int]:  # Any: an enumeration's column
    return sa.case(*((column == value, place) for place, value in enumerate(values)), else_=len(values))


def _is_concierge(viewer: Viewer, who: str) -> sa.ColumnElement[bool]:
    if who == NOBODY:
        return Project.concierge_id.is_(None)
    return Project.concierge_id == (viewer.user_id if who == ME else int(who))


def _known(values: Sequence[str], known: Sequence[str]) -> tuple[str, ...]:
    return tuple(value for value in known if value in values)


def _among(value: str, known: Iterable[str]) -> str:
    return value if value in known else ""


def _columns(values: Sequence[str]) -> tuple[str, ...]:
    own = (value[:80] for value in values if value.startswith(FIELD) and len(value) > len(FIELD))
    chosen = (*(name for name in COLUMNS if name in values), *dict.fromkeys(own))
    return () if chosen == SHOWN else chosen[:16]


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if len(text) == 10 else None
    except ValueError:
        return None
