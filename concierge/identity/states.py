"""The states of a person's access and of a secret link's purpose."""

from enum import Enum


class AccessState(Enum):
    """Whether a person can sign in."""

    INVITED = "invited"
    ACTIVE = "active"
    DISABLED = "disabled"


class LinkPurpose(Enum):
    """What a secret link in a letter is for; a link serves its purpose only, once."""

    INVITATION = "invitation"
    PASSWORD_RESET = "password reset"  # noqa: S105 – the name of a purpose
