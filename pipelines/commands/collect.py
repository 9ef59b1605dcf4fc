"""`collect`: from the event log to the lake."""

from __future__ import annotations

import argparse
import json
import logging
import signal
import threading
from dataclasses import asdict
from typing import Any, get_args

from pipelines.collect.collect import collect, follow
from pipelines.collect.lease import CollectorBusyError
from pipelines.collect.settings import SourceName
from pipelines.collect.status import read_status
from settings import Settings

DESCRIPTION = """\
Brings the events that wait in the log into lake/collected, each once, and bad ones to quarantine.
It can be killed anywhere and run again; while another one is at work, it leaves the work to it.
"""

log = logging.getLogger("nightshelf")


def add_commands(commands: Any) -> None:
    """Adds `collect`."""
    parser = commands.add_parser(
        "collect", help="bring what users did into the lake", description=DESCRIPTION
    )
    parser.set_defaults(command=_collect)
    parser.add_argument(
        "--source", choices=get_args(SourceName), help="the log (default: [collect] source)"
    )
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--follow", action="store_true", help="go on until told to end (SIGTERM)")
    what.add_argument("--status", action="store_true", help="print how far it is, as JSON")
    what.add_argument(
        "--accept-bad", action="store_true", help="put bad records aside, however many they are"
    )


def _collect(settings: Settings, options: argparse.Namespace) -> None:
    if options.status:
        print(json.dumps(read_status(settings), indent=1))
        return
    try:
        if options.follow:
            stored = follow(settings, _stopped_by_signals(), source=options.source)
        else:
            stored = collect(settings, source=options.source, accept_bad=options.accept_bad)
    except CollectorBusyError as error:
        log.info("collect: nothing to do here: %s", error)
        return
    print(" ".join(f"{name}={value}" for name, value in asdict(stored).items()))


def _stopped_by_signals() -> threading.Event:
    """Set by SIGTERM and SIGINT: the batch in hand is finished first."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return stop
