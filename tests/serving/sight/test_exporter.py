"""The counts of all workers, whatever becomes of them."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from prometheus_client.mmap_dict import MmapedDict, mmap_key

from pipelines.collect.gauges import GAUGES as COLLECT_GAUGES
from serving.sight.exporter import Gauges, Workers
from serving.sight.settings import passed_on
from tests.pipelines.collect.shop_log import ShopLog, click
from tests.serving.sight.scrape import total, wait_for

ROUTE = {"route": "/recs/<user_id>"}


def children(pid):
    """Process ids of the workers of gunicorn's master *pid*, without its exporter."""
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(child) for child in found if "exporter.py" not in command_of(child)]


def command_of(pid):
    """The command line of process *pid*."""
    return Path(f"/proc/{pid}/cmdline").read_text()


def exporter_of(pid):
    """The process id of the exporter that the master *pid* keeps."""
    found = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        found += (task / "children").read_text().split()
    (exporter,) = [int(child) for child in found if "exporter.py" in command_of(child)]
    return exporter


def files(folder):
    """Names of what lies in the directory of the counts."""
    (directory,) = (folder / "var" / "demo" / "metrics" / "workers").iterdir()
    return sorted(path.name for path in directory.iterdir())


def asked(samples):
    """How many requests for recommendations were counted."""
    return total(samples, "nightshelf_requests_total", **ROUTE)


def test_workers_that_die_are_counted_and_leave_no_files(gunicorn, tmp_path):
    """A killed worker every second and reloads: counts never fall, files stay few."""
    server = gunicorn()
    counts, most = [], 0
    for turn in range(4):
        for _ in range(10):
            assert server.ask("/recs/u1")[0] == 200
        before = counts[-1] if counts else 0
        counts.append(asked(wait_for(server.metrics_port, lambda s, b=before: asked(s) >= b + 10)))
        if turn % 3 == 2:
            os.kill(server.process.pid, signal.SIGHUP)
        else:
            os.kill(children(server.process.pid)[0], signal.SIGKILL)
        time.sleep(1)
        server.wait_for("/recs/u1", lambda body: True)
        most = max(most, len(files(tmp_path)))
    assert counts == sorted(counts)
    samples = wait_for(
        server.metrics_port, lambda s: total(s, "nightshelf_workers", lists="live") == 2
    )
    assert total(samples, "nightshelf_worker_starts_total") >= 6
    # Counter, histogram and two gauges of each mode; of two workers, those that end, an archive.
    assert most <= 30
    deadline = time.monotonic() + 10
    while len(files(tmp_path)) > 10 and time.monotonic() < deadline:
        time.sleep(0.2)
    assert len(files(tmp_path)) <= 2 * 5 + 2


def test_a_graceful_end_loses_no_count(gunicorn):
    """What a worker has noted since its last flush is counted when it ends."""
    server = gunicorn()
    before = asked(wait_for(server.metrics_port, lambda s: asked(s) > 0))
    for _ in range(50):
        assert server.ask("/recs/u2")[0] == 200
    os.kill(server.process.pid, signal.SIGHUP)
    samples = wait_for(server.metrics_port, lambda s: asked(s) >= before + 50)
    assert total(samples, "nightshelf_worker_starts_total") >= 2


def test_an_exporter_that_dies_is_started_again(gunicorn):
    """Killed, it is back within seconds with what was counted before."""
    server = gunicorn()
    before = asked(wait_for(server.metrics_port, lambda s: asked(s) > 0))
    exporter = exporter_of(server.process.pid)
    os.kill(exporter, signal.SIGKILL)
    samples = wait_for(server.metrics_port, lambda s: asked(s) >= before)
    assert exporter_of(server.process.pid) != exporter
    assert asked(samples) >= before


def test_the_exporter_goes_with_its_master(gunicorn):
    """The master is killed outright: the port is free soon after."""
    server = gunicorn()
    wait_for(server.metrics_port, lambda s: asked(s) > 0)
    server.process.kill()
    server.process.wait()
    deadline = time.monotonic() + 15
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", server.metrics_port)):
                return
        time.sleep(0.2)
    raise AssertionError("the exporter still listens")


def test_a_port_that_is_taken_costs_only_the_metrics(gunicorn, tmp_path):
    """Answers go on, the log says whose setting it is, and the exporter comes up when it can."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        environ = {"NIGHTSHELF__METRICS__BIND": f"127.0.0.1:{port}"}
        server = gunicorn(environ=environ)
        deadline = time.monotonic() + 15
        while "[metrics] bind" not in server.log.read_text() and time.monotonic() < deadline:
            time.sleep(0.1)
        assert f"[metrics] bind = 127.0.0.1:{port}" in server.log.read_text()
        assert server.ask("/recs/u1")[0] == 200
    assert asked(wait_for(port, lambda s: asked(s) > 0)) > 0


def test_a_second_server_on_the_port_leaves_the_counts_alone(gunicorn, tmp_path):
    """It ends, and the one that answers there keeps what it counted."""
    server = gunicorn()
    assert server.ask("/recs/u1")[0] == 200
    wait_for(server.metrics_port, lambda samples: asked(samples) >= 1)
    before = files(tmp_path)
    second = subprocess.run(
        [sys.executable, "-m", "gunicorn", "-c", "python:serving.gunicorn_config"],
        env={**os.environ, "NIGHTSHELF_SETTINGS": str(server.file)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert second.returncode == 1
    assert "in use" in second.stderr
    assert set(before) <= set(files(tmp_path))
    assert server.ask("/recs/u1")[0] == 200
    wait_for(server.metrics_port, lambda samples: asked(samples) >= 2)


def test_metrics_can_be_switched_off(gunicorn, tmp_path):
    """Nothing listens and nothing is written."""
    server = gunicorn(environ={"NIGHTSHELF__METRICS__ENABLED": "false"})
    assert server.ask("/recs/u1")[0] == 200
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", server.metrics_port)) != 0
    assert not (tmp_path / "var" / "demo" / "metrics").exists()


def test_the_app_itself_has_no_metrics_route(gunicorn):
    """Shoppers' port and Prometheus' port are two."""
    server = gunicorn()
    assert server.ask("/metrics")[0] == 404
    assert asked(wait_for(server.metrics_port, lambda s: asked(s) > 0)) > 0


def test_a_torn_file_costs_only_itself(tmp_path):
    """Empty, cut or filled with nonsense by a worker that was killed: the others are read."""
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    key = mmap_key("a_total", "a_total", [], [], "Help.")
    for pid in (os.getpid(), ended.pid):
        counts = MmapedDict(str(tmp_path / f"counter_{pid}.db"))
        counts.write_value(key, 3.0, 0.0)
        counts.close()
    (tmp_path / f"histogram_{ended.pid}.db").write_bytes(b"")
    (tmp_path / f"gauge_livesum_{ended.pid}.db").write_bytes(b"\1")
    (tmp_path / f"histogram_{os.getpid()}.db").write_bytes(b"\xff\xff\0\0" + b"\7" * 400)
    for _ in range(2):
        (metric,) = Workers(tmp_path).collect()
        assert [sample.value for sample in metric.samples] == [6.0]
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "counter_0.db",
        f"counter_{os.getpid()}.db",
        f"histogram_{os.getpid()}.db",
    ]


GAUGE = "nightshelf_measure_ctr"


def test_measures_are_passed_on_until_they_are_gone(tmp_path):
    """The gauges of the file, read anew when it is replaced; none without a file."""
    file = tmp_path / "measures.prom"
    measures = Gauges(file)
    assert list(measures.collect()) == []
    for value in ("0.5", "0.25"):
        beside = tmp_path / "new"
        beside.write_text(f'# TYPE {GAUGE} gauge\n{GAUGE}{{namespace="a",surface="b"}} {value}\n')
        beside.replace(file)
        (metric,) = measures.collect()
        assert [(s.labels, s.value) for s in metric.samples] == [
            ({"namespace": "a", "surface": "b"}, float(value))
        ]
    file.unlink()
    assert list(measures.collect()) == []


def test_what_the_collector_says_is_passed_on(tmp_path, store_settings):
    """Every gauge of its file, under a file name that both sides agree on."""
    shop = ShopLog(tmp_path, store_settings.url)
    shop.append(click(1))
    shop.collect()
    shop.client.close()
    (file,) = [path for path in passed_on(shop.settings) if path.exists()]
    values = {metric.name: metric.samples[0].value for metric in Gauges(file).collect()}
    assert values.keys() == COLLECT_GAUGES.keys()
    assert (values["nightshelf_collect_waiting_events"], values["nightshelf_collect_failed"]) == (
        0,
        0,
    )


@pytest.mark.parametrize(
    "text",
    [
        '# TYPE nightshelf_requests gauge\nnightshelf_requests{namespace="a"} 1\n',
        f'# TYPE {GAUGE} counter\n{GAUGE}_total{{namespace="a"}} 1\n',
        f'# TYPE {GAUGE} gauge\n{GAUGE}{{user="u1"}} 1\n',
        f"# TYPE {GAUGE} gauge\n{GAUGE}{{namespace=",
        f"# TYPE {GAUGE} gauge\n{GAUGE} many\n",
        "\x00\xff",
    ],
)
def test_what_is_not_ours_is_not_passed_on(tmp_path, text, capsys):
    """Another metric, label or kind, and a torn file: one line in the log, and no figures."""
    file = tmp_path / "measures.prom"
    file.write_bytes(text.encode("latin-1"))
    measures = Gauges(file)
    assert list(measures.collect()) == []
    assert "measures.prom is not passed on" in capsys.readouterr().err
    assert list(measures.collect()) == []
    assert capsys.readouterr().err == ""
