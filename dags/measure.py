# mypy: disable-error-code="untyped-decorator"
"""### Does it work? Figures of what was shown, and what came of it

**When:** at `NIGHTSHELF_MEASURE_SCHEDULE` (cron, UTC), once a day; where that is unset, by hand.

**Safe to run again:** yes. Days whose events did not change are left alone, the same events give
the same figures.

**When it fails:** figures, gauges and report stay as they were; the log says what is wrong.

Up to the day before the run: CTR, acceptance, conversion, coverage and more by group, in
`var/<namespace>/measures/`, with `report.html` to look at.
"""

import os
from datetime import timedelta
from typing import Any

from airflow.sdk import dag, task

from dags.forms import MEASURE

SCHEDULE = os.environ.get("NIGHTSHELF_MEASURE_SCHEDULE") or None


@task
def measure_days(params: Any = None, dag_run: Any = None) -> dict[str, str]:
    from pipelines import measure_tasks

    moment = dag_run.logical_date or dag_run.run_after
    return measure_tasks.measure(params, dag_run.conf, moment)


@dag(
    dag_id="measure",
    schedule=SCHEDULE,
    is_paused_upon_creation=bool(SCHEDULE),
    catchup=False,
    max_active_runs=1,
    params=MEASURE,
    default_args={"owner": "recommendations", "retries": 1, "retry_delay": timedelta(minutes=5)},
    doc_md=__doc__,
    tags=["nightshelf", "loop"],
)
def measure() -> None:
    measure_days()


measure()
