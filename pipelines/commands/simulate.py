"""`simulate`: shoppers against the running application."""

from __future__ import annotations

import argparse
from datetime import timedelta
from typing import Any

from pipelines.commands.moment import moment
from pipelines.lake import open_lake
from pipelines.moments import MomentError, NightSettings
from pipelines.simulate.play import play_day
from pipelines.simulate.settings import SimulateSettings
from pipelines.simulate.summary import describe
from pipelines.simulate.world import open_world
from settings import Settings

DESCRIPTION = """\
Plays the shoppers of a day against the running application: they ask for lists, see, click and
buy, and their browsers send events. What they need is fitted on the lake. The application must
have [intake] simulated_clock = true, which it takes on loopback only. The same lake, settings,
seed and day give the same visits; the same lists then give the same clicks.
"""


def add_commands(commands: Any) -> None:
    """Adds `simulate`."""
    text = "play shoppers against the running app"
    parser = commands.add_parser("simulate", help=text, description=DESCRIPTION)
    parser.set_defaults(command=_simulate)
    parser.add_argument("--url", default="http://127.0.0.1:8000", help="(default: %(default)s)")
    parser.add_argument(
        "--control-url", help="an app that half of the users ask instead, to compare with"
    )
    parser.add_argument("--day", type=moment, help="first day (default: [night] as_of)")
    parser.add_argument("--days", type=int, default=1, choices=range(1, 367), metavar="N")
    parser.add_argument("--seed", type=int, help="(default: [night] seed)")


def _simulate(settings: Settings, options: argparse.Namespace) -> None:
    night = settings.read(NightSettings)
    day = options.day or night.as_of
    if day is None:
        raise MomentError(f"{settings.path}: [night] as_of is not set; say --day 2018-01-01")
    origin = min(day, night.as_of or day).replace(hour=0, minute=0, second=0, microsecond=0)
    day = day.replace(hour=0, minute=0, second=0, microsecond=0)
    seed = night.seed if options.seed is None else options.seed
    shoppers = settings.read(SimulateSettings)
    lake = open_lake(settings)
    for k in range(options.days):
        world = open_world(lake, day + timedelta(days=k), shoppers, seed=seed, origin=origin)
        print(f"{world.day:%Y-%m-%d}, seed {seed}")
        for line in describe(play_day(world, options.url, options.control_url), seed):
            print(f"  {line}")
