# mypy: disable-error-code="untyped-decorator"
"""### Let the nights flip again

**When:** by hand, once the cause of a `roll_back` is mended.

**Safe to run again:** yes; releasing twice is releasing once.

**When it fails:** the hold stays as it was.

The live version stays live until the next night publishes; to show tonight's lists at once,
run `nightly_recommendations` again: finished stages are skipped.
"""

from airflow.sdk import dag

from dags.version_tasks import release as release_task


@dag(
    dag_id="release",
    schedule=None,
    is_paused_upon_creation=False,
    max_active_runs=1,
    default_args={"owner": "recommendations", "retries": 0},  # a second try finds the same
    doc_md=__doc__,
    tags=["nightshelf", "live"],
)
def release() -> None:
    release_task()


release()
