# ruff: noqa: E501 - a text is read best in one piece
"""Playbooks: one plan for each family of instruments, made the instrument's own by its readiness items.

Lengths are house defaults in working days; no maker's document states them. They are meant to be edited.
"""

from __future__ import annotations

from dataclasses import dataclass

from concierge.catalogue.states import Audience, MilestoneKind, ProductKind, Scope, Team, VisitKind
from concierge.demo import steps
from concierge.demo.instruments import INSTRUMENTS
from concierge.demo.requirements import items_for
from concierge.demo.values import After, Call, Course, Instrument, Playbook, Step, Text


@dataclass(frozen=True, slots=True)
class Family:
    """What differs between families, in working days and technicians. `survey` says how the site is looked at."""

    key: str
    name: Text
    survey: VisitKind | None
    prep: int
    allocation: int
    freight: int
    install: int
    crew: int
    iq: int
    oq: int
    training: int
    advanced: int
    summary: Text
    building: int = 0


FAMILIES: tuple[Family, ...] = (
    Family(
        key="bench-customer",
        name=Text("Bench, unpacked by the laboratory", "Tischgerät, vom Labor ausgepackt"),
        survey=None,
        prep=10,
        allocation=3,
        freight=3,
        install=1,
        crew=1,
        iq=1,
        oq=1,
        training=1,
        advanced=1,
        summary=Text(
            "Two weeks of preparation, half a day to set up with remote help, a short course.",
            "Zwei Wochen Vorbereitung, ein halber Tag Aufbau mit Fernhilfe, eine kurze Schulung.",
        ),
    ),
    Family(
        key="bench-engineer",
        name=Text("Bench, set up by an engineer", "Tischgerät, vom Service aufgebaut"),
        survey=VisitKind.REMOTE_CALL,
        prep=20,
        allocation=5,
        freight=4,
        install=1,
        crew=1,
        iq=1,
        oq=1,
        training=2,
        advanced=2,
        summary=Text(
            "Four weeks of preparation, a survey by video, one day to install, two days of training.",
            "Vier Wochen Vorbereitung, Standortprüfung per Video, ein Tag Installation, zwei Tage Schulung.",
        ),
    ),
    Family(
        key="sequencer",
        name=Text("Sequencer", "Sequenzierer"),
        survey=VisitKind.SITE_SURVEY,
        prep=25,
        allocation=8,
        freight=5,
        install=2,
        crew=1,
        iq=1,
        oq=1,
        training=2,
        advanced=3,
        summary=Text(
            "Five weeks of preparation with IT, two days to install, a first run together, three later days on applications.",
            "Fünf Wochen Vorbereitung mit der IT, zwei Tage Installation, ein gemeinsamer erster Lauf, später drei Tage Applikation.",
        ),
    ),
    Family(
        key="floor",
        name=Text("Floor-standing mass spectrometer", "Bodenstehendes Massenspektrometer"),
        survey=VisitKind.SITE_SURVEY,
        prep=35,
        allocation=10,
        freight=6,
        install=3,
        crew=2,
        iq=1,
        oq=2,
        training=3,
        advanced=4,
        summary=Text(
            "Seven weeks for power, gas and exhaust, three days for two engineers, sensitivity proven on site.",
            "Sieben Wochen für Strom, Gas und Abluft, drei Tage zu zweit, Empfindlichkeit vor Ort nachgewiesen.",
        ),
    ),
    Family(
        key="clinical",
        name=Text("Clinical line", "Klinische Linie"),
        survey=VisitKind.SITE_SURVEY,
        prep=50,
        allocation=15,
        freight=8,
        install=5,
        crew=2,
        iq=2,
        oq=3,
        training=5,
        advanced=3,
        summary=Text(
            "Ten weeks for water, drain and floor, a week to install, qualification, training in shifts.",
            "Zehn Wochen für Wasser, Abfluss und Boden, eine Woche Installation, Qualifizierung, Schulung in Schichten.",
        ),
    ),
    Family(
        key="magnet",
        name=Text("Magnet", "Magnet"),
        survey=VisitKind.SITE_SURVEY,
        prep=30,
        allocation=40,
        freight=15,
        install=15,
        crew=2,
        iq=2,
        oq=3,
        training=4,
        advanced=3,
        building=90,
        summary=Text(
            "Half a year of building work, then three weeks to place, cool, charge and shim the magnet.",
            "Ein halbes Jahr Bauarbeiten, dann drei Wochen zum Aufstellen, Kühlen, Laden und Shimmen des Magneten.",
        ),
    ),
)


def playbook_for(instrument: Instrument) -> Playbook:
    """The playbook of one instrument."""
    family = next(f for f in FAMILIES if f.key == instrument.family)
    return Playbook(
        key=instrument.key,
        name=f"{instrument.maker} {instrument.model}",
        family=family.key,
        instrument=instrument.key,
        steps=(*_before_delivery(family), *_from_delivery(family)),
        visits=_visits(family, instrument),
        courses=_courses(family, instrument),
        items=items_for(instrument),
        summary=family.summary,
    )


def _before_delivery(family: Family) -> list[Step]:
    steps = [
        Step(
            "order-accepted",
            MilestoneKind.ORDER_ACCEPTED,
            Text("Order accepted", "Auftrag angenommen"),
            Team.CONCIERGE,
            0,
            scope=Scope.PROJECT,
        ),
        Step(
            "kick-off",
            MilestoneKind.KICK_OFF,
            Text("Kick-off call", "Kick-off-Gespräch"),
            Team.CONCIERGE,
            1,
            (After("order-accepted", 1),),
            scope=Scope.PROJECT,
        ),
    ]
    ready_to_prepare = After("kick-off")
    if family.survey:
        name = Text("Site survey", "Standortprüfung")
        steps.append(
            Step("site-survey", MilestoneKind.SITE_SURVEY, name, Team.SERVICE, 1, (After("kick-off", 3),))
        )
        ready_to_prepare = After("site-survey")
    if family.building:
        name = Text("Building work", "Bauarbeiten")
        steps.append(
            Step("building", MilestoneKind.OTHER, name, Team.CUSTOMER, family.building, (ready_to_prepare,))
        )
        ready_to_prepare = After("building")
    steps += [
        Step(
            "lab-prep",
            MilestoneKind.SITE_READY,
            Text("Laboratory preparation", "Laborvorbereitung"),
            Team.CUSTOMER,
            family.prep,
            (ready_to_prepare,),
            just_in_time=True,
        ),
        Step(
            "allocation",
            MilestoneKind.OTHER,
            Text("Unit allocated and tested", "Gerät zugeteilt und geprüft"),
            Team.OPERATIONS,
            family.allocation,
            (After("order-accepted", 1),),
            audience=Audience.INTERNAL,
            just_in_time=True,
        ),
        Step(
            "ship-released",
            MilestoneKind.SHIP_RELEASED,
            Text("Released for shipping", "Versand freigegeben"),
            Team.LOGISTICS,
            2,
            (After("lab-prep"), After("allocation")),
            audience=Audience.INTERNAL,
            scope=Scope.PROJECT,
            just_in_time=True,
        ),
    ]
    return steps


def _from_delivery(family: Family) -> list[Step]:
    return [
        Step(
            "delivery",
            MilestoneKind.DELIVERED,
            Text("Delivery", "Lieferung"),
            Team.DISTRIBUTION,
            1,
            (After("ship-released", family.freight),),
            scope=Scope.PROJECT,
        ),
        Step(
            "install",
            MilestoneKind.INSTALLED,
            Text("Installation", "Installation"),
            Team.SERVICE,
            family.install,
            (After("delivery", 1),),
            per_unit=True,
        ),
        Step(
            "iq",
            MilestoneKind.IQ,
            Text("Installation qualification", "Installationsqualifizierung"),
            Team.SERVICE,
            family.iq,
            (After("install"),),
            when_sold=ProductKind.QUALIFICATION,
            per_unit=True,
        ),
        Step(
            "oq",
            MilestoneKind.OQ,
            Text("Operational qualification", "Funktionsqualifizierung"),
            Team.SERVICE,
            family.oq,
            (After("iq"),),
            when_sold=ProductKind.QUALIFICATION,
            per_unit=True,
        ),
        Step(
            "training",
            MilestoneKind.TRAINING,
            Text("Training", "Schulung"),
            Team.SERVICE,
            family.training,
            (After("install"), After("oq")),
        ),
        Step(
            "advanced-training",
            MilestoneKind.TRAINING,
            Text("Advanced application training", "Vertiefte Applikationsschulung"),
            Team.SERVICE,
            family.advanced,
            (After("training", 10),),
            when_sold=ProductKind.TRAINING,
        ),
        Step(
            "handover",
            MilestoneKind.HANDOVER,
            Text("Handover", "Übergabe"),
            Team.CONCIERGE,
            1,
            (After("install"), After("oq"), After("training")),
            scope=Scope.PROJECT,
        ),
    ]


def _visits(family: Family, instrument: Instrument) -> tuple[Call, ...]:
    """Who comes for which milestone; a carrier comes for the delivery, none of ours."""
    kick_off = Text("Kick-off call", "Kick-off-Gespräch")
    survey = Text("Site survey", "Standortprüfung")
    by_video = Text("Site survey by video", "Standortprüfung per Video")
    remote = Text("Set-up with remote help", "Aufbau mit Fernhilfe")
    install = Text("Installation", "Installation")
    qualification = Text("Operational qualification", "Funktionsqualifizierung")
    training = Text("Operator training", "Anwenderschulung")
    advanced = Text("Advanced application training", "Vertiefte Applikationsschulung")
    visits = [Call(VisitKind.REMOTE_CALL, "kick-off", kick_off, "", 45, technicians=0, needs_customer=True)]
    checks = steps.of_installation(instrument.skill)
    tools = steps.INSTALL_TOOLS.get(instrument.skill, ())
    if family.survey is VisitKind.SITE_SURVEY:
        visits.append(
            Call(
                VisitKind.SITE_SURVEY,
                "site-survey",
                survey,
                instrument.skill,
                240,
                tools=("Laser rangefinder", "Multimeter", "Thermometer"),
                needs_customer=True,
                steps=steps.SURVEY,
            )
        )
    elif family.survey:
        visits.append(
            Call(
                VisitKind.REMOTE_CALL,
                "site-survey",
                by_video,
                instrument.skill,
                60,
                needs_customer=True,
                steps=steps.SURVEY,
            )
        )
    visits.append(Call(VisitKind.DELIVERY, "delivery", Text("Delivery", "Lieferung"), "", 120, technicians=0))
    if family.key == "bench-customer":
        visits.append(
            Call(
                VisitKind.REMOTE_CALL,
                "install",
                remote,
                instrument.skill,
                180,
                needs_customer=True,
                steps=checks,
            )
        )
    else:
        visits.append(
            Call(
                VisitKind.INSTALL,
                "install",
                install,
                instrument.skill,
                480,
                technicians=family.crew,
                tools=tools,
                steps=checks,
            )
        )
    visits += [
        Call(
            VisitKind.INSTALL,
            "oq",
            qualification,
            "qualification",
            480,
            tools=("Calibrated thermometer", "Test sample"),
            steps=steps.QUALIFICATION,
        ),
        Call(
            VisitKind.TRAINING,
            "training",
            training,
            "training",
            420,
            needs_customer=True,
            steps=steps.TRAINING,
        ),
        Call(
            VisitKind.TRAINING,
            "advanced-training",
            advanced,
            "training",
            420,
            needs_customer=True,
            steps=steps.TRAINING,
        ),
    ]
    return tuple(visits)


CURRICULUM: tuple[Text, ...] = (
    Text("Safety", "Sicherheit"),
    Text("Start-up and shut-down", "Ein- und Ausschalten"),
    Text("Sample preparation", "Probenvorbereitung"),
    Text("Setting up a run", "Einen Lauf einrichten"),
    Text("Data and backup", "Daten und Sicherung"),
    Text("Routine maintenance", "Regelmäßige Wartung"),
    Text("Troubleshooting and how to reach us", "Fehlersuche und wie man uns erreicht"),
    Text("Ordering consumables", "Verbrauchsmaterial bestellen"),
)


ADVANCED: tuple[Text, ...] = (
    Text("Method development", "Methodenentwicklung"),
    Text("Own samples", "Eigene Proben"),
    Text("Data analysis", "Datenauswertung"),
)


def _courses(family: Family, instrument: Instrument) -> tuple[Course, ...]:
    operator = Course(
        key=f"{instrument.key}-operator",
        level="operator",
        title=Text(f"{instrument.model} for operators", f"{instrument.model} für Anwender"),
        half_days=family.training * 2,
        capacity=4,
        curriculum=CURRICULUM,
    )
    advanced = Course(
        key=f"{instrument.key}-advanced",
        level="advanced",
        title=Text(
            f"{instrument.model}, advanced applications", f"{instrument.model}, vertiefte Applikation"
        ),
        half_days=family.advanced * 2,
        capacity=3,
        curriculum=ADVANCED,
    )
    return (operator, advanced)


PLAYBOOKS: tuple[Playbook, ...] = tuple(playbook_for(instrument) for instrument in INSTRUMENTS)
