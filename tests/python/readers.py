"""Many readers of `/v1/events` in a process of their own: some read all that comes, some never read a byte.

    python readers.py PORT READING IDLE

They give way to everybody else on the machine: in life they sit at other ones. Prints `ready` once all are connected, then reads until its standard input ends, and prints how many bytes came.
"""

import os
import selectors
import socket
import sys


def main(port: int, reading: int, idle: int) -> None:
    """Connects them all and reads."""
    os.nice(10)
    selector = selectors.DefaultSelector()
    held = []
    for count in range(reading + idle):
        raw = socket.create_connection(("127.0.0.1", port), timeout=20)
        raw.sendall(b"GET /v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
        held.append(raw)
        if count < reading:
            head = raw.recv(65_536)
            assert head.startswith(b"HTTP/1.1 200 "), head
            selector.register(raw, selectors.EVENT_READ)
    selector.register(sys.stdin, selectors.EVENT_READ)
    print("ready", flush=True)
    came = 0
    while True:
        for key, _ in selector.select():
            if key.fileobj is sys.stdin:
                print(came, flush=True)
                return
            part = key.fileobj.recv(1 << 20)  # type: ignore[union-attr]
            assert part, "a stream ended"
            came += len(part)


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:]))
