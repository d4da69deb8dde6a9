"""Forms about projects and milestones."""

from flask_babel import lazy_gettext as _
from flask_wtf.file import FileField, FileRequired
from wtforms import (
    BooleanField,
    DateField,
    HiddenField,
    IntegerField,
    RadioField,
    SelectField,
    StringField,
    TextAreaField,
)
from wtforms.validators import DataRequired, InputRequired, Length, NoneOf, NumberRange, Optional

from concierge.platform.clashes import Edited
from concierge.platform.forms import Form


class MoveMilestone(Form):
    """Let a milestone start on another day."""

    to = DateField(_("Start on"), validators=[DataRequired(_("Choose the day on which it shall start."))])
    reason = StringField(
        _("Reason"),
        description=_("The history keeps it."),
        validators=[Optional(), Length(max=300, message=_("Say it in at most 300 characters."))],
    )
    loaded = HiddenField()


class ActOnDay(Form):
    """Start or finish on a day."""

    on = DateField(_("On"), validators=[DataRequired(_("Choose the day on which it happened."))])


class Block(Form):
    """Say what stands in the way."""

    cause = SelectField(_("Cause"), validators=[InputRequired(_("Choose a cause."))])
    reason = TextAreaField(
        _("What stands in the way"),
        validators=[DataRequired(_("Say in a few words what stands in the way.")), Length(max=500)],
    )


class WholeNumber(IntegerField):
    """A whole number that says so in plain words when it is none."""

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read a whole number.

        :raises ValueError: with a sentence for the reader, when it is none.
        """
        try:
            super().process_formdata(valuelist)
        except ValueError as no_number:
            raise ValueError(_("Give a whole number, such as 5.")) from no_number


class Shape(Edited):
    """How long a milestone takes, in whose days, and between which days."""

    workdays = WholeNumber(
        _("Length"),
        description=_("0 is a moment."),
        validators=[
            InputRequired(_("Give the length in days; 0 is a moment.")),
            NumberRange(0, 1000, message=_("Give a length of 0 to 1,000 days.")),
        ],
    )
    days_of = SelectField(_("Whose days"), validators=[InputRequired(_("Choose whose days are counted."))])
    not_before = DateField(
        _("Not before"), description=_("It starts then or later."), validators=[Optional()]
    )
    not_after = DateField(_("Not after"), description=_("It is finished by then."), validators=[Optional()])
    exactly = DateField(_("Exactly on"), description=_("It starts on that day."), validators=[Optional()])
    reason = StringField(
        _("Reason"),
        description=_("The history keeps it."),
        validators=[Optional(), Length(max=300, message=_("Say it in at most 300 characters."))],
    )


class AddLink(Form):
    """Let a milestone wait for another one."""

    predecessor = SelectField(
        _("Waits for"), coerce=int, validators=[InputRequired(_("Choose a milestone."))]
    )
    kind = SelectField(_("How"), validators=[InputRequired(_("Choose which end waits for which."))])
    lag = WholeNumber(
        _("How much later"),
        description=_("0 is at once; a number below 0 is earlier."),
        default=0,
        validators=[InputRequired(_("Give a whole number; 0 is at once."))],
    )
    unit = SelectField(_("Counted in"), validators=[InputRequired(_("Choose what the number counts."))])


class Split(Form):
    """Make two milestones of one."""

    first = WholeNumber(
        _("Days of the first part"), validators=[InputRequired(_("Give the days of the first part."))]
    )
    name = StringField(
        _("Name of the second part"),
        validators=[DataRequired(_("Give the second part a name.")), Length(max=120)],
    )
    name_german = StringField(
        _("The same in German"),
        description=_("For customers who read German; left empty they read the English name."),
        validators=[Optional(), Length(max=120)],
    )


class AddMilestone(Form):
    """Take a milestone into one project's plan that its playbook does not know."""

    name = StringField(_("Name"), validators=[DataRequired(_("Give the milestone a name.")), Length(max=120)])
    name_german = StringField(
        _("The same in German"),
        description=_("For customers who read German; left empty they read the English name."),
        validators=[Optional(), Length(max=120)],
    )
    workdays = WholeNumber(
        _("Length"),
        default=1,
        description=_("0 is a moment."),
        validators=[
            InputRequired(_("Give the length in days; 0 is a moment.")),
            NumberRange(0, 1000, message=_("Give a length of 0 to 1,000 days.")),
        ],
    )
    days_of = SelectField(_("Whose days"), validators=[InputRequired(_("Choose whose days are counted."))])
    after = SelectField(_("Waits for"), coerce=int, validators=[InputRequired()])
    before = SelectField(_("Holds up"), coerce=int, validators=[InputRequired()])
    team = SelectField(_("Team"), validators=[InputRequired()])
    audience = SelectField(_("Seen by"), validators=[InputRequired()])
    visit = SelectField(_("Visit"), validators=[Optional()])


def _expected_on() -> DateField:
    return DateField(
        _("Expected to go on"),
        description=_("The first day of work; leave it empty when nobody knows."),
        validators=[Optional()],
    )


_FIRST_ON = DateField(
    _("From"), validators=[DataRequired(_("Choose the first day on which the project rests."))]
)  # made before the other fields of its form, so that its error stands before theirs


class BulkHold(Form):
    """Let projects rest from today."""

    expected_on = _expected_on()
    party = SelectField(_("Who asks for it"), validators=[InputRequired(_("Choose who asks for it."))])
    cause = SelectField(_("Cause"), validators=[InputRequired(_("Choose a cause."))])
    reason = TextAreaField(
        _("Reason"),
        validators=[
            DataRequired(_("Say in a few words why work rests.")),
            Length(max=500, message=_("Say it in at most 500 characters.")),
        ],
    )


class PutOnHold(BulkHold):
    """Let one project rest, from a day that may be past."""

    first_on = _FIRST_ON


class ExpectResume(Edited):
    """Say when a project that rests is expected to go on."""

    expected_on = _expected_on()


class Resume(Form):
    """Let a project go on."""

    on = DateField(
        _("First day of work"), validators=[DataRequired(_("Choose the first day on which work went on."))]
    )


class RequireGoLive(Edited):
    """Say by when the customer needs to go live, and from which end the plan is counted."""

    required_on = DateField(
        _("Required go-live"),
        description=_("Leave it empty when the customer requires none."),
        validators=[Optional()],
    )
    counting = RadioField(_("How the plan is counted"), validators=[InputRequired(_("Choose one of them."))])


class WithReason(Form):
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


class KeepPlan(Form):
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


class Decide(Form):
    """Accept what an order document asks, or leave the plan as it is."""

    reason = StringField(
        _("Reason"),
        description=_("Needed to leave the plan as it is."),
        validators=[Optional(), Length(max=500)],
    )


class Note(Edited):
    """Write something down for the staff."""

    text = TextAreaField(
        _("Note"),
        description=_("For colleagues; customers never see it."),
        validators=[
            DataRequired(_("Write down what your colleagues should know.")),
            Length(max=8000, message=_("Say it in at most 8,000 characters.")),
        ],
    )


class RecordUnit(Form):
    """Note the serial number on an instrument or part."""

    line = SelectField(
        _("Unit"), coerce=int, validators=[InputRequired(_("Choose what carries the number."))]
    )
    serial = StringField(
        _("Serial number"),
        validators=[
            DataRequired(_("Type the serial number as it stands on the unit.")),
            Length(max=60, message=_("A serial number has at most 60 characters.")),
        ],
    )


class Reassign(Form):
    """Make somebody accountable for a milestone."""

    team = SelectField(_("Team"), validators=[InputRequired()])
    owner = SelectField(_("Person"), coerce=int, validators=[InputRequired()])


class GiveTo(Edited):
    """Let another concierge look after a project."""

    concierge = SelectField(_("Concierge"), coerce=int, validators=[InputRequired()])


class DelayForm(Edited):
    """Say what costs days, whose it is, and from when to when."""

    milestone = SelectField(
        _("What it holds up"), coerce=int, validators=[InputRequired(_("Choose what it holds up."))]
    )
    cause = SelectField(_("Cause"), validators=[InputRequired(_("Choose a cause."))])
    party = SelectField(_("Whose it is"), validators=[InputRequired(_("Choose whose it is."))])
    team = SelectField(
        _("Our team"), description=_("Needed when it is ours, unused otherwise."), validators=[Optional()]
    )
    first_on = DateField(
        _("First day"), validators=[DataRequired(_("Choose the first day that it cost or costs."))]
    )
    last_on = DateField(
        _("Last day"), description=_("Leave it empty while it lasts."), validators=[Optional()]
    )
    reason = TextAreaField(
        _("What happened"),
        validators=[
            DataRequired(_("Say in a few words what happened.")),
            Length(max=1000, message=_("Say it in at most 1,000 characters.")),
        ],
    )


class EndDelay(Form):
    """Say on which day a delay ended."""

    ended_on = DateField(_("Last day"), validators=[DataRequired(_("Choose the last day that it cost."))])


class WithdrawDelay(Form):
    """Take back a delay that was entered by mistake."""

    why = StringField(
        _("Why it was wrong"),
        validators=[DataRequired(_("Say in a few words why it was wrong.")), Length(max=300)],
    )


class DelayFile(Form):
    """A file that shows a delay."""

    file = FileField(
        _("Photo, letter or record"),
        description=_("PDF, photo, table or text, up to 20 MB."),
        validators=[FileRequired(_("Choose a file."))],
    )
    file_note = StringField(_("What it shows"), validators=[Optional(), Length(max=200)])


class DelayLink(Form):
    """An event of the history, or a page elsewhere, that shows a delay."""

    event = SelectField(_("From the history"), coerce=int, validators=[InputRequired()])
    url = StringField(
        _("Or an address"),
        description=_("A tracking page, or a document in another system."),
        validators=[Optional(), Length(max=500, message=_("Give an address of at most 500 characters."))],
    )
    link_note = StringField(_("What it shows"), validators=[Optional(), Length(max=200)])


class DelayCommentForm(Form):
    """What a party says to a delay."""

    says = SelectField(_("Who says it"), validators=[InputRequired(_("Choose who says it."))])
    who = StringField(_("Name"), validators=[DataRequired(_("Say who said it, by name.")), Length(max=120)])
    text = TextAreaField(
        _("What was said"), validators=[DataRequired(_("Write down what was said.")), Length(max=2000)]
    )


class SaveView(Form):
    """Keep a list under a name."""

    name = StringField(
        _("Name"),
        validators=[
            DataRequired(_("Give the view a name.")),
            Length(max=60, message=_("Use at most 60 characters.")),
        ],
    )
    is_shared = BooleanField(_("Share it with everybody here"))
    address = HiddenField()


class BulkAssign(Form):
    """Let another concierge look after the selected projects."""

    concierge = SelectField(_("Concierge"), coerce=int, validators=[InputRequired(_("Choose a concierge."))])


class BulkShift(Form):
    """Move what comes next in the selected projects."""

    workdays = WholeNumber(
        _("Working days"),
        description=_("Of each site’s own calendar; a negative number is sooner, as far as the plan allows."),
        validators=[
            InputRequired(_("Say by how many working days.")),
            NoneOf([0], message=_("Say by how many working days.")),
            NumberRange(-250, 250, message=_("Give a number from −250 to 250.")),
        ],
    )
    reason = StringField(
        _("Reason"),
        description=_("The history of each project keeps it."),
        validators=[
            DataRequired(_("Say in a few words why.")),
            Length(max=300, message=_("Say it in at most 300 characters.")),
        ],
    )


class BulkPlain(Form):
    """An act that needs nothing but the selected projects."""


class ImportProjects(Form):
    """A sheet of running projects."""

    file = FileField(
        _("Sheet"),
        description=_("CSV with a heading, at most 5,000 projects."),
        validators=[FileRequired(_("Choose a file."))],
    )
