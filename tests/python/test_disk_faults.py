"""Disks that fail under the real binary: write and sync errors from the kernel's door, and a file system that is full.

`strace` is attached to a centre that serves and lets its n-th write or sync fail; nothing in the centre knows of it. The full
disk is a small file system of its own, and mending it means to take something else away from it.
"""

import asyncio
import contextlib
import http.client
import json
import os
import pathlib
import shutil
import subprocess
import time
from typing import Iterator

import pytest

from calls import call as call_of, spread
from conftest import StartCentre
from disk_faults import assert_ended_aloud, assert_everybody_was_told, assert_nothing_is_lost, ask_until_gone
from http_client import ask, post_call
from running_centre import STOP_SECONDS, RunningCentre
from under_strace import changed

# No watermarks: what happens when they were not heeded.
SETTINGS = "[journal]\nsegment_mib = 8\nroom_low_mib = 0\nroom_least_mib = 0\n"
SEGMENT_BYTES = 8 << 20
# So many bytes a call that a segment is full after a few hundred of them.
LONG_TEXT = "三楼着火了，有人被困，" * 600
LONG_TEXT_BYTES = len(LONG_TEXT.encode())
PLACE = {"EIO": "Input/output error", "ENOSPC": "No space left on device"}


# --- errors of the disk ----------------------------------------------------------------------------------------------


def wait_for_spare(centre: RunningCentre) -> None:
    """Waits until the next segment lies ready, so that what is counted from here on is the service's own."""
    until = time.monotonic() + STOP_SECONDS
    spare = centre.data / "next.new"
    while not spare.exists() or spare.stat().st_blocks * 512 < SEGMENT_BYTES:
        assert time.monotonic() < until, "the spare segment was never made"
        time.sleep(0.02)
    time.sleep(0.2)


def fails_and_recovers(
    centre: RunningCentre, call: str, error: str, when: str, log: pathlib.Path, why: str, text: str | None = None
) -> None:
    """The whole story of one fault."""
    wait_for_spare(centre)
    with changed(centre, call, f"error={error}:when={when}", log):
        told = asyncio.run(ask_until_gone(centre, text))
        assert_ended_aloud(centre, (why, PLACE[error], "at sequence"))
    assert "(INJECTED)" in log.read_text(encoding="utf-8"), "the fault never came"
    assert_everybody_was_told(told)
    assert_nothing_is_lost(centre, told)


@pytest.mark.parametrize("when", ["1", "5", "3+"])
def test_a_sync_that_fails_ends_the_centre(start_centre: StartCentre, tmp_path: pathlib.Path, when: str) -> None:
    """The n-th sync, once or from there on: no sync is tried again, whoever waits for it is told, nothing answered is lost."""
    fails_and_recovers(start_centre("wall", SETTINGS), "fdatasync", "EIO", when, tmp_path / "strace.log", "cannot sync")


@pytest.mark.parametrize("error", ["EIO", "ENOSPC"])
@pytest.mark.parametrize("when", ["1", "6", "3+"])
def test_a_write_that_fails_ends_the_centre(
    start_centre: StartCentre, tmp_path: pathlib.Path, error: str, when: str
) -> None:
    fails_and_recovers(start_centre("wall", SETTINGS), "pwrite64", error, when, tmp_path / "strace.log", "cannot write")


@pytest.mark.parametrize(
    ("call", "error", "why"),
    [("fsync", "EIO", "cannot sync"), ("/^rename", "EIO", "cannot rename")],
)
def test_a_turn_to_the_next_segment_that_fails_ends_the_centre(
    start_centre: StartCentre, tmp_path: pathlib.Path, call: str, error: str, why: str
) -> None:
    """Long calls fill a segment; then the next one cannot be named."""
    centre = start_centre("wall", SETTINGS)
    fails_and_recovers(centre, call, error, "1", tmp_path / "strace.log", why, LONG_TEXT)


def test_a_segment_that_cannot_be_prepared_yet_stops_nobody(start_centre: StartCentre, tmp_path: pathlib.Path) -> None:
    """The segment after the next is asked for early; where the disk refuses, the one in use is filled and it is asked again."""
    centre, log = start_centre("wall", SETTINGS), tmp_path / "strace.log"
    wait_for_spare(centre)
    with changed(centre, "fallocate", "error=ENOSPC:when=1", log):
        for number in range(3 * SEGMENT_BYTES // LONG_TEXT_BYTES):
            answer = post_call(centre, call_of(f"long-{number}", LONG_TEXT))
            assert answer.status == 200, answer.body
    assert "(INJECTED)" in log.read_text(encoding="utf-8"), "the fault never came"
    assert len(list(centre.data.glob("*.log"))) >= 3
    centre.assert_unharmed()


# --- a disk that is full ---------------------------------------------------------------------------------------------


class SmallDisk:
    """A file system of its own, most of it taken by something else."""

    def __init__(self, folder: pathlib.Path, kind: str, mib: int) -> None:
        self.folder = folder
        self._ballast = folder / "ballast"
        self._image = folder.with_suffix(".img")
        self._kind = kind
        self._mib = mib

    def mount(self) -> None:
        """Makes it; skips where that is not permitted."""
        if os.geteuid() != 0:
            pytest.skip("only root may mount a small disk")
        self.folder.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", f"size={self._mib}m", "tmpfs", str(self.folder)]
        if self._kind == "ext4":
            if shutil.which("mkfs.ext4") is None:
                pytest.skip("mkfs.ext4 is not here")
            with open(self._image, "wb") as image:
                image.truncate(self._mib << 20)
            subprocess.run(["mkfs.ext4", "-q", "-F", "-m", "0", str(self._image)], check=True, timeout=60)
            command = ["mount", "-o", "loop", str(self._image), str(self.folder)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        if done.returncode != 0:
            pytest.skip(f"a small {self._kind} disk cannot be mounted here: {done.stderr.strip()}")

    def fill(self, room_bytes: int) -> None:
        """Leaves so much room."""
        disk = os.statvfs(self.folder)
        taken = disk.f_bavail * disk.f_frsize - room_bytes
        assert taken > 0, f"the disk is too small to leave {room_bytes}"
        with open(self._ballast, "wb") as ballast:
            os.posix_fallocate(ballast.fileno(), 0, taken)

    def mend(self) -> None:
        """Something else makes room."""
        self._ballast.unlink()

    def unmount(self) -> None:
        """Takes it away."""
        subprocess.run(["umount", "--lazy", str(self.folder)], check=False, timeout=60)


@pytest.fixture(params=["tmpfs", "ext4"])
def small_disk(tmp_path: pathlib.Path, request: pytest.FixtureRequest) -> Iterator[SmallDisk]:
    """A disk of 96 MiB."""
    disk = SmallDisk(tmp_path / "disk", request.param, 96)
    disk.mount()
    yield disk
    disk.unmount()


@contextlib.contextmanager
def placed_on(small_disk: SmallDisk, settings: str) -> Iterator[RunningCentre]:
    """A centre whose data will lie on it; not started yet."""
    centre = RunningCentre(small_disk.folder.with_name("centre"), "wall", settings)
    centre.data = small_disk.folder / "data"
    try:
        yield centre
    finally:
        centre.kill()


@pytest.fixture
def on_small_disk(small_disk: SmallDisk) -> Iterator[RunningCentre]:
    """One that goes on to the last byte."""
    with placed_on(small_disk, SETTINGS) as centre:
        yield centre


def test_a_disk_that_fills_up_ends_the_centre_aloud(small_disk: SmallDisk, on_small_disk: RunningCentre) -> None:
    """There is room for the segment in use and the next, not for a third: intake stops when that is needed, aloud."""
    centre = on_small_disk
    centre.start()
    wait_for_spare(centre)
    small_disk.fill(SEGMENT_BYTES // 2)
    told = asyncio.run(ask_until_gone(centre, LONG_TEXT))
    assert_ended_aloud(centre, ("cannot allocate", "next.new", PLACE["ENOSPC"], "at sequence"))
    assert len(told.decisions) * LONG_TEXT_BYTES > SEGMENT_BYTES // 2, "it ended before the segment was used"
    assert_everybody_was_told(told)
    # On a disk that is still full it serves until it needs room, and nothing gets worse by trying.
    centre.start()
    served = 0
    with contextlib.suppress(OSError, http.client.HTTPException):
        while post_call(centre, call_of(f"again-{time.monotonic_ns()}", LONG_TEXT)).status == 200:
            served += 1
    assert centre.process is not None and centre.process.wait(STOP_SECONDS) != 0
    small_disk.mend()
    assert_nothing_is_lost(centre, told, served)


def test_a_disk_that_is_nearly_full_refuses_calls_aloud_and_danger_to_life_last(small_disk: SmallDisk) -> None:
    """Below the mark only calls with danger to life are taken, below an eighth of it none; facts always; then there is room."""
    marks = "[journal]\nsegment_mib = 8\nroom_low_mib = 60\nroom_least_mib = 40\n"
    with placed_on(small_disk, marks) as centre:
        centre.start()
        wait_for_spare(centre)
        goes_through_the_marks(centre, small_disk)
        centre.assert_unharmed()


def goes_through_the_marks(centre: RunningCentre, small_disk: SmallDisk) -> None:
    """Less and less room, then enough again."""
    fire, noise = "三楼着火了，有人被困", "隔壁装修太吵了"
    first = post_call(centre, call_of("first", noise, **spread(1))).json()

    def statuses(room_mib: int, room: str) -> list[int]:
        small_disk.fill(room_mib << 20)
        until = time.monotonic() + STOP_SECONDS
        while centre.stats()["disk"]["room"] != room:
            assert time.monotonic() < until, centre.stats()["disk"]
            time.sleep(0.1)
        texts = {f"fire-{time.monotonic_ns()}": fire, f"noise-{time.monotonic_ns()}": noise}
        answers = [post_call(centre, call_of(key, text, **spread(2))) for key, text in texts.items()]
        refused = [answer.json() for answer in answers if answer.status != 200]
        assert all(problem["type"].endswith("no_room") and problem["retry_after_ms"] for problem in refused), refused
        facts = json.dumps({"text": "又来了一个"}).encode()
        said = ask(centre, "POST", f"/v1/calls/{first['call']}/facts", facts)
        assert said.status == 200, said.body
        small_disk.mend()
        return [answer.status for answer in answers]

    assert statuses(50, "low") == [200, 200]
    assert statuses(30, "spent") == [200, 503]
    assert statuses(4, "gone") == [503, 503]
    assert "the disk is nearly full" in centre.said()
    assert statuses(50, "low") == [200, 200]


@pytest.mark.parametrize("room_bytes", [SEGMENT_BYTES // 2])
def test_a_disk_without_room_for_a_journal_is_named_at_the_start(
    small_disk: SmallDisk, on_small_disk: RunningCentre, room_bytes: int
) -> None:
    """Room for half a segment: it says what it cannot make, and starts when there is room."""
    small_disk.fill(room_bytes)
    said = ends_by_itself(on_small_disk)
    assert PLACE["ENOSPC"] in said and str(on_small_disk.data) in said, said
    small_disk.mend()
    on_small_disk.start()
    on_small_disk.assert_unharmed()


def ends_by_itself(centre: RunningCentre) -> str:
    """Starts a centre that must end with a code and a reason, before it is ready or soon after; gives what it says."""
    said = len(centre.said())
    with contextlib.suppress(AssertionError):
        centre.start()
    assert centre.process is not None
    assert centre.process.wait(STOP_SECONDS) == 1, centre.said()[said:]
    assert "panicked" not in centre.said(), centre.said()[said:]
    return centre.said()[said:]
