"""Safety of people and of the instrument."""

from __future__ import annotations

from concierge.catalogue.states import (
    Anchor,
    DueDays,
    Evidence,
    FileKind,
    GateKind,
    ItemType,
    Reviewer,
)
from concierge.demo.requirements.item import HEAVY, SAFETY, ask
from concierge.demo.values import Instrument, Item, Text


def safety(instrument: Instrument) -> list[Item]:
    """What is asked about safety."""
    items = [
        ask(
            "biosafety",
            "safety",
            ItemType.CHOICE,
            -21,
            Text("Biosafety level of the room", "Biologische Schutzstufe des Raums"),
            Text(
                "It decides what our people wear and who may come.",
                "Sie bestimmt die Schutzkleidung und wer kommen darf.",
            ),
            Text("Ask your biosafety officer.", "Die Beauftragte für biologische Sicherheit fragen."),
            gate=GateKind.SHIP,
            accepted=("none", "bsl-1", "bsl-2"),
            role=SAFETY,
            reviewer=Reviewer.CONCIERGE,
            weight=3,
            choices=(
                ("none", Text("None", "Keine")),
                ("bsl-1", Text("BSL-1", "S1")),
                ("bsl-2", Text("BSL-2", "S2")),
                ("bsl-3", Text("BSL-3: please call us", "S3: bitte anrufen")),
            ),
        ),
        ask(
            "protection",
            "safety",
            ItemType.CONFIRM,
            -14,
            Text(
                "Protective clothing for our people is ready, and vaccinations were told to us",
                "Schutzkleidung für unsere Leute liegt bereit, Impfungen sind uns mitgeteilt",
            ),
            Text("At level 2 and above nobody works without.", "Ab Stufe 2 arbeitet niemand ohne."),
            Text("Sizes come with the visit.", "Die Größen nennen wir mit dem Besuch."),
            gate=GateKind.INSTALL,
            role=SAFETY,
            condition={"item": "biosafety", "is": ["bsl-2", "bsl-3"]},
        ),
        ask(
            "hazards",
            "safety",
            ItemType.MULTI,
            -14,
            Text(
                "What is in the room besides our instrument?",
                "Was befindet sich außer unserem Gerät im Raum?",
            ),
            Text("Our people prepare for it.", "Unsere Leute bereiten sich darauf vor."),
            Text("Choose all that apply.", "Alles Zutreffende wählen."),
            role=SAFETY,
            choices=(
                ("nothing", Text("Nothing of these", "Nichts davon")),
                ("chemicals", Text("Flammable or toxic chemicals", "Brennbare oder giftige Stoffe")),
                ("radioactive", Text("Radioactive material", "Radioaktives Material")),
                ("laser", Text("Open lasers", "Offene Laser")),
                ("magnet", Text("A strong magnet", "Ein starker Magnet")),
                ("cryogens", Text("Liquid nitrogen or helium", "Flüssiger Stickstoff oder Helium")),
            ),
        ),
        ask(
            "induction",
            "safety",
            ItemType.CONFIRM,
            -7,
            Text(
                "Access and safety briefing for our people are arranged",
                "Zugang und Sicherheitsunterweisung für unsere Leute sind geregelt",
            ),
            Text("Without it they wait at the gate.", "Ohne sie warten sie an der Pforte."),
            Text(
                "Tell us what to bring: papers, shoes, vaccination.",
                "Bitte mitteilen, was mitzubringen ist: Ausweise, Schuhe, Impfnachweise.",
            ),
            gate=GateKind.SHIP,
            role=SAFETY,
            due_days=DueDays.SITE,
        ),
        ask(
            "decontamination",
            "safety",
            ItemType.CONFIRM,
            -7,
            Text(
                "The room is clean and free of hazardous residues",
                "Der Raum ist sauber und frei von Gefahrstoffresten",
            ),
            Text(
                "Our people work on the floor and behind benches.",
                "Unsere Leute arbeiten am Boden und hinter Tischen.",
            ),
            Text(
                "Wipe down, and put the certificate on the door if one is needed.",
                "Abwischen und, falls nötig, den Nachweis an die Tür hängen.",
            ),
        ),
    ]
    outer = instrument.fact("magnet_zone_outer")
    if outer:
        items.append(
            ask(
                "magnet-signs",
                "safety",
                ItemType.UPLOAD,
                -7,
                Text(
                    "The 0.5 mT line is marked, with warning signs at each door",
                    "Die 0,5-mT-Linie ist markiert, mit Warnschildern an jeder Tür",
                ),
                Text(
                    "People with pacemakers or implants must stay outside.",
                    "Personen mit Herzschrittmachern oder Implantaten müssen draußen bleiben.",
                ),
                Text("Photograph the markings and signs.", "Markierungen und Schilder fotografieren."),
                gate=GateKind.INSTALL,
                evidence=Evidence.REQUIRED,
                source=outer.source,
                files=(FileKind.PHOTO,),
                file_count=2,
                role=SAFETY,
            )
        )
    if instrument.family in HEAVY:
        items.append(
            ask(
                "chemical-waste",
                "safety",
                ItemType.CONFIRM,
                -14,
                Text(
                    "The route for solvents and waste is agreed",
                    "Der Weg für Lösungsmittel und Abfälle ist geregelt",
                ),
                Text("Commissioning makes the first litres.", "Die Inbetriebnahme erzeugt die ersten Liter."),
                Text("Name the container and who empties it.", "Behälter und Zuständige nennen."),
                role=SAFETY,
            )
        )
        items.append(
            ask(
                "work-permit",
                "safety",
                ItemType.SIGNATURE,
                -7,
                Text("Work in the room is authorised", "Die Arbeit im Raum ist freigegeben"),
                Text(
                    "Without it our engineers may not begin.", "Ohne sie dürfen unsere Leute nicht beginnen."
                ),
                Text("Sign with your name.", "Mit dem eigenen Namen unterschreiben."),
                gate=GateKind.INSTALL,
                role=SAFETY,
                anchor=Anchor.INSTALL,
                due_days=DueDays.SITE,
            )
        )
    return items
