# mypy: disable-error-code="untyped-decorator"
"""### Feature tables at past cutoffs, for training sets

**When:** by hand, when a new feature is wanted for rows of the past that no night has built.

**Safe to run again:** yes. Tables that are there are skipped; readers see nothing of it.

**When it fails:** cutoffs that were built stay; clear the task to go on with the others.

`python -m pipelines features backfill` does the same and can let go of what was built.
"""

from typing import Any

from airflow.sdk import dag, task

from dags.forms import BACKFILL


@task
def backfill(params: Any = None, dag_run: Any = None) -> dict[str, int]:
    from pipelines import backfill_tasks

    return backfill_tasks.backfill_features(params, dag_run.conf)


@dag(
    dag_id="backfill_features",
    schedule=None,
    is_paused_upon_creation=False,
    max_active_runs=1,
    params=BACKFILL,
    default_args={"owner": "recommendations", "retries": 0},  # a wrong order stays so
    doc_md=__doc__,
    tags=["nightshelf", "features"],
)
def backfill_features() -> None:
    backfill()


backfill_features()
