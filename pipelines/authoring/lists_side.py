"""One of two states of the folder, trained and ranked for a sample of users, beside the run.

Candidates and fitted generators are the run's: they do not come from the folder.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from scipy.sparse import csr_matrix
from sqlglot import exp

from pipelines.authoring.diff_base import DiffError
from pipelines.authoring.scratch import link_kept
from pipelines.candidates.fit import generator_path, load_history, used_generators
from pipelines.candidates.generate import Candidates, CandidateSource
from pipelines.features.build import build_cutoff, cutoff_schema, files_at, snapshot_context
from pipelines.features.snapshots import snapshot_keys
from pipelines.features.sql_file import SqlFile
from pipelines.files import write_json
from pipelines.index import Index
from pipelines.inputs import run_cutoffs, run_lake
from pipelines.interactions import IntArray
from pipelines.moments import NightSettings, compact
from pipelines.progress import progress
from pipelines.ranking.labels import load_labels
from pipelines.ranking.train import train_rankers
from pipelines.runs import Run
from pipelines.surfaces import SurfacesSettings
from settings import Settings

_SAMPLE = "sample"  # schema of the table `users`: whose rows the ranker sees
Paths = Mapping[datetime, Mapping[str, Path]]  # by cutoff and table


@dataclass(frozen=True)
class RememberedSource(CandidateSource):
    """Makes the candidates of a block of users once: both sides rank the same ones."""

    made: dict[bytes, Candidates] = field(default_factory=dict)

    def of_users(self, users: IntArray) -> Candidates:
        key = users.tobytes()
        if key not in self.made:
            self.made[key] = super().of_users(users)
        return self.made[key]


def open_side(run: Run, folder: Path, directory: Path) -> Run:
    """A run in *directory* that has the data, numbers and generators of *run*, and other SQL.

    Raises `DiffError` when the settings ask for a generator that *run* has not fitted.
    """
    cutoffs = run_cutoffs(run).all
    for name in used_generators(run):
        if not all(generator_path(run, cutoff, name).exists() for cutoff in cutoffs):
            raise DiffError(f"run {run.name} has not fitted {name}; make a night with it first")
    write_json(directory / "manifest.json", run.manifest)
    (directory / "index").symlink_to(run.path("index"))
    (directory / "models").mkdir()
    for cutoff in cutoffs:
        (directory / "models" / compact(cutoff)).symlink_to(run.path("models", compact(cutoff)))
    settings = _with(run.settings, "features", directory=str(folder))
    return replace(run, directory=directory, settings=settings)


def open_again(run: Run, folder: Path, directory: Path) -> Run:
    """The same with another seed, which draws other columns for each tree and changes no data."""
    side = open_side(run, folder, directory)
    seed = run.settings.read(NightSettings).seed
    return replace(side, settings=_with(side.settings, "night", seed=seed ^ 1))


def build_side(side: Run, files: Mapping[str, SqlFile], snapshots: Path) -> Paths:
    """Every table at every cutoff of *side*, in *snapshots*; those that nights made are used.

    Raises `SqlFileError` when a file fails.
    """
    built: dict[datetime, dict[str, Path]] = {}
    cutoffs = run_cutoffs(side)
    for cutoff in progress(cutoffs.all, "features", unit="cutoff"):
        context = snapshot_context(side, run_lake(side), cutoffs, cutoff)
        link_kept(context.directory, snapshots, cutoff)
        context = replace(context, directory=snapshots)
        wanted = files_at(files, context)
        keys = snapshot_keys(wanted, context)
        build_cutoff(side, wanted, context, keys)
        built[cutoff] = {name: context.path(file, keys[name]) for name, file in wanted.items()}
    return built


def sample_users(run: Run, index: Index, tables: Paths, n_users: int) -> tuple[IntArray, int]:
    """At most *n_users* numbers, ascending, of users with a label in the evaluated window.

    Beside them how many such users there are.
    """
    cutoff = run_cutoffs(run).evaluation
    labels = {surface.label for _, surface in run.settings.read(SurfacesSettings).items()}
    found = [pq.read_table(tables[cutoff][label], columns=["user_id"]) for label in labels]
    ids = np.unique(pa.concat_tables(found)["user_id"].to_numpy(zero_copy_only=False))
    users = np.flatnonzero(np.isin(index.user_ids, ids))
    users = users[np.diff(load_history(run, cutoff).indptr)[users] > 0]
    known_users = len(users)
    if known_users > n_users:
        random = np.random.default_rng(run.settings.read(NightSettings).seed)
        users = np.sort(random.choice(users, n_users, replace=False))
    return users.astype(np.int32), known_users


def train_side(
    side: Run,
    files: Mapping[str, SqlFile],
    tables: Paths,
    user_ids: Collection[str],
    again: Run | None = None,
) -> None:
    """Trains the rankers of *side* on rows of *user_ids* alone; tables by item are whole.

    Those of *again* are trained on the same rows.
    """
    with duckdb.connect(str(side.path("features.duckdb"))) as connection:
        connection.execute(f"create schema {_SAMPLE}")
        connection.from_arrow(pa.table({"user_id": sorted(user_ids)})).create(f"{_SAMPLE}.users")
        for cutoff, paths in tables.items():
            schema = "main" if cutoff == side.as_of else cutoff_schema(cutoff)
            if schema != "main":
                connection.execute(
                    exp.Create(this=exp.to_identifier(schema, quoted=True), kind="SCHEMA").sql(
                        dialect="duckdb"
                    )
                )
            for name, path in paths.items():
                has_users = "user_id" in files[name].header.columns
                connection.execute(_view(schema, name, path, of_sample=has_users))
    train_rankers(side, again)


def window_of(
    side: Run, index: Index, surface: str, sampled: IntArray
) -> tuple[IntArray, csr_matrix]:
    """Those of *sampled* with a label of *surface* in the evaluated window, and all labels."""
    label = side.settings.read(SurfacesSettings)[surface].label
    truth = load_labels(side, index, label, run_cutoffs(side).evaluation)
    return sampled[np.diff(truth.indptr)[sampled] > 0], truth


def _view(schema: str, name: str, path: Path, *, of_sample: bool) -> str:
    rows = exp.select("*").from_(exp.func("read_parquet", exp.Literal.string(str(path))))
    if of_sample:
        users = exp.select("user_id").from_(exp.table_("users", db=_SAMPLE))
        rows = rows.where(exp.column("user_id").isin(query=users))
    view = exp.table_(name, db=schema, quoted=True)
    return exp.Create(this=view, kind="VIEW", expression=rows).sql(dialect="duckdb")


def _with(settings: Settings, section: str, **keys: object) -> Settings:
    changed = {**settings.tables.get(section, {}), **keys}
    return replace(settings, tables={**settings.tables, section: changed})
