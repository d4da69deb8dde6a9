"""Forms about working days, technicians' own calendars, and turns on call."""

from datetime import date, datetime, time
from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import (
    DateField,
    HiddenField,
    IntegerField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
    TimeField,
)
from wtforms.fields import SelectChoice  # type: ignore[attr-defined]  # newer than its stubs
from wtforms.validators import InputRequired, Length, NumberRange, Optional, Regexp, ValidationError
from wtforms.widgets import CheckboxInput, ListWidget

from concierge.core.hours import Hours
from concierge.core.travel import degrees
from concierge.platform.clashes import Edited
from concierge.platform.day_fields import A_DAY, Days, HalfDays
from concierge.platform.errors import Refused
from concierge.platform.forms import Form
from concierge.workforce.actions.hours import hours_in
from concierge.workforce.states import AbsenceKind


def _from_time() -> TimeField:
    return TimeField(
        _l("From, on the first day"),
        description=_l("Only when it begins within the day; where the technician lives."),
        validators=[Optional()],
    )


def _to_time() -> TimeField:
    return TimeField(
        _l("Until, on the last day"),
        description=_l("Only when it ends within the day."),
        validators=[Optional()],
    )


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
    from_time = _from_time()
    to_time = _to_time()


class LeaveForm(Days):
    """When a technician asks to be away."""

    word = SelectField(
        _l("Why"),
        description=_l("Colleagues see this word and nothing else."),
        choices=[
            SelectChoice(AbsenceKind.LEAVE.value, _l("Leave")),
            SelectChoice(AbsenceKind.TRAINING.value, _l("Training")),
            SelectChoice(AbsenceKind.SICK.value, _l("Sick")),
        ],
    )
    from_time = _from_time()
    to_time = _to_time()
    note = TextAreaField(
        _l("Note"),
        description=_l("For whoever decides; nobody else reads it."),
        validators=[Length(max=1000)],
    )


class ApprovalForm(Form):
    """What is said with an approval."""

    answer = TextAreaField(_l("A word with it, if you like"), validators=[Length(max=1000)])


class RefusalForm(Form):
    """Why leave cannot be granted."""

    reason = TextAreaField(
        _l("Why not"),
        description=_l("The technician reads it."),
        validators=[
            InputRequired(_l("Say why, so that the technician can ask for other days.")),
            Length(max=1000),
        ],
    )


class TechnicianForm(Edited):
    """Where a technician lives, what they speak, and which territories they serve."""

    city = StringField(_l("City they set out from"), validators=[Length(max=100)])
    country = SelectField(_l("Country"), validators=[InputRequired(_l("Choose the country."))])
    subdivision = StringField(
        _l("State, province or canton"),
        description=_l("Its code, such as BS, MA or NSW. It decides about regional holidays."),
        validators=[
            Optional(),
            Regexp(r"^[A-Za-z0-9-]{1,6}$", message=_l("Write the code only, such as BS.")),
        ],
    )
    degrees = StringField(
        _l("Position on the map"),
        description=_l("Latitude and longitude, such as 47.5596, 7.5886. Travel times are estimated by it."),
        validators=[Length(max=60)],
    )
    languages = StringField(
        _l("Languages"),
        description=_l("Their codes, the best first, such as de, en, fr."),
        validators=[Length(max=120)],
    )
    territory = SelectField(_l("Home territory"))
    served = SelectMultipleField(
        _l("Serves as well"),
        coerce=int,
        widget=ListWidget(prefix_label=False),
        option_widget=CheckboxInput(),
    )
    weekly_hours = IntegerField(
        _l("Hours a week by contract"),
        default=40,
        validators=[
            InputRequired(_l("Enter a number of hours, such as 40.")),
            NumberRange(0, 168, message=_l("A week has 168 hours. Enter how many of them are worked.")),
        ],
    )

    def validate_degrees(self, field: Any) -> None:  # Any: WTForms' own field
        """Refuse what is no place on Earth.

        :raises ValidationError: when it is none.
        """
        try:
            _ = degrees(field.data) if (field.data or "").strip() else None
        except ValueError as error:
            raise ValidationError(
                str(_l("Write latitude and longitude with decimal points, such as 47.5596, 7.5886."))
            ) from error


class NewTechnicianForm(TechnicianForm):
    """Somebody who goes to sites from now on."""

    user_id = SelectField(_l("Who"), coerce=int, validators=[InputRequired(_l("Choose a person."))])


class HoursField(StringField):
    """Hours of a day, such as ``08:00–12:00, 13:00–17:00``; `hours` are what was read of it."""

    hours: tuple[Hours, ...] = ()

    def pre_validate(self, form: Any) -> None:  # Any: WTForms' own form
        """Read what was written.

        :raises ValidationError: with the sentence, when it cannot be read.
        """
        try:
            self.hours = hours_in(self.data or "")
        except Refused as refusal:
            raise ValidationError(refusal.sentence) from refusal


def _hours_field(name: Any) -> HoursField:  # Any: a text that is translated later
    return HoursField(name, validators=[Length(max=120)])


class WeekForm(Form):
    """A technician's weekly hours, Monday first."""

    monday = _hours_field(_l("Monday"))
    tuesday = _hours_field(_l("Tuesday"))
    wednesday = _hours_field(_l("Wednesday"))
    thursday = _hours_field(_l("Thursday"))
    friday = _hours_field(_l("Friday"))
    saturday = _hours_field(_l("Saturday"))
    sunday = _hours_field(_l("Sunday"))
    version = HiddenField()

    @property
    def days(self) -> tuple[HoursField, ...]:
        """The fields of the weekdays, Monday first."""
        return (
            self.monday,
            self.tuesday,
            self.wednesday,
            self.thursday,
            self.friday,
            self.saturday,
            self.sunday,
        )


class DayForm(Form):
    """The hours of one date."""

    worked_on = DateField(_l("Day"), validators=[InputRequired(A_DAY)])
    hours = HoursField(
        _l("Hours that day"),
        description=_l("Such as 08:00–12:00, 13:00–17:00. Leave it empty for a free day."),
        validators=[Length(max=120)],
    )
    reason = StringField(
        _l("Why"),
        description=_l("Such as “Works for the Friday off” or “Half day”."),
        validators=[Length(max=120)],
    )


class CapacityForm(Form):
    """How much of a technician's hours visits may take for some time."""

    percent = IntegerField(
        _l("Percent of their hours"),
        description=_l("What visits may take; the rest is for other work."),
        validators=[
            InputRequired(_l("Enter a percentage from 0 to 100.")),
            NumberRange(0, 100, message=_l("Enter a percentage from 0 to 100.")),
        ],
    )
    first_on = DateField(_l("First day"), validators=[InputRequired(A_DAY)])
    last_on = DateField(
        _l("Last day"),
        description=_l("Included. Empty: until further notice."),
        validators=[Optional()],
    )
    reason = StringField(_l("Why"), validators=[Length(max=120)])


class SkillForm(Form):
    """A certification that a technician holds."""

    code = StringField(
        _l("Certified for"),
        description=_l("As playbooks name it, such as mass-spectrometry."),
        validators=[
            InputRequired(_l("Enter what the certificate is for, such as “mass-spectrometry”.")),
            Length(max=60),
        ],
    )
    level = SelectField(
        _l("Level"),
        coerce=int,
        choices=[
            SelectChoice(1, _l("1, works along")),
            SelectChoice(2, _l("2, works alone")),
            SelectChoice(3, _l("3, leads others")),
            SelectChoice(4, _l("4, teaches")),
            SelectChoice(5, _l("5, certifies others")),
        ],
    )
    number = StringField(
        _l("Number of the certificate"),
        description=_l("As it is printed on it."),
        validators=[Length(max=60)],
    )
    issued_on = DateField(_l("Issued on"), validators=[Optional()])
    expires_on = DateField(
        _l("Valid until"),
        description=_l("Included; nobody can be booked for it afterwards. Empty: without end."),
        validators=[Optional()],
    )


class TerritoryForm(Edited):
    """A part of the world that some technicians serve."""

    name = StringField(_l("Name"), validators=[InputRequired(_l("Enter a name.")), Length(max=60)])
    parts = StringField(
        _l("Countries, or parts of them"),
        description=_l("Codes with commas between, such as CH, AT, DE-BY."),
        validators=[Length(max=2000)],
    )
    least = IntegerField(
        _l("Technicians who have to be there"),
        description=_l("On a working day. Below this, a request for leave says so. 0: it is never said."),
        default=0,
        validators=[
            InputRequired(_l("Enter a number, such as 2.")),
            NumberRange(0, 1000, message=_l("Enter a number from 0 to 1000.")),
        ],
    )

    @property
    def part_codes(self) -> tuple[tuple[str, str], ...]:
        """Countries and subdivisions as they were written, split at commas and white space."""
        words = (self.parts.data or "").replace(",", " ").replace(";", " ").split()
        return tuple((word.partition("-")[0], word.partition("-")[2]) for word in words)


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
