"""What a customer's person takes care of."""

from enum import Enum


class ContactRole(Enum):
    """The part a contact plays in getting the site ready."""

    LAB = "lab"
    FACILITIES = "facilities"
    IT = "it"
    SAFETY = "safety"
    PURCHASING = "purchasing"
    RECEIVING = "receiving"


class SiteClosureKind(Enum):
    """Why nothing happens at a site: it is shut, or it is frozen (people work, but nothing may be changed)."""

    SHUTDOWN = "shutdown"
    FROZEN = "frozen"
