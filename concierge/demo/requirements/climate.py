"""Temperature, humidity, heat, height and quiet."""

from __future__ import annotations

from concierge.catalogue.states import Evidence, GateKind, ItemType
from concierge.demo.requirements.item import HEAVY, ask, figure, span
from concierge.demo.values import Instrument, Item, Text


def climate(instrument: Instrument) -> list[Item]:
    """What is asked about climate."""
    items = []
    temperature = instrument.fact("temperature")
    if temperature and temperature.least is not None and temperature.most is not None:
        en, de = span(temperature)
        items.append(
            ask(
                "temperature",
                "climate",
                ItemType.MEASURE,
                -14,
                Text(f"The room stays at {en} °C for 24 hours", f"Der Raum bleibt 24 Stunden bei {de} °C"),
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
                least=temperature.least,
                most=temperature.most,
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
                    "The temperature changes by at most 0.5 °C in 10 minutes",
                    "Die Temperatur ändert sich in 10 Minuten um höchstens 0,5 °C",
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
                least=0,
                most=drift.most,
            )
        )
    humidity = instrument.fact("humidity")
    if humidity and humidity.most is not None:
        en, de = (
            span(humidity)
            if humidity.least is not None
            else (f"up to {humidity.most:g}", f"bis {humidity.most:g}")
        )
        items.append(
            ask(
                "humidity",
                "climate",
                ItemType.MEASURE,
                -14,
                Text(f"Relative humidity is {en} %", f"Die relative Luftfeuchte beträgt {de} %"),
                Text(
                    "Dry air brings static, damp air brings condensation.",
                    "Trockene Luft lädt auf, feuchte Luft kondensiert.",
                ),
                Text("Read it from the same log.", "Aus derselben Aufzeichnung ablesen."),
                gate=GateKind.SHIP,
                source=humidity.source,
                unit="%",
                least=humidity.least,
                most=humidity.most,
            )
        )
    heat = instrument.fact("heat_load")
    if heat and heat.value:
        en, de = figure(round(heat.value))
        btu = f"{round(heat.value * 3.412, -1):.0f}"
        items.append(
            ask(
                "heat-load",
                "climate",
                ItemType.CONFIRM,
                -28,
                Text(
                    f"The air conditioning can take {en} W ({btu} BTU/h) more",
                    f"Die Klimaanlage nimmt {de} W zusätzlich auf",
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
            )
        )
    altitude = instrument.fact("altitude")
    if altitude and altitude.most:
        en, de = figure(altitude.most)
        items.append(
            ask(
                "altitude",
                "climate",
                ItemType.CONFIRM,
                -28,
                Text(
                    f"The laboratory lies at most {en} m above the sea",
                    f"Das Labor liegt höchstens {de} m über dem Meer",
                ),
                Text("Thin air cools less.", "Dünne Luft kühlt weniger."),
                Text("A map is exact enough.", "Eine Karte ist genau genug."),
                source=altitude.source,
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
