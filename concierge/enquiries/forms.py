"""Forms about stock and enquiries."""

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import (
    DateField,
    FieldList,
    FileField,
    FormField,
    HiddenField,
    IntegerField,
    SelectField,
    StringField,
    TextAreaField,
)
from wtforms.fields import RadioField, SelectChoice  # type: ignore[attr-defined]  # newer than its stubs
from wtforms.validators import InputRequired, Length, NumberRange, Optional

from concierge.enquiries.models import MOST_UNITS
from concierge.enquiries.states import Pace, StockState
from concierge.platform.forms import Form, RowForm

MOST_LINES = 12


class LineForm(RowForm):
    """So many units of a product at a place; without a product the line is empty."""

    product = SelectField(_l("Product"), coerce=int, default=0)
    quantity = IntegerField(
        _l("Units"),
        default=1,
        validators=[
            Optional(),
            NumberRange(
                1,
                MOST_UNITS,
                message=_l("Write a number of units from 1 to 40; ask for more in several enquiries."),
            ),
        ],
    )
    options = StringField(
        _l("Sold with it"),
        description=_l("Options, qualification, training: names with a semicolon between."),
        validators=[Length(max=500)],
    )
    site = SelectField(_l("Site"), coerce=int, default=0)
    country = SelectField(_l("Country"), default="")
    subdivision = StringField(_l("State, province or canton"), validators=[Length(max=6)])
    city = StringField(_l("Town"), validators=[Length(max=100)])


class AskForm(Form):
    """How many, where, when?"""

    customer = StringField(
        _l("Customer"),
        description=_l("The name of an account, or of anybody who asks."),
        validators=[InputRequired(_l("Say who asks.")), Length(max=160)],
    )
    reference = StringField(
        _l("Our offer"),
        description=_l("An order that names it takes what is held."),
        validators=[Length(max=120)],
    )
    wanted_on = DateField(
        _l("Wanted by"),
        description=_l("When the customer wants to work with it. May be empty."),
        validators=[Optional()],
    )
    pace = RadioField(
        _l("How they come"),
        choices=[
            SelectChoice(Pace.EACH.value, _l("Each unit as early as it can")),
            SelectChoice(Pace.TOGETHER.value, _l("All units of a site together")),
        ],
        default=Pace.EACH.value,
    )
    note = TextAreaField(_l("Notes"), validators=[Length(max=4000)])
    lines = FieldList(FormField(LineForm), min_entries=2, max_entries=MOST_LINES)


class HoldForm(Form):
    """Hold what was answered."""

    seen = HiddenField()
    pace = HiddenField()


class ReasonForm(Form):
    """Do something for a reason."""

    reason = TextAreaField(
        _l("Why"), validators=[InputRequired(_l("Say in a few words why.")), Length(max=500)]
    )
    version = HiddenField()


class StockForm(Form):
    """What is known of a unit of stock."""

    product = SelectField(_l("Product"), coerce=int)
    count = IntegerField(
        _l("How many"),
        default=1,
        validators=[
            InputRequired(_l("Say how many units.")),
            NumberRange(1, 50, message=_l("Enter between 1 and 50 units at once.")),
        ],
    )
    serial = StringField(
        _l("Serial number"),
        description=_l("As it stands on the nameplate. Empty as long as nobody has read it."),
        validators=[Length(max=80)],
    )
    state = SelectField(
        _l("State"),
        choices=[
            SelectChoice(StockState.ON_HAND.value, _l("On hand")),
            SelectChoice(StockState.EXPECTED.value, _l("Expected")),
        ],
    )
    available_on = DateField(
        _l("Can leave from"), validators=[InputRequired(_l("Choose the day from which it can leave."))]
    )
    place = StringField(
        _l("Where it is"), description=_l("The warehouse or factory."), validators=[Length(max=120)]
    )
    country = SelectField(_l("Country"))
    export_days = IntegerField(
        _l("Days to another country"),
        default=0,
        description=_l("For papers and the way, on top of the playbook's days."),
        validators=[Optional(), NumberRange(0, 365, message=_l("Write a number of days from 0 to 365."))],
    )
    options = StringField(
        _l("Options built in"),
        description=_l("Names with a semicolon between."),
        validators=[Length(max=500)],
    )
    note = TextAreaField(_l("Notes"), validators=[Length(max=1000)])
    version = HiddenField()


class SupplyForm(Form):
    """How long the factory takes."""

    product = SelectField(_l("Product"), coerce=int)
    days = IntegerField(
        _l("Days"),
        description=_l("Calendar days until one more unit can leave the factory. Empty: nobody knows."),
        validators=[Optional(), NumberRange(0, 1000, message=_l("Write a number of days from 1 to 1,000."))],
    )


class ReserveForm(Form):
    """Keep a unit for an order or a project."""

    whom = StringField(
        _l("Order or project"),
        description=_l("The number of an order, or the key of a project."),
        validators=[
            InputRequired(_l("Write the number of an order, or the key of a project.")),
            Length(max=80),
        ],
    )


class StockSheet(Form):
    """A sheet of stock."""

    file = FileField(_l("Sheet"), description=_l("CSV with one unit a row. All of it comes in, or nothing."))

    def data_of(self) -> tuple[bytes, str] | None:
        """The bytes and the name of the file; None when there is none."""
        found = self.file.data
        if not found or not getattr(found, "filename", ""):
            self.file.errors = [_("Choose a file.")]
            return None
        return found.read(20_000_001), found.filename
