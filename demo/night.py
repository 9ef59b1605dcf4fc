"""Orders a night from Airflow and tells what it does until it is over."""

from __future__ import annotations

import time
from typing import Any

from demo.airflow_api import UNFINISHED, AirflowApi
from demo.errors import DemoError

DAG = "nightly_recommendations"
LOGGER = "nightshelf"
READING_S = 60.0
LOOK_EVERY_S = 2.0
FINAL = ("success", "failed", "skipped", "upstream_failed", "removed")


def order_night(airflow: AirflowApi, form: dict[str, Any], *, is_fresh: bool) -> str:
    """Trigger the DAG; the id of its run.

    *is_fresh*: Airflow was started just now, so that an unfinished run is a dead one and is given
    up; else it is someone's living one, and a night that forces nothing watches that.
    """
    _wait_for_dag(airflow)
    unfinished = airflow.unfinished_runs(DAG)
    if is_fresh:
        for run in unfinished:
            airflow.give_up(DAG, run)
    elif unfinished and not form["force"]:
        print(f"a night is under way already, watching it: {unfinished[0]}")
        return unfinished[0]
    return airflow.trigger(DAG, form)


def watch_night(airflow: AirflowApi, run: str) -> None:
    """Print each task's states and the night's own log lines until the run has ended.

    Raises `DemoError` with the end of the failed task's log.
    """
    screen = _Screen(time.monotonic())
    while True:
        state = airflow.state(DAG, run)
        tasks = sorted(airflow.tasks(DAG, run), key=lambda task: task["start_date"] or "~")
        for task in tasks:
            screen.show(airflow, run, task)
        if state not in UNFINISHED:
            break
        time.sleep(LOOK_EVERY_S)
    failed = [task for task in tasks if task["state"] == "failed"]
    if state != "success":
        told = "\n".join(f"{_name(task)}:\n{_end_of_log(airflow, run, task)}" for task in failed)
        raise DemoError(f"the night failed ({run})\n{told or 'no task failed: given up by hand'}")


class _Screen:
    """What has been printed of a night so far."""

    def __init__(self, started: float) -> None:
        self._started = started
        self._states: dict[tuple[str, int], str] = {}  # by try
        self._n_lines: dict[tuple[str, int], int] = {}

    def show(self, airflow: AirflowApi, run: str, task: dict[str, Any]) -> None:
        """Print what is new about *task*; a finished one is not looked at again."""
        key = (_name(task), task["try_number"])
        state = task["state"] or "waiting"
        if (
            state in ("waiting", "scheduled", "queued")
            or self._states.get(key) == state != "running"
        ):
            return
        if key not in self._states:
            self._print(f"{key[0]} …" if key[1] < 2 else f"{key[0]}, try {key[1]} …")
        self._show_log(airflow, run, task, key)
        self._states[key] = state
        if state != "running":
            self._print(f"{key[0]}: {state} in {task['duration'] or 0:.0f} s")
        if state == "up_for_retry":
            print(_end_of_log(airflow, run, task))

    def _show_log(
        self, airflow: AirflowApi, run: str, task: dict[str, Any], key: tuple[str, int]
    ) -> None:
        if task["state"] == "skipped" and task["try_number"] < 1:
            return  # it was never started; one that skipped itself says why
        log = airflow.log(DAG, run, task)
        ours = [line["event"] for line in log if line.get("logger") == LOGGER]
        for event in ours[self._n_lines.get(key, 0) :]:
            self._print(f"  {event}")
        self._n_lines[key] = len(ours)

    def _print(self, text: str) -> None:
        print(f"[{time.monotonic() - self._started:4.0f} s] {text}", flush=True)


def _wait_for_dag(airflow: AirflowApi) -> None:
    deadline = time.monotonic() + READING_S
    while not airflow.has_dag(DAG):
        if time.monotonic() > deadline:
            raise DemoError(f"Airflow has not read {DAG} in {READING_S:.0f} s; see its UI")
        time.sleep(0.5)


def _end_of_log(airflow: AirflowApi, run: str, task: dict[str, Any], n_lines: int = 25) -> str:
    lines: list[str] = []
    for line in airflow.log(DAG, run, task):
        lines.append(str(line["event"]))
        for error in line.get("error_detail") or []:
            lines.extend(f"{error['exc_type']}: {error['exc_value']}".splitlines())
    return "\n".join(f"    {line}" for line in lines[-n_lines:])


def _name(task: dict[str, Any]) -> str:
    index = task["map_index"]
    return str(task["task_id"]) if index < 0 else f"{task['task_id']}[{index}]"
