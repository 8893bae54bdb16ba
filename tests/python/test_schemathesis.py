"""Schemathesis against a live centre: it makes requests from `/openapi.json`, good ones and bad ones, and follows the links
between them. No answer may be a 5xx, and each must be one that the document names, with the body that it describes.

`SCHEMATHESIS_SECONDS` says how long (120). `/v1/events` is left out: its answer has no end (`test_http_events.py` has it).
"""

import os
import pathlib
import subprocess
import sys

from calls import call, spread
from conftest import StartCentre
from http_client import post_call

SECONDS = int(os.environ.get("SCHEMATHESIS_SECONDS", "120"))
CHECKS = (
    "not_a_server_error", "status_code_conformance", "content_type_conformance", "response_schema_conformance",
    "response_headers_conformance", "unsupported_method", "allow_header_conformance",
)  # fmt: skip


def test_nothing_that_the_document_allows_or_forbids_hurts(start_centre: StartCentre, tmp_path: pathlib.Path) -> None:
    centre = start_centre("wall")
    for number in range(20):
        assert post_call(centre, call(f"before-{number}", **spread(number))).status == 200
    address = f"http://127.0.0.1:{centre.http_port}"
    command = [
        str(pathlib.Path(sys.executable).with_name("st")), "run", f"{address}/openapi.json", "--url", address,
        "--exclude-path", "/v1/events", "--max-time", str(SECONDS), "--checks", ",".join(CHECKS),
        "--continue-on-failure", "--warnings", "off", "--no-color", "--request-timeout", "15",
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=SECONDS * 2 + 120)
    print(done.stdout[-3000:])
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
    centre.assert_unharmed()
    # What it did is in the journal, and the state that the journal gives is the one that stands.
    stats = centre.stats()
    centre.stop()
    assert centre.hash_at(stats["sequence"]) == stats["hash"]
