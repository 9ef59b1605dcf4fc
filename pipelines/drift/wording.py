"""What is said of a column that drifted: in the report, in messages and on the catalogue."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from pipelines.drift.compare import ColumnDrift


def describe(drift: ColumnDrift) -> str:
    """What is over a limit, with value, limit and the run before; empty when nothing is."""
    return "; ".join(_sentences(drift))


def describe_type(drift: ColumnDrift) -> str:
    """What the type of a column was and is, where it changed; else empty."""
    return f"{drift.kind}, was {drift.kind_before}" if drift.state == "retyped" else ""


def explain_stop(run_id: str, drifts: Sequence[ColumnDrift], paths: Mapping[str, Path]) -> str:
    """The message with which the run stops: a line a column with the path of its file to edit."""
    lines = [
        f"run {run_id} stops: {len(drifts)} columns drifted further than the header of their file "
        "allows; nothing that a reader sees has changed"
    ]
    for drift in drifts:
        lines.append(f"- {drift.table}.{drift.column}: {describe(drift)}")
        lines.append(f"    limit and `action: stop` of {paths[drift.table]}")
    lines.append(
        "find out what the source changed; if the values are right, raise max_psi or "
        "max_null_share_change under drift in the header, or say action: warn"
    )
    return "\n".join(lines)


def _sentences(drift: ColumnDrift) -> Iterator[str]:
    before = f"the mean of {drift.n_runs} runs up to {drift.last_run}"
    if drift.n_runs == 1:
        before = f"run {drift.last_run}"
    if drift.is_psi_over:
        named = f", with {', '.join(map(repr, drift.appeared))} new" if drift.appeared else ""
        yield f"PSI {drift.psi:.3f} against {before}, limit {drift.psi_limit:.3g}{named}"
    if drift.is_null_share_over and drift.null_share_before is not None:
        yield (
            f"null share {drift.null_share:.1%}, {drift.null_share_before:.1%} in {before}, "
            f"limit ±{drift.null_share_limit:.1%}"
        )
