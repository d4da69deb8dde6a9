"""Texts stay text: in every page, letter, print, calendar and answer (threats I1, I3, I6)."""

import html
import re

import pytest
import sqlalchemy as sa
from flask import Flask

from concierge.platform.database import Base, db
from tests.hostile import pages, payloads
from tests.hostile import world as worlds
from tests.hostile.world import World

HEADERS = sorted(
    ("From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "X-Auto-Response-Suppress", "MIME-Version",
     "Content-Type", "Content-Language")
)  # fmt: skip
LETTER_TABLES = {
    "accounts",
    "sites",
    "contacts",
    "projects",
    "readiness_items",
    "users",
    "order_lines",
    "products",
}
ON_SQLITE = pytest.mark.parametrize("app", ["sqlite"], indirect=True)


def test_the_corpus_is_large_enough() -> None:
    assert len(set(payloads.ALL)) >= 120
    assert len(set(payloads.IN_A_BROWSER)) == 20


def test_the_small_world_has_a_row_with_words_in_every_text_column(app: Flask, world: World) -> None:
    empty = []
    with db.engine.connect() as connection:
        for table, column in worlds.text_columns():
            values = connection.scalars(sa.select(column).where(column.is_not(None))).all()
            if not values and f"{table.name}.{column.name}" not in worlds.MADE_UP:
                empty.append(f"{table.name}.{column.name}")

    assert empty == []


def test_no_page_makes_more_than_text_of_a_text(app: Flask, world: World) -> None:
    found: dict[str, list[str]] = {}
    walked = set()
    first = 0 if db.engine.dialect.name == "sqlite" else 61
    worlds.fill(lambda column, number, longest: payloads.some(number + first, longest))
    more = (worlds.checklist_address(world.ours),)
    for name in ("administrator", "technician"):
        for path, answer in pages.walk(app, world.browsers[name], (world.ours,), more=more, each=1):
            walked.add(path)
            assert answer.status_code < 500, (path, answer.status_code)
            if answer.mimetype == "text/html":
                wrong = pages.faults(answer.get_data(as_text=True), own_hosts={"localhost", "127.0.0.1"})
                if wrong:
                    found.setdefault(re.sub(r"\d+", "1", path), wrong[:4])

    assert found == {}
    assert len(walked) > 60


@ON_SQLITE
def test_texts_that_look_like_formats_are_shown_as_typed(app: Flask, world: World) -> None:
    odd = "zqw %(x)s {0} {{7}} %s % zqv"
    shown = 0
    worlds.fill(lambda column, number, longest: odd if longest >= 40 else "%(x)s"[:longest])
    for language in ("en", "de"):
        with db.engine.execution_options(writing=True).begin() as connection:
            connection.execute(sa.text("UPDATE users SET language = :l"), {"l": language})
        for path, answer in pages.walk(app, world.browsers["administrator"], (world.ours,), each=1):
            assert answer.status_code < 500, (path, language)
            if answer.mimetype != "text/html":
                continue
            words = html.unescape(re.sub(r"<[^>]*>", " ", answer.get_data(as_text=True)))
            for piece in re.findall(r"zqw.{0,40}", words):
                whole = piece.partition("\N{HORIZONTAL ELLIPSIS}")[0].strip()
                assert whole.startswith(odd) or odd.startswith(whole), (path, piece)
                shown += 1

    assert shown > 200


@ON_SQLITE
def test_a_print_and_a_letter_make_no_more_than_text_of_a_text(app: Flask, world: World) -> None:
    from email import message_from_bytes, policy

    from concierge.platform import mail
    from concierge.platform.mail import Attachment, OutgoingMail
    from concierge.readiness import mails, queries
    from concierge.readiness.document import filling, printing

    for turn in range(0, len(payloads.ALL), 2):
        worlds.fill(
            lambda column, number, longest, n=turn: payloads.some(number + n, longest),
            _few(world) if turn else None,
        )
        checklist = queries.checklist_by_id(int(str(world.ours["checklist_id"])))
        project = queries.project_of(checklist)
        assert project.contact
        with app.test_request_context("/"):
            document = filling.filled(checklist, project, language=("en", "de")[turn % 2])
            page = printing.html(document)
            assert [one for one in pages.faults(page) if "style" not in one] == [], turn
            letter = mails.checklist_letter(
                document,
                project.contact,
                occasion=("issued", "moved")[turn % 2],
                attachments=(Attachment(payloads.some(turn, 90), "application/pdf", b"%PDF-", ""),),
            )
            assert pages.faults(letter.html) == [], turn
            row = OutgoingMail(
                key="x", message_id="<x@localhost>", to="yuki@halden.example", to_name=letter.to_name,
                subject=letter.subject,
                text=letter.text, html=letter.html, language=letter.language, attachments=[],
                created_at=checklist.issued_at,
            )  # fmt: skip
            written = message_from_bytes(mail._composed(row).as_bytes(), policy=policy.default)
            assert sorted(written.keys()) == HEADERS
            text = written.get_body(("plain",))
            assert text is not None
            assert "&lt;script" not in text.get_content().replace("&lt;script&gt;zqx()&lt;/script&gt;", "")
        db.session.rollback()


def _few(world: World) -> dict[str, frozenset[int]]:
    """Only the rows that a letter and a print are made from."""
    with db.engine.connect() as connection:
        return {
            table.name: frozenset(
                connection.scalars(sa.select(table.c.id))
                if table.name in LETTER_TABLES
                else ()
            )
            for table in Base.metadata.sorted_tables
        }  # fmt: skip
