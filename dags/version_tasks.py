# mypy: disable-error-code="untyped-decorator"
"""The tasks that move the live version; they import inside, as those of the night do."""

from typing import Any

from airflow.sdk import task


@task(pool="publish")
def roll_back(params: Any = None, dag_run: Any = None) -> str | None:
    from pipelines import version_tasks

    return version_tasks.roll_back(params, dag_run.conf)


@task(pool="publish")
def promote_model(params: Any = None, dag_run: Any = None) -> str | None:
    from pipelines import version_tasks

    return version_tasks.promote(params, dag_run.conf)


@task(pool="publish")
def release(params: Any = None, dag_run: Any = None) -> str | None:
    from pipelines import version_tasks

    return version_tasks.release(params, dag_run.conf)
