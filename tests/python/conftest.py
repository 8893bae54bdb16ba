"""What the end-to-end suites share: centres that are always stopped again, and what a build server must not skip."""

import os
import pathlib
from typing import Any, Callable, Iterator

import pytest

from running_centre import REPOSITORY, RunningCentre

StartCentre = Callable[..., RunningCentre]

# What takes longest comes first: suites run beside each other, file by file, and the last file is waited for.
LONGEST_FIRST = (
    "test_montgomery.py",
    "test_kill_rounds.py",
    "test_checker.py",
    "test_disk_faults.py",
    "test_crash.py",
    "test_capacity.py",
    "test_schemathesis.py",
    "test_cities.py",
    "test_http_readers.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files in the order of `LONGEST_FIRST`, then the others as they were; the tests of a file stay as they are."""
    places = {name: place for place, name in enumerate(LONGEST_FIRST)}
    items.sort(key=lambda item: places.get(item.path.name, len(places)))


@pytest.fixture
def start_centre(tmp_path: pathlib.Path) -> Iterator[StartCentre]:
    """Starts centres, each in a folder of its own; all are ended after the test, whatever happened."""
    started: list[RunningCentre] = []

    def start(clock: str = "driven", settings: str = "", **process: Any) -> RunningCentre:
        centre = RunningCentre(tmp_path / f"centre-{len(started)}", clock, settings, **process)
        started.append(centre)
        centre.start()
        return centre

    yield start
    for centre in started:
        centre.kill()


@pytest.fixture(scope="session")
def shared_data() -> pathlib.Path:
    """The data beside the repository; skips where it is missing, but never on a build server."""
    folder = REPOSITORY.parent / "shared" / "data"
    if not folder.is_dir():
        if os.environ.get("CI") == "true":
            pytest.fail("../shared/data is missing, and CI=true skips nothing")
        pytest.skip("../shared/data is not here")
    return folder
