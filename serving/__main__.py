"""`python -m serving`: the description of the web tier, and its keys."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from serving.commands import add_commands
from settings import load_settings
from settings.errors import NightshelfError


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code: 0, or 1 when something is wrong that the printed message says how to mend."""
    options = build_parser().parse_args(arguments)
    try:
        options.command(load_settings(options.settings), options)
    except NightshelfError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def build_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m serving", description=__doc__)
    parser.add_argument("--settings", help="settings file (default: nightshelf.toml)")
    add_commands(parser.add_subparsers(title="commands", metavar="COMMAND", required=True))
    return parser


if __name__ == "__main__":
    sys.exit(main())
