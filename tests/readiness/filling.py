"""Working copies filled in as people do: with pypdf, with pdf.js (Firefox) and with pdfium (Chrome, Edge)."""

import ctypes
import io
import json
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import pikepdf
import pypdfium2
import pypdfium2.raw as pdfium
from pypdf import PdfReader, PdfWriter
from pypdf.generic import NameObject

from tests import programs

ROOT = Path(__file__).resolve().parents[2]

Values = Mapping[str, str]
"""By field name: a text, the code of a choice, the state of a radio button or a check box, empty for none."""


def with_pypdf(data: bytes, values: Values) -> bytes:
    """Filled in by pypdf."""
    writer = PdfWriter(clone_from=io.BytesIO(data))
    fields = PdfReader(io.BytesIO(data)).get_fields() or {}
    for page in writer.pages:
        wanted: dict[str, str] = {}
        for name, value in values.items():
            is_button = fields[name].get("/FT") == "/Btn"
            wanted[name] = NameObject(f"/{value or 'Off'}") if is_button else value
        writer.update_page_form_field_values(page, wanted, auto_regenerate=False)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def with_pdfjs(data: bytes, values: Values) -> bytes:
    """Filled in by pdf.js, as Firefox saves it."""
    deno = programs.need_deno()
    with tempfile.TemporaryDirectory() as folder:
        before, after = Path(folder, "in.pdf"), Path(folder, "out.pdf")
        before.write_bytes(data)
        command = [
            deno,
            "run",
            "--quiet",
            "--no-prompt",
            "--cached-only",
            "--frozen",
            "--allow-read",
            "--allow-env",
        ]
        done = subprocess.run(
            [*command, f"--allow-write={folder}", "tests/readiness/pdfjs_filler.mjs", str(before), str(after)],
            input=json.dumps(dict(values)), capture_output=True, text=True, cwd=ROOT, check=False, timeout=120,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return after.read_bytes()


def with_pdfium(data: bytes, values: Values) -> bytes:
    """Filled in by pdfium, with the mouse and the keyboard."""
    labels = _labels(data)
    document = pypdfium2.PdfDocument(data)
    document.init_forms()
    form = document.formenv
    for page in document:
        for place in range(pdfium.FPDFPage_GetAnnotCount(page)):
            annotation = pdfium.FPDFPage_GetAnnot(page, place)
            name = _text(partial(pdfium.FPDFAnnot_GetFormFieldName, form, annotation))
            if name in values:
                _fill(form, page, annotation, labels.get((name, values[name]), values[name]))
            pdfium.FPDFPage_CloseAnnot(annotation)
        pdfium.FORM_ForceToKillFocus(form)
    out = io.BytesIO()
    document.save(out)
    document.close()
    return out.getvalue()


def _labels(data: bytes) -> dict[tuple[str, str], str]:
    """What a list shows for a code, by field and code: pdfium chooses by it."""
    with pikepdf.open(io.BytesIO(data)) as pdf:
        return {
            (str(field.T), str(code)): str(label)
            for field in pdf.Root.AcroForm.Fields
            if "/Opt" in field
            for code, label in field.Opt
        }


def _fill(form: object, page: pypdfium2.PdfPage, annotation: object, value: str) -> None:
    kind = pdfium.FPDFAnnot_GetFormFieldType(form, annotation)
    box = pdfium.FS_RECTF()
    pdfium.FPDFAnnot_GetRect(annotation, box)
    x, y = (box.left + box.right) / 2, (box.top + box.bottom) / 2
    if kind in {pdfium.FPDF_FORMFIELD_CHECKBOX, pdfium.FPDF_FORMFIELD_RADIOBUTTON}:
        own = _text(partial(pdfium.FPDFAnnot_GetFormFieldExportValue, form, annotation))
        is_on = bool(pdfium.FPDFAnnot_IsChecked(form, annotation))
        if is_on != (own == value):
            pdfium.FORM_OnMouseMove(form, page, 0, x, y)
            pdfium.FORM_OnLButtonDown(form, page, 0, x, y)
            pdfium.FORM_OnLButtonUp(form, page, 0, x, y)
        return
    pdfium.FORM_SetFocusedAnnot(form, annotation)
    if kind == pdfium.FPDF_FORMFIELD_COMBOBOX:
        for place in range(pdfium.FPDFAnnot_GetOptionCount(form, annotation)):
            if _text(partial(pdfium.FPDFAnnot_GetOptionLabel, form, annotation, place)) == value:
                pdfium.FORM_SetIndexSelected(form, page, place, True)
        return
    pdfium.FORM_SelectAllText(form, page)
    typed = ctypes.create_string_buffer(value.encode("utf-16-le") + b"\0\0")
    pdfium.FORM_ReplaceSelection(form, page, ctypes.cast(typed, ctypes.POINTER(ctypes.c_ushort)))


def _text(read: Callable[[object, int], int]) -> str:
    size = read(None, 0)
    buffer = ctypes.create_string_buffer(size)
    read(ctypes.cast(buffer, ctypes.POINTER(ctypes.c_ushort)), size)
    return buffer.raw[: max(0, size - 2)].decode("utf-16-le")


ENGINES: dict[str, Callable[[bytes, Values], bytes]] = {
    "pypdf": with_pypdf,
    "pdf.js": with_pdfjs,
    "pdfium": with_pdfium,
}
