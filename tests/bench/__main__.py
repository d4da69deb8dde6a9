"""Run the measurements: `./dev bench [--only layout,pdf,…] [--quick]`."""

import argparse
import contextlib
import graphlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from functools import partial
from pathlib import Path

import sqlalchemy as sa
from flask import Flask

from concierge.core.schedule import Link, Step, lay_out
from concierge.core.worktime import WorkCalendar
from concierge.platform.settings import Settings
from concierge.platform.uids import RANDOM_BYTES
from tests.bench import company, figures, replanning
from tests.bench.figures import Figure
from tests.bench.load import Connection, per_second, timed
from tests.browser import Site, served
from tests.processes import dies_with_parent, free_port, stop
from tests.servers import PostgresServer

ROOT = Path(__file__).resolve().parents[2]
PARTS = (
    "layout",
    "pdf",
    "feed",
    "calendars",
    "pages",
    "planning",
    "replanning",
    "portfolio",
    "finding",
    "feasible",
    "promising",
    "board",
    "assignment",
)
UID_BITS = 8 * RANDOM_BYTES
"""What nothing can pack: the random bits of one UID."""
SERVER = {"CONCIERGE_WORKERS": "1", "CONCIERGE_DEMO": "no", "CONCIERGE_LOG_LEVEL": "warning"}


class Bench:
    """Measures one part after the other and keeps what it found."""

    def __init__(
        self,
        work: Path,
        *,
        seconds: float,
        sizes: tuple[int, ...],
        base: Path | None,
        most: int = 100_000,
        checklists: int = 60,
    ) -> None:
        self.work = work
        self.seconds = seconds
        self.sizes = tuple(size for size in sizes if size <= most)
        self.most = most
        self.checklists = checklists
        self.found: list[Figure] = []
        self._base = base

    def note(self, figure: Figure) -> None:
        """Keep a figure, and show that time passes."""
        self.found.append(figure)
        print(f"  {figure.name}: {figure.value:.2f} {figure.unit}", flush=True)

    # ------------------------------------------------------------ arithmetic

    def layout(self) -> None:
        """Lay out plans of three sizes; beside it, only the order of the same steps by the standard library."""
        closed = {date(2026, 1, 1) + timedelta(days=29 * n): "holiday" for n in range(60)}
        calendars = {"site": WorkCalendar("site", closed=closed)}
        monday = date(2026, 3, 2)
        for size in (20, 60, 200):
            steps = [
                Step(f"s{n}", n % 5, "site", tuple(Link(f"s{p}") for p in {n // 2, max(0, n - 3)} if p < n))
                for n in range(size)
            ]
            graph = {step.key: {link.predecessor for link in step.links} for step in steps}
            place = partial(lay_out, steps, calendars=calendars, start_on=monday, today=monday)
            ours, theirs = _fastest(place), _fastest(partial(_in_order, graph))
            self.note(Figure(f"plan of {size} steps laid out", ours, "ms", ours / theirs, "graphlib's order"))

    # ------------------------------------------------------------ documents

    def pdf(self) -> None:
        """Print a checklist beside WeasyPrint alone, two at once, and hundreds; many as one ZIP; one printed before."""
        from tests.bench import documents

        instance = company.copied(self.base(), self.work / "documents")
        with self._inside(instance) as app:
            renders = 500 if self.seconds >= 1 else 60
            documents.measure(app, self.work / "document", note=self.note, renders=renders)
            cookie = _signed_in(app)
        company.grow_projects(instance, to=self.checklists * 4 // 3 + 20)
        with self._inside(instance) as app:
            documents.batch(app, note=self.note, checklists=self.checklists)
        with self._served(instance) as (site, bare):
            self._cached_pdf(instance, int(site.address.rpartition(":")[2]), bare, cookie)

    # ------------------------------------------------------------ servers

    def feed(self) -> None:
        """A calendar of each size: whole, unchanged, and packed; beside it a bare route of as many bytes."""
        for size in self.sizes:
            instance = company.copied(self.base(), self.work / f"feed-{size}")
            with self._inside(instance):
                owner_id, email = _busiest_technician()
            count = company.grow_entries(instance, owner_id=owner_id, to=size)
            with self._served(instance) as (site, bare):
                path = _feed_path(site, instance, email)
                port = int(site.address.rpartition(":")[2])
                answer = _first(port, path)
                seen = answer.body.count(b"BEGIN:VEVENT")
                assert seen == count, f"the feed shows what was copied: {seen} of {count}"
                self._compare(f"feed of {count:,}", port, bare, path, size=len(answer.body))
                tag = {"If-None-Match": answer.headers["etag"]}
                self._compare(f"feed of {count:,}, 304", port, bare, path, headers=tag, status=304)
                packed = {"Accept-Encoding": "gzip"}
                small = _first(port, path, packed)
                if small.headers.get("content-encoding") == "gzip":
                    self._compare(
                        f"feed of {count:,}, gzip",
                        port,
                        bare,
                        path,
                        headers=packed,
                        size=len(small.body),
                        about=f"goal 25 KiB for 1,000; their UIDs alone have {count * UID_BITS / 8 / 1024:,.1f} KiB",
                    )
                    known = {**packed, "If-None-Match": small.headers["etag"]}
                    self._compare(
                        f"feed of {count:,}, gzip, 304", port, bare, path, headers=known, status=304
                    )

    def calendars(self) -> None:
        """Calendars that have to be put together, in processor time; then all subscriptions of a large company."""
        from tests.bench import calendars, polling, weight

        for figure in weight.figures():
            self.note(figure)
        size = 1000
        instance = company.copied(self.base(), self.work / "calendars")
        with self._inside(instance):
            owner_id, _ = _busiest_technician()
        company.grow_entries(instance, owner_id=owner_id, to=size)
        with self._inside(instance) as app:
            for figure in calendars.costs(app, entries=size):
                self.note(figure)
        instance = company.copied(self.base(), self.work / "subscriptions")
        with self._inside(instance) as app:
            key = app.extensions["concierge.settings"].secret_key
        paths = polling.subscribed(instance, secret_key=key)
        seconds = max(15.0, 45 * self.seconds)
        with self._served(instance) as (site, _):
            port = int(site.address.rpartition(":")[2])
            alone = polling.polled(port, paths, seconds=seconds)
            beside, prints = polling.beside(
                self._printing(), lambda: polling.polled(port, paths, seconds=seconds)
            )
        rate = f"{len(paths):,} subscriptions, {alone.polls} polls, {alone.late} over a second"
        self.note(Figure("polls, p50", alone.p50_ms, "ms", remark=rate))
        self.note(Figure("polls, p99", alone.p99_ms, "ms", remark="goal 50 ms"))
        self.note(Figure("polls unchanged, p99", alone.unchanged_p99_ms, "ms"))
        self.note(
            Figure(
                "polls unchanged beside a PDF, p99",
                beside.unchanged_p99_ms,
                "ms",
                beside.unchanged_p99_ms / alone.unchanged_p99_ms,
                "polls alone",
                f"goal × 3; {prints} PDFs were made",
            )
        )

    def _printing(self) -> Callable[[], None]:
        """Print the longest checklist, as the worker does: in a process beside the web."""
        instance = company.copied(self.base(), self.work / "printing")
        with self._inside(instance):
            key = _value(
                sa.text(
                    "SELECT key FROM projects WHERE id = (SELECT project_id FROM checklists WHERE id ="
                    f" {_longest_checklist()})"
                )
            )
        printed = ("checklists", "pdf", str(key), "--language", "en", "--output", str(self.work / "y.pdf"))
        return lambda: _concierge(instance, *printed) and None

    def pages(self) -> None:
        """Pages that people open, in companies of 100 and 10,000 projects; beside it a bare route."""
        for size in (100, self.sizes[-1]):
            instance = company.copied(self.base(), self.work / f"projects-{size}")
            count = company.grow_projects(instance, to=size)
            with self._inside(instance) as app:
                cookie = _signed_in(app)
                key = _value(
                    sa.text(
                        "SELECT key FROM projects WHERE state = 'live' ORDER BY (SELECT count(*) FROM milestones"
                        " WHERE project_id = projects.id) DESC, id LIMIT 1"
                    )
                )
            with self._served(instance) as (site, bare):
                port = int(site.address.rpartition(":")[2])
                for name, path in {
                    "project page": f"/projects/{key}",
                    "projects, list": "/projects",
                    "projects, lines": "/projects?view=lines",
                    "today": "/today",
                }.items():
                    size_now = len(_first(port, path, cookie).body)
                    self._compare(
                        f"{name} ({count:,} projects)", port, bare, path, headers=cookie, size=size_now
                    )

    def planning(self) -> None:
        """Lay out every kind of link; then create, move and foresee in the demo company, in processor time."""
        from tests.bench.planning import acts, arithmetic

        for figure in arithmetic():
            self.note(figure)
        instance = company.copied(self.base(), self.work / "planning")
        with self._inside(instance):
            for figure in acts():
                self.note(figure)

    def replanning(self) -> None:
        """Add a holiday in companies of more and more running projects; every plan is seen and then moved."""
        for size in self.sizes[1:]:
            instance = self.work / f"running-{size}"
            replanning.grown(self.base(), instance, projects=size)
            with self._inside(instance) as app:
                for figure in replanning.holiday(app):
                    self.note(figure)
            shutil.rmtree(instance)

    def feasible(self) -> None:
        """Rank hundreds of technicians for a visit, and find times for a customer."""
        from tests.bench.feasible import measure

        with self._inside(company.copied(self.base(), self.work / "feasible")) as app:
            for figure in measure(app, seconds=self.seconds):
                self.note(figure)

    def promising(self) -> None:
        """Answer when units can be there, one enquiry small and one as large as it may be."""
        from tests.bench.promising import measure

        with self._inside(company.copied(self.base(), self.work / "promising")) as app:
            for figure in measure(app, seconds=self.seconds):
                self.note(figure)

    def assignment(self) -> None:
        """Plan unassigned work among many technicians, with the gap to the bound."""
        from tests.bench.assignment import plans

        for figure in plans():
            self.note(figure)

    def board(self) -> None:
        """The dispatch board of two hundred technicians and four weeks; beside it a bare route."""
        from tests.bench.board import TECHNICIANS, WEEKS, fill

        instance = company.copied(self.base(), self.work / "board")
        with self._inside(instance) as app:
            path, cookie = fill(), _signed_in(app)
        with self._served(instance) as (site, bare):
            port = int(site.address.rpartition(":")[2])
            size = len(_first(port, path, cookie).body)
            name = f"dispatch board ({TECHNICIANS} technicians × {WEEKS} weeks)"
            self._compare(name, port, bare, path, headers=cookie, size=size, about="goal 150")

    def portfolio(self) -> None:
        """The projects as list, lines and board, in companies of up to 100,000 projects on both databases."""
        from tests.bench.portfolio import Taken, measure
        from tests.servers import running_postgres

        wishes = {"seconds": self.seconds, "note": self.note}
        kept: dict[str, dict[int, Taken]] = {}
        for sizes in self._companies():
            folder = company.copied(self.base(), self.work / f"portfolio-{sizes[0]}")
            measure(
                {"CONCIERGE_INSTANCE": str(folder), **SERVER}, "SQLite", sizes=sizes, before=kept, **wishes
            )
        with running_postgres() as server:
            kept = {}
            for sizes in self._companies():
                environ = self._on_postgresql(server, f"portfolio_{sizes[0]}")
                measure(environ, "PostgreSQL", sizes=sizes, before=kept, **wishes)

    def finding(self) -> None:
        """Search, and open Today, in companies of up to 100,000 projects on both databases."""
        from tests.bench.finding import measure
        from tests.servers import running_postgres

        wishes = {"seconds": self.seconds / 4, "note": self.note}
        kept: dict[str, float] = {}
        for sizes in self._companies():
            folder = company.copied(self.base(), self.work / f"finding-{sizes[0]}")
            measure(
                {"CONCIERGE_INSTANCE": str(folder), **SERVER}, "SQLite", sizes=sizes, least=kept, **wishes
            )
        with running_postgres() as server:
            kept = {}
            for sizes in self._companies():
                environ = self._on_postgresql(server, f"finding_{sizes[0]}")
                measure(environ, "PostgreSQL", sizes=sizes, least=kept, **wishes)

    def _companies(self) -> Iterator[tuple[int, ...]]:
        """The sizes measured in one company each, the smallest first."""
        yield (10,)
        larger = (100, 1000) if self.sizes[-1] < 10_000 else (100, 1000, 10_000, 100_000)
        yield tuple(size for size in larger if size <= self.most)

    def _on_postgresql(self, server: PostgresServer, name: str) -> dict[str, str]:
        """Settings of the demo company on a database of its own."""
        instance = self.work / f"{name}-postgresql"
        instance.mkdir()
        address = {"DATABASE_URL": server.create(f"bench_{name}")}
        for command in (("db", "upgrade"), ("demo", "load")):
            _concierge(instance, *command, **address)
        return {"CONCIERGE_INSTANCE": str(instance), **SERVER, **address}

    def _cached_pdf(self, instance: Path, port: int, bare: int, cookie: dict[str, str]) -> None:
        """A checklist that has been printed before, as the browser gets it."""
        with self._inside(instance):
            key = _value(
                sa.text(
                    "SELECT key FROM projects WHERE id = (SELECT project_id FROM checklists WHERE id ="
                    f" {_longest_checklist()})"
                )
            )
        path = f"/projects/{key}/readiness.pdf?language=en"
        printed = ("checklists", "pdf", str(key), "--language", "en", "--output", str(self.work / "x.pdf"))
        _concierge(instance, *printed, CONCIERGE_BASE_URL=f"http://127.0.0.1:{port}")  # it is printed, too
        answer = _first(port, path, cookie)
        if answer.status != 200:
            print(f"  ({path} answered {answer.status}: cached PDF not measured)")
            return
        self._compare("checklist PDF, cached", port, bare, path, headers=cookie, size=len(answer.body))

    def _compare(
        self,
        name: str,
        port: int,
        bare: int,
        path: str,
        *,
        headers: dict[str, str] | None = None,
        status: int = 200,
        size: int = 0,
        about: str = "",
    ) -> None:
        ours = timed(port, path, headers=headers, status=status, seconds=self.seconds)
        many = per_second(port, path, headers=headers, status=status, seconds=self.seconds)
        yard = "/unchanged" if status == 304 else f"/bytes/{size}"
        theirs = timed(bare, yard, status=status, seconds=self.seconds)
        theirs_many = per_second(bare, yard, status=status, seconds=self.seconds)
        said = [f"p95 {ours.p95_ms:.1f} ms", f"{size / 1024:,.0f} KiB" if size else "", about]
        remark = ", ".join(filter(None, said))
        self.note(Figure(name, ours.median_ms, "ms", ours.median_ms / theirs.median_ms, "bare route", remark))
        self.note(Figure(f"{name}, 8 clients", many, "/s", theirs_many / many, "bare route"))

    @contextlib.contextmanager
    def _served(self, instance: Path) -> Iterator[tuple[Site, int]]:
        """The application, and the yardstick with the same server and settings: site, port of the yardstick."""
        port = free_port()
        command = [
            sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port),
            "--workers", "1", "--blocking-threads", str(Settings().threads), "--no-ws", "--log-level", "error",
            "tests.bench.bare:app",
        ]  # fmt: skip
        yard = subprocess.Popen(
            command, cwd=ROOT, preexec_fn=dies_with_parent(signal.SIGTERM), start_new_session=True
        )
        try:
            with served(instance, arguments=("--without-worker",), **SERVER) as site:
                _wait_for(port)
                yield site, port
        finally:
            stop(yard, with_signal=signal.SIGTERM)

    # ------------------------------------------------------------ the demo company

    def base(self) -> Path:
        """The demo company's instance folder, loaded once; nothing of what follows later has been done."""
        if self._base is None:
            print("  loading the demo company …", flush=True)
            self._base = self.work / "base"
            self._base.mkdir()
            began_at = time.perf_counter()
            for command in (("db", "upgrade"), ("demo", "load")):
                _concierge(self._base, *command)
            self.note(Figure("demo company loaded", time.perf_counter() - began_at, "s"))
        return self._base

    @contextlib.contextmanager
    def _inside(self, instance: Path) -> Iterator[Flask]:
        from concierge.app import create_app
        from concierge.platform.database import db
        from concierge.platform.settings import load

        app = create_app(load({"CONCIERGE_INSTANCE": str(instance), **SERVER}))
        with app.app_context():
            yield app
            db.session.remove()
            db.engine.dispose()


def _value(statement: sa.Executable) -> object:
    from concierge.platform.database import db

    return db.session.execute(statement).scalar()


def _busiest_technician() -> tuple[int, str]:
    from concierge.platform.database import db

    found = db.session.execute(
        sa.text(
            "SELECT u.id, u.email FROM users u JOIN calendars c ON c.scope_key = CAST(u.id AS TEXT)"
            " JOIN calendar_entries e ON e.calendar_id = c.id"
            " WHERE c.scope = 'person' AND c.shows = 'visits' AND e.gone_at IS NULL"
            " GROUP BY u.id ORDER BY count(*) DESC, u.id LIMIT 1"
        )
    ).one()
    return int(found[0]), str(found[1])


def _longest_checklist() -> int:
    from concierge.readiness.models import ReadinessItem

    items = ReadinessItem.checklist_id
    found = _value(sa.select(items).group_by(items).order_by(sa.func.count().desc(), items).limit(1))
    assert isinstance(found, int), "the demo company has issued no checklist"
    return found


def _signed_in(app: Flask) -> dict[str, str]:
    """The cookie of somebody who may see everything."""
    from concierge.identity.actions.sessions import open_session
    from concierge.identity.models import User
    from concierge.identity.permissions import Role
    from concierge.platform import clock
    from concierge.platform.database import db, unit_of_work

    with unit_of_work():
        user = db.session.scalars(sa.select(User).where(User.role == Role.MANAGER).order_by(User.id)).first()
        assert user is not None
        token = open_session(user, client="bench", days=1, at=clock.now())
    serializer = app.session_interface.get_signing_serializer(app)  # type: ignore[attr-defined]  # Flask's own
    value = serializer.dumps({"_user_id": token, "_fresh": True})
    return {"Cookie": f"{app.config['SESSION_COOKIE_NAME']}={value}"}


def _feed_path(site: Site, instance: Path, email: str) -> str:
    said = _concierge(instance, "feeds", "url", "--user", email, CONCIERGE_BASE_URL=site.address)
    return "/" + said.strip().split("/", 3)[3]


def _first(port: int, path: str, headers: dict[str, str] | None = None):
    connection = Connection(port)
    answer = connection.get(path, headers)
    connection.close()
    return answer


def _concierge(instance: Path, *arguments: str, **settings: str) -> str:
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("CONCIERGE_", "DATABASE_URL"))
    }
    environment = {**kept, "CONCIERGE_INSTANCE": str(instance), "CONCIERGE_LOG_LEVEL": "warning", **settings}
    done = subprocess.run(
        [Path(sys.executable).parent / "concierge", *arguments],
        cwd=ROOT, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise SystemExit(f"concierge {' '.join(arguments)}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout


def _in_order(graph: dict[str, set[str]]) -> list[str]:
    return list(graphlib.TopologicalSorter(graph).static_order())


def _fastest(act: Callable[[], object], times: int = 7) -> float:
    act()
    return min(_once(act) for _ in range(times))


def _once(act: Callable[[], object]) -> float:
    began_at = time.perf_counter()
    act()
    return (time.perf_counter() - began_at) * 1000


def _wait_for(port: int, timeout_s: float = 20) -> None:
    give_up_at = time.monotonic() + timeout_s
    while time.monotonic() < give_up_at:
        with contextlib.suppress(OSError):
            Connection(port).close()
            return
        time.sleep(0.1)
    raise SystemExit("the bare server did not start")


def main() -> None:
    """Measure what was asked for, print it beside the run before, and keep it."""
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__)
    parser.add_argument("--only", default=",".join(PARTS), help=f"comma separated, of: {', '.join(PARTS)}")
    parser.add_argument("--quick", action="store_true", help="smaller companies, shorter runs; not kept")
    parser.add_argument(
        "--most",
        type=int,
        default=100_000,
        metavar="PROJECTS",
        help="the largest company that is made; of 100,000 projects it takes most of an hour",
    )
    parser.add_argument(
        "--checklists",
        type=int,
        default=60,
        metavar="NUMBER",
        help="how many checklists are made as one ZIP; a thousand take a quarter of an hour",
    )
    parser.add_argument(
        "--base", type=Path, help="instance folder with the demo company (stopped), to save loading it"
    )
    parser.add_argument(
        "--output", type=Path, help="folder of kept runs (default: bench/ in the instance folder)"
    )
    wishes = parser.parse_args()
    parts = [part for part in wishes.only.split(",") if part]
    if unknown := set(parts) - set(PARTS):
        parser.error(f"unknown part: {', '.join(sorted(unknown))}")
    folder = wishes.output or Path(os.environ.get("CONCIERGE_INSTANCE", "instance")) / "bench"
    before = figures.last(folder)
    work = Path(tempfile.mkdtemp(prefix="concierge-bench-"))
    try:
        bench = Bench(
            work,
            base=wishes.base,
            most=max(wishes.most, 100),
            checklists=max(wishes.checklists, 4),
            seconds=0.5 if wishes.quick else 2,
            sizes=(100, 1000) if wishes.quick else (100, 1000, 10_000),
        )
        for part in parts:
            print(f"{part}:", flush=True)
            getattr(bench, part)()
        run = figures.run_of(bench.found)
        print("\n" + figures.table(run, before))
        if not wishes.quick:
            print(f"Kept in {figures.saved(run, folder)}")
    finally:
        shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    main()
