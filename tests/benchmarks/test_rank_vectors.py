"""The benchmark of vectors runs, and its figures are those of real vectors."""

import json

from benchmarks import rank_vectors


def test_layouts_order_alike(capsys):
    """Fewer bytes from layout to layout, and nearly the same order."""
    rank_vectors.main(["--users", "200", "--items", "300", "--dimensions", "8"])
    result = json.loads(capsys.readouterr().out.splitlines()[-1])
    layouts = result["layouts"]
    assert list(layouts) == ["float32", "float16", "signed", "steps"]
    assert [layout["bytes"] for layout in layouts.values()] == [32, 16, 12, 12]
    stored = [layout["stored_bytes"] for layout in layouts.values()]
    assert stored[0] > stored[1] > stored[2]
    order = ("kendall_tau", "top_10")
    assert {layouts["signed"][name] == layouts["steps"][name] for name in order} == {True}
    assert min(layout["kendall_tau"] for layout in layouts.values()) > 0.95
    assert layouts["float32"]["top_10"] > 0.99
    assert min(layout["p50_us"] for layout in layouts.values()) > 0


def test_agreement_is_that_of_the_order():
    """The same order is 1, the opposite one -1."""
    scores = [float(n) for n in range(20)]
    assert rank_vectors.agreement(scores, [2 * score for score in scores]) == (1.0, 1.0)
    assert rank_vectors.agreement(scores, scores[::-1]) == (-1.0, 0.0)
