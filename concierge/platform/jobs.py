"""Long work that a person started: it has a page with a bar, may be left, and is there when they return."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from concierge.platform import clock, deliveries
from concierge.platform.database import Base, Line, db, text_enum, unit_of_work, write_aside
from concierge.platform.deliveries import Hopeless
from concierge.platform.errors import NotFound, Refused

BEFORE_OTHERS = 10
"""Priority of what somebody watches: it does not wait behind what an import left to be computed."""


class JobState(Enum):
    """How far a piece of long work is."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class Job(Base):
    """A piece of long work."""

    __tablename__ = "jobs"

    kind: Mapped[str] = mapped_column(Line(60))
    title: Mapped[str] = mapped_column(Line(200))
    args: Mapped[dict[str, Any]]
    state: Mapped[JobState] = mapped_column(text_enum(JobState), default=JobState.WAITING)
    done: Mapped[int] = mapped_column(default=0)
    total: Mapped[int | None]
    """How many steps there are; None while it is not known."""
    message: Mapped[str] = mapped_column(Line(300), default="")
    """What is being done, or why it failed, in a sentence."""
    result: Mapped[dict[str, Any] | None]
    """What came out: ``summary`` a sentence, ``lines`` a list of {text, url?}, ``url`` where to go on."""
    owner_id: Mapped[int | None]
    created_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]

    __table_args__ = (
        sa.Index("ix_jobs_owner_id_id", "owner_id", "id"),
        sa.CheckConstraint(
            "state IN ('waiting', 'running') OR finished_at IS NOT NULL", name="ended_has_instant"
        ),
    )

    @property
    def is_over(self) -> bool:
        """Whether nothing more will change."""
        return self.state in {JobState.DONE, JobState.FAILED}


@dataclass(frozen=True, slots=True)
class Progress:
    """What a job's function holds in its hand: who asked for it, and a way to say how far it is."""

    job_id: int
    owner_id: int | None

    def tell(self, *, done: int, total: int | None = None, message: str = "") -> None:
        """Show how far the work is. Not inside a unit of work, which would keep it from being seen."""
        db.session.rollback()
        with write_aside() as session:
            session.execute(
                sa.update(Job)
                .where(Job.id == self.job_id, Job.state == JobState.RUNNING)
                .values({"done": done, "total": total, "message": message})
            )


Result = dict[str, Any]
Work = Callable[[Progress, dict[str, Any]], Result | Callable[[], Result]]


def register(kind: str, work: Work) -> None:
    """Say which function does the jobs of a kind.

    It runs outside any transaction, may open units of work of its own, and may be run again from the start
    after a crash. It returns the job's result, or a function that writes the effect together with the job's
    end and returns the result. A ``Refused`` from it ends the job with its sentence.
    """
    deliveries.register(f"job.{kind}", _deliver(work), buried=_give_up)


def start_job(kind: str, title: str, args: dict[str, Any], owner_id: int | None) -> Job:
    """Note a piece of long work in the caller's transaction; it starts after the commit."""
    job = Job(
        kind=kind,
        title=title,
        args=args,
        state=JobState.WAITING,
        owner_id=owner_id,
        created_at=clock.now(),
        message="",
    )
    db.session.add(job)
    db.session.flush()
    deliveries.enqueue(
        f"job.{kind}",
        {"job_id": job.id},
        unique_key=f"job:{job.id}",
        queue="jobs",
        priority=BEFORE_OTHERS,
        max_attempts=3,
    )
    return job


def keep_done(kind: str, title: str, args: dict[str, Any], owner_id: int | None, result: Result) -> Job:
    """Note work that was short enough to be done at once; it has a page as long work has."""
    now = clock.now()
    job = Job(
        kind=kind,
        title=title,
        args=args,
        state=JobState.DONE,
        owner_id=owner_id,
        created_at=now,
        started_at=now,
        finished_at=now,
        message="",
        result=result,
    )
    db.session.add(job)
    db.session.flush()
    return job


def job_for(job_id: int, *, owner_id: int | None) -> Job:
    """A job that belongs to somebody; owner None may see everybody's.

    :raises NotFound: when there is none, or it belongs to somebody else.
    """
    job = db.session.get(Job, job_id)
    if job is None or owner_id not in {None, job.owner_id}:
        raise NotFound
    return job


def _deliver(work: Work) -> deliveries.Handler:
    @deliveries.outside
    def run(args: dict[str, Any]) -> Callable[[], None] | None:
        job_id = int(args["job_id"])
        job = db.session.get_one(Job, job_id)
        if job.state is JobState.DONE:
            return None
        work_args, progress = dict(job.args), Progress(job_id=job_id, owner_id=job.owner_id)
        with unit_of_work():
            _begin(job_id)
        try:
            result = work(progress, work_args)
        except (Refused, Hopeless) as refusal:
            sentence = str(refusal)
            return lambda: _end(job_id, JobState.FAILED, message=sentence, result=None)
        return lambda: _end(
            job_id, JobState.DONE, message="", result=result() if callable(result) else result
        )

    return run


def _begin(job_id: int) -> None:
    job = db.session.get_one(Job, job_id)
    job.state, job.done, job.started_at, job.finished_at, job.message = (
        JobState.RUNNING,
        0,
        clock.now(),
        None,
        "",
    )


def _give_up(args: dict[str, Any]) -> None:
    message = (
        "It failed on our side and was given up. Start it again; if it fails again, tell an administrator."
    )
    _end(int(args["job_id"]), JobState.FAILED, message=message, result=None)


def _end(job_id: int, state: JobState, *, message: str, result: Result | None) -> None:
    job = db.session.get_one(Job, job_id)
    job.state, job.message, job.result, job.finished_at = state, message, result, clock.now()
    if state is JobState.DONE and job.total is not None:
        job.done = job.total
