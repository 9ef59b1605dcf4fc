"""Items next to items, as a night leaves them for the day."""

from dataclasses import replace

import numpy as np
import pyarrow.parquet as pq
import pytest

from pipelines.candidates.fit import load_generator, used_generators
from pipelines.files import read_json
from pipelines.index import load_index
from pipelines.inputs import run_cutoffs
from pipelines.lists.similar import SimilarError, write_similar
from pipelines.publish.lists_directory import SIMILAR_FILE
from store.keys import bucket_of
from store.packed import unpack_list


def with_tables(run, **tables):
    """*run* with other settings."""
    settings = run.settings
    return replace(run, settings=replace(settings, tables={**settings.tables, **tables}))


def test_every_item_has_its_nearest_first(finished_night):
    """The stored entries are the generator's own, best first, each with the item as reason."""
    index = load_index(finished_night)
    about = read_json(finished_night.path("lists", "manifest.json"))["similar"]
    table = pq.read_table(finished_night.path("lists", SIMILAR_FILE)).to_pylist()
    night = run_cutoffs(finished_night).night
    model = load_generator(finished_night, night, "item_item")
    items, neighbours, scores = model.nearest_items()
    known = set(zip(items.tolist(), neighbours.tolist(), strict=True))
    numbers = {item: number for number, item in enumerate(index.item_ids)}
    source = used_generators(finished_night).index("item_item")
    assert about == {"n_buckets": 1, "n_items": len(table), "generator": "item_item"}
    assert len(table) > 10
    for row in table:
        entries = list(unpack_list(row["packed"]))
        assert row["bucket"] == bucket_of(row["item_id"], 1)
        assert 1 <= len(entries) <= 20
        assert {(numbers[row["item_id"]], entry.number) for entry in entries} <= known
        assert {entry.reason_item for entry in entries} == {numbers[row["item_id"]]}
        assert {(entry.source, entry.had) for entry in entries} == {(source, False)}
        falling = [entry.score for entry in entries]
        assert falling == sorted(falling, reverse=True)
        titles = [index.items["title"][entry.number].as_py() for entry in entries]
        assert len(set(titles)) == len(titles)
    assert np.isfinite(scores).all()


def test_none_are_written_where_none_are_wanted(finished_night, tmp_path):
    """Zero items, or a shop whose surfaces do without the default generator: no file, no entry."""
    index = load_index(finished_night)
    run = with_tables(finished_night, similar={"items": 0})
    assert write_similar(run, index, tmp_path) is None
    run = with_tables(finished_night, surfaces={"home": {"generators": {"als": 10}}})
    assert write_similar(run, index, tmp_path) is None
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("generator", "said"),
    [
        ("ease", r"generator = 'ease': no surface uses it; expected one of als, "),
        ("als", r"generator = 'als' has no items next to items; expected item_item, "),
    ],
)
def test_a_generator_without_neighbours_is_refused(finished_night, tmp_path, generator, said):
    """The message names what was chosen and what could be."""
    run = with_tables(finished_night, similar={"generator": generator})
    with pytest.raises(SimilarError, match=said):
        write_similar(run, load_index(finished_night), tmp_path)
