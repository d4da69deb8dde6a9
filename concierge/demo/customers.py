"""The demo company's customers: made-up laboratories in nine countries, with people who do not exist."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import time

from concierge.accounts.states import ContactRole


@dataclass(frozen=True, slots=True)
class Somebody:
    """A customer's person."""

    name: str
    title: str
    role: ContactRole = ContactRole.LAB


@dataclass(frozen=True, slots=True)
class Place:
    """A site. `opens` and `closes` are wall time."""

    name: str
    street: str
    postcode: str
    city: str
    country: str
    subdivision: str
    zone: str
    dock: str
    opens: time = time(8)
    closes: time = time(17)


@dataclass(frozen=True, slots=True)
class Customer:
    """A customer with places and people; `domain` makes mail addresses, `gln` is its number in orders."""

    key: str
    name: str
    domain: str
    gln: str
    places: tuple[Place, ...]
    people: tuple[Somebody, ...]
    language: str = "en"
    currency: str = "EUR"


def gln(number: int) -> str:
    """A GLN in the range kept for use inside one company, with its check digit (GS1 §7.9)."""
    body = f"20077{number:07d}"
    total = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(body))
    return f"{body}{-total % 10}"


def _people(lab: tuple[str, str], building: str, it: str = "") -> tuple[Somebody, ...]:
    found = [Somebody(*lab), Somebody(building, "facilities", ContactRole.FACILITIES)]
    if it:
        found.append(Somebody(it, "IT services", ContactRole.IT))
    return tuple(found)


_ZRH, _BER, _PAR, _LON, _STO = (
    f"Europe/{city}" for city in ("Zurich", "Berlin", "Paris", "London", "Stockholm")
)
_TYO, _SIN, _AKL = "Asia/Tokyo", "Asia/Singapore", "Pacific/Auckland"
_NYC, _CHI, _LAX = "America/New_York", "America/Chicago", "America/Los_Angeles"

DEGREES = {
    "Aarau": (47.39, 8.05),
    "Allschwil": (47.55, 7.54),
    "Austin": (30.27, -97.74),
    "Basel": (47.56, 7.59),
    "Bordeaux": (44.84, -0.58),
    "Boston": (42.36, -71.06),
    "Cambridge": (52.21, 0.12),
    "Durham": (35.99, -78.9),
    "Glasgow": (55.86, -4.25),
    "Hamilton": (-37.79, 175.28),
    "Kiel": (54.32, 10.14),
    "Kobe": (34.69, 135.2),
    "Köln": (50.94, 6.96),
    "Lausanne": (46.52, 6.63),
    "Leeds": (53.8, -1.55),
    "Leipzig": (51.34, 12.37),
    "Lyon": (45.76, 4.84),
    "Osaka": (34.69, 135.5),
    "Paris": (48.86, 2.35),
    "Planegg": (48.11, 11.43),
    "San Diego": (32.72, -117.16),
    "Singapore": (1.35, 103.82),
    "Solna": (59.36, 18.0),
    "Tokyo": (35.68, 139.69),
    "Uppsala": (59.86, 17.64),
    "Wellington": (-41.29, 174.78),
}
"""Latitude and longitude of the towns, as far as travel times need them."""

CUSTOMERS: tuple[Customer, ...] = (
    Customer(
        "halden",
        "Halden Biologics",
        "halden-biologics.example",
        gln(1),
        (
            Place(
                "Basel, building 7",
                "Rheinhafenweg 12",
                "4057",
                "Basel",
                "CH",
                "BS",
                _ZRH,
                "Dock 2, height 1.2 m. Ring the gate; lift for 1 200 kg.",
            ),
            Place(
                "Allschwil pilot plant",
                "Grabenring 31",
                "4123",
                "Allschwil",
                "CH",
                "BL",
                _ZRH,
                "Level access, no dock. Forklift on request.",
                time(7),
            ),
        ),
        _people(("Dr Ines Keller", "lab manager"), "Stefan Brunner", "Noëmi Frey"),
        "de",
        "CHF",
    ),
    Customer(
        "aarefeld",
        "Kantonsspital Aarefeld",
        "ksaarefeld.example",
        gln(2),
        (
            Place(
                "Central laboratory",
                "Spitalallee 40",
                "5001",
                "Aarau",
                "CH",
                "AG",
                _ZRH,
                "Deliveries before 10:00 through gate C; lift 4 takes 1 600 kg.",
                time(7, 30),
            ),
        ),
        _people(("Dr Lukas Amrein", "head of clinical chemistry"), "Beat Zumstein"),
        "de",
        "CHF",
    ),
    Customer(
        "lemanique",
        "Institut Lémanique de Génomique",
        "ilg-lausanne.example",
        gln(3),
        (
            Place(
                "Lausanne, Vidy",
                "Chemin des Peupliers 5",
                "1007",
                "Lausanne",
                "CH",
                "VD",
                _ZRH,
                "Narrow ramp, vans only. Call the porter.",
            ),
        ),
        _people(("Dr Solène Rochat", "platform manager"), "Yves Monnard", "Karim Blanc"),
        "fr",
        "CHF",
    ),
    Customer(
        "isarquell",
        "Isarquell Therapeutics",
        "isarquell.example",
        gln(4),
        (
            Place(
                "Martinsried campus",
                "Am Isarhang 18",
                "82152",
                "Planegg",
                "DE",
                "BY",
                _BER,
                "Dock 1, 08:00–11:30. Crates up to 2.2 m.",
            ),
        ),
        _people(("Dr Katrin Obermaier", "lab manager"), "Georg Huber", "Jan Seidel"),
        "de",
    ),
    Customer(
        "brandauer",
        "Brandauer Analytik",
        "brandauer-analytik.example",
        gln(5),
        (
            Place(
                "Leipzig",
                "Messeweg 77",
                "04356",
                "Leipzig",
                "DE",
                "SN",
                _BER,
                "Hall 3, forklift for 2 t on site.",
            ),
        ),
        _people(("Uta Brandauer", "managing director"), "Ralf Kühne"),
        "de",
    ),
    Customer(
        "ostermoor",
        "Klinikum Ostermoor",
        "klinikum-ostermoor.example",
        gln(6),
        (
            Place(
                "Institute of laboratory medicine",
                "Deichstraße 2",
                "24103",
                "Kiel",
                "DE",
                "SH",
                _BER,
                "Goods lift out of service on Wednesdays until noon.",
                time(7),
            ),
        ),
        _people(("Dr Wiebke Jansen", "senior physician"), "Hauke Petersen", "Merle Lorenz"),
        "de",
    ),
    Customer(
        "rheinwald",
        "Rheinwald Umweltlabor",
        "rheinwald-umwelt.example",
        gln(7),
        (Place("Köln", "Auenweg 150", "51063", "Köln", "DE", "NW", _BER, "Courtyard, tail lift needed."),),
        _people(("Dr Felix Thönnes", "head of elemental analysis"), "Birgit Scholl"),
        "de",
    ),
    Customer(
        "clairvaux",
        "Clairval Biosciences",
        "clairval-bio.example",
        gln(8),
        (
            Place(
                "Lyon, Gerland",
                "14 quai des Tanneurs",
                "69007",
                "Lyon",
                "FR",
                "",
                _PAR,
                "Dock B, book a slot the day before.",
                time(8, 30),
            ),
        ),
        _people(("Dr Élise Garnier", "lab manager"), "Antoine Morel", "Nadia Lefort"),
        "fr",
    ),
    Customer(
        "saint-aubert",
        "Institut Saint-Aubert",
        "institut-saint-aubert.example",
        gln(9),
        (
            Place(
                "Paris, building Curie-Sud",
                "9 rue des Vignerons",
                "75013",
                "Paris",
                "FR",
                "",
                _PAR,
                "Street delivery; permit for parking needed two weeks ahead.",
                time(8, 30),
            ),
        ),
        _people(("Prof Mathieu Roussel", "head of imaging"), "Sylvie Caron"),
        "fr",
    ),
    Customer(
        "garonne",
        "Garonne Œnologie",
        "garonne-oenologie.example",
        gln(10),
        (
            Place(
                "Bordeaux laboratory",
                "3 chemin du Pressoir",
                "33000",
                "Bordeaux",
                "FR",
                "",
                _PAR,
                "Level access from the yard.",
                time(8),
                time(16, 30),
            ),
        ),
        _people(("Hélène Bastide", "laboratory director"), "Paul Daguerre"),
        "fr",
    ),
    Customer(
        "carver",
        "Carver Analytical",
        "carver-analytical.example",
        gln(11),
        (
            Place(
                "Cambridge Science Yard",
                "22 Fenland Road",
                "CB4 1QT",
                "Cambridge",
                "GB",
                "ENG",
                _LON,
                "Bay 3, pallet truck on site.",
                time(8, 30),
            ),
        ),
        _people(("Dr Fiona Ashworth", "lab manager"), "Neil Pritchard", "Asha Rahman"),
        "en",
        "GBP",
    ),
    Customer(
        "thornhill",
        "Thornhill Royal Infirmary",
        "thornhill-infirmary.example",
        gln(12),
        (
            Place(
                "Blood sciences",
                "Infirmary Lane 1",
                "LS2 9QX",
                "Leeds",
                "GB",
                "ENG",
                _LON,
                "Estates escort from the gate; corridor 1.1 m wide.",
                time(7, 30),
            ),
        ),
        _people(("Dr Owen Hartley", "consultant biochemist"), "Maureen Shaw"),
        "en",
        "GBP",
    ),
    Customer(
        "strathcairn",
        "Strathcairn University",
        "strathcairn.example",
        gln(13),
        (
            Place(
                "Joseph Building",
                "40 Kelvin Terrace",
                "G12 8QR",
                "Glasgow",
                "GB",
                "SCT",
                _LON,
                "Goods entrance at the rear, lift 900 kg.",
            ),
        ),
        _people(("Prof Isla Drummond", "director of NMR"), "Callum Reid", "Tess Baird"),
        "en",
        "GBP",
    ),
    Customer(
        "harrow",
        "Harrow State University",
        "harrowstate.example",
        gln(14),
        (
            Place(
                "Proteomics core, Boston",
                "310 Causeway Street",
                "02114",
                "Boston",
                "US",
                "MA",
                _NYC,
                "Dock 5, loading 07:00–15:00. Union riggers only.",
                time(8),
                time(16, 30),
            ),
        ),
        _people(("Dr Monica Alvarez", "core director"), "Walter Finch", "Kevin Tran"),
        "en",
        "USD",
    ),
    Customer(
        "palisade",
        "Palisade Genomics",
        "palisade-genomics.example",
        gln(15),
        (
            Place(
                "San Diego, Mesa lab",
                "8800 Cliffside Drive",
                "92121",
                "San Diego",
                "US",
                "CA",
                _LAX,
                "Dock behind suite 120; seismic anchors required.",
            ),
            Place(
                "San Diego, annex",
                "8820 Cliffside Drive",
                "92121",
                "San Diego",
                "US",
                "CA",
                _LAX,
                "Ground floor, double door.",
            ),
        ),
        _people(("Dr Evan Whitlock", "head of sequencing"), "Teresa Munoz", "Raj Patel"),
        "en",
        "USD",
    ),
    Customer(
        "lone-mesa",
        "Lone Mesa Medical Center",
        "lonemesa-medical.example",
        gln(16),
        (
            Place(
                "Core laboratory",
                "1500 Pecan Avenue",
                "78701",
                "Austin",
                "US",
                "TX",
                _CHI,
                "Receiving at level P1; badge needed.",
                time(7),
            ),
        ),
        _people(("Dr Carla Jennings", "laboratory director"), "Hector Ruiz"),
        "en",
        "USD",
    ),
    Customer(
        "tidewater",
        "Tidewater Environmental",
        "tidewater-env.example",
        gln(17),
        (
            Place(
                "Durham laboratory",
                "75 Foundry Row",
                "27701",
                "Durham",
                "US",
                "NC",
                _NYC,
                "Roll-up door, forklift for 3 000 lb.",
            ),
        ),
        _people(("Janet Coleridge", "lab supervisor"), "Marcus Boyd"),
        "en",
        "USD",
    ),
    Customer(
        "nishiyama",
        "Nishiyama Pharma",
        "nishiyama-pharma.example",
        gln(18),
        (
            Place(
                "Osaka research centre",
                "2-14 Kitahama",
                "541-0041",
                "Osaka",
                "JP",
                "27",
                _TYO,
                "Elevating dock; shoes are changed at the lab door.",
                time(9),
                time(17, 30),
            ),
            Place(
                "Kobe quality centre",
                "5-1 Minatojima",
                "650-0045",
                "Kobe",
                "JP",
                "28",
                _TYO,
                "Port island: delivery window 10:00–14:00.",
                time(9),
                time(17, 30),
            ),
        ),
        _people(("Yuki Mori", "group leader"), "Kenji Abe", "Sakura Endo"),
        "ja",
        "JPY",
    ),
    Customer(
        "kitamura",
        "Kitamura Medical University",
        "kitamura-med.example",
        gln(19),
        (
            Place(
                "Genome centre",
                "7-3 Hongo",
                "113-0033",
                "Tokyo",
                "JP",
                "13",
                _TYO,
                "Lift 3 takes 750 kg; night delivery possible.",
                time(9),
                time(18),
            ),
        ),
        _people(("Dr Haruto Saito", "centre manager"), "Emi Kudo"),
        "ja",
        "JPY",
    ),
    Customer(
        "straits",
        "Straits Genome Institute",
        "straits-genome.example",
        gln(20),
        (
            Place(
                "Biopolis Way",
                "61 Biopolis Way level 5",
                "138668",
                "Singapore",
                "SG",
                "",
                _SIN,
                "Cargo lift 2; permit to work two days ahead.",
                time(8, 30),
                time(18),
            ),
        ),
        _people(("Dr Mei Ling Tan", "sequencing lead"), "Rahman Yusof", "Wei Jie Lim"),
        "en",
        "SGD",
    ),
    Customer(
        "tanjong",
        "Tanjong Water Laboratory",
        "tanjong-water.example",
        gln(21),
        (Place("Tanjong", "18 Harbour Link", "098632", "Singapore", "SG", "", _SIN, "Ramp on level 1."),),
        _people(("Suresh Menon", "chief chemist"), "Grace Ong"),
        "en",
        "SGD",
    ),
    Customer(
        "tasman",
        "Tasman Dairy Research",
        "tasman-dairy.example",
        gln(22),
        (
            Place(
                "Hamilton",
                "Ruakura Lane 9",
                "3214",
                "Hamilton",
                "NZ",
                "WKO",
                _AKL,
                "Biosecurity wash-down at the gate; dock 1.",
                time(7, 30),
                time(16, 30),
            ),
        ),
        _people(("Dr Aroha Ngata", "lab manager"), "Pete Sinclair"),
        "en",
        "NZD",
    ),
    Customer(
        "kowhai",
        "Kowhai Marine Institute",
        "kowhai-marine.example",
        gln(23),
        (
            Place(
                "Wellington",
                "4 Wharf Road",
                "6011",
                "Wellington",
                "NZ",
                "WGN",
                _AKL,
                "Wind: no crane above 60 km/h.",
            ),
        ),
        _people(("Dr Tui Marsden", "senior scientist"), "Bronwyn Hale"),
        "en",
        "NZD",
    ),
    Customer(
        "fjallsta",
        "Fjällsta universitetssjukhus",
        "fjallsta-sjukhus.example",
        gln(24),
        (
            Place(
                "Klinisk kemi",
                "Sjukhusvägen 10",
                "752 37",
                "Uppsala",
                "SE",
                "",
                _STO,
                "Kulvert: max bredd 1,4 m.",
                time(7),
            ),
        ),
        _people(("Dr Astrid Ekholm", "överläkare"), "Lars Hellgren", "Nils Åkesson"),
        "en",
        "SEK",
    ),
    Customer(
        "malarvik",
        "Mälarvik Bioteknik",
        "malarvik.example",
        gln(25),
        (Place("Solna", "Nobelgränd 3", "171 65", "Solna", "SE", "", _STO, "Dock 4, lift 1 000 kg."),),
        _people(("Dr Elsa Nordin", "lab manager"), "Oskar Lind"),
        "en",
        "SEK",
    ),
)
