"""Forms about units of the installed base."""

from collections.abc import Sequence
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import DateField, HiddenField, IntegerField, SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length, NumberRange, Optional, ValidationError

from concierge.catalogue.actions.products import LONGEST_WARRANTY
from concierge.catalogue.models import Product
from concierge.platform.forms import Form

MOST_LINES = 40


class AssetForm(Form):
    """What is known of a unit."""

    name = StringField(
        _l("Name"), validators=[InputRequired(_l("Give the instrument a name.")), Length(max=160)]
    )
    product = SelectField(_l("Product"), coerce=int)
    site = SelectField(_l("Site"), coerce=int)
    serial = StringField(
        _l("Serial number"),
        description=_l("As it stands on the nameplate. Empty as long as nobody has read it."),
        validators=[Length(max=80)],
    )
    place = StringField(_l("Place"), description=_l("Building, floor, room."), validators=[Length(max=120)])
    installed_on = DateField(_l("Installed on"), validators=[Optional()])
    warranty_from = DateField(_l("Warranty from"), validators=[Optional()])
    warranty_to = DateField(
        _l("Warranty until"), description=_l("The last day is included."), validators=[Optional()]
    )
    options = TextAreaField(_l("Options"), description=_l("One a line."), validators=[Length(max=4000)])
    software = TextAreaField(
        _l("Software"),
        description=_l("One a line, with its version behind an equals sign: Acquisition = 4.2."),
        validators=[Length(max=4000)],
    )
    note = TextAreaField(_l("Notes"), validators=[Length(max=4000)])
    version = HiddenField()

    @property
    def option_list(self) -> list[str]:
        """The options, one by one."""
        return _lines(self.options.data)

    @property
    def software_list(self) -> list[dict[str, str]]:
        """The software as objects with name and version."""
        found = []
        for line in _lines(self.software.data):
            name, _equals, version = line.partition("=")
            found.append({"name": name.strip(), "version": version.strip()})
        return found

    def validate_options(self, field: Any) -> None:  # Any: WTForms' own field
        """Refuse more than anybody reads.

        :raises ValidationError: when there are too many lines, or one is too long.
        """
        _refuse_many(field)

    def validate_software(self, field: Any) -> None:  # Any: WTForms' own field
        """Refuse more than anybody reads.

        :raises ValidationError: when there are too many lines, or one is too long.
        """
        _refuse_many(field)


class MoveAsset(Form):
    """Let a unit stand elsewhere."""

    site = SelectField(_l("New site"), coerce=int)
    place = StringField(
        _l("Place there"), description=_l("Building, floor, room."), validators=[Length(max=120)]
    )
    reason = TextAreaField(
        _l("Why it moves"),
        validators=[InputRequired(_l("Say in a few words why it moves.")), Length(max=500)],
    )
    version = HiddenField()


class RemoveAsset(Form):
    """Say that a unit is gone."""

    removed_on = DateField(
        _l("Its last day there"), validators=[InputRequired(_l("Choose the day on which it left."))]
    )
    reason = TextAreaField(
        _l("Why it is gone"),
        description=_l("Scrapped, sold, given back."),
        validators=[InputRequired(_l("Say in a few words why it is gone.")), Length(max=500)],
    )
    version = HiddenField()


def warranty_form(products: Sequence[Product]) -> Form:
    """A form with the months of warranty of each product, in fields ``months_<id>``."""
    fault = _("Type whole months, from 0 to %(most)s.", most=LONGEST_WARRANTY)
    fields = {
        f"months_{one.id}": IntegerField(
            one.name, validators=[InputRequired(fault), NumberRange(0, LONGEST_WARRANTY, fault)]
        )
        for one in products
    }
    kind = type("WarrantyForm", (Form,), {**fields, "seen": HiddenField()})
    made: Form = kind(data={f"months_{one.id}": one.warranty_months for one in products})
    return made


def _lines(typed: str | None) -> list[str]:
    return [line.strip() for line in (typed or "").splitlines() if line.strip()]


def _refuse_many(field: Any) -> None:  # Any: WTForms' own field
    lines = _lines(field.data)
    if len(lines) > MOST_LINES or any(len(line) > 200 for line in lines):
        raise ValidationError(_l("Write at most 40 lines, each of at most 200 characters."))
