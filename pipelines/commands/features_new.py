"""`features new NAME`: a SQL file and its case, both sound from the start."""

from __future__ import annotations

import argparse
from typing import Any

from pipelines.authoring.new import new_feature
from settings import Settings

TEXT = "write a SQL file and its case that pass, to be edited from there"


def add_new(actions: Any) -> None:
    """Adds `features new`."""
    parser = actions.add_parser("new", help=TEXT, description=TEXT)
    parser.add_argument("name", metavar="NAME", help="like user/user_weekend_share_90d")
    parser.add_argument("--owner", help="the team to ask (default: who owns most files)")
    parser.set_defaults(command=_new)


def _new(settings: Settings, options: argparse.Namespace) -> None:
    sql, case = new_feature(settings, options.name, owner=options.owner)
    print(f"{sql}\n{case}")
    print(f"edit both, then: python -m pipelines features check {sql.stem}")
