"""Forms in which playbooks are written. A form gives the part that it describes; what cannot be read is said there."""

import json
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import (
    BooleanField,
    DateField,
    FieldList,
    FormField,
    HiddenField,
    IntegerField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)
from wtforms.validators import InputRequired, Length, NumberRange, Optional, ValidationError
from wtforms.widgets import CheckboxInput, ListWidget

from concierge.catalogue import checking, toml_file, words
from concierge.catalogue.actions.drafting import key_from
from concierge.catalogue.contents import (
    CoursePart,
    FieldPart,
    ItemPart,
    LinkPart,
    MessagePart,
    MilestonePart,
    Part,
    StepPart,
    Texts,
    VisitPart,
)
from concierge.catalogue.states import (
    Anchor,
    Audience,
    DaysOf,
    DueDays,
    Evidence,
    FieldKind,
    GateKind,
    ItemType,
    LagUnit,
    LinkKind,
    MilestoneKind,
    ProductKind,
    Responsible,
    Reviewer,
    Scope,
    Severity,
    StepKind,
    Team,
    VisitKind,
)
from concierge.core.units import read_number
from concierge.platform.database import clean
from concierge.platform.forms import Form, RowForm

SAY = _l("Say it in English; German may follow.")
LONGEST_DAYS, LONGEST_LAG = 999, 400
"""What a milestone may last, and may wait for another, in days."""
MOST_ROWS = 12
MOST_STEPS = 60
MOST_TOOLS = 20
_KEY = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_CODE = re.compile(r"([a-z0-9][a-z0-9_-]{0,58}):\s+(.*)", re.DOTALL)


def _short(length: int, message: Any = None) -> list[Any]:  # Any: lazy text, validators
    return [Length(max=length, message=_l("Say it in at most %(max)d characters."))]


class NewPlaybook(Form):
    """Begin a playbook from nothing."""

    name = StringField(_l("Name"), validators=[InputRequired(_l("Give the playbook a name.")), *_short(120)])
    key = StringField(
        _l("Key"),
        description=_l(
            "Small letters, digits and dashes; files and commands use it. Empty: made from the name."
        ),
        validators=[Optional(), *_short(60)],
    )


class About(Form):
    """What the playbook is called, and what its next version brings."""

    name = StringField(_l("Name"), validators=[InputRequired(_l("Give the playbook a name.")), *_short(120)])
    note = TextAreaField(
        _l("Note"),
        description=_l("What is special about this version; the page shows it."),
        validators=_short(1000),
    )
    basis = HiddenField()


class ImportFile(Form):
    """A playbook as a file, sent or pasted."""

    text = TextAreaField(_l("Or paste its text"), validators=[Optional(), *_short(1024 * 1024)])


class LinkForm(RowForm):
    """What a milestone waits for; no milestone chosen: nothing."""

    predecessor_key = SelectField(_l("Waits for"))
    kind = SelectField(_l("How"))
    lag = IntegerField(
        _l("Time between"), default=0, validators=[Optional(), NumberRange(-LONGEST_LAG, LONGEST_LAG)]
    )
    lag_unit = SelectField(_l("Counted in"))


class StepForm(RowForm):
    """What a technician does at a visit; without a text: nothing."""

    key = HiddenField()
    kind = SelectField(_l("How it is answered"))
    text_en = StringField(_l("What to do, in English"), validators=_short(500))
    text_de = StringField(_l("What to do, in German"), validators=_short(500))
    unit = StringField(_l("Unit of the reading"), validators=_short(20))
    minimum = StringField(_l("At least"), validators=_short(30))
    maximum = StringField(_l("At most"), validators=_short(30))
    is_required = BooleanField(_l("Has to be answered"), default=True)
    place = IntegerField(
        _l("Place"), description=_l("Steps are done in the order of these numbers."), validators=[Optional()]
    )

    def validate_text_en(self, field: Any) -> None:  # Any: WTForms' own field
        """Refuse a step that is only said in German.

        :raises ValidationError: when it is.
        """
        if (self.text_de.data or "").strip() and not (field.data or "").strip():
            raise ValidationError(_("Say each step in English; German may follow."))

    def validate_minimum(self, field: Any) -> None:  # Any: WTForms' own field
        """Refuse what is no number.

        :raises ValidationError: when it is none; the sentence says how to write one.
        """
        _number(field)

    def validate_maximum(self, field: Any) -> None:  # Any: WTForms' own field
        """Refuse what is no number, or less than the other bound.

        :raises ValidationError: when it is; the sentence says what to write.
        """
        most = _number(field)
        try:
            least = _read(self.minimum.data)
        except ValueError:
            return
        if least is not None and most is not None and least > most:
            raise ValidationError(_("“At most” is less than “at least”. Exchange the two."))


class VisitForm(RowForm):
    """Who comes for a milestone; no kind chosen: nobody."""

    kind = SelectField(_l("Kind of visit"))
    title_en = StringField(_l("Title in English"), validators=_short(120))
    title_de = StringField(_l("Title in German"), validators=_short(120))
    skill = StringField(_l("Skill needed"), validators=_short(60))
    minutes = IntegerField(
        _l("Minutes on one day"), default=480, validators=[Optional(), NumberRange(15, 1440)]
    )
    technicians = IntegerField(_l("Technicians"), default=1, validators=[Optional(), NumberRange(0, 20)])
    level = IntegerField(
        _l("Least level of the skill"),
        default=1,
        description=_l("From 1 to 5."),
        validators=[Optional(), NumberRange(1, 5, message=_l("Enter a level from 1 to 5."))],
    )
    tools = TextAreaField(_l("Tools to bring"), description=_l("One a line."), validators=_short(2000))
    needs_customer = BooleanField(_l("Somebody of the customer has to be there"))
    steps = FieldList(FormField(StepForm), max_entries=MOST_STEPS)

    def validate_tools(self, field: Any) -> None:  # Any: WTForms' own field
        """Refuse a list that nobody could carry.

        :raises ValidationError: when there are too many, or one is too long.
        """
        lines = _lines(field.data)
        if len(lines) > MOST_TOOLS or any(len(line) > 60 for line in lines):
            raise ValidationError(
                _("Name at most %(most)d tools, each in at most 60 characters.", most=MOST_TOOLS)
            )


class PartForm(Form):
    """What the forms of all parts share."""

    basis = HiddenField()
    loaded = HiddenField()
    """The part as it was when the form was opened, as JSON."""

    def part(self, key: str) -> Part:
        """The part that the form describes."""
        raise NotImplementedError

    def fill(self, part: Any) -> None:  # Any: the part of this form
        """Show a part."""
        raise NotImplementedError


class MilestoneForm(PartForm):
    """One dated outcome."""

    name_en = StringField(_l("Name in English"), validators=[InputRequired(SAY), *_short(120)])
    name_de = StringField(_l("Name in German"), validators=_short(120))
    kind = SelectField(_l("Achieves"))
    team = SelectField(_l("Accountable"))
    workdays = IntegerField(
        _l("Length in days"),
        default=1,
        description=_l("0 is a moment."),
        validators=[
            InputRequired(_l("Enter the length in days; 0 for a moment.")),
            NumberRange(0, LONGEST_DAYS, message=_l("Enter a whole number of days from 0 to 999.")),
        ],
    )
    days_of = SelectField(_l("Counted in"))
    per_unit = BooleanField(_l("Again for every further unit"))
    just_in_time = BooleanField(_l("As late as its followers allow"))
    scope = SelectField(_l("How often"))
    when_sold = SelectField(_l("In the plan"))
    audience = SelectField(_l("Seen by"))
    links = FieldList(FormField(LinkForm), max_entries=MOST_ROWS)
    visits = FieldList(FormField(VisitForm), max_entries=MOST_ROWS)

    def set_choices(self, others: Sequence[tuple[str, str]]) -> None:
        """Offer the words of the closed lists, and the other milestones to wait for."""
        self.kind.choices = _choices(words.milestone_words())
        self.team.choices = _choices(words.team_words())
        self.days_of.choices = _choices(words.days_of_words())
        self.scope.choices = _choices(words.scope_words())
        self.audience.choices = _choices(words.audience_words())
        self.when_sold.choices = [("", _("always")), *_choices(words.sold_words(), _("when %(what)s"))]
        for row in self.links:
            row.form.predecessor_key.choices = [("", _("nothing")), *others]
            row.form.kind.choices = _choices(words.link_words())
            row.form.lag_unit.choices = _choices(words.lag_words())
        for come in self.visits:
            come.form.kind.choices = [("", _("nobody")), *_choices(words.visit_words())]
            for step in come.form.steps:
                step.form.kind.choices = _choices(words.step_words())

    def fill(self, part: MilestonePart) -> None:
        """Show a milestone, with room for one more link and visit."""
        self.name_en.data, self.name_de.data = part.name.get("en", ""), part.name.get("de", "")
        for name in ("kind", "team", "days_of", "scope", "audience"):
            self[name].data = getattr(part, name).value
        self.workdays.data = part.workdays
        self.per_unit.data, self.just_in_time.data = part.per_unit, part.just_in_time
        self.when_sold.data = part.when_sold.value if part.when_sold else ""
        for link in part.links:
            self.links.append_entry(
                {
                    "predecessor_key": link.predecessor_key,
                    "kind": link.kind.value,
                    "lag": link.lag,
                    "lag_unit": link.lag_unit.value,
                }
            )
        for visit in part.visits:
            self.visits.append_entry(
                {
                    "kind": visit.kind.value,
                    "title_en": visit.title.get("en", ""),
                    "title_de": visit.title.get("de", ""),
                    "skill": visit.skill,
                    "minutes": visit.minutes,
                    "technicians": visit.technicians,
                    "level": visit.level,
                    "tools": "\n".join(visit.tools),
                    "needs_customer": visit.needs_customer,
                    "steps": [_shown_step(step, place) for place, step in enumerate(visit.steps, 1)],
                }
            )

    def add_room(self, asked: str = "") -> None:
        """Leave an empty row at the end of what is asked for: ``links``, ``visits``, or ``steps-1`` for the steps of
        the second visit; the first link always.
        """
        if asked == "links" or not self.links:
            self._append(self.links)
        if asked == "visits":
            self._append(self.visits)
        for number, come in enumerate(self.visits):
            if asked == f"steps-{number}":
                self._append(come.form.steps)

    def _append(self, rows: "FieldList[Any]") -> None:  # Any: links, visits or steps
        if len(rows) < (rows.max_entries or MOST_ROWS):
            rows.append_entry()

    def validate_visits(self, rows: Any) -> None:  # Any: WTForms' own field
        """Refuse a visit that nothing names.

        :raises ValidationError: when one has a kind but no title.
        """
        if any(row.form.kind.data and not (row.form.title_en.data or "").strip() for row in rows):
            raise ValidationError(_("Give each visit a title in English."))

    def part(self, key: str) -> MilestonePart:
        """The milestone that the form describes.

        :raises ValueError: when it is longer, or waits longer, than a plan can be laid out.
        """
        waits = [row.form.lag.data or 0 for row in self.links]
        if not 0 <= (self.workdays.data or 0) <= LONGEST_DAYS or any(
            abs(days) > LONGEST_LAG for days in waits
        ):
            raise ValueError
        return MilestonePart(
            key=key,
            name=_texts(self.name_en.data, self.name_de.data),
            kind=MilestoneKind(self.kind.data),
            team=Team(self.team.data),
            audience=Audience(self.audience.data),
            scope=Scope(self.scope.data),
            workdays=self.workdays.data or 0,
            days_of=DaysOf(self.days_of.data),
            per_unit=self.per_unit.data,
            just_in_time=self.just_in_time.data,
            when_sold=ProductKind(self.when_sold.data) if self.when_sold.data else None,
            links=tuple(
                {
                    (row.form.predecessor_key.data, row.form.kind.data): LinkPart(
                        predecessor_key=row.form.predecessor_key.data,
                        kind=LinkKind(row.form.kind.data),
                        lag=row.form.lag.data or 0,
                        lag_unit=LagUnit(row.form.lag_unit.data),
                    )
                    for row in self.links
                    if row.form.predecessor_key.data
                }.values()
            ),
            visits=tuple(
                VisitPart(
                    kind=VisitKind(row.form.kind.data),
                    title=_texts(row.form.title_en.data, row.form.title_de.data),
                    skill=clean(row.form.skill.data or "", lines=False),
                    minutes=row.form.minutes.data or 480,
                    technicians=1 if row.form.technicians.data is None else row.form.technicians.data,
                    level=row.form.level.data or 1,
                    tools=tuple(_lines(row.form.tools.data)),
                    needs_customer=row.form.needs_customer.data,
                    steps=_steps(row.form.steps),
                )
                for row in self.visits
                if row.form.kind.data
            ),
        )


class ItemForm(PartForm):
    """One condition that the site has to meet."""

    section = SelectField(_l("Section"))
    type = SelectField(_l("Answered by"))
    requirement_en = TextAreaField(
        _l("Requirement in English"), validators=[InputRequired(SAY), *_short(1000)]
    )
    requirement_de = TextAreaField(_l("Requirement in German"), validators=_short(1000))
    why_en = TextAreaField(_l("Why, in English"), validators=_short(1000))
    why_de = TextAreaField(_l("Why, in German"), validators=_short(1000))
    how_en = TextAreaField(_l("How to do it, in English"), validators=_short(1000))
    how_de = TextAreaField(_l("How to do it, in German"), validators=_short(1000))
    quantity = StringField(
        _l("Quantity"),
        description=_l("What is measured, such as temperature, width or voltage."),
        validators=_short(40),
    )
    unit = StringField(
        _l("Unit of measure"), description=_l("Of both bounds, such as °C, mm or V."), validators=_short(20)
    )
    minimum = StringField(_l("At least"), validators=_short(30))
    maximum = StringField(
        _l("At most"),
        description=_l("For a day: how many days from its anchor, −14 for two weeks before."),
        validators=_short(30),
    )
    tolerance = StringField(
        _l("Tolerance"),
        description=_l("How far outside the bounds will do, in the unit."),
        validators=_short(30),
    )
    sample = StringField(
        _l("What is measured"), description=_l("Such as “24 h log” or “under load”."), validators=_short(80)
    )
    fact = SelectField(
        _l("Bounds from"),
        description=_l(
            "The instrument’s figure goes before the bounds here, for the options sold and the country."
        ),
    )
    choices = TextAreaField(
        _l("Answers to choose from"),
        description=_l("One a line: English / German."),
        validators=_short(4000),
    )
    accepted = StringField(
        _l("Answers that fit"),
        description=_l("Codes with commas between, such as bsl-1, bsl-2; empty: any."),
        validators=_short(1000),
    )
    responsible = SelectField(_l("Who sees to it"))
    role = SelectField(_l("For whom at the customer"))
    reviewer = SelectField(_l("Looked at by"))
    due_offset = IntegerField(
        _l("Due, in days"),
        default=-14,
        description=_l("Negative is before the day it counts from."),
        validators=[
            InputRequired(_l("Enter the days from delivery; negative is before.")),
            NumberRange(-999, 999, message=_l("Enter a whole number of days from -999 to 999.")),
        ],
    )
    anchor = SelectField(_l("Counted from"))
    due_days = SelectField(_l("Counted in"))
    severity = SelectField(_l("Severity"))
    gate = SelectField(_l("Holds"))
    weight = IntegerField(
        _l("Counts for"),
        default=1,
        description=_l("Its weight in the readiness of the site."),
        validators=[Optional(), NumberRange(1, 100, message=_l("Enter a whole number from 1 to 100."))],
    )
    evidence = SelectField(_l("Evidence"))
    file_kinds = SelectMultipleField(
        _l("Kinds of files"),
        description=_l("None chosen: any."),
        widget=ListWidget(prefix_label=False),
        option_widget=CheckboxInput(),
    )
    file_count = IntegerField(
        _l("Number of files"),
        default=1,
        validators=[Optional(), NumberRange(1, 20, message=_l("Enter a whole number from 1 to 20."))],
    )
    countries = StringField(
        _l("Asked in"),
        description=_l("Countries by two letters with commas between, such as US, CA; empty: everywhere."),
        validators=_short(400),
    )
    option_key = SelectField(_l("Asked"))
    if_item = SelectField(_l("Asked only if"))
    if_how = SelectField(_l("Its answer"))
    if_value = StringField(
        _l("What"),
        description=_l("Codes with commas between, yes or no, or a number."),
        validators=_short(200),
    )
    condition = TextAreaField(
        _l("Condition"),
        description=_l("For more than one answer, as JSON; it goes before the three fields above."),
        validators=_short(4000),
    )
    source = StringField(_l("Source"), validators=_short(200))
    source_rev = StringField(_l("Its revision"), validators=_short(60))
    checked_on = DateField(_l("Checked on"), validators=[Optional()])

    def set_choices(
        self,
        sections: Mapping[str, str],
        options: Sequence[tuple[str, str]],
        quantities: Sequence[str] = (),
        others: Sequence[tuple[str, str]] = (),
    ) -> None:
        """Offer the words of the closed lists, the sections, and the options that are sold.

        :param quantities: of which the instruments have figures.
        :param others: the other requirements, by key.
        """
        known = dict(sections)
        if self.section.data and self.section.data not in known:
            known[self.section.data] = self.section.data
        self.section.choices = list(known.items())
        self.type.choices = _choices(words.answer_words())
        self.responsible.choices = _choices(words.responsible_words())
        self.severity.choices = _choices(words.severity_words())
        self.gate.choices = [("", _("nothing")), *_choices(words.gate_words())]
        self.evidence.choices = _choices(words.evidence_words())
        self.reviewer.choices = [("", _("nobody")), *_choices(words.reviewer_words())]
        self.anchor.choices = _choices(words.anchor_words())
        self.due_days.choices = _choices(words.due_days_words())
        self.file_kinds.choices = _choices(words.file_kind_words())
        called = words.quantity_words()
        figures = [(one, called.get(one, one.replace("_", " "))) for one in quantities]
        self.fact.choices = _with(
            self.fact.data, [("", _("the bounds here")), *figures, *words.place_words().items()]
        )
        self.role.choices = _with(
            self.role.data, [("", _("the project’s contact")), *words.role_words().items()]
        )
        self.if_item.choices = _with(self.if_item.data, [("", _("always")), *others])
        self.if_how.choices = list(_how_words().items())
        offered = [
            ("", _("always")),
            *((key, _("when %(what)s is sold", what=name)) for key, name in options),
        ]
        if self.option_key.data and self.option_key.data not in dict(offered):
            offered.append((self.option_key.data, _("when %(what)s is sold", what=self.option_key.data)))
        self.option_key.choices = offered

    def fill(self, part: ItemPart) -> None:
        """Show a requirement."""
        for name in ("requirement", "why", "how"):
            texts: Texts = getattr(part, name)
            self[f"{name}_en"].data, self[f"{name}_de"].data = texts.get("en", ""), texts.get("de", "")
        for name in ("type", "responsible", "severity", "evidence", "anchor", "due_days"):
            self[name].data = getattr(part, name).value
        self.reviewer.data = part.reviewer.value if part.reviewer else ""
        self.accepted.data, self.countries.data = ", ".join(part.accepted), ", ".join(part.countries)
        self.file_kinds.data = list(part.file_kinds)
        self.if_item.data, self.if_how.data, self.if_value.data, self.condition.data = _split_condition(
            part.condition
        )
        for name in (
            "section",
            "sample",
            "fact",
            "role",
            "weight",
            "file_count",
            "quantity",
            "unit",
            "due_offset",
            "option_key",
            "source",
            "source_rev",
            "checked_on",
        ):
            self[name].data = getattr(part, name)
        self.gate.data = part.gate.value if part.gate else ""
        for name in ("minimum", "maximum", "tolerance"):
            bound = getattr(part, name)
            self[name].data = _shown_number(bound)
        self.choices.data = _lines_of(part.choices)

    def validate_minimum(self, field: Any) -> None:  # Any: WTForms' own field
        """Refuse what is no number.

        :raises ValidationError: when it is none; the sentence says how to write one.
        """
        _number(field)

    def validate_maximum(self, field: Any) -> None:  # Any: WTForms' own field
        """Refuse what is no number, or less than the other bound.

        :raises ValidationError: when it is; the sentence says what to write.
        """
        most = _number(field)
        try:
            least = _read(self.minimum.data)
        except ValueError:
            return
        if least is not None and most is not None and least > most:
            raise ValidationError(_("“At most” is less than “at least”. Exchange the two."))

    def validate_tolerance(self, field: Any) -> None:  # Any: WTForms' own field
        """Refuse what is no number, or less than nothing.

        :raises ValidationError: when it is; the sentence says what to write.
        """
        by = _number(field)
        if by is not None and by < 0:
            raise ValidationError(_("Write the tolerance without the minus sign."))

    def validate_accepted(self, field: Any) -> None:  # Any: WTForms' own field
        """Refuse codes that nobody can choose.

        :raises ValidationError: when one is not among the answers.
        """
        offered = _choices_of(self.choices.data)
        strange = [code for code in _codes(field.data) if code not in offered]
        if strange:
            raise ValidationError(
                _(
                    "Nobody can choose %(codes)s. Use one of: %(known)s.",
                    codes=", ".join(strange),
                    known=", ".join(offered) or "–",
                )
            )

    def validate_countries(self, field: Any) -> None:  # Any: WTForms' own field
        """Refuse what is no country.

        :raises ValidationError: when one has not two letters.
        """
        if any(not re.fullmatch("[A-Z]{2}", code) for code in _countries(field.data)):
            raise ValidationError(_("Write countries by their two letters, such as US, CA or CH."))

    def validate_if_value(self, field: Any) -> None:  # Any: WTForms' own field
        """Refuse a condition that asks for nothing.

        :raises ValidationError: when an answer is chosen but not said which, or a number is none.
        """
        if not self.if_item.data or (self.condition.data or "").strip() or self.if_how.data in _NEEDS_NOTHING:
            return
        if self.if_how.data in {"at_least", "at_most"}:
            if _number(field) is None:
                raise ValidationError(_("Write the number, in the unit of that requirement."))
        elif not _codes(field.data):
            raise ValidationError(_("Write which answer, by its code: yes, no, or one of its answers."))

    def validate_condition(self, field: Any) -> None:  # Any: WTForms' own field
        """Refuse what is no condition.

        :raises ValidationError: when it is no JSON object.
        """
        if (field.data or "").strip() and _json_of(field.data) is None:
            raise ValidationError(
                _('Write it as JSON, such as {"item": "gas", "is": ["h2"]}, or leave it empty.')
            )

    def validate_gate(self, field: Any) -> None:  # Any: WTForms' own field
        """Refuse a weight that does not fit what is held.

        :raises ValidationError: when it blocks nothing, or advice holds something.
        """
        blocks = self.severity.data == Severity.BLOCKING.value
        if blocks and not field.data:
            raise ValidationError(_("Choose what it holds, or make it advice."))
        if not blocks and field.data:
            raise ValidationError(
                _("Only what holds up work holds something. Choose “nothing”, or another weight.")
            )

    def validate_choices(self, field: Any) -> None:  # Any: WTForms' own field
        """Refuse a choice without answers.

        :raises ValidationError: when fewer than two are given.
        """
        chosen = {ItemType.CHOICE.value, ItemType.MULTI.value}
        if self.type.data in chosen and len(_choices_of(field.data)) < 2:
            raise ValidationError(_("Write at least two answers, one a line."))

    def part(self, key: str) -> ItemPart:
        """The requirement that the form describes."""
        least, most, by = (_read(one.data) for one in (self.minimum, self.maximum, self.tolerance))
        return ItemPart(
            key=key,
            section=self.section.data,
            type=ItemType(self.type.data),
            requirement=_texts(self.requirement_en.data, self.requirement_de.data),
            why=_texts(self.why_en.data, self.why_de.data),
            how=_texts(self.how_en.data, self.how_de.data),
            quantity=clean(self.quantity.data or "", lines=False),
            unit=clean(self.unit.data or "", lines=False),
            minimum=None if least is None else float(least),
            maximum=None if most is None else float(most),
            tolerance=None if by is None else float(by),
            sample=clean(self.sample.data or "", lines=False),
            fact=self.fact.data or "",
            choices=_choices_of(self.choices.data),
            accepted=_codes(self.accepted.data),
            responsible=Responsible(self.responsible.data),
            role=self.role.data or "",
            reviewer=Reviewer(self.reviewer.data) if self.reviewer.data else None,
            anchor=Anchor(self.anchor.data),
            due_days=DueDays(self.due_days.data),
            due_offset=self.due_offset.data or 0,
            severity=Severity(self.severity.data),
            gate=GateKind(self.gate.data) if self.gate.data else None,
            weight=1 if self.weight.data is None else self.weight.data,
            evidence=Evidence(self.evidence.data),
            file_kinds=tuple(self.file_kinds.data or ()),
            file_count=1 if self.file_count.data is None else self.file_count.data,
            countries=_countries(self.countries.data),
            condition=self._condition(),
            option_key=self.option_key.data or "",
            source=clean(self.source.data or "", lines=False),
            source_rev=clean(self.source_rev.data or "", lines=False),
            checked_on=self.checked_on.data,
        )

    def _condition(self) -> dict[str, Any]:  # Any: JSON values
        """The condition that the form describes; empty: always."""
        if (self.condition.data or "").strip():
            return _json_of(self.condition.data) or {}
        if not self.if_item.data:
            return {}
        how = self.if_how.data
        if how in _NEEDS_NOTHING:
            return {"item": self.if_item.data, "answered": how == "answered"}
        if how in {"at_least", "at_most"}:
            return {"item": self.if_item.data, how: float(_read(self.if_value.data) or 0)}
        return {"item": self.if_item.data, how: list(_codes(self.if_value.data))}


_NEEDS_NOTHING = frozenset({"answered", "unanswered"})


def _how_words() -> dict[str, str]:
    """How one answer decides whether an item is asked."""
    return {
        "is": _("is one of"),
        "is_not": _("is none of"),
        "at_least": _("is at least"),
        "at_most": _("is at most"),
        "answered": _("is there"),
        "unanswered": _("is not there yet"),
    }


class MessageForm(PartForm):
    """A letter around a milestone."""

    milestone_key = SelectField(_l("Milestone"))
    offset_workdays = IntegerField(
        _l("Working days from its start"),
        default=0,
        description=_l("Negative is before, 0 the day itself."),
        validators=[
            InputRequired(_l("Enter the working days; 0 for the day itself.")),
            NumberRange(-250, 250, message=_l("Enter a whole number of days from -250 to 250.")),
        ],
    )
    subject_en = StringField(_l("Subject in English"), validators=[InputRequired(SAY), *_short(200)])
    subject_de = StringField(_l("Subject in German"), validators=_short(200))
    text_en = TextAreaField(
        _l("Text in English"),
        description=_l("It may name {customer}, {contact}, {milestone}, {date} and {project}."),
        validators=[InputRequired(SAY), *_short(4000)],
    )
    text_de = TextAreaField(_l("Text in German"), validators=_short(4000))

    def set_choices(self, milestones: Sequence[tuple[str, str]]) -> None:
        """Offer the milestones."""
        offered = list(milestones)
        if self.milestone_key.data and self.milestone_key.data not in dict(offered):
            offered.append(
                (self.milestone_key.data, _("%(key)s, no longer there", key=self.milestone_key.data))
            )
        self.milestone_key.choices = offered

    def fill(self, part: MessagePart) -> None:
        """Show a letter."""
        self.milestone_key.data, self.offset_workdays.data = part.milestone_key, part.offset_workdays
        self.subject_en.data, self.subject_de.data = part.subject.get("en", ""), part.subject.get("de", "")
        self.text_en.data, self.text_de.data = part.text.get("en", ""), part.text.get("de", "")

    def validate_text_en(self, field: Any) -> None:  # Any: WTForms' own field
        """Refuse what cannot be filled in.

        :raises ValidationError: when a text names something that we do not know.
        """
        wrong = checking.unknown_placeholders(self.part("letter"))
        if wrong:
            raise ValidationError(
                _(
                    "We cannot fill in %(wrong)s. Use one of: %(known)s.",
                    wrong=", ".join(f"{{{one}}}" for one in wrong),
                    known=", ".join(f"{{{one}}}" for one in sorted(checking.PLACEHOLDERS)),
                )
            )

    def part(self, key: str) -> MessagePart:
        """The letter that the form describes."""
        return MessagePart(
            key=key,
            milestone_key=self.milestone_key.data or "",
            offset_workdays=self.offset_workdays.data or 0,
            subject=_texts(self.subject_en.data, self.subject_de.data),
            text=_texts(self.text_en.data, self.text_de.data),
        )


class FieldForm(PartForm):
    """A field of our own."""

    name_en = StringField(_l("Name in English"), validators=[InputRequired(SAY), *_short(80)])
    name_de = StringField(_l("Name in German"), validators=_short(80))
    kind = SelectField(_l("Holds"))
    unit = StringField(
        _l("Unit of measure"),
        description=_l("Of a number, such as kg or kVA; may be empty."),
        validators=_short(20),
    )
    choices = TextAreaField(
        _l("Answers to choose from"), description=_l("One a line: English / German."), validators=_short(4000)
    )
    audience = SelectField(
        _l("Seen by"), description=_l("What the customer sees stands in the customer’s PDF.")
    )

    def set_choices(self) -> None:
        """Offer the words of the closed lists."""
        self.kind.choices = _choices(words.field_words())
        self.audience.choices = _choices(words.audience_words())

    def fill(self, part: FieldPart) -> None:
        """Show a field."""
        self.name_en.data, self.name_de.data = part.name.get("en", ""), part.name.get("de", "")
        self.kind.data, self.unit.data, self.audience.data = part.kind.value, part.unit, part.audience.value
        self.choices.data = _lines_of(part.choices)

    def validate_choices(self, field: Any) -> None:  # Any: WTForms' own field
        """Refuse a choice without answers.

        :raises ValidationError: when fewer than two are given.
        """
        if self.kind.data == FieldKind.CHOICE.value and len(_choices_of(field.data)) < 2:
            raise ValidationError(_("Write at least two answers, one a line."))

    def part(self, key: str) -> FieldPart:
        """The field that the form describes."""
        kind = FieldKind(self.kind.data)
        return FieldPart(
            key=key,
            name=_texts(self.name_en.data, self.name_de.data),
            kind=kind,
            unit=clean(self.unit.data or "", lines=False) if kind is FieldKind.NUMBER else "",
            choices=_choices_of(self.choices.data) if kind is FieldKind.CHOICE else {},
            audience=Audience(self.audience.data),
        )


class CourseForm(PartForm):
    """A training that comes with the playbook."""

    title_en = StringField(_l("Title in English"), validators=[InputRequired(SAY), *_short(120)])
    title_de = StringField(_l("Title in German"), validators=_short(120))
    level = StringField(_l("Level"), validators=_short(40))
    half_days = IntegerField(
        _l("Length in half days"),
        default=2,
        validators=[InputRequired(_l("Enter the half days.")), NumberRange(1, 60)],
    )
    capacity = IntegerField(
        _l("People at once"),
        default=4,
        validators=[InputRequired(_l("Enter how many people.")), NumberRange(1, 500)],
    )
    curriculum = TextAreaField(
        _l("Lessons"), description=_l("One a line: English / German."), validators=_short(8000)
    )

    def set_choices(self) -> None:
        """Nothing is chosen here."""

    def fill(self, part: CoursePart) -> None:
        """Show a course."""
        self.title_en.data, self.title_de.data = part.title.get("en", ""), part.title.get("de", "")
        self.level.data, self.half_days.data, self.capacity.data = part.level, part.half_days, part.capacity
        self.curriculum.data = "\n".join(_both(lesson) for lesson in part.curriculum)

    def part(self, key: str) -> CoursePart:
        """The course that the form describes."""
        return CoursePart(
            code=key,
            title=_texts(self.title_en.data, self.title_de.data),
            level=clean(self.level.data or "", lines=False),
            half_days=self.half_days.data or 1,
            capacity=self.capacity.data or 1,
            curriculum=tuple(
                _split(line)
                for line in clean(self.curriculum.data or "", lines=True).split("\n")
                if line.strip()
            ),
        )


FORMS: Mapping[str, type[PartForm]] = {
    "milestones": MilestoneForm,
    "items": ItemForm,
    "messages": MessageForm,
    "fields": FieldForm,
    "courses": CourseForm,
}


def _choices(
    known: Mapping[Any, str], said: str = ""
) -> list[tuple[str, str]]:  # Any: an enumeration's members
    return [(member.value, said % {"what": text} if said else text) for member, text in known.items()]


def _shown_number(value: float | None) -> str:
    """A number as the form reads it again, without an exponent; nothing for none."""
    return "" if value is None else f"{Decimal(f'{value:.12g}'):f}"


def _shown_step(step: StepPart, place: int) -> dict[str, object]:
    """What the form of a step is filled with."""
    return {
        "key": step.key,
        "kind": step.kind.value,
        "text_en": step.text.get("en", ""),
        "text_de": step.text.get("de", ""),
        "unit": step.unit,
        "minimum": _shown_number(step.minimum),
        "maximum": _shown_number(step.maximum),
        "is_required": step.is_required,
        "place": place,
    }


def _steps(rows: Any) -> tuple[StepPart, ...]:  # Any: the FieldList
    """The steps in the order of their places; one that is new gets a key from its text."""
    forms = [row.form for row in rows if (row.form.text_en.data or "").strip()]
    forms.sort(key=lambda form: MOST_STEPS + 1 if form.place.data is None else form.place.data)
    kept = {form.key.data for form in forms if _KEY.fullmatch(form.key.data or "")}
    taken: set[str] = set()
    found = []
    for form in forms:
        text = _texts(form.text_en.data, form.text_de.data)
        own = form.key.data
        key = own if own in kept and own not in taken else key_from(text["en"], taken=kept | taken)
        taken.add(key)
        is_reading = form.kind.data == StepKind.READING.value
        least, most = (_read(one.data) if is_reading else None for one in (form.minimum, form.maximum))
        found.append(
            StepPart(
                key=key[:60],
                kind=StepKind(form.kind.data),
                text=text,
                unit=clean(form.unit.data or "", lines=False) if is_reading else "",
                minimum=None if least is None else float(least),
                maximum=None if most is None else float(most),
                is_required=form.is_required.data,
            )
        )
    return tuple(found)


def _lines(typed: str | None) -> list[str]:
    """The lines that say something."""
    return [line.strip() for line in clean(typed or "", lines=True).split("\n") if line.strip()]


def _texts(english: str | None, german: str | None) -> dict[str, str]:
    """Texts by language, without those that are empty."""
    both = {"en": clean(english or "", lines=True), "de": clean(german or "", lines=True)}
    return {language: text for language, text in both.items() if text}


def _choices_of(typed: str | None) -> dict[str, dict[str, str]]:
    """The answers to choose from: each line its code, if it has one, and the texts."""
    found: dict[str, dict[str, str]] = {}
    for line in clean(typed or "", lines=True).split("\n"):
        if not line.strip():
            continue
        coded = _CODE.fullmatch(line.strip())
        texts = _split(coded[2] if coded else line)
        code = coded[1] if coded else _code(texts.get("en", "answer"), found)
        found[code] = texts
    return found


def _with(key: str | None, offered: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """What is offered, and what was chosen when it was still there."""
    if not key or key in dict(offered):
        return offered
    return [*offered, (key, _("%(key)s, no longer there", key=key))]


def _codes(typed: str | None) -> tuple[str, ...]:
    """Codes with commas between, each once."""
    found = (part.strip() for part in re.split(r"[,;\n]", clean(typed or "", lines=True)))
    return tuple(dict.fromkeys(part[:60] for part in found if part))


def _countries(typed: str | None) -> tuple[str, ...]:
    return tuple(dict.fromkeys(code.upper() for part in _codes(typed) for code in part.split()))


def _json_of(typed: str | None) -> dict[str, Any] | None:  # Any: JSON values
    """A condition as it was typed; `None` when it is no object that can be stored."""
    try:
        found = json.loads(clean(typed or "", lines=True))
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict) or not toml_file.is_plain(found):
        return None
    return found


def _split_condition(condition: Mapping[str, Any]) -> tuple[str, str, str, str]:  # Any: JSON values
    """A condition as the form shows it: three fields where it is about one answer, else JSON."""
    item = condition.get("item")
    match condition:
        case {} if not condition:
            return "", "is", "", ""
        case {"is": [*codes]} | {"is_not": [*codes]} if item:
            how = "is" if "is" in condition else "is_not"
            if all(isinstance(code, str) and "," not in code and code == code.strip() for code in codes):
                return str(item), how, ", ".join(codes), ""
        case {"answered": bool() as is_answered} if item:
            return str(item), "answered" if is_answered else "unanswered", "", ""
        case {"at_least": int() | float() as bound} | {"at_most": int() | float() as bound} if item:
            return str(item), "at_least" if "at_least" in condition else "at_most", f"{bound:.12g}", ""
    return "", "is", "", json.dumps(condition, ensure_ascii=False)


def _code(text: str, taken: Mapping[str, object]) -> str:
    code = re.sub(r"[^a-z0-9]+", "-", text.casefold()).strip("-")[:40] or "answer"
    number, found = 1, code
    while found in taken:
        number += 1
        found = f"{code}-{number}"
    return found


def _lines_of(choices: Mapping[str, Texts]) -> str:
    return "\n".join(f"{code}: {_both(texts)}" for code, texts in choices.items())


def _both(texts: Texts) -> str:
    english, german = texts.get("en", ""), texts.get("de", "")
    return f"{english} / {german}" if german else english


def _split(line: str) -> dict[str, str]:
    english, _mark, german = line.strip().partition(" / ")
    return _texts(english, german)


def _read(typed: str | None) -> Decimal | None:
    return read_number(typed, decimal=".") if typed and typed.strip() else None


def _number(field: Any) -> Decimal | None:  # Any: WTForms' own field
    try:
        return _read(field.data)
    except ValueError as problem:
        raise ValidationError(str(problem)) from problem
