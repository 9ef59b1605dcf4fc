# mypy: disable-error-code="untyped-decorator"
"""The tasks, as thin as they can be: they import inside, since files here are parsed all the time.

Only the name of a run goes from task to task, never data.
"""

from typing import Any

from airflow.sdk import Asset, task
from airflow.sdk.exceptions import AirflowSkipException

LISTS = Asset("published_lists")


def _publishing_is_wanted(context: Any) -> bool:
    return bool(context["params"]["publish"] == "publish")


@task(retries=0)  # a wrong order and damaged data stay so
def begin(params: Any = None, dag_run: Any = None) -> str:
    from pipelines import night_tasks

    moment = dag_run.logical_date or dag_run.run_after
    return night_tasks.begin(params, dag_run.conf, moment)


@task
def do_part(run: str, part: str) -> str:
    from pipelines import night_tasks

    return night_tasks.do_part(run, part)


@task
def evaluate(run: str) -> list[int]:
    from pipelines import night_tasks

    return night_tasks.list_shards(night_tasks.do_part(run, "evaluation"))


@task
def score(run: str, shard: int) -> None:
    from pipelines import night_tasks

    night_tasks.score_shard(run, shard)


@task
def make_lists(run: str) -> str:
    from pipelines import night_tasks

    return night_tasks.finish(run)


@task.run_if(_publishing_is_wanted, skip_message="a dry run: nothing is published")
@task(pool="publish", outlets=[LISTS])
def publish(run: str) -> dict[str, Any]:
    from pipelines import night_tasks

    try:
        return night_tasks.publish(run)
    except night_tasks.NotShownError as error:  # a skipped task tells no one of new lists
        raise AirflowSkipException(str(error)) from None
