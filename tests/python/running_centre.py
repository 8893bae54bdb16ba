"""A `liandong serve` of our own: started in a fresh folder on free ports of loopback, always stopped again.

Whoever starts one stops it, by the child it started and never by a name. What it said on stderr is kept, so that a test
can see that nothing panicked.
"""

import json
import os
import pathlib
import random
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from typing import Any

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
START_SECONDS = 60
# How often a start is looked at; no measured start is more exact than this.
READY_POLL_SECONDS = 0.01
STOP_SECONDS = 30


def binary(name: str) -> str:
    """The path of a release binary."""
    folder = pathlib.Path(os.environ.get("LIANDONG_BINARIES", REPOSITORY / "target/release"))
    path = folder.absolute() / name
    assert path.exists(), f"{path} is missing; run `cargo build --release --workspace --bins` first"
    return str(path)


# Below those that clients are given, in slices: suites that run beside each other never reach for the same.
PORTS_FROM, PORTS_OF_WORKER, WORKERS_MAX = 16_000, 1_000, 16


def free_port(kind: socket.SocketKind) -> int:
    """A port of loopback that nobody uses now."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    first = PORTS_FROM + worker % WORKERS_MAX * PORTS_OF_WORKER
    while True:
        port = random.randrange(first, first + PORTS_OF_WORKER)
        with socket.socket(socket.AF_INET, kind) as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


def liandong(*arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    """Runs a command of the product to its end; a failure is a failure of the test."""
    done = subprocess.run([binary("liandong"), *arguments], capture_output=True, text=True, timeout=600, **options)
    assert done.returncode == 0, f"liandong {' '.join(arguments)}: {done.returncode}\n{done.stderr[-4000:]}"
    return done


def standard_trace(path: pathlib.Path, calls: int) -> pathlib.Path:
    """A trace of the standard load, always the same."""
    command = [binary("liandong-load"), "generate", "--profile", "standard", "--seed", "5", "--calls", str(calls), "-o", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return path


class RunningCentre:
    """One centre over one data folder; it can be started, stopped, killed and started again."""

    def __init__(self, folder: pathlib.Path, clock: str = "driven", settings: str = "", http: str = "", quic: str = "", **process: Any) -> None:
        """`settings` go into the configuration, `http` and `quic` into its tables of that name, `process` to the process."""
        self._http = http
        self._quic = quic
        self._process_options = process
        self.data = folder / "data"
        self._folder = folder
        self._clock = clock
        self._settings = settings
        self.quic_port = free_port(socket.SOCK_DGRAM)
        self.http_port = free_port(socket.SOCK_STREAM)
        self.process: subprocess.Popen[bytes] | None = None
        self._starts = 0

    def __enter__(self) -> "RunningCentre":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def address(self) -> str:
        """Where clients of the product find it."""
        return f"quic://127.0.0.1:{self.quic_port}"

    def start(self) -> None:
        """Starts it and waits until it is ready."""
        self._folder.mkdir(parents=True, exist_ok=True)
        config = self._folder / "liandong.toml"
        config.write_text(
            f'[quic]\nlisten = "127.0.0.1:{self.quic_port}"\n{self._quic}\n'
            f'[http]\nlisten = "127.0.0.1:{self.http_port}"\n{self._http}\n{self._settings}',
            encoding="utf-8",
        )
        self._starts += 1
        with open(self._log(self._starts), "wb") as log:
            self.process = subprocess.Popen(
                [binary("liandong"), "serve", "--config", str(config), "--data", str(self.data), "--clock", self._clock],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self._folder,
                **self._process_options,
            )
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until:
            assert self.process.poll() is None, f"it ended at its start:\n{self.said()[-4000:]}"
            try:
                if self.get("/readyz", seconds=2)[0] == 200:
                    return
            except (urllib.error.URLError, OSError):
                pass
            time.sleep(READY_POLL_SECONDS)
        self.kill()
        raise AssertionError(f"not ready after {START_SECONDS} s:\n{self.said()[-4000:]}")

    @property
    def pid(self) -> int:
        """The process, for limits and figures of its own."""
        assert self.process is not None
        return self.process.pid

    def stop(self) -> None:
        """Asks it to end and waits; kills it if it does not."""
        if self.process is None or self.process.poll() is not None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"it did not end within {STOP_SECONDS} s of SIGTERM:\n{self.said()[-4000:]}")

    def kill(self) -> None:
        """kill -9, by the process that was started here."""
        if self.process is not None and self.process.poll() is None:
            os.kill(self.process.pid, signal.SIGKILL)
            self.process.wait(STOP_SECONDS)

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return self.process is not None and self.process.poll() is None

    def said(self) -> str:
        """Everything it said so far, over all its starts."""
        logs = (self._log(start) for start in range(1, self._starts + 1))
        return "".join(log.read_text(encoding="utf-8", errors="replace") for log in logs)

    def assert_unharmed(self) -> None:
        """It runs, and nothing in it panicked."""
        assert self.alive, f"it is gone:\n{self.said()[-4000:]}"
        assert "panicked" not in self.said(), self.said()[-4000:]

    def get(self, path: str, seconds: float = 20) -> tuple[int, str]:
        """Status and body of a GET."""
        url = f"http://127.0.0.1:{self.http_port}{path}"
        try:
            with urllib.request.urlopen(url, timeout=seconds) as response:
                return response.status, response.read().decode()
        except urllib.error.HTTPError as refused:
            return refused.code, refused.read().decode()

    def stats(self) -> dict[str, Any]:
        """`/v1/stats`: sequence, state hash, conservation."""
        status, body = self.get("/v1/stats")
        assert status == 200, body
        return json.loads(body)

    def export(self) -> tuple[list[dict[str, Any]], pathlib.Path]:
        """The records of its journal, and the folder with the objects they name."""
        objects = self._folder / "objects"
        done = liandong("journal", "export", str(self.data), "--objects", str(objects))
        return [json.loads(line) for line in done.stdout.splitlines()], objects

    def hash_at(self, seq: int) -> str:
        """The hash of the state at a sequence, from the journal alone."""
        return liandong("journal", "hash", str(self.data), "--at", str(seq)).stdout.strip()

    def _log(self, start: int) -> pathlib.Path:
        return self._folder / f"serve-{start}.log"
