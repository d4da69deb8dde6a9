"""People's names, as far as something can be told from them."""

_TITLES = frozenset({"Dr", "Prof", "Mr", "Ms"})


def initials(name: str) -> str:
    """At most two letters for a round badge: of the first and the last name, without titles; "?" without any."""
    words = [word for word in name.split() if word[:1].isalpha() and word.rstrip(".") not in _TITLES]
    return "".join(word[0] for word in (words[:1] + words[1:][-1:])).upper() or "?"
