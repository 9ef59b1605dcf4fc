"""The join of features to pairs, against a dictionary that cannot be wrong."""

from datetime import date, datetime

import numpy as np
import pytest

from pipelines.candidates.generate import Candidates
from pipelines.features.database import feature_table, open_features
from pipelines.features.problems import SqlFileError
from pipelines.index import load_index
from pipelines.inputs import run_cutoffs
from pipelines.interactions import IntArray
from pipelines.ranking.crosses import DESCRIPTIONS
from pipelines.ranking.feature_columns import (
    open_features_of,
    read_vocabulary,
    training_tables,
)
from pipelines.ranking.matrix import POSITION, build_matrix, column_names

USERS = np.arange(5, 25, dtype=np.int32)


def number_of(value, values, cutoff):
    """A feature's value as the ranker sees it."""
    if value is None:
        return np.nan
    if isinstance(value, str):
        return values.index(value)
    if isinstance(value, date):
        moment = value if isinstance(value, datetime) else datetime(*value.timetuple()[:3])
        return (cutoff - moment).total_seconds() / 86_400
    return float(value)


def rows_by_grain(connection, run, file, cutoff):
    """Rows of a table as dictionaries, by the values of the grain."""
    relation = feature_table(connection, run, file.name, cutoff)
    rows = relation.to_arrow_table().to_pylist()
    return {tuple(row[name] for name in file.header.grain): row for row in rows}


def joined(run, cutoff, users: IntArray, items: IntArray, vocabulary):
    """Column → values of the pairs, by looking every pair up in every table."""
    index = load_index(run)
    people, goods = index.users.to_pylist(), index.items.to_pylist()
    columns = {}
    with open_features(run) as connection:
        segments = {
            row["user_id"]: row["segment"]
            for row in feature_table(connection, run, "user_segment", cutoff)
            .to_arrow_table()
            .to_pylist()
        }
        for file in training_tables(run):
            rows = rows_by_grain(connection, run, file, cutoff)
            for name in file.header.columns:
                if name in file.header.grain:
                    continue
                key = f"{file.name}.{name}"
                columns[key] = []
                for user, item in zip(users, items, strict=True):
                    pair = {**goods[item], **people[user]}
                    pair["segment"] = segments.get(pair["user_id"], "unknown")
                    row = rows.get(tuple(pair[column] for column in file.header.grain), {})
                    value = row.get(name)
                    if not isinstance(value, list):
                        columns[key].append(number_of(value, vocabulary.get(key), cutoff))
    return columns


@pytest.mark.parametrize("moment", ["night", "evaluation"])
def test_every_pair_gets_the_row_of_its_grain(finished_night, moment):
    """Tables by user, item, pair, category, title and segment join like a dictionary does."""
    cutoffs = run_cutoffs(finished_night)
    cutoff = getattr(cutoffs, moment)
    index = load_index(finished_night)
    vocabulary = read_vocabulary(finished_night, cutoffs.labelled, 100)
    users = np.repeat(USERS, index.n_items)
    items = np.tile(np.arange(index.n_items, dtype=np.int32), len(USERS))
    features = open_features_of(finished_night, index, cutoff, USERS, vocabulary)
    matrix = build_matrix(Candidates(users, items, {}, {}), features)
    expected = joined(finished_night, cutoff, users, items, vocabulary)
    expected = {name: values for name, values in expected.items() if values}
    assert column_names([], features) == [*DESCRIPTIONS, *expected, POSITION]
    for column, (name, values) in enumerate(expected.items(), start=len(DESCRIPTIONS)):
        np.testing.assert_allclose(
            matrix[:, column], np.array(values, dtype=np.float32), rtol=1e-5, err_msg=name
        )


def test_all_kinds_of_grain_are_in_use(finished_night):
    """The comparison above covers what the join can do."""
    grains = {tuple(file.header.grain) for file in training_tables(finished_night)}
    assert grains >= {
        ("user_id",),
        ("item_id",),
        ("user_id", "item_id"),
        ("user_id", "category"),
        ("segment", "item_id"),
    }


def test_labels_are_no_features(finished_night):
    """The ranker never sees a column of a label."""
    names = {file.name for file in training_tables(finished_night)}
    assert names & {"purchased", "purchased_new", "user_churned"} == set()


def test_a_text_of_many_values_is_refused(finished_night):
    """Over `max_categories` the error names table and column, and what to do instead."""
    with pytest.raises(SqlFileError, match=r"^user_segment\.segment has \d+ different texts; "):
        read_vocabulary(finished_night, run_cutoffs(finished_night).labelled, 1)
