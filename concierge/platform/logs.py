"""Log lines: JSON, one event a line, with the request or delivery they belong to, and nothing about people.

Lines name routes, not addresses, because addresses of feeds and letters carry secrets. Errors are written as
their kind and the places they passed, without their message, because messages repeat what people typed.
"""

import contextlib
import logging
import re
import secrets
import sys
import time
import traceback
from types import TracebackType
from typing import Any, TextIO

import structlog
from flask import Flask, Response, g, request
from structlog.typing import EventDict, WrappedLogger

_SECRET_NAMES = re.compile(
    r"passw|token|secret|authori[sz]ation|cookie|csrf|session|e?mail|recipient|address", re.IGNORECASE
)
_SECRET_TEXTS = (
    (re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+"), "[address]"),
    (re.compile(r"(?i)(/(?:cal|checklist|invitation|reset|answer|p)/)[^/\s\"'<]+"), r"\1[token]"),
    (re.compile(r"(?i)(://[^:/\s]+:)[^@/\s]+@"), r"\1[password]@"),
    (re.compile(r"(?<![\w-])[A-Za-z0-9_-]{40,}(?![\w-])"), "[token]"),
)


class _ToStderr(logging.StreamHandler[TextIO]):
    """Writes to what standard error is now, not to what it was at the start."""

    def emit(self, record: logging.LogRecord) -> None:
        self.stream = sys.stderr
        super().emit(record)


class _Line:
    """Writes lines to standard error, and nowhere when that cannot be: a full disk that ends requests for want of
    a line about them would be the greater fault.
    """

    def msg(self, message: str) -> None:
        with contextlib.suppress(OSError, ValueError):
            sys.stderr.write(f"{message}\n")
            sys.stderr.flush()

    log = debug = info = warn = warning = msg
    fatal = failure = err = error = critical = exception = msg


def configure(level: str = "info") -> None:
    """Make every line JSON on standard error, our own and those of the libraries."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        name_the_error,
        redact,
    ]
    structlog.configure(
        processors=[*shared, structlog.processors.JSONRenderer()],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        logger_factory=lambda *_: _Line(),
        cache_logger_on_first_use=False,
    )
    handler = _ToStderr()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(max(logging.WARNING, getattr(logging, level.upper())))


def register(app: Flask) -> None:
    """Give every request an id that its lines and its answer carry, and one line when it is answered."""
    app.before_request(_begin)
    app.after_request(_end)
    app.teardown_request(_forget)


def redact(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """Take secrets and personal data out of a line, by the names of its fields and the looks of its texts."""
    return {
        name: "[removed]" if _SECRET_NAMES.search(name) and name != "event" else _without_secrets(value)
        for name, value in event.items()
    }


def name_the_error(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """Write an error as its kind and the places it passed, without its message."""
    error = event.pop("exc_info", None)
    if error is True:
        error = sys.exc_info()
    if isinstance(error, tuple):
        error = error[1]
    if isinstance(error, BaseException):
        event["error"] = type(error).__name__
        event["places"] = _places(error.__traceback__)
        if error.__cause__ is not None:
            event["cause"] = type(error.__cause__).__name__
    return event


def _places(passed: TracebackType | None) -> list[str]:
    return [
        f"{step.filename.rsplit('/site-packages/')[-1]}:{step.lineno} {step.name}"
        for step in traceback.extract_tb(passed)
    ][-12:]


def _without_secrets(value: Any) -> Any:  # Any: whatever was logged
    match value:
        case str():
            for secret, instead in _SECRET_TEXTS:
                value = secret.sub(instead, value)
            return value
        case dict():
            return redact(None, "", value)
        case list() | tuple():
            return [_without_secrets(part) for part in value]
        case _:
            return value


def _begin() -> None:
    g.request_id = secrets.token_hex(8)
    g.began = time.perf_counter()
    structlog.contextvars.bind_contextvars(request_id=g.request_id)


def _end(response: Response) -> Response:
    if "request_id" in g:
        response.headers["X-Request-Id"] = g.request_id
        structlog.get_logger().info(
            "request",
            method=request.method,
            route=str(request.url_rule) if request.url_rule else "none",
            status=response.status_code,
            milliseconds=round((time.perf_counter() - g.began) * 1000, 1),
        )
    return response


def _forget(error: BaseException | None) -> None:
    structlog.contextvars.unbind_contextvars("request_id")
