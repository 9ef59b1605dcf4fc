"""Airflow on this computer: scheduler, DAG processor and API server, each in the background.

No triggerer, since no task here is deferred; no log server, since all share one disk.
"""

from __future__ import annotations

import configparser
import json
import os
import secrets
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from demo.airflow_api import AirflowApi
from demo.background import Background, is_running, start, stop, tail
from demo.errors import DemoError
from demo.ports import check_free
from settings import ProjectSettings, Settings

ROOT = Path(__file__).resolve().parent.parent
COMMANDS = {
    "scheduler": ["scheduler", "--skip-serve-logs"],
    "dag-processor": ["dag-processor"],
    "api-server": ["api-server"],
}
STARTING_S = 120.0
USER = "admin"


@dataclass(frozen=True)
class AirflowHome:
    """Where Airflow keeps its database and logs, and where its UI listens."""

    folder: Path
    host: str
    port: int
    settings_file: Path

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"

    @property
    def programs(self) -> list[Background]:
        return [Background(name, self.folder) for name in COMMANDS]


def airflow_home(settings: Settings) -> AirflowHome:
    """`<var>/airflow`, and the address that airflow.cfg or `AIRFLOW__API__…` gives the UI."""
    configuration = configparser.ConfigParser(interpolation=None)
    configuration.read(ROOT / "airflow.cfg")
    host = os.environ.get("AIRFLOW__API__HOST") or configuration["api"]["host"]
    port = os.environ.get("AIRFLOW__API__PORT") or configuration["api"]["port"]
    folder = settings.resolve(settings.read(ProjectSettings).var) / "airflow"
    return AirflowHome(folder, host, int(port), settings.path)


def start_airflow(home: AirflowHome) -> bool:
    """Start what does not run; False when all was up and well already.

    Raises `DemoError` with the end of a log when Airflow does not come up.
    """
    if all(map(is_running, home.programs)) and _api(home).is_healthy():
        return False
    stop_airflow(home)
    check_free(home.host, home.port, "the Airflow UI", "AIRFLOW__API__PORT=8081")
    home.folder.mkdir(parents=True, exist_ok=True)
    environment = airflow_environment(home)
    _prepare_database(home, environment)
    for program in home.programs:
        start(program, [_airflow(), *COMMANDS[program.name]], environment)
    _wait_until_healthy(home)
    log_in(home).create_pool("publish", 1, "One publish, roll-back or release at a time")
    return True


def stop_airflow(home: AirflowHome) -> list[str]:
    """End what runs of Airflow; the names of what did. Raises `DemoError` when some does not."""
    stopped, errors = [], []
    for program in home.programs:
        try:
            stopped += [program.name] if stop(program) else []
        except DemoError as error:
            errors.append(str(error))
    if errors:
        raise DemoError("\n".join(errors))
    return stopped


def log_in(home: AirflowHome) -> AirflowApi:
    """A client of the running Airflow, as the user whose login is printed."""
    api = _api(home)
    api.log_in(USER, password(home))
    return api


def password(home: AirflowHome) -> str:
    """The generated password of `admin`, made by Airflow at its first start."""
    file = home.folder / "simple_auth_manager_passwords.json.generated"
    return str(json.loads(file.read_text())[USER])


def airflow_environment(home: AirflowHome) -> dict[str, str]:
    """What every `airflow` command of this home needs, on top of ours."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    return {
        **os.environ,
        "PATH": path,  # Airflow calls itself by name
        "PYTHONPATH": str(ROOT),
        "NIGHTSHELF_SETTINGS": str(home.settings_file),
        "AIRFLOW_HOME": str(home.folder),
        "AIRFLOW_CONFIG": str(ROOT / "airflow.cfg"),
        "AIRFLOW__CORE__DAGS_FOLDER": str(ROOT / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(ROOT / "dags" / "plugins"),
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{home.url}/execution/",
        "AIRFLOW__API__BASE_URL": home.url,
        "AIRFLOW__API_AUTH__JWT_SECRET": _secret(home),
    }


def _secret(home: AirflowHome) -> str:
    """Signs what the components say to each other; kept, so that each can be started alone."""
    file = home.folder / "jwt_secret"
    if not file.exists():
        file.touch(mode=0o600)
        file.write_text(secrets.token_urlsafe(48))
    return file.read_text()


def _prepare_database(home: AirflowHome, environment: dict[str, str]) -> None:
    """Create or migrate it, six seconds that a stamp saves the next time."""
    stamp = home.folder / f"migrated-{_version()}"
    if stamp.exists() and (home.folder / "airflow.db").exists():
        return
    command = [_airflow(), "db", "migrate"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise DemoError(f"airflow db migrate failed:\n{(done.stdout + done.stderr)[-2000:]}")
    stamp.touch()


def _wait_until_healthy(home: AirflowHome) -> None:
    deadline = time.monotonic() + STARTING_S
    while not _api(home).is_healthy():
        for program in home.programs:
            if not is_running(program):
                raise DemoError(f"airflow {program.name} ended at once:\n{tail(program)}")
        if time.monotonic() > deadline:
            raise DemoError(f"Airflow is not up after {STARTING_S:.0f} s; logs: {home.folder}")
        time.sleep(0.5)


def _api(home: AirflowHome) -> AirflowApi:
    return AirflowApi(home.url)


def _airflow() -> str:
    return str(Path(sys.executable).parent / "airflow")


def _version() -> str:
    from importlib.metadata import version

    return version("apache-airflow")
