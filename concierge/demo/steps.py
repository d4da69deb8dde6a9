"""What technicians do at visits: house steps by kind of visit, and what each family of instruments adds.

Ranges are house defaults for a first run; the certificate names the figures of the instrument's own manual.
"""

from concierge.catalogue.states import StepKind
from concierge.demo.values import Check, Text

TICK, READING, SERIAL, PHOTO, TEXT = (
    StepKind.TICK,
    StepKind.READING,
    StepKind.SERIAL,
    StepKind.PHOTO,
    StepKind.TEXT,
)

SURVEY: tuple[Check, ...] = (
    Check(
        "way-in",
        PHOTO,
        Text(
            "Photo of the way in, from the ramp to the room", "Foto des Weges von der Rampe bis in den Raum"
        ),
    ),
    Check(
        "narrowest",
        READING,
        Text("Narrowest passage on the way", "Engste Stelle auf dem Weg"),
        "mm",
        least=700,
    ),
    Check("room", PHOTO, Text("Photo of the place of installation", "Foto des Aufstellorts")),
    Check("temperature", READING, Text("Temperature of the room", "Raumtemperatur"), "°C", least=15, most=30),
    Check(
        "mains", READING, Text("Voltage at the socket", "Spannung an der Steckdose"), "V", least=95, most=253
    ),
    Check(
        "findings",
        TEXT,
        Text("What has to be changed before the instrument comes", "Was vor der Lieferung zu ändern ist"),
        is_required=False,
    ),
)

_ARRIVED: tuple[Check, ...] = (
    Check(
        "crate",
        PHOTO,
        Text(
            "Photo of the crate with its shock and tilt indicators",
            "Foto der Kiste mit Stoß- und Kippanzeigern",
        ),
    ),
    Check(
        "complete",
        TICK,
        Text(
            "Delivery compared with the packing list and complete",
            "Lieferung mit der Packliste verglichen und vollständig",
        ),
    ),
    Check("serial", SERIAL, Text("Serial number on the nameplate", "Seriennummer auf dem Typenschild")),
    Check("nameplate", PHOTO, Text("Photo of the nameplate", "Foto des Typenschilds")),
)
_CONNECTED: tuple[Check, ...] = (
    Check(
        "mains",
        READING,
        Text("Voltage at the socket under load", "Spannung an der Steckdose unter Last"),
        "V",
        least=95,
        most=253,
    ),
    Check("earth", TICK, Text("Protective earth tested", "Schutzleiter geprüft")),
)
_HANDED_OVER: tuple[Check, ...] = (
    Check("software", TEXT, Text("Software and its version", "Software und Version")),
    Check("place", PHOTO, Text("Photo of the instrument in its place", "Foto des Geräts an seinem Platz")),
    Check(
        "introduction",
        TICK,
        Text(
            "Users shown how to switch it on and off, and how to reach us",
            "Anwendern gezeigt, wie man ein- und ausschaltet und uns erreicht",
        ),
    ),
    Check("remarks", TEXT, Text("Anything out of the ordinary", "Besonderheiten"), is_required=False),
)
_BY_SKILL: dict[str, tuple[Check, ...]] = {
    "mass-spectrometry": (
        Check(
            "leak-check",
            TICK,
            Text(
                "Leak check of gas lines and vacuum system passed",
                "Dichtheitsprüfung von Gasleitungen und Vakuumsystem bestanden",
            ),
        ),
        Check(
            "gas",
            READING,
            Text("Pressure of the nitrogen supply", "Druck der Stickstoffversorgung"),
            "kPa",
            least=550,
            most=800,
        ),
        Check(
            "base-pressure",
            READING,
            Text("Base pressure after pumping down overnight", "Enddruck nach einer Nacht Abpumpen"),
            "mbar",
            most=2e-5,
        ),
    ),
    "chromatography": (
        Check(
            "leak-check",
            TICK,
            Text("Leak check of all fittings passed", "Dichtheitsprüfung aller Verschraubungen bestanden"),
        ),
        Check(
            "gas",
            READING,
            Text("Pressure of the carrier gas at the inlet", "Druck des Trägergases am Eingang"),
            "kPa",
            least=400,
            most=690,
        ),
        Check(
            "oven",
            READING,
            Text("Oven temperature at a set point of 100 °C", "Ofentemperatur bei Sollwert 100 °C"),
            "°C",
            least=99,
            most=101,
        ),
    ),
    "elemental": (
        Check(
            "leak-check",
            TICK,
            Text("Leak check of the argon line passed", "Dichtheitsprüfung der Argonleitung bestanden"),
        ),
        Check(
            "gas",
            READING,
            Text("Pressure of the argon supply", "Druck der Argonversorgung"),
            "kPa",
            least=500,
            most=690,
        ),
        Check(
            "cooling",
            READING,
            Text("Flow of the cooling water", "Durchfluss des Kühlwassers"),
            "L/min",
            least=3,
        ),
    ),
    "sequencing": (
        Check(
            "level",
            TICK,
            Text(
                "Instrument levelled, transport locks taken out",
                "Gerät ausgerichtet, Transportsicherungen entfernt",
            ),
        ),
        Check(
            "self-test",
            TICK,
            Text("Self test of optics and fluidics passed", "Selbsttest von Optik und Fluidik bestanden"),
        ),
        Check(
            "transfer",
            READING,
            Text(
                "Speed of the data transfer to the server", "Geschwindigkeit der Datenübertragung zum Server"
            ),
            "Mbit/s",
            least=200,
        ),
    ),
    "genetic-analysis": (
        Check("self-test", TICK, Text("Self test passed", "Selbsttest bestanden")),
        Check(
            "block",
            READING,
            Text("Block temperature at a set point of 60 °C", "Blocktemperatur bei Sollwert 60 °C"),
            "°C",
            least=59.5,
            most=60.5,
        ),
    ),
    "clinical-lines": (
        Check(
            "water",
            READING,
            Text("Resistivity of the feed water", "Widerstand des Speisewassers"),
            "MΩ·cm",
            least=1,
        ),
        Check(
            "drain", TICK, Text("Drain tested with a full cycle", "Abfluss mit einem vollen Zyklus geprüft")
        ),
        Check(
            "interface",
            TICK,
            Text(
                "Test order sent from the laboratory system and result received there",
                "Testauftrag aus dem Laborsystem gesendet, Ergebnis dort angekommen",
            ),
        ),
    ),
    "imaging": (
        Check(
            "level",
            TICK,
            Text(
                "Instrument levelled, transport locks taken out",
                "Gerät ausgerichtet, Transportsicherungen entfernt",
            ),
        ),
        Check(
            "temperature",
            READING,
            Text(
                "Temperature of the room over the last hour, at its highest",
                "Höchste Raumtemperatur der letzten Stunde",
            ),
            "°C",
            least=18,
            most=25,
        ),
        Check("laser", TICK, Text("Laser interlocks tested", "Laser-Verriegelungen geprüft")),
    ),
    "tissue": (
        Check(
            "exhaust",
            READING,
            Text("Air speed at the exhaust", "Luftgeschwindigkeit an der Absaugung"),
            "m/s",
            least=0.4,
        ),
        Check(
            "spill",
            TICK,
            Text("Spill tray in place, reagents labelled", "Auffangwanne eingesetzt, Reagenzien beschriftet"),
        ),
    ),
    "magnets": (
        Check(
            "zone",
            TICK,
            Text("0.5 mT line marked, access restricted", "0,5-mT-Linie markiert, Zutritt beschränkt"),
        ),
        Check(
            "oxygen",
            TICK,
            Text("Oxygen monitor and quench pipe tested", "Sauerstoffwarner und Quenchrohr geprüft"),
        ),
        Check(
            "helium",
            READING,
            Text("Helium level after energising", "Heliumfüllstand nach dem Laden"),
            "%",
            least=80,
            most=100,
        ),
        Check("field", READING, Text("Stray field at the door", "Streufeld an der Tür"), "mT", most=0.5),
    ),
}

QUALIFICATION: tuple[Check, ...] = (
    Check(
        "calibrated",
        TICK,
        Text("Measuring equipment within its calibration date", "Messmittel im Kalibrierzeitraum"),
    ),
    Check(
        "equipment",
        TEXT,
        Text("Measuring equipment with its certificate numbers", "Messmittel mit Zertifikatsnummern"),
    ),
    Check(
        "temperature",
        READING,
        Text("Temperature of the room during the tests", "Raumtemperatur während der Tests"),
        "°C",
        least=15,
        most=30,
    ),
    Check(
        "repeatability",
        READING,
        Text(
            "Relative standard deviation of six runs of the test sample",
            "Relative Standardabweichung aus sechs Läufen der Testprobe",
        ),
        "%",
        most=5,
    ),
    Check(
        "report", PHOTO, Text("Photo of the signed test protocol", "Foto des unterschriebenen Prüfprotokolls")
    ),
    Check(
        "deviations",
        TEXT,
        Text("Deviations and what was done about them", "Abweichungen und was getan wurde"),
        is_required=False,
    ),
)

TRAINING: tuple[Check, ...] = (
    Check("people", TEXT, Text("Who took part", "Wer teilgenommen hat")),
    Check(
        "safety",
        TICK,
        Text("Safety instruction given and understood", "Sicherheitsunterweisung gegeben und verstanden"),
    ),
    Check(
        "own-run", TICK, Text("Everybody has done a run of their own", "Alle haben selbst einen Lauf gemacht")
    ),
)

INSTALL_TOOLS: dict[str, tuple[str, ...]] = {
    "mass-spectrometry": ("Leak detector", "Multimeter", "Torque screwdriver"),
    "chromatography": ("Leak detector", "Multimeter", "Column cutter"),
    "elemental": ("Leak detector", "Multimeter"),
    "magnets": ("Gaussmeter", "Non-magnetic tool kit", "Helium transfer line"),
    "imaging": ("Spirit level", "Laser power meter"),
    "sequencing": ("Spirit level", "Multimeter"),
    "genetic-analysis": ("Spirit level", "Multimeter", "Dye calibration kit"),
    "tissue": ("Spirit level", "Multimeter", "Water pressure gauge"),
    "clinical-lines": ("Spirit level", "Multimeter", "Water conductivity meter"),
}


def of_installation(skill: str) -> tuple[Check, ...]:
    """The steps of setting up an instrument that takes a skill."""
    return _ARRIVED + _CONNECTED + _BY_SKILL.get(skill, ()) + _HANDED_OVER
