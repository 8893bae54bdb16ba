"""The live page in a headless Chromium against a real centre: the scenario is `tests/browser/live_page.mjs`.

This file only finds what that needs and runs it; where Chromium, node or playwright-core is missing it says so and skips,
but never on a build server. `tests/run` installs all three.
"""

import os
import pathlib
import shutil
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
    done = subprocess.run(
        ["node", "live_page.mjs"],
        cwd=folder,
        env={**os.environ, **found()},
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
    )
    print(done.stdout)
    assert done.returncode == 0, f"{done.stdout[-4000:]}\n{done.stderr[-8000:]}"
