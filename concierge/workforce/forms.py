"""Forms about working days: closures of the company, its home office, and who is away."""

from flask_babel import lazy_gettext as _l
from wtforms import SelectField, StringField
from wtforms.fields import SelectChoice  # type: ignore[attr-defined]  # newer than its stubs
from wtforms.validators import InputRequired, Length, Optional, Regexp

from concierge.platform.clashes import Edited
from concierge.platform.day_fields import Days, HalfDays
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
