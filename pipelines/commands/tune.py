"""`tune`: looks for settings of generators and ranker that beat the defaults."""

from __future__ import annotations

import argparse
from datetime import datetime, timedelta
from typing import Any

from pipelines.moments import MomentError, parse_moment
from pipelines.tuning.directory import study_path
from pipelines.tuning.page import conclude, count_trials
from pipelines.tuning.spaces import RANKER, SPACES
from pipelines.tuning.study import Outcome, describe
from pipelines.tuning.tune import Search, place_of, shadowed_keys, tune
from settings import Settings
from settings.durations import parse_duration

DESCRIPTION = """\
Looks for settings of generators and ranker that beat the defaults, on a window before the one
that the night is evaluated on, and writes them beside the settings file, where nights read them.
Studies are kept: the same command goes on where it stopped, or was killed.
"""


def add_commands(commands: Any) -> None:
    """Adds `tune`."""
    parser = commands.add_parser("tune", help="look for better settings", description=DESCRIPTION)
    parser.set_defaults(command=_tune)
    parser.add_argument(
        "--budget", type=_budget, help="wall clock of everything, like 20m (default: [tuning])"
    )
    parser.add_argument(
        "--what",
        type=_names,
        default=(),
        help=f"some of {', '.join([*SPACES, RANKER])}; commas between (default: all in use)",
    )
    parser.add_argument("--surface", help="whose label judges (default: the first)")
    parser.add_argument("--trials", type=_trials, help="of each study, earlier ones included")
    parser.add_argument("--as-of", type=_moment, help="of the night (default: [night] as_of)")
    parser.add_argument("--dry-run", action="store_true", help="print, but change no settings")


def _tune(settings: Settings, options: argparse.Namespace) -> None:
    search = Search(
        what=options.what,
        surface=options.surface,
        budget=options.budget,
        n_trials=options.trials,
        as_of=options.as_of,
        dry_run=options.dry_run,
    )
    for key in shadowed_keys(settings):
        print(f"{key} of {settings.tuned_path.name} has no effect: it is also written by hand")
    for outcome in tune(settings, search):
        _print(settings, outcome, dry_run=options.dry_run)


def _print(settings: Settings, outcome: Outcome, *, dry_run: bool) -> None:
    subject = outcome.subject
    begin, end = (f"{moment:%Y-%m-%d}" for moment in outcome.window)
    trials = count_trials(len(outcome.trials))
    print(f"{subject.what} on {outcome.surface}, {trials} on {begin} … {end}")
    print(f"  {conclude(describe(outcome))}")
    if subject.written:
        print(f"  written by hand, so not searched: {', '.join(subject.written)}")
    if place := place_of(settings, outcome, dry_run=dry_run):
        print(f"  {place}")
    print(f"  {study_path(settings, outcome.study, '.html')}")


def _names(text: str) -> tuple[str, ...]:
    return tuple(filter(None, (name.strip() for name in text.split(","))))


def _budget(text: str) -> timedelta:
    try:
        budget = parse_duration(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    if not budget:
        raise argparse.ArgumentTypeError(f"{text!r} leaves no time; expected more than 0")
    return budget


def _trials(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of trials; expected 1 or more")
    return int(text)


def _moment(text: str) -> datetime:
    try:
        return parse_moment(text)
    except MomentError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
