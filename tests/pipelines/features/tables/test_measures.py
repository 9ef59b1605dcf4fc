"""PageRank and communities of graphs whose right answer is known."""

import threading

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from pipelines.features.tables.measures import measure


def graph(n_nodes, edges):
    """A symmetric matrix of (node, node, weight)."""
    matrix = np.zeros((n_nodes, n_nodes))
    for one, other, weight in edges:
        matrix[one, other] = matrix[other, one] = weight
    return csr_matrix(matrix)


def test_the_middle_of_a_star_has_the_pagerank_of_the_formula():
    """With n leaves and damping d the middle has (1 + d n) / (1 + d) of the mean."""
    pagerank, _ = measure(graph(5, [(0, leaf, 1) for leaf in range(1, 5)]), 1.0, seed=0)
    middle = (1 + 0.85 * 4) / (1 + 0.85)
    assert pagerank.tolist() == pytest.approx([middle, *[(5 - middle) / 4] * 4], abs=1e-5)


def test_weights_count():
    """Of two neighbours the one with the stronger link gets more, in the share of the weights."""
    pagerank, _ = measure(graph(3, [(0, 1, 3), (0, 2, 1)]), 1.0, seed=0)
    middle = pagerank[0]
    assert pagerank.tolist() == pytest.approx(
        [middle, 0.15 + 0.85 * middle * 3 / 4, 0.15 + 0.85 * middle / 4], abs=1e-5
    )


def test_two_triangles_and_a_pair_are_three_communities():
    """Numbered by falling size; of two equal ones the one with the lowest node comes first."""
    triangles = [(1, 3, 1), (1, 5, 1), (3, 5, 1), (0, 2, 1), (0, 4, 1), (2, 4, 1)]
    bridge, pair = (4, 5, 0.1), (6, 7, 1)
    _, community = measure(graph(8, [*triangles, bridge, pair]), 1.0, seed=0)
    assert community.tolist() == [1, 2, 1, 2, 1, 2, 3, 3]


def test_no_nodes():
    """An empty graph has no measures."""
    pagerank, community = measure(csr_matrix((0, 0)), 1.0, seed=0)
    assert (pagerank.tolist(), community.tolist()) == ([], [])


def random_graph(seed):
    rng = np.random.default_rng(seed)
    edges = zip(*rng.integers(0, 300, (2, 1500)), rng.random(1500), strict=True)
    return graph(300, [edge for edge in edges if edge[0] != edge[1]])


def test_the_same_seed_gives_the_same_bits():
    """Also when several threads measure graphs at once."""
    matrix, found = random_graph(7), []

    def work():
        pagerank, community = measure(matrix, 1.0, seed=3)
        found.append((pagerank.tobytes(), community.tobytes()))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    assert len(set(found)) == 1


def test_resolution_makes_communities_smaller():
    """Ten times the resolution splits a random graph into more communities."""
    matrix = random_graph(7)
    assert measure(matrix, 10.0, seed=0)[1].max() > measure(matrix, 1.0, seed=0)[1].max()
