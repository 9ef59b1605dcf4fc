"""The benchmark of the web tier: what it makes, what it asks, what it counts."""

import json
import os
import shutil
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import numpy as np
import pyarrow.parquet as pq
import pytest

from benchmarks import serving
from benchmarks.serving_runners.draws import UNIFORM, ZIPF, draw_users
from benchmarks.serving_runners.figures import medians, ratios
from benchmarks.serving_runners.made_lists import SOURCES, Size, user_names, write_lists
from benchmarks.serving_runners.spent import measure_processes
from benchmarks.serving_runners.told import goals
from benchmarks.serving_runners.wrk import Load, run_wrk, write_requests
from pipelines.publish.lists_directory import open_lists
from store.packed import unpack_list


@pytest.fixture
def wrk():
    """Without wrk, a test is skipped on a laptop and fails in CI."""
    if shutil.which("wrk") is None:
        text = "no wrk on this computer; on Debian: apt-get install wrk"
        pytest.fail(text) if os.environ.get("CI") else pytest.skip(text)


@pytest.fixture
def paths():
    """A server that answers 200 to /ok, 304 to /same, else 503, and the paths it was asked."""
    asked = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            asked.append(self.path)
            status = {"/ok": 200, "/same": 304}.get(self.path, 503)
            body = b"yes" if status == 200 else b""
            self.send_response(status)
            if status != 304:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *words):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address, asked
        server.shutdown()


def ask_for(*names):
    """A request for each path."""
    return [f"GET /{name} HTTP/1.1\r\nHost: localhost\r\n\r\n" for name in names]


@pytest.mark.usefixtures("wrk")
def test_wrk_asks_in_order(paths, tmp_path):
    """One connection sends the file's requests in turn, from the named one on, over and over."""
    address, asked = paths
    file = write_requests(tmp_path / "requests", ask_for("a", "ok", "same"))
    seen = run_wrk(address, file, Load(connections=1, seconds=1), first=1, count_304=True)
    assert asked[:5] == ["/ok", "/same", "/a", "/ok", "/same"]
    assert 0 <= len(asked) - seen.answers <= 1  # the last may have been under way
    assert (seen.failed, seen.not_modified) == (asked.count("/a"), asked.count("/same"))
    assert 0 < seen.p50_ms <= seen.p99_ms <= seen.max_ms


@pytest.mark.usefixtures("wrk")
def test_small_without_environments_still_reports(tmp_path, monkeypatch, capsys):
    """What needs an environment is skipped with the reason, the JSON line comes last."""
    monkeypatch.setattr(serving, "SMALL_SECONDS", 0.0)
    monkeypatch.setattr(serving, "SMALL_LOAD", 1)
    serving.main(["--small", "--patterns", "uniform", "--environments", str(tmp_path)])
    *lines, last = capsys.readouterr().out.splitlines()
    result = json.loads(last)
    assert (result["users"], result["length"], result["n"]) == (2000, 100, 20)
    assert list(result["uniform"]) == ["nightshelf", "bare", "flask"]
    assert [one["failed"] for one in result["uniform"].values()] == [0, 0, 0]
    assert min(one["answers"] for one in result["uniform"].values()) > 0
    assert list(result["ratio"]["uniform"]) == list(result["p99_ratio"]["uniform"])
    assert list(result["skipped"]) == ["fastapi", "feast", "feast_lists"]
    assert lines[-1].startswith("feast_lists skipped: its environment was not ready within 0 s")
    assert result["not_modified"]["share"] == 1.0
    assert list(result["goals"]) == ["per_second/flask", "bytes_per_item"]
    assert 12 < result["store"]["bytes_per_item"] < 16


def test_without_wrk_it_says_what_to_install(monkeypatch, capsys):
    """Nothing is measured; `make bench` goes on, any other run ends with an error."""
    monkeypatch.setenv("PATH", "")
    for words, code in (["--small"], 0), ([], 1):
        with pytest.raises(SystemExit) as ended:
            serving.main(words)
        assert ended.value.code == code
        said, last = capsys.readouterr().out.splitlines()
        assert "`apt-get install wrk`" in said
        assert "all" in json.loads(last)["skipped"]


@pytest.mark.parametrize("words", [["--only", "nobody"], ["--patterns", "square"]])
def test_an_unknown_name_is_refused(words, capsys):
    """The error names what there is."""
    with pytest.raises(SystemExit):
        serving.main(words)
    assert "known are" in capsys.readouterr().err


def test_made_lists_are_whole(tmp_path):
    """As many distinct items for everybody as asked for, in an order, with known reasons."""
    size = Size(users=300, length=30, items=400)
    lists = open_lists(write_lists(tmp_path, size), "bench")
    table = pq.read_table(tmp_path / "lists-home.parquet")
    assert sorted(table["user_id"].to_pylist()) == user_names(300)
    for data in table["packed"].to_pylist():
        packed = unpack_list(data)
        packed.check_codes(len(lists.manifest["reasons"]), len(SOURCES))
        entries = list(packed)
        assert len({entry.number for entry in entries}) == 30
        assert max(entry.number for entry in entries) < 400
        assert [entry.score for entry in entries] == sorted(
            (entry.score for entry in entries), reverse=True
        )
    rows = list(map(json.loads, pq.read_table(tmp_path / "users.parquet")["row"].to_pylist()))
    assert {tuple(row) for row in rows} == {("segment", "top_categories", "last_items", "had")}


def test_who_asks():
    """Uniform users are all alike, Zipf's first is asked for often, each turn draws others."""
    uniform = np.bincount(draw_users(UNIFORM, 100, 50_000, 0), minlength=100)
    assert 350 < uniform.min() < uniform.max() < 650
    zipf = np.sort(np.bincount(draw_users(ZIPF, 100, 50_000, 0), minlength=100))[::-1]
    share = 1 / sum(1 / k for k in range(1, 101))
    assert zipf[0] / 50_000 == pytest.approx(share, rel=0.05)
    assert zipf[1] / zipf[0] == pytest.approx(0.5, rel=0.1)
    turns = [draw_users(ZIPF, 100, 50_000, turn) for turn in (0, 1)]
    assert not np.array_equal(*turns)
    assert np.bincount(turns[0]).argmax() == np.bincount(turns[1]).argmax()


def test_children_are_counted():
    """A process and what it started are one server."""
    before = measure_processes(os.getpid())
    if before is None:
        pytest.skip("the system does not say what processes hold")
    waits = "import sys; print(flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", waits], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        child.stdout.readline()
        after = measure_processes(os.getpid())
        child.stdin.close()
    assert after.processes == before.processes + 1
    assert after.rss_mib > before.rss_mib + 1
    assert after.pss_mib <= after.rss_mib


def test_ratios_are_those_within_a_round():
    """A round in which the whole machine was slow does not move them."""
    ours, other = [100.0, 10.0, 120.0], [50.0, 5.0, 40.0]
    rounds = {
        name: [{"per_second": value, "failed": 1} for value in values]
        for name, values in (("nightshelf", ours), ("other", other))
    }
    assert ratios(rounds, "per_second") == {"other": 2.0}
    assert medians(rounds)["other"] == {"per_second": 40.0, "failed": 3}


def test_goals_are_of_those_who_ran():
    """At least so many answers, at most so late, at most so many bytes."""
    found = goals({"flask": 1.0, "feast": 4.9, "bare": 0.5}, {"fastapi": 0.51}, 13.0)
    assert {name: goal["reached"] for name, goal in found.items()} == {
        "per_second/flask": True,
        "per_second/feast": False,
        "p99/fastapi": False,
        "bytes_per_item": True,
    }
