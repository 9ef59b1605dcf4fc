"""`refresh`: lists of users with new events, made anew by day."""

from __future__ import annotations

import argparse
from typing import Any

from pipelines.commands.moment import moment
from pipelines.refresh.refresh import refresh_active_users
from settings import Settings


def add_commands(commands: Any) -> None:
    """Adds `refresh`."""
    text = "make the lists of users with new events anew, with the models of the live version"
    parser: argparse.ArgumentParser = commands.add_parser("refresh", help=text, description=text)
    parser.add_argument(
        "--as-of", type=moment, help="UTC; only events before it count (default: now)"
    )
    parser.add_argument(
        "--users", nargs="+", default=[], metavar="ID", help="only these, with news or without"
    )
    parser.add_argument(
        "--since",
        type=moment,
        help="who did something from then on (default: since the last refresh, or the night)",
    )
    parser.set_defaults(command=_refresh)


def _refresh(settings: Settings, options: argparse.Namespace) -> None:
    done = refresh_active_users(
        settings, as_of=options.as_of, users=options.users, since=options.since
    )
    left = f"; {done.left} more had news: refresh again" if done.left else ""
    print(
        f"{done.version}: {done.lists} lists of {done.users} users as of "
        f"{done.moment.isoformat(timespec='seconds')} in {done.seconds:.1f} s{left}"
    )
