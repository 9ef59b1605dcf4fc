"""The few calls of Airflow's REST API that ordering and watching a night takes."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any
from urllib.parse import quote

from demo.errors import DemoError

TIMEOUT_S = 30.0
UNFINISHED = ("queued", "running")


class AirflowApi:
    """A client of one Airflow; `log_in` comes before everything but `is_healthy`."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._token = ""

    def is_healthy(self) -> bool:
        """Whether API, scheduler and DAG processor are all up."""
        try:
            health = self._call("GET", "/api/v2/monitor/health")
        except DemoError:
            return False
        parts = ("metadatabase", "scheduler", "dag_processor")
        return all(health[part]["status"] == "healthy" for part in parts)

    def log_in(self, user: str, password: str) -> None:
        answer = self._call("POST", "/auth/token", {"username": user, "password": password})
        self._token = answer["access_token"]

    def create_pool(self, name: str, slots: int, description: str) -> None:
        """A pool of *slots* tasks at a time; one that exists is left as it is."""
        pool = {"name": name, "slots": slots, "description": description}
        try:
            self._call("POST", "/api/v2/pools", {**pool, "include_deferred": False})
        except DemoError:
            self._call("GET", f"/api/v2/pools/{name}")  # raises unless it is there

    def has_dag(self, dag: str) -> bool:
        """Whether the DAG processor has read *dag* yet."""
        try:
            return not self._call("GET", f"/api/v2/dags/{dag}")["is_stale"]
        except DemoError:
            return False

    def unfinished_runs(self, dag: str) -> list[str]:
        """Ids of the DAG runs that wait or work, oldest first."""
        states = "&".join(f"state={state}" for state in UNFINISHED)
        answer = self._call("GET", f"/api/v2/dags/{dag}/dagRuns?{states}&order_by=run_after")
        return [run["dag_run_id"] for run in answer["dag_runs"]]

    def trigger(self, dag: str, form: dict[str, Any]) -> str:
        """Order a run with *form*; its id."""
        body = {"logical_date": None, "conf": form}
        return str(self._call("POST", f"/api/v2/dags/{dag}/dagRuns", body)["dag_run_id"])

    def give_up(self, dag: str, run: str) -> None:
        """Mark a run as failed, with all its unfinished tasks."""
        self._call("PATCH", f"/api/v2/dags/{dag}/dagRuns/{quote(run)}", {"state": "failed"})

    def state(self, dag: str, run: str) -> str:
        return str(self._call("GET", f"/api/v2/dags/{dag}/dagRuns/{quote(run)}")["state"])

    def tasks(self, dag: str, run: str) -> list[dict[str, Any]]:
        """The task instances of a run, mapped ones with their `map_index`."""
        path = f"/api/v2/dags/{dag}/dagRuns/{quote(run)}/taskInstances?limit=100"
        found: list[dict[str, Any]] = self._call("GET", path)["task_instances"]
        return found

    def log(self, dag: str, run: str, task: dict[str, Any]) -> list[dict[str, Any]]:
        """The events that *task*'s latest try has logged so far."""
        path = (
            f"/api/v2/dags/{dag}/dagRuns/{quote(run)}/taskInstances/{task['task_id']}"
            f"/logs/{max(task['try_number'], 1)}?map_index={task['map_index']}"
        )
        content = self._call("GET", path)["content"]
        return [line if isinstance(line, dict) else {"event": str(line)} for line in content]

    def _call(self, method: str, path: str, body: Any = None) -> Any:
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(  # noqa: S310 - the URL is ours, http on loopback
            self._url + path, data=data, headers=headers, method=method
        )
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:  # noqa: S310
                return json.load(answer)
        except urllib.error.HTTPError as error:
            said = error.read().decode(errors="replace")[:500]
            raise DemoError(f"Airflow answered {error.code} to {method} {path}: {said}") from None
        except OSError as error:
            raise DemoError(
                f"Airflow does not answer on {self._url} any more ({error}); if nobody stopped it, "
                "its logs are in var/airflow"
            ) from None
