"""Forms about projects and milestones."""

from flask_babel import lazy_gettext as _
from flask_wtf import FlaskForm
from wtforms import BooleanField, DateField, HiddenField, SelectField, StringField, TextAreaField
from wtforms.validators import DataRequired, InputRequired, Length, Optional


class MoveMilestone(FlaskForm):
    """Let a milestone start on another day."""

    to = DateField(_("Start on"), validators=[DataRequired(_("Choose the day on which it shall start."))])
    reason = StringField(
        _("Reason"),
        description=_("The history keeps it."),
        validators=[Optional(), Length(max=300, message=_("Say it in at most 300 characters."))],
    )
    version = HiddenField()


class ActOnDay(FlaskForm):
    """Start or finish on a day."""

    on = DateField(_("On"), validators=[DataRequired(_("Choose the day on which it happened."))])


class Block(FlaskForm):
    """Say what stands in the way."""

    cause = SelectField(_("Cause"), validators=[InputRequired(_("Choose a cause."))])
    reason = TextAreaField(
        _("What stands in the way"),
        validators=[DataRequired(_("Say in a few words what stands in the way.")), Length(max=500)],
    )


class WithReason(FlaskForm):
    """Something that needs a reason."""

    reason = TextAreaField(
        _("Reason"),
        validators=[
            DataRequired(_("Give the reason in a few words.")),
            Length(min=5, max=1000, message=_("Give the reason in a few words.")),
        ],
    )


class PromiseAnew(WithReason):
    """Promise the dates of the forecast."""

    is_agreed = BooleanField(
        _("The customer asked for these dates or agreed to them"),
        description=_("The ledger then counts the older dates as agreed anew, not as broken."),
    )


class KeepPlan(FlaskForm):
    """Keep the plan as it is now under a name."""

    name = StringField(
        _("Name"),
        description=_("By which you will know it, such as: Before the summer shutdown."),
        validators=[
            DataRequired(_("Give the baseline a name by which you will know it.")),
            Length(max=120, message=_("Keep the name to at most 120 characters.")),
        ],
    )
    note = TextAreaField(
        _("Note"),
        description=_("Why it is kept; it cannot be changed later."),
        validators=[Optional(), Length(max=1000, message=_("Say it in at most 1,000 characters."))],
    )


class Decide(FlaskForm):
    """Accept what an order document asks, or leave the plan as it is."""

    reason = StringField(
        _("Reason"),
        description=_("Needed to leave the plan as it is."),
        validators=[Optional(), Length(max=500)],
    )


class Note(FlaskForm):
    """Write something down for the staff."""

    text = TextAreaField(
        _("Note"),
        description=_("For colleagues; customers never see it."),
        validators=[
            DataRequired(_("Write down what your colleagues should know.")),
            Length(max=8000, message=_("Say it in at most 8,000 characters.")),
        ],
    )
    version = HiddenField()


class RecordUnit(FlaskForm):
    """Note the serial number on an instrument or part."""

    line = SelectField(_("Unit"), coerce=int, validators=[InputRequired(_("Choose what carries the number."))])
    serial = StringField(
        _("Serial number"),
        validators=[
            DataRequired(_("Type the serial number as it stands on the unit.")),
            Length(max=60, message=_("A serial number has at most 60 characters.")),
        ],
    )


class Reassign(FlaskForm):
    """Make somebody accountable for a milestone."""

    team = SelectField(_("Team"), validators=[InputRequired()])
    owner = SelectField(_("Person"), coerce=int, validators=[InputRequired()])


class GiveTo(FlaskForm):
    """Let another concierge look after a project."""

    concierge = SelectField(_("Concierge"), coerce=int, validators=[InputRequired()])
