"""`measure`: what was shown, what came of it, and whether that is enough."""

from __future__ import annotations

import argparse
from datetime import date
from typing import Any

from pipelines.measure.day import MeasureError
from pipelines.measure.everything import Measured, measure_everything
from pipelines.orders import parse_day
from settings import Settings

DESCRIPTION = """\
Measures days on which lists were shown, from what the collector has brought: figures by group as
Parquet and as gauges for Prometheus, and a page with pictures, all in var/<namespace>/measures/.
Without --day or --from, those whose events are new or others since they were measured last; days
that are named are measured anew. Days are of UTC.
"""
NOTHING = "nothing new"
NOTHING_SHOWN = (
    "nothing, since no impression was collected yet; let pages send them, and then run "
    "`python -m pipelines collect`"
)


def add_commands(commands: Any) -> None:
    """Adds `measure`."""
    parser = commands.add_parser(
        "measure", help="whether what was shown worked", description=DESCRIPTION
    )
    parser.set_defaults(command=_measure)
    parser.add_argument("--day", type=_day, help="one day, like 2026-03-31")
    parser.add_argument(
        "--from", type=_day, dest="first", help="the first of several (else only new ones)"
    )
    parser.add_argument("--to", type=_day, dest="last", help="the last of them (else the newest)")


def _measure(settings: Settings, options: argparse.Namespace) -> None:
    if options.day is not None and (options.first or options.last):
        raise MeasureError("--day goes with neither --from nor --to; expected one day, or a span")
    first, last = options.day or options.first, options.day or options.last
    _print(measure_everything(settings, first, last))


def _print(measured: Measured) -> None:
    days = ", ".join(map(str, measured.days)) or (NOTHING if measured.report else NOTHING_SHOWN)
    print(f"measured: {days}")
    for verdict in measured.verdicts:
        print(
            f"  {verdict.name} {verdict.value} ({verdict.interval}), target {verdict.target}: "
            f"{verdict.verdict}"
        )
    if measured.report is not None:
        print(f"  {measured.report}")


def _day(text: str) -> date:
    try:
        return parse_day(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
