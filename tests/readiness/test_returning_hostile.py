"""Files that come back to do harm: each ends in time, says something clear, and the worker lives."""

import io
import time
import zlib
from collections.abc import Callable

import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name, String

from concierge.readiness import returning
from concierge.readiness.returning import Limits, Problem
from tests.readiness.copies import Copy, made, saved

FEW = Limits(seconds=5)
ENDED_S = 60  # what has no end takes longer, however busy a machine is


def _nested_pages(depth: int) -> bytes:
    """A tree of pages, one within the other."""
    between = [b"<</Type/Pages/Count 1/Kids[%d 0 R]>>" % (number + 1) for number in range(2, depth + 2)]
    return _raw([b"<</Type/Catalog/Pages 2 0 R>>", *between, b"<</Type/Page/MediaBox[0 0 9 9]>>"])


def _raw(objects: list[bytes]) -> bytes:
    """A PDF of these objects, with a proper table of them."""
    out, places = io.BytesIO(), []
    out.write(b"%PDF-1.7\n")
    for number, content in enumerate(objects, 1):
        places.append(out.tell())
        out.write(b"%d 0 obj\n%s\nendobj\n" % (number, content))
    table = out.tell()
    out.write(b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1))
    for place in places:
        out.write(b"%010d 00000 n \n" % place)
    out.write(b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, table))
    return out.getvalue()


def _pages_in_a_circle() -> bytes:
    return _raw([b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Count 1/Kids[2 0 R]>>"])


def _fields_in_a_circle() -> bytes:
    catalog = b"<</Type/Catalog/Pages 2 0 R/AcroForm<</Fields[4 0 R]>>>>"
    page = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>"
    return _raw([catalog, b"<</Type/Pages/Count 1/Kids[3 0 R]>>", page, b"<</FT/Tx/T(a)/Kids[4 0 R]>>"])


def _many_fields(number: int) -> bytes:
    return saved(made(Copy(texts={f"f{place}-val": "x" for place in range(number)})))


def _table_in_a_circle() -> bytes:
    data = _raw([b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Count 0/Kids[]>>"])
    table = data.rindex(b"xref\n0")
    return data.replace(b"/Root 1 0 R", b"/Root 1 0 R/Prev %d" % table)


def _packed_objects(megabytes: int) -> bytes:
    """Objects in a stream that unpacks to much more than it is."""
    bomb = zlib.compress(b" " * (megabytes * 1024 * 1024), 9)
    stream = b"<</Type/ObjStm/N 1/First 5/Filter/FlateDecode/Length %d>>stream\n%s\nendstream" % (
        len(bomb),
        bomb,
    )
    return _raw([b"<</Type/Catalog/Pages 2 0 R/AcroForm 9 0 R>>", b"<</Type/Pages/Count 0/Kids[]>>", stream])


def _note_bomb() -> bytes:
    pdf = made(Copy(texts={"a-val": "x"}))
    pdf.attachments["concierge.json"] = b"{" + b" " * (100 * 1024 * 1024)
    return saved(pdf)


def _deep_arrays() -> bytes:
    return _raw(
        [
            b"<</Type/Catalog/Pages 2 0 R/X " + b"[" * 200_000 + b"]" * 200_000 + b">>",
            b"<</Type/Pages/Kids[]>>",
        ]
    )


def _huge_value() -> bytes:
    return saved(made(Copy(texts={"a-val": "9" * 30_000_000})))


@pytest.mark.parametrize(
    "bomb",
    [
        lambda: _nested_pages(60_000),
        _pages_in_a_circle,
        _fields_in_a_circle,
        lambda: _many_fields(10_000),
        _table_in_a_circle,
        lambda: _packed_objects(600),
        _note_bomb,
        _deep_arrays,
        _huge_value,
        lambda: b"%PDF-1.7\n" + b"1 0 obj\n" * 500_000,
        lambda: b"%PDF-1.7\n" + bytes(range(256)) * 4000,
        lambda: b"",
    ],
    ids=[
        "nested pages", "pages in a circle", "fields in a circle", "10,000 fields", "table in a circle",
        "packed objects", "note", "deep arrays", "huge value", "unfinished objects", "noise", "nothing",
    ],
)  # fmt: skip
def test_a_bomb_ends_in_time(bomb: Callable[[], bytes]) -> None:
    data = bomb()
    began = time.monotonic()

    form = returning.read_form(data, limits=FEW)

    assert time.monotonic() - began < ENDED_S
    assert form.note == b""
    assert all(len(value.text) <= 2000 for value in form.values.values())


def test_ten_thousand_fields_are_too_many() -> None:
    assert returning.read_form(_many_fields(10_000)).problem is Problem.TOO_LARGE


def test_ten_thousand_letters_are_cut_and_that_is_said() -> None:
    form = returning.read_form(saved(made(Copy(texts={"a-val": "x" * 10_000}))))

    assert (len(form.values["a-val"].text), form.values["a-val"].is_cut) == (2000, True)


def test_marks_and_control_characters_are_taken_out() -> None:
    form = returning.read_form(saved(made(Copy(texts={"a-val": "yes\u202e\u0007 \u2066ok\u2069\x00\ufeff"}))))

    assert form.values["a-val"].text == "yes ok"


def test_formulas_stay_text() -> None:
    form = returning.read_form(saved(made(Copy(texts={"a-val": "=cmd|' /C calc'!A0"}))))

    assert form.values["a-val"].text == "=cmd|' /C calc'!A0"


def test_two_fields_of_one_name_that_differ_are_a_doubt() -> None:
    pdf = made(Copy(texts={"a-val": "one"}))
    twin = pdf.make_indirect(Dictionary(FT=Name.Tx, T=String("a-val"), V=String("two")))
    pdf.Root.AcroForm.Fields.append(twin)

    value = returning.read_form(saved(pdf)).values["a-val"]

    assert value.is_twice
    assert "one" in value.text
    assert "two" in value.text


@pytest.mark.parametrize(
    ("action", "word"),
    [
        (Dictionary(S=Name.JavaScript, JS=String("app.alert(1)")), "script"),
        (Dictionary(S=Name.Launch, F=String("calc.exe")), "launch"),
        (Dictionary(S=Name.SubmitForm, F=String("https://elsewhere.example/")), "submit"),
        (Dictionary(S=Name.ImportData, F=String("/etc/passwd")), "import"),
        (Dictionary(S=Name.GoToR, F=String("other.pdf")), "launch"),
        (Dictionary(S=Name.Rendition), "media"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_an_action_is_seen_wherever_it_stands(action: Dictionary, word: str) -> None:
    for place in range(4):
        pdf = made(Copy(texts={"a-val": "x"}))
        kept = pdf.copy_foreign(action) if action.is_indirect else action
        match place:
            case 0:
                pdf.Root.OpenAction = kept
            case 1:
                pdf.pages[0].AA = Dictionary(O=kept)
            case 2:
                pdf.Root.AcroForm.Fields[0].AA = Dictionary(K=kept)
            case _:
                pdf.pages[0].Annots[0].A = Dictionary(S=Name.URI, URI=String("x:"), Next=Array([kept]))

        assert word in returning.read_form(saved(pdf)).active, place


def test_a_link_to_the_web_is_no_action() -> None:
    pdf = made(Copy(texts={"a-val": "x"}))
    pdf.pages[0].Annots[0].A = Dictionary(S=Name.URI, URI=String("https://concierge.example/p/x"))

    assert returning.read_form(saved(pdf)).active == ()


def test_a_script_in_packed_objects_is_seen() -> None:
    pdf = made(Copy(texts={"a-val": "x"}))
    pdf.Root.Names = Dictionary(
        JavaScript=Dictionary(Names=Array([String("x"), Dictionary(S=Name.JavaScript, JS=String("1"))]))
    )

    data = saved(pdf, object_stream_mode=pikepdf.ObjectStreamMode.generate)

    assert "script" in returning.read_form(data).active


@pytest.mark.parametrize(
    "content",
    [
        b"/I Do " * 3_000_000,
        b"q " * 5_000_000,
        b"0 0 m " + b"9 9 l " * 2_000_000 + b"S",
    ],
    ids=["pictures", "states", "lines"],
)
def test_pictures_of_a_bomb_end_in_time(content: bytes) -> None:
    pdf = made(Copy(pages=3))
    picture = pdf.make_stream(
        zlib.compress(b"\0" * (20_000 * 20_000 // 8)),
        Type=Name.XObject, Subtype=Name.Image, Width=20_000, Height=20_000, BitsPerComponent=1,
        ColorSpace=Name.DeviceGray, Filter=Name.FlateDecode,
    )  # fmt: skip
    pdf.pages[0].Resources = Dictionary(XObject=Dictionary(I=picture))
    pdf.pages[0].Contents = pdf.make_stream(content)
    began = time.monotonic()

    found = returning.pictures_of(saved(pdf), limits=Limits(seconds=6, memory_bytes=768 * returning.MIB))

    assert time.monotonic() - began < ENDED_S
    assert sum(map(len, found)) < 25 * returning.MIB


@pytest.mark.parametrize(
    "filter_", [Name.JBIG2Decode, Name.LZWDecode, Name.JPXDecode, Name.DCTDecode, Name.CCITTFaxDecode]
)
def test_a_broken_picture_leaves_the_other_pages(filter_: Name) -> None:
    pdf = made(Copy(pages=2))
    picture = pdf.make_stream(
        b"\x00\x01\x02 nothing of the kind" * 4000,
        Type=Name.XObject, Subtype=Name.Image, Width=30_000, Height=30_000, BitsPerComponent=8,
        ColorSpace=Name.DeviceRGB, Filter=filter_,
    )  # fmt: skip
    pdf.pages[0].Resources = Dictionary(XObject=Dictionary(I=picture))
    pdf.pages[0].Contents = pdf.make_stream(b"500 0 0 500 0 0 cm /I Do")

    found = returning.pictures_of(saved(pdf))

    assert len(found) in {1, 2}
    assert all(one.startswith(b"\xff\xd8") for one in found)


def test_the_pages_that_were_drawn_stay_when_a_later_one_takes_too_long() -> None:
    pdf = made(Copy(pages=3))
    pdf.pages[2].Contents = pdf.make_stream(b"0 0 m " + b"9 9 l 300 700 l " * 4_000_000 + b"S")

    found = returning.pictures_of(saved(pdf), limits=Limits(seconds=3, memory_bytes=768 * returning.MIB))

    assert len(found) >= 2


def test_a_page_as_large_as_a_house_is_one_small_picture() -> None:
    pdf = pikepdf.new()
    pdf.add_blank_page(page_size=(14_400, 14_400))
    pdf.add_blank_page(page_size=(3, 14_400))

    found = returning.pictures_of(saved(pdf))

    assert 1 <= len(found) <= 2
    assert sum(map(len, found)) < returning.MIB


def test_a_message_of_ten_thousand_parts_ends_in_time() -> None:
    head = b"From: a@b.example\r\nTo: c@d.example\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n"
    part = b"--x\r\nContent-Type: application/pdf; name=a.pdf\r\n\r\n%PDF-1.7\r\n"
    began = time.monotonic()

    said = returning.read_message(head + part * 10_000 + b"--x--\r\n")

    assert time.monotonic() - began < ENDED_S
    assert len(said.files) <= 12


def test_a_message_nested_a_thousand_times_ends_in_time() -> None:
    data = b"From: a@b.example\r\n" + b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (number, number)
        for number in range(3000)
    )
    began = time.monotonic()

    returning.read_message(data)

    assert time.monotonic() - began < ENDED_S
