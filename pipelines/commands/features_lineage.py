"""`features lineage [NAME]`: from a table down to columns of the lake, and up to its users."""

from __future__ import annotations

import argparse
import json
from typing import Any

from pipelines.authoring.lineage import Lineage, find_lineage, trace_lineage
from pipelines.features.build import features_directory
from pipelines.features.folder import load_folder
from pipelines.surfaces import SurfacesSettings
from settings import Settings

TEXT = "where a table comes from and who uses it; without a name, of all tables"


def add_lineage(actions: Any) -> None:
    """Adds `features lineage`."""
    parser = actions.add_parser("lineage", help=TEXT, description=TEXT)
    parser.add_argument("name", nargs="?", metavar="NAME", help="the table")
    parser.add_argument("--json", action="store_true", help="for programs")
    parser.set_defaults(command=_lineage)


def _lineage(settings: Settings, options: argparse.Namespace) -> None:
    files = load_folder(features_directory(settings))
    traced = trace_lineage(files, settings.read(SurfacesSettings))
    chosen = [find_lineage(traced, options.name)] if options.name else list(traced.values())
    if options.json:
        found = [lineage.as_json() for lineage in chosen]
        print(json.dumps(found[0] if options.name else found, indent=1, ensure_ascii=False))
    elif options.name:
        _print_one(chosen[0])
    else:
        for lineage in chosen:
            print(f"{lineage.table} ← {', '.join(lineage.reads)}")


def _print_one(lineage: Lineage) -> None:
    print(f"{lineage.folder}/{lineage.table}")
    for title, tables in (("reads", lineage.reads), ("from the lake", lineage.base_columns)):
        for table, columns in tables.items():
            print(f"  {title:14}{table}: {', '.join(columns)}")
    print(f"  {'read by':14}{', '.join(lineage.read_by) or 'no other table'}")
    beyond = sorted(set(lineage.downstream) - set(lineage.read_by))
    if beyond:
        print(f"  {'and by way of':14}{', '.join(beyond)}")
    for user in lineage.used_by:
        print(f"  {'used by':14}{user}")
