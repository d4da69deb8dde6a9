# ruff: noqa: E501 - a text is read best in one piece
"""Gases on their way in, vapours on their way out, and what cold gases demand."""

from __future__ import annotations

from concierge.catalogue.states import Evidence, FileKind, GateKind, ItemType, Reviewer
from concierge.demo.requirements.item import FACILITIES, SAFETY, ask
from concierge.demo.values import Instrument, Item, Text


def gas(instrument: Instrument) -> list[Item]:
    """What is asked about gas."""
    items = []
    purity = instrument.fact("nitrogen_purity")
    flow = instrument.fact("nitrogen_flow")
    if purity and flow and flow.least:
        items += [
            ask(
                "nitrogen-purity",
                "gas",
                ItemType.MEASURE,
                -14,
                Text("Nitrogen has a purity of {range}", "Stickstoff hat eine Reinheit von {range}"),
                Text(
                    "Impurities foul the source within days.",
                    "Verunreinigungen verschmutzen die Quelle in wenigen Tagen.",
                ),
                Text(
                    "Attach the certificate of the supply or the generator.",
                    "Das Zertifikat der Versorgung oder des Generators anhängen.",
                ),
                gate=GateKind.SHIP,
                evidence=Evidence.REQUIRED,
                source=purity.source,
                unit="%",
                fact="nitrogen_purity",
                files=(FileKind.CERTIFICATE,),
                role=FACILITIES,
            ),
            ask(
                "nitrogen-flow",
                "gas",
                ItemType.MEASURE,
                -14,
                Text(
                    "Nitrogen flows at {range} at the outlet",
                    "Stickstoff strömt am Auslass mit {range}",
                ),
                Text("The source starves below this flow.", "Unter diesem Fluss fehlt der Quelle Gas."),
                Text(
                    "Measure with every other user of the line running.",
                    "Messen, während alle anderen Verbraucher der Leitung laufen.",
                ),
                gate=GateKind.SHIP,
                source=flow.source,
                unit="L/min",
                fact="nitrogen_flow",
                role=FACILITIES,
            ),
        ]
    with_faims = instrument.fact("nitrogen_pressure", where="faims")
    if with_faims and with_faims.least:
        items.append(
            ask(
                "nitrogen-pressure",
                "gas",
                ItemType.MEASURE,
                -14,
                Text(
                    "Nitrogen for FAIMS stands at {range}",
                    "Stickstoff für FAIMS liegt mit {range} an",
                ),
                Text(
                    "FAIMS takes more than 20 L/min at this pressure.",
                    "FAIMS benötigt bei diesem Druck mehr als 20 L/min.",
                ),
                Text(
                    "Read the gauge at the wall outlet while gas flows.",
                    "Das Manometer am Wandauslass bei strömendem Gas ablesen.",
                ),
                gate=GateKind.SHIP,
                source=with_faims.source,
                unit="kPa",
                fact="nitrogen_pressure",
                option="faims",
                role=FACILITIES,
            )
        )
    exhaust_gas = instrument.fact("exhaust_pressure")
    if exhaust_gas and exhaust_gas.least and exhaust_gas.most:
        items.append(
            ask(
                "exhaust-gas",
                "gas",
                ItemType.MEASURE,
                -14,
                Text(
                    "Source exhaust gas stands at {range}",
                    "Das Quellenabgas-Versorgungsgas liegt mit {range} an",
                ),
                Text(
                    "It drives the exhaust pump of the ion source.",
                    "Es treibt die Abgaspumpe der Ionenquelle.",
                ),
                Text("Read the gauge at the regulator.", "Das Manometer am Druckregler ablesen."),
                gate=GateKind.SHIP,
                source=exhaust_gas.source,
                unit="kPa",
                fact="exhaust_pressure",
                tolerance=2,
                role=FACILITIES,
            )
        )
    hydrogen = instrument.fact("hydrogen_purity", where="hydrogen-generator")
    if hydrogen:
        items.append(
            ask(
                "carrier-gas",
                "gas",
                ItemType.CHOICE,
                -28,
                Text("Which carrier gas will you use?", "Welches Trägergas werden Sie verwenden?"),
                Text("What else we ask follows from it.", "Daraus folgt, was wir noch fragen."),
                Text("The gas of most of your methods.", "Das Gas der meisten Methoden."),
                gate=GateKind.SHIP,
                choices=(
                    ("helium", Text("Helium", "Helium")),
                    ("hydrogen", Text("Hydrogen", "Wasserstoff")),
                    ("nitrogen", Text("Nitrogen", "Stickstoff")),
                ),
            )
        )
        items.append(
            ask(
                "hydrogen",
                "gas",
                ItemType.CONFIRM,
                -14,
                Text(
                    "Hydrogen is purer than 99.9999 %, in new tubing, and leak-tested",
                    "Wasserstoff ist reiner als 99,9999 %, in neuen Leitungen und auf Dichtheit geprüft",
                ),
                Text(
                    "Old tubing and leaks are a fire risk.", "Alte Leitungen und Lecks sind eine Brandgefahr."
                ),
                Text("Attach the leak test.", "Die Dichtheitsprüfung anhängen."),
                gate=GateKind.INSTALL,
                evidence=Evidence.REQUIRED,
                source=hydrogen.source,
                files=(FileKind.CERTIFICATE,),
                role=SAFETY,
                reviewer=Reviewer.ENGINEER,
                weight=3,
                condition={
                    "any": [
                        {"sold": ["{instrument}-hydrogen-generator"]},
                        {"item": "carrier-gas", "is": ["hydrogen"]},
                    ]
                },
            )
        )
    helium = instrument.fact("helium_purity")
    if helium:
        items.append(
            ask(
                "helium",
                "gas",
                ItemType.UPLOAD,
                -28,
                Text(
                    "Helium gas 4.6 (99.996 %) is ordered for filling",
                    "Heliumgas 4.6 (99,996 %) ist für die Befüllung bestellt",
                ),
                Text(
                    "Helium is short: order when the plan is approved.",
                    "Helium ist knapp: bei Freigabe des Plans bestellen.",
                ),
                Text(
                    "Attach the supplier's confirmation with its date.",
                    "Die Bestätigung des Lieferanten mit Datum anhängen.",
                ),
                gate=GateKind.SHIP,
                evidence=Evidence.REQUIRED,
                source=helium.source,
                files=(FileKind.CERTIFICATE,),
                role="purchasing",
            )
        )
    air = instrument.fact("air_line")
    if air:
        items.append(
            ask(
                "compressed-air",
                "gas",
                ItemType.CONFIRM,
                -14,
                Text(
                    "Oil-free compressed air arrives in an 8 mm line",
                    "Ölfreie Druckluft liegt in einer 8-mm-Leitung an",
                ),
                Text("Oil reaches the probe and the sample.", "Öl gelangt in Probenkopf und Probe."),
                Text("Check the filter and its date.", "Filter und Filterdatum prüfen."),
                gate=GateKind.INSTALL,
                source=air.source,
            )
        )
    if items:
        items.append(
            ask(
                "regulator",
                "gas",
                ItemType.CONFIRM,
                -14,
                Text(
                    "Regulators, fittings and labels match the gases",
                    "Druckregler, Verschraubungen und Beschriftung passen zu den Gasen",
                ),
                Text(
                    "Mislabelled lines are found too often.",
                    "Falsch beschriftete Leitungen kommen zu oft vor.",
                ),
                Text(
                    "Follow each line from the bottle to the outlet once.",
                    "Jede Leitung einmal von der Flasche bis zum Auslass verfolgen.",
                ),
            )
        )
    return items


def exhaust(instrument: Instrument) -> list[Item]:
    """What is asked about exhaust."""
    items = []
    flow = instrument.fact("exhaust_flow")
    if flow and flow.least:
        items.append(
            ask(
                "exhaust-flow",
                "gas",
                ItemType.MEASURE,
                -14,
                Text(
                    "The oven exhaust takes {range}",
                    "Die Ofenabluft fördert {range}",
                ),
                Text(
                    "Hot air is blown out each time the oven cools.",
                    "Beim Abkühlen des Ofens wird heiße Luft ausgeblasen.",
                ),
                Text(
                    "Measure at the duct while the oven cools.",
                    "Am Kanal messen, während der Ofen abkühlt.",
                ),
                gate=GateKind.INSTALL,
                source=flow.source,
                unit="L/min",
                fact="exhaust_flow",
                role=FACILITIES,
            )
        )
    duct = instrument.fact("exhaust_duct")
    said = instrument.fact("exhaust")
    if duct and duct.value:
        items.append(
            ask(
                "exhaust-duct",
                "gas",
                ItemType.UPLOAD,
                -14,
                Text(
                    "The exhaust is connected to a {duct} mm outlet and draws",
                    "Die Abluft ist an einen Auslass mit {duct} mm angeschlossen und zieht",
                    (("duct", duct.value),),
                ),
                said.note
                if said and said.note
                else Text("Vapours must leave the room.", "Dämpfe müssen den Raum verlassen."),
                Text(
                    "Photograph the connection with the running anemometer.",
                    "Den Anschluss mit laufendem Anemometer fotografieren.",
                ),
                gate=GateKind.SHIP,
                evidence=Evidence.REQUIRED,
                source=duct.source,
            )
        )
    hood = instrument.fact("hood_speed")
    if hood:
        items.append(
            ask(
                "hood-speed",
                "gas",
                ItemType.CONFIRM,
                -14,
                Text(
                    "The hood draws at 30 m/min or more at its face",
                    "Der Abzug zieht an der Öffnung mit mindestens 30 m/min",
                ),
                Text("Source vapours are led into it.", "Die Dämpfe der Quelle werden hineingeleitet."),
                Text(
                    "Measure at five points and enter the lowest.",
                    "An fünf Punkten messen und den niedrigsten Wert eintragen.",
                ),
                source=hood.source,
            )
        )
    if instrument.fact("ventilation") or instrument.fact("quench_burst"):
        source = (
            instrument.fact("ventilation") or instrument.fact("quench_burst") or instrument.facts[0]
        ).source
        items.append(
            ask(
                "oxygen-monitor",
                "safety",
                ItemType.UPLOAD,
                -28,
                Text(
                    "Oxygen sensors and emergency ventilation are tested",
                    "Sauerstoffsensoren und Notlüftung sind geprüft",
                ),
                Text(
                    "Boiling helium takes the place of air.", "Verdampfendes Helium verdrängt die Atemluft."
                ),
                Text(
                    "Attach the test report, not older than a month.",
                    "Das Prüfprotokoll anhängen, höchstens einen Monat alt.",
                ),
                gate=GateKind.SHIP,
                evidence=Evidence.REQUIRED,
                source=source,
            )
        )
    quench = instrument.fact("quench_pressure_drop")
    if quench:
        items.append(
            ask(
                "quench-line",
                "gas",
                ItemType.UPLOAD,
                -56,
                Text(
                    "The quench line drops at most 40 kPa, bursts at 50 kPa or more, and its first 15 m carry 40 mm of insulation",
                    "Die Quenchleitung hat höchstens 40 kPa Druckverlust, hält mindestens 50 kPa, und die ersten 15 m sind 40 mm isoliert",
                ),
                Text(
                    "In a quench all helium leaves through it within seconds.",
                    "Bei einem Quench entweicht das gesamte Helium in Sekunden hindurch.",
                ),
                Text(
                    "Attach the calculation and photos, with the 3 m zone at the outlet.",
                    "Berechnung und Fotos anhängen, mit der 3-m-Zone am Auslass.",
                ),
                gate=GateKind.SHIP,
                evidence=Evidence.REQUIRED,
                source=quench.source,
            )
        )
    return items
