"""Forms about projects and milestones."""

from flask_babel import lazy_gettext as _
from flask_wtf import FlaskForm
from wtforms import DateField, HiddenField, SelectField, StringField, TextAreaField
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


class Decide(FlaskForm):
    """Accept what an order document asks, or leave the plan as it is."""

    reason = StringField(
        _("Reason"),
        description=_("Needed to leave the plan as it is."),
        validators=[Optional(), Length(max=500)],
    )


class Reassign(FlaskForm):
    """Make somebody accountable for a milestone."""

    team = SelectField(_("Team"), validators=[InputRequired()])
    owner = SelectField(_("Person"), coerce=int, validators=[InputRequired()])


class GiveTo(FlaskForm):
    """Let another concierge look after a project."""

    concierge = SelectField(_("Concierge"), coerce=int, validators=[InputRequired()])
