"""Our app as it is served, its peers, and the ceiling: each with the same workers over one store.

The peers answer with bodies that were made before, one `GET` each, as long as ours are.
"""

from __future__ import annotations

import json
import os
import socket
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

from benchmarks.peers_runners.environments import make_environment
from benchmarks.peers_runners.http_load import Address, Answer, LoadError, ask
from benchmarks.peers_runners.processes import free_port, running
from benchmarks.serving_runners.made_lists import NAMESPACE, VERSION

ROOT = Path(__file__).resolve().parents[2]
RUNNERS = "benchmarks.serving_runners"
REQUIREMENTS = ROOT / "benchmarks" / "peers_runners"
OURS, BARE, FLASK, FASTAPI = "nightshelf", "bare", "flask", "fastapi"
N = 20  # items of an answer
WORKERS = 2
IN_A_ROW = 10  # answers from new connections, so that every worker is likely to be ready


@dataclass(frozen=True)
class Contender:
    """Somebody who answers with a user's recommendations, and how to ask."""

    address: Address
    pid: int
    request: Callable[[str], str]  # user → request
    n_users: int  # that it knows, the first ones


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where contenders are started."""

    folder: Path
    port: int  # of the store
    users: Sequence[str]  # whom everybody but Feast knows
    environments: Path  # of the peers
    limit_s: float | None  # for making one

    @property
    def store(self) -> str:
        """The address of the store's first database."""
        return f"redis://127.0.0.1:{self.port}/0"


def get(user: str, headers: str = "") -> str:
    """The request for the recommendations of *user*; *headers* end their lines themselves."""
    return f"GET /recs/{user}?n={N} HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n"


@contextmanager
def serve_ours(place: Place) -> Iterator[Contender]:
    """Gunicorn as `make serve` starts it."""
    settings, port = _write_settings(place, OURS)
    address = ("127.0.0.1", port)

    def answers() -> bool:
        found = ask_once(address, get(place.users[0]))
        return bool(json.loads(found.body)["version"] == VERSION)

    with _gunicorn(place, OURS, address, answers, settings=settings) as contender:
        yield contender


@contextmanager
def serve_bare(place: Place) -> Iterator[Contender]:
    """The function under the same gunicorn, configured as ours is."""
    settings, port = _write_settings(place, BARE)
    address = ("127.0.0.1", port)
    with _gunicorn(
        place,
        BARE,
        address,
        says(address, get(place.users[0])),
        f"{RUNNERS}.bare_wsgi:app",
        settings=settings,
    ) as contender:
        yield contender


@contextmanager
def serve_flask(place: Place) -> Iterator[Contender]:
    """Gunicorn with its own defaults, so with workers that answer one request at a time."""
    address = ("127.0.0.1", free_port())
    words = ["-k", "sync", "-w", str(WORKERS), "-b", f"127.0.0.1:{address[1]}"]
    words += ["--no-control-socket", f"{RUNNERS}.plain_flask:app"]
    with _gunicorn(place, FLASK, address, says(address, get(place.users[0])), *words) as contender:
        yield contender


@contextmanager
def serve_fastapi(place: Place) -> Iterator[Contender]:
    """Uvicorn with uvloop and httptools."""
    requirements = REQUIREMENTS / f"{FASTAPI}.txt"
    python = make_environment(requirements, place.environments, seconds=place.limit_s)
    address = ("127.0.0.1", free_port())
    command = [str(python), "-m", "uvicorn", f"{RUNNERS}.plain_fastapi:app"]
    command += ["--port", str(address[1]), "--workers", str(WORKERS), "--no-access-log"]
    command += ["--loop", "uvloop", "--http", "httptools", "--log-level", "warning"]
    answers = says(address, get(place.users[0]))
    with _running(place, FASTAPI, command, address, answers) as contender:
        yield contender


def ask_once(address: Address, request: str) -> Answer:
    """The answer to *request* on a connection of its own.

    Raises `OSError` or `LoadError` when there is none, or when it is an error.
    """
    with socket.create_connection(address, timeout=10) as connection:
        answer = ask(connection, request.encode("ascii"))
    if answer.status not in (HTTPStatus.OK, HTTPStatus.NOT_MODIFIED):
        raise LoadError(f"answered {answer.status}: {answer.body[:200]!r}")
    return answer


def check_body(name: str, contender: Contender, user: str, body: bytes) -> None:
    """Raises `LoadError` when *contender* does not answer *user* with *body*, byte for byte."""
    found = ask_once(contender.address, contender.request(user)).body
    if found != body:
        raise LoadError(f"{name} answered {found[:200]!r}; expected {body[:200]!r}")


def _write_settings(place: Place, name: str) -> tuple[Path, int]:
    """A settings file for the server *name*, all else as it is by default; and its port."""
    folder, port = place.folder / name, free_port()
    folder.mkdir()
    file = folder / "nightshelf.toml"
    file.write_text(
        f'[project]\nnamespace = "{NAMESPACE}"\n[store]\nurl = "{place.store}"\n'
        f'[serving]\nbind = "127.0.0.1:{port}"\nworkers = {WORKERS}\n',
        encoding="utf-8",
    )
    return file, port


@contextmanager
def _gunicorn(
    place: Place,
    name: str,
    address: Address,
    answers: Callable[[], bool],
    *words: str,
    settings: Path | None = None,
) -> Iterator[Contender]:
    """Gunicorn with *words*, configured as ours when there are *settings*."""
    command = [sys.executable, "-m", "gunicorn"]
    environment = {}
    if settings is not None:
        command += ["-c", "python:serving.gunicorn_config"]
        environment["NIGHTSHELF_SETTINGS"] = str(settings)
    with _running(place, name, [*command, *words], address, answers, **environment) as contender:
        yield contender


@contextmanager
def _running(
    place: Place,
    name: str,
    command: list[str],
    address: Address,
    answers: Callable[[], bool],
    **environment: str,
) -> Iterator[Contender]:
    with running(
        command,
        folder=ROOT,
        environment={**os.environ, "BENCHMARK_STORE": place.store, **environment},
        log=place.folder / f"{name}.log",
        answers=lambda: is_ready(answers),
    ) as pid:
        yield Contender(address, pid, get, len(place.users))


def says(address: Address, request: str) -> Callable[[], bool]:
    """Whether *address* answers *request* with something."""
    return lambda: bool(ask_once(address, request).body)


def is_ready(answers: Callable[[], bool]) -> bool:
    """Whether it *answers*, on several connections one after the other."""
    try:
        return all(answers() for _ in range(IN_A_ROW))
    except (OSError, LoadError):
        return False
