"""The night in the parts that a scheduler runs, each in a process of its own.

Only the name of the run travels from part to part; everything else is in its directory.
Part by part this is what `python -m pipelines night` does in one process.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from pipelines import night
from pipelines.moments import NightSettings, to_naive_utc
from pipelines.orders import NightOrder, check_surfaces, read_order
from pipelines.runs import Run, open_run
from settings import load_settings
from settings.errors import NightshelfError

# A part costs about two seconds of its own, so stages of a few seconds share one.
PARTS: Mapping[str, tuple[str, ...]] = {
    "features": ("index", "check_events", "features", "check_features", "drift"),
    "training": ("generators", "rankers"),
    "evaluation": ("evaluation",),
    "lists": ("lists", "check_lists", "compare", "report", "catalogue"),
}


log = logging.getLogger("nightshelf")


class NotShownError(NightshelfError):
    """The lists are in the store, and readers keep those that they had."""


def begin(form: Mapping[str, Any], conf: Mapping[str, Any], scheduled: datetime) -> str:
    """Bring the data in and open the run; its name.

    The moment is the form's as_of, else `[night] as_of`, else *scheduled* (with a time zone).
    Raises `OrderError` when the form asks for what cannot be.
    """
    settings = load_settings()
    order = read_order(NightOrder, form, conf)
    check_surfaces(order, settings)
    as_of = order.as_of or settings.read(NightSettings).as_of
    moment = as_of or to_naive_utc(scheduled)
    run = night.begin_night(settings, as_of=moment, force=order.force, surfaces=order.surfaces)
    return run.name


def do_part(name: str, part: str) -> str:
    """Do the stages of *part* (a key of `PARTS`), finished ones excepted; the run's name."""
    run = _open(name)
    for stage in PARTS[part]:
        night.do_stage(run, stage)
    return name


def list_shards(name: str) -> list[int]:
    """The shards of users that `score_shard` can work on side by side."""
    return night.shards(_open(name))


def score_shard(name: str, shard: int) -> None:
    """Score the candidates of one shard of users."""
    night.score_shard(_open(name), shard)


def finish(name: str) -> str:
    """Make and check the lists, write the report and close the run; the finished run's name."""
    return night.finish_night(_open(do_part(name, "lists"))).name


def publish(name: str) -> dict[str, Any]:
    """Show the lists of a finished run to readers; what came of it.

    Raises `NotShownError` when they were loaded only: a hold is set, the live ones are newer, or
    the gate refused them.
    """
    publication = night.publish_run(_open(name))
    if not publication.activated:
        for line in publication.details:
            log.warning("%s", line)
        raise NotShownError(
            f"{publication.version}: {publication.reason}. Readers keep the lists they have; "
            "clear this task once the cause is gone (a hold: run the DAG `release`), "
            f"or run `python -m pipelines versions activate {publication.version}`"
        )
    return asdict(publication)


def _open(name: str) -> Run:
    return open_run(load_settings(), name)
