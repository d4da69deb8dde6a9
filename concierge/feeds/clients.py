"""Which calendar program a User-Agent names, and what each program makes of an address."""

import re
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import quote, urlsplit

_PREVIEWS = (
    (re.compile(r"Slackbot|Slack-ImgProxy", re.IGNORECASE), "Slack (link preview)"),
    (re.compile(r"Twitterbot", re.IGNORECASE), "X (link preview)"),
    (
        re.compile(r"facebookexternalhit|facebookcatalog|meta-externalagent", re.IGNORECASE),
        "Facebook (link preview)",
    ),
    (re.compile(r"LinkedInBot", re.IGNORECASE), "LinkedIn (link preview)"),
    (re.compile(r"WhatsApp", re.IGNORECASE), "WhatsApp (link preview)"),
    (re.compile(r"TelegramBot", re.IGNORECASE), "Telegram (link preview)"),
    (re.compile(r"Discordbot", re.IGNORECASE), "Discord (link preview)"),
    (
        re.compile(r"SkypeUriPreview|MicrosoftPreview|Microsoft Teams|MS Teams", re.IGNORECASE),
        "Teams or Skype (link preview)",
    ),
    (re.compile(r"bot\b|crawler|spider|preview|unfurl", re.IGNORECASE), "a robot"),
)
"""Programs that look at an address because somebody sent it in a message: nobody reads a calendar in them."""
_PROGRAMS = (
    (re.compile(r"Google-Calendar", re.IGNORECASE), "Google Calendar"),
    (
        re.compile(r"Microsoft Office|ms-?office|Outlook|Microsoft\.Exchange|Exchange/", re.IGNORECASE),
        "Outlook",
    ),
    (re.compile(r"Thunderbird", re.IGNORECASE), "Thunderbird"),
    (re.compile(r"ICSx5", re.IGNORECASE), "ICSx5"),
    (re.compile(r"Evolution", re.IGNORECASE), "Evolution"),
    (re.compile(r"Nextcloud", re.IGNORECASE), "Nextcloud"),
    (re.compile(r"HomeAssistant|Home Assistant", re.IGNORECASE), "Home Assistant"),
    (re.compile(r"vdirsyncer", re.IGNORECASE), "vdirsyncer"),
    (
        re.compile(r"^iOS/.*(dataaccessd|remindd)|dataaccessd", re.IGNORECASE),
        "Apple Calendar (iPhone or iPad)",
    ),
    (re.compile(r"CalendarAgent|macOS/.*Calendar|CoreDAV", re.IGNORECASE), "Apple Calendar (Mac)"),
    (re.compile(r"KOrganizer|Merkuro|Akonadi", re.IGNORECASE), "KOrganizer"),
)
_HANDS = (
    (re.compile(r"^curl/", re.IGNORECASE), "curl"),
    (re.compile(r"^Wget", re.IGNORECASE), "Wget"),
    (re.compile(r"Mozilla/", re.IGNORECASE), "a browser"),
)
"""With these somebody looks at an address once; their device does not know of a change for it."""
_NO_CALENDARS = frozenset(name for _pattern, name in (*_PREVIEWS, *_HANDS))
_UNSAFE = re.compile(r"[^\w .()/+-]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Links:
    """One address as each kind of program wants it; the schemes and encodings are not interchangeable."""

    https: str
    webcal: str
    google: str
    outlook_work: str
    outlook_home: str

    @property
    def is_reachable_from_outside(self) -> bool:
        """Whether Google and Microsoft, which fetch by themselves, can reach the address at all."""
        host = urlsplit(self.https).hostname or ""
        is_name = "." in host and not re.fullmatch(r"[\d.]+", host)
        return is_name and not host.endswith((".localdomain", ".local", ".internal", ".test"))


@lru_cache(maxsize=1024)
def client_named(user_agent: str) -> str:
    """The program's name in words, or the first word of what it calls itself."""
    for pattern, name in (*_PREVIEWS, *_PROGRAMS, *_HANDS):
        if pattern.search(user_agent):
            return name
    words = _UNSAFE.sub("", user_agent).split()
    return words[0][:60] if words else "an unnamed program"


def is_a_calendar(client: str) -> bool:
    """Whether what a program of this name fetched stands in a calendar that somebody looks at."""
    return client not in _NO_CALENDARS


def links_to(url: str, *, title: str) -> Links:
    """The subscribe links of an address.

    Google refuses the https form and wants `webcal:` percent-encoded; Outlook drops `webcal:` and wants
    https.
    """
    webcal = "webcal://" + url.partition("://")[2]
    outlook = f"addfromweb?url={quote(url, safe='')}&name={quote(title, safe='')}"
    return Links(
        https=url,
        webcal=webcal,
        google=f"https://calendar.google.com/calendar/r?cid={quote(webcal, safe='')}",
        outlook_work=f"https://outlook.office.com/calendar/0/{outlook}",
        outlook_home=f"https://outlook.live.com/calendar/0/{outlook}",
    )
