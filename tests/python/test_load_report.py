"""What a run leaves behind, read by readers of our own: seconds, HdrHistogram's two formats, the page, a comparison."""

import base64
import csv
import html.parser
import json
import pathlib
import subprocess
import zlib
from collections.abc import Iterator

import pytest

from conftest import StartCentre
from running_centre import RunningCentre, binary, standard_trace

HOSTILE = "day <script>alert(1)</script> & 'co'.csv"
SUMMED = {"sent": "sent", "decided": "decided", "refused": "refused", "clocks_missed": "clocks_missed"}


def load(*arguments: str) -> "subprocess.CompletedProcess[str]":
    """Runs the generator to its end."""
    done = subprocess.run([binary("liandong-load"), *arguments], capture_output=True, text=True, timeout=180)
    assert "panicked" not in done.stderr, done.stderr
    return done


@pytest.fixture(scope="module")
def trace(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """A standard trace under a name that means harm."""
    folder = tmp_path_factory.mktemp("trace")
    plain = standard_trace(folder / "standard.csv", 600)
    # A name cannot hold a slash; everything else of the script is there.
    hostile = folder / HOSTILE.replace("/", "\\")
    plain.rename(hostile)
    return hostile


def run(trace: pathlib.Path, centre: RunningCentre, report: pathlib.Path, *arguments: str) -> dict[str, object]:
    """A run with its report; its summary."""
    done = load("replay", str(trace), "--to", centre.address, "--quiet", "--report", str(report), *arguments)
    assert done.returncode in (0, 2), done.stdout + done.stderr
    summary: dict[str, object] = json.loads((report / "summary.json").read_text(encoding="utf-8"))
    return summary


def seconds_of(report: pathlib.Path) -> list[dict[str, str]]:
    """The rows of seconds.csv."""
    with open(report / "seconds.csv", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def numbers(packed: bytes) -> Iterator[int]:
    """Zig-zag numbers of seven bits a byte, nine bytes at most: what HdrHistogram's V2 encoding counts in."""
    at = 0
    while at < len(packed):
        value, shift = 0, 0
        while True:
            byte = packed[at]
            at += 1
            if shift == 56:
                value |= byte << shift
                break
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                break
        yield (value >> 1) ^ -(value & 1)


def counts_of(encoded: str) -> list[tuple[int, int]]:
    """Of a histogram as a log has it: each value and how often it came."""
    compressed = base64.b64decode(encoded)
    cookie, length = int.from_bytes(compressed[:4], "big"), int.from_bytes(compressed[4:8], "big")
    assert cookie & ~0xF0 == 0x1C849304 & ~0xF0, hex(cookie)
    plain = zlib.decompress(compressed[8 : 8 + length])
    assert int.from_bytes(plain[:4], "big") & ~0xF0 == 0x1C849303 & ~0xF0
    payload, digits = int.from_bytes(plain[4:8], "big"), int.from_bytes(plain[12:16], "big")
    assert digits == 3
    half, index, found = 1024, 0, []
    for number in numbers(plain[40 : 40 + payload]):
        if number < 0:
            index -= number
            continue
        if number:
            bucket, sub = (0, index) if index < 2 * half else (index // half - 1, half + index % half)
            found.append((sub << bucket, number))
        index += 1
    return found


def logged(report: pathlib.Path) -> dict[tuple[str, int], list[tuple[int, int]]]:
    """Of each tag and second in intervals.hlog: its histogram."""
    found = {}
    for line in (report / "intervals.hlog").read_text(encoding="utf-8").splitlines():
        if line.startswith(("#", '"')):
            continue
        tag, rest = (line.split(",", 1)[0].removeprefix("Tag="), line.split(",", 1)[1]) if line.startswith("Tag=") else ("", line)
        start, _, _, encoded = rest.split(",")
        found[(tag, int(float(start)))] = counts_of(encoded)
    return found


class Outline(html.parser.HTMLParser):
    """What a page consists of."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: dict[str, int] = {}
        self.attributes: set[str] = set()
        self.text = ""

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags[tag] = self.tags.get(tag, 0) + 1
        self.attributes |= {name for name, _ in attributes}

    def handle_data(self, data: str) -> None:
        self.text += data


def outline(page: pathlib.Path) -> Outline:
    """Reads a page."""
    read = Outline()
    read.feed(page.read_text(encoding="utf-8"))
    return read


def test_every_second_adds_up_to_the_summary(start_centre: StartCentre, trace: pathlib.Path, tmp_path: pathlib.Path) -> None:
    centre = start_centre("wall")
    report = tmp_path / "report"
    summary = run(trace, centre, report, "--rate", "200", "--for", "3s", "--crews=standard", "--stats", f"http://127.0.0.1:{centre.http_port}/v1/stats")
    rows = seconds_of(report)
    for column, name in SUMMED.items():
        assert sum(int(row[column]) for row in rows) == summary[name], column
    assert sum(int(row["orders"]) for row in rows) == summary["orders"]["issued"]  # type: ignore[index]
    assert sum(int(row["intended"]) for row in rows) == summary["sent"]
    assert [int(row["second"]) for row in rows] == list(range(len(rows)))
    assert int(rows[-1]["pending"]) == summary["lost"] == 0
    # The log holds every answer, in the second in which it came, under both measures.
    log = logged(report)
    for tag in ("", "service"):
        in_log = {second: sum(count for _, count in counts) for (of, second), counts in log.items() if of == tag}
        assert in_log == {int(row["second"]): int(row["decided"]) for row in rows if int(row["decided"])}
    slowest = max(value for (tag, _), counts in log.items() if not tag for value, _ in counts)
    assert slowest / 1_000 == pytest.approx(summary["latency"]["max_ms"], rel=0.002)  # type: ignore[index]
    # The text of percentiles ends with the slowest and says how many there were.
    text = (report / "latency.hgrm").read_text(encoding="utf-8")
    points = [line.split() for line in text.splitlines() if line.strip() and not line.startswith("#")][1:]
    assert float(points[-1][0]) == pytest.approx(summary["latency"]["max_ms"], abs=0.001)  # type: ignore[index]
    assert int(points[-1][2]) == summary["decided"]
    assert summary["state"]["durability"] == "sync" and summary["about"]["machine"]["cores"] > 0  # type: ignore[index]


def test_the_page_is_alone_and_harmless(start_centre: StartCentre, trace: pathlib.Path, tmp_path: pathlib.Path) -> None:
    centre = start_centre("driven")
    report = tmp_path / "report"
    summary = run(trace, centre, report, "--speed", "max", "--crews", "--seed", "7", "--run-id", "token=1")
    read = outline(report / "report.html")
    assert HOSTILE.replace("/", "\\") in read.text
    assert not read.tags.keys() & {"script", "img", "link", "iframe", "object", "embed", "audio", "video", "image", "use"}
    assert not {name for name in read.attributes if name.startswith("on") or name in ("src", "href", "xlink:href", "srcset")}
    assert read.tags["svg"] > 5 and "until the centre answered" in read.text
    assert f"{summary['sent']}" in read.text.replace(" ", "")
    # The folder alone makes the same page again.
    before = (report / "report.html").read_bytes()
    (report / "report.html").unlink()
    assert load("report", str(report)).returncode == 0
    assert (report / "report.html").read_bytes() == before


def test_runs_are_compared_and_a_single_pair_shows_nothing(
    start_centre: StartCentre, trace: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    centre = start_centre("wall")
    for name in ("a", "b"):
        run(trace, centre, tmp_path / name, "--rate", "100", "--for", "1s")
    page = tmp_path / "compared.html"
    done = load("report", "--compare", str(tmp_path / "a"), str(tmp_path / "b"), "--html", str(page))
    if done.returncode == 2:
        pytest.skip(f"this machine was too busy to measure anything: {done.stderr}")
    assert done.returncode == 0, done.stderr
    assert "a single pair shows nothing of the spread" in done.stdout
    assert "a single pair shows nothing of the spread" in outline(page).text
    done = load("report", "--compare", str(tmp_path / "a"), str(tmp_path / "nowhere"))
    assert done.returncode == 1 and "no run is kept there" in done.stderr


def test_a_signal_ends_a_run_with_its_summary(start_centre: StartCentre, trace: pathlib.Path, tmp_path: pathlib.Path) -> None:
    centre = start_centre("wall")
    report = tmp_path / "report"
    command = [binary("liandong-load"), "replay", str(trace), "--to", centre.address, "--plain", "--report", str(report)]
    going = subprocess.Popen([*command, "--rate", "50", "--for", "60s"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert going.stderr is not None
        assert "sent" in going.stderr.readline()
        going.terminate()
        out, errors = going.communicate(timeout=60)
    finally:
        going.kill()
    summary = json.loads((report / "summary.json").read_text(encoding="utf-8"))
    assert summary["cut_short"] == "SIGTERM" and "cut short by SIGTERM" in out, out + errors
    assert summary["lost"] == 0 and 0 < summary["sent"] < 50 * 60
