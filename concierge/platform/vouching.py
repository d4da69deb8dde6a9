"""Whom our own mail server vouches for: what it found of the signatures (DKIM) of a message that came in.

Anybody can write such a header; only the topmost one that carries our server's name is read (RFC 8601 §5).
"""

import re
from collections.abc import Collection


def is_vouched(sender: str, header: str, *, authserv: str) -> bool:
    """Whether a message comes from where it claims to, as far as our server says: signed by its sender's domain.

    :param sender: the address in From.
    :param header: the topmost Authentication-Results.
    :param authserv: the name that our server signs its results with; empty: it says nothing, and nothing speaks
        against the sender.
    """
    return not authserv or is_of(sender, signing_domains(header, authserv))


def is_of(address: str, domains: Collection[str]) -> bool:
    """Whether an address belongs to one of these domains or to a domain below one."""
    own = address.rpartition("@")[2].lower().rstrip(".")
    return any(own == domain or own.endswith("." + domain) for domain in domains)


def signing_domains(header: str, authserv: str) -> frozenset[str]:
    """The domains whose signature our server found to be right (RFC 8601 §2.2); none when the header is another's."""
    name, *results = _without_comments(header).split(";")
    words = name.split()
    if not words or words[0].lower() != authserv.lower():
        return frozenset()
    found = set()
    for result in results:
        if re.match(r"\s*dkim\s*(/\s*1\s*)?=\s*pass(\s|$)", result, re.IGNORECASE):
            given = re.search(
                r"\sheader\.d\s*=\s*\"?([A-Za-z0-9.-]{3,253})\"?(?=\s|$)", result, re.IGNORECASE
            )
            if given and "." in given[1].strip("."):
                found.add(given[1].lower().strip("."))
    return frozenset(found)


def _without_comments(header: str) -> str:
    """A header without its comments, which may nest (RFC 5322 §3.2.2); what is quoted cannot end a result."""
    kept, depth, is_quoted, is_escaped = [], 0, False, False
    for letter in header:
        if is_escaped:
            is_escaped = False
        elif letter == "\\":
            is_escaped = True
        elif letter == '"' and not depth:
            is_quoted = not is_quoted
        elif letter == "(" and not is_quoted:
            depth += 1
        elif letter == ")" and not is_quoted:
            depth = max(0, depth - 1)
        elif not depth:
            kept.append("_" if is_quoted and letter in ";=" else letter)
    return "".join(kept)
