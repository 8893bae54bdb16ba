"""A receiver of pushes: a small HTTP server of the test, which keeps what it is told and answers as it is bidden, path by path."""

import http.server
import json
import threading
import time
from typing import Any, Callable

Told = dict[str, Any]
YES = (200, b'{"acknowledged":true}', {})
TAKEN = (204, b"", {})
BUSY = (503, b"", {})
AWAY = (307, b"", {"Location": "/elsewhere"})
HANGS = (0, b"", {})


class Receiver:
    """Listens on a port of loopback until it is closed. Every path is `TAKEN` unless `answers` says otherwise."""

    def __init__(self) -> None:
        self.answers: dict[str, tuple[int, bytes, dict[str, str]]] = {}
        self.told: list[Told] = []
        self.closing = threading.Event()
        self._heard = threading.Condition()
        receiver = self

        class Answering(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.hear(self.path, {name.lower(): value for name, value in self.headers.items()}, json.loads(body))
                status, answer, headers = receiver.answers.get(self.path, TAKEN)
                if status == 0:
                    receiver.closing.wait(60)
                    return
                self.send_response(status)
                for name, value in {**headers, "Content-Length": str(len(answer))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_: Any) -> None:
                """Says nothing."""

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answering)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def __enter__(self) -> "Receiver":
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()

    def address(self, path: str) -> str:
        """The URL of a path."""
        return f"http://127.0.0.1:{self._server.server_port}{path}"

    def hear(self, path: str, headers: dict[str, str], body: dict[str, Any]) -> None:
        """Keeps what was told."""
        with self._heard:
            assert headers.get("idempotency-key") == body["key"], headers
            self.told.append({"path": path, "headers": headers, "at": time.monotonic(), **body})
            self._heard.notify_all()

    def at(self, path: str, **fields: Any) -> list[Told]:
        """What a path was told, of these fields."""
        return [told for told in self.told if told["path"] == path and all(told.get(name) == value for name, value in fields.items())]

    def until(self, holds: Callable[[], Any], seconds: float = 20) -> Any:
        """Waits until something holds of what was told, and gives it."""
        end = time.monotonic() + seconds
        with self._heard:
            while not (found := holds()):
                left = end - time.monotonic()
                assert left > 0, f"not told in {seconds} s: {self.told}"
                self._heard.wait(min(left, 0.2))
        return found
