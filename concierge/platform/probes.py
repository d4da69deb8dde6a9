"""What machines ask: is the process alive, and can it work."""

from flask import Blueprint, Response
from sqlalchemy.exc import SQLAlchemyError

from concierge.platform import schema

bp = Blueprint("probes", __name__)


@bp.get("/healthz")
def healthz() -> Response:
    """Say that the process answers; touches nothing else."""
    return Response("alive\n", content_type="text/plain; charset=utf-8")


@bp.get("/readyz")
def readyz() -> Response:
    """Say whether the database is there and has the tables of this release."""
    try:
        current = schema.current()
    except SQLAlchemyError:
        return Response(
            "the database does not answer\n", status=503, content_type="text/plain; charset=utf-8"
        )
    if current != (wanted := schema.wanted()):
        sentence = f"the database is at {current}, this release needs {wanted}: run concierge db upgrade\n"
        return Response(sentence, status=503, content_type="text/plain; charset=utf-8")
    return Response("ready\n", content_type="text/plain; charset=utf-8")


healthz.access = readyz.access = None  # type: ignore[attr-defined]  # open to anybody; read by the architecture tests
