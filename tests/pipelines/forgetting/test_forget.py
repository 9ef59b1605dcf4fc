"""After forgetting nothing has the id: no file, no key; and nobody else notices."""

import os
import time

import pytest

from pipelines.files import read_json
from pipelines.forgetting.forget import forget_files, forget_user
from pipelines.forgetting.record import proof_path
from pipelines.forgetting.tombstones import forgotten_users
from pipelines.lake import open_lake
from pipelines.night import publish_run
from pipelines.refresh.refresh import refresh_active_users
from pipelines.registry.model import find_damage
from pipelines.registry.registry import read_registry
from pipelines.registry.remedy import check_lists, find_run_damage
from pipelines.retention import YOUNG_S
from pipelines.runs import list_runs, open_run
from pipelines.sources.ingest import ingest
from settings.project import var_directory
from store.keys import NamespaceKeys
from store.tombstones import (
    TombstoneError,
    digest,
    read_file,
    read_tombstones,
    tombstones_file,
)
from tests.pipelines.forgetting.known import NAMESPACE, OTHER, USER, rows_of_others
from tests.pipelines.forgetting.traces import traces_in_store, traces_on_disk
from tests.pipelines.refresh.shelf import night_of, refreshed_of

PLACES = ("spool/", "lake/events/", "lake/impressions/", "lake/collected/", "lake/users/",
          "lake/raw/", "quarantine/shop/files/", "quarantine/collected/", "snapshots/",
          "runs/", "models/", "measures/", "logs/", "diff.html")  # fmt: skip


def lists_in_store(client):
    """Every hash by user, without `USER`."""
    found = {}
    for key in client.scan_iter(match=f"ns:{NAMESPACE}:v:*"):
        if client.type(key) == b"hash":
            fields = client.hgetall(key)
            fields.pop(USER.encode(), None)
            found[key] = fields
    return found


def test_no_file_and_no_key_has_the_id_afterwards(shop, client):
    """Before there are traces in every place; afterwards none, and others have what they had."""
    var = var_directory(shop)
    before = traces_on_disk(var, USER)
    assert [p for p in PLACES if not any(path.startswith(p) for path in before)] == []
    assert len(traces_in_store(client, USER)) > 5
    others, lists = rows_of_others(var, {USER}), lists_in_store(client)

    stone, n_removed = forget_user(shop, USER)
    assert n_removed > 5
    kept = [key for key in traces_in_store(client, USER) if not key.endswith(":events")]
    assert kept == []
    done = forget_files(shop)

    assert (done.digests, done.left) == ((stone.digest,), ())
    assert traces_on_disk(var, USER) == []
    assert traces_in_store(client, USER) == []
    assert lists_in_store(client) == lists
    after = rows_of_others(var, {USER})
    index = next(name for name in after if name.endswith("/index/"))
    gone = {name: rows for name, rows in others.items() if after.get(name) != rows}
    numbered = ("/candidates", "/lists/listed", "/index")
    assert {n for n in gone if not any(part in n for part in numbered)} <= {
        name for name in gone if name.startswith(("lake/", "snapshots/"))
    }
    assert OTHER in "".join(map(str, after[index]))
    assert traces_on_disk(var, OTHER) != []
    assert read_json(var / "measures" / "2024-05-05.json") == {
        "rows": [{"user_id": OTHER, "n": 1}],
        "best": {"user_id": "(forgotten)"},
    }

    # The proof names files and hashes, and the run still is what its manifest says it is.
    proof = read_json(proof_path(shop, stone.digest))
    assert (proof["state"], proof["left"]) == ("done", [])
    assert {"rewritten"} < {row["what"].partition(":")[0] for row in proof["files"]}
    assert all((var / row["file"]).parent != var / "forgotten" for row in proof["files"])
    states = [read_tombstones(client, NAMESPACE), read_file(shop)]
    assert [{name: s.state for name, s in stones.items()} for stones in states] == [
        {stone.digest: "done"}
    ] * 2
    run = open_run(shop, list_runs(shop)[-1])
    assert run.manifest["forgotten"][0]["users"] == 1
    check_lists(run)
    assert find_run_damage(run, {}) == ""
    assert [find_damage(shop, record) for record in read_registry(shop).models] == [""]
    page = run.path("report.html").read_text(encoding="utf-8")
    assert "As a shopper would see it" in page

    # The source delivers the user again, the store is lost: nothing comes back.
    client.flushall()
    lake, again = open_lake(shop), ingest(shop)
    assert again.snapshot_hash == lake.snapshot_hash  # what was rewritten is what is delivered
    path = shop.path.parent / "sales" / "till-0.csv"
    path.write_text(path.read_text() + f"{USER},i001,view,2024-05-05 10:00:00,,1,b\n")
    counts = ingest(shop).manifest["counts"]
    assert counts["forgotten"] > 1
    published = publish_run(run)
    assert published.activated
    assert traces_in_store(client, USER) == []
    assert lists_in_store(client) == lists
    assert traces_on_disk(var, USER) == []
    assert read_tombstones(client, NAMESPACE)[stone.digest].state == "done"


def test_a_night_under_way_is_left_over_and_rewritten_the_next_time(shop, client):
    """Its run and what it has begun to read stay, the status says so; idle for a day, it goes."""
    var = var_directory(shop)
    run = open_run(shop, list_runs(shop)[-1])
    finish = run.path("stages", "finish.json")
    finish.unlink()
    stone, _ = forget_user(shop, USER)
    left = forget_files(shop).left
    assert [line.partition(":")[0] for line in left] == [f"runs/{run.name}", "lake"]
    assert read_tombstones(client, NAMESPACE)[stone.digest].state == "left over"
    traced = traces_on_disk(var, USER)
    assert {path.split("/")[0] for path in traced} == {"runs", "lake"}
    assert [path for path in run.manifest["lake"]["events"] if not (
        var / "lake" / path["path"]).exists()] == []  # fmt: skip

    aged = time.time() - YOUNG_S - 60
    for path in [*run.directory.rglob("*"), run.directory]:
        os.utime(path, (aged, aged))
    assert forget_files(shop).left == ()
    assert not run.directory.exists()
    assert traces_on_disk(var, USER) == []
    assert read_tombstones(client, NAMESPACE)[stone.digest].state == "done"
    assert forget_files(shop).digests == ()
    assert forget_files(shop, again=True).digests == (digest(NAMESPACE, USER),)


def test_others_are_refreshed_as_before(shop, client):
    """The lake has another hash now; what the night computed from graphs and vectors is found."""
    run, users = open_run(shop, list_runs(shop)[-1]), ["u001", "u017"]
    known = var_directory(shop) / "refresh" / f"{run.id}.json"
    refresh_active_users(shop, as_of=run.as_of, users=users)
    fresh = read_json(known)["fresh"]
    assert "user_taste_28d" in fresh  # reads a computed table
    forget_user(shop, USER)
    assert forget_files(shop).is_done
    for is_measured in (True, False):
        if not is_measured:
            known.unlink()
        done = refresh_active_users(shop, as_of=run.as_of, users=users)
        assert (done.users, done.lists) == (2, 4)
        for surface in ("home", "discover"):
            for user in users:
                anew = refreshed_of(client, surface, user)
                assert anew is not None
                assert anew.packed == night_of(client, surface, user), (surface, user)
    assert read_json(known)["fresh"] == fresh
    # Were the computed table lost, what reads it would stay as the night made it.
    (lost,) = (var_directory(shop) / "snapshots" / "20240506T000000" / "computed").glob(
        "item_embeddings-*"
    )
    lost.unlink()
    assert refresh_active_users(shop, as_of=run.as_of, users=users).users == 2


def test_what_loses_one_copy_of_the_tombstones_keeps_both(shop, client):
    """The disk tells the store, the store tells the disk; a damaged copy is refused."""
    stone, _ = forget_user(shop, USER)
    client.delete(NamespaceKeys(NAMESPACE).forgotten)
    assert forgotten_users(shop) == {stone.digest}
    assert read_tombstones(client, NAMESPACE) == {stone.digest: stone}
    tombstones_file(shop).unlink()
    assert forgotten_users(shop) == {stone.digest}
    assert read_file(shop) == {stone.digest: stone}
    assert USER not in tombstones_file(shop).read_text(encoding="utf-8")
    tombstones_file(shop).write_text("{", encoding="utf-8")
    with pytest.raises(TombstoneError, match="move it away"):
        ingest(shop)
