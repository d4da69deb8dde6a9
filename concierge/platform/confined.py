"""For child processes that read what others sent: little memory, little time, no network, no file but Python's own.

It imports nothing of Concierge, so that such a child stays small; `platform/pdf_press.py` has rules of its own, because
it writes fonts and lives long.
"""

import os
import sys
import sysconfig
import zoneinfo
from typing import Any

try:
    import resource
except ImportError:  # a system without them: the parent's clock is the only limit there
    resource = None  # type: ignore[assignment]  # the name stays, its absence is asked for below

_FORBIDDEN = (
    "socket.", "urllib.Request", "http.client.", "ftplib.", "smtplib.", "ctypes.dlopen",
    "subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.fork", "os.putenv",
    "os.remove", "os.rename", "os.rmdir", "os.mkdir", "os.link", "os.symlink", "os.chmod", "os.truncate",
    "shutil.", "webbrowser.", "winreg.",
)  # fmt: skip


def limit(memory_bytes: int, seconds: int) -> None:
    """Let this process use so much memory and so many seconds of the processor, and write no file.

    :param seconds: from its start on.
    """
    if resource is not None:
        resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


def shut(*also: str) -> None:
    """Refuse this process everything outside from now on, but what Python, its packages and time zones consist of.

    :param also: beginnings of further audit events to refuse.
    """
    forbidden = _FORBIDDEN + also

    def refuse(event: str, args: tuple[Any, ...]) -> None:  # Any: an event's own arguments
        if event.startswith(forbidden):
            raise PermissionError("what others sent reaches nothing outside")
        if event == "open" and not _may_open(*args):
            raise PermissionError("what others sent opens no file")

    sys.addaudithook(refuse)


def _may_open(path: object, mode: object, flags: object) -> bool:
    if isinstance(flags, int) and flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC):
        return False
    if not isinstance(path, str | bytes):
        return isinstance(path, int)
    return os.path.realpath(os.fsdecode(path)).startswith(_OURS)


def _folders() -> tuple[str, ...]:
    """Where Python, its packages and the time zones lie."""
    paths = sysconfig.get_paths()
    found = {paths[name] for name in ("stdlib", "platstdlib", "purelib", "platlib")} | set(zoneinfo.TZPATH)
    found |= {place for place in sys.path if place.endswith("-packages")}
    return tuple(os.path.realpath(path).rstrip(os.sep) + os.sep for path in found)


_OURS = _folders()
