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
    ),
    Field(
        _technician("Tomas Berg", "tomas", "Europe/Stockholm", "+46 70 555 0202"),
        "Uppsala",
        "SE",
        "Nordics",
        (*_MASS, *_BENCH, "sequencing", "clinical-lines", *_TEACHES),
        away=((18, 22),),
    ),
    Field(
        _technician("Lea Brandt", "lea", "Europe/Berlin", "+49 170 555 0203"),
        "Leipzig",
        "DE",
        "Germany",
        (*_MASS, "clinical-lines", "sequencing", *_TEACHES),
        subdivision="SN",
        lapsing="elemental",
    ),
    Field(
        _technician("Emil Wagner", "emil", "Europe/Berlin", "+49 170 555 0204"),
        "München",
        "DE",
        "Germany",
        ("magnets", "mass-spectrometry", *_BENCH, *_TEACHES),
        subdivision="BY",
        away=((-6, -2),),
    ),
    Field(
        _technician("Marc Aubry", "marc", "Europe/Paris", "+33 6 55 50 02 05"),
        "Lyon",
        "FR",
        "France",
        (*_MASS, *_BENCH, "sequencing", *_TEACHES),
    ),
    Field(
        _technician("Ben Okafor", "ben", "Europe/London", "+44 7700 900206"),
        "London",
        "GB",
        "Britain",
        (*_MASS, *_BENCH, "sequencing", "clinical-lines", *_TEACHES),
        subdivision="ENG",
    ),
    Field(
        _technician("Grace Coleman", "grace", "America/New_York", "+1 617 555 0207"),
        "Boston",
        "US",
        "America, East",
        (*_MASS, "sequencing", "magnets", *_TEACHES),
        subdivision="MA",
        away=((9, 10),),
    ),
    Field(
        _technician("Rosa Delgado", "rosa", "America/Chicago", "+1 512 555 0208"),
        "Austin",
        "US",
        "America, South",
        ("clinical-lines", *_BENCH, "chromatography", *_TEACHES),
        subdivision="TX",
    ),
    Field(
        _technician("Diego Salas", "diego", "America/Los_Angeles", "+1 619 555 0209"),
        "San Diego",
        "US",
        "America, West",
        ("sequencing", *_BENCH, "mass-spectrometry", *_TEACHES),
        subdivision="CA",
    ),
    Field(
        _technician("Aiko Ito", "aiko", "Asia/Tokyo", "+81 90 5550 0210"),
        "Osaka",
        "JP",
        "Japan",
        (*_MASS, *_BENCH, "sequencing", "clinical-lines", *_TEACHES),
    ),
    Field(
        _technician("Priya Nair", "priya", "Asia/Singapore", "+65 8555 0211"),
        "Singapore",
        "SG",
        "South-East Asia",
        (*_MASS, *_BENCH, "sequencing", "magnets", *_TEACHES),
        away=((30, 40),),
    ),
    Field(
        _technician("Liam Parata", "liam", "Pacific/Auckland", "+64 21 555 212"),
        "Hamilton",
        "NZ",
        "Oceania",
        (*_MASS, *_BENCH, "sequencing", *_TEACHES),
        subdivision="WKO",
    ),
)

SIGN_INS: tuple[Person, ...] = (OFFICE[0], OFFICE[4], FIELD[0].person, OFFICE[5], OFFICE[6])
"""One person for each role."""
