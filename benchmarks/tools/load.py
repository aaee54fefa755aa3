"""A load client of a few lines, in a process of its own: plain sockets that are kept open.

It reads one job a line as JSON and answers each with a line: how long it took, which statuses came, and how
long each answer took. Whoever starts it says `with LoadClient() as load: load.run(port, requests, ...)`.
"""

import json
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Barrier, Thread
from time import perf_counter
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlencode

AGENT = "benchmark"
PATIENCE = 30
"""Seconds that one answer may take."""


@dataclass(frozen=True)
class Result:
    seconds: float
    statuses: dict[str, int]
    times: list[float]

    @property
    def rate(self) -> float:
        return len(self.times) / self.seconds


def get(path: str, **headers: str) -> str:
    return _request("GET", path, headers)


def post(path: str, form: dict[str, str], **headers: str) -> str:
    body = urlencode(form)
    headers |= {"Content_Type": "application/x-www-form-urlencoded", "Content_Length": str(len(body))}
    return _request("POST", path, headers) + body


def _request(method: str, path: str, headers: dict[str, str]) -> str:
    """As a phone asks; names of headers are written with underscores, as arguments are."""
    lines = {"Host": "127.0.0.1", "User-Agent": AGENT, "Accept-Encoding": "gzip"} | {
        name.replace("_", "-"): value for name, value in headers.items()
    }
    return "\r\n".join([f"{method} {path} HTTP/1.1", *(f"{k}: {v}" for k, v in lines.items()), "", ""])


class LoadClient:
    """The other process."""

    def __enter__(self) -> Self:
        command = [sys.executable, "-m", "benchmarks.tools.load"]
        self._process = subprocess.Popen(  # noqa: S603
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._process.kill()
        self._process.communicate()

    def run(self, port: int, requests: Sequence[str], *, clients: int, seconds: float | None = None) -> Result:
        """Ask over so many connections at once for so many seconds, again and again, or else each request once."""
        job = {"port": port, "requests": list(requests), "clients": clients, "seconds": seconds}
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin
        assert stdout
        stdin.write(json.dumps(job) + "\n")
        stdin.flush()
        return Result(**json.loads(stdout.readline()))


def _run(port: int, requests: list[str], clients: int, seconds: float | None) -> dict[str, Any]:
    statuses: Counter[str] = Counter()
    times: list[float] = []
    encoded = [request.encode("latin-1") for request in requests]
    barrier = Barrier(clients + 1)

    def ask(mine: list[bytes]) -> None:
        connection = _Connection(port)
        barrier.wait()
        begun = last = perf_counter()
        while mine:
            for request in mine:
                status = connection.ask(request)
                now = perf_counter()
                times.append(now - last)
                statuses[status] += 1
                last = now
                if seconds is not None and now - begun > seconds:
                    return
            if seconds is None:
                return

    threads = [Thread(target=ask, args=(_share(encoded, n, clients, seconds),)) for n in range(clients)]
    for thread in threads:
        thread.start()
    barrier.wait()
    begun = perf_counter()
    for thread in threads:
        thread.join()
    return {"seconds": perf_counter() - begun, "statuses": statuses, "times": times}


def _share(requests: list[bytes], number: int, clients: int, seconds: float | None) -> list[bytes]:
    return requests[number::clients] if seconds is None else requests


class _Connection:
    """A connection that is kept open as long as the server keeps it."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._socket: socket.socket | None = None

    def ask(self, request: bytes) -> str:
        """Send one request and read its whole answer; its status, or `lost` when none came."""
        try:
            if self._socket is None:
                self._socket = socket.create_connection(("127.0.0.1", self._port), timeout=PATIENCE)
                self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return self._ask(self._socket, request)
        except OSError:
            self._socket = None
            return "lost"

    def _ask(self, connection: socket.socket, request: bytes) -> str:
        connection.sendall(request)
        received = b""
        while (end := received.find(b"\r\n\r\n")) < 0:
            received += _more(connection)
        head = received[:end].lower()
        length = head.partition(b"\r\ncontent-length: ")[2].partition(b"\r\n")[0]
        left = int(length or 0) - (len(received) - end - 4)
        while left > 0:
            left -= len(_more(connection))
        if b"\r\nconnection: close" in head:
            connection.close()
            self._socket = None
        return head[9:12].decode()


def _more(connection: socket.socket) -> bytes:
    part = connection.recv(1 << 17)
    if not part:
        raise ConnectionError
    return part


if __name__ == "__main__":
    for line in sys.stdin:
        print(json.dumps(_run(**json.loads(line))), flush=True)
