"""The collector as an operator runs it, to be killed."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pyarrow.parquet as pq

from benchmarks.chaos_runners.site import ROOT
from pipelines.collected import Collected

STOPPING_S = 60.0


class FollowingCollector:
    """`python -m pipelines collect --follow` of the settings file *settings*."""

    def __init__(self, settings: Path) -> None:
        self.log = settings.with_name("collector.log")
        self._command = [
            sys.executable,
            *("-m", "pipelines", "--settings", str(settings), "collect", "--follow"),
        ]
        self.start()

    def start(self) -> None:
        """Start it, again if it was killed."""
        with self.log.open("a") as log:
            self._process = subprocess.Popen(
                self._command, cwd=ROOT, env=dict(os.environ), stdout=log, stderr=log
            )

    def kill(self) -> None:
        """kill -9, and start another."""
        self._process.kill()
        self._process.wait(10)
        self.start()

    def stop(self) -> None:
        """Let it finish its batch."""
        self._process.terminate()
        self._process.wait(STOPPING_S)


def stored_ids(collected: Collected) -> Counter[str]:
    """How often each event is in the landing zone; of an impression every item counts apart."""
    counts: Counter[str] = Counter()
    for file in collected.event_files():
        counts.update(pq.read_table(file, columns=["event_id"], partitioning=None)[0].to_pylist())
    shown: Counter[tuple[str, int]] = Counter()
    for file in collected.impression_files():
        table = pq.read_table(file, columns=["event_id", "position"], partitioning=None)
        shown.update(zip(*(column.to_pylist() for column in table.columns), strict=True))
    most: dict[str, int] = {}
    for (event_id, _), n in shown.items():
        most[event_id] = max(most.get(event_id, 0), n)
    counts.update(most)  # one that is stored as both is there twice
    return counts
