"""`concierge feeds`: calendar addresses at a terminal."""

import json

import click
from flask.cli import with_appcontext

from concierge.feeds import queries
from concierge.feeds.actions import addresses
from concierge.feeds.queries import AddressReport
from concierge.platform import clock
from concierge.platform.database import unit_of_work
from concierge.platform.errors import Refused


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
