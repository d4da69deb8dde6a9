"""What shows that a visit was once given to somebody: a ticket that comes back with all that is entered there.

A device may be without network while its visit is given to somebody else. What was entered is kept all the same;
but nobody enters anything at a visit that was never theirs.
"""

import base64
import hmac


def ticket(user_id: int, uid: str, *, key: str) -> str:
    """The ticket of a person for a visit: 26 letters and digits that follow from the secret key."""
    digest = hmac.digest(key.encode(), f"field ticket {user_id} {uid}".encode(errors="replace"), "sha256")
    return base64.b32encode(digest).decode().lower()[:26]


def is_ticket(given: str, user_id: int, uid: str, *, key: str) -> bool:
    """Whether a ticket was given to this person for this visit."""
    own = ticket(user_id, uid, key=key)
    return hmac.compare_digest(own.encode(), given.encode(errors="replace"))
