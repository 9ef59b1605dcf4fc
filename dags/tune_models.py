# mypy: disable-error-code="untyped-decorator"
"""### Better settings for generators and ranker

**When:** by hand, after the data has changed much; every few weeks will do.

**Safe to run again:** yes. Studies are kept and go on where they stopped.

**When it fails:** studies that ended are written; clear the task to go on with the others.

Trials are judged on a window before the one that the night is evaluated on.
Values that beat the defaults beyond noise go to `nightshelf.tuned.toml`, beside the settings:
the next night reads them, and is another run for it.
A dry run shows the values in its log and return value, and leaves that file alone.
"""

from typing import Any

from airflow.sdk import dag, task

from dags.forms import TUNE


@task
def tune(params: Any = None, dag_run: Any = None) -> dict[str, str]:
    from pipelines import tuning_tasks

    return tuning_tasks.tune_models(params, dag_run.conf)


@dag(
    dag_id="tune_models",
    schedule=None,
    is_paused_upon_creation=False,
    max_active_runs=1,
    params=TUNE,
    default_args={"owner": "recommendations", "retries": 0},  # a wrong order stays so
    doc_md=__doc__,
    tags=["nightshelf", "models"],
)
def tune_models() -> None:
    tune()


tune_models()
