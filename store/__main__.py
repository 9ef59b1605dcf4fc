"""`python -m store up|down|status`: the demo's embedded server."""

from __future__ import annotations

import argparse
import sys

from settings import SettingsError, load_settings
from store.embedded import EmbeddedStoreError, embedded_store, running_pid, start, stop


def main(arguments: list[str] | None = None) -> int:
    """Do what *arguments* say; 0 when it worked, 1 for `status` of a server that is down."""
    parser = argparse.ArgumentParser(prog="python -m store", description=__doc__)
    parser.add_argument("action", choices=["up", "down", "status"])
    parser.add_argument("--settings", help="settings file, by default nightshelf.toml")
    options = parser.parse_args(arguments)
    try:
        store = embedded_store(load_settings(options.settings))
        if options.action == "status":
            pid = running_pid(store)
            print("not running" if pid is None else f"running on port {store.port}, pid {pid}")
            return 1 if pid is None else 0
        print(start(store) if options.action == "up" else stop(store))
    except (EmbeddedStoreError, SettingsError) as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
