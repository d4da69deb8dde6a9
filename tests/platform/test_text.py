"""Whatever is typed, what reaches a table is clean: no control characters, NFC, capped (rule R11)."""

import unicodedata
from datetime import date

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from concierge.accounts.models import Account, Site
from concierge.platform.database import Base, Line, Prose, clean, db, unit_of_work

CORPUS = (
    ("nul\x00in\x00side", "nulinside", "nulinside"),
    ("bell\x07 esc\x1b[31m", "bell esc[31m", "bell esc[31m"),
    ("del\x7f c1\x80\x9f", "del c1", "del c1"),
    ("lone \ud83d high", "lone high", "lone  high"),
    ("lone \udc00 low", "lone low", "lone  low"),
    ("Zu\u0308rich", "Zürich", "Zürich"),
    ("\ufeffmark at the start", "mark at the start", "mark at the start"),
    ("zero\u200bwidth", "zerowidth", "zerowidth"),
    ("a\u2028b\u2029c", "a b c", "a\nb\nc"),
    ("dos\r\nmac\rend", "dos mac end", "dos\nmac\nend"),
    ("tab\tand  spaces", "tab and spaces", "tab\tand  spaces"),
    ("  around  ", "around", "around"),
    ("family 👩‍🔬 stays", "family 👩‍🔬 stays", "family 👩‍🔬 stays"),
    ("研究所 مختبر ห้อง", "研究所 مختبر ห้อง", "研究所 مختبر ห้อง"),
    ("'; DROP TABLE sites; --", "'; DROP TABLE sites; --", "'; DROP TABLE sites; --"),
    ("x" * 5000, "x" * 120, "x" * 2000),
    ("", "", ""),
)
"""What is typed; as a line of 120 characters; as prose of 2,000."""

MACHINE_MADE = {
    "assessments.content_hash",
    "customer_links.nonce",
    "customer_links.token_hash",
    "link_codes.code_hash",
    "readiness_signatures.content_hash",
    "returned_documents.digest",
    "uploads_under_way.token",
    "time_holds.holder",
    "stock_units.country",
    "enquiry_lines.country",
    "calendar_entries.renderer",
    "calendar_entries.uid",
    "calendars.label",
    "calendars.version",
    "checklist_documents.code",
    "checklist_documents.content_hash",
    "checklists.link_hash",
    "checklists.link_nonce",
    "incoming_mails.digest",
    "invitation_tellings.recipient",
    "invitation_tellings.round",
    "invitations.nonce",
    "invitations.sent_fingerprint",
    "feeds.fetched_version",
    "feeds.nonce",
    "feeds.token_hash",
    "field_changes.digest",
    "field_changes.key",
    "field_records.content_hash",
    "field_records.signed_hash",
    "field_signatures.content_hash",
    "offices.country",
    "on_call_turns.uid",
    "order_documents.digest",
    "orders.currency",
    "photo_uploads.uuid",
    "projects.imported_digest",
    "rate_counts.key",
    "search_entries.key",
    "search_entries.words",
    "secret_links.token_hash",
    "sites.country",
    "stored_files.place",
    "stored_files.sha256",
    "taken_forms.led_to",
    "taken_forms.token",
    "technicians.country",
    "territory_parts.country",
    "undos.act",
    "user_sessions.token_hash",
    "users.password_hash",
    "visits.uid",
}
"""Columns of plain text: made by us, or codes that are checked before they get there."""


@pytest.mark.parametrize(("typed", "line", "prose"), CORPUS)
def test_text_is_clean_when_it_is_assigned_and_when_it_is_read(
    app: Flask, typed: str, line: str, prose: str
) -> None:
    with unit_of_work():
        account = Account(name="Halden", key="HB", created_on=date(2026, 1, 5))
        db.session.add(account)
        db.session.flush()
        site = Site(account_id=account.id, name=typed, dock_notes=typed, country="CH", zone="UTC")
        assert (site.name, site.dock_notes) == (line, prose)
        db.session.add(site)

    db.session.expire_all()
    assert (site.name, site.dock_notes) == (line, prose)


@pytest.mark.parametrize("typed", [typed for typed, _, _ in CORPUS])
def test_a_search_for_odd_text_reaches_the_database_clean(app: Flask, typed: str) -> None:
    assert db.session.query(Account).where(Account.name == typed).all() == []


@given(st.text(alphabet=st.characters(exclude_categories=()), max_size=80))
def test_clean_text_can_be_stored_anywhere_and_is_clean_already(typed: str) -> None:
    for kind in (Line(40), Prose(40)):
        kept = kind.clean(typed)
        kept.encode("utf-8")
        assert len(kept) <= 40
        assert not any(unicodedata.category(sign) in {"Cc", "Cs"} and sign not in "\n\t" for sign in kept)
        assert unicodedata.is_normalized("NFC", kept)
        assert clean(kept, lines=kind.lines) == kept.strip()


def test_every_text_of_a_person_is_a_line_or_prose(sqlite_app: Flask) -> None:
    plain = {
        f"{table.name}.{column.name}"
        for table in Base.metadata.sorted_tables
        for column in table.columns
        if type(column.type).__name__ in {"String", "Text", "Unicode"}
    }

    assert plain - {f"{table.name}.search" for table in Base.metadata.sorted_tables} == MACHINE_MADE
