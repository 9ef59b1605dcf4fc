"""An Airflow home of its own under pytest's temporary folder, and what Airflow reads from dags/."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def airflow_environment(tmp_path_factory):
    """Environment of an `airflow` process whose database and logs are thrown away."""
    home = tmp_path_factory.mktemp("airflow")
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("AIRFLOW", "NIGHTSHELF"))}
    return {
        **kept,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{kept['PATH']}",
        "PYTHONPATH": str(ROOT),
        "AIRFLOW_HOME": str(home),
        "AIRFLOW_CONFIG": str(ROOT / "airflow.cfg"),
        "AIRFLOW__CORE__DAGS_FOLDER": str(ROOT / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(ROOT / "dags" / "plugins"),
    }


@pytest.fixture(scope="session")
def found_both(airflow_environment, tmp_path_factory):
    """What Airflow reads from dags/ in the demo, without a schedule, and what with one."""
    target = tmp_path_factory.mktemp("dags") / "found.json"
    script = Path(__file__).with_name("describe_dags.py")
    schedules = {
        "NIGHTSHELF_SCHEDULE": "0 2 * * *",
        "NIGHTSHELF_COLLECT_SCHEDULE": "*/5 * * * *",
        "NIGHTSHELF_FORGET_SCHEDULE": "@hourly",
        "NIGHTSHELF_REFRESH_SCHEDULE": "*/7 * * * *",
    }
    variables = [json.dumps(more) for more in ({}, schedules)]
    done = subprocess.run(
        [sys.executable, script, target, *variables],
        env=airflow_environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(target.read_text())


@pytest.fixture
def found(found_both):
    """What Airflow reads from dags/ in the demo: no schedule."""
    return found_both[0]


@pytest.fixture
def found_with_schedule(found_both):
    """What Airflow reads when nights shall begin at two."""
    return found_both[1]
