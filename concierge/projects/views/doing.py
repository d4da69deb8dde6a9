"""Doing what a form asks of a plan, once its consequences have been seen; it can be taken back afterwards."""

from collections.abc import Callable, Mapping

from flask import redirect, request, url_for
from flask_babel import gettext as _

from concierge.identity import queries as people
from concierge.identity.guard import viewer
from concierge.identity.permissions import Permission
from concierge.platform import clashes, clock, undo
from concierge.platform.previews import carry_out
from concierge.projects.models import Milestone, Project
from concierge.projects.views.acts import Page


def do(
    project: Project,
    verb: Callable[[], object],
    *,
    title: str,
    done: str,
    back: str,
    ask: bool | None = None,
    needs: Permission = Permission.EDIT_PROJECTS,
) -> Page:
    """Do an act on a project and go to its page; or show first what follows.

    :param done: what is said once it is done.
    :param back: where to go to leave everything as it is.
    :param ask: whether to show it before; None: when something follows that others feel.
    :param needs: the permission that taking it back takes.
    """
    act = carry_out(
        verb,
        project_id=project.id,
        actor_id=viewer().user_id,
        at=clock.now(),
        needs=needs.value,
        title=title,
        verb=_("Do it"),
        back=back,
        ask=ask,
    )
    if not isinstance(act, undo.Act):
        return act
    undo.tell(act, done)
    return redirect(url_for("home.project", key=project.key), code=303)


def do_to_milestone(
    project: Project,
    found: Milestone,
    verb: Callable[[], object],
    *,
    facts: Mapping[str, str],
    title: str,
    done: str,
    back: str,
    ask: bool | None = None,
) -> Page:
    """Do an act on a milestone likewise, unless somebody else changed these facts since the form was loaded."""
    if changed := clashes.changed_facts(request.form.get("loaded"), facts):
        by = people.last_change(project_id=project.id, milestone_id=found.id).words(viewer().zone)
        return clashes.ask_again(
            changed, facts=facts, by=by, title=title, verb=_("Do it all the same"), back=back
        )
    return do(project, verb, title=title, done=done, back=back, ask=ask)
