"""Prints what Airflow reads from dags/ as JSON; run apart, since Airflow takes over a process.

Arguments: the file to write, then environment variables as JSON, for each of which it reads anew.
"""

import json
import os
import sys
from pathlib import Path

from airflow.dag_processing.dagbag import DagBag
from airflow.sdk.exceptions import ParamValidationError

HEAVY = ("pipelines", "store", "settings", "duckdb", "lightgbm", "implicit", "pandas", "pyarrow")


def default_of(param):
    try:
        return param.resolve()
    except ParamValidationError:
        return "to be filled in"


def describe(dag):
    return {
        "schedule": dag.schedule,
        "paused_at_first": dag.is_paused_upon_creation,
        "max_active_runs": dag.max_active_runs,
        "catchup": dag.catchup,
        "tags": sorted(dag.tags),
        "doc": dag.doc_md,
        "form": {name: dag.params.get_param(name).description for name in dag.params},
        "defaults": {name: default_of(dag.params.get_param(name)) for name in dag.params},
        "tasks": {
            task.task_id: {
                "after": sorted(task.upstream_task_ids),
                "pool": task.pool,
                "retries": task.retries,
                "mapped": task.is_mapped,
                "owner": task.owner,
                "outlets": [asset.name for asset in task.outlets],
            }
            for task in dag.tasks
        },
    }


def read(variables):
    os.environ.update(variables)
    bag = DagBag(os.environ["AIRFLOW__CORE__DAGS_FOLDER"])
    for name in variables:
        del os.environ[name]
    return {
        "errors": bag.import_errors,
        "heavy": sorted(set(HEAVY) & set(sys.modules)),
        "dags": {name: describe(dag) for name, dag in bag.dags.items()},
    }


Path(sys.argv[1]).write_text(json.dumps([read(json.loads(text)) for text in sys.argv[2:]]))
