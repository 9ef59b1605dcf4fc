"""The mirror in MLflow: a real client, a database and a folder of files below the project."""

import importlib
import logging
import subprocess
import sys
import time

import pytest

from pipelines.night import publish_run
from pipelines.registry.mlflow_mirror import MODEL_TAG, STATE_TAG, flatten, metrics_of
from pipelines.registry.model import open_model
from pipelines.registry.register import register_run
from pipelines.runs import open_run
from tests.night_fixtures import REPOSITORY, open_shop
from tests.pipelines.registry.other_nights import other_night

URI = "sqlite:///var/mlflow.db"

# MLflow and what it brings warn of their own future, which is not ours to mend.
pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning:mlflow"),
    pytest.mark.filterwarnings("ignore::FutureWarning:mlflow"),
]


def mirrored(run, uri=URI):
    """*run* under settings that mirror to *uri*."""
    settings = open_shop(run.settings.path.parent, {"NIGHTSHELF__MLFLOW__TRACKING_URI": uri})
    return open_run(settings, run.name)


def mlflow_runs(run):
    """MLflow's runs of the shop by model."""
    client_class = importlib.import_module("mlflow.tracking").MlflowClient
    client = client_class(f"sqlite:///{run.settings.path.parent}/var/mlflow.db")
    experiment = client.get_experiment_by_name("nightshelf-shop")
    runs = client.search_runs([experiment.experiment_id])
    return client, {found.data.tags[MODEL_TAG]: found for found in runs}


def test_models_and_states_are_mirrored(night):
    """Parameters, metrics and files of each model; what becomes of it changes a tag."""
    runs = [mirrored(other_night(night, digit, gain=-0.05 * int(digit))) for digit in "12"]
    publish_run(runs[0])
    publish_run(runs[1])
    first, second = (register_run(run) for run in runs)
    client, found = mlflow_runs(night)
    assert {model: run.data.tags[STATE_TAG] for model, run in found.items()} == {
        first.model: "champion",
        second.model: "challenger",
    }
    data = found[first.model].data
    assert data.params == flatten(runs[0].manifest["settings"])
    assert data.params["ranking.trees"] == "20"
    assert data.metrics == metrics_of(open_model(night.settings, first).manifest)
    files = {file.path for file in client.list_artifacts(found[first.model].info.run_id)}
    assert {"manifest.json", "evaluation.json", "report.html"} <= files


def test_a_mirror_that_fails_is_a_warning(night, caplog):
    """The database cannot be made where a file is in the way; the lists are live all the same."""
    night.settings.path.parent.joinpath("blocked").touch()
    run = mirrored(other_night(night, "1"), "sqlite:///blocked/mlflow.db")
    with caplog.at_level(logging.WARNING, "nightshelf"):
        assert publish_run(run).activated
    assert "MLflow at [mlflow] tracking_uri did not take" in caplog.text
    assert "the night goes on. Mend it, or empty [mlflow] tracking_uri" in caplog.text


def test_without_mlflow_the_warning_says_what_to_install(night, caplog, monkeypatch):
    """The package is an extra; a mirror without it is a warning, not a failed night."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "mlflow"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "mlflow", None)
    with caplog.at_level(logging.WARNING, "nightshelf"):
        register_run(mirrored(other_night(night, "1")))
    assert "MLflow is not installed" in caplog.text
    assert "pip install -r requirements-mlflow.txt" in caplog.text


def test_mlflow_is_not_imported_unless_it_is_wanted():
    """Importing the whole night leaves MLflow alone."""
    code = "import sys, pipelines.night; print('mlflow' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    assert done.stdout == "False\n"


def test_a_server_that_is_down_costs_seconds_and_shows_no_password(night, caplog, monkeypatch):
    """MLflow itself would try for minutes, and name the address with all that stands in it."""
    for variable in ("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "MLFLOW_HTTP_REQUEST_TIMEOUT"):
        monkeypatch.setenv(variable, "to be removed again")
        monkeypatch.delenv(variable)
    run = mirrored(other_night(night, "1"), "http://bob:s3cret@127.0.0.1:9")
    started = time.monotonic()
    with caplog.at_level(logging.WARNING, "nightshelf"):
        register_run(run)
    assert time.monotonic() - started < 30
    assert "API request to http://bob:***@127.0.0.1:9/" in caplog.text
    assert "s3cret" not in caplog.text
