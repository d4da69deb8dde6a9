# ruff: noqa: E501 - a text is read best in one piece
"""The default library of readiness items, and the items that follow from an instrument's figures.

Offsets and severities are house practice; every figure comes from a fact and keeps that fact's source.
"""

from __future__ import annotations

from concierge.catalogue.states import Evidence, GateKind, ItemType, Responsible, Severity
from concierge.demo.instruments import CHECKED
from concierge.demo.values import Fact, Instrument, Item, Source, Text

LIBRARY = Source("Concierge default item library", "1", CHECKED)
MOVE_IN = Source("ESPEC chamber move-in advice", "revision not stated", CHECKED)
CRATE_MARGIN_MM = 300

BENCH = ("bench-customer", "bench-engineer")
HEAVY = ("floor", "clinical", "magnet")


def items_for(instrument: Instrument) -> tuple[Item, ...]:
    """Every readiness item of an instrument, in the order in which a laboratory works."""
    sections = (
        _access,
        _space,
        _power,
        _climate,
        _gas,
        _exhaust,
        _water,
        _network,
        _safety,
        _people,
        _supplies,
        _arrival,
    )
    return tuple(item for section in sections for item in section(instrument))


def _item(
    key: str,
    section: str,
    kind: ItemType,
    due: int,
    requirement: Text,
    why: Text,
    how: Text,
    *,
    gate: GateKind | None = None,
    evidence: Evidence = Evidence.NONE,
    responsible: Responsible = Responsible.CUSTOMER,
    source: Source = LIBRARY,
    unit: str = "",
    least: float | None = None,
    most: float | None = None,
    choices: tuple[tuple[str, Text], ...] = (),
    option: str = "",
) -> Item:
    """An item of the library; it blocks when it holds a gate."""
    return Item(
        key=key,
        section=section,
        kind=kind,
        requirement=requirement,
        why=why,
        how=how,
        responsible=responsible,
        due=due,
        severity=Severity.BLOCKING if gate else Severity.ADVISORY,
        source=source,
        gate=gate,
        evidence=evidence,
        unit=unit,
        least=least,
        most=most,
        choices=choices,
        option=option,
    )


def _figure(value: float) -> tuple[str, str]:
    """A figure as English and German readers write it."""
    text = f"{value:.6g}"
    return text, text.replace(".", ",")


def _span(fact: Fact) -> tuple[str, str]:
    """A range as English and German readers write it."""
    least, most = _figure(fact.least or 0), _figure(fact.most or 0)
    return f"{least[0]}–{most[0]}", f"{least[1]}–{most[1]}"


def _access(instrument: Instrument) -> list[Item]:
    items = []
    if instrument.family in HEAVY or instrument.key in {"promethion", "hiscansq"}:
        items.append(_route(instrument))
        items.append(
            _item(
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
        _item(
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
        _item(
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
        en, de = _figure(round(least))
        requirement = Text(
            f"The route from the dock to the laboratory is at least {en} mm wide everywhere",
            f"Der Weg von der Rampe zum Labor ist überall mindestens {de} mm breit",
        )
    return _item(
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
    )


def _lift_load(instrument: Instrument) -> Item:
    weight = instrument.fact("shipping_weight") or instrument.fact("weight")
    if weight is None or weight.value is None:
        requirement = Text("Measure what the goods lift may carry", "Tragkraft des Lastenaufzugs angeben")
    else:
        en, de = _figure(weight.value)
        requirement = Text(
            f"The goods lift carries at least {en} kg, or the way is on one level",
            f"Der Lastenaufzug trägt mindestens {de} kg, oder der Weg ist ebenerdig",
        )
    return _item(
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
        least=weight.value if weight else None,
    )


def _floor_load(instrument: Instrument) -> Item:
    weight = instrument.fact("weight")
    if weight is None or weight.value is None:
        requirement = Text(
            "A structural engineer confirms the floor load",
            "Eine Statikerin oder ein Statiker bestätigt die Bodenlast",
        )
    else:
        en, de = _figure(weight.value)
        requirement = Text(
            f"The floor carries {en} kg at the final place, confirmed in writing",
            f"Der Boden trägt {de} kg am Aufstellort, schriftlich bestätigt",
        )
    return _item(
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
    )


def _space(instrument: Instrument) -> list[Item]:
    items = [
        _item(
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
        )
    ]
    clearances = _clearances(instrument)
    if clearances:
        items.append(clearances)
    weight = instrument.fact("bench_load") or instrument.fact("weight")
    value = weight and (weight.least or weight.value)
    if instrument.family in (*BENCH, "sequencer") and weight and value:
        en, de = _figure(value)
        items.append(
            _item(
                "bench-load",
                "space",
                ItemType.MEASURE,
                -28,
                Text(f"The bench carries at least {en} kg", f"Der Labortisch trägt mindestens {de} kg"),
                Text("A bench that bends shakes the optics.", "Ein durchgebogener Tisch stört die Optik."),
                Text(
                    "Look for the maker's plate or ask facilities.",
                    "Typenschild suchen oder die Haustechnik fragen.",
                ),
                gate=GateKind.SHIP,
                source=weight.source,
                unit="kg",
                least=value,
            )
        )
        items.append(
            _item(
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
            _item(
                "bench-width",
                "space",
                ItemType.MEASURE,
                -28,
                Text(
                    "The bench is at least 1670 mm wide and 750 mm deep",
                    "Der Tisch ist mindestens 1670 mm breit und 750 mm tief",
                ),
                Text(
                    "Sequencing unit and data unit stand side by side.",
                    "Sequenzier- und Dateneinheit stehen nebeneinander.",
                ),
                Text("Measure the free width of the bench.", "Die freie Breite des Tisches messen."),
                source=bench.source,
                unit="mm",
                least=bench.least,
            )
        )
    incubator = instrument.fact("incubator_volume")
    if incubator:
        items.append(
            _item(
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
        "clearance_rear": ("behind", "hinten"),
    }
    facts = [fact for key in words if (fact := instrument.fact(key)) and fact.least]
    if not facts:
        return None
    english = ", ".join(f"{_figure((f.least or 0) / 10)[0]} cm {words[f.quantity][0]}" for f in facts)
    german = ", ".join(f"{_figure((f.least or 0) / 10)[1]} cm {words[f.quantity][1]}" for f in facts)
    return _item(
        "clearances",
        "space",
        ItemType.CONFIRM,
        -14,
        Text(f"Free space around the instrument: {english}", f"Freiraum um das Gerät: {german}"),
        Text("Air, cables and service need the room.", "Luft, Kabel und Service brauchen den Platz."),
        Text("Measure from the marked outline.", "Von der markierten Fläche aus messen."),
        gate=GateKind.SHIP,
        evidence=Evidence.OPTIONAL,
        source=facts[0].source,
    )


def _power(instrument: Instrument) -> list[Item]:
    items = [_circuits(instrument)]
    voltage = instrument.fact("voltage")
    if voltage and voltage.least and voltage.most:
        en, de = _span(voltage)
        items.append(
            _item(
                "voltage",
                "power",
                ItemType.MEASURE,
                -14,
                Text(f"The outlet gives {en} V", f"Die Steckdose liefert {de} V"),
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
                least=voltage.least,
                most=voltage.most,
            )
        )
    items.append(
        _item(
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
                ("schuko", Text("Schuko, type F", "Schuko, Typ F")),
                ("t23", Text("Swiss T23", "Schweiz T23")),
                ("bs1363", Text("BS 1363, type G", "BS 1363, Typ G")),
                ("nema-5-20", Text("NEMA 5-20", "NEMA 5-20")),
                ("nema-l6-30", Text("NEMA L6-30", "NEMA L6-30")),
                ("as3112", Text("AS/NZS 3112, type I", "AS/NZS 3112, Typ I")),
                ("other", Text("Another one", "Ein anderer")),
            ),
        )
    )
    items.append(
        _item(
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
        )
    )
    if instrument.family in (*HEAVY, "sequencer"):
        items.append(
            _item(
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
            _item(
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


def _circuits(instrument: Instrument) -> Item:
    """Circuits and outlets: in the words of the document, by mains voltage where it tells them apart."""
    at_230, at_120 = (instrument.fact("circuit_current", where=f"mains-{volts}") for volts in ("230", "120"))
    current = instrument.fact("circuit_current") or instrument.fact("current")
    circuits = instrument.fact("circuits")
    if at_230 and at_120:
        requirement = Text(
            "A dedicated circuit of 10 A at 220–240 V or 20 A at 120 V is live, with four more outlets on another circuit",
            "Ein eigener Stromkreis mit 10 A bei 220–240 V oder 20 A bei 120 V ist in Betrieb, dazu vier Steckdosen an einem anderen Kreis",
        )
        source = at_230.source
    elif circuits and circuits.value and current:
        requirement = Text(
            f"{circuits.value:.0f} separately fused circuits of 15/16 A are live: two for the instrument, one for the pump, one for the computer",
            f"{circuits.value:.0f} getrennt abgesicherte Stromkreise mit 15/16 A sind in Betrieb: zwei für das Gerät, einer für die Pumpe, einer für den Rechner",
        )
        source = circuits.source
    elif current and (amps := current.value or current.most):
        en, de = _figure(amps)
        requirement = Text(
            f"A circuit for {en} A is live within 2 m of the place",
            f"Ein Stromkreis für {de} A ist höchstens 2 m vom Platz in Betrieb",
        )
        source = current.source
    elif power := instrument.fact("power"):
        en, de = _figure(power.value or 0)
        requirement = Text(
            f"A circuit for {en} W is live within 2 m of the place",
            f"Ein Stromkreis für {de} W ist höchstens 2 m vom Platz in Betrieb",
        )
        source = power.source
    else:
        requirement = Text(
            "The circuits named in the maker's guide are live",
            "Die im Leitfaden des Herstellers genannten Stromkreise sind in Betrieb",
        )
        source = LIBRARY
    return _item(
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
    )


def _climate(instrument: Instrument) -> list[Item]:
    items = []
    temperature = instrument.fact("temperature")
    if temperature and temperature.least is not None and temperature.most is not None:
        en, de = _span(temperature)
        items.append(
            _item(
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
            _item(
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
            _span(humidity)
            if humidity.least is not None
            else (f"up to {humidity.most:g}", f"bis {humidity.most:g}")
        )
        items.append(
            _item(
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
        en, de = _figure(round(heat.value))
        btu = f"{round(heat.value * 3.412, -1):.0f}"
        items.append(
            _item(
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
        en, de = _figure(altitude.most)
        items.append(
            _item(
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
        _item(
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
            _item(
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


def _gas(instrument: Instrument) -> list[Item]:
    items = []
    purity = instrument.fact("nitrogen_purity")
    flow = instrument.fact("nitrogen_flow")
    if purity and flow and flow.least:
        litres = round(flow.least)
        items += [
            _item(
                "nitrogen-purity",
                "gas",
                ItemType.MEASURE,
                -14,
                Text("Nitrogen is at least 99.5 % pure", "Stickstoff ist mindestens 99,5 % rein"),
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
                least=purity.least,
                most=100,
            ),
            _item(
                "nitrogen-flow",
                "gas",
                ItemType.MEASURE,
                -14,
                Text(
                    f"Nitrogen flows at {litres} L/min or more at the outlet",
                    f"Stickstoff strömt am Auslass mit mindestens {litres} L/min",
                ),
                Text("The source starves below this flow.", "Unter diesem Fluss fehlt der Quelle Gas."),
                Text(
                    "Measure with every other user of the line running.",
                    "Messen, während alle anderen Verbraucher der Leitung laufen.",
                ),
                gate=GateKind.SHIP,
                source=flow.source,
                unit="L/min",
                least=litres,
            ),
        ]
    with_faims = instrument.fact("nitrogen_pressure", where="faims")
    if with_faims and with_faims.least:
        kilopascal = round(with_faims.least)
        items.append(
            _item(
                "nitrogen-pressure",
                "gas",
                ItemType.MEASURE,
                -14,
                Text(
                    f"Nitrogen for FAIMS stands at {kilopascal} kPa (100 psi) or more",
                    f"Stickstoff für FAIMS liegt mit mindestens {kilopascal} kPa (100 psi) an",
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
                least=kilopascal,
                option="faims",
            )
        )
    exhaust_gas = instrument.fact("exhaust_pressure")
    if exhaust_gas and exhaust_gas.least and exhaust_gas.most:
        low, high = round(exhaust_gas.least), round(exhaust_gas.most)
        items.append(
            _item(
                "exhaust-gas",
                "gas",
                ItemType.MEASURE,
                -14,
                Text(
                    f"Source exhaust gas stands at {low}–{high} kPa (55–60 psi)",
                    f"Das Quellenabgas-Versorgungsgas liegt mit {low}–{high} kPa (55–60 psi) an",
                ),
                Text(
                    "It drives the exhaust pump of the ion source.",
                    "Es treibt die Abgaspumpe der Ionenquelle.",
                ),
                Text("Read the gauge at the regulator.", "Das Manometer am Druckregler ablesen."),
                gate=GateKind.SHIP,
                source=exhaust_gas.source,
                unit="kPa",
                least=low,
                most=high,
            )
        )
    hydrogen = instrument.fact("hydrogen_purity", where="hydrogen-generator")
    if hydrogen:
        items.append(
            _item(
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
                option="hydrogen-generator",
            )
        )
    helium = instrument.fact("helium_purity")
    if helium:
        items.append(
            _item(
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
            )
        )
    air = instrument.fact("air_line")
    if air:
        items.append(
            _item(
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
            _item(
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


def _exhaust(instrument: Instrument) -> list[Item]:
    items = []
    flow = instrument.fact("exhaust_flow")
    if flow and flow.least:
        items.append(
            _item(
                "exhaust-flow",
                "gas",
                ItemType.MEASURE,
                -14,
                Text(
                    "The oven exhaust takes at least 2.8 m³/min",
                    "Die Ofenabluft fördert mindestens 2,8 m³/min",
                ),
                Text(
                    "Hot air is blown out each time the oven cools.",
                    "Beim Abkühlen des Ofens wird heiße Luft ausgeblasen.",
                ),
                Text(
                    "Measure at the duct; 1.84 m³/min is enough with the deflector.",
                    "Am Kanal messen; mit Deflektor genügen 1,84 m³/min.",
                ),
                gate=GateKind.INSTALL,
                source=flow.source,
                unit="L/min",
                least=2800,
            )
        )
    duct = instrument.fact("exhaust_duct")
    said = instrument.fact("exhaust")
    if duct and duct.value:
        en, de = _figure(duct.value)
        items.append(
            _item(
                "exhaust-duct",
                "gas",
                ItemType.UPLOAD,
                -14,
                Text(
                    f"The exhaust is connected to a {en} mm outlet and draws",
                    f"Die Abluft ist an einen Auslass mit {de} mm angeschlossen und zieht",
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
            _item(
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
            _item(
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
            _item(
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


def _water(instrument: Instrument) -> list[Item]:
    flow = instrument.fact("water_flow")
    if not flow or not flow.least:
        return []
    litres = round(flow.least * 60)
    return [
        _item(
            "water-flow",
            "water",
            ItemType.MEASURE,
            -21,
            Text(
                f"Deionised water flows at {litres} L/h or more",
                f"Vollentsalztes Wasser fließt mit mindestens {litres} L/h",
            ),
            Text("The line stops when its bottle runs dry.", "Die Linie stoppt, wenn das Wasser ausgeht."),
            Text(
                "Time a bucket at the outlet; you may enter it in L/h.",
                "Am Auslass mit Gefäß und Uhr messen; die Angabe in L/h ist möglich.",
            ),
            gate=GateKind.SHIP,
            source=flow.source,
            unit="L/min",
            least=round(flow.least, 3),
        ),
        _item(
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


def _network(instrument: Instrument) -> list[Item]:
    said = instrument.fact("network")
    items = [
        _item(
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
        ),
        _item(
            "addresses",
            "network",
            ItemType.TEXT,
            -21,
            Text("Fixed address or DHCP, and the host name", "Feste Adresse oder DHCP, dazu der Hostname"),
            Text("We enter it at installation.", "Wir tragen sie bei der Installation ein."),
            Text("Ask your IT department.", "Die IT-Abteilung fragen."),
        ),
        _item(
            "it-contact",
            "network",
            ItemType.TEXT,
            -28,
            Text("A person from IT who is reachable on the day", "Eine am Tag erreichbare Person aus der IT"),
            Text(
                "One blocked port can cost half a day.", "Ein gesperrter Port kann einen halben Tag kosten."
            ),
            Text("Name and phone number.", "Name und Telefonnummer."),
        ),
    ]
    outbound = instrument.fact("outbound")
    if outbound and outbound.note:
        items.append(
            _item(
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
            )
        )
    password = instrument.fact("password_length")
    if password:
        items.append(
            _item(
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
            )
        )
    if instrument.family in ("sequencer", "floor"):
        items.append(
            _item(
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
            )
        )
    return items


def _safety(instrument: Instrument) -> list[Item]:
    items = [
        _item(
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
            choices=(
                ("none", Text("None", "Keine")),
                ("bsl-1", Text("BSL-1", "S1")),
                ("bsl-2", Text("BSL-2", "S2")),
                ("bsl-3", Text("BSL-3: please call us", "S3: bitte anrufen")),
            ),
        ),
        _item(
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
        ),
        _item(
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
            _item(
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
            )
        )
    if instrument.family in HEAVY:
        items.append(
            _item(
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
            )
        )
    return items


def _people(instrument: Instrument) -> list[Item]:
    return [
        _item(
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
        ),
        _item(
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
        ),
    ]


def _supplies(instrument: Instrument) -> list[Item]:
    return [
        _item(
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
        ),
        _item(
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
        ),
    ]


def _arrival(instrument: Instrument) -> list[Item]:
    items = [
        _item(
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
        )
    ]
    unpacking = instrument.fact("unpacking")
    if unpacking and unpacking.note:
        items.append(
            _item(
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
        _item(
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
