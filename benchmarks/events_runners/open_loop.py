"""Requests at a fixed pace, whether or not answers come: what a flood is, and what it costs others.

A request is due at its moment and sent then, on the next of several connections, behind those that
wait there; its latency counts from that moment, so that a server that stalls is seen as such
(G. Tene, How NOT to measure latency, 2013). As a file it is one process: its argument is a job as
JSON, and it prints what it saw.
"""

from __future__ import annotations

import json
import selectors
import socket
import subprocess
import sys
import time
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

DRAIN_S = 10.0  # for the answers to the last requests
SPENT = 1 << 16


@dataclass
class Connection:
    """A connection, what is to be sent on it, and when its unanswered requests were due."""

    socket: socket.socket
    unsent: bytes = b""
    received: bytes = b""
    due: deque[float] = field(default_factory=deque)


@dataclass
class Seen:
    """What came back."""

    statuses: Counter[str] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)


def start(job: dict[str, Any]) -> subprocess.Popen[str]:
    """A process that does *job*: address, requests, per_second, seconds, connections."""
    command = [sys.executable, __file__, json.dumps(job)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def result(process: subprocess.Popen[str]) -> dict[str, Any]:
    """What *process* saw: statuses, unanswered, p50_ms, p99_ms, max_ms, per_second."""
    said, _ = process.communicate()
    found: dict[str, Any] = json.loads(said)
    return found


def run(job: dict[str, Any]) -> dict[str, Any]:
    """Send, read, wait for what is missing."""
    selector, seen = selectors.DefaultSelector(), Seen()
    connections = [_connect(job["address"], selector) for _ in range(job["connections"])]
    requests = [request.encode("ascii") for request in job["requests"]]
    n, started = int(job["per_second"] * job["seconds"]), time.perf_counter()
    sent = 0
    while sent < n or _waiting(connections):
        now = time.perf_counter() - started
        if now > job["seconds"] + DRAIN_S:
            break
        while sent < n and sent / job["per_second"] <= now:
            connection = connections[sent % len(connections)]
            connection.due.append(started + sent / job["per_second"])
            connection.unsent += requests[sent % len(requests)]
            _send(connection)
            sent += 1
        pause = max(0.0, sent / job["per_second"] - now) if sent < n else 0.05
        for key, _ in selector.select(min(pause, 0.05)):
            _read(key.data, seen)
        for connection in connections:
            if connection.unsent:
                _send(connection)
    ordered = sorted(seen.seconds)
    return {
        "sent": sent,
        "statuses": dict(seen.statuses),
        "unanswered": sent - len(ordered),
        "per_second": round(len(ordered) / job["seconds"], 1),
        **{
            name: round(1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))], 2)
            for name, share in (("p50_ms", 0.5), ("p99_ms", 0.99), ("max_ms", 1.0))
            if ordered
        },
    }


def _connect(address: Sequence[Any], selector: selectors.BaseSelector) -> Connection:
    made = socket.create_connection((address[0], address[1]), timeout=10)
    made.setblocking(False)
    connection = Connection(made)
    selector.register(made, selectors.EVENT_READ, connection)
    return connection


def _waiting(connections: list[Connection]) -> bool:
    return any(connection.due for connection in connections)


def _send(connection: Connection) -> None:
    try:
        n = connection.socket.send(connection.unsent)
    except BlockingIOError:
        return
    connection.unsent = connection.unsent[n:]


def _read(connection: Connection, seen: Seen) -> None:
    try:
        connection.received += connection.socket.recv(SPENT)
    except BlockingIOError:
        return
    while (end := connection.received.find(b"\r\n\r\n")) >= 0:
        head = connection.received[:end].lower()
        length = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0])
        if len(connection.received) < end + 4 + length:
            return
        connection.received = connection.received[end + 4 + length :]
        seen.statuses[head[9:12].decode()] += 1
        seen.seconds.append(time.perf_counter() - connection.due.popleft())


if __name__ == "__main__":
    print(json.dumps(run(json.loads(sys.argv[1]))))
