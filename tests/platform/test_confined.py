"""Whoever reads what others sent has little memory, reaches nothing outside, and opens no file but Python's own."""

import resource
import subprocess
import sys
from pathlib import Path

import pytest

import concierge

READERS = ("invitations/mail_reader.py", "readiness/return_reader.py", "workforce/busy_reader.py")
ACTS = (
    "open('/etc/passwd')", "open('x', 'w')", "open(sys.argv[1], 'a')", "os.open('/etc/passwd', 0)",
    "os.open('/dev/null', os.O_RDWR)", "socket.create_connection(('127.0.0.1', 9))", "os.system('true')",
    "os.remove('x')", "subprocess.run(['true'])",
)  # fmt: skip


@pytest.mark.parametrize("reader", READERS)
def test_a_reader_binds_itself_before_it_reads(reader: str, tmp_path: Path) -> None:
    """Its program up to where it has read its input and bound itself, and then acts of every forbidden kind."""
    source = (Path(concierge.__file__).parent / reader).read_text("utf-8")
    begins = {
        "mail_reader.py": "target.write(json.dumps(told(source.read())).encode())",
        "return_reader.py": "_answer(target, *mail(data))",
        "busy_reader.py": "found = read(data, horizon)",
    }[reader.rpartition("/")[2]]
    assert begins in source
    holed = tmp_path / "holed.py"
    tries = f"_try(target, lambda: [{', '.join(f'lambda: {act}' for act in ACTS)}])"
    holed.write_text(
        f"""import os, socket, subprocess, sys


def _try(target, acts):
    import resource, zoneinfo
    zoneinfo.ZoneInfo("Asia/Kathmandu")
    done = []
    for act in acts():
        try:
            act()
        except PermissionError:
            done.append("refused")
        else:
            done.append("done")
    done += [resource.getrlimit(kind)[0] for kind in (resource.RLIMIT_AS, resource.RLIMIT_CPU, resource.RLIMIT_FSIZE)]
    target.write(" ".join(map(str, done)).encode())
    target.flush()
    sys.exit()


{source.replace(begins, f"{tries}; {begins}")}"""
    )
    task = ["mail"] if "return" in reader else []
    head = b'{"zone": "UTC", "from": "2026-01-01T00:00:00+00:00", "to": "2026-02-01T00:00:00+00:00"}\n'

    told = subprocess.run(
        [sys.executable, "-P", str(holed), *task, str(512 << 20), "10"],
        input=head,
        capture_output=True,
        check=False,
        timeout=60,
    )

    assert told.stdout.decode().split() == ["refused"] * len(ACTS) + [str(512 << 20), "10", "0"], told.stderr
    assert resource.getrlimit(resource.RLIMIT_AS)[0] == resource.RLIM_INFINITY, "only the child's"
