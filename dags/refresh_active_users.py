# mypy: disable-error-code="untyped-decorator"
"""### Lists of users who did something since the night

**When:** at `NIGHTSHELF_REFRESH_SCHEDULE` (cron, UTC, like `*/5 * * * *`); where that is unset, as
in the demo, by hand only.

**Safe to run again:** yes. A list that is made again replaces itself; nobody else's changes.

**When it fails:** readers keep the lists that they have, and the next refresh makes up for it.
Where a night flipped meanwhile, or settings of the lists were changed, the log says how to go on.

The models are those of the live lists. The lists go with their version: the next night has all
that they knew. The return value says how many there are, and how many users are left to do.
"""

import os
from datetime import timedelta
from typing import Any

from airflow.sdk import dag, task

from dags.forms import REFRESH

SCHEDULE = os.environ.get("NIGHTSHELF_REFRESH_SCHEDULE") or None


@task(execution_timeout=timedelta(minutes=30))
def refresh(params: Any = None, dag_run: Any = None) -> dict[str, Any]:
    from pipelines import refresh_tasks

    return refresh_tasks.refresh_lists(params, dag_run.conf)


@dag(
    dag_id="refresh_active_users",
    schedule=SCHEDULE,
    is_paused_upon_creation=bool(SCHEDULE),
    catchup=False,
    max_active_runs=1,
    params=REFRESH,
    default_args={"owner": "recommendations", "retries": 0},  # the next one is minutes away
    doc_md=__doc__,
    tags=["nightshelf", "live"],
)
def refresh_active_users() -> None:
    refresh()


refresh_active_users()
