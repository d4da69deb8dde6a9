"""Plans for unassigned work: asking for one, how far it is, what it proposes, and what somebody decides about it."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from http import HTTPStatus
from typing import Any, NamedTuple

from flask import flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response

from concierge.catalogue.states import VisitKind
from concierge.core.board import WallAxis, lanes
from concierge.core.spans import Span
from concierge.dispatch import chores, forms, proposal_words
from concierge.dispatch.actions import planning
from concierge.dispatch.models import PlanningProposal, PlanningRun
from concierge.dispatch.states import PlanningState, ProposalState
from concierge.dispatch.views.blueprint import Page, bp, look_from_address
from concierge.identity.guard import requires, viewer
from concierge.identity.permissions import Permission
from concierge.platform import clock, jobs, undo
from concierge.platform.database import unit_of_work
from concierge.platform.errors import NotFound, Refused
from concierge.platform.jobs import JobState
from concierge.platform.once import taken_once
from concierge.platform.web import show_again
from concierge.platform.words import day, localized, span
from concierge.visits import feasibility
from concierge.visits import words as rules
from concierge.visits.clocks import wall_time
from concierge.workforce import queries as workforce
from concierge.workforce.queries import Sendable

chores.register()

DAY = timedelta(days=1)
LANE = 50
"""Height of a lane in the picture, in pixels."""


class Bar(NamedTuple):
    """A plan that is being made, as its bar shows it."""

    title: str
    doing: str
    done: int
    total: int | None
    finished: bool
    failed: bool
    poll_url: str
    every_s: int = 2


class Card(NamedTuple):
    """A proposal as the page shows it."""

    one: PlanningProposal
    account: str
    title: str
    when: str
    who: str
    deadline: str
    deadline_state: str
    reasons: tuple[str, ...]
    against: str
    """Why it can no longer be booked; empty while it can."""
    url: str
    """Of what came of it, or where it is booked by hand."""


class ShownBar(NamedTuple):
    """A proposal in the picture."""

    x: float
    width: float
    y: int
    look: str
    state: str
    """Its colour."""
    account: str
    what: str
    label: str
    url: str


@bp.get("/dispatch/proposals")
@requires(Permission.SCHEDULE_VISITS)
def plans() -> Page:
    """List the last plans, and what of them still waits."""
    found = [
        (run, waiting, _period(run), url_for("dispatch.proposals", run_id=run.id))
        for run, waiting in planning.recent_runs()
    ]
    return render_template("dispatch/plans.html", runs=found, form=_asked(), zone=viewer().zone)


@bp.post("/dispatch/proposals")
@requires(Permission.SCHEDULE_VISITS)
def plan_these() -> Page:
    """Have unassigned work planned; for whom and what the board shows, or what the form names."""
    form = _asked()
    if not form.validate_on_submit():
        return show_again("dispatch/plans.html", form, runs=[], zone=viewer().zone)
    first_on = clock.today(viewer().zone) + DAY
    wish = planning.Wish(
        first_on,
        first_on + timedelta(days=7 * (form.weeks.data or planning.WEEKS) - 1),
        form.territory.data or "",
        form.skill.data or "",
    )
    with unit_of_work(), taken_once(by=viewer().user_id) as outcome:
        run = planning.ask_plan(wish, at=clock.now(), actor_id=viewer().user_id)
        outcome.led_to = url_for("dispatch.proposals", run_id=run.id)
    return redirect(outcome.led_to, code=303)


@bp.get("/dispatch/proposals/<int:run_id>")
@requires(Permission.SCHEDULE_VISITS)
def proposals(run_id: int) -> Page:
    """Show how far a plan is, then what it proposes and why; its bar asks this page again."""
    run = planning.run_by_id(run_id)
    bar = _bar(run)
    if "HX-Request" in request.headers:
        answer = make_response(render_template("platform/_bar.html", bar=bar))
        if bar.finished or bar.failed:
            answer.headers["HX-Refresh"] = "true"
        return answer
    if run.state is not PlanningState.READY:
        return render_template(
            "dispatch/planning.html", run=run, bar=bar, period=_period(run), zone=viewer().zone
        )
    return render_template("dispatch/proposals.html", **_page_of(run))


@bp.post("/dispatch/proposals/<int:run_id>/cancellation")
@requires(Permission.SCHEDULE_VISITS)
def cancel_plan(run_id: int) -> Response:
    """Stop a plan that is being made."""
    with unit_of_work():
        planning.cancel_plan(run_id, at=clock.now(), actor_id=viewer().user_id)
    flash(_("It is cancelled. Nothing was booked."))
    return redirect(url_for("dispatch.proposals", run_id=run_id), code=303)


@bp.post("/dispatch/proposals/<int:run_id>/acceptance")
@requires(Permission.SCHEDULE_VISITS)
def accept_proposals(run_id: int) -> Response:
    """Book what was chosen, or everything that waits; each is checked once more, and what no longer fits stays."""
    back = url_for("dispatch.proposals", run_id=run_id)
    ids = _chosen(run_id)
    together = f"plan{run_id}-{ids[0]}-{len(ids)}"
    if len(ids) > planning.AT_ONCE:
        with unit_of_work(), taken_once(by=viewer().user_id) as outcome:
            title = ngettext("Book %(num)s visit", "Book %(num)s visits", len(ids))
            args = {"run_id": run_id, "ids": ids, "together": together}
            job = jobs.start_job(planning.ACCEPT_JOB, title, args, viewer().user_id)
            outcome.led_to = url_for("identity.job", job_id=job.id)
        return redirect(outcome.led_to, code=303)
    refused = chores.accept_all(run_id, ids, viewer(), together=together)
    said = chores.booked_words(len(ids) - refused, refused)
    if refused < len(ids):
        flash({"text": said, "undo": f"/undo/{together}"})  # type: ignore[arg-type]  # any JSON value will do
    else:
        flash(said)
    return redirect(back, code=303)


@bp.post("/dispatch/proposals/<int:run_id>/rejection")
@requires(Permission.SCHEDULE_VISITS)
def reject_proposals(run_id: int) -> Response:
    """Put proposals aside; their work stays in the tray."""
    ids, at = _chosen(run_id), clock.now()
    with (
        unit_of_work(),
        undo.undoable(actor_id=viewer().user_id, at=at, needs=Permission.SCHEDULE_VISITS.value) as act,
    ):
        for proposal_id in ids:
            planning.reject(run_id, proposal_id, at=at, actor_id=viewer().user_id)
    undo.tell(
        act,
        ngettext(
            "%(num)s proposal is rejected. Its work stays in the tray.",
            "%(num)s proposals are rejected. Their work stays in the tray.",
            len(ids),
        ),
    )
    return redirect(url_for("dispatch.proposals", run_id=run_id), code=303)


@bp.route("/dispatch/proposals/<int:run_id>/<int:proposal_id>", methods=["GET", "POST"])
@requires(Permission.SCHEDULE_VISITS)
def change_proposal(run_id: int, proposal_id: int) -> Page:
    """Give a proposal another time or other people; it is still not booked."""
    run, one = planning.run_by_id(run_id), planning.proposal_of(run_id, proposal_id)
    back = url_for("dispatch.proposals", run_id=run_id)
    if one.state is not ProposalState.PROPOSED or one.starts_at is None or one.ends_at is None:
        return redirect(back, code=303)
    starts, ends = (wall_time(when, one.site.zone) for when in (one.starts_at, one.ends_at))
    form = forms.ChangeProposal(
        data={
            "start_on": starts.date(),
            "start_time": starts.time(),
            "end_on": None if starts.date() == ends.date() else ends.date(),
            "end_time": ends.time(),
            "technicians": [int(user_id) for user_id in one.user_ids],
            "version": str(one.version),
        }
    )
    form.zone = one.site.zone
    form.technicians.choices = _candidates(one)
    page: dict[str, Any] = {"run": run, "card": _card(one, _known([one]), ""), "back": back}  # Any: a context
    if not form.is_submitted():
        return render_template("dispatch/change_proposal.html", form=form, against=(), **page)
    if not form.validate():
        return show_again("dispatch/change_proposal.html", form, against=(), **page)
    at = clock.now()
    with (
        unit_of_work(),
        undo.undoable(actor_id=viewer().user_id, at=at, needs=Permission.SCHEDULE_VISITS.value) as act,
    ):
        against = planning.change(
            run_id,
            proposal_id,
            starts_at=form.when.starts_at,
            ends_at=form.when.ends_at,
            user_ids=forms.chosen(form),
            version=int(form.version.data or 0),
            at=at,
            actor_id=viewer().user_id,
        )
    if against:
        told = [rules.sentence(conflict) for conflict in against]
        return (
            render_template("dispatch/change_proposal.html", form=form, against=told, **page),
            HTTPStatus.UNPROCESSABLE_ENTITY,
        )
    undo.tell(act, _("The proposal has changed. It is still not booked."))
    return redirect(back, code=303)


# ------------------------------------------------------------ what the pages show


def _asked() -> forms.PlanThese:
    """What is asked for: of the form, else of the part of the board that the address names."""
    look = look_from_address(clock.today(viewer().zone))
    form = forms.PlanThese(data={"weeks": planning.WEEKS, "territory": look.territory, "skill": look.skill})
    form.territory.choices = [
        ("", _("Everywhere")),
        *((one.name, one.name) for one in workforce.territories()),
    ]
    form.skill.choices = [("", _("Any")), *((code, code) for code in workforce.skill_codes())]
    return form


def _page_of(run: PlanningRun) -> dict[str, Any]:  # Any: what the template is given
    found = planning.proposals_of(run.id)
    at = clock.now()
    outdated = planning.standing(found, viewer=viewer(), at=at)
    against = planning.against([one for one in found if one.id not in outdated])
    known = _known(found)
    cards = [_card(one, known, _told(one, outdated, against.get(one.id, ()))) for one in found]
    result = run.result or {}
    by_state = {state: [card for card in cards if card.one.state is state] for state in ProposalState}
    measured = result.get("measure")
    axis = WallAxis(run.first_on, (run.last_on - run.first_on).days + 1)
    return {
        "run": run,
        "period": _period(run),
        "zone": viewer().zone,
        "waiting": by_state[ProposalState.PROPOSED],
        "left": by_state[ProposalState.LEFT],
        "decided": [*by_state[ProposalState.ACCEPTED], *by_state[ProposalState.REJECTED]],
        "fitting": sum(not card.against for card in by_state[ProposalState.PROPOSED]),
        "quality": proposal_words.quality(result, len(found) - len(by_state[ProposalState.LEFT]))
        if measured
        else (),
        "compared": proposal_words.compared(result) if measured and found else "",
        "too_many": result.get("too_many", 0),
        "rows": _picture(axis, cards, known),
        "heads": [(axis.width * number, day(axis.every[number])) for number in range(0, axis.days, 7)],
        "bands": [
            (axis.width * number, axis.width) for number, on in enumerate(axis.every) if on.weekday() > 4
        ],
    }


def _told(one: PlanningProposal, outdated: Mapping[int, str], against: Sequence[feasibility.Conflict]) -> str:
    """Why a proposal can no longer be booked: what changed, the rules against it, or what booking it said."""
    if one.state is not ProposalState.PROPOSED:
        return ""
    return outdated.get(one.id) or " ".join(rules.sentence(each) for each in against[:3]) or one.refusal


def _known(found: Sequence[PlanningProposal]) -> Mapping[int, Sendable]:
    ids = {int(user_id) for one in found for user_id in one.user_ids}
    return workforce.sendable(ids.union(*(proposal_words.people_in(one.facts) for one in found)))


def _card(one: PlanningProposal, known: Mapping[int, Sendable], against: str) -> Card:
    work = one.visit if one.needs_people or one.work_order is None else one.work_order
    title = (localized(work.titles) or work.title) if work is not None else _("Work that is no longer there")
    when = ""
    if one.starts_at is not None and one.ends_at is not None:
        starts, ends = (wall_time(at, one.site.zone) for at in (one.starts_at, one.ends_at))
        when = span(starts, ends) + (f", {one.site.city}" if one.site.city else "")
    names = [known[int(user_id)].name for user_id in one.user_ids if int(user_id) in known]
    about, state = proposal_words.deadline(one)
    if one.visit_id is not None and (one.state is ProposalState.ACCEPTED or one.needs_people):
        url = url_for("visits.visit", visit_id=one.visit_id)
    elif one.work_order_id is not None:
        url = url_for("dispatch.work", work_order_id=one.work_order_id)
    else:
        url = f"/projects/{one.project.key}"
    return Card(
        one,
        one.project.account.name,
        title,
        when,
        ", ".join(names),
        about,
        state,
        proposal_words.reasons(one, known),
        against,
        url,
    )


def _picture(
    axis: WallAxis, cards: Sequence[Card], known: Mapping[int, Sendable]
) -> list[tuple[str, str, int, list[ShownBar]]]:
    """The people who are proposed and what for, as rows over the days: name, city, height, bars."""
    of_person: dict[int, list[tuple[float, float, Card]]] = {}
    for card in cards:
        one = card.one
        if one.starts_at is None or one.ends_at is None or one.state is ProposalState.REJECTED:
            continue
        starts, ends = (wall_time(at, one.site.zone) for at in (one.starts_at, one.ends_at))
        if (stretch := axis.stretch(starts, ends)) is not None:
            for user_id in one.user_ids:
                of_person.setdefault(int(user_id), []).append((*stretch, card))
    rows = []
    for user_id, bars in sorted(of_person.items(), key=lambda one: _name(one[0], known)):
        bars.sort(key=lambda one: (one[0], one[1]))
        placed = lanes((x, x2) for x, x2, _card in bars)
        shown = [
            ShownBar(
                x,
                x2 - x,
                4 + lane * LANE,
                _look_of(card)[0],
                _look_of(card)[1],
                card.account,
                card.title,
                f"{card.account}: {card.title}, {card.when}",
                f"#p{card.one.id}",
            )
            for lane, (x, x2, card) in zip(placed, bars, strict=True)
        ]
        height = (max(placed) + 1) * LANE + 4
        rows.append((_name(user_id, known), known[user_id].city if user_id in known else "", height, shown))
    return rows


def _look_of(card: Card) -> tuple[str, str]:
    if card.against:
        return "clash", "bad"
    return ("sure", "ok") if card.one.state is ProposalState.ACCEPTED else ("planned", "go")


def _name(user_id: int, known: Mapping[int, Sendable]) -> str:
    return known[user_id].name if user_id in known else ""


def _candidates(one: PlanningProposal) -> list[tuple[int, str]]:
    """Everybody who can be sent, the best first, with what speaks for them or against."""
    assert one.starts_at is not None and one.ends_at is not None  # noqa: S101, PT018 # what waits has a time
    skill, level = one.facts["asks"][0], one.facts["asks"][1]
    everybody = workforce.holders("", on=clock.today(one.site.zone))
    of = one.visit or one.work_order
    found = feasibility.candidates(
        one.site,
        Span(one.starts_at, one.ends_at),
        skill=skill,
        level=level,
        is_remote=of is not None and of.kind is VisitKind.REMOTE_CALL,
        user_ids=everybody.keys(),
        except_visit_id=one.visit_id,
    )
    going = set(one.visit.technician_ids) if one.needs_people and one.visit is not None else set()
    return [
        (
            int(each.person.key),
            f"{each.person.name} – {rules.candidate(each, zone=one.site.zone, skill=skill)}",
        )
        for each in found
        if int(each.person.key) not in going
    ]


def _chosen(run_id: int) -> list[int]:
    """The proposals that a form names, or all that wait and still fit.

    :raises Refused: when there are none.
    """
    if request.form.get("all"):
        found = planning.proposals_of(run_id)
        outdated = planning.standing(found, viewer=viewer(), at=clock.now())
        against = planning.against(found)
        ids = [
            one.id
            for one in found
            if one.state is ProposalState.PROPOSED and one.id not in outdated and one.id not in against
        ]
    else:
        known = {one.id for one in planning.proposals_of(run_id)}
        ids = [int(text) for text in request.form.getlist("id") if text.isascii() and text.isdigit()]
        if not known.issuperset(ids):
            raise NotFound
    if not ids:
        raise Refused(_("Select at least one proposal first."))
    return list(dict.fromkeys(ids))


def _period(run: PlanningRun) -> str:
    found = f"{day(run.first_on)} – {day(run.last_on)}"
    return ", ".join(part for part in (found, run.territory, run.skill) if part)


def _bar(run: PlanningRun) -> Bar:
    """How far a plan is."""
    title = _("Plan for unassigned work")
    if run.state is not PlanningState.PLANNING or run.job_id is None:
        said = _("Cancelled. Nothing was booked.") if run.state is PlanningState.CANCELLED else _("Done.")
        return Bar(title, said, 0, None, True, False, "")
    job = jobs.job_for(run.job_id, owner_id=None)
    doing = job.message or _("Waiting for its turn.")
    url = url_for("dispatch.proposals", run_id=run.id)
    is_failed = job.state is JobState.FAILED
    return Bar(title, doing, job.done, job.total, False, is_failed, "" if is_failed else url)
