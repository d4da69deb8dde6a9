"""Every setting of Concierge: name, type, unit, default, meaning. Read once, at the start."""

import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

from flask import current_app

_MAILBOX = re.compile(r"[A-Za-z0-9._-]{1,14}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*", re.ASCII)
"""A secret of 49 characters follows, and mail servers take 64 before the @."""


class BadSetting(Exception):
    """A setting that stops the start; the message names it and says what to write."""


def _setting(name: str, meaning: str, *, default: Any = "") -> Any:  # Any: dataclass field of any type
    return field(default=default, metadata={"name": name, "meaning": meaning})


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings in force; each field's metadata holds its environment name and meaning."""

    instance: Path = _setting(
        "CONCIERGE_INSTANCE", "Folder for database, files and mail.", default=Path("instance")
    )
    database_url: str = _setting(
        "DATABASE_URL",
        "Database address; empty: SQLite in the instance folder. PostgreSQL: postgresql://user@host/name.",
    )
    port: int = _setting(
        "CONCIERGE_PORT", "TCP port of the web server, 0–65535; 0 takes a free one.", default=8000
    )
    host: str = _setting("CONCIERGE_HOST", "Address the web server listens on.", default="127.0.0.1")
    base_url: str = _setting(
        "CONCIERGE_BASE_URL",
        "Public address without a slash at the end; every link in a letter starts with it.",
    )
    secret_key: str = _setting(
        "CONCIERGE_SECRET_KEY",
        "Signs sessions and feed addresses; created once in the instance folder when absent.",
    )
    workers: int = _setting("CONCIERGE_WORKERS", "Number of web processes.", default=2)
    threads: int = _setting(
        "CONCIERGE_THREADS", "Threads of each web process; slow uploads occupy one each.", default=32
    )
    jobs: str = _setting(
        "CONCIERGE_JOBS", "Who runs deliveries: embedded or procrastinate.", default="embedded"
    )
    mail: str = _setting(
        "CONCIERGE_MAIL",
        "folder (letters become .eml files and a page shows them) or smtp://user:password@host:port, smtps://….",
        default="folder",
    )
    mail_from: str = _setting(
        "CONCIERGE_MAIL_FROM", "Sender address of every letter.", default="concierge@localhost.localdomain"
    )
    mail_hold: int = _setting(
        "CONCIERGE_MAIL_HOLD",
        "Seconds for which a reminder, or a letter that somebody causes, can be read and stopped before it leaves;"
        " 0: none.",
        default=30,
    )
    hold_workdays: int = _setting(
        "CONCIERGE_HOLD_WORKDAYS",
        "Working days for which sales may hold units and people before there is an order, 1–60.",
        default=5,
    )
    reply_address: str = _setting(
        "CONCIERGE_REPLY_ADDRESS",
        "Address that answers to invitations are sent to, with +… before its @; "
        "empty: schedule@ and the domain of CONCIERGE_MAIL_FROM.",
    )
    project_address: str = _setting(
        "CONCIERGE_PROJECT_ADDRESS",
        "Address that filled-in checklists are sent back to, with +… before its @; it leads to the same mailbox; "
        "empty: project@ and the domain of the reply address.",
    )
    mailbox: str = _setting(
        "CONCIERGE_MAILBOX",
        "Where mail to the reply address is read: folder (a maildir, mailbox/ in the instance folder) or "
        "imaps://user:password@host:port/FOLDER, imap://… with STARTTLS.",
        default="folder",
    )
    authserv: str = _setting(
        "CONCIERGE_AUTHSERV",
        "Name by which our mail server signs Authentication-Results, its topmost header of that kind; "
        "empty: nobody's are believed.",
    )
    booking_notice: int = _setting(
        "CONCIERGE_BOOKING_NOTICE",
        "Working days ahead that a customer chooses, moves or cancels a visit; an offer may say otherwise.",
        default=2,
    )
    booking_pause: int = _setting(
        "CONCIERGE_BOOKING_PAUSE",
        "Minutes around a visit that a customer chooses in which those who go have nothing else, besides the way.",
        default=0,
    )
    booking_moves: int = _setting(
        "CONCIERGE_BOOKING_MOVES", "How often a customer may move a visit that they chose.", default=2
    )
    files: str = _setting(
        "CONCIERGE_FILES", "fsspec address of the file store; empty: files/ in the instance folder."
    )
    synchronous: str = _setting(
        "CONCIERGE_SYNCHRONOUS",
        "SQLite durability: FULL survives a power cut, NORMAL is faster.",
        default="FULL",
    )
    trusted_hosts: str = _setting(
        "CONCIERGE_TRUSTED_HOSTS",
        "Host names that requests may carry, comma separated, besides the base address.",
    )
    proxies: int = _setting(
        "CONCIERGE_PROXIES", "Number of trusted proxies in front whose X-Forwarded headers count.", default=0
    )
    log_level: str = _setting("CONCIERGE_LOG_LEVEL", "debug, info, warning or error.", default="info")
    demo: bool = _setting(
        "CONCIERGE_DEMO", "Load the demo company on the first start: yes or no.", default=True
    )
    company: str = _setting(
        "CONCIERGE_COMPANY", "Name of the selling company, for customers.", default="Concierge"
    )
    system: str = _setting(
        "CONCIERGE_SYSTEM",
        "Name of the system that orders come from when a file does not say.",
        default="ERP",
    )
    signing_key: str = _setting(
        "CONCIERGE_SIGNING_KEY",
        "PKCS#12 file with the company's certificate, which signs record copies; needs the extra signing; "
        "empty: they are not signed.",
    )
    signing_password_file: str = _setting(
        "CONCIERGE_SIGNING_PASSWORD_FILE", "File that holds the certificate's password; empty: it has none."
    )
    session_idle_hours: int = _setting(
        "CONCIERGE_SESSION_IDLE_HOURS", "Hours after which an unused sign-in ends.", default=12
    )
    session_days: int = _setting("CONCIERGE_SESSION_DAYS", "Days after which any sign-in ends.", default=14)

    @property
    def database(self) -> str:
        """The database address in SQLAlchemy's words; plain postgres addresses get psycopg 3."""
        if not self.database_url:
            return f"sqlite:///{self.instance.resolve() / 'concierge.sqlite3'}"
        for plain in ("postgres://", "postgresql://"):
            if self.database_url.startswith(plain):
                return "postgresql+psycopg://" + self.database_url.removeprefix(plain)
        return self.database_url

    @property
    def reply_mailbox(self) -> str:
        """The address that answers to invitations are read from; each invitation adds its secret to it."""
        return self.reply_address or f"schedule@{self.mail_from.rpartition('@')[2]}"

    @property
    def project_mailbox(self) -> str:
        """The address that checklists come back to; each project adds its secret to it."""
        return self.project_address or f"project@{self.reply_mailbox.rpartition('@')[2]}"

    @property
    def address(self) -> str:
        """The public address that links in letters, feeds and documents start with."""
        return self.base_url or f"http://{self.host}:{self.port}"


def load(environ: Mapping[str, str] | None = None) -> Settings:
    """Read the settings from the environment.

    :raises BadSetting: when a name is unknown or a value is malformed.
    """
    source = os.environ if environ is None else environ
    known = {f.metadata["name"]: f for f in fields(Settings)}
    unknown = sorted(name for name in source if name.startswith("CONCIERGE_") and name not in known)
    if unknown:
        raise BadSetting(f"The setting {unknown[0]} is not known. Known ones: {', '.join(sorted(known))}.")
    values: dict[str, Any] = {  # Any: each setting has its own type
        f.name: _read(name, f.default, source[name]) for name, f in known.items() if name in source
    }
    settings = Settings(**values)
    _check(settings)
    if not settings.secret_key:
        settings = Settings(**{**values, "secret_key": _secret_of(settings.instance)})
    return settings


def current() -> Settings:
    """The settings of the running application, which puts them under ``concierge.settings`` at its start."""
    return cast("Settings", current_app.extensions["concierge.settings"])


def _read(name: str, default: object, text: str) -> object:
    match default:
        case bool():
            if text.lower() not in {"yes", "no", "1", "0", "true", "false"}:
                raise BadSetting(f"{name} is {text!r}; write yes or no.")
            return text.lower() in {"yes", "1", "true"}
        case int():
            if not text.isdigit():
                raise BadSetting(f"{name} is {text!r}; write a whole number.")
            return int(text)
        case Path():
            return Path(text)
    return text


def _check(settings: Settings) -> None:
    if not 0 <= settings.port <= 65535:
        raise BadSetting("CONCIERGE_PORT is a port number from 0 to 65535.")
    if settings.jobs not in {"embedded", "procrastinate"}:
        raise BadSetting("CONCIERGE_JOBS is embedded or procrastinate.")
    if settings.jobs == "procrastinate" and not settings.database.startswith("postgresql"):
        raise BadSetting("CONCIERGE_JOBS=procrastinate needs a PostgreSQL database: set DATABASE_URL.")
    if settings.synchronous not in {"FULL", "NORMAL"}:
        raise BadSetting("CONCIERGE_SYNCHRONOUS is FULL or NORMAL.")
    if settings.mail != "folder" and not settings.mail.startswith(("smtp://", "smtps://")):
        raise BadSetting("CONCIERGE_MAIL is folder, or an address like smtp://mail.example:587.")
    _check_mailbox(settings.mailbox)
    if settings.base_url and not settings.base_url.startswith(("http://", "https://")):
        raise BadSetting("CONCIERGE_BASE_URL starts with http:// or https://.")
    if settings.base_url.endswith("/"):
        raise BadSetting("CONCIERGE_BASE_URL is written without a slash at the end.")
    if not 1 <= settings.hold_workdays <= 60:
        raise BadSetting("CONCIERGE_HOLD_WORKDAYS is a number of days from 1 to 60.")
    if settings.reply_address and not _MAILBOX.fullmatch(settings.reply_address):
        raise BadSetting(
            "CONCIERGE_REPLY_ADDRESS is an address like schedule@example.com, at most 14 characters before its @."
        )
    if settings.project_address and not _MAILBOX.fullmatch(settings.project_address):
        raise BadSetting(
            "CONCIERGE_PROJECT_ADDRESS is an address like project@example.com, at most 14 characters before its @."
        )
    for name, path in (
        ("CONCIERGE_SIGNING_KEY", settings.signing_key),
        ("CONCIERGE_SIGNING_PASSWORD_FILE", settings.signing_password_file),
    ):
        if path and not Path(path).is_file():
            raise BadSetting(f"{name} names a file that is not there: {path}.")
    if settings.log_level not in {"debug", "info", "warning", "error"}:
        raise BadSetting("CONCIERGE_LOG_LEVEL is debug, info, warning or error.")


def _check_mailbox(address: str) -> None:
    """Refuse what is no mailbox; the address holds a password and is not repeated."""
    if address in {"", "folder"}:
        return
    try:
        parts = urlsplit(address)
        is_one = parts.scheme in {"imap", "imaps"} and parts.hostname and parts.username and parts.port != 0
    except ValueError:  # a port that is no number
        is_one = False
    if not is_one:
        raise BadSetting(
            "CONCIERGE_MAILBOX is folder, or an address like imaps://user:password@mail.example/INBOX; "
            "write @ in user or password as %40, / as %2F."
        )


def _secret_of(instance: Path) -> str:
    """The secret of this instance, made once; two first starts at the same time agree on one."""
    path = instance / "secret_key"
    instance.mkdir(parents=True, exist_ok=True)
    fresh = instance / f"secret_key.{secrets.token_hex(8)}"
    if not path.exists():
        fresh.touch(mode=0o600)
        fresh.write_text(secrets.token_urlsafe(48))
        try:
            os.link(fresh, path)
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
    return path.read_text().strip()
