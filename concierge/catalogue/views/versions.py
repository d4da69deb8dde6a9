"""Two versions of a playbook beside each other."""

from dataclasses import dataclass

from flask import render_template, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from concierge.catalogue import comparing, contents, queries
from concierge.catalogue.comparing import Comparison
from concierge.catalogue.contents import Contents
from concierge.catalogue.models import PlaybookVersion
from concierge.catalogue.states import PlaybookState
from concierge.catalogue.views import picture, telling
from concierge.catalogue.views.blueprint import bp
from concierge.identity.guard import requires, viewer
from concierge.identity.permissions import Permission
from concierge.platform import clock
from concierge.platform.errors import NotFound

Page = str | Response


@dataclass(frozen=True, slots=True)
class Value:
    """One value that differs, in words."""

    name: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Told:
    """One part that differs, in words."""

    act: str
    name: str
    values: tuple[Value, ...]


@bp.get("/playbooks/<key>/comparison")
@requires(Permission.SEE_PLAYBOOKS)
def compare(key: str) -> Page:
    """Show what is different between two versions: by default the newest and the one before."""
    known = queries.versions_of(viewer(), queries.playbook_by_key(viewer(), key, number=None).playbook_id)
    chosen = _chosen(known)
    if chosen is None:
        raise NotFound(
            _("There is only one version of this playbook, so there is nothing to compare it with.")
        )
    old, new = chosen
    before, after = queries.contents_of(key, number=old), queries.contents_of(key, number=new)
    start_on = picture.next_monday(clock.today(viewer().zone))
    order = picture.SampleOrder()
    found = comparing.compared(before, after)
    return render_template(
        "catalogue/comparison.html",
        name=after.name,
        key=key,
        old=old,
        new=new,
        versions=known,
        found=found,
        told=told(found, before, after),
        titles=telling.collection_words(),
        days_before=picture.drawn(before, order, start_on=start_on).days,
        days_after=picture.drawn(after, order, start_on=start_on).days,
    )


def told(found: Comparison, before: Contents, after: Contents) -> dict[str, list[Told]]:
    """The differences in words, by collection."""
    labels = telling.value_words()
    return {
        collection: [
            Told(
                one.act,
                telling.called(one.after or one.before),  # type: ignore[arg-type]  # one of them is there
                tuple(
                    Value(
                        labels[value.name],
                        telling.told(value.name, one.before, before),
                        telling.told(value.name, one.after, after),
                    )
                    for value in one.changed
                    if one.before is not None and one.after is not None
                ),
            )
            for one in found.of(collection)
        ]
        for collection in contents.COLLECTIONS
        if found.of(collection)
    }


def _chosen(known: list[PlaybookVersion]) -> tuple[int, int] | None:
    """The two numbers asked for; else the draft with the newest version, or the two newest."""
    numbers = sorted(one.number for one in known)
    old, new = request.args.get("from", type=int), request.args.get("to", type=int)
    drafted = next((one.number for one in known if one.state is PlaybookState.DRAFT), None)
    new = new if new in numbers else drafted or numbers[-1]
    if old not in numbers or old == new:
        older = [number for number in numbers if number < new] or [n for n in numbers if n != new]
        old = older[-1] if older else None
    return None if old is None else (old, new)
