"""The benchmark of the folder, on few events and in this process."""

import argparse

from benchmarks.feature_build import (
    CHANGED,
    PHASES,
    build,
    build_plainly,
    make_project,
    summarise,
)
from settings import load_settings


def test_all_phases_make_the_same_tables(tmp_path):
    """Plain DuckDB gives as many rows; an edit builds a part of them, and no edit nothing."""
    make_project(tmp_path, argparse.Namespace(users=60, items=30, events=2_000))
    settings = load_settings(tmp_path / "nightshelf.toml", {})
    cold, plain, unchanged = build(settings), build_plainly(settings), build(settings)
    file = tmp_path / "feature_sql" / CHANGED
    file.write_text(file.read_text(encoding="utf-8") + "-- edited\n", encoding="utf-8")
    changed = build(settings)
    assert (cold["tables"], cold["rows"]) == (plain["tables"], plain["rows"])
    assert (cold["reused"], unchanged["tables"], unchanged["reused"]) == (0, 0, cold["tables"])
    assert changed["tables"] + changed["reused"] == cold["tables"]
    assert 0 < changed["tables"] < cold["tables"]


def test_medians_and_the_highest_peak_are_told():
    """Seconds are the middle of the rounds, memory is the worst of them."""
    rounds = [
        {
            phase: {
                "seconds": float(n),
                "cpu_seconds": 5.0 * n,
                "rows": 30,
                "tables": 2,
                "peak_mib": 100 + n,
            }
            for phase in PHASES
        }
        for n in (3, 1, 2)
    ]
    expected = {
        "tables": 2,
        "rows": 30,
        "seconds": 2.0,
        "cpu_seconds": 10.0,
        "rows_per_s": 15,
        "peak_mib": 103,
    }
    assert summarise(rounds) == dict.fromkeys(PHASES, expected)
