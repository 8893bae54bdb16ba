"""Calls as carriers send them, for the end-to-end suites: places of the embedded county, words of every day."""

from typing import Any

START = "2026-03-02T08:00:00.000+08:00"
TOWN = {"lat": 28.85, "lon": 120.73, "datum": "wgs84"}
FAR_AWAY = {"lat": 39.9, "lon": 116.4, "datum": "wgs84"}


def call(key: str, text: str | None = "路口两车追尾，有人受伤", **fields: Any) -> dict[str, Any]:
    """A good call; a field given as `None` is left out."""
    whole = {"key": key, "line": "110", "caller": "+8613800000000", "at": START, "accuracy_m": 20, **TOWN, "text": text}
    whole.update(fields)
    return {name: value for name, value in whole.items() if value is not None}


def spread(number: int) -> dict[str, Any]:
    """A place of its own for each number, kilometres apart, so that calls do not merge."""
    return {"lat": 28.80 + (number * 37 % 97) * 0.001, "lon": 120.68 + (number * 53 % 89) * 0.001}
