"""Writing playbooks: a draft takes a version's content, publishing freezes it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TypeVar

import sqlalchemy as sa
from flask_babel import gettext as _

from concierge.catalogue import checking, contents, plan, queries
from concierge.catalogue.events import PlaybookPublished
from concierge.catalogue.models import (
    Course,
    Playbook,
    PlaybookField,
    PlaybookItem,
    PlaybookMessage,
    PlaybookMilestone,
    PlaybookStep,
    PlaybookVersion,
)
from concierge.catalogue.states import PlaybookState
from concierge.platform.database import db
from concierge.platform.errors import Refused
from concierge.platform.events import record

ANY_MONDAY = date(2024, 1, 1)

Row = TypeVar("Row", PlaybookMilestone, PlaybookItem, PlaybookMessage, PlaybookField, PlaybookStep)


@dataclass(frozen=True, slots=True)
class Content:
    """What a playbook version consists of, as rows that belong to no version yet, in their order."""

    milestones: Sequence[PlaybookMilestone]
    items: Sequence[PlaybookItem] = ()
    courses: Sequence[Course] = ()
    messages: Sequence[PlaybookMessage] = ()
    fields: Sequence[PlaybookField] = ()
    note: str = ""


def content_of(values: contents.Contents) -> Content:
    """A playbook's values as new rows."""
    return Content(
        milestones=[contents.row_of(one) for one in values.milestones],
        items=[contents.row_of(one) for one in values.items],
        courses=[contents.row_of(one) for one in values.courses],
        messages=[contents.row_of(one) for one in values.messages],
        fields=[contents.row_of(one) for one in values.fields],
        note=values.note,
    )


def draft_playbook(key: str, *, name: str, content: Content) -> PlaybookVersion:
    """Write the next version of a playbook, still to be published; the first one makes the playbook.

    :raises Refused: when the key is no key, or a draft is open already.
    """
    playbook = queries.playbooks_by_key([key]).get(key)
    if playbook is None:
        playbook = Playbook(key=key, name=name)
        db.session.add(playbook)
        db.session.flush()
    rows = db.session.execute(
        sa.select(PlaybookVersion.number, PlaybookVersion.state).where(
            PlaybookVersion.playbook_id == playbook.id
        )
    )
    numbers = {row.number: row.state for row in rows}
    if PlaybookState.DRAFT in numbers.values():
        raise Refused(
            _(
                "“%(name)s” has an open draft. Go on with that one, or publish it or throw it away first.",
                name=playbook.name,
            )
        )
    version = PlaybookVersion(
        playbook_id=playbook.id,
        playbook=playbook,
        number=max(numbers, default=0) + 1,
        state=PlaybookState.DRAFT,
        note=content.note,
    )
    for milestone in content.milestones:  # known to be empty rather than not loaded
        milestone.links, milestone.visits = list(milestone.links), list(milestone.visits)
        for visit in milestone.visits:
            visit.steps = _in_order(visit.steps)
    version.milestones = _in_order(content.milestones)
    version.items = _in_order(content.items)
    version.messages = _in_order(content.messages)
    version.fields = _in_order(content.fields)
    db.session.add(version)
    db.session.flush()
    for course in content.courses:
        course.version_id = version.id
        db.session.add(course)
    db.session.flush()
    return version


def publish(version: PlaybookVersion, *, actor_id: int | None, at: datetime) -> None:
    """Freeze a version; new projects use it from now on, running ones keep theirs.

    :param version: loaded with milestones, items, messages and fields.
    :raises Refused: when it is published already, or something has to be mended first: it is empty, waits in a
        circle (the circle is named), links to a milestone that it does not have …
    """
    if version.state is PlaybookState.PUBLISHED:
        raise Refused(
            _(
                "Version %(number)d is published and never changes. Make a new version instead.",
                number=version.number,
            )
        )
    found = checking.findings(contents.of_version(version, ()), products=(), instruments=1)
    wrong = [one.sentence for one in found if one.is_wrong]
    if wrong:
        raise Refused(" ".join(wrong[:3]))
    try:
        plan.sample_plan(version.milestones, start_on=ANY_MONDAY)
    except ValueError as error:
        raise Refused(str(error)) from error
    version.state = PlaybookState.PUBLISHED
    version.published_at = at
    db.session.flush()
    record(
        PlaybookPublished(
            at=at,
            actor_id=actor_id,
            playbook_id=version.playbook_id,
            version_id=version.id,
            number=version.number,
        )
    )


def _in_order(rows: Iterable[Row]) -> list[Row]:
    numbered = list(rows)
    for position, row in enumerate(numbered):
        row.position = position
    return numbered
