# mypy: disable-error-code="untyped-decorator"
"""### What users did, from the event log to the lake

**When:** at `NIGHTSHELF_COLLECT_SCHEDULE` (cron, UTC, like `*/5 * * * *`); where that is unset, as
in the demo, by hand only. Beside `python -m pipelines collect --follow` it has nothing to do.

**Safe to run again:** yes. Every event is stored once, by its id, whatever was killed when.

**When it fails:** nothing is lost, events wait in the log. A batch with too many bad records
waits for somebody to look: the log names them; *Accept bad* then puts them aside.

The return value says how much was stored, and how much still waits (`lag`).
"""

import os
from datetime import timedelta
from typing import Any

from airflow.sdk import dag, task

from dags.forms import COLLECT

SCHEDULE = os.environ.get("NIGHTSHELF_COLLECT_SCHEDULE") or None


@task(execution_timeout=timedelta(hours=1))
def collect(params: Any = None, dag_run: Any = None) -> dict[str, Any]:
    from pipelines import collect_tasks

    return collect_tasks.collect_events(params, dag_run.conf)


@dag(
    dag_id="collect_events",
    schedule=SCHEDULE,
    is_paused_upon_creation=bool(SCHEDULE),
    catchup=False,
    max_active_runs=1,
    params=COLLECT,
    default_args={"owner": "recommendations", "retries": 1, "retry_delay": timedelta(minutes=1)},
    doc_md=__doc__,
    tags=["nightshelf", "events"],
)
def collect_events() -> None:
    collect()


collect_events()
