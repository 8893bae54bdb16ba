"""Everything the documents say was run: the `sh` blocks of README.md and of six pages, in their order.

A document is one shell session in a folder of its own, where `target` and `engine` lead to the checkout's. `cargo` runs in the checkout
itself, so that nothing is built twice; `git clone` and `./tests/run` stand in blocks that are not `sh`. Every server that a block
starts ends with its session.
"""

import os
import pathlib
import re
import signal
import subprocess

import pytest
from running_centre import REPOSITORY as ROOT
from running_centre import binary

BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SESSION_SECONDS = 900

# Never two at once: they use the ports that they name. README.zh-CN.md has the commands of README.md, which a test shows.
DOCUMENTS = ["README.md", "docs/city.md", "docs/protocol.md", "docs/duty.md", "docs/conduct.md", "docs/roads.md", "docs/traces.md"]


def blocks(document: str) -> list[str]:
    """The commands of a document."""
    text = (ROOT / document).read_text(encoding="utf-8")
    return [body for language, body in BLOCK.findall(text) if language == "sh"]


def session(document: str) -> str:
    """One script of all blocks. A block that fails ends it and is shown."""
    lines = [
        "set -euo pipefail",
        "set -m",
        f'cargo() {{ (cd "{ROOT}" && command cargo "$@"); }}',
    ]
    for number, block in enumerate(blocks(document), 1):
        lines.append(f"echo '--- block {number}' >&2")
        lines.append(block)
    return "\n".join(lines)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_the_commands_of_a_document(document: str, tmp_path: pathlib.Path) -> None:
    """Every command ends well, and what it prints is printed."""
    binaries = pathlib.Path(binary("liandong")).parent
    if binaries.name != "release":
        pytest.skip("the documents name target/release; these binaries are another build's")
    (tmp_path / "target").symlink_to(binaries.parent, target_is_directory=True)
    (tmp_path / "engine").symlink_to(ROOT / "engine", target_is_directory=True)
    environment = dict(os.environ)
    environment["PATH"] = f"{binaries.parent / 'python' / 'bin'}:{environment['PATH']}"
    shell = subprocess.Popen(
        ["bash", "-c", session(document)],
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        output, _ = shell.communicate(timeout=SESSION_SECONDS)
    finally:
        end_session(shell.pid)
    assert shell.returncode == 0, output[-4000:]
    assert f"--- block {len(blocks(document))}" in output
    if document == "README.md":
        assert_shown_demo(output)


def test_no_command_hides_that_it_failed() -> None:
    """A document's command that fails is a mistake of the document."""
    for document in DOCUMENTS:
        for block in blocks(document):
            assert "|| true" not in block and "|| echo" not in block, (document, block)


def assert_shown_demo(output: str) -> None:
    """What README.md shows of the demo is what the demo printed, but for what the machine's pace decides."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (shown,) = (body for _, body in BLOCK.findall(readme) if "a day of xianju-2011" in body)
    lines = shown.strip().splitlines()
    assert len(lines) > 5
    printed = {same_pace(line) for line in output.splitlines()}
    for line in lines:
        assert line == "…" or same_pace(line) in printed, f"README.md shows what is not printed: {line}\n{output[-3000:]}"


def same_pace(line: str) -> str:
    """A line without what depends on how fast the machine is: all numbers of a line of progress, the seconds of the summary."""
    if re.match(r"\d\d:\d\d  calls", line):
        return re.sub(r" *\d+", "#", line.strip())
    return re.sub(r"[\d.]+ s,|\d+ calls/s", "#", line.strip())


def test_the_readme_says_where_to_get_it() -> None:
    """One address: that of the package."""
    manifest = (ROOT / "Cargo.toml").read_text(encoding="utf-8")
    (address,) = re.findall(r'^repository = "(.*)"$', manifest, re.MULTILINE)
    for name in ("README.md", "README.zh-CN.md"):
        assert f"git clone {address} " in (ROOT / name).read_text(encoding="utf-8")


def end_session(session_id: int) -> None:
    """Ends whatever a session left behind: jobs have process groups of their own, but one session."""
    for entry in pathlib.Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            fields = (entry / "stat").read_text().rsplit(")", 1)[1].split()
            if int(fields[3]) == session_id:
                os.kill(int(entry.name), signal.SIGKILL)
        except (FileNotFoundError, ProcessLookupError, IndexError):
            continue


def test_both_readmes_say_the_same() -> None:
    """The same commands, in the same order, but for a language that is asked for; the same links; a table row for a table row."""
    english, chinese = (
        (ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "README.zh-CN.md")
    )
    plain = lambda text: [body.replace(" --lang en", "") for _, body in BLOCK.findall(text)]
    assert plain(english) == plain(chinese)
    links = lambda text: sorted(set(re.findall(r"\]\(([^)]+)\)", text)) - {"README.md", "README.zh-CN.md"})
    assert links(english) == links(chinese)
    rows = lambda text: sum(line.startswith("|") for line in text.splitlines())
    assert rows(english) == rows(chinese)
    headings = lambda text: [line.split(" ")[0] for line in text.splitlines() if line.startswith("#")]
    assert headings(english) == headings(chinese)


@pytest.mark.parametrize("document", ["ARCHITECTURE.md", "CHANGELOG.md", "README.md", "README.zh-CN.md", *sorted(
    str(path.relative_to(ROOT)) for path in (ROOT / "docs").glob("*.md")
)])
def test_links_lead_somewhere(document: str) -> None:
    """Every file that a document links to is there."""
    text = (ROOT / document).read_text(encoding="utf-8")
    for link in re.findall(r"\]\(([^)#]+)", text):
        if not link.startswith("http"):
            assert ((ROOT / document).parent / link).exists(), link
