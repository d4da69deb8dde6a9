"""`concierge feeds`: calendar addresses at a terminal, and a reader that finds what is wrong with a calendar file."""

import http.client
import ipaddress
import json
import sys
from pathlib import Path
from urllib.parse import urlsplit

import click
from flask.cli import with_appcontext

from concierge.feeds import lint, queries
from concierge.feeds.actions import addresses
from concierge.feeds.queries import AddressReport
from concierge.platform import clock, fetching
from concierge.platform.database import unit_of_work
from concierge.platform.errors import Refused

SECONDS = 20.0
"""How long the server of an address near may take for each piece."""


@click.group("feeds")
def feeds() -> None:
    """Calendar addresses: who has one, and what it is."""


@feeds.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print a list of objects for scripts.")
@with_appcontext
def list_feeds(as_json: bool) -> None:
    """List every calendar address, and technicians without one: state, entries, who fetched it when.

    \b
    Example: concierge feeds list --json
    """
    reports = queries.reports(at=clock.now())
    if as_json:
        click.echo(json.dumps([_plain(report) for report in reports], indent=2, ensure_ascii=False))
        return
    for report in reports:
        fetched = f"{report.fetched_at:%Y-%m-%d %H:%M}Z by {report.fetched_by}" if report.fetched_at else "–"
        click.echo(
            f"{report.email}\t{report.title}\t{report.device}\t{report.health}\t{report.entries} entries\t{fetched}"
        )


@feeds.command("url")
@click.option("--user", "email", required=True, help="The technician's mail address.")
@click.option("--json", "as_json", is_flag=True, help="Print a list of one object for scripts.")
@with_appcontext
def url(email: str, as_json: bool) -> None:
    """Print a technician's secret calendar address; makes one if there is none yet.

    \b
    Example: concierge feeds url --user tomas@example.com
    """
    person = queries.technician_by_email(email)
    if person is None:
        raise Refused(f"There is no technician with the mail address {email}. See: concierge feeds list")
    if queries.report_of(person.id, at=clock.now()).feed_id is None:
        with unit_of_work():
            addresses.create_address(person, actor_id=None, at=clock.now())
    report = queries.report_of(person.id, at=clock.now())
    if not report.url:
        raise Refused(
            f"The address of {email} cannot be shown, because CONCIERGE_SECRET_KEY has changed since it was "
            "made. It still works; replace it under My calendar to see a new one."
        )
    click.echo(json.dumps([_plain(report)], indent=2, ensure_ascii=False) if as_json else report.url)


@feeds.command("lint")
@click.argument("source", metavar="FILE|URL|-")
@click.option("--json", "as_json", is_flag=True, help="Print a list of objects for scripts.")
@click.pass_context
def lint_file(ctx: click.Context, source: str, as_json: bool) -> None:
    """Say what calendar programs may stumble over in a file, line by line, and what to do about it.

    Reads any calendar: a feed, free and busy times, or an invitation or answer (a file with METHOD). SOURCE is a
    file, an address (https://, webcal://, or http:// on this machine) or - for standard input. A problem names its
    rule: F… those of feeds, I… those of messages.

    Exit status: 0 nothing is wrong, 1 something is, 2 the calendar cannot be had.

    \b
    Examples: concierge feeds lint calendar.ics
              concierge feeds lint --json https://calendar.example.com/team.ics
    """
    problems = lint.problems(_read(source))
    if as_json:
        told = [
            {"line": one.line, "rule": one.rule, "problem": one.sentence, "remedy": one.remedy}
            for one in problems
        ]
        click.echo(json.dumps(told, indent=2, ensure_ascii=False))
    else:
        for one in problems:
            click.echo(f"{one}\n    {one.remedy}")
        click.echo(f"{len(problems)} problems" if len(problems) != 1 else "1 problem", err=True)
    ctx.exit(1 if problems else 0)


def _read(source: str) -> bytes:
    """The bytes of a file, of standard input or of an address.

    :raises click.BadParameter: when they cannot be had; exit status 2.
    """
    try:
        if source == "-":
            return sys.stdin.buffer.read(fetching.MOST_BYTES + 1)
        if source.startswith(("https://", "webcal://")):
            return fetching.get(source, accept="text/calendar", by=fetching.OPEN_WEB).data or b""
        return _from_this_machine(source) if source.startswith("http://") else Path(source).read_bytes()
    except Refused as refusal:
        raise click.BadParameter(str(refusal)) from refusal
    except (OSError, http.client.HTTPException, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise click.BadParameter(f"{click.format_filename(source)}: {reason}") from error


def _from_this_machine(address: str) -> bytes:
    """What an address without encryption holds: only of this machine, without following it elsewhere.

    :raises ValueError: when it is somewhere else or answers with anything but the file.
    """
    parts = urlsplit(address)
    host = "127.0.0.1" if parts.hostname == "localhost" else parts.hostname or ""
    try:
        is_near = ipaddress.ip_address(host).is_loopback
    except ValueError:
        is_near = False
    if not is_near:
        raise ValueError("Without encryption only this machine is asked. Use an address with https://.")
    connection = http.client.HTTPConnection(host, parts.port or 80, timeout=SECONDS)
    try:
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request("GET", path, headers={"Host": parts.netloc, "Accept": "text/calendar"})
        answer = connection.getresponse()
        if answer.status != http.client.OK:
            raise ValueError(f"The server answers {answer.status} {answer.reason}.")
        data = answer.read(fetching.MOST_BYTES + 1)
    finally:
        connection.close()
    if len(data) > fetching.MOST_BYTES:
        raise ValueError("There is more than 10 MB at the address.")
    return data


def _plain(report: AddressReport) -> dict[str, str | int | None]:
    return {
        "user": report.email,
        "name": report.name,
        "device": report.device,
        "calendar": report.title,
        "url": report.url or None,
        "state": report.state,
        "health": report.health,
        "entries": report.entries,
        "created_at": report.created_at.isoformat() if report.created_at else None,
        "changed_at": report.changed_at.isoformat() if report.changed_at else None,
        "fetched_at": report.fetched_at.isoformat() if report.fetched_at else None,
        "fetched_by": report.fetched_by or None,
    }
