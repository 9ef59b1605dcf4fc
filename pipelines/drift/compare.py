"""How far every column moved away from the mean of the last runs, and from the last one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean
from typing import Literal

from pipelines.drift.distribution import Distribution, TableDistribution
from pipelines.drift.last_runs import EarlierRun
from pipelines.drift.psi import chance_difference, chance_level, stability_index
from pipelines.drift.settings import DriftSettings
from pipelines.features.header import Drift
from pipelines.features.sql_file import SqlFile

State = Literal["compared", "first run", "new", "retyped", "redefined"]
_SHOWN = 0.01  # share of the rows from which on a category that is new is named


@dataclass(frozen=True, kw_only=True)
class ColumnDrift:
    """One column tonight beside the last runs; what could not be compared is None."""

    table: str
    column: str
    state: State
    action: Literal["warn", "stop"] = "warn"
    last_run: str = ""  # the newest run that it was compared with
    n_runs: int = 0  # how many there were
    psi: float | None = None
    psi_since_last: float | None = None
    chance_psi: float = 0.0  # what chance alone reaches, so that less is never over the limit
    max_psi: float = 0.0
    null_share: float = 0.0
    null_share_before: float | None = None
    null_share_last: float | None = None
    max_null_share_change: float = 0.0
    chance_null_share_change: float = 0.0  # as of the PSI
    kind: str = ""
    kind_before: str = ""  # in the last run, where it was another: nothing can be compared
    appeared: tuple[str, ...] = ()  # texts that no bin had before

    @property
    def null_share_change(self) -> float | None:
        before = self.null_share_before
        return None if before is None else self.null_share - before

    @property
    def psi_limit(self) -> float:
        return max(self.max_psi, self.chance_psi)

    @property
    def null_share_limit(self) -> float:
        return max(self.max_null_share_change, self.chance_null_share_change)

    @property
    def is_psi_over(self) -> bool:
        return self.psi is not None and self.psi > self.psi_limit

    @property
    def is_null_share_over(self) -> bool:
        change = self.null_share_change
        return change is not None and abs(change) > self.null_share_limit

    @property
    def is_over(self) -> bool:
        return self.is_psi_over or self.is_null_share_over


def compare_tables(
    tonight: Mapping[str, TableDistribution],
    earlier: Sequence[EarlierRun],
    files: Mapping[str, SqlFile],
    settings: DriftSettings,
) -> list[ColumnDrift]:
    """Every column of *tonight* beside the *earlier* runs, newest first, in the order of tables."""
    return [
        drift
        for name, table in tonight.items()
        for drift in _compare_table(name, table, earlier, files[name].header.drift, settings)
    ]


def _compare_table(
    name: str,
    table: TableDistribution,
    earlier: Sequence[EarlierRun],
    limits: Drift | None,
    settings: DriftSettings,
) -> Iterator[ColumnDrift]:
    with_table = [(run.run_id, run.tables[name]) for run in earlier if name in run.tables]
    same = [(run, t) for run, t in with_table if t.definition == table.definition]
    is_redefined = bool(with_table) and with_table[0][1].definition != table.definition
    own = limits or Drift()
    for column, now in table.columns.items():
        drift = ColumnDrift(
            table=name,
            column=column,
            state=_without_past(earlier, is_redefined=is_redefined),
            action=own.action,
            null_share=now.null_share,
            kind=now.kind,
            max_psi=_limit(own.max_psi, settings.max_psi),
            max_null_share_change=_limit(own.max_null_share_change, settings.max_null_share_change),
        )
        past = [(run, t.columns[column]) for run, t in same if column in t.columns]
        alike = [(run, before) for run, before in past if before.kind == now.kind]
        if is_redefined or not past:
            yield drift
        elif not alike:
            run, before = past[0]
            yield replace(drift, state="retyped", last_run=run, kind_before=before.kind)
        else:
            rows = {run: t.sampled_rows for run, t in same}
            yield _compared(drift, now, alike, (table.sampled_rows, rows[alike[0][0]]))


def _limit(of_header: float | None, of_settings: float) -> float:
    return of_settings if of_header is None else of_header


def _without_past(earlier: Sequence[EarlierRun], *, is_redefined: bool) -> State:
    if not earlier:
        return "first run"
    return "redefined" if is_redefined else "new"


def _compared(
    drift: ColumnDrift,
    now: Distribution,
    past: Sequence[tuple[str, Distribution]],
    rows: tuple[int, int],
) -> ColumnDrift:
    """*drift* beside the *past*, newest first; *rows* of tonight and of the newest of those."""
    last_run, last = past[0]
    nulls = fmean(d.null_share for _, d in past)
    alike = [d for _, d in past if d.values and d.divisions == now.divisions]
    has_psi = bool(now.values and alike and now.shares)
    mean = [fmean(shares) for shares in zip(*(d.shares for d in alike), strict=True)]
    return replace(
        drift,
        state="compared",
        last_run=last_run,
        n_runs=len(past),
        psi=stability_index(now.shares, mean) if has_psi else None,
        psi_since_last=stability_index(now.shares, alike[0].shares) if has_psi else None,
        chance_psi=column_chance(alike[0], now, mean) if has_psi else 0.0,
        null_share_before=nulls,
        chance_null_share_change=chance_difference(now.null_share, rows[0], nulls, rows[1]),
        null_share_last=last.null_share,
        appeared=_appeared(now, last),
    )


def column_chance(
    before: Distribution, now: Distribution, shares: Sequence[float] | None = None
) -> float:
    """The index that chance alone reaches between *before* (its shares, or *shares*) and *now*."""
    pairs = zip(now.shares, before.shares if shares is None else shares, strict=False)
    in_use = sum(max(pair) > 0 for pair in pairs)
    return chance_level(in_use, now.values, before.values)


def limit_of(own: Drift | None, settings: DriftSettings) -> float:
    """The largest index that a file with *own* limits may have."""
    return _limit(own.max_psi if own else None, settings.max_psi)


def _appeared(now: Distribution, last: Distribution) -> tuple[str, ...]:
    known = {*(value for value, _ in last.top), *now.divisions}
    return tuple(value for value, share in now.top if value not in known and share >= _SHOWN)
