"""Offering a newer version of a playbook to running projects, each after seeing what it would do there."""

from collections.abc import Sequence
from dataclasses import dataclass
from secrets import token_hex
from typing import Any

from flask import redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from concierge.catalogue import words
from concierge.catalogue.models import Playbook, PlaybookVersion
from concierge.home.consequences import Consequences, of_act
from concierge.home.views.blueprint import bp
from concierge.identity.guard import requires, viewer
from concierge.identity.permissions import Permission
from concierge.platform import clock, undo
from concierge.platform.database import unit_of_work
from concierge.platform.errors import NotFound, Refused
from concierge.platform.once import taken_once
from concierge.platform.previews import carry_out, foreseen
from concierge.platform.words import localized
from concierge.projects import queries
from concierge.projects.actions import adopting, bulk
from concierge.projects.actions.adopting import Adoption
from concierge.projects.models import Project
from concierge.projects.queries import playbooks
from concierge.readiness.actions import renewing
from concierge.readiness.actions.renewing import Renewal

Page = str | tuple[str, int] | Response

MOST_AT_ONCE = 25
"""Projects that are looked at one by one on a page; more become a job with a result for each."""


@dataclass(frozen=True, slots=True)
class Offer:
    """What a version would do to one project, or why it cannot be taken over there."""

    key: str
    account: str
    seen: Consequences | None = None
    adoption: Adoption | None = None
    checklist: Renewal | None = None
    refusal: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one of several projects."""

    key: str
    account: str
    sentence: str
    is_done: bool


@bp.route("/projects/<key>/playbook", methods=["GET", "POST"])
@requires(Permission.EDIT_PROJECTS)
def adopt(key: str) -> Page:
    """Take a newer version of its playbook over into a project, after seeing what it does."""
    found = queries.project_by_key(viewer(), key)
    playbook, version = _offered(found)
    back = url_for("home.project", key=found.key)
    actor_id, at = viewer().user_id, clock.now()
    project_id, playbook_id, number = found.id, playbook.id, version.number
    if request.method != "POST":
        offer = _offer(found, version)
        if offer.refusal:
            raise Refused(offer.refusal)
        return render_template(
            "home/adopt.html", project=found, playbook=playbook, version=version, offer=offer, back=back
        )
    act = carry_out(
        lambda: adopting.adopt(project_id, playbook_id, number=number, actor_id=actor_id, at=at),
        project_id=project_id,
        actor_id=actor_id,
        at=at,
        needs=Permission.EDIT_PROJECTS.value,
        title=_("Take version %(number)d of %(name)s over", number=number, name=playbook.name),
        verb=_("Take it over"),
        back=back,
        ask=True,
    )
    if not isinstance(act, undo.Act):
        return act
    undo.tell(act, _("%(key)s follows version %(number)d now.", key=found.key, number=number))
    return redirect(back, code=303)


@bp.get("/playbooks/<key>/adoption")
@requires(Permission.EDIT_CATALOGUE)
def offer_version(key: str) -> Page:
    """List the running projects that follow an older version, to choose those that take the newest over."""
    playbook, version, behind = _behind(key)
    return render_template(
        "home/offer.html", playbook=playbook, version=version, behind=behind, most=MOST_AT_ONCE
    )


@bp.post("/playbooks/<key>/adoption")
@requires(Permission.EDIT_CATALOGUE)
def adopt_in_several(key: str) -> Page:
    """Show what the version would do to each of the chosen projects; then, when that was agreed to, do it."""
    playbook, version, behind = _behind(key)
    asked = set(request.form.getlist("project"))
    chosen = [one for one in behind if one.key in asked]
    if not chosen:
        page = render_template(
            "home/offer.html",
            playbook=playbook,
            version=version,
            behind=behind,
            most=MOST_AT_ONCE,
            fault=_("Choose at least one project."),
        )
        return page, 422
    if len(chosen) > MOST_AT_ONCE:
        return _by_job(playbook, version, [one.project_id for one in chosen[: bulk.MOST]])
    projects = [queries.project_by_key(viewer(), one.key) for one in chosen]
    if request.form.get("act") != "do":
        offers = [_offer(found, version) for found in projects]
        return render_template("home/offered.html", playbook=playbook, version=version, offers=offers)
    together = f"adopt{token_hex(8)}"
    outcomes = [_adopted(found, playbook, version, together=together) for found in projects]
    done = sum(one.is_done for one in outcomes)
    return render_template(
        "home/adopted.html",
        playbook=playbook,
        version=version,
        outcomes=outcomes,
        done=done,
        undo=together if done else "",
    )


def _by_job(playbook: Playbook, version: PlaybookVersion, project_ids: Sequence[int]) -> Response:
    """Let a job look at what the version would do to many projects; its page leads on to doing it."""
    wish = bulk.Wish(bulk.Kind.ADOPT, playbook_id=playbook.id, number=version.number, playbook=playbook.name)
    title = _("Take version %(number)d of %(name)s over", number=version.number, name=playbook.name)
    with unit_of_work(), taken_once(by=viewer().user_id) as outcome:
        job = bulk.ask_to_look(wish, project_ids, title=title, owner_id=viewer().user_id)
        outcome.led_to = f"/jobs/{job.id}"
    return redirect(f"/jobs/{job.id}", code=303)


def _adopted(found: Project, playbook: Playbook, version: PlaybookVersion, *, together: str) -> Outcome:
    """Take the version over in one project, exactly as it was shown, or leave the project as it is."""
    actor_id, at = viewer().user_id, clock.now()
    key, account, project_id = found.key, found.account.name, found.id
    playbook_id, number = playbook.id, version.number
    agreed = request.form.get(f"agreed-{key}", "")
    try:
        with unit_of_work():
            needs = Permission.EDIT_PROJECTS.value
            with undo.undoable(actor_id=actor_id, at=at, needs=needs, together=together) as act:
                adopting.adopt(project_id, playbook_id, number=number, actor_id=actor_id, at=at)
            if of_act(act, project_id=project_id).fingerprint != agreed:
                raise Refused(
                    _("Its plan has changed since you looked, so nothing was done. Look again, then repeat.")
                )
    except Refused as refusal:
        return Outcome(key, account, refusal.sentence, is_done=False)
    return Outcome(key, account, _("follows version %(number)d now", number=number), is_done=True)


def _offer(found: Project, version: PlaybookVersion) -> Offer:
    """What the version would do to a project: read without changing anything, and done and taken back."""
    at, project_id, playbook_id, number = clock.now(), found.id, version.playbook_id, version.number
    try:
        adoption = adopting.foresee_adoption(found, version)
        checklist = renewing.foresee_renewal(found, items=version.items, playbook_id=playbook_id)
        seen = foreseen(
            lambda: adopting.adopt(project_id, playbook_id, number=number, actor_id=None, at=at),
            project_id=project_id,
            at=at,
        )
    except Refused as refusal:
        return Offer(found.key, found.account.name, refusal=refusal.sentence)
    return Offer(found.key, found.account.name, seen, adoption, checklist)


def _offered(found: Project) -> tuple[Playbook, PlaybookVersion]:
    """The playbook of which a newer version is offered to a project: the one asked for, else the first."""
    newer = playbooks.newer_versions(found.id)
    asked = request.args.get("playbook", "")
    playbook = next((one for one, _mine, _newest in newer if asked in {"", one.key}), None)
    if playbook is None:
        raise NotFound(_("This project follows the newest version of its playbooks."))
    return playbook, playbooks.newest_version(playbook.id)


def _behind(key: str) -> tuple[Playbook, PlaybookVersion, Sequence[playbooks.Behind]]:
    playbook = playbooks.playbook_named(key)
    version = playbooks.newest_version(playbook.id)
    return playbook, version, playbooks.behind(viewer(), playbook.id, number=version.number)


def value_in_words(name: str, value: Any) -> str:  # Any: a column's value
    """One value of a milestone, before or after."""

    if isinstance(value, dict):
        return localized(value)
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    lists: dict[str, Any] = {  # Any: enumerations' words
        "kind": words.milestone_words(),
        "team": words.team_words(),
        "audience": words.audience_words(),
        "days_of": words.days_of_words(),
    }
    return str(lists[name][value]) if name in lists else str(value)


bp.add_app_template_global(value_in_words, "milestone_value")
