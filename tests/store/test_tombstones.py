"""Tombstones in the store and on disk, told by several at once."""

import subprocess
import sys
from pathlib import Path

from settings import load_settings
from store.tombstones import digest, read_digests, read_file

ROOT = Path(__file__).parents[2]
AT_ONCE = """
from gevent import monkey
monkey.patch_all()
import sys
from pathlib import Path
import gevent
from settings import load_settings
from store.connection import StoreSettings, connect_operator
from store.tombstones import add_tombstone
settings = load_settings(Path(sys.argv[1]), {})
def forget(user_id):
    with connect_operator(settings.read(StoreSettings)) as client:
        add_tombstone(settings, client, user_id)
gevent.joinall([gevent.spawn(forget, f"u{n}") for n in range(4)], raise_error=True)
"""


def test_a_worker_of_greenlets_forgets_several_at_once(client, store_settings, tmp_path):
    """One that waits for the lock lets the one that has it get on: the process does not hang."""
    path = tmp_path / "nightshelf.toml"
    path.write_text(f'[store]\nurl = "{store_settings.url}"\n', encoding="utf-8")
    subprocess.run([sys.executable, "-c", AT_ONCE, str(path)], cwd=ROOT, timeout=30, check=True)
    names = {digest("demo", f"u{n}") for n in range(4)}
    assert set(read_digests(client, "demo")) == names
    assert set(read_file(load_settings(path, {}))) == names
