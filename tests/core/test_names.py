"""What a name is shortened to."""

import pytest

from concierge.core.names import initials


@pytest.mark.parametrize(
    ("name", "letters"),
    [
        ("Ada Lind", "AL"),
        ("Dr Ines Maria Keller", "IK"),
        ("Prof. Yuki Tanaka", "YT"),
        ("Tomas", "T"),
        ("Émile (Labor) Ødegård", "ÉØ"),
        ("", "?"),
        ("007", "?"),
    ],
)
def test_initials_are_those_of_the_first_and_the_last_name(name: str, letters: str) -> None:
    assert initials(name) == letters
