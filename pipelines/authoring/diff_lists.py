"""`features diff --lists`: figures and lists of a sample of users, from both folders."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from pipelines.authoring.changes import Change
from pipelines.authoring.diff_base import Base
from pipelines.authoring.diff_lists_result import ListsDiff
from pipelines.authoring.diff_lists_surface import Side, compare_surface
from pipelines.authoring.lists_side import (
    RememberedSource,
    build_side,
    open_again,
    open_side,
    sample_users,
    train_side,
)
from pipelines.candidates.generate import open_candidates
from pipelines.features.build import features_directory
from pipelines.features.folder import load_folder
from pipelines.index import Index, load_index
from pipelines.inputs import run_cutoffs
from pipelines.interactions import IntArray
from pipelines.moments import NightSettings
from pipelines.ranking.feature_columns import open_features_of
from pipelines.ranking.score import rank_users
from pipelines.ranking.train import open_ranker
from pipelines.runs import Run
from pipelines.surfaces import SurfacesSettings


def diff_lists(
    run: Run, base: Base, changes: Sequence[Change], n_users: int, scratch: Path
) -> ListsDiff:
    """Trains on both folders for the same at most *n_users* users, and compares what comes of it.

    The rankers of then are fitted once more with another seed, to the same rows: how far that
    moves lists is the floor below which a change says nothing.

    Everything is written below *scratch*; *run* stays as it is.

    Raises `SqlFileError` when a file fails, `DiffError` when *run* lacks a generator.
    """
    index = load_index(run)
    folder = features_directory(run.settings)
    files = load_folder(folder)
    then = Side(open_side(run, base.directory, scratch / "then"))
    now = Side(open_side(run, folder, scratch / "now"))
    again = Side(open_again(run, base.directory, scratch / "again"))
    old = build_side(then.run, base.files, scratch / "snapshots")
    new = build_side(now.run, files, scratch / "snapshots")
    users, known_users = sample_users(run, index, new, n_users)
    ids = index.user_ids[users].tolist()
    with ThreadPoolExecutor(run.settings.read(NightSettings).threads) as pool:
        _wait(
            [
                pool.submit(train_side, then.run, base.files, old, ids, again.run),
                pool.submit(train_side, now.run, files, new, ids),
            ]
        )
        states = [[then, again], [now]]
        _wait([pool.submit(_rank, states, index, at, users) for at in ("evaluated", "night")])
    cutoffs = run_cutoffs(run)
    return ListsDiff(
        run=run.name,
        users=len(users),
        known_users=known_users,
        window=(cutoffs.evaluation, cutoffs.evaluation + cutoffs.horizon),
        night=cutoffs.night,
        surfaces=[
            compare_surface(surface, then, now, again, index, users, changes)
            for surface in run.settings.read(SurfacesSettings).names
        ],
    )


def _wait(work: Sequence[Future[None]]) -> None:
    """Until all of *work* is done; raises what went wrong in it."""
    for done in work:
        done.result()


def _rank(states: Sequence[Sequence[Side]], index: Index, purpose: str, users: IntArray) -> None:
    """Ranks the candidates of *users* on every surface, the same ones for all sides.

    Sides of one state have the same features, those of its first one.
    """
    run = states[0][0].run
    cutoffs = run_cutoffs(run)
    cutoff = cutoffs.night if purpose == "night" else cutoffs.evaluation
    surfaces = run.settings.read(SurfacesSettings)
    sources = {
        name: RememberedSource(**vars(open_candidates(run, surface, cutoff)))
        for name, surface in surfaces.items()
    }
    for sides in states:
        # The vocabulary is that of all rankers of one state: they were trained on the same rows.
        vocabulary = open_ranker(sides[0].run, surfaces.names[0], purpose).vocabulary
        features = open_features_of(sides[0].run, index, cutoff, users, vocabulary)
        for side in sides:
            for name in surfaces.names:
                ranker = open_ranker(side.run, name, purpose)
                side.ranked[name, purpose] = rank_users(
                    sides[0].run, index, name, cutoff, users, ranker, sources[name], features
                )
