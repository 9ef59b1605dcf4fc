"""What a run was opened on, read back from its manifest."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from pipelines.lake import Lake, lake_directory
from pipelines.moments import Cutoffs, NightSettings
from pipelines.runs import Run


def run_lake(run: Run) -> Lake:
    """The lake as the run saw it when it was opened."""
    return Lake(lake_directory(run.settings), run.manifest["lake"])


def run_cutoffs(run: Run) -> Cutoffs:
    stored = run.manifest["cutoffs"]
    return Cutoffs(
        training=tuple(datetime.fromisoformat(text) for text in stored["training"]),
        evaluation=datetime.fromisoformat(stored["evaluation"]),
        night=datetime.fromisoformat(stored["night"]),
        horizon=timedelta(seconds=stored["horizon_s"]),
    )


def received_before(run: Run, cutoff: datetime) -> datetime:
    """The moment before which an event must have been received to be seen as of *cutoff*."""
    read_at = datetime.fromisoformat(run.manifest["snapshot_at"])
    is_past = run.settings.read(NightSettings).as_known_then and cutoff < run.as_of
    return min(cutoff, read_at) if is_past else read_at


def dump_cutoffs(cutoffs: Cutoffs) -> dict[str, Any]:
    """*cutoffs* as they stand in the manifest."""
    return {
        "training": [moment.isoformat() for moment in cutoffs.training],
        "evaluation": cutoffs.evaluation.isoformat(),
        "night": cutoffs.night.isoformat(),
        "horizon_s": int(cutoffs.horizon.total_seconds()),
    }
