"""One night on this computer: `python -m demo`, then `python -m demo down`.

`run` starts store, Airflow and app, orders a night from Airflow, watches it, and shows its lists;
what is unchanged since the last time is not done again. `airflow` starts Airflow alone and stays
in the foreground. `down` stops all three. Nothing leaves this computer.
"""

from __future__ import annotations

import argparse
import sys
import time
from contextlib import ExitStack

from demo.airflow import (
    USER,
    AirflowHome,
    airflow_home,
    log_in,
    password,
    start_airflow,
    stop_airflow,
)
from demo.app import check_ports, start_app, stop_app
from demo.night import order_night, watch_night
from demo.shown import show_evaluation, show_lists, version_run
from settings import Settings, load_settings
from settings.errors import NightshelfError
from store import embedded

KNOWN_USER = "1"
UNKNOWN_USER = "somebody-new"


def main(arguments: list[str] | None = None) -> int:
    """Do what *arguments* say; 0 when it worked, 1 with the reason on stderr when not."""
    parser = argparse.ArgumentParser(prog="python -m demo", description=__doc__)
    parser.add_argument("action", nargs="?", default="run", choices=["run", "airflow", "down"])
    parser.add_argument("--force", action="store_true", help="do finished work again")
    parser.add_argument("--settings", help="settings file, by default nightshelf.toml")
    options = parser.parse_args(arguments)
    try:
        settings = load_settings(options.settings)
        if options.action == "run":
            run_demo(settings, force=options.force)
        elif options.action == "airflow":
            stay_with_airflow(airflow_home(settings))
        else:
            stop_all(settings)
    except NightshelfError as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\ninterrupted; what runs in the background goes on: make down", file=sys.stderr)
        return 130
    return 0


def run_demo(settings: Settings, *, force: bool) -> None:
    """Everything once, in order. Raises `NightshelfError` naming the part that failed."""
    started = time.monotonic()
    check_ports(settings)  # before minutes of work whose lists could not be shown
    for store in embedded.embedded_stores(settings):
        print(f"{'event log' if store.is_log else 'store'}: {embedded.start(store)}")
    home = airflow_home(settings)
    print("airflow: starting scheduler, DAG processor and UI, up to half a minute …", flush=True)
    is_fresh = start_airflow(home)
    _print_login(home)
    airflow = log_in(home)
    run = order_night(airflow, {"force": force}, is_fresh=is_fresh)
    watch_night(airflow, run)
    url = start_app(settings)
    version = show_lists(url, KNOWN_USER, "home")
    show_lists(url, KNOWN_USER, "discover")
    show_lists(url, UNKNOWN_USER, "home")
    directory = version_run(settings, version)
    show_evaluation(directory)
    print(f"\ndone in {time.monotonic() - started:.0f} s; go on with:")
    print(f"  page     {url}/?user={KNOWN_USER}&compare=discover")
    print(f"  lists    curl -s '{url}/recs/{KNOWN_USER}?n=5'")
    print(f"  API      {url}/docs")
    print(f"  report   {directory / 'report.html'}")
    _print_login(home)
    print("  stop     make down")


def stay_with_airflow(home: AirflowHome) -> None:
    """Airflow until Ctrl-C; one that ran before is taken over. Raises `DemoError`."""
    print("airflow: starting scheduler, DAG processor and UI, up to half a minute …", flush=True)
    start_airflow(home)
    _print_login(home)
    print(f"  logs     {home.folder}/*.log\n  stop     Ctrl-C")
    try:
        while True:
            time.sleep(1)
    except KeyboardInterrupt:
        print(f"\nstopped: {', '.join(stop_airflow(home))}")


def stop_all(settings: Settings) -> None:
    """Stop app, Airflow and store, those that run; what does not end keeps nothing else up."""
    with ExitStack() as last_to_first:
        last_to_first.callback(_stop_store, settings)
        last_to_first.callback(_stop_app, settings)
        stopped = stop_airflow(airflow_home(settings))
        print(f"airflow: {'stopped ' + ', '.join(stopped) if stopped else 'not running'}")


def _stop_app(settings: Settings) -> None:
    print(f"app: {'stopped' if stop_app(settings) else 'not running'}")


def _stop_store(settings: Settings) -> None:
    for store in embedded.embedded_stores(settings):
        print(f"{'event log' if store.is_log else 'store'}: {embedded.stop(store)}")


def _print_login(home: AirflowHome) -> None:
    print(f"  Airflow  {home.url}  user {USER}, password {password(home)}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
