"""The calls of a running centre to the kernel, changed while something lasts: refused, or late. What cannot be changed here is skipped,
but never on a build server."""

import contextlib
import os
import pathlib
import shutil
import subprocess
import time
from typing import Iterator, NoReturn

import pytest

from running_centre import STOP_SECONDS, RunningCentre

ATTACH_SECONDS = 20


@contextlib.contextmanager
def changed(centre: RunningCentre, call: str, change: str, log: pathlib.Path) -> Iterator[None]:
    """While this lasts, the given calls are changed as strace's `inject` says, as in `error=EIO:when=3` or `delay_exit=60000`."""
    if shutil.which("strace") is None:
        _skip("strace is not here; tests/run installs it")
    inject = f"inject={call}:{change}"
    command = ["strace", "-f", "-qq", "-o", str(log), "-e", f"trace={call}", "-e", inject, "-p", str(centre.pid)]
    tracer = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    try:
        until = time.monotonic() + ATTACH_SECONDS
        while not _all_are_traced(centre.pid):
            if tracer.poll() is not None:
                assert tracer.stderr is not None
                said = tracer.stderr.read().strip()
                assert "not permitted" in said, f"strace: {said}"
                _skip(f"strace may not look at another process here: {said}")
            assert time.monotonic() < until, "strace never came to attach"
            time.sleep(0.01)
        yield
    finally:
        tracer.terminate()
        tracer.wait(STOP_SECONDS)


def _skip(why: str) -> NoReturn:
    if os.environ.get("CI") == "true":
        pytest.fail(f"{why}; CI=true skips nothing")
    pytest.skip(why)


def _all_are_traced(pid: int) -> bool:
    """Whether each thread of a process has a tracer."""
    threads = list(pathlib.Path(f"/proc/{pid}/task").iterdir())
    return all("TracerPid:\t0\n" not in (thread / "status").read_text(encoding="ascii") for thread in threads)
