"""Temperature, humidity, heat, height and quiet."""

from __future__ import annotations

from concierge.catalogue.states import Evidence, FileKind, GateKind, ItemType, Reviewer
from concierge.demo.requirements.item import FACILITIES, HEAVY, ask
from concierge.demo.values import Instrument, Item, Text


def climate(instrument: Instrument) -> list[Item]:
    """What is asked about climate."""
    items = []
    temperature = instrument.fact("temperature")
    if temperature and temperature.least is not None and temperature.most is not None:
        items.append(
            ask(
                "temperature",
                "climate",
                ItemType.MEASURE,
                -14,
                Text("The room stays at {range} for 24 hours", "Der Raum bleibt 24 Stunden bei {range}"),
                Text(
                    "Outside this range results drift or the instrument stops.",
                    "Außerhalb dieses Bereichs driften Ergebnisse, oder das Gerät stoppt.",
                ),
                Text(
                    "Log a normal working day and enter the highest value.",
                    "Einen normalen Arbeitstag aufzeichnen und den höchsten Wert eintragen.",
                ),
                gate=GateKind.SHIP,
                evidence=Evidence.OPTIONAL,
                source=temperature.source,
                unit="°C",
                fact="temperature",
                tolerance=0.2,
                sample="24 h",
                files=(FileKind.LOG,),
                role=FACILITIES,
                weight=3,
            )
        )
    drift = instrument.fact("temperature_drift")
    if drift and drift.most:
        items.append(
            ask(
                "temperature-drift",
                "climate",
                ItemType.MEASURE,
                -14,
                Text(
                    "The temperature changes by {range} in 10 minutes",
                    "Die Temperatur ändert sich in 10 Minuten um {range}",
                ),
                Text(
                    "Mass accuracy follows the room temperature.",
                    "Die Massengenauigkeit folgt der Raumtemperatur.",
                ),
                Text(
                    "Log at the final place with the air conditioning on.",
                    "Am Aufstellort bei laufender Klimaanlage aufzeichnen.",
                ),
                gate=GateKind.SHIP,
                evidence=Evidence.REQUIRED,
                source=drift.source,
                unit="°C",
                fact="temperature_drift",
                sample="24 h, 10 min",
                files=(FileKind.LOG,),
                role=FACILITIES,
                reviewer=Reviewer.ENGINEER,
                weight=3,
            )
        )
    humidity = instrument.fact("humidity")
    if humidity and humidity.most is not None:
        items.append(
            ask(
                "humidity",
                "climate",
                ItemType.MEASURE,
                -14,
                Text("Relative humidity is {range}", "Die relative Luftfeuchte beträgt {range}"),
                Text(
                    "Dry air brings static, damp air brings condensation.",
                    "Trockene Luft lädt auf, feuchte Luft kondensiert.",
                ),
                Text("Read it from the same log.", "Aus derselben Aufzeichnung ablesen."),
                gate=GateKind.SHIP,
                source=humidity.source,
                unit="%",
                fact="humidity",
                sample="24 h",
                files=(FileKind.LOG,),
                role=FACILITIES,
            )
        )
    heat = instrument.fact("heat_load")
    if heat and heat.value:
        items.append(
            ask(
                "heat-load",
                "climate",
                ItemType.CONFIRM,
                -28,
                Text(
                    "The air conditioning can take {range} more",
                    "Die Klimaanlage nimmt zusätzlich {range} auf",
                ),
                Text(
                    "A load that nobody counted shows in the first hot week.",
                    "Eine nicht eingerechnete Last zeigt sich in der ersten heißen Woche.",
                ),
                Text(
                    "Ask facilities to add it to the room's balance.",
                    "Die Haustechnik bitten, sie in die Raumbilanz aufzunehmen.",
                ),
                source=heat.source,
                unit="W",
                fact="heat_load",
                role=FACILITIES,
            )
        )
    altitude = instrument.fact("altitude")
    if altitude and altitude.most:
        items.append(
            ask(
                "altitude",
                "climate",
                ItemType.CONFIRM,
                -28,
                Text(
                    "The laboratory lies no higher above the sea than {range}",
                    "Das Labor liegt nicht höher über dem Meer als {range}",
                ),
                Text("Thin air cools less.", "Dünne Luft kühlt weniger."),
                Text("A map is exact enough.", "Eine Karte ist genau genug."),
                source=altitude.source,
                unit="m",
                fact="altitude",
            )
        )
    items.append(
        ask(
            "vibration",
            "climate",
            ItemType.CONFIRM,
            -28,
            Text(
                "No centrifuge, pump or shaker stands near the place",
                "Keine Zentrifuge, Pumpe oder Schüttler steht in der Nähe",
            ),
            Text(
                "Vibration shows as noise in the data.", "Schwingungen erscheinen als Rauschen in den Daten."
            ),
            Text(
                "Look around on a normal working day, not at a weekend.",
                "An einem normalen Arbeitstag prüfen, nicht am Wochenende.",
            ),
        )
    )
    if instrument.family in HEAVY:
        items.append(
            ask(
                "field",
                "climate",
                ItemType.CONFIRM,
                -28,
                Text(
                    "No strong magnetic field or lift motor next door",
                    "Kein starkes Magnetfeld und kein Aufzugsmotor nebenan",
                ),
                Text(
                    "Stray fields bend ion paths and spectra.",
                    "Streufelder verbiegen Ionenbahnen und Spektren.",
                ),
                Text(
                    "Ask what stands behind each wall, above and below.",
                    "Nachfragen, was hinter jeder Wand, darüber und darunter steht.",
                ),
            )
        )
    return items
