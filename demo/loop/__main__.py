"""The loop: `python -m demo.loop` (`make demo-loop`); ends by itself and leaves nothing running.

Three times: a night publishes its lists, simulated shoppers use the app for a day, and what they
did is collected. Half of the users get recent popularity instead of their lists. In the end the
days are compared, and on the last one the ranker with impressions with one that had none.
"""

from __future__ import annotations

import argparse
import logging
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from demo.loop.days import DAYS, Loop
from demo.loop.parts import leave_nothing, open_loop
from demo.loop.told import tell_comparison, tell_rankers
from settings.errors import NightshelfError


def main(arguments: list[str] | None = None) -> int:
    """0 when the loop went round, whatever it found; 1 with the reason on stderr when not."""
    parser = argparse.ArgumentParser(prog="python -m demo.loop", description=__doc__)
    parser.add_argument("--seed", type=int, default=0, help="of the shoppers (default: 0)")
    options = parser.parse_args(arguments)
    said = logging.StreamHandler(sys.stdout)
    said.setLevel(logging.WARNING)  # of the handler: Great Expectations sets the levels of its own
    logging.basicConfig(format="  %(message)s", handlers=[said])
    try:
        run_loop(seed=options.seed)
    except NightshelfError as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\ninterrupted; nothing is left running", file=sys.stderr)
        return 130
    return 0


def run_loop(*, seed: int, settings_file: Path | None = None) -> None:
    """Everything, from an empty namespace. Raises `NightshelfError` naming what failed."""
    started = time.monotonic()
    settings = open_loop(settings_file)
    print(f"the loop, seed {seed}: {DAYS} nights and days in {settings.path}")
    try:
        loop = Loop.begin(settings, seed)
        seconds: dict[str, float] = {}
        for number in range(DAYS):
            _add(seconds, loop.play(number))
        comparison, picture, page = loop.measure()
        tell_comparison(comparison)
        compared_at = time.monotonic()
        tell_rankers(loop.compare_rankers())
        _add(seconds, {"rankers": time.monotonic() - compared_at})
    finally:
        leave_nothing(settings)
    print(f"\npicture  {picture}")
    print(f"measures {page}")
    parts = ", ".join(f"{name} {spent:.0f} s" for name, spent in seconds.items())
    print(f"done in {time.monotonic() - started:.0f} s: {parts}")


def _add(seconds: dict[str, float], more: Mapping[str, float]) -> None:
    for name, spent in more.items():
        seconds[name] = seconds.get(name, 0.0) + spent


if __name__ == "__main__":
    sys.exit(main())
