"""Filling in the fields of the company's own that a project's playbooks define."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from babel import Locale
from flask_babel import gettext as _

from concierge.catalogue.models import PlaybookField
from concierge.catalogue.states import FieldKind
from concierge.core.units import read_number
from concierge.platform.database import clean, db
from concierge.platform.errors import Refused
from concierge.platform.events import record
from concierge.projects import queries
from concierge.projects.events import FieldsChanged
from concierge.projects.models import FieldValue, Project
from concierge.projects.queries import fields as own

LONGEST = 2000
_ISO = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})")
_NUMBERS = re.compile(r"(\d{1,2})[./](\d{1,2})[./](\d{4})")
_WORDS = re.compile(r"(\d{1,2})\.?\s+([^\W\d]+)\.?\s+(\d{4})")


class WrongValues(Refused):
    """Some of what was typed cannot be taken; `faults` says why by the field's key. Nothing was saved."""

    def __init__(self, faults: Mapping[str, str]) -> None:
        super().__init__(" ".join(faults.values()))
        self.faults = dict(faults)


@dataclass(frozen=True, slots=True)
class Typed:
    """What was typed, as it is kept."""

    text: str = ""
    number: float | None = None
    day: date | None = None


def fill_fields(project_id: int, typed: Mapping[str, str], *, actor_id: int | None, at: datetime) -> Project:
    """Save what was typed into a project's fields; an empty text empties a field. The same again changes nothing.

    :param typed: by the field's key; fields that are not in it stay as they are.
    :raises WrongValues: when something cannot be taken as its kind; then nothing is saved.
    :raises Refused: when a key is no field of the project.
    """
    project = queries.project_for_change(project_id)
    fields = {field.key: field for field in own.fields_of(project.id)}
    unknown = [key for key in typed if key not in fields]
    if unknown:
        raise Refused(_("This project has no field “%(key)s”. Load the page again.", key=unknown[0]))
    wanted, faults = _read_all(fields, typed)
    if faults:
        raise WrongValues(faults)
    values = own.values_of(project.id)
    changes = []
    for key, new in wanted.items():
        row = values.get(key)
        before = Typed(row.text, row.number, row.day) if row is not None else Typed()
        if new == before:
            continue
        said_before = own.said(fields[key], row)
        if row is None:
            row = FieldValue(project_id=project.id, key=key)
            db.session.add(row)
        row.text, row.number, row.day = new.text, new.number, new.day
        row.changed_at, row.changed_by_id = at, actor_id
        changes.append((fields[key].name.get("en", key), said_before[:200], own.said(fields[key], row)[:200]))
    if not changes:
        return project
    db.session.flush()
    record(FieldsChanged(at=at, actor_id=actor_id, project_id=project.id, changes=tuple(changes)))
    return project


def read(field: PlaybookField, typed: str) -> Typed:
    """What was typed into a field, as its kind.

    :raises ValueError: when it cannot be read so; the sentence says how to write it.
    """
    text = clean(typed, lines=field.kind is FieldKind.TEXT)
    if not text:
        return Typed()
    match field.kind:
        case FieldKind.TEXT:
            if len(text) > LONGEST:
                raise ValueError(_("Say it in at most %(length)d characters.", length=LONGEST))
            return Typed(text)
        case FieldKind.NUMBER:
            return _number(field, text)
        case FieldKind.DATE:
            on = read_day(text)
            return Typed(on.isoformat(), day=on)
        case FieldKind.CHOICE:
            if text not in field.choices:
                raise ValueError(_("Choose one of the answers in the list."))
            return Typed(text)
        case FieldKind.YES_NO:
            if text not in {"yes", "no"}:
                raise ValueError(_("Choose yes or no."))
            return Typed(text)


def read_day(text: str) -> date:
    """A day as people write it: 2026-11-27, 27.11.2026, 27/11/2026, 27 Nov 2026, 27. November 2026.

    :raises ValueError: when it is none.
    """
    wrong = _("“%(text)s” is not a day. Write it such as 2026-11-27 or 27.11.2026.", text=text[:40])
    if iso := _ISO.fullmatch(text):
        year, month, number = (int(part) for part in iso.groups())
    elif numbers := _NUMBERS.fullmatch(text):
        number, month, year = (int(part) for part in numbers.groups())
    elif (words := _WORDS.fullmatch(text)) and (named := _month(words[2])):
        number, month, year = int(words[1]), named, int(words[3])
    else:
        raise ValueError(wrong)
    try:
        return date(year, month, number)
    except ValueError:
        raise ValueError(wrong) from None


def _read_all(
    fields: Mapping[str, PlaybookField], typed: Mapping[str, str]
) -> tuple[dict[str, Typed], dict[str, str]]:
    wanted, faults = {}, {}
    for key, text in typed.items():
        try:
            wanted[key] = read(fields[key], text)
        except ValueError as problem:
            faults[key] = str(problem)
    return wanted, faults


def _number(field: PlaybookField, text: str) -> Typed:
    bare = text.removesuffix(field.unit).strip() if field.unit else text
    number = read_number(bare)
    return Typed(bare, number=float(number))


def _month(name: str) -> int | None:
    """The number of a month by its English or German name, written out or short."""
    wanted = name.casefold()
    for language in ("en", "de"):
        for width in ("wide", "abbreviated"):
            for number, known in Locale(language).months["format"][width].items():
                if known.casefold().rstrip(".") == wanted:
                    return int(number)
    return None
