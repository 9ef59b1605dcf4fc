"""The run whose lists are live, if it is still what it was when they were made."""

from __future__ import annotations

from pipelines.candidates.settings import CandidateSettings
from pipelines.features.settings import FeatureSettings
from pipelines.files import read_json
from pipelines.lists.settings import ListSettings, ReasonSettings
from pipelines.ranking.settings import RankingSettings
from pipelines.refresh.errors import RefreshError
from pipelines.runs import FINISHED, Run, RunError, open_run
from pipelines.surfaces import SurfacesSettings
from settings import Settings
from settings.events import EventSettings
from store.keys import run_id_of
from store.pointer import Pointer

# What a list is made by, beside models: a refresh with others would be another list.
_SECTIONS = (
    EventSettings,
    CandidateSettings,
    RankingSettings,
    SurfacesSettings,
    ListSettings,
    ReasonSettings,
    FeatureSettings,
)


def open_live_run(settings: Settings, pointer: Pointer) -> Run:
    """The run of the version that *pointer* names.

    Raises `RefreshError` when nothing is live, when the run is gone or made other lists than the
    live ones, and when settings that lists are made by are others by now.
    """
    version = pointer.version
    if version is None:
        raise RefreshError("no version is live; publish a run first")
    try:
        run = open_run(settings, run_id_of(version))
    except RunError as error:
        raise RefreshError(
            f"the live version {version} was made by a run that is not on this disk ({error}); "
            "lists are refreshed where nights are made: copy the run's folder here, or make a "
            "night here"
        ) from None
    made = read_json(run.path("lists", "manifest.json")) if run.is_done(FINISHED) else {}
    if made.get("version") != version:
        raise RefreshError(
            f"run {run.id} made {made.get('version', 'no lists')}, but {version} is live: item "
            "numbers may differ; publish the run, or make a night"
        )
    _check_settings(run)
    return run


def _check_settings(run: Run) -> None:
    then = run.manifest["settings"]
    now = {s.section_name: run.settings.read(s).model_dump(mode="json") for s in _SECTIONS}
    changed = [f"[{name}]" for name, values in now.items() if values != then.get(name)]
    if changed:
        raise RefreshError(
            f"{', '.join(changed)} changed since run {run.id} was made, and its models do not fit "
            "any more; refreshing goes on after the next night, or with the settings set back"
        )
