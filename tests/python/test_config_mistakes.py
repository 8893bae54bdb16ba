"""Every kind of mistake in a configuration is named by file and field, before anything is bound or written.

Mistakes in city folders and plans are tested where they are read; here stands that `check` and `serve` say them.
"""

import pathlib
import subprocess

import pytest

from running_centre import binary, liandong

# What is typed, and what the answer must name.
MISTAKES = {
    "not TOML": ("[quic\nlisten = 1", "liandong.toml:1"),
    "unknown table": ("[quick]\nlisten = '127.0.0.1:4433'", "quick"),
    "unknown field": ("[quic]\nlistens = '127.0.0.1:4433'", "listens"),
    "wrong type": ("[quic]\nconnections_max = 'many'", "liandong.toml:2"),
    "no address": ("[quic]\nlisten = 'here'", "quic.listen"),
    "no port": ("[http]\nlisten = '127.0.0.1'", "http.listen"),
    "not loopback": ("[quic]\nlisten = '0.0.0.0:4433'", "quic.listen"),
    "out of range": ("[quic]\nconnections_max = 0", "quic.connections_max"),
    "negative": ("[quic]\nconnections_max = -1", "liandong.toml:2"),
    "missing plan": ("[plan]\nfile = 'nowhere.toml'", "nowhere.toml"),
    "bad plan": ("[plan]\nfile = 'plan.toml'", "plan.file"),
    "missing lexicon": ("[lexicon]\nfile = 'nowhere.toml'", "nowhere.toml"),
    "missing city": ("[city]\nfolder = 'nowhere'", "city.folder"),
    "unknown line": ("[carrier]\ndefault_line = 911", "carrier.default_line"),
    "too small": ("[capacity]\nunits_max = 3", "capacity.units_max"),
    "unknown clock": ("[centre]\nclock = 'sundial'", "liandong.toml:2"),
    "two mistakes": ("[quic]\nlisten = 'here'\n\n[http]\nlisten = 'there'", "http.listen"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_named_and_nothing_is_started(name: str, tmp_path: pathlib.Path) -> None:
    text, place = MISTAKES[name]
    config = tmp_path / "liandong.toml"
    config.write_text(text, encoding="utf-8")
    (tmp_path / "plan.toml").write_text('name = "broken"\n[travel]\ndetour_permille = 1\n', encoding="utf-8")
    data = tmp_path / "data"
    for command in (["check", "--config", str(config)], ["serve", "--config", str(config), "--data", str(data)]):
        done = subprocess.run([binary("liandong"), *command], capture_output=True, text=True, timeout=60, cwd=tmp_path)
        assert done.returncode not in (0, 101), (command, done.returncode, done.stderr)
        assert place in done.stderr + done.stdout, (command, done.stderr, done.stdout)
        assert "panicked" not in done.stderr, done.stderr
    assert not data.exists(), "it wrote before it had checked"


def test_the_default_configuration_is_good(tmp_path: pathlib.Path) -> None:
    config = tmp_path / "liandong.toml"
    config.write_text(liandong("config", "default").stdout, encoding="utf-8")
    liandong("check", "--config", str(config))


def test_a_missing_or_unreadable_file_is_named(tmp_path: pathlib.Path) -> None:
    for path in (tmp_path / "nowhere.toml", tmp_path):
        done = subprocess.run([binary("liandong"), "check", "--config", str(path)], capture_output=True, text=True, timeout=60)
        assert done.returncode not in (0, 101) and str(path) in done.stderr + done.stdout, done.stderr
