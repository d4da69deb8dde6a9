"""Letters about leave, as values: to those who decide, and to whoever asked."""

from flask_babel import force_locale
from flask_babel import gettext as _

from concierge.identity.models import User
from concierge.platform.mail import Letter
from concierge.platform.words import clock_time, day
from concierge.workforce.calendars import Away
from concierge.workforce.models import LeaveRequest
from concierge.workforce.states import LeaveState


def asked(request: LeaveRequest, *, to: User, address: str) -> Letter:
    """The letter to somebody who may decide.

    :param request: with technician and user.
    :param address: public address of the application, without a slash at the end.
    """
    name = request.technician.user.name
    with force_locale(to.language):
        text = "\n\n".join(
            part
            for part in (
                _("Hello %(name)s,", name=to.name),
                _("%(name)s asks to be away %(when)s.", name=name, when=when(request)),
                request.note,
                _("Who else is there and which visits it touches stands here, where you decide as well:"),
                f"{address}/leave/{request.id}",
            )
            if part
        )
        subject = _("Leave of %(name)s %(when)s", name=name, when=when(request))
    return _letter(to, subject, text)


def decided(request: LeaveRequest, *, by: str, address: str) -> Letter:
    """The letter to the technician: how it was decided."""
    to = request.technician.user
    with force_locale(to.language):
        if request.state is LeaveState.APPROVED:
            said = _("Your leave %(when)s is approved.", when=when(request))
            subject = _("Your leave is approved: %(when)s", when=when(request))
        else:
            said = _("Your leave %(when)s cannot be granted.", when=when(request))
            subject = _("Your leave cannot be granted: %(when)s", when=when(request))
        text = _text(to, said, request.answer, by, f"{address}/leave/{request.id}")
    return _letter(to, subject, text)


def withdrawn(request: LeaveRequest, *, to: User, by: str, address: str) -> Letter:
    """The letter that says that leave is not to be, to the technician or to somebody who decides."""
    name = request.technician.user.name
    with force_locale(to.language):
        if to.id == request.technician.user_id:
            said = _("Your leave %(when)s was taken back.", when=when(request))
            subject = _("Your leave was taken back: %(when)s", when=when(request))
        else:
            said = _("%(name)s is not away %(when)s after all.", name=name, when=when(request))
            subject = _("Leave of %(name)s is withdrawn: %(when)s", name=name, when=when(request))
        text = _text(to, said, request.answer, by, f"{address}/leave/{request.id}")
    return _letter(to, subject, text)


def undecided(request: LeaveRequest, *, by: str, address: str) -> Letter:
    """The letter to the technician: a decision was taken back."""
    to = request.technician.user
    with force_locale(to.language):
        said = (
            _(
                "The decision on your leave %(when)s was taken back; it waits to be decided again.",
                when=when(request),
            )
            if request.state is LeaveState.REQUESTED
            else _(
                "What became of your leave %(when)s has changed again. See where it stands.",
                when=when(request),
            )
        )
        subject = _("Your leave is looked at again: %(when)s", when=when(request))
        text = _text(to, said, "", by, f"{address}/leave/{request.id}")
    return _letter(to, subject, text)


def when(request: Away) -> str:
    """The days of a request or an absence, and its times, in words."""
    first, last = day(request.first_on), day(request.last_on)
    if request.first_on == request.last_on:
        if request.from_time is None and request.to_time is None:
            return _("on %(day)s", day=first)
        return _(
            "on %(day)s, %(start)s–%(end)s",
            day=first,
            start=clock_time(request.from_time) if request.from_time else "00:00",
            end=clock_time(request.to_time) if request.to_time else "24:00",
        )
    if request.from_time is not None:
        first = _("%(day)s at %(clock)s", day=first, clock=clock_time(request.from_time))
    if request.to_time is not None:
        last = _("%(day)s at %(clock)s", day=last, clock=clock_time(request.to_time))
    return _("from %(first)s to %(last)s", first=first, last=last)


def _text(to: User, said: str, answer: str, by: str, link: str) -> str:
    parts = (_("Hello %(name)s,", name=to.name), said, answer, by, link)
    return "\n\n".join(part for part in parts if part)


def _letter(to: User, subject: str, text: str) -> Letter:
    return Letter(to=to.email, to_name=to.name, subject=subject[:300], text=text, language=to.language)
