"""Every metric is explained, and what looks at metrics names only those that exist."""

import json
import re

import pytest
import yaml

from pipelines.collect.gauges import GAUGES as COLLECT_GAUGES
from pipelines.measure.gauges import GAUGES, PREFIX
from serving.sight.metrics import Metrics
from tests.docs.pages import ROOT, read

PAGE = read("docs/reference/metrics.md")
ROW = re.compile(r"^\| `(nightshelf_\w+)` \| (\w+) \| ([^|]*)\| .+ \|$", re.MULTILINE)


@pytest.fixture(scope="module")
def metrics():
    """Name as on the page → type and labels, of every metric that a worker has."""
    found = {}
    for collector in Metrics().registry._collector_to_names:
        name = collector._name + ("_total" if collector._type == "counter" else "")
        found[name] = (collector._type, list(collector._labelnames))
    return found


def test_every_metric_is_explained(metrics):
    """Name, type and labels of the page are those of the code."""
    rows = ROW.findall(PAGE)
    explained = {name: (kind, re.findall(r"`(\w+)`", labels)) for name, kind, labels in rows}
    assert explained == metrics


def test_every_metric_is_on_the_dashboard_and_no_other(metrics):
    """Nothing is exported that nobody looks at; nothing is asked for that nobody exports."""
    dashboard = (ROOT / "deploy/grafana/dashboards/nightshelf.json").read_text()
    used = set(re.findall(r"\b(nightshelf_[a-z_]+?)(?:_bucket|_count|_sum)?\b", dashboard))
    assert used == set(metrics)


def test_the_alerts_are_on_the_page_and_name_metrics_that_exist(metrics):
    """Each alert has a row saying what to look at."""
    rules = yaml.safe_load((ROOT / "deploy/prometheus/nightshelf.rules.yml").read_text())
    alerts = [rule for group in rules["groups"] for rule in group["rules"]]
    page = read("docs/cookbook/watch-the-app.md")
    assert [rule["alert"] for rule in alerts if f"| `{rule['alert']}` |" not in page] == []
    used = set(re.findall(r"\b(nightshelf_[a-z_]+?)(?:_bucket|_count|_sum)?\b", json.dumps(alerts)))
    measures = {f"{PREFIX}{name}" for name in GAUGES}
    assert used <= set(metrics) | measures | COLLECT_GAUGES.keys()


def test_every_gauge_of_the_measures_is_explained_and_on_their_dashboard():
    """Name and labels of the page are those of the code; nothing is exported for nobody."""
    rows = ROW.findall(read("docs/reference/measures.md"))
    explained = {name: (kind, re.findall(r"`(\w+)`", labels)) for name, kind, labels in rows}
    assert explained == {
        f"{PREFIX}{name}": ("gauge", list(labels)) for name, (labels, _) in GAUGES.items()
    }
    dashboard = (ROOT / "deploy/grafana/dashboards/measures.json").read_text()
    assert set(re.findall(r"\bnightshelf_[a-z_]+\b", dashboard)) == set(explained)
