"""Rules and dashboard over a real Prometheus that scrapes a real gunicorn."""

import json
import re
import subprocess

import pytest
import yaml

from pipelines.collect.gauges import GAUGES as COLLECT_GAUGES
from pipelines.measure.gauges import gauges_path
from tests.pipelines.measure.site import measured_site
from tests.serving.running import Gunicorn
from tests.serving.sight.prometheus import ROOT, RULES, Prometheus, need

DASHBOARDS = [
    json.loads(path.read_text()) for path in sorted((ROOT / "deploy/grafana/dashboards").glob("*"))
]
PANELS = [panel for board in DASHBOARDS for panel in board["panels"] if panel["type"] != "row"]
ALERTS = [rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]


@pytest.fixture
def prometheus(tmp_path):
    """Starts a Prometheus that scrapes a gunicorn; ended afterwards."""
    need("prometheus")
    started = []

    def start(server):
        started.append(Prometheus(tmp_path, f"127.0.0.1:{server.metrics_port}"))
        return started[-1]

    yield start
    for one in started:
        one.stop()


def filled_in(expr):
    """*expr* of a panel as Grafana would send it, every instance chosen."""
    for variable in ("$instance", "$namespace"):
        expr = expr.replace(variable, ".+")
    return expr.replace("$__rate_interval", "10s")


def measured(expr):
    """What an alert compares, without the comparison."""
    *_, last = re.finditer(r"\s(?:>|<|==)\s", expr)
    return expr[: last.start()]


def test_the_rules_pass_their_unit_tests():
    """promtool: each alert fires where it must and not where it must not."""
    folder = RULES.parent
    for order in ("check config prometheus.yml", "test rules nightshelf.rules.test.yml"):
        done = subprocess.run(
            [need("promtool"), *order.split()],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr


def test_every_alert_has_a_unit_test_where_it_fires():
    """An alert that nobody has seen fire is not there."""
    tests = yaml.safe_load((RULES.parent / "nightshelf.rules.test.yml").read_text())["tests"]
    fired = {case["alertname"] for test in tests for case in test["alert_rule_test"]
             if case["exp_alerts"]}  # fmt: skip
    quiet = {case["alertname"] for test in tests for case in test["alert_rule_test"]
             if not case["exp_alerts"]}  # fmt: skip
    names = {rule["alert"] for rule in ALERTS}
    assert (fired, names - quiet) == (names, {"NightshelfWorkersDie"})


def write_gauges(folder):
    """A measured day and a look of the collector, in the directory of the server of *folder*."""
    (folder / "site").mkdir()
    made = gauges_path(measured_site(folder / "site").settings)
    target = folder / "var" / "demo" / "measures" / made.name
    target.parent.mkdir(parents=True)
    made.rename(target)
    var = target.parents[1]
    (var / "metrics").mkdir(exist_ok=True)
    (var / "metrics" / "collect.prom").write_text(
        "".join(f'# TYPE {name} gauge\n{name}{{namespace="demo"}} 0\n' for name in COLLECT_GAUGES)
    )


def drive(server):
    """Requests of every kind: own lists, strangers, similar items, unchanged answers, errors."""
    for turn in range(15):
        for path in ("/recs/u1?n=10", f"/recs/u{turn}?n=30&surface=discover", "/recs/nobody?n=50",
                     "/items/i1/similar?n=5", "/recs/u1?n=0", "/nothing"):  # fmt: skip
            server.ask(path)
        server.ask("/events", {"event_type": "click", "user_id": "u1", "item_id": "i1"})


def test_every_panel_and_every_alert_has_data(gunicorn, prometheus, tmp_path):
    """Each expression of the dashboards and of the rules gives numbers after some traffic."""
    write_gauges(tmp_path)
    server = gunicorn()
    watching = prometheus(server)

    def all_there():
        drive(server)
        exprs = [filled_in(target["expr"]) for panel in PANELS for target in panel["targets"]]
        exprs += [measured(rule["expr"]) for rule in ALERTS]
        empty.clear()
        empty.extend(expr for expr in exprs if not watching.values(expr))
        return not empty

    empty = []
    try:
        watching.wait_for(all_there, 60)
    except AssertionError:
        raise AssertionError(f"no data: {empty}") from None
    groups = watching.ask("rules")["groups"]
    rules = [rule for group in groups for rule in group["rules"]]
    assert {(rule["health"], rule.get("lastError", "")) for rule in rules} == {("ok", "")}
    assert {rule["name"] for rule in rules} == {rule["alert"] for rule in ALERTS}
    firing = [alert["labels"]["alertname"] for alert in watching.ask("alerts")["alerts"]]
    assert {"NightshelfBreakerOpen", "NightshelfNoLists", "NightshelfErrors"} & set(firing) == set()
    coverage = watching.values('sum(nightshelf_answers_total{user="known",tier="personal"})')
    assert coverage[0] > 0


def test_a_store_that_is_gone_raises_the_alerts(tmp_path, prometheus):
    """Without a store, breaker and missing lists are told of, by the rules as they are."""
    server = Gunicorn(tmp_path, "redis://127.0.0.1:1/0")
    try:
        watching = prometheus(server)
        expected = {"NightshelfBreakerOpen", "NightshelfNoLists"}

        def told():
            alerts = watching.ask("alerts")["alerts"]
            return {alert["labels"]["alertname"] for alert in alerts} >= expected

        assert watching.wait_for(told)
    finally:
        server.stop()


@pytest.mark.parametrize("board", DASHBOARDS, ids=lambda board: board["uid"])
def test_a_dashboard_loads_without_edits(board):
    """Ids are unique, the data source is a variable, every panel says what it shows."""
    ids = [panel["id"] for panel in board["panels"]]
    assert len(ids) == len(set(ids))
    variables = {variable["name"] for variable in board["templating"]["list"]}
    panels = [panel for panel in board["panels"] if panel["type"] != "row"]
    assert {panel["datasource"]["uid"] for panel in panels} == {"${datasource}"}
    used = set(re.findall(r"\$\{?(\w+)", json.dumps([panel["targets"] for panel in panels])))
    assert used - {"__rate_interval"} == variables
    assert all(panel["title"] and panel["description"] and panel["targets"] for panel in panels)


def test_the_dashboards_are_provisioned():
    """Each has a name of its own, and the container finds what it mounts."""
    assert len({board["uid"] for board in DASHBOARDS}) == len(DASHBOARDS) == 2
    compose = yaml.safe_load((ROOT / "deploy/compose.watch.yaml").read_text())
    mounts = dict(mount.split(":")[:2] for mount in compose["services"]["grafana"]["volumes"])
    provider = yaml.safe_load(
        (ROOT / "deploy/grafana/provisioning/dashboards/nightshelf.yaml").read_text()
    )["providers"][0]
    assert mounts["./grafana/dashboards"] == provider["options"]["path"]
    for mount in mounts:
        assert not mount.startswith("./") or (ROOT / "deploy" / mount).exists()


@pytest.mark.parametrize("board", DASHBOARDS, ids=lambda board: board["uid"])
def test_panels_do_not_overlap(board):
    """Every cell of the grid belongs to one panel at most, and none is wider than the page."""
    taken = set()
    for panel in board["panels"]:
        at = panel["gridPos"]
        assert at["x"] + at["w"] <= 24
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"])
                 for y in range(at["y"], at["y"] + at["h"])}  # fmt: skip
        assert not cells & taken, panel["title"]
        taken |= cells
