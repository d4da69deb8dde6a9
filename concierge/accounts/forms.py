"""Forms about customers."""

from datetime import time
from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import (
    BooleanField,
    FormField,
    SelectField,
    StringField,
    TextAreaField,
    TimeField,
)
from wtforms.fields import SelectChoice  # type: ignore[attr-defined]  # newer than its stubs
from wtforms.validators import Email, InputRequired, Length, Optional, Regexp, ValidationError

from concierge.accounts.states import ContactRole, SiteClosureKind
from concierge.core.travel import degrees
from concierge.platform.clashes import Edited
from concierge.platform.day_fields import Days, HalfDays
from concierge.platform.forms import Form, RowForm
from concierge.platform.speech import AUTONYMS

NAME = _l("Enter a name.")


class AccountForm(Edited):
    """A customer's name."""

    name = StringField(_l("Name"), validators=[InputRequired(NAME), Length(max=160)])


def _country() -> SelectField:
    return SelectField(_l("Country"), validators=[InputRequired(_l("Choose the country."))])


def _subdivision() -> StringField:
    return StringField(
        _l("State, province or canton"),
        description=_l("Its code, such as BS, MA or NSW. It decides about regional holidays."),
        validators=[
            Optional(),
            Regexp(r"^[A-Za-z0-9-]{1,6}$", message=_l("Write the code only, such as BS.")),
        ],
    )


def _zone() -> SelectField:
    return SelectField(_l("Time zone"), description=_l("Leave it empty to take the country's."))


class SiteForm(Edited):
    """A place of installation."""

    name = StringField(
        _l("Name of the site"),
        description=_l("As your colleagues say it, such as “Basel, building 7”."),
        validators=[InputRequired(NAME), Length(max=120)],
    )
    street = StringField(_l("Street"), validators=[Length(max=200)])
    postcode = StringField(_l("Postcode"), validators=[Length(max=20)])
    city = StringField(_l("City"), validators=[InputRequired(_l("Enter the city.")), Length(max=100)])
    country = _country()
    subdivision = _subdivision()
    zone = _zone()
    degrees = StringField(
        _l("Position on the map"),
        description=_l("Latitude and longitude, such as 47.5596, 7.5886. Travel times are estimated by it."),
        validators=[Length(max=60)],
    )
    access_from = TimeField(
        _l("Access from"), default=time(8), validators=[InputRequired(_l("Enter a time, such as 08:00."))]
    )
    access_to = TimeField(
        _l("Access until"), default=time(17), validators=[InputRequired(_l("Enter a time, such as 17:00."))]
    )
    dock_notes = TextAreaField(
        _l("Notes for carriers"),
        description=_l("Dock, lift, gate, whom to call."),
        validators=[Length(max=2000)],
    )

    is_confidential = BooleanField(
        _l("Confidential site"),
        description=_l("The customer’s page asks for a code by mail besides the link."),
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

    def validate_access_to(self, field: Any) -> None:  # Any: WTForms' own field
        """Refuse a site that closes before it opens.

        :raises ValidationError: when it does.
        """
        if self.access_from.data and field.data and self.access_from.data >= field.data:
            raise ValidationError(str(_l("Choose a time after the site opens.")))


class SitePlaceForm(Edited):
    """Where a site is, and on which clock."""

    country = _country()
    subdivision = _subdivision()
    zone = _zone()


class ContactForm(Edited):
    """A customer's person."""

    name = StringField(_l("Name"), validators=[InputRequired(NAME), Length(max=120)])
    title = StringField(
        _l("What they are called there"),
        description=_l("Such as “lab manager”."),
        validators=[Length(max=80)],
    )
    role = SelectField(
        _l("Takes care of"),
        choices=[
            SelectChoice(ContactRole.LAB.value, _l("The laboratory")),
            SelectChoice(ContactRole.FACILITIES.value, _l("The building")),
            SelectChoice(ContactRole.IT.value, _l("Network and computers")),
            SelectChoice(ContactRole.SAFETY.value, _l("Safety")),
            SelectChoice(ContactRole.PURCHASING.value, _l("Purchasing")),
            SelectChoice(ContactRole.RECEIVING.value, _l("Receiving goods")),
        ],
    )
    site_id = SelectField(_l("Site"), coerce=int)
    email = StringField(
        _l("E-mail"),
        validators=[Optional(), Length(max=254), Email(_l("Write an address such as name@example.org."))],
    )
    phone = StringField(_l("Phone"), validators=[Length(max=40)])
    language = SelectField(
        _l("Language of letters and documents"),
        choices=[SelectChoice(code, name) for code, name in AUTONYMS.items()],
    )
    zone = SelectField(_l("Time zone"))
    is_reminded = SelectField(
        _l("Reminders of open points"),
        description=_l("They can say so themselves by the link in each reminder."),
        choices=[
            SelectChoice("True", _l("Wants reminders")),
            SelectChoice("False", _l("Does not want reminders")),
        ],
        default="True",
    )


class DayHoursForm(RowForm):
    """When a site lets us in on one weekday: once, or with a break; all empty: not at all."""

    opens = TimeField(_l("From"), validators=[Optional()])
    closes = TimeField(_l("Until"), validators=[Optional()])
    opens_again = TimeField(_l("Again from"), validators=[Optional()])
    closes_again = TimeField(_l("Until"), validators=[Optional()])

    def validate_opens(self, field: Any) -> None:  # Any: WTForms' own field
        """Refuse a day that opens and never closes.

        :raises ValidationError: when it does.
        """
        if not self.closes.data:
            raise ValidationError(str(_l("Enter until when we are let in.")))

    def validate_closes(self, field: Any) -> None:  # Any: WTForms' own field
        """Refuse a day that closes before it opens.

        :raises ValidationError: when it does.
        """
        _refuse_disorder(self.opens.data, field.data)

    def validate_opens_again(self, field: Any) -> None:  # Any: WTForms' own field
        """Refuse a second opening that lies before the first closing, or never ends.

        :raises ValidationError: when it does.
        """
        if self.closes.data is None or field.data < self.closes.data:
            raise ValidationError(str(_l("Choose a time after the first stretch ends.")))
        if not self.closes_again.data:
            raise ValidationError(str(_l("Enter until when we are let in.")))

    def validate_closes_again(self, field: Any) -> None:  # Any: WTForms' own field
        """Refuse a second stretch that ends before it begins.

        :raises ValidationError: when it does.
        """
        _refuse_disorder(self.opens_again.data, field.data)


class SiteHoursForm(Form):
    """The week of a site; all empty: every day of its country's week."""

    monday = FormField(DayHoursForm)
    tuesday = FormField(DayHoursForm)
    wednesday = FormField(DayHoursForm)
    thursday = FormField(DayHoursForm)
    friday = FormField(DayHoursForm)
    saturday = FormField(DayHoursForm)
    sunday = FormField(DayHoursForm)

    @property
    def week(self) -> "tuple[FormField[Any], ...]":  # Any: its own form
        """The days of the week, Monday first."""
        return (
            self.monday,
            self.tuesday,
            self.wednesday,
            self.thursday,
            self.friday,
            self.saturday,
            self.sunday,
        )


class SiteClosureForm(HalfDays, Edited):
    """Days on which a site is shut, or frozen."""

    kind = SelectField(
        _l("What it is"),
        choices=[
            SelectChoice(SiteClosureKind.SHUTDOWN.value, _l("Shutdown: nobody works there")),
            SelectChoice(SiteClosureKind.FROZEN.value, _l("Frozen: they work, but nothing may be changed")),
        ],
    )
    name = StringField(
        _l("What it is called"),
        description=_l("Shown as the reason on every day that it closes, such as “Summer shutdown”."),
        validators=[InputRequired(NAME), Length(max=120)],
    )


def _refuse_disorder(opens: time | None, closes: time) -> None:
    if opens is None:
        raise ValidationError(str(_l("Enter from when we are let in.")))
    if closes <= opens:
        raise ValidationError(str(_l("Choose a time after the site opens.")))


class ContactAwayForm(Days):
    """Days on which a customer's person is not there."""

    from_time = TimeField(
        _l("Away from"),
        description=_l("On the first day; leave it empty for the whole day."),
        validators=[Optional()],
    )
    to_time = TimeField(
        _l("Away until"),
        description=_l("On the last day; leave it empty for the whole day."),
        validators=[Optional()],
    )
