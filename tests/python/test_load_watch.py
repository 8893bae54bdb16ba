"""A run on a terminal: it is drawn, a key ends it gracefully, and the terminal is given back whatever ends it."""

import contextlib
import json
import os
import pathlib
import pty
import select
import signal
import subprocess
import termios
import time
from collections.abc import Callable, Iterator

import pytest

from conftest import StartCentre
from running_centre import RunningCentre, binary, standard_trace

ENTER, LEAVE = b"\x1b[?1049h", b"\x1b[?1049l"
LOCAL_MODES = 3


class Seen:
    """A run whose stderr and stdin are a terminal of 100 columns."""

    def __init__(self, *arguments: str) -> None:
        self._ours, theirs = pty.openpty()
        termios.tcsetwinsize(theirs, (30, 100))
        self._theirs = theirs
        self.modes_before = termios.tcgetattr(theirs)[LOCAL_MODES]
        self.process = subprocess.Popen(
            [binary("liandong-load"), "replay", *arguments],
            stdin=theirs, stderr=theirs, stdout=subprocess.PIPE, env={**os.environ, "TERM": "xterm-256color"},
        )
        self.screen = b""

    def read(self, enough: Callable[[bytes], bool], seconds: float = 60) -> None:
        """Reads what is drawn until it is enough."""
        until = time.monotonic() + seconds
        while not enough(self.screen):
            assert time.monotonic() < until, self.screen[-2_000:]
            if select.select([self._ours], [], [], 0.2)[0]:
                self.screen += os.read(self._ours, 65_536)

    def press(self, key: bytes) -> None:
        """Presses a key."""
        os.write(self._ours, key)

    def end(self) -> tuple[int, str]:
        """Waits for the end, reading on so that nobody waits for a full terminal; exit code and stdout."""
        until = time.monotonic() + 60
        while self.process.poll() is None:
            assert time.monotonic() < until, self.screen[-2_000:]
            if select.select([self._ours], [], [], 0.2)[0]:
                self.screen += os.read(self._ours, 65_536)
        while select.select([self._ours], [], [], 0.2)[0]:
            self.screen += os.read(self._ours, 65_536)
        assert self.process.stdout is not None
        return self.process.returncode, self.process.stdout.read().decode()

    def is_given_back(self) -> bool:
        """Whether the terminal is as it was: its own screen, its own modes."""
        same = termios.tcgetattr(self._theirs)[LOCAL_MODES] == self.modes_before
        return same and self.screen.count(ENTER) == self.screen.count(LEAVE) == 1

    def close(self) -> None:
        """Ends what is left."""
        self.process.kill()
        self.process.wait()
        os.close(self._ours)
        os.close(self._theirs)


@contextlib.contextmanager
def seen(*arguments: str) -> Iterator[Seen]:
    """A run on a terminal, ended in any case."""
    run = Seen(*arguments)
    try:
        yield run
    finally:
        run.close()


@pytest.fixture(scope="module")
def trace(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """A standard trace."""
    return standard_trace(tmp_path_factory.mktemp("trace") / "standard.csv", 2000)


def at_a_rate(trace: pathlib.Path, centre: RunningCentre) -> list[str]:
    """The arguments of a run at a rate that lasts."""
    return [str(trace), "--to", centre.address, "--rate", "50", "--for", "120s", "--settle", "120s"]


def test_the_key_q_ends_a_run_and_the_summary_says_so(start_centre: StartCentre, trace: pathlib.Path, tmp_path: pathlib.Path) -> None:
    centre = start_centre("wall")
    with seen(*at_a_rate(trace, centre), "--report", str(tmp_path / "report")) as run:
        run.read(lambda screen: b"in flight" in screen and b"left" in screen)
        assert not run.is_given_back()
        run.press(b"q")
        code, out = run.end()
        assert run.is_given_back() and code in (0, 2), out
    assert "cut short by the key q" in out and "lost 0" in out
    summary = json.loads((tmp_path / "report" / "summary.json").read_text(encoding="utf-8"))
    assert summary["cut_short"] == "the key q" and 0 < summary["sent"] < 50 * 120


def test_a_driven_run_is_drawn_too(start_centre: StartCentre, trace: pathlib.Path) -> None:
    centre = start_centre("driven")
    with seen(str(trace), "--to", centre.address, "--speed", "0.5") as run:
        run.read(lambda screen: b"centre answers" in screen)
        run.press(b"\x03")
        code, out = run.end()
        assert run.is_given_back() and code == 0, out
    assert "cut short" in out


def test_a_second_signal_ends_it_at_once_and_the_terminal_is_given_back(start_centre: StartCentre, trace: pathlib.Path) -> None:
    centre = start_centre("wall")
    with seen(*at_a_rate(trace, centre)) as run:
        run.read(lambda screen: b"in flight" in screen)
        # A centre that stands still: the first signal waits for answers that do not come.
        os.kill(centre.pid, signal.SIGSTOP)
        try:
            run.read(lambda screen: screen.count(b"\x1b[") > 400)
            run.process.terminate()
            run.read(lambda screen: b"stopping" in screen)
            run.process.terminate()
            code, _ = run.end()
        finally:
            os.kill(centre.pid, signal.SIGCONT)
        assert run.is_given_back() and code == 128 + signal.SIGTERM


def test_plain_and_dumb_terminals_get_lines(start_centre: StartCentre, trace: pathlib.Path) -> None:
    centre = start_centre("wall")
    with seen(str(trace), "--to", centre.address, "--rate", "50", "--for", "2s", "--plain") as run:
        code, out = run.end()
        assert code in (0, 2), out
        assert ENTER not in run.screen and b"in flight" in run.screen
