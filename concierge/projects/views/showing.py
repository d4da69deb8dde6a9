"""Many projects as rows, as lines on one axis, and as a board: values that templates only put into place."""

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from types import SimpleNamespace
from typing import NamedTuple

from concierge.catalogue.states import FieldKind, MilestoneKind
from concierge.core import axis
from concierge.platform.speech import gettext as _
from concierge.platform.speech import ngettext
from concierge.platform.words import country, day, localized, slip
from concierge.projects import queries
from concierge.projects.models import FieldValue
from concierge.projects.queries.fields import said
from concierge.projects.queries.filtering import FIELD
from concierge.projects.states import Health
from concierge.projects.verdict import LOOKS, health_words

WORKDAYS_A_WEEK, DAYS_A_WEEK = 5, 7
FARTHEST = 500
"""Days from today that the axis of the lines reaches at most."""


class Cell(NamedTuple):
    """One value of a row: text, a second line, and how it looks.

    ``n``: a number; ``pill``; ``slip``; ``ready``: percent, as a bar too.
    """

    label: str
    text: str
    meta: str = ""
    look: str = ""
    state: str = ""


class Shown(NamedTuple):
    """One project as a row."""

    id: int
    key: str
    name: str
    cells: tuple[Cell, ...]
    group: str
    """Heading above it; empty when it is in the group of the row before."""


class Words:
    """Words that many rows share, said once a page."""

    def __init__(self) -> None:
        self.health = {health: health_words(health) for health in Health}
        self.stage = stage_words()
        self._countries: dict[str, str] = {}
        self._days: dict[date | None, str] = {}
        self._promise = _("promised %(on)s")
        self._promised: dict[date, str] = {}
        self._slips: dict[int, str] = {}
        self._critical: dict[int, str] = {0: ""}
        self._ages: dict[int, str] = {}

    def country(self, code: str) -> str:
        """A country's name."""
        if code not in self._countries:
            self._countries[code] = country(code)
        return self._countries[code]

    def day(self, on: date | None) -> str:
        """A day, or that there is none."""
        if on not in self._days:
            self._days[on] = day(on)
        return self._days[on]

    def promised(self, on: date) -> str:
        """What was promised, beside a forecast."""
        if on not in self._promised:
            self._promised[on] = self._promise % {"on": day(on, weekday=False)}
        return self._promised[on]

    def slip(self, count: int) -> str:
        """Days lost or won."""
        if count not in self._slips:
            self._slips[count] = slip(count)
        return self._slips[count]

    def critical(self, count: int) -> str:
        """How many critical points are open; empty when none is."""
        if count not in self._critical:
            self._critical[count] = ngettext("%(num)s critical open", "%(num)s critical open", count)
        return self._critical[count]

    def age(self, since: date | None, today: date) -> str:
        """How long something lasts: "12 days"; empty when it is not known."""
        if since is None:
            return ""
        lasted = max(0, (today - since).days)
        if lasted not in self._ages:
            self._ages[lasted] = ngettext("%(num)s day", "%(num)s days", lasted)
        return self._ages[lasted]


def stage_words() -> dict[MilestoneKind, str]:
    """What is to be reached next, in words: the columns of the board."""
    return {
        MilestoneKind.ORDER_ACCEPTED: _("Order"),
        MilestoneKind.KICK_OFF: _("Kick-off"),
        MilestoneKind.SITE_SURVEY: _("Site survey"),
        MilestoneKind.SITE_READY: _("Site ready"),
        MilestoneKind.SHIP_RELEASED: _("Release to ship"),
        MilestoneKind.DELIVERED: _("Delivery"),
        MilestoneKind.INSTALLED: _("Installation"),
        MilestoneKind.IQ: _("IQ"),
        MilestoneKind.OQ: _("OQ"),
        MilestoneKind.PQ: _("PQ"),
        MilestoneKind.TRAINING: _("Training"),
        MilestoneKind.HANDOVER: _("Handover"),
        MilestoneKind.OTHER: _("Something else"),
    }


def column_words() -> dict[str, str]:
    """The columns that a list can have."""
    return {
        "health": _("Health"),
        "stage": _("Stage"),
        "promised": _("Promised"),
        "forecast": _("Forecast"),
        "slip": _("Slip"),
        "chance": _("Chance"),
        "ready": _("Site ready"),
        "account": _("Account"),
        "site": _("Site"),
        "concierge": _("Concierge"),
        "start": _("Started"),
        "required": _("Required"),
    }


NUMBERS = {"promised", "forecast", "slip", "chance", "start", "required"}
"""Columns whose values line up on the right."""


@dataclass(frozen=True, slots=True)
class Field:
    """A column that a playbook defines."""

    name: str
    kind: FieldKind
    unit: str
    choices: Mapping[str, Mapping[str, str]]


def fields_of(columns: Iterable[str]) -> dict[str, Field]:
    """The columns among some that playbooks define, by the column's name."""
    if not any(name.startswith(FIELD) for name in columns):
        return {}
    known = {FIELD + row.key: row for row in queries.fields_defined()}
    return {
        name: Field(localized(row.name), row.kind, row.unit, row.choices)
        for name in columns
        if (row := known.get(name)) is not None
    }


def rows(
    projects: Sequence[queries.Row],
    columns: Sequence[str],
    *,
    fields: Mapping[str, Field],
    today: date,
    words: Words,
    group: str = "",
    counts: Mapping[str, int] | None = None,
) -> list[Shown]:
    """Projects as rows of a list."""
    labels = column_words()
    keys = [name.removeprefix(FIELD) for name in fields]
    values = queries.field_values([row.id for row in projects], keys)
    shown, last = [], None
    for row in projects:
        cells = tuple(
            _cell(row, name, labels[name], today, words)
            if name in labels
            else _field_cell(fields[name], values.get((row.id, name.removeprefix(FIELD))), words)
            for name in columns
            if name in labels or name in fields
        )
        heading = ""
        if group and row.group != last:
            heading = _heading(group, row.group, (counts or {}).get(row.group), words)
            last = row.group
        shown.append(Shown(row.id, row.key, row.name, cells, heading))
    return shown


def heads(columns: Sequence[str], fields: Mapping[str, Field], words: Words) -> list[tuple[str, str]]:
    """The heads of the columns, each with its look."""
    labels = column_words()
    return [
        (labels[name], "n" if name in NUMBERS else "")
        if name in labels
        else (fields[name].name, "n" if fields[name].kind in {FieldKind.NUMBER, FieldKind.DATE} else "")
        for name in columns
        if name in labels or name in fields
    ]


def _cell(row: queries.Row, name: str, label: str, today: date, words: Words) -> Cell:
    match name:
        case "health":
            return Cell(label, words.health[row.health], look="pill", state=row.health.value)
        case "stage":
            return Cell(label, words.stage[row.stage], meta=words.age(row.stage_since_on, today))
        case "promised":
            return Cell(label, words.day(row.promised_on), look="n")
        case "forecast":
            return Cell(label, words.day(row.forecast_on), look="n")
        case "slip":
            state = "bad" if row.slip > 0 else "ok"
            return Cell(label, words.slip(row.slip) if row.promised_on else "", look="slip", state=state)
        case "chance":
            return Cell(label, "" if row.chance is None else f"{row.chance} %", look="n")
        case "ready":
            return _ready(row, label, words)
        case "account":
            return Cell(label, row.account)
        case "site":
            return Cell(label, row.city or row.site, meta=words.country(row.country))
        case "concierge":
            return Cell(label, row.concierge or _("nobody yet"))
        case "start":
            return Cell(label, words.day(row.starts_on), look="n")
    return Cell(label, words.day(row.required_on) if row.required_on else "", look="n")


def _ready(row: queries.Row, label: str, words: Words) -> Cell:
    """How much of what is asked of the site is done, and what is critical: a bar, the number, the points."""
    if row.ready is None or row.health is Health.DRAFT:
        return Cell(label, "", look="ready")
    critical = row.holds_shipping or row.holds_installing or 0
    state = "idle" if row.health is Health.DONE else "warn" if critical else "ok"
    return Cell(label, str(row.ready), meta=words.critical(critical), look="ready", state=state)


def _field_cell(field: Field, value: FieldValue | None, words: Words) -> Cell:
    look = "n" if field.kind in {FieldKind.NUMBER, FieldKind.DATE} else ""
    return Cell(field.name, said(field, value, day=words.day), look=look)


def _heading(group: str, value: str, count: int | None, words: Words) -> str:
    match group:
        case "health":
            name = words.health[Health(value)]
        case "stage":
            name = words.stage[MilestoneKind(value)]
        case "country":
            name = words.country(value)
        case "concierge":
            name = value or _("nobody yet")
        case _:
            name = value or _("nothing matched")
    return f"{name} · {count}" if count else name


# ------------------------------------------------------------ lines


def picture(projects: Sequence[queries.Row], *, today: date, words: Words) -> SimpleNamespace:
    """Projects as lines on one axis: promised and forecast handover."""
    dates = [
        on
        for row in projects
        for on in (row.promised_on, row.forecast_on, row.starts_on)
        if on and abs((on - today).days) < FARTHEST
    ]
    scale = axis.day_axis(dates or [today, today + timedelta(days=30)], today=today)
    lines = []
    for row in projects:
        state, icon = LOOKS[row.health]
        promised_on, forecast_on = row.promised_on, row.forecast_on
        lines.append(
            SimpleNamespace(
                name=row.account,
                meta=f"{row.key} · {row.name.partition(': ')[2] or row.name}",
                state=state,
                icon=icon,
                url=f"/projects/{row.key}",
                value=words.day(forecast_on),
                mark=words.slip(row.slip) if promised_on else "",
                tone="bad" if row.slip > 0 else "ok",
                note=words.promised(promised_on) if promised_on else words.health[row.health],
                total=False,
                drawing=axis.draw_point(
                    scale,
                    promised=promised_on,
                    at=forecast_on,
                    state=state,
                    is_done=row.health is Health.DONE and forecast_on is not None,
                    track_from=row.starts_on,
                ),
            )
        )
    return SimpleNamespace(axis=scale, rows=lines)


# ------------------------------------------------------------ the board


class CardShown(NamedTuple):
    """One project on the board."""

    url: str
    account: str
    what: str
    state: str
    icon: str
    health: str
    handover: str
    slip: str
    age: str
    concierge: str


@dataclass(frozen=True, slots=True)
class ColumnShown:
    """One stage of the board."""

    stage: str
    name: str
    count: str
    age: str
    """How long the one in the middle is in it."""
    usual: str
    is_over: bool
    """Whether that is longer than usual."""
    cards: tuple[CardShown, ...]
    more: str
    """How many there are besides; empty when all are shown."""


def columns(found: Sequence[queries.Column], *, today: date, words: Words) -> list[ColumnShown]:
    """The board's columns."""
    return [_column(one, today, words) for one in found]


def _column(one: queries.Column, today: date, words: Words) -> ColumnShown:
    middle = (today - one.middle_since_on).days if one.middle_since_on else None
    usual = None if one.usual_workdays is None else -(-one.usual_workdays * DAYS_A_WEEK // WORKDAYS_A_WEEK)
    left = one.count - len(one.cards)
    more = ""
    if one.count > queries.MOST_COUNTED:
        more = _("and more than %(count)s others", count=queries.MOST_COUNTED - len(one.cards))
    elif left:
        more = ngettext("and %(num)s more", "and %(num)s more", left)
    return ColumnShown(
        stage=one.stage.value,
        name=words.stage[one.stage],
        count=counted(one.count),
        age="" if middle is None else ngettext("median %(num)s day", "median %(num)s days", max(0, middle)),
        usual="" if usual is None else ngettext("usually %(num)s day", "usually %(num)s days", usual),
        is_over=middle is not None and usual is not None and middle > usual,
        cards=tuple(_card(card, today, words) for card in one.cards),
        more=more,
    )


def _card(card: queries.Card, today: date, words: Words) -> CardShown:
    state, icon = LOOKS[card.health]
    return CardShown(
        url=f"/projects/{card.key}",
        account=card.account,
        what=card.name.partition(": ")[2] or card.name,
        state=state,
        icon=icon,
        health=words.health[card.health],
        handover=words.day(card.forecast_on),
        slip=words.slip(card.slip) if card.slip > 0 else "",
        age=words.age(card.stage_since_on, today),
        concierge=card.concierge or "",
    )


def counted(count: int) -> str:
    """A count as far as anybody reads: "312", "1,000+"."""
    return str(count) if count <= queries.MOST_COUNTED else _("%(count)s+", count=f"{queries.MOST_COUNTED:,}")


# ------------------------------------------------------------ files

_STARTS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def csv_text(
    projects: Sequence[queries.Row], columns: Sequence[str], *, fields: Mapping[str, Field], today: date
) -> str:
    """What a list shows as a sheet, days in ISO 8601; nothing in it is taken for a formula."""
    labels, words = column_words(), Words()
    names = [name for name in columns if name in labels or name in fields]
    values = queries.field_values([row.id for row in projects], [name.removeprefix(FIELD) for name in fields])
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\r\n")
    heads = [labels[name] if name in labels else fields[name].name for name in names]
    writer.writerow([inert(text) for text in (_("Key"), _("Project"), *heads)])
    for row in projects:
        cells = [
            _plain(row, name, words)
            if name in labels
            else _plain_field(fields[name], values.get((row.id, name.removeprefix(FIELD))))
            for name in names
        ]
        writer.writerow([inert(text) for text in (row.key, row.name, *cells)])
    return written.getvalue()


def inert(text: str) -> str:
    """A cell that no spreadsheet takes for a formula: an apostrophe before what would begin one.

    Numbers may begin with a sign. OWASP, "CSV injection".
    """
    if not text.startswith(_STARTS_A_FORMULA) or re.fullmatch(r"[+-]?\d+([.,]\d+)?", text):
        return text
    return "'" + text


def _plain(row: queries.Row, name: str, words: Words) -> str:
    match name:
        case "health":
            return words.health[row.health]
        case "stage":
            return words.stage[row.stage]
        case "promised":
            return _iso(row.promised_on)
        case "forecast":
            return _iso(row.forecast_on)
        case "slip":
            return str(row.slip) if row.promised_on else ""
        case "chance":
            return "" if row.chance is None else str(row.chance)
        case "ready":
            return "" if row.ready is None else str(row.ready)
        case "account":
            return row.account
        case "site":
            return ", ".join(part for part in (row.city or row.site, words.country(row.country)) if part)
        case "concierge":
            return row.concierge or ""
        case "start":
            return _iso(row.starts_on)
    return _iso(row.required_on)


def _plain_field(field: Field, value: FieldValue | None) -> str:
    if value is not None and field.kind is FieldKind.DATE:
        return _iso(value.day)
    return said(field, value).replace("\N{NO-BREAK SPACE}", " ")


def _iso(on: date | None) -> str:
    return on.isoformat() if on else ""
