"""Reads a calendar with libical and prints what it sees as JSON. Runs under the system's Python, which has
gi.
"""

import json
import sys

import gi

gi.require_version("ICalGLib", "3.0")
from gi.repository import ICalGLib  # noqa: E402


def iso(time):
    if time is None or time.is_null_time():
        return ""  # what answers another time names the visit only
    day = f"{time.get_year():04}-{time.get_month():02}-{time.get_day():02}"
    if time.is_date():
        return day
    assert time.is_utc(), "a time that is not UTC"
    return f"{day}T{time.get_hour():02}:{time.get_minute():02}:{time.get_second():02}Z"


def read(text):
    calendar = ICalGLib.Component.new_from_string(text)
    if calendar is None:
        return {"errors": ["libical cannot read the file"], "entries": []}
    errors = [] if calendar.check_restrictions() else ["a restriction of RFC 5546 is not kept"]
    entries = []
    event = calendar.get_first_component(ICalGLib.ComponentKind.VEVENT_COMPONENT)
    while event is not None:
        wrong = event.get_first_property(ICalGLib.PropertyKind.XLICERROR_PROPERTY)
        if wrong is not None:
            errors.append(wrong.as_ical_string())
        entries.append(
            {
                "uid": event.get_uid(),
                "start": iso(event.get_dtstart()),
                "end": iso(event.get_dtend()),
                "title": event.get_summary(),
            }
        )
        event = calendar.get_next_component(ICalGLib.ComponentKind.VEVENT_COMPONENT)
    if calendar.count_errors():
        errors.append(f"{calendar.count_errors()} errors")
    return {"errors": errors, "entries": entries}


json.dump(read(sys.stdin.buffer.read().decode()), sys.stdout)
