"""The two secrets of an invitation: the address that answers by mail go to, and the token of its answer page.

Both follow from the invitation's random nonce and the secret key, so that neither is stored anywhere and both
can be shown again. Whoever has one of them was sent the invitation, or got it from somebody who was.
"""

import hmac
import re
import secrets
from base64 import b32encode
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256

_TAGGED = re.compile(r"(?P<id>[0-9]{1,15})[.](?P<proof>[a-z2-7]{32})", re.ASCII)
_TOKEN = re.compile(r"(?P<id>[0-9]{1,15})-(?P<proof>[a-z2-7]{32})", re.ASCII)
_FORM = re.compile(r"(?P<seconds>[0-9]{1,12})-(?P<proof>[a-z2-7]{32})", re.ASCII)

FORM_LASTS = timedelta(days=7)
"""So long somebody may leave an answer page open before they press a button."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """Which invitation an address or a token names, and what it brings as proof; nothing is believed yet."""

    invitation_id: int
    proof: str


def fresh_nonce() -> str:
    """A nonce for a new invitation: 256 random bits as hexadecimal text."""
    return secrets.token_hex(32)


def reply_address(invitation_id: int, nonce: str, *, key: str, mailbox: str) -> str:
    """The secret address of an invitation: ``schedule+12.<proof>@example.com``.

    :param mailbox: the address that all answers are read from, e.g. ``schedule@example.com``.
    """
    local, _, domain = mailbox.rpartition("@")
    return f"{local}+{invitation_id}.{_proof(b'reply address', invitation_id, nonce, key=key)}@{domain}"


def page_token(invitation_id: int, nonce: str, *, key: str) -> str:
    """The token of an invitation's answer page."""
    return f"{invitation_id}-{_proof(b'answer page', invitation_id, nonce, key=key)}"


def invitation_id_and_proof(address: str) -> Claimed | None:
    """What a mail address says of itself after its plus sign; None when it says nothing we would have written.

    Mail servers and people change the case of letters, so that it does not count.
    """
    local, _, _domain = address.strip().lower().removeprefix("mailto:").rpartition("@")
    _mailbox, plus, tag = local.partition("+")
    return _claimed(_TAGGED.fullmatch(tag)) if plus else None


def token_id_and_proof(token: str) -> Claimed | None:
    """What the token of an answer page says of itself; None when it is not one of ours."""
    return _claimed(_TOKEN.fullmatch(token))


def is_address_of(claimed: Claimed, nonce: str, *, key: str) -> bool:
    """Whether the proof of a reply address is the invitation's own; takes as long whatever it is."""
    own = _proof(b"reply address", claimed.invitation_id, nonce, key=key)
    return hmac.compare_digest(own.encode(), claimed.proof.encode())


def is_token_of(claimed: Claimed, nonce: str, *, key: str) -> bool:
    """Whether the proof of a page's token is the invitation's own; takes as long whatever it is."""
    own = _proof(b"answer page", claimed.invitation_id, nonce, key=key)
    return hmac.compare_digest(own.encode(), claimed.proof.encode())


def form_proof(token: str, *, key: str, at: datetime) -> str:
    """What the form on an answer page carries, so that it is taken from a browser without cookies, too.

    Only who was shown the page of this very token has it; another site does not know the token.
    """
    seconds = int(at.timestamp())
    return f"{seconds}-{_form_proof(token, seconds, key=key)}"


def is_form_proof(given: str, token: str, *, key: str, at: datetime) -> bool:
    """Whether a form comes from the answer page of a token, and not from long ago."""
    found = _FORM.fullmatch(given)
    if found is None:
        return False
    seconds = int(found["seconds"])
    own = _form_proof(token, seconds, key=key)
    if not hmac.compare_digest(own.encode(), found["proof"].encode()):
        return False
    return timedelta(0) <= at - datetime.fromtimestamp(seconds, UTC) <= FORM_LASTS


def _claimed(found: re.Match[str] | None) -> Claimed | None:
    return Claimed(int(found["id"]), found["proof"]) if found else None


def _proof(purpose: bytes, invitation_id: int, nonce: str, *, key: str) -> str:
    """160 bits in lower-case base32: a local part stays within 64 characters and survives a change of case."""
    made = hmac.digest(key.encode(), purpose + f":{invitation_id}:{nonce}".encode(), sha256)
    return b32encode(made[:20]).decode().lower()


def _form_proof(token: str, seconds: int, *, key: str) -> str:
    made = hmac.digest(key.encode(), f"answer form:{token}:{seconds}".encode(), sha256)
    return b32encode(made[:20]).decode().lower()
