"""The live page in a headless Chromium against a real centre: the scenario is `tests/browser/live_page.mjs`.

This file only finds what that needs and runs it; where Chromium, node or playwright-core is missing it says so and skips,
but never on a build server. `tests/run` installs all three.
"""

import os
import pathlib
import shutil
import signal
import subprocess

import pytest

from running_centre import REPOSITORY, binary

PATIENCE_SECONDS = 600
CHROMIUMS = ("chromium", "chromium-browser", "google-chrome")


def missing(what: str) -> None:
    """Skips, but on a build server fails."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{what}, and CI=true skips nothing")
    pytest.skip(what)


def found() -> dict[str, str]:
    """Where the scenario finds its tools, as it is told by its environment."""
    chromium = next(filter(None, map(shutil.which, CHROMIUMS)), None)
    if chromium is None:
        missing("no Chromium here; `apt-get install chromium fonts-noto-cjk`")
    if shutil.which("node") is None:
        missing("no node here; `apt-get install nodejs npm`")
    made = pathlib.Path(os.environ.get("LIANDONG_BROWSER", REPOSITORY / "target/browser")).absolute()
    if not (made / "node_modules/playwright-core").is_dir():
        missing(f"no playwright-core in {made}; `tests/run` installs it there")
    return {
        "LIANDONG_BINARIES": str(pathlib.Path(binary("liandong")).parent),
        "LIANDONG_CHROMIUM": str(chromium),
        "LIANDONG_NODE_MODULES": str(made / "node_modules"),
        "LIANDONG_PICTURES": str(made),
    }


def test_the_page_shows_what_the_centre_does_and_misses_nothing() -> None:
    folder = REPOSITORY / "tests/browser"
    # In a session of its own, so that what it starts can be ended with it, whatever happened.
    started = subprocess.Popen(
        ["node", "live_page.mjs"],
        cwd=folder,
        env={**os.environ, **found()},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        said, _ = started.communicate(timeout=PATIENCE_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(started.pid, signal.SIGKILL)
        said, _ = started.communicate()
        pytest.fail(f"not done after {PATIENCE_SECONDS} s:\n{said[-8000:]}")
    print(said)
    assert started.returncode == 0, said[-8000:]
