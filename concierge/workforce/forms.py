"""Forms about working days, technicians' own calendars, and turns on call."""

from datetime import date, datetime, time

from flask_babel import lazy_gettext as _l
from wtforms import DateField, HiddenField, SelectField, StringField, TimeField
from wtforms.fields import SelectChoice  # type: ignore[attr-defined]  # newer than its stubs
from wtforms.validators import InputRequired, Length, Optional, Regexp

from concierge.platform.clashes import Edited
from concierge.platform.day_fields import Days, HalfDays
from concierge.platform.forms import Form
from concierge.workforce.states import AbsenceKind


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


class HomeForm(Edited):
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


class OwnCalendarForm(Form):
    """A calendar of a technician's own that is to count."""

    name = StringField(
        _l("What you call it"),
        description=_l("Only you see it."),
        validators=[InputRequired(_l("Enter a name, such as “Family”.")), Length(max=80)],
    )
    address = StringField(
        _l("Its secret address"),
        description=_l("It begins with https:// or webcal:// and usually ends in .ics. Only you see it."),
        validators=[InputRequired(_l("Enter the address of your calendar.")), Length(max=500)],
    )


class TurnForm(Form):
    """Who is on call from when to when; wall time where the technician lives."""

    technician = SelectField(_l("Who"), coerce=int, validators=[InputRequired(_l("Choose a technician."))])
    start_on = DateField(_l("First day"), validators=[InputRequired(_l("Choose the day it starts."))])
    start_time = TimeField(_l("From"), validators=[InputRequired(_l("Enter a time, such as 08:00."))])
    end_on = DateField(_l("Last day"), validators=[InputRequired(_l("Choose the day it ends."))])
    end_time = TimeField(_l("Until"), validators=[InputRequired(_l("Enter a time, such as 08:00."))])
    note = StringField(
        _l("Note"), description=_l("A phone number, or what is covered."), validators=[Length(max=200)]
    )
    version = HiddenField()

    @property
    def starts_local(self) -> datetime:
        """The start, wall time."""
        return datetime.combine(self.start_on.data or date.min, self.start_time.data or time())

    @property
    def ends_local(self) -> datetime:
        """The end, wall time."""
        return datetime.combine(self.end_on.data or date.min, self.end_time.data or time())
