"""Questions about the fields of the company's own that playbooks define and projects fill in."""

from dataclasses import dataclass

import sqlalchemy as sa
from flask_babel import gettext as _

from concierge.catalogue.models import PlaybookField
from concierge.catalogue.states import Audience, FieldKind
from concierge.platform.database import db
from concierge.platform.words import day, localized
from concierge.projects.models import FieldValue, ProjectPlaybook


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


def said(field: PlaybookField, value: FieldValue | None) -> str:
    """What a field says, as people read it; empty where it says nothing."""
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
