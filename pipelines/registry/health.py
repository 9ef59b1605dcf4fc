"""Lists against the live ones: fill and coverage as their own gate measured them, and churn."""

from __future__ import annotations

from dataclasses import dataclass

from pipelines.evaluation.list_changes import DEPTH, measure_list_changes
from pipelines.files import read_json
from pipelines.index import load_index
from pipelines.lists.listed import listed_path
from pipelines.quality.lists import GATE
from pipelines.registry.settings import GateSettings
from pipelines.runs import Run

SHARES = ("fill_rate", "active_fill_rate", "coverage")  # expectations of quality/lists.py


@dataclass(frozen=True, kw_only=True)
class Check:
    """One thing that the gate looked at."""

    name: str
    holds: bool
    found: str
    expected: str
    remedy: str

    @property
    def failure(self) -> str:
        return f"{self.name}: found {self.found}, expected {self.expected}; {self.remedy}"


def list_shares(run: Run, surface: str) -> dict[str, float]:
    """`SHARES` of *surface* as the gate of the lists measured them."""
    measured = read_json(run.path("quality", f"{GATE}.json"))["measurements"]
    ours = [m for m in measured if m["about"] == listed_path(run.directory, surface).name]
    return {m["expectation"]: m["found"] for m in ours if m["expectation"] in SHARES}


def check_shares(
    surface: str, ours: dict[str, float], live: dict[str, float], settings: GateSettings
) -> list[Check]:
    """Filled lists and coverage of *surface*, both as shares, against those of the live lists."""
    least_fill = live["fill_rate"] - settings.max_fill_drop
    least_coverage = live["coverage"] * (1 - settings.max_coverage_drop)
    return [
        _at_least(f"{surface} fill", ours["fill_rate"], least_fill, "max_fill_drop"),
        _at_least(f"{surface} coverage", ours["coverage"], least_coverage, "max_coverage_drop"),
    ]


def check_churn(run: Run, live: Run, surface: str, settings: GateSettings) -> list[Check]:
    """How much of the first items of a user's list the list of the *live* run has not.

    Nothing is checked when no user has a list in both.
    """
    changes = measure_list_changes(run, load_index(run), live, load_index(live), surface)
    overlap = changes[f"overlap@{DEPTH}"]
    if overlap is None:
        return []
    return [
        Check(
            name=f"{surface} churn",
            holds=1 - overlap <= settings.max_churn,
            found=f"{1 - overlap:.3f} of the first {DEPTH} items of {changes['users']} users",
            expected=f"at most {settings.max_churn:g} that the live lists have not",
            remedy="see whether users or items were renamed, or raise [gate] max_churn",
        )
    ]


def _at_least(name: str, found: float, least: float, key: str) -> Check:
    return Check(
        name=name,
        holds=found >= least - 1e-9,  # a share computed twice may differ in the last bit
        found=f"{found:.4f}",
        expected=f"at least {least:.4f}",
        remedy=f"see which generators and rules leave less than in the live lists, or raise "
        f"[gate] {key}",
    )
