"""The gate between a finished run and the live lists.

A challenger is refused when too few users were evaluated, when it is worse than the champion
beyond noise, or when its lists stray from the live ones further than the settings allow.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pipelines.registry.compare import (
    NOT_COMPARABLE,
    SurfaceComparison,
    compare_models,
    compare_with_baselines,
)
from pipelines.registry.health import Check, check_churn, check_shares, list_shares
from pipelines.registry.model import Model, ModelError, open_model
from pipelines.registry.registry import ModelRecord
from pipelines.registry.settings import GateSettings
from pipelines.runs import FINISHED, Run, list_runs, open_run
from store.keys import run_id_of

_REFUSED = "loaded, not activated: the gate refused it"


@dataclass(frozen=True)
class Verdict:
    """Whether a challenger may replace the champion, and why."""

    model: str
    checks: tuple[Check, ...]
    notes: tuple[str, ...]  # what could not be compared

    @property
    def holds(self) -> bool:
        return all(check.holds for check in self.checks)

    @property
    def reasons(self) -> tuple[str, ...]:
        """Every check that failed with what to do; where none did, what was found."""
        if self.holds:
            return (*(f"{check.name} {check.found}" for check in self.checks), *self.notes)
        failures = [check.failure for check in self.checks if not check.holds]
        command = f"python -m pipelines models promote {self.model} --reason …"
        return (*failures, *self.notes, f"`{command}` shows it all the same")

    @property
    def refusal(self) -> str:
        """That the lists of a refused model are not shown; empty when the gate holds."""
        return "" if self.holds else _REFUSED


def judge(
    run: Run, challenger: Model, champion: ModelRecord | None, live_version: str | None
) -> Verdict:
    """The gate for the model of *run*; *champion* and *live_version* are those of now."""
    settings = run.settings.read(GateSettings)
    checks = [_check_users(challenger, surface, settings) for surface in challenger.surfaces]
    if champion is None and live_version is None:
        first = "the first model: there is no champion to compare with"
        return Verdict(challenger.id, tuple(checks), (first,))
    enough = all(check.holds for check in checks)
    quality, notes = _check_quality(challenger, champion, settings) if enough else ([], [])
    health, unmeasured = _check_lists(run, challenger, live_version, settings)
    return Verdict(challenger.id, (*checks, *quality, *health), (*notes, *unmeasured))


def _check_users(challenger: Model, surface: str, settings: GateSettings) -> Check:
    users = challenger.manifest["metrics"][surface]["users"]
    return Check(
        name=f"{surface} evaluated users",
        holds=users >= settings.min_evaluated_users,
        found=str(users),
        expected=f"at least {settings.min_evaluated_users}",
        remedy="bring more events, or lower [gate] min_evaluated_users",
    )


def _check_quality(
    challenger: Model, champion: ModelRecord | None, settings: GateSettings
) -> tuple[list[Check], list[str]]:
    """Against the champion; where that cannot be, against the challenger's own baselines."""
    checks: list[Check] = []
    notes: list[str] = []
    for comparison in _compare(challenger, champion):
        against = "the champion"
        if comparison.finding == NOT_COMPARABLE:
            notes.append(f"{comparison.surface} not compared with the champion: {comparison.how}")
            comparison = compare_with_baselines(challenger, comparison.surface)
            against = comparison.how.removeprefix("against ")
        if comparison.finding == NOT_COMPARABLE:
            notes.append(f"{comparison.surface} not compared with baselines: {comparison.how}")
            continue
        checks.append(_not_worse(comparison, against, settings))
    return checks, notes


def _compare(challenger: Model, champion: ModelRecord | None) -> Sequence[SurfaceComparison]:
    if champion is None:
        why = "the live version is of no model that is registered"
    else:
        try:
            return compare_models(challenger, open_model(challenger.settings, champion)).surfaces
        except ModelError as error:
            why = str(error)
    return [
        SurfaceComparison(surface=surface, finding=NOT_COMPARABLE, how=why)
        for surface in challenger.surfaces
    ]


def _not_worse(comparison: SurfaceComparison, against: str, settings: GateSettings) -> Check:
    low, high = comparison.interval
    least = 0 - settings.tolerance
    return Check(
        name=f"{comparison.surface} NDCG@20",
        holds=high >= least,
        found=f"{comparison.ours:.4f} and {comparison.theirs:.4f} for {against}: difference "
        f"{comparison.difference:+.4f} ({low:+.4f} … {high:+.4f}) over {comparison.users} users, "
        f"{comparison.finding}",
        expected=f"an interval not wholly below {least:g}",
        remedy="find out what changed (data, SQL, settings), or raise [gate] tolerance",
    )


def _check_lists(
    run: Run, challenger: Model, live_version: str | None, settings: GateSettings
) -> tuple[list[Check], list[str]]:
    if live_version is None:
        return [], ["nothing is live: lists not compared with live ones"]
    live = _find_run(run, live_version)
    if live is None:
        return [], [f"lists not compared with {live_version}: its run is no longer on disk"]
    checks: list[Check] = []
    for surface in challenger.surfaces:
        if surface in live.manifest["settings"]["surfaces"]:
            ours = challenger.manifest["lists"][surface]
            checks += check_shares(surface, ours, list_shares(live, surface), settings)
            checks += check_churn(run, live, surface, settings)
    return checks, []


def _find_run(run: Run, version: str) -> Run | None:
    """The finished run that made *version*, if it is on disk."""
    name = run_id_of(version)
    if name not in list_runs(run.settings):
        return None
    found = open_run(run.settings, name)
    if not found.is_done(FINISHED) or found.manifest["outputs"]["version"] != version:
        return None
    return found
