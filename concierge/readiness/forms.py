"""Forms of the checklist. What is typed is read and judged by the action."""

from collections.abc import Sequence

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField, FileRequired
from wtforms import (
    BooleanField,
    DateField,
    Field,
    HiddenField,
    MultipleFileField,
    RadioField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)
from wtforms.fields import SelectChoice  # type: ignore[attr-defined]  # newer than its stubs
from wtforms.validators import InputRequired, Length, Optional, ValidationError
from wtforms.widgets import CheckboxInput, ListWidget

from concierge.catalogue.states import ItemType
from concierge.platform.clashes import Edited
from concierge.platform.forms import Form
from concierge.readiness.states import Decision

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


class MultiForm(AnswerForm):
    """One or more of several."""

    answer = SelectMultipleField(
        _l("Which ones?"),
        validators=[InputRequired(_l("Choose one or more of the answers."))],
        widget=ListWidget(prefix_label=False),
        option_widget=CheckboxInput(),
    )


class NameForm(AnswerForm):
    """A name as a signature."""

    answer = StringField(
        _l("Name of who signs"),
        validators=[InputRequired(_l("Type the name of who signs.")), Length(max=120)],
    )


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


class WaiverForm(Form):
    """That shipping does not wait for an open point."""

    waiver_name = StringField(
        _l("Who answers for it"),
        description=_l("A person by name, ours or the customer’s."),
        validators=[InputRequired(_l("Say who answers for it, by name.")), Length(max=120)],
    )
    waiver_reason = TextAreaField(
        _l("Reason"),
        validators=[InputRequired(_l("Say why delivery need not wait for it.")), Length(max=2000)],
    )
    expires_on = DateField(
        _l("Last day"), validators=[InputRequired(_l("Enter a day, such as 27 Nov 2026."))]
    )
    version = HiddenField()


class AssessmentForm(Form):
    """A judgement of the whole site, signed."""

    signed_name = StringField(
        _l("Your name"),
        description=_l("Typed as a signature under what stands on this page now."),
        validators=[InputRequired(_l("Type your name to sign.")), Length(min=2, max=120)],
    )
    note = TextAreaField(_l("Note"), validators=[Optional(), Length(max=2000)])


class SignatureForm(Form):
    """A name under a judgement that is there."""

    signature = StringField(
        _l("Your name"), validators=[InputRequired(_l("Type your name to sign.")), Length(min=2, max=120)]
    )


PHONE, BESIDE, OURS = "phone", "beside", "ours"
"""Who signs with one of ours at the screen: the customer on the phone or side by side, or our own person."""


class SignHereForm(Form):
    """A name under a section or the whole list, typed by one of ours."""

    who = RadioField(_l("Who signs?"), validators=[InputRequired(_l("Choose who signs."))])
    decision = RadioField(
        _l("What is true of the site?"),
        choices=[
            SelectChoice(Decision.READY.value, _l("It is ready")),
            SelectChoice(Decision.WITH_CONDITIONS.value, _l("It is ready, with conditions")),
            SelectChoice(Decision.NOT_READY.value, _l("It is not ready yet")),
        ],
        validators=[InputRequired(_l("Choose what is true of the site."))],
    )
    conditions = TextAreaField(
        _l("Conditions"),
        description=_l("What still has to happen, and by when. Needed when there are conditions."),
        validators=[Length(max=2000)],
    )
    signer = StringField(
        _l("Name of who signs"),
        validators=[InputRequired(_l("Type the name of who signs.")), Length(min=2, max=120)],
    )
    title = StringField(
        _l("Their role"),
        description=_l("Such as laboratory manager. You may leave it out."),
        validators=[Optional(), Length(max=80)],
    )

    def validate_conditions(self, field: TextAreaField) -> None:
        """Ask for the conditions where there are some.

        :raises ValidationError: when they are not said.
        """
        chosen = self.decision.data if self.decision is not None else ""
        if chosen == Decision.WITH_CONDITIONS.value and not (field.data or "").strip():
            raise ValidationError(_l("Write the conditions."))


def sign_here_form(*, is_list: bool, ours: str, is_sent: bool) -> SignHereForm:
    """The form for a section, or for the whole list, which only the customer declares ready.

    :param ours: who of ours is at the screen.
    """
    form = SignHereForm() if is_sent else SignHereForm(formdata=None)
    form.who.choices = [
        SelectChoice(PHONE, _l("The customer, on the phone with me")),
        SelectChoice(BESIDE, _l("The customer, beside me at this screen")),
    ]
    if is_list:
        return form
    form.who.choices.append(SelectChoice(OURS, _("I do, %(name)s", name=ours)))
    del form.decision, form.conditions
    return form


class ThawForm(Form):
    """Why answers may change freely again."""

    thaw_reason = StringField(
        _l("Reason"),
        description=_l("It stays in the history with your name."),
        validators=[InputRequired(_l("Say why answers may change again.")), Length(max=500)],
    )


_FORMS: dict[ItemType, type[AnswerForm]] = {
    ItemType.CONFIRM: ConfirmForm,
    ItemType.MEASURE: MeasureForm,
    ItemType.CHOICE: ChoiceForm,
    ItemType.DATE: DayForm,
    ItemType.TEXT: TextForm,
    ItemType.MULTI: MultiForm,
    ItemType.SIGNATURE: NameForm,
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

    :param choices: code and words of each, for a choice of one or of several.
    :param shown: what stands in the field at first.
    :param comment: what stands in the comment at first.
    :param sent: whether the request carries this form.
    """
    made = _FORMS.get(kind)
    if made is None:
        return None
    held = {"answer": shown, "comment": comment}
    form = made(data=held) if sent else made(formdata=None, data=held)
    if isinstance(form, ChoiceForm | MultiForm):
        form.answer.choices = [SelectChoice(code, words) for code, words in choices]
    return form


class ReturnForm(Form):
    """Filled-in checklists that came back."""

    files = MultipleFileField(
        _l("Filled-in checklist"),
        description=_l("The PDF that was filled in, or a scan or photos of the pages, up to 20 MB each."),
    )

    def validate_files(self, field: MultipleFileField) -> None:
        """Refuse to send nothing, or more than one person looks through."""
        chosen = [one for one in field.data or () if getattr(one, "filename", "")]
        if not chosen:
            raise ValidationError(_l("Choose a file."))
        if len(chosen) > MOST_RETURNED:
            raise ValidationError(_("Choose at most %(most)s files at once.", most=MOST_RETURNED))


MOST_RETURNED = 12


class TypedForm(Form):
    """What a person reads in the pictures of a returned checklist; a pair of fields for each item."""

    is_done = BooleanField(_l("That is all of it: the file is dealt with"))


class Press(Form):
    """A button."""


def typed_form(
    items: Sequence[tuple[str, str, ItemType, Sequence[tuple[str, str]]]], *, is_sent: bool
) -> TypedForm:
    """The form for what stands in pictures.

    :param items: for each item its id, the words of its requirement, its kind and its choices with their words.
    :param is_sent: whether the request carries this form.
    """
    made: dict[str, Field] = {}
    for item_id, words, kind, choices in items:
        match kind:
            case ItemType.CONFIRM:
                shown = [("", ""), ("yes", _l("Yes")), ("no", _l("Not yet"))]
                made[f"answer_{item_id}"] = SelectField(
                    words, choices=_choices(shown), validators=[Optional()]
                )
            case ItemType.MULTI:
                made[f"answer_{item_id}"] = SelectMultipleField(words, choices=_choices(choices))
            case ItemType.CHOICE:
                made[f"answer_{item_id}"] = SelectField(
                    words, choices=_choices([("", ""), *choices]), validators=[Optional()]
                )
            case _:
                made[f"answer_{item_id}"] = StringField(words, validators=[Length(max=2000)])
        made[f"comment_{item_id}"] = StringField(_COMMENT, validators=[Length(max=2000)])
    form: type[TypedForm] = type("TypedForm", (TypedForm,), made)  # a class of its own for each list
    return form() if is_sent else form(formdata=None)


def _choices(pairs: Sequence[tuple[str, object]]) -> list[SelectChoice]:
    return [SelectChoice(code, words) for code, words in pairs]
