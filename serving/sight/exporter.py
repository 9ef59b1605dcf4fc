"""`/metrics` of all workers, in a process of its own that gunicorn's master starts.

Run as a file, so that it loads nothing of the application:
`python -P exporter.py DIRECTORY BIND PID_OF_MASTER FILE…`.
A worker writes its counts to files named after its process id.
Those of a worker that is gone are added to one archive and removed, so that the directory has at
most the files of the workers that live and one set more, however many have died.
Beside them it passes on the gauges that `python -m pipelines` leaves in the files: those of
`measure` in `measures.prom`, and those of `collect` in `collect.prom`.
"""

from __future__ import annotations

import json
import os
import struct
import sys
import threading
import time
from collections.abc import Iterable
from pathlib import Path

from prometheus_client import CollectorRegistry, Metric
from prometheus_client.exposition import start_wsgi_server
from prometheus_client.mmap_dict import MmapedDict
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

EVERY_S = 1.0
ARCHIVE = "0"  # no process has this id
ADDED_UP = ("counter", "histogram")  # what outlives a worker; its gauges do not
# By the name of a file: how its gauges begin, and the labels that they may have.
PASSED_ON = {
    "measures.prom": (
        "nightshelf_measure_",
        {"namespace", "surface", "dimension", "label", "position", "figure", "subject", "what"},
    ),
    "collect.prom": ("nightshelf_collect_", {"namespace"}),
}
MAX_FILE_BYTES = 8_000_000
UNREADABLE = (OSError, RuntimeError, ValueError, IndexError, struct.error)


class Workers(Collector):
    """The counts of all workers of one directory, of those that are gone too."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._busy = threading.Lock()  # an archive is not read while it is replaced

    def collect(self) -> Iterable[Metric]:
        """What all of them have counted, by metric."""
        with self._busy:
            self._bury()
            files = [str(path) for path in self._files() if _is_readable(path)]
            return list(MultiProcessCollector.merge(files))

    def bury(self) -> None:
        """Add the files of workers that are gone to the archive, and remove them."""
        with self._busy:
            self._bury()

    def _files(self) -> list[Path]:
        return sorted(self._directory.glob("*.db"))

    def _bury(self) -> None:
        dead = [path for path in self._files() if not _lives(_pid_of(path))]
        for kind in ADDED_UP:
            own = [path for path in dead if path.name.startswith(f"{kind}_")]
            if files := [path for path in own if _is_readable(path)]:
                self._archive(kind, files)
        for path in dead:
            path.unlink(missing_ok=True)

    def _archive(self, kind: str, files: list[Path]) -> None:
        archive = self._directory / f"{kind}_{ARCHIVE}.db"
        beside = archive.with_suffix(".new")
        beside.unlink(missing_ok=True)
        total: dict[str, float] = {}
        for path in [archive, *files] if archive.exists() else files:
            for key, value, *_ in MmapedDict.read_all_values_from_file(str(path)):
                total[key] = total.get(key, 0.0) + value
        written = MmapedDict(str(beside))
        for key, value in total.items():
            written.write_value(key, value, 0.0)
        written.close()
        beside.replace(archive)


class Gauges(Collector):
    """The gauges of one text file, as far as they are ours; none while there is no file.

    Raises `KeyError` for a file of another name than those of `PASSED_ON`.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._prefix, self._labels = PASSED_ON[path.name]
        self._busy = threading.Lock()
        self._seen: tuple[int, int, int] | None = None
        self._metrics: list[Metric] = []

    def collect(self) -> Iterable[Metric]:
        """What the file says now; it is read again only when it was replaced."""
        with self._busy:
            try:
                stat = self._path.stat()
            except OSError:
                self._seen, self._metrics = None, []
                return []
            seen = (stat.st_ino, stat.st_mtime_ns, stat.st_size)
            if seen != self._seen:
                self._seen, self._metrics = seen, self._read(stat.st_size)
            return self._metrics

    def _read(self, size: int) -> list[Metric]:
        """Nothing, and a line in the log, where it is not what the pipelines write."""
        try:
            if size > MAX_FILE_BYTES:
                raise ValueError(f"{size} bytes; expected at most {MAX_FILE_BYTES}")
            text = self._path.read_text(encoding="utf-8")
            metrics = list(text_string_to_metric_families(text))
            for metric in metrics:
                self._check(metric)
        except (OSError, ValueError, KeyError, IndexError) as error:
            _say("error", f"{self._path.name} is not passed on: {error}")
            return []
        return metrics

    def _check(self, metric: Metric) -> None:
        """Raises `ValueError` for what could be taken for another metric, or has other labels."""
        if metric.type != "gauge" or not metric.name.startswith(self._prefix):
            raise ValueError(f"{metric.type} {metric.name}; expected gauges {self._prefix}…")
        for sample in metric.samples:
            if sample.name != metric.name or not sample.labels.keys() <= self._labels:
                raise ValueError(f"{sample.name} has labels {sorted(sample.labels)}")


def _pid_of(path: Path) -> str:
    return path.stem.rpartition("_")[2]


def _lives(pid: str) -> bool:
    if pid == ARCHIVE:
        return True
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # another user's process has got the id: its files are in no one's way
        return True
    return True


def _is_readable(path: Path) -> bool:
    """Whether *path* can be read whole: a worker that was killed may have left it torn."""
    try:
        for key, *_ in MmapedDict.read_all_values_from_file(str(path)):
            json.loads(key)
    except UNREADABLE:
        return False
    return True


def serve(directory: Path, host: str, port: int, parent: int, files: Iterable[Path]) -> None:
    """Answer on *host* and *port* until the process *parent*, which started this one, is gone."""
    registry = CollectorRegistry()
    workers = Workers(directory)
    registry.register(workers)
    for file in files:
        registry.register(Gauges(file))
    said = is_up = False
    while os.getppid() == parent:
        if not is_up:
            try:
                start_wsgi_server(port, host, registry)
                is_up = True
            except OSError as error:
                if not said:
                    _say("error", f"[metrics] bind = {host}:{port}: {error.strerror}; trying on")
                    said = True
        workers.bury()
        time.sleep(EVERY_S)


def _say(level: str, message: str) -> None:
    line = {"level": level, "logger": "nightshelf.exporter", "message": message, "pid": os.getpid()}
    print(json.dumps(line), file=sys.stderr, flush=True)


if __name__ == "__main__":
    os.closerange(3, 65_536)  # the sockets of the master, which are not to outlive it here
    host, _, port = sys.argv[2].rpartition(":")
    try:
        files = map(Path, sys.argv[4:])
        serve(Path(sys.argv[1]), host.strip("[]"), int(port), int(sys.argv[3]), files)
    except KeyboardInterrupt:  # of the terminal, as gunicorn's own
        sys.exit(0)
