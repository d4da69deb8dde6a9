"""The languages in which an instrument arrives."""

from __future__ import annotations

from concierge.catalogue.states import ItemType
from concierge.demo.requirements.item import ask
from concierge.demo.values import Instrument, Item, Text

SPOKEN = (
    ("en", Text("English", "Englisch")),
    ("de", Text("German", "Deutsch")),
    ("fr", Text("French", "Französisch")),
    ("it", Text("Italian", "Italienisch")),
    ("es", Text("Spanish", "Spanisch")),
    ("nl", Text("Dutch", "Niederländisch")),
    ("pt", Text("Portuguese", "Portugiesisch")),
    ("sv", Text("Swedish", "Schwedisch")),
    ("da", Text("Danish", "Dänisch")),
    ("ja", Text("Japanese", "Japanisch")),
    ("zh", Text("Chinese", "Chinesisch")),
    ("ko", Text("Korean", "Koreanisch")),
    ("ar", Text("Arabic", "Arabisch")),
)
"""Manuals and labels are there in these."""
SCREENS = ("en", "de", "fr", "es", "ja", "zh")
"""The screens speak these."""


def language(instrument: Instrument) -> list[Item]:
    """What is asked about languages: the law's for manuals and labels, the users' for the screens."""
    return [
        ask(
            "manual-language",
            "supplies",
            ItemType.CHOICE,
            -42,
            Text(
                "Language of manuals and safety labels; at your site that is {languages}",
                "Sprache der Handbücher und Warnschilder; an Ihrem Standort ist das {languages}",
            ),
            Text(
                "Warnings have to be understood by everybody who works there.",
                "Warnungen müssen alle verstehen, die dort arbeiten.",
            ),
            Text(
                "Choose the one that most of them read; it is packed with the instrument.",
                "Wählen Sie die, die die meisten lesen; sie wird mit dem Gerät eingepackt.",
            ),
            choices=SPOKEN,
            fact="languages",
            role="safety",
        ),
        ask(
            "screen-language",
            "supplies",
            ItemType.CHOICE,
            -28,
            Text("Language of the screens", "Sprache der Bildschirme"),
            Text("It is set before delivery.", "Sie wird vor der Lieferung eingestellt."),
            Text(
                "The users may change it later.",
                "Die Anwenderinnen und Anwender können sie später ändern.",
            ),
            choices=tuple(one for one in SPOKEN if one[0] in SCREENS),
        ),
    ]
