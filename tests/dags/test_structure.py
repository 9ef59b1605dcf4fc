"""The DAGs as Airflow reads them."""

from pathlib import Path

import pytest

from pipelines import night
from pipelines.night_tasks import PARTS
from pipelines.orders import (
    BackfillOrder,
    CollectOrder,
    ForgetOrder,
    MeasureOrder,
    NightOrder,
    PromoteOrder,
    RefreshOrder,
    ReleaseOrder,
    RollBackOrder,
    TuneOrder,
)

DAGS = Path(__file__).resolve().parents[2] / "dags"
NAMES = [
    "backfill_features",
    "collect_events",
    "forget_users",
    "measure",
    "nightly_recommendations",
    "promote_model",
    "refresh_active_users",
    "release",
    "roll_back",
    "tune_models",
]

SCHEDULED = {
    "nightly_recommendations": "0 2 * * *",
    "collect_events": "*/5 * * * *",
    "forget_users": "@hourly",
    "refresh_active_users": "*/7 * * * *",
}


def test_all_dags_import_without_errors_and_without_heavy_modules(found):
    """Parsing the folder finds our DAGs and loads nothing that the night needs."""
    assert (found["errors"], found["heavy"], sorted(found["dags"])) == ({}, [], NAMES)


def test_the_night_is_wired_in_order_with_scoring_mapped_and_publishing_alone(found):
    """Each task waits for the one before, shards are mapped, publish has a pool and an outlet."""
    tasks = found["dags"]["nightly_recommendations"]["tasks"]

    def task(*after, pool="default_pool", retries=1, mapped=False, outlets=()):
        return {
            "after": list(after),
            "pool": pool,
            "retries": retries,
            "mapped": mapped,
            "owner": "recommendations",
            "outlets": list(outlets),
        }

    assert tasks == {
        "begin": task(retries=0),
        "build_features": task("begin"),
        "train": task("build_features"),
        "evaluate": task("train"),
        "score": task("begin", "evaluate", mapped=True),
        "make_lists": task("begin", "score"),
        "publish": task("make_lists", pool="publish", outlets=["published_lists"]),
    }


@pytest.mark.parametrize("name", ["promote_model", "roll_back", "release"])
def test_moving_the_pointer_is_one_task_in_the_publish_pool(found, name):
    """A promotion, roll-back or release cannot run beside a publish."""
    tasks = found["dags"][name]["tasks"]
    assert [(task, tasks[task]["pool"]) for task in tasks] == [(name, "publish")]


@pytest.mark.parametrize(
    ("dag", "only"),
    [
        ("tune_models", "tune"),
        ("backfill_features", "backfill"),
        ("collect_events", "collect"),
        ("forget_users", "forget"),
        ("refresh_active_users", "refresh"),
        ("measure", "measure_days"),
    ],
)
def test_what_moves_nothing_is_one_task_in_nobodys_way(found, dag, only):
    """A search or a backfill may take its time, and tells no one of new lists."""
    tasks = found["dags"][dag]["tasks"]
    assert [(name, task["pool"], task["outlets"]) for name, task in tasks.items()] == [
        (only, "default_pool", [])
    ]


@pytest.mark.parametrize("name", ["promote_model", "roll_back", "tune_models", "backfill_features"])
def test_what_was_ordered_wrongly_is_not_tried_again(found, name):
    """Who waits for an answer gets it at once: a wrong order stays wrong."""
    assert [task["retries"] for task in found["dags"][name]["tasks"].values()] == [0]


def test_the_parts_are_all_stages_of_the_night_in_order():
    """No stage of the command line's night is left out of the DAG, or done twice."""
    stages = [stage for part in PARTS.values() for stage in part]
    assert stages == [*night.STAGES, *night.LIST_STAGES]


@pytest.mark.parametrize(
    ("name", "order"),
    [
        ("nightly_recommendations", NightOrder),
        ("roll_back", RollBackOrder),
        ("release", ReleaseOrder),
        ("refresh_active_users", RefreshOrder),
        ("promote_model", PromoteOrder),
        ("tune_models", TuneOrder),
        ("backfill_features", BackfillOrder),
        ("collect_events", CollectOrder),
        ("forget_users", ForgetOrder),
        ("measure", MeasureOrder),
    ],
)
def test_a_form_has_the_fields_of_its_order(found, name, order):
    """What the UI asks for is what the task checks, field by field, each explained."""
    form = found["dags"][name]["form"]
    assert sorted(form) == sorted(order.model_fields)
    assert [field for field, explained in form.items() if not explained] == []


def test_an_untouched_form_can_be_sent(found):
    """Only models, reasons and tables must be filled in; the UI refuses an empty text."""
    defaults = {name: found["dags"][name]["defaults"] for name in NAMES}
    assert defaults == {
        "backfill_features": {
            "tables": "to be filled in",
            "cutoffs": 12,
            "newest": None,
            "run": None,
        },
        "collect_events": {"accept_bad": False},
        "forget_users": {"again": False},
        "measure": {"first": None, "last": None},
        "nightly_recommendations": {
            "as_of": None,
            "publish": "publish",
            "force": False,
            "surfaces": [],
        },
        "promote_model": {"model": "to be filled in", "reason": "to be filled in"},
        "refresh_active_users": {"as_of": None, "since": None, "users": []},
        "release": {},
        "roll_back": {"version": None, "reason": "to be filled in"},
        "tune_models": {"budget": None, "what": [], "surface": None, "write": "write"},
    }


@pytest.mark.parametrize("name", NAMES)
def test_every_dag_says_when_if_again_and_what_on_failure(found, name):
    """The docstring is the documentation in the UI and answers an operator's three questions."""
    dag = found["dags"][name]
    questions = ["**When:**", "**Safe to run again:**", "**When it fails:**"]
    assert [question for question in questions if question not in dag["doc"]] == []
    assert "nightshelf" in dag["tags"]


@pytest.mark.parametrize("name", NAMES)
def test_dag_files_stay_thin(name):
    """A DAG is documentation and wiring of at most 60 lines."""
    assert len((DAGS / f"{name}.py").read_text().splitlines()) <= 60


@pytest.mark.parametrize("name", SCHEDULED)
def test_without_a_schedule_the_dag_is_ready_to_be_triggered(found, name):
    """The demo's DAGs never start by themselves, and start at once when they are triggered."""
    dag = found["dags"][name]
    told = (dag["schedule"], dag["paused_at_first"], dag["catchup"], dag["max_active_runs"])
    assert told == (None, False, False, 1)


@pytest.mark.parametrize("name", SCHEDULED)
def test_with_a_schedule_the_dag_starts_paused(found_with_schedule, name):
    """A first deployment runs nothing before somebody has unpaused it."""
    dag = found_with_schedule["dags"][name]
    told = (dag["schedule"], dag["paused_at_first"], dag["catchup"], dag["max_active_runs"])
    assert told == (SCHEDULED[name], True, False, 1)
