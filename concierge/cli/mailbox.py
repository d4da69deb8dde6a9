"""`concierge mailbox`: the mailbox that answers to invitations come to."""

from pathlib import Path

import click
from flask.cli import with_appcontext

from concierge.platform import clock, incoming
from concierge.platform import mailbox as platform
from concierge.platform.database import unit_of_work
from concierge.platform.errors import Refused


@click.group("mailbox")
def mailbox() -> None:
    """The mailbox that answers to invitations come to."""


@mailbox.command("read")
@with_appcontext
def read() -> None:
    """Read the mailbox now, as the worker does every minute, and say what stands in the way.

    \b
    Example: concierge mailbox read
    """
    kept = platform.read_now()
    problems = incoming.problems()
    click.echo(f"{kept} new" if kept or not problems else "nothing new")
    if problems:
        raise Refused("\n".join(f"{one.name}: {one.problem}" for one in problems))


@mailbox.command("take")
@click.argument(
    "paths",
    metavar="FILE…",
    nargs=-1,
    required=True,
    type=click.Path(exists=True, dir_okay=False, readable=True, path_type=Path),
)
@with_appcontext
def take(paths: tuple[Path, ...]) -> None:
    """Take messages (.eml) in as if they had come into the mailbox; the worker reads them then.

    \b
    Example: concierge mailbox take accepted.eml && concierge worker --drain
    """
    for path in paths:
        if path.stat().st_size > incoming.LARGEST:
            raise Refused(f"{path.name} is larger than 25 MB.")
        with unit_of_work():
            mail_id = incoming.keep(path.read_bytes(), at=clock.now())
        click.echo(f"{path.name}\t{'known already' if mail_id is None else f'kept as no. {mail_id}'}")
