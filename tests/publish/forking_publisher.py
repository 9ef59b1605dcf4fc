"""Publishes the directories named on standard input, each in a fork that a test may kill.

One process that has imported everything, so that a fork begins to publish at once.
Run as `python -m tests.publish.forking_publisher <url>`; answers `<pid>` when a fork begins
and `<wait status>` when it has ended.
"""

import os
import sys
from pathlib import Path

from pipelines.publish import PublishSettings, publish_lists
from store.connection import StoreSettings, connect_publisher

SETTINGS = PublishSettings(batch_bytes=20_000, keep_versions=2, retire_after_s=1, verify_sample=50)


def publish_and_exit(directory: str, url: str) -> None:
    """The fork's whole life."""
    print(os.getpid(), flush=True)
    with connect_publisher(StoreSettings(url=url)) as client:
        publish_lists(Path(directory), client, "demo", SETTINGS, allow_older=True)
    os._exit(0)


if __name__ == "__main__":
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            publish_and_exit(line.rstrip("\n"), sys.argv[1])
        print(os.waitpid(pid, 0)[1], flush=True)
