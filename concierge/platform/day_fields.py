"""Form fields for days, and for the hours of half days, that close something."""

from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import DateField, TimeField
from wtforms.validators import InputRequired, Optional, ValidationError

from concierge.platform.forms import Form

A_DAY = _l("Enter a day, such as 24.12.2026.")


class Days(Form):
    """From one day up to and including another."""

    first_on = DateField(_l("First day"), validators=[InputRequired(A_DAY)])
    last_on = DateField(
        _l("Last day"),
        description=_l("Included. The same as the first for a single day."),
        validators=[InputRequired(A_DAY)],
    )

    def validate_last_on(self, field: Any) -> None:  # Any: WTForms' own field
        """Refuse days that end before they begin.

        :raises ValidationError: when they do.
        """
        if self.first_on.data and field.data and field.data < self.first_on.data:
            raise ValidationError(str(_l("Choose a day that is not before the first day.")))


class HalfDays(Days):
    """Days of which only some hours may be meant."""

    from_time = TimeField(
        _l("Closed from"),
        description=_l("Only for half days; leave both times empty for whole days."),
        validators=[Optional()],
    )
    to_time = TimeField(_l("Closed until"), validators=[Optional()])

    def validate_from_time(self, field: Any) -> None:  # Any: WTForms' own field
        """Refuse half days of which only the beginning is known.

        :raises ValidationError: when the end is missing.
        """
        if not self.to_time.data:
            raise ValidationError(str(_l("Enter until when it is closed, or empty both times.")))

    def validate_to_time(self, field: Any) -> None:  # Any: WTForms' own field
        """Refuse hours that end before they begin, or of which only the end is known.

        :raises ValidationError: when they do, or the beginning is missing.
        """
        if not self.from_time.data:
            raise ValidationError(str(_l("Enter from when it is closed, or empty both times.")))
        if field.data <= self.from_time.data:
            raise ValidationError(str(_l("Choose a time after the closing begins.")))
