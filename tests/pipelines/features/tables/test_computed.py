"""What holds for every computed table: the same rows each time, and nothing from the future."""

import random
from datetime import timedelta

import pytest

from pipelines.features.tables.computed import (
    COMPUTED_TABLES,
    KINDS,
    SCHEMAS,
    Recipe,
    compute_tables,
    kinds_of,
)
from pipelines.features.tables.settings import GraphSettings, VectorSettings
from tests.pipelines.features.tables.made_events import (
    AS_OF,
    later,
    open_events,
    random_baskets,
)

RECIPE = Recipe(GraphSettings(neighbours=5), VectorSettings(factors=4, iterations=3), seed=0)
PAST = random_baskets(1, first=AS_OF - timedelta(days=100), last=AS_OF)


def compute(kind, rows, recipe=RECIPE):
    with open_events(rows) as connection:
        return compute_tables(kind, connection, AS_OF, recipe)


@pytest.mark.parametrize("kind", KINDS)
def test_what_comes_later_changes_nothing(kind):
    """With more events from the cutoff on, with others there, and with none the rows are equal."""
    future = later(PAST[:50])
    found = compute(kind, PAST)
    assert found == compute(kind, [*PAST, *future])
    assert found == compute(kind, [*future[:10], *PAST])
    assert all(table.num_rows > 0 for table in found.values())


@pytest.mark.parametrize("kind", KINDS)
def test_the_order_of_the_events_does_not_matter(kind):
    """Shuffled events give the same bits, in the order of the id."""
    shuffled = [*PAST]
    random.Random(2).shuffle(shuffled)
    found = compute(kind, shuffled)
    assert found == compute(kind, PAST)
    for table in found.values():
        ids = table.column(0).to_pylist()
        assert ids == sorted(set(ids))


@pytest.mark.parametrize("kind", KINDS)
def test_without_events_there_are_the_columns(kind):
    """A shop before its first purchase has empty tables of the right types."""
    found = compute(kind, [])
    assert {name: table.schema for name, table in found.items()} == KINDS[kind]
    assert all(table.num_rows == 0 for table in found.values())


@pytest.mark.parametrize("kind", KINDS)
def test_types_are_those_that_files_are_bound_to(kind):
    """The columns are those that `features check` binds SQL files to."""
    for name, table in compute(kind, PAST).items():
        assert table.schema == SCHEMAS[name]


def test_vectors_know_who_likes_what():
    """Each user's vector suits the items of their own half better than the others."""
    tables = compute("vectors", PAST)
    items = dict(zip(*tables["item_embeddings"].to_pydict().values(), strict=True))
    users = dict(zip(*tables["user_embeddings"].to_pydict().values(), strict=True))
    assert {len(vector) for vector in (*items.values(), *users.values())} == {4}
    for user, vector in users.items():
        scores = {i: sum(a * b for a, b in zip(vector, v, strict=True)) for i, v in items.items()}
        halves = [[s for i, s in scores.items() if (i < "i30") == first] for first in (True, False)]
        likes_first = int(user[1:]) % 2 == 1
        assert (sum(halves[0]) / len(halves[0]) > sum(halves[1]) / len(halves[1])) == likes_first


def test_the_two_halves_are_two_communities():
    """Items and users of the two halves never meet, so that no community has both."""
    items = compute("item_graph", PAST)["item_graph"].to_pylist()
    users = compute("user_graph", PAST)["user_graph"].to_pylist()
    first = {row["community"] for row in items if row["item_id"] < "i30"}
    assert first.isdisjoint({r["community"] for r in items if r["item_id"] >= "i30"})
    odd = {row["community"] for row in users if int(row["user_id"][1:]) % 2}
    assert odd.isdisjoint({r["community"] for r in users if int(r["user_id"][1:]) % 2 == 0})


def test_only_what_makes_a_table_is_in_its_hash():
    """Other vectors leave the graphs' recipe as it is; another seed changes all of them."""
    other = Recipe(RECIPE.graph, VectorSettings(factors=8), RECIPE.seed)
    changed = {kind for kind in KINDS if other.hash_of(kind) != RECIPE.hash_of(kind)}
    assert changed == {"vectors"}
    reseeded = Recipe(RECIPE.graph, RECIPE.vectors, 1)
    assert all(reseeded.hash_of(kind) != RECIPE.hash_of(kind) for kind in KINDS)


def test_kinds_are_found_by_their_tables():
    """Both embedding tables come out of one computation; tables of the lake out of none."""
    assert kinds_of(["user_embeddings", "item_embeddings", "events"]) == ["vectors"]
    assert kinds_of(COMPUTED_TABLES) == list(KINDS)
