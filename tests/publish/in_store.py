"""What tests of publishing see in the store, and what they publish with."""

from pipelines.publish import PublishSettings
from store.versions import list_versions
from tests.shelf_fixtures import version_id

SETTINGS = PublishSettings(batch_bytes=4096)
ONE, TWO, THREE, FOUR = (version_id(day) for day in (1, 2, 3, 4))


def states(client):
    """Version → state, oldest first."""
    return {record.version: record.state for record in list_versions(client, "demo")}


def dump(client, prefix="ns:demo:v:"):
    """Everything under *prefix*, by key: the text of a string, the fields of a hash."""
    read = {b"string": client.get, b"hash": client.hgetall}
    return {key: read[client.type(key)](key) for key in sorted(client.scan_iter(f"{prefix}*"))}
