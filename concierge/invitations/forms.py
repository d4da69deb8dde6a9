"""Forms of invitations: what somebody who is invited answers, and what staff decide."""

from datetime import date, datetime, time
from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import DateField, HiddenField, SelectField, TextAreaField, TimeField
from wtforms.fields import SelectChoice  # type: ignore[attr-defined]  # newer than its stubs
from wtforms.validators import InputRequired, Length

from concierge.core.worktime import WorkCalendar
from concierge.invitations.states import Reply
from concierge.platform.forms import Form
from concierge.visits.clocks import EndsTooEarly, NoSuchTime, Stay, followed, stay
from concierge.visits.models import Visit

LONGEST_COMMENT = 2000
NO_DAY = date(2000, 1, 1)


class AnswerInvitation(Form):
    """Yes, maybe or no."""

    answer = SelectField(
        choices=[
            SelectChoice(reply.value, reply.value)
            for reply in (Reply.ACCEPTED, Reply.TENTATIVE, Reply.DECLINED)
        ]
    )
    comment = TextAreaField(_l("A word to us, if you like"), validators=[Length(max=LONGEST_COMMENT)])
    sequence = HiddenField()


class AnotherTime(Form):
    """When the visit would suit better; wall time at the site."""

    start_on = DateField(_l("Day"), validators=[InputRequired(_l("Choose a day."))])
    start_time = TimeField(_l("From"), validators=[InputRequired(_l("Enter a time, such as 09:00."))])
    wish = TextAreaField(_l("Why, if you like"), validators=[Length(max=LONGEST_COMMENT)])
    sequence = HiddenField()

    visit: Visit
    calendar: WorkCalendar
    """Which visit, and the working days at its site; both set before the form is validated, with the present."""
    now: datetime | None = None

    @property
    def when(self) -> Stay:
        """The instants that are meant: as many working days as now. Only for a form without errors."""
        before, on = self.visit.starts_local, self.start_on.data or NO_DAY
        starts = datetime.combine(on, self.start_time.data or time())
        if self.visit.ends_local.date() == before.date():
            return stay(starts, starts + (self.visit.ends_local - before), zone=self.visit.zone)
        _start, ends = followed(
            before, self.visit.ends_local, before=before.date(), after=on, calendar=self.calendar
        )
        return stay(starts, ends, zone=self.visit.zone)

    def validate(self, extra_validators: Any = None) -> bool:  # Any: as WTForms declares it
        """Check the fields, then whether the clocks at the site show such a time, and whether it is to come."""
        if not super().validate(extra_validators):
            return False
        try:
            when = self.when
        except (NoSuchTime, EndsTooEarly) as refusal:
            self.start_time.errors = [*self.start_time.errors, refusal.sentence]
            return False
        if self.now is not None and when.starts_at <= self.now:
            self.start_on.errors = [*self.start_on.errors, _l("This time has passed. Choose one to come.")]
            return False
        return True


class TakeTime(Form):
    """Move the visit to a time that was asked for."""

    conflict_reason = TextAreaField(
        _l("Why they go all the same"),
        description=_l(
            "Needed only when somebody is elsewhere, away, taken by their own calendar, or not certified then."
        ),
        validators=[Length(max=500)],
    )


class Press(Form):
    """A button."""
