"""A study as a page of its own, and the newest studies as a section of the night's report."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment

from pipelines.evaluation.wording import decimals
from pipelines.files import read_json, replacing
from pipelines.page_templates import open_templates
from pipelines.tuning.charts import history_chart, importance_chart, importance_of
from pipelines.tuning.directory import study_path, tuning_directory
from settings import ProjectSettings, Settings

_SHOWN_TRIALS = 10  # the best ones


def write_page(settings: Settings, record: Mapping[str, Any]) -> Path:
    """Writes `<study>.html` beside the *record*: no scripts, nothing loaded from elsewhere."""
    path = study_path(settings, record["study"], ".html")
    page = _templates().get_template("study.html")
    namespace = settings.read(ProjectSettings).namespace
    with replacing(path) as beside:
        text = page.render(namespace=namespace, study=_contents(record))
        beside.write_text(text, encoding="utf-8")
    return path


def tuning_section(settings: Settings) -> str | None:
    """The newest study of each generator, ranker and surface as HTML for the report.

    None when nothing was tuned in this namespace.
    """
    newest: dict[tuple[str, str], dict[str, Any]] = {}
    records = [read_json(path) for path in sorted(tuning_directory(settings).glob("*.json"))]
    for record in sorted(records, key=lambda record: (record["made_at"], record["study"])):
        newest[record["surface"], record["what"]] = record
    if not newest:
        return None
    studies = [_contents(newest[key]) for key in sorted(newest)]
    section = _templates().get_template("section.html")
    return section.render(studies=studies, tuned_file=settings.tuned_path.name)


def _templates() -> Environment:
    here = Path(__file__).parent
    return open_templates(here, here.parent / "evaluation")  # the report's style


def _contents(record: Mapping[str, Any]) -> dict[str, Any]:
    """What the templates show of the *record* of a study."""
    trials = record["trials"]
    ndcg = [trial["ndcg@20"] for trial in trials]
    values = [trial["values"] for trial in trials]
    name = f"{record['what']} on {record['surface']}"
    ranked = sorted(range(len(trials)), key=lambda number: (-(ndcg[number] or 0), number))
    begin, end = (moment.removesuffix("T00:00:00") for moment in record["window"])
    return {
        "name": name,
        "begin": begin,
        "end": end,
        "fields": list(record["space"]),
        "rows": [_row(number, trials[number]) for number in ranked[:_SHOWN_TRIALS]],
        "n_trials": count_trials(len(trials)),
        "conclusion": conclude(record),
        "written": record["written"],
        "history": history_chart(name, ndcg),
        "importance": importance_chart(name, importance_of(values, ndcg)),
    }


def conclude(record: Mapping[str, Any]) -> str:
    """What came of a study, in a sentence or two."""
    verdict = record["verdict"]
    if len(record["trials"]) == 1:
        return "Kept the defaults: there was no more than their own trial; give it more time."
    if verdict is None:
        return f"Kept the defaults: none of {count_trials(len(record['trials']))} was better."
    figures = f"on {verdict['users']} other users: {verdict['sentence']}"
    if not record["after"]:
        return f"Kept the defaults: the best trial does not beat them beyond noise, {figures}."
    before = record["trials"][0]["values"]
    changes = (f"{name} {before[name]} → {value}" for name, value in record["after"].items())
    return f"{', '.join(changes)}; {figures}."


def count_trials(number: int) -> str:
    """*number* of trials in words."""
    return "1 trial" if number == 1 else f"{number} trials"


def _row(number: int, trial: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "number": number,
        "cells": list(trial["values"].values()),
        "ndcg": decimals(trial["ndcg@20"]),
        "recall": decimals(trial["recall"]),
        "seconds": decimals(trial["seconds"], 1),
    }
