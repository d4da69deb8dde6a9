"""Forms of the checklist. What is typed is read and judged by the action."""

from collections.abc import Sequence

from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField, FileRequired
from wtforms import DateField, Field, HiddenField, RadioField, StringField, TextAreaField
from wtforms.fields import SelectChoice  # type: ignore[attr-defined]  # newer than its stubs
from wtforms.validators import InputRequired, Length, Optional

from concierge.catalogue.states import ItemType
from concierge.platform.clashes import Edited
from concierge.platform.forms import Form

_COMMENT = _l("Comment")
_SAY = _l("Who said so, or what has to be known about it.")


class AnswerForm(Edited):
    """What every answer carries; `answer` differs by kind."""

    comment = TextAreaField(_COMMENT, description=_SAY, validators=[Length(max=2000)])

    answer: Field
    """Of the kind that the item asks for."""


class ConfirmForm(AnswerForm):
    """Yes, or not yet."""

    answer = RadioField(
        _l("Is it so?"),
        choices=[SelectChoice("yes", _l("Yes")), SelectChoice("no", _l("Not yet"))],
        validators=[InputRequired(_l("Choose yes or not yet."))],
    )


class MeasureForm(AnswerForm):
    """A number, in any unit of its kind."""

    answer = StringField(
        _l("Measured value"), validators=[InputRequired(_l("Enter the measured value.")), Length(max=80)]
    )


class ChoiceForm(AnswerForm):
    """One of several."""

    answer = RadioField(_l("Which one?"), validators=[InputRequired(_l("Choose one of the answers."))])


class DayForm(AnswerForm):
    """A day."""

    answer = DateField(_l("Day"), validators=[InputRequired(_l("Enter a day, such as 27 Nov 2026."))])


class TextForm(AnswerForm):
    """Words."""

    answer = TextAreaField(_l("Answer"), validators=[InputRequired(_l("Write an answer.")), Length(max=2000)])


class FileForm(Form):
    """A file that proves it."""

    file = FileField(
        _l("Photo, log or certificate"),
        description=_l("PDF, photo, table or text, up to 20 MB."),
        validators=[FileRequired(_l("Choose a file."))],
    )


class AcceptForm(Form):
    """That an answer counts."""

    accept_comment = TextAreaField(
        _l("Why it will do"),
        description=_l("Needed only when the answer is not within what was asked for."),
        validators=[Optional(), Length(max=2000)],
    )
    version = HiddenField()


class ReopenForm(Form):
    """That an answer does not hold."""

    reason = TextAreaField(
        _l("Reason"),
        description=_l("The customer reads it beside the point."),
        validators=[InputRequired(_l("Say what has to be done again.")), Length(max=2000)],
    )
    version = HiddenField()


_FORMS: dict[ItemType, type[AnswerForm]] = {
    ItemType.CONFIRM: ConfirmForm,
    ItemType.MEASURE: MeasureForm,
    ItemType.CHOICE: ChoiceForm,
    ItemType.DATE: DayForm,
    ItemType.TEXT: TextForm,
}


def answer_form(
    kind: ItemType,
    choices: Sequence[tuple[str, str]],
    *,
    shown: object = None,
    comment: str = "",
    sent: bool,
) -> AnswerForm | None:
    """The form for a kind of item; `None` when it is answered by a file, or not at all.

    :param choices: code and words of each, for a choice.
    :param shown: what stands in the field at first.
    :param comment: what stands in the comment at first.
    :param sent: whether the request carries this form.
    """
    made = _FORMS.get(kind)
    if made is None:
        return None
    held = {"answer": shown, "comment": comment}
    form = made(data=held) if sent else made(formdata=None, data=held)
    if isinstance(form, ChoiceForm):
        form.answer.choices = [SelectChoice(code, words) for code, words in choices]
    return form
