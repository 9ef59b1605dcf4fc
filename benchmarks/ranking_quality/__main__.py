"""The night's generators and ranker on public data, beside published figures.

`python -m benchmarks.ranking_quality DATASET FOLDER` fits on the training part, tunes on slices of
it, reads the test part once, and prints a table and one JSON line last.

gowalla, amazon_beauty, split   FOLDER has train.txt.gz and test.txt.gz: lines `user item item …`
movietweetings                  FOLDER has ratings.dat.gz and movies.dat.gz
online_retail                   FOLDER has online_retail.parquet
complete_journey                the demo's night; its data and run are written below FOLDER
"""

from __future__ import annotations

import argparse
import logging
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from benchmarks.ranking_quality.complete_journey import run_night
from benchmarks.ranking_quality.made_pairs import write_made_pairs
from benchmarks.ranking_quality.movietweetings import read_movietweetings
from benchmarks.ranking_quality.online_retail import read_online_retail
from benchmarks.ranking_quality.pairs import read_split
from benchmarks.ranking_quality.problem import Problem
from benchmarks.ranking_quality.published import PUBLISHED
from benchmarks.ranking_quality.solve import solve
from settings.errors import NightshelfError

DATASETS = ("gowalla", "amazon_beauty", "split", "movietweetings", "online_retail")


def main() -> int:
    """Exit code: 0, or 1 when the data are not what was expected."""
    options = _parse()
    logging.basicConfig(
        format="%(asctime)s %(message)s", datefmt="%H:%M:%S", stream=sys.stderr, level=logging.INFO
    )
    try:
        if options.small:
            with tempfile.TemporaryDirectory() as folder:
                write_made_pairs(Path(folder))
                answer = solve(read_split(Path(folder), {}))
                table, line = answer.table(), answer.line()
        elif options.dataset == "complete_journey":
            table, line = run_night(options.folder)
        else:
            answer = solve(_read(options.dataset, options.folder))
            table, line = answer.table(), answer.line()
    except NightshelfError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(f"{table}\n{line}")
    return 0


def _read(dataset: str, folder: Path) -> Problem:
    if dataset == "movietweetings":
        return read_movietweetings(folder)
    if dataset == "online_retail":
        return read_online_retail(folder)
    return read_split(folder, PUBLISHED.get(dataset, {}))


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.ranking_quality",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("dataset", nargs="?", choices=(*DATASETS, "complete_journey"))
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--small", action="store_true", help="made data; no folder is needed")
    options = parser.parse_args()
    if not options.small and options.folder is None:
        parser.error("DATASET and FOLDER are needed, or --small")
    return options


if __name__ == "__main__":
    sys.exit(main())
