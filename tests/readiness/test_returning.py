"""A filled-in copy that comes back is read, merged field by field, and answered; nothing in it is lost."""

import io
from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask
from flask_babel import force_locale
from pypdf import PdfWriter

from concierge.catalogue.states import ItemType
from concierge.platform import worker
from concierge.platform.database import db, unit_of_work
from concierge.projects.models import Project
from concierge.readiness import fields, queries, returned_words
from concierge.readiness.actions import answering, taking
from concierge.readiness.actions.taking import Arrived, Source
from concierge.readiness.document import filling
from concierge.readiness.document.words import Words
from concierge.readiness.models import ItemAnswer, ReturnedDocument
from concierge.readiness.states import Channel, Fate, ItemState, Outcome, Standing
from tests.makers import orders, people, readiness
from tests.readiness import copies
from tests.readiness.copies import Copy, made, of, saved

AT = orders.RECEIVED + timedelta(hours=1)
FLOORS = {"concrete": {"en": "Concrete", "de": "Beton"}, "wood": {"en": "Wood", "de": "Holz"}}


def items() -> list[object]:
    """One of each kind that is typed."""
    return [
        readiness.wanted("circuit", "Dedicated circuit is live"),
        readiness.wanted(
            "temperature", type=ItemType.MEASURE, unit="°C", minimum=18, maximum=27, section="climate"
        ),
        readiness.wanted("floor", type=ItemType.CHOICE, choices=FLOORS, section="access"),
        readiness.wanted("ready-day", type=ItemType.DATE, section="access"),
        readiness.wanted("contact-name", type=ItemType.TEXT, section="access", gate=None),
        readiness.wanted("storage", "Room to store the crate", section="access", gate=None),
    ]


@pytest.fixture
def project(app: Flask) -> Project:
    with time_machine.travel(orders.RECEIVED, tick=False), unit_of_work():
        return readiness.project(readiness.instrument(items=items()))


@pytest.fixture
def bring(app: Flask, project: Project) -> Callable[..., ReturnedDocument]:
    """Bring a file by upload of one of ours, and read it."""
    with unit_of_work():
        person_id = people.user().id

    def brought(
        data: bytes, *, name: str = "checklist.pdf", to: Project = project, **how: object
    ) -> ReturnedDocument:
        source = Source(Channel.STAFF, user_id=person_id) if not how else Source(**how)  # type: ignore[arg-type]
        with unit_of_work():
            received = taking.receive(to.id, [Arrived(name, data)], source, at=AT)
            row_id = received.all[0].id
        work(app)
        return row(row_id)

    return brought


def work(app: Flask) -> None:
    """Do what follows, without printing."""
    while worker.work_once(app, queues=("default",)):
        pass
    db.session.rollback()
    db.session.expire_all()


def row(row_id: int) -> ReturnedDocument:
    db.session.rollback()
    db.session.expire_all()
    return queries.returned_by_ids([row_id])[0]


def answer(project: Project, key: str, typed: str) -> int:
    with unit_of_work():
        by = answering.Answerer(name="Somebody else", channel=Channel.WEB)
        return answering.answer_item(readiness.item(project, key), typed=typed, at=AT, by=by).answer_id


def fates(back: ReturnedDocument) -> dict[str, str]:
    return {entry["key"]: entry["fate"] for entry in back.entries}


def standing_of(project: Project, key: str) -> list[tuple[str, Standing]]:
    item = readiness.item(project, key)
    rows = db.session.scalars(
        sa.select(ItemAnswer).where(ItemAnswer.item_id == item.id).order_by(ItemAnswer.id)
    )
    return [(one.value, one.standing) for one in rows]


Bring = Callable[..., ReturnedDocument]


def test_a_bare_number_is_in_the_unit_that_stands_beside_its_field(
    app: Flask, bring: Bring, project: Project
) -> None:
    with time_machine.travel(orders.RECEIVED, tick=False), unit_of_work():
        instrument = readiness.instrument("us", items=items())
        there = readiness.project(instrument, number="SO-US", key="US", country="US")

    def beside() -> tuple[str, str]:
        printed = filling.filled(
            readiness.checklist(there), queries.project_of(readiness.checklist(there)), language="en"
        )
        one = next(
            item for section in printed.sections for item in section.items if item.key == "temperature"
        )
        return one.typed, Words(printed).unit(one)

    back = bring(saved(made(of(there, temperature="71.6"))), to=there)

    assert fates(back) == {"temperature": Fate.TAKEN.value}
    assert standing_of(there, "temperature") == [("71.6 °F", Standing.CURRENT)]
    assert readiness.item(there, "temperature").si_value == pytest.approx(22)
    assert beside() == ("71.6", "°F")
    untouched = bring(saved(made(of(there, temperature="71.6"))), to=there, name="again.pdf")
    assert fates(untouched) == {}, "the field holds the number alone"
    answer(there, "temperature", "21 °C")
    assert beside() == ("21 °C", "°F")


def test_every_kind_of_field_becomes_an_answer(project: Project, bring: Bring) -> None:
    copy = of(
        project,
        circuit="yes",
        temperature="71,6 °F",
        floor="wood",
        ready_day="2026-04-02",
        contact_name="山田太郎",
        storage="no",
        storage_note="Ab Mai",
    )

    back = bring(saved(made(copy)))

    assert back.outcome is Outcome.TAKEN
    assert set(fates(back).values()) == {Fate.TAKEN.value}
    kept = {item.key: (item.value, item.comment) for item in readiness.checklist(project).items}
    assert kept == {
        "circuit": ("yes", ""),
        "temperature": ("71,6 °F", ""),
        "floor": ("wood", ""),
        "ready-day": ("2026-04-02", ""),
        "contact-name": ("山田太郎", ""),
        "storage": ("no", "Ab Mai"),
    }
    assert readiness.item(project, "circuit").channel is Channel.PDF


def test_the_same_bytes_twice_are_one(project: Project, bring: Bring) -> None:
    data = saved(made(of(project, circuit="yes")))

    first, second = bring(data), bring(data, name="again.pdf")

    assert first.id == second.id
    assert len(standing_of(project, "circuit")) == 1
    assert db.session.scalar(sa.select(sa.func.count(ReturnedDocument.id))) == 1


def test_only_what_was_changed_is_an_answer(project: Project, bring: Bring) -> None:
    answer(project, "circuit", "yes")
    data = saved(made(of(project, storage="yes")))
    answer(project, "circuit", "no")

    back = bring(data)

    assert fates(back) == {"storage": Fate.TAKEN.value}
    assert readiness.item(project, "circuit").value == "no"


def test_what_contradicts_a_newer_answer_is_a_conflict(project: Project, bring: Bring) -> None:
    data = saved(made(of(project, temperature="20 °C", circuit="yes")))
    answer(project, "temperature", "25 °C")
    answer(project, "circuit", "yes")

    back = bring(data)

    assert back.outcome is Outcome.CONFLICTS
    assert fates(back) == {"temperature": Fate.CONFLICT.value, "circuit": Fate.KNOWN.value}
    assert standing_of(project, "temperature") == [
        ("25 °C", Standing.CURRENT),
        ("20 °C", Standing.CONFLICT),
    ]


def test_an_amended_copy_of_the_same_print_replaces_its_own_answers(project: Project, bring: Bring) -> None:
    first, second = of(project, circuit="no"), of(project, circuit="yes", storage="yes")

    bring(saved(made(first)))
    back = bring(saved(made(second)))

    assert fates(back)["storage"] == Fate.TAKEN.value
    assert "yes" in dict(standing_of(project, "circuit"))
    assert "no" in dict(standing_of(project, "circuit"))


def test_what_cannot_be_read_waits_with_the_sentence_why(project: Project, bring: Bring) -> None:
    back = bring(saved(made(of(project, temperature="about seven", circuit="yes"))))

    assert back.outcome is Outcome.PARTLY
    entry = next(one for one in back.entries if one["key"] == "temperature")
    assert (entry["typed"], entry["fate"], entry["why"]) == (
        "about seven",
        Fate.FOR_A_PERSON.value,
        "unreadable",
    )
    temperature = readiness.item(project, "temperature")
    told = {}
    for language in ("en", "de"):
        with force_locale(language):
            told[language] = returned_words.why(entry, temperature)
    assert told["en"] == entry["said"]
    assert told["de"] != told["en"], "whoever looks at it reads it in their language"
    assert readiness.item(project, "temperature").state is ItemState.OPEN
    assert readiness.item(project, "circuit").value == "yes"


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("2.4.2026", "2026-04-02"),
        ("2026/04/02", "2026-04-02"),
        ("2026年4月2日", "2026-04-02"),
        ("02/04/26", "2026-04-02"),
    ],
)
def test_a_day_is_read_as_people_write_it(project: Project, bring: Bring, typed: str, kept: str) -> None:
    bring(saved(made(of(project, ready_day=typed))))

    assert readiness.item(project, "ready-day").value == kept


def test_a_choice_by_its_label_is_its_code(project: Project, bring: Bring) -> None:
    bring(saved(made(of(project, floor="Beton"))))

    assert readiness.item(project, "floor").value == "concrete"


def test_a_comment_alone_waits_for_a_person(project: Project, bring: Bring) -> None:
    back = bring(saved(made(of(project, circuit_note="The electrician comes on Friday"))))

    assert back.entries[0]["why"] == "comment"
    assert back.entries[0]["comment"] == "The electrician comes on Friday"


def test_an_answer_taken_out_again_waits_for_a_person(project: Project, bring: Bring) -> None:
    answer(project, "contact-name", "Anna Beck")

    back = bring(saved(made(of(project, contact_name=""))))

    assert back.entries[0]["why"] == "emptied"
    assert readiness.item(project, "contact-name").value == "Anna Beck"


def test_an_answer_to_what_is_no_longer_asked_is_listed(project: Project, bring: Bring) -> None:
    copy = of(project, storage="yes")
    with unit_of_work():
        db.session.delete(readiness.item(project, "storage"))

    back = bring(saved(made(copy)))

    assert fates(back) == {"storage": Fate.NOT_ASKED.value}
    assert back.entries[0]["typed"] == "yes"


def test_signatures_on_the_paper_wait_for_a_person(project: Project, bring: Bring) -> None:
    copy = of(project)
    copy.texts = {**copy.texts, "section-access-sign-name": "A. Beck", "section-access-sign-date": "2.4.2026"}
    copy.radios = {**copy.radios}

    back = bring(saved(made(copy)))

    assert [(one["kind"], one["key"], one["typed"], one["day"]) for one in back.entries] == [
        ("section", "access", "A. Beck", "2.4.2026")
    ]
    assert back.outcome is Outcome.PARTLY


# ---------------------------------------------------------------- what is not to be trusted


def test_another_projects_file_is_not_taken(app: Flask, project: Project, bring: Bring) -> None:
    with unit_of_work():
        other = readiness.project(number="SO-2", key="BA")
    foreign = of(other, circuit="yes")

    back = bring(saved(made(foreign)))

    assert (back.outcome, back.entries, back.pictures) == (Outcome.OTHER_PROJECT, [], [])
    assert readiness.item(project, "circuit").state is ItemState.OPEN
    assert readiness.item(other, "circuit").state is ItemState.OPEN


def _altered(copy: Copy) -> bytes:
    copy.note = copy.note.replace(b'"revision":1', b'"revision":9')
    return saved(made(copy))


def _forged(copy: Copy) -> bytes:
    note = fields.read(copy.note, secret_key="")
    assert note is not None
    copy.note = fields.written(note.note, secret_key="another key")
    return saved(made(copy))


def _without_note(copy: Copy) -> bytes:
    copy.note = b""
    return saved(made(copy))


def _cut(copy: Copy) -> bytes:
    return saved(made(copy))[:-40]


def _with_script(copy: Copy) -> bytes:
    pdf = made(copy)
    pdf.Root.OpenAction = copies.Dictionary(S=copies.Name.JavaScript, JS=copies.String("app.alert(1)"))
    return saved(pdf)


def _with_xfa(copy: Copy) -> bytes:
    pdf = made(copy)
    pdf.Root.AcroForm.XFA = copies.String("<xdp/>")
    return saved(pdf)


def _with_launch(copy: Copy) -> bytes:
    pdf = made(copy)
    pdf.pages[0].Annots[0].A = copies.Dictionary(S=copies.Name.Launch, F=copies.String("calc.exe"))
    return saved(pdf)


@pytest.mark.parametrize(
    ("spoilt", "outcome", "why"),
    [
        (_altered, Outcome.ALTERED, "altered"),
        (_forged, Outcome.ALTERED, "altered"),
        (_without_note, Outcome.ALTERED, "altered"),
        (_cut, Outcome.TRUNCATED, "truncated"),
        (_with_script, Outcome.ACTIVE_CONTENT, "script"),
        (_with_xfa, Outcome.ACTIVE_CONTENT, "script"),
        (_with_launch, Outcome.ACTIVE_CONTENT, "script"),
    ],
)
def test_what_is_not_whole_and_ours_waits_with_pictures(
    project: Project, bring: Bring, spoilt: Callable[[Copy], bytes], outcome: Outcome, why: str
) -> None:
    back = bring(spoilt(of(project, circuit="yes", temperature="20 °C")))

    assert back.outcome is outcome
    assert {(one["key"], one["fate"], one["why"]) for one in back.entries} == {
        ("circuit", Fate.FOR_A_PERSON.value, why),
        ("temperature", Fate.FOR_A_PERSON.value, why),
    }
    assert len(back.pictures) == 1
    assert readiness.item(project, "circuit").state is ItemState.OPEN


def _written_on(copy: Copy) -> bytes:
    """As on a tablet: a box of text on the page, the fields as they were printed."""
    pdf = made(copy)
    box = copies.Dictionary(
        Type=copies.Name.Annot, Subtype=copies.Name.FreeText, Contents=copies.String("20 A, yes"),
        Rect=copies.Array([300, 700, 400, 720]), DA=copies.String("/Helv 9 Tf"),
    )  # fmt: skip
    pdf.pages[0].Annots.append(pdf.make_indirect(box))
    return saved(pdf)


def _renamed(copy: Copy) -> bytes:
    """As when several forms are put together in one file."""
    pdf = made(copy)
    for field in pdf.Root.AcroForm.Fields:
        field.T = copies.String(f"2_{field.T}")
    pdf.Root.AcroForm.Fields[0].V = copies.String("20 °C")
    return saved(pdf)


def _only_drawn(copy: Copy) -> bytes:
    """What a field shows and does not hold."""
    pdf = made(copy)
    field = next(one for one in pdf.Root.AcroForm.Fields if one.T == "temperature-val")
    field.V = copies.String("")
    shown = pdf.make_stream(
        b"/Tx BMC BT /Helv 9 Tf 2 4 Td (20 C) Tj ET EMC", Subtype=copies.Name.Form, BBox=[0, 0, 9, 9]
    )
    field.AP = copies.Dictionary(N=shown)
    return saved(pdf)


def _only_pressed(copy: Copy) -> bytes:
    """A button that looks pressed and whose group says nothing."""
    pdf = made(copy)
    group = next(one for one in pdf.Root.AcroForm.Fields if one.T == "circuit-val")
    del group.V
    group.Kids[0].AS = copies.Name("/yes")
    return saved(pdf)


@pytest.mark.parametrize(
    ("done", "waiting"),
    [
        (_written_on, set()),
        (_renamed, set()),
        (_only_drawn, set()),
        (_only_pressed, {("circuit", "yes", "doubtful")}),
    ],
)
def test_what_stands_beside_the_fields_waits_for_a_person(
    project: Project, bring: Bring, done: Callable[[Copy], bytes], waiting: set[tuple[str, str, str]]
) -> None:
    back = bring(done(of(project)))

    assert back.outcome is Outcome.PARTLY, "never: nothing was filled in"
    assert {(one["key"], one["typed"], one["why"]) for one in back.entries} == waiting
    assert waiting or (back.detail == taking.BESIDE and len(back.pictures) == 1)
    assert readiness.item(project, "circuit").state is ItemState.OPEN
    assert all(back.outcome is not outcome for outcome in (Outcome.TAKEN, Outcome.NOTHING_FILLED))


def test_states_that_nobody_printed_are_no_answers(project: Project, bring: Bring) -> None:
    copy = of(project, circuit="maybe", floor="by-crane")
    pdf = made(copy)
    pdf.Root.AcroForm.NeedAppearances = True

    back = bring(saved(pdf))

    assert back.outcome is Outcome.PARTLY
    assert {(one["key"], one["typed"], one["why"]) for one in back.entries} == {
        ("circuit", "maybe", "unreadable"),
        ("floor", "by-crane", "unreadable"),
    }


def test_the_newest_revision_of_a_file_counts(project: Project, bring: Bring) -> None:
    """Programs append what changed; what stood there before is still in the file."""
    first = saved(made(of(project, temperature="20 °C")))
    writer = PdfWriter(io.BytesIO(first), incremental=True)
    writer.update_page_form_field_values(writer.pages[0], {"temperature-val": "22 °C"}, auto_regenerate=False)
    kept = io.BytesIO()
    writer.write(kept)
    assert kept.getvalue().startswith(first[:-8])

    back = bring(kept.getvalue())

    assert (back.outcome, readiness.item(project, "temperature").value) == (Outcome.TAKEN, "22 °C")


def test_a_scan_is_laid_before_a_person(project: Project, bring: Bring) -> None:
    pdf = made(Copy(pages=3))
    del pdf.Root.AcroForm

    back = bring(saved(pdf))

    assert (back.outcome, len(back.pictures), back.entries) == (Outcome.FLAT, 3, [])


def test_a_locked_file_says_so(project: Project, bring: Bring) -> None:
    data = saved(made(of(project, circuit="yes")), encryption=copies.pikepdf.Encryption(owner="o", user="u"))

    back = bring(data)

    assert (back.outcome, back.pictures) == (Outcome.ENCRYPTED, [])


def test_a_form_of_somebody_else_is_not_ours(project: Project, bring: Bring) -> None:
    back = bring(saved(made(Copy(texts={"name": "x"}))))

    assert back.outcome is Outcome.NOT_OURS


def test_two_hundred_pages_are_too_many(project: Project, bring: Bring) -> None:
    copy = of(project, circuit="yes")
    copy.pages = 200

    back = bring(saved(made(copy)))

    assert (back.outcome, back.entries, len(back.pictures)) == (Outcome.TOO_LARGE, [], 20)


def test_rubbish_is_kept_and_said_to_be_damaged(project: Project, bring: Bring) -> None:
    data = b"%PDF-1.7\n" + b"rubbish " * 400 + b"\n%%EOF\n"

    back = bring(data)

    assert back.outcome is Outcome.UNREADABLE
    assert back.file.size == len(data)


def test_files_inside_are_not_opened_and_said(project: Project, bring: Bring) -> None:
    pdf = made(of(project, circuit="yes"))
    pdf.attachments["room.jpg"] = b"\xff\xd8\xff"

    back = bring(saved(pdf))

    assert fates(back) == {"circuit": Fate.TAKEN.value}
    assert (back.outcome, back.detail) == (Outcome.PARTLY, taking.FILES_INSIDE)


def test_nothing_filled_in_is_said(project: Project, bring: Bring) -> None:
    assert bring(saved(made(of(project)))).outcome is Outcome.NOTHING_FILLED
