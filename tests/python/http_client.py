"""A client of the HTTP door that shows everything: status, headers and body, whatever the status is."""

import http.client
import json
from typing import Any

from running_centre import RunningCentre


class Answer:
    """What came back."""

    def __init__(self, response: http.client.HTTPResponse) -> None:
        self.status = response.status
        self.headers = response.headers
        self.body = response.read().decode()

    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


def ask(
    centre: RunningCentre,
    method: str,
    path: str,
    body: bytes | None = None,
    seconds: float = 20,
    more: dict[str, str] | None = None,
    **named: str,
) -> Answer:
    """One request on a connection of its own; `more` and `named` are headers, of the latter with `_` for `-`."""
    connection = http.client.HTTPConnection("127.0.0.1", centre.http_port, timeout=seconds)
    try:
        headers = {"Content-Type": "application/json"} if body is not None else {}
        headers |= {name.replace("_", "-"): value for name, value in named.items()} | (more or {})
        connection.request(method, path, body, headers)
        return Answer(connection.getresponse())
    finally:
        connection.close()


def post_call(centre: RunningCentre, call: dict[str, Any], seconds: float = 20) -> Answer:
    """Somebody calls."""
    return ask(centre, "POST", "/v1/calls", json.dumps(call, ensure_ascii=False).encode(), seconds)
