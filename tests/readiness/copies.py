"""Small working copies as files that come back: fields, our note, and whatever a test puts in besides."""

import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pikepdf
from pikepdf import Array, Dictionary, Name, String

from concierge.platform import settings
from concierge.readiness import fields, queries
from concierge.readiness.actions import sending
from concierge.readiness.fields import Note, Printed
from concierge.readiness.models import Checklist, ReadinessItem
from tests.makers import orders
from tests.makers import readiness as maker


@dataclass
class Copy:
    """What a small form holds: texts, radio buttons by their states, choices by their codes."""

    texts: Mapping[str, str] = field(default_factory=dict)
    radios: Mapping[str, str] = field(default_factory=dict)
    """By field; empty: none is pressed."""
    boxes: Mapping[str, bool] = field(default_factory=dict)
    choices: Mapping[str, tuple[Iterable[str], str]] = field(default_factory=dict)
    """By field: what there is to choose, and what is chosen."""
    signatures: Iterable[str] = ()
    note: bytes = b""
    pages: int = 1


def made(copy: Copy) -> pikepdf.Pdf:
    """A PDF with a form, as a program for forms would save it."""
    pdf = pikepdf.new()
    for _number in range(copy.pages):
        pdf.add_blank_page(page_size=(595, 842))
    page = pdf.pages[0]
    page.Annots = pdf.make_indirect(Array([]))
    found = []
    for place, (name, value) in enumerate(copy.texts.items()):
        found.append(_widget(pdf, page, place, Dictionary(FT=Name.Tx, T=String(name), V=String(value))))
    for place, (name, value) in enumerate(copy.radios.items()):
        found.append(_radio(pdf, page, place, name, value))
    for place, (name, is_on) in enumerate(copy.boxes.items()):
        state = Name("/on") if is_on else Name.Off
        field_ = Dictionary(FT=Name.Btn, T=String(name), V=state, AS=state, AP=_states(pdf, "on"))
        found.append(_widget(pdf, page, place, field_))
    for place, (name, (codes, chosen)) in enumerate(copy.choices.items()):
        options = Array([Array([String(code), String(code.title())]) for code in codes])
        field_ = Dictionary(FT=Name.Ch, Ff=1 << 17, T=String(name), Opt=options, V=String(chosen))
        found.append(_widget(pdf, page, place, field_))
    for place, name in enumerate(copy.signatures):
        field_ = Dictionary(
            FT=Name.Sig, T=String(name), V=Dictionary(Type=Name.Sig, Filter=Name("/Adobe.PPKLite"))
        )
        found.append(_widget(pdf, page, place, field_))
    pdf.Root.AcroForm = pdf.make_indirect(Dictionary(Fields=Array(found)))
    if copy.note:
        spec = pikepdf.AttachedFileSpec(pdf, copy.note, filename=fields.NOTE, relationship=Name.Data)
        pdf.attachments[fields.NOTE] = spec
    return pdf


def saved(pdf: pikepdf.Pdf, **how: Any) -> bytes:
    """The bytes of a PDF."""
    kept = io.BytesIO()
    pdf.save(kept, **how)
    return kept.getvalue()


def note_of(
    checklist: Checklist, project_key: str, *, code: str = "TEST2345", revision: int = 1, secret_key: str = ""
) -> bytes:
    """The note that is printed into a copy of a checklist as it is now."""
    counting = queries.answers_that_count(item.id for item in checklist.items)
    seen = {item_id: answer.id for item_id, answer in counting.items()}
    note = Note(
        document=code,
        project=project_key,
        template=4,
        language="en",
        revision=revision,
        fields={
            item.key: Printed(seen.get(item.id, 0), item.value, item.comment) for item in checklist.items
        },
    )
    return fields.written(note, secret_key=secret_key or settings.current().secret_key)


def _widget(pdf: pikepdf.Pdf, page: pikepdf.Page, place: int, field_: Dictionary) -> Any:
    field_.Type, field_.Subtype, field_.F = Name.Annot, Name.Widget, 4
    field_.Rect = Array([40, 780 - 24 * place, 300, 800 - 24 * place])
    one = pdf.make_indirect(field_)
    page.Annots.append(one)
    return one


def _radio(pdf: pikepdf.Pdf, page: pikepdf.Page, place: int, name: str, value: str) -> Any:
    parent = pdf.make_indirect(
        Dictionary(FT=Name.Btn, Ff=1 << 15, T=String(name), V=Name(f"/{value or 'Off'}"), Kids=Array([]))
    )
    for state in (fields.YES, fields.NO):
        shown = Name(f"/{state}") if state == value else Name.Off
        parent.Kids.append(
            _widget(pdf, page, place, Dictionary(Parent=parent, AS=shown, AP=_states(pdf, state)))
        )
    return parent


def _states(pdf: pikepdf.Pdf, state: str) -> Dictionary:
    def drawn(commands: bytes) -> Any:
        return pdf.make_stream(commands, Type=Name.XObject, Subtype=Name.Form, BBox=Array([0, 0, 20, 20]))

    return Dictionary(N=Dictionary({f"/{state}": drawn(b"2 2 16 16 re f"), "/Off": drawn(b"")}))


def of(project: Any, **typed: str) -> Copy:
    """A working copy of a project's checklist in which these items were filled in, by key with `_` for `-`."""
    checklist = maker.checklist(project)
    copy = Copy(note=note_of(checklist, project.key))
    texts, radios, choices = {}, {}, {}
    for item in checklist.items:
        value = typed.get(item.key.replace("-", "_"), item.value)
        name = fields.value_of(item.key)
        match item.type.value:
            case "confirm":
                radios[name] = value
            case "choice":
                choices[name] = (list(item.choices), value)
            case "upload" | "info":
                continue
            case _:
                texts[name] = value
        texts[fields.comment_of(item.key)] = typed.get(item.key.replace("-", "_") + "_note", item.comment)
    copy.texts, copy.radios, copy.choices = texts, radios, choices
    return copy


def item_of(checklist: Checklist, key: str) -> ReadinessItem:
    """An item by its key."""
    return next(item for item in checklist.items if item.key == key)


def keep_print(project: Any, code: str, *, revision: int = 1, language: str = "en") -> None:
    """Keep a print with a code, as if it had been made; needs a unit of work."""
    sending.keep_print(
        maker.checklist(project),
        language=language,
        content_hash=f"{code}-{revision}".ljust(64, "0"),
        revision=revision,
        name="checklist.pdf",
        data=b"%PDF-1.7",
        code=code,
        shown=(),
        occasion="",
        at=orders.RECEIVED,
    )
