"""A small load generator: processes that each keep one connection busy, and their ceiling.

As a module it is one such process, so it needs only Python: it reads a job from its first line,
asks once, says `ready`, waits for a line, and prints the seconds of every answer that was a 200
and the number of the others.
"""

from __future__ import annotations

import json
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http import HTTPStatus
from itertools import cycle
from pathlib import Path
from threading import Thread
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
BUFFER = 1 << 18
CANNED = "canned"  # the job of a server that says the same to everybody

Address = tuple[str, int]


class LoadError(Exception):
    """A server closed the connection, or a client ended."""


class Answer(NamedTuple):
    """What came back."""

    status: int
    body: bytes


def post(path: str, body: str) -> str:
    """One keep-alive request of ASCII text, ready to be sent."""
    head = f"POST {path} HTTP/1.1\r\nHost: benchmark\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n{body}"


def ask(connection: socket.socket, request: bytes) -> Answer:
    """The answer to *request*, which must have a length."""
    connection.sendall(request)
    received = _receive(connection)
    while (end := received.find(b"\r\n\r\n")) < 0:
        received += _receive(connection)
    head = received[:end].lower()
    length = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0])
    parts, missing = [received[end + 4 :]], length - (len(received) - end - 4)
    while missing > 0:
        parts.append(_receive(connection))
        missing -= len(parts[-1])
    return Answer(int(head[len("http/1.1 ") :][:3]), b"".join(parts))


def load(
    address: Address, requests: Sequence[str], *, clients: int, seconds: float
) -> dict[str, float]:
    """What *clients* processes saw in *seconds*: answers a second, ms of one, and how many failed.

    Raises `LoadError` when a client ends before it has answered.
    """
    jobs = [
        {"address": address, "requests": requests[client::clients], "seconds": seconds}
        for client in range(clients)
    ]
    processes = [_start(job) for job in jobs]
    try:
        for process in processes:
            _read_line(process)
        for process in processes:
            _write_line(process, "go")
        found = [json.loads(_read_line(process)) for process in processes]
    finally:
        for process in processes:
            process.kill()
            process.communicate()
    times = [t for client in found for t in client["times"]]
    cuts = statistics.quantiles(times, n=100, method="inclusive")
    return {
        "per_second": round(len(times) / seconds, 1),
        **{f"p{share}_ms": round(cuts[share - 1] * 1000, 3) for share in (50, 95, 99)},
        "failed": sum(client["failed"] for client in found),
    }


@contextmanager
def canned_server(answer: str) -> Iterator[Address]:
    """The address of a process that says *answer* whatever it is sent: what clients can do."""
    process = _start({CANNED: answer})
    try:
        host, port = json.loads(_read_line(process))
        yield host, port
    finally:
        process.kill()
        process.communicate()


def run_client(address: Address, requests: Sequence[str], seconds: float) -> None:
    """Keep one connection busy; see the module."""
    encoded = [request.encode("ascii") for request in requests]
    times, failed = [], 0
    with socket.create_connection(address, timeout=30) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        ask(connection, encoded[0])
        print("ready", flush=True)
        sys.stdin.readline()
        end = time.perf_counter() + seconds
        for request in cycle(encoded):
            asked = time.perf_counter()
            if asked >= end:
                break
            if ask(connection, request).status == HTTPStatus.OK:
                times.append(time.perf_counter() - asked)
            else:
                failed += 1
    print(json.dumps({"times": times, "failed": failed}), flush=True)


def serve_canned(answer: str) -> None:
    """Print the address, then say *answer* for each thing that is received on a connection."""
    body = answer.encode()
    response = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body
    with socket.create_server(("127.0.0.1", 0)) as server:
        print(json.dumps(server.getsockname()), flush=True)
        while True:
            connection, _ = server.accept()
            Thread(target=_repeat, args=(connection, response), daemon=True).start()


def _repeat(connection: socket.socket, response: bytes) -> None:
    with connection:
        while connection.recv(BUFFER):  # a request fits into one
            connection.sendall(response)


def _receive(connection: socket.socket) -> bytes:
    received = connection.recv(BUFFER)
    if not received:
        raise LoadError("the server closed the connection")
    return received


def _start(job: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "benchmarks.peers_runners.http_load"]
    process = subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    _write_line(process, json.dumps(job))
    return process


def _write_line(process: subprocess.Popen[str], line: str) -> None:
    if process.stdin is not None:
        process.stdin.write(f"{line}\n")
        process.stdin.flush()


def _read_line(process: subprocess.Popen[str]) -> str:
    line = "" if process.stdout is None else process.stdout.readline()
    if not line:
        raise LoadError(f"a client ended with code {process.wait()}; its error is above")
    return line


def main() -> None:
    """Do the job of the first line."""
    job = json.loads(sys.stdin.readline())
    if CANNED in job:
        serve_canned(job[CANNED])
    else:
        run_client(tuple(job["address"]), job["requests"], job["seconds"])


if __name__ == "__main__":
    main()
