"""What became of each order: about forty stories that put the demo company into every state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import time

from concierge.projects.states import BlockCause, Party


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that went wrong. `step` is a milestone's key, `since` in days from today."""

    step: str
    cause: BlockCause
    words: str
    since: int = -3
    says: str = ""
    """What the customer's contact says to it."""


@dataclass(frozen=True, slots=True)
class Late:
    """Why a milestone took longer than planned, and whose that was."""

    cause: BlockCause
    party: Party
    words: str


@dataclass(frozen=True, slots=True)
class Story:
    """One order and its fate.

    `delivery` is the day of delivery that the customer asked for, counted in days from today; `lead` is how
    many days before that the order came in, `None` for what its instrument needs. `answers` is the share of
    the checklist that is answered by now, before delivery.
    """

    customer: str
    instruments: tuple[str, ...]
    delivery: int
    place: int = 0
    extras: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    lead: int | None = None
    quantity: int = 1
    is_draft: bool = False
    answers: float = 0.6
    trouble: Trouble | None = None
    moved: tuple[str, int, str] | None = None
    """A milestone that a concierge moved after the promise: its key, by how many days, why."""
    late_steps: dict[str, int] = field(default_factory=dict)
    """Working days that a milestone took longer than planned."""
    late_why: Mapping[str, Late] = field(default_factory=dict)
    """Why it did, by milestone, where somebody entered it."""
    out_of_range: str = ""
    """An item whose answer is not within what was asked for."""
    override: str = ""
    """The reason with which somebody let shipping pass although items were open."""
    change: tuple[int, str] | None = None
    """An order change that waits for a decision: new delivery in days from today, and the buyer's note."""
    cancellation: str = ""
    """The buyer's note in a cancellation that waits for a decision."""
    cancelled: tuple[int, str] | None = None
    """A project that was cancelled: when, in days from today, and why."""
    unknown_line: str = ""
    """A line that the catalogue does not know."""
    note: str = ""
    is_past: bool = False
    """Handed over long ago: only the days on which something was due are lived through."""

    @property
    def call_today(self) -> time | None:
        """Wall time of a call with the site today."""
        return CALLS_TODAY.get((self.customer, self.instruments[0]))


CALLS_TODAY: Mapping[tuple[str, str], time] = {
    ("strathcairn", "avance"): time(10),
    ("harrow", "orbitrap-astral"): time(9, 30),
    ("kitamura", "promethion"): time(11),
    ("tasman", "icap-rq"): time(9),
    ("garonne", "agilent-8890"): time(14),
    ("lone-mesa", "architect-c8000"): time(8, 30),
    ("straits", "nextseq-2000"): time(16),
    ("halden", "orbitrap-astral"): time(15),
    ("kowhai", "sh800z"): time(13),
}

LEAD_DAYS = {
    "bench-customer": 38,
    "bench-engineer": 58,
    "sequencer": 72,
    "floor": 92,
    "clinical": 124,
    "magnet": 265,
}
"""Days from order to delivery that each family needs, with a little room."""

IQ, APP = "iq-oq", "advanced-training"

STORIES: tuple[Story, ...] = (
    # --- new: waiting for somebody to approve the plan
    Story("clairvaux", ("quantstudio",), 66, is_draft=True, lead=67, note="Please call before delivery."),
    Story("tanjong", ("icap-rq",), 101, extras=(IQ,), is_draft=True, lead=103),
    Story(
        "malarvik",
        ("incucyte-sx5",),
        61,
        is_draft=True,
        lead=62,
        unknown_line="Incubator shelf kit, stainless",
    ),
    Story("palisade", ("gridion",), 44, place=1, is_draft=True, lead=44, quantity=2),
    Story("brandauer", ("agilent-8890",), -6, is_draft=True, lead=-4, note="Needed as soon as possible."),
    # --- far ahead: promises are made, work has hardly begun
    Story("strathcairn", ("avance",), 168, extras=(IQ, APP), answers=0.2),
    Story("saint-aubert", ("biospec-117",), 205, extras=(IQ,), answers=0.1),
    Story("ostermoor", ("architect-c16000",), 83, extras=(IQ,), answers=0.3),
    Story("harrow", ("orbitrap-astral", "agilent-8890"), 68, extras=(IQ, APP), answers=0.35),
    Story("kitamura", ("promethion",), 52, options=("combined-crate",), extras=(APP,), answers=0.4),
    # --- the site is being prepared
    Story(
        "halden",
        ("orbitrap-astral",),
        13,
        options=("faims",),
        extras=(IQ, APP),
        answers=0.8,
        trouble=Trouble(
            "lab-prep",
            BlockCause.POWER,
            "The 16 A outlet is not installed; the electrician comes next week.",
            -4,
        ),
    ),
    Story(
        "nishiyama",
        ("orbitrap-astral",),
        24,
        options=("faims", "easy-spray"),
        extras=(IQ,),
        answers=0.75,
        out_of_range="nitrogen-flow",
    ),
    Story("straits", ("nextseq-2000", "promethion"), 27, extras=(APP,), answers=0.7),
    Story("carver", ("api-4000",), 20, extras=(IQ,), answers=0.55, out_of_range="exhaust-gas"),
    Story(
        "lone-mesa",
        ("architect-c8000",),
        34,
        extras=(IQ,),
        answers=0.5,
        trouble=Trouble(
            "lab-prep",
            BlockCause.WATER,
            "The deionised water loop gives 18 L/h; a second cartridge is on order.",
            -6,
            says="The cartridge was promised for last week; we are pressing the supplier.",
        ),
    ),
    Story("tasman", ("icap-rq",), 12, answers=0.36),
    Story(
        "garonne",
        ("agilent-8890",),
        15,
        options=("hydrogen-generator", "fast-oven"),
        extras=(IQ,),
        answers=0.8,
    ),
    Story("rheinwald", ("icap-rq",), 22, extras=(IQ,), answers=0.6),
    Story("tidewater", ("agilent-8890",), 18, options=("heat-deflector",), answers=0.65, quantity=2),
    Story("kowhai", ("sh800z",), 25, answers=0.7),
    Story(
        "lemanique",
        ("nextseq-2000",),
        19,
        extras=(APP,),
        answers=0.7,
        change=(33, "Building works: please deliver two weeks later."),
    ),
    Story(
        "isarquell",
        ("quantstudio",),
        10,
        extras=(IQ,),
        answers=0.85,
        moved=("delivery", 8, "The customer's dock is closed for resurfacing."),
    ),
    Story(
        "thornhill", ("quantstudio",), 16, answers=0.5, cancellation="Funding was withdrawn; please cancel."
    ),
    # --- on its way
    Story("fjallsta", ("architect-c8000",), 3, extras=(IQ,), answers=1.0),
    Story("nishiyama", ("quantstudio",), 2, place=1, answers=1.0),
    Story(
        "palisade",
        ("hiscansq",),
        1,
        answers=1.0,
        trouble=Trouble(
            "delivery", BlockCause.CUSTOMS, "Held at customs: the import papers name the old consignee.", -2
        ),
    ),
    Story(
        "aarefeld",
        ("architect-c8000",),
        4,
        extras=(IQ,),
        answers=0.7,
        override="Drain is piped on Monday; the carrier cannot wait.",
    ),
    # --- being installed or taught today
    Story("carver", ("quantstudio",), -4, extras=(IQ,)),
    Story("harrow", ("promethion",), -4),
    Story("kitamura", ("nextseq-2000",), -7, extras=(APP,)),
    Story("straits", ("gridion",), -3),
    Story(
        "clairvaux",
        ("orbitrap-astral",),
        -9,
        extras=(IQ,),
        late_steps={"lab-prep": 4},
        late_why={
            "lab-prep": Late(BlockCause.HVAC, Party.CUSTOMER, "The cooling had not been sized for the pumps.")
        },
    ),
    Story("lone-mesa", ("benchmark-xt",), -2),
    Story(
        "malarvik",
        ("icap-rq",),
        -8,
        extras=(IQ,),
        trouble=Trouble(
            "install", BlockCause.EXHAUST, "The duct draws at half the flow; the fan is being replaced.", -3
        ),
    ),
    Story("halden", ("agilent-8890",), -6, place=1, extras=(IQ,), late_steps={"install": 2}),
    # --- handed over
    Story("tasman", ("quantstudio",), -40, extras=(IQ,)),
    Story(
        "brandauer",
        ("api-4000",),
        -52,
        extras=(IQ,),
        late_steps={"lab-prep": 6},
        late_why={
            "lab-prep": Late(BlockCause.GAS, Party.SUPPLIER, "The gas fittings came in the wrong thread.")
        },
    ),
    Story(
        "strathcairn",
        ("fourier-300",),
        -66,
        extras=(IQ,),
        late_steps={"install": 3},
        late_why={"install": Late(BlockCause.CAPACITY, Party.US, "The second engineer was called away.")},
    ),
    Story("tidewater", ("gridion",), -25),
    Story("lemanique", ("promethion",), -33),
    # --- ended without handover
    Story(
        "rheinwald",
        ("agilent-8890",),
        6,
        answers=0.4,
        cancelled=(-12, "The laboratory moves to another building; a new order follows."),
    ),
)

_POWER = Late(BlockCause.POWER, Party.CUSTOMER, "The circuit was not dedicated; it had to be laid anew.")
_NETWORK = Late(BlockCause.NETWORK, Party.CUSTOMER, "The port waited for a firewall rule.")
_CUSTOMS = Late(BlockCause.CUSTOMS, Party.CARRIER, "The crate waited for an import paper.")
_FREIGHT = Late(BlockCause.FREIGHT, Party.CARRIER, "The crate was tilted; the carrier inspected it first.")
_AWAY = Late(BlockCause.PEOPLE, Party.CUSTOMER, "Two of the users were away; the course was finished later.")
_PARTS = Late(BlockCause.STOCK, Party.US, "A cable was missing from the crate.")

PAST: tuple[Story, ...] = tuple(
    Story(
        customer,
        (instrument,),
        -days_ago,
        answers=1.0,
        is_past=True,
        late_steps={step: days for step, days, _ in late},
        late_why={step: why for step, _, why in late if why is not None},
    )
    for customer, instrument, days_ago, late in (
        ("aarefeld", "ibright-fl1500", 318, ()),
        ("harrow", "ibright-fl1500", 297, ()),
        ("kowhai", "gridion", 288, (("delivery", 2, _CUSTOMS),)),
        ("isarquell", "gridion", 279, (("lab-prep", 1, None),)),
        ("lone-mesa", "gridion", 259, (("training", 1, _AWAY),)),
        ("garonne", "ibright-fl1500", 247, (("lab-prep", 5, _NETWORK),)),
        ("fjallsta", "ibright-fl1500", 228, (("delivery", 1, _FREIGHT),)),
        ("ostermoor", "gridion", 219, (("lab-prep", 2, _POWER),)),
        ("tanjong", "gridion", 197, (("lab-prep", 1, None), ("delivery", 3, _CUSTOMS))),
        ("kitamura", "ibright-fl1500", 174, (("install", 1, _PARTS),)),
        ("rheinwald", "gridion", 163, (("lab-prep", 4, _NETWORK),)),
        ("straits", "ibright-fl1500", 142, (("training", 1, _AWAY),)),
        ("tasman", "ibright-fl1500", 118, (("delivery", 1, _FREIGHT),)),
        ("lemanique", "gridion", 93, (("lab-prep", 3, _POWER),)),
    )
)
"""Small installations of earlier months, handed over long ago: what forecasts learn from."""
