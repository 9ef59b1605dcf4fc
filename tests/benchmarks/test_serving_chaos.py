"""The benchmark of broken stores and workers: what it counts, and one scenario for real."""

import argparse

from benchmarks.chaos_runners.clients import Seen, summarise
from benchmarks.serving_chaos import judge, play, version_activated_every_second


def seen(status=200, ms=10.0, tier="personal", retried=False):
    """One request of a client."""
    return Seen(1.0, ms / 1000, status, tier, retried)


def test_what_clients_saw_is_counted():
    """Statuses, tiers and quantiles are of answers; what had none is lost, and no status."""
    many = [seen(ms=float(n)) for n in range(1, 100)]
    found = summarise([*many, seen(status=0, tier="", retried=True), seen(503, 200.0, "")])
    assert found == {
        "requests": 101,
        "statuses": {"200": 99, "503": 1},
        "tiers": {"personal": 99},
        "retried": 1,
        "lost": 1,
        "p50_ms": 50.5,
        "p99_ms": 100.0,
        "p999_ms": 190.0,
        "max_ms": 200.0,
    }


def test_what_the_design_forbids_is_named():
    """Another status, a lost request, a waiting client, a late answer, a late recovery."""
    well = {**summarise([seen(), seen()]), "silent": 0, "recovery_s": 0.4}
    assert judge("frozen", well) == []
    bad = {
        "statuses": {"200": 5, "500": 1},
        "lost": 2,
        "silent": 3,
        "p99_ms": 151.0,
        "recovery_s": 2.1,
    }
    assert judge("frozen", bad) == [
        "frozen: statuses {'200': 5, '500': 1}",
        "frozen: 2 requests without an answer",
        "frozen: 3 clients still waited for an answer",
        "frozen: p99 151.0 ms; expected at most 150",
        "frozen: recovered after 2.1 s",
    ]


def test_a_scenario_is_played(tmp_path):
    """The made lists are served by the real thing; nobody notices that the version changes."""
    chosen = argparse.Namespace(seconds=1.0, clients=2, users=50, items=60, length=30, n=5)
    found = play(version_activated_every_second, chosen, tmp_path)
    assert (found["lost"], found["silent"], set(found["statuses"])) == (0, 0, {"200"})
    assert set(found["tiers"]) == {"personal"}
