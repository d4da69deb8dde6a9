"""Water and network."""

from __future__ import annotations

from concierge.catalogue.states import DueDays, GateKind, ItemType
from concierge.demo.requirements.item import FACILITIES, IT, LIBRARY, ask
from concierge.demo.values import Instrument, Item, Text


def water(instrument: Instrument) -> list[Item]:
    """What is asked about water."""
    flow = instrument.fact("water_flow")
    if not flow or not flow.least:
        return []
    return [
        ask(
            "water-flow",
            "water",
            ItemType.MEASURE,
            -21,
            Text(
                "Deionised water flows at {range}",
                "Vollentsalztes Wasser fließt mit {range}",
            ),
            Text("The line stops when its bottle runs dry.", "Die Linie stoppt, wenn das Wasser ausgeht."),
            Text(
                "Time a bucket at the outlet; you may enter it in L/h.",
                "Am Auslass mit Gefäß und Uhr messen; die Angabe in L/h ist möglich.",
            ),
            gate=GateKind.SHIP,
            source=flow.source,
            unit="L/min",
            fact="water_flow",
            role=FACILITIES,
        ),
        ask(
            "drain",
            "water",
            ItemType.CONFIRM,
            -21,
            Text(
                "A drain for contaminated waste is within reach",
                "Ein Abfluss für kontaminiertes Abwasser ist in Reichweite",
            ),
            Text("Waste leaves all day.", "Abwasser fällt den ganzen Tag an."),
            Text(
                "Agree with your waste officer which drain may be used.",
                "Mit der Abfallbeauftragten klären, welcher Abfluss erlaubt ist.",
            ),
            gate=GateKind.INSTALL,
        ),
    ]


def network(instrument: Instrument) -> list[Item]:
    """What is asked about network."""
    said = instrument.fact("network")
    items = [
        ask(
            "network-port",
            "network",
            ItemType.CONFIRM,
            -21,
            Text(
                "A patched network port is within 3 m and live",
                "Eine beschaltete Netzwerkdose ist höchstens 3 m entfernt und aktiv",
            ),
            said.note
            if said and said.note
            else Text(
                "Data and remote help need it from the first day.",
                "Daten und Fernhilfe brauchen sie ab dem ersten Tag.",
            ),
            Text("Plug in a laptop and try.", "Mit einem Laptop ausprobieren."),
            gate=GateKind.SHIP,
            source=said.source if said else LIBRARY,
            role=IT,
            weight=3,
        ),
        ask(
            "addresses",
            "network",
            ItemType.TEXT,
            -21,
            Text("Fixed address or DHCP, and the host name", "Feste Adresse oder DHCP, dazu der Hostname"),
            Text("We enter it at installation.", "Wir tragen sie bei der Installation ein."),
            Text("Ask your IT department.", "Die IT-Abteilung fragen."),
            role=IT,
            due_days=DueDays.SITE,
        ),
        ask(
            "it-contact",
            "network",
            ItemType.TEXT,
            -28,
            Text("A person from IT who is reachable on the day", "Eine am Tag erreichbare Person aus der IT"),
            Text(
                "One blocked port can cost half a day.", "Ein gesperrter Port kann einen halben Tag kosten."
            ),
            Text("Name and phone number.", "Name und Telefonnummer."),
            role=IT,
        ),
    ]
    outbound = instrument.fact("outbound")
    if outbound and outbound.note:
        items.append(
            ask(
                "outbound",
                "network",
                ItemType.CONFIRM,
                -21,
                Text(
                    "Outbound HTTPS and SMB 3.0 are open; nothing inbound is needed",
                    "Ausgehend sind HTTPS und SMB 3.0 offen; eingehend wird nichts benötigt",
                ),
                outbound.note,
                Text("Test from the port with a laptop.", "Am Anschluss mit einem Laptop testen."),
                gate=GateKind.SHIP,
                source=outbound.source,
                role=IT,
            )
        )
    password = instrument.fact("password_length")
    if password:
        items.append(
            ask(
                "accounts",
                "network",
                ItemType.CONFIRM,
                -14,
                Text(
                    "Account rules allow passwords of ten characters or more",
                    "Die Kontoregeln erlauben Kennwörter ab zehn Zeichen",
                ),
                Text("The control computer refuses shorter ones.", "Der Steuerrechner lehnt kürzere ab."),
                Text("Send us your policy if it differs.", "Bei Abweichung bitte die Richtlinie senden."),
                source=password.source,
                role=IT,
            )
        )
    if instrument.family in ("sequencer", "floor"):
        items.append(
            ask(
                "storage",
                "network",
                ItemType.CONFIRM,
                -14,
                Text(
                    "Storage for run data is set up and writable",
                    "Der Speicher für Laufdaten ist eingerichtet und beschreibbar",
                ),
                Text("A full disk stops a run.", "Eine volle Platte stoppt einen Lauf."),
                Text(
                    "Write a test file from the laboratory network.",
                    "Aus dem Labornetz eine Testdatei schreiben.",
                ),
                role=IT,
            )
        )
    return items
