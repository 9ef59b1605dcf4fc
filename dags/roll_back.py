# mypy: disable-error-code="untyped-decorator"
"""### Back to lists that were good

**When:** by hand, when the live lists are wrong. Readers see the older version within seconds.

**Safe to run again:** yes. Without a version, each run goes back one more.

**When it fails:** nothing has changed; the log names the versions that are kept.

The model of that version becomes champion again.
It sets a **hold** with your reason: later nights load their lists but do not show them,
until `release` is run.
"""

from airflow.sdk import dag

from dags.forms import ROLL_BACK
from dags.version_tasks import roll_back as roll_back_task


@dag(
    dag_id="roll_back",
    schedule=None,
    is_paused_upon_creation=False,
    max_active_runs=1,
    params=ROLL_BACK,
    default_args={"owner": "recommendations", "retries": 0},  # again might be one version further
    doc_md=__doc__,
    tags=["nightshelf", "live"],
)
def roll_back() -> None:
    roll_back_task()


roll_back()
