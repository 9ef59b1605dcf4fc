"""What to do about a damaged model or run: only what works for this one, on this disk, today."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from pipelines.begin import hash_inputs
from pipelines.files import hash_file, hash_files
from pipelines.lake import LakeError, open_lake
from pipelines.publish import PublishError
from pipelines.registry.registry import ModelRecord
from pipelines.runs import FINISHED, Run, list_runs, open_run
from settings import Settings


def find_run_damage(run: Run, files: Mapping[str, str]) -> str:
    """Which file of a finished *run* is not the one that it finished with; empty: none.

    *files*: path → SHA-256 of those that a model was made of. What the run itself wrote down of
    its models and its evaluation is looked at in any case.
    """
    outputs = run.manifest["outputs"]
    expected = {f"models/{name}": sha256 for name, sha256 in outputs["models"].items()}
    expected["evaluation.json"] = outputs["evaluation"]
    for name, sha256 in (expected | dict(files)).items():
        path = run.path(name)
        found = f"{hash_file(path)[:12]}…" if path.is_file() else "of no file"
        if found != f"{sha256[:12]}…":
            return f"{path}: SHA-256 is {found}, expected {sha256[:12]}…: it was damaged or swapped"
    return ""


def check_lists(run: Run) -> None:
    """Raises `PublishError` when the lists of *run* are not those that it finished with."""
    found = hash_files(run.path("lists").glob("*.parquet"), root=run.path("lists"))
    expected = run.manifest["outputs"]["lists_hash"]
    if found != expected:
        raise PublishError(
            f"{run.path('lists')}: SHA-256 of the lists is {found[:12]}…, expected "
            f"{expected[:12]}…: a file was damaged, swapped or lost; {make_run_again(run)}"
        )


def put_back_model(
    settings: Settings, record: ModelRecord, files: Mapping[str, str], inputs: Mapping[str, str]
) -> str:
    """How the model of *record* becomes whole again: from its run, or with its run.

    *files*: path → SHA-256 of its files, *inputs*: hashes of what its run was made of; both empty
    where its manifest cannot be believed.
    """
    if record.run_id not in list_runs(settings):
        again = make_again(settings, datetime.fromisoformat(record.as_of), inputs)
        return f"its run is no longer on disk; {again}"
    run = open_run(settings, record.run_id)
    if not run.is_done(FINISHED):
        return f"its run is not finished; {make_run_again(run)}"
    if find_run_damage(run, files):
        return f"its run is damaged as well; {make_run_again(run)}"
    command = f"python -m pipelines publish --run {record.run_id} --no-activate"
    return f"`{command}` puts the model back from its run"


def make_run_again(run: Run) -> str:
    """The command that builds *run* and its model again, or why none can."""
    return make_again(run.settings, run.as_of, run.manifest["inputs"], force=True)


def make_again(
    settings: Settings, as_of: datetime, inputs: Mapping[str, str], *, force: bool = False
) -> str:
    """The command that makes the model of *as_of* and *inputs* again, or why none can.

    Only a night that finds the same inputs is the same run; without *inputs* nobody knows.
    """
    command = f"python -m pipelines night --as-of {as_of.isoformat()}"
    if not inputs:
        return f"`{command} --dry-run` makes a model of that moment"
    changed = _changed(settings, as_of, inputs)
    if not changed:
        return f"`{command}{' --force' if force else ''} --dry-run` makes it again as it was"
    return (
        f"it cannot be made again as it was, since then {', '.join(changed)} changed; "
        f"`{command} --dry-run` makes a new model of that moment"
    )


def _changed(settings: Settings, as_of: datetime, inputs: Mapping[str, str]) -> list[str]:
    """What a night of *as_of* would not find as it was: some of data, sql, settings, code, …"""
    try:
        now = hash_inputs(settings, open_lake(settings), as_of)
    except LakeError:
        return ["data"]
    return [name for name, found in now.items() if inputs.get(name) != found]
