"""Forms of the order pages."""

from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileRequired, MultipleFileField
from wtforms import SelectField
from wtforms.validators import InputRequired

from concierge.platform.forms import Form


class HandIn(Form):
    """Order files to check."""

    files = MultipleFileField(
        _l("Order files"),
        description=_l("UBL XML as sent over Peppol, or CSV; several at once, each at most 20 MB."),
        validators=[FileRequired(_l("Choose at least one file."))],
    )


class MatchLine(Form):
    """What an order line means."""

    product = SelectField(
        _l("Product"),
        coerce=lambda chosen: int(chosen) if chosen else 0,
        validators=[InputRequired(_l("Choose what the line means."))],
        validate_choice=True,
    )


class Apply(Form):
    """Import what was checked: only the token."""
