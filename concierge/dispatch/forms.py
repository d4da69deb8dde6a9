"""Forms of the dispatch board: when somebody goes, and who."""

from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, IntegerField, SelectField, SelectMultipleField, TextAreaField
from wtforms.validators import InputRequired, Length, NumberRange, Optional, Regexp
from wtforms.widgets import CheckboxInput, ListWidget

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


def chosen(form: Arrange) -> tuple[int, ...]:
    """Who goes, by user id."""
    data: Any = form.technicians.data or ()  # Any: as WTForms' stubs have it
    return tuple(sorted({int(user_id) for user_id in data}))
