"""Figures of every evaluated user by model, so that two runs can be compared user by user."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.evaluation.metrics import DoubleArray
from pipelines.files import replacing
from pipelines.runs import Run

COMPARED = ("ndcg@20", "recall@20")
SCHEMA = pa.schema(
    [("user_id", pa.string()), ("model", pa.string()), *((name, pa.float64()) for name in COMPARED)]
)


def user_figures_path(run: Run, surface: str) -> Path:
    return run.path("evaluation", f"users-{surface}.parquet")


def write_user_figures(
    run: Run, surface: str, user_ids: np.ndarray, models: Mapping[str, Mapping[str, DoubleArray]]
) -> None:
    """Writes `evaluation/users-<surface>.parquet`, a row a user and model.

    *models*: by model and metric, one value for each of *user_ids*.
    """
    tables = [
        pa.table(
            {
                "user_id": pa.array(user_ids, pa.string()),
                "model": pa.array([model] * len(user_ids), pa.string()),
                **{metric: figures[metric] for metric in COMPARED},
            },
            schema=SCHEMA,
        )
        for model, figures in models.items()
    ]
    with replacing(user_figures_path(run, surface)) as beside:
        pq.write_table(pa.concat_tables([SCHEMA.empty_table(), *tables]), beside)


def read_user_figures(path: Path, model: str) -> pa.Table:
    """The rows of *model*, by user id."""
    return pq.read_table(path, filters=[("model", "=", model)]).sort_by("user_id")
