"""Run by the system's Python, which has GNOME's bindings: subscribes Evolution's data server to an address.

`evolution.py ADDRESS`, then one line of standard input per question: "look" fetches anew and answers with one
line of JSON, the entries it holds; the end of the input ends it.
"""

import json
import sys
import time
from urllib.parse import urlsplit

import gi

gi.require_version("EDataServer", "1.2")
gi.require_version("ECal", "2.0")
gi.require_version("ICalGLib", "3.0")
from gi.repository import ECal, EDataServer, ICalGLib  # noqa: E402

CONNECT_WITHIN_S = 30


def main(address: str) -> None:
    """Subscribe, then answer until the input ends."""
    client = _subscribed(address)
    for _ in sys.stdin:
        client.refresh_sync(None)
        time.sleep(3)
        found, objects = client.get_object_list_sync("#t", None)
        print(json.dumps([_entry(each) for each in objects] if found else []), flush=True)


def _subscribed(address: str) -> ECal.Client:
    registry = EDataServer.SourceRegistry.new_sync(None)
    parts = urlsplit(address)
    source = EDataServer.Source.new_with_uid("concierge-check", None)
    source.set_display_name("Concierge")
    source.set_parent("webcal-stub")
    source.get_extension("Calendar").set_backend_name("webcal")
    source.get_extension("WebDAV Backend").set_resource_path(parts.path)
    authentication = source.get_extension("Authentication")
    authentication.set_host(parts.hostname)
    authentication.set_port(parts.port)
    authentication.set_method("none")
    source.get_extension("Security").set_method("none")
    registry.commit_source_sync(source, None)
    known = registry.ref_source("concierge-check")
    return ECal.Client.connect_sync(known, ECal.ClientSourceType.EVENTS, CONNECT_WITHIN_S, None)


def _entry(component: ICalGLib.Component) -> dict[str, str]:
    status = component.get_first_property(ICalGLib.PropertyKind.STATUS_PROPERTY)
    return {
        "uid": component.get_uid(),
        "title": component.get_summary() or "",
        "start": _instant(component.get_dtstart()),
        "end": _instant(component.get_dtend()),
        "status": status.get_value_as_string() if status else "",
    }


def _instant(when: ICalGLib.Time) -> str:
    if when.is_date():
        return f"{when.get_year():04}-{when.get_month():02}-{when.get_day():02}"
    seconds = when.as_timet_with_zone(ICalGLib.Timezone.get_utc_timezone())
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


if __name__ == "__main__":
    main(sys.argv[1])
