"""The fields of a working copy: where the template sets one down, and what stood in it when it was printed."""

import re
import unicodedata

from flask_babel import gettext as _
from markupsafe import Markup

from concierge.core import codes
from concierge.platform import signing
from concierge.platform.pdf import Field, Kind
from concierge.readiness import fields as names
from concierge.readiness.document.values import TEMPLATE_VERSION, Checklist, Item, Section
from concierge.readiness.document.words import STEERING, Words, direction
from concierge.readiness.fields import Note, Part, Printed

LONGEST = 2000
"""Letters of an answer or a comment, as the tables keep them."""
LONGEST_NAME = 120
READY, CONDITIONS, NOT_READY = "ready", "ready-with-conditions", "not-ready"
"""States of the declaration's radio buttons: the values of `Decision` with hyphens."""

LONGEST_TEXT = 700
"""Letters that are shown of a text in a working copy, where its field holds the rest."""
_PIECE = 8
# Scripts that are written without blanks break anywhere.
_LONG_WORD = re.compile(r"[^\s\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef]{32,}")


_LINES = re.compile(r"\r\n?|\n")


class Form:
    """The fields in the order in which they stand; the template calls a method for each, which gives its markup."""

    def __init__(self, checklist: Checklist, words: Words) -> None:
        self._checklist = checklist
        self._words = words
        self._printed: dict[str, Printed] = {}
        self.fields: list[Field] = []

    @property
    def note(self) -> Note:
        """What ties the copy to its checklist, with what stood in each item's fields."""
        about = self._checklist
        return Note(
            document=codes.read(about.code) or "" if about.code else "",
            project=about.project_key.translate(STEERING),
            template=TEMPLATE_VERSION,
            language=about.language,
            revision=about.revision,
            fields=self._printed,
        )

    def is_open(self, item: Item) -> bool:
        """Whether an item is filled in here."""
        return (
            bool(item.key) and item.kind != "info" and not item.is_settled and not self._checklist.is_record
        )

    def yes_or_no(self, item: Item) -> tuple[tuple[Markup, str], ...]:
        """Two radio buttons with their texts."""
        options = ((names.YES, _("Yes")), (names.NO, _("Not yet")))
        value = item.typed if item.typed in dict(options) else ""
        return self._radio(
            names.value_of(item.key), self._words.asked_for(item), options, value, self._required(item), item
        )

    def decisions(self) -> tuple[tuple[Markup, str], ...]:
        """The radio buttons of the declaration."""
        options = (
            (READY, _("The site is ready")),
            (CONDITIONS, _("The site is ready with the conditions named below")),
            (NOT_READY, _("The site is not ready; we suggest another delivery date")),
        )
        return self._radio(names.DECISION, _("Declaration"), options, "", is_required=False)

    def _radio(
        self,
        name: str,
        label: str,
        options: tuple[tuple[str, str], ...],
        value: str,
        is_required: bool,
        item: Item | None = None,
    ) -> tuple[tuple[Markup, str], ...]:
        place = self._add(
            Field(name, "radio", _short(label), value, options=options, is_required=is_required), item=item
        )
        frame = "radio blocking" if item is not None and is_required else "radio"
        return tuple(
            (_input(f"{place}.{number}", frame), text) for number, (_code, text) in enumerate(options)
        )

    def boxes(self, item: Item) -> tuple[tuple[Markup, str], ...]:
        """A check box for each answer of several, with its text."""
        ticked = set(item.typed.split())
        frame = "check blocking" if self._required(item) else "check"
        made = []
        for code, text in zip(item.codes, item.choices, strict=True):
            label = f"{self._words.asked_for(item)}: {text}"
            field = Field(
                names.choice_of(item.key, code),
                "check",
                _short(label),
                code if code in ticked else "",
                state=code,
            )
            made.append((_input(str(self._add(field)), frame), text))
        self._note(item, " ".join(sorted(ticked & set(item.codes))))
        return tuple(made)

    def choice(self, item: Item) -> Markup:
        """A list to choose from."""
        options = tuple((code, _short(text)) for code, text in zip(item.codes, item.choices, strict=True))
        value = item.typed if item.typed in item.codes else ""
        field = Field(
            names.value_of(item.key), "choice", _short(self._words.asked_for(item)), value,
            options=options, is_required=self._required(item),
        )  # fmt: skip
        return _input(str(self._add(field, item=item)), self._frame(item), dict(options).get(value, ""))

    def answer(self, item: Item, *, kind: Kind = "text") -> Markup:
        """A line, or some lines, for what is asked."""
        value = _clean(item.typed, kind)
        field = Field(
            names.value_of(item.key), kind, _short(self._words.asked_for(item)), value,
            is_required=self._required(item), max_length=LONGEST,
        )  # fmt: skip
        place, shown = str(self._add(field, item=item)), breakable_text(value)
        return _input(place, f"{self._frame(item)} {_height(value, kind)}", shown)

    def signature_of(self, item: Item) -> Markup:
        """Where an item is signed with a certificate."""
        label = f"{self._words.asked_for(item)}: {_('Signature')}"
        return _input(str(self._add(Field(f"{item.key}-sig", "signature", _short(label)))), "text sig")

    def comment(self, item: Item) -> Markup:
        """A line for whatever else there is to say of an item."""
        value = _clean(item.comment, "lines")
        label = f"{item.number} {_('Comment')}"
        place = self._add(Field(names.comment_of(item.key), "lines", label, value, max_length=LONGEST))
        before = self._printed.get(item.key, Printed(seen=item.seen))
        self._printed[item.key] = Printed(before.seen, before.value, value)
        return _input(str(place), f"text note {_height(value, 'note')}", breakable_text(value))

    def sign_name(self, section: Section | None) -> Markup:
        """Who signs a section, or the whole list."""
        return self._sign(section, Part.SIGN_NAME, _("Name"), "text")

    def sign_date(self, section: Section | None) -> Markup:
        """When."""
        return self._sign(section, Part.SIGN_DATE, _("Date"), "text")

    def sign_here(self, section: Section | None) -> Markup:
        """With a certificate, or with a pen."""
        return self._sign(section, Part.SIGNATURE, _("Signature"), "signature")

    def conditions(self) -> Markup:
        """What the declaration depends on."""
        field = Field(names.CONDITIONS, "lines", _("Conditions and comments"), max_length=LONGEST)
        return _input(str(self._add(field)), "text h4")

    def seal(self) -> Markup:
        """Where the company's certificate signs a record; it shows nothing."""
        return seal_at(self._add(seal(self._checklist.company)))

    def _sign(self, section: Section | None, part: Part, label: str, kind: Kind) -> Markup:
        key = section.key if section else names.FINAL
        title = section.title if section else _("Declaration")
        length = LONGEST_NAME if kind == "text" else 0
        field = Field(names.sign_of(key, part), kind, _short(f"{title}: {label}"), max_length=length)
        return _input(str(self._add(field)), "text sig" if kind == "signature" else "text")

    def _required(self, item: Item) -> bool:
        return item.severity in {"ship", "install"}

    def _frame(self, item: Item) -> str:
        return "text blocking" if self._required(item) else "text"

    def _add(self, field: Field, *, item: Item | None = None) -> int:
        self.fields.append(field)
        if item is not None:
            self._note(item, field.value)
        return len(self.fields) - 1

    def _note(self, item: Item, value: str) -> None:
        self._printed[item.key] = Printed(item.seen, value)


def seal(company: str) -> Field:
    """The field that the company's certificate signs."""
    label = _("Certificate of %(company)s", company=company)
    return Field(signing.FIELD, "signature", _short(label))


def seal_at(place: int) -> Markup:
    """Where it stands; it shows nothing.

    :param place: its number among the fields of the form.
    """
    return _input(str(place), "seal")


def _input(name: str, kind: str, shown: str = "") -> Markup:
    """A place for a field. What it shows keeps its own direction; marks in it would be part of what is drawn."""
    way = Markup(' dir="{}"').format(direction(shown)) if shown else ""
    return Markup('<input type="checkbox" class="f {}" name="{}" data-value="{}"{}>').format(
        kind, name, shown, way
    )


def _clean(text: str, kind: Kind) -> str:
    """As a field holds it: a single line has no breaks, and nothing has signs that steer."""
    text = _LINES.sub("\n" if kind == "lines" else " ", text)
    return "".join(one for one in text if one == "\n" or one.isprintable())[:LONGEST]


def _height(value: str, kind: str) -> str:
    """Room for what is there, and for a little more."""
    least, wide = (1, 21) if kind == "note" else (2 if kind == "lines" else 1, 32)
    lines = sum(1 + _width(line) // wide for line in value.split("\n")) if value else 0
    return f"h{min(max(least, lines), 6)}"


def _width(line: str) -> int:
    """In letters of Latin; those of Chinese and Japanese take the room of two."""
    return sum(2 if unicodedata.east_asian_width(one) in {"W", "F"} else 1 for one in line)


def _short(label: str) -> str:
    label = label.translate(STEERING)
    return label if len(label) <= 200 else label[:199] + "\N{HORIZONTAL ELLIPSIS}"


def breakable_text(text: str, *, most: int = LONGEST_TEXT) -> str:
    """A text that a line can hold: very long words may break, very long texts end, and no mark in it turns it."""
    text = unicodedata.normalize("NFC", text).translate(
        STEERING
    )  # NFC: the signs of ohm and ångström are letters
    if len(text) > most:
        text = text[:most].rstrip() + "\N{HORIZONTAL ELLIPSIS}"
    return _LONG_WORD.sub(lambda found: "\N{ZERO WIDTH SPACE}".join(_pieces(found[0])), text)


def _pieces(word: str) -> list[str]:
    return [word[start : start + _PIECE] for start in range(0, len(word), _PIECE)]
