"""Vectors of users and items, as a night leaves them for `POST /rank`."""

from dataclasses import replace

import numpy as np
import pyarrow.parquet as pq
import pytest

from pipelines.candidates.fit import load_generator
from pipelines.files import read_json
from pipelines.index import load_index
from pipelines.inputs import run_cutoffs
from pipelines.lists.vectors import VectorError, pack_vectors, vector_models, write_vectors
from pipelines.publish.lists_directory import open_lists, vectors_file
from store.keys import bucket_of
from store.vectors import load_vectors, pack_vector, products, unpack_vector


def with_tables(run, **tables):
    """*run* with other settings."""
    settings = run.settings
    return replace(run, settings=replace(settings, tables={**settings.tables, **tables}))


def test_rows_are_packed_as_one_by_one():
    """numpy and Python say the same bytes, rows of zeros and tiny numbers included."""
    dice = np.random.default_rng(0)
    vectors = dice.normal(size=(200, 9)).astype(np.float32)
    vectors *= 10.0 ** dice.integers(-8, 8, size=(200, 1))
    vectors[0], vectors[1] = 0, 1e-44
    packed = pack_vectors(vectors.astype(np.float32))
    assert packed == [pack_vector(row) for row in vectors.astype(np.float32).tolist()]


def test_the_stored_vectors_are_those_of_the_model(finished_night):
    """Products of the packed rows order items as the model does, and who had no event has none."""
    index = load_index(finished_night)
    folder = finished_night.path("lists")
    manifest = read_json(folder / "manifest.json")
    vectors = load_vectors(manifest)
    assert vectors.surfaces == {"discover": "als", "home": "als"}
    model = vectors.models["als"]
    fitted = load_generator(finished_night, run_cutoffs(finished_night).night, "als").vectors
    assert model.dimensions == fitted[0].shape[1] == 8
    stored = {}
    for entity, numbers, ids in zip(
        ("user", "item"), fitted, (index.user_ids, index.item_ids), strict=True
    ):
        rows = pq.read_table(folder / vectors_file(f"als_{entity}")).to_pylist()
        n_buckets = model.n_buckets[entity]
        assert [row["bucket"] for row in rows] == [bucket_of(row["id"], n_buckets) for row in rows]
        known = ids[np.any(numbers != 0, axis=1)].tolist()
        assert sorted(row["id"] for row in rows) == sorted(known)
        assert model.n_rows[entity] == len(rows) > 10
        stored[entity] = {row["id"]: row["vector"] for row in rows}
    users, items = fitted
    for user in range(0, index.n_users, 7):
        vector = unpack_vector(stored["user"][index.user_ids[user]], 8)
        found = products(vector, [stored["item"][item] for item in index.item_ids])
        assert np.allclose(found, items @ users[user], atol=0.02)


def test_publishing_finds_the_files(finished_night):
    """Tables and buckets by kind, the ones that a version's record keeps for its end."""
    lists = open_lists(finished_night.path("lists"), "shop")
    assert lists.vector_buckets == {"als_user": 1, "als_item": 1}
    tables = {table.path.name: table for table in lists.tables()}
    assert tables["vectors-als_item.parquet"].key(0) == lists.keys.vectors("als_item", 0)
    assert tables["vectors-als_user.parquet"].count_by_bucket().tolist() == [60]
    assert lists.tables()[-1].path.name == "users.parquet"


@pytest.mark.parametrize(
    "tables",
    [
        {"vectors": {"enabled": False}},
        {"vectors": {"models": {"home": "", "discover": ""}}},
        {"surfaces": {"home": {"generators": {"item_item": 10}}}},
    ],
)
def test_none_are_written_where_none_are_wanted(finished_night, tmp_path, tables):
    """Switched off, or no surface with a model that has any: no file, no entry."""
    run = with_tables(finished_night, **tables)
    assert write_vectors(run, load_index(finished_night), tmp_path) is None
    assert list(tmp_path.iterdir()) == []


def test_a_surface_can_have_the_model_of_another(finished_night):
    """ALS is fitted as a baseline anyway; a surface without it may ask for it, or do without."""
    surfaces = {"home": {"generators": {"item_item": 10}}, "discover": {}}
    run = with_tables(finished_night, surfaces=surfaces)
    assert vector_models(run) == {"discover": "als"}
    run = with_tables(
        finished_night, surfaces=surfaces, vectors={"models": {"home": "als", "discover": ""}}
    )
    assert vector_models(run) == {"home": "als"}


def test_of_several_the_best_by_the_evaluation(finished_night, tmp_path):
    """The one with the higher NDCG on this surface; one that was not evaluated counts nothing."""
    surfaces = {"home": {"generators": {"als": 10, "bpr": 10}}}
    run = replace(with_tables(finished_night, surfaces=surfaces), directory=tmp_path)
    for scores, best in [
        ({"als": 0.1, "bpr": 0.2}, "bpr"),
        ({"als": 0.2, "bpr": 0.1}, "als"),
        ({"bpr": 0.1}, "bpr"),
    ]:
        models = {name: {"ndcg@20": score} for name, score in scores.items()}
        text = str({"surfaces": {"home": {"models": models}}}).replace("'", '"')
        (tmp_path / "evaluation.json").write_text(text, encoding="utf-8")
        assert vector_models(run) == {"home": best}


@pytest.mark.parametrize(
    ("models", "said"),
    [
        ({"homes": "als"}, r"\[vectors.models\] homes = 'als': no such surface; expected one of "),
        ({"home": "item_item"}, r"home = 'item_item': expected .* that a surface uses: als$"),
        ({"home": "bpr"}, r"home = 'bpr': expected .* that a surface uses: als$"),
    ],
)
def test_a_model_that_cannot_be_is_refused(finished_night, models, said):
    """The message names what was chosen and what could be."""
    with pytest.raises(VectorError, match=said):
        vector_models(with_tables(finished_night, vectors={"models": models}))
