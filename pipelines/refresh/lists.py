"""The lists of some users at a later moment, by the models of the run that is live.

The users get numbers of their own, so that everything about users is as small as they are few;
items keep the run's numbers, by which the shelf knows them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from threadpoolctl import threadpool_limits

from pipelines.candidates.fit import load_generator, load_history, used_generators
from pipelines.candidates.generate import CandidateSource
from pipelines.candidates.generator import Fresh, Generator, Past
from pipelines.candidates.settings import CandidateSettings
from pipelines.features.database import NO_SEGMENT, SEGMENT_TABLE, align
from pipelines.features.sql_file import SqlFile
from pipelines.index import Index, load_index
from pipelines.inputs import run_cutoffs
from pipelines.interactions import IntArray, Interactions, read_interactions
from pipelines.lists.listed import KnownOfUsers, list_ranked
from pipelines.lists.pack import pack_lists
from pipelines.moments import END, NightSettings
from pipelines.ranking.feature_columns import FeatureColumns, Vocabulary, join_columns
from pipelines.ranking.ranker import Ranker
from pipelines.ranking.score import SPARE_FACTOR, first_rows, rank_users
from pipelines.ranking.train import open_ranker
from pipelines.refresh.features import FrozenTables, build_fresh
from pipelines.refresh.generators import refresh_generator
from pipelines.refresh.measured import fresh_tables
from pipelines.refresh.write import Lists
from pipelines.runs import Run
from pipelines.surfaces import SurfacesSettings
from settings.events import EventSettings

_EVER = END.replace(tzinfo=None)  # what is collected counts whenever it came in


@dataclass(frozen=True)
class SomeUsers:
    """The users of one refresh, and all that is known of them at its moment."""

    run: Run
    moment: datetime
    index: Index  # the run's items, and these users
    fresh: Fresh
    frozen: FrozenTables
    tables: Mapping[str, pa.Table]  # those that were built anew

    @property
    def interactions(self) -> Interactions:
        """Their events that count for a list, before the moment."""
        return self.fresh.past.interactions

    @property
    def listed(self) -> IntArray:
        """Numbers of those who get a list: they had something that the catalogue knows."""
        return np.flatnonzero(np.diff(self.interactions.matrix.indptr)).astype(np.int32)

    def table(self, file: SqlFile) -> tuple[pa.Table, datetime]:
        """Rows of *file* and the moment that they are as of."""
        if file.name in self.tables:
            return self.tables[file.name], self.moment
        night = run_cutoffs(self.run).night
        return self.frozen.read(file.name, self.index.user_ids.tolist()), night

    def segments(self) -> npt.NDArray[np.object_]:
        """The segment of each user."""
        rows, _ = self.table(self.frozen.files[SEGMENT_TABLE])
        wanted = self.index.users["user_id"]
        return align(rows["user_id"], rows["segment"], wanted, NO_SEGMENT)

    def features(self, vocabulary: Vocabulary) -> FeatureColumns:
        """What the ranker sees of the users, and of the items as of the night."""
        files = list(self.frozen.files.values())
        return join_columns(files, self.table, self.index, self.segments, vocabulary)


def gather(frozen: FrozenTables, events: pa.Table, moment: datetime) -> SomeUsers:
    """All that is known at *moment* (naive UTC) of the users of *events*, their own and whole."""
    run = frozen.run
    everybody = load_index(run)
    ids = pc.unique(events["user_id"]).sort()
    users = _users(everybody.users, ids)
    index = Index(items=everybody.items, users=users)
    names = fresh_tables(run, everybody, frozen)
    tables = build_fresh(frozen, names, events, users, moment)
    with duckdb.connect(config={"threads": "1"}) as connection:
        connection.register("events", events)
        weights = run.settings.read(EventSettings).weights
        interactions = read_interactions(connection, index, weights, moment, _EVER)
    rows = pc.fill_null(pc.index_in(ids, everybody.users["user_id"]), -1)
    numbers = rows.to_numpy(zero_copy_only=False).astype(np.int32)
    threads = run.settings.read(NightSettings).threads
    past = Past(interactions, index.items, threads=threads, cutoff=moment)
    fresh = Fresh(past, numbers, _changed(run, interactions, numbers))
    return SomeUsers(run, moment, index, fresh, frozen, tables)


def list_users(users: SomeUsers) -> Lists:
    """A packed list of every user for every surface; None where nothing is left to show."""
    run = users.run
    surfaces = run.settings.read(SurfacesSettings)
    generators: dict[str, Generator] = {}
    names = {name for _, settings in surfaces.items() for name in settings.generators}
    for name in sorted(names & set(used_generators(run))):
        model = load_generator(run, run_cutoffs(run).night, name)
        settings = getattr(run.settings.read(CandidateSettings), name)
        generators[name] = refresh_generator(model, users.fresh, settings)
    nobody: dict[str, bytes | None] = dict.fromkeys(users.index.user_ids.tolist())
    lists = {name: nobody for name, _ in surfaces.items()}
    if len(users.listed) == 0:
        return lists
    features: list[tuple[Vocabulary, FeatureColumns]] = []
    for surface in lists:
        ranker = open_ranker(run, surface, "night")
        # Read once for all surfaces, unless their rankers number texts differently.
        columns = next((c for known, c in features if known == ranker.vocabulary), None)
        if columns is None:
            columns = users.features(ranker.vocabulary)
            features.append((ranker.vocabulary, columns))
        found = _list_surface(users, surface, ranker, columns, generators)
        lists[surface] = {**nobody, **found}
    return lists


def _list_surface(
    users: SomeUsers,
    surface: str,
    ranker: Ranker,
    features: FeatureColumns,
    generators: Mapping[str, Generator],
) -> dict[str, bytes]:
    run, index = users.run, users.index
    settings = run.settings.read(SurfacesSettings)[surface]
    history, purchases = users.interactions.matrix, users.interactions.purchases
    source = CandidateSource(
        {name: generators[name] for name in settings.generators}, settings, history
    )
    with threadpool_limits(1, "blas"):
        ranked = rank_users(
            run,
            index,
            surface,
            users.moment,
            users.listed,
            ranker,
            source,
            features,
        )
    past = KnownOfUsers(history, purchases, generators.__getitem__, users.segments)
    kept = first_rows(ranked, settings.length * SPARE_FACTOR)
    listed = list_ranked(run, index, surface, kept, past)
    return {index.user_ids[user]: data for user, data in pack_lists(listed)}


def _users(known: pa.Table, ids: pa.Array) -> pa.Table:
    """A row of each of *ids*, ascending: as the night knew them, of new ones the id alone."""
    at = pc.index_in(ids, known["user_id"])
    rows = known.take(at)  # a null takes nulls
    return rows.set_column(rows.schema.get_field_index("user_id"), "user_id", ids)


def _changed(run: Run, interactions: Interactions, rows: IntArray) -> npt.NDArray[np.bool_]:
    """Of each user whether the summed weights are others than those of the night."""
    before = load_history(run, run_cutoffs(run).night)
    changed = rows < 0
    known = np.flatnonzero(~changed)
    then, now = before[rows[known]], interactions.matrix[known]
    different = (then != now).tocoo().row
    changed[known[different]] = True
    return changed
