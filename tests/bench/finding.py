"""What finding and Today cost: the index of full text and the lists of what waits, at several sizes."""

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from urllib.parse import urlencode

import sqlalchemy as sa

from concierge.app import create_app
from concierge.home import queries
from concierge.identity.actions.sessions import open_session
from concierge.identity.models import User
from concierge.identity.permissions import Role
from concierge.identity.viewer import Viewer
from concierge.platform import clock, searching
from concierge.platform.database import db, unit_of_work
from concierge.platform.settings import load
from concierge.projects.models import Project
from tests.bench import portfolio
from tests.bench.figures import Figure

ROWS = 50
"""Results of one question."""


def measure(
    environ: Mapping[str, str],
    database: str,
    *,
    sizes: Sequence[int],
    seconds: float,
    note: Callable[[Figure], None],
    least: dict[str, float] | None = None,
) -> None:
    """Search and open Today in companies of each size; the yardstick is the same in the smallest of them.

    :param database: what is written beside the figures.
    :param least: the figures of a smaller company, which these are compared with.
    """
    app = create_app(load(dict(environ)))
    least = {} if least is None else least

    def told(name: str, count: int, ms: float, remark: str) -> None:
        ratio = ms / least.setdefault(name, ms)
        note(
            Figure(
                f"{name} ({count:,} projects, {database})",
                ms,
                "CPU ms",
                ratio,
                "the smallest company",
                remark,
            )
        )

    with app.app_context():
        for size in sizes:
            count = portfolio.fill(size)
            index()
            looking = manager()
            for name, text in questions().items():
                ms, found = finding_ms(looking, text, kind="projects", most=ROWS, seconds=seconds)
                told(f"search, {name}", count, ms, f"{found} rows")
                ms, found = finding_ms(looking, text, kind="", most=6, seconds=seconds)
                told(f"search of all kinds, {name}", count, ms, f"{found} rows")
            common = questions()["being typed"]
            with unit_of_work():
                user = db.session.get_one(User, looking.user_id)
                token = open_session(user, client="bench", days=1, at=clock.now())
            db.session.remove()
            cookie = portfolio.signed_in(app, token)
            for name, path in {
                "palette": f"/find?{urlencode({'q': common})}",
                "today": "/today?whose=all",
            }.items():
                headers = {**cookie, "HX-Request": "true"} if name == "palette" else cookie
                taken = portfolio.answered(app.wsgi_app, path, headers, seconds=seconds)
                told(name, count, taken.cpu_ms, f"{taken.bytes / 1024:,.0f} KiB")
        db.session.remove()
        db.engine.dispose()


def index() -> int:
    """Write the index anew after rows were copied past it; says how many entries it has."""
    with unit_of_work():
        count = searching.rebuild(db.session.connection())
    if db.engine.dialect.name == "sqlite":
        with db.engine.execution_options(writing=True).connect() as connection:
            connection.execute(sa.text("INSERT INTO search_words (search_words) VALUES ('optimize')"))
            connection.commit()
    portfolio.settle()
    return count


def questions() -> dict[str, str]:
    """What is typed: a word that most rows have, its beginning, two words, a key, and what nothing has."""
    words = db.session.scalars(
        sa.select(Project.search).where(Project.search != "").order_by(Project.id).limit(200)
    ).all()
    long_words = [word for text in words for word in text.split() if word.isalpha() and len(word) > 5]
    common = statistics.mode(long_words)
    other = statistics.mode(
        word for text in words if common in text.split() for word in text.split() if word != common and word.isalpha()
    )  # fmt: skip
    key = db.session.scalars(sa.select(Project.key).order_by(Project.id.desc()).limit(1)).one()
    return {
        "a common word": common,
        "being typed": common[:3],
        "nearly typed": common[:-1],
        "two words": f"{common} {other}",
        "a key": key,
        "nothing": f"{common} qqqq",
    }


def manager() -> Viewer:
    """Somebody who may see everything."""
    user = db.session.scalars(sa.select(User).where(User.role == Role.MANAGER).order_by(User.id)).first()
    assert user is not None, "the demo company has a manager"
    return Viewer(user_id=user.id, name=user.name, role=user.role, zone=user.zone, language="en")


def finding_ms(viewer: Viewer, text: str, *, kind: str, most: int, seconds: float) -> tuple[float, int]:
    """Processor time of one search in this process, in milliseconds, the median; and how much it found."""

    def ask() -> int:
        found = queries.find(viewer, text, most=most, kind=kind)
        db.session.rollback()
        return len(found)

    return processor_ms(ask, seconds=seconds)


def processor_ms(ask: Callable[[], int], *, seconds: float) -> tuple[float, int]:
    """Processor time of one call, in milliseconds, the median, and what it answered."""
    for _ in range(5):
        answered = ask()
    took = []
    ends_at = time.perf_counter() + seconds
    while len(took) < 15 or time.perf_counter() < ends_at:
        began = time.process_time_ns()
        answered = ask()
        took.append((time.process_time_ns() - began) / 1e6)
    return statistics.median(took), answered
