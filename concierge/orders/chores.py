"""Long imports as jobs: checking files, then importing them one transaction a file."""

from collections.abc import Callable
from typing import Any

from flask_babel import gettext as _

from concierge.orders import queries
from concierge.orders.actions import handing_in, importing
from concierge.orders.actions.importing import ImportPlan, Planner
from concierge.orders.documents import read_orders
from concierge.orders.incoming import BadDocument
from concierge.platform import clock, files, jobs
from concierge.platform.database import unit_of_work
from concierge.platform.errors import Refused
from concierge.platform.jobs import Progress, Result


def register() -> None:
    """Make both kinds of job known to the worker."""
    jobs.register(handing_in.CHECK_JOB, check_files)
    jobs.register(handing_in.IMPORT_JOB, import_files)


def check_files(progress: Progress, args: dict[str, Any]) -> Callable[[], Result]:  # Any: JSON
    """Say what each file of an import would do; run by a job."""
    found = queries.import_by_id(args["import_id"])
    names = [(row.id, row.name) for row in queries.files_of(found)]
    planner = Planner(clock.now())
    plans: list[ImportPlan] = []
    for done, (file_id, name) in enumerate(names):
        progress.tell(done=done, total=len(names), message=_("Reading %(file)s.", file=name))
        plans.append(planner.plan_file(files.read(queries.file_by_id(file_id)), name))

    def finish() -> Result:
        handing_in.write_results(queries.import_by_id(args["import_id"]), plans)
        return _result(plans, args["import_id"], _("The files are checked. Nothing is imported yet."))

    return finish


def import_files(progress: Progress, args: dict[str, Any]) -> Callable[[], Result]:  # Any: JSON
    """Import each file of an import in a transaction of its own; run by a job, safe to run again."""
    found = queries.import_by_id(args["import_id"])
    names = [(row.id, row.name) for row in queries.files_of(found)]
    plans: list[ImportPlan] = []
    for done, (file_id, name) in enumerate(names):
        progress.tell(done=done, total=len(names), message=_("Importing %(file)s.", file=name))
        plans.append(import_one(file_id, actor_id=progress.owner_id))

    def finish() -> Result:
        handing_in.write_results(queries.import_by_id(args["import_id"]), plans, applied_at=clock.now())
        return _result(plans, args["import_id"], _("The files are imported."))

    return finish


def import_one(file_id: int, *, actor_id: int | None) -> ImportPlan:
    """Import one kept file in a transaction of its own; a refusal becomes part of the plan."""
    row = queries.file_by_id(file_id)
    data, name = files.read(row), row.name
    try:
        orders = read_orders(data, name)
        with unit_of_work():
            return importing.import_orders(
                orders,
                name,
                row.sha256,
                file=queries.file_by_id(file_id),
                actor_id=actor_id,
                at=clock.now(),
            )
    except BadDocument as refused:
        return ImportPlan(name, refusals=refused.sentences)
    except importing.ImportRefused as refused:
        return refused.plan
    except Refused as refused:
        return ImportPlan(name, refusals=(refused.sentence,))


def _result(plans: list[ImportPlan], import_id: int, summary: str) -> Result:
    lines = [{"text": sentence} for one in plans for sentence in one.sentences]
    return {"summary": summary, "lines": lines[:50], "url": f"/orders/import/{import_id}"}
