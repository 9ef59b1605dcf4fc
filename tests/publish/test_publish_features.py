"""Feature values on their way to the store: shipped, counted, restored, retired."""

import pytest

from pipelines.publish import PublishError, PublishSettings, publish_lists, retire_version
from pipelines.publish.lists_directory import open_lists
from pipelines.publish.preflight import ROW_OVERHEAD, estimate_bytes
from store.keys import NamespaceKeys, bucket_of
from store.versions import read_version
from tests.feature_fixtures import ITEM, ITEM_ROWS, USER, USER_ROWS, add_features, write_rows
from tests.shelf_fixtures import make_lists, version_id

ONE = version_id(1)
KEYS = NamespaceKeys("demo").version(ONE)


@pytest.fixture
def directory(tmp_path):
    """Made lists with features beside them."""
    return add_features(make_lists(tmp_path / "lists"))


@pytest.fixture
def publish(client):
    """`publish_lists` into the test's store."""
    return lambda directory: publish_lists(directory, client, "demo", PublishSettings())


def stored(client, kind):
    """Id → cells of *kind* as a reader finds them."""
    found = {}
    for bucket in range(kind.n_buckets):
        found |= client.hgetall(KEYS.features(kind.name, bucket))
    return {name.decode(): value.split(b"\n") for name, value in found.items()}


def test_every_row_arrives_in_its_bucket(client, publish, directory):
    """Each kind has its own number of buckets; the record names them for whoever cleans up."""
    assert publish(directory).activated
    assert (stored(client, USER), stored(client, ITEM)) == (USER_ROWS, ITEM_ROWS)
    for name in USER_ROWS:
        assert client.hexists(KEYS.features("user", bucket_of(name, USER.n_buckets)), name)
    assert read_version(client, "demo", ONE).features == {"user": 4, "item": 2}


def test_a_lost_bucket_is_noticed_and_loaded_again(client, publish, directory):
    """Publishing again counts features too and ships what is missing, else nothing."""
    publish(directory)
    assert publish(directory).n_bytes == 0
    client.delete(KEYS.features("user", bucket_of("u1", USER.n_buckets)))
    assert publish(directory).n_bytes > 0
    assert stored(client, USER) == USER_ROWS


def test_rows_in_a_wrong_bucket_are_found(publish, directory):
    """The sample is read back as a reader asks, by the kind's own buckets."""
    rows = dict.fromkeys(USER_ROWS, USER_ROWS["u0"])
    write_rows(directory / "features-user.parquet", rows, USER.n_buckets - 1)
    with pytest.raises(PublishError, match=r"features-user\.parquet, id '.*': nothing; expected"):
        publish(directory)


def test_a_version_takes_its_features_along(client, publish, directory, tmp_path):
    """Retiring leaves none of them behind, whatever the next version has."""
    publish(directory)
    publish(make_lists(tmp_path / "next", day=2))
    retire_version(client, "demo", ONE, PublishSettings(retire_after_s=0))
    assert list(client.scan_iter(f"ns:demo:v:{ONE}:*")) == []


def test_the_preflight_counts_them(directory, tmp_path):
    """Lists with features need the bytes of their rows more, and what a hash adds to each."""
    without = estimate_bytes(open_lists(make_lists(tmp_path / "without"), "demo"))
    rows = [*USER_ROWS.values(), *ITEM_ROWS.values()]
    n_bytes = sum(len(b"\n".join(cells)) for cells in rows)
    more = estimate_bytes(open_lists(directory, "demo")) - without
    assert more >= n_bytes + ROW_OVERHEAD * len(rows)


def test_features_that_the_manifest_names_must_be_there(publish, directory):
    """The error names the file that is missing."""
    (directory / "features-item.parquet").unlink()
    with pytest.raises(PublishError, match=r"features-item\.parquet: missing; build"):
        publish(directory)


@pytest.mark.parametrize(
    ("name", "number", "said"),
    [("User", 1, "kind 'User': expected text matching"), ("user", 2, "features of format 2")],
)
def test_features_that_nobody_could_read_are_refused(publish, directory, name, number, said):
    """A kind that cannot be in a key, and another format, are told before anything is loaded."""
    file = directory / "manifest.json"
    text = file.read_text().replace('"user": {"n_buckets"', f'"{name}": {{"n_buckets"')
    file.write_text(text.replace('"format": 1', f'"format": {number}'))
    with pytest.raises(PublishError, match=said):
        publish(directory)
