"""What the way to the laboratory must allow."""

from __future__ import annotations

from concierge.catalogue.states import DueDays, Evidence, FileKind, GateKind, ItemType, Reviewer
from concierge.demo.requirements.item import (
    CRATE_MARGIN_MM,
    FACILITIES,
    HEAVY,
    LIBRARY,
    MOVE_IN,
    RECEIVING,
    ask,
)
from concierge.demo.values import Instrument, Item, Text


def access(instrument: Instrument) -> list[Item]:
    """What is asked about access."""
    items = []
    if instrument.family in HEAVY or instrument.key in {"promethion", "hiscansq"}:
        items.append(_route(instrument))
        items.append(
            ask(
                "dock",
                "access",
                ItemType.CHOICE,
                -14,
                Text("Say how the crate leaves the truck", "Angabe, wie die Kiste vom Lkw kommt"),
                Text(
                    "The carrier needs to bring a tail lift when there is no dock.",
                    "Ohne Rampe muss der Spediteur eine Hebebühne mitbringen.",
                ),
                Text("Choose what your receiving area has.", "Bitte wählen, was die Warenannahme bietet."),
                gate=GateKind.SHIP,
                role=RECEIVING,
                choices=(
                    ("dock", Text("Loading dock", "Laderampe")),
                    ("forklift", Text("Forklift on site", "Gabelstapler vor Ort")),
                    ("tail-lift", Text("Nothing: tail lift needed", "Nichts: Hebebühne nötig")),
                ),
            )
        )
    if instrument.family in HEAVY:
        items += [_lift_load(instrument), _floor_load(instrument)]
    items.append(
        ask(
            "crate-storage",
            "access",
            ItemType.CONFIRM,
            -7,
            Text(
                "A dry, lockable place for the crate is free",
                "Ein trockener, abschließbarer Platz für die Kiste ist frei",
            ),
            Text(
                "Goods stay in their packing until our visit.",
                "Die Ware bleibt bis zu unserem Besuch verpackt.",
            ),
            Text(
                "Keep it free from delivery until installation.",
                "Von der Lieferung bis zur Installation freihalten.",
            ),
        )
    )
    items.append(
        ask(
            "receiving-contact",
            "access",
            ItemType.TEXT,
            -7,
            Text(
                "Name and phone number of the person who receives the goods",
                "Name und Telefonnummer der Person, die die Ware annimmt",
            ),
            Text(
                "The carrier calls an hour before arrival.", "Der Spediteur ruft eine Stunde vor Ankunft an."
            ),
            Text(
                "Give somebody who is there on the day, and the receiving hours.",
                "Bitte eine Person nennen, die am Tag da ist, und die Annahmezeiten.",
            ),
            role=RECEIVING,
            due_days=DueDays.SITE,
        )
    )
    return items


def _route(instrument: Instrument) -> Item:
    """The narrowest doorway: the crate is wider than the instrument on both sides (ESPEC)."""
    width, depth = instrument.fact("width"), instrument.fact("depth")
    crate = instrument.fact("crate_width")
    if crate and crate.value:
        least, source = crate.value, crate.source
    elif width and depth and width.value and depth.value:
        least, source = min(width.value, depth.value) + CRATE_MARGIN_MM, width.source
    else:
        least, source = None, MOVE_IN
    if least is None:
        requirement = Text(
            "Measure the narrowest point between dock and laboratory",
            "Engste Stelle zwischen Rampe und Labor messen",
        )
    else:
        requirement = Text(
            "The route from the dock to the laboratory is {range} wide everywhere",
            "Der Weg von der Rampe zum Labor ist überall {range} breit",
        )
    return ask(
        "route-width",
        "access",
        ItemType.MEASURE,
        -28,
        requirement,
        Text(
            "A crate is up to 30 cm wider than the instrument. It turns back at one narrow door.",
            "Eine Kiste ist bis zu 30 cm breiter als das Gerät. Eine enge Tür genügt, und sie muss umkehren.",
        ),
        Text(
            "Measure every doorway, lift and corner, and photograph the narrowest one.",
            "Jede Tür, jeden Aufzug und jede Ecke messen und die engste Stelle fotografieren.",
        ),
        gate=GateKind.SHIP,
        evidence=Evidence.REQUIRED,
        source=source,
        unit="mm",
        least=None if least is None else round(least),
        files=(FileKind.PHOTO,),
        role=FACILITIES,
        weight=3,
    )


def _lift_load(instrument: Instrument) -> Item:
    weight = instrument.fact("shipping_weight") or instrument.fact("weight")
    if weight is None or weight.value is None:
        requirement = Text("Measure what the goods lift may carry", "Tragkraft des Lastenaufzugs angeben")
    else:
        requirement = Text(
            "The goods lift carries {range}, or the way is on one level",
            "Der Lastenaufzug trägt {range}, oder der Weg ist ebenerdig",
        )
    return ask(
        "lift-load",
        "access",
        ItemType.MEASURE,
        -28,
        requirement,
        Text("The crate travels whole.", "Die Kiste wird als Ganzes transportiert."),
        Text(
            "Read the rating plate in the lift. On one level, write the rating of the floor instead.",
            "Das Typenschild im Aufzug ablesen. Ebenerdig bitte die Bodentragkraft angeben.",
        ),
        gate=GateKind.SHIP,
        source=weight.source if weight else LIBRARY,
        unit="kg",
        fact=weight.quantity if weight else "",
        role=FACILITIES,
    )


def _floor_load(instrument: Instrument) -> Item:
    weight = instrument.fact("weight")
    if weight is None or weight.value is None:
        requirement = Text(
            "A structural engineer confirms the floor load",
            "Eine Statikerin oder ein Statiker bestätigt die Bodenlast",
        )
    else:
        requirement = Text(
            "The floor carries {range} at the final place, confirmed in writing",
            "Der Boden trägt {range} am Aufstellort, schriftlich bestätigt",
        )
    return ask(
        "floor-load",
        "access",
        ItemType.UPLOAD,
        -42,
        requirement,
        Text(
            "Strengthening a floor takes weeks, so we ask early.",
            "Eine Bodenverstärkung dauert Wochen, deshalb fragen wir früh.",
        ),
        Text(
            "Attach the statement of your building department.",
            "Bitte die Bestätigung der Bauabteilung anhängen.",
        ),
        gate=GateKind.SHIP,
        evidence=Evidence.REQUIRED,
        source=weight.source if weight else LIBRARY,
        unit="kg" if weight else "",
        fact="weight" if weight else "",
        files=(FileKind.CERTIFICATE,),
        role=FACILITIES,
        reviewer=Reviewer.ENGINEER,
        weight=3,
    )
