"""The benchmarks of online features, with our own server and without a network."""

import json
import socket

import pytest

from benchmarks import feature_layouts, online_features
from benchmarks.peers_runners.http_load import LoadError, ask, canned_server, load, post


def test_the_clients_read_whole_answers():
    """An answer longer than one read comes back complete, and one connection takes many."""
    answer = json.dumps({"text": "ä" * 300_000})
    request = post("/features", "{}").encode()
    with canned_server(answer) as address, socket.create_connection(address) as connection:
        for _ in range(3):
            assert ask(connection, request) == (200, answer.encode())


def test_the_clients_count_answers():
    """Several processes ask side by side; answers a second and quantiles are those of all."""
    with canned_server("{}") as address:
        found = load(address, [post("/", "{}")] * 2, clients=2, seconds=0.2)
    assert list(found) == ["per_second", "p50_ms", "p95_ms", "p99_ms", "failed"]
    assert found["per_second"] > 0
    assert 0 < found["p50_ms"] <= found["p95_ms"] <= found["p99_ms"]
    assert found["failed"] == 0


def test_clients_that_cannot_ask_are_an_error():
    """Nobody listens: no figures are made up."""
    with canned_server("{}") as address:
        pass
    with pytest.raises(LoadError, match="a client ended with code 1"):
        load(address, [post("/", "{}")], clients=1, seconds=0.1)


def test_small_without_an_environment_still_reports(tmp_path, monkeypatch, capsys):
    """Feast is skipped with the reason, our figures are there, and the JSON line comes last."""
    monkeypatch.setattr(online_features, "SMALL_SECONDS", 0.0)
    monkeypatch.setattr(online_features, "LOAD_SECONDS", 0.3)
    online_features.main(["--small", "--environments", str(tmp_path)])
    lines = capsys.readouterr().out.splitlines()
    result = json.loads(lines[-1])
    assert (result["entities"], result["ids"], result["features"]) == (1000, 100, 20)
    assert list(result["nightshelf"]) == ["one", "many", "at_most"]
    assert [load["failed"] for load in result["nightshelf"].values()] == [0, 0, 0]
    assert (result["ratio"], list(result["skipped"])) == (None, ["feast"])
    assert lines[-2].startswith("feast skipped: its environment was not ready within 0 s")


def test_layouts_say_the_same(capsys):
    """Each keeps the same values and answers with the same of them."""
    feature_layouts.main(["--entities", "50"])
    result = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert result["same_values"]
    assert list(result["layouts"]) == ["cells", "json_array", "doubles"]
    assert min(layout["bytes"] for layout in result["layouts"].values()) > 0
