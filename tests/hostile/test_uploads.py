"""What people hand in as evidence is refused, or is handed out so that it cannot do anything (threat F3)."""

import io
import re

import pytest
import sqlalchemy as sa
from flask import Flask

from concierge.platform.database import db
from concierge.platform.files import StoredFile
from concierge.platform.settings import current
from concierge.readiness.models import ItemEvidence
from tests.conftest import csrf_token
from tests.hostile.world import World

PDF = b"%PDF-1.7\n1 0 obj"
PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 40
GIF = b"GIF89a" + b"\x00" * 20
HARMLESS = {
    "application/pdf",
    "image/png",
    "image/jpeg",
    "image/webp",
    "image/heic",
    "text/plain; charset=utf-8",
    "text/plain",
}
REFUSED = {
    "svg": b"<svg xmlns='http://www.w3.org/2000/svg' onload='zqx()'/>",
    "svg with a declaration": b"<?xml version='1.0'?><svg/>",
    "svg behind a mark": b"\xef\xbb\xbf<svg onload=zqx()>",
    "svg behind space": b" \r\n\t <svg onload=zqx()>",
    "html": b"<!doctype html><script>zqx()</script>",
    "html in UTF-16": "<script>zqx()</script>".encode("utf-16"),
    "html in UTF-7": b"\x00+ADw-script+AD4-zqx()",
    "gif": GIF,
    "program": b"MZ\x90\x00",
    "elf": b"\x7fELF\x02\x01",
    "script": b"#!/bin/sh\nrm -rf /",
    "postscript": b"%!PS-Adobe-3.0",
    "php": b"<?php system('id'); ?>",
    "zip": b"PK\x03\x04" + b"\x00" * 60,
    "java archive": b"PK\x03\x04META-INF/MANIFEST.MF",
    "nothing": b"",
    "zeros": b"\x00" * 100,
    "empty archive": b"PK\x05\x06" + b"\x00" * 18,
    "gzip": b"\x1f\x8b\x08",
}
KEPT = {
    "pdf": PDF,
    "pdf that is a page too": PDF + b"\n<html><script>zqx()</script>",
    "png that is a page too": PNG + b"<script>zqx()</script>",
    "jpeg that is an archive too": b"\xff\xd8\xff\xe0" + b"PK\x03\x04evil.jsp",
    "plain text with markup inside": b"Note: <script>zqx()</script>",
    "htaccess": b"AddType application/x-httpd-php .txt",
    "formula": b"=cmd|'/c calc'!A1,2\n",
}
NAMES = (
    "../../../etc/passwd", "..\\..\\evil.dll", "/etc/cron.d/zqx", "C:\\Windows\\evil.exe", ".htaccess",
    "..", ".", "con.pdf",
    "plan.pdf.exe", "plan.php", "plan.svg", "plan.html", "plan.pdf\x00.html", "pl\u200ban.pdf",
    "fdp\u202efdp.exe", "x" * 300 + ".pdf",
    "\u00fcbersicht.pdf", 'a"b.pdf', "a\r\nSet-Cookie: zqx=1.pdf", "<img src=x onerror=zqx()>.pdf",
    "a;filename=evil.html", "%2e%2e%2fx.pdf",
    "\uff0e\uff0e\uff0fx.pdf", "\U0001f9ea.pdf", " .pdf", "a/b.pdf", "a:stream.pdf", "",
)  # fmt: skip


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_what_is_no_evidence_is_refused_and_leaves_nothing(app: Flask, world: World) -> None:
    browser, place = world.browsers["technician"], _address(world)
    token, before = csrf_token(browser, "/settings/me"), _kept()
    for kind, data in REFUSED.items():
        for name in ("plan.pdf", "plan.png", "note.txt"):
            answer = browser.post(
                f"{place}/files", data={"csrf_token": token, "file": (io.BytesIO(data), name)}
            )
            assert answer.status_code == 422, kind
            answer.close()

    assert _kept() == before


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_what_is_kept_is_only_ever_saved(app: Flask, world: World) -> None:
    browser, place = world.browsers["technician"], _address(world)
    token = csrf_token(browser, "/settings/me")
    tries = [(kind, data, f"{kind}.html") for kind, data in KEPT.items()]
    tries += [(name, PDF, name) for name in NAMES if name][: 30 - len(tries) - 1]
    for label, data, name in tries:
        answer = browser.post(f"{place}/files", data={"csrf_token": token, "file": (io.BytesIO(data), name)})
        assert answer.status_code in {303, 422}, label
        answer.close()
    db.session.rollback()
    kept = db.session.execute(sa.select(ItemEvidence.id, StoredFile).join(StoredFile)).all()
    assert len(kept) > 20
    root = current().instance.resolve() / "files"
    for evidence_id, stored in kept:
        assert re.fullmatch(r"[0-9a-f]{2}/[0-9a-f]{40}", stored.place)
        assert (root / stored.place).is_file()
        assert not re.search(r'[/\\\x00-\x1f\u200b\u202e<>:"|?*]', stored.name), stored.name
        assert not stored.name.startswith(".")
        assert len(stored.name) <= 200
        assert stored.name.rpartition(".")[2].lower() in {"pdf", "png", "jpg", "txt", "csv", "webp"}, (
            stored.name
        )
        for key in (world.ours["key"], world.theirs["key"]):
            answer = browser.get(f"/projects/{key}/readiness/files/{evidence_id}")
            if answer.status_code == 200:
                break
        else:
            continue
        assert answer.content_type in HARMLESS
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Content-Disposition"].startswith("attachment")
        assert "sandbox" in answer.headers["Content-Security-Policy"]
        assert "public" not in answer.headers["Cache-Control"]
        assert "Set-Cookie" not in {name for name, value in answer.headers if "zqx" in value}
    page = browser.get(place)
    assert page.status_code == 200


def test_an_order_document_is_saved_and_not_kept_by_strangers_caches(app: Flask, world: World) -> None:
    from concierge.orders.models import OrderDocument

    found = db.session.scalars(sa.select(OrderDocument)).first()
    assert found is not None
    path = f"/orders/{found.order_id}/documents/{found.id}"
    db.session.rollback()

    answer = world.browsers["concierge"].get(path)

    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "private, no-store"
    answer.close()


def _address(world: World) -> str:
    return f"/projects/{world.ours['key']}/readiness/{world.ours['item_id']}"


def _kept() -> tuple[int, int]:
    db.session.rollback()
    return (
        db.session.scalar(sa.select(sa.func.count(StoredFile.id))) or 0,
        db.session.scalar(sa.select(sa.func.count(ItemEvidence.id))) or 0,
    )
