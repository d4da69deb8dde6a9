"""People, supplies and the day of delivery."""

from __future__ import annotations

from concierge.catalogue.states import Anchor, DueDays, Evidence, FileKind, GateKind, ItemType
from concierge.demo.instruments import CHECKED
from concierge.demo.requirements.item import RECEIVING, ask
from concierge.demo.values import Instrument, Item, Source, Text


def people(instrument: Instrument) -> list[Item]:
    """What is asked about people."""
    return [
        ask(
            "users-booked",
            "people",
            ItemType.TEXT,
            -7,
            Text(
                "Names of the users who will be there from installation to training",
                "Namen der Anwenderinnen und Anwender, die von der Installation bis zur Schulung dabei sind",
            ),
            Text(
                "What they see on the first day saves calls later.",
                "Was sie am ersten Tag sehen, erspart spätere Anrufe.",
            ),
            Text(
                "Two to four people; one of them leads.", "Zwei bis vier Personen; eine davon federführend."
            ),
            anchor=Anchor.INSTALL,
        ),
        ask(
            "training-room",
            "people",
            ItemType.CONFIRM,
            -7,
            Text(
                "A room with a screen is booked for the training",
                "Ein Raum mit Bildschirm ist für die Schulung gebucht",
            ),
            Text(
                "Half of the training is away from the instrument.",
                "Die halbe Schulung findet abseits des Geräts statt.",
            ),
            Text("Near the laboratory, for six people.", "In Labornähe, für sechs Personen."),
            anchor=Anchor.INSTALL,
            due_days=DueDays.SITE,
        ),
    ]


def supplies(instrument: Instrument) -> list[Item]:
    """What is asked about supplies."""
    return [
        ask(
            "reagents",
            "supplies",
            ItemType.CONFIRM,
            -3,
            Text(
                "Reagents and consumables have arrived and are stored as labelled",
                "Reagenzien und Verbrauchsmaterial sind da und wie beschriftet gelagert",
            ),
            Text(
                "Without them the performance test cannot run.",
                "Ohne sie kann der Leistungstest nicht laufen.",
            ),
            Text(
                "Compare with the packing list; note what stands in the cold.",
                "Mit der Packliste vergleichen; Kühlware notieren.",
            ),
            gate=GateKind.INSTALL,
            anchor=Anchor.INSTALL,
            due_days=DueDays.SITE,
        ),
        ask(
            "samples",
            "supplies",
            ItemType.CONFIRM,
            -3,
            Text(
                "Standards or samples of your own are ready for training",
                "Eigene Standards oder Proben liegen für die Schulung bereit",
            ),
            Text(
                "People learn best on what they will measure.", "Am eigenen Material lernt es sich am besten."
            ),
            Text("Three to five, with known results.", "Drei bis fünf, mit bekannten Ergebnissen."),
            anchor=Anchor.INSTALL,
        ),
    ]


def arrival(instrument: Instrument) -> list[Item]:
    """What is asked about arrival."""
    items = [
        ask(
            "receive",
            "delivery",
            ItemType.CONFIRM,
            0,
            Text(
                "Goods counted, photographed, and tilt and shock labels read before signing",
                "Ware gezählt, fotografiert und Kipp- und Stoßindikatoren vor der Unterschrift geprüft",
            ),
            Text(
                "Write what you see on the bill of lading; hidden damage must be claimed within days.",
                "Auffälligkeiten auf dem Frachtbrief vermerken; verdeckte Schäden müssen binnen Tagen gemeldet werden.",
            ),
            Text(
                "A red label: keep all packing and call us.",
                "Rote Anzeige: Verpackung aufheben und uns anrufen.",
            ),
            evidence=Evidence.OPTIONAL,
            files=(FileKind.PHOTO,),
            role=RECEIVING,
        )
    ]
    unpacking = instrument.fact("unpacking")
    if unpacking and unpacking.note:
        items.append(
            ask(
                "keep-closed",
                "delivery",
                ItemType.CONFIRM,
                0,
                unpacking.note,
                Text(
                    "Opening it would end the maker's cover.",
                    "Das Öffnen würde die Garantie des Herstellers beenden.",
                ),
                Text("Put the crate near its final place.", "Die Kiste nahe an den Aufstellort stellen."),
                gate=GateKind.INSTALL,
                source=unpacking.source,
            )
        )
    items.append(
        ask(
            "acclimatise",
            "delivery",
            ItemType.CONFIRM,
            1,
            Text(
                "The crate has stood closed at room temperature for 24 hours",
                "Die Kiste stand 24 Stunden geschlossen bei Raumtemperatur",
            ),
            Text(
                "Cold parts draw water when they are opened.",
                "An kalten Teilen kondensiert beim Öffnen Wasser.",
            ),
            Text("Write down when it came in.", "Notieren, wann sie hereinkam."),
            gate=GateKind.INSTALL,
            source=Source("Bull NovaScale 5xx5 installation guide", "page 1-7", CHECKED),
        )
    )
    return items
