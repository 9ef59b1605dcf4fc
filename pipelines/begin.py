"""Begins a run: fixes the moment and the cutoffs, and hashes all inputs."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipelines.candidates.settings import CandidateSettings
from pipelines.evaluation.settings import EvaluationSettings
from pipelines.features.settings import FeatureSettings
from pipelines.files import hash_files
from pipelines.inputs import dump_cutoffs, run_lake
from pipelines.lake import Lake
from pipelines.lists.settings import ListSettings, ReasonSettings, SimilarSettings, VectorSettings
from pipelines.moments import MomentError, NightSettings, choose_cutoffs
from pipelines.publish.features import OnlineFeatureSettings
from pipelines.quality.settings import QualitySettings
from pipelines.ranking.settings import RankingSettings
from pipelines.registry.minimum import check_minimum
from pipelines.registry.settings import GateSettings
from pipelines.runs import Run, create_run
from pipelines.surfaces import SurfacesSettings
from settings import Settings
from settings.durations import format_duration
from settings.events import EventSettings

# Sections that decide what is in the lists; store and serving do not.
DECISIVE = (
    NightSettings,
    EventSettings,
    FeatureSettings,
    QualitySettings,
    CandidateSettings,
    RankingSettings,
    EvaluationSettings,
    SurfacesSettings,
    ListSettings,
    ReasonSettings,
    SimilarSettings,
    VectorSettings,
    OnlineFeatureSettings,
)
_ROOT = Path(__file__).resolve().parent.parent
_STORE = _ROOT / "store"
# Of store: they decide the bytes of the lists.
_PACKING = ("context.py", "features.py", "had.py", "packed.py", "vectors.py")


def begin_run(
    settings: Settings,
    lake: Lake,
    as_of: datetime,
    *,
    rebuild: bool = False,
    is_partial: bool = False,
) -> Run:
    """The run of *as_of* over *lake*; the same inputs give the same run.

    A *rebuild* stands beside the run that it must reproduce; a run *is_partial* when it lacks
    surfaces of the settings, and is not for publishing.

    Raises `MomentError` when the newest event is older than `[night] max_age` before *as_of*,
    or when there is too little history for one training cutoff, and `TooLittleDataError` below
    the minimum numbers of `[gate]`.
    """
    night = settings.read(NightSettings)
    first, newest = _event_range(lake, as_of)
    if as_of - newest > night.max_age:
        raise MomentError(
            f"the newest event before as_of {as_of:%Y-%m-%d %H:%M} is of {newest:%Y-%m-%d %H:%M}, "
            f"older than [night] max_age allows ({format_duration(night.max_age)}); bring newer "
            "events, or name the moment that the data ends with as as_of"
        )
    cutoffs = choose_cutoffs(as_of, first, night)
    check_minimum(lake, as_of, settings.read(GateSettings))
    manifest = {
        "as_of": as_of.isoformat(),
        "snapshot_at": datetime.now(UTC).replace(tzinfo=None).isoformat(),
        "inputs": hash_inputs(settings, lake, as_of),
        "cutoffs": dump_cutoffs(cutoffs),
        "settings": {s.section_name: settings.read(s).model_dump(mode="json") for s in DECISIVE},
        "is_partial": is_partial,
        "seed": night.seed,
        "duckdb": duckdb.__version__,
        "lake": lake.manifest,
    }
    return create_run(settings, as_of, manifest, rebuild=rebuild)


def changed_inputs(run: Run) -> list[str]:
    """What is no longer as it was when *run* was opened: some of sql, settings, code, …"""
    opened: dict[str, str] = run.manifest["inputs"]
    now = hash_inputs(run.settings, run_lake(run), run.as_of)
    return [name for name, found in now.items() if opened.get(name) != found]


def hash_inputs(settings: Settings, lake: Lake, as_of: datetime) -> dict[str, str]:
    """A hash of everything that decides the lists of *as_of*; together they make the run's id."""
    features = settings.resolve(settings.read(FeatureSettings).directory)
    code = [path for name in ("pipelines", "settings") for path in _sources(_ROOT / name)]
    inputs = {
        "as_of": as_of.isoformat(),
        "data": lake.snapshot_hash,
        "sql": hash_files(features.rglob("*.sql"), root=features),
        "settings": settings.fingerprint(*DECISIVE),
        "code": hash_files([*code, *(_STORE / name for name in _PACKING)], root=_ROOT),
        "requirements": hash_files([_ROOT / "requirements.txt"], root=_ROOT),
    }
    model = settings.read(CandidateSettings).embeddings.sentence_model
    if model:
        folder = settings.resolve(model)
        files = [path for path in folder.rglob("*") if path.is_file()]
        inputs["sentence_model"] = hash_files(files, root=folder)
    return inputs


def _sources(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.suffix in (".py", ".sql")]


def _event_range(lake: Lake, as_of: datetime) -> tuple[datetime, datetime]:
    """First event, and newest event before *as_of*."""
    files = lake.event_files(before=as_of)
    for path in reversed(files):
        moments = pq.read_table(path, columns=["event_at"])["event_at"]
        seen = moments.filter(pc.less(moments, as_of))
        if len(seen):
            first = pq.read_table(files[0], columns=["event_at"])["event_at"]
            return pc.min(first).as_py(), pc.max(seen).as_py()
    days = [entry["day"] for entry in lake.manifest["events"]]
    raise MomentError(
        f"no event before as_of {as_of:%Y-%m-%d %H:%M}: the lake's days are {days[0]} … {days[-1]}"
    )
