"""LensKit, RecTools and our generators on the same pairs, in the same run.

Each library in its own environment and each model in a process of its own; all lists are measured
here, over the full catalogue. Prints a table, and one JSON line last.

`python -m benchmarks.peers FOLDER --users 5000`; the folder has train.txt.gz and test.txt.gz
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.peers_runners.environments import EnvironmentNotMadeError, make_environment
from benchmarks.peers_runners.job import Answer, ModelSettings, read_answer, write_job
from benchmarks.peers_runners.measure import (
    Figures,
    ListsError,
    best_ratios,
    measure,
    print_table,
    ratios,
)
from benchmarks.peers_runners.pairs import (
    SMALL_ITEMS,
    SMALL_USERS,
    PairsError,
    Split,
    make_split,
    read_split,
    take_users,
)
from pipelines.candidates.als import AlsSettings
from settings.errors import NightshelfError

ROOT = Path(__file__).resolve().parents[1]
OURS = "nightshelf"
PEERS = ("rectools", "lenskit")  # the one that is quicker to install first
FACTORS = 128
NEIGHBOURS = 300
THREADS = 2
SEED = 0
SMALL_SECONDS = 30.0  # for making all environments with --small
EASE_GIB = 6.0  # of dense matrices

logger = logging.getLogger("nightshelf.benchmarks")


class ModelFailedError(NightshelfError):
    """A model's process ended without an answer."""


@dataclass(frozen=True)
class Contender:
    """A model of a library; those of one kind are compared with each other."""

    library: str
    kind: str
    blas_threads: int = 1  # more, inside the threads of ALS, make it several times slower

    @property
    def name(self) -> str:
        return f"{self.library}/{self.kind}"


CONTENDERS = (
    Contender(OURS, "als"),
    Contender(OURS, "item_item"),
    Contender(OURS, "item_bm25"),
    Contender(OURS, "ease", blas_threads=THREADS),
    Contender("lenskit", "als"),
    Contender("lenskit", "item_item"),
    Contender("rectools", "als"),
    Contender("rectools", "item_item"),
    Contender("rectools", "item_bm25"),
    Contender("rectools", "ease", blas_threads=THREADS),
)


def make_pythons(folder: Path, limit: float | None) -> tuple[dict[str, Path], dict[str, str]]:
    """The Python of each library, and why a peer has none; *limit* is seconds for all."""
    pythons, skipped = {OURS: Path(sys.executable)}, {}
    started = time.monotonic()
    for peer in PEERS:
        left = None if limit is None else max(limit - (time.monotonic() - started), 0.0)
        logger.info("%s: environment below %s", peer, folder)
        requirements = ROOT / "benchmarks" / "peers_runners" / f"{peer}.txt"
        try:
            pythons[peer] = make_environment(requirements, folder, seconds=left)
        except EnvironmentNotMadeError as error:
            skipped[peer] = str(error)
    return pythons, skipped


def run_model(contender: Contender, python: Path, job: Path) -> Answer:
    """Raises `ModelFailedError` with the last line that its process wrote."""
    answer = job / f"{contender.name.replace('/', '-')}.npz"
    module = f"benchmarks.peers_runners.{contender.library}_models"
    command = [str(python), "-m", module, contender.kind, str(job), str(answer)]
    blas = str(contender.blas_threads)
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("PYTHON")},
        "PYTHONPATH": str(ROOT),
        "OMP_NUM_THREADS": blas,
        "OPENBLAS_NUM_THREADS": blas,
        "MKL_NUM_THREADS": blas,
        "LK_NUM_THREADS": str(THREADS),
        "LK_NUM_BACKEND_THREADS": blas,
    }
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        # A message may go over several lines; the one that names the error is not indented.
        named = [line for line in lines if not line.startswith(" ")]
        reason = (named or lines or ["no message"])[-1]
        raise ModelFailedError(f"ended with code {done.returncode}: {reason.strip()}")
    return read_answer(answer)


def run_all(
    split: Split, settings: ModelSettings, pythons: dict[str, Path], skipped: dict[str, str]
) -> Iterator[Figures]:
    """Figures of every model that could run; *skipped* gains the reasons of the others."""
    known = int((split.train.getnnz(axis=0) > 0).sum())
    with tempfile.TemporaryDirectory(prefix="nightshelf-peers-") as name:
        write_job(Path(name), split.train, split.users, settings)
        for contender in CONTENDERS:
            if contender.library not in pythons:
                continue
            dense = contender.library != OURS and contender.kind == "ease"
            if dense and (gib := ease_gib(known)) > EASE_GIB:
                reason = f"{known} items need {gib:.0f} GiB of dense matrices"
                skipped[contender.name] = f"{reason}; the benchmark allows {EASE_GIB:.0f}"
                continue
            logger.info("%s ...", contender.name)
            try:
                answer = run_model(contender, pythons[contender.library], Path(name))
                yield measure(contender.library, contender.kind, answer, split)
            except (ModelFailedError, ListsError) as error:
                skipped[contender.name] = str(error)


def ease_gib(n_items: int) -> float:
    """Memory of the Gram matrix, its inverse and the weights, all float32 and dense."""
    return 3 * 4 * n_items**2 / 1024**3


def choose_split(folder: Path | None, n_users: int | None) -> Split:
    """The pairs of *folder*, else made ones; of *n_users* when there are more."""
    split = make_split(SMALL_USERS, SMALL_ITEMS, SEED) if folder is None else read_split(folder)
    return split if n_users is None else take_users(split, n_users, SEED)


def choose_settings(factors: int, neighbours: int) -> ModelSettings:
    """Our defaults of ALS for every library's."""
    als = AlsSettings()
    return ModelSettings(
        factors=factors,
        regularization=als.regularization,
        confidence=als.confidence,
        iterations=als.iterations,
        neighbours=neighbours,
        threads=THREADS,
        seed=SEED,
    )


def main(words: Sequence[str] | None = None) -> None:
    """Read or make the pairs, run everybody, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", help="with train.txt.gz and test.txt.gz")
    parser.add_argument("--users", type=int, help="only so many users, drawn at random")
    parser.add_argument("--factors", type=int, default=FACTORS)
    parser.add_argument("--neighbours", type=int, default=NEIGHBOURS)
    parser.add_argument("--environments", type=Path, default=ROOT / "var" / "benchmarks" / "peers")
    parser.add_argument("--small", action="store_true", help="made pairs, within a minute")
    chosen = parser.parse_args(words)
    if (chosen.folder is None) != chosen.small:
        parser.error("name a folder with train.txt.gz and test.txt.gz, or take --small alone")
    logging.basicConfig(format="%(asctime)s %(message)s", stream=sys.stderr)
    logger.setLevel(logging.INFO)
    try:
        split = choose_split(chosen.folder, chosen.users)
    except PairsError as error:
        parser.error(str(error))
    settings = choose_settings(chosen.factors, chosen.neighbours)
    pythons, skipped = make_pythons(chosen.environments, SMALL_SECONDS if chosen.small else None)
    figures = list(run_all(split, settings, pythons, skipped))
    print_table(figures)
    for name, reason in skipped.items():
        print(f"{name} skipped: {reason}")
    result = {
        "benchmark": "peers",
        "data": "made" if chosen.small else chosen.folder.resolve().name,
        "users": len(split.users),
        "items": split.train.shape[1],
        "train_pairs": split.train.nnz,
        "test_pairs": split.test.nnz,
        "settings": vars(settings),
        "models": {figure.name: figure.as_dict() for figure in figures},
        "ratios": ratios(figures, OURS),
        "best_ratios": best_ratios(figures, OURS),
        "skipped": skipped,
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
