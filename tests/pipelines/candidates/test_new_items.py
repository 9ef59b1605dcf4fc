"""An item that nobody has had yet gets from the source into lists."""

import numpy as np
import pyarrow.parquet as pq
import pytest

from pipelines.candidates.fit import load_generator, load_history
from pipelines.index import load_index, load_vectors
from pipelines.inputs import run_cutoffs
from pipelines.lists.listed import listed_path
from pipelines.night import begin_night, do_night
from tests.night_fixtures import STAGING, made_rows, make_shop, open_shop, write_shop

BY_TEXT, BY_VECTOR = "i900", "i901"  # nobody has had them
VECTOR = "if(shelf = 'tea' or product = 'i901', [1.0, 0.0], [0.0, 1.0])"


@pytest.fixture(scope="module")
def night(tmp_path_factory):
    """A night of `discover` over the made shop, two products and a column of vectors more."""
    made = made_rows(users=40, weeks=12)
    new = {"price": "1.50", "available": "true"}
    made.products.append({"product": BY_TEXT, "name": "Tea no. 99", "shelf": "tea", **new})
    made.products.append({"product": BY_VECTOR, "name": "Surprise", "shelf": "gifts", **new})
    folder = write_shop(tmp_path_factory.mktemp("new"), made).path.parent
    sql = STAGING["items"].replace("checks:", "  vector: Where it points.\nchecks:")
    sql = sql.replace("price, available\nfrom", f"price, available, {VECTOR} as vector\nfrom")
    (folder / "staging" / "items.sql").write_text(sql, encoding="utf-8")
    path = folder / "nightshelf.toml"
    text = path.read_text(encoding="utf-8")
    more = "generators = { content = 10, embeddings = 10, als = 20,"
    text = text.replace("generators = { als = 20,", more).replace("length = 15", "length = 60")
    path.write_text(text, encoding="utf-8")
    return do_night(begin_night(open_shop(folder), surfaces=["discover"]))


@pytest.mark.parametrize(("name", "item"), [("content", BY_TEXT), ("embeddings", BY_VECTOR)])
def test_a_new_item_is_a_candidate_of_who_had_its_like(night, name, item):
    """Everyone who had tea is proposed the new item, and tea is why."""
    index, cutoff = load_index(night), run_cutoffs(night).night
    history = load_history(night, cutoff)
    number = index.item_ids.tolist().index(item)
    tea = np.array(index.items["category"].to_pylist()) == "tea"
    users = np.flatnonzero(np.diff(history[:, tea].indptr)).astype(np.int32)
    assert (history[:, number].nnz, len(users) > 5) == (0, True)
    model = load_generator(night, cutoff, name)
    candidates = model.candidates(users, 10, history[users])
    assert (candidates == number).any(axis=1).all()
    reasons = model.nearest_own_items(users, np.full(len(users), number, dtype=np.int32))
    assert tea[reasons].all()


def test_new_items_reach_lists(night):
    """The ranker scores them like the rest: both are in lists of the surface."""
    ids = load_index(night).item_ids
    listed = pq.read_table(listed_path(night.path("lists"), "discover"))
    assert {BY_TEXT, BY_VECTOR} <= set(ids[listed["item"].to_numpy()])


def test_vectors_are_read_where_they_are_needed(night):
    """The catalogue that every stage loads is without them."""
    index = load_index(night)
    assert "vector" not in index.items.column_names
    found = dict(zip(index.item_ids, load_vectors(night).to_pylist(), strict=True))
    assert (found[BY_VECTOR], found["i000"]) == ([1.0, 0.0], [0.0, 1.0])


def test_another_sentence_model_is_another_run(tmp_path):
    """The files in the model's folder are an input of the night, like its settings."""
    make_shop(tmp_path, users=10)
    environ = {"NIGHTSHELF__CANDIDATES__EMBEDDINGS__SENTENCE_MODEL": "model"}
    model = tmp_path / "model" / "config.json"
    model.parent.mkdir()
    names = []
    for text in ("{}", '{"normalize": true}', "{}"):
        model.write_text(text, encoding="utf-8")
        names.append(begin_night(open_shop(tmp_path, environ)).name)
    assert names[0] == names[2] != names[1]
