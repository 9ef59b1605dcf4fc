# mypy: disable-error-code="untyped-decorator"
"""### Tonight's lists, from raw events to what readers see

**When:** at `NIGHTSHELF_SCHEDULE` (cron, UTC); where that is unset, as in the demo, by hand only.

**Safe to run again:** yes. Finished stages are skipped, identical lists are not published twice.

**When it fails:** readers keep the lists they have. The failed task's log says what to do;
clear the task to go on where the night stopped.
While a hold is set (`roll_back`), or newer lists are live, lists are loaded but not shown:
`publish` is skipped, its log says what to do, and the asset `published_lists` stays as it was.
"""

import os
from datetime import timedelta

from airflow.sdk import dag

from dags.forms import NIGHT
from dags.night_tasks import begin, do_part, evaluate, make_lists, publish, score

SCHEDULE = os.environ.get("NIGHTSHELF_SCHEDULE") or None


@dag(
    schedule=SCHEDULE,
    is_paused_upon_creation=bool(SCHEDULE),  # an unpaused one runs its latest interval at once
    catchup=False,
    max_active_runs=1,
    params=NIGHT,
    default_args={"owner": "recommendations", "retries": 1, "retry_delay": timedelta(minutes=1)},
    doc_md=__doc__,
    tags=["nightshelf", "night"],
)
def nightly_recommendations() -> None:
    run = begin()
    features = do_part.override(task_id="build_features")(run, "features")
    models = do_part.override(task_id="train")(features, "training")
    scored = score.partial(run=run).expand(shard=evaluate(models))
    lists = make_lists(run)
    scored >> lists
    publish(lists)


nightly_recommendations()
