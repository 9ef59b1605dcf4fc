"""`features`: the stage of a night, and what a data engineer does with SQL files before it.

Each action is a module of its own, `features_<name>.py`, with a function `add_<name>(actions)`.
It is imported when it is asked for: `check` is over before the models' libraries are loaded.
"""

from __future__ import annotations

import argparse
from importlib import import_module
from typing import Any

from settings import Settings

TEXT = "run feature_sql as of every cutoff; makes features.duckdb"
ACTIONS = (
    "catalog",
    "new",
    "check",
    "test",
    "preview",
    "lineage",
    "training-set",
    "diff",
    "backfill",
)


def add_commands(commands: Any, action: str = "") -> None:
    """Adds `features`, which alone does the stage, and its actions, or only *action*."""
    group = commands.add_parser("features", help=TEXT, description=TEXT)
    group.add_argument("--run", help="name of the run (default: the newest that will do)")
    group.set_defaults(command=_stage)
    actions = group.add_subparsers(title="actions", metavar="ACTION")
    for name in [action] if action in ACTIONS else ACTIONS:
        word = name.replace("-", "_")
        getattr(import_module(f"pipelines.commands.features_{word}"), f"add_{word}")(actions)


def _stage(settings: Settings, options: argparse.Namespace) -> None:
    from pipelines.commands.night import do_chosen_stage

    do_chosen_stage(settings, argparse.Namespace(run=options.run, stage="features"))
