"""What the calendar of a busy team weighs when it is packed, and which of its properties weigh how much.

The visits are made up, but as various as those of a company: 125 sites with streets and rooms of their own, some 300
projects with a few visits each over 14 months, entered in office hours and changed at any second. Texts that are
alike, as those of a company whose rows were copied, weigh a tenth of it; random letters several times as much.
"""

import random
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from concierge.feeds import calendar_file, shelf, vevent, words
from concierge.feeds.vevent import Status
from concierge.feeds.words import Appointment, Style
from tests.bench.figures import Figure

VISITS = 1000
VISITS_A_SITE = 8
GROUPS = {
    "names": ("UID",),
    "times": ("DTSTAMP", "LAST-MODIFIED", "CREATED", "DTSTART", "DTEND", "SEQUENCE"),
    "title and place": ("SUMMARY", "CATEGORIES", "LOCATION", "STATUS", "TRANSP"),
    "description": ("DESCRIPTION",),
    "link": ("URL",),
}
_HOUSES_IN_WORDS = """
    Klinikum Universitätsspital Kantonsspital Institut Labor Hospital Clinique Zentrum Biotech
    Pharma Diagnostik"""
HOUSES = tuple(_HOUSES_IN_WORDS.split())
_NAMES_IN_WORDS = """
    Isar Aarefeld Harrow Lémanique Nordsee Weser Elbtal Rheinau Marien Paracelsus Virchow Galilei
    Linné Ehrlich Koch Bernoulli Euler Bodensee Alster Havel Spree Neckar Donau Inn Lech Saale Mosel
    Ruhr Leine Fulda Werra Main Tauber Jagst Murr Enz Wutach Thur Töss Reuss Limmat Emme Birs Sihl
    Glatt Linth Maggia Ticino Rhone Broye Doubs Sorne"""
NAMES = tuple(_NAMES_IN_WORDS.split())
_STREETS_IN_WORDS = """
    Sonnenstraße Spitalallee Bahnhofstrasse Hauptstraße Gartenweg Lindenallee Forschungsring
    Ringstraße Marktplatz Schillerstraße Mozartweg Universitätsstraße Seestrasse Talweg Bergstraße
    Mühlenstraße Poststrasse Hafenstraße"""
STREETS = tuple(_STREETS_IN_WORDS.split())
TOWNS = (
    ("München", "80331", "DE", "Europe/Berlin"), ("Berlin", "10115", "DE", "Europe/Berlin"),
    ("Hamburg", "20095", "DE", "Europe/Berlin"), ("Köln", "50667", "DE", "Europe/Berlin"),
    ("Frankfurt am Main", "60311", "DE", "Europe/Berlin"), ("Leipzig", "04109", "DE", "Europe/Berlin"),
    ("Zürich", "8001", "CH", "Europe/Zurich"), ("Basel", "4051", "CH", "Europe/Zurich"),
    ("Bern", "3011", "CH", "Europe/Zurich"), ("Lausanne", "1003", "CH", "Europe/Zurich"),
    ("Wien", "1010", "AT", "Europe/Vienna"), ("Graz", "8010", "AT", "Europe/Vienna"),
)  # fmt: skip
ROOMS = (
    "Central laboratory",
    "Building C",
    "Core facility",
    "Pathology, level 2",
    "Haus 7",
    "Imaging centre",
)
INSTRUMENTS = (
    "QuantStudio 7 Flex",
    "API 4000",
    "HiScanSQ",
    "iBright CL1500",
    "Orbitrap Exploris",
    "NovaSeq 6000",
)
TITLES = {
    "site survey": (2, ("Site survey", "Site survey with the electrician")),
    "delivery": (3, ("Delivery", "Delivery of {}", "Crate to the laboratory")),
    "install": (8, ("Installation of {}", "Installation and first check", "Set-up of {}")),
    "training": (7, ("Operator training", "Training of the second shift", "Administrator training")),
    "remote call": (1, ("Kick-off call", "Set-up with remote help")),
}
COURSES = (
    ("remote call", "site survey", "delivery", "install", "training"),
    ("remote call", "delivery", "install", "training"),
    ("delivery", "install"),
)


def figures() -> Iterator[Figure]:
    """The packed calendar in KiB, and what of it goes for which properties: what it weighs less without them."""
    data = file_of_a_team()
    whole = weight(data)
    shares = ", ".join(
        f"{name} {(whole - weight(without(data, properties))) / whole:.0%}"
        for name, properties in GROUPS.items()
    )
    yield Figure(
        f"calendar of {VISITS:,} visits of a team, packed",
        whole / 1024,
        "KiB",
        remark=f"goal 25 KiB, which entries that are alike keep; without some it weighs less by: {shares}",
    )
    busy = file_of_a_team(is_busy_only=True)
    yield Figure(
        "the same that says only “Busy”, packed",
        weight(busy) / 1024,
        "KiB",
        remark="no words at all: names and times of a thousand entries",
    )


def file_of_a_team(*, is_busy_only: bool = False, seed: int = 5) -> bytes:
    """The calendar, the same for the same seed; names are as long and as random as those of visits."""
    style = Style(language="en", is_busy_only=is_busy_only)
    rows = sorted(
        (told.start_at, told.uid, vevent.render(words.entry_of(told, style=style, modified_at=changed_at)))
        for told, changed_at in _visits(random.Random(seed))
    )
    head = calendar_file.header(title="Visits of the team in the south", language=style.language)
    return calendar_file.joined(head, (body for _, _, body in rows))


def weight(data: bytes) -> int:
    """Bytes of a file as it is sent packed."""
    shelf.clear()
    packed = len(shelf.packed(data))
    shelf.clear()
    return packed


def without(data: bytes, names: tuple[str, ...]) -> bytes:
    """The file without some properties of its entries."""
    lines = "|".join(names).encode()
    return re.sub(rb"(?<=\r\n)(?:%s)[:;][^\r]*\r\n(?: [^\r]*\r\n)*" % lines, b"", data)


def _visits(chance: random.Random) -> Iterator[tuple[Appointment, datetime]]:
    sites = {}
    while len(sites) < VISITS // VISITS_A_SITE:
        town, postcode, country, zone = chance.choice(TOWNS)
        street = f"{chance.choice(STREETS)} {chance.randrange(1, 180)}"
        name = f"{chance.choice(HOUSES)} {chance.choice(NAMES)}"
        sites[name] = (town, f"{chance.choice(ROOMS)}, {street}, {postcode} {town}, {country}", zone)
    first, number, projects = datetime(2026, 10, 5), 3000, 1000
    made = 0
    while made < VISITS:
        account = chance.choice(list(sites))
        town, address, zone = sites[account]
        projects += 1
        day = first + timedelta(days=chance.randrange(430))
        entered = day - timedelta(
            days=chance.randrange(30, 160), seconds=-chance.randrange(6 * 3600, 17 * 3600)
        )
        instrument = chance.choice(INSTRUMENTS)
        for kind in chance.choice(COURSES)[: VISITS - made]:
            made, number = made + 1, number + chance.choice((1, 1, 1, 2, 5))
            day += timedelta(days=chance.randrange(1, 15))
            hours, titles = TITLES[kind]
            starts = day.replace(
                hour=chance.choice((7, 8, 8, 9, 9, 10, 13)), minute=chance.choice((0, 0, 30, 15))
            )
            ends = starts + timedelta(hours=max(1, hours + chance.choice((-1, 0, 0, 0, 1))))
            since = timedelta(days=chance.randrange(1, 25), seconds=chance.randrange(30_000))
            told = Appointment(
                uid=f"{entered:%Y%m%dT%H%M%SZ}-{_letters(chance, 8)}-k7f3q2mzx5w4o6n2",
                sequence=chance.choice((0, 0, 1, 1, 1, 2, 2, 3, 4)),
                created_at=entered.replace(tzinfo=UTC),
                kind=kind,
                status=chance.choice((Status.CONFIRMED, Status.CONFIRMED, Status.TENTATIVE)),
                start_at=starts.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC),
                end_at=ends.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC),
                zone=zone,
                account=account,
                place=town,
                address="" if kind == "remote call" else address,
                title=chance.choice(titles).format(instrument),
                project_key=f"{account[0]}{account.split()[1][0]}-{projects}",
                url=f"https://concierge.example.com/visits/{number}",
                wall=(starts, ends),
            )
            yield told, (entered if chance.random() < 0.4 else entered + since).replace(tzinfo=UTC)


def _letters(chance: random.Random, count: int) -> str:
    return "".join(chance.choice("abcdefghijklmnopqrstuvwxyz234567") for _ in range(count))
