"""Forms about working days: closures of the company, its home office, and who is away."""

from typing import Any

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import DateField, SelectField, StringField, TimeField
from wtforms.fields import SelectChoice  # type: ignore[attr-defined]  # newer than its stubs
from wtforms.validators import InputRequired, Length, Optional, Regexp, ValidationError

from concierge.platform.clashes import Edited
from concierge.workforce.states import AbsenceKind

A_DAY = _l("Enter a day, such as 24.12.2026.")
A_TIME = _l("Enter a time, such as 12:00.")


class Days(FlaskForm):
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


class ClosureForm(HalfDays, Edited):
    """Days on which the whole company is closed."""

    name = StringField(
        _l("What it is called"),
        description=_l("Shown as the reason on every day that it closes, such as “Company holidays”."),
        validators=[InputRequired(_l("Enter a name.")), Length(max=120)],
    )


class AbsenceForm(Days):
    """Days on which a technician does not go out."""

    user_id = SelectField(_l("Who"), coerce=int, validators=[InputRequired(_l("Choose a technician."))])
    word = SelectField(
        _l("Why"),
        description=_l("Colleagues see this word and nothing else."),
        choices=[
            SelectChoice(AbsenceKind.LEAVE.value, _l("Leave")),
            SelectChoice(AbsenceKind.SICK.value, _l("Sick")),
            SelectChoice(AbsenceKind.TRAVEL.value, _l("Travel")),
            SelectChoice(AbsenceKind.TRAINING.value, _l("Training")),
        ],
    )


class HomeForm(FlaskForm):
    """Where our own people work."""

    name = StringField(
        _l("Name of the office"), validators=[InputRequired(_l("Enter a name.")), Length(max=80)]
    )
    country = SelectField(_l("Country"), validators=[InputRequired(_l("Choose the country."))])
    subdivision = StringField(
        _l("State, province or canton"),
        description=_l("Its code, such as BS, MA or NSW. It decides about regional holidays."),
        validators=[
            Optional(),
            Regexp(r"^[A-Za-z0-9-]{1,6}$", message=_l("Write the code only, such as BS.")),
        ],
    )
    zone = SelectField(_l("Time zone"))
