"""`concierge user`: people who sign in, from a terminal."""

import json
import secrets
import sys
from zoneinfo import available_timezones

import click
from flask.cli import with_appcontext

from concierge.identity.actions import people
from concierge.identity.models import User
from concierge.identity.permissions import Role
from concierge.platform import clock
from concierge.platform.database import unit_of_work
from concierge.platform.settings import current


@click.group("user")
def user() -> None:
    """People who sign in."""


@user.command("add")
@click.argument("email")
@click.option("--name", required=True, help="What the person is called.")
@click.option(
    "--role",
    type=click.Choice([role.value for role in Role]),
    required=True,
    help="What the person does in the company.",
)
@click.option("--zone", default="UTC", show_default=True, help="IANA time zone the person lives in.")
@click.option("--language", type=click.Choice(["en", "de"]), default="en", show_default=True)
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@click.option("--invite", is_flag=True, help="Send a letter with a link instead of setting a password.")
@click.option("--json", "as_json", is_flag=True, help="Print a list of one object for scripts.")
@with_appcontext
def add(
    email: str,
    name: str,
    role: str,
    zone: str,
    language: str,
    password_stdin: bool,
    invite: bool,
    as_json: bool,
) -> None:
    """Give somebody access.

    Without --invite and --password-stdin a password is made up and printed once.

    \b
    Example: concierge user add ada@example.com --name "Ada Lind" --role concierge --zone Europe/Zurich
    """
    if invite and password_stdin:
        raise click.UsageError("Use --invite or --password-stdin, not both.")
    if "@" not in email:
        raise click.UsageError(f"{email} is not a mail address, such as ada@example.com.")
    if zone != "UTC" and zone not in available_timezones():
        raise click.UsageError(f"There is no time zone {zone}. Use a name such as Europe/Zurich.")
    password = "" if invite else _password(password_stdin)
    with unit_of_work():
        if invite:
            person = people.invite_person(
                email=email,
                name=name,
                role=Role(role),
                zone=zone,
                language=language,
                actor_id=None,
                at=clock.now(),
            )
        else:
            person = people.add_person(
                email=email,
                name=name,
                role=Role(role),
                zone=zone,
                language=language,
                password=password,
                at=clock.now(),
            )
    made_up = password if not invite and not password_stdin else ""
    if as_json:
        click.echo(json.dumps([_plain(person, made_up)], indent=2, ensure_ascii=False))
    elif invite:
        click.echo(f"{person.name} gets a letter with a link.")
    else:
        click.echo(
            f"{person.name} signs in as {person.email}"
            + (f" with the password {made_up}" if made_up else ".")
        )


def _password(from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    return "-".join(secrets.token_hex(3) for _ in range(4))


def _plain(person: User, password: str) -> dict[str, str | int | None]:
    return {
        "id": person.id,
        "email": person.email,
        "name": person.name,
        "role": person.role.value,
        "state": person.state.value,
        "zone": person.zone,
        "language": person.language,
        "password": password or None,
        "url": f"{current().address}/people/{person.id}",
    }
