"""A form is taken once: every form carries a token, and what creates something gives it up with the act.

A copy of the form (a double click, an impatient reload, a proxy that tries again) waits for the first and is
led to where the first one led, so that nothing is created twice.
"""

import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from http import HTTPStatus
from secrets import token_urlsafe

import sqlalchemy as sa
from flask import Flask, request
from sqlalchemy.orm import Mapped, mapped_column
from werkzeug.routing import RequestRedirect

from concierge.platform import clock
from concierge.platform.database import Base, db, insert

FIELD = "form_token"
LONGEST = 64
_TOKEN = re.compile(rf"[A-Za-z0-9_-]{{16,{LONGEST}}}", re.ASCII)


class TakenForm(Base):
    """A form that was taken, and where it led."""

    __tablename__ = "taken_forms"

    user_id: Mapped[int]
    """Who sent it; nobody meets the token of another person."""
    token: Mapped[str] = mapped_column(sa.String(64))
    """SHA-256 of the form's token with all that was filled in: gone back to and changed, it is another form."""
    taken_at: Mapped[datetime] = mapped_column(index=True)
    led_to: Mapped[str] = mapped_column(sa.String(500), default="")

    __table_args__ = (sa.UniqueConstraint("user_id", "token"),)


class TakenAlready(RequestRedirect):
    """The form was taken before: go where it led."""

    code = HTTPStatus.SEE_OTHER


class Outcome:
    """Where the act leads, told before it is saved."""

    led_to = ""


def register(app: Flask) -> None:
    """Let templates put a token into each form."""
    app.add_template_global(lambda: token_urlsafe(18), "form_token")


@contextmanager
def taken_once(*, by: int) -> Iterator[Outcome]:
    """Do what a form asks for, once. Stands inside the unit of work; without a token nothing is compared.

    :param by: who sent it.
    :raises TakenAlready: when the same form was taken before.
    """
    outcome = Outcome()
    if not _TOKEN.fullmatch(request.form.get(FIELD, "")):
        yield outcome
        return
    token = _fingerprint()
    here = (TakenForm.user_id == by, TakenForm.token == token)
    row = insert(TakenForm).values(user_id=by, token=token, taken_at=clock.now(), led_to="")
    # A copy waits here until the first is saved or undone.
    if db.session.execute(row.on_conflict_do_nothing().returning(TakenForm.id)).scalar_one_or_none() is None:
        led_to = db.session.scalar(sa.select(TakenForm.led_to).where(*here))
        raise TakenAlready(led_to or request.path)
    yield outcome
    db.session.execute(sa.update(TakenForm).where(*here).values(led_to=outcome.led_to))


def _fingerprint() -> str:
    found = hashlib.sha256(request.path.encode())
    for name, value in request.form.items(multi=True):
        if name != "csrf_token":
            found.update(repr((name, value)).encode())
    for name, file in request.files.items(multi=True):
        found.update(repr((name, file.filename)).encode())
        file.stream.seek(0)  # whoever judged the form may have read in it
        found.update(hashlib.file_digest(file.stream, "sha256").digest())  # type: ignore[arg-type]  # a binary stream
        file.stream.seek(0)
    return found.hexdigest()


def forget(*, before: datetime) -> None:
    """Remove tokens of forms that were taken long ago."""
    db.session.execute(sa.delete(TakenForm).where(TakenForm.taken_at < before))
