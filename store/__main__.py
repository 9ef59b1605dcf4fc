"""`python -m store up|down|status`: the demo's embedded servers; `hide|unhide|hidden`: items."""

from __future__ import annotations

import argparse
import sys

import redis

from settings import ProjectSettings, Settings, SettingsError, load_settings
from store.connection import StoreSettings, StoreUnreachableError, connect_publisher
from store.embedded import (
    EmbeddedStore,
    EmbeddedStoreError,
    embedded_stores,
    running_pid,
    start,
    stop,
)
from store.live import LiveError, hidden_items, hide_items, unhide_items


def status(store: EmbeddedStore) -> str:
    """Whether it runs."""
    pid = running_pid(store)
    return "not running" if pid is None else f"running on port {store.port}, pid {pid}"


ACTIONS = {"up": start, "down": stop, "status": status}


def build_parser() -> argparse.ArgumentParser:
    """What `python -m store` takes."""
    parser = argparse.ArgumentParser(prog="python -m store", description=__doc__)
    parser.add_argument("--settings", help="settings file, by default nightshelf.toml")
    actions = parser.add_subparsers(dest="action", required=True)
    for name, about in {
        "up": "start the embedded store, and the event log if it is a server of its own",
        "down": "stop them",
        "status": "say whether they run",
        "hide": "show items to nobody, within a second",
        "unhide": "show hidden items again",
        "hidden": "list the hidden items",
    }.items():
        action = actions.add_parser(name, help=about)
        # Also after the action, where it was before there were several.
        action.add_argument("--settings", default=argparse.SUPPRESS, help=argparse.SUPPRESS)
        if name in ("hide", "unhide"):
            action.add_argument("items", nargs="+", metavar="ITEM", help="an item's id")
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Do what *arguments* say; 0 when it worked, 1 for `status` of a server that is down."""
    options = build_parser().parse_args(arguments)
    try:
        settings = load_settings(options.settings)
        if options.action in ("hide", "unhide", "hidden"):
            print(_change_hidden(settings, options.action, getattr(options, "items", [])))
            return 0
        stores = embedded_stores(settings)
        for store in stores:
            named = "event log: " if store.is_log else ""
            print(named + ACTIONS[options.action](store))
        if options.action == "status":
            return 0 if all(running_pid(store) is not None for store in stores) else 1
    except (EmbeddedStoreError, LiveError, SettingsError, StoreUnreachableError) as error:
        print(error, file=sys.stderr)
        return 2
    except (redis.RedisError, OSError) as error:
        print(f"the store does not do it: {error}", file=sys.stderr)
        return 2
    return 0


def _change_hidden(settings: Settings, action: str, items: list[str]) -> str:
    """What there is to say after it; of `hidden` an id a line."""
    namespace = settings.read(ProjectSettings).namespace
    with connect_publisher(settings.read(StoreSettings)) as client:
        if action == "hidden":
            return "\n".join(sorted(hidden_items(client, namespace))) or "none"
        if action == "hide":
            return f"hidden: {hide_items(client, namespace, items)} more"
        return f"shown again: {unhide_items(client, namespace, items)}"


if __name__ == "__main__":
    sys.exit(main())
