"""What every form shares: values that columns can hold, and what was typed when its act is refused.

A form that is filled without faults leads to an act; when that act is refused, ``platform/errors.py`` asks for
the page once more, and the form then says the refusal itself, with everything as it was typed.
"""

from collections.abc import Iterator
from datetime import date
from typing import Any

from babel.numbers import format_decimal
from flask import g
from flask_babel import get_locale
from flask_babel import gettext as _
from flask_wtf import FlaskForm
from flask_wtf.i18n import translations
from wtforms import (
    DateField,
    DecimalField,
    FieldList,
    FloatField,
    FormField,
    HiddenField,
    IntegerField,
    PasswordField,
    SelectMultipleField,
    StringField,
)
from wtforms import Form as PlainForm
from wtforms.validators import InputRequired, Length

from concierge.platform.database import clean
from concierge.platform.errors import Refused

FIRST_DAY, LAST_DAY = date(1970, 1, 1), date(2100, 12, 31)
"""Days that plans and calendars can work with."""
LARGEST = 2**31 - 1
LONGEST = 10_000
"""Characters of a text whose field does not say itself how long it may be."""
LONGEST_HIDDEN = 200_000
MOST_CHOSEN = 5000


class _Sayings:
    """What WTForms says of itself, in our words and all our languages where customers can meet it."""

    def gettext(self, text: str) -> str:
        match text:
            case "Not a valid choice." | "Invalid Choice: could not coerce.":
                return _("Choose one of those that are offered.")
            case "Not a valid integer value.":
                return _("Give a whole number, such as 5.")
            case "Number must be between %(min)s and %(max)s.":
                return _("Give a number from %(min)s to %(max)s.")
        return str(translations.gettext(text))

    def ngettext(self, one: str, many: str, count: int) -> str:
        if one.startswith("Field cannot be longer than"):
            return _too_long(count)
        if "is not a valid choice" in one:
            return _("Choose from those that are offered.")
        return str(translations.ngettext(one, many, count))


_SAYINGS = _Sayings()


class RowForm(PlainForm):
    """What is asked again and again within a form."""

    class Meta(PlainForm.Meta):
        """How WTForms asks for its own messages."""

        def get_translations(self, form: object) -> _Sayings:
            """Those that this module says."""
            return _SAYINGS


class Form(FlaskForm):
    """A form whose values fit, and which keeps what was typed when its act is refused."""

    class Meta(FlaskForm.Meta):
        """How WTForms asks for its own messages."""

        def get_translations(self, form: object) -> _Sayings:
            """Those that this module says."""
            return _SAYINGS

    differences: tuple[Any, ...] = ()  # Any: see `clashes.Difference`
    """What somebody else changed since the page of the form was loaded, when that is why it was refused."""

    @property
    def faults(self) -> list[tuple[str, str]]:
        """What is wrong, in the order of the form: the id of the field that it is about, "" for the whole, and how."""
        said = [
            (field.id, str(text)) for field in _leaves(self, with_lists=True) for text in _own_errors(field)
        ]
        return [("" if place == "csrf_token" else place, text) for place, text in said] + [
            ("", str(text)) for text in self.form_errors
        ]

    def validate(self, extra_validators: Any = None) -> bool:  # Any: as WTForms declares it
        """Check that the values fit, then what the fields ask for; a refused act is a fault of the form."""
        if not _fits(self):
            return False
        if not super().validate(extra_validators):
            return False
        refused: Refused | None = g.get("refused")
        if refused is None:
            g.has_valid_form = True
            return True
        self.differences = getattr(refused, "differences", ())
        if refused.sentence not in self.form_errors:
            self.form_errors.append(refused.sentence)
        return False


def has_valid_form() -> bool:
    """Whether the request carries a form that was filled without faults: a page on which to say what is refused."""
    return bool(g.get("has_valid_form"))


def _fits(form: FlaskForm) -> bool:
    found = True
    for field in list(_leaves(form)):
        if isinstance(field.data, str) and "\x00" in field.data:
            field.data = field.data.replace("\x00", "")
        problem = _problem(field)
        if problem:
            field.errors = [*field.errors, problem]
            found = False
    return found


def _leaves(
    fields: Any, *, with_lists: bool = False
) -> Iterator[Any]:  # Any: WTForms' own form or list, and fields
    for field in fields:
        if isinstance(field, FormField):
            yield from _leaves(field.form, with_lists=with_lists)
        elif isinstance(field, FieldList):
            yield from [field] if with_lists else []
            yield from _leaves(field, with_lists=with_lists)
        else:
            yield field


def _own_errors(field: Any) -> list[Any]:  # Any: WTForms' own field and messages
    """What is wrong with a field itself; a list repeats what is wrong with its rows, as values of another shape."""
    return [text for text in field.errors if not isinstance(text, dict | list | tuple)]


def _problem(field: Any) -> str:  # Any: WTForms' own field
    """Why a value cannot be kept or worked with; empty when it can."""
    value = field.data
    match field:
        case DateField() if isinstance(value, date) and not FIRST_DAY <= value <= LAST_DAY:
            return _(
                "Choose a day from %(first)s to %(last)s.", first=str(FIRST_DAY.year), last=str(LAST_DAY.year)
            )
        case IntegerField() if isinstance(value, int) and abs(value) > LARGEST:
            return _("This number is too large. Enter a smaller one.")
        case DecimalField() | FloatField() if value is not None and not abs(float(value)) <= LARGEST:
            return _("This number is too large. Enter a smaller one.")
        case SelectMultipleField() if len(value or ()) > MOST_CHOSEN:
            return _("Choose fewer of them.")
        case HiddenField() if len(str(value or "")) > LONGEST_HIDDEN:
            return _("This form has grown too long. Load the page again, then repeat.")
        case StringField() if not isinstance(field, HiddenField):
            needed = next((one for one in field.validators if isinstance(one, InputRequired)), None)
            if (
                needed is not None
                and value
                and not isinstance(field, PasswordField)
                and not clean(value, lines=True)
            ):
                return str(needed.message or field.gettext("This field is required."))
            known = [int(one.max) for one in field.validators if isinstance(one, Length) and one.max > 0]
            if len(value or "") > max((*known, LONGEST)):  # below that the field's own checks say it
                return _too_long(min(known, default=LONGEST))
    return ""


def _too_long(most: int) -> str:
    """That a text is too long; most: in characters."""
    return _("Use at most %(count)s characters.", count=str(format_decimal(most, locale=get_locale())))
