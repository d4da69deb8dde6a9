"""Technicians, skills, absences and closures."""

import pytest
from flask import Flask

from concierge.identity.models import User
from concierge.platform.database import db, unit_of_work
from concierge.platform.errors import Refused
from concierge.workforce import queries
from concierge.workforce.actions import technicians
from concierge.workforce.states import AbsenceKind
from tests.makers import workforce
from tests.makers.days import on
from tests.makers.workforce import SOME_DAY


def test_a_place_is_also_closed_when_the_company_is(app: Flask) -> None:
    with unit_of_work():
        workforce.closure("Company days", on("Thu 2026-12-24"), on("Sat 2027-01-02"))

    calendar = queries.working_calendar("CH", "BS")

    assert calendar.why_closed(on("Tue 2026-12-29")) == "Company days"
    assert calendar.why_closed(on("Wed 2026-12-23")) is None
    assert queries.working_calendars([("CH", "BS"), ("JP", "")])["JP", ""].why_closed(on("Tue 2026-12-29"))


def test_absences_are_found_by_any_day_they_touch(app: Flask) -> None:
    with unit_of_work():
        tomas = workforce.technician()
        lea = workforce.technician(name="Lea Roth")
        workforce.absence(tomas, on("Mon 2026-03-16"), on("Fri 2026-03-20"))
        workforce.absence(tomas, on("Mon 2026-04-06"))
        workforce.absence(lea, on("Mon 2026-03-16"))

    found = queries.absences([tomas.user_id], first_on=on("Fri 2026-03-20"), last_on=on("Mon 2026-03-23"))

    assert [absence.first_on for absence in found[tomas.user_id]] == [on("Mon 2026-03-16")]
    assert lea.user_id not in found
    assert not queries.absences([tomas.user_id], first_on=on("Sat 2026-03-21"), last_on=on("Sun 2026-04-05"))


def test_an_expired_skill_is_not_held(app: Flask) -> None:
    with unit_of_work():
        added = workforce.technician(skills=("orbitrap",), skill_expires_on=on("Tue 2026-03-31"))

    tomas = queries.sendable([added.user_id])[added.user_id]

    assert tomas.holds("orbitrap", on=on("Tue 2026-03-31"))
    assert not tomas.holds("orbitrap", on=on("Wed 2026-04-01"))
    assert not tomas.holds("sequencer", on=on("Tue 2026-03-31"))
    assert tomas.holds("", on=on("Tue 2026-03-31"))


def test_somebody_without_skills_can_be_sent_and_others_are_no_technicians(app: Flask) -> None:
    with unit_of_work():
        added = workforce.technician(skills=())

    found = queries.sendable([added.user_id, 999_999])

    assert set(found) == {added.user_id}
    assert not found[added.user_id].holds("orbitrap", on=on("Tue 2026-03-31"))


def test_renewing_a_skill_keeps_one_row(app: Flask) -> None:
    with unit_of_work():
        tomas = workforce.technician(skills=("orbitrap",))
        technicians.grant_skill(
            tomas, code="orbitrap", level=3, expires_on=on("Thu 2027-12-30"), at=SOME_DAY, actor_id=None
        )

    again = queries.technicians_by_user([tomas.user_id])[tomas.user_id]

    assert [(skill.code, skill.level) for skill in again.skills] == [("orbitrap", 3)]
    assert queries.skill_codes() == ("orbitrap",)


def test_technicians_are_listed_by_name(app: Flask) -> None:
    with unit_of_work():
        workforce.technician(name="Tomas Keller")
        workforce.technician(name="Lea Roth")

    assert [technician.user.name for technician in queries.technicians()] == ["Lea Roth", "Tomas Keller"]


def test_a_technicians_own_calendar_knows_leave_and_holidays(app: Flask) -> None:
    with unit_of_work():
        tomas = workforce.technician()
        workforce.absence(tomas, on("Mon 2026-03-16"), kind=AbsenceKind.TRAINING)

    calendar = queries.technician_calendar(tomas, around=on("Mon 2026-03-09"))

    assert calendar.why_closed(on("Mon 2026-03-16")) == "training"
    assert calendar.why_closed(on("Fri 2026-05-01")) == "Tag der Arbeit, Basel-Stadt"


def test_nobody_becomes_a_technician_twice_or_leaves_before_they_go(app: Flask) -> None:
    with unit_of_work():
        tomas = workforce.technician()

    with pytest.raises(Refused, match="technician already"), unit_of_work():
        workforce.technician(user=db.session.get_one(User, tomas.user_id))
    with pytest.raises(Refused, match="cannot come before"), unit_of_work():
        workforce.absence(tomas, on("Tue 2026-03-17"), on("Mon 2026-03-16"))
    with pytest.raises(Refused, match="cannot come before"), unit_of_work():
        workforce.closure("Never", on("Tue 2026-03-17"), on("Mon 2026-03-16"))
