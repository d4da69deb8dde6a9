"""What the place itself must offer."""

from __future__ import annotations

from concierge.catalogue.states import Evidence, FileKind, GateKind, ItemType
from concierge.demo.requirements.item import BENCH, ask
from concierge.demo.values import Instrument, Item, Text


def space(instrument: Instrument) -> list[Item]:
    """What is asked about space."""
    items = [
        ask(
            "location-marked",
            "space",
            ItemType.UPLOAD,
            -14,
            Text("The final place is empty and marked", "Der Aufstellort ist frei und markiert"),
            Text("We place the instrument once.", "Wir stellen das Gerät nur einmal auf."),
            Text(
                "Tape the outline on the floor or bench and attach a photo.",
                "Den Umriss auf Boden oder Tisch abkleben und ein Foto anhängen.",
            ),
            gate=GateKind.SHIP,
            evidence=Evidence.REQUIRED,
            files=(FileKind.PHOTO,),
        )
    ]
    clearances = _clearances(instrument)
    if clearances:
        items.append(clearances)
    if rear := instrument.fact("clearance_rear"):
        items.append(
            ask(
                "clearance-rear",
                "space",
                ItemType.MEASURE,
                -14,
                Text("Free space behind the instrument: {range}", "Freiraum hinter dem Gerät: {range}"),
                Text("Air, cables and service need the room.", "Luft, Kabel und Service brauchen den Platz."),
                Text(
                    "Measure from the marked outline to the wall.",
                    "Von der markierten Fläche bis zur Wand messen.",
                ),
                gate=GateKind.SHIP,
                source=rear.source,
                unit="mm",
                fact="clearance_rear",
            )
        )
    weight = instrument.fact("bench_load") or instrument.fact("weight")
    value = weight and (weight.least or weight.value)
    if instrument.family in (*BENCH, "sequencer") and weight and value:
        items.append(
            ask(
                "bench-load",
                "space",
                ItemType.MEASURE,
                -28,
                Text("The bench carries {range}", "Der Labortisch trägt {range}"),
                Text("A bench that bends shakes the optics.", "Ein durchgebogener Tisch stört die Optik."),
                Text(
                    "Look for the maker's plate or ask facilities.",
                    "Typenschild suchen oder die Haustechnik fragen.",
                ),
                gate=GateKind.SHIP,
                source=weight.source,
                unit="kg",
                fact=weight.quantity,
            )
        )
        items.append(
            ask(
                "overhead-shelf",
                "space",
                ItemType.CONFIRM,
                -28,
                Text(
                    "No shelf or cupboard hangs over the place",
                    "Kein Regal oder Schrank hängt über dem Platz",
                ),
                Text(
                    "Warm air must rise and the lid must open.",
                    "Warme Luft muss aufsteigen, und der Deckel muss sich öffnen lassen.",
                ),
                Text(
                    "Look up; take shelves down before delivery.",
                    "Nach oben schauen; Regale vor der Lieferung abbauen.",
                ),
            )
        )
    bench = instrument.fact("bench_width")
    if bench and bench.least:
        items.append(
            ask(
                "bench-width",
                "space",
                ItemType.MEASURE,
                -28,
                Text(
                    "The bench is {range} wide, and 750 mm deep or more",
                    "Der Tisch ist {range} breit und mindestens 750 mm tief",
                ),
                Text(
                    "Sequencing unit and data unit stand side by side.",
                    "Sequenzier- und Dateneinheit stehen nebeneinander.",
                ),
                Text("Measure the free width of the bench.", "Die freie Breite des Tisches messen."),
                source=bench.source,
                unit="mm",
                fact="bench_width",
            )
        )
    incubator = instrument.fact("incubator_volume")
    if incubator:
        items.append(
            ask(
                "incubator",
                "space",
                ItemType.CONFIRM,
                -28,
                Text(
                    "The host incubator holds at least 200 L and is free",
                    "Der Inkubator fasst mindestens 200 L und ist frei",
                ),
                Text("The microscope lives inside the incubator.", "Das Mikroskop steht im Inkubator."),
                Text("Read the volume on the type plate.", "Das Volumen vom Typenschild ablesen."),
                gate=GateKind.SHIP,
                source=incubator.source,
            )
        )
    return items


def _clearances(instrument: Instrument) -> Item | None:
    words = {
        "clearance_above": ("above", "oben"),
        "clearance_front": ("in front", "vorne"),
        "clearance_sides": ("at each side", "an jeder Seite"),
    }
    facts = [fact for key in words if (fact := instrument.fact(key)) and fact.least]
    if not facts:
        return None
    english, german = (
        ", ".join(f"{{{f.quantity}}} cm {words[f.quantity][place]}" for f in facts) for place in (0, 1)
    )
    return ask(
        "clearances",
        "space",
        ItemType.CONFIRM,
        -14,
        Text(
            f"Free space around the instrument: {english}",
            f"Freiraum um das Gerät: {german}",
            tuple((fact.quantity, (fact.least or 0) / 10) for fact in facts),
        ),
        Text("Air, cables and service need the room.", "Luft, Kabel und Service brauchen den Platz."),
        Text("Measure from the marked outline.", "Von der markierten Fläche aus messen."),
        gate=GateKind.SHIP,
        evidence=Evidence.OPTIONAL,
        source=facts[0].source,
    )
