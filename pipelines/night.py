"""The night in order: the same functions that the DAGs and the command line call."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from pipelines.authoring.lake_leaks import refuse_leaks
from pipelines.begin import DECISIVE, begin_run, changed_inputs
from pipelines.candidates.fit import fit_generators, generator_hashes
from pipelines.catalogue.page import write_catalogue
from pipelines.drift.settings import DriftSettings
from pipelines.drift.stage import check_drift
from pipelines.evaluation.compare import compare_with_live
from pipelines.evaluation.evaluate import evaluate
from pipelines.evaluation.report import write_report
from pipelines.features.build import build_features, features_directory
from pipelines.features.folder import load_folder
from pipelines.features.rebuilt import REBUILT
from pipelines.files import hash_file, read_json, write_json
from pipelines.index import build_index
from pipelines.lists.build import build_lists
from pipelines.moments import MomentError, NightSettings
from pipelines.publish import Publication, PublishSettings
from pipelines.publish.features import OnlineFeatureSettings, online_tables
from pipelines.quality.events import check_events
from pipelines.quality.features import check_features
from pipelines.quality.lists import check_lists
from pipelines.ranking.score import score_users, shard_users
from pipelines.ranking.train import train_rankers
from pipelines.registry.changes import RegistrySettings
from pipelines.registry.mlflow_mirror import MlflowSettings
from pipelines.registry.publish_model import publish_model
from pipelines.registry.register import register_run
from pipelines.registry.settings import GateSettings
from pipelines.retention import RetentionSettings, remove_old_runs
from pipelines.runs import FINISHED, Run, RunError, do_once, open_run, replace_run
from pipelines.sources.ingest import ingest
from pipelines.surfaces import SurfacesSettings
from settings import ProjectSettings, Settings
from store.connection import StoreSettings, connect_publisher
from store.versions import list_versions

log = logging.getLogger("nightshelf")

Stage = Callable[[Run], Mapping[str, Any]]

_BEFORE_SCORING: dict[str, Stage] = {
    "index": build_index,
    "check_events": check_events,
    "features": lambda run: {**build_features(run), **refuse_leaks(run)},
    "check_features": check_features,
    "drift": check_drift,
    "generators": fit_generators,
    "rankers": train_rankers,
    "evaluation": evaluate,
}
_AFTER_SCORING: dict[str, Stage] = {
    "lists": build_lists,
    "check_lists": check_lists,
    "compare": compare_with_live,
    "report": write_report,
    "catalogue": write_catalogue,
}
STAGES = tuple(_BEFORE_SCORING)  # what comes before scoring, in order
LIST_STAGES = tuple(_AFTER_SCORING)  # what comes after it

# Used at the end of the night; what is wrong with them is said at its beginning.
LATE_SECTIONS = (
    DriftSettings,
    PublishSettings,
    RetentionSettings,
    StoreSettings,
    GateSettings,
    RegistrySettings,
    MlflowSettings,
)


def begin_night(
    settings: Settings,
    *,
    as_of: datetime | None = None,
    force: bool = False,
    surfaces: Sequence[str] = (),
) -> Run:
    """Brings in what the source has and opens the run of *as_of*.

    *as_of* empty: `[night] as_of`. *force*: a finished run is built again beside itself.
    *surfaces*: only these; such a run has an id of its own and is for looking, not publishing.
    """
    for section in (*DECISIVE, *LATE_SECTIONS):
        settings.read(section)
    moment = as_of or settings.read(NightSettings).as_of
    if moment is None:
        raise MomentError(
            f"{settings.path}: [night] as_of is not set and no moment was given; "
            "say --as-of 2018-01-01, or fill the as_of field of the DAG's form"
        )
    if surfaces:
        settings = _only_surfaces(settings, surfaces)
    if settings.read(OnlineFeatureSettings).tables:
        online_tables(settings)  # a wrong name is told now, not at the end of the night
    lake = ingest(settings)
    run = begin_run(settings, lake, moment, rebuild=force, is_partial=bool(surfaces))
    run.mark_for_tuning(wanted=False)
    return run


def do_stage(run: Run, stage: str) -> None:
    """Does one stage of *run* unless it is done.

    Raises `RunError` for an unknown name, or when a stage before it is not done.
    """
    stages = _BEFORE_SCORING | _AFTER_SCORING
    if stage not in stages:
        raise RunError(f"no stage {stage!r}; stages: {', '.join(stages)}")
    before = list(stages)[: list(stages).index(stage)]
    _require(run, stage, before, with_scores=stage in _AFTER_SCORING)
    do_once(run, stage, stages[stage])


def shards(run: Run) -> list[int]:
    """Numbers of the parts in which users are scored, side by side if wanted."""
    return list(range(len(shard_users(run))))


def score_shard(run: Run, shard: int) -> None:
    """Ranks the candidates of one shard's users on every surface.

    Raises `RunError` when a stage before scoring is not done, or for an unknown shard.
    """
    _require(run, "score", STAGES)
    if shard not in shards(run):
        raise RunError(f"{run.name} has no shard {shard}; it has 0 to {len(shards(run)) - 1}")
    do_once(run, score_stage(shard), lambda run: score_users(run, shard))


def finish_night(run: Run) -> Run:
    """Completes the manifest and `timings.json`, and registers the run's model.

    A rebuilt run takes the place of the old one.

    Raises `RunError` when a stage or a gate is not done, and when a rebuild did not reproduce
    the lists: the old run then stays.
    """
    if not run.is_done(FINISHED):
        _require(run, FINISHED, [*STAGES, *LIST_STAGES], with_scores=True)
        _compare_with_original(run)
        outputs = _outputs(run)
        # What was rebuilt depends on what earlier nights left, so no hash covers it.
        manifest = {**run.manifest, "features": read_json(run.path(REBUILT)), "outputs": outputs}
        write_json(run.path("manifest.json"), manifest)
        write_json(run.path("timings.json"), _timings(run))
        do_once(run, FINISHED, lambda _: {"lists_hash": outputs["lists_hash"]})
    finished = replace_run(run) if run.is_rebuild else run
    if not finished.manifest["is_partial"]:
        register_run(finished)
    return finished


def publish_run(
    run: Run, *, activate: bool = True, allow_older: bool = False, by: str = "night"
) -> Publication:
    """Loads the run's lists into the store and, if the gate holds, shows them to readers.

    Safe to repeat. *by* stands in the history of the models.

    Raises `RunError` for a run that is not finished, since its gates may not have passed, and
    for a run of some surfaces only: readers would lose the others.
    """
    settings = run.settings
    if not run.is_done(FINISHED):
        check_inputs(run)
        raise RunError(f"{run.name} is not finished; end it with `{night_command(run)}`")
    if run.manifest["is_partial"]:
        names = [name for name, _ in settings.read(SurfacesSettings).items()]
        raise RunError(f"{run.name} has only the surfaces {names}; it is for looking at")
    client = connect_publisher(settings.read(StoreSettings))
    namespace = settings.read(ProjectSettings).namespace
    publication = publish_model(run, client, activate=activate, allow_older=allow_older, by=by)
    remove_old_runs(settings, [record.version for record in list_versions(client, namespace)])
    return publication


def score_stage(shard: int) -> str:
    """The record of a scored *shard* among the stages."""
    return f"score-{shard:04d}"


def check_inputs(run: Run) -> None:
    """Raises `RunError` when settings, SQL or code are not those that *run* was opened with."""
    changed = changed_inputs(run)
    if changed:
        raise RunError(
            f"{run.name} was opened with other {', '.join(changed)}; set back what was changed, "
            f"or begin a new run with `{night_command(run)}`"
        )


def night_command(run: Run) -> str:
    """What to type for everything that *run* lacks; publishing is left to the person."""
    surfaces = [f" --surface {name}" for name, _ in run.settings.read(SurfacesSettings).items()]
    only = "".join(surfaces) if run.manifest["is_partial"] else ""
    return f"python -m pipelines night --as-of {run.as_of.isoformat()} --dry-run{only}"


def do_night(run: Run) -> Run:
    """Every stage up to the finished run; publishing is a step of its own."""
    do_stages(run)
    return finish_night(run)


def do_stages(run: Run) -> None:
    """Every stage of *run* in order, but for finishing it."""
    for stage in STAGES:
        do_stage(run, stage)
    for shard in shards(run):
        score_shard(run, shard)
    for stage in LIST_STAGES:
        do_stage(run, stage)


def lists_hash(run: Run) -> str:
    """SHA-256 of everything that publishing ships: the same for the same night."""
    return str(read_json(run.path("lists", "manifest.json"))["lists_hash"])


def _require(run: Run, stage: str, before: Sequence[str], *, with_scores: bool = False) -> None:
    if run.is_done(stage):
        return
    missing = [name for name in before if not run.is_done(name)]
    if not missing and with_scores:
        missing = [name for name in map(score_stage, shards(run)) if not run.is_done(name)]
    if missing:
        raise RunError(
            f"{run.name}: {stage} comes after {', '.join(missing)}; do that first, or everything "
            f"that is left with `{night_command(run)}`"
        )
    check_inputs(run)


def _only_surfaces(settings: Settings, surfaces: Sequence[str]) -> Settings:
    known = [name for name, _ in settings.read(SurfacesSettings).items()]
    unknown = sorted(set(surfaces) - set(known))
    if unknown:
        raise RunError(f"unknown surfaces {unknown}; [surfaces] has {', '.join(known)}")
    return settings.only("surfaces", surfaces)


def _outputs(run: Run) -> dict[str, Any]:
    files = load_folder(features_directory(run.settings))
    return {
        "version": read_json(run.path("lists", "manifest.json"))["version"],
        "lists_hash": lists_hash(run),
        "evaluation": hash_file(run.path("evaluation.json")),
        "models": generator_hashes(run) | _ranker_hashes(run),
        "sql": {name: file.sha256 for name, file in files.items()},
        "counts": {record["stage"]: record["counts"] for record in run.stage_records()},
    }


def _ranker_hashes(run: Run) -> dict[str, str]:
    return {path.name: hash_file(path) for path in sorted(run.path("models").glob("ranker-*.txt"))}


def _timings(run: Run) -> dict[str, Any]:
    records = run.stage_records()
    return {
        "seconds": {record["stage"]: record["seconds"] for record in records},
        "peak_mb": {record["stage"]: record["peak_mb"] for record in records},
        "total_seconds": round(sum(record["seconds"] for record in records), 3),
        # Within those of scoring: what the explanations took.
        "explain_seconds": round(sum(r["counts"].get("explain_seconds", 0) for r in records), 3),
    }


def _compare_with_original(run: Run) -> None:
    """A rebuild must give what the run gave before: lists, models, evaluation."""
    if not run.is_rebuild:
        return
    try:
        original = open_run(run.settings, run.id)
    except RunError:
        return
    if not original.is_done(FINISHED):
        return
    before, after = original.manifest["outputs"], _outputs(run)
    differing = [key for key in ("lists_hash", "models", "evaluation") if before[key] != after[key]]
    if differing:
        raise RunError(
            f"rebuilding {run.id} gave other {', '.join(differing)} than before; both are kept: "
            f"{original.directory} and {run.directory}. Was the environment changed?"
        )
    log.info("%s: the rebuild reproduced lists, models and evaluation", run.id)
