"""The yardstick: a Flask application that does nothing but answer."""

from functools import cache

from flask import Flask, Response

app = Flask(__name__)


@app.get("/bytes/<int:size>")
def answer(size: int) -> Response:
    """Give that many bytes of text."""
    return Response(_text(size), content_type="text/html; charset=utf-8")


@app.get("/unchanged")
def unchanged() -> Response:
    """Say that nothing has changed."""
    return Response(status=304, headers={"ETag": '"same"'})


@cache
def _text(size: int) -> bytes:
    return (b"A line of a page or a calendar, to be sent as it is.\r\n" * (size // 54 + 1))[:size]
