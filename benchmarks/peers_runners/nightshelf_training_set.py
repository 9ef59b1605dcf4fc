"""Our `historical_features` on a made problem, in a process of its own.

`python -m benchmarks.peers_runners.nightshelf_training_set JOB`
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import pyarrow.parquet as pq

from benchmarks.peers_runners.memory import peak_mib
from pipelines.training_sets import historical_features
from settings import load_settings


def main(folder: Path) -> None:
    """Write the training set and what it took beside the job."""
    job = json.loads((folder / "job.json").read_text(encoding="utf-8"))
    settings = load_settings(Path(job["settings"]), {})
    started = time.perf_counter()
    found = historical_features(Path(job["spine"]), list(job["tables"]), settings=settings)
    figures = {
        "seconds": time.perf_counter() - started,
        "peak_mib": peak_mib(),
        "rows": found.counts,
    }
    pq.write_table(found.table, folder / "nightshelf.parquet", compression="lz4")
    (folder / "nightshelf.json").write_text(json.dumps(figures), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
