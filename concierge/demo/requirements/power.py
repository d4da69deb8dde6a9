# ruff: noqa: E501 - a text is read best in one piece
"""What comes out of the wall."""

from __future__ import annotations

from concierge.catalogue.states import Evidence, FileKind, GateKind, ItemType, Reviewer
from concierge.demo.requirements.item import FACILITIES, HEAVY, LIBRARY, ask
from concierge.demo.values import Instrument, Item, Text


def power(instrument: Instrument) -> list[Item]:
    """What is asked about power."""
    items = [_supply(), _circuits(instrument)]
    voltage = next((fact for fact in instrument.facts if fact.quantity == "voltage"), None)
    if voltage:
        items.append(
            ask(
                "voltage",
                "power",
                ItemType.MEASURE,
                -14,
                Text("The outlet gives {range}", "Die Steckdose liefert {range}"),
                Text(
                    "Supplies outside this range stop the instrument.",
                    "Außerhalb dieses Bereichs schaltet das Gerät ab.",
                ),
                Text(
                    "Have an electrician measure under load.",
                    "Unter Last von einer Elektrofachkraft messen lassen.",
                ),
                gate=GateKind.SHIP,
                source=voltage.source,
                unit="V",
                fact="voltage",
                tolerance=2,
                role=FACILITIES,
                weight=3,
            )
        )
    items.append(
        ask(
            "plug-type",
            "power",
            ItemType.CHOICE,
            -28,
            Text("Tell us which plug fits your outlet", "Angabe des passenden Steckertyps"),
            Text(
                "We ship the cord that fits your country and outlet.",
                "Wir liefern das Kabel passend zu Land und Steckdose.",
            ),
            Text(
                "Compare with the letters printed on your outlet or ask facilities.",
                "Mit der Prägung auf der Steckdose vergleichen oder die Haustechnik fragen.",
            ),
            gate=GateKind.SHIP,
            choices=(
                ("cee-16", Text("CEE 16 A, blue", "CEE 16 A, blau")),
                ("cee-32", Text("CEE 32 A, red", "CEE 32 A, rot")),
                ("schuko", Text("Schuko (CEE 7/7), type F", "Schuko (CEE 7/7), Typ F")),
                ("french", Text("French, type E", "Französisch, Typ E")),
                ("t23", Text("Swiss T23", "Schweiz T23")),
                ("bs1363", Text("BS 1363, type G", "BS 1363, Typ G")),
                ("nema-5-15", Text("NEMA 5-15, type B", "NEMA 5-15, Typ B")),
                ("nema-5-20", Text("NEMA 5-20", "NEMA 5-20")),
                ("nema-l6-30", Text("NEMA L6-30", "NEMA L6-30")),
                ("as3112", Text("AS/NZS 3112, type I", "AS/NZS 3112, Typ I")),
                ("cei-23-50", Text("Italian, type L", "Italienisch, Typ L")),
                ("dk", Text("Danish, type K", "Dänisch, Typ K")),
                ("bs546-15", Text("BS 546 15 A, type M", "BS 546 15 A, Typ M")),
                ("nbr14136", Text("NBR 14136, type N", "NBR 14136, Typ N")),
                ("si32", Text("SI 32, type H", "SI 32, Typ H")),
                ("hard-wired", Text("None: connected by an electrician", "Keiner: fest angeschlossen")),
                ("other", Text("Another one", "Ein anderer")),
            ),
            accepted=FITTING,
            fact="mains_plug",
            role=FACILITIES,
            weight=3,
        )
    )
    items.append(
        ask(
            "earth",
            "power",
            ItemType.CONFIRM,
            -21,
            Text("The circuit has its own protective earth", "Der Stromkreis hat einen eigenen Schutzleiter"),
            Text("Shared earths bring noise into the detector.", "Gemeinsame Erdungen stören den Detektor."),
            Text(
                "Ask the electrician to write it in the report.",
                "Die Elektrofachkraft bitten, es im Protokoll zu vermerken.",
            ),
            gate=GateKind.SHIP,
            role=FACILITIES,
        )
    )
    if instrument.family in (*HEAVY, "sequencer"):
        items.append(
            ask(
                "ups",
                "power",
                ItemType.CONFIRM,
                -28,
                Text(
                    "Decided: with or without an uninterruptible supply",
                    "Entschieden: mit oder ohne unterbrechungsfreie Stromversorgung",
                ),
                Text(
                    "A run that stops costs reagents and samples.",
                    "Ein abgebrochener Lauf kostet Reagenzien und Proben.",
                ),
                Text("Count the pump and the computer too.", "Pumpe und Rechner mitrechnen."),
            )
        )
    if instrument.family in HEAVY:
        items.append(
            ask(
                "trades-done",
                "power",
                ItemType.DATE,
                -56,
                Text(
                    "Day on which power, gas and exhaust are finished",
                    "Tag, an dem Strom, Gas und Abluft fertig sind",
                ),
                Text(
                    "What is finished later can no longer be checked before we ship.",
                    "Was später fertig wird, lässt sich vor dem Versand nicht mehr prüfen.",
                ),
                Text(
                    "Ask the electrician and the gas fitter for the day in their work orders.",
                    "Den Tag aus den Aufträgen an Elektro- und Gasfachbetrieb erfragen.",
                ),
                most=-14,
                role=FACILITIES,
            )
        )
        items.append(
            ask(
                "emergency-off",
                "power",
                ItemType.CONFIRM,
                -21,
                Text(
                    "The emergency switch is within reach and labelled",
                    "Der Not-Aus ist erreichbar und beschriftet",
                ),
                Text("Your safety officer will ask for it.", "Die Arbeitssicherheit fragt danach."),
                Text(
                    "Check that it does not cut other laboratories.",
                    "Prüfen, dass er keine anderen Labore abschaltet.",
                ),
            )
        )
    return items


FITTING = (
    *(
        "cee-16",
        "cee-32",
        "schuko",
        "french",
        "t23",
        "bs1363",
        "nema-5-15",
        "nema-5-20",
        "nema-l6-30",
        "as3112",
    ),
    *("cei-23-50", "dk", "bs546-15", "nbr14136", "si32", "hard-wired"),
)
"""Plugs that we have a cord for."""


def _supply() -> Item:
    """What the country's outlets give, so that nobody has to look it up."""
    return ask(
        "supply",
        "power",
        ItemType.INFO,
        -28,
        Text(
            "Outlets in your country: {mains}, plugs of type {plugs}",
            "Steckdosen in Ihrem Land: {mains}, Stecker Typ {plugs}",
        ),
        Text("We choose cords and transformers by it.", "Danach wählen wir Kabel und Transformatoren."),
        Text(
            "Tell us if your building has another supply.",
            "Bitte melden, wenn Ihr Gebäude anders versorgt ist.",
        ),
    )


def _circuits(instrument: Instrument) -> Item:
    """Circuits and outlets: in the words of the document, by mains voltage where it tells them apart."""
    at_mains = next((fact for fact in instrument.facts if fact.where.startswith("mains-")), None)
    current = instrument.fact("circuit_current") or instrument.fact("current")
    circuits = instrument.fact("circuits")
    fact = ""
    if at_mains and instrument.fact("outlets"):
        requirement = Text(
            "A dedicated circuit of {range} is live, with four more outlets on another circuit",
            "Ein eigener Stromkreis mit {range} ist in Betrieb, dazu vier Steckdosen an einem anderen Kreis",
        )
        source, fact = at_mains.source, "circuit_current"
    elif circuits and circuits.value and current:
        requirement = Text(
            "{circuits} separately fused circuits of 15/16 A are live: two for the instrument, one for the pump, one for the computer",
            "{circuits} getrennt abgesicherte Stromkreise mit 15/16 A sind in Betrieb: zwei für das Gerät, einer für die Pumpe, einer für den Rechner",
            (("circuits", circuits.value),),
        )
        source = circuits.source
    elif current and (current.value or current.most):
        requirement = Text(
            "A circuit of {range} is live within 2 m of the place",
            "Ein Stromkreis mit {range} ist höchstens 2 m vom Platz in Betrieb",
        )
        source, fact = current.source, current.quantity
    elif power := instrument.fact("power"):
        requirement = Text(
            "A circuit for {power} W is live within 2 m of the place",
            "Ein Stromkreis für {power} W ist höchstens 2 m vom Platz in Betrieb",
            (("power", power.value or 0),),
        )
        source = power.source
    else:
        requirement = Text(
            "The circuits named in the maker's guide are live",
            "Die im Leitfaden des Herstellers genannten Stromkreise sind in Betrieb",
        )
        source = LIBRARY
    return ask(
        "circuits",
        "power",
        ItemType.UPLOAD,
        -21,
        requirement,
        Text(
            "Late or shared circuits are the most frequent reason for a lost installation day.",
            "Späte oder geteilte Stromkreise sind der häufigste Grund für einen verlorenen Installationstag.",
        ),
        Text(
            "Attach the electrician's report or a photo of the labelled breaker.",
            "Das Protokoll der Elektrofachkraft oder ein Foto der beschrifteten Sicherung anhängen.",
        ),
        gate=GateKind.SHIP,
        evidence=Evidence.REQUIRED,
        source=source,
        unit="A" if fact else "",
        fact=fact,
        files=(FileKind.CERTIFICATE, FileKind.PHOTO),
        role=FACILITIES,
        reviewer=Reviewer.ENGINEER,
        weight=3,
    )
