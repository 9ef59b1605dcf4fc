# mypy: disable-error-code="untyped-decorator"
"""### Forget users

**When:** by `NIGHTSHELF_FORGET_SCHEDULE` (cron, or `@hourly`), for users whom
`DELETE /users/<user>` or `forget --later` named since; by hand at any time, with *Again* for all
who were ever forgotten, after a backup was put back.

**Safe to run again:** yes; with nobody to forget it ends at once.

**When it fails:** nobody knows anything of the users all the same, and nothing of them is served
or brought in. Run again, it goes on where it was; a night under way is left for the next time.

Files that hold a user are written anew: lake, quarantine, snapshots, runs, models.
The proof is `var/<namespace>/forgotten/<digest>.json`.
"""

import os
from datetime import timedelta
from typing import Any

from airflow.sdk import dag, task

from dags.forms import FORGET

SCHEDULE = os.environ.get("NIGHTSHELF_FORGET_SCHEDULE") or None


@task
def forget(params: Any = None, dag_run: Any = None) -> int:
    from pipelines import forgetting_tasks

    return forgetting_tasks.forget(params, dag_run.conf)


@dag(
    dag_id="forget_users",
    schedule=SCHEDULE,
    is_paused_upon_creation=bool(SCHEDULE),
    catchup=False,
    max_active_runs=1,
    params=FORGET,
    default_args={"owner": "recommendations", "retries": 2, "retry_delay": timedelta(minutes=5)},
    doc_md=__doc__,
    tags=["nightshelf", "privacy"],
)
def forget_users() -> None:
    forget()


forget_users()
