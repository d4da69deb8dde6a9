"""Processes that tests start: they end with the test run, even when that is killed."""

import contextlib
import ctypes
import os
import random
import signal
import socket
import subprocess
import sys
from collections.abc import Callable

_WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
PORTS = range(20_000 + _WORKER % 16, 32_000, 16)
"""Those of this test process: others give their own, so that none is given twice before somebody listens."""
_given: set[int] = set()


def dies_with_parent(with_signal: signal.Signals) -> Callable[[], None] | None:
    """For `Popen(preexec_fn=…)`: the kernel sends the signal when the starter is gone (Linux only)."""
    if sys.platform != "linux":
        return None
    set_death_signal = 1  # PR_SET_PDEATHSIG, prctl(2)
    prctl = ctypes.CDLL(None).prctl
    return lambda: prctl(set_death_signal, int(with_signal))


def stop(process: subprocess.Popen[bytes], *, with_signal: signal.Signals, timeout_s: float = 10) -> None:
    """Ask a process to end, and end it (with its group, when it leads one) if it does not."""
    if process.poll() is not None:
        return
    process.send_signal(with_signal)
    try:
        process.wait(timeout_s)
    except subprocess.TimeoutExpired:
        with contextlib.suppress(ProcessLookupError):
            if os.getpgid(process.pid) == process.pid:
                os.killpg(process.pid, signal.SIGKILL)
        process.kill()
        process.wait(timeout_s)


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody listens on, each given once; systems give none of these to connections."""
    for port in random.SystemRandom().sample(PORTS, len(PORTS)):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            if port not in _given:
                _given.add(port)
                return port
    raise LookupError("no port of this machine is free")
