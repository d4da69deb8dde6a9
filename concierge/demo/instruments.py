"""Real instruments with figures from their makers' documents, in SI, each with where it was read.

The figures are example data: confirm against the maker's current guide before preparing a site. Item ids,
standard ids and options as sold are the demo company's own.
"""

from __future__ import annotations

from datetime import date

from concierge.demo.values import Fact, Instrument, Option, Source, Text

CHECKED = date(2026, 11, 20)
WATT_IN_BTU_PER_HOUR = 3.412
PSI = 6.894757


def read_in(name: str, revision: str = "") -> Source:
    """Name a document and its revision; empty: it states none."""
    return Source(name=name, revision=revision, checked_on=CHECKED)


def gtin(number: int) -> str:
    """A GTIN-13 in the range kept for use inside one company, with its check digit (GS1 §7.9)."""
    body = f"200{number:09d}"
    total = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(body))
    return f"{body}{-total % 10}"


AGILENT_8890 = read_in("Agilent 8890 GC site preparation checklist", "2.0, May 2023")
ASTRAL = read_in("Thermo Scientific Orbitrap Astral product specifications PS001797", "2023")
PROMETHION = read_in("Oxford Nanopore PromethION 24/48 site specification", "V12, April 2024")
GRIDION = read_in("Oxford Nanopore GridION Mk1 site specification", "V8, February 2024")
QUANTSTUDIO = read_in("QuantStudio 6 and 7 Flex site preparation guide")
IBRIGHT = read_in("iBright CL1500 and FL1500 site preparation guide")
HISCANSQ = read_in("Illumina HiScanSQ site preparation guide")
NEXTSEQ_IT = read_in("Illumina NextSeq 1000/2000 site preparation, operating system settings")
ILLUMINA_NET = read_in("Illumina instrument data streaming, network behaviour")
ARCHITECT = read_in("Abbott ARCHITECT c Systems specifications")
BENCHMARK = read_in("Ventana BenchMark XT specifications")
SORTER = read_in("Sony SH800Z cell sorter specifications")
FOURIER = read_in("Bruker Fourier 300 NMR user manual")
AVANCE = read_in("Bruker AVANCE site planning, security zones and cryogens")
BIOSPEC = read_in("Bruker BioSpec 117/16 AVANCE III site manual")
API_4000 = read_in("SCIEX API 4000 site guide addendum 1013117", "C")
ICAP = read_in("Thermo iCAP RQ ICP-MS pre-installation manual")
INCUCYTE = read_in("Incucyte SX5 site specification")


def _range(
    quantity: str, least: float, most: float, unit: str, printed: str, source: Source, where: str = ""
) -> Fact:
    return Fact(quantity, unit, printed, source, least=least, most=most, where=where)


def _one(quantity: str, value: float, unit: str, printed: str, source: Source, where: str = "") -> Fact:
    return Fact(quantity, unit, printed, source, value=value, where=where)


def _least(quantity: str, least: float, unit: str, printed: str, source: Source, where: str = "") -> Fact:
    return Fact(quantity, unit, printed, source, least=least, where=where)


def _most(quantity: str, most: float, unit: str, printed: str, source: Source, where: str = "") -> Fact:
    return Fact(quantity, unit, printed, source, most=most, where=where)


def _size(
    width: float, depth: float, height: float, printed: str, source: Source, where: str = ""
) -> tuple[Fact, ...]:
    """Width, depth and height in millimetres."""
    return (
        _one("width", width, "mm", printed, source, where),
        _one("depth", depth, "mm", printed, source, where),
        _one("height", height, "mm", printed, source, where),
    )


def _heat(btu_per_hour: float, printed: str, source: Source, where: str = "") -> Fact:
    """Heat given off, from BTU/h."""
    return _one("heat_load", round(btu_per_hour / WATT_IN_BTU_PER_HOUR, 1), "W", printed, source, where)


def _says(quantity: str, printed: str, source: Source, en: str, de: str) -> Fact:
    """A condition that is a sentence and no figure."""
    return Fact(quantity, "", printed, source, note=Text(en, de))


GRIDION_MK1 = Instrument(
    key="gridion",
    maker="Oxford Nanopore",
    model="GridION Mk1",
    title=Text("GridION Mk1 benchtop sequencer", "GridION Mk1 Tisch-Sequenzierer"),
    family="bench-customer",
    item_id="CV-GRD-100",
    standard_id=gtin(1100),
    skill="sequencing",
    facts=(
        *_size(365, 370, 220, "H220 × W365 × D370 mm", GRIDION),
        _one("weight", 14.4, "kg", "14.4 kg", GRIDION),
        _range("voltage", 100, 240, "V", "100–240 V", GRIDION),
        _most("current", 8, "A", "8 A max", GRIDION),
        _one("power", 650, "W", "650 W", GRIDION),
        _range("temperature", 18, 25, "°C", "sequences at 18–25 °C (functions at 5–40 °C)", GRIDION),
        _says("network", "Ethernet only", GRIDION, "Wired Ethernet only.", "Nur kabelgebundenes Ethernet."),
    ),
    aliases=("GridION", "GridION Mk1 sequencer"),
)

QUANTSTUDIO_FLEX = Instrument(
    key="quantstudio",
    maker="Applied Biosystems",
    model="QuantStudio 7 Flex",
    title=Text("QuantStudio 7 Flex real-time PCR system", "QuantStudio 7 Flex Echtzeit-PCR-System"),
    family="bench-engineer",
    item_id="CV-QSF-700",
    standard_id=gtin(1210),
    skill="genetic-analysis",
    facts=(
        _least("clearance_above", 305, "mm", "top 30.5 cm", QUANTSTUDIO),
        _least("clearance_front", 1220, "mm", "front 122 cm", QUANTSTUDIO),
        _least("clearance_sides", 510, "mm", "sides 51 cm", QUANTSTUDIO),
        _least("clearance_rear", 152, "mm", "back 15.2 cm", QUANTSTUDIO),
        _range("voltage", 100, 240, "V", "100–240 V ±10 %", QUANTSTUDIO),
        _one("current", 12.5, "A", "12.5 A", QUANTSTUDIO),
        _one("circuit_current", 15, "A", "15 A circuit, not shared with refrigerators", QUANTSTUDIO),
        _one("power_apparent", 950, "VA", "950 VA", QUANTSTUDIO),
        _range("temperature", 15, 30, "°C", "15–30 °C", QUANTSTUDIO),
        _range("humidity", 15, 80, "%", "15–80 % RH", QUANTSTUDIO),
        _most("altitude", 1800, "m", "to about 1 800 m", QUANTSTUDIO),
        _one("heat_load", 800, "W", "2 731 BTU/h (800 W) with the computer", QUANTSTUDIO),
        _most("noise", 60, "dB(A)", "below 60 dB when idle", QUANTSTUDIO),
    ),
    options=(
        Option("block-384", Text("384-well block", "384-Well-Block")),
        Option("array-card", Text("Array card block", "Array-Card-Block")),
    ),
    aliases=("QuantStudio 7", "QS7 Flex"),
)

GC_8890 = Instrument(
    key="agilent-8890",
    maker="Agilent",
    model="8890 GC",
    title=Text("8890 gas chromatograph", "Gaschromatograph 8890"),
    family="bench-engineer",
    item_id="CV-GC-8890",
    standard_id=gtin(1320),
    skill="chromatography",
    facts=(
        *_size(590, 540, 500, "W59 × D54 × H50 cm", AGILENT_8890),
        _one("weight", 50, "kg", "50 kg", AGILENT_8890),
        _one("width", 680, "mm", "W68 cm with four detectors", AGILENT_8890, "four-detectors"),
        _one("weight", 57, "kg", "57 kg with four detectors", AGILENT_8890, "four-detectors"),
        _least("clearance_above", 300, "mm", "30 cm above", AGILENT_8890),
        _least("clearance_front", 270, "mm", "27 cm in front", AGILENT_8890),
        _least("clearance_rear", 250, "mm", "25 cm behind", AGILENT_8890),
        _least(
            "clearance_rear",
            140,
            "mm",
            "14 cm behind with the heat deflector",
            AGILENT_8890,
            "heat-deflector",
        ),
        _range("voltage", 220, 240, "V", "220–240 V", AGILENT_8890, "mains-230"),
        _range("voltage", 108, 132, "V", "120 V ±10 %", AGILENT_8890, "mains-120"),
        _one("circuit_current", 10, "A", "10 A dedicated at 220–240 V", AGILENT_8890, "mains-230"),
        _one("circuit_current", 20, "A", "20 A dedicated at 120 V", AGILENT_8890, "mains-120"),
        _one("circuit_current", 15, "A", "15 A dedicated with the fast oven", AGILENT_8890, "fast-oven"),
        _one("power_apparent", 2250, "VA", "2 250 VA", AGILENT_8890),
        _one("power_apparent", 2950, "VA", "2 950 VA with the fast oven", AGILENT_8890, "fast-oven"),
        _one("outlets", 4, "", "four more outlets on another circuit", AGILENT_8890),
        _range("temperature", 15, 35, "°C", "15–35 °C", AGILENT_8890),
        _range("humidity", 5, 95, "%", "5–95 % RH", AGILENT_8890),
        _heat(7681, "7 681 BTU/h", AGILENT_8890),
        _heat(10071, "10 071 BTU/h with the fast oven", AGILENT_8890, "fast-oven"),
        _least("exhaust_flow", 2800, "L/min", "oven exhaust 2.8 m³/min", AGILENT_8890),
        _least(
            "exhaust_flow",
            1840,
            "L/min",
            "1.84 m³/min with the deflector, 10 cm duct",
            AGILENT_8890,
            "heat-deflector",
        ),
        _least("vent_line", 6, "mm", "vent line of at least 6 mm inner diameter", AGILENT_8890),
        _least(
            "hydrogen_purity",
            99.9999,
            "%",
            "hydrogen generator above 99.9999 %",
            AGILENT_8890,
            "hydrogen-generator",
        ),
    ),
    options=(
        Option("fast-oven", Text("Fast-heating oven", "Schnellheizofen")),
        Option("heat-deflector", Text("Oven exhaust deflector", "Abluftdeflektor")),
        Option("four-detectors", Text("Four detectors", "Vier Detektoren")),
        Option("hydrogen-generator", Text("Hydrogen generator", "Wasserstoffgenerator")),
    ),
    aliases=("8890 GC system", "G3540A"),
)

ORBITRAP_ASTRAL = Instrument(
    key="orbitrap-astral",
    maker="Thermo Scientific",
    model="Orbitrap Astral",
    title=Text("Orbitrap Astral mass spectrometer", "Massenspektrometer Orbitrap Astral"),
    family="floor",
    item_id="CV-MS-ASTRAL",
    standard_id=gtin(2100),
    skill="mass-spectrometry",
    facts=(
        *_size(952, 1963, 1394, "952 × 1 963 × 1 394 mm", ASTRAL),
        _one("weight", 680, "kg", "680 kg without pump and data system", ASTRAL),
        _range("voltage", 208, 230, "V", "2 × 208/230 V, separately fused", ASTRAL),
        _range("circuit_current", 15, 16, "A", "15/16 A, fuse type C", ASTRAL),
        _one("circuits", 4, "", "two for the instrument, one for the pump, one for the computer", ASTRAL),
        _one("power", 1500, "W", "mean 1.4–1.5 kW", ASTRAL),
        _range("temperature", 18, 27, "°C", "18–27 °C", ASTRAL),
        _range("humidity", 20, 80, "%", "20–80 % RH", ASTRAL),
        _most("temperature_drift", 0.5, "°C", "at most 0.5 °C in 10 min", ASTRAL),
        _most("altitude", 3000, "m", "to 3 000 m", ASTRAL),
        _heat(5200, "about 5 200 BTU/h", ASTRAL),
        _least("nitrogen_purity", 99.5, "%", "N2 99.5 %", ASTRAL),
        _least("nitrogen_flow", 15, "L/min", "15 L/min", ASTRAL),
        _least("nitrogen_flow", 20, "L/min", "more than 20 L/min at 100 psi", ASTRAL, "faims"),
        _least("nitrogen_pressure", round(100 * PSI), "kPa", "100 psi with FAIMS", ASTRAL, "faims"),
        _least(
            "nitrogen_purity", 99.999, "%", "N2 99.999 %, below 1 ppm water and oxygen", ASTRAL, "easy-spray"
        ),
    ),
    options=(
        Option("faims", Text("FAIMS interface", "FAIMS-Schnittstelle")),
        Option("easy-spray", Text("EASY-Spray source", "EASY-Spray-Quelle")),
    ),
    aliases=("Orbitrap Astral MS", "Astral"),
)

SCIEX_API_4000 = Instrument(
    key="api-4000",
    maker="SCIEX",
    model="API 4000 LC-MS/MS",
    title=Text("API 4000 LC-MS/MS system", "LC-MS/MS-System API 4000"),
    family="floor",
    item_id="CV-MS-4000",
    standard_id=gtin(2210),
    skill="mass-spectrometry",
    facts=(
        _range(
            "exhaust_pressure",
            round(55 * PSI),
            round(60 * PSI),
            "kPa",
            "source exhaust gas 55–60 psi",
            API_4000,
        ),
        _one("exhaust_duct", 12.7, "mm", "12.7 mm barb to the drain vessel", API_4000),
        _least("hood_speed", 0.5, "m/s", "hood face speed of at least 30 m/min", API_4000),
        _least("outdoor_air", 566, "L/min", "20 cfm of outdoor air a person", API_4000),
        _says(
            "exhaust",
            "customer plumbs the drain vessel to a hood",
            API_4000,
            "The laboratory connects the drain vessel to a fume hood.",
            "Das Labor schließt das Auffanggefäß an einen Abzug an.",
        ),
    ),
    options=(Option("second-pump", Text("Second roughing pump", "Zweite Vorpumpe")),),
    aliases=("API4000", "SCIEX 4000"),
)

ICAP_RQ = Instrument(
    key="icap-rq",
    maker="Thermo Scientific",
    model="iCAP RQ ICP-MS",
    title=Text("iCAP RQ ICP-MS", "ICP-MS iCAP RQ"),
    family="floor",
    item_id="CV-ICP-RQ",
    standard_id=gtin(2320),
    skill="elemental",
    facts=(
        _one("exhausts", 2, "", "two exhausts", ICAP),
        _one("exhaust_duct", 60.3, "mm", "exhaust outer diameter 60.3 mm", ICAP),
        _one("exhaust_hose", 63, "mm", "hose inner diameter 63 mm", ICAP),
        _most("exhaust_hose_length", 6000, "mm", "6 m of hose supplied", ICAP),
        _says(
            "exhaust",
            "no installation without a working exhaust; flow from an anemometer reading",
            ICAP,
            "Without a working exhaust the instrument cannot be installed.",
            "Ohne funktionierende Abluft kann das Gerät nicht installiert werden.",
        ),
    ),
    aliases=("iCAP RQ", "iCAP RQ Plus"),
)

PROMETHION_24 = Instrument(
    key="promethion",
    maker="Oxford Nanopore",
    model="PromethION 24",
    title=Text("PromethION 24 sequencer", "Sequenzierer PromethION 24"),
    family="sequencer",
    item_id="CV-PRM-024",
    standard_id=gtin(3100),
    skill="sequencing",
    facts=(
        *_size(590, 430, 190, "sequencing unit H190 × W590 × D430 mm", PROMETHION),
        _one("weight", 23, "kg", "sequencing unit 23 kg (30 kg for 48)", PROMETHION),
        _one("weight", 26, "kg", "data unit 26 kg", PROMETHION, "data-unit"),
        _one("shipping_weight", 120, "kg", "combined crate 120 kg, 90 × 120 × 100 cm", PROMETHION),
        _one("crate_width", 900, "mm", "combined crate 90 × 120 × 100 cm", PROMETHION),
        _least("clearance_rear", 300, "mm", "30 cm behind", PROMETHION),
        _least("clearance_sides", 300, "mm", "30 cm at the sides", PROMETHION),
        _least("bench_width", 1670, "mm", "bench 167 × 75 cm", PROMETHION),
        _least("bench_depth", 750, "mm", "bench 167 × 75 cm", PROMETHION),
        _range("voltage", 200, 240, "V", "data unit 200–240 V", PROMETHION),
        _one("power", 2450, "W", "data unit 2 450 W peak", PROMETHION),
        _one("power", 1200, "W", "sequencing unit 1 200 W at 100–240 V", PROMETHION, "sequencing-unit"),
        _range("temperature", 18, 22, "°C", "run at 18–22 °C", PROMETHION),
        _says(
            "unpacking",
            "combined crate: only the maker's engineer may unpack it",
            PROMETHION,
            "Leave the combined crate closed. Our engineer unpacks it.",
            "Die Kombikiste bleibt geschlossen. Unsere Technikerin oder unser Techniker packt sie aus.",
        ),
    ),
    options=(Option("combined-crate", Text("Combined crate", "Kombikiste")),),
    aliases=("PromethION 24 A-series", "P24"),
)

NEXTSEQ_2000 = Instrument(
    key="nextseq-2000",
    maker="Illumina",
    model="NextSeq 2000",
    title=Text("NextSeq 2000 sequencer", "Sequenzierer NextSeq 2000"),
    family="sequencer",
    item_id="CV-NSQ-200",
    standard_id=gtin(3210),
    skill="sequencing",
    facts=(
        _least("password_length", 10, "", "passwords of at least ten characters", NEXTSEQ_IT),
        _says(
            "network",
            "internal addresses must not be changed; no e-mail or web on the control computer",
            NEXTSEQ_IT,
            "Keep the internal address scheme and use the control computer for sequencing only.",
            "Das interne Adressschema bleibt unverändert; der Steuerrechner dient nur der Sequenzierung.",
        ),
        _says(
            "outbound",
            "no inbound connections, outbound HTTPS only, SMB 3.0",
            ILLUMINA_NET,
            "Outbound HTTPS and SMB 3.0 to the storage; nothing inbound.",
            "Ausgehend HTTPS und SMB 3.0 zum Speicher; nichts eingehend.",
        ),
    ),
    aliases=("NextSeq 1000/2000", "NextSeq2000"),
)

HISCAN_SQ = Instrument(
    key="hiscansq",
    maker="Illumina",
    model="HiScanSQ",
    title=Text("HiScanSQ array and sequencing system", "Array- und Sequenziersystem HiScanSQ"),
    family="sequencer",
    item_id="CV-HSQ-001",
    standard_id=gtin(3320),
    skill="sequencing",
    facts=(
        *_size(719, 698, 745, "reader 71.9 × 69.8 × 74.5 cm", HISCANSQ),
        _one("weight", 136, "kg", "reader 136 kg", HISCANSQ),
        _one("weight", 88, "kg", "SQ module 88 kg, 58.7 × 58.9 × 73.9 cm", HISCANSQ, "sq-module"),
        _range("voltage", 100, 240, "V", "100–240 V", HISCANSQ),
        _one("circuit_current", 20, "A", "20 A", HISCANSQ),
        _one("power", 1500, "W", "1 500 W", HISCANSQ),
        _range("temperature", 19, 25, "°C", "22 ±3 °C", HISCANSQ),
        _range("humidity", 20, 80, "%", "20–80 % RH", HISCANSQ),
        _most("altitude", 2000, "m", "below 2 000 m", HISCANSQ),
        _heat(4000, "up to 4 000 BTU/h", HISCANSQ),
    ),
    options=(Option("sq-module", Text("SQ module", "SQ-Modul")),),
    aliases=("HiScan SQ",),
)

ARCHITECT_C8000 = Instrument(
    key="architect-c8000",
    maker="Abbott",
    model="ARCHITECT c8000",
    title=Text("ARCHITECT c8000 clinical chemistry line", "Klinisch-chemische Linie ARCHITECT c8000"),
    family="clinical",
    item_id="CV-ARC-8000",
    standard_id=gtin(4100),
    skill="clinical-lines",
    facts=(
        *_size(2006, 1245, 1219, "H121.9 × W200.6 × D124.5 cm", ARCHITECT),
        _one("weight", 646.4, "kg", "646.4 kg", ARCHITECT),
        _range("voltage", 180, 264, "V", "180–264 V", ARCHITECT),
        _one("circuit_current", 20, "A", "20 A", ARCHITECT),
        _heat(3400, "3 400 BTU/h", ARCHITECT),
        _least("water_flow", round(25 / 60, 4), "L/min", "deionised water 25 L/h", ARCHITECT),
    ),
    options=(
        Option("sample-track", Text("Connection to the sample track", "Anbindung an die Probenstraße")),
    ),
    aliases=("ARCHITECT c 8000",),
)

ARCHITECT_C16000 = Instrument(
    key="architect-c16000",
    maker="Abbott",
    model="ARCHITECT c16000",
    title=Text("ARCHITECT c16000 clinical chemistry line", "Klinisch-chemische Linie ARCHITECT c16000"),
    family="clinical",
    item_id="CV-ARC-16000",
    standard_id=gtin(4210),
    skill="clinical-lines",
    facts=(
        _one("weight", 701, "kg", "701 kg", ARCHITECT),
        _range("voltage", 180, 264, "V", "180–264 V", ARCHITECT),
        _one("circuit_current", 20, "A", "20 A", ARCHITECT),
        _heat(4730, "4 730 BTU/h", ARCHITECT),
        _least("water_flow", round(54 / 60, 4), "L/min", "deionised water up to 54 L/h", ARCHITECT),
    ),
    options=(
        Option("sample-track", Text("Connection to the sample track", "Anbindung an die Probenstraße")),
    ),
    aliases=("ARCHITECT c 16000",),
)

BENCHMARK_XT = Instrument(
    key="benchmark-xt",
    maker="Ventana",
    model="BenchMark XT",
    title=Text("BenchMark XT slide stainer", "Objektträgerfärber BenchMark XT"),
    family="bench-engineer",
    item_id="CV-BMK-XT",
    standard_id=gtin(1430),
    skill="tissue",
    facts=(
        *_size(889, 660, 1530, "88.9 × 66 × 153 cm", BENCHMARK),
        _one("weight", 175, "kg", "175 kg", BENCHMARK),
        _least("clearance_above", 381, "mm", "top 38.1 cm", BENCHMARK),
        _least("clearance_sides", 102, "mm", "sides 10.2 cm", BENCHMARK),
        _least("clearance_rear", 152, "mm", "rear 15.2 cm", BENCHMARK),
        _range("voltage", 108, 132, "V", "120 V ±10 %", BENCHMARK),
        _one("current", 6, "A", "6 A", BENCHMARK),
        _range("temperature", 20, 32, "°C", "20–32 °C", BENCHMARK),
        _range("humidity", 10, 90, "%", "10–90 % RH", BENCHMARK),
        _heat(1000, "1 000 BTU/h when running, 400 idle", BENCHMARK),
    ),
    aliases=("Benchmark XT stainer",),
)

IBRIGHT_FL1500 = Instrument(
    key="ibright-fl1500",
    maker="Invitrogen",
    model="iBright FL1500",
    title=Text("iBright FL1500 imager", "Bildgebungssystem iBright FL1500"),
    family="bench-customer",
    item_id="CV-IBR-1500",
    standard_id=gtin(1540),
    skill="imaging",
    facts=(
        *_size(680, 382, 598, "68 × 38.2 × 59.8 cm", IBRIGHT),
        _one("weight", 52, "kg", "52 kg", IBRIGHT),
        _least("clearance_rear", 152.5, "mm", "15.25 cm behind", IBRIGHT),
        _least("bench_load", 50, "kg", "surface for at least 50 kg", IBRIGHT),
        _range("voltage", 100, 240, "V", "100–240 V ±10 %", IBRIGHT),
        _one("circuit_current", 10, "A", "10 A circuit", IBRIGHT),
        _range("temperature", 15, 30, "°C", "15–30 °C", IBRIGHT),
        _range("humidity", 15, 80, "%", "15–80 % RH", IBRIGHT),
        _most("altitude", 2000, "m", "to 2 000 m", IBRIGHT),
        _one("heat_load", 960, "W", "3 275 BTU/h (960 W)", IBRIGHT),
        _most("noise", 55, "dB(A)", "at most 55 dB(A)", IBRIGHT),
    ),
    aliases=("iBright 1500",),
)

INCUCYTE_SX5 = Instrument(
    key="incucyte-sx5",
    maker="Sartorius",
    model="Incucyte SX5",
    title=Text("Incucyte SX5 live-cell imager", "Live-Cell-Imager Incucyte SX5"),
    family="bench-engineer",
    item_id="CV-INC-SX5",
    standard_id=gtin(1650),
    skill="imaging",
    facts=(
        *_size(341, 450, 474, "microscope 34.1 × 45 × 47.4 cm", INCUCYTE),
        _one("weight", 23.1, "kg", "microscope 23.1 kg", INCUCYTE),
        _one("weight", 16.6, "kg", "controller 16.6 kg", INCUCYTE, "controller"),
        _least("incubator_volume", 200, "L", "host incubator of at least 200 L", INCUCYTE),
        _range("voltage", 100, 240, "V", "100–240 V", INCUCYTE),
        _one("current", 3.5, "A", "3.5/1.75 A", INCUCYTE),
        _range("temperature", 0, 33, "°C", "controller 0–33 °C", INCUCYTE),
        _says(
            "network",
            "10/100/1000 Ethernet",
            INCUCYTE,
            "Wired Ethernet, 10/100/1000.",
            "Kabelgebundenes Ethernet, 10/100/1000.",
        ),
    ),
    aliases=("Incucyte",),
)

SORTER_SH800 = Instrument(
    key="sh800z",
    maker="Sony",
    model="SH800Z",
    title=Text("SH800Z cell sorter", "Zellsortierer SH800Z"),
    family="bench-engineer",
    item_id="CV-SRT-800",
    standard_id=gtin(1760),
    skill="genetic-analysis",
    facts=(
        *_size(550, 550, 720, "55 × 55 × 72 cm", SORTER),
        _one("weight", 98, "kg", "98 kg", SORTER),
        _one("weight", 32, "kg", "fluidics cart 32 kg dry, 78.6 × 52.1 × 58 cm", SORTER, "fluidics-cart"),
        _range("voltage", 100, 120, "V", "100/120 V", SORTER),
        _one("power", 500, "W", "500 W", SORTER),
        _range("temperature", 17.5, 27.5, "°C", "17.5–27.5 °C", SORTER),
        _range("humidity", 20, 80, "%", "20–80 % RH", SORTER),
    ),
    aliases=("SH800",),
)

AVANCE_NMR = Instrument(
    key="avance",
    maker="Bruker",
    model="AVANCE NMR",
    title=Text(
        "AVANCE NMR spectrometer with Ascend Aeon magnet", "NMR-Spektrometer AVANCE mit Magnet Ascend Aeon"
    ),
    family="magnet",
    item_id="CV-NMR-AV",
    standard_id=gtin(5100),
    skill="magnets",
    facts=(
        _least("helium_purity", 99.996, "%", "helium gas 4.6 (99.996 %)", AVANCE),
        _one("magnet_zone_inner", 3, "mT", "security zone 3.0 mT", AVANCE),
        _one("magnet_zone_outer", 0.5, "mT", "security zone 0.5 mT", AVANCE),
        _one("air_line", 8, "mm", "oil-free compressed air, 8 mm line", AVANCE),
        _says(
            "ventilation",
            "regular and emergency ventilation, O2 sensors",
            AVANCE,
            "Regular and emergency ventilation with oxygen sensors.",
            "Normale Lüftung und Notlüftung mit Sauerstoffsensoren.",
        ),
        _says(
            "cryogens",
            "cylinders fixed outside the 5 G line; refills by the maker",
            AVANCE,
            "Helium cylinders are fixed outside the 0.5 mT line.",
            "Heliumflaschen sind außerhalb der 0,5-mT-Linie gesichert.",
        ),
    ),
    options=(Option("cryoprobe", Text("Cooled probe", "Kryoprobenkopf")),),
    aliases=("AVANCE NEO", "Ascend Aeon"),
)

FOURIER_300 = Instrument(
    key="fourier-300",
    maker="Bruker",
    model="Fourier 300",
    title=Text("Fourier 300 NMR spectrometer", "NMR-Spektrometer Fourier 300"),
    family="magnet",
    item_id="CV-NMR-300",
    standard_id=gtin(5210),
    skill="magnets",
    facts=(
        _one("magnet_zone_outer", 0.5, "mT", "5-gauss (0.5 mT) line", FOURIER),
        _one("magnet_line_horizontal", 265, "mm", "26.5 cm from the can, horizontally", FOURIER),
        _one("magnet_line_vertical", 240, "mm", "about 24 cm vertically", FOURIER),
        _says(
            "magnet",
            "no pacemakers or implants near the magnet; liquid helium and nitrogen",
            FOURIER,
            "People with pacemakers or implants stay outside the marked line.",
            "Personen mit Herzschrittmachern oder Implantaten bleiben außerhalb der markierten Linie.",
        ),
    ),
    aliases=("Fourier300",),
)

BIOSPEC_117 = Instrument(
    key="biospec-117",
    maker="Bruker",
    model="BioSpec 117/16",
    title=Text("BioSpec 117/16 preclinical MRI", "Präklinisches MRT BioSpec 117/16"),
    family="magnet",
    item_id="CV-MRI-117",
    standard_id=gtin(5320),
    skill="magnets",
    facts=(
        _range("temperature", 5, 40, "°C", "5–40 °C", BIOSPEC),
        _most("humidity", 80, "%", "up to 80 % RH to 31 °C", BIOSPEC),
        _most("altitude", 2000, "m", "to 2 000 m", BIOSPEC),
        _most("quench_pressure_drop", 40, "kPa", "quench line: at most 400 mbar drop", BIOSPEC),
        _least("quench_burst", 50, "kPa", "burst at 500 mbar or more", BIOSPEC),
        _least("quench_insulation", 40, "mm", "first 15 m insulated with at least 40 mm", BIOSPEC),
        _least("quench_outlet_zone", 3000, "mm", "safe zone of 3 m at the outlet", BIOSPEC),
        _most("voltage_tolerance", 10, "%", "mains ±10 %", BIOSPEC),
    ),
    aliases=("BioSpec 117/16 USR",),
)

INSTRUMENTS: tuple[Instrument, ...] = (
    GRIDION_MK1,
    IBRIGHT_FL1500,
    QUANTSTUDIO_FLEX,
    GC_8890,
    BENCHMARK_XT,
    INCUCYTE_SX5,
    SORTER_SH800,
    ORBITRAP_ASTRAL,
    SCIEX_API_4000,
    ICAP_RQ,
    PROMETHION_24,
    NEXTSEQ_2000,
    HISCAN_SQ,
    ARCHITECT_C8000,
    ARCHITECT_C16000,
    AVANCE_NMR,
    FOURIER_300,
    BIOSPEC_117,
)
