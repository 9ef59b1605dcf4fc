"""`feast serve` over tables that it was given, in Feast's own environment."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from benchmarks.peers_runners.http_load import Address
from benchmarks.peers_runners.processes import ServerFailedError, free_port, last_line, running

ROOT = Path(__file__).resolve().parents[2]


class Running(NamedTuple):
    """Where a server listens, and its process."""

    address: Address
    pid: int


@contextmanager
def feast_server(
    folder: Path,
    paths: Mapping[str, Path],
    *,
    entity: str,
    port: int,
    python: Path,
    workers: int,
    answers: Callable[[Address], bool],
) -> Iterator[Running]:
    """`feast serve` with its Redis online store in the next database of the Valkey at *port*.

    *paths*: a Parquet file a feature view, with a column *entity*; *folder* must not exist.
    Raises `ServerFailedError` when the store is not filled or *answers* stays False.
    """
    folder.mkdir()
    tables = {name: str(path) for name, path in paths.items()}
    job = {"redis": f"127.0.0.1:{port},db=1", "entity": entity, "tables": tables}
    (folder / "job.json").write_text(json.dumps(job), encoding="utf-8")
    environment = {
        **{key: value for key, value in os.environ.items() if not key.startswith("PYTHON")},
        "PYTHONPATH": str(ROOT),
        "FEAST_USAGE": "False",
    }
    filling = [str(python), "-m", "benchmarks.peers_runners.feast_online", str(folder)]
    done = subprocess.run(filling, cwd=ROOT, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise ServerFailedError(f"its store was not filled: {last_line(done.stderr)}")
    address = ("127.0.0.1", free_port())
    command = [str(python.with_name("feast")), "serve", "--port", str(address[1])]
    command += ["--workers", str(workers), "--no-access-log", "--max-requests", "0"]
    with running(
        command,
        folder=folder / "repo",
        environment=environment,
        log=folder / "log",
        answers=lambda: answers(address),
    ) as pid:
        yield Running(address, pid)
