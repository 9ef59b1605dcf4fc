"""Publishing into a real store: once, again, after a crash, under a hold, into a full store."""

import os
import socket
import subprocess
import sys

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.publish import PublishError
from pipelines.publish.lists_directory import open_lists
from pipelines.publish.preflight import estimate_bytes
from store.keys import NamespaceKeys, bucket_of
from store.pointer import Pointer, read_active
from store.versions import (
    activate,
    change_version,
    hold,
    release,
)
from tests.publish.in_store import FOUR, ONE, THREE, TWO, dump, states
from tests.shelf_fixtures import version_id


def test_every_byte_of_a_run_arrives(client, publish, lists):
    """After a publish the store holds the rows of every file under the documented keys."""
    directory = lists(1)
    done = publish(directory)
    keys = NamespaceKeys("demo").version(ONE)
    for name, column, key in (
        ("lists-home", "packed", lambda b: keys.lists("home", "default", b)),
        ("lists-discover", "packed", lambda b: keys.lists("discover", "default", b)),
        ("users", "row", keys.users),
    ):
        rows = pq.read_table(directory / f"{name}.parquet").to_pylist()
        expected = {row["user_id"]: row[column] for row in rows}
        found = {}
        for bucket in range(4):
            found |= {k.decode(): v for k, v in client.hgetall(key(bucket)).items()}
        assert found == expected
    assert (done.version, done.activated, done.reason, done.n_users) == (
        ONE,
        True,
        "activated",
        50,
    )
    assert read_active(client, "demo") == Pointer(1, ONE)
    assert states(client) == {ONE: "ready"}
    assert client.exists("ns:demo:publisher") == 0


def test_explanations_are_shipped_counted_and_restored(client, publish, lists):
    """Rows of some users arrive under `explain`, and a lost bucket is noticed and loaded again."""
    directory = lists(1, explained=3)
    publish(directory)
    keys = NamespaceKeys("demo").version(ONE)
    rows = pq.read_table(directory / "explain-home.parquet").to_pylist()
    expected = {row["user_id"].encode(): row["explained"] for row in rows}
    found = {}
    for bucket in range(4):
        found |= client.hgetall(keys.explain("home", bucket))
    assert (found, len(found)) == (expected, 25)
    client.delete(keys.explain("home", 2))
    assert publish(directory).n_bytes > 0
    assert client.hgetall(keys.explain("home", 2)).items() <= expected.items()
    assert publish(directory).n_bytes == 0


def test_lists_without_the_explanations_they_name_are_refused(publish, lists):
    """The error names the file that is missing."""
    directory = lists(1, explained=3)
    (directory / "explain-discover.parquet").unlink()
    with pytest.raises(PublishError, match=r"explain-discover\.parquet: missing; build"):
        publish(directory)


def test_publishing_the_live_lists_again_changes_nothing(client, publish, lists):
    """The second publish ships no bytes and leaves every key as it was."""
    publish(lists(1))
    before = dump(client, "ns:demo:")
    again = publish(lists(1))
    assert (again.activated, again.reason, again.n_bytes) == (True, "already live", 0)
    assert dump(client, "ns:demo:") == before


def test_publish_restores_an_emptied_store(client, publish, lists):
    """After FLUSHALL, publishing the same run brings back the same lists."""
    publish(lists(1))
    keys = NamespaceKeys("demo").version(ONE)
    before = dump(client)
    client.flushall()
    assert publish(lists(1)).activated
    after = dump(client)
    assert before.pop(keys.manifest.encode()) != after.pop(keys.manifest.encode())
    assert after == before


def test_publish_repairs_the_live_version_in_place(client, publish, lists):
    """A bucket that vanished from the live version comes back; it stays ready all the while."""
    publish(lists(1))
    before = dump(client)
    client.delete(NamespaceKeys("demo").version(ONE).lists("home", "default", 2))
    again = publish(lists(1))
    assert again.reason == "already live"
    assert again.n_bytes > 0
    assert dump(client) == before
    assert states(client) == {ONE: "ready"}


def test_while_held_lists_are_loaded_but_not_shown(client, publish, lists):
    """A hold keeps the live version; after the release the same lists are flipped to."""
    publish(lists(1))
    hold(client, "demo", reason="prices are wrong")
    held = publish(lists(2))
    assert (held.activated, held.reason) == (
        False,
        "loaded, not activated: a hold is set: prices are wrong",
    )
    assert read_active(client, "demo") == Pointer(2, ONE, "prices are wrong")
    release(client, "demo")
    flipped = publish(lists(2))
    assert (flipped.activated, flipped.n_bytes) == (True, 0)
    assert read_active(client, "demo") == Pointer(4, TWO)


def test_older_lists_need_a_word(client, publish, lists):
    """A run older than the live one is loaded, and shown only when that was allowed."""
    publish(lists(2))
    refused = publish(lists(1))
    assert not refused.activated
    assert "2018-01-01T00:00:00 is older than 2018-01-02T00:00:00" in refused.reason
    assert publish(lists(1), allow_older=True).activated
    assert read_active(client, "demo") == Pointer(2, ONE)


def test_a_publish_may_only_load(client, publish, lists):
    """With activate=False the lists are ready and readers see nothing of them."""
    done = publish(lists(1), activate=False)
    assert (done.activated, done.reason) == (False, "loaded, not activated, as asked")
    assert (read_active(client, "demo"), states(client)) == (Pointer(), {ONE: "ready"})


def test_a_pointer_that_moved_is_not_overrun(client, publish, lists, monkeypatch):
    """When an operator activates a version during the load, the night does not flip past it."""
    publish(lists(1))
    module = sys.modules["pipelines.publish.publish_lists"]
    load = module.load_tables

    def load_slowly(*arguments):
        activate(client, "demo", ONE)
        return load(*arguments)

    monkeypatch.setattr(module, "load_tables", load_slowly)
    done = publish(lists(2))
    assert (done.activated, done.reason) == (
        False,
        f"loaded, not activated: the pointer moved to generation 2 ({ONE}); publish again",
    )
    assert publish(lists(2)).activated


def test_an_evicting_store_is_refused(client, publish, lists):
    """`allkeys-lru` would drop live lists silently: nothing is written."""
    client.config_set("maxmemory-policy", "allkeys-lru")
    with pytest.raises(PublishError, match="maxmemory-policy is allkeys-lru"):
        publish(lists(1))
    assert client.keys() == []


def test_a_store_that_is_too_small_is_refused(client, publish, lists):
    """Lists that do not fit below the share of maxmemory are refused before they are loaded."""
    client.config_set("maxmemory", client.info("memory")["used_memory"] * 2)
    with pytest.raises(PublishError, match=r"the lists need about .* MB .* raise maxmemory"):
        publish(lists(1, n_users=8000))
    assert client.keys() == []


def test_the_estimate_is_on_the_safe_side(client, publish, lists):
    """The estimate exceeds what the lists take, but not by more than half."""
    directory = lists(1, n_users=5000, length=100, n_items=500, n_buckets=40)
    before = client.info("memory")["used_memory"]
    publish(directory)
    taken = client.info("memory")["used_memory"] - before
    assert taken < estimate_bytes(open_lists(directory, "demo")) < 1.5 * taken


def test_what_a_crash_left_is_cleaned_up(client, publish, lists):
    """Half loaded and half deleted versions of others disappear without a trace."""
    publish(lists(1))
    for day, state in ((2, "loading"), (3, "retiring")):
        publish(lists(day), activate=False)
        client.delete(NamespaceKeys("demo").version(version_id(day)).manifest)
        change_version(client, "demo", version_id(day), state=state)
        publish(lists(4), activate=False)
    assert states(client) == {ONE: "ready", FOUR: "ready"}
    assert dump(client, f"ns:demo:v:{TWO}") == dump(client, f"ns:demo:v:{THREE}") == {}


def test_a_half_loaded_version_is_completed(client, publish, lists):
    """Publishing the lists whose load crashed ends with the version complete and live."""
    publish(lists(1))
    expected = dump(client)
    client.delete(*list(expected)[::2], "ns:demo:active")
    change_version(client, "demo", ONE, state="loading")
    assert publish(lists(1)).activated
    manifest = NamespaceKeys("demo").version(ONE).manifest.encode()
    found = dump(client)
    assert found.pop(manifest)
    expected.pop(manifest)
    assert found == expected


def test_one_publisher_at_a_time(client, publish, lists):
    """A living publisher's lock is respected and named; a dead one's is taken over at once."""
    client.set("ns:demo:publisher", f"{socket.gethostname()} {os.getpid()} abc", px=60_000)
    with pytest.raises(PublishError, match=f"held by process {os.getpid()} on"):
        publish(lists(1))
    client.set("ns:demo:publisher", "elsewhere 1 abc", px=60_000)
    with pytest.raises(PublishError, match="held by process 1 on elsewhere"):
        publish(lists(1))
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    client.set("ns:demo:publisher", f"{socket.gethostname()} {ended.pid} abc", px=60_000)
    assert publish(lists(1)).activated


def test_a_version_id_is_not_reused_for_other_buckets(client, publish, lists):
    """Lists spread over another number of buckets cannot pass for a version in the store."""
    publish(lists(1))
    with pytest.raises(PublishError, match="with 4 buckets, these lists have 8"):
        publish(lists(1, n_buckets=8))


def test_rows_in_a_wrong_bucket_are_found(client, publish, lists):
    """Verification asks as a reader asks, so a row that no reader would find stops the publish."""
    directory = lists(1, n_users=3)
    file = directory / "lists-home.parquet"
    table = pq.read_table(file)
    wrong = (bucket_of(table["user_id"][0].as_py(), 4) + 1) % 4
    buckets = pa.array([wrong, *table["bucket"].to_pylist()[1:]], pa.int32())
    pq.write_table(table.set_column(0, "bucket", buckets), file)
    with pytest.raises(PublishError, match=r"lists-home\.parquet, id 'u\d': nothing; expected"):
        publish(directory)
    assert read_active(client, "demo") == Pointer()


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda d: (d / "manifest.json").unlink(), "build the run's lists first"),
        (lambda d: (d / "manifest.json").write_text("{}"), "without as_of, block_size"),
        (lambda d: (d / "users.parquet").unlink(), r"users\.parquet: missing"),
        (
            lambda d: (d / "manifest.json").write_text(
                (d / "manifest.json").read_text().replace('"demo"', '"shop"')
            ),
            "lists of namespace 'shop'; expected 'demo'",
        ),
        (
            lambda d: (d / "manifest.json").write_text(
                (d / "manifest.json").read_text().replace(ONE, "latest")
            ),
            "version id 'latest'",
        ),
    ],
)
def test_incomplete_directories_are_refused(client, publish, lists, damage, said):
    """What is not a complete directory of this namespace's lists never touches the store."""
    directory = lists(1)
    damage(directory)
    with pytest.raises(PublishError, match=said):
        publish(directory)
    assert client.keys() == []
