"""Nodes that share a meeting are linked, the more the smaller the meeting was."""

import random

import numpy as np
import pytest

from pipelines.features.tables.links import link

# Node 0 meets 1 alone and with 2; nodes 3 and 4 meet twice.
NODES = np.array([0, 1, 0, 1, 2, 3, 4, 3, 4, 5])
MEETINGS = np.array([0, 0, 1, 1, 1, 2, 2, 3, 3, 4])


def test_a_meeting_of_n_gives_each_pair_a_share():
    """Strengths are sums of 1 / (n - 1); a node that meets nobody is left out."""
    links = link(NODES, MEETINGS, max_size=10, neighbours=10)
    assert links.nodes.tolist() == [0, 1, 2, 3, 4]
    assert links.degrees.tolist() == [2, 2, 2, 1, 1]
    assert links.strengths.toarray().tolist() == [
        pytest.approx([0, 1.5, 0.5, 0, 0]),
        pytest.approx([1.5, 0, 0.5, 0, 0]),
        pytest.approx([0.5, 0.5, 0, 0, 0]),
        pytest.approx([0, 0, 0, 0, 2]),
        pytest.approx([0, 0, 0, 2, 0]),
    ]


def test_large_meetings_are_left_out():
    """A meeting of three does not count when two are the most; who met only there is gone."""
    links = link(NODES, MEETINGS, max_size=2, neighbours=10)
    assert links.nodes.tolist() == [0, 1, 3, 4]
    assert links.degrees.tolist() == [1, 1, 1, 1]
    assert links.strengths.sum() == pytest.approx(2 * 1 + 2 * 2)


def test_a_link_stays_when_it_is_a_strongest_one_of_either_end():
    """With one neighbour a node, 2 keeps its tie with 1 (the higher of two), 0 that with 1."""
    links = link(NODES, MEETINGS, max_size=10, neighbours=1)
    kept = {(int(a), int(b)) for a, b in zip(*links.strengths.nonzero(), strict=True)}
    assert kept == {(0, 1), (1, 0), (1, 2), (2, 1), (3, 4), (4, 3)}
    assert links.degrees.tolist() == [2, 2, 2, 1, 1]


def test_nobody_meets():
    """Without a meeting of two there is no node."""
    links = link(np.array([0, 1]), np.array([0, 1]), max_size=10, neighbours=5)
    assert (links.nodes.tolist(), links.degrees.tolist()) == ([], [])
    assert links.strengths.shape == (0, 0)


@pytest.mark.parametrize("seed", range(5))
def test_links_are_those_of_counting_by_hand(seed):
    """Random meetings give the strengths and degrees of a double loop over all pairs."""
    print(f"seed {seed}")
    rng = random.Random(seed)
    pairs = sorted({(rng.randrange(40), rng.randrange(25)) for _ in range(120)})
    nodes, meetings = (np.array(column) for column in zip(*pairs, strict=True))
    links = link(nodes, meetings, max_size=6, neighbours=40)
    expected = np.zeros((40, 40))
    for meeting in range(25):
        members = [node for node, where in pairs if where == meeting]
        if 2 <= len(members) <= 6:
            for one in members:
                for other in members:
                    expected[one, other] += (one != other) / (len(members) - 1)
    linked = np.flatnonzero(expected.any(axis=0))
    assert links.nodes.tolist() == linked.tolist()
    assert links.degrees.tolist() == (expected > 0).sum(axis=0)[linked].tolist()
    np.testing.assert_allclose(
        links.strengths.toarray(), expected[np.ix_(linked, linked)], rtol=1e-5, atol=1e-7
    )
