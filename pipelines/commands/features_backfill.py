"""`features backfill NAME…`: tables at more past cutoffs, for training sets."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from pipelines.commands.moment import moment
from pipelines.features.backfill import BackfillError, backfill, weekly_cutoffs
from pipelines.features.kept_backfills import forget_backfills
from pipelines.training_sets.kept import choose_run
from settings import Settings
from settings.project import var_directory

TEXT = "build tables at past weekly cutoffs, where they are not there yet"


def add_backfill(actions: Any) -> None:
    """Adds `features backfill`."""
    parser = actions.add_parser("backfill", help=TEXT, description=TEXT)
    parser.add_argument("names", nargs="+", metavar="NAME", help="of a table")
    parser.add_argument("--from", dest="oldest", type=moment, help="the first cutoff, a date")
    parser.add_argument("--to", dest="newest", type=moment, help="the last (default: the run's)")
    parser.add_argument("--cutoffs", type=_count, metavar="N", help="the last N, instead of --from")
    parser.add_argument("--run", help="whose data and moment (default: the newest finished run's)")
    parser.add_argument("--remove", action="store_true", help="let go of what was backfilled")
    parser.set_defaults(command=_backfill)


def _count(text: str) -> int:
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"{text!r} is no number of cutoffs; expected 1 or more")
    return int(text)


def _backfill(settings: Settings, options: argparse.Namespace) -> None:
    if options.remove:
        gone = forget_backfills(var_directory(settings) / "snapshots", options.names)
        print(f"{len(gone)} backfilled snapshots let go; the next night removes what is unused")
        return
    if (options.oldest is None) == (options.cutoffs is None):
        raise BackfillError("say from when: --from 2017-06-05, or --cutoffs 12 for the last twelve")
    run = choose_run(settings, options.run)
    cutoffs = weekly_cutoffs(
        run, oldest=options.oldest, newest=options.newest, cutoffs=options.cutoffs
    )
    # A terminal has a bar; a log would stay silent for as long as this takes.
    after = None if sys.stderr.isatty() else _teller(cutoffs)
    found = backfill(run, options.names, cutoffs, after)
    for name in options.names:
        print(
            f"{name}: {_say('built', found.built.get(name))}, "
            f"{_say('there already', found.there.get(name))}"
            + (f", {_say('not known yet', found.too_new[name])}" if name in found.too_new else "")
        )
    first, last = cutoffs[0], cutoffs[-1]
    print(f"{len(cutoffs)} cutoffs {first:%Y-%m-%d} … {last:%Y-%m-%d}, data of run {run.name}")


def _teller(cutoffs: Sequence[datetime]) -> Callable[[datetime], None]:
    """Prints a line on stderr for each of *cutoffs* that is done."""

    def tell(cutoff: datetime) -> None:
        done = f"{cutoffs.index(cutoff) + 1} of {len(cutoffs)}"
        print(f"backfill: {cutoff:%Y-%m-%d} done, {done}", file=sys.stderr, flush=True)

    return tell


def _say(what: str, cutoffs: Sequence[datetime] | None) -> str:
    return f"{len(cutoffs or [])} {what}"
