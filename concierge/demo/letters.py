"""Letters that the example playbooks send around milestones."""

from __future__ import annotations

from dataclasses import dataclass

from concierge.demo.values import Text


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter: so many working days from the start of a milestone; negative is before."""

    key: str
    milestone: str
    workdays: int
    subject: Text
    text: Text


LETTERS: tuple[Letter, ...] = (
    Letter(
        key="before-delivery",
        milestone="delivery",
        workdays=-5,
        subject=Text("We deliver on {date}", "Wir liefern am {date}"),
        text=Text(
            "Dear {contact},\n\nthe crate for {project} is planned to reach you on {date}. "
            "Please keep the way from the dock free and have somebody there who may sign for it.",
            "Guten Tag {contact},\n\ndie Kiste für {project} kommt voraussichtlich am {date} bei Ihnen an. "
            "Bitte halten Sie den Weg von der Rampe frei; jemand mit Unterschriftsvollmacht sollte da sein.",
        ),
    ),
    Letter(
        key="after-handover",
        milestone="handover",
        workdays=3,
        subject=Text("How is your instrument doing?", "Wie läuft Ihr Gerät?"),
        text=Text(
            "Dear {contact},\n\nyour instrument has been yours for some days now. "
            "Write to us if anything is not as you need it; we are glad to help.",
            "Guten Tag {contact},\n\nIhr Gerät ist nun seit einigen Tagen in Ihren Händen. "
            "Schreiben Sie uns, wenn etwas nicht so ist, wie Sie es brauchen; wir helfen gern.",
        ),
    ),
)
