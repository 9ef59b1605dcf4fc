"""The graph tables of baskets that one can draw."""

from datetime import timedelta

import pytest

from pipelines.features.tables.graphs import item_graph, user_graph
from pipelines.features.tables.settings import GraphSettings
from tests.pipelines.features.tables.made_events import AS_OF, basket, open_events

DAY = timedelta(days=1)
FIRST = AS_OF - 56 * DAY
ROWS = [
    *basket("ann", ["milk", "bread"], FIRST),
    *basket("ann", ["milk", "bread", "jam"], AS_OF - DAY, session="b2"),
    *basket("bob", ["tea", "cake"], AS_OF - 3 * DAY),
    *basket("cat", ["tea", "cake"], AS_OF - 2 * DAY),
    *basket("dan", ["soap"], AS_OF - DAY),
    # Outside the window, which links nothing.
    *basket("eve", ["tea", "milk"], FIRST - timedelta(microseconds=1)),
    *basket("eve", ["tea", "milk"], AS_OF),
]


def graph_rows(id_name, *rows):
    names = (id_name, "degree", "pagerank", "community")
    return [
        dict(zip(names, (name, degree, pytest.approx(rank, abs=1e-5), group), strict=True))
        for name, degree, rank, group in rows
    ]


def test_items_of_two_shelves_are_two_communities():
    """Degrees, PageRank and communities of two groups of items that never share a basket."""
    with open_events(ROWS) as connection:
        found = item_graph(connection, AS_OF, GraphSettings(), 0).to_pylist()
    # Milk and bread are alike; jam gets a quarter of the weight of each of them.
    jam = (0.15 + 0.85 * 0.25 * 3) / (1 + 0.85 * 0.25)
    assert found == graph_rows(
        "item_id",
        ("bread", 2, (3 - jam) / 2, 1),
        ("cake", 1, 1.0, 2),
        ("jam", 2, jam, 1),
        ("milk", 2, (3 - jam) / 2, 1),
        ("tea", 1, 1.0, 2),
    )


def test_users_meet_in_items():
    """Bob and Cat bought the same; Ann, who shares nothing with anyone, is not in the graph."""
    with open_events(ROWS) as connection:
        found = user_graph(connection, AS_OF, GraphSettings(), 0)
    expected = graph_rows("user_id", ("bob", 1, 1.0, 1), ("cat", 1, 1.0, 1))
    assert found.to_pylist() == expected


def test_the_caps_of_the_settings_hold():
    """Baskets of more than two items link nothing, nor does what was before the window."""
    with open_events(ROWS) as connection:
        items = item_graph(connection, AS_OF, GraphSettings(max_basket=2), 0)
        users = user_graph(connection, AS_OF, GraphSettings(window=DAY), 0)
    assert items["item_id"].to_pylist() == ["bread", "cake", "milk", "tea"]
    assert users.num_rows == 0
