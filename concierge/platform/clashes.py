"""Two people at the same thing: the second sees both values, who changed it and when, and chooses field by field.

A form carries the version it was loaded with and what it held then. When the row has another version by the
time the form comes back, what differs is compared three ways: a field that only the other person changed
starts with theirs, one that both changed starts with one's own, and free text can keep both.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any
from zoneinfo import ZoneInfo

from flask import render_template, request
from flask_babel import gettext as _
from flask_wtf import FlaskForm
from werkzeug.datastructures import MultiDict
from wtforms import BooleanField, HiddenField, SelectMultipleField, TextAreaField
from wtforms.fields import RadioField, SelectField

from concierge.platform.errors import Refused
from concierge.platform.forms import Form, has_valid_form
from concierge.platform.words import clock_time, day

CHOICE, THEIRS = "choose-", "theirs-"
_OWN = frozenset({"csrf_token", "form_token", "version", "loaded"})


@dataclass(frozen=True, slots=True)
class Clash:
    """A field that somebody else changed while the form was open."""

    name: str
    label: str
    theirs: str
    yours: str
    raw: tuple[str, ...]
    """Theirs as a form sends it."""
    chosen: str
    """What is chosen to begin with: mine, theirs or both."""
    is_text: bool
    """Whether both can be kept, one under the other."""


@dataclass(frozen=True, slots=True)
class Change:
    """Who changed something and when."""

    who: str = ""
    at: datetime | None = None

    def words(self, zone: str) -> str:
        """Who and when, to stand in a sentence."""
        who = self.who or _("Somebody else")
        if self.at is None:
            return who
        there = self.at.astimezone(ZoneInfo(zone))
        return _("%(who)s, %(day)s at %(clock)s", who=who, day=day(there), clock=clock_time(there))


@dataclass(frozen=True, slots=True)
class Met:
    """Two people met at one thing."""

    by: str
    """Who changed it and when."""
    clashes: tuple[Clash, ...]


class Edited(Form):
    """A form about something that two people may edit at once."""

    version = HiddenField()
    loaded = HiddenField()
    """What the fields held when the form was loaded, as JSON."""

    class Meta(FlaskForm.Meta):
        """Reads the form with what was chosen field by field."""

        def wrap_formdata(self, form: Any, formdata: Any) -> Any:  # Any: WTForms' own
            """Put theirs in the place of one's own where that was chosen."""
            return _as_chosen(super().wrap_formdata(form, formdata))

    def load(self, version: int) -> None:
        """Note which version the form shows, and what it holds."""
        self.version.data = str(version)
        self.loaded.data = json.dumps(_held(self), ensure_ascii=False)


def meet(mine: Edited, theirs: Edited, *, version: int, by: Change, zone: str) -> Met | None:
    """What somebody else changed since a form was loaded; None when nothing of it, so that it can be saved.

    Afterwards the form carries the present version: what it shows has been seen.

    :param theirs: the same form, filled from the row as it is now and from nothing else.
    :param version: the row's version now.
    """
    if mine.version.data == str(version):
        return None
    was = read_loaded(mine.loaded.data)
    found = []
    for field in theirs:
        if field.name in _OWN or field.name not in mine or isinstance(field, HiddenField):
            continue
        own = mine[field.name]
        raw, yours = _raw(field), _raw(own)
        before = was.get(field.name)
        if raw in (yours, before):
            continue
        is_text = isinstance(field, TextAreaField) and bool("".join(raw).strip() and "".join(yours).strip())
        untouched = before is not None and yours == before
        found.append(
            Clash(
                name=field.name,
                label=str(field.label.text),
                theirs=_said(field),
                yours=_said(own),
                raw=tuple(raw),
                chosen="theirs" if untouched else "both" if is_text else "mine",
                is_text=is_text,
            )
        )
    theirs.load(version)
    mine.version.data, mine.loaded.data = theirs.version.data, theirs.loaded.data
    return Met(by.words(zone), tuple(found)) if found else None


@dataclass(frozen=True, slots=True)
class Difference:
    """Something about a thing that is not as it was when a page was loaded."""

    label: str
    before: str
    now: str


def changed_facts(loaded: str | None, facts: Mapping[str, str]) -> tuple[Difference, ...]:
    """What is not as it was when the page of an act was loaded.

    :param loaded: as `kept_facts` wrote it; without it nothing is compared.
    :param facts: what is true now: label to words.
    """
    was = read_loaded(loaded)
    return tuple(
        Difference(label, str(was[label]), now)
        for label, now in facts.items()
        if label in was and was[label] != now
    )


def kept_facts(facts: Mapping[str, str]) -> str:
    """What a page shows of a thing, for its form to carry."""
    return json.dumps(dict(facts), ensure_ascii=False)


class ChangedMeanwhile(Refused):
    """Somebody else changed what a form is about since its page was loaded; the form shows both values."""

    def __init__(self, differences: tuple[Difference, ...], by: str) -> None:
        super().__init__(
            _(
                "Changed while you were looking: %(by)s. Nothing of yours is done yet. Look at both values, then "
                "send it again or go back.",
                by=by,
            )
        )
        self.differences = differences


def ask_again(
    differences: tuple[Difference, ...],
    *,
    facts: Mapping[str, str],
    by: str,
    title: str,
    verb: str,
    back: str,
) -> tuple[str, int]:
    """The page that shows what somebody else changed before an act, and asks whether it is still wanted.

    :raises ChangedMeanwhile: when a form was filled in, which then says so itself and keeps what was typed.
    """
    if has_valid_form():
        raise ChangedMeanwhile(differences, by)
    page = render_template(
        "platform/met.html",
        differences=differences,
        loaded=kept_facts(facts),
        by=by,
        title=title,
        verb=verb,
        back=back,
        filled=[
            (name, value)
            for name, value in request.form.items(multi=True)
            if name not in _OWN and name != "agreed"
        ],
        action=request.full_path.rstrip("?"),
    )
    return page, HTTPStatus.CONFLICT


def _as_chosen(formdata: Any) -> Any:  # Any: werkzeug's form data or None
    choices = {
        name.removeprefix(CHOICE): value
        for name, value in (formdata.items() if formdata else ())
        if name.startswith(CHOICE)
    }
    if not choices:
        return formdata
    chosen: MultiDict[str, Any] = MultiDict(formdata)
    for name, choice in choices.items():
        theirs = formdata.getlist(THEIRS + name)
        if choice == "theirs":
            chosen.setlist(name, theirs)
        elif choice == "both":
            chosen[name] = "\n\n".join([*theirs, *formdata.getlist(name)])
    return chosen


def _held(form: Form) -> dict[str, list[str]]:
    return {
        field.name: _raw(field)
        for field in form
        if field.name not in _OWN and not isinstance(field, HiddenField)
    }


def _raw(field: Any) -> list[str]:  # Any: WTForms' own field
    """What a browser would send for a field."""
    if isinstance(field, BooleanField):
        return ["y"] if field.data else []
    if isinstance(field, SelectMultipleField):
        return sorted(str(value) for value in field.data or ())
    if isinstance(field, SelectField | RadioField):
        return ["" if field.data is None else str(field.data)]
    value = field._value() if hasattr(field, "_value") else field.data
    return [str(value or "").replace("\r\n", "\n").strip()]


def _said(field: Any) -> str:  # Any: WTForms' own field
    """A field's value in the words the form shows."""
    if isinstance(field, BooleanField):
        return _("yes") if field.data else _("no")
    if isinstance(field, SelectField | SelectMultipleField | RadioField):
        wanted = set(_raw(field))
        words = [str(label) for value, label, *_rest in field.iter_choices() if str(value) in wanted]
        return ", ".join(words) or _("nothing")
    return _raw(field)[0] or _("nothing")


def read_loaded(text: str | None) -> dict[str, Any]:  # Any: JSON values
    """What a form held when it was loaded; nothing when a browser sent something else."""
    try:
        found = json.loads(text or "{}")
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
