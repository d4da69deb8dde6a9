"""The people of the demo company, Corvane Instruments; none of them exists."""

from __future__ import annotations

from dataclasses import dataclass

from concierge.identity.permissions import Role

COMPANY = "Corvane Instruments"
GLN = "2009900000017"
PASSWORD = "concierge-demo"  # noqa: S105 - everybody may know it, it opens the demo only
DOMAIN = "demo.example"


@dataclass(frozen=True, slots=True)
class Person:
    """A member of staff. `first` makes the mail address."""

    name: str
    first: str
    role: Role
    zone: str
    language: str = "en"
    phone: str = ""

    @property
    def email(self) -> str:
        """The address they sign in with."""
        return f"{self.first}@{DOMAIN}"


@dataclass(frozen=True, slots=True)
class Field:
    """What dispatch knows of a technician. `away` are absences: first and last day counted from today."""

    person: Person
    city: str
    country: str
    territory: str
    skills: tuple[str, ...]
    subdivision: str = ""
    away: tuple[tuple[int, int], ...] = ()
    lapsing: str = ""
    """A skill whose certificate runs out in three weeks."""
    degrees: tuple[float, float] | None = None
    """Latitude and longitude of the home base."""
    languages: tuple[str, ...] = ("en",)
    week: tuple[str, ...] = ()
    """Hours of the weekdays, Monday first; none: the usual ones of the country."""
    contract: int = 40
    """Hours a week."""
    percent: int = 100
    """How much of the hours visits may take."""
    serves: tuple[str, ...] = ()
    """Territories besides the home territory."""


@dataclass(frozen=True, slots=True)
class Region:
    """A territory: its name, countries or parts of them, and how many of its people have to be there."""

    name: str
    parts: tuple[tuple[str, str], ...]
    least: int = 0


OFFICE: tuple[Person, ...] = (
    Person("Maja Lindqvist", "maja", Role.CONCIERGE, "Europe/Zurich", phone="+41 44 555 01 10"),
    Person("Daniel Okoro", "daniel", Role.CONCIERGE, "Europe/London", phone="+44 20 5550 0111"),
    Person("Hana Fujimoto", "hana", Role.CONCIERGE, "Asia/Tokyo", phone="+81 3 5550 0112"),
    Person("Claire Benning", "claire", Role.CONCIERGE, "America/New_York", phone="+1 617 555 0113"),
    Person("Jonas Reuter", "jonas", Role.DISPATCHER, "Europe/Berlin", phone="+49 89 5550 0114"),
    Person("Ruth Adeyemi", "ruth", Role.MANAGER, "Europe/London", phone="+44 20 5550 0115"),
    Person("Petra Vogel", "petra", Role.ADMINISTRATOR, "Europe/Zurich", phone="+41 44 555 01 16"),
)

_BENCH = ("genetic-analysis", "imaging", "tissue")
_MASS = ("mass-spectrometry", "chromatography", "elemental")
_TEACHES = ("training", "qualification")
_LONG, _SHORT, _FRENCH = "07:30–12:00, 12:45–17:00", "07:30–12:00, 13:00–17:00", "08:30–12:30, 13:30–16:30"


def _technician(name: str, first: str, zone: str, phone: str) -> Person:
    return Person(name, first, Role.TECHNICIAN, zone, phone=phone)


FIELD: tuple[Field, ...] = (
    Field(
        _technician("Selin Aksoy", "selin", "Europe/Zurich", "+41 79 555 02 01"),
        "Zürich",
        "CH",
        "Alps",
        (*_MASS, *_BENCH, "sequencing", *_TEACHES),
        subdivision="ZH",
        degrees=(47.3769, 8.5417),
        languages=("de", "en", "tr"),
        week=(_LONG, _LONG, _LONG, _LONG, _SHORT),
        contract=42,
        serves=("Germany",),
    ),
    Field(
        _technician("Tomas Berg", "tomas", "Europe/Stockholm", "+46 70 555 0202"),
        "Uppsala",
        "SE",
        "Nordics",
        (*_MASS, *_BENCH, "sequencing", "clinical-lines", *_TEACHES),
        away=((18, 22),),
        degrees=(59.8586, 17.6389),
        languages=("sv", "en", "de"),
        serves=("Germany",),
    ),
    Field(
        _technician("Lea Brandt", "lea", "Europe/Berlin", "+49 170 555 0203"),
        "Leipzig",
        "DE",
        "Germany",
        (*_MASS, "clinical-lines", "sequencing", *_TEACHES),
        subdivision="SN",
        lapsing="elemental",
        degrees=(51.3397, 12.3731),
        languages=("de", "en", "pl"),
        week=(_LONG, _LONG, _LONG, "08:00–13:00", ""),
        contract=30,
        serves=("Alps",),
    ),
    Field(
        _technician("Emil Wagner", "emil", "Europe/Berlin", "+49 170 555 0204"),
        "München",
        "DE",
        "Germany",
        ("magnets", "mass-spectrometry", *_BENCH, *_TEACHES),
        subdivision="BY",
        away=((-6, -2),),
        degrees=(48.1371, 11.5754),
        languages=("de", "en"),
        week=(_LONG, _LONG, _LONG, _LONG, _SHORT),
        contract=40,
        percent=80,
        serves=("Alps",),
    ),
    Field(
        _technician("Marc Aubry", "marc", "Europe/Paris", "+33 6 55 50 02 05"),
        "Lyon",
        "FR",
        "France",
        (*_MASS, *_BENCH, "sequencing", *_TEACHES),
        degrees=(45.7640, 4.8357),
        languages=("fr", "en", "it"),
        week=(_FRENCH, _FRENCH, _FRENCH, _FRENCH, _FRENCH),
        contract=35,
        serves=("Alps",),
    ),
    Field(
        _technician("Ben Okafor", "ben", "Europe/London", "+44 7700 900206"),
        "London",
        "GB",
        "Britain",
        (*_MASS, *_BENCH, "sequencing", "clinical-lines", *_TEACHES),
        subdivision="ENG",
        degrees=(51.5072, -0.1276),
        languages=("en", "fr"),
        contract=38,
    ),
    Field(
        _technician("Grace Coleman", "grace", "America/New_York", "+1 617 555 0207"),
        "Boston",
        "US",
        "America, East",
        (*_MASS, "sequencing", "magnets", *_TEACHES),
        subdivision="MA",
        away=((9, 10),),
        degrees=(42.3601, -71.0589),
        languages=("en", "es"),
        serves=("America, South",),
    ),
    Field(
        _technician("Rosa Delgado", "rosa", "America/Chicago", "+1 512 555 0208"),
        "Austin",
        "US",
        "America, South",
        ("clinical-lines", *_BENCH, "chromatography", *_TEACHES),
        subdivision="TX",
        degrees=(30.2672, -97.7431),
        languages=("es", "en"),
        serves=("America, East", "America, West"),
    ),
    Field(
        _technician("Diego Salas", "diego", "America/Los_Angeles", "+1 619 555 0209"),
        "San Diego",
        "US",
        "America, West",
        ("sequencing", *_BENCH, "mass-spectrometry", *_TEACHES),
        subdivision="CA",
        degrees=(32.7157, -117.1611),
        languages=("es", "en"),
    ),
    Field(
        _technician("Aiko Ito", "aiko", "Asia/Tokyo", "+81 90 5550 0210"),
        "Osaka",
        "JP",
        "Japan",
        (*_MASS, *_BENCH, "sequencing", "clinical-lines", *_TEACHES),
        degrees=(34.6937, 135.5023),
        languages=("ja", "en"),
        week=("09:00–18:00",) * 5,
    ),
    Field(
        _technician("Priya Nair", "priya", "Asia/Singapore", "+65 8555 0211"),
        "Singapore",
        "SG",
        "South-East Asia",
        (*_MASS, *_BENCH, "sequencing", "magnets", *_TEACHES),
        away=((30, 40),),
        degrees=(1.3521, 103.8198),
        languages=("en", "hi", "ms"),
    ),
    Field(
        _technician("Liam Parata", "liam", "Pacific/Auckland", "+64 21 555 212"),
        "Hamilton",
        "NZ",
        "Oceania",
        (*_MASS, *_BENCH, "sequencing", *_TEACHES),
        subdivision="WKO",
        degrees=(-37.7870, 175.2793),
        languages=("en", "mi"),
        week=("07:30–16:00",) * 5,
    ),
)

REGIONS: tuple[Region, ...] = (
    Region("Alps", (("CH", ""), ("AT", ""), ("LI", ""), ("IT", "BZ")), least=1),
    Region("Nordics", (("SE", ""), ("DK", ""), ("NO", ""), ("FI", ""))),
    Region("Germany", (("DE", ""),), least=2),
    Region("France", (("FR", ""), ("BE", ""), ("LU", "")), least=1),
    Region("Britain", (("GB", ""), ("IE", "")), least=1),
    Region("America, East", (("US", "MA"), ("US", "NY"), ("US", "NJ"), ("US", "MD"), ("CA", "")), least=1),
    Region("America, South", (("US", "TX"), ("US", "FL"), ("US", "GA"), ("MX", ""))),
    Region("America, West", (("US", "CA"), ("US", "WA"), ("US", "OR"))),
    Region("Japan", (("JP", ""),), least=1),
    Region("South-East Asia", (("SG", ""), ("MY", ""), ("TH", ""), ("IN", ""))),
    Region("Oceania", (("AU", ""), ("NZ", ""))),
)

SIGN_INS: tuple[Person, ...] = (OFFICE[0], OFFICE[4], FIELD[0].person, OFFICE[5], OFFICE[6])
"""One person for each role."""
