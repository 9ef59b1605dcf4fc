"""Servers of the made features: our gunicorn and `feast serve`, each over the same Valkey."""

from __future__ import annotations

import json
import os
import socket
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

from benchmarks.peers_runners import made_features as made
from benchmarks.peers_runners.feast_server import feast_server
from benchmarks.peers_runners.http_load import Address, LoadError, ask, post
from benchmarks.peers_runners.processes import free_port, running
from pipelines.publish import PublishSettings, publish_lists
from store.connection import StoreSettings, connect_publisher

ROOT = Path(__file__).resolve().parents[2]
OURS, FEAST = "nightshelf", "feast"
WORKERS = 2

Values = dict[str, dict[str, Any]]  # id → column → value


@dataclass(frozen=True)
class Server:
    """Somebody who answers with features, and how to ask."""

    address: Address
    request: Callable[[Sequence[str]], str]  # ids → request
    read: Callable[[bytes, Sequence[str]], Values]  # of an answer


def ask_ours(ids: Sequence[str]) -> str:
    features = [f"{made.ASKED}.{name}" for name in made.column_names(made.ASKED)]
    return post("/features", json.dumps({"kind": "user", "ids": ids, "features": features}))


def read_ours(answer: bytes, ids: Sequence[str]) -> Values:
    features = json.loads(answer)["features"]
    return {i: {name.partition(".")[2]: v for name, v in features[i].items()} for i in ids}


def ask_feast(ids: Sequence[str]) -> str:
    features = [f"{made.ASKED}:{name}" for name in made.column_names(made.ASKED)]
    return post(
        "/get-online-features", json.dumps({"features": features, "entities": {made.ENTITY: ids}})
    )


def read_feast(answer: bytes, ids: Sequence[str]) -> Values:
    body = json.loads(answer)
    names = body["metadata"]["feature_names"]
    columns = dict(zip(names, (result["values"] for result in body["results"]), strict=True))
    asked = made.column_names(made.ASKED)
    return {i: {name: columns[name][at] for name in asked} for at, i in enumerate(ids)}


@contextmanager
def serve_ours(folder: Path, paths: Mapping[str, Path], port: int) -> Iterator[Server]:
    """Gunicorn as `make serve` starts it, over a published version with the values."""
    url = f"redis://127.0.0.1:{port}/0"
    web = folder / OURS
    (web / "lists").mkdir(parents=True)
    with connect_publisher(StoreSettings(url=url)) as client:
        directory = made.write_version(web / "lists", dict(paths))
        publish_lists(directory, client, "bench", PublishSettings())
    address = ("127.0.0.1", free_port())
    (web / "nightshelf.toml").write_text(
        f'[project]\nnamespace = "bench"\n[store]\nurl = "{url}"\n'
        f'[serving]\nbind = "127.0.0.1:{address[1]}"\nworkers = {WORKERS}\n',
        encoding="utf-8",
    )
    command = [sys.executable, "-m", "gunicorn", "-c", "python:serving.gunicorn_config"]
    environment = {**os.environ, "NIGHTSHELF_SETTINGS": str(web / "nightshelf.toml")}
    server = Server(address, ask_ours, read_ours)
    with running(
        command,
        folder=ROOT,
        environment=environment,
        log=web / "log",
        answers=lambda: _answers(server),
    ):
        yield server


@contextmanager
def serve_feast(
    folder: Path, paths: Mapping[str, Path], port: int, python: Path
) -> Iterator[Server]:
    """`feast serve` over its Redis online store, in the same Valkey's next database."""
    with feast_server(
        folder / FEAST,
        paths,
        entity=made.ENTITY,
        port=port,
        python=python,
        workers=WORKERS,
        answers=lambda address: _answers(Server(address, ask_feast, read_feast)),
    ) as feast:
        yield Server(feast.address, ask_feast, read_feast)


def ask_server(server: Server, ids: Sequence[str]) -> Values:
    """What *server* says of *ids*; raises `OSError` or `LoadError` when it does not answer 200."""
    with socket.create_connection(server.address, timeout=10) as connection:
        answer = ask(connection, server.request(ids).encode("ascii"))
    if answer.status != HTTPStatus.OK:
        raise LoadError(f"answered {answer.status}: {answer.body[:200]!r}")
    return server.read(answer.body, ids)


def _answers(server: Server) -> bool:
    try:
        ask_server(server, made.user_ids(1))
    except (OSError, LoadError):
        return False
    return True
