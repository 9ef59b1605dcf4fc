"""`metrics.prom`: drift and freshness in Prometheus' text format, for node_exporter to pick up."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime

from pipelines.drift.compare import ColumnDrift
from pipelines.drift.distributions import Tables
from pipelines.features.sql_file import SqlFile
from pipelines.files import replacing
from pipelines.runs import Run, list_runs, open_run
from settings import ProjectSettings
from settings.project import var_directory

FILE = "metrics.prom"
Sample = tuple[Mapping[str, str], float | None]  # labels and value; None is left out

_HELP = {
    "nightshelf_night_as_of_seconds": "The moment of the night that these figures are of.",
    "nightshelf_feature_rows": "Rows of a feature table.",
    "nightshelf_feature_age_seconds": "Age of the newest event that a table may use, at as_of.",
    "nightshelf_feature_max_age_seconds": "The age that the header of a table allows.",
    "nightshelf_feature_null_share": "Share of the rows without a value.",
    "nightshelf_feature_null_share_change": "Null share less the mean of the last runs.",
    "nightshelf_feature_psi": "Population stability index against the mean of the last runs.",
    "nightshelf_feature_over_limit": "1 when the column drifted over its limit, else 0.",
}


def write_metrics(
    run: Run, tables: Tables, drifts: Sequence[ColumnDrift], files: Mapping[str, SqlFile]
) -> None:
    """Writes the figures of *run* into its directory and to `var/<namespace>/metrics/`.

    The second has one name for all nights: it is the folder to give to node_exporter. A night of
    the past that is made again leaves there what a newer one wrote.
    """
    text = render_metrics(run, tables, drifts, files)
    shared = var_directory(run.settings) / "metrics" / FILE
    for target in (run.path(FILE), shared) if _is_newest(run) else (run.path(FILE),):
        with replacing(target) as beside:
            beside.write_text(text, encoding="utf-8")


def _is_newest(run: Run) -> bool:
    others = (open_run(run.settings, name) for name in list_runs(run.settings))
    return not any(other.as_of > run.as_of and other.path(FILE).exists() for other in others)


def render_metrics(
    run: Run, tables: Tables, drifts: Sequence[ColumnDrift], files: Mapping[str, SqlFile]
) -> str:
    """The figures of *run* as text."""
    namespace = run.settings.read(ProjectSettings).namespace
    as_of = run.as_of.replace(tzinfo=UTC).timestamp()
    samples: dict[str, Iterable[Sample]] = {
        "nightshelf_night_as_of_seconds": [({}, as_of)],
        **_of_tables(run.as_of, tables, files),
        **_of_columns(drifts),
    }
    lines = [line for name, found in samples.items() for line in _lines(name, found, namespace)]
    return "\n".join(lines) + "\n"


def _of_tables(
    as_of: datetime, tables: Tables, files: Mapping[str, SqlFile]
) -> dict[str, list[Sample]]:
    ages = {
        name: (as_of - table.newest).total_seconds() if table.newest else None
        for name, table in tables.items()
    }
    limits = {name: files[name].header.max_age for name in tables}
    allowed = {name: age.total_seconds() if age else None for name, age in limits.items()}
    return {
        "nightshelf_feature_rows": [({"table": n}, t.rows) for n, t in tables.items()],
        "nightshelf_feature_age_seconds": [({"table": n}, age) for n, age in ages.items()],
        "nightshelf_feature_max_age_seconds": [({"table": n}, age) for n, age in allowed.items()],
    }


def _of_columns(drifts: Sequence[ColumnDrift]) -> dict[str, list[Sample]]:
    labelled = [({"table": d.table, "column": d.column}, d) for d in drifts]
    return {
        "nightshelf_feature_null_share": [(at, d.null_share) for at, d in labelled],
        "nightshelf_feature_null_share_change": [(at, d.null_share_change) for at, d in labelled],
        "nightshelf_feature_psi": [(at, d.psi) for at, d in labelled],
        "nightshelf_feature_over_limit": [(at, float(d.is_over)) for at, d in labelled],
    }


def _lines(name: str, samples: Iterable[Sample], namespace: str) -> Iterator[str]:
    yield f"# HELP {name} {_HELP[name]}"
    yield f"# TYPE {name} gauge"
    for labels, value in samples:
        if value is not None:
            # Names of tables and columns have nothing in them that would have to be escaped.
            named = ",".join(f'{k}="{v}"' for k, v in {"namespace": namespace, **labels}.items())
            yield f"{name}{{{named}}} {value:.10g}"
