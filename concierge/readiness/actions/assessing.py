"""Judging a whole site on a day, signing that judgement, and noticing when a site that was ready no longer is."""

from datetime import date, datetime, timedelta

import sqlalchemy as sa
from flask_babel import gettext as _

from concierge.catalogue.states import GateKind
from concierge.core.readiness import Gate
from concierge.platform import clock
from concierge.platform.database import db
from concierge.platform.errors import Refused
from concierge.platform.events import record
from concierge.readiness import queries
from concierge.readiness.actions import waiving
from concierge.readiness.events import AssessmentSigned, ReadinessLost, ReadinessRegained, SiteAssessed
from concierge.readiness.models import Assessment, Checklist, ReadinessSignature
from concierge.readiness.standing import Change, Kept, changes, content, digest, score, standing
from concierge.readiness.states import Decision, Occasion

DAYS_BEFORE = {Occasion.FOURTEEN_DAYS: 14, Occasion.SEVEN_DAYS: 7}
"""How many days before delivery a site is judged by itself."""


class NotAssessable(Refused):
    """There is nothing to sign, or the signature is not complete."""


def assess(
    checklist: Checklist,
    *,
    occasion: Occasion,
    gate: GateKind,
    on: date,
    at: datetime,
    actor_id: int | None,
    signed_name: str = "",
    meaning: str = "",
    note: str = "",
) -> Assessment:
    """Judge a site as it stands and keep that: what stood where, how much is done, what is critical.

    :param checklist: with items and evidence.
    :param gate: what it is judged ready for.
    :param on: the day at the site.
    :param signed_name: as the one who signs typed it; empty: it stays unsigned for now.
    """
    found = score(checklist.items, Gate(gate.value), today=on)
    kept = standing(checklist.items)
    made = Assessment(
        checklist_id=checklist.id,
        occasion=occasion,
        on=on,
        at=at,
        by_id=actor_id,
        gate=gate,
        is_ready=found.is_ready,
        percent=found.percent,
        critical_open=len(found.critical),
        standing=kept,
        content_hash=digest(kept),
        note=note,
        signed_name=signed_name,
        meaning=meaning if signed_name else "",
        signed_at=at if signed_name else None,
        signed_by_id=actor_id if signed_name else None,
        counted_from=checklist.install_on if occasion is Occasion.ON_THE_DAY else checklist.anchor_on,
    )
    db.session.add(made)
    db.session.flush()
    record(
        SiteAssessed(
            at=at,
            actor_id=actor_id,
            project_id=checklist.project_id,
            checklist_id=checklist.id,
            assessment_id=made.id,
            occasion=occasion.value,
            gate=gate.value,
            is_ready=made.is_ready,
            percent=made.percent,
            critical=made.critical_open,
            name=made.signed_name,
        )
    )
    return made


def sign_assessment(
    assessment: Assessment, *, project_id: int, name: str, meaning: str, at: datetime, actor_id: int
) -> None:
    """Sign a judgement that was made by itself; what was judged stays as it was.

    :raises NotAssessable: when it is signed already, or the name is missing.
    """
    if assessment.signed_name:
        raise NotAssessable(_("This assessment is signed already. Make a new one to judge the site again."))
    if len(name.strip()) < 2:
        raise NotAssessable(_("Type your name to sign."))
    assessment.signed_name, assessment.signed_at = name, at
    assessment.signed_by_id, assessment.meaning = actor_id, meaning
    record(
        AssessmentSigned(
            at=at,
            actor_id=actor_id,
            project_id=project_id,
            checklist_id=assessment.checklist_id,
            assessment_id=assessment.id,
            name=name,
        )
    )


def due_occasion(checklist: Checklist, *, today: date, is_delivered: bool) -> Occasion | None:
    """Which judgement of itself is due on a day at the site and was not made for these dates yet.

    A missed day is made up until the next one is due. A checklist that was issued later than that is not judged
    for a day that had passed by then.
    """
    made = {(one.occasion, one.counted_from) for one in queries.assessments_of(checklist.id)}
    if checklist.install_on == today and (Occasion.ON_THE_DAY, today) not in made:
        return Occasion.ON_THE_DAY
    if is_delivered or today >= checklist.anchor_on:
        return None
    left = (checklist.anchor_on - today).days
    occasion = next(
        (one for one in (Occasion.SEVEN_DAYS, Occasion.FOURTEEN_DAYS) if left <= DAYS_BEFORE[one]), None
    )
    if occasion is None or (occasion, checklist.anchor_on) in made:
        return None
    was_due = checklist.anchor_on - timedelta(days=DAYS_BEFORE[occasion])
    return occasion if checklist.issued_at.date() <= was_due else None


def judge_if_due(checklist_id: int, *, at: datetime) -> Assessment | None:
    """Make the judgement of a site that is due by now, after ending waivers that are over; `None` when none is due."""
    checklist = queries.checklist_by_id(checklist_id)
    lock(checklist)
    moment = queries.moment_of(checklist.project_id)
    today = clock.day_at(at, moment.zone)
    waiving.end_what_is_over(checklist, today=today, at=at)
    occasion = due_occasion(checklist, today=today, is_delivered=moment.is_delivered)
    if occasion is None:
        return None
    is_for_install = moment.is_delivered or occasion is Occasion.ON_THE_DAY
    return assess(
        checklist,
        occasion=occasion,
        gate=gate_of(is_delivered=is_for_install),
        on=today,
        at=at,
        actor_id=None,
    )


def gate_of(*, is_delivered: bool) -> GateKind:
    """What a site is judged for: shipping until its delivery, installing from then on."""
    return GateKind.INSTALL if is_delivered else GateKind.SHIP


def note_loss(
    checklist: Checklist, *, is_delivered: bool, today: date, by_name: str, at: datetime, actor_id: int | None
) -> None:
    """Notice that a site which was last said to be ready is not any more, or is again.

    :param checklist: with items and evidence.
    :param by_name: who made the change that was just made, as shown; empty: nobody, such as a day that passed.
    """
    said = last_said(checklist)
    critical = (
        () if said is None else _critical_since(said, checklist, is_delivered=is_delivered, today=today)
    )
    if said is None or not critical:
        _forget_loss(checklist, is_ready=said is not None, by_name=by_name, at=at, actor_id=actor_id)
        return
    by = {one["key"]: one["by"] for one in (checklist.ready_lost or {}).get("changes", ())}
    found = [
        Change(**{**one.as_json(), "by": by.get(one.key, by_name)})
        for one in changes(_stood(said), _stands(said, checklist))
        if one.key in critical
    ]
    name, said_at = _who_said(said)
    is_new = checklist.ready_lost_at is None
    checklist.ready_lost_at = checklist.ready_lost_at or at
    checklist.ready_lost = {
        "said": "assessment" if isinstance(said, Assessment) else "signature",
        "id": said.id,
        "at": said_at.isoformat(),
        "name": name,
        "by": by_name if is_new else (checklist.ready_lost or {}).get("by", ""),
        "critical": list(critical),
        "changes": [one.as_json() for one in found],
    }
    if is_new:
        record(
            ReadinessLost(
                at=at,
                actor_id=actor_id,
                project_id=checklist.project_id,
                checklist_id=checklist.id,
                said_at=said_at,
                said_by=name,
                requirement=_first_words(checklist, critical),
                critical=len(critical),
                by_name=by_name,
            )
        )


def last_said(checklist: Checklist) -> Assessment | ReadinessSignature | None:
    """The newest judgement or sign-off, when it says that the site is ready; `None` when it says that it is not.

    A sign-off counts also after something changed and ended it. A judgement made by itself that says not ready
    replaces nothing: it only finds what was lost.
    """
    judged = queries.newest_assessment(checklist.id)
    signed = queries.newest_sign_off(checklist.id)
    if judged is None and signed is None:
        return None
    if judged is None or (signed is not None and signed.signed_at > judged.at):
        assert signed is not None  # noqa: S101 # one of the two is there
        return None if signed.decision is Decision.NOT_READY else signed
    return judged if judged.is_ready else None


def lock(checklist: Checklist) -> None:
    """Keep others from judging the same checklist until this act is saved."""
    db.session.flush()
    db.session.execute(sa.select(Checklist.id).where(Checklist.id == checklist.id).with_for_update())


def _critical_since(
    said: Assessment | ReadinessSignature, checklist: Checklist, *, is_delivered: bool, today: date
) -> tuple[str, ...]:
    """What is critical now and was not when the site was said to be ready."""
    gate = said.gate if isinstance(said, Assessment) else GateKind.SHIP
    if gate is GateKind.SHIP and is_delivered:
        return ()
    known = () if isinstance(said, Assessment) else said.critical or ()
    critical = score(checklist.items, Gate(gate.value), today=today).critical
    return tuple(key for key in critical if key not in known)


def _forget_loss(
    checklist: Checklist, *, is_ready: bool, by_name: str, at: datetime, actor_id: int | None
) -> None:
    if checklist.ready_lost_at is None:
        return
    checklist.ready_lost_at, checklist.ready_lost = None, {}
    if is_ready:
        record(
            ReadinessRegained(
                at=at,
                actor_id=actor_id,
                project_id=checklist.project_id,
                checklist_id=checklist.id,
                by_name=by_name,
            )
        )


def _who_said(said: Assessment | ReadinessSignature) -> tuple[str, datetime]:
    return (said.signed_name, said.at) if isinstance(said, Assessment) else (said.name, said.signed_at)


def _stood(said: Assessment | ReadinessSignature) -> list[Kept]:
    return list(said.standing if isinstance(said, Assessment) else said.content or [])


def _stands(said: Assessment | ReadinessSignature, checklist: Checklist) -> list[Kept]:
    return standing(checklist.items) if isinstance(said, Assessment) else content(checklist.items)


def _first_words(checklist: Checklist, critical: tuple[str, ...]) -> str:
    item = next((one for one in checklist.items if one.key == critical[0]), None)
    return "" if item is None else item.requirement.get("en", "")
