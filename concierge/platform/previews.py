"""Showing what an act would do before it is done, on whichever page: one call around the act.

What an act does to a project spans slices, so the top one says it; the application hands its functions in.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any, Protocol, TypeAlias

from flask import Flask, current_app, render_template, request

from concierge.platform.database import dry_run, unit_of_work
from concierge.platform.once import taken_once
from concierge.platform.undo import Act, undoable

FIELD = "agreed"
Page: TypeAlias = tuple[str, int]
_OWN = frozenset({"csrf_token", "form_token", FIELD})


class Seen(Protocol):
    """What an act does to a project."""

    @property
    def is_quiet(self) -> bool:
        """Whether nothing follows that anybody has to see first."""

    @property
    def fingerprint(self) -> str:
        """The same for the same consequences."""


class Describe(Protocol):
    """Says what an act did to a project, in the transaction in which it was done."""

    def __call__(self, act: Act, *, project_id: int) -> Seen:
        """Read it from the differences and the rows."""


@dataclass(frozen=True, slots=True)
class Other:
    """Another act of the same form, offered beside the one that was asked for.

    `field` is what the form is sent with for it, `verb` the words of its button; without them only `words` are said.
    `asks` names a reason that it needs, sent as ``plan_reason``.
    """

    title: str
    words: str
    field: str = ""
    verb: str = ""
    asks: str = ""


class _Otherwise(Exception):
    """It did something else than what was agreed to."""


def register(app: Flask, describe: Describe) -> None:
    """Hand the function that describes an act to the application."""
    app.extensions["concierge.describe"] = describe


def foreseen(
    do: Callable[[], object], *, project_id: int, at: datetime
) -> Any:  # Any: the home slice's value
    """What an act would do to a project: it is done and taken back. Not inside a unit of work.

    :param do: the act; it loads what it changes itself, because it runs in a session of its own.
    :raises Refused: whatever the act refuses.
    """
    with dry_run():
        with undoable(actor_id=None, at=at, keep=False) as act:
            do()
        return current_app.extensions["concierge.describe"](act, project_id=project_id)


def carry_out(
    do: Callable[[], object],
    *,
    project_id: int,
    actor_id: int,
    at: datetime,
    needs: str,
    title: str,
    verb: str,
    back: str,
    ask: bool | None = None,
    keep: bool = True,
    other: Other | None = None,
) -> Act | Page:
    """Do the act of this form, once its consequences have been seen; where nothing follows, at once.

    It does what was agreed to or nothing: if the plan has changed meanwhile, the page is shown anew.

    :param do: the act; it loads what it changes itself.
    :param needs: the permission that taking it back takes.
    :param title: what is about to be done, in the words of a heading.
    :param verb: what the button says that does it.
    :param back: where to go to leave everything as it is.
    :param ask: whether to show them before; None: when something follows that others feel.
    :param keep: whether it can be taken back afterwards.
    :param other: what could be done instead, said where the consequences are shown.
    :return: the act, to tell of and to take back; or the page that shows what would follow.
    :raises Refused: whatever the act refuses.
    """
    agreed = request.form.get(FIELD, "")
    if not agreed and ask is not False:
        seen = foreseen(do, project_id=project_id, at=at)
        if ask or not seen.is_quiet:
            return _page(seen, title=title, verb=verb, back=back, other=other)
    try:
        with unit_of_work(), taken_once(by=actor_id) as outcome:
            outcome.led_to = back
            with undoable(actor_id=actor_id, at=at, needs=needs, keep=keep) as act:
                do()
            if agreed and agreed != described(act, project_id).fingerprint:
                raise _Otherwise
    except _Otherwise:
        seen = foreseen(do, project_id=project_id, at=at)
        return _page(seen, title=title, verb=verb, back=back, other=other, has_changed=True)
    return act


def described(act: Act, project_id: int) -> Seen:
    """What an act did to a project, in the unit of work in which it was done."""
    seen: Seen = current_app.extensions["concierge.describe"](act, project_id=project_id)
    return seen


def _page(
    seen: Seen, *, title: str, verb: str, back: str, other: Other | None, has_changed: bool = False
) -> Page:
    page = render_template(
        "home/agree.html",
        consequences=seen,
        title=title,
        verb=verb,
        back=back,
        has_changed=has_changed,
        other=other,
        filled=[(name, value) for name, value in request.form.items(multi=True) if name not in _OWN],
        action=request.full_path.rstrip("?"),
    )
    return page, HTTPStatus.OK
