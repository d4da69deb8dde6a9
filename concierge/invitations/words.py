"""Why answers change nothing, or want a person, kept so that each reader is told in their own language."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from flask_babel import lazy_gettext as _l

from concierge.invitations.models import Answer
from concierge.invitations.states import Because
from concierge.platform.speech import gettext as _
from concierge.platform.words import span


@dataclass(frozen=True, slots=True)
class Why:
    """What an answer came to, with the values that its sentence names; or what a machine said."""

    because: Because | None = None
    about: Mapping[str, str] = field(default_factory=dict)
    said: str = ""

    def as_json(self) -> dict[str, Any]:  # Any: JSON values
        """As an event carries it; `words_of_json` reads it."""
        return {
            "because": self.because.value if self.because else "",
            "about": dict(self.about),
            "why": self.said,
        }


def because(reason: Because, **about: str) -> Why:
    """Why, with the values that the sentence of a reason names."""
    return Why(reason, about)


def asked_for(starts_at: datetime, ends_at: datetime) -> dict[str, str]:
    """Another time as values of a reason; wall time of the site."""
    return {"from": starts_at.isoformat(), "to": ends_at.isoformat()}


def words_of(row: Answer) -> str:
    """What became of an answer and why, in the reader's language; empty when it was simply applied."""
    return _words(row.because, row.about or {}, row.why)


def words_of_json(told: Mapping[str, Any]) -> str:  # Any: JSON values
    """What an event says of it, in the reader's language."""
    known = {one.value: one for one in Because}
    return _words(known.get(str(told.get("because"))), told.get("about") or {}, str(told.get("why") or ""))


def _words(reason: Because | None, about: Mapping[str, Any], said: str) -> str:
    if reason is None:
        return said
    values = {"who": _("Somebody"), "asked": "", "method": "", "visit": "", "name": ""} | dict(about)
    if "from" in about:
        values["asked"] = span(datetime.fromisoformat(about["from"]), datetime.fromisoformat(about["to"]))
    return str(_SENTENCES[reason]) % values


_SENTENCES = {
    Because.NO_ANSWER: _l("It is no answer (%(method)s), and nothing from outside changes a visit."),
    Because.NAMED_TWICE: _l("It names the same person twice."),
    Because.FOR_SEVERAL: _l("It answers for several people at once."),
    Because.TIME_UNREADABLE: _l(
        "Another time is asked for, but it does not say which in a way that can be read."
    ),
    Because.SAYS_NOTHING: _l("It does not say what the answer is."),
    Because.NOT_INVITED: _l("%(who)s answered “%(visit)s” and is not invited."),
    Because.ANOTHER_APPOINTMENT: _l("It answers another appointment than the one it was sent for."),
    Because.NO_INVITATION: _l("It answers no invitation of ours."),
    Because.UNVOUCHED: _l("Nobody vouches for the sender."),
    Because.SENT_JUST_NOW: _l("The invitation was sent just now."),
    Because.SENT_AGAIN: _l("The invitation is sent once more."),
    Because.A_MACHINE: _l("A machine answered by itself."),
    Because.IN_WORDS: _l("They wrote in words what only a person understands."),
    Because.COPY_FAILED: _l("A copy of it that was passed on could not be delivered."),
    Because.MADE_SURE: _l("%(name)s made sure of it."),
    Because.TO_DECIDE: _l("Nobody vouches for the sender, so a person has to decide."),
    Because.NEITHER: _l("It says neither yes nor no."),
    Because.SAME_ANSWER: _l("The same answer came before."),
    Because.BEGUN: _l("The visit has begun or is over."),
    Because.CANCELLED: _l("The visit is cancelled."),
    Because.WITHDRAWN: _l("The invitation was withdrawn."),
    Because.OLDER: _l("It answers an older invitation; the visit has changed since."),
    Because.UNCERTAIN: _l("The visit is no longer certain."),
    Because.ANOTHER_GOES: _l("Somebody else goes by now."),
    Because.ASKED_BEFORE: _l("They asked for %(asked)s before they could know that the visit has changed."),
    Because.LATER_ANSWER: _l("A later answer came before this one."),
    Because.ANOTHER_COMES: _l("Somebody else is to come instead; a person has to arrange it."),
    Because.COMES_AFTER_ALL: _l("Declined before and would come after all."),
    Because.ON_THE_WAY: _l("Declined although already on the way."),
    Because.ENDS_FIRST: _l("The time that is asked for ends before it starts."),
    Because.HAS_PASSED: _l("The time that is asked for has passed."),
    Because.TOO_LONG: _l("The time that is asked for is longer than any visit."),
    Because.IS_THE_ONE: _l("The time that is asked for is the one it has."),
    Because.SAME_TIME: _l("The same time was asked for before."),
}
