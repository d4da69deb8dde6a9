"""`concierge run`: web and worker as one command."""

import hashlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from types import FrameType
from typing import TypeAlias

import click

from concierge.platform import paths
from concierge.platform.errors import Refused
from concierge.platform.settings import Settings, load

STARTS_WITHIN_S = 60
SignIns: TypeAlias = Sequence[tuple[str, str, str]]
"""Role, address and password of people of the demo company."""

SERVERS: Mapping[str, Sequence[str]] = {
    "granian": (
        "granian", "--interface", "wsgi", "--factory", "--respawn-failed-workers", "--no-ws",
        "--log-level", "error", "--workers-kill-timeout", "10s",
        "--host", "{host}", "--port", "{port}", "--workers", "{workers}", "--blocking-threads", "{threads}",
        "concierge.app:create_app",
    ),
    "waitress": (
        "waitress", "--host={host}", "--port={port}", "--threads=16", "--connection-limit=1000",
        "--call", "concierge.app:create_app",
    ),
    "gunicorn": (
        "gunicorn", "--bind", "{host}:{port}", "--workers", "{workers}", "--threads", "16",
        "--log-level", "warning", "concierge.app:create_app()",
    ),
}  # fmt: skip
"""Modules to run for each server, with their arguments."""


class CannotStart(Refused):
    """Something stands in the way of starting; the sentence says what to do."""


@click.command()
@click.option("--port", type=click.IntRange(0, 65535), help="TCP port; 0 takes a free one. [CONCIERGE_PORT]")
@click.option("--host", help="Address to listen on. [CONCIERGE_HOST]")
@click.option("--workers", type=click.IntRange(1, 64), help="Web processes. [CONCIERGE_WORKERS]")
@click.option("--server", type=click.Choice(sorted(SERVERS)), default="granian", show_default=True)
@click.option("--without-worker", is_flag=True, help="Only the web; the worker runs elsewhere.")
def run(
    port: int | None,
    host: str | None,
    workers: int | None,
    server: str,
    without_worker: bool,
) -> None:
    """Bring the database up to date, then serve web and worker until Ctrl-C.

    On the first start with an empty database the demo company is loaded (CONCIERGE_DEMO=no leaves it out).

    \b
    Example: concierge run --port 8080
    """
    settings = _settings(port, host, workers)
    _refuse_taken_port(settings)
    _refuse_missing_server(server)
    click.echo(f"· Starting the web server ({server})" + ("" if without_worker else " and the worker"))
    worker = [] if without_worker else [[sys.executable, "-m", "concierge", "worker"]]
    household = _Household([_server_command(server, settings), *worker], _environ(settings))
    household.keep(settings)


def _prepare(settings: Settings) -> SignIns:
    """Bring the database up to date, and the demo company in when nobody works here yet.

    The application is imported here, so that the web server's processes may load it at the same time.
    """
    from concierge.app import create_app
    from concierge.cli.db import upgrade_now
    from concierge.demo.load import demo_sign_ins, is_empty, load_demo
    from concierge.platform import clock

    with create_app(settings).app_context():
        click.echo("· Bringing the database up to date")
        upgrade_now()
        if settings.demo and is_empty():
            click.echo("· Loading the demo company")
            load_demo(at=clock.now())
        _mark(settings).write_text(_prepared_as(settings))
        return demo_sign_ins()


def _was_prepared(settings: Settings) -> bool:
    """Whether an earlier start of this release has prepared this database."""
    database = settings.database.removeprefix("sqlite:///")
    is_there = database == settings.database or Path(database).exists()
    mark = _mark(settings)
    return is_there and mark.exists() and mark.read_text() == _prepared_as(settings)


def _mark(settings: Settings) -> Path:
    return settings.instance / "prepared"


def _prepared_as(settings: Settings) -> str:
    """The last migration of this release and the database, without its password."""
    digest = hashlib.sha256(settings.database.encode()).hexdigest()
    return f"{(paths.migrations_dir() / 'HEAD').read_text('utf-8').strip()} {digest}\n"


def _settings(port: int | None, host: str | None, workers: int | None) -> Settings:
    settings = load()
    settings = replace(
        settings,
        port=settings.port if port is None else port,
        host=host or settings.host,
        workers=workers or settings.workers,
    )
    return replace(settings, port=_free_port(settings.host)) if settings.port == 0 else settings


def _free_port(host: str) -> int:
    with socket.socket() as probe:
        probe.bind((host, 0))
        found: int = probe.getsockname()[1]
        return found


def _refuse_taken_port(settings: Settings) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            raise CannotStart(
                f"Port {settings.port} on {settings.host} cannot be used ({error.strerror}). "
                f"Choose another one: --port {settings.port + 1}"
            ) from error


def _refuse_missing_server(server: str) -> None:
    if find_spec(server) is None:
        raise CannotStart(
            f"The web server {server} is not installed. Type: {sys.executable} -m pip install {server}"
        )


def _environ(settings: Settings) -> dict[str, str]:
    return {
        **os.environ,
        "CONCIERGE_PORT": str(settings.port),
        "CONCIERGE_HOST": settings.host,
        "CONCIERGE_WORKERS": str(settings.workers),
    }


def _server_command(server: str, settings: Settings) -> list[str]:
    values = {
        "host": settings.host,
        "port": settings.port,
        "workers": settings.workers,
        "threads": settings.threads,
    }
    return [sys.executable, "-m", *(word.format(**values) for word in SERVERS[server])]


def _say_where(settings: Settings, sign_ins: SignIns) -> None:
    click.echo(f"\nConcierge is at {settings.address}\n")
    if sign_ins:
        click.echo("Sign in as (one of the demo company for each role):")
        width = max(len(role) for role, _, _ in sign_ins)
        mails = max(len(email) for _, email, _ in sign_ins)
        for role, email, password in sign_ins:
            click.echo(f"  {role:<{width}}  {email:<{mails}}  {password}")
    click.echo("\nStop with Ctrl-C.")
    sys.stdout.flush()


class _Household:
    """The processes of one start: kept alive together, stopped together, by their own ids."""

    def __init__(self, commands: Sequence[Sequence[str]], environ: Mapping[str, str]) -> None:
        self.commands = commands
        self.environ = environ
        self.processes: list[subprocess.Popen[bytes]] = []
        self.stopping = False
        self.preparing = True

    def keep(self, settings: Settings) -> None:
        """Prepare the database, start the web, say so when it answers, restart what falls over.

        Nobody is answered before the database is there; where an earlier start has prepared it, the web comes up
        while it is looked through again.

        :raises CannotStart: when the web does not answer in time.
        """
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._stop)
        try:
            if _was_prepared(settings):  # then both may load the application at once
                self.processes.append(self._start(self.commands[0]))
            sign_ins = _prepare(settings)
            self.preparing = False
            if not self.processes:
                self.processes.append(self._start(self.commands[0]))
            self._wait_until_it_answers(settings)
            if not self.stopping:
                self.processes += [self._start(command) for command in self.commands[1:]]
                _say_where(settings, sign_ins)
            while not self.stopping:
                self._watch()
                time.sleep(0.3)
        finally:
            self._end()

    def _start(self, command: Sequence[str]) -> subprocess.Popen[bytes]:
        # in a group of its own, so that Ctrl-C reaches this process first and the others politely
        return subprocess.Popen(command, env=self.environ, start_new_session=True)  # noqa: S603 # our own words

    def _wait_until_it_answers(self, settings: Settings) -> None:
        host = "127.0.0.1" if settings.host in {"0.0.0.0", "::"} else settings.host  # noqa: S104 # compared only
        until = time.monotonic() + STARTS_WITHIN_S
        while not self.stopping:
            try:
                urllib.request.urlopen(f"http://{host}:{settings.port}/readyz", timeout=2)  # own address
                return
            except (urllib.error.URLError, OSError):
                if self.processes[0].poll() is not None:
                    raise CannotStart("The web server stopped at once; its words stand above.") from None
                if time.monotonic() > until:
                    raise CannotStart(f"The web did not answer within {STARTS_WITHIN_S} s.") from None
                time.sleep(0.05)

    def _watch(self) -> None:
        for place, process in enumerate(self.processes):
            if process.poll() is not None and not self.stopping:
                click.echo(f"· A process ended (status {process.returncode}); starting it again", err=True)
                time.sleep(1)
                self.processes[place] = self._start(self.commands[place])

    def _stop(self, _: int, __: FrameType | None) -> None:
        self.stopping = True
        if self.preparing:
            raise SystemExit(1)  # what is half prepared is rolled back

    def _end(self) -> None:
        for process in self.processes:
            if process.poll() is None:
                process.terminate()
        until = time.monotonic() + 12
        for process in self.processes:
            try:
                process.wait(timeout=max(0.1, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
