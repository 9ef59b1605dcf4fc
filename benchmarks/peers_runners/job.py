"""One model fitted in a process of its own: what the parent writes, and what it reads back.

Imported by the runners in the peers' environments too, so it needs numpy and scipy alone.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix, load_npz, save_npz

from benchmarks.peers_runners.memory import peak_mib

IntArray = npt.NDArray[np.int32]

LIST_LENGTH = 20
NO_ITEM = -1  # pads a list that is shorter


@dataclass(frozen=True)
class ModelSettings:
    """The same for every library, as far as its model has it."""

    factors: int  # numbers that describe a user, an item
    regularization: float  # of factors
    confidence: float  # weight of a pair over an unseen one
    iterations: int  # over all users, then all items
    neighbours: int  # that an item keeps
    threads: int
    seed: int


# Users (ascending numbers) → their lists, (users × LIST_LENGTH), best first, without train items.
Recommend = Callable[[IntArray], IntArray]
Fit = Callable[[csr_matrix, ModelSettings], Recommend]


@dataclass(frozen=True)
class Answer:
    """What one model did."""

    lists: IntArray  # (users × LIST_LENGTH), item numbers
    fit_seconds: float  # from the matrix of pairs to a model
    recommend_seconds: float  # until all lists stand in one array
    peak_mib: float  # of the whole process, libraries included


def write_job(folder: Path, train: csr_matrix, users: IntArray, settings: ModelSettings) -> None:
    save_npz(folder / "train.npz", train, compressed=False)
    np.save(folder / "users.npy", users, allow_pickle=False)
    (folder / "settings.json").write_text(json.dumps(asdict(settings)), encoding="utf-8")


def read_answer(path: Path) -> Answer:
    with np.load(path, allow_pickle=False) as stored:
        numbers = {name: float(stored[name]) for name in stored.files if name != "lists"}
        return Answer(lists=stored["lists"], **numbers)


def do_job(models: Mapping[str, Fit]) -> None:
    """The command line of a runner: fit one of *models* on a job's pairs, write its answer."""
    parser = argparse.ArgumentParser()
    parser.add_argument("model", choices=sorted(models))
    parser.add_argument("job", type=Path)
    parser.add_argument("answer", type=Path)
    chosen = parser.parse_args()
    train = csr_matrix(load_npz(chosen.job / "train.npz"))
    users = np.load(chosen.job / "users.npy", allow_pickle=False)
    settings = ModelSettings(**json.loads((chosen.job / "settings.json").read_text("utf-8")))
    started = time.perf_counter()
    recommend = models[chosen.model](train, settings)
    fitted = time.perf_counter()
    lists = recommend(users)
    finished = time.perf_counter()
    np.savez(
        chosen.answer,
        lists=lists.astype(np.int32),
        fit_seconds=fitted - started,
        recommend_seconds=finished - fitted,
        peak_mib=peak_mib(),
    )


def pad_rows(rows: list[IntArray]) -> IntArray:
    """(rows × LIST_LENGTH), shorter rows filled with `NO_ITEM`."""
    lists = np.full((len(rows), LIST_LENGTH), NO_ITEM, dtype=np.int32)
    for place, row in enumerate(rows):
        lists[place, : len(row)] = row[:LIST_LENGTH]
    return lists
