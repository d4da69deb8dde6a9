"""Forms about visits."""

from collections.abc import Iterable
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import (
    BooleanField,
    DateField,
    DecimalField,
    HiddenField,
    IntegerField,
    RadioField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
    TimeField,
)
from wtforms.fields import SelectChoice  # type: ignore[attr-defined]  # newer than its stubs
from wtforms.validators import InputRequired, Length, NumberRange, Optional, Regexp, ValidationError
from wtforms.widgets import CheckboxInput, ListWidget

from concierge.catalogue.states import VisitKind
from concierge.platform.clashes import Edited
from concierge.platform.forms import Form
from concierge.visits.clocks import EndsTooEarly, NoSuchTime, Stay, is_repeated, stay
from concierge.visits.states import VisitState

KINDS = (
    SelectChoice(VisitKind.SITE_SURVEY.value, _l("Site survey")),
    SelectChoice(VisitKind.DELIVERY.value, _l("Delivery")),
    SelectChoice(VisitKind.INSTALL.value, _l("Installation")),
    SelectChoice(VisitKind.TRAINING.value, _l("Training")),
    SelectChoice(VisitKind.REMOTE_CALL.value, _l("Remote call")),
)
LEVELS = (
    SelectChoice(1, _l("1, works along")),
    SelectChoice(2, _l("2, works alone")),
    SelectChoice(3, _l("3, leads others")),
    SelectChoice(4, _l("4, teaches")),
    SelectChoice(5, _l("5, certifies others")),
)
ARRIVALS = (
    SelectChoice(0, _l("At the start")),
    SelectChoice(30, _l("Within half an hour of the start")),
    SelectChoice(60, _l("Within an hour of the start")),
    SelectChoice(120, _l("Within two hours of the start")),
    SelectChoice(180, _l("Within three hours of the start")),
    SelectChoice(240, _l("Within four hours of the start")),
)
EARLIEST, LATEST = date(2000, 1, 1), date(2100, 1, 1)


def choices(pairs: Iterable[tuple[Any, str]]) -> list[Any]:  # Any: a value, and WTForms' own choice
    """Make what a field offers of values and words."""
    return [SelectChoice(value, words) for value, words in pairs]


class WholeNumber(IntegerField):
    """A number without a fraction, asked for again in plain words."""

    def process_formdata(self, valuelist: list[Any]) -> None:  # Any: as WTForms declares it
        """Read what was typed.

        :raises ValueError: when it is no whole number.
        """
        try:
            super().process_formdata(valuelist)
        except ValueError as error:
            raise ValueError(_l("Enter a whole number, such as 1.")) from error


class ChooseProject(Form):
    """Which project a visit is for; sent by GET."""

    class Meta:
        """A question changes nothing, so it carries no token."""

        csrf = False

    project = StringField(
        _l("Project"),
        description=_l("Its key, such as HB-2041."),
        validators=[InputRequired(_l("Enter the key of the project.")), Length(max=20)],
    )


class MoveVisit(Edited):
    """When a visit is; wall time at the site."""

    start_on = DateField(_l("Day"), validators=[InputRequired(_l("Choose the day of the visit."))])
    start_time = TimeField(_l("From"), validators=[InputRequired(_l("Enter a time, such as 09:00."))])
    end_on = DateField(
        _l("Last day, if another"),
        validators=[Optional()],
    )
    end_time = TimeField(_l("Until"), validators=[InputRequired(_l("Enter a time, such as 12:00."))])
    later_hour = BooleanField(
        _l("The second time"),
        description=_l("That day the clocks go back and show this time twice."),
    )
    conflict_reason = TextAreaField(
        _l("Why they go all the same"),
        description=_l(
            "Needed only when a rule stands against it. It is kept with the visit and listed under Broken rules."
        ),
        validators=[Length(max=500)],
    )

    zone = "UTC"
    """The zone of the site; set before the form is validated."""

    @property
    def starts_local(self) -> datetime:
        """The start, wall time at the site."""
        return datetime.combine(self.start_on.data or EARLIEST, self.start_time.data or time())

    @property
    def ends_local(self) -> datetime:
        """The end, wall time at the site."""
        last_on = self.end_on.data or self.start_on.data or EARLIEST
        return datetime.combine(last_on, self.end_time.data or time())

    @property
    def fold(self) -> int:
        """Which of two hours with the same time is meant."""
        return 1 if self.later_hour.data else 0

    @property
    def asks_for_hour(self) -> bool:
        """Say whether the start is a time the site's clocks show twice."""
        if not self.start_on.data or not self.start_time.data:
            return False
        return is_repeated(self.starts_local, self.zone)

    @property
    def when(self) -> Stay:
        """Return the instants that the times mean. Only for a form without errors."""
        return stay(self.starts_local, self.ends_local, zone=self.zone, fold=self.fold)

    def validate_start_on(self, field: Any) -> None:  # Any: WTForms' own field
        """Keep to days that calendars can show.

        :raises ValidationError: when the day is not in this century.
        """
        if field.data is not None and not EARLIEST <= field.data < LATEST:
            raise ValidationError(_l("Choose a day in this century."))

    def validate_end_on(self, field: Any) -> None:  # Any: WTForms' own field
        """Refuse a last day before the first, or far after it.

        :raises ValidationError: when it is.
        """
        if not field.data or not self.start_on.data:
            return
        if field.data < self.start_on.data:
            raise ValidationError(_l("The last day comes before the first. Choose a later one."))
        if (field.data - self.start_on.data).days > 366:
            raise ValidationError(_l("A visit lasts a year at most. Plan several visits instead."))

    def validate(self, extra_validators: Any = None) -> bool:  # Any: as WTForms declares it
        """Check the fields, then whether the times exist at the site and follow each other."""
        if not super().validate(extra_validators):
            return False
        try:
            _ = self.when
        except NoSuchTime as refusal:
            self.start_time.errors = [*self.start_time.errors, refusal.sentence]
            return False
        except EndsTooEarly as refusal:
            self.end_time.errors = [*self.end_time.errors, refusal.sentence]
            return False
        return True


class VisitForm(MoveVisit):
    """When, where, who and what for. Times are wall time at the site."""

    kind = SelectField(_l("Kind"), choices=KINDS)
    title = StringField(
        _l("Title"),
        description=_l("What people read in their calendar."),
        validators=[InputRequired(_l("Enter a title, such as “Install the spectrometer”.")), Length(max=200)],
    )
    milestone = SelectField(_l("Moves along with"), coerce=int)
    site = SelectField(_l("Site"), coerce=int)
    technicians = SelectMultipleField(
        _l("Who goes"),
        coerce=int,
        widget=ListWidget(prefix_label=False),
        option_widget=CheckboxInput(),
    )
    crew = WholeNumber(
        _l("Technicians needed"),
        default=1,
        validators=[
            InputRequired(_l("Enter how many technicians are needed, 0 for none.")),
            NumberRange(0, 20, _l("Enter a number from 0 to 20.")),
        ],
    )
    skill = SelectField(_l("Certification needed"))
    level = SelectField(
        _l("At what level"),
        coerce=int,
        choices=LEVELS,
        default=1,
        description=_l("Of who leads; others of a crew hold the certification at any level."),
    )
    arrival_minutes = SelectField(
        _l("Arrival"),
        coerce=int,
        choices=ARRIVALS,
        default=0,
        description=_l("What the customer is told."),
    )
    attendees = SelectMultipleField(
        _l("Who of the customer has to be there"),
        coerce=int,
        widget=ListWidget(prefix_label=False),
        option_widget=CheckboxInput(),
    )
    certainty = RadioField(
        _l("How certain is it?"),
        choices=(
            SelectChoice(
                VisitState.TENTATIVE.value, _l("Tentative: it follows the plan, the customer is not told")
            ),
            SelectChoice(VisitState.CONFIRMED.value, _l("Confirmed: it stays until somebody moves it")),
        ),
        default=VisitState.TENTATIVE.value,
    )
    note = TextAreaField(
        _l("Notes"), description=_l("What to bring, whom to ask for."), validators=[Length(max=4000)]
    )
    token = HiddenField(
        validators=[
            Optional(),
            Regexp(r"^[A-Za-z0-9-]{1,64}\Z", message=_l("Load the page again, then repeat.")),
        ]
    )


class Act(Form):
    """An act that needs nothing but the version somebody saw."""

    version = HiddenField()


class Confirm(Form):
    """Make a visit certain although a rule stands against it."""

    conflict_reason = TextAreaField(
        _l("Why they go all the same"),
        description=_l("It is kept with the visit and listed under Broken rules."),
        validators=[Length(max=500)],
    )
    version = HiddenField()


class Keep(Form):
    """Leave a visit where it is although the plan moved."""

    reason = StringField(
        _l("Why it stays"),
        validators=[InputRequired(_l("Say in a few words why the visit stays.")), Length(max=500)],
    )
    version = HiddenField()


class Cancel(Form):
    """Call a visit off."""

    reason = TextAreaField(
        _l("Reason"),
        description=_l("Everybody who was to come reads it."),
        validators=[InputRequired(_l("Say in a few words why nobody comes.")), Length(max=500)],
    )
    version = HiddenField()


class Finish(Form):
    """How a visit ended."""

    outcome = RadioField(
        _l("Is the work done?"),
        choices=(
            SelectChoice(VisitState.COMPLETE.value, _l("Yes, it is complete")),
            SelectChoice(VisitState.INCOMPLETE.value, _l("No, somebody has to come again")),
        ),
        validators=[InputRequired(_l("Choose whether the work is done."))],
    )
    note = TextAreaField(
        _l("What was done, what is left"),
        validators=[Length(max=2000)],
    )
    version = HiddenField()

    def validate_note(self, field: Any) -> None:  # Any: WTForms' own field
        """Ask for words when somebody has to come again.

        :raises ValidationError: when there are none.
        """
        if self.outcome.data == VisitState.INCOMPLETE.value and not (field.data or "").strip():
            raise ValidationError(_l("Say what is left to do, so that the next visit can be planned."))


class WorkForm(Edited):
    """What is to be done at a site, and what it asks for."""

    title = StringField(
        _l("Title"),
        description=_l("What people read in their calendar."),
        validators=[InputRequired(_l("Enter a title, such as “Install the spectrometer”.")), Length(max=200)],
    )
    kind = SelectField(_l("Kind"), choices=KINDS)
    milestone = SelectField(_l("Moves along with"), coerce=int)
    site = SelectField(_l("Site"), coerce=int)
    asset = SelectField(_l("At which instrument"), coerce=int)
    hours = DecimalField(
        _l("Hours at the site"),
        default=Decimal(8),
        places=None,
        description=_l("Of a whole crew, all visits together."),
        validators=[
            InputRequired(_l("Enter a number of hours, such as 8 or 1.5.")),
            NumberRange(Decimal("0.25"), 2000, _l("Enter a number of hours from a quarter to 2000.")),
        ],
    )
    crew = WholeNumber(
        _l("Technicians needed"),
        default=1,
        validators=[
            InputRequired(_l("Enter how many technicians are needed, 0 for none.")),
            NumberRange(0, 20, _l("Enter a number from 0 to 20.")),
        ],
    )
    skill = SelectField(_l("Certification needed"))
    level = WholeNumber(
        _l("At what level"),
        default=1,
        description=_l("From 1 to 5."),
        validators=[Optional(), NumberRange(1, 5, _l("Enter a level from 1 to 5."))],
    )
    tools = TextAreaField(_l("Tools to bring"), description=_l("One a line."), validators=[Length(max=2000)])
    needs_customer = BooleanField(_l("Somebody of the customer has to be there"))
    note = TextAreaField(_l("Notes"), validators=[Length(max=4000)])

    @property
    def minutes(self) -> int:
        """The hours as minutes. Only for a form without errors."""
        return int((self.hours.data or 0) * 60)

    @property
    def tool_list(self) -> list[str]:
        """The tools, one by one."""
        return [line.strip() for line in (self.tools.data or "").splitlines() if line.strip()]

    def validate_tools(self, field: Any) -> None:  # Any: WTForms' own field
        """Refuse a list that nobody could carry.

        :raises ValidationError: when there are too many, or one is too long.
        """
        if len(self.tool_list) > 20 or any(len(line) > 60 for line in self.tool_list):
            raise ValidationError(_l("Name at most 20 tools, each in at most 60 characters."))


class CloseWork(Form):
    """Say that nothing is left to do."""

    note = TextAreaField(
        _l("Why nothing is left to do"),
        validators=[InputRequired(_l("Say in a few words why the work is done.")), Length(max=500)],
    )
    version = HiddenField()


class ReopenWork(Form):
    """Say that there is something to do again."""

    reason = TextAreaField(
        _l("What is left to do"),
        validators=[InputRequired(_l("Say in a few words what is left to do.")), Length(max=500)],
    )
    version = HiddenField()


class SplitVisit(Form):
    """Make visits of single days out of one that lasts several."""

    days = SelectMultipleField(
        _l("On which days somebody comes"),
        widget=ListWidget(prefix_label=False),
        option_widget=CheckboxInput(),
    )
    version = HiddenField()

    def validate_days(self, field: Any) -> None:  # Any: WTForms' own field
        """Ask for two days at least.

        :raises ValidationError: when fewer are chosen.
        """
        if len(field.data or ()) < 2:
            raise ValidationError(_l("Choose two days at least; for a single one, move the visit."))
