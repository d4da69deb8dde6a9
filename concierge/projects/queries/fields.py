"""Questions about the fields of the company's own that playbooks define and projects fill in."""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol

import sqlalchemy as sa
from flask_babel import gettext as _

from concierge.catalogue.models import PlaybookField
from concierge.catalogue.states import Audience, FieldKind
from concierge.platform.database import db
from concierge.platform.searching import also_found_by
from concierge.platform.words import day, localized
from concierge.projects.models import FieldValue, ProjectPlaybook


class Defined(Protocol):
    """A field as far as its values are read by it."""

    @property
    def kind(self) -> FieldKind:
        """What it holds."""

    @property
    def unit(self) -> str:
        """In what a number is counted."""

    @property
    def choices(self) -> Mapping[str, Mapping[str, str]]:
        """Of a choice: code to texts by language."""


class Said(Protocol):
    """What stands in a field."""

    @property
    def text(self) -> str:
        """As it is kept."""

    @property
    def day(self) -> date | None:
        """The day, where it is one."""


@dataclass(frozen=True, slots=True)
class Filled:
    """A field of one project with what it says; empty where nobody has filled it in."""

    field: PlaybookField
    value: FieldValue | None

    @property
    def said(self) -> str:
        """What it says, as people read it."""
        return said(self.field, self.value)


def fields_of(project_id: int) -> tuple[PlaybookField, ...]:
    """The fields that a project's playbooks define, each key once, in their order."""
    question = (
        sa.select(PlaybookField)
        .join(ProjectPlaybook, ProjectPlaybook.version_id == PlaybookField.version_id)
        .where(ProjectPlaybook.project_id == project_id)
        .order_by(ProjectPlaybook.id, PlaybookField.position, PlaybookField.id)
    )
    found: dict[str, PlaybookField] = {}
    for row in db.session.scalars(question):
        found.setdefault(row.key, row)
    return tuple(found.values())


def values_of(project_id: int) -> dict[str, FieldValue]:
    """What a project says in its fields, by key."""
    rows = db.session.scalars(sa.select(FieldValue).where(FieldValue.project_id == project_id))
    return {row.key: row for row in rows}


def filled_fields(project_id: int) -> tuple[Filled, ...]:
    """The fields of a project with what they say."""
    values = values_of(project_id)
    return tuple(Filled(field, values.get(field.key)) for field in fields_of(project_id))


def shown_to_customer(project_id: int) -> tuple[Filled, ...]:
    """The fields that are filled in and that the customer sees."""
    return tuple(
        one
        for one in filled_fields(project_id)
        if one.field.audience is Audience.CUSTOMER and one.value is not None and one.value.text
    )


def said(field: Defined, value: Said | None, *, day: Callable[[date], str] = day) -> str:
    """What a field says, as people read it; empty where it says nothing.

    :param day: how a day is written.
    """
    if value is None or not value.text:
        return ""
    match field.kind:
        case FieldKind.NUMBER:
            return f"{value.text}\N{NO-BREAK SPACE}{field.unit}" if field.unit else value.text
        case FieldKind.DATE:
            return day(value.day) if value.day else value.text
        case FieldKind.CHOICE:
            return localized(field.choices.get(value.text, {})) or value.text
        case FieldKind.YES_NO:
            return _("yes") if value.text == "yes" else _("no")
        case FieldKind.TEXT:
            return value.text


def said_in_fields(value_ids: Collection[int]) -> dict[int, str]:
    """Some values under the names of their fields, as people read them."""
    if not value_ids:
        return {}
    rows = _with_fields(db.session.connection(), value_ids)
    return {
        row.id: _("%(field)s: %(value)s", field=localized(row.name), value=said(row, row)) for row in rows
    }


@also_found_by(FieldValue)
def words_of_fields(connection: sa.Connection, value_ids: Collection[int]) -> Mapping[int, str]:
    """What values are found by besides themselves: the names of their fields, and of what was chosen."""
    words = {}
    for row in _with_fields(connection, value_ids):
        choice = row.choices.get(row.text, {}) if row.kind is FieldKind.CHOICE else {}
        words[row.id] = " ".join(dict.fromkeys((*row.name.values(), *choice.values())))
    return words


def _with_fields(
    connection: sa.Connection, value_ids: Collection[int]
) -> Iterator[sa.Row[*tuple[Any, ...]]]:  # Any: a column each
    """Values with the field of that key in the first of their project's playbooks that has one."""
    field, value = PlaybookField, FieldValue
    question = (
        sa.select(value.id, value.text, value.day, field.name, field.kind, field.unit, field.choices)
        .join(ProjectPlaybook, ProjectPlaybook.project_id == value.project_id)
        .join(field, sa.and_(field.version_id == ProjectPlaybook.version_id, field.key == value.key))
        .where(value.id.in_(value_ids))
        .order_by(value.id, ProjectPlaybook.id)
    )
    known = 0
    for row in connection.execute(question):
        if row.id != known:
            yield row
        known = row.id
