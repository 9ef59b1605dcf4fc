"""`features catalog`: every feature on one page, with the figures of a run."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from pipelines.catalogue.page import FILE, render_to
from pipelines.catalogue.seen import see_run
from pipelines.drift.distributions import FILE as DISTRIBUTIONS
from pipelines.runs import Run, list_runs, open_run
from settings import Settings
from settings.project import var_directory

TEXT = "write the catalogue of all features as one page, with SQL as it is now"


def add_catalog(actions: Any) -> None:
    """Adds `features catalog`."""
    parser = actions.add_parser("catalog", help=TEXT, description=TEXT)
    parser.add_argument("--run", help="whose figures (default: the newest run that has some)")
    parser.add_argument("--to", type=Path, help=f"file to write (default: {FILE} below var/)")
    parser.set_defaults(command=_catalog)


def _catalog(settings: Settings, options: argparse.Namespace) -> None:
    run = open_run(settings, options.run) if options.run else _newest_measured(settings)
    target = options.to or var_directory(settings) / FILE
    entries = render_to(target, settings, see_run(run) if run else None)
    figures = f"figures of run {run.id}" if run else "without figures: no run has measured any yet"
    print(f"{target}: {len(entries)} tables, {figures}")


def _newest_measured(settings: Settings) -> Run | None:
    runs = (open_run(settings, name) for name in reversed(list_runs(settings)))
    return next((run for run in runs if run.path(DISTRIBUTIONS).exists()), None)
