"""`concierge worker`: do what follows from what people did."""

import click
from flask import current_app
from flask.cli import with_appcontext

from concierge.platform import procrastination
from concierge.platform import worker as embedded


@click.command("worker")
@click.option("--once", is_flag=True, help="Do one delivery if one is due, then stop.")
@click.option(
    "--drain", is_flag=True, help="Do all deliveries that are due, and those they cause, then stop."
)
@click.option("--threads", default=2, show_default=True, help="How many deliveries to do at once.")
@click.option(
    "--queue", "queues", multiple=True, help="Only this queue: default, mail, jobs, chores. May be repeated."
)
@with_appcontext
def worker(once: bool, drain: bool, threads: int, queues: tuple[str, ...]) -> None:
    """Do deliveries: letters, documents, imports, and what the timetable asks for.

    Runs until it is told to stop (Ctrl-C or SIGTERM) and then finishes what it holds.

    \b
    Example: concierge worker --queue mail --queue default
    """
    app = current_app._get_current_object()  # type: ignore[attr-defined]  # the proxy's own door
    if drain:
        embedded.put_up(app)
        click.echo(f"{embedded.drain(app)} deliveries done")
    elif once:
        click.echo("1 delivery done" if embedded.work_once(app, queues=queues) else "nothing was due")
    elif "concierge.procrastinate" in app.extensions:
        procrastination.work(app, threads=threads, queues=queues)
    else:
        embedded.work(app, threads=threads, queues=queues)
