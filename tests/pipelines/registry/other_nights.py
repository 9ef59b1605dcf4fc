"""Further finished nights of a shop, made from a real one: other figures, other lists, other id."""

import json
import shutil

import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.files import hash_files, read_json, write_json
from pipelines.runs import Run, open_run


def other_night(run: Run, digit: str, *, gain: float = 0.0, rename_items: bool = False) -> Run:
    """A copy of *run* whose id ends in *digit* twelve times and whose lists are their own.

    *gain* is added to every figure of each user's lists, with rules and without; *rename_items*
    turns the lists of every user upside down among all items.
    """
    name = f"{run.id.partition('-')[0]}-{digit * 12}"
    directory = run.directory.with_name(name)
    shutil.copytree(run.directory, directory, copy_function=shutil.copyfile)  # not read-only
    _add_gain(directory, gain)
    if rename_items:
        _turn_lists(directory)
    lists = directory / "lists"
    listed = read_json(lists / "manifest.json")
    table = pq.read_table(lists / "fallback.parquet").replace_schema_metadata({"made": digit})
    pq.write_table(table, lists / "fallback.parquet")
    lists_hash = hash_files(lists.glob("*.parquet"), root=lists)
    version = f"{name}-{lists_hash[:8]}"
    changes = {"version": version, "run_id": name, "lists_hash": lists_hash}
    write_json(lists / "manifest.json", listed | changes)
    manifest = read_json(directory / "manifest.json")
    outputs = manifest["outputs"] | {"version": version, "lists_hash": lists_hash}
    write_json(directory / "manifest.json", manifest | {"run_id": name, "outputs": outputs})
    return open_run(run.settings, name)


def _add_gain(directory, gain):
    for path in (directory / "evaluation").glob("users-*.parquet"):
        rows = pq.read_table(path).to_pylist()
        for row in rows:
            if row["model"] in ("ranker", "ranker_with_rules"):
                row["ndcg@20"] = row["ndcg@20"] + gain
        pq.write_table(pa.Table.from_pylist(rows), path)


def _turn_lists(directory):
    """Another order of the item ids in the index: the same numbers now mean other items."""
    path = directory / "index" / "items.parquet"
    items = pq.read_table(path)
    ids = items["item_id"].to_pylist()
    moved = pa.array([f"new-{item}" for item in ids])
    pq.write_table(items.set_column(items.column_names.index("item_id"), "item_id", moved), path)


def states(registry):
    """Model → state."""
    return {record.model: record.state for record in registry.models}


def decisions(registry):
    """(action, model, replaced) of every decision, the oldest first."""
    return [(d.action, d.model, d.replaced) for d in registry.history]


def read_registry_file(settings):
    """The registry as text on disk."""
    path = settings.path.parent / "var" / "shop" / "models" / "registry.json"
    return json.loads(path.read_text(encoding="utf-8"))
