# mypy: disable-error-code="untyped-decorator"
"""### Make a model champion

**When:** by hand, when a model should serve that the gate refused, or an older one.
Its lists are live within seconds; the present champion is archived and kept.

**Safe to run again:** yes; promoting the champion again changes nothing.

**When it fails:** readers keep the lists they have; the log names the models there are,
the file that is damaged, or the run that is gone.

Lists that the store has no more are loaded from the model's run.
It sets no hold: the next night replaces the model if its own holds the gate against it.
"""

from airflow.sdk import dag

from dags.forms import PROMOTE
from dags.version_tasks import promote_model as promote_model_task


@dag(
    dag_id="promote_model",
    schedule=None,
    is_paused_upon_creation=False,
    max_active_runs=1,
    params=PROMOTE,
    default_args={"owner": "recommendations", "retries": 0},  # a wrong id stays so
    doc_md=__doc__,
    tags=["nightshelf", "live"],
)
def promote_model() -> None:
    promote_model_task()


promote_model()
