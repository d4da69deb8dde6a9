"""Whatever is done to a draft of a playbook can be taken back: every row is as it was."""

import random
from collections.abc import Callable

import pytest
from flask import Flask

from concierge.catalogue import queries
from concierge.catalogue.actions import drafting, standard
from concierge.catalogue.contents import LinkPart, MilestonePart
from concierge.catalogue.states import MilestoneKind, Team
from concierge.platform import clock
from concierge.platform.database import unit_of_work
from concierge.platform.errors import Refused
from concierge.platform.undo import undoable
from concierge.projects.actions.undoing import take_back
from tests.makers.acts import dump

BY = {"actor_id": None}


def any_edit(rng: random.Random, key: str) -> tuple[str, Callable[[], object]]:
    """One edit of a draft, chosen by chance."""
    at = clock.now()
    values = queries.contents_or_none(key) or queries.contents_of(key)
    one = rng.choice(values.milestones)
    other = rng.choice(values.items) if values.items else None
    new = MilestonePart(
        key=f"extra-{rng.randint(0, 9)}",
        name={"en": "Extra"},
        kind=MilestoneKind.OTHER,
        team=Team.SERVICE,
        workdays=rng.randint(0, 9),
        links=(LinkPart(predecessor_key=one.key),),
    )
    edits: list[tuple[str, Callable[[], object]]] = [
        (f"add {new.key}", lambda: drafting.put_part(key, "milestones", new, **BY, at=at)),
        (f"remove {one.key}", lambda: drafting.remove_part(key, "milestones", one.key, **BY, at=at)),
        (
            f"move {one.key}",
            lambda: drafting.move_part(key, "milestones", one.key, to=rng.randint(0, 9), **BY, at=at),
        ),
        ("discard", lambda: drafting.discard_draft(key, **BY, at=at)),
    ]
    if other is not None:
        edits.append(
            (f"remove {other.key}", lambda: drafting.remove_part(key, "items", other.key, **BY, at=at))
        )
    return rng.choice(edits)


@pytest.mark.parametrize("seed", range(3))
def test_any_edit_of_a_draft_taken_back_leaves_every_row_as_it_was(app: Flask, seed: int) -> None:
    rng = random.Random(seed)
    key = standard.KEY
    with unit_of_work():
        standard.standard_version(at=clock.now())
    with unit_of_work():
        drafting.start_draft(key, number=None, actor_id=None, at=clock.now())
    done: set[str] = set()
    for _attempt in range(25):
        before = dump()
        try:
            with unit_of_work():
                words, edit = any_edit(rng, key)
                with undoable(actor_id=None, at=clock.now()) as act:
                    edit()
        except Refused:
            assert dump() == before
            continue
        after = dump()
        if not act.key:
            assert after == before, words
            continue
        done.add(words.split()[0])
        with unit_of_work():
            back = take_back(act.key, actor_id=None, at=clock.now())
        assert dump() == before, words
        assert not back.is_again
        with unit_of_work():
            again = take_back(back.key, actor_id=None, at=clock.now())
        assert dump() == after, words
        assert again.is_again
        if words == "discard":
            with unit_of_work():
                drafting.start_draft(key, number=None, actor_id=None, at=clock.now())
    assert {"remove", "add"} <= done
