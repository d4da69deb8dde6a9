"""Text as it is searched for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from concierge.core.search import normalised, terms


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("Universität Zürich", "universitat zurich"),
        ("STRASSE Straße straẞe", "strasse strasse strasse"),
        ("Sacré-Cœur, Œuvre", "sacre coeur oeuvre"),
        ("Łódź Ørsted Ærø Đà Nẵng", "lodz orsted aero da nang"),
        ("ΣΊΣΥΦΟΣ Σίσυφος", "σισυφοσ σισυφοσ"),
        ("İstanbul ıstanbul", "istanbul istanbul"),
        ("ﬁne ½ №5 ｆｕｌｌ", "fine 1 2 no5 full"),
        ("HB-2041 / PO_2024", "hb 2041 po 2024"),
        ("東京研究所", "東京 京研 研究 究所"),
        ("ｶﾞﾗｽ ガラス", "カラ ラス カラ ラス"),
        ("NMR研究所2号", "nmr 研究 究所 2 号"),
        ("서울 대학교", "서울 대학 학교"),
        ("zero\u200bwidth soft\u00adhyphen", "zerowidth softhyphen"),
        (" \t\n", ""),
        ("%_\\*\"'", ""),
    ],
)
def test_text_is_kept_without_case_marks_and_punctuation(text: str, kept: str) -> None:
    assert normalised(text) == kept


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("zurich Zürich", ("zurich",)),
        ("HB-2041 halden", ("hb 2041", "halden")),
        ("研究所", ("研究", "究所")),
        ("研", ("研",)),
        ("O'Brien's", ("o brien s",)),
        ("NEAR( AND *", ("near", "and")),
        ("% _ \\ \" ' *", ()),
        ("", ()),
    ],
)
def test_a_query_becomes_terms(query: str, wanted: tuple[str, ...]) -> None:
    assert terms(query) == wanted


@given(st.text(max_size=60))
def test_normalising_twice_changes_nothing(text: str) -> None:
    assert normalised(normalised(text)) == normalised(text)


@given(st.text(max_size=60))
def test_a_text_holds_every_term_of_itself(text: str) -> None:
    assert all(term in normalised(text) for term in terms(text))
