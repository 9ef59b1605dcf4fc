"""What is listed for whom, before packing: one row an item of a list."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq
from scipy.sparse import csr_matrix

from pipelines.candidates.fit import load_generator, used_generators
from pipelines.candidates.generator import Generator, look_up
from pipelines.features.database import NO_SEGMENT, user_segments
from pipelines.index import Index
from pipelines.inputs import run_cutoffs
from pipelines.interactions import FloatArray, IntArray
from pipelines.lists.reasons import (
    name_reason_items,
    names_segment,
    reason_codes,
    settle_codes,
    without_namesakes,
)
from pipelines.lists.rules import load_rules
from pipelines.lists.settings import ListSettings, ReasonSettings
from pipelines.ranking.score import Ranked, shard_path
from pipelines.runs import Run, RunError
from pipelines.surfaces import SurfacesSettings

SCHEMA = pa.schema(
    {
        "user": pa.int32(),
        "rank": pa.int16(),
        "item": pa.int32(),
        "score": pa.float32(),
        "reason": pa.uint8(),
        "source": pa.uint8(),
        "reason_item": pa.int32(),
        "generators": pa.uint32(),
        "had": pa.bool_(),
    }
)


@dataclass(frozen=True)
class Listed:
    """Rows of some users' lists, by user and rank."""

    users: IntArray
    ranks: np.ndarray  # int16, from 1
    items: IntArray
    scores: FloatArray
    reasons: np.ndarray  # uint8, index of REASON_CODES
    sources: np.ndarray  # uint8, position in `used_generators`
    reason_items: IntArray  # -1: none
    generators: np.ndarray  # uint32: a bit for each of `used_generators` that proposed it
    had: npt.NDArray[np.bool_]  # whether the user had an event with the item

    def to_arrow(self) -> pa.Table:
        columns = (self.users, self.ranks, self.items, self.scores)
        why = (self.reasons, self.sources, self.reason_items, self.generators, self.had)
        return pa.table([*columns, *why], schema=SCHEMA)


@dataclass(frozen=True)
class KnownOfUsers:
    """What rules and reasons ask of those who get a list."""

    history: csr_matrix  # users × items: summed weights of their events
    purchases: csr_matrix  # users × items: number of purchases
    open_generator: Callable[[str], Generator]
    segments: Callable[[], npt.NDArray[np.object_]]  # of each user


def _read_ranked(path: Path) -> pa.Table:
    try:
        return pq.read_table(path)
    except (OSError, pa.ArrowInvalid) as error:
        raise RunError(
            f"{path} cannot be read ({error}); it was whole when it was written: "
            "look at the disk, then run the night again with force"
        ) from None


def list_shard(
    run: Run,
    index: Index,
    surface: str,
    shard: int,
    history: csr_matrix,
    purchases: csr_matrix,
) -> Listed:
    """The lists of one shard's users: ruled, cut to length, with reasons."""
    table = _read_ranked(shard_path(run, surface, shard))
    columns = ("user", "item", "score", "source", "generators")
    night = run_cutoffs(run).night
    past = KnownOfUsers(
        history,
        purchases,
        lambda name: load_generator(run, night, name),
        lambda: user_segments(run, index, night),
    )
    ranked = Ranked(*(table[name].to_numpy() for name in columns))
    return list_ranked(run, index, surface, ranked, past)


def list_ranked(run: Run, index: Index, surface: str, ranked: Ranked, past: KnownOfUsers) -> Listed:
    """The lists of those who are in *ranked*, with the rules and for the reasons of *run*."""
    settings = run.settings.read(SurfacesSettings)[surface]
    lists = run.settings.read(ListSettings)
    users, items = ranked.users, ranked.items
    scores, sources = ranked.scores, ranked.sources
    chosen = load_rules(index, lists, settings).select(users, items, scores)
    chosen = chosen[places(users[chosen]) < settings.length]
    users, items, sources = users[chosen], items[chosen], sources[chosen]
    ranks = places(users)
    generators = used_generators(run)
    codes = reason_codes(users, items, sources, generators, past.history, past.purchases)
    reason_items = name_reason_items(
        codes,
        sources,
        users,
        items,
        ranks < lists.explained_items,
        generators,
        past.open_generator,
    )
    title = load_rules(index, ListSettings(unique_by="title"), settings).title
    reason_items = without_namesakes(reason_items, items, title)
    templates = run.settings.read(ReasonSettings)
    has_segment = _has_segment(past, users, templates)
    codes = settle_codes(codes, reason_items, has_segment, templates)
    return Listed(
        users=users,
        ranks=(ranks + 1).astype(np.int16),
        items=items,
        scores=_never_rising(scores[chosen], ranks == 0),
        reasons=codes,
        sources=sources,
        reason_items=reason_items,
        generators=ranked.generators[chosen],
        had=look_up(past.history, users, items) > 0,
    )


def _has_segment(
    past: KnownOfUsers, users: IntArray, templates: ReasonSettings
) -> npt.NDArray[np.bool_]:
    """Whether the segment of each of *users* is known; not looked up where nothing names it."""
    if not names_segment(templates):
        return np.zeros(len(users), dtype=bool)
    return np.asarray(past.segments()[users] != NO_SEGMENT, dtype=bool)


def listed_path(directory: Path, surface: str) -> Path:
    return directory / f"listed-{surface}.parquet"


def places(users: IntArray) -> np.ndarray:
    """0, 1, 2 … within each run of one user."""
    starts = np.flatnonzero(np.r_[True, users[1:] != users[:-1]]) if len(users) else users
    sizes = np.diff(np.r_[starts, len(users)])
    return np.arange(len(users)) - np.repeat(starts, sizes)


def _never_rising(scores: FloatArray, starts: np.ndarray) -> FloatArray:
    """Within each list the running minimum: an item that a rule moved down scores as its place."""
    # Lists lie in bands far apart, so that one accumulate serves them all.
    band = 2.0 * np.cumsum(starts)
    return (np.minimum.accumulate(scores - band) + band).astype(np.float32)
