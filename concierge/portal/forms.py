"""Forms of the customer's page. What is typed is read and judged by the action; here it is brought into one line."""

import re
from collections.abc import Sequence
from datetime import date
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField, FileRequired, MultipleFileField
from werkzeug.datastructures import FileStorage
from wtforms import (
    EmailField,
    HiddenField,
    RadioField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
    ValidationError,
)
from wtforms.fields import SelectChoice  # type: ignore[attr-defined]  # newer than its stubs
from wtforms.validators import DataRequired, InputRequired, Length, Optional
from wtforms.widgets import CheckboxInput, ListWidget

from concierge.catalogue.states import Evidence, ItemType
from concierge.core import units
from concierge.platform.forms import FIRST_DAY, LAST_DAY, Form
from concierge.readiness import plan
from concierge.readiness.models import ReadinessItem
from concierge.readiness.states import Decision

_MAIL = re.compile(r"[^@\s<>,;\"]{1,64}@[^@\s<>,;\"]+\.[^@\s<>,;\"]{2,}")
NAME = _l("Enter your name.")


def is_mail_address(_form: object, field: Any) -> None:  # Any: WTForms' own field
    """Refuse what no letter can be sent to.

    :raises ValidationError: when it is none.
    """
    if not _MAIL.fullmatch((field.data or "").strip()):
        raise ValidationError(_("Enter a mail address, such as name@example.com."))


class ResendForm(Form):
    """Ask for one's link once more."""

    email = EmailField(
        _l("Your mail address"),
        description=_l("The one that we write to."),
        validators=[InputRequired(_l("Enter your mail address.")), Length(max=254), is_mail_address],
    )


class CodeForm(Form):
    """The six digits that came by mail."""

    code = StringField(
        _l("Code"),
        description=_l("Six digits, from the mail that we have just sent you."),
        validators=[InputRequired(_l("Enter the six digits.")), Length(max=20)],
    )


class HandOnForm(Form):
    """A colleague who sees to a section."""

    name = StringField(
        _l("Your colleague’s name"), validators=[InputRequired(_l("Enter a name.")), Length(max=120)]
    )
    email = EmailField(
        _l("Their mail address"),
        description=_l("They get a link of their own that shows only this section."),
        validators=[InputRequired(_l("Enter a mail address.")), Length(max=254), is_mail_address],
    )
    note = TextAreaField(
        _l("What they should know"),
        description=_l("Goes into the mail, in your words. You may leave it out."),
        validators=[Optional(), Length(max=1000)],
    )


class QuestionForm(Form):
    """A question, or anything else that is written to us."""

    text = TextAreaField(
        _l("Your message"), validators=[DataRequired(_l("Write your message.")), Length(max=2000)]
    )


class WishForm(Form):
    """When somebody could come, if none of the times suits."""

    wish = TextAreaField(
        _l("Which days or times suit you?"),
        validators=[DataRequired(_l("Write which days or times suit you.")), Length(max=1000)],
    )


class CallOffForm(Form):
    """Why nobody shall come."""

    reason = TextAreaField(
        _l("Why do you cancel?"),
        description=_l("A few words, so that we can find a better time."),
        validators=[
            DataRequired(_l("Say in a few words why, so that we can find a better time.")),
            Length(max=500),
        ],
    )


class SignForm(Form):
    """A name under a sentence."""

    name = StringField(_l("Your name"), validators=[InputRequired(NAME), Length(max=120)])
    title = StringField(
        _l("Your role"),
        description=_l("Such as laboratory manager. You may leave it out."),
        validators=[Optional(), Length(max=80)],
    )


class DecideForm(SignForm):
    """A name under the whole list, with what it says of the site."""

    decision = RadioField(
        _l("What is true of your site?"),
        choices=[
            SelectChoice(Decision.READY.value, _l("It is ready")),
            SelectChoice(Decision.WITH_CONDITIONS.value, _l("It is ready, with conditions")),
            SelectChoice(Decision.NOT_READY.value, _l("It is not ready yet")),
        ],
        validators=[InputRequired(_l("Choose what is true of your site."))],
    )
    conditions = TextAreaField(
        _l("Conditions"),
        description=_l("What still has to happen, and by when. Needed when there are conditions."),
        validators=[Length(max=2000)],
    )

    def validate_conditions(self, field: Any) -> None:  # Any: WTForms' own field
        """Ask for the conditions where there are some.

        :raises ValidationError: when they are not said.
        """
        if self.decision.data == Decision.WITH_CONDITIONS.value and not (field.data or "").strip():
            raise ValidationError(_("Write the conditions."))


class ReplyForm(Form):
    """An answer to a point, with what shows it; the kinds of points add what they ask for."""

    photo = MultipleFileField(_l("Take a photo"), validators=[Optional()])
    file = MultipleFileField(_l("Choose files"), validators=[Optional()])
    comment = TextAreaField(
        _l("Anything we should know"),
        description=_l("You may leave it out."),
        validators=[Optional(), Length(max=2000)],
    )
    seen = HiddenField()

    is_optional = False
    """Whether files alone will do."""

    @property
    def typed(self) -> str:
        """The answer in one line, as the action reads it; empty when none was given."""
        return ""

    @property
    def files(self) -> list[FileStorage]:
        """The files that were chosen."""
        return [
            one
            for field in (self.photo, self.file)
            for one in field.data or ()
            if isinstance(one, FileStorage) and one.filename
        ]

    @property
    def seen_id(self) -> int:
        """The answer that the page showed; 0 for none."""
        given = self.seen.data or ""
        return int(given) if given.isascii() and given.isdigit() and len(given) < 12 else 0


class ConfirmReply(ReplyForm):
    """Yes, or not yet."""

    answer = RadioField(
        _l("Is it so?"),
        choices=[SelectChoice("yes", _l("Yes")), SelectChoice("no", _l("Not yet"))],
        validators=[InputRequired(_l("Choose yes or not yet."))],
    )

    @property
    def typed(self) -> str:
        """Yes or no."""
        return self.answer.data or ""


class MeasureReply(ReplyForm):
    """A number and its unit."""

    answer = StringField(
        _l("Measured value"), validators=[InputRequired(_l("Enter the measured value.")), Length(max=60)]
    )
    unit = SelectField(_l("Unit of measure"), validators=[Optional()], validate_choice=True)

    @property
    def typed(self) -> str:
        """The number with its unit; one that was typed behind it goes before the chosen one."""
        return plan.with_unit(self.answer.data or "", self.unit.data or "")


class ChoiceReply(ReplyForm):
    """One of several."""

    answer = RadioField(_l("Which one?"), validators=[InputRequired(_l("Choose one of the answers."))])

    @property
    def typed(self) -> str:
        """The code of what was chosen."""
        return self.answer.data or ""


class MultiReply(ReplyForm):
    """Some of several."""

    answer = SelectMultipleField(
        _l("Which ones?"),
        validators=[InputRequired(_l("Choose at least one of the answers."))],
        option_widget=CheckboxInput(),
        widget=ListWidget(prefix_label=False),
    )

    @property
    def typed(self) -> str:
        """The codes of what was chosen."""
        return ", ".join(self.answer.data or ())


class TextReply(ReplyForm):
    """Words."""

    answer = TextAreaField(
        _l("Your answer"), validators=[InputRequired(_l("Write an answer.")), Length(max=2000)]
    )

    @property
    def typed(self) -> str:
        """The words."""
        return self.answer.data or ""


class SignatureReply(ReplyForm):
    """A typed name."""

    answer = StringField(
        _l("Your full name"),
        description=_l("Typing it signs this point."),
        validators=[InputRequired(NAME), Length(max=120)],
    )

    @property
    def typed(self) -> str:
        """The name."""
        return self.answer.data or ""


class DayReply(ReplyForm):
    """A day, in three fields."""

    day = StringField(_l("Day"), validators=[Length(max=4)])
    month = StringField(_l("Month"), validators=[Length(max=4)])
    year = StringField(_l("Year"), validators=[Length(max=6)])

    found: date | None = None
    order: tuple[str, ...] = ("day", "month", "year")
    """In which the reader's country writes the three."""

    def validate_year(self, field: Any) -> None:  # Any: WTForms' own field
        """Bring the three together.

        :raises ValidationError: when they are no day.
        """
        parts = [(one.data or "").strip() for one in (self.year, self.month, self.day)]
        try:
            self.found = date(*(int(part) for part in parts))
            if not FIRST_DAY <= self.found <= LAST_DAY:
                raise ValueError
        except ValueError:
            raise ValidationError(
                {
                    "day": _("Enter a day, such as 27 11 2026."),
                    "month": _("Enter a day, such as 11 27 2026."),
                    "year": _("Enter a day, such as 2026 11 27."),
                }[self.order[0]]
            ) from None

    @property
    def typed(self) -> str:
        """The day as year-month-day."""
        return self.found.isoformat() if self.found else ""


class FileReply(ReplyForm):
    """Files alone."""

    is_optional = True


class ReturnForm(Form):
    """The filled-in PDF."""

    file = FileField(
        _l("The filled-in PDF, or photos of the pages"),
        description=_l("Up to 20 MB."),
        validators=[FileRequired(_l("Choose a file."))],
    )


_FORMS: dict[ItemType, type[ReplyForm]] = {
    ItemType.CONFIRM: ConfirmReply,
    ItemType.MEASURE: MeasureReply,
    ItemType.CHOICE: ChoiceReply,
    ItemType.MULTI: MultiReply,
    ItemType.TEXT: TextReply,
    ItemType.DATE: DayReply,
    ItemType.SIGNATURE: SignatureReply,
    ItemType.UPLOAD: FileReply,
}


def reply_form(
    item: ReadinessItem,
    choices: Sequence[tuple[str, str]],
    *,
    value: str,
    comment: str,
    seen: int,
    country: str,
    day_order: tuple[str, str, str],
    is_sent: bool,
) -> ReplyForm | None:
    """The form of a point, filled with the answer that counts; None when nothing is asked.

    :param choices: code and words of each, for a choice.
    :param value: the answer that counts, as it was typed.
    :param seen: its number; 0 for none.
    :param country: of the site, whose units are offered first.
    :param day_order: in which day, month and year are written.
    :param is_sent: whether the request carries this form.
    """
    kind = _FORMS.get(item.type)
    if kind is None:
        return None
    held: dict[str, object] = {"comment": comment, "seen": str(seen)}
    match item.type:
        case ItemType.MEASURE:
            number, unit = plan.parted(value)
            held |= {"answer": number, "unit": unit or plan.unit_for(item, country=country)}
        case ItemType.MULTI:
            held["answer"] = [part.strip() for part in value.split(",") if part.strip()]
        case ItemType.DATE if value:
            year, month, day = value.split("-")
            held |= {"year": year, "month": month.lstrip("0"), "day": day.lstrip("0")}
        case _:
            held["answer"] = value or None
    form = kind(data=held) if is_sent else kind(formdata=None, data=held)
    if isinstance(form, ChoiceReply | MultiReply):
        form.answer.choices = [SelectChoice(code, said) for code, said in choices]
    if isinstance(form, DayReply):
        form.order = day_order
    if isinstance(form, MeasureReply):
        form.unit.choices = [SelectChoice(one, one) for one in units_for(item, country)]
    return form


def units_for(item: ReadinessItem, country: str) -> tuple[str, ...]:
    """The units in which a measure can be typed, the one that is usual there first."""
    if not units.is_known(item.unit):  # a unit of the playbook's own, or none
        return (item.unit,) if item.unit else ()
    quantity = units.unit_of(item.unit).quantity
    others = [symbol for symbol, unit in units.UNITS.items() if unit.quantity is quantity]
    return tuple(
        one for one in dict.fromkeys((plan.unit_for(item, country=country), item.unit, *others)) if one
    )


def wants_file_only(item: ReadinessItem) -> bool:
    """Whether a point is answered by files alone."""
    return item.type is ItemType.UPLOAD


def needs_file(item: ReadinessItem) -> bool:
    """Whether an answer does not count without a file."""
    return item.type is ItemType.UPLOAD or item.evidence_need is Evidence.REQUIRED


class GiveLinkForm(Form):
    """Whom of the customer's people we give a link; for our own people."""

    contact_id = SelectField(
        _l("Who gets a link"), coerce=int, validators=[InputRequired(_l("Choose a person."))]
    )


class AnswerQuestionForm(Form):
    """Our answer to a customer's question."""

    answer = TextAreaField(_l("Answer"), validators=[InputRequired(_l("Write an answer.")), Length(max=4000)])


class MessageForm(Form):
    """What one of ours writes to the customer."""

    link_id = SelectField(
        _l("Who gets it by mail"),
        description=_l("Everybody who sees the whole page reads it there."),
        coerce=int,
        validators=[InputRequired(_l("Choose a person."))],
    )
    text = TextAreaField(_l("Message"), validators=[DataRequired(_l("Write a message.")), Length(max=4000)])
