"""Forms of the dispatch board: when somebody goes, and who; and what a customer may choose from."""

from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import (
    DateField,
    HiddenField,
    IntegerField,
    RadioField,
    SelectField,
    SelectMultipleField,
    TextAreaField,
)
from wtforms.fields import SelectChoice  # type: ignore[attr-defined]  # newer than its stubs
from wtforms.validators import InputRequired, Length, NumberRange, Optional, Regexp
from wtforms.widgets import CheckboxInput, ListWidget

from concierge.dispatch.states import OfferKind
from concierge.platform.day_fields import A_DAY
from concierge.platform.forms import Form
from concierge.visits.forms import MoveVisit

FURTHEST = 366 * 2
"""Half days by which somebody moves a visit at once."""


class Arrange(MoveVisit):
    """When a visit is and who goes; wall time at the site."""

    technicians = SelectMultipleField(
        _l("Who goes"),
        coerce=int,
        widget=ListWidget(prefix_label=False),
        option_widget=CheckboxInput(),
    )


class Book(Arrange):
    """The first visit, or the next, of work that nobody has planned."""

    token = HiddenField(validators=[Optional(), Regexp(r"^[A-Za-z0-9-]{1,64}\Z")])


class ChangeProposal(Arrange):
    """Another time for what a plan proposes, or other people."""

    version = HiddenField(validators=[Regexp(r"^[0-9]{1,18}\Z")])


class PlanThese(Form):
    """What is to be planned: for how many weeks, where, and what for."""

    weeks = IntegerField(
        _l("Weeks"),
        default=4,
        validators=[
            InputRequired(_l("Enter a number of weeks.")),
            NumberRange(1, 12, _l("Plan for one to twelve weeks.")),
        ],
    )
    territory = SelectField(_l("Territory"), default="")
    skill = SelectField(_l("Certification"), default="")


class Drop(Form):
    """Where a bar was put: so many half days or minutes later, taken from one person and given to another."""

    halves = IntegerField(default=0, validators=[Optional(), NumberRange(-FURTHEST, FURTHEST)])
    minutes = IntegerField(default=0, validators=[Optional(), NumberRange(-1440 * 366, 1440 * 366)])
    off = IntegerField(validators=[Optional()])
    on = IntegerField(validators=[Optional()])
    version = HiddenField(validators=[Regexp(r"^[0-9]{1,18}\Z")])
    was = HiddenField(validators=[Regexp(r"^[0-9T:,/-]{0,4000}\Z")])


class DropWork(Form):
    """Where work of the tray was put: on somebody, on a half of a day."""

    day = HiddenField(validators=[Regexp(r"^[0-9]{4}-[0-9]{2}-[0-9]{2}\Z")])
    half = IntegerField(default=0, validators=[NumberRange(0, 1)])
    on = IntegerField(validators=[InputRequired()])


class Swap(Form):
    """Two people who take each other's visit."""

    theirs = SelectField(_l("Whose visit they take over"), validators=[InputRequired()])
    conflict_reason = TextAreaField(_l("Why they go all the same"), validators=[Length(max=500)])
    version = HiddenField()


class Unschedule(Form):
    """Put work back among what nobody does yet."""

    reason = TextAreaField(
        _l("Why it goes back"),
        description=_l("Whoever was to go reads it."),
        validators=[InputRequired(_l("Say in a few words why nobody goes then.")), Length(max=500)],
    )
    version = HiddenField()


class OfferTimes(Form):
    """What a customer may choose from, until when, and by which rules."""

    contact_id = SelectField(_l("Who chooses"), coerce=int)
    kind = RadioField(
        _l("What they choose from"),
        choices=[
            SelectChoice(OfferKind.TIMES.value, _l("Two or three times that you pick; they are held")),
            SelectChoice(OfferKind.OPEN.value, _l("Whatever is free on these days when they look")),
        ],
        default=OfferKind.TIMES.value,
        validators=[InputRequired(_l("Choose what they choose from."))],
    )
    minutes = IntegerField(
        _l("Minutes at the site"),
        validators=[
            InputRequired(_l("Enter how long the work takes at the site.")),
            NumberRange(15, 60 * 24 * 20, _l("Enter from 15 minutes to 20 days of work, in minutes.")),
        ],
    )
    first_on = DateField(_l("From"), validators=[InputRequired(A_DAY)])
    last_on = DateField(_l("To"), validators=[InputRequired(A_DAY)])
    technicians = SelectMultipleField(
        _l("Only these people"),
        description=_l("Nobody chosen: whoever can go best."),
        coerce=int,
        widget=ListWidget(prefix_label=False),
        option_widget=CheckboxInput(),
    )
    answer_on = DateField(
        _l("Choose by"),
        description=_l("The end of that day at the site; so long the times are held."),
        validators=[InputRequired(A_DAY)],
    )
    notice_days = IntegerField(
        _l("Notice in working days"),
        description=_l("So many ahead the visit has to be when it is chosen, moved or called off."),
        validators=[InputRequired(_l("Enter a number.")), NumberRange(0, 60, _l("Enter 0 to 60."))],
    )
    buffer_minutes = IntegerField(
        _l("Pause around it in minutes"),
        description=_l("So long before and after it those who go have nothing else, besides the way."),
        validators=[InputRequired(_l("Enter a number.")), NumberRange(0, 720, _l("Enter 0 to 720."))],
    )
    moves_allowed = IntegerField(
        _l("How often they may move it"),
        validators=[InputRequired(_l("Enter a number.")), NumberRange(0, 20, _l("Enter 0 to 20."))],
    )
    note = TextAreaField(
        _l("What you say to them"),
        description=_l(
            "Goes into the mail and stands beside the times, in your words. You may leave it out."
        ),
        validators=[Optional(), Length(max=1000)],
    )
    times = SelectMultipleField(
        _l("Free times"),
        validate_choice=False,
        widget=ListWidget(prefix_label=False),
        option_widget=CheckboxInput(),
    )


class Withdraw(Form):
    """Take back what was offered."""

    reason = TextAreaField(
        _l("Why you take it back"),
        description=_l("Stays among ourselves. The customer reads that the times are gone."),
        validators=[Optional(), Length(max=500)],
    )


def chosen(form: Arrange) -> tuple[int, ...]:
    """Who goes, by user id."""
    data: Any = form.technicians.data or ()  # Any: as WTForms' stubs have it
    return tuple(sorted({int(user_id) for user_id in data}))
