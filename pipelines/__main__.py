"""`python -m pipelines`: the night, a stage of it, versions on the shelf, models."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

from pipelines.commands import collect as collect_commands
from pipelines.commands import features as feature_commands
from settings import load_settings
from settings.errors import NightshelfError

DESCRIPTION = """\
Prepares recommendations at night and puts them on the shelf.

  python -m pipelines night --as-of 2018-01-01     everything, and publish
  python -m pipelines night --as-of 2018-01-01 --dry-run
  python -m pipelines runs                         what ran, newest last
  python -m pipelines features --run RUN           one stage of a run
  python -m pipelines publish --run RUN            restore the shelf from a finished run
  python -m pipelines versions list                what is on the shelf, and what is live
  python -m pipelines refresh                      lists of who did something since, by day
  python -m pipelines models list                  champion, challengers and archived models
  python -m pipelines forget USER                  nothing is known of a user any more
  python -m pipelines measure                      what was shown, and whether it worked
  python -m pipelines tune --budget 20m            look for better settings, and keep them
  python -m pipelines collect                      events of the web tier, into the lake
  python -m pipelines simulate --url URL           play shoppers against the running app

Stages that are done are skipped; the same inputs are the same run.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code: 0; 1 when something is wrong that the printed message says how to mend; 3 when
    the lists were published and the gate refused to show them.
    """
    parser = build_parser(*_first_words(arguments))
    options = parser.parse_args(arguments)
    _log_to_stderr(verbose=options.verbose)
    try:
        settings = load_settings(options.settings)
        return options.command(settings, options) or 0
    except NightshelfError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1


def build_parser(command: str = "", action: str = "") -> argparse.ArgumentParser:
    """The command line; `--help` of every subcommand says what it reads and writes.

    When *command* is `features`, only it and its *action*, and likewise `collect`: the libraries
    of the models, which all others need, take seconds to load.
    """
    parser = argparse.ArgumentParser(
        prog="python -m pipelines",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--settings", type=Path, help="settings file (default: nightshelf.toml)")
    parser.add_argument("-v", "--verbose", action="store_true", help="say more")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    if command == "features":
        feature_commands.add_commands(commands, action)
        return parser
    if command == "collect":
        collect_commands.add_commands(commands)
        return parser
    from pipelines.commands import forget, measure, models, night, refresh, simulate, tune, versions

    for group in (
        night,
        feature_commands,
        versions,
        tune,
        models,
        collect_commands,
        forget,
        measure,
        refresh,
        simulate,
    ):
        group.add_commands(commands)
    return parser


def _first_words(arguments: Sequence[str] | None) -> tuple[str, str]:
    """Command and action of a command line, as far as they are there."""
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--settings")
    parser.add_argument("words", nargs="*", default=[])
    words = [*parser.parse_known_args(arguments)[0].words, "", ""]
    return words[0], words[1]


def _log_to_stderr(*, verbose: bool) -> None:
    logging.basicConfig(format="%(asctime)s %(message)s", datefmt="%H:%M:%S", stream=sys.stderr)
    logging.getLogger("nightshelf").setLevel(logging.DEBUG if verbose else logging.INFO)
    logging.getLogger("sqlglot").setLevel(logging.ERROR)  # what it warns of is an error of ours


if __name__ == "__main__":
    sys.exit(main())
